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
    """Two numbers by an operation; exact where both are exact and the result is short."""
    made: Any = None
    operation: Any = _OPERATIONS.get(sign, mul)
    exact = not isinstance(a, float) and not isinstance(b, float)
    if exact:
        a, b = Fraction(a), Fraction(b)
    if sign != "^" or (abs(b) <= 64 and abs(a) < 2**62):
        exact_power = sign != "^" or (exact and b.denominator == 1)
        a, b = (a, b) if exact_power else (float(a), float(b))
        with suppress(ArithmeticError):
            made = operation(a, b)
    if not isinstance(made, (Fraction, float)) or not abs(float(made)) < 2.0**62:
        raise source.error("this is no real number, or too large a one.", span, "Write its value.")
    if isinstance(made, Fraction) and made.denominator == 1:
        return int(made)
    if isinstance(made, Fraction) and made.denominator >= 2**62:
        return float(made)
    return made
