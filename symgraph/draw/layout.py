"""View to scene: measure, place with an engine, compose."""

from __future__ import annotations

import contextlib
from typing import Literal

from symgraph.draw.compose import compose
from symgraph.draw.engines import layout_dot, layout_grid, layout_native
from symgraph.draw.engines.routes import blemishes
from symgraph.draw.parts import measure, plan
from symgraph.draw.plan import Places, Plan
from symgraph.draw.scene import Scene
from symgraph.draw.theme import LIGHT, Theme
from symgraph.draw.typesetting.typeset import Typesetter, default_typesetter
from symgraph.draw.view import View
from symgraph.errors import DrawError

__all__ = ["DOT_NODES", "NATIVE_NODES", "Engine", "layout"]

Engine = Literal["auto", "dot", "native"]

# Up to so many nodes the native engine draws at least as well as dot (fewer crossings over all
# systems that come with symgraph, over nets unrolled and over random graphs), and on every machine
# the same, which dot is not: its order and its places change from version to version, even of a
# graph with three nodes. Above, dot has fewer crossings on the whole; above `DOT_NODES` it takes
# longer than anybody waits.
NATIVE_NODES = 120
DOT_NODES = 800
_DOT_EDGES = 2 * DOT_NODES
# Seconds after which "auto" no longer waits for dot.
_PATIENCE = 8.0


def layout(
    view: View,
    typesetter: Typesetter | None = None,
    engine: Engine = "auto",
    theme: Theme = LIGHT,
) -> Scene:
    """The finished picture of a view.

    "auto" takes the native engine for up to 120 nodes and for groups, where it is as good as any
    and gives the same picture on every machine; for 121 to 800 nodes Graphviz' dot where that is
    installed, in time and without an edge through a node or a label; above, and else, the native
    engine. What dot draws differs between versions of Graphviz.
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
    if engine == "auto" and _suits_dot(task):
        with contextlib.suppress(DrawError):
            return _cleaner(task, layout_dot.place(task, _PATIENCE))
    return layout_native.place(task)


def _cleaner(task: Plan, places: Places) -> Places:
    """These places, or those of the native engine where fewer edges run through something."""
    found = blemishes(task, places)
    if not found:
        return places
    native = layout_native.place(task)
    return native if blemishes(task, native) < found else places


def _suits_dot(task: Plan) -> bool:
    if not NATIVE_NODES < len(task.shapes) <= DOT_NODES or task.groups:
        return False
    return len(task.edges) <= _DOT_EDGES and layout_dot.find() is not None
