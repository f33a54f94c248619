"""``symgraph train``: train a model of a Python file or of the zoo, or what a TOML file describes.

Exit codes: 0 done, 1 failed in training or writing, 2 wrong usage, settings or data, 130
interrupted by Ctrl-C, 143 by SIGTERM; a run with a checkpoint has kept it then.
"""

from __future__ import annotations

import argparse
import logging
import os
import shlex
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from symgraph.errors import (
    NonFiniteError,
    StorageError,
    SymgraphError,
    UnknownNameError,
    UnsupportedError,
    WorkerError,
)

if TYPE_CHECKING:
    from symgraph.train.model import Model
    from symgraph.train.run_file import RunSettings
    from symgraph.zoo.own_data import OwnData

__all__ = ["EXAMPLES", "add_options", "run", "text"]

WRONG, INTERRUPTED, TERMINATED = 2, 130, 143

EXAMPLES = """examples:
  symgraph train zoo:digits --epochs 5 --target cython --checkpoint run/
  symgraph train net.py:model --data points.npz --optimizer Adam --learning-rate 0.01
  symgraph train run.toml --epochs 20 --resume
  mpiexec -n 4 symgraph train run.toml

a TOML file has the keys model, data, validation, epochs, batch_size, shuffle, seed, batch, target,
threads, dtype, clip_norm, clip_value, freeze, checkpoint, every, resume, save, log, and the tables
[optimizer], [schedule], [sizes], [columns], [callbacks.EarlyStopping] and other callbacks.

exit codes: 0 done, 1 failed, 2 wrong usage, settings or data, 130 interrupted by Ctrl-C,
143 by SIGTERM; what was done is kept in the checkpoint folder then."""

#: Options that are keys of a TOML file too, with their types and meanings.
_OPTIONS: dict[str, tuple[Any, str, str]] = {
    "data": (str, "FILE", ".npz, .csv or .safetensors, or a folder of .npy files"),
    "validation": (str, "DATA", "a file, or the fraction of the samples to hold out"),
    "epochs": (int, "N", "how often every sample is used"),
    "batch_size": (str, "N", "samples in a step, or all"),
    "optimizer": (str, "NAME", "Adam, SGD, Momentum, ... (default: Adam)"),
    "learning_rate": (float, "RATE", "the optimizer's learning rate"),
    "seed": (int, "N", "chooses the start values and the order of the samples"),
    "target": (str, "TARGET", "numpy or cython"),
    "threads": (int, "N", "threads of native code"),
    "dtype": (str, "TYPE", "float64 or float32"),
    "checkpoint": (str, "FOLDER", "where checkpoints are kept"),
    "every": (str, "N", "epochs between checkpoints, or 'N steps'"),
    "save": (str, "FILE", "write the parameters at the end, .safetensors or .npz"),
    "log": (str, "FILE", "append what every epoch measures, .csv or .jsonl"),
}


def add_options(parser: argparse.ArgumentParser) -> None:
    """The options of `symgraph train`."""
    parser.add_argument(
        "what", metavar="MODEL", help="FILE.py:NAME (that file is run), zoo:NAME, or FILE.toml"
    )
    for name, (kind, shown, meaning) in _OPTIONS.items():
        flag = f"--{name.replace('_', '-')}"
        parser.add_argument(flag, type=kind, metavar=shown, help=meaning)
    parser.add_argument(
        "--size", nargs="+", action="extend", default=[], metavar="NAME=N",
        help="what a function in FILE.py, or a system of the zoo, is called with",
    )  # fmt: skip
    parser.add_argument(
        "--resume", action="store_true", help="go on from the last checkpoint, if there is one"
    )


