"""One program for several threads: every unit is computed in parts, with few barriers between.

All threads run the whole program. Of a unit each computes the entries that its share of one axis
owns; what has no such axis the first thread computes alone. A thread may read at once what it has
computed itself, and after a barrier what others have. So a program whose loops over time treat the
samples of a batch apart from each other has no barrier inside of them. Which thread computes an
entry depends on sizes alone, and so does every sum: results are the same in every run.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from symgraph.codegen.native.accesses import (
    Access,
    Axis,
    UnitCode,
    divided_call,
    indices,
    read_unit,
)
from symgraph.codegen.native.positions import Polynomial, read
from symgraph.codegen.native.writer import CWriter, Line

__all__ = ["MACROS", "divide"]

#: The first entry of a share of n, and the first behind it.
MACROS = """\
/* Where the share of this thread begins and ends. */
#define SG_FROM(n) ((i64)(n) * part / parts)
#define SG_TO(n) ((i64)(n) * (part + 1) / parts)"""

_BARRIER = "if (f->lib->wait(f->barrier)) return -1;"
_TIME = re.compile(r"for \(i64 (t\d+) = (?:0; \1 < (.+); \1\+\+|(.+) - 1; \1 >= 0; \1--)\) \{")
_ONE = Polynomial({(): 1})


class Share(NamedTuple):
    """Who owns an entry: of `size` indices with a stride the share of each thread, from `first`."""

    size: Polynomial
    stride: Polynomial
    first: Polynomial


class _Kind(NamedTuple):
    name: str


#: The first thread computes it; every thread may touch every entry.
Owner = Share | _Kind
ALONE, ANY = _Kind("alone"), _Kind("any")


class Touch(NamedTuple):
    """What happens to an array, by whom, and between which entries if that is known."""

    array: str
    writes: bool
    owner: Owner
    span: tuple[int, int] | None


def _clash(a: Touch, b: Touch) -> bool:
    """Whether one thread may touch what another one writes."""
    if not (a.writes or b.writes) or (a.owner == b.owner and a.owner != ANY):
        return False
    apart = a.span and b.span and (a.span[1] < b.span[0] or b.span[1] < a.span[0])
    return not apart


State = dict[str, set[Touch]]


@dataclass
class _Unit:
    code: UnitCode
    touches: list[Touch] | None = None  # once it is decided how it is divided
    division: tuple[Axis, Polynomial, Polynomial] | None = None  # axis, owners, entries of each
    alone: bool = False
    barrier: bool = False


@dataclass
class _Loop:
    head: Line
    body: list[_Unit | _Loop]
    end: Line
    barrier: bool = False
    touches: list[Touch] = field(default_factory=list)


def divide(w: CWriter, arrays: Iterable[str], stored: Iterable[str]) -> None:
    """Divide the lines of a program among threads; `stored` are the arguments with new values."""
    divider = _Divider(w, frozenset([*arrays, *w.memory.buffers]), frozenset(stored))
    tree = divider.read()
    divider.decide(tree, {})
    w.lines = [line for step in tree for line in divider.written(step)]
    divider.keep_memory()


