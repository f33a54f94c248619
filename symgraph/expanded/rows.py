"""The lines of the table of values: what each value is, and by which labels its g comes about."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from symgraph.expanded.table import Row
from symgraph.flow import Values
from symgraph.notation.tree import Formula
from symgraph.notation.write import write
from symgraph.ops import Final, Let, Trace
from symgraph.ops.sweep import total
from symgraph.printing import Format, Style, unicode_name

if TYPE_CHECKING:
    from symgraph.graph import Graph
    from symgraph.vertices import Vertex

__all__ = ["rows_of"]

#: A longer value inside of a loop is not written out.
LONG = 40


def rows_of(graph: Graph, values: Values, labels: bool) -> Iterator[Row]:
    """One line a vertex, in the order of evaluation; with `labels` how each g comes about."""
    for vertex, forward in values.forward.items():
        backward = values.backward.get(vertex)
        arrived = _arrived(graph, vertex) if labels and backward is not None else None
        yield Row(
            number=vertex.number,
            index=vertex.index,
            formula=_line(graph, vertex, "unicode"),
            latex=_line(graph, vertex, "latex"),
            forward=forward,
            backward=backward,
            gradient="" if arrived is None else write(arrived, "unicode"),
            gradient_latex="" if arrived is None else write(arrived, "latex"),
        )


def _arrived(graph: Graph, vertex: Vertex) -> Formula | None:
    """How the backward value of a vertex comes from those of its users; None at the root."""
    parts = [graph.passed_on(edge, graph.arriving(edge.head)) for edge in graph.users(vertex)]
    known = [part for part in parts if part is not None]
    return graph.read(total(known)) if known else None


def _line(graph: Graph, vertex: Vertex, style: Style) -> str:
    node = vertex.node
    if isinstance(node, (Trace, Final)):
        definition = _result_of_loop(node, style)
    else:
        definition = write(graph.definition(vertex), style)
    is_leaf = not node.args
    return definition if vertex.name is None or is_leaf else f"{vertex.label(style)} = {definition}"


def _result_of_loop(node: Trace | Final, style: Style) -> str:
    """What is read of a loop, without the loop itself: h_T, or net_t for t = 1, …, T."""
    scan = node.scan
    pen = Format(style)
    length = pen.number(scan.length).text if isinstance(scan.length, int) else str(scan.length)
    if isinstance(node, Final):
        last = "1" if scan.backwards else length
        return _at(scan.body.states[node.state].params[0], last, style)
    span = pen.pick(f"t = 1, ..., {length}", f"t = 1, …, {length}", rf"t = 1, \dots, {length}")
    body, inner = scan.body, node.inner
    comma = r",\ " if style == "latex" else ", "
    if inner in body.states:
        before = pen.pick("t-1", "t−1", "t-1") if not scan.backwards else "t+1"
        return _at(inner.params[0], before, style) + comma + span
    if inner in body.nexts:
        return _at(body.states[body.nexts.index(inner)].params[0], "t", style) + comma + span
    if isinstance(inner, Let) and inner.let_name:
        return _at(inner.let_name, "t", style) + comma + span
    written = inner._written(style)
    return (f"({written})" if len(written) <= LONG else "…") + comma + span


def _at(name: Any, time: str, style: Style) -> str:
    """A name with the time below the line."""
    shown_name = (
        unicode_name(str(name)) if style == "unicode" else Format(style).name(str(name)).text
    )
    if style == "latex":
        return f"{{{shown_name}}}_{{{time}}}"
    return f"{shown_name}_{time}" if len(time) == 1 else f"{shown_name}_{{{time}}}"
