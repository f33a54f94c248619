"""The vector functions of the C target against mpmath, NumPy and their stated corner values."""

from collections.abc import Callable
from ctypes import CDLL, c_longlong, c_void_p
from functools import cache
from typing import Any

import numpy as np
import pytest
from c_compiler import needs_c_compiler
from mpmath import mp, mpf

from symgraph.codegen.native.mathtext import FUNCTIONS, needed
from symgraph.codegen.native.toolchain import build

pytestmark = needs_c_compiler

TRUTH: dict[str, Callable[..., Any]] = {
    "exp": mp.exp, "expm1": mp.expm1, "log": mp.log, "log1p": mp.log1p, "tanh": mp.tanh,
    "sin": mp.sin, "cos": mp.cos, "tan": mp.tan, "asin": mp.asin, "acos": mp.acos,
    "atan": mp.atan, "sinh": mp.sinh, "cosh": mp.cosh, "asinh": mp.asinh, "acosh": mp.acosh,
    "atanh": mp.atanh, "exp_down": mp.exp, "exp_below": mp.exp, "exp_less_one": mp.exp,
    "tanh_by": mp.tanh,
}  # fmt: skip
ERRORS = {"whole_erf": mp.erf, "whole_erfc": mp.erfc}
DOMAIN = {
    "asin": (-1, 1), "acos": (-1, 1), "atanh": (-1, 1), "acosh": (1, np.inf), "log": (0, np.inf),
    "log1p": (-1, np.inf), "exp_down": (-np.inf, 0), "exp_below": (-np.inf, 0),
    "exp_less_one": (-np.inf, 0),
}  # fmt: skip
BINARY = ("power", "atan2", "remainder", "floor_divide", "maximum", "minimum")
BOUNDS = {"at_least": "maximum", "at_most": "minimum"}
NUMPY = {"asin": "arcsin", "acos": "arccos", "atan": "arctan", "asinh": "arcsinh",
         "acosh": "arccosh", "atanh": "arctanh", "atan2": "arctan2", "exp_down": "exp",
         "exp_below": "exp", "exp_less_one": "exp", "tanh_by": "tanh"}  # fmt: skip
#: Functions that hand something over in a variable.
CALLS = {
    "exp_less_one": "real m; y[i] = sg_exp_less_one(x[i], &m);",
    "tanh_by": "real m; sg_exp_less_one(-2 * sg_abs(x[i]), &m); y[i] = sg_tanh_by(x[i], m);",
}
WHOLE = ("i_floor_divide", "i_remainder", "i_maximum", "i_minimum", "i_power")


@cache
def library(real: str) -> Any:
    text = ["typedef long long i64;", needed(FUNCTIONS, real)]
    for name in (*TRUTH, *ERRORS, "floor", "ceil", "sqrt", "abs"):
        call = CALLS.get(name, f"y[i] = sg_{name}(x[i]);")
        text.append(
            f"void test_{name}(i64 n, const {real} *x, {real} *y) "
            f"{{ for (i64 i = 0; i < n; i++) {{ {call.replace('real', real)} }} }}"
        )
    text.append(
        f"void test_reciprocals(i64 n, const {real} *x, {real} *y) {{ for (i64 i = 0; i < n; i++)"
        " y[i] = x[i]; for (i64 i = 0; i < SG_WHOLE(n); i += SG_LANES) sg_reciprocals(y + i);"
        " for (i64 i = 0; i < n; i++) y[i] = sg_over(1, y[i]); }"
    )
    for name in (*BINARY, *BOUNDS, "tanh_of"):
        text.append(
            f"void test_{name}(i64 n, const {real} *x, const {real} *z, {real} *y) "
            f"{{ for (i64 i = 0; i < n; i++) y[i] = sg_{name}(x[i], z[i]); }}"
        )
    for name in WHOLE:
        text.append(
            f"void test_{name}(i64 n, const i64 *x, const i64 *z, i64 *y) "
            f"{{ for (i64 i = 0; i < n; i++) y[i] = sg_{name}(x[i], z[i]); }}"
        )
    return CDLL(str(build("\n".join(text))))


