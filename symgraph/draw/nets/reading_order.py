"""The order in which a formula is read: operands from left to right, before what uses them."""

from __future__ import annotations

from collections.abc import Sequence

from symgraph.node import Node

__all__ = ["reading_order"]


def reading_order(roots: Sequence[Node]) -> list[Node]:
    """All nodes behind some roots, operands first, in the order of the formula.

    Unlike the order of creation it does not depend on what else was built before.

    >>> import symgraph as sg
    >>> b, a = sg.input("b"), sg.input("a")
    >>> [str(node) for node in reading_order([a - b])]
    ['a', 'b', 'a - b']
    """
    found: dict[Node, None] = {}
    stack = [(root, False) for root in reversed(roots)]
    while stack:
        node, is_done = stack.pop()
        if is_done:
            found[node] = None
        elif node not in found:
            stack.append((node, True))
            stack += [(arg, False) for arg in reversed(node.args) if arg not in found]
    return list(found)
