"""Moving entries: Pull reads x[f(i)], Push is its adjoint; Reshape and Concat."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import sympy

from symgraph.errors import RangeError, ShapeError
from symgraph.node import Node, intern, promote
from symgraph.ops.einsum import Einsum, folded_einsum, widen
from symgraph.ops.leaves import Fill, fill
from symgraph.printing import ATOM, Format, Piece
from symgraph.shapes import Dim, Shape, bind_dim, bind_shape, product, same_dim, shape_text

__all__ = [
    "Affine",
    "Concat",
    "Lookup",
    "Pull",
    "Push",
    "Reshape",
    "Row",
    "check_positions",
    "concat_node",
    "identity_row",
    "pull",
    "push",
    "reshape_node",
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


def _positions(
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


class Pull(Node):
    """x[f(i)]: operands = (x, integer lookups...), `params` = (result shape, one Row an axis of x).

    Slices, padding, flips, windows, embeddings and label picks are all of this form.
    """

    __slots__ = ()

    @property
    def rows(self) -> tuple[Row, ...]:
        """How each axis of x is addressed."""
        rows: tuple[Row, ...] = self.params[1]
        return rows

    def evaluate(self, dims: Mapping[sympy.Symbol, int], *xs: Any) -> Any:
        x, out = np.asarray(xs[0]), bind_shape(self.shape, dims)
        places, inside = _positions(self.rows, out, x.shape, xs[1:], dims)
        if x.size == 0:
            return np.zeros(out, x.dtype)
        value = np.broadcast_to(x[tuple(places)] if places else x, out)
        return np.where(inside, value, np.zeros((), x.dtype))

    def entry(self, index: Sequence[Any], read: Callable[[int, Sequence[Any]], Any]) -> Any:
        source, inside = _symbolic_positions(self.rows, self.args[0].shape, index, read)
        if inside is False:
            return sympy.S.Zero
        value = read(0, source)
        return value if inside is True else sympy.Piecewise((value, inside), (0, True))

    def vjp(self, ct: Node, k: int) -> Node | None:
        if k > 0 or self.args[0].kind != "real":
            return None
        shape, lookups = self.args[0].shape, self.args[1:]
        number = _one_number(ct) if _is_one_hot(self.rows, self.ndim) else None
        if number is None:
            return push(ct, self.rows, shape, lookups)
        axes = tuple(range(len(shape)))
        hot = push(fill(1, self.shape, "real"), self.rows, shape, lookups)
        return folded_einsum([(), axes], axes, {}, (number, hot))

    def jvp(self, tangents: Sequence[Node | None]) -> Node | None:
        if tangents[0] is None:
            return None
        return pull(tangents[0], self.rows, self.shape, self.args[1:])

    def batch(self, args: Sequence[Node], flags: Sequence[bool], size: Dim) -> Node:
        rows = _batched_rows(self.rows, flags)
        if flags[0]:
            rows.insert(0, identity_row(0))
        return pull(args[0], rows, (size, *self.shape), tuple(args[1:]))

    def form(self, fmt: Format, xs: Sequence[Piece]) -> Piece:
        return _form_pull(self, fmt, xs)

    @classmethod
    def rebuild(cls, params: tuple[Any, ...], args: tuple[Node, ...]) -> Node:
        return pull(args[0], params[1], params[0], args[1:])


class Push(Node):
    """The adjoint of Pull: adds entry i of the operand to position f(i) of zeros.

    Operands = (x, integer lookups...), `params` = (result shape, one Row an axis of the result).
    """

    __slots__ = ()

    @property
    def rows(self) -> tuple[Row, ...]:
        """How each axis of the result is addressed."""
        rows: tuple[Row, ...] = self.params[1]
        return rows

    def evaluate(self, dims: Mapping[sympy.Symbol, int], *xs: Any) -> Any:
        x, shape = np.asarray(xs[0]), bind_shape(self.shape, dims)
        result = np.zeros(shape, x.dtype if x.dtype != bool else np.int64)
        places, inside = _positions(self.rows, x.shape, shape, xs[1:], dims)
        chosen = np.broadcast_to(inside, x.shape)
        if not shape:
            return result + x[chosen].sum()
        target = tuple(np.broadcast_to(place, x.shape)[chosen] for place in places)
        np.add.at(result, target, x[chosen])
        return result

    def entry(self, index: Sequence[Any], read: Callable[[int, Sequence[Any]], Any]) -> Any:
        total: Any = sympy.S.Zero
        sizes = self.args[0].shape
        for place in itertools.product(*(range(int(n)) for n in sizes)):
            target, inside = _symbolic_positions(self.rows, self.shape, place, read)
            if inside is False:
                continue
            hits = sympy.Mul(
                *(sympy.KroneckerDelta(a, b) for a, b in zip(target, index, strict=True))
            )
            total += hits * read(0, place) if hits != 0 else 0
        return total

    def vjp(self, ct: Node, k: int) -> Node | None:
        if k > 0 or self.args[0].kind != "real":
            return None
        return pull(ct, self.rows, self.args[0].shape, self.args[1:])

    def jvp(self, tangents: Sequence[Node | None]) -> Node | None:
        if tangents[0] is None:
            return None
        return push(tangents[0], self.rows, self.shape, self.args[1:])

    def batch(self, args: Sequence[Node], flags: Sequence[bool], size: Dim) -> Node:
        x = args[0] if flags[0] else widen(args[0], (size, *args[0].shape))
        rows = [identity_row(0), *_batched_rows(self.rows, flags)]
        return push(x, rows, (size, *self.shape), tuple(args[1:]))

    def form(self, fmt: Format, xs: Sequence[Piece]) -> Piece:
        x = self.args[0]
        if _is_one_hot(self.rows, x.ndim) and isinstance(x, Fill) and x.value == 1:
            return fmt.call("one_hot", [xs[1], Piece(str(self.shape[-1]))])
        key = _form_key(self.rows, self.shape, x.shape, fmt, xs)
        return fmt.call("scatter_add", [xs[0], Piece(f"[{key}]"), Piece(shape_text(self.shape))])

    @classmethod
    def rebuild(cls, params: tuple[Any, ...], args: tuple[Node, ...]) -> Node:
        return push(args[0], params[1], params[0], args[1:])


def _is_one_hot(rows: Sequence[Row], rank: int) -> bool:
    """Whether one lookup gives the last position for each index of the smaller side."""
    *lead, last = rows or (identity_row(0),)
    return (
        len(lead) == rank
        and all(row == identity_row(a) for a, row in enumerate(lead))
        and isinstance(last, Lookup)
        and last.axes == tuple(range(rank))
    )


def _one_number(x: Node) -> Node | None:
    """The scalar that a value repeats, else None."""
    if isinstance(x, Fill):
        return fill(x.value, (), "real")
    return x.args[0] if isinstance(x, Einsum) and not any(x.ins) and len(x.args) == 1 else None


def _batched_rows(rows: Sequence[Row], flags: Sequence[bool]) -> list[Row]:
    """The rows when a leading axis joins the indexed side."""
    moved: list[Row] = []
    for row in rows:
        if isinstance(row, Affine):
            moved.append(row._replace(steps=tuple((axis + 1, step) for axis, step in row.steps)))
        else:
            axes = tuple(axis + 1 for axis in row.axes)
            moved.append(Lookup(row.operand, (0, *axes) if flags[row.operand] else axes))
    return moved


def _symbolic_positions(
    rows: Sequence[Row], sizes: Shape, index: Sequence[Any],
    read: Callable[[int, Sequence[Any]], Any],
) -> tuple[tuple[Any, ...], Any]:  # fmt: skip
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


def pull(x: Node, rows: Sequence[Row], shape: Shape, lookups: tuple[Node, ...] = ()) -> Node:
    """x read through rows into a result of this shape."""
    if shape == x.shape and all(row == identity_row(a) for a, row in enumerate(rows)):
        return x
    return intern(Pull, (x, *lookups), (shape, tuple(rows)), shape, x.kind)


def push(x: Node, rows: Sequence[Row], shape: Shape, lookups: tuple[Node, ...] = ()) -> Node:
    """x added through rows into zeros of this shape."""
    if shape == x.shape and all(row == identity_row(a) for a, row in enumerate(rows)):
        return x
    kind = promote("integer", x.kind)
    return intern(Push, (x, *lookups), (shape, tuple(rows)), shape, kind)


def as_slices(node: Pull | Push) -> list[tuple[Dim, int, Dim]] | None:
    """(start, step, count) an axis when the map is a plain slice of the larger side, else None."""
    small = node.shape if isinstance(node, Pull) else node.args[0].shape
    if len(small) != len(node.rows):
        return None
    found: list[tuple[Dim, int, Dim]] = []
    for axis, row in enumerate(node.rows):
        if not isinstance(row, Affine) or len(row.steps) != 1 or row.steps[0][0] != axis:
            return None
        found.append((row.offset, row.steps[0][1], small[axis]))
    return found


def _form_pull(node: Pull, fmt: Format, xs: Sequence[Piece]) -> Piece:
    width = _padding(node)
    if width is not None:
        return fmt.call("pad", [xs[0], Piece(str(width))])
    if fmt.style != "latex" and _is_pick(node):
        return fmt.call("pick", xs)
    x, inner = fmt.wrap(xs[0], ATOM), _form_key(node.rows, node.args[0].shape, node.shape, fmt, xs)
    return Piece(rf"{x}_{{{inner}}}" if fmt.style == "latex" else f"{x}[{inner}]")


def _is_pick(node: Pull) -> bool:
    """Whether this reads one entry of the last axis for each place on the others."""
    *lead, last = node.rows or (None,)
    axes = tuple(range(node.ndim))
    return bool(axes) and lead == [identity_row(a) for a in axes] and last == Lookup(1, axes)


def _form_key(
    rows: Sequence[Row], large: Shape, small: Shape, fmt: Format, xs: Sequence[Piece]
) -> str:
    """What stands between the brackets when the entries of the small side are read or written.

    Python's slices where NumPy would read them so, else formulas of the indices i0, i1, ...
    """
    if not _is_numpy_key(rows, large, small):
        return ", ".join(_form_place(row, fmt, xs) for row in rows)
    parts: list[tuple[int, str]] = []
    used: set[int] = set()
    for row, size in zip(rows, large, strict=True):
        axes = _axes_of(row)
        text = xs[row.operand].text if isinstance(row, Lookup) else _form_slice(row, size, small)
        parts.append((max(axes, default=-1), text))
        used.update(axes)
    for new in (a for a in range(len(small)) if a not in used):
        place = next((i for i, (axis, _) in enumerate(parts) if axis > new), len(parts))
        parts.insert(place, (new, "None"))
    return ", ".join(text for _, text in parts)


def _axes_of(row: Row) -> tuple[int, ...]:
    """The axes of the small side that a row depends on."""
    return row.axes if isinstance(row, Lookup) else tuple(axis for axis, _ in row.steps)


def _is_numpy_key(rows: Sequence[Row], large: Shape, small: Shape) -> bool:
    """Whether slices, integers and index arrays, in NumPy's order of axes, say the same."""
    looked_up = {row.axes for row in rows if isinstance(row, Lookup)}
    sliced = [row for row in rows if isinstance(row, Affine) and row.steps]
    new = set(range(len(small))) - {axis for row in rows for axis in _axes_of(row)}
    if len(looked_up) > 1 or any(small[axis] != 1 for axis in new) or (looked_up and new):
        return False
    if not all(
        _is_inside(row, size, small)
        for row, size in zip(rows, large, strict=True)
        if isinstance(row, Affine)
    ):
        return False
    arrays = [k for k, row in enumerate(rows) if row not in sliced]
    together = bool(arrays) and arrays[-1] - arrays[0] == len(arrays) - 1
    at = arrays[0] if together else 0  # index arrays with slices between them come first
    order = [row.steps[0][0] for row in sliced]
    for axes in looked_up:
        order[at:at] = axes
    return order == sorted(set(order))


