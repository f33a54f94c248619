"""The graph of one moment behind a graph of loops and stacked values.

A loop computes s_1, ..., s_T, and what does not feed back is computed for all times at once: its
arrays have a time axis. `unstack` takes the time axis away and writes the same values for one
general t, joined to the rest of the graph by `Total`, `Point` and `Previous`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Literal, NamedTuple, TypeVar

import sympy

from symgraph.errors import UnsupportedError
from symgraph.node import Node
from symgraph.notation.moments import Each, End, Previous, each, point, total_over
from symgraph.notation.sequences import stem_of
from symgraph.notation.timeaxes import TimeAxes, kept_prefix, operand_axis
from symgraph.ops import (
    Concat,
    Einsum,
    Fill,
    Final,
    Let,
    Map,
    Pull,
    Reduce,
    Reshape,
    Scan,
    Trace,
    Var,
)
from symgraph.ops.body import local
from symgraph.ops.concat import concat_node
from symgraph.ops.einsum import einsum_node
from symgraph.ops.leaves import fill
from symgraph.ops.let import let_node
from symgraph.ops.map import map_node
from symgraph.ops.move import as_slices, pull
from symgraph.ops.reduce import reduce_node
from symgraph.ops.reshape import reshape_node
from symgraph.ops.rows import Affine, Lookup, Row
from symgraph.ops.sweep import dependents
from symgraph.scalar import slot
from symgraph.shapes import Dim, same_dim
from symgraph.template import template
from symgraph.walks import depth_first, topological

__all__ = ["Entry", "Moments", "State", "listed", "shifted", "unstack"]


_T = TypeVar("_T")
#: What loops call a sequence that the user does not name there.
_MASK = "mask"
_EXP, _LOG = template(sympy.exp(slot(0)), 1), template(sympy.log(slot(0)), 1)


class State(NamedTuple):
    """A value that a loop carries: its earlier value, its next one, and which way time runs."""

    before: Node
    after: Node
    letter: str
    backwards: bool

    @property
    def end(self) -> End:
        """The time of the loop's last step."""
        return "first" if self.backwards else "last"


class Entry(NamedTuple):
    """A sequence that is given: the stacked value, its time axis, the letter of time."""

    stacked: Node
    axis: int
    letter: str


class Moments(NamedTuple):
    """A graph for one t: the root, what is carried, the given sequences by the variable that
    stands for an entry, the length behind each letter, and what became of values without time.
    `products` were computed for all times at once: their operands had times as rows. `equal` are
    the pairs of values that are known to be equal.

    A state that another one is computed from at the same time stands before it.
    """

    root: Node
    states: tuple[State, ...]
    entries: dict[Node, Entry]
    lengths: dict[str, Dim]
    products: frozenset[Node]
    settled: dict[Node, Node]
    equal: tuple[tuple[Node, Node], ...]


def unstack(
    root: Node,
    sources: Collection[Node],
    letters: Sequence[str],
    equal: Sequence[tuple[Node, Node]] = (),
) -> Moments:
    """The graph of one moment; the letters are used for the times of loops of unequal length.

    `equal` are pairs of values that are known to be equal, of whole sequences or not.

    Raises UnsupportedError where values of different times are mixed in other ways than by
    recurrences, sums over all times, and the first or last time.
    """
    return _Unstacking(root, sources, letters).moments(equal)


class _Goal(NamedTuple):
    """A node to make: as it is, in a loop's body, as what a state becomes, or without its time
    axis."""

    node: Node
    place: Literal["settled", "body", "next"] | int
    letter: str = ""
    scan: Node | None = None
    state: int = -1


_Plan = tuple[list[_Goal], Callable[[list[Node]], Node]]


