"""What must hold besides being fast: overhead of a call, cost of gradients, threads."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from typing import Any, cast

import numpy as np

import symgraph as sg
from benchmarks.compiler import CONTESTS
from benchmarks.measure import Row, in_turn, local, pin, share
from benchmarks.systems.trainer import tables
from benchmarks.worker import named
from symgraph.walks import dag_size, variables

__all__ = ["TARGET", "call_overhead", "gradient_by_forward", "two_threads"]


def _target() -> Any:
    """The one for C, or NumPy's where there is none."""
    x = sg.input("x")
    try:
        sg.compile([x], x, target=cast(Any, "cython"))
    except sg.UnsupportedError:
        return "numpy"
    return "cython"


TARGET = _target()


def call_overhead() -> list[Row]:
    """Nanoseconds of a step that has next to nothing to do, less those of an empty function."""
    pin()
    x = sg.parameter("x")
    bound = sg.compile([x], [], updates={x: x + 1}, target=TARGET).bind(np.array(0.0))
    times = in_turn({"step": local(bound.step), "empty": local(lambda: None)})
    cost = statistics.median(times["step"]) - statistics.median(times["empty"])
    return [Row("a step of a bound object", cost * 1e9, "ns", 60)]


def gradient_by_forward() -> list[Row]:
    """Loss and gradients against the loss alone, in time and in nodes."""
    pin()
    rows = []
    for key in ("w2-32", "w3-32", "w4-32", "w4g-32", "w5-32"):
        contest = next(one for one in CONTESTS if one.key == key)
        work = named(contest.work, dict(contest.sizes))
        loss = work.symgraph()
        parameters = [v for v in variables([loss]) if v.role == "parameter"]
        gradients = sg.grad(loss, parameters)
        start, data = tables(work, "float32")
        given = start | data
        everything: Any = list(variables([loss]))
        steps: dict[str, Callable[[], Any]] = {}
        for name, outputs in (("forward", [loss]), ("gradient", [loss, *gradients])):
            program = sg.compile(everything, outputs, dtype="float32", target=TARGET)
            steps[name] = program.bind(**{v.name: given[v.name] for v in everything}).step
        times = in_turn({name: local(step) for name, step in steps.items()})
        ratio = share(times["gradient"], times["forward"])
        nodes = dag_size(loss, *gradients)[0] / dag_size(loss)[0]
        note = f"spread {ratio.low:.2f} to {ratio.high:.2f}"
        title = contest.title.partition(",")[0]
        rows += [
            Row(f"{title}: gradient by forward, time", ratio.median, "x", 3.5, note),
            Row(f"{title}: gradient by forward, nodes", nodes, "x", 3.0),
        ]
    return rows


def two_threads() -> list[Row]:
    """The loss and the gradients of the LSTM in wall time: one thread against two on idle cores."""
    contest = next(one for one in CONTESTS if one.key == "w4-32")
    work = named(contest.work, dict(contest.sizes))
    loss = work.symgraph()
    parameters = [v for v in variables([loss]) if v.role == "parameter"]
    outputs = [loss, *sg.grad(loss, parameters)]
    start, data = tables(work, "float32")
    given = start | data
    everything: Any = list(variables([loss]))
    times: dict[int, list[float]] = {1: [], 2: []}
    bound = {
        threads: sg.compile(
            everything, outputs, dtype="float32", target=TARGET, threads=threads
        ).bind(**{v.name: given[v.name] for v in everything})
        for threads in times
    }
    for _ in range(11):
        for threads, program in bound.items():
            began = time.perf_counter()
            program.steps(5)
            times[threads].append(time.perf_counter() - began)
    ratio = statistics.median(times[1]) / statistics.median(times[2])
    return [Row("LSTM, batch 32: two threads", ratio, "x", 1.6, "wall time", least=True)]
