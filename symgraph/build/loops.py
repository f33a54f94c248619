"""Loops over time: scan, equations between a step and the step before, shifts."""

from __future__ import annotations

import inspect
import weakref
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from symgraph.build.arithmetic import add, not_equal, where
from symgraph.build.coerce import as_node
from symgraph.errors import CycleError, KindError, NameClashError, ShapeError, UnknownNameError
from symgraph.node import Kind, Node, promote
from symgraph.ops.einsum import einsum_node
from symgraph.ops.leaves import Const, Fill, Iota, Var, constant, fill
from symgraph.ops.let import Let, let_node
from symgraph.ops.loop import Pair, Renaming, final, local, scan_and_traces
from symgraph.ops.move import Affine, identity_row, pull
from symgraph.ops.sweep import above
from symgraph.shapes import Dim, as_dim, normalize_axis, same_dim, same_shape, shape_text
from symgraph.walks import depth_first

__all__ = ["ScanResult", "recurrence", "scan", "shift"]


@dataclass(frozen=True, repr=False)
class ScanResult:
    """What a loop computed.

    `final`: the states after the last step, in the form of the initial states. `states`: the states
    after each step, and `before`: those before each step, both with the time axis first. `outputs`:
    the step's outputs over time, as the step returned them; None where it returned none. `length`:
    the number of steps. `loop`: the node of the loop itself.
    """

    final: Any
    states: Any
    before: Any
    outputs: Any
    length: Dim
    loop: Node

    def __repr__(self) -> str:
        named = {"final": self.final, "states": self.states, "outputs": self.outputs}
        shapes = [f"{name}={_shapes_of(tree)}" for name, tree in named.items() if tree is not None]
        return f"ScanResult({', '.join(shapes)})"


def _shapes_of(tree: Any) -> str:
    if isinstance(tree, dict):
        return "{" + ", ".join(f"{key}: {_shapes_of(tree[key])}" for key in tree) + "}"
    if isinstance(tree, tuple):
        return "(" + ", ".join(map(_shapes_of, tree)) + ")"
    return shape_text(tree.shape)


def scan(
    step: Callable[..., Any],
    states: Any,
    sequences: Any = None,
    *,
    length: Any = None,
    reverse: bool = False,
    mask: Any = None,
) -> ScanResult:
    """A loop over time: `step` takes the states and one entry of each sequence, gives new states.

    `states`: the initial values: one value, or a tuple or dict of them (a list is an array); each
    keeps its shape.
    `sequences`: likewise, values whose first axis is time; all of one length, which may be
    symbolic or 0. Without sequences `length` is the number of steps. The parameters of `step` are
    the states and then the entries, in order; what was given in a dict goes by name. It returns the
    new states in the form of `states`, or `(new states, outputs)` with outputs of any form.
    Whatever else it uses from outside is an operand of the loop.

    `reverse` runs from the last entry to the first; results stay in the order of time, and `final`
    is then the state after time 0. `mask`, shape (T,) or (T, batch): where it is 0 or false the
    states are kept, and outputs see the kept states. To read an entry of another time, shift the
    sequence (`shift(x, 1)`) or keep it as a state. A random node drawn inside is the same at every
    step: draw a sequence outside instead.

    Raises ShapeError for sequences of different length and for a state that changes its shape,
    KindError where the step's parameters or results do not fit, UnknownNameError for a value that
    belongs to the inside of another loop.

    >>> import symgraph as sg
    >>> X, h0 = sg.input("X", ("T", "N", 3)), sg.input("h0", ("N", 4))
    >>> W, U = sg.parameter("W", (3, 4)), sg.parameter("U", (4, 4))
    >>> sg.scan(lambda h, x: sg.tanh(x @ W + h @ U), h0, X)
    ScanResult(final=(N, 4), states=(T, N, 4))
    """
    if not callable(step):
        raise KindError(f"scan: the step must be a function, not {step!r}.")
    start = () if states is None else _mapped(states, "scan: initial state")
    entries = () if sequences is None else _mapped(sequences, "scan: sequence")
    try:
        return _scan(step, start, entries, length, reverse, mask)
    except KindError:
        # A literal 0 may start a real state of a loop inside; nothing tells before the step runs.
        real = _like(
            start, iter([_of_kind(x, "real") if _literal(x) else x for x in _leaves(start)])
        )
        if _leaves(real) == _leaves(start):
            raise
        return _scan(step, real, entries, length, reverse, mask)


