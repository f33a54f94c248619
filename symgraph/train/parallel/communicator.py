"""What workers that train together say to one another: sums, a broadcast, and the end."""

from __future__ import annotations

import sys
from abc import ABC, abstractmethod
from typing import Any, NoReturn, Self, TypeAlias

from numpy.typing import NDArray

from symgraph.answers import answer_calls
from symgraph.errors import KindError, UnsupportedError

__all__ = ["Communicator", "Gloo", "Mpi", "gloo", "mpi", "share"]

Array: TypeAlias = NDArray[Any]


class Communicator(ABC):
    """Several workers, each of which runs the same program.

    `rank` is the number of this worker, from 0, of `size`. All workers call the same methods in the
    same order, with arrays of the same shapes.
    """

    rank: int
    size: int

    def __new__(cls, *args: Any, **options: Any) -> Self:
        if lacking := sorted(cls.__abstractmethods__):
            raise KindError(
                f"{cls.__name__}: it has no {' and no '.join(lacking)}. Define what is missing in "
                "a class of your own, or write sg.parallel.mpi()."
            )
        return super().__new__(cls)

    @abstractmethod
    def sum_(self, array: Array) -> None:
        """Replace an array by the sum of those of all workers, with the same bits on each."""

    @abstractmethod
    def broadcast_(self, array: Array) -> None:
        """Replace an array by that of worker 0."""

    @abstractmethod
    def abort(self, line: str) -> NoReturn:
        """End all workers because this one cannot go on; `line` is written to stderr."""


def share(rows: int, communicator: Communicator) -> slice:
    """The samples of a batch that a worker computes with: a run of them, as even as can be.

    The first workers have the larger runs, so that the first one is never without samples.
    """
    rank, size = communicator.rank, communicator.size
    return slice(-(-rows * rank // size), -(-rows * (rank + 1) // size))


class Mpi(Communicator):
    """The workers of a communicator of mpi4py."""

    def __init__(self, comm: Any) -> None:
        self._comm = comm
        self.rank, self.size = comm.Get_rank(), comm.Get_size()

    def sum_(self, array: Array) -> None:
        from mpi4py import MPI

        self._comm.Allreduce(MPI.IN_PLACE, array)

    def broadcast_(self, array: Array) -> None:
        self._comm.Bcast(array)

    def abort(self, line: str) -> NoReturn:
        print(line, file=sys.stderr, flush=True)
        self._comm.Abort(1)
        raise SystemExit(1)


class Gloo(Communicator):
    """The workers of torch.distributed, whose default group is there already."""

    def __init__(self) -> None:
        from torch import distributed

        self.rank, self.size = distributed.get_rank(), distributed.get_world_size()

    def sum_(self, array: Array) -> None:
        import torch
        from torch import distributed

        distributed.all_reduce(torch.from_numpy(array))

    def broadcast_(self, array: Array) -> None:
        import torch
        from torch import distributed

        distributed.broadcast(torch.from_numpy(array), 0)

    def abort(self, line: str) -> NoReturn:
        from torch import distributed

        print(line, file=sys.stderr, flush=True)
        distributed.destroy_process_group()
        raise SystemExit(1)


def mpi(comm: Any = None) -> Mpi:
    """The workers that `mpiexec -n 4 python train.py` starts, by mpi4py (extra `mpi`).

    `comm` is a communicator of mpi4py, by default that of all processes.
    Raises UnsupportedError where mpi4py or an MPI library is missing, KindError for another `comm`.
    """
    if comm is None:
        try:
            from mpi4py import MPI
        except (ImportError, RuntimeError) as error:
            raise UnsupportedError(
                f"parallel.mpi: mpi4py or its MPI library is missing ({error}). Install both with "
                "pip install 'symgraph[mpi]'."
            ) from error
        comm = MPI.COMM_WORLD
    if not callable(getattr(comm, "Allreduce", None)):
        raise KindError(
            f"parallel.mpi: comm is {comm!r}, and it is a communicator of mpi4py. Write "
            "sg.parallel.mpi(), or give one such as MPI.COMM_WORLD."
        )
    return Mpi(comm)


def gloo() -> Gloo:
    """The workers that `torchrun --nproc-per-node 4 train.py` starts, by torch.distributed.

    The process group is made by the gloo backend if there is none, and is destroyed at the end of
    the process: torch aborts otherwise.
    Raises UnsupportedError where torch is missing or the process was not started by torchrun.
    """
    import atexit

    try:
        from torch import distributed
    except ImportError as error:
        raise UnsupportedError(
            "parallel.gloo: torch is missing. Install it, or use sg.parallel.mpi()."
        ) from error
    if not distributed.is_initialized():
        try:
            distributed.init_process_group("gloo")
        except (ValueError, RuntimeError) as error:
            raise UnsupportedError(
                f"parallel.gloo: there is no process group to join ({error}). Start the workers by "
                "torchrun, or make the group before."
            ) from error
        atexit.register(_destroy)
    return Gloo()


def _destroy() -> None:
    from torch import distributed

    if distributed.is_initialized():
        distributed.destroy_process_group()


answer_calls(globals(), __all__)
