"""Groups of native code: steps that share a loop, sums in it, updates in place, names."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest
from c_compiler import needs_c_compiler
from hypothesis import given, settings, strategies as st

import symgraph as sg

pytestmark = needs_c_compiler

SIZES = [0, 1, 2, 3, 7, 13, 33]


def native(args: Any, outputs: Any, **options: Any) -> Any:
    return sg.compile(args, outputs, target="cython", **options)


def heads(source: str) -> list[str]:
    """The sizes of all loops of the program, in order."""
    body = source[source.index("static i64 step_1(") : source.index("i64 step_plan(")]
    body = body.split("static i64 sg_place")[0]
    return re.findall(r"for \(i64 i\d+ = 0; i\d+ < ([^;]+);", body)


# --- loops ---------------------------------------------------------------------------------------


def test_steps_of_one_shape_share_a_loop_wherever_they_stand() -> None:
    x, y = sg.input("x", "A"), sg.input("y", "B")
    a, b = sg.tanh(x), sg.exp(y)
    f = native([x, y], [a * 2, b + 1, a + x, b * b])

    assert heads(f.source) == ["n1", "n2"]
    u, v = np.linspace(-1, 1, 35), np.linspace(0, 1, 22)
    got = f(u, v)
    want = [2 * np.tanh(u), np.exp(v) + 1, np.tanh(u) + u, np.exp(2 * v)]
    assert all(np.allclose(one, other, rtol=1e-13) for one, other in zip(got, want, strict=True))


def test_a_sum_is_taken_in_the_loop_that_computes_what_it_is_of() -> None:
    x = sg.input("x", ("A", 7))
    y = sg.tanh(x)
    f = native(x, [y, sg.sum(y, axis=1), sg.sum(y), sg.max(y, axis=1)])
    value = np.linspace(-2, 2, 35).reshape(5, 7)
    got = f(value)

    assert heads(f.source).count("7") == 1
    assert np.allclose(got[1], np.tanh(value).sum(axis=1), rtol=1e-13)
    assert np.allclose(got[2], np.tanh(value).sum(), rtol=1e-13)
    assert np.array_equal(got[3], got[0].max(axis=1))


_ROWS: dict[Any, Any] = {}


@settings(max_examples=80)
@given(
    st.integers(1, 17), st.sampled_from([0, 1, 7, 8, 33, 100]),
    st.sampled_from(["float32", "float64"]), st.sampled_from([None, np.nan, np.inf, -np.inf]),
    st.integers(0, 2**32 - 1),
)  # fmt: skip
def test_sums_and_maxima_of_short_rows(
    width: int, rows: int, dtype: str, odd: float | None, seed: int
) -> None:
    f = _ROWS.get((width, dtype))
    if f is None:
        x, b = sg.input("x", ("N", width)), sg.input("b", width)
        y = x + b
        found = [y, sg.max(y, axis=1), sg.sum(y * y, axis=1), sg.sum(sg.exp(-y * y), axis=1)]
        f = _ROWS[width, dtype] = native([x, b], found, dtype=dtype)
    rng = np.random.default_rng(seed)
    value, more = rng.standard_normal((rows, width)).astype(dtype), rng.standard_normal(width)
    if odd is not None and rows:
        value.flat[seed % value.size] = odd
    y, largest, squares, bells = f(value, more.astype(dtype))
    want = value + more.astype(dtype)

    assert np.array_equal(y, want, equal_nan=True)
    assert np.array_equal(largest, want.max(axis=1), equal_nan=True)
    near = 1e-5 if dtype == "float32" else 1e-13
    assert np.allclose(squares, (want * want).sum(axis=1), rtol=near, equal_nan=True)
    assert np.allclose(bells, np.exp(-want * want).sum(axis=1), rtol=near, equal_nan=True)


_REDUCED = {
    axes: native(
        [x := sg.input("x", ("A", "B", "C"))],
        [sg.sum(y := 2 * x + 1, axis=axes), y, sg.max(y, axis=axes)],
    )
    for axes in [0, 1, 2, (0, 1), (0, 2), (1, 2), (0, 1, 2)]
}


@settings(max_examples=60)
@given(
    st.sampled_from(list(_REDUCED)), st.tuples(*[st.sampled_from(SIZES[1:])] * 3), st.booleans(),
    st.integers(0, 2**32 - 1),
)  # fmt: skip
def test_sums_and_maxima_over_any_axes_of_any_size(
    axes: Any, shape: tuple[int, ...], wrong: bool, seed: int
) -> None:
    value = np.random.default_rng(seed).standard_normal(shape)
    if wrong:
        value.flat[value.size // 2] = np.nan
    total, y, largest = _REDUCED[axes](value)

    assert np.allclose(
        total, (2 * value + 1).sum(axis=axes), equal_nan=True, rtol=1e-11, atol=1e-11
    )
    assert np.array_equal(y, 2 * value + 1, equal_nan=True)
    assert np.array_equal(largest, (2 * value + 1).max(axis=axes), equal_nan=True)


@pytest.mark.parametrize("shape", [(0, 3, 2), (3, 0, 2), (2, 3, 0)])
def test_sums_over_empty_axes_are_zero(shape: tuple[int, ...]) -> None:
    for sizes in (("A", "B", "C"), shape):
        x = sg.input("x", sizes)
        f = native(x, [sg.sum(2 * x + 1, axis=k) for k in range(3)])

        for k, got in enumerate(f(np.zeros(shape))):
            assert np.array_equal(got, np.zeros(shape).sum(axis=k))


def test_neighbouring_axes_that_are_summed_share_a_loop() -> None:
    x = sg.input("x", ("A", "B", "C"))
    f = native(x, [sg.sum(sg.exp(x), axis=axes) for axes in (None, (1, 2), (0, 2))])

    assert [f.source.count(f"; i{k}++)") for k in range(3)] == [3, 2, 1]


# --- softmax -------------------------------------------------------------------------------------

_INF = np.inf
ROWS = [
    [0.0, 0.0, 0.0], [1000.0, 1000.0, -1000.0], [-1e308, 1e308, 0.0], [_INF, 0.0, 1.0],
    [-_INF, -_INF, -_INF], [np.nan, 1.0, 2.0], [0.0, -40.0, -40.0], [5.0, -_INF, 3.0],
]  # fmt: skip


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_log_sum_exp_and_its_gradient_at_extreme_points_are_those_of_numpy(dtype: Any) -> None:
    x = sg.input("x", ("N", 3))
    value = sg.logsumexp(x, axis=1)
    outputs = [value, sg.grad(sg.sum(value), [x])[0]]
    with np.errstate(over="ignore"):
        rows = np.array(ROWS).astype(dtype)
    got = native([x], outputs, dtype=dtype)(rows)
    want = sg.compile([x], outputs, dtype=dtype)(rows)
    tolerance = 1e-13 if dtype == "float64" else 1e-6

    for one, other in zip(got, want, strict=True):
        assert np.allclose(one, other, rtol=tolerance, atol=0, equal_nan=True)


# --- loops over time -----------------------------------------------------------------------------


def test_a_sigmoid_and_its_slope_in_the_backward_loop_cost_one_exponential() -> None:
    X, U = sg.input("X", ("T", 4)), sg.parameter("U", (4, 4))
    loss = sg.sum(sg.scan(lambda h, x: sg.sigmoid(x + h @ U), np.zeros(4), X).final)
    outputs = [loss, *sg.grad(loss, [U])]
    f = native([X, U], outputs)
    values = np.linspace(-3, 3, 24).reshape(6, 4), np.linspace(-1, 1, 16).reshape(4, 4)

    assert f.source.count(" = sg_exp_down(") == 1
    for one, other in zip(f(*values), sg.compile([X, U], outputs)(*values), strict=True):
        assert np.allclose(one, other, rtol=1e-12)


def test_the_cotangents_of_slices_are_put_behind_each_other() -> None:
    X, W = sg.input("X", ("N", 6)), sg.parameter("W", (6, 6))
    y = X @ W
    z = y * y
    loss = sg.sum(sg.tanh(y[:, :2]) * z[:, 4:]) + sg.sum(sg.exp(y[:, 2:4]) * z[:, :2])
    outputs = [loss, *sg.grad(loss, [W])]
    f = native([X, W], outputs)
    values = np.linspace(-1, 1, 18).reshape(3, 6), np.linspace(-1, 1, 36).reshape(6, 6)

    for one, other in zip(f(*values), sg.compile([X, W], outputs)(*values), strict=True):
        assert np.allclose(one, other, rtol=1e-12)


# --- updates -------------------------------------------------------------------------------------

P, Q, R = sg.parameter("p", 5), sg.parameter("q", 5), sg.parameter("r", (5, 5))
UPDATES: dict[str, dict[Any, Any]] = {
    "an exchange": {P: Q, Q: P},
    "a rotation": {P: P + Q, Q: P - Q},
    "a sum of the old value": {P: P - sg.sum(P), Q: Q * sg.sum(P * Q)},
    "a transposed reader": {R: R + R.T, P: sg.sum(R, axis=0)},
    "a product with itself": {R: R - R @ R, Q: R @ Q},
    "a row of another": {P: R[2] + P, R: 2 * R},
    "one value twice": {P: 3 * P + Q, Q: 3 * P + Q},
    "a reversed reader": {P: P[::-1] * 2, Q: P + Q},
}


@pytest.mark.parametrize("title", UPDATES)
def test_new_values_are_made_of_the_old_ones_only(title: str) -> None:
    updates = UPDATES[title]
    arrays = {
        "p": np.arange(5.0), "q": np.linspace(1, 2, 5), "r": np.linspace(-1, 1, 25).reshape(5, 5)
    }  # fmt: skip
    old = [array.copy() for array in arrays.values()]
    output = sg.sum(P) + sg.sum(R)
    want = sg.compile([P, Q, R], [output, *updates.values()])(*old)
    got = native([P, Q, R], output, updates=updates)(*arrays.values())

    assert np.isclose(got, want[0])
    for variable, value in zip(updates, want[1:], strict=True):
        assert np.allclose(arrays[variable.params[0]], value, rtol=1e-13)


def test_nothing_is_written_where_an_index_is_refused() -> None:
    table, index = sg.parameter("table", (4, 2)), sg.input("i", 3, kind="integer")
    w = sg.parameter("w", 2)
    loss = sg.sum(table[index] * w)
    updates = {v: v - g for v, g in zip([table, w], sg.grad(loss, [table, w]), strict=True)}
    f = native([table, index, w], loss, updates=updates)
    arrays = np.ones((4, 2)), np.array([0, 4, 1]), np.ones(2)
    with pytest.raises(sg.RangeError, match="index 4 at position"):
        f(*arrays)

    assert (arrays[0] == 1).all()
    assert (arrays[2] == 1).all()


def recurrent_step(target: str) -> Any:
    """A step of Adagrad: a table that is looked up, a matrix that a loop over time reads."""
    table, W = sg.parameter("E", (7, 3)), sg.parameter("W", (3, 3))
    x, y = sg.input("x", (5, "N"), kind="integer"), sg.input("y", (5, "N"), kind="integer")
    h = sg.scan(lambda s, e: sg.tanh(s @ W + e), sg.zeros((x.shape[1], 3)), table[x])
    loss = sg.cross_entropy(h.states, y)
    gradients = dict(zip([table, W], sg.grad(loss, [table, W]), strict=True))
    updates = sg.optim.Adagrad(0.1).updates(gradients)
    args = [table, W, x, y, *(v for v in updates if v not in (table, W))]
    rate = [v for v in sg.node.variables([*updates.values()]) if v.name == "η"]
    return sg.compile([*args, *rate], loss, updates=updates, target=target), len(args) - 4


def recurrent_arrays(states: int) -> list[Any]:
    draw = np.random.default_rng(5)
    moments = [np.full(shape, 0.1) for shape in [(7, 3), (3, 3)][:states]]
    x, y = draw.integers(0, 7, (5, 2)), draw.integers(0, 3, (5, 2))
    return [draw.normal(size=(7, 3)), draw.normal(size=(3, 3)), x, y, *moments, np.array(0.1)]


def test_new_values_of_what_a_loop_reads_go_right_into_their_arrays() -> None:
    (f, states), (plain, _) = recurrent_step("cython"), recurrent_step("numpy")
    ours, theirs = recurrent_arrays(states), recurrent_arrays(states)
    losses = [[g(*arrays) for _ in range(3)] for g, arrays in [(f, ours), (plain, theirs)]]

    assert not re.search(r"p2\[[^]]*\] = u\d+", f.source)
    assert np.allclose(*losses, rtol=1e-12)
    for one, other in zip(ours, theirs, strict=True):
        assert np.allclose(one, other, rtol=1e-11)


@pytest.mark.parametrize("argument", [2, 3])
def test_no_index_is_refused_after_something_was_written(argument: int) -> None:
    f, states = recurrent_step("cython")
    arrays, kept = recurrent_arrays(states), recurrent_arrays(states)
    for array in (arrays[argument], kept[argument]):
        array[4, 1] = 7
    with pytest.raises(sg.RangeError, match="index 7"):
        f(*arrays)

    for array, old in zip(arrays, kept, strict=True):
        assert (array == old).all()


# --- names ---------------------------------------------------------------------------------------

HOSTILE = [
    "*/ #error", "\\", "x\\", "??/", "/*", '"', "%s%n", "{0}", "ü→π", "*\\/ }",
    "int", "h1", "\u2028#error", "*/", "**//", "a\tb",
]  # fmt: skip


def test_names_of_users_are_inert() -> None:
    variables = [sg.input(name, 2) for name in HOSTILE]
    total = sg.let("*/ }", sum(k * sg.tanh(v) for k, v in enumerate(variables)))
    f = native(variables, dict.fromkeys(HOSTILE[:2], total))
    values = [np.array([k, -k / 3]) for k in range(len(HOSTILE))]
    want = sum(k * np.tanh(value) for k, value in enumerate(values))

    assert np.allclose(f(*values)[HOSTILE[0]], want, rtol=1e-13)
    assert "#error" not in re.sub(r"/\*.*?\*/", "", f.source, flags=re.S)


def test_renaming_changes_no_token() -> None:
    def source(first: str, second: str) -> str:
        x, w = sg.input(first, ("N", 3)), sg.parameter(second, 3)
        f = native([x, w], sg.sum(sg.tanh(x @ w)))
        return re.sub(r"/\*.*?\*/", "", f.source, flags=re.S)

    assert source("x", "w") == source("*/ \\", "π??/")
