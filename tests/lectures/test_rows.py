"""Every row of the lectures prints in the lecture's form; see rows.py."""

from functools import partial

import pytest

import symgraph as sg
from lectures.rows import ROWS, Row
from symgraph.explain.derivation import Derivation
from symgraph.network import find_node
from symgraph.zoo import builder


def derivation_of(row: Row) -> Derivation:
    system = builder(row.builder)(**row.build)
    loss = getattr(system, "loss", system)
    if row.of is not None:
        return sg.derive(find_node(loss, row.of), row.wrt.split(), **row.options)
    return sg.derive(
        loss, row.wrt.split(), assume=list(getattr(system, "facts", ())), **row.options
    )


def title(row: Row) -> str:
    return f"{row.identity} {row.builder} by {row.wrt}"


@pytest.mark.parametrize("row", ROWS, ids=title)
def test_a_row_prints_in_the_form_of_its_lecture(row):
    derivation = derivation_of(row)
    lines = (*derivation.names, *derivation.results)

    assert [one.text() for one in lines] == row.text.strip().splitlines()
    assert [one.latex() for one in lines] == row.latex.strip().splitlines()
    if row.given:
        assert [one.text() for one in derivation.given] == row.given.strip().splitlines()
    assert derivation.verified


def test_rows_of_all_kinds_that_ask_for_a_derivation_are_there():
    asked = """
        S0-03 S0-11 S0-18 S0-19 S0-20 S0-21 S0-23 S0-26 S0-38 S0-39 S0-46 S0-49 S0-51 S0-52 S1-01
        S1-07 S1-08 S1-09 S1-10 S1-11 S1-12 S1-13 S1-14 S3-05 S4-11 S4-12 S4-14 S4-17 S4-18 S4-24
        S4-25 S4-27 S4-32 S4-33 S4-40 S4-53 S4-57 S4-60 S4-68 S4-71
    """
    assert set(asked.split()) <= {row.identity for row in ROWS}


def test_the_product_along_a_path_is_shown_unmultiplied_on_request():
    """S0-20, and S0-26 with two paths."""
    one = sg.derive(builder("composition")(), "in").paths()
    two = sg.derive(builder("x-sigma-x")(), "x").paths()

    assert one.unicode() == "out → mid → in: ∂out/∂mid · ∂mid/∂in = out · cos(in)"
    assert two.unicode().splitlines() == [
        "out → x: ∂out/∂x = h",
        "out → h → x: ∂out/∂h · ∂h/∂x = x · (h (1 − h))",
    ]


def test_the_chain_rule_of_two_named_values_is_a_step():
    """S1-07: ∂net_t/∂net_{t-1} by way of s_{t-1}; its entries are w_ij f'(net_j)."""
    net = find_node(builder("rnn-step")(), "net_t")
    *_, chain = sg.derive(net, "net_{t-1}", abstract={"f": "tanh"}, derivative="∂").steps

    assert chain.rule == "chain rule"
    assert chain.line().startswith(
        "∂net_t/∂net_{t-1} = (∂net_t/∂s_{t-1}) (∂s_{t-1}/∂net_{t-1}) = W diag[f'(net_{t-1})]"
    )
    assert chain.line("latex", "=").startswith(
        r"\frac{\partial \mathrm{net}_{t}}{\partial \mathrm{net}_{t-1}}"
        r" = \frac{\partial \mathrm{net}_{t}}{\partial s_{t-1}}"
    )


def test_the_entries_of_a_recurrent_step_are_sums_of_products():
    """S1-06: three equations of five products each."""
    lines = sg.entries(find_node(builder("rnn-step")(), "net_t"))

    assert [one.text() for one in lines] == [
        f"net_{i}^t = u_{i}1 x_1^t + u_{i}2 x_2^t"
        f" + w_{i}1 s_1^{{t-1}} + w_{i}2 s_2^{{t-1}} + w_{i}3 s_3^{{t-1}}"
        for i in (1, 2, 3)
    ]
    assert lines[0].latex() == (
        r"\mathrm{net}_{1}^{t} = u_{11} x_{1}^{t} + u_{12} x_{2}^{t}"
        r" + w_{11} s_{1}^{t-1} + w_{12} s_{2}^{t-1} + w_{13} s_{3}^{t-1}"
    )


def test_one_call_puts_the_logistic_function_in_the_place_of_the_step():
    """S0-11: no gradient before, σ (1 - σ) Φ after."""
    hard = builder("two-cars")(partial(sg.step, at_zero=1))
    soft = sg.replace_function(hard, "step", sg.sigmoid)

    assert str(sg.derive(hard, "v1").result) == "dloss/dv1 = 0"
    assert str(sg.derive(soft, "v1").result) == "dloss/dv1 = 2 residual w1 h1 (1 - h1) Φ"


def test_the_uses_of_shared_matrices_on_the_way_to_the_loss_are_counted():
    """S4-57: V once, W_2 twice, W_1 three times, when the first state is 0."""
    from_zero = builder("rnn-h")(steps=3, from_zero=True)
    from_variable = builder("rnn-h")(steps=3)

    assert sg.use_counts(from_zero.loss) == {"V": 1, "W2": 2, "W1": 3}
    assert sg.use_counts(from_variable.loss) == {"V": 1, "W2": 3, "W1": 3}


def test_the_gate_of_a_coupled_lstm_has_two_paths():
    """S0-51: the derivative by f is C_{t-1} - C̃_t."""
    net = builder("lstm")(coupled=True)
    lines = [one.text() for one in sg.derive(net.loss, "W_f").names]

    (delta,) = [line for line in lines if line.startswith("δf_t = ")]
    assert "dC_t * (C_{t-1} - C̃_t) * f_t * (1 - f_t)" in delta
