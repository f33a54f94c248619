"""Gates that share one matrix product, as everyone writes an LSTM or a GRU in code."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import symgraph as sg
from symgraph.readback import Names, Sequence, meaning, read


def lines(equations: Any) -> list[str]:
    return [one.unicode() for one in equations]


def lstm(layout: str = "column", T: Any = "T", n: int = 2, m: int = 3, **how: Any) -> sg.Node:
    """The four gates as parts of one vector z, with half the squared error of the last state."""

    def step(h: sg.Node, C: sg.Node, x: sg.Node) -> dict[str, sg.Node]:
        b = sg.parameter("b", 4 * n)
        if layout == "column":
            z = sg.parameter("W", (4 * n, n + m)) @ sg.concat([h, x]) + b
        else:
            z = x @ sg.parameter("W", (m, 4 * n)) + h @ sg.parameter("U", (n, 4 * n)) + b
        z = sg.let("z", z) if how.get("named", True) else z
        parts = sg.split(z, 4) if how.get("split") else [z[k * n : k * n + n] for k in range(4)]
        functions = [sg.sigmoid, sg.sigmoid, sg.tanh, sg.sigmoid]
        f, i, g, o = (
            sg.let(name, function(part))
            for name, function, part in zip("figo", functions, parts, strict=True)
        )
        C = sg.let("C", f * C + i * g)
        return {"h": sg.let("h", o * sg.tanh(C)), "C": C}

    start = {"h": sg.input("h0", n), "C": sg.input("C0", n)}
    run = sg.scan(step, start, {"x": sg.input("x", (T, m))})
    return sg.let("L", sg.squared_norm(run.final["h"] - sg.input("d", n)) / 2)


COLUMN = [
    "W = [W_f; W_i; W_g; W_o]",
    "W = [W_h, W_x]",
    "b = [b_f; b_i; b_g; b_o]",
    "z_t = W [h_{t−1}, x_t] + b",
    "f_t = σ(W_f [h_{t−1}, x_t] + b_f)",
    "i_t = σ(W_i [h_{t−1}, x_t] + b_i)",
    "g_t = tanh(W_g [h_{t−1}, x_t] + b_g)",
    "C_t = f_t ⊙ C_{t−1} + i_t ⊙ g_t",
    "o_t = σ(W_o [h_{t−1}, x_t] + b_o)",
    "h_t = o_t ⊙ tanh(C_t),  t = 1, …, T",
    "L = ½ ‖h_T − d‖²",
]
DELTAS = [
    "dh_T = h_T − d",
    "dh_t = W_hᵀ δz_{t+1},  t = T−1, …, 1",
    "δo_t = dh_t ⊙ o_t ⊙ (1 − o_t) ⊙ tanh(C_t),  t = T, …, 1",
    "dC_T = dh_T ⊙ o_T ⊙ (1 − tanh(C_T)²)",
    "dC_t = dh_t ⊙ o_t ⊙ (1 − tanh(C_t)²) + dC_{t+1} ⊙ f_{t+1},  t = T−1, …, 1",
    "δf_t = dC_t ⊙ C_{t−1} ⊙ f_t ⊙ (1 − f_t),  t = T, …, 1",
    "δi_t = dC_t ⊙ i_t ⊙ (1 − i_t) ⊙ g_t,  t = T, …, 1",
    "δg_t = dC_t ⊙ i_t ⊙ (1 − g_t²),  t = T, …, 1",
    "δz_t = [δf_t; δi_t; δg_t; δo_t],  t = T, …, 1",
]


@pytest.mark.parametrize("split", [False, True])
def test_fused_gates_print_one_line_each_with_their_parts_of_the_matrix(split: bool) -> None:
    derivation = sg.derive(lstm(split=split), ["W", "b", "h0"])
    assert lines(derivation.given) == COLUMN
    assert lines(derivation.names) == DELTAS
    assert lines(derivation.results) == [
        "dL/dW = Σ_t δz_t [h_{t−1}, x_t]ᵀ",
        "dL/db = Σ_t δz_t",
        "dL/dh_0 = W_hᵀ δz_1",
    ]
    assert derivation.verified


def test_fused_gates_of_row_vectors_lie_beside_one_another() -> None:
    derivation = sg.derive(lstm("row"), ["W", "U", "b"])
    shown = lines((*derivation.given, *derivation.names, *derivation.results))
    for line in (
        "W = [W_f, W_i, W_g, W_o]",
        "i_t = σ(x_t W_i + h_{t−1} U_i + b_i)",
        "dh_t = δz_{t+1} Uᵀ,  t = T−1, …, 1",
        "δz_t = [δf_t, δi_t, δg_t, δo_t],  t = T, …, 1",
        "dL/dU = Σ_t h_{t−1}ᵀ δz_t",
    ):
        assert line in shown
    assert derivation.verified


@pytest.mark.parametrize("layout", ["column", "row"])
@pytest.mark.parametrize(("T", "n", "m"), [(1, 2, 3), (3, 1, 2), (1, 1, 1), (4, 2, 1)])
def test_fused_gates_hold_at_other_sizes_and_without_a_name(layout, T, n, m) -> None:
    derivation = sg.derive(lstm(layout, T, n, m, named=False), ["W", "b"], delta_sign=-1)
    assert derivation.verified
    assert any("δf_" in line and "δo_" in line for line in lines(derivation.names))


def test_gates_are_raised_in_latex_and_differentials_upright() -> None:
    derivation = sg.derive(lstm(), "W")
    latex = [one.latex() for one in (*derivation.names, *derivation.results)]
    assert latex[1].startswith(r"\mathrm{d}h_{t} = W_{h}^{\mathsf{T}} \delta^{z}_{t+1}, \quad t = ")
    assert latex[-2].startswith(r"\delta^{z}_{t} = \left[\delta^{f}_{t}; \delta^{i}_{t}; ")


@pytest.mark.parametrize(
    ("written", "value"),
    [
        (r"\delta^{f}_{2}", 3.0),
        (r"\delta^{\tilde{C}}_{1}", 5.0),
        (r"(\delta^{f}_{1})^{2}", 4.0),
        (r"\mathrm{d}C_{2} \, d", 8 * 11.0),
        (r"\mathrm{d}\tilde{C}_{1}", 13.0),
        (r"\delta^{2}", 49.0),
    ],
)
def test_the_reader_knows_raised_gates_and_upright_differentials(written, value) -> None:
    names = {
        "δf": Sequence(np.array([2.0, 3.0]), "number"),
        "δC̃": Sequence(np.array([5.0, 6.0]), "number"),
        "dC": Sequence(np.array([7.0, 8.0]), "number"),
        "dC̃": Sequence(np.array([13.0, 14.0]), "number"),
        "d": 11.0,
        "δ": 7.0,
    }
    table = Names(names)
    (side,) = read(written, "latex", table).sides
    assert float(meaning(side, table).array) == value


def gru(n: int = 2, m: int = 3) -> sg.Node:
    """torch's GRU: the reset gate acts behind the product with the state."""
    Wi, Wh = sg.parameter("W_i", (3 * n, m)), sg.parameter("W_h", (3 * n, n))
    bi, bh = sg.parameter("b_i", 3 * n), sg.parameter("b_h", 3 * n)

    def step(h: sg.Node, x: sg.Node) -> sg.Node:
        below, before = Wi @ x + bi, Wh @ h + bh
        r = sg.let("r", sg.sigmoid(below[:n] + before[:n]))
        z = sg.let("z", sg.sigmoid(below[n : 2 * n] + before[n : 2 * n]))
        new = sg.let("n", sg.tanh(below[2 * n :] + r * before[2 * n :]))
        return sg.let("h", (1 - z) * new + z * h)

    run = sg.scan(step, sg.input("h0", n), sg.input("x", ("T", m)))
    return sg.let("L", sg.squared_norm(run.final - sg.input("d", n)) / 2)


