"""Bringing all workers to where the first one stands, before they train together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from symgraph.train.history import History
from symgraph.train.keeper import has_state, state_of
from symgraph.train.parallel.crew import Crew
from symgraph.train.position import Position

if TYPE_CHECKING:
    from symgraph.train.loop import Training

__all__ = ["join"]


def join(crew: Crew, training: Training, history: History, callbacks: Sequence[Any]) -> None:
    """Take over the parameters, states and slots of worker 0, its position, and what it recorded.

    It may have gone on from a checkpoint, of which the others know nothing.
    """
    if crew.communicator is None:
        return
    facts = crew.shared(
        {
            "position": asdict(training.position),
            "stopped": history.stopped,
            "columns": history.to_dict(),
        }
    )
    for values in training.memory:
        crew.communicator.broadcast_(values.flat)
    for callback in callbacks:
        if has_state(callback):
            state = crew.shared_arrays(state_of(callback))
            if not crew.is_first:
                callback.take_up(state)
    if crew.is_first:
        return
    training.position = Position(**facts["position"])
    history.stopped = facts["stopped"]
    epochs, *columns = facts["columns"].values()
    names = [name for name in facts["columns"] if name != "epoch"]
    for epoch, *measured in zip(epochs, *columns, strict=True):
        history.record(epoch, dict(zip(names, measured, strict=True)))
