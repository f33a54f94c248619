"""Arrays of given entries: one number, a range, an identity, by NumPy's names and rules."""

from __future__ import annotations

import math
from typing import Any

import sympy

from symgraph.build.arithmetic import add, multiply
from symgraph.build.coerce import as_node
from symgraph.build.conditions import equal, where
from symgraph.build.contract import broadcast_to
from symgraph.errors import KindError, ShapeError
from symgraph.node import Kind, Node, promote
from symgraph.ops.einsum import einsum_node
from symgraph.ops.leaves import Fill, fill, iota
from symgraph.ops.reshape import reshape_node
from symgraph.shapes import Dim, DimLike, ShapeLike, as_dim, as_shape, product, same_dim, shape_text

__all__ = ["arange", "eye", "full", "full_like", "ones", "ones_like", "zeros", "zeros_like"]


def zeros(shape: ShapeLike, kind: Kind = "real") -> Node:
    """0 in every entry.

    >>> zeros((2, "N")).shape
    (2, N)
    """
    return full(shape, 0, kind)


def ones(shape: ShapeLike, kind: Kind = "real") -> Node:
    """1 in every entry.

    >>> ones(3).shape
    (3,)
    """
    return full(shape, 1, kind)


def full(shape: ShapeLike, fill_value: Any, kind: Kind | None = None) -> Node:
    """One number in every entry; a value with axes is repeated as `broadcast_to` does.

    `kind`: that of the number unless given.
    Raises KindError for another kind, or for one given with a value that is no plain number.

    >>> full((2, 3), 0.5).kind, full("N", 7).kind
    ('real', 'integer')
    """
    if kind not in (None, "real", "integer", "boolean"):
        raise KindError(f"full: kind {kind!r} is not one of 'real', 'integer', 'boolean'.")
    sizes, value = as_shape(shape, "full"), as_node(fill_value, "full")
    if kind is None:
        return broadcast_to(value, sizes)
    if not isinstance(value, Fill) or value.shape != () or promote(kind, value.kind) != kind:
        raise KindError(
            f"full: the value {fill_value} is {value.kind} of shape {shape_text(value.shape)}, not "
            f"one {kind} number. Leave kind out: it is the value's."
        )
    return fill(value.value, sizes, kind)


def zeros_like(x: Any) -> Node:
    """0 in every entry of the shape and kind of x.

    >>> zeros_like(arange(3)).kind
    'integer'
    """
    return full_like(x, 0)


def ones_like(x: Any) -> Node:
    """1 in every entry of the shape and kind of x.

    >>> ones_like([0.5, 0.25]).shape
    (2,)
    """
    return full_like(x, 1)


def full_like(x: Any, fill_value: float) -> Node:
    """One number in every entry of the shape of x; of the kind of x or a wider one.

    >>> full_like(arange(3), 0.5).kind
    'real'
    """
    node, value = as_node(x, "full_like"), as_node(fill_value, "full_like")
    if isinstance(fill_value, int) and fill_value in (0, 1):
        return fill(fill_value, node.shape, node.kind)
    return full(node.shape, fill_value, promote(node.kind, value.kind))


def arange(start: Any, stop: Any = None, step: float = 1) -> Node:
    """start, start + step, ... before stop; with one argument 0, 1, ..., n - 1.

    Bounds are numbers or sizes; the result is an integer vector when all three are integers.
    Raises ShapeError for step 0.

    >>> arange("N").shape, arange(2, 10, 3).shape, arange(0, 1, 0.25).kind
    ((N,), (3,), 'real')
    """
    first, last = (0, start) if stop is None else (start, stop)
    low, high = _end(first), _end(last)
    if isinstance(step, bool) or not isinstance(step, (int, float)) or step == 0:
        raise ShapeError(f"arange: step {step!r} must be a number other than 0.")
    values = iota(_steps(low, high, step))
    if step != 1:
        values = multiply(step, values)
    if low != 0:
        values = add(fill(low), values)
    real = any(isinstance(number, float) for number in (low, high, step))
    return multiply(1.0, values) if real and values.kind == "integer" else values


def _end(bound: Any) -> Any:
    if isinstance(bound, float) or (isinstance(bound, int) and not isinstance(bound, bool)):
        return bound
    return as_dim(bound, "arange")


def _steps(low: Any, high: Any, step: float) -> Dim:
    if isinstance(low, (int, float)) and isinstance(high, (int, float)):
        exact = all(isinstance(n, int) for n in (low, high, step))
        length = sympy.Rational(high - low, step) if exact else (high - low) / step
        return max(0, math.ceil(length))
    return product([sympy.ceiling(sympy.sympify(high - low) / sympy.sympify(step))])


def eye(n: DimLike, m: DimLike | None = None, k: int = 0) -> Node:
    """1 on the diagonal and 0 elsewhere, n rows and m columns (default n); k moves the diagonal up.

    >>> eye(3).shape, eye(2, 4, k=1).shape
    ((3, 3), (2, 4))
    """
    rows = as_dim(n, "eye")
    columns = rows if m is None else as_dim(m, "eye")
    if k == 0 and same_dim(rows, columns):
        return einsum_node([(0,)], (0, 0), {}, (fill(1, (rows,), "real"),))
    return where(equal(row_numbers(rows, k), iota(columns)), 1.0, 0.0)


def row_numbers(rows: Dim, k: int) -> Node:
    """Row number + k as a column."""
    numbers = reshape_node(iota(rows), (rows, 1))
    return numbers if k == 0 else add(numbers, k)
