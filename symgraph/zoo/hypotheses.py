"""Hypothesis classes and regularised least squares on them: what a linear model can express."""

from __future__ import annotations

from typing import NamedTuple

import symgraph as sg
from symgraph.node import Node
from symgraph.zoo.options import Count, Size, system

__all__ = ["Solved", "hypothesis_class", "ridge"]


@system()
def hypothesis_class(degree: Count = 2) -> Node:
    """The squared loss of the class H = {w_1 x + ... + w_p x^p}: H₁ and H₂ are degree 1 and 2.

    H₁ is a part of H₂, so that the best loss of H₂ is no larger.
    Variables: x and y ("N",), w (degree,).
    """
    x, w = sg.input("x", "N"), sg.parameter("w", degree)
    score: Node = w[0] * x
    for p in range(2, degree + 1):
        score = score + w[p - 1] * x**p
    return sg.let("loss", sg.squared_norm(sg.let("h", score) - sg.input("y", "N")))


class Solved(NamedTuple):
    """A loss at the weights that make it smallest, and these."""

    loss: Node
    weights: Node


@system()
def ridge(features: Size = 2) -> Solved:
    """Regularised least squares in one step: W = (Φᵀ Φ + λ I)⁻¹ Φᵀ y, with ‖Φ W - y‖² + λ‖W‖².

    With λ = 0 these are the normal equations; a larger λ makes ‖W‖ smaller.
    Variables: Φ ("N", features), y ("N",), λ ().
    """
    phi, y, lam = sg.input("Φ", ("N", features)), sg.input("y", "N"), sg.input("λ")
    W = sg.let("W", sg.solve(phi.T @ phi + lam * sg.eye(features), phi.T @ y))
    loss = sg.squared_norm(phi @ W - y) + lam * sg.squared_norm(W)
    return Solved(sg.let("loss", loss), W)
