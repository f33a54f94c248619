"""One call of `fit`: what it trains on, and what happens at the end of every epoch."""

from __future__ import annotations

import json
import numbers
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

from symgraph.answers import takes
from symgraph.errors import KindError, UnsupportedError
from symgraph.train.data import Data
from symgraph.train.engine import Engine
from symgraph.train.history import History
from symgraph.train.keeper import Keeper
from symgraph.train.logs import Log
from symgraph.train.loop import Training
from symgraph.train.marks import formulas_hash, rule_hash
from symgraph.train.parallel.crew import Crew
from symgraph.train.parallel.joining import join
from symgraph.train.plan import Pace, Plan, Rule
from symgraph.train.progress import Bar
from symgraph.train.stream import Stream

if TYPE_CHECKING:
    from symgraph.train.model import Model

__all__ = ["Callback", "Fitting", "check_callbacks", "run_facts", "training_parts"]

Callback: TypeAlias = "Callable[[Model, History], object]"


@dataclass
class Fitting:
    """A training on some data, and those who look on after every epoch."""

    model: Model
    engine: Engine
    training: Training
    plan: Plan
    train: Data | Stream
    held_out: Data | Stream | None
    callbacks: Sequence[Callback]
    progress: bool | None
    keeper: Keeper | None = None
    #: How often checkpoints are kept, by this worker or another; None where none are.
    pace: Pace | None = None
    crew: Crew = field(default_factory=Crew)
    logs: Sequence[Log] = ()

    def run(self) -> History:
        """Train until the plan's last epoch, or until someone asks to stop."""
        self.history = History()
        with self.crew.together("taking up the last checkpoint"):
            if self.keeper is not None:
                self.history.stopped = self.keeper.take_up(
                    self.training, self.train, self.history, self.callbacks
                )
        join(self.crew, self.training, self.history, self.callbacks)
        self._check_monitored()
        if self.training.position.step == 0:
            self._tell("begin")
        if not self.history.stopped:
            self._train()
        if self.history.stopped != "interrupted":
            self._tell("end")
        return self.history

    def _train(self) -> None:
        place, total = self.training.position, None
        done = place.step
        if isinstance(self.train, Data):
            batches = self.plan.batches(self.train.rows)
            total, done = self.plan.epochs * batches, place.epoch * batches + place.batch
        shown = self.progress if self.crew.is_first else False
        with ExitStack() as stack:
            with self.crew.together("opening its log"):
                for log in self.logs:
                    stack.callback(log.close)
                    log.begin(place.epoch, self.history)
            self._bar = stack.enter_context(Bar(shown, self.plan.epochs, total, done))
            self.history.stopped = self.training.run(
                self.train, self.plan, self._end_epoch, self._bar,
                stride=self._stride, leave=self._leave if self.pace else None, pace=self.pace,
                keep=self._keep_within,
            )  # fmt: skip

    def _leave(self) -> None:
        self._bar.close()
        with self.crew.together("the last checkpoint"):
            if self.keeper is not None:
                self.keeper.leave(self.training, self.history, self.callbacks)

    def _check_monitored(self) -> None:
        """Let callbacks say, before anything is trained, what they cannot find."""
        measured = ["loss", *self.engine.spec.metrics]
        if self.held_out is not None:
            measured += [f"val_{name}" for name in measured]
        for callback in self.callbacks:
            check = getattr(callback, "check", None)
            if callable(check):
                check(measured)

    def _tell(self, moment: str) -> None:
        """Call what callbacks have for a moment of the training."""
        for callback in self.callbacks:
            told = getattr(callback, moment, None)
            if callable(told):
                told(self.model)

    @property
    def _stride(self) -> int | None:
        """The number of epochs after which something must happen before the next one begins."""
        if self.callbacks or self.held_out is not None:
            return 1
        return None if self.pace is None else self.pace.epochs or 1

    def _end_epoch(self, epoch: int, means: dict[str, float]) -> bool:
        """Measure, record, log, call back, keep a checkpoint, in this order; true ends training.

        All numbers are finite here. What comes later may use what came before: a callback reads
        the history, a checkpoint holds what the callbacks remember.
        """
        values = self._measured(means)
        with self.crew.together(f"the end of epoch {epoch}"):
            self._record(epoch, values)
            stops = self._called_back()
        stops = self.crew.any(stops)
        if self.pace is not None:
            with self.crew.together(f"the checkpoint of epoch {epoch}"):
                self._keep(epoch, stops)
        return stops

    def _keep_within(self) -> None:
        """Keep a checkpoint in the middle of an epoch, where all numbers are finite."""
        with self.crew.together("a checkpoint"):
            if self.keeper is not None:
                self.keeper.save(self.training, self.history, self.callbacks)

    def _keep(self, epoch: int, stops: bool) -> None:
        if self.keeper is not None and (stops or self.keeper.is_due(epoch, self.training)):
            stopped = "by a callback" if stops else ""
            self.keeper.save(self.training, self.history, self.callbacks, stopped)

    def _measured(self, means: dict[str, float]) -> dict[str, float]:
        if self.held_out is None:
            return means
        measured = self.engine.measure(
            self.held_out, self.plan.batch_size, communicator=self.crew.communicator
        )
        return means | {f"val_{name}": value for name, value in measured.items()}

    def _record(self, epoch: int, values: dict[str, float]) -> None:
        self.history.record(epoch, values)
        self._bar.show(epoch, values)
        for log in self.logs:
            log.add(epoch, values)

    def _called_back(self) -> bool:
        answers = [callback(self.model, self.history) for callback in self.callbacks]
        return any(answer is True for answer in answers)


