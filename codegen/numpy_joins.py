"""Reshape and Concat in NumPy: views where possible, else one copy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from symgraph.codegen.basic import op_of
from symgraph.codegen.numpy_writer import Value, Writer, identity
from symgraph.codegen.plan import node_storage
from symgraph.node import Node
from symgraph.ops.concat import Concat
from symgraph.ops.einsum import Einsum
from symgraph.ops.map import Map
from symgraph.ops.reshape import Reshape
from symgraph.shapes import Shape, product

__all__ = ["emit_concat", "emit_reshape", "joins_of", "place_in_concat"]


def emit_reshape(w: Writer, node: Node, note: str) -> None:
    """The same entries under another shape: a view, after a copy where the axes are moved."""
    value = w.value(node.args[0])
    if value.form == "number":
        w.define(node, replace(value, shape=node.shape, views={}))
        return
    if node.shape == ():
        name = w.name(w.prefix)
        w.say(f"{name} = {value.text}.item()", note)
        w.define(node, w.number(name, (), value.storage))
        return
    if not value.is_plain:
        copy = w.allocate(value.shape, value.storage)
        w.say(f"{copy.text}[...] = {value.text}", note)
        value = copy
    view = f"{{0}}.reshape({w.shape(node.shape)})"
    w.define(node, w.derive(value, view, node.shape, identity(node.shape)))


def place_in_concat(w: Writer, node: Node, joins: Mapping[Node, tuple[Node, int]]) -> None:
    """Let an operand of a Concat be computed in its place in the result."""
    if node not in joins or node in w.destination:
        return
    concat, k = joins[node]
    assert isinstance(concat, Concat)
    if concat not in w.joined:
        told = w.destination.get(concat)
        w.joined[concat] = told if told is not None else w.allocate(concat.shape, concat.kind)
        buffer = w.joined[concat].buffer
        if buffer is not None:
            buffer.live += 1  # held until the Concat itself is met
    place = _part(w, concat, w.joined[concat], k)
    if type(node) is Map or place.is_plain:
        w.destination[node] = replace(_shaped(w, place, node.shape), buffer=None)


def joins_of(steps: Sequence[Node], uses: Mapping[Node, int]) -> dict[Node, tuple[Node, int]]:
    """The Maps, products and sums that are read by a Concat alone, with their place in it.

    Products and sums may be read under another shape.
    """
    found: dict[Node, tuple[Node, int]] = {}
    for concat in steps:
        if not isinstance(concat, Concat) or concat.kind != "real":
            continue
        for k, arg in enumerate(concat.args):
            node = _computed(arg)
            entrywise = type(node) is Map and op_of(node) not in ("iverson", "where")
            alone = uses[arg] == uses[node] == 1 and node.kind == "real" and node.shape
            if alone and (type(node) is Einsum or (entrywise and node is arg)):
                found[node] = concat, k
    return found


def _computed(arg: Node) -> Node:
    """What an operand of a Concat is computed as."""
    given = arg._args[0] if type(arg) is Reshape else arg
    return given if type(given) is Einsum else arg


def _shaped(w: Writer, place: Value, shape: Shape) -> Value:
    """A place under a shape of as many entries."""
    if place.shape == shape:
        return place
    return w.derive(place, f"{{0}}.reshape({w.shape(shape)})", shape, identity(shape))


def _part(w: Writer, node: Concat, whole: Value, k: int) -> Value:
    """The place of operand k."""
    start, arg = node.starts()[k], node.args[k]
    stop = product([start + arg.shape[node.axis]])
    cut = f"{{0}}[{':, ' * node.axis}{w.size(product([start]))}:{w.size(stop)}]"
    dense = identity(arg.shape) if node.axis == 0 and whole.is_plain else None
    return w.derive(whole, cut, arg.shape, dense)


def emit_concat(w: Writer, node: Node, note: str) -> None:
    """Each operand copied to its place, unless it was computed there."""
    assert isinstance(node, Concat)
    values = [w.value(arg) for arg in node.args]
    storage = node_storage(node, [value.storage for value in values])
    told = w.destination.get(node)
    out = w.joined.pop(node, None)
    held = out is not None and out.buffer is not None
    if out is None:
        fits = told is not None and told.storage == storage
        out = told if told is not None and fits else w.allocate(node.shape, storage)
    for k, (arg, value) in enumerate(zip(node.args, values, strict=True)):
        place, computed = _part(w, node, out, k), _computed(arg)
        there = w.destination.get(computed)
        if there is None or there.text != _shaped(w, place, computed.shape).text:
            w.say(f"{place.text}[...] = {value.text}", note if k == len(values) - 1 else "")
    w.define(node, out)
    if held:
        w.read(out)
