"""A stack of machines unrolled to an autoencoder, its trapezoids, and machines with biases."""

import math

import numpy as np
import pytest

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


@pytest.mark.parametrize("suffix", ["svg", "pdf", "tex", "pptx", "png"])
def test_a_trapezoid_is_written_to_every_file(suffix, tmp_path):
    target = tmp_path / f"net.{suffix}"
    draw(deep.deep_autoencoder((4, 2)), style="blocks").save(target)

    assert target.stat().st_size > 500


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
