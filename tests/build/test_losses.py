"""Losses: values and gradients by their textbook formulas, at extreme points by mpmath."""

from __future__ import annotations

from typing import Any

import mpmath
import numpy as np
import pytest
from numeric import check_derivatives, value

import symgraph as sg
from symgraph.errors import KindError, RangeError, ShapeError

Z = np.array([[2.0, -1.0, 0.5], [0.0, 3.0, 3.0], [-2.0, 0.25, 1.0], [1e3, 0.0, -1e3]])
Y = np.array([0, 2, 1, 1])
ONE_HOT = np.eye(3)[Y]


def exact_cross_entropy(logits: np.ndarray, labels: np.ndarray) -> float:
    with mpmath.workdps(60):
        losses = [
            mpmath.log(mpmath.fsum(mpmath.exp(mpmath.mpf(z)) for z in row)) - row[label]
            for row, label in zip(logits.tolist(), labels, strict=True)
        ]
        return float(mpmath.fsum(losses) / len(losses))


def exact_softmax(logits: np.ndarray) -> np.ndarray:
    exact = np.vectorize(lambda z: mpmath.exp(mpmath.mpf(float(z))), otypes=[object])(logits)
    return (exact / exact.sum(axis=-1, keepdims=True)).astype(float)


def test_the_cross_entropy_of_logits_up_to_a_thousand_is_exact():
    z, y = sg.input("z", ("N", 3)), sg.input("y", "N", kind="integer")

    got = float(value(sg.cross_entropy(z, y), {z: Z, y: Y}))

    assert got == pytest.approx(exact_cross_entropy(Z, Y), rel=1e-14)


def test_the_gradient_of_the_cross_entropy_is_the_softmax_less_the_labels():
    z, y = sg.input("z", ("N", 3)), sg.input("y", "N", kind="integer")
    gradient = sg.grad(sg.cross_entropy(z, y), z)

    np.testing.assert_allclose(
        value(gradient, {z: Z, y: Y}), (exact_softmax(Z) - ONE_HOT) / 4, rtol=1e-12, atol=1e-16
    )
    assert str(gradient) == (
        "-1/N*one_hot(y, 3) + 1/N*exp(z - broadcast(logsumexp(z, axis=1)[:, None], (N, 3)))"
    )


@pytest.mark.parametrize("x", [0.0, 1e-300, 1e-12, 1e-5, 0.5, 1.0, 5.0, 20.0, 37.0, 300.0, 700.0])
@pytest.mark.parametrize("label", [0, 1])
def test_a_cross_entropy_is_exact_to_the_digits_of_its_logits(x: float, label: int):
    z = sg.input("z", 2)
    at = {z: np.array([-x, 0.0])}
    loss = sg.cross_entropy(z, label)
    want = [mpmath.log1p(mpmath.exp(x)), mpmath.log1p(mpmath.exp(-x))][label]
    p = 1 / (1 + mpmath.exp(mpmath.mpf(x)))

    assert float(value(loss, at)) == pytest.approx(float(want), rel=1e-12)
    slopes = [p - (label == 0), (label == 0) - p]
    np.testing.assert_allclose(
        value(sg.grad(loss, z), at), np.array(slopes, dtype=float), rtol=1e-12, atol=1.2e-16
    )


def test_probabilities_are_a_target_as_well_as_class_ids():
    z, t = sg.input("z", (4, 3)), sg.input("t", (4, 3))
    smooth = 0.9 * ONE_HOT + 0.1 / 3
    loss = sg.cross_entropy(z, t)

    same = float(value(loss, {z: Z, t: ONE_HOT}))
    assert same == pytest.approx(exact_cross_entropy(Z, Y), rel=1e-14)
    got = value(sg.grad(loss, z), {z: Z, t: smooth})
    np.testing.assert_allclose(got, (exact_softmax(Z) - smooth) / 4, rtol=1e-12, atol=1e-16)


def test_the_classes_may_lie_along_any_axis():
    z, y = sg.input("z", (2, 3, 2)), sg.input("y", (2, 2), kind="integer")
    moved = Z.reshape(2, 2, 3).transpose(0, 2, 1)

    got = float(value(sg.cross_entropy(z, y, axis=1), {z: moved, y: Y.reshape(2, 2)}))

    assert got == pytest.approx(exact_cross_entropy(Z, Y), rel=1e-14)


def test_one_sample_is_a_vector_of_logits_and_one_class():
    got = float(value(sg.cross_entropy([2.0, -1.0, 0.5], 2), {}))

    assert got == pytest.approx(np.log(np.exp(2.0) + np.exp(-1.0) + np.exp(0.5)) - 0.5, rel=1e-14)


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (
            lambda z: sg.cross_entropy(z, sg.input("y", "N")),
            KindError,
            r"class ids of shape \(N,\) are real. Declare them with kind=\"integer\"",
        ),
        (
            lambda z: sg.cross_entropy(z, sg.input("y", "M", kind="integer")),
            ShapeError,
            r"the scores have shape \(N, 3\), the target \(M,\). Give class ids of shape \(N,\)",
        ),
        (lambda z: sg.cross_entropy(z, z, axis=2), ShapeError, "axis 2 does not exist"),
        (lambda z: sg.cross_entropy(np.eye(3), [0, 1, 3]), RangeError, r"index 3 at position \(2,"),
        (
            lambda z: sg.mean_squared_error(z[:, :1], sg.input("t", "N")),
            ShapeError,
            r"mean_squared_error: the prediction has shape \(N, 1\), the target \(N,\)",
        ),
        (lambda z: sg.hinge_loss(z, z[:, 0]), ShapeError, r"\(N, 3\), the target \(N,\)"),
        (lambda z: sg.huber(z, z, delta=0), KindError, "delta=0 must be a number above 0"),
        (lambda z: sg.huber(z, z, delta=z), KindError, "delta=z must be a number above 0"),
        (lambda z: sg.kl_divergence(z, z[0]), ShapeError, "kl_divergence: the prediction"),
    ],
)
def test_a_target_that_does_not_fit_is_refused(make: Any, error: type[Exception], message: str):
    with pytest.raises(error, match=message):
        make(sg.input("z", ("N", 3)))


