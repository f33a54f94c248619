"""What users write out that has a name: exp(z)/Σ exp(z) is softmax(z), 1/(1 + exp(-x)) is σ(x).

A derivation goes through the named function in one step. Values do not change: a quotient is taken
for a softmax only where the sum runs along the axes that it is divided along.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeGuard

import sympy

from symgraph.build.activations import sigmoid
from symgraph.build.reductions import logsumexp, softmax
from symgraph.node import Node
from symgraph.ops import Einsum, Fill, Map, Reduce, Reshape
from symgraph.ops.let import bare
from symgraph.scalar import slot
from symgraph.shapes import same_dim
from symgraph.walks import reachable, topological

__all__ = ["with_idioms"]

_X, _Y = slot(0), slot(1)


def with_idioms(root: Node, kept: Iterable[Node]) -> dict[Node, Node]:
    """The nodes below a root with idioms in place of what they are written out as.

    Where one of the `kept` nodes would be lost, nothing changes.
    """
    plain = {node: node for node in topological([root])}
    image: dict[Node, Node] = {}
    for node in plain:
        args = tuple(image[arg] for arg in node.args)
        same = node if args == tuple(node.args) else node.rebuild(node.params, args)
        image[node] = _idiom(same) or same
    if image[root] is root:
        return plain
    left = reachable([image[root]])
    wanted = [node for node in kept if node in plain]
    return image if all(image[node] in left for node in wanted) else plain


def _idiom(node: Node) -> Node | None:
    if _is_map(node, sympy.log(_X)) and node.ndim > 0:
        return _log_sum(node)
    if not _is_map(node, _X / _Y):
        return None
    top, bottom = map(bare, node.args)
    if not _is_map(top, sympy.exp(_X)):
        x = _one_plus_exp(bottom) if _is_one(top) else None
        return sigmoid(x.args[0]) if x is not None and _is_map(x, -_X) else None
    z = top.args[0]
    if _one_plus_exp(bottom) is z and _same_shape(node, z):
        return sigmoid(z)
    axes = _summed_axes(bottom, top)
    if axes is None or not _is_beside(bottom, top, axes):
        return None
    return softmax(_without_maximum(z, axes), axes)


def _log_sum(node: Node) -> Node | None:
    """log Σ exp of each row or column."""
    total = bare(node.args[0])
    inner = bare(total.args[0]) if isinstance(total, (Einsum, Reshape)) else total
    inner = bare(inner.args[0]) if isinstance(inner, Einsum) else inner
    if not _is_map(inner, sympy.exp(_X)):
        return None
    axes = _summed_axes(total, inner)
    if axes is None:
        return None
    return logsumexp(inner.args[0], axes, keepdims=total.ndim == inner.ndim)


def _is_map(node: Node, expr: sympy.Expr) -> TypeGuard[Map]:
    return isinstance(node, Map) and bool(node.template.expr == expr)


def _is_one(node: Node) -> bool:
    return isinstance(node, Fill) and node.ndim == 0 and bool(node.value == 1)


def _one_plus_exp(node: Node) -> Node | None:
    """x where the node is 1 + exp(x)."""
    if not _is_map(node, _X + _Y):
        return None
    one, other = (bare(arg) for arg in node.args)
    if _is_one(other):
        one, other = other, one
    return other.args[0] if _is_one(one) and _is_map(other, sympy.exp(_X)) else None


def _same_shape(a: Node, b: Node) -> bool:
    return a.ndim == b.ndim and all(map(same_dim, a.shape, b.shape))


def _summed_axes(total: Node, x: Node) -> tuple[int, ...] | None:
    """The axes along which a node is the sum of x."""
    inner = total.args[0] if isinstance(total, Reshape) else total
    inner = bare(inner)
    if not isinstance(inner, Einsum) or len(inner.args) != 1 or bare(inner.args[0]) is not x:
        return None
    (source,) = inner.ins
    left = [index for index in inner.out if index in source]
    axes = tuple(k for k, index in enumerate(source) if index not in inner.out)
    sizes = inner.sizes()
    added = [index for index in inner.out if index not in source]
    if not axes or left != [i for i in source if i in inner.out] or len(set(source)) < x.ndim:
        return None
    return None if any(sizes[index] != 1 for index in added) else axes


def _is_beside(total: Node, x: Node, axes: Sequence[int]) -> bool:
    """Whether x divided by a sum along axes divides each entry by the sum that it is in."""
    if total.ndim > x.ndim:
        return False
    sizes = (*[1] * (x.ndim - total.ndim), *total.shape)
    return all(
        size == 1 if k in axes else same_dim(size, x.shape[k]) for k, size in enumerate(sizes)
    )


def _without_maximum(z: Node, axes: Sequence[int]) -> Node:
    """x where z is x - max(x) along the axes: the softmax of both is the same."""
    if not _is_map(z, _X - _Y):
        return z
    x, largest = z.args
    inner = bare(largest.args[0] if isinstance(largest, Reshape) else largest)
    if not isinstance(inner, Reduce) or inner.operation != "max" or inner.args[0] is not x:
        return z
    return x if tuple(inner.axes) == tuple(axes) and _same_shape(x, z) else z
