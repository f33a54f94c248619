"""Templates written as plain NumPy expressions, with a helper function for each named one."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import sympy

from symgraph.codegen.size_text import SizeText
from symgraph.errors import UnsupportedError
from symgraph.node import Node
from symgraph.ops.linalg import Inv, LogDet, Solve
from symgraph.ops.rows import Affine, Lookup, Row
from symgraph.scalar import NUMPY, Pointwise, functions, slot
from symgraph.template import function_name

__all__ = [
    "ADD", "ATOM", "MATMUL", "MUL", "POW", "TESTS", "UNARY", "Dialect", "Text", "Writing",
    "axes_text", "counted_slots", "linalg_text", "number_text", "row_text", "size_formula",
    "tuple_text", "wrapped",
]  # fmt: skip

#: How tightly Python's operators bind.
OR, AND, COMPARE, ADD, MUL, UNARY, POW, ATOM = range(0, 80, 10)
MATMUL = MUL - 5  # binds as `*` does; kept apart, so that `a * (b @ c)` gets its parentheses

_COMPARISONS = {
    "less": "<", "less_equal": "<=", "greater": ">", "greater_equal": ">=", "equal": "==",
    "not_equal": "!=",
}  # fmt: skip
_PARAMETERS = "xyzuvw"

#: The functions of truth values. Comparisons take numbers, and truth values as well in NumPy.
TESTS = frozenset({"iverson", "logical_and", "logical_or", "logical_not"})
_LOGICAL = TESTS | frozenset(_COMPARISONS)


class Text(NamedTuple):
    """An expression, how tightly it binds, and whether it is made of plain numbers alone."""

    text: str
    tight: int = ATOM
    literal: bool = False


def wrapped(part: Text, tight: int) -> str:
    """The expression, in parentheses where it binds less."""
    return part.text if part.tight >= tight else f"({part.text})"


def number_text(number: float, module: str) -> Text:
    """A number; `module` is where inf and nan come from."""
    if not math.isfinite(number):
        return Text(f"-{module}.inf" if number == -math.inf else f"{module}.{number!r}", UNARY)
    return Text(repr(number), ATOM if number >= 0 else UNARY, literal=True)


def size_formula(value: Any, sizes: SizeText) -> Text:
    """A number that is a formula of sizes."""
    text = sizes.real(value)
    return Text(text, ATOM if text.isidentifier() else ADD)


def axes_text(axes: Sequence[int]) -> str:
    """One axis as a number, several as a tuple."""
    return str(axes[0]) if len(axes) == 1 else tuple_text(axes)


def tuple_text(numbers: Sequence[int]) -> str:
    """A tuple of numbers."""
    inner = ", ".join(map(str, numbers))
    return f"({inner},)" if len(numbers) == 1 else f"({inner})"


def linalg_text(node: Node, parts: Sequence[str], module: str) -> Text:
    """An inverse, a determinant, its logarithm or a solution, in the words of NumPy."""
    if isinstance(node, Solve):
        right = f"({parts[1]})[..., None]" if node.is_vector else parts[1]
        solved = f"{module}.linalg.solve({parts[0]}, {right})"
        return Text(f"{solved}[..., 0]" if node.is_vector else solved)
    if isinstance(node, LogDet):
        return Text(f"{module}.linalg.slogdet({parts[0]})[1]")
    return Text(f"{module}.linalg.{'inv' if isinstance(node, Inv) else 'det'}({parts[0]})")


def row_text(row: Row, sizes: SizeText) -> str:
    """Where the entries along one axis come from, as the runtime's gather and scatter read it."""
    if isinstance(row, Lookup):
        return f'("index", {row.axes!r})'
    assert isinstance(row, Affine)
    return f'("affine", ({sizes.dim(row.offset)}, {row.steps!r}))'


class Dialect(NamedTuple):
    """How a library of arrays is written: its name in the code, its functions, truth values that
    count, choices between two plain numbers, numbers given to functions of our own, and the
    extreme of several operands."""

    prefix: str
    functions: Mapping[str, str]
    counted: str
    chosen: str
    literal: str
    extreme: Callable[[str, Sequence[str]], str]
    folds: bool = False  # formulas of numbers alone are computed now


def _reduced(name: str, parts: Sequence[str]) -> str:
    return f"np.{name}.reduce(np.broadcast_arrays({', '.join(parts)}))"


PLAIN_NUMPY = Dialect("np", NUMPY, "1 * {0}", "np.where({0}, {1}, {2})", "{0}", _reduced)


