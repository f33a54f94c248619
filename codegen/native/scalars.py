"""Programs of numbers: a graph whose values are all scalars, as one list of instructions.

Arrays may stand at both ends: arguments of fixed shape whose entries are read one by one, and
results that are put together of numbers. They are tables of value numbers here and cost nothing.
"""

from __future__ import annotations

import itertools
import operator
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from symgraph.codegen.basic import op_of, ops_of, storage_of
from symgraph.node import Kind, Node
from symgraph.ops.concat import Concat
from symgraph.ops.leaves import Const, Fill, Var
from symgraph.ops.map import Map
from symgraph.ops.move import Pull, Push
from symgraph.ops.reshape import Reshape
from symgraph.ops.rows import Affine, Row

__all__ = ["LEAVES", "Columns", "Instructions", "read_scalars"]

#: Numbers of values, one an entry.
Table = NDArray[np.int64]

#: What is read and not computed.
LEAVES = ("input", "number")

_LARGEST = 100_000  # entries of an array that is taken apart
_BLOCK = 512  # steps that are looked at several times while a cache holds them
_PLAIN = {Map, Var, Fill}

_shape, _kind, _operands = map(operator.attrgetter, ("shape", "kind", "_args"))


class Columns(NamedTuple):
    """The operands of all values: row j of `table` has the operand number j of each, or the number
    of all values where value k has only `many[k]`. There are two rows at least."""

    many: Table
    table: Table

    @classmethod
    def of(cls, operands: Sequence[int], counts: Sequence[int]) -> Columns:
        """Those that stand one after the other."""
        count = len(counts)
        values = np.fromiter(operands, np.int64, len(operands))
        many = np.fromiter(counts, np.int64, count)
        reader = np.repeat(np.arange(count), many)
        first = np.cumsum(many) - many
        table = np.full((int(np.max(many, initial=2)), count), count)
        table[np.arange(len(values)) - first[reader], reader] = values
        return cls(many, table)

    def rows(self) -> list[tuple[int, ...]]:
        """The operands of each value."""
        found: list[tuple[int, ...]] = [*zip(*self.table.tolist(), strict=True)]
        many = self.many.tolist()
        for k in np.flatnonzero(self.many < len(self.table)).tolist():
            found[k] = found[k][: many[k]]
        return found


@dataclass
class Instructions:
    """Value k is `ops[k]` of the values `operands[k]`.

    An op is a basic operation, "input", whose argument and position in it stand in `entries`, or
    "number", whose value stands in `numbers`. `outputs` and `updates` hold the values of each one's
    entries; `nodes[k]` is the node that value k came from, if it was one. What was read all at once
    has its operands as `known`.
    """

    ops: list[str] = field(default_factory=list)
    storages: list[Kind] = field(default_factory=list)
    numbers: dict[int, Any] = field(default_factory=dict)
    entries: dict[int, tuple[int, int]] = field(default_factory=dict)
    nodes: list[Node | None] = field(default_factory=list)
    outputs: list[list[int]] = field(default_factory=list)
    updates: list[list[int]] = field(default_factory=list)
    known: Columns | None = None

    @cached_property
    def operands(self) -> list[tuple[int, ...]]:
        """The operands of each value; a long program that is looked at by columns needs no rows."""
        return [] if self.known is None else self.known.rows()

    def add(self, op: str, operands: tuple[int, ...], storage: Kind, node: Node | None) -> int:
        """A new value; its number."""
        self.ops.append(op)
        self.operands.append(operands)
        self.storages.append(storage)
        self.nodes.append(node)
        return len(self.ops) - 1

    def add_input(self, argument: int, position: int, storage: Kind, node: Node) -> int:
        """An entry of an argument; its number."""
        number = self.add("input", (), storage, node)
        self.entries[number] = argument, position
        return number

    @cached_property
    def _op_numbers(self) -> tuple[list[str], NDArray[np.uint8]]:
        """All operations of the finished program, and for each value the number of its own."""
        known = list(dict.fromkeys(self.ops))
        number = {op: k for k, op in enumerate(known)}.__getitem__
        return known, np.fromiter(map(number, self.ops), np.uint8, len(self.ops))

    def among(self, ops: Collection[str]) -> NDArray[np.bool_]:
        """For each value of the finished program whether its operation is one of these."""
        known, numbers = self._op_numbers
        return np.array([op in ops for op in known], bool)[numbers]

    @cached_property
    def left(self) -> list[int]:
        """The values of the outputs of the finished program, entry by entry."""
        return [*itertools.chain.from_iterable(self.outputs)]

    @cached_property
    def roots(self) -> set[int]:
        """The values that leave the finished program."""
        return {*self.left, *itertools.chain.from_iterable(self.updates)}

    @cached_property
    def columns(self) -> Columns:
        """The operands of the finished program by columns."""
        if self.known is not None:
            return self.known
        operands = self.operands
        return Columns.of([*itertools.chain.from_iterable(operands)], [*map(len, operands)])


