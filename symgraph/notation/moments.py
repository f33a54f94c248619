"""Nodes of one moment: a recurrence as the graph of its step at a general time t.

What is carried from one time to the next is cut: `Previous` is the value a step earlier, and its
cotangent is the share of the next step. The pairs `Each` and `Total`, `Point` and `Pulse` are
adjoint to one another, so that a reverse sweep through such a graph is the reverse sweep through
time, written for one t.
"""

from __future__ import annotations

from typing import Literal

from symgraph.node import Node, intern
from symgraph.ops.leaves import Fill
from symgraph.ops.let import Let

__all__ = ["Each", "End", "Point", "Previous", "Pulse", "Total", "each", "point", "total_over"]

#: The first or the last time of a sequence.
End = Literal["first", "last"]


class Each(Let, primitive=False):
    """A value that is the same at every time: `params` = ("", False, letter)."""

    __slots__ = ()

    def vjp(self, ct: Node, k: int) -> Node | None:
        return total_over(self.params[2], ct)

    @classmethod
    def rebuild(cls, params: tuple[object, ...], args: tuple[Node, ...]) -> Node:
        return each(args[0], str(params[2]))


class Total(Node, primitive=False):
    """The sum of a value over all times: `params` = (letter,)."""

    __slots__ = ()

    def vjp(self, ct: Node, k: int) -> Node | None:
        return each(ct, self.params[0])

    @classmethod
    def rebuild(cls, params: tuple[object, ...], args: tuple[Node, ...]) -> Node:
        return total_over(str(params[0]), args[0])


class Point(Node, primitive=False):
    """A value at the first or at the last time: `params` = (letter, end)."""

    __slots__ = ()

    @property
    def end(self) -> End:
        """Which time."""
        end: End = self.params[1]
        return end

    def vjp(self, ct: Node, k: int) -> Node | None:
        if isinstance(ct, Fill) and ct.value == 0:
            return None
        return intern(Pulse, (ct,), self.params, self.shape, self.kind)

    @classmethod
    def rebuild(cls, params: tuple[object, ...], args: tuple[Node, ...]) -> Node:
        return intern(Point, args, params, args[0].shape, args[0].kind)


class Pulse(Node, primitive=False):
    """A value at the first or at the last time, zero at all others: `params` as of `Point`."""

    __slots__ = ()

    @classmethod
    def rebuild(cls, params: tuple[object, ...], args: tuple[Node, ...]) -> Node:
        return intern(Pulse, args, params, args[0].shape, args[0].kind)


class Previous(Node, primitive=False):
    """A state one step earlier: operand = what it starts from, `params` = (letter, end, loop, k).

    `end` is the time of the first step of state `k` of the loop.
    """

    __slots__ = ()

    @property
    def end(self) -> End:
        """The time at which it is what the loop starts from."""
        end: End = self.params[1]
        return end

    def vjp(self, ct: Node, k: int) -> Node | None:
        return point(ct, self.params[0], self.end)

    @classmethod
    def rebuild(cls, params: tuple[object, ...], args: tuple[Node, ...]) -> Node:
        return intern(Previous, args, params, args[0].shape, "real")


def each(x: Node, letter: str) -> Node:
    """x at every time."""
    return x if isinstance(x, Fill) else intern(Each, (x,), ("", False, letter), x.shape, x.kind)


def total_over(letter: str, x: Node) -> Node:
    """The sum of x over all times."""
    return intern(Total, (x,), (letter,), x.shape, x.kind)


def point(x: Node, letter: str, end: End) -> Node:
    """x at the first or at the last time."""
    return intern(Point, (x,), (letter, end), x.shape, x.kind)
