"""The public names: listed once for Python and once for type checkers, and loaded when used."""

import ast
import importlib
import subprocess
import sys
from pathlib import Path

import pytest

import symgraph

SOURCE = Path(symgraph.__file__)


def names_for_the_type_checker() -> dict[str, str]:
    """Public name -> module, read from the block under TYPE_CHECKING."""
    tree = ast.parse(SOURCE.read_text(encoding="utf-8"))
    blocks = [
        node for node in tree.body if isinstance(node, ast.If) and "TYPE" in ast.unparse(node.test)
    ]
    return {
        alias.asname or "": f"{node.module}.{alias.name}"
        for block in blocks
        for node in block.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }


def test_the_type_checker_sees_the_names_that_python_loads():
    loaded = {name: f"{module}.{name}" for name, module in symgraph._HOME.items()}

    assert names_for_the_type_checker() == loaded | symgraph._MODULES


def test_no_public_name_is_listed_twice():
    assert len(set(symgraph.__all__)) == len(symgraph.__all__)


@pytest.mark.parametrize("name", symgraph.__all__)
def test_every_public_name_can_be_imported(name: str):
    assert getattr(symgraph, name) is not None
    assert name in dir(symgraph)


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="symgraph has no public name 'gradient'"):
        _ = symgraph.gradient


def test_a_public_name_wins_over_the_submodule_of_the_same_name():
    submodules = {name for name, module in symgraph._HOME.items() if module == f"symgraph.{name}"}

    for name in submodules:
        importlib.import_module(f"symgraph.{name}")
        assert getattr(symgraph, name) is not sys.modules[f"symgraph.{name}"]


def test_importing_a_submodule_does_not_bind_it_over_a_public_name(monkeypatch):
    monkeypatch.setitem(symgraph._HOME, "doctor", "symgraph.doctor")
    monkeypatch.delitem(sys.modules, "symgraph.doctor", raising=False)
    monkeypatch.delitem(vars(symgraph), "doctor", raising=False)

    importlib.import_module("symgraph.doctor")

    assert "doctor" not in vars(symgraph)


def test_importing_the_package_loads_no_library():
    command = "import sys, symgraph; print(*sorted(sys.modules))"
    result = subprocess.run(
        [sys.executable, "-c", command], capture_output=True, text=True, check=True
    )
    loaded = set(result.stdout.split())

    assert "symgraph" in loaded
    assert not loaded & {"graphviz", "matplotlib", "networkx", "numpy", "sympy", "tqdm"}
