"""Whole epochs of a native program in one call: gathered, run and summed outside of Python.

A call returns after a moment, so that the bar moves and Ctrl-C is heard, or at the end of the
epoch. The order of the samples, the keys and the sums are those of the loop in Python.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from symgraph.train.measured import Measured
from symgraph.train.parallel.program import AnyWalk
from symgraph.train.plan import Plan
from symgraph.train.position import Position
from symgraph.train.program import Native, Walk, native_permutation
from symgraph.train.progress import SECONDS, Bar, Interruption

__all__ = ["Sweep"]

_MOST = 1 << 16  # epochs in one call
_QUICK = 0.5 * SECONDS  # an epoch that is not worth a return to Python


class Sweep:
    """A walk that steps natively. `is_quick` says whether an epoch takes no time to speak of."""

    def __init__(self, walk: Walk, inner: Native, size: int, measuring: Measured) -> None:
        self._walk, self._inner, self._size, self._measuring = walk, inner, size, measuring
        self._names = [*measuring.outputs]
        self.is_quick = False

    @classmethod
    def of(cls, walk: AnyWalk, size: int, measuring: Measured) -> Sweep | None:
        """The walk on batches of a size as native code; None where there is none."""
        size = min(size, walk.data.rows)
        inner = walk.native(size) if isinstance(walk, Walk) else None
        if inner is None or not isinstance(walk, Walk):
            return None
        return cls(walk, inner, size, measuring)

    # --- training -----------------------------------------------------------------------------

    def steps(self, place: Position, plan: Plan, stop: int) -> Iterator[float]:
        """Run the batches before `stop` in an epoch; now and then the mean loss of the last ones.

        It is not finite when the loss of the last batch was not.
        """
        start, first = time.monotonic(), place.batch
        found = plan.order(self._walk.data.rows, place.epoch, native_permutation())
        order = np.ascontiguousarray(found, np.int64)
        loss = self._names[0]
        while place.batch < stop:
            rows, total = place.rows, place.sums.get(loss, 0.0)
            finite = self._run(place, order[: stop * self._size], plan.seed)
            mean = (place.sums[loss] - total) / (place.rows - rows)
            yield mean if finite else float("nan")
        took = time.monotonic() - start
        is_whole = self._inner.is_whole and first == 0 and stop * self._size >= len(order)
        self.is_quick = is_whole and took < _QUICK

    def _run(self, place: Position, order: NDArray[Any], seed: int) -> bool:
        """Some batches; whether their losses were finite."""
        at = place.batch * self._size
        sums = np.array([place.sums.get(name, 0.0) for name in self._names])
        site: int = 0
        try:
            site = self._inner.run(order[at:], sums, seed, place.step, SECONDS)
        finally:
            self._set(place, sums, self._inner.done[1])
        if site > 0:
            at = place.batch * self._size
            self._walk.run(order[at : at + self._size], (seed % 2**31) << 32 | place.step)
            raise AssertionError("a batch that was refused went through")
        return site == 0

    def _set(self, place: Position, sums: NDArray[Any], batches: int) -> None:
        left = self._walk.data.rows - place.batch * self._size
        named = dict(zip(self._names, sums.tolist(), strict=True))
        place.set(named, batches, min(batches * self._size, left))

    def epochs(
        self, place: Position, plan: Plan, bar: Bar, interruption: Interruption
    ) -> list[tuple[int, dict[str, float]]] | None:
        """The number and the means of each epoch that is done; None when a loss is not finite."""
        rows = self._walk.data.rows
        count, each = min(plan.epochs - place.epoch, _MOST), plan.batches(rows)
        sums = np.zeros((count, len(self._names)))
        given = (place.epoch, count, plan.shuffle, sums, plan.seed, place.step, SECONDS)
        first, site, done, batches = place.epoch, 0, 0, 0
        try:
            site = self._inner.epochs(*given)
        except KeyboardInterrupt:
            interruption.asked = True
        finally:
            done, batches = self._inner.done
            place.epoch += done
            place.step += done * each
            if batches:
                self._set(place, sums[done], batches)
        bar.advance(place.epoch, sums[max(done - 1, 0), 0] / rows, place.epoch * each + place.batch)
        named = [dict(zip(self._names, row, strict=True)) for row in sums[:done].tolist()]
        means = [self._measuring.values(one, rows) for one in named]
        return None if site else list(enumerate(means, first + 1))

    # --- measuring ----------------------------------------------------------------------------

    def measure(self) -> dict[str, float]:
        """The means over all samples in their own order."""
        order, place = np.arange(self._walk.data.rows), Position()
        while place.rows < len(order):
            self._run(place, order, 0)
        return place.close_epoch(self._measuring)
