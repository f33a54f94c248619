"""Walks over a graph, from its roots down. None of them recurses: graphs are 100 000 deep."""

from __future__ import annotations

import operator
from collections.abc import Callable, Container, Hashable, Iterable, Sequence
from typing import TYPE_CHECKING, TypeVar

from symgraph.errors import NameClashError
from symgraph.shapes import shape_text

if TYPE_CHECKING:
    from symgraph.node import Node

__all__ = [
    "by_name",
    "check_names",
    "dag_size",
    "depth_first",
    "reachable",
    "topological",
    "variables",
]

_V = TypeVar("_V", bound=Hashable)
_operands: Callable[[Node], tuple[Node, ...]] = operator.attrgetter("_args")


def reachable(roots: Iterable[Node]) -> set[Node]:
    """All nodes that the roots are made of, the roots included."""
    seen: set[Node] = set()
    stack = list(roots)
    while stack:
        node = stack.pop()
        if node in seen:
            continue
        seen.add(node)
        stack.extend(node._args)
    return seen


def depth_first(roots: Iterable[_V], below: Callable[[_V], Sequence[_V]]) -> list[_V]:
    """Everything that `below` leads to from the roots, what is below before what is above.

    From left to right: the order is a function of the graph. That of creation would not do: it also
    depends on which nodes an earlier expression, still in memory, has made.

    >>> depth_first("ab", {"a": "cd", "b": "c", "c": "", "d": "c"}.__getitem__)
    ['c', 'd', 'a', 'b']
    """
    order: dict[_V, None] = {}
    begun: set[_V] = set()
    stack = [*roots][::-1]
    while stack:
        node = stack.pop()
        if node in order:
            continue
        if node in begun:
            order[node] = None
            continue
        under = below(node)
        if under:
            begun.add(node)
            stack.append(node)
            stack += under[::-1]
        else:
            order[node] = None
    return list(order)


def topological(roots: Iterable[Node], ends: Container[Node] = ()) -> list[Node]:
    """Reachable nodes, operands before users; the walk stops before the `ends`, which are left out.

    The order is that of `depth_first`.
    """
    if not ends:
        return depth_first(roots, _operands)
    return depth_first(
        [root for root in roots if root not in ends],
        lambda node: [arg for arg in node._args if arg not in ends],
    )


def dag_size(*roots: Node) -> tuple[int, int]:
    """The number of nodes and of edges (operand uses)."""
    nodes = reachable(roots)
    return len(nodes), sum(len(node._args) for node in nodes)


def variables(roots: Iterable[Node]) -> list[Node]:
    """The named variables that the roots depend on, as they first appear from left to right.

    The order of creation would not do: it also depends on which of them an earlier expression,
    still in memory, has made.
    """
    found = []
    seen: set[Node] = set()
    stack = list(roots)[::-1]
    while stack:
        node = stack.pop()
        if node in seen:
            continue
        seen.add(node)
        if node.is_variable:
            found.append(node)
        stack.extend(node._args[::-1])
    return found


def check_names(roots: Iterable[Node]) -> dict[str, Node]:
    """The variables of the roots by name.

    Raises NameClashError when one name stands for two different variables.
    """
    return by_name(variables(roots))


def by_name(variables: Iterable[Node]) -> dict[str, Node]:
    """The variables by name; raises NameClashError as `check_names`."""
    named: dict[str, Node] = {}
    for node in variables:
        name: str = node.params[0]
        if node.params[2] == "local":
            continue  # inside of a loop a name may stand for something else
        other = named.setdefault(name, node)
        if other is not node:
            raise NameClashError(
                f"variable {name!r}: one has shape {shape_text(other.shape)}, {other.params[2]}, "
                f"another {shape_text(node.shape)}, {node.params[2]}, or they differ in their "
                "options. Give each its own name, or make the variable once and use it twice."
            )
    return named
