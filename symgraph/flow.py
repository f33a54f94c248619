"""What flows through a labelled graph: values, and the contributions of edges and of paths."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from symgraph.evaluate import bind_values, evaluate_above
from symgraph.grad import adjoints
from symgraph.node import Node
from symgraph.ops.body import local
from symgraph.ops.leaves import fill
from symgraph.ops.sweep import total
from symgraph.shapes import bind_shape

if TYPE_CHECKING:
    from symgraph.vertices import Edge, Vertex

__all__ = ["Flow", "Values"]

Array = NDArray[Any]


class Values(NamedTuple):
    """Forward values f and backward values g (the derivative of the root by the value)."""

    forward: dict[Vertex, Array]
    backward: dict[Vertex, Array]


class Flow:
    """Forward and backward values for one root and one leaf, and what flows along paths.

    `within`: the expressions whose variables may have values.
    """

    def __init__(
        self, root: Node, leaf: Node, values: Mapping[Any, Any], within: Sequence[Node] = ()
    ) -> None:
        self._root = root
        seed = fill(1, root.shape, "real")
        found = adjoints(root, [leaf], seed)
        self._contribution = found.contribution
        self._cotangent = found.cotangent
        roots = [root, *found.cotangent.values(), *found.contribution.values()]
        known, self._dims = bind_values([*within, *roots], values)
        self._values = evaluate_above(roots, known, self._dims)
        self._seed: Array = np.ones(bind_shape(root.shape, self._dims))
        gradient = found.cotangent.get(leaf)
        shape = bind_shape(leaf.shape, self._dims)
        self.gradient: Array = (
            np.zeros(shape) if gradient is None else np.asarray(self._values[gradient])
        )

    def weights(self, edges: Sequence[Edge]) -> dict[Edge, float]:
        """How much each edge enlarges what flows along it."""
        return {edge: self._weight(edge) for edge in edges}

    def slope(self, edge: Edge) -> float:
        """The derivative of a number by a number."""
        derivative = edge.derivative
        return 0.0 if derivative is None else float(self._value(derivative, {}))

    def derivative(self, edge: Edge) -> Array:
        """The derivative of a number by any value."""
        assert edge.derivative is not None
        return self._value(edge.derivative, {})

    def _weight(self, edge: Edge) -> float:
        head = edge.head.node
        if _is_of_numbers(edge) and edge.derivative is not None:
            return abs(self.slope(edge))
        arriving = self._cotangent.get(head)
        passed = self._contribution.get((head, edge.operand))
        if arriving is None or passed is None:
            return 1.0 if head.is_projection or head.is_loop else 0.0
        before, after = (float(np.linalg.norm(self._values[x])) for x in (arriving, passed))
        return after / before if before > 0 else 1.0

    def _value(self, node: Node, more: Mapping[Node, Any]) -> Array:
        """The value of a derivative; only what it reads is handed on, not the whole graph."""
        known = {**more}
        stack, seen = [node], {node}
        while stack:
            one = stack.pop()
            if one in more:
                continue
            if one in self._values:
                known[one] = self._values[one]
                continue
            fresh = [arg for arg in one.args if arg not in seen]
            seen.update(fresh)
            stack.extend(fresh)
        return np.asarray(evaluate_above([node], known, self._dims)[node])

    def along(self, paths: Iterable[Sequence[Edge]]) -> Iterator[Array]:
        """The derivative that takes exactly this way, for each of several.

        What two neighbours have in common from the root on is computed once.
        """
        done: list[tuple[Edge, Array]] = []
        for edges in paths:
            same = 0
            while same < min(len(done), len(edges)) and done[same][0] is edges[same]:
                same += 1
            del done[same:]
            for k in range(same, len(edges)):
                arriving = done[-1][1] if done else self._seed
                done.append((edges[k], self._passed(edges, k, arriving)))
            yield done[-1][1] if done else self._seed

    def _passed(self, edges: Sequence[Edge], k: int, ct: Array) -> Array:
        """What goes on from the head of an edge to its tail."""
        edge = edges[k]
        head = edge.head.node
        if head.is_projection:
            return ct
        if head.is_loop:
            return self._through_loop(head, edges[k - 1].head.node, edge.operand, ct)
        derivative = edge.derivative
        if derivative is None:
            return np.zeros(bind_shape(edge.tail.shape, self._dims))
        if edge.placeholder is not None:
            return self._value(derivative, {edge.placeholder: ct})
        return np.asarray(ct * self._value(derivative, {}))

    def _through_loop(self, loop: Node, projection: Node, k: int, ct: Array) -> Array:
        """What one result of a loop sends to one operand."""
        place = local(projection, "•")
        wanted = [j == k for j in range(len(loop.args))]
        pieces = loop.as_loop().pull_back([(projection, place)], wanted)[k]
        if not pieces:
            return np.zeros(bind_shape(loop.args[k].shape, self._dims))
        return self._value(total(pieces), {place: ct})


def _is_of_numbers(edge: Edge) -> bool:
    return not edge.head.shape and not edge.tail.shape