def _is_inside(row: Affine, size: Dim, small: Shape) -> bool:
    """Whether a row is one slice or one position that certainly needs no zeros from outside."""
    if len(row.steps) > 1:
        return False
    ends = [row.offset]
    ends += [row.offset + step * (small[axis] - 1) for axis, step in row.steps]
    return not any(
        isinstance(end, int) and (end < 0 or (isinstance(size, int) and end >= size))
        for end in ends
    )


def _form_place(row: Row, fmt: Format, xs: Sequence[Piece]) -> str:
    """The position that a row reads, as a formula of the indices of the small side."""
    if isinstance(row, Lookup):
        at = ", ".join(_index_name(axis, fmt) for axis in row.axes)
        x = fmt.wrap(xs[row.operand], ATOM)
        return (rf"{x}_{{{at}}}" if fmt.style == "latex" else f"{x}[{at}]") if at else x
    terms = " + ".join(
        _index_name(a, fmt)
        if step == 1
        else f"{step}{fmt.pick('*', '·', ' ')}{_index_name(a, fmt)}"
        for a, step in row.steps
    )
    return (f"{row.offset} + {terms}" if row.offset != 0 else terms) if terms else str(row.offset)


def _index_name(axis: int, fmt: Format) -> str:
    return fmt.name(f"i{axis}").text


