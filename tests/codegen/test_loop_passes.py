"""Passes for targets that write loops: each changes what is computed where, and no value."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest

import symgraph as sg
from symgraph.codegen.basic import op_of
from symgraph.codegen.exponentials import one_exponential, reuse_across_loops
from symgraph.codegen.hoist import hoist_loops
from symgraph.codegen.lowering import lower_all
from symgraph.codegen.passes import Rewritten, everything, lower_maps, normalise_sums, strip_lets
from symgraph.codegen.slices import join_slices
from symgraph.codegen.traces import trace_whole
from symgraph.node import Node
from symgraph.ops.einsum import Einsum
from symgraph.ops.evaluate import evaluate_nodes
from symgraph.ops.loop import Trace
from symgraph.ops.move import Push
from symgraph.walks import topological

STEPS, WIDTH = 4, 3


def gated(h: Node, x: Node) -> Node:
    """A cell whose gates are cut from one product."""
    U = sg.parameter("U", (WIDTH, 3 * WIDTH))
    a = x + h @ U
    first, second, third = (a[k * WIDTH : (k + 1) * WIDTH] for k in range(3))
    return sg.sigmoid(first) * h + sg.tanh(second) * sg.sigmoid(third)


def roots() -> list[Node]:
    """A loss over all states of a gated net, and its gradients."""
    X, V = sg.input("X", (STEPS, 2)), sg.parameter("V", (2, 3 * WIDTH))
    U = sg.parameter("U", (WIDTH, 3 * WIDTH))
    states = sg.scan(lambda h, x: gated(h, sg.tanh(x) @ V), np.zeros(WIDTH), X).states
    loss = sg.sum(states * states)
    return [loss, *sg.grad(loss, [U, V, X])]


def values(nodes: Sequence[Node]) -> list[Any]:
    rng = np.random.default_rng(3)
    table = {
        sg.input("X", (STEPS, 2)): rng.standard_normal((STEPS, 2)),
        sg.parameter("V", (2, 3 * WIDTH)): rng.standard_normal((2, 3 * WIDTH)),
        sg.parameter("U", (WIDTH, 3 * WIDTH)): rng.standard_normal((WIDTH, 3 * WIDTH)),
    }
    found = evaluate_nodes(list(nodes), table, {})
    return [found[node] for node in nodes]


def lowered() -> list[Node]:
    """In basic operations, nothing hoisted."""
    now = strip_lets(roots()).roots
    return lower_maps(normalise_sums(now).roots).roots


def hoisted() -> list[Node]:
    now = hoist_loops(lowered(), maps=False).roots
    return lower_maps(normalise_sums(now).roots).roots


PASSES: dict[str, tuple[Callable[[], list[Node]], Callable[[Sequence[Node]], Rewritten]]] = {
    "hoisting that leaves basic operations": (lowered, lambda now: hoist_loops(now, maps=False)),
    "one exponential": (hoisted, one_exponential),
    "records of exponentials": (
        lambda: one_exponential(hoisted()).roots,
        reuse_across_loops,
    ),
    "records of wholes": (hoisted, trace_whole),
}


@pytest.mark.parametrize("title", PASSES)
def test_a_pass_changes_no_value(title: str) -> None:
    start, run = PASSES[title]
    before = start()
    after = run(before).roots

    assert after != before
    for one, other in zip(values(after), values(before), strict=True):
        assert np.allclose(one, other, rtol=1e-12, atol=1e-14)


def test_all_passes_together_change_no_value() -> None:
    for loops in (False, True):
        now, _ = lower_all(roots(), loops=loops)
        for one, other in zip(values(now), values(roots()), strict=True):
            assert np.allclose(one, other, rtol=1e-12, atol=1e-14)


def count(nodes: Sequence[Node], op: str) -> int:
    return sum(op_of(node) == op for node in everything(nodes))


def test_a_gate_and_its_slope_share_their_exponential_across_loops() -> None:
    now = one_exponential(hoisted()).roots

    # two sigmoids and a tanh, forward and backward; tanh(x) of the inputs and its slope
    assert count(reuse_across_loops(now).roots, "exp") < count(now, "exp")


def test_products_leave_the_loop_and_slopes_stay() -> None:
    def outside(maps: bool) -> tuple[int, int]:
        now = hoist_loops(lowered(), maps).roots
        before = [arg for node in topological(now) if node.is_loop for arg in node._args]
        products = sum(type(arg) is Einsum and len(arg._args) == 2 for arg in before)
        return products, sum(op_of(node) == "exp" for node in topological(now))

    products, exponentials = outside(maps=False)
    assert products == 1  # tanh(x) V
    assert exponentials == 1  # of the slope of tanh(x), which no loop needs
    assert outside(maps=True)[1] > 1


def test_gates_are_recorded_as_one_value() -> None:
    def shapes(nodes: Sequence[Node]) -> list[Any]:
        return [node.shape for node in everything(nodes) if type(node) is Trace]

    assert (STEPS, 3 * WIDTH) in shapes(trace_whole(hoisted()).roots)


def test_cotangents_of_slices_in_a_loop_are_recorded_in_one_piece() -> None:
    """A part of what enters is used apart: its slice is added to the record of the others."""
    X, h0 = sg.input("X", (STEPS, 5, 2)), sg.input("h0", (5, WIDTH))
    V, U = sg.parameter("V", (2, 3 * WIDTH)), sg.parameter("U", (WIDTH, 3 * WIDTH))
    c = sg.parameter("c", 3 * WIDTH)

    def cell(h: Node, x: Node) -> Node:
        a, b = x @ V + c, h @ U + c
        r, z = (sg.sigmoid((a + b)[:, k * WIDTH : (k + 1) * WIDTH]) for k in (0, 1))
        g = sg.tanh(a[:, 2 * WIDTH :] + r * b[:, 2 * WIDTH :])
        return (1 - z) * g + z * h

    states = sg.scan(cell, h0, X).states
    gradient = sg.grad(sg.sum(states * states), [V, U, X, c])
    now = lower_maps(normalise_sums(strip_lets(gradient).roots).roots).roots
    after = join_slices(now).roots

    assert any(isinstance(node, Push) for node in everything(now))
    assert not any(isinstance(node, Push) for node in everything(after))
    values = {
        v: np.sin(np.arange(np.prod([int(d) for d in v.shape]))).reshape([int(d) for d in v.shape])
        for v in (X, h0, V, U, c)
    }
    got, want = evaluate_nodes(after, values, {}), evaluate_nodes(gradient, values, {})
    for mine, other in zip(after, gradient, strict=True):
        assert np.allclose(got[mine], want[other], rtol=1e-12, atol=1e-13)


def test_cotangents_of_slices_need_no_zeros() -> None:
    x = sg.input("x", 6)
    gradient = sg.grad(sg.sum(sg.tanh(x[:2]) * x[4:]) + sg.sum(sg.exp(x[2:4])), [x])
    now = lower_maps(normalise_sums(strip_lets(gradient).roots).roots).roots
    after = join_slices(now).roots

    assert not any(isinstance(node, Push) for node in everything(after))
    value = np.linspace(-1, 1, 6)
    got = evaluate_nodes(after, {x: value}, {})[after[0]]
    want = evaluate_nodes(gradient, {x: value}, {})[gradient[0]]
    assert np.allclose(got, want, rtol=1e-13)
