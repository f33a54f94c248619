"""View to scene: measure, place with an engine, compose."""

from __future__ import annotations

from typing import Literal

from symgraph.draw import layout_dot, layout_native
from symgraph.draw.compose import compose
from symgraph.draw.parts import measure, plan
from symgraph.draw.scene import Scene
from symgraph.draw.theme import LIGHT, Theme
from symgraph.draw.typeset import Typesetter, default_typesetter
from symgraph.draw.view import View
from symgraph.errors import DrawError

__all__ = ["DOT_NODES", "Engine", "layout"]

Engine = Literal["auto", "dot", "native"]

# dot needs 1.4 s for 1000 labelled nodes and 84 s for 3000; the native engine 0.4 s and 1.4 s.
DOT_NODES = 800


def layout(
    view: View,
    typesetter: Typesetter | None = None,
    engine: Engine = "auto",
    theme: Theme = LIGHT,
) -> Scene:
    """The finished picture of a view.

    "auto" asks Graphviz' dot where it is installed and the view has at most 800 nodes, else the
    native engine. Raises DrawError when the view has a cycle, or when dot was asked for by name and
    is missing, fails or takes too long.

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
    task = plan(view, parts, theme)
    if engine == "native" or (
        engine == "auto" and (len(view.nodes) > DOT_NODES or layout_dot.find() is None)
    ):
        places = layout_native.place(task)
        scene, _ = compose(view, parts, places, typesetter, theme)
        return scene
    reserved: set[int] = set()
    while True:
        try:
            places = layout_dot.place(task, frozenset(reserved))
        except DrawError:
            if engine == "dot":
                raise
            places = layout_native.place(task)
        scene, crowded = compose(view, parts, places, typesetter, theme)
        if reserved.issuperset(crowded) or places.engine == "native":
            return scene
        # dot centres its boxes on the nodes, so room for values is kept only where it is needed.
        reserved.update(crowded)
