"""How the values inside of a loop over time are spread over workers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import sympy

from symgraph.node import Node
from symgraph.ops.loop import Final, Scan, Trace
from symgraph.shapes import dim_symbols
from symgraph.train.parallel.spread import (
    Inseparable,
    Open,
    Rows,
    Spread,
    is_zero,
    reads_size,
    spread_by,
)
from symgraph.walks import topological

__all__ = ["Loops"]


class Loops:
    """The spreads of the values in the bodies of loops."""

    def __init__(self, batch: sympy.Symbol) -> None:
        self._batch = batch
        self._inside: dict[Node, dict[Node, Spread]] = {}

    def enter(self, scan: Node, spreads: Sequence[Spread]) -> Spread:
        """Spread the values of a body, from the operands of the loop.

        Raises Inseparable naming the value that cannot be computed in parts, Open for partial
        operands.
        """
        if "partial" in spreads:
            raise Open
        assert isinstance(scan, Scan)
        if self._batch in dim_symbols([scan.length]):
            raise Inseparable(f"it runs over the samples, of which there are {self._batch}")
        body = scan.body
        count, timed = len(body.states), len(body.states) + len(body.sequences)
        known: dict[Node, Spread] = {}
        for k, (place, one) in enumerate(zip(body.locals, spreads, strict=True)):
            known[place] = _without_time(one) if count <= k < timed else one
        self._inside[scan] = self._settled(scan, known)
        return "whole"  # its results say more

    def _settled(self, scan: Scan, known: dict[Node, Spread]) -> dict[Node, Spread]:
        """Find states that add up over the samples: they begin with zeros."""
        body = scan.body
        while True:
            found = self._spread(body.nexts, dict(known))
            open_ = False
            for state, new, start in zip(body.states, body.nexts, scan.args, strict=False):
                if known[state] == found[new] or isinstance(known[state], Rows):
                    continue
                if known[state] == "whole" and found[new] == "partial" and is_zero(start):
                    known[state], open_ = "partial", True
                elif not (known[state] == "partial" and is_zero(new)):
                    raise Inseparable(
                        f"its state {state} adds up over the samples and begins with another value "
                        "than 0"
                    )
            if not open_:
                return found

    def _spread(self, roots: Sequence[Node], known: dict[Node, Spread]) -> dict[Node, Spread]:
        for node in topological(roots):
            if node in known:
                continue
            if reads_size(node, self._batch):
                raise Inseparable(f"inside of it {node} depends on the number of samples")
            try:
                known[node] = self.of(node, [known[arg] for arg in node.args])
            except Open:
                raise Inseparable(
                    f"inside of it {node} needs a sum over all samples in every step"
                ) from None
        return known

    def of(self, node: Node, spreads: Sequence[Spread]) -> Spread:
        """The spread of a node, which may be a loop or the result of one."""
        if isinstance(node, Scan):
            return self.enter(node, spreads)
        if isinstance(node, Trace):
            return _with_time(self._of_inner(node.scan, node.inner))
        if isinstance(node, Final):
            body = node.scan.body
            return self._of_inner(node.scan, body.states[node.state])
        return spread_by(self._batch, node, spreads)

    def _of_inner(self, scan: Scan, inner: Node) -> Spread:
        known = self._inside[scan]
        if inner not in known:
            self._spread([inner], known)
        return known[inner]

    def inside(self, scan: Node) -> Mapping[Node, Spread]:
        """How the values in a body are spread."""
        return self._inside[scan]


def _with_time(one: Spread) -> Spread:
    return Rows(one.axis + 1, one.outer) if isinstance(one, Rows) else one


def _without_time(one: Spread) -> Spread:
    if not isinstance(one, Rows):
        return one
    if one.axis == 0:
        raise Inseparable("it runs over the samples")
    return Rows(one.axis - 1, one.outer)
