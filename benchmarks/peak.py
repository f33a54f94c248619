"""The machine's peak: fused multiply-adds of one core, by a small loop in C."""

from __future__ import annotations

import ctypes
import shutil
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

from benchmarks.measure import Row, Runner, in_turn

__all__ = ["fma", "runner"]

#: The rounds of the loop that count as one run, a hundredth of a millisecond.
ROUNDS = 2_000
TYPES = {"float32": ("float", ctypes.c_float), "float64": ("double", ctypes.c_double)}


def runner(dtype: str) -> tuple[Runner, int] | None:
    """CPU seconds of so many runs, and the operations of one; None without a compiler."""
    compiler = next(filter(None, map(shutil.which, ("gcc", "clang", "cc"))), None)
    if compiler is None:
        return None
    name, kind = TYPES[dtype]
    with tempfile.TemporaryDirectory() as folder:
        library = str(Path(folder, "peak.so"))
        flags = ["-O2", "-march=native", "-ffp-contract=fast", "-fPIC", "-shared"]
        source = str(Path(__file__).with_name("peak.c"))
        subprocess.run([compiler, *flags, f"-DREAL={name}", source, "-o", library], check=True)
        peak = ctypes.CDLL(library).peak
    peak.argtypes, peak.restype = [ctypes.c_long, ctypes.c_void_p], ctypes.c_long
    result = ctypes.byref(kind())

    def run(count: int) -> float:
        begun = time.process_time()
        peak(count * ROUNDS, result)
        return time.process_time() - begun

    return run, ROUNDS * int(peak(1, result))


def fma() -> list[Row]:
    """GFLOP/s in both types."""
    rows = []
    for dtype in TYPES:
        made = runner(dtype)
        if made is None:
            return []
        seconds = statistics.median(in_turn({dtype: made[0]})[dtype])
        rows.append(Row(f"peak of a core, {dtype}", made[1] / seconds / 1e9, "GFLOP/s"))
    return rows
