"""Recurrences typed as text: their values by loops of NumPy, their gradients, what is refused."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import symgraph as sg
from symgraph.formula.names import key_of
from symgraph.network import find_node, load_network
from symgraph.walks import variables

SIZES = {"n": 3, "m": 2, "k": 4, "T": 5}
Case = tuple[str, str, Callable[..., float]]


def rnn(U: Any, W: Any, d: Any, s: Any, x: Any) -> float:
    for t in range(len(x)):
        s = np.tanh(U @ x[t] + W @ s)
    return float(((s - d) ** 2).sum() / 2)


def outputs(U: Any, V: Any, W: Any, s: Any, x: Any, y: Any) -> float:
    total = 0.0
    for t in range(len(x)):
        s = np.tanh(U @ x[t] + W @ s)
        total += ((V @ s - y[t]) ** 2).sum() / 2
    return total


def decay(c: Any, s: Any, x: Any) -> float:
    for t in range(4):
        s = c * s + x[t] / c
    return float(s)


def gated(C: Any, W: Any, h: Any, x: Any) -> float:
    for t in range(len(x)):
        z = 1 / (1 + np.exp(-(W @ np.concatenate([h, x[t]]))))
        C = z * C + (1 - z) * np.tanh(h)
        h = z * np.tanh(C)
    return float(h.sum())


def two_layers(g: Any, h: Any, v: Any, w: Any, x: Any) -> float:
    total = 0.0
    for t in range(len(x)):
        g = np.tanh(w * g + x[t])
        h = np.tanh(v * h + g)
        total += h * g
    return total / len(x)


GATED = """
    let z_t = σ(W [h_{t-1}, x_t])
    let C_t = z_t ⊙ C_{t-1} + (1 − z_t) ⊙ tanh(h_{t-1})
    let h_t = z_t ⊙ tanh(C_t) for t = 1..T
    Σ(h_T)
"""
OUTPUTS = """
    let o_t = V s_t                      # lines may stand in any order
    let s_t = tanh(u_t),  t = 1, ..., T
    let u_t = U x_t + W s_{t-1}

    sum_t 1/2 ||o_t - y_t||^2
