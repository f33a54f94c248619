"""Which values the factors of a derivative take: σ' is in (0, 1/4], tanh' in (0, 1].

In LaTeX a brace below the factor says it. It is why gradients vanish on their way through many
layers.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence

from symgraph.notation.tree import (
    Call,
    Formula,
    Hadamard,
    Indicator,
    Number,
    Power,
    Product,
    Ranged,
    Sum,
    rewritten,
)

__all__ = ["with_ranges"]

_OF_SIGMOID, _OF_TANH, _OF_INDICATOR = r"(0, \frac{1}{4}]", "(0, 1]", r"\{0, 1\}"


def with_ranges(formula: Formula, defined: Mapping[Formula, Formula]) -> Formula:
    """The formula with the ranges of its factors noted; its value stays.

    `defined`: what the named values are, to know the outputs of σ and tanh.

    >>> from symgraph.notation.tree import Name
    >>> from symgraph.notation.write import write
    >>> h = Name("h")
    >>> slope = Product(1, (h, Sum((Number(1), Product(-1, (h,))))))
    >>> write(with_ranges(slope, {h: Call("sigmoid", (Name("z"),), "scalar")}), "latex")
    '\\\\underbrace{h (1 - h)}_{\\\\in (0, \\\\frac{1}{4}]}'
    """
    return _Noting(defined).noted(formula)


class _Noting:
    def __init__(self, defined: Mapping[Formula, Formula]) -> None:
        self._defined = defined

    def noted(self, formula: Formula) -> Formula:
        return rewritten(formula, self._rule)

    def _rule(self, formula: Formula) -> Formula | None:
        if isinstance(formula, Indicator):
            return Ranged(formula, _OF_INDICATOR)
        if self._is_slope_of_tanh(formula):
            return Ranged(formula, _OF_TANH)
        if isinstance(formula, (Product, Hadamard)):
            grouped = self._grouped(formula)
            if len(grouped) < len(formula.factors):
                changed = dataclasses.replace(formula, factors=tuple(map(self.noted, grouped)))
                return changed if formula.over or len(grouped) > 1 else _alone(changed)
        return formula if isinstance(formula, Ranged) else None

    def _grouped(self, formula: Product | Hadamard) -> list[Formula]:
        """The factors, h and 1 - h of a sigmoid h joined."""
        found: list[Formula] = []
        for factor in formula.factors:
            before = found[-1] if found else None
            if before is not None and self._is_slope_of_sigmoid(before, factor):
                pair = (before, factor)
                joined = Hadamard(pair) if isinstance(formula, Hadamard) else Product(1, pair)
                found[-1] = Ranged(joined, _OF_SIGMOID)
            else:
                found.append(factor)
        return found

    def _is_slope_of_sigmoid(self, value: Formula, other: Formula) -> bool:
        return self._is_output(value, "sigmoid") and _subtracted_from_one(other) == [value]

    def _is_slope_of_tanh(self, formula: Formula) -> bool:
        squared = _subtracted_from_one(formula)
        if len(squared) == 1 and isinstance(squared[0], Power):
            base, exponent = squared[0].base, squared[0].exponent
            return exponent == Number(2) and self._is_output(base, "tanh")
        equal = len(squared) == 2 and squared[0] == squared[1]
        return equal and self._is_output(squared[0], "tanh")

    def _is_output(self, value: Formula, function: str) -> bool:
        meaning = self._defined.get(value, value)
        return isinstance(meaning, Call) and meaning.head == function


def _alone(product: Product | Hadamard) -> Formula:
    """A product of one factor without the product."""
    is_bare = isinstance(product, Hadamard) or product.coefficient == 1
    return product.factors[0] if is_bare else product


def _subtracted_from_one(formula: Formula) -> Sequence[Formula]:
    """The factors of x in 1 - x; none where it is something else."""
    if not isinstance(formula, Sum) or len(formula.terms) != 2:
        return []
    one, term = formula.terms
    if one != Number(1) or not isinstance(term, Product) or term.coefficient != -1 or term.over:
        return []
    return list(_opened(term.factors))


def _opened(factors: Iterable[Formula]) -> Iterable[Formula]:
    """Factors, those of entrywise products one by one."""
    for factor in factors:
        yield from factor.factors if isinstance(factor, Hadamard) and not factor.over else (factor,)
