"""Numbers, symbols, entries, and tables of expressions."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import sympy
from sympy.matrices.expressions.matexpr import MatrixElement
from sympy.tensor.array.ndim_array import NDimArray

from symgraph.build import indexing, making, shaping
from symgraph.lift.lifting import Lifting, Plan, leaf, parts_of, rule
from symgraph.node import Node
from symgraph.node_symbol import NodeSymbol
from symgraph.ops.leaves import constant, fill
from symgraph.shapes import as_dim, as_shape

__all__ = ["is_size_formula"]


@rule(sympy.Integer, sympy.Rational, sympy.Float, sympy.NumberSymbol)
def _number(expr: Any, lifting: Lifting) -> Plan:
    return leaf(fill(expr))


@rule(type(sympy.oo), type(-sympy.oo))
def _infinite(expr: Any, lifting: Lifting) -> Plan:
    return leaf(fill(math.inf if expr.is_extended_positive else -math.inf))


@rule(type(sympy.true), type(sympy.false))
def _truth(expr: Any, lifting: Lifting) -> Plan:
    return leaf(fill(bool(expr)))


@rule(NodeSymbol)
def _node(expr: Any, lifting: Lifting) -> Plan:
    return leaf(expr.node)


def _is_size(symbol: Any) -> bool:
    """Whether this is the symbol that shapes use for the size of its name."""
    return bool(symbol.is_Symbol and symbol.name.isidentifier() and symbol == as_dim(symbol.name))


def is_size_formula(expr: Any) -> bool:
    """Whether this is a short formula of sizes, such as N - 1."""
    parts = list(itertools.islice(parts_of(expr), 50)) if isinstance(expr, sympy.Expr) else []
    ends = [part for part in parts if not part.args]
    found = [end for end in ends if end.is_Symbol]
    return (
        0 < len(parts) < 50
        and bool(found)
        and all(map(_is_size, found))
        and all(end.is_Symbol or end.is_Rational for end in ends)
    )


@rule(sympy.Symbol)
def _symbol(expr: Any, lifting: Lifting) -> Plan:
    if _is_size(expr):
        return leaf(fill(expr))
    if expr.is_extended_real is False or not expr.is_commutative:
        raise lifting.refused(expr, "is not a real number", "Declare the symbol with real=True.")
    return leaf(lifting.variable(expr, "integer" if expr.is_integer else "real"))


@rule(sympy.IndexedBase)
def _indexed_base(expr: Any, lifting: Lifting) -> Plan:
    if expr.shape is None:
        raise lifting.refused(expr, "has no shape", "Give IndexedBase a shape=(...).")
    return leaf(lifting.variable(expr.label, "real", tuple(expr.shape)))


@rule(sympy.Idx)
def _index(expr: Any, lifting: Lifting) -> Plan:
    return leaf(lifting.variable(expr.label, "integer"))


@rule(sympy.Indexed)
def _indexed(expr: Any, lifting: Lifting) -> Plan:
    if expr.base.shape is None:
        raise lifting.refused(
            expr, "is an entry of something without shape", "Give IndexedBase a shape=(...)."
        )
    return _entry(expr.base, expr, expr.indices, lifting)


@rule(MatrixElement)
def _matrix_element(expr: Any, lifting: Lifting) -> Plan:
    matrix, *indices = expr.args
    return _entry(matrix, expr, indices, lifting)


def _entry(base: Any, expr: Any, indices: Sequence[Any], lifting: Lifting) -> Plan:
    """An entry at numbers, and at symbols that are whole numbers."""
    computed = [index for index in indices if not index.is_Integer]
    if not all(index.is_integer for index in computed):
        raise lifting.refused(
            expr,
            "has an index that is no whole number",
            "Declare the index with integer=True, or use sg.take or sg.pick.",
        )

    def build(node: Node, *places: Node) -> Node:
        rest = iter(places)
        key = [int(index) if index.is_Integer else next(rest) for index in indices]
        return indexing.getitem(node, tuple(key))

    return Plan((base, *computed), build)


@rule(sympy.MatrixSymbol)
def _matrix_symbol(expr: Any, lifting: Lifting) -> Plan:
    return leaf(lifting.variable(expr, "real", tuple(expr.shape)))


@rule(sympy.Identity)
def _identity(expr: Any, lifting: Lifting) -> Plan:
    return leaf(making.eye(as_dim(expr.rows, lifting.where)))


@rule(sympy.ZeroMatrix)
def _zeros(expr: Any, lifting: Lifting) -> Plan:
    return leaf(fill(0, as_shape(tuple(expr.shape), lifting.where), "real"))


@rule(sympy.OneMatrix)
def _ones(expr: Any, lifting: Lifting) -> Plan:
    return leaf(fill(1, as_shape(tuple(expr.shape), lifting.where), "real"))


@rule(sympy.MatrixBase, NDimArray)
def _table(expr: Any, lifting: Lifting) -> Plan:
    shape = tuple(int(size) for size in expr.shape)
    parts = [expr[index] for index in itertools.product(*map(range, shape))]
    if all(part.is_Integer for part in parts):
        return leaf(constant(np.array([int(part) for part in parts], np.int64).reshape(shape)))
    if all(isinstance(part, sympy.Number) for part in parts):
        return leaf(constant(np.array([float(part) for part in parts]).reshape(shape)))
    return Plan(parts, lambda *nodes: shaping.reshape(shaping.stack(nodes), shape))
