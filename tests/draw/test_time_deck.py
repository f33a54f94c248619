"""Decks of recurrent nets: forward from left to right, back from right to left, times added up."""

import re

import numpy as np
import pytest

import symgraph as sg
from symgraph.draw.scene import overlaps
from symgraph.draw.slides.deck import deck
from symgraph.zoo import gates, losses, recurrent

HINGE = {"W": [1.0, 2.0], "φ(x)": [2.0, -1.0], "y": 1.0}
X, H0, W = [0.5, -0.3, 0.8], 0.2, 1.5


def numbers_in(text):
    return [float(x) for x in re.findall(r"-?\d+(?:\.\d+)?", text.replace("−", "-"))]


@pytest.fixture(scope="module")
def scalar():
    return deck(recurrent.scalar_rnn(), {"x": X, "h0": H0, "w": W}, style="timeline", digits=6)


def states(w):
    found = [H0]
    for x in X:
        found.append(np.tanh(w * found[-1] + x))
    return found


def test_forward_goes_from_the_first_time_to_the_last_and_back_again(scalar):
    times = [
        (note.partition(":")[0], int(found[1]))
        for note in scalar.scene.notes
        if (found := re.search(r"t = (\d)", note))
    ]

    assert [t for phase, t in times if phase == "Forward"] == [1, 2, 3]
    assert [t for phase, t in times if phase == "Backward in time"] == [3, 2, 1]


def test_the_shares_of_the_times_add_up_to_the_derivative(scalar):
    note = next(note for note in scalar.scene.notes if note.startswith("Sum over the times"))
    *_, shares, whole = note.split(" = ")
    h = 1e-6
    truth = (states(W + h)[-1] - states(W - h)[-1]) / (2 * h)

    assert sum(numbers_in(shares)) == pytest.approx(truth, rel=1e-4)
    assert len(numbers_in(shares)) == 3
    assert numbers_in(whole)[0] == pytest.approx(truth, rel=1e-4)


def test_the_states_are_told_at_their_times(scalar):
    told = {k: note for k, note in enumerate(scalar.scene.notes) if note.startswith("Forward: t")}

    for note, truth in zip(told.values(), states(W)[1:], strict=True):
        assert numbers_in(note)[-1] == pytest.approx(truth, rel=1e-4)


def test_the_path_through_time_takes_every_state_on_its_way():
    made = deck(recurrent.rnn(), style="timeline", steps=4)
    note = next(note for note in made.scene.notes if note.startswith("One path through time"))

    assert re.findall(r"∂ s([₁₂₃₄])/", note) == ["₄", "₃", "₂", "₁"]
    assert note.endswith("W")


def test_backpropagation_through_time_reads_as_in_textbooks():
    notes = " ".join(deck(recurrent.rnn(), style="timeline", steps=3).scene.notes)

    for line in (
        "net₂ = U x₂ + W s₁", "∂ E/∂ s₃ = s₃ − d", "∂ E/∂ s₂ = Wᵀ ∂ E/∂ net₃",
        "∂ E/∂ net₂ = ∂ E/∂ s₂ ⊙ (1 − s₂²)",
        "∂ E/∂ W = ∂ E/∂ net₁ s₀ᵀ + ∂ E/∂ net₂ s₁ᵀ + ∂ E/∂ net₃ s₂ᵀ",
    ):  # fmt: skip
        assert line in notes


NETS = {
    "rnn": recurrent.rnn, "outputs": recurrent.sequence_classifier, "lstm": gates.lstm,
    "two loops": recurrent.encoder_decoder, "two layers": recurrent.stacked_rnn,
}  # fmt: skip


@pytest.mark.parametrize("name", NETS)
def test_nothing_moves_or_is_covered_at_any_step(name):
    scene = deck(NETS[name](), style="timeline", steps=3, language="zh").scene
    places = {}
    for step in range(scene.steps):
        frame = scene.frame(step)
        assert overlaps(frame) == []
        for item in frame.items:
            if item.layer in ("node", "edge"):
                assert places.setdefault(item.id, item.bounds) == item.bounds
    frames = [k for k, item in enumerate(scene.items) if item.id in ("g0", "g1", "g2")]
    nodes = [k for k, item in enumerate(scene.items) if item.owner.startswith("n")]
    assert not frames or max(frames) < min(nodes)
    assert all(note for note in scene.notes)


def test_the_cell_is_told_gate_by_gate():
    made = deck(gates.lstm(), style="cell")
    assert made.scene.steps == 4
    assert len(made.scene.notes) == 4


def test_a_part_of_the_deck_has_the_same_steps_and_no_others():
    whole = deck(losses.hinge(), HINGE).scene.notes
    part = deck(losses.hinge(), HINGE, phases=["forward", "backward"]).scene

    assert list(part.notes) == [n for n in whole if n.startswith(("Forward: ", "Backward: "))]
    assert all(item.first == 0 for item in part.items if item.layer in ("node", "edge", "label"))


def test_what_is_computed_before_a_part_is_there_from_its_first_step():
    whole = deck(losses.hinge(), HINGE).scene
    start = next(k for k, note in enumerate(whole.notes) if note.startswith("Backward"))
    part = deck(losses.hinge(), HINGE, phases="backward").scene

    for layer in ("forward", "backward", "label"):
        seen = [
            sorted(item.source for item in scene.frame(k).items if item.layer == layer)
            for scene, k in ((whole, start), (part, 0))
        ]
        assert seen[0] == seen[1]
        assert seen[0]


def test_two_leaves_are_told_one_after_the_other():
    u, v = sg.parameter("u"), sg.parameter("v")
    notes = deck(sg.sin(u) * v, {"u": 1.0, "v": 2.0}, leaf=["u", v]).scene.notes
    sums = [numbers_in(n.rpartition("=")[2])[0] for n in notes if n.startswith("Sum")]

    assert sums == pytest.approx([2 * np.cos(1.0), np.sin(1.0)], rel=1e-3)


def test_headings_can_be_ones_own():
    notes = deck(losses.hinge(), HINGE, captions={"backward": "Rückwärts"}).scene.notes
    assert any(note.startswith("Rückwärts") for note in notes)
    assert not any(note.startswith("Backward") for note in notes)


def test_a_leaf_that_nothing_depends_on_is_told_to_have_the_derivative_0():
    x, y = sg.input("x"), sg.input("y")
    notes = deck(x * x + sg.stop_gradient(y), {"x": 1.0, "y": 2.0}, leaf="y").scene.notes
    assert any("no path leads there" in note and note.endswith("= 0") for note in notes)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"phases": ["sideways"]}, "there is no phase 'sideways'"),
        ({"captions": {"sideways": "x"}}, "there is no phase 'sideways'"),
        ({"style": "maps"}, "'graph', 'timeline' or 'cell'"),
        ({"steps": 3}, "is for style='timeline'"),
    ],
)
def test_what_a_deck_does_not_have_is_refused(options, message):
    with pytest.raises(sg.DrawError, match=message):
        deck(losses.hinge(), HINGE, **options)


def test_more_times_than_a_slide_shows_are_refused():
    with pytest.raises(sg.DrawError, match="20 times are more than a slide can show"):
        deck(recurrent.rnn(), style="timeline", steps=20)
