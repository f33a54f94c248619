"""The C compiler of the machine, and the cache of what it built.

A library is found again by a hash of its text, the compiler and the processor. It is built in a
folder of its own, which is renamed into place: any number of processes may build the same one, and
what is found in the cache is whole. Without a cache that can be written to, libraries live in a
temporary folder of the process.
"""

from __future__ import annotations

import atexit
import contextlib
import functools
import hashlib
import os
import platform
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from symgraph.codegen.native.translation import divided
from symgraph.codegen.native.user_cache import forget_oldest, note_use, own_folder
from symgraph.errors import SymgraphError

__all__ = [
    "Compiler",
    "ToolchainError",
    "build",
    "cached",
    "compile_files",
    "find_compiler",
    "processor",
    "processors",
]

LIBRARY = "library.so"
_SUM = "library.sum"
_KEPT = 2000  # libraries in the cache, one for each program there
_SECONDS = 600.0  # for one file; far more than any takes, so that a compiler that hangs ends
_FULL = ("No space left", "Read-only file system", "quota exceeded", "Permission denied")


class ToolchainError(SymgraphError, RuntimeError):
    """There is no native code: no compiler, one that does not work, or nowhere to write."""


@dataclass(frozen=True)
class Compiler:
    """A command that compiles C, and what tells it from others and from its own next version."""

    command: tuple[str, ...]
    identity: str

    @property
    def flags(self) -> tuple[str, ...]:
        """Fast code for this processor in which NaN and infinity stay what they are."""
        machine = platform.machine().lower()
        native = "-mcpu=native" if machine in ("arm64", "aarch64") else "-march=native"
        return (
            "-O2", "-ftree-vectorize", native, "-fno-math-errno", "-fno-trapping-math", "-fPIC",
            "-fopenmp-simd", "-fno-strict-aliasing", "-std=gnu11", "-w",
        )  # fmt: skip

    @property
    def routine_flags(self) -> tuple[str, ...]:
        """What compiles the prebuilt routines in less time: gcc without passes of little use there.

        Processors order instructions by themselves, and what is the same was written once. Other
        compilers may refuse flags that they do not know, and elsewhere than on Linux gcc is a name
        for clang.
        """
        if not self._is_gcc:
            return self.flags
        return (
            *self.flags, "-fno-tree-pre", "-fno-gcse", "-fno-code-hoisting", "-fno-tree-vrp",
            "-fno-thread-jumps", "-fno-tree-dominator-opts", "-fno-schedule-insns2",
            "-fira-region=one", "-fno-tree-bit-ccp", "-fno-ipa-cp", "-fno-ipa-sra", "-fno-ipa-icf",
            "-fno-predictive-commoning", "-fno-rerun-cse-after-loop",
        )  # fmt: skip

    @property
    def kernel_flags(self) -> tuple[str, ...]:
        """The same for kernels, whose functions are cut where little is handed over."""
        if not self._is_gcc:
            return self.flags
        return (
            *self.routine_flags, "-fno-tree-slsr", "-fno-aggressive-loop-optimizations", "-fno-dse",
            "-fno-tree-slp-vectorize", "-fno-tree-ccp", "-fno-tree-copy-prop", "-fno-ree",
            "-fno-lra-remat", "-fno-ipa-pure-const", "-fno-peephole2",
        )  # fmt: skip

    @property
    def _is_gcc(self) -> bool:
        return sys.platform == "linux" and "gcc" in Path(self.identity.split(" ")[0]).name

    @property
    def link_flags(self) -> tuple[str, ...]:
        """A library whose missing names are those of the process that loads it."""
        if sys.platform == "darwin":
            return ("-shared", "-undefined", "dynamic_lookup")
        return ("-shared",)


def find_compiler() -> Compiler:
    """The C compiler: `CC` if it is set, else cc, gcc or clang. Raises ToolchainError."""
    return _find_compiler(os.environ.get("CC", ""), os.environ.get("PATH", ""))


@functools.lru_cache(maxsize=8)
def _find_compiler(wanted: str, path: str) -> Compiler:
    if os.name != "posix":
        raise ToolchainError("native code needs a POSIX system; programs run on NumPy here.")
    try:
        given = shlex.split(wanted)
    except ValueError as error:
        raise ToolchainError(f"CC is {wanted!r}, which is no command: {error}.") from error
    for command in [given] if given else [["cc"], ["gcc"], ["clang"]]:
        found = shutil.which(command[0], path=path)
        if found is not None:
            place = Path(found).resolve()
            state = place.stat()
            identity = f"{place} {state.st_size} {state.st_mtime_ns} {command[1:]}"
            return Compiler((found, *command[1:]), identity)
    named = f"the compiler CC={wanted!r}" if given else "a C compiler (cc, gcc, clang)"
    raise ToolchainError(f"{named} is not to be found on PATH. Install gcc or clang.")


@functools.cache
def processor() -> str:
    """What -march=native depends on."""
    try:
        with Path("/proc/cpuinfo").open(encoding="utf-8", errors="replace") as file:
            first = file.read(16384).split("\n\n")[0].splitlines()
    except OSError:
        return f"{platform.machine()} {platform.processor()} {platform.release()}"
    kept = ("flags", "Features", "model name", "cpu family", "model\t", "CPU part")
    return "\n".join(line for line in first if line.startswith(kept))


