"""Exercises of textbooks: models and losses as one types them, and the gradients that are printed.

Every case is a golden text in Unicode, is proved by the derivation itself and is held against
difference quotients and dual numbers.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import symgraph as sg

Case = tuple[Any, ...]
CASES: dict[str, tuple[Callable[[], Case], list[str]]] = {}


def data(name: str, *shape: Any, **facts: bool) -> sg.Node:
    return sg.input(name, shape, **facts)


def weights(name: str, *shape: Any, **facts: bool) -> sg.Node:
    return sg.parameter(name, shape, **facts)


def columns(*sizes: int) -> sg.Node:
    """Layers z = W a + b with tanh between them."""
    h = x
    for k in range(1, len(sizes)):
        W, b = weights(f"W{k}", sizes[k], sizes[k - 1]), weights(f"b{k}", sizes[k])
        z = sg.let(f"z{k}", W @ h + b)
        h = sg.let(f"a{k}", sg.tanh(z)) if k < len(sizes) - 1 else z
    return h


def rows(*sizes: int) -> sg.Node:
    """The same for rows of a batch, H W + b."""
    H = data("X", 5, 4)
    for k in range(1, len(sizes)):
        Z = H @ weights(f"W{k}", sizes[k - 1], sizes[k]) + weights(f"b{k}", sizes[k])
        H = sg.let(f"H{k}", sg.tanh(Z)) if k < len(sizes) - 1 else sg.let("Ŷ", Z)
    return H


def prints(*lines: str) -> Callable[[Callable[[], Case]], Callable[[], Case]]:
    """The names and results that the derivation of a case has."""

    def note(build: Callable[[], Case]) -> Callable[[], Case]:
        CASES[build.__name__] = (build, list(lines))
        return build

    return note


X, A = data("X", 4, 3), data("A", 4, 4)
x, y, a, t = data("x", 4), data("y", 4), data("a", 4), data("t", 4)
spread, μ = data("Σ", 4, 4, positive_definite=True), data("μ", 4)
w, λ = weights("w", 3), data("λ")


@prints(
    "dL/dμ = 𝟏ᵀ (X − μ) Σ⁻¹",
)
def log_likelihood_of_a_gaussian() -> Case:
    N = 5
    XX = data("X", N, 4)
    return (
        sg.let("L", -sg.logdet(spread) / 2 * N - sg.sum((XX - μ) @ sg.inv(spread) * (XX - μ)) / 2),
        μ,
    )


@prints(
    "dL/dK = K⁻¹ − K⁻¹ y yᵀ K⁻¹ − (½ K⁻¹ − ½ K⁻¹ y yᵀ K⁻¹) ⊙ I",
)
def evidence_of_a_gaussian_process() -> Case:
    K = data("K", 4, 4, positive_definite=True)
    return (sg.let("L", y @ sg.inv(K) @ y / 2 + sg.logdet(K) / 2), K)


@prints(
    "dr/dx = 2 H x/‖x‖² − 2 (xᵀ H x) x/‖x‖⁴",
)
def rayleigh_quotient() -> Case:
    H = data("H", 4, 4, symmetric=True)
    return (sg.let("r", x @ H @ x / (x @ x)), x)


@prints(
    "dL/du = −2 (X − u vᵀ) v",
)
def best_rank_one() -> Case:
    u, v = (data("u", 4), data("v", 3))
    return (sg.sum((X - sg.outer(u, v)) ** 2), u)


@prints(
    "dL/dX = 2 X (I + Xᵀ X)⁻¹",
)
def log_det_of_i_plus_gram() -> Case:
    return (sg.logdet(sg.eye(3) + X.T @ X), X)


@prints(
    "dL/dX = −2 X (Xᵀ X + 0.1 I)⁻²",
)
def a_optimal_design() -> Case:
    return (sg.trace(sg.inv(X.T @ X + 0.1 * sg.eye(3))), X)


@prints(
    "dL/dx = (a − x)/‖x − a‖³",
)
def potential_of_a_charge() -> Case:
    return (1 / sg.norm(x - a), x)


@prints(
    "dL/du = (u·v) u/(‖v‖ ‖u‖³) − v/(‖u‖ ‖v‖)",
)
def cosine_distance() -> Case:
    u, v = (data("u", 4), data("v", 4))
    return (sg.let("L", 1 - u @ v / (sg.norm(u) * sg.norm(v))), u)


@prints(
    "dE/dw = λ ((1 − α) w + α sign(w)) − Xᵀ (t − X w)",
)
def elastic_net() -> Case:
    al = data("α")
    return (
        sg.let(
            "E",
            sg.squared_norm(t - X @ w) / 2
            + λ * (al * sg.sum(sg.abs(w)) + (1 - al) / 2 * sg.squared_norm(w)),
        ),
        w,
    )


@prints(
    "dℓ/dw = Xᵀ (t − exp(η))",
)
def poisson_regression() -> Case:
    eta = sg.let("η", X @ w)
    return (sg.let("ℓ", sg.sum(t * eta - sg.exp(eta))), w)


@prints(
    "dD/dw = Xᵀ (1 − t/μ)",
)
def gamma_deviance() -> Case:
    m = sg.let("μ", sg.exp(X @ w))
    return (sg.let("D", sg.sum(t / m + sg.log(m))), w)


@prints(
    "g₁ = 1[‖a − p‖² > ‖a − n‖² − 0.5]",
    "dL/da = 2 g₁ (n − p)",
    "dL/dp = −2 g₁ (a − p)",
    "dL/dn = 2 g₁ (a − n)",
)
def triplet_loss() -> Case:
    f, p, n = (data("a", 4), data("p", 4), data("n", 4))
    return (
        sg.let("L", sg.maximum(sg.squared_norm(f - p) - sg.squared_norm(f - n) + 0.5, 0)),
        [f, p, n],
    )


@prints(
    "dL/du = (y D − (1 − y) max(m − D, 0)) (u − v)/D",
)
def contrastive_loss() -> Case:
    u, v = (data("u", 4), data("v", 4))
    yy = data("y")
    m = data("m")
    D = sg.let("D", sg.norm(u - v))
    return (sg.let("L", yy * D**2 / 2 + (1 - yy) * sg.maximum(m - D, 0) ** 2 / 2), u)


@prints(
    "dL/dq = (Kᵀ softmax(K q/τ) − k)/τ",
)
def info_nce() -> Case:
    q, k = (data("q", 4), data("k", 4))
    K = data("K", 5, 4)
    tau = data("τ", positive=True)
    return (sg.let("L", -(q @ k) / tau + sg.logsumexp(K @ q / tau)), q)


@prints(
    "dL/dμ = μ − Wᵀ (x − W z)",
    "dL/dv = ½ (exp(v) − 1 − Wᵀ (x − W z) ⊙ ε ⊙ exp(½ v))",
    "dL/dW = −(x − W z) zᵀ",
)
def evidence_lower_bound() -> Case:
    m, lv, e = (data("μ", 3), data("v", 3), data("ε", 3))
    W = weights("W", 4, 3)
    xx = data("x", 4)
    z = sg.let("z", m + sg.exp(lv / 2) * e)
    return (
        sg.let("L", sg.squared_norm(xx - W @ z) / 2 + sg.sum(m**2 + sg.exp(lv) - lv - 1) / 2),
        [m, lv, W],
    )


@prints(
    "dJ/dw = Xᵀ tanh(X w − t)",
)
def log_cosh_loss() -> Case:
    return (sg.let("J", sg.sum(sg.log(sg.cosh(X @ w - t)))), w)


@prints(
    "δ₃ = z₃ − y",
    "δ₂ = W₃ᵀ δ₃ ⊙ (1 − a₂²)",
    "δ₁ = W₂ᵀ δ₂ ⊙ (1 − a₁²)",
    "dE/dW₁ = δ₁ xᵀ",
    "dE/db₁ = δ₁",
    "dE/dW₂ = δ₂ a₁ᵀ",
    "dE/db₂ = δ₂",
    "dE/dW₃ = δ₃ a₂ᵀ",
    "dE/db₃ = δ₃",
)
def three_layers_of_columns() -> Case:
    return (
        sg.let("E", sg.squared_norm(columns(4, 3, 5, 2) - data("y", 2)) / 2),
        ["W1", "b1", "W2", "b2", "W3", "b3"],
    )


@prints(
    "δ₃ = (Ŷ − Y)/5",
    "δ₂ = δ₃ W₃ᵀ ⊙ (1 − H₂ ⊙ H₂)",
    "δ₁ = δ₂ W₂ᵀ ⊙ (1 − H₁ ⊙ H₁)",
    "dE/dW₁ = Xᵀ δ₁",
    "dE/db₁ = 𝟏ᵀ δ₁",
    "dE/dW₂ = H₁ᵀ δ₂",
    "dE/db₂ = 𝟏ᵀ δ₂",
    "dE/dW₃ = H₂ᵀ δ₃",
    "dE/db₃ = 𝟏ᵀ δ₃",
)
def three_layers_of_rows() -> Case:
    return (
        sg.let("E", sg.mean((rows(4, 3, 5, 2) - data("Y", 5, 2)) ** 2)),
        ["W1", "b1", "W2", "b2", "W3", "b3"],
    )


@prints(
    "δ₂ = (P − Y)/5",
    "δ₁ = δ₂ W₂ᵀ ⊙ 1[X W₁ + b₁ > 0]",
    "dL/dW₁ = Xᵀ δ₁",
    "dL/db₁ = 𝟏ᵀ δ₁",
    "dL/dW₂ = Hᵀ δ₂",
    "dL/db₂ = 𝟏ᵀ δ₂",
)
def classifier_of_rows() -> Case:
    X, Y, N = data("X", 5, 4), data("Y", 5, 2), 5
    W1, b1, W2, b2 = (weights("W1", 4, 3), weights("b1", 3), weights("W2", 3, 2), weights("b2", 2))
    h = sg.let("H", sg.relu(X @ W1 + b1))
    p = sg.let("P", sg.softmax(h @ W2 + b2, axis=1))
    return (
        sg.let("L", -sg.sum(Y * sg.log(p)) / N),
        [W1, b1, W2, b2],
        {"assume": sg.sum(Y, axis=1) == 1},
    )


@prints(
    "δ₂ = R − X",
    "δ₁ = δ₂ W ⊙ H ⊙ (1 − H)",
    "dL/dW = δ₂ᵀ H + Xᵀ δ₁",
    "dL/db = 𝟏ᵀ δ₁",
    "dL/dc = 𝟏ᵀ δ₂",
)
def tied_autoencoder_with_cross_entropy() -> Case:
    X = data("X", 5, 4)
    W = weights("W", 4, 3)
    b, c = (weights("b", 3), weights("c", 4))
    H = sg.let("H", sg.sigmoid(X @ W + b))
    R = sg.let("R", sg.sigmoid(H @ W.T + c))
    return (sg.let("L", -sg.sum(X * sg.log(R) + (1 - X) * sg.log(1 - R))), [W, b, c])


@prints(
    "δ₁ = (y − t) ⊙ 1[W_H x + b_H > 0] ⊙ T",
    "δ₂ = (y − t) ⊙ (H − x) ⊙ T ⊙ (1 − T)",
    "dL/dW_T = δ₂ xᵀ",
    "dL/dW_H = δ₁ xᵀ",
    "dL/db_T = δ₂",
    "dL/db_H = δ₁",
    "dL/dx = W_Hᵀ δ₁ + W_Tᵀ δ₂ + (y − t) ⊙ (1 − T)",
)
def highway_layer() -> Case:
    Wt, Wh, bt, bh = (
        weights("W_T", 4, 4),
        weights("W_H", 4, 4),
        weights("b_T", 4),
        weights("b_H", 4),
    )
    t = data("t", 4)
    Tg = sg.let("T", sg.sigmoid(Wt @ x + bt))
    Hh = sg.let("H", sg.relu(Wh @ x + bh))
    yv = sg.let("y", Hh * Tg + x * (1 - Tg))
    return (sg.let("L", sg.squared_norm(yv - t) / 2), [Wt, Wh, bt, bh, x])


@prints(
    "δ = g ⊙ W x ⊙ u₁ ⊙ (1 − u₁)",
    "dL/dW = (g ⊙ u₁) xᵀ",
    "dL/dV = δ xᵀ",
)
def gated_linear_unit() -> Case:
    W, V = (weights("W", 3, 4), weights("V", 3, 4))
    g = data("g", 3)
    return (sg.let("L", g @ (W @ x * sg.sigmoid(V @ x))), [W, V])


@prints(
    "δ₂ = (h₂ − t) ⊙ (1 − tanh(W₂ h₁)²)",
    "δ₁ = (h₂ − t + W₂ᵀ δ₂) ⊙ (1 − tanh(W₁ x)²)",
    "dL/dW₁ = δ₁ xᵀ",
    "dL/dW₂ = δ₂ h₁ᵀ",
)
def two_residual_blocks() -> Case:
    W1, W2 = (weights("W1", 4, 4), weights("W2", 4, 4))
    t = data("t", 4)
    h1 = sg.let("h1", x + sg.tanh(W1 @ x))
    h2 = sg.let("h2", h1 + sg.tanh(W2 @ h1))
    return (sg.let("L", sg.squared_norm(h2 - t) / 2), [W1, W2])


@prints(
    "δ₃ = 0.5773502691896258 (G Vᵀ − (G Vᵀ ⊙ A) 𝟏) ⊙ A",
    "δ₄ = Aᵀ G",
    "δ₂ = δ₃ᵀ Q",
    "δ₁ = δ₃ K",
    "dL/dW_Q = Xᵀ δ₁",
    "dL/dW_K = Xᵀ δ₂",
    "dL/dW_V = Xᵀ δ₄",
)
def self_attention() -> Case:
    X, N = data("X", 5, 4), 5
    WQ, WK, WV = (weights("W_Q", 4, 3), weights("W_K", 4, 3), weights("W_V", 4, 3))
    G = data("G", N, 3)
    Q, K, V = (sg.let("Q", X @ WQ), sg.let("K", X @ WK), sg.let("V", X @ WV))
    A = sg.let("A", sg.softmax(Q @ K.T / 3**0.5, axis=1))
    out = sg.let("O", A @ V)
    return (sg.let("L", sg.sum(G * out)), [WQ, WK, WV])


@prints(
    "δ₁ = V g ⊙ a − (gᵀ Vᵀ a) a",
    "dL/dq = Kᵀ δ₁",
    "dL/dK = δ₁ qᵀ",
    "dL/dV = a gᵀ",
)
def attention_of_one_query() -> Case:
    q = data("q", 4)
    K, V = (data("K", 5, 4), data("V", 5, 3))
    g = data("g", 3)
    a = sg.let("a", sg.softmax(K @ q))
    c = sg.let("c", V.T @ a)
    return (sg.let("L", g @ c), [q, K, V])


@prints(
    "dJ/dU = λ U − (M ⊙ E) V",
    "dJ/dV = λ V − (Mᵀ ⊙ Eᵀ) U",
    "dJ/db_u = −(M ⊙ E) 𝟏",
    "dJ/db_i = −𝟏ᵀ (M ⊙ E)",
    "dJ/dμ = −Σ(M ⊙ E)",
)
def matrix_factorisation_with_biases() -> Case:
    U, V = (weights("U", 6, 2), weights("V", 5, 2))
    bu, bi = (weights("b_u", 6), weights("b_i", 5))
    mu = weights("μ")
    R = data("R", 6, 5)
    M = data("M", 6, 5)
    λ = data("λ")
    E = sg.let("E", R - U @ V.T - bu[:, None] - bi - mu)
    return (
        sg.let("J", sg.sum(M * E**2) / 2 + λ / 2 * (sg.squared_norm(U) + sg.squared_norm(V))),
        [U, V, bu, bi, mu],
    )


@prints(
    "dD/dW = (1 − V/R) Hᵀ",
    "dD/dH = Wᵀ (1 − V/R)",
)
def non_negative_factorisation() -> Case:
    V = data("V", 4, 5, positive=True)
    W, H = (weights("W", 4, 2, positive=True), weights("H", 2, 5, positive=True))
    R = sg.let("R", W @ H)
    return (sg.let("D", sg.sum(V * sg.log(V / R) - V + R)), [W, H])


@prints(
    "dF/dW = −σ(W v + c) vᵀ",
    "dF/db = −v",
    "dF/dc = −σ(W v + c)",
    "dF/dv = −Wᵀ σ(W v + c) − b",
)
def free_energy() -> Case:
    W, b, c = (weights("W", 3, 4), weights("b", 4), weights("c", 3))
    v = data("v", 4)
    return (sg.let("F", -b @ v - sg.sum(sg.softplus(W @ v + c))), [W, b, c, v])


@prints(
    "dℓ/dW = W⁻ᵀ − z xᵀ",
    "dℓ/db = −z",
)
def linear_flow() -> Case:
    W = weights("W", 4, 4)
    b = weights("b", 4)
    z = sg.let("z", W @ x + b)
    return (sg.let("ℓ", -sg.squared_norm(z) / 2 + sg.logdet(W)), [W, b])


@prints(
    "dℓ/da = softmax(s) − softmax(a)",
    "dℓ/dM = softmax(s) ⊙ (x − M)",
)
def mixture_of_gaussians() -> Case:
    a = weights("a", 3)
    M = weights("M", 3, 4)
    s = sg.let("s", a - sg.sum((x - M) ** 2, axis=1) / 2)
    return (sg.let("ℓ", sg.logsumexp(s) - sg.logsumexp(a)), [a, M])


@prints(
    "δ_T = (h_T − d) ⊙ 1[z_T > 0]",
    "δ_t = Wᵀ δ_{t+1} ⊙ 1[z_t > 0],  t = T−1, …, 1",
    "dE/dW = Σ_t δ_t h_{t−1}ᵀ",
    "dE/dU = Σ_t δ_t x_tᵀ",
    "dE/db = Σ_t δ_t",
)
def relu_recurrence() -> Case:
    W, U, b = weights("W", 4, 4), weights("U", 4, 3), weights("b", 4)
    run = sg.scan(
        lambda h, x: sg.let("h", sg.relu(sg.let("z", W @ h + U @ x + b))),
        data("h0", 4),
        data("x", "T", 3),
    )
    return sg.let("E", sg.squared_norm(run.final - data("d", 4)) / 2), [W, U, b]


@prints(
    "dh_T = v",
    "dh_t = dh_{t+1} ⊙ z_{t+1} + U_zᵀ δz_{t+1} + U_hᵀ (δn_{t+1} ⊙ r_{t+1}) + U_rᵀ δr_{t+1},"
    "  t = T−1, …, 1",
    "δz_t = dh_t ⊙ (h_{t−1} − n_t) ⊙ z_t ⊙ (1 − z_t),  t = T, …, 1",
    "δn_t = dh_t ⊙ (1 − z_t) ⊙ (1 − n_t²),  t = T, …, 1",
    "δr_t = δn_t ⊙ U_h h_{t−1} ⊙ r_t ⊙ (1 − r_t),  t = T, …, 1",
    "dE/dU_z = Σ_t δz_t h_{t−1}ᵀ",
    "dE/dU_r = Σ_t δr_t h_{t−1}ᵀ",
    "dE/dU_h = Σ_t (δn_t ⊙ r_t) h_{t−1}ᵀ",
)
def gru_with_reset_behind_the_product() -> Case:
    n, m = (4, 3)
    Ws = {g: (weights("W_" + g, n, m), weights("U_" + g, n, n)) for g in "zrh"}

    def step(h, x):
        z = sg.let("z", sg.sigmoid(Ws["z"][0] @ x + Ws["z"][1] @ h))
        r = sg.let("r", sg.sigmoid(Ws["r"][0] @ x + Ws["r"][1] @ h))
        hh = sg.let("n", sg.tanh(Ws["h"][0] @ x + r * (Ws["h"][1] @ h)))
        return sg.let("h", z * h + (1 - z) * hh)

    r = sg.scan(step, data("h0", n), data("x", "T", 3))
    return (sg.let("E", data("v", 4) @ r.final), ["U_z", "U_r", "U_h"])


@prints(
    "δ₂_T = (h₂_T − d) ⊙ (1 − h₂_T²)",
    "δ₂_t = W₂ᵀ δ₂_{t+1} ⊙ (1 − h₂_t²),  t = T−1, …, 1",
    "δ₁_T = U₂ᵀ δ₂_T ⊙ (1 − h₁_T²)",
    "δ₁_t = (U₂ᵀ δ₂_t + W₁ᵀ δ₁_{t+1}) ⊙ (1 − h₁_t²),  t = T−1, …, 1",
    "dE/dW₁ = Σ_t δ₁_t h₁_{t−1}ᵀ",
    "dE/dU₁ = Σ_t δ₁_t x_tᵀ",
    "dE/dW₂ = Σ_t δ₂_t h₂_{t−1}ᵀ",
    "dE/dU₂ = Σ_t δ₂_t h₁_tᵀ",
)
def stacked_recurrence() -> Case:
    W1, U1, W2, U2 = (
        weights("W1", 4, 4),
        weights("U1", 4, 3),
        weights("W2", 3, 3),
        weights("U2", 3, 4),
    )

    def step(h1, h2, x):
        h1 = sg.let("h1", sg.tanh(W1 @ h1 + U1 @ x))
        h2 = sg.let("h2", sg.tanh(W2 @ h2 + U2 @ h1))
        return (h1, h2)

    r = sg.scan(step, (data("h1_0", 4), data("h2_0", 3)), data("x", "T", 3))
    return (sg.let("E", sg.squared_norm(r.final[1] - data("d", 3)) / 2), [W1, U1, W2, U2])


@prints(
    "δh_T = V_hᵀ (V [h_T, g_1] − d) ⊙ (1 − h_T²)",
    "δh_t = W₁ᵀ δh_{t+1} ⊙ (1 − h_t²),  t = T−1, …, 1",
    "δg_1 = V_gᵀ (V [h_T, g_1] − d) ⊙ (1 − g_1²)",
    "δg_t = W₂ᵀ δg_{t−1} ⊙ (1 − g_t²),  t = 2, …, T",
    "dE/dW₁ = Σ_t δh_t h_{t−1}ᵀ",
    "dE/dW₂ = Σ_t δg_t g_{t+1}ᵀ",
    "dE/dV = (V [h_T, g_1] − d) [h_T, g_1]ᵀ",
)
def bidirectional_recurrence() -> Case:
    W1, U1, W2, U2, V = (
        weights("W1", 4, 4),
        weights("U1", 4, 3),
        weights("W2", 4, 4),
        weights("U2", 4, 3),
        weights("V", 2, 8),
    )
    x = data("x", "T", 3)
    a = sg.scan(lambda h, x: sg.let("h", sg.tanh(W1 @ h + U1 @ x)), data("h0", 4), x)
    b = sg.scan(lambda g, x: sg.let("g", sg.tanh(W2 @ g + U2 @ x)), data("g0", 4), x, reverse=True)
    return (
        sg.let("E", sg.squared_norm(V @ sg.concat([a.final, b.final]) - data("d", 2)) / 2),
        [W1, W2, V],
    )


@prints(
    "δ_T = Vᵀ (V h_T − y_T) ⊙ (1 − h_T²)",
    "δ_t = (Wᵀ δ_{t+1} + Vᵀ (V h_t − y_t)) ⊙ (1 − h_t²),  t = T−1, …, 1",
    "dL/dW = Σ_t δ_t h_{t−1}ᵀ",
    "dL/dU = Σ_t δ_t yp_tᵀ",
    "dL/dV = Σ_t (V h_t − y_t) h_tᵀ",
)
def teacher_forcing() -> Case:
    W, U, V = (weights("W", 4, 4), weights("U", 4, 3), weights("V", 3, 4))
    Y = data("Y", "T", 3)

    def step(h, yp, y):
        h = sg.let("h", sg.tanh(W @ h + U @ yp))
        return (h, sg.squared_norm(V @ h - y) / 2)

    r = sg.scan(step, data("h0", 4), (sg.shift(Y, 1), Y))
    return (sg.let("L", sg.sum(r.outputs)), [W, U, V])


@prints(
    "δs_K = Vᵀ (V s_K − y_K) ⊙ (1 − s_K²)",
    "δs_k = (Dᵀ δs_{k+1} + Vᵀ (V s_k − y_k)) ⊙ (1 − s_k²),  k = K−1, …, 1",
    "δh_T = Dᵀ δs_1 ⊙ (1 − h_T²)",
    "δh_t = Wᵀ δh_{t+1} ⊙ (1 − h_t²),  t = T−1, …, 1",
    "dL/dW = Σ_t δh_t h_{t−1}ᵀ",
    "dL/dD = Σ_k δs_k s_{k−1}ᵀ",
    "dL/dV = Σ_k (V s_k − y_k) s_kᵀ",
)
def encoder_and_decoder() -> Case:
    W, U, D, V = (weights("W", 4, 4), weights("U", 4, 3), weights("D", 4, 4), weights("V", 3, 4))
    e = sg.scan(lambda h, x: sg.let("h", sg.tanh(W @ h + U @ x)), data("h0", 4), data("x", "T", 3))

    def step(s, y):
        s = sg.let("s", sg.tanh(D @ s))
        return (s, sg.squared_norm(V @ s - y) / 2)

    d = sg.scan(step, e.final, data("y", "K", 3))
    return (sg.let("L", sg.sum(d.outputs)), [W, D, V])


@prints(
    "dy_T = y_T − d_T",
    "dy_t = Wᵀ δ_{t+1} + y_t − d_t,  t = T−1, …, 1",
    "δ_t = Vᵀ dy_t ⊙ h_t ⊙ (1 − h_t),  t = T, …, 1",
    "dE/dW = Σ_t δ_t y_{t−1}ᵀ",
    "dE/dU = Σ_t δ_t x_tᵀ",
    "dE/dV = Σ_t dy_t h_tᵀ",
)
def jordan_network() -> Case:
    W, U, V = (weights("W", 4, 2), weights("U", 4, 3), weights("V", 2, 4))

    def step(y, x):
        h = sg.let("h", sg.sigmoid(W @ y + U @ x))
        return sg.let("y", V @ h)

    r = sg.scan(step, data("y0", 2), data("x", "T", 3))
    return (sg.let("E", sg.squared_norm(r.states - data("D", "T", 2)) / 2), [W, U, V])


@prints(
    "dℓ/da = −(t − μ) x/exp(s)",
    "dℓ/dc = (½ − (t − μ)²/(2 exp(s))) x",
)
def regression_with_its_own_variance() -> Case:
    μ, s = (sg.let("μ", weights("a", 4) @ x), sg.let("s", weights("c", 4) @ x))
    t = data("t")
    return (sg.let("ℓ", s / 2 + (t - μ) ** 2 / (2 * sg.exp(s))), ["a", "c"])


@prints(
    "dℓ/dw = −σ(−y (w·x)) y x",
)
def soft_margin() -> Case:
    yy = data("y")
    w = weights("w", 4)
    return (sg.let("ℓ", sg.log(1 + sg.exp(-yy * (w @ x)))), w)


@prints(
    "dL/dK[0,0,i,j] = Σ_{b,h,w} G[b,0,h,w] X[b,0,2h+i−1,2w+j−1]",
    "dL/dX[b,0,h,w] = Σ_{p,q} G[b,0,p,q] K[0,0,h−2p+1,w−2q+1]",
)
def convolution_with_stride_and_padding() -> Case:
    X, K, G = (data("X", 2, 1, 7, 7), weights("K", 1, 1, 3, 3), data("G", 2, 1, 4, 4))
    return (sg.let("L", sg.sum(G * sg.conv2d(X, K, stride=2, padding=1))), [K, X])


@pytest.mark.parametrize("case", CASES)
def test_an_exercise_prints_its_gradient_as_a_textbook_does(case: str) -> None:
    build, expected = CASES[case]
    loss, wrt, *options = build()

    derivation = sg.derive(loss, wrt, **(options[0] if options else {}))

    assert [line.unicode() for line in (*derivation.names, *derivation.results)] == expected
    assert derivation.verified
    assert sg.check(loss, wrt, entries=4).ok
