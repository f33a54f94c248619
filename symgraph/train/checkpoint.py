"""What a file says about a training that was under way, and taking it up again."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from numpy.typing import NDArray

from symgraph.errors import UnsupportedError
from symgraph.train.loop import Training
from symgraph.train.position import Position

__all__ = ["describe", "read_description", "take_up"]


def describe(training: Training | None) -> str:
    """A note for a file: where a training stands, if there is one."""
    if training is None:
        return json.dumps({"version": 1})
    kept = {
        "position": asdict(training.position),
        "rate": training.rule.rate,
        "slots": list(training.slots),
    }
    return json.dumps({"version": 1, "training": kept})


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
    except (ValueError, TypeError, KeyError, AttributeError) as error:
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
    for name, array in slots.items():
        if name != "η" or training.rule.rate == kept.get("rate"):
            training.slots[name] = array
    training.position = Position(**kept["position"])
