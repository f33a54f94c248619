"""The uses of a value at every step of a loop: their shares of a gradient, stacked by time.

A loop adds up what its steps send to a value that does not change. Here the value is given to every
step apart, so that the same reverse sweep leaves the shares unadded.
"""

from __future__ import annotations

from collections.abc import Sequence

from symgraph.node import Node, substitute
from symgraph.ops import Einsum, Final, Let, Map, Scan, Trace
from symgraph.ops.body import local
from symgraph.ops.einsum import einsum_node, widen
from symgraph.ops.let import bare
from symgraph.ops.loop import make_scan
from symgraph.ops.sweep import Adjoints
from symgraph.shapes import Dim, same_dim
from symgraph.walks import topological

__all__ = ["readers_in_step", "shares_in_loop", "shares_of_stack", "timed_nodes", "uses_a_step"]


def shares_in_loop(scan: Scan, operand: int, found: Adjoints) -> list[Node]:
    """What reaches an unchanging operand of a loop from each of its uses in the step.

    One node a use, with time as first axis. A sequence or a state is none of these.
    """
    body, places = scan.body, scan.body.locals
    place = places[operand]
    if place not in body.constants:
        return []
    pairs = list(zip(places, scan.args, strict=True))
    count, timed = len(body.states), len(body.states) + len(body.sequences)
    apart = (place, widen(scan.args[operand], (scan.length, *place.shape)))
    loop, rename = make_scan(
        pairs[:count],
        [*pairs[count:timed], apart],
        [pair for pair in pairs[timed:] if pair[0] is not place],
        body.nexts,
        scan.length,
        scan.backwards,
    )
    arriving: list[tuple[Node, Node]] = []
    for projection, ct in found.arriving.get(scan, []):
        if isinstance(projection, Final):
            arriving.append((Final.rebuild(projection.params, (loop,)), ct))
        else:
            assert isinstance(projection, Trace)
            arriving.append((Trace.rebuild((rename(projection.inner),), (loop,)), ct))
    wanted = [k == timed for k in range(len(loop.args))]
    return list(loop.as_loop().pull_back(arriving, wanted)[timed])


def timed_nodes(order: Sequence[Node]) -> dict[Node, Dim]:
    """The values over time that were computed outside of their loop, all steps at once.

    An output layer is written inside of the step and stands behind the loop as one product over
    stacked states; it is a use a step all the same.
    """
    found: dict[Node, Dim] = {}
    for node in order:
        if isinstance(node, Trace):
            found[node] = node.scan.length
            continue
        lengths = [found[arg] for arg in node.args if arg in found]
        if lengths and node.shape and same_dim(node.shape[0], lengths[0]):
            found[node] = lengths[0]
    return found


def shares_of_stack(node: Node, operand: int, ct: Node, length: Dim) -> Node | None:
    """As the contribution of an edge, with time as first axis; None where that has no form."""
    arg = node.args[operand]
    if isinstance(node, Einsum):
        place = local(widen(arg, (length, *arg.shape)), "apart")
        ins = [*node.ins]
        ins[operand] = (node.out[0], *ins[operand])
        args = (*node.args[:operand], place, *node.args[operand + 1 :])
        kept = {k: size for k, size in node.sizes().items() if k in node.out}
        stacked = einsum_node(ins, node.out, kept, args)
    elif isinstance(node, Map) and arg.ndim < node.ndim:
        gap = (1,) * (node.ndim - 1 - arg.ndim)
        place = local(widen(arg, (length, *gap, *arg.shape)), "apart")
        stacked = node.rebuild(
            node.params, (*node.args[:operand], place, *node.args[operand + 1 :])
        )
    else:
        return None
    part = stacked.vjp(ct, operand)
    if part is None:
        return None
    return substitute([part], {place: widen(arg, place.shape)})[0]


def readers_in_step(scan: Scan, place: Node) -> list[Node]:
    """The nodes of the step that read a local variable, the last in the order of evaluation first.

    A node that reads it twice is there twice.
    """
    order = topological(scan.body.nexts)
    return [node for node in reversed(order) for arg in node.args if bare(arg) is place
            if not isinstance(node, Let)]  # fmt: skip


def uses_a_step(node: Node, place: Node) -> Dim:
    """How often a node of a step reads a local variable: once, or at every step of a loop in it."""
    if not isinstance(node, Scan):
        return 1
    total: Dim = 0
    for inner, arg in zip(node.body.locals, node.args, strict=True):
        if bare(arg) is place and inner in node.body.constants:
            inside = sum(uses_a_step(reader, inner) for reader in readers_in_step(node, inner))
            total = total + inside * node.length
        elif bare(arg) is place:
            total = total + 1
    return total
