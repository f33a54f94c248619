"""The vertices and edges of a labelled graph: a value, and one operand of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from symgraph.node import Node
from symgraph.node_signs import Role, sign_of
from symgraph.notation.tree import Formula
from symgraph.notation.write import write
from symgraph.printing import Style
from symgraph.shapes import Shape

if TYPE_CHECKING:
    from symgraph.graph import Graph

__all__ = ["Edge", "Vertex"]


class Vertex:
    """One value of the graph, drawn once (a leaf of a tree: once a use).

    `number` counts in the order of evaluation, from 1; `node` is the expression without its names.
    """

    __slots__ = ("_graph", "copy", "node", "number", "role")

    def __init__(self, graph: Graph, node: Node, number: int, role: Role, copy: int = 0) -> None:
        self._graph = graph
        self.node = node
        self.number = number
        self.role: Role = role
        self.copy = copy

    @property
    def id(self) -> str:
        """A name that is unique in the graph and the same in every run."""
        return f"n{self.number}" + (f"_{self.copy}" if self.copy else "")

    @property
    def name(self) -> str | None:
        """The name that the user gave: of a variable, or of a value."""
        return self._graph.forward.names.get(self.node)

    @property
    def index(self) -> int:
        """The number under which the value goes in formulas and tables: f3, g3."""
        return self._graph.index(self)

    @property
    def numbered(self) -> str:
        """What the value is called without a name: f3."""
        return f"{self._graph.labels.letter}{self.index}"

    @property
    def reference(self) -> Formula:
        """How other formulas call the value."""
        return self._graph.labels.reference(self)

    @property
    def shape(self) -> Shape:
        """The sizes of the value."""
        return self.node.shape

    @property
    def op(self) -> str:
        """What computes the value, as one sign: +, ·, max, σ."""
        return sign_of(self.node)

    @property
    def formula(self) -> Formula:
        """The value in terms of its operands."""
        return self._graph.labels.definition(self)

    @property
    def operands(self) -> tuple[Vertex, ...]:
        """The values that it is made of, in order."""
        return tuple(edge.tail for edge in self._graph.links(self.node))

    def label(self, style: Style = "unicode") -> str:
        """What to write into the vertex: its name, else its formula."""
        return write(self._graph.labels.reference(self), style)

    def __repr__(self) -> str:
        return f"<{self.id}: {self.label()}>"


class Edge:
    """From a value (`head`) to one of the operands it is made of (`tail`, number `operand`)."""

    __slots__ = ("_graph", "head", "live", "operand", "tail")

    def __init__(self, graph: Graph, head: Vertex, tail: Vertex, operand: int, live: bool) -> None:
        self._graph = graph
        self.head = head
        self.tail = tail
        self.operand = operand
        #: Whether a derivative flows here.
        self.live = live

    def label(self, style: Style = "unicode") -> str | None:
        """The local derivative, written out.

        From a number it is the derivative of head by tail; from an array it is the map that takes
        the derivative by the head, written •, to its share in the derivative by the tail; from a
        loop what one step hands on, • being the derivative by its state at time t. None where
        there is no derivative.
        """
        formula = self.formula
        return None if formula is None else write(formula, style)

    @property
    def formula(self) -> Formula | None:
        """The label as a formula."""
        return self._graph.labels.formula(self)

    @property
    def factor(self) -> Formula | None:
        """The label as what multiplies on a path: of • ⊙ f the f, of Wᵀ • the W, of • xᵀ the xᵀ.

        It is the Jacobian in its short form, where f stands for diag(f). None where there is none.
        """
        return self._graph.labels.factor(self)

    @property
    def derivative(self) -> Node | None:
        """The local derivative as a node; for an array as head a map of `placeholder`."""
        return self._graph.labels.derivative(self)

    @property
    def placeholder(self) -> Node | None:
        """The variable • in `derivative`; None where the head is a number."""
        return self._graph.labels.bullet(self.head) if self.head.shape else None

    def partial(
        self, values: Mapping[Any, Any], out_index: Sequence[int] = (), in_index: Sequence[int] = ()
    ) -> float:
        """The derivative of one entry of the head by one entry of the tail, a number.

        Raises RangeError for an index outside.

        >>> import symgraph as sg
        >>> x = sg.input("x", 2)
        >>> edge = sg.graph(sg.tanh(x)).edges[0]
        >>> edge.partial({"x": [0.0, 1.0]}, (0,), (0,)), edge.partial({"x": [0.0, 1.0]}, (0,), (1,))
        (1.0, 0.0)
        """
        return self._graph.edge_partial(self, values, tuple(out_index), tuple(in_index))

    def __repr__(self) -> str:
        return f"<{self.head.label()} → {self.tail.label()}: {self.label()}>"
