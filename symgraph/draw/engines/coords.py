"""Coordinates along the layers: neighbours close to each other, nobody in anybody's room.

Minimises the weighted squares of the offsets along the edges. One layer at a time this is isotonic
regression, solved exactly by pooling adjacent violators; sweeps down and up do the rest.
"""

from __future__ import annotations

import itertools
import math
import operator
from collections.abc import Sequence

__all__ = ["align", "assign", "fit", "settle_between"]

# How firmly an element stands that nothing pulls.
_IDLE = 1e-3


def assign(
    layers: Sequence[Sequence[int]],
    gaps: Sequence[Sequence[float]],
    links: Sequence[Sequence[tuple[int, float]]],
    layer_of: Sequence[int],
    sweeps: int,
    start: Sequence[float] | None = None,
) -> list[float]:
    """A coordinate for each element; from `start` on a few sweeps are enough.

    `gaps[l][i]` is the least distance from element i to i + 1 of layer l; `links[v]` holds the
    neighbours of v with their weights.
    """
    places = list(start) if start is not None else _packed(layers, gaps, len(links))
    one_sided = 0 if start is not None else sweeps // 2
    sweeps = sweeps // 4 if start is not None else sweeps
    up, down = _split(links, layer_of) if one_sided else ([], [])
    sides = [[_Row(layer, gap, side) for layer, gap in zip(layers, gaps, strict=True)]
             for side in ((up, down) if one_sided else ())]  # fmt: skip
    whole = [_Row(layer, gap, links) for layer, gap in zip(layers, gaps, strict=True)]
    for sweep in range(sweeps):
        # At first only one side pulls, which carries a shift through the whole drawing at once.
        side = sweep % 2
        rows = sides[side] if sweep < one_sided else whole
        for row in rows if side == 0 else reversed(rows):
            row.settle(places)
    return places


def align(
    chains: Sequence[Sequence[int]],
    layers: Sequence[Sequence[int]],
    gaps: Sequence[Sequence[float]],
    layer_of: Sequence[int],
    places: list[float],
) -> None:
    """Put the elements of each chain at one place, their middle, where their neighbours allow it.

    Elements of one chain are on different layers. Changes `places`.
    """
    index_of = {v: index for layer in layers for index, v in enumerate(layer)}
    for chain in chains:
        low, high = -math.inf, math.inf
        for v in chain:
            layer, gap, index = layers[layer_of[v]], gaps[layer_of[v]], index_of[v]
            if index:
                low = max(low, places[layer[index - 1]] + gap[index - 1])
            if index + 1 < len(layer):
                high = min(high, places[layer[index + 1]] - gap[index])
        if low <= high:
            middle = sum(places[v] for v in chain) / len(chain)
            for v in chain:
                places[v] = max(low, min(high, middle))


def settle_between(
    layers: Sequence[Sequence[int]],
    gaps: Sequence[Sequence[float]],
    links: Sequence[Sequence[tuple[int, float]]],
    fixed: set[int],
    places: list[float],
    sweeps: int,
) -> None:
    """Improve places, in place, while the elements in `fixed` stand still."""
    levels = range(len(layers))
    for sweep in range(sweeps):
        for level in levels if sweep % 2 == 0 else reversed(levels):
            layer, gap = layers[level], gaps[level]
            start = 0
            for index in range(len(layer) + 1):
                if index < len(layer) and layer[index] not in fixed:
                    continue
                if index > start:
                    _settle_run(places, layer, gap, links, start, index)
                start = index + 1


def _settle_run(
    places: list[float],
    layer: Sequence[int],
    gaps: Sequence[float],
    links: Sequence[Sequence[tuple[int, float]]],
    start: int,
    end: int,
) -> None:
    """Improve the elements from `start` to `end` between fixed ones, where there are such."""
    run, inner = layer[start:end], gaps[start : end - 1]
    found = _wished(places, run, inner, links)
    offset = sum(inner)
    low = places[layer[start - 1]] + gaps[start - 1] if start else -math.inf
    high = places[layer[end]] - gaps[end - 1] - offset if end < len(layer) else math.inf
    # Clipping the best places without walls gives the best places between them.
    shift = 0.0
    for index, (v, x) in enumerate(zip(run, found, strict=True)):
        shift += inner[index - 1] if index else 0.0
        places[v] = max(low + shift, min(high + shift, x))


