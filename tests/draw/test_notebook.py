"""What a notebook shows of pictures, graphs, derivations and histories is whole and safe."""

import re
import xml.etree.ElementTree as ET
from html.parser import HTMLParser

import pytest

import symgraph as sg
from symgraph.zoo import losses

SVG = "{http://www.w3.org/2000/svg}"
EVIL = '"><script>alert(1)</script>&'


def ids(text):
    return {element.get("id") for element in ET.fromstring(text).iter() if element.get("id")}


def test_two_pictures_on_one_page_share_no_id_and_each_refers_to_its_own():
    first = sg.draw(losses.hinge())._repr_svg_()
    second = sg.draw(losses.two_layer())._repr_svg_()

    assert ids(first)
    assert not ids(first) & ids(second)
    for text in (first, second):
        used = {use.get("href")[1:] for use in ET.fromstring(text).iter(f"{SVG}use")}
        assert used <= ids(text)


def test_the_same_picture_gives_the_same_text():
    assert sg.draw(losses.hinge())._repr_svg_() == sg.draw(losses.hinge())._repr_svg_()


@pytest.mark.parametrize(("tree", "nodes"), [(True, 16), (False, 15)])
def test_a_graph_shows_its_own_picture(tree, nodes):
    graph = sg.graph(losses.two_layer(), tree=tree)
    groups = [
        group for group in ET.fromstring(graph._repr_svg_()).iter(f"{SVG}g")
        if re.fullmatch(r"p[0-9a-f]{8}-n\d+", group.get("id") or "")
    ]  # fmt: skip

    assert len(groups) == nodes
    assert len(sg.draw(graph).view.nodes) == nodes


def test_a_graph_limited_to_one_leaf_is_drawn_so():
    graph = sg.graph(losses.squared(), wrt="W")
    labels = [edge.label for edge in sg.draw(graph).view.edges]

    assert labels.count(None) == 2


def test_a_history_shows_a_table_with_names_escaped_and_the_middle_left_out():
    history = sg.History()
    for epoch in range(1, 41):
        history.record(epoch, {"loss": 1 / epoch, EVIL: 2.0})
    found = []

    class Tags(HTMLParser):
        def handle_starttag(self, tag, attrs):
            found.append(tag)

    Tags().feed(history._repr_html_())

    assert "script" not in found
    assert found.count("tr") == 1 + 12 + 1
    assert found.count("th") == 3
    assert "28 more" in history._repr_html_()


def test_an_empty_history_has_a_table_too():
    assert "<table>" in sg.History()._repr_html_()


def test_a_derivation_has_latex_and_text():
    bundle = sg.derive(losses.hinge(), "W")._repr_mimebundle_()

    assert set(bundle) >= {"text/plain"}
    assert any("margin" in text for text in bundle.values())
