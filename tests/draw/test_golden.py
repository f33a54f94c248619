"""The same picture on every machine: places of a dozen graphs as they were found once.

The native engine gives the same bytes. dot may differ by three points, whatever its version.
"""

import importlib.util
import json
import shutil
from pathlib import Path

import pytest

_SPEC = importlib.util.spec_from_file_location("golden", Path(__file__).with_name("golden.py"))
golden = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(golden)

KEPT = json.loads(golden.FILE.read_text(encoding="utf-8"))
VIEWS = golden.views()


def test_every_graph_is_kept():
    assert list(KEPT) == list(VIEWS)


@pytest.mark.parametrize("name", VIEWS)
def test_the_native_engine_puts_everything_where_it_did(name):
    found, kept = golden.places(VIEWS[name], "native"), KEPT[name]["native"]

    assert kept["centres"] == found["centres"]
    assert kept["digest"] == found["digest"]


@pytest.mark.skipif(shutil.which("dot") is None, reason="Graphviz is not installed")
@pytest.mark.parametrize("name", [name for name in VIEWS if KEPT[name]["dot"]])
def test_any_dot_puts_the_nodes_where_the_first_one_did(name):
    found, kept = golden.places(VIEWS[name], "dot")["centres"], KEPT[name]["dot"]

    for (x, y), (old_x, old_y) in zip(found, kept, strict=True):
        assert abs(x - old_x) <= 3.0
        assert abs(y - old_y) <= 3.0
