"""Template: the small SymPy body of a Map, with everything about it worked out once.

A body is SymPy over slots `_0`, `_1`, ... A hundred thousand Maps share a handful of templates,
so kinds, derivatives, lowering and evaluation are kept here and cost a node nothing.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import sympy

from symgraph.abstract import Abstract
from symgraph.errors import UnsupportedError
from symgraph.node import Kind, promote
from symgraph.printing import ADD, Format, Piece
from symgraph.scalar import NUMPY, Pointwise, lower, slot, where

__all__ = ["Template", "function_name", "template", "used_slots"]

_templates: dict[tuple[Any, int], Template] = {}
_numbers = itertools.count()


def template(expr: Any, arity: int) -> Template:
    """The one template with this body and this number of operands."""
    key = (expr, arity)
    found = _templates.get(key)
    return found if found is not None else _templates.setdefault(key, Template(expr, arity))


def used_slots(expr: Any) -> list[int]:
    """The operand numbers that a body mentions, in order."""
    return sorted(int(symbol.name[1:]) for symbol in expr.free_symbols)


def function_name(expr: Any) -> str:
    """The name under which targets know the function at the head of an expression."""
    if isinstance(expr, Pointwise):
        return expr.title
    name = type(expr).__name__
    return {"Abs": "abs", "Max": "maximum", "Min": "minimum", "ceiling": "ceil"}.get(name, name)


class Template:
    """A pointwise body over `arity` slots; made by `template` only, so equal bodies are identical.

    >>> t = template(slot(0) * slot(1), 2)
    >>> t.derivative(1), t.kind(("integer", "real"))
    (_0, 'real')
    """

    __slots__ = (
        "_derivatives", "_kinds", "_lowered", "_products", "arity", "expr", "mask", "number",
        "params", "real_kind",
    )  # fmt: skip

    def __init__(self, expr: Any, arity: int) -> None:
        self.expr = expr
        self.arity = arity
        self.number = next(_numbers)
        self.params = (self,)
        #: (condition, value, negated) of a body that is 0 where the condition fails, else None;
        #: with `negated` it is 0 where the condition holds.
        self.mask: tuple[Any, Any, bool] | None = _mask(expr)
        #: The kind of the result when all operands are real.
        real: Kind = "real"
        self.real_kind: Kind = _kind(expr, (real,) * arity)
        self._derivatives: dict[int, Any] = {}
        self._kinds: dict[tuple[Kind, ...], Kind] = {}
        self._products: dict[int, tuple[Template, tuple[int, ...]] | None] = {}
        self._lowered: Any = None

    def __reduce__(self) -> tuple[Any, ...]:
        return template, (self.expr, self.arity)

    def __repr__(self) -> str:
        return f"template({self.expr}, {self.arity})"

    def kind(self, kinds: tuple[Kind, ...]) -> Kind:
        """The kind of the result for operands of these kinds."""
        found = self._kinds.get(kinds)
        if found is None:
            found = self._kinds[kinds] = _kind(self.expr, kinds)
        return found

    def derivative(self, k: int) -> Any:
        """The partial derivative by slot k, a SymPy expression; 0 where there is none."""
        if k not in self._derivatives:
            partial = _partial(self.expr, k)
            if any(power.exp.free_symbols for power in self.expr.atoms(sympy.Pow)):
                # x**y*y/x is 0/0 at x = 0, y*x**(y - 1) is not.
                partial = sympy.powsimp(partial, combine="exp")
            self._derivatives[k] = partial
        return self._derivatives[k]

    def product(self, k: int) -> tuple[Template, tuple[int, ...]] | None:
        """The template of `_0 * partial_k` and which operands fill its slots 1, 2, ...

        None where the partial derivative is 0.
        """
        if k in self._products:
            return self._products[k]
        partial = self.derivative(k)
        if partial == 0:
            self._products[k] = None
            return None
        used = used_slots(partial)
        moved = partial.xreplace({slot(j): slot(i + 1) for i, j in enumerate(used)})
        body = masked(slot(0) * masked(moved))
        found = self._products[k] = (template(body, 1 + len(used)), tuple(used))
        return found

    @property
    def lowered(self) -> Any:
        """The body in basic operations only.

        Raises UnsupportedError for an abstract function that has no instance.
        """
        if self._lowered is not None:
            return self._lowered
        lowered = lower(self.expr)
        if not self.expr.atoms(Abstract):  # its instance may be another one the next time
            self._lowered = lowered
        return lowered

    def evaluate(self, xs: Sequence[Any]) -> Any:
        """The body's value by NumPy, with broadcasting."""
        memo: dict[Any, Any] = {slot(k): x for k, x in enumerate(xs)}
        with np.errstate(all="ignore"):
            return _value(self.lowered, memo)

    def form(self, fmt: Format, xs: Sequence[Piece]) -> Piece:
        """The body written out, slots filled with written operands."""
        return _form(self.expr, fmt, xs)


def _partial(expr: Any, k: int) -> Any:
    """The partial derivative by slot k; SymPy's way, where it takes long, gives the same."""
    if isinstance(expr, Pointwise) and expr.args == tuple(map(slot, range(len(expr.args)))):
        return expr.fdiff(k + 1)
    return sympy.sympify(expr.diff(slot(k)))


