"""Isomorphic parts of a program of numbers as loops over tables.

A loop has one statement a class. Operands from outside lie in memory, packed so that they are
contiguous or constant along runs of members; where they are not, a table says where they lie.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from symgraph.codegen.native.isomorphic import Group, Places, Rolled
from symgraph.codegen.native.operations import expression
from symgraph.codegen.native.runs import Runs, best_runs
from symgraph.codegen.native.scalars import Instructions
from symgraph.codegen.native.straight import LINES, StraightWriter
from symgraph.node import Kind

__all__ = ["write_rolled"]

_TERMS = 8  # of a sum in one statement
_FILLED = 0.5  # the share of members that must feed a sum for all of them to do


def write_rolled(straight: StraightWriter, rolled: Rolled) -> None:
    """Functions that compute everything, stage after stage."""
    _Roller(straight, rolled).run()


@dataclass(eq=False)
class _Slot:
    """Something outside that a loop reads or adds to: an address for each member.

    `array` is the memory, `name` the identifier inside of the loop.
    """

    array: str
    kind: Kind
    addresses: Places
    name: str = ""
    negated: bool = False
    is_sum: bool = False


class _Column(NamedTuple):
    """What operands of a class have in common, one of each member."""

    is_own: bool  # they are computed for the same member by the same loop
    is_one: bool  # all are one value
    is_grouped: bool  # loops compute them


class _Feeds:
    """The long sums that read a value: in `totals[s]` begin at `starts[s][k]` the `many[s][k]` from
    which value k is taken away (s = 1) or to which it is added (s = 0)."""

    def __init__(self, rolled: Rolled, count: int) -> None:
        sums = rolled.sums
        lengths = [len(long.terms) for long in sums.values()]
        totals = np.repeat(np.fromiter(sums, np.int64, len(sums)), lengths)
        longs = sums.values()
        chain = itertools.chain.from_iterable
        terms = np.fromiter(chain(long.terms for long in longs), np.int64, len(totals))
        negated = np.fromiter(chain(long.negated for long in longs), bool, len(totals))
        self.many: list[Places] = []
        self.starts: list[Places] = []
        self.totals: list[Places] = []
        for minus in (False, True):
            chosen = negated == minus
            order = np.argsort(terms[chosen], kind="stable")
            many = np.bincount(terms[chosen], minlength=count)
            self.many.append(many)
            self.starts.append(np.cumsum(many) - many)
            self.totals.append(totals[chosen][order])
        self.feeding = np.zeros(count, bool)
        self.feeding[terms] = True

    def of(self, members: Places, minus: bool) -> Places:
        """A row for the first sum of each member, one for the second and so on; -1 is none."""
        first, totals, many = self.starts[minus][members], self.totals[minus], self.many[minus]
        many = many[members]
        if not np.count_nonzero(many):
            return np.zeros((0, len(members)), np.int64)
        if np.count_nonzero(many == 1) == len(many):  # mostly
            return totals[first][None]
        width = int(np.maximum.reduce(many))
        nth = np.arange(width)[:, None]
        there = nth < many
        return np.where(there, totals[np.where(there, first + nth, 0)], -1)


class _Roller:
    def __init__(self, straight: StraightWriter, rolled: Rolled) -> None:
        self.straight, self.rolled, self.code = straight, rolled, straight.code
        self.kept = self.code.roots
        count = len(self.code.ops)
        self.address = np.full(count, -1, np.int64)  # in memory, of members of groups
        self.row_of = np.full(count, -1, np.int64)  # which class of its group
        for group in rolled.groups:
            for row, members in enumerate(group.classes):
                self.row_of[members] = row
        self.feeds = _Feeds(rolled, count)
        self.partial: dict[int, list[str]] = {}  # what loops have added up of each sum
        self.added = np.zeros(count, bool)  # terms that loops have added up
        self.pools: dict[bytes, tuple[str, int]] = {}  # by the values
        self.runs: dict[tuple[int, bytes], Runs] = {}  # by what the addresses are past the first
        self.tables = 0
        self.canonical = _canonical(self.code)
        self.leaving = _leaving(self.code)
        self.outside = np.zeros(count, bool)  # read outside of the loop or function of the value
        self.outside[list(self.kept)] = True
        self.columns = self._columns()
        self._read_by_singles()

    def _columns(self) -> list[list[_Column]]:
        """The operands of each group, one after the other; all are looked at together.

        Row by row the operands stand in one array, `first` and `width` of each; entry by entry
        `here` is the place in the row.
        """
        rolled, groups = self.rolled, self.rolled.groups
        if not groups:
            return []
        counts = [sum(map(len, group.operands)) for group in groups]
        width = np.repeat([group.size for group in groups], counts)
        first = np.cumsum(width) - width
        entries = np.concatenate([part.ravel() for group in groups for part in group.operands])
        here = np.arange(len(entries)) - np.repeat(first, width)
        found = rolled.group_of[entries]
        number = np.repeat(np.repeat(np.arange(len(groups)), counts), width)
        own = (found == number) & (rolled.place_of[entries] == here)
        is_own = np.logical_and.reduceat(own, first)
        is_one = np.logical_and.reduceat(entries == np.repeat(entries[first], width), first)
        is_grouped = np.logical_and.reduceat(found >= 0, first)
        self.outside[entries[~np.repeat(is_own, width)]] = True
        rows = map(_Column, is_own.tolist(), is_one.tolist(), is_grouped.tolist())
        return [list(itertools.islice(rows, many)) for many in counts]

    def _read_by_singles(self) -> None:
        sums, table = self.rolled.sums, self.code.columns.table
        singles = itertools.chain.from_iterable(self.rolled.singles.values())
        alone = [k for k in singles if k not in sums]
        outside = np.append(self.outside, False)  # for what is no operand
        outside[table[:, alone]] = True
        self.outside = outside[:-1]

    # --- stages -------------------------------------------------------------------------------

    def run(self) -> None:
        """Every stage in turn."""
        rolled = self.rolled
        groups: dict[int, list[tuple[int, Group]]] = {}
        for number, group in enumerate(rolled.groups):
            groups.setdefault(group.stage, []).append((number, group))
        for stage in sorted({*rolled.singles, *groups}):
            self._singles(rolled.singles.get(stage, []))
            for number, group in groups.get(stage, []):
                _Loop(self, number, group).write()

    def _singles(self, values: Sequence[int]) -> None:
        """Single values in their order; between them the long sums that they read."""
        pending: list[int] = []
        lines: list[str] = []
        for k in values:
            if k not in self.rolled.sums:
                if lines:
                    self._add(lines)
                    lines = []
                pending.append(k)
                continue
            if pending:
                self._straight(pending)
                pending = []
            self._sum(k, lines)
        self._straight(pending)
        self._add(lines)

    def _straight(self, values: Sequence[int]) -> None:
        if values:
            kept = self.outside | self.feeds.feeding
            self.straight.run(values, [k for k in values if kept[k]])

    def _add(self, lines: Sequence[str]) -> None:
        for at in range(0, len(lines), LINES):
            self.straight.add(lines[at : at + LINES])

    def _sum(self, total: int, lines: list[str]) -> None:
        """What loops have added up, and the terms that no loop has."""
        long, straight = self.rolled.sums[total], self.straight
        terms = [(text, False) for text in self.partial.get(total, [])]
        added = [*map(self.added.item, long.terms)]
        if not all(added):
            for k, minus, done in zip(long.terms, long.negated, added, strict=True):
                if not done:
                    terms.append((straight.place[k] or "", minus))
        if len(terms) == 1 and not terms[0][1]:
            straight.place[total] = terms[0][0]
        else:
            place = straight.place[total] = f"m[{straight.room(1)}]"
            for at in range(0, len(terms), _TERMS):
                text = " ".join(
                    f"{'-' if minus else '+'} {one}" for one, minus in terms[at : at + _TERMS]
                )
                text = text[2:] if text.startswith("+") else text
                lines.append(f"{place} = {text};" if at == 0 else f"{place} = {place} + ({text});")
        lines.extend(
            f"{target} = {straight.place[total]};" for target in straight.results.get(total, ())
        )

    # --- memory -------------------------------------------------------------------------------

    def pool(self, values: Places) -> tuple[str, Places]:
        """Memory in which these values lie side by side, and the address of each."""
        # Of pairs i < j, the more often an i the less often a j: by counts, j goes on one by one
        # whatever the pairs' order is.
        packed, places = _by_count(values, self.canonical)
        key = packed.tobytes()
        if key not in self.pools:
            self.pools[key] = self._packed(packed.tolist())
        array, base = self.pools[key]
        return array, places + base

    def _packed(self, values: Sequence[int]) -> tuple[str, int]:
        straight, code = self.straight, self.code
        if all(code.ops[k] == "number" for k in values):
            self.tables += 1
            name = f"b{self.tables}"
            kind = straight.w.ctype(code.storages[values[0]])
            entries = [straight.place[k] or "" for k in values]
            straight.data.append(_table(f"static const {kind} {name}[]", entries))
            return name, 0
        real = code.storages[values[0]] == "real"
        base, array = straight.room(len(values), real), "m" if real else "k"
        texts = [straight.place[k] or "" for k in values]
        straight.copy([(f"{array}[{at}]", text) for at, text in enumerate(texts, base)])
        return array, base


class _Loop:
    """One loop: what it reads and writes, its order, its text."""

    def __init__(self, roller: _Roller, number: int, group: Group) -> None:
        self.roller, self.number, self.group = roller, number, group
        self.straight, self.code, self.w = roller.straight, roller.code, roller.straight.w
        self.slots: list[_Slot] = []
        self.known: dict[bytes, _Slot] = {}
        self.operands: list[list[str | _Slot]] = []  # of each class: a local name, or a slot
        self.sums: list[list[_Slot]] = []
        self.lines: list[str] = []
        self.heads: list[str] = []
        self.names = 0

    def write(self) -> None:
        """The whole function."""
        group = self.group
        told = iter(self.roller.columns[self.number])
        for columns in group.operands:
            self.operands.append([
                self._operand(column, next(told)) for column in columns
            ])  # fmt: skip
        for members in group.classes:
            self.sums.append(self._sums(members))
        moving, runs = self._runs()
        self._store(runs.order)
        self._body(runs, moving)
        self.straight.add([*self.heads, *self.lines], self._arrays())

    def _arrays(self) -> Iterable[str] | None:
        """The arrays of the program that the loop mentions, where it is one alone."""
        read = {slot.array for slot in self.slots}
        stored = {text[0] for text in self.stored.values()}
        return None if "k" in read | stored else ("m",)

    def _runs(self) -> tuple[list[_Slot], Runs]:
        """The slots whose addresses differ, and the order of the members."""
        if not self.slots:
            return [], best_runs([], self.group.size)
        all_past = [slot.addresses - slot.addresses[0] for slot in self.slots]
        there = [at for at, past in enumerate(all_past) if np.count_nonzero(past)]
        past, moving = [all_past[at] for at in there], [self.slots[at] for at in there]
        known = self.roller.runs
        key = self.group.size, b"".join([one.tobytes() for one in past])
        if key not in known:
            known[key] = best_runs(past, self.group.size)
        return moving, known[key]

    # --- what comes from outside --------------------------------------------------------------

    def _operand(self, column: Places, told: _Column) -> str | _Slot:
        first = int(column[0])
        if told.is_own:
            return f"v{int(self.roller.row_of[first]) + 1}"
        if told.is_one and self.code.ops[first] == "number":
            return self.straight.place[first] or ""
        key = column.tobytes()
        if key not in self.known:
            if told.is_grouped:
                array, addresses = self._array(first), self.roller.address[column]
            else:
                array, addresses = self.roller.pool(column)
            slot = self.known[key] = _Slot(array, self.code.storages[first], addresses)
            self.slots.append(slot)
        return self.known[key]

    def _array(self, k: int) -> str:
        return "m" if self.code.storages[k] == "real" else "k"

    def _sums(self, members: Places) -> list[_Slot]:
        """Places of long sums to which the members of a class are added."""
        roller = self.roller
        fed = np.count_nonzero(roller.feeds.feeding[members])
        if not fed:
            return []
        found: list[_Slot] = []
        for minus in (False, True):
            totals = roller.feeds.of(members, minus)
            if np.count_nonzero(totals >= 0) < _FILLED * totals.size:
                roller.outside[members] = True
                return []
            found += [self._sum_slot(row, minus) for row in totals]
        roller.added[members] = True
        self.slots += found
        return found

    def _sum_slot(self, totals: Places, minus: bool) -> _Slot:
        """Fresh places, one a sum; -1 stands for a place that nobody reads."""
        roller, straight = self.roller, self.straight
        there, places = _by_count(totals, roller.leaving)
        count = len(there)
        base = straight.room(count)
        for at, total in enumerate(there.tolist(), base):
            if total >= 0:
                roller.partial.setdefault(total, []).append(f"m[{at}]")
        self.heads.append(
            f"m[{base}] = 0;" if count == 1
            else f"for (i64 i = 0; i < {count}; i++) m[{base} + i] = 0;"
        )  # fmt: skip
        return _Slot("m", "real", places + base, negated=minus, is_sum=True)

    def _store(self, order: Places) -> None:
        """Memory for what is read elsewhere, in the order of the loop."""
        roller, straight = self.roller, self.straight
        self.stored: dict[int, str] = {}
        for row, members in enumerate(self.group.classes):
            if not np.count_nonzero(roller.outside[members]):
                continue
            array = self._array(int(members[0]))
            base = straight.room(self.group.size, array == "m")
            self.stored[row] = f"{array} + {base}"
            roller.address[members[order]] = base + np.arange(self.group.size)
            places = [f"{array}[{at}]" for at in roller.address[members].tolist()]
            results, place = straight.results, straight.place
            for k, text in zip(members.tolist(), places, strict=True):
                place[k] = text
                if k in results:
                    straight.late += [(text, target) for target in results[k]]

    # --- text ---------------------------------------------------------------------------------

    def _body(self, runs: Runs, moving: Sequence[_Slot]) -> None:
        """The loop over runs around the loop over members, or the latter alone."""
        if not len(runs.starts):
            self._gathered(runs, moving)
            return
        heads = runs.order[runs.starts]
        firsts = [slot.addresses[heads] for slot in moving]
        stored = list(self.stored.values())
        fixed = [slot for slot in self.slots if slot not in moving]
        self.lines += [self._pointer(slot, str(slot.addresses[0])) for slot in fixed]
        sums = [slot for slot in fixed if slot.is_sum]
        if len(runs.starts) == 1:
            texts = [str(int(first[0])) for first in firsts]
            self._inner("", str(self.group.size), moving, runs, texts, "0")
        else:
            lengths = np.diff([*runs.starts.tolist(), self.group.size])
            rows = np.stack([lengths, runs.starts, *firsts], axis=1)
            name = self._table_name()
            self.straight.data.append(
                _table(f"static const int {name}[]", [str(v) for v in rows.ravel().tolist()])
            )
            width = rows.shape[1]
            self.lines.append(f"for (i64 r = 0; r < {len(rows)}; r++) {{")
            self.lines.append(f"    const int *const t = {name} + {width} * r;")
            texts = [f"t[{j + 2}]" for j in range(len(moving))]
            self._inner("    ", "t[0]", moving, runs, texts, "t[1]" if stored else "0")
            self.lines.append("}")
        self.lines += [f"m[{slot.addresses[0]}] = {slot.name};" for slot in sums]

    def _table_name(self) -> str:
        self.roller.tables += 1
        return f"t{self.roller.tables}"

    def _pointer(self, slot: _Slot, address: str) -> str:
        """The declaration of what is one for the whole loop."""
        slot.name = self._name("z" if slot.is_sum else "c")
        if slot.is_sum:
            return f"{self.w.real} {slot.name} = 0;"
        return f"const {self.w.ctype(slot.kind)} {slot.name} = {slot.array}[{address}];"

    def _entry(self, array: str, kind: Kind) -> str:
        """The type of an array's entries."""
        return "i64" if array == "k" else self.w.ctype(kind)

    def _name(self, prefix: str) -> str:
        self.names += 1
        return f"{prefix}{self.names}"

    def _inner(
        self, pad: str, length: str, moving: Sequence[_Slot], runs: Runs, firsts: Sequence[str],
        start: str,
    ) -> None:  # fmt: skip
        """The loop over the members of one run."""
        say = self.lines.append
        reads: dict[int, str] = {}
        registers: list[_Slot] = []
        for slot, stride, first in zip(moving, runs.strides, firsts, strict=True):
            kind = self._entry(slot.array, slot.kind)
            if slot.is_sum and stride == 0:
                slot.name = self._name("z")
                registers.append(slot)
                say(f"{pad}{kind} {slot.name} = 0;")
            elif stride == 0:
                slot.name = self._name("c")
                say(f"{pad}const {kind} {slot.name} = {slot.array}[{first}];")
            else:
                name = self._name("w")
                const = "" if slot.is_sum else "const "
                say(f"{pad}{const}{kind} *const {name} = {slot.array} + {first};")
                at = {1: "i", -1: "-i"}.get(stride, f"{stride} * i")
                slot.name = f"{name}[{at}]"
        for row, text in self.stored.items():
            kind = self._entry(text[0], self.code.storages[int(self.group.classes[row][0])])
            offset = "" if start == "0" else f" + {start}"
            reads[row] = self._name("o")
            say(f"{pad}{kind} *const {reads[row]} = {text}{offset};")
        fixed = [slot for slot in self.slots if slot.is_sum and slot not in moving]
        names = [slot.name for slot in [*fixed, *registers]]
        say(f"{pad}{_pragma(names)}")
        say(f"{pad}for (i64 i = 0; i < {length}; i++) {{")
        self._statements(pad + "    ", {row: f"{name}[i]" for row, name in reads.items()})
        say(f"{pad}}}")
        for slot in registers:
            first = firsts[list(moving).index(slot)]
            say(f"{pad}m[{first}] += {slot.name};")

    def _statements(self, pad: str, stored: dict[int, str]) -> None:
        code, w = self.code, self.w
        for row, members in enumerate(self.group.classes):
            k = int(members[0])
            operands = [one if isinstance(one, str) else one.name for one in self.operands[row]]
            kinds = [code.storages[int(column[0])] for column in self.group.operands[row]]
            text = expression(w, code.ops[k], operands, kinds, code.storages[k])
            self.lines.append(f"{pad}const {w.local(code.storages[k])} v{row + 1} = {text};")
            if row in stored:
                self.lines.append(f"{pad}{stored[row]} = v{row + 1};")
            for slot in self.sums[row]:
                if slot.name:
                    sign = "-" if slot.negated else "+"
                    self.lines.append(f"{pad}{slot.name} {sign}= v{row + 1};")

    def _gathered(self, runs: Runs, moving: Sequence[_Slot]) -> None:
        """One loop over all members; tables say where operands lie."""
        size, late = self.group.size, []
        for slot in self.slots:
            if slot not in moving:
                self.lines.append(self._pointer(slot, str(slot.addresses[0])))
                continue
            steps = np.unique(np.diff(slot.addresses))
            if len(steps) == 1 and not slot.is_sum:
                slot.name = f"{slot.array}[{slot.addresses[0]} + {steps[0]} * i]"
                continue
            name = self._table_name()
            entries = [str(a) for a in slot.addresses.tolist()]
            self.straight.data.append(_table(f"static const int {name}[]", entries))
            if slot.is_sum:
                late.append((slot, name))
            else:
                slot.name = f"{slot.array}[{name}[i]]"
        stored = {row: f"({text})[i]" for row, text in self.stored.items()}
        for slot, _ in late:
            row = next(k for k, slots in enumerate(self.sums) if slot in slots)
            stored.setdefault(row, f"m[{self.straight.room(size)} + i]")
        names = [slot.name for slot in self.slots if slot.is_sum and slot not in moving]
        self.lines += [_pragma(names), f"for (i64 i = 0; i < {size}; i++) {{"]
        self._statements("    ", stored)
        self.lines.append("}")
        for slot in self.slots:
            if slot.is_sum and slot not in moving:
                self.lines.append(f"m[{slot.addresses[0]}] = {slot.name};")
        for slot, name in late:
            row = next(k for k, slots in enumerate(self.sums) if slot in slots)
            sign = "-" if slot.negated else "+"
            self.lines.append(
                f"for (i64 i = 0; i < {size}; i++) m[{name}[i]] {sign}= {stored[row]};"
            )


