"""Arrays under strides: what every target shares that reads and writes entries in loops.

A transposed, repeated or cut array is the same memory under other strides, and is never copied.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from symgraph.codegen.size_text import SizeText
from symgraph.node import Kind
from symgraph.shapes import Dim, Shape, product, same_dim

__all__ = ["Positions", "Value", "entry", "merged", "row_major", "spread", "whole"]


@dataclass(frozen=True)
class Value:
    """A number, which stands for every entry of its shape, or an array under strides.

    `text` is the number, or the name of the memory, which has `extent` entries; entry i lies at
    offset + sum of stride * i. Without a name that place is the entry itself.
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


class Positions:
    """Writes where entries lie; `sizes` writes sizes in the language of a target."""

    sizes: SizeText

    def position(self, terms: Sequence[tuple[str, Dim]]) -> str:
        """A sum of indices times strides."""
        return " + ".join(self.term(index, stride) for index, stride in terms if stride != 0)

    def term(self, index: str, stride: Dim) -> str:
        """An index times a stride."""
        return index if stride == 1 else f"{index} * {self.sizes.factor(stride)}"


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
    own = zip(value.shape, value.strides, strict=True)
    there = [0 if _is_one(size) else stride for size, stride in own]
    return (*[0] * (len(shape) - len(there)), *there)


def _is_one(size: Dim) -> bool:
    """Whether a size is 1; SymPy would take long to say that N is not."""
    return isinstance(size, int) and size == 1


def entry(value: Value, position: str) -> str:
    """How one entry is written."""
    if value.strides is None:
        return value.text
    place = " + ".join(part for part in (value.offset, position) if part)
    if not value.text:
        return f"({place or 0})"
    return f"{value.text}[{place or 0}]"


def merged(
    shape: Sequence[Dim], arrays: Sequence[Sequence[Dim]]
) -> tuple[list[Dim], list[tuple[Dim, ...]]]:
    """Neighbouring axes as one wherever all arrays run through both without a gap."""
    sizes: list[Dim] = []
    columns: list[tuple[Dim, ...]] = []  # for each axis the stride of every array
    for axis in reversed(range(len(shape))):
        size, column = shape[axis], tuple([strides[axis] for strides in arrays])
        if _is_one(size):
            continue
        if sizes and _runs_on(column, columns[-1], sizes[-1]):
            sizes[-1] = product([size, sizes[-1]])
        else:
            sizes.append(size)
            columns.append(column)
    columns.reverse()
    return sizes[::-1], [tuple([column[k] for column in columns]) for k in range(len(arrays))]


def _runs_on(outer: Sequence[Dim], inner: Sequence[Dim], size: Dim) -> bool:
    """Whether every array goes on along an axis where it ends along the next, which is so long."""
    for one, other in zip(outer, inner, strict=True):
        if not same_dim(one, product([other, size])):
            return False
    return True
