"""The order of operations in a loop: what others wait for the longest stands first.

A processor works on as many entries at once as its buffers hold instructions. One entry's root and
division take as long as all else together: the next ones begin sooner where nothing stands before
them that could wait.
"""

from __future__ import annotations

from collections.abc import Sequence

from symgraph.codegen.basic import op_of
from symgraph.node import Node
from symgraph.walks import depth_first

__all__ = ["PLAIN", "longest_first"]

#: Operations of few instructions.
PLAIN = frozenset({
    "add", "subtract", "multiply", "negative", "square", "less", "less_equal", "greater",
    "greater_equal", "equal", "not_equal", "logical_and", "logical_or", "logical_not", "where",
    "iverson", "maximum", "minimum", "abs",
})  # fmt: skip

_CYCLES = dict.fromkeys(PLAIN, 4) | {"divide": 13, "sqrt": 21}
_FUNCTION = 40  # any other


def longest_first(maps: Sequence[Node]) -> list[Node]:
    """Basic operations in an order that computes operands first, those that take longest before.

    Where none takes long they stay as they are.
    """
    cycles = {node: _CYCLES.get(op_of(node) or "", _FUNCTION) for node in maps}
    if set(cycles.values()) == {_CYCLES["add"]}:
        return list(maps)
    done: dict[Node, int] = {}  # how long an operation and what it waits for take
    read: set[Node] = set()
    for node in maps:
        read.update(node._args)
        done[node] = cycles[node] + max([done.get(arg, 0) for arg in node._args])

    def below(node: Node) -> list[Node]:
        inside = dict.fromkeys([arg for arg in node._args if arg in done])
        return sorted(inside, key=done.__getitem__, reverse=True) if len(inside) > 1 else [*inside]

    roots = [node for node in maps if node not in read]
    return depth_first(sorted(roots, key=lambda node: -done[node]), below)