def run(options: argparse.Namespace) -> tuple[int, dict[str, Any] | None]:
    """Train; the exit code, and what is printed at the end by one worker, as data."""
    communicator = _communicator()
    is_first = communicator is None or communicator.rank == 0
    place = logging.getLogger("symgraph")
    place.addFilter(_is_news)
    start = time.monotonic()
    try:
        prepared = _prepared(options, communicator)
        if prepared is None:
            return WRONG, None
        settings, model, own, data, validation = prepared
        fit = {**(own.options if own is not None else {}), **settings.fit_options}
        if validation is not None:
            fit.setdefault("validation", validation)
        history = model.fit(data, optimizer=settings.optimizer, communicator=communicator, **fit)
    except (NonFiniteError, StorageError) as error:
        if is_first:
            print(f"symgraph: {type(error).__name__}: {error}", file=sys.stderr)
        return 1, None
    except WorkerError as error:
        if is_first:
            print(f"symgraph: {error}", file=sys.stderr)
        return 1, None
    except SystemExit:
        if is_first:
            _say_how_to_go_on(options, settings)
        return TERMINATED, None
    finally:
        place.removeFilter(_is_news)
    interrupted = history.stopped == "interrupted"
    if not is_first:
        return (INTERRUPTED if interrupted else 0), None
    if settings.save is not None:
        try:
            model.save(settings.save)
        except StorageError as error:
            print(f"symgraph: {type(error).__name__}: {error}", file=sys.stderr)
            return 1, None
    if interrupted:
        _say_how_to_go_on(options, settings)
    found = {
        "epochs": history.epochs[-1] if history.epochs else 0,
        "stopped": history.stopped,
        "measured": {name: column[-1] for name, column in history.items()},
        "seconds": round(time.monotonic() - start, 3),
        "workers": 1 if communicator is None else communicator.size,
        "files": [one for one in (settings.save, settings.fit_options.get("log")) if one],
    }
    return (INTERRUPTED if interrupted else 0), found


def _prepared(options: argparse.Namespace, communicator: Any) -> tuple[Any, ...] | None:
    """Settings, model and data; None where another worker fails with them, and tells why."""
    made, failure = None, None
    try:
        settings = _settings(options)
        _check_save(settings.save)
        model, own = _model(settings)
        made = settings, model, own, *_data(settings, own)
    except SymgraphError as error:
        failure = error
    if communicator is not None:
        import numpy as np

        failed = np.zeros(communicator.size)
        failed[communicator.rank] = failure is not None
        communicator.sum_(failed)
        if failed.any() and communicator.rank != int(failed.argmax()):
            return None
    if failure is not None:
        raise failure
    return made


def _check_save(path: str | None) -> None:
    """Raise before a training, which may take long, where its end could not be written."""
    from symgraph.train.store import SUFFIXES

    if path is None:
        return
    target = Path(path)
    if target.suffix not in SUFFIXES:
        raise UnsupportedError(
            f"train: save is {path!r}, and values are kept as {' or '.join(SUFFIXES)}. Choose one "
            "of these."
        )
    if not target.parent.is_dir() or target.is_dir():
        what = "is a folder" if target.is_dir() else "lies in a folder that there is not"
        raise StorageError(f"train: save is {path!r}, which {what}. Make it, or choose another.")


def text(found: dict[str, Any]) -> str:
    """What a training has come to, as a line."""
    measured = "  ".join(f"{name}={value:.6g}" for name, value in found["measured"].items())
    return f"{found['epochs']} epochs in {found['seconds']:.1f} s  {measured}".rstrip()


def _is_news(record: logging.LogRecord) -> bool:
    """The command says by itself how to go on after an interruption."""
    return not str(record.msg).startswith("fit: interrupted")


def _say_how_to_go_on(options: argparse.Namespace, settings: RunSettings) -> None:
    if "checkpoint" not in settings.fit_options:
        line = "interrupted, and nothing was kept. With --checkpoint FOLDER a run can go on"
    else:
        given = [one for one in sys.argv[1:] if one != "--resume"] or ["train", options.what]
        line = f"interrupted, and kept. Go on with: symgraph {shlex.join(given)} --resume"
    print(f"symgraph: {line}", file=sys.stderr)


def _communicator() -> Any:
    """The workers that mpiexec or torchrun have started; None where this process is alone."""
    from symgraph.train import parallel

    for name in ("PMI_SIZE", "OMPI_COMM_WORLD_SIZE", "MV2_COMM_WORLD_SIZE"):
        if os.environ.get(name, "1") not in ("", "1"):
            return parallel.mpi()
    if "TORCHELASTIC_RUN_ID" in os.environ and os.environ.get("WORLD_SIZE", "1") != "1":
        return parallel.gloo()
    return None


def _settings(options: argparse.Namespace) -> RunSettings:
    from symgraph.train.run_file import read_run, read_settings

    given = {
        name: getattr(options, name) for name in _OPTIONS if getattr(options, name) is not None
    }
    rate = given.pop("learning_rate", None)
    for name in ("batch_size", "validation", "every"):
        given[name] = _number(given[name]) if name in given else None
    given = {name: value for name, value in given.items() if value is not None}
    if rate is not None:
        given["optimizer"] = {"name": given.get("optimizer", "Adam"), "learning_rate": rate}
    if options.size:
        given["sizes"] = _sizes(options.size)
    if options.resume:
        given["resume"] = True
    if options.what.endswith(".toml"):
        return read_run(Path(options.what), given)
    return read_settings({"model": options.what, **given})


