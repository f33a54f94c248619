"""Shortcuts: each edge takes the plainest curve that meets nothing, and its label nestles to it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from symgraph.draw.geometry import Curve, Point, Rect, hits, lines_cross, sample, straight
from symgraph.draw.plan import Extent, Plan

__all__ = ["Routes", "refine"]

# Clear room around what a curve or a label must not touch.
_CLEAR = 3.0
_LABEL_GAP = 5.0
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
    """Choose the curves and move the labels to them; what is free of overlap stays so."""
    routes.curves = [curves[-1] for curves in routes.choices]
    _Refining(routes).run()
    return routes


class _Refining:
    """The present lines of a drawing with what they must not touch."""

    def __init__(self, routes: Routes) -> None:
        self.routes = routes
        self.plan = routes.plan
        self.axis = 0 if routes.plan.direction == "LR" else 1
        self.lines = [sample(curve, 10) for curve in routes.curves]
        self.boxes = [_bounds(line) for line in self.lines]
        self.shapes: list[Rect] = []
        self.rooms: list[Rect] = []
        for (x, y), shape, room in zip(
            routes.centres, routes.plan.shapes, routes.plan.rooms, strict=True
        ):
            self.shapes.append(_around(x, y, shape))
            self.rooms.append(_around(x, y, room))

    def run(self) -> None:
        """Serve the edges in their order."""
        for k in range(len(self.lines)):
            self._choose(k)

    def _choose(self, k: int) -> None:
        routes = self.routes
        plain = (*self._straight(k), *routes.choices[k][:-1])
        present = self._crossings(k, self.lines[k]) if plain else 0
        # Values move aside for their own node's edges sooner than an edge makes a detour.
        for curve, strict in (*((c, True) for c in plain[:2]), *((c, False) for c in plain)):
            line = [curve[0], curve[-1]] if _is_straight(curve) else sample(curve, 10)
            if not self._passes(k, line, strict) or self._crossings(k, line) > present:
                continue
            label = routes.labels[k]
            if label is not None:
                moved = self._nestle(k, line, label)
                if moved is None:
                    continue
                routes.labels[k] = moved
            routes.curves[k], self.lines[k], self.boxes[k] = curve, line, _bounds(line)
            return

    def _straight(self, k: int) -> Iterator[Curve]:
        tail, head = self.plan.edges[k]
        if self.plan.edges.count((tail, head)) == 1:
            yield straight(self.routes.centres[tail], self.routes.centres[head])

    def _crossings(self, k: int, line: list[Point]) -> int:
        bounds = _bounds(line)
        return sum(
            lines_cross(line, other)
            for j, other in enumerate(self.lines)
            if j != k and bounds.meets(self.boxes[j])
        )

    def _passes(self, k: int, line: list[Point], strict: bool) -> bool:
        """Whether a line stays clear of other nodes with their values and of other labels.

        The values of its own ends count only where `strict`.
        """
        ends = self.plan.edges[k]
        bounds = _bounds(line).grown(_CLEAR)
        for index, (shape, room) in enumerate(zip(self.shapes, self.rooms, strict=True)):
            if not bounds.meets(room):
                continue
            if index in ends and not strict:
                continue
            rects = _beside(shape, room) if index in ends else (room,)
            if any(hits(line, rect.grown(_CLEAR)) for rect in rects):
                return False
        return not any(
            label is not None and j != k and bounds.meets(label) and hits(line, label.grown(_CLEAR))
            for j, label in enumerate(self.routes.labels)
        )

    def _nestle(self, k: int, line: list[Point], label: Rect) -> Rect | None:
        """A place for the label beside its line, free of everything else."""
        return next((rect for rect in self._spots(k, line, label) if self._is_free(k, rect)), None)

    def _is_free(self, k: int, rect: Rect) -> bool:
        clear = rect.grown(_CLEAR)
        if any(clear.meets(room) for room in self.rooms):
            return False
        for j, other in enumerate(self.routes.labels):
            if other is not None and j != k and clear.meets(other):
                return False
        return not any(
            j != k and clear.meets(self.boxes[j]) and hits(self.lines[j], clear)
            for j in range(len(self.lines))
        )

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


def _is_straight(curve: Curve) -> bool:
    return len(curve) == 4 and straight(curve[0], curve[-1]) == curve


def _around(x: float, y: float, extent: Extent) -> Rect:
    return Rect(x - extent.left, y - extent.up, x + extent.right, y + extent.down)


def _bounds(line: Sequence[Point]) -> Rect:
    """The room of a line, never without an inside."""
    xs = [x for x, _ in line]
    ys = [y for _, y in line]
    return Rect(min(xs) - 0.1, min(ys) - 0.1, max(xs) + 0.1, max(ys) + 0.1)


def _beside(shape: Rect, room: Rect) -> tuple[Rect, ...]:
    """The parts of a room outside its shape: where the values stand."""
    parts = (
        Rect(room.left, room.top, shape.left, room.bottom),
        Rect(shape.right + _CLEAR, room.top, room.right, room.bottom),
        Rect(shape.left, room.top, shape.right, shape.top),
        Rect(shape.left, shape.bottom + _CLEAR, shape.right, room.bottom),
    )
    return tuple(part for part in parts if part.width > 2 * _CLEAR and part.height > 2 * _CLEAR)


def _crosses_more(routes: Routes, k: int, curve: Curve) -> bool:
    """Whether a straight line crosses more edges than the layered way does."""
    others = [other for j, other in enumerate(routes.curves) if j != k]
    return sum(crossings((curve, other)) for other in others) > sum(
        crossings((routes.curves[k], other)) for other in others
    )


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
    for p, q in zip(line, line[1:], strict=False):
        a, b = p[axis], q[axis]
        if max(a, b) < low or min(a, b) > high:
            continue
        for bound in (low, high):
            if (a - bound) * (b - bound) < 0:
                share = (bound - a) / (b - a)
                found.append(p[1 - axis] + (q[1 - axis] - p[1 - axis]) * share)
        found += [point[1 - axis] for point in (p, q) if low <= point[axis] <= high]
    return found or [line[len(line) // 2][1 - axis]]
