"""The prebuilt routines that a kernel calls, as C text to stand beside it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from symgraph.codegen.native.emit import data

__all__ = ["FILES", "called", "closure", "pasted", "table"]

_CALL = re.compile(r"\blib->(\w+)")
_FIELD = re.compile(r"\(\*(\w+)\)")
_INCLUDE = re.compile(r'^#include "(\w+\.[ch])"\n', re.MULTILINE)
_MACRO = re.compile(r"^#\s*define\s+(\w+)", re.MULTILINE)
_HEADERS = re.compile(r"^#include <.*>\n", re.MULTILINE)
_TABLE = "table.h"

#: The file that defines a routine, by its name without the type; {} stands for the type.
FILES = {
    "gemm": "tiles_{}.c", "copy2": "tiles_{}.c", "rows": "tiles_{}.c", "dots": "tiles_{}.c",
    "inv": "linear.c", "logdet": "linear.c", "det": "linear.c", "solve": "linear.c",
    "random_bits": "random.c", "random_uniform": "random.c", "random_normal": "random.c",
}  # fmt: skip

_ALONE = """\
/* There is one part, which waits for nobody. */
static i64 sg_wait(void *barrier) { (void)barrier; return 0; }"""


def called(kernel: str) -> list[str]:
    """The entries of the table that a kernel calls, in the order of the table."""
    names = set(_CALL.findall(kernel))
    return [name for name in _FIELD.findall(data(_TABLE)) if name in names]


def _files(names: Iterable[str]) -> list[str]:
    """The C files that define some entries."""
    found: dict[str, None] = {}
    for name in names:
        base, _, kind = name.rpartition("_")
        if kind not in ("f32", "f64"):
            base = name
        if base != "wait":
            found[FILES[base].format(kind)] = None
    return list(found)


def closure(names: Iterable[str]) -> list[str]:
    """The C files that define some entries, and all that they include."""
    found = dict.fromkeys([_TABLE])
    stack = _files(names)[::-1]
    while stack:
        name = stack.pop()
        if name not in found:
            found[name] = None
            stack += _INCLUDE.findall(data(name))[::-1]
    return list(found)


def table(names: Sequence[str]) -> str:
    """The C of a table with these entries, and nothing in its other places."""
    entries = "".join(f"\n    .{name} = sg_{name}," for name in names)
    filled = f"{{{entries}\n}}" if entries else "{0}"
    alone = f"{_ALONE}\n\n" if "wait" in names else ""
    return (
        f"{alone}static const sg_table sg_entries = {filled};\n\n"
        "const sg_table *sg_library(void) { return &sg_entries; }\n"
    )


def pasted(names: Sequence[str]) -> str:
    """The routines as one text without files of its own, to stand behind a kernel.

    The macros that it defines are gone at its end.
    """
    parts = [_expanded(name) for name in _files(names)]
    text = "\n".join([*parts, table(names)])
    headers = dict.fromkeys(_HEADERS.findall(text))
    text = "".join(headers) + _HEADERS.sub("", text)
    undone = "".join(f"#undef {name}\n" for name in sorted(set(_MACRO.findall(text))))
    return f"{text}\n{undone}"


def _expanded(name: str) -> str:
    """A file with the text of those that it includes, as often as it does."""
    text = data(name)
    while True:
        found = _INCLUDE.search(text)
        if found is None:
            return text
        inner = "" if found[1] == _TABLE else data(found[1])
        text = text[: found.start()] + inner + text[found.end() :]
