"""Einsum and Reduce in NumPy: views, sums as products with ones, matrix products."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import replace

from symgraph.codegen.contraction import form_of, grouping, size_of
from symgraph.codegen.numpy_turned import turned
from symgraph.codegen.numpy_writer import Value, Writer, identity
from symgraph.codegen.plan import node_storage
from symgraph.node import Kind, Node
from symgraph.ops.einsum import Einsum, Indices
from symgraph.ops.reduce import Reduce
from symgraph.shapes import Dim, Shape, product

__all__ = ["emit_einsum", "emit_reduce", "moved_view"]


def emit_einsum(w: Writer, node: Node, note: str) -> None:
    """The lines that compute an Einsum in normal form."""
    assert isinstance(node, Einsum)
    form = form_of(node)
    if form == "view":
        _emit_view(w, node, note)
    elif form == "sum":
        _emit_sum(w, node, note)
    elif form == "embed":
        _emit_embedding(w, node, note)
    elif all(w.value(arg).form == "number" for arg in node.args):
        _emit_product_of_numbers(w, node, note)
    else:
        _Product(w, node, note).emit()


def _emit_product_of_numbers(w: Writer, node: Einsum, note: str) -> None:
    """A sum of equal products."""
    values = [w.value(arg) for arg in node.args]
    storage = node_storage(node, [value.storage for value in values])
    sizes = node.sizes()
    count = product(sizes[i] for i in sizes if i not in node.out)
    text = " * ".join(value.text for value in values)
    if count != 1:
        size = w.size(count)
        text += f" * {size if size.isidentifier() else f'({size})'}"
    name = w.name(w.prefix)
    w.say(f"{name} = {text}", note)
    w.define(node, w.number(name, node.shape, storage))


# --- views ---------------------------------------------------------------------------------------


def _emit_view(w: Writer, node: Einsum, note: str) -> None:
    value = w.value(node.args[0])
    if value.form == "number":
        w.define(node, replace(value, shape=node.shape, views={}))
        return
    source, out = node.ins[0], node.out
    if len(set(source)) != len(source):
        expression = f"np.einsum({{0}}, {list(source)}, {list(out)})"
        w.define(node, w.derive(value, expression, node.shape, None))
        return
    w.define(node, moved_view(w, value, source, out, node.shape))


def moved_view(w: Writer, value: Value, source: Indices, out: Indices, shape: Shape) -> Value:
    """The axes `source` of an array in the order `out`, repeated where there was none."""
    kept = [source.index(i) for i in out if i in source]
    base, dense = "{0}", value.dense
    moved = kept != list(range(len(kept)))
    if moved:
        base += ".T" if kept == list(range(len(kept)))[::-1] else f".transpose({_listed(kept)})"
    if dense is not None:
        dense = tuple(kept.index(axis) for axis in dense)
    if len(kept) == len(out):
        suffix = "T" if base == "{0}.T" else ""
        return w.derive(value, base, shape, dense, suffix=suffix)
    new = [axis for axis, i in enumerate(out) if i not in source]
    places = [axis for axis, i in enumerate(out) if i in source]
    base += f"[{', '.join('None' if axis in new else ':' for axis in range(len(out)))}]"
    if any(shape[axis] != 1 for axis in new):
        return w.derive(value, f"np.broadcast_to({base}, {w.shape(shape)})", shape, None)
    return w.derive(value, base, shape, _with_ones(dense, places, shape))


def _with_ones(
    dense: tuple[int, ...] | None, places: Sequence[int], shape: Sequence[Dim]
) -> tuple[int, ...] | None:
    """The memory order after axes of size 1 came in; they may stand anywhere."""
    if dense is None:
        return None
    if dense == identity(dense):
        return identity(shape)
    return (*(places[axis] for axis in dense), *(a for a in range(len(shape)) if a not in places))


def _listed(numbers: Sequence[int]) -> str:
    return ", ".join(map(str, numbers))


# --- sums ----------------------------------------------------------------------------------------


def _emit_sum(w: Writer, node: Einsum, note: str) -> None:
    value = w.value(node.args[0])
    source = node.ins[0]
    lost = tuple(axis for axis, i in enumerate(source) if i not in node.out)
    storage = node_storage(node, [value.storage])
    if value.form == "number":
        _emit_multiple(w, node, value, product(value.shape[axis] for axis in lost), note)
        return
    if node.shape == ():
        _emit_total(w, node, value, storage, note)
        return
    if value.is_plain and value.storage == storage and all(value.shape[a] == 1 for a in lost):
        view = f"{{0}}.reshape({w.shape(node.shape)})"
        w.define(node, w.derive(value, view, node.shape, identity(node.shape)))
        return
    out = _out(w, node, storage)
    if value.storage == storage and _emit_chain(w, value, lost, "add", out, note):
        w.define(node, out)
        return
    cut = _cut(value, lost)
    if storage == "real" and value.storage == "real" and cut is not None:
        first, second, lost_first = cut
        sizes = [product(value.shape[a] for a in axes) for axes in (first, second)]
        flat = _merged(w, value, [first, second])
        target = (
            out
            if len(node.shape) == 1
            else w.derive(
                out, f"{{0}}.reshape({w.size(product(node.shape))})", (product(node.shape),), (0,)
            )
        )
        ones = w.ones(sizes[0] if lost_first else sizes[1])
        left, right = (ones, flat) if lost_first else (flat, ones)
        w.say(f"{left.text}.dot({right.text}, out={target.text})", note)
    else:
        axes = str(lost[0]) if len(lost) == 1 else f"({_listed(lost)})"
        w.say(f"np.add.reduce({value.text}, axis={axes}, out={out.text})", note)
    w.define(node, out)


def _emit_multiple(w: Writer, node: Einsum, value: Value, count: Dim, note: str) -> None:
    """The sum of equal numbers."""
    storage = node_storage(node, [value.storage])
    if count == 1 and storage == value.storage:
        w.define(node, replace(value, shape=node.shape, views={}))
        return
    name = w.name(w.prefix)
    size = w.size(count)
    w.say(f"{name} = {value.text} * {size if size.isidentifier() else f'({size})'}", note)
    w.define(node, w.number(name, node.shape, storage))


#: Windows of at most so many entries are gone through one entry after the other.
_SMALL = 25


def _emit_chain(
    w: Writer, value: Value, lost: Sequence[int], function: str, out: Value, note: str
) -> bool:
    """A reduction over a small window of a view, entry by entry of the window: ten to twenty times
    faster than NumPy's reduction over short strided axes."""
    sizes = [value.shape[axis] for axis in lost]
    whole = [size for size in sizes if isinstance(size, int)]
    if value.is_plain or len(whole) < len(sizes) or not 2 <= math.prod(whole) <= _SMALL:
        return False
    parts: list[str] = []
    for place in itertools.product(*(range(size) for size in whole)):
        at = dict(zip(lost, place, strict=True))
        spots = ", ".join(str(at.get(axis, ":")) for axis in range(len(value.shape)))
        parts.append(w.derive(value, f"{{0}}[{spots}]", out.shape, None).text)
    call = w.ufunc(function)
    w.say(f"{call}({parts[0]}, {parts[1]}, out={out.text})", note if len(parts) == 2 else "")
    for part in parts[2:]:
        last = part == parts[-1]
        w.say(f"{call}({out.text}, {part}, out={out.text})", note if last else "")
    return True


