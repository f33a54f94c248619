"""How much a node computes and how many bytes it moves."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

import sympy

from symgraph.codegen.basic import op_of
from symgraph.codegen.contraction import form_of
from symgraph.codegen.schedule import Block, Section
from symgraph.node import Kind, Node
from symgraph.ops.einsum import Einsum
from symgraph.ops.leaves import Const, Var
from symgraph.ops.linalg import Det, Inv, LogDet, Solve
from symgraph.ops.map import Map
from symgraph.ops.move import Push
from symgraph.ops.reduce import Reduce
from symgraph.shapes import bind_dim, bind_shape

__all__ = ["Done", "computed", "entry_bytes", "flops", "moved_bytes"]

Sizes = Mapping[sympy.Symbol, int]


class Done(NamedTuple):
    """A node that a program computes `times` times, in which part, in how many loops."""

    node: Node
    section: Section
    times: int
    depth: int


def computed(block: Block, sizes: Sizes) -> Iterator[Done]:
    """Every node that is computed, those inside of loops too, in order."""
    stack: list[tuple[Block, Section | None, int, int]] = [(block, None, 1, 0)]
    while stack:
        inner, around, times, depth = stack.pop()
        for node in inner.steps:
            section = around or inner.sections.get(node, "forward")
            if node.is_loop:
                length = bind_dim(node.params[1], sizes)
                stack.append((inner.loops[node].block, section, times * length, depth + 1))
            elif node.args and not node.is_projection:
                yield Done(node, section, times, depth)


def _entries(node: Node, sizes: Sizes) -> int:
    count = 1
    for size in bind_shape(node.shape, sizes):
        count *= size
    return count


def flops(node: Node, sizes: Sizes) -> int:
    """Operations on numbers: one an entry for a basic function, two for each term of a product."""
    if type(node) is Map:
        return 0 if op_of(node) == "iverson" else _entries(node, sizes)
    if isinstance(node, Einsum):
        return _einsum(node, sizes)
    if isinstance(node, (Reduce, Push)):
        return _entries(node.args[0], sizes)
    if isinstance(node, (Inv, Det, LogDet, Solve)):
        size = bind_dim(node.args[0].shape[-1], sizes)
        stack = _entries(node.args[0], sizes) // max(size * size, 1)
        columns = size if isinstance(node, Inv) else 0
        if isinstance(node, Solve):
            columns = _entries(node, sizes) // max(size * stack, 1)
        return stack * (2 * size**3 // 3 + 2 * size**2 * columns)
    return 0


def _einsum(node: Einsum, sizes: Sizes) -> int:
    form = form_of(node)
    if form in ("view", "embed"):
        return 0
    count = 2 if form == "product" else 1
    for size in node.sizes().values():
        count *= bind_dim(size, sizes)
    return count


def entry_bytes(kind: Kind, real: str) -> int:
    """The bytes of one entry."""
    return {"real": 8 if real == "float64" else 4, "integer": 8, "boolean": 1}[kind]


def moved_bytes(node: Node, sizes: Sizes, real: str) -> int:
    """What is read and written when a node is computed by itself."""
    arrays = [node, *(arg for arg in node.args if arg.args or isinstance(arg, (Var, Const)))]
    return sum(_entries(one, sizes) * entry_bytes(one.kind, real) for one in arrays)
