"""Themes: every text can be read on what it stands on, and nothing rests on colour alone."""

import itertools

import pytest

import symgraph as sg
from symgraph.draw.theme import THEMES
from symgraph.zoo import losses

TWO_LAYER = {
    "φ(x)": [1.0, 2.0], "v1": [0.5, -0.25], "v2": [-0.5, 0.75], "w1": 1.0, "w2": -2.0, "y": 1.0,
}  # fmt: skip


def luminance(colour):
    """WCAG 2.1, relative luminance of #rrggbb."""
    parts = [int(colour[k : k + 2], 16) / 255 for k in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one, other):
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_the_formula_gives_the_known_contrasts():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("name", THEMES)
def test_every_text_has_a_contrast_of_four_and_a_half_on_what_it_stands_on(name):
    theme = THEMES[name]
    grounds = {theme.background} | {paint.fill for paint in theme.groups.values()}
    grounds.discard("none")
    free = (theme.ink, theme.muted, theme.label, theme.forward, theme.backward)
    inside = {paint.fill for paint in theme.nodes.values()} | {fill for fill, _ in theme.hues}
    inside.discard("none")

    for text, ground in [*itertools.product(free, grounds), *((theme.ink, x) for x in inside)]:
        assert contrast(text, ground) >= 4.5, (text, ground)


@pytest.mark.parametrize("name", THEMES)
@pytest.mark.parametrize(
    "options", [{}, {"shared": "chips"}, {"collapse": "names"}, {"path": "w1"}]
)
def test_every_text_of_a_picture_can_be_read_where_it_stands(name, options):
    scene = sg.draw(losses.two_layer(), TWO_LAYER, theme=name, labels="both", **options).scene
    fills = {i.owner: i.paint.fill for i in scene.items if i.layer == "node"}
    checked = 0
    for item in scene.items:
        if item.layer in ("text", "label", "forward", "backward", "caption", "title"):
            ground = fills[item.owner] if item.layer == "text" else scene.background
            ground = scene.background if ground == "none" else ground
            assert contrast(item.paint.fill, ground) >= 4.5, item
            checked += 1
    assert checked >= 15


@pytest.mark.parametrize("name", THEMES)
def test_rims_of_nodes_and_edges_stand_out_from_the_page(name):
    theme = THEMES[name]
    rims = {theme.nodes[role].stroke for role in ("op", "root", "parameter", "data", "module")}

    for stroke in (*rims, theme.edge.stroke, *(stroke for _, stroke in theme.hues)):
        assert contrast(stroke, theme.background) >= 3, stroke


def test_lectures_paint_what_is_learned_red():
    rim = THEMES["lecture"].nodes["parameter"].stroke
    red, green, blue = (int(rim[k : k + 2], 16) for k in (1, 3, 5))

    assert red > 3 * max(green, blue)
    items = sg.draw(losses.two_layer(), theme="lecture", tree=True).scene.items
    painted = [item for item in items if item.layer == "node" and item.paint.stroke == rim]
    assert len(painted) == 4


def test_paper_is_grey_and_its_values_say_which_they_are():
    scene = sg.draw(losses.two_layer(), TWO_LAYER, theme="print").scene
    for item in scene.items:
        for colour in (item.paint.fill, item.paint.stroke):
            assert colour == "none" or len({colour[1:3], colour[3:5], colour[5:7]}) == 1
    view = sg.draw(losses.two_layer(), TWO_LAYER, theme="print").view

    assert view.prefixes
    assert not sg.draw(losses.two_layer(), TWO_LAYER, theme="print", prefixes=False).view.prefixes
    assert not sg.draw(losses.two_layer(), TWO_LAYER).view.prefixes


@pytest.mark.parametrize("name", THEMES)
@pytest.mark.parametrize("direction", ["BT", "LR"])
def test_the_forward_value_always_stands_above_the_backward_value(name, direction):
    scene = sg.draw(losses.two_layer(), TWO_LAYER, theme=name, direction=direction).scene
    forward = {i.owner: i.bounds for i in scene.items if i.layer == "forward"}
    backward = {i.owner: i.bounds for i in scene.items if i.layer == "backward"}

    assert len(backward) == 15
    assert all(forward[owner].bottom <= backward[owner].top for owner in backward)
