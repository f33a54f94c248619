"""Convolution, pooling and shared weights."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal, NamedTuple

import numpy as np

import symgraph as sg
from symgraph.node import Node
from symgraph.zoo.options import Function, Several, Share, Size, Whole, system

__all__ = [
    "Classifier", "centre_surround", "conv_classifier", "conv_layer", "deep_digits_cnn",
    "digits_cnn", "kernel_response", "lenet", "max_pooled", "mean_pooled", "shared_weights",
    "text_classifier",
]  # fmt: skip


class Classifier(NamedTuple):
    """A network with its loss: what goes in, what comes out, what is minimised."""

    x: Node
    y: Node
    logits: Node
    loss: Node


@system()
def kernel_response(size: Size = 7) -> Node:
    """The response of one kernel to a patch of its size: the sum of their products.

    Variables: K and X (size, size).
    """
    return sg.let("y", sg.sum(sg.parameter("K", (size, size)) * sg.input("X", (size, size))))


@system(kernel=lambda size: size)
def conv_layer(size: Size = 5, kernel: Size = 3) -> Node:
    """The sum of the feature map of one kernel moved over an image.

    Variables: X (size, size), K (kernel, kernel).
    """
    X, K = sg.input("X", (size, size)), sg.parameter("K", (kernel, kernel))
    return sg.let("L", sg.sum(sg.let("Y", sg.conv2d(X, K))))


@system()
def centre_surround(
    size: Annotated[int, Whole(3)] = 3, centre: Literal["on", "off"] = "on"
) -> Node:
    """Cells that see a centre and what surrounds it: the sum of X ★ K, 8 amid eight -1.

    Light in the centre alone switches such a cell on, light around it off, light everywhere leaves
    it at rest. `centre`: with off it is the other way round, -8 amid eight 1.
    Variables: X (size, size).
    """
    sign = 1 if centre == "on" else -1
    K = sg.let("K", sg.const(sign * np.array([[-1.0, -1, -1], [-1, 8, -1], [-1, -1, -1]])))
    return sg.let("L", sg.sum(sg.let("Y", sg.conv2d(sg.input("X", (size, size)), K))))


@system(kernel=lambda size: size)
def shared_weights(size: Size = 5, kernel: Size = 3) -> Node:
    """The sum of a feature map in one dimension: every unit has the same few weights.

    Variables: x (size,), w (kernel,).
    """
    x, w = sg.input("x", size), sg.parameter("w", kernel)
    return sg.let("L", sg.sum(sg.let("y", sg.conv1d(x, w))))


@system(window=lambda size: size)
def max_pooled(size: Size = 10, window: Size = 10) -> Node:
    """The sum of the largest values of all windows; the window may be the whole image.

    Variables: A (size, size).
    """
    A = sg.input("A", (size, size))
    pooled = sg.max(A) if window == size else sg.sum(sg.max_pool2d(A, window))
    return sg.let("L", pooled)


@system(window=lambda size: size)
def mean_pooled(size: Size = 10, window: Size = 10) -> Node:
    """The sum of the means of all windows; the window may be the whole image.

    Variables: A (size, size).
    """
    A = sg.input("A", (size, size))
    pooled = sg.mean(A) if window == size else sg.sum(sg.mean_pool2d(A, window))
    return sg.let("L", pooled)


@system(kernel=lambda size: size, window=lambda size, kernel: size - kernel + 1)
def conv_classifier(
    size: Size = 6, maps: Size = 2, kernel: Size = 3, window: Size = 2, classes: Size = 3
) -> Classifier:
    """Convolution, ReLU, max pooling and a full connection, with the cross-entropy of one image.

    Variables: X (size, size), the label y, K (maps, kernel, kernel), b_K (maps,), W_f (classes,
    units) and b_f (classes,).
    """
    X, label = sg.input("X", (size, size)), sg.input("y", kind="integer")
    K, bK = sg.parameter("K", (maps, kernel, kernel)), sg.parameter("b_K", maps)
    Z = sg.let("Z", sg.conv2d(X, K) + bK[:, None, None])
    P = sg.let("P", sg.max_pool2d(sg.let("A", sg.relu(Z)), window))
    p = sg.let("p", sg.flatten(P))
    Wf = sg.parameter("W_f", (classes, p.shape[0]))
    logits = sg.let("z", Wf @ p + sg.parameter("b_f", classes))
    return Classifier(X, label, logits, sg.let("L", sg.cross_entropy(logits, label)))


@system(widths=lambda length: length)
def text_classifier(
    words: Size = 6,
    length: Size = 5,
    embedding: Size = 3,
    widths: Annotated[Sequence[int], Several(Whole())] = (2, 3),
    maps: Size = 2,
    classes: Size = 2,
) -> Classifier:
    """Kernels over neighbouring words, the maximum over time, a full connection.

    Variables: the word ids (length,), the label y, E (words, embedding), for each width n
    K_n (maps, embedding, n) and b_n (maps,), W_f (classes, features).
    """
    ids, label = sg.input("ids", length, kind="integer"), sg.input("y", kind="integer")
    x = sg.let("x", sg.take(sg.parameter("E", (words, embedding)), ids).T)
    features: list[Node] = []
    for n in widths:
        K, b = sg.parameter(f"K{n}", (maps, embedding, n)), sg.parameter(f"b{n}", maps)
        c = sg.let(f"c{n}", sg.tanh(sg.conv1d(x, K) + b[:, None]))
        features.append(sg.max(c, axis=1))
    p = sg.let("p", sg.concat(features))
    logits = sg.let("z", sg.parameter("W_f", (classes, maps * len(widths))) @ p)
    return Classifier(ids, label, logits, sg.let("L", sg.cross_entropy(logits, label)))


@system()
def digits_cnn(maps: Annotated[tuple[int, ...], Several(Whole(), 2, 2)] = (16, 32)) -> Classifier:
    """A convolutional network for the 8x8 digits.

    Two layers of 3x3 kernels with ReLU and 2x2 max pooling, then ten scores.
    Variables: image ("N", 8, 8), label ("N",), K_1, c_1, K_2, c_2, W, b.
    """
    first, second = maps
    image = sg.input("image", ("N", 8, 8))
    label = sg.input("label", ("N",), kind="integer")
    K1, c1 = sg.parameter("K1", (first, 1, 3, 3)), sg.parameter("c1", (first, 1, 1))
    K2, c2 = sg.parameter("K2", (second, first, 3, 3)), sg.parameter("c2", (second, 1, 1))
    W, b = sg.parameter("W", (4 * second, 10)), sg.parameter("b", 10)
    x = sg.reshape(image, ("N", 1, 8, 8))
    h1 = sg.max_pool2d(sg.relu(sg.conv2d(x, K1, padding=1) + c1), 2)
    h2 = sg.max_pool2d(sg.relu(sg.conv2d(h1, K2, padding=1) + c2), 2)
    logits = sg.let("logits", sg.reshape(h2, ("N", 4 * second)) @ W + b)
    loss = sg.let("loss", sg.cross_entropy(logits, label))
    return Classifier(image, label, logits, loss)


@system()
def lenet(classes: Size = 10, function: Function = sg.tanh) -> Classifier:
    """LeNet-5 for images of 28 x 28: twice convolution and mean pooling, then three full layers.

    6 maps of 5x5 kernels (the image padded by 2), 16 maps of 5x5, then 120, 84 and the classes: for
    ten of these 61 706 weights and biases. Every map of the second layer sees all six, as is usual
    today.
    Variables: image ("N", 28, 28), label ("N",), K_1, c_1, K_2, c_2, W_3, b_3, W_4, b_4, W_5, b_5.
    """
    image, label = sg.input("image", ("N", 28, 28)), sg.input("label", "N", kind="integer")
    h = sg.reshape(image, ("N", 1, 28, 28))
    for k, maps, below, padding in ((1, 6, 1, 2), (2, 16, 6, 0)):
        K, c = sg.parameter(f"K{k}", (maps, below, 5, 5)), sg.parameter(f"c{k}", (maps, 1, 1))
        h = sg.let(f"h{k}", sg.mean_pool2d(function(sg.conv2d(h, K, padding=padding) + c), 2))
    h = sg.reshape(h, ("N", 400))
    for k, units, below in ((3, 120, 400), (4, 84, 120), (5, classes, 84)):
        net = h @ sg.parameter(f"W{k}", (below, units)) + sg.parameter(f"b{k}", units)
        h = sg.let(f"h{k}", function(net)) if k < 5 else sg.let("logits", net)
    return Classifier(image, label, h, sg.let("loss", sg.cross_entropy(h, label)))


@system()
def deep_digits_cnn(
    maps: Annotated[tuple[int, ...], Several(Whole(), 3, 3)] = (32, 32, 64),
    hidden: Size = 128,
    dropout: Share = 0.3,
) -> Classifier:
    """A deeper convolutional network for the 8x8 digits, with dropout before its full layers.

    Two layers of 3x3 kernels with ReLU, 2x2 max pooling, a third layer, pooling, hidden units, ten
    scores. In training the share `dropout` of what both full layers read is left out.
    Variables: image ("N", 8, 8), label ("N",), W_conv1, b_conv1, ..., W_hidden, b_hidden,
    W_logits, b_logits; training and key, which the training loop supplies.
    """
    image = sg.input("image", ("N", 8, 8))
    label = sg.input("label", ("N",), kind="integer")
    h = sg.reshape(image, ("N", 1, 8, 8))
    for k, (count, window) in enumerate(zip(maps, (1, 2, 2), strict=True), 1):
        h = sg.nn.conv2d(h, count, 3, f"conv{k}", "relu", padding=1)
        h = sg.max_pool2d(h, window) if window > 1 else h
    h = sg.nn.dense(sg.dropout(sg.nn.flatten(h), dropout), hidden, "hidden", "relu")
    logits = sg.nn.dense(sg.dropout(h, dropout), 10, "logits")
    return Classifier(image, label, logits, sg.let("loss", sg.cross_entropy(logits, label)))
