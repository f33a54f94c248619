"""What every emitter of JavaScript shares: where values lie, and loop nests over their entries.

A number lies in the vector `s`, an array in a Float64Array of its own, in row-major order. A
transposed, repeated or cut array is the same memory under other strides, and is never copied.
Whole numbers and truth values are reals here: exact below 2**53, and 0 or 1.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

from symgraph.codegen.js_text import JsSizes, number_text
from symgraph.codegen.schedule import Block
from symgraph.node import Kind, Node
from symgraph.ops.leaves import Const, Fill, Iota
from symgraph.shapes import Dim, Shape, product, same_dim

__all__ = ["JsWriter", "Value", "entry", "row_major", "spread", "whole"]


@dataclass(frozen=True)
class Value:
    """A number, which stands for every entry of its shape, or an array under strides.

    `text` is the number, or the name of the memory, which has `extent` entries; entry i lies at
    offset + sum of stride * i.
    """

    text: str
    shape: Shape
    storage: Kind
    strides: tuple[Dim, ...] | None = None
    offset: str = ""
    extent: Dim = 1

    @property
    def is_whole(self) -> bool:
        """Whether this is all of its memory, in row-major order."""
        return self.is_plain and same_dim(product(self.shape), self.extent)

    @property
    def is_plain(self) -> bool:
        """Whether the entries lie in row-major order from the start of their memory."""
        if self.strides is None or self.offset:
            return False
        wanted = row_major(self.shape)
        places = zip(self.shape, self.strides, wanted, strict=True)
        return all(size == 1 or same_dim(mine, other) for size, mine, other in places)


def row_major(shape: Shape) -> tuple[Dim, ...]:
    """The strides of an array whose last index runs fastest."""
    return tuple(product(shape[axis + 1 :]) for axis in range(len(shape)))


def whole(name: str, shape: Shape, storage: Kind) -> Value:
    """An array that fills its memory."""
    return Value(name, shape, storage, row_major(shape), extent=product(shape))


def spread(value: Value, shape: Shape) -> tuple[Dim, ...]:
    """The strides under which a value is read as one of a larger shape, as NumPy broadcasts."""
    if value.strides is None:
        return (0,) * len(shape)
    missing = len(shape) - len(value.shape)
    own = zip(value.shape, value.strides, strict=True)
    return (*(0 for _ in range(missing)), *(0 if size == 1 else stride for size, stride in own))


class JsWriter:
    """Lines of a function, the memory that they use, and what is known of each node."""

    def __init__(self, sizes: JsSizes) -> None:
        self.sizes = sizes
        self.env: dict[Node, Value] = {}
        self.block = Block([], {}, {}, [])
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
        sizes, merged = _merged(shape, arrays)
        with self.indices(sizes) as names:
            yield [self.position(list(zip(names, column, strict=True))) for column in merged]

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

    def position(self, terms: Sequence[tuple[str, Dim]]) -> str:
        """A sum of indices times strides."""
        return " + ".join(self.term(index, stride) for index, stride in terms if stride != 0)

    def term(self, index: str, stride: Dim) -> str:
        """An index times a stride."""
        return index if stride == 1 else f"{index} * {self.sizes.factor(stride)}"


def entry(value: Value, position: str) -> str:
    """How one entry is written."""
    if value.strides is None:
        return value.text
    place = " + ".join(part for part in (value.offset, position) if part)
    return f"{value.text}[{place or 0}]"


def _merged(
    shape: Sequence[Dim], arrays: Sequence[Sequence[Dim]]
) -> tuple[list[Dim], list[tuple[Dim, ...]]]:
    """Neighbouring axes as one wherever all arrays run through both without a gap."""
    sizes: list[Dim] = []
    columns: list[tuple[Dim, ...]] = []  # for each axis the stride of every array
    for axis in reversed(range(len(shape))):
        size, column = shape[axis], tuple(strides[axis] for strides in arrays)
        if size == 1:
            continue
        if sizes and all(
            same_dim(outer, inner * sizes[-1])
            for outer, inner in zip(column, columns[-1], strict=True)
        ):
            sizes[-1] = product([size, sizes[-1]])
        else:
            sizes.append(size)
            columns.append(column)
    merged = [tuple(column[k] for column in reversed(columns)) for k in range(len(arrays))]
    return sizes[::-1], merged
