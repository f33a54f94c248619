"""Cells as the textbook draws them, from the expressions of the lectures and from others."""

import itertools
import math
from collections import Counter
from typing import Any

import pytest
from recurrent_nets import NETS

import symgraph as sg
from symgraph.draw.drawing import draw
from symgraph.draw.geometry import flatten
from symgraph.draw.picture import Picture
from symgraph.draw.scene import edge_hits, overlaps
from symgraph.errors import DrawError
from symgraph.zoo import gates, recurrent


def _minimal(letter: str = "h") -> Any:
    """f = sigma(W_f [v, u]), v~ = tanh(W_v [f * v, u]), v_t = (1 - f) * v + f * v~."""
    forget, new = sg.parameter("A", (3, 5)), sg.parameter("B", (3, 5))

    def step(v: Any, u: Any) -> Any:
        f = sg.let("q", sg.sigmoid(forget @ sg.concat([v, u])))
        fresh = sg.let("n", sg.tanh(new @ sg.concat([f * v, u])))
        return sg.let(letter, (1 - f) * v + f * fresh)

    return sg.scan(step, sg.input(f"{letter}0", 3), sg.input("u", ("T", 2)))


def _roles(picture: Picture) -> Counter[str]:
    return Counter(node.role for node in picture.view.nodes)


def _signs(picture: Picture, role: str) -> list[str]:
    """The signs of the nodes of a role from left to right, those above first."""
    found = [node for node in picture.view.nodes if node.role == role]
    found.sort(key=lambda node: node.at or (0.0, 0.0))
    return [node.label for node in found]


@pytest.mark.parametrize("name", NETS)
def test_no_cell_of_the_lectures_has_a_blemish(name: str) -> None:
    scene = draw(NETS[name](), style="cell").scene
    assert (overlaps(scene), edge_hits(scene)) == ([], [])


def test_the_lstm_has_the_parts_of_the_well_known_picture() -> None:
    picture = draw(gates.lstm(), style="cell")
    assert _signs(picture, "gate") == [r"\sigma", r"\sigma", r"\tanh", r"\sigma"]
    assert Counter(_signs(picture, "pointwise")) == {r"\times": 3, "+": 1, r"\tanh": 1}
    assert _roles(picture)["module"] == 1
    assert [entry.sample for entry in picture.view.entries] == [
        "gate", "pointwise", "vector", "join", "copy",
    ]  # fmt: skip


def test_the_labels_are_the_local_derivatives_of_the_operations() -> None:
    picture = draw(gates.lstm(), style="cell")
    names = {node.id: node.forward or node.label for node in picture.view.nodes}
    derivatives = {
        (names[edge.tail], names[edge.head]): edge.label
        for edge in picture.view.edges
        if edge.label and not edge.ink
    }
    assert derivatives["C_{t-1}", r"\times"] == "f_{t}"
    assert derivatives["f_{t}", r"\times"] == "C_{t-1}"
    assert derivatives["+", r"\tanh"] == r"1 - \tanh(C_{t})^{2}"
    weights = {names[edge.head]: edge.label for edge in picture.view.edges if edge.ink}
    assert weights == {
        "f_{t}": "W_{f}", "i_{t}": "W_{i}", r"\tilde{C}_{t}": "W_{C}", "o_{t}": "W_{o}",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("net", "gate", "pointwise"),
    [
        (gates.lstm(coupled=True), 3, 6),
        (gates.lstm(peepholes="fio"), 4, 5),
        (gates.lstm_row(), 4, 5),
        (gates.gru(), 3, 5),
        (gates.gru(keeps="z"), 3, 5),
        (_minimal(), 2, 5),
        (recurrent.rnn(), 1, 0),
        (recurrent.stacked_rnn(), 2, 0),
    ],
    ids=["coupled", "peephole", "row", "gru", "gru_z", "minimal", "rnn", "stacked"],
)
def test_layers_and_operations_are_told_apart(net: Any, gate: int, pointwise: int) -> None:
    roles = _roles(draw(net, style="cell"))
    assert (roles["gate"], roles["pointwise"]) == (gate, pointwise)


def test_a_cell_of_ones_own_is_drawn_with_its_own_letters() -> None:
    picture = draw(_minimal("v"), style="cell", language="zh", theme="dark")
    labels = {node.label for node in picture.view.nodes}
    assert {"v_{t-1}", "v_{t}", "u_{t}", r"[v_{t-1},\,u_{t}]"} <= labels
    assert (overlaps(picture.scene), edge_hits(picture.scene)) == ([], [])


