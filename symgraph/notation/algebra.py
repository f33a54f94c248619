"""Putting formulas together: flatten, order, collect and cancel as one does by hand.

Two ways of working. Tidy, for derivatives: numbers are multiplied, equal terms collected, factors
that are numbers ordered as they appear in the user's own formula, and x/x is 1. Literal, for what
the user wrote: nothing is computed, the order of the operands stays.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any, Literal

from symgraph.notation.cancel import cancelled, is_worth_cancelling
from symgraph.notation.chains import shortened, summed_through, total_of_terms, with_powers
from symgraph.notation.collect import (
    collected,
    common_out,
    falling,
    in_order,
    mirrored_sigmoids,
    opened,
    opposite_sigmoid,
)
from symgraph.notation.conditions import compared, without_needless_brackets
from symgraph.notation.decimals import raised_to, ratio, times
from symgraph.notation.indexed import Over
from symgraph.notation.onehots import (
    by_place,
    dot_of_terms,
    entry_of,
    is_hot,
    picked_out,
    total_of_terms as total_of_hots,
)
from symgraph.notation.parts import (
    Parts,
    as_sigmoid,
    as_softmax,
    as_tanh,
    base_of,
    count,
    is_chain,
    is_negative,
    is_pair_of_vectors,
    is_turned_call,
    joint,
    loosened,
    may_turn,
    outer_product,
    raised,
    reduced,
    sort_of,
    split,
    split_number,
)
from symgraph.notation.quotients import Quotient, in_chain, in_entries, quotient
from symgraph.notation.sequences import OverTime, Side
from symgraph.notation.traces import total_of_diagonal
from symgraph.notation.tree import (
    Call,
    Derivative,
    Dot,
    Formula,
    Hadamard,
    Identity,
    Indicator,
    Inverse,
    MatrixPower,
    Name,
    Norm,
    Number,
    OneHot,
    Ones,
    Power,
    Product,
    Real,
    Relation,
    Sort,
    Sum,
    Transpose,
    flipped,
    walk,
)

__all__ = ["Algebra"]

# Cotangents stand before everything, brackets before other numbers, unknown names behind.
_FIRST, _BRACKET, _LAST = -2, -1, 1 << 60


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
        self._known = dict(known or {})
        self._quotients: list[Quotient] = []
        self._differences: dict[Formula, Formula] = {}

    def learn(self, name: Name, meaning: Formula) -> None:
        """Use what follows from the definition of a name: x̂ = (x - m)/s, Mᵀ = M, C 𝟏 = 0."""
        if name.kind == "matrix" and self.transpose(meaning) == meaning:
            self._symmetric |= {name.name}
        found = quotient(name, meaning)
        if found is not None:
            self._quotients.append(found)

    def keep(self, difference: Sum) -> None:
        """Write y - f as the user did: f - y becomes -(y - f)."""
        first, second = (term for term in difference.terms)
        turned = (self.scale(-1, second), self.scale(-1, first))
        for terms in (turned, turned[::-1]):
            self._differences.setdefault(Sum(terms), difference)

    def know(self, left: Formula, right: Formula) -> None:
        """Use an equation from now on."""
        self._known[left] = right

    # --- order --------------------------------------------------------------------------------

    def place(self, name: str) -> int:
        """The place of a name in the user's own formula; an unknown one stands behind."""
        return self._ranks.get(name, _LAST)

    def rank(self, x: Formula) -> int:
        """The place of the first name in x."""
        if isinstance(x, Derivative):
            return _FIRST
        places = [self.place(one.name) for one in walk(x) if isinstance(one, Name)]
        return min(places, default=_LAST)

    def _scalar_rank(self, x: Formula) -> int:
        if isinstance(x, Over):
            return _LAST + 1  # what stands behind Σ belongs to it
        return _BRACKET if isinstance(x, Indicator) else self.rank(x)

    def _by_rank(self, factors: list[Formula], entrywise: bool) -> list[Formula]:
        if not self.tidy or self.keep_order:
            return factors
        if entrywise:
            return sorted(factors, key=self.rank)
        # 3 t² exp(-t): of one name its powers, then its functions.
        return sorted(factors, key=lambda f: (self._scalar_rank(f), _has_function_of_one_name(f)))

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
                    known = split(value)
                    if known.coefficient == 0:
                        return [Number(0)]
                    return self._known_chain([*core[:k], value, *core[k + n :]])
        return core

    # --- products -----------------------------------------------------------------------------

    def scale(self, c: Real, x: Formula) -> Formula:
        """A number times x."""
        parts = split(x)
        parts.coefficient = times(c, parts.coefficient)
        return self.build(parts)

    def product(self, xs: Iterable[Formula], over: Iterable[Formula] = ()) -> Formula:
        """The matrix product of x's from left to right; numbers may stand anywhere."""
        total = Parts(1, [], [], [])
        factors = [x for x in xs if not (isinstance(x, Ones) and x.length == 1)]
        alone = sum(bool(split(x).core) for x in factors) <= 1
        for x in factors:
            part = split(x) if alone else split_number(x)
            total.coefficient = times(total.coefficient, part.coefficient)
            total.scalars += part.scalars
            total.over += part.over
            total.core += part.core
        for x in over:
            part = split_number(x)
            total.coefficient = ratio(total.coefficient, part.coefficient)
            total.over += part.scalars
            total.scalars += part.over
        return self.build(total)

    def entrywise(self, xs: Sequence[Formula], over: Sequence[Formula] = ()) -> Formula:
        """Factors multiplied and divided entry by entry, with fractions cancelled."""
        made = self.multiplied(xs, over)
        if not self.tidy:
            return made
        parts = split(made)
        core = parts.core
        if len(core) == 1 and isinstance(core[0], Hadamard):
            core = [*core[0].factors, *core[0].over]
        together = [*parts.scalars, *parts.over, *core]
        return cancelled(made, self) if is_worth_cancelling(together) else made

    def multiplied(self, xs: Sequence[Formula], over: Sequence[Formula] = ()) -> Formula:
        """Factors multiplied and divided entry by entry; only equal factors cancel.

        exp(x)/(1 + exp(x)) becomes σ(x), exp(x)/Σ exp(x) becomes softmax(x).
        """
        total = Parts(1, [], [], [])
        above: list[Formula] = []
        below: list[Formula] = []
        loose = self._loose([*xs, *over])
        for x in loose[: len(xs)]:
            self._take(total, split_number(x), above, below)
        for x in loose[len(xs) :]:
            part = split_number(x)
            self._take(total, Parts(1, [], [], part.core), below, above)
            total.coefficient = ratio(total.coefficient, part.coefficient)
            total.over += part.scalars
            total.scalars += part.over
        if self.tidy:
            above = without_needless_brackets(above, self)
            above, below = in_entries(*reduced(above, below), self._quotients)
            above = [self._known_as(f) for f in above]
            kept = [f for f in above if not isinstance(f, Ones)]
            if joint([*kept, *below]) == joint([*above, *below]):
                above = kept
            if any(isinstance(f, OneHot) for x in above for f in walk(x)):
                above, below = self._picked(total, above, below)
            above = self._by_rank(above, entrywise=True)
            above, below = as_tanh(*as_sigmoid(above, below))
        outer = [] if below else outer_product(above)
        if outer:
            total.core = outer
        elif below:
            total.core = [Hadamard(tuple(above), tuple(below))]
        elif above:
            total.core = split(above[0]).core if len(above) == 1 else [Hadamard(tuple(above))]
        return self.build(total)

    def _picked(
        self, total: Parts, above: list[Formula], below: list[Formula]
    ) -> tuple[list[Formula], list[Formula]]:
        """The factors with entries in place of vectors that a one-hot vector picks from."""
        tops, bottoms, high, low = picked_out(above, below, self)
        total.scalars += tops
        total.over += bottoms
        above, below = [], low
        for factor in high:
            self._take(total, split_number(factor), above, below)
        return above, below

    def _take(self, total: Parts, part: Parts, above: list[Formula], below: list[Formula]) -> None:
        total.coefficient = times(total.coefficient, part.coefficient)
        total.scalars += part.scalars
        total.over += part.over
        if len(part.core) == 1 and isinstance(part.core[0], Hadamard):
            above += part.core[0].factors
            below += part.core[0].over
        elif len(part.core) == 1:
            above.append(part.core[0])
        elif part.core:
            above.append(self.build(Parts(1, [], [], part.core)))

    def _loose(self, xs: list[Formula]) -> list[Formula]:
        """Factors without needless repetition, as long as the whole keeps its sort."""
        whole = joint(xs)
        loose = [loosened(x) for x in xs]
        return loose if joint(loose) == whole else xs

    def build(self, parts: Parts) -> Formula:
        coefficient, core = parts.coefficient, parts.core
        if coefficient == 0 and self.tidy:
            return Number(0)
        scalars, over = parts.scalars, parts.over
        if self.tidy:
            scalars = without_needless_brackets(scalars, self)
            scalars, over = as_tanh(*as_sigmoid(*reduced(scalars, over)))
            scalars, core, over = in_chain(scalars, list(core), over, self._quotients)
            core, over = as_softmax(core, over)
            scalars = self._by_rank(scalars, entrywise=False)
        if len(core) == 1 and isinstance(core[0], Hadamard) and not core[0].factors:
            number = self.build(Parts(coefficient, scalars, over, []))
            return Hadamard((number,), core[0].over)
        if len(core) > 1 and self._known:
            core = self._known_chain(core)
        if len(core) > 1 and self.tidy:
            core = shortened(core, self)
            passed = summed_through(core, self)
            if passed is not None:
                return self.scale(coefficient, self.product([*scalars, *passed], over))
            core = with_powers(core)
        if self.tidy and (scalars or over or len(core) > 1 or coefficient != 1):
            every = [*scalars, *core]
            for k, factor in enumerate(every):
                if isinstance(factor, Sum) and all(map(is_negative, factor.terms)):
                    turned = self.add([self.scale(-1, term) for term in factor.terms])
                    if any(part == factor for part in walk(turned)):  # it turns back by itself
                        continue
                    chain = [*every[:k], turned, *every[k + 1 :]]
                    return self.scale(times(-1, coefficient), self.product(chain, over))
        factors = self._placed(scalars, core)
        if not factors and not over:
            return Number(coefficient)
        if len(factors) == 1 and not over:
            (only,) = factors
            if coefficient == 1:
                return self._known_as(only)
            if coefficient == -1 and self.tidy and may_turn(only):
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
                return Number(raised_to(base.value, exponent.value))
            if isinstance(exponent.value, int) and base.sort == "scalar":
                return self._numbers_raised(base, exponent.value)
            if exponent == Number(Fraction(1, 2)) and isinstance(base, Product):
                return self._root_of_norms(base) or Power(base, exponent)
        return Power(base, exponent)

    def _root_of_norms(self, x: Product) -> Formula | None:
        """√(‖x‖² ‖y‖²) as ‖x‖ ‖y‖."""
        factors = (*x.factors, *x.over)
        if x.coefficient != 1 or not all(isinstance(base_of(f)[0], Norm) for f in factors):
            return None
        half = Fraction(1, 2)
        roots = [
            [raised(base, n * half) for base, n in map(base_of, part)]
            for part in (x.factors, x.over)
        ]
        return self.product(*roots)

    def _numbers_raised(self, base: Formula, n: int) -> Formula:
        """(a b)² as a² b²; √a² as a."""
        inner, m = base_of(base)
        if inner is not base:
            return self.product([raised(inner, m * n)])
        if not isinstance(base, Product) or isinstance(base.coefficient, float) or split(base).core:
            return Power(base, Number(n))
        parts = Parts(raised_to(base.coefficient, n), [], [], [])
        parts.scalars = [self.power(f, Number(n)) for f in base.factors]
        parts.over = [self.power(f, Number(n)) for f in base.over]
        return self.build(parts)

    def transpose(self, x: Formula) -> Formula:
        """xᵀ, with the transposition moved to the factors."""
        if isinstance(x, OverTime):
            return OverTime(x.letter, self.transpose(x.x))
        if x.sort == "scalar" or self._is_symmetric(x):
            return x
        if isinstance(x, Transpose):
            return x.x
        if isinstance(x, Ones):
            return Ones("row" if x.kind == "column" else "column", x.length)
        if isinstance(x, Product):
            parts = split(x)
            parts.core = [self.transpose(f) for f in reversed(parts.core)]
            return self.build(parts)
        if isinstance(x, Power) and x.exponent.sort == "scalar":
            return Power(self.transpose(x.base), x.exponent)
        if isinstance(x, Call) and is_turned_call(x):
            (argument,) = x.args
            return Call(x.head, (self.transpose(argument),), flipped(x.kind))
        if isinstance(x, Hadamard):
            return Hadamard(
                tuple(self.transpose(f) for f in x.factors),
                tuple(self.transpose(f) for f in x.over),
            )
        if isinstance(x, Sum):
            turned = Sum(tuple(self.transpose(term) for term in x.terms))
            return Transpose(x) if x.size + 1 < turned.size else turned  # (x - m)ᵀ
        if isinstance(x, Power) and isinstance(x.base, Transpose):
            return Power(x.base.x, x.exponent)
        if isinstance(x, Inverse) and self.transpose(x.x) == x.x:
            return x  # XᵀX is symmetric
        return Transpose(x)

    def _is_symmetric(self, x: Formula) -> bool:
        is_diagonal = isinstance(x, Call) and x.head == "diag" and x.kind == "matrix"
        named = isinstance(x, Name) and x.name in self._symmetric
        return isinstance(x, Identity) or is_diagonal or named

    def diagonal_matrix(self, x: Formula) -> Formula:
        """The matrix with the entries of a column on its diagonal."""
        parts = split(x)
        core = parts.core
        if not self.tidy or not core:
            return Call("diag", (x,), "matrix")
        number = self.build(Parts(parts.coefficient, parts.scalars, parts.over, []))
        inner = self.build(Parts(1, [], [], core))
        return self.product([number, Call("diag", (inner,), "matrix")])

    def diagonal(self, x: Formula) -> Formula:
        """The diagonal of a matrix as a column; that of y xᵀ is y ⊙ x."""
        parts = split(x)
        core = parts.core
        number = self.build(Parts(parts.coefficient, parts.scalars, parts.over, []))
        if len(core) > 1 and core[-1].sort == "row" and sort_of(core[:-1]) == "column":
            column = self.build(Parts(1, [], [], core[:-1]))
            return self.product([number, self.entrywise([column, self.transpose(core[-1])])])
        return Call("diag", (x,), "column")

    def beside(self, parts: Sequence[Formula]) -> Formula:
        """Matrices side by side; columns as [u^T; v^T]^T, as [u, v] joins them into one vector."""
        if any(part.sort != "column" for part in parts):
            return Side(tuple(parts), "matrix")
        rows = tuple(self.transpose(part) for part in parts)
        return self.transpose(Side(rows, "matrix", stacked=True))

    def turned(self, x: Formula, sort: Sort) -> Formula:
        """The vector x as a column or a row."""
        return self.transpose(x) if x.sort in ("column", "row") and x.sort != sort else x

    def inverse(self, x: Formula) -> Formula:
        """The inverse matrix, (Xᵀ)⁻¹ as X⁻ᵀ."""
        if x.sort == "scalar":
            return self.product([], [x])
        if isinstance(x, Identity):
            return x
        if isinstance(x, Transpose):
            return self.transpose(self.inverse(x.x))
        if self.tidy and isinstance(x, Inverse):
            return x.x
        if self.tidy and isinstance(x, MatrixPower):
            return MatrixPower(x.base, -x.exponent)
        return Inverse(x)

    # --- sums ---------------------------------------------------------------------------------

    def add(self, terms: Iterable[Formula], keep_order: bool = False) -> Formula:
        """The sum; in tidy work terms from several paths are put in the order of the names."""
        given = list(terms)
        given = self._loose(given) if given else given
        flat: list[Formula] = []
        for term in given:
            flat += opened(term, self)
        kept = collected(flat, self) if self.tidy else flat
        kept = kept if keep_order or self.keep_order or not self.tidy else in_order(kept, self)
        if not kept:
            return Number(0)
        if len(kept) == 1:
            return kept[0]
        pair = self.tidy and len(kept) == 2
        if is_negative(kept[0]) and (pair or not keep_order) and not self.keep_order:
            first = next((k for k, term in enumerate(kept) if not is_negative(term)), 0)
            kept.insert(0, kept.pop(first))
        if not self.tidy:
            return Sum(tuple(kept))
        kept = kept if keep_order or self.keep_order else by_place(falling(kept))
        if kept_difference := self._differences.get(Sum(tuple(kept))):
            return Product(-1, (kept_difference,))
        shorter = opposite_sigmoid(kept, self) or mirrored_sigmoids(kept, self)
        return shorter or common_out(kept, self)

    def total(self, x: Formula, length: Any = None) -> Formula:
        """The sum of all entries, of which there are `length` where that is known."""
        if self.tidy and isinstance(x, Sum):
            shorter = total_of_hots(x, self) or total_of_terms(x, length, self)
            if shorter is not None:
                return shorter
        parts = split(x)
        core = parts.core
        if core and all(isinstance(f, Ones) for f in core):
            counts = [count(f.length) for f in core if isinstance(f, Ones)]
            return self.product(
                [
                    self.build(Parts(1, parts.scalars, parts.over, [])),
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
        if self.tidy and isinstance(whole, Sum) and whole is not x:
            inside = total_of_terms(whole, length, self)
            if inside is not None:
                return self.product([self.build(replace(parts, core=[])), inside])
        if not self.tidy and (parts.scalars or parts.over):
            return Call("sum", (x,), "scalar")
        square = isinstance(whole, Power) and whole.exponent == Number(2)
        inner: Formula
        if self.tidy and is_hot(whole):
            inner = Number(1)
        elif square and isinstance(whole, Power):
            inner = Norm(whole.base)
        elif isinstance(whole, Hadamard) and (traced := self._traced(whole)) is not None:
            inner = traced
        elif self.tidy and isinstance(whole, Hadamard) and is_pair_of_vectors(whole):
            inner = self.dot(*whole.factors)
        else:
            inner = self._known_as(Call("sum", (whole,), "scalar"))
        return self.product(
            [Product(parts.coefficient, tuple(parts.scalars), tuple(parts.over)), inner]
        )

    def _traced(self, x: Hadamard) -> Formula | None:
        return total_of_diagonal(x, self) if self.tidy else None

    def dot(self, left: Formula, right: Formula) -> Formula:
        """The inner product of two vectors."""
        if isinstance(left, Ones):
            return self.total(right, left.length)
        if isinstance(right, Ones):
            return self.total(left, right.length)
        a, b = split(left), split(right)
        x, y = (self.build(Parts(1, [], [], part.core)) for part in (a, b))
        if x.sort != "row" or y.sort != "row":
            x, y = self.turned(x, "column"), self.turned(y, "column")
        entry = (entry_of(x, y) or entry_of(y, x)) if self.tidy else None
        if self.tidy and entry is None:
            entry = dot_of_terms(x, y, self) or dot_of_terms(y, x, self)
        if entry is not None:
            inner: Formula = entry
        elif x != y and (is_chain(x) or is_chain(y)):
            inner = self.product([self.turned(x, "row"), self.turned(y, "column")])  # aᵀ X b
        else:
            inner = Norm(x) if x == y else Dot(x, y)
        scalars, over = [*a.scalars, *b.scalars], [*a.over, *b.over]
        coefficient = times(a.coefficient, b.coefficient)
        front = self.build(Parts(coefficient, scalars, over, []))
        return self.product([front, self._known_as(inner)])

    # --- conditions ---------------------------------------------------------------------------

    def relation(
        self, operator: Literal["<", "<=", ">", ">=", "==", "!="], left: Formula, right: Formula
    ) -> Formula:
        """A comparison, solved for what is compared: 1 - margin > 0 becomes margin < 1."""
        if not self.tidy:
            return Relation(operator, left, right)
        return compared(operator, left, right, self)


def _has_function_of_one_name(x: Formula) -> bool:
    """Whether x has functions of a single name, as exp(-t) and 1 - exp(-t) have."""
    parts = list(walk(x))
    names = {one.name for one in parts if isinstance(one, Name)}
    return len(names) == 1 and any(isinstance(one, Call) for one in parts)
