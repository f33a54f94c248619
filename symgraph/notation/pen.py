"""How formulas are put on paper in one style: names, numbers, brackets, quotients.

`piece_of` writes one kind of formula; each kind is registered where its subject is.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from fractions import Fraction
from functools import singledispatch

from symgraph.notation.spelling import INDICATORS, PRODUCTS, Spelling
from symgraph.notation.tree import (
    Formula,
    Real,
)
from symgraph.printing import Format, Piece, Style, latex_literal, unicode_name

__all__ = [
    "AND", "EXPONENTS", "HADAMARD", "OR", "POWER", "PRODUCT", "REL", "SUM", "UNICODE_HALVES",
    "Pen", "piece_of",
]  # fmt: skip

# How tightly things bind; the names of `symgraph.printing` stop at products.
OR, AND, REL, SUM, HADAMARD, PRODUCT, POWER = 10, 15, 20, 40, 45, 50, 60

#: Large round numbers are written by a power of ten: from this size on, with so many digits.
#: What is computed from numbers in a formula stays below the last.
LARGE, MOST_DIGITS, TOO_LARGE = 10**6, 2, 2**62
EXPONENTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")

UNICODE_HALVES = {
    Fraction(1, 2): "½", Fraction(1, 3): "⅓", Fraction(2, 3): "⅔", Fraction(1, 4): "¼",
    Fraction(3, 4): "¾",
}  # fmt: skip


class Pen:
    """One style of writing."""

    def __init__(self, style: Style, spelling: Spelling) -> None:
        self.style: Style = style
        self.format = Format(style)
        self.spelling = spelling
        self.times = f" {self.pick(*PRODUCTS[spelling.product])} "
        self.bracket = self.pick(*INDICATORS[spelling.indicator])
        self._opening = self.bracket.partition("{}")[0].replace("{{", "{")

    def pick(self, text: str, unicode: str, latex: str) -> str:
        return self.format.pick(text, unicode, latex)

    def name(self, name: str) -> Piece:
        """A name, prettily unless another one looks the same then."""
        if name in self.spelling.literal:
            return Piece(latex_literal(name)) if self.style == "latex" else self.format.name(name)
        return self.format.name(unicode_name(name) if self.style == "unicode" else name)

    @property
    def minus(self) -> str:
        return self.pick("-", "−", "-")

    def wrap(self, piece: Piece, precedence: int) -> str:
        """The text, in parentheses when it binds less tightly than asked."""
        return piece.text if piece.precedence >= precedence else self.parens(piece.text)

    def join(self, parts: Sequence[str], chain: bool = False) -> str:
        """Factors beside each other; equal numbers and digits get a dot between them."""
        text = parts[0]
        for before, after in itertools.pairwise(parts):
            wide = self.style == "latex" and ("\\mathrm" in before or "\\mathrm" in after)
            dotted = not chain and before == after
            bracket = after.startswith(self._opening)
            dotted = dotted or (after[:1] in set("0123456789") and not bracket)
            gap = r" \, " if wide else " "
            text += (self.pick("*", "·", r" \cdot ") if dotted else gap) + after
        return text

    def parens(self, text: str) -> str:
        """The text in parentheses, tall ones in LaTeX only where something is tall."""
        tall = any(word in text for word in (r"\frac", r"\sum", r"\prod", r"\left"))
        return self.format.parens(text) if tall else f"({text})"

    def number(self, value: Real) -> Piece:
        if isinstance(value, Fraction) and value < 0:
            return Piece(f"{self.minus}{self.number(-value).text}", PRODUCT - 1)
        if isinstance(value, Fraction):
            if self.style == "unicode" and value in UNICODE_HALVES:
                return Piece(UNICODE_HALVES[value])
            return self.ratio(self.number(value.numerator), self.number(value.denominator))
        piece = self._power_of_ten(value) or self.format.number(value)
        if value < 0:
            return Piece(piece.text.replace("-", self.minus, 1), PRODUCT - 1)
        return piece

    def _power_of_ten(self, value: Real) -> Piece | None:
        """10⁹ or 2.5·10⁶ for a large round number, where that is exactly the number."""
        if not -TOO_LARGE < value < TOO_LARGE or value != int(value):
            return None
        whole = abs(int(value))
        digits = str(whole)
        rounded, exponent = digits.rstrip("0"), len(digits) - 1
        mantissa, sign = ".".join(rounded), "-" if value < 0 else ""
        if whole < LARGE or len(rounded) > MOST_DIGITS:
            return None
        if float(mantissa) * 10.0**exponent != whole:
            return None
        if self.style == "text":
            return Piece(f"{sign}{mantissa}e{exponent}")
        power = self.pick("", f"10{str(exponent).translate(EXPONENTS)}", f"10^{{{exponent}}}")
        if mantissa == "1":
            return Piece(sign + power, POWER)
        return Piece(sign + mantissa + self.pick("", "·", r" \cdot ") + power, PRODUCT)

    def ratio(self, top: Piece, bottom: Piece) -> Piece:
        if self.style == "latex":
            return Piece(rf"\frac{{{top.text}}}{{{bottom.text}}}", PRODUCT)
        text = f"{self.wrap(top, PRODUCT)}/{self.wrap(bottom, POWER)}"
        return Piece(text, PRODUCT)


@singledispatch
def piece_of(formula: Formula, pen: Pen) -> Piece:
    raise TypeError(f"{type(formula).__name__} has no written form")
