"""One system in a process of its own: it builds a workload and then does what the parent asks.

Requests and answers are lines of JSON; whatever libraries print goes to stderr.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
import time
from pathlib import Path
from typing import Any

from benchmarks.measure import pin

#: So small that thousands of timed steps change no parameter in float32: no loss falls to 0, and no
#: unit dies, whose moments would become denormal numbers, which processors take long for.
STILL = 1e-12
CHECKED = 5


def named(text: str, sizes: dict[str, Any]) -> Any:
    """The workload `module:Class` with these sizes."""
    module, _, name = text.partition(":")
    sizes = {k: tuple(v) if isinstance(v, list) else v for k, v in sizes.items()}
    factor = sizes.pop("scale", 1)
    work = getattr(importlib.import_module(f"benchmarks.{module}"), name)(**sizes)
    return work if factor == 1 else work.scaled(factor)


class Steps:
    """A train step: checked with its own learning rate, timed with one that changes nothing."""

    def __init__(self, system: Any, work: Any, dtype: str, target: str) -> None:
        from benchmarks.systems.trainer import tables

        self.trainer = system.train(work, dtype, target)
        self.rate, (self.start, _) = work.rule.rate, tables(work, dtype)

    def check(self, path: str) -> list[str]:
        """Write losses and parameters of the first steps; the names of what can be timed."""
        import numpy as np

        self.trainer.restart(self.start, self.rate)
        losses = [float(self.trainer.modes["call"](1)) for _ in range(CHECKED)]
        np.savez(path, losses=np.array(losses), **self.trainer.parameters())
        self.trainer.restart(self.start, STILL)
        return list(self.trainer.modes)

    def run(self, mode: str, count: int) -> float:
        """CPU seconds of so many steps."""
        self.trainer.restart(self.start, STILL)
        work = self.trainer.modes[mode]
        begun = time.process_time()
        work(count)
        return time.process_time() - begun


class Formulas:
    """Formulas and their Jacobian."""

    def __init__(self, system: Any, work: Any, dtype: str, target: str) -> None:
        self.evaluator = system.evaluate(work, dtype, target)

    def check(self, path: str) -> list[str]:
        """Write values and Jacobian; the names of what can be timed."""
        import numpy as np

        np.savez(path, results=self.evaluator.results())
        return list(self.evaluator.modes)

    def run(self, mode: str, count: int) -> float:
        """CPU seconds of so many evaluations."""
        begun = time.process_time()
        self.evaluator.modes[mode](count)
        return time.process_time() - begun


def main() -> None:
    """Serve one workload in one system until the input ends."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    told = json.loads(sys.argv[1])
    pin(told["cores"])
    system = importlib.import_module(f"benchmarks.systems.by_{told['system']}")
    work = named(told["work"], told["sizes"])
    kind = Steps if told["work"].startswith("train_steps") else Formulas
    served: Any = kind(system, work, told["dtype"], told["target"])
    print("true", file=answers, flush=True)
    for line in sys.stdin:
        method, *arguments = json.loads(line)
        result = getattr(served, method)(*arguments)
        print(json.dumps(result), file=answers, flush=True)


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[1]))
    main()
