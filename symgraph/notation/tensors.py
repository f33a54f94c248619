"""Nodes that matrix notation has no word for, entry by entry.

Convolutions, pooling, lookups, sums over some axes of many: what an entry of the result is made of,
with indices for axes. Values move by affine positions; their adjoints are solved for the position
that they come from: Σ_{o,i,j} G[b,o,h-i,w-j] K[o,c,i,j].
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

import sympy

from symgraph.node import Node
from symgraph.notation.entries import Entries
from symgraph.notation.indexed import (
    Array,
    Index,
    Over,
    Places,
    Quotient,
    Remainder,
    is_within,
    letters_in,
    other_letter,
    place,
    renamed,
    unshadowed,
)
from symgraph.notation.tree import Formula, Indicator, Number, Relation, Sort
from symgraph.ops import Concat, Einsum, Iota, Map, Pull, Push, Reduce, Reshape
from symgraph.ops.rows import Affine, Lookup
from symgraph.scalar import equal, slot, where
from symgraph.shapes import Dim, product, same_dim

__all__ = ["Tensors", "needs_indices"]

Axes = tuple[Index, ...]
_SAME = equal(slot(0), slot(1))
_CHOICE = where(_SAME, slot(2), 0)


class Reading(Protocol):
    """What is asked of the reader of nodes."""

    def read(self, root: Node) -> Formula: ...
    def of_numbers(self, node: Map, xs: Sequence[Formula], at: Sequence[Index]) -> Formula: ...
    def sort_of(self, node: Node) -> Sort: ...
    @property
    def names_in_use(self) -> set[str]: ...


def needs_indices(node: Node, xs: Sequence[Formula]) -> bool:
    """Whether an operand is given by its entries, or tensors of several shapes meet."""
    if any(isinstance(x, Array) for x in xs) or _chooses_along_an_axis(node):
        return True
    if not isinstance(node, Map) or node.ndim < 3:
        return False
    return any(arg.ndim and arg.shape != node.shape for arg in node.args)


def _chooses_along_an_axis(node: Node) -> bool:
    """Whether each row, or each window, hands what arrives to its largest entry."""
    if not isinstance(node, Map) or node.template.expr not in (_CHOICE, _SAME):
        return False
    reduced = _largest(node)
    return reduced is not None and 0 < len(reduced.axes) < reduced.args[0].ndim


def _largest(node: Map) -> Reduce | None:
    """The argmax that the positions along its own axes are compared with."""
    if len(node.args) < 2:
        return None
    place, spread = node.args[:2]
    reduced = spread.args[0] if isinstance(spread, Einsum) else spread
    if not isinstance(reduced, Reduce) or reduced.operation != "argmax":
        return None
    shape = reduced.args[0].shape
    own = tuple(size if axis in reduced.axes else 1 for axis, size in enumerate(shape))
    counted = place.args[0] if isinstance(place, Reshape) else place
    fits = isinstance(counted, Iota) and place.shape == own and spread.shape in (shape, ())
    return reduced if fits else None


class Tensors:
    """Arrays by their entries, one rule a primitive.

    `axes` gives the indices of an operand, by its formula and its node.
    """

    def __init__(
        self, entries: Entries, axes: Callable[[Node, Formula], Axes], reading: Reading
    ) -> None:
        self._entries = entries
        self._axes = axes
        self._reading = reading

    def array(self, node: Node, xs: Sequence[Formula]) -> Formula | None:
        """The node by its entries; a number as a number. None where there is no rule."""
        rule = _RULES.get(type(node))
        return None if rule is None else rule(self, node, xs)

    def _made(self, node: Node, indices: Axes, body: Formula) -> Formula:
        """The array with these entries, in letters that are no names of the expression."""
        names = self._reading.names_in_use
        letters = {index.letter for index in indices}
        body = unshadowed(body, letters | names)
        if not indices:
            return body
        made = Array(indices, body, self._reading.sort_of(node))
        clashing = letters & names
        return renamed(made, clashing, names | letters_in(made)) if clashing else made

    def _at(self, node: Node, x: Formula, at: Sequence[Formula]) -> Formula:
        """The entry of an operand; `at` has one position for each axis of the node."""
        if isinstance(x, Array) or node.ndim != 2 or x.sort == "matrix":
            return self._entries.entry(x, at)
        if x.sort == "scalar":
            return x
        return self._entries.entry(x, at[:1] if x.sort == "column" else at[1:])

    def _from(self, node: Node, x: Formula, at: Sequence[Formula]) -> Formula:
        """The entry of an operand at positions that may lie outside of it, where it is 0."""
        probes: list[Index] = []
        spots: list[Formula] = []
        for position, size in zip(at, node.shape, strict=True):
            if is_within(position, size):
                spots.append(position)
            else:
                probes.append(Index(f"?{len(probes)}", size))
                spots.append(probes[-1])
        outside = [p for p, spot in zip(at, spots, strict=True) if p is not spot]
        if not probes:
            return self._at(node, x, spots)
        whole = Array(tuple(probes), self._at(node, x, spots), "tensor")
        return self._entries.entry(whole, outside)

    # --- rules --------------------------------------------------------------------------------

    def _einsum(self, node: Node, xs: Sequence[Formula]) -> Formula | None:
        assert isinstance(node, Einsum)
        of: dict[int, Index] = {}
        sizes = node.sizes()
        for arg, x, own in zip(node.args, xs, node.ins, strict=True):
            for i, index in zip(own, self._axes(arg, x), strict=True):
                if i not in of:
                    taken = {one.letter for one in of.values()}
                    of[i] = Index(other_letter(taken, index.letter), sizes[i])
        indices: list[Index] = []
        brackets: list[Formula] = []
        for i in node.out:
            if i not in of or of[i] in indices:
                taken = {one.letter for one in (*of.values(), *indices)}
                new = Index(other_letter(taken), sizes[i])
                if i in of:
                    brackets.append(Indicator(Relation("==", of[i], new)))
                of.setdefault(i, new)
                indices.append(new)
            else:
                indices.append(of[i])
        factors = [
            self._at(arg, x, _single([of[i] for i in own], arg))
            for arg, x, own in zip(node.args, xs, node.ins, strict=True)
        ]
        summed = [of[i] for i in of if i not in node.out]
        body = self._entries.summed(summed, self._entries.times([*brackets, *factors]))
        return self._made(node, tuple(indices), body)

    def _map(self, node: Node, xs: Sequence[Formula]) -> Formula | None:
        assert isinstance(node, Map)
        indices = self._aligned_axes(node, xs)
        numbers = [
            self._at(arg, x, _single(indices[len(indices) - arg.ndim :], arg))
            for arg, x in zip(node.args, xs, strict=True)
        ]
        reduced = _largest(node)
        if reduced is not None:
            numbers[:2] = self._place_and_winner(reduced, indices)
        if node.template.expr == _CHOICE:
            same = self._entries.algebra.relation("==", *numbers[:2])
            return self._made(node, indices, self._entries.times([numbers[2], Indicator(same)]))
        return self._made(node, indices, self._reading.of_numbers(node, numbers, indices))

    def _aligned_axes(self, node: Node, xs: Sequence[Formula]) -> Axes:
        """The letters of the operands, the most telling first: those of arrays of full size."""
        found: dict[int, Index] = {}
        pairs = sorted(
            zip(node.args, xs, strict=True),
            key=lambda pair: (-pair[0].ndim, isinstance(pair[1], Array)),
        )
        for arg, x in pairs:
            shift = node.ndim - arg.ndim
            for axis, index in enumerate(self._axes(arg, x)):
                size = node.shape[axis + shift]
                taken = {one.letter for one in found.values()}
                if same_dim(arg.shape[axis], size) and axis + shift not in found:
                    found[axis + shift] = Index(other_letter(taken, index.letter), size)
        for axis, size in enumerate(node.shape):
            if axis not in found:
                letter = other_letter(one.letter for one in found.values())
                found[axis] = Index(letter, size)
        return tuple(found[axis] for axis in range(node.ndim))

    def _place_and_winner(self, reduced: Reduce, indices: Axes) -> tuple[Formula, Formula]:
        """The place of an entry in its window, and that of the first largest one."""
        source = reduced.args[0]
        if len(reduced.axes) == 1:
            kept = [index for axis, index in enumerate(indices) if axis not in reduced.axes]
            first = self._at(reduced, self._reading.read(reduced), kept)
            return indices[reduced.axes[0]], first
        axes = [axis for axis in reduced.axes if source.shape[axis] != 1] or reduced.axes[:1]
        at, bound = list(indices), []
        for axis in axes:
            letter = other_letter(index.letter for index in (*indices, *at))
            at[axis] = Index(letter, indices[axis].length)
            bound.append(at[axis])
        body = self._at(source, self._reading.read(source), at)
        own = tuple(indices[axis] for axis in axes)
        place = Places(own, tuple(i.length for i in own)) if len(own) > 1 else own[0]
        return place, Over("argmax", tuple(bound), body)

    def _pull(self, node: Node, xs: Sequence[Formula]) -> Formula | None:
        assert isinstance(node, Pull)
        indices = self._axes_of_pull(node, xs)
        at = [self._position(row, node.args, xs, indices) for row in node.rows]
        at = [
            Number(0) if size == 1 and isinstance(p, Index) and p.length == 1 else p
            for p, size in zip(at, node.args[0].shape, strict=True)
        ]
        return self._made(node, indices, self._from(node.args[0], xs[0], at))

    def _axes_of_pull(self, node: Pull, xs: Sequence[Formula]) -> Axes:
        wishes: dict[int, str] = {}
        source = self._axes(node.args[0], xs[0])
        for row, index in zip(node.rows, source, strict=True):
            if isinstance(row, Affine):
                if row.steps:
                    wishes.setdefault(row.steps[0][0], index.letter)
            else:
                ids = self._axes(node.args[row.operand], xs[row.operand])
                for axis, own in zip(row.axes, ids, strict=True):
                    wishes.setdefault(axis, own.letter)
        found: list[Index] = []
        for axis, size in enumerate(node.shape):
            taken = {one.letter for one in found} | (set(wishes.values()) - {wishes.get(axis)})
            found.append(Index(other_letter(taken, wishes.get(axis)), size))
        return tuple(found)

    def _position(
        self, row: Affine | Lookup, args: Sequence[Node], xs: Sequence[Formula], indices: Axes
    ) -> Formula:
        if isinstance(row, Lookup):
            ids = args[row.operand]
            return self._at(ids, xs[row.operand], [indices[a] for a in row.axes])
        return place([(step, indices[axis]) for axis, step in row.steps], row.offset)

    def _push(self, node: Node, xs: Sequence[Formula]) -> Formula | None:
        """Each entry of the result gathers what was sent to it."""
        assert isinstance(node, Push)
        source = self._axes(node.args[0], xs[0])
        solved = _solved_axes(node.rows, source)
        indices: list[Index] = []
        for row, size in zip(node.rows, node.shape, strict=True):
            own = row.steps[0][0] if isinstance(row, Affine) and row.steps else None
            wish = source[own].letter if own is not None else None
            kept = {i.letter for a, i in enumerate(source) if a not in solved and a != own}
            letter = other_letter({i.letter for i in indices} | kept, wish)
            indices.append(Index(letter, size))
        bound = self._bound_of_push(source, solved, indices)
        at: dict[int, Formula] = dict(bound)
        for axis, (k, step) in solved.items():
            row = node.rows[k]
            assert isinstance(row, Affine)
            at[axis] = _sent_from(row, axis, step, indices[k], at, source)
        brackets: list[Formula] = []
        spots = [at[axis] for axis in range(len(source))]
        for k, (row, index) in enumerate(zip(node.rows, indices, strict=True)):
            if k not in {way[0] for way in solved.values()}:
                spot = (
                    place([(step, spots[a]) for a, step in row.steps], row.offset)
                    if isinstance(row, Affine)
                    else self._looked_up(row, node, xs, spots)
                )
                brackets.append(Indicator(Relation("==", spot, index)))
        arriving = self._from(node.args[0], xs[0], spots)
        body = self._entries.times([*brackets, arriving])
        return self._made(node, tuple(indices), self._entries.summed(list(bound.values()), body))

    def _bound_of_push(
        self, source: Axes, solved: dict[int, tuple[int, int]], indices: Sequence[Index]
    ) -> dict[int, Index]:
        """The axes of the source that are summed over, with letters that the result has not."""
        taken = {i.letter for i in indices}
        found: dict[int, Index] = {}
        wishes = iter("pqrs")
        for axis, index in enumerate(source):
            if axis in solved:
                continue
            wish = index.letter if index.letter not in taken else next(wishes, None)
            letter = other_letter(taken, wish)
            taken.add(letter)
            found[axis] = Index(letter, index.length)
        return found

    def _looked_up(
        self, row: Lookup, node: Node, xs: Sequence[Formula], spots: Sequence[Formula]
    ) -> Formula:
        return self._at(node.args[row.operand], xs[row.operand], [spots[a] for a in row.axes])

    def _concat(self, node: Node, xs: Sequence[Formula]) -> Formula | None:
        assert isinstance(node, Concat)
        indices = _distinct(self._axes(node.args[0], xs[0]), node.shape)
        terms: list[Formula] = []
        for start, arg, x in zip(node.starts(), node.args, xs, strict=True):
            at: list[Formula] = list(indices)
            at[node.axis] = place([(1, indices[node.axis])], _negative(start))
            terms.append(self._from(arg, x, at))
        return self._made(node, indices, self._entries.algebra.add(terms))

    def _reduce(self, node: Node, xs: Sequence[Formula]) -> Formula | None:
        assert isinstance(node, Reduce)
        source = _distinct(self._axes(node.args[0], xs[0]), node.args[0].shape)
        bound = [source[axis] for axis in node.axes]
        kept = tuple(index for axis, index in enumerate(source) if axis not in node.axes)
        inner = self._at(node.args[0], xs[0], source)
        return self._made(node, kept, self._entries.over(node.operation, bound, inner))

    def _reshape(self, node: Node, xs: Sequence[Formula]) -> Formula | None:
        (source,) = node.args
        groups = _groups(source.shape, node.shape)
        if groups is None:
            return None
        own = self._axes(source, xs[0])
        at: list[Formula] = [Number(0)] * source.ndim
        indices: list[Index] = []
        for before, after in groups:
            taken = {index.letter for index in indices}
            new = []
            for axis in after:
                whole = len(before) == len(after) == 1
                wish = own[before[0]].letter if whole else None
                letter = other_letter(taken, wish)
                taken.add(letter)
                new.append(Index(letter, node.shape[axis]))
            indices += new
            if not _spread(new, [source.shape[a] for a in before], before, at):
                return None
        return self._made(node, tuple(indices), self._at(source, xs[0], at))

    def _iota(self, node: Node, xs: Sequence[Formula]) -> Formula | None:
        index = Index("i", node.shape[0])
        return self._made(node, (index,), index)


# --- positions ----------------------------------------------------------------------------------


def _solved_axes(rows: Sequence[Affine | Lookup], source: Axes) -> dict[int, tuple[int, int]]:
    """Axes of the source whose position follows from that in the result: row and step of each.

    A step 0 stands for the two axes of windows that lie side by side.
    """
    found: dict[int, tuple[int, int]] = {}
    pinned: set[int] = set()
    for k, row in enumerate(rows):
        if not isinstance(row, Affine) or any(a in found or a in pinned for a, _ in row.steps):
            continue
        axes = [a for a, _ in row.steps]
        if _tiling(row, source) is not None:
            found.update(dict.fromkeys(axes, (k, 0)))
            continue
        free = next(((a, step) for a, step in row.steps if step in (1, -1)), None)
        if free is not None:
            found[free[0]] = (k, free[1])
            pinned.update(a for a in axes if a != free[0])
    return found


def _tiling(row: Affine, source: Axes) -> tuple[int, int, int] | None:
    """(axis of the window, axis within it, step) where windows do not overlap."""
    if len(row.steps) != 2:
        return None
    for (far, step), (near, one) in (row.steps, row.steps[::-1]):
        length = source[near].length
        if one == 1 and step > 1 and isinstance(length, int) and length <= step:
            return far, near, step
    return None


def _sent_from(
    row: Affine, axis: int, step: int, target: Index, at: dict[int, Formula], source: Axes
) -> Formula:
    """The position on an axis of the source from which the target's position is filled."""
    tiled = _tiling(row, source) if step == 0 else None
    if tiled is not None:
        far, _, width = tiled
        moved = place([(1, target)], _negative(row.offset))
        return Quotient(moved, width) if axis == far else Remainder(moved, width)
    rest = [(-step * s, at[a]) for a, s in row.steps if a != axis]
    return place([(step, target), *rest], -step * row.offset)


