"""Products that no single matrix product covers: convolution and its derivatives, without copies.

Windows of an array are the array under strides, several of which run along one axis of it, so the
sum over a window is no single axis. It is a table of offsets instead: `rows` adds multiples of
rows, found by the table, to a row of the result, and `dots` sums along rows whose starts are
tabled. The adjoint of reading windows adds into overlapping places, one matrix product after the
other. Lanes run along the axis that has unit stride in the arrays that matter.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from symgraph.codegen.basic import op_of
from symgraph.codegen.contraction import grouping, typical
from symgraph.codegen.native.csizes import whole_text
from symgraph.codegen.native.layout import overlapping
from symgraph.codegen.native.moves import affine_view, push_target, zero
from symgraph.codegen.native.writer import CWriter
from symgraph.codegen.strided import Value, entry, merged, spread
from symgraph.node import Node
from symgraph.ops.einsum import Einsum, Indices
from symgraph.ops.move import Push
from symgraph.ops.rows import Affine, Row
from symgraph.shapes import Dim, product, same_dim

__all__ = ["delayed_products", "emit_contraction", "emit_spread_product", "offsets"]

_SHORTEST = 4  # runs of fewer entries are no matter for lanes
_REPEATED = 256  # entries read so often are worth a copy in the order of their reading
_TABLED = 4096  # tables of at most so many known entries are constants


class _Axis(NamedTuple):
    """A size, and the strides in the factors A and B and in the result C."""

    size: Dim
    strides: tuple[Dim, Dim, Dim]


_A, _B, _C = range(3)


@dataclass
class _Plan:
    """How a product is carried out: a call for every step of some loops.

    `run` has unit stride: in B and C for rows, in A and B for dots. `m` are rows of A and C, the
    `tabled` axes are summed for rows; for dots they are columns of B and C, and `summed` are the
    summed axes besides the run.
    """

    kind: str
    swapped: bool
    run: _Axis
    m: _Axis
    tabled: list[_Axis]
    summed: list[_Axis]
    loops: list[_Axis]


def emit_contraction(w: CWriter, node: Node, note: str) -> bool:
    """A sum of products of two whose sum runs over several axes; False for any other."""
    assert isinstance(node, Einsum)
    values = [w.value(arg) for arg in node.args]
    if len(values) != 2 or any(v.strides is None or v.storage != "real" for v in values):
        return False
    if not (_is_split(node, values) or (node in w.order and _has_loose_lead(node))):
        return False
    out = w.result(node, "real")
    if not _emit(w, node, [*values, out], (), note):
        return False
    w.env[node] = out
    return True


def _is_split(node: Einsum, values: Sequence[Value]) -> bool:
    """Whether the summed indices are more than one axis in the two operands."""
    strides = [_by_index(value, ins) for value, ins in zip(values, node.ins, strict=True)]
    summed = [i for i in strides[0] if i in strides[1] and i not in node.out]
    return len(_merged(_axes(node, strides, summed), (_A, _B))) > 1


def _has_loose_lead(node: Einsum) -> bool:
    """Whether matrix products would be looped over an axis that only one operand has."""
    groups = grouping(node.ins[0], node.ins[1], node.out)
    return any(i not in node.ins[0] or i not in node.ins[1] for i in groups.lead)


def delayed_products(steps: Sequence[Node], uses: dict[Node, int]) -> set[Node]:
    """The products that are added right into the overlapping places of the Push that reads them."""
    found: set[Node] = set()
    for node in steps:
        if not isinstance(node, Push) or len(node.args) > 1 or not node.shape:
            continue
        arg = node.args[0]
        overlaps = any(isinstance(row, Affine) and len(row.steps) > 1 for row in node.rows)
        product_of_two = type(arg) is Einsum and len(arg.args) == 2
        if overlaps and uses[arg] == 1 and (product_of_two or _is_outer(arg)):
            found.add(arg)
    return found


def _is_outer(node: Node) -> bool:
    """Whether a value is a product entry by entry of two smaller ones."""
    smaller = all(arg.shape != node.shape for arg in node.args)
    return op_of(node) == "multiply" and node.kind == "real" and smaller


def emit_spread_product(w: CWriter, node: Node, note: str) -> bool:
    """A product added into the places that a Push gives its entries; False if that is no gain."""
    assert isinstance(node, Push)
    source = node.args[0]
    if not isinstance(source, Einsum):
        _emit_spread_outer(w, node, note)
        return True
    values = [w.value(arg) for arg in source.args]
    if any(v.strides is None or v.storage != "real" for v in values):
        return False
    out, target, rows = push_target(w, node, "real")
    place = affine_view(w, target, rows, source.shape)
    shared = [
        frozenset(source.out[axis] for axis, _ in row.steps)
        for row in rows
        if isinstance(row, Affine) and len(row.steps) > 1
    ]
    if not _emit(w, source, [*values, place], shared, note, target):
        return False
    w.env[node] = out
    return True


def _emit_spread_outer(w: CWriter, node: Push, note: str) -> None:
    """Products entry by entry, each added into its place: loops whose inner ones do not meet."""
    source = node.args[0]
    values = [w.value(arg) for arg in source.args]
    out, target, rows = push_target(w, node, "real")
    place = affine_view(w, target, rows, source.shape)
    zero(w, target)
    window = _window_axes(rows, source.shape)
    columns = [spread(value, source.shape) for value in (place, *values)]
    apart = [axis for axis in range(source.ndim) if axis not in window]
    apart.sort(key=lambda axis: -typical(columns[0][axis]))
    outer, inner = [*apart[:-2], *window], apart[-2:]
    with w.unit(), w.indices([source.shape[a] for a in outer], independent=False) as names:
        before = [
            w.position([(name, column[a]) for name, a in zip(names, outer, strict=True)])
            for column in columns
        ]
        texts: dict[int, str] = {}
        for k, (value, column) in enumerate(zip(values, columns[1:], strict=True)):
            if all(column[a] == 0 for a in inner):
                texts[k] = w.name("v")
                w.say(f"const {w.real} {texts[k]} = {entry(value, before[k + 1])};")
        arrays = [[column[a] for a in inner] for column in columns]
        with w.nest([source.shape[a] for a in inner], arrays) as behind:
            at = [" + ".join(filter(None, pair)) for pair in zip(before, behind, strict=True)]
            left, right = (texts.get(k) or entry(v, at[k + 1]) for k, v in enumerate(values))
            w.say(f"{entry(place, at[0])} += {left} * {right};", note)
    w.env[node] = out


def _window_axes(rows: Sequence[Row], shape: Sequence[Dim]) -> list[int]:
    """Of the axes that run along one axis of an array, all but the longest."""
    found: list[int] = []
    for row in rows:
        axes = overlapping(row)
        found += sorted(axes, key=lambda axis: typical(shape[axis]))[:-1]
    return found


# --- how -----------------------------------------------------------------------------------------


def _emit(
    w: CWriter,
    node: Einsum,
    values: Sequence[Value],
    shared: Sequence[frozenset[int]],
    note: str,
    cleared: Value | None = None,
) -> bool:
    """The product of values[0] and values[1] in values[2], added to zeros if `cleared` is given."""
    strides = [_by_index(v, i) for v, i in zip(values, (*node.ins, node.out), strict=True)]
    plans = [
        plan
        for swapped in (False, True)
        for plan in _plans(node, strides, shared, swapped)
        if typical(plan.run.size) >= _SHORTEST
    ]
    if not plans:
        return False
    best = max(plans, key=_worth)
    a, b, c = (values[1], values[0], values[2]) if best.swapped else values
    if cleared is not None:
        zero(w, cleared)
    if _is_scattered(best):
        best, a = _gathered(w, best, a)
    _Call(w, best, a, b, c, cleared is not None).emit(note)
    return True


def _is_scattered(plan: _Plan) -> bool:
    """Whether every entry that rows read of A is on a line of the cache of its own, time and again.

    They are broadcast one by one, so that a line of them would serve a whole tile.
    """
    inner = [plan.m, *plan.tabled]
    apart = all(axis.strides[_A] != 1 for axis in inner if axis.size != 1)
    again = [axis.size for axis in (plan.run, *plan.loops) if axis.strides[_A] == 0]
    return plan.kind == "rows" and apart and typical(product(again)) >= _REPEATED


def _gathered(w: CWriter, plan: _Plan, a: Value) -> tuple[_Plan, Value]:
    """The entries of A copied into the order in which rows read them, and the plan for the copy."""
    moved = [axis for axis in plan.loops if axis.strides[_A] != 0]
    inner = [axis for axis in (*plan.tabled, plan.m) if axis.strides[_A] != 0]
    axes = [*moved, *inner]
    sizes = tuple(axis.size for axis in axes)
    seen = w.view(a, sizes, tuple(axis.strides[_A] for axis in axes))
    made = w.copied(seen)
    strides = {id(axis): new for axis, new in zip(axes, made.strides or (), strict=True)}

    def under(axis: _Axis) -> _Axis:
        new = strides.get(id(axis), 0)
        return axis._replace(strides=(new, axis.strides[_B], axis.strides[_C]))

    changed = replace(
        plan, m=under(plan.m), tabled=[*map(under, plan.tabled)], loops=[*map(under, plan.loops)]
    )
    return changed, made


def _worth(plan: _Plan) -> tuple[int, int, int]:
    """Long runs first, then few calls, then many rows."""
    calls = typical(product(axis.size for axis in plan.loops))
    return min(typical(plan.run.size), 64), -calls, typical(plan.m.size)


def _by_index(value: Value, indices: Indices) -> dict[int, Dim]:
    """The stride along every index; an index that occurs twice runs along a diagonal."""
    found: dict[int, Dim] = {}
    for index, stride in zip(indices, value.strides or (), strict=True):
        found[index] = found[index] + stride if index in found else stride
    return found


def _axes(node: Einsum, strides: Sequence[dict[int, Dim]], wanted: Sequence[int]) -> list[_Axis]:
    """The axes of some indices that have more than one step, under the strides of A, B and C."""
    sizes = node.sizes()
    given = [*strides, {}, {}][:3]
    return [
        _Axis(sizes[i], (given[_A].get(i, 0), given[_B].get(i, 0), given[_C].get(i, 0)))
        for i in wanted
        if sizes[i] != 1
    ]


def _merged(axes: Sequence[_Axis], places: Sequence[int]) -> list[_Axis]:
    """Axes joined where the arrays at these places run through both; the slowest first."""
    order = sorted(axes, key=lambda axis: [-abs(typical(axis.strides[p])) for p in places])
    arrays = [[axis.strides[place] for axis in order] for place in range(3)]
    sizes, columns = merged([axis.size for axis in order], arrays)
    return [
        _Axis(size, (columns[_A][k], columns[_B][k], columns[_C][k]))
        for k, size in enumerate(sizes)
    ]


def _plans(
    node: Einsum,
    strides: Sequence[dict[int, Dim]],
    shared: Sequence[frozenset[int]],
    swapped: bool,
) -> list[_Plan]:
    """Rows and dots for one choice of A and B, where they are possible."""
    a, b, c = (strides[1], strides[0], strides[2]) if swapped else strides
    given = (a, b, c)
    lead = [i for i in c if i in a and i in b]
    m, n = [i for i in c if i not in b], [i for i in c if i not in a]
    k = [i for i in a if i in b and i not in c]
    found: list[_Plan] = []
    run = _run(node, given, n, (_B, _C))
    if run:
        apart = [i for i in m if not _share(shared, [*run, i])]
        best, others = _longest(_merged(_axes(node, given, apart), (_A, _C)))
        rest = [i for i in (*lead, *n, *m) if i not in run and i not in apart]
        loops = [*_axes(node, given, rest), *others]
        summed = _merged(_axes(node, given, k), (_B, _A))
        joined = _merged(_axes(node, given, run), (_C, _B))[0]
        found.append(_Plan("rows", swapped, joined, best, summed, [], loops))
    run = _run(node, given, k, (_A, _B))
    if run and not shared:
        best, others = _longest(_merged(_axes(node, given, m), (_A, _C)))
        rest = [i for i in k if i not in run]
        joined = _merged(_axes(node, given, run), (_A, _B))[0]
        tabled, summed = _axes(node, given, n), _axes(node, given, rest)
        loops = [*_axes(node, given, lead), *others]
        found.append(_Plan("dots", swapped, joined, best, tabled, summed, loops))
    return found


def _share(shared: Sequence[frozenset[int]], indices: Collection[int]) -> bool:
    """Whether two of the indices move the same position of a result that overlaps itself."""
    return any(len(group & set(indices)) > 1 for group in shared)


def _run(
    node: Einsum,
    strides: Sequence[dict[int, Dim]],
    indices: Sequence[int],
    places: tuple[int, int],
) -> list[int]:
    """Indices that together are one axis of unit stride in two arrays, the fastest first."""
    sizes = node.sizes()
    first, second = (strides[place] for place in places)
    found: list[int] = []
    step: Dim = 1
    rest = [i for i in indices if sizes[i] != 1]
    while True:
        following = next(
            (i for i in rest if same_dim(first[i], step) and same_dim(second[i], step)), None
        )
        if following is None:
            return found
        found.append(following)
        rest.remove(following)
        step = product([step, sizes[following]])


def _longest(axes: Sequence[_Axis]) -> tuple[_Axis, list[_Axis]]:
    """The longest axis, and the others."""
    if not axes:
        return _Axis(1, (0, 0, 0)), []
    best = max(range(len(axes)), key=lambda k: typical(axes[k].size))
    return axes[best], [axis for k, axis in enumerate(axes) if k != best]


# --- calls ---------------------------------------------------------------------------------------


class _Call:
    def __init__(self, w: CWriter, plan: _Plan, a: Value, b: Value, c: Value, add: bool) -> None:
        self.w, self.plan, self.values, self.add = w, plan, (a, b, c), int(add)

    def emit(self, note: str) -> None:
        """The call within its loops."""
        w, plan = self.w, self.plan
        loops = sorted(plan.loops, key=lambda axis: -abs(typical(axis.strides[_C])))
        write = {"rows": self._rows, "dots": self._dots}[plan.kind]
        text = write()
        with w.unit(), w.indices([axis.size for axis in loops], independent=False) as names:
            pointers = []
            for place, value in enumerate(self.values):
                steps = [
                    (name, axis.strides[place]) for name, axis in zip(names, loops, strict=True)
                ]
                pointers.append(w.pointer(w.view(value, (), (), w.position(steps))))
            w.say(text.format(*pointers), note)

    def _rows(self) -> str:
        w, plan = self.w, self.plan
        m, n = w.size(plan.m.size), w.size(plan.run.size)
        am, cm = w.size(plan.m.strides[_A]), w.size(plan.m.strides[_C])
        if len(plan.tabled) <= 1:
            k = plan.tabled[0] if plan.tabled else _Axis(1, (0, 0, 0))
            ak, bk = w.size(k.strides[_A]), w.size(k.strides[_B])
            return (
                f"f->lib->gemm_{w.suffix}({m}, {n}, {w.size(k.size)}, {{0}}, {am}, {ak}, "
                f"{{1}}, {bk}, 1, {{2}}, {cm}, 1, {self.add});"
            )
        count = w.size(product(axis.size for axis in plan.tabled))
        ak, bk = _table(w, plan.tabled, _A), _table(w, plan.tabled, _B)
        return (
            f"f->lib->rows_{w.suffix}({m}, {n}, {count}, {{0}}, {am}, {ak}, {{1}}, {bk}, "
            f"{{2}}, {cm}, {self.add});"
        )

    def _dots(self) -> str:
        w, plan = self.w, self.plan
        m, k = w.size(plan.m.size), w.size(plan.run.size)
        am, cm = w.size(plan.m.strides[_A]), w.size(plan.m.strides[_C])
        n = w.size(product(axis.size for axis in plan.tabled))
        rows = w.size(product(axis.size for axis in plan.summed))
        ar, br = _table(w, plan.summed, _A), _table(w, plan.summed, _B)
        bn, cn = _table(w, plan.tabled, _B), _table(w, plan.tabled, _C)
        return (
            f"f->lib->dots_{w.suffix}({m}, {n}, {k}, {rows}, {{0}}, {am}, {ar}, "
            f"{{1}}, {bn}, {br}, {{2}}, {cm}, {cn}, {self.add});"
        )


def offsets(w: CWriter, sizes: Sequence[Dim], strides: Sequence[Dim]) -> str:
    """A table of the offsets of all steps of some axes, the last axis fastest."""
    key = ("table", tuple(sizes), tuple(strides))
    if key not in w.known:
        w.known[key] = _constant(w, sizes, strides) or _filled(w, sizes, strides)
    text: str = w.known[key]
    return text


def _table(w: CWriter, axes: Sequence[_Axis], place: int) -> str:
    return offsets(w, [axis.size for axis in axes], [axis.strides[place] for axis in axes])


def _constant(w: CWriter, sizes: Sequence[Dim], strides: Sequence[Dim]) -> str:
    """The offsets as constants, where all numbers are known and few."""
    entries = [0]
    for size, stride in zip(sizes, strides, strict=True):
        if not (isinstance(size, int) and isinstance(stride, int)):
            return ""
        if len(entries) * size > _TABLED:
            return ""
        entries = [entry + stride * step for entry in entries for step in range(size)]
    name = w.name("k")
    w.constants.append(f"static const i64 {name}[] = {{{', '.join(map(whole_text, entries))}}};")
    return name


def _filled(w: CWriter, sizes: Sequence[Dim], strides: Sequence[Dim]) -> str:
    """The offsets in memory, written for the sizes of the call."""
    made = w.room(tuple(sizes), "integer", prefix="c")
    with w.unit(), w.indices(sizes) as names:
        there = w.position(list(zip(names, made.strides or (), strict=True)))
        at = w.position(list(zip(names, strides, strict=True)))
        w.say(f"{made.text}[{there or 0}] = {at or 0};")
    return made.text
