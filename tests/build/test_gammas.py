"""The gamma function, its logarithm and their derivatives, against mpmath."""

from __future__ import annotations

import math
import pickle
import subprocess
import sys
from collections.abc import Callable
from functools import cache
from typing import Any

import mpmath
import numpy as np
import pytest
import sympy
from c_compiler import needs_c_compiler

import symgraph as sg

TARGETS = ["numpy", pytest.param("cython", marks=needs_c_compiler)]
x = sg.input("x", "N")

#: Each function of nodes, its value and its slope.
FUNCTIONS: dict[str, tuple[Callable[[Any], sg.Node], Any, Any]] = {
    "gamma": (sg.gamma, mpmath.gamma, lambda t: mpmath.gamma(t) * mpmath.digamma(t)),
    "loggamma": (sg.loggamma, lambda t: mpmath.log(abs(mpmath.gamma(t))), mpmath.digamma),
    "digamma": (sg.digamma, mpmath.digamma, lambda t: mpmath.psi(1, t)),
    "trigamma": (lambda t: sg.polygamma(1, t), lambda t: mpmath.psi(1, t), None),
    "third": (
        lambda t: sg.polygamma(2, t),
        lambda t: mpmath.psi(2, t),
        lambda t: mpmath.psi(3, t),
    ),
    "zeta": (
        lambda t: sg.zeta(2.5, t),
        lambda t: mpmath.zeta(mpmath.mpf("2.5"), t),
        lambda t: -mpmath.mpf("2.5") * mpmath.zeta(mpmath.mpf("3.5"), t),
    ),
}
rng = np.random.default_rng(5)
_ROOT = 1.4616321449683623  # of digamma, and the least value of gamma
POSITIVE = np.concatenate([
    10 ** rng.uniform(-100, -1, 8), rng.uniform(0.05, 15, 40), 10 ** rng.uniform(1, 2, 8),
    *(place + np.array([-1e-3, 1e-3, 1e-8, -1e-8]) for place in (1, 2, 0.5, 2.5, 10, _ROOT)),
    [0.5, 1, 1.5, 2, 2.5, 3, 10, 20],
])  # fmt: skip
NEGATIVE = -rng.integers(0, 12, 40) - rng.uniform(0.1, 0.9, 40)


@cache
def exactly(name: str, k: int, at: bytes) -> Any:
    with mpmath.workdps(30):
        return np.array([float(FUNCTIONS[name][k](mpmath.mpf(one))) for one in np.frombuffer(at)])


def exact(name: str, points: Any, k: int = 1) -> Any:
    """The value (1) or the slope (2) at the points, computed once."""
    return exactly(name, k, np.asarray(points, float).tobytes())


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("name", FUNCTIONS)
def test_twelve_digits_at_positive_arguments_and_of_the_slopes(name: str, target: Any):
    made, _, slope = FUNCTIONS[name]
    points = POSITIVE if name in ("loggamma", "digamma") else POSITIVE[POSITIVE > 1e-50]
    outputs = [made(x)] if slope is None else [made(x), sg.grad(sg.sum(made(x)), x)]
    found = sg.compile(x, outputs, target=target)(points)

    for k, got in enumerate(found, 1):
        np.testing.assert_allclose(got, exact(name, points, k), rtol=1e-12)


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("name", ["gamma", "loggamma", "digamma", "trigamma"])
def test_below_zero_the_reflected_values_are_right(name: str, target: Any):
    found = sg.compile(x, FUNCTIONS[name][0](x), target=target)(NEGATIVE)

    np.testing.assert_allclose(found, exact(name, NEGATIVE), rtol=1e-11, atol=1e-14)


def test_far_out_the_logarithm_goes_on_where_gamma_itself_is_infinite():
    points = np.array([171.0, 172.0, 1e5, 1e100, 1e300])
    loggamma, gamma = sg.compile(x, [sg.loggamma(x), sg.gamma(x)])(points)

    np.testing.assert_allclose(loggamma, [float(mpmath.loggamma(t)) for t in points], rtol=1e-14)
    np.testing.assert_allclose(gamma[0], float(mpmath.gamma(171)), rtol=1e-12)
    assert np.all(gamma[1:] == np.inf)


def test_poles_are_infinite_and_what_is_not_defined_is_nan():
    at = np.array([0.0, -1.0, -7.0])
    gamma, loggamma, third = sg.compile(x, [sg.gamma(x), sg.loggamma(x), sg.polygamma(2, x)])(at)

    assert np.all(np.isinf(gamma))
    assert np.all(loggamma == np.inf)
    assert third[0] == -np.inf
    assert np.all(np.isnan(third[1:]))
    assert np.isnan(sg.compile(x, sg.loggamma(x))(np.array([np.nan])))


