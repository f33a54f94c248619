"""Feedforward networks, each one expression."""

from __future__ import annotations

import symgraph as sg
from symgraph.node import Node
from symgraph.zoo.options import Functions, Size, system

__all__ = [
    "dense", "feedforward", "linear_layers", "named_units", "quadratic_layers", "quadratic_unit",
    "six_relus", "two_three_one", "universal", "worked_example",
]  # fmt: skip


@system()
def dense(inputs: Size = 2, hidden: Size = 3, outputs: Size = 2) -> Node:
    """Half the squared error of a network with one tanh layer, in column form.

    Variables: x (inputs,), y (outputs,), W_1, b_1, W_2, b_2.
    """
    x, y = sg.input("x", inputs), sg.input("y", outputs)
    W1, b1 = sg.parameter("W1", (hidden, inputs)), sg.parameter("b1", hidden)
    W2, b2 = sg.parameter("W2", (outputs, hidden)), sg.parameter("b2", outputs)
    h = sg.let("h", sg.tanh(sg.let("net1", W1 @ x + b1)))
    prediction = sg.let("ŷ", W2 @ h + b2)
    return sg.let("loss", sg.sum((prediction - y) ** 2) / 2)


@system()
def feedforward(
    inputs: Size = 3,
    hidden: Size = 4,
    outputs: Size = 2,
    functions: Functions = (sg.tanh, sg.sigmoid),
) -> Node:
    """Half the squared error E of a network of two layers, h = f₁(net⁽¹⁾) and y = f₂(net⁽²⁾).

    net_j^(1) = Σ_m w_jm^(1) x_m, net_k^(2) = Σ_j w_kj^(2) h_j, E = ½ Σ_k (y_k - d_k)².
    Variables: x (inputs,), d (outputs,), W^(1) (hidden, inputs), W^(2) (outputs, hidden).
    """
    x, d = sg.input("x", inputs), sg.input("d", outputs)
    W1 = sg.parameter("W^(1)", (hidden, inputs))
    W2 = sg.parameter("W^(2)", (outputs, hidden))
    f1, f2 = functions
    h = sg.let("h", f1(sg.let("net^(1)", W1 @ x)))
    y = sg.let("y", f2(sg.let("net^(2)", W2 @ h)))
    return sg.let("E", sg.sum((y - d) ** 2) / 2)


@system()
def quadratic_unit() -> Node:
    """One logistic unit of a quadratic, f = σ(θ_0 + θ_1 x + θ_2 x²).

    Variables: θ_0, θ_1, θ_2 and x ().
    """
    theta0, theta1, theta2 = (sg.parameter(f"θ{k}") for k in range(3))
    x = sg.input("x")
    return sg.let("f", sg.sigmoid(theta0 + theta1 * x + theta2 * x**2))


@system()
def quadratic_layers() -> Node:
    """Two tanh units of quadratics under a logistic one, f = σ(θ_6 + θ_7 h_1 + θ_8 h_2).

    Variables: θ_0, ..., θ_8 and x ().
    """
    theta = [sg.parameter(f"θ{k}") for k in range(9)]
    x = sg.input("x")
    h1, h2 = (
        sg.let(f"h{k // 3 + 1}", sg.tanh(theta[k] + theta[k + 1] * x + theta[k + 2] * x**2))
        for k in (0, 3)
    )
    return sg.let("f", sg.sigmoid(theta[6] + theta[7] * h1 + theta[8] * h2))


@system()
def two_three_one() -> Node:
    """The 2-3-1 network with a weight for every edge, y = σ(Σ_j w_2-j σ(a_j)).

    a_j = w_1-1j x_1 + w_1-2j x_2 + b_1-j: the weight w_1-ij leads from input i to unit j.
    Variables: x_1, x_2, w_1-11, ..., w_1-23, b_1-1, b_1-2, b_1-3, w_2-1, w_2-2, w_2-3 ().
    """
    x1, x2 = sg.input("x1"), sg.input("x2")
    score: Node | None = None
    for j in (1, 2, 3):
        w1, w2 = sg.parameter(f"w_1-1{j}"), sg.parameter(f"w_1-2{j}")
        a = sg.let(f"a{j}", w1 * x1 + w2 * x2 + sg.parameter(f"b_1-{j}"))
        term = sg.parameter(f"w_2-{j}") * sg.let(f"h{j}", sg.sigmoid(a))
        score = term if score is None else score + term
    return sg.let("y", sg.sigmoid(score))


