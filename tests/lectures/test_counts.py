"""How often compiled systems of the lectures take an exponential or a hyperbolic tangent."""

from __future__ import annotations

import re

import symgraph as sg
from symgraph.walks import variables
from symgraph.zoo import builder


def calls(loss: sg.Node, *more: sg.Node) -> list[str]:
    """The functions that the loops of the C program call, each once for every entry."""
    program = sg.compile(variables([loss]), [loss, *more], target="cython")
    form = r"= sg_(exp|tanh|tanh_of|tanh_by)(?:_down|_less_one)?\("
    return sorted(re.findall(form, program._recipe.native.text))


def test_a_step_of_an_lstm_takes_three_exponentials_and_two_tangents_for_each_unit():
    """S0-49."""
    loss = builder("lstm")().loss

    assert calls(loss) == ["exp"] * 3 + ["tanh"] * 2


def test_its_gradient_takes_no_exponential_anew():
    """Each tangent is made from the one exponential that its slope is made of, too."""
    loss = builder("lstm")().loss
    weights = [v for v in variables([loss]) if v.name.startswith(("W", "b"))]

    assert calls(loss, *sg.grad(loss, weights)) == ["exp"] * 5 + ["tanh_by"] * 2
