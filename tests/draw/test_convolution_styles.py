"""The styles "window" and "maps": convolutions and poolings, cell by cell and layer by layer."""

import numpy as np
import pytest

import symgraph as sg
from symgraph.draw.drawing import draw
from symgraph.draw.scene import edge_hits, overlaps
from symgraph.zoo import convolution, networks

IMAGE = [[1, 1, 1, 0, 0], [0, 1, 1, 1, 0], [0, 0, 1, 1, 1], [0, 0, 1, 1, 0], [0, 1, 1, 0, 0]]
FILTER = [[1, 0, 1], [0, 1, 0], [1, 0, 1]]


def cells(picture, grid):
    """Label and colour of the cells of one grid, row by row."""
    return [(n.label, n.hue) for n in picture.view.nodes if n.id.startswith(f"{grid}-")]


def is_clean(picture):
    return overlaps(picture.scene) == [] and edge_hits(picture.scene) == []


def test_the_first_step_of_the_lecture_has_its_weights_below_and_makes_4():
    picture = draw(convolution.conv_layer(), {"X": IMAGE, "K": FILTER}, style="window")
    window = [label for label, hue in cells(picture, "input") if hue is not None]

    assert window == [
        r"1_{\times 1}", r"1_{\times 0}", r"1_{\times 1}",
        r"0_{\times 0}", r"1_{\times 1}", r"1_{\times 0}",
        r"0_{\times 1}", r"0_{\times 0}", r"1_{\times 1}",
    ]  # fmt: skip
    assert [label for label, _ in cells(picture, "output")] == list("434243234")
    assert [label for label, hue in cells(picture, "output") if hue is not None] == ["4"]
    assert is_clean(picture)


def test_another_step_lies_where_stride_and_padding_put_it():
    X, K = sg.input("X", (6, 7)), sg.parameter("K", (3, 2))
    y = sg.conv2d(X, K, stride=2, padding=1)
    rng = np.random.default_rng(3)
    image, kernel = rng.integers(0, 5, (6, 7)), rng.integers(-2, 3, (3, 2))
    picture = draw(y, {"X": image, "K": kernel}, style="window", step=(1, 3))

    windows = np.lib.stride_tricks.sliding_window_view(np.pad(image, 1), (3, 2))[::2, ::2]
    want = np.einsum("ijkl,kl->ij", windows, kernel)
    shown = [float(label) for label, _ in cells(picture, "output")]
    assert shown == want.ravel().tolist()
    inside = [
        n.id for n in picture.view.nodes if n.id.startswith("input-") and n.hue is not None
    ]  # fmt: skip
    # Rows 2*1-1 .. +2, columns 2*3-1 .. +1.
    assert inside == [f"input-{i}-{j}" for i in (1, 2, 3) for j in (5, 6)]


def test_names_stand_in_the_cells_without_values():
    picture = draw(convolution.conv_layer(), style="window")

    assert cells(picture, "input")[0][0] == r"X_{11}\,k_{11}"
    assert cells(picture, "input")[3][0] == "X_{14}"
    assert is_clean(picture)


def test_a_signal_is_one_row():
    values = {"x": [1, 2, 3, 4, 5], "w": [1, 0, -1]}
    picture = draw(convolution.shared_weights(), values, style="window", step=2)

    assert [label for label, _ in cells(picture, "output")] == ["-2"] * 3
    assert [hue is not None for _, hue in cells(picture, "input")] == [False] * 2 + [True] * 3


def test_pooling_blocks_have_their_colours_and_winners():
    A = [[1, 1, 2, 4], [5, 6, 7, 8], [3, 2, 1, 0], [1, 2, 3, 4]]
    picture = draw(convolution.max_pooled(4, 2), {"A": A}, style="window")

    assert [label for label, _ in cells(picture, "output")] == ["6", "8", "3", "4"]
    hues = [hue for _, hue in cells(picture, "input")]
    assert hues == [0, 0, 1, 1, 0, 0, 1, 1, 2, 2, 3, 3, 2, 2, 3, 3]
    winners = [label for label, _ in cells(picture, "input") if "underline" in label]
    assert winners == [rf"\underline{{\mathbf{{{n}}}}}" for n in (6, 8, 3, 4)]
    mean = draw(convolution.mean_pooled(4, 2), {"A": A}, style="window", language="zh")
    assert [label for label, _ in cells(mean, "output")] == ["3.25", "5.25", "2", "2"]
    assert is_clean(picture)
    assert is_clean(mean)


def test_the_second_layer_and_the_second_kernel_can_be_chosen():
    loss = convolution.conv_classifier().loss
    rng = np.random.default_rng(0)
    values = {
        "X": rng.normal(size=(6, 6)), "K": rng.normal(size=(2, 3, 3)), "b_K": [0.0, 0.0],
        "W_f": rng.normal(size=(3, 8)), "b_f": np.zeros(3), "y": 1,
    }  # fmt: skip
    second = draw(loss, values, style="window", map=2)
    kernel = [float(label) for label, _ in cells(second, "kernel")]

    assert kernel == pytest.approx(values["K"][1].ravel(), rel=6e-3)
    assert len(cells(draw(loss, values, style="window", layer=2), "output")) == 4


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"step": (3, 0)}, r"step=\(3, 0\) is no place of the result, which has 3 x 3"),
        ({"layer": 2}, "there are the layers 1 to 1"),
    ],
)
def test_what_is_not_there_is_refused(options, why):
    with pytest.raises(sg.DrawError, match=why):
        draw(convolution.conv_layer(), style="window", **options)


def test_large_inputs_and_other_nets_are_refused():
    with pytest.raises(sg.DrawError, match="28 x 28 cells, more than can be shown"):
        draw(convolution.conv_layer(28), style="window")
    for style in ("window", "maps"):
        with pytest.raises(sg.DrawError, match="this expression has none"):
            draw(networks.dense(), style=style)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_feature_maps_stand_with_their_sizes(language):
    picture = draw(convolution.digits_cnn().loss, style="maps", language=language)
    captions = [node.caption for node in picture.view.nodes]

    assert captions == [
        r"1@8 \times 8", r"16@8 \times 8", r"16@4 \times 4", r"32@4 \times 4", r"32@2 \times 2",
        r"\mathrm{logits}:\;10",
    ]  # fmt: skip
    assert [node.sheets for node in picture.view.nodes] == [1, 4, 4, 4, 4, 1]
    assert len(picture.view.edges) == 5
    assert is_clean(picture)


@pytest.mark.parametrize("pool", [sg.max_pool2d, sg.mean_pool2d])
def test_pooling_behind_the_last_weights_belongs_to_the_net(pool):
    x, K = sg.input("I", (3, 8, 8)), sg.parameter("K", (4, 3, 3, 3))
    picture = draw(pool(sg.relu(sg.conv2d(x, K, stride=2, padding=1)), 2), style="maps")

    assert [node.caption for node in picture.view.nodes] == [
        r"3@8 \times 8", r"4@4 \times 4", r"4@2 \times 2",
    ]  # fmt: skip


def test_branches_of_a_text_classifier_come_together_again():
    picture = draw(convolution.text_classifier().loss, style="maps")

    assert (len(picture.view.nodes), len(picture.view.edges)) == (8, 8)
    assert is_clean(picture)
