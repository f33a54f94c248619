"""Records of loops: a part of a value is read from the record of the whole value.

The gates of a recurrent net are cut from one product. Where most of it is recorded, part by part,
the product itself is recorded, by computing it in its row; the parts are views of that.
"""

from __future__ import annotations

from collections.abc import Sequence

from symgraph.codegen.contraction import typical
from symgraph.codegen.passes import Rewritten, everything, rebuilt, rebuilt_scan
from symgraph.node import Node
from symgraph.ops.einsum import Einsum
from symgraph.ops.loop import Trace
from symgraph.ops.move import Pull
from symgraph.ops.reshape import Reshape
from symgraph.ops.rows import Affine
from symgraph.ops.sweep import batch
from symgraph.shapes import product

__all__ = ["is_view", "trace_whole"]


def trace_whole(roots: Sequence[Node]) -> Rewritten:
    """Records of views as views of records, where at least half of the whole is asked for."""
    order = everything(roots)
    wholes = _wholes([node for node in order if type(node) is Trace])
    image: dict[Node, Node] = {}
    for node in order:
        args = tuple([image[arg] for arg in node._args])
        if node.is_loop:
            image[node] = rebuilt_scan(node, args, image)
        elif type(node) is Trace:
            whole = image[wholes.get(node, node.inner)]
            inner = image[node.inner]
            record = Trace.rebuild((whole,), args)
            length = node.shape[0]
            image[node] = (
                record if whole is inner else batch([inner], {whole: record}, length)[inner]
            )
        else:
            image[node] = rebuilt(node, args)
    return Rewritten([image[root] for root in roots], image)


def _wholes(traces: Sequence[Trace]) -> dict[Node, Node]:
    """For each record of a view the value whose record is to be taken."""
    found: dict[Node, Node] = {}
    sizes: dict[tuple[Node, Node], int] = {}
    for trace in traces:
        whole = _viewed(trace.inner)
        key = (trace._args[0], whole)
        found[trace] = whole
        sizes[key] = sizes.get(key, 0) + typical(product(trace.inner.shape))
    return {
        trace: whole
        for trace, whole in found.items()
        if whole._args and 2 * sizes[trace._args[0], whole] >= typical(product(whole.shape))
    }


def _viewed(node: Node) -> Node:
    """The value whose memory a node reads."""
    while is_view(node):
        node = node._args[0]
    return node


def is_view(node: Node) -> bool:
    """Whether a node reads entries of one other at fixed places."""
    if isinstance(node, Pull):
        return len(node._args) == 1 and all(isinstance(row, Affine) for row in node.rows)
    if isinstance(node, Einsum):
        return len(node._args) == 1 and set(node.ins[0]) <= set(node.out)
    return isinstance(node, Reshape)
