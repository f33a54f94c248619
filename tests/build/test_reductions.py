"""Extrema, products, norms and soft maxima, held against NumPy and mpmath."""

from __future__ import annotations

from typing import Any

import mpmath
import numpy as np
import pytest
from hypothesis import given, strategies as st
from numeric import check_derivatives, evaluate, value

import symgraph as sg
from symgraph.errors import ShapeError
from symgraph.ops.evaluate import evaluate_nodes

A = np.array([[[2.0, -1.0, 0.5], [0.25, 3.0, -2.0]], [[-0.5, 1.5, 4.0], [1.0, -3.0, 0.75]]])
AXES = [None, 0, -1, (0, 2), (-1, 0), (0, 1, 2), ()]


@pytest.mark.parametrize("axis", AXES, ids=str)
@pytest.mark.parametrize("keepdims", [False, True])
@pytest.mark.parametrize("name", ["max", "min", "prod", "sum", "mean", "var", "std"])
def test_a_reduction_over_any_axes_is_numpys(name: str, axis: Any, keepdims: bool):
    x = sg.input("x", A.shape)
    node = getattr(sg, name)(x, axis=axis, keepdims=keepdims)
    want = getattr(np, name)(A, axis=axis, keepdims=keepdims)

    got = value(node, {x: A})

    np.testing.assert_allclose(got, want, rtol=1e-14)
    assert got.shape == want.shape == node.shape


@pytest.mark.parametrize("axis", AXES[:-1], ids=str)
@pytest.mark.parametrize("keepdims", [False, True])
def test_the_log_of_a_sum_of_exponentials_is_that_of_mpmath(axis: Any, keepdims: bool):
    x = sg.input("x", ("N", 2, 3))
    exact = np.vectorize(mpmath.exp, otypes=[object])(A)
    want = np.vectorize(lambda total: float(mpmath.log(total)))(
        np.asarray(np.sum(exact, axis=axis, keepdims=keepdims))
    )

    got = value(sg.logsumexp(x, axis, keepdims), {x: A})

    np.testing.assert_allclose(got, want, rtol=1e-14)
    assert got.shape == want.shape


@pytest.mark.parametrize("axis", [None, 0, 1, -1])
@pytest.mark.parametrize("keepdims", [False, True])
@pytest.mark.parametrize("name", ["argmax", "argmin"])
def test_the_position_of_an_extremum_is_numpys(name: str, axis: int | None, keepdims: bool):
    x = sg.input("x", A.shape)
    node = getattr(sg, name)(x, axis=axis, keepdims=keepdims)
    want = getattr(np, name)(A, axis=axis, keepdims=keepdims)

    assert node.kind == "integer"
    assert value(node, {x: A}).tolist() == want.tolist()


@pytest.mark.parametrize("name", ["any", "all"])
@pytest.mark.parametrize("axis", [None, 0, (0, 1)])
def test_any_and_all_are_numpys(name: str, axis: Any):
    for array in (np.eye(3), np.ones((2, 0)), np.eye(2, dtype=bool), np.zeros((2, 2), dtype=int)):
        got = value(getattr(sg, name)(array, axis), {})

        assert got.tolist() == getattr(np, name)(array, axis).tolist()
        assert got.dtype == bool


@pytest.mark.parametrize("axis", [None, 0, 1])
def test_counting_is_numpys(axis: int | None):
    for array in (np.eye(3), np.array([[np.nan, 0.0]]), np.eye(2, dtype=bool)):
        got = value(sg.count_nonzero(array, axis), {})

        assert got.tolist() == np.count_nonzero(array, axis).tolist()


@pytest.mark.parametrize("kind", [bool, np.int64])
def test_the_extrema_of_integers_and_booleans_keep_their_kind(kind: Any):
    array = np.array([[0, 1], [1, 1]], dtype=kind)

    for name in ("max", "min"):
        got = value(getattr(sg, name)(array, axis=0), {})
        assert got.tolist() == getattr(np, name)(array, axis=0).tolist()
        assert got.dtype == kind


@pytest.mark.parametrize("order", [1, 2, np.inf])
@pytest.mark.parametrize("axis", [None, 0, (1, 2)])
def test_a_norm_over_axes_is_that_of_a_vector(order: float, axis: Any):
    x = sg.input("x", A.shape)
    axes = {None: (0, 1, 2), 0: (0,), (1, 2): (1, 2)}[axis]
    moved = np.moveaxis(A, axes, range(-len(axes), 0)).reshape(*(
        n for a, n in enumerate(A.shape) if a not in axes
    ), -1)  # fmt: skip

    got = value(sg.norm(x, order, axis), {x: A})

    np.testing.assert_allclose(got, np.linalg.norm(moved, order, axis=-1), rtol=1e-14)


@pytest.mark.parametrize("axis", [0, 1, -1, (0, 2), None])
def test_a_softmax_is_positive_sums_to_one_and_keeps_the_order(axis: Any):
    x = sg.input("x", A.shape)
    exact = np.exp(A)
    want = exact / np.sum(exact, axis=axis, keepdims=True)

    p, log_p = evaluate([sg.softmax(x, axis), sg.log_softmax(x, axis)], {x: A})

    np.testing.assert_allclose(p, want, rtol=1e-14)
    np.testing.assert_allclose(log_p, np.log(want), rtol=1e-13)