def _mask(expr: Any) -> tuple[Any, Any, bool] | None:
    if not isinstance(expr, where):
        return None
    condition, taken, other = expr.args
    if other == 0:
        return condition, taken, False
    return (condition, other, True) if taken == 0 else None


def masked(expr: Any) -> Any:
    """Products with `where(c, 1, 0)` as `where(c, product, 0)`, and sums of such as one `where`."""
    if expr.is_Add:
        terms = [masked(term) for term in expr.args]
        branches: dict[Any, list[Any]] = {}
        for term in [t for t in terms if _mask(t)]:
            both = branches.setdefault(term.args[0], [sympy.S.Zero, sympy.S.Zero])
            both[0], both[1] = both[0] + term.args[1], both[1] + term.args[2]
        joined = [where(condition, *both) for condition, both in branches.items()]
        return sympy.Add(*(t for t in terms if not _mask(t)), *joined)
    factors = sympy.Mul.make_args(expr)
    masks = [
        f for f in factors if f.func == where and set(f.args[1:]) == {sympy.S.One, sympy.S.Zero}
    ]
    product = sympy.Mul(*(f for f in factors if f not in masks))
    for mask in masks:
        product = where(mask.args[0], mask.args[1] * product, mask.args[2] * product)
    return product


def _kind(expr: Any, kinds: tuple[Kind, ...]) -> Kind:
    if expr.is_Symbol:
        return kinds[int(expr.name[1:])]
    if expr.is_Number or expr.is_NumberSymbol:
        return "integer" if expr.is_Integer else "real"
    parts = [_kind(arg, kinds) for arg in expr.args]
    if expr.is_Add or expr.is_Mul:
        return promote("integer", *parts)
    if expr.is_Pow:
        whole = expr.exp.is_Integer and expr.exp >= 0
        return promote("integer", *parts) if whole or expr.exp.is_Symbol else "real"
    if not isinstance(expr, Pointwise):
        return "real"
    if expr.result != "same":
        return expr.result
    return promote(*(parts[1:] if expr.title == "where" else parts))


# --- NumPy meaning ------------------------------------------------------------------------------


def _value(expr: Any, memo: dict[Any, Any]) -> Any:
    if expr in memo:
        return memo[expr]
    if expr.is_Integer:
        value: Any = int(expr)
    elif expr.is_Number or expr.is_NumberSymbol:
        value = float(expr)
    elif expr.is_Add:
        value = _sum([_value(arg, memo) for arg in expr.args])
    elif expr.is_Mul:
        value = _quotient(expr, memo)
    elif expr.is_Pow:
        value = _power(expr, memo)
    else:
        value = _call(function_name(expr), [_value(arg, memo) for arg in expr.args])
    memo[expr] = value
    return value


def _sum(values: list[Any]) -> Any:
    total = _counted(values[0])
    for value in values[1:]:
        total = total + _counted(value)
    return total


def _counted(value: Any) -> Any:
    """Booleans as 0 and 1, so that their sum counts."""
    return value * 1 if getattr(value, "dtype", None) == np.bool_ else value


def _quotient(expr: Any, memo: dict[Any, Any]) -> Any:
    above = [arg for arg in expr.args if not _is_reciprocal(arg)]
    below = [1 / arg for arg in expr.args if _is_reciprocal(arg)]
    value: Any = 1
    for arg in above:
        value = value * _value(arg, memo)
    for arg in below:
        value = value / _value(arg, memo)
    return value


def _is_reciprocal(arg: Any) -> bool:
    return bool(arg.is_Pow and arg.exp.is_Number and arg.exp < 0)


def _power(expr: Any, memo: dict[Any, Any]) -> Any:
    if expr.exp.is_Number and expr.exp < 0:
        return 1.0 / _value(1 / expr, memo)
    base = _value(expr.base, memo)
    if expr.exp == 2:
        return base * base
    if expr.exp == sympy.Rational(1, 2):
        return np.sqrt(base)
    exponent = _value(expr.exp, memo)
    if np.issubdtype(np.asarray(base).dtype, np.integer) and not expr.exp.is_Integer:
        base = np.asarray(base, dtype=float) if np.any(np.asarray(exponent) < 0) else base
    return np.power(base, exponent)


_SPECIAL: dict[str, Callable[..., Any]] = {
    "iverson": lambda x: np.asarray(x).astype(np.int64),
    "where": lambda c, a, b: np.where(np.asarray(c, dtype=bool), a, b),
}


def _call(name: str, xs: list[Any]) -> Any:
    special = _SPECIAL.get(name)
    if special is not None:
        return special(*xs)
    if name not in NUMPY:
        raise UnsupportedError(
            f"function {name!r} has no row for NumPy; register it with pointwise(...) and a "
            "lowering in basic operations."
        )
    if not name.startswith("logical"):
        xs = [_counted(x) for x in xs]  # np.cos(True) has half precision
    return getattr(np, NUMPY[name])(*xs)


# --- writing ------------------------------------------------------------------------------------


