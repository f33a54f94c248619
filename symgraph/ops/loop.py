"""Recurrence: Scan runs a body over time; Trace and Final read what it computed.

The body is a small graph of its own over local variables: the states at the start of a step, the
sequence entries of the step, and the operands that do not change. `Trace(scan, n)` is the value of
any inner node n at every step, so a Scan has no fixed list of outputs; tracing the local variable
of a state gives the states *before* each step, which is what weight gradients need.

The reverse sweep of a Scan is again a Scan, running the other way, and so is its tangent: both read
the stacked values of the first and carry nothing twice. What a recursion itself does not need is
computed once for all steps outside of it: a weight gradient is one product over stacked cotangents
and states, and an output layer one product over stacked states.
"""

from __future__ import annotations

import itertools
import weakref
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import sympy

from symgraph.errors import KindError, ShapeError, UnsupportedError
from symgraph.node import Node, intern, promote, substitute
from symgraph.ops.einsum import folded_einsum, widen
from symgraph.ops.evaluate import entries, evaluate_nodes
from symgraph.ops.leaves import Var, fill, var
from symgraph.ops.map import map_node
from symgraph.ops.sweep import Image, above, batch, forward, reverse, total
from symgraph.printing import Format, Piece
from symgraph.scalar import slot
from symgraph.shapes import Dim, bind_dim, same_shape, shape_text
from symgraph.template import template
from symgraph.walks import depth_first, reachable, topological

__all__ = [
    "Body",
    "Final",
    "Renaming",
    "Scan",
    "Trace",
    "final",
    "local",
    "make_scan",
    "running_products",
    "scan_and_traces",
    "trace",
]

_fresh = itertools.count()

Pair = tuple[Node, Node]  # a local variable and its operand


class Body(NamedTuple):
    """One step: local variables and the next value of each state."""

    states: tuple[Node, ...]
    sequences: tuple[Node, ...]
    constants: tuple[Node, ...]
    nexts: tuple[Node, ...]

    @property
    def locals(self) -> tuple[Node, ...]:
        """All local variables, in the order of the operands."""
        return (*self.states, *self.sequences, *self.constants)

    def next_of(self, state: Node) -> Node:
        """The next value of a state."""
        return self.nexts[self.states.index(state)]


def local(like: Node, name: str, drop: int = 0) -> Node:
    """A fresh local variable with the kind and shape of a node, without its first axes."""
    return var(name, like.shape[drop:], "local", like.kind, {"fresh": next(_fresh)})


class Scan(Node):
    """The loop itself: operands = (initial states..., sequences..., constants...),
    `params` = (body, length, backwards).

    It has no value of its own; read it with Trace and Final. With `backwards` the steps run from
    the last time to the first, and traces are still ordered by time.
    """

    __slots__ = ()
    is_loop = True

    @property
    def body(self) -> Body:
        """The step."""
        body: Body = self.params[0]
        return body

    @property
    def length(self) -> Dim:
        """The number of steps."""
        length: Dim = self.params[1]
        return length

    @property
    def backwards(self) -> bool:
        """Whether time runs from the last step to the first."""
        backwards: bool = self.params[2]
        return backwards

    def as_loop(self) -> Scan:
        return self

    def operand_of(self) -> dict[Node, Node]:
        """The operand behind each local variable."""
        return dict(zip(self.body.locals, self.args, strict=True))

    def evaluate(self, dims: Mapping[sympy.Symbol, int], *xs: Any) -> Any:
        return _Run(self, dims, xs)

    def form(self, fmt: Format, xs: Sequence[Piece]) -> Piece:
        """The recurrence, then what each local variable stands for."""
        body = self.body
        arrow = fmt.pick(" <- ", " ← ", r" \leftarrow ")
        parts: list[Piece] = []
        for state, following in zip(body.states, body.nexts, strict=True):
            parts.append(
                Piece(f"{fmt.name(_name(state)).text}{arrow}{following._written(fmt.style)}")
            )
        for place, x in zip(body.locals, xs, strict=True):
            name = fmt.name(_name(place)).text
            parts.append(x if name == x.text else Piece(f"{name}={x.text}"))
        if not body.sequences:
            parts.append(Piece(f"length={self.length}"))
        if self.backwards:
            parts.append(Piece("reverse=True"))
        return fmt.call("scan", parts)

    @classmethod
    def rebuild(cls, params: tuple[Any, ...], args: tuple[Node, ...]) -> Node:
        body, length, backwards = params
        return _scan_node(Body(*body), length, backwards, args)

    def pull_back(
        self, arriving: Sequence[tuple[Node, Node]], wanted: Sequence[bool]
    ) -> Sequence[Sequence[Node]]:
        """For each operand the cotangents that sum to its own, one reverse Scan for all."""
        places = self.body.locals
        chosen = {
            place
            for place, want in zip(places, wanted, strict=True)
            if want and place.kind == "real"
        }
        found = _cotangents(self, arriving, chosen)
        return [found.get(place, []) for place in places]

    def push_forward(self, tangents: Sequence[Node | None]) -> Image:
        """The Scan of the tangents, which reads the states of this one."""
        return _tangents(self, tangents)

    def batched(self, args: Sequence[Node], flags: Sequence[bool], size: Dim) -> Image:
        """The same loop for every entry of a leading axis."""
        return _batched(self, args, flags, size)


