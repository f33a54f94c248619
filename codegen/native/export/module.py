"""The thin .pyx around a program in C: checks at the boundary, bound arrays, one native call."""

from __future__ import annotations

import builtins
import keyword
import re
from collections.abc import Sequence
from typing import Any

from symgraph import errors
from symgraph.codegen.labels import comment
from symgraph.codegen.native.emit import data
from symgraph.codegen.native.export.routines import pasted
from symgraph.codegen.native.source import NativeSource
from symgraph.codegen.recipe import Recipe
from symgraph.codegen.size_text import SizeText
from symgraph.codegen.structure import result_text
from symgraph.errors import NameClashError
from symgraph.shapes import shape_text

__all__ = ["FLAGS", "NATIVE", "check_name", "module_text", "title"]

#: What the C is compiled with: fast code in which NaN and infinity stay what they are.
FLAGS = (
    "-O2", "-ftree-vectorize", "-fno-math-errno", "-fno-trapping-math", "-fopenmp-simd",
    "-fno-strict-aliasing", "-std=gnu11",
)  # fmt: skip
#: Code for the processor at hand and no other.
NATIVE = "-march=native"

_OWN = frozenset(
    "args weights program calloc free Py_buffer PyBuffer_Release PyObject_GetBuffer Bound i64 "
    "PyBUF_C_CONTIGUOUS PyBUF_WRITABLE sg_plan sg_run sg_library sg_frame sg_table".split()
)
_CYTHON = frozenset(
    "NULL by cdef cimport cpdef ctypedef cppclass enum extern gil include inline nogil public "
    "readonly sizeof struct union".split()
)
_PLACE = re.compile(r"@([A-Z]+)@")
_HEAD = """\
# cython: language_level=3
# distutils: language = c
# distutils: extra_compile_args = {flags}
# distutils: libraries = m
#
{title}
"""
_DECLARATIONS = """
    ctypedef long long i64
    ctypedef struct sg_table:
        pass
    ctypedef struct sg_frame:
        void **a
        const i64 *n
        const i64 *o
        char *w
        const sg_table *lib
        i64 part
        i64 parts
        i64 *detail
    const sg_table *sg_library() nogil
    i64 sg_plan "{name}_plan"(const i64 *n, i64 *o) nogil
    i64 sg_run "{name}_run"(const sg_frame *f) nogil
"""


def module_text(recipe: Recipe, header: str | None = None) -> str:
    """The .pyx of a program, with its C inside, or with that of a header.

    Raises NameClashError when the program has a name that the module needs.
    """
    check_name(recipe.options.name)
    source = recipe.native
    flags = " ".join((*FLAGS, NATIVE))
    head = _HEAD.format(flags=flags, title="\n".join(f"# {line}" for line in title(recipe)))
    if header is None:
        head = f"{head}# One file: the C stands in it, the program first, then what it calls.\n"
        inside = f'cdef extern from *:\n    r"""\n{_verbatim(source)}    """'
    else:
        head = "\n".join(line for line in head.splitlines() if "distutils" not in line) + "\n"
        inside = f'cdef extern from "{header}":'
    c = f"{inside}{_DECLARATIONS.format(name=recipe.options.name)}"
    return f"{head}\n{c}\n{_filled(recipe, source)}"


def check_name(name: str) -> None:
    """Raise NameClashError for a program whose name the exported module has other uses for."""
    if name in _OWN or name in _CYTHON or hasattr(builtins, name) or keyword.issoftkeyword(name):
        raise NameClashError(
            f"export: the module needs the name {name!r} for itself. "
            "Compile with another, such as name='step'."
        )


def title(recipe: Recipe) -> list[str]:
    """What the program computes of what, a line each; any name is inert in it."""
    options = recipe.options
    lines = [f"{options.name} ({options.real}), of:"]
    for variable in recipe.variables:
        updated = ", updated in place" if variable in recipe.stored else ""
        lines.append(f"  {variable.name}: {shape_text(variable.shape)} {variable.kind}{updated}")
    lines.append("to:")
    for path, root in zip(options.output_names, recipe.roots, strict=True):
        lines.append(f"  {path}: {shape_text(root.shape)} {root.kind}")
    return [comment(line) for line in lines]


def _verbatim(source: NativeSource) -> str:
    """The C in a raw text of Python, which three quotes would end."""
    return pasted(source.text).replace('"""', "'''")


def _filled(recipe: Recipe, source: NativeSource) -> str:
    """The template with the tables of one program."""
    filled = _tables(recipe, source)
    lines = data("standalone.pyx").splitlines()
    lines = [line for line in lines if line != "@FINITE@" or filled["FINITE"]]
    return _PLACE.sub(lambda found: filled[found[1]], "\n".join(lines)) + "\n"


def _tables(recipe: Recipe, source: NativeSource) -> dict[str, str]:
    options, variables = recipe.options, recipe.variables
    sizes = SizeText({symbol: f"n{k + 1}" for k, symbol in enumerate(source.sizes)})
    dtypes = {"real": options.real, "integer": "int64", "boolean": "bool"}
    declared = [
        (dtypes[v.kind], shape_text(v.shape), len(v.shape), v in recipe.stored) for v in variables
    ]
    names = ", ".join(f"n{k + 1}" for k in range(len(source.sizes)))
    wanted, results = (
        _rows([sizes.shape(node.shape) for node in nodes], "        ")
        for nodes in (variables, recipe.roots)
    )
    sites = [
        f"({_builtin(site.error)}, {site.text!a}, {site.shape is not None})"
        for site in source.sites
    ]
    places = ["None" if site.shape is None else sizes.shape(site.shape) for site in source.sites]
    return {
        "NAME": options.name,
        "ARGS": _rows([f"{v.name!a}" for v in variables]),
        "DECLARED": _rows([ascii(row) for row in declared]),
        "OUTPUTS": _rows([repr(dtype.name) for dtype in options.output_dtypes]),
        "SITES": _rows(sites),
        "SIZES": _rows([_found(variables, symbol) for symbol in source.sizes], "        "),
        "UNPACKED": f"({names},) = sizes" if names else "() = sizes",
        "NEEDED": _rows([f"({str(d)!a}, {sizes.dim(d)})" for d in recipe.sizes], "        "),
        "SHAPES": f"{wanted}, {results}",
        "PLACES": _rows(places, "        "),
        "RESULT": result_text(recipe.structure),
        "BUFFERS": str(source.buffers),
        "FINITE": _FINITE if options.check_finite else "",
    }


_FINITE = """\
    if value.dtype.kind == "f" and not _np.isfinite(value).all():
        raise ArithmeticError(f"argument {name!r} is not finite. Look at the data.")"""


def _found(variables: Sequence[Any], symbol: Any) -> str:
    """Where the first shape with a symbolic size has it."""
    for k, variable in enumerate(variables):
        if symbol in variable.shape:
            return f"given[{k}][{variable.shape.index(symbol)}]"
    raise AssertionError(symbol)


def _rows(parts: Sequence[str], indent: str = "    ") -> str:
    """A tuple, one part a line where there are some."""
    if not parts:
        return "()"
    inner = "".join(f"{indent}{part},\n" for part in parts)
    return f"(\n{inner}{indent[4:]})"


def _builtin(error: str) -> str:
    """The exception of Python that stands for one of ours."""
    line = getattr(errors, error).__mro__
    return next(str(cls.__name__) for cls in line if cls.__module__ == "builtins")
