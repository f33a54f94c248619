"""Recurrences through a value that is the same at every time but is computed: Aᵀ, exp(-a), P."""

from __future__ import annotations

import symgraph as sg

A, start, e = sg.parameter("A", (3, 3)), sg.input("α0", 3), sg.input("e", ("T", 3))


def printed(loss: sg.Node, wrt: sg.Node) -> list[str]:
    """Names and results, after the proof and a comparison with difference quotients."""
    derivation = sg.derive(loss, wrt)
    assert derivation.verified
    assert sg.check(loss, wrt).ok
    return [one.unicode() for one in (*derivation.names, *derivation.results)]


def test_the_forward_recursion_of_a_hidden_markov_model_is_a_recurrence() -> None:
    run = sg.scan(lambda α, e: sg.let("α", e * (A.T @ α)), start, e)

    assert printed(sg.let("L", sg.log(sg.sum(run.final))), A) == [
        "g₁_T = e_T/Σ(α_T)",
        "g₁_t = A g₁_{t+1} ⊙ e_t,  t = T−1, …, 1",
        "dL/dA = Σ_t α_{t−1} g₁_tᵀ",
    ]


def test_a_decay_that_is_a_function_of_a_parameter_gathers_all_times_first() -> None:
    a = sg.parameter("a", 3)
    run = sg.scan(lambda h, x: sg.let("h", sg.exp(-a) * h + x), sg.input("h0", 3), e)

    assert printed(sg.let("L", sg.squared_norm(run.final) / 2), a)[-1] == (
        "dL/da = −(Σ_t g₁_t ⊙ h_{t−1}) ⊙ exp(−a)"
    )


def test_a_matrix_of_probabilities_is_differentiated_once_behind_the_sum_over_time() -> None:
    P = sg.let("P", sg.softmax(A, axis=1))
    run = sg.scan(lambda α, e: sg.let("α", e * (α @ P)), start, e)

    assert printed(sg.let("L", -sg.log(sg.sum(run.final))), A)[-1] == (
        "dL/dA = (Σ_t α_{t−1}ᵀ g₁_t − ((Σ_t α_{t−1}ᵀ g₁_t) ⊙ P) 𝟏) ⊙ P"
    )


def test_a_discount_through_a_sigmoid_runs_backwards() -> None:
    γ = sg.parameter("γ")
    run = sg.scan(
        lambda v, r: sg.let("v", r + sg.sigmoid(γ) * v),
        sg.input("v0"),
        sg.input("r", "T"),
        reverse=True,
    )

    assert printed(sg.let("L", run.final**2 / 2), γ)[-1] == (
        "dL/dγ = (Σ_t g₁_t v_{t+1}) σ(γ) (1 − σ(γ))"
    )


def test_the_context_of_attention_is_a_row_as_it_is_defined() -> None:
    H, K, q = sg.input("H", (5, 4)), sg.parameter("K", (5, 3)), sg.input("q", 3)
    a = sg.let("a", sg.softmax(K @ q))
    c = sg.let("c", a @ H)

    derivation = sg.derive(sg.let("L", sg.input("g", 4) @ c), K)

    assert derivation.verified
    assert derivation.given[1].unicode() == "c = aᵀ H"


def test_the_angle_of_a_point_has_a_derivative_that_can_be_read_back() -> None:
    x, y = sg.input("x"), sg.input("y")

    derivation = sg.derive(sg.let("φ", sg.arctan2(y, x)), [x, y])

    assert [one.unicode() for one in derivation.results] == [
        "dφ/dx = −y/(y² + x²)",
        "dφ/dy = x/(y² + x²)",
    ]
    assert derivation.verified
