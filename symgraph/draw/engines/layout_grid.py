"""The engine for views that say where everything goes: columns and rows that adapt.

Places (column, row) keep their order, and between whole numbers their proportions. Lengths of
columns and rows grow until nodes, values, labels and groups have their room.
"""

from __future__ import annotations

import itertools
import math
from collections import defaultdict

from symgraph.draw.engines.annotate import RectGrid, place_values
from symgraph.draw.engines.grid_bodies import Body, bodies, members
from symgraph.draw.engines.grid_labels import FREE, Wish, place_labels
from symgraph.draw.engines.grid_routes import route
from symgraph.draw.engines.grid_tracks import Tracks
from symgraph.draw.geometry import Curve, Point, Rect, bounds_of, clip, enclosing, flatten
from symgraph.draw.plan import Places, Plan, PlanGroup, around
from symgraph.errors import DrawError

__all__ = ["VERSION", "place"]

VERSION = "1"

_NODE_GAP = 22.0
_TIGHT_GAP = 14.0
_EDGE_GAP = 34.0
_ALONG_LABEL = 26.0
_CORNER_GAP = 30.0
# How long an edge is along the flow for each pixel across it, and where that ends.
_STEEPEST, _MOST_STRETCH = (0.5, 0.3), (220.0, 130.0)
# The same in a layered net, where every unit feeds every unit.
_LAYERED_STEEPEST, _LAYERED_STRETCH = (0.9, 0.5), (420.0, 300.0)
_GROUP_PAD = 14.0
_GROUP_GAP = 16.0
_TITLE_ROOM = 14.0
_TITLE_INSET = 12.0
_LABEL_STEP = 14.0
# How an edge of a layered net gets straight: lengths and heights grow up to here.
_LONGEST_WAY, _TALLER, _MOST_STRAIGHTENING = 1.8, 1.15, 10
_ROUNDS = 24
# After so many steps in vain the whole picture grows across the flow, by this factor.
_PATIENCE, _CROWDED = 3, 1.06
_REPAIRS = 60
_ARROW = 11.0
# Above this many edges nobody reads their labels one by one: they stand where they stand.
_MANY = 1500


def place(plan: Plan) -> Places:
    """Place the nodes, edges and labels of a plan whose nodes all have a place on the grid.

    Raises DrawError when two nodes have the same place.
    """
    table = _Table(plan)
    table.start()
    rounds = 1 if len(plan.edges) > _MANY else _ROUNDS
    for left in reversed(range(rounds)):
        table.repair()
        table.draw_edges()
        if not left or not table.make_room():
            break
    return Places(
        tuple(table.centres()),
        tuple(table.curves),
        tuple(table.labels),
        tuple(_ranks(plan)),
        "grid",
        VERSION,
        tuple(table.group_boxes()),
    )


