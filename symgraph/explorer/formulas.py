"""Formulas set in type for a page: outlines once, boxes once, referred to by number."""

from __future__ import annotations

from typing import Any

from symgraph.draw.typesetting.ink import Box, Ink, Outline, Rule
from symgraph.draw.typesetting.typeset import Typesetter, default_typesetter

__all__ = ["SIZE", "FormulaTable"]

#: Pixels to the em at which all formulas are set; the page scales them.
SIZE = 16.0


class FormulaTable:
    """All formulas of a page, each set once; `data` is what the page needs to paint them.

    >>> table = FormulaTable()
    >>> table.add("x^2"), table.add("y"), table.add("x^2")
    (0, 1, 0)
    >>> len(table.data()["boxes"])
    2
    """

    def __init__(self, typesetter: Typesetter | None = None) -> None:
        self._typesetter = typesetter or default_typesetter()
        self._numbers: dict[str, int] = {}
        self._boxes: list[list[Any]] = []
        self._outlines: dict[str, int] = {}
        self._glyphs: list[list[Any]] = []

    def add(self, latex: str) -> int:
        """The number of a formula."""
        if latex not in self._numbers:
            self._numbers[latex] = len(self._boxes)
            self._boxes.append(self._packed(self._typesetter.measure(latex, SIZE)))
        return self._numbers[latex]

    def data(self) -> dict[str, Any]:
        """Outlines as [units an em, commands], boxes as [width, height, depth, inks, rules, texts].

        An ink is [outline, x, y, size], a rule [x, y, width, height], a text [text, x, y, size,
        width].
        """
        return {"glyphs": self._glyphs, "boxes": self._boxes}

    def _packed(self, box: Box) -> list[Any]:
        inks: list[Any] = []
        rules: list[Any] = []
        texts: list[Any] = []
        for piece in box.pieces:
            if isinstance(piece, Ink):
                number = self._outline(piece.outline)
                inks.append([number, _round(piece.x), _round(piece.y), _round(piece.size)])
            elif isinstance(piece, Rule):
                rules.append([*map(_round, (piece.x, piece.y, piece.width, piece.height))])
            else:
                places = map(_round, (piece.x, piece.y, piece.size, piece.width))
                texts.append([piece.text, *places])
        return [_round(box.width), _round(box.height), _round(box.depth), inks, rules, texts]

    def _outline(self, outline: Outline) -> int:
        if outline.id not in self._outlines:
            self._outlines[outline.id] = len(self._glyphs)
            commands = " ".join(
                " ".join([str(command[0]), *(f"{float(x):g}" for x in command[1:])])
                for command in outline.commands
            )
            self._glyphs.append([outline.units, commands])
        return self._outlines[outline.id]


def _round(value: float) -> float:
    return round(value, 2) + 0.0
