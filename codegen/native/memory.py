"""The arena: which buffers there are, and from which unit of the program to which each is needed.

A unit is a piece of code that runs to its end before the next begins: a loop nest, a product, a
copy. A buffer lives from the first unit that mentions it to the last. What is mentioned both inside
of a loop over time and outside of it lives through the whole loop; what only the body of the loop
knows gives its place back within each step. Offsets are computed for given sizes by `sg_place`.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from symgraph.node import Kind
from symgraph.shapes import Dim

__all__ = ["Buffer", "Memory"]


@dataclass
class Buffer:
    """Room for `size` entries; `units` are the first and the last that mention it."""

    name: str
    size: Dim
    storage: Kind
    first: int = -1
    last: int = -1

    def mention(self, unit: int) -> None:
        """The unit reads or writes the buffer."""
        self.first = unit if self.first < 0 else min(self.first, unit)
        self.last = max(self.last, unit)


@dataclass
class Memory:
    """All buffers by name, and the units of every loop over time, inner loops first."""

    buffers: dict[str, Buffer] = field(default_factory=dict)
    loops: list[tuple[int, int]] = field(default_factory=list)

    def add(self, name: str, size: Dim, storage: Kind) -> None:
        """Room for so many entries."""
        self.buffers[name] = Buffer(name, size, storage)

    def settled(self) -> list[Buffer]:
        """The buffers that are mentioned, with their whole lives."""
        found = [buffer for buffer in self.buffers.values() if buffer.first >= 0]
        for first, last in self.loops:
            for buffer in found:
                inside = first <= buffer.first and buffer.last <= last
                if not inside and buffer.first <= last and buffer.last >= first:
                    buffer.mention(first)
                    buffer.mention(last)
        return found
