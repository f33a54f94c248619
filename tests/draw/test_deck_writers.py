"""Every style of deck in every format, theme and language holds what its scene holds."""

import io

import pytest

from symgraph.draw.scene import Disc, Glyphs
from symgraph.draw.slides.deck import deck
from symgraph.draw.writers.pptx import pptx
from symgraph.draw.writers.tikz import tikz
from symgraph.zoo import gates, losses, recurrent

HINGE = {"W": [1.0, 2.0], "φ(x)": [2.0, -1.0], "y": 1.0}
DECKS = {
    "graph": (losses.hinge, HINGE, {"theme": "dark", "language": "zh", "phases": ["path", "sum"]}),
    "timeline": (
        recurrent.rnn, None, {"style": "timeline", "theme": "print", "phases": ["backward"]}
    ),
    "cell": (gates.lstm, None, {"style": "cell", "theme": "dark", "language": "zh"}),
}  # fmt: skip


@pytest.fixture(scope="module", params=DECKS)
def made(request):
    make, values, options = DECKS[request.param]
    return deck(make(), values, **options).scene


def test_beamer_has_every_formula_and_circle_on_the_background_of_the_theme(made):
    text = tikz(made).decode()
    set_ones = (i for i in made.items if isinstance(i.drawn, Glyphs) and i.drawn.box.pieces)
    formulas = [i for i in set_ones if i.layer != "title"]
    circles = [i for i in made.items if isinstance(i.drawn, Disc)]

    assert text.count(r"\sgFormula{") == len(formulas)
    assert text.count("circle[radius=") == len(circles)
    assert f"{{sgPage}}{{HTML}}{{{made.background.lstrip('#').upper()}}}" in text


def test_powerpoint_has_a_slide_a_step_with_its_notes_and_background(made):
    pytest.importorskip("pptx")
    from pptx import Presentation

    slides = Presentation(io.BytesIO(pptx(made))).slides
    assert len(slides) == made.steps
    for slide, note in zip(slides, made.notes, strict=True):
        assert slide.notes_slide.notes_text_frame.text == note
        assert str(slide.background.fill.fore_color.rgb) == made.background.lstrip("#").upper()


def test_a_chinese_deck_has_no_english_words(made):
    if not any("一" <= letter <= "鿿" for letter in made.notes[0]):
        return
    words = " ".join((*made.notes, *(i.source for i in made.items if i.owner.startswith("leg"))))
    for word in ("forward", "backward", "parent", "Step", "path", "layer"):
        assert word not in words
