"""The deck of an expression, against numbers by hand, NumPy and the compiled gradient."""

import itertools
import re

import numpy as np
import pytest

import symgraph as sg
from symgraph import zoo
from symgraph.draw.scene import Glyphs, edge_hits, overlaps
from symgraph.draw.slides.deck import deck
from symgraph.zoo import losses

HINGE = {"W": [1.0, 2.0], "φ(x)": [2.0, -1.0], "y": 1.0}
TWO_LAYER = {
    "φ(x)": [1.0, 2.0], "v1": [0.5, -0.25], "v2": [-0.5, 0.75], "w1": 1.0, "w2": -2.0, "y": 1.0,
}  # fmt: skip


@pytest.fixture(scope="module")
def hinge():
    return deck(losses.hinge(), HINGE)


@pytest.fixture(scope="module")
def two_layer():
    return deck(losses.two_layer(), TWO_LAYER, leaf="v1")


def sources(picture, step, layer):
    return {
        item.owner: item.source
        for item in picture.scene.items
        if item.layer == layer and item.seen(step)
    }


def test_the_phases_come_in_their_order(hinge):
    phases = [note.partition(":")[0] for note in hinge.scene.notes]

    assert list(dict.fromkeys(phases)) == [
        "What goes in", "Build the expression", "Local derivatives", "Forward", "Backward",
        "One path", "Sum over the paths", "One step downhill", "Forward again",
    ]  # fmt: skip
    assert len(hinge.scene.notes) == hinge.scene.steps <= 25


def test_nodes_appear_before_their_users_and_with_all_their_edges(two_layer):
    owners = {name: owner for owner, name in two_layer.scene.names.items()}
    first = {
        item.owner: item.first for item in two_layer.scene.items if item.layer in ("node", "edge")
    }
    for k, edge in enumerate(two_layer.view.edges):
        assert first[owners[edge.tail]] <= first[owners[edge.head]] == first[f"e{k}"]


def test_the_last_step_has_the_values_after_one_step_downhill(hinge):
    # W = (1, 2), phi = (2, -1), y = 1: the margin is 0, dL/dW = -y phi = (-2, 1), and
    # W - 0.1 (-2, 1) = (1.2, 1.9) has the margin 2.4 - 1.9 = 0.5.
    notes = hinge.scene.notes

    assert "W⁺ = W − η g₂ = (1, 2) − 0.1 · (−2, 1) = (1.2, 1.9)" in notes[-2]
    assert notes[-1] == "Forward again: loss = 0.5 instead of 1"
    assert r"(1.2,\; 1.9)" in sources(hinge, hinge.scene.steps - 1, "forward").values()


def numbers_in(text):
    return [float(x) for x in re.findall(r"-?\d+(?:\.\d+)?(?:e-?\d+)?", text.replace("−", "-"))]


# Beside crowded nodes numbers have three digits.
def test_forward_and_backward_values_are_those_of_the_table_and_of_compiled_code(two_layer):
    loss = losses.two_layer()
    graph = sg.graph(loss)
    rows = {row.number: row for row in graph.table(TWO_LAYER).rows}
    sum_step = next(
        k for k, note in enumerate(two_layer.scene.notes) if note.startswith("Sum over")
    )
    backward = sources(two_layer, sum_step, "backward")
    forward = sources(two_layer, sum_step, "forward")

    assert len(backward) >= 12
    for owner, name in two_layer.scene.names.items():
        row = rows[int(name[1:])]
        if owner in backward:
            found = numbers_in(backward[owner].rpartition("=")[2])
            assert found == pytest.approx(np.ravel(row.backward).tolist(), rel=6e-3)
        if owner in forward:
            found = numbers_in(forward[owner].rpartition("=")[2])
            assert found == pytest.approx(np.ravel(row.forward).tolist(), rel=6e-3)

    leaves = [graph.vertex(name).node for name in TWO_LAYER]
    v1 = graph.vertex("v1").node
    (slope,) = sg.compile(leaves, sg.grad(loss, [v1]))(*map(np.array, TWO_LAYER.values()))
    told = two_layer.scene.notes[sum_step].rpartition("= ")[2]
    assert numbers_in(told) == pytest.approx(slope.tolist(), rel=6e-3)


