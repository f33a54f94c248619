"""How far a value reaches, with the numbers of the lectures (computed outside of symgraph)."""

from __future__ import annotations

import json
import sys
from typing import Any

import numpy as np
import pytest

import symgraph as sg
from symgraph.zoo import deep, gates, recurrent

RNN = {
    "U": [[0.0, 1.2], [1.0, -0.6], [-1.0, -0.2]],
    "W": [[1.0, -0.2, -0.2], [1.0, 0.8, -0.8], [-1.2, -0.4, -1.0]],
    "x": [[-0.6, 1.0], [1.2, 0.0], [0.0, 1.2], [1.0, -0.6]],
    "s0": [0.1, -0.2, 0.05],
    "d": [0.5, -0.5, 0.25],
}
LSTM: dict[str, Any] = {
    "x": [[-0.3, 0.5], [0.6, 0.0], [0.0, 0.6]],
    "W_f": [[0.0, 0.6, 0.5, -0.3, -0.5], [-0.1, -0.4, -0.1, -0.5, -0.3], [0.5, 0.6, 0.0, 0.0, 0.6]],
    "W_i": [[0.5, -0.1, -0.1, 0.5, 0.4], [-0.4, -0.6, -0.2, -0.5, -0.2],
            [-0.6, -0.4, 0.4, 0.5, -0.1]],
    "W_C": [[0.2, -0.2, 0.0, -0.5, -0.4], [0.3, 0.3, -0.4, -0.5, 0.0],
            [-0.2, 0.2, -0.1, 0.2, -0.2]],
    "W_o": [[-0.6, 0.4, -0.6, 0.3, 0.5], [0.0, 0.1, -0.5, -0.5, 0.1], [0.0, 0.5, 0.3, -0.6, 0.4]],
    "b_f": [0.5, 0.4, 0.3], "b_i": [0.1, -0.1, 0.2], "b_C": [0.0, 0.1, -0.2],
    "b_o": [0.2, 0.0, -0.1],
    "h0": [0.1, -0.2, 0.3], "C0": [0.2, 0.1, -0.4], "d": [0.3, -0.3, 0.1],
}  # fmt: skip


def scalar(h: sg.Node, x: sg.Node) -> sg.Node:
    return sg.tanh(0.8 * h + x)


def test_the_influence_of_the_first_input_of_a_recurrent_network_fades():
    run = sg.scan(scalar, sg.input("h0"), sg.input("x", "T"))
    values = {"h0": 0.0, "x": [0.3] + 99 * [0.0]}
    found = sg.influence(run, values, by="x", since=1)

    expected = {1: 0.9151369618266292, 10: 0.10656343736772664}
    expected |= {50: 1.4129753362306537e-05, 100: 2.0166657883976709e-10}
    for length, slope in expected.items():
        assert found.norm(length - 1) == pytest.approx(slope, rel=1e-9)
    assert all(row.norm <= row.bound * (1 + 1e-12) for row in found.rows)


def test_an_lstm_with_an_open_forget_gate_keeps_it():
    def step(h: sg.Node, c: sg.Node, x: sg.Node) -> dict[str, sg.Node]:
        f, i, o = sg.sigmoid(0.1 * h + 5), sg.sigmoid(4 * x), sg.sigmoid(sg.const(1.0))
        c = f * c + i * sg.tanh(x)
        return {"h": o * sg.tanh(c), "c": c}

    run = sg.scan(step, {"h": 0.0, "c": 0.0}, {"x": sg.input("x", "T")})
    found = sg.influence(run, {"x": [0.3] + 99 * [0.0]}, of="h", by="x", since=1)

    expected = {1: 0.6334171883325341, 10: 0.6006829608592975}
    expected |= {50: 0.47087358028183157, 100: 0.3431200883320953}
    for length, slope in expected.items():
        assert found.norm(length - 1) == pytest.approx(slope, rel=1e-8)


def test_gamma_is_the_norm_of_w_diag_f_prime():
    found = sg.influence(recurrent.rnn().loss, RNN, of="net")

    gammas = [1.1804833764833031, 0.8268827536990749, 1.0250119288728754]
    assert list(found.gammas) == [2, 3, 4]
    assert list(found.gammas.values()) == pytest.approx(gammas, rel=1e-9)
    assert found.gamma == pytest.approx(gammas[0])
    assert found.norm(3) == pytest.approx(0.2979095868017248, rel=1e-9)
    assert found.rows[3].bound == pytest.approx(gammas[0] ** 3)
    assert "γ > 1 allows an explosion and does not prove one" in str(found)


def test_a_full_jacobian_over_time_is_that_of_the_cell_with_its_gates():
    loss = gates.lstm().loss
    full = sg.influence(loss, LSTM, of="C")
    row = [0.20488496282477042, -0.03493515481810866, 0.005821586707545448]

    assert full.matrices[-1][0] == pytest.approx(row, rel=1e-9)
    assert full.rows[-1].norm <= full.rows[-1].bound
    direct = sg.influence(loss, LSTM, of="C", direct=True)
    product = [0.17705742271807398, 0.17784341768484324, 0.24283550822448766]
    assert direct.matrices[-1] == pytest.approx(np.diag(product), rel=1e-9)
    assert direct.gammas[1] == pytest.approx(0.629483112, rel=1e-8)


