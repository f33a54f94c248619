"""The losses of the lecture's green-edge diagrams, in its notation."""

from __future__ import annotations

import symgraph as sg
from symgraph.node import Node

__all__ = ["hinge", "squared", "two_layer"]


def hinge(features: int = 2) -> Node:
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


def squared(features: int = 2) -> Node:
    """The squared loss (W·φ(x) - y)² with its residual named.

    Variables: W and φ(x) (features,), y ().
    """
    W, phi = sg.parameter("W", features), sg.input("φ(x)", features)
    residual = sg.let("residual", W @ phi - sg.input("y"))
    return sg.let("loss", residual**2)


def two_layer(hidden: int = 2, features: int = 2) -> Node:
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
