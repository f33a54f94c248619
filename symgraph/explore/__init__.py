"""Questions about a graph: what a change does, how far a value reaches, where a value is used."""