class _Table:
    """The growing table with everything drawn on it so far; rows count upwards."""

    def __init__(self, plan: Plan) -> None:
        assert plan.at is not None
        self.plan = plan
        self.at = plan.at
        self.bodies = bodies(plan)
        self.body_of = {v: index for index, body in enumerate(self.bodies) for v, _ in body.nodes}
        self.columns = Tracks([body.at[0] for body in self.bodies])
        self.rows = Tracks([body.at[1] for body in self.bodies])
        self.flow = 0 if plan.direction == "LR" else 1
        self.members = members(plan, self.body_of)
        self.inset = [0.0] * len(plan.groups)
        self.layered = any(group.heading for group in plan.groups)
        self.steepest = (_LAYERED_STEEPEST if self.layered else _STEEPEST)[self.flow]
        self.most_stretch = (_LAYERED_STRETCH if self.layered else _MOST_STRETCH)[self.flow]
        self.curves: list[Curve] = []
        self.lines: list[list[Point]] = []
        self.labels: list[Rect | None] = [None] * len(plan.edges)
        self.straightened = 0
        self.values: list[Rect] = []
        self.costs: list[float] = []
        self.failures = [0] * len(plan.edges)

    def position(self, at: Point) -> Point:
        """Where a place on the grid lies."""
        return (self.columns.at(at[0]), -self.rows.at(at[1]))

    def centres(self) -> list[Point]:
        """The centres of the nodes."""
        found: list[Point] = [(0.0, 0.0)] * len(self.plan.shapes)
        for body in self.bodies:
            x, y = self.position(body.at)
            for v, (dx, dy) in body.nodes:
                found[v] = (x + dx, y + dy)
        return found

    def start(self) -> None:
        """Room between neighbours in one row or one column, and for the labels between them."""
        for axis, tracks in ((0, self.columns), (1, self.rows)):
            lines: dict[float, list[int]] = defaultdict(list)
            for index, body in enumerate(self.bodies):
                lines[body.at[1 - axis]].append(index)
            needs: dict[Point, float] = {}
            for line in lines.values():
                line.sort(key=lambda index: self.bodies[index].at[axis])
                for low, high in itertools.pairwise(line):
                    self._need(needs, low, high, axis, self._gap(low, high))
            if axis == 1:
                self._part_rows(needs, self._loose_rows())
            for k, (tail, head) in enumerate(self.plan.edges):
                self._need_of_edge(needs, k, self.body_of[tail], self.body_of[head], axis)
            tracks.widen(needs)

    def _loose_rows(self) -> dict[float, list[Body]]:
        """The single nodes by their rows."""
        rows: dict[float, list[Body]] = defaultdict(list)
        for body in self.bodies:
            if not body.tight:
                rows[body.at[1]].append(body)
        return rows

    def _part_rows(self, needs: dict[Point, float], rows: dict[float, list[Body]]) -> None:
        """Nodes of one row stand above all nodes of the row below it, wherever they are."""
        for low, high in itertools.combinations(sorted(rows), 2):
            if 1.0 <= high - low < 2.0:
                up = max(body.room.up for body in rows[low])
                down = max(body.room.down for body in rows[high])
                needs[low, high] = max(needs.get((low, high), 0.0), up + down + _TIGHT_GAP)

    def _gap(self, first: int, second: int) -> float:
        tight = self.bodies[first].tight and self.bodies[second].tight
        return _TIGHT_GAP if tight else _NODE_GAP

    def _need_of_edge(
        self, needs: dict[Point, float], k: int, tail: int, head: int, axis: int
    ) -> None:
        """Room for an edge: along the flow for its label, across it for a corner."""
        p, q = self.bodies[tail].at, self.bodies[head].at
        if p[axis] == q[axis]:
            return
        size = self.plan.labels[k]
        gap = _EDGE_GAP if size is None else max(_EDGE_GAP, size[axis] + _ALONG_LABEL)
        way = self.plan.grid_routes[k] if self.plan.grid_routes else "straight"
        if way in ("sideways", "upright") and p[1 - axis] != q[1 - axis]:
            # One leg only leaves its node here or arrives there; the upright one has the label.
            leaves = (way == "sideways") == (axis == 0)
            body = self.bodies[tail if leaves else head]
            reach = max(body.room.left, body.room.right, body.room.up, body.room.down)
            pair = (min(p[axis], q[axis]), max(p[axis], q[axis]))
            least = reach + (_CORNER_GAP if leaves or axis == 0 else gap)
            needs[pair] = max(needs.get(pair, 0.0), least)
        elif axis == self.flow or p[self.flow] == q[self.flow]:
            self._need(needs, tail, head, axis, gap)

    def _need(
        self, needs: dict[Point, float], first: int, second: int, axis: int, gap: float
    ) -> None:
        """Note that two bodies must stand apart along an axis."""
        a, b = self.bodies[first], self.bodies[second]
        if a.at[axis] > b.at[axis]:
            a, b = b, a
        if a.at[axis] == b.at[axis]:
            places = f"({a.at[0]:g}, {a.at[1]:g})"
            raise DrawError(f"two nodes stand at the same place {places} of the grid.")
        reach = a.room.right + b.room.left if axis == 0 else a.room.up + b.room.down
        pair = (a.at[axis], b.at[axis])
        needs[pair] = max(needs.get(pair, 0.0), reach + gap)

    def repair(self) -> None:
        """Widen until no two bodies and no two groups share room."""
        for _ in range(_REPAIRS):
            self.columns.even_out()
            self.rows.even_out()
            needs: tuple[dict[Point, float], dict[Point, float]] = ({}, {})
            self._apart_bodies(needs)
            self._apart_groups(needs)
            self._stretch(needs[self.flow])
            if not needs[0] and not needs[1]:
                return
            self.columns.widen(needs[0])
            self.rows.widen(needs[1])

    def _stretch(self, needs: dict[Point, float]) -> None:
        """No straight edge lies flat across the flow, and no bundle of edges either."""
        flow = self.flow
        for k, (tail, head) in enumerate(self.plan.edges):
            p, q = self.bodies[self.body_of[tail]].at, self.bodies[self.body_of[head]].at
            if p[flow] == q[flow] or self.plan.grid_routes[k : k + 1] not in ((), ("straight",)):
                continue
            (x0, y0), (x1, y1) = self.position(p), self.position(q)
            along, across = (abs(x1 - x0), abs(y1 - y0))[:: 1 if flow == 0 else -1]
            least = min(self.steepest * across, self.most_stretch)
            if along < least - 0.01:
                pair = (min(p[flow], q[flow]), max(p[flow], q[flow]))
                needs[pair] = max(needs.get(pair, 0.0), least)

    def _apart_bodies(self, needs: tuple[dict[Point, float], dict[Point, float]]) -> None:
        rooms = [around(self.position(body.at), body.room) for body in self.bodies]
        order = sorted(range(len(rooms)), key=lambda index: (rooms[index].left, index))
        active: list[int] = []
        for index in order:
            room = rooms[index].grown(_TIGHT_GAP / 2)
            active = [other for other in active if rooms[other].right + _TIGHT_GAP > room.left]
            for other in active:
                if room.meets(rooms[other].grown(_TIGHT_GAP / 2), 0.01):
                    self._part(needs, index, other)
            active.append(index)

    def _part(
        self, needs: tuple[dict[Point, float], dict[Point, float]], first: int, second: int
    ) -> None:
        """Note the cheaper one of the two ways to part two bodies."""
        a, b = self.bodies[first], self.bodies[second]
        growth = []
        for axis in (0, 1):
            low, high = (a, b) if a.at[axis] < b.at[axis] else (b, a)
            reach = low.room.right + high.room.left if axis == 0 else low.room.up + high.room.down
            now = abs(self.position(a.at)[axis] - self.position(b.at)[axis])
            growth.append((a.at[axis] == b.at[axis], reach - now, axis))
        axis = min(growth)[2]
        self._need(needs[axis], first, second, axis, _TIGHT_GAP + 0.01)

    def group_boxes(self) -> list[Rect]:
        """The boxes of the groups, with the nodes, the inner labels, and the title inside."""
        found: list[Rect] = [Rect(0, 0, 0, 0)] * len(self.plan.groups)
        centres = self.centres()
        for index in reversed(range(len(self.plan.groups))):
            group = self.plan.groups[index]
            rects = [around(centres[v], self.plan.rooms[v]) for v in group.members]
            rects += [
                found[other]
                for other, inner in enumerate(self.plan.groups)
                if inner.parent == index
            ]
            rects += [
                label
                for label, ends in zip(self.labels, self.plan.edges, strict=True)
                if label is not None and set(ends) <= set(group.members)
            ]
            room = enclosing(rects).grown(_GROUP_PAD)
            width, height = group.title
            if group.heading:
                middle = sum(centres[v][0] for v in group.members) / len(group.members)
                half = max(middle - room.left, room.right - middle, width / 2)
                ceiling = self._ceiling()
                top = ceiling - (height + _TITLE_ROOM if width else 0.0)
                found[index] = Rect(middle - half, top, middle + half, ceiling)
                continue
            found[index] = Rect(
                room.left - self.inset[index],
                room.top - (height + _TITLE_ROOM if width else 0.0),
                max(room.right, room.left - self.inset[index] + width + 2 * _TITLE_INSET),
                room.bottom,
                10.0,
            )
        return found

    def _ceiling(self) -> float:
        """The height above which there are headings only."""
        tops = [around(self.position(body.at), body.room).top for body in self.bodies]
        tops += [rect.top - 4.0 for rect in (*self.values, *self.labels) if rect is not None]
        return min([*tops, *(y for line in self.lines for _, y in line)])

    def _apart_groups(self, needs: tuple[dict[Point, float], dict[Point, float]]) -> None:
        if not self.plan.groups:
            return
        boxes = self.group_boxes()
        rooms = [around(self.position(body.at), body.room) for body in self.bodies]
        for index, box in enumerate(boxes):
            mine, near = self.members[index], box.grown(_GROUP_GAP)
            for other in range(index):
                theirs = self.members[other]
                if near.meets(boxes[other], 0.01) and not mine & theirs:
                    self._part_areas(needs, (box, mine), (boxes[other], theirs))
            for number, room in enumerate(rooms):
                if near.meets(room, 0.01) and number not in mine:
                    self._part_areas(needs, (box, mine), (room, {number}))
            if needs[0] or needs[1]:
                # What is outside an outer box comes to lie outside the inner ones with it.
                return

    def _part_areas(
        self,
        needs: tuple[dict[Point, float], dict[Point, float]],
        first: tuple[Rect, set[int]],
        second: tuple[Rect, set[int]],
    ) -> None:
        """Note how to part the box of some bodies from that of others that it meets."""
        ways = []
        for axis in (0, 1):
            for (a, mine), (b, theirs) in ((first, second), (second, first)):
                low = max(self.bodies[k].at[axis] for k in mine)
                high = min(self.bodies[k].at[axis] for k in theirs)
                if low < high:
                    missing = a.right - b.left if axis == 0 else b.bottom - a.top
                    ways.append((missing + _GROUP_GAP + 0.1, axis, (low, high)))
        if ways:
            missing, axis, pair = min(ways)
            tracks = (self.columns, self.rows)[axis]
            need = tracks.at(pair[1]) - tracks.at(pair[0]) + missing
            needs[axis][pair] = max(needs[axis].get(pair, 0.0), need)

    def draw_edges(self) -> None:
        """Route the edges and put their labels where they disturb nothing."""
        plan = self.plan
        centres = self.centres()
        shapes = [around(*pair) for pair in zip(centres, plan.shapes, strict=True)]
        captions = [rect for rect in map(self._caption, range(len(shapes)), shapes) if rect]
        self.curves = route(plan, shapes, captions)
        self.lines = [
            _visible(curve, shapes[tail], shapes[head])
            for curve, (tail, head) in zip(self.curves, plan.edges, strict=True)
        ]
        boxes = self.group_boxes()
        titles = [
            _title_of(box, group)
            for box, group in zip(boxes, plan.groups, strict=True)
            if group.title[0]
        ]
        borders = [
            box for box, group in zip(boxes, plan.groups, strict=True) if not group.heading
        ]  # fmt: skip
        spots = place_values(
            plan.values or [None] * len(shapes),
            shapes,
            captions,
            self.lines,
            plan.direction,
            plan.value_gap,
        )
        self.values = [spot.rect for spot in spots if spot is not None]
        wishes = [
            None if size is None else Wish(size, line)
            for size, line in zip(plan.labels, self.lines, strict=True)
        ]
        self.labels, self.costs = place_labels(
            wishes, self.lines, [*shapes, *captions, *self.values, *titles], borders
        )

    def _caption(self, v: int, shape: Rect) -> Rect | None:
        """Where the caption of a node stands: what is below it, the values left out."""
        room, size = self.plan.rooms[v], self.plan.values[v] if self.plan.values else None
        bottom = shape.centre[1] + room.down
        if size is not None and self.plan.direction == "LR":
            bottom -= self.plan.value_gap + size[1]
        if bottom <= shape.bottom + 1.0:
            return None
        x = shape.centre[0]
        return Rect(x - room.left, shape.bottom + 1.0, x + room.left, bottom)

    def make_room(self) -> bool:
        """Widen where a label found no free place or a title is run through."""
        changed = self._clear_titles()
        needs: tuple[dict[Point, float], dict[Point, float]] = ({}, {})
        if self.layered:
            changed = self._straighten(needs[self.flow]) or changed
        crowded = False
        for k, cost in enumerate(self.costs):
            if cost < FREE:
                continue
            self.failures[k] += 1
            crowded = crowded or self.failures[k] > _PATIENCE
            tail, head = (self.bodies[self.body_of[end]].at for end in self.plan.edges[k])
            axis = self.flow if tail[self.flow] != head[self.flow] else 1 - self.flow
            if tail[axis] == head[axis]:
                continue
            pair = (min(tail[axis], head[axis]), max(tail[axis], head[axis]))
            tracks = (self.columns, self.rows)[axis]
            need = tracks.at(pair[1]) - tracks.at(pair[0]) + _LABEL_STEP
            needs[axis][pair] = max(needs[axis].get(pair, 0.0), need)
        self.columns.widen(needs[0])
        self.rows.widen(needs[1])
        if crowded:
            (self.columns, self.rows)[1 - self.flow].grow(_CROWDED)
        return changed or bool(needs[0]) or bool(needs[1])

    def _straighten(self, needs: dict[Point, float]) -> bool:
        """More room for edges of a layered net that had to bow, which are read badly.

        A step to the next layer needs a longer way, one past a layer more height.
        """
        flow = self.flow
        past = False
        for (tail, head), curve in zip(self.plan.edges, self.curves, strict=True):
            if _is_straight(curve):
                continue
            p, q = self.bodies[self.body_of[tail]].at, self.bodies[self.body_of[head]].at
            past = past or abs(p[flow] - q[flow]) > 1
            (x0, y0), (x1, y1) = self.position(p), self.position(q)
            along, across = (abs(x1 - x0), abs(y1 - y0))[:: 1 if flow == 0 else -1]
            pair = (min(p[flow], q[flow]), max(p[flow], q[flow]))
            if abs(p[flow] - q[flow]) <= 1 and along < _LONGEST_WAY * across:
                needs[pair] = max(needs.get(pair, 0.0), 1.1 * along)
        if past and self.straightened < _MOST_STRAIGHTENING:
            self.straightened += 1
            # Half way along an edge there is most room beside it.
            (self.columns, self.rows)[flow].level()
            (self.columns, self.rows)[1 - flow].grow(_TALLER)
            return True
        return False

    def _clear_titles(self) -> bool:
        changed = False
        near = RectGrid([bounds_of(line) for line in self.lines])
        for index, (box, group) in enumerate(
            zip(self.group_boxes(), self.plan.groups, strict=True)
        ):
            if not group.title[0] or group.heading:
                continue
            title = _title_of(box, group).grown(4.0)
            crossing = [
                x
                for k in sorted(near.near(title))
                for x, y in _between(self.lines[k])
                if title.outside((x, y)) < 0
            ]
            if crossing and self.inset[index] < 2 * group.title[0]:
                self.inset[index] += max(1.0, title.right - min(crossing))
                changed = True
        return changed


