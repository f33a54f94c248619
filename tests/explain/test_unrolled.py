"""Recurrences that a Python loop writes out step by step print as the recursion that they are."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import symgraph as sg


def lines(equations: Any) -> list[str]:
    return [one.unicode() for one in equations]


def chain(T: int = 20, loss: str = "end", n: int = 2, m: int = 3, name: str = "s") -> sg.Node:
    """s_t = tanh(U x_t + W s_{t-1}) for t = 1, ..., T, one node after the other."""
    U, W = sg.parameter("U", (n, m)), sg.parameter("W", (n, n))
    s, total = sg.input("s0", n), 0
    for t in range(1, T + 1):
        s = sg.tanh(U @ sg.input(f"x{t}", m) + W @ s)
        s = sg.let(f"{name}{t}", s) if name else s
        total = total + sg.squared_norm(s - sg.input(f"d{t}", n)) / 2 if loss == "each" else 0
    return sg.let("L", total if loss == "each" else sg.squared_norm(s - sg.input("d", n)) / 2)


@pytest.mark.parametrize("name", ["s", "s_", ""])
def test_a_long_chain_prints_as_its_recursion(name: str) -> None:
    derivation = sg.derive(chain(name=name), ["W", "U"])
    assert lines(derivation.given) == [
        "T = 20",
        "s_t = tanh(U x_t + W s_{t−1}),  t = 1, …, T",
        "L = ½ ‖s_T − d‖²",
    ]
    assert lines(derivation.names) == [
        "δ_T = (s_T − d) ⊙ (1 − s_T²)",
        "δ_t = Wᵀ δ_{t+1} ⊙ (1 − s_t²),  t = T−1, …, 1",
    ]
    assert lines(derivation.results) == ["dL/dW = Σ_t δ_t s_{t−1}ᵀ", "dL/dU = Σ_t δ_t x_tᵀ"]
    assert derivation.verified


def test_a_loss_at_every_step_becomes_a_sum_over_time() -> None:
    derivation = sg.derive(chain(loss="each"), "W")
    assert lines(derivation.given)[-1] == "L = ½ Σ_t ‖s_t − d_t‖²"
    assert lines(derivation.names)[1] == (
        "δ_t = (Wᵀ δ_{t+1} + s_t − d_t) ⊙ (1 − s_t²),  t = T−1, …, 1"
    )
    assert derivation.verified


@pytest.mark.parametrize(("T", "n", "m"), [(4, 1, 1), (5, 3, 1), (150, 2, 2)])
@pytest.mark.parametrize("loss", ["end", "each"])
def test_chains_of_other_lengths_and_sizes_are_as_long_on_paper(T, n, m, loss) -> None:
    derivation = sg.derive(chain(T, loss, n, m), "W")
    assert derivation.verified
    assert len(derivation.unicode()) < 4000


def test_short_chains_and_layers_of_their_own_stay_as_they_are_written() -> None:
    assert lines(sg.derive(chain(3), "W").results) == ["dL/dW = δ₃ s₂ᵀ + δ₂ s₁ᵀ + δ₁ s₀ᵀ"]
    h = sg.input("x", 2)
    for t in range(1, 7):
        h = sg.let(f"h{t}", sg.tanh(sg.parameter(f"W{t}", (2, 2)) @ h))
    assert lines(sg.derive(sg.let("E", sg.sum(h)), "W3").results) == ["dE/dW₃ = δ₁ h₂ᵀ"]


def test_a_chain_whose_steps_are_read_one_by_one_stays_as_it_is_written() -> None:
    W, h, kept = sg.parameter("W", (2, 2)), sg.input("x", 2), []
    for t in range(1, 7):
        h = sg.let(f"h{t}", sg.tanh(W @ h))
        kept.append(h)
    derivation = sg.derive(sg.let("E", sg.sum(h) + sg.sum(kept[2])), W)
    assert "δ₃ = (1 + Wᵀ δ₄) ⊙ (1 − h₃²)" in lines(derivation.names)
    assert derivation.verified
    assert lines(sg.derive(chain(6), "s4").results) == ["dL/ds₄ = Wᵀ δ₁"]


def test_layers_before_and_behind_a_chain_are_kept() -> None:
    W, V, A = (sg.parameter(k, s) for k, s in (("W", (2, 2)), ("V", (3, 2)), ("A", (2, 4))))
    h = sg.let("h0", sg.tanh(A @ sg.input("x", 4)))
    for t in range(1, 9):
        h = sg.let(f"h{t}", h + sg.tanh(W @ h))
    derivation = sg.derive(sg.let("E", sg.squared_norm(sg.let("y", V @ h)) / 2), [W, V, A])
    assert (
        lines(derivation.given)
        == [
            "K = 8",
            "h_0 = tanh(A x)",
            "h_k = h_{k−1} + tanh(W h_{k−1}),  k = 1, …, K",
            "y = V h_K",
            "E = ½ ‖y‖²",
        ]
        or lines(derivation.given)[0] == "T = 8"
    )
    assert derivation.verified
    assert lines(derivation.results)[1].endswith("_{0}ᵀ") is False


def test_a_newton_iteration_prints_its_step_and_the_derivative_of_a_root() -> None:
    a, x = sg.parameter("a"), sg.input("x0")
    for _ in range(6):
        x = (x + a / x) / 2
    derivation = sg.derive(sg.let("root", x), a)
    assert lines(derivation.given)[-2:] == [
        "x_t = ½ (x_{t−1} + a/x_{t−1}),  t = 1, …, T",
        "root = x_T",
    ]
    assert derivation.verified
    slope = sg.evaluate(sg.grad(x, a), {"a": 2.0, "x0": 1.0})
    assert np.isclose(slope, 0.5 / np.sqrt(2.0))


def test_rows_of_one_array_are_the_sequence_of_an_unrolled_lstm() -> None:
    n, m, T = 2, 3, 6
    X, h, C = sg.input("X", (T, m)), sg.zeros(n), sg.zeros(n)
    for t in range(1, T + 1):
        z = sg.concat([h, X[t - 1]])
        f, i, o = (
            sg.let(f"{k}{t}", sg.sigmoid(sg.parameter(f"W_{k}", (n, n + m)) @ z)) for k in "fio"
        )
        g = sg.let(f"g{t}", sg.tanh(sg.parameter("W_g", (n, n + m)) @ z))
        C = sg.let(f"C{t}", f * C + i * g)
        h = sg.let(f"h{t}", o * sg.tanh(C))
    derivation = sg.derive(sg.let("L", sg.sum(h**2)), ["W_f", "W_g"])
    shown = lines((*derivation.given, *derivation.names, *derivation.results))
    for line in (
        "X = (x_1, …, x_T)",
        "h_0 = 0",
        "C_t = f_t ⊙ C_{t−1} + i_t ⊙ g_t",
        "δf_t = dC_t ⊙ C_{t−1} ⊙ f_t ⊙ (1 − f_t),  t = T, …, 1",
        "dL/dW_f = Σ_t δf_t [h_{t−1}, x_t]ᵀ",
    ):
        assert line in shown
    assert derivation.verified


def test_steps_that_are_counted_from_0_say_where_the_sequence_begins() -> None:
    w, y = sg.parameter("w"), sg.input("start")
    for t in range(6):
        y = sg.tanh(w * y + sg.input(f"x{t}"))
    derivation = sg.derive(sg.let("L", y), w)
    assert lines(derivation.given)[1:3] == ["u_1 = x₀", "u_T = x₅"]
    assert derivation.verified


def test_a_chain_of_thousands_of_steps_of_two_kinds_is_one_step_of_both() -> None:
    x = y = sg.input("x")
    for k in range(3000):
        y = sg.sin(y) if k % 2 else y * x
    derivation = sg.derive(sg.let("L", y), x)
    assert lines(derivation.given) == [
        "T = 1500",
        "s_0 = x",
        "s_t = sin(s_{t−1} x),  t = 1, …, T",
        "L = s_T",
    ]
    assert lines(derivation.results) == ["dL/dx = Σ_t δ_t s_{t−1} + δ_1 x"]
    assert derivation.verified
