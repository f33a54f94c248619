"""Transposed matrices that a loop multiplies by, copied once before it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from symgraph.codegen.numpy_writer import Line, Value, Writer, identity
from symgraph.codegen.schedule import Loop
from symgraph.node import Node
from symgraph.ops.einsum import Einsum
from symgraph.ops.reshape import Reshape
from symgraph.shapes import Dim, product

__all__ = ["Fixed", "turned"]

#: A copy pays for itself in products of so many rows. BLAS takes up to twice as long for a few rows
#: by a transposed matrix as by the matrix in its own order, which is copied in the time of up to a
#: hundred rows.
_ROWS = 512


@dataclass
class Fixed:
    """What stays the same in a loop, and the lines that must stand before it."""

    loop: Loop
    lines: list[Line] = field(default_factory=list)
    made: dict[str, Value] = field(default_factory=dict)

    def holds(self, node: Node) -> bool:
        """Whether this is an operand of the loop that stays the same, or a view of one."""
        while type(node) in (Einsum, Reshape) and len(node._args) == 1:
            node = node._args[0]
        return node in self.loop.scan.body.constants


def turned(w: Writer, node: Node, value: Value, rows: Dim) -> Value:
    """A matrix by which a loop multiplies so many rows at each step, by rows in memory."""
    fixed = w.fixed
    named = value.scope in (w.attach, w.workspace)  # and not by an outer loop
    if fixed is None or not named or value.dense != (1, 0) or not fixed.holds(node):
        return value
    count = product([fixed.loop.scan.length, rows])
    if isinstance(count, int) and count < _ROWS:
        return value
    found = fixed.made.get(value.text)
    if found is None:
        found = fixed.made[value.text] = _copied(w, fixed, value, count)
    return found


def _copied(w: Writer, fixed: Fixed, value: Value, rows: Dim) -> Value:
    """A copy that is made before the loop, or the matrix itself where few rows are found later."""
    copy = w.allocate(value.shape, value.storage, lasting=True)
    if isinstance(rows, int):
        fixed.lines.append(Line(f"{copy.text}[...] = {value.text}"))
        return replace(copy, buffer=None)
    name = w.name(f"{value.text}_c")
    chosen = f"{copy.text} if {w.size(rows)} >= {_ROWS} else {value.text}"
    w.attach.lines.append(f"{name} = {chosen}")
    fixed.lines.append(Line(f"if {name} is not {value.text}: {name}[...] = {value.text}"))
    return Value(name, value.shape, value.storage, "array", w.attach, identity(value.shape))
