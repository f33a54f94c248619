"""Presentations, read back by python-pptx and compared with the scene."""

import io
import zipfile

import pytest
from draw.hostile import HOSTILE, HOSTILE_TITLES

import symgraph as sg
from symgraph.draw.geometry import Disc
from symgraph.draw.scene import Glyphs
from symgraph.draw.slides.deck import deck
from symgraph.draw.writers.pptx import pptx
from symgraph.zoo import losses

library = pytest.importorskip("pptx", reason="python-pptx reads the deck; it is in the extra pptx")
from pptx.enum.shapes import MSO_SHAPE, MSO_SHAPE_TYPE  # noqa: E402

HINGE = {"W": [1.0, 2.0], "φ(x)": [2.0, -1.0], "y": 1.0}
A = "{http://schemas.openxmlformats.org/drawingml/2006/main}"


@pytest.fixture(scope="module")
def scene():
    return deck(losses.hinge(), HINGE, title="Hinge").scene


@pytest.fixture(scope="module")
def read(scene):
    return library.Presentation(io.BytesIO(pptx(scene)))


def alt(shape):
    return shape._element._nvXxPr.cNvPr.get("descr")


def test_there_is_a_wide_slide_for_every_step_with_its_title_and_its_notes(read, scene):
    assert (read.slide_width.inches, read.slide_height.inches) == pytest.approx((13.333, 7.5), 1e-3)
    assert len(read.slides) == scene.steps
    for step, slide in enumerate(read.slides):
        (title,) = [item for item in scene.frame(step).items if item.layer == "title"]
        assert slide.shapes.title.text_frame.text == title.source
        assert slide.notes_slide.notes_text_frame.text == scene.notes[step]


def test_every_shape_of_a_step_is_there_at_its_place(read, scene):
    unit = 12_192_000 / scene.width
    for step, slide in enumerate(read.slides):
        found = {shape.name: shape for shape in slide.shapes}
        for item in scene.frame(step).items:
            if item.layer == "title" or (
                isinstance(item.drawn, Glyphs) and not item.drawn.box.pieces
            ):
                continue
            if item.paint.fill == item.paint.stroke == "none":
                continue
            shape = found[item.id]
            if item.layer == "node":
                middle = item.bounds.centre
                assert (shape.left + shape.width / 2) / unit == pytest.approx(middle[0], abs=0.05)
                assert (shape.top + shape.height / 2) / unit == pytest.approx(middle[1], abs=0.05)
                kind = (
                    MSO_SHAPE.OVAL if isinstance(item.drawn, Disc) else MSO_SHAPE.ROUNDED_RECTANGLE
                )
                assert (shape.shape_type, shape.auto_shape_type) == (
                    MSO_SHAPE_TYPE.AUTO_SHAPE,
                    kind,
                )
            elif isinstance(item.drawn, Glyphs):
                assert alt(shape) == item.source
                assert shape.shape_type == MSO_SHAPE_TYPE.FREEFORM
                assert shape.width / unit <= item.bounds.width + 6
                assert shape.left / unit >= item.bounds.left - 4


def test_numbers_of_shapes_are_unique_on_a_slide(read):
    for slide in read.slides:
        ids = [shape.shape_id for shape in slide.shapes]
        assert len(ids) == len(set(ids))


def test_a_formula_is_one_shape_with_a_path_for_each_glyph(read, scene):
    item = next(item for item in scene.items if item.source == r"\mathrm{score} = W \cdot \phi(x)")
    slide = read.slides[item.first]
    (shape,) = [shape for shape in slide.shapes if shape.name == item.id]

    assert len(shape._element.findall(f".//{A}path")) == len(item.drawn.box.pieces)


def test_edges_are_curves_with_heads_and_on_request_glued_connectors(scene):
    glued = library.Presentation(io.BytesIO(pptx(scene, connectors=True)))
    slide = glued.slides[scene.steps - 1]
    connectors = [shape for shape in slide.shapes if shape.shape_type == MSO_SHAPE_TYPE.LINE]
    by_id = {shape.shape_id: shape for shape in slide.shapes}

    assert len(connectors) == 8
    for connector in connectors:
        ends = connector._element.findall(f".//{A}endCxn")
        assert len(ends) == 1
        head = by_id[int(ends[0].get("id"))]
        assert head.left - 9 <= connector.end_x <= head.left + head.width + 9
        assert head.top - 9 <= connector.end_y <= head.top + head.height + 9
    starts = [c for c in connectors if c._element.find(f".//{A}stCxn") is not None]
    # The numbers 1 and 0 have no shape that a line could be glued to.
    assert len(starts) == 6


def test_the_same_deck_has_the_same_bytes_and_no_date_of_today(scene):
    data = pptx(scene)

    assert data == pptx(scene)
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert {info.date_time[0] for info in archive.infolist()} == {2000}
    about = library.Presentation(io.BytesIO(data)).core_properties
    assert about.created.year == about.modified.year == 2000
    assert about.comments.startswith("symgraph layout: ")


@pytest.mark.parametrize("name", HOSTILE_TITLES[1::2])
def test_a_hostile_name_stays_text(name):
    x = sg.input(name if name in HOSTILE else "x")
    made = deck(sg.sin(x), title=name, most=10, direction="BT")
    found = library.Presentation(io.BytesIO(pptx(made.scene)))

    assert len(found.slides) == made.scene.steps
    assert len(list(found.slides[1].shapes)) >= 5


def test_chinese_is_in_titles_and_notes():
    made = deck(losses.squared(), language="zh", title="平方损失")
    found = library.Presentation(io.BytesIO(pptx(made.scene)))

    assert found.slides[0].shapes.title.text_frame.text.startswith("平方损失")
    assert "反向传播" in " ".join(s.notes_slide.notes_text_frame.text for s in found.slides)


def test_a_still_picture_is_one_slide(tmp_path):
    path = sg.draw(losses.hinge(), HINGE).save(tmp_path / "net.pptx")

    (slide,) = library.Presentation(path).slides
    assert len([shape for shape in slide.shapes if shape.name.startswith("e")]) == 16
