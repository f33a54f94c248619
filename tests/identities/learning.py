"""Rows 35 to 64: losses, networks, recurrences, normalisation, attention, densities."""

from __future__ import annotations

from typing import Any

import numpy as np

import symgraph as sg
from identities.row import SQUARE, Problem, Row, v

__all__ = ["ROWS"]

inv = np.linalg.inv


def sigma(x: Any) -> Any:
    """The logistic function."""
    return 1 / (1 + np.exp(-x))


def softmax(z: Any) -> Any:
    """Along the last axis."""
    raised = np.exp(z)
    return raised / raised.sum(axis=-1, keepdims=True)


def _linear_model(loss: Any) -> Any:
    """A problem in the weights w of X w."""

    def build(s: Any) -> Problem:
        w = v("w", s.p)
        return Problem(loss(v("X", s.n, s.p) @ w, w, s), w)

    return build


def _logistic(s: Any) -> Problem:
    X, w, t = v("X", s.n, s.p), v("w", s.p), v("t", s.n)
    p = sg.sigmoid(X @ w)
    return Problem(-sg.sum(t * sg.log(p) + (1 - t) * sg.log(1 - p)), w)


def _log_sum_exp(s: Any) -> Problem:
    z = v("z", s.k)
    return Problem(sg.log(sg.sum(sg.exp(z))), z)


def _cross_entropy(s: Any) -> Problem:
    z, t = v("z", s.k), v("t", s.k)
    return Problem(-(t @ sg.log(sg.softmax(z))), z, {sg.sum(t): 1})


def _cross_entropy_of_rows(s: Any) -> Problem:
    W, T = v("W", s.p, s.k), v("T", s.n, s.k)
    Y = sg.softmax(v("X", s.n, s.p) @ W, axis=1)
    return Problem(-sg.sum(T * sg.log(Y)), W, {sg.sum(T, axis=1): 1})


def _softmax_backward(s: Any) -> Problem:
    Z = v("Z", s.n, s.k)
    S = sg.let("S", sg.softmax(Z, axis=1))
    return Problem(sg.sum(v("G", s.n, s.k) * S), Z)


def _mlp(s: Any, by: str) -> Problem:
    W, U = v("W", s.p, s.k), v("U", s.k, s.q)
    H = sg.let("H", sg.tanh(v("X", s.n, s.p) @ W))
    return Problem(sg.sum((H @ U - v("Y", s.n, s.q)) ** 2), U if by == "U" else W)


def _mlp_of_one(s: Any) -> Problem:
    W = v("W", s.k, s.p)
    h = sg.let("h", sg.tanh(W @ v("x", s.p)))
    return Problem(sg.sum((v("U", s.q, s.k) @ h - v("y", s.q)) ** 2), W)


def _bias(s: Any) -> Problem:
    b = v("b", s.k)
    return Problem(sg.sum((v("X", s.n, s.p) @ v("W", s.p, s.k) + b - v("Y", s.n, s.k)) ** 2), b)


def _layer(function: Any) -> Any:
    def build(s: Any) -> Problem:
        W = v("W", s.p, s.k)
        return Problem(sg.sum(v("G", s.n, s.k) * function(v("X", s.n, s.p) @ W)), W)

    return build


def _tied_autoencoder(s: Any) -> Problem:
    X, W = v("X", s.n, s.p), v("W", s.p, s.k)
    A = sg.let("A", sg.sigmoid(X @ W))
    R = sg.let("R", A @ W.T - X)
    return Problem(sg.sum(R**2), W)


def _residual_block(s: Any) -> Problem:
    X, W = v("X", s.n, s.p), v("W", s.p, s.p)
    H = sg.let("H", sg.tanh(X @ W))
    return Problem(sg.sum((X + H - v("Y", s.n, s.p)) ** 2), W)


def _three_layers(s: Any) -> Problem:
    W = v("W", s.p, s.k)
    H1 = sg.let("H₁", sg.tanh(v("X", s.n, s.p) @ W))
    H2 = sg.let("H₂", sg.tanh(H1 @ v("U", s.k, s.q)))
    E = sg.let("E", H2 @ v("V", s.q, s.p) - v("Y", s.n, s.p))
    return Problem(sg.sum(E**2), W)


def _three_layers_gradient(a: Any) -> Any:
    H1 = np.tanh(a.X @ a.W)
    H2 = np.tanh(H1 @ a.U)
    E = H2 @ a.V - a.Y
    return a.X.T @ (((2 * E @ a.V.T) * (1 - H2**2)) @ a.U.T * (1 - H1**2))


def _elman(by: str) -> Any:
    def build(s: Any) -> Problem:
        W, h0 = v("W", s.n, s.n), v("h", s.n)
        h = h0
        for t in (1, 2, 3):
            h = sg.let(f"h{'₀₁₂₃'[t]}", sg.tanh(W @ h + v(f"x{'₀₁₂₃'[t]}", s.n)))
        return Problem(sg.sum((h - v("y", s.n)) ** 2), W if by == "W" else h0)

    return build


