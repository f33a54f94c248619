"""What emitted code for any library of arrays calls; the source of each used function is emitted.

The library is a namespace `xp` of the array API standard. Nothing is written in place, and places
that do not depend on data are computed by NumPy beforehand.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from array_api_compat import (
    device,
    is_cupy_array,
    is_jax_array,
    is_numpy_array,
    is_torch_array,
)


def check_index(xp: Any, index: Any, size: int, name: str) -> None:
    """Raise IndexError where an index lies outside 0..size-1; traced arrays are not looked at."""
    try:
        outside = bool(xp.any((index < 0) | (index >= size)))
    except TypeError:  # an array without values: its program is being recorded
        return
    if outside:
        raise IndexError(
            f"{name}: an index is outside 0..{size - 1}. Give indices from 0 up to the size of "
            "the axis minus one."
        )


def places(xp: Any, like: Any, shape: Any, sizes: Any, rows: Any, indices: Any) -> Any:
    """Flat positions in an array of these sizes for all entries of a shape, and which lie inside.

    `rows` holds (offset, ((axis, step), ...)) or, for an axis addressed by the next of `indices`,
    the axes of the shape that this index array has. The second result is None when all do.
    """
    grid = np.ogrid[tuple(slice(n) for n in shape)] if shape else ()
    base: Any = np.zeros((1,) * len(shape), np.int64)
    inside: Any = np.ones((1,) * len(shape), bool)
    moved: list[Any] = []
    given = iter(indices)
    for k, (size, (kind, row)) in enumerate(zip(sizes, rows, strict=True)):
        stride = math.prod(sizes[k + 1 :])
        if kind == "index":
            index = next(given)
            check_index(xp, index, size, "lookup")
            order = tuple(sorted(range(len(row)), key=row.__getitem__))
            turned = xp.permute_dims(index, order)
            spread = tuple(n if axis in row else 1 for axis, n in enumerate(shape))
            moved.append(xp.reshape(xp.astype(turned, xp.int64), spread) * stride)
            continue
        at: Any = np.full((1,) * len(shape), row[0])
        for axis, step in row[1]:
            at = at + step * grid[axis]
        inside = inside & (at >= 0) & (at < size)
        base = base + np.clip(at, 0, max(size - 1, 0)) * stride
    found = xp.asarray(np.array(np.broadcast_to(base, shape)), device=like)
    for part in moved:
        found = found + part
    if inside.all():
        return found, None
    return found, xp.asarray(np.array(np.broadcast_to(inside, shape)), device=like)


def gather(xp: Any, x: Any, shape: Any, rows: Any, *indices: Any) -> Any:
    """x read at the positions of `rows`, 0 outside of it."""
    if 0 in shape or 0 in x.shape:
        return xp.zeros(shape, dtype=x.dtype, device=device(x))
    at, inside = places(xp, device(x), shape, x.shape, rows, indices)
    read = xp.reshape(xp.take(xp.reshape(x, (-1,)), xp.reshape(at, (-1,)), axis=0), shape)
    return read if inside is None else xp.where(inside, read, xp.zeros_like(read))


def scatter(xp: Any, x: Any, shape: Any, rows: Any, *indices: Any) -> Any:
    """Each entry of x added to zeros at its position of `rows`."""
    count = math.prod(shape)
    if 0 in shape or 0 in x.shape:
        return xp.zeros(shape, dtype=x.dtype, device=device(x))
    at, inside = places(xp, device(x), x.shape, shape, rows, indices)
    kept = x if inside is None else xp.where(inside, x, xp.zeros_like(x))
    flat = added(xp, count, xp.reshape(at, (-1,)), xp.reshape(kept, (-1,)))
    return xp.reshape(flat, shape)


def added(xp: Any, count: int, at: Any, values: Any) -> Any:
    """Values added to a vector of zeros at these positions: a row for each library."""
    if is_torch_array(values):
        return xp.zeros(count, dtype=values.dtype, device=values.device).index_add(0, at, values)
    if is_jax_array(values):
        return xp.zeros(count, dtype=values.dtype).at[at].add(values)
    if is_numpy_array(values):
        target = np.zeros(count, values.dtype)
        np.add.at(target, at, values)
        return target
    if is_cupy_array(values):
        import cupyx

        target = xp.zeros(count, dtype=values.dtype)
        cupyx.scatter_add(target, at, values)
        return target
    return compared(xp, count, at, values)


def compared(xp: Any, count: int, at: Any, values: Any) -> Any:
    """As `added`, by comparing every place with every position: for any other library."""
    numbers = xp.arange(count, dtype=at.dtype, device=device(at))
    hits = numbers[:, None] == at[None, :]
    return xp.sum(xp.where(hits, values[None, :], xp.zeros_like(values)[None, :]), axis=1)


def logsumexp(xp: Any, x: Any, axis: Any) -> Any:
    """log(sum(exp(x))) along axes, without overflow."""
    peak = xp.max(x, axis=axis, keepdims=True)
    shift = xp.where(xp.isfinite(peak), peak, xp.zeros_like(peak))
    total = xp.log(xp.sum(xp.exp(x - shift), axis=axis))
    return total + xp.reshape(shift, total.shape)
