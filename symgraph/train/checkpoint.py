"""What a file says about a training that was under way, and taking it up again.

A saved model holds its arrays under their own names. A checkpoint holds more: every array has the
name of its group before it ("parameters/W", "slots/m_W", "history/loss", "callback/0/best"), and
the note beside them says what else must be the same, and a sum over all of it, so that a byte that
a disk has changed is found.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from symgraph.errors import UnsupportedError
from symgraph.train import store
from symgraph.train.loop import Training
from symgraph.train.position import Position

__all__ = ["Arrays", "Checkpoint", "describe", "read_description", "take_up", "training_facts"]

Arrays: TypeAlias = dict[str, NDArray[Any]]

_KIND = "checkpoint"
_VERSION = 1


@dataclass(frozen=True)
class Checkpoint:
    """Arrays by group and name, and what is known about the training that they belong to."""

    groups: dict[str, Arrays]
    facts: dict[str, Any]

    @property
    def position(self) -> Position:
        """Where the training stood."""
        return Position(**self.facts["training"]["position"])

    @property
    def kept(self) -> dict[str, Any]:
        """What a saved model says about its training."""
        return dict(self.facts["training"])

    def group(self, name: str) -> Arrays:
        """The arrays of a group; none when there is no such group."""
        return self.groups.get(name, {})

    def write(self, path: Path) -> None:
        """Write it at once. Raises StorageError when the disk refuses."""
        arrays = {
            f"{group}/{name}": array
            for group, named in self.groups.items()
            for name, array in named.items()
        }
        facts = {"version": _VERSION, "kind": _KIND, **self.facts}
        store.write(path, arrays, json.dumps({**facts, "sum": _sum(arrays, facts)}))

    @classmethod
    def read(cls, path: Path) -> Checkpoint:
        """The checkpoint in a file.

        Raises UnsupportedError for what is none, is damaged, or comes from a later version.
        """
        arrays, note = store.read(path)
        facts = _facts(path, note)
        if facts.pop("sum", "") != _sum(arrays, facts):
            raise _unusable(path, "its bytes have changed since it was written")
        groups: dict[str, Arrays] = {}
        for key, array in arrays.items():
            kind, _, name = key.partition("/")
            if kind == "callback":
                number, _, name = name.partition("/")
                kind = f"{kind}/{number}"
            groups.setdefault(kind, {})[name] = array
        _check_facts(path, facts, groups.get("history", {}))
        return cls(groups, facts)

    @staticmethod
    def is_one(note: str) -> bool:
        """Whether the note of a file says that it is a checkpoint."""
        try:
            return bool(json.loads(note)["kind"] == _KIND)
        except (ValueError, TypeError, LookupError, RecursionError):
            return False


def _facts(path: Path, note: str) -> dict[str, Any]:
    if not Checkpoint.is_one(note):
        raise _unusable(path, "it is no checkpoint of symgraph")
    facts: dict[str, Any] = json.loads(note)
    version = facts.get("version")
    if version != _VERSION:
        raise _unusable(path, f"it has version {version!r}, and this symgraph reads {_VERSION}")
    return facts


def _check_facts(path: Path, facts: Mapping[str, Any], history: Arrays) -> None:
    """Raise UnsupportedError unless what is read later is there."""
    try:
        epoch = Position(**facts["training"]["position"]).epoch
        kinds = {"identity": dict, "plan": dict, "marks": dict, "columns": list, "callbacks": list}
        wrong = [name for name, kind in kinds.items() if not isinstance(facts[name], kind)]
        columns = [history[name].shape for name in facts["columns"]]
        if wrong or not isinstance(facts["plan"]["epochs"], int) or "stopped" not in facts:
            raise ValueError(f"{wrong or 'plan'} is not as it was written")
        if facts["columns"][0] != "epoch" or set(columns) != {(len(history["epoch"]),)}:
            raise ValueError(f"the history of {epoch} epochs has the columns {columns}")
    except (ValueError, TypeError, LookupError) as error:
        raise _unusable(
            path, f"what it says about the training cannot be read: {error!r}"
        ) from None


def _unusable(path: Path, why: str) -> UnsupportedError:
    return UnsupportedError(f"load: {str(path)!r} cannot be used: {why}. Take another file.")


def _sum(arrays: Mapping[str, NDArray[Any]], facts: Mapping[str, Any]) -> str:
    made = hashlib.blake2b(json.dumps(facts, sort_keys=True).encode(), digest_size=16)
    for name, array in sorted(arrays.items()):
        made.update(f"|{name}|{array.dtype.str}{array.shape}|".encode())
        made.update(np.asarray(array, order="C").data)
    return made.hexdigest()


# --- the note in the file of a model --------------------------------------------------------------


def training_facts(training: Training) -> dict[str, Any]:
    """Where a training stands, as plain data."""
    return {
        "position": asdict(training.position),
        "rates": training.rule.optimizer.rates,
        "slots": list(training.slots),
    }


def describe(training: Training | None) -> str:
    """A note for a file: where a training stands, if there is one."""
    if training is None:
        return json.dumps({"version": 1})
    return json.dumps({"version": 1, "training": training_facts(training)})


def read_description(note: str) -> dict[str, Any]:
    """What a note says about a training; empty when it says nothing.

    Raises UnsupportedError for a note that cannot be read.
    """
    if not note:
        return {}
    try:
        kept = dict(json.loads(note).get("training", {}))
        if kept:
            Position(**kept["position"])
            kept["slots"] = [str(name) for name in kept["slots"]]
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise UnsupportedError(
            f"load: what the file says about the training cannot be read ({error!r})."
        ) from error
    return kept


def take_up(training: Training, slots: Mapping[str, NDArray[Any]], kept: Mapping[str, Any]) -> None:
    """Give a new training the slots and the position from a file.

    Raises UnsupportedError when the slots are those of another optimizer.
    """
    if set(slots) != set(training.slots):
        raise UnsupportedError(
            f"fit: the file that was loaded holds the slots {sorted(slots)}, and this optimizer "
            f"has {sorted(training.slots)}. Resume with the optimizer that the file was made with."
        )
    for name, array in slots.items():
        training.slots.check(name, array)
    rates, were = training.rule.optimizer.rates, kept.get("rates") or {}
    for name, array in slots.items():
        if name not in rates or rates[name] == were.get(name):
            training.slots[name] = array
    training.position = Position(**kept["position"])
