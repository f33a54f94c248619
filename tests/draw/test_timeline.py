"""Recurrent nets over time: columns, what they share, the five modes, rolled and unrolled."""

import re
from collections import Counter
from typing import Any

import numpy as np
import pytest
from recurrent_nets import NETS

import symgraph as sg
from symgraph.draw.drawing import draw
from symgraph.draw.picture import Picture
from symgraph.draw.recurrent.modes import MODES, Mode, mode_of
from symgraph.draw.scene import crossings, edge_hits, overlaps
from symgraph.draw.view import Language
from symgraph.errors import DrawError
from symgraph.zoo import gates, recurrent


def _labels(picture: Picture, role: str) -> list[str]:
    return [node.label for node in picture.view.nodes if node.role == role]


def _is_clean(picture: Picture) -> bool:
    return (overlaps(picture.scene), edge_hits(picture.scene)) == ([], [])


def _bidirectional() -> Any:
    """h_t from the left, g_t from the right, o_t = softmax(V [h_t, g_t])."""
    x = sg.input("x", ("T", 2))
    V = sg.parameter("V", (4, 6))
    U, U_b = sg.parameter("U", (3, 2)), sg.parameter("U_b", (3, 2))
    W, W_b = sg.parameter("W", (3, 3)), sg.parameter("W_b", (3, 3))
    ahead = sg.scan(lambda h, x: sg.let("h", sg.tanh(U @ x + W @ h)), sg.input("h0", 3), x)
    back = sg.scan(
        lambda g, x: sg.let("g", sg.tanh(U_b @ x + W_b @ g)), sg.input("g0", 3), x, reverse=True
    )
    o = sg.let("o", sg.softmax(sg.concat([ahead.states, back.states], axis=1) @ V.T))
    return sg.let("L", -sg.sum(sg.input("d", ("T", 4)) * sg.log(o)))


@pytest.mark.parametrize("name", [name for name in NETS if name != "power"])
@pytest.mark.parametrize("steps", [1, 2, 3, 7, 30, None])
def test_no_timeline_of_the_lectures_has_a_blemish(name: str, steps: int | None) -> None:
    assert _is_clean(draw(NETS[name](), style="timeline", steps=steps))


@pytest.mark.parametrize("name", NETS)
def test_no_rolled_net_of_the_lectures_has_a_blemish(name: str) -> None:
    assert _is_clean(draw(NETS[name](), style="rolled", theme="print"))


def test_three_steps_of_the_lecture_have_ten_vectors_and_nine_edges() -> None:
    picture = draw(recurrent.sequence_classifier(), style="timeline", steps=3)
    assert _labels(picture, "input") == ["x_{1}", "x_{2}", "x_{3}"]
    assert sorted(_labels(picture, "state")) == ["S_{0}", "S_{1}", "S_{2}", "S_{3}"]
    assert _labels(picture, "output") == ["O_{1}", "O_{2}", "O_{3}"]
    assert len(picture.view.nodes) == 10
    assert Counter(edge.label for edge in picture.view.edges) == {"U": 3, "W": 3, "V": 3}
    hues = {edge.label: edge.hue for edge in picture.view.edges}
    assert len(set(hues.values())) == 3


def test_the_same_net_rolled_has_one_loop() -> None:
    picture = draw(recurrent.sequence_classifier(), style="rolled")
    edges = {(edge.tail == edge.head): edge.label for edge in picture.view.edges if edge.label}
    assert edges[True] == "W"
    assert sorted(str(edge.label) for edge in picture.view.edges) == ["U", "V", "W"]
    assert [node.label for node in picture.view.nodes] == ["x_{t}", "S_{t}", "O_{t}"]


def test_many_steps_are_the_first_two_dots_and_the_last() -> None:
    for steps, last in ((30, "30"), (None, "T")):
        picture = draw(recurrent.sequence_classifier(), style="timeline", steps=steps)
        assert _labels(picture, "input") == ["x_{1}", "x_{2}", f"x_{{{last}}}"]
        assert _labels(picture, "constant") == [r"\cdots"]
    assert len(_labels(draw(recurrent.rnn(), style="timeline", steps=9, most=9), "input")) == 9


def test_columns_stand_at_even_distances() -> None:
    scene = draw(recurrent.sequence_classifier(), style="timeline", steps=5, loss=True).scene
    owners = {name: owner for owner, name in scene.names.items()}
    x = [scene.shape(owners[name]).centre[0] for name in owners if name.startswith("loss@")]
    steps = np.diff(sorted(x))
    assert np.ptp(steps) < 1e-6


def test_an_output_of_the_last_state_stands_in_the_last_column() -> None:
    picture = draw(recurrent.rnn_h(), style="timeline", steps=4)
    assert _labels(picture, "output") == ["o"]
    tails = {edge.head: edge.tail for edge in picture.view.edges if edge.label == "V"}
    names = {node.id: node.label for node in picture.view.nodes}
    assert {names[head]: names[tail] for head, tail in tails.items()} == {"o": "h_{4}"}


