"""The arena of a native program for given sizes, as `sg_place` in data/plan.h lays it out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import sympy

from symgraph.codegen.native.memory import Buffer
from symgraph.codegen.reporting.work import entry_bytes
from symgraph.shapes import bind_dim

__all__ = ["Placed", "alive_at_once", "placed"]

_LINE = 64


@dataclass(frozen=True)
class Placed:
    """A buffer of so many bytes at an offset, from its first unit to its last.

    `later` are values that lie in its place one after another, each written over the one before;
    `holds` is what the first of them is.
    """

    name: str
    offset: int
    bytes: int
    first: int
    last: int
    later: tuple[str, ...] = ()
    holds: str = ""

    @property
    def names(self) -> tuple[str, ...]:
        """All that lies here, in its order."""
        return (self.name, *self.later)


def placed(
    buffers: Sequence[Buffer],
    sizes: Mapping[sympy.Symbol, int],
    real: str,
    holds: Mapping[str, str] = MappingProxyType({}),
) -> list[Placed]:
    """The buffers in their places: the largest first, each as low as its whole life allows."""
    lengths = [bind_dim(b.size, sizes) * entry_bytes(b.storage, real) for b in buffers]
    lengths = [-(-length // _LINE) * _LINE for length in lengths]
    done: list[tuple[int, Placed]] = []
    for k in sorted(range(len(buffers)), key=lambda k: (-lengths[k], k)):
        buffer, at = buffers[k], 0
        others = sorted(
            (one.offset, one.offset + one.bytes)
            for _, one in done
            if one.first <= buffer.last and buffer.first <= one.last
        )
        for low, high in others:
            if low < at + lengths[k] and at < high:
                at = high
        life = (buffer.first, buffer.last, tuple(buffer.later), holds.get(buffer.name, ""))
        done.append((k, Placed(buffer.name, at, lengths[k], *life)))
    return [one for _, one in sorted(done, key=lambda pair: pair[0])]


def alive_at_once(buffers: Sequence[Placed]) -> int:
    """The most bytes that are needed at one time: no arena can be smaller."""
    changes: dict[int, int] = {}
    for one in buffers:
        changes[one.first] = changes.get(one.first, 0) + one.bytes
        changes[one.last + 1] = changes.get(one.last + 1, 0) - one.bytes
    most = now = 0
    for unit in sorted(changes):
        now += changes[unit]
        most = max(most, now)
    return most
