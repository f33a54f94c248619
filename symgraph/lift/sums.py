"""Sums and products, with the signs and quotients that they were written with."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import reduce
from typing import Any, NamedTuple

import sympy

from symgraph.build import arithmetic
from symgraph.lift.lifting import Lifting, Plan, leaf, rule
from symgraph.node import Node
from symgraph.ops.leaves import fill
from symgraph.sympy_functions import folded

__all__ = ["TERMS", "Factors", "signed", "signed_sum", "split"]

#: How many terms a finite Sum or Product may have.
TERMS = 10_000

_SUM_FIX = "Use sg.sum or sg.prod of a vector."


class Factors(NamedTuple):
    """A product as it is written: a sign, what stands above and what below the line.

    Each factor is (base, exponent), the exponent a positive number or None for 1.
    """

    negative: bool
    above: Sequence[tuple[Any, Any]]
    below: Sequence[tuple[Any, Any]]

    def parts(self) -> list[Any]:
        return [base for base, _ in (*self.above, *self.below)]

    def build(self, nodes: Iterator[Node]) -> Node:
        """The unsigned product of the factors' nodes."""
        above = [_raised(next(nodes), exponent) for _, exponent in self.above]
        below = [_raised(next(nodes), exponent) for _, exponent in self.below]
        top = reduce(arithmetic.multiply, above) if above else fill(1)
        return arithmetic.divide(top, reduce(arithmetic.multiply, below)) if below else top


def _raised(base: Node, exponent: Any) -> Node:
    if exponent is None:
        return base
    half = exponent == sympy.Rational(1, 2)
    return arithmetic.sqrt(base) if half else arithmetic.power(base, fill(exponent))


def _factors(expr: Any) -> Factors:
    if expr.is_Rational or expr.is_Float:
        return Factors(bool(expr < 0), [(abs(expr), None)], ())
    return split(expr.args if expr.is_Mul else (expr,))


def split(factors: Sequence[Any]) -> Factors:
    """The factors of a product by sign and place."""
    negative = False
    above: list[tuple[Any, Any]] = []
    below: list[tuple[Any, Any]] = []
    for factor in factors:
        if factor.is_Rational or factor.is_Float:
            negative ^= bool(factor < 0)
            size = abs(factor)
            top, bottom = (size, sympy.S.One) if size.is_Float else size.as_numer_denom()
            above += [(top, None)] if top != 1 else []
            below += [(bottom, None)] if bottom != 1 else []
        elif factor.is_Pow and factor.exp.is_Number and factor.exp < 0:
            below.append((factor.base, None if factor.exp == -1 else -factor.exp))
        elif factor.is_Pow and factor.exp.is_Number:
            above.append((factor.base, factor.exp))
        else:
            above.append((factor, None))
    return Factors(negative, above, below)


@rule(sympy.Mul, sympy.Pow)
def _product(expr: Any, lifting: Lifting) -> Plan:
    if expr.is_Pow and not expr.exp.is_Number:
        return Plan(expr.args, arithmetic.power)
    factors = _factors(expr)
    return Plan(factors.parts(), lambda *nodes: signed(factors, iter(nodes)))


def signed(factors: Factors, nodes: Iterator[Node]) -> Node:
    """The node of a product, with its sign."""
    value = factors.build(nodes)
    return arithmetic.negative(value) if factors.negative else value


@rule(sympy.Add)
def _sum(expr: Any, lifting: Lifting) -> Plan:
    return signed_sum([_factors(term) for term in expr.args])


def signed_sum(terms: list[Factors]) -> Plan:
    """The terms in their order, except that a positive one, if there is any, comes first."""
    first = next((k for k, term in enumerate(terms) if not term.negative), 0)
    order = [terms[first], *terms[:first], *terms[first + 1 :]]

    def build(*given: Node) -> Node:
        nodes = iter(given)
        total = order[0].build(nodes)
        if order[0].negative:
            total = arithmetic.negative(total)
        for term in order[1:]:
            value = term.build(nodes)
            join = arithmetic.subtract if term.negative else arithmetic.add
            total = join(total, value)
        return total

    return Plan([part for term in order for part in term.parts()], build)


@rule(sympy.Sum, sympy.Product)
def _series(expr: Any, lifting: Lifting) -> Plan:
    places: list[dict[Any, Any]] = [{}]
    for limit in reversed(expr.limits):
        wider: list[dict[Any, Any]] = []
        for place in places:
            numbers = _range(expr, [end.xreplace(place) for end in limit[1:]], lifting)
            if len(wider) + len(numbers) > TERMS:
                raise lifting.refused(expr, f"has more than {TERMS} terms", _SUM_FIX)
            wider += [{**place, limit[0]: sympy.Integer(i)} for i in numbers]
        places = wider
    terms = [expr.function.xreplace(place) for place in places]
    is_sum = isinstance(expr, sympy.Sum)
    if not terms:
        return leaf(fill(0 if is_sum else 1))
    return Plan(terms, folded(arithmetic.add if is_sum else arithmetic.multiply))


def _range(expr: Any, ends: Sequence[Any], lifting: Lifting) -> range:
    if len(ends) != 2 or not all(end.is_Integer for end in ends):
        raise lifting.refused(expr, "has a range that is not made of numbers", _SUM_FIX)
    return range(int(ends[0]), int(ends[1]) + 1)
