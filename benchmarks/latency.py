"""How long one waits: first results with an empty cache and with a full one, export."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.measure import Row

__all__ = ["first_results"]

#: The workloads, and the most seconds until their first result.
CASES = {
    "XOR": ("train_steps.xor:Xor", {"batch": 1}),
    "MLP": ("train_steps.mlp:MLP", {}),
    "RNN": ("train_steps.char_rnn:CharRNN", {}),
    "LSTM": ("train_steps.lstm:LSTM", {}),
    "CNN": ("train_steps.lenet:LeNet", {}),
}


def first_results() -> list[Row]:
    """Each in a fresh process, after imports; wall time, and beside it CPU time with compilers'."""
    rows = []
    with tempfile.TemporaryDirectory() as cache:
        once = _child(cache, "machine")
        note = _processor_time(once)
        rows.append(Row("build the runtime, once a machine", once["seconds"], "s", 2.0, note))
        for name in CASES:
            cold, warm = _child(cache, name), _child(cache, name)
            rows += [
                Row(
                    f"{name}: expression to first result",
                    cold["seconds"],
                    "s",
                    0.25,
                    _processor_time(cold),
                ),
                Row(
                    f"{name}: the same, kernel built before",
                    warm["seconds"] * 1e3,
                    "ms",
                    50,
                    _processor_time(warm),
                ),
            ]
            if "export" in cold:
                rows.append(Row(f"{name}: export as .pyx", cold["export"], "s", 1.0))
    return rows


def _child(cache: str, name: str) -> dict[str, float]:
    environment = os.environ | {"XDG_CACHE_HOME": cache}
    command = [sys.executable, "-m", "benchmarks.latency", name]
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, check=True)
    found: dict[str, float] = json.loads(done.stdout)
    return found


def _processor_time(found: dict[str, float]) -> str:
    return f"{found['processor']:.3g} s of processors"


class _Clock:
    """Seconds since it was made, and those of all processors with the children's."""

    def __init__(self) -> None:
        self._wall, self._cpu = time.perf_counter(), self._processors()

    @staticmethod
    def _processors() -> float:
        children = resource.getrusage(resource.RUSAGE_CHILDREN)
        return time.process_time() + children.ru_utime + children.ru_stime

    def read(self) -> dict[str, float]:
        wall, cpu = time.perf_counter() - self._wall, self._processors() - self._cpu
        return {"seconds": wall, "processor": cpu}


def _first_result(name: str, clock: _Clock) -> dict[str, float]:
    """Of a train step; its data and the modules that it needs are there before."""
    import numpy.random  # noqa: F401

    import symgraph as sg
    import symgraph.build.conv
    import symgraph.build.loops
    import symgraph.build.losses
    import symgraph.codegen.lowering
    import symgraph.codegen.native.emit
    import symgraph.codegen.native.scalar_program
    import symgraph.grad
    from benchmarks.guards import TARGET
    from benchmarks.systems import by_symgraph
    from benchmarks.systems.trainer import tables
    from benchmarks.worker import named

    x = sg.input("x")
    sg.compile([x], x + 1, target=TARGET)(1.0)  # imports, and the runtime of this machine
    if name == "machine":
        return clock.read()
    work = named(*CASES[name])
    start, data = tables(work, "float32")
    clock = _Clock()
    by_symgraph.filled(work, "float32", TARGET, start | data).step()
    found = clock.read()
    program = by_symgraph.program(work, "float32", TARGET)
    with tempfile.TemporaryDirectory() as folder:
        clock = _Clock()
        program.save(Path(folder, "step.pyx"))
        found["export"] = clock.read()["seconds"]
    return found


if __name__ == "__main__":
    import numpy  # noqa: F401 - its import is not symgraph's

    import symgraph.codegen.program
    import symgraph.train.optim  # noqa: F401

    print(json.dumps(_first_result(sys.argv[1], _Clock())))
