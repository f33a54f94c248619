"""PDF and PNG read back by libraries that know nothing of the scene."""

from __future__ import annotations

import io
import struct
import sys

import numpy as np
import pytest

import symgraph as sg
from symgraph.zoo import losses

pypdf = pytest.importorskip("pypdf", reason="pypdf reads the PDF back; it is in the extra test")

HINGE = {"W": [1.0, 2.0], "φ(x)": [2.0, -1.0], "y": 1.0}


def page_of(picture):
    reader = pypdf.PdfReader(io.BytesIO(picture.pdf()), strict=True)
    assert len(reader.pages) == 1
    return reader, reader.pages[0]


def operators_of(page):
    return [name for _, name in page.get_contents().operations]


def test_the_page_has_the_size_of_the_picture_in_points():
    picture = sg.draw(losses.hinge(), HINGE)
    _, page = page_of(picture)

    assert float(page.mediabox.width) == pytest.approx(picture.scene.width * 72 / 96, abs=0.01)
    assert float(page.mediabox.height) == pytest.approx(picture.scene.height * 72 / 96, abs=0.01)


def test_every_edge_is_a_stroked_curve_with_a_filled_arrowhead():
    picture = sg.draw(losses.hinge(), HINGE, legend=False)
    _, page = page_of(picture)
    names = operators_of(page)
    edges = len(picture.view.edges)
    shapes = sum(node.role != "constant" for node in picture.view.nodes)

    assert edges == 8
    assert names.count(b"S") == edges
    # The background and one arrowhead an edge; rules of fractions are there none.
    assert names.count(b"f") == 1 + edges
    assert names.count(b"B") == shapes
    assert names.count(b"q") == names.count(b"Q")


def test_a_glyph_is_written_once_and_placed_as_often_as_it_stands():
    _, page = page_of(sg.draw(losses.hinge(), HINGE))
    placed = [operands[0] for operands, name in page.get_contents().operations if name == b"Do"]

    assert set(placed) == set(page["/Resources"]["/XObject"])
    assert len(placed) > len(set(placed))


def test_a_circle_keeps_its_radius_within_a_thousandth():
    picture = sg.draw(sg.sin(sg.input("x")), legend=False)
    discs = [item.drawn for item in picture.scene.items if item.layer == "node"]
    disc = next(drawn for drawn in discs if hasattr(drawn, "radius") and hasattr(drawn, "x"))
    _, page = page_of(picture)
    drawn = page.get_contents().operations
    place = np.zeros(2)
    quarters = []
    for numbers, name in drawn:
        if name not in (b"m", b"l", b"c"):
            continue
        points = [place, *np.array(numbers, dtype=float).reshape(-1, 2)]
        place = points[-1]
        if name == b"c" and abs(np.hypot(*(place - (disc.x, disc.y))) - disc.radius) < 0.01:
            quarters.append(points)

    t = np.linspace(0, 1, 33)[:, None]
    for a, b, c, d in quarters:  # Bernstein's form of a cubic
        curve = (1 - t) ** 3 * a + 3 * t * (1 - t) ** 2 * b + 3 * t**2 * (1 - t) * c + t**3 * d
        radii = np.hypot(*(curve - (disc.x, disc.y)).T)
        np.testing.assert_allclose(radii, disc.radius, rtol=1e-3)
    assert len(quarters) == 4


def test_the_source_of_a_formula_is_found_by_searching():
    _, page = page_of(sg.draw(losses.hinge(), HINGE))
    texts = [
        operands[1]["/ActualText"]
        for operands, name in page.get_contents().operations
        if name == b"BDC"
    ]

    assert any("margin" in text and "< 1" in text for text in texts)


@pytest.mark.parametrize(
    "name", ["a) Tj ET endstream", "x\\)>>", "%%EOF 1 0 obj", "损失", "𝒲", "<FEFF>", "q Q Q Q"]
)
def test_a_name_never_changes_the_structure(name):
    picture = sg.draw(sg.sin(sg.input(name)), title=name)
    reader, page = page_of(picture)
    names = operators_of(page)

    assert names.count(b"q") == names.count(b"Q")
    assert b"EMC" in names
    assert names.count(b"S") == 1
    assert "symgraph" in reader.metadata.producer


def test_the_same_picture_has_the_same_bytes():
    assert sg.draw(losses.squared()).pdf() == sg.draw(losses.squared()).pdf()


def test_a_png_has_the_scaled_size_and_the_colours_of_the_picture():
    pytest.importorskip("resvg_py", reason="resvg-py paints the PNG; it is in the extra png")
    picture = sg.draw(losses.hinge(), HINGE)

    data = picture.png(scale=3)

    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    width, height = struct.unpack(">II", data[16:24])
    assert abs(width - 3 * picture.scene.width) <= 3
    assert abs(height - 3 * picture.scene.height) <= 3
    assert len(data) > 10_000


@pytest.mark.parametrize("scale", [0, -1, float("nan"), float("inf"), 1e4])
def test_a_scale_that_gives_no_picture_is_refused(scale):
    with pytest.raises(sg.DrawError, match="dots"):
        sg.draw(sg.sin(sg.input("x"))).png(scale)


def test_without_resvg_one_sentence_says_what_is_missing(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "resvg_py", None)

    with pytest.raises(sg.UnsupportedError, match=r"resvg-py.*symgraph\[png\]"):
        sg.draw(sg.sin(sg.input("x"))).save(tmp_path / "x.png")
    assert not (tmp_path / "x.png").exists()


def test_the_suffix_chooses_the_format(tmp_path):
    picture = sg.draw(losses.squared())
    heads = {".svg": b"<?xml", ".pdf": b"%PDF-1.7"}

    for suffix, head in heads.items():
        assert picture.save(tmp_path / f"net{suffix}").read_bytes().startswith(head)
