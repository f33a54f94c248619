"""SVG files: well formed, self-contained, readable by machines, inert."""

import re
import xml.etree.ElementTree as ET

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings

from symgraph.draw.layout import layout
from symgraph.draw.theme import LIGHT
from symgraph.draw.typesetting.typeset import ZiamathTypesetter
from symgraph.draw.view import View, ViewEdge, ViewNode
from symgraph.draw.writers.svg import svg

SHARED = ZiamathTypesetter(cjk_font=None)
SVG = "{http://www.w3.org/2000/svg}"
ALLOWED = {
    SVG + name for name in "svg title desc metadata defs path g circle rect use text".split()
}


def drawn(view):
    return svg(layout(view, SHARED, "native"))


def parsed(view):
    return ET.fromstring(drawn(view))


def groups(root, word):
    return [group for group in root.findall(f"{SVG}g") if word in group.get("class", "").split()]


def test_every_node_and_edge_is_a_group_with_an_id_and_an_alternative_text(hinge):
    root = parsed(hinge)

    assert len(hinge.nodes) == len(groups(root, "node"))
    assert len(hinge.edges) == len(groups(root, "edge"))
    assert {node.id for node in hinge.nodes} == {
        group.get("data-name") for group in groups(root, "node")
    }
    ids = [element.get("id") for element in root.iter() if element.get("id")]
    assert len(ids) == len(set(ids))
    titles = {group.get("id"): group.findtext(f"{SVG}title") for group in root.findall(f"{SVG}g")}
    assert "margin" == titles["n4"]
    assert "margin → 1 - margin: -1" == titles["e3"]
    assert all(title for id, title in titles.items() if id[0] in "ne" and id[1].isdigit())


def test_shapes_say_what_a_node_is(hinge):
    shapes = {
        group.get("data-name"): [child.tag.removeprefix(SVG) for child in group][1]
        for group in groups(parsed(hinge), "node")
    }

    assert "circle" == shapes["loss"] == shapes["margin"]
    assert "rect" == shapes["W"] == shapes["y"]
    # A constant is its bare number.
    assert "g" == shapes["zero"]


def test_the_root_has_the_thickest_rim_and_parameters_differ_from_data(hinge):
    paints = {
        group.get("data-name"): (group[1].get("stroke-width"), group[1].get("fill"))
        for group in groups(parsed(hinge), "node")
    }

    assert float(paints["loss"][0]) > float(paints["margin"][0])
    assert paints["W"][1] != paints["phi"][1] == paints["y"][1]


def test_a_dead_edge_is_dashed(hinge):
    dashed = [
        group.get("id")
        for group in groups(parsed(hinge), "edge")
        if group.find(f"{SVG}path[@stroke-dasharray]") is not None
    ]

    assert ["e1"] == dashed


def test_labels_are_green_forward_values_blue_and_backward_values_red(hinge):
    colours = {
        word: {
            group.get("fill")
            for group in parsed(hinge).iter(f"{SVG}g")
            if group.get("class") == word
        }
        for word in ("label", "forward", "backward")
    }

    assert {"label": {"#00734f"}, "forward": {"#0059b3"}, "backward": {"#b8400a"}} == colours


def test_all_text_is_paths_that_the_file_itself_defines(hinge):
    root = parsed(hinge)
    defined = {path.get("id") for path in root.find(f"{SVG}defs")}
    used = {use.get("href").removeprefix("#") for use in root.iter(f"{SVG}use")}

    assert not list(root.iter(f"{SVG}text"))
    assert used == defined
    assert not re.search(r"https?://(?!www\.w3\.org/2000/svg)", drawn(hinge))


def test_the_file_names_its_title_and_its_engine(hinge):
    root = parsed(View(hinge.nodes, hinge.edges, "The hinge loss"))

    assert "The hinge loss" == root.findtext(f"{SVG}title")
    assert "A computation graph with 9 nodes and 8 edges." == root.findtext(f"{SVG}desc")
    assert re.fullmatch(r"symgraph layout: native \d+", root.findtext(f"{SVG}metadata"))