def _name(place: Node) -> str:
    return str(place.params[0])


class _Projection(Node, primitive=False):
    """A result of a Scan."""

    __slots__ = ()
    is_projection = True

    @property
    def scan(self) -> Scan:
        """The loop that is read."""
        scan = self.args[0]
        assert isinstance(scan, Scan)
        return scan

    def entry(self, index: Sequence[Any], read: Callable[[int, Sequence[Any]], Any]) -> Any:
        """The entry after unrolling; `read(k, i)` is entry i of operand k *of the loop*."""

        def table(k: int) -> Any:
            arg = self.scan.args[k]
            shape = tuple(int(size) for size in arg.shape)
            values = np.empty(shape, dtype=object)
            for place in itertools.product(*(range(n) for n in shape)):
                values[place] = read(k, place)
            return values

        return self.unrolled_entries(table)[tuple(int(i) for i in index)]


class Trace(_Projection):
    """An inner value at every step: operand = the Scan, `params` = (inner node,).

    Shape: (length, *shape of the inner node).
    """

    __slots__ = ()

    @property
    def inner(self) -> Node:
        """The node of the body that is recorded."""
        inner: Node = self.params[0]
        return inner

    def evaluate(self, dims: Mapping[sympy.Symbol, int], *xs: Any) -> Any:
        return xs[0].trace(self.inner)

    def unrolled_entries(self, table: Callable[[int], Any]) -> Any:
        steps = unrolled(self.scan, [self.inner], table)
        values = np.empty(tuple(int(size) for size in self.shape), dtype=object)
        for t, step in enumerate(steps):
            values[t, ...] = step[self.inner]  # the dots unpack the table of a scalar
        return values

    def project(self, image: Image) -> Node | None:
        return image.inner(self.inner)

    def form(self, fmt: Format, xs: Sequence[Piece]) -> Piece:
        return fmt.call("trace", [*xs, Piece(self.inner._written(fmt.style))])

    @classmethod
    def rebuild(cls, params: tuple[Any, ...], args: tuple[Node, ...]) -> Node:
        return _trace_node(args[0], params[0])


class Final(_Projection):
    """The last value of a state: operand = the Scan, `params` = (number of the state,)."""

    __slots__ = ()

    @property
    def state(self) -> int:
        """Which state is read."""
        state: int = self.params[0]
        return state

    def evaluate(self, dims: Mapping[sympy.Symbol, int], *xs: Any) -> Any:
        return xs[0].finals[self.state]

    def unrolled_entries(self, table: Callable[[int], Any]) -> Any:
        nexts = self.scan.body.nexts[self.state]
        steps = unrolled(self.scan, [nexts], table)
        if not steps:
            return table(self.state)
        return steps[0 if self.scan.backwards else -1][nexts]

    def project(self, image: Image) -> Node | None:
        return image.final(self.state)

    def form(self, fmt: Format, xs: Sequence[Piece]) -> Piece:
        return fmt.call("final", [*xs, fmt.name(_name(self.scan.body.states[self.state]))])

    @classmethod
    def rebuild(cls, params: tuple[Any, ...], args: tuple[Node, ...]) -> Node:
        return final(args[0], params[0])


