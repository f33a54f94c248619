"""The same picture on every machine: places of a dozen graphs as they were found once.

The native engine gives the same bytes. Where dot puts things is a matter of its version; what must
hold of any version is that the picture can be read.
"""

import importlib.util
import json
import shutil
from pathlib import Path

import pytest

from symgraph.draw.layout import layout
from symgraph.draw.scene import edge_hits, overlaps
from symgraph.draw.typesetting.typeset import ZiamathTypesetter

_SPEC = importlib.util.spec_from_file_location("golden", Path(__file__).with_name("golden.py"))
golden = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(golden)

KEPT = json.loads(golden.FILE.read_text(encoding="utf-8"))
VIEWS = golden.views()


def test_every_graph_is_kept():
    assert list(KEPT) == list(VIEWS)


@pytest.mark.parametrize("name", VIEWS)
def test_the_native_engine_puts_everything_where_it_did(name):
    found, kept = golden.places(VIEWS[name]), KEPT[name]

    assert kept["centres"] == found["centres"]
    assert kept["digest"] == found["digest"]


@pytest.mark.skipif(shutil.which("dot") is None, reason="Graphviz is not installed")
@pytest.mark.parametrize("name", [name for name, view in VIEWS.items() if len(view.nodes) <= 60])
def test_any_dot_draws_a_picture_that_can_be_read(name):
    view = VIEWS[name]
    scene = layout(view, ZiamathTypesetter(None), "dot")
    flow = [(y if view.direction == "BT" else -x) for x, y in centres(scene)]
    number = {node.id: k for k, node in enumerate(view.nodes)}

    assert [] == overlaps(scene, ("node", "label"))
    assert [] == edge_hits(scene)
    assert all(flow[number[edge.tail]] > flow[number[edge.head]] for edge in view.edges)


def centres(scene):
    found = {item.owner: item.drawn.centre for item in scene.items if item.layer == "node"}
    return [found[f"n{k}"] for k in range(len(found))]
