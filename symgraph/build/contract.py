"""Sums of products: matmul, dot, outer, einsum, transpose, sum, mean, diagonals."""

from __future__ import annotations

import numbers
from collections.abc import Iterable, Sequence
from typing import Any

import sympy

from symgraph.build.arithmetic import divide, square, subtract
from symgraph.build.coerce import as_node
from symgraph.errors import KindError, ShapeError
from symgraph.node import Node
from symgraph.operators import operators
from symgraph.ops.einsum import einsum_node, sum_over
from symgraph.ops.leaves import fill
from symgraph.printing import describe
from symgraph.shapes import (
    Dim,
    as_shape,
    broadcast,
    normalize_axes,
    product,
    same_dim,
    shape_text,
)

__all__ = [
    "broadcast_to", "diag", "diagonal", "dot", "einsum", "matmul", "mean", "outer", "squared_norm",
    "sum", "swapaxes", "tensordot", "trace", "transpose", "var",
]  # fmt: skip

Axis = int | Sequence[int] | None


def matmul(x: Any, y: Any) -> Node:
    """The matrix product as NumPy's `@`: (..., n, k) with (..., k, m); vectors on either side.

    Raises ShapeError when the inner sizes differ or an operand is a scalar.

    >>> import symgraph as sg
    >>> (sg.input("X", ("N", 3)) @ sg.parameter("W", (3, 2))).shape
    (N, 2)
    """
    a, b = as_node(x), as_node(y)
    if a.ndim == 0 or b.ndim == 0:
        raise ShapeError(
            f"matmul: shapes {shape_text(a.shape)} and {shape_text(b.shape)}; a scalar has no "
            "matrix product. Use * instead."
        )
    inner_a, inner_b = a.shape[-1], b.shape[-1 if b.ndim == 1 else -2]
    if not same_dim(inner_a, inner_b):
        raise ShapeError(_mismatch(a, b, inner_a, inner_b))
    if a.ndim > 2 and b.ndim > 2:
        title = f"matmul of {describe(a)} and {describe(b)}: batch axes"
        broadcast([a.shape[:-2], b.shape[:-2]], title)
    # index numbers: -1 inner, -2 rows of a, -3 columns of b, 0.. batch
    lead = max(a.ndim, b.ndim) - 2
    batch = tuple(range(max(lead, 0)))
    left = (*batch[len(batch) - max(a.ndim - 2, 0) :], *((-2, -1) if a.ndim > 1 else (-1,)))
    right = (*batch[len(batch) - max(b.ndim - 2, 0) :], *((-1, -3) if b.ndim > 1 else (-1,)))
    out = (*batch, *((-2,) if a.ndim > 1 else ()), *((-3,) if b.ndim > 1 else ()))
    a, left = _without_ones(a, left, b, right)
    b, right = _without_ones(b, right, a, left)
    return einsum_node([left, right], out, {}, (a, b))


def _mismatch(a: Node, b: Node, inner_a: Dim, inner_b: Dim) -> str:
    fix = "Make the inner sizes equal."
    if b.ndim == 2 and same_dim(inner_a, b.shape[1]):
        fix = f"Write x @ y.T, or declare the right operand with shape ({inner_a}, {inner_b})."
    return (
        f"matmul: left {describe(a)} is {shape_text(a.shape)}, right {describe(b)} is "
        f"{shape_text(b.shape)}, and {inner_a} != {inner_b}. {fix}"
    )


def _without_ones(
    x: Node, indices: tuple[int, ...], other: Node, others: tuple[int, ...]
) -> tuple[Node, tuple[int, ...]]:
    """Batch axes of size 1 that meet a larger size are summed away, as broadcasting wants."""
    sizes = dict(zip(others, other.shape, strict=True))
    drop = [
        axis
        for axis, i in enumerate(indices)
        if i >= 0 and x.shape[axis] == 1 and sizes.get(i, 1) != 1
    ]
    if not drop:
        return x, indices
    return sum_over(x, drop), tuple(i for axis, i in enumerate(indices) if axis not in drop)


def dot(x: Any, y: Any) -> Node:
    """The inner product of two vectors, or as `matmul` for anything else of rank 1 and 2.

    >>> import symgraph as sg
    >>> print(sg.dot(sg.input("w", 3), sg.input("x", 3)))
    w @ x
    """
    return matmul(x, y)


