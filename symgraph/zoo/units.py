"""Nets that are drawn unit by unit: scores, thresholds, switched-off units, machines."""

from __future__ import annotations

from typing import NamedTuple

import symgraph as sg
from symgraph.node import Node
from symgraph.zoo.options import Count, Function, Number, Size, system

__all__ = [
    "Stages", "activated_score", "boltzmann_machine", "deep_belief", "dropout_net",
    "mcculloch_pitts", "score_of_features", "stacked_autoencoders", "triangle", "two_cars_net",
    "xor", "xor_skip",
]  # fmt: skip


class Stages(NamedTuple):
    """What is trained one after the other, and the sum of all."""

    stages: tuple[Node, ...]
    loss: Node


@system()
def score_of_features(features: Count = 3, function: Function = sg.tanh) -> Node:
    """The score [φ(x_1), φ(x_2), ...]·W of features; φ may be abstract, `sg.function("φ")`.

    Variables: x_1, x_2, ... (), W (features,).
    """
    row = sg.stack([function(sg.input(f"x{k}")) for k in range(1, features + 1)])
    return sg.let("score", row @ sg.parameter("W", features))


@system()
def activated_score(features: Count = 3, function: Function = sg.tanh) -> Node:
    """The activated linear function h = σ(score) of features; φ may be abstract.

    Variables: x_1, x_2, ... (), W (features,).
    """
    return sg.let("h", sg.sigmoid(score_of_features(features, function)))


@system()
def two_cars_net(unit: Function = sg.sigmoid) -> Node:
    """The two-car network with its inputs apart: h_j = σ(v_j·[1, x_1, x_2]), y = w_1 h_1 + w_2 h_2.

    `unit`: what stands for σ, such as `sg.step` for two linear subproblems.

    Variables: x_1, x_2 (), v_1, v_2 (3,), w_1, w_2 ().
    """
    phi = sg.let("Φ", sg.stack([sg.ones(()), sg.input("x1"), sg.input("x2")]))
    h1, h2 = (sg.let(f"h{j}", unit(sg.parameter(f"v{j}", 3) @ phi)) for j in (1, 2))
    return sg.let("y", sg.parameter("w1") * h1 + sg.parameter("w2") * h2)


def _fires(net: Node, threshold: float) -> Node:
    """1 where the net input reaches the threshold, else 0."""
    return sg.step(net - threshold, at_zero=1)


@system()
def mcculloch_pitts(threshold: Number = 1.5) -> Node:
    """A McCulloch-Pitts unit of two inputs, 1[x_1 + x_2 ≥ T]: AND with T = 1.5, OR with T = 0.5.

    Variables: x_1, x_2 ().
    """
    return sg.let("o", _fires(sg.input("x1") + sg.input("x2"), threshold))


@system()
def xor() -> Node:
    """XOR by two hidden threshold units, y = 1[h_1 - h_2 ≥ ½].

    Variables: x_1, x_2 ().
    """
    x1, x2 = sg.input("x1"), sg.input("x2")
    h1 = sg.let("h1", _fires(x1 + x2, 0.5))
    h2 = sg.let("h2", _fires(x1 + x2, 1.5))
    return sg.let("y", _fires(h1 - h2, 0.5))


@system()
def xor_skip() -> Node:
    """XOR by one hidden unit and connections past it, y = 1[x_1 + x_2 - 2 h ≥ ½].

    Variables: x_1, x_2 ().
    """
    x1, x2 = sg.input("x1"), sg.input("x2")
    h = sg.let("h", _fires(x1 + x2, 1.5))
    return sg.let("y", _fires(x1 + x2 - 2 * h, 0.5))


@system()
def triangle() -> Node:
    """Three hidden units, each one side of the triangle x_1 ≥ 0, x_2 ≥ 0, x_1 + x_2 ≤ 1.

    Variables: x_1, x_2 ().
    """
    x1, x2 = sg.input("x1"), sg.input("x2")
    sides = ((x1, 0), (x2, 0), (-x1 - x2, -1))
    h1, h2, h3 = (sg.let(f"h{k}", _fires(*side)) for k, side in enumerate(sides, 1))
    return sg.let("y", _fires(h1 + h2 + h3, 2.5))


@system()
def dropout_net(inputs: Size = 2, hidden: Size = 4) -> Node:
    """Two layers, y = W_2 (m * h), h = σ(W_1 x): the mask m switches hidden units off.

    Variables: x (inputs,), m (hidden,), W_1 (hidden, inputs), W_2 (1, hidden).
    """
    x, mask = sg.input("x", inputs), sg.input("m", hidden)
    h = sg.let("h", sg.sigmoid(sg.parameter("W1", (hidden, inputs)) @ x))
    return sg.let("y", (sg.parameter("W2", (1, hidden)) @ (h * mask))[0])


@system()
def boltzmann_machine(visible: Size = 3, hidden: Size = 2) -> Node:
    """The energy of a restricted Boltzmann machine, E = -b·v - c·h - v^T W h.

    Variables: v and b (visible,), h and c (hidden,), W (visible, hidden).
    """
    v, h = sg.input("v", visible), sg.input("h", hidden)
    b, c = sg.parameter("b", visible), sg.parameter("c", hidden)
    return sg.let("E", -(b @ v) - c @ h - v @ sg.parameter("W", (visible, hidden)) @ h)


@system()
def deep_belief(first: Size = 4, second: Size = 3, third: Size = 2) -> Stages:
    """The energies of a stack of Boltzmann machines: hidden units of one are the next one's data.

    Variables: v, h_1, h_2 and W_1, W_2.
    """
    layers = [sg.input("v", first), sg.input("h1", second), sg.input("h2", third)]
    sizes = (first, second, third)
    E1, E2 = (
        sg.let(f"E{k}", -(layers[k - 1] @ sg.parameter(f"W{k}", sizes[k - 1 : k + 1]) @ layers[k]))
        for k in (1, 2)
    )
    return Stages((E1, E2), E1 + E2)


@system()
def stacked_autoencoders(inputs: Size = 5, first: Size = 3, second: Size = 2) -> Stages:
    """Greedy pretraining: two autoencoders, the second on the first one's code, then a classifier.

    Each stage trains its own layer; the encoders before it are frozen. The stages are the two
    reconstruction losses and the cross-entropy of the classifier.
    Variables: x (inputs,), y (), W_k, b_k (encoders), V_k, c_k (decoders), u (second,), d ().
    """
    code = sg.input("x", inputs)
    stages: list[Node] = []
    sizes = (inputs, first, second)
    for k in (1, 2):
        W, b = sg.parameter(f"W{k}", (sizes[k], sizes[k - 1])), sg.parameter(f"b{k}", sizes[k])
        V, c = sg.parameter(f"V{k}", (sizes[k - 1], sizes[k])), sg.parameter(f"c{k}", sizes[k - 1])
        h = sg.let(f"h{k}", sg.sigmoid(W @ code + b))
        copy = sg.let("x̂" if k == 1 else "ĥ", sg.sigmoid(V @ h + c))
        stages.append(sg.let(f"E{k}", sg.sum((copy - code) ** 2) / 2))
        code = sg.stop_gradient(h)
    score = sg.let("p", sg.sigmoid(sg.parameter("u", second) @ code + sg.parameter("d")))
    target = sg.input("y")
    loss = -(target * sg.log(score) + (1 - target) * sg.log(1 - score))
    stages.append(sg.let("L", loss))
    return Stages(tuple(stages), stages[0] + stages[1] + stages[2])
