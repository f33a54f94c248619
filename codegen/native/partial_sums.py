"""Sums that every thread takes over its own samples, and that are added up behind a barrier.

A thread adds to memory of its own, `step` entries behind that of the thread before it, so that no
two of them write to one line of the cache. The order of additions depends on sizes and on the
number of threads alone.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from symgraph.codegen.native.accesses import Access, Axis, UnitCode, adding_call, moved_call
from symgraph.codegen.native.positions import Polynomial
from symgraph.codegen.native.shares import is_free, is_size
from symgraph.codegen.native.writer import Line

__all__ = [
    "MACROS", "Total", "added_up", "carried", "cleared", "is_worth_it", "private", "totals_over",
]  # fmt: skip

_LEAST = 64  # entries of an axis whose length is known: shorter ones cost more than they save
_MOST = 1 << 18  # entries of a sum: rooms for more take longer to clear than products to compute
_LINE = 16  # entries between what two threads write to

MACROS = """\
/* Room of this thread for sums over its own samples, and the sums of all threads: `add` keeps what
   there was. */
#define SG_CLEAR(room, count) \\
    for (i64 i = 0; i < (count); i++) (room)[i] = 0
#define SG_ADD_UP(to, room, step, add, first, count) \\
    do { \\
        const i64 from = (first), end = from + (count); \\
        for (i64 i = from; i < end && !(add); i++) (to)[i] = (room)[i]; \\
        for (i64 other = !(add); other < parts; other++) { \\
            SG_INDEPENDENT \\
            for (i64 i = from; i < end; i++) (to)[i] += (room)[other * (step) + i]; \\
        } \\
    } while (0)"""


@dataclass(frozen=True)
class Total:
    """A dense array of sums over a divided axis: `count` entries from `first` on."""

    access: Access
    first: Polynomial
    count: int

    @property
    def step(self) -> int:
        """Entries from the room of one thread to that of the next."""
        return -(-self.count // _LINE) * _LINE


def is_worth_it(size: Polynomial) -> bool:
    """Whether sums over so many entries are divided."""
    return size.number is None or size.number >= _LEAST


def totals_over(code: UnitCode, axis: Axis) -> list[Total] | None:
    """The sums over an axis in a unit; None where it does anything else that is not divided."""
    if not code.stores or not is_free(code, axis):
        return None
    writes = {access.line: access for access in code.accesses if access.writes}
    if axis.place >= 0:
        whole = axis.place == 2 and code.stores == [axis.line]
        found = [_total(code, writes[axis.line], axis)] if whole else []
        return _complete(found)
    inside = range(axis.line, axis.last + 1)
    own = {name for name, line in code.declared if line in inside}
    summed = {name for name, line in code.assigned if line in inside and name not in own}
    found, behind = [], set()
    for line in code.stores:
        access = writes.get(line)
        if access is None:
            return None
        if line in inside:
            if not _moves_with(access, axis):
                found.append(_total(code, access, axis) if access.adds else None)
            continue
        stored = re.fullmatch(r".* \+?= (\w+);", code.lines[line].text)
        if stored is None or stored[1] not in summed:
            return None
        behind.add(stored[1])
        found.append(_total(code, access, axis))
    if behind != summed or not all(_only_adds(code, name, inside) for name in summed):
        return None
    return _complete(found)


def _complete(found: Sequence[Total | None]) -> list[Total] | None:
    totals = [total for total in found if total is not None]
    arrays = {total.access.array for total in totals}
    whole = totals and len(totals) == len(found) == len(arrays)
    return totals if whole else None


def _moves_with(access: Access, axis: Axis) -> bool:
    """Whether the place of an entry depends on an index."""
    parts = access.at.by(axis.name) if access.at is not None else None
    return parts is None or bool(parts[0].terms)


def _only_adds(code: UnitCode, name: str, inside: range) -> bool:
    """Whether a variable begins at 0, is added to inside of a loop, and stored behind it."""
    start = code.totals.get(name)
    if start is None or start in inside:
        return False
    word = re.compile(rf"\b{name}\b")
    for k, line in enumerate(code.lines):
        text = line.text
        if k == start or text.startswith("SG_") or not word.search(text):
            continue
        added = k in inside and text.startswith(f"{name} += ") and len(word.findall(text)) == 1
        stored = k in code.stores and k > inside[-1] and text.endswith(f"= {name};")
        if not added and not stored:
            return False
    return True


def _total(code: UnitCode, access: Access, axis: Axis) -> Total | None:
    """A dense array of sums, if it is one; every entry is written once but for additions."""
    if access.at is None or any(
        other is not access and other.array == access.array for other in code.accesses
    ):
        return None
    sizes = code.sizes()
    rest, moving = access.at, []
    for name in access.loops:
        parts = rest.by(name)
        if parts is None:
            return None
        if parts[0].terms:
            moving.append((parts[0].number or -1, sizes[name].number or -1))
            rest = parts[1]
        elif name != axis.name and not access.adds and sizes[name].number != 1:
            return None
    for name in [name for name in rest.names if access.adds and name in code.bounds]:
        parts = rest.by(name)
        assert parts is not None
        moving.append((parts[0].number or -1, code.bounds[name].number or -1))
        rest = parts[1]
    count = 1 if is_size(list(rest.names)) else 0
    moving = [(stride, size) for stride, size in moving if size != 1]
    while moving and 0 < count <= _MOST:
        following = [pair for pair in moving if pair[0] == count]
        if len(following) != 1:
            return None
        moving.remove(following[0])
        count *= following[0][1]
    return Total(access, rest, count) if 0 < count <= _MOST else None


def private(code: UnitCode, totals: Sequence[Total], rooms: Sequence[str]) -> list[Line]:
    """The lines of a unit that adds to rooms of this thread."""
    lines = list(code.lines)
    for total, room in zip(totals, rooms, strict=True):
        access, number = total.access, total.access.line
        own = f"part * {total.step}"
        text = lines[number].text
        if text.startswith("f->lib->"):
            text = moved_call(text, room, own, total.first)
        else:
            assert access.at is not None
            at = access.at - total.first
            place = f"{own} + {at.text()}" if at.terms else own
            text = f"{room}[{place}] += {_value(text, access)}"
        lines[number] = replace(lines[number], text=text)
    return lines


def carried(code: UnitCode, totals: Sequence[Total], first: str) -> list[Line]:
    """The lines of a unit whose sums go on from piece to piece; `first` is 0 in the first one."""
    lines = list(code.lines)
    for access in (total.access for total in totals if not total.access.adds):
        text = lines[access.line].text
        if text.startswith("f->lib->"):
            text = adding_call(text, f"{first} > 0")
        else:
            place, value = text.split(" = ", 1)
            value = value.removesuffix(";")
            text = f"{place} = {first} > 0 ? {place} + {value} : {value};"
        lines[access.line] = replace(lines[access.line], text=text)
    return lines


def _value(text: str, access: Access) -> str:
    """What a statement stores, up to its end."""
    return text.split(" += " if access.adds else " = ", 1)[1]


def cleared(total: Total, room: str) -> str:
    """Zeros in the room of this thread."""
    return f"SG_CLEAR({room} + part * {total.step}, {total.count});"


def added_up(total: Total, room: str, line: Line) -> UnitCode:
    """The unit that adds up the sums of all threads."""
    array, first, count = total.access.array, total.first, total.count
    to = f"({array} + {first.text()})" if first.terms else array
    add = int(total.access.adds)
    text = f"SG_ADD_UP({to}, {room}, {total.step}, {add}, 0, {count});"
    code = UnitCode([replace(line, text=text, depth=1, note="")], stores=[0])
    at = first
    if count != 1:
        code.axes.append(Axis("%0", Polynomial({(): count}), 0, 0, 0))
        at += Polynomial({("%0",): 1})
    code.accesses += [
        Access(room, None, False, ("%0",)),
        Access(array, at, True, ("%0",)),
    ]
    return code
