"""The layout engine that is always there: layers in pure Python (Sugiyama, Tagawa and Toda 1981).

Everything is computed with the roots on top: `u` runs along a layer, `v` from layer to layer. Only
`_Frame` knows which way the picture is turned.
"""

from __future__ import annotations

import itertools
import math
from collections import Counter
from dataclasses import dataclass

from symgraph.draw import coords, order, ranks
from symgraph.draw.geometry import Curve, Point, Rect, enclosing, hermite
from symgraph.draw.plan import Extent, Places, Plan, around
from symgraph.draw.routes import Routes, refine
from symgraph.draw.taut import Gate, pulled

__all__ = ["VERSION", "operand_order", "place"]

VERSION = "1"

_NODE_GAP = 22.0
_LABEL_GAP = 14.0
_BEND_GAP = 11.0
_LAYER_GAP = 48.0
_ABOVE_LABEL = 13.0
_BELOW_LABEL = 8.0
_EDGE_TO_LABEL = 6.0
_PASSING = 8.0
_PART_GAP = 40.0
# The flattest edge: how far it may go along the layers for one pixel across.
_FLATTEST = 1.4
_MOST_STEEPENING = 60.0
# More bends than this and the longest edges get none: they fly straight over the layers.
_MOST_BENDS = 60_000
# Above this many nodes or edges the edges keep the way through their bends.
_REFINED_NODES = 150
_REFINED_EDGES = 240
# Up to this many elements a second pass leaves room beside labels for the slope of their edges.
_SLOPED = 8000


def place(plan: Plan) -> Places:
    """Place the nodes, edges and labels of a plan; the same plan gives the same places.

    Raises DrawError when the edges go round in a circle.
    """
    parts = ranks.components(len(plan.shapes), plan.edges)
    if len(parts) <= 1:
        return _place_connected(plan)
    return _packed(plan, parts)


def operand_order(plan: Plan) -> list[int]:
    """The edges, those into one node from left to right as this engine would draw them."""
    chart = _Chart(plan, ranks.assign(len(plan.shapes), plan.edges))
    keys = [
        (edge[1], chart.place[chain[1]], operand, k)
        for k, (edge, chain, operand) in enumerate(
            zip(plan.edges, chart.chains, plan.operands, strict=True)
        )
    ]
    return [k for *_, k in sorted(keys)]


def _place_connected(plan: Plan) -> Places:
    rank_of = ranks.assign(len(plan.shapes), plan.edges)
    chart = _Chart(plan, rank_of)
    chart.choose_sides()
    across = _across(chart)
    along = _along(chart, across)
    if chart.label_at and len(chart.layer_of) <= _SLOPED:
        chart.make_room_for_slopes(across, along)
        across = _across(chart, across)
        along = _along(chart, across)
    routes = _Frame(plan, across, along).routes(chart)
    if _is_small(plan):
        routes = refine(routes)
    return Places(
        routes.centres,
        tuple(routes.curves),
        tuple(routes.labels),
        tuple(rank_of),
        "native",
        VERSION,
    )


def _packed(plan: Plan, parts: list[list[int]]) -> Places:
    """Connected parts beside each other, in rows where there are many."""
    part_of = {v: index for index, part in enumerate(parts) for v in part}
    edges_of: list[list[int]] = [[] for _ in parts]
    for k, (tail, _) in enumerate(plan.edges):
        edges_of[part_of[tail]].append(k)
    centres: list[Point] = [(0.0, 0.0)] * len(plan.shapes)
    curves: list[Curve] = [()] * len(plan.edges)
    labels: list[Rect | None] = [None] * len(plan.edges)
    rank_of = [0] * len(plan.shapes)
    found = [
        _place_connected(_subplan(plan, nodes, edges))
        for nodes, edges in zip(parts, edges_of, strict=True)
    ]
    rooms = [
        _room_of(_subplan(plan, nodes, edges), places)
        for nodes, edges, places in zip(parts, edges_of, found, strict=True)
    ]
    for nodes, edges, places, (dx, dy) in zip(parts, edges_of, found, _shelves(rooms), strict=True):
        for v, (x, y), rank in zip(nodes, places.centres, places.ranks, strict=True):
            centres[v] = (x + dx, y + dy)
            rank_of[v] = rank
        for k, curve, label in zip(edges, places.curves, places.labels, strict=True):
            curves[k] = tuple((x + dx, y + dy) for x, y in curve)
            labels[k] = label and label.moved(dx, dy)
    return Places(tuple(centres), tuple(curves), tuple(labels), tuple(rank_of), "native", VERSION)


