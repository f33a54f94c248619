"""How far the rows of a Pull or a Push reach, as far as sizes tell before they are numbers."""

from __future__ import annotations

from typing import Any

import sympy

from symgraph.node import Node
from symgraph.ops.leaves import Iota
from symgraph.ops.reduce import Reduce
from symgraph.ops.rows import Affine, Row
from symgraph.shapes import Dim, Shape, product

__all__ = ["ends", "is_inside", "is_nonnegative", "is_position", "positive"]


def ends(row: Affine, shape: Shape) -> tuple[Any, Any]:
    """The first and the last position that a row reads."""
    first: Any = row.offset
    last: Any = row.offset
    for axis, step in row.steps:
        reach = step * (shape[axis] - 1)
        first, last = (first, last + reach) if step > 0 else (first + reach, last)
    return first, last


def is_inside(row: Row, shape: Shape, size: Dim) -> bool:
    """Whether all positions of a row surely lie inside of an axis; lookups are tested by data."""
    if not isinstance(row, Affine):
        return True
    first, last = ends(row, shape)
    return is_nonnegative(first) and is_nonnegative(size - 1 - last)


def is_nonnegative(dim: Any) -> bool:
    """Whether a size is surely no less than 0."""
    if isinstance(dim, int):
        return dim >= 0
    return bool(sympy.expand(dim).is_nonnegative)


def positive(dim: Any) -> Dim:
    """A size, or 0 where it is negative."""
    if isinstance(dim, int):
        return max(dim, 0)
    found = sympy.Max(0, sympy.expand(dim))
    return int(found) if found.is_Integer else found


def is_position(index: Node, size: Dim) -> bool:
    """Whether an index surely lies inside of an axis."""
    if type(index) is Reduce and index.operation == "argmax":
        return product(index.args[0].shape[a] for a in index.axes) == size
    return type(index) is Iota and index.shape == (size,)