# --- construction -------------------------------------------------------------------------------


def make_scan(
    states: Sequence[Pair],
    sequences: Sequence[Pair],
    constants: Sequence[Pair],
    nexts: Sequence[Node],
    length: Dim,
    backwards: bool,
) -> tuple[Node, Callable[[Node], Node]]:
    """A Scan from pairs (local variable, operand) and the next states.

    Local variables are renamed by position, so that equal loops are one node; the second result
    takes an inner node to its renamed form.
    Raises ShapeError when a state changes its shape or a sequence has another length, KindError
    when a state changes its kind.
    """
    rule: dict[Node, Node] = {}
    for group, pairs in (("state", states), ("sequence", sequences), ("constant", constants)):
        for i, (place, _) in enumerate(pairs):
            options = {"place": (group, i)}
            rule[place] = var(_name(place), place.shape, "local", place.kind, options)
    rename = Renaming(rule)
    body = Body(
        tuple(rule[p] for p, _ in states), tuple(rule[p] for p, _ in sequences),
        tuple(rule[p] for p, _ in constants), tuple(map(rename, nexts)),
    )  # fmt: skip
    args = tuple(arg for pairs in (states, sequences, constants) for _, arg in pairs)
    return _scan_node(body, length, backwards, args), rename


class Renaming:
    """Nodes with some nodes below them exchanged for others; nothing below these is looked at."""

    def __init__(self, rule: Mapping[Node, Node]) -> None:
        self._image = dict(rule)

    def __call__(self, root: Node) -> Node:
        image = self._image
        for node in above([root], image.keys()):
            args = tuple(image[arg] for arg in node.args)
            image[node] = node if args == node.args else node.rebuild(node.params, args)
        return image[root]


def _scan_node(body: Body, length: Dim, backwards: bool, args: tuple[Node, ...]) -> Node:
    count, timed = len(body.states), len(body.states) + len(body.sequences)
    for k, (place, arg) in enumerate(zip(body.locals, args, strict=True)):
        want = (length, *place.shape) if count <= k < timed else place.shape
        if not same_shape(arg.shape, want):
            role = "state" if k < count else "sequence" if k < timed else "operand"
            raise ShapeError(
                f"scan: {role} {_name(place)!r} has shape {shape_text(arg.shape)}, the loop needs "
                f"{shape_text(want)}. Give it that shape."
            )
    for place, following in zip(body.states, body.nexts, strict=True):
        if not same_shape(place.shape, following.shape):
            raise ShapeError(
                f"scan: state {_name(place)!r} starts with shape {shape_text(place.shape)} and "
                f"continues with {shape_text(following.shape)}. A state keeps its shape."
            )
        if promote(place.kind, following.kind) != place.kind:
            raise KindError(
                f"scan: state {_name(place)!r} starts {place.kind} and continues "
                f"{following.kind}. Start it with {following.kind} values, such as 0.0 for 0."
            )
    known = set(body.locals)
    loose = [n for n in topological(body.nexts) if isinstance(n, Var) and n not in known]
    if loose:
        raise UnsupportedError(f"scan: the body uses {loose[0]} without being given it as operand.")
    return intern(Scan, args, (body, length, backwards), (), "real")


def final(scan: Node, state: int) -> Node:
    """The last value of a state."""
    assert isinstance(scan, Scan)
    place = scan.body.states[state]
    return intern(Final, (scan,), (state,), place.shape, place.kind)


def _trace_node(scan: Node, inner: Node) -> Node:
    assert isinstance(scan, Scan)
    return intern(Trace, (scan,), (inner,), (scan.length, *inner.shape), inner.kind)


def trace(scan: Node, inner: Node) -> Node:
    """The value of an inner node at every step, computed outside the loop where that is possible.

    What the next states need stays inside; everything else is one operation over all steps.
    """
    try:
        return _outside(scan, inner, {}, {})
    except UnsupportedError:  # an operation that has no form over all steps at once
        return _trace_node(scan, inner)