@system()
def named_units() -> Node:
    """A 2-3-2 network whose units have names: inputs λ, Ω, hidden A, B, C, outputs α, β.

    A unit's name is its output; the weight w_to,from leads between two units. Half the squared
    error E against the targets t_α and t_β.
    Variables: λ and Ω (), w_Aλ, w_AΩ, ..., w_CΩ, w_αA, ..., w_βC (), t_α and t_β ().
    """
    units = {name: sg.input(name) for name in ("λ", "Ω")}
    for layer, below in (("ABC", "λΩ"), ("αβ", "ABC")):
        for name in layer:
            net: Node | None = None
            for source in below:
                term = sg.parameter(f"w_{name}{source}") * units[source]
                net = term if net is None else net + term
            units[name] = sg.let(name, sg.sigmoid(sg.let(f"net_{name}", net)))
    errors = [(units[name] - sg.input(f"t_{name}")) ** 2 for name in "αβ"]
    return sg.let("E", (errors[0] + errors[1]) / 2)


@system()
def worked_example() -> Node:
    """The 2-2-1 network that the lecture computes by hand, with half its squared error.

    Variables: A, B and t (), w_3 and w_4 from A and B to the top unit, w_5 and w_6 to the bottom
    unit, w_1 and w_2 from these to the output ().
    """
    A, B = sg.input("A"), sg.input("B")
    w = {k: sg.parameter(f"w{k}") for k in range(1, 7)}
    o1 = sg.let("o1", sg.sigmoid(sg.let("net1", w[3] * A + w[4] * B)))
    o2 = sg.let("o2", sg.sigmoid(sg.let("net2", w[5] * A + w[6] * B)))
    o = sg.let("o", sg.sigmoid(sg.let("net", w[1] * o1 + w[2] * o2)))
    return sg.let("E", (sg.input("t") - o) ** 2 / 2)


@system()
def six_relus() -> Node:
    """Six rectified units whose signed sum comes near to x³ + x² - x - 1 on [-1.5, 1.5].

    Variables: x ().
    """
    x = sg.input("x")
    lines = ((-5, -7.7), (-1.2, -1.3), (1.2, 1), (1.2, -0.2), (2, -1.1), (5, -5))
    units = [sg.let(f"n{k}", sg.relu(a * x + b)) for k, (a, b) in enumerate(lines, 1)]
    n1, n2, n3, n4, n5, n6 = units
    return sg.let("Z", -n1 - n2 - n3 + n4 + n5 + n6)


@system()
def linear_layers(inputs: Size = 2, hidden: Size = 3, outputs: Size = 2) -> Node:
    """Two linear layers are one: y = B (A x) = (B A) x, under E = ½‖y - d‖².

    That is why there are activation functions.
    Variables: x (inputs,), d (outputs,), A (hidden, inputs), B (outputs, hidden).
    """
    A, B = sg.parameter("A", (hidden, inputs)), sg.parameter("B", (outputs, hidden))
    y = sg.let("y", B @ sg.let("h", A @ sg.input("x", inputs)))
    return sg.let("E", sg.squared_norm(y - sg.input("d", outputs)) / 2)


@system()
def universal(inputs: Size = 2, hidden: Size = 3) -> Node:
    """The universal approximator l₂ = tanh(W₂ l₁ + b₂) of l₁ = tanh(W₁ x + b₁), summed.

    Variables: x (inputs,), W_1 (hidden, inputs), b_1 (hidden,), W_2 (1, hidden), b_2 (1,).
    """
    x = sg.input("x", inputs)
    W1, b1 = sg.parameter("W1", (hidden, inputs)), sg.parameter("b1", hidden)
    W2, b2 = sg.parameter("W2", (1, hidden)), sg.parameter("b2", 1)
    l1 = sg.let("l1", sg.tanh(W1 @ x + b1))
    return sg.let("L", sg.sum(sg.let("l2", sg.tanh(W2 @ l1 + b2))))
