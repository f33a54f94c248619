"""Loops beside a loop: its reverse sweep, its tangent, and the same over a batch.

The first two read the values of the loop's steps; what they carry is only what their own recursion
needs.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from symgraph.node import Node, substitute
from symgraph.ops.body import (
    Pair,
    Renaming,
    carried_by,
    descendants,
    local,
    local_name,
    read_by,
)
from symgraph.ops.einsum import widen
from symgraph.ops.leaves import fill
from symgraph.ops.over_time import exchanged, lifted, summed_over_time
from symgraph.ops.sweep import Image, above, batch, forward, reverse, total
from symgraph.shapes import Dim
from symgraph.walks import depth_first, reachable

if TYPE_CHECKING:
    from symgraph.ops.loop import Scan

__all__ = ["batched", "cotangents", "tangents_of"]


class _Beside:
    """A loop whose steps read the values of another loop's steps: its reverse, or its tangent.

    `states`, `sequences` and `constants` pair its own local variables with their operands; `nexts`
    and the nodes given to `over_time` mix these with nodes of the other loop's body.
    """

    def __init__(
        self,
        scan: Scan,
        states: Sequence[Pair],
        sequences: Sequence[Pair],
        constants: Sequence[Pair],
        nexts: Sequence[Node],
        backwards: bool,
    ) -> None:
        self._scan = scan
        own = {place for place, _ in (*states, *sequences, *constants)}
        #: The nodes that depend on own local variables; on those of the other loop; all looked at.
        self._ours = set(own)
        self._theirs = {*scan.body.states, *scan.body.sequences}
        self._sorted = self._ours | self._theirs
        self._stacked = dict(sequences)
        self._fixed = {**dict(constants), **scan.operand_of()}
        read, computed = self._frontier(nexts)
        rule = {node: local(node, f"v{i}") for i, node in enumerate(read)}
        steps = substitute(list(nexts), rule)
        used = reachable(steps)
        unchanging = [*constants, *((c, self._fixed[c]) for c in scan.body.constants)]
        self.loop, rename = scan.beside(
            states,
            [*_in_use(used, sequences), *((rule[n], scan.over_time(n)) for n in read)],
            _in_use(used, unchanging),
            steps,
            backwards,
        )
        self._image = Renaming(
            {node: rename(place) for node, place in rule.items()}
            | {place: rename(place) for place in own.union(scan.body.constants)}
        )
        moving = {*read, *self._stacked, *(place for place, _ in states)}
        self._inside = descendants(computed, moving) & computed
        self._inside |= {place for place, _ in states}

    def _frontier(self, roots: Sequence[Node]) -> tuple[list[Node], set[Node]]:
        """The largest nodes of the other loop below the roots, and the nodes above these."""
        self._sort(roots)
        theirs = self._theirs - self._ours
        order = depth_first(roots, lambda node: () if node in theirs else node.args)
        return [node for node in order if node in theirs], set(order) - theirs

    def _sort(self, roots: Sequence[Node]) -> None:
        for node in above(roots, self._sorted):
            self._sorted.add(node)
            for known in (self._ours, self._theirs):
                if any(arg in known for arg in node.args):
                    known.add(node)

    def over_time(self, roots: Sequence[Node]) -> list[Node]:
        """Nodes of the step at every step, computed outside the loops where that is possible."""
        self._sort(roots)
        return [lifted(root, self._scan.length, self._stand, self._fixed) for root in roots]

    def _stand(self, node: Node) -> Node | None:
        if node in self._stacked:
            return self._stacked[node]
        if node in self._theirs and node not in self._ours:
            return self._scan.over_time(node)
        recorded = node in self._inside or (node.is_projection and node.args[0] in self._inside)
        if not recorded or node.is_loop:
            return None
        return self.loop.recorded(self._image(node))


def cotangents(
    scan: Scan,
    ends: Mapping[Node, Sequence[Node]],
    traced: Sequence[tuple[Node, Node]],
    wanted: set[Node],
) -> dict[Node, list[Node]]:
    """The cotangents that reach the operands behind the wanted local variables.

    `ends` are those of the last states, `traced` those of inner nodes at every step.
    """
    body = scan.body
    carried = carried_by(body, set(ends), [inner for inner, _ in traced], wanted)
    later = {state: local(state, f"δ{local_name(state)}") for state in carried}
    seeds: dict[Node, list[Node]] = {}
    sequences: list[Pair] = []
    for state in carried:
        seeds.setdefault(body.next_of(state), []).append(later[state])
    for inner, ct in traced:
        place = local(inner, "g")
        sequences.append((place, ct))
        seeds.setdefault(inner, []).append(place)
    joined = {node: total(parts) for node, parts in seeds.items()}
    sources = {*carried, *wanted}
    parts = _parts(reverse(joined, sources), joined, sources)
    beside = _Beside(
        scan,
        [(later[s], total(ends[s]) if s in ends else fill(0, s.shape, "real")) for s in carried],
        sequences,
        [],
        [total(parts[s]) if parts[s] else fill(0, s.shape, "real") for s in carried],
        not scan.backwards,
    )
    found: dict[Node, list[Node]] = {s: [beside.loop.last(i)] for i, s in enumerate(carried)}
    # In the order of the body: the same graph is built in every process.
    chosen = [p for p in (*body.sequences, *body.constants) if p in wanted]
    edges = [(place, part) for place in chosen for part in parts[place]]
    unchanging = set(body.constants)
    for (place, _), stacked in zip(
        edges, beside.over_time([part for _, part in edges]), strict=True
    ):
        part = summed_over_time(stacked) if place in unchanging else stacked
        found.setdefault(place, []).append(part)
    return found


def _parts(
    adjoints: Any, seeds: Mapping[Node, Node], places: Collection[Node]
) -> dict[Node, list[Node]]:
    """What reaches each local variable, one node an edge."""
    found = {place: [seeds[place]] if place in seeds else [] for place in places}
    for (node, k), part in adjoints.contribution.items():
        if node.args[k] in found:
            found[node.args[k]].append(part)
    return found


def tangents_of(scan: Scan, tangents: Sequence[Node | None]) -> Image:
    """The loop of the tangents: it carries those of the states and reads everything else."""
    body, places = scan.body, scan.body.locals
    given = {p: t for p, t in zip(places, tangents, strict=True) if t is not None}
    reads = {state: read_by(body.next_of(state)) for state in body.states}
    grown = set(given)
    while True:
        more = {s for s in body.states if s.kind == "real" and reads[s] & grown} - grown
        if not more:
            break
        grown |= more
    seeds = {place: local(place, f"d{local_name(place)}") for place in places if place in grown}
    moving = [state for state in body.states if state in seeds]
    flows = forward([body.next_of(state) for state in moving], seeds)
    zero = {state: fill(0, state.shape, "real") for state in moving}
    beside = _Beside(
        scan,
        [(seeds[s], given.get(s, zero[s])) for s in moving],
        [(seeds[p], given[p]) for p in body.sequences if p in given],
        [(seeds[p], given[p]) for p in body.constants if p in given],
        [flows.get(body.next_of(s), zero[s]) for s in moving],
        scan.backwards,
    )

    known = {**flows, **seeds}

    def inner(node: Node) -> Node | None:
        flow = known.get(node) or forward([node], known).get(node)
        return None if flow is None else beside.over_time([flow])[0]

    def last(k: int) -> Node | None:
        state = body.states[k]
        return beside.loop.last(moving.index(state)) if state in seeds else None

    return Image(inner, last)


def batched(scan: Scan, args: Sequence[Node], flags: Sequence[bool], size: Dim) -> Image:
    """The loop with a leading axis on the given operands and on the states they reach."""
    body, places = scan.body, scan.body.locals
    wide = {place for place, flag in zip(places, flags, strict=True) if flag}
    while True:
        reached = descendants(body.nexts, wide)
        more = {s for s in body.states if body.next_of(s) in reached} - wide
        if not more:
            break
        wide |= more
    groups: tuple[list[Pair], ...] = ([], [], [])
    stand_in: dict[Node, Node] = {}
    count, timed = len(body.states), len(body.states) + len(body.sequences)
    for k, (place, arg, flag) in enumerate(zip(places, args, flags, strict=True)):
        group = 0 if k < count else 1 if k < timed else 2
        if place not in wide:
            groups[group].append((place, arg))
            continue
        full = (size, *place.shape)
        stand_in[place] = local(place, local_name(place), front=(size,))
        operand = arg if flag else widen(arg, full)
        groups[group].append((stand_in[place], exchanged(operand) if group == 1 else operand))
    found = batch(body.nexts, stand_in, size)
    nexts = [
        (found[n] if n in found else widen(n, (size, *n.shape))) if state in wide else n
        for state, n in zip(body.states, body.nexts, strict=True)
    ]
    loop, rename = scan.beside(groups[0], groups[1], groups[2], nexts, scan.backwards)

    def inner(node: Node) -> Node:
        over = batch([node], found, size).get(node)
        if over is None:
            stacked = loop.over_time(rename(node))
            return widen(stacked, (size, *stacked.shape))
        return exchanged(loop.over_time(rename(over)))

    def last(k: int) -> Node:
        value = loop.last(k)
        return value if body.states[k] in wide else widen(value, (size, *value.shape))

    return Image(inner, last)


def _in_use(used: Collection[Node], pairs: Sequence[Pair]) -> list[Pair]:
    """The pairs whose local variable is used."""
    return [(place, operand) for place, operand in pairs if place in used]