def scan_and_traces(
    states: Sequence[Pair],
    sequences: Sequence[Pair],
    constants: Sequence[Pair],
    nexts: Sequence[Node],
    inner: Sequence[Node],
    length: Dim,
    backwards: bool,
) -> tuple[Node, list[Node]]:
    """As `make_scan`, with the values of inner nodes at every step.

    What only these read is no operand of the loop.
    """
    used = reachable(nexts)
    read = [[pair for pair in pairs if pair[0] in used] for pairs in (sequences, constants)]
    scan, rename = make_scan(states, read[0], read[1], nexts, length, backwards)
    apart = [
        dict(pair for pair in pairs if pair[0] not in used) for pairs in (sequences, constants)
    ]
    try:
        return scan, [_outside(scan, rename(node), apart[0], apart[1]) for node in inner]
    except UnsupportedError:
        scan, rename = make_scan(states, sequences, constants, nexts, length, backwards)
        return scan, [trace(scan, rename(node)) for node in inner]


def _outside(
    scan: Node, inner: Node, sequences: Mapping[Node, Node], constants: Mapping[Node, Node]
) -> Node:
    """As `trace`; the operands of local variables that are not the loop's own are given.

    Raises UnsupportedError for an operation that has no form over all steps at once.
    """
    assert isinstance(scan, Scan)
    known = _readings(scan)

    def stand(node: Node) -> Node | None:
        if node in known.entries or node in sequences:
            return known.entries[node] if node in known.entries else sequences[node]
        recorded = node in known.inside or (node.is_projection and node.args[0] in known.inside)
        return _trace_node(scan, node) if recorded and not node.is_loop else None

    fixed = {**constants, **known.fixed} if constants else known.fixed
    return _lifted(inner, scan.length, stand, fixed)


class _Readings(NamedTuple):
    """What is known about a loop's body: the sequences and the operands that do not change, by
    local variable, and the nodes that the next states need and that change from step to step."""

    entries: dict[Node, Node]
    fixed: dict[Node, Node]
    inside: set[Node]


_known: weakref.WeakKeyDictionary[Node, _Readings] = weakref.WeakKeyDictionary()


def _readings(scan: Scan) -> _Readings:
    found = _known.get(scan)
    if found is None:
        body, operand = scan.body, scan.operand_of()
        inside = _descendants(body.nexts, {*body.states, *body.sequences}) | set(body.states)
        found = _known[scan] = _Readings(
            {place: operand[place] for place in body.sequences},
            {place: operand[place] for place in body.constants},
            inside,
        )
    return found


def _descendants(roots: Collection[Node], sources: Collection[Node]) -> set[Node]:
    """The nodes below the roots that depend on one of the sources."""
    found: set[Node] = set()
    for node in topological(roots):
        if node in sources or any(arg in found for arg in node.args):
            found.add(node)
    return found


def _lifted(
    root: Node, length: Dim, stand: Callable[[Node], Node | None], fixed: Mapping[Node, Node]
) -> Node:
    """An inner node at every step, by operations outside the loop.

    `stand(node)` is the stacked value of a node where that is known; `fixed` gives the operands of
    local variables that do not change.
    """
    stacked: dict[Node, Node] = {}
    own: set[Node] = set()
    stack = [root]
    while stack:
        node = stack.pop()
        if node in own or node in stacked:
            continue
        known = stand(node)
        if known is not None:
            stacked[node] = known
        else:
            own.add(node)
            stack.extend(node.args)
    moving = set(stacked)
    settled: dict[Node, Node] = {}
    for node in topological([root], stacked):
        if any(arg in moving for arg in node.args):
            moving.add(node)
        elif node in fixed:
            settled[node] = fixed[node]
        elif any(arg in settled for arg in node.args):
            settled[node] = node.rebuild(node.params, tuple(settled.get(a, a) for a in node.args))
    if root in stacked:
        return stacked[root]
    if root in moving:
        return batch([root], stacked, length, settled)[root]
    return widen(settled.get(root, root), (length, *root.shape))


# --- loops beside a loop ------------------------------------------------------------------------


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
        self.loop, rename = make_scan(
            states,
            [*_in_use(used, sequences), *((rule[n], trace(scan, n)) for n in read)],
            _in_use(used, unchanging),
            steps,
            scan.length,
            backwards,
        )
        self._image = Renaming(
            {node: rename(place) for node, place in rule.items()}
            | {place: rename(place) for place in own.union(scan.body.constants)}
        )
        moving = {*read, *self._stacked, *(place for place, _ in states)}
        self._inside = _descendants(computed, moving) & computed
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
        return [_lifted(root, self._scan.length, self._stand, self._fixed) for root in roots]

    def _stand(self, node: Node) -> Node | None:
        if node in self._stacked:
            return self._stacked[node]
        if node in self._theirs and node not in self._ours:
            return trace(self._scan, node)
        recorded = node in self._inside or (node.is_projection and node.args[0] in self._inside)
        if not recorded or node.is_loop:
            return None
        return _trace_node(self.loop, self._image(node))


