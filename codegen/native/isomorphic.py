"""Isomorphic parts of a program of numbers: which values are computed alike, and in what order.

Values get a colour: the operation and the colours of its operands, leaves being alike. Values of
one colour form a class; a class becomes one statement in a loop over its members, whose operands
stand in tables or are contiguous. Long sums become accumulations into places of memory.

A value that many others read counts as a leaf for them, one layer higher, so that what it is made
of does not keep its readers apart. Layers and depths order the classes: no class depends on itself.
"""

from __future__ import annotations

from bisect import bisect_left, insort
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
_SUMMED = -2  # stands for a long sum that reads a value, and -1 for one that takes it away
_LEAF: dict[Kind, int] = {"real": -1, "integer": -2, "boolean": -3}  # what readers of a leaf see
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


class _Finder:
    def __init__(self, code: Instructions) -> None:
        self.code, self.count = code, len(code.ops)
        self.roots = code.roots
        self.reads = code.reads()
        self.many = np.bincount(self.reads.values, minlength=self.count)
        self.leaf = code.among(LEAVES)
        #: What is computed and read by few; long sums are not.
        self.few: list[bool] = (~self.leaf & (self.many < _READERS)).tolist()

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
        code, (values, readers, _) = self.code, self.reads
        additive = code.among(_ADDITIVE)
        additive &= np.fromiter(map("real".__eq__, code.storages), bool, self.count)
        once = additive & (self.many == 1)
        once[list(self.roots)] = False
        joined = once[values] & additive[readers]
        inner = np.zeros(self.count, bool)
        inner[values[joined]] = True
        compound = np.zeros(self.count, bool)  # sums of which an operand is one
        compound[readers[joined]] = True
        self.sums: dict[int, Long] = {}
        absorbed: list[int] = []
        told = inner.tolist()
        for k in np.flatnonzero(compound & ~inner).tolist():
            absorbed += self._sum(k, told)
        for k in self.sums:
            self.few[k] = False
        computed = ~self.leaf
        computed[absorbed] = False
        #: What is computed without the parts of long sums.
        self.computed: list[int] = np.flatnonzero(computed).tolist()

    def _sum(self, root: int, inner: list[bool]) -> list[int]:
        """The parts of a long sum that nothing else reads; none of a short one."""
        operands_of, ops = self.code.operands, self.code.ops
        terms: list[int] = []
        negated: list[bool] = []
        parts: list[int] = []
        stack = [(root, False)]
        while stack:
            k, minus = stack.pop()
            if k != root and not inner[k]:
                terms.append(k)
                negated.append(minus)
                continue
            parts.append(k)
            op = ops[k]
            if op == "negative":
                stack.append((operands_of[k][0], not minus))
            else:
                first, second = operands_of[k]
                stack.append((second, minus ^ (op == "subtract")))
                stack.append((first, minus))
        if len(terms) < _TERMS:
            return []
        self.sums[root] = Long(terms, negated)
        return parts[1:]

    # --- colours ------------------------------------------------------------------------------

    def _colours(self) -> None:
        """A colour, a layer and a depth for every value."""
        code, count, sums = self.code, self.count, self.sums
        known: dict[Any, int] = {}
        given = [*code.operands]
        for k in sums:
            given[k] = ()  # for another branch than that of most
        colours, layers, depths = [0] * count, [0] * count, [0] * count
        seen = list(map(_LEAF.__getitem__, code.storages))  # the colour that readers see
        for k in code.numbers:
            if self.many[k] >= _READERS:
                seen[k] = -4 - k
        level = [0] * count  # the layer that readers see
        below = [0] * count  # the depth that readers see
        sees, layer_of, depth_of = seen.__getitem__, level.__getitem__, below.__getitem__
        ops, few, number = code.ops, self.few, known.setdefault
        for k in self.computed:
            operands = given[k]
            key: Any
            if len(operands) == 2:  # most have two: this is the innermost loop of all
                a, b = operands
                layer, depth = level[a], below[a]
                if level[b] > layer:
                    layer = level[b]
                if below[b] > depth:
                    depth = below[b]
                depth += 1
                key = (ops[k], layer, seen[a], seen[b])
            elif operands:
                layer, depth = max(map(layer_of, operands)), max(map(depth_of, operands)) + 1
                key = (ops[k], layer, *map(sees, operands))
            else:
                terms = sums[k].terms
                layer, depth = max(map(layer_of, terms)), max(map(depth_of, terms)) + 1
                key = ("sum", layer, depth)
            layers[k], depths[k] = layer, depth
            colours[k] = colour = number(key, len(known))
            if few[k]:
                seen[k], level[k], below[k] = colour, layer, depth
            else:
                level[k] = layer + 1
        self.colour, self.layer, self.depth = colours, layers, depths

    # --- classes ------------------------------------------------------------------------------

    def _classes(self, found: _Partition) -> None:
        """Members of one colour; apart by their readers, and by the classes of their operands,
        where that leaves large classes."""
        roles = self._roles()
        found = self._split(found, np.array(roles, np.int64))
        found = self._split(found, np.array(self._descents(roles), np.int64))
        order = np.lexsort(found)
        members, classes = found.members[order], found.classes[order]
        begins = np.flatnonzero(np.diff(classes)) + 1
        self.members = np.split(members, begins) if len(members) else []

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

    def _descents(self, roles: list[int]) -> list[int]:
        """For every value a number of its role and of the roles below."""
        known: dict[Any, int] = {}
        found = [-1] * self.count
        seen = [-1] * self.count  # by the readers
        given, few, sums, number = self.code.operands, self.few, self.sums, known.setdefault
        sees = seen.__getitem__
        for k in self.computed:
            if k in sums:
                continue
            operands = given[k]
            if len(operands) == 2:
                a, b = operands
                made = number((roles[k], seen[a], seen[b]), len(known))
            else:
                made = number((roles[k], *map(sees, operands)), len(known))
            found[k] = made
            if few[k]:
                seen[k] = made
        return found

    def _roles(self) -> list[int]:
        """For every value a number of its colour and of what reads it at which place."""
        given, colour, sums, few = self.code.operands, self.colour, self.sums, self.few
        none = _SUMMED - 1
        reader = [none] * self.count  # role and place as one number
        others: dict[int, set[int]] = {}  # all readers, where they differ
        known: dict[Any, int] = {}
        number = known.setdefault
        roles = [-1] * self.count

        def add(a: int, seat: int) -> None:
            others.setdefault(a, {reader[a]}).add(seat)

        for k in reversed(self.computed):
            if k in sums:
                for a, minus in zip(*sums[k], strict=True):
                    seat = _SUMMED + minus
                    if reader[a] == none:
                        reader[a] = seat
                    elif reader[a] != seat:
                        add(a, seat)
                continue
            context: Any = None  # what tells sets of readers apart
            if few[k]:
                context = frozenset(others[k]) if k in others else reader[k]
            roles[k] = role = number((colour[k], context), len(known))
            seat = _PLACES * role
            for a in given[k]:
                if reader[a] == none:
                    reader[a] = seat
                elif few[a] and reader[a] != seat:
                    add(a, seat)
                seat += 1
        return roles

    # --- stages -------------------------------------------------------------------------------

    def _stages(self) -> Rolled:
        count = self.count
        values, readers, places = self.reads
        self.operands = np.zeros((_PLACES, count), np.int64)
        self.operands[places, readers] = values
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
        depths, layers = [self.depth[k] for k in numbers], [self.layer[k] for k in numbers]
        order = np.lexsort((work, depths, layers))
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
        long = self.sums.get(k)
        ready = self.ready
        if long is None:
            latest = max([int(ready[a]) for a in self.code.operands[k]])
        else:
            latest = int(np.maximum.reduce(ready[long.terms]))
        ready[k] = latest
        self.singles.setdefault(latest - 1, []).append(k)

    def _place(self, members: Places) -> None:
        """A class joins a group, or begins one."""
        columns = self.operands[: len(self.code.operands[int(members[0])]), members]
        chosen, ordered = self._aligned(columns)
        latest = np.maximum.reduce(self.ready[columns], axis=1).tolist()
        if chosen is None:
            number = self._group(len(members), max(latest))
        else:
            members, columns = members[ordered], columns[:, ordered]
            begin = chosen * self.count
            seats = np.arange(begin, begin + len(members))
            own = np.logical_and.reduce(self.seat[columns] == seats, axis=1).tolist()
            earliest = max([1, *(s for s, is_own in zip(latest, own, strict=True) if not is_own)])
            stage = self.groups[chosen].stage
            earliest = max(earliest, stage) if any(own) else earliest
            number = self._group(len(members), earliest) if stage < earliest else chosen
        group = self.groups[number]
        group.classes.append(members)
        group.operands.append(columns)
        begin = number * self.count
        self.seat[members] = np.arange(begin, begin + len(members))
        self.ready[members] = group.stage + 2

    def _aligned(self, columns: Places) -> tuple[int | None, Places]:
        """The latest group of as many members that holds one operand each, and their order."""
        count, size = self.count, columns.shape[1]
        best: int | None = None
        order = columns[0]
        for column, first in zip(columns, self.seat[columns[:, 0]].tolist(), strict=True):
            number = first // count
            if first < 0 or self.groups[number].size != size:
                continue
            if best is not None and self.groups[number].stage <= self.groups[best].stage:
                continue
            seats = self.seat[column]
            sorting = seats.argsort()
            begin = number * count
            if np.logical_and.reduce(seats[sorting] == np.arange(begin, begin + size)):
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
