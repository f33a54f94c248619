"""The file of a model: its parameters and states, and the training that was under way."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeAlias

from numpy.typing import NDArray

from symgraph.files import path_of
from symgraph.train import store
from symgraph.train.checkpoint import describe
from symgraph.train.engine import Engine
from symgraph.train.loop import Training
from symgraph.train.names import check_same_names
from symgraph.train.run_folder import read_model

__all__ = ["load_model", "save_model"]

Arrays: TypeAlias = Mapping[str, NDArray[Any]]


def save_model(path: str | Path, engine: Engine, training: Training | None) -> None:
    """Write what a model has learnt; of a training, what it needs to go on, where that fits in."""
    target = path_of("save", path)
    arrays = {**engine.parameters, **engine.states}
    if training is not None and target.suffix == ".safetensors":
        arrays |= training.slots
    store.write(target, arrays, describe(training))


def load_model(path: str | Path, engine: Engine) -> tuple[Arrays, Mapping[str, Any]]:
    """Take over what a file holds; the slots and the facts of the training that it was saved in.

    Nothing has changed where this raises.
    """
    arrays, slots, kept = read_model(path)
    held = {name: values for values in (engine.parameters, engine.states) for name in values}
    check_same_names(f"load: {Path(path).name!r}", arrays, held)
    checked = {name: held[name].check(name, array) for name, array in arrays.items()}
    for name, array in checked.items():
        held[name][name] = array
    return slots, kept
