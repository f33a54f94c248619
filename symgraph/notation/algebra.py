"""Putting formulas together: flatten, order, collect and cancel as one does by hand.

Two ways of working. Tidy, for derivatives: numbers are multiplied, equal terms collected, factors
that are numbers ordered as they appear in the user's own formula, and x/x is 1. Literal, for what
the user wrote: nothing is computed, the order of the operands stays.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Literal

from symgraph.notation.cancel import cancelled, is_worth_cancelling
from symgraph.notation.tree import (
    Call,
    Derivative,
    Dot,
    Formula,
    Hadamard,
    Identity,
    Indicator,
    Inverse,
    Name,
    Norm,
    Number,
    Ones,
    Power,
    Product,
    Real,
    Relation,
    Sort,
    Sum,
    Symbolic,
    Transpose,
    joined,
    walk,
)

__all__ = ["Algebra", "loosened"]

_TURNED: dict[str, Literal["<", "<=", ">", ">=", "==", "!="]] = {
    "<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "==", "!=": "!=",
}  # fmt: skip
# Cotangents stand before everything, brackets before other numbers, unknown names behind.
_FIRST, _BRACKET, _LAST = -2, -1, 1 << 60


@dataclass
class _Parts:
    """A product taken apart: number, number-valued factors above and below, and the rest."""

    coefficient: Real
    scalars: list[Formula]
    over: list[Formula]
    core: list[Formula]


def _split(x: Formula) -> _Parts:
    if isinstance(x, Number):
        return _Parts(x.value, [], [], [])
    if isinstance(x, Product):
        scalars = [f for f in x.factors if f.sort == "scalar"]
        core = [f for f in x.factors if f.sort != "scalar"]
        return _Parts(x.coefficient, scalars, list(x.over), core)
    if isinstance(x, Hadamard) and x.factors and x.factors[0].sort == "scalar":
        inner = _split(x.factors[0])
        inner.core = [Hadamard(x.factors[1:], x.over)]
        return inner
    if x.sort == "scalar":
        return _Parts(1, [x], [], [])
    return _Parts(1, [], [], [x])


def loosened(x: Formula) -> Formula:
    """x without the ones that only repeat it: what 1 x stands for in an entrywise operation."""
    if isinstance(x, Ones):
        return Number(1)
    if not isinstance(x, Product):
        return x
    parts = _split(x)
    core = parts.core
    if core and _is_row_of_ones(core[-1]) and _sort(core[:-1]) in ("column", "scalar"):
        core.pop()
    if core and _is_column_of_ones(core[0]) and _sort(core[1:]) in ("row", "scalar"):
        core.pop(0)
    kept = (*parts.scalars, *core)
    if len(kept) == len(x.factors):
        return x
    if not kept and not parts.over:
        return Number(x.coefficient)
    bare = x.coefficient == 1 and len(kept) == 1 and not parts.over
    return kept[0] if bare else Product(x.coefficient, kept, tuple(parts.over))


def _is_row_of_ones(x: Formula) -> bool:
    return isinstance(x, Ones) and x.kind == "row"


def _is_column_of_ones(x: Formula) -> bool:
    return isinstance(x, Ones) and x.kind == "column"


def _sort(core: Sequence[Formula]) -> Sort:
    return Product(1, tuple(core)).sort


class Algebra:
    """Constructors of formulas.

    `ranks` gives the place of each name in the user's own formula; `known` are equations that may
    be used, such as Σt = 1; `symmetric` are the names of matrices that are their own transposes.
    """

    def __init__(
        self,
        tidy: bool,
        ranks: Mapping[str, int] | None = None,
        known: Mapping[Formula, Formula] | None = None,
        symmetric: Collection[str] = (),
    ) -> None:
        self.tidy = tidy
        self._symmetric = frozenset(symmetric)
        #: Set while something is read that the user wrote: its factors and terms stay in order.
        self.keep_order = False
        self._ranks = ranks or {}
        self._known = known or {}

    # --- order --------------------------------------------------------------------------------

    def rank(self, x: Formula) -> int:
        """The place of the first name in x."""
        if isinstance(x, Derivative):
            return _FIRST
        places = [self._ranks.get(one.name, _LAST) for one in walk(x) if isinstance(one, Name)]
        return min(places, default=_LAST)

    def _scalar_rank(self, x: Formula) -> int:
        return _BRACKET if isinstance(x, Indicator) else self.rank(x)

    def _by_rank(self, factors: list[Formula], entrywise: bool) -> list[Formula]:
        if not self.tidy or self.keep_order:
            return factors
        return sorted(factors, key=self.rank if entrywise else self._scalar_rank)

    def _known_as(self, x: Formula) -> Formula:
        return self._known.get(x, x) if self._known else x

    def _known_chain(self, core: list[Formula]) -> list[Formula]:
        """A chain of factors with T 1 = 1 and the like put in."""
        for key, value in self._known.items():
            if not isinstance(key, Product) or key.coefficient != 1 or key.over:
                continue
            n = len(key.factors)
            for k in range(len(core) - n + 1):
                if tuple(core[k : k + n]) == key.factors:
                    return self._known_chain([*core[:k], value, *core[k + n :]])
        return core

    # --- products -----------------------------------------------------------------------------

    def scale(self, c: Real, x: Formula) -> Formula:
        """A number times x."""
        parts = _split(x)
        parts.coefficient = _times(c, parts.coefficient)
        return self._build(parts)

    def product(self, xs: Iterable[Formula], over: Iterable[Formula] = ()) -> Formula:
        """The matrix product of x's from left to right; numbers may stand anywhere."""
        total = _Parts(1, [], [], [])
        for x in xs:
            part = _split(x)
            total.coefficient = _times(total.coefficient, part.coefficient)
            total.scalars += part.scalars
            total.over += part.over
            total.core += part.core
        for x in over:
            part = _split(x)
            total.coefficient = _over(total.coefficient, part.coefficient)
            total.over += part.scalars
            total.scalars += part.over
        return self._build(total)

    def entrywise(self, xs: Sequence[Formula], over: Sequence[Formula] = ()) -> Formula:
        """Factors multiplied and divided entry by entry, with fractions cancelled."""
        made = self.multiplied(xs, over)
        if not self.tidy:
            return made
        parts = _split(made)
        core = parts.core
        if len(core) == 1 and isinstance(core[0], Hadamard):
            core = [*core[0].factors, *core[0].over]
        together = [*parts.scalars, *parts.over, *core]
        return cancelled(made, self) if is_worth_cancelling(together) else made

    def multiplied(self, xs: Sequence[Formula], over: Sequence[Formula] = ()) -> Formula:
        """Factors multiplied and divided entry by entry; only equal factors cancel.

        exp(x)/(1 + exp(x)) becomes σ(x), exp(x)/Σ exp(x) becomes softmax(x).
        """
        total = _Parts(1, [], [], [])
        above: list[Formula] = []
        below: list[Formula] = []
        loose = self._loose([*xs, *over])
        for x in loose[: len(xs)]:
            self._take(total, _split(x), above, below)
        for x in loose[len(xs) :]:
            part = _split(x)
            self._take(total, _Parts(1, [], [], part.core), below, above)
            total.coefficient = _over(total.coefficient, part.coefficient)
            total.over += part.scalars
            total.scalars += part.over
        if self.tidy:
            above, below = _cancelled(above, below)
            kept = [f for f in above if not isinstance(f, Ones)]
            if _joint([*kept, *below]) == _joint([*above, *below]):
                above = kept
            above = self._by_rank(above, entrywise=True)
            above, below = _as_sigmoid(above, below)
        if below:
            total.core = [Hadamard(tuple(above), tuple(below))]
        elif above:
            total.core = _split(above[0]).core if len(above) == 1 else [Hadamard(tuple(above))]
        return self._build(total)

    def _take(
        self, total: _Parts, part: _Parts, above: list[Formula], below: list[Formula]
    ) -> None:
        total.coefficient = _times(total.coefficient, part.coefficient)
        total.scalars += part.scalars
        total.over += part.over
        if len(part.core) == 1 and isinstance(part.core[0], Hadamard):
            above += part.core[0].factors
            below += part.core[0].over
        elif len(part.core) == 1:
            above.append(part.core[0])
        elif part.core:
            above.append(Product(1, tuple(part.core)))

    def _loose(self, xs: list[Formula]) -> list[Formula]:
        """Factors without needless repetition, as long as the whole keeps its sort."""
        whole = _joint(xs)
        loose = [loosened(x) for x in xs]
        return loose if _joint(loose) == whole else xs

    def _build(self, parts: _Parts) -> Formula:
        coefficient, core = parts.coefficient, parts.core
        if coefficient == 0 and self.tidy:
            return Number(0)
        scalars, over = parts.scalars, parts.over
        if self.tidy:
            scalars, over = _as_sigmoid(*_cancelled(scalars, over))
            core, over = _as_softmax(core, over)
            scalars = self._by_rank(scalars, entrywise=False)
        if len(core) == 1 and isinstance(core[0], Hadamard) and not core[0].factors:
            number = self._build(_Parts(coefficient, scalars, over, []))
            return Hadamard((number,), core[0].over)
        if len(core) > 1 and self.tidy:
            core = [f for f in core if not isinstance(f, Identity)] or core[:1]
        if len(core) > 1 and self._known:
            core = self._known_chain(core)
        factors = self._placed(scalars, core)
        if not factors and not over:
            return Number(coefficient)
        if len(factors) == 1 and not over:
            (only,) = factors
            if coefficient == 1:
                return self._known_as(only)
            if coefficient == -1 and self.tidy and _may_turn(only):
                assert isinstance(only, Sum)
                return self.add([self.scale(-1, term) for term in only.terms])
        return Product(coefficient, tuple(factors), tuple(over))

    def _placed(self, scalars: list[Formula], core: list[Formula]) -> list[Formula]:
        """Numbers in front, or behind a lone vector that the user wrote before them."""
        if len(core) != 1 or not self.tidy:
            return [*scalars, *core]
        place = self.rank(core[0])
        behind = [s for s in scalars if self._scalar_rank(s) > place]
        return [*(s for s in scalars if s not in behind), *core, *behind]

    def power(self, base: Formula, exponent: Formula) -> Formula:
        """base to the exponent, entry by entry."""
        if self.tidy and isinstance(exponent, Number):
            if exponent.value == 1:
                return base
            if isinstance(base, Number) and isinstance(exponent.value, int) and exponent.value > 0:
                return Number(base.value**exponent.value)
            if isinstance(exponent.value, int) and base.sort == "scalar":
                return self._numbers_raised(base, exponent.value)
        return Power(base, exponent)

    def _numbers_raised(self, base: Formula, n: int) -> Formula:
        """(a b)² as a² b²; √a² as a."""
        inner, m = _base(base)
        if inner is not base:
            return self.product([_raised(inner, m * n)])
        if not isinstance(base, Product) or isinstance(base.coefficient, float):
            return Power(base, Number(n))
        parts = _Parts(_plain(Fraction(base.coefficient) ** n), [], [], [])
        parts.scalars = [self.power(f, Number(n)) for f in base.factors]
        parts.over = [self.power(f, Number(n)) for f in base.over]
        return self._build(parts)

    def transpose(self, x: Formula) -> Formula:
        """xᵀ, with the transposition moved to the factors."""
        if x.sort == "scalar" or self._is_symmetric(x):
            return x
        if isinstance(x, Transpose):
            return x.x
        if isinstance(x, Ones):
            return Ones("row" if x.kind == "column" else "column", x.length)
        if isinstance(x, Product):
            parts = _split(x)
            parts.core = [self.transpose(f) for f in reversed(parts.core)]
            return self._build(parts)
        if isinstance(x, Hadamard):
            return Hadamard(
                tuple(self.transpose(f) for f in x.factors),
                tuple(self.transpose(f) for f in x.over),
            )
        if isinstance(x, Sum):
            turned = Sum(tuple(self.transpose(term) for term in x.terms))
            return Transpose(x) if x.size + 1 < turned.size else turned  # (x - m)ᵀ
        if isinstance(x, Inverse) and self.transpose(x.x) == x.x:
            return x  # XᵀX is symmetric
        return Transpose(x)

    def _is_symmetric(self, x: Formula) -> bool:
        return isinstance(x, Identity) or (isinstance(x, Name) and x.name in self._symmetric)

    def turned(self, x: Formula, sort: Sort) -> Formula:
        """The vector x as a column or a row."""
        return self.transpose(x) if x.sort in ("column", "row") and x.sort != sort else x

    def inverse(self, x: Formula) -> Formula:
        """The inverse matrix, (Xᵀ)⁻¹ as X⁻ᵀ."""
        if isinstance(x, Identity):
            return x
        return Transpose(Inverse(x.x)) if isinstance(x, Transpose) else Inverse(x)

    # --- sums ---------------------------------------------------------------------------------

    def add(self, terms: Iterable[Formula], keep_order: bool = False) -> Formula:
        """The sum; in tidy work terms from several paths are put in the order of the names."""
        given = list(terms)
        given = self._loose(given) if given else given
        flat: list[Formula] = []
        for term in given:
            flat += _opened(term, self)
        kept = _collected(flat, self) if self.tidy else flat
        kept = kept if keep_order or self.keep_order or not self.tidy else self._sorted(kept)
        if not kept:
            return Number(0)
        if len(kept) == 1:
            return kept[0]
        if _is_negative(kept[0]):
            first = next((k for k, term in enumerate(kept) if not _is_negative(term)), 0)
            kept.insert(0, kept.pop(first))
        if not self.tidy:
            return Sum(tuple(kept))
        return self._opposite_sigmoid(kept) or self._common_out(kept)

    def _opposite_sigmoid(self, terms: list[Formula]) -> Formula | None:
        """1 - σ(-x) is σ(x)."""
        if len(terms) != 2 or terms[0] != Number(1):
            return None
        second = self.scale(-1, terms[1])
        if not isinstance(second, Call) or second.head != "sigmoid":
            return None
        (x,) = second.args
        return Call("sigmoid", (self.scale(-1, x),), second.kind) if _is_negative(x) else None

    def _sorted(self, terms: list[Formula]) -> list[Formula]:
        """Terms of one kind, which come from several paths, in the order of the user's formula."""
        if any(isinstance(t, Number) or _is_negative(t) for t in terms):
            return terms
        places = {
            t: sorted(self._ranks.get(n.name, _LAST) for n in walk(t) if isinstance(n, Name))
            for t in terms
        }
        return sorted(terms, key=lambda t: (places[t], _begins_transposed(t)))

    def _common_out(self, terms: list[Formula]) -> Formula:
        """A sum with what all terms share in front of it: 2a - 2b is 2 (a - b)."""
        parts = [_split(term) for term in terms]
        c = max(parts[0].coefficient, -parts[0].coefficient)
        over = parts[0].over
        shared = [f for f in parts[0].scalars if all(f in p.scalars for p in parts)]
        if any(len(p.scalars) + len(p.core) <= len(shared) for p in parts):
            shared = []
        alike = all(p.coefficient in (c, -c) for p in parts)
        lone = all(len(p.scalars) + len(p.core) <= 1 for p in parts)
        if any(p.over != over for p in parts) or not alike or not (over or shared or lone):
            return self._common_factor(terms)
        if c == 1 and not over and not shared:
            return self._common_factor(terms)
        for p in parts:
            p.coefficient, p.over = _over(p.coefficient, c), []
            p.scalars = [f for f in p.scalars if f not in shared]
        inner = Sum(tuple(self._build(p) for p in parts))
        return (
            self._build(_Parts(c, [*shared, inner], over, []))
            if inner.sort == "scalar"
            else (self._build(_Parts(c, shared, over, [inner])))
        )

    def _common_factor(self, terms: list[Formula]) -> Formula:
        """A sum with the factor that all terms share: A x + B x is (A + B) x."""
        parts = [_split(term) for term in terms]
        if any(p.scalars or p.over for p in parts):
            return Sum(tuple(terms))
        cores = [p.core for p in parts]
        if all(len(core) > 1 for core in cores):
            for end in (-1, 0):
                if all(core[end] == cores[0][end] for core in cores):
                    shared = cores[0][end]
                    for p in parts:
                        p.core = p.core[:-1] if end else p.core[1:]
                    rest = self.add([self._build(p) for p in parts])
                    return self.product([rest, shared] if end else [shared, rest])
        inner = [core[0] for core in cores if len(core) == 1]
        if len(inner) == len(parts) and all(isinstance(f, Hadamard) and not f.over for f in inner):
            lists = [list(f.factors) for f in inner if isinstance(f, Hadamard)]
            common = [f for f in lists[0] if all(f in other for other in lists)]
            if common and all(len(factors) > len(common) for factors in lists):
                return self._without_common(parts, lists, common)
        return Sum(tuple(terms))

    def _without_common(
        self, parts: list[_Parts], lists: list[list[Formula]], common: list[Formula]
    ) -> Formula:
        rests: list[Formula] = []
        for p, factors in zip(parts, lists, strict=True):
            rest = self.multiplied([f for f in factors if f not in common])
            rests.append(self.scale(p.coefficient, rest))
        whole = self.multiplied([*common, self.add(rests, keep_order=True)])
        return (
            whole
            if whole.sort == _joint([p.core[0] for p in parts])
            else Sum(tuple(self._build(p) for p in parts))
        )

    def total(self, x: Formula) -> Formula:
        """The sum of all entries."""
        parts = _split(x)
        core = parts.core
        if core and all(isinstance(f, Ones) for f in core):
            counts = [_count(f.length) for f in core if isinstance(f, Ones)]
            return self.product(
                [
                    self._build(_Parts(1, parts.scalars, parts.over, [])),
                    *counts,
                    Number(parts.coefficient),
                ]
            )
        if len(core) == 1:
            whole = core[0]
        elif core:
            whole = Product(1, tuple(core))
        else:
            return Call("sum", (x,), "scalar")
        if not self.tidy and (parts.scalars or parts.over):
            return Call("sum", (x,), "scalar")
        square = isinstance(whole, Power) and whole.exponent == Number(2)
        if square and isinstance(whole, Power):
            inner: Formula = Norm(whole.base)
        elif self.tidy and isinstance(whole, Hadamard) and _is_pair_of_vectors(whole):
            inner = self.dot(*whole.factors)
        else:
            inner = self._known_as(Call("sum", (whole,), "scalar"))
        return self.product(
            [Product(parts.coefficient, tuple(parts.scalars), tuple(parts.over)), inner]
        )

    def dot(self, left: Formula, right: Formula) -> Formula:
        """The inner product of two vectors."""
        if isinstance(left, Ones):
            return self.total(right)
        if isinstance(right, Ones):
            return self.total(left)
        a, b = _split(left), _split(right)
        x, y = (self.turned(self._build(_Parts(1, [], [], part.core)), "column") for part in (a, b))
        if x != y and (_is_chain(x) or _is_chain(y)):
            inner = self.product([self.transpose(x), y])  # aᵀ X b
        else:
            inner = Norm(x) if x == y else Dot(x, y)
        scalars, over = [*a.scalars, *b.scalars], [*a.over, *b.over]
        coefficient = _times(a.coefficient, b.coefficient)
        front = self._build(_Parts(coefficient, scalars, over, []))
        return self.product([front, self._known_as(inner)])

    # --- conditions ---------------------------------------------------------------------------

    def relation(
        self, operator: Literal["<", "<=", ">", ">=", "==", "!="], left: Formula, right: Formula
    ) -> Formula:
        """A comparison, solved for what is compared: 1 - margin > 0 becomes margin < 1."""
        if not self.tidy:
            return Relation(operator, left, right)
        difference = self.add([left, self.scale(-1, right)])
        if isinstance(difference, Product) and len(difference.factors) == 1 and not difference.over:
            operator = operator if difference.coefficient > 0 else _TURNED[operator]
            difference = difference.factors[0]
        terms = difference.terms if isinstance(difference, Sum) else (difference,)
        constant: Real = 0
        for term in terms:
            constant = _plus(constant, term.value) if isinstance(term, Number) else constant
        rest = [t for t in terms if not isinstance(t, Number)]
        if len(rest) == 1:
            return self._solved(operator, rest[0], constant)
        positive = [t for t in rest if not _is_negative(t)]
        negative = [self.scale(-1, t) for t in rest if _is_negative(t)]
        if not rest or not positive:
            return Relation(operator, left, right)
        behind = self.add([*negative, Number(-constant)]) if constant else self.add(negative)
        return Relation(operator, self.add(positive), behind)

    def _solved(
        self, operator: Literal["<", "<=", ">", ">=", "==", "!="], term: Formula, constant: Real
    ) -> Formula:
        """c x + constant compared with 0, as x compared with a number."""
        parts = _split(term)
        c = parts.coefficient
        parts.coefficient = 1
        bound = Number(_over(_times(-1, constant), c))
        return Relation(operator if c > 0 else _TURNED[operator], self._build(parts), bound)


