"""Paths that a user gives, and what to say where a file cannot be written."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from symgraph.errors import KindError, StorageError

__all__ = ["exists", "path_of", "refused", "writing"]


def path_of(where: str, given: object) -> Path:
    """The path that a user gives; KindError for what is none."""
    if isinstance(given, str | os.PathLike):
        path = os.fspath(given)
        if isinstance(path, str) and path and "\0" not in path:
            return Path(path)
    raise KindError(
        f"{where}: path is {given!r}, and it is the path of a file as text or pathlib.Path. "
        'Write path="run/net.npz".'
    )


def exists(path: Path) -> bool:
    """Whether there is a file or a folder; there is none of a name that no file can have."""
    return os.path.exists(path)  # noqa: PTH110 - which pathlib raises for


def refused(error: OSError, what: str, kept: str) -> StorageError:
    """The error for what the disk refuses; `kept` is what is still there as it was."""
    why = error.strerror or str(error)
    found = StorageError(
        f"{what}: {why}. {kept} is unchanged. Make room, or choose a folder that can be written to."
    )
    found.errno = error.errno
    return found


@contextmanager
def writing(where: str, target: Path) -> Iterator[None]:
    """Raise StorageError where the file or folder, which is written inside, cannot be.

    >>> with writing("save", Path("no/such/folder/net.py")):
    ...     Path("no/such/folder/net.py").write_text("")
    Traceback (most recent call last):
        ...
    symgraph.errors.StorageError: save: 'no/such/folder/net.py' cannot be written: No such file or \
directory. Choose a place that can be written to, in a folder that there is.
    """
    try:
        yield
    except OSError as error:
        if isinstance(error, StorageError):
            raise
        found = StorageError(
            f"{where}: {str(target)!r} cannot be written: {error.strerror or error}. "
            "Choose a place that can be written to, in a folder that there is."
        )
        found.errno = error.errno
        raise found from error
