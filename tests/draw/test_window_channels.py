"""A convolution over several channels: each with its part of the kernel, all in one sum."""

import numpy as np
import pytest

import symgraph as sg
from symgraph.draw.drawing import draw
from symgraph.draw.scene import edge_hits, overlaps

RNG = np.random.default_rng(5)
IMAGE, KERNEL = RNG.normal(size=(2, 4, 4)), RNG.normal(size=(3, 2, 2, 2))


def window(values=None, channels=2, **options):
    net = sg.conv2d(sg.input("X", (channels, 4, 4)), sg.parameter("K", (3, channels, 2, 2)))
    return draw(net, values, style="window", **options)


def numbers(picture, id):
    return [float(n.label) for n in picture.view.nodes if n.id.startswith(f"{id}-")]


@pytest.mark.parametrize("chosen", [1, 3])
def test_all_channels_add_up_to_the_feature_map(chosen):
    picture = window({"X": IMAGE, "K": KERNEL}, map=chosen, digits=8)
    at = (1, 2)
    expected = np.sum(IMAGE[:, 1:3, 2:4] * KERNEL[chosen - 1])

    for channel in (1, 2):
        kernel = KERNEL[chosen - 1, channel - 1].ravel()
        assert numbers(picture, f"kernel{channel}") == pytest.approx(kernel, rel=1e-6)
    output = numbers(picture, "output")
    assert output[at[0] * 3 + at[1]] == pytest.approx(expected, rel=1e-6)
    assert [node.label for node in picture.view.nodes].count("+") == 1
    assert (overlaps(picture.scene), edge_hits(picture.scene)) == ([], [])


def test_one_channel_stands_alone_when_asked_for_and_many_are_not_stacked():
    alone = window({"X": IMAGE, "K": KERNEL}, channel=2, digits=8)
    many = window(channels=5)

    assert numbers(alone, "kernel") == pytest.approx(KERNEL[0, 1].ravel(), rel=1e-6)
    assert len([node for node in many.view.nodes if node.id.startswith("input-")]) == 16
    assert window().view.groups[0].label.endswith(r"2@4 \times 4")
