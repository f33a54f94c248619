"""Features: what a linear model is applied to."""

from __future__ import annotations

from itertools import combinations_with_replacement
from math import comb
from typing import Annotated, NamedTuple

import symgraph as sg
from symgraph.node import Node
from symgraph.zoo.options import Count, Function, Intervals, Size, Whole, system

__all__ = [
    "BiasForms", "bias_absorbed", "bins", "log_count", "monomials", "robinson", "temperature",
    "two_cars",
]  # fmt: skip


class BiasForms(NamedTuple):
    """The same score twice: with a bias, and with the bias as the first weight."""

    loss: Node
    absorbed: Node


@system()
def bias_absorbed(features: Size = 2) -> BiasForms:
    """The score W·x + b, and the same as W'·φ(x) with φ(x) = [1, x] and W' = [b, W].

    Variables: W and x (features,), b ().
    """
    W, x, b = sg.parameter("W", features), sg.input("x", features), sg.parameter("b")
    phi = sg.let("φ(x)", sg.concat([sg.ones(1), x]))
    weights = sg.let("W′", sg.concat([sg.reshape(b, 1), W]))
    return BiasForms(sg.let("h", W @ x + b), sg.let("h", weights @ phi))


@system()
def log_count() -> Node:
    """The score w log N of a count N.

    Variables: w and N ().
    """
    return sg.let("score", sg.parameter("w") * sg.log(sg.input("N")))


@system()
def bins(borders: Intervals = ((0, 11), (10, 101), (100, 1001))) -> Node:
    """The score Σ_k w_k 1[a_k < N < b_k] of a count N sorted into bins.

    Variables: w_1, w_2, ... and N ().
    """
    N = sg.input("N")
    score: Node | None = None
    for k, (low, high) in enumerate(borders, 1):
        inside = sg.indicator(sg.logical_and(low < N, N < high))
        term = sg.parameter(f"w{k}") * sg.let(f"φ{k}", inside)
        score = term if score is None else score + term
    return sg.let("score", score)


@system()
def temperature() -> Node:
    """The score w·φ(T) with the feature (T - 37)² beside the constant.

    Variables: w_1, w_2 and T ().
    """
    phi = sg.let("φ(T)", (sg.input("T") - 37) ** 2)
    return sg.let("score", sg.parameter("w1") + sg.parameter("w2") * phi)


@system()
def robinson() -> Node:
    """Robinson's feature (52 + 1.9 (height - 60) - weight)².

    Variables: height and weight ().
    """
    ideal = 52 + sg.const(1.9) * (sg.input("height") - 60)
    return sg.let("φ(x)", sg.let("residual", ideal - sg.input("weight")) ** 2)


def _highest_degree(variables: int) -> int:
    """The highest one that makes no more than 20 000 monomials."""
    return next(p for p in range(20_000) if comb(variables + p + 1, variables) > 20_000)


@system(degree=_highest_degree)
def monomials(variables: Count = 2, degree: Annotated[int, Whole(0)] = 2) -> Node:
    """The score W·φ(x) with all monomials up to a degree: 1, x_1, x_2, x_1², x_1 x_2, ...

    Variables: x (variables,), W, one weight for each monomial.

    >>> from symgraph.walks import variables as leaves
    >>> {leaf.name: leaf.shape for leaf in leaves([monomials(3, 3)])}
    {'W': (20,), 'x': (3,)}
    """
    x = sg.input("x", variables)
    terms: list[Node] = []
    for d in range(degree + 1):
        for chosen in combinations_with_replacement(range(variables), d):
            term = sg.ones(())
            for k, i in enumerate(chosen):
                term = x[i] if k == 0 else term * x[i]
            terms.append(term)
    phi = sg.let("φ(x)", sg.stack(terms))
    return sg.let("score", sg.parameter("W", len(terms)) @ phi)


@system()
def two_cars(unit: Function = sg.sigmoid) -> Node:
    """The squared loss of the two-car network Σ_j w_j h_j, h_j = σ(v_j·Φ); `unit` may be sg.step.

    Variables: v_1, v_2 and Φ = [1, x_1, x_2] (3,), w_1, w_2, y ().
    """
    phi = sg.input("Φ", 3)
    h1, h2 = (sg.let(f"h{j}", unit(sg.parameter(f"v{j}", 3) @ phi)) for j in (1, 2))
    score = sg.let("score", sg.parameter("w1") * h1 + sg.parameter("w2") * h2)
    return sg.let("loss", sg.let("residual", score - sg.input("y")) ** 2)
