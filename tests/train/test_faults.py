"""Checkpoints outlive kills and full disks: a short form of `make faults`."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="kill -9 is a thing of POSIX")

SCRIPT = Path(__file__).parent / "faults.py"


@pytest.fixture(scope="module")
def told():
    """What the script prints, line by line."""
    command = [sys.executable, str(SCRIPT), "--kills", "8", "--runs", "9", "--seed", "1"]
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1"}  # nothing runs beside a fork
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 0, done.stderr
    return dict(line.split(": ", 1) for line in done.stdout.splitlines())


def test_no_checkpoint_is_lost_to_kills_in_the_midst_of_a_write(told):
    assert told["kill -9 while saving"].startswith("8 kills in the midst of a write")


def test_no_checkpoint_is_lost_to_a_kill_before_or_after_any_call_of_the_system(told):
    assert told["kill -9 at each step of a write"] == "8 places, 0 lost"


def test_trainings_that_are_killed_go_on_to_the_same_bytes(told):
    assert told["kill and resume"].startswith("9 runs equal in every byte to one without a break")


@pytest.mark.parametrize(
    ("what", "said"),
    [
        ("files of limited size", "cannot be written: File too large. 'step-000000002.s"),
        ("a full disk", "cannot be written: No space left on device. 'step-000000002.s"),
        ("a read-only folder", "for checkpoints is read-only. Give another one, or the right"),
        ("a folder that becomes read-only", "cannot be written: Permission denied. 'step-00"),
    ],
)
def test_a_disk_that_refuses_is_one_line_and_the_checkpoint_before_is_whole(told, what, said):
    if told[what].startswith("not made"):
        pytest.skip(told[what])
    assert said in told[what]
