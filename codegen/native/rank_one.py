"""Gradients of matrices by a batch of one: products of a column and a row, which stay factors.

Written out such a product takes long to store and to load beside what an optimizer does with it, so
for a sum of one term its buffer holds the two factors alone, and the loop that reads it multiplies
them. How many terms there are is known at run time: both forms stand in the text.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from symgraph.codegen.contraction import form_of, grouping
from symgraph.codegen.native.products import emit_product
from symgraph.codegen.native.sums import along
from symgraph.codegen.native.writer import CWriter, Factors
from symgraph.codegen.schedule import Block
from symgraph.node import Node
from symgraph.ops.einsum import Einsum
from symgraph.ops.map import Map
from symgraph.shapes import Dim

__all__ = ["emit_rank_one", "rank_one"]

_LEAST = 64  # entries of a row that are worth a loop of their own


class _Product(NamedTuple):
    """A product of two matrices that may have one term, and the loop that alone reads it."""

    terms: Dim
    group: int


def rank_one(
    block: Block, groups: Sequence[Sequence[Node]], orders: Mapping[Node, tuple[int, ...]]
) -> dict[Node, Dim]:
    """The products that one loop over entries reads and nothing else; how many terms each sums."""
    readers: dict[Node, list[int]] = {}
    for k, group in enumerate(groups):
        plain = all(type(node) is Map and node not in orders for node in group)
        for node in group:
            for arg in node.args:
                same = plain and arg.shape == node.shape
                readers.setdefault(arg, []).append(k if same else -1)
    found: dict[Node, _Product] = {}
    for node in block.steps:
        read = readers.get(node, [])
        alone = len(read) == block.uses[node] and len(set(read)) == 1 and read[0] >= 0
        terms = _terms(node) if alone and isinstance(node, Einsum) and node not in orders else 1
        if terms != 1:
            found[node] = _Product(terms, read[0])
    counts: dict[int, set[Dim]] = {}
    for each in found.values():
        counts.setdefault(each.group, set()).add(each.terms)
    return {node: each.terms for node, each in found.items() if len(counts[each.group]) == 1}


def _terms(node: Einsum) -> Dim:
    """The number of terms of a product of two matrices, where it may be one; else 1."""
    if form_of(node) != "product" or any(arg.kind != "real" for arg in node.args):
        return 1
    groups = grouping(node.ins[0], node.ins[1], node.out)
    if groups.lead or not len(groups.m) == len(groups.n) == len(groups.k) == 1:
        return 1
    rows, columns = node.shape
    known = isinstance(rows, int) and isinstance(columns, int)
    terms = node.sizes()[groups.k[0]]
    return terms if known and rows > 1 and columns >= _LEAST and not isinstance(terms, int) else 1


def emit_rank_one(w: CWriter, node: Node, terms: Dim, note: str) -> None:
    """The product, or its factors one behind the other where they are all of it."""
    assert isinstance(node, Einsum)
    rows, columns = node.shape
    if any(w.value(arg).strides is None or w.value(arg).storage != "real" for arg in node.args):
        emit_product(w, node, note)
        return
    out = w.destination[node] = w.room(node.shape, "real")
    column = w.view(out, (rows, 1), (1, 0))
    row = w.view(out, (columns,), (1,), w.size(rows))
    operands = [
        (w.value(arg), ins, index)
        for index in node.out
        for arg, ins in zip(node.args, node.ins, strict=True)
        if index in ins
    ]
    w.factors[node] = Factors(f"{w.size(terms)} == 1", column, row)
    with w.choice(w.factors[node].condition) as otherwise:
        for (value, ins, index), place in zip(operands, (column, row), strict=True):
            (stride,) = along(value, ins, (index,))
            with w.unit():
                w.say(
                    f"f->lib->copy2_{w.suffix}(1, {w.size(node.sizes()[index])}, "
                    f"{w.pointer(value)}, 0, {w.size(stride)}, {w.pointer(place)}, 0, 1);"
                )
        otherwise()
        emit_product(w, node, note)
    del w.destination[node]
