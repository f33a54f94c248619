"""Numbers and sizes written as C: 128, n1, 2*n1 + 1, n1 / 2, 0.5f."""

from __future__ import annotations

import math
from typing import Any

from symgraph.codegen.size_text import SizeText, atom

__all__ = ["CSizes", "real_text", "whole_text"]


def real_text(value: float, real: str) -> str:
    """A real number of a type, which is `float` or `double`; hexadecimal where digits would be
    rounded twice is not needed, since repr is exact."""
    suffix = "f" if real == "float" else ""
    if math.isnan(value):
        return f'__builtin_nan{suffix}("")'
    if math.isinf(value):
        text = f"__builtin_inf{suffix}()"
        return text if value > 0 else f"(-{text})"
    text = f"{value!r}{suffix}"
    return f"({text})" if math.copysign(1.0, value) < 0 else text


def whole_text(value: int) -> str:
    """A whole number."""
    if value == -(2**63):
        return "(-9223372036854775807LL - 1)"
    text = str(value) if abs(value) < 2**31 else f"{value}LL"
    return f"({text})" if value < 0 else text


class CSizes(SizeText):
    """Writes sizes as expressions of `i64`, which are never negative."""

    def _number(self, value: float) -> str:
        return repr(value)

    def _ratio(self, above: str, below: str) -> str:
        return f"(double){atom(above)} / {atom(below)}"

    def _floor(self, above: str, below: str) -> str:
        return f"{above} / {below}"

    def _ceiling(self, above: str, below: str) -> str:
        return f"(({above} + {below} - 1) / {below})"

    def _power(self, base: str, exponent: int) -> str:
        return "*".join([base] * exponent)

    def _remainder(self, value: str, by: str) -> str:
        return f"(({value}) % ({by}))"

    def _extreme(self, name: str, parts: str) -> str:
        first, *others = parts.split(", ")
        text, sign = first, ">" if name == "max" else "<"
        for part in others:
            text = f"({text} {sign} {part} ? {text} : {part})"
        return text

    def real(self, value: Any) -> str:
        """A formula over sizes as a double."""
        text = super().real(value)
        if not value.free_symbols:
            return text
        return f"({text})" if text.startswith("(double)") else f"(double){atom(text)}"
