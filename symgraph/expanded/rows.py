"""The lines of the table of values: what each value is, and by which labels its g comes about."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from symgraph.expanded.results import result_name, span_of
from symgraph.expanded.table import Row
from symgraph.flow import Values
from symgraph.notation.tree import Formula
from symgraph.notation.write import write
from symgraph.ops import Final, Trace
from symgraph.ops.sweep import total
from symgraph.printing import Style

if TYPE_CHECKING:
    from symgraph.graph import Graph
    from symgraph.vertices import Vertex

__all__ = ["described", "gradient_by_labels", "rows_of"]

#: A longer value inside of a loop is not written out.
LONG = 40
#: Of more users than this only some are written.
MOST_TERMS = 8


def rows_of(graph: Graph, values: Values, labels: bool) -> Iterator[Row]:
    """One line a vertex, in the order of evaluation; with `labels` how each g comes about."""
    for vertex, forward in values.forward.items():
        backward = values.backward.get(vertex)
        told = labels and backward is not None
        yield Row(
            number=vertex.number,
            index=vertex.index,
            formula=described(graph, vertex, "unicode"),
            latex=described(graph, vertex, "latex"),
            forward=forward,
            backward=backward,
            gradient=gradient_by_labels(graph, vertex, "unicode") if told else "",
            gradient_latex=gradient_by_labels(graph, vertex, "latex") if told else "",
        )


def gradient_by_labels(graph: Graph, vertex: Vertex, style: Style) -> str:
    """How the backward value of a vertex comes from those of its users; empty at the root."""
    return _added(_arrived(graph, vertex), style)


def _arrived(graph: Graph, vertex: Vertex) -> list[Formula]:
    """The same as terms: of many users the first two and the last are enough."""
    edges = graph.users(vertex)
    parts = [graph.labels.passed_on(edge, graph.labels.arriving(edge.head)) for edge in edges]
    known = [part for part in parts if part is not None]
    if len(known) > MOST_TERMS:
        return [graph.labels.read(part, vertex.node) for part in (*known[:2], known[-1])]
    return [graph.labels.read(total(known), vertex.node)] if known else []


def _added(terms: list[Formula], style: Style) -> str:
    if len(terms) < 2:
        return "".join(write(term, style) for term in terms)
    first, second, last = (write(term, style) for term in terms)
    dots = r"\dots" if style == "latex" else "…"
    return f"{first} + {second} + {dots} + {last}"


def described(graph: Graph, vertex: Vertex, style: Style) -> str:
    """The value in terms of its operands, with its name before it if it has one."""
    node = vertex.node
    if isinstance(node, (Trace, Final)):
        definition = _result_of_loop(graph, node, style)
    else:
        definition = write(graph.labels.definition(vertex), style)
    is_leaf = not node.args
    return definition if vertex.name is None or is_leaf else f"{vertex.label(style)} = {definition}"


def _result_of_loop(graph: Graph, node: Trace | Final, style: Style) -> str:
    """What is read of a loop, without the loop itself: h_T, or net_t for t = 1, …, T."""
    name = result_name(node, graph.forward.sort(node))
    if isinstance(node, Final):
        return "…" if name is None else write(name, style)
    inner = node.inner._written(style)
    short = f"({inner})" if len(inner) <= LONG else "…"
    comma = r",\ " if style == "latex" else ", "
    return (short if name is None else write(name, style)) + comma + span_of(node, style)
