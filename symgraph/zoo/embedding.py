"""Word vectors."""

from __future__ import annotations

import symgraph as sg
from symgraph.node import Node
from symgraph.zoo.options import Count, Length, Size, system

__all__ = ["cbow", "cbow_vectors"]


@system()
def cbow(words: Size = 5, features: Size = 3, context: Count = 3) -> Node:
    """CBOW with its full softmax: h = (1/C) Wᵀ(x_1 + ... + x_C), E = -u·t + log Σ_j exp(u_j).

    u_j = v'_j·h is the score of word j; v'_j is column j of W'. Context words and the target are
    one-hot columns.
    Variables: x_1, ..., x_C and t (words,), W (words, features), W' (features, words).
    """
    W, W_out = sg.parameter("W", (words, features)), sg.parameter("W'", (features, words))
    total = sg.input("x1", words)
    for c in range(2, context + 1):
        total = total + sg.input(f"x{c}", words)
    h = sg.let("h", W.T @ total / context)
    u = sg.let("u", W_out.T @ h)
    return sg.let("E", sg.logsumexp(u) - u @ sg.input("t", words))


@system()
def cbow_vectors(words: Size = 5, features: Size = 3, context: Length = "C") -> Node:
    """CBOW by the vectors of its context words, the rows v_c of V: h = (1/C) Σ_c v_c.

    Variables: V (context, features), W' (features, words), t (words,).
    """
    h = sg.let("h", sg.mean(sg.parameter("V", (context, features)), axis=0))
    u = sg.let("u", sg.parameter("W'", (features, words)).T @ h)
    return sg.let("E", sg.logsumexp(u) - u @ sg.input("t", words))
