"""Einsum in normal form and Reduce in JavaScript, as loop nests."""

from __future__ import annotations

from collections.abc import Sequence

from symgraph.codegen.contraction import form_of
from symgraph.codegen.js_writer import JsWriter
from symgraph.codegen.plan import node_storage
from symgraph.codegen.strided import Value, entry, spread
from symgraph.node import Node
from symgraph.ops.einsum import Einsum, Indices
from symgraph.ops.reduce import Reduce
from symgraph.shapes import Dim, product

__all__ = ["emit_einsum", "emit_reduce"]


def emit_einsum(w: JsWriter, node: Node) -> None:
    """A sum of products, a view, or entries put on a diagonal."""
    assert isinstance(node, Einsum)
    values = [w.value(arg) for arg in node.args]
    form = form_of(node)
    if form == "view":
        w.env[node] = w.view(values[0], node.shape, _strides(values[0], node.ins[0], node.out))
        return
    storage = node_storage(node, [value.storage for value in values])
    out = w.room(node.shape, storage)
    w.env[node] = out
    if form == "embed":  # what lies off the diagonal was zero from the start and stays so
        w.copy(values[0], out, _strides(out, node.out, node.ins[0]))
    elif _is_row_times(node, values):
        _by_rows(w, node, values, out)
    else:
        _by_entries(w, node, values, out)


def _strides(value: Value, indices: Indices, wanted: Sequence[int]) -> tuple[Dim, ...]:
    """The strides along the wanted indices of a value with these ones; 0 along others."""
    found: dict[int, Dim] = {}
    for index, stride in zip(indices, value.strides or (0,) * len(indices), strict=True):
        found[index] = found[index] + stride if index in found else stride
    return tuple(found.get(index, 0) for index in wanted)


def _along(node: Einsum, values: Sequence[Value], wanted: Sequence[int]) -> list[tuple[Dim, ...]]:
    """The strides of every factor along the wanted indices."""
    pairs = zip(values, node.ins, strict=True)
    return [_strides(value, indices, wanted) for value, indices in pairs]


def _at(value: Value, *parts: str) -> str:
    """An entry, its position in parts."""
    return entry(value, " + ".join(part for part in parts if part))


def _by_entries(w: JsWriter, node: Einsum, values: Sequence[Value], out: Value) -> None:
    """Every entry of the result as one sum."""
    sizes, summed = node.sizes(), _summed(node)
    total = w.name("v")
    outer = [out.strides or (), *_along(node, values, node.out)]
    with w.nest(node.shape, outer) as (there, *before):
        w.say(f"let {total} = 0;")
        with w.nest([sizes[i] for i in summed], _along(node, values, summed)) as inner:
            texts = map(_at, values, before, inner)
            w.say(f"{total} += {' * '.join(texts)};")
        w.say(f"{entry(out, there)} = {total};")


def _summed(node: Einsum) -> tuple[int, ...]:
    """The indices that are summed over."""
    return tuple(dict.fromkeys(i for ins in node.ins for i in ins if i not in node.out))


def _is_row_times(node: Einsum, values: Sequence[Value]) -> bool:
    """Whether one factor is read along the last axis of the result and the other is not."""
    if len(values) != 2 or not node.shape or any(value.strides is None for value in values):
        return False
    last = node.out[-1]
    return (last in node.ins[0]) != (last in node.ins[1]) and len(node.out) > 1


def _by_rows(w: JsWriter, node: Einsum, values: Sequence[Value], out: Value) -> None:
    """Rows of one factor, times entries of the other, added to rows of the result."""
    assert out.strides is not None
    sizes, last, summed = node.sizes(), node.out[-1:], _summed(node)
    around = (*node.out[:-1], *summed)
    row = 0 if last[0] in node.ins[0] else 1
    factor = w.name("v")
    w.say(f"{out.text}.fill(0);")
    outer = [(*out.strides[:-1], *(0 for _ in summed)), *_along(node, values, around)]
    with w.nest([sizes[i] for i in around], outer) as (there, *before):
        w.say(f"const {factor} = {entry(values[1 - row], before[1 - row])};")
        inner = [out.strides[-1:], _along(node, values, last)[row]]
        with w.nest(node.shape[-1:], inner) as (end, read):
            w.say(f"{_at(out, there, end)} += {factor} * {_at(values[row], before[row], read)};")


def emit_reduce(w: JsWriter, node: Node) -> None:
    """The largest entry, its position, or the product, over axes."""
    assert isinstance(node, Reduce)
    value = w.value(node.args[0])
    out = w.room(node.shape, node_storage(node, [value.storage]))
    axes, strides = node.axes, spread(value, value.shape)
    kept = [axis for axis in range(len(value.shape)) if axis not in axes]
    reduced = [value.shape[axis] for axis in axes]
    if node.operation != "prod":
        w.say(f'checkEntries({w.size(product(reduced))}, "{node.operation}");')
    names = [w.name("v") for _ in range(3)]
    outer = [out.strides or (), tuple(strides[axis] for axis in kept)]
    with w.nest(node.shape, outer) as (there, before):
        w.say(_START[node.operation].format(*names))
        with w.nest(reduced, [tuple(strides[axis] for axis in axes)]) as (read,):
            for line in _STEP[node.operation]:
                w.say(line.format(*names, _at(value, before, read)))
        found = names[1 if node.operation == "argmax" else 0]
        w.say(f"{entry(out, there)} = {found};")
    w.env[node] = out


#: {0} the result, {1} its position, {2} the present position, {3} the present entry.
_START = {
    "prod": "let {0} = 1;",
    "max": "let {0} = -Infinity;",
    "argmax": "let {0} = -Infinity, {1} = 0, {2} = 0;",
}
_STEP: dict[str, tuple[str, ...]] = {
    "prod": ("{0} *= {3};",),
    "max": ("if ({3} > {0} || {3} !== {3}) {0} = {3};",),
    "argmax": (
        "if ({3} > {0} || ({3} !== {3} && {0} === {0})) {{",
        "  {0} = {3};",
        "  {1} = {2};",
        "}}",
        "{2}++;",
    ),
}
