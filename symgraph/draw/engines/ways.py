"""The ways open to each edge, the plainest first, and what they meet that never moves."""

from __future__ import annotations

import itertools
import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from symgraph.draw.engines.near import Cells, Near, cells_of
from symgraph.draw.engines.spots import near_spots
from symgraph.draw.geometry import (
    Curve,
    Point,
    Rect,
    bounds_of,
    flatten,
    hermite,
    hits,
    lines_cross,
    segments,
    straight,
    turning,
)
from symgraph.draw.plan import TITLE_INSET, Plan, around

__all__ = ["CLEAR", "Routes", "Way", "Ways"]

# Clear room around what a curve or a label must not touch.
CLEAR = 3.0
# What it costs to bend at all, to turn by a radian, and to run through something.
_BEND, _TURN = 0.15, 1.2
# What it costs to go twice as far as need be.
_DETOUR = 6.0
_NODE, _CLOSE, _VALUE = 60.0, 30.0, 20.0
# Through the box of a group that neither end belongs to.
_BOX = 4.0
_PARTING = 10.0
# How far a bow goes aside, as a share of its way, and how its two thirds share in that: early,
# even and late bows.
_BOWS = (0.1, 0.2, 0.35)
_LEANS = ((1.0, 1.0), (1.4, 0.2), (0.2, 1.4))


@dataclass(slots=True)
class Routes:
    """Edges with the curves open to them, the safest last, and reserved labels.

    `sides[k]` is -1 where the label of edge k stands before its curve (left, above), else 1.
    """

    plan: Plan
    centres: tuple[Point, ...]
    choices: list[tuple[Curve, ...]]
    labels: list[Rect | None]
    sides: list[int]
    curves: list[Curve] = field(default_factory=list)

    def __post_init__(self) -> None:
        # In a big drawing nobody looks for shortcuts: the way through the bends is good enough.
        self.curves = self.curves or [curves[0] for curves in self.choices]


@dataclass(slots=True)
class Way:
    """A curve, as points too, and what it costs wherever all other edges and labels are.

    `crossed` says, by number, which of the ways it was compared with it crosses; `beside` are the
    ends through whose values it runs where those stand first of all.
    """

    number: int
    plainness: float
    curve: Curve
    line: list[Point]
    bounds: Rect
    cells: Cells
    solid: float
    beside: tuple[int, ...]
    crossed: dict[int, bool] = field(default_factory=dict)
    _without: dict[int, list[Point]] = field(default_factory=dict)

    def outside(self, node: int, shape: Rect) -> list[Point]:
        """The points of the line that are not close to one of its ends."""
        found = self._without.get(node)
        if found is None:
            points = self.line
            if len(points) == 2:
                (x0, y0), (x1, y1) = points
                points = [(x0 + (x1 - x0) * k / 12, y0 + (y1 - y0) * k / 12) for k in range(13)]
            near = shape.grown(_PARTING)
            found = self._without[node] = [p for p in points if near.outside(p) > 0]
        return found


