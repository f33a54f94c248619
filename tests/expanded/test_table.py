"""The table of forward and backward values, with the lectures' numbers, and its formats."""

from __future__ import annotations

import csv
import io
import json

import numpy as np
import pytest

import symgraph as sg
from symgraph.zoo import losses, networks, recurrent

TWO_LAYER = {
    "φ(x)": [1.0, 2.0], "v1": [0.5, -0.25], "v2": [-0.5, 0.75], "w1": 1.0, "w2": -2.0, "y": 1.0
}  # fmt: skip


def two_layer() -> sg.Node:
    phi, y = sg.input("φ(x)", 2), sg.input("y")
    hidden = []
    for k in (1, 2):
        z = sg.let(f"z{k}", sg.parameter(f"v{k}", 2) @ phi)
        hidden.append(sg.parameter(f"w{k}") * sg.let(f"h{k}", sg.sigmoid(z)))
    residual = sg.let("residual", sg.let("score", hidden[0] + hidden[1]) - y)
    return sg.let("loss", residual**2)


def test_the_root_is_number_zero_when_counted_from_there():
    table = sg.graph(two_layer()).table(TWO_LAYER, digits=4, labels=True, from_root=True)
    lines = str(table).splitlines()

    assert lines[-1].split() == ["0", "loss", "=", "residual²", "3.85", "1"]
    assert lines[-2].split()[:4] == ["1", "residual", "=", "score"]
    assert lines[-2].split()[-5:] == ["-1.962", "-3.924", "2", "residual", "g₀"]
    assert lines[1].split() == ["14", "w₁", "1", "-1.962", "h₁", "g₉"]


def test_backward_values_follow_from_those_of_the_users_by_the_labels():
    table = sg.graph(two_layer()).table(TWO_LAYER, labels=True)
    found = {row.formula.split(" = ")[0]: row for row in table.rows}

    assert found["z₂"].gradient == "h₂ (1 − h₂) g₁₀"
    assert found["φ(x)"].gradient == "v₁ g₄ + v₂ g₉"
    assert found["y"].gradient == "−g₁₄"
    assert float(found["z₂"].backward) == pytest.approx(1.5431025901406847)
    assert found["z₂"].gradient_latex == "h_{2} (1 - h_{2}) g_{10}"


def test_the_worked_example_has_the_numbers_of_the_lecture_in_its_digits():
    values = {"A": 0.35, "B": 0.9, "w3": 0.1, "w4": 0.8, "w5": 0.4, "w6": 0.6, "w1": 0.3, "w2": 0.9}
    table = str(sg.graph(networks.worked_example()).table({**values, "t": 0.5}, digits=4))
    found = {line.split()[1]: line.split("  ") for line in table.splitlines()}

    expected = {"net₁": "0.755", "o₁": "0.6803", "net₂": "0.68", "o₂": "0.6637"}
    for name, number in (expected | {"net": "0.8014", "o": "0.6903"}).items():
        assert number in [cell.strip() for cell in found[name]], name


def test_a_seed_takes_the_place_of_one():
    score = sg.let("score", sg.parameter("w", 2) @ sg.input("h", 2))
    values = {"w": [1.0, -2.0], "h": [0.5, 0.7310585786]}
    table = sg.graph(score).table(values, seed=-1.962117157, labels=True)

    assert float(table.rows[-1].backward) == -1.962117157
    assert table.rows[-1].gradient == ""
    assert table.rows[0].gradient == "h g₃"
    assert table.rows[0].backward == pytest.approx(np.array([-0.9810585786, -1.43442258]))


RNN = {
    "U": [[0.0, 1.2], [1.0, -0.6], [-1.0, -0.2]], "x": [[-0.6, 1.0], [1.2, 0.0]],
    "W": [[1.0, -0.2, -0.2], [1.0, 0.8, -0.8], [-1.2, -0.4, -1.0]],
    "s0": [0.1, -0.2, 0.05], "d": [0.5, -0.5, 0.25],
}  # fmt: skip


