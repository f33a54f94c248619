"""Numbers, names and sizes written as JavaScript: 128, n1, 2*n1 + 1, Math.floor(n1 / 2)."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Sequence
from typing import Any

import sympy

from symgraph.codegen.size_text import SizeText
from symgraph.shapes import Dim

__all__ = ["JsSizes", "json_text", "number_text"]

_ATOM = re.compile(r"\w+")


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

    def factor(self, dim: Dim) -> str:
        """A size as a factor."""
        text = self.dim(dim)
        return text if _ATOM.fullmatch(text) else f"({text})"

    def real(self, value: Any) -> str:
        if not value.free_symbols:
            return number_text(float(value))
        above, below = sympy.fraction(sympy.together(value))
        return self._sum(above) if below == 1 else f"({self._sum(above)}) / ({self._sum(below)})"

    def _whole(self, expr: Any) -> str:
        above, below = sympy.fraction(sympy.together(expr))
        if below == 1:
            return self._sum(above)
        return f"Math.floor({self._factor(above)} / {self._factor(below)})"

    def _factor(self, expr: Any) -> str:
        if expr.is_Pow and expr.exp.is_Integer and expr.exp > 0:
            return f"Math.pow({self._factor(expr.base)}, {int(expr.exp)})"
        return super()._factor(expr)

    def _function(self, expr: Any) -> str:
        if isinstance(expr, sympy.ceiling):
            above, below = sympy.fraction(sympy.together(expr.args[0]))
            return f"Math.ceil({self._factor(above)} / {self._factor(below)})"
        if isinstance(expr, (sympy.Max, sympy.Min)):
            return f"Math.{super()._function(expr)}"
        if isinstance(expr, sympy.Mod):
            return f"remainder({', '.join(self._whole(arg) for arg in expr.args)})"
        return super()._function(expr)
