"""Finding paths in a labelled graph: the largest first, a given one, the sum of all."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from symgraph.errors import RangeError, UnsupportedError
from symgraph.expanded.products import Language, Path, Paths
from symgraph.flow import Flow
from symgraph.node import Node
from symgraph.notation.tree import Formula
from symgraph.ops.leaves import fill
from symgraph.paths import ordered_paths
from symgraph.proving.paths import hold_paths

if TYPE_CHECKING:
    from symgraph.graph import Graph
    from symgraph.vertices import Edge, Vertex

__all__ = ["along_path", "largest_paths", "path_formula"]

#: Through arrays the order of the search is an estimate; so many are compared by their true size.
CANDIDATES = 200
#: A longer way through arrays is not written as one formula.
LONGEST = 40


def largest_paths(
    graph: Graph,
    root: Vertex,
    leaf: Vertex,
    values: Mapping[Any, Any] | None,
    limit: int,
    lang: Language,
) -> Paths:
    """The largest paths from a root to a leaf; see `Graph.paths`."""
    if isinstance(limit, bool) or not isinstance(limit, int) or limit < 0:
        raise RangeError(f"paths: limit={limit!r}; give the number of paths to list, 0 or more.")
    count = graph.count_paths(root, leaf)
    names = (root.reference, leaf.reference)
    flow = None if values is None else Flow(root.node, leaf.node, values, graph.roots)
    weights = (
        dict.fromkeys(graph.live_edges(), 0.5) if flow is None else flow.weights(graph.live_edges())
    )
    found = ordered_paths(
        [vertex.node for vertex in graph.vertices],
        lambda node: [(edge, edge.tail.node) for edge in graph.live_links(node)],
        weights,
        root.node,
        leaf.node,
    )
    if flow is None:
        shown = tuple(_path(graph, edges, None, None) for edges in itertools.islice(found, limit))
        hold_paths(graph, root, leaf, shown)
        return Paths(*names, shown, count, None, None, lang=lang)
    candidates = list(itertools.islice(found, limit))
    ordered = all(map(_is_of_numbers, candidates))
    if not ordered:
        candidates += itertools.islice(found, max(CANDIDATES, 4 * limit) - len(candidates))
    products = list(flow.along(candidates))
    if not ordered:
        sizes = [float(np.linalg.norm(product)) for product in products]
        best = sorted(range(len(candidates)), key=lambda k: -sizes[k])[:limit]
        ordered = len(candidates) == count
        candidates, products = [candidates[k] for k in best], [products[k] for k in best]
    shown = tuple(
        _path(graph, edges, flow, value) for edges, value in zip(candidates, products, strict=True)
    )
    hold_paths(graph, root, leaf, shown)
    rest = flow.gradient - sum(products, start=np.zeros(()))
    return Paths(*names, shown, count, flow.gradient, np.asarray(rest), ordered, lang)


def along_path(graph: Graph, way: Sequence[Any], values: Mapping[Any, Any] | None) -> Path:
    """The path that leads through the given values; see `Graph.path`."""
    stations = [graph.vertex(one) for one in way]
    if len(stations) < 2:
        raise RangeError(
            f"path: {len(stations)} values make no way. Give a root, what to pass, a leaf."
        )
    root, leaf = stations[0], stations[-1]
    edges: list[Edge] = []
    for head, tail in itertools.pairwise(stations):
        edges += _only_way(graph, head, tail)
    flow = None if values is None else Flow(root.node, leaf.node, values, graph.roots)
    value = None if flow is None else next(iter(flow.along([edges])))
    path = _path(graph, tuple(edges), flow, value)
    hold_paths(graph, root, leaf, [path])
    return path


def _only_way(graph: Graph, head: Vertex, tail: Vertex) -> tuple[Edge, ...]:
    """The edges from one value to another, if only one way leads there."""
    ways = graph.paths(head, tail, limit=1)
    if ways.count == 1:
        return ways.shown[0].edges
    if not ways.count:
        raise UnsupportedError(
            f"path: no derivative flows from {head.label()} to {tail.label()}. "
            "Go from a value to one that it is made of."
        )
    raise UnsupportedError(
        f"path: {ways.count} ways lead from {head.label()} to {tail.label()}. "
        "Name the values between them, or list all with paths()."
    )


def _is_of_numbers(edges: Sequence[Edge]) -> bool:
    """Whether every edge hands on one factor. A loop does not: it answers per result."""
    return all(
        not edge.head.shape and not edge.tail.shape and edge.derivative is not None
        for edge in edges
    )


def _path(graph: Graph, edges: tuple[Edge, ...], flow: Flow | None, value: Any) -> Path:
    if not edges:
        return Path((), value)
    numbers = _is_of_numbers(edges)
    factors = None if flow is None or not numbers else tuple(flow.slope(edge) for edge in edges)
    formula = None if numbers else path_formula(graph, edges)
    return Path(edges, value, factors, formula)


def path_formula(graph: Graph, edges: Sequence[Edge]) -> Formula | None:
    """What a way contributes, as one formula in the named values.

    From an array it is the map of the derivative by the array, written •, as on the edges.
    """
    if len(edges) > LONGEST:
        return None
    head = edges[0].head
    ct: Node = graph.labels.bullet(head) if head.shape else fill(1, (), "real")
    for edge in edges:
        passed = graph.labels.passed_on(edge, ct)
        if passed is None:
            return None
        ct = passed
    return graph.labels.read(ct, edges[-1].tail.node)
