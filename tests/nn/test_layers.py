"""Layers against torch, and against formulas where torch has none."""

import numpy as np
import pytest
from c_compiler import needs_c_compiler

import symgraph as sg
from symgraph.errors import KindError, RangeError, ShapeError, UnknownNameError

TARGETS = ["numpy", pytest.param("cython", marks=needs_c_compiler)]
RNG = np.random.default_rng(11)


def evaluated(model, values, data):
    for name, value in values.items():
        model.parameters[name] = value
    return model.predict(data)["out"]


def model_of(out, inputs, target="numpy"):
    return sg.Model(sg.mean(out**2), inputs, {"out": out}, batch="N", target=target)


def test_a_dense_layer_is_its_formula():
    x = sg.input("x", ("N", 3))
    model = model_of(sg.nn.dense(x, 4, "a", "relu"), [x])
    data = RNG.normal(size=(5, 3))
    W, b = RNG.normal(size=(3, 4)), RNG.normal(size=4)

    found = evaluated(model, {"W_a": W, "b_a": b}, {"x": data})

    np.testing.assert_allclose(found, np.maximum(data @ W + b, 0), rtol=1e-13)


def test_a_convolution_is_that_of_torch():
    torch = pytest.importorskip("torch", reason="the reference is torch.nn.functional.conv2d")
    x = sg.input("x", ("N", 2, 6, 5))
    layer = sg.nn.conv2d(x, 3, (3, 2), "c", stride=2, padding=1)
    data = RNG.normal(size=(4, 2, 6, 5))
    W, b = RNG.normal(size=(3, 2, 3, 2)), RNG.normal(size=3)

    found = evaluated(model_of(layer, [x]), {"W_c": W, "b_c": b}, {"x": data})

    expected = torch.nn.functional.conv2d(*map(torch.from_numpy, (data, W, b)), stride=2, padding=1)
    np.testing.assert_allclose(found, expected.numpy(), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("kind", ["RNN", "LSTM", "GRU"])
def test_recurrent_layers_are_those_of_torch(kind, target):
    torch = pytest.importorskip("torch", reason="the reference is torch.nn")
    x = sg.input("x", ("T", "N", 3))
    loop = {"RNN": sg.nn.rnn, "LSTM": sg.nn.lstm, "GRU": sg.nn.gru}[kind](x, 4, "r")
    states = loop.states["h"] if kind == "LSTM" else loop.states
    reference = getattr(torch.nn, kind)(3, 4).double()
    values = {
        "W_r": reference.weight_ih_l0.T, "U_r": reference.weight_hh_l0.T,
        "b_r": reference.bias_ih_l0, "d_r": reference.bias_hh_l0,
    }  # fmt: skip
    if kind != "GRU":
        values["b_r"] = values["b_r"] + values.pop("d_r")
    data = RNG.normal(size=(6, 2, 3))

    found = evaluated(
        model_of(states, [x], target),
        {name: value.detach().numpy() for name, value in values.items()},
        {"x": data},
    )

    expected = reference(torch.from_numpy(data))[0].detach().numpy()
    np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("make", [sg.nn.rnn, sg.nn.lstm, sg.nn.gru])
def test_a_mask_gives_the_state_at_the_end_of_each_sequence(make):
    x, mask = sg.input("x", ("T", "N", 2)), sg.input("mask", ("T", "N"), kind="boolean")
    final = make(x, 3, "r", mask=mask).final
    model = model_of(final["h"] if isinstance(final, dict) else final, [x, mask])
    sequences = [RNG.normal(size=(length, 2)) for length in (5, 1, 3)]
    values, shown, _ = sg.data.pad(sequences, value=7.0, time_first=True)

    together = model.predict({"x": values, "mask": shown})["out"]

    for row, one in zip(together, sequences, strict=True):
        alone = model.predict({"x": one[:, None], "mask": np.ones((len(one), 1), bool)})["out"]
        np.testing.assert_allclose(row, alone[0], rtol=1e-12)


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("shape", [("N", 3), ("N", 3, 4, 5)])
def test_batch_normalisation_trains_and_predicts_as_torch_does(shape, target):
    torch = pytest.importorskip("torch", reason="the reference is torch.nn.BatchNorm")
    x = sg.input("x", shape)
    out = sg.nn.batch_norm(x, "bn", momentum=0.8)
    model = sg.Model(sg.mean(out**3), [x], {"out": out}, target=target)
    make = torch.nn.BatchNorm1d if len(shape) == 2 else torch.nn.BatchNorm2d
    reference = make(3, momentum=0.2).double()
    descent = torch.optim.SGD(reference.parameters(), lr=0.1)
    batches = [RNG.normal(1, 2, size=(6, *shape[1:])) for _ in range(3)]
    for batch in batches:
        descent.zero_grad()
        (reference(torch.from_numpy(batch)) ** 3).mean().backward()
        descent.step()
    model.fit([{"x": batch} for batch in batches], optimizer=sg.optim.SGD(0.1))

    count = batches[0].size / 3  # torch keeps the variance with 1/(m - 1)
    kept = reference.running_var.numpy()
    np.testing.assert_allclose(model.states["mean_bn"], reference.running_mean, rtol=1e-12)
    unbiased = 0.8**3 + (model.states["variance_bn"] - 0.8**3) * count / (count - 1)
    np.testing.assert_allclose(unbiased, kept, rtol=1e-12)
    np.testing.assert_allclose(model.parameters["gamma_bn"], reference.weight.detach(), rtol=1e-9)
    np.testing.assert_allclose(
        model.parameters["beta_bn"], reference.bias.detach(), rtol=1e-9, atol=1e-12
    )
    reference.eval()
    reference.running_var[...] = torch.from_numpy(model.states["variance_bn"].copy())
    new = RNG.normal(size=(4, *shape[1:]))
    expected = reference(torch.from_numpy(new)).detach().numpy()
    np.testing.assert_allclose(model.predict({"x": new})["out"], expected, rtol=1e-9, atol=1e-12)


def test_running_statistics_need_no_updates_by_hand_and_can_be_given():
    x, w = sg.input("x", ("N", 1)), sg.parameter("w")
    seen = sg.state("mean", 1), sg.state("variance", 1, init="ones")
    normal, updates = sg.batch_norm(x, running=seen, momentum=0.5)
    data, rate = {"x": [[1.0], [5.0]]}, sg.optim.SGD(0.1)

    found = sg.Model(sg.sum(w * normal), [x])
    found.step(data, optimizer=rate)
    given = sg.Model(sg.sum(w * normal), [x], updates=updates)
    given.step(data, optimizer=rate)
    kept = sg.Model(sg.sum(w * normal), [x], updates={seen[0]: seen[0]})
    kept.step(data, optimizer=rate)

    # half way to the mean 3 and the variance 4
    assert found.states["mean"].tolist() == given.states["mean"].tolist() == [1.5]
    assert found.states["variance"].tolist() == given.states["variance"].tolist() == [2.5]
    assert kept.states["mean"].tolist() == [0.0]
    assert kept.states["variance"].tolist() == [2.5]


def test_a_layer_norm_and_an_embedding_are_their_formulas():
    x, ids = sg.input("x", ("N", 4)), sg.input("ids", ("N", 2), kind="integer")
    data = RNG.normal(size=(3, 4))
    normal = evaluated(model_of(sg.nn.layer_norm(x, "ln"), [x]), {}, {"x": data})
    spread = data - data.mean(axis=1, keepdims=True)
    expected = spread / np.sqrt((spread**2).mean(axis=1, keepdims=True) + 1e-5)
    np.testing.assert_allclose(normal, expected, rtol=1e-12)

    model = model_of(sg.nn.embedding(ids, 5, 3, "e"), [ids])
    rows = model.predict({"ids": [[0, 4], [2, 2]]})["out"]
    assert (rows == model.parameters["E_e"][[[0, 4], [2, 2]]]).all()
    with pytest.raises(RangeError, match="'ids' hold 5 at"):
        model.predict({"ids": [[0, 5]]})


def test_a_layer_built_twice_is_shared():
    x, y = sg.input("x", ("N", 3)), sg.input("y", ("N", 3))

    assert list(sg.Model(sg.mean(sg.nn.dense(x, 2, "a") * sg.nn.dense(y, 2, "a")), [x, y])
                .parameters) == ["W_a", "b_a"]  # fmt: skip


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda x: sg.nn.dense(x, 0, "a"), RangeError, "dense 'a': the size is 0"),
        (lambda x: sg.nn.dense(x, 2.0, "a"), KindError, r"dense 'a': the size is 2\.0"),
        (lambda x: sg.nn.dense(x, 2, ""), KindError, "name"),
        (lambda x: sg.nn.dense(x, 2, "a", "rellu"), UnknownNameError, "did you mean 'relu'"),
        (lambda x: sg.nn.dense(x, 2, "a", 3), KindError, "activation is 3"),
        (lambda x: sg.nn.dense(x.T, 2, "a"), ShapeError, "a number in the place of N"),
        (lambda x: sg.nn.dense(1.0, 2, "a"), ShapeError, "x is one number"),
        (lambda x: sg.nn.conv2d(x, 2, 3, "c"), ShapeError, r"conv2d 'c': x has shape \(N, 3\)"),
        (lambda x: sg.nn.lstm(x, 2, "l"), ShapeError, r"lstm 'l': x has shape \(N, 3\), and seq"),
        (lambda x: sg.nn.batch_norm(x, "b", axis=0), ShapeError, "a number in the place of N"),
    ],
)
def test_what_makes_no_layer_is_refused(make, error, message):
    with pytest.raises(error, match=message):
        make(sg.input("x", ("N", 3)))
