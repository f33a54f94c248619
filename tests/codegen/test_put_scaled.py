"""Numbers that go into what is put at places, and those that must not."""

import math

import numpy as np
import pytest

import symgraph as sg

ROWS = sg.input("i", ("N",), kind="integer")
PLACED = sg.one_hot(ROWS, 3)


def run_of(source: str) -> str:
    return source.split("def run():")[1]


def test_a_number_is_put_where_ones_would_be_multiplied_by_it() -> None:
    x = sg.input("x", ("N", 3))
    f = sg.compile([x, ROWS], x + 0.25 * PLACED)

    assert "multiply" not in run_of(f.source)
    assert [[1.0, 1.25, 1.0], [1.25, 1.0, 1.0]] == f(np.ones((2, 3)), [1, 0]).tolist()


def test_a_share_of_the_rows_is_finite_wherever_there_is_a_row() -> None:
    f = sg.compile([ROWS], (1 / ROWS.shape[0]) * PLACED)

    assert "multiply" not in run_of(f.source)
    assert "divide" not in run_of(f.source)
    assert [[0.0, 0.0, 0.5], [0.5, 0.0, 0.0]] == f([2, 0]).tolist()
    assert f([]).shape == (0, 3)


def test_what_is_infinite_for_one_row_reaches_every_entry() -> None:
    f = sg.compile([ROWS], (1 / (ROWS.shape[0] - 1)) * PLACED)

    assert np.array_equal(f([1]), [[math.nan, math.inf, math.nan]], equal_nan=True)
    assert [[0.0, 0.0, 1.0], [1.0, 0.0, 0.0]] == f([2, 0]).tolist()


@pytest.mark.parametrize("number", [math.inf, math.nan])
def test_a_number_that_is_not_finite_reaches_every_entry(number: float) -> None:
    f = sg.compile([ROWS], number * PLACED)

    assert np.array_equal(f([0]), [[number, math.nan, math.nan]], equal_nan=True)


def test_the_gradient_of_a_mean_of_what_is_picked_is_put_at_its_places() -> None:
    z = sg.input("z", ("N", 3))
    f = sg.compile([z, ROWS], sg.grad(sg.mean(sg.pick(z, ROWS)), z))

    assert "multiply" not in run_of(f.source)
    assert [[0.0, 0.5, 0.0], [0.0, 0.0, 0.5]] == f(np.zeros((2, 3)), [1, 2]).tolist()


def test_ones_that_are_read_elsewhere_stay_ones() -> None:
    f = sg.compile([ROWS], [PLACED, 4.0 * PLACED])

    assert run_of(f.source).count(".fill(0)") == 1
    assert [[[0.0, 1.0, 0.0]], [[0.0, 4.0, 0.0]]] == [y.tolist() for y in f([1])]
