"""Points, boxes and cubic curves; y grows downwards, all lengths are pixels."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

__all__ = [
    "Curve",
    "Disc",
    "Point",
    "Rect",
    "Shape",
    "bounds_of",
    "clip",
    "crossings",
    "cut",
    "enclosing",
    "flatten",
    "hermite",
    "hits",
    "lines_cross",
    "part_within",
    "piece_at",
    "rounded",
    "segments",
    "straight",
    "turning",
]

Point = tuple[float, float]
# Control points of joined cubic Béziers: one start and three more for each piece.
Curve = tuple[Point, ...]


@dataclass(frozen=True, slots=True)
class Rect:
    """An upright rectangle, its corners rounded by `radius`."""

    left: float
    top: float
    right: float
    bottom: float
    radius: float = 0.0

    @property
    def centre(self) -> Point:
        """The middle."""
        return ((self.left + self.right) / 2, (self.top + self.bottom) / 2)

    @property
    def width(self) -> float:
        """Right minus left."""
        return self.right - self.left

    @property
    def height(self) -> float:
        """Bottom minus top."""
        return self.bottom - self.top

    def grown(self, by: float) -> Rect:
        """The rectangle with `by` more room on each side."""
        radius = max(0.0, self.radius + by) if self.radius else 0.0
        return Rect(self.left - by, self.top - by, self.right + by, self.bottom + by, radius)

    def moved(self, dx: float, dy: float) -> Rect:
        """The rectangle somewhere else."""
        return Rect(self.left + dx, self.top + dy, self.right + dx, self.bottom + dy, self.radius)

    def meets(self, other: Rect, slack: float = 0.0) -> bool:
        """Whether the two share more than a border of `slack`."""
        return (
            self.left + slack < other.right
            and other.left + slack < self.right
            and self.top + slack < other.bottom
            and other.top + slack < self.bottom
        )

    def outside(self, point: Point) -> float:
        """Signed distance of a point from the border, negative inside."""
        cx, cy = self.centre
        radius = min(self.radius, self.width / 2, self.height / 2)
        dx = abs(point[0] - cx) - (self.width / 2 - radius)
        dy = abs(point[1] - cy) - (self.height / 2 - radius)
        return math.hypot(max(dx, 0.0), max(dy, 0.0)) + min(max(dx, dy), 0.0) - radius

    @property
    def bounds(self) -> Rect:
        """Itself."""
        return self


@dataclass(frozen=True, slots=True)
class Disc:
    """A circle with its inside."""

    x: float
    y: float
    radius: float

    @property
    def centre(self) -> Point:
        """The middle."""
        return (self.x, self.y)

    @property
    def bounds(self) -> Rect:
        """The square around it."""
        r = self.radius
        return Rect(self.x - r, self.y - r, self.x + r, self.y + r, r)

    def grown(self, by: float) -> Disc:
        """The circle with a larger radius."""
        return Disc(self.x, self.y, self.radius + by)

    def outside(self, point: Point) -> float:
        """Signed distance of a point from the border, negative inside."""
        return math.hypot(point[0] - self.x, point[1] - self.y) - self.radius


Shape = Rect | Disc


def enclosing(rects: Sequence[Rect]) -> Rect:
    """The smallest rectangle around others; an empty one at the origin around none."""
    if not rects:
        return Rect(0.0, 0.0, 0.0, 0.0)
    return Rect(
        min(rect.left for rect in rects),
        min(rect.top for rect in rects),
        max(rect.right for rect in rects),
        max(rect.bottom for rect in rects),
    )


def bounds_of(points: Sequence[Point], margin: float = 0.0) -> Rect:
    """The rectangle around points, with a margin."""
    if len(points) == 2:
        (x0, y0), (x1, y1) = points
        x0, x1 = (x0, x1) if x0 < x1 else (x1, x0)
        y0, y1 = (y0, y1) if y0 < y1 else (y1, y0)
        return Rect(x0 - margin, y0 - margin, x1 + margin, y1 + margin)
    xs = [x for x, _ in points]
    ys = [y for _, y in points]
    return Rect(min(xs) - margin, min(ys) - margin, max(xs) + margin, max(ys) + margin)


def straight(start: Point, end: Point) -> Curve:
    """A straight line as one cubic.

    >>> straight((0.0, 0.0), (3.0, 6.0))
    ((0.0, 0.0), (1.0, 2.0), (2.0, 4.0), (3.0, 6.0))
    """
    (x0, y0), (x1, y1) = start, end
    dx, dy = (x1 - x0) / 3, (y1 - y0) / 3
    return (start, (x0 + dx, y0 + dy), (x1 - dx, y1 - dy), end)


def hermite(points: Sequence[Point], axis: int, flat_ends: bool = False) -> Curve:
    """A smooth curve through points that advance along `axis` (0 = x, 1 = y).

    The other coordinate never overshoots its two neighbours (Fritsch and Carlson 1980), so the
    curve stays in the corridor of its points. With `flat_ends` it leaves and arrives along the
    axis.
    """
    along = [point[axis] for point in points]
    across = [point[1 - axis] for point in points]
    slopes = _monotone_slopes(along, across, flat_ends)
    curve: list[Point] = [points[0]]
    for i in range(len(points) - 1):
        third = (along[i + 1] - along[i]) / 3
        inner = (
            (along[i] + third, across[i] + slopes[i] * third),
            (along[i + 1] - third, across[i + 1] - slopes[i + 1] * third),
        )
        curve += [(u, v) if axis == 0 else (v, u) for u, v in inner]
        curve.append(points[i + 1])
    return tuple(curve)


def rounded(points: Sequence[Point]) -> Curve:
    """A smooth curve along a line through points that cuts all its corners.

    It touches each inner segment in its middle, the corners pull it (a quadratic B-spline).

    >>> rounded([(0.0, 0.0), (6.0, 0.0), (6.0, 6.0)])
    ((0.0, 0.0), (4.0, 0.0), (6.0, 2.0), (6.0, 6.0))
    """
    if len(points) == 2:
        return straight(points[0], points[1])
    curve = [points[0]]
    for index in range(1, len(points) - 1):
        corner, start = points[index], curve[-1]
        last = index == len(points) - 2
        end = points[-1] if last else _between(corner, points[index + 1], 0.5)
        curve += [_between(start, corner, 2 / 3), _between(end, corner, 2 / 3), end]
    return tuple(curve)


def _monotone_slopes(along: list[float], across: list[float], flat_ends: bool) -> list[float]:
    steps = [b - a for a, b in itertools.pairwise(along)]
    rises = [
        (b - a) / step if step else 0.0
        for a, b, step in zip(across, across[1:], steps, strict=False)
    ]
    slopes = [rises[0]]
    for i in range(1, len(rises)):
        before, after = rises[i - 1], rises[i]
        if before * after <= 0:
            slopes.append(0.0)
            continue
        # The harmonic mean, weighted by the steps, keeps every piece monotone.
        w1, w2 = 2 * steps[i] + steps[i - 1], steps[i] + 2 * steps[i - 1]
        slopes.append((w1 + w2) / (w1 / before + w2 / after))
    slopes.append(rises[-1])
    if flat_ends:
        slopes[0] = slopes[-1] = 0.0
    elif len(rises) > 1:
        # An end bends on as its neighbour does, within what keeps the piece monotone.
        slopes[0] = _end_slope(rises[0], slopes[1])
        slopes[-1] = _end_slope(rises[-1], slopes[-2])
    return slopes


def _end_slope(rise: float, neighbour: float) -> float:
    slope = (3 * rise - neighbour) / 2
    if slope * rise <= 0:
        return 0.0
    return math.copysign(min(abs(slope), 3 * abs(rise)), rise)


def piece_at(curve: Curve, piece: int, t: float) -> Point:
    """The point at t in [0, 1] of one cubic of a curve."""
    (x0, y0), (x1, y1), (x2, y2), (x3, y3) = curve[3 * piece : 3 * piece + 4]
    s = 1 - t
    a, b, c, d = s * s * s, 3 * s * s * t, 3 * s * t * t, t * t * t
    return (a * x0 + b * x1 + c * x2 + d * x3, a * y0 + b * y1 + c * y2 + d * y3)


def flatten(curve: Curve) -> list[Point]:
    """A line through points that stays within about a pixel of a curve, ends included."""
    points = [curve[0]]
    for piece in range(len(curve) // 3):
        p, q = curve[3 * piece], curve[3 * piece + 3]
        bulge = max(_distance(c, p, q) for c in curve[3 * piece + 1 : 3 * piece + 3])
        # The error of n chords falls with the square of n.
        steps = min(16, 1 + math.ceil(1.2 * math.sqrt(bulge))) if bulge > 0.05 else 1
        points += [piece_at(curve, piece, k / steps) for k in range(1, steps)]
        points.append(q)
    return points


def turning(line: Sequence[Point]) -> float:
    """By how many radians a line through points turns in all.

    >>> turning([(0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (2.0, 1.0)]) == math.pi
    True
    """
    total = 0.0
    for (x0, y0), (x1, y1), (x2, y2) in zip(line, line[1:], line[2:], strict=False):
        ax, ay, bx, by = x1 - x0, y1 - y0, x2 - x1, y2 - y1
        total += abs(math.atan2(ax * by - ay * bx, ax * bx + ay * by))
    return total


def _distance(point: Point, start: Point, end: Point) -> float:
    """How far a point is off the line through two others."""
    dx, dy = end[0] - start[0], end[1] - start[1]
    length = math.hypot(dx, dy)
    if length == 0:
        return math.hypot(point[0] - start[0], point[1] - start[1])
    return abs(dx * (point[1] - start[1]) - dy * (point[0] - start[0])) / length


def cut(curve: Curve, piece: int, t: float) -> tuple[Curve, Curve]:
    """The two parts of a curve at t of one of its cubics (de Casteljau)."""
    p0, p1, p2, p3 = curve[3 * piece : 3 * piece + 4]
    a, b, c = _between(p0, p1, t), _between(p1, p2, t), _between(p2, p3, t)
    ab, bc = _between(a, b, t), _between(b, c, t)
    middle = _between(ab, bc, t)
    before = (*curve[: 3 * piece + 1], a, ab, middle)
    after = (middle, bc, c, *curve[3 * piece + 3 :])
    return before, after


def _between(p: Point, q: Point, t: float) -> Point:
    return (p[0] + (q[0] - p[0]) * t, p[1] + (q[1] - p[1]) * t)


def clip(curve: Curve, tail: Shape, head: Shape, arrow: float) -> tuple[Curve, Point]:
    """The visible part of a centre-to-centre curve, and the tip of its arrow.

    The curve starts on the border of `tail`; the tip lies on the border of `head`, and the curve
    ends `arrow` pixels before it, where the arrowhead begins.
    """
    pieces = len(curve) // 3
    tip_piece, tip_t = _first_inside(curve, head.outside, range(pieces))
    upto, _ = cut(curve, tip_piece, tip_t)
    tip = upto[-1]
    start_piece, start_t = _last_inside(upto, tail.outside)
    _, visible = cut(upto, start_piece, start_t)

    def beyond_arrow(point: Point) -> float:
        return math.hypot(point[0] - tip[0], point[1] - tip[1]) - arrow

    if beyond_arrow(visible[0]) <= 0:
        # Two shapes closer than an arrowhead: nothing is left but the arrowhead.
        return straight(visible[0], visible[0]), tip
    end_piece, end_t = _first_inside(visible, beyond_arrow, range(len(visible) // 3))
    shortened, _ = cut(visible, end_piece, end_t)
    return shortened, tip


def part_within(curve: Curve, room: Rect, *, from_end: bool) -> Curve:
    """The part of a curve from its start, or up to its end, that stays within a rectangle.

    >>> line = straight((0.0, 0.0), (9.0, 0.0))
    >>> part_within(line, Rect(-1.0, -1.0, 3.0, 1.0), from_end=False)[-1]
    (3.0, 0.0)
    """
    if all(room.outside(point) <= 0 for point in flatten(curve)):
        return curve
    if from_end:
        return cut(curve, *_first_inside(curve, room.outside, range(len(curve) // 3)))[1]
    return cut(curve, *_last_inside(curve, room.outside))[0]


def _first_inside(
    curve: Curve, outside: Callable[[Point], float], pieces: range
) -> tuple[int, float]:
    """Where the last stretch that ends inside begins: the final crossing of the border."""
    for piece in reversed(pieces):
        for k in reversed(range(16)):
            if outside(piece_at(curve, piece, k / 16)) > 0:
                return piece, _border(curve, piece, outside, k / 16, (k + 1) / 16)
    return 0, 0.0


def _last_inside(curve: Curve, outside: Callable[[Point], float]) -> tuple[int, float]:
    """Where the curve leaves; for the last time, where it turns round and comes back."""
    leaving = _first_outside(curve, outside)
    piece, t = leaving
    (x0, y0), (x1, y1) = curve[0], piece_at(curve, piece, t)
    if (x1 - x0) * (curve[-1][0] - x1) + (y1 - y0) * (curve[-1][1] - y1) >= 0:
        return leaving
    for k in reversed(range(round(_TURNS * t), _TURNS)):
        if outside(piece_at(curve, piece, k / _TURNS)) < 0:
            return piece, _border(curve, piece, outside, (k + 1) / _TURNS, k / _TURNS)
    return leaving


_TURNS = 128  # points at which the piece that leaves a shape may come back to it


def _first_outside(curve: Curve, outside: Callable[[Point], float]) -> tuple[int, float]:
    for piece in range(len(curve) // 3):
        for k in range(1, 17):
            if outside(piece_at(curve, piece, k / 16)) > 0:
                return piece, _border(curve, piece, outside, k / 16, (k - 1) / 16)
    return len(curve) // 3 - 1, 1.0


def _border(
    curve: Curve, piece: int, outside: Callable[[Point], float], out: float, within: float
) -> float:
    """Where a cubic crosses a border between two of its points (Illinois false position)."""
    far, near = outside(piece_at(curve, piece, out)), outside(piece_at(curve, piece, within))
    if near >= 0:
        return within
    side = 0
    for _ in range(24):
        t = (out * near - within * far) / (near - far)
        height = outside(piece_at(curve, piece, t))
        if abs(height) < 1e-6:
            return t
        # The end that stays for a second time is pulled in, or it would stay for ever.
        if height > 0:
            out, far = t, height
            near = near / 2 if side > 0 else near
            side = 1
        else:
            within, near = t, height
            far = far / 2 if side < 0 else far
            side = -1
    return out


def hits(points: Sequence[Point], rect: Rect) -> bool:
    """Whether a line through `points` enters the rectangle."""
    left, top, right, bottom = rect.left, rect.top, rect.right, rect.bottom
    x0, y0 = points[0]
    for p, q in itertools.pairwise(points):
        x1, y1 = q
        # Nearly all segments are wholly on one side.
        if (
            (x0 > left or x1 > left)
            and (x0 < right or x1 < right)
            and (y0 > top or y1 > top)
            and (y0 < bottom or y1 < bottom)
            and _segment_enters(p, q, rect)
        ):
            return True
        x0, y0 = x1, y1
    return False


def segments(line: Sequence[Point], slim: float = 64.0) -> list[tuple[Point, Point]]:
    """The segments of a line, in parts so that none is both wider and taller than `slim`.

    >>> segments([(0.0, 0.0), (200.0, 100.0)])
    [((0.0, 0.0), (100.0, 50.0)), ((100.0, 50.0), (200.0, 100.0))]
    """
    found: list[tuple[Point, Point]] = []
    for p, q in itertools.pairwise(line):
        parts = 1 + int(min(abs(q[0] - p[0]), abs(q[1] - p[1])) / slim)
        if parts == 1:
            found.append((p, q))
            continue
        stops = [p, *(_between(p, q, i / parts) for i in range(1, parts)), q]
        found += itertools.pairwise(stops)
    return found


def _segment_enters(p: Point, q: Point, rect: Rect) -> bool:
    """Liang and Barsky: clip the segment and see whether anything is left."""
    t0, t1 = 0.0, 1.0
    dx, dy = q[0] - p[0], q[1] - p[1]
    for step, low, high in (
        (dx, rect.left - p[0], rect.right - p[0]),
        (dy, rect.top - p[1], rect.bottom - p[1]),
    ):
        if step == 0:
            if low >= 0 or high <= 0:
                return False
            continue
        a, b = low / step, high / step
        if a > b:
            a, b = b, a
        t0, t1 = max(t0, a), min(t1, b)
        if t0 >= t1:
            return False
    return True


def crossings(curves: Sequence[Curve]) -> int:
    """How many pairs of curves cross away from shared ends."""
    lines = [flatten(curve) for curve in curves]
    lines.sort(key=lambda line: min(x for x, _ in line))
    bounds = [bounds_of(line, 0.1) for line in lines]
    count = 0
    active: list[int] = []
    for i, line in enumerate(lines):
        active = [j for j in active if bounds[j].right > bounds[i].left]
        count += sum(lines_cross(line, lines[j], (bounds[i], bounds[j])) for j in active)
        active.append(i)
    return count


def lines_cross(
    first: Sequence[Point], second: Sequence[Point], bounds: tuple[Rect, Rect] | None = None
) -> bool:
    """Whether two lines through points cross; touching ends do not count.

    `bounds` are those of the lines, with a margin of 0.1, where they are known.
    """
    if len(first) < 2 or len(second) < 2:
        return False
    ours, theirs = bounds or (bounds_of(first, 0.1), bounds_of(second, 0.1))
    common = (
        max(ours.left, theirs.left),
        max(ours.top, theirs.top),
        min(ours.right, theirs.right),
        min(ours.bottom, theirs.bottom),
    )
    if common[0] >= common[2] or common[1] >= common[3]:
        return False
    near = _segments_near(second, common)
    if not near:
        return False
    for left, top, right, bottom, px, py, qx, qy in _segments_near(first, common):
        dx, dy = qx - px, qy - py
        for from_left, from_top, to_right, to_bottom, rx, ry, sx, sy in near:
            if right < from_left or to_right < left or bottom < from_top or to_bottom < top:
                continue
            # Each segment has the ends of the other one on both of its sides.
            if (dx * (ry - py) - dy * (rx - px)) * (dx * (sy - py) - dy * (sx - px)) < 0:
                ex, ey = sx - rx, sy - ry
                if (ex * (py - ry) - ey * (px - rx)) * (ex * (qy - ry) - ey * (qx - rx)) < 0:
                    return True
    return False


# Left, top, right and bottom, then both ends.
_Segment = tuple[float, float, float, float, float, float, float, float]


def _segments_near(
    line: Sequence[Point], room: tuple[float, float, float, float]
) -> list[_Segment]:
    """The segments of a line whose bounds meet a room (left, top, right, bottom)."""
    from_left, from_top, to_right, to_bottom = room
    found: list[_Segment] = []
    x0, y0 = line[0]
    for x1, y1 in itertools.islice(line, 1, None):
        left, right = (x0, x1) if x0 < x1 else (x1, x0)
        if right > from_left and left < to_right:
            top, bottom = (y0, y1) if y0 < y1 else (y1, y0)
            if bottom > from_top and top < to_bottom:
                found.append((left, top, right, bottom, x0, y0, x1, y1))
        x0, y0 = x1, y1
    return found