def _scan(
    step: Callable[..., Any], start: Any, entries: Any, length: Any, reverse: bool, mask: Any
) -> ScanResult:
    arguments, by_name = _arguments(step, start, entries)
    loop = _Loop(arguments, length, bool(reverse))
    with _inside(loop.places):
        returned = loop.call(step, by_name)
    news, outputs = _split(returned, start)
    loop.nexts = [as_node(one, "scan: new state") for one in _leaves(news)]
    loop.outputs = [as_node(one, "scan: output") for one in _leaves(outputs)]
    loop.check_states()
    if mask is not None:
        loop.hold(as_node(mask, "scan: mask"))
    return loop.close(start, outputs)


def recurrence(
    equations: Mapping[str, Callable[[Any, Any], Any]],
    states: Mapping[str, Any],
    sequences: Mapping[str, Any] | None = None,
    *,
    length: Any = None,
    reverse: bool = False,
    mask: Any = None,
) -> ScanResult:
    """A loop written as equations between values at one time and the time before.

    Each equation is a function of `now` and `before`: `now.x` is the entry of sequence x or the
    value of equation x at the same step, `before.s` the value of s one step earlier; `states` gives
    the start value of every name that is read so. The order of the equations does not matter.
    In the result `outputs` has every equation by name, `final` and `states` those that have a start
    value.
    `length`, `reverse` and `mask` as in `scan`.
    Raises CycleError when equations need one another at the same step, UnknownNameError for a name
    without equation, sequence or start value, NameClashError for a name that is given twice.

    >>> import symgraph as sg
    >>> U, W, V = (sg.parameter(name, (2, 2)) for name in "UWV")
    >>> run = sg.recurrence(
    ...     {"s": lambda now, before: sg.tanh(U @ now.x + W @ before.s),
    ...      "o": lambda now, before: V @ now.s},
    ...     states={"s": sg.input("s0", 2)},
    ...     sequences={"x": sg.input("X", ("T", 2))},
    ... )
    >>> run.outputs["o"].shape
    (T, 2)
    """
    given = dict(sequences or {})
    clash = sorted(equations.keys() & given.keys())
    if clash:
        raise NameClashError(
            f"recurrence: {clash[0]!r} is an equation and a sequence; rename one of them."
        )
    missing = sorted(states.keys() - equations.keys())
    if missing:
        raise UnknownNameError(
            f"recurrence: {missing[0]!r} has a start value and no equation; "
            f"add one to {', '.join(equations) or 'the equations'}."
        )

    def step(**places: Any) -> Any:
        earlier = {name: places[name] for name in states}
        before = _Names(earlier, "before", "it has no start value; give it one in states=")
        now = _Now(equations, {name: places[name] for name in given}, before)
        values = {name: now[name] for name in equations}
        return {name: values[name] for name in states}, values

    return scan(step, dict(states), given, length=length, reverse=reverse, mask=mask)


class _Names:
    """Values by name, read as attributes or as items."""

    def __init__(self, values: Mapping[str, Any], title: str, reason: str) -> None:
        self._values, self._title, self._reason = values, title, reason

    def __getitem__(self, name: str) -> Any:
        if name not in self._values:
            raise UnknownNameError(f"recurrence: {self._title}.{name} is unknown: {self._reason}.")
        return self._values[name]

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return self[name]


class _Now(_Names):
    """The values of one step; an equation is worked out when it is first read."""

    def __init__(
        self, equations: Mapping[str, Callable[[Any, Any], Any]], entries: Any, before: _Names
    ) -> None:
        self._equations, self._before = equations, before
        self._under_way: list[str] = []
        super().__init__(dict(entries), "now", "it is neither a sequence nor an equation")

    def __getitem__(self, name: str) -> Any:
        if name in self._values or name not in self._equations:
            return super().__getitem__(name)
        if name in self._under_way:
            circle = [*self._under_way[self._under_way.index(name) :], name]
            raise CycleError(
                f"recurrence: {' -> '.join(circle)}: each needs the next at the same step, so "
                f"nothing can be computed first. Read one of them a step earlier: before.{name}."
            )
        self._under_way.append(name)
        value = as_node(self._equations[name](self, self._before), f"recurrence: {name!r}")
        if value.args and not isinstance(value, Let):
            value = let_node(name, value)  # derivations call it what the equation calls it
        self._under_way.pop()
        self._values = {**self._values, name: value}
        return value


