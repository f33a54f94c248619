"""Memory of a process that runs an exported program, above one that has NumPy and the arrays."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.compiler import CONTESTS
from benchmarks.guards import TARGET
from benchmarks.measure import Row
from benchmarks.systems import by_symgraph
from benchmarks.worker import named

__all__ = ["above_numpy"]

#: Loads the arrays, runs the step where its folder is named, prints the peak in MB.
CHILD = """
import sys
import numpy as np
with np.load(sys.argv[1]) as file:
    arrays = [file[name] for name in file.files]
if len(sys.argv) > 2:
    sys.path.insert(0, sys.argv[2])
    from exported import step
    for _ in range(3):
        step(*arrays)
    assert "symgraph" not in sys.modules
with open("/proc/self/status") as file:  # getrusage would count the parent's peak too
    peak = next(line for line in file if line.startswith("VmHWM"))
print(int(peak.split()[1]) / 1024)
"""


def above_numpy() -> list[Row]:
    """A row a workload; none where the system does not tell the peak."""
    if not Path("/proc/self/status").exists():
        return []
    rows = []
    for key in ("w2l", "w4-32", "w6-256"):
        contest = next(one for one in CONTESTS if one.key == key)
        work = named(contest.work, dict(contest.sizes))
        with tempfile.TemporaryDirectory() as folder:
            title = f"{contest.title}: exported, above NumPy"
            rows.append(Row(title, _above(work, Path(folder)), "MB", 50))
    return rows


def _above(work: Any, folder: Path) -> float:
    """The exported step's peak less that of a process that only holds its arrays."""
    bound = by_symgraph.bound(work, "float32", TARGET)
    np.savez(folder / "arrays.npz", *bound.arrays.values())
    by_symgraph.program(work, "float32", TARGET).export(folder / "exported")
    build = [sys.executable, "setup.py", "--quiet", "build_ext", "--inplace"]
    subprocess.run(build, cwd=folder / "exported", check=True, stdout=sys.stderr)
    base, used = (_peak(folder / "arrays.npz", *more) for more in ((), (folder / "exported",)))
    return used - base


def _peak(*arguments: Path) -> float:
    command = [sys.executable, "-c", CHILD, *map(str, arguments)]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True, env={})
    return float(done.stdout)
