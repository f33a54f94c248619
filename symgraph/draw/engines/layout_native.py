"""The layout engine that is always there: layers in pure Python (Sugiyama, Tagawa and Toda 1981).

Everything is computed with the roots on top: `u` runs along a layer, `v` from layer to layer. Only
`_Frame` knows which way the picture is turned.
"""

from __future__ import annotations

import itertools
import math
from collections import Counter

from symgraph.draw.engines import coords, ranks
from symgraph.draw.engines.boxes import box, straightened
from symgraph.draw.engines.chart import EDGE_TO_LABEL, Chart
from symgraph.draw.engines.groups import connections
from symgraph.draw.engines.routes import refine
from symgraph.draw.engines.taut import Gate, pulled
from symgraph.draw.engines.ways import Routes
from symgraph.draw.geometry import Curve, Point, Rect, enclosing, hermite, rounded
from symgraph.draw.plan import Places, Plan, PlanGroup, around

__all__ = ["VERSION", "operand_order", "place"]

VERSION = "2"

_LAYER_GAP = 48.0
_ABOVE_LABEL = 13.0
_BELOW_LABEL = 8.0
_PART_GAP = 40.0
_CHAIN = 8.0
# The flattest edge: how far it may go along the layers for one pixel across.
_FLATTEST = 1.4
_MOST_STEEPENING, _STEEPENING = 60.0, 0.12
# Above this many nodes or edges the edges keep the way through their bends.
_REFINED_NODES = 150
_REFINED_EDGES = 240
# In a drawing of more than that, so do parts with more nodes than this.
_REFINED_PART = 40
# Up to this many elements a second pass leaves room beside labels for the slope of their edges.
_SLOPED = 8000


def place(plan: Plan) -> Places:
    """Place the nodes, edges and labels of a plan; the same plan gives the same places.

    Raises DrawError when the edges go round in a circle.
    """
    together = (*plan.edges, *connections(plan.groups))
    parts = ranks.components(len(plan.shapes), together)
    if len(parts) <= 1:
        return _place_connected(plan, draft=not _is_small(plan))
    return _packed(plan, parts)


def operand_order(plan: Plan) -> list[int]:
    """The edges, those into one node from left to right as this engine would draw them."""
    chart = Chart(plan, ranks.assign(len(plan.shapes), plan.edges))
    keys = [
        (edge[1], chart.place[chain[1]], operand, k)
        for k, (edge, chain, operand) in enumerate(
            zip(plan.edges, chart.chains, plan.operands, strict=True)
        )
    ]
    return [k for *_, k in sorted(keys)]


def _place_connected(plan: Plan, draft: bool) -> Places:
    rank_of = ranks.assign(len(plan.shapes), plan.edges)
    chart = Chart(plan, rank_of)
    chart.choose_sides()
    across = _across(chart)
    along = _along(chart, across)
    if chart.label_at and len(chart.layer_of) <= _SLOPED:
        chart.make_room_for_slopes(across, along)
        across = _across(chart, across)
        along = _along(chart, across)
    frame = _Frame(plan, across, along, draft)
    routes = frame.routes(chart)
    boxes = frame.boxes(chart)
    if not draft:
        routes = refine(routes, boxes)
    return Places(
        routes.centres,
        tuple(routes.curves),
        tuple(routes.labels),
        tuple(rank_of),
        "native",
        VERSION,
        boxes,
    )


def _packed(plan: Plan, parts: list[list[int]]) -> Places:
    """Connected parts beside each other, in rows where there are many."""
    subplans = [_Subplan(plan, nodes) for nodes in _with_edges(plan, parts)]
    most = _REFINED_NODES if _is_small(plan) else _REFINED_PART
    found = [
        _place_connected(part.plan, draft=len(part.nodes) > most or not _is_small(part.plan))
        for part in subplans
    ]
    rooms = [_room_of(part.plan, places) for part, places in zip(subplans, found, strict=True)]
    centres: list[Point] = [(0.0, 0.0)] * len(plan.shapes)
    curves: list[Curve] = [()] * len(plan.edges)
    labels: list[Rect | None] = [None] * len(plan.edges)
    boxes = [Rect(0.0, 0.0, 0.0, 0.0)] * len(plan.groups)
    rank_of = [0] * len(plan.shapes)
    for part, places, (dx, dy) in zip(subplans, found, _shelves(rooms), strict=True):
        for v, (x, y), rank in zip(part.nodes, places.centres, places.ranks, strict=True):
            centres[v] = (x + dx, y + dy)
            rank_of[v] = rank
        for k, curve, label in zip(part.edges, places.curves, places.labels, strict=True):
            curves[k] = tuple((x + dx, y + dy) for x, y in curve)
            labels[k] = label and label.moved(dx, dy)
        for g, rect in zip(part.groups, places.groups, strict=True):
            boxes[g] = rect.moved(dx, dy)
    return Places(
        tuple(centres),
        tuple(curves),
        tuple(labels),
        tuple(rank_of),
        "native",
        VERSION,
        tuple(boxes),
    )


