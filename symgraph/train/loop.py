"""The training loop: steps, epochs, and where it stands, so that it can be left and taken up."""

from __future__ import annotations

import math
from collections import ChainMap
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, replace
from itertools import islice
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from sympy import Symbol

from symgraph.errors import NonFiniteError, UnsupportedError
from symgraph.ops.leaves import Var
from symgraph.train.data import Data
from symgraph.train.failure import failure
from symgraph.train.initialise import start_value
from symgraph.train.joint import step_of
from symgraph.train.limits import check_number
from symgraph.train.optimizer import Optimizer, learning_rate_state
from symgraph.train.parallel.communicator import Communicator
from symgraph.train.parallel.program import AnyWalk, JointProgram, make_program
from symgraph.train.plan import Pace, Plan, Rule
from symgraph.train.position import Position
from symgraph.train.program import Settings, native_permutation
from symgraph.train.progress import Bar, Interruption
from symgraph.train.spec import Spec
from symgraph.train.stream import Stream
from symgraph.train.sweep import Sweep
from symgraph.train.values import Values

__all__ = ["Training"]

Array: TypeAlias = NDArray[Any]
#: Called after every epoch with its number and means; true ends the training.
EpochEnd: TypeAlias = Callable[[int, dict[str, float]], bool]


def _nothing() -> None:
    pass


def _never(epoch: int, means: dict[str, float]) -> bool:
    return False


