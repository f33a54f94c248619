"""What is read off emitted C: which formulas share a loop, which products are calls."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from symgraph.codegen.native.source import NativeSource
from symgraph.codegen.native.writer import Line

__all__ = ["Product", "Unit", "contents", "products", "units"]

_HEAD = re.compile(r"^/\* --- (\w+) \*/$")
_LOOP = re.compile(r"^for \(i64 \w+ = (?:0; \w+ < (.+?); \w+\+\+|(.+?) - 1; \w+ >= 0; \w+--)\) \{$")
_CALL = re.compile(r"f->lib->gemm_f(?:32|64)\((.*)\);$")
_LOCAL = re.compile(r"^const \w+ (\w+) = ")
_STORE = re.compile(r"^(\w+)\[.*\] \+?= (.*);$")
_BACK = re.compile(r" - r\d+(?: \* \d+)?$")  # every other step reads backwards
_ONE = re.compile(r"if \((\w+ == 1|.* % 64 == 0)\) \{$")  # a form of its own for one row
_SIZE = re.compile(r"\bn([0-9]+)\b")


@dataclass
class Unit:
    """A piece of code that runs to its end: its part of the program, and its formulas.

    `around` are the sizes of the loops around it, `is_loop` says whether it is one itself.
    """

    number: int
    section: str
    around: tuple[str, ...]
    formulas: list[str] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    is_loop: bool = False


@dataclass(frozen=True)
class Product:
    """C[m,n] = A[m,k] B[k,n] by the prebuilt routine; `a`, `b` say how an operand lies there.

    Operands are "as it is", "transposed", "a vector" or "strided"; `around` are the loops around.
    """

    section: str
    formula: str
    m: str
    n: str
    k: str
    a: str
    b: str
    around: tuple[str, ...]


def units(source: NativeSource) -> list[Unit]:
    """The units in order."""
    named = _names(source)
    found: dict[int, Unit] = {}
    loops: list[tuple[int, str, int]] = []  # depth, size and unit of every open loop
    section = "forward"
    for line in source.lines:
        head = _HEAD.match(line.text)
        if head is not None:
            section = head[1]
            continue
        while loops and line.text == "}" and loops[-1][0] >= line.depth:
            loops.pop()
        around = tuple(size for _, size, unit in loops if unit != line.unit)
        unit = found.setdefault(line.unit, Unit(line.unit, section, around))
        unit.lines.append(line.text)
        _take(unit, line, loops, named)
    return [unit for _, unit in sorted(found.items())]


def _take(
    unit: Unit, line: Line, loops: list[tuple[int, str, int]], named: Mapping[str, str]
) -> None:
    loop = _LOOP.match(line.text)
    if loop is not None:
        loops.append((line.depth, _sized(loop[1] or loop[2], named), line.unit))
        unit.is_loop = True
    if line.note:
        unit.formulas.append(line.note)


def products(source: NativeSource, found: Sequence[Unit]) -> Iterator[Product]:
    """The calls of the matrix product."""
    named = _names(source)
    notes = {line.text: line.note for line in source.lines if line.note}
    for unit in found:
        one = False
        for text in unit.lines:
            one = _ONE.match(text) is not None or (one and text != "} else {")
            call = None if one else _CALL.match(text)
            if call is not None:
                m, n, k, _, am, ak, _, bk, bn, *_ = _arguments(call[1])
                ak, bk = _BACK.sub("", ak), _BACK.sub("", bk)
                m, n, k = (_sized(size, named) for size in (m, n, k))
                inner = [_LOOP.match(line) for line in unit.lines]
                loops = [_sized(one[1] or one[2], named) for one in inner if one is not None]
                yield Product(
                    unit.section, notes.get(text, ""), m, n, k,
                    _layout(am, ak, m, k), _layout(bk, bn, k, n), (*unit.around, *loops),
                )  # fmt: skip


def contents(source: NativeSource) -> dict[str, str]:
    """What is first written to each array, as the notes beside the lines tell it."""
    told: dict[str, str] = {}  # of local variables
    found: dict[str, str] = {}
    for line in source.lines:
        local, store, call = (form.match(line.text) for form in (_LOCAL, _STORE, _CALL))
        if local is not None:
            told[local[1]] = line.note
        elif store is not None and (note := line.note or told.get(store[2], "")):
            found.setdefault(store[1], note)
        elif call is not None and line.note:
            found.setdefault(_arguments(call[1])[9], line.note)
    return found


def _arguments(text: str) -> list[str]:
    """The arguments of a call, cut at commas outside of brackets."""
    found, depth = [""], 0
    for char in text:
        depth += {"(": 1, "[": 1, ")": -1, "]": -1}.get(char, 0)
        if char == "," and depth == 0:
            found.append("")
        else:
            found[-1] += char
    return [one.strip() for one in found]


def _layout(rows: str, columns: str, height: str, width: str) -> str:
    if "1" in (height, width):
        return "a vector"
    if columns == "1":
        return "as it is"
    return "transposed" if rows == "1" else "strided"


def _names(source: NativeSource) -> dict[str, str]:
    return {f"n{k + 1}": str(symbol) for k, symbol in enumerate(source.sizes)}


def _sized(text: str, named: Mapping[str, str]) -> str:
    """A size in C with the user's names."""
    return _SIZE.sub(lambda found: named.get(found[0], found[0]), text)