def _with_edges(plan: Plan, parts: list[list[int]]) -> list[tuple[list[int], list[int], list[int]]]:
    """For each connected part its nodes, its edges and its groups."""
    part_of = {v: index for index, part in enumerate(parts) for v in part}
    edges: list[list[int]] = [[] for _ in parts]
    for k, (tail, _) in enumerate(plan.edges):
        edges[part_of[tail]].append(k)
    groups: list[list[int]] = [[] for _ in parts]
    where: list[int | None] = [None] * len(plan.groups)
    for g in reversed(range(len(plan.groups))):
        group = plan.groups[g]
        place = part_of[group.members[0]] if group.members else where[g]
        if place is not None:
            where[g] = place
            groups[place].insert(0, g)
            if group.parent is not None:
                where[group.parent] = place
    return list(zip(parts, edges, groups, strict=True))


class _Subplan:
    """A plan of some nodes, and which nodes, edges and groups of the whole they are."""

    def __init__(self, plan: Plan, part: tuple[list[int], list[int], list[int]]) -> None:
        self.nodes, self.edges, self.groups = part
        number = {v: index for index, v in enumerate(self.nodes)}
        turn = {g: index for index, g in enumerate(self.groups)}
        groups = [plan.groups[g] for g in self.groups]
        self.plan = Plan(
            tuple(plan.shapes[v] for v in self.nodes),
            tuple(plan.rooms[v] for v in self.nodes),
            tuple((number[plan.edges[k][0]], number[plan.edges[k][1]]) for k in self.edges),
            tuple(plan.operands[k] for k in self.edges),
            tuple(plan.labels[k] for k in self.edges),
            plan.direction,
            tuple(
                PlanGroup(
                    tuple(number[v] for v in group.members),
                    None if group.parent is None else turn[group.parent],
                    group.title,
                )
                for group in groups
            ),
            values=tuple(plan.values[v] for v in self.nodes) if plan.values else (),
            value_gap=plan.value_gap,
        )


def _room_of(plan: Plan, places: Places) -> Rect:
    rects = [around(at, room) for at, room in zip(places.centres, plan.rooms, strict=True)]
    rects += [label for label in places.labels if label is not None]
    return enclosing([*rects, *places.groups])


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


def _across(chart: Chart, start: list[float] | None = None) -> list[float]:
    """The place of each element along its layer, sought from `start` on where that is known."""
    links: list[list[tuple[int, float]]] = [[] for _ in chart.layer_of]
    upright = _upright(chart)
    only = {pair for chain in upright for pair in itertools.pairwise(chain)}
    flying = [(chart.chains[k][0], chart.chains[k][-1]) for k in sorted(chart.flying)]
    sides = [pair for side in chart.sides() for pair in itertools.pairwise(side)]
    for upper, lower in (*chart.links(range(len(chart.chains))), *flying, *sides):
        bends = (upper >= chart.nodes) + (lower >= chart.nodes)
        # A bend that wanders is uglier than a slope at the end of the edge.
        weight = (1.0, 1.5, 6.0)[bends]
        if (upper, lower) in only:
            # What has one operand stands above it: a chain is a straight line.
            weight *= _CHAIN
        links[upper].append((lower, weight))
        links[lower].append((upper, weight))
    gaps = [[chart.gap(a, b) for a, b in itertools.pairwise(row)] for row in chart.rows]
    size = len(chart.layer_of)
    sweeps = 120 if size <= 1000 else 40 if size <= 8000 else 16
    places = coords.assign(chart.rows, gaps, links, chart.layer_of, sweeps, start)
    if chart.plan.groups:
        places = straightened(chart, gaps, links, places)
    coords.align(upright, chart.rows, gaps, chart.layer_of, places)
    return places


