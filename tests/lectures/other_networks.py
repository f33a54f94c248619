"""The formulas of the lectures' networks: NumPy, and nothing of symgraph; see other_formulas.py."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np

from lectures.other_formulas import (
    Given,
    corners,
    formula,
    half,
    lse,
    relu,
    sigma,
    slope,
    slopes,
    softmax,
)

# --- feedforward networks -----------------------------------------------------------------------


@formula
def S3_05(g: Given) -> Any:
    def y(p: Given) -> Any:
        return sigma(p["w2"] @ sigma(p["x"] @ p["W1"] + p["b1"]))

    a = g["x"] @ g["W1"] + g["b1"]
    found = slopes(y, g, "w2", "b1", "W1")
    return {
        "a": a, "h": sigma(a), "out_net": g["w2"] @ sigma(a), "y": y(g), "dy_dw2": found["w2"],
        "dy_db1": found["b1"], "dy_dW1": found["W1"],
    }  # fmt: skip


@formula
def S3_06(g: Given) -> Any:
    return {"product": g["B"] @ g["A"], "rank": int(np.linalg.matrix_rank(g["B"] @ g["A"]))}


@formula
def S4_09(g: Given) -> Any:
    hidden = [[int(a >= 0), int(b >= 0), int(-a - b >= -1)] for a, b in g["points"]]
    return {"hidden": hidden, "out": [int(sum(h) >= 2.5) for h in hidden]}


@formula
def S4_11(g: Given) -> Any:
    def f(t: Any, x: Any) -> Any:
        return sigma(t[0] + t[1] * x + t[2] * x**2)

    t, x = g["theta"], g["x"]
    return {"f": f(t, x), "grad": slope(lambda t: f(t, x), t), "df_dx": slope(lambda x: f(t, x), x)}


@formula
def S4_12(g: Given) -> Any:
    def hidden(t: Any, x: Any) -> Any:
        return [np.tanh(t[k] + t[k + 1] * x + t[k + 2] * x**2) for k in (0, 3)]

    def f(t: Any, x: Any) -> Any:
        h1, h2 = hidden(t, x)
        return sigma(t[6] + t[7] * h1 + t[8] * h2)

    t, x = g["theta"], g["x"]
    h1, h2 = hidden(t, x)
    return {
        "h1": h1, "h2": h2, "f": f(t, x), "grad": slope(lambda t: f(t, x), t),
        "df_dx": slope(lambda x: f(t, x), x),
    }  # fmt: skip


@formula
def S4_14(g: Given) -> Any:
    def l2(p: Given) -> Any:
        return np.tanh(p["W2"] @ np.tanh(p["W1"] @ p["x"] + p["b1"]) + p["b2"])

    found = slopes(lambda p: np.sum(l2(p)), g, "W1", "W2", "b1", "x")
    return {"l1": np.tanh(g["W1"] @ g["x"] + g["b1"]), "l2": l2(g)} | {
        f"d{name}": one for name, one in found.items()
    }


def _feedforward(p: Given) -> Any:
    return half(sigma(p["W2"] @ np.tanh(p["W1"] @ p["x"])) - p["d"])


@formula
def S4_15(g: Given) -> Any:
    net1 = g["W1"] @ g["x"]
    net2 = g["W2"] @ np.tanh(net1)
    return {
        "net1": net1, "h": np.tanh(net1), "net2": net2, "y": sigma(net2), "E": _feedforward(g),
    }  # fmt: skip


@formula
def S4_17(g: Given) -> Any:
    y = sigma(g["W2"] @ np.tanh(g["W1"] @ g["x"]))
    step = -g["eta"] * slopes(_feedforward, g, "W2")["W2"]
    delta = (g["d"] - y) * y * (1 - y)
    return {"delta_k": delta, "dW2": step, "W2_new": g["W2"] + step}


@formula
def S4_18(g: Given) -> Any:
    h = np.tanh(g["W1"] @ g["x"])
    y = sigma(g["W2"] @ h)
    delta = (1 - h**2) * (((g["d"] - y) * y * (1 - y)) @ g["W2"])
    step = g["eta"] * np.outer(delta, g["x"])
    return {"delta_j": delta, "dW1": step, "W1_new": g["W1"] + step}


@formula
def S4_19(g: Given) -> Any:
    upper, lower = g["W_out_rows_alpha_beta"], g["W_hidden_rows_ABC"]
    h = sigma(lower @ g["in_"])
    y = sigma(upper @ h)
    out = y * (1 - y) * (g["target"] - y)
    hidden = h * (1 - h) * (out @ upper)
    return {
        "out_hidden": h, "out": y, "delta_out": out, "delta_hidden": hidden,
        "W_out_new": upper + g["eta"] * np.outer(out, h),
        "W_hidden_new": lower + g["eta"] * np.outer(hidden, g["in_"]),
    }  # fmt: skip


def _worked(g: Given) -> Any:
    nets = np.array([g["w_top"] @ g["inputs"], g["w_bottom"] @ g["inputs"]])
    h = sigma(nets)
    final = g["w_out"] @ h
    return nets, h, final, sigma(final)


@formula
def S4_20(g: Given, old: Given) -> Any:
    nets, h, final, o = _worked(g)
    return {
        **old, "net_top": nets[0], "out_top": h[0], "net_bottom": nets[1], "out_bottom": h[1],
        "net_final": final, "out": o, "loss": (g["target"] - o) ** 2 / 2,
    }  # fmt: skip


def _moved(g: Given, h: Any, delta: Any, sequential: bool) -> Any:
    upper = g["w_out"] + g["eta"] * delta * h
    deltas = delta * (upper if sequential else g["w_out"]) * h * (1 - h)
    top = g["w_top"] + g["eta"] * deltas[0] * g["inputs"]
    bottom = g["w_bottom"] + g["eta"] * deltas[1] * g["inputs"]
    return upper, deltas, top, bottom


@formula
def S4_21(g: Given, old: Given) -> Any:
    _, h, _, o = _worked(g)
    delta = (g["target"] - o) * o * (1 - o)
    found = {**old, "delta": delta}
    for mode, sequential in (("true_gradient", False), ("lecture_updated_weights", True)):
        upper, deltas, top, bottom = _moved(g, h, delta, sequential)
        found |= {"w1_new": upper[0], "w2_new": upper[1]}
        found[mode] = {"delta1": deltas[0], "delta2": deltas[1]} | dict(
            zip(("w3", "w4", "w5", "w6"), (*top, *bottom), strict=True)
        )
    o, rounded = round(float(o), 2), np.array([round(float(h[0]), 2), round(float(h[1]), 4)])
    exact = (g["target"] - o) * o * (1 - o)
    upper, deltas, top, bottom = _moved(g, rounded, round(exact, 4), True)
    found["lecture_rounded_recomputed"] = {
        "delta": exact, "w1": upper[0], "w2": upper[1], "delta1": deltas[0], "delta2": deltas[1],
        "w3": top[0], "w4": top[1], "w5": bottom[0], "w6": bottom[1],
    }  # fmt: skip
    return found


@formula
def S4_22(g: Given, old: Given) -> Any:
    _, h, _, o = _worked(g)
    delta = (g["target"] - o) * o * (1 - o)
    found = {**old, "old_error": g["target"] - o}
    for mode, sequential in (("true_gradient", False), ("lecture_updated_weights", True)):
        upper, _, top, bottom = _moved(g, h, delta, sequential)
        *_, new = _worked(g | {"w_out": upper, "w_top": top, "w_bottom": bottom})
        error = g["target"] - new
        found[mode] = {"out": new, "error": error, "loss": error**2 / 2}
    return found


@formula
def S4_37(g: Given) -> Any:
    def F(p: Given) -> Any:
        return p["W2"] @ relu(p["W1"] @ p["x"])

    def y(p: Given) -> Any:
        return relu(F(p) + p["x"])

    found = slopes(lambda p: np.sum(y(p)), g, "x", "W1", "W2")
    return {
        "F": F(g), "y": y(g), "dsum_dx": found["x"], "dW1": found["W1"], "dW2": found["W2"],
        "jacobian": slopes(y, g, "x")["x"].T,
    }  # fmt: skip


@formula
def S4_39(g: Given) -> Any:
    x = g["x"]
    xhat = (x - x.mean()) / np.sqrt(x.var() + g["eps"])
    return {
        "mu": x.mean(), "var": x.var(), "xhat": xhat, "y": g["gamma"] * xhat + g["beta"],
        "var_unbiased_wrong": x.var(ddof=1),
    }  # fmt: skip


@formula
def S4_40(g: Given) -> Any:
    x, dy, m = g["x"], g["dl_dy"], len(g["x"])
    root = np.sqrt(x.var() + g["eps"])
    xhat, dxhat = (x - x.mean()) / root, dy * g["gamma"]
    dvar = np.sum(dxhat * (x - x.mean())) * -0.5 / root**3
    dmu = -np.sum(dxhat) / root
    dx = dxhat / root + dvar * 2 * (x - x.mean()) / m + dmu / m
    return {
        "dgamma": dy @ xhat, "dbeta": dy.sum(), "dvar": dvar, "dmu": dmu, "dx": dx,
        "sum_dx": dx.sum(), "sum_dx_xhat": dx @ xhat,
    }  # fmt: skip


@formula
def S4_48(g: Given) -> Any:
    def y(p: Given) -> Any:
        return (p["W2"] @ (sigma(p["W1"] @ p["x"]) * p["m"]))[0]

    found: Given = {}
    for kind, factor in (("plain_2014", 1.0), ("inverted", 2.0)):
        p = g | {"m": factor * g["mask"]}
        moves = slopes(y, p, "W1", "W2")
        test = y(g | {"m": np.full(len(g["mask"]), factor / 2)})
        found[kind] = {"train": y(p), "test": test, "dW1": moves["W1"], "dW2": moves["W2"]}
    masks = itertools.product((0.0, 1.0), repeat=len(g["mask"]))
    return found | {"mean_over_16_masks": np.mean([y(g | {"m": np.array(m)}) for m in masks])}


# --- machines and factors -----------------------------------------------------------------------


def _states(count: int) -> Any:
    return np.array([*itertools.product((0.0, 1.0), repeat=count)])


@formula
def S4_42(g: Given) -> Any:
    def energy(p: Given, v: Any, h: Any) -> Any:
        return -v @ p["b"] - h @ p["c"] - v @ p["W"] @ h

    def log_Z(p: Given) -> Any:
        return lse(np.array([-energy(p, v, h) for v in _states(len(g["b"]))
                             for h in _states(len(g["c"]))]))  # fmt: skip

    def log_p(p: Given) -> Any:
        return lse(np.array([-energy(p, g["v"], h) for h in _states(len(g["c"]))])) - log_Z(p)

    E, Z = energy(g, g["v"], g["h"]), np.exp(log_Z(g))
    rises = slopes(lambda p: energy(p, g["v"], g["h"]), g, "W", "b", "c")
    moves = slopes(log_p, g, "W", "b", "c")
    found = {f"dE_d{name}": one for name, one in rises.items()}
    found |= {f"dlogp_d{name}": one for name, one in moves.items()}
    return found | {
        "E": E, "Z": Z, "p_vh": np.exp(-E) / Z, "p_v": np.exp(log_p(g)),
        "free_energy": -(log_p(g) + log_Z(g)), "p_h_given_v": sigma(g["v"] @ g["W"] + g["c"]),
        "p_v_given_h": sigma(g["W"] @ g["h"] + g["b"]),
    }  # fmt: skip


@formula
def S4_43(g: Given) -> Any:
    h = sigma(g["v"] @ g["W"] + g["c"])
    v1 = sigma(g["W"] @ h + g["b"])
    h1 = sigma(v1 @ g["W"] + g["c"])
    return {"v1": v1, "h1": h1, "dW": g["eta"] * (np.outer(g["v"], h) - np.outer(v1, h1))}


@formula
def S4_45(g: Given) -> Any:
    X = g["X"] - g["X"].mean(0)
    s = np.sqrt(np.linalg.eigvalsh(X.T @ X)[::-1])
    left, total = np.sum(s[2:] ** 2), np.sum(X**2)
    return {
        "singular_values": s, "rank2_sse": left, "total_sse": total,
        "explained": 1 - left / total,
    }  # fmt: skip


# --- convolution --------------------------------------------------------------------------------


def _conv(X: Any, K: Any) -> Any:
    n, m = (a - k + 1 for a, k in zip(X.shape, K.shape, strict=True))
    return np.array([[np.sum(X[i : i + len(K), j : j + len(K[0])] * K) for j in range(m)]
                     for i in range(n)])  # fmt: skip


@formula
def S0_36(g: Given, old: Given) -> Any:
    products = g["patch"] * g["filter"]
    return {
        **old, "response": products.sum(), "terms": products.sum(1),
        "flipped_convolution": np.sum(g["patch"] * g["filter"][::-1, ::-1]),
    }  # fmt: skip


def _logits(p: Given) -> Any:
    maps = []
    for K, b in zip(p["K"], p["bK"], strict=True):
        A = relu(_conv(p["X"], K) + b)
        blocks = A.reshape(2, 2, 2, 2).swapaxes(1, 2).reshape(4, 4)
        maps.append(blocks[np.arange(4), np.argmax(np.real(blocks), 1)])
    return p["Wf"] @ np.concatenate(maps) + p["bf"]


@formula
def S0_39(g: Given) -> Any:
    def loss(p: Given) -> Any:
        return lse(_logits(p)) - _logits(p)[g["label"]]

    found = slopes(loss, g, "K", "bK", "Wf", "bf", "X")
    return {
        "logits": _logits(g), "p": softmax(_logits(g)), "loss": loss(g), "dK": found["K"],
        "dbK": found["bK"], "dWf_row0": found["Wf"][0], "dbf": found["bf"],
        "dX_sum": found["X"].sum(), "dX_row2": found["X"][2],
        "n_params": sum(g[name].size for name in ("K", "bK", "Wf", "bf")),
    }  # fmt: skip


@formula
def S4_50(g: Given) -> Any:
    x, n = g["x"], len(g["x"]) - len(g["w"]) + 1
    windows = np.array([x[i : i + len(g["w"])] for i in range(n)])
    return {
        "y": windows @ g["w"], "params_shared": len(g["w"]), "params_local": windows.size,
        "params_full": n * len(x), "dw": windows.sum(0),
    }  # fmt: skip


@formula
def S4_51(g: Given) -> Any:
    Y = _conv(g["I"], g["K"])
    return {"feature_map": Y, "first": Y[0, 0], "dK_of_sum": _conv(g["I"], np.ones_like(Y))}


@formula
def S4_52(g: Given) -> Any:
    Y = np.array([_conv(g["I"], K) for K in g["K"]])
    return {
        "shape": list(Y.shape), "sums": Y.sum((1, 2)), "corner": [Y[:, 0, 0], Y[:, -1, -1]],
        "sigmoid_sums": sigma(Y).sum((1, 2)), "n_params": g["K"].size,
        "n_params_bias": g["K"].size + len(g["K"]),
    }  # fmt: skip


@formula
def S4_53(g: Given) -> Any:
    blocks = g["A"].reshape(2, 2, 2, 2).swapaxes(1, 2)
    best = blocks.max((2, 3))
    first = np.argmax(blocks.reshape(2, 2, 4), axis=2)
    winners = np.eye(4, dtype=int)[first].reshape(2, 2, 2, 2).swapaxes(1, 2).reshape(4, 4)
    return {"max": best, "avg": blocks.mean((2, 3)), "max_grad": winners, "avg_grad_each": 0.25}


@formula
def S4_55(g: Given) -> Any:
    def parts(p: Given) -> Any:
        x = p["E"][g["ids"]]
        for n in (2, 3):
            for K, b in zip(p[f"K{n}"], p[f"b{n}"], strict=True):
                yield np.array([np.tanh(np.sum(K * x[t : t + n]) + b) for t in range(6 - n)])

    def features(p: Given) -> Any:
        return np.array([c[np.argmax(np.real(c))] for c in parts(p)])

    def loss(p: Given) -> Any:
        z = p["Wf"] @ features(p)
        return lse(z) - z[g["label"]]

    found = slopes(loss, g, "K2", "K3", "E")
    return {
        "features": features(g), "winners": [int(np.argmax(c)) for c in parts(g)],
        "p": softmax(g["Wf"] @ features(g)), "loss": loss(g),
    } | {f"d{name}": one for name, one in found.items()}  # fmt: skip


# --- training -----------------------------------------------------------------------------------


def _descent(loss: Any, p: Given, rate: float, places: Any) -> Any:
    """The parameters after so many steps."""
    for step in range(max(places) + 1):
        if step in places:
            yield step, p
        p = {name: p[name] - rate * s for name, s in slopes(loss, p, *p).items()}


@formula
def S0_17b(g: Given, old: Given) -> Any:
    grid = np.array([*itertools.product(np.arange(0, 3.5, 0.5), repeat=2)])
    phi = np.column_stack([np.ones(len(grid)), grid])
    y = np.where(np.abs(grid[:, 0] - grid[:, 1]) >= 1, 1, -1)

    def score(p: Given) -> Any:
        return p["u"][0] + sigma(phi @ p["V"].T) @ p["u"][1:]

    def loss(p: Given) -> Any:
        return np.mean((score(p) - y) ** 2)

    places = [*map(int, old["trace"])]
    steps = _descent(loss, {"V": g["V0"], "u": g["u0"]}, g["lr"], places)
    return {"trace": {str(t): {"loss": loss(p), "accuracy": np.mean(np.sign(score(p)) == y)}
                      for t, p in steps}}  # fmt: skip


@formula
def S4_08b(g: Given, old: Given) -> Any:
    d = np.array([0.0, 1.0, 1.0, 0.0])

    def y(p: Given) -> Any:
        return sigma(np.tanh(corners() @ p["W"].T + p["b"]) @ p["v"] + p["c"])

    def loss(p: Given) -> Any:
        return half(y(p) - d)

    steps = _descent(loss, g, 0.5, [*map(int, old["trace"])])
    trace = {str(t): {"loss": loss(p), "y": y(p)} for t, p in steps}
    return {"grads0": slopes(loss, g, "W", "b", "v", "c"), "trace": trace}


def _fill(s: int, *shape: int) -> Any:
    k = np.arange(np.prod(shape))
    return (((3 * k**2 + (s + 2) * k + 5 * s + 1) % 13 - 6) / 10).reshape(shape)


@formula
def S0_28(g: Given, old: Given) -> Any:
    x, found = g["X"], {}
    for k, n in ((1, 3), (2, 2)):
        W, V, b, c = _fill(k, n, x.shape[1]), _fill(k + 1, x.shape[1], n), 0.0, 0.0
        losses = {}
        for step in range(1001):
            h = sigma(x @ W.T + b)
            y = sigma(h @ V.T + c)
            losses[str(step)] = half(y - x) / len(x)
            out = (y - x) * y * (1 - y) / len(x)
            back = out @ V * h * (1 - h)
            if step < 1000:
                V, c = V - out.T @ h, c - out.sum(0)
                W, b = W - back.T @ x, b - back.sum(0)
        found[f"ae{k}_loss"] = {place: losses[place] for place in old[f"ae{k}_loss"]}
        x = sigma(x @ W.T + b)
    u, d, losses = np.full(2, float(g["top_init"])), float(g["top_init"]), {}
    for step in range(1001):
        p = sigma(x @ u + d)
        losses[str(step)] = -np.mean(g["y"] * np.log(p) + (1 - g["y"]) * np.log(1 - p))
        gap = (p - g["y"]) / len(x)
        if step < 1000:
            u, d = u - g["top_lr"] * gap @ x, d - g["top_lr"] * gap.sum()
    right = np.mean((x @ u + d > 0) == (g["y"] > 0.5))
    top = {place: losses[place] for place in old["top_loss"]}
    return found | {"top_loss": top, "top_accuracy": right, "code_first_sample": x[0]}


@formula
def S4_46(g: Given) -> Any:
    def run(inside: bool, gradients: Any) -> Any:
        m = v = 0.0
        theta, found = 1.0, []
        for t, one in enumerate(gradients, 1):
            m = g["beta1"] * m + (1 - g["beta1"]) * one
            v = g["beta2"] * v + (1 - g["beta2"]) * one**2
            mhat, vhat = m / (1 - g["beta1"] ** t), v / (1 - g["beta2"] ** t)
            root = np.sqrt(vhat + g["eps"]) if inside else np.sqrt(vhat) + g["eps"]
            theta -= 1e-3 * mhat / root
            found.append({"m": m, "v": v, "mhat": mhat, "vhat": vhat, "theta": theta})
        return found

    tiny = [1 - run(inside, [g["tiny"]])[0]["theta"] for inside in (False, True)]
    return {
        "standard": run(False, (0.1, -0.2, 0.3)),
        "lecture_eps_inside_sqrt": run(True, (0.1, -0.2, 0.3)),
        "tiny_gradient_1e5": {
            "g": g["tiny"], "standard_step": tiny[0], "lecture_step": tiny[1]
        },
    }  # fmt: skip
