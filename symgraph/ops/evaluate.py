"""The reference meaning: every node evaluated once by its own NumPy formula."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import sympy

from symgraph.errors import UnknownNameError, UnsupportedError
from symgraph.node import Node, describe
from symgraph.ops.leaves import Var
from symgraph.shapes import shape_text

__all__ = ["entries", "evaluate_nodes"]

#: How many operations the formulas of one node may have, written out as trees, and how deep.
OPERATIONS, DEPTH = 50_000, 150


def evaluate_nodes(
    roots: Sequence[Node], values: Mapping[Node, Any], dims: Mapping[sympy.Symbol, int]
) -> dict[Node, Any]:
    """The value of every node that the roots are made of.

    `values` gives the variables (any other node given is taken as it is); `dims` the sizes.
    Raises UnknownNameError for a variable without a value.
    """
    found: dict[Node, Any] = dict(values)
    for node in _missing(roots, values):
        if isinstance(node, Var):
            raise UnknownNameError(
                f"variable {node.name!r} has no value; give one by name, for example "
                f"{{{node.name!r}: ...}}."
            )
        found[node] = node.evaluate(dims, *(found[arg] for arg in node.args))
    return found


def _missing(roots: Iterable[Node], given: Mapping[Node, Any]) -> list[Node]:
    """The nodes that lie between the given ones and the roots, operands before users."""
    seen: set[Node] = set()
    stack = list(roots)
    while stack:
        node = stack.pop()
        if node not in seen and node not in given:
            seen.add(node)
            stack.extend(node.args)
    return sorted(seen, key=lambda node: node.serial)


def entries(roots: Sequence[Node], leaves: Mapping[Node, Any]) -> dict[Node, Any]:
    """Every node as an object array of plain SymPy scalars, by the entry formulas.

    Leaves without an entry in `leaves` become indexed symbols.
    Raises UnsupportedError for a size that is no number, and when the formulas grow beyond what
    SymPy can handle: it sees a tree where the graph shares.
    """
    sizes = _TreeSizes()
    found: dict[Node, Any] = {
        node: np.asarray(value, dtype=object) for node, value in leaves.items()
    }
    for node in _missing(roots, leaves):
        if node.is_loop:
            continue
        table = np.empty(_fixed(node), dtype=object)

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
        sizes.check(node, table)
    return found


def _fixed(node: Node) -> tuple[int, ...]:
    if not all(isinstance(size, int) for size in node.shape):
        raise UnsupportedError(
            f"entries: {describe(node)} has the symbolic shape {shape_text(node.shape)}. "
            "Declare it with numbers as sizes."
        )
    return tuple(int(size) for size in node.shape)


class _TreeSizes:
    """How large and how deep formulas are as trees, each object counted once."""

    def __init__(self) -> None:
        self._known: dict[int, tuple[int, int]] = {}
        self._alive: list[Any] = []  # so that an id stays what it was

    def check(self, node: Node, table: Any) -> None:
        """Raise UnsupportedError when the formulas of a node are too large or too deep."""
        measured = [self._measure(formula) for formula in table.flat]
        size = sum(size for size, _ in measured)
        depth = max((depth for _, depth in measured), default=0)
        if size > OPERATIONS or depth > DEPTH:
            raise UnsupportedError(
                f"entries: written out for SymPy, {describe(node)} has {size} operations, nested "
                f"{depth} deep; at most {OPERATIONS} and {DEPTH} are written. "
                "Use smaller sizes or a part of the graph."
            )

    def _measure(self, formula: Any) -> tuple[int, int]:
        known = self._known
        stack = [formula]
        while stack:
            part = stack[-1]
            parts = getattr(part, "args", ())
            missing = [p for p in parts if id(p) not in known]
            if missing:
                stack.extend(missing)
                continue
            stack.pop()
            below = [known[id(p)] for p in parts]
            size = 1 + sum(size for size, _ in below)
            known[id(part)] = (size, 1 + max((depth for _, depth in below), default=0))
            self._alive.append(part)
        return known[id(formula)]
