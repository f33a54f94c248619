"""A derivation as a page: lines of text, LaTeX, Markdown, HTML."""

from __future__ import annotations

import html as markup
import re
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from symgraph.explain.reasons import in_language
from symgraph.explain.rules import Language
from symgraph.notation.mathml import mathml
from symgraph.notation.spelling import PRODUCTS, Spelling
from symgraph.notation.tree import Formula, Hadamard, Sum
from symgraph.notation.write import write
from symgraph.printing import Style

if TYPE_CHECKING:
    from symgraph.explain.derivation import Derivation, Equation, Step

__all__ = ["html", "inline", "latex", "lines", "markdown", "markdown_block"]

#: A LaTeX line of more letters is broken: at its equal signs, then between terms or factors. A
#: step leaves room for its rule.
WIDEST, WIDEST_STEP = 64, 52
#: A display of more lines may break over pages.
PAGE_LINES = 16
#: The width of an operator with the space around it, and how small an index is.
_SPACED, _SMALL = 2.0, 0.7

_HEADINGS: dict[Language, tuple[str, str, str, str]] = {
    "en": ("Derivative of {root} with respect to {wrt}", "Given", "Steps", "Result"),
    "zh": ("{root} 对 {wrt} 的导数", "已知", "推导", "结果"),
}
_UNVERIFIED: dict[Language, str] = {
    "en": "Not verified at random values: {lines}, as {reason}.",
    "zh": "未在随机值处核对：{lines}（{reason}）。",
}
_COLON: dict[Language, str] = {"en": ": ", "zh": "："}
_STOP: dict[Language, str] = {"en": ".", "zh": "。"}
_COMMA: dict[Language, str] = {"en": ", ", "zh": "、"}

_NEXT_LINE = "\\\\\n"

Show = Callable[[Formula, bool], str]


def inline(style: Style, spelling: Spelling) -> Show:
    """Formulas within a sentence: between dollars in LaTeX, sums in parentheses elsewhere."""

    def show(formula: Formula, as_factor: bool) -> str:
        if style == "latex":
            return f"${write(formula, style, as_factor, spelling)}$"
        return write(formula, style, as_factor or isinstance(formula, Sum), spelling)

    return show


class _Headings:
    """The title of a page and of its three parts."""

    def __init__(self, derivation: Derivation, show: Show) -> None:
        whole, self.given, self.steps, self.result = _HEADINGS[derivation.lang]
        wrt = _COMMA[derivation.lang].join(show(one, False) for one in derivation.wrt)
        self.whole = whole.format(root=show(derivation.root, False), wrt=wrt)


def _remarks(derivation: Derivation, show: Show) -> list[str]:
    found = [one.written(derivation.lang, show) for one in derivation.notes]
    by_reason: dict[str, dict[str, None]] = {}
    for line, reason in derivation.unverified:
        left = line.stated
        by_reason.setdefault(reason, {})[show(left, False)] = None
    for reason, lines in by_reason.items():
        listed = _COMMA[derivation.lang].join(lines)
        why = in_language(reason, derivation.lang)
        found.append(_UNVERIFIED[derivation.lang].format(lines=listed, reason=why))
    return found


# --- text and Unicode ---------------------------------------------------------------------------


def lines(derivation: Derivation, style: Style) -> str:
    """A page of plain text."""
    lang, show = derivation.lang, inline(style, derivation.spelling)
    headings = _Headings(derivation, show)
    page = [headings.whole, "", headings.given]
    page += [f"  {one.written(style)}" for one in (*derivation.given, *derivation.assumed)]
    if derivation.steps:
        page += ["", headings.steps]
    for number, step in enumerate(derivation.steps, 1):
        page.append(f"  {number}. {step.title(lang)}{_COLON[lang]}{step.line(style, lang=lang)}")
        page.append(f"     {step.reason(lang, style)}")
    page += ["", headings.result]
    page += [f"  {one.written(style)}" for one in (*derivation.names, *derivation.results)]
    remarks = _remarks(derivation, show)
    return "\n".join([*page, "", *remarks] if remarks else page)


