"""Word vectors."""

from __future__ import annotations

import symgraph as sg
from symgraph.node import Node
from symgraph.zoo.options import Count, Length, Size, system

__all__ = ["cbow", "cbow_lookup", "cbow_negative", "cbow_vectors"]


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


def _mean_of_context(words: int, features: int, context: int) -> Node:
    """h: the mean of the vectors of the context words, for every sample."""
    ids = sg.input("context", ("N", context), kind="integer")
    return sg.let("h", sg.mean(sg.take(sg.parameter("W", (words, features)), ids), axis=1))


@system()
def cbow_lookup(words: Size = 5, features: Size = 3, context: Size = 3) -> Node:
    """CBOW with word numbers, in batches: h is a mean of rows of W, which alone are changed.

    A word that stands twice in its context counts twice. E is the mean over the samples.
    Variables: the numbers of the context words context ("N", context) and of the word in the middle
    target ("N",), W (words, features), W' (features, words).
    """
    h = _mean_of_context(words, features, context)
    u = sg.let("u", h @ sg.parameter("W'", (features, words)))
    return sg.let("E", sg.cross_entropy(u, sg.input("target", "N", kind="integer")))


@system()
def cbow_negative(
    words: Size = 5, features: Size = 3, context: Size = 3, negatives: Size = 2
) -> Node:
    """CBOW with negative sampling: E = -log σ(v'_o·h) - Σ_k log σ(-v'_k·h) over drawn words k.

    Instead of all words only the one in the middle, o, and a few others get scores.
    Variables: the numbers context ("N", context), target ("N",) and negative ("N", negatives) of
    words, W and W' (words, features).
    """
    h = _mean_of_context(words, features, context)
    out = sg.parameter("W'", (words, features))
    target = sg.input("target", "N", kind="integer")
    drawn = sg.input("negative", ("N", negatives), kind="integer")
    right = sg.let("u", sg.sum(sg.take(out, target) * h, axis=1))
    wrong = sg.let("n", sg.sum(sg.take(out, drawn) * h[:, None, :], axis=2))
    return sg.let("E", sg.mean(sg.softplus(-right) + sg.sum(sg.softplus(wrong), axis=1)))
