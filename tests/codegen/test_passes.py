"""Passes keep every value and leave only what the next stage knows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
from c_compiler import needs_c_compiler
from hypothesis import given, strategies as st
from random_graphs import random_case

import symgraph as sg
from symgraph.codegen.basic import op_of
from symgraph.codegen.contraction import form_of, grouping
from symgraph.codegen.hoist import hoist_loops
from symgraph.codegen.passes import (
    Rewritten,
    everything,
    lower_maps,
    normalise_sums,
    strip_lets,
)
from symgraph.codegen.schedule import schedule
from symgraph.errors import RangeError
from symgraph.node import Node
from symgraph.ops.einsum import Einsum, einsum_node
from symgraph.ops.evaluate import evaluate_nodes
from symgraph.ops.let import Let
from symgraph.ops.map import Map
from symgraph.walks import topological

PASSES: dict[str, Callable[[Sequence[Node]], Rewritten]] = {
    "strip_lets": strip_lets,
    "normalise_sums": normalise_sums,
    "normalise_sums, no ones": lambda roots: normalise_sums(roots, ones=False),
    "lower_maps": lower_maps,
    "hoist_loops": hoist_loops,
}


def values_of(roots: Sequence[Node], values: dict[Node, Any], dims: Any) -> list[Any]:
    with np.errstate(all="ignore"):
        found = evaluate_nodes(roots, values, dims)
    return [np.asarray(found[root]) for root in roots]


@pytest.mark.parametrize("name", PASSES)
@pytest.mark.parametrize("first", range(0, 60, 20))
def test_a_pass_keeps_the_values_of_random_graphs(name: str, first: int) -> None:
    for seed in range(first, first + 20):
        case = random_case(seed)
        try:
            want = values_of(case.outputs, case.values, case.dims)
        except RangeError:
            continue
        new = PASSES[name](case.outputs).roots
        got = values_of(new, case.values, case.dims)
        for k, (one, other) in enumerate(zip(got, want, strict=True)):
            assert one.shape == other.shape, (seed, k)
            scale = 1 + np.max(np.abs(other), initial=0, where=np.isfinite(other))
            assert np.allclose(one, other, 1e-9, 1e-9 * scale, equal_nan=True), (seed, k)


@pytest.mark.parametrize("name", PASSES)
def test_a_pass_says_what_became_of_every_root(name: str) -> None:
    case = random_case(3)
    done = PASSES[name](case.outputs)

    assert [done.image[root] for root in case.outputs] == done.roots


def lowered(*roots: Node) -> list[Node]:
    now: Sequence[Node] = roots
    for run in (strip_lets, normalise_sums, lower_maps):
        now = run(now).roots
    return list(now)


@pytest.mark.parametrize("seed", range(10))
def test_after_the_passes_only_basic_operations_and_normal_sums_are_left(seed: int) -> None:
    nodes = everything(lowered(*random_case(seed).outputs))

    assert not any(isinstance(node, Let) for node in nodes)
    assert all(op_of(node) is not None for node in nodes if isinstance(node, Map))
    for node in nodes:
        if isinstance(node, Einsum):
            assert form_of(node) in ("view", "sum", "embed", "product")
            assert len(node.args) <= 2


def operations(*roots: Node) -> list[str]:
    return [str(op_of(node)) for node in topological(roots) if isinstance(node, Map)]


def test_the_sigmoid_and_its_slope_share_the_exponential() -> None:
    x = sg.input("x", 3)
    found = operations(*lowered(sg.sigmoid(x), sg.grad(sg.sum(sg.sigmoid(x)), x)))

    assert found.count("abs") == 1
    assert found.count("exp") == 2  # exp(-|x|) and exp(min(x, 0))


def test_the_softmax_in_a_gradient_divides_what_the_loss_has_computed() -> None:
    z, y = sg.input("z", (4, 3)), sg.input("y", 4, kind="integer")
    loss = sg.cross_entropy(z, y)
    found = operations(*lowered(loss, sg.grad(loss, z)))

    assert found.count("exp") == 1


def test_formulas_that_only_look_alike_are_left_alone() -> None:
    x, y = sg.input("x", (2, 3)), sg.input("y", (2, 3))
    outputs = [
        sg.where(x >= 0, 1.0, sg.exp(-sg.abs(y))),
        sg.where(x >= 0, 1.0, sg.exp(-sg.abs(x))),
        sg.exp(y - sg.logsumexp(x, axis=1, keepdims=True)),
        sg.exp(x - sg.logsumexp(x, axis=1, keepdims=True)),
        sg.exp(x - sg.logsumexp(x, axis=0)),
    ]
    a = np.array([[0.5, -1.0, 2.0], [-0.1, 0.0, 1.0]])
    b = np.array([[1.0, 2.0, -3.0], [0.3, -2.0, 0.7]])
    rows, columns = np.exp(a).sum(1, keepdims=True), np.exp(a).sum(0)
    want = [
        np.where(a >= 0, 1, np.exp(-abs(b))), np.where(a >= 0, 1, np.exp(-abs(a))),
        np.exp(b) / rows, np.exp(a) / rows, np.exp(a) / columns,
    ]  # fmt: skip
    for got, one in zip(sg.compile([x, y], outputs)(a, b), want, strict=True):
        assert np.allclose(got, one, rtol=1e-14)


def test_a_mask_of_a_rectifier_is_one_comparison() -> None:
    x = sg.input("x", 3)
    found = operations(*lowered(sg.grad(sg.sum(sg.relu(x)), x)))

    assert found == ["greater", "iverson", "multiply"]


def test_a_sum_of_squares_is_a_dot_product() -> None:
    x = sg.input("x", (4, 3))
    (root,) = lowered(sg.sum(x**2))

    assert isinstance(root, Einsum)
    assert root.args == (x, x)


def test_the_input_projection_of_a_recurrent_net_is_one_product_before_the_loop() -> None:
    X, W, U = sg.input("X", ("T", 2, 3)), sg.parameter("W", (3, 4)), sg.parameter("U", (4, 4))
    run = sg.scan(lambda h, x: sg.tanh(x @ W + h @ U), np.zeros((2, 4)), X)
    (root,) = hoist_loops([run.states]).roots
    loop = root.args[0]
    products = [n for n in everything([root]) if isinstance(n, Einsum) and len(n.args) == 2]
    inside = [n for n in topological(loop.params[0].nexts) if isinstance(n, Einsum)]

    assert len(products) == 2
    assert len(inside) == 1
    assert any(n.shape == (X.shape[0], 2, 4) and X in n.args for n in products)


def test_a_bias_joins_the_projection_before_the_loop() -> None:
    X, W, U = sg.input("X", ("T", 2, 3)), sg.parameter("W", (3, 4)), sg.parameter("U", (4, 4))
    b = sg.parameter("b", 4)
    run = sg.scan(lambda h, x: sg.tanh(x @ W + h @ U + b), np.zeros((2, 4)), X)
    (root,) = hoist_loops([run.states]).roots
    body = root.args[0].params[0]

    assert len(body.sequences) == 1
    assert len(body.constants) == 1  # U
    assert operations(*body.nexts).count("add") == 1


def test_states_that_nobody_reads_are_dropped() -> None:
    X = sg.input("X", ("T", 3))
    run = sg.scan(lambda a, b, x: (a + x, b * x), (np.zeros(3), np.ones(3)), X)
    (root,) = hoist_loops([run.final[0]]).roots

    assert len(root.args[0].params[0].states) == 1


@pytest.mark.parametrize(
    ("left", "right", "out", "lead", "swapped"),
    [
        ((0, 1), (1, 2), (0, 2), (), False),  # a plain product
        ((0, 1), (1, 2), (2, 0), (), True),  # its transpose
        ((0, 1, 2), (0, 2, 3), (0, 1, 3), (0,), False),  # a stack of products
        ((0, 1, 2, 3, 4, 5), (6, 1, 4, 5), (0, 6, 2, 3), (0,), True),  # a convolution
    ],
)
def test_products_are_grouped_without_moving_the_result(
    left: tuple[int, ...], right: tuple[int, ...], out: tuple[int, ...],
    lead: tuple[int, ...], swapped: bool,
) -> None:  # fmt: skip
    found = grouping(left, right, out)

    assert (found.lead, found.swapped, found.out) == (lead, swapped, out)


def test_a_stack_in_the_middle_of_the_result_comes_first_in_memory() -> None:
    found = grouping((0, 1, 2), (1, 2, 3), (0, 1, 3))

    assert (found.lead, found.m, found.n, found.k) == ((1,), (0,), (3,), (2,))
    assert found.out == (1, 0, 3)


def test_three_factors_are_joined_in_the_cheap_order() -> None:
    a, b, c = sg.input("a", (50, 2)), sg.input("b", (2, 50)), sg.input("c", (50, 1))
    node = einsum_node([(0, 1), (1, 2), (2, 3)], (0, 3), {}, (a, b, c))
    (root,) = normalise_sums([node]).roots
    shapes = {n.shape for n in topological([root]) if n.args}

    assert (2, 1) in shapes
    assert (50, 50) not in shapes


def test_the_schedule_does_not_depend_on_when_nodes_were_made() -> None:
    x, w = sg.input("x", 3), sg.parameter("w", 3)
    early = sg.exp(w)  # made before what it is scheduled behind
    block = schedule(lowered(sg.sin(x) + sg.negative(w), early))
    kinds = [op_of(node) for node in block.steps if isinstance(node, Map)]

    assert kinds == ["sin", "subtract", "exp"]


def test_a_schedule_groups_neighbouring_maps_of_one_shape() -> None:
    x, W = sg.input("x", (4, 3)), sg.parameter("W", (3, 2))
    (root,) = lowered(sg.tanh(sg.exp(x) @ W + 1.0) * 2.0)
    groups = schedule([root]).groups()

    assert [[op_of(node) for node in group] for group in groups] == [
        ["exp"], ["add", "tanh", "multiply"]
    ]  # fmt: skip


@given(
    sizes=st.tuples(*[st.integers(0, 3)] * 4),
    left=st.lists(st.integers(0, 3), max_size=3),
    right=st.lists(st.integers(0, 3), max_size=3),
    out=st.lists(st.integers(0, 3), max_size=3, unique=True),
)
def test_sums_of_one_entry_vanish_and_change_no_number(
    sizes: Any, left: Any, right: Any, out: Any
) -> None:
    out = [i for i in out if i in {*left, *right}]
    arrays = [
        np.arange(1.0, 1 + np.prod([sizes[i] for i in ins], dtype=int)).reshape(
            [sizes[i] for i in ins]
        )
        for ins in (left, right)
    ]
    a, b = (sg.input(name, x.shape) for name, x in zip("ab", arrays, strict=True))
    ins = (tuple(left), tuple(right))
    root = einsum_node(ins, tuple(out), dict(enumerate(sizes)), (a, b))
    [made] = normalise_sums([root], ones=False).roots
    [got] = values_of([made], dict(zip((a, b), arrays, strict=True)), {})

    assert np.allclose(got, np.einsum(arrays[0], left, arrays[1], right, out))
    for node in topological([made]):
        if isinstance(node, Einsum):
            summed = set().union(*node.ins) - set(node.out)
            assert not summed or any(node.sizes()[i] != 1 for i in summed)


def test_the_one_channel_of_an_image_stays_in_its_convolution() -> None:
    x, kernel = sg.input("x", ("N", 1, 6, 6)), sg.parameter("K", (2, 1, 3, 3))
    [made] = normalise_sums([sg.conv2d(x, kernel)], ones=False).roots
    [product] = [
        node for node in topological([made]) if isinstance(node, Einsum) and len(node.args) == 2
    ]

    assert sorted(type(arg).__name__ for arg in product.args) == ["Pull", "Var"]


@pytest.mark.parametrize("named", [False, True])
@pytest.mark.parametrize("axis", [0, 1])
@pytest.mark.parametrize("form", ["sum", "mean", "where"])
def test_the_logarithm_of_a_softmax_lives_where_its_shares_vanish(named, axis, form) -> None:
    z, d = sg.input("z", ("N", 3)), sg.input("d", ("N", 3))
    shares = sg.softmax(z, axis=axis)
    each = d * sg.log(sg.let("ŷ", shares) if named else shares)
    whole = {
        "sum": lambda: -sg.sum(each), "mean": lambda: -3 * sg.mean(sg.sum(each, axis=1 - axis)),
        "where": lambda: sg.sum(sg.where(d > 0, -each, 0.0)),
    }[form]()  # fmt: skip
    at = np.array([[1000.0, 0.0, -1000.0], [0.0, 1000.0, 2.0], [-5.0, 3.0, 1e4]])
    wanted = np.eye(3)[[1, 0, 2]]
    if axis == 0:
        at, wanted = at.T, wanted.T
    f = sg.compile([z, d], [whole, *sg.grad(whole, [z])])
    loss, slope = f(at, wanted)
    best = at.max(axis=axis, keepdims=True)

    assert loss == pytest.approx(2000.0, rel=1e-14)  # the largest entry less the wanted one
    np.testing.assert_allclose(slope, (at == best) - wanted, atol=1e-300)


@pytest.mark.parametrize("target", ["numpy", pytest.param("cython", marks=needs_c_compiler)])
def test_the_softmax_of_a_vector_shares_its_exponentials_and_has_a_logarithm(target) -> None:
    z, d = sg.input("z", 3), sg.input("d", 3)
    loss = -(d @ sg.log(sg.softmax(z)))
    f = sg.compile([z, d], [loss, sg.grad(loss, z)], target=target)
    value, slope = f(np.array([1000.0, 0.0, 0.0]), np.array([0.0, 1.0, 0.0]))

    assert operations(*lowered(loss, sg.grad(loss, z))).count("exp") == 1
    assert value == 1000.0
    np.testing.assert_array_equal(slope, [1.0, -1.0, 0.0])
