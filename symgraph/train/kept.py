"""Arrays that are read where they lie: files mapped to memory, and what is too large to copy."""

from __future__ import annotations

import mmap
from collections.abc import Iterator
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

__all__ = ["BLOCK", "blocks", "converted", "gather", "is_plain", "stays"]

Array: TypeAlias = NDArray[Any]

BLOCK = 1 << 22  # bytes that are looked at together
LARGE = 1 << 26  # bytes above which no second array is made of an array


def is_plain(array: Array, dtype: np.dtype[Any]) -> bool:
    """Whether a program can read an array as it is."""
    return array.dtype == dtype and array.flags.c_contiguous and array.flags.aligned


def stays(array: Array, dtype: np.dtype[Any]) -> bool:
    """Whether an array stays as it is, instead of being copied to a type and an order."""
    return array.size * dtype.itemsize > LARGE or _is_mapped(array)


def _is_mapped(array: Array) -> bool:
    owner: Any = array
    while owner is not None:
        if isinstance(owner, mmap.mmap | np.memmap):
            return True
        owner = getattr(owner, "base", None)
    return False


def converted(part: Array, dtype: np.dtype[Any]) -> Array:
    """A part of an array in the type that a program computes with."""
    with np.errstate(over="ignore"):
        return np.asarray(part.astype(dtype, copy=False), order="C")


def blocks(array: Array, axis: int, dtype: np.dtype[Any]) -> Iterator[tuple[int, Array]]:
    """The array in parts along an axis, each in a type, and where each begins."""
    if not array.ndim or (array.dtype == dtype and array.nbytes <= BLOCK):
        yield 0, converted(array, dtype)
        return
    length = array.shape[axis]
    each = max(1, BLOCK * length // max(1, array.size * dtype.itemsize))
    for start in range(0, length, each):
        part = array[(slice(None),) * axis + (slice(start, start + each),)]
        yield start, converted(part, dtype)


def gather(source: Array, rows: Array, axis: int, target: Array) -> None:
    """Some rows of an array along an axis, into an array of them."""
    if is_plain(source, target.dtype):
        source.take(rows, axis, target, "clip")  # all are inside, and "raise" is slower
        return
    with np.errstate(over="ignore"):
        target[...] = source[(slice(None),) * axis + (rows,)]
