"""The arena: which buffers there are, and from which unit of the program to which each is needed.

A unit is a piece of code that runs to its end before the next begins: a loop nest, a product, a
copy. A buffer lives from the first unit that mentions it to the last. What is mentioned both inside
of a loop over time and outside of it lives through the whole loop; what only the body of the loop
knows gives its place back within each step. Offsets are computed for given sizes by `sg_place`.

A loop over entries may write its result over an operand of which it reads the same entry before,
where it is the last to read that operand at all: then both are one buffer.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from symgraph.node import Kind
from symgraph.shapes import Dim, same_dim

__all__ = ["Buffer", "Memory"]


@dataclass(eq=False)
class Buffer:
    """Room for `size` entries; `first` and `last` are the units that mention it.

    `later` are the names of values that follow one another in the same place.
    """

    name: str
    size: Dim
    storage: Kind
    first: int = -1
    last: int = -1
    later: list[str] = field(default_factory=list)

    @property
    def names(self) -> list[str]:
        """All that lies here, in its order."""
        return [self.name, *self.later]

    def mention(self, unit: int) -> None:
        """The unit reads or writes the buffer."""
        self.first = unit if self.first < 0 else min(self.first, unit)
        self.last = max(self.last, unit)


@dataclass
class Memory:
    """All buffers by name, and the units of every loop over time, inner loops first."""

    buffers: dict[str, Buffer] = field(default_factory=dict)
    loops: list[tuple[int, int]] = field(default_factory=list)
    offers: list[tuple[int, str, list[str]]] = field(default_factory=list)
    _owners: dict[str, str] = field(default_factory=dict)

    def add(self, name: str, size: Dim, storage: Kind) -> None:
        """Room for so many entries."""
        self.buffers[name] = Buffer(name, size, storage)

    def offer(self, unit: int, made: str, given: list[str]) -> None:
        """A unit may write a result over any of these operands, as far as it is concerned."""
        self.offers.append((unit, made, given))

    def owner(self, name: str) -> str:
        """The name of the buffer in which a value lies."""
        return self._owners.get(name, name)

    def join(self) -> None:
        """Put results into the places of operands that nothing else reads any more."""
        self.settled()
        for unit, made, given in self.offers:
            result = self.buffers[made]
            for place in dict.fromkeys(self.buffers[self.owner(name)] for name in given):
                alike = place.storage == result.storage and same_dim(place.size, result.size)
                if alike and place.last == result.first == unit < result.last:
                    place.last = result.last
                    place.later.append(made)
                    self._owners[made] = place.name
                    break

    def settled(self) -> list[Buffer]:
        """The buffers that are mentioned, with their whole lives."""
        found = [
            buffer
            for buffer in self.buffers.values()
            if buffer.first >= 0 and buffer.name not in self._owners
        ]
        for first, last in self.loops:
            for buffer in found:
                inside = first <= buffer.first and buffer.last <= last
                if not inside and buffer.first <= last and buffer.last >= first:
                    buffer.mention(first)
                    buffer.mention(last)
        return found
