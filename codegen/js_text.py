"""Numbers, names and sizes written as JavaScript: 128, n1, 2*n1 + 1, Math.floor(n1 / 2)."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from typing import Any

from symgraph.codegen.size_text import SizeText
from symgraph.shapes import Dim

__all__ = ["JsSizes", "json_text", "number_text"]


def json_text(value: Any) -> str:
    """A value as JSON that stays inside a string, and inside a script of a page."""
    return json.dumps(value, separators=(",", ":")).replace("<", "\\u003c").replace(">", "\\u003e")


def number_text(value: float) -> str:
    """A number, in parentheses where it has a sign."""
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "Infinity" if value > 0 else "(-Infinity)"
    number = float(value)
    text = str(int(number)) if number.is_integer() and abs(number) < 2**53 else repr(number)
    if math.copysign(1.0, number) < 0:
        return f"(-{text.lstrip('-')})"
    return text


class JsSizes(SizeText):
    """Writes sizes; they are exact below 2**53."""

    def shape(self, shape: Sequence[Dim]) -> str:
        return f"[{', '.join(self.dim(dim) for dim in shape)}]"

    def _number(self, value: float) -> str:
        return number_text(value)

    def _ratio(self, above: str, below: str) -> str:
        return f"({above}) / ({below})"

    def _floor(self, above: str, below: str) -> str:
        return f"Math.floor({above} / {below})"

    def _ceiling(self, above: str, below: str) -> str:
        return f"Math.ceil({above} / {below})"

    def _power(self, base: str, exponent: int) -> str:
        return f"Math.pow({base}, {exponent})"

    def _remainder(self, value: str, by: str) -> str:
        return f"remainder({value}, {by})"

    def _extreme(self, name: str, parts: str) -> str:
        return f"Math.{name}({parts})"
