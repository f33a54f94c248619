"""Callbacks: what looks on while a model is trained, stops it, keeps the best, lowers the rate.

A callback is any function of the model and the history, called after every epoch; training ends
when it returns True. It may also be an object with further methods, each of which is optional:

- `check(names)` is called before with the names of all that will be measured;
- `begin(model)` is called when a training begins, and not when one is resumed;
- `end(model)` when it is over, unless Ctrl-C ended it;
- `state()` gives the arrays by name that it must remember in a checkpoint, and `take_up(arrays)`
  takes them back.

    >>> import symgraph as sg
    >>> x, w = sg.input("x", "N"), sg.parameter("w")
    >>> model = sg.Model(loss=sg.mean((w - x) ** 2), inputs=[x])
    >>> stop = sg.callbacks.EarlyStopping("loss", patience=2)
    >>> history = model.fit({"x": [1.0]}, optimizer=sg.optim.SGD(0.5), epochs=99, callbacks=[stop])
    >>> len(history.epochs), stop.epoch, history.stopped
    (4, 2, 'by a callback')
"""

from __future__ import annotations

import math
import numbers
import time
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Never, TypeAlias

import numpy as np
from numpy.typing import NDArray

from symgraph.answers import answering
from symgraph.errors import KindError, RangeError, UnknownNameError, UnsupportedError
from symgraph.files import path_of
from symgraph.train.history import History
from symgraph.train.keywords import refuse
from symgraph.train.names import unknown_name
from symgraph.train.store import SUFFIXES

if TYPE_CHECKING:
    from symgraph.train.model import Model

__all__ = ["BestModel", "EarlyStopping", "ReduceRate", "TimeLimit"]

Array: TypeAlias = NDArray[Any]
Mode: TypeAlias = Literal["min", "max"]

#: Words in the name of a value that tell which way is better.
_SMALLER = ("loss", "error", "mse", "mae", "perplexity", "deviation")
_LARGER = ("accuracy", "precision", "recall", "f1", "r2", "top", "hits")


class _Best:
    """The best value so far of something that a history holds, and its epoch."""

    def __init__(self, where: str, monitor: str | None, mode: Mode | None, least: float) -> None:
        if mode not in (None, "min", "max"):
            raise KindError(f"{where}: mode is {mode!r}, and it is 'min', 'max' or None.")
        _check_number(f"{where}: min_delta", least)
        self._where, self._monitor, self._mode, self._least = where, monitor, mode, least
        self.forget()

    def forget(self) -> None:
        self.value, self.epoch = math.nan, 0

    def improves(self, history: History) -> bool:
        """Whether the last epoch is better than the best one by more than a least amount."""
        name = self._name(history)
        value, sign = history[name][-1], self._sign(name)
        worse = not self.epoch or math.isnan(self.value)
        if not (worse or sign * (value - self.value) > self._least) or math.isnan(value):
            return False
        self.value, self.epoch = value, history.epochs[-1]
        return True

    def check(self, measured: Collection[str]) -> None:
        """UnknownNameError when the value to look at is none of those that will be measured."""
        name = self._monitor
        if name is None or name in measured:
            return
        if name.removeprefix("val_") in measured:
            raise UnknownNameError(
                f"{self._where}: {name!r} is measured on validation data, and there are none. "
                f"Write fit(..., validation=0.2), or look at {name.removeprefix('val_')!r}."
            )
        raise unknown_name(self._where, "a measured value", name, measured)

    def _name(self, history: History) -> str:
        if self._monitor is not None:
            return self._monitor
        return "val_loss" if "val_loss" in history else "loss"

    def _sign(self, name: str) -> int:
        if self._mode is not None:
            return 1 if self._mode == "max" else -1
        words = name.lower()
        smaller = any(word in words for word in _SMALLER)
        larger = any(word in words for word in _LARGER)
        if smaller == larger:
            raise KindError(
                f"{self._where}: whether more or less of {name!r} is better cannot be told from "
                "its name. Give mode='min' or mode='max'."
            )
        return 1 if larger else -1

    def state(self) -> dict[str, Array]:
        return {"value": np.array(self.value), "epoch": np.array(self.epoch)}

    def take_up(self, arrays: Mapping[str, Array]) -> None:
        self.value, self.epoch = float(arrays["value"]), int(arrays["epoch"])


