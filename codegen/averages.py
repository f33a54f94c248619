"""Running averages c*x + (1 - c)*y as x + (1 - c)*(y - x).

A processor adds on other units than it multiplies on, and an optimizer keeps two averages of every
parameter, beside a root and a quotient. A pass. The number that multiplies the difference is the
smaller one, so that neither a large x nor a large y takes digits of the other. An infinite x gives
NaN, as it does in torch.lerp, and is made by an infinite y; averages of squares, which overflow for
numbers that are finite, stay as they are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from symgraph.codegen.basic import basic, op_of
from symgraph.codegen.passes import Rewritten, everything, rebuilt, rewrite
from symgraph.node import Node
from symgraph.ops.leaves import Fill, Var
from symgraph.ops.map import Map

__all__ = ["average_by_differences"]

_EXACT = 2.0**-50  # how far two numbers may be from a sum of 1


def average_by_differences(outputs: Sequence[Node], updates: Mapping[Var, Node]) -> Rewritten:
    """The roots, outputs first; averages that only new values need are sums with a difference."""
    kept = set(everything(outputs))

    def visit(node: Node, args: tuple[Node, ...]) -> Node:
        if op_of(node) != "add" or node in kept or not node.ndim:
            return rebuilt(node, args)
        parts = [_weighted(arg) for arg in args]
        if parts[0] is None or parts[1] is None:
            return rebuilt(node, args)
        (large, x), (small, y) = sorted((parts[0], parts[1]), key=lambda pair: -_number(pair[0]))
        whole = abs(_number(large) + _number(small) - 1) <= _EXACT
        if not whole or _number(small) <= 0 or _is_square(y):
            return rebuilt(node, args)
        return basic("add", x, basic("multiply", small, basic("subtract", y, x)))

    return rewrite([*outputs, *updates.values()], visit, {Map})


def _weighted(node: Node) -> tuple[Fill, Node] | None:
    """A known number and the real array that it scales."""
    if op_of(node) != "multiply":
        return None
    for weight, array in (node._args, node._args[::-1]):
        if type(weight) is Fill and array.ndim and array.kind == "real":
            known = isinstance(weight.value, (int, float)) or not weight.value.free_symbols
            return (weight, array) if known else None
    return None


def _is_square(node: Node) -> bool:
    op = op_of(node)
    return op == "square" or (op == "multiply" and node._args[0] is node._args[1])


def _number(weight: Fill) -> float:
    return float(weight.value)
