"""The style "graph": a labelled graph vertex by vertex, or in modules."""
