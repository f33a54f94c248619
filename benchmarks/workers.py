"""Two threads and two processes on one training: an MLP 64-512-10 on batches of 4096 samples.

Wall time on idle cores: `python -m benchmarks workers`.

Values of 4096 samples stream through memory, which the cores share. On a machine of two cores
(multiply-adds together 2.0 times as many as alone, reads of 64 MB 1.0 times: 24 GB/s) two processes
with nothing in common, each on steps of half the batch, reach 1.8 to 2.0 times the samples of one,
by how busy others keep that memory: this bounds programs that are alike. Threads reach more, since
each takes its samples in pieces that stay in its cache, which one thread alone does not in a
training: there, pieces would take a third off a step of 4096 samples (`sg.compile(...,
samples=4096)`). Of those, two threads reach 1.77 to 1.98 times as many, two processes 1.65 to 1.92.
"""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

import symgraph as sg
from benchmarks.guards import TARGET
from benchmarks.measure import Row

__all__ = ["bytes_a_step", "two_processes", "two_threads"]

BATCH, STEPS, EPOCHS, ROUNDS = 4096, 8, 10, 3


def _model(threads: int = 1) -> sg.Model:
    x, y = sg.input("x", ("N", 64)), sg.input("y", "N", kind="integer")
    z = sg.nn.dense(sg.nn.dense(x, 512, "h", "tanh"), 10, "z")
    return sg.Model(sg.mean(sg.cross_entropy(z, y)), [x, y], target=TARGET, threads=threads)


def _data() -> dict[str, Any]:
    draw = np.random.default_rng(0)
    rows = BATCH * STEPS
    return {"x": draw.normal(size=(rows, 64)), "y": draw.integers(0, 10, rows)}


def _seconds(model: sg.Model, data: dict[str, Any], communicator: Any = None) -> float:
    """The wall time of an epoch, of several in one training: to begin one takes time, too."""
    start = time.perf_counter()
    model.fit(
        data, optimizer=sg.optim.SGD(0.1), batch_size=BATCH, epochs=EPOCHS, progress=False,
        check_finite=False, communicator=communicator,
    )  # fmt: skip
    return (time.perf_counter() - start) / EPOCHS


def two_threads() -> list[Row]:
    """Steps with one thread against steps with two, in turn."""
    data, models = _data(), {threads: _model(threads) for threads in (1, 2)}
    times: dict[int, list[float]] = {threads: [] for threads in models}
    for _ in range(ROUNDS + 1):  # the first one compiles
        for threads, model in models.items():
            times[threads].append(_seconds(model, data))
    one, two = (statistics.median(found[1:]) for found in times.values())
    note = f"{STEPS * BATCH / one:.3g} samples a second with one"
    return [Row("MLP 64-512-10, batch 4096: two threads", one / two, "x", 1.9, note, least=True)]


def two_processes() -> list[Row]:
    """Steps of one process against steps of two under mpiexec; no rows without mpi4py."""
    place = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    mpiexec = shutil.which("mpiexec", path=place)
    if mpiexec is None or importlib.util.find_spec("mpi4py") is None:
        return []
    times: dict[int, list[float]] = {1: [], 2: []}
    for _ in range(3):
        for count, found in times.items():
            done = subprocess.run(
                [mpiexec, "-n", str(count), sys.executable, "-m", "benchmarks.workers"],
                capture_output=True, text=True, check=True,
            )  # fmt: skip
            found += json.loads(done.stdout)
    one, two = (statistics.median(found) for found in times.values())
    note = f"{bytes_a_step()} bytes added up in a step"
    return [
        Row("MLP 64-512-10, batch 4096: two MPI workers", one / two, "x", 1.8, note, least=True)
    ]


def bytes_a_step() -> int:
    """What each worker adds up in a step: the gradients, the loss, and one number for Ctrl-C."""
    return 8 * (sum(array.size for array in _model().parameters.values()) + 2)


def _work() -> None:
    """What each process of `two_processes` does: the first one prints its times."""
    communicator = sg.parallel.mpi()
    data, model = _data(), _model()
    others = communicator if communicator.size > 1 else None
    times = [_seconds(model, data, others) for _ in range(ROUNDS + 1)]
    if communicator.rank == 0:
        print(json.dumps(times[1:]))


if __name__ == "__main__":
    _work()
