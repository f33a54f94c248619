"""Who is near: rectangles in the cells of a grid."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from symgraph.draw.geometry import Rect

__all__ = ["Cells", "Near", "cells_of"]

_CELL = 64.0

# The cells that some rectangles touch.
Cells = Sequence[tuple[int, int]]


class Near:
    """Cells by number; a number may cover any of them."""

    def __init__(self) -> None:
        self._cells: dict[tuple[int, int], list[int]] = {}
        self._covered: dict[int, Cells] = {}

    def put(self, number: int, cells: Cells) -> None:
        """Let a number cover these cells, and no longer those it covered before."""
        for cell in self._covered.pop(number, ()):
            self._cells[cell].remove(number)
        for cell in cells:
            self._cells.setdefault(cell, []).append(number)
        self._covered[number] = cells

    def around(self, cells: Cells) -> list[int]:
        """The numbers that cover one of these cells, in order."""
        known = self._cells
        found: set[int] = set()
        for cell in cells:
            if cell in known:
                found.update(known[cell])
        return sorted(found)


def cells_of(rects: Iterable[Rect]) -> Cells:
    """The cells that rectangles touch, each once."""
    found: dict[tuple[int, int], None] = {}
    for rect in rects:
        top, bottom = int(rect.top // _CELL), int(rect.bottom // _CELL)
        for column in range(int(rect.left // _CELL), int(rect.right // _CELL) + 1):
            for row in range(top, bottom + 1):
                found[column, row] = None
    return tuple(found)