def _form_slice(row: Affine, size: Dim, shape: Shape) -> str:
    """One axis of a slice as Python writes it."""
    if not row.steps:
        return str(row.offset)
    (axis, step) = row.steps[0]
    first, stop = row.offset, row.offset + step * shape[axis]
    start_text = "" if same_dim(first, 0 if step > 0 else size - 1) else str(first)
    ends = stop >= size if isinstance(stop, int) and isinstance(size, int) else stop == size
    ends = same_dim(stop, -1) or (isinstance(stop, int) and stop < 0) if step < 0 else ends
    stop_text = "" if ends else str(stop)
    return f"{start_text}:{stop_text}" + ("" if step == 1 else f":{step}")


def _padding(node: Pull) -> tuple[tuple[Dim, Dim], ...] | None:
    """The zeros before and behind each axis when the map only adds zeros, else None."""
    slices = as_slices(node)
    if slices is None or any(step != 1 for _, step, _ in slices):
        return None
    sizes = node.args[0].shape
    width = tuple(
        (_settled(-start), _settled(start + count - size))
        for (start, _, count), size in zip(slices, sizes, strict=True)
    )
    grows = all(isinstance(n, int) and n >= 0 for pair in width for n in pair)
    return width if grows and any(n for pair in width for n in pair) else None


