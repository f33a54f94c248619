"""What every system gives: a train step that can be run, started anew and looked at."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from benchmarks.workload import Arrays, TrainStep

__all__ = ["Evaluator", "Trainer", "repeated", "tables"]


class Trainer(NamedTuple):
    """A train step of one system, with the memory that it changes."""

    #: By what is timed, "call" or "loop": so many steps; the loss of the last one.
    modes: dict[str, Callable[[int], Any]]
    #: Sets the parameters to these values, all other memory to its start, and the learning rate.
    restart: Callable[[Arrays, float], object]
    #: The parameters as they are now.
    parameters: Callable[[], Arrays]


def repeated(step: Callable[[], Any]) -> Callable[[int], Any]:
    """One call from Python for each step."""

    def run(count: int) -> Any:
        for _ in range(count - 1):
            step()
        return step()

    return run


def tables(work: TrainStep, dtype: str) -> tuple[Arrays, Arrays]:
    """The start values and the data, the same in every system; integers stay as they are."""
    draw = np.random.default_rng(0)
    found = work.start(draw), work.data(draw)
    start, data = ({k: _cast(v, dtype) for k, v in part.items()} for part in found)
    return start, data


def _cast(value: Any, dtype: str) -> Any:
    array = np.asarray(value)
    return array if array.dtype.kind in "iu" else np.array(array, dtype, order="C")


class Evaluator(NamedTuple):
    """The values and the Jacobian of formulas in one system."""

    modes: dict[str, Callable[[int], Any]]
    #: The values, then the Jacobian row by row, in one vector.
    results: Callable[[], Any]
