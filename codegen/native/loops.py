"""Scan in C: one loop over time.

A state whose values are recorded lives in a history of length + 1 rows, in which the next value is
written right behind the present one. Any other state has two rows that take turns.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import NamedTuple

from symgraph.codegen.contraction import grouping
from symgraph.codegen.native.beginnings import zeros_at_first
from symgraph.codegen.native.moves import relaid, turn
from symgraph.codegen.native.writer import CWriter, Turned
from symgraph.codegen.schedule import Block, Loop
from symgraph.codegen.strided import Value
from symgraph.node import Node
from symgraph.ops.einsum import Einsum
from symgraph.ops.loop import Scan
from symgraph.ops.map import Map
from symgraph.shapes import Dim, product

__all__ = ["deliver", "emit_loop"]

#: Bytes of a line of the cache.
_LINE = 64

#: A matrix of at most so many bytes is copied for the sake of so many steps at the least.
_CACHED, _STEPS = 96 << 10, 16

#: A copy with its axes turned takes longer than so many steps of one row gain by it, as long as the
#: matrix lies in the L2 cache and its columns are at least so long.
_FEW, _NEAR, _LONG = 64, 1 << 20, 256


def emit_loop(w: CWriter, node: Node, steps: Callable[[Block], None]) -> None:
    """The loop and everything that is read of it; `steps` emits the block of its body."""
    _Loop(w, node).emit(steps)


def deliver(w: CWriter, node: Node) -> bool:
    """Copy a value that could not be computed where it was asked for; whether there was one."""
    told = w.destination.get(node)
    value = w.env.get(node)
    if told is None or value is None or value == told:
        return False
    with w.unit():
        w.copy(value, told)
    return True


class _Layout(NamedTuple):
    """The order of axes that products want of a matrix by which so many rows are multiplied."""

    order: tuple[int, ...]
    height: Dim

    @property
    def lone(self) -> bool:
        """Whether there may be one row."""
        return self.height == 1 or not isinstance(self.height, int)


def _turned(block: Block, constants: Sequence[Node]) -> dict[Node, _Layout]:
    """The order of axes that products want of matrices that stay the same.

    Rows of a right operand must lie in one piece; else every step would turn it anew.
    """
    found: dict[Node, _Layout] = {}
    for node in block.steps:
        if not isinstance(node, Einsum) or len(node.args) != 2:
            continue
        groups = grouping(node.ins[0], node.ins[1], node.out)
        right = 0 if groups.swapped else 1
        arg, ins = node.args[right], node.ins[right]
        if len(ins) != 2 or len(groups.n) != 1 or len(groups.k) != 1 or not groups.m:
            continue
        axis = ins.index(groups.n[0])
        if isinstance(arg, Einsum) and len(arg.args) == 1 and len(arg.ins[0]) == 2:
            axis = arg.ins[0].index(arg.out[axis]) if set(arg.out) == set(arg.ins[0]) else axis
            arg = arg.args[0]
        if arg in constants and arg.ndim == 2:
            height = product([node.sizes()[i] for i in groups.m])
            found.setdefault(arg, _Layout((1 - axis, axis), height))
    return found


def _in_rows(w: CWriter, value: Value, layout: _Layout, length: Dim) -> Value:
    """A matrix that is multiplied in each of `length` steps, its rows in one piece.

    Where they begin anywhere in a line of the cache, nearly every vector of them lies in two lines,
    and takes twice as long to read: a copy has them begin with lines.
    """
    order = layout.order
    rows, columns = (value.shape[axis] for axis in order)
    width = 4 if w.real == "float" else 8
    if value.strides is None or value.storage != "real" or not isinstance(columns, int):
        return relaid(w, value, order)
    bytes_, lies = columns * width, value.strides[order[-1]] == 1
    within = bytes_ > _LINE and bytes_ % (_LINE // 2) != 0
    if not within or (lies and not _repays(rows, bytes_, length)):
        return relaid(w, value, order)
    key = ("in rows", value, order)
    if key not in w.known:
        wide = -(-bytes_ // _LINE) * _LINE // width
        room = w.room((rows, wide), value.storage, prefix="c")
        strides = (wide, 1) if order == (0, 1) else (1, wide)
        w.known[key] = out = w.view(room, value.shape, strides)
        with w.unit():
            turn(w, value, out, order)
        if layout.lone and w.threads == 1:
            _keep_tail(w, value, out, order)
    found: Value = w.known[key]
    return found


def _in_columns(w: CWriter, value: Value, layout: _Layout, length: Dim) -> Turned | None:
    """The rows of a matrix whose columns lie in one piece; None where every step may want them.

    Few steps of one row multiply by columns as they lie, if these begin with lines of the cache.
    """
    depth, width = (value.shape[axis] for axis in layout.order)
    few = isinstance(length, int) and length <= _FEW and layout.lone and w.threads == 1
    if not few or value.storage != "real" or value.strides is None:
        return None
    if not isinstance(depth, int) or not isinstance(width, int):
        return None
    along, across = (value.strides[axis] for axis in layout.order)
    column = depth * (4 if w.real == "float" else 8)
    whole = column % _LINE == 0 and column >= _LONG and column * width <= _NEAR
    if (along, across) != (1, depth) or not whole:
        return None
    key = ("in columns", value, layout)
    if key not in w.known:
        place = w.pointer(value)
        address = f"(i64)({place})" if value.offset else f"(i64){place}"
        conditions = [f"{address} % {_LINE} == 0"]
        if layout.height != 1:
            conditions.insert(0, f"{w.size(layout.height)} == 1")
        rows = w.room((depth, width), value.storage, prefix="c")
        strides = (width, 1) if layout.order == (0, 1) else (1, width)
        w.known[key] = Turned(" && ".join(conditions), rows)
        with w.unit(), w.inside(f"if (!({w.known[key].needless}))"):
            turn(w, value, w.view(rows, value.shape, strides), layout.order)
    found: Turned = w.known[key]
    return found


def _keep_tail(w: CWriter, value: Value, rows: Value, order: tuple[int, ...]) -> None:
    """The last columns once more, as rows, where they are few of a vector.

    A step of one row then reads a line of the cache less for each row of the matrix.
    """
    height, columns = (value.shape[axis] for axis in order)
    assert isinstance(columns, int)
    line = _LINE // (4 if w.real == "float" else 8)
    few = columns % line
    if few > line // 4 or not isinstance(height, int) or height < line:
        return
    assert value.strides is not None
    across, along = (value.strides[axis] for axis in order)
    wide = -(-height // line) * line
    out = w.view(w.room((few, wide), value.storage, prefix="c"), (few, height), (wide, 1))
    with w.unit():
        part = w.view(value, out.shape, (along, across), w.term(str(columns - few), along))
        turn(w, part, out, (0, 1))
    w.tails[rows.text] = out


def _repays(rows: Dim, width: int, length: Dim) -> bool:
    """Whether so many steps are worth a copy of rows that lie in one piece already."""
    small = isinstance(rows, int) and rows * width <= _CACHED
    return small and not (isinstance(length, int) and length < _STEPS)


class _Loop:
    def __init__(self, w: CWriter, node: Node) -> None:
        self.w, self.node = w, node
        self.loop: Loop = w.block.loops[node]
        self.scan: Scan = self.loop.scan
        self.time = w.name("t")
        self.inner: dict[Node, Value] = {}
        self.results: dict[Node, Value] = {}  # projections
        self.destination: dict[Node, Value] = {}
        self.rows: list[tuple[Node, Value]] = []  # body values, and where they must be at the end

    def emit(self, steps: Callable[[Block], None]) -> None:
        """The loop."""
        w, body = self.w, self.scan.body
        operands = dict(zip(body.locals, [w.value(arg) for arg in self.scan.args], strict=True))
        turned = _turned(self.loop.block, body.constants)
        copies: dict[str, Turned] = {}
        for place in body.constants:
            value = operands[place]
            if place in turned:
                copy = _in_columns(w, value, turned[place], self.scan.length)
                if copy is not None:
                    copies[w.pointer(value)] = copy
                else:
                    value = _in_rows(w, value, turned[place], self.scan.length)
            self.inner[place] = value
        for place in body.sequences:
            self.inner[place] = self._row(operands[place])
        for number, state in enumerate(body.states):
            self._state(number, state, operands[state])
        for traced, projection in self.loop.traces.items():
            if projection not in self.results:
                self._trace(traced, projection, operands)
        outer = (w.env, w.block, w.destination, w.time, w.still, w.turned)
        ends = (w.idle, w.goes_on, w.blank, w.first)
        w.env, w.block, w.destination = self.inner, self.loop.block, self.destination
        w.time, w.still = self.time, frozenset(self.inner[place].text for place in body.constants)
        w.turned, w.idle, w.goes_on = copies, self._idle(), self._goes_on()
        w.blank, w.first = self._blank(), self._first()
        with w.over_time(self._head()):
            steps(self.loop.block)
            self._ends()
        w.env, w.block, w.destination, w.time, w.still, w.turned = outer
        w.idle, w.goes_on, w.blank, w.first = ends
        w.env.update(self.results)
        w.env[self.node] = Value("0", (), "real")

    def _head(self) -> str:
        time, length = self.time, self.w.size(self.scan.length)
        if self.scan.backwards:
            return f"for (i64 {time} = {length} - 1; {time} >= 0; {time}--)"
        return f"for (i64 {time} = 0; {time} < {length}; {time}++)"

    def _goes_on(self) -> str:
        """The condition that a step is not the last."""
        if self.scan.backwards:
            return f"{self.time} > 0"
        return f"{self.time} < {self.w.size(self.scan.length)} - 1"

    def _idle(self) -> frozenset[Node]:
        """Products of which the last step makes nothing but states that no one reads.

        They are put together entry by entry, so that whatever stands in the place of such a product
        does no harm.
        """
        loop, nexts = self.loop, self.scan.body.nexts
        if self.w.threads > 1:
            return frozenset()
        found: set[Node] = set()
        read = {*loop.traces, *(nexts[number] for number in loop.finals)}  # of the last step
        for node in reversed(loop.block.steps):
            if node in read or type(node) not in (Map, Einsum):
                read.update(node.args)
            elif type(node) is Einsum:
                found.add(node)
        return frozenset(found)

    def _first(self) -> str:
        """The number of the first step."""
        return f"{self.w.size(self.scan.length)} - 1" if self.scan.backwards else "0"

    def _blank(self) -> frozenset[Node]:
        """What is zeros in the first step."""
        if self.w.threads > 1:
            return frozenset()
        return zeros_at_first(self.scan, self.loop.block.steps)

    # --- where things lie ---------------------------------------------------------------------

    def _row(self, value: Value, step: str = "") -> Value:
        """The entries of the present time, or of another."""
        w = self.w
        if value.strides is None:
            return replace(value, shape=value.shape[1:])
        at = w.term(step or self.time, value.strides[0])
        return w.view(value, value.shape[1:], value.strides[1:], at)

    def _state(self, number: int, state: Node, start: Value) -> None:
        w, loop = self.w, self.loop
        following = self.scan.body.nexts[number]
        traces = [loop.traces.get(state), loop.traces.get(following)]
        length, backwards, time = self.scan.length, self.scan.backwards, self.time
        if traces[0] is not None or traces[1] is not None:
            rows: Dim = product([length + 1])
            room = w.room((rows, *state.shape), state.kind)
            present, after = (f"({time} + 1)", time) if backwards else (time, f"({time} + 1)")
            first, last = w.sizes.factor(length), "0"
            first, last = (first, last) if backwards else (last, first)
        else:
            room = w.room((2, *state.shape), state.kind)
            present, after = f"(({time} + 1) & 1)", f"({time} & 1)"
            first, last = f"({w.size(length)} & 1)", "0"
            if not backwards:
                present, after, first, last = after, present, last, first
        with w.unit():
            w.copy(start, self._row(room, first))
        self.inner[state] = self._row(room, present)
        self._ask(following, self._row(room, after))
        if number in loop.finals:
            self.results[loop.finals[number]] = self._row(room, last)
        self._history(room, traces)

    def _history(self, room: Value, traces: list[Node | None]) -> None:
        """States before and after each step, as parts of a history."""
        assert room.strides is not None
        parts = ("1", "0") if self.scan.backwards else ("0", "1")
        for projection, step in zip(traces, parts, strict=True):
            if projection is not None and projection not in self.results:
                at = "" if step == "0" else self.w.size(room.strides[0])
                self.results[projection] = self.w.view(room, projection.shape, room.strides, at)

    def _trace(self, traced: Node, projection: Node, operands: dict[Node, Value]) -> None:
        if traced in self.scan.body.sequences:
            self.results[projection] = operands[traced]
            return
        told = self.w.destination.get(projection)
        room = told or self.w.room(projection.shape, projection.kind)
        self.results[projection] = room
        self._ask(traced, self._row(room))

    def _ask(self, node: Node, place: Value) -> None:
        """Let a value of the body be computed in its place, or be copied there."""
        if node in self.destination or node in self.inner:
            self.rows.append((node, place))
        elif node.args and not node.is_loop and not node.is_projection:
            self.destination[node] = place
        else:
            self.rows.append((node, place))

    def _ends(self) -> None:
        """What stands at the end of each step."""
        for node, place in self.rows:
            value = self.w.value(node)
            if value != place:
                with self.w.unit():
                    self.w.copy(value, place)
