"""Units of emitted C that differ in names of arrays and in numbers alone become one function.

An optimizer does the same to every parameter, and deep networks repeat their layers. A compiler
takes milliseconds for every loop, so what is alike is written once, as a function of pointers and
numbers, and called with those of each place; what is computed, and in which order, stays the same.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from symgraph.codegen.native.translation import weight
from symgraph.codegen.native.writer import Line

__all__ = ["Shared", "share"]

_LOOPS = 12  # programs of so few loops are compiled in no time
_LEAST = 15  # statements that a function must save
_CALLS = ("f->lib->gemm_", "f->lib->copy2_")  # of which each takes over ten arguments
_SHORT = 64  # an inner loop of fewer steps knows their number
_DECLARED = re.compile(r"\b(?:float|double|i64|int|u8) $")  # in front of a name
_FOR = re.compile(r"for \(i64 \w+ = .*; \w+ < (\d+); \w+\+\+\) \{")


@dataclass(frozen=True)
class Shared:
    """A function: `head` is how it is declared, behind its type and in front of its lines."""

    head: str
    lines: tuple[Line, ...]
    refuses: bool


@dataclass(frozen=True)
class _Form:
    """What stands for the names and numbers of a unit where others may have their own; and its
    arrays, times and numbers in order."""

    marks: tuple[str, ...]
    arrays: tuple[str, ...]
    times: tuple[str, ...]
    numbers: tuple[str, ...]


def share(
    lines: Sequence[Line], name: str, arrays: Mapping[str, str]
) -> tuple[list[Line], list[Shared]]:
    """The lines with calls in place of units that are alike, and the functions they call.

    `arrays` are the types of entries of all that units hand to each other, by name: `const` stands
    before those of what is only read.
    """
    if sum(line.text.startswith("for (") for line in lines) <= _LOOPS:
        return list(lines), []
    units = _units(lines)
    functions: list[Shared] = []
    for members in _groups(units, arrays):
        call = _Call(f"{name}_shared_{len(functions) + 1}", list(members.values()), arrays)
        functions.append(call.function(units[next(iter(members))]))
        for number, k in enumerate(members):
            units[k] = call.lines(units[k], number, functions[-1].refuses)
    return [line for unit in units for line in unit], functions


def _groups(
    units: Sequence[Sequence[Line]], arrays: Mapping[str, str]
) -> Iterator[dict[int, _Form]]:
    """The numbers of units that are alike, with their forms; in the order of the first of each."""
    alike: dict[tuple[str, ...], list[int]] = {}
    for k, unit in enumerate(units):
        text = "\n".join([line.text for line in unit])
        whole = text.endswith("}") and any(part in text for part in ("for (", *_CALLS))
        if whole or text.startswith(_CALLS):
            base = unit[0].depth
            fixed = [part for line in unit for part in (str(line.depth - base), *line.parts[::2])]
            alike.setdefault(tuple(fixed), []).append(k)
    kinds = {each: kind.removeprefix("const ") for each, kind in arrays.items()}
    for rough in alike.values():
        groups: dict[object, dict[int, _Form]] = {}
        layout = _Layout(units[rough[0]])
        for k in rough if len(rough) > 1 else ():
            form = layout.form(units[k], kinds)
            if form is not None:
                groups.setdefault(form.marks, {})[k] = form
        yield from (group for group in groups.values() if _saved(group, units) >= _LEAST)


def _saved(group: Mapping[int, _Form], units: Sequence[Sequence[Line]]) -> int:
    """The statements that need not be compiled where a group is one function."""
    unit = units[next(iter(group))]
    return (len(group) - 1) * sum(weight(line.text) for line in unit)


def _units(lines: Sequence[Line]) -> list[list[Line]]:
    """The lines cut into blocks of one unit that are complete, and lines alone."""
    found: list[list[Line]] = []
    start = 0
    while start < len(lines):
        first, end = lines[start], start + 1
        if not first.text.startswith(("/*", "if (f->lib->wait(")):
            while end < len(lines) and lines[end].unit == first.unit:
                end += 1
            if lines[end - 1].depth != first.depth or not _is_whole(lines[start:end]):
                end = start + 1  # of a loop over time
        found.append(list(lines[start:end]))
        start = end
    return found


def _is_whole(lines: Sequence[Line]) -> bool:
    """Whether every brace that is opened is closed."""
    depth = 0
    for line in lines:
        depth += line.text.endswith("{") - line.text.startswith("}")
        if depth < 0:
            return False
    return depth == 0


class _Layout:
    """Where names and numbers stand in units that differ in nothing else, by one of them."""

    def __init__(self, unit: Sequence[Line]) -> None:
        self.declared: list[int] = []
        self.returned: set[int] = set()  # numbers of the site of a refusal
        self.bounds: dict[int, int] = {}  # of inner loops, by the places in their lines
        at = 0
        for line, is_inner in zip(unit, _inner(unit), strict=True):
            fixed, varied = line.parts[::2], line.parts[1::2]
            places = range(at, at + len(varied))
            self.declared += [
                k for k, before in zip(places, fixed, strict=False) if _DECLARED.search(before)
            ]
            if line.text.startswith("return"):
                self.returned.update(places)
            loop = _FOR.fullmatch(line.text) if is_inner else None
            if loop is not None:
                last = len(varied) - 1 - varied[::-1].index(loop[1])
                self.bounds.update(dict.fromkeys(places, at + last))
            at += len(varied)

    def form(self, unit: Sequence[Line], kinds: Mapping[str, str]) -> _Form | None:
        """What units may be alike in; None where a unit is no function of what it names."""
        found = [part for line in unit for part in line.parts[1::2]]
        own = {found[k] for k in self.declared}
        places: dict[str, str] = {}
        numbers: list[str] = []
        marks: list[str] = []
        for k, token in enumerate(found):
            place = places.get(token)
            if place is not None:
                marks.append(place)
                continue
            if token[0].isdigit():
                bound = self.bounds.get(k)
                short = bound is not None and found[bound].isdigit() and int(found[bound]) < _SHORT
                if short or not (token not in "01" or k in self.returned):
                    marks.append(token)  # small whole numbers are part of the structure
                    continue
                numbers.append(token)
                marks.append("%f" if "." in token or "e" in token else "%d")
                continue
            place = _place(token, kinds, own, len(places))
            if place is None:
                return None
            if place:
                places[token] = place
            marks.append(place or token)
        arrays = tuple(name for name in places if name in kinds)
        times = tuple(name for name in places if name[0] == "t" and name not in own)
        return _Form(tuple(marks), arrays, times, tuple(numbers))


def _inner(unit: Sequence[Line]) -> list[bool]:
    """Which lines begin a loop in a loop that has no loop inside."""
    depths = [line.depth if line.text.startswith("for (") else 0 for line in unit]
    found = []
    for k, depth in enumerate(depths):
        deeper = next((each for each in depths[k + 1 :] if each), 0)
        found.append(unit[0].depth < depth >= deeper)
    return found


def _place(name: str, kinds: Mapping[str, str], own: Collection[str], count: int) -> str | None:
    """What stands for a name in the form; "" for a size, None for what another unit computes."""
    if name in kinds:
        return f"#{kinds[name]} {count}"
    if name in own:
        return f"@{name[0]}{count}"
    if name[0] == "n":
        return ""
    return f"!{count}" if name[0] == "t" else None


class _Call:
    """A function of what differs between units of one form."""

    def __init__(self, name: str, forms: Sequence[_Form], arrays: Mapping[str, str]) -> None:
        self.name, self.forms, self.arrays = name, forms, arrays
        first = forms[0]
        columns = list(zip(*(form.numbers for form in forms), strict=True))
        #: The numbers that differ, those that always agree with each other once.
        self.varied = list(dict.fromkeys(c for c in columns if len(set(c)) > 1))
        self.columns = columns
        self.parameters = {array: f"a{k + 1}" for k, array in enumerate(first.arrays)}
        self.named = {column: f"m{k + 1}" for k, column in enumerate(self.varied)}

    def function(self, unit: Sequence[Line]) -> Shared:
        """The first unit as a function."""
        first = self.forms[0]
        declared = []
        for k, array in enumerate(first.arrays):
            types = [self.arrays[form.arrays[k]] for form in self.forms]
            kind = next((each for each in types if each.startswith("const ")), types[0])
            declared.append(f"{kind} *const {self.parameters[array]}")
        declared += [f"const i64 {time}" for time in first.times]
        declared += [f"const {self._kind(column)} {self.named[column]}" for column in self.varied]
        head = f"{self.name}({', '.join(['const sg_frame *f', *declared])})"
        title = f"/* called at {len(self.forms)} places; notes are those of the first */"
        shift, lines = unit[0].depth - 1, [Line(title, 1, -1)]
        marks, columns = iter(first.marks), iter(self.columns)

        def written(part: str) -> str:
            if next(marks) in ("%d", "%f"):
                return self.named.get(next(columns), part)
            return self.parameters.get(part, part)

        for line in unit:
            parts = [*line.parts]
            parts[1::2] = map(written, parts[1::2])
            lines.append(Line("".join(parts), line.depth - shift, line.unit, line.note))
        refuses = any(line.text.startswith("return ") for line in unit)
        return Shared(head, tuple(lines), refuses)

    def _kind(self, column: Sequence[str]) -> str:
        if "." in column[0] or "e" in column[0]:
            return "float" if column[0].endswith("f") else "double"
        return "i64"

    def lines(self, unit: Sequence[Line], member: int, refuses: bool) -> list[Line]:
        """A call in place of a unit."""
        form = self.forms[member]
        given = ["f", *form.arrays, *form.times, *(column[member] for column in self.varied)]
        call = f"{self.name}({', '.join(given)})"
        text = f"if ((site = {call})) return site;" if refuses else f"{call};"
        note = "; ".join(dict.fromkeys(line.note for line in unit if line.note))
        return [Line(text, unit[0].depth, unit[0].unit, note)]
