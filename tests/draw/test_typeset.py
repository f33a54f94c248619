"""Formulas become boxes of outlines, whatever is in them."""

import itertools
import string

import hypothesis.strategies as st
import pytest
from hypothesis import given

from symgraph.draw.graphs.node_texts import _LATEX_SIGNS as GRAPH_SIGNS
from symgraph.draw.recurrent.moment import _SIGNS as TIME_SIGNS
from symgraph.draw.typesetting import typeset
from symgraph.draw.typesetting.ink import Box, Ink, Rule, TextRun
from symgraph.draw.typesetting.typeset import MAX_CHARACTERS, ZiamathTypesetter, clean, stack


def texts(box: Box) -> str:
    return "".join(piece.text for piece in box.pieces if isinstance(piece, TextRun))


def outlines(box: Box) -> list[str]:
    return [piece.outline.id for piece in box.pieces if isinstance(piece, Ink)]


def gaps(box: Box) -> list[float]:
    xs = [piece.x for piece in box.pieces if isinstance(piece, Ink)]
    return [b - a for a, b in itertools.pairwise(xs)]


def test_a_formula_twice_as_large_takes_twice_the_room(typesetter):
    small, large = (typesetter.measure(r"x^2 + \frac{a}{b}", size) for size in (20.0, 40.0))

    assert large.width == pytest.approx(2 * small.width, rel=0.02)
    assert large.tall == pytest.approx(2 * small.tall, rel=0.02)


def test_a_fraction_is_taller_than_a_letter_and_has_a_bar(typesetter):
    letter, fraction = (typesetter.measure(text, 20.0) for text in ("a", r"\frac{a}{b}"))

    assert fraction.tall > 2 * letter.tall
    assert 1 == sum(isinstance(piece, Rule) for piece in fraction.pieces)
    assert fraction.depth > 0


def test_the_same_letter_has_one_outline_at_every_place_and_size(typesetter):
    first, second = typesetter.measure("xx", 20.0), typesetter.measure("x", 31.0)

    assert 1 == len(set(outlines(first) + outlines(second)))


def test_the_indicator_is_a_double_struck_one(typesetter):
    plain, indicator = (outlines(typesetter.measure(text, 20.0)) for text in ("1", r"\mathbb{1}"))

    assert plain != indicator
    assert indicator == outlines(typesetter.measure("𝟙", 20.0))


@pytest.mark.parametrize("norm", [r"\lVert x \rVert^{2}", r"\left\|\frac{x}{y}\right\|"])
def test_the_bars_of_a_norm_are_drawn_however_tall_they_are(typesetter, norm):
    letters = {
        ink.outline.id
        for ink in typesetter.measure(r"\frac{x}{y}^{2}", 20.0).pieces
        if isinstance(ink, Ink)
    }
    bars = [
        ink
        for ink in typesetter.measure(norm, 20.0).pieces
        if isinstance(ink, Ink) and ink.outline.id not in letters
    ]

    assert len({round(ink.x, 1) for ink in bars}) == 2
    assert min(ink.x for ink in bars) < 5.0


def test_typewriter_letters_differ_from_upright_ones(typesetter):
    upright, typewriter = (
        outlines(typesetter.measure(text, 20.0)) for text in (r"\text{ab}", r"\texttt{ab}")
    )

    assert 2 == len(set(upright) & set(upright)) == len(set(typewriter))
    assert not set(upright) & set(typewriter)


@pytest.mark.parametrize("text", ["(-1)", "a=-1", "[-1]", "a,-1", r"a,\,-1", r"(1,\ -2)", "-1"])
def test_a_sign_stands_closer_to_its_number_than_an_operator(typesetter, text):
    difference = gaps(typesetter.measure("a-1", 20.0))[-1]

    assert gaps(typesetter.measure(text, 20.0))[-1 if text[-1] in "12" else -2] < difference - 2


def test_a_minus_after_a_closing_bracket_is_an_operator(typesetter):
    assert gaps(typesetter.measure("(a)-1", 20.0))[-1] == pytest.approx(
        gaps(typesetter.measure("a-1", 20.0))[-1], abs=0.01
    )


def test_a_number_is_as_wide_as_its_digits(typesetter):
    # STIX Two has digits of 0.5 em or a little less, all alike.
    one, four = typesetter.measure("0", 20.0), typesetter.measure("0000", 20.0)

    assert four.width == pytest.approx(4 * one.width)
    assert 8 < one.width < 11


