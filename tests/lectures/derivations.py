"""The gradients of the lectures print in the lectures' form."""

from __future__ import annotations

from functools import partial

import symgraph as sg
from lectures.basics import BASICS
from lectures.checks import add, check
from lectures.decisions import DECISIONS
from lectures.derived import Derived
from lectures.further import FURTHER
from lectures.indexed import INDEXED
from lectures.networks import NETWORKS
from lectures.over_time import OVER_TIME
from lectures.sequences import SEQUENCES
from symgraph.explain.derivation import Derivation
from symgraph.network import find_node
from symgraph.zoo import builder

__all__ = ["DERIVED"]

DERIVED: tuple[Derived, ...] = (
    *BASICS,
    *NETWORKS,
    *SEQUENCES,
    *INDEXED,
    *FURTHER,
    *OVER_TIME,
    *DECISIONS,
)


def derivation_of(one: Derived) -> Derivation:
    system = builder(one.builder)(**one.build)
    loss = getattr(system, "loss", system)
    if one.of is not None:
        return sg.derive(find_node(loss, one.of), one.wrt.split(), **one.options)
    return sg.derive(
        loss, one.wrt.split(), assume=list(getattr(system, "facts", ())), **one.options
    )


def prints_in_the_form_of_the_lecture(one: Derived) -> None:
    derivation = derivation_of(one)
    lines = (*derivation.names, *derivation.results)

    assert [line.text() for line in lines] == one.text.strip().splitlines()
    if one.latex:
        assert [line.latex() for line in lines] == one.latex.strip().splitlines()
    if one.given:
        assert [line.text() for line in derivation.given] == one.given.strip().splitlines()
    assert derivation.verified


for each in DERIVED:
    add(
        each.identity,
        "der",
        f"{each.builder} by {each.wrt}",
        partial(prints_in_the_form_of_the_lecture, each),
    )


@check("der", "S0-20", "S0-26")
def the_product_along_a_path_is_shown_unmultiplied_on_request() -> None:
    one = sg.derive(builder("composition")(), "in").paths()
    two = sg.derive(builder("x-sigma-x")(), "x").paths()

    assert one.unicode() == "out → mid → in: ∂out/∂mid · ∂mid/∂in = out · cos(in)"
    assert two.unicode().splitlines() == [
        "out → x: ∂out/∂x = h",
        "out → h → x: ∂out/∂h · ∂h/∂x = x · (h (1 − h))",
    ]


@check("der", "S1-07")
def the_chain_rule_of_two_named_values_is_a_step() -> None:
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


@check("der", "S1-06")
def the_entries_of_a_recurrent_step_are_sums_of_products() -> None:
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


@check("der", "S0-11")
def one_call_puts_the_logistic_function_in_the_place_of_the_step() -> None:
    hard = builder("two-cars")(partial(sg.step, at_zero=1))
    soft = sg.replace_function(hard, "step", sg.sigmoid)

    assert str(sg.derive(hard, "v1").result) == "dloss/dv1 = 0"
    assert str(sg.derive(soft, "v1").result) == "dloss/dv1 = 2 residual w1 h1 (1 - h1) Φ"


@check("def", "S4-57")
def the_uses_of_shared_matrices_on_the_way_to_the_loss_are_counted() -> None:
    from_zero = builder("rnn-h")(steps=3, from_zero=True)
    from_variable = builder("rnn-h")(steps=3)

    assert sg.use_counts(from_zero.loss) == {"V": 1, "W2": 2, "W1": 3}
    assert sg.use_counts(from_variable.loss) == {"V": 1, "W2": 3, "W1": 3}


@check("der", "S0-51")
def the_gate_of_a_coupled_lstm_has_two_paths() -> None:
    net = builder("lstm")(coupled=True)
    lines = [one.text() for one in sg.derive(net.loss, "W_f").names]

    (delta,) = [line for line in lines if line.startswith("δf_t = ")]
    assert "dC_t * (C_{t-1} - C̃_t) * f_t * (1 - f_t)" in delta


@check("der", "S0-48", "S2-05")
def along_the_cell_the_derivative_is_the_gate() -> None:
    f, i, candidate = (sg.input(name, 3) for name in ("f_t", "i_t", "C̃_t"))
    C = sg.let("C_t", f * sg.input("C_{t-1}", 3) + i * candidate)

    assert str(sg.derive(C, "C_{t-1}").result) == "dC_t/dC_{t-1} = diag(f_t)"
