"""Update rules that are no gradient of a loss: expressions for the next values of the parameters.

`updates` goes to `sg.Model` or to `sg.compile` as it is.
"""

from __future__ import annotations

from typing import NamedTuple

import symgraph as sg
from symgraph.node import Node
from symgraph.zoo.options import Rate, Size, system

__all__ = [
    "Ruled", "contrastive_divergence", "hebb", "named_units_update", "perceptron",
    "worked_example_update",
]  # fmt: skip


class Ruled(NamedTuple):
    """What a network with a rule of its own measures, and the next values of its parameters."""

    loss: Node
    updates: dict[Node, Node]


def _threshold_unit(features: int) -> tuple[Node, Node, Node, Node, Node, Node]:
    """The leaves x, y, w and b, the answer ŷ = ±1 of the unit, and its share of errors."""
    x, y = sg.input("x", ("N", features)), sg.input("y", "N")
    w, b = sg.parameter("w", features, init="zeros"), sg.parameter("b", init="zeros")
    answer = sg.let("ŷ", sg.sign(x @ w + b, at_zero=1))
    return x, y, w, b, answer, sg.let("E", sg.mean((y - answer) ** 2) / 4)


@system()
def perceptron(features: Size = 2, rate: Rate = 1.0) -> Ruled:
    """The perceptron's rule w⁺ = w + η (y - ŷ) x, b⁺ = b + η (y - ŷ), where y and ŷ are ±1.

    ŷ = 1 where w·x + b ≥ 0, else -1. A step uses all its samples; with one sample in a step, in
    order, it ends at the first epoch without errors if a line parts the classes. E is the share of
    errors. Variables: x ("N", features), y ("N",), w (features,), b ().
    """
    x, y, w, b, answer, E = _threshold_unit(features)
    error = sg.let("error", y - answer)
    new_w = sg.let("w⁺", w + rate * (error @ x))
    return Ruled(E, {w: new_w, b: sg.let("b⁺", b + rate * sg.sum(error))})


@system()
def hebb(features: Size = 2, rate: Rate = 0.5) -> Ruled:
    """Hebb's rule w⁺ = w + η y x, b⁺ = b + η y: what fires together is wired together.

    Every sample is used once; E is the share of the samples for which the unit
    ŷ = 1 where w·x + b ≥ 0, else -1, errs.
    Variables: x ("N", features), y ("N",), w (features,), b ().
    """
    x, y, w, b, _, E = _threshold_unit(features)
    new_w = sg.let("w⁺", w + rate * (y @ x))
    return Ruled(E, {w: new_w, b: sg.let("b⁺", b + rate * sg.sum(y))})


@system()
def contrastive_divergence(
    visible: Size = 3, hidden: Size = 2, rate: Rate = 0.1, *, sampled: bool = False
) -> Ruled:
    """CD-1 for a restricted Boltzmann machine, W⁺ = W + η (⟨v h⟩₀ - ⟨v h⟩₁).

    h = σ(v W + c) are the hidden units of the data v, v′ = σ(h Wᵀ + b) is what these recall, and
    h′ = σ(v′ W + c). The means ⟨·⟩ are over the N samples. `sampled`: the recall starts from
    hidden units that are switched on with probability h, not from h itself. E is the squared error
    of the recall. Variables: v ("N", visible), W (visible, hidden), b (visible,), c (hidden,), and
    the number of the draw, key.
    """
    v, W = sg.input("v", ("N", visible)), sg.parameter("W", (visible, hidden))
    b, c = (sg.parameter(n, k, init="zeros") for n, k in (("b", visible), ("c", hidden)))
    h = sg.let("h", sg.sigmoid(v @ W + c))
    on = sg.indicator(sg.uniform(sg.key(), ("N", hidden)) < h) if sampled else h
    v1 = sg.let("v′", sg.sigmoid(on @ W.T + b))
    h1 = sg.let("h′", sg.sigmoid(v1 @ W + c))
    changes = {
        W: (v.T @ h - v1.T @ h1) / v.shape[0],
        b: sg.mean(v - v1, axis=0),
        c: sg.mean(h - h1, axis=0),
    }
    E = sg.let("E", sg.mean(sg.sum((v - v1) ** 2, axis=1)))
    new = {old: sg.let(f"{old}⁺", old + rate * change) for old, change in changes.items()}
    return Ruled(E, new)


