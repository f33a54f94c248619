"""Systems against each other: each in its own process, checked first, timed in turn."""

from __future__ import annotations

import importlib.util
import json
import math
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Any, NamedTuple

import numpy as np

from benchmarks import peak
from benchmarks.measure import in_turn, share
from benchmarks.worker import named
from benchmarks.workload import Scalars

__all__ = ["OURS", "Contest", "Goal", "Options", "compete", "mistake"]

#: symgraph by the target that is timed; the first one present is held against the goals.
OURS = {"symgraph": "cython", "symgraph-numpy": "numpy"}
#: How far losses may be off, and parameters by the distance they have moved: Adam divides by the
#: size of the gradient, so that one of nothing but rounding moves a parameter as any other.
TOLERANCE = {"float32": (1e-4, 2e-2), "float64": (1e-9, 1e-9)}
#: Long recurrences make every rounding grow until no system can be as near as that. A system may
#: then be off by so many times what half of the others are off by at least, up to so many times the
#: tolerance.
LIKE_OTHERS, AT_MOST = 2.0, 20.0


class Goal(NamedTuple):
    """How far ahead of the best peer symgraph must be, and how far it could be."""

    floor: float
    reach: float
    #: What of symgraph is timed, and which peers count: all when none is named.
    ours: str = "call"
    peers: tuple[str, ...] = ()
    title: str = ""
    #: The system of OURS that it is about; by default the fastest target there is.
    system: str = ""


@dataclass(frozen=True)
class Contest:
    """A workload with its sizes, who takes part, and what is to be reached."""

    key: str
    title: str
    work: str
    sizes: dict[str, Any] = field(default_factory=dict)
    goals: tuple[Goal, ...] = ()
    peers: tuple[str, ...] = ("numpy", "torch", "jax")
    #: Which of OURS take part.
    ours: tuple[str, ...] = tuple(OURS)


class Options(NamedTuple):
    """What the command line may change."""

    scale: float = 1.0
    dtype: str = "float32"
    rounds: int = 9
    cores: int = 1
    sizes: Mapping[str, Any] = MappingProxyType({})


class Worker:
    """A system in its own process; `ask` calls a method there."""

    def __init__(self, system: str, contest: Contest, options: Options, dtype: str) -> None:
        name, _, target = system.partition("-")
        told = {
            "system": name, "target": OURS.get(system, target), "dtype": dtype,
            "work": contest.work, "cores": options.cores,
            "sizes": _sizes(contest, options),
        }  # fmt: skip
        self.errors = tempfile.TemporaryFile("w+")  # noqa: SIM115 - close() closes it
        self.process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.worker", json.dumps(told)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.errors,
            text=True, env=_environment(options.cores), cwd=Path(__file__).parents[1],
        )  # fmt: skip

    def answer(self) -> Any:
        """What the process says next; RuntimeError with its last words when it has died."""
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            self.process.wait()
            self.errors.seek(0)
            said = self.errors.read().strip().splitlines() or [f"exit {self.process.returncode}"]
            raise RuntimeError(said[-1])
        return json.loads(line)

    def ask(self, method: str, *arguments: Any) -> Any:
        assert self.process.stdin is not None
        try:
            self.process.stdin.write(json.dumps([method, *arguments]) + "\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            pass  # the answer tells why
        return self.answer()

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        for stream in (self.process.stdin, self.process.stdout, self.errors):
            assert stream is not None
            stream.close()


def _sizes(contest: Contest, options: Options) -> dict[str, Any]:
    return {**contest.sizes, **options.sizes, "scale": options.scale}


def _environment(cores: int) -> dict[str, str]:
    """No OPENBLAS_*, which would make NumPy slower than it is, and so many threads everywhere."""
    found = {k: v for k, v in os.environ.items() if not k.startswith("OPENBLAS_")}
    found |= {"OMP_NUM_THREADS": str(cores), "MKL_NUM_THREADS": str(cores)}
    if cores == 1:
        found["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false"
    return found


class _Team:
    """The workers of a contest; leaving ends their processes."""

    def __init__(self, contest: Contest, options: Options, dtype: str) -> None:
        here = [one for one in (*contest.ours, *contest.peers) if _installed(one.partition("-")[0])]
        self.workers = {one: Worker(one, contest, options, dtype) for one in here}
        self.absent = {one: "is not installed" for one in contest.peers if one not in here}

    def __enter__(self) -> _Team:
        return self

    def __exit__(self, kind: type | None, error: object, trace: TracebackType | None) -> None:
        for worker in self.workers.values():
            worker.close()

    def drop(self, name: str, reason: str) -> None:
        self.workers.pop(name).close()
        self.absent[name] = reason

    def checked(self, truth: dict[str, Any], start: Any, dtype: str) -> dict[str, list[str]]:
        """What can be timed of each that computes what it should."""
        found, errors = {}, {}
        for name, worker in list(self.workers.items()):
            with tempfile.TemporaryDirectory() as folder:
                path = str(Path(folder, "values.npz"))
                try:
                    worker.answer()
                    found[name] = worker.ask("check", path)
                except RuntimeError as error:
                    self.drop(name, str(error))
                    continue
                with np.load(path) as values:
                    errors[name] = _errors(values, truth, start)
        for name, own in errors.items():
            others = [each for other, each in errors.items() if other != name]
            wrong = mistake(own, others, {k: TOLERANCE[dtype][k in start] for k in truth})
            if wrong:
                self.drop(name, wrong)
                del found[name]
        return found


def _installed(system: str) -> bool:
    return importlib.util.find_spec(system) is not None


def _truth(contest: Contest, options: Options) -> tuple[dict[str, Any], dict[str, Any]]:
    """The results of torch in float64, or of NumPy by hand, and where they start from."""
    from benchmarks.systems.trainer import tables

    work = named(contest.work, _sizes(contest, options))
    scalars = isinstance(work, Scalars)
    system = "torch" if _installed("torch") and not scalars else "numpy"
    worker = Worker(system, contest, options, "float64")
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder, "values.npz"))
        worker.answer()
        worker.ask("check", path)
        worker.close()
        with np.load(path) as values:
            truth = dict(values)
    return truth, {} if scalars else tables(work, "float64")[0]


