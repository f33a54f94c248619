"""A small process beside the workers of one machine, which says which of them has died.

What starts the workers ends all of them within milliseconds when one dies, so that none of them has
the time to tell. This process belongs to no such group. It runs `watcher.py` by itself.
"""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

__all__ = ["can_watch", "has_told", "machine", "start", "stop"]


def can_watch() -> bool:
    """Whether the system tells of the end of any process."""
    return hasattr(os, "pidfd_open") and hasattr(select, "epoll")


def machine() -> str:
    """Where the number of a process means the same process."""
    try:
        space = Path("/proc/self/ns/pid").readlink()
    except OSError:
        space = Path()
    return f"{os.uname().nodename} {space}"


def start(workers: Sequence[int], folder: str | os.PathLike[str] | None) -> int:
    """Watch the workers with these process numbers; the number of the process that does."""
    place = "" if folder is None else str(Path(folder).absolute())
    # -I and -S: neither this project nor installed packages, which take longer to import
    script = str(Path(__file__).with_name("watcher.py"))
    command = [sys.executable, "-I", "-S", script, place, *map(str, workers)]
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, start_new_session=True)
    process.returncode = 0  # stop() looks after it; without this Python warns of it
    return process.pid


def stop(watcher: int) -> None:
    """End a watch that any of the workers may have started."""
    try:
        os.kill(watcher, signal.SIGTERM)
        os.waitpid(watcher, 0)
    except (ProcessLookupError, ChildProcessError):
        pass  # it has told of a death, or is the child of another worker


def has_told(watcher: int, seconds: float = 0.5) -> bool:
    """Whether the watch has told of a death, or does so soon."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            text = Path(f"/proc/{watcher}/stat").read_text()
        except OSError:
            return True
        if text.rpartition(")")[2].split()[0] == "Z":  # nobody has asked how it ended
            return True
        time.sleep(0.01)
    return False