def _settled(dim: Dim) -> Dim:
    return product([dim])


class Reshape(Node):
    """The same entries in row-major order under another shape: `params` = (shape,)."""

    __slots__ = ()

    def evaluate(self, dims: Mapping[sympy.Symbol, int], *xs: Any) -> Any:
        return np.reshape(xs[0], bind_shape(self.shape, dims))

    def entry(self, index: Sequence[Any], read: Callable[[int, Sequence[Any]], Any]) -> Any:
        flat: Any = sympy.S.Zero
        for i, size in zip(index, self.shape, strict=True):
            flat = flat * size + i
        source: list[Any] = []
        for size in reversed(self.args[0].shape):
            source.insert(0, sympy.Mod(flat, size))
            flat = sympy.floor(flat / sympy.sympify(size)) if size != 0 else flat
        return read(0, tuple(source))

    def vjp(self, ct: Node, k: int) -> Node | None:
        return _folded_reshape(ct, self.args[0].shape) if self.args[0].kind == "real" else None

    def jvp(self, tangents: Sequence[Node | None]) -> Node | None:
        return None if tangents[0] is None else reshape_node(tangents[0], self.shape)

    def batch(self, args: Sequence[Node], flags: Sequence[bool], size: Dim) -> Node:
        return reshape_node(args[0], (size, *self.shape))

    def form(self, fmt: Format, xs: Sequence[Piece]) -> Piece:
        places = self._new_axes()
        if places is not None:
            inner = ", ".join("None" if new else ":" for new in places)
            x = fmt.wrap(xs[0], ATOM)
            return Piece(rf"{x}_{{{inner}}}" if fmt.style == "latex" else f"{x}[{inner}]")
        return fmt.call("reshape", [*xs, Piece(shape_text(self.shape))])

    def _new_axes(self) -> list[bool] | None:
        """Which axes of the result are new, when all others are those of the operand."""
        source = list(self.args[0].shape)
        new: list[bool] = []
        for size in self.shape:
            kept = bool(source) and source[0] == size
            if not kept and size != 1:
                return None
            new.append(not kept)
            source = source[1:] if kept else source
        return None if source else new

    @classmethod
    def rebuild(cls, params: tuple[Any, ...], args: tuple[Node, ...]) -> Node:
        return reshape_node(args[0], params[0])


def reshape_node(x: Node, shape: Shape) -> Node:
    """x under another shape of as many entries.

    Raises ShapeError when the numbers of entries differ.
    """
    if x.shape == shape:
        return x
    if not same_dim(product(x.shape), product(shape)):
        raise ShapeError(
            f"reshape: {shape_text(x.shape)} has {product(x.shape)} entries, {shape_text(shape)} "
            f"has {product(shape)}. Choose a shape with as many entries."
        )
    if isinstance(x, Fill):
        return fill(x.value, shape, x.kind)
    if isinstance(x, Reshape):
        return reshape_node(x.args[0], shape)
    return intern(Reshape, (x,), (shape,), shape, x.kind)