def _number(text: str) -> Any:
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text


def _sizes(given: list[str]) -> dict[str, Any]:
    pairs = [part.partition("=") for part in given]
    for name, _, value in pairs:
        if not name.isidentifier() or not value:
            raise UnsupportedError(
                f"train: --size {name!r} is no NAME=NUMBER. Write --size hidden=32, for example."
            )
    return {name: _number(value) for name, _, value in pairs}


# --- the model and its data ---------------------------------------------------------------------


def _model(settings: RunSettings) -> tuple[Model, OwnData | None]:
    """The model that settings name, and the data that it brings along."""
    from symgraph.network import load_object

    found = load_object(settings.model, settings.sizes)
    model = _as_model(found, settings)
    if not settings.model.startswith("zoo:"):
        return model, None
    name = settings.model.removeprefix("zoo:").partition(",")[0]
    if not model.spec.trainable and not model.spec.ruled:
        raise UnsupportedError(
            f"train: zoo:{name} has no parameters that could be trained. `symgraph zoo {name}` "
            "shows what it is made of."
        )
    return model, None if settings.data is not None else _own_data(name, model, found)


def _own_data(name: str, model: Model, found: Any) -> OwnData:
    """The data of a system: its data set, else the samples of a lecture, else drawn numbers."""
    from symgraph.zoo.own_data import OwnData, own_data
    from symgraph.zoo.samples import ORDERS, drawn, of_lecture

    own = own_data(name, found)
    if own is not None:
        return own
    samples = of_lecture(name, model.spec)
    if samples is None:
        samples = drawn(model.spec, getattr(found, "facts", ()))
        logging.getLogger("symgraph").warning(
            "train: zoo:%s has no data of its own; these numbers are drawn at random.", name
        )
    return OwnData(samples, None, ORDERS.get(name, {}))


def _as_model(found: Any, settings: RunSettings) -> Model:
    import symgraph as sg
    from symgraph.node import Node
    from symgraph.train.spec import SWITCHES
    from symgraph.walks import variables

    options = dict(settings.model_options)
    if isinstance(found, sg.Model):
        return found if not options else _again(found, options)
    loss = getattr(found, "loss", found)
    if not isinstance(loss, Node):
        raise UnsupportedError(
            f"train: {settings.model!r} is {type(found).__name__}, and it is a sg.Model, a "
            "loss, or a function that returns one of these."
        )
    inputs = [
        leaf
        for leaf in variables([loss])
        if leaf.params[2] == "input" and SWITCHES.get(leaf.params[0]) != leaf.kind
    ]
    outputs, metrics, updates = {}, {}, getattr(found, "updates", None)
    if found is not loss and hasattr(found, "batch"):
        options.setdefault("batch", found.batch)
    if hasattr(found, "logits") and hasattr(found, "y"):
        outputs["logits"] = found.logits
        metrics["accuracy"] = sg.metrics.accuracy(found.logits, found.y)
    return sg.Model(loss, inputs, outputs, metrics, updates, **options)


def _again(model: Model, options: dict[str, Any]) -> Model:
    """A model with other settings; its parameters are as they are unless a seed is given."""
    import symgraph as sg

    spec, kept = model.spec, model.settings
    batch = None if spec.batch is None else str(spec.batch)
    given = {"batch": batch, "dtype": kept.dtype, "target": kept.target, "threads": kept.threads}
    made = sg.Model(
        spec.loss, [*spec.inputs.values()], spec.outputs, spec.metrics, spec.updates,
        **{**given, **options},
    )  # fmt: skip
    if "seed" not in options:
        for ours, theirs in ((made.parameters, model.parameters), (made.states, model.states)):
            for name, array in theirs.items():
                ours[name] = array
    return made


def _data(settings: RunSettings, own: OwnData | None) -> tuple[Any, Any]:
    """What is trained on, and what is validated on where that comes along."""
    import symgraph as sg

    if settings.data is None:
        return ({}, None) if own is None else (own.learned, own.held_out)
    for where in (settings.data, settings.fit_options.get("validation")):
        if isinstance(where, str) and not Path(where).exists():
            raise UnknownNameError(f"train: there is no file or folder {where!r} with data.")
    if settings.columns is not None:
        return sg.data.load(settings.data, columns=settings.columns), None
    return settings.data, None