def test_chinese_is_measured_in_squares_and_left_as_text(typesetter):
    box = typesetter.measure(r"\text{损失}", 20.0)

    assert "损失" == texts(box)
    assert 40.0 == pytest.approx(box.width, abs=0.5)


def test_chinese_in_a_subscript_is_smaller(typesetter):
    runs = [
        piece
        for piece in typesetter.measure(r"\delta_{隐层}", 20.0).pieces
        if isinstance(piece, TextRun)
    ]

    assert ["隐层"] == [run.text for run in runs]
    assert runs[0].size < 16.0
    assert runs[0].y > 0


def test_chinese_takes_its_outlines_from_a_font_that_has_it(tmp_path):
    builder = pytest.importorskip("fontTools.fontBuilder")
    pens = pytest.importorskip("fontTools.pens.ttGlyphPen")
    pen = pens.TTGlyphPen(None)
    for x, y in ((0, 0), (0, 500), (500, 500), (500, 0)):
        (pen.lineTo if (x, y) != (0, 0) else pen.moveTo)((x, y))
    pen.closePath()
    square, empty = pen.glyph(), pens.TTGlyphPen(None).glyph()
    font = builder.FontBuilder(500, isTTF=True)
    font.setupGlyphOrder([".notdef", "loss"])
    font.setupCharacterMap({ord("损"): "loss"})
    font.setupGlyf({".notdef": empty, "loss": square})
    font.setupHorizontalMetrics({".notdef": (500, 0), "loss": (500, 0)})
    font.setupHorizontalHeader(ascent=500, descent=0)
    font.setupNameTable({"familyName": "Squares", "styleName": "Regular"})
    font.setupOS2()
    font.setupPost()
    font.save(tmp_path / "squares.ttf")

    box = ZiamathTypesetter(tmp_path / "squares.ttf").measure("损失", 20.0)

    # One character is in the font, the other stays text.
    assert "失" == texts(box)
    (ink,) = (piece for piece in box.pieces if isinstance(piece, Ink))
    corners = {command[1:] for command in ink.outline.commands if len(command) == 3}
    units = ink.outline.units
    assert {(0.0, 0.0), (0.0, -units), (units, -units), (units, 0.0)} == corners


@pytest.mark.parametrize(
    "text",
    [
        r"\frac{1}{",
        r"\left(x",
        "x^2^3",
        "{" * 60,
        r"\frac" * 40,
        r"\newcommand{\a}{xx}\a",
        r"\hspace{9999999em}x",
        r"\begin{nothing}x",
        "a & b",
        "%",
        "#",
    ],
)
def test_what_cannot_be_set_comes_out_as_the_same_characters(typesetter, text):
    box = typesetter.measure(text, 20.0)

    # One outline or text character for each character that is not white.
    assert len(outlines(box)) + len(texts(box)) >= len(text.replace(" ", "").replace("-", "")) * 0.9
    assert 0 < box.width < 20.0 * (4 + 3 * len(text))


def test_markup_in_a_formula_is_set_as_characters(typesetter):
    box = typesetter.measure(r"\text{<b>&amp;</b>}", 20.0)

    assert len("<b>&amp;</b>") == len(outlines(box))


def test_nothing_takes_no_room(typesetter):
    assert Box(0.0, 0.0, 0.0, ()) == typesetter.measure("", 20.0)
    assert Box(0.0, 0.0, 0.0, ()) == typesetter.measure(r" \text{} ", 20.0)


@given(
    st.text(st.characters(), max_size=60) | st.text(r"\{}^_&<>$%#abfrac12 " + "\x00", max_size=60)
)
def test_no_string_raises_or_yields_a_number_that_is_not_finite(text):
    box = SHARED.measure(text, 16.0)

    assert 0 <= box.width < 1e6
    assert abs(box.height) + abs(box.depth) < 1e6


SHARED = ZiamathTypesetter(cjk_font=None)


def test_measuring_again_gives_the_box_that_was_kept():
    typesetter = ZiamathTypesetter(cache_size=2)
    first = typesetter.measure("x", 20.0)

    assert first is typesetter.measure("x", 20.0)
    typesetter.measure("y", 20.0)
    typesetter.measure("z", 20.0)
    assert first is not typesetter.measure("x", 20.0)
    assert first == typesetter.measure("x", 20.0)


