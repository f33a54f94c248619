"""The entries of a formula: (W x)[i] is Σ_j W[i,j] x[j], ‖x‖² is Σ_i x[i]².

Sums over indices are put together as one does by hand: nested sums become one, what does not
depend on an index stands before its sum, and 1[i = j] in a sum over j puts i for j.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any

from symgraph.notation.algebra import Algebra
from symgraph.notation.indexed import (
    Array,
    Entry,
    Head,
    Index,
    Over,
    bound_apart,
    free_letters,
    inside,
    is_within,
    letters_in,
    mapped,
    other_letter,
    replaced,
    vanishes_outside,
)
from symgraph.notation.sequences import Side
from symgraph.notation.tree import (
    Apply,
    Call,
    Derivative,
    Dot,
    Formula,
    Hadamard,
    Indicator,
    Inverse,
    MatrixPower,
    Name,
    Norm,
    Number,
    OneHot,
    Ones,
    Plain,
    Power,
    Product,
    Relation,
    Sort,
    Sum,
    Symbolic,
    Transpose,
    Verbatim,
    walk,
)

__all__ = ["Entries", "NoAxesError"]

Axes = tuple[Index, ...]
_ACROSS = frozenset({"softmax", "logsumexp", "sum", "prod", "max", "min", "argmax", "mean"})
_WHOLE = frozenset({"det", "logdet", "kron", "diag", "trace"})
_RANK: dict[Sort, int] = {"scalar": 0, "column": 1, "row": 1, "matrix": 2}

#: The entry of a higher power of a matrix is written (X^4)[i,j], not as a product of entries.
MOST_REPEATED = 3


class NoAxesError(Exception):
    """The sizes of a formula's axes are not known; it never leaves the reading."""


