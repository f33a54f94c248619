"""Special functions of nodes: error function and Gaussian, soft units, safe logarithms."""

from __future__ import annotations

from typing import Any

import sympy

from symgraph import scalar, special
from symgraph.build.pointwise import apply
from symgraph.node import Node
from symgraph.scalar import slot

__all__ = [
    "erf",
    "erfc",
    "gelu",
    "log_sigmoid",
    "logaddexp",
    "normal_cdf",
    "normal_pdf",
    "selu",
    "silu",
    "softsign",
    "xlogy",
]

_x, _y = slot(0), slot(1)


def erf(x: Any) -> Node:
    """The error function: 2/sqrt(pi) times the integral of exp(-t**2) from 0 to x.

    >>> import symgraph as sg
    >>> x = sg.input("x")
    >>> print(sg.grad(sg.erf(x), x))
    2*exp(-x**2)/sqrt(pi)
    """
    return apply(special.erf(_x), x)


def erfc(x: Any) -> Node:
    """1 - erf(x), with all its digits where it is tiny.

    >>> import symgraph as sg
    >>> from symgraph.ops.evaluate import evaluate_nodes
    >>> tail = sg.erfc(10.0)
    >>> print(f"{evaluate_nodes([tail], {}, {})[tail]:.12g}")
    2.08848758376e-45
    """
    return apply(special.erfc(_x), x)


def normal_cdf(x: Any) -> Node:
    """The probability that a standard normal number is below x: erfc(-x/sqrt(2))/2.

    >>> import symgraph as sg
    >>> x = sg.input("x")
    >>> print(sg.grad(sg.normal_cdf(x), x))
    normal_pdf(x)
    """
    return apply(special.normal_cdf(_x), x)


def normal_pdf(x: Any) -> Node:
    """The density of the standard normal distribution: exp(-x**2/2)/sqrt(2 pi).

    >>> import symgraph as sg
    >>> x = sg.input("x")
    >>> print(sg.grad(sg.normal_pdf(x), x))
    -x*normal_pdf(x)
    """
    return apply(special.normal_pdf(_x), x)


def gelu(x: Any) -> Node:
    """x times the probability that a standard normal number is below x; the exact form.

    Source: Hendrycks and Gimpel 2016, Gaussian error linear units.

    >>> import symgraph as sg
    >>> x = sg.input("x")
    >>> print(sg.grad(sg.gelu(x), x))
    x*normal_pdf(x) + normal_cdf(x)
    """
    return apply(special.gelu(_x), x)


def silu(x: Any) -> Node:
    """x sigmoid(x), also called swish. Source: Elfwing, Uchibe, Doya 2018.

    >>> import symgraph as sg
    >>> print(sg.silu(sg.input("x")))
    silu(x)
    """
    return apply(special.silu(_x), x)


def softsign(x: Any) -> Node:
    """x/(1 + |x|).

    >>> import symgraph as sg
    >>> x = sg.input("x")
    >>> print(sg.grad(sg.softsign(x), x))
    1/(1 + abs(x))**2
    """
    return apply(special.softsign(_x), x)


_SELU_SCALE = 1.0507009873554804934193349852946
_SELU_ALPHA = 1.6732632423543772848170429916717


def selu(x: Any) -> Node:
    """The exponential linear unit with the slopes that keep mean 0 and variance 1.

    Source: Klambauer, Unterthiner, Mayr, Hochreiter 2017, eq. 14.

    >>> import symgraph as sg
    >>> sg.selu(sg.input("x", 3)).shape
    (3,)
    """
    return apply(_SELU_SCALE * scalar.elu(_x, sympy.Float(_SELU_ALPHA)), x)


def log_sigmoid(x: Any) -> Node:
    """log(sigmoid(x)) = -softplus(-x), without overflow.

    >>> import symgraph as sg
    >>> x = sg.input("x")
    >>> print(sg.grad(sg.log_sigmoid(x), x))
    sigmoid(-x)
    """
    return apply(special.log_sigmoid(_x), x)


def logaddexp(x: Any, y: Any) -> Node:
    """log(exp(x) + exp(y)), without overflow.

    >>> import symgraph as sg
    >>> x, y = sg.input("x"), sg.input("y")
    >>> print(sg.grad(sg.logaddexp(x, y), x))
    sigmoid(x - y)
    """
    return apply(special.logaddexp(_x, _y), x, y)


def xlogy(x: Any, y: Any) -> Node:
    """x log(y), and 0 where x = 0 whatever y is.

    >>> import symgraph as sg
    >>> from symgraph.ops.evaluate import evaluate_nodes
    >>> zero = sg.xlogy(0.0, 0.0)
    >>> print(evaluate_nodes([zero], {}, {})[zero])
    0.0
    """
    return apply(special.xlogy(_x, _y), x, y)
