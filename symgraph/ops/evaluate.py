"""The reference meaning: every node evaluated once by its own NumPy formula."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import sympy

from symgraph.errors import UnknownNameError
from symgraph.node import Node, topological
from symgraph.ops.leaves import Var

__all__ = ["entries", "evaluate_nodes"]


def evaluate_nodes(
    roots: Sequence[Node], values: Mapping[Node, Any], dims: Mapping[sympy.Symbol, int]
) -> dict[Node, Any]:
    """The value of every node that the roots are made of.

    `values` gives the variables (any other node given is taken as it is); `dims` the sizes.
    Raises UnknownNameError for a variable without a value.
    """
    found: dict[Node, Any] = dict(values)
    for node in topological(roots):
        if node in found:
            continue
        if isinstance(node, Var):
            raise UnknownNameError(
                f"variable {node.name!r} has no value; give one by name, for example "
                f"{{{node.name!r}: ...}}."
            )
        found[node] = node.evaluate(dims, *(found[arg] for arg in node.args))
    return found


def entries(roots: Sequence[Node], leaves: Mapping[Node, Any]) -> dict[Node, Any]:
    """Every node as an object array of plain SymPy scalars, by the entry formulas.

    All sizes must be numbers. Leaves without an entry in `leaves` become indexed symbols.
    """
    found: dict[Node, Any] = {
        node: np.asarray(value, dtype=object) for node, value in leaves.items()
    }
    for node in topological(roots):
        if node in found or node.is_loop:
            continue
        table = np.empty(tuple(int(size) for size in node.shape), dtype=object)

        def read(k: int, index: Sequence[Any], node: Node = node) -> Any:
            return found[node.args[k]][tuple(int(i) for i in index)]

        if node.is_projection:
            tables = [found[arg] for arg in node.args[0].args]
            table[...] = node.unrolled_entries(tables.__getitem__)
        else:
            for index in itertools.product(*(range(n) for n in table.shape)):
                place = tuple(sympy.Integer(i) for i in index)
                table[index] = node.entry(place, read)
        found[node] = table
    return found
