"""Networks that read one text: the next letters, tags of words; and classes of sentences."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import symgraph as sg
from symgraph.node import Node
from symgraph.zoo.convolution import Classifier
from symgraph.zoo.options import Length, Several, Size, Whole, system

__all__ = ["hello", "sentence_classifier", "tagger"]


@system()
def hello(letters: Size = 4, hidden: Size = 3, steps: Length = "T") -> Classifier:
    """A recurrent net that learns to spell: it reads "hell" and tells the next letters, "ello".

    h_t = tanh(u_t + W h_{t-1} + b) from 0, where u_t is the row of U for the letter x_t; the scores
    of the next letter are z_t = V h_t + c, L is the sum of the cross-entropies of softmax(z_t).
    Variables: the letters x and the next letters y (steps,), U (letters, hidden), W (hidden,
    hidden), b (hidden,), V (letters, hidden), c (letters,).
    """
    x, y = (sg.input(name, (steps,), kind="integer") for name in ("x", "y"))
    u = sg.let("u", sg.take(sg.parameter("U", (letters, hidden)), x))
    W, b = sg.parameter("W", (hidden, hidden)), sg.parameter("b", hidden, init="zeros")
    V, c = sg.parameter("V", (letters, hidden)), sg.parameter("c", letters, init="zeros")
    run = sg.scan(lambda h, u: sg.let("h", sg.tanh(u + W @ h + b)), sg.zeros(hidden), u)
    z = sg.let("z", run.states @ V.T + c)
    L = sg.let("L", sg.sum(sg.logsumexp(z, axis=1) - sg.pick(z, y)))
    return Classifier(x, y, z, L)


@system()
def tagger(
    words: Size = 6, features: Size = 3, hidden: Size = 2, tags: Size = 3, steps: Length = "T"
) -> Classifier:
    """Named-entity tagging: a tag for every word, from what is left and right of it.

    h_t = tanh(U w_t + W h_{t-1}), g_t = tanh(U_g w_t + W_g g_{t+1}) and z_t = V [h_t, g_t] with the
    vectors w = E[ids]; L is the mean cross-entropy of the tags.
    Variables: the word numbers ids and the tags y (steps,), E (words, features), U, U_g (hidden,
    features), W, W_g (hidden, hidden), V (tags, 2 hidden).
    """
    ids, y = (sg.input(name, (steps,), kind="integer") for name in ("ids", "y"))
    w = sg.let("w", sg.take(sg.parameter("E", (words, features)), ids))
    U, U_g = (sg.parameter(name, (hidden, features)) for name in ("U", "U_g"))
    W, W_g = (sg.parameter(name, (hidden, hidden)) for name in ("W", "W_g"))
    start, V = sg.zeros(hidden), sg.parameter("V", (tags, 2 * hidden))
    left = sg.scan(lambda h, w: sg.let("h", sg.tanh(U @ w + W @ h)), start, w)
    right = sg.scan(lambda g, w: sg.let("g", sg.tanh(U_g @ w + W_g @ g)), start, w, reverse=True)
    z = sg.let("z", sg.concat([left.states, right.states], axis=1) @ V.T)
    return Classifier(ids, y, z, sg.let("L", sg.cross_entropy(z, y)))


@system(widths=lambda length: length)
def sentence_classifier(
    words: Size = 6,
    length: Size = 5,
    features: Size = 3,
    widths: Annotated[Sequence[int], Several(Whole())] = (2, 3),
    maps: Size = 2,
    classes: Size = 2,
) -> Classifier:
    """TextCNN for batches of sentences: kernels over neighbouring words, the maximum over time.

    Variables: the word ids x ("N", length), the labels y ("N",), E (words, features), for each
    width n K_n (maps, features, n) and b_n (maps, 1), W (features, classes), c (classes,).
    """
    x, y = sg.input("x", ("N", length), kind="integer"), sg.input("y", "N", kind="integer")
    rows = sg.swapaxes(sg.take(sg.parameter("E", (words, features)), x), 1, 2)
    found: list[Node] = []
    for n in widths:
        K, b = sg.parameter(f"K{n}", (maps, features, n)), sg.parameter(f"b{n}", (maps, 1))
        found.append(sg.max(sg.let(f"c{n}", sg.tanh(sg.conv1d(rows, K) + b)), axis=2))
    W, c = sg.parameter("W", (maps * len(widths), classes)), sg.parameter("c", classes)
    z = sg.let("z", sg.let("p", sg.concat(found, axis=1)) @ W + c)
    return Classifier(x, y, z, sg.let("L", sg.cross_entropy(z, y)))
