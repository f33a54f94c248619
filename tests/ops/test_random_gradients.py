"""Random graphs: value, gradient and tangent against the same graph in complex numbers by NumPy.

A step of i 1e-30 along a direction gives the derivative along it to the last digit, with no
difference taken (Squire and Trapp 1998). NumPy carries out its own list of functions; nothing of
the library takes part.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pytest
from numeric import evaluate

import symgraph as sg
from symgraph.node import Node

STEP = 1e-30
Function = Callable[..., Any]


def where_real(condition: Any, a: Any, b: Any) -> Any:
    return np.where(condition, a, b)


def np_max(x: Any, axis: int) -> Any:
    winner = np.expand_dims(np.argmax(x.real, axis=axis), axis)
    return np.take_along_axis(x, winner, axis).squeeze(axis)


def np_scan(x: Any) -> Any:
    state, states = np.zeros(x.shape[1:], complex), []
    for entry in x:
        state = np.tanh(0.5 * state + entry) + 0.1 * entry * state
        states.append(state)
    return np.stack(states)


def sg_scan(x: Node, reverse: bool = False) -> Node:
    def step(state: Node, entry: Node) -> Node:
        return sg.tanh(0.5 * state + entry) + 0.1 * entry * state

    return sg.scan(step, sg.zeros(x.shape[1:]), x, reverse=reverse).states


def np_softmax(x: Any) -> Any:
    exps = np.exp(x)
    return exps / exps.sum(axis=-1, keepdims=True)


UNARY: list[tuple[Function, Function]] = [
    (sg.tanh, np.tanh),
    (sg.sin, np.sin),
    (sg.cos, np.cos),
    (sg.arctan, np.arctan),
    (sg.sigmoid, lambda x: 1 / (1 + np.exp(-x))),
    (sg.softplus, lambda x: np.log(1 + np.exp(x))),
    (sg.negative, np.negative),
    (sg.square, np.square),
    (lambda x: x**3 / 10, lambda x: x**3 / 10),
    (lambda x: sg.exp(-x * x), lambda x: np.exp(-x * x)),
    (lambda x: sg.log(1 + x * x), lambda x: np.log(1 + x * x)),
    (lambda x: sg.sqrt(2 + x * x), lambda x: np.sqrt(2 + x * x)),
    (lambda x: sg.power(1 + x * x, -1.5), lambda x: (1 + x * x) ** -1.5),
    (lambda x: 2.0**x, lambda x: 2.0**x),
    (lambda x: sg.log1p(x**2), lambda x: np.log1p(x**2)),
    (sg.relu, lambda x: where_real(x.real > 0, x, 0)),
    (sg.abs, lambda x: where_real(x.real > 0, x, -x)),
    (lambda x: sg.leaky_relu(x, 0.25), lambda x: where_real(x.real > 0, x, 0.25 * x)),
    (sg.elu, lambda x: where_real(x.real > 0, x, np.exp(x) - 1)),
    (lambda x: sg.floor(x) + x, lambda x: np.floor(x.real) + x),
    (lambda x: sg.indicator(x > 0.3) * x, lambda x: where_real(x.real > 0.3, x, 0)),
    (lambda x: sg.stop_gradient(x) * x, lambda x: x.real * x),
    (lambda x: sg.let("named", x) * 0.5, lambda x: x * 0.5),
    (lambda x: 0.7 * x - 1, lambda x: 0.7 * x - 1),
    (lambda x: 1 / (2 + sg.cos(x)), lambda x: 1 / (2 + np.cos(x))),
    (sg.transpose, np.transpose),
    (sg.sum, np.sum),
    (sg.mean, np.mean),
]
ARRAYS: list[tuple[Function, Function]] = [  # of an operand with at least one axis
    (lambda x: sg.sum(x, 0), lambda x: np.sum(x, 0)),
    (lambda x: sg.sum(x, -1, keepdims=True), lambda x: np.sum(x, -1, keepdims=True)),
    (lambda x: sg.max(x, axis=0), lambda x: np_max(x, 0)),
    (lambda x: sg.logsumexp(x, axis=-1), lambda x: np.log(np.sum(np.exp(x), axis=-1))),
    (lambda x: sg.prod(x, axis=0), lambda x: np.prod(x, axis=0)),
    (lambda x: sg.cumsum(x, axis=0), lambda x: np.cumsum(x, axis=0)),
    (sg.softmax, np_softmax),
    (lambda x: x[::-1], lambda x: x[::-1]),
    (lambda x: x[1:], lambda x: x[1:]),
    (lambda x: x[-1], lambda x: x[-1]),
    (lambda x: x[..., None], lambda x: x[..., None]),
    (lambda x: sg.take(x, [1, 0, 1], 0), lambda x: np.take(x, [1, 0, 1], 0)),
    (lambda x: sg.roll(x, 1, 0), lambda x: np.roll(x, 1, 0)),
    (lambda x: sg.pad(x, 1), lambda x: np.pad(x, 1)),
    (lambda x: sg.reshape(x, (-1,)), lambda x: np.reshape(x, (-1,))),
    (lambda x: sg.concat([x, x * 2, x]), lambda x: np.concatenate([x, x * 2, x])),
    (lambda x: sg.stack([x, -x], axis=-1), lambda x: np.stack([x, -x], axis=-1)),
    (sg_scan, np_scan),
    (lambda x: sg_scan(x, reverse=True), lambda x: np_scan(x[::-1])[::-1]),
]
SQUARE: list[tuple[Function, Function]] = [  # of square matrices
    (sg.diagonal, np.diagonal),
    (sg.trace, np.trace),
    (lambda x: sg.det(4 * sg.eye(3) + x), lambda x: np.linalg.det(4 * np.eye(3) + x)),
    (lambda x: sg.inv(4 * sg.eye(3) + x), lambda x: np.linalg.inv(4 * np.eye(3) + x)),
    (lambda x: sg.solve(4 * sg.eye(3) + x, x), lambda x: np.linalg.solve(4 * np.eye(3) + x, x)),
    (sg.tril, np.tril),
]  # fmt: skip
BINARY: list[tuple[Function, Function]] = [
    (sg.add, np.add),
    (sg.subtract, np.subtract),
    (sg.multiply, np.multiply),
    (lambda x, y: x / (1 + y * y), lambda x, y: x / (1 + y * y)),
    (lambda x, y: sg.where(x > y, sg.sin(x), y * y), lambda x, y: where_real(
        x.real > y.real, np.sin(x), y * y)),
    (sg.maximum, lambda x, y: where_real(x.real > y.real, x, y)),
    (sg.minimum, lambda x, y: where_real(x.real < y.real, x, y)),
    (sg.matmul, np.matmul),
    (lambda x, y: sg.einsum("ij,kj->ik", x, y), lambda x, y: np.einsum("ij,kj->ik", x, y)),
    (lambda x, y: sg.einsum("ij,ij->j", x, y), lambda x, y: np.einsum("ij,ij->j", x, y)),
    (sg.outer, lambda x, y: np.einsum("i,j->ij", x, y)),
    (lambda x, y: sg.tensordot(x, y, 1), lambda x, y: np.tensordot(x, y, 1)),
]  # fmt: skip


class Entry(NamedTuple):
    """A node, its value by NumPy, and how NumPy finds it: a function and the entries it takes."""

    node: Node
    array: Any
    function: Function | None
    operands: tuple[int, ...]


class Graph:
    """A random graph whose values stay small and away from kinks."""

    def __init__(self, seed: int, length: int = 20) -> None:
        self._draw = np.random.default_rng(seed)
        self.entries: list[Entry] = []
        for name, shape in (("s", ()), ("v", (3,)), ("X", (2, 3)), ("W", (3, 3))):
            array = self._draw.normal(size=shape)
            self.entries.append(Entry(sg.input(name, shape), array.astype(complex), None, ()))
        self.leaves = len(self.entries)
        while len(self.entries) < self.leaves + length:
            self._grow()

    def _grow(self) -> None:
        group = [UNARY, ARRAYS, SQUARE, BINARY, BINARY][self._draw.integers(5)]
        ours, numpys = group[self._draw.integers(len(group))]
        count = 2 if group is BINARY else 1
        # Late entries are drawn more often, so that the graph grows deep.
        chosen = tuple(int(len(self.entries) * self._draw.random() ** 0.5) for _ in range(count))
        arrays = [self.entries[k].array for k in chosen]
        if group is ARRAYS and arrays[0].ndim == 0:
            return
        if group is SQUARE and arrays[0].shape != (3, 3):
            return
        if near_a_kink(group, arrays):
            return
        try:
            array = np.asarray(numpys(*arrays))
        except (ValueError, IndexError):
            return
        if array.size > 60 or array.size == 0 or not np.all(np.abs(array) < 20):
            return
        try:
            node = ours(*(self.entries[k].node for k in chosen))
        except sg.ShapeError:  # where NumPy broadcasts and we do not
            return
        self.entries.append(Entry(node, array, numpys, chosen))

    def run(self, inputs: list[Any]) -> list[Any]:
        """All entries by NumPy from values of the leaves."""
        found = list(inputs)
        for entry in self.entries[self.leaves :]:
            assert entry.function is not None
            found.append(np.asarray(entry.function(*(found[k] for k in entry.operands))))
        return found


def near_a_kink(group: Any, arrays: list[Any]) -> bool:
    """Whether a comparison, a floor or a maximum is so near to a tie that it is not smooth."""
    real = [a.real for a in arrays]
    if group is BINARY:
        try:
            return bool(np.any(np.abs(real[0] - real[1]) < 1e-6))
        except ValueError:
            return False
    distances = [np.abs(real[0]), np.abs(real[0] - 0.3), np.abs(real[0] - np.round(real[0]))]
    return any(bool(np.any(d < 1e-6)) for d in distances)


@pytest.mark.parametrize("first", range(0, 1000, 50))
def test_random_graphs_have_the_derivatives_that_complex_steps_find(first: int):
    for seed in range(first, first + 50):
        graph = Graph(seed)
        last = graph.entries[-4:]
        loss = sum((sg.sum(sg.sin(entry.node)) for entry in last), start=sg.const(0.0))
        leaves = [entry.node for entry in graph.entries[: graph.leaves] if loss.has(entry.node)]
        values = {entry.node: entry.array.real for entry in graph.entries[: graph.leaves]}
        draw = np.random.default_rng(seed)
        ways = {leaf: draw.normal(size=leaf.shape) for leaf in leaves}

        found = evaluate([loss, *(e.node for e in last), *sg.grad(loss, leaves)], values)
        tangent = sg.jvp(loss, leaves, [ways[leaf] for leaf in leaves])

        moved = [
            values[e.node] + 1j * STEP * ways.get(e.node, np.zeros(e.node.shape))
            for e in graph.entries[: graph.leaves]
        ]
        arrays = graph.run(moved)[-4:]
        exact = sum(np.sum(np.sin(array)) for array in arrays)
        slope = exact.imag / STEP
        by_gradient = sum(
            float(np.sum(g * ways[leaf])) for g, leaf in zip(found[5:], leaves, strict=True)
        )
        size = 1 + sum(float(np.sum(np.abs(g * ways[leaf]))) for g, leaf in zip(
            found[5:], leaves, strict=True))  # fmt: skip
        for got, array in zip(found[1:5], arrays, strict=True):
            np.testing.assert_allclose(got, array.real, rtol=1e-9, atol=1e-11, err_msg=f"{seed}")
        np.testing.assert_allclose(found[0], exact.real, rtol=1e-9, atol=1e-11, err_msg=f"{seed}")
        np.testing.assert_allclose(by_gradient, slope, atol=1e-9 * size, err_msg=f"{seed}")
        ahead = evaluate([tangent], values)[0]
        np.testing.assert_allclose(ahead, slope, atol=1e-9 * size, err_msg=f"{seed}")
