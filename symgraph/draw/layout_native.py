"""The layout engine that is always there: layers in pure Python (Sugiyama, Tagawa and Toda 1981).

Everything is computed with the roots on top: `u` runs along a layer, `v` from layer to layer. Only
`_Frame` knows which way the picture is turned.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from symgraph.draw import coords, order, ranks
from symgraph.draw.geometry import Curve, Point, Rect, hermite
from symgraph.draw.plan import Extent, Places, Plan
from symgraph.draw.routes import Routes, refine

__all__ = ["VERSION", "place"]

VERSION = "1"

_NODE_GAP = 22.0
_LABEL_GAP = 14.0
_BEND_GAP = 11.0
_LAYER_GAP = 48.0
_ABOVE_LABEL = 13.0
_BELOW_LABEL = 8.0
_EDGE_TO_LABEL = 6.0
# The flattest edge: how far it may go along the layers for one pixel across.
_FLATTEST = 1.3
# More bends than this and the longest edges get none: they fly straight over the layers.
_MOST_BENDS = 120_000
# Above this many nodes edges keep the way through their bends; no shortcuts are looked for.
_REFINED = 260


def place(plan: Plan) -> Places:
    """Place the nodes, edges and labels of a plan; the same plan gives the same places."""
    rank_of = ranks.assign(len(plan.shapes), plan.edges)
    chart = _Chart(plan, rank_of)
    layers = order.Layers(chart.layer_of, chart.down)
    order.reduce_crossings(layers)
    chart.choose_sides(layers)
    across = _across(chart, layers)
    along = _along(chart, layers, across)
    frame = _Frame(plan, across, along)
    routes = frame.routes(chart)
    if len(plan.shapes) <= _REFINED:
        routes = refine(routes)
    return Places(
        routes.centres,
        tuple(routes.curves),
        tuple(routes.labels),
        tuple(rank_of),
        "native",
        VERSION,
    )


@dataclass(slots=True)
class _Room:
    """What an element takes up: along its layer before and after, across towards the root or not."""

    before: float = 0.0
    after: float = 0.0
    up: float = 0.0
    down: float = 0.0


class _Chart:
    """The elements: nodes first, then the bends of the edges, some of which carry a label."""

    def __init__(self, plan: Plan, rank_of: list[int]) -> None:
        self.plan = plan
        self.sideways = plan.direction == "LR"
        self.step = 2 if any(plan.labels) else 1
        self.layer_of = [rank * self.step for rank in rank_of]
        self.rooms = [_turned(extent, self.sideways) for extent in plan.rooms]
        self.nodes = len(rank_of)
        self.down: list[list[int]] = [[] for _ in rank_of]
        # For each edge its elements from the head to the tail.
        self.chains: list[list[int]] = [[] for _ in plan.edges]
        self.label_at: dict[int, int] = {}
        self.side: dict[int, int] = {}
        self._add_edges()

    def _add_edges(self) -> None:
        plan = self.plan
        spans = [self.layer_of[tail] - self.layer_of[head] for tail, head in plan.edges]
        longest = _longest_with_bends(spans)
        by_head = sorted(
            range(len(spans)), key=lambda k: (plan.edges[k][1], plan.operands[k], k)
        )
        for k in by_head:
            tail, head = plan.edges[k]
            bends = spans[k] - 1 if spans[k] <= longest else 0
            chain = [head]
            for level in range(bends):
                self._add_bend(k, self.layer_of[head] + 1 + level, first=level == 0)
                chain.append(len(self.layer_of) - 1)
            chain.append(tail)
            self.chains[k] = chain
            if spans[k] <= longest:
                for upper, lower in zip(chain, chain[1:], strict=False):
                    self.down[upper].append(lower)

    def _add_bend(self, edge: int, layer: int, first: bool) -> None:
        bend = len(self.layer_of)
        self.layer_of.append(layer)
        self.down.append([])
        room = _Room()
        label = self.plan.labels[edge]
        if first and label is not None:
            width, height = label
            half = (width if self.sideways else height) / 2
            room.up = room.down = half
            self.label_at[bend] = edge
        self.rooms.append(room)

    def choose_sides(self, layers: order.Layers) -> None:
        """Labels of the left operands go left of their edges, the others right."""
        for head in range(self.nodes):
            labelled = [bend for bend in self.down[head] if bend in self.label_at]
            labelled.sort(key=layers.place.__getitem__)
            for index, bend in enumerate(labelled):
                left = index < len(labelled) // 2
                label = self.plan.labels[self.label_at[bend]]
                assert label is not None
                size = (label[1] if self.sideways else label[0]) + _EDGE_TO_LABEL
                room = self.rooms[bend]
                room.before, room.after = (size, 3.0) if left else (3.0, size)
                self.side[bend] = -1 if left else 1

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


def _across(chart: _Chart, layers: order.Layers) -> list[float]:
    """The place of each element along its layer."""
    links: list[list[tuple[int, float]]] = [[] for _ in chart.layer_of]
    for upper, lowers in enumerate(chart.down):
        for lower in lowers:
            bends = (upper >= chart.nodes) + (lower >= chart.nodes)
            # A bend that wanders is uglier than a slope at the end of the edge.
            weight = (1.0, 1.5, 6.0)[bends]
            links[upper].append((lower, weight))
            links[lower].append((upper, weight))
    gaps = [
        [chart.gap(a, b) for a, b in zip(layer, layer[1:], strict=False)]
        for layer in layers.layers
    ]
    size = len(chart.layer_of)
    sweeps = 120 if size <= 1000 else 40 if size <= 8000 else 16
    return coords.assign(layers.layers, gaps, links, chart.layer_of, sweeps)


def _along(chart: _Chart, layers: order.Layers, across: list[float]) -> list[tuple[float, ...]]:
    """For each layer its middle, and how far it reaches up and down."""
    up = [max((chart.rooms[v].up for v in layer), default=0.0) for layer in layers.layers]
    down = [max((chart.rooms[v].down for v in layer), default=0.0) for layer in layers.layers]
    widest = _widest_steps(chart, across)
    middles: list[float] = []
    step = chart.step
    at = 0.0
    for level in range(0, len(up), step):
        middles.append(at)
        if level + step >= len(up):
            break
        clear = _LAYER_GAP
        label = up[level + 1] + down[level + 1] if step == 2 else 0.0
        if label:
            clear = max(clear, _ABOVE_LABEL + label + _BELOW_LABEL)
        distance = down[level] + clear + up[level + step]
        # A flat edge crosses what stands beside its node; steepen it, within reason.
        wanted = min(widest[level // step] / _FLATTEST, 1.7 * distance)
        extra = max(0.0, wanted - distance)
        if step == 2:
            slack = clear - label - _ABOVE_LABEL - _BELOW_LABEL + extra
            middles.append(at + down[level] + _ABOVE_LABEL + slack / 2 + label / 2)
        at += distance + extra
    return list(zip(middles, up, down, strict=True))


def _widest_steps(chart: _Chart, across: list[float]) -> list[float]:
    """For each rank how far the farthest edge to the next rank goes along the layers."""
    step = chart.step
    widest = [0.0] * (max(chart.layer_of, default=0) // step + 2)
    for chain in chart.chains:
        for upper, lower in zip(chain[::step], chain[step::step], strict=False):
            level = chart.layer_of[upper] // step
            widest[level] = max(widest[level], abs(across[upper] - across[lower]))
    return widest


class _Frame:
    """The turn from (along the layer, from layer to layer) to the picture."""

    def __init__(self, plan: Plan, across: list[float], along: list[tuple[float, ...]]) -> None:
        self.plan = plan
        self.across = across
        self.along = along
        self.sideways = plan.direction == "LR"

    def point(self, u: float, v: float) -> Point:
        """A point of the picture."""
        return (-v, u) if self.sideways else (u, v)

    def routes(self, chart: _Chart) -> Routes:
        """The centres, and for each edge its possible curves from the nicest to the safest."""
        centres = tuple(
            self.point(self.across[v], self.along[chart.layer_of[v]][0])
            for v in range(chart.nodes)
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
        """Smooth through the bends; upright past each layer; upright past the end layers too."""
        axis = 0 if self.sideways else 1
        middles = [self._at(chart, v, 0) for v in chain]
        bands = [[self._at(chart, v, -1), self._at(chart, v, 1)] for v in chain[1:-1]]
        inner = [point for band in bands for point in band]
        head, tail = chain[0], chain[-1]
        safe = [
            middles[0],
            self._at(chart, head, 1),
            *inner,
            self._at(chart, tail, -1),
            middles[-1],
        ]
        if twin:
            middles = _bulged(middles, twin, axis)
        ways = (middles, [middles[0], *inner, middles[-1]], safe)
        return tuple(
            hermite(_distinct(way, axis)[::-1], axis, flat_ends=way is safe) for way in ways
        )

    def _at(self, chart: _Chart, v: int, side: int) -> Point:
        """The middle of an element, or where its layer ends towards (-1) or away from the root."""
        middle, up, down = self.along[chart.layer_of[v]]
        return self.point(self.across[v], middle + (0.0, down, -up)[side])

    def _label(self, chart: _Chart, bend: int) -> Rect:
        label = self.plan.labels[chart.label_at[bend]]
        assert label is not None
        width, height = label
        reach = (height if self.sideways else width) / 2 + _EDGE_TO_LABEL
        u = self.across[bend] + chart.side[bend] * reach
        x, y = self.point(u, self.along[chart.layer_of[bend]][0])
        return Rect(x - width / 2, y - height / 2, x + width / 2, y + height / 2)


def _bulged(points: list[Point], twin: int, axis: int) -> list[Point]:
    """The same way again, bent aside: two operands of one node are the same node."""
    (x0, y0), (x1, y1) = points[0], points[-1]
    offset = 14.0 * ((twin + 1) // 2) * (1 if twin % 2 else -1)
    middle = ((x0 + x1) / 2, (y0 + y1) / 2)
    bent = (middle[0] + offset, middle[1]) if axis == 1 else (middle[0], middle[1] + offset)
    return [points[0], bent, points[-1]]


def _distinct(points: list[Point], axis: int) -> list[Point]:
    kept = points[:1]
    for point in points[1:]:
        if abs(point[axis] - kept[-1][axis]) > 0.01:
            kept.append(point)
    return kept