def outer(x: Any, y: Any) -> Node:
    """The outer product of two vectors: entry (i, j) is x[i] * y[j].

    >>> import symgraph as sg
    >>> sg.outer(sg.input("x", 2), sg.input("y", 3)).shape
    (2, 3)
    """
    a, b = as_node(x), as_node(y)
    if a.ndim != 1 or b.ndim != 1:
        raise ShapeError(
            f"outer: shapes {shape_text(a.shape)} and {shape_text(b.shape)}; both must be vectors. "
            "Use sg.einsum for more axes."
        )
    return einsum_node([(0,), (1,)], (0, 1), {}, (a, b))


def einsum(rule: str, *operands: Any) -> Node:
    """A sum of products in NumPy's notation with an explicit result, such as "nij,jk->nik".

    Raises ShapeError when the rule does not fit the operands.

    >>> import symgraph as sg
    >>> sg.einsum("ij->ji", sg.input("A", (2, 3))).shape
    (3, 2)
    """
    nodes = tuple(as_node(x) for x in operands)
    if not isinstance(rule, str):
        raise ShapeError(f"einsum: rule {rule!r} must be text such as 'ij,jk->ik'.")
    text = rule.replace(" ", "")
    if text.count("->") != 1 or not all(c.isalpha() or c in ",->" for c in text):
        raise ShapeError(
            f"einsum: rule {rule!r} must be letters with one '->', such as 'ij,jk->ik'."
        )
    before, after = text.split("->")
    words = before.split(",")
    if len(words) != len(nodes):
        raise ShapeError(
            f"einsum: rule {rule!r} names {len(words)} operands, {len(nodes)} were given. "
            "Give one word an operand."
        )
    unknown = set(after) - set("".join(words))
    if unknown or len(set(after)) != len(after):
        raise ShapeError(
            f"einsum: result {after!r} must use each letter of the operands at most once."
        )
    return einsum_node([_numbers(w) for w in words], _numbers(after), {}, nodes)


def _numbers(word: str) -> tuple[int, ...]:
    return tuple(map(ord, word))


def tensordot(x: Any, y: Any, axes: int = 2) -> Node:
    """The sum over the last `axes` axes of x and the first `axes` axes of y.

    >>> import symgraph as sg
    >>> sg.tensordot(sg.input("x", (2, 3, 4)), sg.input("y", (3, 4, 5)), axes=2).shape
    (2, 5)
    """
    a, b = as_node(x), as_node(y)
    if axes < 0 or axes > min(a.ndim, b.ndim):
        raise ShapeError(f"tensordot: axes={axes} for operands with {a.ndim} and {b.ndim} axes.")
    left = tuple(range(a.ndim))
    right = (*left[a.ndim - axes :], *range(a.ndim, a.ndim + b.ndim - axes))
    out = (*left[: a.ndim - axes], *right[axes:])
    return einsum_node([left, right], out, {}, (a, b))


def transpose(x: Any, axes: Sequence[int] | None = None) -> Node:
    """The axes in another order, by default reversed.

    >>> import symgraph as sg
    >>> sg.transpose(sg.input("x", (2, 3, 4)), (0, 2, 1)).shape
    (2, 4, 3)
    """
    node = as_node(x)
    if node.ndim < 2 and axes is None:
        return node
    if axes is None:
        axes = range(node.ndim)[::-1]
    if not isinstance(axes, Iterable) or not all(isinstance(a, numbers.Integral) for a in axes):
        raise KindError(
            f"transpose: axes are {axes!r}, and they are a tuple of integers, or None for all in "
            "the opposite order. Write sg.transpose(x, (1, 0))."
        )
    order = tuple(axes)
    order = tuple(a % node.ndim if -node.ndim <= a < node.ndim else a for a in order)
    if sorted(order) != list(range(node.ndim)):
        raise ShapeError(
            f"transpose: axes {axes} for a value with {node.ndim} axes; name each axis once."
        )
    if order == tuple(range(node.ndim)):
        return node
    return einsum_node([tuple(range(node.ndim))], order, {}, (node,))


def swapaxes(x: Any, first: int, second: int) -> Node:
    """Two axes exchanged.

    >>> import symgraph as sg
    >>> sg.swapaxes(sg.input("x", (2, 3, 4)), 0, -1).shape
    (4, 3, 2)
    """
    node = as_node(x)
    order = list(range(node.ndim))
    i, j = (normalize_axes(axis, node.ndim, "swapaxes")[0] for axis in (first, second))
    order[i], order[j] = order[j], order[i]
    return transpose(node, order)


