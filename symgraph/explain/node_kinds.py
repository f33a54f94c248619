"""What a node is in a net: a net input, a nonlinearity, a move of entries."""

from __future__ import annotations

from collections.abc import Sequence

import sympy

from symgraph.node import Node
from symgraph.ops import Einsum, Fill, Map, Pull, Reduce
from symgraph.ops.rows import Lookup, identity_row
from symgraph.scalar import Pointwise, slot

__all__ = [
    "is_function",
    "is_log_sum",
    "is_matrix_product",
    "is_net",
    "is_nonlinear",
    "is_permuted",
    "keeps_its_output",
    "picks_an_entry",
]


def is_log_sum(node: Node) -> bool:
    """The log-sum-exp of a softmax, which is written as one function."""
    return isinstance(node, Reduce) and node.operation == "logsumexp"


def keeps_its_output(node: Map) -> bool:
    """Whether a derivative is written with the value itself: tanh, exp, a square root."""
    expr = node.template.expr
    if isinstance(expr, sympy.exp) or (expr.is_Pow and expr.exp == sympy.Rational(1, 2)):
        return True
    slopes = node.template.derivative(0).atoms(Pointwise)
    return any(one.by_output is not None for one in slopes)


def is_net(node: Node) -> bool:
    """W x, or W x + b: a product of arrays, perhaps with unnamed terms added to it."""
    if _is_product(node):
        return True
    if not isinstance(node, Map) or not node.template.expr.is_Add:
        return False
    products = [arg for arg in node.args if _is_product(arg)]
    others = [arg for arg in node.args if arg not in products]
    return bool(products) and not any(_is_made_of(arg, products) for arg in others)


def _is_product(node: Node) -> bool:
    """A product of different arrays that is summed over an axis: W x, but not G ⊙ S."""
    if not isinstance(node, Einsum) or len(node.args) < 2:
        return False
    return bool({i for indices in node.ins for i in indices} - set(node.out))


def is_permuted(node: Node) -> bool:
    """Whether a tensor has the axes of another one in another order."""
    if not isinstance(node, Einsum) or len(node.args) > 1 or node.ndim < 3:
        return False
    return sorted(node.ins[0]) == sorted(node.out)


def is_matrix_product(node: Node) -> bool:
    """A product of two arrays that are matrices or vectors."""
    return _is_product(node) and max(arg.ndim for arg in node.args) <= 2


def _is_made_of(node: Node, products: Sequence[Node]) -> bool:
    """Whether a value comes from one of the products in a few steps, as in z - logsumexp(z)."""
    layer = [node]
    for _ in range(3):
        layer = [arg for one in layer for arg in one.args]
        if any(arg in products for arg in layer):
            return True
    return False


def is_nonlinear(node: Node) -> bool:
    """A function such as tanh, or a log-sum-exp."""
    if isinstance(node, Reduce):
        return node.operation == "logsumexp"
    if not isinstance(node, Map) or len([a for a in node.args if not isinstance(a, Fill)]) > 1:
        return False
    return any(
        slot(k) in node.template.derivative(k).free_symbols for k in range(len(node.args))
    ) or (not node.template.expr.is_Add and not node.template.expr.is_Mul)


def is_function(node: Node) -> bool:
    """A function of one number, such as σ."""
    return isinstance(node, Map) and len(node.args) == 1 and node.template.expr.is_Function


def picks_an_entry(node: Pull) -> bool:
    """Whether an entry is read along the last axis, by a class or a fixed place."""
    *front, last = node.rows
    if any(row != identity_row(k) for k, row in enumerate(front)):
        return False
    return isinstance(last, Lookup) or not last.steps
