"""Writing sequences: s_{t−1}, Σ_t, products over time, the times of an equation."""

from __future__ import annotations

import re

from symgraph.notation.pen import (
    HADAMARD,
    POWER,
    PRODUCT,
    SUM,
    Pen,
    piece_of,
)
from symgraph.notation.sequences import Entries, Moment, OrderedProduct, OverTime, Side, Span, Timed
from symgraph.printing import Piece, Style

__all__ = ["moment_text", "span_text"]

#: δf, the derivative by the net input of gate f, and dC, the derivative by a carried value.
_OF_GATE = re.compile(r"δ[^\W\d_₀-₉]")
_DIFFERENTIAL = re.compile(r"d[^\W\d_₀-₉][\u0300-\u036f]*[0-9₀-₉]*")


@piece_of.register
def _(formula: Timed, pen: Pen) -> Piece:
    name, time = pen.name(formula.name).text, moment_text(formula.at, pen.style)
    if pen.style != "latex":
        short = not formula.at.letter or not formula.at.offset
        return Piece(f"{name}_{time if short else '{' + time + '}'}")
    plain = formula.name not in pen.spelling.literal
    if plain and _OF_GATE.match(formula.name):
        return Piece(rf"\delta^{{{pen.name(formula.name[1:]).text.strip()}}}_{{{time}}}", POWER)
    if plain and _DIFFERENTIAL.fullmatch(formula.name):
        name = r"\mathrm{d}" + pen.name(formula.name[1:]).text
    if name.endswith("}") and "_{" in name:  # h_{1}: the layer and the time stand side by side
        return Piece(f"{name[:-1]},{time}}}")
    return Piece(f"{name}_{{{time}}}")


def moment_text(moment: Moment, style: Style) -> str:
    """A time: t, t−1, T, 3."""
    if not moment.letter:
        return str(moment.offset)
    if not moment.offset:
        return moment.letter
    minus = "−" if style == "unicode" else "-"
    return f"{moment.letter}{minus if moment.offset < 0 else '+'}{abs(moment.offset)}"


def span_text(span: Span, style: Style) -> str:
    """The times of an equation, as they stand behind it."""
    first, last = (moment_text(one, style) for one in (span.first, span.last))
    if style == "latex":
        times = first if first == last else rf"{first}, \dots, {last}"
        return rf", \quad {span.letter} = {times}"
    dots = "…" if style == "unicode" else "..."
    return f",  {span.letter} = " + (first if first == last else f"{first}, {dots}, {last}")


@piece_of.register
def _(formula: OverTime, pen: Pen) -> Piece:
    head = pen.pick(
        f"sum_{formula.letter} ", f"Σ_{formula.letter} ", rf"\sum_{{{formula.letter}}} "
    )
    return Piece(head + pen.wrap(piece_of(formula.x, pen), SUM + 1), HADAMARD)


@piece_of.register
def _(formula: OrderedProduct, pen: Pen) -> Piece:
    ends = [moment_text(time, pen.style) for time in (formula.start, formula.stop)]
    dots = pen.pick(",...,", ",…,", r",\dots,")
    head = pen.pick("prod_{{{}}} ", "Π_{{{}}} ", r"\prod_{{{}}} ")
    inner = pen.wrap(piece_of(formula.x, pen), PRODUCT)
    return Piece(head.format(f"{formula.letter}={ends[0]}{dots}{ends[1]}") + inner, HADAMARD)


@piece_of.register
def _(formula: Entries, pen: Pen) -> Piece:
    dots = pen.pick("...", "…", r"\dots")
    return Piece(
        f"({piece_of(formula.first, pen).text}, {dots}, {piece_of(formula.last, pen).text})"
    )


@piece_of.register
def _(formula: Side, pen: Pen) -> Piece:
    numbers = formula.kind == "column" and all(x.sort == "scalar" for x in formula.items)
    inner = ("; " if formula.stacked or numbers else ", ").join(
        piece_of(x, pen).text for x in formula.items
    )
    return Piece(rf"\left[{inner}\right]" if pen.style == "latex" else f"[{inner}]")
