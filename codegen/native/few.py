"""Products with what maxima over windows hand back: zeros but for one entry of each window.

A derivative goes to the largest entry of a window and nowhere else, so the derivatives of the
convolution before have a fraction of its products to do. `sparse` collects what is not zero of a
row and adds up as many rows, whose lanes run along the channels of the image and what lies beside
them; image and kernel are copied into the order of axes that has it so. Zeros are passed over
whatever stands beside them: an infinite weight there makes no NaN.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from symgraph.codegen.contraction import typical
from symgraph.codegen.native.contractions import offsets
from symgraph.codegen.native.moves import (
    affine_view,
    push_target,
    relaid_windows,
    turn,
    zero,
)
from symgraph.codegen.native.writer import CWriter
from symgraph.codegen.strided import Value, merged
from symgraph.node import Node
from symgraph.ops.einsum import Einsum, Indices
from symgraph.ops.move import Pull, Push
from symgraph.ops.rows import Affine, Row
from symgraph.shapes import Dim, Shape, product

__all__ = ["emit_few_products", "emit_few_spread"]


class _Indices(NamedTuple):
    """The indices of a convolution.

    What is mostly zeros has `batch`, `moved` and `outer`; the image has `batch`, `moved` and
    `inner`, the kernel `outer` and `inner`. `image` are the axes of the image from the slowest to
    the fastest; `moved` and `inner` are in their order. The last `run` of `inner` go on where the
    others end.
    """

    batch: tuple[int, ...]
    moved: tuple[int, ...]
    outer: tuple[int, ...]
    inner: tuple[int, ...]
    image: tuple[int, ...]
    run: int


class _Array(NamedTuple):
    """An array, and its stride along every index."""

    value: Value
    strides: dict[int, Dim]


def emit_few_products(w: CWriter, node: Einsum, few: Mapping[Node, int], note: str) -> bool:
    """The derivative by a kernel; False for any other product, or if it would take longer."""
    rare = next((k for k, arg in enumerate(node.args) if arg in few), -1)
    if rare < 0 or len(node.args) != 2:
        return False
    given, windows = node.args[rare], node.args[1 - rare]
    own, view = node.ins[rare], node.ins[1 - rare]
    if not isinstance(windows, Pull) or len(windows.args) > 1:
        return False
    indices = _indices(own, view, node.out, windows.rows)
    image = windows.args[0]
    if indices is None or not _are_real(w, given, image):
        return False
    rows, sums = indices.outer, indices.moved
    if not _pays(w, node.sizes(), indices, (rows, sums), image.shape, few[given]):
        return False
    a = _relaid(w, given, own, (*indices.batch, *rows, *sums))
    b = _array(relaid_windows(w, windows, indices.image), view)
    order = tuple(node.out.index(i) for i in (*indices.outer, *indices.inner))
    c = _array(w.room(node.shape, "real", order), node.out)
    zero(w, c.value)
    _call(w, node.sizes(), indices, (rows, sums), (a, b, c), _told(note, few[given]))
    w.env[node] = _delivered(w, node, c.value)
    return True


def emit_few_spread(w: CWriter, node: Push, few: Mapping[Node, int], note: str) -> bool:
    """The derivative by an image; False for any other Push, or if it would take longer."""
    source = node.args[0]
    if not isinstance(source, Einsum) or len(source.args) != 2:
        return False
    rare = next((k for k, arg in enumerate(source.args) if arg in few), -1)
    if rare < 0:
        return False
    given, kernel = source.args[rare], source.args[1 - rare]
    own, other = source.ins[rare], source.ins[1 - rare]
    indices = _indices(own, source.out, other, node.rows)
    if indices is None or not _are_real(w, given, kernel):
        return False
    # the slowest axis innermost: rows one behind the other that overlap would wait for each other
    rows, sums = indices.moved[::-1], indices.outer
    if not _pays(w, source.sizes(), indices, (rows, sums), node.shape, few[given]):
        return False
    a = _relaid(w, given, own, (*indices.batch, *rows, *sums))
    b = _relaid(w, kernel, other, (*indices.outer, *indices.inner))
    inside, target, places = push_target(w, node, "real", order=indices.image)
    zero(w, target)
    c = _array(affine_view(w, target, places, source.shape), source.out)
    _call(w, source.sizes(), indices, (rows, sums), (a, b, c), _told(note, few[given]))
    w.env[node] = _delivered(w, node, inside)
    return True


# --- what there is -------------------------------------------------------------------------------


def _are_real(w: CWriter, *nodes: Node) -> bool:
    """Whether these are arrays of what the routine multiplies."""
    values = map(w.value, nodes)
    return all(value.strides is not None and value.storage == "real" for value in values)


def _indices(few: Indices, image: Indices, kernel: Indices, rows: Sequence[Row]) -> _Indices | None:
    """Which index is which; `rows` say where the windows lie. None for no convolution."""
    if any(len(set(ins)) < len(ins) for ins in (few, image, kernel)):
        return None
    everywhere = [*few, *image, *kernel]
    if any(everywhere.count(index) != 2 for index in everywhere):
        return None
    affine = [row for row in rows if isinstance(row, Affine)]
    axes = [[image[axis] for axis, _ in row.steps] for row in affine]  # along each of the image
    used = sorted(index for axis in axes for index in axis)
    if len(affine) < len(rows) or used != sorted(image):
        return None
    batch = [k for k, axis in enumerate(axes) if len(axis) == 1 and axis[0] in few]
    channels = [
        k
        for k, (axis, row) in enumerate(zip(axes, affine, strict=True))
        if len(axis) == 1 and axis[0] in kernel and row.steps[0][1] == 1
    ]
    if len(channels) != 1:
        return None
    between = [k for k in range(len(axes)) if k not in batch and k not in channels]
    order = (*batch, *between, *channels)
    along = [index for k in order for index in axes[k]]
    beside = affine[between[-1]].steps if between else ()
    return _Indices(
        tuple(axes[k][0] for k in batch),
        tuple(i for k in between for i in axes[k] if i in few),
        tuple(i for i in few if i in kernel),
        tuple(i for i in along if i in kernel),
        order,
        2 if any(step == 1 and image[axis] in kernel for axis, step in beside) else 1,
    )


def _pays(
    w: CWriter,
    sizes: Mapping[int, Dim],
    indices: _Indices,
    sides: Sequence[Sequence[int]],
    image: Shape,
    window: int,
) -> bool:
    """Whether copies and the products that are left take less time than all products.

    In cycles, as measured: a vector of products takes one, and of those that are left little more;
    before the vectors of an entry come two to find it. A row, of whose entries no one knows how
    many there are, takes twelve before it ends.
    """

    def entries(*some: Sequence[int]) -> int:
        return typical(product([sizes[index] for group in some for index in group]))

    lanes = 16 if w.real == "float" else 8
    inner = [typical(sizes[index]) for index in indices.inner]
    run, pieces = product(inner[-indices.run :]), product(inner[: -indices.run])
    rows, sums = sides
    rare = entries(indices.batch, rows, sums)
    whole = rare * product(inner) / lanes
    left = rare / window * (2.3 + 1.1 * -(-run // lanes)) + 12 * entries(indices.batch, rows)
    copied = typical(product(image)) + entries(indices.outer, indices.inner)
    return left * pieces + rare + copied / 2 < 0.9 * whole


# --- how -----------------------------------------------------------------------------------------


def _array(value: Value, ins: Indices) -> _Array:
    return _Array(value, dict(zip(ins, value.strides or (), strict=True)))


def _relaid(w: CWriter, node: Node, ins: Indices, wanted: Sequence[int]) -> _Array:
    """A copy of a value whose indices run in the wanted order, the last fastest."""
    value, order = w.value(node), tuple(ins.index(index) for index in wanted)
    made = w.room(node.shape, "real", order, prefix="c")
    with w.unit():
        turn(w, value, made, order)
    return _array(made, ins)


def _told(note: str, window: int) -> str:
    return f"{note}, of 1 entry in {window}"


def _delivered(w: CWriter, node: Node, value: Value) -> Value:
    """A result in the order of axes that its readers want."""
    out = w.result(node, "real")
    with w.unit():
        turn(w, value, out, w.order.get(node) or tuple(range(node.ndim)))
    return out


def _call(
    w: CWriter,
    sizes: Mapping[int, Dim],
    indices: _Indices,
    sides: tuple[Sequence[int], Sequence[int]],
    arrays: tuple[_Array, _Array, _Array],
    note: str,
) -> None:
    """The products for one image after the other; `sides` are the rows and the sums of A."""
    _, b, c = arrays
    rows, sums = sides
    lengths, (along_b, along_c) = merged(
        [sizes[i] for i in indices.inner],
        [[array.strides[i] for i in indices.inner] for array in (b, c)],
    )
    if not lengths or not along_b[-1] == along_c[-1] == 1:  # one channel, and gaps in the windows
        lengths, along_b, along_c = [*lengths, 1], (*along_b, 1), (*along_c, 1)
    run = w.size(lengths[-1])
    numbers = [product([sizes[i] for i in side]) for side in (rows, sums)]
    pieces = w.size(product(lengths[:-1]))
    bp, cp = (offsets(w, lengths[:-1], along[:-1]) for along in (along_b, along_c))
    cr = offsets(w, [sizes[i] for i in rows], [c.strides[i] for i in rows])
    bk = offsets(w, [sizes[i] for i in sums], [b.strides[i] for i in sums])
    m, k = map(w.size, numbers)
    with w.unit(), w.indices([sizes[i] for i in indices.batch], independent=False) as names:
        pointers = []
        for array in arrays:
            steps = [
                (name, array.strides.get(i, 0))
                for name, i in zip(names, indices.batch, strict=True)
            ]
            pointers.append(w.pointer(w.view(array.value, (), (), w.position(steps))))
        w.say(
            f"f->lib->sparse_{w.suffix}({m}, {run}, {k}, {pieces}, {pointers[0]}, {k}, "
            f"{pointers[1]}, {bk}, {bp}, {pointers[2]}, {cr}, {cp}, 1);",
            note,
        )
