"""The training loop: steps, epochs, and where it stands, so that it can be left and taken up."""

from __future__ import annotations

import math
from collections import ChainMap
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from symgraph.errors import UnsupportedError
from symgraph.node import Node
from symgraph.ops.leaves import Var
from symgraph.train.data import Data
from symgraph.train.failure import failure
from symgraph.train.initialise import start_value
from symgraph.train.joint import step_of
from symgraph.train.optim import Optimizer, learning_rate_state
from symgraph.train.plan import Plan, Rule
from symgraph.train.program import Dtype, Program, Walk
from symgraph.train.progress import Bar, Interruption
from symgraph.train.spec import Spec
from symgraph.train.values import Values

__all__ = ["Position", "Training"]

Array: TypeAlias = NDArray[Any]
#: Called after every epoch with its number and means; true ends the training.
EpochEnd: TypeAlias = Callable[[int, dict[str, float]], bool]


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

    def add(self, names: Mapping[str, Node], values: list[float], rows: int) -> None:
        """Count one step."""
        for name, value in zip(names, values, strict=True):
            self.sums[name] = self.sums.get(name, 0.0) + value * rows
        self.batch += 1
        self.step += 1
        self.rows += rows

    def copy(self) -> Position:
        """The same position, unchanged by what this one goes through."""
        return replace(self, sums=dict(self.sums))

    def close_epoch(self) -> dict[str, float]:
        """The means over the samples of the epoch, which is done now."""
        means = {name: total / self.rows for name, total in self.sums.items()}
        self.epoch += 1
        self.batch = self.rows = 0
        self.sums = {}
        return means


class Training:
    """A rule with its program and its slots, and where it stands."""

    def __init__(
        self, spec: Spec, model: list[Values], rule: Rule, members: list[Var], dtype: Dtype
    ) -> None:
        step = step_of(spec, rule, members)
        start = {node.name: start_value(node) for node in step.slots}
        self.spec = spec
        self.rule = rule
        self.slots = Values("optimizer state", step.slots, start, dtype)
        self.memory = [*model, self.slots]
        self.position = Position()
        arrays = step.memory(model, self.slots)
        self.program = Program(step.outputs, step.updates, arrays, spec.given, dtype)
        self.has_rate = learning_rate_state() in step.slots
        self.set_rate(rule.optimizer)

    def set_rate(self, optimizer: Optimizer) -> None:
        """Take over a learning rate that is a number."""
        if self.has_rate:
            self.slots["η"] = optimizer.learning_rate

    def restart(self) -> None:
        """Forget everything but the parameters and the states of the model."""
        for name, node in self.slots.variables.items():
            self.slots[name] = start_value(node)
        self.position = Position()

    def step(self, batch: Data, seed: int) -> list[float]:
        """Run one step; the loss and the metrics before it."""
        switches = self.spec.switch_arrays(True, self._key(seed))
        return self._count(self.program.run({**batch.arrays, **switches}), batch.rows)

    def _key(self, seed: int) -> int:
        """Another number in every step and for every seed below 2**31."""
        return (seed % 2**31) << 32 | self.position.step

    def _count(self, values: list[Any], rows: int) -> list[float]:
        numbers = [float(value) for value in values]
        self.position.add(self.spec.measured, numbers, rows)
        return numbers

    def run(self, data: Data, plan: Plan, end: EpochEnd, bar: Bar) -> str:
        """Train until the plan's last epoch; why it ended before, else an empty text."""
        self._check_resumable(plan, data.rows)
        walk = Walk(self.program, data, self.spec.switch_arrays(True))
        with Interruption() as interruption:
            try:
                while self.position.epoch < plan.epochs:
                    if not self._run_epoch(walk, plan, bar, interruption):
                        return "interrupted"
                    means = self.position.close_epoch()
                    if end(self.position.epoch, means):
                        return "by a callback"
                    if interruption.asked:
                        return "interrupted"
            except KeyboardInterrupt:
                return "interrupted"
        return ""

    def _check_resumable(self, plan: Plan, rows: int) -> None:
        cut = {**asdict(plan), "rows": rows}
        del cut["epochs"]
        if self.position.batch and self.position.plan != cut:
            was = ", ".join(f"{k}={v}" for k, v in self.position.plan.items() if cut.get(k) != v)
            raise UnsupportedError(
                f"fit: epoch {self.position.epoch + 1} was left after batch {self.position.batch} "
                f"with {was}. Resume it with the same data and settings, or use resume=False."
            )
        self.position.plan = cut

    def _run_epoch(self, walk: Walk, plan: Plan, bar: Bar, interruption: Interruption) -> bool:
        """Run the batches that are left; false when the user asked to stop among them."""
        place, data = self.position, walk.data
        kept = self.snapshot()
        for index in self._batches(data, plan):
            loss = self._count(walk.run(index, self._key(plan.seed)), data.count(index))[0]
            if not math.isfinite(loss):
                raise self._failed(kept, data, plan)
            bar.advance(place.epoch + 1, loss)
            if interruption.asked and place.batch < plan.batches(data.rows):
                return False
        if not self.is_finite():
            raise self._failed(kept, data, plan)
        return True

    def _batches(self, data: Data, plan: Plan) -> Iterator[Array | None]:
        """The batches of the epoch under way that are left."""
        size = plan.size(data.rows)
        order = plan.order(data.rows, self.position.epoch)
        return data.batches(order[self.position.batch * size :], size)

    # --- when numbers stop being finite -------------------------------------------------------

    def snapshot(self) -> tuple[list[Array], Position]:
        """All that a step changes."""
        return [values.flat.copy() for values in self.memory], self.position.copy()

    def restore(self, kept: tuple[list[Array], Position]) -> None:
        """Go back to a snapshot."""
        for values, flat in zip(self.memory, kept[0], strict=True):
            values.flat[...] = flat
        self.position = kept[1].copy()

    def is_finite(self) -> bool:
        """Whether all parameters, states and slots are finite."""
        return all(np.isfinite(values.flat).all() for values in self.memory)

    def _failed(self, kept: tuple[list[Array], Position], data: Data, plan: Plan) -> Exception:
        """Run the epoch once more up to the step that breaks, and stop before it.

        The loss shows NaN one step after the gradient that made it, and by then the parameters are
        gone; this finds that step without a check in every step.
        """
        self.restore(kept)
        for index in self._batches(data, plan):
            before, batch = self.snapshot(), data.take(index)
            loss = self.step(batch, plan.seed)[0]
            if math.isfinite(loss) and self.is_finite():
                continue
            self.restore(before)
            place = self.position
            given = {**batch.arrays, **self.spec.switch_arrays(True, self._key(plan.seed))}
            kept_now = [values.by_variable() for values in self.memory]
            return failure(
                f"fit: epoch {place.epoch + 1}, batch {place.batch + 1}", loss, self.spec.loss,
                self.rule.updates(self.spec), dict(ChainMap(given, *kept_now)), batch.dims,
            )  # fmt: skip
        raise AssertionError("the same steps gave other numbers")
