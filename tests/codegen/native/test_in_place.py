"""Results written over operands that nothing reads any more: values, and the size of the arena."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from c_compiler import needs_c_compiler
from hypothesis import given, settings, strategies as st

import symgraph as sg
from symgraph.codegen.reporting.report import Report

SIZES = [0, 1, 2, 3, 7, 13, 33]


def arena(f: Any, **sizes: int) -> int:
    """The bytes of the arena of the native program."""
    return Report(f._recipe, "cython", sizes).arena


def bytes_of(*counts: int) -> int:
    """Arrays of so many float64, each on lines of 64 bytes."""
    return sum(-(-count * 8 // 64) * 64 for count in counts)


def matrix(rows: int, cols: int) -> Any:
    return np.sin(np.arange(rows * cols, dtype=float)).reshape(rows, cols)


# --- the arena -----------------------------------------------------------------------------------


@pytest.mark.parametrize("rows", [1, 7, 40])
def test_what_is_done_to_a_product_entry_by_entry_takes_no_room_of_its_own(rows: int) -> None:
    x, A, B = sg.input("x", ("N", 4)), sg.parameter("A", (4, 9)), sg.parameter("B", (9, 5))
    f = sg.compile([x, A, B], sg.exp(sg.tanh(x @ A) @ B))
    g = sg.compile([x, A, B], sg.max(sg.exp(sg.tanh(x @ A) @ B) @ B.T, axis=1))

    assert arena(f, N=rows) == bytes_of(rows * 9, rows * 5)
    assert arena(g, N=rows) == bytes_of(rows * 9, rows * 5)


def test_an_operand_that_is_read_again_keeps_its_place() -> None:
    x, A = sg.input("x", ("N", 9)), sg.parameter("A", (9, 9))
    h = x @ A
    f = sg.compile([x, A], (sg.tanh(h) @ A) * h)

    assert arena(f, N=8) == bytes_of(8 * 9, 8 * 9, 8 * 9)  # h, tanh(h) and the product


def test_the_net_input_of_a_relu_is_not_kept_for_its_slope() -> None:
    x, A, B = sg.input("x", ("N", 6)), sg.parameter("A", (6, 8)), sg.parameter("B", (8, 8))
    loss = sg.sum(sg.relu(sg.relu(x @ A) @ B))
    f = sg.compile([x, A, B], sg.grad(loss, [A, B]))
    kept, slopes = bytes_of(40 * 8, 40 * 8), bytes_of(40 * 8)

    assert arena(f, N=40) <= kept + slopes


# --- values --------------------------------------------------------------------------------------


@needs_c_compiler
def test_an_array_that_is_read_turned_as_well_is_not_written_over() -> None:
    A = sg.parameter("A", (7, 7))
    h = A @ A
    f = sg.compile([A], sg.sum((sg.exp(-h) + 2 * h.T) @ A, axis=1), target="cython")
    a = matrix(7, 7)
    h0 = a @ a

    assert np.allclose(f(a), ((np.exp(-h0) + 2 * h0.T) @ a).sum(axis=1), rtol=1e-12)


@needs_c_compiler
def test_a_row_that_is_spread_over_the_result_is_not_written_over() -> None:
    x, A = sg.input("x", ("N", 5)), sg.parameter("A", (5, 5))
    row = sg.sum(x, axis=0) @ A
    f = sg.compile([x, A], (sg.tanh(row) + sg.tanh(x @ A) * row) @ A, target="cython")
    for rows in SIZES:
        v, a = matrix(rows, 5), matrix(5, 5)
        r = v.sum(axis=0) @ a
        assert np.allclose(f(v, a), (np.tanh(r) + np.tanh(v @ a) * r) @ a, rtol=1e-12, atol=1e-12)


_STEPS: dict[str, Any] = {
    "p": lambda now, before, A, lib: now @ A,
    "t": lambda now, before, A, lib: lib.tanh(now),
    "a": lambda now, before, A, lib: now + before,
    "s": lambda now, before, A, lib: lib.sin(now) * before - now,
    "m": lambda now, before, A, lib: now - lib.sum(now, axis=0),
}


def _chain(words: str, x: Any, A: Any, lib: Any) -> Any:
    """Products and operations on entries, some on what was there two steps before."""
    values = [x, x @ A]
    for word in words:
        values.append(_STEPS[word](values[-1], values[-2], A, lib))
    return values[-1]


_WORDS = ["t", "tp", "ptat", "tapst", "stmpa", "mpsat", "aptpsm", "psmtatp"]
_CHAINS: dict[Any, Any] = {}


@needs_c_compiler
@settings(max_examples=60)
@given(st.sampled_from(_WORDS), st.sampled_from(SIZES), st.sampled_from([1, 2]))
def test_chains_of_products_and_operations_have_the_values_of_numpy(
    words: str, rows: int, threads: int
) -> None:
    f = _CHAINS.get((words, threads))
    if f is None:
        x, A = sg.input("x", ("N", 6)), sg.parameter("A", (6, 6))
        y = _chain(words, x, A, sg)
        g = sg.grad(sg.sum(y * y), A)
        f = _CHAINS[words, threads] = sg.compile([x, A], [y, g], target="cython", threads=threads)
    v, a = matrix(rows, 6), matrix(6, 6) / 3
    want = _chain(words, v, a, np)
    step = 1e-6
    turned = np.zeros_like(a)
    for place in np.ndindex(*a.shape):
        more, less = a.copy(), a.copy()
        more[place] += step
        less[place] -= step
        above, below = (np.sum(_chain(words, v, b, np) ** 2) for b in (more, less))
        turned[place] = (above - below) / (2 * step)
    got, slope = f(v, a)

    assert np.allclose(got, want, rtol=1e-12, atol=1e-13)
    assert np.allclose(slope, turned, rtol=2e-5, atol=1e-6 * (1 + np.abs(turned).max()))


@needs_c_compiler
@pytest.mark.parametrize("steps", [0, 1, 5])
def test_states_of_a_loop_are_not_written_over_before_they_are_read(steps: int) -> None:
    x, s0 = sg.input("x", ("T", 4)), sg.input("s0", 4)
    A = sg.parameter("A", (4, 4))
    states = sg.scan(lambda s, row: sg.tanh(sg.exp(-(s @ A)) + row @ A) + s, s0, x).states
    f = sg.compile([x, s0, A], [states, sg.grad(sg.sum(states), A)], target="cython")
    g = sg.compile([x, s0, A], [states, sg.grad(sg.sum(states), A)])
    given = matrix(steps, 4), np.ones(4), matrix(4, 4)

    for mine, other in zip(f(*given), g(*given), strict=True):
        assert np.allclose(mine, other, rtol=1e-11, atol=1e-12)


@needs_c_compiler
def test_arrays_are_not_called_like_the_types_of_the_kernel() -> None:
    rows = [sg.state(f"r{k}", 3) for k in range(10)]
    tables = [sg.state(f"t{k}", (4, 3)) for k in range(10)]
    x = sg.input("x", 5)
    updates = {t: sg.where(r > 0, t, 2.0 * t) for r, t in zip(rows, tables, strict=True)}
    f = sg.compile([x, *rows, *tables], sg.sum(x), updates=updates, target="cython")
    start = np.arange(12.0).reshape(4, 3)
    values = [start.copy() for _ in tables]

    f(np.ones(5), *([np.array([-1.0, 0.0, 1.0])] * 10), *values)

    assert f.target == "cython"  # its C has been compiled: u8 is the type of truth values
    for value in values:
        assert np.array_equal(value, start * [2, 2, 1])
