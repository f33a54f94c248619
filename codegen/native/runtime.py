"""The loader and the prebuilt routines, built once per machine."""

from __future__ import annotations

import contextlib
import functools
import importlib.machinery
import importlib.util
import sys
import sysconfig
import threading
from pathlib import Path
from typing import Any

import numpy as np

from symgraph.codegen.native.mathtext import needed
from symgraph.codegen.native.toolchain import ToolchainError, build, cached, compile_files

__all__ = ["DATA", "LIBRARY_SOURCES", "load", "runtime", "sources", "table_text"]

DATA = Path(__file__).parent / "data"
LIBRARY_SOURCES = ("tiles_f32.c", "tiles_f64.c", "library.c")
_TEMPLATES = ("math.h", "math_integer.h")  # mathtext.py makes C of them
_NAME = "symgraph_native"
_lock = threading.Lock()
_state: dict[str, Any] = {}


@functools.cache
def sources() -> dict[str, str]:
    """Every file of the runtime by its name; `LIBRARY_SOURCES` and "loader.c" are to be compiled.

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


def runtime() -> Any:
    """The loader: a Python module with `load`. Raises ToolchainError, each time the same."""
    with _lock:
        if not _state:
            try:
                _state["module"] = _imported(_library())
            except (ToolchainError, ImportError) as error:
                _state["reason"] = str(error)
        if "reason" in _state:
            raise ToolchainError(_state["reason"])
        return _state["module"]


def load(text: str, name: str, buffers: int) -> Any:
    """The kernel `name` of a C text, with so many buffers in its arena. Raises ToolchainError."""
    loader = runtime()
    with contextlib.suppress(OSError):  # another process may remove it before it is loaded
        return loader.load(build(text, name), name, buffers)
    try:
        return loader.load(build(text, name), name, buffers)
    except OSError as error:
        raise ToolchainError(f"a compiled kernel cannot be loaded: {error}") from error


def _library() -> Path:
    include = sysconfig.get_path("include")
    if not Path(include, "Python.h").is_file():
        raise ToolchainError(f"Python.h is not in {include}; install the headers of Python.")
    texts = sources()
    versions = [sys.version, np.__version__, sysconfig.get_config_var("SOABI") or ""]
    flags = [f"-I{include}", f"-I{np.get_include()}"]

    def make(folder: Path) -> None:
        for name, text in texts.items():
            (folder / name).write_text(text, encoding="utf-8", newline="\n")
        compile_files([*LIBRARY_SOURCES, "loader.c"], flags, folder)

    return cached([*texts, *texts.values(), *versions, *flags], make)


def _imported(path: Path) -> Any:
    finder = importlib.machinery.ExtensionFileLoader(_NAME, str(path))
    spec = importlib.util.spec_from_file_location(_NAME, path, loader=finder)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    finder.exec_module(module)
    return module
