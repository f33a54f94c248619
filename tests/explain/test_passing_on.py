"""A term without a name has the derivative of its sum: that is no step of its own."""

from __future__ import annotations

import symgraph as sg

W, V = sg.parameter("W", (3, 4)), sg.parameter("V", (2, 3))
b, c = sg.parameter("b", 3), sg.parameter("c", 2)
x, y, decay = sg.input("x", 4), sg.input("y", 2), sg.input("λ")


def lines(derivation) -> list[str]:
    return [step.line("unicode") for step in derivation.steps]


def test_the_product_in_a_layer_takes_the_derivative_of_its_net_input() -> None:
    h = sg.let("h", sg.tanh(W @ x + b))
    derivation = sg.derive(sg.let("E", sg.squared_norm(V @ h + c - y) / 2), [W, b])

    assert lines(derivation) == [
        "dE/d‖V h + c − y‖² = ½",
        "dE/d(V h + c − y) = 2 (dE/d‖V h + c − y‖²) (V h + c − y) = V h + c − y",
        "dE/dh = Vᵀ (dE/d(V h + c − y)) = Vᵀ (V h + c − y)",
        "δ = dE/d(W x + b) = dE/dh ⊙ (1 − h²) = Vᵀ (V h + c − y) ⊙ (1 − h²)",
        "dE/db = dE/d(W x + b) = δ",
        "dE/dW = (dE/d(W x + b)) xᵀ = δ xᵀ",
    ]
    assert derivation.verified


def test_the_terms_of_the_loss_itself_need_no_step() -> None:
    loss = sg.let("E", sg.squared_norm(W @ x) + decay * sg.squared_norm(W))

    assert lines(sg.derive(loss, W)) == [
        "dE/d‖W‖² = λ",
        "dE/dW through ‖W‖² = 2 (dE/d‖W‖²) W = 2 λ W",
        "dE/d(W x) = 2 W x",
        "dE/dW through W x = (dE/d(W x)) xᵀ = 2 W x xᵀ",
        "dE/dW = 2 W x xᵀ + 2 λ W",
    ]


def test_a_term_that_the_user_named_keeps_its_step() -> None:
    z = sg.let("z", W @ x)
    derivation = sg.derive(sg.let("E", sg.sum(sg.sin(z + b))), W)

    assert "dE/dz = dE/d(z + b) = cos(z + b)" in lines(derivation)


def test_a_reason_has_no_brackets_within_brackets() -> None:
    loss = -y @ sg.log(sg.softmax(V @ b + c))
    reasons = [step.reason() for step in sg.derive(loss, c, assume=sg.sum(y) == 1).steps]

    assert any("softmax(V b + c)" in reason for reason in reasons)
    assert not any("((" in reason for reason in reasons)
