"""The elements of a layered drawing: nodes, the bends of edges, and the borders of groups.

The roots are on top here: `u` runs along a layer, `v` from layer to layer, whatever the direction.
"""

from __future__ import annotations

import itertools
import math
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from symgraph.draw.engines import order
from symgraph.draw.engines.groups import NOWHERE, Tree
from symgraph.draw.plan import Extent, Plan

__all__ = ["EDGE_TO_LABEL", "GROUP_PAD", "TITLE_GAP", "Border", "Chart", "Room"]

EDGE_TO_LABEL = 6.0
# Between the border of a group and what stands inside or outside of it.
GROUP_PAD = 14.0
TITLE_GAP = 4.0
_BORDER_WEIGHT = 3
_NODE_GAP = 22.0
_LABEL_GAP = 14.0
_BEND_GAP = 11.0
_PASSING = 8.0
# Above so many bends the edges of one node share theirs; what still has too many, or passes too
# many, gets none and flies straight over the layers.
_FEW_BENDS, _BENDS_A_NODE, _MOST_BENDS = 2_000, 4, 16_000
_MOST_PASSED = 30_000


@dataclass(slots=True)
class Room:
    """What an element takes up, along its layer before and after it, and across."""

    before: float = 0.0
    after: float = 0.0
    up: float = 0.0
    down: float = 0.0


@dataclass(slots=True)
class Border:
    """The two sides of the box of a group: an element on each layer from `top` to `bottom`."""

    top: int
    bottom: int
    left: list[int]
    right: list[int]


