"""Sums and differences of neighbours along an axis, by NumPy's names and rules."""

from __future__ import annotations

from typing import Any

from symgraph.build.arithmetic import subtract
from symgraph.build.coerce import as_node
from symgraph.build.indexing import getitem
from symgraph.build.shaping import flatten, moveaxis
from symgraph.errors import ShapeError
from symgraph.node import Node, promote
from symgraph.ops.body import local
from symgraph.ops.leaves import fill, var
from symgraph.ops.loop import make_scan, trace
from symgraph.ops.map import map_node
from symgraph.scalar import slot
from symgraph.shapes import normalize_axis
from symgraph.template import template

__all__ = ["cumsum", "diff"]


def cumsum(x: Any, axis: int | None = None, reverse: bool = False) -> Node:
    """The running sum along an axis, or of x as one vector; with `reverse` from the end.

    One pass over the axis, and one back for the gradient.

    >>> import symgraph as sg
    >>> from symgraph.ops.evaluate import evaluate_nodes
    >>> sums = sg.cumsum([1.0, 2.0, 3.0], reverse=True)
    >>> evaluate_nodes([sums], {}, {})[sums].tolist()
    [6.0, 5.0, 3.0]
    """
    node = as_node(x, "cumsum")
    if axis is None:
        return cumsum(flatten(node), 0, reverse)
    number = normalize_axis(axis, node.ndim, "cumsum")
    series = moveaxis(node, number, 0)
    entry = local(series, "x", drop=1)
    kind = promote("integer", node.kind)
    state = var("sum", entry.shape, "local", kind)
    following = map_node(template(slot(0) + slot(1), 2), (state, entry))
    scan, rename = make_scan(
        [(state, fill(0, entry.shape, kind))], [(entry, series)], [], [following],
        series.shape[0], reverse,
    )  # fmt: skip
    return moveaxis(trace(scan, rename(following)), 0, number)


def diff(x: Any, n: int = 1, axis: int = -1) -> Node:
    """The differences of neighbours along an axis, taken n times: x[1:] - x[:-1].

    >>> import symgraph as sg
    >>> print(sg.diff(sg.input("x", "N")))
    x[1:] - x[:N - 1]
    """
    node = as_node(x, "diff")
    number = normalize_axis(axis, node.ndim, "diff")
    if n < 0:
        raise ShapeError(f"diff: n={n} is negative; differences are taken 0 times or more.")
    lead = (slice(None),) * number
    for _ in range(n):
        later, earlier = (*lead, slice(1, None)), (*lead, slice(None, -1))
        node = subtract(getitem(node, later), getitem(node, earlier))
    return node
