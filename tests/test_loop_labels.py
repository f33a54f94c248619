"""The green labels of a loop, which is one vertex of the graph."""

from __future__ import annotations

import numpy as np

import symgraph as sg
from symgraph.notation.numeric import value
from symgraph.notation.sequences import Series
from symgraph.zoo import gates, recurrent


def labels(graph: sg.Graph) -> dict[str, str | None]:
    return {
        edge.tail.label(): edge.label()
        for edge in graph.edges
        if edge.head.label().startswith("scan") or edge.head.node.is_loop
    }


def test_each_operand_of_a_loop_is_labelled_with_what_one_step_hands_on() -> None:
    assert labels(sg.graph(recurrent.rnn().loss)) == {
        "s₀": "Wᵀ (•_1 ⊙ (1 − s_1²))",
        "x": "Uᵀ (•_t ⊙ (1 − s_t²))",
        "U": "Σ_t (•_t ⊙ (1 − s_t²)) x_tᵀ",
        "W": "Σ_t (•_t ⊙ (1 − s_t²)) s_{t−1}ᵀ",
    }


def test_the_last_state_hands_its_derivative_on_to_the_loop() -> None:
    edges = sg.graph(recurrent.rnn().loss).edges
    assert [e.label() for e in edges if e.tail.node.is_loop] == ["•"]


def test_of_several_states_the_derivatives_have_their_names() -> None:
    found = labels(sg.graph(gates.lstm().loss))
    assert found["b_o"] == "Σ_t dh_t ⊙ tanh(C_t) ⊙ o_t ⊙ (1 − o_t)"
    assert found["C₀"] == "(dC_1 + dh_1 ⊙ o_1 ⊙ (1 − tanh(C_1)²)) ⊙ f_1"


def test_a_label_of_a_single_step_is_the_derivative_of_the_step() -> None:
    W, x, s0 = sg.parameter("W", (2, 2)), sg.input("x", (1, 2)), sg.input("s0", 2)
    run = sg.scan(lambda s, x: sg.tanh(W @ s + x), s0, x)
    graph = sg.graph(run.final, W)
    (formula,) = (e.formula for e in graph.edges if e.tail.node is W)
    generator = np.random.default_rng(5)
    matrix, row, start, ct = (generator.normal(size=n) for n in ((2, 2), (1, 2), 2, 2))
    after = np.tanh(matrix @ start + row[0])
    names = {"W": matrix, "x": Series({1: row[0]}), "s": Series({0: start, 1: after})}
    names |= {"•": Series({1: ct}), "t": range(1, 2)}
    step, exact = 1e-6, np.zeros((2, 2))
    for i in range(2):
        for j in range(2):
            moved = np.zeros((2, 2))
            moved[i, j] = step
            ends = [ct @ np.tanh((matrix + sign * moved) @ start + row[0]) for sign in (1, -1)]
            exact[i, j] = (ends[0] - ends[1]) / (2 * step)
    assert formula is not None
    np.testing.assert_allclose(value(formula, names, {}), exact, atol=1e-8)


def test_what_has_no_derivative_has_no_label() -> None:
    x, ids = sg.input("x", ("T", 2)), sg.input("ids", "T", kind="integer")
    run = sg.scan(lambda s, x, i: s + x * i, sg.zeros(2), {"x": x, "i": ids})
    assert labels(sg.graph(sg.sum(run.final)))["ids"] is None


def two_states(step: object) -> dict[str, str | None]:
    """The labels of a loop over a and b, of which the last values are added."""
    run = sg.scan(step, (sg.input("x"), sg.input("y")), length=3)
    a, b = run.final
    return labels(sg.graph(a + b))


def test_a_state_that_takes_the_value_of_another_one_is_labelled() -> None:
    # a_t = b_{t-1}, b_t = w a_{t-1} b_{t-1}: by hand
    w = sg.parameter("w")
    assert two_states(lambda a, b: (b, w * a * b)) == {
        "x": "db_1 b_0 w",
        "y": "da_1 + db_1 w a_0",
        "w": "Σ_t db_t b_{t−1} a_{t−1}",
    }


def test_two_states_with_one_next_value_are_labelled_with_both_derivatives() -> None:
    w = sg.parameter("w")
    found = two_states(lambda a, b: (sg.tanh(w * a + b),) * 2)
    assert found["y"] == "(da_1 + db_1) (1 − a_1²)"


def test_operands_that_the_first_state_does_not_need_are_labelled_too() -> None:
    w = sg.parameter("w")
    found = two_states(lambda a, b: (a, w * a * b))
    assert found == {"x": "da_1 + db_1 b_0 w", "y": "db_1 w a_0", "w": "Σ_t db_t b_{t−1} a_{t−1}"}


def test_every_loop_derives_where_states_become_what_has_no_value_of_its_own() -> None:
    w, x, y = sg.parameter("w"), sg.input("x"), sg.input("y")
    steps = (
        lambda a, b: (b, w * a * b),
        lambda a, b: (sg.tanh(w * a + b),) * 2,
        lambda a, b: (w, w * a * b),
        lambda a, b: (sg.stop_gradient(w * b), w * a * b),
        lambda a, b: (sg.zeros(()), w * a * b),
    )
    for step in steps:
        a, b = sg.scan(step, (x, y), length=3).final
        assert "dL/dw" in sg.derive(a + b, w).text()
