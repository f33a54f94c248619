"""Formulas as a textbook writes them keep their digits, and do not overflow, when compiled."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import sympy
from c_compiler import needs_c_compiler
from hypothesis import given, settings, strategies as st
from mpmath import mp, mpf

import symgraph as sg
from symgraph.codegen.passes import unchanged
from symgraph.codegen.stable import Stable
from symgraph.walks import variables

POINTS = [
    -1000.0, -745.0, -400.0, -355.0, -38.0, -20.0, -3.0, -0.3, -1e-9, -1e-17, -1e-300, 0.0, 1e-300,
    1e-16, 1e-8, 0.25, 0.99999999, 2.0, 15.0, 21.0, 40.0, 360.0, 709.0, 800.0, 1e5, 3e8,
]  # fmt: skip


def _softplus(x: Any) -> Any:
    return max(x, 0) + mp.log1p(mp.exp(-abs(x)))


def _sigmoid(x: Any) -> Any:
    return 1 / (1 + mp.exp(-x)) if x > 0 else mp.exp(x) / (1 + mp.exp(x))


def _slope(x: Any) -> Any:
    return _sigmoid(x) * _sigmoid(-x)


#: How it is written, its value and its slope, and where both are compared.
FORMULAS: dict[str, tuple[Callable[[Any], Any], Any, Any, Callable[[float], bool]]] = {
    "log(1 + exp(x))": (lambda x: sg.log(1 + sg.exp(x)), _softplus, _sigmoid, lambda x: True),
    "log(1 + exp(-x))": (
        lambda x: sg.log(1 + sg.exp(-x)), lambda x: _softplus(-x), lambda x: -_sigmoid(-x),
        lambda x: True,
    ),
    "1/(1 + exp(-x))": (lambda x: 1 / (1 + sg.exp(-x)), _sigmoid, _slope, lambda x: True),
    "exp(x)/(1 + exp(x))": (
        lambda x: sg.exp(x) / (1 + sg.exp(x)), _sigmoid, None, lambda x: True,
    ),
    "log(sigmoid(x))": (
        lambda x: sg.log(sg.sigmoid(x)), lambda x: -_softplus(-x), lambda x: _sigmoid(-x),
        lambda x: True,
    ),
    "log(1 - sigmoid(x))": (
        lambda x: sg.log(1 - sg.sigmoid(x)), lambda x: -_softplus(x), lambda x: -_sigmoid(x),
        lambda x: True,
    ),
    "log(1/(1 + exp(-x)))": (
        lambda x: sg.log(1 / (1 + sg.exp(-x))), lambda x: -_softplus(-x), lambda x: _sigmoid(-x),
        lambda x: True,
    ),
    "y (1 - y)": (
        lambda x: sg.sigmoid(x) * (1 - sg.sigmoid(x)), _slope, None, lambda x: True,
    ),
    "1 - tanh(x)**2": (
        lambda x: 1 - sg.tanh(x) ** 2, lambda x: _slope(2 * x) * 4, None, lambda x: True,
    ),
    "exp(x) - 1": (lambda x: sg.exp(x) - 1, mp.expm1, mp.exp, lambda x: x < 700),
    "log(1 + x)": (lambda x: sg.log(1 + x), mp.log1p, lambda x: 1 / (1 + x), lambda x: x > -0.5),
    "log(1 - x)": (
        lambda x: sg.log(1 - x), lambda x: mp.log1p(-x), lambda x: -1 / (1 - x),
        lambda x: x < 0.5,
    ),
    "arcsin": (
        sg.arcsin, mp.asin, lambda x: 1 / mp.sqrt(1 - x**2), lambda x: abs(x) < 1,
    ),
    "arcsinh": (
        sg.arcsinh, mp.asinh, lambda x: 1 / mp.sqrt(1 + x**2), lambda x: True,
    ),
    "sqrt(1 + x**2)": (
        lambda x: sg.sqrt(1 + x**2), lambda x: mp.sqrt(1 + x**2),
        lambda x: x / mp.sqrt(1 + x**2), lambda x: True,
    ),
    "1 - x**2": (lambda x: 1 - x**2, lambda x: 1 - x**2, lambda x: -2 * x, lambda x: True),
}  # fmt: skip


def check_digits(found: Any, points: Any, truth: Any) -> None:
    with mp.workprec(4000):
        for at, value in zip(points, found, strict=True):
            exact = truth(mpf(at))
            assert abs(mpf(float(value)) - exact) <= 1e-12 * abs(exact) + mpf(2) ** -1021, at


@pytest.mark.parametrize("target", ["numpy", pytest.param("cython", marks=needs_c_compiler)])
@pytest.mark.parametrize("name", FORMULAS)
def test_value_and_slope_keep_twelve_digits_at_extreme_points(name: str, target: Any):
    written, value, slope, where = FORMULAS[name]
    points = [point for point in POINTS if where(point)]
    x = sg.input("x", "N")
    y = written(x)

    found = sg.compile([x], [y, sg.grad(sg.sum(y), x)], target=target)(points)

    check_digits(found[0], points, value)
    if slope is not None:
        check_digits(found[1], points, slope)


@pytest.mark.parametrize("target", ["numpy", pytest.param("cython", marks=needs_c_compiler)])
def test_the_slope_of_arcsinh_is_one_over_numbers_whose_square_overflows(target: Any):
    x = sg.input("x", "N")
    slope = sg.grad(sg.sum(sg.arcsinh(x)), x)
    points = np.array([1e18, -3e30, 1e200, np.inf, np.nan])

    single = sg.compile([x], slope, target=target, dtype="float32")(points[:2].astype(np.float32))

    np.testing.assert_allclose(single, [1e-18, 1 / 3e30], rtol=3e-7)
    found = sg.compile([x], slope, target=target)(points)
    np.testing.assert_allclose(found, [1e-18, 1 / 3e30, 1e-200, 0, np.nan], rtol=1e-15)


def test_plain_sympy_keeps_them_too():
    x = sympy.Symbol("x")

    assert sg.compile(x, sympy.log(1 + sympy.exp(x)))(800.0) == 800
    assert sg.compile(x, sg.grad(sympy.log(1 + sympy.exp(x)), x))(800.0) == 1
    assert sg.compile(x, sympy.exp(x) - 1)(1e-20) == 1e-20


@pytest.mark.parametrize("axis", [0, 1])
@pytest.mark.parametrize("form", ["log_softmax", "cross entropy"])
def test_the_loss_of_what_is_known_almost_surely_keeps_its_digits(form: str, axis: int):
    z = sg.input("z", ("N", "K"))
    scores = np.array([[0.0, 15.0, -3.0], [40.0, 0.0, 1.0], [700.0, -700.0, 0.0]])
    scores = scores if axis else scores.T
    sure = [1, 0, 0]
    if form == "log_softmax":
        losses = -sg.compile([z], sg.log_softmax(z, axis=axis))(scores)
        found = losses[np.arange(3), sure] if axis else losses[sure, np.arange(3)]
    else:
        moved = z if axis else sg.transpose(z)
        y = sg.input("y", moved.shape[0], kind="integer")
        one = sg.compile([z, y], sg.cross_entropy(moved, y))
        found = [one(scores[[k]] if axis else scores[:, [k]], [sure[k]]) for k in range(3)]

    with mp.workprec(3000):
        for k, loss in enumerate(found):
            row = [mpf(v) for v in (scores[k] if axis else scores[:, k])]
            others = sum(mp.exp(v - row[sure[k]]) for j, v in enumerate(row) if j != sure[k])
            assert abs(mpf(float(loss)) - mp.log1p(others)) <= 1e-12 * mp.log1p(others) + 1e-320


@given(st.integers(0, 10**6))
@settings(max_examples=40, deadline=None)
def test_products_of_sigmoids_have_the_value_that_they_have_as_written(seed: int):
    rng = np.random.default_rng(seed)
    x, c = sg.input("x", "N"), sg.input("c", "N")
    y = x if rng.random() < 0.5 else -x
    parts = [
        sg.exp(y), 1 + sg.exp(y), 1 + sg.exp(-y), sg.sigmoid(y), 1 - sg.sigmoid(y), c,
        sg.exp(-y), sg.grad(sg.sum(sg.sigmoid(x)), x), sg.sigmoid(c), 1 + sg.exp(c),
    ]  # fmt: skip
    made = parts[rng.integers(len(parts))]
    for _ in range(rng.integers(1, 7)):
        other = parts[rng.integers(len(parts))]
        made = [made * other, made / other, other * made, -made, made**2][rng.integers(5)]
    outputs = [made, sg.log(sg.abs(made) + 1e-3)]
    if x in variables([made]):
        outputs.append(sg.grad(sg.sum(made), x))
    values = {"x": rng.normal(size=5), "c": rng.uniform(0.5, 2.0, 5)}

    found = sg.compile([x, c], outputs)(values["x"], values["c"])

    used = {v.name for v in variables(outputs)}
    expected = sg.evaluate(outputs, {name: values[name] for name in used})
    for a, b in zip(found, expected, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-11)


def test_nan_stays_where_factors_cancel():
    x = sg.input("x")
    y = sg.sigmoid(x)

    found = sg.compile([x], [y / y, y / (1 + sg.exp(-x)), sg.log(1 + sg.exp(x))])(np.nan)

    assert np.isnan(found).all()


def test_a_long_product_of_sigmoids_is_lowered_in_linear_work():
    x = sg.input("x", 200)
    made = sg.const(1.0)
    for k in range(200):
        made = made * sg.sigmoid(x[k]) * sg.exp(x[k]) / (1 + sg.exp(x[k]))
    values = np.linspace(-1.0, 1.0, 200)

    found = sg.compile([x], made)(values)

    np.testing.assert_allclose(found, np.prod((1 / (1 + np.exp(-values))) ** 2), rtol=1e-12)


def test_without_the_rules_the_digits_are_lost(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(Stable, "settled", lambda self, node: node)
    monkeypatch.setattr("symgraph.codegen.shift.cancel_exponentials", unchanged)
    x = sg.input("x", "N")
    y = sg.log(1 + sg.exp(x))

    value, slope = sg.compile([x], [y, sg.grad(sg.sum(y), x)])([-40.0, 1.0, 800.0])

    assert [value[0], value[2]] == [0, np.inf]
    assert np.isnan(slope[2])
    np.testing.assert_allclose([value[1], slope[1]], [np.log1p(np.e), 1 / (1 + np.exp(-1))])
