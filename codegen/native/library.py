"""Linear algebra on small matrices and random numbers by counter: calls of prebuilt routines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from symgraph.codegen.native.source import Site
from symgraph.codegen.native.writer import CWriter
from symgraph.codegen.strided import Value, entry
from symgraph.node import Node
from symgraph.ops.leaves import Random
from symgraph.ops.linalg import Inv, LogDet, Solve
from symgraph.shapes import product

__all__ = ["emit_linalg", "emit_random"]

_SINGULAR = Site(
    "NonFiniteError",
    "compiled program: a matrix that must be inverted is singular, column {0} has no pivot. Look "
    "at the data, or add a multiple of the identity to it.",
)
_KEY = Site("RangeError", "random: the key is {0}, it lies in 0..2**64-1. Give key % 2**64.")


def emit_linalg(w: CWriter, node: Node, note: str) -> None:
    """Inverse, determinant, log |determinant| or solution, for a stack of matrices."""
    values = [_real(w, w.value(arg)) for arg in node.args]
    told = w.result(node, "real")
    out = told if _is_plain(told) else w.room(node.shape, "real")
    matrix = node.args[0]
    lead, size = matrix.shape[:-2], matrix.shape[-1]
    scratch = w.room((product([size + 2]), size), "real", prefix="c")
    n = w.size(size)
    with w.unit(), w.indices(lead, independent=False) as names:
        pointers = [w.pointer(_one(w, value, names)) for value in (*values, out)]
        if not isinstance(node, (Inv, Solve)):
            _determinant(w, node, f"{n}, {pointers[0]}", _one(w, out, names), scratch.text, note)
        else:
            head = f"inv_{w.suffix}({n}" if isinstance(node, Inv) else f"solve_{w.suffix}({n}"
            if isinstance(node, Solve):
                head += f", {'1' if node.is_vector else w.size(node.shape[-1])}"
            zero = w.name("v")
            call = f"f->lib->{head}, {', '.join(pointers)}, {scratch.text})"
            w.say(f"const i64 {zero} = {call};", note)
            w.refuse(zero, _SINGULAR, [f"{zero} - 1"])
    w.env[node] = out


def _determinant(w: CWriter, node: Node, given: str, place: Value, scratch: str, note: str) -> None:
    sign, logarithm = w.name("v"), w.name("v")
    w.say(f"{w.real} {sign}, {logarithm};")
    w.say(f"f->lib->logdet_{w.suffix}({given}, &{sign}, &{logarithm}, {scratch});", note)
    if isinstance(node, LogDet):
        w.say(f"{entry(place, '')} = {logarithm};")
    else:
        w.say(f"{entry(place, '')} = {sign} * {w.function('exp')}({logarithm});")


def _real(w: CWriter, value: Value) -> Value:
    """The value as reals in row-major order."""
    if value.storage == "real":
        return w.plain(value)
    return w.copied(value, "real")


def _is_plain(value: Value) -> bool:
    return replace(value, offset="").is_plain


def _one(w: CWriter, value: Value, names: Sequence[str]) -> Value:
    """The entries at some indices of the first axes."""
    strides = value.strides or ()
    count = len(names)
    at = w.position(list(zip(names, strides[:count], strict=True)))
    return w.view(value, value.shape[count:], strides[count:], at)


def emit_random(w: CWriter, node: Node, note: str) -> None:
    """Entry e of a stream depends on the key, the stream and e alone."""
    assert isinstance(node, Random)
    distribution, stream, shape = node.params
    key = w.value(node.args[0])
    out = w.room(shape, "integer" if distribution == "bits" else "real")
    routine = "random_bits" if distribution == "bits" else f"random_{distribution}_{w.suffix}"
    start, size = entry(key, ""), w.size(product(shape))
    first = entry(w.value(node.args[1]), "") if len(node.args) > 1 else "0"
    with w.unit():
        call = f"f->lib->{routine}({start}, {stream}ull, {first}, {size}, {out.text})"
        w.refuse(call, _KEY, [start], note)
    w.env[node] = out
