"""Slices, integer arrays, embeddings and labels, held against NumPy's indexing."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import sympy
from hypothesis import example, given, strategies as st
from numeric import check_derivatives, value

import symgraph as sg
from symgraph.errors import KindError, RangeError, ShapeError
from symgraph.node import Node
from symgraph.ops.move import Pull

N, M = sympy.symbols("N M")


def numbers(*shape: int) -> np.ndarray:
    return np.arange(1.0, 1.0 + np.prod(shape, dtype=int)).reshape(shape)


def symbolic(array: np.ndarray) -> Node:
    """An input of this rank whose every size is a name."""
    return sg.input("x", tuple(f"N{axis}" for axis in range(array.ndim)))


KEYS: list[Any] = [
    0,
    -1,
    (1, -2),
    (0, 1, 2),
    np.int64(1),
    np.array(1),
    slice(None),
    slice(1, None),
    slice(None, -1),
    slice(1, -1),
    slice(None, None, -1),
    slice(None, None, 2),
    slice(1, None, 2),
    slice(None, None, -2),
    slice(-2, None),
    slice(-3, -1),
    slice(0, 2),
    slice(2, 0, -1),
    slice(-1, 0, -1),
    slice(None, 0, -2),
    slice(2, 2),
    slice(2, 1),
    slice(-1, -2),
    (slice(None), 0),
    (slice(1, None), slice(None, -1), -1),
    ...,
    (..., 0),
    (..., -1, slice(None)),
    (0, ..., slice(1, 3)),
    (slice(None), slice(None), slice(None), ...),
    None,
    (None, 0),
    (slice(None), None),
    (..., None),
    (slice(None), None, 1, None, slice(1, None)),
    (None, ..., None),
    (),
    [0, 2, 2],
    [-1, 0],
    [[0, 1], [2, 0]],
    [],
    np.array([2, 1, 0]),
    (slice(None), [0, 2]),
    ([0, 1], [1, 2]),
    ([0, 1], slice(None), [1, 2]),
    (slice(None), [1, 2], [3, 0]),
    (slice(None), [[1], [2]], [3, 0, 1]),
    ([[0], [1]], [1, 2], [0, -1]),
    (0, [1, 2]),
    ([1, 2], 0),
    (0, slice(None), [1, 2]),
    ([0, 1], None, [1, 2]),
    (slice(1, None), None, [1, 2]),
    (..., [0, 3]),
    ([0, 1], ..., [0, 3]),
    ([0], [1, 2, 0]),
]


@pytest.mark.parametrize("key", KEYS, ids=str)
def test_a_key_reads_what_numpy_reads(key: Any):
    array = numbers(3, 4, 5)
    want = array[key]

    for x in (sg.input("x", array.shape), symbolic(array)):
        got = value(x[key], {x: array})
        assert got.shape == want.shape
        np.testing.assert_array_equal(got, want)


@pytest.mark.parametrize(
    ("key", "shape"),
    [
        (-1, "()"),
        (slice(1, None), "(N - 1,)"),
        (slice(None, -1), "(N - 1,)"),
        (slice(None, None, -1), "(N,)"),
        (slice(1, -1), "(N - 2,)"),
        (slice(None, None, 2), "(ceiling(N/2),)"),
        (slice(-3, None), "(3,)"),
        (slice(None, 3), "(3,)"),
        (slice(0, M), "(M,)"),
        (slice(None, N - 2), "(N - 2,)"),
        (slice(N - 2, None), "(2,)"),
        (slice(M, None), "(-M + N,)"),
        (slice(-M - 1, None), "(M + 1,)"),
        (N - 1, "()"),
        (None, "(1, N)"),
    ],
)
def test_an_axis_of_symbolic_size_is_cut_to_a_known_size(key: Any, shape: str):
    assert str(sg.input("x", "N")[key].shape) == shape


@pytest.mark.parametrize(
    ("key", "error", "message"),
    [
        (slice(-1, 2), ShapeError, "slice -1:2 has entries for some sizes N and none for others"),
        (slice(2, -3, -1), ShapeError, "slice 2:-3:-1 has entries for some sizes N"),
        (
            slice(-M, None),
            ShapeError,
            r"-M counts from the end unless it is 0, .* Write -M \+ N, the",
        ),
        (-M, ShapeError, "-M counts from the end unless it is 0"),
        (slice(None, None, 0), ShapeError, "slice step 0 must be a number other than 0"),
        (slice(None, None, M), ShapeError, "slice step M must be a number other than 0"),
        (0.5, KindError, "index 0.5 is not an integer, a slice"),
        (sympy.Rational(1, 2), KindError, "index 1/2 is not an integer"),
        (True, KindError, "index True is not an integer"),
        ("a", KindError, "index 'a' is not an integer"),
        (slice(0.5, None), KindError, "index 0.5 is not an integer"),
        (slice(sg.input("i", kind="integer"), None), KindError, "index a integer node is not"),
        (sg.input("i"), KindError, "index a real node is not an integer"),
        ([0.5], KindError, r"index \[0.5\] is not an integer"),
        ([True, False], KindError, "a boolean mask selects a number of entries that depends"),
        (sg.input("x", "N") > 0, KindError, "a boolean mask selects"),
        ((0, 0), RangeError, r"2 indices for a value of shape \(N,\), which has 1 axes"),
        ((..., ...), RangeError, "two ellipses for a value"),
    ],
)
def test_a_key_without_a_meaning_is_refused(key: Any, error: type[Exception], message: str):
    with pytest.raises(error, match=message):
        sg.input("x", "N")[key]


@pytest.mark.parametrize(
    ("key", "message"),
    [
        (3, r"axis 0 of a value of shape \(3, 4\): index 3 is outside of its 3 entries. Use -3"),
        (-4, "index -4 is outside of its 3 entries"),
        ((0, 4), r"axis 1 .*: index 4 is outside of its 4 entries"),
        ([0, 5], r"index 5 at position \(1,\) is outside of its 3 entries"),
        ([[0], [-4]], r"index -4 at position \(1, 0\) is outside of its 3 entries"),
        (sg.const(7), "index 7 is outside"),
    ],
)
def test_a_constant_index_outside_is_refused_at_once(key: Any, message: str):
    with pytest.raises(RangeError, match=message):
        sg.input("x", (3, 4))[key]


def test_an_index_into_nothing_is_refused():
    with pytest.raises(RangeError, match="index 0 into an axis without entries"):
        sg.input("x", 0)[0]


@pytest.mark.parametrize("key", [2, -3, slice(None, 3), slice(-3, None), slice(2, None, -1)])
def test_data_too_short_for_an_index_are_refused_when_they_come(key: Any):
    x = sg.input("x", "N")

    with pytest.raises(RangeError, match=r"position -?\d is outside 0\.\.1"):
        value(x[key], {x: numbers(2)})


def test_data_too_short_for_a_slice_are_refused_when_they_come():
    x = sg.input("x", "N")

    with pytest.raises(ShapeError, match="size N - 2 comes out as -1"):
        value(x[2:], {x: numbers(1)})


def test_an_integer_node_indexes_one_axis_or_several():
    x, i, j = sg.input("x", (3, 4)), sg.input("i", 2, kind="integer"), sg.input("j", kind="integer")
    array = numbers(3, 4)
    at = {x: array, i: np.array([2, 0]), j: np.array(1)}

    assert value(x[i], at).tolist() == array[[2, 0]].tolist()
    assert value(x[:, i], at).tolist() == array[:, [2, 0]].tolist()
    assert value(x[j], at).tolist() == array[1].tolist()
    assert value(x[i, j], at).tolist() == array[[2, 0], 1].tolist()
    assert value(x[sg.expand_dims(i, 1), i], at).tolist() == array[[[2], [0]], [2, 0]].tolist()
    assert value(x[i + 1, -1], {**at, i: np.array([0, 1])}).tolist() == array[[1, 2], -1].tolist()


def test_an_index_from_data_counts_from_the_front():
    x, i = sg.input("x", 3), sg.input("i", 2, kind="integer")

    with pytest.raises(RangeError, match=r"index -1 at position \(1,\) is outside 0\.\.2"):
        value(x[i], {x: numbers(3), i: np.array([0, -1])})


def test_index_arrays_that_do_not_broadcast_are_refused():
    with pytest.raises(
        ShapeError, match=r"index arrays: shapes \(2,\) and \(3,\) do not broadcast"
    ):
        sg.input("x", (4, 4))[[0, 1], [0, 1, 2]]


def test_new_axes_alone_are_a_reshape_and_a_whole_slice_is_nothing():
    x = sg.input("x", ("N", 3))

    assert x[:, None] is sg.expand_dims(x, 1)
    assert x[:] is x
    assert x[...] is x


@pytest.mark.parametrize(
    ("key", "text"),
    [
        (0, "x[0, :]"),
        (-1, "x[N - 1, :]"),
        ((slice(1, None), 2), "x[1:, 2]"),
        ((slice(None), slice(None, None, -1)), "x[:, ::-1]"),
        ((slice(None, None, -1), slice(1, 3)), "x[::-1, 1:3]"),
        ((slice(None), slice(None, None, 2)), "x[:, ::2]"),
        ((slice(None), [2, 0]), "x[:, [2, 0]]"),
        ((None, 0, None), "x[0, None, None, :]"),
    ],
)
def test_a_slice_is_written_as_python_writes_it(key: Any, text: str):
    assert str(sg.input("x", ("N", 4))[key]) == text


def test_a_slice_is_one_node_on_its_operand():
    x = sg.input("x", ("N", 4))
    node = x[1:, ::-1]

    assert isinstance(node, Pull)
    assert node.args == (x,)


def test_iterating_reads_the_entries_of_the_first_axis():
    x = sg.input("x", (3, 2))

    assert [row.shape for row in x] == [(2,)] * 3
    assert next(iter(x)) is x[0]


@pytest.mark.parametrize(
    "key",
    [1, (slice(None, None, -1), 0), (slice(1, None), None), [0, 0, 2], ([0, 0], [1, 1])],
    ids=str,
)
def test_the_gradient_of_a_part_is_added_where_it_was_read(key: Any):
    x, array = sg.input("x", (3, 4)), numbers(3, 4)
    want = np.zeros((3, 4))
    np.add.at(want, key, np.ones_like(array[key]))

    assert value(sg.grad(sg.sum(x[key]), x), {x: array}).tolist() == want.tolist()
    check_derivatives(sg.sin(x[key]), {x: array}, [x])


# --- take, pick, one-hot ------------------------------------------------------------------------


@pytest.mark.parametrize("axis", [0, 1, -1, None])
@pytest.mark.parametrize("indices", [1, -1, [2, 0, 0], [[0, 1], [1, 2]], []], ids=str)
def test_taking_is_numpys(axis: int | None, indices: Any):
    array = numbers(3, 4)
    x = sg.input("x", (3, 4))
    want = np.take(array, np.asarray(indices, dtype=int), axis)

    got = value(sg.take(x, indices, axis), {x: array})

    assert got.tolist() == want.tolist()
    assert got.shape == want.shape


def test_the_gradient_of_an_embedding_reaches_the_rows_that_were_used():
    table, words = sg.parameter("E", (4, 2)), sg.input("words", 3, kind="integer")
    at = {table: np.zeros((4, 2)), words: np.array([2, 0, 2])}
    ct = np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
    gradient = sg.grad(sg.take(table, words), table, cotangent=ct)

    assert value(gradient, at).tolist() == [[3.0, 4.0], [0.0, 0.0], [6.0, 8.0], [0.0, 0.0]]


def test_taking_refuses_what_is_no_index():
    x = sg.input("x", (3, 4))

    with pytest.raises(KindError, match=r"take: axis 0 of a value of shape \(3, 4\): index a real"):
        sg.take(x, sg.input("i", 2))
    with pytest.raises(KindError, match="a boolean mask"):
        sg.take(x, [True, False, True])
    with pytest.raises(KindError, match=r"index slice\(0, 2, None\) is not an integer"):
        sg.take(x, slice(0, 2))
    with pytest.raises(RangeError, match=r"take: axis 1 .* index 4 is outside of its 4 entries"):
        sg.take(x, 4, axis=1)
    with pytest.raises(ShapeError, match="axis 2 does not exist"):
        sg.take(x, 0, axis=2)


@pytest.mark.parametrize(("axis", "labels"), [(-1, [2, 0]), (0, [1, 0, 1])])
def test_picking_reads_the_entry_of_each_label(axis: int, labels: list[int]):
    array = numbers(2, 3)
    x = sg.input("x", (2, 3))
    want = np.take_along_axis(array, np.expand_dims(labels, axis), axis).squeeze(axis)

    assert value(sg.pick(x, labels, axis), {x: array}).tolist() == want.tolist()


def test_picking_works_in_a_stack_in_a_vector_and_with_symbolic_sizes():
    x, y = sg.input("x", ("N", "T", 3)), sg.input("y", ("N", "T"), kind="integer")
    array, labels = numbers(2, 2, 3), np.array([[0, 2], [1, 1]])
    want = [[1.0, 6.0], [8.0, 11.0]]

    assert value(sg.pick(x, y), {x: array, y: labels}).tolist() == want
    assert float(value(sg.pick([5.0, 6.0, 7.0], 2), {})) == 7.0
    check_derivatives(sg.sin(sg.pick(x, y)), {x: array, y: labels}, [x])


def test_picking_refuses_labels_that_do_not_fit():
    x = sg.input("x", ("N", 3))

    with pytest.raises(
        ShapeError, match=r"labels of shape \(M,\) .*; without axis 1 that is \(N,\)"
    ):
        sg.pick(x, sg.input("y", "M", kind="integer"))
    with pytest.raises(KindError, match=r"pick: axis 1 .* index a real node is not an integer"):
        sg.pick(x, sg.input("y", "N"))
    with pytest.raises(RangeError, match=r"index -1 at position .* Use 0 to 2"):
        sg.pick(sg.input("x", (2, 3)), [0, -1])


def test_one_hot_vectors_hold_one_one_each():
    y = sg.input("y", (2, 2), kind="integer")
    labels = np.array([[0, 2], [1, 1]])

    got = value(sg.one_hot(y, 3), {y: labels})

    assert got.tolist() == np.eye(3, dtype=int)[labels].tolist()
    assert got.dtype.kind == "i"
    assert value(sg.one_hot(y, "K"), {y: labels}, K=4).shape == (2, 2, 4)
    assert value(sg.one_hot(1, 3), {}).tolist() == [0, 1, 0]


def test_a_label_outside_of_its_classes_is_refused():
    y = sg.input("y", 2, kind="integer")

    with pytest.raises(RangeError, match=r"one_hot: 3 classes: index 3 at position \(1,\)"):
        sg.one_hot([0, 3], 3)
    with pytest.raises(RangeError, match=r"index 3 at position \(1,\) is outside 0\.\.2"):
        value(sg.one_hot(y, 3), {y: np.array([0, 3])})
    with pytest.raises(KindError, match="one_hot: 3 classes: index a real node"):
        sg.one_hot(sg.input("z", 2), 3)


# --- in general ---------------------------------------------------------------------------------

bounds = st.none() | st.integers(-5, 5)
steps = st.none() | st.integers(-3, 3).filter(bool)
parts = st.builds(slice, bounds, bounds, steps)


@given(st.tuples(st.integers(0, 4), st.integers(0, 4)), parts, parts)
@example((3, 4), slice(5, None, -2), slice(-5, 5))
def test_any_slices_of_known_sizes_read_what_numpy_reads(shape: Any, first: slice, second: slice):
    array = numbers(*shape)
    x = sg.input("x", shape)

    got = value(x[first, second], {x: array})

    assert got.tolist() == array[first, second].tolist()
    assert got.shape == array[first, second].shape


@given(st.integers(0, 6), parts)
def test_any_slice_of_a_symbolic_size_reads_what_numpy_reads_or_is_refused(n: int, part: slice):
    x, array = sg.input("x", "N"), numbers(n)
    try:
        got = value(x[part], {x: array})
    except (ShapeError, RangeError):
        return

    assert got.tolist() == array[part].tolist()


index_arrays = st.one_of(
    st.integers(-2, 1),
    st.just(slice(None)),
    st.just(None),
    st.lists(st.integers(-2, 1), min_size=2, max_size=2),
    st.lists(st.lists(st.integers(-2, 1), min_size=1, max_size=1), min_size=2, max_size=2),
)


@given(st.lists(index_arrays, max_size=5).map(tuple))
def test_any_mixture_of_indices_reads_what_numpy_reads(key: tuple[Any, ...]):
    array = numbers(2, 2, 2, 2, 2)
    want = array[key]

    for x in (sg.input("x", array.shape), symbolic(array)):
        got = value(x[key], {x: array})
        assert got.shape == want.shape
        np.testing.assert_array_equal(got, want)
