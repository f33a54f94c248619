"""Values while a formula is read: a node and how a vector stands."""

from __future__ import annotations

import math
from typing import NamedTuple

import sympy

from symgraph.build import contract, shaping
from symgraph.node import Node

__all__ = ["Value", "beside", "count_of", "ones_times", "times_ones"]


#: What the name of a size is counted as.
TYPICAL = 5


class Value(NamedTuple):
    """A node and how a vector stands.

    "row" (transposed), "line" (x W), "column" (X 𝟏, one entry for each row of a matrix), or "" (as
    it is).
    """

    node: Node
    stance: str = ""

    def without_column(self) -> Value:
        """In matrix products a column is a vector like any other."""
        return self._replace(stance="") if self.stance == "column" else self


def beside(x: Value, y: Value) -> tuple[Node, Node]:
    """Both for an operation entry by entry: beside a matrix a column stands upright."""
    return _upright(x, y), _upright(y, x)


def _upright(x: Value, y: Value) -> Node:
    upright = x.stance == "column" and x.node.ndim == 1 and y.node.ndim > 1
    return shaping.expand_dims(x.node, 1) if upright else x.node


def times_ones(x: Value, sign: str) -> Value | None:
    """X 𝟏, the sums of the rows; xᵀ 𝟏 and x·𝟏, the sum."""
    if x.node.ndim == 2:
        return Value(contract.sum(x.node, axis=1), "column")
    if x.node.ndim == 1 and (sign or x.stance in ("row", "line")):
        return Value(contract.sum(x.node))
    return None


def ones_times(x: Value) -> Value | None:
    """𝟏ᵀ X, the sums of the columns; 𝟏ᵀ x, the sum."""
    if x.node.ndim == 2:
        return Value(contract.sum(x.node, axis=0), "row")
    if x.node.ndim == 1 and x.stance in ("", "column"):
        return Value(contract.sum(x.node))
    return None


def count_of(node: Node) -> int:
    """How many entries an array has where the names of sizes are small numbers."""
    return math.prod(n if isinstance(n, int) else _typical(n) for n in node.shape)


def _typical(size: sympy.Expr) -> int:
    return int(abs(size.xreplace(dict.fromkeys(size.free_symbols, sympy.Integer(TYPICAL)))))
