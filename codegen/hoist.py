"""Hoisting: what a loop body computes without its states is computed before the loop.

A node that depends on constants alone is computed once. One that depends on the sequences is
computed for all steps at once, so the input projection of a recurrent net is one product over all
times. States, sequences and constants that nothing reads any more are dropped.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from symgraph.codegen.passes import Rewritten, rebuilt
from symgraph.errors import UnsupportedError
from symgraph.node import Node
from symgraph.ops.body import Body, local
from symgraph.ops.einsum import widen
from symgraph.ops.loop import Scan, Trace, final, make_scan
from symgraph.ops.map import Map, map_node
from symgraph.ops.sweep import batch
from symgraph.scalar import slot
from symgraph.shapes import Dim, broadcast
from symgraph.template import template
from symgraph.walks import reachable, topological

__all__ = ["hoist_loops"]

_ADD = template(slot(0) + slot(1), 2)


def hoist_loops(roots: Sequence[Node], maps: bool = True) -> Rewritten:
    """Every loop with only those nodes inside that depend on its states.

    Without `maps` basic operations on the entries of a step stay inside: in a loop of their own
    they would write and read values of all steps, which costs more than it saves where a step is no
    call from Python.
    """
    order = topological(roots)
    image: dict[Node, Node] = {}
    inside: dict[Node, Node] = {}  # what became of nodes of loop bodies
    readers: dict[Node, list[Node]] = {}
    for node in order:
        if node.is_projection:
            readers.setdefault(node._args[0], []).append(node)
    for node in order:
        if node.is_projection:
            continue  # its loop has settled it
        args = tuple([image[arg] for arg in node._args])
        if isinstance(node, Scan):
            image[node] = node
            _settle(node, args, readers.get(node, []), image, inside, maps)
        else:
            image[node] = rebuilt(node, args)
    found = [image[root] for root in roots]
    return Rewritten(found, {**inside, **image})


def _settle(
    node: Scan, args: tuple[Node, ...], readers: Sequence[Node], image: dict[Node, Node],
    inside: dict[Node, Node], maps: bool,
) -> None:  # fmt: skip
    """What became of all that is read of one loop."""
    traced = [reader.params[0] for reader in readers if type(reader) is Trace]
    nested = hoist_loops([*node.body.nexts, *traced], maps)
    count = len(node.body.nexts)
    body = node.body._replace(nexts=tuple(nested.roots[:count]))
    finals = [reader.params[0] for reader in readers if type(reader) is not Trace]
    work = _Hoisting(
        body, args, node.length, node.backwards, finals, nested.roots[count:], maps
    )  # fmt: skip
    loop, states, become = work.run()
    for old, new in nested.image.items():
        inside[old] = become.get(work.regrouped.get(new, new), new)
    for reader in readers:
        if type(reader) is not Trace:
            image[reader] = final(loop, states[reader.params[0]])
            continue
        kept = work.regrouped[nested.image[reader.params[0]]]
        outside = work.outside.get(kept)
        if outside is None:
            image[reader] = Trace.rebuild((become[kept],), (loop,))
        elif kept in work.moving:
            image[reader] = outside
        else:
            image[reader] = widen(outside, (node.length, *outside.shape))


@dataclass
class _Hoisting:
    """The work on one loop, whose nested loops are done."""

    body: Body
    args: tuple[Node, ...]
    length: Dim
    backwards: bool
    finals: list[int]
    traced: list[Node]
    maps: bool

    def __post_init__(self) -> None:
        self.moving: set[Node] = set()  # changes from step to step, without the states
        self.recurrent: set[Node] = set()  # depends on the states
        self.outside: dict[Node, Node] = {}  # values before the loop, of all steps or of each
        self.regrouped: dict[Node, Node] = {}

    def run(self) -> tuple[Node, dict[int, int], dict[Node, Node]]:
        """The new loop, the new numbers of its states, and what became of the traced nodes."""
        self._regroup()
        refused: set[Node] = set()
        while True:
            frontier = self._frontier(refused)
            staying = set() if self.maps else self._staying(frontier)
            if staying:
                refused |= staying
                continue
            failed = self._lift(frontier)
            if not failed:
                break
            refused |= failed
        return self._rebuild(frontier)

    # --- which nodes --------------------------------------------------------------------------

    def _roots(self) -> list[Node]:
        return [*self.body.nexts, *self.traced]

    def _classify(self, refused: set[Node]) -> list[Node]:
        self.moving = set(self.body.sequences)
        self.recurrent = set(self.body.states) | refused
        order = topological(self._roots())
        for node in order:
            if any(arg in self.recurrent for arg in node._args):
                self.recurrent.add(node)
            elif any(arg in self.moving for arg in node._args):
                self.moving.add(node)
        return order

    def _frontier(self, refused: set[Node]) -> list[Node]:
        """The last nodes that do without the states."""
        order = self._classify(refused)
        wanted = dict.fromkeys(self._roots())
        for node in order:
            if node in self.recurrent:
                wanted.update(dict.fromkeys(node._args))
        return [
            node
            for node in wanted
            if node._args and node not in self.recurrent and not node.is_loop
        ]

    def _staying(self, frontier: Sequence[Node]) -> set[Node]:
        """The basic operations of the frontier that nothing outside asks for."""
        asked = set(self._roots())
        return {n for n in frontier if type(n) is Map and n in self.moving and n not in asked}

    def _lift(self, frontier: Sequence[Node]) -> set[Node]:
        """The values of the frontier before the loop; the nodes for which that is impossible."""
        operand = dict(zip(self.body.locals, self.args, strict=True))
        settled: dict[Node, Node] = {}
        for node in topological(frontier):
            if node in self.moving or node in self.recurrent:
                continue
            if node in operand:
                settled[node] = operand[node]
            else:
                settled[node] = rebuilt(node, tuple([settled[arg] for arg in node._args]))
        leaves = {place: operand[place] for place in self.body.sequences}
        self.outside = {}
        for node in frontier:
            if node not in self.moving:
                self.outside[node] = settled[node]
        moving = [node for node in frontier if node in self.moving]
        try:
            self.outside.update(batch(moving, leaves, self.length, settled) if moving else {})
        except UnsupportedError:
            return {node for node in moving if not _has_batch(node, leaves, self.length, settled)}
        return set()

    # --- sums ---------------------------------------------------------------------------------

    def _regroup(self) -> None:
        """a + h + b, where only h depends on the states, becomes (a + b) + h."""
        order = self._classify(set())
        uses: dict[Node, int] = {}
        for node in order:
            for arg in node._args:
                uses[arg] = uses.get(arg, 0) + 1
        for root in self._roots():
            uses[root] = uses.get(root, 0) + 1
        image = self.regrouped
        for node in order:
            terms = self._terms(node, uses) if _is_sum(node) and node in self.recurrent else None
            if terms is None:
                image[node] = rebuilt(node, tuple([image[arg] for arg in node._args]))
                continue
            total = image[terms[0]]
            for term in terms[1:]:
                total = map_node(_ADD, (total, image[term]))
            image[node] = total
        self.body = self.body._replace(nexts=tuple(image[root] for root in self.body.nexts))
        self.traced = [image[root] for root in self.traced]

    def _terms(self, node: Node, uses: Mapping[Node, int]) -> list[Node] | None:
        """The terms of a sum, those without the states first; None where that changes nothing."""
        free: list[Node] = []
        bound: list[Node] = []
        stack = [*reversed(node._args)]
        while stack:
            term = stack.pop()
            if term not in self.recurrent:
                free.append(term)
            elif _is_sum(term) and uses[term] == 1:
                stack.extend(reversed(term._args))
            else:
                bound.append(term)
        if len(free) < 2:
            return None
        shape = broadcast([term.shape for term in free], "sum")
        fits = broadcast([shape, *(term.shape for term in bound)], "sum") == node.shape
        return [*free, *bound] if fits else None

    # --- the new loop -------------------------------------------------------------------------

    def _rebuild(self, frontier: Sequence[Node]) -> tuple[Node, dict[int, int], dict[Node, Node]]:
        places = {node: local(node, f"k{k}") for k, node in enumerate(frontier)}
        inner = [node for node in self.traced if node not in places]
        new: dict[Node, Node] = dict(places)
        for node in topological([*self.body.nexts, *inner]):
            if node not in new:
                new[node] = rebuilt(node, tuple([new[arg] for arg in node._args]))
        nexts = [new[node] for node in self.body.nexts]
        live = self._live_states(nexts, [new[node] for node in inner])
        body, operand = self.body, dict(zip(self.body.locals, self.args, strict=True))
        used = reachable([*(nexts[k] for k in live), *(new[node] for node in inner)])
        sequences = [(q, operand[q]) for q in body.sequences if q in used]
        constants = [(c, operand[c]) for c in body.constants if c in used]
        for node, place in places.items():
            if place in used:
                group = sequences if node in self.moving else constants
                group.append((place, self.outside[node]))
        states = [(body.states[k], operand[body.states[k]]) for k in live]
        loop, rename = make_scan(
            states, sequences, constants, [nexts[k] for k in live], self.length, self.backwards
        )
        become = {old: rename(node) for old, node in new.items()}
        return loop, {k: number for number, k in enumerate(live)}, become

    def _live_states(self, nexts: Sequence[Node], traced: Sequence[Node]) -> list[int]:
        """The states that something reads, directly or through other states."""
        number = {state: k for k, state in enumerate(self.body.states)}
        live = set(self.finals)
        stack = [*traced, *(nexts[k] for k in live)]
        while stack:
            for node in reachable([stack.pop()]):
                k = number.get(node)
                if k is not None and k not in live:
                    live.add(k)
                    stack.append(nexts[k])
        return sorted(live)


def _has_batch(
    node: Node, leaves: Mapping[Node, Node], length: Dim, settled: Mapping[Node, Node]
) -> bool:
    try:
        batch([node], leaves, length, settled)
    except UnsupportedError:
        return False
    return True


def _is_sum(node: Node) -> bool:
    return type(node) is Map and node.template is _ADD and node.kind == "real"
