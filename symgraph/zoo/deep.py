"""What makes networks deep: chains of layers, residual blocks, batch normalisation."""

from __future__ import annotations

import symgraph as sg
from symgraph.node import Node
from symgraph.zoo.convolution import Classifier
from symgraph.zoo.options import Count, Epsilon, Function, Size, Sizes, system

__all__ = [
    "batch_norm_net", "batch_normalised", "chain", "deep_autoencoder", "residual_block",
    "residual_chain", "residual_net",
]  # fmt: skip


@system()
def chain(depth: Count = 5, function: Function = sg.sigmoid) -> Node:
    """One function applied again and again, σ(σ(...σ(x))): each layer is a factor of the slope.

    Variables: x ().
    """
    h = sg.input("x")
    for k in range(1, depth + 1):
        h = sg.let(f"h{k}", function(h))
    return h


@system()
def residual_chain(depth: Count = 5, residual: bool = True) -> Node:
    """Layers v + tanh(v/2), or tanh(v/2) without the residual connection.

    Variables: v ().
    """
    v = sg.input("v")
    for k in range(1, depth + 1):
        layer = sg.tanh(v / 2)
        v = sg.let(f"v{k}", v + layer if residual else layer)
    return v


@system()
def residual_block(features: Size = 3) -> Node:
    """The sum of y = ReLU(F + x), F = W₂ ReLU(W₁ x): x acts along two paths.

    Variables: x (features,), W_1 and W_2 (features, features).
    """
    x = sg.input("x", features)
    W1, W2 = (sg.parameter(name, (features, features)) for name in ("W1", "W2"))
    F = sg.let("F", W2 @ sg.let("h", sg.relu(sg.let("net", W1 @ x))))
    return sg.let("L", sg.sum(sg.let("y", sg.relu(sg.let("r", F + x)))))


@system()
def deep_autoencoder(sizes: Sizes = (6, 4, 3, 2), tied: bool = False) -> Node:
    """An autoencoder made of a stack of machines, E = ½‖x̂ - x‖², to be tuned as a whole.

    The encoder h_k = σ(W_k h_{k-1} + b_k) ends in a linear code, the decoder goes the way back with
    V_k, c_k; `tied` decoders use W_kᵀ. With the sizes (2000, 500, 250, 125, 2) it has 2316752
    weights and biases.
    Variables: x (the first size), W_k, b_k, V_k, c_k.
    """
    h = x = sg.input("x", sizes[0])
    last = len(sizes) - 1
    weights: list[Node] = []
    for k in range(1, last + 1):
        weights.append(sg.parameter(f"W{k}", (sizes[k], sizes[k - 1])))
        net = weights[-1] @ h + sg.parameter(f"b{k}", sizes[k])
        h = sg.let(f"h{k}" if k < last else "z", sg.sigmoid(net) if k < last else net)
    for k in range(last, 0, -1):
        V = weights[k - 1].T if tied else sg.parameter(f"V{k}", (sizes[k - 1], sizes[k]))
        net = V @ h + sg.parameter(f"c{k}", sizes[k - 1])
        h = sg.let(f"ĥ{k - 1}" if k > 1 else "x̂", sg.sigmoid(net))
    return sg.let("E", sg.sum((h - x) ** 2) / 2)


@system()
def batch_normalised(epsilon: Epsilon = 1e-5) -> Node:
    """Batch normalisation of one value, y = γ x̂ + β, under a loss l with known ∂l/∂y = g.

    x̂ = (x - μ)/√(σ² + ε) with mean and variance over the batch, (1/m).
    Variables: x and g ("m",), γ and β ().
    """
    x, gamma, beta = sg.input("x", "m"), sg.parameter("γ"), sg.parameter("β")
    mu = sg.let("μ", sg.mean(x))
    variance = sg.let("v", sg.mean((x - mu) ** 2))
    normal = sg.let("x̂", (x - mu) / sg.sqrt(variance + epsilon))
    y = sg.let("y", gamma * normal + beta)
    return sg.let("l", sg.input("g", "m") @ y)


@system()
def residual_net(
    inputs: Size = 2, features: Size = 3, blocks: Count = 2, classes: Size = 2, *,
    residual: bool = True,
) -> Classifier:  # fmt: skip
    """A classifier of residual blocks h_k = ReLU(V_k ReLU(W_k h_{k-1}) + h_{k-1}) on h_0 = x A.

    `residual`: without it the same layers, and as many parameters, make a plain net.
    Variables: x ("N", inputs), y ("N",), A (inputs, features), W_k and V_k (features, features),
    B (features, classes).
    """
    x, y = sg.input("x", ("N", inputs)), sg.input("y", "N", kind="integer")
    h = x @ sg.parameter("A", (inputs, features))
    for k in range(1, blocks + 1):
        W, V = (sg.parameter(f"{name}{k}", (features, features)) for name in "WV")
        F = sg.let(f"F{k}", sg.relu(h @ W) @ V)
        h = sg.let(f"h{k}", sg.relu(F + h if residual else F))
    logits = sg.let("logits", h @ sg.parameter("B", (features, classes)))
    return Classifier(x, y, logits, sg.let("loss", sg.cross_entropy(logits, y)))


@system()
def batch_norm_net(inputs: Size = 2, hidden: Size = 3, classes: Size = 2) -> Classifier:
    """A classifier with batch normalisation before its ReLU: h = ReLU(BN(x W)), logits h V + c.

    In training the batch gives mean and variance, in prediction the means that training has kept.
    Variables: x ("N", inputs), y ("N",), W (inputs, hidden), gamma_bn and beta_bn (hidden,), V
    (hidden, classes), c (classes,), the states mean_bn and variance_bn (hidden,), and whether it is
    in training.
    """
    x, y = sg.input("x", ("N", inputs)), sg.input("y", "N", kind="integer")
    h = sg.relu(sg.nn.batch_norm(x @ sg.parameter("W", (inputs, hidden)), "bn"))
    logits = sg.let("logits", h @ sg.parameter("V", (hidden, classes)) + sg.parameter("c", classes))
    return Classifier(x, y, logits, sg.let("loss", sg.cross_entropy(logits, y)))