@pytest.mark.parametrize(("weight", "power"), [(1.01, 20751.63924536006), (1.0, 1.0)])
def test_a_linear_recurrence_explodes_as_a_power(weight: float, power: float):
    run = sg.scan(lambda y, x: sg.parameter("w") * y + x, sg.input("y0"), sg.input("x", "T"))
    values = {"w": weight, "y0": 0.0, "x": [1.0] + 999 * [0.0]}
    found = sg.influence(run, values)

    assert found.norm(999) == pytest.approx(power, rel=1e-9)
    assert len(str(found).splitlines()) == 28
    assert len(found.table(limit=None).splitlines()) == 1004


def test_scaled_rotations_reach_their_bound_and_a_nilpotent_matrix_falls_below():
    def linear(matrix: np.ndarray, steps: int) -> sg.Influence:
        run = sg.scan(lambda s: sg.input("W", (2, 2)) @ s, sg.input("s0", 2), length=steps)
        return sg.influence(run, {"W": matrix, "s0": [1.0, 2.0]})

    turn = np.array([[0.6, -0.8], [0.8, 0.6]])
    for scale, norm in ((0.9, 0.00515377520732012), (1.1, 117.39085287969579)):
        found = linear(scale * turn, 50)
        assert found.norm(50) == pytest.approx(norm, rel=1e-9)
        assert found.rows[-1].bound == pytest.approx(norm, rel=1e-9)
    nilpotent = linear(np.array([[0.0, 2.0], [0.0, 0.0]]), 2)
    assert (nilpotent.gamma, nilpotent.norm(2)) == (2.0, 0.0)


def test_backward_loops_count_in_the_direction_they_run():
    forward = sg.scan(scalar, sg.input("h0"), sg.input("x", "T"))
    backward = sg.scan(scalar, sg.input("h0"), sg.input("x", "T"), reverse=True)
    numbers = [0.4, -0.2, 1.1, 0.3]
    first = sg.influence(forward, {"h0": 0.1, "x": numbers})
    second = sg.influence(backward, {"h0": 0.1, "x": numbers[::-1]})

    assert [r.norm for r in first.rows] == pytest.approx([r.norm for r in second.rows])


@pytest.mark.parametrize(
    ("depth", "residual", "slope"),
    [
        (5, False, 0.02879881927797748), (5, True, 4.345083739904648),
        (20, False, 8.788024768939669e-07), (20, True, 4.987528212531165),
    ],
)  # fmt: skip
def test_residual_connections_keep_the_gradient_of_deep_chains(
    depth: int, residual: bool, slope: float
):
    chain = deep.residual_chain(depth, residual)
    names = ["v", *(f"v{k}" for k in range(1, depth + 1))]
    found = sg.influence(chain, {"v": 0.5}, of=names)

    assert found.norm(depth) == pytest.approx(slope, rel=1e-9)
    assert len(found.gammas) == depth


def test_sigmoid_layers_let_the_gradient_vanish():
    found = sg.influence(deep.chain(10), {"x": 0.0}, of=["x", *(f"h{k}" for k in range(1, 11))])

    assert found.norm(10) == pytest.approx(3.8752202320832585e-07, rel=1e-9)
    assert found.gamma == 0.25
    assert found.rows[-1].bound == pytest.approx(0.25**10)


def test_layers_of_vectors_agree_with_difference_quotients():
    rng = np.random.default_rng(0)
    values = {f"W{k}": rng.normal(size=(3, 3)) for k in (1, 2, 3)} | {"x": rng.normal(size=3)}
    layers = [sg.input("x", 3)]
    for k in (1, 2, 3):
        layers.append(sg.let(f"h{k}", sg.tanh(sg.parameter(f"W{k}", (3, 3)) @ layers[-1])))
    found = sg.influence(layers, values)

    def last(x: np.ndarray) -> np.ndarray:
        for k in (1, 2, 3):
            x = np.tanh(values[f"W{k}"] @ x)
        return x

    steps = 1e-6 * np.eye(3)
    jacobian = [(last(values["x"] + e) - last(values["x"] - e)) / 2e-6 for e in steps]
    assert found.matrices[-1] == pytest.approx(np.transpose(jacobian), abs=1e-8)
    assert found.norm(3) == pytest.approx(np.linalg.norm(jacobian, 2), rel=1e-6)
    assert found.observed == "h"


def test_layers_below_a_loss_take_the_values_of_the_whole():
    v = sg.input("v")
    first = sg.let("a1", sg.tanh(v))
    second = sg.let("a2", sg.sin(first))
    loss = (second - sg.input("y")) ** 2
    found = sg.influence(loss, {"v": 0.4, "y": 1.0}, of=["a1", "a2"])

    assert found.norm(1) == pytest.approx(np.cos(np.tanh(0.4)))
    assert found.observed == "a"


