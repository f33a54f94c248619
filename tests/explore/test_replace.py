"""One function exchanged for another: the step of the lecture for the logistic function."""

from __future__ import annotations

import numpy as np
import pytest

import symgraph as sg
from symgraph.zoo import recurrent

PHI = [[1.0, 3.0, 1.0], [1.0, 1.0, 3.0], [1.0, 1.0, 0.5]]
V1 = [-1.0, 1.0, -1.0]


@pytest.mark.parametrize(
    "unit",
    [sg.step, lambda z: sg.indicator(z >= 0), lambda z: sg.indicator(sg.const(0.0) < z)],
)
def test_the_step_has_no_gradient_and_the_logistic_function_has_one(unit):
    v, phi = sg.parameter("v", 3), sg.input("Φ", 3)
    hard = sg.let("h", unit(v @ phi))
    soft = sg.replace_function(hard, "step", sg.sigmoid)

    expected = [0.7310585786300049, 0.04742587317756678, 0.3775406687981454]
    gradients = [
        [0.19661193324148185, 0.5898357997244456, 0.19661193324148185],
        [0.04517665973091214, 0.04517665973091214, 0.1355299791927364],
        [0.2350037122015945, 0.2350037122015945, 0.11750185610079725],
    ]
    for row, value, slope in zip(PHI, expected, gradients, strict=True):
        values = {"v": V1, "Φ": row}
        assert float(sg.evaluate(soft, values)) == pytest.approx(value)
        assert sg.evaluate(sg.grad(soft, v), values) == pytest.approx(np.array(slope))
    if hard.kind == "real":
        assert str(sg.grad(hard, v)) == "0"


def test_a_threshold_becomes_a_shift():
    z = sg.input("z")
    soft = sg.replace_function(sg.indicator(2 <= z), "step", sg.sigmoid)

    assert float(sg.evaluate(soft, {"z": 3.5})) == pytest.approx(1 / (1 + np.exp(-1.5)))


def test_functions_inside_of_loops_are_exchanged_too():
    net = recurrent.rnn(2, 1)
    values = {
        "x": [[1.0], [-0.5]], "s0": [0.3, 0.1], "d": [0.0, 0.0], "U": [[1.0], [-2.0]],
        "W": [[0.5, 1.0], [-1.0, 0.25]],
    }  # fmt: skip
    loss = sg.replace_function(net.loss, "tanh", sg.relu)

    s = np.array(values["s0"])
    for x in values["x"]:
        s = np.maximum(0, np.array(values["U"]) @ np.array(x) + np.array(values["W"]) @ s)
    assert float(sg.evaluate(loss, values)) == pytest.approx(float(s @ s) / 2)


def test_names_and_the_form_of_the_request_stay():
    z = sg.input("z", 2)
    found = sg.replace_function({"a": sg.let("h", sg.relu(z)), "b": (z,)}, "relu", sg.softplus)

    assert found["a"].let_name == "h"
    assert found["b"] == (z,)


def test_a_function_that_does_not_occur_is_refused_with_those_that_do():
    z = sg.input("z", 2)
    with pytest.raises(sg.UnknownNameError, match=r"is called 'step' here.* tanh"):
        sg.replace_function(sg.tanh(z), "step", sg.sigmoid)
    with pytest.raises(sg.KindError, match="is no function"):
        sg.replace_function(sg.tanh(z), "tanh", "sigmoid")
    with pytest.raises(sg.ShapeError, match="Give an entrywise function"):
        sg.replace_function(sg.tanh(z), "tanh", sg.sum)
