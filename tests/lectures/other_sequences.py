"""The formulas of the lectures' recurrent networks: NumPy only; see other_formulas.py."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from lectures.other_formulas import Given, formula, half, lse, relu, sigma, slope, slopes, softmax

# --- recurrent networks -------------------------------------------------------------------------


def _states(p: Given, f: Callable[[Any], Any] = np.tanh) -> Any:
    """All nets and states of s_t = f(U x_t + W s_{t-1})."""
    s, nets, states = p["s0"], [], []
    for x in p["x"]:
        nets.append(p["U"] @ x + p["W"] @ s)
        s = f(nets[-1])
        states.append(s)
    return nets, states


def _end(p: Given) -> Any:
    return half(_states(p)[1][-1] - p["d"])


def _rise(p: Given) -> Any:
    """f' of every net."""
    return [1 - s**2 for s in _states(p)[1]]


@formula
def S0_42(g: Given) -> Any:
    nets, states = _states(g)
    return {"s_tanh": states, "net": nets, "s_relu": _states(g, relu)[1]}


@formula
def S1_08(g: Given) -> Any:
    return {"W": g["W"]}


@formula
def S1_09(g: Given) -> Any:
    return {"diag_t1": _rise(g)[0]}


@formula
def S1_10(g: Given) -> Any:
    return {"J21": g["W"] * _rise(g)[0]}


def _deltas(g: Given) -> Any:
    """δ_T and the ones before it: δ_{t-1} = (δ_t W) f'_{t-1}."""
    _, states = _states(g)
    found = [(states[-1] - g["d"]) * _rise(g)[-1]]
    for rise in _rise(g)[-2::-1]:
        found.append(found[-1] @ g["W"] * rise)
    return found[::-1]


@formula
def S1_11(g: Given) -> Any:
    deltas = _deltas(g)
    ascending = deltas[-1]
    for rise in _rise(g)[:-1]:
        ascending = ascending @ (g["W"] * rise)
    named = {str(t): one for t, one in enumerate(deltas, 1)}
    return {"E": _end(g), "delta": named, "delta1_if_product_ascending": ascending}


@formula
def S1_13(g: Given) -> Any:
    before = [g["s0"], *_states(g)[1]]
    shares = [np.outer(d, s) for d, s in zip(_deltas(g), before[:-1], strict=True)]
    return {"per_t": {str(t): one for t, one in enumerate(shares, 1)}}


@formula
def S1_14(g: Given) -> Any:
    return {f"d{name}": one for name, one in slopes(_end, g, "W", "U", "s0").items()}


@formula
def S1_12(g: Given) -> Any:
    nets = g["raw"] @ g["A0"].T

    def loss(nets: Any) -> Any:
        return _end(g | {"x": sigma(nets)})

    found = slope(loss, nets)
    lower = {str(t): one for t, one in enumerate(found, 1)}
    return {"delta_lower": lower, "dA0": found.T @ g["raw"]}


@formula
def S1_01(g: Given, base: Given) -> Any:
    def outputs(p: Given) -> Any:
        return [softmax(p["V"] @ s) for s in _states(p | {"s0": np.zeros(len(p["W"]))})[1]]

    def loss(p: Given) -> Any:
        return -sum(np.log(o[k]) for o, k in zip(outputs(p), g["labels"], strict=True))

    p = base | {"V": g["V"]}
    found = slopes(loss, p, "U", "W", "V")
    named = {f"d{name}": one for name, one in found.items()}
    return {"o": outputs(p), "labels": g["labels"], "loss": loss(p)} | named


