"""Loops, slices, windows and lookups in emitted code, against the same written out in NumPy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import symgraph as sg
from symgraph.codegen.plan import Arena
from symgraph.errors import RangeError
from symgraph.ops.move import pull, push
from symgraph.ops.rows import Affine

pytestmark = pytest.mark.usefixtures("target")

STYLES = ["fast", "read"]
style_of = pytest.mark.parametrize("style", STYLES)
rng = np.random.default_rng(11)


def check(function: Any, args: list[Any], want: list[Any]) -> None:
    for _ in range(2):
        for got, one in zip(function(*args), want, strict=True):
            assert np.shape(got) == np.shape(one)
            assert np.allclose(got, one, rtol=1e-12, atol=1e-12)


# --- loops ---------------------------------------------------------------------------------------


def rnn_by_hand(X: Any, h: Any, W: Any, U: Any) -> tuple[Any, ...]:
    """States and the gradients of their sum of squares, by backpropagation through time."""
    states, h0 = [], h
    for x in X:
        h = np.tanh(x @ W + h @ U)
        states.append(h)
    H = np.array(states).reshape(len(X), *h0.shape)
    dX, dW, dU, dh = np.zeros_like(X), np.zeros_like(W), np.zeros_like(U), np.zeros_like(h0)
    for t in reversed(range(len(X))):
        d = (dh + 2 * H[t]) * (1 - H[t] ** 2)
        before = H[t - 1] if t else h0
        dW, dU, dX[t], dh = dW + X[t].T @ d, dU + before.T @ d, d @ W.T, d @ U.T
    return H, (H**2).sum(), dX, dh, dW, dU


@style_of
@pytest.mark.parametrize("steps", [0, 1, 7])
def test_a_recurrent_net_and_its_gradients(steps: int, style: Any) -> None:
    X, h0 = sg.input("X", ("T", 2, 3)), sg.input("h0", (2, 4))
    W, U = sg.parameter("W", (3, 4)), sg.parameter("U", (4, 4))
    H = sg.scan(lambda h, x: sg.tanh(x @ W + h @ U), h0, X).states
    loss = sg.sum(H**2)
    f = sg.compile([X, h0, W, U], [H, loss, *sg.grad(loss, [X, h0, W, U])], style=style)
    args = [rng.standard_normal(shape) for shape in ((steps, 2, 3), (2, 4), (3, 4), (4, 4))]

    check(f, args, list(rnn_by_hand(*args)))


@style_of
def test_states_may_change_places(style: Any) -> None:
    """Fibonacci numbers, a shift register of arrays, and a state that is only handed on."""
    start = sg.input("start", 2)
    run = sg.scan(lambda a, b, c: (b, a + b, a), (start, start, start), length=5)
    f = sg.compile(start, [*run.final, *run.before], style=style)
    a = b = c = np.array([1.0, 2.0])
    before = []
    for _ in range(5):
        before.append((a, b, c))
        a, b, c = b, a + b, a

    check(f, [[1.0, 2.0]], [a, b, c, *map(np.array, zip(*before, strict=True))])


@style_of
@pytest.mark.parametrize(
    "step",
    [
        lambda a, b: (np.tanh(2 * a), b + a),  # the new a is made before b reads the old one
        lambda a, b: (a + 1, a),
        lambda a, b: (np.sin(b), np.sin(a)),
        lambda a, b: (a * b, a[::-1]),
        lambda a, b: (a[::-1] + a, b),
    ],
)
def test_new_states_come_from_old_ones(step: Any, style: Any) -> None:
    """Only the last states are read, so they are carried in one place each."""
    a, b = sg.input("a", 3), sg.input("b", 3)
    f = sg.compile([a, b], list(sg.scan(step, (a, b), length=4).final), style=style)
    x, y = np.array([0.1, 0.2, 0.4]), np.array([1.0, 2.0, 3.0])
    args = [x, y]
    for _ in range(4):
        x, y = step(x, y)

    check(f, args, [x, y])


@style_of
@pytest.mark.parametrize("reverse", [False, True])
def test_single_numbers_run_through_time(reverse: bool, style: Any) -> None:
    x, s = sg.input("x", ("T",)), sg.input("s")
    run = sg.scan(lambda h, x: (h * 0.5 + x, h * x), s, x, reverse=reverse)
    slope = sg.grad(sg.sum(run.outputs) + run.final, [x, s])
    f = sg.compile([x, s], [run.final, run.states, run.before, run.outputs, *slope], style=style)
    for steps in (4, 0, 1):
        xs = rng.standard_normal(steps)
        want = scalar_loop(xs, 0.3, reverse)
        eps = 1e-6

        def total(xs: Any, s: float) -> float:
            last, _, _, out = scalar_loop(xs, s, reverse)
            return float(np.sum(out) + last)

        dx = [
            (total(xs + eps * e, 0.3) - total(xs - eps * e, 0.3)) / (2 * eps) for e in np.eye(steps)
        ]
        ds = (total(xs, 0.3 + eps) - total(xs, 0.3 - eps)) / (2 * eps)
        got = f(xs, 0.3)

        check(lambda *args, got=got: got[:4], [], list(want))
        assert np.allclose(got[4], dx, atol=1e-8)
        assert got[4].shape == (steps,)
        assert got[5] == pytest.approx(ds, abs=1e-8)


def scalar_loop(xs: Any, s: float, reverse: bool) -> tuple[Any, ...]:
    h, states, before, out = s, {}, {}, {}
    order = range(len(xs))
    for t in reversed(order) if reverse else order:
        before[t], out[t] = h, h * xs[t]
        h = h * 0.5 + xs[t]
        states[t] = h
    stacked = [np.array([d[t] for t in order], float) for d in (states, before, out)]
    return (h, *stacked)


@style_of
def test_loops_stand_in_loops(style: Any) -> None:
    """Rows of powers: the inner loop runs over the rows of what the outer one makes."""
    X, w = sg.input("X", ("T", "S")), sg.parameter("w")

    def outer(total: Any, row: Any) -> Any:
        inner = sg.scan(lambda h, x: sg.tanh(h * w + x), total, row)
        return inner.final, sg.sum(inner.states) * total

    run = sg.scan(outer, 0.5, X)
    loss = sg.sum(run.outputs) + run.final
    f = sg.compile([X, w], [loss, run.outputs, *sg.grad(loss, [X, w])], style=style)

    def by_hand(X: Any, w: float) -> tuple[float, Any]:
        total, out = 0.5, []
        for row in X:
            h, states = total, []
            for x in row:
                h = np.tanh(h * w + x)
                states.append(h)
            out.append(sum(states) * total)
            total = h
        return float(np.sum(out) + total), np.array(out)

    X0, eps = rng.standard_normal((3, 4)), 1e-6
    loss0, out0 = by_hand(X0, 0.7)
    got = f(X0, 0.7)
    slope = (by_hand(X0, 0.7 + eps)[0] - by_hand(X0, 0.7 - eps)[0]) / (2 * eps)
    bumps = [np.eye(12)[k].reshape(3, 4) * eps for k in range(12)]
    dX = [(by_hand(X0 + e, 0.7)[0] - by_hand(X0 - e, 0.7)[0]) / (2 * eps) for e in bumps]

    assert got[0] == pytest.approx(loss0, rel=1e-12)
    assert np.allclose(got[1], out0, rtol=1e-12)
    assert np.allclose(got[2].ravel(), dX, atol=1e-8)
    assert got[3] == pytest.approx(slope, abs=1e-8)


@style_of
def test_loops_of_arrays_stand_in_loops(style: Any) -> None:
    X, W = sg.input("X", ("T", 3, 2)), sg.parameter("W", (2, 2))

    def outer(h: Any, rows: Any) -> Any:
        return sg.scan(lambda g, row: sg.sin(g @ W + row), h, rows).final

    run = sg.scan(outer, np.ones(2), X)
    f = sg.compile([X, W], [run.states, sg.grad(sg.sum(run.states), W)], style=style)
    X0, W0, eps = rng.standard_normal((4, 3, 2)), rng.standard_normal((2, 2)), 1e-6

    def states(W: Any) -> Any:
        h, found = np.ones(2), []
        for rows in X0:
            for row in rows:
                h = np.sin(h @ W + row)
            found.append(h)
        return np.array(found)

    got = f(X0, W0)
    bumps = [np.eye(4)[k].reshape(2, 2) * eps for k in range(4)]
    slope = [(states(W0 + e).sum() - states(W0 - e).sum()) / (2 * eps) for e in bumps]

    assert np.allclose(got[0], states(W0), rtol=1e-12)
    assert np.allclose(got[1].ravel(), slope, atol=1e-8)


@style_of
def test_a_lookup_in_a_loop_is_checked_at_every_step(style: Any) -> None:
    E, ids = sg.parameter("E", (3, 2)), sg.input("ids", ("T",), kind="integer")
    run = sg.scan(lambda h, i: sg.tanh(h + E[i]), np.zeros(2), ids)
    f = sg.compile([E, ids], run.final, style=style)
    table, h = rng.standard_normal((3, 2)), np.zeros(2)
    for i in (2, 0, 2):
        h = np.tanh(h + table[i])

    assert np.allclose(f(table, [2, 0, 2]), h, rtol=1e-12)
    with pytest.raises(RangeError, match="index -1"):
        f(table, [2, -1, 0])
    assert f(table, []).tolist() == [0.0, 0.0]


def test_rows_are_written_where_they_stay() -> None:
    """The body of a recurrent net is three calls, none of which copies a state."""
    X, U = sg.input("X", ("T", 4)), sg.parameter("U", (4, 4))
    H = sg.scan(lambda h, x: sg.tanh(x + h @ U), np.zeros(4), X).states
    source = sg.compile([X, U], H, target="numpy").source
    loop = source[source.index("for ") :].split("np.array(")[0].splitlines()
    body = [line for line in source.splitlines() if line.startswith(" " * 16 + "")]

    assert loop
    assert sum(".dot(" in line for line in body) == 1
    assert sum("np_tanh(" in line for line in body) == 1
    assert sum("[...] =" in line for line in body) == 0


# --- slices and windows --------------------------------------------------------------------------


@style_of
@pytest.mark.parametrize(
    "key",
    [
        (slice(1, None),), (slice(None, None, -1),), (slice(-3, None), slice(None, None, 2)),
        (slice(4, 0, -2), 1), (-1,), (2, slice(None, None, -1)), (None, slice(1, 3), None, 0),
        (slice(3, 3),), (Ellipsis, 1), (slice(None), slice(5, None, -3)), (slice(0, 0, 2),),
        (slice(None), slice(0, 0, 3)), (slice(9, None, 2), slice(1, 1, -2)),
    ],
)  # fmt: skip
def test_a_slice_and_its_gradient(key: Any, style: Any) -> None:
    x = sg.input("x", (6, 4))
    f = sg.compile(x, [x[key], sg.grad(sg.sum(x[key] ** 2), x)], style=style)
    array = rng.standard_normal((6, 4))
    slope = np.zeros_like(array)
    slope[key] = 2 * array[key]

    check(f, [array], [array[key], slope])


@style_of
def test_slices_of_symbolic_axes(style: Any) -> None:
    x = sg.input("x", ("N",))
    outputs = [x[1:] - x[:-1], x[::-1], x[::2], x[-1], sg.pad(x, 2), sg.grad(sg.sum(x[1:] ** 2), x)]
    f = sg.compile(x, outputs, style=style)
    for n in (1, 2, 7):
        a = rng.standard_normal(n)
        slope = np.r_[0.0, 2 * a[1:]]
        want = [np.diff(a), a[::-1], a[::2], a[-1], np.pad(a, 2), slope]

        check(f, [a], want)


@style_of
@pytest.mark.parametrize("offset", [-3, 0, 2])
@pytest.mark.parametrize("step", [-2, 1, 3])
def test_reading_beyond_the_ends_gives_zeros(offset: int, step: int, style: Any) -> None:
    x = sg.input("x", (5,))
    rows = [Affine(offset, ((0, step), (1, 1)))]
    windows = pull(x, rows, (4, 3))
    back = push(windows, rows, (5,))
    f = sg.compile(x, [windows, back], style=style)
    a = rng.standard_normal(5)
    want, added = np.zeros((4, 3)), np.zeros(5)
    for i in range(4):
        for j in range(3):
            at = offset + step * i + j
            if 0 <= at < 5:
                want[i, j] = a[at]
                added[at] += a[at]

    check(f, [a], [want, added])


@style_of
@pytest.mark.parametrize(
    ("sizes", "rows"),
    [
        ((4,), [[0, (0, 1)], [0, (0, 1)]]),
        ((4,), [[-1, (0, 1)], [6, (0, -2)], [2, (0, 0)]]),
        ((3, 5), [[1, (0, 1), (1, 1)], [2, (1, -1)], [4, (0, -1)]]),
        ((5, 2), [[0, (0, 1)], [1, (0, 1), (1, 2)]]),
        ((2, 1, 3), [[5, (2, -2)], [0, (2, 1)], [0, (0, 3)]]),
        ((0,), [[0, (0, 1)], [0, (0, 1)]]),
        ((3, 2), []),
        ((2, 3), [[0, (0, 1), (1, 1)]]),
    ],
)
def test_entries_are_added_where_an_axis_moves_along_several(
    sizes: Any, rows: Any, style: Any
) -> None:
    """Diagonals, and lines that leave the target; what falls outside counts nowhere."""
    shape = (6, 7, 4)[: len(rows)]
    x = sg.input("x", sizes)
    moves = [Affine(at, tuple(step for step in steps if step[1])) for at, *steps in rows]
    f = sg.compile(x, [push(x, moves, shape)], style=style)
    a = rng.standard_normal(sizes)
    want = np.zeros(shape)
    for place in np.ndindex(*sizes):
        reached = tuple(at + sum(step * place[axis] for axis, step in steps) for at, *steps in rows)
        if all(0 <= k < size for k, size in zip(reached, shape, strict=True)):
            np.add.at(want, reached, a[place])

    check(f, [a], [want])


@style_of
def test_single_numbers_are_added_at_their_places(style: Any) -> None:
    x = sg.input("x", 3)
    f = sg.compile([x], [sg.grad(x[0] * x[2] * x[2], x)], style=style)

    check(f, [np.array([2.0, 3.0, 5.0])], [np.array([25.0, 0.0, 20.0])])


@style_of
def test_a_convolution_of_a_batch_of_any_size(style: Any) -> None:
    x, k = sg.input("x", ("N", 2, "H", 6)), sg.parameter("k", (3, 2, 3, 2))
    y = sg.conv2d(x, k, stride=(1, 2), padding=1)
    f = sg.compile([x, k], [y, *sg.grad(sg.sum(sg.sin(y)), [x, k])], style=style)
    kernel = rng.standard_normal((3, 2, 3, 2))
    for n, rows in ((2, 5), (1, 3), (3, 4)):
        a = rng.standard_normal((n, 2, rows, 6))
        p = np.pad(a, [(0, 0), (0, 0), (1, 1), (1, 1)])
        out = np.zeros((n, 3, rows, 4))
        for i in range(rows):
            for j in range(4):
                part = p[:, :, i : i + 3, 2 * j : 2 * j + 2]
                out[:, :, i, j] = np.einsum("ncuv,ocuv->no", part, kernel)
        slope, dp, dk = np.cos(out), np.zeros_like(p), np.zeros_like(kernel)
        for i in range(rows):
            for j in range(4):
                part = np.s_[:, :, i : i + 3, 2 * j : 2 * j + 2]
                dp[part] += np.einsum("no,ocuv->ncuv", slope[:, :, i, j], kernel)
                dk += np.einsum("no,ncuv->ocuv", slope[:, :, i, j], p[part])

        check(f, [a, kernel], [out, dp[:, :, 1:-1, 1:-1], dk])


# --- lookups -------------------------------------------------------------------------------------


@style_of
def test_repeated_rows_of_a_table_add_up_in_its_gradient(style: Any) -> None:
    E, ids = sg.parameter("E", (5, 3)), sg.input("ids", ("N", 2), kind="integer")
    rows = sg.take(E, ids)
    f = sg.compile([E, ids], [rows, sg.grad(sg.sum(rows**2), E)], style=style)
    table, index = rng.standard_normal((5, 3)), np.array([[4, 0], [4, 4], [1, 0]])
    slope = np.zeros_like(table)
    np.add.at(slope, index, 2 * table[index])

    check(f, [table, index], [table[index], slope])


@pytest.mark.parametrize(("rows", "count"), [(4, 3), (50, 60), (5000, 60)])
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_gradients_of_tables_of_any_size(rows: int, count: int, dtype: Any) -> None:
    E, ids = sg.parameter("E", (rows, 3, 4)), sg.input("ids", ("N",), kind="integer")
    W = sg.input("W", ("N", 3, 4))
    f = sg.compile([E, ids, W], sg.grad(sg.sum(sg.take(E, ids) * W), E), dtype=dtype)
    index = rng.integers(0, rows, count)
    weights, slope = rng.integers(-9, 9, (count, 3, 4)) / 2, np.zeros((rows, 3, 4))
    np.add.at(slope, index, weights)

    for _ in range(2):
        assert np.array_equal(f(np.zeros((rows, 3, 4)), index, weights), slope)
    assert not f(np.zeros((rows, 3, 4)), [], np.zeros((0, 3, 4))).any()


@style_of
def test_picks_and_their_gradient(style: Any) -> None:
    z, y = sg.input("z", ("N", 3)), sg.input("y", ("N",), kind="integer")
    picked = sg.pick(z, y)
    f = sg.compile([z, y], [picked, sg.grad(sg.sum(picked**2), z), sg.one_hot(y, 3)], style=style)
    a, index = rng.standard_normal((4, 3)), np.array([2, 0, 0, 1])
    chosen = a[np.arange(4), index]
    slope = np.zeros_like(a)
    slope[np.arange(4), index] = 2 * chosen

    check(f, [a, index], [chosen, slope, np.eye(3)[index]])


@style_of
def test_indices_that_are_computed_are_checked(style: Any) -> None:
    x, i = sg.input("x", ("N",)), sg.input("i", ("M",), kind="integer")
    f = sg.compile([x, i], sg.take(x, i + 1), style=style)

    assert f([1.0, 2.0, 3.0], [0, 1]).tolist() == [2.0, 3.0]
    with pytest.raises(RangeError, match=r"lookup: index 3 at position \(1,\) is outside 0\.\.2"):
        f([1.0, 2.0, 3.0], [0, 2])


@style_of
def test_an_index_computed_in_the_memory_of_another_is_another(style: Any) -> None:
    x, z = sg.input("x", ("N",)), sg.input("z", (3, 6))
    i = sg.input("i", (3,), kind="integer")
    first = i + 1
    second = first * 2
    outputs = [sg.take(x, first), sg.pick(z, first), sg.take(x, second), sg.pick(z, second)]
    f = sg.compile([x, z, i], outputs, style=style)
    a, table, index = rng.standard_normal(6), rng.standard_normal((3, 6)), np.array([0, 1, 0])
    rows = np.arange(3)
    want = [a[index + 1], table[rows, index + 1], a[2 * index + 2], table[rows, 2 * index + 2]]

    check(f, [a, table, index], want)
    with pytest.raises(RangeError, match="index 6"):
        f(a, table, [0, 2, 0])


# --- memory --------------------------------------------------------------------------------------


def test_a_slot_is_taken_again_when_it_is_free() -> None:
    arena = Arena()
    first = arena.take(100, "real")
    second = arena.take(100, "real")
    arena.give(first)

    assert arena.take(100, "real").slot == first.slot
    arena.give(second)
    assert arena.take(90, "real").slot == second.slot  # near in size
    assert arena.take(100, "integer").slot == 0  # of its own kind
    assert arena.slots["real"][second.slot] == [100, 90]


def test_a_small_value_does_not_hold_a_large_slot() -> None:
    arena = Arena()
    arena.give(arena.take(1000, "real"))

    assert arena.take(10, "real").slot == 1


def test_a_lasting_slot_is_never_shared() -> None:
    arena = Arena()
    arena.give(arena.take(10, "real"))

    assert arena.take(10, "real", lasting=True).slot == 1
