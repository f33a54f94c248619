"""View to scene: measure, place with an engine, compose."""

from __future__ import annotations

from typing import Literal

from symgraph.draw import layout_dot, layout_grid, layout_native
from symgraph.draw.compose import compose
from symgraph.draw.geometry import crossings
from symgraph.draw.parts import measure, plan
from symgraph.draw.plan import Places, Plan
from symgraph.draw.scene import Scene
from symgraph.draw.theme import LIGHT, Theme
from symgraph.draw.typeset import Typesetter, default_typesetter
from symgraph.draw.view import View
from symgraph.errors import DrawError

__all__ = ["DOT_NODES", "Engine", "layout"]

Engine = Literal["auto", "dot", "native"]

# Larger graphs are not read edge by edge, and dot can need 8 s for 80 nodes whose edges all meet.
DOT_NODES = 60
# Seconds after which "auto" no longer waits for dot.
_PATIENCE = 4.0


def layout(
    view: View,
    typesetter: Typesetter | None = None,
    engine: Engine = "auto",
    theme: Theme = LIGHT,
) -> Scene:
    """The finished picture of a view.

    "auto" takes the native engine, or Graphviz' dot where that is installed, the view has at most
    60 nodes and dot's picture has fewer crossings; so small graphs look the same on every machine.
    A view that gives every node its place on a grid is laid out as it says, by the engine "grid".
    Raises DrawError when any other view has a cycle, when two nodes have one place, or when dot was
    asked for by name and is missing, fails or takes too long.

    >>> from symgraph.draw.view import ViewEdge, ViewNode
    >>> nodes = (ViewNode("x", "x", "data"), ViewNode("y", "x^2", "root"))
    >>> scene = layout(View(nodes, (ViewEdge("x", "y", 0, "2x"),)), engine="native")
    >>> [item.id for item in scene.items if item.layer in ("node", "edge")]
    ['e0', 'n0', 'n1']
    """
    if engine not in ("auto", "dot", "native"):
        raise DrawError(f"engine is {engine!r}; write 'auto', 'dot' or 'native'.")
    typesetter = typesetter or default_typesetter()
    parts = measure(view, typesetter, theme)
    places = _place(plan(view, parts, theme), engine)
    return compose(view, parts, places, typesetter, theme)


def _place(task: Plan, engine: Engine) -> Places:
    if task.at is not None:
        return layout_grid.place(task)
    if engine == "dot":
        return layout_dot.place(task)
    native = layout_native.place(task)
    if engine == "native" or len(task.shapes) > DOT_NODES or len(task.edges) > 2 * DOT_NODES:
        return native
    if layout_dot.find() is None:
        return native
    crossed = crossings(native.curves)
    if not crossed:
        return native
    try:
        dot = layout_dot.place(task, _PATIENCE)
    except DrawError:
        return native
    return dot if crossings(dot.curves) < crossed else native
