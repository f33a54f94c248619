"""What a unit of emitted C reads and writes, read off its lines: loops, products, entries."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from symgraph.codegen.native.positions import ONE, Polynomial, read
from symgraph.codegen.native.writer import Line

__all__ = [
    "Access", "Axis", "UnitCode", "adding_call", "arguments", "divided_call", "indices",
    "moved_call", "read_unit",
]  # fmt: skip

_FOR = re.compile(r"for \(i64 (\w+) = 0; \1 < (.+); \1\+\+\) \{")
_WORD = re.compile(r"\b[a-z]+[0-9]+\b")
_DECLARED = re.compile(r"(?:const )?(?:float|double|i64|int|u8) (.+);")
_ASSIGNED = re.compile(r"([a-z]\w*)(?:\[.*\])?\s*(?:[-+*/|&]?=(?!=)|\+\+|--)")
_CALL = re.compile(r"f->lib->(gemm|copy2|rows|dots|sparse)_f(?:32|64)\((.*)\);")
_TOTAL = re.compile(r"(?:float|double|i64) (\w+) = 0(?:\.0f?)?;")
_ADDED = "SG_ADD_UP("
_DRAWN = re.compile(r"if \(f->lib->(random_\w+)\((.*)\)\) \{")
_REFUSED = ("while", "goto", "break", "continue", "} else", "do {")
_ODD = Polynomial({(): -1})


@dataclass(frozen=True)
class Access:
    """Entries of an array; `at` is None where it is not known which."""

    array: str
    at: Polynomial | None
    writes: bool
    loops: tuple[str, ...]  # the indices of the loops around it
    line: int = 0
    adds: bool = False  # to what was there


@dataclass
class Axis:
    """A loop, or a side of a product: `line` is where it begins, `last` where it ends."""

    name: str
    size: Polynomial
    line: int
    last: int
    place: int = -1  # the number of the argument of a call


@dataclass
class UnitCode:
    """A unit that was read. `whole` is false for what may not be divided."""

    lines: list[Line]
    accesses: list[Access] = field(default_factory=list)
    axes: list[Axis] = field(default_factory=list)
    assigned: list[tuple[str, int]] = field(default_factory=list)
    declared: list[tuple[str, int]] = field(default_factory=list)
    stores: list[int] = field(default_factory=list)  # lines that write to arrays
    totals: dict[str, int] = field(default_factory=dict)  # variables that begin at 0
    refuses: bool = False
    readable: bool = True
    atoms: dict[str, set[str]] = field(default_factory=dict)
    bounds: dict[str, Polynomial] = field(default_factory=dict)  # of what is read off a table

    def sizes(self) -> dict[str, Polynomial]:
        """The size of every index of the unit."""
        return {axis.name: axis.size for axis in self.axes}


def read_unit(
    lines: Sequence[Line], arrays: frozenset[str], constants: Mapping[str, str]
) -> UnitCode:
    """What the lines of a unit do to these arrays; some are constants with these entries."""
    reader = _Reader(UnitCode(list(lines)), arrays, constants)
    for number, line in enumerate(lines):
        reader.line(number, line.text)
    return reader.code


def arguments(text: str) -> list[str]:
    """The parts of a text between commas outside of all brackets."""
    found, depth, start = [], 0, 0
    for k, letter in enumerate(text):
        depth += (letter in "([") - (letter in ")]")
        if letter == "," and depth == 0:
            found.append(text[start:k].strip())
            start = k + 1
    return [*found, text[start:].strip()]


class _Reader:
    def __init__(
        self, code: UnitCode, arrays: frozenset[str], constants: Mapping[str, str]
    ) -> None:
        self.code, self.arrays, self.constants = code, arrays, constants
        self.open: list[Axis | None] = []

    @property
    def loops(self) -> tuple[str, ...]:
        return tuple(axis.name for axis in self.open if axis is not None)

    def line(self, number: int, text: str) -> None:
        """One line."""
        code = self.code
        if text.startswith(("SG_", "#", "/*")) or not text:
            return
        if text == "}":
            axis = self.open.pop() if self.open else None
            if axis is not None:
                axis.last = number
            return
        code.refuses |= text.startswith("return")
        if text.startswith(_REFUSED):
            code.readable = False
        loop, call, drawn = (form.fullmatch(text) for form in (_FOR, _CALL, _DRAWN))
        if loop:
            size = self._read(loop[2])
            code.readable &= size is not None
            axis = Axis(loop[1], size or _ODD, number, number)
            self.open.append(axis)
            code.axes.append(axis)
            self._entries(loop[2], number, "")
        elif call:
            self._call(call, number)
        elif drawn:
            self.open.append(None)
            self._draw(drawn, number)
        else:
            if text.endswith("{"):
                self.open.append(None)
                code.readable &= text.startswith(("if (", "{"))
            self._statement(text, number)

    def _read(self, text: str) -> Polynomial | None:
        return read(text, self.code.atoms)

    def _statement(self, text: str, number: int) -> None:
        code = self.code
        declared = _DECLARED.fullmatch(text)
        if declared:
            total = _TOTAL.fullmatch(text)
            if total:
                code.totals[total[1]] = number
            for part in arguments(declared[1]):
                name = re.match(r"\w+", part)
                if name is None:
                    code.readable = False
                else:
                    code.declared.append((name[0], number))
            self._entries(text, number, "")
            return
        written = ""
        assigned = _ASSIGNED.match(text)
        if assigned and assigned[1] in self.arrays:
            written = assigned[1]
            code.stores.append(number)
        elif assigned and assigned[1] != "f":
            code.assigned.append((assigned[1], number))
        self._entries(text, number, written)

    def _entries(self, text: str, number: int, written: str) -> None:
        """The entries in a statement; the first is written if a name is given."""
        at = 0
        for word in _WORD.finditer(text):
            if word[0] not in self.arrays:
                continue
            if text[word.end() : word.end() + 1] != "[":
                self.code.readable = False
                self.code.accesses.append(Access(word[0], None, True, self.loops, number))
                continue
            end = _closing(text, word.end())
            place = self._read(text[word.end() + 1 : end])
            writes = bool(written) and at == 0
            adds = writes and text.startswith(" += ", end + 1)
            self.code.accesses.append(Access(word[0], place, writes, self.loops, number, adds))
            at += 1

    def _call(self, call: re.Match[str], number: int) -> None:
        """A product, or a copy of a matrix: loops over the sides of what is written."""
        code, given = self.code, arguments(call[2])
        routine = _ROUTINES[call[1]]
        sizes = [self._read(given[k]) for k in range(routine.sides)]
        names = [f"%{k}_{number}" for k in range(routine.sides)]
        loops = (*self.loops, *names)
        for table in (given[k] for operand in routine.operands for k in operand.tables):
            code.readable &= table in self.arrays
            code.accesses.append(Access(table, None, False, loops, number))
        for operand in routine.operands:
            name, _, offset = given[operand.pointer].partition("+")
            at = self._read(offset)
            for side, step in operand.steps:
                stride = ONE if step is None else self._read(given[step])
                if at is not None and stride is not None:
                    at += Polynomial({(names[side],): 1}) * stride
                else:
                    at = None
            writes = operand is routine.operands[-1]
            if (operand.tables or operand.runs) and at is not None:
                place = self._reached(given, operand, number)
                at = at + place if place is not None else None
            adds = writes and call[1] != "copy2" and given[-1] != "0"
            code.readable &= name.strip() in self.arrays
            code.accesses.append(Access(name.strip(), at, writes, loops, number, adds))
        for k, (name, size) in enumerate(zip(names, sizes, strict=True)):
            code.readable &= size is not None
            code.axes.append(Axis(name, size or _ODD, number, number, k))
        code.stores.append(number)

    def _reached(self, given: Sequence[str], operand: _Operand, number: int) -> Polynomial | None:
        """What constant tables and runs add to a place, as a name with a bound."""
        name, most = f"%{operand.pointer}_of_{number}", Polynomial({})
        for table in operand.tables:
            entries = self.constants.get(given[table], "").split(", ")
            if not all(entry.isdigit() for entry in entries):
                return None
            most += Polynomial({(): max(map(int, entries))})
        for run in operand.runs:
            size: Polynomial = ONE
            for one in map(self._read, (given[k] for k in run)):
                if one is None:
                    return None
                size *= one
            most += size - ONE
        self.code.bounds[name] = most + ONE
        return Polynomial({(name,): 1})

    def _draw(self, drawn: re.Match[str], number: int) -> None:
        """Random numbers: each depends on its place alone."""
        code = self.code
        key, _, begin, size, out = arguments(drawn[2])
        self._entries(key, number, "")
        self._entries(begin, number, "")
        count, name = self._read(size), f"%0_{number}"
        code.readable &= count is not None and out in self.arrays
        code.axes.append(Axis(name, count or _ODD, number, number, 0))
        at = Polynomial({(name,): 1})
        code.accesses.append(Access(out, at, True, (*self.loops, name), number))
        code.stores.append(number)


class _Operand(NamedTuple):
    """Where a pointer stands, the stride of each side (None for 1), and tables of offsets.

    From each of these places on there are runs of entries, as many as a product of arguments says.
    """

    pointer: int
    steps: list[tuple[int, int | None]]
    tables: list[int]
    runs: tuple[tuple[int, ...], ...] = ()


class _Routine(NamedTuple):
    """The first arguments are the sides; the last operand is written."""

    sides: int
    operands: list[_Operand]


_ROUTINES = {
    "gemm": _Routine(3, [
        _Operand(3, [(0, 4), (2, 5)], []), _Operand(6, [(2, 7), (1, 8)], []),
        _Operand(9, [(0, 10), (1, 11)], []),
    ]),
    "copy2": _Routine(2, [_Operand(2, [(0, 3), (1, 4)], []), _Operand(5, [(0, 6), (1, 7)], [])]),
    "rows": _Routine(2, [
        _Operand(3, [(0, 4)], [5]), _Operand(6, [(1, None)], [7]),
        _Operand(8, [(0, 9), (1, None)], []),
    ]),
    "dots": _Routine(1, [
        _Operand(4, [(0, 5)], [6], ((2,),)), _Operand(7, [], [8, 9], ((2,),)),
        _Operand(10, [(0, 11)], [12]),
    ]),
    "sparse": _Routine(0, [
        _Operand(4, [], [], ((0, 5),)), _Operand(6, [], [7, 8], ((1,),)),
        _Operand(9, [], [10, 11], ((1,),)),
    ]),
}  # fmt: skip


def divided_call(text: str, place: int, first: str, count: str) -> str:
    """A call on so many rows, columns or numbers from the first one on."""
    if text.startswith(_ADDED):
        *given, _, _ = arguments(text[len(_ADDED) : -2])
        return f"{_ADDED}{', '.join([*given, first, count])});"
    drawn, call = _DRAWN.fullmatch(text), _CALL.fullmatch(text)
    if drawn is not None:
        key, stream, begin, _, out = arguments(drawn[2])
        start = first if begin == "0" else f"{begin} + {first}"
        inner = ", ".join([key, stream, start, count, f"{out} + {first}"])
        return f"if (f->lib->{drawn[1]}({inner})) {{"
    assert call is not None
    given = arguments(call[2])
    for operand in _ROUTINES[call[1]].operands:
        for side, step in operand.steps:
            if side == place:
                stride = "" if step is None else f" * ({given[step]})"
                given[operand.pointer] = f"{given[operand.pointer]} + {first}{stride}"
    given[place] = count
    return f"{text[: text.index('(')]}({', '.join(given)});"


def moved_call(text: str, array: str, offset: str, before: Polynomial) -> str:
    """A product that adds to another array at an offset, less so many entries."""
    call = _CALL.fullmatch(text)
    assert call is not None
    given = arguments(call[2])
    old = read(given[9].partition("+")[2])
    assert old is not None
    place = old - before
    given[9] = f"{array} + {offset}" + (f" + {place.text()}" if place.terms else "")
    return f"{text[: text.index('(')]}({', '.join([*given[:-1], '1'])});"


def adding_call(text: str, condition: str) -> str:
    """A product that adds to what there is where a condition holds."""
    call = _CALL.fullmatch(text)
    assert call is not None
    *given, _ = arguments(call[2])
    return f"{text[: text.index('(')]}({', '.join([*given, condition])});"


def _closing(text: str, start: int) -> int:
    """Where the bracket that opens at `start` closes."""
    depth = 0
    for k in range(start, len(text)):
        depth += (text[k] == "[") - (text[k] == "]")
        if depth == 0:
            return k
    return len(text)


def indices(polynomial: Polynomial, atoms: dict[str, set[str]]) -> Iterator[str]:
    """The names in a polynomial, and those inside of what could not be read."""
    for name in polynomial.names:
        yield name
        yield from atoms.get(name, ())
