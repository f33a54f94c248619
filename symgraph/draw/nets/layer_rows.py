"""At which heights the units of a layered net stand: where edges past a layer find a way."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

__all__ = ["heights"]

Skip = tuple[tuple[int, int], tuple[int, int]]

_SPACINGS = (1.0, 1.5, 2.0)
_SHIFTS = (0.0, 0.5, -0.5, 1.0, -1.0)
#: How near an edge may come to the centre of a unit, in rows.
_NEAR = 0.42


def heights(counts: Sequence[int], skips: Sequence[Skip]) -> list[list[float]]:
    """The height of each unit of each layer, the first one on top, around 0.

    `skips` are edges past at least one layer, from (layer, place) to (layer, place). Layers are
    spread or moved where such an edge would run through a unit, one layer after the other.

    >>> heights([2, 1, 1], [])
    [[0.5, -0.5], [0.0], [0.0]]
    >>> heights([2, 1, 1], [((0, 0), (2, 0)), ((0, 1), (2, 0))])
    [[1.0, -1.0], [0.0], [0.0]]
    """
    chosen = [(1.0, 0.0)] * len(counts)
    if skips:
        for _, layer in itertools.product(range(2), range(len(counts))):
            trials = [
                [*chosen[:layer], pair, *chosen[layer + 1 :]]
                for pair in itertools.product(_SPACINGS, _SHIFTS)
            ]
            chosen = min(trials, key=lambda trial: _cost(trial, counts, skips))
    return [_column(count, *pair) for count, pair in zip(counts, chosen, strict=True)]


def _column(count: int, spacing: float, shift: float) -> list[float]:
    return [((count - 1) / 2 - row) * spacing + shift for row in range(count)]


def _cost(
    chosen: Sequence[tuple[float, float]], counts: Sequence[int], skips: Sequence[Skip]
) -> float:
    """How many units stand in the way, and how far the layers are from standing plainly."""
    columns = [_column(count, *pair) for count, pair in zip(counts, chosen, strict=True)]
    cost = sum(0.3 * (spacing - 1) + 0.2 * abs(shift) for spacing, shift in chosen)
    for (tail, row), (head, end) in skips:
        y0, y1 = columns[tail][row], columns[head][end]
        for layer in range(tail + 1, head):
            y = y0 + (y1 - y0) * (layer - tail) / (head - tail)
            cost += 2.0 * sum(abs(y - at) < _NEAR for at in columns[layer])
    return cost