class Writing:
    """Writes bodies; `helpers` collects the functions they call, each after those it calls."""

    def __init__(self, taken: Collection[str] = (), dialect: Dialect = PLAIN_NUMPY) -> None:
        self.helpers: dict[str, str] = {}
        self._taken = taken
        self._dialect = dialect

    def body(self, expr: Any, operands: Sequence[Text]) -> Text:
        """The body of a template on written operands."""
        if expr.is_Symbol:
            return operands[int(expr.name[1:])]
        if self._dialect.folds and expr.is_number and not expr.is_Rational:
            return _number(sympy.Float(float(expr)))
        if expr.is_Number or expr.is_NumberSymbol:
            return _number(expr)
        if expr.is_Add or expr.is_Mul or expr.is_Pow:
            write = self._sum if expr.is_Add else self._product if expr.is_Mul else self._power
            literal = all(operands[int(one.name[1:])].literal for one in expr.free_symbols)
            return write(expr, operands)._replace(literal=literal)
        return self._call(function_name(expr), [self.body(arg, operands) for arg in expr.args])

    def _sum(self, expr: Any, operands: Sequence[Text]) -> Text:
        terms = sorted(expr.args, key=lambda term: term.could_extract_minus_sign())
        text = wrapped(self.body(terms[0], operands), ADD)
        for term in terms[1:]:
            negative = term.could_extract_minus_sign()
            part = self.body(-term if negative else term, operands)
            text += f" {'-' if negative else '+'} {wrapped(part, ADD + negative)}"
        return Text(text, ADD)

    def _product(self, expr: Any, operands: Sequence[Text]) -> Text:
        coefficient, rest = expr.as_coeff_Mul()
        if coefficient < 0:
            inner = self.body(-coefficient * rest, operands)
            return Text(f"-{wrapped(inner, MUL)}", UNARY)
        factors = sympy.Mul.make_args(rest)
        above = [self.body(f, operands) for f in factors if not _is_reciprocal(f)]
        below = [self.body(1 / f, operands) for f in factors if _is_reciprocal(f)]
        if coefficient != 1 or not above:
            above.insert(0, _number(coefficient))
        text = wrapped(above[0], MUL)
        for part in above[1:]:
            factor = wrapped(part, MUL)
            inverse = factor.startswith("1 / ")  # a * 1 / b has the bits of a / b
            text += factor.removeprefix("1") if inverse else f" * {factor}"
        for part in below:
            text += f" / {wrapped(part, MUL + 1)}"
        return Text(text, MUL if len(above) + len(below) > 1 else above[0].tight)

    def _power(self, expr: Any, operands: Sequence[Text]) -> Text:
        if _is_reciprocal(expr):
            return Text(f"1 / {wrapped(self.body(1 / expr, operands), MUL + 1)}", MUL)
        base = self.body(expr.base, operands)
        if expr.exp == sympy.Rational(1, 2):
            return Text(f"{self._dialect.prefix}.sqrt({base.text})")
        exponent = self.body(expr.exp, operands)
        return Text(f"{wrapped(base, POW + 1)}**{wrapped(exponent, POW)}", POW)

    def _call(self, name: str, parts: Sequence[Text]) -> Text:
        if name in _COMPARISONS:
            left, right = (wrapped(part, COMPARE + 1) for part in parts)
            return Text(f"{left} {_COMPARISONS[name]} {right}", COMPARE)
        if name == "iverson":
            return Text(self._dialect.counted.format(wrapped(parts[0], MUL + 1)), MUL)
        if name in ("logical_and", "logical_or"):
            sign, tight = ("&", AND) if name == "logical_and" else ("|", OR)
            return Text(f" {sign} ".join(wrapped(part, COMPARE + 5) for part in parts), tight)
        if name == "logical_not":
            return Text(f"~{wrapped(parts[0], UNARY)}", UNARY)
        inner = ", ".join(part.text for part in parts)
        if name in ("maximum", "minimum") and len(parts) != 2:
            return Text(self._dialect.extreme(name, [part.text for part in parts]))
        if name == "where" and all(part.literal for part in parts[1:]):
            return Text(self._dialect.chosen.format(*(part.text for part in parts)))
        if name in self._dialect.functions:
            return Text(f"{self._dialect.prefix}.{self._dialect.functions[name]}({inner})")
        given = [self._dialect.literal.format(p.text) if p.literal else p.text for p in parts]
        return Text(f"{self._defined(name)}({', '.join(given)})")

    def _defined(self, name: str) -> str:
        """The identifier of a function that NumPy lacks."""
        called = f"{name}_" if name in self._taken else name
        if name in self.helpers:
            return called
        function: type[Pointwise] | None = functions.get(name)
        if function is None:
            raise UnsupportedError(
                f"function {name!r} has no row for NumPy; register it with pointwise(...) and a "
                "lowering in basic operations."
            )
        formula = function.meaning if function.lowering is None else function.lowering
        names = [_PARAMETERS[k] for k in range(function.arity)]
        written = self.body(formula, [Text(one) for one in names])
        title = sympy.sstr(function.meaning.xreplace(
            {slot(k): sympy.Symbol(one) for k, one in enumerate(names)}
        ))  # fmt: skip
        self.helpers[name] = (
            f'def {called}({", ".join(names)}):\n    """{title}."""\n    return {written.text}\n'
        )
        return called


@lru_cache(maxsize=4096)
def counted_slots(expr: Any, logical: frozenset[str] = _LOGICAL) -> frozenset[int]:
    """The operands that a body computes with as numbers: True counts as 1 there.

    `logical` are the functions that take truth values as they are.
    """
    found: set[int] = set()
    stack = [(expr, False)]
    while stack:
        part, counts = stack.pop()
        if part.is_Symbol:
            if counts:
                found.add(int(part.name[1:]))
            continue
        name = "" if part.is_Add or part.is_Mul or part.is_Pow else function_name(part)
        for k, arg in enumerate(part.args):
            stack.append((arg, name not in logical and not (name == "where" and k == 0)))
    return frozenset(found)


def _is_reciprocal(expr: Any) -> bool:
    return bool(expr.is_Pow and expr.exp.is_Number and expr.exp < 0)


def _number(value: Any) -> Text:
    if value.is_Integer:
        return number_text(int(value), "np")
    if value.is_Rational:
        return Text(f"{value.p} / {value.q}", MUL, literal=True)
    if value is sympy.pi:
        return Text("np.pi", literal=True)
    return number_text(float(value), "np")
