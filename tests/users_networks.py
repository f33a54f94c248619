"""Networks as different people type them: formulas, layers, strange names, strange shapes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

import symgraph as sg

Made = tuple[Any, Mapping[str, Any]]

#: Name -> formula, shapes, parameters.
FORMULAS: dict[str, tuple[str, str, str]] = {
    "product rule": ("x exp(-x) + sin(x y)", "", "x"),
    "squared error": ("(w1 x1 + w2 x2 + b - y)²", "", "w1 w2 b"),
    "logistic": ("-(y log σ(w·x) + (1-y) log(1-σ(w·x)))", "w=3 x=3", "w"),
    "ridge": ("½ ‖X w − y‖² + λ ‖w‖²", "X=4,3 w=3 y=4", "w"),
    "huber-like": ("sum(sqrt(1 + (y - X w)**2) - 1)", "X=4,2 w=2 y=4", "w"),
    "two layers": ("‖W2 tanh(W1 x + b1) + b2 - y‖²", "W1=3,2 b1=3 W2=2,3 b2=2 x=2 y=2", "W1 W2"),
    "autoencoder": ("‖Wᵀ relu(W x) - x‖²", "W=2,4 x=4", "W"),
    "attention": ("softmax(Q Kᵀ / sqrt(d)) V", "Q=2,3 K=4,3 V=4,2", "Q K V"),
    "softmax loss": ("-sum(t ⊙ log(softmax(W x + b)))", "t=3 W=3,2 x=2 b=3", "W b"),
    "quadratic form": ("xᵀ A x + bᵀ x", "A=2,2 x=2 b=2", "A b"),
    "margin": ("max(0, 1 - y (w·φ))", "w=2 φ=2", "w"),
    "gauss": ("exp(-(x-μ)²/(2 σ2²)) / sqrt(2 π σ2²)", "", "μ σ2"),
    "recurrence": (
        "let s_t = tanh(U x_t + W s_{t-1}), t = 1..T; ‖s_T - y‖²",
        "x=T,2 U=3,2 W=3,3 y=3 s_0=3", "U W",
    ),
    "Chinese": ("(权重·输入 - 标签)²", "权重=2 输入=2", "权重"),
}  # fmt: skip


def _formula(text: str, shapes: str, parameters: str) -> Any:
    return sg.formula(text, shapes, parameters=parameters.split())


def residual() -> Any:
    x, W, V = sg.input("x", 3), sg.parameter("W", (3, 3)), sg.parameter("V", (3, 3))
    h = sg.let("h", x + sg.relu(W @ x))
    return sg.sum(sg.let("k", h + sg.relu(V @ h)) ** 2)


def layer_norm() -> Any:
    x, g, b = sg.input("x", 4), sg.parameter("γ", 4), sg.parameter("β", 4)
    centred = sg.let("c", x - sg.mean(x))
    return sg.sum(g * centred / sg.sqrt(sg.mean(centred**2) + 1e-5) + b)


def shared_weights() -> Any:
    W, x, y = sg.parameter("W", (2, 2)), sg.input("x", 2), sg.input("y", 2)
    return sg.sum((sg.tanh(W @ x) - sg.tanh(W @ y)) ** 2)


def batch_rows() -> Any:
    X, W, b = sg.input("X", ("N", 3)), sg.parameter("W", (3, 2)), sg.parameter("b", 2)
    return sg.mean(sg.softplus(X @ W + b))


def convolution() -> Any:
    x, k = sg.input("x", (1, 5, 5)), sg.parameter("k", (2, 1, 3, 3))
    return sg.sum(sg.relu(sg.conv2d(x, k)))


def gru_without_reset() -> Any:
    W, U, X, h0 = (
        sg.parameter("W", (2, 2)), sg.parameter("U", (2, 2)), sg.input("X", (3, 2)),
        sg.input("h0", 2),
    )  # fmt: skip

    def step(h: Any, x: Any) -> Any:
        z = sg.let("z", sg.sigmoid(W @ x))
        return (1 - z) * h + z * sg.tanh(U @ h)

    return sg.sum(sg.scan(step, h0, X).final ** 2)


def both_directions() -> Any:
    X, W = sg.input("X", ("T", 2)), sg.parameter("W", (2, 2))
    there = sg.scan(lambda h, x: sg.tanh(W @ h + x), sg.zeros(2), X)
    back = sg.scan(lambda h, x: sg.tanh(W @ h + x), sg.zeros(2), X, reverse=True)
    return sg.sum((there.states + back.states) ** 2)


def swapping() -> Any:
    w = sg.parameter("w")
    a, b = sg.scan(lambda a, b: (b, w * a * b), (sg.input("p"), sg.input("q")), length=3).final
    return a + b


def named(*names: str) -> Callable[[], Any]:
    def make() -> Any:
        total = None
        for k, name in enumerate(names):
            leaf = sg.parameter(name) if k % 2 else sg.input(name)
            total = leaf if total is None else sg.tanh(total * leaf)
        return total

    return make


def size_one() -> Any:
    return sg.sum(sg.parameter("W", (1, 1)) @ sg.input("x", 1))


def size_zero() -> Any:
    return sg.sum(sg.parameter("w", 0) * sg.input("x", 0)) + sg.parameter("b")


def whole_numbers() -> Any:
    i, mask = sg.input("i", 3, kind="integer"), sg.input("mask", 3, kind="boolean")
    return sg.sum(sg.where(mask, sg.parameter("w", 3) * i, 0))


def doublings(count: int = 60) -> Any:
    x = sg.parameter("x")
    for _ in range(count):
        x = x + x * 0.5
    return x


def unused_and_twice() -> Any:
    x, y = sg.parameter("x"), sg.input("y")
    once, again = sg.sin(x * y), sg.sin(x * y)
    return once * again + 0 * y


def constants_only() -> Any:
    return sg.sum(sg.ones(2) * 3)


def vector_root() -> Any:
    return sg.softmax(sg.parameter("W", (3, 2)) @ sg.input("x", 2))


NETS: dict[str, Callable[[], Any]] = {
    **{
        name: (lambda given=given: _formula(*given))  # type: ignore[misc]
        for name, given in FORMULAS.items()
    },
    "residual": residual,
    "layer norm": layer_norm,
    "shared weights": shared_weights,
    "batch rows": batch_rows,
    "convolution": convolution,
    "GRU without reset": gru_without_reset,
    "both directions": both_directions,
    "swapping": swapping,
    "Greek": named("α", "β_{ij}", "Ω", "ε₀"),
    "long names": named("learning_rate_of_the_first_layer" * 3, "x" * 60, "W_out_projection"),
    "underscores": named("a_b", "a__b", "_a", "a_", "x'", "x''"),
    "TeX": named("%", "\\write18{ls}", "$x$", "a&b", "#1", "~", "^^41", "{", "\\"),
    "HTML": named("<script>alert(1)</script>", '"', "'", "</svg>", "]]>", "&amp;", "-->"),
    "DOT": named('"];x[', "\\N", "a->b", "<b>", "graph"),
    "emoji": named("🙂", "👩‍👩‍👧", "é", "שלום", "مرحبا", "𝒜"),
    "blanks": named("a b", "\u200b", "\u202e", "\x01"),
    "size one": size_one,
    "size zero": size_zero,
    "whole numbers": whole_numbers,
    "sixty doublings": doublings,
    "twice the same": unused_and_twice,
    "constants only": constants_only,
    "array root": vector_root,
    "a leaf": lambda: sg.parameter("θ"),
    "a matrix leaf": lambda: sg.parameter("Θ", (2, 2)),
    "a constant": lambda: sg.ones(()),
    "several roots": lambda: [sg.sin(sg.parameter("x")), sg.cos(sg.parameter("x"))],
}


def values_for(net: Any, seed: int = 3) -> dict[str, Any]:
    """Numbers for all variables of a network, its sizes 2, 3, ... by their names."""
    generator = np.random.default_rng(seed)
    found: dict[str, Any] = {}
    roots = net if isinstance(net, list) else [net]
    for one in sorted({v for root in roots for v in root.free_symbols}, key=str):
        shape = tuple(n if isinstance(n, int) else 2 for n in one.shape)
        if one.kind == "boolean":
            found[one.name] = np.ones(shape, dtype=bool)
        elif one.kind == "integer":
            found[one.name] = np.ones(shape, dtype=int)
        else:
            found[one.name] = generator.uniform(0.2, 1.1, size=shape)
    return found