def _packed(
    layers: Sequence[Sequence[int]], gaps: Sequence[Sequence[float]], count: int
) -> list[float]:
    """Every layer as close as it gets, from 0 on."""
    places = [0.0] * count
    for layer, gap in zip(layers, gaps, strict=True):
        x = 0.0
        for index, v in enumerate(layer):
            x += gap[index - 1] if index else 0.0
            places[v] = x
    return places


def _split(
    links: Sequence[Sequence[tuple[int, float]]], layer_of: Sequence[int]
) -> tuple[list[list[tuple[int, float]]], list[list[tuple[int, float]]]]:
    """The links upwards and the links downwards."""
    up = [
        [link for link in found if layer_of[link[0]] < layer_of[v]] for v, found in enumerate(links)
    ]
    down = [
        [link for link in found if layer_of[link[0]] > layer_of[v]] for v, found in enumerate(links)
    ]
    return up, down


class _Row:
    """A layer with what pulls its elements, prepared for many sweeps."""

    __slots__ = ("layer", "offsets", "pulls", "weights")

    def __init__(
        self,
        layer: Sequence[int],
        gaps: Sequence[float],
        pulls: Sequence[Sequence[tuple[int, float]]],
    ) -> None:
        self.layer = layer
        self.offsets = list(itertools.accumulate(gaps, initial=0.0))
        self.weights: list[float] = []
        # For each element what pulls it and by which share; what nothing pulls stays where it is
        # unless it stands in the way.
        self.pulls: list[list[tuple[int, float]]] = []
        for v in layer:
            total = sum(weight for _, weight in pulls[v])
            self.weights.append(total or _IDLE)
            shares = [(other, weight / total) for other, weight in pulls[v]]
            self.pulls.append(shares or [(v, 1.0)])

    def settle(self, places: list[float]) -> None:
        """Put the elements at their best places while all others stand still."""
        goals: list[float] = []
        for pulls, offset in zip(self.pulls, self.offsets, strict=False):
            goal = -offset
            for other, share in pulls:
                goal += share * places[other]
            goals.append(goal)
        if not all(map(operator.lt, goals, goals[1:])):
            goals = _pooled(goals, self.weights)
        for v, goal, offset in zip(self.layer, goals, self.offsets, strict=False):
            places[v] = goal + offset


def _wished(
    places: Sequence[float],
    layer: Sequence[int],
    gaps: Sequence[float],
    pulls: Sequence[Sequence[tuple[int, float]]],
) -> list[float]:
    """The best places for a layer while all others stand still."""
    wanted = []
    weights = []
    for v in layer:
        total = moment = 0.0
        for other, weight in pulls[v]:
            total += weight
            moment += weight * places[other]
        # What nothing pulls stays where it is unless it stands in the way.
        wanted.append(moment / total if total else places[v])
        weights.append(total or _IDLE)
    return fit(wanted, weights, gaps)


def fit(wanted: Sequence[float], weights: Sequence[float], gaps: Sequence[float]) -> list[float]:
    """The places closest to those wanted (weighted squares) that keep the gaps.

    >>> fit([0.0, 0.0], [1.0, 1.0], [4.0])
    [-2.0, 2.0]
    """
    offsets = list(itertools.accumulate(gaps, initial=0.0))
    goals = [goal - offset for goal, offset in zip(wanted, offsets, strict=True)]
    means = _pooled(goals, weights)
    return [mean + offset for mean, offset in zip(means, offsets, strict=True)]


def _pooled(goals: Sequence[float], weights: Sequence[float]) -> list[float]:
    """The ascending numbers closest to the goals (weighted squares)."""
    # Blocks that move as one: their means, weights and sizes.
    means: list[float] = []
    totals: list[float] = []
    sizes: list[int] = []
    for goal, weight in zip(goals, weights, strict=True):
        mean, total, size = goal, weight, 1
        while means and means[-1] >= mean:
            before = totals.pop()
            mean = (before * means.pop() + total * mean) / (before + total)
            total += before
            size += sizes.pop()
        means.append(mean)
        totals.append(total)
        sizes.append(size)
    return [mean for mean, size in zip(means, sizes, strict=True) for _ in range(size)]
