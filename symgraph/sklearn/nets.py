"""The models behind the estimators, built from sizes and settings and compiled once for each."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from symgraph.build import activations, conditions, contract, declare, losses, noise
from symgraph.build.indexing import pick
from symgraph.build.reductions import log_softmax, softmax
from symgraph.build.weighted import weighted_mean
from symgraph.dtypes import Dtype
from symgraph.errors import KindError, ShapeError
from symgraph.nn.layers import Activation, dense
from symgraph.node import Node
from symgraph.shapes import same_shape, shape_text
from symgraph.train.model import Model
from symgraph.train.program import Target

__all__ = ["Net", "model_of"]

_KEPT = 16  # models of each thread, of different sizes or settings


@dataclass(frozen=True)
class Net:
    """What decides the program of an estimator; equal ones share a model."""

    task: str  # a key of _TASKS
    features: int
    outputs: int
    hidden: tuple[int, ...]
    activation: Activation
    alpha: float
    build: Callable[..., Any] | None
    dtype: Dtype
    target: Target

    def model(self) -> Model:
        """A model of its own."""
        x = declare.input("x", ("N", self.features))
        weight = declare.input("weight", "N")
        return _TASKS[self.task](self, x, weight)

    def scores(self, x: Node) -> Node:
        """What the last layer gives: (N, outputs)."""
        if self.build is None:
            return dense(self.layers(x, self.hidden, "h"), self.outputs, "out")
        made = self.build(x, self.outputs)
        wanted = (x.shape[0], self.outputs)
        if not isinstance(made, Node):
            raise KindError(
                f"build: it returned a {type(made).__name__}, and it must return a node of shape "
                f"{shape_text(wanted)}. Return the scores of the last layer."
            )
        if not same_shape(made.shape, wanted):
            raise ShapeError(
                f"build: the node has shape {shape_text(made.shape)}, and it must have "
                f"{shape_text(wanted)}: a row of outputs for each sample of x."
            )
        return made

    def layers(self, x: Node, sizes: tuple[int, ...], name: str) -> Node:
        """Dense layers one after the other, each with the activation."""
        for number, units in enumerate(sizes, 1):
            x = dense(x, units, f"{name}{number}", self.activation)
        return x

    def finished(self, loss: Node, inputs: list[Node], outputs: dict[str, Node]) -> Model:
        """The model of a loss, with a penalty on the weights."""
        if self.alpha:
            model = Model(loss, inputs)
            matrices = [p for p in model.spec.parameters.values() if p.ndim > 1]
            for matrix in matrices:
                loss = loss + self.alpha / 2 * contract.squared_norm(matrix)
        return Model(loss, inputs, outputs, dtype=self.dtype, target=self.target)


def _classes(net: Net, x: Node, weight: Node) -> Model:
    """One class of several: cross-entropy of a softmax."""
    y = declare.input("y", "N", kind="integer")
    z = net.scores(x)
    loss = weighted_mean(-pick(log_softmax(z, 1), y, 1), weight)
    return net.finished(loss, [x, y, weight], {"score": z, "probability": softmax(z, 1)})


def _labels(net: Net, x: Node, weight: Node) -> Model:
    """Several labels, each there or not: cross-entropy of sigmoids."""
    y = declare.input("y", ("N", net.outputs))
    z = net.scores(x)
    loss = losses.binary_cross_entropy_with_logits(z, y, weight=weight)
    outputs = {"score": z, "probability": activations.sigmoid(z)}
    return net.finished(loss, [x, y, weight], outputs)


def _values(net: Net, x: Node, weight: Node) -> Model:
    """Numbers: half the mean squared error."""
    y = declare.input("y", ("N", net.outputs))
    out = net.scores(x)
    loss = losses.mean_squared_error(out, y, weight=weight) / 2
    return net.finished(loss, [x, y, weight], {"value": out})


def _code(net: Net, x: Node, weight: Node) -> Model:
    """An autoencoder: layers down to the code, and back in the opposite order."""
    code = net.layers(x, net.hidden, "down")
    restored = _restored(net, code)
    loss = losses.mean_squared_error(restored, x, weight=weight) / 2
    return net.finished(loss, [x, weight], {"code": code})


def _decode(net: Net, x: Node, weight: Node) -> Model:
    """The second half of an autoencoder alone."""
    code = declare.input("code", ("N", net.hidden[-1]))
    restored = _restored(net, code)
    return net.finished(contract.mean(restored), [code], {"restored": restored})


def _restored(net: Net, code: Node) -> Node:
    return dense(net.layers(code, net.hidden[-2::-1], "up"), net.features, "out")


def _rbm(net: Net, x: Node, weight: Node) -> Model:
    """A restricted Boltzmann machine by CD-1.

    The gradient of F(data) - F(sample), F the free energy and the sample fixed, is the one of
    contrastive divergence. Source: Hinton 2002, Training products of experts; Fischer and Igel
    2012, eq. 20 and 30.
    """
    (units,) = net.hidden
    W = declare.parameter("W", (net.features, units), init="normal")
    visible, hidden = declare.parameter("b", net.features), declare.parameter("c", units)

    def energy(v: Node) -> Node:
        return -(v @ visible) - contract.sum(activations.softplus(v @ W + hidden), 1)

    def draw(probability: Node, stream: int) -> Node:
        chance = noise.uniform(noise.key(), probability.shape, stream)
        return conditions.indicator(conditions.less(chance, probability))

    up = activations.sigmoid(x @ W + hidden)
    down = activations.sigmoid(draw(up, 0) @ contract.transpose(W) + visible)
    sample = declare.stop_gradient(draw(down, 1))
    loss = contract.mean(energy(x) - energy(sample))
    error = contract.mean((x - down) ** 2)
    return Model(
        loss, [x], {"code": up, "energy": energy(x)}, {"error": error},
        dtype=net.dtype, target=net.target,
    )  # fmt: skip


_TASKS: dict[str, Callable[[Net, Node, Node], Model]] = {
    "classes": _classes, "labels": _labels, "values": _values, "code": _code,
    "decode": _decode, "rbm": _rbm,
}  # fmt: skip


class _Models(threading.local):
    """The models of a thread, the ones used last."""

    def __init__(self) -> None:
        self.kept: OrderedDict[Net, Model] = OrderedDict()


_models = _Models()


def model_of(net: Net) -> Model:
    """The model of this thread for a net; its numbers are whatever was left in it."""
    kept = _models.kept
    if net not in kept:
        kept[net] = net.model()
        if len(kept) > _KEPT:
            kept.popitem(last=False)
    kept.move_to_end(net)
    return kept[net]
