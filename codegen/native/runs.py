"""Orders in which a loop over tables becomes a few runs of evenly spaced places."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from symgraph.codegen.native.isomorphic import Places

__all__ = ["Runs", "best_runs"]

_SHORTEST = 6  # the mean length from which on runs are worth their outer loop
_KINDS = 5  # sequences that are sorted by
_CANDIDATES = 16


class Runs(NamedTuple):
    """An order of the members, and where runs begin in it.

    Within a run sequence j goes on by `strides[j]`. `starts` is [0] when nothing breaks, and empty
    when there are no runs worth it.
    """

    order: Places
    starts: Places
    strides: tuple[int, ...]


def best_runs(sequences: Sequence[Places], size: int) -> Runs:
    """The order, natural or sorted by a sequence or by two, with the fewest runs."""
    best: Runs | None = None
    seen: set[bytes] = set()
    kinds = list({(s - s[0]).tobytes(): s for s in sequences}.values())[:_KINDS]
    pairs = itertools.permutations(kinds, 2)
    orders = itertools.chain(
        [np.arange(size)],
        (np.argsort(s, kind="stable") for s in kinds),
        (np.lexsort((second, first)) for first, second in pairs),
    )
    for order in orders:
        if order.tobytes() in seen or len(seen) > _CANDIDATES:
            continue
        seen.add(order.tobytes())
        found = _runs(sequences, order)
        if best is None or len(found.starts) < len(best.starts):
            best = found
        if len(best.starts) == 1:
            break
    assert best is not None
    if len(best.starts) > 1 and len(best.starts) * _SHORTEST > size:
        natural = np.arange(size)
        strides = _runs(sequences, natural).strides
        return Runs(natural, np.zeros(0, np.int64), strides)
    return best


def _runs(sequences: Sequence[Places], order: Places) -> Runs:
    if len(order) < 2 or not sequences:
        return Runs(order, np.flatnonzero(order == order), (0,) * len(sequences))
    ordered = np.array(sequences)[:, order]
    steps = ordered[:, 1:] - ordered[:, :-1]
    strides = steps[:, 0].copy()
    for row in np.flatnonzero(np.logical_or.reduce(steps != steps[:, :1], axis=1)).tolist():
        counts = Counter(steps[row].tolist())
        most = max(counts.values())
        strides[row] = min(step for step, count in counts.items() if count == most)
    breaks = np.logical_or.reduce(steps != strides[:, None], axis=0)
    starts = np.concatenate([[0], np.flatnonzero(breaks) + 1])
    return Runs(order, starts, tuple(strides.tolist()))