def processors() -> int:
    """How many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


# --- building -------------------------------------------------------------------------------------


def build(text: str, name: str = "", *, standalone: bool = True) -> Path:
    """The shared library of a C text, from the cache or built now.

    A long text of the kernel `name` is divided among the processors. A `standalone` text needs no
    library at all. Raises ToolchainError.
    """
    compiler = find_compiler()
    libraries = ["-nostdlib"] if standalone else ["-lm"]

    def make(folder: Path) -> None:
        files = divided(text, name, processors()) if name else [text]
        # the names are relative, so that the same text gives the same bytes in every folder
        names = [f"kernel_{k + 1}.c" if len(files) > 1 else "kernel.c" for k in range(len(files))]
        for file, part in zip(names, files, strict=True):
            (folder / file).write_text(part, encoding="utf-8", newline="\n")
        _build(compiler, names, compiler.kernel_flags, libraries, folder)

    return cached([text, *compiler.kernel_flags, *compiler.link_flags, *libraries], make)


def compile_files(names: Sequence[str], flags: Sequence[str], folder: Path) -> None:
    """One library of C files in a folder. Raises ToolchainError."""
    compiler = find_compiler()
    _build(compiler, names, [*compiler.routine_flags, *flags], ["-lm", "-pthread"], folder)


def _build(
    compiler: Compiler,
    names: Sequence[str],
    flags: Sequence[str],
    libraries: Sequence[str],
    folder: Path,
) -> None:
    """A library of C files, several of which are compiled side by side."""
    if len(names) == 1:
        linked = [*flags, *compiler.link_flags, *names, *libraries, "-o", LIBRARY]
        _check(_start(compiler, linked, folder))
        return
    objects = [f"{name}.o" for name in names]
    running = [
        _start(compiler, [*flags, "-c", name, "-o", made], folder)
        for name, made in zip(names, objects, strict=True)
    ]
    failed = []
    for process in running:
        try:
            _check(process)
        except (ToolchainError, OSError) as error:
            failed.append(error)
    if failed:
        raise failed[0]
    _check(_start(compiler, [*compiler.link_flags, *objects, *libraries, "-o", LIBRARY], folder))
    for made in objects:
        (folder / made).unlink()


def _start(compiler: Compiler, arguments: Sequence[str], folder: Path) -> subprocess.Popen[str]:
    try:
        return subprocess.Popen(
            [*compiler.command, *arguments],
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            errors="replace",
            env={**os.environ, "TMPDIR": str(folder), "LC_ALL": "C"},
        )
    except OSError as error:
        raise ToolchainError(f"{compiler.command[0]} does not run: {error}.") from error


def _check(process: subprocess.Popen[str]) -> None:
    name = Path(str(process.args[0])).name  # type: ignore[index]
    try:
        _, said = process.communicate(timeout=_SECONDS)
    except subprocess.TimeoutExpired as error:
        process.kill()
        process.communicate()
        raise ToolchainError(f"{name} does not come to an end.") from error
    if process.returncode != 0:
        if any(words in said for words in _FULL):
            raise OSError(_first_error(said))
        raise ToolchainError(
            f"{name} does not work, it exits with {process.returncode}: {_first_error(said)}"
        )


def _first_error(said: str) -> str:
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    return next((line for line in lines if "error" in line), lines[0] if lines else "no message")


# --- the cache ------------------------------------------------------------------------------------


def cached(key: Sequence[str], make: Callable[[Path], None]) -> Path:
    """The library that `make` builds in a folder, or the one built before under the same key.

    The compiler and the processor are part of every key. Raises ToolchainError when it cannot be
    built or written anywhere.
    """
    digest = hashlib.sha256()
    for part in (find_compiler().identity, processor(), *key):
        digest.update(f"{len(part)}:{part}".encode())
    name = digest.hexdigest()[:40]
    reasons = []
    for root in (functools.partial(own_folder, "native"), _own_root):
        try:
            folder = root() / name
            if _is_whole(folder):
                note_use(folder)
            else:
                _make(folder, make)
            return folder / LIBRARY
        except OSError as error:
            reasons.append(str(error))
    raise ToolchainError(f"compiled code cannot be written: {'; '.join(reasons)}.")


@functools.cache
def _own_root() -> Path:
    """A folder of this process, which ends with it."""
    root = Path(tempfile.mkdtemp(prefix="symgraph-"))
    process = os.getpid()

    def remove() -> None:
        if os.getpid() == process:  # and not in what was forked from it
            shutil.rmtree(root, ignore_errors=True)

    atexit.register(remove)
    return root


def _is_whole(folder: Path) -> bool:
    """Whether a library is there and every byte of it as it was written."""
    try:
        return (folder / _SUM).read_text(encoding="ascii") == _sum_of(folder)
    except (OSError, UnicodeDecodeError):
        return False


def _sum_of(folder: Path) -> str:
    return hashlib.sha256((folder / LIBRARY).read_bytes()).hexdigest()


def _make(folder: Path, make: Callable[[Path], None]) -> None:
    """Build aside and rename into place, unless another process was first."""
    aside = Path(tempfile.mkdtemp(prefix=".", dir=folder.parent))
    try:
        make(aside)
        if not (aside / LIBRARY).is_file():
            raise ToolchainError(f"{find_compiler().command[0]} does not work, it writes no file.")
        (aside / _SUM).write_text(_sum_of(aside), encoding="ascii")
        with contextlib.suppress(OSError):
            aside.rename(folder)
        if not _is_whole(folder):  # what lies there is broken: put it away and take its place
            folder.rename(aside / "broken")
            (aside / "broken").rename(folder.parent / f"{aside.name}.broken")
            shutil.rmtree(folder.parent / f"{aside.name}.broken", ignore_errors=True)
            aside.rename(folder)
    finally:
        shutil.rmtree(aside, ignore_errors=True)
    forget_oldest(folder.parent, _KEPT)