def _subplan(plan: Plan, nodes: list[int], edges: list[int]) -> Plan:
    number = {v: index for index, v in enumerate(nodes)}
    return Plan(
        tuple(plan.shapes[v] for v in nodes),
        tuple(plan.rooms[v] for v in nodes),
        tuple((number[plan.edges[k][0]], number[plan.edges[k][1]]) for k in edges),
        tuple(plan.operands[k] for k in edges),
        tuple(plan.labels[k] for k in edges),
        plan.direction,
    )


def _room_of(plan: Plan, places: Places) -> Rect:
    rects = [around(at, room) for at, room in zip(places.centres, plan.rooms, strict=True)]
    rects += [label for label in places.labels if label is not None]
    return enclosing(rects)


def _shelves(rooms: list[Rect]) -> list[Point]:
    """How far each room moves: rows from left to right, about as wide as high in the end."""
    area = sum((room.width + _PART_GAP) * (room.height + _PART_GAP) for room in rooms)
    widest = max(1.6 * math.sqrt(area), 800.0)
    x = y = tallest = 0.0
    moves = []
    for room in rooms:
        if x and x + room.width > widest:
            x, y, tallest = 0.0, y + tallest + _PART_GAP, 0.0
        moves.append((x - room.left, y - room.top))
        x += room.width + _PART_GAP
        tallest = max(tallest, room.height)
    return moves


def _is_small(plan: Plan) -> bool:
    """Whether there is time to look for shortcuts."""
    return len(plan.shapes) <= _REFINED_NODES and len(plan.edges) <= _REFINED_EDGES


@dataclass(slots=True)
class _Room:
    """What an element takes up, along its layer before and after it, and across."""

    before: float = 0.0
    after: float = 0.0
    up: float = 0.0
    down: float = 0.0


