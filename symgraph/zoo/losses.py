"""The losses of the lectures, in their notation, with the values that they name."""

from __future__ import annotations

from typing import Any, NamedTuple

import symgraph as sg
from symgraph.node import Node
from symgraph.zoo.options import Count, Size, system

__all__ = [
    "Classified",
    "half_squared",
    "hinge",
    "regularised",
    "softmax_loss",
    "squared",
    "two_layer",
]


@system()
def hinge(features: Size = 2) -> Node:
    """The hinge loss max{1 - W·φ(x) y, 0} with its score and margin named.

    Variables: W and φ(x) (features,), y ().

    >>> import symgraph as sg
    >>> print(hinge())
    max(1 - margin, 0)
    """
    W, phi = sg.parameter("W", features), sg.input("φ(x)", features)
    score = sg.let("score", W @ phi)
    margin = sg.let("margin", score * sg.input("y"))
    return sg.let("loss", sg.maximum(1 - margin, 0))


@system()
def squared(features: Size = 2) -> Node:
    """The squared loss (W·φ(x) - y)² with its residual named.

    Variables: W and φ(x) (features,), y ().
    """
    W, phi = sg.parameter("W", features), sg.input("φ(x)", features)
    residual = sg.let("residual", W @ phi - sg.input("y"))
    return sg.let("loss", residual**2)


@system()
def regularised(features: Size = 2) -> Node:
    """The squared loss over N samples with the penalty λ‖W‖².

    Variables: Φ ("N", features), y ("N",), W (features,), λ ().
    """
    W, phi = sg.parameter("W", features), sg.input("Φ", ("N", features))
    residual = sg.let("residual", phi @ W - sg.input("y", "N"))
    penalty = sg.input("λ") * sg.squared_norm(W)
    return sg.let("loss", sg.squared_norm(residual) + penalty)


@system()
def two_layer(hidden: Count = 2, features: Size = 2) -> Node:
    """The squared loss of a two-layer network, (Σ_j w_j σ(v_j·φ(x)) - y)².

    Variables: v_1, v_2, ... and φ(x) (features,); w_1, w_2, ... and y ().
    """
    phi = sg.input("φ(x)", features)
    terms: list[Node] = []
    for j in range(1, hidden + 1):
        h = sg.let(f"h{j}", sg.sigmoid(sg.parameter(f"v{j}", features) @ phi))
        terms.append(sg.parameter(f"w{j}") * h)
    score = terms[0]
    for term in terms[1:]:
        score = score + term
    residual = sg.let("residual", score - sg.input("y"))
    return sg.let("loss", residual**2)


@system()
def half_squared(features: Size = 2) -> Node:
    """Half the squared error of a logistic unit against a binary target, ½(y - f)².

    Variables: w and x (features,), b and y ().
    """
    w, x = sg.parameter("w", features), sg.input("x", features)
    f = sg.let("f", sg.sigmoid(w @ x + sg.parameter("b")))
    return sg.let("L", (sg.input("y") - f) ** 2 / 2)


class Classified(NamedTuple):
    """A loss and what holds for its targets."""

    loss: Node
    facts: tuple[Any, ...]


@system()
def softmax_loss(hidden: Size = 3, classes: Size = 4) -> Classified:
    """The multinomial loss -Σ_k d_k log ŷ_k of a softmax layer ŷ = softmax(W h).

    Variables: W (classes, hidden), h (hidden,), d (classes,), which sums to 1.
    """
    W, h = sg.parameter("W", (classes, hidden)), sg.input("h", hidden)
    prediction = sg.let("ŷ", sg.softmax(sg.let("net", W @ h)))
    d = sg.input("d", classes)
    return Classified(sg.let("L", -sg.sum(d * sg.log(prediction))), (sg.sum(d) == 1,))
