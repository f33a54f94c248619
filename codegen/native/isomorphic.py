"""Isomorphic parts of a program of numbers: which values are computed alike, and in what order.

Values get a colour: the operation and the colours of its operands, leaves being alike. Values of
one colour form a class; a class becomes one statement in a loop over its members, whose operands
stand in tables or are contiguous. Long sums become accumulations into places of memory.

A value that many others read counts as a leaf for them, one layer higher, so that what it is made
of does not keep its readers apart. Layers and depths order the classes: no class depends on itself.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from symgraph.codegen.native.scalars import Instructions
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


def _context(readers: Sequence[int]) -> Any:
    """What tells sets of readers apart; None for many."""
    if len(readers) >= _READERS:
        return None
    if len(readers) == 1:
        return readers[0]
    different = frozenset(readers)
    return different if len(different) != 1 else readers[0]


def find_groups(code: Instructions) -> Rolled:
    """Everything that is computed, in groups and stages."""
    return _Finder(code).run()


class _Finder:
    def __init__(self, code: Instructions) -> None:
        self.code, self.count = code, len(code.ops)
        self.roots = code.roots()
        # the operands of an input are no values
        read = [
            operands for op, operands in zip(code.ops, code.operands, strict=True) if op != "input"
        ]
        flat = np.fromiter(itertools.chain.from_iterable(read), np.int64)
        self.uses: list[int] = np.bincount(flat, minlength=self.count).tolist()

    def run(self) -> Rolled:
        self._sums()
        self._colours()
        self._classes()
        return self._stages()

    # --- long sums ----------------------------------------------------------------------------

    def _sums(self) -> None:
        """Trees of additions whose inner values nothing else reads."""
        code, uses, roots = self.code, self.uses, self.roots
        additive = [
            op in _ADDITIVE and kind == "real"
            for op, kind in zip(code.ops, code.storages, strict=True)
        ]
        found = [k for k, is_sum in enumerate(additive) if is_sum]
        inner = [False] * self.count
        for k in found:
            for operand in code.operands[k]:
                if additive[operand] and uses[operand] == 1 and operand not in roots:
                    inner[operand] = True
        self.sums: dict[int, Long] = {}
        self.absorbed: set[int] = set()
        for k in found:
            if not inner[k]:
                self._sum(k, inner)

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
        self.computed = [k for k in range(count) if code.ops[k] not in ("input", "number")]
        for k, op in enumerate(code.ops):
            if op == "input" or op == "number":
                seen[k] = -4 - k if k in common else _LEAF[code.storages[k]]
                continue
            if k in self.absorbed:
                continue
            long = self.sums.get(k)
            operands = long.terms if long else code.operands[k]
            layer = depth = 0
            for a in operands:
                if level[a] > layer:
                    layer = level[a]
                if below[a] > depth:
                    depth = below[a]
            depth += 1
            key: Any = ("sum", layer, depth) if long else (op, layer, *[seen[a] for a in operands])
            self.layer[k], self.depth[k] = layer, depth
            self.colour[k] = colour = known.setdefault(key, len(known))
            if long or self.uses[k] >= _READERS:
                seen[k], level[k], below[k] = _LEAF[code.storages[k]], layer + 1, 0
            else:
                seen[k], level[k], below[k] = colour, layer, depth

    # --- classes ------------------------------------------------------------------------------

    def _classes(self) -> None:
        """Members of one colour; apart by their readers, and by the classes of their operands,
        where that leaves large classes."""
        roles = self._roles()
        self.members = self._split(self._split(self._by_colour(), roles), self._descents(roles))

    def _by_colour(self) -> list[list[int]]:
        found: dict[int, list[int]] = {}
        for k in self.computed:
            if k not in self.absorbed and k not in self.sums:
                found.setdefault(self.colour[k], []).append(k)
        return [members for members in found.values() if len(members) >= _MEMBERS]

    def _split(self, classes: list[list[int]], roles: list[int]) -> list[list[int]]:
        """The classes taken apart by roles where most members stay in large ones."""
        result: list[list[int]] = []
        for found in classes:
            parts: dict[int, list[int]] = {}
            for k in found:
                parts.setdefault(roles[k], []).append(k)
            large = [part for part in parts.values() if len(part) >= _MEMBERS]
            if sum(map(len, large)) * 5 >= 4 * len(found):
                result += large
            else:
                result.append(found)
        return result

    def _descents(self, roles: list[int]) -> list[int]:
        """For every value a number of its role and of the roles below."""
        known: dict[Any, int] = {}
        found = [-1] * self.count
        for k in self.computed:
            if k in self.absorbed or k in self.sums:
                continue
            operands = self.code.operands[k]
            below = [found[a] if self.uses[a] < _READERS else -1 for a in operands]
            found[k] = known.setdefault((roles[k], *below), len(known))
        return found

    def _roles(self) -> list[int]:
        """For every value a number of its colour and of what reads it at which place."""
        code = self.code
        readers: list[list[int]] = [[] for _ in range(self.count)]  # role and place as one number
        known: dict[Any, int] = {}
        roles = [-1] * self.count
        for k in reversed(self.computed):
            if k in self.absorbed:
                continue
            if k in self.sums:
                for a, minus in zip(*self.sums[k], strict=True):
                    readers[a].append(-2 + minus)
                continue
            roles[k] = role = known.setdefault((self.colour[k], _context(readers[k])), len(known))
            for place, a in enumerate(code.operands[k]):
                readers[a].append(_PLACES * role + place)
        return roles

    # --- stages -------------------------------------------------------------------------------

    def _stages(self) -> Rolled:
        count = self.count
        group_of = np.full(count, -1, np.int64)
        place_of = np.zeros(count, np.int64)
        self.stage = np.zeros(count, np.int64)
        self.rolled = Rolled([], self.sums, {}, group_of, place_of)
        classed = set(itertools.chain.from_iterable(self.members))
        work: list[tuple[int, int, int, Any]] = [
            (self.layer[c[0]], self.depth[c[0]], c[0], np.array(c)) for c in self.members
        ]
        work += [
            (self.layer[k], self.depth[k], k, None)
            for k in self.computed
            if k not in classed and k not in self.absorbed
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
        stage = 0
        for a in long.terms if long else self.code.operands[k]:
            stage = max(stage, int(self.stage[a]) + int(self.rolled.group_of[a] >= 0))
        self.stage[k] = stage
        self.rolled.singles.setdefault(stage, []).append(k)

    def _place(self, members: Places) -> None:
        """A class joins a group, or begins one."""
        rolled = self.rolled
        columns = np.array([self.code.operands[k] for k in members.tolist()]).T
        chosen, ordered = self._aligned(columns)
        if chosen is not None:
            members, columns = members[ordered], columns[:, ordered]
        groups, here = rolled.group_of[columns], np.arange(len(members))
        joined = groups == (-1 if chosen is None else chosen)
        own = np.all(joined & (groups >= 0) & (rolled.place_of[columns] == here), axis=1)
        latest = np.max(self.stage[columns] + 1 + (groups >= 0), axis=1)
        earliest = max([1, *latest[~own].tolist()])
        if chosen is not None and own.any():
            earliest = max(earliest, rolled.groups[chosen].stage)
        number = chosen
        if chosen is None or rolled.groups[chosen].stage < earliest:
            number = self._group(len(members), earliest)
        assert number is not None
        group = rolled.groups[number]
        group.classes.append(members)
        group.operands.append(columns)
        rolled.group_of[members] = number
        rolled.place_of[members] = here
        self.stage[members] = group.stage

    def _aligned(self, columns: Places) -> tuple[int | None, Places]:
        """The latest group of as many members that holds one operand each, and their order."""
        rolled = self.rolled
        best: int | None = None
        size = columns.shape[1]
        order = np.arange(size)
        groups = rolled.group_of[columns]
        whole = np.all(groups == groups[:, :1], axis=1) & (groups[:, 0] >= 0)
        for row in np.flatnonzero(whole).tolist():
            number = int(groups[row, 0])
            group, places = rolled.groups[number], rolled.place_of[columns[row]]
            if group.size != size or np.bincount(places).max() > 1:
                continue
            if best is None or group.stage > rolled.groups[best].stage:
                best, order = number, np.argsort(places)
        return best, order

    def _group(self, size: int, earliest: int) -> int:
        """A group of that size at that stage or soon after, else a new one."""
        groups = self.rolled.groups
        later = [k for k, g in enumerate(groups) if g.size == size and g.stage >= earliest]
        if later:
            return min(later, key=lambda k: groups[k].stage)
        groups.append(Group(earliest, size))
        return len(groups) - 1