def _cut(value: Value, lost: Sequence[int]) -> tuple[tuple[int, ...], tuple[int, ...], bool] | None:
    """The axes as (first, second) in memory with the lost ones on one side, or None."""
    if not value.is_plain:
        return None
    count, rank = len(lost), len(value.shape)
    if tuple(lost) == tuple(range(count)):
        return tuple(lost), tuple(range(count, rank)), True
    if tuple(lost) == tuple(range(rank - count, rank)):
        return tuple(range(rank - count)), tuple(lost), False
    return None


#: Beyond so many entries NumPy's pairwise sum is kept for its accuracy.
_LONG = 1 << 16


def _emit_total(w: Writer, node: Einsum, value: Value, storage: Kind, note: str) -> None:
    """The sum of all entries, a Python number."""
    name = w.name(w.prefix)
    size = product(value.shape)
    short = not isinstance(size, int) or size <= _LONG
    if storage == "real" and value.storage == "real" and value.dense is not None and short:
        flat = _flat(w, value)
        w.say(f"{name} = float({flat.text}.dot({w.ones(size).text}))", note)
    else:
        python = "float" if storage == "real" else "int"
        w.say(f"{name} = {python}(np.add.reduce({value.text}, axis=None))", note)
    w.define(node, w.number(name, (), storage))


def _flat(w: Writer, value: Value) -> Value:
    """All entries of a gapless array as a vector, in memory order."""
    if len(value.shape) == 1:
        return value
    return _merged(w, value, [value.dense or ()])


