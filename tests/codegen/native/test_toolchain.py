"""Compilers that are missing or broken, caches that cannot be written to or hold rubbish."""

import ctypes
import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from c_compiler import needs_c_compiler

from symgraph.codegen.native import toolchain
from symgraph.codegen.native.toolchain import LIBRARY, ToolchainError, build, find_compiler

ANSWER = "int answer(void) { return %d; }\n"


@pytest.fixture
def cache(tmp_path, monkeypatch) -> Path:
    """An empty cache of compiled code."""
    monkeypatch.setattr("platformdirs.user_cache_path", lambda name: tmp_path / "cache" / name)
    return tmp_path / "cache" / "symgraph" / "native"


@pytest.fixture
def compiler(tmp_path, monkeypatch):
    """Puts a script in the place of the compiler."""

    def make(script: str) -> None:
        path = tmp_path / "my-cc"
        path.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
        path.chmod(0o755)
        monkeypatch.setenv("CC", str(path))
        toolchain._find_compiler.cache_clear()

    yield make
    toolchain._find_compiler.cache_clear()


def answer(path: Path) -> int:
    number: int = ctypes.CDLL(str(path)).answer()
    return number


def test_without_a_compiler_one_line_says_what_to_install(monkeypatch):
    monkeypatch.delenv("CC", raising=False)
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(ToolchainError, match=r"^a C compiler .* Install gcc or clang\.$"):
        find_compiler()
    monkeypatch.setenv("CC", "no-such-compiler -m64")
    with pytest.raises(ToolchainError, match="CC='no-such-compiler -m64' is not to be found"):
        find_compiler()
    monkeypatch.setenv("CC", "'unclosed")
    with pytest.raises(ToolchainError, match="which is no command"):
        find_compiler()


@pytest.mark.skipif(os.name != "posix", reason="needs a shell")
@pytest.mark.parametrize(
    ("script", "message"),
    [
        ("echo 'my-cc: fatal error: no cc1' >&2; exit 3", r"exits with 3: my-cc: fatal error: no"),
        ("exit 1", "exits with 1: no message"),
        ("kill -9 $$", "exits with -9"),
        ("exit 0", "does not work, it writes no file"),
    ],
)
def test_a_broken_compiler_is_told_in_one_line(cache, compiler, script, message):
    compiler(script)

    with pytest.raises(ToolchainError, match=message) as caught:
        build(ANSWER % 1)
    assert "\n" not in str(caught.value)
    assert [path for path in cache.iterdir() if path.is_dir()] == []


@pytest.mark.skipif(os.name != "posix", reason="needs a shell")
def test_a_compiler_that_cannot_be_run_is_told_in_one_line(cache, compiler):
    compiler("exit 0")
    Path(os.environ["CC"]).write_bytes(b"\x7fELF, but no program")

    with pytest.raises(ToolchainError, match="does not run"):
        build(ANSWER % 1)


@needs_c_compiler
def test_a_library_is_built_once(cache, compiler):
    real = shlex.join(find_compiler().command)
    compiler(f'echo built >> "{cache.parent}/count"; exec {real} "$@"')
    first = build(ANSWER % 42)

    assert answer(first) == 42
    assert build(ANSWER % 42) == first
    assert (cache.parent / "count").read_text(encoding="utf-8") == "built\n"
    assert answer(build(ANSWER % 43)) == 43
    assert sorted(path.name for path in first.parent.iterdir()) == [
        "kernel.c", LIBRARY, "library.sum"
    ]  # fmt: skip


@needs_c_compiler
def test_another_compiler_gives_another_library(cache, compiler):
    first = build(ANSWER % 5)
    compiler(f'exec {shlex.join(find_compiler().command)} "$@"')

    assert build(ANSWER % 5) != first


