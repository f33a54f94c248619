"""Where the lectures point ahead: attention, layer normalisation and a small Transformer."""

from __future__ import annotations

import symgraph as sg
from symgraph.node import Node
from symgraph.zoo.convolution import Classifier
from symgraph.zoo.options import Count, Epsilon, Length, Size, system

__all__ = ["attention", "layer_normalised", "transformer"]


def _attended(Q: Node, K: Node, V: Node, causal: bool) -> tuple[Node, Node]:
    """The weights A = softmax(Q Kᵀ/√d) row by row, and A V. Causal: no row sees a later one."""
    score = Q @ K.T / sg.sqrt(sg.const(K.shape[1]))
    if causal:
        score = sg.where(sg.arange(Q.shape[0])[:, None] >= sg.arange(K.shape[0]), score, -1e9)
    A = sg.let("A", sg.softmax(score, axis=1))
    return A, A @ V


@system()
def attention(features: Size = 2, queries: Length = 2, keys: Length = 3) -> Node:
    """Scaled dot-product attention, Y = A V with A = softmax(Q Kᵀ/√d), under ½‖Y - D‖².

    Each row of A are the weights, in sum 1, with which a query looks at the values.
    Variables: Q and D (queries, features), K and V (keys, features).
    """
    Q, D = (sg.input(name, (queries, features)) for name in ("Q", "D"))
    K, V = (sg.input(name, (keys, features)) for name in ("K", "V"))
    _, Y = _attended(Q, K, V, causal=False)
    return sg.let("L", sg.squared_norm(sg.let("Y", Y) - D) / 2)


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
    words: Size = 5, features: Size = 4, heads: Count = 2, hidden: Size = 8, steps: Size = 4
) -> Classifier:
    """A small Transformer, which predicts every next word from those before.

    X = E[ids] + P; for each head i, H_i = softmax(Q_i K_iᵀ/√d) V_i with Q_i = X̄ W_Qi and so on,
    where no word sees a later one; X′ = X + Σ_i H_i W_Oi, X″ = X′ + ReLU(X̄′ W_1 + b_1) W_2 + b_2,
    logits = X̄″ V. A bar is layer normalisation.
    Variables: the word ids and the next words y (steps,), E (words, features), the places P (steps,
    features), for each head W_Qi, W_Ki, W_Vi (features, d), W_Oi (d, features), d = features //
    heads, γ_k and β_k (features,), W_1 (features, hidden), b_1 (hidden,), W_2
    (hidden, features), b_2 (features,), V (features, words).
    """
    ids, y = (sg.input(name, (steps,), kind="integer") for name in ("ids", "y"))
    d = features // heads

    def normal(X: Node, k: int) -> Node:
        gamma = sg.parameter(f"γ{k}", features, init="ones")
        return sg.layer_norm(X, gamma, sg.parameter(f"β{k}", features, init="zeros"))

    X = sg.take(sg.parameter("E", (words, features)), ids) + sg.parameter("P", (steps, features))
    X = sg.let("X", X)
    seen = sg.let("X̄1", normal(X, 1))
    for i in range(1, heads + 1):
        Q, K, V = (seen @ sg.parameter(f"W_{part}{i}", (features, d)) for part in "QKV")
        _, H = _attended(Q, K, V, causal=True)
        X = X + sg.let(f"H{i}", H) @ sg.parameter(f"W_O{i}", (d, features))
    X = sg.let("X′", X)
    W1, b1 = sg.parameter("W1", (features, hidden)), sg.parameter("b1", hidden)
    W2, b2 = sg.parameter("W2", (hidden, features)), sg.parameter("b2", features)
    X = sg.let("X″", X + sg.relu(sg.let("X̄2", normal(X, 2)) @ W1 + b1) @ W2 + b2)
    logits = sg.let("logits", sg.let("X̄3", normal(X, 3)) @ sg.parameter("V", (features, words)))
    return Classifier(ids, y, logits, sg.let("L", sg.cross_entropy(logits, y)))