class _Copy:
    """The parameters and states of a model, as they once were."""

    def __init__(self) -> None:
        self._arrays: dict[str, Array] = {}

    def take(self, model: Model) -> None:
        kept = {"parameters": model.parameters.flat, "states": model.states.flat}
        self._arrays = {name: array.copy() for name, array in kept.items()}

    def put_back(self, model: Model) -> None:
        for name, values in (("parameters", model.parameters), ("states", model.states)):
            if name in self._arrays:
                values.flat[...] = self._arrays[name]

    def state(self) -> dict[str, Array]:
        return dict(self._arrays)

    def take_up(self, arrays: Mapping[str, Array]) -> None:
        self._arrays = {
            name: arrays[name].copy() for name in ("parameters", "states") if name in arrays
        }


class _Watcher:
    """A callback that looks at one measured value."""

    _best: _Best

    @property
    def best(self) -> float:
        """The best value; nan before the first epoch."""
        return self._best.value

    @property
    def epoch(self) -> int:
        """The epoch of the best value; 0 before the first."""
        return self._best.epoch

    def check(self, measured: Collection[str]) -> None:
        """Refuse, before a training, to look at what it will not measure."""
        self._best.check(measured)


@answering
class EarlyStopping(_Watcher):
    """Ends a training in which a value has not become better for `patience` epochs.

    `monitor` names the value: val_loss by default, or loss without validation. It must change by
    more than `min_delta`; `mode` says which way is better, where the name does not tell. With
    `restore_best` the model has, in the end, the parameters and states of its best epoch.

    `best` is the best value, `epoch` its epoch.
    Raises RangeError for a patience below 1, KindError for a mode that is none, and `fit`
    UnknownNameError for a value that is not measured.
    """

    def __init__(
        self,
        monitor: str | None = None,
        patience: int = 10,
        min_delta: float = 0.0,
        restore_best: bool = True,
        mode: Mode | None = None,
        **unknown: Never,
    ) -> None:
        refuse("EarlyStopping", EarlyStopping, (), unknown)
        _check_count("EarlyStopping: patience", patience)
        self._best = _Best("EarlyStopping", monitor, mode, min_delta)
        self._patience = patience
        self._copy = _Copy() if restore_best else None

    def begin(self, model: Model) -> None:
        """Forget an earlier training."""
        self._best.forget()
        if self._copy is not None:
            self._copy = _Copy()

    def __call__(self, model: Model, history: History) -> bool:
        if self._best.improves(history):
            if self._copy is not None:
                self._copy.take(model)
            return False
        return history.epochs[-1] - self._best.epoch >= self._patience

    def end(self, model: Model) -> None:
        """Give the model what it had in its best epoch."""
        if self._copy is not None:
            self._copy.put_back(model)

    def state(self) -> dict[str, Array]:
        """What a checkpoint must hold."""
        return self._best.state() | (self._copy.state() if self._copy is not None else {})

    def take_up(self, arrays: Mapping[str, Array]) -> None:
        """Go on from a checkpoint."""
        self._best.take_up(arrays)
        if self._copy is not None:
            self._copy.take_up(arrays)


@answering
class BestModel(_Watcher):
    """Keeps the parameters and states of the epoch in which a value was best.

    With a `path` they are written there, as `Model.save` does, whenever the value becomes better,
    and the model ends as its last epoch left it. Without one the model has them in the end.
    `monitor`, `mode`, `best` and `epoch` as in `EarlyStopping`.
    Raises UnsupportedError for a path of another suffix.

    >>> import symgraph as sg
    >>> x, w = sg.input("x", "N"), sg.parameter("w")
    >>> model, best = sg.Model(sg.mean((w - x) ** 2), [x]), sg.callbacks.BestModel()
    >>> rate = sg.optim.SGD(1.0)  # too large: w is 0, 2, 0, ...
    >>> _ = model.fit({"x": [1.0]}, optimizer=rate, epochs=4, callbacks=[best])
    >>> best.best, best.epoch
    (1.0, 1)
    """

    def __init__(
        self,
        path: str | Path | None = None,
        monitor: str | None = None,
        mode: Mode | None = None,
        **unknown: Never,
    ) -> None:
        refuse("BestModel", BestModel, (), unknown)
        target = None if path is None else path_of("BestModel", path)
        if target is not None and target.suffix not in SUFFIXES:
            raise UnsupportedError(
                f"BestModel: path is {str(path)!r}, and it ends in {' or '.join(SUFFIXES)}. The "
                f"value to look at is given by its name: BestModel(monitor={str(path)!r})."
            )
        self._best = _Best("BestModel", monitor, mode, 0.0)
        self._path = target
        self._copy = _Copy()

    def begin(self, model: Model) -> None:
        """Forget an earlier training."""
        self._best.forget()
        self._copy = _Copy()

    def __call__(self, model: Model, history: History) -> None:
        if not self._best.improves(history):
            return
        if self._path is None:
            self._copy.take(model)
        else:
            model.save(self._path)

    def end(self, model: Model) -> None:
        """Give the model what it had in its best epoch, unless a file has it."""
        self._copy.put_back(model)

    def state(self) -> dict[str, Array]:
        """What a checkpoint must hold."""
        return self._best.state() | self._copy.state()

    def take_up(self, arrays: Mapping[str, Array]) -> None:
        """Go on from a checkpoint."""
        self._best.take_up(arrays)
        self._copy.take_up(arrays)


