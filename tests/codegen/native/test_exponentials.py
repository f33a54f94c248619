"""One exponential serves a function and its slope, and all digits are kept."""

import re
from typing import Any

import numpy as np
import pytest
import sympy as sp
from c_compiler import needs_c_compiler
from mpmath import mp, mpf

import symgraph as sg

pytestmark = needs_c_compiler

COSTLY = re.compile(
    r"\bsg_(?:exp|exp_(?:down|less_one)|expm1|tanh|log|log1p|sinh|cosh|power|power_of)\("
)
POINTS = [-700.0, -350.0, -40.0, -20.0, -3.0, -0.35, -1e-3, -1e-9, -1e-300, 0.0, 1e-17, 0.2, 0.349,
          0.351, 1.0, 5.0, 18.0, 19.5, 37.0, 300.0, 710.0]  # fmt: skip


def calls(source: str) -> int:
    """How often the program itself calls a costly function."""
    return len(COSTLY.findall(source[source.index("static i64 step_1") :]))


def slope(function: Any) -> Any:
    x = sg.input("x", ("N",))
    y = function(x)
    return sg.compile([x], [y, sg.grad(sg.sum(y), x)], target="cython")


TRUTH: dict[str, tuple[Any, Any]] = {
    "tanh": (mp.tanh, lambda x: mp.sech(x) ** 2),
    "sigmoid": (lambda x: 1 / (1 + mp.exp(-x)), lambda x: 1 / (2 + mp.exp(x) + mp.exp(-x))),
    "softplus": (lambda x: mp.log1p(mp.exp(x)), lambda x: 1 / (1 + mp.exp(-x))),
}


@pytest.mark.parametrize(("name", "count"), [("tanh", 1), ("sigmoid", 1), ("softplus", 2)])
def test_value_and_slope_cost_one_exponential_and_keep_their_digits(name: str, count: int):
    f = slope(getattr(sg, name))
    x = np.array(POINTS)

    values = f(x)

    assert calls(f.source) == count  # softplus has a logarithm besides
    with mp.workprec(4000):
        for found, truth in zip(values, TRUTH[name], strict=True):
            for at, value in zip(x, found, strict=True):
                exact = truth(mpf(at))
                assert abs(mpf(float(value)) - exact) <= 1e-12 * abs(exact) + mpf(2) ** -1050


def test_a_deep_net_computes_one_exponential_a_layer():
    x, layers = sg.input("x", ("N", 4)), 3
    h, weights = x, [sg.parameter(f"W{k}", (4, 4)) for k in range(layers)]
    for k, W in enumerate(weights):
        h = (sg.tanh if k % 2 else sg.sigmoid)(h @ W)
    loss = sg.sum(h * h)
    f = sg.compile([x, *weights], [loss, *sg.grad(loss, weights)], target="cython")

    assert calls(f.source) == layers


def test_a_recurrence_computes_one_exponential_a_step():
    x, W = sg.input("x", ("T", 3)), sg.parameter("W", (3, 3))
    states = sg.scan(lambda h, now: sg.tanh(h @ W + now), sg.zeros(3), x).states
    loss = sg.sum(states**2)
    f = sg.compile([x, W], [loss, sg.grad(loss, W)], target="cython")
    draw = np.random.default_rng(0)
    given = draw.normal(size=(5, 3)), draw.normal(size=(3, 3))

    assert calls(f.source) == 1
    expected = sg.compile([x, W], [loss, sg.grad(loss, W)])(*given)
    for a, b in zip(f(*given), expected, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-12)


BASES = [0.9, 0.999, 2, 10, sp.Rational(1, 3), 1 + 2.0**-20, 1 - 2.0**-20, 1e-30, 1e30, 1e-40]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_number_to_a_power_has_nearly_all_digits_and_no_logarithm(dtype: str):
    info = np.finfo(dtype)
    y = np.concatenate([np.linspace(-60, 60, 241), [1e-30, -1e-7, 1e4, -1e5, 3e30, -3e30, 0.0]])
    y = y.astype(dtype)
    x = sg.input("x", ("N",))
    f = sg.compile([x], [sg.power(base, x) for base in BASES], target="cython", dtype=dtype)

    values = f(y)

    assert "sg_log" not in f.source
    for base, found in zip(BASES, values, strict=True):
        number = mpf(float(np.dtype(dtype).type(float(base))))
        with mp.workprec(200):
            for at, value in zip(y, found, strict=True):
                exact = number ** mpf(float(at)) if abs(at) < 1e6 else mpf(0)
                if abs(at) >= 1e6:  # the end that it runs to
                    assert value == (np.inf if (at > 0) == (number > 1) else 0)
                elif exact > float(info.max):
                    assert value == np.inf
                else:
                    error = abs(mpf(float(value)) - exact)
                    assert error <= float(info.eps) * max(exact, mpf(float(info.tiny)))


@pytest.mark.parametrize("base", [0.0, -0.0, 1.0, -2.0, 0.9, 3.0])
def test_a_number_to_an_extreme_power_is_that_of_numpy(base: float):
    y = np.array([np.inf, -np.inf, np.nan, 0.0, -0.0, 1.0, 2.0, -3.0, 0.5])
    x = sg.input("x", ("N",))
    f = sg.compile([x], [sg.power(base, x)], target="cython")

    with np.errstate(all="ignore"):
        np.testing.assert_allclose(f(y)[0], np.power(base, y), rtol=1e-14)
