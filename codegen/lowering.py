"""The passes that every compiled target runs, in their order."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from symgraph.codegen.exponentials import one_exponential, reuse_across_loops
from symgraph.codegen.hoist import hoist_loops
from symgraph.codegen.hot import compare_hot
from symgraph.codegen.passes import Rewritten, Roots, lower_maps, normalise_sums, strip_lets
from symgraph.codegen.shift import shift_exponentials
from symgraph.codegen.signs import ask_positive_parts
from symgraph.codegen.slices import join_slices
from symgraph.codegen.traces import trace_whole
from symgraph.node import Node
from symgraph.ops.concat import Concat
from symgraph.ops.einsum import Einsum
from symgraph.ops.leaves import Const, Fill, Var
from symgraph.ops.let import Let
from symgraph.ops.loop import Scan, Trace
from symgraph.ops.map import Map
from symgraph.ops.move import Pull, Push
from symgraph.ops.reduce import Reduce
from symgraph.ops.reshape import Reshape

__all__ = ["lower_all"]

#: Graphs of these alone have no sums, loops and scatters.
_PLAIN = {Var, Fill, Const, Let, Map, Reshape, Concat, Pull}

#: The classes of nodes that a pass looks for, and the pass.
_Pass = tuple[set[type[Node]], Callable[[Sequence[Node]], Rewritten]]


def lower_all(
    roots: Sequence[Node],
    largest: float = float(np.finfo(np.float64).max),
    loops: bool = False,
    whole: bool = False,
    soft: bool = True,
) -> tuple[Roots, list[Mapping[Node, Node]]]:
    """The roots in basic operations, and what each pass made of the nodes it met.

    `largest` is the largest finite real of the target; `loops` are for one that writes loops over
    entries, `whole` for one that has the error function; one without `soft` has log-sum-exp itself.
    """
    now = roots if isinstance(roots, Roots) else Roots(roots)
    has_loops = Scan in now.kinds

    def sums(nodes: Sequence[Node]) -> Rewritten:
        return normalise_sums(nodes)

    def last_sums(nodes: Sequence[Node]) -> Rewritten:
        # products over a batch of one stay products until those of loops over time have left them
        return normalise_sums(nodes, ones=not loops)

    def maps(nodes: Sequence[Node]) -> Rewritten:
        return lower_maps(nodes, largest, loops, whole, soft)

    def hoist(nodes: Sequence[Node]) -> Rewritten:
        return hoist_loops(nodes, maps=not loops)

    passes: list[_Pass] = [
        ({Let}, strip_lets), ({Map}, shift_exponentials),
        ({Einsum}, sums if has_loops else last_sums), ({Map, Reduce}, maps),
    ]  # fmt: skip
    if not now.kinds <= _PLAIN:
        passes.append(({Map}, ask_positive_parts))
    if loops:
        passes.append(({Push}, join_slices))
    if has_loops:
        passes += [({Scan}, hoist), ({Einsum}, last_sums), ({Map, Reduce}, maps)]
    if loops:
        passes.append(({Map}, one_exponential))
        if has_loops:
            passes += [({Scan}, reuse_across_loops), ({Trace}, trace_whole)]
        passes.append(({Push}, compare_hot))
    images: list[Mapping[Node, Node]] = []
    for kinds, run in passes:
        if now.kinds.isdisjoint(kinds):
            continue
        done = run(now)
        images.append(done.image)
        if not all(map(operator.is_, done.roots, now)):
            now = Roots(done.roots)
    return now, images