def _in_use(used: Collection[Node], pairs: Sequence[Pair]) -> list[Pair]:
    """The pairs whose local variable is used."""
    return [(place, operand) for place, operand in pairs if place in used]


def _cotangents(
    scan: Scan, arriving: Sequence[tuple[Node, Node]], wanted: set[Node]
) -> dict[Node, list[Node]]:
    """The cotangents that reach the operands behind the wanted local variables."""
    body = scan.body
    ends: dict[Node, list[Node]] = {}
    traced: list[tuple[Node, Node]] = []
    for projection, ct in arriving:
        if isinstance(projection, Final):
            ends.setdefault(body.states[projection.state], []).append(ct)
        else:
            assert isinstance(projection, Trace)
            traced.append((projection.inner, ct))
    carried = _carried(body, set(ends), [inner for inner, _ in traced], wanted)
    later = {state: local(state, f"δ{_name(state)}") for state in carried}
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
    found: dict[Node, list[Node]] = {s: [final(beside.loop, i)] for i, s in enumerate(carried)}
    # In the order of the body: the same graph is built in every process.
    chosen = [p for p in (*body.sequences, *body.constants) if p in wanted]
    edges = [(place, part) for place in chosen for part in parts[place]]
    unchanging = set(body.constants)
    for (place, _), stacked in zip(
        edges, beside.over_time([part for _, part in edges]), strict=True
    ):
        part = _summed_over_time(stacked) if place in unchanging else stacked
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


def _summed_over_time(stacked: Node) -> Node:
    indices = tuple(range(stacked.ndim))
    return folded_einsum([indices], indices[1:], {}, (stacked,))


def _carried(body: Body, ends: set[Node], traced: Sequence[Node], wanted: set[Node]) -> list[Node]:
    """The states whose cotangent is not zero and leads to a wanted local variable."""
    real = [state for state in body.states if state.kind == "real"]
    reads = {state: _read_by(body.next_of(state)) for state in real}
    live = ends.union(*map(_read_by, traced)).intersection(real)
    stack = list(live)
    while stack:
        fresh = (reads[stack.pop()] - live).intersection(real)
        live |= fresh
        stack.extend(fresh)
    leading = {state for state in real if state in wanted or reads[state] & wanted}
    grown = True
    while grown:
        more = {state for state in real if reads[state] & leading} - leading
        leading |= more
        grown = bool(more)
    return [state for state in real if state in live and state in leading]


def _read_by(node: Node) -> set[Node]:
    """The real leaves through which a derivative of a node can come."""
    found: set[Node] = set()
    seen: set[Node] = set()
    stack = [node]
    while stack:
        one = stack.pop()
        if one in seen or one.kind != "real":
            continue
        seen.add(one)
        stack.extend(one.args)
        if not one.args:
            found.add(one)
    return found


def _tangents(scan: Scan, tangents: Sequence[Node | None]) -> Image:
    """The loop of the tangents: it carries those of the states and reads everything else."""
    body, places = scan.body, scan.body.locals
    given = {p: t for p, t in zip(places, tangents, strict=True) if t is not None}
    reads = {state: _read_by(body.next_of(state)) for state in body.states}
    grown = set(given)
    while True:
        more = {s for s in body.states if s.kind == "real" and reads[s] & grown} - grown
        if not more:
            break
        grown |= more
    seeds = {place: local(place, f"d{_name(place)}") for place in places if place in grown}
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
        return final(beside.loop, moving.index(state)) if state in seeds else None

    return Image(inner, last)


