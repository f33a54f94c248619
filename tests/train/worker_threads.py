"""Workers in threads of one process: what `mpiexec` would start, without MPI."""

import threading
from collections.abc import Callable
from typing import Any, NoReturn

import numpy as np

from symgraph.train.parallel import Communicator


class WorkerAborted(Exception):
    """A worker has ended them all."""


class _Room:
    """Where the workers meet."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.barrier = threading.Barrier(size, timeout=60)
        self.given: list[np.ndarray | None] = [None] * size
        self.lines: list[str] = []
        self.bytes = 0  # that worker 0 has added up


class ThreadWorker(Communicator):
    """One of several workers in threads."""

    def __init__(self, rank: int, room: _Room) -> None:
        self.rank, self.size = rank, room.size
        self.room = room

    def sum_(self, array: np.ndarray) -> None:
        parts = self._all(array)
        total = parts[0].copy()
        for part in parts[1:]:
            total += part
        self.room.barrier.wait()
        array[...] = total
        if self.rank == 0:
            self.room.bytes += array.nbytes

    def broadcast_(self, array: np.ndarray) -> None:
        first = self._all(array)[0].copy()
        self.room.barrier.wait()
        array[...] = first

    def _all(self, array: np.ndarray) -> list[Any]:
        self.room.given[self.rank] = array
        self.room.barrier.wait()
        shapes = {part.shape for part in self.room.given if part is not None}
        assert len(shapes) == 1, shapes
        return list(self.room.given)

    def abort(self, line: str) -> NoReturn:
        self.room.lines.append(line)
        self.room.barrier.abort()
        raise WorkerAborted(line)


def run_workers(size: int, work: Callable[[ThreadWorker], Any]) -> list[Any]:
    """What `work` returns for each of so many workers, or the exception that it raises."""
    room = _Room(size)
    found: list[Any] = [None] * size

    def run(rank: int) -> None:
        try:
            found[rank] = work(ThreadWorker(rank, room))
        except BaseException as error:
            found[rank] = error
            if isinstance(error, AssertionError):
                room.barrier.abort()

    threads = [threading.Thread(target=run, args=(rank,)) for rank in range(size)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found
