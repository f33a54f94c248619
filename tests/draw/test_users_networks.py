"""Networks that nobody here has drawn before: every picture is whole, its numbers are right.

The derivatives are held against finite differences, the files against readers of others.
"""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from users_networks import NETS, doublings, values_for

import symgraph as sg
from symgraph.draw.scene import edge_hits, overlaps
from symgraph.draw.writers.texmath import plain
from symgraph.errors import DrawError
from symgraph.ops import Var

#: Pictures of these are large and are drawn elsewhere.
SLOW = {"sixty doublings", "TeX", "layer norm", "emoji"}
QUICK = [name for name in NETS if name not in SLOW]
STYLES = "layers window maps blocks bipartite rolled timeline".split()


@pytest.mark.parametrize("name", QUICK)
def test_nothing_overlaps_and_every_leaf_is_there(name: str) -> None:
    net = NETS[name]()
    values = None if isinstance(net, list) else values_for(net)
    picture = sg.draw(net, values, engine="native")
    assert overlaps(picture.scene) == []
    assert edge_hits(picture.scene) == []
    graph = sg.graph(net)
    # Loops, softmax and constants may be drawn as one; nothing else is left out.
    assert len(picture.view.nodes) <= len(graph.vertices)
    leaves = [vertex for vertex in graph.vertices if isinstance(vertex.node, Var)]
    inputs = [node for node in picture.view.nodes if node.role in ("parameter", "data")]
    assert len(inputs) == len(leaves)


@pytest.mark.parametrize("name", QUICK)
def test_every_style_draws_a_net_or_says_in_one_sentence_why_not(name: str) -> None:
    net = NETS[name]()
    for style in STYLES:
        refusal, picture = "", None
        try:
            picture = sg.draw(net, values_for(net), style=style)
        except DrawError as error:
            refusal = str(error)
        if picture is None:
            assert refusal.startswith("draw: ")
            assert not re.search(r"[\n{}\\]", refusal)
        else:
            assert overlaps(picture.scene) == []
            assert edge_hits(picture.scene) == []


@pytest.mark.parametrize("name", ["product rule", "logistic", "margin", "ridge"])
def test_backward_values_in_the_picture_are_the_finite_differences(name: str) -> None:
    net = NETS[name]()
    values = values_for(net)
    view = sg.draw(net, values, digits=12).view
    shown = {plain(node.label): node.backward for node in view.nodes}
    step = 1e-6
    leaves = [leaf for leaf in net.free_symbols if not leaf.shape and leaf.name in shown]
    assert leaves
    for leaf in leaves:
        ends = [
            sg.evaluate(net, {**values, leaf.name: values[leaf.name] + move})
            for move in (step, -step)
        ]
        slope = float(ends[0] - ends[1]) / (2 * step)
        assert float(shown[leaf.name] or "0") == pytest.approx(slope, rel=1e-5, abs=1e-7)


@pytest.mark.parametrize("name", ["TeX", "HTML", "DOT", "underscores", "blanks"])
def test_names_never_change_what_a_file_is_made_of(name: str, tmp_path: Path) -> None:
    net = NETS[name]()
    ordinary = sg.draw(_renamed(len(net.free_symbols)))
    picture = sg.draw(net)
    tree = ET.fromstring(picture.svg())
    known = {one.tag for one in ET.fromstring(ordinary.svg()).iter()}
    assert {one.tag for one in tree.iter()} <= known | {"{http://www.w3.org/2000/svg}tspan"}
    page = picture.html()
    assert page.count("<script") == ordinary.html().count("<script")
    source = picture.to_dot().source
    assert len(re.findall(r"^\s*\w+ -> \w+", source, re.M)) == len(picture.view.edges)
    assert "\\write18" not in picture.tikz()


def _renamed(count: int) -> Any:
    """The same net, its leaves called v0, v1, ..."""
    total = None
    for k in range(count):
        leaf = sg.parameter(f"v{k}") if k % 2 else sg.input(f"v{k}")
        total = leaf if total is None else sg.tanh(total * leaf)
    return total


@pytest.mark.parametrize("name", ["two layers", "softmax loss", "Chinese", "swapping"])
def test_the_explorer_has_the_vertices_of_the_graph(name: str) -> None:
    net = NETS[name]()
    page = sg.explore(net, values=values_for(net)).html
    found = re.findall(r'<script type="application/json"[^>]*>(.*?)</script>', page, re.S)
    assert all(json.loads(one) is not None for one in found)
    assert "program" in page


def test_a_style_of_the_net_alone_takes_the_values_of_the_whole_loss() -> None:
    net = NETS["two layers"]()
    values = values_for(net)
    picture = sg.draw(net, values, style="layers")
    hidden = np.tanh(values["W1"] @ values["x"] + values["b1"])
    shown = [node.forward for node in picture.view.nodes if node.forward]
    for unit in hidden:
        assert any(f"{unit:.4g}" in text for text in shown)


def test_doublings_are_drawn_without_overlaps() -> None:
    picture = sg.draw(doublings(12), engine="native")
    assert overlaps(picture.scene) == []


def test_states_that_become_each_other_are_drawn_as_wires_of_the_cell() -> None:
    picture = sg.draw(NETS["swapping"](), style="cell")
    assert overlaps(picture.scene) == []