def _out(w: Writer, node: Node, storage: Kind, dense: tuple[int, ...] | None = None) -> Value:
    told = w.destination.get(node)
    if told is not None and told.storage == storage and dense in (None, told.dense):
        return told
    return w.allocate(node.shape, storage, dense)


def _emit_embedding(w: Writer, node: Einsum, note: str) -> None:
    value = w.value(node.args[0])
    out = _out(w, node, node_storage(node, [value.storage]))
    distinct = list(dict.fromkeys(node.out))
    order = [node.ins[0].index(i) for i in distinct]
    sizes = tuple(value.shape[axis] for axis in order)
    diagonal = w.derive(out, f"np.einsum({{0}}, {list(node.out)}, {distinct})", sizes, None)
    read = value.text
    if order != sorted(order):
        read = w.derive(value, f"{{0}}.transpose({_listed(order)})", sizes, None).text
    w.say(f"{out.text}.fill(0)")
    w.say(f"{diagonal.text}[...] = {read}", note)
    w.define(node, out)


# --- products ------------------------------------------------------------------------------------


def _merges(value: Value, groups: Sequence[Sequence[int]]) -> bool:
    """Whether each group of axes lies in memory like one axis."""
    if all(len(group) <= 1 for group in groups):
        return True
    if value.dense is None:
        return False
    place = {axis: k for k, axis in enumerate(value.dense)}
    return all(place[b] == place[a] + 1 for group in groups for a, b in itertools.pairwise(group))


def _merged(w: Writer, value: Value, groups: Sequence[Sequence[int] | None]) -> Value:
    """A view with one axis for each group of axes; None stands for a new axis of size 1."""
    known = [group for group in groups if group is not None]
    order = [axis for group in known for axis in group]
    shape = tuple(
        1 if group is None else product(value.shape[axis] for axis in group) for group in groups
    )
    text = "{0}"
    if order != sorted(order):
        flip = order == list(range(len(order)))[::-1]
        text += ".T" if flip else f".transpose({_listed(order)})"
    if any(len(group) != 1 for group in known):
        text += f".reshape({w.shape(shape)})"
    elif len(known) < len(groups):
        text += f"[{', '.join('None' if group is None else ':' for group in groups)}]"
    if text == "{0}":
        return value
    dense: tuple[int, ...] | None = None
    if value.dense is not None:
        position = {axis: k for k, axis in enumerate(value.dense)}
        full = [k for k, group in enumerate(groups) if group]
        ranked = sorted(full, key=lambda k: position[(groups[k] or ())[0]])
        empty = [k for k, group in enumerate(groups) if not group]
        dense = identity(shape) if ranked == sorted(ranked) else (*empty, *ranked)
    return w.derive(value, text, shape, dense, suffix="T" if text == "{0}.T" else "")