def _folded_reshape(x: Node, shape: Shape) -> Node:
    """x under another shape; a sum that kept its axes as 1 loses them inside the sum."""
    kept = [axis for axis, size in enumerate(x.shape) if size != 1]
    if isinstance(x, Einsum) and shape == tuple(x.shape[axis] for axis in kept):
        return folded_einsum([tuple(range(x.ndim))], tuple(kept), {}, (x,))
    return reshape_node(x, shape)


class Concat(Node):
    """Operands one behind the other along an axis: `params` = (axis,)."""

    __slots__ = ()

    @property
    def axis(self) -> int:
        """The axis along which the operands are joined."""
        axis: int = self.params[0]
        return axis

    def starts(self) -> list[Dim]:
        """Where each operand begins along the axis."""
        starts: list[Dim] = [0]
        for arg in self.args[:-1]:
            starts.append(starts[-1] + arg.shape[self.axis])
        return starts

    def evaluate(self, dims: Mapping[sympy.Symbol, int], *xs: Any) -> Any:
        return np.concatenate([np.asarray(x) for x in xs], axis=self.axis)

    def entry(self, index: Sequence[Any], read: Callable[[int, Sequence[Any]], Any]) -> Any:
        at = index[self.axis]
        cases: list[tuple[Any, Any]] = []
        for k, (start, arg) in enumerate(zip(self.starts(), self.args, strict=True)):
            inside = sympy.sympify(at) < start + arg.shape[self.axis]
            if inside == False:  # noqa: E712 - SymPy's false
                continue
            local = (*index[: self.axis], at - start, *index[self.axis + 1 :])
            if inside == True and not cases:  # noqa: E712 - SymPy's true
                return read(k, local)
            cases.append((read(k, local), inside))
        return sympy.Piecewise(*cases)

    def vjp(self, ct: Node, k: int) -> Node | None:
        if self.args[k].kind != "real":
            return None
        rows: list[Row] = [identity_row(a) for a in range(self.ndim)]
        rows[self.axis] = Affine(self.starts()[k], ((self.axis, 1),))
        if isinstance(ct, Fill):
            return fill(ct.value, self.args[k].shape, "real")
        return pull(ct, rows, self.args[k].shape)

    def jvp(self, tangents: Sequence[Node | None]) -> Node | None:
        if all(tangent is None for tangent in tangents):
            return None
        parts = [
            fill(0, arg.shape, "real") if tangent is None else tangent
            for arg, tangent in zip(self.args, tangents, strict=True)
        ]
        return concat_node(parts, self.axis)

    def batch(self, args: Sequence[Node], flags: Sequence[bool], size: Dim) -> Node:
        wide = [
            arg if flag else widen(arg, (size, *arg.shape))
            for arg, flag in zip(args, flags, strict=True)
        ]
        return concat_node(wide, self.axis + 1)

    def form(self, fmt: Format, xs: Sequence[Piece]) -> Piece:
        inner = ", ".join(x.text for x in xs)
        if self.axis == 0 and self.ndim == 1:
            return Piece(rf"\left[{inner}\right]" if fmt.style == "latex" else f"[{inner}]")
        return fmt.call("concat", [Piece(f"[{inner}]"), Piece(f"axis={self.axis}")])

    @classmethod
    def rebuild(cls, params: tuple[Any, ...], args: tuple[Node, ...]) -> Node:
        return concat_node(args, params[0])


def concat_node(parts: Sequence[Node], axis: int) -> Node:
    """The operands joined along an axis.

    Raises ShapeError when the other sizes differ.
    """
    first = parts[0]
    total: Dim = 0
    for part in parts:
        fits = len(part.shape) == len(first.shape) and all(
            a == axis or same_dim(p, q)
            for a, (p, q) in enumerate(zip(part.shape, first.shape, strict=False))
        )
        if not fits:
            raise ShapeError(
                f"concat: shapes {shape_text(first.shape)} and {shape_text(part.shape)} differ "
                f"outside axis {axis}. Give operands that agree on all other axes."
            )
        total = total + part.shape[axis]
    if len(parts) == 1:
        return first
    size = product([total])
    shape = (*first.shape[:axis], size, *first.shape[axis + 1 :])
    return intern(Concat, tuple(parts), (axis,), shape, promote(*(p.kind for p in parts)))
