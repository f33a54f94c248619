"""Drawing: expression -> view (what to show) -> boxes -> engine (where) -> scene -> writers.

The packages: `graphs`, `recurrent` and `nets` make views, `typesetting` measures formulas,
`engines` place, `writers` write files and `slides` tell a picture step by step.
"""
