"""Values of formulas: numbers, columns (n, 1), rows (1, n), matrices and tensors.

The ones 𝟏 and the identity I get their sizes from what stands beside them: until then they are
open values, which know how to become an array of any size.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from symgraph.errors import SymgraphError
from symgraph.readback.names import Given, Sort

__all__ = [
    "MeaningError",
    "Open",
    "Undetermined",
    "Value",
    "constant",
    "entrywise",
    "kron",
    "laid",
    "multiplied",
    "number",
    "settled",
    "sized",
    "transposed",
    "tried",
]

Array = NDArray[Any]
Extent = int | None
_LONG: dict[Sort, tuple[bool, bool]] = {
    "number": (False, False), "column": (True, False), "row": (False, True), "matrix": (True, True)
}  # fmt: skip
_SORT: dict[tuple[bool, bool], Sort] = {long: sort for sort, long in _LONG.items()}
_ARTICLE = {"number": "a number", "column": "a column", "row": "a row", "matrix": "a matrix",
            "tensor": "a tensor"}  # fmt: skip


class MeaningError(SymgraphError, ValueError):
    """A formula that says nothing: a product of shapes that do not fit, a size that is open."""


class Undetermined(MeaningError):
    """A formula whose value is not known here: a name without a value, a size that stays open."""


@dataclass(frozen=True, slots=True)
class Value:
    """An array and what it is."""

    sort: Sort
    array: Array


@dataclass(frozen=True, slots=True)
class Open:
    """A value some of whose sizes are not known yet; `square` means that they are equal."""

    sort: Sort
    rows: Extent
    columns: Extent
    make: Callable[[int, int], Array]
    square: bool = False

    def sized(self, rows: Extent, columns: Extent) -> Value | Open:
        """With the sizes that are known now."""
        r, c = _one(self.rows, rows), _one(self.columns, columns)
        if self.square:
            r = c = _one(r, c)
        if r is None or c is None:
            return Open(self.sort, r, c, self.make, self.square)
        return Value(self.sort, np.asarray(self.make(r, c)))


def _one(a: Extent, b: Extent) -> Extent:
    if a is not None and b is not None and a != b:
        raise MeaningError(f"sizes {a} and {b} do not fit")
    return b if a is None else a


def number(value: Any) -> Value:
    """A number; with index letters one for each of their values."""
    return Value("number", np.asarray(value, dtype=float))


def constant(sort: Sort, rows: Extent, columns: Extent, square: bool = False) -> Value | Open:
    """Ones, or with `square` the identity."""
    make = (lambda r, c: np.eye(r)) if square else (lambda r, c: np.ones((r, c)))
    return Open(sort, rows, columns, make, square).sized(None, None)


def laid(given: Given) -> Value:
    """A NumPy array as the column, row or matrix that it stands for."""
    array = np.asarray(given.array)
    if array.dtype.kind != "b":
        array = array.astype(float)
    if given.sort in ("column", "row") and array.ndim < 2:
        array = array.reshape((-1, 1) if given.sort == "column" else (1, -1))
    if given.sort == "number" and array.size == 1:
        array = array.reshape(())
    return Value(given.sort, array)


def _name(x: Value | Open) -> str:
    shape = (x.rows, x.columns) if isinstance(x, Open) else x.array.shape
    sizes = " × ".join("?" if size is None else str(size) for size in shape)
    return f"{_ARTICLE[x.sort]} ({sizes})" if x.sort != "number" else "a number"


def settled(x: Value | Open) -> Value:
    """A value whose sizes are all known."""
    if isinstance(x, Open):
        raise Undetermined(f"the size of {_ARTICLE[x.sort]} does not follow from what is beside it")
    return x


def sized(x: Open, like: Value) -> Value | Open:
    """An open value with the sizes of another one; a number is a single entry."""
    if like.sort == "number" and not like.array.ndim:
        return x.sized(1, 1)
    if like.sort == "tensor" or like.array.ndim != 2:
        raise MeaningError(f"{_ARTICLE[x.sort]} where {_ARTICLE[like.sort]} is meant")
    return x.sized(like.array.shape[0], like.array.shape[1])


#: Sizes for two values of which nothing tells the size.
_ANY = 3


def tried(x: Open) -> Value:
    """An open value at some size: two of them that differ there are different."""
    return settled(x.sized(x.rows or _ANY, x.columns or _ANY))


def _extents(x: Value | Open) -> tuple[Extent, Extent]:
    if isinstance(x, Open):
        return x.rows, x.columns
    rows, columns = x.array.shape
    return rows, columns


def joined(sorts: list[Sort]) -> Sort:
    """The sort of an entrywise operation: the smaller operand is repeated."""
    if "tensor" in sorts:
        return "tensor"
    return _SORT[any(_LONG[s][0] for s in sorts), any(_LONG[s][1] for s in sorts)]


def entrywise(operation: Callable[..., Any], *xs: Value | Open) -> Value | Open:
    """An operation on each entry; a row or a column beside a matrix stands for all of its own."""
    sort = joined([x.sort for x in xs])
    if sort == "number":
        return _of_numbers(operation, [settled(x).array for x in xs])
    if sort == "tensor":
        return _of_tensors(operation, [settled(x) for x in xs])
    rows = _common([x for x in xs if _LONG[x.sort][0]], 0)
    columns = _common([x for x in xs if _LONG[x.sort][1]], 1)
    sized = [_fitted(x, rows, columns) for x in xs]
    arrays = [x.array for x in sized if isinstance(x, Value)]
    if len(arrays) == len(sized):
        for x, array in zip(xs, arrays, strict=True):
            if x.sort == "number" and array.ndim:
                raise MeaningError("an index letter stands beside a whole vector or matrix")
        return Value(sort, np.asarray(operation(*arrays)))
    square = any(isinstance(x, Open) and x.square for x in sized)

    def make(r: int, c: int) -> Array:
        made = [settled(_fitted(x, r, c)).array for x in sized]
        return np.broadcast_to(np.asarray(operation(*made)), (r, c))

    r = rows if _LONG[sort][0] else 1
    c = columns if _LONG[sort][1] else 1
    return Open(sort, r, c, make, square and sort == "matrix")


def _of_numbers(operation: Callable[..., Any], arrays: list[Array]) -> Value:
    try:
        return Value("number", np.asarray(operation(*arrays)))
    except ValueError as error:
        raise MeaningError("an index has two ranges in one product or sum") from error


def _common(xs: list[Value | Open], axis: int) -> Extent:
    size: Extent = None
    for x in xs:
        own = _extents(x)[axis]
        if own is not None and size is not None and own != size:
            shown = " and ".join(_name(one) for one in xs)
            raise MeaningError(f"{shown} do not fit entry by entry")
        size = own if size is None else size
    return size


def _fitted(x: Value | Open, rows: Extent, columns: Extent) -> Value | Open:
    if not isinstance(x, Open):
        return x
    return x.sized(rows if _LONG[x.sort][0] else 1, columns if _LONG[x.sort][1] else 1)


def _of_tensors(operation: Callable[..., Any], xs: list[Value]) -> Value:
    """As NumPy repeats arrays: a vector lies along the last axis."""
    arrays = [x.array.ravel() if x.sort in ("column", "row") else x.array for x in xs]
    try:
        return Value("tensor", np.asarray(operation(*arrays)))
    except ValueError as error:
        raise MeaningError("tensors of different shapes meet entry by entry") from error


def transposed(x: Value | Open) -> Value | Open:
    """Rows for columns."""
    if x.sort == "tensor":
        raise MeaningError("a tensor has no transpose")
    rows, columns = _LONG[x.sort]
    sort = _SORT[columns, rows]
    if isinstance(x, Open):
        return Open(sort, x.columns, x.rows, lambda r, c: x.make(c, r).T, x.square)
    return x if x.sort == "number" else Value(sort, x.array.T)


def multiplied(a: Value | Open, b: Value | Open) -> Value | Open:
    """The product of two neighbours: matrix product, or a number times anything."""
    if a.sort == "number" or b.sort == "number":
        return entrywise(np.multiply, a, b)
    if "tensor" in (a.sort, b.sort):
        raise MeaningError("a tensor stands in a matrix product")
    if _LONG[a.sort][1] != _LONG[b.sort][0]:
        raise MeaningError(f"{_name(a)} times {_name(b)} is no product")
    sort = _SORT[_LONG[a.sort][0], _LONG[b.sort][1]]
    inner, inner_too = _extents(a)[1], _extents(b)[0]
    if inner is not None and inner_too is not None and inner != inner_too:
        raise MeaningError(f"{_name(a)} times {_name(b)} is no product")
    inner = inner_too if inner is None else inner
    left = a.sized(None, inner) if isinstance(a, Open) else a
    right = b.sized(inner, None) if isinstance(b, Open) else b
    if isinstance(left, Value) and isinstance(right, Value):
        found = left.array @ right.array
        return Value(sort, found.reshape(()) if sort == "number" else found)
    if inner is None and not _is_identity(left) and not _is_identity(right):
        raise Undetermined("the size over which a product sums does not follow from anything")

    def make(r: int, c: int) -> Array:
        one = left.sized(r, r if left.square else inner) if isinstance(left, Open) else left
        two = right.sized(c if right.square else inner, c) if isinstance(right, Open) else right
        return np.asarray(settled(one).array @ settled(two).array)

    return Open(
        sort,
        _extents(left)[0],
        _extents(right)[1],
        make,
        _is_identity(left) and _is_identity(right),
    ).sized(None, None)


def _is_identity(x: Value | Open) -> bool:
    return isinstance(x, Open) and x.square


def kron(a: Value | Open, b: Value | Open) -> Value | Open:
    """The Kronecker product."""
    left, right = settled(a), settled(b)
    sort = left.sort if left.sort == right.sort else "matrix"
    if left.sort == "number" or right.sort == "number":
        return multiplied(left, right)
    return Value(sort, np.kron(left.array, right.array))