class Ways:
    """The ways of all edges, found when they are asked for and kept."""

    def __init__(self, routes: Routes, boxes: Sequence[Rect]) -> None:
        self.routes, self.plan = routes, routes.plan
        self.axis = 0 if self.plan.direction == "LR" else 1
        self.shapes = [around(*pair) for pair in zip(routes.centres, self.plan.shapes, strict=True)]
        self.rooms = [around(*pair) for pair in zip(routes.centres, self.plan.rooms, strict=True)]
        self.beside = [
            _beside(shape, room) for shape, room in zip(self.shapes, self.rooms, strict=True)
        ]
        # The titles of groups stand as firmly as nodes do.
        titles = [
            Rect(box.left, box.top, box.left + wide + 2 * TITLE_INSET, box.top + tall + TITLE_INSET)
            for box, (wide, tall) in zip(
                boxes, (group.title for group in self.plan.groups), strict=False
            )
            if box.width and wide
        ]
        self.shapes += titles
        self.rooms += titles
        self.near_rooms = Near()
        for v, room in enumerate(self.rooms):
            self.near_rooms.put(v, cells_of([room]))
        self._boxes_of = _boxes_of(self.plan, boxes)
        self._twins = Counter(self.plan.edges)
        self._found: list[list[Way]] = [[] for _ in self.plan.edges]
        self._more: list[Iterator[Way] | None] = [None] * len(self.plan.edges)
        self._given: dict[tuple[int, bool], Way] = {}
        self._count = 0
        # How many points of lines were looked at.
        self.work = 0

    def value_spots(self, v: int) -> list[Rect]:
        """Where the values of a node may stand."""
        size = self.plan.values[v] if self.plan.values else None
        if size is None:
            return []
        spots = near_spots(size, self.shapes[v], self.plan.direction, self.plan.value_gap)
        return [rect for rect, _ in spots]

    def given(self, k: int, safe: bool) -> Way:
        """The first curve that the engine gave an edge, or the safest one."""
        if (k, safe) not in self._given:
            choices = self.routes.choices[k]
            self._given[k, safe] = self._way(k, choices[-1 if safe else 0])
        return self._given[k, safe]

    def cross(self, k: int, way: Way, j: int, other: Way) -> bool:
        """Whether ways of two edges cross; at a common node edges part, they do not cross."""
        known = way.crossed.get(other.number)
        if known is None:
            known = way.crossed[other.number] = self._cross(k, way, j, other)
            other.crossed[way.number] = known
        return known

    def _cross(self, k: int, way: Way, j: int, other: Way) -> bool:
        self.work += len(way.line) + len(other.line)
        if not lines_cross(way.line, other.line, (way.bounds, other.bounds)):
            return False
        common = set(self.plan.edges[k]).intersection(self.plan.edges[j])
        if len(common) == 1:
            (v,) = common
            shape = self.shapes[v]
            return lines_cross(way.outside(v, shape), other.outside(v, shape))
        return not common

    def of(self, k: int) -> Iterator[Way]:
        """The ways of an edge, the plainest first: what turns least."""
        found = self._found[k]
        index = 0
        while True:
            if index == len(found):
                more = self._more[k]
                if more is None:
                    more = self._more[k] = self._sought(k)
                way = next(more, None)
                if way is None:
                    return
                found.append(way)
            yield found[index]
            index += 1

    def _sought(self, k: int) -> Iterator[Way]:
        tail, head = self.plan.edges[k]
        curves = list(self.routes.choices[k])
        if self._twins[tail, head] == 1:
            ends = (self.routes.centres[tail], self.routes.centres[head])
            yield self._way(k, straight(*ends), list(ends))
            curves = [*_arcs(*ends, self.axis), *curves]
        lines = [flatten(curve) for curve in curves]
        costs = [_BEND + _TURN * turning(line) + _DETOUR * _detour(line) for line in lines]
        for index in sorted(range(len(curves)), key=lambda index: (costs[index], index)):
            yield self._way(k, curves[index], lines[index], costs[index])

    def _way(
        self, k: int, curve: Curve, line: list[Point] | None = None, plainness: float = 0.0
    ) -> Way:
        line = line or flatten(curve)
        pieces = [bounds_of(piece, CLEAR) for piece in segments(line)]
        cells = cells_of(pieces)
        ends = self.plan.edges[k]
        self.work += len(line) * len(cells)
        solid = 0.0
        beside = []
        for index in self.near_rooms.around(cells):
            if index in ends:
                if any(hits(line, part.grown(CLEAR)) for part in self.beside[index]):
                    beside.append(index)
            elif hits(line, self.shapes[index].grown(CLEAR)):
                solid += _NODE if hits(line, self.shapes[index]) else _CLOSE
            elif hits(line, self.rooms[index].grown(CLEAR)):
                solid += _VALUE
        for box, members in self._boxes_of:
            if not members.intersection(ends) and hits(line, box):
                solid += _BOX
        self._count += 1
        return Way(
            self._count, plainness, curve, line, bounds_of(line, 0.1), cells, solid, tuple(beside)
        )


def _boxes_of(plan: Plan, boxes: Sequence[Rect]) -> list[tuple[Rect, set[int]]]:
    """The boxes of the groups, each with all nodes in it."""
    members = [set(group.members) for group in plan.groups]
    for g in reversed(range(len(members))):
        parent = plan.groups[g].parent
        if parent is not None:
            members[parent] |= members[g]
    return list(zip(boxes, members, strict=False))


def _detour(line: Sequence[Point]) -> float:
    """How much longer a line is than the straight way, as a share of that."""
    direct = math.dist(line[0], line[-1])
    return sum(math.dist(p, q) for p, q in itertools.pairwise(line)) / direct - 1 if direct else 0.0


def _arcs(start: Point, end: Point, axis: int) -> Iterator[Curve]:
    """Bows to both sides of the straight way, and an S that leaves and arrives with the flow."""
    (x0, y0), (x1, y1) = start, end
    yield hermite((start, end), axis, flat_ends=True)
    reach = math.hypot(x1 - x0, y1 - y0)
    for share in _BOWS:
        for side in (1, -1):
            for first, second in _LEANS:
                dx, dy = (0.0, side * share * reach) if axis == 0 else (side * share * reach, 0.0)
                a = (x0 + (x1 - x0) / 3 + first * dx, y0 + (y1 - y0) / 3 + first * dy)
                b = (x1 - (x1 - x0) / 3 + second * dx, y1 - (y1 - y0) / 3 + second * dy)
                yield (start, a, b, end)


def _beside(shape: Rect, room: Rect) -> tuple[Rect, ...]:
    """The parts of a room outside its shape: where the values stand."""
    parts = (
        Rect(room.left, room.top, shape.left, room.bottom),
        Rect(shape.right + CLEAR, room.top, room.right, room.bottom),
        Rect(shape.left, room.top, shape.right, shape.top),
        Rect(shape.left, shape.bottom + CLEAR, shape.right, room.bottom),
    )
    return tuple(part for part in parts if part.width > 2 * CLEAR and part.height > 2 * CLEAR)
