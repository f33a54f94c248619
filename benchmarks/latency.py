"""How long one waits: first results with an empty cache and with a full one, export."""

from __future__ import annotations

import contextlib
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.measure import Row

__all__ = ["first_results"]

ROUNDS = 5
#: The workloads.
CASES = {
    "XOR": ("train_steps.xor:Xor", {"batch": 1}),
    "MLP": ("train_steps.mlp:MLP", {}),
    "RNN": ("train_steps.char_rnn:CharRNN", {}),
    "LSTM": ("train_steps.lstm:LSTM", {}),
    "CNN": ("train_steps.lenet:LeNet", {}),
}
#: The first programs of a machine, each a product of one type.
MACHINES = {"machine": ["float32"], "both types": ["float32", "float64"]}


def first_results() -> list[Row]:
    """Each in a fresh process, after imports; wall time, and beside it CPU time with compilers'.

    The medians of some rounds, each with an empty cache.
    """
    rounds = [_round() for _ in range(ROUNDS)]
    rows = [_row("build the runtime, once a machine", rounds, "machine", 2.0)]
    rows.append(_row("the same, and products of float64", rounds, "both types", 2.0))
    for name in CASES:
        rows.append(_row(f"{name}: expression to first result", rounds, name, 0.25))
        rows.append(_row(f"{name}: the same, kernel built before", rounds, f"{name} again", 50))
        found = [one[name]["export"] for one in rounds]
        rows.append(Row(f"{name}: export as .pyx", statistics.median(found), "s", 1.0))
    return rows


def _round() -> dict[str, dict[str, float]]:
    with tempfile.TemporaryDirectory() as other:
        found = {"both types": _child(other, "both types")}
    with tempfile.TemporaryDirectory() as cache:
        found["machine"] = _child(cache, "machine")
        for name in CASES:
            found[name] = _child(cache, name)
            found[f"{name} again"] = _child(cache, name)
    return found


def _row(name: str, rounds: Sequence[dict[str, dict[str, float]]], key: str, bound: float) -> Row:
    seconds = sorted(one[key]["seconds"] for one in rounds)
    processor = statistics.median(one[key]["processor"] for one in rounds)
    factor, unit = (1e3, "ms") if key.endswith("again") else (1, "s")
    spread = f"{seconds[0] * factor:.3g} to {seconds[-1] * factor:.3g}"
    note = f"spread {spread}, {processor:.3g} s of processors"
    return Row(name, statistics.median(seconds) * factor, unit, bound, note)


def _child(cache: str, name: str) -> dict[str, float]:
    environment = os.environ | {"XDG_CACHE_HOME": cache}
    command = [sys.executable, "-m", "benchmarks.latency", name]
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, check=True)
    found: dict[str, float] = json.loads(done.stdout)
    return found


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


def _product(dtype: Any) -> None:
    import symgraph as sg

    a, b = sg.input("a", shape=(8, 9)), sg.input("b", shape=(9, 5))
    given = np.ones((8, 9), dtype), np.ones((9, 5), dtype)
    with contextlib.suppress(sg.UnsupportedError):  # there is no C
        sg.compile([a, b], a @ b, dtype=dtype, target="cython")(*given)


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

    for dtype in MACHINES.get(name, []):
        _product(dtype)
    if name in MACHINES:
        return clock.read()
    from benchmarks.guards import TARGET
    from benchmarks.systems import by_symgraph
    from benchmarks.systems.trainer import tables
    from benchmarks.worker import named

    x = sg.input("x")
    sg.compile([x], x + 1, target=TARGET)(1.0)  # imports
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
    import symgraph.codegen.program
    import symgraph.train.optim  # noqa: F401

    print(json.dumps(_first_result(sys.argv[1], _Clock())))
