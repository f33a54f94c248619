"""Shortcuts: each edge takes the plainest curve that meets nothing, and its label nestles to it."""

from __future__ import annotations

import itertools
import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

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
from symgraph.draw.near import Near
from symgraph.draw.plan import TITLE_INSET, Plan, around

__all__ = ["Routes", "conflicts", "refine"]

# Clear room around what a curve or a label must not touch.
_CLEAR = 3.0
_LABEL_GAP = 5.0
_PARTING = 10.0
_PASSES = 4
# What it costs to turn by a radian, to run through something, or to leave a label off its edge.
_TURN = 1.2
_NODE, _LABEL, _VALUE, _CROSSING, _LOST = 60.0, 25.0, 20.0, 10.0, 15.0
# Through the box of a group that neither end belongs to.
_BOX = 4.0
# The values of an end can mostly stand elsewhere.
_OWN_VALUE, _CRAMPED = 0.4, 12.0
# An edge that costs less than this is left as it is.
_CONTENT = 3.0
# What is as good as this needs no comparison.
_FINE = 0.5
# How far a bow goes aside, as a share of its way.
_BOWS = (0.1, 0.2, 0.35)
# How far off its edge a label may stand, in pixels, and what a pixel costs.
_OFFS, _OFF = (0.0, 14.0, 30.0), 0.2
_NOWHERE = Rect(0.0, 0.0, 0.0, 0.0)
# Where along its edge a label is tried, as a share of the way from head to tail.
_SPOTS = (0.5, 0.42, 0.58, 0.35, 0.65, 0.28, 0.72, 0.8, 0.88)


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


def refine(routes: Routes, boxes: Sequence[Rect] = ()) -> Routes:
    """Choose the curves and move the labels to them; `boxes` are those of the groups.

    A label moves only to where no node and no other label is, so those never come to overlap.
    """
    best = _searched(routes, boxes, frozenset())
    through = best.disturbed()
    # Start anew; some keep to the safest way and to the room reserved for their labels.
    for runners, owners in ((True, True), (False, True), (True, False)):
        if not through:
            break
        fixed = {k for k, _ in through if runners} | {j for _, j in through if owners}
        search = _searched(routes, boxes, frozenset(fixed))
        found = search.disturbed()
        if len(found) < len(through):
            best, through = search, found
    return replace(routes, labels=best.labels, curves=best.curves)


def conflicts(routes: Routes) -> int:
    """How many labels have an edge of others running through them."""
    chosen: list[tuple[Curve, ...]] = [(curve,) for curve in routes.curves]
    return len(_Search(replace(routes, choices=chosen), (), frozenset()).disturbed())


def _searched(routes: Routes, boxes: Sequence[Rect], fixed: frozenset[int]) -> _Search:
    search = _Search(routes, boxes, fixed)
    waiting = [k for k in range(len(routes.choices)) if k not in fixed]
    for _ in range(_PASSES):
        costs = [(search.improve(k), k) for k in waiting]
        again = {k for cost, k in costs if cost >= _CONTENT}
        again.update(search.cramp(), *search.disturbed())
        waiting = sorted(again - fixed)
    return search


