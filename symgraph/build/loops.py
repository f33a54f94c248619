"""Loops over time: scan, equations between a step and the step before, shifts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from symgraph.build.arithmetic import add
from symgraph.build.coerce import as_node
from symgraph.build.loop_making import Loop, ScanResult, is_literal, of_kind, running
from symgraph.build.step_form import arguments_of, leaves, like, mapped, split
from symgraph.errors import CycleError, KindError, NameClashError, ShapeError, UnknownNameError
from symgraph.node import Node
from symgraph.ops.einsum import einsum_node
from symgraph.ops.let import Let, let_node
from symgraph.ops.move import pull
from symgraph.ops.rows import Affine, identity_row
from symgraph.shapes import Dim, normalize_axis, same_shape, shape_text

__all__ = ["recurrence", "scan", "shift"]


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
    start = () if states is None else mapped(states, "scan: initial state")
    entries = () if sequences is None else mapped(sequences, "scan: sequence")
    try:
        return _scan(step, start, entries, length, reverse, mask)
    except KindError:
        # A literal 0 may start a real state of a loop inside; nothing tells before the step runs.
        real = like(
            start, iter([of_kind(x, "real") if is_literal(x) else x for x in leaves(start)])
        )
        if leaves(real) == leaves(start):
            raise
        return _scan(step, real, entries, length, reverse, mask)


def _scan(
    step: Callable[..., Any], start: Any, entries: Any, length: Any, reverse: bool, mask: Any
) -> ScanResult:
    arguments, by_name = arguments_of(step, start, entries)
    loop = Loop(arguments, length, bool(reverse))
    with running(loop.places):
        returned = loop.call(step, by_name)
    news, outputs = split(returned, start)
    loop.nexts = [as_node(one, "scan: new state") for one in leaves(news)]
    loop.outputs = [as_node(one, "scan: output") for one in leaves(outputs)]
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
