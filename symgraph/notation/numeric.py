"""The value of a formula for given values of its names: what a printed line says, in numbers.

Independent of the nodes that the formula was read from: columns are (n, 1), rows (1, n), a product
is the matrix product, ⊙ repeats the smaller side. A derivation holds this against the node's own
value before it prints a line.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from functools import singledispatch
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np
import sympy
from numpy.typing import NDArray

from symgraph.abstract import abstract
from symgraph.errors import ShapeError, UnknownNameError, UnsupportedError
from symgraph.notation import indexed
from symgraph.notation.indexed import Entry, Index, Inside, Over, Place, Places, Quotient, Remainder
from symgraph.notation.sequences import OrderedProduct, OverTime, Series, Side, Timed, all_times
from symgraph.notation.tree import (
    Apply,
    Call,
    Derivative,
    Dot,
    Formula,
    Hadamard,
    Identity,
    Indicator,
    Inverse,
    Logical,
    MatrixPower,
    Name,
    Norm,
    Number,
    OneHot,
    Ones,
    Plain,
    Power,
    Product,
    Ranged,
    Relation,
    Sort,
    Sum,
    Symbolic,
    Transpose,
)
from symgraph.scalar import functions, slot
from symgraph.shapes import bind_dim
from symgraph.template import template

__all__ = ["value"]

Array = NDArray[Any]


def _diagonal(x: NDArray[Any]) -> NDArray[Any]:
    """The diagonal matrix of a column, or the diagonal of a matrix; a number is its own."""
    if x.ndim < 2:
        return x
    return np.diag(x[:, 0]) if x.shape[1] == 1 else np.diag(x)[:, None]


def _sign(x: NDArray[Any], at_zero: Any = 0.0) -> NDArray[Any]:
    return np.asarray(np.where(x == 0, at_zero, np.sign(x)))


_NUMPY: dict[str, Any] = {
    "exp": np.exp, "log": np.log, "sin": np.sin, "cos": np.cos, "tan": np.tan, "tanh": np.tanh,
    "sinh": np.sinh, "cosh": np.cosh, "asin": np.arcsin, "acos": np.arccos, "atan": np.arctan,
    "abs": np.abs, "sign": _sign, "floor": np.floor, "ceil": np.ceil, "det": np.linalg.det,
    "trace": np.trace, "kron": np.kron, "max": np.maximum, "min": np.minimum,
    "sigmoid": lambda x: 1 / (1 + np.exp(-x)),
    "softplus": lambda x: np.logaddexp(x, 0),
    "relu": lambda x: np.where(x > 0, x, 0.0),
    "logdet": lambda x: np.linalg.slogdet(x)[1],
    "stop_gradient": lambda x: x,
    "diag": _diagonal,
    "where": np.where,
}  # fmt: skip
_REDUCTIONS: dict[str, Any] = {
    "sum": np.sum, "prod": np.prod, "max": np.max, "argmax": np.argmax,
    "logsumexp": np.logaddexp.reduce,
}  # fmt: skip
_COMPARE: dict[str, Any] = {
    "<": np.less, "<=": np.less_equal, ">": np.greater, ">=": np.greater_equal, "==": np.equal,
    "!=": np.not_equal,
}  # fmt: skip
_JOIN: dict[str, Any] = {
    "and": np.logical_and, "or": np.logical_or, "not": np.logical_not
}  # fmt: skip


class _Given(NamedTuple):
    names: Mapping[str, Any]
    dims: Mapping[sympy.Symbol, int]
    # The values of indices, the innermost along the first axis.
    indices: Mapping[str, Array] = MappingProxyType({})


def value(formula: Formula, names: Mapping[str, Any], dims: Mapping[sympy.Symbol, int]) -> Array:
    """The formula's value: () for a number, (n, 1) for a column, (1, n) for a row.

    `names` gives arrays as NumPy has them (vectors of one axis), `dims` the sizes.
    A repeated value may come out with axes of size 1.
    Raises UnknownNameError for a name without a value.

    >>> from symgraph.notation.tree import Name, Product, Transpose
    >>> delta, x = Name("δ", "column"), Name("x", "column")
    >>> value(Product(1, (delta, Transpose(x))), {"δ": [1.0, 2.0], "x": [3.0, 4.0]}, {}).tolist()
    [[3.0, 4.0], [6.0, 8.0]]
    """
    with np.errstate(all="ignore"):
        return _value(formula, _Given(names, dims))


def _laid(array: Any, sort: Sort) -> Array:
    """An array as a column, a row or a number where it is one."""
    given = np.asarray(array)
    if sort == "column" and given.ndim == 1:
        return given[:, None]
    if sort == "row" and given.ndim == 1:
        return given[None, :]
    if sort == "scalar" and given.size == 1:
        return given.reshape(())
    return given


@singledispatch
def _value(formula: Formula, given: _Given) -> Array:
    raise UnsupportedError(f"{type(formula).__name__} has no value of its own.")


@_value.register
def _(formula: Number, given: _Given) -> Array:
    return np.asarray(float(formula.value))


@_value.register
def _(formula: Symbolic, given: _Given) -> Array:
    expr = formula.expr
    sizes = {s: sympy.Integer(bind_dim(s, given.dims)) for s in expr.free_symbols}
    return np.asarray(float(expr.xreplace(sizes)))


@_value.register
def _(formula: Name, given: _Given) -> Array:
    if formula.name not in given.names:
        raise UnknownNameError(f"name {formula.name!r} has no value; give one.")
    found = given.names[formula.name]
    known = isinstance(found, (np.ndarray, np.generic, list, tuple, int, float))
    return _laid(found, formula.kind) if known else found  # a loop is no array


@_value.register
def _(formula: Timed, given: _Given) -> Array:
    letter, offset = formula.at
    now = given.names.get(letter, 0) if letter else 0
    series = given.names.get(formula.name)
    if isinstance(now, range) or not isinstance(series, Series):
        raise UnknownNameError(f"{formula.name!r} at time {letter}{offset:+d} has no value.")
    found = series.at(int(now) + offset)
    if found is None:
        raise UnknownNameError(f"{formula.name!r} has no value at time {int(now) + offset}.")
    return _laid(found, formula.kind)


@_value.register
def _(formula: OverTime, given: _Given) -> Array:
    total: Any = 0.0
    times = given.names.get(all_times(formula.letter), given.names.get(formula.letter))
    if not isinstance(times, range):
        raise UnknownNameError(f"the sum over {formula.letter!r} has no range; give one.")
    for now in times:
        names = {**given.names, formula.letter: now}
        total = total + _value(formula.x, given._replace(names=names))
    return np.asarray(total)


@_value.register
def _(formula: OrderedProduct, given: _Given) -> Array:
    start, stop = (
        (int(given.names[time.letter]) if time.letter else 0) + time.offset
        for time in (formula.start, formula.stop)
    )
    step = 1 if start < stop else -1
    result: Any = None
    for now in range(start, stop + step, step):
        one = _value(formula.x, given._replace(names={**given.names, formula.letter: now}))
        result = one if result is None else result * one if one.ndim == 0 else result @ one
    return np.asarray(result)


@_value.register
def _(formula: Side, given: _Given) -> Array:
    down = formula.kind == "column" or formula.stacked
    parts = [np.atleast_2d(_value(x, given)) for x in formula.items]
    return np.concatenate(parts, axis=0 if down else 1)


@_value.register
def _(formula: Ones, given: _Given) -> Array:
    n = bind_dim(formula.length, given.dims)
    return np.ones((n, 1) if formula.kind == "column" else (1, n))


@_value.register
def _(formula: Identity, given: _Given) -> Array:
    return np.eye(bind_dim(formula.length, given.dims))


@_value.register
def _(formula: Sum, given: _Given) -> Array:
    total = _value(formula.terms[0], given) * 1
    for term in formula.terms[1:]:
        total = total + _value(term, given)
    return np.asarray(total)


@_value.register
def _(formula: Product, given: _Given) -> Array:
    number: Any = float(formula.coefficient)
    chain: Array | None = None
    for factor in formula.factors:
        one = _value(factor, given)
        if factor.sort == "scalar":
            number = number * one
        else:
            chain = one if chain is None else chain @ one
    for factor in formula.over:
        number = number / _value(factor, given)
    if chain is None:
        return np.asarray(number)
    if formula.sort == "scalar":
        chain = chain.reshape(())
    return np.asarray(number * chain)


@_value.register
def _(formula: Hadamard, given: _Given) -> Array:
    result: Any = 1.0
    for factor in formula.factors:
        result = result * _value(factor, given)
    for factor in formula.over:
        result = result / _value(factor, given)
    return np.asarray(result)


@_value.register
def _(formula: Power, given: _Given) -> Array:
    base = np.asarray(_value(formula.base, given), dtype=float)
    return np.asarray(base ** _value(formula.exponent, given))


@_value.register
def _(formula: Transpose, given: _Given) -> Array:
    return _value(formula.x, given).T


@_value.register
def _(formula: Inverse, given: _Given) -> Array:
    return np.linalg.inv(_value(formula.x, given))


@_value.register
def _(formula: MatrixPower, given: _Given) -> Array:
    return np.asarray(np.linalg.matrix_power(_value(formula.base, given), formula.exponent))


@_value.register
def _(formula: Dot, given: _Given) -> Array:
    left, right = (_value(x, given).ravel() for x in (formula.left, formula.right))
    return np.asarray(left @ right)


@_value.register
def _(formula: Norm, given: _Given) -> Array:
    return np.asarray(np.sum(_value(formula.x, given) ** 2))


@_value.register
def _(formula: Call, given: _Given) -> Array:
    args = [_value(arg, given) for arg in formula.args]
    if formula.head == "softmax":
        return _softmax(args[0], formula.axis)
    if formula.head in _REDUCTIONS and len(args) == 1:
        return _reduced(formula, args[0])
    if formula.head in ("max", "min"):
        return np.asarray(functools.reduce(_NUMPY[formula.head], args))
    if formula.head == "diag" and formula.args[0].sort in ("column", "row"):
        return np.diag(args[0].ravel())
    if formula.head in _NUMPY:
        return np.asarray(_NUMPY[formula.head](*args))
    if formula.head in functions:
        body = functions[formula.head](*(slot(k) for k in range(len(args))))
        return np.asarray(template(body, len(args)).evaluate(args))
    raise UnsupportedError(f"function {formula.head!r} has no value here.")


def _softmax(x: Array, axis: int | None) -> Array:
    raised = np.exp(x - np.max(x, axis=axis, keepdims=True))
    return np.asarray(raised / np.sum(raised, axis=axis, keepdims=True))


def _reduced(formula: Call, x: Array) -> Array:
    if formula.axis is None:
        return np.asarray(_REDUCTIONS[formula.head](x.ravel(), axis=0))
    result = _REDUCTIONS[formula.head](x, axis=formula.axis)
    return _laid(result, formula.kind)


@_value.register
def _(formula: Apply, given: _Given) -> Array:
    count = len(formula.args)
    body = abstract(formula.function, formula.orders)(*(slot(k) for k in range(count)))
    args = [_value(arg, given) for arg in formula.args]
    return np.asarray(template(body, count).evaluate(args))


@_value.register
def _(formula: Ranged, given: _Given) -> Array:
    return _value(formula.x, given)


@_value.register
def _(formula: OneHot, given: _Given) -> Array:
    ids = np.asarray(_value(formula.ids, given), dtype=int).ravel()
    hot = np.eye(bind_dim(formula.length, given.dims))[ids]
    return np.asarray(hot.T if formula.kind == "column" else hot)


@_value.register
def _(formula: Relation, given: _Given) -> Array:
    left, right = _value(formula.left, given), _value(formula.right, given)
    return np.asarray(_COMPARE[formula.operator](left, right))


@_value.register
def _(formula: Logical, given: _Given) -> Array:
    result, *rest = [_value(arg, given).astype(bool) for arg in formula.args]
    if formula.operator == "not":
        return np.asarray(~result)
    for other in rest:
        result = _JOIN[formula.operator](result, other)
    return np.asarray(result)


@_value.register
def _(formula: Indicator, given: _Given) -> Array:
    return np.asarray(_value(formula.condition, given), dtype=bool) * 1


@_value.register
def _(formula: Derivative, given: _Given) -> Array:
    raise UnsupportedError("a derivative is a name here; give the formula behind it.")


@_value.register
def _(formula: Plain, given: _Given) -> Array:
    raw = _as_arrays(formula, [_value(arg, given) for arg in formula.args], given)
    found = formula.node.evaluate(given.dims, *raw)
    return found if formula.node.is_loop else _laid(found, formula.kind)


def _as_arrays(formula: Plain, args: Sequence[Any], given: _Given) -> list[Any]:
    """Operands with the axes that the node gives them; a loop is handed on as it is."""
    raw: list[Any] = []
    for node, arg in zip(formula.node.args, args, strict=True):
        if node.is_loop:
            raw.append(arg)
            continue
        shape = tuple(bind_dim(size, given.dims) for size in node.shape)
        flat = arg.reshape(-1) if len(shape) == 1 and arg.size > 1 else arg
        array = np.broadcast_to(flat if flat.size > 1 or not shape else flat.reshape(-1)[:1], shape)
        if node.kind != "real":
            array = array.astype(bool if node.kind == "boolean" else np.int64)
        raw.append(array)
    return raw


# --- indices ------------------------------------------------------------------------------------

_OVER: dict[str, Any] = {
    "sum": np.sum, "prod": np.prod, "max": np.max, "min": np.min, "argmax": np.argmax
}  # fmt: skip


def _within(given: _Given, indices: Sequence[Index]) -> tuple[_Given, tuple[int, ...]]:
    """What is given inside of a sum over indices: each runs along a new axis in front."""
    values = dict(given.indices)
    depth = max((array.ndim for array in values.values()), default=0)
    sizes: list[int] = []
    for index in reversed(indices):
        n = bind_dim(index.length, given.dims)
        depth += 1
        values[index.letter] = np.arange(n).reshape(n, *(1,) * (depth - 1))
        sizes.insert(0, n)
    return given._replace(indices=values), tuple(sizes)


def _on_grid(body: Array, sizes: tuple[int, ...], given: _Given) -> Array:
    """The body with all axes of the indices, those of `sizes` in front."""
    outer = max((array.ndim for array in given.indices.values()), default=0)
    shape = np.broadcast_shapes(body.shape, (*sizes, *(1,) * outer))
    return np.broadcast_to(body, shape)


@_value.register
def _(formula: Index, given: _Given) -> Array:
    if formula.letter not in given.indices:
        raise UnknownNameError(f"index {formula.letter!r} stands outside of its sum.")
    return given.indices[formula.letter]


@_value.register
def _(formula: Place, given: _Given) -> Array:
    total: Any = bind_offset(formula.offset, given.dims)
    for step, atom in zip(formula.steps, formula.atoms, strict=True):
        total = total + step * np.asarray(_value(atom, given))
    return np.asarray(total)


def bind_offset(offset: Any, dims: Mapping[sympy.Symbol, int]) -> int:
    """A size that may be negative."""
    if isinstance(offset, int):
        return offset
    sizes = {s: sympy.Integer(bind_dim(s, dims)) for s in offset.free_symbols}
    return int(offset.xreplace(sizes))


@_value.register
def _(formula: Inside, given: _Given) -> Array:
    position = _value(formula.position, given)
    return ((position >= 0) & (position < bind_dim(formula.length, given.dims))) * 1


@_value.register
def _(formula: Quotient, given: _Given) -> Array:
    return np.asarray(_value(formula.x, given) // formula.by)


@_value.register
def _(formula: Remainder, given: _Given) -> Array:
    return np.asarray(_value(formula.x, given) % formula.by)


@_value.register
def _(formula: Places, given: _Given) -> Array:
    """The place in the list of all places, -1 outside of the axes."""
    flat, inside = np.asarray(0), np.asarray(True)
    for at, length in zip(formula.at, formula.lengths, strict=True):
        place, size = np.asarray(_value(at, given)), bind_dim(length, given.dims)
        flat, inside = flat * size + place, inside & (place >= 0) & (place < size)
    return np.where(inside, flat, -1)


@_value.register
def _(formula: Entry, given: _Given) -> Array:
    bare = given._replace(indices=MappingProxyType({}))
    found = given.names.get(formula.base.name) if isinstance(formula.base, Name) else None
    if found is None or isinstance(found, Series):
        base = _value(formula.base, bare)
    else:
        base = np.asarray(found)
    if base.ndim == 2 and len(formula.at) == 1:
        base = base.reshape(-1)
    if base.ndim != len(formula.at):
        raise ShapeError(f"an entry of {base.ndim} axes is asked for at {len(formula.at)} places.")
    places: list[Array] = []
    inside: Any = np.asarray(True)
    for at, size in zip(formula.at, base.shape, strict=True):
        place = np.asarray(_value(at, given)).astype(np.int64)
        inside = inside & (place >= 0) & (place < size)
        places.append(np.clip(place, 0, max(size - 1, 0)))
    if base.size == 0:
        return np.zeros(np.broadcast_shapes(*(p.shape for p in places)))
    return np.where(inside, base[tuple(places)], np.zeros((), base.dtype))


@_value.register
def _(formula: Over, given: _Given) -> Array:
    inner, sizes = _within(given, formula.indices)
    grid = _on_grid(_value(formula.body, inner), sizes, given)
    if formula.head == "argmax":
        flat = grid.reshape(-1, *grid.shape[len(sizes) :])
        return np.asarray(np.argmax(flat, axis=0))
    return np.asarray(_OVER[formula.head](grid, axis=tuple(range(len(sizes)))))


@_value.register
def _(formula: indexed.Array, given: _Given) -> Array:
    inner, sizes = _within(given._replace(indices=MappingProxyType({})), formula.indices)
    grid = _on_grid(_value(formula.body, inner), sizes, inner._replace(indices={}))
    return _laid(grid, formula.kind)
