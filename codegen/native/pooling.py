"""Reductions over small windows in C, written out entry by entry, and the way back.

A window of known size needs no loop: the lanes run over the windows. The largest entry and its
position are found together, since a derivative wants both; the derivative then goes to the entry
at that position, and zeros to the others, without an array of all windows.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass, field

from symgraph.codegen.basic import op_of
from symgraph.codegen.labels import Labels
from symgraph.codegen.native.moves import affine_view, covers, push_target, zero
from symgraph.codegen.native.operations import lines
from symgraph.codegen.native.writer import CWriter
from symgraph.codegen.plan import node_storage
from symgraph.codegen.reach import is_inside
from symgraph.codegen.strided import Value, entry, spread
from symgraph.node import Kind, Node
from symgraph.ops.einsum import Einsum
from symgraph.ops.leaves import Fill, Iota
from symgraph.ops.map import Map
from symgraph.ops.move import Pull, Push
from symgraph.ops.reduce import Reduce
from symgraph.ops.reshape import Reshape
from symgraph.shapes import Dim

__all__ = ["Pooling", "emit_unpooled", "emit_window", "find_pooling"]

_LARGEST = 16  # entries of a window that is written out


@dataclass
class Pooling:
    """What belongs together around maxima over windows.

    `partner` of a maximum is the position of the same maximum; `positions` are compared with
    positions and nothing else, so that they may lie in memory as reals; `handed` gives for a Push
    the positions and the derivative that it hands back, and `delayed` are the steps between.
    `scaled` gives for a product of a Push and a factor the Push and the steps of the factor, which
    are done for the largest entries alone. `few` says of what is handed back, times a factor or
    not, that of so many entries at most one is not zero.
    """

    partner: dict[Node, Node] = field(default_factory=dict)
    positions: set[Node] = field(default_factory=set)
    handed: dict[Node, tuple[Node, Node]] = field(default_factory=dict)
    scaled: dict[Node, tuple[Push, list[Node]]] = field(default_factory=dict)
    few: dict[Node, int] = field(default_factory=dict)
    delayed: set[Node] = field(default_factory=set)
    made: set[Node] = field(default_factory=set)  # positions that are there already


# --- what there is -------------------------------------------------------------------------------


def find_pooling(steps: Sequence[Node], uses: dict[Node, int]) -> Pooling:
    """The maxima of a block with their positions and derivatives."""
    found = Pooling()
    maxima = {
        (n.args[0], n.axes): n for n in steps if isinstance(n, Reduce) and n.operation == "max"
    }
    readers: dict[Node, list[Node]] = {}
    for node in steps:
        for arg in node.args:
            readers.setdefault(arg, []).append(node)
    for node in steps:
        if isinstance(node, Reduce) and node.operation == "argmax":
            best = maxima.get((node.args[0], node.axes))
            if best is not None:
                found.partner[best] = node
            if len(readers.get(node, ())) == uses[node] and _is_compared(node, readers, uses):
                found.positions.add(node)
        elif isinstance(node, Push) and len(node.args) == 1:
            _find_handed(found, node, uses)
    for push in found.handed:
        _find_scaled(found, push, readers, uses)
    _find_few(found)
    return found


def _find_few(found: Pooling) -> None:
    """Take note of what consists of zeros but for one entry of each window."""
    for push, (winner, _) in found.handed.items():
        assert isinstance(push, Push)
        assert isinstance(winner, Reduce)
        shape = push.args[0].shape
        if covers(push.rows, shape, push.shape)[0]:
            found.few[push] = len(_window(shape, winner.axes))
    for root, (push, _) in found.scaled.items():
        found.few[root] = found.few[push]


def _find_scaled(
    found: Pooling, push: Node, readers: dict[Node, list[Node]], uses: dict[Node, int]
) -> None:
    """Take note of a product that is zero wherever a Push is: where no largest entry was."""
    assert isinstance(push, Push)
    small = push.args[0].shape
    apart, _ = covers(push.rows, small, push.shape)
    inside = all(is_inside(row, small, n) for row, n in zip(push.rows, push.shape, strict=True))
    users = readers.get(push, [])
    if not apart or not inside or uses[push] != 1 or len(users) != 1:
        return
    root = users[0]
    if op_of(root) != "multiply" or root.shape != push.shape or root.args[0] is root.args[1]:
        return
    inner: list[Node] = []
    stack = [arg for arg in root.args if arg is not push]
    while stack:
        node = stack.pop()
        if type(node) is Map and uses[node] == 1 and node.shape == push.shape:
            inner.append(node)
            stack.extend(node.args)
    found.scaled[root] = push, inner[::-1]
    found.delayed |= {push, *inner}


def _is_compared(node: Node, readers: dict[Node, list[Node]], uses: dict[Node, int]) -> bool:
    """Whether a value is only read by comparisons, itself or repeated."""
    views = [user for user in readers.get(node, ()) if _is_repeated(user)]
    direct = [user for user in readers.get(node, ()) if user not in views]
    all_read = all(len(readers.get(view, ())) == uses[view] for view in views)
    users = [*direct, *(user for view in views for user in readers.get(view, ()))]
    return bool(users) and all_read and all(op_of(user) == "equal" for user in users)


def _is_repeated(node: Node) -> bool:
    """Whether a node repeats its operand along new axes."""
    return isinstance(node, Einsum) and len(node.args) == 1 and set(node.ins[0]) <= set(node.out)


def _find_handed(found: Pooling, node: Push, uses: dict[Node, int]) -> None:
    """Take note of a Push of derivatives that go to the largest entries alone."""
    chosen = node.args[0]
    if op_of(chosen) != "where" or uses[chosen] != 1 or not node.shape:
        return
    test, given, other = chosen.args
    if op_of(test) != "equal" or uses[test] != 1 or not isinstance(other, Fill) or other.value != 0:
        return
    for place, repeated in (test.args, test.args[::-1]):
        if not _is_repeated(repeated):
            continue
        winner = repeated.args[0]
        if not isinstance(winner, Reduce) or winner.operation != "argmax":
            continue
        shape, axes = winner.args[0].shape, winner.axes
        window = _window(shape, axes)
        ones = tuple(size if a in axes else 1 for a, size in enumerate(shape))
        fits = isinstance(place, Reshape) and isinstance(place.args[0], Iota)
        fits = fits and place.shape == ones and chosen.shape == shape and bool(window)
        if fits and _is_constant_along(given, axes) and _stays(repeated, axes):
            found.handed[node] = winner, given
            found.delayed |= {chosen, test}
            return


def _stays(repeated: Node, axes: Sequence[int]) -> bool:
    """Whether a value is repeated along these axes, its own being the others in their order."""
    assert isinstance(repeated, Einsum)
    return repeated.ins[0] == tuple(i for a, i in enumerate(repeated.out) if a not in axes)


def _is_constant_along(node: Node, axes: Sequence[int]) -> bool:
    if isinstance(node, Fill):
        return True
    if not isinstance(node, Einsum) or len(node.args) != 1 or not _is_repeated(node):
        return False
    return all(node.out[axis] not in node.ins[0] for axis in axes)


def _window(shape: Sequence[Dim], axes: Sequence[int]) -> list[tuple[int, ...]]:
    """The places in a window of known size, row by row; none where it is large."""
    sizes = [shape[axis] for axis in axes]
    known = [size for size in sizes if isinstance(size, int)]
    if len(known) < len(sizes) or not 1 <= math.prod(known) <= _LARGEST:
        return []
    return list(itertools.product(*map(range, known)))


# --- reductions ----------------------------------------------------------------------------------


def emit_window(w: CWriter, node: Node, pooling: Pooling, note: str) -> bool:
    """A reduction over a small window whose lanes lie beside it; False for any other."""
    value = w.value(node.args[0])
    if isinstance(node, Reduce):
        operation, axes = str(node.operation), node.axes
    else:
        assert isinstance(node, Einsum)
        operation = "sum"
        axes = tuple(a for a, i in enumerate(node.ins[0]) if i not in node.out)
    kept = [axis for axis in range(len(value.shape)) if axis not in axes]
    window = _window(value.shape, axes)
    if not window or value.strides is None or value.storage != "real":
        return False
    if not any(value.strides[axis] == 1 for axis in kept):
        return False
    partner = pooling.partner.get(node)
    storage: Kind = "real" if (partner or node) in pooling.positions else "integer"
    out = None if operation == "argmax" else w.result(node, node_storage(node, ["real"]))
    found = partner if operation == "max" else node if operation == "argmax" else None
    places = None if found is None else w.result(found, storage)
    main = out if out is not None else places
    assert main is not None
    strides = tuple(value.strides[axis] for axis in kept)
    arrays = [main.strides or (), strides, (places or main).strides or ()]
    with w.unit(), w.nest(main.shape, arrays) as (there, before, position):
        reads = [
            entry(value, _joined(before, w.position(_steps(place, value, axes))))
            for place in window
        ]
        best, at = _written(w, operation, reads, places is not None)
        if out is not None:
            w.say(f"{entry(out, there)} = {best};", note)
        if places is not None:
            w.say(f"{entry(places, position)} = {at};")
    if out is not None:
        w.env[node] = out
    if found is not None and places is not None:
        w.env[found] = places
        pooling.made.add(found)
    return True


def _joined(*parts: str) -> str:
    return " + ".join(part for part in parts if part)


def _steps(
    place: Sequence[int], value: Value, axes: Sequence[int]
) -> list[tuple[str, Dim]]:  # fmt: skip
    """The terms of the position of a place in a window."""
    assert value.strides is not None
    strides = [value.strides[axis] for axis in axes]
    return [(str(step), s) for step, s in zip(place, strides, strict=True) if step]


def _written(
    w: CWriter, operation: str, reads: Sequence[str], with_place: bool
) -> tuple[str, str]:  # fmt: skip
    """The result over some entries, and the position of the largest."""
    sign = {"sum": " + ", "prod": " * "}.get(operation)
    if sign is not None:
        return sign.join(reads), ""
    best, at = w.name("v"), "0"
    w.say(f"const {w.real} {best} = {reads[0]};")
    for k, read in enumerate(reads[1:], 1):
        here, new = w.name("v"), w.name("v")
        w.say(f"const {w.real} {here} = {read};")
        if with_place:  # of a NaN, which is larger than all others, the first
            later, place = w.name("v"), w.name("v")
            w.say(f"const {w.real} {later} = {best} >= {here} ? {at} : {k};")
            w.say(f"const {w.real} {place} = {best} == {best} ? {later} : {at};")
            w.say(f"const {w.real} {new} = {place} == {k} ? {here} : {best};")
            at = place
        else:
            larger = w.name("v")
            w.say(f"const {w.real} {larger} = {best} >= {here} ? {best} : {here};")
            w.say(f"const {w.real} {new} = {best} == {best} ? {larger} : {best};")
        best = new
    return best, at


# --- the way back --------------------------------------------------------------------------------


def emit_unpooled(w: CWriter, node: Node, pooling: Pooling, labels: Labels) -> None:
    """Derivatives added where the largest entries of windows were, times a factor if there is one.

    A factor is wanted at the largest entry of a window only, and read and computed there.
    """
    push, inner = pooling.scaled.get(node, (node, []))
    assert isinstance(push, Push)
    winner, given = pooling.handed[push]
    assert isinstance(winner, Reduce)
    places, derivative = w.value(winner), w.value(given)
    shape, axes = push.args[0].shape, winner.axes
    out, target, rows = push_target(w, push, "real", node)
    apart, full = covers(rows, shape, target.shape)
    if not (apart and full):
        zero(w, target)
    view = affine_view(w, target, rows, shape)
    if not apart:
        _add_unpooled(w, view, places, derivative, axes, labels.note(push, w.env))
        w.env[node] = out
        return
    factors = _factors(w, node, push, inner)
    largest = _largest(w, push, winner, pooling)
    seen = [
        largest.get(arg) or affine_view(w, v, push.rows, shape)
        for arg, v in factors.items()
        if v.strides
    ]
    kept = [axis for axis in range(len(shape)) if axis not in axes]
    arrays = [_of(spread(v, shape), kept) for v in (view, derivative, *seen)]
    with (
        w.unit(),
        w.nest([shape[a] for a in kept], [*arrays, places.strides or ()]) as (to, read, *ats, best),
    ):
        at = w.name("v")
        w.say(f"const {w.ctype(places.storage)} {at} = {entry(places, best)};")
        texts = {push: entry(derivative, read)}
        window = _window(shape, axes)
        for arg, value in factors.items():
            if not value.strides:
                texts[arg] = entry(value, "")
                continue
            own = seen.pop(0)
            before = ats.pop(0)
            few = window[:1] if arg in largest else window
            reads = [entry(own, _joined(before, w.position(_steps(p, own, axes)))) for p in few]
            texts[arg] = _chosen(w, own, at, reads)
        if node is not push:
            lines(w, [*inner, node], texts, {push: "real"}, labels)
        ct = w.name("v")
        w.say(f"const {w.real} {ct} = {texts[node]};", labels.note(push, w.env))
        for k, place in enumerate(window):
            entered = entry(view, _joined(to, w.position(_steps(place, view, axes))))
            w.say(f"{entered} = {at} == {k} ? {ct} : 0;")
    w.env[node] = out


def _largest(w: CWriter, push: Push, winner: Reduce, pooling: Pooling) -> dict[Node, Value]:
    """What the windows are of, as the largest entry of each, where these are there already."""
    windows, axes = winner.args[0], winner.axes
    found: dict[Node, Value] = {}
    if isinstance(windows, Pull) and len(windows.args) == 1 and windows.rows == push.rows:
        for best, place in pooling.partner.items():
            value = w.env.get(best) if place is winner else None
            if value is not None and value.strides:
                own = iter(value.strides)
                strides = [0 if axis in axes else next(own) for axis in range(windows.ndim)]
                found[windows.args[0]] = w.view(value, windows.shape, strides)
    return found


def _add_unpooled(
    w: CWriter, view: Value, places: Value, derivative: Value, axes: Sequence[int], note: str
) -> None:
    """Derivatives of windows that overlap: one loop for each place, whose steps do not meet."""
    shape = view.shape
    kept = [axis for axis in range(len(shape)) if axis not in axes]
    arrays = [_of(spread(v, shape), kept) for v in (view, derivative)]
    arrays.append(places.strides or ())
    for k, place in enumerate(_window(shape, axes)):
        with w.unit(), w.nest([shape[a] for a in kept], arrays) as (to, read, at):
            there = entry(view, _joined(to, w.position(_steps(place, view, axes))))
            given = f"{entry(places, at)} == {k} ? {entry(derivative, read)} : 0"
            w.say(f"{there} += {given};", note)


def _factors(w: CWriter, node: Node, push: Push, inner: Sequence[Node]) -> dict[Node, Value]:
    """What the steps of a factor read, in the shape of the Push."""
    if node is push:
        return {}
    steps = [*inner, node]
    read = [arg for step in steps for arg in step.args if arg not in steps and arg is not push]
    values = {arg: w.value(arg) for arg in dict.fromkeys(read)}
    return {
        arg: value
        if value.strides is None
        else w.view(value, push.shape, spread(value, push.shape))
        for arg, value in values.items()
    }


def _of(strides: Sequence[Dim], axes: Sequence[int]) -> tuple[Dim, ...]:
    return tuple(strides[axis] for axis in axes)


def _chosen(w: CWriter, value: Value, at: str, reads: Sequence[str]) -> str:
    """The entry of a window that a position says."""
    text = reads[0]
    for k, read in enumerate(reads[1:], 1):
        name = w.name("v")
        w.say(f"const {w.local(value.storage)} {name} = {at} == {k} ? {read} : {text};")
        text = name
    return text