# --- LaTeX --------------------------------------------------------------------------------------


def latex(derivation: Derivation) -> str:
    """One align* environment, its lines not too wide."""
    given = [_stated(one) for one in (*derivation.given, *derivation.assumed)]
    steps = [
        _chained(step, f"{number}. {step.title(derivation.lang)}")
        for number, step in enumerate(derivation.steps, 1)
    ]
    results = [_stated(one) for one in (*derivation.names, *derivation.results)]
    # amsmath keeps a display on one page unless its lines say where it may break.
    long = len(given) + len(steps) + len(results) > PAGE_LINES
    may_break = r"\displaybreak[0] " if long else ""
    blocks = [f"{may_break}{_NEXT_LINE}".join(block) for block in (given, steps, results) if block]
    body = f"{may_break}\\\\[1ex]\n".join(blocks)
    return f"\\begin{{align*}}\n{body}\n\\end{{align*}}"


def _stated(equation: Equation) -> str:
    """An equation as a line, or as several."""
    left, right = equation.sides
    times = equation.times("latex")
    parts = _broken(right, equation.spelling, WIDEST - _width(times))
    parts[-1] += times
    head = f"  {write(left, 'latex', spelling=equation.spelling)} &= {parts[0]} "
    return _NEXT_LINE.join([head, *_continued(parts)])


def _chained(step: Step, rule: str) -> str:
    """A step with its rule beside it, one equal sign a line where it is wide."""
    head, *rest = step.chain("latex")
    beside = rf"&& \text{{{rule}}} "
    one_line = " = ".join(rest)
    if _width(f"{head} = {one_line}") <= WIDEST_STEP:
        return f"  {head} &= {one_line} {beside}"
    rows: list[str] = []
    for side in step.sides[1:]:
        parts = _broken(side, step.spelling, WIDEST_STEP)
        rows += [f"  &= {parts[0]} ", *_continued(parts)]
    rows[0] = f"  {head} {rows[0].lstrip()}{beside}"
    return _NEXT_LINE.join(rows)


def _continued(parts: list[str]) -> list[str]:
    """The lines below the first one, moved in."""
    return [rf"  &\quad {{}} {one} " for one in parts[1:]]


def _broken(formula: Formula, spelling: Spelling, widest: float) -> list[str]:
    """A formula in parts that go below each other: terms of a sum, factors of a product."""
    text = write(formula, "latex", spelling=spelling)
    if _width(text) <= widest or not _can_break(formula):
        return [text]
    is_sum = isinstance(formula, Sum)
    sign = "+" if is_sum else PRODUCTS[spelling.product][2]
    pieces = [write(one, "latex", not is_sum, spelling) for one in formula.parts]
    parts = [pieces[0]]
    for piece in pieces[1:]:
        signed = piece if is_sum and piece.startswith("-") else f"{sign} {piece}"
        spaced = f"- {signed[1:]}" if signed.startswith("-") else signed
        if _width(parts[-1]) + _width(spaced) > widest:
            parts.append(spaced)
        else:
            parts[-1] += f" {spaced}"
    return parts


def _can_break(formula: Formula) -> bool:
    return isinstance(formula, Sum) or (isinstance(formula, Hadamard) and not formula.over)


def _width(latex: str) -> float:
    """About how many letters wide a formula is set."""
    return _extent(ET.fromstring(mathml(latex)))


def _extent(element: ET.Element) -> float:
    """The width of an element: a fraction is as wide as its wider part, an index is small."""
    tag = element.tag.rpartition("}")[2]
    if len(element) == 0:
        wide = tag == "mo" and element.get("stretchy") is None and element.get("form") is None
        return _SPACED if wide else len(element.text or "")
    parts = [_extent(one) for one in element]
    if tag == "mfrac":
        return max(parts)
    if tag in ("munder", "mover", "munderover"):
        return max(parts[0], *(_SMALL * one for one in parts[1:]))
    if tag in ("msub", "msup", "msubsup"):
        return parts[0] + max(_SMALL * one for one in parts[1:])
    return sum(parts)


