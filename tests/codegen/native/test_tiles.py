"""The first programs of a machine: which routines they wait for, and which are built meanwhile."""

import os
import shlex
import shutil
import subprocess
import sys

import pytest
from c_compiler import needs_c_compiler

pytestmark = needs_c_compiler

#: Nine times 1 times 1, by a routine of tiles.
PRODUCT = """
import os
from pathlib import Path

import numpy as np
import symgraph as sg

def product(dtype):
    a, b = sg.input("a", shape=(8, 9)), sg.input("b", shape=(9, 5))
    program = sg.compile([a, b], a @ b, dtype=dtype, target="cython")
    return (program(np.ones((8, 9), dtype), np.ones((9, 5), dtype)) == 9).all()
"""


@pytest.fixture
def first(tmp_path):
    """Runs a text behind `PRODUCT` in a process that finds an empty cache."""

    def run(text: str, in_the_way: str) -> str:
        found = shlex.split(os.environ.get("CC") or "cc")[0]
        path = tmp_path / "my-cc"
        real = shlex.quote(str(shutil.which(found)))
        path.write_text(f'#!/bin/sh\n{in_the_way}\nexec {real} "$@"\n', encoding="utf-8")
        path.chmod(0o755)
        places = {"XDG_CACHE_HOME": str(tmp_path / "cache"), "GO": str(tmp_path / "go")}
        command = [sys.executable, "-W", "error", "-c", PRODUCT + text]
        env = os.environ | places | {"CC": str(path)}
        done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=300)
        assert (done.returncode, done.stdout) == (0, ""), done.stderr
        return done.stderr

    return run


def test_a_program_does_not_wait_for_tiles_of_another_type(first):
    text = """
assert product("float32")
assert not Path(os.environ["GO"]).exists()
Path(os.environ["GO"]).touch()
assert product("float64")
"""
    wait = 'case "$*" in *tiles_f64*) while [ ! -e "$GO" ]; do sleep 0.05; done;; esac'
    assert first(text, wait) == ""


def test_tiles_that_cannot_be_built_are_told_where_they_are_called_alone(first):
    text = """
assert all(map(product, ["float32", "float64", "float32"]))
"""
    said = first(text, 'case "$*" in *tiles_f64*) exit 7;; esac')

    why = "my-cc does not work, it exits with 7: no message"
    assert said == f"sg.compile: step uses NumPy: {why}\n"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_a_process_that_is_forked_meanwhile_builds_tiles_of_its_own(first):
    text = """
import warnings

assert product("float32")
with warnings.catch_warnings(action="ignore"):  # Python warns of any thread at a fork
    child = os.fork()
if not child:
    os._exit(0 if product("float64") else 1)
assert os.waitpid(child, 0)[1] == 0
"""
    assert first(text, "") == ""
