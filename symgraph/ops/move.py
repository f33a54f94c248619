"""Moving entries: Pull reads x[f(i)], and Push is its adjoint."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import sympy

from symgraph.node import Node, intern, promote
from symgraph.ops.einsum import Einsum, folded_einsum, widen
from symgraph.ops.leaves import Fill, fill
from symgraph.ops.row_text import key_text
from symgraph.ops.rows import (
    Affine,
    Lookup,
    Row,
    batched_rows,
    identity_row,
    positions,
    symbolic_positions,
)
from symgraph.printing import ATOM, Format, Piece
from symgraph.shapes import Dim, Shape, bind_shape, product, shape_text

__all__ = ["Pull", "Push", "pull", "push"]


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
        places, inside = positions(self.rows, out, x.shape, xs[1:], dims)
        if x.size == 0:
            return np.zeros(out, x.dtype)
        value = np.broadcast_to(x[tuple(places)] if places else x, out)
        if inside.all():
            return np.array(value)
        return np.where(inside, value, np.zeros((), x.dtype))

    def entry(self, index: Sequence[Any], read: Callable[[int, Sequence[Any]], Any]) -> Any:
        source, inside = symbolic_positions(self.rows, self.args[0].shape, index, read)
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
        rows = batched_rows(self.rows, flags)
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
        places, inside = positions(self.rows, x.shape, shape, xs[1:], dims)
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
            target, inside = symbolic_positions(self.rows, self.shape, place, read)
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
        rows = [identity_row(0), *batched_rows(self.rows, flags)]
        return push(x, rows, (size, *self.shape), tuple(args[1:]))

    def form(self, fmt: Format, xs: Sequence[Piece]) -> Piece:
        x = self.args[0]
        if _is_one_hot(self.rows, x.ndim) and isinstance(x, Fill) and x.value == 1:
            return fmt.call("one_hot", [xs[1], Piece(str(self.shape[-1]))])
        key = key_text(self.rows, self.shape, x.shape, fmt, xs)
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
    x, inner = fmt.wrap(xs[0], ATOM), key_text(node.rows, node.args[0].shape, node.shape, fmt, xs)
    return Piece(rf"{x}_{{{inner}}}" if fmt.style == "latex" else f"{x}[{inner}]")


def _is_pick(node: Pull) -> bool:
    """Whether this reads one entry of the last axis for each place on the others."""
    *lead, last = node.rows or (None,)
    axes = tuple(range(node.ndim))
    return bool(axes) and lead == [identity_row(a) for a in axes] and last == Lookup(1, axes)


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
