"""A stack of machines unrolled to an autoencoder, its trapezoids, and machines with biases."""

import math
import re

import numpy as np
import pptx
import pypdf
import pytest
from PIL import Image
from pptx.oxml.ns import qn

from symgraph.draw.drawing import draw
from symgraph.draw.scene import Polygon, edge_hits, overlaps
from symgraph.walks import variables
from symgraph.zoo import builder, deep, units

SIZES = (2000, 500, 250, 125, 2)


def is_clean(scene):
    return (overlaps(scene), edge_hits(scene)) == ([], [])


@pytest.mark.parametrize(("tied", "count"), [(False, 2316752), (True, 1160252)])
def test_the_autoencoder_of_the_lecture_has_its_number_of_parameters(tied, count):
    # 4 RBMs with 1156500 weights in all, twice or once, and 3752 biases.
    leaves = variables([deep.deep_autoencoder(SIZES, tied)])
    shapes = [leaf.shape for leaf in leaves if leaf.role == "parameter"]

    assert sum(math.prod(shape) for shape in shapes) == count


@pytest.mark.parametrize("direction", ["LR", "BT"])
def test_layers_that_narrow_and_widen_are_trapezoids(direction):
    picture = draw(deep.deep_autoencoder(SIZES), style="blocks", direction=direction)
    boxes = [item.drawn for item in picture.scene.items if item.layer == "node"]

    assert [isinstance(box, Polygon) for box in boxes] == [False] + [True] * 8
    assert is_clean(picture.scene)
    for k, box in enumerate(boxes[1:]):
        axis = 0 if direction == "LR" else 1
        ends = sorted({round(point[axis], 3) for point in box.points})
        low, high = (
            np.ptp([point[1 - axis] for point in box.points if round(point[axis], 3) == end])
            for end in ends
        )
        into, out = (low, high) if direction == "LR" else (high, low)
        assert (into > out) == (k < 4)


def test_a_tied_decoder_has_the_transposed_weights_of_the_encoder():
    picture = draw(deep.deep_autoencoder((6, 4, 2), tied=True), style="blocks")
    labels = [node.label for node in picture.view.nodes]

    assert labels[1].startswith(r"\sigma(W_{1}\,\cdot")
    assert labels[-2:] == [
        r"\sigma(W_{2}^{\mathsf{T}}\,\cdot{} + c_{2})",
        r"\sigma(W_{1}^{\mathsf{T}}\,\cdot{} + c_{1})",
    ]


def test_a_net_that_only_narrows_keeps_its_boxes():
    assert not any(
        node.taper for node in draw(builder("dense")(5, 3, 2), style="blocks").view.nodes
    )


#: What stands in a file for a closed outline of four corners.
OUTLINES = {
    "svg": r'd="M[\d. ]+(?:L[\d. ]+){3}Z"[^>]*stroke',
    "tex": r"\\draw(?:\[.*\])? \(.*\)(?: -- \([\d., ]+\)){3} -- cycle;",
    "pdf": r"[\d.]+ [\d.]+ m (?:[\d.]+ [\d.]+ l ){3}h\n",
}


def text_of(target):
    if target.suffix != ".pdf":
        return target.read_text(encoding="utf-8")
    page = pypdf.PdfReader(target, strict=True).pages[0]
    return page.get_contents().get_data().decode("latin-1")


@pytest.mark.parametrize("suffix", OUTLINES)
def test_a_trapezoid_is_written_to_every_file(suffix, tmp_path):
    target = tmp_path / f"net.{suffix}"
    draw(deep.deep_autoencoder((4, 2)), style="blocks").save(target)

    assert len(re.findall(OUTLINES[suffix], text_of(target))) == 2


def test_a_trapezoid_is_a_free_form_of_a_slide(tmp_path):
    target = draw(deep.deep_autoencoder((4, 2)), style="blocks").save(tmp_path / "net.pptx")
    (slide,) = pptx.Presentation(target).slides
    paths = [shape._element.findall(".//" + qn("a:path")) for shape in slide.shapes]
    corners = [len(path.findall(qn("a:lnTo"))) for found in paths for path in found]

    assert corners.count(3) == 2


def test_a_trapezoid_is_painted_in_a_picture_of_pixels(tmp_path):
    picture = draw(deep.deep_autoencoder((4, 2)), style="blocks")
    found = np.asarray(Image.open(picture.save(tmp_path / "net.png")).convert("RGB"))
    scale = found.shape[1] / picture.scene.width
    shapes = [item for item in picture.scene.items if isinstance(item.drawn, Polygon)]

    for item in shapes:
        room = item.bounds
        (y0, y1), x = ((np.array(end) * scale).astype(int) for end in (
            (room.top + 8, room.bottom - 8), (room.left + room.right) / 2
        ))  # fmt: skip
        ground, inside = found[0, 0], found[[y0 + 4, y1 - 4], x]
        assert (inside == inside[0]).all()
        assert (inside[0] != ground).any()


@pytest.mark.parametrize("language", ["en", "zh"])
def test_biases_of_a_machine_stand_beside_its_units(language):
    energy = units.boltzmann_machine(3, 2)
    picture = draw(energy, style="bipartite", biases=True, language=language)
    chips = {node.label: node.id for node in picture.view.nodes if node.dashed}
    heads = {edge.tail: edge.head for edge in picture.view.edges if edge.tail in chips.values()}
    names = {node.id: node.label for node in picture.view.nodes}

    assert {label: names[heads[id]] for label, id in chips.items()} == {
        "b_{1}": "v_{1}", "b_{2}": "v_{2}", "b_{3}": "v_{3}", "c_{1}": "h_{1}", "c_{2}": "h_{2}",
    }  # fmt: skip
    assert is_clean(picture.scene)
    assert len(draw(energy, style="bipartite").view.nodes) == 5
