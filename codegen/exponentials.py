"""Exponentials that are there already are not computed again.

The sigmoid needs exp(-|x|) and, for negative x, exp(x), which is the same; its slope in the
backward loop needs it once more. Passes for targets that write loops over entries.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from symgraph.codegen.basic import basic, body_of, op_of
from symgraph.codegen.passes import Rewritten, bodies, rebuilt, rewrite, unchanged
from symgraph.node import Node
from symgraph.ops.body import Renaming, local
from symgraph.ops.leaves import Const, Fill, fill
from symgraph.ops.loop import Scan, Trace, make_scan
from symgraph.ops.map import Map, map_node
from symgraph.scalar import greater_equal, slot, where
from symgraph.template import template
from symgraph.walks import reachable, topological

__all__ = ["one_exponential", "reuse_across_loops"]

_CHOICE = template(where(slot(0), slot(1), slot(2)), 3)
_COMPARED = template(greater_equal(slot(0), slot(1)), 2)

#: Operations that take longer than writing a value and reading it again.
_COSTLY = frozenset(
    "exp expm1 log log1p power sin cos tan asin acos atan atan2 sinh cosh tanh asinh acosh "
    "atanh".split()
)


def one_exponential(roots: Sequence[Node]) -> Rewritten:
    """exp(min(x, 0)) as the choice between 1 and exp(-|x|)."""
    if body_of("minimum") not in bodies(roots):
        return unchanged(roots)

    def visit(node: Node, args: tuple[Node, ...]) -> Node:
        if op_of(node) == "exp" and op_of(args[0]) == "minimum":
            x, bound = args[0]._args
            if type(bound) is Fill and bound.value == 0 and x.kind == "real":
                decay = basic("exp", basic("negative", basic("abs", x)))
                return map_node(_CHOICE, (map_node(_COMPARED, (x, bound)), fill(1.0), decay))
        return rebuilt(node, args)

    return rewrite(roots, visit, {Map})


def reuse_across_loops(roots: Sequence[Node]) -> Rewritten:
    """What a loop computes from records of another one that has it already is recorded there."""
    order = topological(roots)
    image: dict[Node, Node] = {}
    inside: dict[Node, Node] = {}  # what became of nodes of bodies
    become: dict[Node, Callable[[Node], Node]] = {}
    traced: dict[Node, list[Node]] = {}
    for node in order:
        if type(node) is Trace:
            traced.setdefault(node._args[0], []).append(node.inner)
    for node in order:
        args = tuple([image[arg] for arg in node._args])
        if isinstance(node, Scan):
            own = traced.get(node, [])
            image[node], become[node] = _shared(node, args, own)
            body = topological([*node.body.nexts, *own])
            inside.update((inner, become[node](inner)) for inner in body)
        elif type(node) is Trace:
            image[node] = Trace.rebuild((become[node._args[0]](node.inner),), args)
        else:
            image[node] = rebuilt(node, args)
    return Rewritten([image[root] for root in roots], {**inside, **image})


def _shared(
    node: Scan, args: tuple[Node, ...], traced: Sequence[Node]
) -> tuple[Node, Callable[[Node], Node]]:
    """The loop with more records to read, and what becomes of its inner nodes."""
    body = node.body
    operand = dict(zip(body.locals, args, strict=True))
    roots = [*body.nexts, *traced]
    records = _records(roots, {place: operand[place] for place in body.sequences})
    if not records:
        loop = rebuilt(node, args)
        return loop, lambda inner: inner
    places = {inner: local(inner, f"e{k}") for k, inner in enumerate(records)}
    changed = Renaming(places)
    nexts, kept = [changed(n) for n in body.nexts], [changed(n) for n in traced]
    used = reachable([*nexts, *kept])
    states = [(place, operand[place]) for place in body.states]
    sequences = [(place, operand[place]) for place in body.sequences if place in used]
    sequences += [(places[inner], record) for inner, record in records.items()]
    constants = [(place, operand[place]) for place in body.constants if place in used]
    loop, rename = make_scan(states, sequences, constants, nexts, node.length, node.backwards)
    return loop, lambda inner: rename(changed(inner))


def _records(roots: Sequence[Node], operand: Mapping[Node, Node]) -> dict[Node, Node]:
    """Costly nodes of a body, each with the record of the same value in another loop."""
    same: dict[Node, tuple[Node, Node]] = {}  # (the node of the other loop, that loop)
    known: dict[Node, set[Node]] = {}
    for place, record in operand.items():
        if type(record) is Trace:
            same[place] = (record.inner, record._args[0])
    found: dict[Node, Node] = {}
    for node in topological(roots):
        moving = [same[arg] for arg in node._args if arg in same]
        plain = all(arg in same or isinstance(arg, (Fill, Const)) for arg in node._args)
        if type(node) is not Map or not moving or not plain:
            continue
        loop = moving[0][1]
        if any(other is not loop for _, other in moving):
            continue
        twin = rebuilt(node, tuple([same[arg][0] if arg in same else arg for arg in node._args]))
        if loop not in known:
            assert isinstance(loop, Scan)
            known[loop] = set(reachable(loop.body.nexts))
        if twin in known[loop]:
            same[node] = (twin, loop)
            if op_of(node) in _COSTLY:
                found[node] = Trace.rebuild((twin,), (loop,))
    return found
