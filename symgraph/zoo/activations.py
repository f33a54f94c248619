"""The activation functions, each a function of one number."""

from __future__ import annotations

from collections.abc import Callable

import symgraph as sg
from symgraph.node import Node
from symgraph.zoo.options import Number, Size, system

__all__ = [
    "elu",
    "leaky_relu",
    "maxout",
    "noisy_relu",
    "relu",
    "sigmoid",
    "softplus",
    "step",
    "tanh",
]


def _of_z(function: Callable[[Node], Node]) -> Node:
    return sg.let("f", function(sg.input("z")))


@system()
def sigmoid() -> Node:
    """The logistic function σ(z) = 1/(1 + exp(-z)); σ' = σ (1 - σ).

    Variables: z ().
    """
    return _of_z(sg.sigmoid)


@system()
def tanh() -> Node:
    """The hyperbolic tangent; tanh' = 1 - tanh².

    Variables: z ().
    """
    return _of_z(sg.tanh)


@system()
def relu() -> Node:
    """The rectified linear function max(0, z), whose derivative at 0 is 0.

    Variables: z ().
    """
    return _of_z(sg.relu)


@system()
def softplus() -> Node:
    """log(1 + exp(z)), a smooth relu; its derivative is σ(z).

    Variables: z ().
    """
    return _of_z(sg.softplus)


@system()
def leaky_relu(slope: Number = 0.01) -> Node:
    """z where z > 0, else a small multiple of z.

    Variables: z ().
    """
    return _of_z(lambda z: sg.leaky_relu(z, slope))


@system()
def elu() -> Node:
    """z where z > 0, else exp(z) - 1.

    Variables: z ().
    """
    return _of_z(sg.elu)


@system()
def step() -> Node:
    """1 where z ≥ 0, else 0; its derivative is 0.

    Variables: z ().
    """
    return _of_z(sg.step)


@system()
def maxout(pieces: Size = 3, features: Size = 2) -> Node:
    """The largest of some linear functions, max_k (W x)_k.

    Variables: W (pieces, features), x (features,).
    """
    return sg.let("f", sg.max(sg.parameter("W", (pieces, features)) @ sg.input("x", features)))


@system()
def noisy_relu(*, through: bool = True) -> Node:
    """max(0, z + √σ(z) ε), a relu with noise: ε is standard normal, so the variance is σ(z).

    `through`: whether the gradient flows through the standard deviation too.
    Variables: z and ε ().
    """
    return sg.let("f", sg.noisy_relu(sg.input("z"), noise=sg.input("ε"), through=through))
