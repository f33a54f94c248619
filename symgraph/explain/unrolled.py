"""A recurrence that was written out step by step, as the loop that it is.

A chain s₁, s₂, ... whose steps are alike becomes one step of a loop; the values that differ from
step to step become its sequences, and a sum over the steps becomes a sum over time.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from symgraph.errors import SymgraphError
from symgraph.node import Node
from symgraph.notation.forward import fresh
from symgraph.notation.sequences import stem_of
from symgraph.ops import Fill, Let, Map, Pull, Var
from symgraph.ops.body import local
from symgraph.ops.concat import concat_node
from symgraph.ops.einsum import einsum_node
from symgraph.ops.let import bare, let_node
from symgraph.ops.loop import final, scan_and_traces
from symgraph.ops.map import map_node
from symgraph.ops.reshape import reshape_node
from symgraph.ops.rows import Affine, identity_row
from symgraph.ops.sweep import dependents
from symgraph.walks import topological

__all__ = ["rolled_up"]

#: A shorter chain stays as it is written.
FEWEST = 4
#: How many chains are tried, how large a step may be, and to what depth steps are compared first.
MOST_CHAINS, LARGEST_STEP, DEPTH = 40, 400, 3
_LETTERS = "shuvzyq"


def rolled_up(root: Node, sources: Sequence[Node]) -> tuple[Node, list[Node]] | None:
    """The root with a loop in the place of a chain, and the sources there; None without a chain.

    None, too, where a single step is asked for or read apart from the others.
    """
    order = topological([root])
    if len(order) < FEWEST * 3:
        return None
    place = {node: k for k, node in enumerate(order)}
    for last, before in _candidates(order, place):
        pattern = _pattern(last, before, place)
        if pattern is None:
            continue
        chain = _chain(pattern, last, place)
        if chain is None:
            continue
        try:
            return _Rolling(order, place, chain).result(root, sources)
        except _Irregular:
            continue
        except SymgraphError:
            return None
    return None


class _Irregular(Exception):
    """What the chain is used for is not the same at every step."""


class _Pattern(NamedTuple):
    """One step: its values, the last first; what is the same at every step; what is given for
    each; by a value of the step before the value of this step."""

    inner: tuple[Node, ...]
    constants: frozenset[Node]
    given: tuple[Node, ...]
    before: dict[Node, Node]


class _Step(NamedTuple):
    """What stands for the pattern's values, given values and earlier values in one step."""

    inner: dict[Node, Node]
    given: dict[Node, Node]
    before: dict[Node, Node]


class _Chain(NamedTuple):
    pattern: _Pattern
    steps: list[_Step]


def _kind(node: Node) -> tuple[object, ...]:
    """What a node does, whatever it is called."""
    if isinstance(node, Let):
        return (Let, node.stops, node.shape)
    return (type(node), node.params, node.shape)


def _candidates(order: Sequence[Node], place: Mapping[Node, int]) -> Iterator[tuple[Node, Node]]:
    """Pairs of values that are computed alike, the second before the first; late ones first."""
    marks: dict[Node, int] = {}
    known: dict[object, int] = {}
    for depth in range(DEPTH + 1):
        level: dict[Node, int] = {}
        for node in order:
            own = (
                (type(node), node.shape) if not node.args or isinstance(node, Let) else _kind(node)
            )
            below = tuple(marks[arg] for arg in node.args) if depth else ()
            level[node] = known.setdefault((depth, own, below), len(known))
        marks = level
    groups: dict[int, list[Node]] = {}
    for node in order:
        if node.args:
            groups.setdefault(marks[node], []).append(node)
    long = [group for group in groups.values() if len(group) >= FEWEST - 1]
    long.sort(key=lambda group: -place[group[-1]])
    for group in long[:MOST_CHAINS]:
        if not _adds_up(group[-1], group[-2]):
            yield group[-1], group[-2]


def _adds_up(last: Node, before: Node) -> bool:
    """Whether a chain is a mere running sum."""
    node = bare(last)
    terms = [bare(arg) for arg in node.args]
    if not _is_sum(node) or bare(before) not in terms:
        return False
    others = [term for term in terms if term is not bare(before)]
    return not any(bare(before) in topological([other]) for other in others)


def _is_sum(node: Node) -> bool:
    return isinstance(node, Map) and str(node.template.expr) == "_0 + _1"


