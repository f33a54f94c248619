"""Holding files and folders, so that two processes do not write over each other.

A lock belongs to whoever opened the file and ends with it, also by kill -9: there is nothing to
tidy up afterwards. Where locks are unknown (Windows, some network drives) nothing is held.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Self

from symgraph.errors import StorageError

__all__ = ["FolderLock", "try_lock"]

#: Folders held by this process. A lock goes along into what is forked, and would outlive us there.
_held: set[int] = set()


def _let_go() -> None:
    for handle in _held:
        os.close(handle)
    _held.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_let_go)


def try_lock(handle: int) -> bool | None:
    """Hold what is open until it is closed.

    False when another holds it, None where nobody can know.
    """
    if sys.platform == "win32":
        return None
    import fcntl

    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:  # a drive without locks
        return None
    return True


class FolderLock:
    """A folder that is this one's alone while the lock is open.

    Raises StorageError when another process, or another training of this one, holds it.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._handle: int | None = None

    def __enter__(self) -> Self:
        if not hasattr(os, "O_DIRECTORY"):
            return self
        handle = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY)
        if try_lock(handle) is False:
            holder = _holder(handle)
            os.close(handle)
            raise StorageError(
                f"fit: {str(self._folder)!r} is in use by {holder}, and two trainings in one "
                "folder would mix their checkpoints. Wait for that one, or give another folder."
            )
        _held.add(handle)
        self._handle = handle
        return self

    def check(self) -> None:
        """Raise StorageError in a process that was forked while the lock was held."""
        if self._handle is not None and self._handle not in _held:
            raise StorageError(
                f"fit: {str(self._folder)!r} belongs to the process that this one was forked "
                "from. Let only that one write checkpoints."
            )

    def __exit__(self, *failure: object) -> None:
        handle, self._handle = self._handle, None
        if handle in _held:
            _held.remove(handle)
            os.close(handle)


def _holder(handle: int) -> str:
    """Who holds a folder, where the system tells."""
    try:
        number = os.fstat(handle).st_ino
        lines = Path("/proc/locks").read_text(encoding="ascii").splitlines()
        found = [line.split() for line in lines if "FLOCK" in line]
        pids = [words[4] for words in found if words[5].rpartition(":")[2] == str(number)]
    except (OSError, ValueError, IndexError):
        pids = []
    return f"process {pids[0]}" if pids else "another process"
