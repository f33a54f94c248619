"""Which steps of a block share a loop, and in which order the loops run.

Every step has a level: steps of one level and one shape do not depend on each other but entry by
entry, so they share a loop wherever in the graph they stand. A basic operation that only a later
loop reads moves there; sums and maxima of what a loop computes are taken in it.
"""

from __future__ import annotations

import heapq
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from symgraph.codegen.basic import op_of
from symgraph.codegen.native.lanes import in_vector
from symgraph.codegen.schedule import Block
from symgraph.codegen.traces import is_view
from symgraph.node import Node
from symgraph.ops.einsum import Einsum
from symgraph.ops.leaves import Random
from symgraph.ops.linalg import Inv, Solve
from symgraph.ops.map import Map
from symgraph.ops.move import Pull, Push
from symgraph.ops.reduce import Reduce
from symgraph.ops.rows import Lookup
from symgraph.shapes import Dim

__all__ = ["arranged", "is_reduction", "overwritten", "short_exponentials"]

_LONGEST = 60  # operations in one loop
_RANK = {"forward": 0, "backward": 1, "update": 2}


def is_reduction(node: Node) -> bool:
    """Whether a node is a sum over some axes of a real operand, or a maximum over the last ones."""
    if not node._args or node._args[0].kind != "real":
        return False
    if isinstance(node, Einsum):
        ins = node.ins[0]
        whole = len(node._args) == 1 and len(set(ins)) == len(ins)
        kept = set(node.out)
        ordered = node.out == tuple(i for i in ins if i in kept)
        return whole and ordered and len(kept) < len(ins)
    if not isinstance(node, Reduce) or node.operation != "max":
        return False
    return node.axes == tuple(range(node.ndim, node._args[0].ndim))


def short_exponentials(steps: Sequence[Node], real: str) -> set[Node]:
    """The exponentials of rows that are summed and end with a vector filled in part: of softmax.

    In a loop of their own rows lie side by side, and none leaves entries over.
    """
    lanes = in_vector(real)
    found: set[Node] = set()
    for node in steps:
        if not is_reduction(node) or type(node) is not Einsum or len(node.ins[0]) < 2:
            continue
        (summed,) = node._args
        if node.ins[0][-1] in node.out or not _leaves_over(summed.shape[-1], lanes):
            continue
        inside = [summed, *summed._args] if type(summed) is Map else [summed]
        found.update(each for each in inside if op_of(each) == "exp" and each.shape == summed.shape)
    return found


def _leaves_over(size: Dim, lanes: int) -> bool:
    """Whether what rows of a size have besides whole vectors is worth a pass over all of them."""
    if not isinstance(size, int) or size > 8 * lanes:
        return False
    return 1 < size < lanes or size % lanes >= lanes // 4


def arranged(
    block: Block, alone: Collection[Node], orders: Mapping[Node, tuple[int, ...]]
) -> list[list[Node]]:
    """The steps in groups, in an order that computes operands first.

    A step that is neither a basic operation nor a reduction of one is a group of its own, and so is
    every one of `alone`. Values in a loop have their axes in the same one of `orders` in memory.
    """
    return _Arranging(block, alone, orders).groups()