# --- Markdown -----------------------------------------------------------------------------------

#: Chinese characters and punctuation, as a class of a regular expression.
_CHINESE = "\u3000-\u303f\u4e00-\u9fff\uff00-\uffef"
# A backslash before punctuation is an escape in Markdown, and a backtick begins code.
_MARKDOWN = {
    r"\, ": r"\thinspace ", r"\,": r"\thinspace ", r"\{": r"\lbrace ", r"\}": r"\rbrace ",
    r"\$": r"\unicode{x24}", r"\#": r"\unicode{x23}", r"\&": r"\unicode{x26}",
    r"\%": r"\unicode{x25}", "`": r"\unicode{x60}",
}  # fmt: skip


def _for_markdown(text: str) -> str:
    for plain, safe in _MARKDOWN.items():
        text = text.replace(plain, safe)
    return text


def markdown_block(formula: str) -> str:
    """LaTeX as a paragraph of its own."""
    return f"$$\n{_for_markdown(formula)}\n$$"


def markdown(derivation: Derivation) -> str:
    """A page of Markdown, every formula a paragraph of its own."""
    lang = derivation.lang

    def show(formula: Formula, as_factor: bool) -> str:
        return f"${_for_markdown(write(formula, 'latex', as_factor, derivation.spelling))}$"

    headings = _Headings(derivation, show)
    page = [f"## {headings.whole}", f"**{headings.given}**"]
    page += [one.markdown() for one in (*derivation.given, *derivation.assumed)]
    if derivation.steps:
        page.append(f"**{headings.steps}**")
    for number, step in enumerate(derivation.steps, 1):
        heading = f"**{number}.** *{step.title(lang)}{_STOP[lang]}*"
        page += [f"{heading} {step.spoken(lang, show)}", markdown_block(step.line("latex"))]
    page.append(f"**{headings.result}**")
    page += [one.markdown() for one in (*derivation.names, *derivation.results)]
    page += _remarks(derivation, show)
    return "\n\n".join(map(_set_apart, page))


def _set_apart(paragraph: str) -> str:
    """With blanks between formulas and Chinese punctuation: GitHub sees no formula otherwise."""
    spaced = re.sub(rf"(?<=[{_CHINESE}])\$", " $", paragraph)
    return re.sub(rf"\$(?=[{_CHINESE}])", "$ ", spaced)


# --- HTML ---------------------------------------------------------------------------------------


def html(derivation: Derivation) -> str:
    """A section with MathML."""
    return "\n".join(_html_lines(derivation))


def _html_lines(derivation: Derivation) -> Iterator[str]:
    lang = derivation.lang

    def show(formula: Formula, as_factor: bool) -> str:
        return mathml(write(formula, "latex", as_factor, derivation.spelling))

    headings = _Headings(derivation, show)
    yield f'<section class="derivation" lang="{"zh-Hans" if lang == "zh" else "en"}">'
    yield f"<h2>{headings.whole}</h2>"
    yield f"<h3>{headings.given}</h3>"
    for one in (*derivation.given, *derivation.assumed):
        yield f"<p>{one.html()}</p>"
    if derivation.steps:
        yield f"<h3>{headings.steps}</h3>\n<ol>"
        for step in derivation.steps:
            title = markup.escape(step.title(lang))
            yield f"<li><p><b>{title}{_STOP[lang]}</b> {step.spoken(lang, show)}</p>"
            yield f"<p>{mathml(step.line('latex'), block=True)}</p></li>"
        yield "</ol>"
    yield f"<h3>{headings.result}</h3>"
    for one in (*derivation.names, *derivation.results):
        yield f"<p>{one.html()}</p>"
    for remark in _remarks(derivation, show):
        yield f"<p>{remark}</p>"
    yield "</section>"