class Entries:
    """Entries of formulas with the letters and sizes of the names in them.

    `deep`: numbers are opened too, ‖x‖² as Σ_i x[i]².
    """

    def __init__(self, algebra: Algebra, axes: Mapping[str, Axes], deep: bool = False) -> None:
        self.algebra = algebra
        self._axes = axes
        self._deep = deep

    # --- axes ---------------------------------------------------------------------------------

    def axes(self, x: Formula) -> Axes:
        """The indices of a formula's axes: one of a column or row, two of a matrix.

        Raises NoAxesError where they are not known.
        """
        found = self._axes_found(x)
        if x.sort != "tensor" and len(found) != _RANK[x.sort]:
            raise NoAxesError
        return found

    def _axes_found(self, x: Formula) -> Axes:
        if isinstance(x, Array):
            return x.indices
        if x.sort == "scalar" or isinstance(x, (Plain, Verbatim)):
            return ()
        if isinstance(x, Name):
            return self._axes_of_name(x)
        if isinstance(x, Derivative):
            return self.axes(x.by)
        if isinstance(x, Ones):
            return (Index("i", x.length),)
        if isinstance(x, Transpose):
            return self.axes(x.x)[::-1]
        if isinstance(x, Product):
            return self._axes_of_product(x)
        if isinstance(x, OneHot):
            place = Index("k", x.length)
            return (*self.axes(x.ids), place) if x.sort == "matrix" else (place,)
        if isinstance(x, Side):
            return self._axes_of_joined(x)
        if isinstance(x, Call) and x.axis is not None and x.sort in ("column", "row"):
            inner = self.axes(x.args[0])
            return (inner[1 - x.axis],) if len(inner) == 2 else ()
        return self._axes_of_parts(x)

    def _axes_of_name(self, x: Name) -> Axes:
        known = self._axes.get(x.name, ())
        if x.kind in ("column", "row") and len(known) == 2:
            return known[:1] if x.kind == "column" else known[1:]
        return known

    def _axes_of_joined(self, x: Side) -> Axes:
        """Along the joint the parts follow each other, and across it they are alike."""
        if x.sort != "matrix":
            letters = [self.axes(part)[0] for part in x.items if part.sort != "scalar"]
            count = len(x.items) - len(letters) + sum(index.length for index in letters)
            return (Index(letters[0].letter if letters else "i", count),)
        axis = 0 if x.stacked else 1
        ends = [self.axes(part) for part in x.items]
        flat = "row" if x.stacked else "column"
        count = sum(
            1 if part.sort == flat else own[axis].length
            for part, own in zip(x.items, ends, strict=True)
        )
        whole = next((own for part, own in zip(x.items, ends, strict=True) if len(own) == 2), None)
        across = ends[0][-1] if whole is None else whole[1 - axis]
        along = Index(other_letter({across.letter}, whole and whole[axis].letter), count)
        return (along, across) if x.stacked else (across, along)

    def _axes_of_product(self, x: Product) -> Axes:
        core = [f for f in x.factors if f.sort != "scalar"]
        if x.sort == "scalar" or not core:
            return ()
        if x.sort == "tensor" or len(core) == 1:
            return self.axes(core[0])
        left = self.axes(core[0])[:1] if core[0].sort != "row" else ()
        right = self.axes(core[-1])[-1:] if core[-1].sort != "column" else ()
        return (*left, *right)

    def _axes_of_parts(self, x: Formula) -> Axes:
        """Those of the parts, which are laid along one another."""
        found: dict[int, Index] = {}
        rank = _RANK.get(x.sort)
        for part in x.parts:
            if part.sort == "scalar":
                continue
            own = self.axes(part)
            if part.sort == x.sort:
                return own
            if rank == 2 and len(own) == 1:
                found[0 if part.sort == "column" else 1] = own[0]
        return tuple(found[k] for k in sorted(found))

    # --- entries ------------------------------------------------------------------------------

    def array(self, x: Formula) -> Array:
        """The formula as an array by its entries."""
        indices = apart(self.axes(x))
        return Array(indices, self.entry(x, indices), x.sort)

    def entry(self, x: Formula, at: Sequence[Formula]) -> Formula:
        """The entry of a formula: `at` has one position for an axis."""
        if isinstance(x, Array):
            return self._entry_of_array(x, at)
        if x.sort == "scalar":
            return self.number(x)
        try:
            return self._entry(x, at)
        except NoAxesError:
            return Entry(x, tuple(at), (None,) * len(at))

    def _entry(self, x: Formula, at: Sequence[Formula]) -> Formula:
        if isinstance(x, Ones):
            return Number(1)
        if isinstance(x, Derivative):
            opened = isinstance(x.by, Array) or self._deep
            by = self.entry(x.by, at) if opened else None
            return replace(x, by=by or self._named(x.by, at))
        if isinstance(x, Transpose):
            return self.entry(x.x, at[::-1])
        if isinstance(x, Sum):
            return self.algebra.add([self._aligned(term, x.sort, at) for term in x.terms])
        if isinstance(x, Hadamard):
            above = [self._aligned(f, x.sort, at) for f in x.factors]
            below = [self._aligned(f, x.sort, at) for f in x.over]
            return self.times(above, below)
        if isinstance(x, Product):
            return self._entry_of_product(x, at)
        if isinstance(x, OneHot):
            ids = self.entry(x.ids, at[:-1])
            return Indicator(Relation("==", ids, at[-1]))
        if isinstance(x, Power):
            base, exponent = (self._aligned(part, x.sort, at) for part in x.parts)
            return self.algebra.power(base, exponent)
        if isinstance(x, MatrixPower):
            repeated = 2 <= x.exponent <= MOST_REPEATED
            return self._chain([x.base] * x.exponent, at) if repeated else self._named(x, at)
        if isinstance(x, Call):
            return self._entry_of_call(x, at)
        if isinstance(x, (Name, Inverse, Plain, Side, Verbatim)):
            return self._named(x, at)
        return self._entrywise(x, x.sort, at)

    def _named(self, x: Formula, at: Sequence[Formula]) -> Formula:
        shape = tuple(index.length for index in self.axes(x))
        if len(shape) != len(at):
            raise NoAxesError
        return Entry(x, tuple(at), shape)

    def _aligned(self, part: Formula, sort: Sort, at: Sequence[Formula]) -> Formula:
        """The entry of a part that is repeated along the axes it does not have."""
        if part.sort == "scalar":
            return self.number(part)
        if sort == "matrix" and part.sort in ("column", "row"):
            return self.entry(part, at[:1] if part.sort == "column" else at[1:])
        return self.entry(part, at)

    def _entrywise(self, x: Formula, sort: Sort, at: Sequence[Formula]) -> Formula:
        """An operation entry by entry: on numbers it is the same operation."""
        changed = mapped(x, lambda part: self._aligned(part, sort, at))
        return replace(changed, kind="scalar") if isinstance(changed, (Apply, Call)) else changed

    def _entry_of_array(self, x: Array, at: Sequence[Formula]) -> Formula:
        if len(at) == 1 and len(x.indices) == 2:  # a vector that is a matrix of one row or column
            at = (Number(0), *at) if x.sort == "row" else (*at, Number(0))
        body = replaced(x.body, {i.letter: p for i, p in zip(x.indices, at, strict=True)})
        guards = [
            inside(position, index.length)
            for index, position in zip(x.indices, at, strict=True)
            if not is_within(position, index.length) and not vanishes_outside(x.body, index)
        ]
        return self.times([*guards, body]) if guards else body

    def _entry_of_product(self, x: Product, at: Sequence[Formula]) -> Formula:
        numbers = [self.number(f) for f in x.factors if f.sort == "scalar"]
        below = [self.number(f) for f in x.over]
        core = [f for f in x.factors if f.sort != "scalar"]
        front: list[Formula] = [Number(x.coefficient), *numbers]
        if x.sort == "tensor" or len(core) == 1:
            return self.times([*front, self._aligned(core[0], x.sort, at)], below)
        return self.times([*front, self._chain(core, at)], below)

    def _chain(self, core: Sequence[Formula], at: Sequence[Formula]) -> Formula:
        """A matrix product: a sum over the index between each two factors."""
        left, right = list(at), list(at)
        taken = set().union(*map(free_letters, at)) if at else set()
        before = left[:1] if core[0].sort in ("column", "matrix") else []
        bound: list[Index] = []
        parts: list[Formula] = []
        for k, factor in enumerate(core):
            after: list[Formula] = []
            if factor.sort in ("row", "matrix"):
                if k == len(core) - 1:
                    after = right[-1:]
                else:
                    wish = self._between(factor, core[k + 1])
                    letter = other_letter(taken, wish.letter)
                    taken.add(letter)
                    bound.append(Index(letter, wish.length))
                    after = [bound[-1]]
            place = [*before, *after] if factor.sort == "matrix" else (before or after)
            parts.append(self.entry(factor, place[:1] if factor.sort != "matrix" else place))
            before = after
        return self.summed(bound, self.times(parts))

    def _between(self, left: Formula, right: Formula) -> Index:
        """The index between two factors of a matrix product."""
        try:
            return self.axes(left)[-1]
        except NoAxesError:
            return self.axes(right)[0]

    def _entry_of_call(self, x: Call, at: Sequence[Formula]) -> Formula:
        if x.head in _WHOLE or (x.head == "stop_gradient" and not self._deep):
            return self._diagonal(x, at) if x.head == "diag" else self._named(x, at)
        if x.head not in _ACROSS or len(x.args) > 1:
            return self._entrywise(x, x.sort, at)
        (inner,) = x.args
        axes = apart(self.axes(inner), set().union(*map(free_letters, at)))
        if x.axis is not None and x.axis >= len(axes):
            raise NoAxesError  # along an axis of length 1
        if x.head == "softmax" and not self._deep:
            return self._named(x, at)
        if x.head == "softmax":
            which = range(len(axes)) if x.axis is None else (x.axis,)
            spread: list[Formula] = [axes[k] if k in which else p for k, p in enumerate(at)]
            top = Call("exp", (self.entry(inner, at),), "scalar")
            bottom = Call("exp", (self.entry(inner, spread),), "scalar")
            return self.times([top], [self.summed([axes[k] for k in which], bottom)])
        along = x.axis or 0
        if len(axes) != len(at) + 1:
            raise NoAxesError
        place: list[Formula] = list(at)
        place.insert(along, axes[along])
        return self.over(x.head, [axes[along]], self.entry(inner, place))

    def _diagonal(self, x: Call, at: Sequence[Formula]) -> Formula:
        (inner,) = x.args
        if inner.sort == "matrix":
            return self.entry(inner, (at[0], at[0]))
        same = Indicator(Relation("==", at[0], at[1]))
        return self.times([same, self.entry(inner, at[:1])])

    # --- numbers ------------------------------------------------------------------------------

    def number(self, x: Formula) -> Formula:
        """A number, with the arrays in it opened where that is wanted."""
        if not self._deep or not any(part.sort != "scalar" for part in _below(x)):
            return x
        if isinstance(x, Norm):
            return self._total(x.x, square=True)
        if isinstance(x, Dot):
            (index,) = apart(self.axes(x.left) or self.axes(x.right))
            return self.summed([index], self.times([self.entry(p, [index]) for p in x.parts]))
        if isinstance(x, Product):
            return self._number_of_product(x)
        if isinstance(x, Sum):
            return self.algebra.add([self.number(term) for term in x.terms])
        if isinstance(x, Hadamard):
            return self.times(map(self.number, x.factors), map(self.number, x.over))
        if isinstance(x, Power):
            return self.algebra.power(self.number(x.base), self.number(x.exponent))
        if isinstance(x, Call) and x.args[0].sort != "scalar":
            if x.head == "sum":
                return self._total(x.args[0])
            if x.head == "trace":
                (i, _) = apart(self.axes(x.args[0]))
                return self.summed([i], self.entry(x.args[0], (i, i)))
            if x.head in _ACROSS and len(x.args) == 1:
                indices = apart(self.axes(x.args[0]))
                return self.over(x.head, indices, self.entry(x.args[0], indices))
            return x
        return mapped(x, self.number)

    def _number_of_product(self, x: Product) -> Formula:
        core = [f for f in x.factors if f.sort != "scalar"]
        front = [Number(x.coefficient), *(self.number(f) for f in x.factors if f.sort == "scalar")]
        below = [self.number(f) for f in x.over]
        return self.times([*front, self._chain(core, ())] if core else front, below)

    def _total(self, x: Formula, square: bool = False) -> Formula:
        indices = apart(self.axes(x))
        body = self.entry(x, indices)
        return self.summed(indices, self.algebra.power(body, Number(2)) if square else body)

    # --- putting together -----------------------------------------------------------------------

    def times(self, above: Iterable[Formula], below: Iterable[Formula] = ()) -> Formula:
        """A product of numbers; no index of a sum in it is the index of another factor."""
        factors, over = list(above), list(below)
        if any(isinstance(f, Over) for f in factors):
            for k, factor in enumerate(factors):
                others = set().union(*(free_letters(f) for f in factors if f is not factor))
                factors[k] = bound_apart(factor, others)
        if any(isinstance(f, Over) for f in over):
            outside = set().union(*map(free_letters, [*factors, *over]))
            over = [bound_apart(f, outside) for f in over]
        return self.algebra.entrywise(factors, over)

    def over(self, head: str, indices: Sequence[Index], body: Formula) -> Formula:
        """A maximum, a product, a log-sum-exp over indices."""
        if head == "sum":
            return self.summed(indices, body)
        if head == "logsumexp":
            inner = self.summed(indices, Call("exp", (body,), "scalar"))
            return Call("log", (inner,), "scalar")
        heads: dict[str, Head] = {"max": "max", "min": "min", "prod": "prod", "argmax": "argmax"}
        return Over(heads[head], tuple(indices), body)

    def summed(self, indices: Sequence[Index], body: Formula) -> Formula:
        """Σ over indices of a body, as short as can be."""
        single = {index.letter: Number(0) for index in indices if index.length == 1}
        if single:
            body = replaced(body, single)
            indices = [index for index in indices if index.letter not in single]
        if not indices or body == Number(0):
            return body
        if isinstance(body, Sum) and any(_deltas(term, indices) for term in body.terms):
            return self.algebra.add([self.summed(indices, term) for term in body.terms])
        coefficient, factors, below = _apart(body)
        factors, indices = self._opened(factors, list(indices))
        while (found := self._delta(factors, below, indices)) is not None:
            factors, below, indices = found
            factors, indices = self._opened(factors, indices)
        letters = {index.letter for index in indices}
        front = [f for f in factors if not free_letters(f) & letters]
        inner = [f for f in factors if free_letters(f) & letters]
        under = [f for f in below if not free_letters(f) & letters]
        inner_under = [f for f in below if free_letters(f) & letters]
        core = self.algebra.entrywise(inner, inner_under) if inner or inner_under else Number(1)
        used = free_letters(core)
        sizes = [_size(index.length) for index in indices if index.letter not in used]
        kept = _in_order(core, [index for index in indices if index.letter in used])
        first, rest, bottom = _apart(core)
        sign: list[Formula] = [Number(coefficient), *sizes, *front]
        if kept:
            body = self.algebra.entrywise(rest, bottom) if rest or bottom else Number(1)
            return self.times([Number(first), *sign, Over("sum", kept, body)], under)
        return self.times([*sign, core], under)

    def _opened(
        self, factors: list[Formula], indices: list[Index]
    ) -> tuple[list[Formula], list[Index]]:
        """Sums among the factors joined with the sum around them."""
        kept: list[Formula] = []
        for k, factor in enumerate(factors):
            if not (isinstance(factor, Over) and factor.head == "sum"):
                kept.append(factor)
                continue
            others = [*factors[k + 1 :], *kept]
            taken = {i.letter for i in indices}.union(*map(letters_in, others))
            loose = bound_apart(factor, taken)
            assert isinstance(loose, Over)
            indices = [*indices, *loose.indices]
            _, inner, _ = parts = _apart(loose.body)
            kept += [Number(parts[0]), *inner] if not parts[2] else [loose.body]
        return kept, indices

    def _delta(
        self, factors: list[Formula], below: list[Formula], indices: list[Index]
    ) -> tuple[list[Formula], list[Formula], list[Index]] | None:
        """One index of the sum put in by 1[i = j]."""
        for factor in factors:
            for index, other in _equalities(factor, indices):
                rest = [f for f in factors if f is not factor]
                held = is_within(other, index.length) or any(
                    vanishes_outside(f, index) for f in rest
                )
                new = [replaced(f, {index.letter: other}) for f in rest]
                if not held:
                    new.append(inside(other, index.length))
                under = [replaced(f, {index.letter: other}) for f in below]
                return new, under, [i for i in indices if i != index]
        return None


