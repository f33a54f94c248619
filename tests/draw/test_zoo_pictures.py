"""Every system of the zoo, drawn with values: nothing overlaps, no edge runs through anything."""

import functools
import shutil

import pytest

from symgraph import zoo
from symgraph.draw.graphs.graph_view import graph_view
from symgraph.draw.layout import layout
from symgraph.draw.scene import edge_hits, overlaps
from symgraph.draw.typesetting.typeset import ZiamathTypesetter
from symgraph.network import load_network
from symgraph.sample import draw as sample

SHARED = ZiamathTypesetter(cjk_font=None)
needs_dot = pytest.mark.skipif(shutil.which("dot") is None, reason="Graphviz is not installed")


@functools.lru_cache(maxsize=1)
def sampled(name):
    loss = load_network(f"zoo:{name}")
    return loss, sample([loss]).values


@functools.lru_cache(maxsize=1)
def viewed(name, direction):
    return graph_view(*sampled(name), direction=direction)


@pytest.mark.parametrize("engine", ["native", pytest.param("dot", marks=needs_dot)])
@pytest.mark.parametrize("direction", ["BT", "LR"])
@pytest.mark.parametrize("name", zoo.names())
def test_a_system_with_its_values_has_no_blemish(name, direction, engine):
    scene = layout(viewed(name, direction), SHARED, engine)

    assert [] == overlaps(scene)
    assert [] == edge_hits(scene)
