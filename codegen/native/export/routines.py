"""The prebuilt routines that a kernel calls, as C text to stand beside it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from symgraph.codegen.native.runtime import sources, table_text

__all__ = ["FILES", "called", "closure", "pasted", "table"]

_CALL = re.compile(r"\bf->lib->(\w+)")
_FIELD = re.compile(r"\(\*(\w+)\)")
_INCLUDE = re.compile(r'^#include "(\w+\.[ch])"\n', re.MULTILINE)
_MACRO = re.compile(r"^#\s*define\s+(\w+)", re.MULTILINE)
_VECTOR = re.compile(r"^SG_(?:IN|FN) .*?\b(sg_\w+)\(", re.MULTILINE)
_WORD = re.compile(r"\b\w+\b")
_HEADERS = re.compile(r"^#include <.*>\n", re.MULTILINE)
_TABLE = "table.h"

#: The file that defines a routine, by its name without the type; {} stands for the type.
FILES = {
    "gemm": "tiles_{}.c", "copy2": "tiles_{}.c", "rows": "tiles_{}.c", "dots": "tiles_{}.c",
    "sparse": "tiles_{}.c",
    "inv": "linear.c", "logdet": "linear.c", "det": "linear.c", "solve": "linear.c",
    "random_bits": "random.c", "random_uniform": "random.c", "random_normal": "random.c",
}  # fmt: skip

_ALONE = """\
/* There is one part, which waits for nobody. */
static i64 sg_wait(void *barrier) { (void)barrier; return 0; }"""


def called(kernel: str) -> list[str]:
    """The entries of the table that a kernel calls, in the order of the table."""
    names = set(_CALL.findall(kernel))
    return [name for name in _FIELD.findall(table_text()) if name in names]


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
            stack += _INCLUDE.findall(sources()[name])[::-1]
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


def pasted(kernel: str) -> str:
    """A kernel and the routines that it calls, as one text without files of its own.

    The macros of each part are gone at its end, and names that two parts have are told apart.
    """
    names = called(kernel)
    parts = [_told_apart(_expanded(name)) for name in _files(names)]
    headers = dict.fromkeys(header for part in parts for header in _HEADERS.findall(part))
    parts = [kernel, *(_HEADERS.sub("", part) for part in parts), table(names)]
    return "\n".join(["".join(headers), *map(_undone, parts)])


def _expanded(name: str) -> str:
    """A file with the text of those that it includes."""
    text = sources()[name]
    while True:
        found = _INCLUDE.search(text)
        if found is None:
            return text
        inner = "" if found[1] == _TABLE else sources()[found[1]]
        text = text[: found.start()] + inner + text[found.end() :]


def _told_apart(text: str) -> str:
    """Vector functions under other names than those of the kernel."""
    names = {"word", *_VECTOR.findall(text)}
    return _WORD.sub(lambda found: f"{found[0]}_" if found[0] in names else found[0], text)


def _undone(text: str) -> str:
    """A text that leaves no macro behind, but for the guard of the table."""
    names = sorted(set(_MACRO.findall(text)) - {"SG_TABLE_H"})
    return text + "".join(f"#undef {name}\n" for name in names)
