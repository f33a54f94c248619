"""Sums of products held against NumPy: matmul, einsum, sums, diagonals, broadcasts."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, strategies as st
from numeric import check_derivatives, value

import symgraph as sg
from symgraph.errors import ShapeError
from symgraph.ops.einsum import Einsum


def numbers(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=shape)


sizes = st.integers(0, 3)
shapes = st.lists(sizes, max_size=4).map(tuple)


@given(shapes, shapes)
@example((3,), (3,))
@example((2, 3), (3,))
@example((3,), (3, 2))
@example((2, 1, 2, 3), (3, 3, 2))
@example((1, 2, 3), (2, 3, 1))
@example((2, 2, 3), (3,))
@example((3,), (2, 3, 2))
@example((1, 1, 3), (2, 1, 3, 1))
@example((0, 3), (3, 2))
@example((2, 0), (0, 3))
def test_a_matrix_product_is_numpys_or_is_refused(first: Any, second: Any):
    x, y = sg.input("x", first), sg.input("y", second)
    left, right = numbers(*first), numbers(*second, seed=1)
    try:
        want = left @ right
    except ValueError:
        with pytest.raises(ShapeError, match="matmul"):
            x @ y
        return

    node = x @ y

    assert node.shape == want.shape
    np.testing.assert_allclose(value(node, {x: left, y: right}), want, rtol=1e-13, atol=1e-14)


@st.composite
def factors(draw: Any) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Two shapes that have a matrix product, batch axes of size 1 and missing ones included."""
    batch = draw(st.lists(st.integers(1, 2), max_size=2))
    inner = draw(st.integers(1, 3))
    pair = []
    for matrix in ((draw(st.integers(1, 3)), inner), (inner, draw(st.integers(1, 3)))):
        lead = [draw(st.sampled_from([1, n])) for n in batch]
        pair.append((*lead[draw(st.integers(0, len(lead))) :], *matrix))
    if draw(st.booleans()):
        pair[0] = (inner,)
    if draw(st.booleans()):
        pair[1] = (inner,)
    return pair[0], pair[1]


@given(factors())
def test_the_derivatives_of_a_matrix_product_agree(pair: Any):
    x, y = sg.input("x", pair[0]), sg.input("y", pair[1])

    check_derivatives(sg.sin(x @ y), {x: numbers(*pair[0]), y: numbers(*pair[1], seed=1)}, [x, y])


def test_batch_axes_of_symbolic_size_broadcast_against_ones():
    x, y = sg.input("x", ("B", "N", 3)), sg.input("y", (1, 3, 2))
    left, right = numbers(2, 4, 3), numbers(1, 3, 2, seed=1)

    assert str((x @ y).shape) == "(B, N, 2)"
    np.testing.assert_allclose(value(x @ y, {x: left, y: right}), left @ right, rtol=1e-13)


@pytest.mark.parametrize(
    ("first", "second", "message"),
    [
        (
            (32, 784),
            (128, 784),
            r"left 'x' is \(32, 784\), right 'y' is \(128, 784\), and 784 != 128. Write",
        ),
        ((2, 3), (4, 2), r"'x' is \(2, 3\), right 'y' is \(4, 2\), and 3 != 4. Make the inner"),
        ((2, 3), (), r"shapes \(2, 3\) and \(\); a scalar has no matrix product. Use \*"),
        (("N", 3), ("N", 3), r"and 3 != N"),
        ((2, 2, 3), (3, 3, 2), r"of 'x' and 'y': batch axes: shapes \(2,\) and \(3,\) do not"),
    ],
)
def test_sizes_that_do_not_meet_are_named_with_the_fix(first: Any, second: Any, message: str):
    with pytest.raises(ShapeError, match=message):
        sg.input("x", first) @ sg.input("y", second)


@pytest.mark.parametrize(
    ("rule", "first", "second"),
    [
        ("ij,jk->ik", (2, 3), (3, 4)),
        ("nij,jk->nik", (2, 2, 3), (3, 2)),
        ("ij,ij->", (2, 3), (2, 3)),
        ("ij,ij->ij", (2, 3), (2, 3)),
        ("i,j->ij", (2,), (3,)),
        ("ii,i->i", (3, 3), (3,)),
        ("bhqd,bhkd->bhqk", (2, 2, 3, 2), (2, 2, 4, 2)),
        ("ij,kl->ik", (2, 3), (2, 2)),
    ],
)
def test_an_einsum_is_numpys_and_its_derivatives_agree(rule: str, first: Any, second: Any):
    x, y = sg.input("x", first), sg.input("y", second)
    at = {x: numbers(*first), y: numbers(*second, seed=1)}
    node = sg.einsum(rule, x, y)

    np.testing.assert_allclose(value(node, at), np.einsum(rule, at[x], at[y]), rtol=1e-13)
    check_derivatives(sg.sin(node), at, [x, y])


