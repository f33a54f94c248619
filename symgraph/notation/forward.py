"""What the user wrote: the names of an expression, its order, which vectors are rows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from typing import Any

import sympy

from symgraph.node import Node
from symgraph.notation.blocks import Division, Divisions
from symgraph.notation.decimals import as_written
from symgraph.notation.letters import Letters
from symgraph.notation.orientation import Layout, orientations
from symgraph.notation.tree import (
    Formula,
    Name,
    Number,
    Real,
    Sort,
    Symbolic,
)
from symgraph.ops import (
    Fill,
    Let,
    Map,
    Pull,
    Var,
)
from symgraph.ops.let import bare
from symgraph.scalar import elu
from symgraph.walks import depth_first, topological

__all__ = ["Forward", "fresh", "number"]


def number(value: Any) -> Formula:
    """A number or a size expression."""
    if isinstance(value, (bool, int)):
        return Number(int(value))
    if isinstance(value, float):
        return Number(_plain(value))
    expr = sympy.sympify(value)
    if expr.is_Integer:
        return Number(int(expr))
    if expr.is_Rational:
        return Number(Fraction(int(expr.p), int(expr.q)))
    if expr.is_Float:
        return Number(_plain(float(expr)))
    return Symbolic(expr)


def _plain(value: float) -> Real:
    """1/3 for 0.3333333333333333, which nobody wrote; decimals stay as they are."""
    if abs(value) < 100:
        found = Fraction(value).limit_denominator(12)
        endless = found.denominator % 3 == 0 or found.denominator in (7, 11)
        if endless and abs(float(found) - value) <= 4e-16 * abs(value):
            return found
    return as_written(value)


class Forward:
    """What the user wrote: names, which vectors are rows, and which nodes compute which function.

    Shared by all readers of one expression. `letters` are the indices of some nodes. `in_parts`:
    whether matrices may be divided as the joined vectors that they multiply.
    """

    def __init__(
        self,
        roots: Sequence[Node],
        layout: Layout | None = None,
        letters: Mapping[Node, str] | None = None,
        in_parts: bool = True,
    ) -> None:
        self._roots = tuple(roots)
        self.order = topological(roots)
        self._nodes = set(self.order)
        self.sorts = orientations(self.order, layout)
        #: A Map by its formula and its operands without names.
        self.maps: dict[tuple[Any, ...], Node] = {}
        #: By its operand, a value of elu: its slope is written with it.
        self.elus: dict[Node, Map] = {}
        self.names: dict[Node, str] = {}
        self.lets: list[Let] = []
        taken: set[str] = set()
        for node in self.order:
            if isinstance(node, Map):
                self.maps.setdefault((node.template.expr, *map(bare, node.args)), node)
                if isinstance(node.template.expr, elu) and len(node.args) == 1:
                    self.elus.setdefault(bare(node.args[0]), node)
            elif isinstance(node, Var):
                self.names[node] = node.name
                taken.add(node.name)
            elif isinstance(node, Let) and node.let_name and not node.stops:
                self._name(node, taken)
        self.taken = taken
        self.letters = Letters(self.order, taken, letters)
        self._divisions = Divisions(self.order if in_parts else (), self.names)
        #: The matrices that are written in parts, W = [W_h, W_x].
        self.divided: list[Division] = []

    def __contains__(self, node: object) -> bool:
        return node in self._nodes

    def _name(self, node: Let, taken: set[str]) -> None:
        name = str(node.let_name)
        if name in taken:  # two different values of one name: the later is told apart by a prime
            name = fresh(name + "′", taken)
        taken.add(name)
        self.names[node] = name
        self.lets.append(node)
        inner = node.args[0]
        if not isinstance(inner, (Let, Fill)):
            self.names.setdefault(inner, name)

    def part(self, node: Pull) -> Node | None:
        """A part of a product as the product with a part of its matrix, which gets a name."""
        found = self._divisions.part(node)
        if found is None:
            return None
        for one in found[1]:
            if one not in self.divided:
                self.divided.append(one)
                self._name_parts(one)
        return found[0]

    def _name_parts(self, division: Division) -> None:
        stem = self.names[division.whole]
        stem += "" if "_" in stem else "_"
        for part, label in zip(division.parts, division.labels, strict=True):
            text = fresh(stem + label, self.taken)
            self.taken.add(text)
            self.names[part] = text

    def sort(self, node: Node) -> Sort:
        """The sort of a node's value when it stands under a name; a single entry is a number."""
        if all(size == 1 for size in node.shape):
            return "scalar"
        if node.ndim == 1:
            return self.sorts.get(node, "column")
        if node.ndim == 2 and 1 in node.shape:
            return "column" if node.shape[1] == 1 else "row"
        ranks: tuple[Sort, ...] = ("scalar", "column", "matrix")
        return ranks[node.ndim] if node.ndim < 3 else "tensor"

    def name(self, node: Node) -> Name | None:
        """The name of a node, if it has one."""
        text = self.names.get(node)
        return None if text is None else Name(text, self.sort(node))

    def ranks(self) -> dict[str, int]:
        """The place of each name in the formula as the user wrote it, from left to right.

        A value stands before what it is made of, and what is used several times at its last place:
        2 residual w₁ h₁ (1 - h₁) φ(x) although φ(x) is in h₂, too.
        """
        places: dict[str, int] = {}
        mirrored = depth_first(self._roots[::-1], lambda node: node.args[::-1])
        for place, node in enumerate(reversed(mirrored)):
            name = self.names.get(node)
            if name is not None:
                places.setdefault(name, place)
        return places


def fresh(name: str, taken: Iterable[str]) -> str:
    """The name, with primes while it is taken."""
    used = set(taken)
    while name in used:
        name += "′"
    return name
