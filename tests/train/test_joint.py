"""Parameters joined into one vector: the same steps as for each by itself, which are torch's."""

import numpy as np
import pytest
from reference_data import load

import symgraph as sg
from symgraph.train import joint

RULES = {
    "sgd": sg.optim.SGD(0.1),
    "momentum": sg.optim.Momentum(0.1),
    "nesterov": sg.optim.Nesterov(0.1),
    "adagrad": sg.optim.Adagrad(0.1, eps=1e-10),
    "rmsprop": sg.optim.RMSprop(0.1),
    "adam": sg.optim.Adam(0.1),
    "adamw": sg.optim.AdamW(0.1),
}


def model_in_pieces() -> sg.Model:
    """The problem of the references, with p in three parameters of 1, 1 and 3 entries."""
    inputs = load("optimizers")["inputs"]
    start = inputs["p"]
    first = sg.parameter("first", (), init=start[0])
    second = sg.parameter("second", (1, 1), init=start[1:2].reshape(1, 1))
    rest = sg.parameter("rest", 3, init=start[2:])
    p = sg.concat([sg.reshape(first, 1), sg.reshape(second, 1), rest])
    A, b, c = (sg.const(inputs[key]) for key in "Abc")
    return sg.Model(loss=(p @ A @ p) / 2 - b @ p + sg.sum(c * sg.cos(p)), inputs=[])


# joined: all three; the two small ones; none
@pytest.mark.parametrize(("small", "count"), [(1 << 14, 3), (2, 2), (0, 0)])
@pytest.mark.parametrize("name", RULES)
def test_each_optimizer_takes_the_steps_of_torch(monkeypatch, name: str, small: int, count: int):
    monkeypatch.setattr(joint, "SMALL", small)
    values, model, path = load("optimizers")["values"], model_in_pieces(), []
    assert len(joint.members_of(model.spec)) == count

    def keep(model, history):
        path.append(np.concatenate([np.ravel(model.parameters[n]) for n in names]))

    names = ("first", "second", "rest")
    model.fit({}, optimizer=RULES[name], epochs=100, callbacks=[keep])

    np.testing.assert_allclose(path[:20], values[name], rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(path[-1], values[f"{name}_after_100"], rtol=1e-12, atol=1e-12)


def test_clipping_takes_the_norm_of_all_gradients_joined_or_not(monkeypatch):
    def moved(small: int) -> list[float]:
        monkeypatch.setattr(joint, "SMALL", small)
        # gradients (3), (0, 0) and (4): the norm is 5
        a, b, c = sg.parameter("a"), sg.parameter("b", 2), sg.parameter("c", 1)
        loss = 3 * a + 0 * sg.sum(b) + 4 * sg.sum(c)
        model = sg.Model(loss=loss, inputs=[])
        model.step({}, optimizer=sg.optim.SGD(1.0), clip_norm=1.0)
        return [float(model.parameters[name].sum()) for name in "abc"]

    for small in (10, 1, 0):
        assert moved(small) == pytest.approx([-0.6, 0.0, -0.8])


def test_tables_of_lookups_and_large_parameters_stay_apart():
    words = sg.input("words", ("N",), kind="integer")
    table, large = sg.parameter("table", (7, 2)), sg.parameter("large", (2, 1 << 14))
    U, b = sg.parameter("U", (2, 2)), sg.parameter("b", 2)
    h = sg.tanh(sg.take(table, words) @ U + b)
    model = sg.Model(loss=sg.sum(h @ large), inputs=[words])

    assert [node.name for node in joint.members_of(model.spec)] == ["U", "b"]


def test_tables_that_a_loop_reads_stay_apart():
    words = sg.input("words", "T", kind="integer")
    table, h0, U = sg.parameter("table", (7, 2)), sg.parameter("h0", 2), sg.parameter("U", (2, 2))
    loop = sg.scan(lambda h, word: sg.tanh(h @ U + sg.take(table, word)), h0, words)
    model = sg.Model(loss=sg.sum(loop.final), inputs=[words])

    assert {node.name for node in joint.members_of(model.spec)} == {"h0", "U"}


def test_a_parameter_may_have_the_name_of_the_vector():
    a, b = sg.parameter("parameters", 2, init=1.0), sg.parameter("b", init=1.0)
    model = sg.Model(loss=sg.sum(a**2) + b**2, inputs=[])
    model.fit({}, optimizer=sg.optim.SGD(0.25), epochs=1)

    assert model.parameters["parameters"].tolist() == [0.5, 0.5]
    assert float(model.parameters["b"]) == 0.5


def test_the_compiled_step_still_shows_the_names():
    x, W, b = sg.input("x", ("N", 2)), sg.parameter("W", (2, 3)), sg.parameter("b", 3)
    model = sg.Model(loss=sg.mean(sg.tanh(x @ W + b)), inputs=[x])
    model.step({"x": [[1.0, 2.0]]}, optimizer=sg.optim.SGD(0.1))

    assert "x @ W, (N, 3)" in model.source
    assert "+ b, (N, 3)" in model.source
