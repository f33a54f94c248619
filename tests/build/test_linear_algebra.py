"""Inverse, determinant and linear systems against NumPy and the matrix cookbook."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numeric import check_derivatives, value

import symgraph as sg
from symgraph.errors import ShapeError

A = np.array([[2.0, 0.5, -1.0], [0.25, 3.0, 0.5], [1.0, -0.75, 1.5]])
STACK = np.stack([A, A.T + np.eye(3)])
B = np.array([[1.0, 2.0], [-0.5, 0.25], [3.0, 1.0]])


@pytest.mark.parametrize("array", [A, STACK], ids=["one", "stack"])
@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (sg.inv, np.linalg.inv),
        (sg.det, np.linalg.det),
        (sg.logdet, lambda a: np.linalg.slogdet(a)[1]),
    ],
)
def test_a_function_of_a_matrix_is_numpys_and_its_derivatives_agree(ours, theirs, array):
    x = sg.input("x", array.shape)

    np.testing.assert_allclose(value(ours(x), {x: array}), theirs(array), rtol=1e-13)
    check_derivatives(ours(x), {x: array}, [x])


def test_the_log_determinant_takes_a_negative_determinant_and_one_that_overflows():
    x = sg.input("x", (3, 3))

    assert value(sg.logdet(x), {x: -np.eye(3)}) == 0.0
    assert float(value(sg.logdet(x), {x: 1e200 * np.eye(3)})) == pytest.approx(600 * np.log(10))


@pytest.mark.parametrize(
    ("a", "b"), [(A, B), (A, B[:, 0]), (STACK, np.stack([B, -B])), (STACK, np.stack([B[:, 0]] * 2))]
)
def test_a_system_is_solved_for_a_vector_a_matrix_and_a_stack(a: np.ndarray, b: np.ndarray):
    x, y = sg.input("x", a.shape), sg.input("y", b.shape)
    node = sg.solve(x, y)
    got = value(node, {x: a, y: b})

    back = np.einsum("...ij,...j->...i", a, got) if b.ndim < a.ndim else a @ got
    np.testing.assert_allclose(back, b, rtol=1e-13)
    check_derivatives(node, {x: a, y: b}, [x, y])


@pytest.mark.parametrize(
    ("make", "want"),
    [
        (lambda x: sg.logdet(x), np.linalg.inv(A).T),  # Matrix Cookbook (57)
        (lambda x: sg.det(x), np.linalg.det(A) * np.linalg.inv(A).T),  # (49)
        (lambda x: sg.trace(x), np.eye(3)),  # (99)
        (lambda x: B[:, 0] @ sg.inv(x) @ B[:, 1], None),  # (61)
        (lambda x: sg.norm(x), A / np.linalg.norm(A)),  # (129)
    ],
)
def test_a_gradient_is_that_of_the_matrix_cookbook(make: Any, want: np.ndarray | None):
    x = sg.input("x", (3, 3))
    if want is None:
        turned = np.linalg.inv(A).T
        want = -turned @ np.outer(B[:, 0], B[:, 1]) @ turned

    np.testing.assert_allclose(value(sg.grad(make(x), x), {x: A}), want, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda x: sg.inv(x), r"inv: the operand has shape \(3, 2\), its last two sizes must be"),
        (lambda x: sg.det(x[0]), r"det: the operand has shape \(2,\)"),
        (lambda x: sg.logdet(x), "logdet: the operand has shape"),
        (lambda x: sg.solve(x, x), "solve: the operand has shape"),
        (lambda x: sg.solve(np.eye(3), x.T), r"solve: a has shape \(3, 3\), b has shape \(2, 3\)"),
        (lambda x: sg.solve(np.eye(3), 1.0), r"b has shape \(\). Give b with shape \(3,\)"),
        (lambda x: sg.trace(x), r"trace: shape \(3, 2\); give a square matrix"),
    ],
)
def test_a_matrix_that_does_not_fit_is_refused(make: Any, message: str):
    with pytest.raises(ShapeError, match=message):
        make(sg.input("x", (3, 2)))