def test_cleaning_keeps_letters_and_drops_what_steers_a_terminal_or_a_line():
    assert "a\ufffd[31mb c\ufffd d" == clean("a\x1b[31mb\tc\u202e\nd")
    assert "φ 损 𝟙" == clean("φ 损 𝟙")
    assert string.printable.strip() == clean(string.printable.strip())
    assert MAX_CHARACTERS == len(clean("x" * 10**6))


def test_boxes_stand_under_each_other_without_touching(typesetter):
    upper, lower = typesetter.measure("y", 20.0), typesetter.measure("h", 20.0)
    both = stack((upper, lower), 3.0)

    second = both.pieces[1]
    assert isinstance(second, Ink)
    assert second.y - lower.height == pytest.approx(upper.depth + 3.0)
    assert both.tall == pytest.approx(upper.tall + 3.0 + lower.tall)


@pytest.mark.parametrize(
    "latex",
    [
        r"a + b(c - d_{ij})^n",
        r"x^n\frac{a}{b}",
        r"\frac{a}{b}\frac{c}{d}x",
        r"\left(\frac{a}{b}\right)x",
        r"\sum_i x_i y",
        r"f(x)\,\sqrt{y} = \bar{z}",
        r"\begin{pmatrix} a & b \end{pmatrix}x",
    ],
)
def test_a_row_put_together_of_kept_parts_is_as_wide_and_tall_as_ziamath_sets_it(typesetter, latex):
    from ziamath.zmath import Math

    # Twice, so that all parts of the second are kept ones.
    typesetter.measure(latex, 20.0)
    box = typesetter.measure(f" {latex}", 20.0)
    bounds = Math.fromlatex(latex, size=20.0).node.bbox

    assert box.width == pytest.approx(bounds.xmax - bounds.xmin)
    assert box.height == pytest.approx(bounds.ymax)
    assert box.depth == pytest.approx(-bounds.ymin)


@pytest.mark.parametrize(
    "latex",
    [
        r"a \cdot \frac{\partial \left(x_n - \left(\frac{y}{u}\right)\right)}{\partial z} \cdot b",
        r"\quad \cdot \frac{\frac{a}{b}}{c} + \sqrt{\left(\frac{a}{b}\right)}",
        r"{\left(\frac{a}{b}\right)}^{n} - \left[x\right]",
        r"a \frac{b}{c} \frac{d}{e}",
        r"u\frac{v}{\left(x^n\right)}\frac{c}{d}",
    ],
)
def test_fractions_and_brackets_in_a_row_stand_where_ziamath_puts_them(latex):
    from ziamath.zmath import Math

    typesetter = ZiamathTypesetter(cjk_font=None)
    box = typesetter.measure(latex, 20.0)
    whole = Math(typeset._mathml(latex), size=20.0, font=typesetter._font_name).node.bbox

    assert [box.width, box.height, box.depth] == pytest.approx(
        [whole.xmax - whole.xmin, whole.ymax, -whole.ymin]
    )


@pytest.mark.parametrize("size", [22.5, 27.03])
@pytest.mark.parametrize("latex", [r"a \cdot \frac{x_{i_j}}{2}", r"\sqrt{\left(\sum_i y\right)^2}"])
def test_a_box_in_another_size_is_what_is_set_in_that_size(typesetter, latex, size):
    found, set_anew = typesetter.measure(latex, 30.0).scaled(size / 30.0), ZiamathTypesetter(None)
    wanted = set_anew.measure(latex, size)

    assert [found.width, found.height, found.depth] == pytest.approx(
        [wanted.width, wanted.height, wanted.depth]
    )
    for one, other in zip(found.pieces, wanted.pieces, strict=True):
        assert [one.x, one.y] == pytest.approx([other.x, other.y])


SUMS = [r"\sum_{c,i} x_i", r"\frac{\prod_{i} x}{2}", r"\sqrt{\sum_i x}"]


@pytest.mark.parametrize("inside", SUMS)
def test_brackets_around_a_sum_are_as_high_as_what_they_hold(inside, typesetter):
    plain = typesetter.measure(inside, 30.0)
    held = typesetter.measure(rf"\left({inside}\right)", 30.0)

    assert plain.tall <= held.tall <= 1.35 * plain.tall


@pytest.mark.parametrize("signs", [GRAPH_SIGNS, TIME_SIGNS])
def test_the_sign_of_every_operation_leaves_ink_inside_its_circle(typesetter, signs):
    for sign, latex in signs.items():
        box = typesetter.measure(latex, 20.0)
        assert outlines(box) or texts(box).strip(), sign
        assert box.width > 2, sign
