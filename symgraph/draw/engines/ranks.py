"""Ranks of a layered drawing: the roots at 0, every operand at least one below its users.

The sum of the edge lengths is as small as it can be up to `EXACT` nodes (network simplex, Gansner,
Koutsofios, North and Vo 1993); above, nodes move one by one to the middle of what pulls them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from symgraph.errors import DrawError

__all__ = ["EXACT", "assign", "components"]

EXACT = 600
_SWEEPS = 12
Edge = tuple[int, int]


def assign(count: int, edges: tuple[Edge, ...]) -> list[int]:
    """The rank of each of `count` nodes; an edge (tail, head) puts the tail below the head.

    Raises DrawError when the edges go round in a circle.

    >>> assign(3, ((0, 1), (1, 2), (0, 2)))
    [2, 1, 0]
    """
    weights: dict[Edge, int] = defaultdict(int)
    for tail, head in edges:
        weights[head, tail] += 1
    below, above = _neighbours(count, weights)
    order = _topological(below, above)
    ranks = [0] * count
    for node in order:
        ranks[node] = max((ranks[user] + 1 for user in above[node]), default=0)
    if count > EXACT:
        _relax(ranks, order, below, above, weights)
    else:
        for component in _components(below, above):
            _Simplex(component, ranks, weights).run()
    for component in _components(below, above):
        top = min(ranks[node] for node in component)
        for node in component:
            ranks[node] -= top
    return ranks


def components(count: int, edges: tuple[Edge, ...]) -> list[list[int]]:
    """The connected parts of a graph, each in ascending order."""
    return [sorted(part) for part in _components(*_neighbours(count, edges))]


def _neighbours(count: int, edges: Iterable[Edge]) -> tuple[list[list[int]], list[list[int]]]:
    """For each node what comes second and what comes first in its edges."""
    below: list[list[int]] = [[] for _ in range(count)]
    above: list[list[int]] = [[] for _ in range(count)]
    for upper, lower in edges:
        below[upper].append(lower)
        above[lower].append(upper)
    return below, above


def _topological(below: list[list[int]], above: list[list[int]]) -> list[int]:
    """Users before their operands."""
    waiting = [len(users) for users in above]
    order = [node for node, left in enumerate(waiting) if not left]
    for node in order:
        for lower in below[node]:
            waiting[lower] -= 1
            if not waiting[lower]:
                order.append(lower)
    if len(order) < len(waiting):
        raise DrawError("the edges of the view go round in a circle; a drawing needs a DAG.")
    return order


def _components(below: list[list[int]], above: list[list[int]]) -> list[list[int]]:
    seen = [False] * len(below)
    found = []
    for start in range(len(below)):
        if seen[start]:
            continue
        seen[start] = True
        component = [start]
        for node in component:
            for other in (*below[node], *above[node]):
                if not seen[other]:
                    seen[other] = True
                    component.append(other)
        found.append(component)
    return found


def _relax(
    ranks: list[int],
    order: list[int],
    below: list[list[int]],
    above: list[list[int]],
    weights: dict[Edge, int],
) -> None:
    """Move each node within its slack to the side that pulls harder, operands first."""
    for _ in range(_SWEEPS):
        moved = False
        for node in reversed(order):
            if not below[node]:
                continue
            down = sum(weights[node, lower] for lower in below[node])
            up = sum(weights[upper, node] for upper in above[node])
            if up < down:
                rank = min(ranks[lower] for lower in below[node]) - 1
            elif up > down:
                rank = max(ranks[upper] for upper in above[node]) + 1
            else:
                continue
            moved |= rank != ranks[node]
            ranks[node] = rank
        for node in order:
            if not below[node] and above[node]:
                ranks[node] = max(ranks[upper] for upper in above[node]) + 1
        if not moved:
            return


class _Simplex:
    """Network simplex on one component; `ranks` is changed in place."""

    def __init__(self, nodes: list[int], ranks: list[int], weights: dict[Edge, int]) -> None:
        self.nodes = nodes
        self.ranks = ranks
        inside = set(nodes)
        self.weights = {edge: w for edge, w in weights.items() if edge[0] in inside}
        self.tree: set[Edge] = set()
        self.parent: dict[int, Edge | None] = {}
        self.low: dict[int, int] = {}
        self.number: dict[int, int] = {}
        self.cut: dict[Edge, int] = {}

    def run(self) -> None:
        """Pivot until no edge of the tree can be shortened."""
        if not self.weights:
            return
        self._grow_tree()
        self._number()
        self._cut_values()
        # Each pivot lowers the sum or is degenerate; the bound is against cycling.
        for _ in range(8 * len(self.nodes)):
            leaving = min((edge for edge in self.tree if self.cut[edge] < 0), default=None)
            if leaving is None:
                return
            self._pivot(leaving)

    def _slack(self, edge: Edge) -> int:
        upper, lower = edge
        return self.ranks[lower] - self.ranks[upper] - 1

    def _grow_tree(self) -> None:
        """A spanning tree of edges without slack, shifting what is not reached yet."""
        incident: dict[int, list[Edge]] = {node: [] for node in self.nodes}
        for edge in sorted(self.weights):
            incident[edge[0]].append(edge)
            incident[edge[1]].append(edge)
        inside = {self.nodes[0]}
        queue = [self.nodes[0]]
        while True:
            for node in queue:
                for edge in incident[node]:
                    other = edge[0] + edge[1] - node
                    if other not in inside and self._slack(edge) == 0:
                        inside.add(other)
                        queue.append(other)
                        self.tree.add(edge)
            if len(inside) == len(self.nodes):
                return
            _, edge = min(
                (self._slack(edge), edge)
                for edge in self.weights
                if (edge[0] in inside) != (edge[1] in inside)
            )
            shift = self._slack(edge) if edge[0] in inside else -self._slack(edge)
            for node in inside:
                self.ranks[node] += shift
            queue = sorted(inside)

    def _number(self) -> None:
        """Postorder numbers; a node is below another in the tree when its number is in its span."""
        around: dict[int, list[Edge]] = {node: [] for node in self.nodes}
        for edge in sorted(self.tree):
            around[edge[0]].append(edge)
            around[edge[1]].append(edge)
        root = self.nodes[0]
        self.parent = {root: None}
        stack = [(root, 0)]
        next_number = 0
        self.low = {root: 0}
        while stack:
            node, index = stack.pop()
            if index == len(around[node]):
                self.number[node] = next_number
                next_number += 1
                continue
            stack.append((node, index + 1))
            edge = around[node][index]
            if edge == self.parent[node]:
                continue
            child = edge[0] + edge[1] - node
            self.parent[child] = edge
            self.low[child] = next_number
            stack.append((child, 0))

    def _within(self, node: int, top: int) -> bool:
        return self.low[top] <= self.number[node] <= self.number[top]

    def _cut_values(self) -> None:
        """Weight from the upper to the lower side of each tree edge, minus what goes back."""
        # The sum over a subtree of (weight of edges out below - weight of edges in from above).
        balance = dict.fromkeys(self.nodes, 0)
        for (upper, lower), weight in self.weights.items():
            balance[upper] += weight
            balance[lower] -= weight
        for node in sorted(self.nodes, key=self.number.__getitem__):
            edge = self.parent[node]
            if edge is None:
                continue
            self.cut[edge] = balance[node] if edge[0] == node else -balance[node]
            balance[edge[0] + edge[1] - node] += balance[node]

    def _pivot(self, leaving: Edge) -> None:
        upper, lower = leaving
        child = upper if self.parent[upper] == leaving else lower
        # The leaving edge grows: the entering edge runs from its lower to its upper side.
        child_is_upper = child == upper
        _, entering = min(
            (self._slack(edge), edge)
            for edge in self.weights
            if self._within(edge[1], child) == child_is_upper
            and self._within(edge[0], child) != child_is_upper
        )
        slack = self._slack(entering)
        shift = -slack if child_is_upper else slack
        for node in self.nodes:
            if self._within(node, child):
                self.ranks[node] += shift
        self.tree.remove(leaving)
        self.tree.add(entering)
        del self.cut[leaving]
        self._number()
        self._cut_values()
