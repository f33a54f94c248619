"""Operations of a loop stand in the order in which they wait for each other."""

from __future__ import annotations

import numpy as np
from c_compiler import needs_c_compiler
from hypothesis import given, strategies as st

import symgraph as sg
from symgraph.codegen.basic import basic, op_of
from symgraph.codegen.native.latency import longest_first
from symgraph.node import Node
from symgraph.walks import variables


def test_the_root_of_adam_stands_before_the_mean_that_it_divides() -> None:
    v, m = sg.state("v", 4), sg.state("m", 4)
    mean = basic("multiply", m, m)
    root = basic("sqrt", v)
    quotient = basic("divide", mean, root)
    assert longest_first([mean, root, quotient]) == [root, mean, quotient]


def test_operations_that_all_take_little_stay_as_they_are() -> None:
    x = sg.state("x", 4)
    first = basic("add", x, x)
    second = basic("multiply", first, x)
    third = basic("add", x, second)
    assert longest_first([first, second, third]) == [first, second, third]


@given(st.lists(st.tuples(st.sampled_from(["add", "divide", "exp"]), st.integers(0, 99)),
                min_size=1, max_size=30))  # fmt: skip
def test_all_operations_come_behind_their_operands(chosen: list[tuple[str, int]]) -> None:
    made: list[Node] = [sg.state("x", 4)]
    for op, k in chosen:
        operands = [made[k % len(made)], made[k // 7 % len(made)]]
        made.append(basic(op, *operands[: 1 if op == "exp" else 2]))
    maps = list(dict.fromkeys(node for node in made if op_of(node)))
    ordered = longest_first(maps)
    assert sorted(map(id, ordered)) == sorted(map(id, maps))
    place = {node: k for k, node in enumerate(ordered)}
    assert all(place[arg] < k for node, k in place.items() for arg in node.args if arg in place)


@needs_c_compiler
def test_adam_in_c_gives_what_the_formula_gives() -> None:
    variable, target = sg.parameter("p", (5, 7)), sg.input("t", (5, 7))
    loss = sg.sum((variable - target) ** 2)
    updates = sg.optim.Adam(0.01).updates({variable: sg.grad(loss, variable)})
    arguments = variables([loss, *updates, *updates.values()])
    step = sg.compile(arguments, loss, updates=updates, target="cython", dtype="float64")
    bound = step.bind(dims={})
    start = np.arange(35.0).reshape(5, 7)
    for name, value in {"p": start, "t": 3, "η": 0.01}.items():
        bound.arrays[name][...] = value
    bound.steps(3)
    p, m, v = start, 0 * start, 0 * start
    for k in range(1, 4):
        g = 2 * (p - 3)
        m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g * g
        p = p - 0.01 * (m / (1 - 0.9**k)) / (np.sqrt(v / (1 - 0.999**k)) + 1e-8)
    np.testing.assert_allclose(bound.arrays["p"], p, rtol=1e-12)