class _Product:
    """A product of two operands that sums over shared indices."""

    def __init__(self, w: Writer, node: Einsum, note: str) -> None:
        self.w, self.node, self.note = w, node, note
        self.sizes = node.sizes()
        values = [w.value(arg) for arg in node.args]
        self.storage = node_storage(node, [value.storage for value in values])
        values = [w.array(value, self.storage) for value in values]
        plan = grouping(node.ins[0], node.ins[1], node.out)
        order = (1, 0) if plan.swapped else (0, 1)
        self.a, self.b = (values[k] for k in order)
        self.second = node.args[order[1]]
        self.a_indices, self.b_indices = (node.ins[k] for k in order)
        self.plan = plan

    def emit(self) -> None:
        k = self._k_order()
        if not self.plan.lead and not self.plan.m and not self.plan.n:
            self._dot(k)
            return
        split = self._split(k)
        if split:
            self._sum_of_products(split, k[len(split) :])
            return
        dense = None
        if self.plan.out != self.node.out:
            dense = tuple(self.node.out.index(i) for i in self.plan.out)
        out = _out(self.w, self.node, self.storage, dense)
        self._multiply(self.plan.lead, k, out, self.note)
        self.w.define(self.node, out)

    def _axes(self, side: str, indices: Sequence[int]) -> tuple[int, ...]:
        own = self.a_indices if side == "a" else self.b_indices
        return tuple(own.index(i) for i in indices)

    def _k_order(self) -> Indices:
        """The summed indices in the order in which one of the operands holds them."""
        k = self.plan.k
        for value, own in ((self.a, self.a_indices), (self.b, self.b_indices)):
            if value.dense is None:
                continue
            order = tuple(own[axis] for axis in value.dense if own[axis] in k)
            if self._fits("a", order) and self._fits("b", order):
                return order
        return tuple(i for i in self.a_indices if i in k)

    def _fits(self, side: str, k: Sequence[int]) -> bool:
        value = self.a if side == "a" else self.b
        free = self.plan.m if side == "a" else self.plan.n
        return _merges(value, [self._axes(side, free), self._axes(side, k)])

    def _split(self, k: Indices) -> Indices:
        """Summed indices to treat as a stack of products, where that avoids copying operands."""
        if self.plan.lead or len(k) < 2 or (self._fits("a", k) and self._fits("b", k)):
            return ()
        for count in range(1, len(k)):
            rest = k[count:]
            if not (self._fits("a", rest) and self._fits("b", rest)):
                continue
            extra = size_of((*k[:count], *self.plan.m, *self.plan.n), self.sizes)
            read = size_of(self.a_indices, self.sizes) + size_of(self.b_indices, self.sizes)
            return k[:count] if extra <= read else ()
        return ()

    def _side(self, side: str, lead: Indices, k: Indices) -> Value:
        """An operand as (lead..., m, k) or (lead..., k, n)."""
        value = self.a if side == "a" else self.b
        own = self.a_indices if side == "a" else self.b_indices
        free = self.plan.m if side == "a" else self.plan.n
        stacked: list[Sequence[int] | None] = [
            self._axes(side, (i,)) if i in own else None for i in lead
        ]
        pair = [self._axes(side, free), self._axes(side, k)]
        groups = [group for group in (*stacked, *pair) if group is not None]
        if not _merges(value, groups):
            order = [axis for group in groups for axis in group]
            shape = tuple(value.shape[axis] for axis in order)
            copy = self.w.scratch(shape, value.storage)
            moved = f".transpose({_listed(order)})" if order != sorted(order) else ""
            self.w.say(f"{copy.text}[...] = {value.text}{moved}")
            back = tuple(order.index(axis) for axis in range(len(order)))
            own_dense = tuple(order)
            value = self.w.derive(
                copy, f"{{0}}.transpose({_listed(back)})", self._shape_of(own), own_dense
            )
        if side == "b":
            pair.reverse()
        if not lead:
            pair = [group for group in pair if group]
        return _merged(self.w, value, [*stacked, *pair])

    def _shape_of(self, indices: Indices) -> Shape:
        return tuple(self.sizes[i] for i in indices)

    def _multiply(self, lead: Indices, k: Indices, out: Value, note: str) -> None:
        """The product into `out`, whose axes in memory are lead, m, n."""
        w, plan = self.w, self.plan
        groups = [[axis] for axis in range(len(lead))]
        at = len(lead)
        order = out.dense or identity(out.shape)
        for part in (plan.m, plan.n):
            groups.append(list(range(at, at + len(part))))
            at += len(part)
        if lead and not plan.m and not plan.n:
            self._stacked_dots(lead, k, out, note)
            return
        a, b = self._side("a", lead, k), self._side("b", lead, k)
        if not lead:
            groups = [group for group in groups if group]
        target = _merged(w, out, [[order[axis] for axis in group] for group in groups])
        if lead:
            w.say(f"np.matmul({a.text}, {b.text}, out={target.text})", note)
        else:
            if a.is_plain:
                b = turned(w, self.second, b, product(self.sizes[i] for i in plan.m))
            w.say(f"{a.text}.dot({b.text}, out={target.text})", note)

    def _stacked_dots(self, lead: Indices, k: Indices, out: Value, note: str) -> None:
        order = out.dense or identity(out.shape)
        result = [lead[order.index(axis)] for axis in range(len(order))]
        self.w.say(
            f"np.einsum({self.a.text}, {list(self.a_indices)}, {self.b.text}, "
            f"{list(self.b_indices)}, {result}, out={out.text})",
            note,
        )

    def _sum_of_products(self, split: Indices, k: Indices) -> None:
        """A product for each value of some summed indices, then their sum."""
        w = self.w
        shape = tuple(self.sizes[i] for i in (*split, *self.plan.m, *self.plan.n))
        stack = w.scratch(shape, self.storage)
        self._multiply(split, k, stack, "")
        dense = None
        if self.plan.out != self.node.out:
            dense = tuple(self.node.out.index(i) for i in self.plan.out)
        out = _out(w, self.node, self.storage, dense)
        target = out
        if dense is not None:
            target = _merged(w, out, [[axis] for axis in dense])
        axes = str(0) if len(split) == 1 else f"({_listed(range(len(split)))})"
        w.say(f"np.add.reduce({stack.text}, axis={axes}, out={target.text})", self.note)
        w.define(self.node, out)

    def _dot(self, k: Indices) -> None:
        """A single number."""
        w = self.w
        a, b = self._side("a", (), k), self._side("b", (), k)
        name = w.name(w.prefix)
        python = "float" if self.storage == "real" else "int"
        w.say(f"{name} = {python}({a.text}.dot({b.text}))", self.note)
        w.define(self.node, w.number(name, (), self.storage))


