"""Where a training stands, so that it can be left and taken up."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from symgraph.train.measured import Measured

__all__ = ["Position"]


@dataclass
class Position:
    """Where training stands: whole epochs, batches of the epoch under way, steps altogether."""

    epoch: int = 0
    batch: int = 0
    step: int = 0
    rows: int = 0  # samples of the epoch under way
    sums: dict[str, float] = field(default_factory=dict)  # of value * samples in that epoch
    plan: dict[str, Any] = field(default_factory=dict)  # what the epoch under way was cut by

    def __post_init__(self) -> None:
        counts = (self.epoch, self.batch, self.step, self.rows)
        if not all(type(count) is int and count >= 0 for count in counts):
            raise ValueError(f"{counts} are not counts")
        if not (isinstance(self.plan, dict) and isinstance(self.sums, dict)):
            raise ValueError(f"{self.sums} and {self.plan} are not dictionaries")
        self.sums = {name: float(total) for name, total in self.sums.items()}

    def add(self, names: Iterable[str], values: list[float], rows: int) -> None:
        """Count one step."""
        for name, value in zip(names, values, strict=True):
            self.sums[name] = self.sums.get(name, 0.0) + value * rows
        self.batch += 1
        self.step += 1
        self.rows += rows

    def set(self, sums: Mapping[str, float], batches: int, rows: int) -> None:
        """Count so many steps, after which the sums are these."""
        if batches:
            self.sums = dict(sums)
        self.batch += batches
        self.step += batches
        self.rows += rows

    def copy(self) -> Position:
        """The same position, unchanged by what this one goes through."""
        return replace(self, sums=dict(self.sums))

    def close_epoch(self, measuring: Measured) -> dict[str, float]:
        """The loss and the metrics of the epoch, which is done now."""
        means = measuring.values(self.sums, self.rows)
        self.epoch += 1
        self.batch = self.rows = 0
        self.sums = {}
        return means
