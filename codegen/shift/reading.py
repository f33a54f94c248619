"""The formula of a Map on operands of which some are exponentials times mantissas."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Protocol

import sympy

from symgraph.codegen.shift.exponents import (
    Coefficient,
    Exponents,
    Scale,
    Term,
    aligned,
    atom_of,
    degree,
    is_quotient,
    plus,
    times,
)
from symgraph.codegen.shift.formulas import Formula, divisors
from symgraph.node import Node
from symgraph.ops.einsum import Einsum
from symgraph.ops.leaves import Fill, fill
from symgraph.ops.map import Map, map_node, negative
from symgraph.ops.reduce import Reduce
from symgraph.ops.reshape import Reshape
from symgraph.scalar import logical_not, slot, where
from symgraph.template import template

__all__ = ["Number", "Reading", "Value"]

_EXP, _LOG = template(sympy.exp(slot(0)), 1), template(sympy.log(slot(0)), 1)
_ADD, _DIVIDE = template(slot(0) + slot(1), 2), template(slot(0) / slot(1), 2)
_CHOICE = template(where(slot(0), slot(1), slot(2)), 3)
_NOT = template(logical_not(slot(0)), 1)
_DIFFERENCE = template(slot(0) - slot(1), 2)

#: More terms of a sum are joined at once.
_MOST_TERMS = 64
#: A factor of more exponentials is a number like any other.
_MOST_EXPONENTS = 32
#: Mantissas of 1 and -1.
_SIGNS = (None, fill(-1, (), "real"))


class Number:
    """A value as a sum of terms of its rank, joined when they are first asked for as one.

    `whole` is its node where that may be used. One that `stays` is right as it was written, and is
    followed for what is made of it. `beside_one` tells 1 + exp(x), exp(x) - 1 and 1 - exp(x), which
    are one term only together with others.
    """

    __slots__ = ("_single", "beside_one", "stays", "terms", "whole")

    def __init__(
        self,
        terms: Sequence[Term],
        whole: Node | None = None,
        stays: bool = False,
        beside_one: bool = False,
    ) -> None:
        self.terms, self.whole, self.stays = tuple(terms), whole, stays
        self.beside_one = beside_one
        self._single: list[Term | None] = []

    def single(self, exponents: Exponents, alone: bool = True) -> Term | None:
        """The value as one term; None where it cannot be joined."""
        if alone and self.beside_one:
            return None
        if not self._single:
            only = len(self.terms) == 1
            self._single.append(self.terms[0] if only else exponents.joined(self.terms))
        return self._single[0]


Value = Node | Number


class Shifting(Protocol):
    """The graph around a formula."""

    changed: bool

    @property
    def exponents(self) -> Exponents:
        """The exponents of the graph."""

    @property
    def mixed(self) -> Collection[Node]:
        """Sums as large as exponentials that are not followed."""

    def whole(self, term: Term) -> Node:
        """The node of a term."""


class Reading:
    """The formula of a Map, read on operands of which some are numbers."""

    def __init__(self, shifting: Shifting) -> None:
        self.shifting, self.rank = shifting, 0
        self.args: Sequence[Node] = ()
        self.originals: Sequence[Node] = ()
        self.numbers: Sequence[Number | None] = ()
        self.exponents = shifting.exponents
        self._rules: dict[str, Callable[[Formula], Value]] = {
            "plain": self._plain, "slot": self._slot, "exp": self._exp, "log": self._log,
            "multiply": self._multiply, "add": self._add, "where": self._where, "call": self._call,
            "cosh": self._cosh, "sinh": self._cosh,
        }  # fmt: skip

    def of(
        self,
        formula: Formula,
        rank: int,
        args: Sequence[Node],
        numbers: Sequence[Number | None],
        originals: Sequence[Node],
    ) -> Value:
        """The value of a Map of so many axes."""
        self.rank, self.args, self.numbers = rank, args, numbers
        self.originals = originals
        return self.value(formula)

    def value(self, formula: Formula) -> Value:
        """A number where exponentials are left in the value, else its node."""
        return self._rules[formula.operation](formula)

    def plain(self, formula: Formula, value: Value | None = None) -> Node:
        """The node of a part, as it was written if exponentials are left in it."""
        value = self.value(formula) if value is None else value
        if isinstance(value, Node):
            return value
        if value.whole is not None:
            return value.whole
        if value.stays:
            return formula.written(self.args)
        term = value.single(self.exponents)
        if term is None or not is_quotient(term.scale):
            return formula.written(self.args)
        return self.shifting.whole(term)

    def _plain(self, formula: Formula) -> Value:
        return formula.written(self.args)

    def _slot(self, formula: Formula) -> Value:
        number = self.numbers[formula.place]
        assert number is not None
        if self.args[formula.place].ndim == self.rank:
            return number
        terms = [term._replace(scale=aligned(term.scale, self.rank)) for term in number.terms]
        return Number(terms, number.whole, number.stays, number.beside_one)

    def _exp(self, formula: Formula) -> Value:
        exponent = self.plain(formula.parts[0])
        if exponent.kind != "real":
            return map_node(_EXP, (exponent,))
        peak = _peak_below(exponent)
        if peak is not None:
            return self._share(exponent, peak)
        return Number([Term(None, {atom_of(exponent, self.rank): 1})])

    def _share(self, exponent: Node, peak: Node) -> Value:
        """A softmax as it was written."""
        x, below = exponent._args
        scale = self.exponents.share(x, peak) if peak.params[0] == "logsumexp" else None
        if scale is None or below.ndim not in (0, x.ndim):
            return map_node(_EXP, (exponent,))
        return Number([Term(None, aligned(scale, self.rank))], stays=True)

    def _log(self, formula: Formula) -> Value:
        value = self.value(formula.parts[0])
        (term,) = self._terms([value])
        if term is None or not term.scale:
            return map_node(_LOG, (self.plain(formula.parts[0], value),))
        self.shifting.changed = True
        exponent = self.exponents.exponent(term.scale)
        if term.mantissa is None:
            return exponent
        return map_node(_ADD, (map_node(_LOG, (term.mantissa,)), exponent))

    def _multiply(self, formula: Formula) -> Value:
        """A product of powers."""
        values = [self.value(part) for part in formula.parts]
        if self._divides_by_mixed(formula):
            return self._quotient(formula, values)
        terms = self._terms(values)
        known = [term for term in terms if term is not None]
        grows = self._may_grow(terms, formula.powers)
        stays = bool(known) and not grows and not any(degree(term.scale) for term in known)
        above: Node | None = None
        below: Node | None = None
        scale: Scale = {}
        masks: list[Node] = []
        mask: Node | None = None
        for part, value, term, power in zip(
            formula.parts, values, terms, formula.powers, strict=True
        ):
            if term is not None and (stays or grows or degree(term.scale)):
                scale = plus(scale, term.scale, power)
                factor = term.mantissa
                mask = term.mask if mask is None and power > 0 else mask
            else:
                factor = self.plain(part, value)
            if factor is not None and factor.kind == "boolean" and part.operation == "plain":
                masks.append(factor)
            elif factor is not None and power > 0:
                above = times(above, _raised(factor, power))
            elif factor is not None:
                below = times(below, _raised(factor, -power))
        if below is not None:
            above = map_node(_DIVIDE, (fill(1.0) if above is None else above, below))
        made = Term(above, scale, mask)
        for condition in masks:
            made = _masked(condition, made)
        if made.scale or made.mantissa is None:
            return Number([made], stays=stays)
        self.shifting.changed |= bool(known)
        return made.mantissa

    def _divides_by_mixed(self, formula: Formula) -> bool:
        """Whether a factor below the line is as large as exponentials that are not followed."""
        mixed = self.shifting.mixed
        return bool(mixed) and any(self.originals[k] in mixed for k in divisors(formula.expr))

    def _quotient(self, formula: Formula, values: Sequence[Value]) -> Node:
        """A product of the nodes of its factors."""
        made: Node | None = None
        order = sorted(range(len(values)), key=lambda k: formula.powers[k] < 0)
        for k in order:
            power = formula.powers[k]
            size = power if power > 0 else -power
            factor = _raised(self.plain(formula.parts[k], values[k]), size)
            if power > 0:
                made = times(made, factor)
            else:
                made = map_node(_DIVIDE, (fill(1.0) if made is None else made, factor))
        assert made is not None
        return made

    def _terms(self, values: Sequence[Value]) -> list[Term | None]:
        """Factors as terms. Products of 1 + exp(x) and powers of exp(x) are known as they are.

        What has very many exponents is no term: each product would look at all of them again.
        """
        numbers = [value if isinstance(value, Number) else None for value in values]
        beside = [number for number in numbers if number is not None and number.beside_one]
        others = [number for number in numbers if number is not None and not number.beside_one]
        alone = len(beside) + len(others) < 2 or _is_sigmoid(beside, others)
        terms = [None if n is None else n.single(self.exponents, alone) for n in numbers]
        return [t if t is not None and len(t.scale) <= _MOST_EXPONENTS else None for t in terms]

    def _may_grow(self, terms: Sequence[Term | None], powers: Sequence[Coefficient]) -> bool:
        """Whether a factor of as many exponentials above as below may be large all the same."""
        return any(
            not self.exponents.is_bounded(plus({}, term.scale, power))
            for term, power in zip(terms, powers, strict=True)
            if term is not None and not degree(term.scale)
        )

    def _add(self, formula: Formula) -> Value:
        values = [self.value(part) for part in formula.parts]
        found: list[Term] = []
        for value in values:
            if isinstance(value, Number):
                found += value.terms
        over = {degree(term.scale) for term in found}
        if over == {0}:
            return self._sum(formula, values)
        plain = [value for value in values if isinstance(value, Node)]
        if plain:
            if not all(type(value) is Fill and value.value != 0 for value in plain):
                return formula.written(self.args)
            origin = atom_of(fill(0.0), self.rank)
            ones = [None if _is_one(value) else value for value in plain]
            beside_one = len(found) == 1 and self._is_alone(found[0]) and ones[0] in _SIGNS
            found += [Term(one, {origin: 1}) for one in ones]
            return Number(found, beside_one=beside_one)
        if len(found) > _MOST_TERMS:
            term = self.exponents.joined(found)
            return formula.written(self.args) if term is None else Number([term])
        return Number(found)

    def _is_alone(self, term: Term) -> bool:
        """Whether this is exp(x) or -exp(x)."""
        single = list(term.scale.values()) == [1] and not self.exponents.has_peak(term.scale)
        return single and term.mantissa in _SIGNS

    def _cosh(self, formula: Formula) -> Value:
        """cosh(x) and sinh(x) stay, but for their logarithms and quotients."""
        x = self.plain(formula.parts[0])
        if x.kind != "real":
            return formula.applied([x])
        half, turned = fill(sympy.Rational(1, 2), (), "real"), negative(x)
        other = half if formula.operation == "cosh" else negative(half)
        terms = [(half, atom_of(x, self.rank)), (other, atom_of(turned, self.rank))]
        return Number([Term(mantissa, {atom: 1}) for mantissa, atom in terms])

    def _sum(self, formula: Formula, values: Sequence[Value]) -> Node:
        total: Node | None = None
        for part, value in zip(formula.parts, values, strict=True):
            term = self.plain(part, value)
            total = term if total is None else map_node(_ADD, (total, term))
        assert total is not None
        return total

    def _where(self, formula: Formula) -> Value:
        """exp(s) where a condition holds, else 0, is the exponential of s or of minus infinity."""
        parts = formula.parts
        condition = self.plain(parts[0])
        values = [self.value(part) for part in parts[1:]]
        for value, other, body in zip(values, values[::-1], (None, _NOT), strict=True):
            term = value.single(self.exponents) if isinstance(value, Number) else None
            if term is not None and degree(term.scale) and _is_zero(other):
                holds = condition if body is None else map_node(body, (condition,))
                return Number([_masked(holds, term)])
        taken = [self.plain(part, value) for part, value in zip(parts[1:], values, strict=True)]
        return map_node(_CHOICE, (condition, taken[0], taken[1]))

    def _call(self, formula: Formula) -> Value:
        return formula.applied([self.plain(part) for part in formula.parts])


def _is_sigmoid(beside: Sequence[Number], others: Sequence[Number]) -> bool:
    """Whether a product is one of powers of 1 + exp(x) and of exp(x)."""
    terms = [term for number in beside for term in number.terms]
    atoms = {atom for term in terms for atom in term.scale}
    if len(atoms) != 2 or any(len(number.terms) > 1 for number in others):
        return False
    terms += [number.terms[0] for number in others]
    return all(term.mantissa is None and atoms.issuperset(term.scale) for term in terms)


def _masked(condition: Node, term: Term) -> Term:
    """A term where a condition holds, else 0."""
    mantissa = fill(1.0) if term.mantissa is None else term.mantissa
    return Term(map_node(_CHOICE, (condition, mantissa, fill(0.0))), term.scale, condition)


def _is_zero(value: Value) -> bool:
    return type(value) is Fill and bool(value.value == 0)


def _is_one(node: Node) -> bool:
    return type(node) is Fill and bool(node.value == 1)


def _raised(x: Node, power: Coefficient) -> Node:
    if power == 1:
        return x
    exponent = sympy.Rational(power.numerator, power.denominator)
    return map_node(template(slot(0) ** exponent, 1), (x,))


def _peak_below(exponent: Node) -> Node | None:
    """The largest entry of x, or the log-sum-exp, where this is x less that."""
    if type(exponent) is not Map or exponent.params[0] is not _DIFFERENCE:
        return None
    x, peak = exponent._args
    while type(peak) in (Einsum, Reshape) and len(peak._args) == 1:
        peak = peak._args[0]
    is_peak = isinstance(peak, Reduce) and peak.operation in ("max", "logsumexp")
    return peak if is_peak and peak._args[0] is x else None
