"""LaTeX of labels, taken apart and written again: safe for TeX, and plain for the ear."""

import hypothesis.strategies as st
import pytest
from draw.hostile import HOSTILE_TITLES
from draw.tex_scan import check_balanced, commands
from hypothesis import given, settings

from symgraph.draw.writers.texmath import plain, tex, tex_text

# What may stand in a label; none of these reads, writes or defines anything.
HARMLESS = set(
    r"""text mathrm mathbf mathsf mathbb frac sqrt left right hat tilde bar dot sgOne sgUnicode
    textbackslash textasciicircum textasciitilde ensuremath prime alpha sim cdot operatorname
    begin end mathcal backslash""".split()
)
PIECES = st.sampled_from(
    r"""\frac \sqrt \left \right ( ) [ ] { } ^ _ & \\ # $ % ~ a 1 x \text \mathrm \hat
    \begin{bmatrix} \end{bmatrix} \write18 \input \def \csname \endcsname ^^41 ' \, \alpha
    \mathbb{1} 损 é 𝒲 \begin{document} \verb|x| \expandafter \noexpand \jobname""".split()
)


@pytest.mark.parametrize(
    ("latex", "written", "read"),
    [
        (r"\frac{a}{b}", r"\frac{a}{b}", "a/b"),
        (r"w_1", r"w_{1}", "w₁"),
        (r"\mathbb{1}[x > 0]", r"\sgOne [x > 0]", "𝟙[x > 0]"),
        (r"\mathrm{score}", r"\mathrm{score}", "score"),
        (r"W^\top x", r"W^{\top} x", "W^⊤ x"),
        (r"\frac{\partial L}{\partial w_1}", r"\frac{\partial  L}{\partial  w_{1}}", "∂ L/∂ w₁"),
        (r"\text{损失}", r"\text{损失}", "损失"),
        (r"\frac{a + b}{c}", r"\frac{a + b}{c}", "(a + b)/c"),
        (r"3 \cdot 10^{-7}", r"3 \cdot  10^{{-7}}", "3 · 10⁻⁷"),
    ],
)
def test_a_formula_is_written_and_read(latex, written, read):
    assert (written, read) == (tex(latex), plain(latex))


@pytest.mark.parametrize("text", HOSTILE_TITLES)
def test_a_hostile_formula_has_no_command_of_its_own(text):
    for written in (tex(text), tex_text(text)):
        check_balanced(written)
        assert commands(written) <= HARMLESS


@given(st.lists(PIECES, max_size=25))
@settings(max_examples=300)
def test_whatever_is_written_balances_and_knows_only_harmless_commands(pieces):
    written = tex("".join(pieces))

    check_balanced(written)
    assert commands(written) <= HARMLESS
    assert written.count(r"\left") == written.count(r"\right")


@given(st.text(max_size=40))
@settings(max_examples=200)
def test_any_text_keeps_to_itself(text):
    written = tex_text(text)

    check_balanced(written)
    assert commands(written) - HARMLESS <= {"c", "v"} | OF_SIGNS


OF_SIGNS = commands(
    "".join(tex_text(chr(code)) for code in range(0xA0, 0x2AFF) if chr(code).isprintable())
)


def test_two_scripts_at_one_place_are_text_since_tex_would_stop():
    assert r"\text{a\textasciicircum{}b\textasciicircum{}c}" == tex("a^b^c")
