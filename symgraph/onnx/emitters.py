"""From symgraph's primitives to ONNX operations: one table, at the end."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from onnx import helper

from symgraph.codegen.contraction import form_of
from symgraph.codegen.schedule import Block, Loop
from symgraph.node import Kind, Node
from symgraph.onnx.moves import write_pull, write_push
from symgraph.onnx.pointwise import write_map
from symgraph.onnx.windows import find_windows
from symgraph.onnx.writer import Value, Writer, refusal
from symgraph.ops.concat import Concat
from symgraph.ops.einsum import Einsum
from symgraph.ops.leaves import Const, Fill, Iota, Random
from symgraph.ops.linalg import Det, Inv, LogDet, Solve
from symgraph.ops.map import Map
from symgraph.ops.move import Pull, Push
from symgraph.ops.reduce import Reduce
from symgraph.ops.reshape import Reshape

__all__ = ["write_block"]

_LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"


def write_block(w: Writer, block: Block) -> None:
    """The steps of a block in their order."""
    sliding, gone = find_windows(block, w.dtypes["real"])
    for node in block.steps:
        if node in w.env or node in gone:
            continue
        if node in sliding:
            w.env[node] = sliding[node](w)
        elif node in block.loops:
            _write_loop(w, block.loops[node])
        elif not node.is_projection:
            emitter = _EMITTERS.get(type(node))
            if emitter is None:
                raise refusal(node, f"there is no ONNX for {type(node).__name__}.")
            w.env[node] = emitter(w, node)


# --- leaves ---------------------------------------------------------------------------------------


def _const(w: Writer, node: Const) -> Value:
    return Value(w.constant(node.array.astype(w.dtypes[node.kind])), node.kind)


def _fill(w: Writer, node: Fill) -> Value:
    value: Any = node.value
    if isinstance(value, (int, float)) or not value.free_symbols:
        return Value(w.number(float(value) if node.kind == "real" else int(value), node.kind),
                     node.kind)  # fmt: skip
    return Value(w.measure(value), "real")


def _iota(w: Writer, node: Iota) -> Value:
    return Value(w.span(node.shape[0]), "integer")


def _random(w: Writer, node: Node) -> Value:
    raise refusal(
        node, "random numbers of symgraph are not those of ONNX. Leave dropout and noise out."
    )


def _linalg(w: Writer, node: Node) -> Value:
    raise refusal(node, "ONNX has no operations of linear algebra for it.")


# --- sums and products ----------------------------------------------------------------------------


def _einsum(w: Writer, node: Einsum) -> Value:
    form = form_of(node)
    if form == "product":
        return _product(w, node)
    source, out = node.ins[0], node.out
    if form == "sum":
        kind: Kind = "real" if node.args[0].kind == "real" else "integer"
        lost = [axis for axis, index in enumerate(source) if index not in out]
        x = w.full(node.args[0], kind)
        return Value(w.op("ReduceSum", x, w.integers(lost), keepdims=0), kind)
    x, stored = w.full(node.args[0]), node.args[0].kind
    if form == "embed":
        return _embedded(w, node, x)
    if len(set(source)) != len(source):
        kept = tuple(dict.fromkeys(i for i in source if i in out))
        text = w.op("Einsum", x, equation=f"{_word(source)}->{_word(kept)}")
        return _turned(w, Value(text, stored), kept, node)
    return _turned(w, Value(x, stored), source, node)


def _turned(w: Writer, value: Value, source: Sequence[int], node: Einsum) -> Value:
    """Axes exchanged, and one entry along each new one."""
    x, order = value.name, [source.index(i) for i in node.out if i in source]
    if order != sorted(order):
        x = w.op("Transpose", x, perm=order)
    new = [axis for axis, i in enumerate(node.out) if i not in source]
    if not new:
        return Value(x, value.kind)
    return Value(w.op("Unsqueeze", x, w.integers(new)), value.kind, is_narrow=True)


def _embedded(w: Writer, node: Einsum, x: str) -> Value:
    """A vector, or many, on a diagonal, with zeros beside it."""
    source, out, kind = node.ins[0], node.out, node.args[0].kind
    first = list(dict.fromkeys(out))
    if set(first) != set(source) or kind == "boolean":
        raise refusal(node, "ONNX cannot put it on a diagonal.")
    order = [source.index(i) for i in first]
    if order != sorted(order):
        x = w.op("Transpose", x, perm=order)
    copies = [axis for axis, i in enumerate(out) if i in out[:axis]]
    x = w.op("Unsqueeze", x, w.integers(copies))
    for axis in copies:
        places = []
        for at in (out.index(out[axis]), axis):
            others = [other for other in range(len(out)) if other != at]
            places.append(w.op("Unsqueeze", w.span(node.shape[at]), w.integers(others)))
        x = w.op("Where", w.op("Equal", *places), x, w.number(0, kind))
    return Value(x, kind)


def _product(w: Writer, node: Einsum) -> Value:
    """A matrix product where the axes lie so, else an Einsum."""
    kind: Kind = "real" if node.kind == "real" else "integer"
    left, right = node.ins
    a, b = (w.full(arg, kind) for arg in node.args)
    shared = left[-1:]
    if len(right) == 2 and right[:1] == shared and node.out == (*left[:-1], *right[1:]):
        return Value(w.op("MatMul", a, b), kind)
    equation = f"{_word(left)},{_word(right)}->{_word(node.out)}"
    return Value(w.op("Einsum", a, b, equation=equation), kind)


def _word(indices: Sequence[int]) -> str:
    return "".join(_LETTERS[i] for i in indices)


def _reduce(w: Writer, node: Reduce) -> Value:
    source, operation = node.args[0], node.operation
    kind: Kind = "real" if source.kind == "real" or operation == "logsumexp" else "integer"
    x = w.full(source, kind)
    if operation == "argmax":
        kept = [axis for axis in range(source.ndim) if axis not in node.axes]
        order = [*kept, *node.axes]
        if order != sorted(order):
            x = w.op("Transpose", x, perm=order)
        if len(node.axes) != 1:
            ends = [w.size(source.shape[axis]) for axis in kept]
            x = w.op("Reshape", x, w.op("Concat", *ends, w.integers([-1]), axis=0))
        return Value(w.op("ArgMax", x, axis=-1, keepdims=0), "integer")
    names = {"max": "ReduceMax", "prod": "ReduceProd", "logsumexp": "ReduceLogSumExp"}
    return Value(w.op(names[operation], x, w.integers(node.axes), keepdims=0), kind)


# --- moves ----------------------------------------------------------------------------------------


def _reshape(w: Writer, node: Reshape) -> Value:
    source = node.args[0]
    return Value(w.op("Reshape", w.full(source), w.shape(node.shape), allowzero=1), source.kind)


def _concat(w: Writer, node: Concat) -> Value:
    parts = [w.full(arg, node.kind) for arg in node.args]
    return Value(w.op("Concat", *parts, axis=node.axis), node.kind)


# --- loops ----------------------------------------------------------------------------------------


def _write_loop(w: Writer, loop: Loop) -> None:
    """A Scan: states, entries of sequences, and what is recorded at every step."""
    scan, body, operand = loop.scan, loop.scan.body, loop.scan.operand_of()
    starts = [w.full(operand[place], place.kind) for place in body.states]
    sequences = [w.full(operand[place], place.kind) for place in body.sequences]
    counter = [] if sequences else [w.span(scan.length)]
    constants = {place: w.env[operand[place]] for place in body.constants}
    fixed = {p: Value(w.full(operand[p], p.kind), p.kind) for p in constants}
    around = w.inside()
    w.env.update(fixed)
    inputs = []
    for place in (*body.states, *body.sequences):
        name = w.name("step")
        w.env[place] = Value(name, place.kind)
        inputs.append(w.declared(name, place.kind, place.shape))
    if counter:
        inputs.append(w.declared(w.name("time"), "integer", ()))
    write_block(w, loop.block)
    results = [*zip(body.nexts, body.states, strict=True), *((one, one) for one in loop.traces)]
    outputs = []
    for made, like in results:
        name = w.op("Identity", w.full(made, like.kind))
        outputs.append(w.declared(name, like.kind, like.shape))
    graph = helper.make_graph(w.outside(around), w.name("body"), inputs, outputs)
    count, turn = len(sequences) + len(counter), int(scan.backwards)
    turns = {"scan_input_directions": [turn] * count}
    if loop.traces:
        turns["scan_output_directions"] = [turn] * len(loop.traces)
    inner = [*starts, *sequences, *counter]
    found = w.ops("Scan", inner, len(outputs), body=graph, num_scan_inputs=count, **turns)
    for number, projection in loop.finals.items():
        w.env[projection] = Value(found[number], projection.kind)
    for name, projection in zip(found[len(starts) :], loop.traces.values(), strict=True):
        w.env[projection] = Value(name, projection.kind)


_Emitter = Callable[[Writer, Any], Value]

#: How each primitive is written; loops are written by `write_block` itself.
_EMITTERS: dict[type[Node], _Emitter] = {
    Const: _const, Fill: _fill, Iota: _iota, Random: _random, Map: write_map, Einsum: _einsum,
    Reduce: _reduce, Reshape: _reshape, Concat: _concat, Pull: write_pull, Push: write_push,
    Inv: _linalg, Det: _linalg, LogDet: _linalg, Solve: _linalg,
}  # fmt: skip
