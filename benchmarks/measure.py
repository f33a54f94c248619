"""How things are timed: rounds in turn, medians, and the machine's own words about itself."""

from __future__ import annotations

import platform
import resource
import statistics
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import sympy

import symgraph

__all__ = ["Row", "machine", "once", "pair", "peak_megabytes", "repeat"]


class Row(NamedTuple):
    """One measured figure: what, how much, its unit, and the bound it is held against."""

    name: str
    value: float
    unit: str
    bound: float | None = None
    note: str = ""


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


def pair(
    ours: Callable[[], object], theirs: Callable[[], object], rounds: int = 11, calls: int = 1
) -> tuple[float, float, float, Sequence[float]]:
    """Both in turn: median seconds of each, the median ratio ours/theirs, and all ratios."""
    _round(ours, calls)
    _round(theirs, calls)
    times = [(_round(ours, calls), _round(theirs, calls)) for _ in range(rounds)]
    ratios = [a / b for a, b in times]
    return (
        statistics.median(a for a, _ in times),
        statistics.median(b for _, b in times),
        statistics.median(ratios),
        sorted(ratios),
    )


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
