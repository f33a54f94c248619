"""`symgraph compile`: where code goes, in which form, and reports on it."""

import json
from pathlib import Path

import numpy as np
import pytest
from c_compiler import needs_c_compiler

from symgraph import cli


def said(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """What a command prints that succeeds."""
    code = cli.main(["compile", *arguments])
    out, err = capsys.readouterr()
    assert code == 0, err
    return out


def test_a_name_without_a_suffix_is_a_folder_for_pip(capsys, tmp_path):
    place = tmp_path / "two_layer"
    out = said(capsys, "zoo:two-layer", f"{place}/", "--target", "cython")
    text = (place / "README.md").read_text(encoding="utf-8")

    assert out.strip() == str(place)
    assert (place / "two_layer" / "program.pyx").is_file()
    assert "dloss/dw₁ = 2 residual h₁" in text
    assert "that came with the program, by name: `w1`, `v1`, `w2`, `v2`" in text
    with np.load(place / "two_layer" / "weights.npz") as file:
        assert [array.shape for array in file.values()] == [(), (2,), (), (2,)]


@pytest.mark.parametrize(
    ("suffix", "words"),
    [(".pyx", "cdef class Bound"), (".c", "step_run("), (".py", "import numpy")],
)
def test_the_suffix_of_the_file_chooses_its_form(capsys, tmp_path, suffix, words):
    place = tmp_path / f"net{suffix}"
    out = said(capsys, "zoo:dense", "--out", str(place), "--target", "cython", "--json")

    assert json.loads(out) == {"file": str(place)}
    assert words in place.read_text(encoding="utf-8")


def test_a_report_tells_of_the_sizes_that_were_asked_for(capsys):
    formula = ["½ ‖X w − y‖²", "--wrt", "w", "--shape", "X=N,p", "w=p", "y=N"]
    out = said(capsys, *formula, "--report", "--json", "--size", "N=10", "p=2")
    page = said(capsys, *formula, "--report", "--size", "N=10")

    assert json.loads(out)["sizes"] == {"N": 10, "p": 2}
    assert page.startswith("step: NumPy, float64, for N = 10, p = 32\n")


def test_a_formula_in_a_file_may_be_followed_by_the_place(capsys, tmp_path):
    (tmp_path / "net.sym").write_text("w x^2", encoding="utf-8")
    place = tmp_path / "net.py"
    out = said(capsys, "--file", str(tmp_path / "net.sym"), str(place))

    assert out.strip() == str(place)
    assert "def step" in place.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--target", "js", "--report"], "no report on JavaScript"),
        (["--report", "--size", "N"], "--size 'N' is no NAME=NUMBER"),
        (["--report", "--size", "Q=3"], "no free size 'Q'"),
    ],
)
def test_what_cannot_be_reported_is_refused(capsys, arguments, words):
    assert cli.main(["compile", "zoo:hinge", *arguments]) == 2
    assert words in capsys.readouterr().err


@needs_c_compiler
def test_a_schedule_is_drawn(capsys, tmp_path: Path):
    place = tmp_path / "schedule.svg"
    said(capsys, "zoo:lstm", "--target", "cython", "--schedule", str(place))

    assert "<svg" in place.read_text(encoding="utf-8")