def sum(x: Any, axis: Axis = None, keepdims: bool = False) -> Node:
    """The sum over all or some axes.

    >>> import symgraph as sg
    >>> sg.sum(sg.input("X", (2, 3)), axis=0).shape
    (3,)
    """
    node = as_node(x)
    axes = normalize_axes(axis, node.ndim, "sum")
    if not axes:
        return node
    if not keepdims:
        return sum_over(node, axes)
    new = {a: node.ndim + a for a in axes}
    out = tuple(new.get(a, a) for a in range(node.ndim))
    return einsum_node([tuple(range(node.ndim))], out, dict.fromkeys(new.values(), 1), (node,))


def mean(x: Any, axis: Axis = None, keepdims: bool = False) -> Node:
    """The mean over all or some axes.

    >>> import symgraph as sg
    >>> print(sg.mean(sg.input("x", ("N", 2)), axis=0))
    sum(x, axis=0)/N
    """
    node = as_node(x)
    count = _count(node, normalize_axes(axis, node.ndim, "mean"))
    total = sum(node, axis, keepdims)
    # of a single number: a division by 1 would be a step of every derivation
    return total if count == 1 and node.kind == "real" else divide(total, fill(count))


def _count(node: Node, axes: Sequence[int]) -> Any:
    return product(node.shape[a] for a in axes)


def var(x: Any, axis: Axis = None, keepdims: bool = False, ddof: int = 0) -> Node:
    """The variance over all or some axes: mean squared deviation, with 1/(n - ddof).

    >>> import symgraph as sg
    >>> sg.var(sg.input("x", ("N", 2)), axis=0, keepdims=True).shape
    (1, 2)
    """
    node = as_node(x)
    axes = normalize_axes(axis, node.ndim, "var")
    deviation = subtract(node, mean(node, axis, keepdims=True))
    count = sympy.sympify(_count(node, axes)) - ddof
    return divide(sum(square(deviation), axis, keepdims), fill(count))


def squared_norm(x: Any) -> Node:
    """The sum of squares of all entries.

    >>> import symgraph as sg
    >>> x = sg.input("x", 3)
    >>> print(sg.grad(sg.squared_norm(x), x))
    2*x
    """
    return sum(square(x))


def trace(x: Any) -> Node:
    """The sum of the diagonal of a square matrix.

    >>> import symgraph as sg
    >>> A, B = sg.input("A", (2, 3)), sg.input("B", (3, 2))
    >>> print(sg.grad(sg.trace(A @ B), A))
    B.T
    """
    node = _square(x, "trace")
    return einsum_node([(0, 0)], (), {}, (node,))


def diagonal(x: Any) -> Node:
    """The diagonal of a square matrix as a vector.

    >>> import symgraph as sg
    >>> sg.diagonal(sg.input("A", (3, 3))).shape
    (3,)
    """
    return einsum_node([(0, 0)], (0,), {}, (_square(x, "diagonal"),))


def diag(x: Any) -> Node:
    """A vector as a diagonal matrix, or the diagonal of a square matrix, as NumPy's `diag`.

    >>> import symgraph as sg
    >>> sg.diag(sg.input("x", 3)).shape
    (3, 3)
    """
    node = as_node(x)
    return einsum_node([(0,)], (0, 0), {}, (node,)) if node.ndim == 1 else diagonal(node)


def _square(x: Any, where: str) -> Node:
    node = as_node(x)
    if node.ndim != 2 or not same_dim(*node.shape):
        raise ShapeError(f"{where}: shape {shape_text(node.shape)}; give a square matrix.")
    return node


def broadcast_to(x: Any, shape: Any) -> Node:
    """x repeated to a shape by NumPy's rules.

    Raises ShapeError when the sizes do not fit.

    >>> import symgraph as sg
    >>> sg.broadcast_to(sg.input("b", 3), ("N", 3)).shape
    (N, 3)
    """
    node, target = as_node(x), as_shape(shape, "broadcast_to")
    joined = broadcast([node.shape, target], "broadcast_to")
    if joined != target:
        raise ShapeError(
            f"broadcast_to: {shape_text(node.shape)} does not stretch to {shape_text(target)}; "
            "only axes of size 1 stretch."
        )
    rank, own = len(target), node.ndim
    indices = tuple(
        rank + a if node.shape[a] == 1 and target[rank - own + a] != 1 else rank - own + a
        for a in range(own)
    )
    if indices == tuple(range(rank)):
        return node
    return einsum_node([indices], tuple(range(rank)), dict(enumerate(target)), (node,))


operators.update(matmul=matmul, transpose=transpose, sum=sum, mean=mean)
