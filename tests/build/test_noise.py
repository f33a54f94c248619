"""Random nodes, the switch between training and prediction, dropout and the noisy ReLU."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from numeric import check_derivatives, evaluate, value

import symgraph as sg


def test_the_switch_and_the_key_are_one_node_each() -> None:
    assert sg.training() is sg.training()
    assert (sg.training().kind, sg.training().shape) == ("boolean", ())
    assert sg.key() is sg.key()
    assert (sg.key().kind, sg.key().shape) == ("integer", ())


def test_random_nodes_have_the_bits_of_the_generator() -> None:
    shape = ("N", 3)
    nodes = [draw(sg.key(), shape, stream=5) for draw in (sg.bits, sg.uniform, sg.normal)]
    found = evaluate(nodes, {sg.key(): 11}, N=4)

    for got, draw in zip(found, ("bits", "uniform", "normal"), strict=True):
        np.testing.assert_array_equal(got, getattr(sg.random, draw)(11, 5, (4, 3)))
    assert [node.kind for node in nodes] == ["integer", "real", "real"]


def test_another_key_or_stream_gives_other_numbers() -> None:
    first, second = sg.uniform(sg.key(), 50), sg.uniform(sg.key(), 50, stream=1)
    a, b = evaluate([first, second], {sg.key(): 1})
    (c,) = evaluate([first], {sg.key(): 2})

    assert len({*a, *b, *c}) == 150


def test_dropout_keeps_the_mean_and_drops_the_given_share() -> None:
    x = sg.input("x", (100, 200))
    y = value(sg.dropout(x, 0.3, training=True), {x: np.ones((100, 200)), sg.key(): 3})

    assert set(np.unique(y)) == {0.0, 1 / 0.7}
    assert abs(np.mean(y == 0) - 0.3) < 5 * np.sqrt(0.3 * 0.7 / 20000)  # five standard deviations


def test_dropout_follows_the_switch() -> None:
    x = sg.input("x", 40)
    y = sg.dropout(x, 0.5)
    ones = np.ones(40)

    assert value(y, {x: ones, sg.key(): 3, sg.training(): False}).tolist() == ones.tolist()
    assert 0.0 in value(y, {x: ones, sg.key(): 3, sg.training(): True})


def test_the_gradient_of_dropout_is_the_mask() -> None:
    x = sg.input("x", 40)
    y = sg.dropout(x, 0.5)
    at = {x: np.linspace(1, 2, 40), sg.key(): 3, sg.training(): True}
    made, gradient = evaluate([y, sg.grad(sg.sum(y), x)], at)

    np.testing.assert_allclose(gradient, made / at[x])
    at[sg.training()] = False
    assert value(sg.grad(sg.sum(y), x), at).tolist() == [1.0] * 40


def test_a_given_mask_crosses_out_units_as_in_the_lecture() -> None:
    x, w1 = sg.input("x", 2), sg.input("w1", (4, 2))
    w2, mask = sg.input("w2", (1, 4)), sg.input("mask", 4, kind="boolean")
    y = w2 @ sg.dropout(sg.sigmoid(w1 @ x), 0.5, mask=mask, training=True)
    at = {
        x: [0.5, -1.0],
        w1: [[0.0, 1.2], [1.0, -0.6], [-1.0, -0.2], [-0.8, -0.2]],
        w2: [[1.0, -0.2, -0.2, 1.0]],
        mask: [True, False, True, False],
    }

    # twice the numbers of dropout without the division by 1 - rate
    np.testing.assert_allclose(value(y, at), [0.29272743972662835], rtol=1e-12)
    np.testing.assert_allclose(
        value(sg.grad(sg.sum(y), w2), at),
        [[0.46295043300196476, 0, 0.851114966376682, 0]],
        rtol=1e-12,
    )


def test_a_rate_of_zero_and_prediction_leave_x_alone() -> None:
    x = sg.input("x", 3)

    assert sg.dropout(x, 0.0) is x
    assert sg.dropout(x, 0.5, training=False) is x


def test_two_layers_drop_different_units_and_a_rebuilt_graph_the_same_ones() -> None:
    def build() -> list[sg.Node]:
        x = sg.input("x", 200)
        first = sg.dropout(x, 0.5, training=True)
        return [first, sg.dropout(sg.tanh(first), 0.5, training=True)]

    at = {sg.input("x", 200): np.ones(200), sg.key(): 3}
    first, second = evaluate(build(), at)

    assert (first == 0).tolist() != (second == 0).tolist()
    assert first.tolist() == value(build()[0], at).tolist()


def test_the_masks_are_the_same_in_another_process_that_built_other_graphs_first() -> None:
    program = """
