"""The lines of a program that goes through its samples in pieces, and is divided among threads.

Between two barriers each thread does what concerns its own samples piece by piece: forward and
backward pass of some samples, whose values are still in the cache, then of the next ones. One
thread alone does so for large batches, where more values stay in the cache than are read again for
every piece.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from symgraph.codegen.native.accesses import UnitCode, divided_call
from symgraph.codegen.native.partial_sums import Total, carried, private
from symgraph.codegen.native.positions import ONE, Polynomial, read
from symgraph.codegen.native.shares import Division, Share, Touch
from symgraph.codegen.native.translation import weight
from symgraph.codegen.native.writer import CWriter, Line
from symgraph.errors import ShapeError
from symgraph.shapes import Dim, bind_dim, dim_symbols

__all__ = ["Loop", "Phase", "Step", "Unit", "may_pay", "write"]

_BARRIER = "if (f->lib->wait(f->barrier)) return -1;"
_NAME = re.compile(r"\b[a-z]+\d+\b")
_CACHE = 1 << 20  # bytes of values in a piece
_MOST = 8 << 20  # more than that is not in the cache either way
_ROWS = 48  # the samples of a piece are a multiple, as the heights of tiles of products divide
_AGAIN = 4  # bytes in a piece for each that the next one reads again
_LONGEST = 250  # statements in one loop: compilers take more than linear time
_LINES = 1000


@dataclass
class Unit:
    """Code that runs to its end; `heading` is the comment that it stands under."""

    code: UnitCode
    heading: str
    touches: list[Touch] = field(default_factory=list)  # in a loop over time
    division: Division | None = None
    totals: list[Total] = field(default_factory=list)  # sums over the divided axis
    rooms: list[str] = field(default_factory=list)  # where they are
    alone: bool = False
    barrier: bool = False


@dataclass
class Loop:
    """A loop over time."""

    head: Line
    body: list[Step]
    end: Line
    heading: str
    touches: list[Touch] = field(default_factory=list)
    barrier: bool = False

    def units(self) -> Iterator[Unit]:
        """All units inside."""
        for step in self.body:
            yield from _units(step)


Step = Unit | Loop


@dataclass
class Phase:
    """What lies between two barriers: rooms that are cleared first, and steps in order."""

    cleared: list[str] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)


def may_pay(w: CWriter, samples: int) -> bool:
    """Whether it is worth while to look for pieces for one thread; see `write`.

    Long programs and loops over time are cut between layers and steps, which hand on large values.
    """
    if w.memory.loops or len(w.lines) > _LINES:
        return False
    sizes = (_at(buffer.size, samples) for buffer in w.memory.buffers.values())
    return any(_width(w) * size > _CACHE for size in sizes)


def write(
    w: CWriter, phases: Sequence[Phase], batches: Collection[Polynomial], threads: int, samples: int
) -> None:
    """Put the lines of all phases in place of those of the program.

    They stay as they are for one thread that has no use for pieces: `samples` is what it may
    expect of sizes that the text leaves open.
    """
    _Text(w, batches, threads, samples).write(phases)


class _Text:
    def __init__(
        self, w: CWriter, batches: Collection[Polynomial], threads: int, samples: int
    ) -> None:
        self.w, self.batches, self.threads, self.samples = w, batches, threads, samples
        self.lines: list[Line] = []
        self.users: dict[str, list[Unit]] = {}  # of buffers
        self.moved: set[str] = set()  # buffers that only hold the samples of a piece
        self.unit = 0
        self.heading = ""
        self.barriers: list[int] = []
        self.loops: list[tuple[int, int]] = []
        self.pieces: list[tuple[int, int, list[str]]] = []  # their loops, and rooms of one thread

    def write(self, phases: Sequence[Phase]) -> None:
        """All of the program."""
        for unit in (unit for phase in phases for step in phase.steps for unit in _units(step)):
            for array in {access.array for access in unit.code.accesses}:
                self.users.setdefault(array, []).append(unit)
        for k, phase in enumerate(phases):
            if k and self.threads > 1:
                self._wait(1)
            for text in phase.cleared:
                self._say([Line(text, 1, 0)])
            for part in self._parts(phase.steps):
                if len(part) > 1:
                    self._pieces(part)
                else:
                    self._step(part[0], 0)
        if self.threads > 1 or self.pieces:
            self.w.lines = self.lines
            self._keep_memory()

    # --- steps ----------------------------------------------------------------------------------

    def _parts(self, steps: Sequence[Step]) -> Iterator[list[Step]]:
        """Steps one by one, and those together that go piece by piece through the same samples.

        Steps of one phase that are divided otherwise have nothing to do with these, and go before.
        """
        run: list[Step] = []
        for step in [*steps, None]:
            if isinstance(step, Unit):
                run.append(step)
                continue
            sizes = Counter(
                one.division.size
                for one in run
                if isinstance(one, Unit) and one.division and self._is_batch(one.division.size)
            )
            common = max(sizes, key=lambda size: sizes[size], default=None)
            own = [one for one in run if isinstance(one, Unit) and _size(one) == common is not None]
            yield from ([one] for one in run if one not in own)
            yield from self._cut(own)
            run = []
            if step is not None:
                yield [step]

    def _is_batch(self, size: Polynomial) -> bool:
        return size in self.batches or size.number is None

    def _cut(self, units: Sequence[Unit]) -> Iterator[list[Step]]:
        """Units in parts of moderate length."""
        part: list[Step] = []
        work = 0
        for unit in units:
            own = sum(weight(line.text) for line in unit.code.lines)
            if part and work + own > _LONGEST:
                yield part
                part, work = [], 0
            part.append(unit)
            work += own
        if part:
            yield part

    def _pieces(self, part: Sequence[Step]) -> None:
        """Steps on the samples of a share, some at a time."""
        units = [step for step in part if isinstance(step, Unit)]
        moved = self._movable(units)
        rows = self._rows(units, moved)
        if rows is None:
            for step in part:
                self._step(step, 0)
            return
        division = units[0].division
        assert division is not None
        first, last, size = self.w.name("t"), self.w.name("t"), division.size.text()
        start = self.unit + 1
        for text, depth, note in self._head(first, last, size, rows):
            self._say([Line(text, depth, 0, note)])
        rooms: list[str] = []
        for array, each in moved.items():
            for text in self._narrowed(array, each, _room(rows), first, rooms):
                self._say([Line(text, 2, 0)])
        for unit in units:
            self._step(unit, 1, (first, last))
        self._say([Line("}", 1, 0)])
        self.pieces.append((start, self.unit, rooms))

    def _head(self, first: str, last: str, size: str, rows: int) -> Iterator[tuple[str, int, str]]:
        """The loop over the pieces of a share, none of them short; its lines, depths and notes.

        One thread has one piece where there are no samples, which puts zeros into all sums.
        """
        note = f"{rows} at a time, which the cache holds"
        begin, before, end = "0", "-1", size
        if self.threads > 1:
            begin, before, end = f"SG_FROM({size})", "0", f"SG_TO({size})"
        goes_on = f"{first} < {end}" if self.threads > 1 else f"{last} < {end}"
        head = f"{first} = {begin}, {last} = {before}; {goes_on}; {first} = {last}"
        yield f"for (i64 {head}) {{", 1, note
        rest = f"{end} - {first} <= {_room(rows)}"
        yield f"{last} = {rest} ? {end} : {first} + {rows};", 2, ""

    def _movable(self, units: Sequence[Unit]) -> dict[str, int]:
        """The arrays that nothing else reads, with their entries for each sample."""
        w, found = self.w, dict[str, int]()
        own = {id(unit) for unit in units}
        for array in dict.fromkeys(touch.array for unit in units for touch in unit.touches):
            buffer = w.memory.buffers.get(array)
            if buffer is None or any(id(user) not in own for user in self.users[array]):
                continue
            shares = {touch.owner for unit in units for touch in unit.touches
                      if touch.array == array}  # fmt: skip
            share = shares.pop()
            if shares or not isinstance(share, Share) or share.first.terms:
                continue
            each = share.stride.number
            if each is not None and read(w.size(buffer.size)) == share.size * share.stride:
                found[array] = each
        return found

    def _narrowed(
        self, array: str, each: int, room: int, first: str, rooms: list[str]
    ) -> Iterator[str]:
        """Places in a room of this thread for an array: it holds the samples of a piece."""
        w, name = self.w, self.w.name("b")
        buffer = w.memory.buffers[array]
        w.memory.add(name, self.threads * room * each, buffer.storage)
        self.moved.add(array)
        rooms.append(name)
        times = f" * {each}" if each != 1 else ""
        place = f"{name} + (part * {room} - {first})" if self.threads > 1 else f"{name} - {first}"
        for known in buffer.names:
            yield f"{w.ctype(buffer.storage)} *const {known} = {place}{times};"

    def _step(self, step: Step, deeper: int, piece: tuple[str, str] | None = None) -> None:
        if step.heading != self.heading:
            self.heading = step.heading
            self._say([Line(step.heading, 1 + deeper, 0)])
        if isinstance(step, Loop):
            if step.barrier:
                self._wait(step.head.depth)
            first = self.unit + 1
            self._say([step.head])
            for each in step.body:
                self._step(each, deeper)
            self._say([step.end])
            self.loops.append((first, self.unit))
            return
        if step.barrier:
            self._wait(step.code.lines[0].depth)
        lines = _divided(step, piece) if piece or self.threads > 1 else step.code.lines
        self._say([replace(line, depth=line.depth + deeper) for line in lines])

    def _say(self, lines: Sequence[Line]) -> None:
        """Lines of a unit of their own."""
        self.unit += 1
        self.lines += [replace(line, unit=self.unit) for line in lines]

    def _wait(self, depth: int) -> None:
        self._say([Line(_BARRIER, depth, 0)])
        self.barriers.append(self.unit)

    # --- the samples of a piece -----------------------------------------------------------------

    def _rows(self, units: Sequence[Unit], moved: Mapping[str, int]) -> int | None:
        """How many samples the cache holds; None where that is not known, or few.

        A piece has several times as many values as there are weights and sums, both of which are
        read for each, or where those are large at least as many as weights.
        """
        found = self._load(units)
        if found is None:
            return None
        width = _width(self.w)
        row, weights, sums = (width * entries for entries in found)
        for again in (_AGAIN * (weights + sums), weights):
            rows = max(_CACHE, again) // row // _ROWS * _ROWS or _ROWS
            if _room(rows) * row <= _MOST:
                break
        else:
            return None
        if self.threads > 1:
            return rows
        assert units[0].division is not None
        samples = units[0].division.size.number
        if (self.samples if samples is None else samples) <= _room(rows):
            return None
        stays = width * sum(moved.values())
        return rows if 4 * stays >= row and _pays(rows * stays, weights, sums) else None

    def _load(self, units: Sequence[Unit]) -> tuple[int, int, int] | None:
        """The entries of a sample, of what all samples read, and of sums over them."""
        each, shared = dict[str, int](), dict[str, int]()
        for unit in units:
            for touch in unit.touches:
                size = self._entries(touch.array)
                if isinstance(touch.owner, Share):
                    assert unit.division is not None
                    one = size.over(unit.division.size) if size is not None else touch.owner.stride
                    if one is None or one.number is None:
                        return None
                    each[touch.array] = max(each.get(touch.array, 0), one.number)
                elif size is not None and size.number is not None:
                    shared[touch.array] = size.number
                elif touch.span is not None:
                    shared[touch.array] = max(shared.get(touch.array, 0), touch.span[1] + 1)
        sums = sum(total.count for unit in units for total in unit.totals)
        row = sum(each.values())
        return (row, sum(shared.values()), sums) if row else None

    def _entries(self, array: str) -> Polynomial | None:
        """How large an array of the arena is."""
        buffer = self.w.memory.buffers.get(array)
        return read(self.w.size(buffer.size)) if buffer is not None else None

    # --- memory ---------------------------------------------------------------------------------

    def _keep_memory(self) -> None:
        """When buffers are needed: none gives its place away before all are done with it."""
        memory = self.w.memory
        for buffer in memory.buffers.values():
            buffer.first = buffer.last = -1
        for line in self.lines:
            for name in _NAME.findall(line.text):
                found = memory.buffers.get(memory.owner(name))
                if found is not None and found.name not in self.moved:
                    found.mention(line.unit)
        memory.loops = self.loops
        if self.threads == 1:
            for first, last, rooms in self.pieces:
                memory.loops.append((first, last))
                for room in rooms:
                    memory.buffers[room].mention(last)
            return
        for first, last in self.loops:
            if any(first < wait < last for wait in self.barriers):
                for buffer in memory.buffers.values():
                    if first <= buffer.first and buffer.last <= last:
                        buffer.first, buffer.last = first, last
        for buffer in memory.buffers.values():
            if buffer.first >= 0:
                later = bisect_left(self.barriers, buffer.last)
                end = self.barriers[later] - 1 if later < len(self.barriers) else self.unit
                buffer.last = max(buffer.last, end)


def _width(w: CWriter) -> int:
    """The bytes of a real number."""
    return 4 if w.real == "float" else 8


def _room(rows: int) -> int:
    """The most samples of a piece."""
    return rows + rows // 2


def _at(size: Dim, samples: int) -> int:
    """About what a size is for so many samples."""
    if isinstance(size, int) or not samples:
        return size if isinstance(size, int) else 0
    try:
        return bind_dim(size, dict.fromkeys(dim_symbols([size]), samples))
    except ShapeError:  # that number does not divide
        return samples


def _pays(stays: int, weights: int, sums: int) -> bool:
    """Whether pieces save one thread time, by the bytes that need not go through memory for each.

    What all samples need comes anew for each: weights are read, sums are read and written.
    """
    return 2 * stays >= 3 * (weights + 2 * sums)


def _units(step: Step) -> Iterator[Unit]:
    if isinstance(step, Loop):
        yield from step.units()
    else:
        yield step


def _size(unit: Unit) -> Polynomial | None:
    return unit.division.size if unit.division is not None else None


def _divided(unit: Unit, piece: tuple[str, str] | None) -> list[Line]:
    """The lines of a unit in parts.

    Sums go to rooms of the threads; where one thread has no rooms they go on from piece to piece.
    """
    if unit.totals and not unit.rooms:
        assert piece is not None
        lines = carried(unit.code, unit.totals, piece[0])
    else:
        lines = private(unit.code, unit.totals, unit.rooms)
    if unit.alone:
        first = lines[0]
        deeper = [replace(line, depth=line.depth + 1) for line in lines]
        head = replace(first, text="if (part == 0) {", note="")
        return [head, *deeper, replace(first, text="}", note="")]
    if unit.division is None:
        return lines
    axis, size, each = unit.division
    count = "" if each == ONE else f" * {each.text()}"
    begin, end = piece or (f"SG_FROM({size.text()})", f"SG_TO({size.text()})")
    begin, end = f"{begin}{count}", f"{end}{count}"
    line = lines[axis.line]
    if axis.place >= 0:
        text = divided_call(line.text, axis.place, begin, f"{end} - {begin}")
    else:
        text = f"for (i64 {axis.name} = {begin}; {axis.name} < {end}; {axis.name}++) {{"
    lines[axis.line] = replace(line, text=text)
    return lines