@formula
def S1_03b(g: Given) -> Any:
    def loss(p: Given, reads: Any, asked: Any) -> Any:
        h, total = np.zeros(len(p["W"])), 0.0
        x, y = iter(p["X"]), iter(p["Y"])
        for reading, asking in zip(reads, asked, strict=True):
            h = np.tanh((p["U"] @ next(x) if reading else 0) + p["W"] @ h)
            if asking:
                total = total + half(p["V"] @ h - next(y))
        return total

    times = {
        "one_to_one": ("1", "1"), "one_to_many": ("100", "111"), "many_to_one": ("111", "001"),
        "many_to_many_delayed": ("11100", "00111"), "many_to_many_synced": ("111", "111"),
    }  # fmt: skip
    found = {}
    for mode, masks in times.items():
        reads, asked = ([one == "1" for one in mask] for mask in masks)
        moves = slopes(lambda p, r=reads, a=asked: loss(p, r, a), g, "U", "W")
        found[mode] = {"loss": loss(g, reads, asked), "dU": moves["U"], "dW": moves["W"]}
    return found


@formula
def S1_04(g: Given, old: Given) -> Any:
    word = ["helo".index(one) for one in "hello"]
    start = {name: g[name] for name in ("Wxh", "Whh", "Why")} | {"bh": np.zeros(3)}
    start["by"] = np.zeros(4)

    def forward(p: Given) -> Any:
        h, states = np.zeros(3), []
        for k in word[:-1]:
            h = np.tanh(p["Wxh"][:, k] + p["Whh"] @ h + p["bh"])
            states.append(h)
        return states, [p["Why"] @ h + p["by"] for h in states]

    def loss(p: Given) -> Any:
        return sum(lse(z) - z[k] for z, k in zip(forward(p)[1], word[1:], strict=True))

    def gradient(p: Given) -> Any:
        """By the rules of backpropagation: quicker than a step for every entry."""
        states, scores = forward(p)
        found = {name: np.zeros_like(one) for name, one in p.items()}
        back = np.zeros(3)
        for t in range(len(states) - 1, -1, -1):
            e = softmax(scores[t]) - np.eye(4)[word[t + 1]]
            found["Why"] += np.outer(e, states[t])
            found["by"] += e
            net = (e @ p["Why"] + back) * (1 - states[t] ** 2)
            found["Wxh"][:, word[t]] += net
            found["Whh"] += np.outer(net, states[t - 1] if t else np.zeros(3))
            found["bh"] += net
            back = net @ p["Whh"]
        return found

    states, scores = forward(start)
    found = {"h": states, "p_first_step": softmax(scores[0]), "loss0": loss(start)}
    found |= {
        f"d{name}": one for name, one in slopes(loss, start, "Whh", "Wxh", "Why", "by").items()
    }
    p, trace = start, {}
    for step in range(max(map(int, old["trace"])) + 1):
        if str(step) in old["trace"]:
            best = "".join("helo"[int(np.argmax(z))] for z in forward(p)[1])
            trace[str(step)] = {"loss": loss(p), "argmax": best}
        p = {name: p[name] - g["lr"] * s for name, s in gradient(p).items()}
    return found | {"trace": trace}


@formula
def S1_15(g: Given, old: Given, base: Given) -> Any:
    steps = [base["W"] * rise for rise in _rise(base)[:-1]]
    return {
        **old, "instance_gammas": [np.linalg.norm(J, 2) for J in steps],
        "instance_product_norm": np.linalg.norm(np.linalg.multi_dot(steps[::-1]), 2),
    }  # fmt: skip


@formula
def S4_56(g: Given) -> Any:
    states = _plain(g)
    return {"h": states, "o_last": sigma(g["V"] @ states[-1])}


def _plain(p: Given) -> Any:
    h, states = np.zeros(len(p["W2"])), []
    for x in p["x"]:
        h = np.tanh(p["W1"] @ x + p["W2"] @ h)
        states.append(h)
    return states


@formula
def S4_57(g: Given) -> Any:
    def loss(p: Given) -> Any:
        return half(sigma(p["V"] @ _plain(p)[-1]) - np.array([1.0, 0.0]))

    found = slopes(loss, g, "V", "W1", "W2")
    named = {f"d{name}": one for name, one in found.items()}
    return {"counts": {"V": 1, "W1": 3, "W2": 2}, "loss": loss(g)} | named


