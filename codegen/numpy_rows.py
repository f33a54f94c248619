"""Operations of an array with a row, or with one number, written for many rows at once.

NumPy goes from one row to the next in the time of a hundred entries, and takes the larger one of an
array and a single number four times slower than that of two arrays. Both are avoided where the row
or the number stands there for some rows, and the array is read by as many. Whether that pays is
found when the sizes are known (`together`).
"""

from __future__ import annotations

from collections.abc import Sequence

from symgraph.codegen.numpy_writer import Value, Writer, identity
from symgraph.node import Kind, Node
from symgraph.shapes import product

__all__ = ["by_rows"]

#: Of so many entries one operation takes less time than what it would need.
_FEW = 1 << 13


def by_rows(
    w: Writer, node: Node, values: Sequence[Value], joint: Kind, out: Value
) -> tuple[list[Value], Value] | None:
    """The operands and the result of an operation, seen by rows; None where that is of no use."""
    if node.ndim < 2 or len(values) != 2 or not _is_whole(w, out, node):
        return None
    wholes = [_is_whole(w, value, node) and value.storage == joint for value in values]
    repeats = [value.literal or _is_row(w, value, node, joint) for value in values]
    size = product(node.shape)
    if not any(wholes) or not any(repeats) or (isinstance(size, int) and size < _FEW):
        return None
    rows = _together(w, node)
    seen = [
        _seen(w, value, rows) if whole else _repeated(w, value, node, joint, rows)
        for value, whole in zip(values, wholes, strict=True)
    ]
    return seen, _seen(w, out, rows)


def _is_whole(w: Writer, value: Value, node: Node) -> bool:
    """Whether it fills the shape, gapless, and is the same array at every step."""
    return value.shape == node.shape and _lies_still(w, value)


def _is_row(w: Writer, value: Value, node: Node, joint: Kind) -> bool:
    fits = value.shape == node.shape[-1:] and value.storage == joint
    return fits and _lies_still(w, value)


def _lies_still(w: Writer, value: Value) -> bool:
    return value.is_plain and not value.parts and value.scope in (w.workspace, w.attach)


def _together(w: Writer, node: Node) -> str:
    """The name of the number of rows to take at once."""
    count, width = w.size(product(node.shape[:-1])), w.size(node.shape[-1])
    found = w.memo.get(("together", count, width))
    if found is None:
        name = w.name("r")
        w.workspace.lines.append(f"{name} = {w.call('together')}({count}, {width})")
        found = w.memo["together", count, width] = w.number(name, (), "integer")
    return found.text


def _seen(w: Writer, value: Value, rows: str) -> Value:
    """An array by so many rows."""
    text = f"{w.call('by_rows')}({{0}}, {rows})"
    return w.derive(value, text, value.shape, None, suffix="r")


def _repeated(w: Writer, value: Value, node: Node, joint: Kind, rows: str) -> Value:
    """A row or a number for so many rows."""
    if value.literal:
        return w.repeated(value, joint, node.shape, rows)
    assert value.scope is not None
    memory = _memory(w, node, joint, rows)
    found = value.views.get(memory)
    if found is None:
        name, filled = w.name(f"{value.text}_r"), w.name(f"{value.text}_f")
        made = f"{w.call('repeated_row')}({value.text}, {memory})"
        value.scope.lines.append(f"{name}, {filled} = {made}")
        found = Value(name, node.shape, joint, "array", value.scope, note=filled)
        value.views[memory] = found
    w.say(f"for place, part in {found.note}: place[...] = part")
    return found


def _memory(w: Writer, node: Node, joint: Kind, rows: str) -> str:
    """The memory of a row that is repeated; the next one is written over it."""
    key = ("rows", rows, joint)
    found = w.memo.get(key)
    if found is None:
        name = w.name("rows")
        shape = f"({rows}, {w.size(node.shape[-1])})"
        w.workspace.lines.append(f"{name} = np.empty({shape}, {w.dtypes[joint]})")
        found = w.memo[key] = Value(name, (), joint, "array", w.workspace, identity(()))
    return found.text
