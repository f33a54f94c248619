"""The workers of one training: they fail together, stop together, and hold the same numbers."""

from __future__ import annotations

import json
import os
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NoReturn, TypeAlias

import numpy as np
from numpy.typing import NDArray

from symgraph.errors import KindError, NonFiniteError, SymgraphError, WorkerError
from symgraph.train.parallel import watch
from symgraph.train.parallel.communicator import Communicator, share
from symgraph.train.progress import Terminated

__all__ = ["Crew"]

Array: TypeAlias = NDArray[Any]


class Crew:
    """The workers behind a communicator; one by itself where there is none.

    All workers call the same methods in the same order.
    """

    def __init__(self, communicator: Any = None) -> None:
        if communicator is not None and not isinstance(communicator, Communicator):
            raise KindError(
                f"fit: communicator is {communicator!r}, and it is one of sg.parallel, such as "
                "sg.parallel.mpi()."
            )
        self.communicator: Communicator | None = communicator
        self._agreed: BaseException | None = None  # what all workers know to have failed
        self._watcher: int | None = None  # the process that tells of a death

    @property
    def is_first(self) -> bool:
        """Whether this worker writes files and shows the bar."""
        return self.communicator is None or self.communicator.rank == 0

    def own(self, rows: int) -> slice:
        """The samples of a batch, or of all data, that belong to this worker."""
        return slice(rows) if self.communicator is None else share(rows, self.communicator)

    @contextmanager
    def together(self, what: str) -> Iterator[None]:
        """What every worker does; where it fails for one, WorkerError is raised for the others."""
        if self.communicator is None:
            yield
            return
        failure = None
        try:
            yield
        except Exception as error:
            failure = error
        failed = np.zeros(self.communicator.size)
        failed[self.communicator.rank] = failure is not None
        self.communicator.sum_(failed)
        if failure is None and failed.any():
            failure = WorkerError(
                f"fit: {what}: worker {int(failed.argmax())} of {len(failed)} has failed, and says "
                "why. This one stops with it."
            )
        if failure is not None:
            self._agreed = failure
            raise failure

    @contextmanager
    def guarded(self) -> Iterator[None]:
        """End all workers when this one fails by itself: the others would wait for it for ever."""
        try:
            yield
            self._leave_together()
        except BaseException as error:
            several = self.communicator is not None and self.communicator.size > 1
            # all workers have found the number that is not finite, or stopped after the same step
            together = error is self._agreed or isinstance(error, NonFiniteError | Terminated)
            if together or not several:
                self._leave_together()
                raise
            self._end_all(error)

    def _end_all(self, error: BaseException) -> NoReturn:
        """End all workers, and say why this one does, unless another one's death is the cause."""
        assert self.communicator is not None
        name = f"symgraph: worker {self.communicator.rank} of {self.communicator.size}"
        is_ours = isinstance(error, SymgraphError | KeyboardInterrupt | SystemExit)
        if self._watcher is not None:
            if not is_ours and watch.has_told(self._watcher):
                self.communicator.abort(f"{name} ends with it")
            watch.stop(self._watcher)
        if not is_ours:
            traceback.print_exception(error)
        said = f"{type(error).__name__}: {error}".rstrip(": ")
        self.communicator.abort(f"{name} ends the training: {said}")

    def watch(self, checkpoint: str | os.PathLike[str] | None) -> None:
        """Have it told when a worker is killed, where all of them run on one machine.

        It ends with `guarded`.
        """
        if self.communicator is None or self.communicator.size == 1:
            return
        here = watch.machine() if watch.can_watch() else ""
        processes = np.zeros(self.communicator.size, np.int64)
        processes[self.communicator.rank] = os.getpid()
        self.communicator.sum_(processes)
        elsewhere = self.any(not here or here != self.shared({"machine": here})["machine"])
        if elsewhere or len({*processes.tolist()}) < len(processes):
            return
        watcher = watch.start(processes.tolist(), checkpoint) if self.is_first else 0
        self._watcher = self.shared({"watcher": watcher})["watcher"]

    def _leave_together(self) -> None:
        """End the watch before the first worker may end."""
        if self._watcher is None:
            return
        if self.is_first:
            watch.stop(self._watcher)
        self._watcher = None
        self.any(False)

    def any(self, flag: bool) -> bool:
        """Whether this is so for some worker."""
        if self.communicator is None:
            return flag
        count = np.array([float(flag)])
        self.communicator.sum_(count)
        return bool(count[0])

    def check_same(self, what: str, described: Callable[[], str]) -> None:
        """Raise WorkerError on all workers where one has something else than the first."""
        if self.communicator is None:
            return
        text = described()
        first = self.shared({"text": text})["text"]
        differs = np.zeros(self.communicator.size)
        differs[self.communicator.rank] = first != text
        self.communicator.sum_(differs)
        if differs.any():
            error = WorkerError(
                f"fit: worker {int(differs.argmax())} of {len(differs)} has another {what} than "
                "worker 0. Start all workers with the same script, data and settings."
            )
            self._agreed = error
            raise error

    def shared(self, facts: Mapping[str, Any]) -> dict[str, Any]:
        """The facts of the first worker, which can be written as JSON."""
        if self.communicator is None:
            return dict(facts)
        text = np.frombuffer(json.dumps(facts).encode("utf-8"), np.uint8).copy()
        count = np.array([len(text)], np.int64)
        self.communicator.broadcast_(count)
        if not self.is_first:
            text = np.empty(int(count[0]), np.uint8)
        self.communicator.broadcast_(text)
        found: dict[str, Any] = json.loads(text.tobytes().decode("utf-8"))
        return found

    def shared_arrays(self, arrays: Mapping[str, Array]) -> dict[str, Array]:
        """The arrays of the first worker, by name."""
        if self.communicator is None:
            return dict(arrays)
        kinds = {name: (array.dtype.str, array.shape) for name, array in arrays.items()}
        found: dict[str, Array] = {}
        for name, (dtype, shape) in self.shared(kinds).items():
            array = np.empty(shape, dtype)
            if self.is_first:
                array[...] = arrays[name]
            flat = array.reshape(-1).view(np.uint8)
            if flat.size:
                self.communicator.broadcast_(flat)
            found[name] = array
        return found
