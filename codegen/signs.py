"""What tells of a value whether it is positive: its positive part does as well.

A pass: the slope of max(x, 0) asks for the sign of x, which need not be kept where max(x, 0) is.
"""

from __future__ import annotations

from collections.abc import Sequence

from symgraph.codegen.basic import basic, op_of
from symgraph.codegen.passes import Rewritten, everything, rebuilt, rewrite, unchanged
from symgraph.node import Node
from symgraph.ops.leaves import Fill
from symgraph.ops.map import Map

__all__ = ["ask_positive_parts"]


def ask_positive_parts(roots: Sequence[Node]) -> Rewritten:
    """Every comparison x > 0 as max(x, 0) > 0, where that maximum is computed.

    Both are false for NaN.
    """
    parts = {node._args for node in everything(roots) if op_of(node) == "maximum"}
    if not any(_is_zero(second) for _, second in parts):
        return unchanged(roots)

    def visit(node: Node, args: tuple[Node, ...]) -> Node:
        if op_of(node) == "greater" and node._args in parts and _is_zero(args[1]):
            return basic("greater", basic("maximum", *args), args[1])
        return rebuilt(node, args)

    return rewrite(roots, visit, {Map})


def _is_zero(node: Node) -> bool:
    return type(node) is Fill and bool(node.value == 0)