@pytest.mark.parametrize(
    ("rule", "count", "message"),
    [
        ("ij,jk", 2, "must be letters with one '->'"),
        ("i1->1", 1, "must be letters with one '->'"),
        ("ij->i->j", 1, "must be letters with one '->'"),
        ("ij,jk->ik", 1, "names 2 operands, 1 were given"),
        ("ij->ik", 1, "result 'ik' must use each letter of the operands at most once"),
        ("ij->ii", 1, "result 'ii' must use each letter"),
        ("i->i", 1, r"1 indices for an operand of shape \(2, 3\)"),
        ("ij,ij->", 2, "index j has size 3 in one operand and 4 in another"),
    ],
)
def test_an_einsum_without_a_meaning_is_refused(rule: str, count: int, message: str):
    operands = [sg.input("x", (2, 3)), sg.input("y", (2, 4))][:count]

    with pytest.raises(ShapeError, match=message):
        sg.einsum(rule, *operands)


@pytest.mark.parametrize(
    ("ours", "theirs", "shapes_of"),
    [
        (sg.dot, np.dot, [(3,), (3,)]),
        (sg.dot, np.dot, [(2, 3), (3,)]),
        (sg.outer, np.outer, [(2,), (3,)]),
        (sg.tensordot, np.tensordot, [(2, 3, 4), (3, 4, 2)]),
        (lambda x, y: sg.tensordot(x, y, 0), lambda x, y: np.tensordot(x, y, 0), [(2,), (3,)]),
        (lambda x, y: sg.tensordot(x, y, 1), lambda x, y: np.tensordot(x, y, 1), [(2, 3), (3, 2)]),
        (sg.diag, np.diag, [(3,)]),
        (sg.diag, np.diag, [(3, 3)]),
        (sg.diagonal, np.diagonal, [(3, 3)]),
        (sg.trace, np.trace, [(3, 3)]),
        (sg.transpose, np.transpose, [(2, 3, 4)]),
        (sg.transpose, np.transpose, [(3,)]),
        (lambda x: sg.transpose(x, (1, -1, 0)), lambda x: np.transpose(x, (1, -1, 0)), [(2, 3, 4)]),
        (lambda x: sg.swapaxes(x, 1, -3), lambda x: np.swapaxes(x, 1, -3), [(2, 3, 4)]),
        (sg.squared_norm, lambda x: np.sum(x * x), [(2, 3)]),
        (lambda x: sg.broadcast_to(x, (2, 3)), lambda x: np.broadcast_to(x, (2, 3)), [(3,)]),
        (lambda x: sg.broadcast_to(x, (2, 3)), lambda x: np.broadcast_to(x, (2, 3)), [(2, 1)]),
        (lambda x: sg.broadcast_to(x, (4, 2)), lambda x: np.broadcast_to(x, (4, 2)), [(1, 1)]),
        (lambda x: sg.var(x, axis=0, ddof=1), lambda x: np.var(x, axis=0, ddof=1), [(4, 2)]),
        (lambda x: sg.sum(x, (0, 2), keepdims=True), lambda x: np.sum(x, (0, 2), keepdims=True),
         [(2, 3, 4)]),
        (lambda x: x.sum(axis=1), lambda x: x.sum(axis=1), [(2, 3)]),
        (lambda x: x.mean(axis=-1, keepdims=True), lambda x: x.mean(axis=-1, keepdims=True),
         [(2, 3)]),
        (lambda x: x.max(axis=0), lambda x: x.max(axis=0), [(2, 3)]),
        (lambda x: x.min(keepdims=True), lambda x: x.min(keepdims=True), [(2, 3)]),
        (lambda x: x.transpose(0, 2, 1), lambda x: x.transpose(0, 2, 1), [(2, 3, 4)]),
        (lambda x: x.T, lambda x: x.T, [(2, 3)]),
    ],
)  # fmt: skip
def test_a_contraction_is_numpys_and_its_derivatives_agree(ours, theirs, shapes_of):
    nodes = [sg.input(f"x{k}", shape) for k, shape in enumerate(shapes_of)]
    arrays = [numbers(*shape, seed=k) for k, shape in enumerate(shapes_of)]
    at = dict(zip(nodes, arrays, strict=True))
    node = ours(*nodes)
    want = theirs(*arrays)

    got = value(node, at)

    np.testing.assert_allclose(got, want, rtol=1e-13, atol=1e-14)
    assert got.shape == want.shape == node.shape
    check_derivatives(sg.sin(node), at, nodes)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda x: sg.outer(x, x), "outer: shapes .* both must be vectors"),
        (lambda x: sg.tensordot(x, x, 3), "axes=3 for operands with 2 and 2 axes"),
        (lambda x: sg.tensordot(x, x, -1), "axes=-1 for operands"),
        (lambda x: sg.transpose(x, (0,)), r"axes \(0,\) for a value with 2 axes"),
        (lambda x: sg.transpose(x, (0, 2)), "name each axis once"),
        (lambda x: sg.swapaxes(x, 0, 2), "axis 2 does not exist"),
        (
            lambda x: sg.sum(x, axis=2),
            "sum: axis 2 does not exist, the value has 2 axes; use -2",
        ),
        (lambda x: sg.sum(x, axis=(0, 0)), "names one axis twice"),
        (lambda x: sg.sum(x, axis=0.5), "axis must be an integer, not 0.5"),
        (lambda x: sg.sum(sg.sum(x), axis=0), "the value is a scalar; leave axis out"),
        (lambda x: sg.diag(x), r"diagonal: shape \(2, 3\); give a square matrix"),
        (lambda x: sg.broadcast_to(x, (2, 4)), r"do not broadcast, 3 != 4"),
        (lambda x: sg.broadcast_to(x, (3,)), r"\(2, 3\) does not stretch to \(3,\)"),
    ],
)
def test_what_has_no_meaning_is_refused_by_name(make: Any, message: str):
    with pytest.raises(ShapeError, match=message):
        make(sg.input("x", (2, 3)))


