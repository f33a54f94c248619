"""The polynomials of the C target's vector functions: `python -m benchmarks.minimax` derives them.

Each is the polynomial of its degree with the smallest largest error on an interval, found by
exchanging the points of largest error (Remez) in fifty digits. What it prints stands in
codegen/native/polynomials.py, and those in formulas of every target in symgraph/gammas.py.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from mpmath import mp, mpf

__all__ = ["APPROXIMATED", "IN_FORMULAS", "Approximated", "minimax"]

Real = Callable[[Any], Any]

mp.dps = 50
_TINY = mpf(10) ** -9  # the quotients are 0/0 at 0, where the approximated rests are smooth


class Approximated(NamedTuple):
    """A function to be approximated, the weight of its error, and the interval."""

    function: Real
    weight: Real
    low: Any
    high: Any
    degrees: tuple[int, int]  # for float, for double


def _odd_rest(function: Real, slope: int) -> Real:
    """P of function(t) = slope t + t**3 P(t**2), as a function of z = t**2."""

    def rest(z: Any) -> Any:
        t = mp.sqrt(z)
        return (function(t) - slope * t) / (t * z)

    return rest


def _exp_rest(r: Any) -> Any:
    return (mp.expm1(r) - r) / r**2 if abs(r) > _TINY else mpf(0.5) + r / 6


def _cos_rest(z: Any) -> Any:
    return (mp.cos(mp.sqrt(z)) - 1 + z / 2) / z**2


def _log_rest(z: Any) -> Any:
    s = mp.sqrt(z)
    return (2 * mp.atanh(s) - 2 * s - 2 * s * z / 3) / (s * z * z)


def _scaled_tail(q: Any) -> Any:
    """(1 + 2x) exp(x**2) erfc(x) at q = (x - 2)/(x + 2), which is smooth from 0 to infinity."""
    x = 2 * (1 + q) / (1 - q)
    return (1 + 2 * x) * mp.exp(x * x) * mp.erfc(x)


def _erf_rest(z: Any) -> Any:
    x = mp.sqrt(z)
    return mp.erf(x) / x - 1


def _loggamma_rest(t: Any) -> Any:
    return mp.loggamma(2 + t) / t if abs(t) > mpf(10) ** -20 else 1 - mp.euler


def _digamma_rest(t: Any) -> Any:
    return mp.digamma(t + 1.5) / (t + 1.5 - _DIGAMMA_ROOT)


_DIGAMMA_ROOT = mp.findroot(mp.digamma, 1.46)
_HALF_LN2 = mp.log(2) / 2 * (1 + mpf(2) ** -10)
_EIGHTH_TURN = (mp.pi / 4 * (1 + mpf(2) ** -10)) ** 2
_LOG_END = ((mp.sqrt(2) - 1) / (mp.sqrt(2) + 1) * (1 + mpf(2) ** -10)) ** 2
_TANH_END = mpf("0.1226")  # 0.35**2
_ATAN_END = (mp.sqrt(2) - 1) ** 2 * (1 + mpf(2) ** -10)

APPROXIMATED: dict[str, Approximated] = {
    # exp(r) = 1 + r + r**2 P(r)
    "exp": Approximated(_exp_rest, lambda r: abs(r) + mpf("0.01"), -_HALF_LN2, _HALF_LN2, (4, 9)),
    # log((1 + s)/(1 - s)) = 2 s + s**3 P(s**2)
    "log": Approximated(
        _odd_rest(lambda s: 2 * mp.atanh(s), 2), lambda z: z / 2, _TINY, _LOG_END, (2, 6)
    ),
    # the same beyond its cubic term
    "log_tail": Approximated(_log_rest, lambda z: z * z / 2, _TINY, _LOG_END, (2, 6)),
    "sin": Approximated(_odd_rest(mp.sin, 1), lambda z: z, _TINY, _EIGHTH_TURN, (2, 5)),
    "cos": Approximated(_cos_rest, lambda z: z * z, _TINY, _EIGHTH_TURN, (2, 5)),
    "atan": Approximated(_odd_rest(mp.atan, 1), lambda z: z, _TINY, _ATAN_END, (4, 10)),
    "tanh": Approximated(_odd_rest(mp.tanh, 1), lambda z: z, _TINY, _TANH_END, (3, 7)),
    # erf(x) = x + x P(x**2) up to 1
    "erf": Approximated(_erf_rest, lambda z: mpf(1), _TINY, mpf(1), (6, 11)),
    # exp(-x**2) P(q)/(1 + 2x) = erfc(x), as far as that is above 0
    "erfc": Approximated(
        _scaled_tail, lambda q: 1 / _scaled_tail(q), mpf(-1), mpf("0.87"), (10, 24)
    ),
    "asin": Approximated(_odd_rest(mp.asin, 1), lambda z: z, _TINY, mpf(1) / 4, (4, 12)),
}

_HALF = mpf(1) / 2
IN_FORMULAS: dict[str, Approximated] = {
    # log(gamma(2 + t)) = t P(t)
    "loggamma": Approximated(
        _loggamma_rest, lambda t: 1 / _loggamma_rest(t), -_HALF, _HALF, (17, 17)
    ),
    # digamma(3/2 + t) = (3/2 + t - root) P(t)
    "digamma": Approximated(_digamma_rest, lambda t: 1 / _digamma_rest(t), -_HALF, _HALF, (20, 20)),
}


def minimax(what: Approximated, degree: int) -> tuple[list[Any], Any]:
    """The coefficients from the constant term on, and the largest weighted error."""
    middle, half = (what.low + what.high) / 2, (what.high - what.low) / 2
    grid = [middle - half * mp.cos(mp.pi * k / 400) for k in range(401)]
    truth = [what.function(x) for x in grid]
    weights = [what.weight(x) for x in grid]
    places = [round(400 * k / (degree + 1)) for k in range(degree + 2)]
    coefficients: list[Any] = []
    worst = mpf(0)
    for _ in range(12):
        coefficients = _levelled(grid, truth, weights, places, degree)
        errors = [
            w * (mp.polyval(coefficients[::-1], x) - y)
            for x, y, w in zip(grid, truth, weights, strict=True)
        ]
        worst = max(map(abs, errors))
        new = _extremes(errors, degree + 2)
        if new == places or len(new) != len(places):
            break
        places = new
    return coefficients, worst


def _levelled(
    grid: list[Any], truth: list[Any], weights: list[Any], places: list[int], degree: int
) -> list[Any]:
    """The polynomial whose weighted error has one size and changing signs at the places."""
    rows = mp.matrix(degree + 2, degree + 2)
    right = mp.matrix(degree + 2, 1)
    for i, k in enumerate(places):
        weight = weights[k] or mpf(2) ** -60
        for j in range(degree + 1):
            rows[i, j] = grid[k] ** j
        rows[i, degree + 1] = (-1) ** i / weight
        right[i] = truth[k]
    return list(mp.lu_solve(rows, right))[: degree + 1]


def _extremes(errors: list[Any], count: int) -> list[int]:
    """The place of the largest error of each run of one sign, the `count` largest in order."""
    runs: list[list[int]] = []
    for k, error in enumerate(errors):
        if runs and (errors[runs[-1][-1]] > 0) == (error > 0):
            runs[-1].append(k)
        else:
            runs.append([k])
    best = [max(run, key=lambda k: abs(errors[k])) for run in runs]
    while len(best) > count:
        best.remove(best[0] if abs(errors[best[0]]) < abs(errors[best[-1]]) else best[-1])
    return best


def main() -> None:
    """Print the table."""
    for name, what in (APPROXIMATED | IN_FORMULAS).items():
        for real, degree in zip(("float", "double"), what.degrees, strict=True):
            coefficients, worst = minimax(what, degree)
            print(f'    ("{name}", "{real}"): (  # largest error {mp.nstr(worst, 2)}')
            digits = 9 if real == "float" else 17
            for coefficient in coefficients:
                print(f"        {float(mp.nstr(coefficient, 20)):.{digits}g},")
            print("    ),")


if __name__ == "__main__":
    main()
