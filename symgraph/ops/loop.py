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
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import sympy

from symgraph.errors import KindError, ShapeError, UnsupportedError
from symgraph.node import Node, intern, promote
from symgraph.ops.beside import batched, cotangents, tangents_of
from symgraph.ops.body import Body, Pair, Renaming, descendants, local, local_name
from symgraph.ops.leaves import Var, fill, var
from symgraph.ops.loop_run import Run, unrolled
from symgraph.ops.map import map_node
from symgraph.ops.over_time import lifted
from symgraph.ops.sweep import Image
from symgraph.printing import Format, Piece
from symgraph.scalar import slot
from symgraph.shapes import Dim, same_shape, shape_text
from symgraph.template import template
from symgraph.walks import reachable, topological

__all__ = [
    "Final",
    "Scan",
    "Trace",
    "final",
    "make_scan",
    "running_products",
    "scan_and_traces",
    "trace",
]


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
        return Run(self, dims, xs)

    def form(self, fmt: Format, xs: Sequence[Piece]) -> Piece:
        """The recurrence, then what each local variable stands for."""
        body = self.body
        arrow = fmt.pick(" <- ", " ← ", r" \leftarrow ")
        parts: list[Piece] = []
        for state, following in zip(body.states, body.nexts, strict=True):
            parts.append(
                Piece(f"{fmt.name(local_name(state)).text}{arrow}{following._written(fmt.style)}")
            )
        for place, x in zip(body.locals, xs, strict=True):
            name = fmt.name(local_name(place)).text
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
        ends: dict[Node, list[Node]] = {}
        traced: list[tuple[Node, Node]] = []
        for projection, ct in arriving:
            if isinstance(projection, Final):
                ends.setdefault(self.body.states[projection.state], []).append(ct)
            else:
                assert isinstance(projection, Trace)
                traced.append((projection.inner, ct))
        found = cotangents(self, ends, traced, chosen)
        return [found.get(place, []) for place in places]

    def push_forward(self, tangents: Sequence[Node | None]) -> Image:
        """The Scan of the tangents, which reads the states of this one."""
        return tangents_of(self, tangents)

    def beside(
        self,
        states: Sequence[Pair],
        sequences: Sequence[Pair],
        constants: Sequence[Pair],
        nexts: Sequence[Node],
        backwards: bool,
    ) -> tuple[Scan, Callable[[Node], Node]]:
        """Another loop of as many steps, as `make_scan` gives it."""
        loop, rename = make_scan(states, sequences, constants, nexts, self.length, backwards)
        assert isinstance(loop, Scan)
        return loop, rename

    def over_time(self, inner: Node) -> Node:
        """As `trace`."""
        return trace(self, inner)

    def recorded(self, inner: Node) -> Node:
        """The value of an inner node at every step, as the loop itself records it."""
        return _trace_node(self, inner)

    def last(self, state: int) -> Node:
        """The last value of a state."""
        return final(self, state)

    def batched(self, args: Sequence[Node], flags: Sequence[bool], size: Dim) -> Image:
        """The same loop for every entry of a leading axis."""
        return batched(self, args, flags, size)


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
        return fmt.call("final", [*xs, fmt.name(local_name(self.scan.body.states[self.state]))])

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
            rule[place] = var(local_name(place), place.shape, "local", place.kind, options)
    rename = Renaming(rule)
    body = Body(
        tuple(rule[p] for p, _ in states), tuple(rule[p] for p, _ in sequences),
        tuple(rule[p] for p, _ in constants), tuple(map(rename, nexts)),
    )  # fmt: skip
    args = tuple(arg for pairs in (states, sequences, constants) for _, arg in pairs)
    return _scan_node(body, length, backwards, args), rename


def _scan_node(body: Body, length: Dim, backwards: bool, args: tuple[Node, ...]) -> Node:
    count, timed = len(body.states), len(body.states) + len(body.sequences)
    for k, (place, arg) in enumerate(zip(body.locals, args, strict=True)):
        want = (length, *place.shape) if count <= k < timed else place.shape
        if not same_shape(arg.shape, want):
            role = "state" if k < count else "sequence" if k < timed else "operand"
            raise ShapeError(
                f"scan: {role} {local_name(place)!r} has shape {shape_text(arg.shape)}, the "
                f"loop needs {shape_text(want)}. Give it that shape."
            )
    for place, following in zip(body.states, body.nexts, strict=True):
        if not same_shape(place.shape, following.shape):
            raise ShapeError(
                f"scan: state {local_name(place)!r} starts with shape {shape_text(place.shape)} "
                f"and continues with {shape_text(following.shape)}. A state keeps its shape."
            )
        if promote(place.kind, following.kind) != place.kind:
            raise KindError(
                f"scan: state {local_name(place)!r} starts {place.kind} and continues "
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
    return lifted(inner, scan.length, stand, fixed)


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
        inside = descendants(body.nexts, {*body.states, *body.sequences}) | set(body.states)
        found = _known[scan] = _Readings(
            {place: operand[place] for place in body.sequences},
            {place: operand[place] for place in body.constants},
            inside,
        )
    return found


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