def test_nothing_to_sum_is_nothing_to_do():
    x = sg.input("x", (2, 3))

    assert sg.sum(x, axis=()) is x
    assert sg.transpose(x, (0, 1)) is x
    assert sg.broadcast_to(x, (2, 3)) is x


def test_means_and_variances_of_symbolic_sizes_divide_by_the_size():
    x, array = sg.input("x", ("N", 2)), numbers(5, 2)

    assert str(sg.mean(x, axis=0)) == "sum(x, axis=0)/N"
    np.testing.assert_allclose(value(sg.mean(x), {x: array}), array.mean(), rtol=1e-14)
    got = value(sg.var(x, axis=0, ddof=1), {x: array})
    np.testing.assert_allclose(got, array.var(axis=0, ddof=1), rtol=1e-14)


def test_sums_of_booleans_count():
    x = sg.input("x", 3, kind="boolean")

    assert sg.sum(x).kind == "integer"
    assert value(sg.sum(x), {x: np.array([True, False, True])}) == 2
    assert float(value(sg.mean(x), {x: np.array([True, False, True])})) == pytest.approx(2 / 3)


def test_a_product_is_one_node_with_the_two_operands():
    x, w = sg.input("x", ("N", 3)), sg.parameter("w", (3, 2))
    node = x @ w

    assert isinstance(node, Einsum)
    assert node.args == (x, w)
    assert str(sg.grad(node, w, cotangent=sg.input("g", ("N", 2)))) == "x.T @ g"
    assert str(sg.grad(node, x, cotangent=sg.input("g", ("N", 2)))) == "g @ w.T"


def test_an_identity_matrix_leaves_no_trace_in_a_gradient():
    A, B, X = sg.input("A", (2, 3)), sg.input("B", (3, 2)), sg.input("X", (3, 3))
    v = sg.input("v", 3)

    assert str(sg.grad(sg.trace(A @ B), A)) == "B.T"
    assert str(sg.grad(sg.trace(X @ X), X)) == "2*X.T"
    assert str(sg.jacobian(A @ v, v)) == "A"
    assert str(sg.hessian(v @ X @ v, v)) == "X + X.T"
    assert value(sg.grad(sg.trace(X), X), {X: numbers(3, 3)}).tolist() == np.eye(3).tolist()