import symgraph as sg
{before}
x, w = sg.input("x", 3), sg.parameter("w", (3, 3))
run = sg.scan(lambda h, e: sg.tanh(w @ h + e), x, sg.input("xs", (4, 3)))
mixed = run.final[1:] + sg.const([0.5, 1.5]) * x[0]
print(next(n.params[1] for n in sg.dropout(mixed, 0.5).find(sg.Node.registry["Random"])))
"""
    before = "h = sg.tanh(sg.input('z')); [sg.dropout(h * k, 0.5) for k in range(5)]"
    streams = [
        subprocess.run(
            [sys.executable, "-W", "error", "-c", program.format(before=text)],
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for text in ("", before)
    ]

    assert streams[0] == streams[1] != ""


def test_noisy_relu_has_the_lectures_value_and_both_gradients() -> None:
    x, noise = sg.input("x"), sg.input("e")
    y = sg.noisy_relu(x, noise)
    constant = sg.noisy_relu(x, noise, through=False)
    at = {x: 0.5, noise: -0.3}

    np.testing.assert_allclose(value(y, at), 0.263311724396482, rtol=1e-13)
    np.testing.assert_allclose(value(sg.grad(y, x), at), 0.955320275065984, rtol=1e-13)
    assert value(sg.grad(constant, x), at) == 1
    assert value(y, {x: 0.5, noise: -2.0}) == 0
    check_derivatives(y, at, [x])


def test_noisy_relu_draws_noise_of_the_logistic_variance() -> None:
    x = sg.input("x", 20000)
    y = value(sg.noisy_relu(x), {x: np.full(20000, 20.0), sg.key(): 5})

    assert abs(y.std() - 1) < 0.03
    assert abs(y.mean() - 20) < 0.04


@pytest.mark.parametrize("rate", [1.0, -0.1, 1.5, float("nan")])
def test_a_rate_outside_zero_to_one_is_refused(rate: float) -> None:
    with pytest.raises(sg.RangeError, match=r"is not in \[0, 1\)"):
        sg.dropout(sg.input("x"), rate)


def test_what_is_no_rate_mask_key_stream_or_switch_is_refused() -> None:
    x = sg.input("x", 3)
    with pytest.raises(sg.KindError, match="rate must be a plain number"):
        sg.dropout(x, "half")  # type: ignore[arg-type]  # the mistake under test
    with pytest.raises(sg.ShapeError, match=r"mask has shape \(2, 3\), x has \(3,\)"):
        sg.dropout(x, 0.5, mask=sg.input("m", (2, 3)))
    with pytest.raises(sg.KindError, match="must be an integer scalar"):
        sg.dropout(x, 0.5, key=sg.input("k"))
    with pytest.raises(sg.KindError, match="must be a whole number from 0"):
        sg.uniform(sg.key(), 3, stream=-1)
    with pytest.raises(sg.KindError, match="dropout: training: the operand is real"):
        sg.dropout(x, 0.5, training=sg.input("t"))
    with pytest.raises(sg.ShapeError, match="it is one switch for all"):
        sg.dropout(x, 0.5, training=sg.input("t", 3, kind="boolean"))
