"""Sums of rows that are looked up, such as the mean of some word vectors, in one go.

The rows are added up where they lie: no array of all of them is made.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence

from symgraph.codegen.native.moves import check_positions
from symgraph.codegen.native.writer import CWriter
from symgraph.codegen.strided import entry, spread
from symgraph.node import Node
from symgraph.ops.einsum import Einsum
from symgraph.ops.move import Pull
from symgraph.ops.rows import Lookup, identity_row

__all__ = ["emit_gathered_sum", "gathered_sums"]

_MOST = 16  # rows that are written as one sum


def gathered_sums(steps: Sequence[Node], uses: Mapping[Node, int]) -> dict[Node, Pull]:
    """The sums over few looked-up rows, each with the rows, which nothing else reads."""
    found: dict[Node, Pull] = {}
    for node in steps:
        if not isinstance(node, Einsum) or len(node.args) != 1 or node.kind != "real":
            continue
        pull, ins = node.args[0], node.ins[0]
        summed = [i for i in ins if i not in node.out]
        ordered = summed and node.out == tuple(i for i in ins if i not in summed)
        if not ordered or not isinstance(pull, Pull) or uses[pull] != 1:
            continue
        count = _looked_up(pull)
        sizes = [pull.shape[ins.index(i)] for i in summed]
        known = [size for size in sizes if isinstance(size, int)]
        few = len(known) == len(sizes) and 0 < math.prod(known) <= _MOST
        if few and all(ins.index(i) < count for i in summed) and pull.ndim > count:
            found[node] = pull
    return found


def _looked_up(node: Pull) -> int:
    """How many axes of the result come from one lookup on the first axis, others copied; or 0."""
    if not node.rows or not isinstance(node.rows[0], Lookup) or node.kind != "real":
        return 0
    count = len(node.rows[0].axes)
    straight = node.rows[0].axes == tuple(range(count))
    rest = [identity_row(count + k) for k in range(len(node.rows) - 1)]
    same = node.shape[count:] == node.args[0].shape[1:]
    return count if straight and same and list(node.rows[1:]) == rest else 0


def emit_gathered_sum(w: CWriter, node: Node, pull: Pull, note: str) -> bool:
    """A sum of looked-up rows; False where the table is a number or no reals."""
    assert isinstance(node, Einsum)
    table, row = w.value(pull.args[0]), pull.rows[0]
    assert isinstance(row, Lookup)
    if table.strides is None or table.storage != "real":
        return False
    check_positions(w, pull, table.shape, pull.shape)
    index, out = w.value(pull.args[row.operand]), w.result(node, "real")
    steps, count = spread(index, index.shape), len(row.axes)
    kept = [axis for axis in range(count) if node.ins[0][axis] in node.out]
    summed = [axis for axis in range(count) if axis not in kept]
    strides = out.strides or ()
    with w.unit(), w.indices([pull.shape[axis] for axis in kept], independent=False) as names:
        rows: list[str] = []
        for place in itertools.product(*(range(int(pull.shape[axis])) for axis in summed)):
            terms = [(name, steps[axis]) for name, axis in zip(names, kept, strict=True)]
            terms += [(str(p), steps[a]) for p, a in zip(place, summed, strict=True) if p]
            rows.append(w.name("r"))
            w.say(f"const i64 {rows[-1]} = {entry(index, w.position(terms))};")
        tails = [strides[len(kept) :], table.strides[1:]]
        with w.nest(pull.shape[count:], tails) as (to, read):
            lead = w.position(list(zip(names, strides, strict=False)))
            there = entry(out, _joined(lead, to))
            reads = [entry(table, _joined(w.term(r, table.strides[0]), read)) for r in rows]
            w.say(f"{there} = {' + '.join(reads)};", note)
    w.env[node] = out
    return True


def _joined(*parts: str) -> str:
    return " + ".join(part for part in parts if part)
