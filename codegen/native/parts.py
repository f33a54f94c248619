"""One program for several threads: every unit is computed in parts, with few barriers between.

All threads run the whole program. Of a unit each computes the entries that its share of one axis
owns, or sums over its share of one; what has no such axis the first thread computes alone. A thread
may read at once what it has computed itself, and after a barrier what others have. So forward and
backward pass of a batch have no barrier inside: each thread sums gradients over its own samples,
all meet, and each adds up and updates a share of the parameters. Which thread computes an entry
depends on sizes alone, and so does every sum: results are the same in every run.

One thread meets nobody, but goes through the samples in pieces as each of several does, where that
keeps values in its cache.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from symgraph.codegen.native import partial_sums
from symgraph.codegen.native.accesses import Axis, UnitCode, read_unit
from symgraph.codegen.native.partial_sums import Total, added_up, is_worth_it, totals_over
from symgraph.codegen.native.pieces import Loop, Phase, Step, Unit, may_pay, write
from symgraph.codegen.native.positions import Polynomial, read
from symgraph.codegen.native.shares import (
    ALONE,
    ANY,
    CHECKED,
    OWN,
    Division,
    Ranges,
    Share,
    State,
    Touch,
    clashes,
    is_size,
    may_divide,
    owner_of,
    span,
)
from symgraph.codegen.native.writer import CWriter, Line
from symgraph.node import Kind

__all__ = ["MACROS", "divide", "may_pay"]

#: The first entry of a share of n, and the first behind it; sums.
MACROS = f"""\
/* Where the share of this thread begins and ends. */
#define SG_FROM(n) ((i64)(n) * part / parts)
#define SG_TO(n) ((i64)(n) * (part + 1) / parts)

