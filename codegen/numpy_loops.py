"""Scan in NumPy: a Python loop over time that writes its results into rows made beforehand."""

from __future__ import annotations

from dataclasses import replace

from symgraph.codegen.basic import op_of
from symgraph.codegen.numpy_writer import Line, LoopScope, Value, Writer, identity
from symgraph.codegen.schedule import Loop
from symgraph.node import Node
from symgraph.ops.loop import Scan
from symgraph.ops.map import Map
from symgraph.shapes import Shape, product

__all__ = ["LoopEmitter"]


class LoopEmitter:
    """Emits one loop. States that are recorded live in a history of length + 1 rows, in which the
    next value of a state is written right behind its present one."""

    def __init__(self, w: Writer, loop: Loop) -> None:
        self.w, self.loop = w, loop
        self.scan: Scan = loop.scan
        self.body = self.scan.body
        self.scope = LoopScope()
        self.outer = w.env
        self.inner: dict[Node, Value] = {}
        self.destination: dict[Node, Value] = {}
        self.results: dict[Node, Value] = {}  # projections
        self.lists: list[tuple[str, str]] = []  # (name of a number, list made at run time)
        self.appended: list[tuple[Node, str, Value]] = []  # traced numbers
        self.copied: list[tuple[Node, Value]] = []  # values to copy into their rows
        self.carried: list[tuple[Value, Node]] = []  # (state without history, next)
        self.numbers: list[tuple[str, Node]] = []  # (number state, next)

    # --- before the loop ----------------------------------------------------------------------

    def prepare(self) -> None:
        """Memory, rows and names of everything that the body reads or records."""
        w, body = self.w, self.body
        operands = dict(zip(body.locals, self.scan.args, strict=True))
        for local in body.constants:
            value = w.value(operands[local])
            self.inner[local] = replace(value, buffer=None, views=value.views)
        for local in body.sequences:
            self._sequence(local, w.value(operands[local]))
        for number, state in enumerate(body.states):
            self._state(number, state, w.value(operands[state]))
        for inner, projection in self.loop.traces.items():
            if projection not in self.results:
                self._trace(inner, projection)

    def _sequence(self, local: Node, value: Value) -> None:
        w = self.w
        if value.form == "number":
            self.inner[local] = w.number(value.text, local.shape, value.storage, value.literal)
            return
        if local.shape == ():
            name, rows = w.name(f"{value.text}_t"), w.name(f"{value.text}_l")
            w.say(f"{rows} = {value.text}.tolist()")
            self.lists.append((name, rows))
            self.inner[local] = w.number(name, (), value.storage)
            return
        dense = None
        if value.dense is not None and value.dense[0] == 0:
            dense = tuple(axis - 1 for axis in value.dense[1:])
        self.inner[local] = self._row(value, w.rows_of(value), local.shape, dense)

    def _row(self, value: Value, rows: Value, shape: Shape, dense: tuple[int, ...] | None) -> Value:
        """The row of an array that belongs to the present step."""
        name = self.w.name(f"{value.text}_t")
        self.scope.rows.append((name, rows.text))
        return Value(name, shape, value.storage, "array", self.scope, dense, rows=rows)

    def _state(self, number: int, state: Node, start: Value) -> None:
        w, loop = self.w, self.loop
        following = self.body.nexts[number]
        last = loop.finals.get(number)
        if state.shape == ():
            name = w.name("c")
            w.say(f"{name} = {start.text}", f"{state.params[0]}")
            self.numbers.append((name, following))
            self.inner[state] = w.number(name, (), state.kind)
            if last is not None:
                self.results[last] = self.inner[state]
            return
        if state in loop.traces or following in loop.traces:
            self._history(number, state, following, start)
            return
        carried = w.allocate(state.shape, state.kind, prefix="c")
        w.say(f"{carried.text}[...] = {start.text}", f"{state.params[0]} before the first step")
        self.inner[state] = replace(carried, buffer=None, views=carried.views)
        self.carried.append((carried, following))
        if self._is_overwritten_last(state, following):
            self.destination[following] = self.inner[state]
        if last is not None:
            self.results[last] = carried

    def _is_overwritten_last(self, state: Node, following: Node) -> bool:
        """Whether the next state may be computed in the memory of the present one."""
        block = self.loop.block
        if following not in block.steps or not following.args or following in self.destination:
            return False
        aliases = set(block.viewed([state]))
        roots = [*self.body.nexts, *self.loop.traces]
        later = block.steps[block.steps.index(following) + 1 :]
        if any(root in aliases for root in roots):
            return False
        if any(arg in aliases for step in later for arg in step.args):
            return False
        reads = any(arg in aliases for arg in following.args)
        entrywise = type(following) is Map and op_of(following) != "where"
        return not reads or (entrywise and not (aliases - {state}) & set(following.args))

    def _history(self, number: int, state: Node, following: Node, start: Value) -> None:
        w, loop, backwards = self.w, self.loop, self.scan.backwards
        length = self.scan.length
        shape = (product([length + 1]), *state.shape)
        history = w.allocate(shape, state.kind, prefix="c")
        plain = identity((length, *state.shape))
        ends = ("{0}[-1]", "{0}[0]") if backwards else ("{0}[0]", "{0}[-1]")
        first = w.derive(history, ends[0], state.shape, identity(state.shape))
        w.say(f"{first.text}[...] = {start.text}", f"{state.params[0]} before the first step")
        traced = (length, *state.shape)
        parts = [
            w.derive(history, cut, traced, plain)
            for cut in (("{0}[1:]", "{0}[:-1]") if backwards else ("{0}[:-1]", "{0}[1:]"))
        ]
        rows = [w.rows_of(part) for part in parts]
        order = identity(state.shape)
        self.inner[state] = self._row(parts[0], rows[0], state.shape, order)
        into = self._row(parts[1], rows[1], state.shape, order)
        self._direct(following, into)
        if state in loop.traces:
            self.results[loop.traces[state]] = parts[0]
        if following in loop.traces and loop.traces[following] not in self.results:
            self.results[loop.traces[following]] = parts[1]
        if number in loop.finals:
            final = w.derive(history, ends[1], state.shape, identity(state.shape))
            self.results[loop.finals[number]] = final
        if not any(p in self.results for p in (loop.traces.get(state), loop.traces.get(following))):
            raise AssertionError("a history that nobody reads")

    def _direct(self, node: Node, row: Value) -> None:
        """Let a body value be computed in its row, or be copied there."""
        if node.args and node not in self.destination and node not in self.body.locals:
            self.destination[node] = row
        self.copied.append((node, row))

    def _trace(self, inner: Node, projection: Node) -> None:
        w = self.w
        if inner in self.body.sequences:
            operand = dict(zip(self.body.locals, self.scan.args, strict=True))[inner]
            value = w.value(operand)
            self.results[projection] = replace(value, views=value.views)
            return
        if inner.shape == ():
            name = w.name("t")
            w.say(f"{name} = []")
            value = w.allocate(projection.shape, inner.kind)
            self.appended.append((inner, name, value))
            self.results[projection] = value
            return
        value = w.allocate(projection.shape, inner.kind)
        order = identity(inner.shape)
        self._direct(inner, self._row(value, w.rows_of(value), inner.shape, order))
        self.results[projection] = value

    # --- the loop and what follows ------------------------------------------------------------

    def finish(self, lines: list[Line]) -> None:
        """The ends of each step, the head of the loop, and the results."""
        w = self.w
        w.lines.append(self._head(lines))
        for _, name, value in self.appended:
            order = "[::-1]" if self.scan.backwards else ""
            w.say(f"{value.text}[:] = {name}{order}")
        read = {value.text for value in self.results.values()}
        for state, _ in self.carried:
            if state.text not in read and state.buffer is not None:
                w.arena.give(state.buffer)

    def ends(self) -> None:
        """What stands at the end of each step: records, then the new states."""
        w = self.w
        for node, row in self.copied:
            value = w.value(node)
            if value.text != row.text and self.destination.get(node) is not row:
                w.say(f"{row.text}[...] = {value.text}")
        for node, name, _ in self.appended:
            w.say(f"{name}.append({w.value(node).text})")
        moved = [(name, w.value(node).text) for name, node in self.numbers]
        moved = [(name, text) for name, text in moved if name != text]
        if moved:
            names, texts = zip(*moved, strict=True)
            w.say(f"{', '.join(names)} = {', '.join(texts)}")
        self._carry()

    def _carry(self) -> None:
        """New states into their places; one that is read from another place waits in a copy."""
        w = self.w
        slots = {value.buffer.slot for value, _ in self.carried if value.buffer is not None}
        texts = {value.text for value, _ in self.carried}
        waiting: list[tuple[Value, str]] = []
        for state, node in self.carried:
            value = w.value(node)
            told = self.destination.get(node)
            if value.text == state.text or (told is not None and told.text == state.text):
                continue
            source = value.text
            local = node in self.body.locals or (value.buffer is None and value.form == "array")
            if len(texts) > 1 and local and slots:
                copy = w.allocate(state.shape, state.storage)
                w.say(f"{copy.text}[...] = {source}")
                source = copy.text
            waiting.append((state, source))
        for state, source in waiting:
            w.say(f"{state.text}[...] = {source}")

    def _head(self, lines: list[Line]) -> Line:
        rows = [*self.scope.rows, *self.lists]
        used = _words(lines)
        rows = [(name, source) for name, source in rows if name in used]
        if not rows:
            return Line(f"for _ in range({self.w.size(self.scan.length)}):", "", lines)
        names = ", ".join(name for name, _ in rows)
        sources = [f"reversed({s})" if self.scan.backwards else s for _, s in rows]
        if len(rows) == 1:
            return Line(f"for {names} in {sources[0]}:", "", lines)
        return Line(f"for {names} in zip({', '.join(sources)}):", "", lines)


def _words(lines: list[Line]) -> set[str]:
    """All identifiers that occur in some lines."""
    found: set[str] = set()
    stack = list(lines)
    while stack:
        line = stack.pop()
        stack.extend(line.inner)
        word = ""
        for char in f"{line.text} ":
            if char.isalnum() or char == "_":
                word += char
            elif word:
                found.add(word)
                word = ""
    return found
