"""The command line: results on stdout, the rest on stderr, and the exit code."""

import json
import os
import subprocess
import sys
import types
from pathlib import Path

import pytest

from symgraph import cli, doctor
from symgraph.errors import ShapeError

LIBRARIES = {"graphviz", "matplotlib", "networkx", "numpy", "sympy", "tqdm", "ziamath"}


def run_symgraph(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "symgraph", *arguments],
        capture_output=True,
        text=True,
        env=os.environ | environment,
    )


@pytest.fixture
def demo(monkeypatch: pytest.MonkeyPatch) -> types.ModuleType:
    """A stand-in for the demonstration, whose `run` each test supplies."""
    module = types.ModuleType("symgraph.zoo.demo")
    monkeypatch.setitem(sys.modules, "symgraph.zoo.demo", module)
    return module


@pytest.mark.parametrize("arguments", [["--help"], ["demo", "--help"], ["--version"]])
def test_asking_for_help_imports_no_library(arguments: list[str]):
    script = (
        "import sys\n"
        "from symgraph import cli\n"
        "try:\n"
        "    cli.main(sys.argv[1:])\n"
        "except SystemExit as exit:\n"
        "    print(exit.code, *sorted(sys.modules))\n"
    )
    result = subprocess.run(
        [sys.executable, "-c", script, *arguments], capture_output=True, text=True, check=True
    )
    code, *modules = result.stdout.splitlines()[-1].split()

    assert code == "0"
    assert "symgraph.cli" in modules
    assert not LIBRARIES & set(modules)


def test_the_version_is_printed():
    result = run_symgraph("--version")

    assert (result.returncode, result.stdout, result.stderr) == (0, "symgraph 0.1.0\n", "")


@pytest.mark.parametrize("arguments", [[], ["integrate"], ["doctor", "--jsn"]])
def test_wrong_usage_exits_with_2_and_prints_nothing_on_stdout(arguments: list[str]):
    result = run_symgraph(*arguments)

    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr.startswith("usage: symgraph")


def test_an_error_of_ours_is_one_message_and_exit_code_2(demo, tmp_path, capsys):
    def run(out: Path) -> int:
        raise ShapeError("matmul at node 'h1': 784 != 128.")

    demo.run = run

    assert cli.main(["demo", "--out", str(tmp_path)]) == 2
    assert capsys.readouterr() == ("", "symgraph: ShapeError: matmul at node 'h1': 784 != 128.\n")


def test_a_file_that_cannot_be_written_is_one_message_and_exit_code_1(demo, tmp_path, capsys):
    (tmp_path / "file").touch()

    assert cli.main(["demo", "--out", str(tmp_path / "file" / "folder")]) == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith("symgraph: [Errno ")
    assert len(printed.err.splitlines()) == 1


def test_an_interrupted_command_fails_without_a_traceback(demo, tmp_path, capsys):
    def run(out: Path) -> int:
        raise KeyboardInterrupt

    demo.run = run

    assert cli.main(["demo", "--out", str(tmp_path)]) == 1
    assert capsys.readouterr().err == "symgraph: interrupted\n"


def test_a_bug_of_ours_keeps_its_traceback(demo, tmp_path):
    def run(out: Path) -> int:
        raise AssertionError("a bug")

    demo.run = run

    with pytest.raises(AssertionError, match="a bug"):
        cli.main(["demo", "--out", str(tmp_path)])


@pytest.mark.skipif(sys.platform == "win32", reason="a pipe ends in another way on Windows")
def test_a_reader_that_leaves_early_causes_no_traceback():
    reader, writer = os.pipe()
    os.close(reader)
    result = subprocess.run(
        [sys.executable, "-m", "symgraph", "doctor"], stdout=writer, stderr=subprocess.PIPE
    )
    os.close(writer)

    assert (result.returncode, result.stderr) == (1, b"")


def test_the_demo_passes_on_its_folder_and_its_exit_code(demo, tmp_path, capsys):
    def run(out: Path) -> int:
        print("a line about", out.name)
        return 1

    demo.run = run

    assert cli.main(["demo", "--out", str(tmp_path / "new")]) == 1
    assert capsys.readouterr() == ("a line about new\n", "")


def test_the_demo_as_json_lists_its_files_and_talks_on_stderr(demo, tmp_path, capsys):
    def run(out: Path) -> int:
        print("a line about", out.name)
        (out / "net.svg").touch()
        return 0

    demo.run = run

    assert cli.main(["demo", "--json", "--out", str(tmp_path / "new")]) == 0
    printed = capsys.readouterr()
    assert json.loads(printed.out) == {"ok": True, "files": [str(tmp_path / "new" / "net.svg")]}
    assert printed.err == "a line about new\n"


def test_doctor_finds_this_python_and_says_so_in_json():
    result = run_symgraph("doctor", "--json")
    document = json.loads(result.stdout)
    version = ".".join(str(number) for number in sys.version_info[:3])

    assert (result.returncode, result.stderr) == (0, "")
    assert {"name": "python", "found": version, "remark": ""} in document


def test_doctor_has_one_line_for_each_missing_program(tmp_path):
    result = run_symgraph("doctor", PATH=str(tmp_path), CC="")
    missing = [
        " ".join(line.split()) for line in result.stdout.splitlines() if " missing; " in line
    ]

    assert result.returncode == 0
    assert (
        "dot missing; adds drawings laid out by Graphviz: "
        "install the system package graphviz" in missing
    )
    assert "C compiler missing; adds compiled programs; install gcc or clang" in missing


@pytest.mark.skipif(sys.platform == "win32", reason="the stand-in compiler is a shell script")
def test_doctor_tries_the_compiler_instead_of_trusting_its_name(tmp_path, monkeypatch):
    compiler = tmp_path / "cc"
    compiler.write_text("#!/bin/sh\nexit 3\n", encoding="ascii")
    compiler.chmod(0o700)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    monkeypatch.delenv("CC", raising=False)

    finding = next(found for found in doctor.examine() if found.name == "C compiler")

    assert finding.found is None
    assert finding.remark == "adds compiled programs; cc does not work: it exits with 3"


def test_doctor_reports_a_cache_folder_that_cannot_exist(tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setattr(
        "platformdirs.user_cache_path", lambda name: tmp_path / "file" / "cache" / name
    )

    finding = next(found for found in doctor.examine() if found.name == "cache folder")

    assert finding.found is None
    assert finding.remark.endswith(f"{tmp_path / 'file'} cannot be written to")
