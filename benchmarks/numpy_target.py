"""The NumPy target against the same training step written by hand in NumPy."""

from __future__ import annotations

import statistics
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

import symgraph as sg
from benchmarks.measure import Row, in_turn, local, once, repeat, share
from symgraph.node import Node

__all__ = ["first_result", "mlp_step", "residual_net", "xor_step"]

Array = NDArray[np.float64]


def _mlp(batch: Any) -> tuple[Node, list[Node], list[Node]]:
    x, y = sg.input("x", (batch, 784)), sg.input("y", (batch,), kind="integer")
    w1, b1 = sg.parameter("W1", (784, 128)), sg.parameter("b1", 128)
    w2, b2 = sg.parameter("W2", (128, 10)), sg.parameter("b2", 10)
    h = sg.relu(x @ w1 + b1)
    return sg.cross_entropy(h @ w2 + b2, y), [x, y], [w1, b1, w2, b2]


def _start(parameters: list[Node], seed: int = 0) -> list[Array]:
    draw = np.random.default_rng(seed)
    return [draw.normal(0, 0.05, tuple(int(n) for n in p.shape)) for p in parameters]


def _by_hand(
    params: list[Array], x: Array, y: NDArray[np.int64], rate: float
) -> Callable[[], float]:
    w1, b1, w2, b2 = params
    rows = np.arange(len(y))

    def step() -> float:
        a = x @ w1 + b1
        h = np.maximum(a, 0)
        z = h @ w2 + b2
        z -= z.max(axis=1, keepdims=True)
        p = np.exp(z)
        total = p.sum(axis=1, keepdims=True)
        loss = float(np.mean(np.log(total[:, 0]) - z[rows, y]))
        p /= total
        p[rows, y] -= 1
        p /= len(y)
        dw2, db2 = h.T @ p, p.sum(axis=0)
        da = (p @ w2.T) * (a > 0)
        dw1, db1 = x.T @ da, da.sum(axis=0)
        for w, d in ((w1, dw1), (b1, db1), (w2, dw2), (b2, db2)):
            w -= rate * d
        return loss

    return step


def mlp_step() -> list[Row]:
    """One training step of an MLP 784-128-10 at batch 128, float64, SGD."""
    batch, rate = 128, 0.1
    loss, inputs, parameters = _mlp(batch)
    updates = {p: p - rate * g for p, g in zip(parameters, sg.grad(loss, parameters), strict=True)}
    draw = np.random.default_rng(1)
    x, y = draw.normal(size=(batch, 784)), draw.integers(0, 10, batch)
    ours = _start(parameters)
    program = sg.compile([*inputs, *parameters], loss, updates=updates)
    bound = program.bind(x, y, *ours)
    hand = _by_hand(theirs := _start(parameters), x, y, rate)
    for _ in range(5):
        got, want = bound.step(), hand()
        assert abs(got - want) <= 1e-12 * (1 + abs(want))
    for mine, other in zip(ours, theirs, strict=True):
        assert np.allclose(mine, other, rtol=0, atol=1e-12)
    times = in_turn({"ours": local(bound.step), "hand": local(hand)}, rounds=15)
    ratio = share(times["ours"], times["hand"])
    note = f"spread {ratio.low:.2f} to {ratio.high:.2f}"
    return [
        Row("MLP 784-128-10 batch 128, step", statistics.median(times["ours"]) * 1e6, "µs"),
        Row("the same by hand in NumPy", statistics.median(times["hand"]) * 1e6, "µs"),
        Row("ratio to NumPy by hand", ratio.median, "x", 1.1, note),
    ]


def xor_step() -> list[Row]:
    """One training step of a sigmoid MLP 2-2-1 on the four XOR samples."""
    x, y = sg.input("x", (4, 2)), sg.input("y", (4,))
    w1, b1 = sg.parameter("W1", (2, 2)), sg.parameter("b1", 2)
    w2, b2 = sg.parameter("w2", 2), sg.parameter("b2")
    out = sg.sigmoid(sg.sigmoid(x @ w1 + b1) @ w2 + b2)
    loss = sg.mean((out - y) ** 2)
    parameters = [w1, b1, w2, b2]
    updates = {p: p - 0.5 * g for p, g in zip(parameters, sg.grad(loss, parameters), strict=True)}
    data = np.array([[0.0, 0], [0, 1], [1, 0], [1, 1]]), np.array([0.0, 1, 1, 0])
    bound = sg.compile([x, y, *parameters], loss, updates=updates).bind(*data, *_start(parameters))
    return [Row("XOR 2-2-1 batch 4, step", repeat(bound.step, 15, 500) * 1e6, "µs", 20.0)]


def first_result() -> list[Row]:
    """From the expression of the MLP to its first loss and gradients; imports come before."""
    for name in ("cross_entropy", "relu", "grad", "compile"):
        getattr(sg, name)
    draw = np.random.default_rng(1)
    x, y = draw.normal(size=(128, 784)), draw.integers(0, 10, 128)

    def run() -> None:
        loss, inputs, parameters = _mlp("N")
        program = sg.compile([*inputs, *parameters], [loss, *sg.grad(loss, parameters)])
        program(x, y, *_start(parameters))

    first = once(run)
    return [Row("expression to first result, MLP", first, "s", 0.1)]


def residual_net() -> list[Row]:
    """A residual net of 1 000 layers, width 4: value and gradient."""
    h = x = sg.input("x", 4)
    parameters: list[Node] = []
    for layer in range(1000):
        w = sg.parameter(f"W{layer}", (4, 4))
        parameters.append(w)
        h = h + sg.tanh(w @ h)
    loss = sg.sum(h**2)
    start = _start(parameters)
    values = [np.ones(4), *(0.1 * p for p in start)]
    held: list[Any] = []
    derive = once(lambda: held.append(sg.grad(loss, parameters)))
    build = once(lambda: held.append(sg.compile([x, *parameters], [loss, *held[0]])))
    first = once(lambda: held[1](*values))
    run = repeat(lambda: held[1](*values), 5)
    return [
        Row("1000-layer residual net, derive", derive, "s"),
        Row("1000-layer residual net, compile", build, "s"),
        Row("1000-layer residual net, first call", first, "s"),
        Row("1000-layer residual net, value and gradient", run, "s", 0.3),
    ]