def test_the_table_is_written_in_either_language():
    run = sg.scan(scalar, sg.input("h0"), sg.input("x", "T"))
    found = sg.influence(run, {"h0": 0.0, "x": [0.0, 0.0]}, lang="zh")

    assert str(found).splitlines() == [
        "γ = max ‖∂h_t/∂h_{t−1}‖ = 0.8",
        "t − k  ‖∂h_t/∂h_k‖  上界  t  k",
        "    0            1     1  2  2",
        "    1          0.8   0.8  2  1",
        "    2         0.64  0.64  2  0",
        "γ < 1：影响至少以 γ^(t−k) 的速度消失。",
    ]
    assert found.markdown().splitlines()[-1] == "| 2 | 0.64 | 0.64 |"
    assert json.loads(json.dumps(found.to_dict()))["rows"][1]["lag"] == 1


def test_a_sequence_goes_by_its_own_name_and_by_that_in_the_step():
    run = sg.scan(scalar, sg.input("h0"), sg.input("X", "T"))
    values = {"h0": 0.0, "X": [0.3, 0.1]}

    inside, outside = (sg.influence(run, values, by=name) for name in ("x", "X"))
    assert [r.norm for r in inside.rows] == [r.norm for r in outside.rows]


def test_a_batch_has_the_norm_of_its_worst_sample():
    W, U = sg.parameter("W", (2, 3)), sg.parameter("U", (3, 3))
    X, h0 = sg.input("X", ("T", "N", 2)), sg.input("h0", ("N", 3))
    run = sg.scan(lambda h, x: sg.tanh(x @ W + h @ U), h0, X)
    rng = np.random.default_rng(5)
    values = {"W": rng.normal(size=(2, 3)), "U": rng.normal(size=(3, 3)),
              "X": rng.normal(size=(3, 2, 2)), "h0": rng.normal(size=(2, 3))}  # fmt: skip

    norms = []
    for n in range(2):
        product, h = np.eye(3), values["h0"][n]
        for x in values["X"][:, n]:
            h = np.tanh(x @ values["W"] + h @ values["U"])
            product = product @ values["U"] * (1 - h**2)
        norms.append(np.linalg.norm(product, 2))
    assert sg.influence(run, values).norm(3) == pytest.approx(max(norms))


def test_a_plot_shows_norm_and_bound_on_a_logarithmic_scale(tmp_path):
    pytest.importorskip("matplotlib")
    run = sg.scan(scalar, sg.input("h0"), sg.input("x", "T"))
    figure = sg.influence(run, {"h0": 0.0, "x": [0.0] * 9}).plot(tmp_path / "reach.png")

    (axes,) = figure.axes
    norm, bound = axes.lines
    assert axes.get_yscale() == "log"
    assert list(norm.get_ydata()) == pytest.approx([0.8**lag for lag in range(10)])
    assert list(bound.get_ydata()) == pytest.approx([0.8**lag for lag in range(10)])
    assert (tmp_path / "reach.png").stat().st_size > 1000


def test_without_matplotlib_one_line_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    run = sg.scan(scalar, sg.input("h0"), sg.input("x", "T"))

    with pytest.raises(sg.UnsupportedError, match=r"pip install 'symgraph\[plot\]'"):
        sg.influence(run, {"h0": 0.0, "x": [0.0]}).plot()


def test_requests_that_make_no_sense_are_refused():
    run = sg.scan(scalar, sg.input("h0"), sg.input("x", "T"))
    values = {"h0": 0.0, "x": [0.0, 1.0]}
    x = sg.input("x")

    with pytest.raises(sg.UnknownNameError, match="no value called 'q' to be observed"):
        sg.influence(run, values, of="q")
    with pytest.raises(sg.UnknownNameError, match="no value called 'q' to be acting"):
        sg.influence(run, values, by="q")
    with pytest.raises(sg.RangeError, match="the times go from 0 to 2"):
        sg.influence(run, values, since=3)
    with pytest.raises(sg.RangeError, match="no row has t − k = 7"):
        sg.influence(run, values).norm(7)
    with pytest.raises(sg.UnsupportedError, match="has 0 loops"):
        sg.influence(sg.tanh(x), {"x": 1.0})
    with pytest.raises(sg.RangeError, match="1 values have no distance"):
        sg.influence([x], {"x": 1.0})
    with pytest.raises(sg.UnknownNameError, match="does not depend on value 0"):
        sg.influence([sg.tanh(x), x], {"x": 1.0})
    with pytest.raises(sg.UnknownNameError, match="direct=True follows"):
        sg.influence(run, values, of="h", by="x", direct=True)
    with pytest.raises(sg.RangeError, match="the loop has 0 steps"):
        sg.influence(run, {"h0": 0.0, "x": []})
    with pytest.raises(sg.KindError, match="write 'en' or 'zh'"):
        sg.influence(run, values, lang="fr")
    with pytest.raises(sg.ShapeError, match="x"):
        sg.influence(run, {"h0": 0.0, "x": [[0.0]]})