class _Unstacking:
    """Nodes for one moment, each made once; pending ones wait on a stack."""

    def __init__(self, root: Node, sources: Collection[Node], letters: Sequence[str]) -> None:
        self._root = root
        order = topological([root])
        self._axes = TimeAxes(order, letters)
        self._active = dependents(order, set(sources))
        self._made: dict[_Goal, Node] = {}
        self._entries: dict[tuple[Node, int, str], Node] = {}
        self._found: dict[Node, Entry] = {}
        self._titles: dict[tuple[Node, int, str], str] = {}
        self._carried: dict[Node, tuple[Scan, int]] = {}
        self._recorded: set[Node] = set()
        self._products: set[Node] = set()

    def moments(self, equal: Sequence[tuple[Node, Node]]) -> Moments:
        """All of it."""
        root = self._build(_Goal(self._root, "settled"))
        found: dict[Node, State] = {}
        while len(found) < len(self._carried):  # a next value may need further loops
            for before, (scan, k) in list(self._carried.items()):
                if before not in found:
                    after = self._build(self._next(scan, k))
                    found[before] = State(before, after, self._axes.letter(scan), scan.backwards)
        states = list(found.values())
        settled = {goal.node: made for goal, made in self._made.items() if goal.place == "settled"}
        order = {node: k for k, node in enumerate(topological([s.after for s in states]))}
        states.sort(key=lambda state: order[state.after])
        products = frozenset(self._products)
        return Moments(
            root,
            tuple(states),
            self._found,
            self._axes.lengths,
            products,
            settled,
            tuple(map(self._pair, equal)),
        )

    def _pair(self, pair: tuple[Node, Node]) -> tuple[Node, Node]:
        """Two equal values of one moment, where one is known of a whole sequence."""
        left, right = pair
        below = topological([left])
        for entry in list(self._found.values()):
            fits = left.ndim and entry.axis == 0 and entry.stacked in below
            if fits and same_dim(left.shape[0], entry.stacked.shape[0]):
                made = self._build(_Goal(left, 0, entry.letter))
                if right.ndim == 0:
                    return made, right
                return made, self._build(_Goal(right, 0, entry.letter))
        return pair

    def _build(self, goal: _Goal) -> Node:
        stack = [goal]
        while stack:
            top = stack[-1]
            if top in self._made:
                stack.pop()
                continue
            needs, make = self._plan(top)
            pending = [one for one in needs if one not in self._made]
            if pending:
                stack.extend(pending)
                continue
            self._made[top] = make([self._made[one] for one in needs])
            stack.pop()
        return self._made[goal]

    def _plan(self, goal: _Goal) -> _Plan:
        """What a node needs, and how it is made of that."""
        if goal.place == "settled":
            return self._settled(goal.node)
        if goal.place == "body":
            assert isinstance(goal.scan, Scan)
            return self._in_body(goal.node, goal.scan, goal.letter)
        if goal.place == "next":
            assert isinstance(goal.scan, Scan)
            return self._becomes(goal.scan, goal.state, goal.letter)
        try:
            return self._moving(goal.node, goal.place, goal.letter)
        except UnsupportedError:
            if goal.node in self._axes.looping or goal.node in self._active:
                raise
            return self._entry(goal.node, goal.place, goal.letter)

    # --- values without time ----------------------------------------------------------------

    def _settled(self, node: Node) -> _Plan:
        if self._axes.of(node):
            raise UnsupportedError(f"{type(node).__name__} is a whole sequence.")
        if isinstance(node, Final):
            scan = node.scan
            letter = self._axes.letter(scan)
            end: End = "first" if scan.backwards else "last"
            return [self._next(scan, node.state)], lambda xs: point(xs[0], letter, end)
        timed = [k for k, arg in enumerate(node.args) if self._axes.of(arg)]
        if not timed:
            return [_Goal(arg, "settled") for arg in node.args], lambda xs: _rebuilt(node, xs)
        if isinstance(node, Einsum):
            return self._summed(node)
        if isinstance(node, Pull) and timed == [0]:
            return self._picked(node)
        if isinstance(node, Reduce) and node.operation == "logsumexp":
            return self._normaliser(node)
        raise UnsupportedError(f"{type(node).__name__} takes in all times at once.")

    def _summed(self, node: Einsum) -> _Plan:
        """A sum of products over all times."""
        labels = {
            node.ins[k][axis]: self._axes.letter(loop)
            for k, arg in enumerate(node.args)
            for axis, loop in self._axes.of(arg).items()
        }
        if len(labels) != 1:
            raise UnsupportedError("a sum over several times at once.")
        ((label, letter),) = labels.items()
        needs, sizes = self._operands(node, label, letter), node.sizes()
        ins = [tuple(i for i in indices if i != label) for indices in node.ins]

        def make(xs: list[Node]) -> Node:
            facing = _repeated(needs, xs, letter)
            same = len(xs) == 1 and ins[0] == node.out
            inner = facing[0] if same else einsum_node(ins, node.out, sizes, tuple(facing))
            return total_over(letter, inner)

        return needs, make

    def _normaliser(self, node: Reduce) -> _Plan:
        """log Σ_t exp z_t, which makes a softmax over all times."""
        ((axis, loop), *others) = self._axes.of(node.args[0]).items()
        if others or node.axes != (axis,):
            raise UnsupportedError("a log-sum-exp of more than one time.")
        letter = self._axes.letter(loop)
        needs = [_Goal(node.args[0], axis, letter)]

        def make(xs: list[Node]) -> Node:
            return map_node(_LOG, (total_over(letter, map_node(_EXP, (xs[0],))),))

        return needs, make

    def _operands(self, node: Einsum, label: int, letter: str) -> list[_Goal]:
        """The operands without the axis of a label."""
        needs: list[_Goal] = []
        for indices, arg in zip(node.ins, node.args, strict=True):
            if indices.count(label) > 1:
                raise UnsupportedError("a diagonal over time.")
            place = indices.index(label) if label in indices else None
            needs.append(_Goal(arg, "settled") if place is None else _Goal(arg, place, letter))
        return needs

    def _picked(self, node: Pull) -> _Plan:
        """A stacked value at its first or last time."""
        (axis, loop), *others = self._axes.of(node.args[0]).items()
        row, length = node.rows[axis], node.args[0].shape[axis]
        if others or not isinstance(row, Affine) or row.steps:
            raise UnsupportedError("a part of a sequence.")
        if same_dim(row.offset, length - 1):
            end: End = "last"
        elif row.offset == 0:
            end = "first"
        else:
            raise UnsupportedError("a time in the middle of a sequence.")
        letter = self._axes.letter(loop)
        rows = [one for a, one in enumerate(node.rows) if a != axis]
        needs = [_Goal(node.args[0], axis, letter)]
        needs += [_Goal(arg, "settled") for arg in node.args[1:]]

        def make(xs: list[Node]) -> Node:
            return pull(self._at_end(xs[0], letter, end), rows, node.shape, tuple(xs[1:]))

        return needs, make

    def _at_end(self, root: Node, letter: str, end: End) -> Node:
        """A value of one moment at the first or last time, in terms of what the loops carry."""
        found: dict[Node, Node] = {}
        ends = self._recorded | set(self._found) | set(self._carried)

        def below(node: Node) -> tuple[Node, ...]:
            return () if node in ends or isinstance(node, Each) else node.args

        for node in depth_first([root], below):
            if isinstance(node, Each):
                found[node] = node.args[0]
            elif node in ends:
                found[node] = point(node, letter, end)
            else:
                found[node] = _rebuilt(node, [found[arg] for arg in node.args])
        return found[root]

    # --- the step of a loop -----------------------------------------------------------------

    def _in_body(self, node: Node, scan: Scan, letter: str) -> _Plan:
        operand = scan.operand_of().get(node)
        if node in scan.body.states:
            assert operand is not None
            return [_Goal(operand, "settled")], lambda xs: self._previous(node, scan, xs[0])
        if node in scan.body.sequences:
            assert operand is not None
            title = str(node.params[0])
            if title != _MASK or not isinstance(operand, Var):
                self._titles.setdefault((operand, 0, letter), title)
            return [_Goal(operand, 0, letter)], lambda xs: xs[0]
        if operand is not None:
            return [_Goal(operand, "settled")], lambda xs: each(xs[0], letter)
        if node.is_loop or node.is_projection:
            raise UnsupportedError("a loop within a loop.")
        needs = [_Goal(arg, "body", letter, scan) for arg in node.args]
        return needs, lambda xs: self._named_state(node, scan, _rebuilt(node, xs))

    def _previous(self, place: Node, scan: Scan, start: Node) -> Node:
        k = scan.body.states.index(place)
        end: End = "last" if scan.backwards else "first"
        before = Previous.rebuild((self._axes.letter(scan), end, scan, k), (start,))
        self._carried[before] = (scan, k)
        return before

    def _next(self, scan: Scan, k: int) -> _Goal:
        """What a state becomes in a step."""
        return _Goal(scan.body.nexts[k], "next", self._axes.letter(scan), scan, k)

    def _becomes(self, scan: Scan, k: int, letter: str) -> _Plan:
        """The next value of a state under a name of its own.

        A state may become what has no name, such as the earlier value of another one, or the same
        as another one.
        """
        nexts, title = scan.body.nexts, str(scan.body.states[k].params[0])

        def make(xs: list[Node]) -> Node:
            (made,) = xs
            is_named = isinstance(made, Let) and bool(made.let_name) and not made.stops
            return made if is_named and nexts[k] not in nexts[:k] else let_node(title, made)

        return [_Goal(nexts[k], "body", letter, scan)], make

    def _named_state(self, node: Node, scan: Scan, made: Node) -> Node:
        """The next value of a state goes by the name of the state."""
        if node not in scan.body.nexts or (isinstance(node, Let) and node.let_name):
            return made
        place = scan.body.states[scan.body.nexts.index(node)]
        return let_node(str(place.params[0]), made)

    # --- stacked values without their time axis -----------------------------------------------

    def _moving(self, node: Node, axis: int, letter: str) -> _Plan:
        if isinstance(node, Trace):
            return self._traced(node, axis, letter)
        if isinstance(node, Var):
            return self._entry(node, axis, letter)
        if isinstance(node, Fill):
            shape = _without(node.shape, axis)
            return [], lambda xs: fill(node.value, shape, node.kind)
        if isinstance(node, Let):
            needs = [_Goal(node.args[0], axis, letter)]
            return needs, lambda xs: let_node(node.params[0], xs[0], node.stops)
        if isinstance(node, Map):
            return self._map(node, axis, letter)
        if isinstance(node, Einsum):
            return self._einsum(node, axis, letter)
        if isinstance(node, Reduce):
            return self._reduce(node, axis, letter)
        if isinstance(node, Pull):
            return self._pull(node, axis, letter)
        if isinstance(node, Concat) and node.axis != axis:
            along = node.axis - (axis < node.axis)
            needs = [_Goal(arg, axis, letter) for arg in node.args]
            return needs, lambda xs: concat_node(xs, along)
        if isinstance(node, Reshape) and kept_prefix(node, axis):
            shape = _without(node.shape, axis)
            return [_Goal(node.args[0], axis, letter)], lambda xs: reshape_node(xs[0], shape)
        raise UnsupportedError(f"{type(node).__name__} of a sequence.")

    def _entry(self, node: Node, axis: int, letter: str) -> _Plan:
        """A variable for one entry of a given sequence."""
        key = (node, axis, letter)
        if key not in self._entries:
            own = node.name if isinstance(node, Var) else stem_of([x.name for x in listed(node)])
            title = self._titles.get(key) or own or "x"
            like = local(node, title)
            place = Var.rebuild((title, _without(node.shape, axis), *like.params[2:]), ())
            self._entries[key] = place
            self._found[place] = Entry(node, axis, letter)
        return [], lambda xs: self._entries[key]

    def _traced(self, node: Trace, axis: int, letter: str) -> _Plan:
        if axis != 0:
            raise UnsupportedError("a time axis that is not the first.")

        def make(xs: list[Node]) -> Node:
            self._recorded.add(xs[0])
            return xs[0]

        return [_Goal(node.inner, "body", letter, node.scan)], make

    def _map(self, node: Map, axis: int, letter: str) -> _Plan:
        needs: list[_Goal] = []
        thin: list[int | None] = []
        for k, arg in enumerate(node.args):
            place = operand_axis(node, k, axis)
            spread = place is None and arg.ndim > node.ndim - axis - 1
            thin.append(axis - (node.ndim - arg.ndim) if spread else None)
            needs.append(_Goal(arg, "settled") if place is None else _Goal(arg, place, letter))

        def make(xs: list[Node]) -> Node:
            narrow = [
                x if at is None else reshape_node(x, _without(x.shape, at))
                for x, at in zip(xs, thin, strict=True)
            ]
            return map_node(node.template, tuple(_repeated(needs, narrow, letter)))

        return needs, make

    def _einsum(self, node: Einsum, axis: int, letter: str) -> _Plan:
        label = node.out[axis]
        if node.out.count(label) > 1:
            raise UnsupportedError("a diagonal over time.")
        out = _without(node.out, axis)
        sizes = {i: size for i, size in dict(node.params[2]).items() if i != label}
        needs, sizes = self._operands(node, label, letter), node.sizes()
        ins = [tuple(i for i in indices if i != label) for indices in node.ins]

        def make(xs: list[Node]) -> Node:
            facing = _repeated(needs, xs, letter)
            if len(xs) == 1 and ins[0] == out:
                return facing[0]
            made = einsum_node(ins, out, sizes, tuple(facing))
            self._products.add(made)
            return made

        return needs, make

    def _reduce(self, node: Reduce, axis: int, letter: str) -> _Plan:
        source = [a for a in range(node.args[0].ndim) if a not in node.axes][axis]
        axes = tuple(a - (a > source) for a in node.axes)
        needs = [_Goal(node.args[0], source, letter)]
        return needs, lambda xs: reduce_node(node.operation, xs[0], axes)

    def _pull(self, node: Pull, axis: int, letter: str) -> _Plan:
        """Entries read at every time alike."""
        x, shape = node.args[0], _without(node.shape, axis)
        through = [a for a, row in enumerate(node.rows) if axis in _axes_of(row)]
        needs: list[_Goal] = [_Goal(x, "settled")]
        rows = list(node.rows)
        direct = [a for a in through if isinstance(rows[a], Affine)]
        if direct:
            row = rows[direct[0]]
            whole = isinstance(row, Affine) and row.steps == ((axis, 1),) and row.offset == 0
            if len(direct) > 1 or not whole or not same_dim(x.shape[direct[0]], node.shape[axis]):
                raise UnsupportedError("a sequence shifted in time.")
            needs = [_Goal(x, direct[0], letter)]
            del rows[direct[0]]
        moving = {row.operand: row.axes for row in node.rows if isinstance(row, Lookup)}
        for k, arg in enumerate(node.args[1:], 1):
            axes = moving.get(k, ())
            place = axes.index(axis) if axis in axes else None
            needs.append(_Goal(arg, "settled") if place is None else _Goal(arg, place, letter))
        thinner = [_row_without(row, axis) for row in rows]

        def make(xs: list[Node]) -> Node:
            facing = _repeated(needs, xs, letter)
            return pull(facing[0], thinner, shape, tuple(facing[1:]))

        return needs, make