class Chart:
    """The elements in their layers: nodes, the bends of the edges, the borders of groups.

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
        self.tree = Tree(plan.groups, self.nodes)
        self.tree.span(rank_of)
        self.borders: list[Border | None] = [None] * len(plan.groups)
        # For each element of a border -1 where it is a left one, else 1.
        self.border_side: dict[int, int] = {}
        # What several chains pass in common counts once.
        self.shared: set[int] = set()
        self._bend_at_ranks()
        self._set_borders()
        self.rows = self._ordered()
        if self.step == 2:
            self._bend_between_ranks()
        self.place = [0] * len(self.layer_of)
        for row in self.rows:
            for index, v in enumerate(row):
                self.place[v] = index
        self._make_room_for_titles()

    def _bend_at_ranks(self) -> None:
        plan = self.plan
        ranks = self.layer_of[: self.nodes]
        spans = [ranks[tail] - ranks[head] for tail, head in plan.edges]
        budget = min(_FEW_BENDS + _BENDS_A_NODE * self.nodes, _MOST_BENDS)
        bundled = sum(spans) - len(spans) > budget
        longest = _longest_with_bends(plan.edges, spans, bundled, budget)
        known: dict[tuple[int, int, int], int] = {}
        for k, (tail, head) in enumerate(plan.edges):
            chain = [head]
            self.chains[k] = chain
            if spans[k] > longest:
                self.flying.add(k)
            else:
                for layer in range(ranks[head] + 1, ranks[tail]):
                    home = self.tree.home_of_bend(head, tail, layer, ranks)
                    bend = known.get((tail, layer, home)) if bundled else None
                    if bend is None:
                        bend = known[tail, layer, home] = self._bend(layer, home)
                    elif bundled:
                        self.shared.add(bend)
                    chain.append(bend)
            chain.append(tail)

    def _bend(self, layer: int, home: int = NOWHERE) -> int:
        self.layer_of.append(layer)
        self.rooms.append(Room())
        self.tree.home.append(home)
        return len(self.layer_of) - 1

    def _set_borders(self) -> None:
        for g, (top, bottom) in enumerate(zip(self.tree.tops, self.tree.bottoms, strict=True)):
            if top > bottom:
                continue
            left = [self._bend(layer, g) for layer in range(top, bottom + 1)]
            right = [self._bend(layer, g) for layer in range(top, bottom + 1)]
            self.borders[g] = Border(top, bottom, left, right)
            self.border_side.update(dict.fromkeys(left, -1))
            self.border_side.update(dict.fromkeys(right, 1))

    def links(self, edges: Iterable[int]) -> list[tuple[int, int]]:
        """The pairs (upper, lower) that these edges join on their ways from layer to layer."""
        found: list[tuple[int, int]] = []
        seen: set[tuple[int, int]] = set()
        for k in edges:
            if k in self.flying:
                continue
            for pair in itertools.pairwise(self.chains[k]):
                if pair[0] in self.shared or pair[1] in self.shared:
                    if pair in seen:
                        continue
                    seen.add(pair)
                found.append(pair)
        return found

    def sides(self) -> list[list[int]]:
        """The elements of the borders, side by side from top to bottom."""
        known = [border for border in self.borders if border is not None]
        return [side for border in known for side in (border.left, border.right)]

    def _ordered(self) -> list[list[int]]:
        down: list[list[int]] = [[] for _ in self.layer_of]
        edges, operands = self.plan.edges, self.plan.operands
        by_operand = sorted(range(len(edges)), key=lambda k: (edges[k][1], operands[k], k))
        for upper, lower in self.links(by_operand):
            down[upper].append(lower)
        # An edge through the side of a box is as bad as so many crossings.
        for side in self.sides():
            for upper, lower in itertools.pairwise(side):
                down[upper] += [lower] * _BORDER_WEIGHT
        nest = order.Nest(self.tree.home, self.tree.parents, self.border_side)
        layers = order.Layers(self.layer_of, down, nest if self.plan.groups else None)
        order.reduce_crossings(layers)
        return layers.layers

    def _bend_between_ranks(self) -> None:
        place = {v: index for row in self.rows for index, v in enumerate(row)}
        self.layer_of = [2 * layer for layer in self.layer_of]
        between: list[list[tuple[int, int, int, int]]] = [[] for _ in self.rows]
        known: dict[tuple[int, int], int] = {}

        def bend(upper: int, lower: int, operand: int) -> int:
            common = upper in self.shared or lower in self.shared
            if common and upper >= self.nodes and (upper, lower) in known:
                self.shared.add(known[upper, lower])
                return known[upper, lower]
            home = self.tree.home[upper] if upper in self.border_side else NOWHERE
            made = known[upper, lower] = self._bend(self.layer_of[upper] + 1, home)
            key = (place[upper], place[lower], operand, made)
            between[self.layer_of[upper] // 2].append(key)
            return made

        for k, chain in enumerate(self.chains):
            if k in self.flying:
                continue
            full = chain[:1]
            for upper, lower in itertools.pairwise(chain):
                full += [bend(upper, lower, self.plan.operands[k]), lower]
            self.chains[k] = full
            self._carry_label(k, full[1])
        for side in self.sides():
            sign = self.border_side[side[0]]
            full = side[:1]
            for upper, lower in itertools.pairwise(side):
                full += [bend(upper, lower, 0), lower]
            self.border_side.update(dict.fromkeys(full, sign))
            side[:] = full
        for border in self.borders:
            if border is not None:
                border.top, border.bottom = 2 * border.top, 2 * border.bottom
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

    def _make_room_for_titles(self) -> None:
        """The layers at the ends of a box are so tall that it stays clear of the next ones."""
        for g in reversed(range(len(self.borders))):
            border, group = self.borders[g], self.plan.groups[g]
            if border is None:
                continue
            inside = [v for row in (border.top, border.bottom) for v in self.inside(g, row)]
            up = max(self.rooms[v].up for v in inside if self.layer_of[v] == border.top)
            down = max(self.rooms[v].down for v in inside if self.layer_of[v] == border.bottom)
            wide, tall = group.title
            title = 0.0 if self.sideways else tall + TITLE_GAP
            missing = 0.0
            if self.sideways:
                least = up + down + 2 * GROUP_PAD + 24.0 * (border.bottom - border.top)
                missing = max(0.0, wide + 2 * GROUP_PAD - least) / 2
            for v in (border.left[0], border.right[0]):
                self.rooms[v].up = up + GROUP_PAD + title + missing
            for v in (border.left[-1], border.right[-1]):
                self.rooms[v].down = down + GROUP_PAD + missing

    def inside(self, group: int, layer: int) -> list[int]:
        """What stands on a layer between the borders of a group."""
        border = self.borders[group]
        assert border is not None
        row = self.rows[layer]
        left, right = (side[layer - border.top] for side in (border.left, border.right))
        return row[self.place[left] + 1 : self.place[right]]

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
                size = (label[1] if self.sideways else label[0]) + EDGE_TO_LABEL
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
        if left in self.border_side or right in self.border_side:
            return between + self._beside_border(left, right)
        if left < self.nodes and right < self.nodes:
            return between + _NODE_GAP
        if left < self.nodes or right < self.nodes:
            return between + _LABEL_GAP
        labels = (left in self.label_at) + (right in self.label_at)
        return between + (_BEND_GAP, _BEND_GAP, _LABEL_GAP)[labels]

    def _beside_border(self, left: int, right: int) -> float:
        inside = self.border_side.get(left) == -1
        if not (inside and self.sideways):
            return GROUP_PAD
        return GROUP_PAD + self.plan.groups[self.tree.home[left]].title[1] + TITLE_GAP


def _turned(extent: Extent, sideways: bool) -> Room:
    if sideways:
        return Room(extent.up, extent.down, extent.right, extent.left)
    return Room(extent.left, extent.right, extent.up, extent.down)


def _longest_with_bends(
    edges: tuple[tuple[int, int], ...], spans: list[int], bundled: bool, budget: int
) -> int:
    """The longest span whose edges, with all shorter ones, stay within the budget of bends."""
    farthest: dict[int, int] = defaultdict(int)
    made = passed = 0
    longest = 1
    for span, tail in sorted((span, tail) for (tail, _), span in zip(edges, spans, strict=True)):
        passed += span - 1
        made += span - max(1, farthest[tail]) if bundled else span - 1
        farthest[tail] = span
        if made > budget or passed > _MOST_PASSED:
            # All of one length or none, so that the order of the edges does not matter.
            return longest - (longest == span)
        longest = span
    return longest
