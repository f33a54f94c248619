"""What checkpoints survive: kill -9 while one is written, kills at any time, full and closed disks.

    python tests/train/faults.py [--kills 500] [--runs 200] [--seed 0] [--folder DIR]

`make faults` runs it in full. Everything forks from one process that has compiled its models, so
that a kill costs a few hundredths of a second.
"""

from __future__ import annotations

import argparse
import contextlib
import logging
import mmap
import os
import random
import resource
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

import symgraph as sg
from symgraph.codegen.native.toolchain import ToolchainError, find_compiler
from symgraph.train import store
from symgraph.train.checkpoint import Checkpoint
from symgraph.train.run_folder import RunFolder

NOBODY = 65534
_SAVING, _DONE = 0, 8  # places in the shared memory


class Lost(AssertionError):
    """What must never happen."""


def forked(work: Callable[[], object]) -> int:
    """A process that does some work and ends, without the clean-up of its parent."""
    child = os.fork()
    if child:
        return child
    code = 99
    try:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        work()
        code = 0
    except SystemExit as end:
        code = int(end.code or 0)
    except KeyboardInterrupt:  # before `fit` listens to it
        code = 130
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(code)


def ended(child: int) -> int:
    """The exit code of a process; negative for the signal that killed it."""
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


# --- kill -9 while a checkpoint is written --------------------------------------------------------


@dataclass
class Kills:
    """Kills in the midst of a write, and all kills; the checkpoints that were written."""

    saving: int = 0
    all: int = 0
    checkpoints: int = 0
    stale: int = 0  # half a file that was left, and swept


class Large:
    """A training whose time goes into writing: many parameters and one sample."""

    def __init__(self, size: int) -> None:
        x, w = sg.input("x", "N"), sg.parameter("w", size, init=1.0)
        self.model = sg.Model(loss=sg.sum(w**2) * sg.mean(x), inputs=[x])
        self.settings = {"optimizer": sg.optim.Momentum(1e-3), "batch_size": None, "seed": 3}
        self.data = {"x": np.ones(1)}

    def fit(self, epochs: int, **more: Any) -> sg.History:
        """Train until so many epochs are done."""
        return self.model.fit(self.data, epochs=epochs, **self.settings, **more)


def kill_while_saving(
    folder: Path, count: int, chance: random.Random, size: int = 100_000
) -> Kills:
    """Kill a process `count` times in the midst of a write; each goes on from the last checkpoint.

    After each kill the last checkpoint must load, hold at least what was reported as written, and
    equal in every bit a training that nothing has happened to. Raises Lost.
    """
    shared, found = mmap.mmap(-1, 16), Kills()
    write, replace = Checkpoint.write, store.replace_file
    writer, reference = Large(size), Large(size)
    writer.fit(1)  # compiled here, once

    def written(self: Checkpoint, path: Path) -> None:
        write(self, path)
        struct.pack_into("q", shared, _DONE, self.position.epoch)

    def replaced(target: Path, content: bytes) -> None:
        struct.pack_into("q", shared, _SAVING, 1)
        replace(target, content)
        struct.pack_into("q", shared, _SAVING, 0)

    def work() -> None:
        Checkpoint.write, store.replace_file = written, replaced  # type: ignore[method-assign]
        writer.model.parameters["w"] = 1.0 + np.zeros(size)
        writer.fit(10**9, checkpoint=folder, resume=True)

    last, pause = 0, 0.02
    while found.saving < count:
        struct.pack_into("qq", shared, _SAVING, 0, last)
        child = forked(work)
        _wait_for(shared, child)
        time.sleep(chance.uniform(0, pause))
        os.kill(child, signal.SIGKILL)
        ended(child)
        saving, done = struct.unpack_from("qq", shared)
        found.all += 1
        found.saving += saving
        pause *= 1.1 if done - last < 2 else 0.9  # so that some are written in between
        found.stale += len([*folder.glob(".*.tmp")])
        found.checkpoints += done - last
        last = _check_last(folder, done, reference, last)
    with RunFolder(folder):
        if [*folder.glob(".*")] or [*folder.glob("*.damaged")]:
            raise Lost(f"{sorted(path.name for path in folder.iterdir())} were left")
    return found


def _wait_for(shared: mmap.mmap, child: int) -> None:
    """Until the first write begins."""
    while not struct.unpack_from("q", shared, _SAVING)[0]:
        if (found := os.waitpid(child, os.WNOHANG))[0]:
            raise Lost(f"the process ended by itself with {os.waitstatus_to_exitcode(found[1])}")
        time.sleep(0.0005)


