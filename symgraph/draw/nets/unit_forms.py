"""Sums of products of units: what arrives at a unit of a layered net, entry by entry."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sympy

__all__ = ["CONSTANT", "Form", "constant", "is_constant", "lone", "plus", "times", "unit_of"]

#: The coefficient of each product of units, these by number in rising order; () is the constant.
#: Coefficients are SymPy in the symbols of single weights.
Form = Mapping[tuple[int, ...], Any]
CONSTANT: tuple[int, ...] = ()


def constant(value: Any) -> Form:
    """The form that is a number, or a weight."""
    value = sympy.sympify(value)
    if value.is_Float and float(value).is_integer():
        value = sympy.Integer(int(value))
    return {} if value == 0 else {CONSTANT: value}


def lone(unit: int) -> Form:
    """The form that is one unit."""
    return {(unit,): sympy.S.One}


def is_constant(form: Form) -> bool:
    """Whether no unit occurs."""
    return not any(form)


def unit_of(form: Form) -> int | None:
    """The number of the unit that a form is, None where it is more than one."""
    if len(form) != 1:
        return None
    ((units, coefficient),) = form.items()
    return units[0] if len(units) == 1 and coefficient == 1 else None


def plus(first: Form, second: Form) -> Form:
    """The sum of two forms."""
    total = dict(first)
    for units, coefficient in second.items():
        joint = total.get(units, sympy.S.Zero) + coefficient
        if joint == 0:
            total.pop(units)
        else:
            total[units] = joint
    return total


def times(first: Form, second: Form) -> Form:
    """The product of two forms."""
    total: Form = {}
    for units, coefficient in first.items():
        part = {
            tuple(sorted((*units, *others))): coefficient * other
            for others, other in second.items()
        }
        total = plus(total, part)
    return total