def _by_count(values: Places, rank: Places) -> tuple[Places, Places]:
    """The different values, and of each entry the place of its value among them.

    The rarer come first, of those as many times the ones of lower rank; -1 is the last.
    """
    ranks = rank[values]
    order = ranks.argsort()  # values of one rank are one value
    ranks = ranks[order]
    begins = np.empty(len(values), bool)
    begins[0] = True
    np.not_equal(ranks[1:], ranks[:-1], out=begins[1:])
    places = np.empty_like(order)
    if np.count_nonzero(begins) == len(values):
        places[order] = np.arange(len(values))
        return values[order], places
    there = values[order[begins]]
    number = begins.cumsum() - 1
    often = np.bincount(number)
    often[there < 0] = len(values) + 1
    rarer = often.argsort(kind="stable")
    turned = np.empty_like(rarer)
    turned[rarer] = np.arange(len(rarer))
    places[order] = turned[number]
    return there[rarer], places


def _canonical(code: Instructions) -> Places:
    """Numbers by which values are sorted: entries of arguments by their places, then the rest."""
    found = np.arange(len(code.ops))
    inputs = np.fromiter(code.entries, np.int64, len(code.entries))
    entries = itertools.chain.from_iterable(code.entries.values())
    argument, position = np.fromiter(entries, np.int64, 2 * len(inputs)).reshape(-1, 2).T
    found[inputs[np.lexsort((position, argument))]] = np.arange(-len(inputs), 0)
    return found


def _leaving(code: Instructions) -> Places:
    """Numbers by which sums are sorted: results in the order in which they leave, then the rest."""
    found = np.arange(len(code.ops) + 1)  # the last is for -1, which is no sum
    first = list(dict.fromkeys(code.left))
    found[first] = np.arange(-len(first), 0)
    return found


def _pragma(sums: Sequence[str]) -> str:
    """What compilers may assume of the loop behind it."""
    if not sums:
        return "SG_INDEPENDENT"
    return f'_Pragma("omp simd reduction(+:{", ".join(sums)})")'


def _table(head: str, entries: Sequence[str]) -> str:
    lines = [", ".join(entries[at : at + 12]) for at in range(0, len(entries), 12)]
    return f"{head} = {{\n    " + ",\n    ".join(lines) + "\n};"