def _batched(scan: Scan, args: Sequence[Node], flags: Sequence[bool], size: Dim) -> Image:
    """The loop with a leading axis on the given operands and on the states they reach."""
    body, places = scan.body, scan.body.locals
    wide = {place for place, flag in zip(places, flags, strict=True) if flag}
    while True:
        reached = _descendants(body.nexts, wide)
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
        options = {"fresh": next(_fresh)}
        stand_in[place] = var(_name(place), full, "local", place.kind, options)
        operand = arg if flag else widen(arg, full)
        groups[group].append((stand_in[place], _exchanged(operand) if group == 1 else operand))
    found = batch(body.nexts, stand_in, size)
    nexts = [
        (found[n] if n in found else widen(n, (size, *n.shape))) if state in wide else n
        for state, n in zip(body.states, body.nexts, strict=True)
    ]
    loop, rename = make_scan(groups[0], groups[1], groups[2], nexts, scan.length, scan.backwards)

    def inner(node: Node) -> Node:
        over = batch([node], found, size).get(node)
        if over is None:
            stacked = trace(loop, rename(node))
            return widen(stacked, (size, *stacked.shape))
        return _exchanged(trace(loop, rename(over)))

    def last(k: int) -> Node:
        value = final(loop, k)
        return value if body.states[k] in wide else widen(value, (size, *value.shape))

    return Image(inner, last)


def _exchanged(x: Node) -> Node:
    """The first two axes exchanged: time and batch."""
    axes = tuple(range(x.ndim))
    return folded_einsum([axes], (1, 0, *axes[2:]), {}, (x,))


# --- evaluation ---------------------------------------------------------------------------------


class _Run:
    """A Scan carried out: the values of every step; more are computed when asked for."""

    def __init__(self, scan: Scan, dims: Mapping[sympy.Symbol, int], xs: Sequence[Any]) -> None:
        self._dims = dims
        body = scan.body
        count, timed = len(body.states), len(body.states) + len(body.sequences)
        steps = range(bind_dim(scan.length, dims))
        states = list(xs[:count])
        self._steps: dict[int, dict[Node, Any]] = {}
        for t in reversed(steps) if scan.backwards else steps:
            now = [*states, *(x[t] for x in xs[count:timed]), *xs[timed:]]
            given = dict(zip(body.locals, now, strict=True))
            values = self._steps[t] = evaluate_nodes(body.nexts, given, dims)
            states = [values[node] for node in body.nexts]
        self.finals = states

    def trace(self, inner: Node) -> Any:
        """The value of an inner node at every step, stacked by time."""
        rows = []
        for t in range(len(self._steps)):
            if inner not in self._steps[t]:
                self._steps[t] = evaluate_nodes([inner], self._steps[t], self._dims)
            rows.append(self._steps[t][inner])
        if rows:
            return np.stack(rows)
        dtype = {"real": np.float64, "integer": np.int64, "boolean": np.bool_}[inner.kind]
        return np.zeros((0, *(bind_dim(size, self._dims) for size in inner.shape)), dtype)


def unrolled(
    scan: Scan, inner: Sequence[Node], table: Callable[[int], Any]
) -> list[dict[Node, Any]]:
    """Entry tables of inner nodes at each time, from entry tables of the operands."""
    if not isinstance(scan.length, int):
        raise UnsupportedError(
            f"scan: length {scan.length} is symbolic; only a loop of fixed length can be unrolled."
        )
    body = scan.body
    count, timed = len(body.states), len(body.states) + len(body.sequences)
    xs = [table(k) for k in range(len(scan.args))]
    states = xs[:count]
    found: dict[int, dict[Node, Any]] = {}
    order = range(scan.length)
    for t in reversed(order) if scan.backwards else order:
        now = [*states, *(x[t] for x in xs[count:timed]), *xs[timed:]]
        found[t] = entries([*body.nexts, *inner], dict(zip(body.locals, now, strict=True)))
        states = [found[t][node] for node in body.nexts]
    return [found[t] for t in order]


def running_products(x: Node) -> tuple[Node, Node]:
    """Along the first axis: the products of all earlier and of all later entries."""
    results = []
    for backwards in (False, True):
        state, entry = local(x, "p", 1), local(x, "x", 1)
        product = map_node(template(slot(0) * slot(1), 2), (state, entry))
        one = fill(1, x.shape[1:], "real")
        scan, rename = make_scan([(state, one)], [(entry, x)], [], [product], x.shape[0], backwards)
        results.append(trace(scan, rename(state)))
    return results[0], results[1]