def shift(x: Any, steps: int = 1, axis: int = 0, initial: Any = None) -> Node:
    """The entries of earlier times: result[t] = x[t - steps] along an axis, of the same length.

    What lies before the beginning is 0, or `initial` of `steps` entries along the axis (for one
    step the axis may be left out). Negative `steps` read later entries; `initial` then stands at
    the end.
    Raises ShapeError when `initial` does not fit.

    >>> import symgraph as sg
    >>> X, first = sg.input("X", ("T", 3)), sg.input("first", 3)
    >>> sg.shift(X, 1, initial=first).shape
    (T, 3)
    """
    node = as_node(x, "shift")
    axis = normalize_axis(axis, node.ndim, "shift")
    count = int(steps) if hasattr(steps, "__index__") and not isinstance(steps, Node) else None
    if count is None or isinstance(steps, bool):
        raise KindError(f"shift: steps must be a whole number, not {steps!r}.")
    moved = _moved(node, -count, axis, node.shape[axis])
    if initial is None:
        return moved
    edge = as_node(initial, "shift: initial")
    width = -count if count < 0 else count
    if edge.ndim == node.ndim - 1 and width == 1:
        kept = tuple(range(edge.ndim))
        edge = einsum_node([kept], (*kept[:axis], edge.ndim, *kept[axis:]), {edge.ndim: 1}, (edge,))
    want = (*node.shape[:axis], width, *node.shape[axis + 1 :])
    if not same_shape(edge.shape, want):
        raise ShapeError(
            f"shift: initial has shape {shape_text(edge.shape)}, {count} steps along axis {axis} "
            f"of {shape_text(node.shape)} need {shape_text(want)}. Give it that shape."
        )
    offset = 0 if count >= 0 else -(node.shape[axis] - width)
    return add(moved, _moved(edge, offset, axis, node.shape[axis]))


def _moved(x: Node, offset: Dim, axis: int, size: Dim) -> Node:
    rows = [identity_row(a) for a in range(x.ndim)]
    rows[axis] = Affine(offset, ((axis, 1),))
    return pull(x, rows, (*x.shape[:axis], size, *x.shape[axis + 1 :]))


# --- what the user passes -----------------------------------------------------------------------


def _leaves(tree: Any) -> list[Any]:
    """The values of nested tuples and dicts, in order; None has none."""
    if isinstance(tree, dict):
        return [leaf for key in tree for leaf in _leaves(tree[key])]
    if isinstance(tree, tuple):
        return [leaf for part in tree for leaf in _leaves(part)]
    return [] if tree is None else [tree]


def _like(tree: Any, leaves: Iterator[Any]) -> Any:
    """Nested tuples and dicts of the same form with other values."""
    if isinstance(tree, dict):
        return {key: _like(tree[key], leaves) for key in tree}
    if isinstance(tree, tuple):
        parts = [_like(part, leaves) for part in tree]
        return type(tree)(*parts) if hasattr(tree, "_fields") else tuple(parts)
    return None if tree is None else next(leaves)


def _mapped(tree: Any, title: str) -> Any:
    return _like(tree, iter([as_node(leaf, title) for leaf in _leaves(tree)]))


def _matches(value: Any, form: Any) -> bool:
    if isinstance(form, dict):
        same = isinstance(value, dict) and value.keys() == form.keys()
        return same and all(_matches(value[key], form[key]) for key in form)
    if isinstance(form, tuple):
        same = isinstance(value, tuple) and len(value) == len(form)
        return same and all(map(_matches, value, form))
    return value is not None and not isinstance(value, (dict, tuple))


def _split(returned: Any, form: Any) -> tuple[Any, Any]:
    """New states in the form of the initial ones, and outputs."""
    if _matches(returned, form):
        return _in_order(returned, form), None
    if isinstance(returned, tuple) and len(returned) == 2 and _matches(returned[0], form):
        return _in_order(returned[0], form), returned[1]
    raise KindError(
        f"scan: the step returned {_form_text(returned)}, the initial states are "
        f"{_form_text(form)}. Return new states in that form, or (new states, outputs)."
    )


def _in_order(value: Any, form: Any) -> Any:
    """The same values with the keys of dicts in the order of `form`."""
    if isinstance(form, dict):
        return {key: _in_order(value[key], form[key]) for key in form}
    return tuple(map(_in_order, value, form)) if isinstance(form, tuple) else value


def _form_text(tree: Any) -> str:
    if isinstance(tree, dict):
        return "{" + ", ".join(f"{key!r}: {_form_text(tree[key])}" for key in tree) + "}"
    if isinstance(tree, tuple):
        return "(" + ", ".join(map(_form_text, tree)) + ("," if len(tree) == 1 else "") + ")"
    return "None" if tree is None else "a value"


class _Argument(NamedTuple):
    """One parameter of the step: a state or an entry of a sequence, or a form of several."""

    name: str
    group: str
    tree: Any


def _arguments(step: Callable[..., Any], states: Any, entries: Any) -> tuple[list[_Argument], bool]:
    """The states and sequences as parameters of the step, and whether to pass them by name."""
    found: list[tuple[str | None, str, Any]] = []
    for group, tree in (("state", states), ("sequence", entries)):
        if isinstance(tree, dict):
            found += [(str(key), group, part) for key, part in tree.items()]
        else:
            parts = tree if isinstance(tree, tuple) else (tree,)
            found += [(None, group, part) for part in parts]
    taken = [name for name, _, _ in found if name is not None]
    twice = sorted({name for name in taken if taken.count(name) > 1})
    if twice:
        raise NameClashError(
            f"scan: {twice[0]!r} is a state and a sequence; give one of them another name."
        )
    free = iter(_free_parameters(step, taken, len(found) - len(taken)))
    named = [
        _Argument(next(free) if name is None else name, group, tree) for name, group, tree in found
    ]
    return named, bool(taken)


def _free_parameters(step: Callable[..., Any], taken: list[str], count: int) -> list[str]:
    """The names of the step's parameters for `count` values beside those given by name."""
    try:
        parameters = list(inspect.signature(step).parameters.values())
    except (TypeError, ValueError):  # some built-in functions do not tell
        return [f"v{k}" for k in range(count)]
    kinds = [one.kind for one in parameters]
    plain = [p for p in parameters if p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)]
    free = [one for one in plain if one.name not in taken]
    names = [one.name for one in free]
    required = sum(one.default is one.empty for one in free)
    if inspect.Parameter.VAR_POSITIONAL in kinds and not taken:
        names += [f"v{k}" for k in range(len(names), count)]
    strange = [] if inspect.Parameter.VAR_KEYWORD in kinds else set(taken) - {p.name for p in plain}
    if strange or not required <= count <= len(names):
        by_name = f"{', '.join(taken)} by name and " if taken else ""
        raise KindError(
            f"scan: the step has parameters ({', '.join(p.name for p in plain)}), it is given "
            f"{by_name}{count} by position. Give it one parameter for each state, then one for "
            "each sequence."
        )
    return names[:count]


# --- making the loop ----------------------------------------------------------------------------

#: The local variables of the loops whose step is running, outermost first.
_running: ContextVar[tuple[Node, ...]] = ContextVar("running", default=())


@contextmanager
def _inside(places: Sequence[Node]) -> Iterator[None]:
    token = _running.set((*_running.get(), *places))
    try:
        yield
    finally:
        _running.reset(token)


