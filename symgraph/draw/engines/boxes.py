"""Straight sides for the boxes of groups: each side at one place on all its layers."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from symgraph.draw.engines import coords
from symgraph.draw.engines.chart import GROUP_PAD, Chart
from symgraph.draw.geometry import Rect

__all__ = ["box", "straightened"]

_SWEEPS = 12


def straightened(
    chart: Chart,
    gaps: Sequence[Sequence[float]],
    links: Sequence[Sequence[tuple[int, float]]],
    places: list[float],
) -> list[float]:
    """Places as close to those given as can be, with the elements of each border in line.

    Who stands where in its layer is consistent with one order of the borders, so there always is
    such a placement.
    """
    places = _in_line(chart, gaps, places)
    fixed = set(chart.border_side)
    for _ in range(2):
        coords.settle_between(chart.rows, gaps, links, fixed, places, _SWEEPS)
        _tighten(chart, gaps, places)
    coords.settle_between(chart.rows, gaps, links, fixed, places, _SWEEPS)
    return places


def _in_line(chart: Chart, gaps: Sequence[Sequence[float]], places: Sequence[float]) -> list[float]:
    """Move everything out of the way of the borders: halfway between all left and all right."""
    one = list(range(len(places)))
    wanted = list(places)
    for side in chart.sides():
        for v in side:
            one[v] = side[0]
        wanted[side[0]] = sum(places[v] for v in side) / len(side)
    after: dict[int, list[tuple[int, float]]] = {v: [] for v in one}
    waiting = dict.fromkeys(one, 0)
    for row, distances in zip(chart.rows, gaps, strict=True):
        for (a, b), distance in zip(itertools.pairwise(row), distances, strict=True):
            after[one[a]].append((one[b], distance))
            waiting[one[b]] += 1
    for border, group in zip(chart.borders, chart.plan.groups, strict=True):
        if border is not None:
            wide = 0.0 if chart.sideways else group.title[0] + 2 * GROUP_PAD
            after[border.left[0]].append((border.right[0], wide))
            waiting[border.right[0]] += 1
    order = [v for v, count in waiting.items() if not count]
    for v in order:
        for w, _ in after[v]:
            waiting[w] -= 1
            if not waiting[w]:
                order.append(w)
    right, left = list(wanted), list(wanted)
    for v in order:
        for w, distance in after[v]:
            right[w] = max(right[w], right[v] + distance)
    for v in reversed(order):
        for w, distance in after[v]:
            left[v] = min(left[v], left[w] - distance)
    return [(left[v] + right[v]) / 2 for v in one]


def _tighten(chart: Chart, gaps: Sequence[Sequence[float]], places: list[float]) -> None:
    """Draw the borders close around what they hold, inner ones first."""
    for border, group in reversed(list(zip(chart.borders, chart.plan.groups, strict=True))):
        if border is None:
            continue
        left, right = places[border.left[0]], places[border.right[0]]
        lows, highs = [], []
        for v in border.left:
            row, index = chart.rows[chart.layer_of[v]], chart.place[v]
            lows.append(places[row[index + 1]] - gaps[chart.layer_of[v]][index])
        for v in border.right:
            row, index = chart.rows[chart.layer_of[v]], chart.place[v]
            highs.append(places[row[index - 1]] + gaps[chart.layer_of[v]][index - 1])
        # On a layer where the box is empty its two sides only see each other.
        low, high = _narrowed(left, right, lows, highs)
        wide = 0.0 if chart.sideways else group.title[0] + 2 * GROUP_PAD
        missing = max(0.0, wide - (high - low))
        low = max(left, low - missing / 2)
        high = min(right, max(high, low + wide))
        low = max(left, min(low, high - wide))
        for v in border.left:
            places[v] = low
        for v in border.right:
            places[v] = high


def _narrowed(
    left: float, right: float, lows: Sequence[float], highs: Sequence[float]
) -> tuple[float, float]:
    pairs = [
        (low, high)
        for low, high in zip(lows, highs, strict=True)
        # An empty layer gives a low next to the right side and a high next to the left one.
        if low <= high
    ]
    low = min((low for low, _ in pairs), default=left)
    high = max((high for _, high in pairs), default=right)
    return max(left, low), min(right, high)


def box(chart: Chart, group: int, across: Sequence[float], middles: Sequence[float]) -> Rect:
    """The box of a group with the roots on top: u from left to right, v from top to bottom."""
    border = chart.borders[group]
    if border is None:
        return Rect(0.0, 0.0, 0.0, 0.0)
    return Rect(
        across[border.left[0]],
        middles[border.top] - chart.rooms[border.left[0]].up,
        across[border.right[0]],
        middles[border.bottom] + chart.rooms[border.left[-1]].down,
    )