def _pattern(last: Node, before: Node, place: Mapping[Node, int]) -> _Pattern | None:
    """What two steps have in common; None where the second does not start from the first."""
    facing = {last: before}
    heap = [(-place[last], last)]
    done: set[Node] = set()
    inner: dict[Node, Node] = {}
    images: dict[Node, Node] = {}
    constants: set[Node] = set()
    given: list[Node] = []
    carried: dict[Node, Node] = {}
    while heap:
        _, node = heapq.heappop(heap)
        if node in done:
            continue
        done.add(node)
        other = facing[node]
        if node is other:
            constants.add(node)
        elif node in images:
            carried[node] = images[node]
        elif node.args and _kind(node) == _kind(other) and len(node.args) == len(other.args):
            inner[node], images[other] = other, node
            for arg, opposite in zip(node.args, other.args, strict=True):
                if facing.setdefault(arg, opposite) is not opposite:
                    return None
                heapq.heappush(heap, (-place[arg], arg))
        elif node.shape == other.shape:
            given.append(node)
        else:
            return None
        if len(inner) > LARGEST_STEP:
            return None
    if before not in carried:
        return None
    return _Pattern(tuple(inner), frozenset(constants), tuple(given), carried)


def _facing(
    inner: Sequence[Node],
    start: Mapping[Node, Node],
    constants: frozenset[Node],
    ends: Sequence[Mapping[Node, Node]],
) -> _Step | None:
    """The values of another step opposite to those of the pattern; None where one differs."""
    given_ends, before_ends = ends
    found: dict[Node, Node] = dict(start)
    given: dict[Node, Node] = {}
    before: dict[Node, Node] = {}
    for node in inner:
        other = found[node]
        if _kind(node) != _kind(other) or len(node.args) != len(other.args):
            return None
        for arg, opposite in zip(node.args, other.args, strict=True):
            if arg in constants:
                if arg is not opposite:
                    return None
                continue
            table = given if arg in given_ends else before if arg in before_ends else found
            if table.setdefault(arg, opposite) is not opposite:
                return None
    return _Step(found, given, before)


def _chain(pattern: _Pattern, last: Node, place: Mapping[Node, int]) -> _Chain | None:
    """The steps from the first to the last one."""
    given = {node: node for node in pattern.given}
    anchor = next(node for node, now in pattern.before.items() if now is last)
    steps: list[_Step] = []
    at = last
    while True:
        ends = (given, pattern.before)
        step = _facing(pattern.inner, {last: at}, pattern.constants, ends)
        if step is None or not all(
            step.inner.get(now) is steps[-1].before[node]
            for node, now in pattern.before.items()
            if steps
        ):
            break
        steps.append(step)
        at = step.before[anchor]
        if at not in place or any(node not in step.before for node in pattern.before):
            break
    return _Chain(pattern, steps[::-1]) if len(steps) >= FEWEST else None


