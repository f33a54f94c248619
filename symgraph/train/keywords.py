"""Calls with settings that there are not: what other libraries call the thing, or the nearest name.

A function takes `*more: Never` and `**unknown: Never`, which type checkers refuse to fill, and
gives both to `refuse` here.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping
from dataclasses import MISSING, fields
from typing import Any

from symgraph.errors import KindError, UnknownNameError
from symgraph.train.names import unknown_name

__all__ = ["check_options", "refuse", "unknown_setting"]

_RATE = "Give it to the optimizer: optimizer=sg.optim.Adam(learning_rate=...)."
_BY_NAME = "Data are one thing, arrays by the names of the inputs: {'x': ..., 'y': ...}."
_OF_MODEL = ("loss", "outputs", "metrics", "updates", "target", "dtype", "threads")
_OF_FIT = (
    "optimizer", "epochs", "batch_size", "validation", "shuffle", "callbacks", "progress", "log",
    "resume", "checkpoint", "every", "communicator",
)  # fmt: skip
_WEIGHTS = "Declare an input for the weights and give it to the loss as weight=."

#: Names of other libraries: the setting here, or a sentence that says where it is.
_WORDS = {
    "lr": _RATE,
    "rate": _RATE,
    "learning_rate": _RATE,
    "weight_decay": "Give it to the optimizer: optimizer=sg.optim.AdamW(1e-3, weight_decay=...).",
    "momentum": "Give it to the optimizer: optimizer=sg.optim.Momentum(0.1, momentum=...).",
    "verbose": "progress",
    "silent": "progress",
    "batch": "batch_size",
    "bs": "batch_size",
    "n_epochs": "epochs",
    "num_epochs": "epochs",
    "max_epochs": "epochs",
    "nb_epoch": "epochs",
    "iterations": "epochs",
    "max_iter": "epochs",
    "steps": "epochs",
    "validation_data": "validation",
    "validation_split": "validation",
    "val_data": "validation",
    "eval_set": "validation",
    "random_state": "seed",
    "initial_epoch": "resume",
    "grad_clip": "clip_norm",
    "max_norm": "clip_norm",
    "ckpt": "checkpoint",
    "frozen": "freeze",
    "sample_weight": _WEIGHTS,
    "class_weight": _WEIGHTS,
    "is_training": "training",
    "restore_best_weights": "restore_best",
    "min_lr": "least",
    "filepath": "path",
    **{name: f"Give it to the model: sg.Model(..., {name}=...)." for name in _OF_MODEL},
    **{name: f"Give it to fit: model.fit(data, {name}=...)." for name in _OF_FIT},
    **dict.fromkeys(("x", "y", "X", "Y", "inputs", "targets", "dataset"), _BY_NAME),
}

#: The same for what optimizers are given.
_OPTIONS = {
    "lr": "learning_rate",
    "rate": "learning_rate",
    "eta": "learning_rate",
    "beta_1": "beta1",
    "beta_2": "beta2",
    "betas": "Write beta1=0.9, beta2=0.999.",
    "epsilon": "eps",
    "l2": "weight_decay",
    "decay": "weight_decay",
    "clipnorm": "clip_norm",
    "global_clipnorm": "clip_norm",
    "clipvalue": "clip_value",
    "ema": "average",
    "ema_momentum": "average",
    "use_ema": "average",
    "params": "The parameters are those of the model; groups= chooses among them.",
    "param_groups": "groups",
}


def refuse(
    where: str, function: Callable[..., Any], more: Iterable[Any], unknown: Mapping[str, Any]
) -> None:
    """Raise for what a call holds beyond the settings of a function.

    UnknownNameError for a setting that it has not, with the nearest one or where to give it;
    KindError for a second value by position.
    """
    for name in unknown:
        known = [
            one.name
            for one in inspect.signature(function).parameters.values()
            if one.kind in (one.KEYWORD_ONLY, one.POSITIONAL_OR_KEYWORD) and one.name != "self"
        ]
        raise unknown_setting(where, "a setting", name, known, _WORDS)
    for value in more:
        raise KindError(
            f"{where}: there is a {type(value).__name__} behind the data. {_BY_NAME} Settings are "
            "given by name."
        )


def check_options(kind: Any, args: tuple[Any, ...], options: Mapping[str, Any]) -> None:
    """Raise where a data class would be made with an option that it has not, or without one."""
    known = {one.name: one for one in fields(kind)}
    for name in options:
        if name not in known:
            raise unknown_setting(kind.__name__, "an option", name, [*known])
    places = [one for one in known.values() if not one.kw_only]
    if len(args) > len(places):
        raise KindError(
            f"{kind.__name__}: {len(args)} options are given by position, and it has "
            f"{len(places)} of them: {', '.join(one.name for one in places)}. Name the others."
        )
    for one in places[len(args) :]:
        if one.default is MISSING and one.default_factory is MISSING and one.name not in options:
            raise KindError(
                f"{kind.__name__}: {one.name} is missing. Write {kind.__name__}({one.name}=0.1)."
            )


def unknown_setting(
    where: str, what: str, name: object, known: list[str], words: Mapping[str, str] = _OPTIONS
) -> UnknownNameError:
    """The error for a setting that there is not."""
    error = unknown_name(where, what, name, known)
    said = words.get(str(name), "")
    if not said or (said.isidentifier() and said not in known):
        return error
    hint = f"Write {said}=." if said.isidentifier() else said
    return UnknownNameError(f"{where}: {name!r} is not {what}. {hint}")
