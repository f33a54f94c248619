"""The figures of the lectures: their commands, the counts and labels that the lectures state."""

import contextlib
import io
import re
import xml.etree.ElementTree as ET
from collections import Counter
from functools import cache

import pytest

from symgraph import cli
from symgraph.draw.picture import Picture
from symgraph.draw.scene import edge_hits, overlaps
from symgraph.zoo.figures import FIGURES

BY_NAME = {figure.name: figure for figure in FIGURES}
DRAWN = [figure.name for figure in FIGURES if figure.command.startswith("draw")]
PLOTTED = [figure.name for figure in FIGURES if figure.command.startswith("plot")]


@cache
def made(name: str) -> Picture:
    """The picture that the command of a figure writes."""
    found: list[Picture] = []
    with pytest.MonkeyPatch.context() as patch, contextlib.redirect_stdout(io.StringIO()):
        patch.setattr(Picture, "save", lambda picture, path: found.append(picture))
        assert cli.main(BY_NAME[name].arguments("figure.svg")) == 0
    return found[0]


def nodes(name: str) -> int:
    return len({i.owner for i in made(name).scene.items if i.layer == "node"})


def edges(name: str) -> int:
    return len({i.owner for i in made(name).scene.items if i.layer == "edge"})


def labels(name: str) -> list[str]:
    """What stands on the edges, without what is only for spacing."""
    texts = [i.source for i in made(name).scene.items if i.layer == "label"]
    return [bare(text) for text in texts]


def bare(latex: str) -> str:
    latex = re.sub(r"\\(left|right|mathrm|mathbf|text)(?![A-Za-z])", "", latex)
    return re.sub(r"\\[,;:!]|[{}\s]", "", latex)


def names(name: str, role: str) -> list[str]:
    """What stands in the nodes of a role."""
    scene = made(name).scene
    owners = {i.owner for i in scene.items if i.layer == "node" and i.role == role}
    return [bare(i.source) for i in scene.items if i.layer == "text" and i.owner in owners]


@pytest.mark.parametrize("name", DRAWN)
def test_every_figure_is_a_picture_without_a_blemish(name):
    picture = made(name)

    root = ET.fromstring(picture.svg())
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    assert overlaps(picture.scene) == []
    assert edge_hits(picture.scene) == []


@pytest.mark.parametrize("name", PLOTTED)
def test_every_plot_is_written(name, tmp_path, capsys):
    pytest.importorskip("matplotlib")
    path = tmp_path / "plot.svg"

    assert cli.main([*BY_NAME[name].arguments(path), "--points", "41"]) == 0
    assert ET.parse(path).getroot().tag == "{http://www.w3.org/2000/svg}svg"


@pytest.mark.parametrize(
    ("name", "node_count", "edge_count"),
    [
        ("S0-10", 6, 8), ("S0-14", 4, 3), ("S0-15a", 4, 3), ("S0-15b", 5, 4), ("S0-16", 6, 8),
        ("S0-18a", 4, 3), ("S0-18b", 4, 3), ("S0-20", 3, 2), ("S0-21a", 9, 8), ("S0-22", 6, 5),
        ("S0-23a", 16, 15), ("S0-23b", 15, 15), ("S0-26", 3, 3), ("S0-30a", 10, 21),
        ("S0-40b", 10, 9), ("S4-08a", 5, 6), ("S4-08b", 4, 5), ("S4-13a", 8, 12),
        ("S4-19", 7, 12), ("S4-42", 5, 6), ("S4-48", 7, 12), ("S4-50a", 8, 9),
    ],
)  # fmt: skip
def test_a_figure_has_as_many_nodes_and_edges_as_the_lecture_says(name, node_count, edge_count):
    assert (nodes(name), edges(name)) == (node_count, edge_count)


