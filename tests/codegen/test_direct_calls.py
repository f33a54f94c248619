"""Calls that reach the kernel without Python in between, and what sends them back to it."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
import pytest
from c_compiler import needs_c_compiler
from hypothesis import given, settings, strategies as st

import symgraph as sg
from symgraph.errors import KindError, NonFiniteError, ShapeError, UnknownNameError

pytestmark = needs_c_compiler


def dot(**options: Any) -> Any:
    """The sum of x * y, entry by entry."""
    x, y = sg.input("x", ("N", 3)), sg.input("y", ("N", 3))
    return sg.compile([x, y], sg.sum(x * y), target="cython", **options)


def accumulation() -> Any:
    """Adds the column sums of x to w, and gives back the old w."""
    w, x = sg.state("w", 3), sg.input("x", ("N", 3))
    return sg.compile([w, x], w, updates={w: w + sg.sum(x, axis=0)}, target="cython")


KINDS: dict[str, Any] = {
    "plain": lambda a: a,
    "list": lambda a: a.tolist(),
    "single": lambda a: a.astype(np.float32),
    "transposed": lambda a: np.asfortranarray(a),
    "swapped": lambda a: a.astype(">f8"),
    "strided": lambda a: np.repeat(a, 2, axis=0)[::2],
}


@settings(max_examples=60, deadline=None)
@given(
    calls=st.lists(
        st.tuples(st.integers(1, 5), st.sampled_from(sorted(KINDS)), st.booleans()),
        min_size=1,
        max_size=8,
    )
)
def test_every_way_of_giving_arrays_gives_the_same_numbers(calls: list[Any]) -> None:
    f = dot()
    bound = f.bind()
    for rows, kind, is_named in calls:
        x, y = np.arange(3.0 * rows).reshape(rows, 3), np.full((rows, 3), 2.0)
        for run in (f, bound.step, bound):
            a, b = KINDS[kind](x), KINDS[kind](y)
            assert (run(x=a, y=b) if is_named else run(a, b)) == 2 * x.sum()


@pytest.mark.parametrize("count", [0, 1, 3])
def test_open_arrays_reach_updates_in_place_in_each_step(count: int) -> None:
    w = np.zeros(3)
    bound = accumulation().bind(w)
    for rows in (1, 2, 1):
        bound.steps(count, np.ones((rows, 3)))

    assert w.tolist() == [4.0 * count] * 3


def test_a_step_taken_before_the_first_run_serves_all_runs() -> None:
    w = np.zeros(3)
    step = accumulation().bind(w).step
    for value in (np.ones((1, 3)), [[1.0, 1.0, 1.0]], np.ones((4, 3))):
        step(value)

    assert w.tolist() == [6.0] * 3


def test_an_array_that_overlaps_the_updated_one_is_read_as_it_was() -> None:
    memory = np.ones(6)
    bound = accumulation().bind(memory[:3])
    bound.step(np.ones((1, 3)))
    bound.step(memory.reshape(2, 3))  # its first row is w

    assert memory[:3].tolist() == [5.0] * 3


@pytest.mark.parametrize("run", ["call", "step"])
def test_errors_name_what_is_wrong_after_calls_that_were_right(run: str) -> None:
    f = dot()
    call = f if run == "call" else f.bind().step
    right = np.ones((2, 3))
    assert call(right, right) == 6.0

    with pytest.raises(ShapeError, match="argument 'y' has 3 on axis 0"):
        call(right, np.ones((3, 3)))
    with pytest.raises(KindError, match="'x' is a masked array"):
        call(np.ma.masked_array(right), right)
    with pytest.raises(KindError, match="dtype complex128"):
        call(right.astype(complex), right)
    with pytest.raises(UnknownNameError, match="'y'"):
        call(right)


def test_a_bound_step_refuses_arrays_where_none_is_open() -> None:
    ones = np.ones((1, 3))
    with pytest.raises(UnknownNameError, match="all arguments are bound"):
        dot().bind(ones, ones).step(ones)


def test_arguments_are_looked_at_in_every_run_where_that_was_asked_for() -> None:
    f = dot(check_finite=True)
    bound, x = f.bind(), np.ones((1, 3))
    for call in (f, bound.step):
        assert call(x, x) == 3.0
        with pytest.raises(NonFiniteError, match="'y' is nan"):
            call(x, np.full((1, 3), np.nan))


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_plain_numbers_are_arguments_too(dtype: Any) -> None:
    s, k = sg.input("s"), sg.input("k", kind="integer")
    f = sg.compile([s, k], s * k, dtype=dtype, target="cython")
    for value in (0.1, np.float64(0.1), np.float32(0.1), np.array(0.1), 3, True):
        for times in (2, np.int64(2)):
            expected = np.dtype(dtype).type(value) * 2
            assert f(value, times) == expected == f(value, times)


def test_threads_that_call_one_function_at_once_do_not_share_memory() -> None:
    x = sg.input("x", ("N", "N"))
    f = sg.compile([x], sg.sum(sg.tanh(x @ x) @ x), target="cython")
    given = [np.full((150, 150), 1e-4 * k) for k in range(1, 5)]
    expected = [f(one) for one in given]
    wrong: list[Any] = []

    def work(k: int) -> None:
        wrong.extend(value for _ in range(30) if (value := f(given[k])) != expected[k])

    threads = [threading.Thread(target=work, args=(k,)) for k in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert not wrong


def test_threads_that_share_a_bound_program_lose_no_update() -> None:
    """Batches of two sizes, and lists, which Python converts: three ways into one array."""
    w = np.zeros(3)
    step = accumulation().bind(w).step
    given: list[Any] = [np.ones((1, 3)), np.ones((20000, 3)), [[1.0, 1.0, 1.0]]]

    def work(k: int) -> None:
        for _ in range(40):
            step(given[k])

    threads = [threading.Thread(target=work, args=(k,)) for k in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert w.tolist() == [40.0 * 20002] * 3
