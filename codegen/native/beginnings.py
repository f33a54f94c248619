"""Loops over time whose states begin with zeros: which values are zeros in their first step."""

from __future__ import annotations

from collections.abc import Iterable

from symgraph.codegen.basic import op_of
from symgraph.node import Node
from symgraph.ops.einsum import Einsum
from symgraph.ops.leaves import Fill
from symgraph.ops.loop import Scan, Trace
from symgraph.ops.reshape import Reshape
from symgraph.walks import topological

__all__ = ["zeros_at_first", "zeros_first"]


def zeros_at_first(scan: Scan, steps: Iterable[Node]) -> frozenset[Node]:
    """Of the steps of a loop's body, operands before users, what makes zeros in the first step.

    Products of matrices with zeros are zeros, whatever the other factor is, as outside of loops;
    entry by entry they may be NaN.
    """
    starts = zip(scan.body.states, scan.args, strict=False)
    found = {state for state, start in starts if isinstance(start, Fill) and start.value == 0}
    for node in steps if found else ():
        linear = type(node) in (Einsum, Reshape) or op_of(node) == "negative"
        if linear and not found.isdisjoint(node._args):
            found.add(node)
    return frozenset(found)


def zeros_first(node: Node) -> Scan | None:
    """The loop of which this records what is zeros in the first step; None for anything else."""
    if type(node) is not Trace:
        return None
    inner, scan = node.inner, node.scan
    return scan if inner in zeros_at_first(scan, topological([inner])) else None
