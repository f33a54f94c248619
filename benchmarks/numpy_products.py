"""What the products by BLAS take of a step of the NumPy target, in a process with one thread."""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
import time
from typing import Any

from benchmarks.contest import Contest

__all__ = ["products_of"]

_ROUNDS, _STEPS = 9, 100


def products_of(contest: Contest) -> tuple[float, float, int]:
    """Seconds of a step, those of its products, and how many there are."""
    command = [sys.executable, "-m", "benchmarks.numpy_products", contest.work]
    environment = os.environ | {"OPENBLAS_NUM_THREADS": "1"}
    command.append(json.dumps(dict(contest.sizes)))
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, check=True)
    step, products, count = json.loads(done.stdout)
    return float(step), float(products), int(count)


def _measured(work: Any) -> tuple[float, float, int]:
    from benchmarks.systems import by_symgraph
    from benchmarks.systems.trainer import tables
    from benchmarks.worker import STILL

    run, start = by_symgraph.train(work, "float32", "numpy"), tables(work, "float32")[0]
    begun, seconds, calls = 0.0, 0.0, 0

    def watch(_: Any, event: str, function: Any) -> None:
        nonlocal begun, seconds, calls
        if getattr(function, "__name__", "") == "dot":
            if event == "c_call":
                begun = time.perf_counter()
            elif event == "c_return":
                seconds, calls = seconds + time.perf_counter() - begun, calls + 1

    step, products = math.inf, math.inf
    for _ in range(_ROUNDS):
        run.restart(start, STILL)
        begun = time.perf_counter()
        run.modes["loop"](_STEPS)
        step = min(step, (time.perf_counter() - begun) / _STEPS)
        seconds, calls = 0.0, 0
        sys.setprofile(watch)
        run.modes["loop"](_STEPS)
        sys.setprofile(None)
        products = min(products, seconds / _STEPS)
    return step, products, calls // _STEPS


if __name__ == "__main__":
    from benchmarks.worker import named

    print(json.dumps(_measured(named(sys.argv[1], json.loads(sys.argv[2])))))
