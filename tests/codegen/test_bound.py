"""Updates in place, and bound programs: arrays that stay, memory that is used again."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
import pytest
from reference_data import load

import symgraph as sg
from symgraph.errors import (
    KindError,
    NonFiniteError,
    RangeError,
    ShapeError,
    UnknownNameError,
)

pytestmark = pytest.mark.usefixtures("target")

STYLES = ["fast", "read"]


def descent(style: Any = "fast", **options: Any) -> Any:
    """One step of gradient descent on 1/2 |w - c|**2, rate 1/4."""
    w, c = sg.parameter("w", 2), sg.input("c", 2)
    loss = sg.sum((w - c) ** 2) / 2
    updates = {w: w - 0.25 * sg.grad(loss, w)}
    return sg.compile([w, c], loss, updates=updates, style=style, **options)


# --- updates -------------------------------------------------------------------------------------


@pytest.mark.parametrize("style", STYLES)
def test_an_update_is_written_into_the_given_array(style: Any) -> None:
    w = np.array([4.0, 0.0])

    assert descent(style)(w, [0.0, 0.0]) == 8.0
    assert w.tolist() == [3.0, 0.0]


@pytest.mark.parametrize("style", STYLES)
def test_all_new_values_come_from_the_old_ones(style: Any) -> None:
    a, b = sg.state("a", 2), sg.state("b", 2)
    f = sg.compile([a, b], [a, a + b], updates={a: b, b: a}, style=style)
    x, y = np.array([1.0, 2.0]), np.array([3.0, 4.0])
    old, total = f(x, y)

    assert (x.tolist(), y.tolist()) == ([3.0, 4.0], [1.0, 2.0])
    assert (old.tolist(), total.tolist()) == ([1.0, 2.0], [4.0, 6.0])


@pytest.mark.parametrize("style", STYLES)
def test_updates_that_read_one_another_are_not_confused(style: Any) -> None:
    """p and its running mean m: m reads the old p, and the transposed q reads itself."""
    p, m, q = sg.state("p", (2, 2)), sg.state("m", (2, 2)), sg.state("q", (2, 2))
    updates = {p: p + 1, m: 0.5 * m + 0.5 * p, q: q + sg.transpose(q)}
    f = sg.compile([p, m, q], [], updates=updates, style=style)
    x, y, z = np.full((2, 2), 4.0), np.zeros((2, 2)), np.array([[1.0, 2.0], [3.0, 4.0]])
    f(x, y, z)

    assert x.tolist() == [[5, 5], [5, 5]]
    assert y.tolist() == [[2, 2], [2, 2]]
    assert z.tolist() == [[2, 5], [5, 8]]


@pytest.mark.parametrize("style", STYLES)
def test_a_variable_that_becomes_another_one_gets_its_old_value(style: Any) -> None:
    a, b, c = sg.state("a", (2, 2)), sg.state("b", (2, 2)), sg.state("c", 2)
    updates = {a: a + 1, b: sg.transpose(a), c: a[0]}
    x, y, z = np.array([[1.0, 2.0], [3.0, 4.0]]), np.zeros((2, 2)), np.zeros(2)
    sg.compile([a, b, c], [], updates=updates, style=style)(x, y, z)

    assert x.tolist() == [[2, 3], [4, 5]]
    assert y.tolist() == [[1, 3], [2, 4]]
    assert z.tolist() == [1, 2]


@pytest.mark.parametrize("style", STYLES)
def test_scalars_integers_and_masked_values_are_updated(style: Any) -> None:
    s, w = sg.state("s"), sg.state("w", 3)
    n = sg.input("n", kind="integer")
    updates = {s: s / 2, n: n + 1, w: sg.where(w > 0, 0.0, w)}
    f = sg.compile([s, n, w], [], updates=updates, style=style)
    a, k, v = np.array(3.0), np.array(7), np.array([1.0, -2.0, 3.0])
    f(a, k, v)

    assert (a, k, v.tolist()) == (1.5, 8, [0.0, -2.0, 0.0])


@pytest.mark.parametrize(
    "made",
    [
        lambda: np.zeros((4, 2))[:, 1:].reshape(4)[::2],
        lambda: np.zeros(2, np.float32),
        lambda: np.zeros(2, ">f8"),
        lambda: np.zeros(4)[::-2],
        lambda: np.zeros(2),
    ],
)
def test_an_array_of_any_layout_is_updated_where_it_is(made: Any) -> None:
    w = made()
    descent()(w, [4.0, 8.0])
    bound = descent().bind(w, [4.0, 8.0])
    bound.steps(2)

    assert w.tolist() == [4 * (1 - 0.75**3), 8 * (1 - 0.75**3)]


def test_an_array_given_twice_is_read_before_it_is_written() -> None:
    a, b = sg.state("a", 3), sg.state("b", 3)
    f = sg.compile([a, b], sg.sum(a * b), updates={a: a + b, b: a - b})
    base = np.arange(4.0)
    f(base[:3], base[1:])  # a = 0 1 2 and b = 1 2 3 share 1 2

    assert base.tolist() == [1.0, -1.0, -1.0, -1.0]


def test_what_is_updated_must_be_a_writeable_array() -> None:
    fixed = np.zeros(2)
    fixed.flags.writeable = False

    with pytest.raises(
        KindError, match="argument 'w' is updated in place, and what was given is l"
    ):
        descent()([1.0, 2.0], [0.0, 0.0])
    with pytest.raises(KindError, match=r"argument .w. is updated in place.*read-only"):
        descent()(fixed, [0.0, 0.0])


def test_an_update_has_the_shape_and_the_kind_of_its_variable() -> None:
    w, n = sg.parameter("w", 2), sg.input("n", kind="integer")

    with pytest.raises(ShapeError, match=r"the update of 'w' has shape \(\), the argument \(2,\)"):
        sg.compile([w], [], updates={w: sg.sum(w)})
    with pytest.raises(KindError, match="the update of 'n' is real, the argument integer"):
        sg.compile([n], [], updates={n: n / 2})
    with pytest.raises(UnknownNameError, match="the update of 'w' has no argument to be written"):
        sg.compile([n], [], updates={w: 2 * w})


@pytest.mark.parametrize("style", STYLES)
def test_nothing_is_written_when_a_step_fails(style: Any) -> None:
    w, i = sg.parameter("w", 3), sg.input("i", 2, kind="integer")
    loss = sg.sum(sg.take(w, i) ** 2)
    updates = {w: w - sg.grad(loss, w)}
    array = np.array([1.0, 2.0, 3.0])

    with pytest.raises(RangeError, match="i: index 3 at position"):
        sg.compile([w, i], loss, updates=updates, style=style)(array, [0, 3])
    with pytest.raises(NonFiniteError, match="argument 'c' is nan"):
        descent(check_finite=True)(array[:2], [np.nan, 0.0])
    assert array.tolist() == [1.0, 2.0, 3.0]


def test_a_new_value_that_is_not_finite_is_not_written_on_request() -> None:
    w = sg.parameter("w", 2)
    f = sg.compile([w], [], updates={w: 1 / w}, check_finite=True)
    array = np.array([2.0, 0.0])

    with pytest.raises(NonFiniteError, match=r"the new value of w is inf at position \(1,\)"):
        f(array)
    assert array.tolist() == [2.0, 0.0]


# --- bound programs ------------------------------------------------------------------------------


def test_a_bound_program_steps_on_its_arrays() -> None:
    w, c = np.array([4.0, 8.0]), np.zeros(2)
    bound = descent().bind(w, c)

    assert bound.step() == 40.0
    assert w.tolist() == [3.0, 6.0]
    assert bound.steps(2) == (1.6875**2 + 3.375**2) / 2 / 0.75**2
    c += 1.0
    bound()
    assert w.tolist() == [1.6875 * 0.75 + 0.25, 3.375 * 0.75 + 0.25]
    assert bound.arrays["w"] is w
    assert bound.steps(0) is None


def test_arguments_left_open_are_given_to_each_step() -> None:
    w = np.array([4.0, 8.0])
    bound = descent().bind(w=w)

    assert bound.step([4.0, 8.0]) == 0.0
    assert bound.step(c=[0.0, 0.0]) == 40.0
    assert bound.steps(2, [0.0, 0.0]) == (2.25**2 + 4.5**2) / 2
    with pytest.raises(UnknownNameError, match="arguments 'c' are neither bound nor given"):
        bound.step()
    with pytest.raises(UnknownNameError, match="there is no argument 'w' here"):
        bound.step(w=w)


def test_a_bound_program_follows_the_size_of_each_batch() -> None:
    x, w = sg.input("x", ("N", 2)), sg.parameter("w", 2)
    loss = sg.mean((x @ w) ** 2)
    f = sg.compile([w, x], loss, updates={w: w - 0.1 * sg.grad(loss, w)})
    weights, same = np.ones(2), np.ones(2)
    bound = f.bind(weights)
    rng = np.random.default_rng(1)
    for n in [8, 8, 3] * 12 + list(range(1, 14)):
        batch = rng.standard_normal((n, 2))
        want = np.mean((batch @ same) ** 2)

        assert bound.step(batch) == pytest.approx(want, rel=1e-12)
        same -= 0.1 * 2 * batch.T @ (batch @ same) / n
        assert np.allclose(weights, same, rtol=1e-12)


def test_sizes_make_arrays_of_zeros_for_what_is_not_given() -> None:
    x, w = sg.input("x", ("N", 2)), sg.parameter("w", 2)
    bound = sg.compile([x, w], x @ w).bind(w=np.array([1.0, 2.0]), dims={"N": 3})
    bound.arrays["x"][1] = [1.0, 1.0]

    assert bound.step().tolist() == [0.0, 3.0, 0.0]
    with pytest.raises(UnknownNameError, match="size N: N has no value"):
        sg.compile([x, w], x @ w).bind(dims={})


def test_binding_checks_what_it_is_given() -> None:
    with pytest.raises(ShapeError, match=r"argument 'c' has shape \(3,\)"):
        descent().bind(c=np.zeros(3))
    with pytest.raises(KindError, match="argument 'c' has dtype complex128"):
        descent().bind(c=np.zeros(2, complex))


def test_a_list_that_is_bound_is_read_once() -> None:
    w = np.array([1.0, 1.0])
    bound = descent().bind(w, [1.0, 1.0])

    assert bound.steps(3) == 0.0


def test_an_array_that_had_to_be_copied_is_read_at_every_step() -> None:
    x = sg.input("x", 2)
    array = np.zeros(4, np.int32)[::2]
    bound = sg.compile(x, 2 * x).bind(array)
    array[:] = 3

    assert bound.step().tolist() == [6.0, 6.0]
    array[:] = 4
    assert bound.step().tolist() == [8.0, 8.0]


def test_results_of_steps_belong_to_the_caller() -> None:
    x = sg.input("x", 2)
    bound = sg.compile(x, [2 * x, x]).bind(np.ones(2))
    first = bound.step()
    first[0][:] = first[1][:] = 9.0

    assert [value.tolist() for value in bound.step()] == [[2.0, 2.0], [1.0, 1.0]]


def test_steps_from_several_threads_come_one_after_the_other() -> None:
    n = sg.input("n", kind="integer")
    count = np.array(0)
    bound = sg.compile([n], n, updates={n: n + 1}).bind(count)
    threads = [threading.Thread(target=lambda: bound.steps(500)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert count == 2000


# --- against torch -------------------------------------------------------------------------------


def test_adam_as_updates_follows_torch() -> None:
    reference = load("optimizers")
    given = reference["inputs"]
    p, m, s = sg.parameter("p", 5), sg.state("m", 5), sg.state("s", 5)
    t = sg.input("t", kind="integer")
    A, b, c = sg.input("A", (5, 5)), sg.input("b", 5), sg.input("c", 5)
    loss = p @ A @ p / 2 - b @ p + sg.sum(c * sg.cos(p))
    g = sg.grad(loss, p)
    new_m, new_s, now = 0.9 * m + 0.1 * g, 0.999 * s + 0.001 * g**2, t + 1
    step = (new_m / (1 - 0.9**now)) / (sg.sqrt(new_s / (1 - 0.999**now)) + 1e-8)
    updates = {p: p - 0.1 * step, m: new_m, s: new_s, t: now}
    f = sg.compile([p, m, s, t, A, b, c], loss, updates=updates)
    place = given["p"].copy()
    bound = f.bind(place, np.zeros(5), np.zeros(5), np.array(0), given["A"], given["b"], given["c"])
    path = []
    for _ in range(20):
        bound.step()
        path.append(place.copy())

    assert np.allclose(path, reference["values"]["adam"], rtol=1e-12, atol=1e-12)
    bound.steps(80)
    assert np.allclose(place, reference["values"]["adam_after_100"], rtol=1e-11, atol=1e-12)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_large_arrays_of_a_program_begin_on_lines_at_different_places_of_a_page(dtype: str) -> None:
    variables = [sg.state(f"s{k}", ("N", 64)) for k in range(8)]
    sums = [sg.sum(v) for v in variables]
    bound = sg.compile(variables, sums, dtype=dtype).bind(dims={"N": 8192})
    places = [array.ctypes.data % 4096 for array in bound.arrays.values()]

    assert all(place % 64 == 0 for place in places)
    assert len(set(places)) > 2
    assert bound.step() == [0] * 8
