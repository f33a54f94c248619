"""Schedule: in which order the nodes of a graph are computed, and what belongs together.

A `Block` is the straight-line code of the program or of one loop body. The order is a depth-first
walk from the roots in their order, so it depends on the graph alone and not on when its nodes were
made. A loop is one step of the block around it and holds a block of its own.
"""

from __future__ import annotations

import itertools
import operator
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

from symgraph.codegen.basic import op_of
from symgraph.node import Node
from symgraph.ops.einsum import Einsum
from symgraph.ops.loop import Final, Scan, Trace
from symgraph.ops.map import Map
from symgraph.ops.move import Pull
from symgraph.ops.reshape import Reshape
from symgraph.walks import topological

__all__ = ["Block", "Loop", "Section", "schedule"]

Section = Literal["forward", "backward", "update"]


@dataclass
class Loop:
    """A Scan with the results that are read from it.

    `traces` maps an inner node to the Trace that records it, `finals` a state number to its Final.
    """

    scan: Scan
    traces: dict[Node, Node]
    finals: dict[int, Node]
    block: Block


@dataclass
class Block:
    """Steps in order.

    `last` are the steps at the very end, each of which makes the new value of an updated variable
    that nothing else reads.
    """

    steps: list[Node]
    loops: dict[Node, Loop]
    roots: list[Node]
    sections: dict[Node, Section] = field(default_factory=dict)
    last: list[Node] = field(default_factory=list)

    @cached_property
    def uses(self) -> dict[Node, int]:
        """How often each value is read, reads by the caller included."""
        uses = Counter(dict.fromkeys(self.steps, 0))
        uses.update(itertools.chain.from_iterable(map(_operands, self.steps)))
        uses.update(self.roots)
        return uses

    def viewed(
        self, sources: Iterable[Node], constants: bool = True
    ) -> dict[Node, frozenset[Node]]:
        """For each value that may be a view of some of the sources, which ones.

        `constants` says whether results of loops may be views of what stays the same in them.
        """
        found = {source: frozenset([source]) for source in sources}
        for step in self.steps:
            if step._args and _may_view(step):
                args = step._args
                if step in self.loops and not constants:
                    scan = self.loops[step].scan
                    same = set(scan.body.constants)
                    places = zip(scan.body.locals, scan.args, strict=True)
                    args = tuple(arg for place, arg in places if place not in same)
                seen = [found[arg] for arg in args if arg in found]
                if seen:
                    found[step] = frozenset().union(*seen)
        return found

    def groups(self) -> list[list[Node]]:
        """Runs of neighbouring Maps of one shape: what a loop nest can compute in one go."""
        found: list[list[Node]] = []
        for node in self.steps:
            if not node._args:
                continue
            if type(node) is not Map:
                found.append([])
            elif found and found[-1] and found[-1][-1].shape == node.shape:
                found[-1].append(node)
            else:
                found.append([node])
        return [group for group in found if group]


_operands = operator.attrgetter("_args")


def _may_view(node: Node) -> bool:
    """Whether a target may let the value of a node lie in the memory of an operand."""
    if isinstance(node, Einsum):
        return len(node.args) == 1
    if isinstance(node, Pull):
        return len(node.args) == 1
    moves = isinstance(node, Reshape) or node.is_loop or node.is_projection
    return moves or op_of(node) == "iverson"


def schedule(
    outputs: Sequence[Node],
    updates: Mapping[Node, Node] | None = None,
    steps: Sequence[Node] | None = None,
) -> Block:
    """The block that computes the outputs, then the new values of the updated variables.

    `steps` are what these are made of as `topological` gives it, where that is there already.
    """
    updates = updates or {}
    roots = [*outputs, *updates.values()]
    steps = topological(roots) if steps is None else steps
    traces = _traces(steps)
    loops = {node: _loop(node, found) for node, found in traces.items()}
    block = Block(list(steps), loops, roots)
    place = dict(zip(steps, itertools.count(), strict=False))
    forward = max([place[node] + 1 for node in _value(outputs, updates)], default=0)
    block.sections = dict.fromkeys(steps[:forward], "forward")
    block.sections.update(dict.fromkeys(steps[forward:], "backward"))
    if updates:
        _mark_updates(block, set(outputs))
        _order_sections(block)
        _delay(block, outputs, updates)
    return block


def _value(outputs: Sequence[Node], updates: Mapping[Node, Node]) -> Sequence[Node]:
    """What the part `forward` computes: all outputs where there are updates, else the first one,
    when it is a scalar and further ones follow.
    """
    scalar_first = bool(outputs) and outputs[0].shape == () and outputs[0].kind == "real"
    return outputs[:1] if scalar_first and not updates else outputs


def _traces(order: Iterable[Node]) -> dict[Node, list[Node]]:
    """The projections that are read of each loop, in order."""
    found: dict[Node, list[Node]] = {}
    for node in order:
        if node.is_loop:
            found.setdefault(node, [])
        elif node.is_projection:
            found.setdefault(node._args[0], []).append(node)
    return found


def _loop(node: Node, projections: Sequence[Node]) -> Loop:
    assert isinstance(node, Scan)
    traces = {p.inner: p for p in projections if type(p) is Trace}
    finals = {p.state: p for p in projections if type(p) is Final}
    return Loop(node, traces, finals, schedule([*node.body.nexts, *traces]))


# --- sections ------------------------------------------------------------------------------------


def _order_sections(block: Block) -> None:
    """forward, backward, update; each stays in its order, and none needs a later one."""
    rank = {"forward": 0, "backward": 1, "update": 2}
    block.steps.sort(key=lambda node: rank[block.sections[node]])


def _delay(block: Block, outputs: Sequence[Node], updates: Mapping[Node, Node]) -> None:
    """Move the last step of every update to the end, where it may overwrite its variable."""
    kept = set(outputs)
    block.last = [
        node
        for node in dict.fromkeys(updates.values())
        if type(node) is Map and block.uses[node] == 1 and node not in kept
    ]
    moved = set(block.last)
    block.steps = [node for node in block.steps if node not in moved] + block.last


def _mark_updates(block: Block, outputs: set[Node]) -> None:
    """update: Maps that only new values need, and what is cut out of them."""
    sections = block.sections
    readers: dict[Node, list[Node]] = {}
    for node in block.steps:
        for arg in node._args:
            readers.setdefault(arg, []).append(node)
    for node in reversed(block.steps):
        if sections[node] != "backward" or node in outputs:
            continue
        if type(node) is not Map and not _cuts_map(node):
            continue
        if all(sections[user] == "update" for user in readers.get(node, [])):
            sections[node] = "update"


def _cuts_map(node: Node) -> bool:
    """Whether this is a piece of what basic operations have made, maybe under another shape."""
    while isinstance(node, (Pull, Reshape)) and len(node._args) == 1:
        node = node._args[0]
        if type(node) is Map:
            return True
    return False
