"""Functions of numbers, choices between values, and logic."""

from __future__ import annotations

import math
from typing import Any

import sympy
from sympy.core.function import AppliedUndef
from sympy.logic.boolalg import BooleanFunction

from symgraph.build import activations, conditions, pointwise
from symgraph.lift.lifting import RULES, Condition, Lifting, Plan, application, rule
from symgraph.node import Node
from symgraph.ops.leaves import fill
from symgraph.scalar import Pointwise, slot
from symgraph.sympy_functions import FUNCTIONS, LOGIC

__all__: list[str] = []


for _cls, _function in FUNCTIONS.items():
    RULES[_cls] = application(_function)


@rule(sympy.asinh, sympy.acosh, sympy.atanh, Pointwise)
def _pointwise(expr: Any, lifting: Lifting) -> Plan:
    formula = type(expr)(*map(slot, range(len(expr.args))))
    return Plan(expr.args, lambda *nodes: pointwise.apply(formula, *nodes))


@rule(AppliedUndef)
def _undefined(expr: Any, lifting: Lifting) -> Plan:
    raise lifting.refused(expr, "is an unknown function", "Use a function that has a formula.")


@rule(sympy.Derivative)
def _derivative(expr: Any, lifting: Lifting) -> Plan:
    raise lifting.refused(expr, "is not carried out", "Call .doit() on it, or use sg.grad.")


@rule(sympy.Heaviside)
def _heaviside(expr: Any, lifting: Lifting) -> Plan:
    x, at_zero = expr.args
    if not at_zero.is_Number:
        raise lifting.refused(
            expr, f"has the value {at_zero} at 0, which is no number", "Give it a number there."
        )
    return Plan((x,), lambda node: activations.step(node, at_zero))


@rule(sympy.Piecewise)
def _piecewise(expr: Any, lifting: Lifting) -> Plan:
    *open_cases, last = expr.args
    closed = last.cond == True  # noqa: E712 - SymPy's true
    cases = open_cases if closed else [*open_cases, last]
    parts = [part for case in cases for part in (Condition(case.cond), case.expr)]

    def build(*nodes: Node) -> Node:
        # Where no condition holds a Piecewise has no value.
        value = nodes[-1] if closed else fill(math.nan)
        for k in reversed(range(len(cases))):
            value = conditions.where(nodes[2 * k], nodes[2 * k + 1], value)
        return value

    return Plan([*parts, last.expr] if closed else parts, build)


@rule(BooleanFunction)
def _logic(expr: Any, lifting: Lifting) -> Plan:
    build = LOGIC.get(type(expr))
    if build is None:
        raise lifting.refused(expr, fix="Write it with And, Or, Not, Xor, Implies or ITE.")
    return Plan([Condition(part) for part in expr.args], build)