# --- reductions ----------------------------------------------------------------------------------


def emit_reduce(w: Writer, node: Node, note: str) -> None:
    """The lines of a maximum, its position, or a product over axes."""
    assert isinstance(node, Reduce)
    value = w.array(w.value(node.args[0]))
    storage = node_storage(node, [value.storage])
    axes = str(node.axes[0]) if len(node.axes) == 1 else f"({_listed(node.axes)})"
    if node.operation == "argmax":
        _emit_argmax(w, node, value, note)
        return
    if node.operation == "max":
        for axis in node.axes:
            if not isinstance(value.shape[axis], int):
                w.checks.append(_empty_check(w, node, value.shape[axis]))
    function = {"max": "maximum", "prod": "multiply"}[node.operation]
    whole = "None" if len(node.axes) == len(value.shape) else axes
    if node.shape == ():
        name = w.name(w.prefix)
        w.say(f"{name} = np.{function}.reduce({value.text}, axis={whole}).item()", note)
        w.define(node, w.number(name, (), storage))
        return
    out = _out(w, node, storage)
    w.define(node, out)
    if _emit_chain(w, value, node.axes, function, out, note):
        return
    columns = _columns(w, value, node.axes)
    target = out
    if columns is not None:
        value, axes = columns, "0"
        rest = product(node.shape)
        target = w.derive(out, f"{{0}}.reshape({w.shape((rest,))})", (rest,), (0,))
    w.say(f"np.{function}.reduce({value.text}, axis={axes}, out={target.text})", note)


def _columns(w: Writer, value: Value, axes: Sequence[int]) -> Value | None:
    """Short rows turned into columns, along which NumPy reduces faster."""
    rank = len(value.shape)
    width = value.shape[-1]
    short = isinstance(width, int) and 2 <= width <= 64
    if not value.is_plain or tuple(axes) != (rank - 1,) or not short:
        return None
    rest = product(value.shape[:-1])
    columns = w.scratch((width, rest), value.storage)
    rows = _merged(w, value, [list(range(rank - 1)), [rank - 1]])
    turned = w.derive(rows, "{0}.T", (width, rest), None, suffix="T")
    w.say(f"{columns.text}[...] = {turned.text}")
    return columns


def _empty_check(w: Writer, node: Reduce, size: Dim) -> str:
    w.call("ShapeError")
    text = (
        f"{node.operation}: axes {node.axes} hold no entries, so there is no winner. "
        "Give at least one."
    )
    return f"if {w.size(size)} == 0: raise ShapeError({text!r})"


def _emit_argmax(w: Writer, node: Reduce, value: Value, note: str) -> None:
    for axis in node.axes:
        if not isinstance(value.shape[axis], int):
            w.checks.append(_empty_check(w, node, value.shape[axis]))
    kept = [axis for axis in range(len(value.shape)) if axis not in node.axes]
    if len(node.axes) == len(value.shape):
        name = w.name(w.prefix)
        flat = w.plain(value)
        w.say(f"{name} = int({flat.text}.argmax())", note)
        w.define(node, w.number(name, (), "integer"))
        return
    axis = node.axes[0]
    if len(node.axes) > 1:
        groups = [*([a] for a in kept), list(node.axes)]
        if not _merges(value, groups):
            order = [*kept, *node.axes]
            copy = w.scratch(tuple(value.shape[a] for a in order), value.storage)
            moved = f".transpose({_listed(order)})" if order != sorted(order) else ""
            w.say(f"{copy.text}[...] = {value.text}{moved}")
            groups = [*([a] for a in range(len(kept))), list(range(len(kept), len(order)))]
            value = copy
        value, axis = _merged(w, value, groups), len(kept)
    out = _out(w, node, "integer")
    w.say(f"{value.text}.argmax(axis={axis}, out={out.text})", note)
    w.define(node, out)
