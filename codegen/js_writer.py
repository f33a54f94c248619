"""What every emitter of JavaScript shares: where values lie, and loop nests over their entries.

A number lies in the vector `s`, an array in a Float64Array of its own, in row-major order. A
transposed, repeated or cut array is the same memory under other strides, and is never copied.
Whole numbers and truth values are reals here: exact below 2**53, and 0 or 1.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

from symgraph.codegen.js_text import JsSizes, number_text
from symgraph.codegen.schedule import Block
from symgraph.codegen.strided import Positions, Value, entry, merged, spread, whole
from symgraph.node import Kind, Node
from symgraph.ops.leaves import Const, Fill, Iota
from symgraph.shapes import Dim, Shape, product

__all__ = ["JsWriter"]


class JsWriter(Positions):
    """Lines of a function, the memory that they use, and what is known of each node."""

    def __init__(self, sizes: JsSizes) -> None:
        self.sizes = sizes
        self.env: dict[Node, Value] = {}
        self.block = Block([], {}, [])
        self.lines: list[str] = []
        self.constants: list[str] = []
        self.layout: list[str] = []
        self.slots = 0
        self.memory: list[str] = []  # names of arrays, which are made by `layout`
        self._leaves: dict[Node, Value] = {}
        self._numbers = 0
        self._depth = 0
        self._indent = 1

    # --- lines --------------------------------------------------------------------------------

    def say(self, line: str) -> None:
        """Add a line."""
        self.lines.append("  " * self._indent + line)

    @contextmanager
    def inside(self, head: str) -> Iterator[None]:
        """Lines between braces."""
        self.say(f"{head} {{".lstrip())
        self._indent += 1
        yield
        self._indent -= 1
        self.say("}")

    def name(self, prefix: str) -> str:
        """An identifier that nothing else has."""
        self._numbers += 1
        return f"{prefix}{self._numbers}"

    # --- memory -------------------------------------------------------------------------------

    def slot(self, storage: Kind) -> Value:
        """A place for a number."""
        self.slots += 1
        return Value(f"s[{self.slots - 1}]", (), storage)

    def array(self, shape: Shape, storage: Kind) -> Value:
        """Memory for an array, zero until something is written."""
        name = self.name("b")
        self.memory.append(name)
        self.layout.append(f"{name} = new Float64Array({self.size(product(shape))});")
        return whole(name, shape, storage)

    def room(self, shape: Shape, storage: Kind) -> Value:
        """A place for a value."""
        return self.array(shape, storage) if shape else self.slot(storage)

    def size(self, dim: Dim) -> str:
        """A size as text."""
        return self.sizes.dim(dim)

    # --- values -------------------------------------------------------------------------------

    def value(self, node: Node) -> Value:
        """Where the value of a node is."""
        found = self.env.get(node) or self._leaves.get(node)
        if found is None:
            found = self._leaves[node] = self._leaf(node)
        return found

    def _leaf(self, node: Node) -> Value:
        if isinstance(node, Fill):
            return Value(self._fill(node), node.shape, node.kind)
        name = self.name("c")
        if isinstance(node, Const):
            entries = ", ".join(number_text(float(x)) for x in node.array.ravel())
            self.constants.append(f"const {name} = Float64Array.of({entries});")
        else:
            assert isinstance(node, Iota), node
            self.memory.append(name)
            self.layout.append(f"{name} = Float64Array.from({{ length: "
                               f"{self.size(node.shape[0])} }}, (_, k) => k);")  # fmt: skip
        return whole(name, node.shape, node.kind)

    def _fill(self, node: Fill) -> str:
        value = node.value
        if isinstance(value, (int, float)) or not value.free_symbols:
            return number_text(float(value))
        name = self.name("k")
        self.memory.append(name)
        self.layout.append(f"{name} = {self.sizes.real(value)};")
        return name

    def view(self, value: Value, shape: Shape, strides: Sequence[Dim], offset: str = "") -> Value:
        """The same memory under other strides."""
        if value.strides is None:
            return replace(value, shape=shape)
        offset = " + ".join(part for part in (value.offset, offset) if part)
        if not shape:
            return Value(f"{value.text}[{offset or 0}]", (), value.storage)
        return replace(value, shape=shape, strides=tuple(strides), offset=offset)

    def plain(self, value: Value) -> Value:
        """The value as an array in row-major order."""
        if value.is_plain:
            return value
        copy = self.array(value.shape, value.storage)
        self.copy(value, copy)
        return copy

    def copy(self, value: Value, target: Value, strides: Sequence[Dim] | None = None) -> None:
        """Write a value into a place, or into some entries of an array under these strides."""
        if target.strides is None:
            self.say(f"{target.text} = {value.text};")
            return
        if value.is_whole and target.is_whole and strides is None:
            self.say(f"{target.text}.set({value.text});")
            return
        into = replace(target, shape=value.shape, strides=tuple(strides or target.strides))
        with self.entries(value.shape, [into, value]) as (there, here):
            self.say(f"{there} = {here};")

    # --- loop nests ---------------------------------------------------------------------------

    @contextmanager
    def entries(self, shape: Shape, values: Sequence[Value]) -> Iterator[list[str]]:
        """A loop over all entries of a shape; yields how that of each value is written."""
        with self.nest(shape, [spread(value, shape) for value in values]) as places:
            yield [entry(value, at) for value, at in zip(values, places, strict=True)]

    @contextmanager
    def nest(self, shape: Sequence[Dim], arrays: Sequence[Sequence[Dim]]) -> Iterator[list[str]]:
        """A loop over a shape; yields the position in each array of these strides."""
        sizes, columns = merged(shape, arrays)
        with self.indices(sizes) as names:
            yield [self.position(list(zip(names, column, strict=True))) for column in columns]

    @contextmanager
    def indices(self, shape: Sequence[Dim]) -> Iterator[list[str]]:
        """A loop over a shape; yields its indices."""
        names = [f"i{self._depth + k}" for k in range(len(shape))]
        for name, size in zip(names, shape, strict=True):
            self.say(f"for (let {name} = 0; {name} < {self.size(size)}; {name}++) {{")
            self._indent += 1
        self._depth += len(shape)
        yield names
        self._depth -= len(shape)
        for _ in shape:
            self._indent -= 1
            self.say("}")
