"""Kronecker products, which the graph computes as A[i, j] X[k, l] laid out in blocks."""

from __future__ import annotations

from collections.abc import Mapping

from symgraph.node import Node
from symgraph.notation.algebra import Algebra
from symgraph.notation.contraction import contraction
from symgraph.notation.parts import split
from symgraph.notation.tree import Call, Formula, Identity
from symgraph.ops import Einsum, Reshape

__all__ = ["is_blocks", "kronecker"]


def is_blocks(node: Node) -> bool:
    """Whether a node holds A[i, j] X[k, l] with the axes i, k, j, l."""
    if not isinstance(node, Einsum) or node.ndim != 4 or len(node.args) != 2:
        return False
    (a, b), out = node.ins, node.out
    return len(a) == len(b) == 2 and out == (a[0], b[0], a[1], b[1]) and len(set(out)) == 4


def kronecker(node: Node, known: Mapping[Node, Formula], algebra: Algebra) -> Formula | None:
    """A ⊗ X, or the product of matrices with its blocks; None for other nodes."""
    if is_blocks(node):
        sides = tuple(known[arg] for arg in node.args)
        plain = any(side.sort == "scalar" for side in sides)
        return algebra.product(sides) if plain else Call("kron", sides, "matrix")
    if isinstance(node, Reshape) and node.ndim == 2 and is_blocks(node.args[0]):
        inner = node.args[0].shape
        if node.shape == (inner[0] * inner[1], inner[2] * inner[3]):
            return known[node.args[0]]
    if isinstance(node, Einsum) and node.ndim <= 2:
        return _with_blocks(node, known, algebra)
    return None


def _with_blocks(node: Einsum, known: Mapping[Node, Formula], algebra: Algebra) -> Formula | None:
    """Sums of products with the blocks of c I or of P ⊗ Q, which are c I[i, j] I[k, l]."""
    xs: list[Formula] = []
    ins: list[tuple[int, ...]] = []
    same: dict[int, int] = {}
    found = False
    for arg, indices in zip(node.args, node.ins, strict=True):
        if len(indices) <= 2:
            xs.append(known[arg])
            ins.append(indices)
            continue
        pair = _blocks_of(arg, known, algebra)
        if pair is None or len(indices) != 4:
            return None
        found = True
        number, left, right = pair
        xs.append(number)
        ins.append(())
        for one, places in ((left, indices[::2]), (right, indices[1::2])):
            if isinstance(one, Identity) and one.length == 1:
                continue
            if isinstance(one, Identity) and not set(places) <= set(node.out):
                same[max(places)] = min(places)
            else:
                xs.append(one)
                ins.append(places)
    if not found:
        return None
    out = node.out
    if same:
        kept = {index: same.get(index, index) for index in node.sizes()}
        ins = [tuple(kept[i] for i in indices) for indices in ins]
        out = tuple(kept[i] for i in out)
    return contraction(xs, ins, out, node.sizes(), algebra)


def _blocks_of(
    node: Node, known: Mapping[Node, Formula], algebra: Algebra
) -> tuple[Formula, Formula, Formula] | None:
    """A number and the two factors of a Kronecker product that is laid out in four axes."""
    if not isinstance(node, Reshape) or node.ndim != 4 or node.args[0].ndim != 2:
        return None
    parts = split(known[node.args[0]])
    if len(parts.core) != 1:
        return None
    (core,) = parts.core
    parts.core = []
    number = algebra.build(parts)
    rows, columns = node.shape[:2]
    if isinstance(core, Identity) and node.shape[2:] == (rows, columns):
        return number, Identity(rows), Identity(columns)
    if isinstance(core, Call) and core.head == "kron":
        return number, core.args[0], core.args[1]
    return None