def _upright(chart: Chart) -> list[list[int]]:
    """The chains of what is the only operand of its only user; a straight line draws them best."""
    users = Counter(tail for tail, _ in chart.plan.edges)
    operands = Counter(head for _, head in chart.plan.edges)
    below: dict[int, list[int]] = {}
    for (tail, head), chain in zip(chart.plan.edges, chart.chains, strict=True):
        if users[tail] == operands[head] == 1 and len(chain) <= 3:
            below[head] = chain[1:]
    inner = {chain[-1] for chain in below.values()}
    found = []
    for top in sorted(below.keys() - inner):
        chain = [top]
        while chain[-1] in below:
            chain += below[chain[-1]]
        found.append(chain)
    return found


def _along(chart: Chart, across: list[float]) -> list[tuple[float, ...]]:
    """For each layer its middle, and how far it reaches up and down."""
    up = [max((chart.rooms[v].up for v in layer), default=0.0) for layer in chart.rows]
    down = [max((chart.rooms[v].down for v in layer), default=0.0) for layer in chart.rows]
    steps = _widest_steps(chart, across)
    gaps = _least_gaps(chart.step, up, down)
    middles = [0.0] if up else []
    for level, least in enumerate(gaps):
        reach = down[level] + up[level + 1]
        # A flat edge crosses what stands beside its node; steepen it, within reason.
        most = max(_MOST_STEEPENING, _STEEPENING * steps[level])
        gap = max(least, min(steps[level] / _FLATTEST - reach, least + most))
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


def _widest_steps(chart: Chart, across: list[float]) -> list[float]:
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

    def __init__(
        self, plan: Plan, across: list[float], along: list[tuple[float, ...]], draft: bool
    ) -> None:
        self.plan = plan
        self.across = across
        self.along = along
        self.sideways = plan.direction == "LR"
        self.draft = draft

    def point(self, u: float, v: float) -> Point:
        """A point of the picture."""
        return (-v, u) if self.sideways else (u, v)

    def boxes(self, chart: Chart) -> tuple[Rect, ...]:
        """The boxes of the groups."""
        middles = [middle for middle, *_ in self.along]
        found = (box(chart, g, self.across, middles) for g in range(len(chart.borders)))
        if not self.sideways:
            return tuple(found)
        return tuple(Rect(-rect.bottom, rect.left, -rect.top, rect.right) for rect in found)

    def routes(self, chart: Chart) -> Routes:
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

    def _choices(self, chart: Chart, chain: list[int], twin: int) -> tuple[Curve, ...]:
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
            return (hermite(_corners(taut[::-1]), axis),)
        straightened = self._pulled(upright)[::-1]
        if self.draft:
            straightened = _corners(straightened)
        safe = hermite(straightened, axis, flat_ends=True)
        if self.draft:
            return (safe,)
        softer = (rounded(_bare_corners(line)) for line in (taut[::-1], straightened))
        return (plain, hermite(taut[::-1], axis), *softer, safe)

    def _fixed(self, chart: Chart, v: int, side: int) -> Gate:
        """A gate that is one point: the middle of an element, or where its layer ends."""
        middle, up, down = self.along[chart.layer_of[v]]
        return (middle + (0.0, down, -up)[side], self.across[v], self.across[v])

    def _gates(self, chart: Chart, v: int) -> tuple[Gate, Gate]:
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

    def _label(self, chart: Chart, bend: int) -> Rect:
        label = self.plan.labels[chart.label_at[bend]]
        assert label is not None
        width, height = label
        reach = (height if self.sideways else width) / 2 + EDGE_TO_LABEL + chart.lean.get(bend, 0.0)
        u = self.across[bend] + chart.side[bend] * reach
        x, y = self.point(u, self.along[chart.layer_of[bend]][0])
        return Rect(x - width / 2, y - height / 2, x + width / 2, y + height / 2)


def _corners(points: list[Point]) -> list[Point]:
    """The points at which a line turns, and their neighbours; those between need no mention."""
    turns = [True] * len(points)
    for i in range(1, len(points) - 1):
        turns[i] = _turns(*points[i - 1 : i + 2])
    last = len(points) - 1
    return [
        point
        for i, point in enumerate(points)
        if turns[i] or turns[max(0, i - 1)] or turns[min(last, i + 1)]
    ]


def _bare_corners(points: list[Point]) -> list[Point]:
    """The ends of a line and the points at which it turns."""
    inner = [q for p, q, r in zip(points, points[1:], points[2:], strict=False) if _turns(p, q, r)]
    return [points[0], *inner, points[-1]]


def _turns(p: Point, q: Point, r: Point) -> bool:
    return abs((q[0] - p[0]) * (r[1] - q[1]) - (q[1] - p[1]) * (r[0] - q[0])) > 1e-6


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
