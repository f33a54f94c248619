"""Small networks that the lectures train on all their samples at once."""

from __future__ import annotations

import symgraph as sg
from symgraph.node import Node
from symgraph.zoo.options import Function, Size, system

__all__ = ["two_cars_by_hand", "two_cars_trained", "universal_fit", "xor_mlp"]


@system()
def two_cars_by_hand(unit: Function = sg.step, *, offset: bool = False) -> Node:
    """The two cars with weights by hand: y = sign(h_1 + h_2), h_1 = 1[x_1 - x_2 ≥ 1], h_2 likewise.

    `unit`: what decides, such as sg.sigmoid for the logistic function, whose sum is always above 0.
    `offset`: y = sign(h_1 + h_2 - ½) tells the unsafe cars by -1; the sign of 0 is 0.
    Variables: x_1, x_2 ().
    """
    x1, x2 = sg.input("x1"), sg.input("x2")
    fires = (lambda net: sg.step(net, at_zero=1)) if unit is sg.step else unit
    h1 = sg.let("h1", fires(x1 - x2 - 1))
    h2 = sg.let("h2", fires(x2 - x1 - 1))
    total = sg.let("score", h1 + h2 - sg.const(0.5) if offset else h1 + h2)
    return sg.let("y", sg.sign(total))


@system()
def two_cars_trained() -> Node:
    """The two-car network with an output bias, to be trained: the mean of (score - y)².

    h = σ(x Vᵀ + b), score = u·h + c. Without c the sum of two logistic units is never negative.
    Variables: x ("N", 2), y ("N",), V (2, 2), b and u (2,), c ().
    """
    x, y = sg.input("x", ("N", 2)), sg.input("y", "N")
    b, u = sg.parameter("b", 2), sg.parameter("u", 2)
    h = sg.let("h", sg.sigmoid(x @ sg.parameter("V", (2, 2)).T + b))
    score = sg.let("score", h @ u + sg.parameter("c"))
    return sg.let("loss", sg.mean((score - y) ** 2))


@system()
def xor_mlp(hidden: Size = 2) -> Node:
    """XOR learned by tanh units under a logistic one, E = ½ Σ (y - d)² over the samples.

    h = tanh(W x + b), y = σ(v·h + c).
    Variables: x ("N", 2), d ("N",), W (hidden, 2), b and v (hidden,), c ().
    """
    x, d = sg.input("x", ("N", 2)), sg.input("d", "N")
    W, b = sg.parameter("W", (hidden, 2)), sg.parameter("b", hidden)
    h = sg.let("h", sg.tanh(x @ W.T + b))
    y = sg.let("y", sg.sigmoid(h @ sg.parameter("v", hidden) + sg.parameter("c")))
    return sg.let("E", sg.squared_norm(y - d) / 2)


@system()
def universal_fit(hidden: Size = 6, function: Function = sg.relu) -> Node:
    """Universal approximation to be fitted: mean (Z - y)², Z = Σ_k v_k ReLU(w_k x + b_k) + c.

    Variables: x and y ("N",), w, b and v (hidden,), c ().
    """
    x, y = sg.input("x", "N"), sg.input("y", "N")
    w, b, v = (sg.parameter(name, hidden) for name in "wbv")
    units = sg.let("n", function(x[:, None] * w + b))
    Z = sg.let("Z", units @ v + sg.parameter("c"))
    return sg.let("loss", sg.mean((Z - y) ** 2))
