"""A labelled graph as lines of text: the root on top, derivatives on the edges."""

from __future__ import annotations

from symgraph.graph import Graph
from symgraph.vertices import Edge, Vertex

__all__ = ["text_tree"]

WIDEST = 48  # letters of a label or a value
MOST = 200  # lines


def text_tree(graph: Graph) -> str:
    """The vertices of a graph below their users, each with the derivative on the edge to it.

    What is below a value stands once; where the value is used again an arrow points up.

    >>> import symgraph as sg
    >>> w, x = sg.parameter("w"), sg.input("x")
    >>> h = sg.let("h", w * x)
    >>> print(text_tree(sg.graph(sg.let("y", sg.sin(h) * h))))
    y
    ├─[h]─ sin(h)
    │  └─[cos(h)]─ h
    │     ├─[x]─ w
    │     └─[w]─ x
    └─[sin(h)]─ h ↑
    """
    below: dict[str, list[Edge]] = {}
    for edge in graph.edges:
        below.setdefault(edge.head.id, []).append(edge)
    top = graph.vertices[-1]
    lines, seen = [_called(top)], {top.id}
    stack = _marked(below.get(top.id, []), "")
    while stack:
        if len(lines) == MOST:
            return "\n".join([*lines, "..."])
        edge, indent, is_last = stack.pop()
        tail = edge.tail
        inner = below.get(tail.id, [])
        again = " ↑" if inner and tail.id in seen else ""
        derivative = edge.label()
        label = f"[{_short(derivative)}]" if derivative else ""
        lines.append(f"{indent}{'└' if is_last else '├'}─{label}─ {_called(tail)}{again}")
        if not again:
            seen.add(tail.id)
            stack += _marked(inner, indent + ("   " if is_last else "│  "))
    return "\n".join(lines)


def _marked(edges: list[Edge], indent: str) -> list[tuple[Edge, str, bool]]:
    """The edges of one head for a stack, the first one on top, and which is the last."""
    marked = [(edge, indent, k == len(edges) - 1) for k, edge in enumerate(edges)]
    return marked[::-1]


def _called(vertex: Vertex) -> str:
    """The formula of a value in terms of names; a loop, which has none, by what it is."""
    is_loop = vertex.name is None and vertex.op == "scan"
    return vertex.op if is_loop else _short(vertex.label())


def _short(text: str) -> str:
    return text if len(text) <= WIDEST else f"{text[: WIDEST - 1]}…"
