"""The graph of an expression as a view: what each vertex and edge shows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from symgraph.draw.view import Direction, Language, View, ViewEdge, ViewNode
from symgraph.errors import DrawError
from symgraph.flow import Values
from symgraph.graph import graph
from symgraph.printing import latex_name
from symgraph.vertices import Edge, Vertex

__all__ = ["Labels", "graph_view"]

Labels = Literal["symbolic", "numeric", "both", "none"]

#: More vertices than this teach nothing and take long; a part of the graph can be named instead.
LIMIT = 10_000
#: LaTeX characters; the label of a tanh layer has 40, that of a convolution 500.
LONGEST_LABEL = 120

_LATEX_SIGNS = {
    "·": r"\cdot", "−": "-", "( )²": r"(\,\cdot\,)^2", "√": r"\sqrt{\;}", "σ": r"\sigma",
    "max": r"\max", "min": r"\min", "Σ": r"\sum", "ᵀ": r"^{\mathsf{T}}", "≤": r"\le",
    "≥": r"\ge", "≠": r"\ne", "1[ ]": r"\mathbb{1}[\,\cdot\,]", "exp": r"\exp", "log": r"\log",
    "tanh": r"\tanh", "sin": r"\sin", "cos": r"\cos", "tan": r"\tan", "^": r"x^y",
}  # fmt: skip
_PLAIN = frozenset("+-=<>/")


def graph_view(
    expr: Any,
    values: Mapping[Any, Any] | None = None,
    *,
    wrt: Any = None,
    tree: bool = False,
    labels: Labels = "symbolic",
    direction: Direction = "BT",
    title: str = "",
    language: Language = "en",
    legend: bool = True,
    digits: int = 4,
) -> View:
    """The labelled graph of an expression, vertex by vertex.

    Raises DrawError for more vertices than can be shown and for an unknown choice of labels.
    """
    if labels not in ("symbolic", "numeric", "both", "none"):
        raise DrawError(f"draw: labels={labels!r}; write 'symbolic', 'numeric', 'both' or 'none'.")
    if labels in ("numeric", "both") and values is None:
        raise DrawError(f"draw: labels={labels!r} needs numbers; give values={{name: number}}.")
    shown = graph(expr, wrt, tree=tree)
    if len(shown.nodes) > LIMIT:
        raise DrawError(
            f"draw: {len(shown.nodes)} vertices are more than can be shown ({LIMIT}). "
            "Draw a part of the expression."
        )
    found = None if values is None else shown.values(values)
    return View(
        nodes=tuple(_node(vertex, found, digits) for vertex in shown.nodes),
        edges=tuple(_edge(edge, values, labels, digits) for edge in shown.edges),
        title=title,
        direction=direction,
        language=language,
        legend=legend,
    )


def _node(vertex: Vertex, found: Values | None, digits: int) -> ViewNode:
    forward: str | None = None
    backward: str | None = None
    name = vertex.name if vertex.node.args else None
    if found is None:
        forward = None if name is None else latex_name(name)
    elif vertex.role != "constant":
        value = _number(_of(found.forward, vertex), digits)
        forward = value if name is None else f"{latex_name(name)} = {value}"
        slope = _of(found.backward, vertex)
        backward = None if slope is None else _number(slope, digits)
    return ViewNode(
        id=vertex.id,
        label=_sign(vertex) if vertex.node.args else vertex.label("latex"),
        role=_role(vertex),
        alt=vertex.label("text"),
        forward=forward,
        backward=backward,
    )


def _of(values: Mapping[Vertex, NDArray[Any]], vertex: Vertex) -> NDArray[Any] | None:
    """The value of a vertex; copies of a leaf in a tree share theirs."""
    if vertex in values:
        return values[vertex]
    return next((value for other, value in values.items() if other.node is vertex.node), None)


def _role(vertex: Vertex) -> Any:
    roles = {"state": "data", "loop": "module"}
    return roles.get(vertex.role, vertex.role)


def _sign(vertex: Vertex) -> str:
    sign = vertex.op
    if sign in _LATEX_SIGNS:
        return _LATEX_SIGNS[sign]
    return sign if sign in _PLAIN else rf"\mathrm{{{sign}}}".replace("_", r"\_")


def _edge(edge: Edge, values: Mapping[Any, Any] | None, labels: Labels, digits: int) -> ViewEdge:
    number: float | None = None
    scalar = not edge.head.shape and not edge.tail.shape
    if values is not None and scalar and edge.formula is not None:
        number = edge.partial(values)
    symbol = None if labels == "none" else _short(edge.label("latex"))
    if labels == "numeric" and number is not None:
        symbol = f"{number:.{digits}g}"
    return ViewEdge(
        tail=edge.tail.id,
        head=edge.head.id,
        operand=edge.operand,
        label=symbol,
        value=f"{number:.{digits}g}" if labels == "both" and number is not None else None,
        dead=edge.formula is None or number == 0,
    )


def _short(label: str | None) -> str | None:
    """A label that fits on an edge; a longer one is for `sg.graph`, which prints it whole."""
    return r"\cdots" if label is not None and len(label) > LONGEST_LABEL else label


def _number(value: NDArray[Any] | None, digits: int) -> str:
    """A value as it fits beside a vertex: a number, a short vector, else its shape."""
    if value is None:
        return ""
    array = np.asarray(value)
    if array.ndim == 0:
        return _one(array.item(), digits)
    if array.ndim == 1 and array.size <= 4:
        return "(" + r",\; ".join(_one(x, digits) for x in array.tolist()) + ")"
    return r" \times ".join(map(str, array.shape))


def _one(value: Any, digits: int) -> str:
    text = f"{float(value) + 0.0:.{digits}g}"
    if "e" not in text:
        return text
    mantissa, _, exponent = text.partition("e")
    return rf"{mantissa}\cdot 10^{{{int(exponent)}}}"
