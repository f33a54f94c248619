"""Numbers in formulas: fractions exact, decimals computed as they are written.

0.1 and 0.2 are 0.3 together, not the 0.30000000000000004 of binary numbers: each float counts as
the shortest decimal that means it, and results are rounded once.
"""

from __future__ import annotations

import math
from fractions import Fraction

from symgraph.notation.tree import Real

__all__ = ["as_written", "plain", "plus", "raised_to", "ratio", "times"]

#: Binary arithmetic, in SymPy and in graphs, leaves a decimal this near to a short one.
NEAR = 1e-15
#: How many digits fewer the short one has.
SHORTER = 3


def plain(value: Real) -> Real:
    """A whole number as one."""
    return int(value) if isinstance(value, Fraction) and value.denominator == 1 else value


def times(a: Real, b: Real) -> Real:
    """The product.

    >>> times(0.1, 3), times(Fraction(1, 2), 4)
    (0.3, 2)
    """
    if _are_exact(a, b):
        return plain(a * b)
    return _rounded(_decimal(a) * _decimal(b)) if _are_finite(a, b) else a * b


def plus(a: Real, b: Real) -> Real:
    """The sum.

    >>> plus(plus(0.1, 0.2), -0.3)
    0.0
    """
    if _are_exact(a, b):
        return plain(a + b)
    return _rounded(_decimal(a) + _decimal(b)) if _are_finite(a, b) else a + b


def ratio(a: Real, b: Real) -> Real:
    """The quotient; infinite where the divisor is 0."""
    if b == 0:
        return float("inf")
    if _are_exact(a, b):
        return plain(Fraction(a) / Fraction(b))
    return _rounded(_decimal(a) / _decimal(b)) if _are_finite(a, b) else a / b


def raised_to(a: Real, n: int) -> Real:
    """The power by a positive whole number."""
    power: Real = 1
    for _ in range(n if isinstance(a, float) else 0):
        power = times(power, a)
    return power if isinstance(a, float) else plain(Fraction(a) ** n)


def as_written(value: float) -> float:
    """The decimal that a number is but for the last bits: 1.2 for 1.2000000000000002.

    >>> as_written(1.2000000000000002), as_written(1 / 3)
    (1.2, 0.3333333333333333)
    """
    short = float(f"{value:.14g}")
    near = abs(short - value) <= NEAR * abs(value)
    return short if near and len(repr(short)) + SHORTER <= len(repr(value)) else value


def _are_exact(a: Real, b: Real) -> bool:
    return not isinstance(a, float) and not isinstance(b, float)


def _are_finite(a: Real, b: Real) -> bool:
    return math.isfinite(a) and math.isfinite(b)


def _decimal(value: Real) -> Fraction:
    """The number that is written, not the nearest binary one."""
    return Fraction(repr(value)) if isinstance(value, float) else Fraction(value)


def _rounded(value: Fraction) -> float:
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf
