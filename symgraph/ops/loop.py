"""Recurrence: Scan runs a body over time; Trace and Final read what it computed.

The body is a small graph of its own over local variables: the states at the start of a step, the
sequence entries of the step, and the operands that do not change. `Trace(scan, n)` is the value of
any inner node n at every step, so a Scan has no fixed list of outputs; tracing the local variable
of a state gives the states *before* each step, which is what weight gradients need.

Its reverse sweep is again a Scan, running the other way. What the recursion itself does not need is
computed once for all steps outside: a weight gradient is one product over stacked cotangents and
states, and an input projection one product before the loop.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import sympy

from symgraph.errors import ShapeError, UnsupportedError
from symgraph.node import Node, intern, reachable, substitute, topological
from symgraph.ops.einsum import folded_einsum, widen
from symgraph.ops.evaluate import entries, evaluate_nodes
from symgraph.ops.leaves import Var, fill, var
from symgraph.ops.map import map_node
from symgraph.ops.sweep import Image, batch, forward, reverse, total
from symgraph.printing import Format, Piece
from symgraph.scalar import slot
from symgraph.shapes import Dim, bind_dim, same_shape, shape_text
from symgraph.template import template

__all__ = [
    "Body",
    "Final",
    "Scan",
    "Trace",
    "final",
    "local",
    "make_scan",
    "running_products",
    "trace",
]

_fresh = itertools.count()


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

    def inits(self) -> tuple[Node, ...]:
        """The initial states."""
        return self.args[: len(self.body.states)]

    def operand_of(self) -> dict[Node, Node]:
        """The operand behind each local variable."""
        return dict(zip(self.body.locals, self.args, strict=True))

    def evaluate(self, dims: Mapping[sympy.Symbol, int], *xs: Any) -> Any:
        return _Run(self, dims, xs)

    def form(self, fmt: Format, xs: Sequence[Piece]) -> Piece:
        return fmt.call("scan", xs)

    @classmethod
    def rebuild(cls, params: tuple[Any, ...], args: tuple[Node, ...]) -> Node:
        body, length, backwards = params
        return _scan_node(Body(*body), length, backwards, args)

    # --- reverse ------------------------------------------------------------------------------

    def pull_back(
        self, arriving: Sequence[tuple[Node, Node]], wanted: Sequence[bool]
    ) -> Sequence[Sequence[Node]]:
        """For each operand the cotangents that sum to its own, one reverse Scan for all."""
        plan = _Reverse(self, arriving)
        states, sequences = len(self.body.states), len(self.body.sequences)
        result: list[list[Node]] = []
        for k, place in enumerate(self.body.locals):
            if not wanted[k] or place.kind != "real":
                result.append([])
            elif k < states:
                result.append(plan.of_init(place))
            elif k < states + sequences:
                result.append(plan.of_sequence(place))
            else:
                result.append(plan.of_constant(place))
        return result

    # --- forward ------------------------------------------------------------------------------

    def push_forward(self, tangents: Sequence[Node | None]) -> Image:
        """A Scan that carries the tangents of the states beside the states."""
        body = self.body
        count = len(body.states)
        seeds: dict[Node, Node] = {}
        inits: list[Node] = []
        moving = [s for s in body.states if s.kind == "real"]
        for state in moving:
            k = body.states.index(state)
            seeds[state] = local(state, f"d{_name(state)}")
            tangent = tangents[k]
            inits.append(tangent if tangent is not None else fill(0, state.shape, "real"))
        extra: dict[int, list[tuple[Node, Node]]] = {1: [], 2: []}
        for k, place in enumerate(body.locals[count:], count):
            tangent = tangents[k]
            if tangent is not None:
                seeds[place] = local(place, f"d{_name(place)}")
                group = 1 if k < count + len(body.sequences) else 2
                extra[group].append((seeds[place], tangent))
        flows = forward([*body.nexts], seeds)
        zero = {n: fill(0, n.shape, "real") for n in body.nexts}
        nexts = [*body.nexts, *(flows.get(n, zero[n]) for n in self._nexts_of(moving))]
        operand = self.operand_of()
        scan, rename = make_scan(
            [*zip(body.states, self.inits(), strict=True),
             *zip((seeds[s] for s in moving), inits, strict=True)],
            [*((q, operand[q]) for q in body.sequences), *extra[1]],
            [*((c, operand[c]) for c in body.constants), *extra[2]],
            nexts, self.length, self.backwards,
        )  # fmt: skip

        def inner(node: Node) -> Node | None:
            flow = forward([node], seeds).get(node)
            return None if flow is None else rename(flow)

        places = {body.states.index(s): count + i for i, s in enumerate(moving)}
        return Image(scan, inner, places.get)

    def _nexts_of(self, states: Sequence[Node]) -> list[Node]:
        return [self.body.nexts[self.body.states.index(state)] for state in states]

    # --- batch --------------------------------------------------------------------------------

    def batched(self, args: Sequence[Node], flags: Sequence[bool], size: Dim) -> Image:
        """The same loop for every entry of a leading axis; all states carry the axis."""
        body = self.body
        count, timed = len(body.states), len(body.states) + len(body.sequences)
        stand_in: dict[Node, Node] = {}
        groups: tuple[list[tuple[Node, Node]], ...] = ([], [], [])
        for k, place in enumerate(body.locals):
            group = 0 if k < count else 1 if k < timed else 2
            arg = args[k]
            if not flags[k] and group:
                groups[group].append((place, arg))
                continue
            if not flags[k]:
                arg = widen(arg, (size, *arg.shape))
            wide = var(
                _name(place), (size, *place.shape), "local", place.kind, {"fresh": next(_fresh)}
            )
            stand_in[place] = wide
            if group == 1:  # (batch, time, ...) -> (time, batch, ...)
                axes = tuple(range(arg.ndim))
                arg = folded_einsum([axes], (1, 0, *axes[2:]), {}, (arg,))
            groups[group].append((wide, arg))
        found, _ = batch(body.nexts, stand_in, size)
        nexts = [found[n] if n in found else widen(n, (size, *n.shape)) for n in body.nexts]
        scan, rename = make_scan(
            groups[0], groups[1], groups[2], nexts, self.length, self.backwards
        )

        def inner(node: Node) -> Node:
            wide, _ = batch([node], stand_in, size)
            return rename(wide[node] if node in wide else widen(node, (size, *node.shape)))

        return Image(scan, inner, lambda j: j)


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
        shape = tuple(int(size) for size in self.shape)
        return np.array([step[self.inner] for step in steps], dtype=object).reshape(shape)

    def project(self, image: Image) -> Node | None:
        inner = image.inner(self.inner)
        return None if inner is None else trace(image.node, inner)

    def batch_to_front(self, node: Node) -> Node:
        axes = tuple(range(node.ndim))
        return folded_einsum([axes], (1, 0, *axes[2:]), {}, (node,))

    def form(self, fmt: Format, xs: Sequence[Piece]) -> Piece:
        return fmt.call("trace", [*xs, Piece(str(self.inner))])

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
        state = image.final(self.state)
        return None if state is None else final(image.node, state)

    def batch_to_front(self, node: Node) -> Node:
        return node

    def form(self, fmt: Format, xs: Sequence[Piece]) -> Piece:
        return fmt.call("final", [*xs, Piece(_name(self.scan.body.states[self.state]))])

    @classmethod
    def rebuild(cls, params: tuple[Any, ...], args: tuple[Node, ...]) -> Node:
        return final(args[0], params[0])


# --- construction -------------------------------------------------------------------------------


def make_scan(
    states: Sequence[tuple[Node, Node]],
    sequences: Sequence[tuple[Node, Node]],
    constants: Sequence[tuple[Node, Node]],
    nexts: Sequence[Node],
    length: Dim,
    backwards: bool,
) -> tuple[Node, Callable[[Node], Node]]:
    """A Scan from pairs (local variable, operand) and the next states.

    Local variables are renamed by position, so that equal loops are one node; the second result
    takes an inner node to its renamed form.
    Raises ShapeError when a state changes its shape or a sequence has another length.
    """
    rule: dict[Node, Node] = {}
    for group, pairs in (("state", states), ("sequence", sequences), ("constant", constants)):
        for i, (place, _) in enumerate(pairs):
            options = {"place": (group, i)}
            rule[place] = var(_name(place), place.shape, "local", place.kind, options)
    renamed = substitute(list(nexts), rule)

    def rename(node: Node) -> Node:
        return substitute([node], rule)[0]

    body = Body(
        tuple(rule[p] for p, _ in states), tuple(rule[p] for p, _ in sequences),
        tuple(rule[p] for p, _ in constants), tuple(renamed),
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
                f"scan: {role} {_name(place)!r} has shape {shape_text(arg.shape)}, the loop needs "
                f"{shape_text(want)}. Give it that shape."
            )
    for place, following in zip(body.states, body.nexts, strict=True):
        if not same_shape(place.shape, following.shape):
            raise ShapeError(
                f"scan: state {_name(place)!r} starts with shape {shape_text(place.shape)} and "
                f"continues with {shape_text(following.shape)}. A state keeps its shape."
            )
    loose = [n for n in topological(body.nexts) if isinstance(n, Var) and n not in body.locals]
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
    assert isinstance(scan, Scan)
    needed = reachable(scan.body.nexts)
    operand = scan.operand_of()
    stand_in: dict[Node, Node] = {}
    outside: dict[Node, Node] = {}
    for node in topological([inner]):
        if node in scan.body.constants:
            outside[node] = operand[node]
        elif node in scan.body.sequences:
            stand_in[node] = operand[node]
        elif node in scan.body.states or (node in needed and _depends(node, scan.body)):
            stand_in[node] = _trace_node(scan, node)
    if inner in stand_in:
        return stand_in[inner]
    try:
        found, _ = batch([inner], stand_in, scan.length)
    except UnsupportedError:
        return _trace_node(scan, inner)
    if inner in found:
        return substitute([found[inner]], outside)[0]
    return widen(substitute([inner], outside)[0], (scan.length, *inner.shape))


def _depends(node: Node, body: Body) -> bool:
    """Whether an inner node changes from step to step."""
    moving = {*body.states, *body.sequences}
    return not moving.isdisjoint(reachable([node]))


# --- reverse sweep ------------------------------------------------------------------------------


class _Reverse:
    """The reverse Scan of a Scan, and the cotangents read off it."""

    def __init__(self, scan: Scan, arriving: Sequence[tuple[Node, Node]]) -> None:
        self.scan = scan
        body = scan.body
        real = [s for s in body.states if s.kind == "real"]
        later = {s: local(s, f"δ{_name(s)}") for s in real}
        inits: dict[Node, list[Node]] = {s: [] for s in real}
        seeds: dict[Node, list[Node]] = {}
        sequences: list[tuple[Node, Node]] = []
        for state in real:
            seeds.setdefault(body.nexts[body.states.index(state)], []).append(later[state])
        for projection, ct in arriving:
            if isinstance(projection, Final):
                inits[body.states[projection.state]].append(ct)
            else:
                assert isinstance(projection, Trace)
                place = local(projection.inner, "g")
                sequences.append((place, ct))
                seeds.setdefault(projection.inner, []).append(place)
        sources = [place for place in body.locals if place.kind == "real"]
        joined = {node: total(parts) for node, parts in seeds.items()}
        adjoints = reverse(joined, sources)
        self._parts = {p: _parts_of(p, adjoints, joined) for p in sources}
        nexts = [
            total(self._parts[s]) if self._parts[s] else fill(0, s.shape, "real") for s in real
        ]
        kept = self._keep([*nexts, *itertools.chain(*self._parts.values())], later, sequences)
        operand = scan.operand_of()
        self._rule = kept
        nexts = substitute(nexts, kept)
        states = [
            (later[s], total(inits[s]) if inits[s] else fill(0, s.shape, "real")) for s in real
        ]
        sequences += [(place, trace(scan, node)) for node, place in kept.items()]
        constants = [(c, operand[c]) for c in body.constants]
        self.node, self._rename = make_scan(
            states, sequences, constants, nexts, scan.length, not scan.backwards
        )
        self._real = real

    def _keep(
        self, roots: Sequence[Node], later: Mapping[Node, Node], given: Sequence[tuple[Node, Node]]
    ) -> dict[Node, Node]:
        """The forward values that the reverse step reads, each with a fresh local variable."""
        body = self.scan.body
        own = {*later.values(), *(place for place, _ in given)}
        moving = {*body.states, *body.sequences}
        backward_only = _descendants(roots, own)
        forward_only = _descendants(roots, moving)
        kept: dict[Node, Node] = {}
        stack = list(roots)
        seen: set[Node] = set()
        while stack:
            node = stack.pop()
            if node in seen:
                continue
            seen.add(node)
            if node in forward_only and node not in backward_only:
                kept[node] = local(node, f"v{len(kept)}")
            else:
                stack.extend(node.args)
        return dict(sorted(kept.items(), key=lambda item: item[0].serial))

    def _inner(self, node: Node) -> Node:
        return self._rename(substitute([node], self._rule)[0])

    def of_init(self, place: Node) -> list[Node]:
        return [final(self.node, self._real.index(place))]

    def of_sequence(self, place: Node) -> list[Node]:
        return [trace(self.node, self._inner(part)) for part in self._parts[place]]

    def of_constant(self, place: Node) -> list[Node]:
        return [_over_time(trace(self.node, self._inner(part))) for part in self._parts[place]]


def _parts_of(place: Node, adjoints: Any, seeds: Mapping[Node, Node]) -> list[Node]:
    """What reaches a local variable, one node an edge."""
    parts = [seeds[place]] if place in seeds else []
    for (node, k), part in adjoints.contribution.items():
        if node.args[k] is place:
            parts.append(part)
    return parts


def _descendants(roots: Sequence[Node], sources: set[Node]) -> set[Node]:
    found: set[Node] = set()
    for node in topological(roots):
        if node in sources or any(arg in found for arg in node.args):
            found.add(node)
    return found


def _over_time(stacked: Node) -> Node:
    indices = tuple(range(stacked.ndim))
    return folded_einsum([indices], indices[1:], {}, (stacked,))


# --- evaluation ---------------------------------------------------------------------------------


class _Run:
    """A Scan carried out: the locals of every step; inner values are computed when asked for."""

    def __init__(self, scan: Scan, dims: Mapping[sympy.Symbol, int], xs: Sequence[Any]) -> None:
        self._scan, self._dims = scan, dims
        body = scan.body
        count, timed = len(body.states), len(body.states) + len(body.sequences)
        steps = range(bind_dim(scan.length, dims))
        states = list(xs[:count])
        self._steps: dict[int, dict[Node, Any]] = {}
        for t in reversed(steps) if scan.backwards else steps:
            now = [*states, *(x[t] for x in xs[count:timed]), *xs[timed:]]
            self._steps[t] = dict(zip(body.locals, now, strict=True))
            values = evaluate_nodes(body.nexts, self._steps[t], dims)
            states = [values[node] for node in body.nexts]
        self.finals = states

    def trace(self, inner: Node) -> Any:
        rows = [
            evaluate_nodes([inner], self._steps[t], self._dims)[inner]
            for t in range(len(self._steps))
        ]
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
