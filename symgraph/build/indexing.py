"""Reading parts of a value: NumPy's `x[...]`, embeddings, the entry of a label, one-hot vectors.

All of these are one `Pull` (`one_hot` is the adjoint). An axis whose size is a symbol takes the
same indices as one whose size is a number; that the data are long enough is checked when they come.
"""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import Any, NamedTuple, NoReturn

import numpy as np
import sympy

from symgraph.build.arithmetic import add
from symgraph.build.coerce import as_node
from symgraph.build.conditions import less, where
from symgraph.errors import KindError, RangeError, ShapeError
from symgraph.node import Node
from symgraph.operators import operators
from symgraph.ops.leaves import Const, Fill, constant, fill
from symgraph.ops.move import pull, push
from symgraph.ops.reshape import reshape_node
from symgraph.ops.rows import Affine, Lookup, Row, identity_row
from symgraph.shapes import (
    Dim,
    DimLike,
    Shape,
    as_dim,
    broadcast,
    normalize_axis,
    product,
    same_dim,
    same_shape,
    shape_text,
)

__all__ = ["getitem", "one_hot", "pick", "take"]


class _New(NamedTuple):
    """A new axis of size 1."""


class _At(NamedTuple):
    """One position; the axis disappears."""

    row: Affine


class _Part(NamedTuple):
    """`size` positions: start, start + step, ..."""

    start: Dim
    step: int
    size: Dim
    checked: bool


_Item = _New | _At | _Part | Node


def getitem(x: Any, key: Any) -> Node:
    """`x[key]` as NumPy: integers, slices, `...`, None, and integer arrays or nodes.

    Integers and slice bounds count from the end where they are negative; integer nodes count from
    0, since only the data say where they point. Several integer arrays broadcast, and their axes
    stand where the first of them stood, or in front when slices lie between them. Boolean masks are
    refused: the number of entries they select depends on the data.
    Raises RangeError for an index outside, KindError for one that is no integer.

    >>> import symgraph as sg
    >>> x = sg.input("x", ("N", 3))
    >>> x[-1].shape, x[1:, ::-1].shape, x[:, None, 0].shape, x[:-1, [0, 0, 2, 1]].shape
    ((3,), (N - 1, 3), (N, 1), (N - 1, 4))
    """
    node = as_node(x, "getitem")
    items = _items(node, key if isinstance(key, tuple) else (key,))
    if all(isinstance(item, _New) or _is_whole(item, size) for item, size in items):
        return reshape_node(node, tuple(1 if isinstance(i, _New) else size for i, size in items))
    return _Selection(node, [item for item, _ in items]).read()


def _is_whole(item: _Item, size: Dim) -> bool:
    return isinstance(item, _Part) and item[:2] == (0, 1) and same_dim(item.size, size)


def _items(node: Node, key: tuple[Any, ...]) -> list[tuple[_Item, Dim]]:
    """What the key asks of each axis, with the axis's size; new axes stand between."""
    taken = sum(1 for part in key if part is not None and part is not Ellipsis)
    dots = sum(1 for part in key if part is Ellipsis)
    if taken > node.ndim or dots > 1:
        what = "two ellipses" if dots > 1 else f"{taken} indices"
        raise RangeError(
            f"getitem: {what} for a value of shape {shape_text(node.shape)}, which has {node.ndim} "
            "axes. Give at most one index an axis and at most one '...'."
        )
    rest = (slice(None),) * (node.ndim - taken)
    at = next((i for i, part in enumerate(key) if part is Ellipsis), len(key))
    spread = (*key[:at], *rest, *key[at + 1 :])
    items: list[tuple[_Item, Dim]] = []
    axis = 0
    for part in spread:
        if part is None:
            items.append((_New(), 1))
            continue
        place = f"getitem: axis {axis} of a value of shape {shape_text(node.shape)}"
        items.append((_item(part, node.shape[axis], place), node.shape[axis]))
        axis += 1
    return items


