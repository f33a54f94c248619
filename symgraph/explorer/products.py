"""What whole paths through arrays contribute, as formulas, where there are few paths."""

from __future__ import annotations

from symgraph.expanded.search import path_formula
from symgraph.graph import Graph
from symgraph.notation.tree import Formula
from symgraph.vertices import Edge, Vertex

__all__ = ["path_products"]

#: Paths of one value that are written as formulas, and of all values.
OF_ONE, OF_ALL = 4, 60
_LEAVES = ("parameter", "data", "state")


def path_products(graph: Graph) -> list[tuple[list[int], Formula]]:
    """The edges (by position) of paths from the root to a value, and the product as one formula.

    Of values with few paths: first the leaves, then what has a name, until there are enough.

    >>> import symgraph as sg
    >>> x, W = sg.input("x", 3), sg.parameter("W", (2, 3))
    >>> graph = sg.graph(sg.sum(sg.tanh(W @ x) ** 2))
    >>> from symgraph.notation.write import write
    >>> [write(formula, "unicode") for _, formula in path_products(graph)]
    ['2 (tanh(W x) ⊙ (1 − tanh(W x)²)) xᵀ', '2 Wᵀ (tanh(W x) ⊙ (1 − tanh(W x)²))']
    """
    root = graph.vertex(graph.roots[0])
    number = {edge: k for k, edge in enumerate(graph.edges)}
    named = [vertex for vertex in graph.vertices if vertex.name is not None and vertex is not root]
    named.sort(key=lambda vertex: vertex.role not in _LEAVES)
    found: list[tuple[list[int], Formula]] = []
    for vertex in named:
        if not 0 < graph.count_paths(root, vertex) <= OF_ONE:
            continue
        for edges in _paths(graph, root, vertex):
            through_arrays = any(edge.head.shape or edge.tail.shape for edge in edges)
            formula = path_formula(graph, edges) if through_arrays and len(edges) > 1 else None
            if formula is not None:
                found.append(([number[edge] for edge in edges], formula))
        if len(found) >= OF_ALL:
            break
    return found


def _paths(graph: Graph, root: Vertex, leaf: Vertex) -> list[list[Edge]]:
    """All paths, of which there are few."""
    reaching = _above(graph, leaf)
    found: list[list[Edge]] = []
    stack: list[tuple[Vertex, list[Edge]]] = [(root, [])]
    while stack:
        vertex, way = stack.pop()
        if vertex is leaf:
            found.append(way)
            continue
        for edge in graph.live_links(vertex.node):
            if edge.tail in reaching:
                stack.append((edge.tail, [*way, edge]))
    return found


def _above(graph: Graph, leaf: Vertex) -> set[Vertex]:
    """All values that depend on a leaf."""
    found = {leaf}
    for edge in graph.live_edges():
        if edge.tail in found:
            found.add(edge.head)
    return found
