"""Softmax as one step of a derivation: its Jacobian, not the way through its log-sum-exp.

The graph computes softmax(z) as exp(z - logsumexp(z)), so that a sweep reaches z by two paths. A
textbook knows one rule: the derivative by z is s ⊙ (g - Σ(g ⊙ s)).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import sympy

from symgraph.node import Node
from symgraph.ops import Map, Reduce, Reshape
from symgraph.ops.let import bare
from symgraph.ops.map import add_up
from symgraph.scalar import slot

__all__ = ["Edge", "Softmax", "softmaxes"]

Edge = tuple[Node, int]


class Softmax(NamedTuple):
    """softmax(z), or log softmax(z): `head` is computed from `operand` by way of `inner` nodes."""

    rule: str
    head: Node
    operand: Node
    to_sum: tuple[Edge, ...]
    to_log: tuple[Edge, ...]

    @property
    def edges(self) -> tuple[Edge, ...]:
        """The edges that one step stands for, in the order of a sweep."""
        return (*self.to_sum, (self.to_log[0][0], 0), *self.to_log)

    @property
    def last(self) -> tuple[Edge, Edge]:
        """The two edges that reach the operand."""
        return (self.to_log[0][0], 0), self.to_log[-1]

    def pulled(self, ct: Node) -> Node:
        """The derivative by the operand from that by the head."""
        for node, k in self.to_sum:
            ct = _vjp(node, ct, k)
        direct = _vjp(self.to_log[0][0], ct, 0)
        for node, k in self.to_log:
            ct = _vjp(node, ct, k)
        both = add_up([direct, ct])
        assert both is not None
        return both


def _vjp(node: Node, ct: Node, k: int) -> Node:
    found = node.vjp(ct, k)
    assert found is not None
    return found


def softmaxes(
    contribution: Mapping[Edge, Node], users: Mapping[Node, Sequence[Node]], named: set[Node]
) -> list[Softmax]:
    """The softmaxes that a sweep went through; not those with an inner value under a name."""
    found: list[Softmax] = []
    for node, k in contribution:
        if k != 1 or not isinstance(node, Map) or node.template.expr != slot(0) - slot(1):
            continue
        to_log = _to_logarithm(node, users, named)
        if to_log is None or any(edge not in contribution for edge in ((node, 0), *to_log)):
            continue
        above = [user for user in users.get(node, []) if (user, 0) in contribution]
        lone = above[0] if len(above) == len(users.get(node, [])) == 1 else None
        operand = bare(node.args[0])
        raised = isinstance(lone, Map) and lone.template.expr == sympy.exp(slot(0))
        if raised and lone is not None and node not in named:
            found.append(Softmax("softmax", lone, operand, ((lone, 0),), to_log))
        else:
            found.append(Softmax("log-softmax", node, operand, (), to_log))
    return found


def _to_logarithm(
    node: Node, users: Mapping[Node, Sequence[Node]], named: set[Node]
) -> tuple[Edge, ...] | None:
    """The edges from z - logsumexp(z) by way of its second operand to z."""
    way: list[Edge] = [(node, 1)]
    at = node.args[1]
    if isinstance(at, Reshape):
        way.append((at, 0))
        at = at.args[0]
    if not isinstance(at, Reduce) or at.operation != "logsumexp":
        return None
    way.append((at, 0))
    inner = [one for one, _ in way[1:]]
    alone = all(len(users.get(one, [])) == 1 and one not in named for one in inner)
    return tuple(way) if alone and bare(at.args[0]) is bare(node.args[0]) else None