@answering
class ReduceRate(_Watcher):
    """Multiplies the learning rate by `factor` when a value has not become better for some epochs.

    The rate must be a number, not a schedule, and does not fall below `least`. `monitor`,
    `patience`, `min_delta` and `mode` as in `EarlyStopping`.
    Raises RangeError for a factor outside (0, 1).
    """

    def __init__(
        self,
        monitor: str | None = None,
        factor: float = 0.5,
        patience: int = 5,
        min_delta: float = 0.0,
        least: float = 0.0,
        mode: Mode | None = None,
        **unknown: Never,
    ) -> None:
        refuse("ReduceRate", ReduceRate, (), unknown)
        _check_count("ReduceRate: patience", patience)
        _check_number("ReduceRate: least", least)
        _check_number("ReduceRate: factor", factor)
        if not 0 < factor < 1:
            raise RangeError(f"ReduceRate: factor is {factor}, and it must lie between 0 and 1.")
        self._best = _Best("ReduceRate", monitor, mode, min_delta)
        self._factor, self._patience, self._least = factor, patience, least
        self._since = 0  # the epoch of the best value, or of the last reduction

    def begin(self, model: Model) -> None:
        """Forget an earlier training."""
        self._best.forget()
        self._since = 0

    def __call__(self, model: Model, history: History) -> None:
        epoch = history.epochs[-1]
        if self._best.improves(history):
            self._since = epoch
        elif epoch - self._since >= self._patience:
            self._since = epoch
            model.learning_rate = max(model.learning_rate * self._factor, self._least)

    def state(self) -> dict[str, Array]:
        """What a checkpoint must hold."""
        return self._best.state() | {"since": np.array(self._since)}

    def take_up(self, arrays: Mapping[str, Array]) -> None:
        """Go on from a checkpoint."""
        self._best.take_up(arrays)
        self._since = int(arrays["since"])


@answering
class TimeLimit:
    """Ends a training after the epoch in which so many seconds are over, of this call of `fit`.

    Raises RangeError for a time that is not positive.
    """

    def __init__(self, seconds: float) -> None:
        _check_number("TimeLimit: seconds", seconds)
        if not seconds > 0:
            raise RangeError(f"TimeLimit: seconds is {seconds}, and it must be above 0.")
        self._seconds = seconds
        self._start: float | None = None

    def begin(self, model: Model) -> None:
        """Start the clock."""
        self._start = time.monotonic()

    def __call__(self, model: Model, history: History) -> bool:
        if self._start is None:  # a training that was resumed
            self._start = time.monotonic()
        return time.monotonic() - self._start >= self._seconds

    def end(self, model: Model) -> None:
        """Stop the clock."""
        self._start = None


def _check_count(what: str, value: Any) -> None:
    if isinstance(value, bool) or not isinstance(value, numbers.Integral):
        raise KindError(f"{what} is {value!r}, and it must be an integer.")
    if value < 1:
        raise RangeError(f"{what} is {value}, and it must be 1 or more.")


def _check_number(what: str, value: Any) -> None:
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        raise KindError(f"{what} is {value!r}, and it must be a number.")
    if not 0 <= float(value) < math.inf:
        raise RangeError(f"{what} is {value}, and it must be 0 or more and finite.")
