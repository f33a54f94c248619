"""Let: an identity that carries the user's name; derivations and pictures stop at it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import sympy

from symgraph.node import Node, intern
from symgraph.printing import Format, Piece
from symgraph.shapes import Dim

__all__ = ["Let", "bare", "is_naming", "let_node"]


class Let(Node):
    """The value of its operand under a name: `params` = (name, stops).

    With `stops` no gradient passes (the name may then be empty).
    """

    __slots__ = ()

    @property
    def let_name(self) -> str | None:
        """The name, None when this only stops gradients."""
        return self.params[0] or None

    @property
    def stops(self) -> bool:
        """Whether gradients end here."""
        stops: bool = self.params[1]
        return stops

    def evaluate(self, dims: Mapping[sympy.Symbol, int], *xs: Any) -> Any:
        return xs[0]

    def entry(self, index: Sequence[Any], read: Callable[[int, Sequence[Any]], Any]) -> Any:
        return read(0, index)

    def vjp(self, ct: Node, k: int) -> Node | None:
        return None if self.stops else ct

    def jvp(self, tangents: Sequence[Node | None]) -> Node | None:
        return None if self.stops else tangents[0]

    def batch(self, args: Sequence[Node], flags: Sequence[bool], size: Dim) -> Node:
        return let_node(self.params[0], args[0], self.stops)

    def form(self, fmt: Format, xs: Sequence[Piece]) -> Piece:
        return fmt.call("stop_gradient", xs) if self.stops else xs[0]

    @classmethod
    def rebuild(cls, params: tuple[Any, ...], args: tuple[Node, ...]) -> Node:
        return let_node(params[0], args[0], params[1])


def let_node(name: str, x: Node, stops: bool = False) -> Node:
    """x under a name."""
    return intern(Let, (x,), (name, stops), x.shape, x.kind)


def is_naming(node: Node) -> bool:
    """Whether a node only gives a name to a value."""
    return isinstance(node, Let) and not node.stops


def bare(node: Node) -> Node:
    """The node without the names that the user gave it."""
    while isinstance(node, Let) and not node.stops:
        node = node.args[0]
    return node
