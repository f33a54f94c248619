"""Small nodes of every primitive, with values for their variables away from kinks and ties.

from primitive_samples import SAMPLES
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import sympy

import symgraph as sg
from symgraph.node import Node
from symgraph.ops import leaves
from symgraph.ops.body import local
from symgraph.ops.concat import concat_node
from symgraph.ops.einsum import einsum_node
from symgraph.ops.leaves import constant, fill, iota
from symgraph.ops.let import let_node
from symgraph.ops.linalg import det, inv, logdet, solve
from symgraph.ops.loop import final, make_scan, trace
from symgraph.ops.map import map_node
from symgraph.ops.move import pull, push
from symgraph.ops.reduce import reduce_node
from symgraph.ops.reshape import reshape_node
from symgraph.ops.rows import Affine, Lookup, identity_row
from symgraph.scalar import functions, slot
from symgraph.template import template


class Sample(NamedTuple):
    """A node, values of its variables, and whether its entries say what its derivative is."""

    title: str
    node: Node
    values: dict[Node, np.ndarray]
    is_differentiable: bool = True


_generator = np.random.default_rng(11)
_values: dict[Node, np.ndarray] = {}
_SIZES = {"N": 2, "T": 3}


def _real(name: str, *shape: Any) -> Node:
    """A real variable with values between 0.3 and 1.7 of either sign, no two alike."""
    node = sg.input(name, shape)
    sizes = tuple(_SIZES.get(size, size) for size in shape)
    signs = _generator.choice([-1.0, 1.0], size=sizes)
    _values[node] = np.asarray(signs * _generator.uniform(0.3, 1.7, size=sizes))
    return node


def _given(name: str, array: Any) -> Node:
    """A variable with exactly these values."""
    values = np.asarray(array)
    kind = {"f": "real", "i": "integer", "b": "boolean"}[values.dtype.kind]
    node = sg.input(name, values.shape, kind=kind)
    _values[node] = values
    return node


def _sample(title: str, node: Node, is_differentiable: bool = True) -> Sample:
    inside = node.free_symbols
    if node.is_projection:
        inside = {v for arg in node.args[0].args for v in arg.free_symbols}
    if node.is_loop:
        inside = {v for arg in node.args for v in arg.free_symbols}
    values = {v: _values[v] for v in inside if v in _values}
    return Sample(title, node, values, is_differentiable)


x, y, z = _real("x", 2, 3), _real("y", 3), _real("z")
u, v, w = _real("u", 2, 2), _real("v", 3, 2), _real("w", 2, 1)
a, b = _real("a", 3), _real("b", 2)
t = _real("t", 2, 2, 2)
xN = _real("xN", "N", 3)
i = _given("i", np.array([2, 0, 1, 2]))
j = _given("j", np.array([[1, 0], [2, 2]]))
n = _given("n", np.array(5))
m = _given("m", np.array([[True, False, True], [False, True, True]]))
key = _given("key", np.array(17))
zeros = _given("zeros", np.array([[1.5, 0.0, -2.0], [0.0, 0.0, 0.7]]))
regular = _given("A", np.array([[2.0, -0.5], [0.75, -1.5]]))
stacked = _given("AA", np.array([[[1.0, 0.25], [-0.5, 2.0]], [[-2.0, 0.5], [1.5, 0.75]]]))

_X, _Y, _Z = slot(0), slot(1), slot(2)


def _map(expr: Any, *args: Node) -> Node:
    return map_node(template(sympy.sympify(expr), len(args)), args)


def _einsum(rule: str, *args: Node, **sizes: Any) -> Node:
    before, after = rule.split("->")
    ins = [tuple(map(ord, word)) for word in before.split(",")]
    return einsum_node(ins, tuple(map(ord, after)), {ord(k): s for k, s in sizes.items()}, args)


def _line(offset: int, step: int, axis: int = 0) -> Affine:
    return Affine(offset, ((axis, step),))


def _scan(
    states: Sequence[Node], sequences: Sequence[Node], constants: Sequence[Node], step: Any,
    length: Any, backwards: bool = False,
) -> tuple[Node, list[Node], list[Node]]:  # fmt: skip
    """The loop, its inner values after renaming: next states, then whatever `step` adds."""
    inside = [
        [local(arg, f"s{k}") for k, arg in enumerate(states)],
        [local(arg, f"q{k}", 1) for k, arg in enumerate(sequences)],
        [local(arg, f"c{k}") for k, arg in enumerate(constants)],
    ]
    nexts, inner = step(*inside)
    pairs = [list(zip(*group, strict=True)) for group in zip(
        inside, (states, sequences, constants), strict=True
    )]  # fmt: skip
    scan, rename = make_scan(pairs[0], pairs[1], pairs[2], nexts, length, backwards)
    return scan, [rename(s) for s in inside[0]], [rename(node) for node in (*nexts, *inner)]


def _rnn(s: Any, q: Any, c: Any) -> Any:
    net = q[0] + c[0] @ s[0]
    return [sg.tanh(net)], [net * s[0]]


def _two_states(s: Any, q: Any, c: Any) -> Any:
    gate = sg.sigmoid(q[0] * s[0] + q[1])
    cell = gate * s[1] + c[0] * s[0]
    return [sg.tanh(cell), cell], [gate]


def _counted(s: Any, q: Any, c: Any) -> Any:
    """An integer state that counts, and a mask that holds the real one."""
    return [sg.where(q[1], s[0] * q[0], s[0]), s[1] + 1], [s[0] * s[1]]


def _nested(s: Any, q: Any, c: Any) -> Any:
    loop, _, inner = _scan(
        [s[0]], [q[0]], [c[0]], lambda p, r, k: ([sg.sin(p[0] * r[0]) + k[0]], []), 2
    )
    return [final(loop, 0) + sg.sum(trace(loop, inner[0]))], []


rows2 = _real("rows2", 2, 2)
rows3, more3 = _real("rows3", 3, 2), _real("more3", 3, 2)
line3 = _real("line3", 3)
rowsT = _real("rowsT", "T", 2)
held = _given("held", np.array([True, False, True]))
table3 = _real("table3", 3, 2)

_LOOPS: dict[str, tuple[Node, list[Node], list[Node]]] = {
    "one state": _scan([b], [rows3], [u], _rnn, 3),
    "backwards": _scan([b], [rows3], [u], _rnn, 3, True),
    "one step": _scan([b], [reshape_node(b, (1, 2))], [u], _rnn, 1),
    "two states and sequences": _scan([b, _real("b2", 2)], [rows3, more3], [z], _two_states, 3),
    "two states backwards": _scan(
        [b, _real("b3", 2)], [rows2, _real("r2", 2, 2)], [z], _two_states, 2, True
    ),
    "a mask and an integer state": _scan([z, n], [line3, held], [], _counted, 3),
    "no constant, no sequence": _scan(
        [z], [], [], lambda s, q, c: ([sg.sin(s[0]) * s[0]], [s[0] + 1]), 3
    ),
    "a state nobody needs": _scan(
        [z, a], [line3], [], lambda s, q, c: ([s[0] * q[0], s[1]], [q[0] ** 2]), 3
    ),
    "exchanged states": _scan(
        [z, _real("z2")], [], [], lambda s, q, c: ([s[1], s[0] * s[1]], []), 3
    ),
    "a loop inside": _scan([z], [table3], [z], _nested, 3),
    "a symbolic length": _scan([b], [rowsT], [u], _rnn, sg.input("rowsT", ("T", 2)).shape[0]),
}

SAMPLES: dict[str, list[Sample]] = {
    "Var": [_sample("matrix", x), _sample("scalar", z), _sample("integer", i), _sample("N", xN)],
    "Const": [
        _sample("real", constant(np.array([[1.5, -2.0], [0.0, 3.25]]))),
        _sample("integer", constant(np.array([3, -1, 7]))),
        _sample("boolean", constant(np.array([True, False]))),
        _sample("large", constant(np.arange(12.0).reshape(3, 4))),
    ],
    "Fill": [
        _sample("float", fill(2.5, (2,))),
        _sample("integer", fill(-3)),
        _sample("fraction", fill(sympy.Rational(-2, 3), (2, 2))),
        _sample("boolean", fill(True, (2,))),
        _sample("pi", fill(sympy.pi)),
        _sample("size", fill(xN.shape[0] * 2 - 1, xN.shape)),
    ],
    "Iota": [_sample("three", iota(3)), _sample("one", iota(1))],
    "Random": [
        _sample("normal", leaves.random("normal", key, 3, (2, 3)), False),
        _sample("uniform", leaves.random("uniform", key, 0, ()), False),
        _sample("bits", leaves.random("bits", key, 1, (4,)), False),
        _sample("later", leaves.random("uniform", key, 1, (2, 3), fill(5)), False),
    ],
    "Map": [
        _sample("product", _map(_X * _Y, x, x * 2)),
        _sample("row broadcast", _map(_X * _Y - _X, x, y)),
        _sample("column by row", _map(_X / _Y, w, y)),
        _sample("scalar by matrix", _map(_X * sympy.exp(_Y), z, x)),
        _sample("one operand twice", _map(_X * _Y + _X, x, x)),
        _sample("three operands", _map(functions["where"](_X, _Y * _Z, sympy.sin(_Z)), m, x, y)),
        _sample("power", _map(_X**2 / 3 - 1 / _X, x)),
        _sample("integer operand", _map(_X * _Y, n, x)),
        _sample("comparison", _map(functions["less"](_X, _Y), x, y)),
        _sample("integer result", _map(_X**2 + 1, i)),
        _sample("logic", _map(functions["logical_not"](_X), m)),
        _sample("unused operand", _map(_X, x, y)),
        _sample("N", _map(_X * _Y, xN, y)),
    ],
    "Einsum": [
        _sample("matrix product", _einsum("ij,jk->ik", x, v)),
        _sample("transposed result", _einsum("ij,jk->ki", x, v)),
        _sample("both transposed", _einsum("ij,ki->jk", v, x)),
        _sample("matrix by vector", _einsum("ij,j->i", x, y)),
        _sample("vector by matrix", _einsum("i,ij->j", b, x)),
        _sample("dot", _einsum("i,i->", y, a)),
        _sample("outer", _einsum("i,j->ij", b, y)),
        _sample("outer with itself", _einsum("i,j->ij", b, b)),
        _sample("entrywise", _einsum("ij,ij->ij", x, _real("x2", 2, 3))),
        _sample("batched", _einsum("bij,bjk->bik", t, _real("t2", 2, 2, 2))),
        _sample("stack by matrix", _einsum("bij,jk->bik", t, u)),
        _sample("three operands", _einsum("ij,jk,k->i", x, v, b)),
        _sample("chain on one matrix", _einsum("ij,jk->ik", u, u)),
        _sample("transpose", _einsum("ij->ji", x)),
        _sample("axes exchanged", _einsum("ijk->jik", t)),
        _sample("sum", _einsum("ij->", x)),
        _sample("sum of rows", _einsum("ij->i", x)),
        _sample("sum of columns", _einsum("ij->j", x)),
        _sample("sum and transpose", _einsum("ijk->ki", t)),
        _sample("kept axis", _einsum("ij->ik", x, k=1)),
        _sample("repeated", _einsum("i->ki", y, k=2)),
        _sample("repeated behind", _einsum("i->ik", y, k=2)),
        _sample("scalar repeated", _einsum("->ij", z, i=2, j=3)),
        _sample("scalar factor", _einsum(",ij->ij", z, x)),
        _sample("diagonal", _einsum("ii->i", u)),
        _sample("trace", _einsum("ii->", u)),
        _sample("diagonal matrix", _einsum("i->ii", y)),
        _sample("identity matrix", _einsum("i->ii", fill(1, (2,), "real"))),
        _sample("diagonal of a product", _einsum("ij,ji->i", x, v)),
        _sample("diagonal three times", _einsum("i->iii", b)),
        _sample("diagonal in, diagonal out", _einsum("ii->ii", u)),
        _sample("integers", _einsum("i,i->", i, i)),
        _sample("booleans counted", _einsum("ij->j", m)),
        _sample("booleans moved", _einsum("ij->ji", m)),
        _sample("N", _einsum("ij,kj->ik", xN, x)),
    ],
    "Let": [
        _sample("named", let_node("h", sg.tanh(x))),
        _sample("stopped", let_node("h", x, True), False),
        _sample("stopped without name", let_node("", x, True), False),
    ],
    "Inv": [_sample("matrix", inv(regular)), _sample("stack", inv(stacked))],
    "Det": [_sample("matrix", det(regular)), _sample("stack", det(stacked))],
    "LogDet": [_sample("matrix", logdet(regular)), _sample("stack", logdet(stacked))],
    "Solve": [
        _sample("vector", solve(regular, b)),
        _sample("matrix", solve(regular, x)),
        _sample("stack", solve(stacked, t)),
        _sample("stack of vectors", solve(stacked, u)),
        _sample("by itself", solve(regular, regular * 2)),
    ],
    "Pull": [
        _sample("slice", pull(x, [identity_row(0), _line(1, 1, 1)], (2, 2))),
        _sample("every second", pull(y, [_line(0, 2)], (2,))),
        _sample("backwards", pull(y, [_line(2, -1)], (3,))),
        _sample("padded", pull(y, [_line(-1, 1)], (5,))),
        _sample("one entry", pull(x, [Affine(1, ()), identity_row(0)], (3,))),
        _sample("new axis", pull(y, [identity_row(1)], (2, 3))),
        _sample("axes exchanged", pull(x, [identity_row(1), identity_row(0)], (3, 2))),
        _sample("diagonal", pull(u, [identity_row(0), identity_row(0)], (2,))),
        _sample("windows", pull(y, [Affine(0, ((0, 1), (1, 1)))], (2, 2))),
        _sample("dilated", pull(y, [Affine(-1, ((0, 1), (1, 2)))], (3, 2))),
        _sample("rows by number", pull(v, [Lookup(1, (0,)), identity_row(1)], (4, 2), (i,))),
        _sample("a table of rows", pull(v, [Lookup(1, (0, 1)), identity_row(2)], (2, 2, 2), (j,))),
        _sample("turned numbers", pull(y, [Lookup(1, (1, 0))], (2, 2), (j,))),
        _sample("one entry a row", pull(u, [identity_row(0), Lookup(1, (0,))], (2,), (
            _given("pick", np.array([1, 0])),))),
        _sample("two lookups", pull(x, [Lookup(1, (0,)), Lookup(2, (0,))], (4,), (
            _given("row", np.array([0, 1, 1, 0])), i))),
        _sample("outside", pull(y, [_line(5, 1)], (2,))),
        _sample("booleans", pull(m, [identity_row(0), _line(1, 1, 1)], (2, 2))),
        _sample("N", pull(xN, [identity_row(0), _line(2, -1, 1)], (xN.shape[0], 3))),
    ],
    "Push": [
        _sample("slice", push(y, [_line(1, 1)], (5,))),
        _sample("every second", push(b, [_line(0, 2)], (3,))),
        _sample("cut", push(y, [_line(-1, 1)], (2,))),
        _sample("one row", push(y, [Affine(1, ()), identity_row(0)], (2, 3))),
        _sample("summed", push(x, [identity_row(1)], (3,))),
        _sample("to a scalar", push(y, [], ())),
        _sample("diagonal", push(b, [identity_row(0), identity_row(0)], (2, 2))),
        _sample("windows", push(u, [Affine(0, ((0, 1), (1, 1)))], (3,))),
        _sample("rows by number", push(_real("g", 4, 2), [Lookup(1, (0,)), identity_row(1)],
            (3, 2), (i,))),
        _sample("two lookups", push(_real("g4", 4), [Lookup(1, (0,)), Lookup(2, (0,))], (3, 3),
            (i, _given("col", np.array([0, 2, 2, 0]))))),
        _sample("integers", push(i, [identity_row(0)], (6,))),
        _sample("N", push(xN, [identity_row(0), _line(1, 1, 1)], (xN.shape[0], 5))),
    ],
    "Reshape": [
        _sample("flat", reshape_node(x, (6,))),
        _sample("other rows", reshape_node(x, (3, 2))),
        _sample("scalar to vector", reshape_node(z, (1,))),
        _sample("integers", reshape_node(i, (2, 2))),
        _sample("N", reshape_node(xN, (3 * xN.shape[0],))),
    ],
    "Concat": [
        _sample("vectors", concat_node([y, b, y], 0)),
        _sample("columns", concat_node([x, w], 1)),
        _sample("integer and real", concat_node([i, y], 0)),
        _sample("booleans", concat_node([m, m], 0)),
        _sample("N", concat_node([xN, x], 0)),
    ],
    "Scan": [_sample(title, loop) for title, (loop, _, _) in _LOOPS.items()],
    "Trace": [
        _sample(f"{title}, {place}", trace(loop, inner))
        for title, (loop, before, after) in _LOOPS.items()
        for place, inner in (
            ("state before", before[0]), ("state after", after[0]), ("inner", after[-1])
        )
    ],
    "Final": [
        _sample(f"{title}, state {k}", final(loop, k))
        for title, (loop, before, _) in _LOOPS.items()
        for k in range(len(before))
    ],
    "Reduce": [
        _sample(f"{operation} {title}", reduce_node(operation, given, axes))
        for operation in ("max", "argmax", "logsumexp", "prod")
        for title, given, axes in (
            ("of all", y, (0,)), ("of rows", x, (1,)), ("of columns", x, (0,)),
            ("of a matrix", x, (0, 1)), ("of outer axes", t, (0, 2)), ("of one", w, (1,)),
        )
    ] + [
        _sample("prod with zeros", reduce_node("prod", zeros, (1,))),
        _sample("prod of all with zeros", reduce_node("prod", zeros, (0, 1))),
        _sample("prod of integers", reduce_node("prod", i, (0,))),
        _sample("max of integers", reduce_node("max", j, (0,))),
        _sample("prod of booleans", reduce_node("prod", m, (1,))),
        _sample("max, N", reduce_node("max", xN, (1,))),
    ],
}  # fmt: skip
