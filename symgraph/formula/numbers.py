"""Numbers in formulas: what stands there without names is computed while it is read.

Whole numbers and fractions stay exact; a tower of powers is refused, not computed.
"""

from __future__ import annotations

from contextlib import suppress
from fractions import Fraction
from operator import add, mul, sub, truediv
from typing import Any

from symgraph.formula.source import Source, Span
from symgraph.formula.tree import Entrywise, Literal, Negative, Part, Power, Product, Sum

__all__ = ["combined", "number_of"]

_OPERATIONS: dict[str, Any] = {"+": add, "-": sub, "*": mul, "/": truediv, "^": pow}


def number_of(part: Part, source: Source) -> Any:
    """The number that a part without names stands for; None for a part with a name.

    Raises FormulaError for a number that is too large or not real.
    """
    if isinstance(part, Literal):
        return part.value
    if isinstance(part, Negative):
        value = number_of(part.x, source)
        return None if value is None else -value
    if isinstance(part, Power):
        pairs = [("*", part.base), ("^", part.exponent)]
    elif isinstance(part, Sum):
        pairs = list(part.terms)
    elif isinstance(part, (Entrywise, Product)):
        pairs = list(part.factors)
    else:
        return None
    total: Any = 0 if isinstance(part, Sum) else 1
    for sign, x in pairs:
        value = number_of(x, source)
        if value is None:
            return None
        total = combined(sign, total, value, part.span, source)
    return total


def combined(sign: str, a: Any, b: Any, span: Span, source: Source) -> Any:
    """Two numbers by an operation, decimals as they are written: 3 · 0.1 is 0.3.

    The result is exact where both are whole numbers or fractions and it is short.
    """
    operation: Any = _OPERATIONS.get(sign, mul)
    has_decimal = isinstance(a, float) or isinstance(b, float)
    x, y = (Fraction(repr(n)) if isinstance(n, float) else Fraction(n) for n in (a, b))
    made: Any = None
    with suppress(ArithmeticError):
        if sign != "^" or (y.denominator == 1 and abs(y) <= 64 and abs(x) < 2**62):
            made = operation(x, y)
        elif abs(y) <= 64 and abs(x) < 2**62:
            made = operation(float(x), float(y))
    if not isinstance(made, (Fraction, float)) or not abs(float(made)) < 2.0**62:
        raise source.error("this is no real number, or too large a one.", span, "Write its value.")
    if isinstance(made, Fraction) and made.denominator == 1 and not has_decimal:
        return int(made)
    return float(made) if has_decimal or Fraction(made).denominator >= 2**62 else made
