"""Data with too few entries for what is computed of them."""

import runpy
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from c_compiler import needs_c_compiler
from hypothesis import given, settings, strategies as st

import symgraph as sg

TARGETS: list[Any] = [
    {}, {"style": "read"}, {"style": "array"},
    pytest.param({"target": "cython"}, marks=needs_c_compiler),
]  # fmt: skip
x = sg.input("x", ("N", 2))
VALUES = {
    "a sum": sg.sum(x[1:] * x[:-1]),
    "a mean": sg.mean(x[1:]),
    "a slice": x[3:],
    "differences": sg.diff(x, axis=0),
    "a loop": sg.scan(lambda h, row: h + row, sg.zeros(2), x[2:]).final,
    "what is multiplied by 0": sg.sum(x[1:] * 0.0),
}


@pytest.mark.parametrize("options", TARGETS, ids=str)
@pytest.mark.parametrize("value", VALUES)
def test_sizes_that_come_out_negative_are_refused(value: str, options: dict[str, Any]):
    f = sg.compile([x], VALUES[value], **options)

    with pytest.raises(sg.ShapeError, match=r"size N - \d comes out as -\d for .*N: 0"):
        f(np.zeros((0, 2)))
    assert np.shape(f(np.ones((4, 2)))) == np.shape(sg.evaluate(VALUES[value], {"x": [[1, 1]] * 4}))
    with pytest.raises(sg.ShapeError, match="comes out as"):
        f(np.zeros((0, 2)))


@pytest.mark.parametrize("options", TARGETS, ids=str)
@pytest.mark.parametrize("place", [-1, 0, 2, -3])
def test_rows_that_the_data_do_not_have_are_refused(place: int, options: dict[str, Any]):
    f = sg.compile([x], x[place] * 2, **options)

    for size in range(4):
        given = np.arange(2.0 * size).reshape(size, 2)
        if -size <= place < size:
            np.testing.assert_array_equal(f(given), 2 * given[place])
        else:
            with pytest.raises(sg.RangeError, match=rf"is outside 0\.\.{size - 1}"):
                f(given)


@given(st.integers(0, 6), st.integers(0, 6))
@settings(max_examples=20, deadline=None)
def test_a_slice_is_that_of_numpy_or_refused(size: int, start: int):
    given = np.arange(2.0 * size).reshape(size, 2)
    f = sg.compile([x], x[start:])

    if size < start:
        with pytest.raises(sg.ShapeError, match="must be 0 or more"):
            f(given)
    else:
        np.testing.assert_array_equal(f(given), given[start:])


def test_a_bound_program_refuses_them_too():
    bound = sg.compile([x], sg.mean(x[1:])).bind()

    with pytest.raises(sg.ShapeError, match="size N - 1 comes out as -1"):
        bound.step(np.zeros((0, 2)))
    with pytest.raises(sg.ShapeError, match="size N - 1 comes out as -1"):
        sg.compile([x], sg.mean(x[1:])).bind(np.zeros((0, 2)))


@pytest.mark.parametrize("options", TARGETS, ids=str)
@pytest.mark.parametrize("reduction", [sg.max, sg.min, sg.argmax, sg.logsumexp, sg.softmax])
@pytest.mark.parametrize("shape", [(0, 2), (2, 0), (0, 0)])
def test_the_largest_of_no_entries_is_refused(reduction: Any, shape: Any, options: dict[str, Any]):
    wide = sg.input("x", ("N", "K"))
    value = reduction(sg.tanh(wide) * 2, axis=shape.index(0))

    for f in (sg.compile([wide], value, **options), sg.compile([wide], value + 1, **options)):
        with pytest.raises(sg.ShapeError, match="hold no entries, so there is no winner"):
            f(np.zeros(shape))


@pytest.mark.filterwarnings("ignore:invalid value encountered")
@pytest.mark.parametrize("options", TARGETS, ids=str)
def test_the_mean_of_no_entries_is_nan(options: dict[str, Any]):
    f = sg.compile([x], sg.mean(x), **options)

    assert np.isnan(f(np.zeros((0, 2))))


def test_code_for_reading_tells_where_the_data_are_too_few():
    signal, kernel = sg.input("s", ("N", 1, "T")), sg.input("k", (1, 1, 5))
    f = sg.compile([signal, kernel], sg.conv1d(signal, kernel), style="read")
    slope = sg.compile([x], sg.grad(sg.mean(x**2), x), style="read")

    with pytest.raises(sg.ShapeError, match=r"too few entries for `.*sliding_window_view"):
        f(np.zeros((2, 1, 4)), np.zeros((1, 1, 5)))
    with pytest.raises(sg.ShapeError, match=r"too few entries for `.*division by zero"):
        slope(np.zeros((0, 2)))


def test_a_saved_module_refuses_negative_sizes(tmp_path: Path):
    path = sg.compile([x], sg.mean(x[1:]), name="average").save(tmp_path / "average.py")
    module = runpy.run_path(str(path))

    with pytest.raises(ValueError, match="size n1 - 1 comes out as -1; it must be 0 or more"):
        module["average"](np.zeros((0, 2)))
    assert module["average"](np.ones((3, 2))) == 1.0


def test_an_exported_module_knows_them(tmp_path: Path):
    text = sg.compile([x], sg.mean(x[1:])).save(tmp_path / "mean.pyx").read_text()

    assert "('N - 1', n1 - 1)" in text
    assert 'raise ValueError(f"size {text} comes out as {size}; it must be 0 or more.")' in text
