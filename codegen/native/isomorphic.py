"""Isomorphic parts of a program of numbers: which values are computed alike, and in what order.

Values get a colour: the operation and the colours of its operands, leaves being alike. Values of
one colour form a class; a class becomes one statement in a loop over its members, whose operands
stand in tables or are contiguous. Long sums become accumulations into places of memory.

A value that many others read counts as a leaf for them, one layer higher, so that what it is made
of does not keep its readers apart. Layers and depths order the classes: no class depends on itself.
"""

from __future__ import annotations

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


def _context(readers: Sequence[int]) -> Any:
    """What tells sets of readers apart."""
    if len(readers) == 1:
        return readers[0]
    different = frozenset(readers)
    return different if len(different) != 1 else readers[0]


def find_groups(code: Instructions, least: int) -> Rolled | None:
    """Everything that is computed, in groups and stages; None where groups are to compute fewer
    than `least` values."""
    return _Finder(code).run(least)


class _Finder:
    def __init__(self, code: Instructions) -> None:
        self.code, self.count = code, len(code.ops)
        self.roots = code.roots()
        self.reads = code.reads()
        self.many = np.bincount(self.reads.values, minlength=self.count)
        self.uses: list[int] = self.many.tolist()
        self.leaf = [op in LEAVES for op in code.ops]

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
        additive = np.fromiter(map(_ADDITIVE.__contains__, code.ops), bool, self.count)
        additive &= np.fromiter(map("real".__eq__, code.storages), bool, self.count)
        once = additive & (self.many == 1)
        once[list(self.roots)] = False
        joined = once[values] & additive[readers]
        inner = np.zeros(self.count, bool)
        inner[values[joined]] = True
        compound = np.zeros(self.count, bool)  # sums of which an operand is one
        compound[readers[joined]] = True
        self.sums: dict[int, Long] = {}
        self.absorbed: set[int] = set()
        told = inner.tolist()
        for k in np.flatnonzero(compound & ~inner).tolist():
            self._sum(k, told)

    def _sum(self, root: int, inner: list[bool]) -> None:
        code = self.code
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
            operands, op = code.operands[k], code.ops[k]
            if op == "negative":
                stack.append((operands[0], not minus))
            else:
                stack.append((operands[1], minus ^ (op == "subtract")))
                stack.append((operands[0], minus))
        if len(terms) >= _TERMS:
            self.sums[root] = Long(terms, negated)
            self.absorbed.update(parts[1:])

    # --- colours ------------------------------------------------------------------------------

    def _colours(self) -> None:
        """A colour, a layer and a depth for every value."""
        code, count = self.code, self.count
        common = {k for k in code.numbers if self.uses[k] >= _READERS}
        known: dict[Any, int] = {}
        self.colour = [0] * count
        self.layer = [0] * count
        self.depth = [0] * count
        seen = [0] * count  # the colour that readers see
        level = [0] * count  # the layer that readers see
        below = [0] * count  # the depth that readers see
        self.computed: list[int] = []  # without the parts of long sums
        sees, ops, given, uses = seen.__getitem__, code.ops, code.operands, self.uses
        for k, is_leaf in enumerate(self.leaf):
            if is_leaf:
                seen[k] = -4 - k if k in common else _LEAF[code.storages[k]]
                continue
            if k in self.absorbed:
                continue
            self.computed.append(k)
            long = self.sums.get(k)
            operands = long.terms if long else given[k]
            layer = depth = 0
            for a in operands:
                if level[a] > layer:
                    layer = level[a]
                if below[a] > depth:
                    depth = below[a]
            depth += 1
            key: Any = ("sum", layer, depth) if long else (ops[k], layer, *map(sees, operands))
            self.layer[k], self.depth[k] = layer, depth
            self.colour[k] = colour = known.setdefault(key, len(known))
            if long or uses[k] >= _READERS:
                seen[k], level[k] = _LEAF[code.storages[k]], layer + 1
            else:
                seen[k], level[k], below[k] = colour, layer, depth

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
        chosen = np.ones(self.count, bool)
        chosen[self.leaf] = False
        chosen[[*self.absorbed, *self.sums]] = False
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
        given = self.code.operands
        for k in self.computed:
            if k in self.sums:
                continue
            below = map(seen.__getitem__, given[k])
            found[k] = made = known.setdefault((roles[k], *below), len(known))
            if self.uses[k] < _READERS:
                seen[k] = made
        return found

    def _roles(self) -> list[int]:
        """For every value a number of its colour and of what reads it at which place."""
        given, colour = self.code.operands, self.colour
        few = [
            many < _READERS and not leaf for many, leaf in zip(self.uses, self.leaf, strict=True)
        ]
        readers: list[list[int]] = [[] for _ in range(self.count)]  # role and place as one number
        known: dict[Any, int] = {}
        roles = [-1] * self.count
        for k in reversed(self.computed):
            if k in self.sums:
                for a, minus in zip(*self.sums[k], strict=True):
                    readers[a].append(-2 + minus)
                continue
            context = _context(readers[k]) if few[k] else None
            roles[k] = role = known.setdefault((colour[k], context), len(known))
            seat = _PLACES * role
            for a in given[k]:
                if few[a]:
                    readers[a].append(seat)
                seat += 1
        return roles

    # --- stages -------------------------------------------------------------------------------

    def _stages(self) -> Rolled:
        count = self.count
        group_of = np.full(count, -1, np.int64)
        place_of = np.zeros(count, np.int64)
        values, readers, places = self.reads
        self.operands = np.zeros((_PLACES, count), np.int64)
        self.operands[places, readers] = values
        self.ready = np.ones(count, np.int64)  # for a group: the first stage that may read a value
        self.by_size: dict[int, list[tuple[int, int]]] = {}  # stages and numbers of groups
        self.rolled = Rolled([], self.sums, {}, group_of, place_of)
        is_single = np.zeros(count, bool)
        is_single[self.computed] = True
        work: list[tuple[int, int, int, Any]] = []
        for members in self.members:
            is_single[members] = False
            k = int(members[0])
            work.append((self.layer[k], self.depth[k], k, members))
        work += [
            (self.layer[k], self.depth[k], k, None) for k in np.flatnonzero(is_single).tolist()
        ]
        for _, _, k, members in sorted(work, key=lambda item: item[:3]):
            if members is None:
                self._single(k)
            else:
                self._place(members)
        return self.rolled

    def _single(self, k: int) -> None:
        """A value of its own comes when its operands are there."""
        long = self.sums.get(k)
        read = long.terms if long else self.code.operands[k]
        latest = int(self.ready[list(read)].max())
        self.ready[k] = latest
        self.rolled.singles.setdefault(latest - 1, []).append(k)

    def _place(self, members: Places) -> None:
        """A class joins a group, or begins one."""
        rolled, here = self.rolled, np.arange(len(members))
        columns = self.operands[: len(self.code.operands[members[0]]), members]
        chosen, ordered = self._aligned(columns)
        latest = self.ready[columns].max(axis=1)
        number = chosen
        if chosen is None:
            number = self._group(len(members), int(latest.max()))
        else:
            members, columns = members[ordered], columns[:, ordered]
            own = (rolled.group_of[columns] == chosen) & (rolled.place_of[columns] == here)
            is_own = own.all(axis=1)
            earliest = max([1, *latest[~is_own].tolist()])
            stage = rolled.groups[chosen].stage
            if is_own.any():
                earliest = max(earliest, stage)
            if stage < earliest:
                number = self._group(len(members), earliest)
        assert number is not None
        group = rolled.groups[number]
        group.classes.append(members)
        group.operands.append(columns)
        rolled.group_of[members] = number
        rolled.place_of[members] = here
        self.ready[members] = group.stage + 2

    def _aligned(self, columns: Places) -> tuple[int | None, Places]:
        """The latest group of as many members that holds one operand each, and their order."""
        rolled = self.rolled
        best: int | None = None
        size = columns.shape[1]
        order = np.arange(size)
        groups = rolled.group_of[columns]
        whole = (groups == groups[:, :1]).all(axis=1)
        for row, number in enumerate(groups[:, 0].tolist()):
            if number < 0 or not whole[row]:
                continue
            group, places = rolled.groups[number], rolled.place_of[columns[row]]
            if group.size != size or np.bincount(places).max() > 1:
                continue
            if best is None or group.stage > rolled.groups[best].stage:
                best, order = number, np.argsort(places)
        return best, order

    def _group(self, size: int, earliest: int) -> int:
        """A group of that size at that stage or soon after, else a new one."""
        known, groups = self.by_size.setdefault(size, []), self.rolled.groups
        at = bisect_left(known, (earliest, 0))
        if at < len(known):
            return known[at][1]
        groups.append(Group(earliest, size))
        insort(known, (earliest, len(groups) - 1))
        return len(groups) - 1
