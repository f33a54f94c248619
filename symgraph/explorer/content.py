"""What a page shows of a graph, as plain data: vertices, edges, modules, formulas in type."""

from __future__ import annotations

from typing import Any

from symgraph.draw.graphs.labels import seen
from symgraph.draw.graphs.node_texts import vertex_label
from symgraph.draw.typesetting.typeset import clean
from symgraph.explorer.formulas import FormulaTable
from symgraph.explorer.modules import Module, modules_of
from symgraph.explorer.products import path_products
from symgraph.graph import Graph
from symgraph.notation.tree import Derivative, Formula
from symgraph.notation.write import write
from symgraph.printing import latex_name
from symgraph.shapes import shape_text
from symgraph.vertices import Edge, Vertex

__all__ = ["content_of"]

#: In a larger graph definitions stay plain text: setting one takes some milliseconds.
TYPESET = 300
#: LaTeX characters of a formula that still fits beside an edge, and in a line of the panel.
LONGEST_LABEL, LONGEST_FORMULA = 120, 400
#: Signs that are seen of a label in a large graph, in which long ones are clutter.
LONGEST_AMONG_MANY = 24
#: Plain characters of a definition.
LONGEST_TEXT = 300
#: Results times operands of a loop whose derivatives have names of their own.
LOOP_PAIRS = 400


def content_of(graph: Graph) -> dict[str, Any]:
    """The vertices in the order of `graph.vertices`, edges, modules, and all their formulas."""
    table = FormulaTable()
    small = len(graph.vertices) <= TYPESET
    content = {
        "nodes": [_node(vertex, table, small) for vertex in graph.vertices],
        "edges": [_edge(edge, table, small) for edge in graph.edges],
        "modules": [_module(module, table) for module in modules_of(graph)],
        "loops": _through_loops(graph, table),
        "root": graph.vertex(graph.roots[0]).number - 1,
        "maps": any(_label(edge)[1] for edge in graph.edges if edge.head.shape),
        "products": _products(graph, table) if small else [],
    }
    return {**content, **table.data()}


def _node(vertex: Vertex, table: FormulaTable, small: bool) -> dict[str, Any]:
    # Among many, a value without a name is called in plain text.
    reference = vertex.label("latex") if small or vertex.name is not None else ""
    formula: int | str = clean(write(vertex.formula, "unicode"))[:LONGEST_TEXT]
    if small and vertex.node.args:
        written = write(vertex.formula, "latex")
        if len(written) <= LONGEST_FORMULA:
            formula = table.add(written)
    name = vertex.name
    return {
        "role": vertex.role,
        "label": table.add(vertex_label(vertex)),
        "name": None if name is None else table.add(latex_name(name)),
        "reference": table.add(reference) if 0 < len(reference) <= LONGEST_LABEL else None,
        "formula": formula,
        "alt": clean(vertex.label())[:LONGEST_TEXT],
        "shape": shape_text(vertex.shape) if vertex.shape else "",
        "axes": len(vertex.shape),
    }


def _edge(edge: Edge, table: FormulaTable, small: bool) -> list[Any]:
    """[head, tail, operand, label, factor, live, in brackets]; without a label formulas are -1.

    The factor is what stands in a product: the label, or the derivative by its name. In a large
    graph it is the label, which the page puts in brackets where it needs them.
    """
    formula, _ = _label(edge)
    ends = [edge.head.number - 1, edge.tail.number - 1, edge.operand]
    if formula is None:
        return [*ends, -1, -1, edge.live, False]
    label = write(formula, "latex")
    factor = write(formula, "latex", as_factor=True)
    bracketed = not small and factor != label
    if bracketed:
        factor = label
    if edge.head.shape or not _fits(factor, small):
        factor, bracketed = _partial(edge.head, edge.tail, small), False
    if not _fits(label, small):
        label = r"\cdots"
    return [*ends, table.add(label), table.add(factor), edge.live, bracketed]


def _label(edge: Edge) -> tuple[Formula | None, bool]:
    """The local derivative as a factor where there is one, and whether it is a map of • instead."""
    formula = edge.formula
    if formula is None or not (edge.head.shape or edge.head.node.is_loop):
        return formula, False
    factor = edge.factor
    return factor or formula, factor is None


def _products(graph: Graph, table: FormulaTable) -> list[list[Any]]:
    """[edges of a path, its product], where the product fits into a line."""
    written = [(edges, write(formula, "latex")) for edges, formula in path_products(graph)]
    return [[edges, table.add(latex)] for edges, latex in written if len(latex) <= LONGEST_FORMULA]


def _fits(latex: str, small: bool) -> bool:
    return len(latex) <= LONGEST_LABEL and (small or seen(latex) <= LONGEST_AMONG_MANY)


def _partial(of: Vertex, by: Vertex, small: bool = True) -> str:
    """∂of/∂by, where both have names that fit."""
    written = write(Derivative(of.reference, by.reference), "latex")
    return written if _fits(written, small) else r"\cdots"


def _module(module: Module, table: FormulaTable) -> dict[str, Any]:
    return {
        "head": module.head.number - 1,
        "inside": [vertex.number - 1 for vertex in module.inside],
        "label": table.add(module.head.label("latex")),
        "operands": [
            [vertex.number - 1, table.add(_partial(module.head, vertex))]
            for vertex in module.operands
        ],
    }


def _through_loops(graph: Graph, table: FormulaTable) -> list[list[int]]:
    """[result, operand, ∂result/∂operand]: on a path the loop between them is no value."""
    found: list[list[int]] = []
    results: dict[Vertex, list[Vertex]] = {}
    for edge in graph.edges:
        if edge.tail.node.is_loop and edge.live:
            results.setdefault(edge.tail, []).append(edge.head)
    for edge in graph.edges:
        for result in results.get(edge.head, ()):
            if edge.live and len(found) < LOOP_PAIRS:
                number = table.add(_partial(result, edge.tail))
                found.append([result.number - 1, edge.tail.number - 1, number])
    return found