def listed(stacked: Node) -> list[Var]:
    """The variables that a sequence puts together one by one; none where it is made otherwise."""
    found: list[Var] = []
    for part in stacked.args if isinstance(stacked, Concat) and stacked.axis == 0 else ():
        inner = part.args[0] if isinstance(part, Reshape) else part
        if part.shape[0] != 1 or not isinstance(inner, Var):
            return []
        found.append(inner)
    return found


def shifted(entry: Entry) -> tuple[Var, int] | None:
    """The variable whose entries a given sequence takes from some steps earlier, and how many."""
    node, axis = entry.stacked, entry.axis
    slices = as_slices(node) if isinstance(node, Pull) and len(node.args) == 1 else None
    if slices is None or not isinstance(node.args[0], Var) or node.shape != node.args[0].shape:
        return None
    for place, (start, step, _) in enumerate(slices):
        if step != 1 or (place != axis and start != 0):
            return None
    start = slices[axis][0]
    return (node.args[0], -start) if isinstance(start, int) else None


def _repeated(needs: Sequence[_Goal], xs: Sequence[Node], letter: str) -> list[Node]:
    """The operands of a value at one time; those without time are the same at every time."""
    return [
        each(x, letter) if goal.place == "settled" else x for goal, x in zip(needs, xs, strict=True)
    ]


def _rebuilt(node: Node, xs: Sequence[Node]) -> Node:
    args = tuple(xs)
    return node if args == node.args else node.rebuild(node.params, args)


def _without(items: tuple[_T, ...], place: int) -> tuple[_T, ...]:
    return (*items[:place], *items[place + 1 :])


def _axes_of(row: Row) -> tuple[int, ...]:
    return row.axes if isinstance(row, Lookup) else tuple(axis for axis, _ in row.steps)


def _row_without(row: Row, axis: int) -> Row:
    """A row of a Pull when an axis of the result is gone."""
    if isinstance(row, Lookup):
        return Lookup(row.operand, tuple(a - (a > axis) for a in row.axes if a != axis))
    return row._replace(steps=tuple((a - (a > axis), step) for a, step in row.steps))
