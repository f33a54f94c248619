"""What a set formula consists of: outlines of glyphs, rules and runs of text, in a box."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Box", "Command", "Ink", "Outline", "Piece", "Rule", "TextRun"]

Command = tuple[str | float, ...]


@dataclass(frozen=True, slots=True)
class Outline:
    """One glyph as path commands ("M", x, y), ("L", ..), ("Q", ..), ("C", ..), ("Z",).

    In units of `1 / units` em, y downwards, origin on the baseline. Equal outlines have equal ids.
    """

    id: str
    commands: tuple[Command, ...]
    units: float


@dataclass(frozen=True, slots=True)
class Ink:
    """A glyph with its origin at (x, y), `size` pixels to the em."""

    outline: Outline
    x: float
    y: float
    size: float


@dataclass(frozen=True, slots=True)
class Rule:
    """A filled rectangle: a fraction bar, the roof of a root."""

    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class TextRun:
    """Characters without an outline: a viewer sets them in `width` pixels with its own font."""

    text: str
    x: float
    y: float
    size: float
    width: float


Piece = Ink | Rule | TextRun


@dataclass(frozen=True, slots=True)
class Box:
    """A set formula: origin at the left end of the baseline, y downwards, all in pixels.

    `height` is above the baseline and `depth` below, so the box is `height + depth` tall.
    """

    width: float
    height: float
    depth: float
    pieces: tuple[Piece, ...]

    def scaled(self, factor: float) -> Box:
        """The same formula in another size; in small sizes ziamath sets scripts a bit larger."""
        sizes = (self.width, self.height, self.depth)
        width, height, depth = (factor * one for one in sizes)
        return Box(width, height, depth, tuple(_scaled(one, factor) for one in self.pieces))

    @property
    def tall(self) -> float:
        """Height and depth together."""
        return self.height + self.depth


def _scaled(piece: Piece, by: float) -> Piece:
    x, y = by * piece.x, by * piece.y
    if isinstance(piece, Ink):
        return Ink(piece.outline, x, y, by * piece.size)
    if isinstance(piece, Rule):
        return Rule(x, y, by * piece.width, by * piece.height)
    return TextRun(piece.text, x, y, by * piece.size, by * piece.width)
