"""What the functions and matrix functions of SymPy are called here, or made of.

Real numbers are meant: `re` and `conjugate` are the number itself. Functions that are quotients or
inverses of others are written by those, as SymPy defines them.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial, reduce

import sympy
from sympy.matrices.expressions.dotproduct import DotProduct

from symgraph.build import (
    activations,
    arithmetic,
    conditions,
    contract,
    elementary,
    gammas,
    linear_algebra,
    shaping,
    special,
)
from symgraph.node import Node
from symgraph.ops.leaves import Fill, fill

__all__ = ["CODE_FUNCTIONS", "FUNCTIONS", "LOGIC", "MATRIX_FUNCTIONS", "folded"]


def folded(operation: Callable[[Node, Node], Node]) -> Callable[..., Node]:
    """An operation on two nodes as one on any number of them, from left to right."""
    return lambda *nodes: reduce(operation, nodes)


def _below(function: Callable[[Node], Node]) -> Callable[[Node], Node]:
    """1/f(x)."""
    return lambda x: arithmetic.divide(1, function(x))


def _of_reciprocal(function: Callable[[Node], Node]) -> Callable[[Node], Node]:
    """f(1/x)."""
    return lambda x: function(arithmetic.divide(1, x))


def _times(function: Callable[[Node], Node], factor: float) -> Callable[[Node], Node]:
    """The factor times f(x)."""
    return lambda x: arithmetic.multiply(function(x), factor)


def _sinc(x: Node) -> Node:
    quotient = arithmetic.divide(elementary.sin(x), x)
    return conditions.where(conditions.equal(x, 0), 1.0, quotient)


def _angle(x: Node) -> Node:
    return conditions.where(conditions.less(x, 0), math.pi, 0.0)


def _hypot(x: Node, y: Node) -> Node:
    return arithmetic.sqrt(arithmetic.add(arithmetic.square(x), arithmetic.square(y)))


def _polygamma(order: Node, x: Node) -> Node:
    whole = isinstance(order, Fill) and order.kind == "integer" and not order.shape
    return gammas.polygamma(int(order.params[0]) if whole else order, x)


def _quotient_of_gammas(above: list[Node], below: list[Node]) -> Node:
    """A product of gamma functions over others, by logarithms: gamma(172) is infinite already."""
    total: Node = fill(0.0)
    sign: Node = fill(1.0)
    for x in above:
        total = arithmetic.add(total, gammas.loggamma(x))
    for x in below:
        total = arithmetic.subtract(total, gammas.loggamma(x))
    for x in (*above, *below):
        sign = arithmetic.multiply(sign, activations.sign(gammas.gamma(x)))
    return arithmetic.multiply(sign, elementary.exp(total))


def _beta(a: Node, b: Node, *_: Node) -> Node:
    return _quotient_of_gammas([a, b], [arithmetic.add(a, b)])


_MOST_FACTORS = 20  # of a product that is written out


def _few(k: Node) -> int | None:
    """A whole number of factors that are written out."""
    count = int(k.params[0]) if type(k) is Fill and k.kind == "integer" and not k.shape else -1
    return count if 0 <= count <= _MOST_FACTORS else None


def _product(x: Node, count: int, step: int) -> Node:
    """x (x + step) (x + 2 step) ..., so many factors."""
    return reduce(
        lambda made, k: arithmetic.multiply(made, arithmetic.add(x, step * k)),
        range(count),
        fill(1.0, x.shape),
    )


def _rising(x: Node, k: Node) -> Node:
    count = _few(k)
    if count is not None:
        return _product(x, count, 1)
    return _quotient_of_gammas([arithmetic.add(x, k)], [x])


def _falling(x: Node, k: Node) -> Node:
    count = _few(k)
    if count is not None:
        return _product(x, count, -1)
    above = arithmetic.add(x, 1)
    return _quotient_of_gammas([above], [arithmetic.subtract(above, k)])


def _binomial(n: Node, k: Node) -> Node:
    count = _few(k)
    if count is not None:
        return arithmetic.divide(_product(n, count, -1), math.factorial(count))
    above, below = arithmetic.add(n, 1), arithmetic.add(k, 1)
    return _quotient_of_gammas([above], [below, arithmetic.subtract(above, k)])


FUNCTIONS: dict[type, Callable[..., Node]] = {
    sympy.exp: elementary.exp, sympy.log: elementary.log, sympy.sin: elementary.sin,
    sympy.cos: elementary.cos, sympy.tan: elementary.tan, sympy.asin: elementary.arcsin,
    sympy.acos: elementary.arccos, sympy.atan: elementary.arctan, sympy.atan2: elementary.arctan2,
    sympy.sinh: elementary.sinh, sympy.cosh: elementary.cosh, sympy.tanh: elementary.tanh,
    sympy.Abs: arithmetic.abs, sympy.floor: arithmetic.floor, sympy.ceiling: arithmetic.ceil,
    sympy.Mod: arithmetic.remainder, sympy.sign: activations.sign, sympy.erf: special.erf,
    sympy.erfc: special.erfc, sympy.UnevaluatedExpr: lambda x: x,
    sympy.Max: folded(arithmetic.maximum), sympy.Min: folded(arithmetic.minimum),
    sympy.cot: _below(elementary.tan), sympy.sec: _below(elementary.cos),
    sympy.csc: _below(elementary.sin), sympy.coth: _below(elementary.tanh),
    sympy.sech: _below(elementary.cosh), sympy.csch: _below(elementary.sinh),
    sympy.acot: _of_reciprocal(elementary.arctan), sympy.asec: _of_reciprocal(elementary.arccos),
    sympy.acsc: _of_reciprocal(elementary.arcsin), sympy.acoth: _of_reciprocal(elementary.arctanh),
    sympy.asech: _of_reciprocal(elementary.arccosh),
    sympy.acsch: _of_reciprocal(elementary.arcsinh),
    sympy.sinc: _sinc, sympy.frac: lambda x: arithmetic.subtract(x, arithmetic.floor(x)),
    sympy.re: lambda x: x, sympy.conjugate: lambda x: x, sympy.im: lambda x: fill(0.0, x.shape),
    sympy.arg: _angle,
    sympy.KroneckerDelta: lambda i, j: conditions.indicator(conditions.equal(i, j)),
    sympy.gamma: gammas.gamma, sympy.loggamma: gammas.loggamma,
    sympy.digamma: gammas.digamma, sympy.trigamma: partial(gammas.polygamma, 1),
    sympy.polygamma: _polygamma, sympy.beta: _beta,
    sympy.zeta: lambda s, x=1: gammas.zeta(s, x),
    sympy.factorial: lambda n: gammas.gamma(arithmetic.add(n, 1)), sympy.binomial: _binomial,
    sympy.RisingFactorial: _rising, sympy.FallingFactorial: _falling,
    sympy.StrictLessThan: conditions.less, sympy.LessThan: conditions.less_equal,
    sympy.StrictGreaterThan: conditions.greater, sympy.GreaterThan: conditions.greater_equal,
    sympy.Eq: conditions.equal, sympy.Ne: conditions.not_equal,
}  # fmt: skip

#: Functions of `sympy.codegen` by name: loading that package takes longer than finding them.
CODE_FUNCTIONS: dict[str, Callable[..., Node]] = {
    "log1p": elementary.log1p, "expm1": elementary.expm1, "Sqrt": arithmetic.sqrt,
    "exp2": lambda x: arithmetic.power(2.0, x), "hypot": _hypot,
    "log2": _times(elementary.log, 1 / math.log(2)),
    "log10": _times(elementary.log, 1 / math.log(10)),
    "fma": lambda x, y, z: arithmetic.add(arithmetic.multiply(x, y), z),
    "logaddexp": special.logaddexp,
}  # fmt: skip

_and, _or = folded(conditions.logical_and), folded(conditions.logical_or)


def _equivalent(*nodes: Node) -> Node:
    return _and(*(conditions.equal(nodes[0], node) for node in nodes[1:]))


LOGIC: dict[type, Callable[..., Node]] = {
    sympy.And: _and, sympy.Or: _or, sympy.Not: conditions.logical_not,
    sympy.Nand: lambda *nodes: conditions.logical_not(_and(*nodes)),
    sympy.Nor: lambda *nodes: conditions.logical_not(_or(*nodes)),
    sympy.Xor: folded(conditions.not_equal), sympy.Equivalent: _equivalent,
    sympy.ITE: conditions.where,
    sympy.Implies: lambda a, b: _or(conditions.logical_not(a), b),
}  # fmt: skip


def _dot(a: Node, b: Node) -> Node:
    """The product of two vectors that SymPy writes as matrices of one row or column."""
    return contract.dot(shaping.flatten(a), shaping.flatten(b))


MATRIX_FUNCTIONS: dict[type, Callable[..., Node]] = {
    sympy.Transpose: contract.transpose, sympy.Adjoint: contract.transpose,
    sympy.Inverse: lambda x, *_: linear_algebra.inv(x), sympy.Determinant: linear_algebra.det,
    sympy.Trace: contract.trace, sympy.HadamardProduct: folded(arithmetic.multiply),
    sympy.HadamardPower: arithmetic.power, DotProduct: _dot,
    sympy.KroneckerProduct: folded(linear_algebra.kron),
    sympy.DiagMatrix: lambda x: contract.diag(shaping.flatten(x)),
}  # fmt: skip
