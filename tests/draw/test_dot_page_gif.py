"""DOT read by Graphviz, the page read by a strict parser, the GIF read by Pillow."""

import io
import json
import re
import shutil
import subprocess
import xml.etree.ElementTree as ET

import pytest
from draw.hostile import HOSTILE, HOSTILE_TITLES

import symgraph as sg
from symgraph.draw.theme import THEMES
from symgraph.zoo import losses

HINGE = {"W": [1.0, 2.0], "φ(x)": [2.0, -1.0], "y": 1.0}
needs_dot = pytest.mark.skipif(shutil.which("dot") is None, reason="dot is not installed")
SVG = "{http://www.w3.org/2000/svg}"


def drawn(text):
    """A picture of a variable of this name, where it may be one, below this title."""
    name = text if text in HOSTILE else "x"
    return sg.draw(sg.sin(sg.input(name)), title=text)


def parsed(source):
    """The graph as Graphviz understands it."""
    run = subprocess.run(
        ["dot", "-Tdot_json"], input=source.encode(), capture_output=True, timeout=20, check=True
    )
    return json.loads(run.stdout)


@needs_dot
def test_graphviz_reads_every_node_and_edge_with_its_label():
    picture = sg.draw(losses.hinge(), HINGE)
    graph = parsed(picture.to_dot().source)
    labels = {edge["label"] for edge in graph["edges"] if "label" in edge}
    nodes = {node["name"]: node["label"] for node in graph["objects"]}

    assert len(nodes) == len(picture.view.nodes)
    assert len(graph["edges"]) == len(picture.view.edges)
    assert {"φ(x)", "W", "y", "score", "1[margin < 1]", "−1", "1"} <= labels
    assert {"#00734f"} == {edge["fontcolor"] for edge in graph["edges"]}
    assert r"W\nf = (1, 2)\ng = (−2, 1)" in nodes.values()


@needs_dot
@pytest.mark.parametrize("name", HOSTILE_TITLES)
def test_a_hostile_name_is_one_label(name):
    picture = drawn(name)
    graph = parsed(picture.to_dot().source)

    assert len(graph["objects"]) == 2
    assert len(graph["edges"]) == 1
    svg = subprocess.run(
        ["dot", "-Tsvg"], input=picture.to_dot().source.encode(), capture_output=True, check=True
    ).stdout
    root = ET.fromstring(svg)
    assert len(root.findall(f".//{SVG}g[@class='node']")) == 2


def test_operands_keep_their_order_in_the_source():
    source = sg.draw(sg.input("b") - sg.input("a")).to_dot().source
    tails = re.findall(r"^  (n\d+) -> ", source, re.MULTILINE)
    names = dict(re.findall(r'^  (n\d+) \[label="(\w)', source, re.MULTILINE))

    assert ["b", "a"] == [names[tail] for tail in tails]


class TestPage:
    def html(self, **options):
        return sg.draw(losses.hinge(), HINGE, **options).html()

    def test_it_holds_the_picture_and_its_words_and_no_script(self):
        html = self.html(title="Hinge & more")

        assert "<title>Hinge &amp; more</title>" in html
        assert html.count("<svg ") == 1
        assert "<script" not in html
        assert "<td>score → margin</td><td>y</td>" in html
        assert "<td>W</td><td>(1, 2)</td><td>(−2, 1)</td>" in html
        assert not re.search(r"https?://(?!www\.w3\.org/2000/svg)", html)
        assert "layout native" in html

    def test_dark_surroundings_get_the_colours_of_the_dark_theme(self):
        rules = self.html().partition("@media")[2]
        light, dark = THEMES["light"], THEMES["dark"]

        assert "prefers-color-scheme: dark" in rules
        for name in ("label", "forward", "backward", "ink"):
            assert f'[fill="{getattr(light, name)}"]' in rules
            assert getattr(dark, name) in rules

    @pytest.mark.parametrize("theme", ["dark", "print"])
    def test_a_picture_in_another_theme_keeps_its_colours(self, theme):
        assert "@media" not in self.html(theme=theme)

    def test_no_colour_of_a_pale_theme_has_two_dark_ones(self):
        light, dark = THEMES["light"], THEMES["dark"]
        fills = {}
        for role, paint in light.nodes.items():
            fills.setdefault(paint.fill, set()).add(dark.nodes[role].fill)

        assert all(len(found) == 1 for found in fills.values())

    @pytest.mark.parametrize("name", HOSTILE_TITLES)
    def test_a_hostile_name_is_text(self, name):
        html = drawn(name).html()

        assert "<script" not in html
        assert html.count("<svg ") == 1
        assert html.count("</svg>") == 1
        assert not re.search(r"<[^>]*\son\w+=", re.sub(r'"[^"]*"', '""', html))


def test_a_still_gif_has_one_frame():
    image = pytest.importorskip("PIL.Image", reason="Pillow reads the GIF; it is in the extra gif")
    pytest.importorskip("resvg_py", reason="resvg-py paints the frames")
    picture = sg.draw(losses.squared())
    from symgraph.draw.writers.gif import gif

    read = image.open(io.BytesIO(gif(picture.scene)))

    assert ("GIF", 1) == (read.format, read.n_frames)
    assert read.width / read.height == pytest.approx(
        picture.scene.width / picture.scene.height, rel=0.01
    )
