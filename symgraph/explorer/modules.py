"""The modules of a graph: a value that the user named, with all that only it is made of."""

from __future__ import annotations

from dataclasses import dataclass

from symgraph.graph import Graph
from symgraph.vertices import Vertex

__all__ = ["Module", "modules_of"]

#: What a module takes inside besides operations, where nothing else uses it.
_OWNED = ("op", "loop", "constant", "parameter")


@dataclass(frozen=True, slots=True)
class Module:
    """A named value and what is computed for it alone, down to the next named values.

    `inside` are vertices without the head, `operands` those outside that the module reads.
    """

    head: Vertex
    inside: tuple[Vertex, ...]
    operands: tuple[Vertex, ...]


def modules_of(graph: Graph) -> list[Module]:
    """The modules of a graph with more than an operation in them, operands before users.

    Data stay outside, so does what two modules share.

    >>> import symgraph as sg
    >>> x, w, v = sg.input("x"), sg.parameter("w"), sg.parameter("v")
    >>> h = sg.let("h", sg.tanh(w * x + 1))
    >>> for module in modules_of(sg.graph(sg.let("y", v * h - x))):
    ...     print(module.head.name, [one.label() for one in module.inside])
    h ['w', 'w x', '1', 'w x + 1']
    y ['v', 'v h']
    """
    vertices = graph.vertices
    owner: dict[Vertex, Vertex | None] = {}
    users: dict[Vertex, set[Vertex | None]] = {vertex: set() for vertex in vertices}
    operands: dict[Vertex, list[Vertex]] = {vertex: [] for vertex in vertices}
    for edge in graph.edges:
        tail = graph.vertices[edge.tail.number - 1]
        operands[edge.head].append(tail)
    for vertex in reversed(vertices):
        owner[vertex] = _owner(vertex, users[vertex])
        for tail in operands[vertex]:
            users[tail].add(owner[vertex])
    inside: dict[Vertex, list[Vertex]] = {}
    for vertex in vertices:
        head = owner[vertex]
        if head is not None and head is not vertex:
            inside.setdefault(head, []).append(vertex)
    return [
        Module(head, tuple(inside[head]), _read_by(head, inside[head], operands))
        for head in vertices
        if head in inside and head.role != "loop"
    ]


def _owner(vertex: Vertex, users: set[Vertex | None]) -> Vertex | None:
    if vertex.node.args and vertex.name is not None:
        return vertex
    if vertex.role == "root":
        return None
    if len(users) == 1 and vertex.role in _OWNED:
        return next(iter(users))
    return None


def _read_by(
    head: Vertex, inside: list[Vertex], operands: dict[Vertex, list[Vertex]]
) -> tuple[Vertex, ...]:
    """The operands outside, in the order in which the formula names them."""
    within = set(inside)
    found: dict[Vertex, None] = {}
    seen = {head}
    stack = operands[head][::-1]
    while stack:
        one = stack.pop()
        if one not in within:
            found[one] = None
        elif one not in seen:
            seen.add(one)
            stack += operands[one][::-1]
    return tuple(found)
