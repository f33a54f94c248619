"""Keeping checkpoints during one call of `fit`, and taking up the last one of an earlier call."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from functools import cached_property
from pathlib import Path
from typing import Any, Self, TypeAlias

import numpy as np
from numpy.typing import NDArray

from symgraph.errors import KindError, NonFiniteError, UnsupportedError
from symgraph.train.checkpoint import Checkpoint, take_up, training_facts
from symgraph.train.data import Data
from symgraph.train.engine import Engine
from symgraph.train.history import History
from symgraph.train.loop import Training
from symgraph.train.marks import (
    build_marks,
    data_hash,
    formula_hashes,
    formulas_hash,
    rule_hash,
    rule_text,
)
from symgraph.train.plan import Pace, Plan, Rule
from symgraph.train.run_folder import RunFolder
from symgraph.train.stream import Stream

__all__ = ["Keeper", "has_state", "state_of"]

Array: TypeAlias = NDArray[Any]

_log = logging.getLogger("symgraph")


class Keeper:
    """The checkpoints of a call of `fit`: its folder is held while this is open.

    Raises StorageError for a folder that cannot be used, UnsupportedError when it holds the
    checkpoints of another model or optimizer, or any at all without `resume`.
    """

    def __init__(
        self, path: Any, pace: Pace, resume: bool, engine: Engine, rule: Rule, plan: Plan
    ) -> None:
        self._pace = pace
        self._folder = RunFolder(path)
        self._resume = resume
        self._engine, self._rule, self._plan = engine, rule, plan
        self._found: tuple[Path, Checkpoint] | None = None
        self._saved = (-1, -1)  # the epochs and steps before the last checkpoint

    def __enter__(self) -> Self:
        self._folder.__enter__()
        try:
            self._open()
        except BaseException:
            self._folder.__exit__()
            raise
        return self

    def __exit__(self, *failure: object) -> None:
        self._folder.__exit__()

    def _open(self) -> None:
        """Find the last checkpoint and refuse another model's, before anything changes."""
        if self._resume:
            self._found = self._folder.newest()
        elif self._folder.paths:
            raise UnsupportedError(
                f"fit: {str(self._folder.path)!r} holds the checkpoints of a training, up to "
                f"{self._folder.paths[-1].name!r}, and this one would begin anew. Go on with that "
                "one by resume=True (--resume on the command line), or give another folder."
            )
        if self._found is not None:
            self._check(*self._found)
        if self._found is None or not self._is_done(self._found[1]):
            self._folder.check_writable()

    def _is_done(self, checkpoint: Checkpoint) -> bool:
        """Whether there is nothing left to train."""
        facts, epochs = checkpoint.facts, self._plan.epochs
        was_ended = bool(facts["stopped"]) and epochs <= facts["plan"]["epochs"]
        return was_ended or checkpoint.position.epoch >= epochs

    # --- the same model -----------------------------------------------------------------------

    @cached_property
    def _identity(self) -> dict[str, str]:
        """What must be the same for a training to go on, by what it is called in a message."""
        spec, optimizer = self._engine.spec, type(self._rule.optimizer).__name__
        return {
            "dtype": self._engine.settings.dtype,
            "formulas": formulas_hash(spec),
            "optimizer and clipping": f"{optimizer} {rule_hash(spec, self._rule)}",
        }

    def _check(self, path: Path, checkpoint: Checkpoint) -> None:
        for what, values in (
            ("parameter", self._engine.parameters),
            ("state", self._engine.states),
        ):
            held = checkpoint.group(f"{what}s")
            for name in [*held, *values]:
                theirs, ours = (_shape(arrays, name) for arrays in (held, values))
                if theirs != ours:
                    raise _another(path, f"{what} {name!r}", theirs, ours)
        for what, ours in self._identity.items():
            theirs = str(checkpoint.facts["identity"].get(what))
            if theirs != ours:
                raise _another(path, what, *self._told(what, checkpoint.facts, theirs, ours))

    def _told(self, what: str, facts: Mapping[str, Any], theirs: str, ours: str) -> tuple[str, str]:
        """What differs between two checkpoints, in the words of who wrote it where that is kept."""
        then, now = dict(facts.get("words", {}).get(what, {})), self._words.get(what, {})
        parts: tuple[list[str], list[str]] = ([], [])
        for name in [*then, *(one for one in now if one not in then)]:
            if then.get(name) != now.get(name):
                for texts, side in zip(parts, (then, now), strict=True):
                    is_hash = what == "formulas" and name in side
                    texts.append(
                        f"another {name!r}" if is_hash else f"{name} {side.get(name, 'missing')}"
                    )
        if not parts[0]:
            return theirs, ours
        return ", ".join(parts[0]), ", ".join(parts[1])

    @cached_property
    def _words(self) -> dict[str, dict[str, str]]:
        """What the hashes of the identity are made of, to be told where they differ."""
        return {
            "formulas": formula_hashes(self._engine.spec),
            "optimizer and clipping": rule_text(self._rule),
        }

    # --- going on -----------------------------------------------------------------------------

    def take_up(
        self, training: Training, data: Data | Stream, history: History, callbacks: Sequence[Any]
    ) -> str:
        """Bring everything to where the last checkpoint was; why that training had ended.

        Without a checkpoint nothing changes. The text is empty unless a callback ended it, and
        there are no more epochs to do than there were then.
        """
        self._marks = build_marks(self._engine.settings, training.program.source)
        self._walk = {**asdict(self._plan), "rows": data.rows, "data": data_hash(data)}
        if self._found is None:
            return ""
        path, checkpoint = self._found
        facts = checkpoint.facts
        for values, group in ((training.memory[0], "parameters"), (training.memory[1], "states")):
            for name, array in checkpoint.group(group).items():
                values[name] = array
        take_up(training, checkpoint.group("slots"), checkpoint.kept)
        held = checkpoint.group("history")
        for row in zip(*(held[name].tolist() for name in facts["columns"]), strict=True):
            epoch, *measured = row
            history.record(epoch, dict(zip(facts["columns"][1:], measured, strict=True)))
        self._give_back(path, checkpoint, callbacks)
        self._saved = (training.position.epoch, training.position.step)
        if training.position.epoch > self._plan.epochs:
            _log.warning(
                "fit: %r holds %d epochs, and epochs is %d: nothing is left to train.",
                str(path), training.position.epoch, self._plan.epochs,
            )  # fmt: skip
        if not self._is_done(checkpoint):
            self._tell_changes(path, facts)
            return ""
        return str(facts["stopped"])

    def _give_back(self, path: Path, checkpoint: Checkpoint, callbacks: Sequence[Any]) -> None:
        known = checkpoint.facts["callbacks"]
        for number, callback in enumerate(callbacks):
            if not has_state(callback):
                continue
            name = type(callback).__name__
            if known[number : number + 1] == [name]:
                callback.take_up(checkpoint.group(f"callback/{number}"))
            else:
                _log.warning(
                    "fit: %r holds nothing of callback %d, %s, which begins anew.",
                    str(path), number + 1, name,
                )  # fmt: skip

    def _tell_changes(self, path: Path, facts: Mapping[str, Any]) -> None:
        """One line about what is not as it was, for each kind of consequence."""
        rates = _changes(facts["training"].get("rates", {}), self._rule.optimizer.rates)
        if rates:
            _log.warning("fit: %r was made with the rate %s: going on with that.", str(path), rates)
        for then, now, what in (
            (facts["marks"], self._marks, "the last bits of the numbers"),
            (facts["plan"], self._walk, "the batches"),
        ):
            changes = _changes(then, now, "epochs")
            if changes:
                _log.warning(
                    "fit: %r was made with %s: going on, and %s may differ from those of a "
                    "training without a break.", str(path), changes, what,
                )  # fmt: skip

    # --- keeping ------------------------------------------------------------------------------

    def is_due(self, epoch: int, training: Training) -> bool:
        """Whether the end of an epoch is kept, and is where the training stands now."""
        position = training.position
        now = position.epoch == epoch and position.batch == 0
        is_due = self._pace.is_due(epoch, position.step)
        return now and (is_due or epoch == self._plan.epochs)

    def leave(self, training: Training, history: History, callbacks: Sequence[Any]) -> None:
        """Keep what is done when the user asks to stop, and say how to go on. Raises as `save`."""
        self.save(training, history, callbacks)
        place = training.position
        _log.warning(
            "fit: interrupted in epoch %d after step %d, which %r holds; resume=True goes on.",
            place.epoch + (place.batch > 0), place.step, str(self._folder.paths[-1]),
        )  # fmt: skip

    def save(
        self, training: Training, history: History, callbacks: Sequence[Any], stopped: str = ""
    ) -> None:
        """Write a checkpoint, unless the last one was written at the same place.

        Raises StorageError when the disk refuses, KindError for a callback's state that is none,
        NonFiniteError when a callback has left numbers that no training can go on from.
        """
        place = (training.position.epoch, training.position.step)
        if place == self._saved and not stopped:
            return
        _check_finite(training)
        columns = history.to_dict()
        groups: dict[str, dict[str, Array]] = {
            "parameters": dict(training.memory[0]),
            "states": dict(training.memory[1]),
            "slots": dict(training.slots),
            "history": {
                name: np.array(values, "int64" if name == "epoch" else "float64")
                for name, values in columns.items()
            },
        }
        for number, callback in enumerate(callbacks):
            if has_state(callback):
                groups[f"callback/{number}"] = state_of(callback)
        facts = {
            "identity": self._identity,
            "words": self._words,
            "plan": self._walk,
            "marks": self._marks,
            "training": training_facts(training),
            "columns": [*columns],
            "callbacks": [type(callback).__name__ for callback in callbacks],
            "stopped": stopped,
        }
        self._folder.save(training.position.step, Checkpoint(groups, facts))
        self._saved = place


