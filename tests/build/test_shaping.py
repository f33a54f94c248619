"""Joining, cutting and rearranging, and running sums, held against NumPy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import sympy
from hypothesis import given, strategies as st
from numeric import check_derivatives, value

import symgraph as sg
from symgraph.errors import ShapeError
from symgraph.node import Node
from symgraph.ops.concat import Concat
from symgraph.ops.move import Pull
from symgraph.ops.reshape import Reshape


def numbers(*shape: int) -> np.ndarray:
    return np.random.default_rng(sum(shape)).normal(size=shape)


def symbolic(array: np.ndarray) -> Node:
    """An input of this rank whose every size is a name."""
    return sg.input("x", tuple(f"N{axis}" for axis in range(array.ndim)))


def agree(ours: Any, theirs: Any, array: np.ndarray) -> None:
    """The same on a node with known sizes and on one with symbolic sizes as on the array."""
    want = theirs(array)
    for x in (sg.input("x", array.shape), symbolic(array)):
        got = value(ours(x), {x: array})
        np.testing.assert_array_equal(got, want)
        assert got.shape == want.shape


# --- another shape ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "asked", "after"),
    [
        ((2, 6), (3, 4), "(3, 4)"),
        ((2, 6), -1, "(12,)"),
        ((2, 6), (-1, 4), "(3, 4)"),
        ((2, 6), [3, -1, 2], "(3, 2, 2)"),
        (("N", 4), (-1, 2), "(2*N, 2)"),
        (("N", 4), -1, "(4*N,)"),
        (("N", "M", 2), (-1, "M"), "(2*N, M)"),
        (("N", 4), ("N", 2, -1), "(N, 2, 2)"),
        (("N", 4), (2, -1), "(2, 2*N)"),
        ((0, 3), (-1, 3), "(0, 3)"),
        ((), (1, -1), "(1, 1)"),
        ((2, 3), np.int64(6), "(6,)"),
    ],
)
def test_reshape_finds_the_open_size(before, asked, after):
    assert str(sg.reshape(sg.input("x", before), asked).shape) == after


@pytest.mark.parametrize(
    ("before", "asked", "message"),
    [
        ((2, 6), (5, -1), r"\(2, 6\) has 12 entries, which 5 entries for each"),
        ((2, 6), (-1, -1), "leaves 2 sizes open; leave one"),
        ((2, 6), (3, 5), r"\(2, 6\) has 12 entries, \(3, 5\) has 15"),
        (("N", 3), (-1, 2), r"\(N, 3\) has 3\*N entries, which 2 entries for each"),
        (("N", 3), (4, 3), r"\(N, 3\) has 3\*N entries, \(4, 3\) has 12"),
        ((0, 3), (-1, 0), r"\(0, 3\) has 0 entries, which 0 entries for each"),
    ],
)
def test_reshape_refuses_sizes_that_do_not_fit(before, asked, message):
    with pytest.raises(ShapeError, match=message):
        sg.reshape(sg.input("x", before), asked)


def test_the_method_takes_a_tuple_or_the_sizes_one_by_one():
    x = sg.input("x", (2, 6))

    assert x.reshape(3, 4) is x.reshape((3, 4)) is sg.reshape(x, (3, 4))


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (lambda x: sg.flatten(x), np.ravel),
        (lambda x: sg.expand_dims(x, 0), lambda x: np.expand_dims(x, 0)),
        (lambda x: sg.expand_dims(x, (0, -1)), lambda x: np.expand_dims(x, (0, -1))),
        (lambda x: sg.expand_dims(x, 1), lambda x: np.expand_dims(x, 1)),
        (lambda x: sg.moveaxis(x, 0, 2), lambda x: np.moveaxis(x, 0, 2)),
        (lambda x: sg.moveaxis(x, [0, 1], [-1, 0]), lambda x: np.moveaxis(x, [0, 1], [-1, 0])),
        (lambda x: sg.swapaxes(x, 0, -1), lambda x: np.swapaxes(x, 0, -1)),
        (lambda x: sg.transpose(x, (1, 2, 0)), lambda x: np.transpose(x, (1, 2, 0))),
        (lambda x: x.T, lambda x: x.T),
        (lambda x: sg.flip(x), np.flip),
        (lambda x: sg.flip(x, 1), lambda x: np.flip(x, 1)),
        (lambda x: sg.flip(x, (0, -1)), lambda x: np.flip(x, (0, -1))),
        (lambda x: sg.roll(x, 1, 0), lambda x: np.roll(x, 1, 0)),
        (lambda x: sg.roll(x, -7, 1), lambda x: np.roll(x, -7, 1)),
        (lambda x: sg.roll(x, (1, 2), (0, 2)), lambda x: np.roll(x, (1, 2), (0, 2))),
        (lambda x: sg.roll(x, (1, 2), 1), lambda x: np.roll(x, (1, 2), 1)),
        (lambda x: sg.roll(x, 2), lambda x: np.roll(x, 2)),
        (lambda x: sg.repeat(x, 2, 1), lambda x: np.repeat(x, 2, 1)),
        (lambda x: sg.repeat(x, 0, -1), lambda x: np.repeat(x, 0, -1)),
        (lambda x: sg.repeat(x, 3), lambda x: np.repeat(x, 3)),
        (lambda x: sg.tile(x, 2), lambda x: np.tile(x, 2)),
        (lambda x: sg.tile(x, (2, 1, 3)), lambda x: np.tile(x, (2, 1, 3))),
        (lambda x: sg.tile(x, (2, 1, 1, 2)), lambda x: np.tile(x, (2, 1, 1, 2))),
        (lambda x: sg.pad(x, 1), lambda x: np.pad(x, 1)),
        (lambda x: sg.pad(x, (1, 2)), lambda x: np.pad(x, (1, 2))),
        (lambda x: sg.pad(x, ((1, 2),)), lambda x: np.pad(x, ((1, 2),))),
        (
            lambda x: sg.pad(x, ((0, 0), (1, 0), (0, 3))),
            lambda x: np.pad(x, ((0, 0), (1, 0), (0, 3))),
        ),
        (lambda x: sg.pad(x, ((1,), (2,), (0,))), lambda x: np.pad(x, ((1,), (2,), (0,)))),
        (lambda x: sg.tril(x), np.tril),
        (lambda x: sg.tril(x, -1), lambda x: np.tril(x, -1)),
        (lambda x: sg.triu(x, 1), lambda x: np.triu(x, 1)),
        (lambda x: sg.diff(x), np.diff),
        (lambda x: sg.diff(x, 2, axis=1), lambda x: np.diff(x, 2, axis=1)),
        (lambda x: sg.diff(x, 0), lambda x: np.diff(x, 0)),
        (lambda x: sg.concat([x, x], 1), lambda x: np.concatenate([x, x], 1)),
        (lambda x: sg.stack([x, x], -1), lambda x: np.stack([x, x], -1)),
        (lambda x: sg.stack([x, x]), lambda x: np.stack([x, x])),
    ],
)
def test_rearranging_does_what_numpy_does(ours, theirs):
    agree(ours, theirs, numbers(2, 3, 4))


def test_squeezing_takes_away_axes_of_size_one_only():
    x = sg.input("x", (1, "N", 1))

    assert str(sg.squeeze(x).shape) == "(N,)"
    assert str(sg.squeeze(x, -1).shape) == "(1, N)"
    with pytest.raises(ShapeError, match=r"axis 1 of shape \(1, N, 1\) has size N"):
        sg.squeeze(x, 1)


def test_a_triangle_leaves_out_infinities_behind_the_diagonal():
    x = sg.input("x", (2, 2))

    got = value(sg.tril(x), {x: np.array([[1.0, np.inf], [2.0, np.nan]])})

    np.testing.assert_array_equal(got, [[1.0, 0.0], [2.0, np.nan]])


def test_a_triangle_of_a_boolean_stays_boolean():
    assert sg.triu(np.ones((2, 2), dtype=bool)).kind == "boolean"


def test_repeating_takes_a_number_for_each_entry():
    x = sg.input("x", 3)

    got = value(sg.repeat(x, [2, 0, 1]), {x: np.array([5.0, 6.0, 7.0])})

    assert got.tolist() == [5.0, 5.0, 7.0]


@pytest.mark.parametrize(
    ("cut", "theirs"),
    [(3, 3), ([2, 4], [2, 4]), ([1], [1]), ([], []), ([-2], [-2]), ([0, 6, 6], [0, 6, 6])],
)
def test_splitting_gives_numpys_parts(cut, theirs):
    array = numbers(2, 6)
    x = sg.input("x", (2, 6))

    parts = sg.split(x, cut, axis=1)

    for part, want in zip(parts, np.split(array, theirs, axis=1), strict=True):
        np.testing.assert_array_equal(value(part, {x: array}), want)


def test_an_axis_of_symbolic_size_splits_where_the_parts_are_known_to_be_equal():
    N = sympy.Symbol("N")
    x = sg.input("x", (2 * N,))

    assert [str(part.shape) for part in sg.split(x, 2)] == ["(N,)", "(N,)"]
    assert [str(part.shape) for part in sg.split(sg.input("y", "N"), [1])] == ["(1,)", "(N - 1,)"]
    with pytest.raises(ShapeError, match=r"axis 0 of shape \(N,\) does not fall into 2 equal"):
        sg.split(sg.input("y", "N"), 2)


def test_splitting_and_joining_again_has_the_gradient_of_the_identity():
    x = sg.input("x", (2, 6))
    joined = sg.concat(sg.split(x, [1, 4], axis=1)[::-1], axis=1)

    assert isinstance(sg.grad(sg.sum(sg.square(joined)), x), Concat)
    check_derivatives(sg.square(joined), {x: numbers(2, 6)}, [x])


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda x: sg.concat([]), "there is nothing to join"),
        (lambda x: sg.concat([x, sg.input("y", (2, 3))]), r"\(2, 3, 4\) and \(2, 3\) differ"),
        (lambda x: sg.concat([x, sg.input("y", (3, 3, 4))], 1), r"differ outside axis 1"),
        (lambda x: sg.concat([x], 3), "axis 3 does not exist, the value has 3 axes"),
        (lambda x: sg.stack([]), "there is nothing to join"),
        (lambda x: sg.stack([x, x[0]]), r"shapes \(2, 3, 4\) and \(3, 4\) differ"),
        (lambda x: sg.split(x, 5, 1), r"axis 1 of shape \(2, 3, 4\) does not fall into 5 equal"),
        (lambda x: sg.split(x, 0), "does not fall into 0 equal parts"),
        (lambda x: sg.pad(x, -1), "size -1 is negative"),
        (lambda x: sg.pad(x, ((1, 1), (1, 1))), "one pair .before, after., or 3 pairs"),
        (lambda x: sg.pad(x, (1, 2, 3)), "one pair .before, after., or 3 pairs"),
        (lambda x: sg.roll(x, (1, 2), (0, 1, 2)), "2 shifts for 3 axes"),
        (lambda x: sg.repeat(x, [1, 2], 1), r"Give 3 numbers of 0 or more"),
        (lambda x: sg.repeat(x, -1, 1), "size -1 is negative"),
        (lambda x: sg.moveaxis(x, (0, 1), 2), "must name as many axes"),
        (lambda x: sg.moveaxis(x, (0, 0), (1, 2)), "must name as many axes"),
        (lambda x: sg.expand_dims(x, 5), "axis 5 does not exist"),
        (lambda x: sg.tril(x[0, 0]), r"tril: shape \(4,\) has no two last axes"),
        (lambda x: sg.diff(x, -1), "n=-1 is negative"),
        (lambda x: sg.transpose(x, (0, 1, 1)), "name each axis once"),
        (lambda x: sg.flip(x, (0, 0)), "names one axis twice"),
    ],
)
def test_what_does_not_fit_is_refused_by_name(make, message):
    with pytest.raises(ShapeError, match=message):
        make(sg.input("x", (2, 3, 4)))


def test_rearranging_makes_one_node_for_each_operation_the_user_wrote():
    x = sg.input("x", ("N", 6))

    assert isinstance(sg.reshape(x, (-1, 2)), Reshape)
    for one in (sg.flip(x, 1), sg.pad(x, 1)):
        assert isinstance(one, Pull)
        assert one.args == (x,)


# --- along an axis ------------------------------------------------------------------------------


@pytest.mark.parametrize("axis", [None, 0, 1, -1])
@pytest.mark.parametrize("reverse", [False, True])
def test_running_sums_are_those_of_numpy(axis: int | None, reverse: bool):
    def theirs(array: np.ndarray) -> np.ndarray:
        if not reverse:
            return np.cumsum(array, axis)
        turned = np.flip(array, axis) if axis is not None else np.flip(array.ravel())
        return np.flip(np.cumsum(turned, axis), 0 if axis is None else axis)

    agree(lambda x: sg.cumsum(x, axis, reverse), theirs, np.arange(24.0).reshape(2, 3, 4))


def test_a_running_sum_counts_what_holds():
    got = value(sg.cumsum(np.array([True, False, True])), {})

    assert (got.tolist(), got.dtype.kind) == ([1, 1, 2], "i")


def test_the_gradient_of_a_running_sum_is_the_running_sum_from_the_other_end():
    x, ct = sg.input("x", 4), np.array([1.0, 2.0, 3.0, 4.0])
    gradient = sg.grad(sg.cumsum(x), x, cotangent=ct)

    assert value(gradient, {x: numbers(4)}).tolist() == [10.0, 9.0, 7.0, 4.0]
    check_derivatives(sg.square(sg.cumsum(x, reverse=True)), {x: numbers(4)}, [x])


# --- in general ---------------------------------------------------------------------------------

shapes = st.lists(st.integers(0, 3), min_size=1, max_size=3).map(tuple)


@given(shapes, st.data())
def test_padding_and_rolling_agree_with_numpy_on_any_shape(shape: tuple[int, ...], data: Any):
    width = tuple(tuple(data.draw(st.tuples(*[st.integers(0, 2)] * 2))) for _ in shape)
    axis = data.draw(st.integers(-len(shape), len(shape) - 1))
    shift = data.draw(st.integers(-5, 5))
    array = numbers(*shape)

    agree(lambda x: sg.pad(x, width), lambda x: np.pad(x, width), array)
    agree(lambda x: sg.roll(x, shift, axis), lambda x: np.roll(x, shift, axis), array)
    agree(lambda x: sg.flip(x, axis), lambda x: np.flip(x, axis), array)


@given(shapes, st.lists(st.integers(0, 3), min_size=1, max_size=4).map(tuple))
def test_tiles_agree_with_numpy_on_any_shape(shape: tuple[int, ...], reps: tuple[int, ...]):
    agree(lambda x: sg.tile(x, reps), lambda x: np.tile(x, reps), numbers(*shape))
