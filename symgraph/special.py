"""Special functions as pointwise records: the error function and what is made of it, soft units.

Each is one `pointwise` record like those of `symgraph.scalar`. Their lowerings keep twelve digits
or more at every argument, also far out, where the value is a tiny tail, and never overflow.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sympy

from symgraph.printing import ADD, Format, Piece
from symgraph.scalar import (
    absolute,
    dsigmoid,
    equal,
    expm1,
    floor,
    greater,
    less_equal,
    log1p,
    maximum,
    minimum,
    pointwise,
    sigmoid,
    slot,
    softplus,
    where,
)

__all__ = [
    "dlogistic_loss",
    "erf",
    "erfc",
    "gelu",
    "log_sigmoid",
    "logaddexp",
    "logistic_loss",
    "nested",
    "normal_cdf",
    "normal_pdf",
    "silu",
    "softsign",
    "xlogy",
]

_x, _y = slot(0), slot(1)

# Rational approximations of erf on [0, 0.46875], and of exp(x**2) erfc(x) on [0.46875, 4] and
# above, highest power first; the last pair are polynomials in x**2.
# Source: W. J. Cody, Rational Chebyshev approximations for the error function, Mathematics of
# Computation 23 (1969), 631-637.
_NEAR, _FAR = 0.46875, 4.0
_NEAR_TOP = (
    1.85777706184603153e-1, 3.16112374387056560e0, 1.13864154151050156e2, 3.77485237685302021e2,
    3.20937758913846947e3,
)  # fmt: skip
_NEAR_BOTTOM = (
    1.0, 2.36012909523441209e1, 2.44024637934444173e2, 1.28261652607737228e3,
    2.84423683343917062e3,
)  # fmt: skip
_MIDDLE_TOP = (
    2.15311535474403846e-8, 5.64188496988670089e-1, 8.88314979438837594e0, 6.61191906371416295e1,
    2.98635138197400131e2, 8.81952221241769090e2, 1.71204761263407058e3, 2.05107837782607147e3,
    1.23033935479799725e3,
)  # fmt: skip
_MIDDLE_BOTTOM = (
    1.0, 1.57449261107098347e1, 1.17693950891312499e2, 5.37181101862009858e2,
    1.62138957456669019e3, 3.29079923573345963e3, 4.36261909014324716e3, 3.43936767414372164e3,
    1.23033935480374942e3,
)  # fmt: skip
_FAR_TOP = (
    6.58749161529837803e-4, 1.60837851487422766e-2, 1.25781726111229246e-1, 3.60344899949804439e-1,
    3.05326634961232344e-1, 1.63153871373020978e-2,
)  # fmt: skip
_FAR_BOTTOM = (
    2.33520497626869185e-3, 6.05183413124413191e-2, 5.27905102951428412e-1, 1.87295284992346725e0,
    2.56852019228982242e0, 1.0,
)  # fmt: skip


def nested(coefficients: Sequence[float], x: Any) -> Any:
    """The polynomial in nested form, highest power first."""
    value: Any = sympy.Float(coefficients[0])
    for coefficient in coefficients[1:]:
        value = value * x + sympy.Float(coefficient)
    return value


def _near(x: Any, size: Any) -> Any:
    """erf(x) for size = |x| up to 0.46875."""
    square = minimum(size, _NEAR) ** 2
    return x * nested(_NEAR_TOP, square) / nested(_NEAR_BOTTOM, square)


def _tail(size: Any) -> Any:
    """erfc(size) for size from 0.46875."""
    middle, far = minimum(size, _FAR), minimum(maximum(size, _FAR), 40.0)
    scaled = nested(_MIDDLE_TOP, middle) / nested(_MIDDLE_BOTTOM, middle)
    square = far**2
    ratio = nested(_FAR_TOP, square) / nested(_FAR_BOTTOM, square)
    scaled_far = (1 / sympy.sqrt(sympy.pi) - ratio / square) / far
    return _gaussian(minimum(size, 40.0)) * where(less_equal(size, _FAR), scaled, scaled_far)


def _gaussian(x: Any) -> Any:
    """exp(-x**2) without the error of rounding x**2: the square of x rounded to 1/128 is exact."""
    grid = floor(128 * x + sympy.Rational(1, 2)) / 128
    return sympy.exp(-(grid**2)) * (1 + expm1(-(x - grid) * (x + grid)))


_size = absolute(_x)
_positive = greater(_x, 0)
_inner = less_equal(_size, _NEAR)

erf = pointwise(
    "erf", sympy.erf(_x), [2 * sympy.exp(-(_x**2)) / sympy.sqrt(sympy.pi)],
    lowering=where(
        _inner, _near(_x, _size), where(_positive, 1 - _tail(_size), _tail(_size) - 1)
    ),
)  # fmt: skip
erfc = pointwise(
    "erfc", sympy.erfc(_x), [-2 * sympy.exp(-(_x**2)) / sympy.sqrt(sympy.pi)],
    lowering=where(
        _inner, 1 - _near(_x, _size), where(_positive, _tail(_size), 2 - _tail(_size))
    ),
)  # fmt: skip

#: The probability that a standard normal number is below x, and its density.
normal_cdf = pointwise(
    "normal_cdf", sympy.erfc(-_x / sympy.sqrt(2)) / 2, [0],
    lowering=erfc(-_x / sympy.sqrt(2)) / 2, latex=r"\Phi",
)  # fmt: skip
normal_pdf = pointwise(
    "normal_pdf", sympy.exp(-(_x**2) / 2) / sympy.sqrt(2 * sympy.pi), [0], latex=r"\Phi'"
)
normal_cdf.partials = (normal_pdf(_x),)
normal_pdf.partials = (-_x * normal_pdf(_x),)

gelu = pointwise(
    "gelu", _x * sympy.erfc(-_x / sympy.sqrt(2)) / 2, [normal_cdf(_x) + _x * normal_pdf(_x)],
    lowering=_x * normal_cdf(_x),
)  # fmt: skip
silu = pointwise(
    "silu", _x / (1 + sympy.exp(-_x)), [sigmoid(_x) + _x * dsigmoid(_x)], lowering=_x * sigmoid(_x)
)
softsign = pointwise(
    "softsign", _x / (1 + sympy.Abs(_x)), [1 / (1 + absolute(_x)) ** 2],
    lowering=_x / (1 + absolute(_x)),
)  # fmt: skip
log_sigmoid = pointwise(
    "log_sigmoid", -sympy.log(1 + sympy.exp(-_x)), [sigmoid(-_x)], lowering=-softplus(-_x)
)
logaddexp = pointwise(
    "logaddexp", sympy.log(sympy.exp(_x) + sympy.exp(_y)), [sigmoid(_x - _y), sigmoid(_y - _x)],
    lowering=where(
        equal(_x, _y), _x + sympy.log(2), maximum(_x, _y) + log1p(sympy.exp(-absolute(_x - _y)))
    ),
)  # fmt: skip
#: x log(y), and 0 where x = 0 whatever y is.
xlogy = pointwise(
    "xlogy", sympy.Piecewise((0, sympy.Eq(_x, 0)), (_x * sympy.log(_y), True)),
    [sympy.log(_y), where(equal(_x, 0), 0, _x / _y)],
    lowering=where(equal(_x, 0), 0, _x * sympy.log(_y)),
)  # fmt: skip


def _write_loss(fmt: Format, xs: Sequence[Piece]) -> Piece:
    first = fmt.call("softplus", xs[:1])
    return fmt.infix(" - ", first, fmt.times(xs[1], xs[0]), ADD)


def _write_error(fmt: Format, xs: Sequence[Piece]) -> Piece:
    first = fmt.call(fmt.pick("sigmoid", "σ", r"\sigma"), xs[:1])
    return fmt.infix(" - ", first, xs[1], ADD)


#: softplus(z) - t z, the cross-entropy of a coin with log-odds z against the outcome t, and its
#: slope sigmoid(z) - t; in these forms nothing cancels where z and t agree.
logistic_loss = pointwise(
    "logistic_loss", sympy.log(1 + sympy.exp(_x)) - _x * _y, [0, -_x],
    lowering=_y * softplus(-_x) + (1 - _y) * softplus(_x), writer=_write_loss,
)  # fmt: skip
dlogistic_loss = pointwise(
    "dlogistic_loss", 1 / (1 + sympy.exp(-_x)) - _y, [dsigmoid(_x), -1],
    lowering=(1 - _y) * sigmoid(_x) - _y * sigmoid(-_x), writer=_write_error,
)  # fmt: skip
logistic_loss.partials = (dlogistic_loss(_x, _y), -_x)
