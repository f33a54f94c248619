"""The formulas of the lectures' gates and word vectors: NumPy only; see other_formulas.py."""

from __future__ import annotations

from typing import Any

import numpy as np

from lectures.other_formulas import Given, formula, half, lse, sigma, slope, slopes, softmax

# --- gates --------------------------------------------------------------------------------------


def _lstm(p: Given, peep: bool = False, coupled: bool = False, order: str = "hx") -> Any:
    """The gates, cells and states of all times; p has W_f, b_f, ..."""
    h, C, found = p["h0"], p["C0"], {"f": [], "i": [], "c": [], "o": [], "C": [], "h": []}

    def layer(name: str, *parts: Any) -> Any:
        return p[f"W_{name}"] @ np.concatenate(parts) + p[f"b_{name}"]

    for x in p["x"]:
        seen = [h, x] if order == "hx" else [x, h]
        extra = [C] if peep else []
        f = sigma(layer("f", *extra, *seen))
        i = 1 - f if coupled else sigma(layer("i", *extra, *seen))
        c = np.tanh(layer("C", *seen))
        C = f * C + i * c
        o = sigma(layer("o", *([C] if peep else []), *seen))
        h = o * np.tanh(C)
        for name, one in zip("ficoCh", (f, i, c, o, C, h), strict=True):
            found[name].append(one)
    return found


def _flat(g: Given, weights: str = "W", gates: str = "fiCo") -> Given:
    """The inputs of an LSTM under the names W_f, b_f, ..."""
    p = {name: g[name] for name in ("x", "h0", "C0", "target")}
    for gate in gates:
        p |= {f"W_{gate}": g[weights][gate], f"b_{gate}": g["b"][gate]}
    return p


def _trained(p: Given, old: Given, **options: Any) -> Given:
    def loss(p: Given) -> Any:
        return half(_lstm(p, **options)["h"][-1] - p["target"])

    return {"loss": loss(p), "grads": slopes(loss, p, *old["grads"])}


@formula
def S0_46(g: Given) -> Any:
    return {"f1": _lstm(_flat(g))["f"][0]}


@formula
def S0_47(g: Given, base: Given) -> Any:
    run = _lstm(_flat(base))
    c = run["c"][0]
    printed = sigma(np.arctanh(c))
    return {"i1": run["i"][0], "Ctilde1_tanh": c, "Ctilde1_sigma_as_printed": printed}


@formula
def S0_48(g: Given, base: Given) -> Any:
    return {"C": _lstm(_flat(base))["C"]}


@formula
def S0_49(g: Given, old: Given) -> Any:
    run = _lstm(_flat(g))
    return {"o": run["o"], "h": run["h"]} | _trained(_flat(g), old)


@formula
def S0_50(g: Given, old: Given) -> Any:
    run = _lstm(_flat(g), peep=True)
    return {"C": run["C"], "h": run["h"]} | _trained(_flat(g), old, peep=True)


@formula
def S0_51(g: Given, old: Given) -> Any:
    p = _flat(g, gates="fCo")
    run = _lstm(p, coupled=True)
    return {"C": run["C"], "h": run["h"]} | _trained(p, old, coupled=True)


@formula
def S3_09(g: Given, base: Given) -> Any:
    p = _flat(base | g, "W_xh")

    def loss(p: Given) -> Any:
        return half(_lstm(p, order="xh")["h"][-1] - p["target"])

    last = _lstm(p, order="xh")["h"][-1]
    return {"h_T": last, "loss": loss(p), "dW_o": slopes(loss, p, "W_o")["W_o"]}


@formula
def S2_05(g: Given) -> Any:
    f = _lstm(_flat(g))["f"]
    return {"prod_f": np.prod(f, axis=0), "f": f}


@formula
def S2_05b(g: Given) -> Any:
    p = _flat(g)
    return {"J": slope(lambda C: _lstm(p | {"C0": C})["C"][-1], p["C0"]).T}


