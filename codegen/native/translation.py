"""Emitted C divided into files that compilers work on side by side.

The functions of a kernel hand everything to each other in memory and are called one after the
other, so they may stand in any file: each file has the declarations of the whole and its share of
the functions. The text as one file is what is exported and what tells kernels apart.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from typing import NamedTuple

__all__ = ["divided", "weight"]

_SHARED = '__attribute__((visibility("hidden")))'
_HEAVY = 6  # the work of a loop or of a call with many arguments, in statements
_INLINED = 9  # of an elementary function, whose text takes the place of its call
_ELEMENTARY = re.compile(r"= sg_(?!abs|sqrt|maximum|minimum|at_least|at_most|over|i_)(\w+)")
_MOST = 8  # files

#: What compilers take for, in plain statements of half a million of their instructions: a loop, one
#: with vectors more; in loops a statement, one that chooses, which needs masks, one with a place
#: that a product tells, exponentials, other functions; and the function that places the buffers.
_LOOP, _VECTORS, _INSIDE, _CHOICE, _PLACE = 12, 13, 2, 17, 8
_EXPONENTIAL, _OTHER, _PLACING = 8, 145, 66
_EXPONENTIALS = frozenset({"exp", "exp_below", "exp_down", "exp_less_one", "tanh_by", "tanh_of"})
_LEAST = 300  # what a further run of the compiler is worth: it begins with 130 and then is linked


class _Function(NamedTuple):
    """A function of a kernel, and the statements that its compilation is about as much work as."""

    text: str
    head: str
    work: int


def divided(text: str, name: str, files: int) -> list[str]:
    """The text of the kernel `name` as at most so many files; as it is where it is short."""
    form = rf"^static (.*(?:i64|void) {name}_\w+\(.*\))\n\{{\n[^\0]*?^\}}\n"
    found = list(re.finditer(form, text, re.MULTILINE))
    functions = [_Function(each[0], each[1], _work(each[0])) for each in found]
    if not functions:
        return [text]
    begin, end = text[: found[0].start()], text[found[-1].end() :]
    at_end = _PLACING if " sg_place(" in end else 0
    whole = at_end + sum(each.work for each in functions)
    count = min(files, _MOST, len(functions), whole // _LEAST)
    if count < 2:
        return [text]
    between = "".join(text[a.end() : b.start()] for a, b in itertools.pairwise(found))
    declared = "\n".join(f"{_SHARED} {each.head};" for each in functions)
    made = []
    for share in _shares(functions, count, at_end):
        own = [f"{_SHARED} {each.text.removeprefix('static ')}" for each in share]
        made.append("\n\n".join([begin.rstrip(), declared, between.strip(), *own]))
    return [*made[:-1], f"{made[-1]}\n{end}"]


def weight(line: str) -> int:
    """The work that a line is for a compiler, in plain statements."""
    if line.startswith(("for (", "f->lib->")):
        return _HEAVY
    return _INLINED if _ELEMENTARY.search(line) else int(";" in line)


def _work(text: str) -> int:
    """How much there is to compile in a function; loops by far outweigh what is around them."""
    total = text.count(";\n") + text.count(";  /*")
    total += _LOOP * text.count(" for (")
    total += _VECTORS * (text.count(" SG_") + text.count('_Pragma("omp simd'))
    for line in text.splitlines():
        if not line.startswith("        ") or ";" not in line or " for (" in line:
            continue
        total += _INSIDE - 1 + _CHOICE * (" ? " in line) + _PLACE * ("[" in line and " * (" in line)
        for name in _ELEMENTARY.findall(line):
            total += _EXPONENTIAL if name in _EXPONENTIALS else _OTHER
    return total


def _shares(functions: Sequence[_Function], count: int, at_end: int) -> list[list[_Function]]:
    """The functions dealt out, the longest first and each to whoever has least.

    The last share has so much to do already.
    """
    shares: list[list[_Function]] = [[] for _ in range(count)]
    work = [0] * (count - 1) + [at_end]
    for each in sorted(functions, key=lambda function: -function.work):
        least = work.index(min(work))
        shares[least].append(each)
        work[least] += each.work
    return shares
