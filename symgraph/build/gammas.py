"""The gamma function of nodes, its logarithm and their derivatives, for likelihoods."""

from __future__ import annotations

from math import factorial
from typing import Any

from symgraph.build.arithmetic import add, multiply, subtract
from symgraph.build.elementary import exp
from symgraph.build.pointwise import apply
from symgraph.errors import KindError, RangeError
from symgraph.node import Node
from symgraph.scalar import Pointwise, slot

__all__ = ["beta", "digamma", "gamma", "loggamma", "polygamma", "zeta"]


def _record(name: str) -> type[Pointwise]:
    """A function of `symgraph.gammas`, whose formulas take 60 ms to be made."""
    from symgraph import gammas

    found: type[Pointwise] = getattr(gammas, name)
    return found


def gamma(x: Any) -> Node:
    """The gamma function, (x - 1)! for whole x above 0; infinite at 0, -1, -2, ...

    >>> import symgraph as sg
    >>> x = sg.input("x")
    >>> print(sg.gamma(x), sg.grad(sg.gamma(x), x))
    gamma(x) digamma(x)*gamma(x)
    """
    return apply(_record("gamma")(slot(0)), x)


def loggamma(x: Any) -> Node:
    """The logarithm of |gamma(x)|: likelihoods of counts and rates have it in their normaliser.

    >>> import symgraph as sg
    >>> k, rate = sg.input("k", "N"), sg.parameter("rate")
    >>> poisson = sg.sum(rate - k * sg.log(rate) + sg.loggamma(k + 1))  # -log p
    >>> print(sg.grad(sg.loggamma(rate), rate))
    digamma(rate)
    """
    return apply(_record("loggamma")(slot(0)), x)


def digamma(x: Any) -> Node:
    """The slope of loggamma, also called psi: polygamma of order 0.

    >>> import symgraph as sg
    >>> x = sg.input("x")
    >>> print(sg.grad(sg.digamma(x), x))
    trigamma(x)
    """
    return apply(_record("digamma")(slot(0)), x)


def polygamma(order: int, x: Any) -> Node:
    """The derivative of so high an order of digamma; from order 2 on for x > 0, NaN below.

    Raises KindError for an order that is no integer, RangeError for one outside of 0 to 19.

    >>> import symgraph as sg
    >>> print(sg.polygamma(2, sg.input("x")))  # minus 2! times the sum over 1/(x + k)**3
    -2*zeta(3, x)
    """
    if isinstance(order, bool) or not isinstance(order, int):
        raise KindError(f"polygamma: the order is {order!r}, and it must be an integer.")
    if not 0 <= order <= _HIGHEST:
        raise RangeError(f"polygamma: the order is {order}, and it must be 0 to {_HIGHEST}.")
    if order < 2:
        return apply(_record(("digamma", "trigamma")[order])(slot(0)), x)
    return multiply((-1) ** (order + 1) * factorial(order), zeta(order + 1, x))


_HIGHEST = 19  # twelve digits up to here


def zeta(s: Any, x: Any) -> Node:
    """Hurwitz' zeta function, the sum over k = 0, 1, ... of 1/(x + k)**s, for s > 1 and x > 0.

    >>> import symgraph as sg
    >>> round(float(sg.compile([], sg.zeta(2, 1.0))()), 12)  # pi**2/6
    1.644934066848
    """
    return apply(_record("zeta")(slot(0), slot(1)), s, x)


def beta(a: Any, b: Any) -> Node:
    """The integral of t**(a - 1) (1 - t)**(b - 1) from 0 to 1, for a > 0 and b > 0.

    >>> import symgraph as sg
    >>> round(float(sg.compile([], sg.beta(2.0, 3.0))()), 12)
    0.083333333333
    """
    return exp(subtract(add(loggamma(a), loggamma(b)), loggamma(add(a, b))))