def read_scalars(
    steps: Sequence[Node], args: Sequence[Var], outputs: Sequence[Node], updates: Sequence[Node]
) -> Instructions | None:
    """The instructions of a graph in basic operations; None where arrays are computed with."""
    reader = _Reader(args)
    if not (reader.reals(steps) or reader.read(steps)):
        return None
    code, tables = reader.code, reader.tables
    code.outputs = [_entries(tables[node]) for node in outputs]
    code.updates = [_entries(tables[node]) for node in updates]
    return code


class _Reader:
    def __init__(self, args: Sequence[Var]) -> None:
        self.code = Instructions()
        self.tables: dict[Node, Any] = {}  # the number of a scalar's value, or an array of numbers
        self.args: Mapping[Node, int] = {variable: k for k, variable in enumerate(args)}
        self.constants: dict[tuple[Kind, Any], int] = {}
        self.known: dict[tuple[Any, ...], tuple[str, Kind]] = {}  # by template and storages
        self.forms: dict[Any, tuple[str, Kind]] = {}  # by template, of reals from reals

    def reals(self, steps: Sequence[Node]) -> bool:
        """Take steps in that are all real numbers, but for constants; False where some are not.

        Value k is that of step k. Large programs are mostly such.
        """
        tables: dict[Node, int] = {}
        value, number, found = tables.__getitem__, itertools.count(), Instructions()
        operands: list[int] = []
        counts: list[int] = []
        ops: list[str | None] = []
        for at in range(0, len(steps), _BLOCK):
            nodes = steps[at : at + _BLOCK]
            if not _PLAIN.issuperset(map(type, nodes)) or any(map(_shape, nodes)):
                return False
            tables.update(zip(nodes, number))  # noqa: B905 - numbers have no end
            given = [*map(_operands, nodes)]
            operands += map(value, itertools.chain.from_iterable(given))
            counts += map(len, given)
            ops += ops_of(nodes)
            found.storages += map(_kind, nodes)
        found.known, found.nodes = Columns.of(operands, counts), [*steps]
        constants: set[tuple[Kind, str]] = set()
        whole = len(steps) - found.storages.count("real")
        for k in [k for k, op in enumerate(ops) if op is None]:
            node = steps[k]
            if type(node) is Fill and not _is_symbolic(node):
                ops[k], found.nodes[k] = "number", None
                found.numbers[k], key = _plain(node.value, node.kind)
                constants.add(key)
                whole -= node.kind != "real"
            elif node in self.args:
                ops[k], found.entries[k] = "input", (self.args[node], 0)
            else:
                return False
        if whole or len(constants) < len(found.numbers):
            return False  # others than constants are whole, or some constants are one number
        found.ops = [op for op in ops if op is not None]
        self.code, self.tables = found, tables
        return True

    def read(self, steps: Sequence[Node]) -> bool:
        """Take the steps in; False when one has no place here."""
        code, tables, forms = self.code, self.tables, self.forms
        ops, operands_of, storages, nodes = code.ops, code.operands, code.storages, code.nodes
        value = tables.__getitem__
        whole: set[int] = set()  # integers and booleans: all else is real
        for node in steps:
            if type(node) is Map and not node.shape:
                operands = tuple(map(value, node._args))
                is_real = not whole or whole.isdisjoint(operands)
                form = forms.get(node.params[0]) if is_real else None
                if form is None:
                    form = self._form(node, operands)
                    if form[1] != "real":
                        whole.add(len(ops))
                tables[node] = len(ops)  # as `code.add` does, once for each number of a program
                ops.append(form[0])
                operands_of.append(operands)
                storages.append(form[1])
                nodes.append(node)
                continue
            before = len(ops)
            if type(node) is Var and not node.shape and node in self.args:
                tables[node] = code.add_input(self.args[node], 0, node.kind, node)
            else:
                made = self._table(node)
                if made is None:
                    return False
                tables[node] = made if node.shape else int(made)
            if node.kind != "real":
                whole.update(range(before, len(ops)))
        return True

    def _form(self, node: Node, operands: tuple[int, ...]) -> tuple[str, Kind]:
        """The operation of a Map and how its result is stored."""
        kinds = tuple(map(self.code.storages.__getitem__, operands))
        key = (node.params[0], *kinds)
        found = self.known.get(key)
        if found is None:
            op = op_of(node)
            assert op is not None, "a Map that was not lowered"
            found = self.known[key] = (op, storage_of(op, kinds))
            if found[1] == "real" and all(map("real".__eq__, kinds)):
                self.forms[node.params[0]] = found
        return found

    def _table(self, node: Node) -> Any:
        size = _size(node)
        if size is None or size > _LARGEST:
            return None
        kind = type(node)
        if kind is Var:
            return self._input(node, size)
        if kind is Fill:
            if _is_symbolic(node):
                return None
            return np.full(node.shape, self._number(node.value, node.kind))
        if kind is Const:
            entries = [self._number(x, node.kind) for x in node.array.ravel().tolist()]
            return np.array(entries, np.int64).reshape(node.shape)
        if kind is Reshape:
            return np.reshape(self.tables[node._args[0]], node.shape)
        if kind is Concat:
            parts = [np.asarray(self.tables[arg]) for arg in node._args]
            return np.concatenate(parts, axis=node.params[0])
        if kind is Push:
            return self._pushed(node)
        if kind is Map and op_of(node) == "add":
            return self._added(node)
        return self._pulled(node) if kind is Pull else None

    def _pushed(self, node: Push) -> Any:
        """A Push to places that are known and of which each is hit once at most."""
        if len(node._args) != 1 or not _is_known(node.rows):
            return None
        source = np.asarray(self.tables[node._args[0]])
        if np.any(node.evaluate({}, np.ones(source.shape, np.int64)) > 1):
            return None
        places = np.asarray(node.evaluate({}, source + 1))
        return np.where(places == 0, self._number(0, node.kind) + 1, places) - 1

    def _added(self, node: Node) -> Any:
        """The sum of two arrays of which most entries are 0: derivatives by entries are such."""
        first, second = (
            np.broadcast_to(np.asarray(self.tables[arg]), node.shape) for arg in node._args
        )
        zero = self._number(0, node.kind)
        both = (first != zero) & (second != zero)
        if 2 * np.count_nonzero(both) > both.size:
            return None
        result = np.where(first == zero, second, first)
        for place in np.argwhere(both):
            at = tuple(place)
            pair = (int(first[at]), int(second[at]))
            result[at] = self.code.add("add", pair, node.kind, None)
        return result

    def _input(self, node: Node, size: int) -> Any:
        number = self.args.get(node)
        if number is None:
            return None
        made = [self.code.add_input(number, k, node.kind, node) for k in range(size)]
        return np.array(made, np.int64).reshape(node.shape)

    def _number(self, value: Any, kind: Kind) -> int:
        plain, key = _plain(value, kind)
        found = self.constants.get(key)
        if found is None:
            found = self.constants[key] = self.code.add("number", (), kind, None)
            self.code.numbers[found] = plain
        return found

    def _pulled(self, node: Pull) -> Any:
        """A Pull with places that are known: numbers of numbers."""
        if len(node._args) != 1 or not _is_known(node.rows):
            return None
        source = np.asarray(self.tables[node._args[0]])
        kind = node.kind
        places = node.evaluate({}, source + 1)  # 0 is what lies outside
        if not np.all(places):
            places = np.where(places == 0, self._number(0, kind) + 1, places)
        return places - 1


def _plain(value: Any, kind: Kind) -> tuple[Any, tuple[Kind, str]]:
    """A constant, and what tells it from others: -0.0 is not 0.0."""
    plain = float(value) if kind == "real" else int(value)
    return plain, (kind, str(plain))


def _is_symbolic(node: Fill) -> bool:
    value = node.value
    return not isinstance(value, (int, float)) and bool(value.free_symbols)


def _entries(table: Any) -> list[int]:
    return [table] if isinstance(table, int) else np.ravel(table).tolist()


def _is_known(rows: Sequence[Row]) -> bool:
    """Whether places depend on no index that is computed and on no symbolic size."""
    return all(isinstance(row, Affine) and isinstance(row.offset, int) for row in rows)


def _size(node: Node) -> int | None:
    """The number of entries; None for symbolic sizes."""
    total = 1
    for dim in node.shape:
        if not isinstance(dim, int):
            return None
        total *= dim
    return total
