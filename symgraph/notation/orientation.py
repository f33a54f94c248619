"""Which vectors are columns and which are rows: as the user's own products use them.

A NumPy vector is neither. `W @ x` makes x a column, `x @ W` a row, and a bias that is added to
every row of a matrix is a row. Vectors that meet entry by entry are alike, and so are the variables
of a dot product of which only one is decided. What nothing decides is a column.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Sequence
from typing import Literal

from symgraph.node import Node
from symgraph.notation.moments import Point, Previous, Pulse, Total
from symgraph.notation.tree import Sort
from symgraph.ops import Concat, Einsum, Let, Map, Reduce

__all__ = ["Layout", "orientations"]

Layout = Literal["column", "row"]


class _Groups:
    """Vectors that are alike, with the votes of each group."""

    def __init__(self) -> None:
        self._parent: dict[Node, Node] = {}
        self._votes: dict[Node, int] = {}

    def find(self, node: Node) -> Node:
        root = node
        while (above := self._parent.setdefault(root, root)) is not root:
            root = above
        while node is not root:
            node, self._parent[node] = self._parent[node], root
        return root

    def union(self, a: Node, b: Node) -> None:
        first, second = self.find(a), self.find(b)
        if first is not second:
            self._parent[second] = first
            self._votes[first] = self._votes.get(first, 0) + self._votes.pop(second, 0)

    def vote(self, node: Node, layout: Layout) -> None:
        root = self.find(node)
        self._votes[root] = self._votes.get(root, 0) + (1 if layout == "column" else -1)

    def join_undecided(self, a: Node, b: Node) -> None:
        """Two variables alike, unless both have votes of their own."""
        if a.ndim == b.ndim == 1 and not (a.args or b.args or (self.votes(a) and self.votes(b))):
            self.union(a, b)

    def votes(self, node: Node) -> int:
        """The votes for columns less those for rows."""
        return self._votes.get(self.find(node), 0)

    def layout(self, node: Node) -> Sort:
        return "row" if self.votes(node) < 0 else "column"


def orientations(
    order: Iterable[Node],
    layout: Layout | None = None,
    alike: Iterable[tuple[Node, Node]] = (),
    undecided: Container[Node] = (),
) -> dict[Node, Sort]:
    """Column or row for every vector of a graph; `layout` makes them all one or the other.

    `alike` are pairs of values that stand for one quantity at two times, `undecided` products that
    tell only that operand and result are alike.
    """
    nodes = list(order)
    vectors = [node for node in nodes if node.ndim == 1]
    if layout is not None:
        return dict.fromkeys(vectors, layout)
    groups = _Groups()
    for first, second in alike:
        groups.union(first, second)
    forms = _within_forms(nodes)
    for node in nodes:
        if node in undecided:
            for arg in node.args:
                if arg.ndim == node.ndim == 1:
                    groups.union(arg, node)
        elif node not in forms:
            _vote(node, groups)
    for node in nodes:
        if _is_product(node) and node.ndim == 0:
            groups.join_undecided(*node.args)
    return {node: groups.layout(node) for node in vectors}


def _within_forms(order: Sequence[Node]) -> set[Node]:
    """Products v M that only serve a number v M w: they are xᵀ M y, and x is as it is elsewhere."""
    users: dict[Node, list[Node]] = {}
    for node in order:
        for arg in node.args:
            users.setdefault(arg, []).append(node)
    found: set[Node] = set()
    for node in reversed(order):
        serves = users.get(node, [])
        is_between = all(_is_product(u) and (u.ndim == 0 or u in found) for u in serves)
        if _is_product(node) and node.ndim == 1 and serves and is_between:
            found.add(node)
    return found


def _is_product(node: Node) -> bool:
    return isinstance(node, Einsum) and len(node.args) == 2


def _vote(node: Node, groups: _Groups) -> None:
    vectors = [arg for arg in node.args if arg.ndim == 1]
    if isinstance(node, (Map, Let, Concat, Total, Point, Pulse, Previous)):
        for arg in vectors:
            if node.ndim == 1:
                groups.union(node, arg)
            elif node.ndim > 1:
                groups.vote(arg, "row")
    elif isinstance(node, Einsum):
        _vote_einsum(node, groups)
    elif isinstance(node, Reduce) and node.ndim == 1 and node.args[0].ndim == 2:
        groups.vote(node, "row" if node.axes == (0,) else "column")


def _vote_einsum(node: Einsum, groups: _Groups) -> None:
    matrices = [i for i, arg in zip(node.ins, node.args, strict=True) if arg.ndim == 2]
    vectors = [(i[0], arg) for i, arg in zip(node.ins, node.args, strict=True) if arg.ndim == 1]
    if node.ndim == 1:
        vectors.append((node.out[0], node))
    elif node.ndim == 2 and len(node.args) == 1:
        matrices.append(node.out)
    if len(matrices) != 1:
        return
    (rows, columns) = matrices[0]
    if rows == columns:
        return
    if len(vectors) == 2 and {vectors[0][0], vectors[1][0]} == {rows, columns}:
        # M v or v M: the operand meets the columns of M, or its rows
        for place, vector in vectors:
            if vector is not node:
                layout: Layout = "column" if place == columns else "row"
                groups.vote(vector, layout)
                if node.ndim == 1:
                    groups.vote(node, layout)
    elif len(vectors) == 1:  # a sum over one axis, or a repetition
        place, vector = vectors[0]
        groups.vote(vector, "column" if place == rows else "row")
