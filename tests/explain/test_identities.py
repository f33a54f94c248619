"""Textbook identities of matrix calculus: each gradient as it is printed, and its numbers.

The references are the equations of Petersen and Pedersen, The Matrix Cookbook (2012), by number,
and the gradients of the usual models. The printed line is a literal; that it is right is checked by
difference quotients of the expression, which know nothing of formulas.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

import symgraph as sg
from symgraph.notation.tree import Verbatim

n, p, k, q = 4, 3, 5, 2


def v(name: str, *shape: int) -> sg.Node:
    return sg.input(name, shape)


X, S, A, B = v("X", n, p), v("S", n, n), v("A", n, n), v("B", n, n)
x, y, a, b, c = v("x", n), v("y", n), v("a", n), v("b", p), v("c", p)
w, W, U, Y, T = v("w", p), v("W", p, k), v("U", k, q), v("Y", n, q), v("T", n, k)
G, Z, z, t, beta = v("G", n, k), v("Z", n, k), v("z", k), v("t", n), v("β", k)
M, s, P, N, m = v("M", n, p), v("s", p), v("P", n, q), v("N", k, n), v("m", n)
H = sg.let("H", sg.tanh(X @ W))
R = sg.let("R", sg.sigmoid(X @ W))

IDENTITIES: dict[str, tuple[Callable[[], sg.Node], sg.Node, str]] = {
    "MC 69": (lambda: x @ a, x, "a"),
    "MC 70": (lambda: a @ X @ b, X, "a bᵀ"),
    "MC 71": (lambda: c @ X.T @ a, X, "a cᵀ"),
    "MC 77": (lambda: b @ X.T @ X @ c, X, "X (b cᵀ + c bᵀ)"),
    "MC 81": (lambda: x @ B @ x, x, "(B + Bᵀ) x"),
    "MC 82": (lambda: b @ X.T @ A @ X @ c, X, "A X c bᵀ + Aᵀ X b cᵀ"),
    "MC 83": (lambda: sg.let("r", X @ b + a) @ B @ sg.let("r", X @ b + a), X, "(B + Bᵀ) r bᵀ"),
    "MC 88": (lambda: sg.let("r", x - M @ s) @ B @ sg.let("r", x - M @ s), M, "−(B + Bᵀ) r sᵀ"),
    "MC 49": (lambda: sg.det(S), S, "L S⁻ᵀ"),
    "MC 57": (lambda: sg.logdet(S), S, "S⁻ᵀ"),
    "MC 55": (lambda: sg.logdet(X.T @ X), X, "2 X (Xᵀ X)⁻¹"),
    "MC 61": (lambda: a @ sg.inv(S) @ y, S, "−S⁻ᵀ a yᵀ S⁻ᵀ"),
    "MC 63": (lambda: sg.trace(A @ sg.inv(S) @ B), S, "−S⁻ᵀ Aᵀ Bᵀ S⁻ᵀ"),
    "MC 107": (lambda: sg.trace(S @ S @ B), S, "Sᵀ Bᵀ + Bᵀ Sᵀ"),
    "MC 108": (lambda: sg.trace(X.T @ B @ X), X, "(B + Bᵀ) X"),
    "MC 119": (lambda: sg.sum((A @ X @ W + T) ** 2), X, "2 Aᵀ (A X W + T) Wᵀ"),
    "MC 129": (lambda: sg.sqrt(sg.sum((x - a) ** 2)), x, "(x − a)/‖x − a‖"),
    "MC 132": (lambda: sg.sum(X**2), X, "2 X"),
    "logistic loss": (
        lambda: sg.sum(sg.log(sg.exp(-y * (X @ w)) + 1)), w, "−Xᵀ (σ(−y ⊙ X w) ⊙ y)"
    ),
    "factorisation": (lambda: sg.sum((Y - P @ v("V", q, q).T) ** 2), P, "−2 (Y − P Vᵀ) V"),
    "absolute error": (lambda: sg.sum(sg.abs(X @ w - y)), w, "Xᵀ sign(X w − y)"),
    "least squares": (lambda: sg.sum((X @ w - y) ** 2) / 2, w, "Xᵀ (X w − y)"),
    "ridge": (
        lambda: sg.sum((X @ w - y) ** 2) + 0.1 * sg.sum(w**2), w, "2 Xᵀ (X w − y) + 0.2 w"
    ),
    "hinge": (lambda: sg.sum(sg.maximum(0, 1 - y * (X @ w))), w, "−Xᵀ (1[y ⊙ X w < 1] ⊙ y)"),
    "squared hinge": (
        lambda: sg.sum(sg.let("h", sg.maximum(0, 1 - y * (X @ w))) ** 2),
        w, "−2 Xᵀ (h ⊙ 1[y ⊙ X w < 1] ⊙ y)",
    ),
    "Poisson": (lambda: sg.sum(sg.exp(X @ w) - y * (X @ w)), w, "Xᵀ (exp(X w) − y)"),
    "log-sum-exp": (lambda: sg.log(sg.sum(sg.exp(z))), z, "softmax(z)"),
    "softmax": (
        lambda: sg.sum(G * sg.let("S", sg.softmax(Z, axis=1))), Z, "(G − (G ⊙ S) 𝟏) ⊙ S"
    ),
    "tanh net, outer": (lambda: sg.sum((H @ U - Y) ** 2), U, "2 Hᵀ (H U − Y)"),
    "bias": (lambda: sg.sum((X @ W + beta - T) ** 2), beta, "2 𝟏ᵀ (X W + β − T)"),
    "ReLU layer": (lambda: sg.sum(G * sg.relu(X @ W)), W, "Xᵀ (G ⊙ 1[X W > 0])"),
    "sigmoid layer": (lambda: sg.sum(G * R), W, "Xᵀ (G ⊙ R ⊙ (1 − R))"),
    "tied autoencoder": (lambda: sg.sum((R @ W.T - X) ** 2), W, "δ₂ᵀ R + Xᵀ δ₁"),
    "residual block": (lambda: sg.sum((X + sg.tanh(X @ v("Q", p, p)) - v("D", n, p)) ** 2),
                       v("Q", p, p), "Xᵀ δ"),
    "negative samples": (
        lambda: -sg.log(sg.sigmoid(a @ x)) - sg.sum(sg.log(sg.sigmoid(-(N @ x)))),
        x, "Nᵀ σ(N x) − (1 − σ(a·x)) a",
    ),
    "free energy": (
        lambda: -(a @ x) - sg.sum(sg.log(1 + sg.exp(z + N @ x))), x, "−Nᵀ σ(z + N x) − a"
    ),
    "Gaussian": (
        lambda: sg.logdet(S) + (x - m) @ sg.inv(S) @ (x - m),
        S, "S⁻ᵀ − S⁻ᵀ (x − m) (x − m)ᵀ S⁻ᵀ",
    ),
    "KL": (lambda: -0.5 * sg.sum(1 + x - m**2 - sg.exp(x)), x, "0.5 (exp(x) − 1)"),
    "cosine": (
        lambda: (x @ y) / (sg.sqrt(sg.sum(x**2)) * sg.sqrt(sg.sum(y**2))),
        x, "y/(‖x‖ ‖y‖) − (x·y) x/(‖y‖ ‖x‖³)",
    ),
    "linear chain": (lambda: a @ A @ S @ B @ y, S, "Aᵀ a yᵀ Bᵀ"),
    "embedding": (
        lambda: sg.sum(v("G", 5, p) * sg.take(v("E", 7, p), sg.input("ids", 5, kind="integer"))),
        v("E", 7, p), "Σ_i 1[ids[i] = v] G[i,j]",
    ),
}  # fmt: skip


@pytest.mark.parametrize("title", IDENTITIES)
def test_the_gradient_is_printed_as_in_a_textbook_and_right(title):
    make, wrt, expected = IDENTITIES[title]
    derivation = sg.derive(make(), wrt)

    assert derivation.result.unicode().split(" = ", 1)[1] == expected
    assert derivation.verified
    assert not isinstance(derivation.result.right, Verbatim)
    report = sg.check(make(), wrt)
    assert report.ok, str(report)