class _Search:
    """The present curves and labels, improved one edge at a time."""

    def __init__(self, routes: Routes, boxes: Sequence[Rect], fixed: frozenset[int]) -> None:
        self.routes = routes
        self.labels, self.curves = list(routes.labels), list(routes.curves)
        self.plan = routes.plan
        self.axis = 0 if routes.plan.direction == "LR" else 1
        self.twins = Counter(routes.plan.edges)
        self.shapes = [around(*pair) for pair in zip(routes.centres, self.plan.shapes, strict=True)]
        self.rooms = [around(*pair) for pair in zip(routes.centres, self.plan.rooms, strict=True)]
        self.edges_at: list[list[int]] = [[] for _ in self.shapes]
        for k, ends in enumerate(self.plan.edges):
            for v in sorted(set(ends)):
                self.edges_at[v].append(k)
        # The nodes whose values find no room that an edge leaves free.
        self.cramped: set[int] = set()
        self.lines: list[list[Point]] = [[]] * len(routes.curves)
        self.boxes: list[Rect] = [_NOWHERE] * len(routes.curves)
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
        self.boxes_of = _boxes_of(self.plan, boxes)
        self.near_rooms, self.near_lines, self.near_labels = Near(), Near(), Near()
        for v, room in enumerate(self.rooms):
            self.near_rooms.put(v, [room])
        for k, (choices, label) in enumerate(zip(routes.choices, routes.labels, strict=True)):
            curve = choices[-1 if k in fixed else 0]
            self._take(k, curve, flatten(curve), label)

    def _take(self, k: int, curve: Curve, line: list[Point], label: Rect | None) -> None:
        self.curves[k], self.labels[k] = curve, label
        self.lines[k], self.boxes[k] = line, bounds_of(line, 0.1)
        self.near_lines.put(k, _pieces(line))
        if label is not None:
            self.near_labels.put(k, [label])

    def improve(self, k: int) -> float:
        """Give an edge the curve and the label place that cost least; returns that cost."""
        best: tuple[float, Curve, list[Point], Rect | None] | None = None
        for plainness, line, curve in self._candidates(k):
            if best is not None and (plainness >= best[0] or best[0] < _FINE):
                break
            cost = plainness + self._cost(k, line, best[0] - plainness if best else math.inf)
            label = self.labels[k]
            if label is not None and (best is None or cost < best[0]):
                extra, label = self._nestle(k, line, label)
                cost += extra
            if best is None or cost < best[0]:
                best = (cost, curve, line, label)
        assert best is not None
        cost, curve, line, label = best
        self._take(k, curve, line, label)
        return cost

    def _candidates(self, k: int) -> Iterator[tuple[float, list[Point], Curve]]:
        """The curves that an edge may take, the plainest first: what turns least."""
        tail, head = self.plan.edges[k]
        curves = list(self.routes.choices[k])
        if self.twins[tail, head] == 1:
            ends = (self.routes.centres[tail], self.routes.centres[head])
            yield 0.0, list(ends), straight(*ends)
            curves = [*_arcs(*ends, self.axis), *curves]
        lines = [flatten(curve) for curve in curves]
        found = [
            (_TURN * turning(line), index, line, curve)
            for index, (line, curve) in enumerate(zip(lines, curves, strict=True))
        ]
        found.sort(key=lambda entry: entry[:2])
        yield from ((plainness, line, curve) for plainness, _, line, curve in found)

    def _cost(self, k: int, line: list[Point], enough: float) -> float:
        """What a line runs through: nodes, values, labels of others, other edges.

        From `enough` on the cost need not be exact.
        """
        cost = 0.0
        ends = self.plan.edges[k]
        pieces = [piece.grown(_CLEAR) for piece in _pieces(line)]
        for index in self.near_rooms.around(pieces):
            shape, room = self.shapes[index], self.rooms[index]
            if index in ends:
                # The values of its own ends can still move aside.
                beside = _beside(shape, room)
                least = _CRAMPED if index in self.cramped else _OWN_VALUE
                cost += least * any(hits(line, part.grown(_CLEAR)) for part in beside)
            elif hits(line, shape.grown(_CLEAR)):
                cost += _NODE
            elif hits(line, room.grown(_CLEAR)):
                cost += _VALUE
        for j in self.near_labels.around(pieces):
            label = self.labels[j]
            if label is not None and j != k:
                cost += _LABEL * hits(line, label.grown(_CLEAR))
        for box, members in self.boxes_of:
            if not members.intersection(ends) and hits(line, box):
                cost += _BOX
        if cost >= enough:
            return cost
        return cost + _CROSSING * self._crossings(k, line)

    def _crossings(self, k: int, line: list[Point]) -> int:
        """With how many edges a line crosses; at a common node edges part, they do not cross."""
        bounds = bounds_of(line, 0.1)
        ends = set(self.plan.edges[k])
        count = 0
        for j in self.near_lines.around(_pieces(line)):
            other = self.lines[j]
            if j == k or not bounds.meets(self.boxes[j]) or not lines_cross(line, other):
                continue
            common = ends.intersection(self.plan.edges[j])
            if not common:
                count += 1
                continue
            near = [self.shapes[v].grown(_PARTING) for v in common]
            count += lines_cross(_outside(line, near), _outside(other, near))
        return count

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
        clear = rect.grown(_CLEAR)
        if any(clear.meets(self.rooms[v]) for v in self.near_rooms.around([clear])):
            return True
        others = (self.labels[j] for j in self.near_labels.around([clear]) if j != k)
        return any(other is not None and clear.meets(other) for other in others)

    def _hidden(self, k: int, rect: Rect, line: list[Point]) -> float:
        """What the lines cost that run through a label; it may stand closer to its own."""
        return _LABEL * (len(self._lines_through(rect, k)) + hits(line, rect.grown(1.0)))

    def _lines_through(self, rect: Rect, but: int = -1) -> list[int]:
        """The edges that run through a rectangle or close by it."""
        clear = rect.grown(_CLEAR)
        near = self.near_lines.around([clear])
        return [j for j in near if j != but and hits(self.lines[j], clear)]

    def _spots(self, k: int, line: list[Point], label: Rect) -> Iterator[tuple[Rect, float]]:
        """Places beside the line, and how far off it they are; the close ones first."""
        tail, head = (self.shapes[end] for end in self.plan.edges[k])
        if self.axis == 0:
            far, near, half = tail.right, head.left, label.width / 2
        else:
            far, near, half = tail.top, head.bottom, label.height / 2
        ways = [label.centre[self.axis], *(near + (far - near) * share for share in _SPOTS)]
        for off in _OFFS:
            for side in (self.routes.sides[k], -self.routes.sides[k]):
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
        """Note the nodes whose values no edge leaves room for; returns the edges in the way."""
        found: set[int] = set()
        for v in range(len(self.edges_at)):
            shape, room = self.shapes[v], self.rooms[v]
            beside = _beside(shape, room)
            if not beside or v in self.cramped:
                continue
            if all(self._is_blocked(v, spot) for spot in _value_spots(shape, room, self.axis)):
                self.cramped.add(v)
                # They yield one by one: after the first there may be room for the others.
                found.update(
                    k
                    for k in self.edges_at[v]
                    if any(hits(self.lines[k], part.grown(_CLEAR)) for part in beside)
                )
        return found

    def _is_blocked(self, v: int, spot: Rect) -> bool:
        rooms = (self.rooms[w] for w in self.near_rooms.around([spot]) if w != v)
        if any(spot.meets(room) for room in rooms) or self._lines_through(spot):
            return True
        labels = (self.labels[j] for j in self.near_labels.around([spot]))
        return any(label is not None and spot.meets(label) for label in labels)


