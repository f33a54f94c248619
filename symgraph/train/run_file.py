"""Settings of a training in a TOML file: every key checked, and each mistake told by its line."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, field, fields
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from symgraph.dtypes import real_dtype
from symgraph.errors import FormulaError, KindError, RangeError, SymgraphError, UnknownNameError
from symgraph.train import callbacks, optim
from symgraph.train.optim import Optimizer

__all__ = ["RunSettings", "read_run", "read_settings"]

LARGEST = 1_000_000  # bytes; a longer file is no list of settings

OPTIMIZERS = ("SGD", "Momentum", "Nesterov", "Adagrad", "RMSprop", "Adam", "AdamW")
CALLBACKS = tuple(callbacks.__all__)
SCHEDULES = (
    "cosine_decay", "cosine_restarts", "exponential_decay", "one_cycle", "piecewise",
    "polynomial_decay", "step_decay", "warmup",
)  # fmt: skip


@dataclass(frozen=True)
class _Key:
    """What a key holds: types by name, the least and the largest number, the words there are."""

    types: str
    low: float | None = None
    high: float | None = None
    words: tuple[str, ...] = ()


_KEYS: dict[str, _Key] = {
    "model": _Key("text"), "data": _Key("text"), "validation": _Key("text number", 0, 1),
    "sizes": _Key("table"), "columns": _Key("table"), "optimizer": _Key("table text"),
    "schedule": _Key("table"), "epochs": _Key("whole", 0), "batch_size": _Key("whole text", 1),
    "shuffle": _Key("switch"), "seed": _Key("whole", 0, 2**63 - 1), "batch": _Key("text"),
    "target": _Key("text", words=("numpy", "cython")), "threads": _Key("whole", 1, 64),
    "dtype": _Key("text"), "clip_norm": _Key("number", 0),
    "clip_value": _Key("number", 0), "checkpoint": _Key("text"), "every": _Key("whole text", 1),
    "resume": _Key("switch"), "save": _Key("text"), "log": _Key("text"),
    "freeze": _Key("text list"), "callbacks": _Key("table"),
}  # fmt: skip

_TYPES: dict[str, tuple[tuple[type, ...], str]] = {
    "text": ((str,), "text in quotes"), "number": ((int, float), "a number"),
    "whole": ((int,), "a whole number"), "switch": ((bool,), "true or false"),
    "table": ((dict,), "a table"), "list": ((list,), "a list"),
}  # fmt: skip


@dataclass
class RunSettings:
    """A training as it is written down; what is not given is as `Model.fit` has it."""

    model: str
    data: str | None = None
    optimizer: Optimizer = field(default_factory=optim.Adam)
    sizes: dict[str, Any] = field(default_factory=dict)
    columns: dict[str, Any] | None = None
    model_options: dict[str, Any] = field(default_factory=dict)  # of sg.Model
    fit_options: dict[str, Any] = field(default_factory=dict)  # of its fit
    save: str | None = None


def read_run(path: Path, overrides: Mapping[str, Any]) -> RunSettings:
    """The settings in a file, of which some are overridden.

    Paths in the file are those from its folder. Raises UnknownNameError for a key that is none,
    with the nearest one, KindError and RangeError for values that do not fit, FormulaError for what
    is no TOML; each names the file and the line.
    """
    text = _text(path)
    try:
        given = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        line = re.search(r"line (\d+)", str(error))
        number = int(line[1]) if line else text.count("\n") + 1
        raise FormulaError(f"{path.name}: this is no TOML: {error}.", number) from None
    for key in ("data", "validation", "checkpoint", "save", "log"):
        if isinstance(given.get(key), str) and not given[key].startswith("tensorboard:"):
            given[key] = str(path.parent / given[key])
    best = given.get("callbacks", {})
    best = best.get("BestModel", {}) if isinstance(best, dict) else {}
    if isinstance(best, dict) and isinstance(best.get("path"), str):
        best["path"] = str(path.parent / best["path"])
    if isinstance(given.get("model"), str) and not given["model"].startswith("zoo:"):
        given["model"] = str(path.parent / given["model"])
    return read_settings({**given, **overrides}, _Source(path.name, text, {*overrides}))


class _Source:
    """Where a key was written."""

    def __init__(self, name: str, text: str, elsewhere: set[str]) -> None:
        self._name, self._lines, self._elsewhere = name, text.splitlines(), elsewhere

    def place(self, key: str, table: str = "") -> str:
        """The file and the line of a key, or the option of the command line."""
        if not table and key in self._elsewhere:
            return f"train: --{key.replace('_', '-')}"
        inside = ""
        for number, line in enumerate(self._lines, 1):
            head = re.match(r"\s*\[\s*([^\]]+?)\s*\]", line)
            inside = head[1].strip("\"'") if head else inside
            name = re.match(r"\s*[\"']?([\w.-]+)[\"']?\s*=", line)
            if (name and name[1] == key and inside == table) or (
                head and not table and inside == key
            ):
                return f"{self._name}, line {number}"
        return self._name if self._lines else "train"


def read_settings(given: Mapping[str, Any], source: _Source | None = None) -> RunSettings:
    """Settings by their keys, checked. Raises as `read_run`."""
    source = source or _Source("train", "", {*given})
    for key, value in given.items():
        if key not in _KEYS:
            raise _unknown(source.place(key), key, _KEYS)
        _check(source.place(key), key, value, _KEYS[key])
    if "model" not in given:
        raise UnknownNameError(
            f'{source.place("")}: there is no model. Write model = "FILE.py:NAME" or "zoo:NAME".'
        )
    rest = dict(given)
    settings = RunSettings(rest.pop("model"), optimizer=_optimizer(rest, source))
    for key in ("data", "sizes", "columns", "save"):
        if key in rest:
            setattr(settings, key, rest.pop(key))
    if rest.get("batch_size") is not None and isinstance(rest["batch_size"], str):
        if rest["batch_size"] != "all":
            raise KindError(
                f"{source.place('batch_size')}: batch_size is {rest['batch_size']!r}, and it is a "
                'whole number or "all".'
            )
        rest["batch_size"] = None
    if "callbacks" in rest:
        rest["callbacks"] = _callbacks(rest["callbacks"], source)
    if "dtype" in rest:
        rest["dtype"] = real_dtype(source.place("dtype"), rest["dtype"])
    for key in ("target", "threads", "dtype", "batch", "seed"):
        if key in rest:
            settings.model_options[key] = rest[key] if key == "seed" else rest.pop(key)
    settings.fit_options = rest
    return settings


def _check(place: str, key: str, value: Any, known: _Key) -> None:
    kinds = known.types.split()
    fits = any(
        isinstance(value, _TYPES[kind][0]) and (kind == "switch") == isinstance(value, bool)
        for kind in kinds
    )
    if not fits:
        wanted = " or ".join(_TYPES[kind][1] for kind in kinds)
        raise KindError(f"{place}: {key} is {value!r}, and it is {wanted}.")
    if known.words and value not in known.words:
        near = get_close_matches(value, known.words, 1)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        raise KindError(f"{place}: {key} is {value!r}, and it is {_either(known.words)}.{hint}")
    if isinstance(value, int | float) and not isinstance(value, bool):
        low, high = known.low, known.high
        if (low is not None and not value >= low) or (high is not None and not value <= high):
            most = f" and at most {high}" if high is not None else ""
            raise RangeError(f"{place}: {key} is {value}, and it is at least {low}{most}.")


def _either(words: tuple[str, ...]) -> str:
    return " or ".join(map(repr, words))


def _unknown(place: str, key: str, known: Any, what: str = "key") -> UnknownNameError:
    near = get_close_matches(key, [*known], 1)
    hint = f"Did you mean {near[0]!r}?" if near else f"There are {', '.join(known)}."
    return UnknownNameError(f"{place}: there is no {what} {key!r}. {hint}")


def _optimizer(rest: dict[str, Any], source: _Source) -> Optimizer:
    """The optimizer of the tables `optimizer` and `schedule`."""
    given = rest.pop("optimizer", {})
    options = {"name": given} if isinstance(given, str) else dict(given)
    name = options.pop("name", "Adam")
    place = source.place("name", "optimizer" if isinstance(given, dict) else "")
    if name not in OPTIMIZERS:
        raise _unknown(place, str(name), OPTIMIZERS, "optimizer")
    kind: Any = getattr(optim, name)
    known = {one.name: one for one in fields(kind)}
    for key in options:
        if key not in known:
            raise _unknown(source.place(key, "optimizer"), key, known, f"setting of {name}")
    schedule = rest.pop("schedule", None)
    if schedule is not None:
        options["learning_rate"] = _schedule(dict(schedule), source)
    elif "learning_rate" not in options and known["learning_rate"].default is MISSING:
        raise UnknownNameError(f"{place}: {name} needs a learning_rate. Write learning_rate = 0.1.")
    try:
        made: Optimizer = kind(**options)
    except SymgraphError as error:
        key = str(error).partition(": ")[2].split()[0]
        raise type(error)(f"{source.place(key, 'optimizer')}: {error}") from None
    return made


def _callbacks(given: Mapping[str, Any], source: _Source) -> list[Any]:
    """The callbacks of the tables `callbacks.NAME`, with what each of them is made with."""
    found = []
    for name, options in given.items():
        if name not in CALLBACKS:
            raise _unknown(source.place(f"callbacks.{name}"), name, CALLBACKS, "callback")
        if not isinstance(options, dict):
            raise KindError(
                f"{source.place(name, 'callbacks')}: {name} is {options!r}, and it is a table. "
                f"Write [callbacks.{name}]."
            )
        try:
            found.append(getattr(callbacks, name)(**options))
        except SymgraphError as error:
            wrong = next((key for key in options if key in str(error)), "")
            place = source.place(wrong, f"callbacks.{name}") if wrong else source.place(name)
            raise type(error)(f"{place}: {error}") from None
    return found


def _schedule(options: dict[str, Any], source: _Source) -> Any:
    name = options.pop("name", "")
    if name not in SCHEDULES:
        raise _unknown(source.place("name", "schedule"), str(name), SCHEDULES, "schedule")
    try:
        return getattr(optim, name)(**options)
    except TypeError as error:
        problem = str(error).replace(f"{name}()", name).rstrip(".")
        raise KindError(f"{source.place('name', 'schedule')}: {problem}.") from None
    except SymgraphError as error:
        raise type(error)(f"{source.place('name', 'schedule')}: {error}") from None


def _text(path: Path) -> str:
    try:
        data = path.read_bytes() if path.stat().st_size <= LARGEST else b""
        if not data:
            raise FormulaError(f"{path.name}: it is empty or larger than {LARGEST} bytes.")
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise FormulaError(f"{path.name}: the file is not written in UTF-8.") from None
    except FileNotFoundError:
        raise UnknownNameError(f"train: there is no file {str(path)!r}.") from None
