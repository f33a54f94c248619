"""Loops written out."""

from __future__ import annotations

import numpy as np
import pytest
from numeric import evaluate, value

import symgraph as sg


def numbers(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng([seed, *shape]).normal(size=shape)


def has_loops(*nodes: sg.Node) -> bool:
    return any(node.find(lambda one: one.is_loop) for node in nodes)


def test_an_unrolled_loop_is_the_formula_a_person_writes() -> None:
    x, w = sg.input("x", 3), sg.parameter("w")
    run = sg.scan(lambda h, x: sg.tanh(w * h + x), sg.input("h0"), x)
    h = sg.input("h0")
    for t in range(3):
        h = sg.tanh(w * h + x[t])

    assert sg.unroll(run.final) is h


def test_names_inside_of_the_step_count_the_steps() -> None:
    x, w = sg.input("x", "T"), sg.parameter("w")
    run = sg.scan(lambda s, x: sg.let("s", sg.tanh(sg.let("net", w * s + x))), sg.input("s0"), x)

    assert str(sg.unroll(run.final, 2) * 1) == "s_2*1"
    assert [
        node.let_name for node in sorted(
            sg.unroll(run.final, 2).find(sg.Node.registry["Let"]), key=lambda one: one.serial
        )
    ] == ["net_1", "s_1", "net_2", "s_2"]  # fmt: skip


def test_values_and_gradients_stay_what_they_were() -> None:
    X, h0 = sg.input("X", ("T", 2, 3)), sg.input("h0", (2, 3))
    U = sg.parameter("U", (3, 3))
    below = sg.scan(lambda h, x: sg.tanh(x + h @ U), h0, X)
    above = sg.scan(lambda s, h: s * h + sg.sum(h), h0, below.states, reverse=True)
    loss = sg.mean(above.final**2) + sg.sum(above.states)
    roots = [loss, *sg.grad(loss, [h0, U]), sg.sum(sg.grad(loss, X))]
    flat = sg.unroll(roots, length=4)
    (fixed,) = (node for node in sg.Node.free_symbols.fget(flat[0]) if node.name == "X")
    at = {X: numbers(4, 2, 3), h0: numbers(2, 3), U: numbers(3, 3)}

    assert not has_loops(*flat)
    assert fixed.shape == (4, 2, 3)
    want = evaluate(roots, at)
    got = evaluate(flat, {**at, fixed: at[X]})
    for a, b in zip(got, want, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-12)


def test_loops_inside_of_loops_are_written_out_too() -> None:
    x, h0 = sg.input("x", 2), sg.input("h0")
    run = sg.scan(lambda h, x: sg.scan(lambda s: sg.sin(s * h + x), h, length=3).final, h0, x)
    flat = sg.unroll(run)
    at = {x: numbers(2), h0: 0.3}

    assert not has_loops(flat.final, flat.states)
    np.testing.assert_allclose(value(flat.states, at), value(run.states, at), rtol=1e-14)


def test_stacked_layers_read_one_another_without_a_detour() -> None:
    x = sg.input("x", 2)
    below = sg.scan(lambda h, x: sg.tanh(h + x), 0.0, x)
    above = sg.scan(lambda s, h: s * h, 1.0, below.states)

    assert not sg.unroll(above.final).has(sg.Node.registry["Concat"])


def test_no_steps_leave_the_start_and_an_empty_stack() -> None:
    x = sg.input("x", ("T", 2))
    run = sg.unroll(sg.scan(lambda h, x: h + x, sg.input("h0", 2), x), {"T": 0})

    assert run.final is sg.input("h0", 2)
    assert run.states.shape == (0, 2)


def test_dicts_tuples_and_lists_keep_their_form() -> None:
    run = sg.scan(lambda s: s * 2, sg.input("a"), length=2)
    found = sg.unroll({"a": (run.final, [run.final])})

    assert str(found["a"][0]) == "a*2*2"
    assert found["a"][1] == [found["a"][0]]


def test_an_open_length_must_be_given_and_be_one() -> None:
    x, y = sg.input("x", "T"), sg.input("y", "S")
    one = sg.scan(lambda h, x: h + x, 0.0, x).final
    both = one * sg.scan(lambda h, y: h + y, 0.0, y).final

    with pytest.raises(sg.UnknownNameError, match="the loop runs for T steps; say how many"):
        sg.unroll(one)
    with pytest.raises(sg.ShapeError, match="the open lengths are: S, T"):
        sg.unroll(both, 3)
    with pytest.raises(sg.KindError, match="whole number or a dict"):
        sg.unroll(one, 2.5)  # type: ignore[arg-type]  # the mistake under test
    assert str(sg.unroll(both, {"T": 1, "S": 1})) == "(0 + x[0])*(0 + y[0])"


def test_a_size_that_would_become_negative_is_refused() -> None:
    x = sg.input("x", "T")
    run = sg.scan(lambda h, x: h + x, 0.0, x[2:])

    with pytest.raises(sg.ShapeError, match="sizes are 0 or more"):
        sg.unroll(run.final, {"T": 1})
