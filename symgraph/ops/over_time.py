"""Nodes of a loop's body at every step at once, computed outside of the loop."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from symgraph.node import Node
from symgraph.ops.einsum import folded_einsum, widen
from symgraph.ops.sweep import batch
from symgraph.shapes import Dim
from symgraph.walks import topological

__all__ = ["exchanged", "lifted", "summed_over_time"]


def lifted(
    root: Node, length: Dim, stand: Callable[[Node], Node | None], fixed: Mapping[Node, Node]
) -> Node:
    """An inner node at every step, by operations outside the loop.

    `stand(node)` is the stacked value of a node where that is known; `fixed` gives the operands of
    local variables that do not change.
    """
    stacked: dict[Node, Node] = {}
    own: set[Node] = set()
    stack = [root]
    while stack:
        node = stack.pop()
        if node in own or node in stacked:
            continue
        known = stand(node)
        if known is not None:
            stacked[node] = known
        else:
            own.add(node)
            stack.extend(node.args)
    moving = set(stacked)
    settled: dict[Node, Node] = {}
    for node in topological([root], stacked):
        if any(arg in moving for arg in node.args):
            moving.add(node)
        elif node in fixed:
            settled[node] = fixed[node]
        elif any(arg in settled for arg in node.args):
            settled[node] = node.rebuild(node.params, tuple(settled.get(a, a) for a in node.args))
    if root in stacked:
        return stacked[root]
    if root in moving:
        return batch([root], stacked, length, settled)[root]
    return widen(settled.get(root, root), (length, *root.shape))


def summed_over_time(stacked: Node) -> Node:
    indices = tuple(range(stacked.ndim))
    return folded_einsum([indices], indices[1:], {}, (stacked,))


def exchanged(x: Node) -> Node:
    """The first two axes exchanged: time and batch."""
    axes = tuple(range(x.ndim))
    return folded_einsum([axes], (1, 0, *axes[2:]), {}, (x,))
