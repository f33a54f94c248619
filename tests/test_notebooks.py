"""The notebooks of the lectures are made from the scripts of their topics, and run."""

from __future__ import annotations

import ast
import importlib.util
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parent.parent / "examples"
LECTURES = ["000", "001", "002", "003", "004"]


def maker():
    """The module examples/make_notebooks.py."""
    spec = importlib.util.spec_from_file_location("maker", EXAMPLES / "make_notebooks.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def cells(lecture):
    text = (EXAMPLES / "notebooks" / f"lecture_{lecture}.ipynb").read_text("utf-8")
    return json.loads(text)["cells"]


def test_the_notebooks_are_what_the_scripts_make(tmp_path):
    command = [sys.executable, str(EXAMPLES / "make_notebooks.py"), str(tmp_path)]
    subprocess.run(command, check=True, capture_output=True)

    kept = EXAMPLES / "notebooks"
    assert sorted(path.name for path in kept.iterdir()) == [f"lecture_{n}.ipynb" for n in LECTURES]
    for path in kept.iterdir():
        assert path.read_bytes() == (tmp_path / path.name).read_bytes(), "run `make notebooks`"


def test_every_topic_is_in_a_lecture_and_every_lecture_has_its_topics():
    made = maker()
    scripts = {path.stem for path in (EXAMPLES / "topics").glob("*.py")} - {"pictures"}

    assert sorted(made.ORDER) == sorted(scripts)
    for lecture in LECTURES:
        titles = [
            "".join(cell["source"]) for cell in cells(lecture) if cell["cell_type"] == "markdown"
        ]
        texts = [(EXAMPLES / f"topics/{name}.py").read_text("utf-8") for name in made.ORDER]
        expected = [
            ast.get_docstring(ast.parse(text)).partition("\n")[0]
            for text in texts
            if lecture in made.lectures_of(text)
        ]
        assert [title[3:] for title in titles if title.startswith("## ")] == expected


@pytest.mark.parametrize("lecture", LECTURES)
def test_a_notebook_has_no_outputs_and_no_traces_of_folders(lecture):
    for cell in cells(lecture):
        source = "".join(cell["source"])
        assert source
        if cell["cell_type"] == "code":
            assert (cell["execution_count"], cell["outputs"]) == (None, [])
            assert not re.search(r"\bfolder\b|argv|fmt:", source)
            if not source.startswith("%"):
                ast.parse(source)
    identities = [cell["id"] for cell in cells(lecture)]
    assert len(set(identities)) == len(identities)


@pytest.mark.parametrize("lecture", ["002"])
def test_a_notebook_runs_from_top_to_bottom(lecture, capsys):
    namespace = {"__name__": "__main__"}
    shown = []
    for number, cell in enumerate(cells(lecture)):
        source = "".join(cell["source"])
        if cell["cell_type"] != "code" or source.startswith("%"):
            continue
        # What a page would show is the value of the last expression.
        tree = ast.parse(source)
        if isinstance(tree.body[-1], ast.Expr):
            name = ast.Name("_", ast.Store())
            tree.body[-1] = ast.Assign([name], tree.body[-1].value)
        namespace["_"] = None
        exec(compile(ast.fix_missing_locations(tree), f"<cell {number}>", "exec"), namespace)
        if namespace["_"] is not None:
            shown.append(namespace["_"])

    printed = capsys.readouterr().out
    assert printed.count("Found: ") == 2
    pictures = [one for one in shown if hasattr(one, "_repr_svg_") or hasattr(one, "savefig")]
    assert len(pictures) == len(shown) == 6


def test_the_notebooks_are_valid():
    nbformat = pytest.importorskip("nbformat", reason="nbformat comes with the extra notebooks")
    for lecture in LECTURES:
        path = EXAMPLES / "notebooks" / f"lecture_{lecture}.ipynb"
        nbformat.validate(nbformat.read(path, as_version=4))
