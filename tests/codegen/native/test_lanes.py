"""Quotients by roots, which vectors compute as products with reciprocals."""

from typing import Any

import numpy as np
import pytest
from c_compiler import needs_c_compiler
from hypothesis import given, settings, strategies as st

import symgraph as sg

pytestmark = needs_c_compiler

DTYPES = ["float32", "float64"]


def _rmsprop(shape: tuple[Any, ...], eps: float = 1e-6, **options: Any) -> Any:
    """s + g**2 into s, and w - 0.1 g / (sqrt(s) + eps) into w."""
    g, w, s = (
        kind(name, shape) for kind, name in ((sg.input, "g"), (sg.state, "w"), (sg.state, "s"))
    )
    squares = s + g**2
    updates = {s: squares, w: w - 0.1 * g / (sg.sqrt(squares) + eps)}
    return sg.compile([g, w, s], [], updates=updates, target="cython", **options)


def _expected(g: Any, w: Any, s: Any, eps: float) -> tuple[Any, Any]:
    squares = s + g**2
    return w - 0.1 * g / (np.sqrt(squares) + eps), squares


@settings(deadline=None, max_examples=25)
@given(st.integers(1, 70), st.integers(1, 3), st.sampled_from(DTYPES))
def test_every_length_of_rows_gives_the_quotients(columns: int, rows: int, dtype: str) -> None:
    draw = np.random.default_rng(columns + 100 * rows)
    g, w = (draw.normal(size=(rows, columns)).astype(dtype) for _ in range(2))
    s = draw.uniform(size=(rows, columns)).astype(dtype)
    expected = _expected(*(x.astype(np.longdouble) for x in (g, w, s)), 1e-6)
    _rmsprop(("N", "M"), dtype=dtype)(g, w, s)
    for found, exact in zip((w, s), expected, strict=True):
        np.testing.assert_allclose(found, exact, 4 * np.finfo(dtype).eps, 4 * np.finfo(dtype).eps)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("count", [64, 67])
def test_a_step_keeps_its_digits_wherever_the_gradient_lies(count: int, dtype: str) -> None:
    info, draw = np.finfo(dtype), np.random.default_rng(1)
    reach = np.log10(float(info.max)) / 2 - 1  # of what has a square
    g = (10.0 ** draw.uniform(-reach, reach, count)).astype(dtype)
    w, s = np.zeros_like(g), np.zeros_like(g)
    exact, squares = _expected(*(x.astype(np.longdouble) for x in (g, w, s)), 1e-20)
    _rmsprop((count,), 1e-20, dtype=dtype)(g, w, s)
    normal = squares > info.tiny / info.eps  # squares that have all digits
    assert normal.sum() > count / 2
    np.testing.assert_allclose(w[normal], exact[normal], 4 * info.eps)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("eps", [0.0, 1e-8])
def test_zero_infinity_and_what_is_no_number_give_what_a_quotient_gives(
    eps: float, dtype: str
) -> None:
    ends = [0.0, -0.0, np.inf, -np.inf, np.nan, 1.0]
    g, s = (each.ravel().repeat(8).astype(dtype) for each in np.meshgrid(ends, [*ends, 1e30]))
    w = np.ones_like(g)
    with np.errstate(all="ignore"):
        expected = _expected(g, w, s, eps)
    _rmsprop((g.size,), eps, dtype=dtype)(g, w, s)
    for found, value in zip((w, s), expected, strict=True):
        np.testing.assert_allclose(found, value, 4 * np.finfo(dtype).eps)


def test_divisors_that_may_have_no_reciprocal_are_divided_by() -> None:
    x, y = sg.input("x", (64,)), sg.input("y", (64,))
    root = sg.sqrt(x)
    safe = {"sqrt(x)": root, "sqrt(x) + 1": root + 1, "2 sqrt(x) + 3": 2 * root + 3}
    unsafe = {
        "x": x, "sqrt(x) - 1": root - 1, "sqrt(x) + y": root + y, "1e-36 sqrt(x)": 1e-36 * root,
        "x + 1": x + 1 + 0 * root,
    }  # fmt: skip
    for texts, wanted in ((safe, True), (unsafe, False)):
        for name, divisor in texts.items():
            program = sg.compile([x, y], [y / divisor, root], dtype="float32", target="cython")
            assert ("sg_reciprocals(e" in program.source) is wanted, name


def test_a_quotient_beside_longer_functions_stays_one() -> None:
    x, y = sg.input("x", (64,)), sg.input("y", (64,))
    program = sg.compile([x, y], sg.exp(y) / (sg.sqrt(x) + 1), target="cython")
    assert "sg_reciprocals" not in program.source


def test_an_operand_that_both_stages_read_may_be_overwritten() -> None:
    s, g = sg.state("s", (80,)), sg.input("g", (80,))
    root = sg.sqrt(sg.abs(s) + 1)
    program = sg.compile([s, g], [], updates={s: s + g / root}, target="cython")
    assert "sg_reciprocals(e" in program.source
    first, step = np.linspace(-2, 3, 80), np.linspace(5, -4, 80)
    found = first.copy()
    program(found, step)
    np.testing.assert_allclose(found, first + step / np.sqrt(abs(first) + 1), 1e-14)


def test_threads_have_the_same_steps() -> None:
    draw = np.random.default_rng(0)
    given = [draw.uniform(size=(40, 33)) for _ in range(3)]
    alone, shared = [x.copy() for x in given], [x.copy() for x in given]
    _rmsprop((40, 33))(*alone)
    _rmsprop((40, 33), threads=2)(*shared)
    for one, other in zip(alone, shared, strict=True):
        np.testing.assert_allclose(one, other, 1e-14)
