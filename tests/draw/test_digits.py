"""Formulas that differ in their digits only are set like ziamath sets each of them."""

import pytest

from symgraph.draw.typesetting import typeset
from symgraph.draw.typesetting.digits import canonical
from symgraph.draw.typesetting.ink import Ink
from symgraph.draw.typesetting.typeset import ZiamathTypesetter

SHARED = ZiamathTypesetter(cjk_font=None)


def set_by_itself(latex, size):
    """The box without any template."""
    return SHARED._render(typeset._mathml(latex), size, latex)


@pytest.mark.parametrize(
    "latex",
    [
        "x_{47}",
        r"1-\tanh^2(z_{93})",
        "h_4(1-h_4)",
        r"\frac{3}{8}x",
        r"3.7\cdot 10^{-5}",
        r"\sigma'(z^{(3)}_{5})",
        r"e^{-x_5}",
        r"a^{4}_{1}",
        r"x_{y_{38}}",
        r"\mathbb{1}[x_4>0]",
        r"\hspace{2em}x_2",
        r"\sum_{i=1}^{7} w_i",
    ],
)
def test_other_digits_in_a_formula_give_what_setting_it_anew_gives(latex):
    found, expected = SHARED.measure(latex, 20.0), set_by_itself(latex, 20.0)

    assert [piece.outline.id for piece in found.pieces if isinstance(piece, Ink)] == [
        piece.outline.id for piece in expected.pieces if isinstance(piece, Ink)
    ]
    for piece, other in zip(found.pieces, expected.pieces, strict=True):
        assert (piece.x, piece.y) == pytest.approx((other.x, other.y), abs=0.8)
    # ziamath lets the ink of a last digit decide how much air follows it.
    assert (found.width, found.height, found.depth) == pytest.approx(
        (expected.width, expected.height, expected.depth), abs=1.5
    )


def test_a_thousand_indices_are_one_formula_to_set(monkeypatch):
    setter = ZiamathTypesetter(cjk_font=None)
    setter.measure("x_{1}", 16.0)
    rendered = []
    render = setter._render
    monkeypatch.setattr(
        setter, "_render", lambda mathml, *rest: rendered.append(rest) or render(mathml, *rest)
    )
    boxes = {setter.measure(f"z_{{{k}}}", 16.0) for k in range(100, 1100)}

    assert 1000 == len(boxes)
    assert 2 == len(rendered)  # three digits and four


def test_what_comes_first_does_not_change_how_the_next_is_set():
    one, two = ZiamathTypesetter(None), ZiamathTypesetter(None)
    one.measure("x_{11}", 16.0)

    assert one.measure("x_{47}", 16.0) == two.measure("x_{47}", 16.0)


@pytest.mark.parametrize(
    "latex",
    [
        "x_{123456789012}",
        r"\tanh(1.01\tanh(f_{1882}+9.41)+9.43)^{2}",
        r"\frac{\partial f_{1001}}{\partial f_{998}}+0.1234567 x_{9}^{11}",
    ],
)
def test_of_more_than_ten_digits_each_stands_in_its_place(latex):
    found, expected = SHARED.measure(latex, 20.0), set_by_itself(latex, 20.0)

    assert SHARED._templates[canonical(latex)[0][0], 20.0] is not None
    for piece, other in zip(found.pieces, expected.pieces, strict=True):
        assert isinstance(piece, Ink) == isinstance(other, Ink)
        if isinstance(piece, Ink):
            assert piece.outline.id == other.outline.id
        # Digits in a row are kerned, a little each, where they are set by themselves.
        assert (piece.x, piece.y) == pytest.approx((other.x, other.y), abs=1.5)


def test_a_formula_without_digits_or_with_too_many_stands_for_itself():
    assert canonical("x_i") is None
    assert canonical("1" * 101) is None
    assert (("x_{01}^2",), (4, 7, 3)) == canonical("x_{47}^3")