class _Divider:
    def __init__(self, w: CWriter, arrays: frozenset[str], stored: frozenset[str]) -> None:
        self.w, self.arrays, self.stored = w, arrays, stored
        self.times: dict[str, Polynomial] = {}  # lengths of loops over time
        self.hints: dict[str, Counter[tuple[Polynomial, Polynomial]]] = {}  # sizes and strides
        self.barriers: list[int] = []  # units behind one

    # --- reading ------------------------------------------------------------------------------

    def read(self) -> list[_Unit | _Loop]:
        """The units and the loops over time."""
        root: list[_Unit | _Loop] = []
        stack = [root]
        lines, k = self.w.lines, 0
        ends: list[int] = []
        while k < len(lines):
            if ends and k == ends[-1]:
                stack.pop()
                ends.pop()
                loop = stack[-1][-1]
                assert isinstance(loop, _Loop)
                loop.end = lines[k]
                k += 1
                continue
            time, last = _TIME.fullmatch(lines[k].text), _end(lines, k)
            if time and lines[last].unit != lines[k].unit:
                size = read(time[2] or time[3])
                if size is not None:
                    self.times[time[1]] = size
                stack[-1].append(_Loop(lines[k], [], lines[last]))
                loop = stack[-1][-1]
                assert isinstance(loop, _Loop)
                stack.append(loop.body)
                ends.append(last)
                k += 1
                continue
            heading = lines[k].text.startswith("/*")
            last = k + 1 if heading else _unit_end(lines, k, ends[-1] if ends else len(lines))
            code = read_unit(lines[k:last], self.arrays)
            owner = self.w.memory.owner  # values that share a buffer are one array
            code.accesses = [replace(one, array=owner(one.array)) for one in code.accesses]
            stack[-1].append(_Unit(code))
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

    # --- deciding -----------------------------------------------------------------------------

    def decide(self, steps: Sequence[_Unit | _Loop], state: State) -> None:
        """Choose how each unit is divided, and where all threads wait for each other."""
        for step in steps:
            if isinstance(step, _Loop):
                self._decide_loop(step, state)
            elif step.touches is None:
                self._decide_unit(step, state)
                self._meet(step, step.touches or [], state)
            else:
                self._meet(step, step.touches, state)

    def _meet(self, step: _Unit | _Loop, touches: Sequence[Touch], state: State) -> None:
        """A barrier before a step that touches what others have computed."""
        if step.barrier or _clashes(touches, state):
            step.barrier = True
            state.clear()
        for touch in touches:
            state.setdefault(touch.array, set()).add(touch)

    def _decide_loop(self, loop: _Loop, state: State) -> None:
        """A barrier before the loop serves all of its steps; those inside are for each of them."""
        inner: State = {}
        self.decide(loop.body, inner)
        count = -1
        while count != _barriers(loop.body):  # until the end of a step meets the next one
            count = _barriers(loop.body)
            self.decide(loop.body, inner)
        loop.touches = list(_touches(loop.body))
        if loop.barrier or _clashes(loop.touches, state):
            loop.barrier = True
            state.clear()
        for array, touches in inner.items():
            state.setdefault(array, set()).update(touches)

    def _decide_unit(self, unit: _Unit, state: State) -> None:
        code = unit.code
        if not code.stores and code.readable:
            unit.touches = self._touches(code, None)
        best: tuple[int, ...] | None = None
        for axis in code.axes if code.readable and code.stores else ():
            if not _may_divide(code, axis):
                continue
            for size in self._candidates(code, axis):
                each = axis.size.over(size)
                if each is None:
                    continue
                touches = self._touches(code, (axis, size, each))
                if touches is None:
                    continue
                rank = self._rank(touches, state, axis, size)
                if best is None or rank < best:
                    best = rank
                    unit.touches, unit.division = touches, (axis, size, each)
        if unit.touches is None:
            unit.alone = True
            unit.touches = [
                Touch(access.array, access.writes, ALONE, None) for access in code.accesses
            ] + self._special(code, ALONE)

    def _rank(
        self, touches: Sequence[Touch], state: State, axis: Axis, size: Polynomial
    ) -> tuple[int, ...]:
        """Few barriers first, then samples of a batch, then what others do with the arrays."""
        alike = sum(
            (touch.owner.size, touch.owner.stride) in self.hints.get(touch.array, {})
            for touch in touches
            if isinstance(touch.owner, Share)
        )
        number = size.number
        sides = 0 if number is None else 1
        return (_clashes(touches, state), sides, number is not None and number < 8, -alike,
                -(number or 0), axis.line)  # fmt: skip

    def _candidates(self, code: UnitCode, axis: Axis) -> list[Polynomial]:
        """Sizes that the axis may be divided by: its own, and those other loops have."""
        found = [axis.size]
        found += [Polynomial({(name,): 1}) for name in sorted(axis.size.names) if _known([name])]
        for access in code.accesses:
            stride = access.at.by(axis.name) if access.at is not None else None
            if stride is None or not stride[0].terms:
                continue
            for size, step in self.hints.get(access.array, {}):
                each = axis.size.over(size)
                if each is not None and each * stride[0] == step:
                    found.append(size)
        return list(dict.fromkeys(found))

    # --- who touches what ---------------------------------------------------------------------

    def _touches(
        self, code: UnitCode, division: tuple[Axis, Polynomial, Polynomial] | None
    ) -> list[Touch] | None:
        """What a unit touches when it is divided so; None where that is not possible."""
        found: list[Touch] = []
        for access in code.accesses:
            owner: Owner = ANY
            if division is not None:
                owner = self._owner(code, access, *division)
                if access.writes and not isinstance(owner, Share):
                    return None
            found.append(Touch(access.array, access.writes, owner, self._span(code, access)))
        own: State = {}
        for touch in found:
            own.setdefault(touch.array, set()).add(touch)
        if division is not None and _clashes(found, own):
            return None
        return found + self._special(code, ANY)

    def _special(self, code: UnitCode, owner: Owner) -> list[Touch]:
        """Nothing is stored in an argument before all checks are passed."""
        found = [Touch("checks", True, ALONE, None)] if code.refuses else []
        if any(access.writes and access.array in self.stored for access in code.accesses):
            found.append(Touch("checks", False, ANY, None))
        return found

    def _owner(
        self, code: UnitCode, access: Access, axis: Axis, size: Polynomial, each: Polynomial
    ) -> Owner:
        """Whose entries these are when an axis is divided."""
        if access.at is None or axis.name not in access.loops:
            return ANY
        parts = access.at.by(axis.name)
        if parts is None or not parts[0].terms:
            return ANY
        if any(axis.name in code.atoms.get(name, ()) for name in access.at.names):
            return ANY
        factor, rest = parts
        stride = factor * each
        whole = stride * size
        sizes = {**self.times, **code.sizes()}
        reach, first = factor * (each - _ONE), Polynomial({})
        for names, count in rest.terms.items():
            term = Polynomial({names: count})
            if term.over(whole) is not None:
                continue
            running = [name for name in names if name in sizes]
            if count < 0 or len(running) > 1 or any("(" in name for name in names):
                return ANY
            if not running:
                if _known(names):
                    first += term
                    continue
                return ANY
            by = term.by(running[0])
            assert by is not None
            reach += by[0] * (sizes[running[0]] - _ONE)
        if (stride - reach - first).is_positive():
            return Share(size, stride, Polynomial({}))
        if (stride - reach).is_positive():
            return Share(size, stride, first)
        return ANY

    def _span(self, code: UnitCode, access: Access) -> tuple[int, int] | None:
        """The first and the last entry, if they are numbers."""
        if access.at is None:
            return None
        sizes = {**self.times, **code.sizes()}
        low = high = 0
        for names, count in access.at.terms.items():
            top = Polynomial({(): count})
            for name in names:
                if name not in sizes:
                    return None
                top *= sizes[name] - _ONE
            if top.number is None or count < 0:
                return None
            low += count if not names else 0
            high += top.number
        return low, high

    # --- writing ------------------------------------------------------------------------------

    def written(self, step: _Unit | _Loop) -> list[Line]:
        """The lines of a step in parts."""
        if isinstance(step, _Loop):
            inner = [line for each in step.body for line in self.written(each)]
            return [*self._waited(step.barrier, step.head), step.head, *inner, step.end]
        lines = list(step.code.lines)
        first = lines[0]
        if step.alone:
            deeper = [replace(line, depth=line.depth + 1) for line in lines]
            head = replace(first, text="if (part == 0) {", note="")
            lines = [head, *deeper, replace(first, text="}", note="")]
        elif step.division is not None:
            axis, size, each = step.division
            count = "" if each == _ONE else f" * {each.text()}"
            begin, end = f"SG_FROM({size.text()}){count}", f"SG_TO({size.text()}){count}"
            line = lines[axis.line]
            if axis.place >= 0:
                text = divided_call(line.text, axis.place, begin, f"{end} - {begin}")
            else:
                name = axis.name
                text = f"for (i64 {name} = {begin}; {name} < {end}; {name}++) {{"
            lines[axis.line] = replace(line, text=text)
        return [*self._waited(step.barrier, first), *lines]

    def _waited(self, barrier: bool, before: Line) -> list[Line]:
        if not barrier:
            return []
        self.barriers.append(before.unit)
        return [replace(before, text=_BARRIER, note="")]

    def keep_memory(self) -> None:
        """Let no buffer give its place away before all threads are done with it."""
        units = [line.unit for line in self.w.lines]
        ordered = units == sorted(units)
        end = max(units, default=0) + 1
        for buffer in self.w.memory.buffers.values():
            if buffer.first >= 0:
                later = bisect_right(self.barriers, buffer.last)
                met = ordered and later < len(self.barriers)
                buffer.first = buffer.first if ordered else 0
                buffer.last = self.barriers[later] - 1 if met else end


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


