"""What this machine offers to symgraph, and what each missing thing would add."""

import importlib.metadata
import os
import platform
import shutil
import subprocess
import sysconfig
import tempfile
from pathlib import Path
from typing import NamedTuple

from symgraph.codegen.native.toolchain import ToolchainError, find_compiler

__all__ = ["Finding", "examine"]

_LIBRARIES = {
    "sympy": "needed for everything",
    "numpy": "needed for everything",
    "networkx": "adds graphs as networkx objects",
    "graphviz": "adds drawings laid out by Graphviz",
    "cython": "builds exported programs",
    "ziamath": "adds typeset formulas to drawings",
    "safetensors": "adds checkpoints",
    "platformdirs": "adds the folder in which compiled programs are kept",
    "opt_einsum": "adds a good order for products of many arrays",
    "tqdm": "adds progress bars",
    "array-api-compat": "adds code for any arrays: pip install 'symgraph[array]'",
    "matplotlib": "adds plots: pip install 'symgraph[plot]'",
    "resvg-py": "adds pictures as PNG: pip install 'symgraph[png]'",
    "pillow": "adds pictures as GIF: pip install 'symgraph[gif]'",
    "python-pptx": "adds decks for PowerPoint: pip install 'symgraph[pptx]'",
    "scikit-learn": "adds estimators: pip install 'symgraph[sklearn]'",
    "onnx": "adds export to ONNX: pip install 'symgraph[onnx]'",
}
_COMPILER_SECONDS = 20


class Finding(NamedTuple):
    """One thing that was looked for: its version or place, or None and why it is worth having."""

    name: str
    found: str | None
    remark: str = ""


def examine() -> list[Finding]:
    """Look for Python, the libraries, the programs and the folder that symgraph uses.

    >>> [finding.name for finding in examine()][:3]
    ['python', 'sympy', 'numpy']
    """
    return [
        Finding("python", platform.python_version()),
        *(_library(name, remark) for name, remark in _LIBRARIES.items()),
        Finding(
            "dot",
            shutil.which("dot"),
            "adds drawings laid out by Graphviz: install the system package graphviz",
        ),
        _compiler(),
        _headers(),
        _cache_folder(),
    ]


def _library(name: str, remark: str) -> Finding:
    try:
        return Finding(name, importlib.metadata.version(name), remark)
    except importlib.metadata.PackageNotFoundError:
        return Finding(name, None, remark)


def _compiler() -> Finding:
    """The C compiler that target="cython" uses, if it can build a shared library."""
    name, remark = "C compiler", "adds compiled programs"
    try:
        command = find_compiler().command
    except ToolchainError as error:
        why = f"CC: {error}" if os.environ.get("CC") else "install gcc or clang"
        return Finding(name, None, f"{remark}; {why}")
    short = Path(command[0]).name
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder, "probe.c")
        source.write_text("int probe(void) { return 0; }\n", encoding="ascii")
        build = [*command, "-shared", "-fPIC", "-o", str(source.with_suffix(".so")), str(source)]
        try:
            code = subprocess.run(build, capture_output=True, timeout=_COMPILER_SECONDS).returncode
        except (OSError, subprocess.TimeoutExpired) as error:
            return Finding(name, None, f"{remark}; {short} does not work: {error}")
    if code != 0:
        return Finding(name, None, f"{remark}; {short} does not work: it exits with {code}")
    return Finding(name, command[0], f"{remark}: target='cython'")


def _headers() -> Finding:
    """Python.h, which the loader of compiled programs is built with."""
    file = Path(sysconfig.get_path("include"), "Python.h")
    remark = "adds compiled programs, with the C compiler"
    if file.is_file():
        return Finding("Python.h", str(file), remark)
    return Finding("Python.h", None, f"{remark}; install the headers of Python")


def _cache_folder() -> Finding:
    name, remark = "cache folder", "adds compiled programs that need not be built again"
    try:
        from platformdirs import user_cache_path
    except ImportError:
        return Finding(name, None, f"{remark}; platformdirs is missing")
    folder = user_cache_path("symgraph")
    there = next(parent for parent in (folder, *folder.parents) if parent.exists())
    if there.is_dir() and os.access(there, os.W_OK | os.X_OK):
        return Finding(name, str(folder), remark)
    return Finding(name, None, f"{remark}; {there} cannot be written to")
