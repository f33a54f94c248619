"""Whether samples can be computed apart: whether what one gives depends on that one alone."""

from __future__ import annotations

from collections.abc import Sequence

import sympy

from symgraph.node import Node
from symgraph.train.parallel.loops import Loops
from symgraph.train.parallel.spread import Inseparable, Open, Rows, Spread, reads_size
from symgraph.walks import topological

__all__ = ["are_apart"]


def are_apart(batch: sympy.Symbol, roots: Sequence[Node]) -> bool:
    """Whether the entries of each sample in some values depend on that sample alone.

    They do not where something is summed over the samples, or reads how many there are, or their
    positions, as random numbers do.
    """
    loops, spread = Loops(batch), dict[Node, Spread]()
    for node in topological(roots):
        if reads_size(node, batch):
            return False
        try:
            found = loops.of(node, [spread[arg] for arg in node.args])
        except (Inseparable, Open):
            return False
        if found == "partial":
            return False
        spread[node] = found
    return all(isinstance(spread[root], Rows) for root in roots)
