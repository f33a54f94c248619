"""How the values of a graph and their local derivatives are called and written."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cached_property

from symgraph.expanded.results import result_name
from symgraph.loop_labels import loop_label
from symgraph.node import Node, substitute
from symgraph.notation.algebra import Algebra
from symgraph.notation.forward import Forward
from symgraph.notation.jacobian import BULLET, jacobian
from symgraph.notation.read import Reader
from symgraph.notation.sequences import Side
from symgraph.notation.tree import Formula, Name, rewritten
from symgraph.ops import Concat, Const, Fill, Final, Map, Scan, Trace
from symgraph.ops.body import local
from symgraph.ops.leaves import fill
from symgraph.vertices import Edge, Vertex

__all__ = ["Labels"]

#: An unnamed value with a longer formula is called f3, by its number.
SHORT = 10
#: What unnamed values are called with their numbers, the first that no name of the user uses.
LETTERS = "fuvqpzsabcdeghklmnrtwxy"


class Labels:
    """Names and formulas of the values of one graph, operands before users.

    What has a name goes by it, what is short is written out, and the others have numbers.
    """

    def __init__(self, forward: Forward, vertices: Sequence[Vertex]) -> None:
        self.forward = forward
        self._vertices = vertices
        self._arriving: dict[Node, Node] = {}
        self._bullets: dict[Node, Node] = {}
        self._references: dict[Node, Formula] = {}
        self._referred = 0
        self._results: set[Formula] = set()

    @cached_property
    def letter(self) -> str:
        """The letter of values without a name, f3; another where the user has names f or f_1."""
        taken = {re.sub(r"[_{}\d]+$", "", name) for name in self.forward.names.values()}
        return next((letter for letter in LETTERS if letter not in taken), "f")

    def reference(self, vertex: Vertex) -> Formula:
        """How the value is called in other formulas: its name, a short formula, or f3."""
        self._refer_to(vertex)
        return self._references[vertex.node]

    def definition(self, vertex: Vertex) -> Formula:
        """The value in terms of its operands."""
        self._refer_to(vertex)
        return self._literal.joined(vertex.node) or self._literal.meaning(vertex.node)

    def _refer_to(self, vertex: Vertex) -> None:
        """Settle the references of all values up to this one."""
        if vertex.node in self._references:
            return
        for one in self._vertices[self._referred : vertex.number]:
            name = self.forward.name(one.node)
            called = self._unnamed(one) if name is None else name
            self._references[one.node] = called
            for reader in (self._literal, self._tidy):
                reader.call_it(one.node, called)
        self._referred = max(self._referred, vertex.number)

    def _unnamed(self, vertex: Vertex) -> Formula:
        """What a value without a name is called: h_T after a loop, a short formula, or f3."""
        sort = self.forward.sort(vertex.node)
        result = result_name(vertex.node, sort)
        if result is not None and result not in self._results:
            self._results.add(result)
            return result
        numbered = Name(f"{self.letter}{vertex.index}", sort)
        if vertex.node.is_projection:
            return numbered
        formula = self._literal.joined(vertex.node) or self._literal.meaning(vertex.node)
        if isinstance(vertex.node, Concat) and not isinstance(formula, Side):
            return numbered  # its parts by their entries, each 0 outside, would read as a sum
        return formula if formula.size <= SHORT or not vertex.node.args else numbered

    @cached_property
    def _literal(self) -> Reader:
        return Reader(self.forward, Algebra(tidy=False), limit=None)

    @cached_property
    def _tidy(self) -> Reader:
        ranks = {BULLET: -1} | self.forward.ranks()
        return Reader(self.forward, Algebra(tidy=True, ranks=ranks), limit=None)

    def bullet(self, head: Vertex) -> Node:
        """The variable that stands for the derivative by an array."""
        if head.node not in self._bullets:
            made = self._bullets[head.node] = local(head.node, BULLET)
            self._tidy.call_it(made, Name(BULLET, self.forward.sort(head.node)))
        return self._bullets[head.node]

    def formula(self, edge: Edge) -> Formula | None:
        """The local derivative of an edge as a formula."""
        head = edge.head.node
        if isinstance(head, Scan):
            return loop_label(head, edge.operand) if edge.live else None
        if isinstance(head, (Trace, Final)):
            return Name(BULLET, self.forward.sort(head)) if edge.live else None
        derivative = self.derivative(edge)
        if derivative is None:
            return None
        self._refer_to(edge.head)
        return self._laid(self._tidy.read(derivative), edge.tail.node)

    def factor(self, edge: Edge) -> Formula | None:
        """The local derivative of an edge as what multiplies on a path; None for no such form."""
        formula = None if edge.head.node.is_loop else self.formula(edge)
        return (
            formula
            if formula is None or not edge.head.shape
            else self.as_factor(formula, edge.head)
        )

    def as_factor(self, formula: Formula, head: Vertex) -> Formula | None:
        """The Jacobian of which a formula in • is the map, in its short form.

        The value that is differentiated goes by its name, if it has one.
        """
        found = jacobian(formula, self._tidy.algebra)
        meaning = self.definition(head)
        if found is None or head.name is None or not meaning.parts:
            return found
        name = self.reference(head)
        return rewritten(found, lambda one: name if one == meaning else None)

    def derivative(self, edge: Edge) -> Node | None:
        """The vector-Jacobian product of an edge, for 1 or for •."""
        node, k = edge.head.node, edge.operand
        if isinstance(node, (Scan, Trace, Final)) or not _may_have_derivative(edge):
            return None
        ct = self.bullet(edge.head) if node.shape else fill(1, (), "real")
        found = _local_derivative(node, ct, k)
        if found is None and edge.live:
            return fill(0, edge.tail.shape, "real")
        return found

    def arriving(self, head: Vertex, called: Formula | None = None) -> Node:
        """The variable that stands for the derivative by a value: g_i, as tables have it.

        The first call may give another name.
        """
        if head.node not in self._arriving:
            number = f"g{head.index}"
            place = self._arriving[head.node] = local(head.node, number)
            self._tidy.call_it(place, called or Name(number, self.forward.sort(head.node)))
        return self._arriving[head.node]

    def passed_on(self, edge: Edge, arriving: Node) -> Node | None:
        """What an edge hands on of a derivative that arrives at its head; None where nothing."""
        node = edge.head.node
        if isinstance(node, (Scan, Trace, Final)):
            return None
        return _local_derivative(node, arriving, edge.operand)

    def read(self, derivative: Node, by: Node) -> Formula:
        """A derivative by a value as a formula in the named values: a row by a row."""
        self._refer_to(self._vertices[-1])
        return self._laid(self._tidy.read(derivative), by)

    def _laid(self, derivative: Formula, by: Node) -> Formula:
        """A derivative by a vector as a column or a row, whichever the vector is."""
        sort = self.forward.sort(by)
        return derivative if by.ndim != 1 else self._tidy.algebra.turned(derivative, sort)


def _may_have_derivative(edge: Edge) -> bool:
    """Live edges, and edges to a constant: 1 and 0 in max(1 - margin, 0) have their labels too."""
    if edge.live:
        return True
    head, tail = edge.head.node, edge.tail.node
    return isinstance(tail, (Fill, Const)) and isinstance(head, Map) and head.kind == "real"


def _local_derivative(node: Node, ct: Node, k: int) -> Node | None:
    """The VJP; a whole number as operand is taken for a real one."""
    arg = node.args[k]
    if arg.kind == "real":
        return node.vjp(ct, k)
    place = local(fill(0, arg.shape, "real"), "constant")
    twin = type(node).rebuild(node.params, (*node.args[:k], place, *node.args[k + 1 :]))
    found = twin.vjp(ct, k)
    return None if found is None else substitute([found], {place: arg, twin: node})[0]
