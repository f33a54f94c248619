"""Rows that NumPy programs take many at once."""

import numpy as np
import pytest

import symgraph as sg
from symgraph.codegen.numpy_runtime import by_rows, repeated, repeated_row, together


@pytest.mark.parametrize(
    ("count", "width", "rows"),
    [
        (1024, 128, 64),  # 8192 entries
        (1000, 128, 100),  # the next divisor
        (1009, 128, 1),  # a prime
        (256, 128, 64),
        (128, 128, 1),  # so few that one call takes them
        (0, 128, 1),
        (1 << 20, 7, 1),
        (512, 1024, 8),
        (512, 2048, 1),  # rows so long that there is nothing to win
    ],
)
def test_rows_are_taken_by_a_divisor_of_their_count(count: int, width: int, rows: int) -> None:
    assert together(count, width) == rows


def test_rows_together_are_views() -> None:
    x, row = np.zeros((6, 2)), np.array([1.0, 2.0])
    by_rows(x, 3)[...] = [[1, 2], [3, 4], [5, 6]]
    one, nothing = repeated_row(row, np.empty((1, 2)))

    assert x.tolist() == [[1, 2], [3, 4], [5, 6]] * 2
    assert one.base is row
    assert (one.shape, nothing) == ((1, 2), [])


def test_a_number_stands_there_as_often_as_it_pays() -> None:
    assert repeated(0, (1024, 128), np.float32, 64).shape == (64, 128)
    assert repeated(0, (512, 128), np.float32).shape == (512, 128)
    assert repeated(0, (1009, 128), np.float32).shape == (128,)
    assert repeated(0, (100_000,), np.float32).shape == ()


@pytest.mark.parametrize("count", [0, 1, 7, 128, 1024, 1009])
def test_rows_and_numbers_meet_any_count_of_rows(count: int) -> None:
    x, b = sg.input("x", ("N", 128)), sg.parameter("b", 128)
    f = sg.compile([x, b], [sg.relu(x * 2 + b), b - x, sg.sum(sg.relu(x - b), axis=0)])
    draw = np.random.default_rng(count)
    values, row = draw.normal(size=(count, 128)), draw.normal(size=128)
    values[count // 2 : count // 2 + 1, :3] = np.nan, np.inf, -np.inf
    got = f(values, row)
    ahead = values - row

    np.testing.assert_allclose(got[0], np.where(values * 2 < -row, 0, values * 2 + row), 1e-14)
    assert np.array_equal(got[1], row - values, equal_nan=True)
    np.testing.assert_allclose(got[2], np.where(ahead < 0, 0, ahead).sum(axis=0), 1e-12)


def test_new_values_of_a_row_are_read_at_the_next_step() -> None:
    x, b = sg.input("x", ("N", 128)), sg.parameter("b", 128)
    step = sg.compile([x, b], sg.max(sg.relu(x + b)), updates={b: b + 1})
    bound = step.bind(np.zeros((2048, 128)), np.arange(128.0))

    assert [float(bound.step()) for _ in range(3)] == [127.0, 128.0, 129.0]


def test_rows_of_an_array_with_more_axes_are_those_of_its_last() -> None:
    x, b = sg.input("x", ("N", 16, 64)), sg.parameter("b", 64)
    values, row = np.random.default_rng(0).normal(size=(100, 16, 64)), np.arange(64.0)

    assert np.array_equal(
        sg.compile([x, b], sg.relu(x - b))(values, row), np.maximum(values - row, 0)
    )


def test_one_row_meets_arrays_of_different_lengths() -> None:
    x, y, b = sg.input("x", ("N", 64)), sg.input("y", ("M", 64)), sg.parameter("b", 64)
    f = sg.compile([x, y, b], [sg.relu(x + b), sg.relu(y + b)])
    row = np.arange(64.0)
    first, second = f(np.zeros((1100, 64)), np.zeros((2048, 64)), row)

    assert np.array_equal(first, np.tile(row, (1100, 1)))
    assert np.array_equal(second, np.tile(row, (2048, 1)))


def test_a_program_leaves_the_buffer_of_numpy_as_it_is() -> None:
    x, b = sg.input("x", ("N", 64)), sg.parameter("b", 64)
    f = sg.compile([x, b], x + b)
    before = np.getbufsize()
    f(np.zeros((500, 64)), np.zeros(64))

    assert np.getbufsize() == before
