"""Slices, padding and sliding windows as one reads them in NumPy."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from symgraph.codegen.numpy_text import axes_text
from symgraph.codegen.size_text import SizeText
from symgraph.ops.move import Pull, Push
from symgraph.ops.rows import Affine, Lookup, Row
from symgraph.shapes import Dim, product

__all__ = ["added_zeros_text", "slice_text", "subscript", "windows_text"]


class _Window(NamedTuple):
    """How far a window reaches, and the subscripts of its places and of the entries in it."""

    extent: str
    places: str
    entries: str


class _Axis(NamedTuple):
    """What is read of one axis: so many zeros before and after it, and the window over it."""

    zeros: tuple[int, int]
    window: _Window | None


def windows_text(node: Pull, x: str, sizes: SizeText) -> str | None:
    """Zeros around x, and windows that slide over some axes, one behind the other at the end.

    None for anything else.
    """
    rank = node.args[0].ndim
    axes: list[_Axis] = []
    windows: dict[int, _Window] = {}
    for axis, row in enumerate(node.rows):
        read = _axis_read(node, axis, row, rank + len(windows), sizes)
        if read is None:
            return None
        axes.append(read)
        if read.window is not None:
            windows[axis] = read.window
    padded = any(read.zeros != (0, 0) for read in axes)
    if padded:
        x = f"np.pad({x}, [{', '.join(str(read.zeros) for read in axes)}])"
    if not windows:
        return x if padded else None
    extents = ", ".join(window.extent for window in windows.values())
    extents = f"({extents})" if len(windows) > 1 else extents
    over = f"{extents}, axis={axes_text(list(windows))}"
    places = [windows[axis].places if axis in windows else ":" for axis in range(rank)]
    entries = [window.entries for window in windows.values()]
    slid = f"np.lib.stride_tricks.sliding_window_view({x}, {over})"
    return f"{slid}[{', '.join([*places, *entries])}]"


def _axis_read(node: Pull, axis: int, row: Row, inner: int, sizes: SizeText) -> _Axis | None:
    """`inner`: the axis of the result that counts the entries of a window."""
    if isinstance(row, Lookup) or not 1 <= len(row.steps) <= 2 or row.steps[0][0] != axis:
        return None
    by, count = row.steps[0][1], node.shape[axis]
    extent: Dim = 1
    window: _Window | None = None
    if len(row.steps) == 2:
        beside, apart = row.steps[1]
        if beside != inner or by < 1 or apart < 1:
            return None
        extent = product([apart * (node.shape[inner] - 1) + 1])
        stop = sizes.dim(product([by * (count - 1) + 1]))
        window = _Window(sizes.dim(extent), f":{stop}{_step(by)}", f":{_step(apart)}")
    elif by != 1:
        return None
    before = product([-row.offset])
    after = product([row.offset + by * (count - 1) + extent - node.args[0].shape[axis]])
    if not isinstance(before, int) or before < 0 or not isinstance(after, int):
        return None
    if after < 0 and window is None:
        return None
    return _Axis((before, max(after, 0)), window)


def added_zeros_text(node: Push, x: str) -> str | None:
    """Entries one behind the other, with zeros before and after them; None for anything else."""
    widths: list[tuple[int, int]] = []
    for axis, (row, size) in enumerate(zip(node.rows, node.shape, strict=True)):
        if not isinstance(row, Affine) or row.steps != ((axis, 1),):
            return None
        before, after = row.offset, product([size - row.offset - node.args[0].shape[axis]])
        if not isinstance(before, int) or not isinstance(after, int) or before < 0 or after < 0:
            return None
        widths.append((before, after))
    return f"np.pad({x}, [{', '.join(map(str, widths))}])"


def _step(by: int) -> str:
    return f":{by}" if by > 1 else ""


def subscript(spots: Sequence[str]) -> str:
    """Between brackets, without the axes behind that are taken whole."""
    last = max((k for k, spot in enumerate(spots) if spot != ":"), default=0)
    return ", ".join(spots[: last + 1])


def slice_text(
    row: Affine, shape: Sequence[Dim], size: Dim, axis: int, sizes: SizeText
) -> str | None:
    """The subscript of a row that one axis of the result runs over, or a fixed place; else None."""
    start = row.offset
    if not row.steps:
        sure = isinstance(start, int) and isinstance(size, int) and 0 <= start < size
        return sizes.dim(start) if sure or row.checked else None
    own, step = row.steps[0]
    if len(row.steps) > 1 or own != axis:
        return None
    count = shape[axis]
    if (start, step) == (0, 1) and count == size:
        return ":"
    if (start, step) == (size - 1, -1) and count == size:
        return "::-1"
    if isinstance(start, int) and start >= 0 and step > 0:
        last = start + step * (count - 1)
        if isinstance(last, int) and isinstance(size, int) and last < size:
            return f"{start}:{max(last + 1, start)}{_step(step)}"  # of no entries: start
        if step == 1 and size - start - count == 0:
            return f"{start}:"
    return None
