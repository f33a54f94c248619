"""Reading and adding by position: slices, windows, lookups, scatters."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from symgraph.onnx.writer import Value, Writer
from symgraph.ops.move import Pull, Push
from symgraph.ops.rows import Affine, Lookup, Row
from symgraph.shapes import Dim, Shape, dim_symbols

__all__ = ["write_pull", "write_push"]


def write_pull(w: Writer, node: Pull) -> Value:
    """x[f(i)], 0 outside of x; axis by axis where each has axes of the result for itself."""
    source = node.args[0]
    x, kind = w.full(source), source.kind
    axes = [_axes(row) for row in node.rows]
    together = [axis for found in axes for axis in found]
    if len(set(together)) == len(together):
        made = _by_axes(w, x, node, axes)
    else:
        places = [_spread(w, _places(w, node, k), axes[k], node.shape) for k in range(len(axes))]
        clipped = [_clipped(w, place, node, k) for k, place in enumerate(places)]
        made = w.op("GatherND", x, _stacked(w, clipped, node.shape))
    inside = _inside(w, node, node.args[0].shape, node.shape)
    if inside is not None:
        made = _masked(w, made, inside, kind)
    return Value(made, kind)


def write_push(w: Writer, node: Push) -> Value:
    """Entries added to zeros at their places; those outside are dropped."""
    source, kind = node.args[0], node.kind
    shape = source.shape
    stored = "integer" if kind == "boolean" else kind
    x = w.full(source, stored)
    inside = _inside(w, node, node.shape, shape)
    if inside is not None:
        x = _masked(w, x, inside, stored)
    if not node.rows:  # all go into one number
        return Value(w.op("ReduceSum", x, keepdims=0), stored)
    axes = [_axes(row) for row in node.rows]
    places = [_spread(w, _places(w, node, k), axes[k], shape) for k in range(len(axes))]
    clipped = [_clipped(w, place, node, k) for k, place in enumerate(places)]
    zeros = w.op("Expand", w.number(0, stored), w.shape(node.shape))
    made = w.op("ScatterND", zeros, _stacked(w, clipped, shape), x, reduction="add")
    return Value(made, stored)


def _masked(w: Writer, x: str, inside: str, kind: str) -> str:
    if kind == "boolean":
        return w.op("And", x, inside)
    return w.op("Where", inside, x, w.number(0, "real" if kind == "real" else "integer"))


def _axes(row: Row) -> tuple[int, ...]:
    """The axes of the small shape that a row runs over, in order."""
    if isinstance(row, Lookup):
        return tuple(sorted(row.axes))
    return tuple(sorted({axis for axis, _ in row.steps}))


def _small(node: Pull | Push) -> Shape:
    """The shape whose entries have a place each."""
    return node.shape if isinstance(node, Pull) else node.args[0].shape


def _large(node: Pull | Push) -> Shape:
    """The shape in which the places lie."""
    return node.args[0].shape if isinstance(node, Pull) else node.shape


def _places(w: Writer, node: Pull | Push, k: int) -> str:
    """The positions of a row along its axes."""
    row, shape = node.rows[k], _small(node)
    if isinstance(row, Lookup):
        given = w.full(node.args[row.operand], "integer")
        order = sorted(range(len(row.axes)), key=row.axes.__getitem__)
        return given if order == sorted(order) else w.op("Transpose", given, perm=order)
    axes = _axes(row)
    if _is_known(row, [shape[axis] for axis in axes]):
        return w.constant(_grid(row, axes, [int(shape[axis]) for axis in axes]))
    made = w.size(row.offset) if axes else w.op("Squeeze", w.size(row.offset), w.integers([0]))
    for axis, step in row.steps:
        along = w.op("Mul", w.span(shape[axis]), w.integers([step]))
        others = [place for place, other in enumerate(axes) if other != axis]
        if others:
            along = w.op("Unsqueeze", along, w.integers(others))
        made = w.op("Add", made, along)
    return made


def _is_known(row: Affine, dims: Sequence[Dim]) -> bool:
    return isinstance(row.offset, int) and all(isinstance(dim, int) for dim in dims)


def _grid(
    row: Affine, axes: Sequence[int], dims: Sequence[int]
) -> np.ndarray[tuple[int, ...], np.dtype[np.int64]]:
    grid = np.ogrid[tuple(slice(dim) for dim in dims)] if dims else []
    at = np.full(tuple(dims), int(row.offset), np.int64)
    for axis, step in row.steps:
        at = at + step * grid[axes.index(axis)]
    return at


def _by_axes(w: Writer, x: str, node: Pull, axes: Sequence[tuple[int, ...]]) -> str:
    """Gather along one axis of x after the other, the last first; then order the new axes."""
    for k in range(len(axes) - 1, -1, -1):
        if not _is_whole(node, k):
            x = _along(w, x, node, k)
    found = [axis for one in axes for axis in one]
    order = sorted(range(len(found)), key=found.__getitem__)
    if order != sorted(order):
        x = w.op("Transpose", x, perm=order)
    missing = [axis for axis in range(node.ndim) if axis not in found]
    if not missing:
        return x
    return w.op("Expand", w.op("Unsqueeze", x, w.integers(missing)), w.shape(node.shape))


def _is_whole(node: Pull, k: int) -> bool:
    """Whether axis k is read from end to end."""
    row = node.rows[k]
    if not isinstance(row, Affine) or row.offset != 0 or len(row.steps) != 1:
        return False
    axis, step = row.steps[0]
    return step == 1 and node.shape[axis] == node.args[0].shape[k]


def _along(w: Writer, x: str, node: Pull, k: int) -> str:
    """Axis k read at its places: a slice where that can be said."""
    row = node.rows[k]
    if isinstance(row, Affine) and len(row.steps) == 1 and not _leaves(node, k):
        axis, step = row.steps[0]
        count = node.shape[axis]
        if isinstance(row.offset, int) and isinstance(count, int) and step > 0 and count > 0:
            ends = (row.offset, row.offset + step * (count - 1) + 1)
            parts = [w.integers([number]) for number in (*ends, k, step)]
            return w.op("Slice", x, *parts)
    return w.op("Gather", x, _clipped(w, _places(w, node, k), node, k), axis=k)


def _leaves(node: Pull | Push, k: int) -> bool:
    """Whether places of row k may lie outside; of a lookup none does."""
    row, size = node.rows[k], _large(node)[k]
    if isinstance(row, Lookup):
        return False
    if _is_free_of_sizes(row, size, node):
        dims = [_small(node)[axis] for axis in _axes(row)]
        if isinstance(size, int) and _is_known(row, dims):
            grid = _grid(row, _axes(row), [int(dim) for dim in dims])
            return bool(grid.size) and not (0 <= grid.min() and grid.max() < size)
    if row.offset != 0 or len(row.steps) != 1:
        return True
    axis, step = row.steps[0]
    return step != 1 or _small(node)[axis] != size


def _is_free_of_sizes(row: Affine, size: Dim, node: Pull | Push) -> bool:
    dims = [size, row.offset, *(_small(node)[axis] for axis in _axes(row))]
    return not dim_symbols([dim for dim in dims if not isinstance(dim, int)])


def _clipped(w: Writer, places: str, node: Pull | Push, k: int) -> str:
    if not _leaves(node, k):
        return places
    top = w.op("Sub", w.size(_large(node)[k]), w.integers([1]))
    top = w.op("Squeeze", top, w.integers([0]))
    zero = w.constant(np.array(0, np.int64))
    return w.op("Min", w.op("Max", places, zero), top)


def _inside(w: Writer, node: Pull | Push, large: Shape, small: Shape) -> str | None:
    """Which entries have a place inside; None where all do."""
    found: str | None = None
    for k, row in enumerate(node.rows):
        if not _leaves(node, k):
            continue
        places = _places(w, node, k)
        above = w.op("GreaterOrEqual", places, w.constant(np.array(0, np.int64)))
        size = w.op("Squeeze", w.size(large[k]), w.integers([0]))
        fits = w.op("And", above, w.op("Less", places, size))
        others = [axis for axis in range(len(small)) if axis not in _axes(row)]
        if others:
            fits = w.op("Unsqueeze", fits, w.integers(others))
        found = fits if found is None else w.op("And", found, fits)
    return found


def _spread(w: Writer, places: str, axes: Sequence[int], shape: Shape) -> str:
    """Positions along some axes, beside axes of one entry for the others."""
    others = [axis for axis in range(len(shape)) if axis not in axes]
    return w.op("Unsqueeze", places, w.integers(others)) if others else places


def _stacked(w: Writer, places: Sequence[str], shape: Shape) -> str:
    """The positions of every entry as the last axis."""
    full = w.shape(shape)
    last = w.integers([len(shape)])
    parts = [w.op("Unsqueeze", w.op("Expand", place, full), last) for place in places]
    return w.op("Concat", *parts, axis=len(shape))
