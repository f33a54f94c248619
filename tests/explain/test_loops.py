"""Recurrences as textbooks print them, and the printed lines held against lectures and torch."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import symgraph as sg


def simple(T: Any = "T", loss: str = "every") -> SimpleNamespace:
    """s_t = tanh(U x_t + W s_{t-1}), o_t = softmax(V s_t)."""
    U, W = sg.parameter("U", ("n", "m")), sg.parameter("W", ("n", "n"))
    V, X, Y = sg.parameter("V", ("k", "n")), sg.input("X", (T, "m")), sg.input("Y", (T, "k"))
    s0, y = sg.input("s0", "n"), sg.input("y", "n")

    def step(s: sg.Node, x: sg.Node) -> Any:
        s = sg.let("s", sg.tanh(sg.let("net", U @ x + W @ s)))
        return s, sg.let("o", V @ s)

    run = sg.scan(step, s0, X)
    errors = run.outputs - Y if loss == "every" else run.final - y
    return SimpleNamespace(U=U, W=W, V=V, X=X, s0=s0, L=sg.let("L", sg.sum(errors**2) / 2))


def lines(equations: Any) -> list[str]:
    return [one.unicode() for one in equations]


def test_a_loss_at_every_time_prints_the_recursion_and_a_sum_over_time() -> None:
    m = simple()
    derivation = sg.derive(m.L, [m.W, m.U, m.V])
    assert lines(derivation.given) == [
        "X = (x_1, …, x_T)",
        "Y = (y_1, …, y_T)",
        "net_t = U x_t + W s_{t−1}",
        "s_t = tanh(net_t),  t = 1, …, T",
        "o_t = V s_t",
        "L = ½ Σ_t ‖o_t − y_t‖²",
    ]
    assert lines(derivation.names) == [
        "δ_T = Vᵀ (o_T − y_T) ⊙ (1 − s_T²)",
        "δ_t = (Wᵀ δ_{t+1} + Vᵀ (o_t − y_t)) ⊙ (1 − s_t²),  t = T−1, …, 1",
    ]
    assert lines(derivation.results) == [
        "dL/dW = Σ_t δ_t s_{t−1}ᵀ",
        "dL/dU = Σ_t δ_t x_tᵀ",
        "dL/dV = Σ_t (o_t − y_t) s_tᵀ",
    ]
    assert derivation.verified
