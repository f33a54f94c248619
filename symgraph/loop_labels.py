"""The green labels of a loop: what one step hands on to each of its operands.

A loop is one vertex of a graph. Its label is that of its step: • (of several states dh, dC, ...) is
the derivative by the state at time t, and what is used at every time gets a sum.
"""

from __future__ import annotations

import weakref

import sympy

from symgraph.errors import UnsupportedError
from symgraph.node import Node
from symgraph.notation.algebra import Algebra
from symgraph.notation.readtime import MomentForward, MomentReader
from symgraph.notation.sequences import Moment, Timed, gathered
from symgraph.notation.tree import Formula
from symgraph.notation.unstack import Moments, unstack
from symgraph.ops import Scan
from symgraph.ops.body import local
from symgraph.ops.einsum import sum_over
from symgraph.ops.leaves import var
from symgraph.ops.loop import final
from symgraph.ops.map import add_up
from symgraph.ops.sweep import reverse

__all__ = ["loop_label"]

#: A label of more symbols than this says less than none.
LONGEST = 60

_known: weakref.WeakKeyDictionary[Node, dict[int, Formula]] = weakref.WeakKeyDictionary()


def loop_label(loop: Scan, k: int) -> Formula | None:
    """What one step of a loop hands on to operand k; None where that is nothing, or too long."""
    found = _known.get(loop)
    if found is None:
        try:
            found = _labels(loop)
        except UnsupportedError:
            found = {}
        _known[loop] = found
    return found.get(k)


def _labels(loop: Scan) -> dict[int, Formula]:
    body = loop.body
    names = [str(place.params[0]) for place in body.locals]
    count = len(body.states)
    names[:count] = [f"{name}0" for name in names[:count]]
    operands = tuple(
        var(name, arg.shape, "input", arg.kind) for name, arg in zip(names, loop.args, strict=True)
    )
    plain = loop.rebuild(loop.params, operands)
    ends = [final(plain, k) for k in range(count)]
    root = add_up([sum_over(end, range(end.ndim)) for end in ends])
    assert root is not None
    moments = unstack(root, operands, ["t"])
    forward = MomentForward(moments, {"t": _last(loop)})
    reader = MomentReader(forward, Algebra(tidy=True), limit=None)
    seeds: dict[Node, Node] = {}
    for state in moments.states:
        text = "•" if len(moments.states) == 1 else f"d{forward.names[state.after]}"
        arriving = local(state.after, text)
        reader.call_it(arriving, Timed(text, forward.sort(state.after), Moment("t")))
        seeds[state.after] = arriving
    sources = {k: _source(one, moments) for k, one in enumerate(operands) if one.kind == "real"}
    wanted = {one for one in sources.values() if one is not None}
    starts = {state.before for state in moments.states}
    found = reverse(seeds, wanted | starts).cotangent
    labels: dict[int, Formula] = {}
    for k, source in sources.items():
        ct = None if source is None else found.get(source)
        if ct is not None:
            labels[k] = gathered(reader.read(ct), reader.algebra.add)
    return {k: one for k, one in labels.items() if one.size <= LONGEST}


def _source(operand: Node, moments: Moments) -> Node | None:
    """What stands for an operand in the graph of one moment."""
    for place, entry in moments.entries.items():
        if entry.stacked is operand:
            return place
    return moments.settled.get(operand)


def _last(loop: Scan) -> Moment:
    length = loop.length
    if isinstance(length, int):
        return Moment("", length)
    return Moment(str(length)) if isinstance(length, sympy.Symbol) else Moment("T")
