"""Reductions over small windows in C, written out entry by entry, and the way back.

A window of known size needs no loop: the lanes run over the windows. The largest entry and its
position are found together, since a derivative wants both; the derivative then goes to the entry
at that position, and zeros to the others, without an array of all windows.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from symgraph.codegen.basic import op_of
from symgraph.codegen.native.moves import affine_view, covers, push_target, zero
from symgraph.codegen.native.writer import CWriter
from symgraph.codegen.plan import node_storage
from symgraph.codegen.strided import Value, entry, spread
from symgraph.node import Kind, Node
from symgraph.ops.einsum import Einsum
from symgraph.ops.leaves import Fill, Iota
from symgraph.ops.move import Push, Reshape
from symgraph.ops.reduce import Reduce
from symgraph.shapes import Dim

__all__ = ["Pooling", "emit_unpooled", "emit_window", "find_pooling"]

_LARGEST = 16  # entries of a window that is written out


@dataclass
class Pooling:
    """What belongs together around maxima over windows.

    `partner` of a maximum is the position of the same maximum; `positions` are compared with
    positions and nothing else, so that they may lie in memory as reals; `handed` gives for a Push
    the positions and the derivative that it hands back, and `delayed` are the steps between.
    """

    partner: dict[Node, Node] = field(default_factory=dict)
    positions: set[Node] = field(default_factory=set)
    handed: dict[Node, tuple[Node, Node]] = field(default_factory=dict)
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
    return found


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


def emit_unpooled(w: CWriter, node: Node, pooling: Pooling, note: str) -> None:
    """Derivatives added where the largest entries of windows were."""
    assert isinstance(node, Push)
    winner, given = pooling.handed[node]
    assert isinstance(winner, Reduce)
    places, derivative = w.value(winner), w.value(given)
    shape, axes = node.args[0].shape, winner.axes
    out, target, rows = push_target(w, node, "real")
    apart, full = covers(rows, shape, target.shape)
    if not (apart and full):
        zero(w, target)
    view = affine_view(w, target, rows, shape)
    kept = [axis for axis in range(len(shape)) if axis not in axes]
    assert view.strides is not None
    own = spread(derivative, shape)
    arrays = [
        tuple(view.strides[a] for a in kept), places.strides or (), tuple(own[a] for a in kept),
    ]  # fmt: skip
    sign = "=" if apart else "+="
    with w.unit(), w.nest([shape[a] for a in kept], arrays) as (there, position, read):
        at, ct = w.name("v"), w.name("v")
        w.say(f"const {w.ctype(places.storage)} {at} = {entry(places, position)};")
        w.say(f"const {w.real} {ct} = {entry(derivative, read)};", note)
        for k, place in enumerate(_window(shape, axes)):
            to = entry(view, _joined(there, w.position(_steps(place, view, axes))))
            w.say(f"{to} {sign} {at} == {k} ? {ct} : 0;")
    w.env[node] = replace(out)
