"""SVG, PDF and PNG compared with a scene that is kept as text beside this file.

The places are given by hand, so that no layout engine has a say; a change of what is drawn at them
is seen in the text. After a wanted change: python tests/draw/test_golden_files.py
"""

from __future__ import annotations

import io
import json
import math
import re
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from symgraph.draw.compose import compose
from symgraph.draw.geometry import Disc, Rect, straight
from symgraph.draw.parts import measure
from symgraph.draw.plan import Places
from symgraph.draw.scene import Path as Line
from symgraph.draw.theme import LIGHT
from symgraph.draw.typesetting.typeset import ZiamathTypesetter
from symgraph.draw.view import View, ViewEdge, ViewNode
from symgraph.draw.writers.pdf import pdf
from symgraph.draw.writers.png import png
from symgraph.draw.writers.svg import svg

GOLDEN = Path(__file__).with_name("golden_files.json")
SVG = "{http://www.w3.org/2000/svg}"


def made():
    """L = tanh(w x), with the centres of its nodes given."""
    nodes = (
        ViewNode("w", "w", "parameter", "w", "2", "0.21"),
        ViewNode("x", "x", "data", "x", "0.5"),
        ViewNode("p", r"\times", "op", "w x", "1", "0.42"),
        ViewNode("L", r"\tanh", "root", "L", "L = 0.7616", "1"),
    )
    edges = (
        ViewEdge("w", "p", 0, "x"), ViewEdge("x", "p", 1, "w", dead=True),
        ViewEdge("p", "L", 0, "1-L^2", highlight=True),
    )  # fmt: skip
    view = View(nodes, edges, legend=False)
    typesetter = ZiamathTypesetter(cjk_font=None)
    centres = ((0.0, 300.0), (200.0, 300.0), (100.0, 150.0), (100.0, 0.0))
    curves = tuple(straight(centres[a], centres[b]) for a, b in ((0, 2), (1, 2), (2, 3)))
    labels = (Rect(10, 215, 25, 230), Rect(175, 215, 190, 230), Rect(110, 60, 170, 82))
    parts = measure(view, typesetter, LIGHT)
    places = Places(centres, curves, labels, (2, 2, 1, 0), "hand", "1")
    return compose(view, parts, places, typesetter, LIGHT)


def normal(scene):
    """The scene as plain data: what, where to a tenth of a pixel, and in which colours."""
    return {
        "size": [round(scene.width, 1), round(scene.height, 1)],
        "items": [
            {
                "id": item.id, "layer": item.layer, "role": item.role,
                "kind": type(item.drawn).__name__,
                "bounds": [round(getattr(item.bounds, side), 1)
                           for side in ("left", "top", "right", "bottom")],
                "fill": item.paint.fill, "stroke": item.paint.stroke, "source": item.source,
            }
            for item in scene.items
        ],
    }  # fmt: skip


@pytest.fixture(scope="module")
def golden():
    return json.loads(GOLDEN.read_text(encoding="utf-8"))


def bounds_of(golden):
    return {item["id"]: item["bounds"] for item in golden["items"]}


def test_the_scene_is_the_golden_one(golden):
    found = normal(made())

    assert found["size"] == pytest.approx(golden["size"], abs=0.6)
    for one, other in zip(found["items"], golden["items"], strict=True):
        assert one.pop("bounds") == pytest.approx(other["bounds"], abs=0.6)
        assert one == {key: value for key, value in other.items() if key != "bounds"}


def test_the_svg_has_every_golden_item_at_its_place(golden):
    root = ET.fromstring(svg(made()))
    kept = bounds_of(golden)
    groups = {group.get("id"): group for group in root.iter(f"{SVG}g") if group.get("id")}

    for item in golden["items"]:
        left, top, right, bottom = kept[item["id"]]
        if item["kind"] == "Glyphs":
            x, y = map(float, re.findall(r"[-\d.]+", groups[item["id"]].get("transform")))
            assert x == pytest.approx(left, abs=0.7)
            assert top - 0.7 <= y <= bottom + 0.7
        elif item["kind"] == "Disc":
            circle = groups[item["id"]].find(f"{SVG}circle")
            middle = ((left + right) / 2, (top + bottom) / 2)
            assert (float(circle.get("cx")), float(circle.get("cy"))) == pytest.approx(
                middle, abs=0.7
            )
            assert float(circle.get("r")) == pytest.approx((right - left) / 2, abs=0.7)
        elif item["kind"] == "Rect":
            rect = groups[item["id"]].find(f"{SVG}rect")
            assert float(rect.get("x")) == pytest.approx(left, abs=0.7)
            assert float(rect.get("width")) == pytest.approx(right - left, abs=0.7)
            assert rect.get("fill") == item["fill"]


def test_the_pdf_strokes_every_golden_edge_where_it_is(golden):
    pypdf = pytest.importorskip("pypdf", reason="pypdf reads the PDF")
    (page,) = pypdf.PdfReader(io.BytesIO(pdf(made()))).pages
    kept = bounds_of(golden)
    starts = [
        tuple(map(float, numbers))
        for numbers, name in page.get_contents().operations
        if name == b"m"
    ]

    assert float(page.mediabox.width) == pytest.approx(golden["size"][0] * 0.75, abs=0.5)
    for item in golden["items"]:
        if item["layer"] == "edge":
            left, top, right, bottom = kept[item["id"]]
            xs, ys = (left, (left + right) / 2, right), (top, bottom)
            corners = [(x, y) for x in xs for y in ys]
            assert min(math.dist(a, b) for a in starts for b in corners) < 1.5


def test_the_png_has_the_golden_colours_at_the_golden_places(golden):
    pytest.importorskip("resvg_py", reason="resvg-py paints the PNG; it is in the extra png")
    image = pytest.importorskip("PIL.Image", reason="Pillow reads the PNG")
    picture = image.open(io.BytesIO(png(made(), 2.0))).convert("RGB")
    painted = 0
    for item in golden["items"]:
        if item["kind"] in ("Disc", "Rect") and item["fill"].startswith("#"):
            left, top, right, bottom = item["bounds"]
            # Left of the label, right of the rim.
            place = (left + 0.12 * (right - left), (top + bottom) / 2)
            colour = picture.getpixel((round(2 * place[0]), round(2 * place[1])))
            wanted = tuple(bytes.fromhex(item["fill"][1:]))
            assert max(abs(a - b) for a, b in zip(colour, wanted, strict=True)) <= 3, item["id"]
            painted += 1
    assert painted == 4


def test_the_golden_scene_has_lines_and_shapes_of_every_kind():
    kinds = {type(item.drawn) for item in made().items}

    assert {Disc, Rect, Line} <= kinds


if __name__ == "__main__":
    GOLDEN.write_text(
        json.dumps(normal(made()), indent=1, ensure_ascii=False) + "\n", encoding="utf-8"
    )
