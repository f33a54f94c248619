"""The gamma function, its logarithm and the derivatives of that as pointwise records.

The lowerings keep twelve digits at every positive argument, beside the zeros too; below 1/2 they
reflect, and keep digits of the larger of the two parts. At poles they are infinite.
Sources: NIST Digital Library of Mathematical Functions, 5.5.1 and 5.5.3 (steps and reflection),
5.11.1 and 5.11.2 (Stirling's series), 5.15.6 (reflection of derivatives), 25.11.28 (Euler and
Maclaurin for the sum over 1/(x + k)**s).
"""

from __future__ import annotations

from collections.abc import Sequence
from math import factorial, prod
from typing import Any

import sympy

from symgraph.printing import Format, Piece
from symgraph.scalar import (
    absolute,
    equal,
    floor,
    greater,
    less,
    log1p,
    logical_and,
    maximum,
    minimum,
    pointwise,
    remainder,
    slot,
    where,
)
from symgraph.special import nested

__all__ = ["digamma", "gamma", "loggamma", "trigamma", "zeta"]

_x, _y = slot(0), slot(1)
_HALF = sympy.Rational(1, 2)

# log(gamma(2 + t))/t and digamma(3/2 + t)/(3/2 + t - root) on [-1/2, 1/2], highest power first, as
# benchmarks.minimax prints them; their largest relative errors are 1.1e-17 and 8.3e-17.
_LOGGAMMA = (
    2.9770842410499554e-07, -5.8061131424384105e-07, 8.9989828409732226e-07,
    -1.9748274631530105e-06, 4.3935226931410755e-06, -9.4560784488999307e-06,
    2.0503543469527604e-05, -4.4923772026992279e-05, 9.9457944261675002e-05,
    -0.00022315497224978745, 0.00050966949510612117, -0.0011927539013301817,
    0.0028905103318420107, -0.0073855510289251719, 0.020580808427765954, -0.067352301053195757,
    0.32246703342411331, 0.42278433509846713,
)  # fmt: skip
_DIGAMMA = (
    0.00025728336177627145, -0.00037863371128584957, 0.00023023314811498964,
    -0.00035447588850201972, 0.00072173390192423073, -0.001077829757270812, 0.0015570998884093981,
    -0.0023375135827335912, 0.0035189232529396876, -0.0052809093899353204, 0.0079269537864319495,
    -0.011908145895482131, 0.017907251827826213, -0.026975800064770912, 0.04076083383592792,
    -0.061922133189622884, 0.094988724454482421, -0.14840492305487366, 0.2405424842407777,
    -0.42362742128145719, 0.95105587603183284,
)  # fmt: skip
#: The zero of digamma: a number of 24 bits and what it lacks.
_ROOT, _ROOT_REST = 1.4616321325302124, 1.2438149938918909e-08

_TERMS = 8  # of Stirling's series, and steps before it
_FAR = 10  # from here on without steps

_reflected = less(_x, _HALF)
_w = where(_reflected, 1 - _x, _x)  # at least 1/2
#: pi (x - n) for the whole number n that is nearest; pi/2 where nothing is reflected.
_angle = sympy.pi * where(_reflected, _x - floor(_x + _HALF), _HALF)


def _series(terms: Sequence[Any]) -> Any:
    """c1 + c2/x**2 + c3/x**4 + ..."""
    return nested([float(term) for term in reversed(terms)], 1 / _x**2)


def _even(k: int) -> Any:
    return sympy.bernoulli(2 * k)


# What each function is from 10 on (trigamma from 8 on), and from 1/2 on: so many steps farther.
_moved = where(less(_x, _FAR), _x + _TERMS, _x)
_steps = [minimum(_x, _FAR) + k for k in range(_TERMS)]


def _stepped(far: Any, steps: Any) -> Any:
    """`far` of x, or of x + 8 less the steps."""
    return far(_moved) - where(less(_x, _FAR), steps, 0)


# --- the logarithm of the gamma function ---------------------------------------------------------

_stirling = pointwise(
    "loggamma_far", sympy.log(sympy.gamma(_x)), [0],
    lowering=(_x - _HALF) * (sympy.log(_x) - 1) + (sympy.log(2 * sympy.pi) - 1) / 2
    + _series([_even(k) / (2 * k * (2 * k - 1)) for k in range(1, _TERMS + 1)]) / _x,
)  # fmt: skip

#: log gamma(2 + x), for x from -1/2 to 1/2.
_beside_two = pointwise(
    "loggamma_beside_two", sympy.log(sympy.gamma(2 + _x)), [0], lowering=_x * nested(_LOGGAMMA, _x)
)
#: From 3/2 on.
_logarithm = pointwise(
    "loggamma_above", sympy.log(sympy.gamma(_x)), [0],
    lowering=where(
        less(_x, sympy.Rational(5, 2)),
        _beside_two(minimum(_x, 3) - 2),
        _stepped(_stirling, sympy.log(prod(_steps))),
    ),
)  # fmt: skip
#: Beside 1 the distance from 1 counts, which 1 - x has no digits of.
_from_one = where(_reflected, -_x, _x - 1)
_beside_one = maximum(minimum(_from_one, _HALF), -_HALF)
_value = where(
    less(_w, sympy.Rational(3, 2)), _beside_two(_beside_one) - log1p(_beside_one), _logarithm(_w)
)

