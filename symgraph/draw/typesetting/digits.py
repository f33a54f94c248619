"""Formulas that differ in their digits only: set once, with other digits put in.

All digits of the math font are equally wide, so `x_{12}` and `x_{47}` are set alike. Setting a
formula costs milliseconds and a large picture has thousands of such labels.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Sequence
from dataclasses import dataclass

from symgraph.draw.typesetting.ink import Box, Ink, Outline
from symgraph.draw.typesetting.rows import moved

__all__ = ["DIGITS_IN_FACES", "Faces", "Template", "canonical", "face_in", "template"]

_DIGIT = re.compile(r"\d", re.ASCII)


# Formulas that end with the digits in each of the faces below.
DIGITS_IN_FACES = ("0123456789", "x_{0123456789}", "x_{y_{0123456789}}")
_SCRIPT = 0.66
_AT_THE_END = 0.05
# 0 to 9 as they look in the line, as scripts and as scripts of scripts.
Faces = tuple[tuple[Outline, ...], ...]


@dataclass(frozen=True, slots=True)
class Template:
    """The box of a canonical formula, and of each of its digits the piece and the face."""

    box: Box
    where: tuple[tuple[int, int], ...]

    def filled(self, digits: Sequence[int], faces: Faces) -> Box:
        """The box with these digits."""
        pieces = list(self.box.pieces)
        left, right = 0.0, self.box.width
        for (index, face), digit in zip(self.where, digits, strict=True):
            before = pieces[index]
            assert isinstance(before, Ink)
            after = Ink(faces[face][digit], before.x, before.y, before.size)
            pieces[index] = after
            # A box begins and ends where there is ink.
            (old_left, old_right), (new_left, new_right) = _reach(before), _reach(after)
            if abs(old_left) < _AT_THE_END:
                left = new_left
            if abs(old_right - self.box.width) < _AT_THE_END:
                right = new_right
        if left:
            pieces = [moved(piece, -left, 0.0) for piece in pieces]
        return Box(right - left, self.box.height, self.box.depth, tuple(pieces))


def _reach(ink: Ink) -> tuple[float, float]:
    """From where to where there is ink."""
    start, end = _ink(ink.outline)
    return ink.x + start * ink.size, ink.x + end * ink.size


@functools.lru_cache(maxsize=256)
def _ink(outline: Outline) -> tuple[float, float]:
    """From where to where a glyph reaches, in em."""
    xs = [float(x) for command in outline.commands for x in command[1::2]]
    return min(xs, default=0.0) / outline.units, max(xs, default=0.0) / outline.units


def canonical(latex: str) -> tuple[tuple[str, ...], tuple[int, ...]] | None:
    """The formulas that stand for all that differ in their digits, and the digits of this one.

    Digits are told apart by what they are in both formulas; of up to ten digits one tells all.
    None where there are no digits, or more than can be told apart.

    >>> canonical("x_{47}^2")
    (('x_{01}^2',), (4, 7, 2))
    >>> canonical("x_{12345678901}")[0]
    ('x_{01234567890}', 'x_{00000000001}')
    """
    digits = tuple(int(digit) for digit in _DIGIT.findall(latex))
    if not 0 < len(digits) <= 100:
        return None
    places = range(len(digits))
    counted = [[str(k % 10) for k in places], [str(k // 10) for k in places]]
    if len(digits) <= 10:
        del counted[1]
    return tuple(_with(latex, shown) for shown in counted), digits


def _with(latex: str, digits: Sequence[str]) -> str:
    following = iter(digits)
    return _DIGIT.sub(lambda _: next(following), latex)


def face_in(box: Box) -> tuple[Outline, ...]:
    """The outlines of 0 to 9, with which this box ends."""
    return tuple(piece.outline for piece in box.pieces[-10:] if isinstance(piece, Ink))


def template(boxes: Sequence[Box], count: int, size: float, faces: Faces) -> Template | None:
    """What to fill, or None where the digits of the canonical formulas are not all to be seen.

    They are lengths, or letters of a kind of their own as in `\\mathbb{1}`.
    """
    known = {(face, face_digits[digit].id): digit for face, face_digits in enumerate(faces)
             for digit in range(10)}  # fmt: skip
    if len({len(box.pieces) for box in boxes}) > 1:
        return None
    where: dict[int, tuple[int, int]] = {}
    for index, pieces in enumerate(zip(*(box.pieces for box in boxes), strict=True)):
        place = 0
        for piece, unit in zip(pieces, (1, 10), strict=False):
            face = _face(piece.size / size) if isinstance(piece, Ink) else -1
            digit = known.get((face, piece.outline.id)) if isinstance(piece, Ink) else None
            if digit is None:
                break
            place += digit * unit
        else:
            if place in where or place >= count:
                return None
            where[place] = (index, face)
    if len(where) < count:
        return None
    return Template(boxes[0], tuple(where[place] for place in range(count)))


def _face(share: float) -> int:
    """Which face is used at a share of the size of the formula."""
    return 0 if share > 0.9 else 1 if share > _SCRIPT else 2
