"""Windows that slide over an array: convolutions and pooling as ONNX has them.

In the graph these are sums of products, or sums and maxima, over windows read by position. Where
the windows are those of a `Conv`, `MaxPool` or `AveragePool`, that is written instead and the
windows themselves are not. Of `Conv` and `AveragePool` onnxruntime has kernels for float32 alone,
so that in float64 the windows stay.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from symgraph.codegen.schedule import Block
from symgraph.node import Node
from symgraph.onnx.writer import Value, Writer
from symgraph.ops.einsum import Einsum
from symgraph.ops.leaves import Fill
from symgraph.ops.map import Map
from symgraph.ops.move import Pull
from symgraph.ops.reduce import Reduce
from symgraph.ops.rows import Affine, Row
from symgraph.scalar import slot, where
from symgraph.shapes import Dim, same_dim, same_shape

__all__ = ["Emit", "find_windows"]

#: Writes a node.
Emit = Callable[[Writer], Value]
#: What reads a value that it does not need to have, and that value.
_Read = tuple[Node, Node]

_MOST = 3  # axes that windows slide along


@dataclass(frozen=True)
class _Slide:
    """Windows along one axis of the array that they are read from."""

    axis: int
    place: int  # the axis of the windows that counts them
    tap: int  # the axis of the windows that runs within each
    stride: int
    dilation: int
    pads: tuple[int, int]
    size: int


@dataclass
class _Windows:
    """What windows are read from, and what each of their axes is."""

    source: Node
    plain: dict[int, int] = field(default_factory=dict)  # axis of the windows: of the source
    slides: list[_Slide] = field(default_factory=list)
    #: An axis of the source that is cut in two: into groups and the channels in each.
    channels: int | None = None

    @property
    def geometry(self) -> dict[str, list[int]]:
        """What `Conv` and the pools are given."""
        return {
            "kernel_shape": [one.size for one in self.slides],
            "strides": [one.stride for one in self.slides],
            "dilations": [one.dilation for one in self.slides],
            "pads": [one.pads[end] for end in (0, 1) for one in self.slides],
        }

    @property
    def is_inside(self) -> bool:
        """Whether no window reads beyond the array."""
        return not any(any(one.pads) for one in self.slides)


def find_windows(block: Block, real: np.dtype[np.float64]) -> tuple[dict[Node, Emit], set[Node]]:
    """How to write the nodes of a block that slide windows, and the steps that go with them."""
    is_single = real == np.float32
    found: dict[Node, Emit] = {}
    reads: list[_Read] = []
    for node in block.steps:
        made = None
        if isinstance(node, Einsum) and is_single and node.kind == "real":
            made = _convolution(node) if len(node.args) == 2 else _mean(node)
        elif isinstance(node, Reduce) and node.operation == "max" and node.kind == "real":
            made = _largest(node)
        if made is not None:
            found[node] = made[0]
            reads += made[1]
    return found, _unread(block, found, reads)


def _unread(block: Block, found: Collection[Node], reads: Sequence[_Read]) -> set[Node]:
    """The values that nothing else reads."""
    readers: dict[Node, list[Node]] = {}
    for reader, node in reads:
        readers.setdefault(node, []).append(reader)
    gone: set[Node] = set()
    for node in reversed(block.steps):  # readers first
        if node not in readers:
            continue
        count = sum(reader in found or reader in gone for reader in readers[node])
        if count == block.uses.get(node):
            gone.add(node)
    return gone


# --- reading windows ------------------------------------------------------------------------------


def _read(
    pull: Node, taps: Collection[int], places: Collection[int], groups: Collection[int] = ()
) -> _Windows | None:
    """Windows that count along `places` and are summed along `taps`; None for other reads."""
    if not isinstance(pull, Pull) or len(pull.args) != 1:
        return None
    source, found, used = pull.args[0], _Windows(pull.args[0]), list[int]()
    for axis, row in enumerate(pull.rows):
        if not isinstance(row, Affine) or not isinstance(row.offset, int):
            return None
        axes = [place for place, _ in row.steps]
        used += axes
        if _is_whole(pull, row, axes, source.shape[axis]):
            if len(axes) == 1:
                found.plain[axes[0]] = axis
                continue
            if axes[0] in groups and axes[1] in taps and found.channels is None:
                found.channels = axis
                continue
        tap, place = ([a for a in axes if a in some] for some in (taps, places))
        made = None
        if len(axes) == 2 and len(tap) == len(place) == 1:
            made = _slide(pull, axis, place[0], tap[0])
        if made is None:
            return None
        found.slides.append(made)
    is_once = sorted(used) == [*range(pull.ndim)]
    return found if is_once and 0 < len(found.slides) <= _MOST else None


def _is_whole(pull: Pull, row: Affine, axes: Sequence[int], length: Dim) -> bool:
    """Whether an axis is read from end to end, along one axis or row by row along two."""
    sizes, steps = [pull.shape[axis] for axis in axes], [step for _, step in row.steps]
    if row.offset != 0 or steps[-1:] != [1] or len(axes) > 2:
        return False
    if len(axes) == 1:
        return same_dim(sizes[0], length)
    return steps[0] == sizes[1] and same_dim(sizes[0] * sizes[1], length)


def _slide(pull: Pull, axis: int, place: int, tap: int) -> _Slide | None:
    row, size = pull.rows[axis], pull.shape[tap]
    assert isinstance(row, Affine)
    steps = dict(row.steps)
    stride, dilation, begin = steps[place], steps[tap], -int(row.offset)
    if not isinstance(size, int) or min(stride, dilation) < 1 or begin < 0:
        return None
    span = dilation * (size - 1) + 1
    end = _end(pull.args[0].shape[axis], pull.shape[place], span, stride, begin)
    if end is None or max(begin, end) >= max(size, 2):
        return None
    return _Slide(axis, place, tap, stride, dilation, (begin, end), size)


def _end(length: Dim, count: Dim, span: int, stride: int, begin: int) -> int | None:
    """The padding behind an axis with which so many windows of a span fit, and no more."""
    for end in range(span):
        free = length + begin + end - span
        if stride == 1:
            fits = same_dim(free + 1, count)
        elif isinstance(free, int) and isinstance(count, int):
            fits = free >= 0 and free // stride + 1 == count
        else:
            from sympy import floor

            fits = same_dim(floor(free / stride) + 1, count)
        if fits:
            return end
    return None


# --- sums of products -----------------------------------------------------------------------------


def _convolution(node: Einsum) -> tuple[Emit, list[_Read]] | None:
    for k in (0, 1):
        found = _convolution_with(node, k)
        if found is not None:
            return found, [(node, node.args[k])]
    return None


def _convolution_with(node: Einsum, k: int) -> Emit | None:
    """The product of windows, operand k, and kernels; None where that is no `Conv`."""
    ins, others, out = node.ins[k], node.ins[1 - k], node.out
    if any(len({*one}) != len(one) for one in (ins, others, out)) or {*out} - {*ins, *others}:
        return None
    summed = [a for a, i in enumerate(ins) if i in others and i not in out]
    alone = [a for a, i in enumerate(ins) if i in out and i not in others]
    groups = [a for a, i in enumerate(ins) if i in out and i in others]
    filters = [i for i in others if i not in ins]
    if len(summed) + len(alone) + len(groups) != len(ins) or not {*filters} <= {*out}:
        return None
    found = _read(node.args[k], summed, alone, groups)
    if found is None or not all(isinstance(size, int) for size in node.args[1 - k].shape):
        return None
    batch = [a for a in found.plain if a in alone]
    inner = [a for a in summed if a not in [one.tap for one in found.slides]]
    is_grouped = found.channels is not None
    if max(len(batch), len(inner), len(filters)) > 1 or len(groups) != is_grouped:
        return None
    labels = [[ins[a] for a in axes] for axes in (batch, groups, inner)]
    return _Convolution(node, k, found, labels, filters)


@dataclass
class _Convolution:
    """A sum of products over windows as a `Conv`; `labels` are those of batch, groups, channels."""

    node: Einsum
    operand: int
    windows: _Windows
    labels: list[list[int]]
    filters: list[int]

    def __call__(self, w: Writer) -> Value:
        ins, found = self.node.ins[self.operand], self.windows
        batch, groups, channels = self.labels
        x = _arranged(w, found, [found.plain[a] for a in found.plain if ins[a] in batch],
                      _channel_axis(found, ins, channels))  # fmt: skip
        kernel, count = self._kernels(w, groups, channels)
        y = w.op("Conv", x, kernel, group=count, **found.geometry)
        made = [*batch, *groups, *self.filters, *(ins[one.place] for one in found.slides)]
        sizes = dict(zip(self.node.out, self.node.shape, strict=True))
        if groups or len(made) != 2 + len(found.slides):
            y = w.op("Reshape", y, w.shape([sizes[i] for i in made]), allowzero=1)
        return Value(_ordered(w, y, [made.index(i) for i in self.node.out]), "real")

    def _kernels(self, w: Writer, groups: list[int], channels: list[int]) -> tuple[str, int]:
        """The kernels as (groups * filters, channels, ...), and how many groups there are."""
        node, others = self.node.args[1 - self.operand], self.node.ins[1 - self.operand]
        taps = [self.node.ins[self.operand][one.tap] for one in self.windows.slides]
        sizes = {i: int(size) for i, size in zip(others, node.shape, strict=True)}
        order = [*groups, *self.filters, *channels, *taps]
        kernel = _ordered(w, w.full(node, "real"), [others.index(i) for i in order])
        count = int(np.prod([sizes[i] for i in groups], dtype=int))
        each = int(np.prod([sizes[i] for i in self.filters], dtype=int))
        inner = int(np.prod([sizes[i] for i in channels], dtype=int))
        shape = [count * each, inner, *(sizes[i] for i in taps)]
        if shape != [sizes[i] for i in order]:
            kernel = w.op("Reshape", kernel, w.integers(shape))
        return kernel, count


def _channel_axis(found: _Windows, ins: Sequence[int], channels: Sequence[int]) -> list[int]:
    """The axis of the source that is that of the channels, if there is one."""
    if found.channels is not None:
        return [found.channels]
    return [axis for a, axis in found.plain.items() if ins[a] in channels]


# --- pooling --------------------------------------------------------------------------------------


def _mean(node: Einsum) -> tuple[Emit, list[_Read]] | None:
    """A sum over windows: their mean, times the entries of each."""
    kept = [a for a, i in enumerate(node.ins[0]) if i in node.out]
    if [node.ins[0][a] for a in kept] != [*node.out]:
        return None
    pool = _pool(node, node.args[0], kept, "AveragePool", count_include_pad=1)
    if pool is None:
        return None
    return pool, [(node, node.args[0])]


def _largest(node: Reduce) -> tuple[Emit, list[_Read]] | None:
    """The largest entries of windows, which padding does not reach."""
    kept = [axis for axis in range(node.args[0].ndim) if axis not in node.axes]
    source = node.args[0]
    reads: list[_Read] = [(node, source)]
    is_padded = isinstance(source, Map) and source.template.expr == where(*map(slot, range(3)))
    if is_padded:
        mask, source, low = source.args
        if not _is_padding(mask, source) or not _is_least(low):
            return None
        reads += [(node.args[0], mask), (node.args[0], source)]
    pool = _pool(node, source, kept, "MaxPool")
    if pool is None or not (is_padded or pool.windows.is_inside):
        return None
    return pool, reads


def _is_padding(mask: Node, windows: Node) -> bool:
    """Whether a mask is true where windows read within their array."""
    if not isinstance(mask, Pull) or not isinstance(windows, Pull):
        return False
    inside, source = mask.args[0], windows.args[0]
    before, lead = windows.ndim - mask.ndim, source.ndim - inside.ndim
    if not isinstance(inside, Fill) or inside.kind != "boolean" or not inside.value:
        return False
    if min(before, lead) < 0 or not same_shape(inside.shape, source.shape[lead:]):
        return False
    rows = [*mask.rows, *windows.rows]
    if not all(isinstance(row, Affine) for row in rows):
        return False
    shifted = [_reads(row, before) for row in mask.rows]
    outer = [len(steps) == 1 for _, steps in map(_reads, windows.rows[:lead])]
    return all(outer) and shifted == [_reads(row) for row in windows.rows[lead:]]


def _reads(row: Row, before: int = 0) -> tuple[Dim, list[tuple[int, int]]]:
    """Where a row reads, with so many axes in front."""
    assert isinstance(row, Affine)
    return row.offset, [(axis + before, step) for axis, step in row.steps]


def _is_least(node: Node) -> bool:
    return isinstance(node, Fill) and node.value == float("-inf")


def _pool(
    node: Node, source: Node, kept: Sequence[int], operation: str, **options: int
) -> _Pool | None:
    taps = [axis for axis in range(source.ndim) if axis not in kept]
    found = _read(source, taps, kept)
    if found is None or len(found.plain) > 2 or {*found.plain} - {*kept}:
        return None
    order = [*found.plain, *(one.place for one in found.slides)]
    return _Pool(node, found, operation, options, [order.index(axis) for axis in kept])


@dataclass
class _Pool:
    """What one number of each window is."""

    node: Node
    windows: _Windows
    operation: str
    options: Mapping[str, int]
    order: list[int]

    def __call__(self, w: Writer) -> Value:
        plain = [*self.windows.plain.values()]
        x = _arranged(w, self.windows, plain[:-1], plain[-1:])
        y = w.op(self.operation, x, **self.windows.geometry, **self.options)
        if self.operation == "AveragePool":
            count = np.prod([one.size for one in self.windows.slides])
            y = w.op("Mul", y, w.number(float(count)))
        missing = [axis for axis in (0, 1) if axis < 2 - len(plain)]
        if missing:
            y = w.op("Squeeze", y, w.integers(missing))
        return Value(_ordered(w, y, self.order), "real")


# --- axes -----------------------------------------------------------------------------------------


def _arranged(w: Writer, found: _Windows, batch: list[int], channels: list[int]) -> str:
    """The source as (batch, channels, ...), of one entry where it has no such axis."""
    order = [*batch, *channels, *(one.axis for one in found.slides)]
    x = _ordered(w, w.full(found.source, "real"), order)
    missing = [k for k, axes in enumerate((batch, channels)) if not axes]
    return w.op("Unsqueeze", x, w.integers(missing)) if missing else x


def _ordered(w: Writer, x: str, order: list[int]) -> str:
    return x if order == sorted(order) else w.op("Transpose", x, perm=order)
