"""Shortcuts: each edge takes the plainest curve that meets nothing, and its label nestles to it."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from symgraph.draw.geometry import (
    Curve,
    Point,
    Rect,
    bounds_of,
    flatten,
    hits,
    lines_cross,
    straight,
)
from symgraph.draw.plan import Plan, around

__all__ = ["Routes", "refine"]

# Clear room around what a curve or a label must not touch.
_CLEAR = 3.0
_LABEL_GAP = 5.0
_PARTING = 10.0
_PASSES = 3
_PLAINNESS = (0.0, 0.2, 1.5, 5.0)
# What it costs to run through something, or to leave a label away from its edge.
_NODE, _LABEL, _VALUE, _CROSSING, _LOST, _OWN_VALUE = 60.0, 25.0, 20.0, 10.0, 15.0, 0.4
# Where along its edge a label is tried, as a share of the way from head to tail.
_SPOTS = (0.5, 0.42, 0.58, 0.35, 0.65, 0.28, 0.72)


@dataclass(slots=True)
class Routes:
    """Edges with the curves open to them, from the plainest to the safest, and reserved labels.

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
        self.curves = [curves[0] for curves in self.choices]


def refine(routes: Routes) -> Routes:
    """Choose the curves and move the labels to them.

    A label moves only to where no node and no other label is, so those never come to overlap.
    """
    search = _Search(routes)
    waiting = list(range(len(routes.choices)))
    for _ in range(_PASSES):
        waiting = [k for k in waiting if search.improve(k) >= 1.0]
    return routes


class _Search:
    """The present curves and labels, improved one edge at a time."""

    def __init__(self, routes: Routes) -> None:
        self.routes = routes
        self.plan = routes.plan
        self.axis = 0 if routes.plan.direction == "LR" else 1
        self.lines = [flatten(curve) for curve in routes.curves]
        self.boxes = [bounds_of(line, 0.1) for line in self.lines]
        self.shapes = [around(*pair) for pair in zip(routes.centres, self.plan.shapes, strict=True)]
        self.rooms = [around(*pair) for pair in zip(routes.centres, self.plan.rooms, strict=True)]

    def improve(self, k: int) -> float:
        """Give an edge the curve and the label place that cost least; returns that cost."""
        best: tuple[float, Curve, list[Point], Rect | None] | None = None
        curves = (*self._straight(k), *self.routes.choices[k])
        # The plainest comes first and is the cheapest where nothing is disturbed.
        for cost, curve in zip(_PLAINNESS[-len(curves) :], curves, strict=True):
            if best is not None and cost >= best[0]:
                break
            line = flatten(curve)
            cost += self._cost(k, line)
            label = self.routes.labels[k]
            if label is not None and (best is None or cost < best[0]):
                extra, label = self._nestle(k, line, label)
                cost += extra
            if best is None or cost < best[0]:
                best = (cost, curve, line, label)
        assert best is not None
        cost, curve, line, label = best
        self.routes.curves[k], self.routes.labels[k] = curve, label
        self.lines[k], self.boxes[k] = line, bounds_of(line, 0.1)
        return cost

    def _straight(self, k: int) -> Iterator[Curve]:
        tail, head = self.plan.edges[k]
        if self.plan.edges.count((tail, head)) == 1:
            yield straight(self.routes.centres[tail], self.routes.centres[head])

    def _cost(self, k: int, line: list[Point]) -> float:
        """What a line runs through: nodes, values, labels of others, other edges."""
        cost = 0.0
        ends = self.plan.edges[k]
        bounds = bounds_of(line, _CLEAR)
        for index, (shape, room) in enumerate(zip(self.shapes, self.rooms, strict=True)):
            if not bounds.meets(room):
                continue
            if index in ends:
                # The values of its own ends can still move aside.
                beside = _beside(shape, room)
                cost += _OWN_VALUE * any(hits(line, part.grown(_CLEAR)) for part in beside)
            elif hits(line, shape.grown(_CLEAR)):
                cost += _NODE
            elif hits(line, room.grown(_CLEAR)):
                cost += _VALUE
        for j, label in enumerate(self.routes.labels):
            if label is not None and j != k and bounds.meets(label):
                cost += _LABEL * hits(line, label.grown(_CLEAR))
        return cost + _CROSSING * self._crossings(k, line)

    def _crossings(self, k: int, line: list[Point]) -> int:
        """With how many edges a line crosses; at a common node edges part, they do not cross."""
        bounds = bounds_of(line, 0.1)
        ends = set(self.plan.edges[k])
        count = 0
        for j, other in enumerate(self.lines):
            if j == k or not bounds.meets(self.boxes[j]):
                continue
            if not lines_cross(line, other):
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
        for index, rect in enumerate(self._spots(k, line, label)):
            if self._is_taken(k, rect):
                continue
            cost = 0.01 * index + self._hidden(k, rect, line)
            if cost < best[0]:
                best = (cost, rect)
            if cost < _LABEL:
                break
        return best

    def _is_taken(self, k: int, rect: Rect) -> bool:
        clear = rect.grown(_CLEAR)
        return any(clear.meets(room) for room in self.rooms) or any(
            other is not None and j != k and clear.meets(other)
            for j, other in enumerate(self.routes.labels)
        )

    def _hidden(self, k: int, rect: Rect, line: list[Point]) -> float:
        """What the lines cost that run through a label; it may stand closer to its own."""
        clear = rect.grown(_CLEAR)
        count = sum(
            j != k and clear.meets(box) and hits(other, clear)
            for j, (box, other) in enumerate(zip(self.boxes, self.lines, strict=True))
        )
        return _LABEL * (count + hits(line, rect.grown(1.0)))

    def _spots(self, k: int, line: list[Point], label: Rect) -> Iterator[Rect]:
        tail, head = (self.shapes[end] for end in self.plan.edges[k])
        if self.axis == 0:
            far, near, half = tail.right, head.left, label.width / 2
        else:
            far, near, half = tail.top, head.bottom, label.height / 2
        ways = [label.centre[self.axis], *(near + (far - near) * share for share in _SPOTS)]
        for side in (self.routes.sides[k], -self.routes.sides[k]):
            for at in ways:
                yield _beside_line(line, label, at, half, side, self.axis)


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
    line: list[Point], label: Rect, at: float, half: float, side: int, axis: int
) -> Rect:
    """The label at `at` along the axis, moved aside until it just clears the line."""
    reach = _reach(line, at - half, at + half, axis)
    edge = (max(reach) + _LABEL_GAP) if side > 0 else (min(reach) - _LABEL_GAP)
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