class _Rolling:
    """The graph around a chain with a loop in its place."""

    def __init__(self, order: Sequence[Node], place: Mapping[Node, int], chain: _Chain) -> None:
        self._order = order
        self._place = place
        self._pattern, self._steps = chain
        self._where = {
            other: (node, t)
            for t, step in enumerate(self._steps)
            for node, other in step.inner.items()
        }
        self._taken = {node.name for node in order if isinstance(node, Var)}
        self._taken |= {str(n.let_name) for n in order if isinstance(n, Let) and n.let_name}
        self._given: dict[Node, list[Node]] = {
            node: [step.given[node] for step in self._steps] for node in self._pattern.given
        }
        self._constants = set(self._pattern.constants)
        self._reading = dependents(order, set(self._where))

    def result(self, root: Node, sources: Sequence[Node]) -> tuple[Node, list[Node]]:
        """The root and the sources of the new graph."""
        sums = self._sums()
        body = [*reversed(self._pattern.inner), *self._behind(sums)]
        self._check(body, sources)
        states, sequences, constants = self._locals()
        tables = (states, sequences, constants)
        new = {node: pair[0] for table in tables for node, pair in table.items()}
        for node in sorted(set(body), key=self._place.__getitem__):
            new[node] = self._renamed(node, [new[arg] for arg in node.args])
        wanted = [term for terms in sums.values() for term in terms]
        nexts = [new[now] for now in self._pattern.before.values()]
        scan, traces = scan_and_traces(
            list(states.values()), list(sequences.values()), list(constants.values()), nexts,
            [new[term] for term in wanted], len(self._steps), False,
        )  # fmt: skip
        stacked = dict(zip(wanted, traces, strict=True))
        found: dict[Node, Node] = {}
        for k, now in enumerate(self._pattern.before.values()):
            found[self._steps[-1].inner[now]] = final(scan, k)
        for total, terms in sums.items():
            found[total] = self._summed(total, [stacked[term] for term in terms])
        return self._rebuilt(root, found, sources)

    # --- sums over the steps -----------------------------------------------------------------

    def _sums(self) -> dict[Node, list[Node]]:
        """The sums that have as many terms of each step, with the terms of the last step."""
        found: dict[Node, list[Node]] = {}
        self._others: dict[Node, list[Node]] = {}
        inside: set[Node] = set()
        for node in reversed(self._order):
            if not _is_sum(node) or node in inside or node not in self._reading:
                continue
            if node in self._where:
                continue
            terms, passed = _terms(node)
            by_step, rest = self._by_step(terms)
            if by_step is None:
                continue
            inside |= passed
            found[node], self._others[node] = by_step, rest
        return found

    def _by_step(self, terms: Sequence[Node]) -> tuple[list[Node] | None, list[Node]]:
        """The terms of the last step, if those of all others are alike; the terms of no step."""
        of_step: dict[int, list[Node]] = {}
        rest: list[Node] = []
        for term in terms:
            times = {self._where[node][1] for node in self._ends(term)}
            if len(times) == 1:
                of_step.setdefault(times.pop(), []).append(term)
            else:
                rest.append(term)
        last = of_step.get(len(self._steps) - 1, [])
        if len(of_step) < len(self._steps) or any(len(x) != len(last) for x in of_step.values()):
            return None, rest
        for k, term in enumerate(last):
            self._alike(term, [of_step[t][k] for t in range(len(self._steps))])
        return last, rest

    def _ends(self, root: Node) -> list[Node]:
        """The values of the chain that a value is computed from."""
        found: list[Node] = []
        stack, seen = [root], {root}
        while stack:
            node = stack.pop()
            if node in self._where:
                found.append(node)
                continue
            more = [arg for arg in node.args if arg in self._reading and arg not in seen]
            seen.update(more)
            stack.extend(more)
        return found

    def _alike(self, term: Node, others: Sequence[Node]) -> None:
        """Note what the terms of the steps are given; raises _Irregular where they differ."""
        stack = [(term, list(others))]
        while stack:
            node, opposite = stack.pop()
            if node in self._where:
                if any(
                    self._where.get(other) != (self._where[node][0], t)
                    for t, other in enumerate(opposite)
                ):
                    raise _Irregular
            elif all(other is node for other in opposite):
                self._constants.add(node)
            elif node.args and all(_kind(other) == _kind(node) for other in opposite):
                for k, arg in enumerate(node.args):
                    stack.append((arg, [other.args[k] for other in opposite]))
            elif all(other.shape == node.shape for other in opposite):
                self._given.setdefault(node, opposite)
            else:
                raise _Irregular

    def _behind(self, sums: Mapping[Node, Sequence[Node]]) -> list[Node]:
        """The values between the chain and the terms of sums."""
        ends = {*self._where, *self._given, *self._constants}
        found: list[Node] = []
        stack = [term for terms in sums.values() for term in terms]
        while stack:
            node = stack.pop()
            if node not in ends:
                found.append(node)
                stack.extend(node.args)
        return found

    def _summed(self, total: Node, traces: Sequence[Node]) -> Node:
        axes = [tuple(range(one.ndim)) for one in traces]
        sums = [einsum_node([x], x[1:], {}, (one,)) for x, one in zip(axes, traces, strict=True)]
        others = [x for x in self._others[total] if not (isinstance(x, Fill) and x.value == 0)]
        parts = [*sums, *others]
        while len(parts) > 1:
            assert isinstance(bare(total), Map)
            parts[:2] = [map_node(bare(total).template, (parts[0], parts[1]))]
        return parts[0]

    # --- the loop ----------------------------------------------------------------------------

    def _check(self, body: Sequence[Node], sources: Sequence[Node]) -> None:
        """That nothing that is given depends on the chain, and no source is a single step."""
        single = {one for column in self._given.values() for one in column}
        if any(node in self._reading for node in {*single, *self._constants}):
            raise _Irregular
        if any(source in single or source in self._where for source in sources):
            raise _Irregular
        if not any(source in topological(list(self._constants)) for source in sources):
            raise _Irregular

    def _locals(self) -> tuple[dict[Node, tuple[Node, Node]], ...]:
        """The local variables of the loop, each with its operand."""
        states: dict[Node, tuple[Node, Node]] = {}
        for node, now in self._pattern.before.items():
            start = self._steps[0].before[node]
            title = self._title([step.inner[now] for step in self._steps])
            first = _called(start)
            if not title and first[-1:] in ("0", "₀"):  # s is what starts from s0
                title = first[:-1].rstrip("_")
            if not title or title in self._taken:
                title = self._letter()
            states[node] = (local(start, title), start)
        sequences: dict[Node, tuple[Node, Node]] = {}
        for node, column in self._given.items():
            stacked = _stacked(column)
            title = self._title(column) or _called(stacked) or self._letter("x")
            self._taken.add(title)
            sequences[node] = (local(node, title), stacked)
        constants = {node: (local(node, f"c{k}"), node) for k, node in enumerate(self._constants)}
        return states, sequences, constants

    def _letter(self, wish: str = "") -> str:
        """A new name; with s0 among the names, s_0 would be another one like it."""
        used = {name[0] for name in self._taken}
        title = next((x for x in wish + _LETTERS if x not in used), fresh("s", self._taken))
        self._taken.add(title)
        return title

    def _title(self, column: Sequence[Node]) -> str:
        """What the values of all steps are called without the number of the step."""
        return stem_of([_called(node) for node in column])

    def _renamed(self, node: Node, args: Sequence[Node]) -> Node:
        if not isinstance(node, Let):
            return node.rebuild(node.params, tuple(args))
        pairs = [step.inner.get(node) for step in self._steps]
        title = self._title([one for one in pairs if one is not None])
        return let_node(title, args[0], node.stops) if title or node.stops else args[0]

    def _rebuilt(
        self, root: Node, found: dict[Node, Node], sources: Sequence[Node]
    ) -> tuple[Node, list[Node]]:
        """What stands behind the chain, with the loop; raises _Irregular where it reads a step."""
        stack = [root]
        while stack:
            node = stack[-1]
            if node in found:
                stack.pop()
                continue
            if node in self._where:
                raise _Irregular
            if node not in self._reading:
                found[node] = node
                continue
            pending = [arg for arg in node.args if arg not in found]
            if pending:
                stack.extend(pending)
                continue
            found[node] = node.rebuild(node.params, tuple(found[arg] for arg in node.args))
        return found[root], [found.get(source, source) for source in sources]


