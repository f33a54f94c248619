"""Convolution and pooling over the last one or two axes, channels before them: (N, C, H, W).

All of these are one affine Pull, which reads every window and gives 0 beyond the border, and one
reduction over the window's axes; their derivatives follow from those of the two.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import sympy

from symgraph.build.coerce import as_node
from symgraph.build.conditions import where
from symgraph.build.contract import mean
from symgraph.errors import KindError, ShapeError
from symgraph.node import Node
from symgraph.ops.einsum import Indices, einsum_node
from symgraph.ops.leaves import fill
from symgraph.ops.move import pull
from symgraph.ops.reduce import reduce_node
from symgraph.ops.reshape import reshape_node
from symgraph.ops.rows import Affine, Row, identity_row
from symgraph.shapes import Dim, Shape, same_dim, shape_text

__all__ = [
    "conv1d",
    "conv2d",
    "global_max_pool",
    "global_mean_pool",
    "max_pool1d",
    "max_pool2d",
    "mean_pool1d",
    "mean_pool2d",
]

PerAxis = int | Sequence[int]
Padding = int | str | Sequence[int] | Sequence[Sequence[int]]


def conv1d(
    x: Any, w: Any, stride: int = 1, padding: Padding = 0, dilation: int = 1, groups: int = 1
) -> Node:
    """The cross-correlation of sequences with kernels: the kernel is not flipped.

    y[n, o, p] = sum over c, i of w[o, c, i] * x[n, c, stride*p + dilation*i - padding], and x is 0
    outside. Shapes: x (N, C, L), w (O, C/groups, k), result (N, O, P); without batch (C, L) and
    (O, C/groups, k) give (O, P); plain (L,) and (k,) give (P,), with (O, k) they give (O, P).
    `padding`: a number of zeros on both sides, a pair (before, after), "valid" (none), or "same"
    (P = ceil(L / stride); an odd zero goes to the end). Each of `groups` blocks of channels meets
    its own kernels only.
    Raises ShapeError when channels, groups or sizes do not fit.

    >>> import symgraph as sg
    >>> sg.conv1d(sg.input("x", ("N", 3, "L")), sg.parameter("w", (8, 3, 5)), padding="same").shape
    (N, 8, L)
    """
    return _conv(as_node(x, "conv1d"), as_node(w, "conv1d"), 1, (stride, padding, dilation), groups)


def conv2d(
    x: Any,
    w: Any,
    stride: PerAxis = 1,
    padding: Padding = 0,
    dilation: PerAxis = 1,
    groups: int = 1,
) -> Node:
    """The cross-correlation of images with kernels: the kernel is not flipped.

    y[n, o, p, q] = sum over c, i, j of w[o, c, i, j] * x[n, c, sp*p + dp*i - pp, sq*q + dq*j - pq]
    with stride s, dilation d, padding p; x is 0 outside. Shapes: x (N, C, H, W), w
    (O, C/groups, kh, kw), result (N, O, P, Q); without batch (C, H, W) gives (O, P, Q); plain
    (H, W) and (kh, kw) give (P, Q), with (O, kh, kw) they give (O, P, Q).
    Stride, padding and dilation: one number, or a pair for rows and columns; a padding may be a
    pair of pairs ((top, bottom), (left, right)), "valid" or "same" as in `conv1d`.
    Raises ShapeError when channels, groups or sizes do not fit.

    >>> import symgraph as sg
    >>> x, w = sg.input("x", ("N", 1, 28, 28)), sg.parameter("w", (6, 1, 5, 5))
    >>> sg.conv2d(x, w).shape, sg.conv2d(x, w, stride=2, padding=2).shape
    ((N, 6, 24, 24), (N, 6, 14, 14))
    """
    return _conv(as_node(x, "conv2d"), as_node(w, "conv2d"), 2, (stride, padding, dilation), groups)


def max_pool1d(x: Any, window: int, stride: int | None = None, padding: Padding = 0) -> Node:
    """The largest entry of each window of the last axis; a tie belongs to the first.

    Shapes: x (..., L), result (..., P) with P = floor((L - window) / stride) + 1 without padding;
    entries after the last whole window are not read. `stride` is the window's size by default.
    Padding never wins: it stands for -infinity, and is smaller than the window.
    Raises ShapeError when the window does not fit.

    >>> import symgraph as sg
    >>> sg.max_pool1d(sg.input("x", ("N", 4, 10)), 2).shape
    (N, 4, 5)
    """
    return _max_pool(as_node(x, "max_pool1d"), 1, window, stride, padding)


def max_pool2d(
    x: Any, window: PerAxis, stride: PerAxis | None = None, padding: Padding = 0
) -> Node:
    """The largest entry of each window of the last two axes, as `max_pool1d`.

    >>> import symgraph as sg
    >>> sg.max_pool2d(sg.input("x", ("N", 6, 24, 24)), 2).shape
    (N, 6, 12, 12)
    """
    return _max_pool(as_node(x, "max_pool2d"), 2, window, stride, padding)


def mean_pool1d(x: Any, window: int, stride: int | None = None, padding: Padding = 0) -> Node:
    """The mean of each window of the last axis; shapes as `max_pool1d`, padding counts as zeros.

    >>> import symgraph as sg
    >>> sg.mean_pool1d(sg.input("x", (7,)), 3, stride=2).shape
    (3,)
    """
    return _mean_pool(as_node(x, "mean_pool1d"), 1, window, stride, padding)


def mean_pool2d(
    x: Any, window: PerAxis, stride: PerAxis | None = None, padding: Padding = 0
) -> Node:
    """The mean of each window of the last two axes; padding counts as zeros.

    >>> import symgraph as sg
    >>> sg.mean_pool2d(sg.input("x", (3, "H", 10)), (2, 5)).shape
    (3, floor(H/2), 2)
    """
    return _mean_pool(as_node(x, "mean_pool2d"), 2, window, stride, padding)


def global_max_pool(x: Any) -> Node:
    """The largest entry of each channel: (N, C, ...) to (N, C), for instance max over time.

    >>> import symgraph as sg
    >>> sg.global_max_pool(sg.input("x", ("N", 6, 12, 12))).shape
    (N, 6)
    """
    node = as_node(x, "global_max_pool")
    return reduce_node("max", node, _beyond_channels(node, "global_max_pool"))


def global_mean_pool(x: Any) -> Node:
    """The mean of each channel: (N, C, ...) to (N, C).

    >>> import symgraph as sg
    >>> sg.global_mean_pool(sg.input("x", ("N", 6, "L"))).shape
    (N, 6)
    """
    node = as_node(x, "global_mean_pool")
    return mean(node, _beyond_channels(node, "global_mean_pool"))


def _beyond_channels(x: Node, title: str) -> tuple[int, ...]:
    if x.ndim < 3:
        raise ShapeError(
            f"{title}: x has shape {shape_text(x.shape)}, it must be (batch, channels, ...). "
            "Use sg.max or sg.mean with axis= for another layout."
        )
    return tuple(range(2, x.ndim))


# --- convolution --------------------------------------------------------------------------------


def _conv(x: Node, w: Node, rank: int, steps: tuple[Any, Any, Any], groups: int) -> Node:
    title = f"conv{rank}d"
    _check_layout(x, w, rank, title)
    kernel = w.shape[w.ndim - rank :]
    grid = _grid(x.shape[x.ndim - rank :], kernel, *steps, title=title)
    groups = _whole(groups, 1, "groups", title)
    channels = x.ndim > rank
    if not channels:
        if groups != 1:
            raise ShapeError(
                f"{title}: groups={groups} for x of shape {shape_text(x.shape)}, which has no "
                "channels. Leave groups out."
            )
    else:
        _check_channels(x, w, rank, groups, title)
    lead = [identity_row(axis) for axis in range(x.ndim - rank)]
    front = x.shape[: x.ndim - rank]
    if groups > 1:
        each, axis = w.shape[1], len(front) - 1
        lead[axis] = Affine(0, ((axis, int(each)), (axis + 1, 1)))
        front = (*front[:-1], groups, each)
        w = reshape_node(w, (groups, w.shape[0] // groups, *w.shape[1:]))
    windows = _windows(x, lead, front, grid)
    ins, out = _conv_indices(windows.ndim - 2 * rank, rank, w.ndim - rank, groups > 1)
    result = einsum_node(ins, out, {}, (windows, w))
    if groups == 1:
        return result
    cut = result.ndim - rank - 2
    many = groups * w.shape[1]
    return reshape_node(result, (*result.shape[:cut], many, *result.shape[cut + 2 :]))


def _conv_indices(
    front: int, rank: int, extra: int, grouped: bool
) -> tuple[list[Indices], Indices]:
    """Indices of (windows, kernels) and of the result.

    `front` axes stand before the places in the windows, `extra` before the window in the kernels.
    """
    before = tuple(range(front))
    places = tuple(range(front, front + rank))
    window = tuple(range(front + rank, front + 2 * rank))
    filters = (front + 2 * rank,)
    if front == 0:
        kernels = filters if extra else ()
        return [(*places, *window), (*kernels, *window)], (*kernels, *places)
    channel = before[-1:]
    group = before[-2:-1] if grouped else ()
    rest = before[: front - 1 - len(group)]
    left = (*before, *places, *window)
    return [left, (*group, *filters, *channel, *window)], (*rest, *group, *filters, *places)


def _check_layout(x: Node, w: Node, rank: int, title: str) -> None:
    space = "H, W" if rank == 2 else "L"
    kernel = "kh, kw" if rank == 2 else "k"
    extra = x.ndim - rank, w.ndim - rank
    if extra in ((2, 2), (1, 2), (0, 0), (0, 1)):
        return
    plain = space if rank == 2 else f"{space},"
    raise ShapeError(
        f"{title}: x has shape {shape_text(x.shape)} and w {shape_text(w.shape)}; they must be "
        f"(N, C, {space}) or (C, {space}) with (O, C/groups, {kernel}), or ({plain}) with "
        f"({kernel if rank == 2 else kernel + ','}) or (O, {kernel}). Reshape the one that differs."
    )


def _check_channels(x: Node, w: Node, rank: int, groups: int, title: str) -> None:
    channels, filters, each = x.shape[x.ndim - rank - 1], w.shape[0], w.shape[1]
    if groups > 1 and not (isinstance(each, int) and isinstance(filters, int)):
        raise ShapeError(
            f"{title}: groups={groups} needs numbers for the first two sizes of w, which has "
            f"shape {shape_text(w.shape)}. Declare them as numbers."
        )
    if groups > 1 and filters % groups:
        raise ShapeError(
            f"{title}: w has {filters} kernels (shape {shape_text(w.shape)}), which groups="
            f"{groups} does not divide. Give a multiple of {groups} kernels."
        )
    if not same_dim(channels, groups * each):
        raise ShapeError(
            f"{title}: x has {channels} channels (shape {shape_text(x.shape)}), w reads "
            f"{groups * each} (shape {shape_text(w.shape)}, groups={groups}). "
            "Give w the shape (O, C/groups, ...), where C is the number of channels of x."
        )


# --- pooling ------------------------------------------------------------------------------------


def _max_pool(x: Node, rank: int, window: PerAxis, stride: Any, padding: Padding) -> Node:
    title = f"max_pool{rank}d"
    grid = _pool_grid(x, rank, window, stride, padding, title)
    if any(pad >= size for pads, size in zip(grid.pads, grid.window, strict=True) for pad in pads):
        raise ShapeError(
            f"{title}: padding {grid.pads} reaches the size of the window {grid.window}, so a "
            "window would hold no entry of x. Give a smaller padding."
        )
    lead = [identity_row(axis) for axis in range(x.ndim - rank)]
    windows = _windows(x, lead, x.shape[: x.ndim - rank], grid)
    if any(any(pads) for pads in grid.pads):
        inside = fill(True, x.shape[x.ndim - rank :], "boolean")
        windows = where(_windows(inside, [], (), grid), windows, fill(float("-inf")))
    return reduce_node("max", windows, tuple(range(windows.ndim - rank, windows.ndim)))


def _mean_pool(x: Node, rank: int, window: PerAxis, stride: Any, padding: Padding) -> Node:
    grid = _pool_grid(x, rank, window, stride, padding, f"mean_pool{rank}d")
    lead = [identity_row(axis) for axis in range(x.ndim - rank)]
    windows = _windows(x, lead, x.shape[: x.ndim - rank], grid)
    return mean(windows, tuple(range(windows.ndim - rank, windows.ndim)))


def _pool_grid(
    x: Node, rank: int, window: PerAxis, stride: Any, padding: Padding, title: str
) -> _Grid:
    if x.ndim < rank:
        raise ShapeError(
            f"{title}: x has shape {shape_text(x.shape)}, it needs at least {rank} axes. "
            "Pool over the axes it has, or reshape it."
        )
    sizes = _per_axis(window, rank, 1, "window", title)
    return _grid(
        x.shape[x.ndim - rank :], sizes, sizes if stride is None else stride, padding, 1, title
    )


# --- windows ------------------------------------------------------------------------------------


class _Grid(NamedTuple):
    """Where windows lie along the last axes: entry i of window p is stride*p + dilation*i - pad."""

    window: Shape
    stride: tuple[int, ...]
    dilation: tuple[int, ...]
    pads: tuple[tuple[int, int], ...]
    places: Shape


def _grid(
    sizes: Shape, window: Shape, stride: Any, padding: Any, dilation: Any, title: str
) -> _Grid:
    rank = len(sizes)
    steps = _per_axis(stride, rank, 1, "stride", title)
    gaps = _per_axis(dilation, rank, 1, "dilation", title)
    spans = [gap * (size - 1) + 1 for gap, size in zip(gaps, window, strict=True)]
    pads = _pads(padding, sizes, spans, steps, title)
    count: list[Dim] = []
    for axis, (size, span, pad, step) in enumerate(zip(sizes, spans, pads, steps, strict=True)):
        free = size + pad[0] + pad[1] - span
        if isinstance(free, int) and free < 0:
            raise ShapeError(
                f"{title}: a window covers {span} entries (size {window[axis]}, dilation "
                f"{gaps[axis]}) of axis {axis - rank}, which has {size} with padding {pad}. "
                "Give a smaller window, or more padding."
            )
        count.append(_steps(free, step))
    return _Grid(window, steps, gaps, pads, tuple(count))


def _steps(free: Dim, step: int) -> Dim:
    """How many windows fit: floor(free / step) + 1."""
    if isinstance(free, int):
        return free // step + 1
    whole = sympy.floor(free / sympy.Integer(step)) + 1
    return int(whole) if whole.is_Integer else whole


def _windows(x: Node, lead: Sequence[Row], front: Shape, grid: _Grid) -> Node:
    """Every window of the last axes: shape (*front, *places, *window); `lead` reads the others."""
    start, rank = len(front), len(grid.places)
    rows = list(lead)
    for a, (step, gap, pad) in enumerate(zip(grid.stride, grid.dilation, grid.pads, strict=True)):
        rows.append(Affine(-pad[0], ((start + a, step), (start + rank + a, gap))))
    return pull(x, rows, (*front, *grid.places, *grid.window))


def _per_axis(value: Any, rank: int, least: int, name: str, title: str) -> tuple[int, ...]:
    if isinstance(value, Sequence) and not isinstance(value, str):
        if len(value) != rank:
            raise ShapeError(
                f"{title}: {name} {tuple(value)} has {len(value)} entries for {rank} axes. "
                "Give one number, or one for each axis."
            )
        return tuple(_whole(one, least, name, title) for one in value)
    return (_whole(value, least, name, title),) * rank


def _whole(value: Any, least: int, name: str, title: str) -> int:
    if isinstance(value, bool) or not hasattr(value, "__index__") or isinstance(value, Node):
        raise KindError(f"{title}: {name} must be a whole number, not {value!r}.")
    if int(value) < least:
        raise ShapeError(f"{title}: {name} is {int(value)}, it must be at least {least}.")
    return int(value)


def _pads(
    padding: Any, sizes: Shape, spans: Sequence[Dim], steps: Sequence[int], title: str
) -> tuple[tuple[int, int], ...]:
    rank = len(sizes)
    if padding == "valid":
        return ((0, 0),) * rank
    if padding == "same":
        return tuple(map(_same, sizes, spans, steps, [title] * rank))
    if isinstance(padding, str):
        raise KindError(f"{title}: padding {padding!r} is neither 'same' nor 'valid'.")
    if not isinstance(padding, Sequence):
        each = _whole(padding, 0, "padding", title)
        return ((each, each),) * rank
    if rank == 1:
        before, after = _per_axis(padding, 2, 0, "padding", title)
        return ((before, after),)
    if len(padding) != rank:
        raise ShapeError(
            f"{title}: padding {tuple(padding)} has {len(padding)} entries for {rank} axes. "
            "Give a number, (rows, columns) or ((top, bottom), (left, right))."
        )
    pads = [_per_axis(one, 2, 0, "padding", title) for one in padding]
    return tuple((before, after) for before, after in pads)


def _same(size: Dim, span: Dim, step: int, title: str) -> tuple[int, int]:
    """Zeros before and after an axis so that ceil(size / step) windows fit."""
    if step == 1 and isinstance(span, int):
        missing = span - 1
    elif isinstance(size, int) and isinstance(span, int):
        missing = max((-(-size // step) - 1) * step + span - size, 0)
    else:
        raise ShapeError(
            f"{title}: padding='same' with stride {step} on an axis of size {size} and a window "
            f"over {span} depends on the data. Give the padding as a number."
        )
    return missing // 2, missing - missing // 2