def _title_of(box: Rect, group: PlanGroup) -> Rect:
    """Where the title of a group is written: inside its box, at the top left or in the middle."""
    width, height = group.title
    left, top = box.left + _TITLE_INSET, box.top + _TITLE_INSET / 2
    if group.heading:
        left = box.centre[0] - width / 2
    return Rect(left, top, left + width, top + height)


def _is_straight(curve: Curve) -> bool:
    (x0, y0), (x1, y1) = curve[0], curve[-1]
    length = math.dist(curve[0], curve[-1]) or 1.0
    return all(abs((x - x0) * (y1 - y0) - (y - y0) * (x1 - x0)) < length for x, y in curve)


def _between(line: list[Point]) -> list[Point]:
    """Points on a line, six pixels apart."""
    found = []
    for (x0, y0), (x1, y1) in itertools.pairwise(line):
        steps = 1 + int(max(abs(x1 - x0), abs(y1 - y0)) / 6)
        found += [
            (x0 + (x1 - x0) * k / steps, y0 + (y1 - y0) * k / steps) for k in range(steps + 1)
        ]
    return found


def _visible(curve: Curve, tail: Rect, head: Rect) -> list[Point]:
    clipped, tip = clip(curve, tail, head, _ARROW)
    return [*flatten(clipped), tip]


def _ranks(plan: Plan) -> list[int]:
    """Ranks from the top: below all users, except those that a loop leads back to."""
    at = plan.at
    assert at is not None
    users: list[set[int]] = [set() for _ in plan.shapes]
    operands: list[set[int]] = [set() for _ in plan.shapes]
    for tail, head in plan.edges:
        if tail != head:
            users[tail].add(head)
            operands[head].add(tail)
    # The highest node goes first where everything left has a user left.
    order = sorted(range(len(users)), key=lambda v: (-at[v][1], -at[v][0], v))
    left = [len(found) for found in users]
    ranks = [-1] * len(users)
    free = [v for v in order if not left[v]]
    remaining = iter(order)
    while True:
        while free:
            v = free.pop()
            if ranks[v] >= 0:
                continue
            ranks[v] = max((ranks[user] + 1 for user in users[v] if ranks[user] >= 0), default=0)
            for operand in operands[v]:
                left[operand] -= 1
                if left[operand] == 0:
                    free.append(operand)
        stuck = next((v for v in remaining if ranks[v] < 0), None)
        if stuck is None:
            return ranks
        free.append(stuck)