def test_the_cell_state_runs_straight_along_the_top_over_two_operations() -> None:
    picture = draw(gates.lstm(), style="cell", highlight="C")
    nodes = {node.id: node for node in picture.view.nodes}
    marked = [edge for edge in picture.view.edges if edge.highlight]
    passed = [nodes[edge.head].label for edge in marked]
    assert passed == [r"\times", "+", "C_{t}"]
    top = max(node.at[1] for node in nodes.values() if node.at)
    for edge in marked:
        assert {nodes[end].at[1] for end in (edge.tail, edge.head) if nodes[end].at} == {top}


def test_three_cells_in_a_row_are_alike_and_joined_by_their_states() -> None:
    one, three = (_roles(draw(gates.lstm(), style="cell", repeat=k)) for k in (1, 3))
    assert three["gate"] == 3 * one["gate"]
    assert three["pointwise"] == 3 * one["pointwise"]
    assert three["state"] == 2 * 4
    picture = draw(gates.lstm(), style="cell", repeat=3, highlight="belt")
    nodes = {node.id: node.label for node in picture.view.nodes}
    passed = [nodes[edge.head] for edge in picture.view.edges if edge.highlight]
    assert Counter(passed)[r"\times"] == Counter(passed)["+"] == 3
    assert (overlaps(picture.scene), edge_hits(picture.scene)) == ([], [])


def test_the_four_steps_mark_other_parts_and_move_nothing() -> None:
    pictures = [draw(gates.lstm(), style="cell", step=k) for k in (1, 2, 3, 4)]
    shapes = [[item.bounds for item in one.scene.items if item.layer == "node"] for one in pictures]
    assert shapes[0] == shapes[1] == shapes[2] == shapes[3]
    names = {node.id: node.forward or node.label for node in pictures[0].view.nodes}
    heads = [{names[edge.head] for edge in one.view.edges if edge.highlight} for one in pictures]
    assert heads[0] == {"f_{t}"}
    assert heads[1] >= {"i_{t}", r"\tilde{C}_{t}"}
    assert {"+", "C_{t}"} <= heads[2]
    assert heads[3] >= {"o_{t}", r"\tanh", "h_{t}"}


def test_an_unrolled_expression_is_drawn_as_the_loop_it_is() -> None:
    rolled = draw(gates.lstm(), style="cell")
    unrolled = draw(sg.unroll(gates.lstm().loss, 5), style="cell")
    assert _roles(rolled) == _roles(unrolled)


def test_what_is_no_cell_is_refused() -> None:
    with pytest.raises(DrawError, match="there is none"):
        draw(sg.sin(sg.input("x")), style="cell")
    with pytest.raises(DrawError, match="no state of this name"):
        draw(gates.lstm(), style="cell", highlight="q")
    with pytest.raises(DrawError, match="runs on top"):
        draw(recurrent.rnn(), style="cell", step=1)
    with pytest.raises(DrawError, match="1 or more"):
        draw(recurrent.rnn(), style="cell", repeat=0)


def test_two_nets_stand_beside_each_other() -> None:
    picture = draw([recurrent.rnn_row(), gates.lstm_row()], style="cell")
    alone = [draw(net, style="cell") for net in (recurrent.rnn_row(), gates.lstm_row())]
    assert _roles(picture) == _roles(alone[0]) + _roles(alone[1])
    assert len(picture.view.edges) == sum(len(one.view.edges) for one in alone)
    assert (overlaps(picture.scene), edge_hits(picture.scene)) == ([], [])


def test_a_step_says_its_formulas_below_the_picture() -> None:
    notes = [draw(gates.lstm(), style="cell", step=k).view.notes for k in (1, 2, 3, 4)]
    joined = r"[h_{t-1}, x_{t}]"
    assert [one.replace(r"\left", "").replace(r"\right", "") for one in notes[0]] == [
        rf"f_{{t}} = \sigma(W_{{f}} {joined} + b_{{f}})"
    ]
    assert [one.split(" = ")[0] for one in notes[1]] == ["i_{t}", r"\tilde{C}_{t}"]
    assert notes[2] == (r"C_{t} = f_{t} \odot C_{t-1} + i_{t} \odot \tilde{C}_{t}",)
    assert [one.split(" = ")[0] for one in notes[3]] == ["o_{t}", "h_{t}"]


