"""Lookups: which integers of the data choose entries of what, and whether they are inside."""

from __future__ import annotations

import operator
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
import sympy
from numpy.typing import NDArray

from symgraph.errors import RangeError
from symgraph.node import Node
from symgraph.ops.evaluate import evaluate_nodes
from symgraph.ops.leaves import Var
from symgraph.ops.let import Let
from symgraph.ops.loop import Scan, Trace
from symgraph.ops.move import Pull, Push
from symgraph.ops.rows import Lookup
from symgraph.shapes import Dim, bind_dim, dim_symbols
from symgraph.walks import topological, variables

__all__ = ["Lookups", "check_lookups", "find_lookups", "tables"]

#: Integer nodes made of integer inputs alone, each with the size of the axis that it reads.
Lookups: TypeAlias = tuple[tuple[Node, Dim], ...]


def find_lookups(roots: Sequence[Node]) -> Lookups:
    """What the data must satisfy for every lookup to stay inside its axis.

    Lookups inside loops count when they read an entry of a sequence directly.
    """
    found: dict[tuple[Node, Dim], None] = {}
    for node, outer in _moves(roots):
        source = node.args[0] if isinstance(node, Pull) else node
        for row, size in zip(node.rows, source.shape, strict=True):
            if isinstance(row, Lookup):
                index = node.args[row.operand]
                found[outer.get(index, index), size] = None
    return tuple(pair for pair in found if _from_data(pair[0]))


def tables(roots: Sequence[Node]) -> set[Node]:
    """The variables that a lookup reads: a step touches few of their entries."""
    found: set[Node] = set()
    for node, outer in _moves(roots):
        source = node.args[0]
        while isinstance(source, Let):
            source = source.args[0]
        if any(isinstance(row, Lookup) for row in node.rows):
            found.add(outer.get(source, source))
    return {node for node in found if isinstance(node, Var)}


def _moves(roots: Sequence[Node]) -> Iterator[tuple[Pull | Push, Mapping[Node, Node]]]:
    """Every Pull and Push, inside loops too, where operands stand for the local variables."""
    stack: list[tuple[list[Node], dict[Node, Node]]] = [(list(roots), {})]
    while stack:
        nodes, outer = stack.pop()
        for node in topological(nodes):
            scan = node.args[0] if isinstance(node, Trace) else node
            if isinstance(scan, Scan):
                operands = {k: outer.get(v, v) for k, v in scan.operand_of().items()}
                inside = [node.inner] if isinstance(node, Trace) else [*scan.body.nexts]
                stack.append((inside, operands))
            elif isinstance(node, Pull | Push):
                yield node, outer


def _from_data(index: Node) -> bool:
    leaves = variables([index])
    return bool(leaves) and all(
        isinstance(leaf, Var) and leaf.role == "input" and leaf.kind != "real" for leaf in leaves
    )


def check_lookups(
    where: str,
    lookups: Lookups,
    arrays: Mapping[Var, NDArray[Any]],
    dims: Mapping[sympy.Symbol, int],
    beyond: tuple[sympy.Symbol | None, int] = (None, 0),
) -> None:
    """Raise RangeError for the first integer outside its axis; `where` begins the message.

    `beyond` names a size of which only later entries are given, and how many are left out.
    """
    given = [
        (index, bind_dim(size, dims))
        for index, size in lookups
        if all(leaf in arrays for leaf in variables([index])) and dim_symbols([size]) <= dims.keys()
    ]
    found = evaluate_nodes([index for index, _ in given], dict(arrays), dims)
    for index, size in given:
        value = np.asarray(found[index])
        outside = (value < 0) | (value >= size)
        if not outside.any():
            continue
        place = tuple(int(i) for i in np.argwhere(outside)[0])
        shifts = (beyond[1] * (of == beyond[0]) for of in index.shape)
        first = tuple(map(operator.add, place, shifts))
        what = f"the data of {index.name!r} hold" if isinstance(index, Var) else f"{index} is"
        raise RangeError(
            f"{where}: {what} {int(value[place])} at {first}, and it chooses one of {size} "
            f"entries. Give integers from 0 to {size - 1}."
        )
