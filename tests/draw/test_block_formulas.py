"""The style "blocks" on formulas: what is multiplied, added and compared stands in the boxes."""

import pytest

import symgraph as sg
from symgraph.draw.drawing import draw
from symgraph.draw.scene import edge_hits, overlaps
from symgraph.zoo import builder, features, losses, networks


def blocks(expr, **options):
    return draw(expr, style="blocks", **options)


def labels(picture):
    return [node.label for node in picture.view.nodes]


FORMULAS = ["bins", "monomials", "two-three-one", "named-units", "parabola", "robinson", "maxout"]


@pytest.mark.parametrize("name", FORMULAS)
@pytest.mark.parametrize("direction", ["LR", "BT"])
def test_no_edge_of_a_formula_runs_through_a_box_or_a_name(name, direction):
    scene = blocks(builder(name)(), direction=direction).scene

    assert overlaps(scene) == []
    assert edge_hits(scene) == []


def test_weights_of_bins_and_the_borders_of_each_bin_are_said():
    shown = labels(blocks(features.bins(((2, 9), (8, 33)))))

    assert [one for one in shown if "w" in one and "wedge" not in one] == [
        r"w_{1}\,\cdot", r"w_{2}\,\cdot",
    ]  # fmt: skip
    assert {r"\cdot > 2", r"\cdot < 9", r"\cdot > 8", r"\cdot < 33"} <= set(shown)
    assert shown.count(r"\wedge") == 2


def test_a_sum_of_many_is_one_circle_with_its_bias():
    picture = blocks(networks.two_three_one())
    into = [edge.head for edge in picture.view.edges]
    sums = [node for node in picture.view.nodes if node.label.startswith("+")]

    # a_k = w x1 + w x2 + b for three hidden units, and h1, h2, h3 into the last one.
    assert [into.count(node.id) for node in sums] == [2, 2, 2, 3]
    assert sums[0].label == r"+\,b_{1-1}"


def test_numbers_before_and_behind_a_layer_are_not_left_out():
    x, W = sg.input("x", 4), sg.parameter("W", (3, 4))
    shown = labels(blocks(sg.relu(W @ (x / 255 - 0.5))))

    assert shown[1:3] == [r"\cdot{} / 255", r"\cdot{} - 0.5"]
    assert labels(blocks(features.temperature()))[1:3] == [r"\cdot{} - 37", r"(\,\cdot\,)^{2}"]


def test_layers_beside_a_long_way_stand_just_before_what_takes_them():
    x = sg.input("x", 5)
    h = sg.relu(sg.parameter("W1", (4, 5)) @ x + sg.parameter("b", 4))
    sum_of_two = sg.parameter("W2", (3, 4)) @ h + sg.parameter("S", (3, 5)) @ x
    picture = blocks(sg.relu(sum_of_two))
    at = {node.label: box for node, box in zip(picture.view.nodes, boxes(picture), strict=True)}

    assert at[r"S\,\cdot"].centre[0] == pytest.approx(at[r"W_{2}\,\cdot"].centre[0], abs=4)
    assert not any(edge.label for edge in picture.view.edges)


def boxes(picture):
    return [item.bounds for item in picture.scene.items if item.layer == "node"]


def test_of_a_built_system_the_loss_is_drawn():
    assert labels(blocks(losses.softmax_loss(5, 3))) == ["h", r"W\,\cdot"]
    with pytest.raises(sg.SymgraphError, match="repeats a step over time"):
        draw(builder("rnn")(), style="layers")
