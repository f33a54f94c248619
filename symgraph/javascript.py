"""A labelled graph as a script: values, backward values and derivatives along edges, anywhere."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from symgraph.answers import answering
from symgraph.codegen.emit_js import Handing, Wanted, emit_js
from symgraph.draw.saving import write
from symgraph.errors import GradientError, KindError
from symgraph.grad import adjoints
from symgraph.graph import Graph, graph
from symgraph.node import Node
from symgraph.ops.body import local
from symgraph.ops.leaves import Var, fill
from symgraph.ops.sweep import Adjoints, dependents, total
from symgraph.shapes import Shape
from symgraph.vertices import Edge
from symgraph.walks import variables

__all__ = ["JsProgram", "javascript"]

#: Words of the language, which name nothing.
_WORDS = frozenset(
    """arguments await break case catch class const continue debugger default delete do else enum
    eval export extends false finally for function if implements import in instanceof interface
    let new null package private protected public return static super switch this throw true try
    typeof undefined NaN Infinity var void while with yield""".split()
)


def javascript(expr: Any, wrt: Any = None, *, name: str = "program") -> JsProgram:
    """The labelled graph of an expression as a script that needs the language alone.

    `expr` is an expression or a `Graph`; `wrt` limits the derivatives as in `sg.graph`. The script
    defines `name`, an object whose vertices and edges are those of the graph in their order. It is
    given values with `forward({x: [1, 2]})`; then `f(v)` and `g(v)` are the value of a vertex and
    the derivative of the root by it, `partial(e)` the label of an edge between numbers,
    `pull(e, ct)` what an edge hands on of a derivative, `along(edges)` the product of a path, and
    `step(rate)` moves the parameters, or the inputs that are named, against their gradients.
    Numbers are float64, and whole ones exact below 2**53.
    Raises GradientError for several roots, KindError for a name that is no identifier.

    >>> import symgraph as sg
    >>> w, x = sg.parameter("w"), sg.input("x")
    >>> script = sg.javascript((w * x - 1) ** 2)
    >>> script.source[:35]
    'const program = (function () {\\n"use'
    """
    made = expr if isinstance(expr, Graph) else graph(expr, wrt)
    return JsProgram(made, name)


@answering
class JsProgram:
    """A script made by `javascript`; `source` is its text, `save` writes it."""

    def __init__(self, of: Graph, name: str = "program") -> None:
        if (
            not isinstance(name, str)
            or not re.fullmatch(r"[A-Za-z_$][\w$]*", name, re.ASCII)
            or name in _WORDS
        ):
            raise KindError(f"javascript: name {name!r} is no identifier; use one such as 'net'.")
        if len(of.roots) != 1:
            raise GradientError(
                f"javascript: {len(of.roots)} roots; backward values belong to one. "
                "Take the graph of one expression."
            )
        self.graph = of
        self.name = name

    @cached_property
    def expression(self) -> str:
        """The script as one expression; each evaluation makes a program of its own."""
        return _Request(self.graph).text()

    @property
    def source(self) -> str:
        """The script, which defines a constant of the program's name."""
        return f"const {self.name} = {self.expression};\n"

    def save(self, path: str | Path) -> Path:
        """Write the script into a file. Raises DrawError when it cannot be written."""
        return write(path, self.source.encode(), "javascript")

    def __repr__(self) -> str:
        return f"<script {self.name} of {self.graph!r}>"


class _Request:
    """What the script of a graph computes and tells."""

    def __init__(self, of: Graph) -> None:
        self.graph = of
        self.root = of.vertex(of.roots[0]).node
        self.vertices = [vertex.node for vertex in of.vertices]
        self.number = {node: k for k, node in enumerate(self.vertices)}
        self.variables = [v for v in variables([self.root]) if isinstance(v, Var)]
        self.handings: list[Handing] = []
        self.seed = fill(1, self.root.shape, "real")

    def text(self) -> str:
        """The script as an expression."""
        edges = [self._way(edge) for edge in self.graph.edges]
        wanted = Wanted(
            [None if node.is_loop else node for node in self.vertices],
            self._cotangents(),
            [partial for partial, _ in edges],
            self.handings,
        )
        return emit_js(self.variables, wanted, self._facts([way for _, way in edges]))

    # --- derivatives --------------------------------------------------------------------------

    def _cotangents(self) -> list[Node | None]:
        """The derivative of the root by each vertex, 0 where none arrives."""
        if self.root.kind != "real":
            return [None] * len(self.vertices)
        found: Adjoints = adjoints(self.graph.roots[0], None, self.seed)
        active = dependents(self.graph.forward.order, None)
        cotangents: list[Node | None] = []
        for node in self.vertices:
            given = found.cotangent.get(node)
            if given is None and node in active and not node.is_loop:
                given = fill(0, node.shape, "real")
            cotangents.append(given)
        return cotangents

    def _way(self, edge: Edge) -> tuple[Node | None, Any]:
        """The label of an edge between numbers, and how a derivative gets along the edge.

        It stays as it is, is multiplied by the label, or goes by functions: triples of the vertex
        it comes from (-1 for any), the number of the function, and that of its result.
        """
        head = edge.head.node
        if head.is_projection:
            return None, "same"
        if head.is_loop:
            return None, self._through_loop(head, edge.operand) if edge.live else None
        derivative = edge.derivative
        if derivative is None:
            return None, None
        if edge.placeholder is None:
            return derivative, "partial"
        if not edge.live:
            return None, None
        self.handings.append(Handing(edge.placeholder, (derivative,)))
        return None, [(-1, len(self.handings) - 1, 0)]

    def _through_loop(self, loop: Node, operand: int) -> list[tuple[int, int, int]]:
        """What each result of a loop sends to an operand."""
        found: list[tuple[int, int, int]] = []
        for projection, number, results in self._loops(loop):
            if operand in results:
                found.append((self.number[projection], number, results.index(operand)))
        return found

    def _loops(self, loop: Node) -> Sequence[tuple[Node, int, list[int]]]:
        """The results of a loop, each with its function and the operands that this serves."""
        known = self._served.get(loop)
        if known is None:
            known = self._served[loop] = []
            links = self.graph.live_links(loop)
            live = {edge.operand for edge in links}
            for edge in self.graph.users(self.graph.vertex(loop)):
                projection = edge.head.node
                place = local(projection, "•")
                wanted = [k in live for k in range(len(loop.args))]
                pieces = loop.as_loop().pull_back([(projection, place)], wanted)
                served = [k for k, parts in enumerate(pieces) if parts]
                results = tuple(total(pieces[k]) for k in served)
                known.append((projection, len(self.handings), served))
                self.handings.append(Handing(place, results))
        return known

    @cached_property
    def _served(self) -> dict[Node, list[tuple[Node, int, list[int]]]]:
        return {}

    # --- what the script tells of itself ------------------------------------------------------

    def _facts(self, ways: list[Any]) -> dict[str, Any]:
        vertices = self.graph.vertices
        return {
            "inputs": [(v.name, _sizes(v.shape), v.kind, v.role) for v in self.variables],
            "places": [self.number.get(variable) for variable in self.variables],
            "vertices": [(v.id, v.name, _sizes(v.shape), v.node.kind) for v in vertices],
            "edges": [
                (self.number[e.head.node], self.number[e.tail.node], e.operand, int(e.live))
                for e in self.graph.edges
            ],
            "root": self.number[self.root],
            "ways": ways,
        }


def _sizes(shape: Shape) -> list[int | str]:
    return [dim if isinstance(dim, int) else str(dim) for dim in shape]