def _elman_deltas(a: Any) -> tuple[list[Any], list[Any]]:
    states = [a.h]
    for t in "₁₂₃":
        states.append(np.tanh(a.W @ states[-1] + getattr(a, f"x{t}")))
    deltas = [2 * (states[3] - a.y) * (1 - states[3] ** 2)]
    for t in (2, 1):
        deltas.insert(0, (a.W.T @ deltas[0]) * (1 - states[t] ** 2))
    return states, deltas


def _elman_by_weights(a: Any) -> Any:
    states, deltas = _elman_deltas(a)
    return sum(np.outer(delta, state) for delta, state in zip(deltas, states[:3], strict=True))


def _coupled_gate(s: Any) -> Problem:
    W, U, x = v("W", s.n, s.p), v("U", s.n, s.p), v("x", s.p)
    f = sg.let("f", sg.sigmoid(W @ x))
    return Problem(v("g", s.n) @ (f * v("c", s.n) + (1 - f) * sg.tanh(U @ x)), W)


def _coupled_gate_gradient(a: Any) -> Any:
    f = sigma(a.W @ a.x)
    return np.outer(a.g * (a.c - np.tanh(a.U @ a.x)) * f * (1 - f), a.x)


def _candidate(s: Any) -> Problem:
    V, x = v("V", s.k, s.p), v("x", s.p)
    r = sg.let("r", sg.sigmoid(V @ x))
    h = sg.let("h", sg.tanh(v("W", s.n, s.p) @ x + v("U", s.n, s.k) @ (r * v("c", s.k))))
    return Problem(v("g", s.n) @ h, V)


def _candidate_gradient(a: Any) -> Any:
    r = sigma(a.V @ a.x)
    h = np.tanh(a.W @ a.x + a.U @ (r * a.c))
    return np.outer((a.U.T @ (a.g * (1 - h**2))) * a.c * r * (1 - r), a.x)


def _batch_norm(s: Any) -> Problem:
    X = v("X", s.n, s.p)
    scale = sg.let("s", sg.sqrt(sg.var(X, axis=0) + 0.1))
    hat = sg.let("X̂", (X - sg.mean(X, axis=0)) / scale)
    return Problem(sg.sum(v("G", s.n, s.p) * hat), X)


def normalised_gradient(a: Any, axis: int) -> Any:
    """The gradient through (X - mean)/sqrt(var + 0.1) along an axis."""
    scale = np.sqrt(a.X.var(axis=axis, keepdims=True) + 0.1)
    hat = (a.X - a.X.mean(axis=axis, keepdims=True)) / scale
    inner = (a.G * hat).mean(axis=axis, keepdims=True)
    return (a.G - a.G.mean(axis=axis, keepdims=True) - hat * inner) / scale


def _attention(s: Any) -> Problem:
    Q = v("Q", s.n, s.p)
    S = sg.let("S", sg.softmax(Q @ v("K", s.k, s.p).T, axis=1))
    return Problem(sg.sum(v("G", s.n, s.k) * S), Q)


def _softmax_pulled(S: Any, G: Any) -> Any:
    return S * (G - ((G * S) @ np.ones((S.shape[1], 1))) @ np.ones((1, S.shape[1])))


def _negative_sampling(s: Any) -> Problem:
    vector = v("v", s.n)
    scores = v("N", s.k, s.n) @ vector
    positive = -sg.log(sg.sigmoid(v("u", s.n) @ vector))
    return Problem(positive - sg.sum(sg.log(sg.sigmoid(-scores))), vector)


def _free_energy(s: Any) -> Problem:
    vector = v("v", s.p)
    hidden = sg.sum(sg.log(1 + sg.exp(v("c", s.n) + v("W", s.n, s.p) @ vector)))
    return Problem(-(v("b", s.p) @ vector) - hidden, vector)


def _gaussian(s: Any) -> Problem:
    S, x, m = v("S", s.n, s.n), v("x", s.n), v("m", s.n)
    return Problem(sg.logdet(S) + (x - m) @ sg.inv(S) @ (x - m), S)


def _gaussian_gradient(a: Any) -> Any:
    T = inv(a.S).T
    return T - T @ np.outer(a.x - a.m, a.x - a.m) @ T


def _kl(s: Any) -> Problem:
    m, log_variance = v("m", s.n), v("l", s.n)
    return Problem(-sg.sum(1 + log_variance - m**2 - sg.exp(log_variance)) / 2, log_variance)


def _cosine(s: Any) -> Problem:
    x, y = v("x", s.n), v("y", s.n)
    return Problem(x @ y / (sg.norm(x) * sg.norm(y)), x)


