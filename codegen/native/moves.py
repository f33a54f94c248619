"""Moving entries in C: Pull and Push by their positions, Reshape and Concat.

An affine Pull is a view: every axis of its result runs through the memory of its operand in steps.
Where it reads zeros from outside, its operand is copied once between zeros, and the view reads the
copy. Its adjoint adds entries into such a view. Only lookups go entry by entry, with their indices
tested before.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from symgraph.codegen.basic import op_of
from symgraph.codegen.native.source import Site
from symgraph.codegen.native.writer import CWriter
from symgraph.codegen.plan import node_storage
from symgraph.codegen.reach import ends, is_inside, is_nonnegative, is_position, positive
from symgraph.codegen.strided import Value, entry, merged, row_major, spread
from symgraph.node import Node
from symgraph.ops.concat import Concat
from symgraph.ops.einsum import Einsum
from symgraph.ops.leaves import Var
from symgraph.ops.map import Map
from symgraph.ops.move import Pull, Push
from symgraph.ops.rows import Affine, Lookup, Row
from symgraph.shapes import Dim, Shape, product, same_dim

__all__ = [
    "affine_view", "covers", "emit_concat", "emit_pull", "emit_push", "emit_reshape",
    "join_operands", "push_target", "relaid", "relaid_windows", "reshaped", "turn", "zero",
]  # fmt: skip


# --- Reshape and Concat --------------------------------------------------------------------------


def emit_reshape(w: CWriter, node: Node, note: str) -> None:
    """The same entries in their order: a view where their memory allows it."""
    value = w.value(node.args[0])
    if value.strides is None:
        w.env[node] = replace(value, shape=node.shape)
        return
    strides = reshaped(value, node.shape)
    if strides is None:
        value = w.plain(value)
        strides = row_major(node.shape)
    w.env[node] = w.view(value, node.shape, strides)


def reshaped(value: Value, shape: Shape) -> tuple[Dim, ...] | None:
    """The strides under which the memory of a value has another shape, else None."""
    assert value.strides is not None
    if 0 in shape:
        return row_major(shape)
    old = [(n, s) for n, s in zip(value.shape, value.strides, strict=True) if n != 1]
    new = [axis for axis, size in enumerate(shape) if size != 1]
    found: dict[int, Dim] = {}
    while old and new:
        taken, axes = [old.pop()], [new.pop()]
        while not same_dim(
            before := product(n for n, _ in taken), after := product(shape[a] for a in axes)
        ):
            if old and _is_smaller(before, after):
                taken.append(old.pop())
            elif new:
                axes.append(new.pop())
            else:
                return None
        step = taken[0][1]
        for (inner, near), (_, far) in itertools.pairwise(taken):
            if not same_dim(near * inner, far):
                return None
        for axis in axes:
            found[axis] = step
            step = product([step, shape[axis]])
    if old or new:
        return None
    return tuple(found.get(axis, 0) for axis in range(len(shape)))


def _is_smaller(dim: Dim, other: Dim) -> bool:
    """Whether a size lacks factors of another."""
    if isinstance(dim, int) and isinstance(other, int):
        return dim < other
    if isinstance(dim, int):
        return True
    return not isinstance(other, int) and (other / dim).is_integer is True


def join_operands(w: CWriter, steps: Sequence[Node], uses: dict[Node, int]) -> None:
    """Let operands that only a Concat reads be computed in their place of its result."""
    for concat in reversed(steps):
        if not isinstance(concat, Concat) or concat.kind != "real":
            continue
        told = w.destination.get(concat)
        out = told if told is not None else w.room(concat.shape, "real")
        joined = False
        for k, arg in enumerate(concat.args):
            if uses[arg] == 1 and arg.shape and arg not in w.destination and _is_computed(arg):
                w.destination[arg] = _part(w, concat, out, k)
                joined = True
        if joined:
            w.destination[concat] = out


def _is_computed(node: Node) -> bool:
    """Whether a value is written entry by entry as reals."""
    if type(node) is Map:
        return node.kind == "real" and op_of(node) not in ("iverson", "where")
    if type(node) is Einsum:
        return len(node.args) == 2 and all(arg.kind == "real" for arg in node.args)
    return type(node) is Concat and node.kind == "real"


def _part(w: CWriter, node: Concat, out: Value, k: int) -> Value:
    """The place of operand k."""
    start = node.starts()[k]
    assert out.strides is not None
    step = out.strides[node.axis]
    offset = "" if start == 0 else w.term(w.sizes.factor(product([start])), step)
    return w.view(out, node.args[k].shape, out.strides, offset)


def emit_concat(w: CWriter, node: Node, note: str) -> None:
    """One operand behind the other, unless it was computed in its place."""
    assert isinstance(node, Concat)
    values = [w.value(arg) for arg in node.args]
    out = w.result(node, node_storage(node, [value.storage for value in values]))
    for k, value in enumerate(values):
        place = _part(w, node, out, k)
        if (value.text, value.offset, value.strides) == (place.text, place.offset, place.strides):
            continue
        with w.unit():
            w.copy(value, place)
    w.env[node] = out


# --- Pull ----------------------------------------------------------------------------------------


def emit_pull(w: CWriter, node: Node, note: str) -> None:
    """x[f(i)], 0 where f(i) lies outside."""
    assert isinstance(node, Pull)
    value = w.value(node.args[0])
    lookups = [w.value(arg) for arg in node.args[1:]]
    check_positions(w, node, value.shape, node.shape)
    inside = _inside(node, value.shape, node.shape)
    rows: Sequence[Row] = node.rows
    if value.strides is None and all(inside):
        w.env[node] = replace(value, shape=node.shape)
        return
    order = _source_order(w, node)
    if not all(inside):
        value, rows = _bordered(w, value, rows, node.shape, inside, order)
    elif order is not None and not lookups:
        value = relaid(w, value, order)
    if not lookups:
        w.env[node] = affine_view(w, value, rows, node.shape)
        return
    out = w.result(node, value.storage)
    assert out.strides is not None
    with w.unit(), _positions(w, rows, node.shape, value.shape, lookups) as (indices, places):
        read = w.position(list(zip(places, value.strides or (), strict=True)))
        there = w.position(list(zip(indices, out.strides, strict=True)))
        w.say(f"{entry(out, there)} = {entry(value, read)};", note)
    w.env[node] = out


def relaid_windows(w: CWriter, node: Pull, order: tuple[int, ...]) -> Value:
    """What a Pull reads through affine rows, from a copy whose axes lie in this order."""
    value = w.value(node.args[0])
    inside = _inside(node, value.shape, node.shape)
    copy, rows = _bordered(w, value, node.rows, node.shape, inside, order)
    return affine_view(w, copy, rows, node.shape)


def _source_order(w: CWriter, node: Pull) -> tuple[int, ...] | None:
    """The order of x in memory that gives windows their batch last."""
    order = w.order.get(node)
    if order is None or not any(isinstance(r, Affine) and len(r.steps) > 1 for r in node.rows):
        return None
    step = ((order[-1], 1),)
    batch = [k for k, row in enumerate(node.rows) if isinstance(row, Affine) and row.steps == step]
    if len(batch) != 1:
        return None
    return (*(a for a in range(node.args[0].ndim) if a != batch[0]), batch[0])


def relaid(w: CWriter, value: Value, order: tuple[int, ...]) -> Value:
    """The value with its axes in this order in memory, copied if its fastest one is another."""
    if value.strides is None or value.shape[order[-1]] == 1 or value.strides[order[-1]] == 1:
        return value
    key = ("relaid", value, order)
    if key not in w.known:
        w.known[key] = out = w.room(value.shape, value.storage, order, prefix="c")
        with w.unit():
            turn(w, value, out, order)
    found: Value = w.known[key]
    return found


def turn(w: CWriter, value: Value, out: Value, order: tuple[int, ...]) -> None:
    """Copy a value into memory in which another axis, the last of an order, is the fastest."""
    if value.strides is None or out.strides is None or not order:
        w.copy(value, out)
        return
    shape = [value.shape[axis] for axis in order]
    arrays = [[array.strides[axis] for axis in order] for array in (value, out) if array.strides]
    sizes, (source, target) = merged(shape, arrays)
    if {value.storage, out.storage} != {"real"} or 1 not in source[:-1]:
        w.copy(value, out)
        return
    row = source.index(1)
    loops = [k for k in range(len(sizes) - 1) if k != row]
    with w.indices([sizes[k] for k in loops], independent=False) as names:
        texts = []
        for array, strides in ((value, source), (out, target)):
            at = w.position(list(zip(names, [strides[k] for k in loops], strict=True)))
            texts.append(w.pointer(w.view(array, (), (), at)))
        ends = [f"{w.size(s[row])}, {w.size(s[-1])}" for s in (source, target)]
        w.say(
            f"f->lib->copy2_{w.suffix}({w.size(sizes[row])}, {w.size(sizes[-1])}, "
            f"{texts[0]}, {ends[0]}, {texts[1]}, {ends[1]});"
        )


def affine_view(w: CWriter, value: Value, rows: Sequence[Row], shape: Shape) -> Value:
    """The memory of a value read through affine rows that lie inside."""
    assert value.strides is not None
    offset: Any = 0
    strides: list[Any] = [0] * len(shape)
    for row, stride in zip(rows, value.strides, strict=True):
        assert isinstance(row, Affine)
        offset += row.offset * stride
        for axis, step in row.steps:
            strides[axis] += step * stride
    offset = product([offset])
    text = "" if offset == 0 else w.sizes.factor(offset)
    return w.view(value, shape, [product([stride]) for stride in strides], text)


def _inside(node: Pull | Push, large: Shape, small: Shape) -> list[bool]:
    """For each row whether it stays inside, or was tested."""
    return [
        is_inside(row, small, size) or (isinstance(row, Affine) and row.checked)
        for row, size in zip(node.rows, large, strict=True)
    ]


def _border(
    large: Shape, rows: Sequence[Row], small: Shape, inside: Sequence[bool]
) -> tuple[list[Dim], list[Dim], list[Row]]:
    """The zeros before each axis, its size with those on both sides, and the rows there."""
    before: list[Dim] = []
    shape: list[Dim] = []
    moved: list[Row] = []
    for row, size, fits in zip(rows, large, inside, strict=True):
        ahead: Dim = 0
        behind: Dim = 0
        if not fits and isinstance(row, Affine):
            first, last = ends(row, small)
            ahead, behind = positive(-first), positive(last - (size - 1))
            row = Affine(product([row.offset + ahead]), row.steps)
        before.append(ahead)
        shape.append(product([ahead + size + behind]))
        moved.append(row)
    return before, shape, moved


def _cut(w: CWriter, value: Value, before: Sequence[Dim], shape: Shape) -> Value:
    """What lies within the zeros."""
    rows = [Affine(start, ((axis, 1),)) for axis, start in enumerate(before)]
    return affine_view(w, value, rows, shape)


def _bordered(
    w: CWriter, value: Value, rows: Sequence[Row], small: Shape, inside: Sequence[bool],
    order: tuple[int, ...] | None,
) -> tuple[Value, list[Row]]:  # fmt: skip
    """A copy of x with zeros around it, and the rows that read it."""
    before, shape, moved = _border(value.shape, rows, small, inside)
    out = w.room(tuple(shape), value.storage, order, prefix="c")
    if not all(inside):
        zero(w, out)
    within = _cut(w, out, before, value.shape)
    with w.unit():
        if order is None or value.strides is None:
            w.copy(value, within)
        else:
            turn(w, value, within, order)
    return out, moved


def zero(w: CWriter, out: Value) -> None:
    """Zeros everywhere."""
    with w.unit(), w.entries(out.shape, [out]) as (there,):
        w.say(f"{there} = 0;")


# --- Push ----------------------------------------------------------------------------------------


def emit_push(w: CWriter, node: Node, note: str) -> None:
    """Entries added to zeros at f(i)."""
    assert isinstance(node, Push)
    value = w.value(node.args[0])
    lookups = [w.value(arg) for arg in node.args[1:]]
    check_positions(w, node, node.shape, value.shape)
    w.env[node], target, rows = push_target(w, node, node_storage(node, [value.storage]))
    zero(w, target)
    if not lookups:
        _add(w, value, affine_view(w, target, rows, value.shape), note)
        return
    assert target.strides is not None
    small, apart = value.shape, _is_apart(rows, value.shape)
    with w.unit(), _positions(w, rows, small, target.shape, lookups, apart) as (indices, places):
        there = w.position(list(zip(places, target.strides, strict=True)))
        read = w.position(list(zip(indices, spread(value, value.shape), strict=True)))
        w.say(f"{entry(target, there)} += {entry(value, read)};", note)


def push_target(
    w: CWriter, node: Push, storage: Any, result: Node | None = None,
    order: tuple[int, ...] | None = None,
) -> tuple[Value, Value, list[Row]]:  # fmt: skip
    """Where the result lies, the memory around it that also holds what falls outside, and rows.

    `result` is the node that lies there, if it is not the Push. With an `order` of axes it lies in
    memory of its own, in that order.
    """
    small = node.args[0].shape
    inside = _inside(node, node.shape, small)
    if all(inside) and order is None:
        out = w.result(result or node, storage)
        return out, out, list(node.rows)
    before, shape, rows = _border(node.shape, node.rows, small, inside)
    around = w.room(tuple(shape), storage, order or w.order.get(node))
    return _cut(w, around, before, node.shape), around, rows


def covers(rows: Sequence[Row], small: Shape, large: Shape) -> tuple[bool, bool]:
    """Whether affine rows give every entry a place of its own, and whether no place is left over.

    Told only where it is sure.
    """
    used = [axis for row in rows if isinstance(row, Affine) for axis, _ in row.steps]
    idle = [axis for axis, size in enumerate(small) if size != 1 and axis not in used]
    if idle or len(used) != len(set(used)):
        return False, False
    full = True
    for row, size in zip(rows, large, strict=True):
        assert isinstance(row, Affine)
        reach: Dim = 1
        for axis, step in sorted(row.steps, key=lambda pair: abs(pair[1])):
            if small[axis] == 1:
                continue
            if not is_nonnegative(abs(step) - reach):
                return False, False
            full = full and step == reach
            reach = product([reach + abs(step) * (small[axis] - 1)])
        full = full and row.offset == 0 and same_dim(reach, size)
    return True, full


def _is_apart(rows: Sequence[Row], small: Shape) -> bool:
    """Whether places that differ in the last index alone differ."""
    last = len(small) - 1
    return any(isinstance(row, Affine) and any(a == last for a, _ in row.steps) for row in rows)


def _add(w: CWriter, value: Value, place: Value, note: str) -> None:
    """Add entries to their places; several may have the same one."""
    assert place.strides is not None
    own = spread(value, value.shape)
    axes = range(len(value.shape))
    lost = [axis for axis in axes if place.strides[axis] == 0 and value.shape[axis] != 1]
    kept = [axis for axis in axes if axis not in lost]
    pair = [tuple(strides[a] for a in kept) for strides in (place.strides, own)]
    with w.unit(), w.nest([value.shape[a] for a in kept], pair) as (there, read):
        if not lost:
            w.say(f"{entry(place, there)} += {entry(value, read)};", note)
            return
        total = w.name("v")
        w.say(f"{w.ctype(place.storage)} {total} = 0;")
        inner = [tuple(own[a] for a in lost)]
        with w.nest([value.shape[a] for a in lost], inner, independent=False) as (further,):
            at = " + ".join(part for part in (read, further) if part)
            w.say(f"{total} += {entry(value, at)};")
        w.say(f"{entry(place, there)} += {total};", note)


# --- positions -----------------------------------------------------------------------------------


@contextmanager
def _positions(
    w: CWriter, rows: Sequence[Row], small: Shape, large: Shape, lookups: Sequence[Value],
    apart: bool = True,
) -> Iterator[tuple[list[str], list[str]]]:  # fmt: skip
    """A loop over the smaller side; yields its indices and the positions on the larger side.

    A lookup is read as soon as its indices are known, outside of the loops that it is the same in.
    """
    looked: dict[int, str] = {}

    def read(bound: int, names: Sequence[str]) -> None:
        for k, row in enumerate(rows):
            if isinstance(row, Lookup) and max(row.axes, default=-1) == bound - 1:
                value = lookups[row.operand - 1]
                at = list(
                    zip([names[a] for a in row.axes], spread(value, value.shape), strict=True)
                )
                looked[k] = w.name("r")
                w.bounds[looked[k]] = w.size(large[k])
                w.say(f"const i64 {looked[k]} = {entry(value, w.position(at))};")

    def walk(bound: int, names: list[str]) -> Iterator[list[str]]:
        read(bound, names)
        if bound == len(small):
            yield names
            return
        innermost = bound == len(small) - 1
        with w.indices(small[bound : bound + 1], innermost and apart) as found:
            yield from walk(bound + 1, [*names, *found])

    for names in walk(0, []):
        yield names, [looked.get(k) or _affine(w, row, names) for k, row in enumerate(rows)]


def _affine(w: CWriter, row: Row, indices: Sequence[str]) -> str:
    """The position that an affine row gives, as a factor."""
    assert isinstance(row, Affine)
    terms = w.position([(indices[axis], step) for axis, step in row.steps])
    offset = "" if row.offset == 0 and terms else w.sizes.factor(row.offset)
    text = " + ".join(part for part in (offset, terms) if part)
    return text if text == terms and len(row.steps) == 1 and row.steps[0][1] == 1 else f"({text})"


# --- tests ---------------------------------------------------------------------------------------


def check_positions(w: CWriter, node: Pull | Push, large: Shape, small: Shape) -> None:
    """Leave where an index or a checked position lies outside, before anything is written."""
    for row, size in zip(node.rows, large, strict=True):
        if isinstance(row, Lookup):
            _check_lookup(w, node.args[row.operand], size)
        elif row.checked and not is_inside(row, small, size):
            _check_row(w, row, size, small)


def _check_row(w: CWriter, row: Affine, size: Dim, small: Shape) -> None:
    key = ("row", row, size, small)
    if key in w.known:
        return
    w.known[key] = True
    first, last = (w.size(product([end])) for end in ends(row, small))
    length = w.size(size)
    site = Site(
        "RangeError",
        "slice: position {0} is outside 0..{1}. Give data with more entries along the axis, or an "
        "index inside of it.",
    )
    entries = [f"{w.size(n)} != 0 && " for n in small if n != 1]
    test = f"{''.join(entries)}({first} < 0 || {last} >= {length})"
    above = f"{last} > {length} ? {last} : {length}"
    with w.unit():
        w.refuse(test, site, [f"{first} < 0 ? {first} : {above}", f"{length} - 1"])


def _check_lookup(w: CWriter, source: Node, size: Dim) -> None:
    """The first index outside, with its position, as `check_index` of the NumPy target says it."""
    key = ("lookup", source, size)
    if is_position(source, size) or key in w.known:
        return
    w.known[key] = True
    value = w.value(source)
    name = source.name if isinstance(source, Var) else "lookup"
    name = name.replace("{", "{{").replace("}", "}}")
    site = Site(
        "RangeError",
        f"{name}: index {{1}} at position {{place}} is outside 0..{{2}}. "
        "Give indices from 0 up to the size of the axis minus one.",
        value.shape,
    )
    length = w.size(size)
    with w.unit(), w.indices(value.shape, independent=False) as indices:
        at = w.position(list(zip(indices, spread(value, value.shape), strict=True)))
        found = entry(value, at)
        test = f"(unsigned long long){found} >= (unsigned long long)({length})"
        flat = w.position(list(zip(indices, row_major(value.shape), strict=True)))
        w.refuse(test, site, [flat or "0", found, f"{length} - 1"])
