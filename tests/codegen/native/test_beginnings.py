"""Recurrences that begin with zeros leave these out of products."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from c_compiler import needs_c_compiler

import symgraph as sg

pytestmark = needs_c_compiler

Array = Any


def _sigmoid(x: Array) -> Array:
    return 1 / (1 + np.exp(-x))


def _slopes(loss: Callable[..., Array], given: list[Array]) -> list[Array]:
    """The gradient of each of the arrays by steps along the imaginary axis: exact to rounding."""
    found = []
    for k, array in enumerate(given):
        slope = np.zeros_like(array)
        for place in np.ndindex(array.shape):
            moved: list[Array] = [one.astype(complex) for one in given]
            moved[k][place] += 1e-30j
            slope[place] = loss(*moved).imag / 1e-30
        found.append(slope)
    return found


def _steps(x: Array, back: bool) -> Array:
    return x[::-1] if back else x


# --- tanh ----------------------------------------------------------------------------------------


def _tanh(length: Any, back: bool, start: float | None = 0.0, target: str = "cython") -> Any:
    x, w = sg.input("x", (length, "N", 9)), sg.parameter("w", (9, 9))
    given = start is None
    s0 = sg.input("s0", ("N", 9)) if given else sg.zeros(("N", 9)) + start
    run = sg.scan(lambda s, row: sg.tanh(s @ w + row), s0, x, reverse=back)
    loss = sg.squared_norm(run.states) / 2
    args = [x, w, s0] if given else [x, w]
    return sg.compile(args, [loss, sg.grad(loss, w)], target=target)


@pytest.mark.parametrize("back", [False, True])
@pytest.mark.parametrize("length", [0, 1, 2, 5])
@pytest.mark.parametrize("open_length", [False, True])
def test_states_and_gradients_are_those_of_the_loop_by_hand(
    length: int, back: bool, open_length: bool
) -> None:
    def by_hand(w: Array) -> Array:
        s, total = np.zeros_like(x[0]) if length else 0, 0
        for row in _steps(x, back):
            s = np.tanh(s @ w + row)
            total = total + (s**2).sum() / 2
        return total + 0j

    program = _tanh("T" if open_length else length, back)
    draw = np.random.default_rng(length)
    for rows in (1, 2, 17):
        x, w = draw.normal(size=(length, rows, 9)), draw.normal(size=(9, 9)) / 3
        loss, gradient = program(x, w)
        assert loss == pytest.approx(by_hand(w).real, rel=1e-12)
        np.testing.assert_allclose(gradient, _slopes(by_hand, [w])[0], 1e-11, 1e-12)


@pytest.mark.parametrize(("back", "first"), [(False, "0"), (True, "5 - 1")])
def test_the_first_step_writes_zeros_in_place_of_a_product(back: bool, first: str) -> None:
    text = _tanh(5, back).source
    zeros, product = text.split(f"if (t1 == {first}) {{", 1)[1].split(f"if (t1 != {first}) {{", 1)
    assert "] = 0.0;" in zeros
    assert "gemm" not in zeros
    assert product.lstrip().startswith("f->lib->gemm_f64(n1, 9, 9, ")


@pytest.mark.parametrize(("back", "slopes"), [(False, "d2 + 9*n1"), (True, "d2")])
def test_a_weight_gradient_sums_over_all_steps_but_the_first(back: bool, slopes: str) -> None:
    """States before each step lie behind the first row in a loop from the end, slopes never do."""
    product = f"gemm_f64(9, 9, 4*n1, h1 + 9*n1, 1, 9, {slopes}, 9, 1, y2, 9, 1, 0);"
    assert product in _tanh(5, back).source


def test_the_sum_over_an_open_number_of_steps_is_never_one_over_less_than_none() -> None:
    assert "(0 > n1 - 1 ? 0 : n1 - 1)" in _tanh("T", False).source


@pytest.mark.parametrize("start", [None, 0.5])
@pytest.mark.parametrize("back", [False, True])
def test_any_other_start_is_multiplied(start: float | None, back: bool) -> None:
    text = _tanh(5, back, start).source
    assert "if (t1 " not in text
    assert "gemm_f64(9, 9, 5*n1, " in text


def test_threads_multiply_in_every_step() -> None:
    x, w = sg.input("x", (5, "N", 9)), sg.parameter("w", (9, 9))
    run = sg.scan(lambda s, row: sg.tanh(s @ w + row), sg.zeros(("N", 9)), x)
    loss = sg.squared_norm(run.states) / 2
    program = sg.compile([x, w], sg.grad(loss, w), target="cython", threads=2)
    assert "if (t1 " not in program.source
    assert ", 9, 5*n1, h1 + SG_FROM(9) * (1), 1, 9, " in program.source


# --- what is infinite ----------------------------------------------------------------------------


@pytest.mark.parametrize("bad", [np.inf, -np.inf, np.nan])
def test_zeros_times_a_weight_that_is_not_finite_are_zeros(bad: float) -> None:
    x, w = np.linspace(-1, 1, 18).reshape(1, 2, 9), np.full((9, 9), bad)
    loss, gradient = _tanh(1, False)(x, w)
    assert loss == pytest.approx((np.tanh(x) ** 2).sum() / 2, rel=1e-12)
    assert not gradient.any()
    assert np.isnan(_tanh(1, False, target="numpy")(x, w)[0])
    assert np.isnan(_tanh(1, False, None)(x, w, np.zeros((2, 9)))[0])


def test_an_infinite_weight_is_multiplied_from_the_second_step_on() -> None:
    x, w = np.ones((2, 1, 9)), np.zeros((9, 9))
    w[0, 0] = np.inf
    first = np.tanh(1.0)
    loss, _ = _tanh(2, False)(x, w)
    assert loss == pytest.approx((9 * first**2 + 1 + 8 * first**2) / 2, rel=1e-12)


# --- gates ---------------------------------------------------------------------------------------


def _lstm_by_hand(x: Array, w: Array, u: Array, back: bool) -> Array:
    n = u.shape[0]
    h = c = np.zeros((x.shape[1], n))
    total = 0j
    for row in _steps(x, back):
        z = row @ w + h @ u
        i, f, o = (_sigmoid(z[:, k * n : (k + 1) * n]) for k in range(3))
        c = f * c + i * np.tanh(z[:, 3 * n :])
        h = o * np.tanh(c)
        total = total + (h**2).sum() / 2
    return total


def _gru_by_hand(x: Array, w: Array, u: Array, back: bool) -> Array:
    """The reset gate stands before the product, so that this multiplies no state."""
    n = u.shape[0]
    h, total = np.zeros((x.shape[1], n)), 0j
    for row in _steps(x, back):
        z = row @ w
        gates = _sigmoid(z[:, : 2 * n] + h @ u[:, : 2 * n])
        new = np.tanh(z[:, 2 * n :] + (gates[:, :n] * h) @ u[:, 2 * n :])
        h = h + gates[:, n:] * (new - h)
        total = total + (h**2).sum() / 2
    return total


def _gated(kind: str, length: int, back: bool, target: str) -> Any:
    n, parts = 6, 4 if kind == "lstm" else 3
    x, w = sg.input("x", (length, "N", 3)), sg.parameter("w", (3, parts * n))
    u, zero = sg.parameter("u", (n, parts * n)), sg.zeros(("N", n))

    def lstm(h: Any, c: Any, row: Any) -> dict[str, Any]:
        z = row @ w + h @ u
        i, f, o = (sg.sigmoid(z[:, k * n : (k + 1) * n]) for k in range(3))
        c = f * c + i * sg.tanh(z[:, 3 * n :])
        return {"h": o * sg.tanh(c), "c": c}

    def gru(h: Any, row: Any) -> dict[str, Any]:
        z = row @ w
        gates = sg.sigmoid(z[:, : 2 * n] + h @ u[:, : 2 * n])
        new = sg.tanh(z[:, 2 * n :] + (gates[:, :n] * h) @ u[:, 2 * n :])
        return {"h": h + gates[:, n:] * (new - h)}

    step = lstm if kind == "lstm" else gru
    starts = {"h": zero, "c": zero} if kind == "lstm" else {"h": zero}
    run = sg.scan(step, starts, {"row": x}, reverse=back)
    loss = sg.squared_norm(run.states["h"]) / 2
    return sg.compile([x, w, u], [loss, *sg.grad(loss, [w, u])], target=target)


@pytest.mark.parametrize("target", ["cython", "numpy"])
@pytest.mark.parametrize("back", [False, True])
@pytest.mark.parametrize("length", [1, 2, 4])
@pytest.mark.parametrize("kind", ["lstm", "gru"])
def test_gated_nets_have_the_gradients_of_the_loops_by_hand(
    kind: str, length: int, back: bool, target: str
) -> None:
    program = _gated(kind, length, back, target)
    by_hand = _lstm_by_hand if kind == "lstm" else _gru_by_hand
    draw = np.random.default_rng(length)
    for rows in (1, 3):
        x, parts = draw.normal(size=(length, rows, 3)), 4 if kind == "lstm" else 3
        w, u = draw.normal(size=(3, 6 * parts)), draw.normal(size=(6, 6 * parts)) / 2
        loss, *slopes = program(x, w, u)
        assert loss == pytest.approx(by_hand(x, w, u, back).real, rel=1e-12)
        expected = _slopes(lambda w, u, x=x: by_hand(x, w, u, back), [w, u])
        for found, wanted in zip(slopes, expected, strict=True):
            np.testing.assert_allclose(found, wanted, 1e-10, 1e-12)


def test_a_gate_times_zeros_may_be_nan_and_is_multiplied() -> None:
    lines = _gated("gru", 4, False, "cython").source.splitlines()
    left_out = [k for k, line in enumerate(lines) if line.strip() == "if (t1 != 0) {"]
    assert len(left_out) == 1
    assert ", 12, 6, h" in lines[left_out[0] + 1]  # h by two blocks of u
    sums = [line for line in lines if "gemm_f64(6, " in line]
    assert [("3*n1" in line, "4*n1" in line) for line in sums] == [(True, False), (False, True)]
    w, x = sg.parameter("w", (9, 9)), sg.input("x", (1, 2, 9))
    run = sg.scan(lambda s, row: (s * row) @ w, sg.zeros((2, 9)), x)
    program = sg.compile([x, w], run.final, target="cython")
    assert not program(np.ones((1, 2, 9)), np.ones((9, 9))).any()
    assert np.isnan(program(np.full((1, 2, 9), np.inf), np.ones((9, 9)))).all()


# --- loops in loops, products of states ----------------------------------------------------------


@pytest.mark.parametrize("back", [False, True])
def test_a_loop_within_a_loop_begins_anew_in_each_of_its_steps(back: bool) -> None:
    x, w, v = sg.input("x", (3, 4, 5)), sg.parameter("w", (5, 5)), sg.parameter("v", (5, 5))

    def outer(s: Any, row: Any) -> Any:
        inner = sg.scan(lambda r: sg.tanh(r @ w + s + row), sg.zeros((4, 5)), length=3)
        return sg.sin(s @ v) + inner.final

    run = sg.scan(outer, sg.zeros((4, 5)), sg.broadcast_to(x, (3, 4, 5)), reverse=back)
    loss = sg.squared_norm(run.final) / 2
    program = sg.compile([x, w, v], [loss, *sg.grad(loss, [w, v])], target="cython")

    def by_hand(w: Array, v: Array) -> Array:
        s = np.zeros((4, 5))
        for row in _steps(given, back):
            r = np.zeros((4, 5))
            for _ in range(3):
                r = np.tanh(r @ w + s + row)
            s = np.sin(s @ v) + r
        return (s**2).sum() / 2

    draw = np.random.default_rng(3)
    given, weights = draw.normal(size=(3, 4, 5)), list(draw.normal(size=(2, 5, 5)) / 2)
    loss_, *slopes = program(given, *weights)
    assert loss_ == pytest.approx(by_hand(*weights), rel=1e-12)
    for found, wanted in zip(slopes, _slopes(by_hand, weights), strict=True):
        np.testing.assert_allclose(found, wanted, 1e-10, 1e-12)


def test_a_state_that_is_a_matrix_may_stand_on_the_right() -> None:
    """Linear attention: the state sums outer products, and each query is multiplied by it."""
    q, k, v = (sg.input(name, (4, "N", 8)) for name in "qkv")
    w = sg.parameter("w", (8, 8))

    def step(s: Any, q: Any, k: Any, v: Any) -> dict[str, Any]:
        return {"s": sg.tanh(s + k.T @ v + (q.T @ q) @ s @ w)}

    run = sg.scan(step, {"s": sg.zeros((8, 8))}, {"q": q, "k": k, "v": v})
    program = sg.compile([q, k, v, w], run.final["s"], target="cython")
    assert program.source.count("if (t1 != 0) {") == 2
    draw = np.random.default_rng(8)
    given, weights = draw.normal(size=(3, 4, 2, 8)) / 3, draw.normal(size=(8, 8)) / 3
    s = np.zeros((8, 8))
    for a, b, c in zip(*given, strict=True):
        s = np.tanh(s + b.T @ c + (a.T @ a) @ s @ weights)
    np.testing.assert_allclose(program(*given, weights), s, 1e-11, 1e-12)


def test_a_product_is_one_of_the_report_wherever_it_is_left_out() -> None:
    report = _tanh(5, False).report({"N": 3})
    found = [(one.m, one.n, one.k, one.around) for one in report.products]
    assert ("N", "9", "9", ("5",)) in found
    assert ("9", "9", "4*N", ()) in found
    assert not [unit for unit in report.fused if any("s @ w" in one for one in unit.formulas)]
