"""The labelled graph of an expression: vertices, edges with their local derivatives, paths, values.

A value that the user named is one vertex with its name; there is no vertex for the naming itself.
The label of an edge is printed from the vector-Jacobian product of the head, and from nothing else.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np
import sympy
from numpy.typing import NDArray

from symgraph.answers import answering
from symgraph.build.coerce import as_node
from symgraph.build.unroll import unroll
from symgraph.errors import GradientError, RangeError, UnknownNameError, UnsupportedError
from symgraph.evaluate import bind_values, by_name, evaluate_above
from symgraph.expanded.products import Language, Path, Paths
from symgraph.expanded.rows import rows_of
from symgraph.expanded.search import along_path, largest_paths
from symgraph.expanded.table import Table
from symgraph.flow import Values
from symgraph.grad import adjoints
from symgraph.labels import Labels
from symgraph.node import Node
from symgraph.node_signs import role_of
from symgraph.notation.forward import Forward
from symgraph.ops import Let, Scan
from symgraph.ops.let import bare, is_naming
from symgraph.ops.sweep import dependents
from symgraph.paths import count_paths
from symgraph.printing import Style
from symgraph.rounding import checked_digits
from symgraph.shapes import bind_shape, shape_text
from symgraph.vertices import Edge, Vertex
from symgraph.walks import check_names

__all__ = ["Graph", "graph"]

Array = NDArray[Any]

#: The largest graph that is handed on whole without being asked.
LIMIT = 5000
#: Who draws a graph for a notebook; drawing stands above graphs and is loaded when it is wanted.
PICTURE = "symgraph.draw.drawing:draw"


def graph(expr: Any, wrt: Any = None, *, tree: bool = False) -> Graph:
    """The labelled graph of an expression, or of several.

    `wrt` (a node, a name, or several) limits the derivatives to these; by default they flow to
    every real leaf. With `tree` a leaf is drawn once for every use, as on a blackboard.
    Raises UnknownNameError for a name that does not occur.

    >>> import symgraph as sg
    >>> w, x = sg.parameter("w"), sg.input("x")
    >>> print(sg.graph(sg.let("y", sg.sin(w * x))))
    y → w x: cos(w x)
    w x → w: x
    w x → x: w
    """
    given = expr if isinstance(expr, (list, tuple)) else [expr]
    return Graph([as_node(one, "graph") for one in given], wrt, tree)


@answering
class Graph:
    """Vertices in the order of evaluation and edges with labels; made by `sg.graph`."""

    def __init__(
        self, roots: Sequence[Node], wrt: Any = None, tree: bool = False, from_root: bool = False
    ) -> None:
        self.roots = tuple(roots)
        self.wrt = wrt
        #: Whether the values are numbered from the root, which is then number 0.
        self.from_root = from_root
        check_names(roots)
        self.forward = Forward(roots)
        sources = None if wrt is None else {self._resolve(one) for one in _listed(wrt)}
        active = dependents(self.forward.order, sources)
        tops = {bare(root) for root in roots}
        self._vertices: dict[Node, Vertex] = {}
        for node in self.forward.order:
            if not is_naming(node):
                role = "root" if node in tops and node.args else role_of(node)
                self._vertices[node] = Vertex(self, node, len(self._vertices) + 1, role)
        self._links: dict[Node, list[Edge]] = {
            node: [
                Edge(self, vertex, self._vertices[bare(arg)], k, _is_live(node, arg, active))
                for k, arg in enumerate(node.args)
            ]
            for node, vertex in self._vertices.items()
        }
        self._users: dict[Node, list[Edge]] = {}
        for edge in self.live_edges():
            self._users.setdefault(edge.tail.node, []).append(edge)
        #: Whether a leaf is drawn once for every use.
        self.is_tree = tree
        #: How its values and derivatives are written.
        self.labels = Labels(self.forward, tuple(self._vertices.values()))

    # --- what there is ------------------------------------------------------------------------

    @cached_property
    def _drawn(self) -> tuple[tuple[Vertex, ...], tuple[Edge, ...]]:
        """Vertices and edges as drawn: in a tree with a copy of a leaf for each use."""
        edges = [edge for links in self._links.values() for edge in links]
        if not self.is_tree:
            return tuple(self._vertices.values()), tuple(edges)
        vertices: list[Vertex] = [v for v in self._vertices.values() if v.node.args]
        uses: dict[Node, int] = {}
        drawn: list[Edge] = []
        for edge in edges:
            tail = edge.tail
            if not tail.node.args:
                uses[tail.node] = uses.get(tail.node, 0) + 1
                tail = Vertex(self, tail.node, tail.number, tail.role, uses[tail.node] - 1)
                vertices.append(tail)
            drawn.append(Edge(self, edge.head, tail, edge.operand, edge.live))
        alone = [v for v in self._vertices.values() if not v.node.args and v.node not in uses]
        order = sorted([*vertices, *alone], key=lambda v: (v.number, v.copy))
        return tuple(order), tuple(drawn)

    @property
    def nodes(self) -> tuple[Vertex, ...]:
        """All vertices, operands before users."""
        return self._drawn[0]

    @property
    def vertices(self) -> tuple[Vertex, ...]:
        """Every value once, operands before users."""
        return tuple(self._vertices.values())

    def index(self, vertex: Vertex) -> int:
        """The number of a vertex, counted as the graph counts."""
        return len(self._vertices) - vertex.number if self.from_root else vertex.number

    @property
    def edges(self) -> tuple[Edge, ...]:
        """All edges, by head and operand number."""
        return self._drawn[1]

    def vertex(self, key: Any) -> Vertex:
        """The vertex of a node, of a name, or of a plain SymPy symbol.

        Raises UnknownNameError when there is none.
        """
        return self._vertices[bare(self._resolve(key))]

    def _resolve(self, key: Any) -> Node:
        if isinstance(key, Vertex):
            key = key.node
        if isinstance(key, sympy.Symbol) and not isinstance(key, Node):
            key = key.name
        if isinstance(key, str):
            for node, name in self.forward.names.items():
                if name == key:
                    return node
            known = ", ".join(dict.fromkeys(self.forward.names.values()))
            raise UnknownNameError(f"graph: no value is called {key!r}; the names are {known}.")
        node = as_node(key, "graph")
        if node not in self.forward.sorts and node not in set(self.forward.order):
            raise UnknownNameError(
                f"graph: {node} does not occur in the expression. Give a node it is made of."
            )
        return node

    def __repr__(self) -> str:
        return f"Graph({len(self.nodes)} nodes, {len(self.edges)} edges)"

    def _repr_svg_(self) -> str:
        """The picture for a notebook."""
        module, _, name = PICTURE.partition(":")
        picture: str = getattr(importlib.import_module(module), name)(self)._repr_svg_()
        return picture

    def __str__(self) -> str:
        heads = sorted(self.edges, key=lambda edge: (-edge.head.number, edge.operand))
        return "\n".join(
            f"{edge.head.label()} → {edge.tail.label()}"
            + (f": {edge.label()}" if edge.label() else "")
            for edge in heads
        )

    def to_networkx(self, limit: int | None = LIMIT, style: Style = "unicode") -> Any:
        """A networkx MultiDiGraph from heads to tails.

        Node attributes: number, name, text, latex, op, shape, role. Edge attributes: operand,
        label, latex, live; the key of an edge is its operand number.
        Raises UnsupportedError for more than `limit` vertices; None means no limit.

        >>> import symgraph as sg
        >>> drawn = sg.graph(sg.input("x") + 1).to_networkx()
        >>> [data["text"] for _, data in drawn.nodes(data=True)]
        ['x', '1', 'x + 1']
        """
        import networkx

        if limit is not None and len(self.nodes) > limit:
            raise UnsupportedError(
                f"graph: {len(self.nodes)} vertices are more than limit={limit}. "
                "Name a part of the expression and take its graph, or pass limit=None."
            )
        made = networkx.MultiDiGraph()
        for vertex in self.nodes:
            made.add_node(
                vertex.id, number=vertex.number, name=vertex.name, text=vertex.label(style),
                latex=vertex.label("latex"), op=vertex.op, shape=shape_text(vertex.shape),
                role=vertex.role,
            )  # fmt: skip
        for edge in self.edges:
            made.add_edge(
                edge.head.id, edge.tail.id, key=edge.operand, operand=edge.operand,
                label=edge.label(style), latex=edge.label("latex"), live=edge.live,
            )  # fmt: skip
        return made

    # --- numbers ------------------------------------------------------------------------------

    def values(self, values: Mapping[Any, Any], seed: Any = None) -> Values:
        """Forward and backward value of every vertex.

        `seed` (default 1) is the derivative that arrives at the root.
        """
        root = self._single_root()
        found = adjoints(root, None, seed)
        cotangents = [ct for node, ct in found.cotangent.items() if node in self._vertices]
        known, dims = bind_values([*self.roots, *cotangents], values)
        all_values = evaluate_above([*self.roots, *cotangents], known, dims)
        forward = {
            vertex: np.asarray(all_values[vertex.node])
            for vertex in self._vertices.values()
            if not isinstance(vertex.node, Scan) and vertex.node in all_values
        }
        backward = {
            self._vertices[node]: np.asarray(all_values[ct])
            for node, ct in found.cotangent.items()
            if node in self._vertices
        }
        active = dependents(self.forward.order, None)
        for vertex in forward:
            if vertex.node in active and vertex not in backward:
                backward[vertex] = np.zeros_like(forward[vertex])
        return Values(forward, backward)

    def table(
        self,
        values: Mapping[Any, Any],
        digits: int = 6,
        seed: Any = None,
        *,
        labels: bool = False,
        from_root: bool = False,
        steps: bool = False,
    ) -> Table:
        """Number, formula, forward value f and backward value g of every vertex.

        `digits`: how many significant ones are printed. `labels` adds how each g comes from the g
        of the users, by the labels of the edges. `from_root` counts from the root, which has
        number 0, instead of from the first leaf. `steps` writes loops out, with a row for every
        value at every time; without it a loop is one row a result.

        >>> import symgraph as sg
        >>> x = sg.input("x")
        >>> print(sg.graph(sg.let("y", (x + 1) ** 2)).table({"x": 2.0}, labels=True))
        i  value         f  g  g by labels
        1  x             2  6  g₃
        2  1             1
        3  x + 1         3  6  2 (x + 1) g₄
        4  y = (x + 1)²  9  1
        """
        checked_digits(digits, "table")
        graph = _unrolled(self, values) if steps else self
        if from_root != graph.from_root:
            graph = Graph(graph.roots, graph.wrt, from_root=from_root)
        found = graph.values(by_name(values) if steps else values, seed)
        return Table(tuple(rows_of(graph, found, labels)), digits, labels)

    def users(self, vertex: Vertex) -> Sequence[Edge]:
        """The edges along which a derivative arrives at a value."""
        return self._users.get(vertex.node, [])

    def _single_root(self) -> Node:
        if len(self.roots) != 1:
            raise GradientError(
                f"graph: {len(self.roots)} roots; backward values belong to one. "
                "Take the graph of one expression."
            )
        return self.roots[0]

    def edge_partial(
        self, edge: Edge, values: Mapping[Any, Any], out_index: tuple[int, ...],
        in_index: tuple[int, ...],
    ) -> float:  # fmt: skip
        """One entry of the Jacobian of an edge."""
        derivative = self.labels.derivative(edge)
        if derivative is None:
            return 0.0
        known, dims = bind_values(self.roots, values)
        for name, index, vertex in (
            ("out_index", out_index, edge.head), ("in_index", in_index, edge.tail)
        ):  # fmt: skip
            shape = bind_shape(vertex.shape, dims)
            fits = len(index) == len(shape) and all(
                0 <= i < n for i, n in zip(index, shape, strict=True)
            )
            if not fits:
                raise RangeError(
                    f"partial: {name}={index} for a value of shape {shape}. "
                    "Give one position an axis, counted from 0."
                )
        bullets: dict[Node, Any] = dict(known)
        if edge.placeholder is not None:
            unit = np.zeros(bind_shape(edge.head.shape, dims))
            unit[out_index] = 1.0
            bullets[edge.placeholder] = unit
        return float(np.asarray(evaluate_above([derivative], bullets, dims)[derivative])[in_index])

    # --- paths --------------------------------------------------------------------------------

    def count_paths(self, root: Any, leaf: Any) -> int:
        """How many paths a derivative can take from a root to a leaf, exactly.

        >>> import symgraph as sg
        >>> x = y = sg.input("x")
        >>> for _ in range(60):
        ...     y = y * y
        >>> sg.graph(y).count_paths(y, x)
        1152921504606846976
        """
        start, goal = self.vertex(root).node, self.vertex(leaf).node
        return count_paths(
            list(self._vertices), lambda n: [e.tail.node for e in self.live_links(n)], start, goal
        )

    def paths(
        self,
        root: Any,
        leaf: Any,
        values: Mapping[Any, Any] | None = None,
        limit: int = 50,
        lang: Language = "en",
    ) -> Paths:
        """The paths from a root to a leaf with their products unmultiplied, the largest first.

        With values each path has its contribution, the sum of all is the gradient of the root (of
        the sum of its entries) by the leaf, and `remainder` is what the paths not shown add up to,
        so that the sum closes. The size of a contribution is the square root of the sum of the
        squares of its entries. Numbers are searched in exact order; through arrays the order of
        the search is an estimate, and the largest of the paths found are shown (`ordered` tells
        whether these are all). Without values the shortest paths come first. However many paths
        there are, only those that are shown cost time.
        Raises UnknownNameError for what does not occur and RangeError for a negative limit.

        >>> import symgraph as sg
        >>> x = sg.input("x")
        >>> y = sg.let("y", x * (x + 1))
        >>> print(sg.graph(y).paths(y, x, {"x": 3.0}))
        y → x: ∂y/∂x = x + 1 = 4
        y → x + 1 → x: ∂y/∂(x + 1) · ∂(x + 1)/∂x = x · 1 = 3 · 1 = 3
        sum = dy/dx = 7
        >>> print(sg.graph(y).paths(y, x, {"x": 3.0}, limit=1, lang="zh"))
        y → x: ∂y/∂x = x + 1 = 4
        还有 1 条路径，合计 3
        总和 = dy/dx = 7
        """
        return largest_paths(self, self.vertex(root), self.vertex(leaf), values, limit, lang)

    def path(self, way: Sequence[Any], values: Mapping[Any, Any] | None = None) -> Path:
        """The one path that leads through the given values, with its product.

        Between two neighbours of `way` there must be one way only.
        Raises UnsupportedError where no derivative flows, and where several ways lead on.

        >>> import symgraph as sg
        >>> mid = sg.let("mid", sg.sin(sg.input("in")))
        >>> out = sg.let("out", sg.exp(mid))
        >>> path = sg.graph(out).path(["out", "mid", "in"], {"in": 0.7})
        >>> path.derivatives(), path.label()
        ('∂out/∂mid · ∂mid/∂in', 'out · cos(in)')
        >>> round(float(path.value), 9)
        1.456639295
        """
        return along_path(self, way, values)

    def links(self, node: Node) -> list[Edge]:
        """The edges of a value, one an operand."""
        return self._links[node]

    def live_links(self, node: Node) -> list[Edge]:
        """The edges of a value along which a derivative flows."""
        return [edge for edge in self._links[node] if edge.live]

    def live_edges(self) -> list[Edge]:
        """All edges along which a derivative flows."""
        return [edge for node in self._links for edge in self.live_links(node)]


# --- what a vertex is -----------------------------------------------------------------------------


def _listed(wrt: Any) -> Sequence[Any]:
    return wrt if isinstance(wrt, (list, tuple)) else [wrt]


def _unrolled(graph: Graph, values: Mapping[Any, Any]) -> Graph:
    """The graph with every loop as long as the values say, one copy of the step a time."""
    _, dims = bind_values(graph.roots, values)
    lengths = {str(symbol): size for symbol, size in dims.items()}
    return Graph([unroll(root, lengths or None) for root in graph.roots], graph.wrt)


def _is_live(node: Node, arg: Node, active: set[Node]) -> bool:
    if isinstance(node, Let) and node.stops:
        return False
    return node in active and arg in active
