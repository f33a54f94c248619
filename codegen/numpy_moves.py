"""Pull and Push in NumPy: views where possible, else one copy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from symgraph.codegen.contraction import typical
from symgraph.codegen.numpy_writer import LoopScope, Value, Writer, identity
from symgraph.codegen.plan import node_storage
from symgraph.codegen.reach import ends, is_inside, is_position, positive
from symgraph.node import Node
from symgraph.ops.einsum import Einsum
from symgraph.ops.leaves import Var
from symgraph.ops.move import Pull, Push
from symgraph.ops.rows import Affine, Lookup, Row
from symgraph.shapes import Dim, Shape, product

__all__ = ["emit_pull", "emit_push"]


# --- Pull ----------------------------------------------------------------------------------------


def emit_pull(w: Writer, node: Node, note: str) -> None:
    """x[f(i)]: an affine map is a view, one with lookups is a `take`."""
    assert isinstance(node, Pull)
    value = w.value(node.args[0])
    for row, size in zip(node.rows, node.args[0].shape, strict=True):
        if isinstance(row, Affine) and row.checked and not is_inside(row, node.shape, size):
            _check(w, node)
            break
    if any(isinstance(row, Lookup) for row in node.rows):
        _emit_lookup(w, node, value, note)
        return
    inside = [
        is_inside(row, node.shape, size) or (isinstance(row, Affine) and row.checked)
        for row, size in zip(node.rows, node.args[0].shape, strict=True)
    ]
    if value.form == "number" and all(inside):
        w.define(node, replace(value, shape=node.shape, views={}))
        return
    value = w.array(value)
    rows: Sequence[Row] = node.rows
    if not all(inside):
        value, rows = _padded(w, node, value, inside)
    view = _affine_view(w, value, rows, node.shape)
    if node.shape == ():
        name = w.name(w.prefix)
        w.say(f"{name} = {view.text}.item()", note)
        w.define(node, w.number(name, (), view.storage))
        return
    order = _window_order(w, node)
    if order is None:
        w.define(node, view)
        return
    out = w.allocate(node.shape, view.storage, order)
    w.say(f"{out.text}[...] = {view.text}", note)
    w.define(node, out)


def _check(w: Writer, node: Pull) -> None:
    """A test, when the sizes are known, that no checked position lies outside."""
    rows = [
        (row.offset, row.steps, row.checked) if isinstance(row, Affine) else (0, (), False)
        for row in node.rows
    ]
    text = ", ".join(f"({w.size(o)}, {s!r}, {c})" for o, s, c in rows)
    sizes = w.shape(node.args[0].shape)
    w.checks.append(f"{w.call('check_inside')}({w.shape(node.shape)}, {sizes}, ({text},))")


def _padded(w: Writer, node: Pull, value: Value, inside: Sequence[bool]) -> tuple[Value, list[Row]]:
    """A copy of x with zeros around it, and the rows that read it.

    The zeros are written once: the memory belongs to this value alone.
    """
    shape: list[Dim] = []
    rows: list[Row] = []
    cut: list[str] = []
    for row, size, fits in zip(node.rows, value.shape, inside, strict=True):
        if fits or not isinstance(row, Affine):
            shape.append(size)
            rows.append(row)
            cut.append(":")
            continue
        first, last = ends(row, node.shape)
        before = positive(-first)
        after = positive(last - (size - 1))
        shape.append(product([before + size + after]))
        rows.append(Affine(product([row.offset + before]), row.steps))
        cut.append(f"{w.size(before)}:{w.size(product([before + size]))}")
    padded = w.allocate(tuple(shape), value.storage, lasting=True)
    assert padded.buffer is not None
    middle = w.derive(padded, f"{{0}}[{', '.join(cut)}]", value.shape, None)
    w.say(f"{middle.text}[...] = {value.text}")
    return replace(padded, buffer=None), rows


def _affine_view(w: Writer, value: Value, rows: Sequence[Row], shape: Shape) -> Value:
    """x read through affine rows that all lie inside."""
    affine = [row for row in rows if isinstance(row, Affine)]
    cuts: list[str] = []
    axes: list[int] = []
    for row, size in zip(affine, value.shape, strict=True):
        if len(row.steps) > 1:
            break
        if not row.steps:
            cuts.append(w.size(row.offset))
            continue
        axis, step = row.steps[0]
        axes.append(axis)
        cuts.append(_slice(w, row.offset, step, shape[axis], size))
    plain = len(cuts) == len(affine) and axes == list(range(len(shape)))
    if plain and cuts:
        while cuts[-1] == ":" and len(cuts) > 1:
            cuts.pop()
        if not shape:
            cuts.append("...")  # a view, not the number that is there now
        dense = None
        if len(cuts) == 1 and affine[0].steps in ((), ((0, 1),)) and value.is_plain:
            dense = identity(shape)
        return w.derive(value, f"{{0}}[{', '.join(cuts)}]", shape, dense)
    text = ", ".join(f"({w.size(row.offset)}, {row.steps!r})" for row in affine)
    call = (
        f"{w.call('affine_view')}({{0}}, {w.shape(shape)}, ({text},))"
        if affine
        else (f"np.broadcast_to({{0}}, {w.shape(shape)})")
    )
    return w.derive(value, call, shape, None)


def _slice(w: Writer, start: Dim, step: int, count: Dim, size: Dim) -> str:
    if start == 0 and step == 1 and count == size:
        return ":"
    if step > 0:
        stop = product([start + step * (count - 1) + 1])
        by = f":{step}" if step != 1 else ""
        first = "" if start == 0 else w.size(start)
        return f"{first}:{w.size(stop)}{by}" if count != 0 else "0:0"
    last = product([start + step * (count - 1)])
    if last == 0:
        return f"{w.size(start)}::{step}"
    if isinstance(last, int) and last > 0:
        return f"{w.size(start)}:{last - 1}:{step}"
    return (
        f"slice({w.size(start)}, {w.size(product([last - 1]))} if {w.size(last)} else None, {step})"
    )


def _window_order(w: Writer, node: Pull) -> tuple[int, ...] | None:
    """The order in memory of a copy of overlapping windows for matrix products; None for a view.

    Windows that only a reduction reads stay a view. A product wants the axes within the window
    beside the channels; the longer axis of each row goes last, where copying is fastest.
    """
    if not any(isinstance(row, Affine) and len(row.steps) > 1 for row in node.rows):
        return None
    users = [user for user in w.block.steps if node in user.args]
    if not any(type(user) is Einsum and len(user.args) > 1 for user in users):
        return None
    places: list[int] = []
    for row in node.rows:
        if isinstance(row, Affine) and len(row.steps) > 1:
            places.append(max(row.steps, key=lambda s: typical(node.shape[s[0]]))[0])
    inner = [
        axis
        for row in node.rows
        if isinstance(row, Affine) and len(row.steps) > 1
        for axis, _ in row.steps
        if axis not in places
    ]
    rest = [a for a in range(node.ndim) if a not in places and a not in inner]
    return (*rest, *sorted(inner), *sorted(places))


# --- lookups -------------------------------------------------------------------------------------


def _index(w: Writer, node: Pull | Push, operand: int, size: Dim, note: str = "") -> Value:
    """An integer operand as an array of valid positions; checked where data may be out of range."""
    value = w.value(node.args[operand])
    if value.form == "number":
        value = w.array(replace(value, shape=(), views={}) if not value.shape else value, "integer")
    elif value.storage != "integer":
        value = w.array(value, "integer")
    source = node.args[operand]
    known = is_position(source, size)
    key = ("checked", source, size)
    if not known and key not in w.memo:
        if w.depth == 0:  # a test inside of a loop may never be reached
            w.memo[key] = value
        unsigned = w.derive(value, "{0}.view(np.uint64)", value.shape, None).text
        w.say(f"{w.call('check_unsigned')}({unsigned}, {w.size(size)}, {_title(source)})")
    return value


def _check_number(w: Writer, node: Pull | Push, operand: int, size: Dim) -> None:
    source = node.args[operand]
    if not is_position(source, size):
        index = w.value(source).text
        check = w.call("check_index")
        w.say(f"{check}(np.array({index}), {w.size(size)}, {_title(source)})")


def _title(index: Node) -> str:
    """The name of the argument that holds indices, quoted, for messages."""
    return ascii(index.name if isinstance(index, Var) else "lookup")


def _spread(w: Writer, index: Value, row: Lookup, rank: int) -> Value:
    """An index array with its axes where the rows want them and axes of size 1 elsewhere."""
    if row.axes == tuple(range(rank)):
        return index
    order = sorted(range(len(row.axes)), key=row.axes.__getitem__)
    text = "{0}" if order == sorted(order) else f"{{0}}.transpose({', '.join(map(str, order))})"
    spots = [":" if axis in row.axes else "None" for axis in range(rank)]
    first = min(row.axes, default=rank)
    text += f"[{', '.join(spots[first:])}]" if first < rank else ""
    by_axis = dict(zip(row.axes, index.shape, strict=True))
    shape = tuple(by_axis.get(axis, 1) for axis in range(rank))[first:]
    return index if text == "{0}" else w.derive(index, text, shape, None)


def _emit_lookup(w: Writer, node: Pull, value: Value, note: str) -> None:
    if value.form == "number" and all(isinstance(row, Lookup) for row in node.rows):
        for row, size in zip(node.rows, node.args[0].shape, strict=True):
            assert isinstance(row, Lookup)
            _index(w, node, row.operand, size)
        w.define(node, replace(value, shape=node.shape, views={}))
        return
    value = w.array(value)
    if node.shape == ():
        _emit_one_entry(w, node, value, note)
        return
    first = node.rows[0]
    rest = node.rows[1:]
    count = len(first.axes) if isinstance(first, Lookup) else 0
    straight = isinstance(first, Lookup) and first.axes == tuple(range(count))
    if straight and all(
        row == Affine(0, ((count + k, 1),)) and node.shape[count + k] == value.shape[1 + k]
        for k, row in enumerate(rest)
    ):
        assert isinstance(first, Lookup)
        index = _index(w, node, first.operand, value.shape[0])
        out = w.target(node, value)
        w.say(f'{value.text}.take({index.text}, axis=0, out={out.text}, mode="clip")', note)
        w.define(node, out)
        return
    places, outside = _flat_index(w, node, value.shape, node.shape)
    source = w.plain(value)
    flat = w.derive(source, "{0}.reshape(-1)", (product(source.shape),), (0,))
    out = w.target(node, value)
    w.say(f'{flat.text}.take({places.text}, out={out.text}, mode="clip")', note)
    if outside:
        w.say(f"if {outside} is not None: np.putmask({out.text}, {outside}, 0)")
    w.define(node, out)


def _emit_one_entry(w: Writer, node: Pull, value: Value, note: str) -> None:
    """A single entry, a Python number."""
    spots: list[str] = []
    guards: list[str] = []
    for row, size in zip(node.rows, value.shape, strict=True):
        if isinstance(row, Lookup):
            index = w.value(node.args[row.operand])
            _check_number(w, node, row.operand, size)
            spots.append(f"int({index.text})")
            continue
        assert isinstance(row, Affine)
        spots.append(w.size(row.offset))
        if not is_inside(row, (), size):
            guards.append(f"0 <= {w.size(row.offset)} < {w.size(size)}")
    name = w.name(w.prefix)
    text = f"{value.text}[{', '.join(spots)}].item()"
    if guards:
        text += f" if {' and '.join(guards)} else 0"
    w.say(f"{name} = {text}", note)
    w.define(node, w.number(name, (), value.storage))


def _flat_index(w: Writer, node: Pull | Push, large: Shape, small: Shape) -> tuple[Value, str]:
    """Flat positions in the larger side for every entry of the smaller one.

    Returns them with the name of the mask of positions outside (None at run time when all lie
    inside), or "" when that is known now.
    """
    rank = len(small)
    rows = ", ".join(
        "None" if isinstance(row, Lookup) else f"({w.size(row.offset)}, {row.steps!r})"
        for row in node.rows
    )
    call = f"{w.call('flat_places')}({w.shape(small)}, {w.shape(large)}, ({rows},))"
    key = (call, *(node.args[row.operand] for row in node.rows if isinstance(row, Lookup)))
    known = w.memo.get(key)
    if known is not None:
        return known, known.note
    lasting = w.depth == 0
    base, mask = w.name("k"), w.name("k")
    w.workspace.lines.append(f"{base}, {mask} = {call}")
    total = Value(base, small, "integer", "array", w.workspace, identity(small))
    out = w.allocate(small, "integer", lasting=True) if lasting else w.scratch(small, "integer")
    stride: Dim = 1
    for axis in reversed(range(len(large))):
        row = node.rows[axis]
        if isinstance(row, Lookup):
            index = _index(w, node, row.operand, large[axis])
            step = index
            if stride != 1:
                step = w.scratch(index.shape, "integer") if index.shape else index
                factor = w.operand(w.number(w.size(stride), (), "integer", True), "integer")
                if index.shape:
                    w.say(f"{w.ufunc('multiply')}({index.text}, {factor}, out={step.text})")
                else:
                    step = replace(index, text=f"{index.text} * {factor}", views={})
            if step.shape:
                step = _spread(w, step, row, rank)
            w.say(f"{w.ufunc('add')}({total.text}, {step.text}, out={out.text})")
            total = out
        stride = product([stride * large[axis]])
    sure = all(
        is_inside(row, small, size) or (isinstance(row, Affine) and row.checked)
        for row, size in zip(node.rows, large, strict=True)
    )
    if sure:
        mask = ""
    if lasting:
        w.memo[key] = replace(total, buffer=None, note=mask)
    return total, mask


# --- Push ----------------------------------------------------------------------------------------


def emit_push(w: Writer, node: Node, note: str) -> None:
    """Entries added to their places in zeros."""
    assert isinstance(node, Push)
    value = w.value(node.args[0])
    storage = node_storage(node, [value.storage])
    if value.shape or node.shape == ():
        value = w.array(value, storage)
    if node.shape == ():
        _emit_push_to_scalar(w, node, value, note)
        return
    out = w.target(node, value)
    lookups = any(isinstance(row, Lookup) for row in node.rows)
    if not lookups and not value.shape:
        value = w.array(value, storage)
    if lookups:
        _emit_scatter(w, node, value, out, note)
    else:
        _emit_pieces(w, node, value, out, note)
    w.define(node, out)


def _emit_push_to_scalar(w: Writer, node: Push, value: Value, note: str) -> None:
    name = w.name(w.prefix)
    python = "float" if value.storage == "real" else "int"
    w.say(f"{name} = {python}(np.add.reduce({value.text}, axis=None))", note)
    w.define(node, w.number(name, (), value.storage))


def _emit_pieces(w: Writer, node: Push, value: Value, out: Value, note: str) -> None:
    """Affine: views of the result and of the operand, made once, added in pairs."""
    source, target = w.settled(value), out
    if isinstance(out.scope, LoopScope):
        target = w.scratch(out.shape, out.storage)
    used = {axis for row in node.rows if isinstance(row, Affine) for axis, _ in row.steps}
    lost = [axis for axis in range(len(source.shape)) if axis not in used]
    rows = [row for row in node.rows if isinstance(row, Affine)]
    if lost:
        shape = tuple(s for axis, s in enumerate(source.shape) if axis not in lost)
        kept = [axis for axis in range(len(source.shape)) if axis not in lost]
        rows = [Affine(r.offset, tuple((kept.index(a), s) for a, s in r.steps)) for r in rows]
        if shape:
            summed = w.scratch(shape, source.storage)
            axes = ", ".join(map(str, lost)) + ("," if len(lost) == 1 else "")
            w.say(f"np.add.reduce({source.text}, axis=({axes}), out={summed.text})")
            source = summed
        else:
            summed = w.scratch((1,), source.storage)
            w.say(f"{summed.text}[0] = np.add.reduce({source.text}, axis=None)")
            source = w.derive(summed, "{0}.reshape(())", (), None)
    text = ", ".join(f"({w.size(row.offset)}, {row.steps!r})" for row in rows)
    name = w.name(f"{target.text}_v")
    scope = w.attach if source.scope is w.attach else w.workspace
    call = f"{w.call('affine_pieces')}({target.text}, {source.text}, ({text},))"
    scope.lines.append(f"{name} = {call}")
    w.say(f"{target.text}.fill(0)")
    w.say(f"for place, part in {name}: np.add(place, part, out=place)", note)
    if target is not out:
        w.say(f"{out.text}[...] = {target.text}")


def _emit_scatter(w: Writer, node: Push, value: Value, out: Value, note: str) -> None:
    """With lookups: assignment where no place is met twice, else addition one by one."""
    if value.shape == ():
        _emit_scatter_number(w, node, out, note)
        return
    first, rest = node.rows[0], node.rows[1:]
    count = len(first.axes) if isinstance(first, Lookup) else 0
    rows_only = (
        isinstance(first, Lookup)
        and first.axes == tuple(range(count))
        and all(
            row == Affine(0, ((count + k, 1),))
            and node.args[0].shape[count + k] == node.shape[1 + k]
            for k, row in enumerate(rest)
        )
    )
    if rows_only and len(value.shape) == count + len(rest):
        assert isinstance(first, Lookup)
        index = _index(w, node, first.operand, node.shape[0])
        w.say(f"{w.call('scatter_rows')}({out.text}, {index.text}, {value.text})", note)
        return
    places, outside = _flat_index(w, node, node.shape, value.shape)
    flat = w.derive(out, "{0}.reshape(-1)", (product(out.shape),), (0,))
    source = value
    if outside:
        source = w.scratch(value.shape, value.storage)
        w.say(f"{source.text}[...] = {value.text}")
        w.say(f"if {outside} is not None: np.putmask({source.text}, {outside}, 0)")
    w.say(f"{out.text}.fill(0)")
    alone = {
        row.steps[0][0] for row in node.rows if isinstance(row, Affine) and len(row.steps) == 1
    }
    if alone == set(range(len(value.shape))) and not outside:
        w.say(f"{flat.text}[{places.text}] = {source.text}", note)
    else:
        w.say(f"np.add.at({flat.text}, {places.text}, {source.text})", note)


def _emit_scatter_number(w: Writer, node: Push, out: Value, note: str) -> None:
    """One number at one place of zeros."""
    spots: list[str] = []
    guards: list[str] = []
    for row, size in zip(node.rows, node.shape, strict=True):
        if isinstance(row, Lookup):
            _check_number(w, node, row.operand, size)
            spots.append(w.value(node.args[row.operand]).text)
            continue
        spots.append(w.size(row.offset))
        if not is_inside(row, (), size):
            guards.append(f"0 <= {w.size(row.offset)} < {w.size(size)}")
    w.say(f"{out.text}.fill(0)")
    guard = f"if {' and '.join(guards)}: " if guards else ""
    value = w.value(node.args[0]).text
    w.say(f"{guard}{out.text}[{', '.join(spots)}] = {value}", note)
