"""`sg.draw`: an expression in one of the styles that pictures of networks have."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable, Mapping
from typing import Any

from symgraph.draw.given import check_options, check_values, check_wording
from symgraph.draw.layout import Engine, layout
from symgraph.draw.picture import Picture
from symgraph.draw.theme import ThemeName, theme_named
from symgraph.draw.view import View
from symgraph.errors import DrawError

__all__ = ["STYLES", "draw", "style_named"]

#: Where each style makes its view: a function of the expression, the values and its own options.
STYLES = {
    "graph": "symgraph.draw.graphs.graph_view:graph_view",
    "layers": "symgraph.draw.nets.layers_view:layers_view",
    "cell": "symgraph.draw.recurrent.cell:cell_view",
    "window": "symgraph.draw.nets.window_view:window_view",
    "maps": "symgraph.draw.nets.maps_view:maps_view",
    "blocks": "symgraph.draw.nets.blocks_view:blocks_view",
    "bipartite": "symgraph.draw.nets.bipartite_view:bipartite_view",
    "timeline": "symgraph.draw.recurrent.timeline:timeline_view",
    "modes": "symgraph.draw.recurrent.modes:modes_view",
    "rolled": "symgraph.draw.recurrent.timeline:rolled_view",
}


def draw(
    expr: Any,
    values: Mapping[Any, Any] | None = None,
    *,
    style: str = "graph",
    engine: Engine = "auto",
    theme: ThemeName = "light",
    **options: Any,
) -> Picture:
    """A picture of an expression.

    The style "graph" shows every vertex, with the local derivative in green on every edge; with
    `values` (by name or node) every vertex shows its forward value in blue and, below it in red,
    the derivative of the root by it. Its options are those of `graph_view` in
    symgraph/draw/graphs/graph_view.py: `labels`, `tree` (a leaf once for every use), `wrt`, `path`,
    `collapse`, `steps`, `direction` ("BT": root on top, or "LR"), `title`, `language` and more.
    Recurrent nets have the styles "cell" (one step as textbooks draw it: `repeat`, `highlight`,
    `step`, `build`), "timeline" (`steps`, `detail`, `loss`), "rolled" and "modes".
    `engine` is "native" (the same picture everywhere), "dot" (as the Graphviz that is installed
    draws it) or "auto", `theme` "light", "lecture", "print" or "dark"; on paper
    (theme "print") values read f = 0.5 and g = -1, unless `prefixes` is False.
    Raises DrawError for an unknown style, option or theme and for more than can be shown.

    >>> import symgraph as sg
    >>> x = sg.input("x")
    >>> picture = draw(sg.sin(x) * x, {"x": 2.0})
    >>> len(picture.view.nodes), len(picture.view.edges)
    (3, 3)
    """
    colours = theme_named(theme)
    check_values(values, "draw")
    check_wording(options.get("title", ""), options.get("language", "en"), "draw")
    if isinstance(expr, (list, tuple)) and not expr:
        raise DrawError("draw: there is no expression. Give one, or a list of some.")
    make = style_named(style)
    check_options(make, options, ("style", "engine", "theme"), f"draw: the style {style!r}")
    if theme == "print" and "prefixes" in inspect.signature(make).parameters:
        options.setdefault("prefixes", True)
    view = make(expr, values, **options)
    return Picture(view, layout(view, engine=engine, theme=colours))


def style_named(style: str) -> Callable[..., View]:
    """The function that makes the view of a style. Raises DrawError where there is none."""
    if not isinstance(style, str) or style not in STYLES:
        raise DrawError(f"draw: style={style!r}; write one of {', '.join(map(repr, STYLES))}.")
    module, _, name = STYLES[style].partition(":")
    make: Callable[..., View] = getattr(importlib.import_module(module), name)
    return make