def _negative(size: Dim) -> Any:
    return -size


def _single(at: Sequence[Formula], node: Node) -> list[Formula]:
    """Positions on an operand: 0 on an axis of length 1, which is repeated."""
    return [Number(0) if n == 1 else p for p, n in zip(at, node.shape, strict=True)]


def _groups(
    source: Sequence[Dim], target: Sequence[Dim]
) -> list[tuple[list[int], list[int]]] | None:
    """Axes of both sides that hold the same entries, split as finely as can be."""
    found: list[tuple[list[int], list[int]]] = []
    i = j = 0
    while i < len(source) or j < len(target):
        left, right = [], []
        if i < len(source):
            left, i = [i], i + 1
        if j < len(target):
            right, j = [j], j + 1
        while not same_dim(product(source[a] for a in left), product(target[a] for a in right)):
            wide = _larger([source[a] for a in left], [target[a] for a in right])
            if wide is None or (i >= len(source) and j >= len(target)):
                return None
            if (wide and j < len(target)) or i >= len(source):
                right, j = [*right, j], j + 1
            else:
                left, i = [*left, i], i + 1
        found.append((left, right))
    return found


def _larger(left: Sequence[Dim], right: Sequence[Dim]) -> bool | None:
    """Whether the left sizes multiply to more than the right ones; None where nobody knows."""
    ratio = product(left) / product(right) if product(right) != 0 else None
    if ratio is None:
        return None
    number = sympy.sympify(ratio)
    if number.is_number:
        return bool(number > 1)
    return bool(sympy.fraction(sympy.together(number))[1].is_number)


