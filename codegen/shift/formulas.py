"""Formulas of Maps taken apart at products, sums, exponentials and logarithms.

A part that touches none of the operands asked about, and no exponential, stays whole. Each is taken
apart once for all Maps of a template.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from functools import lru_cache
from typing import Any, NamedTuple

import sympy

from symgraph.node import Node
from symgraph.ops.leaves import Fill, fill
from symgraph.ops.map import folded_map, map_node
from symgraph.scalar import slot, where
from symgraph.template import Template, template, used_slots

__all__ = ["Formula", "divisors", "formula_of", "has_exponential", "in_exponents"]


_EXPONENTIALS = (sympy.exp, sympy.cosh, sympy.sinh)
_NAMES = {
    sympy.exp: "exp",
    sympy.log: "log",
    sympy.cosh: "cosh",
    sympy.sinh: "sinh",
    where: "where",
}


class Formula(NamedTuple):
    """A part of a formula: its operation, its own parts and, in products, their powers.

    The operations: plain, slot, exp, log, cosh, sinh, multiply, add, where, call.
    """

    operation: str
    parts: tuple[Formula, ...]
    powers: tuple[int | Fraction, ...]
    expr: Any
    used: tuple[int, ...]
    body: Template | None

    @property
    def place(self) -> int:
        """The number of a slot."""
        return self.used[0]

    def written(self, args: Sequence[Node]) -> Node:
        """The part as it was written, on the operands of the whole."""
        if self.body is None:
            return args[self.used[0]] if self.used else fill(self.expr, (), "real")
        operands = tuple([args[k] for k in self.used])
        known = all(type(operand) is Fill for operand in operands)
        return folded_map(self.body, operands) if known else map_node(self.body, operands)

    def applied(self, parts: Sequence[Node]) -> Node:
        """The function at the head of the part."""
        head = self.expr.func(*map(slot, range(len(parts))))
        return map_node(template(head, len(parts)), tuple(parts))


@lru_cache(maxsize=4096)
def divisors(expr: Any) -> tuple[int, ...]:
    """The operands below the line of a product."""
    below = [f for f in sympy.Mul.make_args(expr) if f.is_Pow and f.exp.is_negative]
    return tuple(sorted({k for factor in below for k in used_slots(factor)}))


@lru_cache(maxsize=4096)
def has_exponential(body: Template) -> bool:
    """Whether an exponential stands in a formula."""
    return bool(body.expr.has(*_EXPONENTIALS))


@lru_cache(maxsize=4096)
def in_exponents(body: Template) -> frozenset[int]:
    """The operands that stand in exponents."""
    return frozenset(k for part in body.expr.atoms(*_EXPONENTIALS) for k in used_slots(part))


@lru_cache(maxsize=4096)
def formula_of(body: Template, asked: tuple[bool, ...]) -> Formula:
    """The formula of a template, with the operands that are asked about."""
    return _taken(body.expr, {slot(k) for k, is_asked in enumerate(asked) if is_asked})


def _taken(expr: Any, asked: set[Any]) -> Formula:
    if expr.is_Symbol and expr in asked:
        return _formula("slot", expr)
    if not expr.has(*_EXPONENTIALS) and asked.isdisjoint(expr.free_symbols):
        return _formula("plain", expr)
    if expr.is_Mul or expr.is_Pow:
        return _product(expr, asked)
    if expr.is_Add:
        return _formula("add", expr, [_taken(arg, asked) for arg in _terms(expr, asked)])
    operation = _NAMES.get(expr.func, "call")
    return _formula(operation, expr, [_taken(arg, asked) for arg in expr.args])


def _product(expr: Any, asked: set[Any]) -> Formula:
    """Factors that stay whole are one factor."""
    parts: list[Formula] = []
    powers: list[int | Fraction] = []
    whole = [f for f in sympy.Mul.make_args(expr) if _taken_is_plain(f, asked)]
    if whole:
        parts.append(_formula("plain", sympy.Mul(*whole)))
        powers.append(1)
    for factor in sympy.Mul.make_args(expr):
        if factor in whole:
            continue
        base, exponent = factor.as_base_exp() if factor.is_Pow else (factor, sympy.S.One)
        if not exponent.is_Rational:
            if factor is expr:
                return _formula("call", expr, [_taken(arg, asked) for arg in expr.args])
            base, exponent = factor, sympy.S.One
        parts.append(_taken(base, asked))
        power = Fraction(int(exponent.p), int(exponent.q))
        powers.append(int(power) if power.denominator == 1 else power)
    return _formula("multiply", expr, parts, powers)


def _terms(expr: Any, asked: set[Any]) -> list[Any]:
    """The terms of a sum, those that stay whole as one."""
    whole = [term for term in expr.args if _taken_is_plain(term, asked)]
    others = [term for term in expr.args if term not in whole]
    return [sympy.Add(*whole), *others] if whole else others


def _taken_is_plain(expr: Any, asked: set[Any]) -> bool:
    return not expr.has(*_EXPONENTIALS) and asked.isdisjoint(expr.free_symbols)


def _formula(
    operation: str, expr: Any, parts: Sequence[Formula] = (), powers: Sequence[int | Fraction] = ()
) -> Formula:
    used = tuple(used_slots(expr))
    body: Template | None = None
    if used and not expr.is_Symbol:
        moved = expr.xreplace({slot(k): slot(i) for i, k in enumerate(used)})
        body = template(moved, len(used))
    return Formula(operation, tuple(parts), tuple(powers), expr, used, body)
