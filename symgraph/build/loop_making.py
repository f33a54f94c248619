"""A loop in the making: local variables, what the step makes of them, and the node in the end."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

import numpy as np

from symgraph.answers import answering
from symgraph.build.conditions import not_equal, where
from symgraph.build.step_form import Argument, leaves, like, names_in, shapes_of
from symgraph.errors import KindError, ShapeError, UnknownNameError
from symgraph.node import Kind, Node, promote
from symgraph.ops.body import Pair, Renaming, local
from symgraph.ops.einsum import einsum_node
from symgraph.ops.leaves import Const, Fill, Iota, Var, constant, fill
from symgraph.ops.let import Let
from symgraph.ops.loop import final, scan_and_traces
from symgraph.ops.sweep import above
from symgraph.shapes import Dim, as_dim, same_dim, same_shape, shape_text
from symgraph.walks import depth_first

__all__ = ["Loop", "ScanResult", "is_literal", "of_kind", "running"]


@answering
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
        shapes = [f"{name}={shapes_of(tree)}" for name, tree in named.items() if tree is not None]
        return f"ScanResult({', '.join(shapes)})"


#: The local variables of the loops whose step is running, outermost first.
_running: ContextVar[tuple[Node, ...]] = ContextVar("running", default=())


@contextmanager
def running(places: Sequence[Node]) -> Iterator[None]:
    """While the step of a loop runs its local variables may be used."""
    token = _running.set((*_running.get(), *places))
    try:
        yield
    finally:
        _running.reset(token)


class Loop:
    """A loop in the making."""

    def __init__(self, arguments: list[Argument], length: Any, reverse: bool) -> None:
        self.states: list[Pair] = []
        self.sequences: list[Pair] = []
        self.nexts: list[Node] = []
        self.outputs: list[Node] = []
        self.reverse = reverse
        self._arguments = arguments
        titles = [name for one in arguments for name in names_in(one) if one.group == "sequence"]
        entries = [leaf for one in arguments for leaf in leaves(one.tree) if one.group != "state"]
        self.length = _length(titles, entries, length)
        self._trees = [self._place(one) for one in arguments]

    def _place(self, argument: Argument) -> Any:
        """Local variables in the form of an argument."""
        is_state = argument.group == "state"
        pairs = self.states if is_state else self.sequences
        made: list[Node] = []
        for name, operand in zip(names_in(argument), leaves(argument.tree), strict=True):
            made.append(local(operand, name, 0 if is_state else 1))
            pairs.append((made[-1], operand))
        return like(argument.tree, iter(made))

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
                place: of_kind(place, following.kind)
                for (place, operand), following in zip(self.states, self.nexts, strict=True)
                if promote(place.kind, following.kind) != place.kind and is_literal(operand)
            }
            if not rule:
                return
            self.states = [
                (rule[place], of_kind(operand, rule[place].kind)) if place in rule
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
            final=like(states, iter([final(node, k) for k in range(len(self.nexts))])),
            states=like(states, over_time),
            before=like(states, over_time),
            outputs=like(outputs, over_time),
            length=self.length,
            loop=node,
        )


def _first_outside(roots: Sequence[Node], inside: set[Node]) -> list[Node]:
    """The nodes at which a walk from the roots, from left to right, leaves what is inside."""
    order = depth_first(roots, lambda node: node.args if node in inside else ())
    return [node for node in order if node not in inside]


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


def is_literal(node: Node) -> bool:
    """Whether a start value is a number or array that was written down."""
    return isinstance(node, (Fill, Const))


def of_kind(node: Node, kind: Kind) -> Node:
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
    open_places = set(_running.get())
    found = [n for n in above(operands, _closed) if isinstance(n, Var) and n.role == "local"]
    for node in found:
        if node not in open_places:
            raise UnknownNameError(
                f"scan: {node.name!r} belongs to the inside of another loop and has no value "
                "outside of it. Return it there as an output, and use result.outputs."
            )
    if not found:
        _closed.update(operands)