class _Loop:
    """A loop in the making."""

    def __init__(self, arguments: list[_Argument], length: Any, reverse: bool) -> None:
        self.states: list[Pair] = []
        self.sequences: list[Pair] = []
        self.nexts: list[Node] = []
        self.outputs: list[Node] = []
        self.reverse = reverse
        self._arguments = arguments
        titles = [name for one in arguments for name in _names(one) if one.group == "sequence"]
        entries = [leaf for one in arguments for leaf in _leaves(one.tree) if one.group != "state"]
        self.length = _length(titles, entries, length)
        self._trees = [self._place(one) for one in arguments]

    def _place(self, argument: _Argument) -> Any:
        """Local variables in the form of an argument."""
        is_state = argument.group == "state"
        pairs = self.states if is_state else self.sequences
        made: list[Node] = []
        for name, operand in zip(_names(argument), _leaves(argument.tree), strict=True):
            made.append(local(operand, name, 0 if is_state else 1))
            pairs.append((made[-1], operand))
        return _like(argument.tree, iter(made))

    @property
    def places(self) -> list[Node]:
        """The local variables."""
        return [place for place, _ in (*self.states, *self.sequences)]

    def call(self, step: Callable[..., Any], by_name: bool) -> Any:
        """What the step returns for the local variables."""
        if not by_name:
            return step(*self._trees)
        names = [one.name for one in self._arguments]
        return step(**dict(zip(names, self._trees, strict=True)))

    def check_states(self) -> None:
        """Refuse a state that changes its shape; make literal start values of the kind needed."""
        for (place, _), following in zip(self.states, self.nexts, strict=True):
            if not same_shape(place.shape, following.shape):
                shape = shape_text(following.shape)
                raise ShapeError(
                    f"scan: state {_title(place)!r} starts with shape {shape_text(place.shape)} "
                    f"and continues with {shape}. A state keeps its shape: start it with one of "
                    f"shape {shape}, for example sg.broadcast_to(0.0, {shape})."
                )
        while True:
            rule = {
                place: _of_kind(place, following.kind)
                for (place, operand), following in zip(self.states, self.nexts, strict=True)
                if promote(place.kind, following.kind) != place.kind and _literal(operand)
            }
            if not rule:
                return
            self.states = [
                (rule[place], _of_kind(operand, rule[place].kind)) if place in rule
                else (place, operand)
                for place, operand in self.states
            ]  # fmt: skip
            self._exchange(rule)

    def _exchange(self, rule: Mapping[Node, Node]) -> None:
        renamed = Renaming(rule)
        self.nexts = [renamed(node) for node in self.nexts]
        self.outputs = [renamed(node) for node in self.outputs]

    def hold(self, mask: Node) -> None:
        """Keep the states where the mask is 0."""
        _length(["mask"], [mask], self.length)
        place = local(mask, "mask", 1)
        self.sequences.append((place, mask))
        counts = place if place.kind == "boolean" else not_equal(place, 0)
        moved = self._moved(self.nexts)
        rule: dict[Node, Node] = {}
        kept: list[Node] = []
        for (old, _), new in zip(self.states, self.nexts, strict=True):
            if not same_shape(mask.shape[1:], old.shape[: mask.ndim - 1]):
                raise ShapeError(
                    f"scan: mask has shape {shape_text(mask.shape)}, state {_title(old)!r} has "
                    f"{shape_text(old.shape)}. A mask is (T,), or (T, batch) for states of shape "
                    "(batch, ...)."
                )
            kept.append(where(_spread(counts, old.ndim), new, old))
            if new in moved and new.args:
                rule[new] = kept[-1]
        self.outputs = [Renaming(rule)(node) for node in self.outputs]
        self.nexts = kept

    def _moved(self, roots: Sequence[Node]) -> set[Node]:
        """The nodes that depend on a local variable of this loop."""
        places = set(self.places)
        first = min((place.serial for place in places), default=0)

        def young(nodes: Sequence[Node]) -> list[Node]:
            return [node for node in nodes if node.serial >= first]

        moved: set[Node] = set()
        for node in depth_first(young(roots), lambda node: young(node.args)):
            if node in places or any(arg in moved for arg in node.args):
                moved.add(node)
        return moved

    def _captured(self) -> list[Pair]:
        """What the step uses from outside: the largest nodes that no local variable reaches."""
        roots = [*self.nexts, *self.outputs]
        moved = self._moved(roots)
        used = {_title(place) for place in self.places}
        pairs: list[Pair] = []
        for node in _first_outside(roots, moved):
            if isinstance(node, (Fill, Const, Iota)):
                continue  # a literal is part of the step
            name = node.name if isinstance(node, Var) else ""
            name = (node.let_name or "") if isinstance(node, Let) else name
            name = _unused(name or f"k{len(pairs)}", used)
            pairs.append((local(node, name), node))
        return pairs

    def close(self, states: Any, outputs: Any) -> ScanResult:
        """The loop's node and everything that is read off it."""
        constants = self._captured()
        operands = [operand for _, operand in (*self.states, *self.sequences, *constants)]
        _refuse_leaks(operands)
        self._exchange({operand: place for place, operand in constants})
        inner = [*self.nexts, *(place for place, _ in self.states), *self.outputs]
        node, traces = scan_and_traces(
            self.states, self.sequences, constants, self.nexts, inner, self.length, self.reverse
        )
        over_time = iter(traces)
        return ScanResult(
            final=_like(states, iter([final(node, k) for k in range(len(self.nexts))])),
            states=_like(states, over_time),
            before=_like(states, over_time),
            outputs=_like(outputs, over_time),
            length=self.length,
            loop=node,
        )