def test_a_class_outside_of_the_logits_is_refused_when_the_data_come():
    z, y = sg.input("z", ("N", 3)), sg.input("y", "N", kind="integer")

    with pytest.raises(RangeError, match=r"index 3 at position \(1,\) is outside 0\.\.2"):
        value(sg.cross_entropy(z, y), {z: Z[:2], y: np.array([0, 3])})


def test_the_binary_cross_entropy_is_that_of_a_sigmoid():
    z, t = sg.input("z", 3), sg.input("t", 3)
    at = {z: np.array([2.0, -1.0, 0.5]), t: np.array([1.0, 0.0, 0.25])}
    p = 1 / (1 + np.exp(-at[z]))
    want = np.mean(-at[t] * np.log(p) - (1 - at[t]) * np.log(1 - p))
    loss = sg.binary_cross_entropy_with_logits(z, t)
    gradient = sg.grad(loss, z)

    assert float(value(loss, at)) == pytest.approx(want, rel=1e-14)
    np.testing.assert_allclose(value(gradient, at), (p - at[t]) / 3, rtol=1e-14)
    assert str(loss) == "sum(softplus(z) - t*z)/3"
    assert str(gradient) == "1/3*(sigmoid(z) - t)"


@pytest.mark.parametrize(
    ("loss", "want"),
    [
        (sg.mean_squared_error, 2.8125),
        (sg.mean_absolute_error, 1.375),
        (sg.huber_loss, 0.90625),
        (lambda p, t: sg.huber_loss(p, t, 0.25), 0.3125),
        (lambda p, t: sg.sum(sg.squared_error(p, t)), 11.25),
        (lambda p, t: sg.sum(sg.absolute_error(p, t)), 5.5),
    ],
)
def test_a_regression_loss_has_the_value_counted_by_hand(loss: Any, want: float):
    p, t = sg.input("p", 4), sg.input("t", 4)
    at = {p: np.array([1.0, 2.0, -1.0, 0.25]), t: np.array([4.0, 1.0, 0.0, 0.75])}

    assert float(value(loss(p, t), at)) == pytest.approx(want, rel=1e-15)


def test_the_hinge_loss_counts_margins_below_one():
    s, y = sg.input("s", 4), sg.input("y", 4)
    at = {s: np.array([2.0, 0.5, -1.0, -3.0]), y: np.array([1.0, 1.0, 1.0, -1.0])}

    assert float(value(sg.hinge_loss(s, y), at)) == 0.625
    assert value(sg.grad(sg.hinge_loss(s, y), s), at).tolist() == [0.0, -0.25, -0.25, 0.0]


def test_the_divergence_of_distributions_takes_zero_probabilities():
    p, q = sg.input("p", (2, 2)), sg.input("q", (2, 2))
    at = {p: np.array([[0.5, 0.5], [1.0, 0.0]]), q: np.array([[0.25, 0.75], [0.5, 0.5]])}
    want = (0.5 * np.log(2) + 0.5 * np.log(2 / 3) + np.log(2)) / 2

    assert float(value(sg.kl_divergence(p, q), at)) == pytest.approx(want, rel=1e-14)
    gradient = value(sg.grad(sg.kl_divergence(p, q), q), at)
    np.testing.assert_allclose(gradient, [[-1.0, -1 / 3], [-1.0, 0.0]], rtol=1e-14)


# --- kinks: the values that are stated ----------------------------------------------------------


@pytest.mark.parametrize(
    ("function", "at", "gradient"),
    [
        (sg.hinge, [0.5, 1.0, 2.0], [-1.0, 0.0, 0.0]),
        (lambda x: sg.absolute_error(x, [0.0] * 3), [-2.0, 0.0, 3.0], [-1.0, 0.0, 1.0]),
        (lambda x: sg.huber(x, [0.0] * 3, 2.0), [-2.0, 2.0, 3.0], [-2.0, 2.0, 2.0]),
    ],
)
def test_a_kink_has_the_slope_that_is_stated(function: Any, at: list[float], gradient: list[float]):
    x = sg.input("x", 3)

    assert value(sg.grad(sg.sum(function(x)), x), {x: np.array(at)}).tolist() == gradient


def test_derivatives_agree_with_differences():
    p, t = sg.input("p", (2, 3)), sg.input("t", (2, 3))
    at = {p: Z[:2] / 3 + 0.13, t: np.array([[0.2, 0.3, 0.5], [0.1, 0.8, 0.1]])}
    losses = [
        sg.mean_squared_error, sg.mean_absolute_error, sg.huber_loss, sg.hinge_loss,
        sg.cross_entropy, sg.binary_cross_entropy_with_logits,
    ]  # fmt: skip
    for loss in losses:
        check_derivatives(loss(p, t), at, [p, t])
    check_derivatives(sg.kl_divergence(t, sg.softmax(p)), at, [p, t])