def test_in_float32_five_digits_are_left():
    points = POSITIVE[POSITIVE > 1e-3].astype(np.float32)
    for name in ("loggamma", "trigamma"):
        found = sg.compile(x, FUNCTIONS[name][0](x), dtype="float32")(points)

        assert found.dtype == np.float32
        np.testing.assert_allclose(found, exact(name, points), rtol=2e-5, atol=1e-7)


a, b = sympy.symbols("a b")
FORMULAS = [
    sympy.gamma(a), sympy.loggamma(a * b), sympy.digamma(a), sympy.trigamma(b), sympy.beta(a, b),
    sympy.polygamma(3, a), sympy.factorial(a), sympy.zeta(3, b), sympy.zeta(4, a) * b,
    sympy.binomial(a, b), sympy.binomial(a, 3) * b, sympy.rf(a, b), sympy.ff(a, b), sympy.ff(a, 2),
    sympy.beta(-a, b), sympy.rf(b, 0) * a * b,
]  # fmt: skip


@pytest.mark.parametrize("formula", FORMULAS, ids=str)
def test_formulas_of_sympy_have_their_values_and_their_hessians(formula: Any):
    f = sg.compile([a, b], [formula, sg.hessian(formula, [a, b])])
    value, hessian = f(2.3, 0.7)

    at = sympy.lambdify([a, b], formula, modules="mpmath")

    with mpmath.workdps(40):
        point = (mpmath.mpf("2.3"), mpmath.mpf("0.7"))
        assert abs(float(value) - float(at(*point))) <= 1e-12 * abs(float(value))
        orders = [[(2, 0), (1, 1)], [(1, 1), (0, 2)]]
        want = [[float(mpmath.diff(at, point, order)) for order in row] for row in orders]
    np.testing.assert_allclose(hessian, want, rtol=1e-9, atol=1e-12)


def test_counts_of_choices_are_what_they_are_for_large_numbers():
    n, k = sympy.symbols("n k")
    choose = sg.compile([n, k], sympy.binomial(n, k))

    assert choose(1000, 400) == pytest.approx(math.comb(1000, 400), rel=1e-12)
    assert choose(52, 5) == pytest.approx(2_598_960, rel=1e-13)
    assert choose(3, 5) == 0
    assert sg.compile([n], sympy.binomial(n, 2))(7) == 21


def test_the_slope_of_zeta_by_its_exponent():
    s = sg.input("s", "N")
    exponents, places = rng.uniform(1.2, 8, 12), rng.uniform(0.2, 12, 12)
    found = sg.compile([s, x], sg.grad(sg.sum(sg.zeta(s, x)), s))(exponents, places)
    want = [float(mpmath.zeta(*one, 1)) for one in zip(exponents, places, strict=True)]

    np.testing.assert_allclose(found, want, rtol=1e-12)
    assert sg.check(sg.sum(sg.zeta(s, x)), values={"s": exponents, "x": places}).ok


def test_the_likelihood_of_counts_is_derived_with_its_proof():
    """Negative binomial counts with r successes; Fisher 1941, the equation for the exponent."""
    k, r = sg.input("k", "N"), sg.parameter("r")
    derivation = sg.derive(sg.let("L", sg.sum(sg.loggamma(k + r) - sg.loggamma(r))), r)

    assert derivation.verified
    assert derivation.result.unicode() == "dL/dr = Σ(ψ(k + r)) − ψ(r) N"
    assert r"\psi(k + r)" in derivation.latex()
    assert "L = Σ(log Γ(k + r) − log Γ(r))" in derivation.unicode()


def test_a_node_goes_to_a_process_that_has_made_none_of_them(tmp_path):
    place = tmp_path / "node"
    place.write_bytes(pickle.dumps(sg.loggamma(sg.input("t")) + 1))
    program = "import pickle, sys; print(pickle.load(open(sys.argv[1], 'rb')))"
    command = [sys.executable, "-c", program, str(place)]
    done = subprocess.run(command, capture_output=True, check=True, encoding="utf-8")

    assert done.stdout == "loggamma(t) + 1\n"


def test_an_order_that_is_none_is_refused():
    with pytest.raises(sg.KindError, match=r"the order is 1\.5, and it must be an integer"):
        sg.polygamma(1.5, x)
    with pytest.raises(sg.RangeError, match="the order is -1, and it must be 0 to 19"):
        sg.polygamma(-1, x)
    with pytest.raises(sg.KindError, match="the order is b, and it must be an integer"):
        sg.compile([a, b], sympy.polygamma(b, a))
