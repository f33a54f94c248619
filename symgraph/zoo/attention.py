"""Where the lectures point ahead: attention, layer normalisation and a small Transformer."""

from __future__ import annotations

import symgraph as sg
from symgraph.node import Node
from symgraph.zoo.convolution import Classifier
from symgraph.zoo.options import Count, Epsilon, Length, Size, system

__all__ = ["attention", "layer_normalised", "transformer"]


def _attended(Q: Node, K: Node, V: Node, mark: str = "", causal: bool = False) -> Node:
    """A V with A = softmax(Q Kᵀ/√d) row by row. Causal: no row sees a later one."""
    score = Q @ K.T / sg.sqrt(sg.const(K.shape[1]))
    if causal:
        score = sg.where(sg.arange(Q.shape[0])[:, None] >= sg.arange(K.shape[0]), score, -1e9)
    return sg.let(f"A{mark}", sg.softmax(score, axis=1)) @ V


@system()
def attention(features: Size = 2, queries: Length = 2, keys: Length = 3) -> Node:
    """Scaled dot-product attention, Y = A V with A = softmax(Q Kᵀ/√d), under ½‖Y - D‖².

    Each row of A are the weights, in sum 1, with which a query looks at the values.
    Variables: Q and D (queries, features), K and V (keys, features).
    """
    Q, D = (sg.input(name, (queries, features)) for name in ("Q", "D"))
    K, V = (sg.input(name, (keys, features)) for name in ("K", "V"))
    Y = sg.let("Y", _attended(Q, K, V))
    return sg.let("L", sg.squared_norm(Y - D) / 2)


@system()
def layer_normalised(features: Size = 3, epsilon: Epsilon = 1e-5) -> Node:
    """Layer normalisation of one case, y = γ ⊙ (x - μ)/√(v + ε) + β, under a loss l with ∂l/∂y = g.

    Mean and variance are over the features, not over a batch.
    Variables: x, g, γ and β (features,).
    """
    x, g = (sg.input(name, features) for name in ("x", "g"))
    gamma, beta = (sg.parameter(name, features) for name in ("γ", "β"))
    mu = sg.let("μ", sg.mean(x))
    v = sg.let("v", sg.mean((x - mu) ** 2))
    y = sg.let("y", gamma * ((x - mu) / sg.sqrt(v + epsilon)) + beta)
    return sg.let("l", g @ y)


@system(heads=lambda features: features)
def transformer(
    words: Size = 5, features: Size = 4, heads: Count = 2, hidden: Size = 8, steps: Size = 4,
    layers: Count = 1,
) -> Classifier:  # fmt: skip
    """A small Transformer, which predicts every next word from those before.

    X = E[ids] + P; for each head i, H_i = softmax(Q_i K_iᵀ/√d) V_i with Q_i = X̄ W_Qi and so on,
    where no word sees a later one; X′ = X + Σ_i H_i W_Oi, X″ = X′ + ReLU(X̄′ W_1 + b_1) W_2 + b_2,
    logits = X̄″ V. A bar is layer normalisation. Of several layers each reads the X″ of the one
    below, and its number stands behind its names, as in W_1^(2).
    Variables: the word ids and the next words y (steps,), E (words, features), the places P (steps,
    features), for each head W_Qi, W_Ki, W_Vi (features, d), W_Oi (d, features), d = features //
    heads, γ_k and β_k (features,), W_1 (features, hidden), b_1 (hidden,), W_2
    (hidden, features), b_2 (features,), V (features, words).
    """
    ids, y = (sg.input(name, (steps,), kind="integer") for name in ("ids", "y"))
    X = sg.take(sg.parameter("E", (words, features)), ids) + sg.parameter("P", (steps, features))
    X = sg.let("X", X)
    for layer in range(1, layers + 1):
        X = _layer(X, heads, hidden, f"^({layer})" if layers > 1 else "")
    logits = _normal(X, "3") @ sg.parameter("V", (features, words))
    logits = sg.let("logits", logits)
    return Classifier(ids, y, logits, sg.let("L", sg.cross_entropy(logits, y)))


def _layer(X: Node, heads: int, hidden: int, mark: str) -> Node:
    """Attention and a net of one hidden layer, each added to what it has read."""
    features = int(X.shape[1])
    d = features // heads
    seen = _normal(X, f"1{mark}")
    for i in range(1, heads + 1):
        Q, K, V = (seen @ sg.parameter(f"W_{part}{i}{mark}", (features, d)) for part in "QKV")
        H = sg.let(f"H{i}{mark}", _attended(Q, K, V, f"{i}{mark}", causal=True))
        X = X + H @ sg.parameter(f"W_O{i}{mark}", (d, features))
    X = sg.let(f"X′{mark}", X)
    W1, b1 = sg.parameter(f"W1{mark}", (features, hidden)), sg.parameter(f"b1{mark}", hidden)
    W2, b2 = sg.parameter(f"W2{mark}", (hidden, features)), sg.parameter(f"b2{mark}", features)
    return sg.let(f"X″{mark}", X + (sg.relu(_normal(X, f"2{mark}") @ W1 + b1) @ W2 + b2))


def _normal(X: Node, mark: str) -> Node:
    gamma = sg.parameter(f"γ{mark}", X.shape[1], init="ones")
    beta = sg.parameter(f"β{mark}", X.shape[1], init="zeros")
    return sg.let(f"X̄{mark}", sg.layer_norm(X, gamma, beta))
