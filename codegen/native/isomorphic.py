"""Isomorphic parts of a program of numbers: which values are computed alike, and in what order.

Values get a colour: the operation and the colours of its operands, leaves being alike. Values of
one colour form a class; a class becomes one statement in a loop over its members, whose operands
stand in tables or are contiguous. Long sums become accumulations into places of memory.

A value that many others read counts as a leaf for them, one layer higher, so that what it is made
of does not keep its readers apart. Layers and depths order the classes: no class depends on itself.
"""

from __future__ import annotations

import itertools
from bisect import bisect_left, insort
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from symgraph.codegen.native.scalars import LEAVES, Instructions
from symgraph.node import Kind

__all__ = ["Group", "Rolled", "find_groups"]

Places = NDArray[np.int64]

_MEMBERS = 8  # a class of fewer is no loop
_TERMS = 8  # a sum of fewer terms is an ordinary expression
_READERS = 8  # a value that so many read is a leaf for them
_PLACES = 4  # more than any operation has operands
_PAIR = 2  # operands that most operations have, and none fewer in a row
_SUMMED = -2  # stands for a long sum that reads a value, and -1 for one that takes it away
_LEAF: dict[Kind, int] = {"real": -1, "integer": -2, "boolean": -3}  # what readers of a leaf see
_NOTHING = -4  # what they see where there is no operand
_ADDITIVE = frozenset(("add", "subtract", "negative"))


class Long(NamedTuple):
    """A long sum: values and whether each is subtracted."""

    terms: list[int]
    negated: list[bool]


@dataclass
class Group:
    """Classes that one loop computes: row k of `classes` holds the member at each of its places,
    and `operands[k]` has a row for each place of their operands."""

    stage: int
    size: int
    classes: list[Places] = field(default_factory=list)
    operands: list[Places] = field(default_factory=list)


@dataclass
class Rolled:
    """Groups, long sums and the other values, each with its stage.

    Stages are computed one after the other: groups have odd ones, single values, among them the
    long sums, even ones. `group_of` is -1 outside of groups, `place_of` the place in the group.
    """

    groups: list[Group]
    sums: dict[int, Long]
    singles: dict[int, list[int]]  # by stage, in order; parts of long sums are left out
    group_of: Places
    place_of: Places


class _Partition(NamedTuple):
    """Values and the numbers of the classes that they are in."""

    members: Places
    classes: Places


def find_groups(code: Instructions, least: int) -> Rolled | None:
    """Everything that is computed, in groups and stages; None where groups are to compute fewer
    than `least` values."""
    return _Finder(code).run(least)


class _Sight(NamedTuple):
    """What readers see of a value."""

    colour: int
    layer: int
    depth: int


class _Sights:
    """The different sights, by numbers: a colour has its own, leaves those below 0.

    `above` is by colours what is seen of a value that many others read.
    """

    def __init__(self) -> None:
        self.told: dict[int, _Sight] = {}
        self.above: list[int] = []
        self._leaves: dict[_Sight, int] = {}
        self._colours: dict[Any, int] = {}

    def leaf(self, colour: int, layer: int) -> int:
        """The number of a leaf."""
        sight = _Sight(colour, layer, 0)
        number = self._leaves.setdefault(sight, -1 - len(self._leaves))
        self.told[number] = sight
        return number

    def colour(self, op: str, *operands: int, storage: Kind) -> int:
        """The colour of an operation on what is seen so; of a long sum layer and depth decide."""
        seen, layers, depths = zip(*map(self.told.__getitem__, operands), strict=True)
        layer, depth = max(layers), max(depths) + 1
        key = (op, layer, depth) if op == "sum" else (op, layer, *seen)
        colour = self._colours.setdefault(key, len(self._colours))
        if colour == len(self.above):
            self.told[colour] = _Sight(colour, layer, depth)
            self.above.append(self.leaf(_LEAF[storage], layer + 1))
        return colour