# --- numbers ------------------------------------------------------------------------------------


def _plain(value: Real) -> Real:
    return int(value) if isinstance(value, Fraction) and value.denominator == 1 else value


def _times(a: Real, b: Real) -> Real:
    return _plain(a * b)


def _plus(a: Real, b: Real) -> Real:
    return _plain(a + b)


def _over(a: Real, b: Real) -> Real:
    if isinstance(a, float) or isinstance(b, float) or b == 0:
        return float("inf") if b == 0 else a / b
    return _plain(Fraction(a) / Fraction(b))


# --- pieces of products and sums ----------------------------------------------------------------


def _base(factor: Formula) -> tuple[Formula, int | Fraction]:
    """A power taken apart; roots only of norms, which have no sign to lose."""
    if isinstance(factor, Power) and isinstance(factor.exponent, Number):
        n = factor.exponent.value
        if isinstance(n, int) or (isinstance(n, Fraction) and isinstance(factor.base, Norm)):
            return factor.base, n
    return factor, 1


def _cancelled(
    above: Sequence[Formula], below: Sequence[Formula]
) -> tuple[list[Formula], list[Formula]]:
    """Equal factors as one power; what stands above and below cancels."""
    exponents: dict[Formula, int | Fraction] = {}
    for sign, factors in ((1, above), (-1, below)):
        for factor in factors:
            base, n = _base(factor)
            if isinstance(base, Indicator) and sign == 1:
                exponents[base] = 1  # 1[.]² = 1[.]
            else:
                exponents[base] = exponents.get(base, 0) + sign * n
    tops = [_raised(base, n) for base, n in exponents.items() if n > 0]
    return tops, [_raised(base, -n) for base, n in exponents.items() if n < 0]


