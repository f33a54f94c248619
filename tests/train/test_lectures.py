"""Training traces of the lectures: every number was computed twice, without symgraph."""

from typing import ClassVar

import numpy as np
import pytest

import symgraph as sg


def loss_path(model: sg.Model, data, optimizer, steps: int) -> list[float]:
    """The loss after 0, 1, ... steps on all data."""
    history = model.fit(data, optimizer=optimizer, epochs=steps, batch_size=None)
    return [*history["loss"], model.evaluate(data)["loss"]]


def test_one_gradient_step_of_the_two_layer_network():
    phi, y = sg.input("phi", 2), sg.input("y")
    v1 = sg.parameter("v1", 2, init=[0.5, -0.25])
    v2 = sg.parameter("v2", 2, init=[-0.5, 0.75])
    w = sg.parameter("w", 2, init=[1.0, -2.0])
    h = sg.const([1.0, 0.0]) * sg.sigmoid(v1 @ phi) + sg.const([0.0, 1.0]) * sg.sigmoid(v2 @ phi)
    model = sg.Model(loss=(w @ h - y) ** 2, inputs=[phi, y])
    data = {"phi": [1.0, 2.0], "y": 1.0}

    before = model.step(data, optimizer=sg.optim.SGD(0.1))["loss"]

    assert before == pytest.approx(3.849903738814102, rel=1e-9)
    expected = {
        "w": [1.196211715726001, -1.7131154839815903],
        "v1": [0.5981058578630005, -0.05378828427399901],
        "v2": [-0.6543102590140685, 0.44137948197186305],
    }
    for name, values in expected.items():
        np.testing.assert_allclose(model.parameters[name], values, rtol=1e-9)
    assert model.evaluate(data)["loss"] == pytest.approx(1.4690566473160371, rel=1e-9)


class TestThreeSamplesOfALine:
    """y = w x with the squared error, from w = 0 with rate 0.05."""

    data: ClassVar = {"x": np.array([1.0, 2.0, 3.0]), "y": np.array([2.0, 3.0, 7.0])}
    least_squares = 2.0714285714285716

    @staticmethod
    def model(reduce) -> sg.Model:
        x, y = sg.input("x", "N"), sg.input("y", "N")
        return sg.Model(loss=reduce((y - sg.parameter("w") * x) ** 2), inputs=[x, y])

    def test_one_sample_many_times_then_the_next_ends_at_the_last(self):
        model = self.model(sg.sum)
        for i in range(3):
            sample = {name: values[i : i + 1] for name, values in self.data.items()}
            model.fit(sample, optimizer=sg.optim.SGD(0.05), epochs=10)

        assert float(model.parameters["w"]) == pytest.approx(2.3333333332498807, rel=1e-9)

    def test_the_samples_in_turn_come_near_least_squares(self):
        model = self.model(sg.sum)
        model.fit(self.data, optimizer=sg.optim.SGD(0.05), epochs=10, batch_size=1, shuffle=False)

        assert float(model.parameters["w"]) == pytest.approx(2.295983086680277, rel=1e-9)

    def test_all_samples_in_every_step_come_nearest(self):
        model = self.model(sg.mean)
        model.fit(self.data, optimizer=sg.optim.SGD(0.05), epochs=10, batch_size=None)

        assert float(model.parameters["w"]) == pytest.approx(2.0675715039077103, rel=1e-9)
        assert abs(2.0675715039077103 - self.least_squares) < 0.004


def test_xor_is_learnt_by_two_hidden_units():
    x, d = sg.input("x", ("N", 2)), sg.input("d", "N")
    W = sg.parameter("W", (2, 2), init=[[0.6, -0.4], [-0.3, 0.5]])
    b = sg.parameter("b", 2, init=[0.1, -0.1])
    v, c = sg.parameter("v", 2, init=[0.7, 0.8]), sg.parameter("c", init=-0.2)
    y = sg.sigmoid(sg.tanh(x @ W.T + b) @ v + c)
    model = sg.Model(loss=sg.sum((y - d) ** 2) / 2, inputs=[x, d], outputs={"y": y})
    data = {"x": [[0, 0], [0, 1], [1, 0], [1, 1]], "d": [0, 1, 1, 0]}

    measured = loss_path(model, data, sg.optim.SGD(0.5), steps=3000)

    trace = {
        0: 0.5089945741332843,
        1: 0.508014767260686,
        10: 0.5008012221625918,
        100: 0.13203699342127215,
        1000: 0.0020788972411026996,
        3000: 0.0005937245485712419,
    }
    assert [measured[step] for step in trace] == pytest.approx([*trace.values()], rel=1e-6)
    np.testing.assert_allclose(
        model.predict(data)["y"],
        [0.015216463293190697, 0.9803443153185737, 0.980320957232229, 0.013501765715566504],
        rtol=1e-6,
    )


