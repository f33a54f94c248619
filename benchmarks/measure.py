"""How things are timed: rounds in turn, medians, and the machine's own words about itself."""

from __future__ import annotations

import os
import platform
import resource
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import sympy

import symgraph

__all__ = [
    "Row", "Runner", "Share", "in_turn", "local", "machine", "once", "peak_megabytes", "pin",
    "repeat", "share",
]  # fmt: skip


class Row(NamedTuple):
    """One measured figure: what, how much, its unit, and the bound it is held against.

    With `least` the figure must reach the bound, else stay below it.
    """

    name: str
    value: float
    unit: str
    bound: float | None = None
    note: str = ""
    least: bool = False


def once(work: Callable[[], object]) -> float:
    """Seconds of wall time for one run."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def repeat(work: Callable[[], object], rounds: int = 9, calls: int = 1) -> float:
    """The median over rounds of the seconds one call takes."""
    return statistics.median(_round(work, calls) for _ in range(rounds))


def _round(work: Callable[[], object], calls: int) -> float:
    start = time.perf_counter()
    for _ in range(calls):
        work()
    return (time.perf_counter() - start) / calls


Runner = Callable[[int], float]


class Share(NamedTuple):
    """A ratio over the rounds: its median and spread."""

    median: float
    low: float
    high: float


def share(above: Sequence[float], below: Sequence[float]) -> Share:
    """The ratio of two figures of the same rounds."""
    ratios = [a / b for a, b in zip(above, below, strict=True)]
    return Share(statistics.median(ratios), min(ratios), max(ratios))


def local(work: Callable[[], object]) -> Runner:
    """So many runs in this process, in CPU seconds."""

    def run(count: int) -> float:
        begun = time.process_time()
        for _ in range(count):
            work()
        return time.process_time() - begun

    return run


def in_turn(
    runners: Mapping[str, Runner], rounds: int = 9, seconds: float = 0.05
) -> dict[str, list[float]]:
    """CPU seconds of one run of each, in rounds ABC, ABC, ...

    A runner is given a number of runs that takes it about so many seconds.
    """
    counts = {name: _count(run, seconds) for name, run in runners.items()}
    times: dict[str, list[float]] = {name: [] for name in runners}
    for _ in range(rounds):
        for name, run in runners.items():
            times[name].append(run(counts[name]) / counts[name])
    return times


def _count(run: Runner, seconds: float) -> int:
    """How many runs take about so long; the runs that find out warm up what is measured."""
    run(1)
    count = 1
    while (spent := run(count)) < seconds / 4:
        count *= 4
    return max(1, round(count * seconds / spent))


def pin(count: int = 1) -> list[int]:
    """Keep this process on the last cores it may use, the first being the busiest; their numbers.

    A library that looks for cores afterwards starts so many threads.
    """
    if not hasattr(os, "sched_setaffinity"):
        return []
    cores = sorted(os.sched_getaffinity(0))[-count:]
    os.sched_setaffinity(0, cores)
    return cores


def peak_megabytes() -> float:
    """The largest memory this process has held, in MB (Linux counts in KiB)."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def machine() -> str:
    """What the figures were measured on."""
    cpu = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.exists():
        lines = info.read_text(encoding="utf-8").splitlines()
        names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
        cpu = f"{names[0]}, {len(names)} threads" if names else cpu
    return (
        f"{cpu}; Python {platform.python_version()}, NumPy {np.__version__}, "
        f"SymPy {sympy.__version__}, symgraph {symgraph.__version__}"
    )
