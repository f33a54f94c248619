"""Activation functions of nodes, entry by entry."""

from __future__ import annotations

from typing import Any

import sympy

from symgraph import scalar
from symgraph.build.pointwise import apply, mapped
from symgraph.errors import KindError
from symgraph.node import Node
from symgraph.operators import operators
from symgraph.scalar import slot
from symgraph.template import template

__all__ = ["elu", "leaky_relu", "relu", "sigmoid", "sign", "softplus", "step"]

_x = slot(0)


_SIGMOID = template(scalar.sigmoid(_x), 1)


def sigmoid(x: Any) -> Node:
    """The logistic function 1/(1 + exp(-x)); its derivative prints as σ(1 - σ).

    >>> import symgraph as sg
    >>> x = sg.input("x")
    >>> print(sg.grad(sg.sigmoid(x), x))
    sigmoid(x)*(1 - sigmoid(x))
    """
    return mapped(_SIGMOID, x)


_SOFTPLUS = template(scalar.softplus(_x), 1)


def softplus(x: Any) -> Node:
    """log(1 + exp(x)), without overflow; its derivative is the sigmoid.

    >>> import symgraph as sg
    >>> x = sg.input("x")
    >>> print(sg.grad(sg.softplus(x), x))
    sigmoid(x)
    """
    return mapped(_SOFTPLUS, x)


_RELU = template(scalar.relu(_x), 1)


def relu(x: Any) -> Node:
    """max(x, 0) with derivative 0 at 0.

    >>> import symgraph as sg
    >>> x = sg.input("x")
    >>> print(sg.grad(sg.relu(x), x))
    1[x > 0]
    """
    return mapped(_RELU, x)


def step(x: Any, at_zero: float = 0) -> Node:
    """1 for x > 0, 0 for x < 0, `at_zero` at 0; its derivative is 0 everywhere.

    >>> import symgraph as sg
    >>> print(step(sg.input("z")), step(sg.input("z"), at_zero=1))
    1[z > 0] 1[z >= 0]
    """
    return apply(scalar.step(_x, _constant(at_zero, "step")), x)


def sign(x: Any, at_zero: float = 0) -> Node:
    """1 for x > 0, -1 for x < 0, `at_zero` at 0; its derivative is 0 everywhere.

    >>> import symgraph as sg
    >>> print(sg.sign(sg.input("x")))
    sign(x)
    """
    return apply(scalar.sign(_x, _constant(at_zero, "sign")), x)


def leaky_relu(x: Any, slope: float = 0.01) -> Node:
    """x for x > 0, else slope * x; the derivative at 0 is the slope.

    >>> import symgraph as sg
    >>> print(sg.leaky_relu(sg.input("x"), 0.1))
    leaky_relu(x, 0.1)
    """
    return apply(scalar.leaky_relu(_x, _constant(slope, "leaky_relu")), x)


def elu(x: Any, alpha: float = 1.0) -> Node:
    """x for x > 0, else alpha (exp(x) - 1). Source: Clevert, Unterthiner, Hochreiter 2016.

    >>> import symgraph as sg
    >>> print(sg.elu(sg.input("x")))
    elu(x, 1)
    """
    return apply(scalar.elu(_x, _constant(alpha, "elu")), x)


def _constant(value: Any, where_: str) -> Any:
    if isinstance(value, bool) or not isinstance(value, (int, float, sympy.Rational)):
        raise KindError(f"{where_}: {value!r} must be a plain number.")
    return sympy.sympify(value)


operators["sign"] = sign
