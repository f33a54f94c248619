"""Derivatives by the parts of a joined vector: products with the parts of a matrix."""

from __future__ import annotations

import pytest

import symgraph as sg


def lstm_step():
    """One step of an LSTM, its four gates on the joined vector."""
    joined = sg.concat([sg.input("h0", 3), sg.input("x", 2)])
    inner = {g: sg.parameter(f"W_{g}", (3, 5)) @ joined + sg.parameter(f"b_{g}", 3) for g in "fiCo"}
    f, i = (sg.let(g, sg.sigmoid(inner[g])) for g in "fi")
    new, o = sg.let("C̃", sg.tanh(inner["C"])), sg.let("o", sg.sigmoid(inner["o"]))
    cell = sg.let("C", f * sg.input("C0", 3) + i * new)
    h = sg.let("h", o * sg.tanh(cell))
    return sg.let("E", sg.sum((h - sg.input("d", 3)) ** 2) / 2)


def skipping(activation=sg.relu):
    """The input goes to the second layer, too."""
    x = sg.input("x", 3)
    hidden = sg.let("h", activation(sg.parameter("W1", (4, 3)) @ x))
    out = sg.let("o", sg.parameter("W2", (2, 7)) @ sg.concat([hidden, x]))
    return sg.let("L", sg.sum((out - sg.input("y", 2)) ** 2))


def test_a_step_of_an_lstm_has_one_line_per_gate():
    found = sg.derive(lstm_step(), ["W_f", "W_i", "W_C", "W_o", "h0", "x"])

    given = [one.unicode() for one in found.given]
    assert set(given[:4]) == {f"W_{g} = [W_{g}h, W_{g}x]" for g in "fiCo"}
    assert len(found.names) == 4
    assert all("⊙" in one.unicode() and "[" not in one.unicode() for one in found.names)
    by_state, by_input = (one.text() for one in found.results[-2:])
    assert by_state.startswith("dE/dh0 = ")
    assert sorted(by_state.split(" = ")[1].split(" + ")) == [
        "W_Ch^T δ₄", "W_fh^T δ₂", "W_ih^T δ₃", "W_oh^T δ₁"
    ]  # fmt: skip
    assert by_input == by_state.replace("h0", "x").replace("h^T", "x^T")
    assert found.verified


def test_a_vector_that_skips_a_layer():
    found = sg.derive(skipping(), ["W1", "W2", "x"])

    assert found.given[0].text() == "W2 = [W2_h, W2_x]"
    assert [one.text() for one in (*found.names, found.results[2])] == [
        "δ₂ = 2 (o - y)",
        "δ₁ = W2_h^T δ₂ * 1[W1 x > 0]",
        "dL/dx = W1^T δ₁ + W2_x^T δ₂",
    ]
    assert found.verified


@pytest.mark.parametrize("options", [
    {"layout": "numerator"}, {"delta_sign": -1, "lang": "zh"}, {"vectors": "row"},
    {"form": "index"}, {"product": "∘"},
])  # fmt: skip
def test_every_switch_is_proven_for_joined_vectors(options):
    assert sg.derive(skipping(sg.tanh), ["W1", "W2", "x"], **options).verified
    assert sg.derive(lstm_step(), ["W_f", "h0", "x"], **options).verified


def test_rows_of_a_batch_are_joined_side_by_side():
    x, h = sg.input("X", ("N", 2)), sg.input("H", ("N", 3))
    net = sg.let("net", sg.concat([h, x], axis=1) @ sg.parameter("W", (5, 4)))
    found = sg.derive(sg.let("L", sg.sum(sg.tanh(net))), ["H", "X"])

    assert found.given[0].text() == "W = [W_H; W_X]"
    assert [one.text() for one in found.results] == [
        f"dL/d{name} = (1 - tanh(net).^2) W_{name}^T" for name in "HX"
    ]
    assert found.verified


def test_stacked_vectors_are_the_rows_of_a_matrix_and_a_part_is_read_from_its_row():
    a, b = sg.input("a", 4), sg.input("b", 4)
    found = sg.derive(sg.sum(sg.stack([a, b]) ** 2), b)

    assert ["u₁ = [aᵀ; bᵀ]", "L = ‖u₁‖²"] == [str(one.unicode()) for one in found.given]
    assert "dL/db[j] = 2 u₁[1,j]" == found.result.unicode()


def test_the_derivative_by_a_vector_laid_as_one_row_is_read_along_that_row():
    a, b = sg.input("a", 3), sg.input("b", 3)
    found = sg.derive(sg.sum(sg.tanh(sg.stack([a, b]))), [a, b])

    assert "dL/d(aᵀ)[0,l] = dL/du₁[0,l] = 1 − tanh(u₁[0,l])²" in found.unicode()
    assert found.unverified == ()