def _errors(values: Any, truth: dict[str, Any], start: dict[str, Any]) -> dict[str, float]:
    """How far each array is off, by the size of its right value or of its change."""
    sizes = {name: np.linalg.norm(right - start.get(name, 0)) for name, right in truth.items()}
    return {
        name: float(np.linalg.norm(values[name] - right)) / (sizes[name] or 1.0)
        for name, right in truth.items()
    }


def mistake(
    own: Mapping[str, float],
    others: Sequence[Mapping[str, float]],
    tolerance: Mapping[str, float],
) -> str:
    """Which array is farther off than it may be, and than those of the others; "" for none."""
    for name, off in own.items():
        finite = [each[name] for each in others if math.isfinite(each[name])]
        near = statistics.median_high(finite) if len(finite) > 1 else 0.0  # one is no measure
        allowed = tolerance[name] * min(max(LIKE_OTHERS * near / tolerance[name], 1), AT_MOST)
        if not off <= allowed:
            return f"is wrong: {name} is off by {off:.1e}"
    return ""


def compete(contest: Contest, options: Options) -> dict[str, Any]:
    """Everything that was measured, ready for JSON."""
    scalars = contest.work.startswith("scalars")
    dtype = "float64" if scalars else options.dtype
    truth, start = _truth(contest, options)
    with _Team(contest, options, dtype) as team:
        modes = team.checked(truth, start, dtype)
        runners = {
            f"{name} {mode}": partial(team.workers[name].ask, "run", mode)
            for name, names in modes.items()
            for mode in names
        }
        work = named(contest.work, _sizes(contest, options))
        flops = 0 if scalars else work.flops()
        best = peak.runner(dtype) if flops else None
        if best:
            runners["peak"] = best[0]
        times = in_turn(runners, options.rounds)
    main = next((name for name in contest.ours if name in modes), "")
    done = times.get(f"{main} call")
    rates = [best[1] / seconds for seconds in times.pop("peak")] if best else []
    of_peak = share([flops / s for s in done], rates)._asdict() if done and rates else None
    return {
        "title": contest.title, "dtype": dtype, "scale": options.scale, "cores": options.cores,
        "sizes": dict(options.sizes), "target": OURS.get(main, ""), "absent": team.absent,
        "times": {name: _summary(values) for name, values in times.items()},
        "flops": flops, "of_peak": of_peak, "goals": _held(contest, main, times),
    }  # fmt: skip


def _summary(values: Sequence[float]) -> dict[str, float]:
    return {"median": statistics.median(values), "low": min(values), "high": max(values)}


def _held(contest: Contest, main: str, times: dict[str, list[float]]) -> list[dict[str, Any]]:
    """Each goal with the ratio to the peer that was the fastest."""
    held = []
    for goal in contest.goals:
        ours = f"{goal.system or main} {goal.ours}"
        peers = [one for one in times if one.partition(" ")[0] not in OURS]
        peers = [one for one in goal.peers if one in times] if goal.peers else peers
        found = goal._asdict() | {"ours": ours, "best": None}
        if ours in times and peers:
            best = min(peers, key=lambda one: statistics.median(times[one]))
            ratios = share(times[best], times[ours])
            found |= {"best": best, "ratio": ratios.median, "low": ratios.low, "high": ratios.high}
        held.append(found)
    return held
