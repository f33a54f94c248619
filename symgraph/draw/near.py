"""Who is near: rectangles in the cells of a grid."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from symgraph.draw.geometry import Rect

__all__ = ["Near"]

_CELL = 64.0


class Near:
    """Rectangles by number, each of any extent; a number may cover several."""

    def __init__(self) -> None:
        self._cells: dict[tuple[int, int], list[int]] = {}
        self._covered: dict[int, list[tuple[int, int]]] = {}

    def put(self, number: int, rects: Iterable[Rect]) -> None:
        """Let a number cover these rectangles, and no longer what it covered before."""
        for cell in self._covered.pop(number, ()):
            self._cells[cell].remove(number)
        covered = sorted({cell for rect in rects for cell in _cover(rect)})
        for cell in covered:
            self._cells.setdefault(cell, []).append(number)
        self._covered[number] = covered

    def around(self, rects: Iterable[Rect]) -> list[int]:
        """The numbers that may share room with one of these rectangles, in order."""
        cells = self._cells
        return sorted({k for rect in rects for cell in _cover(rect) for k in cells.get(cell, ())})


def _cover(rect: Rect) -> Iterator[tuple[int, int]]:
    rows = range(int(rect.top // _CELL), int(rect.bottom // _CELL) + 1)
    for column in range(int(rect.left // _CELL), int(rect.right // _CELL) + 1):
        for row in rows:
            yield column, row
