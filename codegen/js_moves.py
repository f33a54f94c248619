"""Moving entries in JavaScript: Pull and Push by their positions, Reshape and Concat."""

from __future__ import annotations

from collections.abc import Sequence

from symgraph.codegen.js_writer import JsWriter
from symgraph.codegen.plan import node_storage
from symgraph.codegen.strided import Value, entry, row_major, spread
from symgraph.node import Node
from symgraph.ops.concat import Concat
from symgraph.ops.move import Pull, Push
from symgraph.ops.rows import Affine, Lookup, Row
from symgraph.shapes import Dim, Shape

__all__ = ["emit_concat", "emit_pull", "emit_push", "emit_reshape"]


def emit_reshape(w: JsWriter, node: Node) -> None:
    """The same entries in their order."""
    value = w.value(node.args[0])
    if value.strides is not None:
        value = w.plain(value)
    elif node.shape and not value.shape:
        pass  # a number stands for every entry
    w.env[node] = w.view(value, node.shape, row_major(node.shape))


def emit_concat(w: JsWriter, node: Node) -> None:
    """One operand behind the other."""
    assert isinstance(node, Concat)
    values = [w.value(arg) for arg in node.args]
    out = w.array(node.shape, node_storage(node, [value.storage for value in values]))
    assert out.strides is not None
    for value, start in zip(values, node.starts(), strict=True):
        offset = "" if start == 0 else w.term(w.sizes.factor(start), out.strides[node.axis])
        w.copy(value, w.view(out, value.shape, out.strides, offset), out.strides)
    w.env[node] = out


def emit_pull(w: JsWriter, node: Node) -> None:
    """x[f(i)], 0 where f(i) lies outside."""
    assert isinstance(node, Pull)
    values = [w.value(arg) for arg in node.args]
    value, *lookups = values
    window = _window(node.rows, node.shape, value)
    if window is not None:
        w.env[node] = w.view(value, node.shape, window[1], str(window[0]) if window[0] else "")
        return
    out = w.room(node.shape, value.storage)
    with w.indices(node.shape) as indices:
        places, inside = _places(w, node.rows, value.shape, node.shape, indices, lookups)
        read = entry(value, w.position(list(zip(places, spread(value, value.shape), strict=True))))
        there = w.position(list(zip(indices, out.strides or (), strict=True)))
        text = f"{inside} ? {read} : 0" if inside else read
        w.say(f"{entry(out, there)} = {text};")
    w.env[node] = out


def emit_push(w: JsWriter, node: Node) -> None:
    """Entries added to zeros at f(i)."""
    assert isinstance(node, Push)
    values = [w.value(arg) for arg in node.args]
    value, *lookups = values
    out = w.room(node.shape, node_storage(node, [value.storage]))
    w.say(f"{out.text}.fill(0);" if out.strides is not None else f"{out.text} = 0;")
    with w.indices(value.shape) as indices:
        places, inside = _places(w, node.rows, node.shape, value.shape, indices, lookups)
        strides = spread(value, value.shape)
        read = entry(value, w.position(list(zip(indices, strides, strict=True))))
        there = entry(out, w.position(list(zip(places, out.strides or (), strict=True))))
        w.say(f"{f'if ({inside}) ' if inside else ''}{there} += {read};")
    w.env[node] = out


def _window(rows: Sequence[Row], shape: Shape, value: Value) -> tuple[int, tuple[Dim, ...]] | None:
    """Offset and strides, where all positions are known to lie inside of the source."""
    if value.strides is None or not all(isinstance(size, int) and size for size in shape):
        return None
    offset, strides = 0, [0] * len(shape)
    for row, size, stride in zip(rows, value.shape, value.strides, strict=True):
        fixed = isinstance(row, Affine) and isinstance(row.offset, int)
        if not fixed or not isinstance(size, int) or not isinstance(stride, int):
            return None
        assert isinstance(row, Affine)
        ends = [step * (int(shape[axis]) - 1) for axis, step in row.steps]
        first = int(row.offset) + sum(min(0, end) for end in ends)
        last = int(row.offset) + sum(max(0, end) for end in ends)
        if first < 0 or last >= size:
            return None
        offset += int(row.offset) * stride
        for axis, step in row.steps:
            strides[axis] += step * stride
    return offset, tuple(strides)


def _places(
    w: JsWriter, rows: Sequence[Row], large: Shape, small: Shape, indices: Sequence[str],
    lookups: Sequence[Value],
) -> tuple[list[str], str]:  # fmt: skip
    """Names of the positions on the larger side, and the condition that they lie inside."""
    places: list[str] = []
    conditions: list[str] = []
    for row, size in zip(rows, large, strict=True):
        name = w.name("p")
        places.append(name)
        if isinstance(row, Lookup):
            value = lookups[row.operand - 1]
            at = [indices[axis] for axis in row.axes]
            strides = spread(value, value.shape)
            read = entry(value, w.position(list(zip(at, strides, strict=True))))
            w.say(f"const {name} = lookup({read}, {w.size(size)}, [{', '.join(at)}]);")
            continue
        w.say(f"const {name} = {_affine(w, row, indices)};")
        if row.checked:
            w.say(f"checkPosition({name}, {w.size(size)});")
        elif not _is_identity(row, size, small):
            conditions += [f"{name} >= 0", f"{name} < {w.size(size)}"]
    return places, " && ".join(conditions)


def _affine(w: JsWriter, row: Affine, indices: Sequence[str]) -> str:
    terms = w.position([(indices[axis], step) for axis, step in row.steps])
    offset = "" if row.offset == 0 and terms else w.sizes.factor(row.offset)
    return " + ".join(part for part in (offset, terms) if part)


def _is_identity(row: Affine, size: Dim, small: Shape) -> bool:
    """Whether the position is an index that runs over exactly this axis."""
    if row.offset != 0 or len(row.steps) != 1:
        return False
    axis, step = row.steps[0]
    return step == 1 and small[axis] == size
