"""Running averages by differences."""

from collections import Counter
from typing import Any

import numpy as np
import pytest
from c_compiler import needs_c_compiler
from hypothesis import given, settings, strategies as st

import symgraph as sg
from symgraph.codegen.averages import average_by_differences
from symgraph.codegen.basic import op_of
from symgraph.codegen.passes import everything, lower_maps
from symgraph.node import Node
from symgraph.ops.evaluate import evaluate_nodes

SHAPE = (7,)


def _changed(update: Node, *, output: Node | None = None) -> tuple[Node, Node]:
    """A lowered new value, and what the pass makes of it."""
    state = sg.state("changed", SHAPE)
    outputs = [] if output is None else [output]
    lowered = lower_maps([*outputs, update]).roots
    return lowered[-1], average_by_differences(lowered[:-1], {state: lowered[-1]}).roots[-1]


def _values(nodes: list[Node], given: dict[Node, Any]) -> list[Any]:
    with np.errstate(all="ignore"):
        found = evaluate_nodes(nodes, given, {})
    return [found[node] for node in nodes]


def _count(node: Node) -> Counter[str | None]:
    """How often each operation goes through all entries."""
    return Counter(op_of(one) for one in everything([node]) if one.ndim)


@settings(deadline=None)
@given(
    st.floats(0.001, 0.999), st.integers(0, 9), st.sampled_from([(-3, 3), (-12, 12), (-150, 140)])
)
def test_an_average_keeps_its_digits_wherever_its_parts_lie(
    weight: float, seed: int, reach: tuple[int, int]
) -> None:
    s, g = sg.state("s", SHAPE), sg.input("g", SHAPE)
    before, after = _changed(weight * s + (1 - weight) * g)
    draw = np.random.default_rng(seed)
    given = {one: 10.0 ** draw.uniform(*reach, SHAPE) for one in (s, g)}
    wanted = np.longdouble(weight) * given[s] + (1 - np.longdouble(weight)) * given[g]
    assert (_count(before)["multiply"], _count(after)["multiply"]) == (2, 1)
    for value in _values([before, after], given):
        np.testing.assert_allclose(value, wanted, 1e-15)


@pytest.mark.parametrize(
    ("first", "second"), [(0.9, 0.2), (1.5, -0.5), (0.9, 0.1 + 1e-12), (1.0, 0.0)]
)
def test_what_is_no_average_stays_as_it_is(first: float, second: float) -> None:
    s, g = sg.state("s", SHAPE), sg.input("g", SHAPE)
    before, after = _changed(first * s + second * g)
    assert after is before


def test_an_average_that_is_an_output_stays_as_it_is() -> None:
    s, g = sg.state("s", SHAPE), sg.input("g", SHAPE)
    mean = 0.75 * s + 0.25 * g
    before, after = _changed(mean, output=mean)
    assert after is before


@pytest.mark.parametrize("square", [lambda g: g**2, lambda g: g * g])
def test_an_average_of_squares_stays_as_it_is(square: Any) -> None:
    s, g = sg.state("s", SHAPE), sg.input("g", SHAPE)
    before, after = _changed(0.75 * s + 0.25 * square(g))
    assert after is before


@needs_c_compiler
def test_a_square_that_overflows_leaves_its_parameter_alone_as_in_torch() -> None:
    p, g = sg.state("p", (64,)), sg.input("g", (64,))
    m, v = sg.state("m", (64,)), sg.state("v", (64,))
    mean, squares = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g**2
    updates = {m: mean, v: squares, p: p - 0.1 * mean / (sg.sqrt(squares) + 1e-8)}
    program = sg.compile([p, m, v, g], [], updates=updates, target="cython", dtype="float32")
    values = [np.full(64, x, np.float32) for x in (2.0, 0.0, 0.0)]
    for gradient in (1e25, 1.0, 1.0):
        program(*values, np.full(64, gradient, np.float32))
        assert np.isinf(values[2]).all()
        np.testing.assert_array_equal(values[0], 2.0)
