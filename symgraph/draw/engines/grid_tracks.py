"""The columns or the rows of a grid: lengths that grow until everything has its room."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence

__all__ = ["Needs", "Tracks"]

#: How far two coordinates (the smaller first) must come to lie apart, in pixels.
Needs = Mapping[tuple[float, float], float]

# Even where nothing stands a step is seen.
_LEAST = 24.0
_MOST = 4096
# A length at least this share of another one is made as long, so that columns stand evenly.
_NEARLY = 0.72


class Tracks:
    """Coordinates on a grid and where they come to lie; between whole numbers all is linear.

    >>> tracks = Tracks([0.0, 1.0, 2.0])
    >>> tracks.widen({(0.0, 2.0): 100.0})
    >>> tracks.at(1.0)
    50.0
    """

    def __init__(self, coordinates: Sequence[float]) -> None:
        marks = {math.floor(c) for c in coordinates} | {math.ceil(c) for c in coordinates}
        if marks and max(marks) - min(marks) <= _MOST:
            # Free columns count, so that what is repeated at even distances stands so.
            marks = set(range(min(marks), max(marks) + 1))
        self.marks = sorted(marks) or [0]
        self.lengths = [_LEAST] * (len(self.marks) - 1)
        self.starts: list[float] = []
        self._sum()

    def at(self, coordinate: float) -> float:
        """Where a coordinate lies."""
        index, share = self._locate(coordinate)
        if share == 0:
            return self.starts[index]
        return self.starts[index] + share * self.lengths[index]

    def widen(self, needs: Needs) -> None:
        """Let lengths grow until all needs are met, those between close neighbours first."""
        for low, high in sorted(needs, key=lambda pair: (pair[1] - pair[0], pair)):
            self._spread(low, high, needs[low, high])

    def even_out(self) -> None:
        """Make lengths equal that nearly are."""
        order = sorted(range(len(self.lengths)), key=lambda k: (-self.lengths[k], k))
        longest = 0.0
        for k in order:
            if self.lengths[k] < _NEARLY * longest:
                longest = self.lengths[k]
            longest = max(longest, self.lengths[k])
            self.lengths[k] = longest
        self._sum()

    def level(self) -> None:
        """Make every length as long as the longest one."""
        self.lengths = [max(self.lengths, default=0.0)] * len(self.lengths)
        self._sum()

    def grow(self, factor: float) -> None:
        """Make every length longer by a factor."""
        self.lengths = [length * factor for length in self.lengths]
        self._sum()

    def _spread(self, low: float, high: float, need: float) -> None:
        missing = need - (self.at(high) - self.at(low))
        if missing <= 1e-6:
            return
        (first, start), (last, end) = self._locate(low), self._locate(high)
        shares = []
        for k in range(first, min(last + 1, len(self.lengths))):
            share = (end if k == last else 1.0) - (start if k == first else 0.0)
            if share > 0:
                shares.append((k, share))
        level = self._level(shares, missing)
        for k, _ in shares:
            self.lengths[k] = max(self.lengths[k], level)
        self._sum()

    def _level(self, shares: Sequence[tuple[int, float]], missing: float) -> float:
        """The length to which the shortest must grow for everything together to grow enough."""
        order = sorted(shares, key=lambda share: (self.lengths[share[0]], share))
        weight = 0.0
        for (k, share), (after, _) in itertools.pairwise(order):
            weight += share
            step = self.lengths[after] - self.lengths[k]
            if weight * step >= missing:
                return self.lengths[k] + missing / weight
            missing -= weight * step
        last, share = order[-1]
        return self.lengths[last] + missing / (weight + share)

    def _sum(self) -> None:
        self.starts = [0.0, *itertools.accumulate(self.lengths)]

    def _locate(self, coordinate: float) -> tuple[int, float]:
        """The length in which a coordinate lies, and after which share of it."""
        low, high = 0, len(self.marks) - 1
        while low < high:
            middle = (low + high + 1) // 2
            if self.marks[middle] <= coordinate:
                low = middle
            else:
                high = middle - 1
        if coordinate == self.marks[low]:
            return low, 0.0
        return low, (coordinate - self.marks[low]) / (self.marks[low + 1] - self.marks[low])
