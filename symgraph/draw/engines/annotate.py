"""Where the values stand: beside their node, on the side where they disturb nothing."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from symgraph.draw.engines.spots import Align, Size, far_spots, near_spots
from symgraph.draw.geometry import Point, Rect, Shape, bounds_of, hits
from symgraph.draw.plan import TITLE_INSET
from symgraph.draw.view import Direction

__all__ = ["RectGrid", "Spot", "place_title", "place_values"]

# Costs of one collision: with something solid, with an edge, with where others would rather be.
_SOLID = 1000.0
_EDGE = 100.0
_WISH = 10.0
_CLEAR = 2.0
_TITLE_STEP = 6.0
# After so many trials in one picture only the first few spots of a node are tried.
_PATIENCE, _FEW_SPOTS = 12_000, 6
_ENDLESS = 6_000.0
_CELL = 64.0


@dataclass(frozen=True, slots=True)
class Spot:
    """The block of the values of one node, and how its lines are aligned in it."""

    rect: Rect
    align: Align
    cost: float


def place_values(
    sizes: Sequence[Size | None],
    shapes: Sequence[Shape],
    labels: Sequence[Rect],
    lines: Sequence[Sequence[Point]],
    direction: Direction,
    gap: float,
) -> list[Spot | None]:
    """A spot for the values of each node, None where it has none.

    `sizes` are those of the blocks of values, `lines` the visible edges as points, `gap` is how
    far a block stands off its node. Nodes are served in order; each takes the first spot
    without a collision, else the one that collides least.
    """
    if not any(sizes):
        return [None] * len(sizes)
    solid = RectGrid([*(shape.bounds for shape in shapes), *labels])
    edges = _Segments(lines)
    wishes = [
        next(iter(_spots(size, shape, direction, gap)), None) if size else None
        for size, shape in zip(sizes, shapes, strict=True)
    ]
    waiting = RectGrid([wish[0] if wish else Rect(0, 0, 0, 0) for wish in wishes])
    placed = RectGrid([])
    found: list[Spot | None] = []
    tried = 0
    for index, (size, shape) in enumerate(zip(sizes, shapes, strict=True)):
        if size is None:
            found.append(None)
            continue
        best: Spot | None = None
        for rank, (rect, align) in enumerate(_spots(size, shape, direction, gap)):
            if tried > _PATIENCE and rank >= _FEW_SPOTS:
                break
            tried += 1
            clear = rect.grown(_CLEAR)
            cost = 0.01 * rank
            cost += _SOLID * (solid.count(clear) + placed.count(clear))
            enough = math.inf if best is None else best.cost
            if cost < enough:
                cost += _WISH * sum(k > index for k in waiting.near(clear))
            if cost < enough:
                cost += _EDGE * edges.count(clear)
            if cost < enough:
                best = Spot(rect, align, cost)
            if cost < _WISH:
                break
        assert best is not None
        placed.add(best.rect)
        found.append(best)
    return found


def place_title(box: Rect, width: float, height: float, lines: Sequence[Sequence[Point]]) -> Rect:
    """Where the title of a group stands in the strip under the upper side of its box.

    As far left as no line runs through it.
    """
    top = box.top + TITLE_INSET / 2
    first = box.left + TITLE_INSET
    steps = max(0, int((box.right - TITLE_INSET - width - first) / _TITLE_STEP))
    strip = Rect(box.left, top, box.right, top + height)
    near = [line for line in lines if bounds_of(line).meets(strip)]
    for step in range(steps + 1):
        left = first + step * _TITLE_STEP
        spot = Rect(left, top, left + width, top + height)
        if not any(hits(line, spot.grown(_CLEAR)) for line in near):
            return spot
    return Rect(first, top, first + width, top + height)


def _spots(
    size: Size, shape: Shape, direction: Direction, gap: float
) -> Iterator[tuple[Rect, Align]]:
    """Places for the block, the best first."""
    yield from near_spots(size, shape.bounds, direction, gap)
    yield from far_spots(size, shape.bounds, direction, gap)


class RectGrid:
    """Rectangles that can be asked who is near."""

    def __init__(self, rects: Iterable[Rect]) -> None:
        self.rects: list[Rect] = []
        self.cells: dict[tuple[int, int], list[int]] = {}
        for rect in rects:
            self.add(rect)

    def add(self, rect: Rect) -> None:
        """One more rectangle."""
        for cell in _cover(rect.left, rect.top, rect.right, rect.bottom):
            self.cells.setdefault(cell, []).append(len(self.rects))
        self.rects.append(rect)

    def near(self, rect: Rect) -> list[int]:
        """The numbers of the rectangles that share room with this one, in order."""
        return sorted(self._near(rect))

    def _near(self, rect: Rect) -> set[int]:
        cells, rects = self.cells, self.rects
        return {
            k
            for cell in _cover(rect.left, rect.top, rect.right, rect.bottom)
            if cell in cells
            for k in cells[cell]
            if rects[k].meets(rect)
        }

    def count(self, rect: Rect) -> int:
        """How many rectangles share room with this one."""
        return len(self._near(rect))


class _Segments:
    """The segments of lines that can be asked how many of them run through a rectangle."""

    def __init__(self, lines: Iterable[Sequence[Point]]) -> None:
        self.pairs = [pair for line in lines for pair in itertools.pairwise(line)]
        ends = np.array(self.pairs, dtype=np.float64).reshape(-1, 2, 2)
        low, high = ends.min(axis=1), ends.max(axis=1)
        # What is longer than any picture in which somebody reads values is left out.
        kept = np.flatnonzero((high - low).sum(axis=1) <= _ENDLESS)
        first = np.floor(low[kept, 1] / _CELL).astype(np.int64)
        bands = np.floor(high[kept, 1] / _CELL).astype(np.int64) - first + 1
        begins = np.cumsum(bands) - bands
        band = np.repeat(first - begins, bands) + np.arange(bands.sum())
        order = np.argsort(band, kind="stable")
        # By the bands of the picture that they touch, one above the other.
        self.number = np.repeat(kept, bands)[order]
        self.low, self.high = low[self.number], high[self.number]
        known, starts = np.unique(band[order], return_index=True)
        stops = [*starts.tolist(), len(order)][1:]
        self.slices = {
            at: slice(start, stop)
            for at, start, stop in zip(known.tolist(), starts.tolist(), stops, strict=True)
        }

    def count(self, rect: Rect) -> int:
        """How many segments run through a rectangle."""
        near: set[int] = set()
        for band in range(int(rect.top // _CELL), int(rect.bottom // _CELL) + 1):
            where = self.slices.get(band)
            if where is not None:
                low, high = self.low[where], self.high[where]
                meets = low[:, 0] < rect.right
                meets &= high[:, 0] > rect.left
                meets &= low[:, 1] < rect.bottom
                meets &= high[:, 1] > rect.top
                near.update(self.number[where][meets].tolist())
        return sum(hits(self.pairs[k], rect) for k in near)


def _cover(left: float, top: float, right: float, bottom: float) -> list[tuple[int, int]]:
    """The cells that a rectangle touches."""
    first, last = int(left // _CELL), int(right // _CELL)
    upper, lower = int(top // _CELL), int(bottom // _CELL)
    if first == last and upper == lower:
        return [(first, upper)]
    return [(x, y) for x in range(first, last + 1) for y in range(upper, lower + 1)]