def test_the_two_car_network_learns_to_keep_its_distance():
    axis = np.arange(7) / 2
    x = np.array([(a, b) for a in axis for b in axis])
    phi, y = sg.input("phi", ("N", 3)), sg.input("y", "N")
    V = sg.parameter("V", (2, 3), init=[[-0.5, 0.5, -0.5], [-0.5, -0.5, 0.5]])
    u, u0 = sg.parameter("u", 2, init=[1.0, 1.0]), sg.parameter("u0", init=-0.5)
    score = sg.sigmoid(phi @ V.T) @ u + u0
    right = sg.mean(sg.indicator(score * y > 0))
    model = sg.Model(loss=sg.mean((score - y) ** 2), inputs=[phi, y], metrics={"accuracy": right})
    data = {
        "phi": np.column_stack([np.ones(49), x]),
        "y": np.where(np.abs(x[:, 0] - x[:, 1]) >= 1, 1.0, -1.0),
    }

    measured = loss_path(model, data, sg.optim.SGD(0.5), steps=3000)

    trace = {
        0: 0.91890721125658,
        1: 0.9125751391366815,
        10: 0.8520672899128038,
        100: 0.14004549572464872,
        1000: 0.054161382717762115,
        3000: 0.018057532525545497,
    }
    assert [measured[step] for step in trace] == pytest.approx([*trace.values()], rel=1e-7)
    assert model.evaluate(data)["accuracy"] == 1.0


def test_a_character_network_learns_hello():
    letters = np.eye(4)  # h, e, l, o
    Wxh = sg.parameter(
        "Wxh",
        (3, 4),
        init=[[0.0, 0.6, 0.5, -0.3], [-0.5, -0.1, -0.4, -0.1], [-0.5, -0.3, 0.5, 0.6]],
    )
    Whh = sg.parameter(
        "Whh", (3, 3), init=[[0.5, -0.1, -0.1], [0.5, 0.4, -0.4], [-0.6, -0.2, -0.5]]
    )
    Why = sg.parameter(
        "Why",
        (4, 3),
        init=[[-0.3, 0.5, 0.6], [0.0, 0.0, 0.6], [0.5, -0.3, -0.5], [-0.1, -0.4, -0.1]],
    )
    bh, by = sg.parameter("bh", 3), sg.parameter("by", 4)
    h, losses = sg.const(np.zeros(3)), []
    for letter, following in ((0, 1), (1, 2), (2, 2), (2, 3)):
        h = sg.tanh(Wxh @ sg.const(letters[letter]) + Whh @ h + bh)
        z = Why @ h + by
        losses.append(sg.log(sg.sum(sg.exp(z))) - z @ sg.const(letters[following]))
    model = sg.Model(loss=losses[0] + losses[1] + losses[2] + losses[3], inputs=[])

    measured = loss_path(model, {}, sg.optim.SGD(0.1), steps=1000)

    trace = {
        0: 5.381438495465254,
        1: 4.946093904958414,
        10: 3.6767315754748626,
        100: 0.45566008777327527,
        500: 0.026244122447755893,
        1000: 0.012189278932051309,
    }
    assert [measured[step] for step in trace] == pytest.approx([*trace.values()], rel=1e-7)


def fill(s: int, *shape: int) -> np.ndarray:
    """The lecture's test arrays: one-digit decimals that look random."""
    k = np.arange(np.prod(shape))
    return (((3 * k * k + (s + 2) * k + 5 * s + 1) % 13 - 6) / 10).reshape(shape)


def autoencoder(s: int, inside: int, outside: int) -> sg.Model:
    x = sg.input("x", ("N", outside))
    W = sg.parameter("W", (inside, outside), init=fill(s, inside, outside))
    V = sg.parameter("V", (outside, inside), init=fill(s + 1, outside, inside))
    code = sg.sigmoid(x @ W.T + sg.parameter("b", inside))
    again = sg.sigmoid(code @ V.T + sg.parameter("c", outside))
    error = sg.mean(sg.sum((again - x) ** 2, axis=1)) / 2
    return sg.Model(loss=error, inputs=[x], outputs={"code": code})


def test_a_deep_network_is_built_layer_by_layer_from_autoencoders():
    X = np.array([
        [0.7, 0.3, 0.5, 0.0, 0.1],
        [0.8, 0.8, 0.1, 0.0, 0.5],
        [0.3, 0.7, 0.4, 0.7, 0.3],
        [0.5, 0.0, 0.1, 0.8, 0.8],
        [0.1, 0.0, 0.5, 0.3, 0.7],
        [0.4, 0.7, 0.3, 0.5, 0.0],
        [0.1, 0.8, 0.8, 0.1, 0.0],
        [0.5, 0.3, 0.7, 0.4, 0.7],
    ])  # fmt: skip
    traces = [
        {0: 0.2327629839902999, 1: 0.22503453904069426, 1000: 0.02799916601415279},
        {0: 0.13288537010701298, 1: 0.1307703742861702, 1000: 0.03651191216563528},
    ]
    codes = X
    for s, (inside, outside), trace in zip((1, 2), ((3, 5), (2, 3)), traces, strict=True):
        model = autoencoder(s, inside, outside)
        measured = loss_path(model, {"x": codes}, sg.optim.SGD(1.0), steps=1000)
        assert [measured[step] for step in trace] == pytest.approx([*trace.values()], rel=1e-6)
        codes = model.predict({"x": codes})["code"]

    np.testing.assert_allclose(codes[0], [0.5987942924065569, 0.7335446041277479], rtol=1e-6)
