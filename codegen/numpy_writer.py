"""The writer of NumPy code: values and their names, memory, lines, and where each line belongs.

An emitted program has three nested functions. `workspace(sizes)` allocates the arena and makes the
views of it, once for given sizes; `attach(arrays)` makes the views of the user's arrays; `step()`
computes. A value of shape () is a plain Python number in `step`; all else are arrays.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal

from symgraph.codegen.plan import Arena, Buffer, node_storage
from symgraph.codegen.schedule import Block
from symgraph.codegen.size_text import SizeText
from symgraph.node import Kind, Node, promote
from symgraph.shapes import Dim, Shape, product

if TYPE_CHECKING:
    from symgraph.codegen.numpy_turned import Fixed

__all__ = ["Line", "LoopScope", "Scope", "Value", "Writer", "identity"]


def identity(shape: Sequence[Any]) -> tuple[int, ...]:
    """The order of axes in memory of a C-contiguous array."""
    return tuple(range(len(shape)))


class Scope:
    """A place where names of views are made: the lines of `workspace` or of `attach`."""

    def __init__(self, parent: Scope | None = None) -> None:
        self.parent = parent
        self.lines: list[str] = []


class LoopScope(Scope):
    """The body of a loop over time: its names are rows, listed outside of the loop."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[tuple[str, str]] = []  # (name in the body, list outside)


@dataclass(eq=False)
class Value:
    """A node's value in the emitted code.

    A *number* is one Python number for all entries of its shape, a *list* holds rows. `dense` is
    the order of the axes in memory when the array fills a piece of it without gaps, else None;
    `whole` says that it fills its buffer. `parts` is the list of vectors that hold a vector which
    is not there as one.
    """

    text: str
    shape: Shape
    storage: Kind
    form: Literal["number", "array", "list"] = "array"
    scope: Scope | None = None
    dense: tuple[int, ...] | None = None
    buffer: Buffer | None = None
    whole: bool = False
    literal: bool = False
    rows: Value | None = None
    parts: str = ""
    note: str = ""
    views: dict[str, Value] = field(default_factory=dict)

    @property
    def is_plain(self) -> bool:
        """Whether this is a C-contiguous array."""
        return self.form == "array" and self.dense == identity(self.shape)

    @property
    def stays(self) -> bool:
        """Whether this is a number that is the same at every step: a literal or one by sizes."""
        return self.form == "number" and (self.literal or self.text.startswith("k"))


@dataclass
class Line:
    """A line of `step`, or a whole loop, with what is said about it."""

    text: str
    note: str = ""
    inner: list[Line] = field(default_factory=list)


