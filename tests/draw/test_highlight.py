"""Paths marked in the picture, with their products below it."""

import math
import re

import pytest

import symgraph as sg
from symgraph.zoo import losses

HINGE = {"W": [1.0, 2.0], "φ(x)": [2.0, -1.0], "y": 1.0}


def marked(picture):
    named = {node.id: node.alt for node in picture.view.nodes}
    return [(named[e.head], named[e.tail]) for e in picture.view.edges if e.highlight]


# S0-21: the gradient is the product of the four labels between loss and W
def test_the_only_path_to_a_leaf_is_marked_and_its_product_written_unmultiplied():
    picture = sg.draw(losses.hinge(), HINGE, path="W", tree=True)

    assert set(marked(picture)) == {
        ("loss", "1 - margin"), ("1 - margin", "margin"), ("margin", "score"), ("score", "W"),
    }  # fmt: skip
    (note,) = picture.view.notes
    assert note == (
        r"\mathrm{loss} \to \mathrm{margin} \to \mathrm{score} \to W:\quad "
        r"\mathbf{1}\left[\mathrm{margin} < 1\right] \cdot (-1) \cdot y \cdot \phi(x) "
        r"= (-2,\; 1)"
    )
    markers = [item for item in picture.scene.items if item.layer == "marker"]
    assert len(markers) == 4


# S0-20: out = exp(mid), mid = sin(in) at 0.7
def test_a_path_through_given_values_shows_its_numbers():
    mid = sg.let("mid", sg.sin(sg.input("in")))
    out = sg.let("out", sg.exp(mid))
    (note,) = sg.draw(out, {"in": 0.7}, path=["out", "mid", "in"], digits=7).view.notes

    assert note.endswith(r"= 1.904497 \cdot 0.7648422 = 1.456639")


# S0-26: x σ(x) at 3 has the paths 0.9525741268 and 0.1355299792, together 1.088104106
def test_all_paths_to_a_shared_leaf_are_marked_and_add_up_to_the_gradient():
    x = sg.input("x")
    out = sg.let("out", x * sg.let("h", sg.sigmoid(x)))
    picture = sg.draw(out, {"x": 3.0}, paths="x", digits=6)

    assert len(marked(picture)) == 3
    first, second, total = picture.view.notes
    assert first.endswith("= 0.952574")
    assert second.endswith("= 0.13553")
    assert total == r"\text{sum over the paths} = \frac{\partial \mathrm{out}}{\partial x} = 1.0881"


def test_the_second_largest_path_alone_can_be_marked():
    x = sg.input("x")
    out = sg.let("out", x * sg.let("h", sg.sigmoid(x)))

    assert marked(sg.draw(out, {"x": 3.0}, path=("x", 2))) == [("h", "x"), ("out", "h")]


def test_of_many_paths_the_others_are_one_term_and_the_sum_closes():
    y = sg.input("x")
    for _ in range(8):
        y = y * y + y
    picture = sg.draw(sg.let("y", y), {"x": 0.1}, paths=("x", 1), digits=12)
    slope, value = 1.0, 0.1
    for _ in range(8):
        slope *= 2 * value + 1
        value = value * value + value

    # Three ways lead through each of the eight steps, two of them through the product.
    assert picture.view.notes[1].startswith(rf"\text{{{3**8 - 1} further, together}}")
    largest, rest, total = (float(re.split(r"= |;", note)[-1]) for note in picture.view.notes)
    assert math.isclose(total, slope, rel_tol=1e-9)
    assert math.isclose(largest + rest, total, rel_tol=1e-9)


def test_a_long_product_goes_on_in_the_next_line():
    picture = sg.draw(losses.hinge(), HINGE, path="W")
    lines = [item for item in picture.scene.items if item.owner == "note0"]
    lowest = max(item.bounds.bottom for item in picture.scene.items if item.layer == "node")

    assert len(lines) == 2
    assert lines[1].source.startswith("=")
    assert all(line.bounds.top > lowest for line in lines)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"path": "v"}, sg.UnknownNameError, "no value is called 'v'"),
        ({"path": ("W", 2)}, sg.DrawError, r"path=\('W', 2\), but 1 paths lead to W"),
        ({"path": ("W", 0)}, sg.DrawError, "counted from 1"),
        ({"path": ["W", "loss"]}, sg.UnsupportedError, "no derivative flows from W to loss"),
        ({"path": "W", "paths": "W"}, sg.DrawError, "both given"),
        ({"paths": ("W", "y")}, sg.DrawError, "write a leaf, or"),
    ],
)
def test_a_path_that_is_not_there_is_refused(options, error, message):
    with pytest.raises(error, match=message):
        sg.draw(losses.hinge(), HINGE, **options)
