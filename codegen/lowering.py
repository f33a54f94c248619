"""The passes that every compiled target runs, in their order."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from symgraph.codegen.exponentials import one_exponential, reuse_across_loops
from symgraph.codegen.hoist import hoist_loops
from symgraph.codegen.hot import compare_hot
from symgraph.codegen.passes import (
    Rewritten,
    everything,
    lower_maps,
    normalise_sums,
    strip_lets,
)
from symgraph.codegen.signs import ask_positive_parts
from symgraph.codegen.slices import join_slices
from symgraph.codegen.traces import trace_whole
from symgraph.node import Node
from symgraph.ops.leaves import Const, Fill, Var
from symgraph.ops.let import Let
from symgraph.ops.map import Map
from symgraph.ops.move import Concat, Pull, Reshape

__all__ = ["lower_all"]

#: Graphs of these alone have no sums, loops and scatters, so most passes leave them as they are.
_PLAIN = {Var, Fill, Const, Let, Map, Reshape, Concat, Pull}


def lower_all(
    roots: Sequence[Node], largest: float = float(np.finfo(np.float64).max), loops: bool = False
) -> tuple[list[Node], list[Mapping[Node, Node]]]:
    """The roots in basic operations, and what each pass made of the nodes it met.

    `largest` is the largest finite real of the target; `loops` are for one that writes loops over
    entries.
    """
    kinds = {type(node) for node in everything(roots)}
    has_loops = any(kind.is_loop for kind in kinds)

    def sums(nodes: Sequence[Node], last: bool) -> Rewritten:
        # products over a batch of one stay products until those of loops over time have left them
        return normalise_sums(nodes, ones=not (loops and last))

    def maps(nodes: Sequence[Node]) -> Rewritten:
        return lower_maps(nodes, largest, loops)

    passes: list[Callable[[Sequence[Node]], Rewritten]]
    passes = [strip_lets, lambda nodes: sums(nodes, not has_loops), maps, ask_positive_parts]
    if loops:
        passes.append(join_slices)
    if kinds <= _PLAIN:
        passes = [strip_lets] if Let in kinds else []
        passes += [maps, *([one_exponential] if loops else [])]
    elif has_loops:
        passes += [lambda nodes: hoist_loops(nodes, maps=not loops)]
        passes += [lambda nodes: sums(nodes, True), maps]
        if loops:
            passes += [one_exponential, reuse_across_loops, trace_whole, compare_hot]
    elif loops:
        passes += [one_exponential, compare_hot]
    now = list(roots)
    images: list[Mapping[Node, Node]] = []
    for run in passes:
        done = run(now)
        images.append(done.image)
        now = done.roots
    return now, images
