"""Exponentials, logarithms, angles and their inverses of nodes, entry by entry."""

from __future__ import annotations

from typing import Any

import sympy

from symgraph import scalar
from symgraph.build.pointwise import mapped
from symgraph.node import Node
from symgraph.operators import operators
from symgraph.scalar import slot
from symgraph.template import template

__all__ = [
    "arccos",
    "arccosh",
    "arcsin",
    "arcsinh",
    "arctan",
    "arctan2",
    "arctanh",
    "cos",
    "cosh",
    "exp",
    "expm1",
    "log",
    "log1p",
    "sin",
    "sinh",
    "tan",
    "tanh",
]

_x, _y = slot(0), slot(1)


_EXP = template(sympy.exp(_x), 1)


def exp(x: Any) -> Node:
    """The exponential.

    >>> import symgraph as sg
    >>> x = sg.input("x")
    >>> print(sg.grad(sg.exp(x), x))
    exp(x)
    """
    return mapped(_EXP, x)


_LOG = template(sympy.log(_x), 1)


def log(x: Any) -> Node:
    """The natural logarithm.

    >>> import symgraph as sg
    >>> x = sg.input("x")
    >>> print(sg.grad(sg.log(x), x))
    1/x
    """
    return mapped(_LOG, x)


_EXPM1 = template(scalar.expm1(_x), 1)


def expm1(x: Any) -> Node:
    """exp(x) - 1, accurate near 0.

    >>> import symgraph as sg
    >>> x = sg.input("x")
    >>> print(sg.grad(sg.expm1(x), x))
    exp(x)
    """
    return mapped(_EXPM1, x)


_LOG1P = template(scalar.log1p(_x), 1)


def log1p(x: Any) -> Node:
    """log(1 + x), accurate near 0.

    >>> import symgraph as sg
    >>> x = sg.input("x")
    >>> print(sg.grad(sg.log1p(x), x))
    1/(1 + x)
    """
    return mapped(_LOG1P, x)


_SIN = template(sympy.sin(_x), 1)


def sin(x: Any) -> Node:
    """The sine.

    >>> import symgraph as sg
    >>> x = sg.input("x")
    >>> print(sg.grad(sg.sin(x), x))
    cos(x)
    """
    return mapped(_SIN, x)


_COS = template(sympy.cos(_x), 1)


def cos(x: Any) -> Node:
    """The cosine.

    >>> import symgraph as sg
    >>> x = sg.input("x")
    >>> print(sg.grad(sg.cos(x), x))
    -sin(x)
    """
    return mapped(_COS, x)


_TAN = template(sympy.tan(_x), 1)


def tan(x: Any) -> Node:
    """The tangent.

    >>> import symgraph as sg
    >>> x = sg.input("x")
    >>> print(sg.grad(sg.tan(x), x))
    1 + tan(x)**2
    """
    return mapped(_TAN, x)


_ARCSIN = template(sympy.asin(_x), 1)


def arcsin(x: Any) -> Node:
    """The inverse sine.

    >>> import symgraph as sg
    >>> x = sg.input("x")
    >>> print(sg.grad(sg.arcsin(x), x))
    1/sqrt(1 - x**2)
    """
    return mapped(_ARCSIN, x)


_ARCCOS = template(sympy.acos(_x), 1)


def arccos(x: Any) -> Node:
    """The inverse cosine.

    >>> import symgraph as sg
    >>> x = sg.input("x")
    >>> print(sg.grad(sg.arccos(x), x))
    -1/sqrt(1 - x**2)
    """
    return mapped(_ARCCOS, x)


_ARCTAN = template(sympy.atan(_x), 1)


def arctan(x: Any) -> Node:
    """The inverse tangent.

    >>> import symgraph as sg
    >>> x = sg.input("x")
    >>> print(sg.grad(sg.arctan(x), x))
    1/(1 + x**2)
    """
    return mapped(_ARCTAN, x)


_SINH = template(sympy.sinh(_x), 1)


def sinh(x: Any) -> Node:
    """The hyperbolic sine.

    >>> import symgraph as sg
    >>> x = sg.input("x")
    >>> print(sg.grad(sg.sinh(x), x))
    cosh(x)
    """
    return mapped(_SINH, x)


_COSH = template(sympy.cosh(_x), 1)


def cosh(x: Any) -> Node:
    """The hyperbolic cosine.

    >>> import symgraph as sg
    >>> x = sg.input("x")
    >>> print(sg.grad(sg.cosh(x), x))
    sinh(x)
    """
    return mapped(_COSH, x)


_ARCSINH = template(sympy.asinh(_x), 1)


def arcsinh(x: Any) -> Node:
    """The inverse hyperbolic sine.

    >>> import symgraph as sg
    >>> x = sg.input("x")
    >>> print(sg.grad(sg.arcsinh(x), x))
    1/sqrt(1 + x**2)
    """
    return mapped(_ARCSINH, x)


_ARCCOSH = template(sympy.acosh(_x), 1)


def arccosh(x: Any) -> Node:
    """The inverse hyperbolic cosine.

    >>> import symgraph as sg
    >>> x = sg.input("x")
    >>> print(sg.grad(sg.arccosh(x), x))
    1/(sqrt(1 + x)*sqrt(x - 1))
    """
    return mapped(_ARCCOSH, x)


_ARCTANH = template(sympy.atanh(_x), 1)


def arctanh(x: Any) -> Node:
    """The inverse hyperbolic tangent.

    >>> import symgraph as sg
    >>> x = sg.input("x")
    >>> print(sg.grad(sg.arctanh(x), x))
    1/(1 - x**2)
    """
    return mapped(_ARCTANH, x)


_TANH = template(scalar.tanh(_x), 1)


def tanh(x: Any) -> Node:
    """The hyperbolic tangent; its derivative prints as 1 - tanh(x)**2.

    >>> import symgraph as sg
    >>> x = sg.input("x")
    >>> print(sg.grad(sg.tanh(x), x))
    1 - tanh(x)**2
    """
    return mapped(_TANH, x)


_ARCTAN2 = template(sympy.atan2(_x, _y), 2)


def arctan2(x: Any, y: Any) -> Node:
    """The angle of the point (y, x).

    >>> import symgraph as sg
    >>> print(sg.arctan2(sg.input("y"), sg.input("x")))
    atan2(y, x)
    """
    return mapped(_ARCTAN2, x, y)


_UFUNCS = (
    exp, log, expm1, log1p, sin, cos, tan, arcsin, arccos, arctan, arctan2, sinh, cosh, tanh,
)  # fmt: skip
operators.update({function.__name__: function for function in _UFUNCS})