def _in_order(body: Formula, indices: Sequence[Index]) -> tuple[Index, ...]:
    """The indices of a sum in the order in which its body brings them."""
    order = list(dict.fromkeys(x.letter for x in walk(body) if isinstance(x, Index)))
    return tuple(sorted(indices, key=lambda index: order.index(index.letter)))


def _equalities(factor: Formula, indices: Sequence[Index]) -> list[tuple[Index, Formula]]:
    """Which index of a sum a bracket 1[i = ...] sets, and to what."""
    if not isinstance(factor, Indicator) or not isinstance(factor.condition, Relation):
        return []
    relation = factor.condition
    if relation.operator != "==":
        return []
    pairs = ((relation.left, relation.right), (relation.right, relation.left))
    return [
        (one, other)
        for one, other in pairs
        if isinstance(one, Index) and one in indices and one.letter not in free_letters(other)
    ]


def _deltas(term: Formula, indices: Sequence[Index]) -> bool:
    return any(_equalities(factor, indices) for factor in _apart(term)[1])


def _apart(x: Formula) -> tuple[Any, list[Formula], list[Formula]]:
    """Number, factors above and below."""
    if isinstance(x, Number):
        return x.value, [], []
    if isinstance(x, Product):
        return x.coefficient, list(x.factors), list(x.over)
    return 1, [x], []


def _size(length: Any) -> Formula:
    return Number(length) if isinstance(length, (int, Fraction)) else Symbolic(length)


def _below(x: Formula) -> Iterable[Formula]:
    return walk(x)


def apart(axes: Axes, taken: Iterable[str] = ()) -> Axes:
    """The indices with a letter each."""
    used = set(taken)
    found: list[Index] = []
    for index in axes:
        letter = other_letter(used, index.letter)
        used.add(letter)
        found.append(Index(letter, index.length))
    return tuple(found)