def _terms(total: Node) -> tuple[list[Node], set[Node]]:
    """The terms of a sum of sums, and the sums within it."""
    terms: list[Node] = []
    passed: set[Node] = set()
    stack = [total]
    while stack:
        node = stack.pop()
        if _is_sum(bare(node)):
            passed.add(bare(node))
            stack.extend(reversed(bare(node).args))
        else:
            terms.append(node)
    return terms, passed


def _called(node: Node) -> str:
    """The name of a value, "" without one."""
    while isinstance(node, Let):
        if node.let_name:
            return str(node.let_name)
        node = node.args[0]
    return node.name if isinstance(node, Var) else ""


def _stacked(column: Sequence[Node]) -> Node:
    """The values of all steps in one array; X for X[0], X[1], ..."""
    if all(isinstance(one, Pull) and one.args[0] is column[0].args[0] for one in column):
        whole = column[0].args[0]
        if whole.shape[0] == len(column) and all(_is_row(one, k) for k, one in enumerate(column)):
            return whole
    if not all(isinstance(one, Var) for one in column):
        raise _Irregular
    return concat_node([reshape_node(one, (1, *one.shape)) for one in column], 0)


def _is_row(node: Node, k: int) -> bool:
    """Whether a value is X[k]."""
    if not isinstance(node, Pull) or len(node.args) > 1:
        return False
    row, *rest = node.rows
    first = isinstance(row, Affine) and row.offset == k and not row.steps
    return first and rest == [identity_row(axis) for axis in range(node.ndim)]
