"""Shortcuts: each edge takes the plainest curve that meets nothing, and its label nestles to it."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import replace

from symgraph.draw.engines.near import Near, cells_of
from symgraph.draw.engines.ways import CLEAR, Routes, Way, Ways
from symgraph.draw.geometry import (
    Curve,
    Point,
    Rect,
    bounds_of,
    flatten,
    hits,
    segments,
)
from symgraph.draw.plan import Places, Plan, around

__all__ = ["blemishes", "conflicts", "refine"]

_LABEL_GAP = 5.0
# Up to so many edges the search is begun anew where it ends with edges through labels.
_ANEW = 240
_PASSES = 5
# After so much work (points of lines looked at) the search ends; what is still to be improved
# keeps to the safest way. All systems of lectures take less than a tenth of it.
_BUDGET = 1_500_000
# What it costs to run through a label or another edge, or to leave a label off its edge.
_LABEL, _CROSSING, _LOST = 25.0, 10.0, 15.0
# The values of an end can mostly stand elsewhere.
_OWN_VALUE, _CRAMPED = 0.4, 12.0
# An edge that costs less than this is left as it is.
_CONTENT = 3.0
# What is as good as this needs no comparison.
_FINE = 0.5
# How far off its edge a label may stand, in pixels, and what a pixel costs.
_OFFS, _OFF = (0.0, 14.0, 30.0), 0.2
# Where along its edge a label is tried, as a share of the way from head to tail.
_SPOTS = (0.5, 0.42, 0.58, 0.35, 0.65, 0.28, 0.72, 0.8, 0.88)


def refine(routes: Routes, boxes: Sequence[Rect] = ()) -> Routes:
    """Choose the curves and move the labels to them; `boxes` are those of the groups.

    A label moves only to where no node and no other label is, so those never come to overlap.
    """
    ways = Ways(routes, boxes)
    best = _searched(ways, frozenset())
    through = best.disturbed()
    # Start anew; some keep to the safest way and to the room reserved for their labels.
    for runners, owners in ((True, True), (False, True), (True, False)):
        if not through or len(routes.labels) > _ANEW or ways.work > _BUDGET:
            break
        fixed = {k for k, _ in through if runners} | {j for _, j in through if owners}
        search = _searched(ways, frozenset(fixed))
        found = search.disturbed()
        if len(found) < len(through):
            best, through = search, found
    return replace(routes, labels=best.labels, curves=[way.curve for way in best.ways])


def conflicts(routes: Routes) -> int:
    """How many labels have an edge of others running through them."""
    chosen: list[tuple[Curve, ...]] = [(curve,) for curve in routes.curves]
    return len(_Search(Ways(replace(routes, choices=chosen), ()), frozenset()).disturbed())


def blemishes(plan: Plan, places: Places) -> int:
    """How often an edge runs through a node that is not its own, or through a label."""
    shapes = [around(*pair) for pair in zip(places.centres, plan.shapes, strict=True)]
    near_shapes, near_labels = Near(), Near()
    for v, shape in enumerate(shapes):
        near_shapes.put(v, cells_of([shape]))
    for k, label in enumerate(places.labels):
        if label is not None:
            near_labels.put(k, cells_of([label]))
    count = 0
    for ends, curve in zip(plan.edges, places.curves, strict=True):
        line = flatten(curve)
        cells = cells_of(bounds_of(piece) for piece in segments(line))
        others = (shapes[v] for v in near_shapes.around(cells) if v not in ends)
        count += sum(hits(line, shape.grown(-1.0)) for shape in others)
        labels = (places.labels[j] for j in near_labels.around(cells))
        count += sum(hits(line, label.grown(-1.0)) for label in labels if label is not None)
    return count


def _searched(ways: Ways, fixed: frozenset[int]) -> _Search:
    search = _Search(ways, fixed)
    waiting = [k for k in range(len(ways.plan.edges)) if k not in fixed]
    for turn in range(_PASSES):
        again: set[int] = set()
        for k in waiting:
            if ways.work <= _BUDGET:
                if search.improve(k) >= _CONTENT:
                    again.add(k)
            elif turn == 0:
                search.play_safe(k)
        if ways.work > _BUDGET:
            break
        again.update(search.cramp(), *search.disturbed())
        waiting = sorted(again - fixed)
    return search


class _Search:
    """The present curves and labels, improved one edge at a time."""

    def __init__(self, open_ways: Ways, fixed: frozenset[int]) -> None:
        self.open = open_ways
        self.plan, self.axis = open_ways.plan, open_ways.axis
        self.shapes, self.rooms = open_ways.shapes, open_ways.rooms
        # Where the values will stand that find no room unless edges and labels keep off it.
        self.claims: dict[int, Rect] = {}
        # The spots that were claimed in vain: some edge cannot keep off.
        self.refused: dict[int, list[Rect]] = {}
        self.near_lines, self.near_labels, self.near_claims = Near(), Near(), Near()
        self.labels = list(open_ways.routes.labels)
        self.ways = [open_ways.given(k, k in fixed) for k in range(len(self.labels))]
        for k, (way, label) in enumerate(zip(self.ways, self.labels, strict=True)):
            self._take(k, way, label)

    def _take(self, k: int, way: Way, label: Rect | None) -> None:
        self.ways[k], self.labels[k] = way, label
        self.near_lines.put(k, way.cells)
        if label is not None:
            self.near_labels.put(k, cells_of([label]))

    def improve(self, k: int) -> float:
        """Give an edge the curve and the label place that cost least; returns that cost."""
        best: tuple[float, Way, Rect | None] | None = None
        for way in self.open.of(k):
            if best is not None and (way.plainness >= best[0] or best[0] < _FINE):
                break
            cost = way.plainness + way.solid
            cost += _OWN_VALUE * sum(v not in self.claims for v in way.beside)
            if best is not None and cost >= best[0]:
                continue
            cost += _CRAMPED * self._claims_under(way)
            cost += _LABEL * self._labels_under(k, way)
            if best is None or cost < best[0]:
                cost += _CROSSING * self._crossings(k, way)
            label = self.labels[k]
            if label is not None and (best is None or cost < best[0]):
                extra, label = self._nestle(k, way.line, label)
                cost += extra
            if best is None or cost < best[0]:
                best = (cost, way, label)
        assert best is not None
        self._take(k, best[1], best[2])
        return best[0]

    def play_safe(self, k: int) -> None:
        """Give an edge its safest curve, with the label in the room reserved for it."""
        self._take(k, self.open.given(k, safe=True), self.open.routes.labels[k])

    def _claims_under(self, way: Way) -> int:
        """Through how many spots a way runs that values claim."""
        near = self.near_claims.around(way.cells)
        return sum(hits(way.line, self.claims[v].grown(CLEAR)) for v in near)

    def _labels_under(self, k: int, way: Way) -> int:
        """Through how many labels of others a way runs."""
        count = 0
        for j in self.near_labels.around(way.cells):
            label = self.labels[j]
            if label is not None and j != k:
                count += hits(way.line, label.grown(CLEAR))
        return count

    def _crossings(self, k: int, way: Way) -> int:
        """With how many edges a way crosses."""
        near = self.near_lines.around(way.cells)
        return sum(self.open.cross(k, way, j, self.ways[j]) for j in near if j != k)

    def _nestle(self, k: int, line: list[Point], label: Rect) -> tuple[float, Rect]:
        """The best place for the label beside its line, and what it costs there."""
        best = (_LOST + self._hidden(k, label, line), label)
        for index, (rect, off) in enumerate(self._spots(k, line, label)):
            if self._is_taken(k, rect):
                continue
            cost = 0.01 * index + _OFF * off + self._hidden(k, rect, line)
            if cost < best[0]:
                best = (cost, rect)
            if cost < _LABEL:
                break
        return best

    def _is_taken(self, k: int, rect: Rect) -> bool:
        clear = rect.grown(CLEAR)
        cells = cells_of([clear])
        if any(clear.meets(self.rooms[v]) for v in self.open.near_rooms.around(cells)):
            return True
        if any(clear.meets(self.claims[v]) for v in self.near_claims.around(cells)):
            return True
        others = (self.labels[j] for j in self.near_labels.around(cells) if j != k)
        return any(other is not None and clear.meets(other) for other in others)

    def _hidden(self, k: int, rect: Rect, line: list[Point]) -> float:
        """What the lines cost that run through a label; it may stand closer to its own."""
        return _LABEL * (len(self._lines_through(rect, k)) + hits(line, rect.grown(1.0)))

    def _lines_through(self, rect: Rect, but: int = -1) -> list[int]:
        """The edges that run through a rectangle or close by it."""
        clear = rect.grown(CLEAR)
        near = self.near_lines.around(cells_of([clear]))
        return [j for j in near if j != but and hits(self.ways[j].line, clear)]

    def _spots(self, k: int, line: list[Point], label: Rect) -> Iterator[tuple[Rect, float]]:
        """Places beside the line, and how far off it they are; the close ones first."""
        tail, head = (self.shapes[end] for end in self.plan.edges[k])
        if self.axis == 0:
            far, near, half = tail.right, head.left, label.width / 2
        else:
            far, near, half = tail.top, head.bottom, label.height / 2
        ways = [label.centre[self.axis], *(near + (far - near) * share for share in _SPOTS)]
        for off in _OFFS:
            for side in (self.open.routes.sides[k], -self.open.routes.sides[k]):
                for at in ways:
                    yield (
                        _beside_line(line, label, at, half, side * (_LABEL_GAP + off), self.axis),
                        off,
                    )

    def disturbed(self) -> list[tuple[int, int]]:
        """The pairs of edges the first of which runs through the label of the second."""
        return [
            (k, j)
            for j, label in enumerate(self.labels)
            if label is not None
            for k in self._lines_through(label, j)
        ]

    def cramp(self) -> set[int]:
        """Claim a spot for the values that have none; returns the edges in the way."""
        found: set[int] = set()
        for v in range(len(self.plan.shapes)):
            claim = self.claims.get(v)
            if claim is not None and not self._lines_through(claim):
                continue
            spots = [spot for spot in self.open.value_spots(v) if not self._is_built(v, spot)]
            through = [self._lines_through(spot) for spot in spots]
            if not spots or not all(through):
                continue
            refused = self.refused.setdefault(v, [])
            if claim is not None:
                refused.append(claim)
            keys = [
                (spot in refused, len(lines)) for spot, lines in zip(spots, through, strict=True)
            ]
            best = keys.index(min(keys))
            self.claims[v] = spots[best]
            self.near_claims.put(v, cells_of([spots[best]]))
            found.update(through[best])
        return found

    def _is_built(self, v: int, spot: Rect) -> bool:
        """Whether nodes or labels leave no room for the values of a node."""
        cells = cells_of([spot])
        rooms = (self.rooms[w] for w in self.open.near_rooms.around(cells) if w != v)
        if any(spot.meets(room) for room in rooms):
            return True
        labels = (self.labels[j] for j in self.near_labels.around(cells))
        return any(label is not None and spot.meets(label) for label in labels)


def _beside_line(
    line: list[Point], label: Rect, at: float, half: float, side: float, axis: int
) -> Rect:
    """The label at `at` along the axis, moved aside until it is `side` clear of the line."""
    reach = _reach(line, at - half, at + half, axis)
    edge = (max(reach) if side > 0 else min(reach)) + side
    width, height = label.width, label.height
    if axis == 1:
        left = edge if side > 0 else edge - width
        return Rect(left, at - height / 2, left + width, at + height / 2)
    top = edge if side > 0 else edge - height
    return Rect(at - width / 2, top, at + width / 2, top + height)


def _reach(line: list[Point], low: float, high: float, axis: int) -> list[float]:
    """Where the line runs across the axis while it is between low and high along it."""
    found = []
    for p, q in itertools.pairwise(line):
        a, b = p[axis], q[axis]
        if max(a, b) < low or min(a, b) > high:
            continue
        for bound in (low, high):
            if (a - bound) * (b - bound) < 0:
                share = (bound - a) / (b - a)
                found.append(p[1 - axis] + (q[1 - axis] - p[1 - axis]) * share)
        found += [point[1 - axis] for point in (p, q) if low <= point[axis] <= high]
    return found or [line[len(line) // 2][1 - axis]]
