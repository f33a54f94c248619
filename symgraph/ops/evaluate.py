"""The reference meaning: every node evaluated once by its own NumPy formula."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import sympy

from symgraph.errors import UnknownNameError, UnsupportedError
from symgraph.node import Node
from symgraph.ops.leaves import Var
from symgraph.printing import describe
from symgraph.shapes import shape_text
from symgraph.walks import topological

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
    return topological(roots, given)


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
        budget = _Budget(node, sizes)
        for index, formula in _formulas(node, found, table.shape):
            table[index] = formula
            budget.spend(formula)
        found[node] = table
    return found


def _formulas(
    node: Node, found: Mapping[Node, Any], shape: tuple[int, ...]
) -> Iterator[tuple[tuple[int, ...], Any]]:
    """The entries of a node one by one, each with its index."""
    if node.is_projection:
        tables = [found[arg] for arg in node.args[0].args]
        unrolled = np.asarray(node.unrolled_entries(tables.__getitem__), dtype=object)
        yield from ((index, unrolled[index]) for index in np.ndindex(shape))
        return

    def read(k: int, index: Sequence[Any]) -> Any:
        return found[node.args[k]][tuple(int(i) for i in index)]

    for index in np.ndindex(shape):
        yield index, node.entry(tuple(sympy.Integer(i) for i in index), read)


def _fixed(node: Node) -> tuple[int, ...]:
    if not all(isinstance(size, int) for size in node.shape):
        raise UnsupportedError(
            f"entries: {describe(node)} has the symbolic shape {shape_text(node.shape)}. "
            "Declare it with numbers as sizes."
        )
    shape = tuple(int(size) for size in node.shape)
    if math.prod(shape) > OPERATIONS:
        raise UnsupportedError(
            f"entries: {describe(node)} has the shape {shape_text(shape)}; at most {OPERATIONS} "
            "entries are written out for SymPy. Use smaller sizes."
        )
    return shape


class _Budget:
    """What the formulas of one node may come to."""

    def __init__(self, node: Node, sizes: _TreeSizes) -> None:
        self._node = node
        self._sizes = sizes
        self._spent = 0

    def spend(self, formula: Any) -> None:
        """Raise UnsupportedError when the formulas so far are too large, or this one too deep."""
        size, depth = self._sizes.of(formula)
        self._spent += size
        if self._spent > OPERATIONS or depth > DEPTH:
            raise UnsupportedError(
                f"entries: written out for SymPy, {describe(self._node)} has {self._spent} or more "
                f"operations, nested {depth} deep; at most {OPERATIONS} and {DEPTH} are written. "
                "Use smaller sizes or a part of the graph."
            )


class _TreeSizes:
    """How large and how deep formulas are as trees; what they share is measured once."""

    def __init__(self) -> None:
        self._known: dict[int, tuple[int, int]] = {}
        self._alive: list[Any] = []  # so that an id stays what it was

    def of(self, formula: Any) -> tuple[int, int]:
        """The number of operations and the depth."""
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
