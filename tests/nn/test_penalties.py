"""Penalties against NumPy, and against the weight decay that they stand for."""

import numpy as np
import pytest

import symgraph as sg
from symgraph.errors import KindError, RangeError

W = sg.parameter("W", (2, 3))
b = sg.parameter("b")
AT = {"W": np.array([[1.0, -2.0, 0.0], [0.5, 3.0, -1.0]]), "b": -4.0}


def test_penalties_are_sums_over_all_entries_of_all_parameters():
    assert float(sg.evaluate(sg.nn.l1([W, b], 0.1), AT)) == pytest.approx(0.1 * (7.5 + 4))
    assert float(sg.evaluate(sg.nn.l2((W, b), 0.1), AT)) == pytest.approx(0.1 * (15.25 + 16))


def test_the_gradient_of_l1_is_the_sign_and_nothing_at_zero():
    (gradient,) = sg.grad(sg.nn.l1(W, 0.5), [W])

    assert np.array_equal(sg.evaluate(gradient, {"W": AT["W"]}), 0.5 * np.sign(AT["W"]))


@pytest.mark.parametrize("given", [{"optimizer": sg.optim.Adam(0.1, weight_decay=0.06)}, {}])
def test_l2_trains_as_a_weight_decay_of_twice_its_strength(given):
    penalty = 0 if given else sg.nn.l2(W, 0.03)
    model = sg.Model(sg.sum((W - 1) ** 2) + penalty, [])
    model.fit({}, epochs=9, **({"optimizer": sg.optim.Adam(0.1)} | given))
    by_hand, m, v = np.zeros((2, 3)) + sg.Model(sg.sum(W), []).parameters["W"], 0.0, 0.0
    for t in range(1, 10):
        g = 2 * (by_hand - 1) + 0.06 * by_hand
        m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g**2
        by_hand = by_hand - 0.1 * (m / (1 - 0.9**t)) / (np.sqrt(v / (1 - 0.999**t)) + 1e-8)

    np.testing.assert_allclose(model.parameters["W"], by_hand, rtol=1e-12)


def test_penalties_on_nothing_or_below_zero_are_refused():
    with pytest.raises(KindError, match="l1: there are no parameters"):
        sg.nn.l1([], 0.1)
    with pytest.raises(RangeError, match="l2: strength is -1, and it must be at least 0"):
        sg.nn.l2(W, -1)
