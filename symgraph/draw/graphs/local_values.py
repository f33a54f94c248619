"""The local derivatives of a sketch as formulas and as numbers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import sympy
from numpy.typing import NDArray

from symgraph.draw.graphs.numbers import ROOM
from symgraph.draw.graphs.sketch import Link, Place
from symgraph.evaluate import bind_values, evaluate_above
from symgraph.flow import Values
from symgraph.graph import Graph
from symgraph.node import Node
from symgraph.notation.tree import Formula
from symgraph.ops.leaves import fill
from symgraph.ops.sweep import total
from symgraph.shapes import bind_shape
from symgraph.vertices import Vertex

__all__ = ["LocalDerivatives", "Numbers", "numbers_of"]

Array = NDArray[Any]

#: A box of more values is not differentiated as a whole, and one of more has no formula.
LARGEST = 3000
SHORTEST = 12


class LocalDerivatives:
    """The derivative of a place by what it uses, as nodes of the graph."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._through: dict[str, dict[Node, Node] | None] = {}

    def node(self, place: Place, link: Link) -> Node | None:
        """The derivative, in the bullet of the head where that is an array; None where none."""
        if len(place.members) == 1:
            return link.edges[0].derivative
        if place.id not in self._through:
            self._through[place.id] = self._through_box(place)
        found = self._through[place.id]
        return None if found is None else found.get(link.source.node)

    def formula(self, place: Place, link: Link) -> Formula | None:
        """The same as a formula; None for more than can be read."""
        if len(place.members) == 1 or link.edges[0].head.node.is_loop:
            return link.edges[0].formula
        if len(place.members) > SHORTEST:
            return None
        derivative = self.node(place, link)
        return None if derivative is None else self._graph.labels.read(derivative, link.source.node)

    def _through_box(self, place: Place) -> dict[Node, Node] | None:
        """One reverse sweep inside of a box; None where it holds a loop or several results."""
        if len(place.members) > LARGEST or place.kind == "gap":
            return None
        top = place.vertex
        seed = self._graph.labels.bullet(top) if top.shape else fill(1, (), "real")
        inside = {vertex.node for vertex in place.members}
        parts: dict[Node, list[Node]] = {top.node: [seed]}
        found: dict[Node, Node] = {}
        for vertex in reversed(place.members):
            if vertex.node not in parts:
                continue
            arriving = total(parts.pop(vertex.node))
            for edge in self._graph.live_links(vertex.node):
                passed = self._graph.labels.passed_on(edge, arriving)
                if passed is None and (edge.head.node.is_loop or edge.head.node.is_projection):
                    return None
                if passed is not None:
                    parts.setdefault(edge.tail.node, []).append(passed)
        for node, pieces in parts.items():
            if node not in inside:
                found[node] = total(pieces)
        return found


@dataclass(slots=True)
class Numbers:
    """Forward and backward values of all vertices, and the local derivatives as numbers."""

    forward: dict[Node, Array]
    backward: dict[Node, Array]
    dims: Mapping[sympy.Symbol, int]
    _known: dict[Node, Any] = field(default_factory=dict)

    def arrives(self, vertex: Vertex) -> bool:
        """Whether any derivative reaches the value; where none is computed it may."""
        found = self.backward.get(vertex.node)
        return found is None or bool(np.any(found))

    def jacobians(
        self, wanted: Iterable[tuple[Node | None, Vertex, Vertex, Node | None]]
    ) -> list[tuple[Array | None, bool]]:
        """For each (derivative, head, tail, bullet) the derivative, and whether it is zero.

        The derivative of a number by an array is an array of its shape. That of an array is its
        Jacobian, if that is small, with the axes of the head first.
        """
        tasks = list(wanted)
        sizes = [self._size(head) for _, head, _, _ in tasks]
        passes = [
            size if self._is_small(task, size) else 0
            for task, size in zip(tasks, sizes, strict=True)
        ]
        rows: list[list[Array]] = [[] for _ in tasks]
        for k in range(max(passes, default=0)):
            chosen = [i for i, count in enumerate(passes) if k < count]
            found_now = self._evaluated([tasks[i] for i in chosen], k)
            for i, value in zip(chosen, found_now, strict=True):
                rows[i].append(value)
        # A derivative that takes numbers without pattern to nothing is zero.
        generic = self._evaluated([t for t in tasks if t[0] is not None], None)
        rest = iter(generic)
        found: list[tuple[Array | None, bool]] = []
        for task, row in zip(tasks, rows, strict=True):
            if task[0] is None:
                found.append((None, False))
                continue
            dead = not np.any(next(rest))
            found.append((self._jacobian(task, row), dead))
        return found

    def _jacobian(self, task: Any, rows: list[Array]) -> Array | None:
        _, head, _, bullet = task
        if not rows:
            return None
        if bullet is None:
            return rows[0]
        return np.stack(rows).reshape(*bind_shape(head.shape, self.dims), *rows[0].shape)

    def _size(self, vertex: Vertex) -> int:
        return int(np.prod(bind_shape(vertex.shape, self.dims), dtype=int))

    def _is_small(self, task: Any, size: int) -> bool:
        derivative, _, tail, bullet = task
        if derivative is None:
            return False
        return bullet is None or 0 < size * self._size(tail) <= ROOM

    def _evaluated(self, tasks: list[Any], unit: int | None) -> list[Array]:
        """The derivatives for one cotangent each: a unit, or without `unit` one without pattern."""
        known = dict(self._known)
        for _, head, _, bullet in tasks:
            if bullet is not None:
                size = self._size(head)
                ct = np.zeros(size) if unit is not None else 1.0 + np.sqrt(2.0 + np.arange(size))
                if unit is not None:
                    ct[unit] = 1.0
                known[bullet] = ct.reshape(bind_shape(head.shape, self.dims))
        nodes = [derivative for derivative, _, _, _ in tasks]
        found = evaluate_above(nodes, known, self.dims)
        return [np.asarray(found[node]) for node in nodes]


def numbers_of(graph: Graph, values: Mapping[Any, Any]) -> Numbers:
    """What all vertices are worth."""
    root = graph.roots[0]
    found: Values = graph.values(values, fill(1, root.shape, "real") if root.shape else None)
    known, dims = bind_values(graph.roots, values)
    forward = {vertex.node: value for vertex, value in found.forward.items()}
    backward = {vertex.node: value for vertex, value in found.backward.items()}
    return Numbers(forward, backward, dims, {**known, **forward})
