"""The indexed scalar form as the lectures write it, and equations written out entry by entry."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import symgraph as sg
from symgraph.explain import derivation as printing
from symgraph.notation.numeric import value
from symgraph.notation.tree import Name
from symgraph.notation.write import write

f, f1, f2 = sg.function("f"), sg.function("f1"), sg.function("f2")


def two_layers():
    """The feedforward network of the lecture on backpropagation."""
    w1, w2 = sg.parameter("W1", (4, 3)), sg.parameter("W2", (2, 4))
    x, d = sg.input("x", 3), sg.input("d", 2)
    hidden = sg.let("h", f1(sg.let("net1", w1 @ x)))
    y = sg.let("y", f2(sg.let("net2", w2 @ hidden)))
    return sg.let("E", sg.sum((y - d) ** 2) / 2), w1, w2


def test_backpropagation_reads_as_in_the_lecture():
    loss, w1, w2 = two_layers()
    derivation = sg.derive(
        loss, [w2, w1], form="index", delta_sign=-1, letters={"x": "m", "net1": "j", "net2": "k"}
    )

    assert [one.unicode() for one in derivation.given] == [
        "net_j^(1) = Σ_m w_jm^(1) x_m",
        "h_j = f₁(net_j^(1))",
        "net_k^(2) = Σ_j w_kj^(2) h_j",
        "y_k = f₂(net_k^(2))",
        "E = ½ Σ_k (y_k − d_k)²",
    ]
    assert [one.unicode() for one in (*derivation.names, *derivation.results)] == [
        "δ_k^(2) = (d_k − y_k) f₂'(net_k^(2))",
        "δ_j^(1) = f₁'(net_j^(1)) Σ_k δ_k^(2) w_kj^(2)",
        "dE/dw_kj^(2) = −δ_k^(2) h_j",
        "dE/dw_jm^(1) = −δ_j^(1) x_m",
    ]
    assert derivation.verified


def test_text_and_latex_of_the_indexed_form():
    loss, _, w2 = two_layers()
    derivation = sg.derive(loss, w2, form="index", letters={"net1": "j", "net2": "k"})

    assert derivation.result.text() == "dE/dw_kj^(2) = (y_k - d_k) f2'(net_k^(2)) h_j"
    assert derivation.given[0].latex().startswith(r"\mathrm{net}_{j}^{(1)} = \sum_{")
    assert derivation.result.latex().startswith(r"\frac{\partial E}{\partial w_{kj}^{(2)}} = ")


def recurrent_step():
    """S1-06: x of size m = 2, s of size n = 3."""
    u, w = sg.parameter("U", (3, 2)), sg.parameter("W", (3, 3))
    state = u @ sg.input("x_t", 2) + w @ sg.input("s_{t-1}", 3)
    return sg.let("s_t", f(state)), w


def test_a_time_stands_above_as_the_number_of_a_layer_does():
    state, w = recurrent_step()
    derivation = sg.derive(sg.sum(state), w, form="index")

    assert derivation.given[0].unicode() == "s_i^t = f(Σ_j u_ij x_j^t + Σ_k w_ik s_k^{t-1})"
    assert derivation.result.unicode().endswith("s_k^{t-1}")
    assert derivation.verified


def test_the_equations_of_a_recurrent_step_written_out():
    lines = [one.unicode() for one in sg.entries(recurrent_step()[0])]

    assert len(lines) == 3
    assert lines[0] == (
        "s_1^t = f(u_11 x_1^t + u_12 x_2^t + w_11 s_1^{t-1} + w_12 s_2^{t-1} + w_13 s_3^{t-1})"
    )
    assert lines[2].startswith("s_3^t = f(u_31 x_1^t + ")


def test_sizes_with_names_need_numbers_to_be_written_out():
    x, w = sg.input("X", ("N", 2)), sg.parameter("w", 2)
    net = sg.let("net", x @ w)

    with pytest.raises(sg.ShapeError, match="the size N has no number"):
        sg.entries(net)
    assert [str(one) for one in sg.entries(net, {"N": 2})] == [
        "net_1 = x_11 w_1 + x_12 w_2",
        "net_2 = x_21 w_1 + x_22 w_2",
    ]
    with pytest.raises(sg.UnsupportedError, match="at most 10000"):
        sg.entries(net, {"N": 10**6})


def test_a_number_is_one_equation_and_a_lone_value_keeps_its_name():
    y, d = sg.input("y", 2), sg.input("d", 2)

    assert [str(one) for one in sg.entries(sg.let("E", sg.sum((y - d) ** 2)))] == [
        "E = (y_1 - d_1)^2 + (y_2 - d_2)^2"
    ]
    assert [str(one) for one in sg.entries(sg.let("h", sg.tanh(y)))] == [
        "h_1 = tanh(y_1)",
        "h_2 = tanh(y_2)",
    ]


def test_a_jacobian_by_entries():
    w, v = sg.parameter("W", (3, 3)), sg.input("v", 3)
    derivation = sg.derive(sg.tanh(w @ v), v, form="index")

    assert derivation.result.unicode() == "dy_i/dv_j = (1 − y_i²) w_ij"


def test_a_capital_stays_where_its_small_letter_is_another_name():
    x, small = sg.input("X", (2, 3)), sg.input("x", 3)
    derivation = sg.derive(sg.sum(x @ small), x, form="index")

    assert "X_ij x_j" in derivation.given[0].unicode()


def test_an_inner_sum_never_takes_the_letter_of_the_entry():
    x, w, y = sg.input("X", ("N", 3)), sg.parameter("w", 3), sg.input("y", "N")
    derivation = sg.derive(sg.sum((x @ w - y) ** 2) / 2, w, form="index")

    assert derivation.result.unicode() == "dL/dw_i = Σ_n x_ni (Σ_j x_nj w_j − y_n)"
    rng = np.random.default_rng(0)
    data = {"X": rng.normal(size=(4, 3)), "w": rng.normal(size=3), "y": rng.normal(size=4)}
    (size,) = x.shape[:1]
    assert isinstance(derivation.result.left.by, Name)
    np.testing.assert_allclose(
        value(derivation.result.right, data, {size: 4}).ravel(),
        data["X"].T @ (data["X"] @ data["w"] - data["y"]),
    )


@pytest.mark.parametrize("sizes", [(1, 1, 1), (1, 3, 2), (4, 1, 2)])
def test_every_size_is_verified(sizes):
    k, m, n = sizes
    w1, w2 = sg.parameter("W1", (m, n)), sg.parameter("W2", (k, m))
    hidden = sg.let("h", sg.tanh(sg.let("net1", w1 @ sg.input("x", n))))
    loss = sg.sum((w2 @ hidden - sg.input("y", k)) ** 2)

    assert sg.derive(loss, [w1, w2], form="index").verified


def test_wrong_letters_are_refused():
    loss, w1, _ = two_layers()

    with pytest.raises(sg.UnsupportedError, match="has 1 axes"):
        sg.derive(loss, w1, form="index", letters={"x": "mn"})
    with pytest.raises(sg.UnsupportedError, match="form='tensor'"):
        sg.derive(loss, w1, form="tensor")
    with pytest.raises(sg.UnknownNameError, match="'q'"):
        sg.derive(loss, w1, letters={"q": "i"})


INDEXED: dict[str, Callable[[], sg.Derivation]] = {
    "dnet_i^(2)/dnet_j^(1) = w_ij^(2) (1 - tanh(net_j^(1))^2)": lambda: sg.derive(
        sg.let(
            "net2",
            sg.parameter("W2", (4, 3)) @ sg.tanh(sg.let("net1", sg.parameter("U", (3, 2)) @ _x())),
        ),
        "net1",
        form="index",
    ),
    "dnet_i/dw_jk = 1[i = j] x_k": lambda: sg.derive(
        sg.let("net", sg.parameter("W", (3, 2)) @ _x()), "W", form="index"
    ),
    "d^2 L/(dx_j dx_i) = 2 (U^T U)[i,j]": lambda: sg.derive(
        sg.let("L", sg.sum((sg.parameter("U", (3, 2)) @ _x()) ** 2)), "x", form="index", order=2
    ),
}


def _x() -> sg.Node:
    return sg.input("x", 2)


@pytest.mark.parametrize("line", INDEXED)
def test_second_derivatives_and_jacobians_in_indexed_scalars_are_proven(line):
    derivation = INDEXED[line]()

    assert derivation.result.text() == line
    assert derivation.unverified == ()


@pytest.mark.parametrize("style", ["text", "unicode", "latex"])
@pytest.mark.parametrize("line", INDEXED)
def test_a_fault_in_an_indexed_jacobian_raises(line, style, monkeypatch):
    derivation = INDEXED[line]()

    def faulty(formula: Any, chosen: Any = "text", *args: Any, **options: Any) -> str:
        text = write(formula, chosen, *args, **options)
        return f"2 ({text})" if chosen == style and formula == wrong else text

    wrong = derivation.result.sides[1]
    monkeypatch.setattr(printing, "write", faulty)
    with pytest.raises(sg.ProofError, match="is not true"):
        derivation.with_style()