def _spread(
    new: Sequence[Index], sizes: Sequence[Dim], axes: Sequence[int], at: list[Formula]
) -> bool:
    """The positions on some axes of the source from those of the result with as many entries."""
    long = [k for k in range(len(axes)) if sizes[k] != 1]
    if len(long) < len(axes) and long:  # along the others everything is at 0
        sizes, axes = [sizes[k] for k in long], [axes[k] for k in long]
    if len(new) == len(axes) == 1:
        at[axes[0]] = new[0]
        return True
    steps: list[int] = []
    step = 1
    for index in reversed(new):
        steps.insert(0, step)
        if index is not new[0]:
            if not isinstance(index.length, int):
                return False
            step *= index.length
    flat = place([(s, index) for s, index in zip(steps, new, strict=True) if index.length != 1])
    below = 1
    for k in range(len(axes) - 1, -1, -1):
        size = sizes[k]
        rest = _divided(flat, below)
        if k == 0:
            at[axes[0]] = rest
            return True
        if not isinstance(size, int):
            return False
        at[axes[k]] = _modulo(rest, size)
        below *= size
    return True


def _divided(x: Formula, by: int) -> Formula:
    return x if by == 1 else Quotient(x, by)


def _modulo(x: Formula, by: int) -> Formula:
    return Number(0) if by == 1 else Remainder(x, by)


def _distinct(axes: Axes, shape: Sequence[Dim]) -> Axes:
    """A letter for each axis, with the sizes of a node."""
    found: list[Index] = []
    for index, size in zip(axes, shape, strict=True):
        letter = other_letter({one.letter for one in found}, index.letter)
        found.append(Index(letter, size))
    return tuple(found)


_Rule = Callable[[Tensors, Node, Sequence[Formula]], Formula | None]
_RULES: dict[type[Node], _Rule] = {
    Einsum: Tensors._einsum,
    Map: Tensors._map,
    Pull: Tensors._pull,
    Push: Tensors._push,
    Concat: Tensors._concat,
    Reduce: Tensors._reduce,
    Reshape: Tensors._reshape,
    Iota: Tensors._iota,
}