def _check_last(folder: Path, done: int, reference: Large, last: int) -> int:
    """The epoch of the last checkpoint, which must be whole and that of an unbroken training."""
    paths = RunFolder(folder).paths
    if not paths and not done:
        return 0
    checkpoint = Checkpoint.read(paths[-1])
    epoch = checkpoint.position.epoch
    if epoch < done:
        raise Lost(f"epoch {done} was written, and the folder holds epoch {epoch}")
    reference.fit(epoch, resume=last > 0)
    training = reference.model._course.training
    for group, values in (("parameters", reference.model.parameters), ("slots", training.slots)):
        for name, array in checkpoint.group(group).items():
            if array.tobytes() != values[name].tobytes():
                raise Lost(f"{name} of epoch {epoch} is not that of an unbroken training")
    return epoch


STEPS = {"fsync": (1, 2), "replace": (1,), "unlink": (1,)}  # calls while a checkpoint is written


def kill_at_each_step(folder: Path) -> int:
    """Kill a process right before and right after each call of the system in a write.

    The number of places. Raises Lost.
    """
    large = Large(50)
    large.fit(2, checkpoint=folder / "start")
    places = [(n, k, late) for n, ks in STEPS.items() for k in ks for late in (False, True)]
    for name, number, late in places:
        run = folder / f"{name}{number}{late}"
        shutil.copytree(folder / "start", run)
        child = forked(lambda: _killed_at(large, run, name, number, late))  # noqa: B023 - runs now
        if ended(child) != -signal.SIGKILL:
            raise Lost(f"there is no call {number} of {name}")
        named = (name, number, late)
        kept = 3 if name == "unlink" or named in (("fsync", 2, True), ("replace", 1, True)) else 2
        if _unbroken_epoch(run, 50) < kept:
            raise Lost(f"a kill at {named} has lost a checkpoint")
        if ended(forked(lambda: large.fit(4, checkpoint=run, resume=True))) != 0:  # noqa: B023
            raise Lost(f"after a kill at {named} training does not go on")
        if _unbroken_epoch(run, 50) != 4 or len([*run.iterdir()]) != 2:
            raise Lost(f"after a kill at {named} there are {sorted(run.iterdir())}")
    return len(places)


