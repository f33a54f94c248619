"""TikZ files, scanned by a reader that knows TeX but not the scene."""

import re
import shutil
import subprocess

import pytest
from draw.hostile import HOSTILE, HOSTILE_TITLES
from draw.tex_scan import check_balanced, commands

import symgraph as sg
from symgraph.zoo import losses

HINGE = {"W": [1.0, 2.0], "φ(x)": [2.0, -1.0], "y": 1.0}
FORMULA = re.compile(r"\\sgFormula((?:\{[^{}]*\}){7})\{(.*)\}$", re.MULTILINE)


def written(picture, tmp_path):
    return picture.save(tmp_path / "net.tex").read_text(encoding="utf-8")


def test_every_formula_shape_and_arrow_of_the_scene_is_there_at_its_place(tmp_path):
    picture = sg.draw(losses.hinge(), HINGE, title="Hinge loss")
    tex = written(picture, tmp_path)
    scene = picture.scene
    formulas = [item for item in scene.items if hasattr(item.drawn, "box")]
    found = [re.findall(r"\{([^{}]*)\}", head) for head, _ in FORMULA.findall(tex)]

    check_balanced(tex)
    assert len(found) == len(formulas)
    for (x, y, anchor, width, *_), item in zip(found, formulas, strict=True):
        bounds = item.bounds
        at = bounds.left if anchor == "base west" else (bounds.left + bounds.right) / 2
        assert float(x) == pytest.approx(at, abs=0.02)
        assert float(y) == pytest.approx(item.drawn.y, abs=0.02)
        assert float(width.removesuffix("pt")) == pytest.approx(bounds.width * 72.27 / 96, abs=0.01)
    edges = [item for item in scene.items if item.layer == "edge"]
    assert len(re.findall(r"\.\. controls", tex)) >= len(edges)
    assert tex.count("circle[radius=") == sum(
        hasattr(i.drawn, "radius") and hasattr(i.drawn, "x") for i in scene.items
    )


def test_labels_are_latex_and_not_outlines(tmp_path):
    tex = written(sg.draw(losses.hinge(), HINGE), tmp_path)

    assert r"\phi (x)" in tex
    assert r"\mathbf{1}\left[\mathrm{margin} < 1\right]" in tex


def test_chinese_needs_xelatex_and_only_then(tmp_path):
    assert "xeCJK" in written(sg.draw(losses.hinge(), title="铰链损失", language="zh"), tmp_path)
    assert "xeCJK" not in written(sg.draw(losses.hinge()), tmp_path)


def drawn(text):
    """A picture of a variable of this name, where it may be one, below this title."""
    name = text if text in HOSTILE else "x"
    return sg.draw(sg.sin(sg.input(name)), title=text)


@pytest.mark.parametrize("name", HOSTILE_TITLES)
def test_a_name_never_becomes_a_command(name, tmp_path):
    plain = written(sg.draw(sg.sin(sg.input("x")), title="x"), tmp_path)
    evil = written(drawn(name), tmp_path)

    check_balanced(evil)
    new = commands(evil) - commands(plain)
    assert not new & {"write", "input", "catcode", "def", "script", "expandafter", "csname"}
    assert evil.count(r"\end{document}") == 1
    assert len(FORMULA.findall(evil)) == len(FORMULA.findall(plain))


def test_a_fragment_is_a_picture_without_a_document():
    fragment = sg.draw(losses.squared()).tikz()

    check_balanced(fragment)
    assert r"\documentclass" not in fragment
    assert fragment.count(r"\begin{tikzpicture}") == 1


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="pdflatex is not installed")
def test_pdflatex_compiles_a_page_of_the_size_of_the_picture(tmp_path):
    pypdf = pytest.importorskip("pypdf")
    picture = sg.draw(losses.hinge(), HINGE, title="Hinge: 50% & é")
    picture.save(tmp_path / "net.tex")
    run = subprocess.run(
        ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "-no-shell-escape", "net.tex"],
        cwd=tmp_path, capture_output=True, check=False,
    )  # fmt: skip
    if b"not found" in run.stdout:
        pytest.skip("this TeX lacks a package")
    assert run.returncode == 0, run.stdout[-2000:]
    (page,) = pypdf.PdfReader(tmp_path / "net.pdf").pages

    assert float(page.mediabox.width) == pytest.approx(picture.scene.width * 0.75, abs=0.1)
    assert float(page.mediabox.height) == pytest.approx(picture.scene.height * 0.75, abs=0.1)
    assert "score" in page.extract_text()
