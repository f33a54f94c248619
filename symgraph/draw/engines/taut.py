"""A string pulled taut through gates: the shortest way of a long edge between what it passes."""

from __future__ import annotations

import math
from collections.abc import Sequence

__all__ = ["Gate", "pulled"]

# Where a gate stands, and from where to where it is open.
Gate = tuple[float, float, float]


def pulled(gates: Sequence[Gate]) -> list[float]:
    """Where the shortest way passes each gate; the first and the last gate are points.

    Gates stand at increasing places.

    >>> pulled([(0, 0.0, 0.0), (1, 2.0, 5.0), (2, -9.0, 9.0), (3, 0.0, 0.0)])
    [0.0, 2.0, 1.0, 0.0]
    """
    found = [gates[0][1]]
    while len(found) < len(gates):
        start = len(found) - 1
        end, height = _next_corner(gates, start, found[-1])
        slope = (height - found[start]) / (gates[end][0] - gates[start][0])
        for gate in gates[start + 1 : end + 1]:
            found.append(found[start] + slope * (gate[0] - gates[start][0]))
        found[-1] = height
    return found


def _next_corner(gates: Sequence[Gate], start: int, height: float) -> tuple[int, float]:
    """The gate where the string bends next (or ends), and on which side of it."""
    steepest_down, steepest_up = -math.inf, math.inf
    low = high = start
    for index in range(start + 1, len(gates)):
        at, bottom, top = gates[index]
        run = at - gates[start][0]
        needed, allowed = (bottom - height) / run, (top - height) / run
        if needed > steepest_up:
            return high, gates[high][2]
        if allowed < steepest_down:
            return low, gates[low][1]
        if needed >= steepest_down:
            steepest_down, low = needed, index
        if allowed <= steepest_up:
            steepest_up, high = allowed, index
    return len(gates) - 1, gates[-1][1]