def test_a_deck_builds_the_cell_in_four_steps_and_moves_nothing() -> None:
    picture = draw(gates.lstm(), style="cell", build=True)
    scene = picture.scene
    assert scene.steps == 4
    counts = [
        Counter(item.role for item in scene.frame(k).items if item.layer == "node")
        for k in range(4)
    ]
    assert [count["gate"] for count in counts] == [1, 3, 3, 4]
    assert [count["pointwise"] for count in counts] == [0, 1, 3, 5]
    assert counts[3] == Counter(node.role for node in picture.view.nodes)
    for before, after in ((0, 1), (1, 2), (2, 3)):
        places = {item.id: item.bounds for item in scene.frame(after).items}
        for item in scene.frame(before).items:
            if item.layer != "marker":
                assert places[item.id] == item.bounds


def test_gates_that_are_cut_from_one_product_are_four_layers() -> None:
    W, b = sg.parameter("W", (12, 5)), sg.parameter("b", 12)

    def step(h: Any, c: Any, x: Any) -> dict[str, Any]:
        z = sg.let("z", W @ sg.concat([h, x]) + b)
        i, f, o = (
            sg.let(name, sg.sigmoid(z[k : k + 3])) for name, k in zip("ifo", (0, 3, 6), strict=True)
        )
        c = sg.let("c", f * c + i * sg.let("g", sg.tanh(z[9:])))
        return {"h": sg.let("h", o * sg.tanh(c)), "c": c}

    start = {name: sg.input(f"{name}0", 3) for name in "hc"}
    picture = draw(sg.scan(step, start, {"x": sg.input("x", ("T", 2))}), style="cell")
    apart = draw(gates.lstm(), style="cell")
    assert _roles(picture) == _roles(apart)
    assert len(picture.view.edges) == len(apart.view.edges)
    assert picture.view.groups[0].label == r"\text{LSTM cell}"


def test_layers_that_see_the_input_alone_are_layers_too() -> None:
    F, V = sg.parameter("F", (3, 2)), sg.parameter("V", (3, 2))

    def step(c: Any, x: Any) -> Any:
        f = sg.let("f", sg.sigmoid(F @ x))
        return sg.let("c", f * c + (1 - f) * (V @ x))

    picture = draw(sg.scan(step, sg.input("c0", 3), sg.input("x", ("T", 2))), style="cell")
    assert sorted(_signs(picture, "gate")) == ["V", r"\sigma"]
    assert _roles(picture)["pointwise"] == 4
    assert (overlaps(picture.scene), edge_hits(picture.scene)) == ([], [])


def test_a_state_that_becomes_another_is_a_wire_to_the_exit_of_that_one():
    p, q, w = sg.input("p"), sg.input("q"), sg.parameter("w")
    cases = {
        lambda a, b: (b, w * a * b): {("b_{t-1}", "a_{t}")},
        lambda a, b: (b, a): {("b_{t-1}", "a_{t}"), ("a_{t-1}", "b_{t}")},
        lambda a, b: (sg.let("a", sg.tanh(w * a + b)), a): {("a_{t-1}", "b_{t}")},
    }
    for step, wires in cases.items():
        for repeat in (1, 3):
            run = sg.scan(step, (p, q), length=5)
            picture = sg.draw(run, style="cell", repeat=repeat)
            names = {node.id: node.label for node in picture.view.nodes}
            edges = {(names[edge.tail], names[edge.head]) for edge in picture.view.edges}
            assert wires <= edges
            assert len(names) == len({*names})
            assert overlaps(picture.scene) == []
            states = [node.label for node in picture.view.nodes if node.role == "state"]
            assert len(states) == len(set(states)) == 2 * (repeat + 1)


@pytest.mark.parametrize("options", [{"peepholes": "fio"}, {"peepholes": "fo", "coupled": True}])
@pytest.mark.parametrize("repeat", [1, 2])
def test_peepholes_leave_the_belt_and_reach_their_gates_at_right_angles(options, repeat):
    picture = draw(gates.lstm(**options), style="cell", repeat=repeat)
    wires = [k for k, edge in enumerate(picture.view.edges) if edge.dashed]
    drawn = {item.owner: item.drawn for item in picture.scene.items if item.layer == "edge"}

    assert len(wires) == repeat * len(options["peepholes"])
    for k in wires:
        points = flatten(drawn[f"e{k}"].curve)
        legs = [
            (abs(x1 - x0), abs(y1 - y0))
            for (x0, y0), (x1, y1) in itertools.pairwise(points)
            if math.hypot(x1 - x0, y1 - y0) > 8
        ]
        assert all(min(leg) < 0.5 for leg in legs)
        assert legs[0][1] < 0.5  # along the belt
        assert abs(points[-1][0] - points[-2][0]) < 0.5  # from above into the gate