class Training:
    """A rule with its program and its slots, and where it stands."""

    def __init__(
        self, spec: Spec, model: list[Values], rule: Rule, members: list[Var], settings: Settings,
        communicator: Communicator | None = None,
    ) -> None:  # fmt: skip
        step = step_of(spec, rule, members)
        start = {node.name: start_value(node) for node in step.slots}
        self.spec = spec
        self.rule = rule
        self.slots = Values("optimizer state", step.slots, start, settings.dtype)
        self.memory = [*model, self.slots]
        self.position = Position()
        self.means: dict[str, float] = {}  # of the epoch done last
        arrays = step.memory(model, self.slots)
        self.communicator = communicator
        self._permutation = native_permutation() if settings.target == "cython" else None
        self.program = make_program(
            "fit", spec, step.outputs, step.updates, arrays, settings, communicator
        )
        self.has_rate = learning_rate_state() in step.slots
        self.set_rates(rule.optimizer)

    def set_rates(self, optimizer: Optimizer) -> None:
        """Take over the learning rates that are numbers."""
        for name, rate in optimizer.rates.items():
            if name in self.slots:
                self.slots[name] = rate

    def set_rate(self, rate: float) -> None:
        """Change the learning rate, and those of the groups by the same factor."""
        check_number(rate, "learning_rate", 0.0, math.inf)
        before = float(self.slots["η"])
        for name in self.rule.optimizer.rates:
            if name != "η" and name in self.slots and before:
                self.slots[name] = float(self.slots[name]) * rate / before
        self.slots["η"] = rate

    def restart(self) -> None:
        """Forget everything but the parameters and the states of the model."""
        for name, node in self.slots.variables.items():
            self.slots[name] = start_value(node)
        self.position = Position()

    def step(self, batch: Data, seed: int) -> list[float]:
        """Run one step; what it measured before it, the loss first."""
        switches = self.spec.switch_arrays(True, self._key(seed))
        return self._count(self.program.run_on(batch, switches), batch.rows)

    def _key(self, seed: int) -> int:
        """Another number in every step and for every seed below 2**31."""
        return (seed % 2**31) << 32 | self.position.step

    def _count(self, values: list[Any], rows: int) -> list[float]:
        numbers = [float(value) for value in values]
        self.position.add(self.spec.measuring.outputs, numbers, rows)
        return numbers

    def run(
        self, data: Data | Stream, plan: Plan, end: EpochEnd, bar: Bar, *,
        stride: int | None = None, leave: Callable[[], None] | None = None,
        pace: Pace | None = None, keep: Callable[[], None] = _nothing,
    ) -> str:  # fmt: skip
        """Train until the plan's last epoch; why it ended before, else an empty text.

        Several epochs may have passed before `end` is called for each: up to the next multiple of
        `stride`, or any number. When the user asks to stop, `leave` is called after a whole step.
        Where `pace` counts steps, `keep` is called whenever so many are done in midst of an epoch.
        """
        self._check_resumable(plan, data.rows)
        pace = pace or Pace()
        walk: AnyWalk | None = None
        sweep = None
        if isinstance(data, Data):
            walk = self.program.walk(data, self.spec.switch_arrays(True))
            sweep = Sweep.of(walk, plan.size(data.rows), self.spec.measuring)
        joint = isinstance(self.program, JointProgram)
        with Interruption(terminating=leave is not None, joint=joint) as interruption:
            if isinstance(self.program, JointProgram):
                self.program.interruption = interruption
            try:
                while self.position.epoch < plan.epochs and not interruption.asked:
                    if stride != 1 and sweep is not None and sweep.is_quick:
                        part = replace(plan, epochs=self._next_stop(plan, stride))
                        for epoch, means in self._run_epochs(sweep, part, bar, interruption):
                            end(epoch, means)
                        continue
                    if isinstance(data, Stream):
                        is_whole = self._run_stream(data, plan, bar, interruption, pace, keep)
                    else:
                        assert walk is not None
                        is_whole = self._run_epoch(walk, sweep, plan, bar, interruption, pace, keep)
                    if is_whole and end(self.position.epoch, self.means):
                        return "by a callback"
                if interruption.asked and leave is not None:
                    leave()
            except KeyboardInterrupt:
                if joint:  # the others know nothing of it
                    raise
                return "interrupted"
        return "interrupted" if interruption.asked else ""

    def further(self, data: Data | Stream, plan: Plan) -> dict[str, float]:
        """Train one epoch on other data, whatever the training was doing; what was measured."""
        place = self.position
        self.position = Position(place.epoch, step=place.step)
        plan = replace(plan, epochs=place.epoch + 1)
        self.means = {}
        with Bar(False, plan.epochs, None, 0) as bar:
            if self.run(data, plan, _never, bar, stride=1):
                raise KeyboardInterrupt
        return self.means

    def _next_stop(self, plan: Plan, stride: int | None) -> int:
        if stride is None:
            return plan.epochs
        return min(plan.epochs, (self.position.epoch // stride + 1) * stride)

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

    def _run_epoch(
        self, walk: AnyWalk, sweep: Sweep | None, plan: Plan, bar: Bar, interruption: Interruption,
        pace: Pace, keep: Callable[[], None],
    ) -> bool:  # fmt: skip
        """Run the batches that are left; false when the user asked to stop among them."""
        place, batches = self.position, plan.batches(walk.data.rows)
        while True:
            kept, left = self.snapshot(), pace.left(place.step)
            stop = batches if left is None else min(batches, place.batch + left)
            steps = self._steps(walk, plan, stop)
            for loss in steps if sweep is None else sweep.steps(place, plan, stop):
                if not math.isfinite(loss):
                    raise self._failed(kept, walk.data, plan)
                bar.advance(place.epoch + 1, loss, place.epoch * batches + place.batch)
                if interruption.asked:
                    break
            if not self.is_finite():
                raise self._failed(kept, walk.data, plan)
            if place.batch == batches:
                self.means = place.close_epoch(self.spec.measuring)
                return True
            if interruption.asked:
                return False
            keep()

    def _run_stream(
        self, stream: Stream, plan: Plan, bar: Bar, interruption: Interruption,
        pace: Pace, keep: Callable[[], None],
    ) -> bool:  # fmt: skip
        """Run the batches that are left of an epoch, as `_run_epoch`.

        They may not come again, so that every step is looked at when it is done.
        """
        place = self.position
        for batch in stream.batches(place.batch):
            before, left = self.snapshot(), pace.left(place.step)
            loss = self.step(batch, plan.seed)[0]
            if not math.isfinite(loss) or not self.is_finite():
                raise self._broken(before, batch, loss, plan, {})
            bar.advance(place.epoch + 1, loss, place.step)
            if interruption.asked:
                return False
            if left == 1:
                keep()
        self.means = place.close_epoch(self.spec.measuring)
        return True

    def _steps(self, walk: AnyWalk, plan: Plan, stop: int) -> Iterator[float]:
        """The loss after each step before batch `stop`."""
        for index in islice(self._batches(walk.data, plan), stop - self.position.batch):
            yield self._count(walk.run(index, self._key(plan.seed)), walk.data.count(index))[0]

    def _run_epochs(
        self, sweep: Sweep, plan: Plan, bar: Bar, interruption: Interruption
    ) -> list[tuple[int, dict[str, float]]]:
        """The means of some epochs; none when a number is not finite any more."""
        kept = self.snapshot()
        found = sweep.epochs(self.position, plan, bar, interruption)
        if found is not None and self.is_finite():
            return found
        self.restore(kept)
        sweep.is_quick = False  # one after the other, to find the step that breaks
        return []

    def _batches(self, data: Data, plan: Plan) -> Iterator[Array | None]:
        """The batches of the epoch under way that are left."""
        size = plan.size(data.rows)
        order = plan.order(data.rows, self.position.epoch, self._permutation)
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
            samples = np.arange(data.rows) if index is None else index
            loss = self.step(batch, plan.seed)[0]
            if math.isfinite(loss) and self.is_finite():
                continue
            named = {} if data.batch is None else {data.batch: samples}
            return self._broken(before, batch, loss, plan, named)
        return NonFiniteError(
            f"fit: epoch {self.position.epoch + 1}: a number was not finite, and all are when the "
            "steps are repeated one by one: something near the largest number overflows by "
            "rounding. Lower the learning rate, or clip the gradients with clip_norm=."
        )

    def _broken(
        self,
        before: tuple[list[Array], Position],
        batch: Data,
        loss: float,
        plan: Plan,
        samples: Mapping[Symbol, Array],
    ) -> Exception:
        """Go back to before a step, and say what broke in it."""
        self.restore(before)
        place = self.position
        given = {**batch.arrays, **self.spec.switch_arrays(True, self._key(plan.seed))}
        kept = [values.by_variable() for values in self.memory]
        return failure(
            f"fit: epoch {place.epoch + 1}, batch {place.batch + 1}", loss, self.spec.loss,
            self.rule.updates(self.spec), dict(ChainMap(given, *kept)), batch.dims, samples,
        )  # fmt: skip
