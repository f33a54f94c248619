"""Sample weights: those of a weighted mean, and a weight of 0 leaves a sample out."""

import numpy as np
import pytest
from c_compiler import needs_c_compiler

import symgraph as sg
from symgraph.errors import ShapeError

TARGETS = ["numpy", pytest.param("cython", marks=needs_c_compiler)]
RNG = np.random.default_rng(8)


def model_of(target="numpy") -> sg.Model:
    x, y, weight = sg.input("x", ("N", 3)), sg.input("y", ("N", 2)), sg.input("weight", "N")
    W = sg.parameter("W", (3, 2))
    out = sg.tanh(x @ W)
    loss = sg.mean_squared_error(out, y, weight=weight)
    return sg.Model(loss, [x, y, weight], outputs={"out": out}, target=target)


def samples(rows: int) -> dict[str, np.ndarray]:
    return {
        "x": RNG.normal(size=(rows, 3)), "y": RNG.normal(size=(rows, 2)), "weight": RNG.random(rows)
    }  # fmt: skip


@pytest.mark.parametrize("target", TARGETS)
def test_a_weight_of_zero_is_a_sample_left_out(target):
    data, there = samples(13), np.arange(13) % 3 > 0
    whole, part = model_of(target), model_of(target)
    settings = {"optimizer": sg.optim.Adam(0.05), "epochs": 5, "batch_size": None}

    left = whole.fit(data | {"weight": there * 1.0}, **settings)
    rest = {name: array[there] for name, array in data.items()} | {"weight": np.ones(there.sum())}
    shorter = part.fit(rest, **settings)

    np.testing.assert_allclose(left["loss"], shorter["loss"], rtol=1e-12)
    np.testing.assert_allclose(whole.parameters["W"], part.parameters["W"], rtol=1e-10)


@pytest.mark.parametrize("target", TARGETS)
def test_a_sample_of_weight_two_counts_as_two_samples(target):
    data = samples(5)
    once, twice = model_of(target), model_of(target)
    once.step(data | {"weight": [1, 2, 1, 1, 2]}, optimizer=sg.optim.SGD(0.5))
    order = [0, 1, 1, 2, 3, 4, 4]
    repeated = {name: array[order] for name, array in data.items()}
    twice.step(repeated | {"weight": np.ones(7)}, optimizer=sg.optim.SGD(0.5))

    np.testing.assert_allclose(once.parameters["W"], twice.parameters["W"], rtol=1e-12)


@pytest.mark.parametrize("target", TARGETS)
def test_a_batch_in_which_nothing_counts_changes_nothing(target):
    model = model_of(target)
    start = model.parameters["W"].copy()
    history = model.fit(
        samples(6) | {"weight": np.zeros(6)}, optimizer=sg.optim.SGD(0.5), batch_size=4
    )

    assert history["loss"] == [0.0]
    assert model.parameters["W"].tolist() == start.tolist()


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("size", [1, 4, 7, 100])
def test_the_loss_of_an_epoch_is_the_weighted_mean_over_all_its_samples(target, size):
    model, data = model_of(target), samples(10)
    errors = (np.tanh(data["x"] @ model.parameters["W"]) - data["y"]) ** 2
    expected = np.average(errors.mean(axis=1), weights=data["weight"])

    history = model.fit(data, optimizer=sg.optim.SGD(0.0), epochs=2, batch_size=size)

    assert history["loss"] == pytest.approx([expected] * 2, rel=1e-12)
    assert model.evaluate(data, batch_size=size)["loss"] == pytest.approx(expected, rel=1e-12)


def test_what_a_penalty_adds_is_averaged_over_the_steps():
    x, w = sg.input("x", "N"), sg.parameter("w", init=1.0)
    weight = sg.input("weight", "N")
    model = sg.Model(sg.weighted_mean(x * w, weight) + w**2, [x, weight])

    # w is 1, then 1 - 0.25 (2 + 2) = 0: the means 2 and 0, the penalties 1 and 0
    history = model.fit(
        {"x": [2.0, 8.0], "weight": [1.0, 3.0]},
        optimizer=sg.optim.SGD(0.25), batch_size=1, shuffle=False,
    )  # fmt: skip

    assert history["loss"] == [(1 * 2 + 3 * 0) / 4 + (1 + 0) / 2]


def test_equal_weights_give_the_plain_mean_of_every_loss():
    p, t, w = sg.input("p", ("N", 3)), sg.input("t", ("N", 3)), sg.input("w", "N")
    given = {"p": RNG.random((4, 3)) + 0.1, "t": RNG.random((4, 3)) + 0.1, "w": np.full(4, 0.5)}
    for loss in (
        sg.mean_squared_error, sg.mean_absolute_error, sg.huber_loss, sg.hinge_loss,
        sg.cross_entropy, sg.binary_cross_entropy_with_logits, sg.kl_divergence,
    ):  # fmt: skip
        plain, weighted = sg.evaluate([loss(p, t), loss(p, t, weight=w)], given)

        np.testing.assert_allclose(weighted, plain, rtol=1e-13)


def test_a_mask_of_booleans_is_a_weight():
    x, mask = sg.input("x", ("N", "T")), sg.input("mask", ("N", "T"), kind="boolean")
    given = {"x": [[1.0, 2.0], [4.0, 8.0]], "mask": [[True, False], [True, True]]}

    assert sg.evaluate(sg.weighted_mean(x, mask), given) == pytest.approx(13 / 3)


def test_means_along_an_axis_leave_out_what_a_mask_hides():
    x, mask = sg.input("x", ("T", "N", 2)), sg.input("mask", ("T", "N"), kind="boolean")
    values = RNG.normal(size=(4, 3, 2))
    shown = np.array([[1, 1, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0]], dtype=bool)

    found = sg.evaluate(sg.weighted_mean(x, mask, axis=0), {"x": values, "mask": shown})

    for n in (0, 1):
        np.testing.assert_allclose(found[n], values[shown[:, n], n].mean(axis=0), rtol=1e-13)
    assert found[2].tolist() == [0, 0]


@pytest.mark.parametrize("target", TARGETS)
def test_a_sample_left_out_has_no_part_in_batch_normalisation(target):
    x, weight = sg.input("x", ("N", 3)), sg.input("weight", "N")
    normal = sg.nn.batch_norm(x, "bn", weight=weight)
    loss = sg.mean_squared_error(sg.nn.dense(normal, 1, "out"), x[:, :1], weight=weight)
    there, data = np.arange(9) % 4 > 0, RNG.normal(size=(9, 3))
    models = [sg.Model(loss, [x, weight], {"y": normal}, target=target) for _ in range(2)]
    settings = {"optimizer": sg.optim.SGD(0.1), "epochs": 3, "batch_size": None}

    models[0].fit({"x": data, "weight": there * 1.0}, **settings)
    models[1].fit({"x": data[there], "weight": np.ones(there.sum())}, **settings)

    for whole, part in zip(models[0].states.values(), models[1].states.values(), strict=True):
        np.testing.assert_allclose(whole, part, rtol=1e-12)
    np.testing.assert_allclose(
        models[0].parameters.flat, models[1].parameters.flat, rtol=1e-9, atol=1e-13
    )


def test_a_weight_of_another_shape_is_refused():
    x = sg.input("x", ("N", "T"))

    with pytest.raises(ShapeError, match=r"weight has shape \(T,\), and the values .* \(N, T\)"):
        sg.weighted_mean(x, sg.input("w", "T"))
    with pytest.raises(ShapeError, match=r"of shape \(N,\), or one for each value"):
        sg.mean_squared_error(x, x, weight=sg.input("w", ("N", "T", 1)))
