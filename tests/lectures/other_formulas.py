"""The lectures' numbers by their formulas alone: NumPy, and nothing of symgraph.

Each function takes the inputs of a row and gives what is to be expected. Derivatives are taken by
complex steps, f(x + ih) with h = 1e-30, which have no rounding: what is written here are values.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from typing import Any

import numpy as np

__all__ = ["FORMULAS", "formula"]

Given = dict[str, Any]
FORMULAS: dict[str, Callable[..., Any]] = {}
STEP = 1e-30


def formula(compute: Callable[..., Any]) -> Callable[..., Any]:
    """The function S0_21 has the formulas of S0-21."""
    FORMULAS[compute.__name__.replace("_", "-")] = compute
    return compute


def slope(f: Callable[[Any], Any], x: Any) -> Any:
    """The derivative of a number or of an array by every entry of x, in the first axes."""
    x = np.array(x, dtype=float)
    found = []
    for place in np.ndindex(*x.shape):
        moved = x.astype(complex)
        moved[place] += STEP * 1j
        found.append(np.imag(f(moved)) / STEP)
    return np.array(found).reshape((*x.shape, *np.shape(found[0])))


def slopes(f: Callable[[Given], Any], values: Given, *names: str) -> Given:
    """The derivatives of a number by some of the values it depends on."""
    return {
        name: slope(lambda x, name=name: f({**values, name: x}), values[name]) for name in names
    }


def arrays(given: Given) -> Given:
    """The inputs with arrays in the place of lists of numbers."""
    found = {}
    for name, one in given.items():
        if isinstance(one, dict):
            found[name] = arrays(one)
        elif isinstance(one, list) and not isinstance(one[0], str):
            found[name] = np.array(one)
        else:
            found[name] = one
    return found


def sigma(z: Any) -> Any:
    return 1 / (1 + np.exp(-z))


def relu(z: Any) -> Any:
    return np.where(np.real(z) > 0, z, 0)


def softmax(z: Any) -> Any:
    e = np.exp(z - np.max(np.real(z), axis=-1, keepdims=True))
    return e / np.sum(e, axis=-1, keepdims=True)


def lse(z: Any) -> Any:
    return np.log(np.sum(np.exp(z)))


def half(v: Any) -> Any:
    return np.sum(v * v) / 2


def corners() -> Any:
    return np.array([*itertools.product((0.0, 1.0), repeat=2)])


# --- features and losses ------------------------------------------------------------------------


@formula
def S0_01(g: Given) -> Any:
    phi, W = np.concatenate([[1.0], g["x"]]), np.concatenate([[g["b"]], g["W"]])
    return {"value": phi @ W, "phi": phi, "Wprime": W}


@formula
def S0_02(g: Given) -> Any:
    x, y = g["x"], g["y"]
    w = x @ y / (x @ x)
    both = np.column_stack([x, x**2])
    best, *_ = np.linalg.lstsq(both, y, rcond=None)
    sse = np.sum((w * x - y) ** 2)
    return {
        "H1_w1": w, "H1_w1_exact": repr(float(w)), "H1_sse": sse, "H1_sse_exact": repr(float(sse)),
        "H2_w": best, "H2_sse": np.sum((both @ best - y) ** 2),
    }  # fmt: skip


@formula
def S0_03(g: Given) -> Any:
    phi = np.column_stack([g["x"], g["x"] ** 2])
    best = np.linalg.solve(phi.T @ phi + g["lam"] * np.eye(2), phi.T @ g["y"])
    W = g["w_at"]
    penalty = 2 * g["lam"] * W
    return {
        "w_ridge": best, "norm_ridge": np.linalg.norm(best), "penalty_grad": penalty,
        "grad_at": 2 * phi.T @ (phi @ W - g["y"]) + penalty,
    }  # fmt: skip


@formula
def S0_04(g: Given) -> Any:
    T = g["T"]
    value = (T - 37) ** 2
    return {"coeffs": [1369.0, -74.0, 1.0], "value": value, "check": value, "dT": 2 * (T - 37)}


@formula
def S0_05(g: Given) -> Any:
    first, second, *_ = N = g["N"]
    bins = [[int(a < n < b) for a, b in ((0, 11), (10, 101), (100, 1001))] for n in N]
    return {"log100": np.log(first), "log1000": np.log(second), "dlog100": 1 / first, "bins": bins}


@formula
def S0_06(g: Given) -> Any:
    coeffs = {"one": 62.0**2, "h": -2 * 62 * 1.9, "w": 124.0, "hh": 3.61, "ww": 1.0, "hw": -3.8}
    gap = 52 + 1.9 * (g["height"] - 60) - g["weight"]
    return {"coeffs": coeffs, "value": gap**2, "d_height": 3.8 * gap, "d_weight": -2 * gap}


@formula
def S0_08(g: Given) -> Any:
    far = [abs(a - b) for a, b in [*g["points"], g["boundary"]]]
    *y, border = [1 if d >= 1 else -1 for d in far]
    return {"y": y, "boundary_y": border, "sympy_sign_at_boundary": float(np.sign(far[-1] - 1))}


@formula
def S0_09(g: Given) -> Any:
    h1 = [int(a - b >= 1) for a, b in g["points"]]
    h2 = [int(b - a >= 1) for a, b in g["points"]]
    y = np.sign(np.add(h1, h2))
    return {"h1": h1, "h2": h2, "lecture_y": y, "true_y": np.where(y == 0, -1, y)}


@formula
def S0_10(g: Given) -> Any:
    scores = {f"v{j}_score": g["Phi"] @ g[f"v{j}"] for j in (1, 2)}
    return scores | {f"h{j}": (scores[f"v{j}_score"] >= 0) * 1 for j in (1, 2)}


@formula
def S0_11(g: Given) -> Any:
    one, two = (sigma(g["Phi"] @ g[f"v{j}"]) for j in (1, 2))
    rise = one * (1 - one)
    return {
        "sig_v1": one, "sig_v2": two, "dsig_v1": rise, "grad_v1": rise[:, None] * g["Phi"],
        "step_grad": np.zeros(len(one)), "soft_sum": one + two,
        "sign_soft_sum": np.sign(one + two),
    }  # fmt: skip


@formula
def S0_13(g: Given) -> Any:
    active = int(np.sum(g["X"] @ g["W"].T + g["b"] > 0))
    total = len(g["X"]) * len(g["W"])
    share = active / total
    return {
        "active": active, "total": total, "active_fraction": share,
        "sigmoid_active_fraction": 1.0,
    }  # fmt: skip


@formula
def S0_17a(g: Given) -> Any:
    samples = []
    for phi, y in zip(g["phi"], g["y"], strict=True):
        h = np.array([sigma(g["v1"] @ phi), sigma(g["v2"] @ phi)])
        gap = g["w"] @ h - y
        back = (2 * gap * g["w"] * h * (1 - h))[:, None] * phi
        samples.append({
            "phi": phi, "y": y, "h": h, "score": g["w"] @ h, "residual": gap, "loss": gap**2,
            "dw": 2 * gap * h, "dv1": back[0], "dv2": back[1],
        })  # fmt: skip
    return {"samples": samples}


@formula
def S0_18(g: Given) -> Any:
    def f(x: Any) -> Any:
        return 2 * x[0] + x[1] * x[2]

    at = np.array([g["in1"], g["in2"], g["in3"]])
    labels = slope(f, at)
    change = f(at + np.array([0, g["eps"], 0])) - f(at)
    return {
        "labels": dict(zip(("in1", "in2", "in3"), labels, strict=True)),
        "predicted_change_in2": g["eps"] * labels[1], "actual_change_in2": change,
    }  # fmt: skip


@formula
def S0_19(g: Given) -> Any:
    a, b, s = g["in1"], g["in2"], sigma(g["sigma_in"])
    return {
        "+": [1, 1], "-": [1, -1], "*": [b, a], "max": [int(a > b), int(a < b)],
        "max_swapped": [int(b > a), int(b < a)], "max_tie": [0, 0], "square": [2 * a],
        "sigma": [s * (1 - s)], "sigma_value": s,
    }  # fmt: skip


@formula
def S0_20(g: Given) -> Any:
    mid = np.sin(g["x"])
    out, rise = np.exp(mid), np.cos(g["x"])
    return {"mid": mid, "label_out_mid": out, "label_mid_in": rise, "product": out * rise}


@formula
def S0_21(g: Given, old: Given) -> Any:
    cases = []
    for W, y in zip(g["W"], g["y"], strict=True):
        score = W @ g["phi"]
        margin = score * y
        on = float(margin < 1)
        labels = {
            "loss->1-margin": on, "1-margin->margin": -1, "margin->score": y,
            "score->W": g["phi"], "score->phi": W,
        }  # fmt: skip
        cases.append({
            "W": W, "y": y, "score": score, "margin": margin, "loss": max(1 - margin, 0),
            "indicator": on, "grad": -on * g["phi"] * y, "labels": labels,
        })  # fmt: skip
    return {"cases": cases, "diagram": old["diagram"]}


@formula
def S0_22(g: Given, old: Given) -> Any:
    score = g["W"] @ g["phi"]
    gap = score - g["y"]
    labels = {
        "loss->residual": 2 * gap, "residual->score": 1, "residual->y": -1, "score->W": g["phi"],
    }  # fmt: skip
    return {
        "score": score, "residual": gap, "loss": gap**2, "grad": 2 * gap * g["phi"],
        "labels": labels, "diagram": old["diagram"],
    }  # fmt: skip


@formula
def S0_23(g: Given, old: Given) -> Any:
    z = np.array([g["v1"] @ g["phi"], g["v2"] @ g["phi"]])
    h, w = sigma(z), g["w"]
    score = w @ h
    gap = score - g["y"]
    back = 2 * gap * w * h * (1 - h)
    f = {"z1": z[0], "z2": z[1], "h1": h[0], "h2": h[1], "score": score, "residual": gap}
    gs = {
        "loss": 1.0, "residual": 2 * gap, "score": 2 * gap, "h1": 2 * gap * w[0],
        "h2": 2 * gap * w[1], "z1": back[0], "z2": back[1], "w": 2 * gap * h,
        "v1": back[0] * g["phi"], "v2": back[1] * g["phi"], "y": -2 * gap,
    }  # fmt: skip
    return {
        **old, "f": f | {"loss": gap**2}, "g": gs, "edge_h_z": h * (1 - h),
        "half_loss_seed_residual": {"seed_at_score": gap, "dw": gap * h},
    }  # fmt: skip


@formula
def S0_25(g: Given, two_layer: Given) -> Any:
    p = two_layer

    def loss(p: Given) -> Any:
        score = sum(p["w"][j] * sigma(p[f"v{j + 1}"] @ p["phi"]) for j in (0, 1))
        return (score - p["y"]) ** 2

    names = ("w", "v1", "v2")
    moved = {name: p[name] - g["eta"] * s for name, s in slopes(loss, p, *names).items()}
    return moved | {"loss_before": loss(p), "loss_after": loss({**p, **moved})}


@formula
def S0_26(g: Given) -> Any:
    x, s = g["x"], sigma(g["x"])
    paths = [s, x * s * (1 - s)]
    return {"x_times_xplus1": 2 * x + 1, "x_times_sigma": sum(paths), "paths_x_sigma": paths}


@formula
def S0_27(g: Given) -> Any:
    x, y, eta = g["x"], g["y"], g["eta"]

    def after(batches: Any) -> Any:
        w = g["w0"]
        for a, b in batches:
            w = w - eta * np.mean(2 * (w * a - b) * a)
        return w

    singles = list(zip(x, y, strict=True))
    return {
        "sample_by_sample_10": after(one for one in singles for _ in range(10)),
        "cyclic_10_epochs": after(singles * 10), "batch_10_steps": after([(x, y)] * 10),
        "least_squares": x @ y / (x @ x),
    }  # fmt: skip


@formula
def S4_26(g: Given) -> Any:
    def f(x: Any, noise: Any) -> Any:
        return relu(x + np.sqrt(sigma(x)) * noise)

    x, eps = g["x"], g["eps"]
    std = math.sqrt(sigma(x))
    below = 0.5 * (1 + math.erf(x / std / math.sqrt(2)))
    density = math.exp(-((x / std) ** 2) / 2) / math.sqrt(2 * math.pi)
    return {
        "value": f(x, eps), "grad_through_std": slope(lambda z: f(z, eps), x),
        "grad_noise_constant": float(f(x, eps) > 0), "mean": x * below + std * density,
        "value_eps_m2": f(x, -2.0), "grad_eps_m2": slope(lambda z: f(z, -2.0), x),
    }  # fmt: skip


@formula
def S4_28(g: Given) -> Any:
    pieces = g["W"] @ g["x"]
    k = int(np.argmax(pieces))
    return {"pieces": pieces, "value": pieces[k], "winner": k, "dx": g["W"][k]}


@formula
def S4_32(g: Given) -> Any:
    def loss(p: Given) -> Any:
        return (p["y"] - sigma(p["w"] @ p["x"] + p["b"])) ** 2 / 2

    found = slopes(loss, g, "w", "b")
    return {
        "f": sigma(g["w"] @ g["x"] + g["b"]), "loss": loss(g), "grad": found["w"],
        "db": found["b"], "w_new": g["w"] - g["eta"] * found["w"],
    }  # fmt: skip


@formula
def S4_33(g: Given) -> Any:
    def loss(p: Given) -> Any:
        return lse(p["W"] @ p["h"]) - p["d"] @ p["W"] @ p["h"]

    net = g["W"] @ g["h"]
    y, found = softmax(net), slopes(loss, g, "W", "h")
    return {
        "net": net, "yhat": y, "loss": loss(g), "dnet": y - g["d"], "dW": found["W"],
        "dh": found["h"], "jacobian": np.diag(y) - np.outer(y, y), "big_logits_loss": 1000.0,
    }  # fmt: skip