def _known(names: Sequence[str]) -> bool:
    return all(re.fullmatch(r"n\d+", name) for name in names)


def _may_divide(code: UnitCode, axis: Axis) -> bool:
    """Whether all that is written is written inside of an axis, and nothing else is changed."""
    if axis.place == 2:
        return False  # the sums of a product are not divided
    inside = range(axis.line, axis.last + 1)
    if any(line not in inside for line in code.stores):
        return False
    own = {name for name, line in code.declared if line in inside}
    if any(line in inside and name not in own for name, line in code.assigned):
        return False
    return axis.name not in {
        name for other in code.axes for name in indices(other.size, code.atoms)
    }


def _clashes(touches: Iterable[Touch], state: State) -> bool:
    return any(_clash(touch, other) for touch in touches for other in state.get(touch.array, ()))


def _barriers(steps: Sequence[_Unit | _Loop]) -> int:
    """How many barriers there are."""
    return sum(
        step.barrier + (_barriers(step.body) if isinstance(step, _Loop) else 0) for step in steps
    )


def _touches(steps: Sequence[_Unit | _Loop]) -> Iterable[Touch]:
    """What some steps touch."""
    for step in steps:
        if isinstance(step, _Loop):
            yield from step.touches
        else:
            yield from step.touches or ()
