"""Sums over axes, the largest entry, its position, and products over axes, as loop nests in C.

Sums of floating-point numbers are not reordered by compilers, so `SG_SUM` says where they may be:
a machine adds up as many partial sums as a register holds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from symgraph.codegen.contraction import typical
from symgraph.codegen.native.reductions import refuse_empty
from symgraph.codegen.native.writer import CWriter
from symgraph.codegen.plan import node_storage
from symgraph.codegen.strided import Value, entry, row_major, spread
from symgraph.node import Node
from symgraph.ops.einsum import Einsum, Indices
from symgraph.ops.reduce import Reduce
from symgraph.shapes import Dim, product

__all__ = ["along", "emit_embedding", "emit_reduce", "emit_sum", "emit_view"]

Strides = Sequence[Dim]


def along(value: Value, indices: Indices, wanted: Sequence[int]) -> tuple[Dim, ...]:
    """The strides along the wanted indices of a value with these ones; 0 along others."""
    found: dict[int, Dim] = {}
    for index, stride in zip(indices, value.strides or (0,) * len(indices), strict=True):
        found[index] = found[index] + stride if index in found else stride
    return tuple(found.get(index, 0) for index in wanted)


def emit_view(w: CWriter, node: Node, note: str) -> None:
    """Axes exchanged or repeated, or a diagonal: the same memory."""
    assert isinstance(node, Einsum)
    value = w.value(node.args[0])
    w.env[node] = w.view(value, node.shape, along(value, node.ins[0], node.out))


def emit_embedding(w: CWriter, node: Node, note: str) -> None:
    """Entries put on a diagonal of zeros."""
    assert isinstance(node, Einsum)
    value = w.value(node.args[0])
    out = w.result(node, node_storage(node, [value.storage]))
    assert out.strides is not None
    w.fill(out, 0)
    strides = along(out, node.out, node.ins[0])
    with w.unit():
        w.copy(value, replace(out, shape=value.shape, strides=strides), note)
    w.env[node] = out


def emit_sum(w: CWriter, node: Node, note: str) -> None:
    """The sum over some axes."""
    assert isinstance(node, Einsum)
    value, sizes = w.value(node.args[0]), node.sizes()
    out = w.result(node, node_storage(node, [value.storage]))
    summed = tuple(i for i in dict.fromkeys(node.ins[0]) if i not in node.out)
    kept = tuple(node.out)
    outer = [out.strides or (), along(value, node.ins[0], kept)]
    inner = [along(value, node.ins[0], summed)]
    reduced = [sizes[i] for i in summed]
    if _runs_along_kept(node.shape, outer[1], reduced, inner[0]):
        _by_rows(w, out, value, node.shape, outer, reduced, inner[0], note)
    else:
        _by_entries(w, out, value, node.shape, outer, reduced, inner, note)
    w.env[node] = out


def _runs_along_kept(
    kept: Sequence[Dim], kept_strides: Strides, reduced: Sequence[Dim], reduced_strides: Strides
) -> bool:
    """Whether entries that are neighbours in memory belong to different sums."""
    steps = [s for s, n in zip(kept_strides, kept, strict=True) if n != 1 and s != 0]
    sums = [s for s, n in zip(reduced_strides, reduced, strict=True) if n != 1 and s != 0]
    return bool(steps) and (not sums or min(map(typical, steps)) < min(map(typical, sums)))


def _at(value: Value, *parts: str) -> str:
    """An entry, its position in parts."""
    return entry(value, " + ".join(part for part in parts if part))


def _by_entries(
    w: CWriter, out: Value, value: Value, shape: Sequence[Dim], outer: Sequence[Strides],
    reduced: Sequence[Dim], inner: Sequence[Strides], note: str,
) -> None:  # fmt: skip
    """Every sum in one go."""
    total = w.name("v")
    with w.unit(), w.nest(shape, outer, independent=False) as (there, before):
        w.say(f"{w.local(out.storage)} {total} = 0;", note)
        with w.nest(reduced, inner, mark=f"SG_SUM({total})") as (read,):
            w.say(f"{total} += {_at(value, before, read)};")
        w.say(f"{entry(out, there)} = {total};")


def _by_rows(
    w: CWriter, out: Value, value: Value, shape: Sequence[Dim], outer: Sequence[Strides],
    reduced: Sequence[Dim], inner: Strides, note: str,
) -> None:  # fmt: skip
    """Rows added to rows."""
    w.fill(out, 0, note)
    with (
        w.unit(),
        w.nest(reduced, [inner], independent=False) as (before,),
        w.nest(shape, outer) as (there, read),
    ):
        w.say(f"{entry(out, there)} += {_at(value, before, read)};")


# --- the largest entry, its position, products ----------------------------------------------------


def emit_reduce(w: CWriter, node: Node, note: str) -> None:
    """The largest entry, its position, or the product, over axes."""
    assert isinstance(node, Reduce)
    value = w.value(node.args[0])
    out = w.result(node, node_storage(node, [value.storage]))
    axes, strides = node.axes, spread(value, value.shape)
    kept = [axis for axis in range(len(value.shape)) if axis not in axes]
    reduced = [value.shape[axis] for axis in axes]
    inner = tuple(strides[axis] for axis in axes)
    outer = [out.strides or (), tuple(strides[axis] for axis in kept)]
    if node.operation != "prod":
        refuse_empty(w, node)
    work = {"max": _largest, "argmax": _position, "prod": _product}[node.operation]
    with w.unit(), w.nest(node.shape, outer, independent=False) as (there, before):
        found = work(w, value, before, reduced, inner, note)
        w.say(f"{entry(out, there)} = {found};")
    w.env[node] = out


def _product(
    w: CWriter, value: Value, before: str, reduced: Sequence[Dim], inner: Strides, note: str
) -> str:
    storage = "integer" if value.storage == "boolean" else value.storage
    total = w.name("v")
    w.say(f"{w.local(storage)} {total} = 1;", note)
    with w.nest(reduced, [inner], mark=f"SG_PRODUCT({total})") as (read,):
        w.say(f"{total} *= {_at(value, before, read)};")
    return total


def _largest(
    w: CWriter, value: Value, before: str, reduced: Sequence[Dim], inner: Strides, note: str
) -> str:
    """The largest entry, NaN if there is one: the largest of all others, and a count of NaNs."""
    total, here = w.name("v"), w.name("v")
    kind = w.local(value.storage)
    if value.storage != "real":
        start = "0" if value.storage == "boolean" else "-9223372036854775807LL - 1"
        w.say(f"{kind} {total} = {start};", note)
        with w.nest(reduced, [inner], mark=f"SG_LARGEST({total})") as (read,):
            w.say(f"const {kind} {here} = {_at(value, before, read)};")
            w.say(f"{total} = {here} > {total} ? {here} : {total};")
        return total
    wrong = w.name("v")
    w.say(f"{kind} {total} = {w.number(float('-inf'), 'real')};", note)
    w.say(f"{w.local('boolean')} {wrong} = 0;")
    with w.nest(reduced, [inner], mark=f"SG_LARGEST_OR_NAN({total}, {wrong})") as (read,):
        w.say(f"const {kind} {here} = {_at(value, before, read)};")
        w.say(f"{wrong} |= {here} != {here};")
        w.say(f"{total} = {here} > {total} ? {here} : {total};")
    return f"{wrong} ? {w.number(float('nan'), 'real')} : {total}"


def _position(
    w: CWriter, value: Value, before: str, reduced: Sequence[Dim], inner: Strides, note: str
) -> str:
    """The first position of the largest entry, or of the first NaN: the largest, then its places.

    Two loops that are vectors are faster than one that is none.
    """
    best, here, at, place = (w.name("v") for _ in range(4))
    found = _largest(w, value, before, reduced, inner, note)
    w.say(f"const {w.local(value.storage)} {best} = {found};")
    kind = w.local("boolean")  # as wide as reals, for vectors
    w.say(f"{kind} {place} = {w.size(product(reduced))};")
    arrays = [inner, row_major(tuple(reduced))]
    with w.nest(reduced, arrays, mark=f"SG_LEAST({place})") as (read, k):
        w.say(f"const {w.local(value.storage)} {here} = {_at(value, before, read)};")
        hit = f"{here} == {best}"
        if value.storage == "real":
            hit = f"({hit}) | (({here} != {here}) & ({best} != {best}))"
        w.say(f"const {kind} {at} = ({hit}) ? ({kind})({k or 0}) : {place};")
        w.say(f"{place} = {at} < {place} ? {at} : {place};")
    return place
