"""Arrays of given entries, held against NumPy."""

from __future__ import annotations

import numpy as np
import pytest
import sympy
from numeric import value

import symgraph as sg
from symgraph.errors import KindError, ShapeError
from symgraph.node import Node


@pytest.mark.parametrize(
    ("node", "want"),
    [
        (sg.zeros((2, 3)), np.zeros((2, 3))),
        (sg.ones(2), np.ones(2)),
        (sg.full((2, 2), 7), np.full((2, 2), 7)),
        (sg.full((2, 3), [1.0, 2.0, 3.0]), np.full((2, 3), [1.0, 2.0, 3.0])),
        (sg.full(3, True), np.full(3, True)),
        (sg.eye(3), np.eye(3)),
        (sg.eye(2, 4), np.eye(2, 4)),
        (sg.eye(4, 2, k=-1), np.eye(4, 2, k=-1)),
        (sg.arange(5), np.arange(5)),
        (sg.arange(2, 9), np.arange(2, 9)),
        (sg.arange(2, 9, 3), np.arange(2, 9, 3)),
        (sg.arange(9, 2, -3), np.arange(9, 2, -3)),
        (sg.arange(3, 3), np.arange(3, 3)),
        (sg.arange(5, 2), np.arange(5, 2)),
        (sg.arange(0, 1, 0.25), np.arange(0, 1, 0.25)),
        (sg.arange(1.5), np.arange(1.5)),
        (sg.arange(0.0, 3), np.arange(0.0, 3)),
        (sg.zeros_like(np.arange(3)), np.zeros_like(np.arange(3))),
        (sg.ones_like(np.array([True])), np.ones_like(np.array([True]))),
        (sg.full_like([0.5, 1.5], 2), np.full_like([0.5, 1.5], 2)),
    ],
    ids=str,
)
def test_an_array_is_made_as_numpy_makes_it(node: Node, want: np.ndarray):
    got = value(node, {})

    np.testing.assert_array_equal(got, want)
    assert (got.shape, got.dtype.kind) == (want.shape, want.dtype.kind)


def test_sizes_of_made_arrays_may_be_names():
    assert value(sg.arange("N"), {}, N=4).tolist() == [0, 1, 2, 3]
    assert value(sg.eye("N"), {}, N=2).tolist() == [[1.0, 0.0], [0.0, 1.0]]
    assert value(sg.full(("N", 2), 0.5), {}, N=1).tolist() == [[0.5, 0.5]]
    N = sympy.Symbol("N")
    assert value(sg.arange(1, N, 2), {}, N=6).tolist() == [1, 3, 5]


def test_the_zeros_are_real_and_those_like_integers_are_integers():
    assert (sg.zeros(2).kind, sg.zeros_like(sg.arange(2)).kind) == ("real", "integer")


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: sg.full(2, 0.5, kind="integer"), KindError, "is real of shape .*one integer"),
        (lambda: sg.full(2, 0.5, kind="float"), KindError, "'float' is not one of 'real'"),
        (lambda: sg.full(2, [1, 2], kind="real"), KindError, r"of shape \(2,\), not one real"),
        (lambda: sg.zeros(-1), ShapeError, "size -1 is negative"),
        (lambda: sg.arange(1, 2, 0), ShapeError, "step 0 must be a number other than 0"),
        (lambda: sg.full((2, 3), [1, 2]), ShapeError, "do not broadcast, 2 != 3"),
    ],
)
def test_an_array_that_cannot_be_made_is_refused(make, error, message):
    with pytest.raises(error, match=message):
        make()
