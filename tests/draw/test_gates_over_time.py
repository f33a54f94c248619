"""Cells with gates over time, with the numbers of each time, checked against NumPy."""

import numpy as np
import pytest

import symgraph as sg
from symgraph.draw.drawing import draw
from symgraph.draw.scene import edge_hits, overlaps
from symgraph.errors import DrawError
from symgraph.zoo import gates

T = 3


def numbers_of_lstm(seed=1):
    """A run of an LSTM of one unit, by hand: values, and all gates and states by time."""
    rng = np.random.default_rng(seed)
    given = {name: rng.normal(size=1) for name in ("h0", "C0", "d", "b_f", "b_i", "b_C", "b_o")}
    given |= {name: rng.normal(size=(1, 2)) for name in ("W_f", "W_i", "W_C", "W_o")}
    given["x"] = rng.normal(size=(T, 1))
    h, C, rows = given["h0"], given["C0"], []
    for x in given["x"]:
        seen = np.concatenate([h, x])
        f, i, o = (
            1 / (1 + np.exp(-(given[f"W_{one}"] @ seen + given[f"b_{one}"]))) for one in "fio"
        )
        new = np.tanh(given["W_C"] @ seen + given["b_C"])
        C = f * C + i * new
        h = o * np.tanh(C)
        rows.append({"f": f, "i": i, "o": o, "C": C, "h": h})
    return given, rows


def shown(picture):
    """The forward value beside everything that has a name, by that name."""
    found = {}
    for node in picture.view.nodes:
        if node.forward and "=" in node.forward:
            name, _, value = node.forward.partition(" = ")
            found[name] = float(value)
        elif node.forward and node.role in ("state", "input"):
            found[node.label] = float(node.forward)
    return found


@pytest.mark.parametrize("time", [1, 2, 3])
def test_a_cell_shows_the_numbers_of_its_time(time):
    given, rows = numbers_of_lstm()
    picture = draw(gates.lstm(1, 1), given, style="cell", time=time, digits=6)
    found = shown(picture)

    for name in "fioCh":
        assert found[f"{name}_{{{time}}}"] == pytest.approx(rows[time - 1][name][0], rel=1e-4)
    before = rows[time - 2]["C"] if time > 1 else given["C0"]
    assert found[f"C_{{{time - 1}}}"] == pytest.approx(before[0], rel=1e-4)
    assert found[f"x_{{{time}}}"] == pytest.approx(given["x"][time - 1, 0], rel=1e-4)
    assert (overlaps(picture.scene), edge_hits(picture.scene)) == ([], [])


def test_gates_of_every_time_stand_in_their_column():
    given, rows = numbers_of_lstm(4)
    picture = draw(gates.lstm(1, 1), given, style="timeline", detail="ops", digits=6)
    found = shown(picture)

    assert [group.label for group in picture.view.groups] == ["t = 1", "t = 2", "t = 3"]
    for time, row in enumerate(rows, 1):
        for name in "fioCh":
            assert found[f"{name}_{{{time}}}"] == pytest.approx(row[name][0], rel=1e-4)
    assert (overlaps(picture.scene), edge_hits(picture.scene)) == ([], [])


def test_of_many_times_a_gated_cell_stands_at_the_first_two_and_the_last():
    picture = draw(gates.gru(), style="timeline", detail="ops", language="zh")

    labels = [group.label for group in picture.view.groups]
    assert labels == [rf"\text{{时刻 }}t = {t}" for t in "12T"]
    dots = [node for node in picture.view.nodes if node.label == r"\cdots"]
    assert len(dots) == 1
    assert {"h_{0}", "h_{1}", "h_{2}", "h_{T}"} <= {node.label for node in picture.view.nodes}


def test_a_time_behind_the_last_one_is_refused_with_the_times_there_are():
    given, _ = numbers_of_lstm()
    with pytest.raises(DrawError, match="the times 1 to 3"):
        draw(gates.lstm(1, 1), given, style="cell", time=4)
    with pytest.raises(DrawError, match="whole number from 1"):
        draw(gates.lstm(), style="cell", time=0)


@pytest.mark.parametrize(("name", "shown"), [("词", r"\text{词}"), ("word", r"\mathrm{word}")])
def test_the_entries_of_a_sequence_have_its_name(name, shown):
    U, W = sg.parameter("U", (3, 2)), sg.parameter("W", (3, 3))
    run = sg.scan(
        lambda s, x: sg.let("s", sg.tanh(U @ x + W @ s)),
        sg.input("s0", 3),
        sg.input(name, ("T", 2)),
    )
    for options in ({"detail": "vectors"}, {"detail": "ops"}):
        picture = draw(sg.sum(run.final), style="timeline", steps=2, **options)
        labels = {node.label for node in picture.view.nodes}
        assert {f"{shown}_{{1}}", f"{shown}_{{2}}"} <= labels
        assert "x_{1}" not in labels