def run(name: str, *given: Any) -> Any:
    arrays = [np.ascontiguousarray(x) for x in given]
    y = np.empty_like(arrays[0])
    real = "float" if y.dtype == np.float32 else "double"
    function = getattr(library(real), f"test_{name}")
    function(c_longlong(y.size), *[c_void_p(x.ctypes.data) for x in (*arrays, y)])
    return y


def extreme(dtype: type, domain: tuple[float, float]) -> Any:
    """Small, middling and huge numbers, multiples of a quarter turn, and the ends of the format."""
    draw, info = np.random.default_rng(3), np.finfo(dtype)
    top = float(np.log(info.max))
    powers = draw.uniform(np.log10(info.smallest_subnormal), np.log10(info.max), 150)
    parts = [
        draw.uniform(-1, 1, 80), draw.uniform(-30, 30, 80), 1.05 * top * draw.uniform(-1, 1, 80),
        10.0**powers, -(10.0 ** powers[::-1]), 10.0 ** draw.uniform(-8, 1, 60),
        -(10.0 ** draw.uniform(-8, 1, 60)), 1 + draw.uniform(-1e-3, 1e-3, 40),
        np.arange(-20, 20) * np.pi / 2,
        [info.smallest_subnormal, info.tiny, info.max, -info.max, 0.5, -0.5, 1e-5, 745.0, -745.0],
    ]  # fmt: skip
    x = np.concatenate(parts).astype(dtype)
    return x[np.isfinite(x) & (x > domain[0]) & (x < domain[1])]


def largest_error(x: Any, y: Any, truth: Callable[..., Any]) -> float:
    """The largest relative error, in units of the format's precision; below its smallest normal
    number errors count relative to that."""
    info, worst = np.finfo(y.dtype), 0.0
    with mp.workprec(250):
        for args, value in zip(x, y, strict=True):
            exact = mp.re(truth(*[mpf(float(a)) for a in np.atleast_1d(args)]))
            if abs(exact) > mpf(float(info.max)):
                assert np.isinf(value), (args, value)
                continue
            assert np.isfinite(value), (args, value)
            size = max(abs(exact), mpf(float(info.tiny)))
            worst = max(worst, float(abs(mpf(float(value)) - exact) / size))
    return worst / float(info.eps)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("name", TRUTH)
