"""Where the labels of edges stand on a grid: close to their own edge and on nothing else."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from symgraph.draw.engines.annotate import RectGrid
from symgraph.draw.geometry import Point, Rect, bounds_of, hits

__all__ = ["FREE", "Wish", "place_labels"]

_GAP = 5.0
_CLEAR = 3.0
_SHARES = (0.5, 0.42, 0.58, 0.34, 0.66, 0.26, 0.74, 0.18, 0.82, 0.1, 0.9)
_SOLID, _OTHER, _OWN, _SHARED, _BORDER, _SHORT = 1000.0, 100.0, 100.0, 30.0, 4.0, 2.0
_PARTLY_SHARED = 1.5
#: A label that costs less than this stands on nothing.
FREE = _OWN


@dataclass(frozen=True, slots=True)
class Wish:
    """The label of one edge: its size, and the visible part of the edge as points."""

    size: tuple[float, float]
    line: Sequence[Point]


def place_labels(
    wishes: Sequence[Wish | None],
    lines: Sequence[Sequence[Point]],
    solid: Sequence[Rect],
    borders: Sequence[Rect],
) -> tuple[list[Rect | None], list[float]]:
    """The place of each label, and what it costs there.

    `lines` are the visible parts of all edges, `solid` is where no label may stand, `borders` are
    boxes whose outlines are better not written on. Edges with the fewest choices come first.
    """
    search = _Search(lines, solid, borders)
    order = sorted(
        (k for k, wish in enumerate(wishes) if wish is not None),
        key=lambda k: (_length(lines[k]) > 160.0, k),
    )
    found: list[Rect | None] = [None] * len(wishes)
    costs = [0.0] * len(wishes)
    for k in order:
        wish = wishes[k]
        assert wish is not None
        costs[k], found[k] = search.best(k, wish)
    return found, costs


class _Search:
    def __init__(
        self, lines: Sequence[Sequence[Point]], solid: Sequence[Rect], borders: Sequence[Rect]
    ) -> None:
        self.solid = RectGrid(list(solid))
        pairs = [(k, pair) for k, line in enumerate(lines) for pair in itertools.pairwise(line)]
        self.owners = [k for k, _ in pairs]
        self.segments = [pair for _, pair in pairs]
        self.near = RectGrid([bounds_of(pair, 0.1) for pair in self.segments])
        self.borders = borders

    def best(self, k: int, wish: Wish) -> tuple[float, Rect]:
        """The cheapest place beside an edge; it is taken."""
        best: tuple[float, Rect] | None = None
        runs = _runs(wish.line)
        extras = [
            0.6 * index + _PARTLY_SHARED * any(self._is_shared(k, _at(run, s)[0]) for s in _SHARES)
            for index, run in enumerate(reversed(runs))
        ]
        for rank, (rect, at, extra) in enumerate(_spots(wish, runs, extras)):
            cost = 0.02 * rank + extra + self._cost(k, rect, at)
            if best is None or cost < best[0]:
                best = (cost, rect)
            if cost < 0.5:
                break
        assert best is not None
        self.solid.add(best[1])
        return best

    def _cost(self, k: int, rect: Rect, at: Point) -> float:
        clear = rect.grown(_CLEAR)
        cost = _SOLID * self.solid.count(clear)
        other = own = False
        for index in self.near.near(clear):
            if self.owners[index] == k:
                own = own or hits(self.segments[index], rect.grown(1.0))
            else:
                other = other or hits(self.segments[index], clear)
        cost += _OTHER * other + _OWN * own
        cost += _SHARED * self._is_shared(k, at)
        return cost + _BORDER * sum(_on_border(clear, border) for border in self.borders)

    def _is_shared(self, k: int, at: Point) -> bool:
        """Whether another edge runs through a point too."""
        spot = Rect(at[0] - 1.0, at[1] - 1.0, at[0] + 1.0, at[1] + 1.0)
        return any(
            self.owners[index] != k and hits(self.segments[index], spot)
            for index in self.near.near(spot)
        )


def _on_border(rect: Rect, border: Rect) -> bool:
    inside = (
        border.left <= rect.left
        and rect.right <= border.right
        and border.top <= rect.top
        and rect.bottom <= border.bottom
    )
    return rect.meets(border) and not inside


def _spots(
    wish: Wish, runs: Sequence[list[Point]], extras: Sequence[float]
) -> Iterator[tuple[Rect, Point, float]]:
    """Places beside a line, the point of the line they belong to, and what they cost by nature.

    The last straight part comes first, for edges that share a way part before their ends.
    """
    width, height = wish.size
    if _is_loop(wish.line):
        at, (nx, ny) = _apex(wish.line)
        for away in (0.0, 6.0, 14.0):
            off = _GAP + away + width / 2 * abs(nx) + height / 2 * abs(ny)
            yield _around(at[0] + nx * off, at[1] + ny * off, wish.size), at, 0.0
    for index, run in enumerate(reversed(runs)):
        short = _length(run) < (height if abs(run[-1][0] - run[0][0]) < 1.0 else width)
        for share in _SHARES:
            at, (ux, uy) = _at(run, share)
            for side, (nx, ny) in enumerate(_normals(ux, uy)):
                off = _GAP + width / 2 * abs(nx) + height / 2 * abs(ny)
                rect = _around(at[0] + nx * off, at[1] + ny * off, wish.size)
                yield rect, at, 0.4 * side + extras[index] + _SHORT * short


def _around(x: float, y: float, size: tuple[float, float]) -> Rect:
    width, height = size
    return Rect(x - width / 2, y - height / 2, x + width / 2, y + height / 2)


def _is_loop(line: Sequence[Point]) -> bool:
    return math.dist(line[0], line[-1]) < 0.3 * _length(line)


def _apex(line: Sequence[Point]) -> tuple[Point, Point]:
    """The point of a loop farthest from its ends, and the direction to it."""
    middle = ((line[0][0] + line[-1][0]) / 2, (line[0][1] + line[-1][1]) / 2)
    at = max(line, key=lambda point: math.dist(middle, point))
    if abs(at[0] - middle[0]) >= abs(at[1] - middle[1]):
        return (at[0], middle[1]), (math.copysign(1.0, at[0] - middle[0]), 0.0)
    return (middle[0], at[1]), (0.0, math.copysign(1.0, at[1] - middle[1]))


def _normals(ux: float, uy: float) -> tuple[Point, Point]:
    """The two sides of a direction, the preferred one first: above; right of what is upright."""
    nx, ny = uy, -ux
    if ny > 0.15 or (abs(ny) <= 0.15 and nx < 0):
        nx, ny = -nx, -ny
    return (nx, ny), (-nx, -ny)


def _runs(line: Sequence[Point]) -> list[list[Point]]:
    """A line cut at its corners: where the direction has turned by more than 60 degrees."""
    runs: list[list[Point]] = [[line[0]]]
    start: Point | None = None
    for p, q in itertools.pairwise(line):
        length = math.dist(p, q)
        if length == 0:
            continue
        u = ((q[0] - p[0]) / length, (q[1] - p[1]) / length)
        start = start or u
        if u[0] * start[0] + u[1] * start[1] < 0.5:
            runs.append([p])
            start = u
        runs[-1].append(q)
    return [run for run in runs if len(run) > 1] or [list(line)]


def _length(line: Sequence[Point]) -> float:
    return sum(math.dist(p, q) for p, q in itertools.pairwise(line))


def _at(run: Sequence[Point], share: float) -> tuple[Point, Point]:
    """The point after a share of a line, and the direction there."""
    left = share * _length(run)
    for p, q in itertools.pairwise(run):
        length = math.dist(p, q)
        if length and left <= length + 1e-9:
            u = ((q[0] - p[0]) / length, (q[1] - p[1]) / length)
            return (p[0] + u[0] * left, p[1] + u[1] * left), u
        left -= length
    return run[-1], (0.0, -1.0)