def test_the_shares_of_the_paths_add_up_to_the_gradient():
    # f = x² sin(x) + x: three paths from f to x; f' = 2 x sin x + x² cos x + 1.
    x = sg.input("x")
    told = deck(x * x * sg.sin(x) + x, {"x": 2.0}).scene.notes
    line = next(note for note in told if note.startswith("Sum over"))
    parts = line.partition(": ")[2].split(" = ")
    shares = [float(part.replace("−", "-").strip("() ")) for part in parts[1].split(" + ")]

    truth = 4 * np.sin(2.0) + 4 * np.cos(2.0) + 1
    assert sum(shares) == pytest.approx(truth, abs=0.01)
    assert numbers_in(parts[-1])[0] == pytest.approx(truth, rel=1e-3)


def test_without_values_everything_is_told_in_letters():
    made = deck(losses.squared())
    text = " ".join(made.scene.notes)

    assert made.scene.steps <= 25
    assert "W⁺ = W − η g₁" in text
    assert not any("instead of" in note for note in made.scene.notes)
    assert sources(made, made.scene.steps - 1, "backward")


def test_nothing_moves_and_nothing_overlaps_in_any_step(two_layer):
    places = {}
    for step in range(two_layer.scene.steps):
        frame = two_layer.scene.frame(step)
        for item in frame.items:
            if item.layer in ("node", "label", "edge"):
                assert places.setdefault(item.id, item.bounds) == item.bounds
        assert overlaps(frame) == []
        assert edge_hits(frame) == []


def test_everything_lies_on_a_slide_of_sixteen_to_nine(two_layer, hinge):
    for scene in (two_layer.scene, hinge.scene):
        assert scene.width / scene.height == pytest.approx(16 / 9, abs=1e-6)
        for item in scene.items:
            bounds = item.bounds
            assert 0 <= bounds.left
            assert bounds.right <= scene.width
            assert 0 <= bounds.top
            assert bounds.bottom <= scene.height


def test_ids_are_generated_and_of_one_step_unique(two_layer):
    for step in range(two_layer.scene.steps):
        ids = [item.id for item in two_layer.scene.frame(step).items]
        assert len(ids) == len(set(ids))
        assert all(re.fullmatch(r"[a-z0-9-]+", id) for id in ids)


def test_a_larger_graph_takes_several_nodes_at_a_time():
    x = sg.input("x", 3)
    loss = sg.squared_norm(x)
    for k in range(9):
        loss = sg.sin(loss * sg.parameter(f"w{k}")) + loss
    values = {"x": [0.1, 0.2, 0.3]} | {f"w{k}": 0.5 for k in range(9)}

    def steps(**options):
        # A step that is told on several slides has one note.
        return len(list(itertools.groupby(deck(loss, values, **options).scene.notes)))

    assert steps() <= 27
    assert steps(most=15) <= 17


def test_chinese_headings_and_notes():
    made = deck(losses.squared(), language="zh", title="平方损失")

    assert made.scene.title == "平方损失"
    assert any(note.startswith("反向传播") for note in made.scene.notes)
    titles = {item.source for item in made.scene.items if item.layer == "title"}
    assert "平方损失：前向计算" in titles
    assert all(isinstance(item.drawn, Glyphs) for item in made.scene.items
               if item.layer == "title")  # fmt: skip


@pytest.mark.parametrize(
    ("loss", "options", "message"),
    [
        (sg.input("x", 3), {}, "shape"),
        (sg.input("x"), {}, "nothing is computed"),
        (sg.sin(sg.input("x")), {"most": 3}, "at least 10 steps"),
        (sg.sin(sg.input("x")), {"leaf": "z"}, "no value is called 'z'"),
    ],
)
def test_what_cannot_be_told_is_refused(loss, options, message):
    with pytest.raises(sg.SymgraphError, match=message):
        deck(loss, **options)


def test_a_recurrence_is_told_although_its_loop_is_drawn_as_one_node():
    from symgraph import zoo

    made = deck(zoo.built("rnn-scalar").loss, engine="native", direction="BT")
    shown = {item.owner for item in made.scene.items if item.layer == "node"}

    assert len(shown) == len(made.view.nodes)
    assert made.scene.notes[-1].startswith("One step downhill")


def test_several_nodes_at_a_time_are_named_by_what_the_phase_computes():
    x = sg.input("x", 2)
    parts = [sg.sin(x[0] * k) for k in range(2, 9)]
    made = deck(sum(parts[1:], parts[0]), most=12, engine="native", direction="BT")
    lines = [item.source for item in made.scene.items if item.id.startswith("formula")]

    assert any(line.count("g_{") > 3 for line in lines)


@pytest.mark.parametrize("name", ["autoencoders", "rnn-scalar", "conv-classifier"])
def test_a_system_with_more_than_a_loss_is_told_by_its_loss(name):
    system = zoo.built(name)

    assert deck(system).scene.notes == deck(system.loss).scene.notes
