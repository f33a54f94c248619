"""Workers in processes of their own, by MPI and by gloo: the numbers of one process."""

import importlib.util
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

import symgraph as sg

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

def make(hidden=6):
    x, y = sg.input("x", ("N", 4)), sg.input("y", "N", kind="integer")
    h = sg.dropout(sg.nn.batch_norm(x @ sg.parameter("W", (4, hidden)), name="bn"), 0.2)
    z = sg.nn.dense(sg.relu(h), 3, "z")
    return sg.Model(sg.mean(sg.cross_entropy(z, y)), [x, y])
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
def test_mpiexec_divides_a_run_among_processes(folder: Path):
    for count, name in ((1, "alone.npz"), (2, "together.npz")):
        done = run(folder, mpi(count, "run.toml", "--save", name))
        assert done.returncode == 0, done.stderr
        assert done.stdout.count("\n") == 1  # one of them speaks
    with np.load(folder / "alone.npz") as alone, np.load(folder / "together.npz") as together:
        for name in alone:
            np.testing.assert_allclose(together[name], alone[name], rtol=0, atol=1e-12)


@needs_mpi
def test_a_worker_that_dies_ends_the_run_and_leaves_the_checkpoint(folder: Path):
    process = subprocess.Popen(
        mpi(2, "run.toml", "--epochs", "1000000", "--checkpoint", "run"),
        cwd=folder, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    end = time.monotonic() + 60
    while len([*folder.glob("run/step-*")]) < 2 and time.monotonic() < end:
        time.sleep(0.05)
    workers = [
        int(place.name)
        for place in Path("/proc").iterdir()
        if place.name.isdigit() and _is_worker(place, folder)
    ]
    assert len(workers) == 2
    os.kill(max(workers), signal.SIGKILL)
    _, err = process.communicate(timeout=60)
    assert process.returncode != 0
    assert "Traceback" not in err
    done = run(folder, mpi(2, "run.toml", "--epochs", "1", "--checkpoint", "run", "--resume"))
    assert done.returncode == 0, done.stderr  # the last checkpoint is beyond, and whole


def _is_worker(process: Path, folder: Path) -> bool:
    try:
        command = (process / "cmdline").read_bytes().split(b"\0")
        return (process / "cwd").readlink() == folder and b"-m" in command[1:2]
    except OSError:
        return False


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
    namespace: dict[str, object] = {}
    exec(compile(SCRIPT, "net.py", "exec"), namespace)
    model = namespace["make"]()  # type: ignore[operator]
    model.fit(str(folder / "rows"), epochs=3, batch_size=8, seed=2, progress=False)
    with np.load(folder / "together.npz") as together:
        for name in model.parameters:
            np.testing.assert_allclose(together[name], model.parameters[name], rtol=0, atol=1e-12)
