"""The local derivative of entrywise operations as a factor: of • ⊙ f the f."""

from __future__ import annotations

from dataclasses import replace

from symgraph.notation.algebra import Algebra
from symgraph.notation.tree import Formula, Hadamard, Name, Number, Product, Transpose, walk

__all__ = ["without_bullet"]

_BULLET = "•"


def without_bullet(formula: Formula, algebra: Algebra) -> Formula | None:
    """What multiplies the derivative that arrives; of Wᵀ • it is W, None where it is no product."""
    if isinstance(formula, Name) and formula.name == _BULLET:
        return Number(1)
    if isinstance(formula, Transpose):
        inner = without_bullet(formula.x, algebra)
        return None if inner is None else algebra.transpose(inner)
    if not isinstance(formula, (Hadamard, Product)) or any(map(_has_bullet, formula.over)):
        return None
    places = [k for k, one in enumerate(formula.factors) if _has_bullet(one)]
    if len(places) != 1:
        return None
    inner = without_bullet(formula.factors[places[0]], algebra)
    if inner is None:
        return None
    rest = tuple(one for k, one in enumerate(formula.factors) if k != places[0])
    if isinstance(formula, Hadamard):
        factors = rest if inner == Number(1) else (inner, *rest)
        if len(factors) == 1 and not formula.over:
            return factors[0]
        return replace(formula, factors=factors or (Number(1),))
    if inner != Number(1):
        return None
    if not rest and not formula.over:
        return Number(formula.coefficient)
    # The arriving derivative is a row in the book's layout: δᵀ W where the graph has Wᵀ δ.
    return algebra.transpose(replace(formula, factors=rest))


def _has_bullet(formula: Formula) -> bool:
    return any(isinstance(one, Name) and one.name == _BULLET for one in walk(formula))
