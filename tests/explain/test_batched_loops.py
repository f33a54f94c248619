"""Recurrent nets over batches and in both directions print sums over time, as textbooks do."""

import numpy as np
import pytest

import symgraph as sg
from symgraph import zoo


def softmax(z):
    shifted = np.exp(z - z.max(axis=-1, keepdims=True))
    return shifted / shifted.sum(axis=-1, keepdims=True)


def quotients(loss, at, h=1e-5):
    """Central differences of a function of one array."""
    found = np.zeros_like(at)
    for place in np.ndindex(at.shape):
        ends = []
        for step in (h, -h):
            moved = at.copy()
            moved[place] += step
            ends.append(loss(moved))
        found[place] = (ends[0] - ends[1]) / (2 * h)
    return found


def test_a_tagger_is_derived_in_both_directions_of_time():
    made = sg.derive(zoo.built("tagger").loss, ["U", "W_g", "V", "E"])

    assert [line.unicode() for line in made.names] == [
        "δh_T = (V_hᵀ (softmax(z_T) − onehot(y_T)) ⊙ (1 − h_T²))/T",
        "δh_t = (Wᵀ δh_{t+1} + V_hᵀ (softmax(z_t) − onehot(y_t))/T) ⊙ (1 − h_t²),  t = T−1, …, 1",
        "δg_1 = (V_gᵀ (softmax(z_1) − onehot(y_1)) ⊙ (1 − g_1²))/T",
        "δg_t = (W_gᵀ δg_{t−1} + V_gᵀ (softmax(z_t) − onehot(y_t))/T) ⊙ (1 − g_t²),  t = 2, …, T",
    ]
    assert [line.unicode() for line in made.results] == [
        "dL/dU = Σ_t δh_t w_tᵀ",
        "dL/dW_g = Σ_t δg_t g_{t+1}ᵀ",
        "dL/dV = Σ_t (softmax(z_t) − onehot(y_t)) [h_t, g_t]ᵀ/T",
        "dL/dE = Σ_t onehot(ids_t) (δh_tᵀ U + δg_tᵀ U_g)",
    ]


def test_the_lines_of_the_tagger_are_the_difference_quotients():
    made = np.random.default_rng(3)
    U, U_g = made.normal(size=(2, 2, 3))
    W, W_g = made.normal(size=(2, 2, 2))
    E, V = made.normal(size=(6, 3)), made.normal(size=(3, 4))
    ids, y, T = np.array([1, 4, 1, 0]), np.array([2, 0, 1, 1]), 4

    def forward(W_g):
        w, h, g = E[ids], np.zeros((T + 2, 2)), np.zeros((T + 2, 2))
        for t in range(1, T + 1):
            h[t] = np.tanh(U @ w[t - 1] + W @ h[t - 1])
        for t in range(T, 0, -1):
            g[t] = np.tanh(U_g @ w[t - 1] + W_g @ g[t + 1])
        z = np.concatenate([h[1:-1], g[1:-1]], axis=1) @ V.T
        return g, z, np.mean(np.log(np.exp(z).sum(axis=1)) - z[np.arange(T), y])

    g, z, _ = forward(W_g)
    errors = softmax(z) - np.eye(3)[y]
    delta = np.zeros((T + 1, 2))
    for t in range(1, T + 1):  # as printed, the first line being the second with δg_0 = 0
        delta[t] = (W_g.T @ delta[t - 1] + V[:, 2:].T @ errors[t - 1] / T) * (1 - g[t] ** 2)
    printed = sum(np.outer(delta[t], g[t + 1]) for t in range(1, T + 1))

    assert np.allclose(printed, quotients(lambda W_g: forward(W_g)[2], W_g), atol=1e-9)


@pytest.mark.parametrize("streams", [1, 5])
def test_a_batch_of_streams_prints_matrices_at_every_time(streams):
    net = zoo.builder("char-rnn")(streams=streams)
    made = sg.derive(net.loss, ["E", "U", "V"])
    results = [line.unicode() for line in made.results]

    assert (
        results
        == {
            1: [
                "dL/dE[v,i] = 10 Σ_t 1[ids_t = v] δ_t[i]",
                "dL/dU = Σ_t h_{t−1}ᵀ δ_t",
                "dL/dV = Σ_t h_tᵀ (softmax(z_t) − onehot(next_t)ᵀ)/T",
            ],
            5: [
                "dL/dE[v,i] = 10 Σ_t Σ_l 1[ids_t[l] = v] δ_t[l,i]",
                "dL/dU = Σ_t h_{t−1}ᵀ δ_t",
                "dL/dV = Σ_t h_tᵀ (softmax(z_t) − onehot(next_t))/(5 T)",
            ],
        }[streams]
    )
    assert not any("scan" in line or "trace" in line for line in str(made).splitlines())


def test_the_one_hot_vector_of_a_batch_of_one_is_a_row():
    z, y = sg.input("z", (1, 5)), sg.input("y", 1, kind="integer")

    assert sg.derive(sg.cross_entropy(z, y), z).result.unicode() == (
        "dL/dz = softmax(z) − onehot(y)ᵀ"
    )


def test_the_lines_of_the_batched_net_are_the_difference_quotients():
    made = np.random.default_rng(5)
    E, U, V = made.normal(size=(5, 3)) / 10, made.normal(size=(3, 3)), made.normal(size=(3, 5))
    ids, following, T, B = made.integers(0, 5, (4, 2)), made.integers(0, 5, (4, 2)), 4, 2

    def forward(E):
        h, loss, errors = np.zeros((T + 1, B, 3)), 0.0, np.zeros((T, B, 5))
        for t in range(1, T + 1):
            h[t] = np.tanh(10 * E[ids[t - 1]] + h[t - 1] @ U)
            z = h[t] @ V
            hot = np.eye(5)[following[t - 1]]
            loss += np.sum(np.log(np.exp(z).sum(axis=1)) - (z * hot).sum(axis=1)) / (B * T)
            errors[t - 1] = softmax(z) - hot
        return h, errors, loss

    h, errors, _ = forward(E)
    delta = np.zeros((T + 2, B, 3))
    for t in range(T, 0, -1):  # as printed
        delta[t] = (delta[t + 1] @ U.T + errors[t - 1] @ V.T / (B * T)) * (1 - h[t] * h[t])
    printed = np.array(
        [
            [
                10 * sum(delta[t][ids[t - 1] == v, i].sum() for t in range(1, T + 1))
                for i in range(3)
            ]
            for v in range(5)
        ]
    )

    assert np.allclose(printed, quotients(lambda E: forward(E)[2], E), atol=1e-8)


def test_the_joined_gates_of_a_batched_lstm_are_read_by_entries():
    made = sg.derive(zoo.built("char-lstm").loss, "E")

    assert made.result.unicode() == (
        "dL/dE[v,j] = 10 Σ_t Σ_l 1[ids_t[l] = v] [δ₂_t, δ₁_t, δ₃_t, δ₄_t][l,j]"
    )