def _killed_at(large: Large, run: Path, name: str, number: int, late: bool) -> None:
    call, calls = getattr(os, name), 0

    def counted(*given: Any, **named: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == number and not late:
            os.kill(os.getpid(), signal.SIGKILL)
        value = call(*given, **named)
        if calls == number:
            os.kill(os.getpid(), signal.SIGKILL)
        return value

    setattr(os, name, counted)
    large.fit(4, checkpoint=run, resume=True)


def _unbroken_epoch(folder: Path, size: int) -> int:
    """The epoch of the last checkpoint, which must be that of a training without a break."""
    last = int(RunFolder(folder).paths[-1].name[5:14])  # a step is an epoch here
    loaded, reference = Large(size), Large(size)
    loaded.model.load(folder)
    reference.fit(last)
    if loaded.model.parameters.flat.tobytes() != reference.model.parameters.flat.tobytes():
        raise Lost(f"the last checkpoint in {folder} is not that of an unbroken training")
    return last


# --- kill at any time, and go on ------------------------------------------------------------------


class Plateau:
    """A callback with a memory: it lowers the rate when the validation loss does not fall."""

    def __init__(self) -> None:
        self.best = np.array(np.inf)

    def __call__(self, model: sg.Model, history: sg.History) -> None:
        if history["val_loss"][-1] > self.best - 1e-3:
            model.learning_rate *= 0.5
        self.best = np.array(min(float(self.best), history["val_loss"][-1]))

    def state(self) -> dict[str, Any]:
        return {"best": self.best}

    def take_up(self, kept: dict[str, Any]) -> None:
        self.best = kept["best"]


@dataclass
class Case:
    """A way to train a small network with dropout and running means."""

    name: str
    optimizer: Any
    target: str = "numpy"
    dtype: str = "float64"
    every: int | str = 1
    watched: bool = False
    epochs: int = 8
    seconds: float = field(default=0.0, init=False)  # that it takes

    def prepare(self, folder: Path) -> None:
        """Compile it, and train once without a break."""
        rng = np.random.default_rng(5)
        self._data = {"x": rng.normal(size=(37, 6)), "y": rng.normal(size=(37, 3))}
        x, y, training, key = (
            sg.input("x", ("N", 6)),
            sg.input("y", ("N", 3)),
            sg.training(),
            sg.key(),
        )
        W, V, mean = sg.parameter("W", (6, 16)), sg.parameter("V", (16, 3)), sg.state("mean", 6)
        h = sg.dropout(sg.tanh((x - mean) @ W), 0.3, key=key, training=training)
        self._model = sg.Model(
            loss=sg.mean((h @ V - y) ** 2), inputs=[x, y, training, key],
            updates={mean: 0.9 * mean + 0.1 * sg.mean(x, axis=0)},
            target=self.target, dtype=self.dtype,
        )  # fmt: skip
        self._start = self._model.parameters.flat.copy()
        self.train(folder / "warm")
        child = forked(lambda: self.train(folder / "whole"))
        start = time.monotonic()
        if ended(child) != 0:
            raise Lost(f"{self.name} does not train")
        self.seconds = time.monotonic() - start
        self.expected = _last_bytes(folder / "whole")

    def train(self, folder: Path) -> None:
        """Train to the end, from the last checkpoint in the folder or from the start."""
        self._model.parameters.flat[...] = self._start
        self._model.states.flat[...] = 0
        more = {"validation": 0.3, "callbacks": [Plateau()]} if self.watched else {}
        history = self._model.fit(
            self._data, optimizer=self.optimizer, epochs=self.epochs, batch_size=5, seed=11,
            checkpoint=folder, every=self.every, resume=True, **more,
        )  # fmt: skip
        if history.stopped:
            raise SystemExit(3)


def _last_bytes(folder: Path) -> bytes:
    return RunFolder(folder).paths[-1].read_bytes()


def cases() -> list[Case]:
    """Optimizers with memories and schedules, both targets and dtypes, with callbacks."""
    schedule = sg.optim.AdamW(sg.optim.warmup(sg.optim.cosine_decay(0.02, 60), 9))
    found = [
        Case("Adam", sg.optim.Adam(0.01)),
        Case("Nesterov, validation, callback", sg.optim.Nesterov(0.02), watched=True),
        Case("AdamW with a schedule, float32", schedule, dtype="float32"),
        Case("RMSprop, every 3 epochs", sg.optim.RMSprop(0.01), every=3),
        Case("Adagrad, every 3 steps", sg.optim.Adagrad(0.01), every="3 steps"),
    ]
    with contextlib.suppress(ToolchainError):
        find_compiler()
        found += [
            Case("native Adam", sg.optim.Adam(0.01), "cython"),
            Case("native SGD, every 5 steps", sg.optim.SGD(0.01), "cython", every="5 steps"),
            Case(
                "native Momentum, float32, every 2", sg.optim.Momentum(0.02), "cython", "float32", 2
            ),
        ]
    return found


@dataclass
class Runs:
    """Trainings that were killed and went on, with the kills by signal."""

    equal: int = 0
    kills: dict[str, int] = field(default_factory=dict)


def kill_and_resume(folder: Path, count: int, chance: random.Random, which: list[Case]) -> Runs:
    """Train `count` times, kill each one to three times at any moment, and go on.

    The last checkpoint must be, byte for byte, that of a training without a break. Raises Lost.
    """
    found = Runs()
    for number, case in enumerate(which):
        case.prepare(folder / f"case{number}")
    while found.equal < count:
        case, run = which[found.equal % len(which)], folder / "run"
        kills = [_killed(case, run, chance, found) for _ in range(chance.randint(1, 3))]
        if any(kills):
            if (code := ended(forked(lambda: case.train(run)))) != 0:  # noqa: B023 - runs now
                raise Lost(f"{case.name} does not go on: it ends with {code}")
            if _last_bytes(run) != case.expected:
                raise Lost(f"{case.name} has other bits than without a break; see {run}")
            found.equal += 1
        shutil.rmtree(run)
    return found


def _killed(case: Case, run: Path, chance: random.Random, found: Runs) -> bool:
    """Whether the training was ended before its time."""
    run.mkdir(exist_ok=True)
    number = chance.choice([signal.SIGKILL, signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
    child = forked(lambda: case.train(run))
    time.sleep(chance.uniform(0, case.seconds))
    os.kill(child, number)
    code = ended(child)
    if code == 0:
        return False
    if code == 99:
        raise Lost(f"{case.name} ended with an error")
    found.kills[number.name] = found.kills.get(number.name, 0) + 1
    return True


# --- disks that refuse ----------------------------------------------------------------------------


def refuse(folder: Path) -> dict[str, str]:
    """What a training says on a disk that is full or closed; the old checkpoint must be readable.

    Raises Lost. The value is why a case could not be made here, or the line that was said.
    """
    ways: dict[str, Callable[[Path], str]] = {
        "files of limited size": _limited,
        "a full disk": _full,
        "a read-only folder": _closed,
        "a folder that becomes read-only": _closing,
    }
    said = {}
    for number, (name, way) in enumerate(ways.items()):
        place = folder / f"refuse{number}"
        place.mkdir(mode=0o755)
        said[name] = way(place)
    return said


def _trained(place: Path) -> Large:
    """A training with two checkpoints."""
    large = Large(4000)
    large.fit(2, checkpoint=place)
    return large


def _refused(large: Large, place: Path, before: Callable[[], object], **more: Any) -> str:
    """The one line that a training says which goes on in another process."""
    read, write = os.pipe()

    def work() -> None:
        before()
        try:
            large.fit(4, checkpoint=place, resume=True, **more)
        except sg.StorageError as error:
            os.write(write, str(error).encode())

    code = ended(forked(work))
    os.close(write)
    with os.fdopen(read, "rb") as file:
        said = file.read().decode()
    if code != 0 or not said or "\n" in said:
        raise Lost(f"expected one line of StorageError, and got {said!r} with exit code {code}")
    if _unbroken_epoch(place, 4000) != 2 or [*place.glob(".*.tmp")]:
        raise Lost(f"{sorted(path.name for path in place.iterdir())} were left")
    return said


def _limited(place: Path) -> str:
    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))

    return _refused(_trained(place), place, limit)


def _closed(place: Path) -> str:
    return _refused(_trained(place), place, lambda: _close(place))


def _closing(place: Path) -> str:
    def close(model: sg.Model, history: sg.History) -> None:
        _close(place)

    return _refused(_trained(place), place, lambda: None, callbacks=[close])


def _close(place: Path) -> None:
    """Take away the right to write; root has to become somebody else for that."""
    place.chmod(0o555)
    if os.geteuid() == 0:
        os.setgid(NOBODY)
        os.setuid(NOBODY)


def _full(place: Path) -> str:
    """A small drive in memory, which only root, or a user in a space of their own, can mount."""
    again = f"exec {sys.executable} {__file__} --full {place}"
    script = f"mount -t tmpfs -o size=150k none {place} && {again}"
    spaces = ["--user", "--map-root-user"] if os.geteuid() else []
    command = ["unshare", "--mount", *spaces, "sh", "-c", script]
    if shutil.which("unshare") is None:
        return "not made: there is no unshare"
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if "mount:" in done.stderr or "unshare:" in done.stderr:
        return f"not made: {done.stderr.strip().splitlines()[-1]}"
    if done.returncode != 0:
        raise Lost(done.stderr)
    return done.stdout.strip()


def _in_full(place: Path) -> str:
    def fill() -> None:
        with contextlib.suppress(OSError), (place / "filler").open("wb", buffering=0) as file:
            while True:
                file.write(bytes(4096))

    return _refused(_trained(place), place, fill)


# --- in full --------------------------------------------------------------------------------------


@contextlib.contextmanager
def _timed(what: str) -> Iterator[list[str]]:
    lines: list[str] = []
    start = time.monotonic()
    yield lines
    print(f"{what}: {'; '.join(lines)} ({time.monotonic() - start:.0f} s)", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=500)
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--full", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    logging.getLogger("symgraph").setLevel(logging.ERROR)
    if given.full is not None:
        print(_in_full(given.full))
        return
    chance = random.Random(given.seed)
    with tempfile.TemporaryDirectory(dir=given.folder) as name:
        folder = Path(name)
        folder.chmod(0o755)
        with _timed("kill -9 while saving") as lines:
            kills = kill_while_saving(folder / "saving", given.kills, chance)
            lines += [
                f"{kills.saving} kills in the midst of a write ({kills.all} in all), 0 lost",
                f"{kills.checkpoints} checkpoints, {kills.stale} half files swept",
            ]
        places = kill_at_each_step(folder / "steps")
        print(f"kill -9 at each step of a write: {places} places, 0 lost", flush=True)
        with _timed("kill and resume") as lines:
            runs = kill_and_resume(folder, given.runs, chance, cases())
            told = ", ".join(f"{count} {name}" for name, count in sorted(runs.kills.items()))
            lines += [f"{runs.equal} runs equal in every byte to one without a break", told]
        for what, said in refuse(folder).items():
            print(f"{what}: {said.replace(name, '...')}", flush=True)


if __name__ == "__main__":
    main()
