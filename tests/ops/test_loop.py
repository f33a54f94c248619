"""The loop itself: against SymPy's formulas, over a new axis, and what it refuses."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import numpy as np
import pytest
import sympy
from numeric import check_derivatives, evaluate, value

import symgraph as sg
from symgraph.node import Node
from symgraph.ops.body import local
from symgraph.ops.evaluate import entries
from symgraph.ops.leaves import var
from symgraph.ops.loop import Scan, final, make_scan, trace


def numbers(*shape: int) -> np.ndarray:
    return np.random.default_rng(list(shape)).normal(size=shape) * 0.7


def symbols_of(*nodes: Node) -> dict[Node, Any]:
    """An array of fresh real symbols for each node."""
    return {
        node: np.array(
            [sympy.Symbol(f"{node}{i}", real=True) for i in np.ndindex(*node.shape)], dtype=object
        ).reshape(node.shape)
        for node in nodes
    }


@pytest.mark.parametrize("backwards", [False, True])
def test_gradients_of_a_loop_are_sympys_of_its_formulas(backwards: bool) -> None:
    x, h0, w = sg.input("x", 3), sg.input("h", 2), sg.input("w", (2, 2))
    run = sg.scan(lambda h, x: sg.sin(w @ h + x), h0, x, reverse=backwards)
    loss = sg.sum(run.final) + sg.sum(run.before**2)
    places = symbols_of(x, h0, w)
    table = entries([loss], places)[loss]
    formula = table.item()
    at = {x: numbers(3), h0: numbers(2), w: numbers(2, 2)}
    point = {
        symbol: number
        for node, table in places.items()
        for symbol, number in zip(table.flat, at[node].flat, strict=True)
    }

    np.testing.assert_allclose(float(formula.subs(point)), value(loss, at), rtol=1e-12)
    for node, gradient in zip((x, h0, w), sg.grad(loss, [x, h0, w]), strict=True):
        want = [float(formula.diff(symbol).subs(point)) for symbol in places[node].flat]
        np.testing.assert_allclose(value(gradient, at).ravel(), want, rtol=1e-11)


def test_the_formulas_of_a_loop_inside_of_a_loop_are_those_of_both_written_out() -> None:
    x, w = sg.input("x", 2), sg.input("w")
    outer = sg.scan(lambda h, x: sg.scan(lambda s: s * w + x, h, length=2).final, 1, x).final
    first, second, weight = sympy.symbols("a b c", real=True)
    table = entries([outer], {x: [first, second], w: weight})[outer]
    inner = (weight + first) * weight + first

    assert sympy.expand(table.item() - ((inner * weight + second) * weight + second)) == 0


def test_formulas_of_an_empty_loop_are_the_start_and_nothing() -> None:
    run = sg.scan(lambda h: 2 * h, sg.input("h"), length=0)
    found = entries([run.final, run.states], {sg.input("h"): sympy.Symbol("a")})

    assert found[run.final].item() == sympy.Symbol("a")
    assert found[run.states].shape == (0,)


def test_the_jacobian_of_all_states_runs_one_loop_for_all_of_them() -> None:
    x, h0, u = sg.input("x", ("T", 2)), sg.input("h", 2), sg.parameter("u", (2, 2))
    states = sg.scan(lambda h, x: sg.tanh(u @ h + x), h0, x).states
    at = {x: numbers(3, 2), h0: numbers(2), u: numbers(2, 2)}
    found = sg.jacobian(states, u)
    step = 1e-6
    for place in np.ndindex(2, 2):
        moved = [{**at, u: at[u] + sign * step * unit(place)} for sign in (1, -1)]
        up, down = (value(states, one) for one in moved)
        slope = (up - down) / (2 * step)
        np.testing.assert_allclose(value(found, at)[(..., *place)], slope, atol=1e-8)

    assert len(found.find(Scan)) == 2


def unit(place: tuple[int, ...]) -> np.ndarray:
    matrix = np.zeros((2, 2))
    matrix[place] = 1
    return matrix


def test_a_hessian_through_a_loop_agrees_with_differences_of_gradients() -> None:
    x, w = sg.input("x", "T"), sg.parameter("w", 2)
    h = sg.scan(lambda h, x: sg.tanh(w[0] * h + w[1] * x), 0.1, x).final
    at = {x: numbers(5), w: np.array([0.7, -0.4])}
    hessian, gradient = sg.hessian(h, w), sg.grad(h, w)
    step = 1e-6
    for k in range(2):
        shift = step * np.eye(2)[k]
        up, down = (value(gradient, {**at, w: at[w] + sign * shift}) for sign in (1, -1))
        np.testing.assert_allclose(value(hessian, at)[k], (up - down) / (2 * step), atol=1e-8)


def test_a_gradient_by_a_trace_is_what_is_outside_of_the_loop() -> None:
    x = sg.input("x", "T")
    states = sg.scan(lambda h, x: h + x, 0.0, x).states

    at = {x: np.array([1.0, 2.0])}
    assert value(sg.grad(sg.sum(states**2), states), at).tolist() == [2, 6]


def test_a_deep_body_is_differentiated_without_recursion() -> None:
    x, w = sg.input("x", "T"), sg.parameter("w")

    def step(h: Node, x: Node) -> Node:
        for _ in range(500):
            h = sg.sin(w * h + x)
        return h

    run = sg.scan(step, 0.3, x)
    check_derivatives(run.final, {x: numbers(2), w: 0.9}, [x, w], second=False)


def test_a_loop_may_have_no_states() -> None:
    x = local(sg.input("x", 3), "x", 1)
    w = local(sg.input("w"), "w")
    scan, rename = make_scan([], [(x, sg.input("x", 3))], [(w, sg.input("w"))], [], 3, False)
    squares = trace(scan, rename(sg.square(x) * sg.square(w)))
    at = {sg.input("x", 3): np.arange(3.0), sg.input("w"): 2.0}

    assert value(squares, at).tolist() == [0, 4, 16]
    assert not squares.find(Scan)
    assert value(sg.grad(sg.sum(squares), sg.input("w")), at) == 20
    assert value(trace(scan, rename(sg.square(w))), at).tolist() == [4, 4, 4]


def test_what_does_not_fit_the_body_is_refused() -> None:
    h, x = var("h", (2,), "local"), var("x", (2,), "local")
    start, series = sg.input("start", 3), sg.input("series", (4, 2))
    with pytest.raises(sg.ShapeError, match=r"state 'h' has shape \(3,\), the loop needs \(2,\)"):
        make_scan([(h, start)], [(x, series)], [], [h + x], 4, False)
    with pytest.raises(sg.ShapeError, match=r"sequence 'x' has shape \(4, 2\), .* needs \(5, 2\)"):
        make_scan([(h, sg.input("h", 2))], [(x, series)], [], [h + x], 5, False)
    with pytest.raises(sg.ShapeError, match=r"starts with shape \(2,\) and continues with \(\)"):
        make_scan([(h, sg.input("h", 2))], [(x, series)], [], [sg.sum(h)], 4, False)
    with pytest.raises(sg.UnsupportedError, match="uses w without being given it"):
        make_scan([(h, sg.input("h", 2))], [], [], [h * sg.input("w")], 4, False)


def test_states_may_change_places() -> None:
    a, b = sg.input("a"), sg.input("b")
    first, second = sg.scan(lambda p, q: (q, p), (a, b), length=3).final
    at = {a: 1.0, b: 2.0}

    assert [value(first, at), value(second, at)] == [2, 1]
    assert evaluate(sg.grad(first * 10 + second, [a, b]), at) == [1, 10]


def test_an_integer_state_beside_a_real_one_stays_integer() -> None:
    x = sg.input("x", "T")
    run = sg.scan(lambda s, n, x: (s + x * n, n + 1), (0.0, 0), x)
    at = {x: np.ones(4)}

    assert value(run.final[1], at).dtype.kind == "i"
    assert value(sg.grad(run.final[0], x), at).tolist() == [0, 1, 2, 3]


def test_traces_of_booleans_and_integers_keep_their_kind() -> None:
    x = sg.input("x", ("T", 2))
    run = sg.scan(lambda s, x: (s + x, (s > 0, sg.argmax(x), (s > 0).T)), sg.zeros(2), x)

    assert [node.kind for node in run.outputs] == ["boolean", "integer", "boolean"]
    assert final(run.loop, 0) is run.final


def test_the_same_program_builds_the_same_graph_in_every_process() -> None:
    program = """
import symgraph as sg
from symgraph.walks import topological

x, h0, c0 = sg.input("x", ("T", 3)), sg.input("h", 3), sg.input("c", 3)
weights = [sg.parameter(f"w{k}", (3, 3)) for k in range(6)]

def step(h, c, x):
    a, b, d, e, f, g = (sg.tanh(w @ h + x) for w in weights)
    inner = sg.scan(lambda s: s * a + weights[0] @ s, c, length=2).final
    return a * b + d, inner * e + f * g

run = sg.scan(step, (h0, c0), x)
products = sg.hvp(sg.sum(run.final[0] * run.final[1]), weights, weights)
place = {node: k for k, node in enumerate(topological(products))}
print([(type(node).__name__, [place[arg] for arg in node.args]) for node in place])
"""
    command = [sys.executable, "-W", "error", "-c", program]
    texts = {
        subprocess.run(command, capture_output=True, text=True, check=True).stdout for _ in range(3)
    }

    assert len(texts) == 1
    assert "Scan" in texts.pop()