def _form(expr: Any, fmt: Format, xs: Sequence[Piece]) -> Piece:
    if expr.is_Symbol:
        return xs[int(expr.name[1:])]
    if expr.is_NumberSymbol:
        return fmt.name(str(expr))
    if expr.is_Number:
        return _number(expr, fmt)
    if expr.is_Add:
        return _form_sum(expr, fmt, xs)
    if expr.is_Mul:
        return _form_product(expr, fmt, xs)
    if expr.is_Pow:
        return _form_power(expr, fmt, xs)
    mask = _mask(expr)
    if mask is not None:
        return _form_mask(mask, fmt, xs)
    parts = [_form(arg, fmt, xs) for arg in expr.args]
    if not isinstance(expr, Pointwise):
        name = function_name(expr)
        return fmt.call(fmt.pick(name, name, f"\\{name}"), parts)
    if expr.by_output is not None:
        source, body = expr.by_output
        return _form(body, fmt, [_form(source(*expr.args), fmt, xs)])
    writer = type(expr).writer
    if writer is not None:
        return writer(fmt, parts)
    return fmt.call(fmt.pick(expr.title, expr.title, expr.latex_title), parts)


def _form_mask(mask: tuple[Any, Any, bool], fmt: Format, xs: Sequence[Piece]) -> Piece:
    """A masked value as a product with an Iverson bracket."""
    condition, value, negated = mask
    bracket = fmt.bracket(_form(condition, fmt, xs))
    if negated:
        bracket = Piece(f"1 - {bracket.text}", ADD)
    if value in (1, -1):
        return bracket if value == 1 else fmt.minus(bracket)
    return fmt.times(_form(value, fmt, xs), bracket)


def _number(value: Any, fmt: Format) -> Piece:
    if value.is_Rational and not value.is_Integer:
        top, bottom = Piece(str(abs(value.p))), Piece(str(value.q))
        return fmt.minus(fmt.fraction(top, bottom)) if value.p < 0 else fmt.fraction(top, bottom)
    return fmt.number(int(value) if value.is_Integer else float(value))


def _in_place(parts: Sequence[Any], are_factors: bool = False) -> list[Any]:
    """Parts in the order of their first slots; of factors of one slot sums stand behind, as in
    σ(1 - σ)."""
    slots = [used_slots(part) for part in parts]
    keys: list[Any] = [found[0] if found else -1 for found in slots]
    if len(set(keys)) < len(keys):
        keys = [
            (first, are_factors and bool(part.is_Add), str(part))
            for first, part in zip(keys, parts, strict=True)
        ]
    return [parts[at] for at in sorted(range(len(parts)), key=keys.__getitem__)]


def _form_sum(expr: Any, fmt: Format, xs: Sequence[Piece]) -> Piece:
    terms = _in_place(expr.args)
    if terms[0].could_extract_minus_sign():
        first = next((t for t in terms if not t.could_extract_minus_sign()), terms[0])
        terms.remove(first)
        terms.insert(0, first)
    text = fmt.wrap(_form(terms[0], fmt, xs), ADD)
    for term in terms[1:]:
        negative = term.could_extract_minus_sign()
        piece = _form(-term if negative else term, fmt, xs)
        term_text = fmt.wrap_right(piece, ADD + 1) if negative else fmt.wrap(piece, ADD)
        if not negative and term_text.startswith("-"):
            negative, term_text = True, term_text[1:]
        text += f" {'-' if negative else '+'} {term_text}"
    return Piece(text, ADD)


def _form_product(expr: Any, fmt: Format, xs: Sequence[Piece]) -> Piece:
    coefficient, rest = expr.as_coeff_Mul()
    if coefficient < 0:
        return fmt.minus(_form(-coefficient * rest, fmt, xs))
    factors = _in_place(sympy.Mul.make_args(rest), are_factors=True)
    above = [f for f in factors if not _is_reciprocal(f)]
    below = [1 / f for f in factors if _is_reciprocal(f)]
    over = [_form(f, fmt, xs) for f in above]
    under = [_form(f, fmt, xs) for f in below]
    if below and coefficient.is_Rational:
        coefficient, divisor = sympy.fraction(coefficient)
        under = under if divisor == 1 else [_number(divisor, fmt), *under]
    if coefficient != 1:
        over.insert(0, _number(coefficient, fmt))
    top = _form_factors(over, fmt)
    return fmt.fraction(top, _form_factors(under, fmt)) if under else top


def _form_factors(factors: Sequence[Piece], fmt: Format) -> Piece:
    product = factors[0] if factors else Piece("1")
    for factor in factors[1:]:
        product = fmt.times(product, factor)
    return product


def _form_power(expr: Any, fmt: Format, xs: Sequence[Piece]) -> Piece:
    if _is_reciprocal(expr):
        return fmt.fraction(Piece("1"), _form(1 / expr, fmt, xs))
    base = _form(expr.base, fmt, xs)
    if expr.exp == sympy.Rational(1, 2):
        return Piece(rf"\sqrt{{{base.text}}}") if fmt.style == "latex" else fmt.call("sqrt", [base])
    return fmt.power(base, _form(expr.exp, fmt, xs))
