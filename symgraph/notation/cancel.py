"""Cancelling in rational formulas: (y/p - (1 - y)/(1 - p)) ⊙ p ⊙ (1 - p) is y - p.

The entrywise skeleton of a formula is handed to SymPy with a symbol for each part that is no sum,
product or power; SymPy never sees the parts themselves.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any, Protocol

import sympy

from symgraph.notation.tree import Formula, Hadamard, Number, Power, Product, Sum, walk

__all__ = ["cancelled", "is_worth_cancelling"]

#: Larger formulas are left as they are: SymPy's time grows steeply.
_LARGEST = 60


class _Maker(Protocol):
    def add(self, terms: Sequence[Formula]) -> Formula: ...
    def multiplied(self, xs: Sequence[Formula], over: Sequence[Formula]) -> Formula: ...
    def power(self, base: Formula, exponent: Formula) -> Formula: ...


def is_worth_cancelling(factors: Sequence[Formula]) -> bool:
    """Whether a sum with a fraction in it meets another factor."""
    return (
        len(factors) > 1
        and sum(f.size for f in factors) <= _LARGEST
        and any(isinstance(f, Sum) and any(_is_fraction(t) for t in f.terms) for f in factors)
    )


def _is_fraction(term: Formula) -> bool:
    if isinstance(term, Product):
        return bool(term.over) or any(_is_fraction(f) for f in term.factors)
    return isinstance(term, Hadamard) and bool(term.over)


def cancelled(x: Formula, make: _Maker) -> Formula:
    """An equal formula that is shorter, or x itself."""
    if any(isinstance(one, Number) and isinstance(one.value, float) for one in walk(x)):
        return x
    symbols: dict[Formula, sympy.Symbol] = {}
    skeleton = sympy.cancel(_skeleton(x, symbols))
    parts = {symbol: part for part, symbol in symbols.items()}
    found = _filled(skeleton, parts, make)
    return found if found.size < x.size and found.sort == x.sort else x


def _skeleton(x: Formula, symbols: dict[Formula, sympy.Symbol]) -> Any:
    if isinstance(x, Number):
        return sympy.Rational(Fraction(x.value).numerator, Fraction(x.value).denominator)
    if isinstance(x, Sum):
        return sympy.Add(*(_skeleton(term, symbols) for term in x.terms))
    if isinstance(x, Hadamard):
        return _ratio(x.factors, x.over, symbols)
    if isinstance(x, Product) and sum(f.sort != "scalar" for f in x.factors) <= 1:
        return sympy.Rational(x.coefficient) * _ratio(x.factors, x.over, symbols)
    if (
        isinstance(x, Power)
        and isinstance(x.exponent, Number)
        and isinstance(x.exponent.value, int)
    ):
        return _skeleton(x.base, symbols) ** x.exponent.value
    return symbols.setdefault(x, sympy.Symbol(f"x{len(symbols)}"))


def _ratio(
    above: Sequence[Formula], below: Sequence[Formula], symbols: dict[Formula, sympy.Symbol]
) -> Any:
    top = sympy.Mul(*(_skeleton(f, symbols) for f in above))
    return top / sympy.Mul(*(_skeleton(f, symbols) for f in below))


def _filled(expr: Any, parts: dict[sympy.Symbol, Formula], make: _Maker) -> Formula:
    if expr.is_Symbol:
        return parts[expr]
    if expr.is_Number:
        value = Fraction(int(expr.p), int(expr.q))
        return Number(int(value) if value.denominator == 1 else value)
    if expr.is_Add:
        terms = sorted(expr.args, key=lambda term: _first(term))
        return make.add([_filled(term, parts, make) for term in terms])
    if expr.is_Pow and expr.exp > 0:
        return make.power(_filled(expr.base, parts, make), Number(int(expr.exp)))
    factors = sympy.Mul.make_args(expr)
    above = [f for f in factors if not _is_below(f)]
    below = [1 / f for f in factors if _is_below(f)]
    return make.multiplied(
        [_filled(f, parts, make) for f in above], [_filled(f, parts, make) for f in below]
    )


def _first(term: Any) -> int:
    return min((int(s.name[1:]) for s in term.free_symbols), default=1 << 30)


def _is_below(factor: Any) -> bool:
    return bool(factor.is_Pow and factor.exp < 0)
