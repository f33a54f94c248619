"""How edges run on a grid: straight, round one corner, in an arc, or back to their own node."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator, Sequence

from symgraph.draw.engines.annotate import RectGrid
from symgraph.draw.geometry import Curve, Point, Rect, bounds_of, flatten, hits, straight
from symgraph.draw.plan import Plan
from symgraph.draw.view import Route

__all__ = ["route"]

_CORNER = 14.0
# The part of a radius by which the control points of a quarter of a circle stand off its ends.
_QUARTER = 0.5523
_BOWS = (0.22, -0.22, 0.36, -0.36, 0.55, -0.55)
_PARTING = 30.0
_CLEAR = 3.0
_LOOP = 46.0
#: How far a wire past a row of nodes stays from them.
_AWAY = 16.0
_NODE, _LINE = 60.0, 10.0


def route(plan: Plan, shapes: Sequence[Rect], solid: Sequence[Rect]) -> list[Curve]:
    """A centre-to-centre curve for each edge; the plainest one that runs through nothing solid.

    `shapes` are the bare nodes, `solid` is what else must not be run through (captions).
    """
    router = _Router(plan, shapes, solid)
    order = sorted(range(len(plan.edges)), key=lambda k: (_is_loop(plan, k), k))
    curves: list[Curve] = [()] * len(plan.edges)
    for k in order:
        curves[k] = router.best(k)
    return curves


def _is_loop(plan: Plan, k: int) -> bool:
    return plan.edges[k][0] == plan.edges[k][1]


class _Router:
    def __init__(self, plan: Plan, shapes: Sequence[Rect], solid: Sequence[Rect]) -> None:
        self.plan = plan
        self.shapes = shapes
        self.solid = RectGrid([*shapes, *solid])
        self.lines = RectGrid([])
        self.points: list[list[Point]] = []
        self.partings = _partings(plan)
        #: On which sides of a node arcs and wires past others end: -1 left or above, 1 the other.
        self.sides: dict[int, set[int]] = defaultdict(set)

    def best(self, k: int) -> Curve:
        """The first curve open to an edge without a collision, else the one with the fewest."""
        found: tuple[float, Curve, list[Point]] | None = None
        for rank, curve in enumerate(self._choices(k)):
            line = flatten(curve)
            cost = 0.1 * rank + _NODE * self._through(k, line)
            if _is_loop(self.plan, k):
                cost += _LINE * self._touched(line)
            if found is None or cost < found[0]:
                found = (cost, curve, line)
            if cost < _LINE:
                break
        assert found is not None
        if self.plan.grid_routes and self.plan.grid_routes[k] == "arc":
            self._note_side(k, found[2])
        self.points.append(found[2])
        self.lines.add(bounds_of(found[2], 0.1))
        return found[1]

    def _through(self, k: int, line: list[Point]) -> int:
        """How many other nodes and solid things a line runs through."""
        ends = self.plan.edges[k]
        return sum(
            index not in ends and hits(line, self.solid.rects[index].grown(_CLEAR))
            for index in self.solid.near(bounds_of(line, _CLEAR))
        )

    def _tapped(self, tail: int, head: int) -> list[Point]:
        """The corners of a wire that leaves the line of its tail before the next node on it."""
        source, target = self.shapes[tail], self.shapes[head]
        (x0, y0), (x1, y1) = source.centre, target.centre
        side, down = math.copysign(1.0, x1 - x0), math.copysign(1.0, y1 - y0)
        edge = x0 + side * source.width / 2
        entry = x1 - side * target.width / 4
        ahead = [
            abs(shape.centre[0] - x0) - (shape.width + source.width) / 2
            for shape in self.shapes
            if abs(shape.centre[1] - y0) < shape.height / 2 and (shape.centre[0] - x0) * side > 0
        ]
        turn = edge + side * min(ahead, default=math.inf) / 2
        if (turn - entry) * side >= 0:
            return [(x0, y0), (entry, y0), (entry, y1)]
        level = y1 - down * (target.height / 2 + 2 * _CORNER)
        return [(x0, y0), (turn, y0), (turn, level), (entry, level), (entry, y1)]

    def _brackets(self, tail: int, head: int) -> Iterator[Curve]:
        """Wires past all that stands between two nodes of one row or column, on either side."""
        start, end = self.shapes[tail].centre, self.shapes[head].centre
        along = int(abs(end[1] - start[1]) > abs(end[0] - start[0]))
        low, high = sorted((start[along], end[along]))
        between = [shape for shape in self.solid.rects if low <= shape.centre[along] <= high]
        borders = [(one.left, one.right) if along else (one.top, one.bottom) for one in between]
        near, far = min(low for low, _ in borders), max(high for _, high in borders)
        lanes = {-1: near - _AWAY, 1: far + _AWAY}
        taken = self.sides[tail] | self.sides[head]
        for side in sorted(lanes, key=lambda side: side in taken):
            lane = lanes[side]
            corners = [(lane, start[1]), (lane, end[1])] if along else [
                (start[0], lane), (end[0], lane)
            ]  # fmt: skip
            yield _through_corners([start, *corners, end])

    def _note_side(self, k: int, line: list[Point]) -> None:
        """On which side of its two nodes an arc or a wire stands."""
        tail, head = self.plan.edges[k]
        start, end = self.shapes[tail].centre, self.shapes[head].centre
        across = int(abs(end[1] - start[1]) <= abs(end[0] - start[0]))
        middle = line[len(line) // 2][across] - start[across]
        for one in (tail, head):
            self.sides[one].add(-1 if middle < 0 else 1)

    def _touched(self, line: list[Point]) -> int:
        room = bounds_of(line)
        return sum(hits(self.points[index], room) for index in self.lines.near(room))

    def _choices(self, k: int) -> Iterator[Curve]:
        tail, head = (self.shapes[end] for end in self.plan.edges[k])
        if _is_loop(self.plan, k):
            yield from _loops(tail)
            return
        start, end = tail.centre, head.centre
        way: Route = self.plan.grid_routes[k] if self.plan.grid_routes else "straight"
        if way in ("sideways", "upright"):
            yield _cornered(start, end, way)
        elif way == "tap":
            yield _through_corners(self._tapped(*self.plan.edges[k]))
        elif way == "arc":
            yield from (_bowed(start, end, bow) for bow in _BOWS[:2])
            yield from self._brackets(*self.plan.edges[k])
        elif self.partings[k]:
            length = math.dist(start, end) or 1.0
            yield _bowed(start, end, self.partings[k] / length)
        else:
            yield straight(start, end)
        yield from (_bowed(start, end, bow) for bow in _BOWS)


def _partings(plan: Plan) -> list[float]:
    """By how many pixels edges between the same two nodes bow to stand apart."""
    together: dict[tuple[int, int, str], list[int]] = defaultdict(list)
    for k, (tail, head) in enumerate(plan.edges):
        way = plan.grid_routes[k] if plan.grid_routes else "straight"
        together[min(tail, head), max(tail, head), way].append(k)
    found = [0.0] * len(plan.edges)
    for alike in together.values():
        for index, k in enumerate(alike):
            tail, head = plan.edges[k]
            side = 1.0 if tail < head else -1.0
            found[k] = side * (index - (len(alike) - 1) / 2) * _PARTING
    return found


def _bowed(start: Point, end: Point, bow: float) -> Curve:
    """An arc whose middle stands `bow` times its length off the straight line, to its left."""
    (x0, y0), (x1, y1) = start, end
    dx, dy = x1 - x0, y1 - y0
    nx, ny = dy * bow * 4 / 3, -dx * bow * 4 / 3
    return (
        start,
        (x0 + dx / 4 + nx, y0 + dy / 4 + ny),
        (x1 - dx / 4 + nx, y1 - dy / 4 + ny),
        end,
    )


def _cornered(start: Point, end: Point, way: Route) -> Curve:
    """Two straight legs and a rounded corner between them."""
    corner = (end[0], start[1]) if way == "sideways" else (start[0], end[1])
    before, after = math.dist(start, corner), math.dist(corner, end)
    if min(before, after) < 0.5:
        return straight(start, end)
    return _through_corners([start, corner, end])


def _through_corners(points: Sequence[Point]) -> Curve:
    """Straight legs with rounded corners between them."""
    found: Curve = ()
    here = points[0]
    legs = len(points) - 1
    for k in range(1, legs):
        before, corner, after = points[k - 1 : k + 2]
        # A leg between two corners is shared by both.
        first = math.dist(before, corner) / (1 if k == 1 else 2)
        second = math.dist(corner, after) / (1 if k == legs - 1 else 2)
        radius = min(_CORNER, first, second)
        enter, leave = _towards(corner, before, radius), _towards(corner, after, radius)
        slack = radius * (1 - _QUARTER)
        bend = (_towards(corner, before, slack), _towards(corner, after, slack), leave)
        found += (*straight(here, enter)[bool(found) :], *bend)
        here = leave
    return (*found, *straight(here, points[-1])[1:])


def _towards(point: Point, goal: Point, by: float) -> Point:
    length = math.dist(point, goal) or 1.0
    share = by / length
    return (point[0] + (goal[0] - point[0]) * share, point[1] + (goal[1] - point[1]) * share)


def _loops(shape: Rect) -> Iterator[Curve]:
    """A loop on each side of a node: it leaves in the first half of the side, to come back."""
    x, y = shape.centre
    wide, tall = shape.width / 2, shape.height / 2
    for ox, oy in ((1, 0), (-1, 0), (0, -1), (0, 1)):
        reach = wide if ox else tall
        spread = 0.5 * min(tall, wide)
        ends = []
        for side in (-1.0, 1.0):
            px = x + ox * 0.7 * reach + (0.0 if ox else side * spread)
            py = y + oy * 0.7 * reach + (0.0 if oy else side * spread)
            far = (0.3 * reach + _LOOP) * 4 / 3
            out = (0.5 * spread + 14.0) * side
            bend = (px + ox * far + (0.0 if ox else out), py + oy * far + (0.0 if oy else out))
            ends.append(((px, py), bend))
        (leave, bend), (back, turn) = ends
        first, last = straight((x, y), leave), straight(back, (x, y))
        yield (*first, bend, turn, back, *last[1:])
