"""Workers in processes of their own, by MPI and by gloo: the numbers of one process."""

import importlib.util
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import symgraph as sg
from symgraph.train.checkpoint import Checkpoint
from symgraph.train.parallel import watch

MPIEXEC = shutil.which(
    "mpiexec", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
)

needs_mpi = pytest.mark.skipif(
    MPIEXEC is None or importlib.util.find_spec("mpi4py") is None,
    reason="mpi4py or mpiexec is not installed (extra mpi)",
)
needs_torch = pytest.mark.skipif(
    importlib.util.find_spec("torch") is None, reason="torch is not installed"
)

SCRIPT = """
import symgraph as sg

def make(hidden=6, seed=0):
    x, y = sg.input("x", ("N", 4)), sg.input("y", "N", kind="integer")
    h = sg.dropout(sg.nn.batch_norm(x @ sg.parameter("W", (4, hidden)), name="bn"), 0.2)
    z = sg.nn.dense(sg.relu(h), 3, "z")
    return sg.Model(sg.mean(sg.cross_entropy(z, y)), [x, y], seed=seed)
"""

RUN = """
model = "net.py:make"
data = "rows"
epochs = 3
batch_size = 8
seed = 2
clip_norm = 0.5
validation = 0.2

[optimizer]
name = "Adam"
learning_rate = 0.01
"""

