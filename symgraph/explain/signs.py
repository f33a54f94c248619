"""Signs of derivatives: (d - y) h for minus (y - d) h, and 2 (ŷ - y) for -2 (y - ŷ)."""

from __future__ import annotations

from dataclasses import replace

from symgraph.notation.algebra import Algebra
from symgraph.notation.parts import is_negative, may_turn
from symgraph.notation.read import Reader
from symgraph.notation.tree import Formula, Hadamard, Number, Product, Sum

__all__ = ["opposite", "risen"]


def opposite(formula: Formula, reader: Reader) -> Formula:
    """Minus a formula: (d - y) h for (y - d) h, else a sign in front."""
    turned = _turned(formula, reader.algebra)
    return reader.scaled(-1, formula) if turned is None else turned


def risen(formula: Formula, algebra: Algebra) -> Formula:
    """A difference alone with its sign inside: ŷ - y, and 2 (ŷ - y) for -2 (y - ŷ)."""
    if not isinstance(formula, Product) or formula.coefficient >= 0:
        return formula
    only = formula.factors[0] if len(formula.factors) == 1 else None
    if not isinstance(only, Sum) or len(only.terms) != 2 or not may_turn(only):
        return formula
    turned = _reversed(only, algebra)
    if formula.coefficient == -1 and not formula.over:
        return turned
    return Product(-formula.coefficient, (turned,), formula.over)


def _reversed(difference: Sum, algebra: Algebra) -> Formula:
    """b - a for a - b, also where the user wrote a - b."""
    return Sum(tuple(algebra.scale(-1, term) for term in reversed(difference.terms)))


def _turned(formula: Formula, algebra: Algebra) -> Formula | None:
    """Minus a product by the sign of its first difference; None where it has none."""
    if isinstance(formula, Sum) and not any(isinstance(t, Number) for t in formula.terms):
        is_difference = len(formula.terms) == 2 and is_negative(formula.terms[1])
        return _reversed(formula, algebra) if is_difference else algebra.scale(-1, formula)
    if not isinstance(formula, (Product, Hadamard)):
        return None
    if isinstance(formula, Product) and formula.coefficient < 0:
        return None
    for k, factor in enumerate(formula.factors):
        turned = _turned(factor, algebra)
        if turned is not None:
            factors = (*formula.factors[:k], turned, *formula.factors[k + 1 :])
            return replace(formula, factors=factors)
    return None