def _check_finite(training: Training) -> None:
    """The loop has found all numbers finite; what callbacks have assigned since is looked at."""
    for values in training.memory:
        for name, array in values.items():
            finite = np.isfinite(array)
            if not finite.all():
                at = tuple(int(i) for i in np.argwhere(~finite)[0])
                raise NonFiniteError(
                    f"fit: epoch {training.position.epoch}: {values.what} {name!r} is {array[at]} "
                    f"at {at}, which a callback has put there. The checkpoint before is unchanged."
                )


def _shape(arrays: Mapping[str, Array], name: str) -> str:
    return f"of shape {arrays[name].shape}" if name in arrays else "none"


def _another(path: Path, what: str, theirs: str, ours: str) -> UnsupportedError:
    return UnsupportedError(
        f"fit: {str(path)!r} is a checkpoint of another model. Its {what}: {theirs}; this one's: "
        f"{ours}. Go on with the model and settings that it was made with, or give another folder; "
        "model.load() takes over parameters alone."
    )


def _changes(then: Mapping[str, Any], now: Mapping[str, Any], *apart: str) -> str:
    return ", ".join(
        f"other {name}" if name == "data" else f"{name} {then.get(name)} (here {value})"
        for name, value in now.items()
        if name not in apart and then.get(name) != value
    )


def has_state(callback: object) -> bool:
    """Whether a callback remembers something that a training needs to go on."""
    return all(callable(getattr(callback, name, None)) for name in ("state", "take_up"))


def state_of(callback: Any) -> dict[str, Array]:
    """What a callback remembers, as arrays of numbers; KindError for anything else."""
    state = callback.state()
    if not isinstance(state, Mapping):
        raise KindError(
            f"fit: the state of callback {type(callback).__name__} is a {type(state).__name__}, "
            "and it maps names to arrays. Return a dictionary."
        )
    arrays = {str(name): np.asarray(value) for name, value in state.items()}
    for name, array in arrays.items():
        if array.dtype.kind not in "biuf":
            raise KindError(
                f"fit: {name!r} in the state of callback {type(callback).__name__} has dtype "
                f"{array.dtype}, and checkpoints hold numbers. Return arrays of numbers."
            )
    return arrays