def test_maxout_takes_the_largest_of_neighbours():
    x = sg.input("x", (2, 6))
    array = np.array([[1.0, 5.0, 2.0, 0.0, 3.0, 4.0], [9.0, 8.0, 7.0, 6.0, 5.0, 4.0]])

    assert value(sg.maxout(x, 2), {x: array}).tolist() == [[5.0, 2.0, 4.0], [9.0, 7.0, 5.0]]
    assert value(sg.maxout(x, 3), {x: array}).tolist() == [[5.0, 4.0], [9.0, 6.0]]
    assert value(sg.maxout(x, 2, axis=0), {x: array}).tolist() == [[9.0, 8.0, 7.0, 6.0, 5.0, 4.0]]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda x: sg.max(sg.zeros((2, 0)), axis=1),
            r"max: axes \(1,\) of a value of shape \(2, 0\)",
        ),
        (lambda x: sg.logsumexp(sg.zeros(0)), "logsumexp: axes .* hold no entries"),
        (lambda x: sg.argmax(sg.zeros(0)), "argmax: axes .* hold no entries"),
        (lambda x: sg.max(x, axis=2), "max: axis 2 does not exist, the value has 2 axes"),
        (lambda x: sg.sum(x, axis=(0, -2)), "names one axis twice"),
        (lambda x: sg.maxout(x, 4), r"axis 1 of shape \(2, 6\) does not fall into groups of 4"),
        (lambda x: sg.maxout(x, 0), "does not fall into groups of 0"),
        (lambda x: sg.maxout(sg.input("z", "N"), 2), r"axis 0 of shape \(N,\) does not fall"),
        (lambda x: sg.norm(x, 3), "ord=3 is not one of 1, 2, inf"),
    ],
)
def test_a_reduction_without_a_meaning_is_refused(make, message):
    with pytest.raises(ShapeError, match=message):
        make(sg.input("x", (2, 6)))


def test_an_axis_that_comes_out_empty_is_refused_when_the_data_come():
    x = sg.input("x", "N")

    with pytest.raises(ShapeError, match=r"max: axes \(0,\) of a value of shape \(0,\)"):
        value(sg.max(x), {x: np.zeros(0)})


def test_a_row_is_missing_and_each_of_no_rows_has_a_largest_entry():
    x = sg.input("x", ("N", 3))

    for function in (sg.max, sg.argmax, sg.logsumexp):
        assert value(function(x, axis=1), {x: np.zeros((0, 3))}).shape == (0,)


# --- kinks: the values that are stated ----------------------------------------------------------


@pytest.mark.parametrize(
    ("function", "at", "gradient"),
    [
        (sg.max, [1.0, 2.0, 2.0], [0.0, 1.0, 0.0]),
        (sg.min, [2.0, 1.0, 1.0], [0.0, 1.0, 0.0]),
        (lambda x: sg.norm(x, 1), [0.0, 2.0, -2.0], [0.0, 1.0, -1.0]),
        (lambda x: sg.norm(x, np.inf), [-2.0, 2.0, 0.0], [-1.0, 0.0, 0.0]),
        (lambda x: sg.maxout(x, 3), [3.0, 3.0, 3.0], [1.0, 0.0, 0.0]),
        (sg.prod, [0.0, 2.0, 3.0], [6.0, 0.0, 0.0]),
        (sg.prod, [0.0, 0.0, 3.0], [0.0, 0.0, 0.0]),
    ],
)
def test_a_tie_sends_everything_to_its_first_winner(function, at, gradient):
    x = sg.input("x", 3)

    got = value(sg.grad(sg.sum(function(x)), x), {x: np.array(at)})

    assert got.tolist() == gradient


def test_the_largest_of_roots_has_no_nan_in_its_gradient():
    x = sg.input("x", 3)

    got = value(sg.grad(sg.max(sg.sqrt(x)), x), {x: np.array([0.0, 4.0, 1.0])})

    assert got.tolist() == [0.0, 0.25, 0.0]


def test_counts_and_positions_have_no_gradient():
    x = sg.input("x", 3)
    node = sg.sum(x) + sg.argmax(x) + sg.count_nonzero(x)

    assert value(sg.grad(node, x), {x: np.ones(3)}).tolist() == [1.0, 1.0, 1.0]


# --- in general ---------------------------------------------------------------------------------

shapes = st.lists(st.integers(1, 3), min_size=1, max_size=3).map(tuple)


@given(shapes, st.data())
def test_reductions_agree_with_numpy_on_any_shape(shape: tuple[int, ...], data: Any):
    axis = data.draw(st.none() | st.lists(st.integers(0, len(shape) - 1), unique=True).map(tuple))
    keepdims = data.draw(st.booleans())
    array = np.random.default_rng(0).normal(size=shape)
    x = sg.input("x", tuple(f"N{a}" for a in range(len(shape))))
    dims = dict(zip(x.shape, shape, strict=True))

    for name in ("sum", "mean", "max", "min", "prod", "var", "std"):
        node = getattr(sg, name)(x, axis=axis, keepdims=keepdims)
        want = getattr(np, name)(array, axis=axis, keepdims=keepdims)
        got = evaluate_nodes([node], {x: array}, dims)[node]
        np.testing.assert_allclose(got, want, rtol=1e-12, atol=1e-15)
        assert np.shape(got) == want.shape


@pytest.mark.parametrize("axis", [None, 1, (0, 2)])
@pytest.mark.parametrize(
    "function",
    [sg.max, sg.min, sg.prod, sg.logsumexp, sg.softmax, sg.log_softmax, sg.std, sg.var],
    ids=lambda f: f.__name__,
)
def test_derivatives_agree_with_differences(function: Any, axis: Any):
    x = sg.input("x", A.shape)

    check_derivatives(function(x, axis), {x: A}, [x])


def test_the_mean_of_a_single_number_is_that_number():
    x, one = sg.input("x"), sg.input("r", (1, 3))

    assert sg.mean(x) is x
    assert str(sg.mean(one, axis=0)) == "sum(r, axis=0)"
    assert sg.mean(sg.input("n", (), kind="integer")).kind == "real"