{partial_sums.MACROS}"""

_CONSTANT = re.compile(r"\b(k\d+)\[\] = \{(.*)\};")
_TIME = re.compile(r"for \(i64 (t\d+) = (?:0; \1 < (.+); \1\+\+|(.+) - 1; \1 >= 0; \1--)\) \{")


def divide(
    w: CWriter, arrays: Mapping[str, Kind], stored: Iterable[str], threads: int, samples: int
) -> None:
    """Divide the lines of a program among threads; for one, go by pieces where that pays.

    `arrays` are the arguments and outputs with their storages; those `stored` have new values.
    A call has about so many `samples`, 0 where that is not known.
    """
    _Divider(w, dict(arrays), frozenset(stored), threads, samples).divide()


@dataclass
class _Choice:
    """How a unit is divided."""

    touches: list[Touch]
    division: Division | None = None
    totals: list[Total] = field(default_factory=list)
    alone: bool = False


class _Divider:
    def __init__(
        self, w: CWriter, storages: dict[str, Kind], stored: frozenset[str], threads: int,
        samples: int,
    ) -> None:  # fmt: skip
        self.w, self.stored, self.threads, self.samples = w, stored, threads, samples
        self.storages = {**storages, **{b.name: b.storage for b in w.memory.buffers.values()}}
        self.constants = dict(_CONSTANT.findall("\n".join(w.constants)))
        self.arrays = frozenset([*self.storages, *self.constants])
        self.times: dict[str, Polynomial] = {}  # lengths of loops over time
        self.hints: dict[str, Counter[tuple[Polynomial, Polynomial]]] = {}  # sizes and strides
        self.phases = [Phase()]
        self.state: State = {}  # what was touched since all threads met
        self.waiting: list[Step] = []  # what another barrier stands before
        self.behind: dict[str, bool] = {}  # the arrays of these, and whether they are written
        self.batches: set[Polynomial] = set()  # sizes of axes that are summed over in parts

    def divide(self) -> None:
        """Read the lines, choose, and write them."""
        steps = self.read()
        self.ranges = {**self.times}
        for name, text in self.w.bounds.items():
            size = read(text)
            if size is not None:
                self.ranges[name] = size
        for step in steps:
            self._take(step)
        while self.waiting:
            self._flush()
        write(self.w, self.phases, self.batches, self.threads, self.samples)

    # --- reading ------------------------------------------------------------------------------

    def read(self) -> list[Step]:
        """The units and the loops over time."""
        root: list[Step] = []
        stack = [root]
        lines, k = self.w.lines, 0
        ends: list[tuple[int, Loop]] = []
        heading = ""
        while k < len(lines):
            if ends and k == ends[-1][0]:
                stack.pop()
                ends.pop()[1].end = lines[k]
                k += 1
                continue
            if lines[k].text.startswith("/*"):
                heading = lines[k].text
                k += 1
                continue
            time, last = _TIME.fullmatch(lines[k].text), _end(lines, k)
            if time and lines[last].unit != lines[k].unit:
                size = read(time[2] or time[3])
                if size is not None:
                    self.times[time[1]] = size
                loop = Loop(lines[k], [], lines[last], heading)
                stack[-1].append(loop)
                stack.append(loop.body)
                ends.append((last, loop))
                k += 1
                continue
            last = _unit_end(lines, k, ends[-1][0] if ends else len(lines))
            code = read_unit(lines[k:last], self.arrays, self.constants)
            owner = self.w.memory.owner  # values that share a buffer are one array
            code.accesses = [replace(one, array=owner(one.array)) for one in code.accesses]
            stack[-1].append(Unit(code, heading))
            self._hint(code)
            k = last
        return root

    def _hint(self, code: UnitCode) -> None:
        sizes = code.sizes()
        for access in code.accesses:
            for name in access.loops:
                found = access.at.by(name) if access.at is not None else None
                if found is not None and found[0].terms:
                    self.hints.setdefault(access.array, Counter())[sizes[name], found[0]] += 1

    # --- the order of steps, and where all threads wait for each other --------------------------

    def _take(self, step: Step) -> None:
        """The next step of the program: what reads sums of others waits for a barrier with them.

        All of the samples wait for nothing: where they need such a sum, there is a barrier now.
        """
        if isinstance(step, Loop):
            self._decide_loop(step)
        while self._follows(step):
            if isinstance(step, Unit) and not self._goes_by_samples(step):
                self._put_off(step)
                return
            self._flush()
        self._place(step)

    def _follows(self, step: Step) -> bool:
        """Whether a step must come behind one that waits."""
        return any(
            array in self.behind and (writes or self.behind[array])
            for array, writes in self._mentioned(step)
        )

    def _put_off(self, step: Step) -> None:
        self.waiting.append(step)
        for array, writes in self._mentioned(step):
            self.behind[array] = writes or self.behind.get(array, False)

    def _mentioned(self, step: Step) -> Iterator[tuple[str, bool]]:
        """The arrays of a step, and whether it writes to them."""
        for unit in (step,) if isinstance(step, Unit) else step.units():
            yield from ((access.array, access.writes) for access in unit.code.accesses)
            yield from ((touch.array, touch.writes) for touch in self._special(unit.code))

    def _goes_by_samples(self, unit: Unit) -> bool:
        choice = self._choose(unit.code, {}, sums=True)
        return choice.division is not None and choice.division.size in self.batches

    def _flush(self) -> None:
        """A barrier, and all that waits for one."""
        steps, self.waiting = self.waiting, []
        self.behind.clear()
        self._meet()
        for step in steps:
            self._take(step)

    def _meet(self) -> None:
        self.phases.append(Phase())
        self.state.clear()
        if not self.waiting:
            self.behind.clear()

    def _place(self, step: Step) -> None:
        """The step in the present phase, or behind a barrier."""
        touches = self._settle(step)
        if self._clashes(step, touches):
            if self.waiting:
                self._flush()
            touches = self._settle(step)
            if self._clashes(step, touches):
                self._meet()
                touches = self._settle(step)
        phase = self.phases[-1]
        phase.steps.append(step)
        if isinstance(step, Unit) and step.totals:
            touches = [*touches, *self._make_rooms(step, phase)]
        for touch in touches:
            self.state.setdefault(touch.array, set()).add(touch)

    def _clashes(self, step: Step, touches: Sequence[Touch]) -> bool:
        """Whether a step must stand behind a barrier.

        One thread has no rooms: sums change what stood there before the first piece, which nothing
        that goes by samples may need.
        """
        if clashes(touches, self._before(step)):
            return True
        if self.threads > 1 or not isinstance(step, Unit) or step.division is None:
            return False
        found = [
            touch.owner for total in step.totals for touch in self.state.get(total.access.array, ())
        ]
        size = step.division.size
        return any(one.size == size if isinstance(one, Share) else one != ALONE for one in found)

    def _before(self, step: Step) -> State:
        """What was touched so far; one thread computes what is whole before all pieces."""
        if self.threads > 1 or not isinstance(step, Unit):
            return self.state
        return {
            array: {touch for touch in found if touch.owner != ALONE}
            for array, found in self.state.items()
        }

    def _settle(self, step: Step) -> list[Touch]:
        """Choose how a step is divided in the present state; what it touches then."""
        if isinstance(step, Loop):
            return step.touches
        choice = self._choose(step.code, self._before(step), sums=True)
        step.division, step.totals, step.alone = choice.division, choice.totals, choice.alone
        step.touches = choice.touches
        return choice.touches

    def _make_rooms(self, unit: Unit, phase: Phase) -> list[Touch]:
        """Memory of every thread for its sums, which are added up behind the next barrier.

        One thread forms them where they belong.
        """
        w = self.w
        assert unit.division is not None
        self.batches.add(unit.division.size)
        if self.threads == 1:
            self.behind |= {total.access.array: True for total in unit.totals}
            return [Touch(total.access.array, True, OWN) for total in unit.totals]
        for total in unit.totals:
            room = w.name("g")
            storage = self.storages[total.access.array]
            w.memory.add(room, total.step * self.threads, storage)
            unit.rooms.append(room)
            phase.cleared.append(partial_sums.cleared(total, room))
            self._put_off(Unit(added_up(total, room, unit.code.lines[0]), unit.heading))
        return [Touch(room, True, OWN) for room in unit.rooms]

    def _decide_loop(self, loop: Loop) -> None:
        """Barriers inside of a loop over time; one before it serves all of its steps."""
        inner: State = {}
        self._decide_body(loop.body, inner)
        count = -1
        while count != _barriers(loop.body):  # until the end of a step meets the next one
            count = _barriers(loop.body)
            self._decide_body(loop.body, inner)
        units = loop.units()
        loop.touches = [touch for unit in units for touch in unit.touches]

    def _decide_body(self, steps: Sequence[Step], state: State) -> None:
        for step in steps:
            if isinstance(step, Loop):
                if not step.touches:
                    self._decide_loop(step)
            elif not step.touches:
                choice = self._choose(step.code, state)
                step.division, step.alone = choice.division, choice.alone
                step.touches = choice.touches
            if step.barrier or clashes(step.touches, state):
                step.barrier = True
                state.clear()
            for touch in step.touches:
                state.setdefault(touch.array, set()).add(touch)

    # --- how a unit is divided ------------------------------------------------------------------

    def _choose(self, code: UnitCode, state: State, sums: bool = False) -> _Choice:
        """The division of a unit with the fewest barriers."""
        best: tuple[int, ...] | None = None
        choice: _Choice | None = None
        for axis, totals in self._ways(code, sums):
            for size in self._candidates(code, axis):
                each = axis.size.over(size)
                if each is None or (totals and not is_worth_it(size)):
                    continue
                division = Division(axis, size, each)
                touches = self._touches(code, division, totals)
                if touches is None:
                    continue
                rank = self._rank(touches, state, division, totals)
                if best is None or rank < best:
                    best, choice = rank, _Choice(touches, division, totals)
        if choice is not None:
            return choice
        if not code.stores and code.readable:  # every thread makes the same test
            touches = [Touch(one.array, False, ANY) for one in code.accesses]
            return _Choice(touches + self._special(code))
        touches = [Touch(one.array, one.writes, ALONE) for one in code.accesses]
        return _Choice(touches + self._special(code), alone=True)

    @staticmethod
    def _ways(code: UnitCode, sums: bool) -> Iterator[tuple[Axis, list[Total]]]:
        """The axes that may be divided, and what is summed over them."""
        for axis in code.axes if code.readable else ():
            if may_divide(code, axis):
                yield axis, []
            totals = totals_over(code, axis) if sums else None
            if totals is not None:
                yield axis, totals

    def _rank(
        self, touches: Sequence[Touch], state: State, division: Division, totals: Sequence[Total]
    ) -> tuple[int, ...]:
        """Few barriers first, then samples of a batch, then what others do with the arrays."""
        alike = sum(
            (touch.owner.size, touch.owner.stride) in self.hints.get(touch.array, {})
            for touch in touches
            if isinstance(touch.owner, Share)
        )
        number = division.size.number
        sides = 2 if number is not None else int(list(division.size.terms.values()) != [1])
        return (clashes(touches, state), bool(totals), sides, number is not None and number < 8,
                -alike, -(number or 0), division.axis.line)  # fmt: skip

    def _candidates(self, code: UnitCode, axis: Axis) -> list[Polynomial]:
        """Sizes that the axis may be divided by: its own, and those other loops have."""
        found = [axis.size]
        found += [Polynomial({(name,): 1}) for name in sorted(axis.size.names) if is_size([name])]
        for access in code.accesses:
            stride = access.at.by(axis.name) if access.at is not None else None
            if stride is None or not stride[0].terms:
                continue
            for size, step in self.hints.get(access.array, {}):
                each = axis.size.over(size)
                if each is not None and each * stride[0] == step:
                    found.append(size)
        return list(dict.fromkeys(found))

    def _touches(
        self, code: UnitCode, division: Division, totals: Sequence[Total]
    ) -> list[Touch] | None:
        """What a unit touches when it is divided so; None where that is not possible.

        Entries that were tested belong to who has tested them, as if they had been written.
        """
        found: list[Touch] = []
        ranges = Ranges(code, self.ranges)
        summed = {total.access.array for total in totals}
        for access in code.accesses:
            if access.array in summed:
                continue
            owner = owner_of(ranges, access, division)
            writes = access.writes or not code.stores
            if writes and not isinstance(owner, Share):
                return None
            found.append(Touch(access.array, writes, owner, span(ranges, access)))
        own: State = {}
        for touch in found:
            own.setdefault(touch.array, set()).add(touch)
        if clashes(found, own):
            return None
        return found + self._special(code)

    def _special(self, code: UnitCode) -> list[Touch]:
        """Nothing is stored in an argument before all checks are passed."""
        found = [Touch("checks", True, CHECKED)] if code.refuses else []
        if any(access.writes and access.array in self.stored for access in code.accesses):
            found.append(Touch("checks", False, ANY))
        return found


def _end(lines: Sequence[Line], start: int) -> int:
    """Where the block that begins in a line ends."""
    depth = lines[start].depth
    if not lines[start].text.endswith("{"):
        return start
    for k in range(start + 1, len(lines)):
        if lines[k].depth == depth and lines[k].text.startswith("}"):
            return k
    return len(lines) - 1


def _unit_end(lines: Sequence[Line], start: int, stop: int) -> int:
    """The first line behind a unit, which ends outside of all blocks."""
    k = start
    while k < stop and (k == start or lines[k].unit == lines[start].unit):
        k = _end(lines, k) + 1
    return k


def _barriers(steps: Sequence[Step]) -> int:
    """How many barriers there are."""
    return sum(
        step.barrier + (_barriers(step.body) if isinstance(step, Loop) else 0) for step in steps
    )
