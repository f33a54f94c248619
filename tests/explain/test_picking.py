"""Entries picked by a class or a place: their derivatives are multiples of one-hot vectors.

That every printed line is true is proved by the derivation itself; the gradients are held against
difference quotients and dual numbers besides.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

import symgraph as sg

x, z, v = sg.input("x", 4), sg.input("z", 3), sg.input("v", 2)
W, V = sg.parameter("W", (3, 4)), sg.parameter("V", (2, 4))
X, B, b = sg.input("X", (5, 4)), sg.parameter("B", (4, 3)), sg.parameter("b", 3)
k, labels = sg.input("k", kind="integer"), sg.input("k", 5, kind="integer")
p = sg.let("p", sg.softmax(z))
q = sg.let("q", sg.softmax(W @ x))
A1, A2 = sg.parameter("A1", (2, 4)), sg.parameter("A2", (2, 4))
g = sg.let("g", sg.softmax(V @ x))
out = sg.let("o", g[0] * (A1 @ x) + g[1] * (A2 @ x))
net = sg.let("S", X @ B + b)

LINES: dict[str, tuple[Callable[[], sg.Node], sg.Node, list[str]]] = {
    "a fixed class": (lambda: -sg.log(p[1]), z, ["dL/dz = p − onehot(1)"]),
    "a fixed class without a name": (
        lambda: -sg.log(sg.softmax(W @ x)[2]),
        W,
        ["dL/dW = (u₁ − onehot(2)) xᵀ"],
    ),
    "a label": (lambda: -sg.log(q[k]), W, ["dL/dW = (q − onehot(k)) xᵀ"]),
    "log-sum-exp less an entry": (
        lambda: sg.logsumexp(W @ x) - (W @ x)[0],
        W,
        ["dL/dW = (softmax(u₁) − onehot(0)) xᵀ"],
    ),
    "log-softmax of an action": (
        lambda: 3 * sg.let("ℓ", sg.log_softmax(W @ x))[k],
        W,
        ["dL/dW = 3 (onehot(k) − exp(ℓ)) xᵀ"],
    ),
    "a product of two entries": (
        lambda: z[0] * sg.sin(z[2]),
        z,
        ["dL/dz = sin(z[2]) onehot(0) + z[0] cos(z[2]) onehot(2)"],
    ),
    "the banana function": (
        lambda: (1 - v[0]) ** 2 + 5 * (v[1] - v[0] ** 2) ** 2,
        v,
        [
            (
                "dL/dv = −(2 (1 − v[0]) + 20 (v[1] − v[0]²) v[0]) onehot(0) + "
                "10 (v[1] − v[0]²) onehot(1)"
            )
        ],
    ),
    "two probabilities": (
        lambda: p[0] * p[2],
        z,
        ["dL/dz = p[2] p[0] (onehot(0) + onehot(2)) − 2 p[2] p[0] p"],
    ),
    "an expert of a mixture": (
        lambda: sg.squared_norm(out) / 2,
        A1,
        ["dL/dA₁ = g[0] o xᵀ"],
    ),
    "the gate of a mixture": (
        lambda: sg.squared_norm(out) / 2,
        V,
        [
            (
                "δ = (oᵀ A₁ x) g[0] onehot(0) + (oᵀ A₂ x) g[1] onehot(1) − "
                "((oᵀ A₁ x) g[0] + (oᵀ A₂ x) g[1]) g"
            ),
            "dL/dV = δ xᵀ",
        ],
    ),
    "labels of a batch": (
        lambda: sg.cross_entropy(net, labels),
        B,
        ["dL/dB = Xᵀ (softmax(S) − onehot(k))/5"],
    ),
    "labels of a batch without a name": (
        lambda: sg.cross_entropy(X @ B + b, labels),
        b,
        ["dL/db = 𝟏ᵀ (softmax(u₁) − onehot(k))/5"],
    ),
}


@pytest.mark.parametrize("case", LINES)
def test_a_picked_entry_prints_with_one_hot_vectors(case: str) -> None:
    build, source, expected = LINES[case]
    loss = sg.let("L", build())

    derivation = sg.derive(loss, source)

    assert [one.unicode() for one in (*derivation.names, *derivation.results)] == expected
    assert derivation.verified
    assert sg.check(loss, source).ok


def test_what_entries_are_picked_from_has_a_name() -> None:
    derivation = sg.derive(sg.let("L", sg.cross_entropy(X @ B + b, labels)), B)

    assert [one.unicode() for one in derivation.given] == [
        "u₁ = X B + b",
        "u₂[i] = u₁[i,k[i]]",
        "L = Σ(logsumexp(u₁, axis=1) − u₂)/5",
    ]


def test_the_label_of_every_time_is_subtracted_from_its_probabilities() -> None:
    R, U, C = sg.parameter("R", (4, 4)), sg.parameter("U", (4, 3)), sg.parameter("C", (5, 4))

    def step(h: sg.Node, x: sg.Node, y: sg.Node) -> tuple[sg.Node, sg.Node]:
        h = sg.let("h", sg.tanh(R @ h + U @ x))
        return h, -sg.log(sg.let("p", sg.softmax(C @ h))[y])

    words = sg.input("y", "T", kind="integer")
    run = sg.scan(step, sg.input("h0", 4), (sg.input("x", ("T", 3)), words))

    derivation = sg.derive(sg.let("E", sg.sum(run.outputs)), C)

    assert derivation.result.unicode() == "dE/dC = Σ_t (p_t − onehot(y_t)) h_tᵀ"
    assert derivation.verified
