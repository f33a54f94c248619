"""Updates that are alike, done in one: values by hand, and how often each function is called."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

import symgraph as sg
from symgraph.walks import variables

SHAPES: list[tuple[int, ...]] = [(1,), (3,), (2, 3), (1, 1), (7, 5), (2, 1, 3), (13,)]


def arrays(shapes: Any, seed: int) -> list[Any]:
    rng = np.random.default_rng(seed)
    return [rng.standard_normal(shape) for shape in shapes]


@settings(max_examples=40, deadline=None)
@given(st.lists(st.sampled_from(SHAPES), min_size=1, max_size=5), st.integers(0, 2**32 - 1))
def test_adam_of_any_parameters_has_the_values_of_adam_by_hand(shapes: Any, seed: int) -> None:
    p = [sg.parameter(f"p{k}", shape) for k, shape in enumerate(shapes)]
    loss = sg.sum(p[0] ** 4)
    for k, one in enumerate(p[1:], 2):
        loss = loss + sg.sum(one**4) / k
    updates = sg.optim.Adam(0.1).updates(dict(zip(p, sg.grad(loss, p), strict=True)))
    f = sg.compile(variables([loss, *updates, *updates.values()]), loss, updates=updates)
    bound = f.bind(dims={})
    start = arrays(shapes, seed)
    for k, value in enumerate(start):
        bound.arrays[f"p{k}"][...] = value
    bound.arrays["η"][...] = 0.1
    bound.steps(3)
    for k, value in enumerate(start):
        m = v = np.zeros_like(value)
        x = value.copy()
        for t in (1, 2, 3):
            g = 4 * x**3 / (k + 1)
            m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g * g
            x = x - 0.1 * (m / (1 - 0.9**t)) / (np.sqrt(v / (1 - 0.999**t)) + 1e-8)
        assert np.allclose(bound.arrays[f"p{k}"], x, rtol=1e-10, atol=1e-12)


def test_alike_updates_call_every_function_once() -> None:
    p = [sg.parameter(f"p{k}", shape) for k, shape in enumerate(SHAPES)]
    g = [sg.input(f"g{k}", shape) for k, shape in enumerate(SHAPES)]
    updates = {one: sg.tanh(one - 0.5 * sg.sqrt(by * by + 1)) for one, by in zip(p, g, strict=True)}
    f = sg.compile([*p, *g], [], updates=updates)

    assert f.source.count("np_sqrt(") == f.source.count("np_tanh(") == 1
    start, by = arrays(SHAPES, 1), arrays(SHAPES, 2)
    given_arrays = [one.copy() for one in start]
    f(*given_arrays, *by)
    for new, old, slope in zip(given_arrays, start, by, strict=True):
        assert np.allclose(new, np.tanh(old - 0.5 * np.sqrt(slope * slope + 1)), rtol=1e-14)


def test_what_is_done_last_is_done_in_the_arrays_of_the_variables() -> None:
    p, g = (
        [sg.parameter(f"p{k}", 3 + k) for k in range(3)],
        [sg.input(f"g{k}", 3 + k) for k in range(3)],
    )
    f = sg.compile([*p, *g], [], updates={a: a - sg.exp(2 * b) for a, b in zip(p, g, strict=True)})
    start, by = arrays([3, 4, 5], 7), arrays([3, 4, 5], 8)
    new = [one.copy() for one in start]
    f(*new, *by)

    assert f.source.count("np_exp(") == 1
    assert "g1 = neighbours(p1, p2, p3)\n" in f.source
    assert "in zip(g1, u1_g2): np_subtract(g1_i, u1_i, out=g1_i)\n" in f.source
    for one, old, slope in zip(new, start, by, strict=True):
        assert np.allclose(one, old - np.exp(2 * slope), rtol=1e-14)


def test_gradients_and_scaled_moments_are_computed_where_they_are_joined() -> None:
    x, W, b = sg.input("x", ("N", 5)), sg.parameter("W", (5, 3)), sg.parameter("b", 3)
    V, loss = sg.parameter("V", (3, 2)), sg.sum(sg.sin((x @ W + b) @ sg.parameter("V", (3, 2))))
    slopes = sg.grad(loss, [W, b, V])
    updates, start = dict[Any, Any](), dict[str, Any]()
    for one, slope in zip((W, b, V), slopes, strict=True):
        old = sg.state(f"m_{one.name}", one.shape)
        updates[old] = 0.9 * old + slope
        updates[one] = one - 0.1 * updates[old]
    f = sg.compile(variables([loss, *updates.values()]), loss, updates=updates)
    bound = f.bind(dims={"N": 4})
    for k, (name, array) in enumerate(bound.arrays.items()):
        array[...] = start[name] = arrays([array.shape], k)[0]

    bound.steps(2)

    text = f.source.split("# --- backward")[1].split("return run")[0]
    assert "[...] = s" not in text  # no moment is copied first
    assert "[...] = d" not in text.split("# --- update")[0]  # and no gradient
    data, old = start["x"], dict(start)
    for _ in range(2):
        h = data @ old["W"] + old["b"]
        up = np.cos(h @ old["V"])
        down = up @ old["V"].T
        for name, slope in (("W", data.T @ down), ("b", down.sum(0)), ("V", h.T @ up)):
            old[f"m_{name}"] = 0.9 * old[f"m_{name}"] + slope
            old[name] = old[name] - 0.1 * old[f"m_{name}"]
    for name in ("W", "b", "V", "m_W", "m_b", "m_V"):
        np.testing.assert_allclose(bound.arrays[name], old[name], rtol=1e-12)


def test_updates_that_differ_stay_apart() -> None:
    a, b = sg.parameter("a", 3), sg.parameter("b", 5)
    c, d = sg.parameter("c", 3), sg.parameter("d", 5)
    updates = {a: sg.tanh(a) - c, b: sg.tanh(b) - 2 * d, c: sg.exp(c - a), d: sg.exp(d - d * b)}
    f = sg.compile([a, b, c, d], [], updates=updates)

    assert f.source.count("np_tanh(") == f.source.count("np_exp(") == 2
    va, vb, vc, vd = arrays([3, 5, 3, 5], 3)
    new = [one.copy() for one in (va, vb, vc, vd)]
    f(*new)
    want = [np.tanh(va) - vc, np.tanh(vb) - 2 * vd, np.exp(vc - va), np.exp(vd - vd * vb)]
    assert all(np.allclose(one, other, rtol=1e-14) for one, other in zip(new, want, strict=True))


def test_variables_that_exchange_their_values_are_read_before_they_are_written() -> None:
    a, b, c, d = (sg.parameter(name, 3 + k // 2) for k, name in enumerate("abcd"))
    updates = {a: b + 1, b: a + 1, c: d + 1, d: c + 1}
    f = sg.compile([a, b, c, d], [], updates=updates)
    start = arrays([3, 3, 4, 4], 4)
    new = [one.copy() for one in start]
    f(*new)

    want = [start[1] + 1, start[0] + 1, start[3] + 1, start[2] + 1]
    assert all(np.array_equal(one, other) for one, other in zip(new, want, strict=True))


@pytest.mark.parametrize("spread", [(1, 4), (3, 1)])
def test_a_row_that_is_spread_over_an_update_keeps_it_apart(spread: tuple[int, int]) -> None:
    p, q = sg.parameter("p", (3, 4)), sg.parameter("q", (3, 4))
    r, s = sg.input("r", spread), sg.input("s", spread)
    f = sg.compile([p, q, r, s], [], updates={p: sg.exp(p) * r, q: sg.exp(q) * s})
    vp, vq, vr, vs = arrays([(3, 4), (3, 4), spread, spread], 5)
    new = [vp.copy(), vq.copy()]
    f(*new, vr, vs)

    assert np.allclose(new[0], np.exp(vp) * vr, rtol=1e-14)
    assert np.allclose(new[1], np.exp(vq) * vs, rtol=1e-14)


def test_the_text_does_not_depend_on_which_parameter_was_made_first() -> None:
    def source(order: list[int]) -> str:
        p: dict[int, Any] = {k: sg.parameter(f"p{k}_{order[0]}", 2 + k) for k in order}
        squares = {k: sg.sqrt(p[k] * p[k] + 3) for k in order}
        args = [p[k] for k in sorted(p)]
        f = sg.compile(args, [], updates={p[k]: squares[k] for k in sorted(p)})
        return str(f.source).replace(f"_{order[0]}", "")

    assert source([0, 1, 2]) == source([2, 0, 1])


def test_a_value_that_is_also_returned_is_right() -> None:
    a, b = sg.parameter("a", 3), sg.parameter("b", 4)
    na, nb = sg.tanh(a * 2), sg.tanh(b * 2)
    f = sg.compile([a, b], [na, sg.sum(nb)], updates={a: na, b: nb})
    va, vb = arrays([3, 4], 6)
    first, total = f(va.copy(), vb.copy())

    assert np.allclose(first, np.tanh(2 * va), rtol=1e-14)
    assert np.isclose(total, np.tanh(2 * vb).sum(), rtol=1e-14)


@pytest.mark.parametrize("rows", [0, 1, 7, 3000])
def test_relu_of_any_size_keeps_nan_and_signs(rows: int) -> None:
    x = sg.input("x", ("N", 40))
    f = sg.compile([x], [sg.relu(x * 2), sg.minimum(x + 1, 0.5)])
    value = np.random.default_rng(rows).standard_normal((rows, 40))
    if rows:
        value[0, 0] = np.nan
    got = f(value)

    assert np.array_equal(got[0], np.maximum(2 * value, 0), equal_nan=True)
    assert np.array_equal(got[1], np.minimum(value + 1, 0.5), equal_nan=True)


def test_numbers_are_multiplied_with_each_other_before_an_array() -> None:
    p, g = sg.parameter("p", (40, 50)), sg.input("g", (40, 50))
    rate, decay = sg.state("rate"), sg.state("decay")
    updates = {p: p - rate * (2 * g / (1 - decay))}
    f = sg.compile([p, g, rate, decay], sg.sum(g), updates=updates)
    run = f.source.split("def run():")[1]
    assert run.count("np_multiply(") == 1
    assert "np_divide(" not in run
    before, given = np.full((40, 50), 3.0), np.linspace(-1, 1, 2000).reshape(40, 50)
    after = before.copy()
    f(after, given, np.array(0.5), np.array(0.2))
    np.testing.assert_allclose(after, before - 0.5 * (2 * given / 0.8), 1e-14)


def test_what_is_returned_or_read_twice_is_scaled_as_it_is_written() -> None:
    p, rate = sg.parameter("p", (4, 5)), sg.state("rate")
    half = p / rate
    f = sg.compile([p, rate], half, updates={p: p - rate * half})
    start = np.linspace(1, 2, 20).reshape(4, 5)
    found = start.copy()
    np.testing.assert_array_equal(f(found, np.array(3.0)), start / 3)
    np.testing.assert_allclose(found, start - 3 * (start / 3), 1e-15, 1e-15)

    twice = p / rate
    g = sg.compile([p, rate], rate, updates={p: 2 * twice + sg.tanh(3 * twice)})
    found = start.copy()
    g(found, np.array(3.0))
    np.testing.assert_allclose(found, 2 * start / 3 + np.tanh(start), 1e-14)


def test_a_number_of_zero_divides_as_it_does_in_numpy() -> None:
    p, by = sg.parameter("p", (3,)), sg.state("by")
    f = sg.compile([p, by], by, updates={p: p / by})
    found = np.array([1.0, -2.0, 0.0])
    f(found, np.array(0.0))
    np.testing.assert_array_equal(found, [np.inf, -np.inf, np.nan])
