"""A folder that `pip install` builds: the package with its C, its weights and its formulas."""

from __future__ import annotations

import io
import keyword
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from symgraph.codegen.native.emit import data
from symgraph.codegen.native.export.module import FLAGS, NATIVE, check_name, module_text
from symgraph.codegen.native.export.readme import readme
from symgraph.codegen.native.export.routines import called, closure, table
from symgraph.codegen.native.runtime import sources
from symgraph.codegen.recipe import Recipe
from symgraph.errors import KindError, NameClashError, ShapeError, UnknownNameError
from symgraph.files import path_of, writing
from symgraph.shapes import shape_text

__all__ = ["export"]

_KERNEL_H = """\
/* How the program in kernel.c is called; table.h says what is in a frame. */
#include "table.h"

i64 {name}_plan(const i64 *n, i64 *o);
i64 {name}_run(const sg_frame *f);
const sg_table *sg_library(void);
"""
_INIT = """\
\"\"\"{name}: a program in C; README.md says what it computes and how it is called.\"\"\"
{imports}
from .program import Bound, args, {name}

__all__ = [{public}]
{weights}"""
_WEIGHTS = '''

def weights():
    """The arrays that came with the program, by name; fresh ones each time."""
    with _np.load(_Path(__file__).with_name("weights.npz"), allow_pickle=False) as file:
        return {{name: file[key] for name, key in _STORED}}


_STORED = (
{stored})
'''
_PYPROJECT = """\
[build-system]
requires = ["setuptools>=77", "cython>=3.0.8"]
build-backend = "setuptools.build_meta"

[project]
name = "{project}"
version = "0.1.0"
description = "A program in C, made from formulas: see README.md"
readme = "README.md"
requires-python = ">=3.9"
dependencies = ["numpy>=1.26"]

[tool.setuptools]
packages = ["{package}"]
include-package-data = false

[tool.setuptools.package-data]
{package} = ["*.npz", "*.pyx", "*.c", "*.h"]
"""


def export(
    recipe: Recipe, folder: str | Path, weights: Any = None, package: str | None = None
) -> Path:
    """Write the files; see `Program.export`."""
    root = path_of("export", folder)
    check_name(recipe.options.name)
    chosen = _package(root, package, recipe.options.name)
    arrays = _weights(recipe, weights)
    files = _texts(recipe, chosen, arrays)
    inside = root / chosen
    buffer = io.BytesIO()
    np.savez(buffer, **dict(arrays.values()))
    with writing("export", root):
        inside.mkdir(parents=True, exist_ok=True)
        for name, text in files.items():
            (root / name).write_text(text, encoding="utf-8", newline="\n")
        if arrays:
            (inside / "weights.npz").write_bytes(buffer.getvalue())
    return root


def _texts(recipe: Recipe, package: str, arrays: Mapping[str, Any]) -> dict[str, str]:
    """The files by their places in the folder."""
    source, name = recipe.native, recipe.options.name
    needed = called(source.text)
    copied = closure(needed)
    code = [file for file in copied if file.endswith(".c")]
    files = {
        "pyproject.toml": _PYPROJECT.format(project=package.replace("_", "-"), package=package),
        "setup.py": _setup(package, code),
        "README.md": readme(recipe, package, list(arrays)),
        f"{package}/__init__.py": _init(name, arrays),
        f"{package}/program.pyx": module_text(recipe, "kernel.h"),
        f"{package}/kernel.h": _KERNEL_H.format(name=name),
        f"{package}/kernel.c": source.text,
        f"{package}/routines.c": _routines(needed),
    }
    return files | {f"{package}/{file}": sources()[file] for file in copied}


def _routines(needed: list[str]) -> str:
    """The C file that fills the table."""
    head = "/* The routines that the program calls, defined in the files beside this one. */\n"
    declared = "".join(
        f"__typeof__(*((sg_table *)0)->{name}) sg_{name};\n" for name in needed if name != "wait"
    )
    return f'{head}#include "table.h"\n\n{declared}\n{table(needed)}'


def _init(name: str, arrays: Mapping[str, Any]) -> str:
    public = ["Bound", "args", name, *(["weights"] if arrays else [])]
    stored = "".join(f"    ({owner!a}, {key!r}),\n" for owner, (key, _) in arrays.items())
    return _INIT.format(
        name=name,
        public=", ".join(f'"{one}"' for one in public),
        imports="\nfrom pathlib import Path as _Path\n\nimport numpy as _np\n" if arrays else "",
        weights=_WEIGHTS.format(stored=stored) if arrays else "",
    )


def _setup(package: str, code: list[str]) -> str:
    files = "".join(
        f'    "{package}/{name}",\n' for name in ["program.pyx", "kernel.c", "routines.c", *code]
    )
    flags = ", ".join(f'"{flag}"' for flag in FLAGS)
    return (
        data("standalone_setup.txt")
        .replace("@PACKAGE@", package)
        .replace("@SOURCES@", files.rstrip("\n"))
        .replace("@FLAGS@", flags)
        .replace("@NATIVE@", NATIVE)
    )


def _package(root: Path, given: str | None, name: str) -> str:
    """What is imported: as given, else called like the folder, else like the program."""
    guess = re.sub(r"\W+", "_", root.resolve().name, flags=re.ASCII).strip("_").lower()
    chosen = given if given is not None else guess
    good = isinstance(chosen, str) and chosen.isascii() and chosen.isidentifier()
    if good and not keyword.iskeyword(chosen) and chosen not in _TAKEN:
        return chosen
    if given is None:
        return f"{name}_program" if name.isascii() else "exported_program"
    raise NameClashError(
        f"export: package {given!r} cannot be imported as that. Give an ASCII identifier that no "
        "module of Python has, such as 'my_net'."
    )


_TAKEN = frozenset(sys.stdlib_module_names) | {"numpy", "symgraph", "sympy", "cython", "setuptools"}


def _weights(recipe: Recipe, given: Any) -> dict[str, tuple[str, Any]]:
    """Arrays by the names of arguments, with the keys that they get in the file."""
    if given is None:
        return {}
    by_name = {variable.name: variable for variable in recipe.variables}
    if not isinstance(given, Mapping):
        if not hasattr(given, "parameters") or not hasattr(given, "states"):
            raise KindError(
                f"export: weights is {type(given).__name__}. Give arrays by name, or a Model."
            )
        every = {**given.parameters, **given.states}
        given = {name: array for name, array in every.items() if name in by_name}
    unknown = [str(name) for name in given if name not in by_name]
    if unknown:
        raise UnknownNameError(
            f"export: weights {unknown} belong to no argument; the arguments are {list(by_name)}."
        )
    dtypes = {"real": recipe.options.real, "integer": "int64", "boolean": "bool"}
    found = {}
    for number, (name, variable) in enumerate(by_name.items()):
        if name not in given:
            continue
        array = np.array(given[name], dtypes[variable.kind], order="C")
        fixed = zip(variable.shape, array.shape, strict=False)
        if array.ndim != len(variable.shape) or any(
            isinstance(d, int) and d != n for d, n in fixed
        ):
            raise ShapeError(
                f"export: weight {name!r} has shape {array.shape}, the argument is declared "
                f"{shape_text(variable.shape)}. Give an array of that shape."
            )
        found[name] = (f"a{number + 1}", array)
    return found
