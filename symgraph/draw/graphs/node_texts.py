"""What stands in and beside the nodes: signs, names, formulas and values."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import sympy

from symgraph.draw.graphs.labels import is_number_name, rounded, seen
from symgraph.draw.graphs.local_values import Numbers
from symgraph.draw.graphs.numbers import value_latex
from symgraph.draw.graphs.sketch import Link, Place
from symgraph.draw.graphs.times import Epoch
from symgraph.draw.view import Role, ViewNode
from symgraph.expanded.results import span_of
from symgraph.graph import Graph
from symgraph.node import Node
from symgraph.notation.write import write
from symgraph.ops import Concat, Final, Map, Trace
from symgraph.printing import latex_name
from symgraph.vertices import Edge, Vertex

__all__ = ["Beside", "NodeTexts", "sign_latex", "vertex_label"]

Beside = Literal["auto", "numbers", "names", "none"]

_LATEX_SIGNS = {
    "·": r"\cdot", "−": "-", "( )²": r"(\,\cdot\,)^2", "√": r"\sqrt{\,\cdot\,}", "σ": r"\sigma",
    "max": r"\max", "min": r"\min", "Σ": r"\sum", "ᵀ": r"^{\mathsf{T}}", "≤": r"\le",
    "≥": r"\ge", "≠": r"\ne", "∧": r"\wedge", "∨": r"\vee", "¬": r"\neg",
    "1[ ]": r"\mathbb{1}[\,\cdot\,]", "exp": r"\exp", "log": r"\log",
    "tanh": r"\tanh", "sin": r"\sin", "cos": r"\cos", "tan": r"\tan", "^": r"x^y",
    "[ ]": r"[\;\,]", "[ , ]": r"[\;,\;]",
}  # fmt: skip
_PLAIN = frozenset("+-=<>/")
#: Operations that say more by their formula, if that is short, than by a word.
_WORDY = frozenset(["[ ]", "reshape", "repeat", "scatter", "[ , ]", "ᵀ", "random"])
_SHORT = 12
_CAPTION = 22
#: Of a box so many parameters are listed.
_MOST_NAMES = 4


@dataclass(slots=True)
class NodeTexts:
    """Everything that the text of a node depends on; `names` are those that labels mention."""

    graph: Graph
    numbers: Numbers | None
    beside: Beside
    digits: int
    names: Collection[str] = ()
    hues: Mapping[Node, int] = field(default_factory=dict)
    gaps: Mapping[str, Epoch] = field(default_factory=dict)

    def node(self, place: Place, operands: list[Link]) -> ViewNode:
        """The node of a place."""
        vertex = place.vertex
        role = _role(place)
        forward, backward = self._beside(place)
        return ViewNode(
            id=place.id,
            label=_below(self._label(place, operands), self._inside(place)),
            role=role,
            alt=self._alt(place),
            forward=forward,
            backward=backward,
            form="box" if place.is_box else None,
            hue=self.hues.get(vertex.node) if place.is_leaf else None,
            dashed=place.kind == "chip",
        )

    # --- inside ---------------------------------------------------------------------------------

    def _label(self, place: Place, operands: list[Link]) -> str:
        vertex = place.vertex
        if place.kind == "gap":
            return self._of_gap(place)
        if place.blocks:
            return self._of_row(place)
        if place.kind == "affine":
            formula = write(vertex.formula, "latex")
            return formula if seen(formula) <= _CAPTION else sign_latex(vertex.op)
        if place.kind == "softmax":
            return r"\mathrm{softmax}"
        if place.is_box or place.kind == "entry":
            return _name(vertex)
        label = vertex_label(vertex)
        if vertex.role == "constant":
            return _constant(vertex, self.digits)
        if not vertex.node.args or label != sign_latex(vertex.op):
            return label
        return _with_constants(self.graph.links(vertex.node), operands, self.digits) or label

    def _of_gap(self, place: Place) -> str:
        if place.id in self.gaps:
            return r"\cdots"
        ends = sorted((place.members[0], place.members[-1]), key=lambda vertex: vertex.index)
        first, last = (latex_name(vertex.numbered) for vertex in ends)
        return first if first == last else rf"{first},\dots,{last}"

    def _of_row(self, place: Place) -> str:
        """The names of the first and the last of alike blocks, or what one of them does."""
        names = [vertex.name for vertex in place.blocks]
        if names[0] is not None and names[-1] is not None:
            return rf"{latex_name(names[0])},\dots,{latex_name(names[-1])}"
        before, last = place.blocks[-2].number, place.blocks[-1].number
        block = [one for one in place.members if one.node.args and before < one.number <= last]
        signs = [sign_latex(vertex.op) for vertex in block]
        shown = signs if len(signs) <= _MOST_NAMES else [*signs[:2], r"\dots", signs[-1]]
        return r",\;".join(shown)

    def _inside(self, place: Place) -> str:
        """The small line in a box: how often, at which times, with which parameters."""
        if place.id in self.gaps:
            epoch = self.gaps[place.id]
            return rf"t = {epoch.first},\dots,{epoch.last}"
        if place.blocks:
            return rf"\times {len(place.blocks)}"
        node = place.vertex.node
        if place.is_box and isinstance(node, Trace):
            return span_of(node, "latex")
        if place.is_box and isinstance(node, Final):
            length = node.scan.length
            return rf"t = 1,\dots,{length}"
        if place.kind != "module":
            return ""
        inside = [v.label("latex") for v in place.members if v.role == "parameter"]
        if not inside:
            return ""
        if len(inside) > _MOST_NAMES:
            return rf"{inside[0]},\dots,{inside[-1]}"
        return r",\,".join(inside)

    def _alt(self, place: Place) -> str:
        text = place.vertex.label("text")
        if len(place.blocks) > 1:
            return f"{place.blocks[0].label('text')} ... {text} ({len(place.blocks)} times)"
        return text

    # --- beside ---------------------------------------------------------------------------------

    def _beside(self, place: Place) -> tuple[str | None, str | None]:
        """The forward and the backward value of a node."""
        vertex = place.vertex
        if self.beside == "none" or place.kind == "gap" or place.parallel:
            return None, None
        alone = len(place.members) == 1 and place.kind != "entry"
        inner = bool(vertex.node.args) and (alone or place.kind == "softmax")
        name = latex_name(vertex.name) if vertex.name is not None and inner else None
        if name is None and is_number_name(vertex, self.names):
            name = latex_name(vertex.numbered)
        if self.beside == "names":
            return self._names(vertex, name)
        if self.numbers is None:
            return name, None
        if vertex.role == "constant":
            return None, None
        value = value_latex(self.numbers.forward.get(vertex.node), self.digits)
        if name is not None and value:
            norm = value.startswith(r"\lVert")
            value = value.replace(r"\cdot", f" {name}", 1) if norm else f"{name} = {value}"
        slope = self.numbers.backward.get(vertex.node)
        return value or name, None if slope is None else value_latex(slope, self.digits)

    def _names(self, vertex: Vertex, name: str | None) -> tuple[str | None, str | None]:
        """The values by name: f and the derivative of the root by it."""
        if vertex.role == "constant" or vertex.node.kind != "real":
            return name, None
        forward = name if name is not None else latex_name(vertex.numbered)
        roots = self.graph.roots
        if len(roots) != 1:
            return forward, None
        root = self.graph.vertex(roots[0])
        if vertex.node is root.node:
            return forward, "1"
        of = latex_name(root.name or root.numbered)
        by = vertex.label("latex") if not vertex.node.args else forward
        return (None if not vertex.node.args else forward), rf"\partial {of}/\partial {by}"


def _below(label: str, line: str) -> str:
    """A label with a small line below it; below the node it would stand in the way of edges."""
    return rf"\begin{{matrix}} {label} \\ {{}}_{{{line}}} \end{{matrix}}" if line else label


def _role(place: Place) -> Role:
    roles: dict[str, Role] = {
        "root": "root", "op": "op", "parameter": "parameter", "data": "data", "state": "data",
        "constant": "constant", "loop": "module",
    }  # fmt: skip
    if place.kind == "entry":
        return "data"
    if not place.is_box or place.vertex.role == "root":
        return roles[place.vertex.role]
    return "module"


def vertex_label(vertex: Vertex) -> str:
    """What stands in a vertex: the name of a leaf, a result of a loop, a short formula, a sign."""
    if not vertex.node.args:
        return _name(vertex)
    if isinstance(vertex.node, (Final, Trace)):
        return vertex.label("latex")
    if vertex.op == "^" and len(vertex.node.args) == 1:
        return rf"(\,\cdot\,)^{{{_exponent(vertex.node)}}}"
    if vertex.op in _WORDY:
        formula = _joined(vertex) or write(vertex.formula, "latex")
        if seen(formula) <= _SHORT:
            return formula
    return sign_latex(vertex.op)


def _exponent(node: Node) -> str:
    """The number to which a value is raised."""
    power = node.template.expr if isinstance(node, Map) else None
    return sympy.latex(power.exp) if isinstance(power, sympy.Pow) else "y"


def _joined(vertex: Vertex) -> str | None:
    """[h, x] for vectors that are joined."""
    if not isinstance(vertex.node, Concat):
        return None
    return "[" + r",\,".join(operand.label("latex") for operand in vertex.operands) + "]"


def _name(vertex: Vertex) -> str:
    return vertex.label("latex") if vertex.name is None else latex_name(vertex.name)


def _constant(vertex: Vertex, digits: int) -> str:
    """A constant as a formula writes it, decimals rounded."""
    return write(rounded(vertex.reference, digits), "latex")


def sign_latex(sign: str) -> str:
    """The sign or word of an operation in LaTeX."""
    if sign in _LATEX_SIGNS:
        return _LATEX_SIGNS[sign]
    return sign if sign in _PLAIN else rf"\mathrm{{{sign}}}".replace("_", r"\_")


def _with_constants(edges: Sequence[Edge], links: Sequence[Link], digits: int) -> str | None:
    """The operation with the constants that are not drawn, 1 - ·; None where there are none."""
    drawn = {link.source.node for link in links}
    hidden = [edge.tail.node not in drawn and edge.tail.role == "constant" for edge in edges]
    if len(edges) != 2 or not any(hidden):
        return None
    vertex = edges[0].head
    texts = [
        _constant(edge.tail, digits) if gone else r"\,\cdot\,"
        for edge, gone in zip(edges, hidden, strict=True)
    ]
    sign = sign_latex(vertex.op)
    if vertex.op in ("max", "min"):
        return rf"{sign}({texts[0]}, {texts[1]})"
    if vertex.op == "·":
        return rf"{texts[0 if hidden[0] else 1]}\,\cdot"
    if vertex.op == "/" and hidden[1]:
        return rf"/\,{texts[1]}"
    if vertex.op == "^":
        return rf"({texts[0]})^{{{texts[1]}}}"
    return f"{texts[0]} {sign} {texts[1]}" if vertex.op in ("+", "−", "/") else None
