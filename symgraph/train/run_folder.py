"""The folder that the checkpoints of one training lie in.

A file is called after the steps that were done before it. A new one is written whole before an old
one goes, so that at every moment the last one or the one before can be read.
"""

from __future__ import annotations

import contextlib
import logging
import os
import re
from pathlib import Path
from typing import Any, Self

from symgraph.errors import KindError, StorageError, UnsupportedError
from symgraph.files import exists, path_of, refused
from symgraph.train import store
from symgraph.train.checkpoint import Arrays, Checkpoint, read_description
from symgraph.train.locks import FolderLock

__all__ = ["RunFolder", "read_model"]

KEPT = 2  # checkpoints in a folder
_NAME = re.compile(r"step-([0-9]{9,})\.safetensors")
_log = logging.getLogger("symgraph")


class RunFolder:
    """A folder that is made when it is entered, and belongs to this process while it is open.

    Raises KindError for what is no path, StorageError for a folder that cannot be made or written
    to, or that another training is using.
    """

    def __init__(self, path: Any) -> None:
        if not isinstance(path, (str, os.PathLike)) or not str(path) or "\0" in str(path):
            raise KindError(
                f"fit: checkpoint is {path!r}, and it is the path of a folder, such as 'run/'."
            )
        self.path = Path(path).absolute()  # a callback may change the current folder
        self._lock = FolderLock(self.path)

    def __enter__(self) -> Self:
        try:
            if not self.path.is_dir():
                self.path.mkdir(parents=True, exist_ok=True)
                store.sync_folder(self.path.parent)
            self._lock.__enter__()
        except StorageError:
            raise
        except OSError as error:
            what = f"fit: the folder {str(self.path)!r} for checkpoints cannot be used"
            raise refused(error, what, "What is in it") from error
        store.sweep(self.path, "step-*")
        return self

    def __exit__(self, *failure: object) -> None:
        self._lock.__exit__()

    @property
    def paths(self) -> list[Path]:
        """The files of checkpoints, the last one at the end."""
        return _paths(self.path)

    def check_writable(self) -> None:
        """Raise StorageError where no file can be written, before a training begins."""
        if not os.access(self.path, os.W_OK | os.X_OK):
            raise StorageError(
                f"fit: the folder {str(self.path)!r} for checkpoints is read-only. Give another "
                "one, or the right to write to it; what is in it is unchanged."
            )

    def newest(self) -> tuple[Path, Checkpoint] | None:
        """The last checkpoint that is whole; damaged ones after it are set aside.

        Raises UnsupportedError when there are some and none can be read.
        """
        found, reasons = _newest(self.path, "fit")
        for path, why in reasons:
            aside = path.with_name(f"{path.name}.damaged")
            with contextlib.suppress(OSError):
                path.replace(aside)
            _log.warning(
                "fit: checkpoint %r cannot be used: %s. Going on from %r; the other is kept as %r.",
                str(path), why, found and found[0].name, aside.name,
            )  # fmt: skip
        for name in _strangers(self.path):
            _log.warning("fit: %r is no file of symgraph and is left alone.", str(self.path / name))
        return found

    def save(self, step: int, checkpoint: Checkpoint) -> None:
        """Write the checkpoint after so many steps, and remove what is older than the one before.

        Raises StorageError when the disk refuses; those written before are then whole.
        """
        self._lock.check()
        target = self.path / f"step-{step:09d}.safetensors"
        try:
            checkpoint.write(target)
        except StorageError as error:
            why = os.strerror(error.errno) if error.errno else str(error.__cause__ or error)
            left = [path.name for path in self.paths]
            whole = f"{left[-1]!r} is whole" if left else "There is none before it"
            found = StorageError(
                f"fit: checkpoint {str(target)!r} cannot be written: {why}. {whole}. Make room or "
                "give the right to write there, and go on with resume=True."
            )
            found.errno = error.errno
            raise found from error
        for path in self.paths[:-KEPT]:
            with contextlib.suppress(OSError):
                path.unlink()


def read_model(path: str | Path) -> tuple[Arrays, Arrays, dict[str, Any]]:
    """Parameters and states, slots, and what is known about the training: of a file or a folder.

    The file is a saved model or a checkpoint; of a folder it is the last checkpoint that is whole.
    Raises UnsupportedError for anything else, MissingFileError.
    """
    source = path_of("load", path)
    if source.suffix in ("", *store.SUFFIXES) and not exists(source):
        raise store.missing(source)
    if source.is_dir():
        found, reasons = _newest(source, "load")
        for damaged, why in reasons:
            _log.warning("load: checkpoint %r cannot be used: %s.", str(damaged), why)
        if found is None:
            raise UnsupportedError(
                f"load: {str(source)!r} holds no checkpoint. Name a file, or the folder that "
                "fit(checkpoint=...) was given."
            )
        return _model_of(found[1])
    arrays, note = store.read(source)
    if Checkpoint.is_one(note):
        return _model_of(Checkpoint.read(source))
    kept = read_description(note)
    slots = {name: arrays.pop(name) for name in kept.get("slots", []) if name in arrays}
    return arrays, slots, kept


def _model_of(checkpoint: Checkpoint) -> tuple[Arrays, Arrays, dict[str, Any]]:
    values = {**checkpoint.group("parameters"), **checkpoint.group("states")}
    return values, checkpoint.group("slots"), checkpoint.kept


def _paths(folder: Path) -> list[Path]:
    found = [path for path in folder.iterdir() if _NAME.fullmatch(path.name) and path.is_file()]
    return sorted(found, key=lambda path: int(path.name[len("step-") : -len(path.suffix)]))


def _newest(
    folder: Path, where: str
) -> tuple[tuple[Path, Checkpoint] | None, list[tuple[Path, str]]]:
    """The last one that can be read, and what is wrong with those after it."""
    reasons: list[tuple[Path, str]] = []
    for path in reversed(_paths(folder)):
        try:
            return (path, Checkpoint.read(path)), reasons
        except FileNotFoundError:  # it was removed in the meantime, and there are others
            return _newest(folder, where)
        except (UnsupportedError, OSError) as error:
            reasons.append((path, _reason(error)))
    if not reasons:
        return None, []
    told = "; ".join(f"{path.name!r}: {why}" for path, why in reasons)
    raise UnsupportedError(
        f"{where}: {str(folder)!r} holds no checkpoint that can be read ({told}). Give another "
        "folder, or remove these files to start anew."
    )


def _reason(error: Exception) -> str:
    if error.__cause__ is not None:
        return str(error.__cause__)
    return str(error).partition("cannot be used: ")[2].partition(". Take")[0] or str(error)


def _strangers(folder: Path) -> list[str]:
    """Safetensors files that this package has not written."""
    others = [p for p in folder.glob("*.safetensors") if not _NAME.fullmatch(p.name)]
    return sorted(path.name for path in others if not store.is_ours(path))
