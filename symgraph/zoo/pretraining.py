"""Greedy pretraining of a deep network, layer by layer, and its fine-tuning as a whole."""

from __future__ import annotations

from typing import NamedTuple

import symgraph as sg
from symgraph.node import Node
from symgraph.zoo.options import Size, Sizes, system

__all__ = ["Pretraining", "linear_autoencoder", "pretraining"]


class Pretraining(NamedTuple):
    """What is trained one after the other, and the whole network with nothing frozen, `loss`.

    The same parameters have the same names in all of them.
    """

    stages: tuple[Node, ...]
    code: Node
    loss: Node


@system()
def pretraining(sizes: Sizes = (5, 3, 2)) -> Pretraining:
    """A stack of autoencoders on batches, trained stage by stage; then a classifier, fine-tuned.

    Stage k reconstructs the code below it, E_k = ½ mean ‖ĥ - h‖², while that code is frozen; codes
    are h_k = σ(h_{k-1} W_kᵀ + b_k). The last stage is the logistic classifier L of the last code;
    the loss is that of the classifier again, but flows through all layers.
    Variables: x ("N", the first size), y ("N",), W_k, b_k (encoders), V_k, c_k (decoders), u (the
    last size), d ().
    """
    x, y = sg.input("x", ("N", sizes[0])), sg.input("y", "N")
    u, d = sg.parameter("u", sizes[-1], init="zeros"), sg.parameter("d", init="zeros")
    stages: list[Node] = []
    frozen = tuned = x
    for k in range(1, len(sizes)):
        W = sg.parameter(f"W{k}", (sizes[k], sizes[k - 1]))
        V = sg.parameter(f"V{k}", (sizes[k - 1], sizes[k]))
        b = sg.parameter(f"b{k}", sizes[k], init="zeros")
        c = sg.parameter(f"c{k}", sizes[k - 1], init="zeros")
        h = sg.let(f"h{k}", sg.sigmoid(frozen @ W.T + b))
        copy = sg.let(f"ĥ{k - 1}", sg.sigmoid(h @ V.T + c))
        stages.append(sg.let(f"E{k}", sg.mean(sg.sum((copy - frozen) ** 2, axis=1)) / 2))
        frozen, tuned = sg.stop_gradient(h), sg.let(f"h{k}", sg.sigmoid(tuned @ W.T + b))

    def classified(code: Node) -> Node:
        z = sg.let("z", code @ u + d)
        return sg.let("L", sg.binary_cross_entropy_with_logits(z, y))

    return Pretraining((*stages, classified(frozen)), tuned, classified(tuned))


@system()
def linear_autoencoder(inputs: Size = 4, factors: Size = 2) -> Node:
    """A linear autoencoder, E = ‖x W V - x‖²: its best factors span those of PCA.

    Variables: x ("N", inputs), W (inputs, factors), V (factors, inputs).
    """
    x = sg.input("x", ("N", inputs))
    z = sg.let("z", x @ sg.parameter("W", (inputs, factors)))
    return sg.let("E", sg.squared_norm(sg.let("x̂", z @ sg.parameter("V", (factors, inputs))) - x))
