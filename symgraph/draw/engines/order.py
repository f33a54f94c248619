"""The order inside the layers: few crossings, and operands from left to right where it is free."""

from __future__ import annotations

import itertools
import math
import random
from bisect import bisect_left, bisect_right, insort

__all__ = ["Layers", "Nest", "count_crossings", "reduce_crossings"]

# Up to this many elements there is time for swaps of neighbours.
_FINE = 4000


class Nest:
    """Which elements stay together: `home[v]` is the group of v or -1, `parents[g]` that around g.

    `sides` holds the borders of the groups, -1 for a left one and 1 for a right one. `turns` is
    where groups stand among their siblings, once that is settled for all layers.
    """

    def __init__(self, home: list[int], parents: list[int], sides: dict[int, int]) -> None:
        self.home = home
        self.sides = sides
        self.turns: list[float] | None = None
        self.paths: list[tuple[int, ...]] = []
        for g, parent in enumerate(parents):
            self.paths.append((*(self.paths[parent] if parent >= 0 else ()), g))
        self.parents = parents

    def sort(self, layer: list[int], keys: dict[int, float]) -> None:
        """Sort a layer by its keys, groups by their mean, and borders to the ends of theirs."""
        totals: dict[int, list[float]] = {}
        for index, v in enumerate(layer):
            for g in self._path(v):
                total = totals.setdefault(g, [0.0, 0.0, index])
                total[0] += keys[v]
                total[1] += 1.0
        means = {g: (total / count, first) for g, (total, count, first) in totals.items()}
        if self.turns is not None:
            self._take_turns(means, self.turns)
        full: dict[int, tuple[tuple[float, float], ...]] = {}
        for index, v in enumerate(layer):
            side = self.sides.get(v)
            own = (keys[v], float(index)) if side is None else (math.inf * side, 0.0)
            full[v] = (*(means[g] for g in self._path(v)), own)
        layer.sort(key=full.__getitem__)

    def _path(self, v: int) -> tuple[int, ...]:
        home = self.home[v]
        return self.paths[home] if home >= 0 else ()

    def _take_turns(self, means: dict[int, tuple[float, float]], turns: list[float]) -> None:
        """Hand the places of siblings out among them in the order settled for all layers."""
        families: dict[int, list[int]] = {}
        for g in means:
            families.setdefault(self.parents[g], []).append(g)
        for family in families.values():
            places = sorted(means[g] for g in family)
            for g, place in zip(sorted(family, key=turns.__getitem__), places, strict=True):
                means[g] = place

    def settle(self, layers: list[list[int]]) -> None:
        """Settle the order of siblings by where they mostly stand."""
        found: list[list[float]] = [[] for _ in self.parents]
        for layer in layers:
            for index, v in enumerate(layer):
                if self.home[v] >= 0:
                    for g in self._path(v):
                        found[g].append((index + 0.5) / len(layer))
        self.turns = [sum(places) / max(1, len(places)) for places in found]

    def may_swap(self, left: int, right: int) -> bool:
        """Whether two neighbours can change places on their own."""
        if self.home[left] != self.home[right]:
            return False
        return left not in self.sides and right not in self.sides


class Layers:
    """Elements (nodes and bends) in layers; edges join neighbouring layers only.

    `down[v]` holds the neighbours in the next layer, operands in their order; `up[v]` those in the
    layer before. With a `nest` groups of elements stay together.
    """

    def __init__(
        self, layer_of: list[int], down: list[list[int]], nest: Nest | None = None
    ) -> None:
        self.nest = nest
        self.layer_of = layer_of
        self.down = down
        self.up: list[list[int]] = [[] for _ in layer_of]
        for upper, lowers in enumerate(down):
            for lower in lowers:
                self.up[lower].append(upper)
        self.layers: list[list[int]] = [[] for _ in range(max(layer_of, default=-1) + 1)]
        self.place = [0] * len(layer_of)

    def arrange(self, layers: list[list[int]]) -> None:
        """Take over an order."""
        self.layers = layers
        for layer in layers:
            self.settle(layer)

    def sort(self, layer: list[int], keys: dict[int, float]) -> None:
        """Sort one layer by its keys."""
        if self.nest is None:
            layer.sort(key=keys.__getitem__)
        else:
            self.nest.sort(layer, keys)

    def settle(self, layer: list[int]) -> None:
        """Note the places of one layer."""
        for index, v in enumerate(layer):
            self.place[v] = index


