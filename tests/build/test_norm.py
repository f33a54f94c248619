"""Layer and batch normalisation."""

from __future__ import annotations

import numpy as np
import pytest
from numeric import check_derivatives, evaluate, value

import symgraph as sg

BATCH = np.array([1.0, 2, 4, 7, -1])


def numbers(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).normal(size=shape)


def test_batch_norm_has_the_lectures_values_with_one_over_m() -> None:
    x = sg.input("x", 5)
    y = sg.batch_norm(x, 1.5, -0.5)
    want = [-1.37988209881, -0.829955787054, 0.269896836458, 1.919675771727, -2.479734722322]

    np.testing.assert_allclose(value(y, {x: BATCH}), want, rtol=1e-11)


def test_batch_norm_has_the_lectures_gradients() -> None:
    x, gamma, beta = sg.input("x", 5), sg.parameter("gamma"), sg.parameter("beta")
    y = sg.batch_norm(x, gamma, beta)
    ct = np.array([0.1, -0.2, 0.3, 0.4, -0.5])
    gradients = sg.grad(y, [gamma, beta, x], cotangent=ct)
    dgamma, dbeta, dx = evaluate(gradients, {x: BATCH, gamma: 1.5, beta: -0.5})

    np.testing.assert_allclose(dgamma, 1.4444731122125969, rtol=1e-12)
    np.testing.assert_allclose(dbeta, 0.1, rtol=1e-12)
    np.testing.assert_allclose(
        dx,
        [0.137185793373975, -0.086036905423776, 0.072436639912395, -0.047305144724792,
         -0.076280383137802],
        rtol=1e-12,
    )  # fmt: skip
    assert abs(dx.sum()) < 1e-15


def test_layer_norm_over_any_axes_is_the_formula() -> None:
    x = sg.input("x", (2, 3, 4))
    gamma, beta = sg.input("gamma", (2, 4)), sg.input("beta", (2, 4))
    at = {x: numbers(2, 3, 4), gamma: numbers(2, 4), beta: numbers(2, 4) + 1}
    y = sg.layer_norm(x, gamma, beta, axis=(0, -1), epsilon=0.1)
    middle = at[x].mean((0, 2), keepdims=True)
    want = (at[x] - middle) / np.sqrt(at[x].var((0, 2), keepdims=True) + 0.1)
    want = want * at[gamma][:, None] + at[beta][:, None]

    np.testing.assert_allclose(value(y, at), want, rtol=1e-12)
    check_derivatives(y, at, [x, gamma, beta])


def test_batch_norm_of_images_has_one_scale_a_channel() -> None:
    x, gamma = sg.input("x", ("N", 2, 3, 4)), sg.input("gamma", 2)
    at = {x: numbers(3, 2, 3, 4), gamma: np.array([2.0, 0.5])}
    y = value(sg.batch_norm(x, gamma, axis=(0, 2, 3), epsilon=0), at)

    np.testing.assert_allclose(y.mean((0, 2, 3)), 0, atol=1e-14)
    np.testing.assert_allclose(y.std((0, 2, 3)), [2, 0.5], rtol=1e-13)
    check_derivatives(sg.batch_norm(x, gamma, axis=(0, 2, 3)), at, [x, gamma])


def test_running_statistics_move_in_training_and_count_in_prediction() -> None:
    x = sg.input("x", ("N", 2))
    mean, variance = sg.state("mean", 2), sg.state("variance", 2, init="ones")
    y, updates = sg.batch_norm(x, running=(mean, variance), momentum=0.8, epsilon=0)
    batch = numbers(5, 2)
    at = {x: batch, mean: np.array([1.0, 2]), variance: np.array([4.0, 9])}
    on, off = {**at, sg.training(): True}, {**at, sg.training(): False}

    np.testing.assert_allclose(value(y, on), (batch - batch.mean(0)) / batch.std(0), rtol=1e-12)
    np.testing.assert_allclose(value(y, off), (batch - [1, 2]) / [2, 3], rtol=1e-12)
    np.testing.assert_allclose(value(updates[mean], on), 0.8 * at[mean] + 0.2 * batch.mean(0))
    np.testing.assert_allclose(
        value(updates[variance], on), 0.8 * at[variance] + 0.2 * batch.var(0)
    )
    assert value(updates[mean], off).tolist() == [1, 2]
    assert value(updates[variance], off).tolist() == [4, 9]
    check_derivatives(y, {**on}, [x])
    check_derivatives(y, {**off}, [x])


def test_a_plain_bool_builds_one_branch_only() -> None:
    x = sg.input("x", ("N", 2))
    running = sg.state("mean", 2), sg.state("variance", 2)
    trained, updates = sg.batch_norm(x, running=running, training=True)
    predicted, none = sg.batch_norm(x, running=running, training=False)

    assert not trained.has(sg.training(), *running)
    assert list(updates) == list(running)
    assert none == {}
    assert predicted.has(*running)
    assert not predicted.has(sg.training())


def test_a_constant_feature_gives_zeros_and_no_nan() -> None:
    x = sg.input("x", (3, 1))
    y = sg.batch_norm(x)
    made, gradient = evaluate([y, sg.grad(sg.sum(y * y), x)], {x: np.full((3, 1), 7.0)})

    assert made.tolist() == [[0], [0], [0]]
    assert gradient.tolist() == [[0], [0], [0]]


def test_wrong_sizes_and_things_that_are_no_states_are_refused() -> None:
    x = sg.input("x", ("N", 3))
    with pytest.raises(sg.ShapeError, match=r"batch_norm: gamma has shape \(2,\), x has \(N, 3\)"):
        sg.batch_norm(x, sg.parameter("g", 2))
    with pytest.raises(sg.ShapeError, match=r"layer_norm: beta has shape \(\), .* needs \(3,\)"):
        sg.layer_norm(x, beta=sg.parameter("b"))
    with pytest.raises(sg.KindError, match="running must be two state nodes"):
        sg.batch_norm(x, running=(sg.input("a", 3), sg.input("b", 3)))
    with pytest.raises(sg.ShapeError, match=r"running has shape \(2,\)"):
        sg.batch_norm(x, running=(sg.state("a", 2), sg.state("b", 2)))
    with pytest.raises(sg.KindError, match="epsilon must be a number of 0 or more"):
        sg.layer_norm(x, epsilon=-1)
