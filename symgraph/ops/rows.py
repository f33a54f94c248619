"""Where a Pull reads and a Push adds: a row for each axis of the larger side."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import sympy

from symgraph.errors import RangeError
from symgraph.node import Node
from symgraph.shapes import Dim, Shape, bind_dim, bind_shape

__all__ = [
    "Affine",
    "Lookup",
    "Row",
    "axes_of",
    "batched_rows",
    "check_positions",
    "identity_row",
    "positions",
    "symbolic_positions",
]


class Affine(NamedTuple):
    """Reads position offset + sum of step * i[axis]; outside of the source the value is 0.

    With `checked` a position outside raises RangeError: x[2] of an axis whose size N is 1.
    """

    offset: Dim
    steps: tuple[tuple[int, int], ...]  # (axis of the result, step)
    checked: bool = False


class Lookup(NamedTuple):
    """Reads the position that integer operand `operand` holds at i[axes]."""

    operand: int
    axes: tuple[int, ...]


Row = Affine | Lookup


def identity_row(axis: int) -> Affine:
    """Axis of the source = axis of the result."""
    return Affine(0, ((axis, 1),))


def positions(
    rows: Sequence[Row], out: tuple[int, ...], sizes: tuple[int, ...], lookups: Sequence[Any],
    dims: Mapping[sympy.Symbol, int],
) -> tuple[list[Any], Any]:  # fmt: skip
    """Source positions, broadcastable to `out`, and where all of them lie inside."""
    grid = np.ogrid[tuple(slice(n) for n in out)] if out else []
    inside: Any = np.ones((1,) * len(out), dtype=bool)
    places: list[Any] = []
    for row, size in zip(rows, sizes, strict=True):
        if isinstance(row, Lookup):
            given = np.asarray(lookups[row.operand - 1])
            check_lookup(given, size)
            spread = [out[a] if a in row.axes else 1 for a in range(len(out))]
            order = sorted(range(len(row.axes)), key=row.axes.__getitem__)
            places.append(np.transpose(given, order).reshape(spread))
            continue
        offset = row.offset if isinstance(row.offset, int) else _signed(row.offset, dims)
        at: Any = np.full((1,) * len(out), offset)
        for axis, step in row.steps:
            at = at + step * grid[axis]
        fits = (at >= 0) & (at < size)
        if row.checked and 0 not in out and not fits.all():
            raise _outside(int(at[~fits][0]), size)
        inside = inside & fits
        places.append(np.clip(at, 0, max(size - 1, 0)))
    return places, inside


def check_positions(node: Node, dims: Mapping[sympy.Symbol, int]) -> None:
    """Raise RangeError where a Pull reads a checked position outside of its operand."""
    out, sizes = bind_shape(node.shape, dims), bind_shape(node.args[0].shape, dims)
    for row, size in zip(node.params[1], sizes, strict=True):
        if isinstance(row, Lookup) or not row.checked or 0 in out:
            continue
        offset = row.offset if isinstance(row.offset, int) else _signed(row.offset, dims)
        ends = [step * (out[axis] - 1) for axis, step in row.steps]
        low, high = (offset + sum(pick(0, end) for end in ends) for pick in (min, max))
        if low < 0 or high >= size:
            raise _outside(low if low < 0 else high, size)


def _outside(position: int, size: int) -> RangeError:
    return RangeError(
        f"slice: position {position} is outside 0..{size - 1}. Give data with more entries along "
        "the axis, or an index inside of it."
    )


def _signed(offset: Any, dims: Mapping[sympy.Symbol, int]) -> int:
    return int(offset.xreplace({s: sympy.Integer(bind_dim(s, dims)) for s in offset.free_symbols}))


def check_lookup(given: Any, size: int) -> None:
    """Raise RangeError naming the first index outside 0..size-1 and its position."""
    if given.size and (given.min() < 0 or given.max() >= size):
        first = np.argwhere((given < 0) | (given >= size))[0]
        place = tuple(int(i) for i in first)
        raise RangeError(
            f"lookup: index {int(given[place])} at position {place} is outside 0..{size - 1}. "
            "Give indices from 0 up to the size of the axis minus one."
        )


def batched_rows(rows: Sequence[Row], flags: Sequence[bool]) -> list[Row]:
    """The rows when a leading axis joins the indexed side."""
    moved: list[Row] = []
    for row in rows:
        if isinstance(row, Affine):
            moved.append(row._replace(steps=tuple((axis + 1, step) for axis, step in row.steps)))
        else:
            axes = tuple(axis + 1 for axis in row.axes)
            moved.append(Lookup(row.operand, (0, *axes) if flags[row.operand] else axes))
    return moved


def symbolic_positions(
    rows: Sequence[Row], sizes: Shape, index: Sequence[Any],
    read: Callable[[int, Sequence[Any]], Any],
) -> tuple[tuple[Any, ...], Any]:  # fmt: skip
    """Source positions as formulas of an index, and where they lie inside; () where nowhere."""
    places: list[Any] = []
    inside: Any = True
    for row, size in zip(rows, sizes, strict=True):
        if isinstance(row, Lookup):
            places.append(read(row.operand, tuple(index[a] for a in row.axes)))
            continue
        at = sympy.sympify(row.offset) + sum(step * index[axis] for axis, step in row.steps)
        for condition in (at >= 0, at < size):
            if condition == False:  # noqa: E712 - SymPy's false
                return (), False
            if condition != True:  # noqa: E712 - SymPy's true
                inside = condition if inside is True else sympy.And(inside, condition)
        places.append(at)
    return tuple(places), inside


def axes_of(row: Row) -> tuple[int, ...]:
    """The axes of the small side that a row depends on."""
    return row.axes if isinstance(row, Lookup) else tuple(axis for axis, _ in row.steps)
