"""Updates of states that belong to a value: a model that uses the value makes them by itself."""

from __future__ import annotations

import weakref
from collections.abc import Iterable, Mapping

from symgraph.node import Node
from symgraph.walks import topological

__all__ = ["updates_in", "with_updates"]

# Nodes are the same object wherever they are built again, so that a net built twice has one entry.
_updates: weakref.WeakKeyDictionary[Node, dict[Node, Node]] = weakref.WeakKeyDictionary()


def with_updates(value: Node, updates: Mapping[Node, Node]) -> Node:
    """The value itself, known from now on to come with new values of some states."""
    if updates:
        _updates[value] = dict(updates)
    return value


def updates_in(roots: Iterable[Node]) -> dict[Node, Node]:
    """The updates of all values that the roots are made of."""
    found: dict[Node, Node] = {}
    for node in topological(roots):
        found |= _updates.get(node, {})
    return found