@needs_c_compiler
@pytest.mark.parametrize("harm", ["truncated", "no sum", "rubbish", "empty folder", "no library"])
def test_a_library_that_is_not_whole_is_built_anew(cache, harm):
    path = build(ANSWER % 6)
    whole = path.read_bytes()
    if harm == "truncated":
        path.write_bytes(whole[:1000])
    elif harm == "no sum":
        (path.parent / "library.sum").unlink()
    elif harm == "rubbish":
        (path.parent / "library.sum").write_bytes(b"\xff\xfe")
    elif harm == "empty folder":
        shutil.rmtree(path.parent)
        path.parent.mkdir()
    else:
        path.unlink()

    assert build(ANSWER % 6) == path
    assert path.read_bytes() == whole
    assert [found.name for found in cache.iterdir()] == [path.parent.name]


@needs_c_compiler
def test_a_cache_that_is_a_file_gives_way_to_a_folder_of_the_process(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("", encoding="ascii")
    monkeypatch.setattr("platformdirs.user_cache_path", lambda name: tmp_path / "file" / name)
    path = build(ANSWER % 7)

    assert answer(path) == 7
    assert not path.is_relative_to(tmp_path)


@needs_c_compiler
@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="files have no modes here")
def test_a_cache_that_others_may_write_to_gives_way_to_a_folder_of_the_process(cache):
    inside = build(ANSWER % 8)
    folder = inside.parent.parent
    folder.chmod(0o777)
    outside = build(ANSWER % 8)

    assert folder in inside.parents
    assert folder not in outside.parents
    assert ctypes.CDLL(str(outside)).answer() == 8


@needs_c_compiler
def test_a_full_disk_gives_way_to_a_folder_of_the_process(cache, compiler):
    real = shlex.join(find_compiler().command)
    compiler(
        f'case "$PWD" in {cache}*) echo "as: a.o: No space left on device" >&2; exit 1;; esac\n'
        f'exec {real} "$@"'
    )
    path = build(ANSWER % 8)

    assert answer(path) == 8
    assert not path.is_relative_to(cache)
    assert list(cache.iterdir()) == []


@needs_c_compiler
def test_a_folder_of_the_process_ends_with_it(tmp_path):
    script = (
        "import pathlib, platformdirs, sys\n"
        "from symgraph.codegen.native.toolchain import build\n"
        "def fails(name): raise PermissionError('read-only')\n"
        "platformdirs.user_cache_path = fails\n"
        "print(build('int f(void) { return 1; }'))\n"
    )
    result = subprocess.run(
        [sys.executable, "-c", script], check=True, capture_output=True, text=True
    )

    assert result.stdout.endswith(f"{LIBRARY}\n")
    assert not Path(result.stdout.strip()).parent.parent.exists()


@needs_c_compiler
def test_processes_that_build_the_same_library_do_not_disturb_each_other(tmp_path):
    script = (
        "import ctypes, pathlib, platformdirs, sys\n"
        "from symgraph.codegen.native.toolchain import build\n"
        "platformdirs.user_cache_path = lambda name: pathlib.Path(sys.argv[1])\n"
        "for k in range(3):\n"
        "    path = build(f'int answer(void) {{ return {k}; }}')\n"
        "    assert ctypes.CDLL(str(path)).answer() == k\n"
        "    print(path)\n"
    )
    command = [sys.executable, "-c", script, str(tmp_path)]
    running = [
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(4)
    ]
    said = [process.communicate() for process in running]

    assert [(process.returncode, err) for process, (_, err) in zip(running, said, strict=True)] == [
        (0, "")
    ] * 4
    assert len({out for out, _ in said}) == 1
    assert len(list((tmp_path / "native").iterdir())) == 3


@needs_c_compiler
def test_the_cache_forgets_the_oldest_libraries(cache, monkeypatch):
    monkeypatch.setattr(toolchain, "_KEPT", 3)
    paths = []
    for k in range(5):
        paths.append(build(ANSWER % (100 + k)))
        os.utime(paths[-1].parent, (k, k))

    assert [path.exists() for path in paths] == [False, False, True, True, True]


@needs_c_compiler
def test_the_cache_keeps_the_libraries_that_are_used(cache, monkeypatch):
    monkeypatch.setattr(toolchain, "_KEPT", 2)
    paths = [build(ANSWER % k) for k in (200, 201)]
    for k, path in enumerate(paths):
        os.utime(path.parent, (k, k))

    build(ANSWER % 200)
    build(ANSWER % 202)

    assert [path.exists() for path in paths] == [True, False]
