"""Matrix expressions: products in their order, powers, slices and blocks."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from typing import Any

import sympy
from sympy.matrices.expressions.matexpr import MatrixExpr
from sympy.matrices.expressions.slice import MatrixSlice

from symgraph.build import contract, indexing, linear_algebra, making, shaping
from symgraph.lift.lifting import RULES, Lifting, Plan, alone, application, leaf, rule
from symgraph.lift.sums import Factors, signed, signed_sum, split
from symgraph.node import Node
from symgraph.shapes import as_dim
from symgraph.sympy_functions import MATRIX_FUNCTIONS, folded

__all__: list[str] = []


def _matrix_factors(expr: Any) -> Factors:
    """The scalar factors of a matrix product as signed numbers, then its matrices in order."""
    args = expr.args if expr.is_MatMul else (expr,)
    scalars = [arg for arg in args if not isinstance(arg, (MatrixExpr, sympy.MatrixBase))]
    matrices = [arg for arg in args if isinstance(arg, (MatrixExpr, sympy.MatrixBase))]
    found = split(scalars)
    return Factors(found.negative, [*found.above, (_Chain(matrices), None)], found.below)


class _Chain:
    """Matrices in the order in which they are multiplied."""

    def __init__(self, matrices: Sequence[Any]) -> None:
        self.args = tuple(matrices)


@rule(_Chain)
def _chain(expr: Any, lifting: Lifting) -> Plan:
    return Plan(expr.args, folded(contract.matmul))


@rule(sympy.MatMul)
def _matrix_product(expr: Any, lifting: Lifting) -> Plan:
    factors = _matrix_factors(expr)
    return Plan(factors.parts(), lambda *nodes: signed(factors, iter(nodes)))


@rule(sympy.MatAdd)
def _matrix_sum(expr: Any, lifting: Lifting) -> Plan:
    return signed_sum([_matrix_factors(term) for term in expr.args])


@rule(sympy.MatPow)
def _matrix_power(expr: Any, lifting: Lifting) -> Plan:
    base, exponent = expr.args
    if not exponent.is_Integer or abs(exponent) > 100:
        raise lifting.refused(
            expr, "has an exponent that is no whole number up to 100", "Write the product out."
        )
    count = int(exponent)
    if count == 0:
        return leaf(making.eye(as_dim(base.rows, lifting.where)))

    def build(node: Node) -> Node:
        factor = linear_algebra.inv(node) if count < 0 else node
        return reduce(contract.matmul, [factor] * abs(count))

    return Plan((base,), build)


@rule(MatrixSlice)
def _matrix_slice(expr: Any, lifting: Lifting) -> Plan:
    key = tuple(slice(*map(_bound, part)) for part in (expr.rowslice, expr.colslice))
    return Plan((expr.parent,), lambda node: indexing.getitem(node, key))


def _bound(end: Any) -> Any:
    return int(end) if getattr(end, "is_Integer", True) else end


@rule(sympy.BlockMatrix)
def _blocks(expr: Any, lifting: Lifting) -> Plan:
    rows, columns = expr.blocks.shape

    def build(*nodes: Node) -> Node:
        bands = [nodes[k * columns : (k + 1) * columns] for k in range(rows)]
        return shaping.concat([shaping.concat(band, axis=1) for band in bands], axis=0)

    return Plan(list(expr.blocks), build)


@rule(sympy.FunctionMatrix)
def _function_matrix(expr: Any, lifting: Lifting) -> Plan:
    if not all(size.is_Integer for size in expr.shape):
        raise lifting.refused(expr, "has sizes that are no numbers", "Give it a shape of numbers.")
    return alone(expr.as_explicit())


for _cls, _function in MATRIX_FUNCTIONS.items():
    RULES[_cls] = application(_function)