def check_callbacks(callbacks: Any) -> list[Callback]:
    """The callbacks as a list; KindError for what cannot be called."""
    if callable(callbacks) or not isinstance(callbacks, Iterable):
        raise KindError(
            f"fit: callbacks is {callbacks!r}, and it is a list. Write callbacks=[...]."
        )
    found = list(callbacks)
    for number, callback in enumerate(found, 1):
        if not callable(callback):
            raise KindError(
                f"fit: callback {number} is {callback!r}, which is no function. Give functions of "
                "the model and the history, or objects of sg.callbacks."
            )
        if isinstance(callback, type):
            raise KindError(
                f"fit: callback {number} is the class {callback.__name__}. Give an object of it: "
                f"{callback.__name__}()."
            )
        if not takes(callback, 2):
            name = getattr(callback, "__name__", type(callback).__name__)
            raise KindError(
                f"fit: callback {number}, {name}, is called with the model and the history, and "
                f"takes other values. Write def {name}(model, history)."
            )
    return found


def training_parts(
    engine: Engine, data: Any, validation: Any, seed: int, check_finite: bool, crew: Crew
) -> tuple[Data | Stream, Data | Stream | None]:
    """The data to train on and those to validate on; each worker looks at its own samples."""
    whole = engine.take("fit", data, check_finite, crew.own)
    if validation is None:
        return whole, None
    if not isinstance(validation, numbers.Number):
        return whole, engine.take("fit: validation", validation, check_finite, crew.own)
    if isinstance(validation, bool) or not isinstance(validation, numbers.Real):
        raise KindError(
            f"fit: validation is {validation!r}, and it is data by name or a fraction of them."
        )
    if isinstance(whole, Stream):
        raise UnsupportedError(
            "fit: the data are batches that come one after another, so no fraction can be held "
            "out. Give validation={...}."
        )
    if engine.spec.batch is None:
        raise UnsupportedError(
            "fit: the inputs have no open size that counts samples, so no fraction can be held "
            "out. Give validation={...}."
        )
    return whole.split(float(validation), seed)


def run_facts(
    engine: Engine, rule: Rule, plan: Plan, pace: Pace, train: Data | Stream,
    held_out: Data | Stream | None,
) -> str:  # fmt: skip
    """What must be the same for all workers of a training, as text."""
    parts = [part for part in (train, held_out) if isinstance(part, Data)]
    sizes = [{str(symbol): size for symbol, size in part.dims.items()} for part in parts]
    facts = {
        "formulas": formulas_hash(engine.spec),
        "optimizer": rule_hash(engine.spec, rule),
        "plan": [asdict(plan), asdict(pace)],
        "sizes": sizes,
        "dtype": engine.settings.dtype,
    }
    return json.dumps(facts, ensure_ascii=False)
