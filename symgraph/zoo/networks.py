"""Small networks, each one expression."""

from __future__ import annotations

from typing import NamedTuple

import symgraph as sg
from symgraph.node import Node

__all__ = ["Classifier", "dense", "digits_cnn"]


class Classifier(NamedTuple):
    """A network with its loss: what goes in, what comes out, what is minimised."""

    x: Node
    y: Node
    logits: Node
    loss: Node


def dense(inputs: int = 2, hidden: int = 3, outputs: int = 2) -> Node:
    """Half the squared error of a network with one tanh layer, in column form.

    Variables: x (inputs,), y (outputs,), W_1, b_1, W_2, b_2.
    """
    x, y = sg.input("x", inputs), sg.input("y", outputs)
    W1, b1 = sg.parameter("W1", (hidden, inputs)), sg.parameter("b1", hidden)
    W2, b2 = sg.parameter("W2", (outputs, hidden)), sg.parameter("b2", outputs)
    h = sg.let("h", sg.tanh(sg.let("net1", W1 @ x + b1)))
    prediction = sg.let("ŷ", W2 @ h + b2)
    return sg.let("loss", sg.sum((prediction - y) ** 2) / 2)


def digits_cnn(maps: tuple[int, int] = (16, 32)) -> Classifier:
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