def test_everything_lies_inside_the_picture(two_layer):
    scene = layout(two_layer, SHARED, "native")

    for item in scene.items:
        assert 0 <= item.bounds.left
        assert item.bounds.right <= scene.width
        assert 0 <= item.bounds.top
        assert item.bounds.bottom <= scene.height


def test_the_same_view_gives_the_same_bytes(two_layer):
    assert drawn(two_layer) == svg(layout(two_layer, ZiamathTypesetter(None), "native"))


def test_a_prefix_keeps_the_ids_of_two_pictures_apart(hinge):
    scene = layout(hinge, SHARED, "native")
    first, second = (ET.fromstring(svg(scene, prefix)) for prefix in ("a-", 'b-"><x>'))
    ids = [{e.get("id") for e in root.iter() if e.get("id")} for root in (first, second)]

    assert not ids[0] & ids[1]
    assert all(id.startswith("b-x") for id in ids[1])
    assert {use.get("href")[1:] for use in second.iter(f"{SVG}use")} <= ids[1]


def test_chinese_without_a_font_is_text_of_the_measured_width():
    root = parsed(View((ViewNode("a", r"\text{损失}", "data"),), ()))
    (text,) = root.iter(f"{SVG}text")

    assert "损失" == text.text
    assert float(text.get("textLength")) == pytest.approx(2 * LIGHT.node_size, abs=0.5)


HOSTILE = [
    "<script>alert(1)</script>",
    "</g></svg><svg onload=alert(1)>",
    '" onmouseover="alert(1)',
    "' onload='x",
    "]]><!--",
    "&lt;script&gt;",
    "&#60;script&#62;",
    r"\text{</title><script>}",
    r"\href{javascript:alert(1)}{x}",
    "a\x00b\x1b[31mc\x7f",
    "\u202eevil\u2066",
    "\ud800",
    "\ufffe\uffff",
    "url(http://evil.example)",
    "{{constructor.constructor('alert(1)')()}}",
]


def everywhere(text):
    nodes = (
        ViewNode(text, text, "op", text, text, text),
        ViewNode(text + "2", text, "root", text),
    )
    return View(nodes, (ViewEdge(text, text + "2", 0, text, text),), text)


def skeleton(root):
    """Tags, classes and ids of the groups: what must not depend on any text."""
    return [
        (group.get("id"), group.get("class"))
        for group in root.iter(f"{SVG}g")
        if not group.get("transform")
    ]


def check_inert(text):
    root = ET.fromstring(drawn(everywhere(text)))
    assert {element.tag for element in root.iter()} <= ALLOWED
    names = {name for element in root.iter() for name in element.attrib}
    assert not any(name.startswith("on") for name in names)
    assert names <= {
        *"id class d fill stroke stroke-width x y width height rx cx cy r viewBox role".split(),
        *"transform href font-family font-size textLength lengthAdjust".split(),
        *"data-name data-latex".split(),
    }
    assert all(use.get("href").startswith("#g") for use in root.iter(f"{SVG}use"))
    return root


@pytest.mark.parametrize("text", HOSTILE)
def test_a_hostile_text_changes_nothing_but_the_glyphs(text):
    plain = [entry for entry in skeleton(check_inert("x")) if "legend" not in entry[0]]

    assert plain == [entry for entry in skeleton(check_inert(text)) if "legend" not in entry[0]]


@given(st.text(st.characters(), min_size=1, max_size=30))
@settings(max_examples=60)
def test_any_text_gives_a_well_formed_file(text):
    check_inert(text)


def luminance(colour):
    channels = [int(colour[k : k + 2], 16) / 255 for k in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(first, second):
    """WCAG 2, relative luminance and contrast ratio."""
    light, dark = sorted((luminance(first), luminance(second)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_all_text_has_the_contrast_that_wcag_asks_for():
    for colour in (LIGHT.ink, LIGHT.label, LIGHT.forward, LIGHT.backward, LIGHT.muted):
        assert contrast(colour, LIGHT.background) >= 4.5
    for paint in LIGHT.nodes.values():
        if paint.fill != "none":
            assert contrast(LIGHT.ink, paint.fill) >= 7.0
