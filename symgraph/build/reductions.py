"""One number for many: extrema, products, norms, soft maxima, by NumPy's names and rules."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from symgraph.build.arithmetic import abs as absolute, negative, sqrt, square, subtract
from symgraph.build.coerce import as_node
from symgraph.build.conditions import equal, greater, indicator, logical_not, not_equal
from symgraph.build.contract import sum as total, var
from symgraph.build.elementary import exp
from symgraph.errors import ShapeError
from symgraph.node import Node
from symgraph.operators import operators
from symgraph.ops.reduce import Operation, reduce_node
from symgraph.ops.reshape import reshape_node
from symgraph.shapes import normalize_axes, normalize_axis, product, shape_text

__all__ = [
    "all", "any", "argmax", "argmin", "count_nonzero", "log_softmax", "logsumexp", "max", "maxout",
    "min", "norm", "prod", "softmax", "std",
]  # fmt: skip

Axis = int | Sequence[int] | None


def _reduce(operation: Operation, x: Any, axis: Axis, keepdims: bool) -> Node:
    node = as_node(x, operation)
    axes = normalize_axes(axis, node.ndim, operation)
    if not axes:
        return reduce_node(operation, reshape_node(node, (*node.shape, 1)), (node.ndim,))
    return _kept(reduce_node(operation, node, axes), node, axes, keepdims)


def _kept(reduced: Node, node: Node, axes: Sequence[int], keepdims: bool) -> Node:
    if not keepdims:
        return reduced
    return reshape_node(reduced, tuple(1 if a in axes else n for a, n in enumerate(node.shape)))


def max(x: Any, axis: Axis = None, keepdims: bool = False) -> Node:
    """The largest entry over all or some axes; its gradient goes to the first of equal ones.

    Raises ShapeError for an axis known to be empty.

    >>> import symgraph as sg
    >>> sg.max(sg.input("x", (2, 3)), axis=1, keepdims=True).shape
    (2, 1)
    """
    return _reduce("max", x, axis, keepdims)


def min(x: Any, axis: Axis = None, keepdims: bool = False) -> Node:
    """The smallest entry over all or some axes: -max(-x), with the gradient of `max`.

    >>> import symgraph as sg
    >>> sg.min(sg.input("x", (2, 3)), axis=0).shape
    (3,)
    """
    node = as_node(x, "min")
    if node.kind == "boolean":
        return logical_not(max(logical_not(node), axis, keepdims))
    return negative(max(negative(node), axis, keepdims))


def argmax(x: Any, axis: int | None = None, keepdims: bool = False) -> Node:
    """The position of the largest entry, the first of equal ones, along an axis or of flat x.

    >>> import symgraph as sg
    >>> sg.argmax(sg.input("scores", ("N", 10)), axis=-1).shape
    (N,)
    """
    node = as_node(x, "argmax")
    return _reduce("argmax", node, _one_axis(axis, node, "argmax"), keepdims)


def argmin(x: Any, axis: int | None = None, keepdims: bool = False) -> Node:
    """The position of the smallest entry, the first of equal ones: argmax(-x).

    >>> import symgraph as sg
    >>> sg.argmin(sg.input("x", ("N", 10)), axis=0, keepdims=True).shape
    (1, 10)
    """
    node = as_node(x, "argmin")
    opposite = logical_not(node) if node.kind == "boolean" else negative(node)
    return argmax(opposite, _one_axis(axis, node, "argmin"), keepdims)


def _one_axis(axis: int | None, node: Node, where_: str) -> int | None:
    return None if axis is None else normalize_axis(axis, node.ndim, where_)


def prod(x: Any, axis: Axis = None, keepdims: bool = False) -> Node:
    """The product over all or some axes; its gradient is right where entries are 0, too.

    >>> import symgraph as sg
    >>> sg.prod(sg.input("x", (2, 3)), axis=1).shape
    (2,)
    """
    return _reduce("prod", x, axis, keepdims)


def logsumexp(x: Any, axis: Axis = None, keepdims: bool = False) -> Node:
    """log(sum(exp(x))) over all or some axes, without overflow; its gradient is the softmax.

    >>> import symgraph as sg
    >>> print(sg.logsumexp(sg.input("z", ("N", 3)), axis=1))
    logsumexp(z, axis=1)
    """
    return _reduce("logsumexp", x, axis, keepdims)


def softmax(x: Any, axis: Axis = -1) -> Node:
    """exp(x) scaled to sum 1 over an axis or several: exp(x - logsumexp(x)).

    >>> import symgraph as sg
    >>> print(sg.softmax(sg.input("z", 3)))
    exp(z - logsumexp(z))
    """
    return exp(log_softmax(x, axis))


def log_softmax(x: Any, axis: Axis = -1) -> Node:
    """The logarithm of the softmax: x - logsumexp(x).

    >>> import symgraph as sg
    >>> sg.log_softmax(sg.input("z", ("N", 3))).shape
    (N, 3)
    """
    node = as_node(x, "softmax")
    is_whole = len(normalize_axes(axis, node.ndim, "softmax")) == node.ndim
    return subtract(node, logsumexp(node, axis, keepdims=not is_whole))


def std(x: Any, axis: Axis = None, keepdims: bool = False, ddof: int = 0) -> Node:
    """The standard deviation over all or some axes: the root of `var`.

    Where all entries agree it is 0 and has no derivative (NaN); sqrt(var(x) + eps) has one.

    >>> import symgraph as sg
    >>> sg.std(sg.input("x", ("N", 3)), axis=0).shape
    (3,)
    """
    return sqrt(var(x, axis, keepdims, ddof))


def norm(x: Any, ord: float = 2, axis: Axis = None, keepdims: bool = False) -> Node:
    """The length of x as a vector, over all or some axes: ord 2 (Euclid), 1, or inf.

    At x = 0 the Euclidean norm has no derivative (NaN); sqrt(sum(x**2) + eps) has one.
    Raises ShapeError for another order.

    >>> import symgraph as sg
    >>> x = sg.input("x", 3)
    >>> print(sg.norm(x), sg.norm(x, 1))
    sqrt(sum(x**2)) sum(abs(x))
    """
    if ord == 2:
        return sqrt(total(square(x), axis, keepdims))
    if ord == 1:
        return total(absolute(x), axis, keepdims)
    if ord == float("inf"):
        return max(absolute(x), axis, keepdims)
    raise ShapeError(
        f"norm: ord={ord!r} is not one of 1, 2, inf. Write the sum of powers yourself."
    )


def count_nonzero(x: Any, axis: Axis = None, keepdims: bool = False) -> Node:
    """How many entries are not 0, or hold; an integer.

    >>> import symgraph as sg
    >>> scores, y = sg.input("scores", ("N", 3)), sg.input("y", "N", kind="integer")
    >>> wrong = sg.count_nonzero(sg.not_equal(sg.argmax(scores, axis=1), y))
    >>> wrong.shape, wrong.kind
    ((), 'integer')
    """
    return total(indicator(_truth(x)), axis, keepdims)


def _truth(x: Any) -> Node:
    node = as_node(x, "truth")
    return node if node.kind == "boolean" else not_equal(node, 0)


def any(x: Any, axis: Axis = None, keepdims: bool = False) -> Node:
    """Whether some entry is not 0, or holds; false for no entries.

    >>> import symgraph as sg
    >>> sg.any(sg.input("x", (2, 3)) > 0, axis=1).kind
    'boolean'
    """
    return greater(count_nonzero(x, axis, keepdims), 0)


def all(x: Any, axis: Axis = None, keepdims: bool = False) -> Node:
    """Whether no entry is 0, or every one holds; true for no entries.

    >>> import symgraph as sg
    >>> sg.all(sg.input("x", (2, 3)) > 0).shape
    ()
    """
    return equal(count_nonzero(logical_not(_truth(x)), axis, keepdims), 0)


def maxout(x: Any, pieces: int, axis: int = -1) -> Node:
    """The largest of each `pieces` neighbours along an axis, which shrinks by that factor.

    Raises ShapeError when the size of the axis is no multiple of `pieces`.
    Source: Goodfellow, Warde-Farley, Mirza, Courville, Bengio, ICML 2013, sec. 3.

    >>> import symgraph as sg
    >>> sg.maxout(sg.input("z", ("N", 12)), pieces=3).shape
    (N, 4)
    """
    node = as_node(x, "maxout")
    number = normalize_axis(axis, node.ndim, "maxout")
    size = node.shape[number]
    if pieces < 1 or not isinstance(size, int) or size % pieces:
        raise ShapeError(
            f"maxout: axis {number} of shape {shape_text(node.shape)} does not fall into groups of "
            f"{pieces}. Give the layer before it {pieces} times as many units as should remain."
        )
    groups = (*node.shape[:number], product([size // pieces]), pieces, *node.shape[number + 1 :])
    return reduce_node("max", reshape_node(node, groups), (number + 1,))


operators.update(max=max, min=min)
