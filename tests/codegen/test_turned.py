"""Loops that multiply by a transposed matrix: the same numbers, for any number of rows."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import symgraph as sg

STEPS = 40


def drawn(seed: int, *shapes: tuple[int, ...]) -> list[Any]:
    rng = np.random.default_rng(seed)
    return [rng.normal(0, 0.3, shape) for shape in shapes]


@pytest.mark.parametrize("rows", [0, 1, 12, 13, 50])
def test_a_recurrence_by_a_transposed_matrix_is_that_by_hand(rows: int) -> None:
    X, W, V = sg.input("X", (STEPS, "N", 3)), sg.parameter("W", (3, 3)), sg.parameter("V", (5, 3))
    run = sg.scan(lambda h, x: sg.tanh(h @ W.T + x) + sg.sin(h @ V.T) @ V, sg.zeros(("N", 3)), X)
    f = sg.compile([X, W, V], run.final)
    assert "np_tanh(" in f.source
    for seed in (1, 2):  # the second call has other matrices
        x, w, v = drawn(seed, (STEPS, rows, 3), (3, 3), (5, 3))
        h = np.zeros((rows, 3))
        for now in x:
            h = np.tanh(h @ w.T + now) + np.sin(h @ v.T) @ v
        np.testing.assert_allclose(f(x, w, v), h, rtol=1e-10, atol=1e-12)


def test_matrices_are_turned_for_many_rows_and_once_for_each_run() -> None:
    X, W = sg.input("X", (STEPS, "N", 3)), sg.parameter("W", (3, 3))
    run = sg.scan(lambda h, x: sg.tanh(h @ W.T + x), sg.zeros(("N", 3)), X)
    f = sg.compile([X, W], run.final)
    attach, step = f.source.split("def attach(")[1].split("def run():")
    assert "p1_T_c1 = h2 if 40*n1 >= 512 else p1_T\n" in attach
    before, loop = step.split("for ", 1)
    assert before.rstrip().endswith("if p1_T_c1 is not p1_T: p1_T_c1[...] = p1_T")
    assert loop.count("p1_T_c1") == 1

    Y = sg.input("Y", (STEPS, 3))
    few = sg.scan(lambda h, y: sg.tanh(h @ W.T + y), sg.zeros(3), Y)
    assert "p1_T_c1" not in sg.compile([Y, W], few.final).source


def test_a_matrix_that_changes_in_an_outer_loop_is_read_anew() -> None:
    A, h0 = sg.input("A", (3, 2, 2)), sg.input("h0", (30, 2))

    def outer(h: Any, a: Any) -> Any:
        return sg.scan(lambda g: sg.sin(g @ a.T) + g / 2, h, length=STEPS).final

    f = sg.compile([A, h0], sg.scan(outer, h0, A).final)
    matrices, start = drawn(3, (3, 2, 2), (30, 2))
    h = start
    for a in matrices:
        for _ in range(STEPS):
            h = np.sin(h @ a.T) + h / 2
    np.testing.assert_allclose(f(matrices, start), h, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("depth", [1, 2])
def test_slopes_through_a_recurrence_are_difference_quotients(depth: int) -> None:
    W, h0 = sg.parameter("W", (3, 3)), sg.input("h0", (60, 3))

    def step(h: Any) -> Any:
        if depth == 1:
            return sg.tanh(h @ W + 0.1)
        return sg.scan(lambda g: sg.tanh(g @ W), h, length=12).final + 0.1

    loss = sg.sum(sg.scan(step, h0, length=12).final ** 2)
    f = sg.compile([W, h0], [loss, sg.grad(loss, W)])
    assert "[...] = p1_T\n" in f.source
    w, start = drawn(4, (3, 3), (60, 3))
    slope, eps = f(w, start)[1], 1e-6
    for place in np.ndindex(3, 3):
        high, low = w.copy(), w.copy()
        high[place] += eps
        low[place] -= eps
        quotient = (f(high, start)[0] - f(low, start)[0]) / (2 * eps)
        assert np.isclose(slope[place], quotient, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("rows", [5, 30])
def test_a_state_of_an_outer_loop_is_read_as_it_is_then(rows: int) -> None:
    M0, h0 = sg.input("M0", (2, 2)), sg.input("h0", ("N", 2))

    def outer(M: Any, h: Any) -> Any:
        inner = sg.scan(lambda g: sg.sin(g @ M.T) + g / 2, h, length=STEPS)
        return sg.cos(M), inner.final

    run = sg.scan(outer, (M0, h0), length=3)
    f = sg.compile([M0, h0], [run.final[1], run.states[0]])
    m, h = drawn(5, (2, 2), (rows, 2))
    found, kept = f(m, h)
    for k in range(3):
        for _ in range(STEPS):
            h = np.sin(h @ m.T) + h / 2
        m = np.cos(m)
        np.testing.assert_allclose(kept[k], m, rtol=1e-14)
    np.testing.assert_allclose(found, h, rtol=1e-10, atol=1e-12)


def test_a_turned_matrix_stays_while_other_values_come_and_go() -> None:
    W, h0 = sg.parameter("W", (20, 20)), sg.input("h0", (20, 20))

    def step(h: Any) -> Any:
        a, b = sg.exp(h), sg.cos(h)
        scale = sg.sum(a * b, axis=1) * sg.sum(a, axis=1) * sg.sum(b, axis=1)
        return sg.tanh((sg.sin(h) / scale[:, None]) @ W.T)

    f = sg.compile([W, h0], sg.scan(step, h0, length=STEPS).final)
    w, h = drawn(6, (20, 20), (20, 20))
    found = f(4 * w, h)
    for _ in range(STEPS):
        a, b = np.exp(h), np.cos(h)
        scale = (a * b).sum(1) * a.sum(1) * b.sum(1)
        h = np.tanh((np.sin(h) / scale[:, None]) @ (4 * w).T)
    np.testing.assert_allclose(found, h, rtol=1e-9, atol=1e-300)


def test_a_matrix_made_in_the_loop_is_multiplied_by_as_it_is_then() -> None:
    h0 = sg.input("h0", (30, 3))
    run = sg.scan(lambda h: sg.tanh(h @ sg.sin(h.T @ h + 1).T), h0, length=STEPS)
    f = sg.compile(h0, run.final)
    h = start = drawn(7, (30, 3))[0]
    for _ in range(STEPS):
        h = np.tanh(h @ np.sin(h.T @ h + 1).T)
    np.testing.assert_allclose(f(start), h, rtol=1e-9, atol=1e-12)
