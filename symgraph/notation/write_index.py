"""Writing indices: X[b,c,2h+i], Σ_{b,h}, 1[0 ≤ h−i < H], arrays by their entries."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sympy

from symgraph.notation.indexed import (
    Array,
    Entry,
    Index,
    Inside,
    Over,
    Place,
    Places,
    Quotient,
    Remainder,
    implied,
)
from symgraph.notation.pen import (
    HADAMARD,
    POWER,
    REL,
    SUM,
    Pen,
    piece_of,
)
from symgraph.notation.tree import (
    Formula,
    Name,
    Number,
    Symbolic,
)
from symgraph.printing import ATOM, Piece, entry_name

__all__: list[str] = []


@piece_of.register
def _(formula: Index, pen: Pen) -> Piece:
    return Piece(formula.letter)


@piece_of.register
def _(formula: Place, pen: Pen) -> Piece:
    """A position without blanks: 2h+i-1."""
    text = ""
    for step, atom in zip(formula.steps, formula.atoms, strict=True):
        sign = pen.minus if step < 0 else "+" * bool(text)
        size = "" if abs(step) == 1 else str(abs(step))
        times = pen.pick("*", "", "") if size and not isinstance(atom, Index) else ""
        text += sign + size + times + pen.wrap(piece_of(atom, pen), POWER)
    if formula.offset != 0:
        rest = piece_of(_offset(abs(formula.offset)), pen)
        negative = _is_below_zero(formula.offset)
        if not isinstance(formula.offset, int) and not negative:
            rest = piece_of(_offset(formula.offset), pen)
        text += (pen.minus if negative else "+") + pen.wrap(rest, POWER).replace(" ", "")
    return Piece(text, SUM)


def _is_below_zero(offset: Any) -> bool:
    number = sympy.sympify(offset)
    return bool(number.is_negative or number.could_extract_minus_sign())


def _offset(size: Any) -> Formula:
    if isinstance(size, int):
        return Number(size)
    return Symbolic(-size.args[0] if isinstance(size, sympy.Abs) else size)


@piece_of.register
def _(formula: Inside, pen: Pen) -> Piece:
    size = Number(formula.length) if isinstance(formula.length, int) else Symbolic(formula.length)
    sign = pen.pick("<=", "≤", r"\le")
    position = piece_of(formula.position, pen).text
    end = pen.wrap(piece_of(size, pen), REL + 1)
    inside = f"0 {sign} {position} < {end}"
    return Piece(pen.bracket.format(inside))


@piece_of.register
def _(formula: Quotient, pen: Pen) -> Piece:
    inside = pen.wrap(piece_of(formula.x, pen), POWER)
    quotient = f"{inside}/{formula.by}"
    shown = pen.pick("floor({})", "⌊{}⌋", r"\lfloor {} \rfloor")
    return Piece(shown.format(quotient))


@piece_of.register
def _(formula: Remainder, pen: Pen) -> Piece:
    inside = pen.wrap(piece_of(formula.x, pen), POWER)
    shown = pen.pick("{} mod {}", "{} mod {}", r"{} \bmod {}")
    return Piece(shown.format(inside, formula.by), SUM)


@piece_of.register
def _(formula: Places, pen: Pen) -> Piece:
    return Piece(pen.parens(", ".join(piece_of(at, pen).text for at in formula.at)))


@piece_of.register
def _(formula: Entry, pen: Pen) -> Piece:
    if pen.spelling.subscripts and isinstance(formula.base, Name):
        return _subscripted(formula.base, formula.at, pen)
    base = pen.wrap(piece_of(formula.base, pen), ATOM)
    places = ",".join(piece_of(at, pen).text for at in formula.at)
    if pen.style != "latex":
        return Piece(f"{base}[{places}]")
    # A second subscript needs braces around the first.
    return Piece(rf"{{{base}}}_{{{places}}}" if "_" in base else rf"{base}_{{{places}}}")


def _subscripted(base: Name, at: Sequence[Formula], pen: Pen) -> Piece:
    """w_ij^(1); indices that are numbers count from 1, as mathematics does."""
    counted = [Number(int(p.value) + 1) if isinstance(p, Number) else p for p in at]
    texts = [piece_of(place, pen).text for place in counted]
    single = all(len(text) == 1 for text in texts)
    places = ("" if single else ",").join(texts)
    name = entry_name(base.name, places, pen.style, base.name in pen.spelling.lowered)
    return Piece(name, POWER if "^" in name else ATOM)


_OVER: dict[str, tuple[str, str, str]] = {
    "sum": ("sum", "Σ", r"\sum"),
    "prod": ("prod", "Π", r"\prod"),
    "max": ("max", "max", r"\max"),
    "min": ("min", "min", r"\min"),
    "argmax": ("argmax", "argmax", r"\operatorname{argmax}"),
}


@piece_of.register
def _(formula: Over, pen: Pen) -> Piece:
    ranges = ",".join(_range(index, formula.body, pen) for index in formula.indices)
    body = pen.wrap(piece_of(formula.body, pen), HADAMARD)
    if not (pen.style == "text" and len(formula.indices) == 1 and ranges.isalpha()):
        ranges = f"{{{ranges}}}"
    if pen.style == "unicode" and len(ranges) == 3:
        ranges = ranges[1:-1]
    return Piece(f"{pen.pick(*_OVER[formula.head])}_{ranges} {body}", HADAMARD)


def _range(index: Index, body: Formula, pen: Pen) -> str:
    """The letter, with its bound where no array's axis tells it."""
    if index.length is None or implied(index, body):
        return index.letter
    size = index.length
    end = pen.wrap(piece_of(Number(size) if isinstance(size, int) else Symbolic(size), pen), POWER)
    return f"{index.letter}<{end}"


@piece_of.register
def _(formula: Array, pen: Pen) -> Piece:
    return piece_of(formula.body, pen)