class _Finder:
    def __init__(self, code: Instructions) -> None:
        self.code, self.count = code, len(code.ops)
        self.roots = code.roots
        self.arity, self.operands = code.columns
        reads = np.bincount(self.operands.ravel(), minlength=self.count + 1)
        self.many = reads[:-1]  # how many read each value
        self.leaf = code.among(LEAVES)
        #: What is computed and read by few; long sums are not, nor is what is no value.
        self.few: list[bool] = [*(~self.leaf & (self.many < _READERS)).tolist(), False]

    def run(self, least: int) -> Rolled | None:
        self._sums()
        self._colours()
        found = self._by_colour()
        if len(found.members) < least:
            return None
        self._classes(found)
        return self._stages() if sum(map(len, self.members)) >= least else None

    # --- long sums ----------------------------------------------------------------------------

    def _sums(self) -> None:
        """Trees of additions whose inner values nothing else reads."""
        code = self.code
        additive = code.among(_ADDITIVE)
        additive &= np.fromiter(map("real".__eq__, code.storages), bool, self.count)
        once = np.append(additive & (self.many == 1), False)
        once[list(self.roots)] = False
        inner = np.zeros(self.count + 1, bool)
        compound = np.zeros(self.count, bool)  # sums of which an operand is one
        for column in self.operands[:_PAIR]:
            joined = once[column] & additive
            inner[column[joined]] = True
            compound |= joined
        self.sums: dict[int, Long] = {}
        absorbed: list[int] = []
        told = inner.tolist()
        rows = [memoryview(row) for row in self.operands[:_PAIR]]  # few are read: no lists of all
        for k in np.flatnonzero(compound & ~inner[:-1]).tolist():
            absorbed += self._sum(k, told, *rows)
        for k in self.sums:
            self.few[k] = False
        computed = ~self.leaf
        computed[absorbed] = False
        #: What is computed without the parts of long sums.
        self.computed: list[int] = np.flatnonzero(computed).tolist()
        self._pairs()

    def _sum(
        self, root: int, inner: Sequence[bool], first: Sequence[int], second: Sequence[int]
    ) -> list[int]:
        """The parts of a long sum that nothing else reads; none of a short one."""
        ops = self.code.ops
        terms: list[int] = []
        negated: list[bool] = []
        parts: list[int] = []
        stack = [(root, False)]
        while stack:
            k, minus = stack.pop()
            while inner[k] or k == root:
                parts.append(k)
                op = ops[k]
                if op == "negative":
                    minus = not minus
                else:
                    stack.append((second[k], minus ^ (op == "subtract")))
                k = first[k]
            terms.append(k)
            negated.append(minus)
        if len(terms) < _TERMS:
            return []
        self.sums[root] = Long(terms, negated)
        return parts[1:]

    def _pairs(self) -> None:
        """The operands of all that is computed, two each, as most have; what has others comes with
        a second one of -1."""
        table = self.operands[:_PAIR, self.computed]
        table[1, self.arity[self.computed] > _PAIR] = -1
        sums = np.zeros(self.count, bool)
        sums[list(self.sums)] = True
        table[1, sums[self.computed]] = -1
        self.pairs = table.tolist()

    def _others(self, k: int) -> list[int]:
        """The operands of a value that has not two."""
        return self.sums[k].terms if k in self.sums else self.operands[: self.arity[k], k].tolist()

    # --- colours ------------------------------------------------------------------------------

    def _colours(self) -> None:
        """A colour for every value, and the layer and the depth of each colour."""
        code, few = self.code, self.few
        colours = [0] * self.count
        sights = _Sights()
        above = sights.above
        number = {kind: sights.leaf(colour, 0) for kind, colour in _LEAF.items()}
        seen = [*map(number.__getitem__, code.storages), sights.leaf(_NOTHING, 0)]
        for k in code.numbers:
            if self.many[k] >= _READERS:
                seen[k] = sights.leaf(_NOTHING - 1 - k, 0)
        alike: dict[Any, int] = {}  # colours, by what is seen of the operands
        sees = seen.__getitem__
        ops = map(code.ops.__getitem__, self.computed)
        for k, a, b, op in zip(self.computed, *self.pairs, ops, strict=True):
            key: Any
            if b >= 0:  # this is the innermost loop of all
                key = op, seen[a], seen[b]
            elif k in self.sums:
                key = "sum", *{*map(sees, self.sums[k].terms)}
            else:
                key = op, *map(sees, self._others(k))
            colour = alike.get(key)
            if colour is None:
                colour = alike[key] = sights.colour(*key, storage=code.storages[k])
            colours[k] = colour
            seen[k] = colour if few[k] else above[colour]
        self.colour, self.sights = colours, sights.told

    # --- classes ------------------------------------------------------------------------------

    def _classes(self, found: _Partition) -> None:
        """Members of one colour; apart by their readers, and by the classes of their operands,
        where that leaves large classes."""
        given = self._roles()
        roles = np.array(given, np.int64)
        found = self._split(found, roles)
        if not self._tell_operands(roles):
            found = self._split(found, np.array(self._descents(given), np.int64))
        order = np.lexsort(found)
        members, classes = found.members[order], found.classes[order]
        ends = [*(np.flatnonzero(np.diff(classes)) + 1).tolist(), len(members)]
        self.members = [members[a:b] for a, b in itertools.pairwise([0, *ends]) if a < b]

    def _by_colour(self) -> _Partition:
        """The values that share their colour with enough others."""
        chosen = np.zeros(self.count, bool)
        chosen[self.computed] = True
        chosen[list(self.sums)] = False
        members = np.flatnonzero(chosen)
        colours = np.array(self.colour, np.int64)[members]
        large = np.bincount(colours)[colours] >= _MEMBERS if len(colours) else slice(None)
        return _Partition(members[large], colours[large])

    def _split(self, found: _Partition, roles: Places) -> _Partition:
        """The classes taken apart by roles where most members stay in large ones."""
        if not len(found.members):
            return found
        order = np.lexsort((roles[found.members], found.classes))
        members, classes = found.members[order], found.classes[order]
        begins = np.diff(classes, prepend=-1) != 0
        part = np.cumsum(begins | (np.diff(roles[members], prepend=-1) != 0)) - 1
        is_large = np.bincount(part)[part] >= _MEMBERS
        number = np.cumsum(begins) - 1
        apart = 5 * np.bincount(number, weights=is_large) >= 4 * np.bincount(number)
        splits = apart[number]
        kept = is_large | ~splits
        whole = part[begins][number]  # the first part stands for all of a class
        return _Partition(members[kept], np.where(splits, part, whole)[kept])

    def _tell_operands(self, roles: Places) -> bool:
        """Whether values of one role have operands of the same roles: then nothing below them can
        tell them apart."""
        seen = np.where(self.few, np.append(roles, -1), -1)
        there = np.flatnonzero(roles >= 0)
        some = np.zeros(int(np.max(roles, initial=0)) + 1, np.int64)
        some[roles[there]] = there  # a value of each role
        alike = some[roles[there]]
        return all(np.array_equal(seen[row[there]], seen[row[alike]]) for row in self.operands)

    def _descents(self, roles: list[int]) -> list[int]:
        """For every value a number of its role and of the roles below."""
        known: dict[Any, int] = {}
        found = [-1] * self.count
        seen = [-1] * (self.count + 1)  # by the readers
        few, number = self.few, known.setdefault
        for k, a, b in zip(self.computed, *self.pairs, strict=True):
            if b >= 0:
                made = number((roles[k], seen[a], seen[b]), len(known))
            elif k in self.sums:
                continue
            else:
                made = number((roles[k], *[seen[a] for a in self._others(k)]), len(known))
            found[k] = made
            if few[k]:
                seen[k] = made
        return found

    def _roles(self) -> list[int]:
        """For every value a number of its colour and of what reads it at which place."""
        colour, sums, few = self.colour, self.sums, self.few
        none = _SUMMED - 1
        #: Role and place of the reader as one number, or all of them, where they differ.
        readers: list[Any] = [none] * (self.count + 1)
        for terms, negated in sums.values():
            for a, minus in zip(terms, negated, strict=True):
                before, seat = readers[a], _SUMMED + minus
                readers[a] = seat if before in (none, seat) else _with(before, seat)
        known: dict[Any, int] = {}
        number = known.setdefault
        roles = [-1] * self.count
        for k, a, b in zip(*map(reversed, (self.computed, *self.pairs)), strict=True):
            if b < 0 and k in sums:
                continue
            context: Any = None  # what tells sets of readers apart
            if few[k]:
                context = readers[k]
            roles[k] = role = number((colour[k], context), len(known))
            seat = _PLACES * role
            for operand in (a, b) if b >= 0 else self._others(k):
                before = readers[operand]
                if before == none:
                    readers[operand] = seat
                elif before != seat and few[operand]:
                    readers[operand] = _with(before, seat)
                seat += 1
        return roles

    # --- stages -------------------------------------------------------------------------------

    def _stages(self) -> Rolled:
        count = self.count
        self.ready = np.ones(count, np.int64)  # for a group: the first stage that may read a value
        self.seat = np.full(count, -1, np.int64)  # `count` times the group, and the place in it
        self.groups: list[Group] = []
        self.singles: dict[int, list[int]] = {}
        self.by_size: dict[int, list[tuple[int, int]]] = {}  # stages and numbers of groups
        is_single = np.zeros(count, bool)
        is_single[self.computed] = True
        is_single[np.concatenate(self.members)] = False
        firsts = np.array([members[0] for members in self.members], np.int64)
        work = np.concatenate([firsts, np.flatnonzero(is_single)])
        numbers = work.tolist()
        told = [self.sights[self.colour[k]] for k in numbers]
        depths = np.array([one.depth for one in told])
        order = np.lexsort((work, depths, np.array([one.layer for one in told])))
        for at in order.tolist():
            if at < len(firsts):
                self._place(self.members[at])
            else:
                self._single(numbers[at])
        there = self.seat >= 0
        group_of = np.where(there, self.seat // count, -1)
        place_of = np.where(there, self.seat % count, 0)
        return Rolled(self.groups, self.sums, self.singles, group_of, place_of)

    def _single(self, k: int) -> None:
        """A value of its own comes when its operands are there."""
        latest: int = max(map(self.ready.item, self._others(k)))
        self.ready[k] = latest
        self.singles.setdefault(latest - 1, []).append(k)

    # NumPy takes longer for what it finds of short arrays than for the arrays: bytes are compared,
    # and maxima taken of several at once.

    def _place(self, members: Places) -> None:
        """A class joins a group, or begins one."""
        columns = self.operands[: self.arity.item(members.item(0))].take(members, axis=1)
        chosen, ordered = self._aligned(columns)
        if chosen is None:
            number = self._group(len(members), self._latest(columns))
        else:
            if ordered is not None:
                members, columns = members.take(ordered), columns.take(ordered, axis=1)
            seats = self._seats(chosen, len(members)).tobytes()
            others = [row for row in columns if self.seat.take(row).tobytes() != seats]
            earliest = max([1, *map(self._latest, others)])
            stage = self.groups[chosen].stage
            earliest = max(earliest, stage) if len(others) < len(columns) else earliest
            number = self._group(len(members), earliest) if stage < earliest else chosen
        group = self.groups[number]
        group.classes.append(members)
        group.operands.append(columns)
        self.seat[members] = self._seats(number, len(members))
        self.ready[members] = group.stage + 2

    def _latest(self, values: Places) -> int:
        """The first stage that may read all of these."""
        return int(np.maximum.reduce(self.ready.take(values), axis=None))

    def _seats(self, number: int, size: int) -> Places:
        """The places of a group in their order."""
        return np.arange(number * self.count, number * self.count + size)

    def _aligned(self, columns: Places) -> tuple[int | None, Places | None]:
        """The latest group of as many members that holds one operand each, and their order there,
        None where it is the present one."""
        size = columns.shape[1]
        best: int | None = None
        order: Places | None = None
        for column, first in zip(columns, self.seat[columns[:, 0]].tolist(), strict=True):
            number = first // self.count
            if first < 0 or self.groups[number].size != size:
                continue
            if best is not None and self.groups[number].stage <= self.groups[best].stage:
                continue
            seats, all_of_it = self.seat.take(column), self._seats(number, size).tobytes()
            if seats.tobytes() == all_of_it:
                best, order = number, None
                continue
            sorting = seats.argsort()
            if seats.take(sorting).tobytes() == all_of_it:
                best, order = number, sorting
        return best, order

    def _group(self, size: int, earliest: int) -> int:
        """A group of that size at that stage or soon after, else a new one."""
        known, groups = self.by_size.setdefault(size, []), self.groups
        at = bisect_left(known, (earliest, 0))
        if at < len(known):
            return known[at][1]
        groups.append(Group(earliest, size))
        insort(known, (earliest, len(groups) - 1))
        return len(groups) - 1


def _with(readers: Any, seat: int) -> frozenset[int]:
    """One reader or several, and another one."""
    return frozenset((readers, seat)) if isinstance(readers, int) else readers | {seat}
