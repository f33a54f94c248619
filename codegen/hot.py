"""One entry a row, written as a comparison of positions: what loops over entries can share.

As an addition into zeros it would be an array of its own, made in two steps. Only indices that are
tested elsewhere, or cannot be wrong, are compared: a comparison would let the others pass.
"""

from __future__ import annotations

from collections.abc import Sequence

from symgraph.codegen.basic import basic
from symgraph.codegen.passes import Rewritten, everything, rebuilt, rewrite
from symgraph.codegen.reach import is_position
from symgraph.node import Node
from symgraph.ops.einsum import einsum_node
from symgraph.ops.leaves import fill, iota
from symgraph.ops.move import Pull, Push
from symgraph.ops.reshape import reshape_node
from symgraph.ops.rows import Lookup, identity_row

__all__ = ["compare_hot"]


def compare_hot(roots: Sequence[Node]) -> Rewritten:
    """Every Push of one entry a row as the choice between the entry and 0."""
    tested = {
        (node.args[row.operand], size)
        for node in everything(roots)
        if isinstance(node, Pull)
        for row, size in zip(node.rows, node.args[0].shape, strict=True)
        if isinstance(row, Lookup)
    }

    def visit(node: Node, args: tuple[Node, ...]) -> Node:
        if isinstance(node, Push):
            axis = _hot_axis(node)
            if axis and (
                is_position(node.args[1], node.shape[axis])
                or (node.args[1], node.shape[axis]) in tested
            ):
                return _compared(node, axis, *args)
        return rebuilt(node, args)

    return rewrite(roots, visit, {Push})


def _hot_axis(node: Push) -> int:
    """The axis whose position is looked up for each entry of the operand; 0 if there is none.

    The first axis is left alone: what is looked up there may be rows of a table.
    """
    count = node.args[0].ndim
    if node.kind != "real" or node.args[0].kind != "real" or node.ndim != count + 1:
        return 0
    for axis, row in enumerate(node.rows):
        if isinstance(row, Lookup):
            others = [*node.rows[:axis], *node.rows[axis + 1 :]]
            straight = others == [identity_row(k) for k in range(count)]
            return axis if straight and row.axes == tuple(range(count)) else 0
    return 0


def _compared(node: Push, axis: int, value: Node, index: Node) -> Node:
    axes = tuple(range(node.ndim))
    kept = tuple(a for a in axes if a != axis)
    sizes = dict(enumerate(node.shape))
    size = node.shape[axis]
    place = reshape_node(iota(size), (size, *(1 for _ in axes[axis + 1 :])))
    there = einsum_node([kept], axes, sizes, (index,))
    spread = einsum_node([kept], axes, sizes, (value,))
    return basic("where", basic("equal", place, there), spread, fill(0.0))