#: log |gamma(x)|.
loggamma = pointwise(
    "loggamma", sympy.log(sympy.Abs(sympy.gamma(_x))), [0],
    lowering=where(_reflected, sympy.log(sympy.pi / absolute(sympy.sin(_angle))) - _value, _value),
)  # fmt: skip


def _write_gamma(fmt: Format, xs: Sequence[Piece]) -> Piece:
    return fmt.call(fmt.pick("gamma", "Γ", r"\Gamma"), xs)


_is_negative = logical_and(less(_x, 0), equal(remainder(floor(_x), 2), 1))
gamma = pointwise(
    "gamma", sympy.gamma(_x), [0], lowering=where(_is_negative, -1, 1) * sympy.exp(loggamma(_x)),
    writer=_write_gamma,
)  # fmt: skip

# --- its derivatives -----------------------------------------------------------------------------

_digamma_far = pointwise(
    "digamma_far", sympy.polygamma(0, _x), [0],
    lowering=sympy.log(_x) - _HALF / _x
    - _series([_even(k) / (2 * k) for k in range(1, _TERMS + 1)]) / _x**2,
)  # fmt: skip
#: From 1 to 2. SymPy would join the two parts of the zero; the maximum keeps them apart.
_beside_root = pointwise(
    "digamma_beside_zero", sympy.polygamma(0, _x), [0],
    lowering=(maximum(_x - _ROOT, -1) - _ROOT_REST) * nested(_DIGAMMA, _x - sympy.Rational(3, 2)),
)  # fmt: skip
_slope = pointwise(
    "digamma_above", sympy.polygamma(0, _x), [0],
    lowering=where(
        less(_x, 2),
        _beside_root(where(less(_x, 1), _x + 1, minimum(_x, 2)))
        - where(less(_x, 1), 1 / _x, 0),
        _stepped(_digamma_far, sum(1 / one for one in _steps)),
    ),
)  # fmt: skip
digamma = pointwise(
    "digamma", sympy.polygamma(0, _x), [0],
    lowering=where(_reflected, _slope(_w) - sympy.pi / sympy.tan(_angle), _slope(_w)),
)  # fmt: skip

_trigamma_far = pointwise(
    "trigamma_far", sympy.polygamma(1, _x), [0],
    lowering=1 / _x + _HALF / _x**2
    + _series([_even(k) for k in range(1, _TERMS + 3)]) / _x**3,
)  # fmt: skip
_bend = pointwise(
    "trigamma_above",
    sympy.polygamma(1, _x),
    [0],
    lowering=_stepped(_trigamma_far, -sum(one**-2 for one in _steps)),
)
trigamma = pointwise(
    "trigamma", sympy.polygamma(1, _x), [0],
    lowering=where(_reflected, (sympy.pi / sympy.sin(_angle)) ** 2 - _bend(_w), _bend(_w)),
)  # fmt: skip

# --- the sum over 1/(x + k)**s -------------------------------------------------------------------


_SUMMED, _CORRECTED = 14, 10  # twelve digits for s up to 20


def _sum_of_powers(s: Any, x: Any, by_s: bool = False) -> Any:
    """The sum over k = 0, 1, ... of (x + k)**-s, for x above 0 and s above 1; its slope `by_s`."""
    last = x + _SUMMED
    log = sympy.log(last)
    terms = [((x + k) ** -s, -sympy.log(x + k)) for k in range(_SUMMED)]  # with logarithmic slopes
    terms += [(last ** (1 - s) / (s - 1), -log - 1 / (s - 1)), (last**-s / 2, -log)]
    rising, power, slope = s, last ** (-s - 1), 1 / s - log
    for k in range(1, _CORRECTED + 1):
        terms.append((float(_even(k) / factorial(2 * k)) * rising * power, slope))
        rising, power = rising * (s + 2 * k - 1) * (s + 2 * k), power / last**2
        slope += 1 / (s + 2 * k - 1) + 1 / (s + 2 * k)
    return sympy.Add(*[term * slope if by_s else term for term, slope in terms])


_above = maximum(_y, 0)
#: Hurwitz' zeta function of s = slot 0 and x = slot 1, for s > 1 and x > 0; NaN where x < 0.
zeta = pointwise(
    "zeta", sympy.zeta(_x, _y), [0, 0],
    lowering=where(greater(_y, 0), _sum_of_powers(_x, _above), 1 / sympy.sqrt(_y)),
    latex=r"\zeta",
)  # fmt: skip
zeta.partials = (_sum_of_powers(_x, _y, by_s=True), -_x * zeta(_x + 1, _y))
for _function in (loggamma, _stirling, _logarithm):
    _function.partials = (digamma(_x),)
_beside_two.partials = (digamma(2 + _x),)
gamma.partials = (gamma(_x) * digamma(_x),)
for _function in (digamma, _digamma_far, _beside_root, _slope):
    _function.partials = (trigamma(_x),)
for _function in (trigamma, _trigamma_far, _bend):
    _function.partials = (-2 * zeta(3, _x),)
