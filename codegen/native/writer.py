"""What every emitter of C shares: where values lie, units of code, and loop nests over entries.

Every value lies in memory, a number as an array of one entry; a constant number is written where it
is used. A transposed, repeated or cut array is the same memory under other strides.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any, NamedTuple

from symgraph.codegen.contraction import typical
from symgraph.codegen.native.csizes import CSizes, real_text, whole_text
from symgraph.codegen.native.memory import Memory
from symgraph.codegen.native.source import Site
from symgraph.codegen.schedule import Block
from symgraph.codegen.strided import Positions, Value, entry, merged, spread, whole
from symgraph.node import Kind, Node
from symgraph.ops.leaves import Const, Fill, Iota
from symgraph.shapes import Dim, Shape, product

__all__ = ["COUNTED", "INDEPENDENT", "CWriter", "Factors", "Line", "Turned"]

#: Stands before a loop whose steps are independent of each other.
INDEPENDENT = "SG_INDEPENDENT"

#: The "memory" whose entry number k is k.
COUNTED = ""

_TYPES = ("i64", "u64", "u8")
#: Names of arrays, local variables and sizes, and numbers.
_VARIED = re.compile(
    rf"\b((?!(?:{'|'.join(_TYPES)})\b)[a-z]+[0-9]+|[0-9]+\.?[0-9]*(?:e[+-]?[0-9]+)?f?)\b"
)


@dataclass
class Line:
    """A line of C, its depth, and the unit that it belongs to."""

    text: str
    depth: int
    unit: int
    note: str = ""
    _parts: tuple[str, ...] = field(default=(), init=False, repr=False, compare=False)

    @property
    def parts(self) -> tuple[str, ...]:
        """The text cut at names and numbers, which are every second part."""
        if not self._parts:
            self._parts = _cut(self.text)
        return self._parts


@lru_cache(maxsize=256)
def _cut(text: str) -> tuple[str, ...]:
    """Many lines say the same, such as where a loop begins and ends."""
    return tuple(_VARIED.split(text))


class Factors(NamedTuple):
    """A column and a row, which lie in the memory of their product where `condition` holds."""

    condition: str
    column: Value
    row: Value


class Turned(NamedTuple):
    """The rows of a matrix whose columns lie in one piece, copied unless a condition holds."""

    needless: str
    rows: Value


@dataclass
class CWriter(Positions):
    """Lines, memory, and what is known of each node. `real` is `float` or `double`."""

    real: str
    sizes: CSizes
    env: dict[Node, Value] = field(default_factory=dict)
    threads: int = 1
    block: Block = field(default_factory=lambda: Block([], {}, []))
    prefix: str = "h"  # of names of results: h forward, d backward, u update
    memory: Memory = field(default_factory=Memory)
    lines: list[Line] = field(default_factory=list)
    constants: list[str] = field(default_factory=list)  # definitions outside of all functions
    functions: set[str] = field(default_factory=set)  # names such as exp, of the prelude
    sites: list[Site] = field(default_factory=list)
    demands: list[tuple[str, int]] = field(default_factory=list)  # refused sizes, and their sites
    destination: dict[Node, Value] = field(default_factory=dict)
    order: dict[Node, tuple[int, ...]] = field(default_factory=dict)  # of axes in memory
    factors: dict[Node, Factors] = field(default_factory=dict)  # of products of one term
    time: str = ""  # the index of the loop over time that is being written
    still: frozenset[str] = frozenset()  # memory that stays the same in it
    idle: frozenset[Node] = frozenset()  # products that no one reads of its last step
    goes_on: str = ""  # the condition that the present step is not the last
    blank: frozenset[Node] = frozenset()  # values that are zeros in its first step
    first: str = ""  # the number of its first step
    turned: dict[str, Turned] = field(default_factory=dict)  # copies of some of them
    tails: dict[str, Value] = field(default_factory=dict)  # last columns of such matrices, as rows
    known: dict[Any, Any] = field(default_factory=dict)  # tested, or made, and at hand
    bounds: dict[str, str] = field(default_factory=dict)  # of looked-up positions, which are tested

    def __post_init__(self) -> None:
        self._leaves: dict[Node, Value] = {}
        self._counts: dict[str, int] = {}
        self._indices = 0
        self._depth = 1
        self._unit = 0

    # --- text ---------------------------------------------------------------------------------

    def say(self, text: str, note: str = "") -> None:
        """Add a line; `note` stands beside it as a comment."""
        line = Line(text, self._depth, self._unit, note)
        self.lines.append(line)
        buffers = self.memory.buffers
        for part in line.parts[1::2]:
            if part in buffers:
                buffers[part].mention(self._unit)

    def heading(self, text: str) -> None:
        """Say what begins with the next unit."""
        self.lines.append(Line(f"/* --- {text} */", self._depth, self._unit + 1))

    @contextmanager
    def inside(self, head: str, note: str = "") -> Iterator[None]:
        """Lines between braces."""
        self.say(f"{head} {{".lstrip(), note)
        self._depth += 1
        yield
        self._depth -= 1
        self.say("}")

    @contextmanager
    def choice(self, condition: str) -> Iterator[Callable[[], None]]:
        """Lines for where a condition holds, and behind a call of what it yields all others."""

        def otherwise() -> None:
            self._depth -= 1
            self.say("} else {")
            self._depth += 1

        with self.inside(f"if ({condition})"):
            yield otherwise

    @contextmanager
    def unit(self) -> Iterator[None]:
        """Code that runs to its end before the next unit begins."""
        self._unit += 1
        yield
        self._unit += 1

    @property
    def present(self) -> int:
        """The number of the unit that is being written."""
        return self._unit

    @contextmanager
    def over_time(self, head: str, note: str = "") -> Iterator[None]:
        """A loop whose body consists of units."""
        self._unit += 1
        first, known = self._unit, dict(self.known)
        with self.inside(head, note):
            yield
        self.known = known  # a loop of no steps tests and makes nothing
        self.memory.loops.append((first, self._unit))
        self._unit += 1

    def name(self, prefix: str) -> str:
        """An identifier that nothing else has."""
        self._counts[prefix] = self._counts.get(prefix, 0) + 1
        name = f"{prefix}{self._counts[prefix]}"
        return self.name(prefix) if name in _TYPES else name

    def size(self, dim: Dim) -> str:
        """A size as text."""
        return self.sizes.dim(dim)

    def function(self, name: str) -> str:
        """A function of the prelude, which is `sg_` and its name."""
        self.functions.add(name)
        return f"sg_{name}"

    def refuse(
        self, condition: str, site: Site, details: Sequence[str] = (), note: str = ""
    ) -> None:
        """Leave the program where a condition holds."""
        self.sites.append(site)
        with self.inside(f"if ({condition})", note):
            for k, detail in enumerate(details):
                self.say(f"f->detail[{k}] = {detail};")
            self.say(f"return {len(self.sites)};")

    def demand(self, condition: str, site: Site) -> None:
        """Leave the program before it begins where sizes do not do."""
        self.sites.append(site)
        self.demands.append((condition, len(self.sites)))

    # --- types --------------------------------------------------------------------------------

    def ctype(self, storage: Kind) -> str:
        """The type of an entry."""
        if storage == "real":
            return self.real
        return "i64" if storage == "integer" else "u8"

    def local(self, storage: Kind) -> str:
        """The type of a local variable: truth values are as wide as reals, for vectors."""
        narrow = "int" if self.real == "float" else "i64"
        return narrow if storage == "boolean" else self.ctype(storage)

    @property
    def suffix(self) -> str:
        """The end of the names of routines on reals."""
        return "f32" if self.real == "float" else "f64"

    def number(self, value: float, storage: Kind) -> str:
        """A constant."""
        if storage == "real":
            return real_text(float(value), self.real)
        return whole_text(int(value))

    # --- memory -------------------------------------------------------------------------------

    def room(
        self, shape: Shape, storage: Kind, order: Sequence[int] | None = None, prefix: str = ""
    ) -> Value:
        """Memory for a value; `order` lists its axes from the slowest to the fastest."""
        name = self.name(prefix or self.prefix)
        self.memory.add(name, product(shape), storage)
        if order is None:
            return whole(name, shape, storage)
        inner = whole(name, tuple(shape[axis] for axis in order), storage)
        assert inner.strides is not None
        strides = dict(zip(order, inner.strides, strict=True))
        return replace(inner, shape=shape, strides=tuple(strides[a] for a in range(len(shape))))

    def result(self, node: Node, storage: Kind) -> Value:
        """Where the value of a node is to be computed."""
        told = self.destination.get(node)
        fits = told is not None and told.storage == storage
        return (
            told
            if told is not None and fits
            else self.room(node.shape, storage, self.order.get(node))
        )

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
        if isinstance(node, Iota):
            return whole(COUNTED, node.shape, node.kind)
        assert isinstance(node, Const), node
        name = self.name("k")
        entries = ", ".join(self.number(x, node.kind) for x in node.array.ravel().tolist())
        kind = self.ctype(node.kind)
        self.constants.append(f"static const {kind} {name}[] = {{{entries or 0}}};")
        return whole(name, node.shape, node.kind)

    def _fill(self, node: Fill) -> str:
        value = node.value
        if isinstance(value, (int, float)) or not value.free_symbols:
            return self.number(float(value) if node.kind == "real" else int(value), node.kind)
        text = self.sizes.real(value)
        if node.kind == "real":
            return text if self.real == "double" else f"(float){text}"
        is_whole = text.startswith("(double)")  # no fraction
        return self.sizes.factor(value) if is_whole else f"(i64){text}"

    def view(self, value: Value, shape: Shape, strides: Sequence[Dim], offset: str = "") -> Value:
        """The same memory under other strides."""
        if value.strides is None:
            return replace(value, shape=shape)
        offset = " + ".join(part for part in (value.offset, offset) if part)
        return replace(value, shape=shape, strides=tuple(strides), offset=offset)

    def plain(self, value: Value) -> Value:
        """The value as an array in row-major order."""
        if value.strides is not None and replace(value, offset="").is_plain:
            return value
        return self.copied(value)

    def copied(self, value: Value, storage: Kind | None = None) -> Value:
        """A fresh array of the entries of a value, in row-major order."""
        made = self.room(value.shape, storage or value.storage, prefix="c")
        with self.unit():
            self.copy(value, made)
        return made

    def copy(self, value: Value, target: Value, note: str = "") -> None:
        """Write a value into a place of its shape."""
        test = " != 0" if target.storage == "boolean" != value.storage else ""
        with self.entries(target.shape, [target, value]) as (there, here):
            self.say(f"{there} = {here}{test};", note)

    def fill(self, target: Value, number: float, note: str = "") -> None:
        """Write a number into every entry."""
        with self.unit():
            self.put(target, number, note)

    def put(self, target: Value, number: float, note: str = "") -> None:
        """The same as part of a unit."""
        with self.entries(target.shape, [target]) as (there,):
            self.say(f"{there} = {self.number(number, target.storage)};", note)

    def pointer(self, value: Value) -> str:
        """The address of the first entry."""
        assert value.strides is not None
        assert value.text != COUNTED
        return f"{value.text} + {value.offset}" if value.offset else value.text

    # --- loop nests ---------------------------------------------------------------------------

    @contextmanager
    def entries(self, shape: Shape, values: Sequence[Value]) -> Iterator[list[str]]:
        """A loop over all entries of a shape; yields how that of each value is written."""
        with self.nest(shape, [spread(value, shape) for value in values]) as places:
            yield [entry(value, at) for value, at in zip(values, places, strict=True)]

    @contextmanager
    def nest(
        self,
        shape: Sequence[Dim],
        arrays: Sequence[Sequence[Dim]],
        independent: bool = True,
        mark: str = "",
    ) -> Iterator[list[str]]:
        """A loop over a shape; yields the position in each array.

        The loops are ordered by the strides of the first array, the smallest innermost. Steps of
        the innermost are `independent` of each other, unless told; `mark` says how they depend.
        """
        order = sorted(range(len(shape)), key=lambda axis: -abs(typical(arrays[0][axis])))
        turned = [[strides[axis] for axis in order] for strides in arrays]
        sizes, columns = merged([shape[axis] for axis in order], turned)
        with self.indices(sizes, independent, mark) as names:
            yield [self.position(list(zip(names, column, strict=True))) for column in columns]

    @contextmanager
    def vectors(self, size: Dim) -> Iterator[str]:
        """A loop over whole vectors; yields the index of the first number of each."""
        name = f"i{self._indices}"
        head = f"for (i64 {name} = 0; {name} < SG_WHOLE({self.size(size)}); {name} += SG_LANES)"
        with self.inside(head):
            self._indices += 1
            yield name
            self._indices -= 1

    @contextmanager
    def lanes(self, first: str) -> Iterator[str]:
        """A loop over the numbers of a vector; yields their index."""
        name = f"i{self._indices}"
        self.say(INDEPENDENT)
        with self.inside(f"for (i64 {name} = {first}; {name} < {first} + SG_LANES; {name}++)"):
            yield name

    @contextmanager
    def overlapping(self, size: int, lanes: int, mark: str) -> Iterator[str]:
        """A loop over a row by so many numbers; the last ones begin among those before."""
        count = -(-size // lanes)
        with self.indices((count,), False) as (k,), self.indices((lanes,), False, mark) as (lane,):
            index = self.name("r")
            first = f"({k} < {count - 1} ? {lanes} * {k} : {size - lanes})"
            self.say(f"const i64 {index} = {first} + {lane};")
            yield index

    @contextmanager
    def indices(
        self, shape: Sequence[Dim], independent: bool = True, mark: str = "", start: str = "0"
    ) -> Iterator[list[str]]:
        """A loop over a shape; yields its indices. The innermost begins with `start`."""
        mark = mark or (INDEPENDENT if independent else "")
        names = [f"i{self._indices + k}" for k in range(len(shape))]
        for k, (name, size) in enumerate(zip(names, shape, strict=True)):
            if mark and k == len(names) - 1:
                self.say(mark)
            begin = start if k == len(names) - 1 else "0"
            self.say(f"for (i64 {name} = {begin}; {name} < {self.size(size)}; {name}++) {{")
            self._depth += 1
        self._indices += len(shape)
        yield names
        self._indices -= len(shape)
        for _ in shape:
            self._depth -= 1
            self.say("}")
