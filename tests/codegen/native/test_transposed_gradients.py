"""Gradients by weights that are used transposed lie in memory as the weights do."""

from typing import Any

import numpy as np
import pytest
from c_compiler import needs_c_compiler
from hypothesis import given, settings, strategies as st

import symgraph as sg

pytestmark = needs_c_compiler


def _step(rows: int, inputs: int, outputs: int) -> Any:
    x, w = sg.input("x", (rows, inputs)), sg.parameter("w", (outputs, inputs))
    loss = sg.squared_norm(x @ w.T) / 2
    updates = {w: w - 0.1 * sg.grad(loss, w)}
    return sg.compile([x, w], loss, updates=updates, target="cython")


def test_an_update_runs_over_a_weight_and_its_gradient_in_one_loop_of_all_entries() -> None:
    text = _step(16, 70, 80).source
    assert "i0 < 5600" in text
    assert "i1 * 80" not in text


@settings(deadline=None, max_examples=6)
@given(st.integers(1, 19), st.integers(1, 40), st.integers(2, 40))
def test_a_step_with_a_transposed_weight_is_the_closed_form(n: int, k: int, m: int) -> None:
    draw = np.random.default_rng(n + 100 * k + 10_000 * m)
    x, w = draw.normal(size=(n, k)), draw.normal(size=(m, k))
    loss, expected = ((x @ w.T) ** 2).sum() / 2, w - 0.1 * (w @ x.T) @ x
    assert _step(n, k, m)(x, w) == pytest.approx(loss, rel=1e-12)
    assert w == pytest.approx(expected, rel=1e-9, abs=1e-9)


def test_a_gradient_is_copied_once_into_its_output() -> None:
    x, w = sg.input("x", (5, "N", 3)), sg.parameter("w", (40, 3))
    gradient = sg.grad(sg.sum(sg.tanh(x @ w.T)), w)
    program = sg.compile([x, w], gradient, target="cython")
    assert program.source.count("y1[i0] = ") == 1
    given, weight = np.linspace(-1, 1, 30).reshape(5, 2, 3), np.full((40, 3), 0.5)
    expected = np.einsum("tni,tno->oi", given, 1 - np.tanh(given @ weight.T) ** 2)
    np.testing.assert_allclose(program(given, weight), expected, 1e-12, 1e-12)
