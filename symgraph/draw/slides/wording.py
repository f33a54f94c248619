"""How a deck writes values, derivatives, paths and updates: LaTeX in parts that may be broken."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from symgraph.expanded.products import Path
from symgraph.expanded.rows import described, gradient_by_labels
from symgraph.graph import Graph
from symgraph.notation.tree import Derivative
from symgraph.notation.write import write
from symgraph.printing import latex_name
from symgraph.rounding import number_latex
from symgraph.vertices import Vertex

__all__ = ["Line", "Wording", "bracketed", "equal", "whole"]

#: A formula in parts, each of which may begin a row where the formula is too long: with its sign
#: (=, + or a dot), or behind a comma.
Line = tuple[str, ...]

#: Formulas of a step that are written out; of more only the values are.
_LINES = 4
_TERMS = 8
#: Factors of a product that are written out.
_FACTORS = 8
#: Entries of a matrix that is written out.
_ENTRIES = 9


class Wording:
    """Formulas and numbers of one graph; `brief`: beside the nodes stand numbers without names."""

    def __init__(
        self, graph: Graph, values: Mapping[Any, Any] | None, rate: float, digits: int
    ) -> None:
        self.brief = False
        self._graph = graph
        self._found = None if values is None else graph.values(values)
        self._rate = rate
        self._digits = digits
        self._root = graph.vertex(graph.roots[0])

    def _lines(self, vertices: Sequence[Vertex], full: Any, short: Any) -> list[Line]:
        """A line a vertex, or of many what each is in one row."""
        if len(vertices) <= _LINES:
            return [line for vertex in vertices if (line := full(vertex))]
        texts = [text for vertex in vertices if (text := (short or self._called)(vertex))]
        shown = texts[:_TERMS]
        last = [r"\cdots"] if len(texts) > _TERMS else [shown.pop()] if shown else []
        return [(*(rf"{text},\quad" for text in shown), *last)]

    def _called(self, vertex: Vertex) -> str:
        if vertex.name is not None or not vertex.node.args:
            return vertex.label("latex")
        return latex_name(vertex.numbered)

    def _definition(self, vertex: Vertex) -> Line:
        written = described(self._graph, vertex, "latex")
        if vertex.name is not None:
            written = written.removeprefix(f"{vertex.label('latex')} = ")
        return equal(self._called(vertex), written)

    def _given(self, vertex: Vertex) -> Line:
        return equal(self._called(vertex), self._value(vertex))

    def _computed(self, vertex: Vertex) -> Line:
        value = self._value(vertex)
        return (*self._definition(vertex), *([f"= {value}"] if value else []))

    def _arriving(self, vertex: Vertex) -> Line:
        slope = self._slope(vertex)
        name = f"g_{{{vertex.index}}}"
        if vertex is self._root:
            return equal(name, whole(vertex, vertex), "1")
        found = gradient_by_labels(self._graph, vertex, "latex")
        return equal(name, *filter(None, (found, slope)))

    def _product(self, path: Path) -> list[Line]:
        """The product along a path by names, by labels and in numbers."""
        parts = [path.derivatives("latex")]
        if all(edge.formula is not None for edge in path.edges):
            plain = all(edge.placeholder is None for edge in path.edges)
            parts += [path.label("latex")] if plain else []
        if path.factors is not None and len(path.factors) > 1:
            factors = (bracketed(self._number(np.asarray(x))) for x in path.factors)
            parts.append(r" \cdot ".join(factors))
        if path.value is not None:
            parts.append(self._number(path.value))
        first, *others = dict.fromkeys(parts)
        broken = (piece for part in others for piece in _shortened(f"= {part}"))
        return [(*_shortened(first), *broken)]

    def _share(self, path: Path) -> str:
        """What a path contributes."""
        if path.value is not None:
            return self._number(path.value)
        return " ".join(_shortened(path.label("latex")))

    def _rule(self, vertex: Vertex) -> Line:
        name = vertex.label("latex")
        line = equal(_raised(name), rf"{name} - \eta\, g_{{{vertex.index}}}")
        if self._found is None:
            return line
        old, slope = self._value(vertex), bracketed(self._slope(vertex))
        return (*line, rf"= {old} - {self._rate:g} \cdot {slope}")

    # --- values -------------------------------------------------------------------------------

    def _forward_text(self, vertex: Vertex) -> str:
        value = self._value(vertex, line=True)
        if not vertex.node.args or (self.brief and value):
            return value
        return f"{self._called(vertex)} = {value}" if value else self._called(vertex)

    def _backward_text(self, vertex: Vertex) -> str:
        slope = self._slope(vertex, line=True)
        return slope if self.brief and slope else self._short_slope(vertex)

    def _short_value(self, vertex: Vertex) -> str:
        value = self._value(vertex, line=True)
        return f"{self._called(vertex)} = {value}" if value else self._called(vertex)

    def _short_slope(self, vertex: Vertex) -> str:
        slope = self._slope(vertex, line=True)
        return f"g_{{{vertex.index}}} = {slope}" if slope else f"g_{{{vertex.index}}}"

    def _value(self, vertex: Vertex, line: bool = False) -> str:
        value = None if self._found is None else self._found.forward.get(vertex)
        return "" if value is None else self._number(value, line)

    def _slope(self, vertex: Vertex, line: bool = False) -> str:
        value = None if self._found is None else self._found.backward.get(vertex)
        return "" if value is None else self._number(value, line)

    def _number(self, value: NDArray[Any], line: bool = False) -> str:
        """A number, a short vector, a small matrix unless all must be in one `line`, else sizes."""
        array = np.asarray(value)
        if array.ndim == 2 and array.size <= _ENTRIES and not line:
            rows = (
                " & ".join(number_latex(x, self._digits) for x in row) for row in array.tolist()
            )
            return r"\begin{pmatrix} " + r" \\ ".join(rows) + r" \end{pmatrix}"
        if array.ndim == 0:
            return number_latex(array.item(), self._digits)
        if array.ndim == 1 and array.size <= 4:
            return "(" + r",\; ".join(number_latex(x, self._digits) for x in array.tolist()) + ")"
        return r"[\," + r" \times ".join(map(str, array.shape)) + r"\,]"


def equal(first: str, *others: str) -> Line:
    return (first, *(f"= {other}" for other in others))


def _factors(product: str) -> Line:
    """A product in its factors, each but the first with its dot; dots in brackets join nothing."""
    pieces, depth = [""], 0
    for word in product.split(" "):
        if word == r"\cdot" and not depth:
            pieces.append(word)
            continue
        depth += sum(word.count(sign) for sign in "{([") - sum(word.count(sign) for sign in "})]")
        pieces[-1] += f" {word}" if pieces[-1] else word
    return tuple(pieces)


def _shortened(product: str) -> Line:
    """The factors of a product, of many the first and the last ones."""
    factors = _factors(product)
    if len(factors) <= _FACTORS:
        return factors
    half = _FACTORS // 2
    return (*factors[:half], r"\cdot \cdots", *factors[-half + 1 :])


def whole(of: Vertex, by: Vertex) -> str:
    return write(Derivative(of.reference, by.reference), "latex")


def _raised(name: str) -> str:
    """The name with a plus: what comes after."""
    return f"{{{name}}}^{{+}}" if "^" in name or "'" in name else f"{name}^{{+}}"


def bracketed(text: str) -> str:
    return f"({text})" if text.startswith("-") else text