def reduce_crossings(layers: Layers) -> None:
    """Order the layers of a drawing; the same graph always gets the same order."""
    _search(layers, None)
    if layers.nest is not None and len(layers.nest.parents) > 1:
        # Boxes beside each other need one order on all the layers they share.
        layers.nest.settle(layers.layers)
        _search(layers, layers.layers)


def _search(layers: Layers, first: list[list[int]] | None) -> None:
    """Order the layers, beginning with a given order or a walk from the roots."""
    size = len(layers.layer_of)
    sweeps = (
        16
        if size <= 600
        else 20
        if size <= 1000
        else 8
        if size <= 4000
        else 4
        if size <= 40000
        else 2
    )
    attempts = max(1, min(20, 4000 // max(size, 1)))
    dice = random.Random(0)
    best: list[list[int]] | None = None
    best_cost = (0, 0)
    for attempt in range(attempts):
        start = first if first and not attempt else _depth_first(layers, -1 if attempt % 2 else 1)
        if attempt >= 4 and best is not None:
            start = [_shaken(layer, dice) for layer in best]
        if layers.nest is not None:
            start = [layer[:] for layer in start]
            for layer in start:
                layers.nest.sort(layer, {v: float(k) for k, v in enumerate(layer)})
        layers.arrange(start)
        cost = _improve(layers, sweeps, median=attempt % 4 in (1, 2))
        if best is None or cost < best_cost:
            best, best_cost = layers.layers, cost
        if best_cost == (0, 0) or (best_cost[0] == 0 and attempt >= 3):
            break
    assert best is not None
    layers.arrange(best)


def _shaken(layer: list[int], dice: random.Random) -> list[int]:
    """The layer with its elements moved about a little."""
    reach = 0.6 * len(layer)
    keys = {v: index + dice.uniform(0.0, reach) for index, v in enumerate(layer)}
    return sorted(layer, key=keys.__getitem__)


def _depth_first(layers: Layers, step: int) -> list[list[int]]:
    """Each layer in the order in which a walk from the roots meets its elements."""
    order: list[list[int]] = [[] for _ in layers.layers]
    seen = [False] * len(layers.layer_of)
    roots = [v for v, users in enumerate(layers.up) if not users]
    stack = roots[::-step]
    while stack:
        v = stack.pop()
        if seen[v]:
            continue
        seen[v] = True
        order[layers.layer_of[v]].append(v)
        stack += layers.down[v][::-step]
    return order if step == 1 else [layer[::-1] for layer in order]


def _improve(layers: Layers, sweeps: int, median: bool) -> tuple[int, int]:
    """Sweep down and up; leave the best order found and return its cost."""
    fine = len(layers.layer_of) <= _FINE
    best = [layer[:] for layer in layers.layers]
    best_cost = cost = _cost(layers)
    stale = 0
    for sweep in range(sweeps):
        if best_cost == (0, 0) or stale > 5:
            break
        downward = sweep % 2 == 0
        use_median = median if sweep % 4 < 2 else not median
        _sweep(layers, downward, use_median)
        if fine:
            # Every other time swaps that cost nothing are made too, to leave a plateau.
            _exchange(layers, plateau=sweep % 4 > 1)
        cost = _cost(layers)
        if cost < best_cost:
            best, best_cost, stale = [layer[:] for layer in layers.layers], cost, 0
        else:
            stale += 1
    layers.arrange(best)
    return best_cost


def _sweep(layers: Layers, downward: bool, median: bool) -> None:
    order = layers.layers if downward else layers.layers[::-1]
    towards = layers.up if downward else layers.down
    place = layers.place
    for layer in order[1:]:
        keys: dict[int, float] = {}
        last = -1.0
        for v in layer:
            others = towards[v]
            if others:
                last = _median(others, place) if median else _mean(others, place)
            # What has no neighbour on this side stays beside the one before it.
            keys[v] = last
        layers.sort(layer, keys)
        layers.settle(layer)


def _mean(others: list[int], place: list[int]) -> float:
    return sum(place[v] for v in others) / len(others)


def _median(others: list[int], place: list[int]) -> float:
    places = sorted(place[v] for v in others)
    middle = len(places) // 2
    if len(places) % 2:
        return places[middle]
    if len(places) == 2:
        return (places[0] + places[1]) / 2
    # Lean to the side where the neighbours are packed closer (Gansner et al. 1993).
    left = places[middle - 1] - places[0]
    right = places[-1] - places[middle]
    if left + right == 0:
        return (places[middle - 1] + places[middle]) / 2
    return (places[middle - 1] * right + places[middle] * left) / (left + right)


def _exchange(layers: Layers, plateau: bool) -> None:
    """Swap neighbours while that removes crossings, or sorts operands at no cost."""
    last = len(layers.layers) - 1
    waiting = set(range(last + 1))
    for turn in range(8):
        # A layer in which nothing was swapped waits until one beside it has changed.
        for level in range(last + 1):
            if level in waiting:
                waiting.remove(level)
                if _exchange_in(layers, layers.layers[level], plateau and turn == 0):
                    waiting.update((max(0, level - 1), level, min(last, level + 1)))
        if not waiting:
            return


def _exchange_in(layers: Layers, layer: list[int], plateau: bool) -> bool:
    """One pass over the neighbours of a layer; the layers beside it stand still meanwhile."""
    place, up, down = layers.place, layers.up, layers.down
    nest = layers.nest
    above = [sorted([place[w] for w in up[v]]) for v in layer]
    below = [sorted([place[w] for w in down[v]]) for v in layer]
    improved = False
    for i in range(len(layer) - 1):
        j = i + 1
        if nest is not None and not nest.may_swap(layer[i], layer[j]):
            continue
        gain = _gain(above[i], above[j]) + _gain(below[i], below[j])
        if gain < 0 or (gain == 0 and not plateau and not _out_of_order(layers, *layer[i : i + 2])):
            continue
        layer[i], layer[j] = layer[j], layer[i]
        above[i], above[j] = above[j], above[i]
        below[i], below[j] = below[j], below[i]
        improved = True
    if improved:
        layers.settle(layer)
    return improved


def _gain(left: list[int], right: list[int]) -> int:
    """The crossings that go when two elements with these neighbours, sorted, change places."""
    if not left or not right:
        return 0
    # Mostly all neighbours of the one are on one side of those of the other.
    if left[-1] < right[0]:
        return -len(left) * len(right)
    if left[0] > right[-1]:
        return len(left) * len(right)
    if len(left) * len(right) >= 64:
        return sum(bisect_left(right, a) + bisect_right(right, a) - len(right) for a in left)
    gain = 0
    for a in left:
        for b in right:
            gain += (a > b) - (a < b)
    return gain


def _out_of_order(layers: Layers, left: int, right: int) -> bool:
    """Whether two operands of one node stand in the wrong order."""
    if len(layers.up[left]) != 1 or layers.up[left] != layers.up[right]:
        return False
    siblings = layers.down[layers.up[left][0]]
    return siblings.index(right) < siblings.index(left)


def _cost(layers: Layers) -> tuple[int, int]:
    return count_crossings(layers), _disorder(layers)


def count_crossings(layers: Layers) -> int:
    """The crossings of the present order, over all pairs of neighbouring layers."""
    total = 0
    place = layers.place
    for layer in layers.layers[:-1]:
        seen: list[int] = []
        for v in layer:
            ends = sorted([place[w] for w in layers.down[v]])
            if seen and ends and ends[0] < seen[-1]:
                for end in ends:
                    total += len(seen) - bisect_right(seen, end)
                for end in ends:
                    insort(seen, end)
            else:
                seen += ends
    return total


def _disorder(layers: Layers) -> int:
    """How many neighbouring operands of a node stand the wrong way round."""
    place = layers.place
    return sum(
        place[a] > place[b]
        for lowers in layers.down
        if len(lowers) > 1
        for a, b in itertools.pairwise(lowers)
    )
