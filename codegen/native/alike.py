"""Units of emitted C that differ in names of arrays and in numbers alone become one function.

An optimizer does the same to every parameter, and deep networks repeat their layers. A compiler
takes milliseconds for every loop, so what is alike is written once, as a function of pointers and
numbers, and called with those of each place; what is computed, and in which order, stays the same.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from symgraph.codegen.native.translation import weight
from symgraph.codegen.native.writer import Line

__all__ = ["Shared", "share"]

_LOOPS = 12  # programs of so few loops are compiled in no time
_LEAST = 15  # statements that a function must save
_CALLS = ("f->lib->gemm_", "f->lib->copy2_")  # of which each takes over ten arguments
_SHORT = 64  # an inner loop of fewer steps knows their number
_TOKEN = re.compile(r"[A-Za-z_]\w*|(?:\d+\.?\d*(?:e[+-]?\d+)?)f?|\s+|.")
_NAME = re.compile(r"(?!i64$|u64$|u8$)[a-z]+[0-9]+")
_VARIED = re.compile(r"\b(?:[a-z]+[0-9]+|\d+\.?\d*(?:e[+-]?\d+)?f?)\b")
_DECLARED = re.compile(r"\b(?:float|double|i64|int|u8) ([a-z]+[0-9]+)\b")
_FOR = re.compile(r"for \(i64 \w+ = .*; \w+ < (\d+); \w+\+\+\) \{")


@dataclass(frozen=True)
class Shared:
    """A function: `head` is how it is declared, behind its type and in front of its lines."""

    head: str
    lines: tuple[Line, ...]
    refuses: bool


@dataclass(frozen=True)
class _Form:
    """A unit without what may differ: its arrays, times and numbers in order."""

    text: tuple[str, ...]
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
    alike: dict[str, list[int]] = {}
    for k, unit in enumerate(units):
        text = "\n".join(line.text for line in unit)
        if ("for (" in text and text.endswith("}")) or text.startswith(_CALLS):
            alike.setdefault(_VARIED.sub("#", text), []).append(k)
    kinds = {each: kind.removeprefix("const ") for each, kind in arrays.items()}
    for rough in alike.values():
        groups: dict[object, dict[int, _Form]] = {}
        for k in rough if len(rough) > 1 else ():
            form = _form(units[k], kinds)
            if form is not None:
                groups.setdefault(form.text, {})[k] = form
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


def _tokens(text: str) -> list[str]:
    found: list[str] = _TOKEN.findall(text)
    return found


def _form(unit: Sequence[Line], kinds: Mapping[str, str]) -> _Form | None:
    """What units may be alike in; None where a unit is no function of what it names."""
    own = {name for line in unit for name in _DECLARED.findall(line.text)}
    places: dict[str, str] = {}
    same: set[str] = set()  # what is written as it is
    numbers: list[str] = []
    text: list[str] = []
    base = unit[0].depth
    for line, is_inner in zip(unit, _inner(unit), strict=True):
        loop = _FOR.fullmatch(line.text)
        short = is_inner and loop is not None and int(loop[1]) < _SHORT
        text.append(f"\n{line.depth - base} ")
        for token in _tokens(line.text):
            if token[0].isdigit():
                differs = not short and _may_differ(token, line.text)
                if differs:
                    numbers.append(token)
                text.append(_number(token) if differs else token)
                continue
            place = places.get(token)
            if place is None and token not in same:
                place = _place(token, kinds, own, len(places)) if _NAME.fullmatch(token) else ""
                if place is None:
                    return None
                if place:
                    places[token] = place
                else:
                    same.add(token)
            text.append(place or token)
    arrays = tuple(name for name in places if name in kinds)
    times = tuple(name for name in places if name[0] == "t" and name not in own)
    return _Form(tuple(text), arrays, times, tuple(numbers))


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


def _number(token: str) -> str:
    """What stands for a number in the form."""
    return "%f" if "." in token or "e" in token else "%d"


def _may_differ(number: str, text: str) -> bool:
    """Small whole numbers are part of the structure, but for the site of a refusal."""
    return number not in "01" or text.startswith("return")


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
        shift, at, lines = unit[0].depth - 1, 0, [Line(title, 1, -1)]
        for line, tokens in zip(unit, _lines(first.text), strict=True):
            parts: list[str] = []
            for token, own in zip(tokens, _tokens(line.text), strict=True):
                if token in ("%d", "%f"):
                    parts.append(self.named.get(self.columns[at], own))
                    at += 1
                else:
                    parts.append(self.parameters.get(own, own))
            lines.append(replace(line, text="".join(parts), depth=line.depth - shift))
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
        return [replace(unit[0], text=text, note=note)]


def _lines(text: Sequence[str]) -> list[list[str]]:
    """The tokens of a form by lines."""
    found: list[list[str]] = []
    for token in text:
        if token[0] == "\n" and len(token) > 1:
            found.append([])
        else:
            found[-1].append(token)
    return found