class _Arranging:
    def __init__(
        self, block: Block, alone: Collection[Node], orders: Mapping[Node, tuple[int, ...]]
    ) -> None:
        self.steps = [node for node in block.steps if node._args]
        self.sections = block.sections
        self.alone, self.orders = alone, orders
        #: What basic operations have in common that may share a loop.
        self.forms = {
            node: (node.shape, self.sections.get(node), orders.get(node))
            for node in self.steps
            if type(node) is Map and node not in alone
        }
        self.place = {node: k for k, node in enumerate(self.steps)}
        self.users: dict[Node, list[Node]] = {}
        for node in self.steps:
            for arg in node._args:
                self.users.setdefault(arg, []).append(node)

    def groups(self) -> list[list[Node]]:
        """The groups."""
        levels = self._levels()
        self._sink(levels)
        found: dict[Any, list[Node]] = {}
        for node in self.steps:
            found.setdefault(self._key(node, levels), []).append(node)
        parts = [
            group[first : first + _LONGEST]
            for group in found.values()
            for first in range(0, len(group), _LONGEST)
        ]
        return self._ordered(parts)

    def _joins(self, arg: Node, node: Node) -> bool:
        """Whether a step may share the loop of its operand."""
        form = self.forms.get(arg)
        if form is None or node in self.alone:
            return False
        if type(node) is Map:
            return form == self.forms[node]
        shape, section, order = form
        beside = section == self.sections.get(node) and order is None
        return bool(shape) and beside and is_reduction(node)

    def _levels(self) -> dict[Node, int]:
        levels: dict[Node, int] = {}
        for node in self.steps:
            found = 0
            for arg in node._args:
                level = levels.get(arg, -1)
                if level >= found:  # else the same or less, whether it joins or not
                    found = max(found, level + (not self._joins(arg, node)))
            levels[node] = found
        return levels

    def _sink(self, levels: dict[Node, int]) -> None:
        """Basic operations into the loop that reads them."""
        for node in reversed(self.steps):
            users = self.users.get(node, ())
            if not users or node in self.alone:
                continue
            if type(node) is not Map:
                if is_view(node):  # takes no time: it must not hold back what it reads
                    levels[node] = min([levels[user] for user in users]) - 1
                continue
            found = [(levels[user], self._joins(node, user)) for user in users]
            bound = min([level - (not joins) for level, joins in found])
            if (bound, True) in found:
                levels[node] = bound

    def _key(self, node: Node, levels: Mapping[Node, int]) -> Any:
        if node in self.alone:
            return node
        form = self.forms.get(node)
        if form is not None:
            shape, section, order = form
            return (shape, levels[node], section, order)
        arg = node._args[0]
        if self._joins(arg, node) and levels[arg] == levels[node]:
            return (arg.shape, levels[node], self.sections.get(node), self.orders.get(arg))
        return node

    def _ordered(self, groups: Sequence[list[Node]]) -> list[list[Node]]:
        """Operands first; where there is a choice the one that stands first in the schedule."""
        group_of = {node: k for k, group in enumerate(groups) for node in group}
        waiting = [0] * len(groups)
        users: list[list[int]] = [[] for _ in groups]
        for k, group in enumerate(groups):
            before = {group_of[a] for node in group for a in node._args if a in group_of} - {k}
            waiting[k] = len(before)
            for other in before:
                users[other].append(k)
        ready = [(self._rank(group), k) for k, group in enumerate(groups) if not waiting[k]]
        heapq.heapify(ready)
        found: list[list[Node]] = []
        while ready:
            _, k = heapq.heappop(ready)
            found.append(groups[k])
            for user in users[k]:
                waiting[user] -= 1
                if not waiting[user]:
                    heapq.heappush(ready, (self._rank(groups[user]), user))
        return found

    def _rank(self, group: Sequence[Node]) -> tuple[int, int]:
        section = _RANK[self.sections.get(group[0], "forward")]
        return section, max(self.place[node] for node in group)


# --- updates -------------------------------------------------------------------------------------


def overwritten(
    block: Block,
    groups: Sequence[Sequence[Node]],
    outputs: Sequence[Node],
    updates: Mapping[Node, Node],
    away: Collection[Node],
) -> list[Node]:
    """The variables whose new values may be computed right into their arrays.

    Every other step that reads the old value, or may refuse to go on, comes before. Steps of `away`
    come later than all groups.
    """
    place = {node: k for k, group in enumerate(groups) for node in group}
    end = len(groups)
    refusing, made = -1, set[Any]()
    settled = [(node, k) for node, k in place.items() if node not in away]
    for node, k in (*settled, *((node, end) for node in away)):
        tests = _tests(node)
        if _may_refuse(node) or not tests <= made:
            refusing = k
        made |= tests
    viewed = block.viewed(updates, constants=False)
    last: dict[Node, int] = {}
    for node in block.steps:
        at = place.get(node, end)
        for arg in node._args:
            for source in viewed.get(arg, ()):
                within = arg is source and type(node) is Map and at == place.get(updates[source])
                if not within:
                    last[source] = max(last.get(source, -1), at)
    for root in (*outputs, *updates.values()):
        for source in viewed.get(root, ()):
            last[source] = end
    times: dict[Node, int] = {}
    for node in updates.values():
        times[node] = times.get(node, 0) + 1
    kept = set(outputs)
    found = []
    for variable, node in updates.items():
        at = place.get(node, -1)
        alone = times[node] == 1 and node not in kept and type(node) is Map and node.shape != ()
        if alone and at > refusing and last.get(variable, -1) < at:
            found.append(variable)
    return found


def _may_refuse(node: Node) -> bool:
    """Whether an error may be found while the step is computed."""
    return isinstance(node, (Inv, Solve, Random)) or node.is_loop


def _tests(node: Node) -> set[Any]:
    """What is tested of positions before a step; the same test is made once."""
    if not isinstance(node, (Pull, Push)):
        return set()
    large, small = node.shape, node.args[0].shape
    if isinstance(node, Pull):
        large, small = small, large
    found = set[Any]()
    for row, size in zip(node.rows, large, strict=True):
        if isinstance(row, Lookup):
            found.add((node.args[row.operand], size))
        elif row.checked:
            found.add((row, size, small))
    return found