def test_a_decoder_starts_with_the_last_state_of_the_encoder() -> None:
    picture = draw(recurrent.encoder_decoder(), style="timeline", steps=3)
    names = {node.id: node.label for node in picture.view.nodes}
    edges = {(names[edge.tail], names[edge.head]): edge.label for edge in picture.view.edges}
    assert edges["h_{3}", "s_{1}"] == "W_{d}"
    assert sorted(_labels(picture, "state")) == [
        "h_{0}", "h_{1}", "h_{2}", "h_{3}", "s_{1}", "s_{2}", "s_{3}",
    ]  # fmt: skip


def test_a_net_in_both_directions_has_two_rows_that_run_against_each_other() -> None:
    picture = draw(_bidirectional(), style="timeline", steps=3)
    names = {node.id: node.label for node in picture.view.nodes}
    edges = {(names[edge.tail], names[edge.head]) for edge in picture.view.edges}
    assert {("h_{1}", "h_{2}"), ("h_{2}", "h_{3}"), ("g_{3}", "g_{2}"), ("g_{4}", "g_{3}")} <= edges
    assert {edge.label for edge in picture.view.edges} == {"U", "U_{b}", "W", "W_{b}", "V"}
    assert {("x_{2}", "h_{2}"), ("x_{2}", "g_{2}"), ("h_{2}", "o_{2}"), ("g_{2}", "o_{2}")} <= edges
    assert _is_clean(picture)
    # What leads past a row crosses what the row hands on, once a column, before its arrowhead.
    assert crossings(picture.scene) == 6


def test_an_lstm_is_one_box_a_column_and_hands_on_both_states() -> None:
    picture = draw(gates.lstm(), style="timeline", steps=3)
    assert _labels(picture, "module") == [r"\mathrm{LSTM}"] * 3
    between = Counter(edge.label for edge in picture.view.edges if edge.label)
    assert between == {"h_{1}": 1, "C_{1}": 1, "h_{2}": 1, "C_{2}": 1}


@pytest.mark.parametrize("language", ["en", "zh"])
def test_losses_stand_above_their_columns_under_their_sum(language: Language) -> None:
    picture = draw(
        recurrent.sequence_classifier(), style="timeline", steps=3, loss=True, language=language
    )
    assert _is_clean(picture)
    forward = {node.forward for node in picture.view.nodes if node.forward}
    assert forward == {"E_{1}", "E_{2}", "E_{3}", "E"}
    assert _labels(picture, "data") == ["d_{1}", "d_{2}", "d_{3}"]


def test_values_are_those_of_the_recursion() -> None:
    x, w = np.array([1.0, 0.0, 0.5]), 0.8
    picture = draw(recurrent.scalar_rnn(), {"x": x, "h0": 0.0, "w": w}, style="timeline")
    h = [0.0]
    for one in x:
        h.append(np.tanh(w * h[-1] + one))
    slope = [1.0]
    for one in (h[3], h[2]):
        slope.insert(0, slope[0] * w * (1 - one**2))
    shown = {node.label: node for node in picture.view.nodes}
    for t in (1, 2, 3):
        assert float(str(shown[f"h_{{{t}}}"].forward)) == pytest.approx(h[t], rel=5e-3)
        assert float(str(shown[f"h_{{{t}}}"].backward)) == pytest.approx(slope[t - 1], rel=5e-3)
        assert float(str(shown[f"x_{{{t}}}"].forward)) == x[t - 1]
    assert _is_clean(picture)


def test_a_recurrence_in_text_is_drawn_alike() -> None:
    text = "let s_t = tanh(U x_t + W s_{t-1} + b), t = 1..T; ½‖s_T − d‖²"
    loss = sg.formula(text, "x=T,m U=n,m W=n,n s_0=n d=n b=n")
    picture = draw(loss, style="timeline", steps=3)
    assert Counter(edge.label for edge in picture.view.edges) == {"U": 3, "W": 3}


@pytest.mark.parametrize(
    ("name", "counts"),
    [
        ("1-1", (1, 1, 1, 2)),
        ("1-n", (1, 3, 3, 6)),
        ("n-1", (3, 1, 3, 6)),
        ("n-n delayed", (3, 3, 5, 10)),
        ("n-n", (3, 3, 3, 8)),
    ],
)
def test_the_five_modes_have_the_vectors_and_edges_of_the_lecture(
    name: str, counts: tuple[int, ...]
) -> None:
    picture = draw(name, style="modes")
    roles = [len(_labels(picture, role)) for role in ("input", "output", "state")]
    assert (*roles, len(picture.view.edges)) == counts
    assert _is_clean(picture)
    assert crossings(picture.scene) == 0


