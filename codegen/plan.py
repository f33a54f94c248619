"""Plan: where values live. One arena a storage kind, cut into slots that values take in turn.

Sizes may be symbolic; a slot is as large as the largest value that ever lies in it. A value gives
its slot back at its last use, so the arena holds what is alive at one time and not the whole graph.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from symgraph.codegen.basic import op_of, storage_of
from symgraph.codegen.contraction import typical
from symgraph.node import Kind, Node, promote
from symgraph.ops.concat import Concat
from symgraph.ops.einsum import Einsum
from symgraph.ops.leaves import Fill
from symgraph.ops.linalg import Det, Inv, LogDet, Solve
from symgraph.ops.map import Map
from symgraph.ops.move import Push
from symgraph.ops.reduce import Reduce
from symgraph.shapes import Dim

__all__ = ["Arena", "Buffer", "node_storage"]


@dataclass(eq=False)
class Buffer:
    """A slot while it is taken; `live` counts the reads that are still to come."""

    slot: int
    size: Dim
    storage: Kind
    live: int = 0


@dataclass
class Arena:
    """Slots of each storage, numbered from 0, and which of them are free.

    `slots[storage][k]` lists the sizes, in entries, of what lies in slot k at different times.
    """

    slots: dict[Kind, list[list[Dim]]] = field(default_factory=dict)
    _free: dict[tuple[Kind, Dim], list[int]] = field(default_factory=dict)

    def take(self, size: Dim, storage: Kind, lasting: bool = False) -> Buffer:
        """A slot for so many entries; a `lasting` one was and will be nobody else's."""
        place = None if lasting else self._reuse(size, storage)
        slots = self.slots.setdefault(storage, [])
        if place is None:
            place = len(slots)
            slots.append([size])
        elif size not in slots[place]:
            slots[place].append(size)
        return Buffer(place, size, storage)

    def give(self, buffer: Buffer) -> None:
        """Free the slot of a buffer."""
        held = self.slots[buffer.storage][buffer.slot][-1]
        self._free.setdefault((buffer.storage, held), []).append(buffer.slot)

    def _reuse(self, size: Dim, storage: Kind) -> int | None:
        """A free slot that held a value of this size, else the one nearest in size."""
        same = self._free.get((storage, size))
        if same:
            return same.pop()
        near: tuple[float, Dim] | None = None
        for (kind, held), places in self._free.items():
            if kind != storage or not places:
                continue
            large, small = sorted((typical(held), typical(size)))[::-1]
            if small == 0 or large > 4 * small:
                continue  # a small value must not hold a large piece, nor a small piece grow much
            ratio = large / small
            if near is None or ratio < near[0]:
                near = (ratio, held)
        return None if near is None else self._free[storage, near[1]].pop()


def node_storage(node: Node, storages: Sequence[Kind]) -> Kind:
    """How the value of a node is stored, given how its operands are."""
    if type(node) is Map:
        op = op_of(node)
        assert op is not None, "a Map that was not lowered"
        return storage_of(op, storages)
    if type(node) is Einsum:
        moves = len(storages) == 1 and set(node.ins[0]) <= set(node.out)
        return storages[0] if moves else promote("integer", *storages)
    if type(node) is Reduce:
        if node.operation == "argmax":
            return "integer"
        return promote("integer", storages[0]) if node.operation == "prod" else storages[0]
    if isinstance(node, (Inv, Det, LogDet, Solve)):
        return "real"
    if type(node) is Push:
        return promote("integer", storages[0])
    if type(node) is Concat:
        return promote(*storages)
    if type(node) is Fill or not storages:
        return node.kind
    return storages[0]