@system()
def worked_example_update(rate: Rate = 1.0, *, sequential: bool = False) -> Ruled:
    """The update of the worked example by hand, w⁺ = w + η δ·(what the weight is applied to).

    δ = (t - o) o (1 - o) at the output, δ_j = δ w_j o_j (1 - o_j) at the hidden units. That is the
    step against the gradient. `sequential`: δ_j takes the weights w_1⁺ and w_2⁺ that are already
    new, as the lecture computes, and that is no gradient.
    Variables: A, B and t (), w_3 and w_4 from A and B to the top unit, w_5 and w_6 to the bottom
    unit, w_1 and w_2 from these to the output ().
    """
    A, B, t = sg.input("A"), sg.input("B"), sg.input("t")
    w = {k: sg.parameter(f"w{k}") for k in range(1, 7)}
    o1 = sg.let("o1", sg.sigmoid(w[3] * A + w[4] * B))
    o2 = sg.let("o2", sg.sigmoid(w[5] * A + w[6] * B))
    o = sg.let("o", sg.sigmoid(w[1] * o1 + w[2] * o2))
    delta = sg.let("δ", (t - o) * o * (1 - o))
    new = {k: sg.let(f"w{k}⁺", w[k] + rate * delta * o_k) for k, o_k in ((1, o1), (2, o2))}
    back = new if sequential else w
    delta1 = sg.let("δ1", delta * back[1] * o1 * (1 - o1))
    delta2 = sg.let("δ2", delta * back[2] * o2 * (1 - o2))
    for k, d, x in ((3, delta1, A), (4, delta1, B), (5, delta2, A), (6, delta2, B)):
        new[k] = sg.let(f"w{k}⁺", w[k] + rate * d * x)
    return Ruled(sg.let("E", (t - o) ** 2 / 2), {w[k]: new[k] for k in w})


@system()
def named_units_update(rate: Rate = 1.0) -> Ruled:
    """The twelve update lines of the network λ, Ω - A, B, C - α, β: W⁺ = W + η δ out.

    δ_α = α (1 - α) (t_α - α), δ_A = A (1 - A) (δ_α w_αA + δ_β w_βA), and so on.
    Variables: λ and Ω (), w_Aλ, w_AΩ, ..., w_CΩ, w_αA, ..., w_βC (), t_α and t_β ().
    """
    out = {name: sg.input(name) for name in ("λ", "Ω")}
    w: dict[str, Node] = {}
    for layer, below in (("ABC", "λΩ"), ("αβ", "ABC")):
        for to in layer:
            w |= {to + source: sg.parameter(f"w_{to}{source}") for source in below}
            first, *rest = (w[to + source] * out[source] for source in below)
            out[to] = sg.let(to, sg.sigmoid(sum(rest, first)))
    t = {to: sg.input(f"t_{to}") for to in "αβ"}
    delta = {to: sg.let(f"δ_{to}", out[to] * (1 - out[to]) * (t[to] - out[to])) for to in "αβ"}
    for to in "ABC":
        back = delta["α"] * w[f"α{to}"] + delta["β"] * w[f"β{to}"]
        delta[to] = sg.let(f"δ_{to}", out[to] * (1 - out[to]) * back)
    new = {k: sg.let(f"w_{k}⁺", w[k] + rate * delta[k[0]] * out[k[1]]) for k in w}
    E = sg.let("E", ((out["α"] - t["α"]) ** 2 + (out["β"] - t["β"]) ** 2) / 2)
    return Ruled(E, {w[k]: new[k] for k in w})
