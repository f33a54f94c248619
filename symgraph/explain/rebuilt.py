"""Nodes from formulas: what is differentiated a second time is the gradient as it is printed."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from functools import singledispatch
from typing import Any

import sympy

from symgraph.build.activations import sign
from symgraph.build.arithmetic import add, divide, multiply, power
from symgraph.build.conditions import (
    equal,
    greater,
    greater_equal,
    indicator,
    less,
    less_equal,
    not_equal,
)
from symgraph.build.contract import matmul, outer, sum as total, transpose
from symgraph.build.linear_algebra import det, inv, logdet
from symgraph.build.pointwise import apply
from symgraph.build.reductions import logsumexp, softmax
from symgraph.build.shaping import reshape
from symgraph.errors import UnsupportedError
from symgraph.node import Node
from symgraph.notation.tree import (
    Call,
    Dot,
    Formula,
    Hadamard,
    Indicator,
    Inverse,
    Name,
    Norm,
    Number,
    Ones,
    Power,
    Product,
    Relation,
    Sum,
    Symbolic,
    Transpose,
)
from symgraph.ops.leaves import fill
from symgraph.scalar import functions, slot

__all__ = ["rebuilt"]

_SYMPY: dict[str, Any] = {
    name: getattr(sympy, name) for name in "exp log sin cos tan sinh cosh asin acos atan".split()
}
_COMPARED: dict[str, Callable[[Any, Any], Node]] = {
    "<": less, "<=": less_equal, ">": greater, ">=": greater_equal, "==": equal, "!=": not_equal,
}  # fmt: skip
_WHOLE: dict[str, Callable[[Any], Node]] = {
    "sum": total, "det": det, "logdet": logdet, "logsumexp": logsumexp,
}  # fmt: skip


def rebuilt(formula: Formula, names: Mapping[str, Node]) -> Node:
    """The node that a formula describes; vectors have one axis, whether column or row.

    Raises UnsupportedError for a formula that says more than this can build.
    """
    return _built(formula, names)


@singledispatch
def _built(formula: Formula, names: Mapping[str, Node]) -> Node:
    raise UnsupportedError(f"{type(formula).__name__} is not built again.")


@_built.register
def _(formula: Number, names: Mapping[str, Node]) -> Node:
    return fill(formula.value, (), "real")


@_built.register
def _(formula: Symbolic, names: Mapping[str, Node]) -> Node:
    return fill(formula.expr, (), "real")


@_built.register
def _(formula: Name, names: Mapping[str, Node]) -> Node:
    if formula.name not in names:
        raise UnsupportedError(f"{formula.name} is not a value of the expression.")
    node = names[formula.name]
    if node.ndim == 2 and formula.kind != "matrix":
        raise UnsupportedError(f"{formula.name} is a vector with two axes.")
    return node


@_built.register
def _(formula: Ones, names: Mapping[str, Node]) -> Node:
    return fill(1, (formula.length,), "real")


@_built.register
def _(formula: Sum, names: Mapping[str, Node]) -> Node:
    return functools.reduce(add, [_laid(term, formula, names) for term in formula.terms])


@_built.register
def _(formula: Hadamard, names: Mapping[str, Node]) -> Node:
    above = [_laid(factor, formula, names) for factor in formula.factors]
    top = functools.reduce(multiply, above) if above else fill(1, (), "real")
    return functools.reduce(divide, [_laid(f, formula, names) for f in formula.over], top)


def _laid(part: Formula, whole: Formula, names: Mapping[str, Node]) -> Node:
    """A part of an entrywise operation; a column beside a matrix stands for all its columns."""
    made = _built(part, names)
    if whole.sort == "matrix" and part.sort == "column":
        return reshape(made, (*made.shape, 1))
    return made


@_built.register
def _(formula: Product, names: Mapping[str, Node]) -> Node:
    numbers = [_built(f, names) for f in formula.factors if f.sort == "scalar"]
    core = [f for f in formula.factors if f.sort != "scalar"]
    made = _chain(core, names) if core else None
    if formula.coefficient != 1 or (made is None and not numbers):
        numbers.insert(0, fill(formula.coefficient, (), "real"))
    parts = numbers if made is None else [*numbers, made]
    top = functools.reduce(multiply, parts)
    return functools.reduce(divide, [_built(f, names) for f in formula.over], top)


def _chain(core: list[Formula], names: Mapping[str, Node]) -> Node:
    """A matrix product from the right where it ends in a column, else from the left."""
    if len(core) == 1:
        return _built(core[0], names)
    k = next((k for k, f in enumerate(core[1:], 1) if f.sort == "row"), None)
    if k is not None:  # a column before a row
        return outer(_chain(core[:k], names), _chain(core[k:], names))
    made = [_built(f, names) for f in core]
    if core[-1].sort == "column":
        return functools.reduce(lambda right, left: matmul(left, right), reversed(made))
    return functools.reduce(matmul, made)


@_built.register
def _(formula: Power, names: Mapping[str, Node]) -> Node:
    if not isinstance(formula.exponent, Number):
        raise UnsupportedError("a power of a formula is not built again.")
    return power(_built(formula.base, names), formula.exponent.value)


@_built.register
def _(formula: Transpose, names: Mapping[str, Node]) -> Node:
    made = _built(formula.x, names)
    return transpose(made) if made.ndim == 2 else made


@_built.register
def _(formula: Inverse, names: Mapping[str, Node]) -> Node:
    return inv(_built(formula.x, names))


@_built.register
def _(formula: Dot, names: Mapping[str, Node]) -> Node:
    return matmul(_built(formula.left, names), _built(formula.right, names))


@_built.register
def _(formula: Norm, names: Mapping[str, Node]) -> Node:
    return total(power(_built(formula.x, names), 2))


@_built.register
def _(formula: Indicator, names: Mapping[str, Node]) -> Node:
    return indicator(_built(formula.condition, names))


@_built.register
def _(formula: Relation, names: Mapping[str, Node]) -> Node:
    return _COMPARED[formula.operator](_built(formula.left, names), _built(formula.right, names))


@_built.register
def _(formula: Call, names: Mapping[str, Node]) -> Node:
    args = [_built(arg, names) for arg in formula.args]
    if formula.head == "softmax":
        return softmax(args[0], formula.axis)
    if formula.head == "sign":
        return sign(args[0])
    if formula.head in _WHOLE and formula.axis is None and formula.sort == "scalar":
        return _WHOLE[formula.head](args[0])
    if formula.axis is None and formula.head in functions:
        return apply(functions[formula.head](*(slot(k) for k in range(len(args)))), *args)
    if formula.axis is None and formula.head in _SYMPY:
        return apply(_SYMPY[formula.head](slot(0)), *args)
    raise UnsupportedError(f"{formula.head} is not built again.")