def _item(part: Any, size: Dim, place: str) -> _Item:
    if isinstance(part, slice):
        return _slice(part, size, place)
    if isinstance(part, Fill) and part.shape == () and part.kind == "integer":
        part = part.value
    bound = _bound(part, place) if _is_scalar(part) else None
    if bound is not None:
        return _At(_position(bound, size, place))
    return _index_array(part, size, place, wraps=True)


def _is_scalar(part: Any) -> bool:
    if isinstance(part, (Node, list, tuple)):
        return False
    return isinstance(part, sympy.Expr) or np.ndim(part) == 0


def _bound(part: Any, place: str) -> Dim:
    """An index or a slice bound: an int or a formula of sizes."""
    if isinstance(part, sympy.Expr) and not isinstance(part, Node) and part.is_integer is not False:
        return as_dim(part, place)
    if isinstance(part, (bool, np.bool_, Node)):
        return _no_integer(part, place)
    try:
        return operator.index(part)
    except TypeError:
        return _no_integer(part, place)


def _no_integer(part: Any, place: str) -> NoReturn:
    shown = f"a {part.kind} node" if isinstance(part, Node) else repr(part)
    raise KindError(
        f"{place}: index {shown} is not an integer, a slice, None or '...'. Declare nodes with "
        'kind="integer"; select by a condition with sg.where.'
    )


def _position(index: Dim, size: Dim, place: str) -> Affine:
    if isinstance(index, int) and isinstance(size, int):
        if not -size <= index < size:
            raise RangeError(
                f"{place}: index {index} is outside of its {size} entries. "
                f"Use {-size} to {size - 1}."
                if size
                else f"{place}: index {index} into an axis without entries. Give data first."
            )
        return Affine(index % size, ())
    at = _from_front(index, size, place)
    return Affine(at, (), checked=not _within(at, at, size))


def _from_front(index: Dim, size: Dim, place: str) -> Dim:
    """A bound as a position: numbers below 0 and formulas known to be below 0 count from the end.

    Raises ShapeError for a formula that could mean either.
    """
    if isinstance(index, int):
        return index if index >= 0 else product([size + index])
    if index.is_negative:
        return product([size + index])
    if index.is_nonpositive:
        raise ShapeError(
            f"{place}: {index} counts from the end unless it is 0, and then from the start. "
            f"Write {size + index}, the position that is meant."
        )
    return product([index])


def _within(low: Dim, high: Dim, size: Dim) -> bool:
    """Whether the positions low..high are known to lie inside of an axis."""
    return all(bool(sympy.sympify(gap).is_nonnegative) for gap in (low, size - 1 - high))


def _slice(part: slice, size: Dim, place: str) -> _Part:
    step = 1 if part.step is None else _bound(part.step, place)
    if not isinstance(step, int) or step == 0:
        raise ShapeError(f"{place}: slice step {step} must be a number other than 0.")
    bounds = [None if b is None else _bound(b, place) for b in (part.start, part.stop)]
    if isinstance(size, int) and all(b is None or isinstance(b, int) for b in bounds):
        there = range(*slice(bounds[0], bounds[1], step).indices(size))
        return _Part(there.start if len(there) else 0, step, len(there), False)
    ends: tuple[Dim, Dim] = (0, size) if step > 0 else (product([size - 1]), -1)
    start, stop = (
        end if bound is None else _from_front(bound, size, place)
        for bound, end in zip(bounds, ends, strict=True)
    )
    span = product([stop - start if step > 0 else start - stop])
    count = _count(span, abs(step))
    if count is None and all(b is None or isinstance(b, int) for b in bounds):
        raise ShapeError(
            f"{place}: slice {_slice_text(part)} has entries for some sizes {size} and none for "
            "others. Give both bounds from the same end."
        )
    if count is None:
        count = _ceiling(span, abs(step))
    low, high = (start, stop - 1) if step > 0 else (stop + 1, start)
    return _Part(start, step, count, count != 0 and not _within(low, high, size))


