"""Sums of entries put into slices of zeros: one operand behind the other, without the zeros.

The cotangent of a value that is read slice by slice is such a sum. Where its parts are recorded in
one loop over time, the sum is recorded there. A pass for targets that write loops over entries.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from symgraph.codegen.basic import basic, op_of
from symgraph.codegen.passes import Rewritten, rebuilt, rewrite
from symgraph.node import Kind, Node
from symgraph.ops.concat import concat_node
from symgraph.ops.leaves import fill
from symgraph.ops.loop import Trace
from symgraph.ops.map import Map
from symgraph.ops.move import Push
from symgraph.ops.rows import Affine, identity_row
from symgraph.shapes import Shape

__all__ = ["join_slices"]


class _Piece(NamedTuple):
    """Entries from `start` up to `end` of an axis; None for zeros."""

    start: int
    end: int
    value: Node | None


class _Pieces(NamedTuple):
    axis: int
    parts: tuple[_Piece, ...]


def join_slices(roots: Sequence[Node]) -> Rewritten:
    """Every sum of Pushes into slices of one axis as a Concat."""
    known: dict[Node, _Pieces] = {}

    def visit(node: Node, args: tuple[Node, ...]) -> Node:
        made = rebuilt(node, args)
        if isinstance(made, Push):
            found = _slice(made)
            if found is not None:
                known[made] = found
        if op_of(made) != "add" or made._args[0].shape != made._args[1].shape:
            return made
        if all(arg in known for arg in made._args):
            joint = _added(*[known[arg] for arg in made._args])
            return _noted(_whole(made.shape, made.kind, joint), joint) if joint else made
        records = [_recorded(arg, known) for arg in made._args]
        loops = {record and record[0] for record in records}
        if len(loops) > 1 or None in loops:
            return made
        joint = _added(*[record[1] for record in records if record])
        if joint is None:
            return made
        inner = _noted(_whole(made.shape[1:], made.kind, joint), joint)
        return Trace.rebuild((inner,), tuple(loop for loop in loops if loop))

    def _noted(whole: Node, pieces: _Pieces) -> Node:
        known[whole] = pieces
        return whole

    return rewrite(roots, visit, {Map, Push})


def _recorded(node: Node, known: Mapping[Node, _Pieces]) -> tuple[Node, _Pieces] | None:
    """The loop in which the node is recorded, and its pieces at every step."""
    if type(node) is Trace:
        pieces = known.get(node.inner)
        return (node._args[0], pieces) if pieces is not None else None
    pieces = known.get(node)
    if pieces is None or pieces.axis == 0:
        return None
    loop: Node | None = None
    parts: list[_Piece] = []
    for part in pieces.parts:
        if part.value is None:
            parts.append(part)
            continue
        if type(part.value) is not Trace or loop not in (None, part.value._args[0]):
            return None
        loop = part.value._args[0]
        parts.append(part._replace(value=part.value.inner))
    return (loop, _Pieces(pieces.axis - 1, tuple(parts))) if loop is not None else None


def _slice(node: Push) -> _Pieces | None:
    """The pieces of a Push that moves entries along one axis only."""
    moved = [
        axis for axis, row in enumerate(node.rows)
        if row != identity_row(axis) or node.shape[axis] != node._args[0].shape[axis]
    ]  # fmt: skip
    if len(node._args) > 1 or len(moved) != 1 or node.ndim != node._args[0].ndim:
        return None
    (axis,) = moved
    row, size, length = node.rows[axis], node.shape[axis], node._args[0].shape[axis]
    if not isinstance(row, Affine) or row.steps != ((axis, 1),):
        return None
    start = row.offset
    if not isinstance(start, int) or not isinstance(size, int) or not isinstance(length, int):
        return None
    if start < 0 or start + length > size:
        return None
    parts = (
        _Piece(0, start, None),
        _Piece(start, start + length, node._args[0]),
        _Piece(start + length, size, None),
    )
    return _Pieces(axis, tuple(part for part in parts if part.start < part.end))


def _added(left: _Pieces, right: _Pieces) -> _Pieces | None:
    """The sum, piece by piece; None where pieces overlap in part."""
    if left.axis != right.axis:
        return None
    cuts = sorted({p.start for p in (*left.parts, *right.parts)} | {left.parts[-1].end})
    parts: list[_Piece] = []
    for start, end in itertools.pairwise(cuts):
        values: list[Node] = []
        for part in (*left.parts, *right.parts):
            if part.start <= start and end <= part.end and part.value is not None:
                if (part.start, part.end) != (start, end):
                    return None
                values.append(part.value)
        total = None if not values else values[0]
        for value in values[1:]:
            assert total is not None
            total = basic("add", total, value)
        parts.append(_Piece(start, end, total))
    return _Pieces(left.axis, tuple(parts))


def _whole(like: Shape, kind: Kind, pieces: _Pieces) -> Node:
    """The pieces as one node."""

    def part(piece: _Piece) -> Node:
        if piece.value is not None:
            return piece.value
        shape = list(like)
        shape[pieces.axis] = piece.end - piece.start
        return fill(0.0 if kind == "real" else 0, tuple(shape), kind)

    return concat_node([part(piece) for piece in pieces.parts], pieces.axis)