def test_a_loop_is_one_row_a_result_and_never_its_whole_body():
    table = str(sg.graph(recurrent.rnn().loss).table(RNN, digits=3))

    assert max(map(len, table.splitlines())) < 150
    assert "scan" not in table
    assert "←" not in table


def test_with_steps_every_time_has_its_rows():
    table = sg.graph(recurrent.rnn().loss).table(RNN, steps=True)
    found = {row.formula.split(" = ")[0]: row for row in table.rows}

    s = np.array(RNN["s0"])
    for t, x in enumerate(RNN["x"], 1):
        s = np.tanh(np.array(RNN["U"]) @ x + np.array(RNN["W"]) @ s)
        assert found[f"s{'₀₁₂'[t]}"].forward == pytest.approx(s)
    delta = (s - RNN["d"]) * (1 - s**2)
    assert found["net₂"].backward == pytest.approx(delta)
    by_node = {sg.graph(recurrent.rnn().loss).vertex(k).node: v for k, v in RNN.items()}
    assert len(sg.graph(recurrent.rnn().loss).table(by_node, steps=True).rows) == len(table.rows)


def test_every_format_has_every_row():
    table = sg.graph(losses.hinge()).table(
        {"W": [1.0, 2.0], "φ(x)": [2.0, -1.0], "y": 1.0}, labels=True
    )

    assert table.markdown().splitlines()[:2] == [
        "| i | value | f | g | g by labels |",
        "| --: | :-- | --: | --: | :-- |",
    ]
    rows = list(csv.reader(io.StringIO(table.csv())))
    assert rows[0] == ["i", "value", "f", "g", "g by labels"]
    assert len(rows) == len(table.rows) + 1 == len(table.markdown().splitlines()) - 1
    latex = table.latex().splitlines()
    assert (latex[0], latex[-1]) == (r"\begin{tabular}{rlrrl}", r"\end{tabular}")
    assert all(line.count(" & ") == 4 for line in latex[1:-1])
    data = json.loads(json.dumps(table.to_dicts()))
    assert [row["i"] for row in data] == list(range(1, len(table.rows) + 1))


def test_large_arrays_are_cut_in_print_and_whole_in_data():
    x = sg.input("x", (5, 7))
    table = sg.graph(sg.sum(x * x)).table({"x": np.arange(35.0).reshape(5, 7)})

    assert "..." in str(table)
    assert max(map(len, str(table).splitlines())) < 160
    assert np.shape(table.to_dicts()[0]["f"]) == (5, 7)


def test_digits_out_of_range_are_refused():
    x = sg.input("x")
    for digits in (0, 18, 2.5, True):
        with pytest.raises(sg.RangeError, match="1 to 17 significant digits"):
            sg.graph(x * x).table({"x": 1.0}, digits=digits)


def test_a_derivation_gives_its_table_and_its_paths():
    x = sg.input("x")
    y = sg.let("y", x * sg.sigmoid(x))
    derivation = sg.derive(y, x, lang="zh")

    paths = derivation.paths({"x": 3.0}, limit=1)
    assert str(paths).splitlines()[1] == "还有 1 条路径，合计 0.1355299792"
    assert float(derivation.table({"x": 3.0}).rows[-1].forward) == pytest.approx(2.8577223804673)


def test_what_is_read_of_a_loop_goes_by_its_name_and_its_time():
    formulas = {row.formula for row in sg.graph(recurrent.rnn().loss).table(RNN).rows}
    assert {"s_T", "s_T − d", "E = ½ ‖s_T − d‖²"} <= formulas

    net = recurrent.sequence_classifier()
    labels = [vertex.label() for vertex in sg.graph(net.loss).vertices]
    assert "S_t" in labels
    assert "S_t Vᵀ" in labels


def test_of_many_users_some_labels_are_enough():
    x, y = sg.parameter("x"), sg.const(0.0)
    for k in range(30):
        y = y + sg.sin(x * (k + 1))
    table = sg.graph(y).table({"x": 0.1}, labels=True)

    assert table.rows[1].formula == "x"
    assert table.rows[1].gradient.count(" + ") == 3
    assert " + … + " in table.rows[1].gradient
