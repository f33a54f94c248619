"""A loop carried out, in numbers or in formulas."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import sympy

from symgraph.errors import UnsupportedError
from symgraph.node import Node
from symgraph.ops.evaluate import entries, evaluate_nodes
from symgraph.shapes import bind_dim

if TYPE_CHECKING:
    from symgraph.ops.loop import Scan

__all__ = ["Run", "unrolled"]


class Run:
    """A Scan carried out: the values of every step; more are computed when asked for."""

    def __init__(self, scan: Scan, dims: Mapping[sympy.Symbol, int], xs: Sequence[Any]) -> None:
        self._dims = dims
        body = scan.body
        count, timed = len(body.states), len(body.states) + len(body.sequences)
        steps = range(bind_dim(scan.length, dims))
        states = list(xs[:count])
        self._steps: dict[int, dict[Node, Any]] = {}
        for t in reversed(steps) if scan.backwards else steps:
            now = [*states, *(x[t] for x in xs[count:timed]), *xs[timed:]]
            given = dict(zip(body.locals, now, strict=True))
            values = self._steps[t] = evaluate_nodes(body.nexts, given, dims)
            states = [values[node] for node in body.nexts]
        self.finals = states

    def trace(self, inner: Node) -> Any:
        """The value of an inner node at every step, stacked by time."""
        rows = []
        for t in range(len(self._steps)):
            if inner not in self._steps[t]:
                self._steps[t] = evaluate_nodes([inner], self._steps[t], self._dims)
            rows.append(self._steps[t][inner])
        if rows:
            return np.stack(rows)
        dtype = {"real": np.float64, "integer": np.int64, "boolean": np.bool_}[inner.kind]
        return np.zeros((0, *(bind_dim(size, self._dims) for size in inner.shape)), dtype)


def unrolled(
    scan: Scan, inner: Sequence[Node], table: Callable[[int], Any]
) -> list[dict[Node, Any]]:
    """Entry tables of inner nodes at each time, from entry tables of the operands."""
    if not isinstance(scan.length, int):
        raise UnsupportedError(
            f"scan: length {scan.length} is symbolic; only a loop of fixed length can be unrolled."
        )
    body = scan.body
    count, timed = len(body.states), len(body.states) + len(body.sequences)
    xs = [table(k) for k in range(len(scan.args))]
    states = xs[:count]
    found: dict[int, dict[Node, Any]] = {}
    order = range(scan.length)
    for t in reversed(order) if scan.backwards else order:
        now = [*states, *(x[t] for x in xs[count:timed]), *xs[timed:]]
        found[t] = entries([*body.nexts, *inner], dict(zip(body.locals, now, strict=True)))
        states = [found[t][node] for node in body.nexts]
    return [found[t] for t in order]
