"""The folders in which one user keeps what was made for this machine, safe from other users.

Code that another user could have put there would run, so a folder counts only when it is the
user's own and nobody else may write to it.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import stat
from pathlib import Path

__all__ = ["forget_oldest", "note_use", "own_folder", "user_owns"]

_OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH


def own_folder(name: str) -> Path:
    """A folder of the user's cache, made where it is missing; no link. Raises OSError."""
    from platformdirs import user_cache_path

    folder = user_cache_path("symgraph") / name
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    state = folder.lstat()
    if not stat.S_ISDIR(state.st_mode) or not user_owns(state):
        raise PermissionError(f"{folder} is open to others")
    return folder


def user_owns(state: os.stat_result) -> bool:
    """Whether a file is the user's, and nobody else may write to it."""
    if not hasattr(os, "geteuid"):  # Windows keeps the profile of a user from others by itself
        return True
    return state.st_uid == os.geteuid() and not state.st_mode & _OTHERS_WRITE


def note_use(path: Path) -> None:
    """Have `forget_oldest` take a file or folder for a new one."""
    with contextlib.suppress(OSError):  # what cannot be written to is read all the same
        os.utime(path)


def forget_oldest(folder: Path, most: int) -> None:
    """Remove the files and folders that were not used for longest, where there are too many."""
    try:
        with os.scandir(folder) as entries:
            names = [entry.name for entry in entries]
    except OSError:
        return
    if len(names) <= most:
        return  # the usual case, without a look at each
    times: dict[Path, int] = {}
    for path in map(folder.joinpath, names):
        with contextlib.suppress(OSError):  # another process removes some as well
            times[path] = path.lstat().st_mtime_ns
    # some more than needed, and not one at every new one
    for path in sorted(times, key=times.__getitem__)[: -most + most // 10]:
        with contextlib.suppress(OSError):
            if path.is_dir():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink()