class Writer:
    """Collects the code of one program; the node families add to it (see `emit_numpy`)."""

    def __init__(self, real: str, sizes: SizeText) -> None:
        self.dtypes: dict[Kind, str] = {
            "real": f"np.{real}", "integer": "np.int64", "boolean": "np.bool_"
        }  # fmt: skip
        self.sizes = sizes
        self.arena = Arena()
        self.workspace = Scope()
        self.attach = Scope(self.workspace)
        self.prologue: list[Line] = []
        self.lines: list[Line] = []
        self.constants: list[str] = []
        self.runtime: set[str] = set()
        self.ufuncs: set[str] = set()
        self.checks: list[str] = []
        self.env: dict[Node, Value] = {}
        self.block: Block
        self.destination: dict[Node, Value] = {}
        self.joined: dict[Node, Value] = {}  # Concats whose first parts are there
        self.prefix = "h"
        self.depth = 0  # of loops around the present line
        self.fixed: Fixed | None = None  # what stays the same in the present loop
        self._counts: dict[str, int] = {}
        self._literals: dict[tuple[str, Kind], str] = {}
        self.items: dict[Node, Value] = {}  # arrays of one entry as numbers
        self.memo: dict[tuple[Any, ...], Value] = {}  # indices that were made and tested, rows
        self._ones: dict[str, Value] = {}
        self._repeated: dict[str, Value] = {}
        self._scratch: list[Buffer] = []

    # --- names and lines ----------------------------------------------------------------------

    def name(self, prefix: str) -> str:
        """A fresh identifier: the prefix and a number."""
        number = self._counts[prefix] = self._counts.get(prefix, 0) + 1
        return f"{prefix}{number}"

    def say(self, text: str, note: str = "") -> None:
        """A line of `step`."""
        self.lines.append(Line(text, note))

    @contextmanager
    def collected(self) -> Iterator[list[Line]]:
        """Lines said inside go into the list instead."""
        outer, self.lines = self.lines, []
        inner = self.lines
        try:
            yield inner
        finally:
            self.lines = outer

    def call(self, function: str) -> str:
        """The name of a run-time function, which is then emitted too."""
        self.runtime.add(function)
        return function

    def ufunc(self, name: str) -> str:
        """The name of a function of NumPy, which takes a tenth of a call to find in its module."""
        self.ufuncs.add(name)
        return f"np_{name}"

    # --- memory -------------------------------------------------------------------------------

    def shape(self, shape: Sequence[Dim]) -> str:
        """A shape as Python text."""
        return self.sizes.shape(shape)

    def size(self, dim: Dim) -> str:
        """A size as Python text."""
        return self.sizes.dim(dim)

    def target(self, node: Node, value: Value) -> Value:
        """The array for a node that moves the entries of a value."""
        told = self.destination.get(node)
        storage = node_storage(node, [value.storage])
        fits = told is not None and told.storage == storage
        return told if told is not None and fits else self.allocate(node.shape, storage)

    def allocate(
        self,
        shape: Shape,
        storage: Kind,
        dense: tuple[int, ...] | None = None,
        prefix: str = "",
        lasting: bool = False,
    ) -> Value:
        """A new array in the arena, its axes in memory in the order `dense`."""
        order = identity(shape) if dense is None else dense
        size = product(shape)
        buffer = self.arena.take(size, storage, lasting)
        name = self.name(prefix or self.prefix)
        slot = f"{storage}[{buffer.slot}]"
        text = f"{slot}[:{self.size(size)}].reshape({self.shape([shape[a] for a in order])})"
        if order != identity(shape):
            text += f".transpose({', '.join(str(order.index(a)) for a in identity(shape))})"
        self.workspace.lines.append(f"{name} = {text}")
        return Value(name, shape, storage, "array", self.workspace, order, buffer, True)

    def scratch(self, shape: Shape, storage: Kind) -> Value:
        """An array that is free again after the current step."""
        value = self.allocate(shape, storage)
        assert value.buffer is not None
        self._scratch.append(value.buffer)
        return value

    # --- values -------------------------------------------------------------------------------

    def value(self, node: Node) -> Value:
        """The value of an operand."""
        return self.env[node]

    def derive(
        self,
        base: Value,
        expression: str,
        shape: Shape,
        dense: tuple[int, ...] | None,
        form: Literal["array", "list"] = "array",
        suffix: str = "",
    ) -> Value:
        """A view of an array, made where the array is made; `{0}` stands for the array."""
        found = base.views.get(expression)
        if found is not None:
            return replace(found, buffer=base.buffer, views=found.views)
        scope = base.scope
        assert scope is not None
        if isinstance(scope, LoopScope):
            assert base.rows is not None
            each = f"[{expression.replace('{0}', 'v')} for v in {{0}}]"
            rows = self.derive(base.rows, each, (), None, "list")
            name = self.name(f"{base.text}_v")
            scope.rows.append((name, rows.text))
            made = Value(name, shape, base.storage, form, scope, dense, base.buffer, rows=rows)
        else:
            name = f"{base.text}_{suffix}" if suffix else self.name(f"{base.text}_v")
            scope.lines.append(f"{name} = {expression.replace('{0}', base.text)}")
            made = Value(name, shape, base.storage, form, scope, dense, base.buffer)
        base.views[expression] = made
        return made

    def cut(self, value: Value, like: str) -> str:
        """The list of the pieces of a vector that are as long as the vectors of another list."""
        if value.parts:
            return value.parts
        found = value.views.get(like)
        if found is None:
            name = self.name(f"{value.text}_g")
            self.attach.lines.append(f"{name} = {self.call('cut_like')}({value.text}, {like})")
            found = value.views[like] = Value(name, (), value.storage, "list", self.attach)
        return found.text

    def rows_of(self, value: Value) -> Value:
        """The list of the rows of an array along its first axis."""
        return self.derive(value, "list({0})", (), None, "list", "rows")

    def number(self, text: str, shape: Shape, storage: Kind, literal: bool = False) -> Value:
        """A Python number that stands for every entry of a shape."""
        return Value(text, shape, storage, "number", literal=literal)

    def item(self, node: Node) -> Value:
        """The value of an array of one entry as a number."""
        value = self.env[node]
        if value.form == "number":
            return value
        found = self.items.get(node)
        if found is None:
            name = self.name(f"{value.text}_n")
            self.say(f"{name} = {value.text}.item()")
            found = self.items[node] = self.number(name, value.shape, value.storage)
        return found

    def operand(self, value: Value, storage: Kind) -> str:
        """How a value is written as an operand among others of a storage.

        A number becomes an array of shape (), which NumPy reads faster than a Python number; not
        in loops, where it would be written at every turn.
        """
        lasting = value.stays
        if value.form != "number" or (self.depth and not lasting):
            return value.text
        kind = promote(storage, value.storage)
        key = (value.text, kind)
        found = self._literals.get(key)
        if found is None:
            found = self._literals[key] = self.name("k")
            held = value.text if lasting else "0"
            self.workspace.lines.append(f"{found} = np.array({held}, {self.dtypes[kind]})")
            if not lasting:
                self.say(f"{found}[...] = {value.text}")
        return found

    def repeated(self, value: Value, storage: Kind, shape: Shape, rows: str = "") -> Value:
        """A literal as an array of a shape, unless that is large, or of so many rows of it."""
        kind = promote(storage, value.storage)
        given = [value.text, self.shape(shape), self.dtypes[kind], *([rows] if rows else [])]
        text = f"{self.call('repeated')}({', '.join(given)})"
        found = self._repeated.get(text)
        if found is None:
            name = self.name("k")
            self.workspace.lines.append(f"{name} = {text}")
            found = Value(name, shape, kind, "array", self.workspace)
            self._repeated[text] = found
        return found

    def ones(self, size: Dim) -> Value:
        """A vector of ones, for sums."""
        text = self.size(size)
        found = self._ones.get(text)
        if found is None:
            name = self.name("ones")
            self.workspace.lines.append(f"{name} = np.ones({text}, {self.dtypes['real']})")
            found = Value(name, (size,), "real", "array", self.workspace, (0,))
            self._ones[text] = found
        return found

    def array(self, value: Value, storage: Kind | None = None) -> Value:
        """A value as an array, and stored as asked for."""
        storage = storage or value.storage
        if value.form == "array" and value.storage == storage:
            return value
        if value.stays:
            name = self.name("k")
            made = f"np.full({self.shape(value.shape)}, {value.text}, {self.dtypes[storage]})"
            self.workspace.lines.append(f"{name} = {made}")
            return Value(name, value.shape, storage, "array", self.workspace, identity(value.shape))
        made_value = self.scratch(value.shape, storage)
        self.say(f"{made_value.text}[...] = {value.text}")
        return made_value

    def plain(self, value: Value, storage: Kind | None = None) -> Value:
        """A value as a C-contiguous array."""
        found = self.array(value, storage)
        if found.is_plain:
            return found
        copy = self.scratch(found.shape, found.storage)
        self.say(f"{copy.text}[...] = {found.text}")
        return copy

    def settled(self, value: Value) -> Value:
        """An array that is the same one at every step of a loop."""
        if not isinstance(value.scope, LoopScope):
            return value
        copy = self.scratch(value.shape, value.storage)
        self.say(f"{copy.text}[...] = {value.text}")
        return copy

    # --- lifetimes ----------------------------------------------------------------------------

    def define(self, node: Node, value: Value) -> None:
        """The value of a node; its memory is held until the last read."""
        self.env[node] = value
        if value.buffer is not None:
            value.buffer.live += self.block.uses[node]

    def is_dying(self, value: Value, node: Node) -> bool:
        """Whether the memory of an operand is free for the result of this node."""
        if value.buffer is None or not value.whole:
            return False
        reads = sum(self.env[arg].buffer is value.buffer for arg in node.args)
        return value.buffer.live == reads

    def release(self, node: Node) -> None:
        """Count the reads of a node that has been computed, and free what is not needed again."""
        for arg in node.args:
            self.read(self.env[arg])
        for buffer in self._scratch:
            if buffer.live == 0:
                self.arena.give(buffer)
        self._scratch = []

    def read(self, value: Value) -> None:
        """Count one read of a value."""
        if value.buffer is not None:
            value.buffer.live -= 1
            if value.buffer.live == 0:
                self.arena.give(value.buffer)