def test_every_function_has_nearly_all_digits_at_extreme_points(name: str, dtype: type):
    x = extreme(dtype, DOMAIN.get(name, (-np.inf, np.inf)))

    assert largest_error(x, run(name, x), TRUTH[name]) < 2.6


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("name", ERRORS)
def test_the_error_function_and_its_tail_keep_their_digits(name: str, dtype: type):
    info = np.finfo(dtype)
    bounds = (-np.inf, 26.0 if dtype is np.float64 else 9.0)  # behind them tails are denormal
    x = extreme(dtype, bounds)
    steps = np.linspace(-7, 9, 400).astype(dtype)

    assert largest_error(x, run(name, x), ERRORS[name]) < 5
    assert largest_error(steps, run(name, steps), ERRORS[name]) < 5
    ends = np.array([np.inf, -np.inf, np.nan, info.max, -info.max, 0.0], dtype)
    expected = {"whole_erf": [1, -1, np.nan, 1, -1, 0], "whole_erfc": [0, 2, np.nan, 0, 2, 1]}
    np.testing.assert_allclose(run(name, ends), expected[name], rtol=info.eps)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_a_power_has_nearly_all_digits(dtype: type):
    draw = np.random.default_rng(1)
    x = np.abs(draw.normal(size=400) * 10.0 ** draw.integers(-3, 4, 400)).astype(dtype) + dtype(
        1e-6
    )
    y = (draw.normal(size=400) * 10).astype(dtype)

    found = run("power", x, y)
    small = np.isfinite(found) & (found > 0)

    pairs = np.stack([x, y], axis=1)[small]
    assert largest_error(pairs, found[small], mp.power) < 1.0


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("name", [*TRUTH, "floor", "ceil", "sqrt", "abs"])
def test_special_values_and_signs_are_those_of_numpy(name: str, dtype: type):
    info = np.finfo(dtype)
    x = np.array([np.inf, -np.inf, np.nan, 0.0, -0.0, 1, -1, 2, -2, 2.5, -2.5, info.tiny, info.max,
                  -info.max, info.smallest_subnormal, 1e10, -1e10], dtype)  # fmt: skip
    if DOMAIN.get(name) == (-np.inf, 0):  # of nothing above 0 but infinity, if of that
        x = x[~(x > 0) | (np.isinf(x) & (name == "exp_below"))]

    with np.errstate(all="ignore"):
        expected = getattr(np, NUMPY.get(name, name))(x)
    found = run(name, x)

    np.testing.assert_allclose(found, expected, rtol=4 * info.eps, atol=4 * info.tiny)
    number = ~np.isnan(expected)
    assert np.array_equal(np.signbit(found[number]), np.signbit(expected[number]))


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("name", BINARY)
def test_functions_of_two_numbers_are_those_of_numpy(name: str, dtype: type):
    info, draw = np.finfo(dtype), np.random.default_rng(0)
    some = np.array([np.inf, -np.inf, np.nan, 0.0, -0.0, 1, -1, 2, -2, 0.5, -0.5, 3, -3, info.max,
                     -info.max, info.tiny, info.smallest_subnormal, 1e10, -1e10, 2.5, 7],
                    dtype)  # fmt: skip
    some = np.concatenate(
        [some, draw.normal(size=30).astype(dtype), draw.normal(size=20).astype(dtype) * dtype(1e5)]
    )
    x, y = (grid.ravel() for grid in np.meshgrid(some, some))

    with np.errstate(all="ignore"):
        expected = getattr(np, NUMPY.get(name, name))(x, y)
    found = run(name, x, y)

    # NumPy's own float32 power is off by more than ours.
    loose = 40 if name == "power" and dtype == np.float32 else 4
    np.testing.assert_allclose(found, expected, rtol=loose * info.eps, atol=info.tiny)
    if name not in ("maximum", "minimum"):
        number = ~np.isnan(expected)
        assert np.array_equal(np.signbit(found[number]), np.signbit(expected[number]))


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("name", BOUNDS)
def test_a_bound_leaves_what_is_not_a_number(name: str, dtype: type):
    x = np.array([np.inf, -np.inf, np.nan, 0.0, -0.0, 3, -3, 2.5, -2.5], dtype)

    for bound in (0.0, 2.5, -2.5, np.finfo(dtype).max):
        expected = getattr(np, BOUNDS[name])(x, dtype(bound))
        np.testing.assert_array_equal(run(name, x, np.full_like(x, bound)), expected)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_reciprocals_of_vectors_have_nearly_all_digits(dtype: type):
    info, draw = np.finfo(dtype), np.random.default_rng(5)
    powers = draw.uniform(np.log10(info.tiny) + 1, np.log10(info.max) - 1, 496)
    x = np.concatenate([10.0**powers, -(10.0**powers), draw.uniform(0.5, 2, 512)]).astype(dtype)
    ends = np.array([0.0, -0.0, np.inf, np.nan] * 4, dtype)

    assert largest_error(x, run("reciprocals", x), lambda y: 1 / y) < 1.0
    with np.errstate(divide="ignore"):
        np.testing.assert_array_equal(run("reciprocals", ends), 1 / ends)


@pytest.mark.parametrize("name", WHOLE)
def test_whole_numbers_are_treated_as_numpy_treats_them(name: str):
    some = np.array([0, 1, -1, 2, -2, 3, 7, -7, 10, -10, 2**62, -(2**63), 2**63 - 1])
    x, y = (
        grid.ravel() for grid in np.meshgrid(some, np.abs(some[:10]) if name == "i_power" else some)
    )

    with np.errstate(all="ignore"):
        expected = getattr(np, name[2:])(x, y)

    np.testing.assert_array_equal(run(name, x, y), expected)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_tanh_of_an_exponential_that_is_there_has_nearly_all_digits(dtype: type):
    x = extreme(dtype, (-1e30, 1e30))

    assert largest_error(x, run("tanh_of", x, run("exp", -2 * np.abs(x))), TRUTH["tanh"]) < 2.6


def test_only_what_is_called_is_written():
    text = needed(["tanh"], "float")

    assert "sg_tanh(" in text
    assert "sg_reduced(" in text
    assert "sg_log(" not in text
    assert "double" not in text
    assert "#include" not in needed(FUNCTIONS, "double")
    assert needed([], "double") == ""