def _first_outside(roots: Sequence[Node], inside: set[Node]) -> list[Node]:
    """The nodes at which a walk from the roots, from left to right, leaves what is inside."""
    found: dict[Node, None] = {}
    seen: set[Node] = set()
    stack = [*roots][::-1]
    while stack:
        node = stack.pop()
        if node in seen:
            continue
        seen.add(node)
        if node in inside:
            stack.extend(node.args[::-1])
        else:
            found[node] = None
    return list(found)


def _names(argument: _Argument) -> list[str]:
    """A name for each value of an argument."""
    count = len(_leaves(argument.tree))
    if not isinstance(argument.tree, (tuple, dict)):
        return [argument.name]
    return [f"{argument.name}_{k}" for k in range(count)]


def _title(place: Node) -> str:
    return str(place.params[0])


def _unused(name: str, used: set[str]) -> str:
    title, number = name, 2
    while title in used:
        title, number = f"{name}_{number}", number + 1
    used.add(title)
    return title


def _length(titles: Sequence[str], entries: Sequence[Node], length: Any) -> Dim:
    """The number of steps that all sequences agree on."""
    found: list[tuple[str, Dim]] = []
    if length is not None:
        found.append(("length=", as_dim(length, "scan: length")))
    for title, node in zip(titles, entries, strict=True):
        if node.ndim == 0:
            raise ShapeError(
                f"scan: {title!r} is a scalar, a sequence has time as its first axis. "
                "Use it inside the step as it is, or give it that axis."
            )
        found.append((f"the length of {title!r} =", node.shape[0]))
    if not found:
        raise KindError("scan: neither sequences nor a length; give sequences, or length=.")
    first, steps = found[0]
    for title, other in found[1:]:
        if not same_dim(steps, other):
            raise ShapeError(
                f"scan: {first} {steps} and {title} {other}. Give sequences of one length."
            )
    return steps


def _literal(node: Node) -> bool:
    return isinstance(node, (Fill, Const))


def _of_kind(node: Node, kind: Kind) -> Node:
    """A literal or a local variable with another kind."""
    if isinstance(node, Fill):
        return fill(node.value, node.shape, kind)
    if isinstance(node, Const):
        return constant(node.array.astype({"integer": np.int64, "real": np.float64}[kind]))
    return Var.rebuild((*node.params[:3], kind, node.params[4]), ())


def _spread(mask: Node, rank: int) -> Node:
    """A mask with axes of size 1 behind its own."""
    own, new = tuple(range(mask.ndim)), tuple(range(mask.ndim, rank))
    return einsum_node([own], (*own, *new), dict.fromkeys(new, 1), (mask,)) if own and new else mask


#: Nodes below which there is no local variable at all.
_closed: weakref.WeakSet[Node] = weakref.WeakSet()


def _refuse_leaks(operands: Sequence[Node]) -> None:
    """Local variables of other loops are known only while their step runs."""
    running = set(_running.get())
    found = [n for n in above(operands, _closed) if isinstance(n, Var) and n.role == "local"]
    for node in found:
        if node not in running:
            raise UnknownNameError(
                f"scan: {node.name!r} belongs to the inside of another loop and has no value "
                "outside of it. Return it there as an output, and use result.outputs."
            )
    if not found:
        _closed.update(operands)