GLOO = """
import sys
import symgraph as sg
from net import make

model = make()
model.fit("rows", epochs=3, batch_size=8, seed=2, communicator=sg.parallel.gloo(), progress=False)
if sg.parallel.gloo().rank == 0:
    model.save("together.npz")
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    draw = np.random.default_rng(1)
    (tmp_path / "rows").mkdir()
    np.save(tmp_path / "rows" / "x.npy", draw.normal(size=(43, 4)))
    np.save(tmp_path / "rows" / "y.npy", draw.integers(0, 3, 43))
    (tmp_path / "net.py").write_text(SCRIPT)
    (tmp_path / "run.toml").write_text(RUN)
    return tmp_path


def environment() -> dict[str, str]:
    return os.environ | {
        "PYTHONPATH": str(Path(sg.__file__).parent.parent), "OPENBLAS_NUM_THREADS": "1",
    }  # fmt: skip


def mpi(count: int, *options: str) -> list[str]:
    assert MPIEXEC is not None
    return [MPIEXEC, "-n", str(count), sys.executable, "-m", "symgraph", "train", *options]


def run(folder: Path, command: list[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, cwd=folder, env=environment(), capture_output=True, text=True, timeout=120
    )


@needs_mpi
@pytest.mark.parametrize("count", [1, 2, 4])
def test_mpiexec_divides_a_run_among_processes(folder: Path, count: int):
    done = run(folder, mpi(count, "run.toml", "--save", "together.npz"))
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("\n") == 1  # one of them speaks
    model = model_of_the_script(seed=2)
    model.fit(
        str(folder / "rows"), optimizer=sg.optim.Adam(0.01), epochs=3, batch_size=8, seed=2,
        clip_norm=0.5, validation=0.2, progress=False,
    )  # fmt: skip
    with np.load(folder / "together.npz") as together:
        for name, alone in {**model.parameters, **model.states}.items():
            np.testing.assert_allclose(together[name], alone, rtol=0, atol=1e-12)


def model_of_the_script(seed: int) -> sg.Model:
    namespace: dict[str, Any] = {}
    exec(compile(SCRIPT, "net.py", "exec"), namespace)
    model: sg.Model = namespace["make"](seed=seed)
    return model


@needs_mpi
@pytest.mark.skipif(not watch.can_watch(), reason="this system does not tell of any process's end")
@pytest.mark.parametrize(("count", "victim"), [(2, 0), (4, 2)])
def test_a_worker_that_is_killed_is_told_with_the_checkpoint_to_go_on_from(
    folder: Path, count: int, victim: int
):
    process, workers = endless(folder, count, "--checkpoint", "run")
    os.kill(workers[victim], signal.SIGKILL)
    _, err = process.communicate(timeout=60)
    assert process.returncode != 0
    assert "Traceback" not in err
    [line] = [line for line in err.splitlines() if line.startswith("symgraph: ")]
    assert f"worker {victim} of {count} (process {workers[victim]}) is gone, killed" in line
    last = re.search(r"'(\S+)' is whole; go on from it with resume=True \(--resume\)", line)
    assert last is not None
    held = Checkpoint.read(folder / last[1])
    done = run(folder, mpi(1, "run.toml", "--epochs", "1", "--checkpoint", "run", "--resume"))
    assert done.returncode == 0, done.stderr  # the last checkpoint is beyond, and whole
    assert int(done.stdout.split()[0]) >= held.position.epoch > 0


@needs_mpi
def test_a_shutdown_ends_all_workers_after_the_same_step(folder: Path):
    process, _ = endless(folder, 2, "--checkpoint", "run")
    process.terminate()
    _, err = process.communicate(timeout=60)
    assert process.returncode == 143
    assert err.count("symgraph: ") == 1
    assert "interrupted, and kept. Go on with: symgraph train run.toml" in err


def endless(folder: Path, count: int, *options: str) -> tuple[subprocess.Popen[str], list[int]]:
    """A run that goes on and has written checkpoints, and its workers by their numbers."""
    process = subprocess.Popen(
        mpi(count, "run.toml", "--epochs", "1000000", *options),
        cwd=folder, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    end = time.monotonic() + 60
    while len([*folder.glob("run/step-*")]) < 2 and time.monotonic() < end:
        time.sleep(0.05)
    found = {
        rank: int(place.name)
        for place in Path("/proc").iterdir()
        if place.name.isdigit() and (rank := _rank(place, folder)) is not None
    }
    assert [*range(count)] == sorted(found)
    return process, [found[rank] for rank in range(count)]


def _rank(process: Path, folder: Path) -> int | None:
    """The number of a worker among those that mpiexec has started in a folder."""
    try:
        variables = (process / "environ").read_bytes().decode().split("\0")
        command = (process / "cmdline").read_bytes().split(b"\0")
        if (process / "cwd").readlink() != folder or b"-m" not in command[1:2]:
            return None
    except OSError:
        return None
    ranks = [one.partition("=")[2] for one in variables if one.startswith("PMI_RANK=")]
    return int(ranks[0]) if ranks else None


@pytest.mark.skipif(not watch.can_watch(), reason="this system does not tell of any process's end")
@pytest.mark.parametrize(
    ("files", "expected"),
    [
        (
            ["step-000000009.safetensors", "step-1000000000.safetensors"],
            "1000000000.safetensors' is",
        ),
        ([], "There is no checkpoint in"),
        (None, "Nothing was kept: with checkpoint="),
    ],
)
def test_one_line_says_who_is_gone_and_what_is_kept(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], files: list[str] | None, expected: str
):
    for name in files or []:
        (tmp_path / name).touch()
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as victim:
        watcher = watch.start([os.getpid(), victim.pid], None if files is None else tmp_path)
        victim.kill()
        os.waitpid(watcher, 0)
    line = capfd.readouterr().err
    assert line.startswith(f"symgraph: worker 1 of 2 (process {victim.pid}) is gone, killed or")
    assert expected in line
    assert line.count("\n") == 1
    assert watch.has_told(watcher)


@pytest.mark.skipif(not watch.can_watch(), reason="this system does not tell of any process's end")
def test_a_watch_that_has_nothing_to_tell_ends_when_it_is_told_to(capfd):
    watcher = watch.start([os.getpid()], None)
    assert not watch.has_told(watcher, seconds=0.1)
    watch.stop(watcher)
    assert watch.has_told(watcher)  # it is gone
    watch.stop(watcher)
    assert capfd.readouterr().err == ""


@needs_torch
def test_torchrun_divides_a_fit_among_processes(folder: Path):
    (folder / "script.py").write_text(GLOO)
    command = [
        sys.executable,
        "-m",
        "torch.distributed.run",
        "--standalone",
        "--nproc-per-node",
        "2",
    ]
    done = run(folder, [*command, "script.py"])
    assert done.returncode == 0, done.stderr
    model = model_of_the_script(seed=0)
    model.fit(str(folder / "rows"), epochs=3, batch_size=8, seed=2, progress=False)
    with np.load(folder / "together.npz") as together:
        for name in model.parameters:
            np.testing.assert_allclose(together[name], model.parameters[name], rtol=0, atol=1e-12)
