"""Pictures of expressions: the lecture's diagrams, counted in the view and in the file."""

import xml.etree.ElementTree as ET

import pytest

import symgraph as sg
from symgraph.zoo import losses

SVG = "{http://www.w3.org/2000/svg}"
HINGE = {"W": [1.0, 2.0], "φ(x)": [2.0, -1.0], "y": 1.0}
TWO_LAYER = {
    "φ(x)": [1.0, 2.0],
    "v1": [0.5, -0.25],
    "v2": [-0.5, 0.75],
    "w1": 1.0,
    "w2": -2.0,
    "y": 1.0,
}


# S0-21, S0-22, S0-23: the counts of the lecture's trees and graphs
@pytest.mark.parametrize(
    ("loss", "tree", "nodes", "edges"),
    [
        (losses.hinge(), True, 9, 8),
        (losses.squared(), True, 6, 5),
        (losses.two_layer(), True, 16, 15),
        (losses.two_layer(), False, 15, 15),
    ],
)
def test_the_lecture_diagram_has_its_nodes_and_edges(loss, tree, nodes, edges):
    picture = sg.draw(loss, tree=tree)
    drawn = [item.id for item in picture.scene.items if item.layer == "node"]

    assert (len(picture.view.nodes), len(picture.view.edges)) == (nodes, edges)
    assert len(set(drawn)) == nodes


def labels(picture):
    named = {node.id: node.alt for node in picture.view.nodes}
    return {(named[edge.head], named[edge.tail]): edge.label for edge in picture.view.edges}


def test_the_hinge_diagram_carries_the_lecture_labels():
    found = labels(sg.draw(losses.hinge()))

    assert found["margin", "y"] == r"\mathrm{score}"
    assert found["margin", "score"] == "y"
    assert found["score", "W"] == r"\phi(x)"
    assert found["score", "φ(x)"] == "W"
    assert "-1" in found.values()
    assert found["loss", "0"] == r"\mathbf{1}\left[\mathrm{margin} > 1\right]"


def test_values_are_those_of_the_lecture():
    nodes = {node.alt: node for node in sg.draw(losses.two_layer(), TWO_LAYER).view.nodes}

    assert nodes["residual"].forward == r"\mathrm{residual} = -1.962"
    assert nodes["loss"].forward == r"\mathrm{loss} = 3.85"
    assert nodes["w1"].backward == "-1.962"
    assert nodes["v2"].backward == r"(1.543,\; 3.086)"


def test_numbers_can_stand_on_the_edges():
    found = labels(sg.draw(losses.two_layer(), TWO_LAYER, labels="numeric"))

    assert found["residual", "y"] == "-1"
    assert sorted(x for x in found.values() if x.startswith("-3")) == ["-3.924"]


# S4-30: beyond the margin nothing reaches the weights
def test_a_path_without_derivative_is_dead_down_to_its_leaf():
    inactive = {**HINGE, "W": [3.0, 1.0]}
    picture = sg.draw(losses.hinge(), inactive)
    named = {node.id: node.alt for node in picture.view.nodes}
    dead = {named[edge.tail] for edge in picture.view.edges if edge.dead}

    assert dead == {"1 - margin", "1", "margin", "y", "score", "W", "φ(x)"}
    assert not any(edge.dead for edge in sg.draw(losses.hinge()).view.edges)


def test_the_saved_file_is_an_svg_of_paths(tmp_path):
    path = sg.draw(losses.hinge(), HINGE).save(tmp_path / "hinge.svg")
    root = ET.parse(path).getroot()

    assert root.tag == f"{SVG}svg"
    assert root.findall(f".//{SVG}path")
    assert not root.findall(f".//{SVG}text")


def test_a_name_from_the_user_stays_text(tmp_path):
    hostile = sg.input('"><script>alert(1)</script>')
    text = sg.draw(sg.sin(hostile)).svg()

    assert not ET.fromstring(text).findall(f".//{SVG}script")
    assert "<script>" not in text


def test_another_suffix_is_refused(tmp_path):
    with pytest.raises(sg.DrawError, match=r"'net\.xyz' ends in none of \.svg, \.pdf, \.png"):
        sg.draw(sg.sin(sg.input("x"))).save(tmp_path / "net.xyz")


def test_numbers_need_values():
    with pytest.raises(sg.DrawError, match="needs numbers; give values"):
        sg.draw(sg.sin(sg.input("x")), labels="both")