def _boxes_of(plan: Plan, boxes: Sequence[Rect]) -> list[tuple[Rect, set[int]]]:
    """The boxes of the groups, each with all nodes in it."""
    members = [set(group.members) for group in plan.groups]
    for g in reversed(range(len(members))):
        parent = plan.groups[g].parent
        if parent is not None:
            members[parent] |= members[g]
    return list(zip(boxes, members, strict=False))


def _pieces(line: Sequence[Point]) -> list[Rect]:
    """The bounds of the segments of a line, long ones in parts."""
    return [bounds_of(piece) for piece in segments(line)]


def _arcs(start: Point, end: Point, axis: int) -> Iterator[Curve]:
    """Bows to both sides of the straight way, and an S that leaves and arrives with the flow."""
    (x0, y0), (x1, y1) = start, end
    yield hermite((start, end), axis, flat_ends=True)
    reach = math.hypot(x1 - x0, y1 - y0)
    # In thirds of the way: early, even and late bows.
    for share in _BOWS:
        for side in (1, -1):
            for first, second in ((1.0, 1.0), (1.4, 0.2), (0.2, 1.4)):
                dx, dy = (0.0, side * share * reach) if axis == 0 else (side * share * reach, 0.0)
                a = (x0 + (x1 - x0) / 3 + first * dx, y0 + (y1 - y0) / 3 + first * dy)
                b = (x1 - (x1 - x0) / 3 + second * dx, y1 - (y1 - y0) / 3 + second * dy)
                yield (start, a, b, end)


def _value_spots(shape: Rect, room: Rect, axis: int) -> Iterator[Rect]:
    """Where the values of a node would stand: at either side, above or below it."""
    if axis == 0:
        wide, tall = room.width, room.bottom - shape.bottom
        lefts = (room.left, shape.left, shape.right - wide)
        yield from (Rect(x, shape.bottom, x + wide, shape.bottom + tall) for x in lefts)
        yield from (Rect(x, shape.top - tall, x + wide, shape.top) for x in lefts)
        return
    wide, tall = room.right - shape.right, room.height
    for top in (room.top, room.top - 0.35 * tall, room.top + 0.35 * tall):
        yield Rect(shape.right, top, shape.right + wide, top + tall)
        yield Rect(shape.left - wide, top, shape.left, top + tall)


def _outside(line: list[Point], rects: Sequence[Rect]) -> list[Point]:
    """The points of a line that lie in none of the rectangles."""
    points = line
    if len(line) == 2:
        (x0, y0), (x1, y1) = line
        points = [(x0 + (x1 - x0) * k / 12, y0 + (y1 - y0) * k / 12) for k in range(13)]
    return [point for point in points if all(rect.outside(point) > 0 for rect in rects)]


def _beside(shape: Rect, room: Rect) -> tuple[Rect, ...]:
    """The parts of a room outside its shape: where the values stand."""
    parts = (
        Rect(room.left, room.top, shape.left, room.bottom),
        Rect(shape.right + _CLEAR, room.top, room.right, room.bottom),
        Rect(shape.left, room.top, shape.right, shape.top),
        Rect(shape.left, shape.bottom + _CLEAR, shape.right, room.bottom),
    )
    return tuple(part for part in parts if part.width > 2 * _CLEAR and part.height > 2 * _CLEAR)


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