def test_a_gru_of_two_fused_products_prints_its_three_gates() -> None:
    derivation = sg.derive(gru(), ["W_i", "W_h"])
    shown = lines((*derivation.given, *derivation.names, *derivation.results))
    for line in (
        "W_h = [W_hr; W_hz; W_hn]",
        "n_t = tanh(W_in x_t + b_in + r_t ⊙ (W_hn h_{t−1} + b_hn))",
        "δn_t = dh_t ⊙ (1 − n_t²) ⊙ (1 − z_t),  t = T, …, 1",
        "δr_t = δn_t ⊙ (W_hn h_{t−1} + b_hn) ⊙ r_t ⊙ (1 − r_t),  t = T, …, 1",
        "dL/dW_i = Σ_t δ_t x_tᵀ",
    ):
        assert line in shown
    assert derivation.verified


def test_parts_of_a_vector_behind_its_function_have_parts_of_the_matrix() -> None:
    n, m = 2, 3
    W, V = sg.parameter("W_zr", (2 * n, n + m)), sg.parameter("V", (n, n + m))

    def step(h: sg.Node, x: sg.Node) -> sg.Node:
        both = sg.let("zr", sg.sigmoid(W @ sg.concat([h, x])))
        z, r = sg.let("z", both[:n]), sg.let("r", both[n:])
        return sg.let("h", (1 - z) * h + z * sg.let("c", sg.tanh(V @ sg.concat([r * h, x]))))

    run = sg.scan(step, sg.input("h0", n), sg.input("x", ("T", m)))
    derivation = sg.derive(sg.let("L", sg.sum(run.final**2)), W)
    shown = lines((*derivation.given, *derivation.names, *derivation.results))
    for line in (
        "W_zr = [W_z; W_r]",
        "z_t = σ(W_z [h_{t−1}, x_t])",
        "δzr_t = dzr_t ⊙ zr_t ⊙ (1 − zr_t),  t = T, …, 1",
        "dL/dW_zr = Σ_t δzr_t [h_{t−1}, x_t]ᵀ",
    ):
        assert line in shown
    assert derivation.verified