def _as_sigmoid(above: list[Formula], below: list[Formula]) -> tuple[list[Formula], list[Formula]]:
    for bottom in below:
        for top in above:
            if not _is_call(top, "exp") or not isinstance(bottom, Sum):
                continue
            if bottom.terms in ((Number(1), top), (top, Number(1))):
                made = Call("sigmoid", top.parts, top.sort)
                return (
                    [made if f is top else f for f in above],
                    [f for f in below if f is not bottom],
                )
    return above, below


def _as_softmax(core: list[Formula], over: list[Formula]) -> tuple[list[Formula], list[Formula]]:
    if len(core) != 1 or not _is_call(core[0], "exp"):
        return core, over
    for bottom in over:
        if _is_call(bottom, "sum") and bottom.parts == (core[0],):
            made = Call("softmax", core[0].parts, core[0].sort)
            return [made], [f for f in over if f is not bottom]
    return core, over


def _is_call(x: Formula, head: str) -> bool:
    return isinstance(x, Call) and x.head == head


def _raised(base: Formula, n: int | Fraction) -> Formula:
    return base if n == 1 else Power(base, Number(_plain(n)))


def _begins_transposed(x: Formula) -> bool:
    if isinstance(x, Product):
        return bool(x.factors) and isinstance(x.factors[0], Transpose)
    return isinstance(x, Transpose)