@pytest.mark.parametrize("language", ["en", "zh"])
def test_all_five_modes_stand_in_a_row(language: Language) -> None:
    picture = draw(None, style="modes", language=language, theme="lecture")
    assert len(picture.view.groups) == len(MODES) == 5
    assert len(picture.view.edges) == 2 + 6 + 6 + 10 + 8
    assert _is_clean(picture)


def test_the_mode_of_an_expression_is_found_from_what_it_reads_and_gives() -> None:
    assert mode_of(recurrent.rnn()) == MODES["n-1"]
    assert mode_of(recurrent.sequence_classifier()) == MODES["n-n"]
    assert mode_of(recurrent.sequence_classifier(), 1) == MODES["1-1"]
    assert mode_of(recurrent.encoder_decoder(), 2) == Mode(
        (True, True, True, True), (False, False, True, True)
    )


def test_a_caption_of_an_image_is_one_to_many() -> None:
    V, W = sg.parameter("V", (4, 3)), sg.parameter("W", (3, 3))
    start = sg.tanh(sg.parameter("I", (3, 5)) @ sg.input("image", 5))
    run = sg.scan(lambda h: sg.let("h", sg.tanh(W @ h)), start, length="T")
    words = sg.let("y", sg.softmax(run.states @ V.T))
    loss = -sg.sum(sg.input("d", ("T", 4)) * sg.log(words))
    assert mode_of(loss) == MODES["1-n"]


def test_what_cannot_be_drawn_is_refused() -> None:
    with pytest.raises(DrawError, match="whole number"):
        draw(recurrent.rnn(), style="timeline", steps=0)
    with pytest.raises(DrawError, match="'vectors' or 'ops'"):
        draw(recurrent.rnn(), style="timeline", detail="all")
    with pytest.raises(DrawError, match="no mode 'many'"):
        draw("many", style="modes")
    with pytest.raises(DrawError, match="3 times for inputs and 1"):
        Mode((True, True, True), (True,))


def test_what_a_loop_gives_beside_its_states_is_an_output() -> None:
    U, W, V = (sg.parameter(name, (2, 2)) for name in "UWV")
    run = sg.recurrence(
        {
            "s": lambda now, before: sg.tanh(U @ now.x + W @ before.s),
            "o": lambda now, before: V @ now.s,
        },
        states={"s": sg.input("s0", 2)},
        sequences={"x": sg.input("X", ("T", 2))},
    )
    for net in (run, sg.sum(run.outputs["o"] ** 2)):
        picture = draw(net, style="timeline", steps=2)
        assert _labels(picture, "output") == ["o_{1}", "o_{2}"]
        assert Counter(edge.label for edge in picture.view.edges) == {"U": 2, "W": 2, "V": 2}


def test_loops_of_two_lengths_have_their_own_numbers() -> None:
    rng = np.random.default_rng(3)
    sizes = {"U": (3, 4), "W": (3, 3), "U_d": (3, 4), "W_d": (3, 3), "V": (4, 3), "h0": (3,)}
    v: dict[str, Any] = {name: rng.normal(size=shape) for name, shape in sizes.items()}
    v |= {"x": rng.normal(size=(6, 4)), "d": np.eye(4)[[1, 0, 2, 3, 1]]}
    state = v["h0"]
    for row in v["x"]:
        state = np.tanh(v["U"] @ row + v["W"] @ state)
    for row in (np.zeros(4), *v["d"][:-1]):
        state = np.tanh(v["U_d"] @ row + v["W_d"] @ state)

    picture = draw(recurrent.encoder_decoder(), v, style="timeline", digits=4)
    told = {node.label: node.forward or "" for node in picture.view.nodes}

    assert [name for name in told if name[0] in "hs"] == [
        *(f"h_{{{t}}}" for t in range(1, 7)), "h_{0}", *(f"s_{{{t}}}" for t in range(1, 6)),
    ]  # fmt: skip
    shown = [float(text) for text in re.findall(r"-?\d+\.\d+", told["s_{5}"])]
    assert shown == pytest.approx(list(state), abs=1e-3)


def test_what_a_known_sequence_switches_off_enters_at_its_times_only() -> None:
    w, v = sg.input("w", ("T", 2)), sg.input("v", 3)
    A, W = sg.parameter("A", (2, 3)), sg.parameter("W", (2, 2))
    for place, times in ((sg.const(0), ["1"]), (w.shape[0] - 1, ["T"])):
        run = sg.scan(
            lambda h, w, m: sg.let("h", sg.tanh(w + W @ h + m * (A @ v))),
            sg.input("h0", 2), (w, sg.one_hot(place, w.shape[0])),
        )  # fmt: skip
        edges = draw(run, style="timeline").view
        names = {node.id: node.label for node in edges.nodes}
        entered = [names[edge.head] for edge in edges.edges if names[edge.tail] == "v"]
        assert entered == [f"h_{{{t}}}" for t in times]
