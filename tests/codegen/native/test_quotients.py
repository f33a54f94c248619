"""Quotients by one divisor in programs of numbers: fewer divisions, the same values."""

import functools
import re
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
import sympy
from c_compiler import needs_c_compiler
from hypothesis import given, settings, strategies as st

import symgraph as sg

pytestmark = needs_c_compiler

a, b, c, d, e = sympy.symbols("a b c d e")


def native(args: Any, outputs: Any, **options: Any) -> Any:
    return sg.compile(args, outputs, target="cython", **options)


def divisions(f: Any) -> int:
    body = f.source[f.source.index("static void step_1") :]
    return len(re.findall(r" / ", re.sub(r"/\*.*?\*/", "", body)))


def test_a_divisor_of_several_quotients_is_divided_by_once():
    f = native([a, b, c, d], [a / d, b * c / d, sympy.sin(c / d), c / d - a / d])

    assert divisions(f) == 1
    values = f(1.5, -2.0, 0.7, 1.9)
    exact = [1.5 / 1.9, -1.4 / 1.9, np.sin(0.7 / 1.9), -0.8 / 1.9]
    assert values == pytest.approx(exact, rel=1e-15)


def test_the_square_of_a_root_is_divided_by_with_the_root():
    r = sympy.sqrt(a**2 + b**2)
    f = native([a, b], [a / r, b / r, sg.grad(a / r, [a, b])])

    assert divisions(f) == 1
    x, y, (dx, dy) = f(3.0, 4.0)
    assert [x, y, dx, dy] == pytest.approx([0.6, 0.8, 16 / 125, -12 / 125], rel=1e-14)


@pytest.mark.parametrize("x", [-3.7, 1e-60, 1e70, 5e-324, 0.0, np.inf])
def test_the_squares_of_a_divisor_are_divided_by_with_it(x: float):
    f = native([a, b], [a / b, sympy.sin(a) / b**2, (a + 1) / b**4])

    assert divisions(f) == 1
    with np.errstate(all="ignore"):
        top, below = np.float64(0.7), np.float64(x)
        exact = [top / below, np.sin(top) / below**2, (top + 1) / (below**2) ** 2]
    np.testing.assert_allclose(f(0.7, x), exact, rtol=2e-15)


@given(st.lists(st.floats(-9, 9), min_size=7, max_size=7))
def test_long_sums_of_quotients_are_what_fractions_give(values: list[float]):
    symbols = sympy.symbols("s0:7")
    signs = (1, -1, -1, 1, -1, 1, -1)
    f = _long_sum(symbols, signs)
    terms = [sign * Fraction(x) for sign, x in zip(signs, values, strict=True)]
    exact, size = float(sum(terms) / Fraction(1.75)), float(sum(map(abs, terms)))
    assert f(*values, 1.75)[0] == pytest.approx(exact, rel=0, abs=1e-15 * size)


@functools.cache
def _long_sum(symbols: Any, signs: Any) -> Any:
    terms = [sign * s / d for sign, s in zip(signs, symbols, strict=True)]
    return native([*symbols, d], [sympy.Add(*terms, evaluate=False), sympy.sin(symbols[0]) / d])


def test_a_single_quotient_stays_as_it_is():
    f = native([a, b, c], [a / b + c, c / 3])

    assert f(1.0, 49.0, 7.0) == [1.0 / 49.0 + 7.0, 7.0 / 3]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(
    "divisor", [0.0, -0.0, np.inf, -np.inf, np.nan, "tiny", "least", "below", "largest"]
)
def test_extreme_divisors_give_what_division_gives(dtype: Any, divisor: Any):
    info = np.finfo(dtype)
    named = {
        "tiny": info.tiny, "least": info.smallest_subnormal, "largest": -info.max,
        "below": 12345 * info.smallest_subnormal,
    }  # fmt: skip
    divisor = np.dtype(dtype).type(named.get(divisor, divisor))
    f = native([a, b, c, d], [a / d, b / d, c / d], dtype=dtype)
    tops = np.array([0.0, 77 * info.smallest_subnormal, -1.25], dtype)

    with np.errstate(all="ignore"):
        exact = tops / divisor
    np.testing.assert_allclose(f(*tops, divisor), exact, rtol=3 * info.eps)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_roots_of_numbers_below_the_normal_ones_are_no_exception(dtype: Any):
    info = np.finfo(dtype)
    f = native([a, b], [a / sympy.sqrt(b), (a + 1) / sympy.sqrt(b), a / (2 * b)], dtype=dtype)

    root = np.sqrt(np.dtype(dtype).type(info.smallest_subnormal))
    values = f(0.0, info.smallest_subnormal)
    np.testing.assert_allclose(values, [0, 1 / root, 0], rtol=3 * info.eps)


TERMS = st.lists(
    st.tuples(st.sampled_from("+-"), st.sampled_from(["a", "b", "c"]), st.sampled_from("de1")),
    min_size=2, max_size=12,
)  # fmt: skip


def summed(parts: Any, at: dict[str, Any]) -> Any:
    """Terms added from the left, every third sum with its sign turned."""
    total = at["c"] * at["a"]
    for number, (sign, top, below) in enumerate(parts):
        term = at[top] / at[below] if below != "1" else at[top]
        total = total + term if sign == "+" else total - term
        total = -total if number % 3 == 2 else total
    return total


@settings(max_examples=15, deadline=None)
@given(TERMS, st.lists(TERMS, max_size=2))
def test_sums_of_quotients_are_exact_up_to_rounding(parts: Any, others: Any):
    numbers = {"a": 0.3, "b": -1.7, "c": 2.9, "d": 0.7, "e": -3.1}
    nodes = {name: sg.input(name) for name in numbers}

    def all_of(at: dict[str, Any]) -> Any:
        total = summed(parts, at)
        for other in others:
            total = total - summed(other, at)
        return [total, at["a"] / at["d"], total / at["e"]]

    values = native(list(nodes.values()), all_of(nodes))(*numbers.values())
    exact = all_of({name: Fraction(value) for name, value in numbers.items()})

    np.testing.assert_allclose(values, [float(x) for x in exact], rtol=0, atol=2e-14)
    assert values[1] == pytest.approx(0.3 / 0.7, rel=3e-16)


def test_new_values_of_arrays_that_are_swapped_and_divided_come_of_the_old_ones():
    u, v = sg.state("u", (2,)), sg.state("v", (2,))
    updates = {u: sg.stack([v[0] / v[1], u[0] / v[1]]), v: sg.stack([u[1], u[0]])}
    f = native([u, v], [], updates=updates)
    first, second = np.array([3.0, 5.0]), np.array([6.0, 2.0])
    f.bind(first, second).step()

    assert first.tolist() == [3.0, 1.5]
    assert second.tolist() == [5.0, 3.0]
