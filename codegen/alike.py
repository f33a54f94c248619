"""Updates that are alike become one, of all their arrays behind each other.

An optimizer changes every parameter by the same few operations. For small parameters these cost
more in calls than in work; done for one vector, into which gradients are copied and from which the
new values are, they are called once. Variables are put behind each other as they are, since a
target may have them so in memory. A pass for targets that pay for every call.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from symgraph.codegen.passes import Rewritten, everything, rebuilt
from symgraph.node import Node
from symgraph.ops.concat import concat_node
from symgraph.ops.leaves import Var
from symgraph.ops.map import Map
from symgraph.ops.move import pull
from symgraph.ops.reshape import reshape_node
from symgraph.ops.rows import Affine
from symgraph.shapes import product

__all__ = ["join_alike_updates"]

#: Entries of an array above which copying them costs more than calls for it alone.
SMALL = 1 << 13


@dataclass(frozen=True)
class _Update:
    """Operations on arrays of one shape that lead to new values, operands first.

    `roots` are the new values with their variables, `leaves` the arrays that are read; `form` is
    the same for updates that are alike.
    """

    steps: list[Node]
    roots: list[tuple[Var, Node]]
    leaves: list[Node]
    form: tuple[Any, ...]


def join_alike_updates(outputs: Sequence[Node], updates: Mapping[Var, Node]) -> Rewritten:
    """The roots, outputs first, with new values cut out of those of all alike ones."""
    found: dict[tuple[Any, ...], list[_Update]] = {}
    for update in _updates(outputs, updates):
        found.setdefault(update.form, []).append(update)
    news = dict(updates)
    for alike in found.values():
        if len(alike) > 1:
            news.update(_joined(alike))
    order = everything([*outputs, *updates.values()])
    return Rewritten([*outputs, *news.values()], dict(zip(order, order, strict=True)))


def _joined(alike: Sequence[_Update]) -> Iterator[tuple[Var, Node]]:
    """The new values of alike updates."""
    first = alike[0]
    early = _first_steps(first)
    image: dict[Node, Node] = {}
    for k, leaf in enumerate(first.leaves):
        pieces = [_flat(update.leaves[k]) for update in alike]
        step = None if _are_variables([update.leaves[k] for update in alike]) else early.get(leaf)
        if step is None:
            image[leaf] = concat_node(pieces, 0)
        else:
            given = [tuple([x if arg is leaf else arg for arg in step._args]) for x in pieces]
            image[step] = concat_node([rebuilt(step, args) for args in given], 0)
    for node in first.steps:
        if node not in image:
            image[node] = rebuilt(node, tuple([image.get(arg, arg) for arg in node._args]))
    for k, (_, root) in enumerate(first.roots):
        start = 0
        for update in alike:
            variable, _ = update.roots[k]
            yield variable, _cut(image[root], start, variable)
            start += _size(variable)


def _are_variables(nodes: Sequence[Node]) -> bool:
    """Whether these are variables, which lie behind each other in memory if they are put there."""
    return len({*nodes}) == len(nodes) and all(isinstance(node, Var) for node in nodes)


def _first_steps(update: _Update) -> dict[Node, Node]:
    """Arrays that one operation alone reads, which has no other, with that operation.

    It is done while they are put behind each other.
    """
    readers: dict[Node, list[Node]] = {}
    for node in update.steps:
        for arg in node._args:
            readers.setdefault(arg, []).append(node)
    roots = {root for _, root in update.roots}
    found: dict[Node, Node] = {}
    for leaf in update.leaves:
        read = readers[leaf]
        if len(read) == 1 and read[0] not in roots:
            others = [arg for arg in read[0]._args if arg is not leaf]
            if all(arg.shape == () for arg in others):
                found[leaf] = read[0]
    return found


def _cut(vector: Node, start: int, like: Var) -> Node:
    """The piece of a vector that belongs to a variable, in its shape."""
    piece = pull(vector, [Affine(start, ((0, 1),))], (_size(like),))
    return reshape_node(piece, like.shape)


def _flat(node: Node) -> Node:
    return reshape_node(node, (_size(node),))


def _size(node: Node) -> int:
    return int(product(node.shape))


# --- finding -------------------------------------------------------------------------------------


def _updates(outputs: Sequence[Node], updates: Mapping[Var, Node]) -> Iterator[_Update]:
    """What leads to new values alone, apart for each set of operations on the same arrays.

    They come in the order of the updated variables.
    """
    of = _components(_steps_of(outputs, updates))
    groups: dict[int, list[tuple[Var, Node]]] = {}
    for variable, node in updates.items():
        if node in of:
            groups.setdefault(id(of[node]), []).append((variable, node))
    for roots in groups.values():
        group = of[roots[0][1]]
        if len({node for _, node in roots}) == len(roots) and _fits(group):
            yield _Form(group, roots).update()


def _steps_of(outputs: Sequence[Node], updates: Mapping[Var, Node]) -> list[Node]:
    """Operations on small real arrays that only new values need, operands first."""
    readers: dict[Node, list[Node]] = {}
    order = everything([*outputs, *updates.values()])
    for node in order:
        for arg in node._args:
            readers.setdefault(arg, []).append(node)
    kept, news = set(outputs), set(updates.values())
    found: set[Node] = set()
    for node in reversed(order):
        wanted = node in news or node in readers
        free = wanted and node not in kept and all(one in found for one in readers.get(node, ()))
        if free and type(node) is Map and node.kind == "real" and _is_small(node):
            found.add(node)
    return [node for node in order if node in found]


def _is_small(node: Node) -> bool:
    size = product(node.shape)
    return node.ndim > 0 and isinstance(size, int) and 0 < size <= SMALL


def _components(steps: Sequence[Node]) -> dict[Node, set[Node]]:
    """For each step all that it is connected with."""
    of: dict[Node, set[Node]] = {}
    for node in steps:
        of[node] = {node}
        for arg in node._args:
            if arg in of and of[arg] is not of[node]:
                small, large = sorted((of[arg], of[node]), key=len)
                large |= small
                of.update(dict.fromkeys(small, large))
    return of


def _fits(group: Collection[Node]) -> bool:
    """Whether all is done entry by entry on arrays of one shape and numbers."""
    shape = next(iter(group)).shape
    return all(
        node.shape == shape and all(arg in group or arg.shape in ((), shape) for arg in node._args)
        for node in group
    )


class _Form:
    """How an update is made, said without its arrays."""

    def __init__(self, group: set[Node], roots: Sequence[tuple[Var, Node]]) -> None:
        self.inside, self.roots = group, list(roots)
        self.numbers: dict[Node, int] = {}  # of steps and leaves, in the order of the walk
        self.leaves: list[Node] = []
        self.steps: list[Node] = []

    def update(self) -> _Update:
        """The update, its leaves and roots in the order in which the walk meets them."""
        form: list[Any] = []
        for _, root in self.roots:
            form.append(self._walk(root, form))
        places = [self.numbers.get(variable, -1) for variable, _ in self.roots]
        kinds = [leaf.kind for leaf in self.leaves]
        return _Update(self.steps, self.roots, self.leaves, (*form, *places, *kinds))

    def _walk(self, root: Node, form: list[Any]) -> int:
        """What a new value is made of, operands first; its number."""
        stack = [root]
        while stack:
            node = stack[-1]
            missing = [arg for arg in node._args if self._is_new(arg)] if self._is_new(node) else []
            if node in self.inside and missing:
                stack.extend(reversed(missing))
                continue
            stack.pop()
            if not self._is_new(node):
                continue
            if node in self.inside:
                operands = tuple(self.numbers.get(arg, arg) for arg in node._args)
                form.append((node.params, operands))
                self.steps.append(node)
            else:
                self.leaves.append(node)
            self.numbers[node] = len(self.numbers)
        return self.numbers[root]

    def _is_new(self, node: Node) -> bool:
        """Whether the walk has yet to meet an array."""
        return node.shape != () and node not in self.numbers