"""
# The function takes the variables in the order of their names.
CASES: list[Case] = [
    ("let s_t = tanh(U x_t + W s_{t-1}), t = 1..T\n½ ‖s_T − d‖²",
     "U=n,m W=n,n x_t=m s_0=n d=n", rnn),
    ("let s_t = tanh(U x_t + W s_{t−1}),  t = 1, …, T; ½ ‖s_T − d‖²",
     "U=n,m W=n,n x=T,m s_0=n d=n", rnn),
    (OUTPUTS,
     "U=n,m W=n,n V=k,n x_t=m y_t=k s_0=n", outputs),
    ("let s_t = tanh(U x_t + W s_{t-1}); let E_t = ½‖V s_t − y_t‖² for t = 1…T; Σ_t E_t",
     "U=n,m W=n,n V=k,n x_t=m y_t=k s_0=n", outputs),
    ("let s_k = c s_{k-1} + x_k/c, k = 1..4\ns_4", "", decay),
    (GATED, "W=3,5 x_t=2 C_0=3 h_0=3", gated),
    ("let g_t = tanh(w g_{t-1} + x_t)\nlet h_t = tanh(v h_{t-1} + g_t), t=1..T\n(Σ_t g_t h_t)/T",
     "", two_layers),
]  # fmt: skip


def values_of(node: sg.Node) -> dict[str, Any]:
    generator = np.random.default_rng(2)
    return {
        one.name: generator.uniform(
            0.2, 1.0, [n if isinstance(n, int) else SIZES[str(n)] for n in one.shape]
        )
        for one in variables([node])
    }


@pytest.mark.parametrize(("text", "shapes", "truth"), CASES, ids=range(len(CASES)))
def test_a_recurrence_has_the_value_and_the_gradients_of_a_loop(
    text: str, shapes: str, truth: Callable[..., float]
):
    node = sg.formula(text, shapes)
    values = values_of(node)
    names = sorted(values)

    assert sg.evaluate(node, values) == pytest.approx(truth(*(values[n] for n in names)), rel=1e-12)
    for name in names:
        if name in ("x", "y"):
            continue
        slope = sg.evaluate([node, sg.grad(node, find_node(node, name))], values)[1]
        for place in np.ndindex(np.shape(values[name])):
            ends = []
            for step in (1e-6, -1e-6):
                moved = np.array(values[name])
                moved[place] += step
                ends.append(truth(*({**values, name: moved}[n] for n in names)))
            assert slope[place] == pytest.approx((ends[0] - ends[1]) / 2e-6, rel=1e-5, abs=1e-8)


def test_the_derivative_is_printed_as_the_recursion_of_the_error_signal():
    text = """
        input x_t=m y_t=k s_0=n
        parameter U=n,m W=n,n V=k,n
        let net_t = U x_t + W s_{t-1}
        let s_t = tanh(net_t), t = 1..T
        let o_t = V s_t
        Σ_t ½ ‖o_t − y_t‖²
    """
    derivation = sg.derive(sg.formula(text), "W")

    assert [one.unicode() for one in (*derivation.names, *derivation.results)] == [
        "δ_T = Vᵀ (o_T − y_T) ⊙ (1 − s_T²)",
        "δ_t = (Wᵀ δ_{t+1} + Vᵀ (o_t − y_t)) ⊙ (1 − s_t²),  t = T−1, …, 1",
        "dL/dW = Σ_t δ_t s_{t−1}ᵀ",
    ]
    assert derivation.verified


@pytest.mark.parametrize(
    "name", ["rnn", "rnn-h", "rnn-scalar", "rnn-row", "rnn-stacked", "lstm", "gru"]
)
def test_the_printed_lines_of_a_recurrent_network_are_read_as_this_network(name: str):
    loss = load_network(f"zoo:{name}")
    leaves = variables([loss])
    derivation = sg.derive(loss, next(leaf for leaf in leaves if leaf.params[2] == "parameter"))
    shapes = {leaf.name: leaf.shape for leaf in leaves}
    keys = set(map(key_of, shapes))
    printed = [line.unicode() for line in derivation.given]  # W_f = [W_fh, W_fx] is a variable
    lines = [f"let {line}" for line in printed if key_of(line.split(" = ")[0]) not in keys]
    node = sg.formula("\n".join(lines), shapes)
    values = values_of(loss)

    assert sg.evaluate(node, values) == pytest.approx(sg.evaluate(loss, values), rel=1e-12)


REFUSED = [
    ("let s_t = w s_{t-1}, t = 1..T", "ends with a recurrence", 1),
    ("let s_t = w s_{t-1}\ns_T", "index in braces", 1),
    ("let s = w, t = 1..T\ns", "times stand only behind", 1),
    ("w x, t = 1..T", "times stand only behind", 1),
    ("let s_t = w s_{t-1}, t = 1..T\ns_t", "'s_t' has a value at every time. Write s_T", 2),
    ("let s_t = w s_{t-1}, t = 1..T\nΣ_k s_k", "no index here", 2),
    ("let s_t = w s_{t-1}, t = 1..T\nlet h_t = s_t, t = 1..4\nh_T", "another range", 2),
    ("let s_t = w h_t, t = 1..T\nlet h_t = s_t\nh_T", "s -> h -> s", 2),
    ("let s_t = w x_{t-1}, t = 1..T\ns_T", "index in braces", 1),
    ("let s_t = sofmax(s_{t-1}), t = 1..T\ns_T", "unknown function 'sofmax'", 1),
    ("let s_t = Σ_t w s_{t-1}, t = 1..T\ns_T", "stands in the recurrence itself", 1),
    ("let s_t = w s_{t-1}, t = 1..__import__\ns_T", "index in braces", 1),
    ("let s_t = w s_{t-1}, t = 1..100000\ns_T", "100000 steps. Write a name", 1),
    ("let s_t = w s_{t-1}, t = 1..0\ns_0", "index in braces", 1),
]  # fmt: skip


@pytest.mark.parametrize(("text", "message", "line"), REFUSED)
def test_what_is_no_recurrence_is_refused_with_its_place(text: str, message: str, line: int):
    with pytest.raises(sg.SymgraphError, match=re.escape(message)) as e:
        sg.formula(text)

    assert f"line {line}, column " in str(e.value)


def test_a_start_of_another_shape_is_told():
    with pytest.raises(sg.ShapeError, match="'s_0', the value at the start, has no shape"):
        sg.formula("let s_t = W s_{t-1}, t = 1..T\n‖s_T‖²", "W=n,n")
