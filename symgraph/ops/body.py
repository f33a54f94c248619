"""The body of a loop: a small graph of its own over local variables."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

from symgraph.node import Node
from symgraph.ops.leaves import var
from symgraph.ops.sweep import above
from symgraph.shapes import Shape
from symgraph.walks import topological

__all__ = [
    "Body",
    "Pair",
    "Renaming",
    "carried_by",
    "descendants",
    "local",
    "local_name",
    "read_by",
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


def local(like: Node, name: str, drop: int = 0, front: Shape = ()) -> Node:
    """A fresh local variable with the kind and shape of a node; other axes may be its first."""
    return var(name, (*front, *like.shape[drop:]), "local", like.kind, {"fresh": next(_fresh)})


def local_name(place: Node) -> str:
    """The name of a local variable."""
    return str(place.params[0])


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


def descendants(roots: Collection[Node], sources: Collection[Node]) -> set[Node]:
    """The nodes below the roots that depend on one of the sources."""
    found: set[Node] = set()
    for node in topological(roots):
        if node in sources or any(arg in found for arg in node.args):
            found.add(node)
    return found


def carried_by(
    body: Body, ends: set[Node], traced: Sequence[Node], wanted: set[Node]
) -> list[Node]:
    """The states whose cotangent is not zero and leads to a wanted local variable."""
    real = [state for state in body.states if state.kind == "real"]
    reads = {state: read_by(body.next_of(state)) for state in real}
    live = ends.union(*map(read_by, traced)).intersection(real)
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


def read_by(node: Node) -> set[Node]:
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
