"""The loader and the prebuilt routines, built once per machine.

The tiles of each real type take as long to compile as all the rest: a program waits for those that
it calls, and the others are built meanwhile.
"""

from __future__ import annotations

import contextlib
import functools
import importlib.machinery
import importlib.util
import re
import sys
import sysconfig
import threading
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from symgraph.codegen.native.mathtext import needed
from symgraph.codegen.native.toolchain import ToolchainError, build, cached, compile_files

__all__ = ["DATA", "TILES", "load", "runtime", "sources", "table_text"]

DATA = Path(__file__).parent / "data"
#: The files of tiles that are libraries of their own, by the ends of the names of their routines.
TILES = {"f32": "tiles_f32.c", "f64": "tiles_f64.c"}
_TEMPLATES = ("math.h", "math_integer.h")  # mathtext.py makes C of them
_NAME = "symgraph_native"
_CALLED = re.compile(r"\blib->(?:gemm|copy2|rows|dots|sparse)_(f32|f64)\b")
_lock = threading.Lock()
_state: dict[str, Any] = {}  # by "loader" and the names of TILES
_reasons: dict[str, str] = {}  # why one of them is not there
_ahead: dict[str, threading.Thread] = {}


@functools.cache
def sources() -> dict[str, str]:
    """Every file of the runtime by its name; `TILES`, "library.c", "loader.c" are to be compiled.

    The library needs nothing but a C compiler and pthreads; the loader needs Python and NumPy.
    """
    paths = sorted(path for path in DATA.glob("*.[ch]") if path.name not in _TEMPLATES)
    texts = {path.name: path.read_text(encoding="utf-8") for path in paths}
    texts["vector_math.h"] = needed(["log", "wave"], "double")
    return texts


@functools.cache
def table_text() -> str:
    """The declarations that every kernel begins with."""
    return (DATA / "table.h").read_text(encoding="utf-8")


def runtime(kinds: Iterable[str] = ()) -> Any:
    """The loader: a Python module with `load`, whose table has the tiles of some `TILES`.

    Raises ToolchainError, each time the same.
    """
    with _lock:
        needs = ["loader", *kinds]
        for kind in needs[1:] if "loader" not in _state else ():
            _begin(kind)  # beside the loader
        for need in needs:
            if need not in _state and need not in _reasons:
                try:
                    _state[need] = _loaded(need)
                except (ToolchainError, ImportError, OSError) as error:
                    _reasons[need] = str(error)
            if need in _reasons:
                raise ToolchainError(_reasons[need])
            for kind in _state.pop("others", ()):  # while this program waits for its own tiles
                _begin(kind)
        return _state["loader"]


def _loaded(need: str) -> Any:
    if need == "loader":
        path, is_new = _loader()
        _state["others"] = TILES if is_new else ()
        return _imported(path)
    if need in _ahead:
        _ahead[need].join()
    return _state["loader"].take(_tiles(need))


def _begin(kind: str) -> None:
    """Build tiles by a thread, for which the process waits at its end; no error is told by it."""

    def build_quietly() -> None:
        with contextlib.suppress(ToolchainError, OSError):
            _tiles(kind)

    if kind not in _ahead:
        thread = threading.Thread(target=build_quietly, name=f"symgraph tiles {kind}")
        with contextlib.suppress(RuntimeError):  # there are no threads while a process ends
            thread.start()
            _ahead[kind] = thread


def load(text: str, name: str, buffers: int) -> Any:
    """The kernel `name` of a C text, with so many buffers in its arena. Raises ToolchainError."""
    loader = runtime(sorted(set(_CALLED.findall(text))))
    with contextlib.suppress(OSError):  # another process may remove it before it is loaded
        return loader.load(build(text, name), name, buffers)
    try:
        return loader.load(build(text, name), name, buffers)
    except OSError as error:
        raise ToolchainError(f"a compiled kernel cannot be loaded: {error}") from error


def _tiles(kind: str) -> Path:
    """The library of tiles of one type."""
    names = [TILES[kind], "tiles.h", "nests.h", "sparse.h", "table.h"]
    texts = {name: sources()[name] for name in names}
    return cached([*texts, *texts.values()], _made_of(texts, names[:1], []))


def _loader() -> tuple[Path, bool]:
    """The library of the loader and of all but tiles, and whether it was built now."""
    include = sysconfig.get_path("include")
    if not Path(include, "Python.h").is_file():
        raise ToolchainError(f"Python.h is not in {include}; install the headers of Python.")
    texts = sources()
    versions = [sys.version, np.__version__, sysconfig.get_config_var("SOABI") or ""]
    flags = [f"-I{include}", f"-I{np.get_include()}"]
    make = _made_of(texts, ["library.c", "loader.c"], flags)
    made = []

    def make_and_tell(folder: Path) -> None:
        make(folder)
        made.append(folder)

    path = cached([*texts, *texts.values(), *versions, *flags], make_and_tell)
    return path, bool(made)


def _made_of(
    texts: dict[str, str], names: Sequence[str], flags: Sequence[str]
) -> Callable[[Path], None]:
    """What compiles the files `names` among some texts in a folder."""

    def make(folder: Path) -> None:
        for name, text in texts.items():
            (folder / name).write_text(text, encoding="utf-8", newline="\n")
        compile_files(names, flags, folder)

    return make


def _imported(path: Path) -> Any:
    finder = importlib.machinery.ExtensionFileLoader(_NAME, str(path))
    spec = importlib.util.spec_from_file_location(_NAME, path, loader=finder)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    finder.exec_module(module)
    return module
