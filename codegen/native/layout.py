"""In which order the axes of results lie in memory: the batch last around convolutions.

Windows overlap along the axes of an image, never along the batch, so that is where lanes run. From
every convolution the choice spreads to all values that hold the same batch, entry by entry, up to
the matrix products around, which read and write under any strides.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Sequence

from symgraph.codegen.contraction import typical
from symgraph.node import Node
from symgraph.ops.concat import Concat
from symgraph.ops.einsum import Einsum
from symgraph.ops.map import Map
from symgraph.ops.move import Pull, Push
from symgraph.ops.reduce import Reduce
from symgraph.ops.reshape import Reshape
from symgraph.ops.rows import Affine, Row
from symgraph.shapes import product, same_dim

__all__ = ["memory_orders", "overlapping"]

Order = tuple[int, ...]
Place = tuple[Node, Order]


def _last(rank: int, axis: int) -> Order:
    """The axes from the slowest to the fastest when one of them comes last."""
    return (*(a for a in range(rank) if a != axis), axis)


def memory_orders(steps: Sequence[Node]) -> dict[Node, Order]:
    """The axes, from the slowest to the fastest, of every value that is not to lie as written.

    Those with a batch have it last; a product that all its readers turn lies as they see it, since
    the optimizer reads the gradient by a transposed weight along with the weight.
    """
    users: dict[Node, list[Node]] = {}
    for node in steps:
        for arg in node.args:
            users.setdefault(arg, []).append(node)
    found: dict[Node, Order] = {}
    stack: list[Place] = [place for node in steps for place in (*_convolved(node), *_spread(node))]
    while stack:
        node, order = stack.pop()
        if node in found or not node.args or (isinstance(node, Pull) and len(node.args) > 1):
            continue
        found[node] = order
        near = list(_below(node, order[-1]))
        near += [(u, a) for u in users.get(node, ()) for a in _above(u, node, order[-1])]
        stack += [(other, _carried(node, order, other, axis)) for other, axis in near]
    for node in steps:
        if isinstance(node, Einsum) and len(node.args) == 2 and node not in found:
            seen = {_turned(user, node) for user in users.get(node, ())}
            turned = seen.pop() if len(seen) == 1 else None
            if turned is not None:
                found[node] = turned
    return found


def _carried(node: Node, order: Order, other: Node, axis: int) -> Order:
    """The order of a neighbour whose given axis is to be the last."""
    if node.ndim == other.ndim:
        if type(node) is Map or type(other) is Map:
            return order
        for user, source in ((node, other), (other, node)):
            if isinstance(user, Einsum) and user.args == (source,) and _turns(user):
                mine = user.out if node is user else user.ins[0]
                theirs = user.ins[0] if node is user else user.out
                return tuple(theirs.index(mine[a]) for a in order)
    return _last(other.ndim, axis)


def _turned(user: Node, node: Node) -> Order | None:
    """The axes of a node in the order in which a user has them that does nothing else."""
    if not isinstance(user, Einsum) or user.args != (node,) or not _turns(user):
        return None
    return tuple(user.ins[0].index(k) for k in user.out)


def _turns(node: Einsum) -> bool:
    """Whether the axes of an operand come in another order."""
    ins = node.ins[0]
    return len(set(ins)) == len(ins) and set(ins) == set(node.out)


def _spread(node: Node) -> Iterator[Place]:
    """The batch of the derivative by what was convolved: of the product and of its sums."""
    if not isinstance(node, Push) or len(node.args) > 1 or not isinstance(node.args[0], Einsum):
        return
    source = node.args[0]
    moved = {axis for row in node.rows for axis in overlapping(row)}
    if len(source.args) != 2 or not moved:
        return
    longest = max(moved, key=lambda axis: typical(source.shape[axis]))
    for mine, other in (source.ins, source.ins[::-1]):
        if source.out[longest] in mine:
            free = [
                axis
                for axis, index in enumerate(source.out)
                if index in mine and index not in other and axis not in moved
            ]
            if free:
                axis = max(free, key=lambda a: typical(source.shape[a]))
                for own in _through(node, axis, to_large=True):
                    yield node, _last(node.ndim, own)


def _convolved(node: Node) -> Iterator[Place]:
    """The batch of a convolution: of its windows and of its result."""
    if not isinstance(node, Einsum) or len(node.args) != 2:
        return
    for k, windows in enumerate(node.args):
        if not isinstance(windows, Pull) or not _is_window(windows):
            continue
        moved = {axis for row in windows.rows for axis in overlapping(row)}
        mine, other = node.ins[k], node.ins[1 - k]
        kept = {axis for axis in moved if mine[axis] in node.out}
        if _entries(windows, kept) < _entries(windows, moved - kept):
            continue  # a derivative by the kernel, which sums over the places of the windows
        free = [
            axis
            for axis, index in enumerate(mine)
            if index not in other and index in node.out and axis not in moved
        ]
        if free:
            axis = max(free, key=lambda a: typical(windows.shape[a]))
            yield windows, _last(windows.ndim, axis)
            yield node, _last(node.ndim, node.out.index(mine[axis]))


def _entries(node: Node, axes: Collection[int]) -> int:
    return math.prod(typical(node.shape[axis]) for axis in axes)


def _is_window(node: Pull) -> bool:
    return len(node.args) == 1 and any(map(overlapping, node.rows))


def overlapping(row: Row) -> list[int]:
    """The axes that run along one, where there are several."""
    axes = [axis for axis, _ in row.steps] if isinstance(row, Affine) else []
    return axes if len(axes) > 1 else []


def _below(node: Node, axis: int) -> Iterator[tuple[Node, int]]:
    """The axes of operands that a given axis of a node comes from."""
    if type(node) is Map:
        for arg in node.args:
            own = axis - (node.ndim - arg.ndim)
            if own >= 0 and arg.shape[own] != 1:
                yield arg, own
    elif isinstance(node, (Pull, Push)) and len(node.args) == 1:
        yield from ((node.args[0], a) for a in _through(node, axis, isinstance(node, Pull)))
    elif isinstance(node, Reduce):
        kept = [a for a in range(node.args[0].ndim) if a not in node.axes]
        yield node.args[0], kept[axis]
    elif isinstance(node, Einsum) and len(node.args) == 1:
        if node.out[axis] in node.ins[0]:
            yield node.args[0], node.ins[0].index(node.out[axis])
    elif isinstance(node, Reshape):
        yield from ((node.args[0], a) for a in _same_place(node, node.args[0], axis))
    elif isinstance(node, Concat) and axis != node.axis:
        yield from ((arg, axis) for arg in node.args)


def _above(user: Node, node: Node, axis: int) -> Iterator[int]:
    """The axes of a user that come from a given axis of a node."""
    if type(user) is Map:
        if node.shape[axis] != 1:
            yield axis + user.ndim - node.ndim
    elif isinstance(user, (Pull, Push)) and len(user.args) == 1:
        yield from _through(user, axis, not isinstance(user, Pull))
    elif isinstance(user, Reduce):
        if axis not in user.axes:
            yield axis - sum(a < axis for a in user.axes)
    elif isinstance(user, Einsum) and len(user.args) == 1:
        if user.ins[0][axis] in user.out:
            yield user.out.index(user.ins[0][axis])
    elif isinstance(user, Reshape):
        yield from _same_place(node, user, axis)
    elif isinstance(user, Concat) and axis != user.axis:
        yield axis


def _through(node: Pull | Push, axis: int, to_large: bool) -> Iterator[int]:
    """The axis on the other side of a map that leaves it alone; rows belong to the large side."""
    for large, row in enumerate(node.rows):
        if not isinstance(row, Affine) or not row.steps:
            continue
        small, step = row.steps[0]
        if (axis in [a for a, _ in row.steps]) if to_large else (axis == large):
            if len(row.steps) == 1 and step == 1:
                yield large if to_large else small
            return


def _same_place(node: Node, other: Node, axis: int) -> Iterator[int]:
    """The axis of another shape of the same entries that is the given axis of this one."""
    before = product(node.shape[:axis])
    for own, size in enumerate(other.shape):
        same = size != 1 and same_dim(size, node.shape[axis])
        if same and same_dim(product(other.shape[:own]), before):
            yield own