@pytest.mark.parametrize(
    ("name", "inputs", "outputs", "states", "edge_count"),
    [
        ("S4-58a", 1, 1, 1, 2), ("S4-58b", 1, 3, 3, 6), ("S4-58c", 3, 1, 3, 6),
        ("S4-58d", 3, 3, 5, 10), ("S4-58e", 3, 3, 3, 8), ("S1-03", 11, 11, 15, 32),
    ],
)  # fmt: skip
def test_the_five_modes_read_and_give_what_the_lecture_says(
    name, inputs, outputs, states, edge_count
):
    roles = Counter(i.role for i in made(name).scene.items if i.layer == "node")

    assert (roles["input"], roles["output"], roles["state"]) == (inputs, outputs, states)
    assert edges(name) == edge_count


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("S0-14", ["w_1", "w_2", "w_3"]),
        ("S0-15a", ["w_1", "w_2", "w_3"]),
        ("S0-19a", ["1", "1"]),
        ("S0-19b", ["1", "-1"]),
        ("S0-19c", ["in_2", "in_1"]),
        ("S0-19d", ["1[in_1>in_2]", "1[in_1<in_2]"]),
        ("S0-19e", ["out(1-out)"]),
        ("S0-19f", ["2in"]),
        ("S0-18b", ["2", "in_3=3", "in_2=2"]),
        ("S0-20", ["out=1.904", r"\cos(in)=0.7648"]),
        ("S0-22", ["2residual", "1", "-1", r"\phi(x)", "W"]),
        (
            "S0-21a",
            ["1[margin<1]", "1[margin>1]", "1", "-1", "y", "score", r"\phi(x)", "W"],
        ),
        ("S0-26", ["h=0.9526", "x=3", "h(1-h)=0.04518"]),
    ],
)
def test_the_labels_are_those_of_the_lecture(name, expected):
    assert Counter(labels(name)) == Counter(expected)


def test_three_times_carry_the_same_three_weights():
    assert Counter(labels("S0-40b")) == {"U": 3, "W": 3, "V": 3}


def test_an_lstm_cell_has_four_layers_five_operations_and_one_join():
    assert names("S0-43", "gate") == [r"\sigma", r"\sigma", r"\tanh", r"\sigma"]
    assert Counter(names("S0-43", "pointwise")) == {r"\times": 3, "+": 1, r"\tanh": 1}
    assert names("S0-43", "module") == ["[h_t-1,x_t]"]


def test_a_parameter_says_how_often_it_is_used_on_the_way_to_the_loss():
    (note,) = (i.source for i in made("S4-57").scene.items if i.owner == "note0")

    assert bare(note).endswith(r"V:1,\quadW_1:3,\quadW_2:2")


def test_an_image_enters_its_caption_at_the_start_only():
    assert sorted(names("S4-73", "input")) == ["v", "w_1", "w_2", "w_3"]
    assert Counter(labels("S4-73")) == {"I": 1, "U": 3, "W": 3, "V": 3}


def test_any_function_carries_its_partial_derivatives_by_name():
    partials = [rf"\frac\partialout\partialin_{k}" for k in (1, 2, 3)]
    assert labels("S0-18a") == partials


@pytest.mark.parametrize("name", ["S0-20", "S0-40a", "S4-58a"])
def test_a_small_picture_stands_over_the_middle_of_its_legend(name):
    scene = made(name).scene
    drawn = [i.bounds for i in scene.items if i.layer not in ("legend", "caption")]
    middle = (min(b.left for b in drawn) + max(b.right for b in drawn)) / 2

    assert middle == pytest.approx(scene.width / 2, abs=scene.width * 0.06)


def test_labels_keep_off_the_marker_of_their_edge():
    items = made("S0-20").scene.items
    markers = {i.owner: i for i in items if i.layer == "marker"}
    for label in (i for i in items if i.layer == "label" and i.owner in markers):
        marker = markers[label.owner]
        assert label.bounds.left >= marker.bounds.right + marker.paint.width / 2
