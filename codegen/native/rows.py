"""Updates of the rows that were looked up, and of no others.

The gradient of a table by its looked-up rows is zero in all other rows. Where the rule for the new
values leaves a row alone whose gradient is zero, which is read off the rule itself, the gradient is
never made: derivatives of equal rows are added up beside each other, and the rule runs over the
rows that occur. Steepest descent and Adagrad are such rules, rules with momentum are not. A rule
that adds multiples of the gradient, such as descent, runs over the derivatives one by one instead.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from symgraph.codegen.basic import op_of
from symgraph.codegen.labels import Labels
from symgraph.codegen.native.moves import check_positions, relaid
from symgraph.codegen.native.operations import lines
from symgraph.codegen.native.writer import CWriter
from symgraph.codegen.schedule import Block
from symgraph.codegen.strided import Value, entry, spread
from symgraph.node import Kind, Node
from symgraph.ops.leaves import Fill
from symgraph.ops.map import Map
from symgraph.ops.move import Push
from symgraph.ops.rows import Affine, Lookup
from symgraph.shapes import Dim, product, same_dim

__all__ = ["RowUpdate", "emit_row_updates", "find_row_updates"]


@dataclass
class RowUpdate:
    """Derivatives `pushes` of some rows, whose sum is `total`, the rule, and what it updates.

    `summing` are the additions of pushes, the last of which is the total.

    `inner` gives for a Push the operations on its entries that nothing else reads, in order.
    """

    pushes: list[Push]
    summing: list[Node]
    total: Node
    rule: list[Node]
    news: dict[Node, Node]
    inner: dict[Node, list[Node]]

    @property
    def steps(self) -> list[Node]:
        """All nodes that it takes care of."""
        inner = [node for push in self.pushes for node in self.inner[push]]
        return [*inner, *self.pushes, *self.summing, *self.rule]


# --- which there are -----------------------------------------------------------------------------


def find_row_updates(
    block: Block, outputs: Sequence[Node], updates: Mapping[Node, Node]
) -> list[RowUpdate]:
    """The updates of rows in a block, whose steps go to the end of it."""
    pushes = [node for node in block.steps if isinstance(node, Push) and _is_by_rows(node)]
    if not pushes or not updates:
        return []
    finder = _Finder(block, outputs, updates)
    found: list[RowUpdate] = []
    for push in pushes:
        if not any(push in update.pushes for update in found):
            update = finder.update_of(push)
            found += [update] if update is not None else []
    found = [update for update in found if finder.is_last_reader(update, found)]
    moved = [node for update in found for node in update.steps]
    away = set(moved)
    block.steps = [node for node in block.steps if node not in away] + moved
    return found


def _is_by_rows(node: Push) -> bool:
    """Whether the first axis is looked up and the others are copied."""
    if node.kind != "real" or not node.shape or node.args[0].kind != "real":
        return False
    first, rest = node.rows[0], node.rows[1:]
    if not isinstance(first, Lookup):
        return False
    count, small = len(first.axes), node.args[0].shape
    return (
        first.axes == tuple(range(count))
        and len(small) == count + len(rest)
        and all(row == Affine(0, ((count + k, 1),)) for k, row in enumerate(rest))
        and all(map(same_dim, small[count:], node.shape[1:]))
    )


class _Finder:
    def __init__(self, block: Block, outputs: Sequence[Node], updates: Mapping[Node, Node]) -> None:
        self.block, self.outputs, self.updates = block, set(outputs), updates
        self.rank = {node: k for k, node in enumerate(block.steps)}
        self.users: dict[Node, list[Node]] = {}
        for node in block.steps:
            for arg in node.args:
                self.users.setdefault(arg, []).append(node)
        self.variables: dict[Node, list[Node]] = {}
        for variable, node in updates.items():
            self.variables.setdefault(node, []).append(variable)

    def update_of(self, push: Push) -> RowUpdate | None:
        """The update that a Push belongs to, if it may run over rows."""
        family = self._family(push)
        if family is None:
            return None
        pushes, maps = family
        total, summing = self._total(pushes, maps)
        if total is None:
            return None
        news = {v: node for node in maps for v in self.variables.get(node, ())}
        rule = [node for node in maps if node not in summing]
        if not news or total in news.values() or not _leaves_alone(total, rule, news):
            return None
        inner = {each: self._inner(each) for each in pushes}
        return RowUpdate(pushes, summing, total, rule, news, inner)

    def _family(self, push: Push) -> tuple[list[Push], list[Node]] | None:
        """The Pushes and operations that depend on each other; None if others read them."""
        seen: set[Node] = {push}
        stack: list[Node] = [push]
        while stack:
            node = stack.pop()
            users = self.users.get(node, [])
            roots = self.variables.get(node, [])
            if node in self.outputs or self.block.uses[node] != len(users) + len(roots):
                return None
            if any(variable.shape != node.shape for variable in roots):
                return None
            for user in users:
                if type(user) is not Map or user.shape != push.shape:
                    return None
            near = [*users, *(a for a in node.args if isinstance(a, Push) and type(node) is Map)]
            for other in near:
                if isinstance(other, Push) and not _is_by_rows(other):
                    return None
                if other not in seen:
                    seen.add(other)
                    stack.append(other)
        order = sorted(seen, key=self.rank.__getitem__)
        pushes = [node for node in order if isinstance(node, Push)]
        return pushes, [node for node in order if not isinstance(node, Push)]

    def _total(
        self, pushes: Sequence[Push], maps: Sequence[Node]
    ) -> tuple[Node | None, list[Node]]:
        """The sum of all Pushes, if nothing else reads one of them, and the additions."""
        parts: set[Node] = set(pushes)
        summing: list[Node] = []
        for node in maps:
            if len(parts) == 1:
                break
            summed = op_of(node) == "add" and all(arg in parts for arg in node.args)
            if summed and all(self.block.uses[arg] == 1 for arg in node.args):
                parts = (parts - set(node.args)) | {node}
                summing.append(node)
        return (parts.pop() if len(parts) == 1 else None), summing

    def _inner(self, push: Push) -> list[Node]:
        """The operations on the entries of a Push that it alone reads."""
        found: list[Node] = []
        stack = [push.args[0]]
        while stack:
            node = stack.pop()
            alone = self.block.uses[node] == 1 and node not in self.outputs
            if type(node) is Map and alone and node.shape == push.args[0].shape:
                found.append(node)
                stack.extend(node.args)
        return sorted(found, key=self.rank.__getitem__)

    def is_last_reader(self, update: RowUpdate, updates: Sequence[RowUpdate]) -> bool:
        """Whether nothing needs the old rows of a variable once they are overwritten."""
        mine = set(update.steps)
        others = [node for other in updates if other is not update for node in other.steps]
        own = [node for node in update.steps if node not in update.rule]
        read = {arg for node in (*others, *own) for arg in node.args}
        viewed = self.block.viewed(list(update.news))
        seen = [node for node in viewed if viewed[node]]
        roots = {*self.outputs, *(n for n in self.updates.values() if n not in mine)}
        return not any(node in read or node in roots for node in seen)


# --- the proof -----------------------------------------------------------------------------------


def _leaves_alone(total: Node, rule: Sequence[Node], news: Mapping[Node, Node]) -> bool:
    """Whether a row stays as it is where its gradient is zero.

    Every operation is carried out on what is known of its operands then: a number, or an entry.
    """
    known: dict[Node, Any] = {total: 0.0}
    for node in rule:
        known[node] = _known(node, [known.get(arg, _entry(arg)) for arg in node.args])
    return all(known[node] is variable for variable, node in news.items())


def _entry(node: Node) -> Any:
    """A number, or the entry of a node."""
    if isinstance(node, Fill) and not getattr(node.value, "free_symbols", None):
        return float(node.value)
    return node


def _known(node: Node, values: Sequence[Any]) -> Any:
    """A number, the entry of a node, or a value of which nothing else is known."""
    op = op_of(node)
    zero = [isinstance(value, float) and value == 0 for value in values]
    if op == "multiply" and any(zero):
        return 0.0
    if op == "divide" and zero[0] and not zero[1]:
        return 0.0
    if op == "add" and any(zero):
        return values[0] if zero[1] else values[1]
    if op == "subtract" and zero[1]:
        return values[0]
    if op in ("multiply", "divide") and 1.0 in values[op == "divide" :]:
        return values[0] if values[1] == 1.0 else values[1]
    ufunc = getattr(np, str(op), None)
    if isinstance(ufunc, np.ufunc) and all(isinstance(value, float) for value in values):
        with np.errstate(all="ignore"):
            return float(ufunc(*values))
    return object()


def _adds_multiples(update: RowUpdate) -> bool:
    """Whether the rule adds to each variable a multiple of the gradient, whatever it holds."""
    linear = {update.total}
    roots = {node: variable for variable, node in update.news.items()}
    if len(roots) < len(update.news):
        return False
    for node in update.rule:
        args = list(node.args)
        scaled = [arg in linear for arg in args]
        op = op_of(node)
        if node in roots:
            rest = [arg for arg in args if arg is not roots[node]]
            first = op == "add" or (op == "subtract" and args[0] is roots[node])
            if not first or len(rest) != 1 or rest[0] not in linear:
                return False
            continue
        if any(arg in update.news or arg in roots for arg in args):
            return False
        times = (op == "multiply" and sum(scaled) == 1) or (
            op == "divide" and scaled == [True, False]
        )
        if not times and not (op in _SUMS and all(scaled)):
            return False
        linear.add(node)
    return True


_SUMS = ("add", "subtract", "negative")


# --- text ----------------------------------------------------------------------------------------


def emit_row_updates(w: CWriter, updates: Sequence[RowUpdate], labels: Labels) -> None:
    """Add up the derivatives of equal rows, then run the rules over the rows that occur."""
    for update in updates:
        for push in update.pushes:
            check_positions(w, push, push.shape, push.args[0].shape)
    for update in updates:
        _Rows(w, update, labels).emit()


class _Rows:
    def __init__(self, w: CWriter, update: RowUpdate, labels: Labels) -> None:
        self.w, self.update, self.labels = w, update, labels
        self.kinds: dict[Node, Kind] = {update.total: "real"}
        self.shape, self.direct = update.total.shape, _adds_multiples(update)
        most = product([sum(product(push.args[1].shape) for push in update.pushes)])
        self.sums = w.room((most, *self.shape[1:]), "real", prefix="d")
        self.rows = w.room((most,), "integer", prefix="c").text  # the row of each sum
        self.slots = w.room(self.shape[:1], "integer", prefix="c").text  # its inverse, where true
        self.count = w.room((), "integer", prefix="c").text

    def emit(self) -> None:
        """The sums, then the rule; or the rule for every derivative by itself."""
        w = self.w
        if not self.direct:
            with w.unit():
                w.say(f"{self.count}[0] = 0;")
        for push in self.update.pushes:
            self._add(push)
        if not self.direct:
            self._apply()
        for variable, node in self.update.news.items():
            w.env[node] = w.env[variable]

    def _add(self, push: Push) -> None:
        """Add the derivatives of one Push to the sums of their rows."""
        w, value, inner = self.w, push.args[0], self.update.inner[push]
        outside = [a for node in inner for a in node.args if a not in inner] or [value]
        index = w.value(push.args[1])
        count = len(index.shape)
        values = {arg: self._by_rows(w.value(arg), count) for arg in dict.fromkeys(outside)}
        with w.unit(), w.indices(index.shape, independent=False) as names:
            at = w.position(list(zip(names, spread(index, index.shape), strict=True)))
            row = w.name("r")
            w.say(f"const i64 {row} = {entry(index, at)};", self.labels.note(push, w.env))
            slot, fresh = (row, "") if self.direct else self._slot(row)
            spreads = [spread(v, value.shape) for v in values.values()]
            lead = [w.position(list(zip(names, s, strict=False))) for s in spreads]
            row_values, row_spreads = self._row_values()
            assert self.sums.strides is not None
            tails = [self.sums.strides[1:], *(s[count:] for s in spreads)]
            tails += [s[1:] for s in row_spreads]
            with w.nest(value.shape[count:], tails) as (to, *ats):
                texts = {
                    arg: entry(v, _joined(before, there))
                    for (arg, v), before, there in zip(values.items(), lead, ats, strict=False)
                }
                lines(w, inner, texts, self.kinds, self.labels)
                if self.direct:
                    texts[self.update.total] = texts[value]
                    self._rule(row, row_values, row_spreads, ats[len(values) :], texts)
                else:
                    there = _joined(w.term(slot, self.sums.strides[0]), to)
                    place, new = entry(self.sums, there), texts[value]
                    w.say(f"{place} = {fresh} ? {new} : {place} + {new};")

    def _by_rows(self, value: Value, count: int) -> Value:
        """The value with its last axis the fastest, if it has as many axes as a derivative."""
        rank = count + len(self.shape) - 1
        if len(value.shape) < rank or len(self.shape) == 1 or 0 in (value.strides or ())[-1:]:
            return value
        return relaid(self.w, value, tuple(range(rank)))

    def _slot(self, row: str) -> tuple[str, str]:
        """Where the sum of a row is, and whether it begins now.

        What a slot says is true if the row there says so too, so that slots need no beginning.
        """
        w = self.w
        slot, fresh = w.name("r"), w.name("r")
        w.say(f"i64 {slot} = {self.slots}[{row}];")
        unknown = f"(u64){slot} >= (u64){self.count}[0] || {self.rows}[{slot}] != {row}"
        w.say(f"const int {fresh} = {unknown};")
        with w.inside(f"if ({fresh})"):
            w.say(f"{slot} = {self.count}[0]++;")
            w.say(f"{self.slots}[{row}] = {slot};")
            w.say(f"{self.rows}[{slot}] = {row};")
        return slot, fresh

    def _row_values(self) -> tuple[dict[Node, Value], list[tuple[Dim, ...]]]:
        """What the rule reads and writes besides the gradient, with strides as of the table."""
        w, rule = self.w, self.update.rule
        read = [arg for node in rule for arg in node.args if arg not in rule]
        args = [arg for arg in (*read, *self.update.news) if arg is not self.update.total]
        values = {arg: w.value(arg) for arg in dict.fromkeys(args)}
        return values, [spread(value, self.shape) for value in values.values()]

    def _apply(self) -> None:
        """Run the rule over the rows that occur."""
        w, sums = self.w, self.sums
        values, spreads = self._row_values()
        slot, row = w.name("r"), w.name("r")
        assert sums.strides is not None
        head = f"for (i64 {slot} = 0; {slot} < {self.count}[0]; {slot}++)"
        with w.unit(), w.inside(head):
            w.say(f"const i64 {row} = {self.rows}[{slot}];")
            tails = [sums.strides[1:], *(strides[1:] for strides in spreads)]
            with w.nest(self.shape[1:], tails) as (own, *ats):
                total = _joined(w.term(slot, sums.strides[0]), own)
                texts = {self.update.total: entry(sums, total)}
                self._rule(row, values, spreads, ats, texts)

    def _rule(
        self, row: str, values: Mapping[Node, Value], spreads: Sequence[Sequence[Dim]],
        ats: Sequence[str], texts: dict[Node, str],
    ) -> None:  # fmt: skip
        """The new entries of a row."""
        w, update = self.w, self.update
        places: dict[Node, str] = {}
        for (arg, value), strides, at in zip(values.items(), spreads, ats, strict=True):
            places[arg] = entry(value, _joined(w.position([(row, strides[0])]), at))
        texts.update(places)
        lines(w, update.rule, texts, self.kinds, self.labels)
        for variable, node in update.news.items():
            w.say(f"{places[variable]} = {texts[node]};")


def _joined(*parts: str) -> str:
    return " + ".join(part for part in parts if part)