def _count(span: Dim, step: int) -> Dim | None:
    """The number of steps that a span holds; None where its sign is not known.

    A span that grows with every size, such as N - 1, is taken to be 0 or more: binding the sizes
    refuses it otherwise.
    """
    if isinstance(span, int):
        return max(0, -(-span // step))
    terms = sympy.expand(span).as_coefficients_dict()
    signs = {bool(value > 0) for term, value in terms.items() if term != 1}
    if signs == {False}:
        return 0 if span.is_nonpositive else None
    return _ceiling(span, step) if signs == {True} else None


def _ceiling(span: Dim, step: int) -> Dim:
    return product([sympy.ceiling(sympy.sympify(span) / step)])


def _slice_text(part: slice) -> str:
    words = ["" if b is None else str(b) for b in (part.start, part.stop)]
    return ":".join(words if part.step is None else [*words, str(part.step)])


def _index_array(part: Any, size: Dim, place: str, *, wraps: bool) -> Node:
    """Integer indices as a node, constant ones checked now and counted from the front."""
    if not isinstance(part, Node) and np.size(part) == 0 and not isinstance(part, np.ndarray):
        part = np.zeros(np.shape(part), np.int64)
    index = as_node(part, place)
    if index.kind == "boolean":
        raise KindError(
            f"{place}: a boolean mask selects a number of entries that depends on the data. "
            "Use sg.where(mask, x, 0), or give the positions."
        )
    if index.kind != "integer":
        _no_integer(index if isinstance(part, Node) else part, place)
    if not isinstance(index, Const) or not index.array.size:
        return index
    low, high = int(index.array.min()), int(index.array.max())
    first = -size if wraps and isinstance(size, int) else low if wraps else 0
    if low < first or (isinstance(size, int) and high >= size):
        wrong = low if low < first else high
        spot = tuple(int(i) for i in np.argwhere(index.array == wrong)[0])
        raise RangeError(
            f"{place}: index {wrong} at position {spot} is outside of its {size} entries. "
            f"Use {first} to {size - 1}."
        )
    if low >= 0:
        return index
    if isinstance(size, int):
        return constant(np.where(index.array < 0, index.array + size, index.array))
    return where(less(index, 0), add(index, fill(size)), index)


class _Selection:
    """The rows and the shape of a Pull, put together item by item."""

    def __init__(self, node: Node, items: Sequence[_Item]) -> None:
        self.node = node
        self.items = items
        self.indices = [item for item in items if isinstance(item, Node)]
        self.joint: Shape = ()
        if self.indices:
            self.joint = broadcast([index.shape for index in self.indices], "getitem: index arrays")
        self.shape: list[Dim] = []
        self.rows: list[Row] = []
        self.lookups: list[Node] = []

    def read(self) -> Node:
        """The node."""
        front = self._joint_goes_in_front()
        start: int | None = self._open_joint() if front else None
        for item in self.items:
            if isinstance(item, Node):
                start = self._open_joint() if start is None else start
                self._add_index(item, start)
            elif isinstance(item, _New):
                self.shape.append(1)
            elif isinstance(item, _At):
                self.rows.append(item.row)
            else:
                steps = ((len(self.shape), item.step),)
                self.rows.append(Affine(item.start, steps, item.checked))
                self.shape.append(item.size)
        return pull(self.node, self.rows, tuple(self.shape), tuple(self.lookups))

    def _joint_goes_in_front(self) -> bool:
        """NumPy's rule; beside an integer array a single integer counts as one, too."""
        if not self.indices:
            return False
        places = [i for i, item in enumerate(self.items) if isinstance(item, (Node, _At))]
        return places != list(range(places[0], places[0] + len(places)))

    def _open_joint(self) -> int:
        start = len(self.shape)
        self.shape.extend(self.joint)
        return start

    def _add_index(self, index: Node, start: int) -> None:
        """A lookup along those of the joint axes along which the index array varies."""
        offset = len(self.joint) - index.ndim
        varies = [a for a, n in enumerate(index.shape) if same_dim(n, self.joint[offset + a])]
        slim = reshape_node(index, tuple(index.shape[a] for a in varies))
        self.lookups.append(slim)
        axes = tuple(start + offset + a for a in varies)
        self.rows.append(Lookup(len(self.lookups), axes))


def take(x: Any, indices: Any, axis: int | None = 0) -> Node:
    """The entries at integer positions along an axis, as NumPy's `take`: an embedding's rows.

    Shape: the axis is replaced by the axes of `indices`; with axis None x is flattened first.
    Raises KindError for indices that are no integers, RangeError for one outside (a constant one
    now, one from data when it is used; indices of nodes count from 0).

    >>> import symgraph as sg
    >>> words = sg.input("words", ("N", "T"), kind="integer")
    >>> sg.take(sg.parameter("E", (1000, 64)), words).shape
    (N, T, 64)
    """
    node = as_node(x, "take")
    if axis is None:
        return take(reshape_node(node, (product(node.shape),)), indices, 0)
    number = normalize_axis(axis, node.ndim, "take")
    size = node.shape[number]
    place = f"take: axis {number} of a value of shape {shape_text(node.shape)}"
    if isinstance(indices, slice):
        _no_integer(indices, place)
    items: list[_Item] = [_Part(0, 1, n, False) for n in node.shape]
    items[number] = _item(indices, size, place)
    return _Selection(node, items).read()


def pick(x: Any, labels: Any, axis: int = -1) -> Node:
    """The entry that a label names in each row: `x[arange(N), labels]` for a matrix.

    Shapes: labels as x without the axis; result the same.
    Raises ShapeError for labels of another shape, KindError for labels that are no integers,
    RangeError for one outside 0..k-1 (a constant one now, one from data when it is used).

    >>> import symgraph as sg
    >>> scores, y = sg.input("scores", ("N", 3)), sg.input("y", "N", kind="integer")
    >>> sg.pick(scores, y).shape
    (N,)
    """
    node = as_node(x, "pick")
    number = normalize_axis(axis, node.ndim, "pick")
    shape = (*node.shape[:number], *node.shape[number + 1 :])
    place = f"pick: axis {number} of a value of shape {shape_text(node.shape)}"
    index = _index_array(labels, node.shape[number], place, wraps=False)
    if not same_shape(index.shape, shape):
        raise ShapeError(
            f"pick: labels of shape {shape_text(index.shape)} for a value of shape "
            f"{shape_text(node.shape)}; without axis {number} that is {shape_text(shape)}. "
            "Give one label for each row."
        )
    rows: list[Row] = [identity_row(a) for a in range(len(shape))]
    rows.insert(number, Lookup(1, tuple(range(len(shape)))))
    return pull(node, rows, shape, (index,))


def one_hot(labels: Any, n: DimLike) -> Node:
    """1 at the position of each label and 0 elsewhere, along a new last axis of size n.

    Raises KindError for labels that are no integers, RangeError for one outside 0..n-1 (a constant
    one now, one from data when it is used).

    >>> import symgraph as sg
    >>> y = sg.input("y", "N", kind="integer")
    >>> sg.one_hot(y, 10).shape
    (N, 10)
    """
    size = as_dim(n, "one_hot")
    index = _index_array(labels, size, f"one_hot: {size} classes", wraps=False)
    rows: list[Row] = [identity_row(a) for a in range(index.ndim)]
    rows.append(Lookup(1, tuple(range(index.ndim))))
    ones = fill(1, index.shape, "integer")
    return push(ones, rows, (*index.shape, size), (index,))


operators.update(getitem=getitem)