@formula
def S0_52(g: Given, old: Given) -> Any:
    def run(p: Given, swapped: bool = False) -> Any:
        h, found = p["h0"], []
        for x in p["x"]:
            seen = np.concatenate([h, x])
            z, r = sigma(p["W_z"] @ seen), sigma(p["W_r"] @ seen)
            new = np.tanh(p["W"] @ np.concatenate([r * h, x]))
            h = z * h + (1 - z) * new if swapped else (1 - z) * h + z * new
            found.append((h, z, r, new))
        return found

    def loss(p: Given) -> Any:
        return half(run(p)[-1][0] - p["target"])

    _, z, r, new = run(g)[0]
    return {
        "h": [one[0] for one in run(g)], "z1": z, "r1": r, "htilde1": new, "loss": loss(g),
        "grads": slopes(loss, g, *old["grads"]),
        "h_if_z_swapped": [one[0] for one in run(g, True)],
    }  # fmt: skip


def _rows(p: Given) -> Any:
    """The LSTM in row vectors; p has U_f, W_f, ..."""
    s, c, found = p["s0"], p["c0"], []
    for x in p["x"]:
        f, i, o, new = (x @ p[f"U_{k}"] + s @ p[f"W_{k}"] for k in "fioC")
        c = c * sigma(f) + np.tanh(new) * sigma(i)
        s = np.tanh(c) * sigma(o)
        found.append((c, s))
    return found


@formula
def S4_64(g: Given) -> Any:
    p = {name: g[name] for name in ("x", "s0", "c0", "target")}
    p |= {f"{side}_{k}": g[side][k] for side in "UW" for k in "fioC"}

    def loss(p: Given) -> Any:
        return half(_rows(p)[-1][1] - p["target"])

    found = slopes(loss, p, "U_i", "W_i", "U_C", "W_f")
    return {
        "c": [c for c, _ in _rows(p)], "s": [s for _, s in _rows(p)], "loss": loss(p),
        "dU_i": found["U_i"], "dW_i": found["W_i"], "dU_g": found["U_C"], "dW_f": found["W_f"],
    }  # fmt: skip


@formula
def S4_65(g: Given) -> Any:
    s, states = g["s0"], []
    for x in g["x"]:
        s = np.tanh(x @ g["U"]["C"] + s @ g["W"]["C"])
        states.append(s)
    return {"s": states}


@formula
def S3_11(g: Given) -> Any:
    C, found = g["C0"], []
    for token in g["tokens"]:
        i = sigma(10.0 if token in ("Mary", "girl", "Bob", "boy") else -10.0)
        C = (1 - i) * C + i * sigma(10.0 if token in ("Bob", "boy") else -10.0)
        found.append(C)
    return {"C": found, "ideal": np.round(found)}


# --- word vectors -------------------------------------------------------------------------------


def _cbow(p: Given) -> Any:
    u = np.mean([p["W"][k] for k in p["context"]], axis=0) @ p["Wprime"]
    return lse(u) - u[p["target"]]


@formula
def S4_67(g: Given) -> Any:
    h = np.mean(g["W"][g["context"]], axis=0)
    u = h @ g["Wprime"]
    return {"h": h, "u": u, "y": softmax(u), "E": _cbow(g), "E_formula": _cbow(g)}


@formula
def S4_68(g: Given, old: Given) -> Any:
    h = np.mean(g["W"][g["context"]], axis=0)
    e = softmax(h @ g["Wprime"]) - np.eye(len(g["W"]))[g["target"]]
    found = slopes(_cbow, g, "W", "Wprime")
    moved = g | {name: g[name] - g["eta"] * one for name, one in found.items()}
    again = g["repeated"]
    return {
        "e": e, "EH": g["Wprime"] @ e, "dWprime": found["Wprime"], "dW": found["W"],
        "vprime_new_target": moved["Wprime"][:, g["target"]],
        "v_new_ctx0": moved["W"][g["context"][0]], "E_after": _cbow(moved),
        "repeated_context": {
            "context": again, "dW_row0_factor": list(again).count(0) / len(again)
        },
    }  # fmt: skip


@formula
def S4_69(g: Given) -> Any:
    v = g["vec"]
    query = v["king"] - v["man"] + v["woman"]
    near = {w: query @ x / np.linalg.norm(query) / np.linalg.norm(x) for w, x in v.items()}
    others = [w for w in v if w not in ("man", "woman", "king")]
    return {"query": query, "cosine": near, "best_excluding_query_words": max(others, key=near.get)}