class _Chart:
    """The elements in their layers: nodes, then the bends of the edges.

    Where edges have labels, every second layer holds bends only, and the bend of an edge next to
    its head carries the label. Those layers cannot add a crossing, so they are left out while the
    order is sought.
    """

    def __init__(self, plan: Plan, rank_of: list[int]) -> None:
        self.plan = plan
        self.sideways = plan.direction == "LR"
        self.nodes = len(rank_of)
        self.step = 2 if any(plan.labels) else 1
        self.layer_of = list(rank_of)
        self.rooms = [_turned(extent, self.sideways) for extent in plan.rooms]
        # For each edge its elements from the head to the tail.
        self.chains: list[list[int]] = [[] for _ in plan.edges]
        self.label_at: dict[int, int] = {}
        self.side: dict[int, int] = {}
        self.lean: dict[int, float] = {}
        # The edges too long to have bends.
        self.flying: set[int] = set()
        self._bend_at_ranks()
        self.rows = self._ordered()
        if self.step == 2:
            self._bend_between_ranks()
        self.place = [0] * len(self.layer_of)
        for row in self.rows:
            for index, v in enumerate(row):
                self.place[v] = index

    def _bend_at_ranks(self) -> None:
        plan = self.plan
        spans = [self.layer_of[tail] - self.layer_of[head] for tail, head in plan.edges]
        longest = _longest_with_bends(spans)
        for k, (tail, head) in enumerate(plan.edges):
            self.chains[k] = [head, tail]
            if spans[k] > longest:
                self.flying.add(k)
                continue
            bends = [self._bend(self.layer_of[head] + 1 + i) for i in range(spans[k] - 1)]
            self.chains[k] = [head, *bends, tail]

    def _bend(self, layer: int) -> int:
        self.layer_of.append(layer)
        self.rooms.append(_Room())
        return len(self.layer_of) - 1

    def _ordered(self) -> list[list[int]]:
        down: list[list[int]] = [[] for _ in self.layer_of]
        edges = self.plan.edges
        by_operand = sorted(
            range(len(edges)), key=lambda k: (edges[k][1], self.plan.operands[k], k)
        )
        for k in by_operand:
            if k not in self.flying:
                for upper, lower in zip(self.chains[k], self.chains[k][1:], strict=False):
                    down[upper].append(lower)
        layers = order.Layers(self.layer_of, down)
        order.reduce_crossings(layers)
        return layers.layers

    def _bend_between_ranks(self) -> None:
        place = {v: index for row in self.rows for index, v in enumerate(row)}
        self.layer_of = [2 * layer for layer in self.layer_of]
        between: list[list[tuple[int, int, int, int]]] = [[] for _ in self.rows]
        for k, chain in enumerate(self.chains):
            if k in self.flying:
                continue
            full = chain[:1]
            for upper, lower in itertools.pairwise(chain):
                bend = self._bend(self.layer_of[upper] + 1)
                key = (place[upper], place[lower], self.plan.operands[k], bend)
                between[self.layer_of[upper] // 2].append(key)
                full += [bend, lower]
            self.chains[k] = full
            self._carry_label(k, full[1])
        rows = []
        for row, keys in zip(self.rows, between, strict=True):
            rows += [row, [bend for *_, bend in sorted(keys)]]
        self.rows = rows[:-1]

    def _carry_label(self, edge: int, bend: int) -> None:
        label = self.plan.labels[edge]
        if label is not None:
            half = (label[0] if self.sideways else label[1]) / 2
            self.rooms[bend].up = self.rooms[bend].down = half
            self.label_at[bend] = edge

    def choose_sides(self) -> None:
        """Labels of the left operands go left of their edges, the others right.

        One alone goes right, where the flow is sideways above: below are the values.
        """
        at_head: list[list[int]] = [[] for _ in range(self.nodes)]
        for bend, k in self.label_at.items():
            at_head[self.plan.edges[k][1]].append(bend)
        for labelled in at_head:
            labelled.sort(key=self.place.__getitem__)
            for index, bend in enumerate(labelled):
                left = index < (len(labelled) + self.sideways) // 2
                label = self.plan.labels[self.label_at[bend]]
                assert label is not None
                size = (label[1] if self.sideways else label[0]) + _EDGE_TO_LABEL
                room = self.rooms[bend]
                room.before, room.after = (size, 3.0) if left else (3.0, size)
                self.side[bend] = -1 if left else 1

    def make_room_for_slopes(self, across: list[float], along: list[tuple[float, ...]]) -> None:
        """A sloping edge comes closer to the corner of its label than to its middle."""
        for chain in self.chains:
            bend = chain[1]
            if bend not in self.label_at:
                continue
            upper, lower = chain[0], chain[2]
            run = along[self.layer_of[lower]][0] - along[self.layer_of[upper]][0]
            slope = abs(across[lower] - across[upper]) / run
            room = self.rooms[bend]
            self.lean[bend] = min(slope, 1.5) * room.up
            if self.side[bend] < 0:
                room.before += self.lean[bend]
            else:
                room.after += self.lean[bend]

    def way(self, v: int, across: list[float]) -> tuple[float, float]:
        """From where to where an edge may pass at one of its bends."""
        at = across[v]
        if v in self.label_at:
            return at, at
        row, index = self.rows[self.layer_of[v]], self.place[v]
        low = -math.inf if index == 0 else self._reach(row[index - 1], v, across)
        high = math.inf if index + 1 == len(row) else self._reach(row[index + 1], v, across)
        return min(low, at), max(high, at)

    def _reach(self, other: int, v: int, across: list[float]) -> float:
        """How far a bend may come to its neighbour: halfway to a bend, else not quite to it."""
        if other >= self.nodes and other not in self.label_at:
            middle = (across[other] + across[v]) / 2
            return middle + math.copysign(min(4.0, abs(across[v] - middle)), across[v] - middle)
        room = self.rooms[other]
        if across[other] < across[v]:
            return across[other] + room.after + _PASSING
        return across[other] - room.before - _PASSING

    def gap(self, left: int, right: int) -> float:
        """The least distance between two neighbours of a layer."""
        between = self.rooms[left].after + self.rooms[right].before
        if left < self.nodes and right < self.nodes:
            return between + _NODE_GAP
        if left < self.nodes or right < self.nodes:
            return between + _LABEL_GAP
        labels = (left in self.label_at) + (right in self.label_at)
        return between + (_BEND_GAP, _BEND_GAP, _LABEL_GAP)[labels]


def _turned(extent: Extent, sideways: bool) -> _Room:
    if sideways:
        return _Room(extent.up, extent.down, extent.right, extent.left)
    return _Room(extent.left, extent.right, extent.up, extent.down)


def _longest_with_bends(spans: list[int]) -> int:
    """The longest span whose edges, with all shorter ones, stay within the budget of bends."""
    counts = Counter(spans)
    total = 0
    longest = 1
    for span in sorted(counts):
        total += (span - 1) * counts[span]
        if total > _MOST_BENDS:
            return longest
        longest = span
    return longest


def _across(chart: _Chart, start: list[float] | None = None) -> list[float]:
    """The place of each element along its layer, sought from `start` on where that is known."""
    links: list[list[tuple[int, float]]] = [[] for _ in chart.layer_of]
    for chain in chart.chains:
        for upper, lower in itertools.pairwise(chain):
            bends = (upper >= chart.nodes) + (lower >= chart.nodes)
            # A bend that wanders is uglier than a slope at the end of the edge.
            weight = (1.0, 1.5, 6.0)[bends]
            links[upper].append((lower, weight))
            links[lower].append((upper, weight))
    gaps = [[chart.gap(a, b) for a, b in itertools.pairwise(row)] for row in chart.rows]
    size = len(chart.layer_of)
    sweeps = 120 if size <= 1000 else 40 if size <= 8000 else 16
    return coords.assign(chart.rows, gaps, links, chart.layer_of, sweeps, start)


def _along(chart: _Chart, across: list[float]) -> list[tuple[float, ...]]:
    """For each layer its middle, and how far it reaches up and down."""
    up = [max((chart.rooms[v].up for v in layer), default=0.0) for layer in chart.rows]
    down = [max((chart.rooms[v].down for v in layer), default=0.0) for layer in chart.rows]
    steps = _widest_steps(chart, across)
    gaps = _least_gaps(chart.step, up, down)
    middles = [0.0] if up else []
    for level, least in enumerate(gaps):
        reach = down[level] + up[level + 1]
        # A flat edge crosses what stands beside its node; steepen it, within reason.
        gap = max(least, min(steps[level] / _FLATTEST - reach, least + _MOST_STEEPENING))
        middles.append(middles[-1] + reach + gap)
    return list(zip(middles, up, down, strict=True))


def _least_gaps(step: int, up: list[float], down: list[float]) -> list[float]:
    """The room between neighbouring layers when all edges are steep."""
    if step == 1:
        return [_LAYER_GAP] * (len(up) - 1)
    gaps = []
    for level in range(1, len(up), 2):
        label = up[level] + down[level]
        slack = max(0.0, _LAYER_GAP - _ABOVE_LABEL - label - _BELOW_LABEL) / 2
        gaps += [_ABOVE_LABEL + slack, _BELOW_LABEL + slack]
    return gaps


def _widest_steps(chart: _Chart, across: list[float]) -> list[float]:
    """For each layer how far the farthest edge to the next layer goes along the layers."""
    widest = [0.0] * len(chart.rows)
    for chain in chart.chains:
        for upper, lower in itertools.pairwise(chain):
            level = chart.layer_of[upper]
            if chart.layer_of[lower] == level + 1:
                widest[level] = max(widest[level], abs(across[upper] - across[lower]))
    return widest


class _Frame:
    """The turn from (along the layer, from layer to layer) to the picture."""

    def __init__(self, plan: Plan, across: list[float], along: list[tuple[float, ...]]) -> None:
        self.plan = plan
        self.across = across
        self.along = along
        self.sideways = plan.direction == "LR"
        self.draft = not _is_small(plan)

    def point(self, u: float, v: float) -> Point:
        """A point of the picture."""
        return (-v, u) if self.sideways else (u, v)

    def routes(self, chart: _Chart) -> Routes:
        """The centres, and for each edge its possible curves from the nicest to the safest."""
        centres = tuple(
            self.point(self.across[v], self.along[chart.layer_of[v]][0]) for v in range(chart.nodes)
        )
        pairs: Counter[tuple[int, int]] = Counter()
        choices: list[tuple[Curve, ...]] = []
        labels: list[Rect | None] = []
        sides: list[int] = []
        for edge, chain in zip(self.plan.edges, chart.chains, strict=True):
            twin = pairs[edge] if len(chain) == 2 else 0
            pairs[edge] += 1
            choices.append(self._choices(chart, chain, twin))
            bend = chain[1] if chain[1] in chart.label_at else None
            labels.append(None if bend is None else self._label(chart, bend))
            sides.append(0 if bend is None else chart.side[bend])
        return Routes(self.plan, centres, choices, labels, sides)

    def _choices(self, chart: _Chart, chain: list[int], twin: int) -> tuple[Curve, ...]:
        """Smooth through the bends; taut between the others; taut and upright at both ends."""
        axis = 0 if self.sideways else 1
        head, tail = chain[0], chain[-1]
        middles = [self.point(self.across[v], self.along[chart.layer_of[v]][0]) for v in chain]
        if twin:
            middles = _bulged(middles, twin, axis)
        plain = hermite(middles[::-1], axis)
        if twin:
            return (plain,)
        inner = [gate for v in chain[1:-1] for gate in self._gates(chart, v)]
        start, end = self._fixed(chart, head, 0), self._fixed(chart, tail, 0)
        taut = self._pulled([start, *inner, end])
        upright = [start, self._fixed(chart, head, 1), *inner, self._fixed(chart, tail, -1), end]
        if self.draft and _is_steep(taut[:2], axis) and _is_steep(taut[-2:], axis):
            return (hermite(taut[::-1], axis),)
        safe = hermite(self._pulled(upright)[::-1], axis, flat_ends=True)
        return (safe,) if self.draft else (plain, hermite(taut[::-1], axis), safe)

    def _fixed(self, chart: _Chart, v: int, side: int) -> Gate:
        """A gate that is one point: the middle of an element, or where its layer ends."""
        middle, up, down = self.along[chart.layer_of[v]]
        return (middle + (0.0, down, -up)[side], self.across[v], self.across[v])

    def _gates(self, chart: _Chart, v: int) -> tuple[Gate, Gate]:
        """Where a bend has its layer to itself; beside its own label it stays in place."""
        middle, up, down = self.along[chart.layer_of[v]]
        low, high = chart.way(v, self.across)
        return ((middle - up, low, high), (middle + down, low, high))

    def _pulled(self, gates: list[Gate]) -> list[Point]:
        # A layer without height has its two gates at one place.
        distinct = gates[:1]
        for gate in gates[1:]:
            if gate[0] - distinct[-1][0] > 0.01:
                distinct.append(gate)
        return [self.point(u, gate[0]) for u, gate in zip(pulled(distinct), distinct, strict=True)]

    def _label(self, chart: _Chart, bend: int) -> Rect:
        label = self.plan.labels[chart.label_at[bend]]
        assert label is not None
        width, height = label
        reach = (
            (height if self.sideways else width) / 2 + _EDGE_TO_LABEL + chart.lean.get(bend, 0.0)
        )
        u = self.across[bend] + chart.side[bend] * reach
        x, y = self.point(u, self.along[chart.layer_of[bend]][0])
        return Rect(x - width / 2, y - height / 2, x + width / 2, y + height / 2)


def _is_steep(points: list[Point], axis: int) -> bool:
    """Whether an edge leaves its node before it can run into the next one."""
    (p, q) = points
    return abs(p[1 - axis] - q[1 - axis]) < abs(p[axis] - q[axis])


def _bulged(points: list[Point], twin: int, axis: int) -> list[Point]:
    """The same way again, bent aside: two operands of one node are the same node."""
    (x0, y0), (x1, y1) = points[0], points[-1]
    offset = 14.0 * ((twin + 1) // 2) * (1 if twin % 2 else -1)
    middle = ((x0 + x1) / 2, (y0 + y1) / 2)
    bent = (middle[0] + offset, middle[1]) if axis == 1 else (middle[0], middle[1] + offset)
    return [points[0], bent, points[-1]]
