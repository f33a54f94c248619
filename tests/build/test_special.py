"""Values and slopes of the pointwise functions far out, near 0 and at kinks, against mpmath."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import mpmath
import numpy as np
import pytest
from mpmath import mp
from numeric import check_derivatives, evaluate, value

import symgraph as sg
from symgraph.node import Node

SIZES = [0.0, 1e-300, 1e-12, 1e-5, 0.5, 1.0, 5.0, 20.0, 37.0, 300.0, 700.0, 745.0]
POINTS = [*SIZES, *(-size for size in SIZES[1:])]
TINY, HUGE = float(np.finfo(float).tiny), float(np.finfo(float).max)

SELU_SCALE, SELU_ALPHA = 1.0507009873554804934193349852946, 1.6732632423543772848170429916717


def sech2(x: Any) -> Any:
    return 4 / (mpmath.exp(x) + mpmath.exp(-x)) ** 2


def logistic(x: Any) -> Any:
    return 1 / (1 + mpmath.exp(-x))


def phi(x: Any) -> Any:
    return mpmath.erfc(-x / mpmath.sqrt(2)) / 2


def density(x: Any) -> Any:
    return mpmath.exp(-(x**2) / 2) / mpmath.sqrt(2 * mpmath.pi)


def elu(x: Any, alpha: float = 1.0) -> Any:
    return x if x > 0 else alpha * mpmath.expm1(x)


def elu_slope(x: Any, alpha: float = 1.0) -> Any:
    return mpmath.mpf(1) if x > 0 else alpha * mpmath.exp(x)


Formula = Callable[[Any], Any]
#: The function, its value and its slope at more digits than float64 has.
FUNCTIONS: dict[str, tuple[Callable[[Node], Node], Formula, Formula]] = {
    "tanh": (sg.tanh, mpmath.tanh, sech2),
    "sigmoid": (sg.sigmoid, logistic, lambda x: logistic(x) * logistic(-x)),
    "softplus": (sg.softplus, lambda x: mpmath.log1p(mpmath.exp(x)), logistic),
    "relu": (sg.relu, lambda x: max(x, mpmath.mpf(0)), lambda x: mpmath.mpf(x > 0)),
    "leaky_relu": (
        lambda x: sg.leaky_relu(x, 0.125),
        lambda x: x if x > 0 else x / 8,
        lambda x: mpmath.mpf(1 if x > 0 else 0.125),
    ),
    "elu": (sg.elu, elu, elu_slope),
    "selu": (
        sg.selu,
        lambda x: mpmath.mpf(SELU_SCALE) * elu(x, mpmath.mpf(SELU_ALPHA)),
        lambda x: mpmath.mpf(SELU_SCALE) * elu_slope(x, mpmath.mpf(SELU_ALPHA)),
    ),
    "gelu": (sg.gelu, lambda x: x * phi(x), lambda x: phi(x) + x * density(x)),
    "silu": (
        sg.silu,
        lambda x: x * logistic(x),
        lambda x: logistic(x) * (1 + x * logistic(-x)),
    ),
    "erf": (sg.erf, mpmath.erf, lambda x: 2 * mpmath.exp(-(x**2)) / mpmath.sqrt(mpmath.pi)),
    "erfc": (sg.erfc, mpmath.erfc, lambda x: -2 * mpmath.exp(-(x**2)) / mpmath.sqrt(mpmath.pi)),
    "normal_cdf": (sg.normal_cdf, phi, density),
    "normal_pdf": (sg.normal_pdf, density, lambda x: -x * density(x)),
    "log_sigmoid": (
        sg.log_sigmoid,
        lambda x: -mpmath.log1p(mpmath.exp(-x)),
        lambda x: logistic(-x),
    ),
    "softsign": (sg.softsign, lambda x: x / (1 + abs(x)), lambda x: 1 / (1 + abs(x)) ** 2),
    "expm1": (sg.expm1, mpmath.expm1, mpmath.exp),
    "exp": (sg.exp, mpmath.exp, mpmath.exp),
    "log1p": (sg.log1p, mpmath.log1p, lambda x: 1 / (1 + x)),
    "log": (sg.log, mpmath.log, lambda x: 1 / x),
    "sqrt": (sg.sqrt, mpmath.sqrt, lambda x: 1 / (2 * mpmath.sqrt(x))),
    "square": (sg.square, lambda x: x**2, lambda x: 2 * x),
    "abs": (sg.abs, abs, mpmath.sign),
    "logsumexp": (
        lambda x: sg.logsumexp(sg.stack([x, sg.zeros(())])),
        lambda x: mpmath.log1p(mpmath.exp(x)),
        logistic,
    ),
    "logaddexp": (
        lambda x: sg.logaddexp(0.0, x),
        lambda x: mpmath.log1p(mpmath.exp(x)),
        logistic,
    ),
    "coin against 0": (
        lambda x: sg.binary_cross_entropy_with_logits(x, 0.0),
        lambda x: mpmath.log1p(mpmath.exp(x)),
        logistic,
    ),
    "coin against 1": (
        lambda x: sg.binary_cross_entropy_with_logits(x, 1.0),
        lambda x: mpmath.log1p(mpmath.exp(-x)),
        lambda x: -logistic(-x),
    ),
}
ABOVE_ZERO = {"log", "sqrt"}
ABOVE_MINUS_ONE = {"log1p"}


def points_of(name: str) -> list[float]:
    if name in ABOVE_ZERO:
        return [x for x in POINTS if x > 0]
    return [x for x in POINTS if name not in ABOVE_MINUS_ONE or x > -1]


def relative_error(got: float, want: Any) -> float:
    """How far off a float is; below the smallest normal number any subnormal one is right."""
    if abs(want) < TINY:
        return 0.0 if abs(got) <= 1.01 * TINY else np.inf
    if abs(want) > HUGE:
        return 0.0 if got == float(mpmath.sign(want)) * np.inf else np.inf
    return float(abs((mpmath.mpf(float(got)) - want) / want))


def worst(got: list[float], formula: Formula, points: list[float]) -> tuple[float, float]:
    with mp.workdps(700):
        errors = [
            relative_error(y, formula(mpmath.mpf(x))) for x, y in zip(points, got, strict=True)
        ]
    return max(zip(errors, points, strict=True))


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_value_has_twelve_digits_at_extreme_points(name: str):
    function, formula, _ = FUNCTIONS[name]
    x = sg.input("x")
    points = points_of(name)

    got = [float(value(function(x), {x: point})) for point in points]

    error, at = worst(got, formula, points)
    assert error <= 1e-12, (name, at)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_slope_has_twelve_digits_at_extreme_points(name: str):
    function, _, formula = FUNCTIONS[name]
    x = sg.input("x")
    points = points_of(name)

    got = [float(value(sg.grad(function(x), x), {x: point})) for point in points]

    error, at = worst(got, formula, points)
    assert error <= 1e-12, (name, at)


@pytest.mark.parametrize(
    ("function", "formula", "low", "high"),
    [
        (sg.erf, mpmath.erf, -6.0, 6.0),
        (sg.erf, mpmath.erf, -1e-3, 1e-3),
        (sg.erfc, mpmath.erfc, -6.0, 1.0),
        (sg.erfc, mpmath.erfc, 0.4, 4.1),
        (sg.erfc, mpmath.erfc, 4.0, 26.5),
    ],
)
def test_the_error_functions_have_fifteen_digits(function, formula, low: float, high: float):
    xs = np.random.default_rng(0).uniform(low, high, 500)
    x = sg.input("x", 500)

    got = value(function(x), {x: xs})

    with mp.workdps(30):
        errors = [
            abs((mpmath.mpf(float(y)) - formula(mpmath.mpf(t))) / formula(mpmath.mpf(t)))
            for t, y in zip(xs.tolist(), got, strict=True)
        ]
    assert max(errors) <= 1e-15


def test_the_error_functions_take_infinities_and_nan():
    x = sg.input("x", 3)
    at = {x: np.array([np.inf, -np.inf, np.nan])}

    first, second = evaluate([sg.erf(x), sg.erfc(x)], at)

    np.testing.assert_array_equal(first, [1.0, -1.0, np.nan])
    np.testing.assert_array_equal(second, [0.0, 2.0, np.nan])


def test_the_error_function_keeps_the_sign_of_zero():
    x = sg.input("x")

    assert np.signbit(value(sg.erf(x), {x: -0.0}))


def test_xlogy_is_zero_at_zero_and_sends_no_nan_to_its_logarithm():
    x, y = sg.input("x", 3), sg.input("y", 3)
    at = {x: np.array([0.0, 2.0, 0.0]), y: np.array([0.0, 4.0, 3.0])}
    node = sg.xlogy(x, y)

    np.testing.assert_array_equal(value(node, at), [0.0, 2 * np.log(4.0), 0.0])
    np.testing.assert_array_equal(value(sg.grad(sg.sum(node), y), at), [0.0, 0.5, 0.0])


def test_logaddexp_of_two_infinities_is_that_infinity():
    x = sg.input("x", 2)

    got = value(sg.logaddexp(x, x), {x: np.array([-np.inf, np.inf])})

    np.testing.assert_array_equal(got, [-np.inf, np.inf])


def test_a_soft_maximum_far_from_zero_overflows_nowhere():
    z = sg.input("z", (3, 2))
    at = {z: np.array([[1e3, -1e3], [-1e3, -1e3], [-np.inf, 0.0]])}

    p, log_p = evaluate([sg.softmax(z), sg.log_softmax(z)], at)

    np.testing.assert_allclose(p, [[1.0, 0.0], [0.5, 0.5], [0.0, 1.0]], rtol=1e-12)
    expected = [[0.0, -2e3], [-0.6931471805599453, -0.6931471805599453], [-np.inf, 0.0]]
    np.testing.assert_allclose(log_p, expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("name", sorted(set(FUNCTIONS) - {"relu", "leaky_relu", "selu"}))
def test_second_derivatives_agree_with_differences_of_the_first(name: str):
    x = sg.input("x")

    check_derivatives(FUNCTIONS[name][0](x), {x: 0.8}, [x])
    if name not in ABOVE_ZERO:
        check_derivatives(FUNCTIONS[name][0](x), {x: -0.3}, [x])


@pytest.mark.parametrize(
    ("node", "text"),
    [
        (sg.grad(sg.gelu(sg.input("x")), sg.input("x")), "x*normal_pdf(x) + normal_cdf(x)"),
        (
            sg.grad(sg.silu(sg.input("x")), sg.input("x")),
            "x*(sigmoid(x)*(1 - sigmoid(x))) + sigmoid(x)",
        ),
    ],
)
def test_a_slope_is_written_by_the_functions_that_students_know(node: Node, text: str):
    assert str(node) == text