@formula
def S4_60(g: Given) -> Any:
    p = {f"enc{k}": one for k, one in g["enc"].items()} | {
        f"dec{k}": v for k, v in g["dec"].items()
    }

    def run(p: Given) -> Any:
        h = np.zeros(len(p["encW"]))
        for k in g["src"]:
            h = np.tanh(p["encU"][:, k] + p["encW"] @ h)
        s, outputs = h, []
        for t in range(len(g["dst"])):
            read = p["decU"][:, g["dst"][t - 1]] if t else 0
            s = np.tanh(read + p["decW"] @ s)
            outputs.append(softmax(p["decV"] @ s))
        return h, outputs

    def loss(p: Given) -> Any:
        return -sum(np.log(o[k]) for o, k in zip(run(p)[1], g["dst"], strict=True))

    found = slopes(loss, p, *p)
    named = {f"d_{name}": one for name, one in found.items()}
    return {"h3": run(p)[0], "p": run(p)[1], "loss": loss(p)} | named


@formula
def S4_71(g: Given) -> Any:
    def run(p: Given) -> Any:
        s, states, outputs = np.full(len(p["U"]), 0.1), [], []
        for k in g["ids"][:-1]:
            s = sigma(p["U"] @ np.concatenate([p["E"][k], s]))
            states.append(s)
            outputs.append(softmax(p["V"] @ s))
        return states, outputs

    def loss(p: Given) -> Any:
        return -sum(np.log(y[k]) for y, k in zip(run(p)[1], g["ids"][1:], strict=True))

    named = {f"d{name}": one for name, one in slopes(loss, g, "U", "V", "E").items()}
    return {"s": run(g)[0], "y1": run(g)[1][0], "loss": loss(g)} | named


@formula
def S4_72(g: Given) -> Any:
    def run(p: Given) -> Any:
        sides = {}
        for side, xs in (("f", p["x"]), ("b", p["x"][::-1])):
            h, states = np.zeros(len(p["W_f"])), []
            for x in xs:
                h = np.tanh(p[f"U_{side}"] @ x + p[f"W_{side}"] @ h)
                states.append(h)
            sides[side] = states if side == "f" else states[::-1]
        pairs = zip(sides["f"], sides["b"], strict=True)
        return sides["f"], sides["b"], [p["V"] @ np.concatenate(pair) for pair in pairs]

    def loss(p: Given) -> Any:
        return sum(half(y) for y in run(p)[2])

    left, right, y = run(g)
    found = slopes(loss, g, "W_f", "W_b", "U_f", "U_b", "V")
    named = {f"d{name}": one for name, one in found.items()}
    return {"hf": left, "hb": right, "y": y, "loss": loss(g)} | named


@formula
def S4_73(g: Given) -> Any:
    def loss(p: Given) -> Any:
        h, total = np.zeros(len(p["W_h"])), 0.0
        for t, (now, then) in enumerate(zip(g["seq"][:-1], g["seq"][1:], strict=True)):
            image = p["W_img"] @ p["img"] if t == 0 else 0
            h = np.tanh(p["W_x"][:, now] + p["W_h"] @ h + image)
            z = p["W_o"] @ h
            total = total + lse(z) - z[then]
        return total

    found = slopes(loss, g, "W_img", "W_h")
    return {"loss": loss(g)} | {f"d{name}": one for name, one in found.items()}


@formula
def S0_41(g: Given, old: Given) -> Any:
    def rnn(x: Any, T: int) -> Any:
        h = np.tanh(x)
        for _ in range(T - 1):
            h = np.tanh(0.8 * h)
        return h

    def lstm(x: Any, T: int) -> Any:
        h = c = 0.0
        for t in range(T):
            seen = x if t == 0 else 0.0
            c = sigma(0.1 * h + 5) * c + sigma(4 * seen) * np.tanh(seen)
            h = sigma(1.0) * np.tanh(c)
        return h

    return {
        kind: {T: slope(lambda x, f=f, T=T: f(x, int(T)), g["x1"]) for T in old[kind]}
        for kind, f in (("rnn", rnn), ("lstm", lstm))
    }