def _cosine_gradient(a: Any) -> Any:
    x, y = np.linalg.norm(a.x), np.linalg.norm(a.y)
    return a.y / (x * y) - (a.x @ a.y) * a.x / (x**3 * y)


ROWS = (
    Row(35, "M1", "½‖Xw-y‖²", "Xᵀ(Xw-y)",
        _linear_model(lambda z, w, s: sg.sum((z - v("y", s.n)) ** 2) / 2),
        lambda a: a.X.T @ (a.X @ a.w - a.y)),
    Row(36, "M2", "‖Xw-y‖²+λ‖w‖² (λ=0.1)", "2Xᵀ(Xw-y)+2λw",
        _linear_model(lambda z, w, s: sg.sum((z - v("y", s.n)) ** 2) + v("λ") * sg.sum(w**2)),
        lambda a: 2 * a.X.T @ (a.X @ a.w - a.y) + 2 * a.λ * a.w),
    Row(37, "M3", "Σ max(0,1-y⊙Xw)", "-Xᵀ(y⊙1[1-y⊙Xw>0])",
        _linear_model(lambda z, w, s: sg.sum(sg.maximum(0, 1 - v("y", s.n) * z))),
        lambda a: -a.X.T @ (a.y * (1 - a.y * (a.X @ a.w) > 0))),
    Row(38, "M4", "Σ max(0,1-y⊙Xw)²", "-2Xᵀ(y⊙max(0,1-y⊙Xw))",
        _linear_model(lambda z, w, s: sg.sum(sg.maximum(0, 1 - v("y", s.n) * z) ** 2)),
        lambda a: -2 * a.X.T @ (a.y * np.maximum(0, 1 - a.y * (a.X @ a.w)))),
    Row(39, "M5", "-Σ[t log σ(Xw)+(1-t)log(1-σ(Xw))]", "Xᵀ(σ(Xw)-t)", _logistic,
        lambda a: a.X.T @ (sigma(a.X @ a.w) - a.t)),
    Row(40, "M6", "Σ(exp(Xw)-y⊙Xw)", "Xᵀ(exp(Xw)-y)",
        _linear_model(lambda z, w, s: sg.sum(sg.exp(z) - v("y", s.n) * z)),
        lambda a: a.X.T @ (np.exp(a.X @ a.w) - a.y)),
    Row(41, "M7", "log Σexp(z)", "exp(z)/Σexp(z)=softmax(z)", _log_sum_exp,
        lambda a: np.exp(a.z) / np.sum(np.exp(a.z))),
    Row(42, "M8", "-tᵀlog softmax(z), Σt=1", "softmax(z)-t", _cross_entropy,
        lambda a: softmax(a.z) - a.t, domains={"t": "sums to one"}),
    Row(43, "M9", "-Σ T⊙log softmax_rows(XW), T1=1", "Xᵀ(softmax(XW)-T)",
        _cross_entropy_of_rows, lambda a: a.X.T @ (softmax(a.X @ a.W) - a.T),
        domains={"T": "sums to one"}),
    Row(44, "M10", "Σ G⊙softmax_rows(Z)", "S⊙(G-((G⊙S)1)1ᵀ), S=softmax(Z)", _softmax_backward,
        lambda a: _softmax_pulled(softmax(a.Z), a.G), names=("S",)),
    Row(45, "N1", "‖tanh(XW)U-Y‖²", "2Hᵀ(HU-Y), H=tanh(XW)", lambda s: _mlp(s, "U"),
        lambda a: 2 * np.tanh(a.X @ a.W).T @ (np.tanh(a.X @ a.W) @ a.U - a.Y), names=("H",)),
    Row(46, "N2", "‖tanh(XW)U-Y‖²", "2Xᵀ(((HU-Y)Uᵀ)⊙(1-H⊙H))", lambda s: _mlp(s, "W"),
        lambda a: (lambda H: 2 * a.X.T @ (((H @ a.U - a.Y) @ a.U.T) * (1 - H * H)))(
            np.tanh(a.X @ a.W)), names=("H",)),
    Row(47, "N3", "‖U tanh(Wx)-y‖²", "2((Uᵀ(Uh-y))⊙(1-h⊙h))xᵀ, h=tanh(Wx)", _mlp_of_one,
        lambda a: (lambda h: 2 * np.outer((a.U.T @ (a.U @ h - a.y)) * (1 - h * h), a.x))(
            np.tanh(a.W @ a.x)), names=("h",)),
    Row(48, "N4", "‖XW+1bᵀ-Y‖²", "2(XW+1bᵀ-Y)ᵀ1", _bias,
        lambda a: 2 * (a.X @ a.W + a.b - a.Y).T @ np.ones(len(a.X))),
    Row(49, "N5", "Σ G⊙relu(XW)", "Xᵀ(G⊙1[XW>0])", _layer(sg.relu),
        lambda a: a.X.T @ (a.G * (a.X @ a.W > 0))),
    Row(50, "N6", "Σ G⊙σ(XW)", "Xᵀ(G⊙σ⊙(1-σ))",
        _layer(lambda net: sg.let("σ", sg.sigmoid(net))),
        lambda a: a.X.T @ (a.G * sigma(a.X @ a.W) * (1 - sigma(a.X @ a.W))), names=("σ",)),
    Row(51, "N7", "‖σ(XW)Wᵀ-X‖²", "Xᵀ(2RW⊙A⊙(1-A))+2RᵀA, A=σ(XW), R=AWᵀ-X", _tied_autoencoder,
        lambda a: (lambda A: (lambda R: a.X.T @ (2 * R @ a.W * A * (1 - A)) + 2 * R.T @ A)(
            A @ a.W.T - a.X))(sigma(a.X @ a.W)), names=("A", "R")),
    Row(52, "N8", "‖X+tanh(XW)-Y‖²", "2Xᵀ((X+H-Y)⊙(1-H⊙H))", _residual_block,
        lambda a: (lambda H: 2 * a.X.T @ ((a.X + H - a.Y) * (1 - H * H)))(np.tanh(a.X @ a.W)),
        names=("H",)),
    Row(53, "N9", "‖tanh(tanh(XW)U)V-Y‖²", "Xᵀ(((2E Vᵀ)⊙(1-H₂²))Uᵀ⊙(1-H₁²))", _three_layers,
        _three_layers_gradient, names=("E", "H₁", "H₂")),
    Row(54, "R1", "‖h₃-y‖², h_t=tanh(Wh_{t-1}+x_t)",
        "Σ_t δ_t h_{t-1}ᵀ; δ_T=2(h_T-y)⊙(1-h_T²), δ_t=(Wᵀδ_{t+1})⊙(1-h_t²)", _elman("W"),
        _elman_by_weights, names=("δ₁", "δ₂", "δ₃", "h₁", "h₂", "h₃")),
    Row(55, "R2", "same loss as R1", "Wᵀδ₁", _elman("h"),
        lambda a: a.W.T @ _elman_deltas(a)[1][0], names=("δ₁", "δ₂", "δ₃", "h₁", "h₂", "h₃")),
    Row(56, "R3", "gᵀ(σ(Wx)⊙c+(1-σ(Wx))⊙tanh(Ux))",
        "(g⊙(c-tanh(Ux))⊙f⊙(1-f))xᵀ, f=σ(Wx)  [coupled gate]",
        _coupled_gate, _coupled_gate_gradient, names=("f",)),
    Row(57, "R4", "gᵀtanh(Wx+U(σ(Vx)⊙c))", "((Uᵀ(g⊙(1-h²)))⊙c⊙r⊙(1-r))xᵀ, r=σ(Vx), h=tanh(..)",
        _candidate, _candidate_gradient, names=("r", "h")),
    Row(58, "B1", "Σ G⊙BN(X)", "(G-mean(G)-X̂⊙mean(G⊙X̂))/s, s=√(var+ε)", _batch_norm,
        lambda a: normalised_gradient(a, 0), names=("X̂", "s")),
    Row(59, "A1", "Σ G⊙softmax_rows(QKᵀ)", "(S⊙(G-((G⊙S)1)1ᵀ))K", _attention,
        lambda a: _softmax_pulled(softmax(a.Q @ a.K.T), a.G) @ a.K, names=("S",)),
    Row(60, "W1", "-log σ(uᵀv)-Σlog σ(-Nv)", "(σ(uᵀv)-1)u+Nᵀσ(Nv)", _negative_sampling,
        lambda a: (sigma(a.u @ a.v) - 1) * a.u + a.N.T @ sigma(a.N @ a.v)),
    Row(61, "P1", "-bᵀv-Σlog(1+exp(c+Wv))", "-b-Wᵀσ(c+Wv)", _free_energy,
        lambda a: -a.b - a.W.T @ sigma(a.c + a.W @ a.v)),
    Row(62, "G1", "log det S+ (x-m)ᵀS⁻¹(x-m)", "S⁻ᵀ-S⁻ᵀ(x-m)(x-m)ᵀS⁻ᵀ", _gaussian,
        _gaussian_gradient, SQUARE, domains={"S": "positive definite"}),
    Row(63, "G2", "-½Σ(1+l-m²-exp l)", "½(exp(l)-1)", _kl, lambda a: (np.exp(a.l) - 1) / 2),
    Row(64, "G3", "xᵀy/(‖x‖‖y‖)", "y/(‖x‖‖y‖)-(xᵀy)x/(‖x‖³‖y‖)", _cosine, _cosine_gradient),
)  # fmt: skip
