"""Sizes written as Python: 128, n1, 2*n1 + 1, n1 // 2."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import sympy

from symgraph.errors import UnknownNameError, UnsupportedError
from symgraph.shapes import Dim

__all__ = ["SizeText", "atom"]

_ATOM = re.compile(r"\w+")


def atom(text: str) -> str:
    """The text of a number or a name as it is, any other in parentheses."""
    return text if _ATOM.fullmatch(text) else f"({text})"


class SizeText:
    """Writes sizes; `names` gives the identifier of each symbol."""

    def __init__(self, names: Mapping[sympy.Symbol, str]) -> None:
        self.names = names
        self._written: dict[Any, str] = {}

    def dim(self, dim: Dim) -> str:
        """A size, which is whole."""
        if isinstance(dim, int):
            return str(dim)
        found = self._written.get(dim)
        if found is None:
            found = self._written[dim] = self._whole(dim)
        return found

    def factor(self, dim: Dim) -> str:
        """A size as a factor."""
        return atom(self.dim(dim))

    def shape(self, shape: Sequence[Dim]) -> str:
        """A tuple of sizes."""
        inner = ", ".join(self.dim(dim) for dim in shape)
        return f"({inner},)" if len(shape) == 1 else f"({inner})"

    def real(self, value: Any) -> str:
        """A formula over sizes that need not be whole; division by zero gives inf or NaN."""
        if not value.free_symbols:
            return self._number(float(value))
        above, below = _fraction(value)
        if below == 1:
            return self._sum(above)
        return self._ratio(self._sum(above), self._sum(below))

    def _whole(self, expr: Any) -> str:
        above, below = _fraction(expr)
        if below == 1:
            return self._sum(above)
        return self._floor(self._factor(above), self._factor(below))

    # How the language writes what is no sum and no product.

    def _number(self, value: float) -> str:
        return repr(value)

    def _ratio(self, above: str, below: str) -> str:
        return f"divide({above}, {below})"

    def _floor(self, above: str, below: str) -> str:
        return f"{above} // {below}"

    def _ceiling(self, above: str, below: str) -> str:
        return f"(-(-{above} // {below}))"

    def _power(self, base: str, exponent: int) -> str:
        return f"{base}**{exponent}"

    def _remainder(self, value: str, by: str) -> str:
        return f"(({value}) % ({by}))"

    def _extreme(self, name: str, parts: str) -> str:
        return f"{name}({parts})"

    def _sum(self, expr: Any) -> str:
        text = ""
        terms = [(term, term.could_extract_minus_sign()) for term in sympy.Add.make_args(expr)]
        for term, negative in sorted(terms, key=lambda one: (bool(one[0].is_Number), one[1])):
            written = self._product(-term if negative else term)
            sign = "-" if negative else "+"
            text = f"{text} {sign} {written}" if text else (f"-{written}" if negative else written)
        return text

    def _product(self, expr: Any) -> str:
        return "*".join(self._factor(factor) for factor in sympy.Mul.make_args(expr))

    def _factor(self, expr: Any) -> str:
        if expr.is_Symbol:
            if expr not in self.names:
                raise UnknownNameError(
                    f"size {expr}: no argument has it as one of its sizes. Add such an argument, "
                    "or use a number."
                )
            return self.names[expr]
        if expr.is_Integer:
            return str(int(expr)) if expr >= 0 else f"({int(expr)})"
        if expr.is_Add or expr.is_Mul:
            return f"({self._sum(expr)})"
        if expr.is_Pow and expr.exp.is_Integer and expr.exp > 0:
            return self._power(self._factor(expr.base), int(expr.exp))
        return self._function(expr)

    def _function(self, expr: Any) -> str:
        parts = [self._whole(arg) for arg in expr.args]
        if isinstance(expr, sympy.floor):
            return f"({parts[0]})"
        if isinstance(expr, sympy.ceiling):
            above, below = sympy.fraction(sympy.together(expr.args[0]))
            return self._ceiling(self._factor(above), self._factor(below))
        if isinstance(expr, (sympy.Max, sympy.Min)):
            name = "max" if isinstance(expr, sympy.Max) else "min"
            return self._extreme(name, ", ".join(sorted(parts)))
        if isinstance(expr, sympy.Mod):
            return self._remainder(parts[0], parts[1])
        if expr.is_number:
            return self._number(float(expr))
        raise UnsupportedError(f"size {expr}: {type(expr).__name__} is no function of sizes.")


def _fraction(expr: Any) -> tuple[Any, Any]:
    """Numerator and denominator; a product of powers shows them as it is."""
    parts = sympy.Mul.make_args(expr)
    shows = all(part.as_base_exp()[0].is_Atom for part in parts)
    above, below = sympy.fraction(expr if shows else sympy.together(expr))
    return above, below