def _is_chain(x: Formula) -> bool:
    return isinstance(x, Product) and len(x.factors) > 1


def _joint(factors: Sequence[Formula]) -> Sort:
    return joined(tuple(f.sort for f in factors))


def _count(length: Any) -> Formula:
    return Number(length) if isinstance(length, int) else Symbolic(length)


def _may_turn(x: Formula) -> bool:
    """Whether -(a - b) is better written b - a; -(1 - y) stays."""
    return isinstance(x, Sum) and not isinstance(x.terms[0], Number)


def _is_negative(term: Formula) -> bool:
    if isinstance(term, Number):
        return term.value < 0
    return isinstance(term, Product) and term.coefficient < 0


def _is_pair_of_vectors(x: Hadamard) -> bool:
    return (
        len(x.factors) == 2 and not x.over and all(f.sort in ("column", "row") for f in x.factors)
    )


def _opened(term: Formula, algebra: Algebra) -> list[Formula]:
    """The terms of a sum inside a sum; a - (b + c) is opened in tidy work only."""
    if isinstance(term, Sum):
        return list(term.terms)
    lone = isinstance(term, Product) and len(term.factors) == 1 and not term.over
    if algebra.tidy and lone and isinstance(term, Product) and term.coefficient == -1:
        (only,) = term.factors
        if isinstance(only, Sum):
            return [algebra.scale(-1, inner) for inner in only.terms]
    return [term]


def _collected(terms: Sequence[Formula], algebra: Algebra) -> list[Formula]:
    """Equal terms added up, in order of first appearance."""
    amount: dict[Formula, Real] = {}
    for term in terms:
        if isinstance(term, Number):
            key: Formula = Number(1)
            value = term.value
        elif isinstance(term, Product):
            key = algebra.scale(_over(1, term.coefficient), term)
            value = term.coefficient
        else:
            key, value = term, 1
        amount[key] = _plus(amount.get(key, 0), value)
    return [algebra.scale(value, key) for key, value in amount.items() if value != 0]
