"""What a deck tells, step by step, in LaTeX: build, derive, forward, backward, paths, update."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from symgraph.draw.view import Language
from symgraph.errors import DrawError
from symgraph.evaluate import by_name
from symgraph.expanded.products import Path
from symgraph.expanded.rows import described, gradient_by_labels
from symgraph.graph import Graph
from symgraph.notation.tree import Derivative
from symgraph.notation.write import write
from symgraph.ops import Var
from symgraph.printing import latex_name
from symgraph.rounding import number_latex
from symgraph.vertices import Edge, Vertex

__all__ = [
    "Line",
    "Step",
    "Story",
    "Teller",
    "bracketed",
    "equal",
    "learned_of",
    "listed",
    "story",
    "whole",
]

#: A formula in parts, each of which may begin a row where the formula is too long: with its sign
#: (=, + or a dot), or behind a comma.
Line = tuple[str, ...]

#: Formulas of a step that are written out; of more only the values are.
_LINES = 4
_TERMS = 8
#: Parameters whose update is written out.
_UPDATES = 8
#: Factors of a product that are written out.
_FACTORS = 8
#: Paths that are told one by one.
_PATHS = 4
#: Entries of a matrix that is written out.
_ENTRIES = 9
# Steps besides building, forward and backward: leaves, labels, leaves, path, sum, update, anew.
_OTHERS = 7

_WORDS: dict[Language, dict[str, str]] = {
    "en": {
        "leaves": "What goes in", "build": "Build the expression",
        "labels": "Local derivatives", "forward": "Forward", "backward": "Backward",
        "path": "One path", "sum": "Sum over the paths", "update": "One step downhill",
        "again": "Forward again",
        "on edges": r"\text{on each edge: } \partial\,\text{parent}/\partial\,\text{child}",
        "of paths": r"\text{product of the labels on the path}",
        "one path": r"\text{one path only: its product is the gradient}",
        "no path": r"\text{no path leads there}",
        "further": r"\text{{{n} further paths: }}", "instead": r"\text{instead of }",
    },
    "zh": {
        "leaves": "输入与参数", "build": "构建表达式", "labels": "局部偏导数",
        "forward": "前向计算", "backward": "反向传播", "path": "一条路径", "sum": "所有路径之和",
        "update": "梯度下降一步",
        "again": "再次前向计算",
        "on edges": r"\text{每条边上：} \partial\,\text{父节点}/\partial\,\text{子节点}",
        "of paths": r"\text{路径上各偏导数的乘积}",
        "one path": r"\text{只有一条路径，其乘积就是梯度}",
        "no path": r"\text{没有路径通向它}",
        "further": r"\text{{另外 {n} 条路径：}}", "instead": r"\text{原为 }",
    },
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Step:
    """One step: its phase, its heading and formulas, which nodes and edges it points at.

    Further steps of one phase have one heading, or one each.
    """

    phase: str
    heading: str
    lines: tuple[Line, ...]
    nodes: tuple[str, ...] = ()
    edges: tuple[tuple[str, str, int], ...] = ()


@dataclass(slots=True)
class Story:
    """All steps, and from which one on each thing is there; vertices go by their ids.

    `forward` and `backward` are what stands beside a vertex, one after the other: from which step
    on, and what (LaTeX; empty for nothing any more).
    """

    steps: list[Step] = field(default_factory=list)
    nodes: dict[str, int] = field(default_factory=dict)
    labels: int = 0
    groups: dict[int, int] = field(default_factory=dict)
    forward: dict[str, list[tuple[int, str]]] = field(default_factory=dict)
    backward: dict[str, list[tuple[int, str]]] = field(default_factory=dict)


def story(
    graph: Graph,
    values: Mapping[Any, Any] | None,
    *,
    wrt: Any = None,
    leaf: Any = None,
    rate: float = 0.1,
    language: Language = "en",
    digits: int = 4,
    most: int = 25,
    brief: bool = False,
) -> Story:
    """What to tell of a graph with one root, a number; without values all of it in letters.

    `wrt`: what is to be learned (default: the parameters, else all real leaves); `leaf`: the one
    whose paths are shown, or several one after the other (default: the first of them);
    about `most` steps are made. `brief`: beside the nodes stand numbers without names.
    Raises DrawError for a root that is no number or nothing but a leaf.
    """
    teller = Teller(graph, values, learned_of(graph, wrt), rate, language, digits)
    teller.brief = brief
    told = [graph.vertex(one) for one in listed(leaf)]
    teller.tell(told, max(1, (most - _OTHERS - 2 * max(0, len(told) - 1)) // 3))
    return teller.story


def listed(what: Any) -> list[Any]:
    """None, one or several as a list."""
    return [] if what is None else list(what) if isinstance(what, (list, tuple)) else [what]


def learned_of(graph: Graph, wrt: Any) -> list[Vertex]:
    root = graph.vertex(graph.roots[0])
    if root.shape or root.node.kind != "real":
        raise DrawError(
            f"slides: the expression is of kind {root.node.kind} and has the shape {root.shape}; "
            "a deck tells how one real number depends on others. Take a sum or a mean of it."
        )
    if wrt is not None:
        chosen = listed(wrt)
        if not chosen:
            raise DrawError("slides: wrt=[] names nothing to learn. Name a leaf, or leave it away.")
        return [graph.vertex(one) for one in chosen]
    leaves = [v for v in graph.vertices if v.node.kind == "real" and isinstance(v.node, Var)]
    found = [v for v in leaves if v.role == "parameter"] or leaves
    if not root.node.args or not found:
        raise DrawError("slides: nothing is computed from any variable. Give an expression in one.")
    return found


class Teller:
    """Makes the steps one after the other."""

    def __init__(
        self,
        graph: Graph,
        values: Mapping[Any, Any] | None,
        learned: list[Vertex],
        rate: float,
        language: Language,
        digits: int,
    ) -> None:
        self.story = Story()
        self.brief = False
        self._graph = graph
        self._values = None if values is None else by_name(values)
        self._found = None if values is None else graph.values(values)
        self._learned = learned
        self._rate = rate
        self._words = _WORDS[language]
        self._language = language
        self._digits = digits
        self._root = graph.vertex(graph.roots[0])

    def tell(self, leaves_told: Sequence[Vertex], room: int) -> None:
        """All of it; building, forward and backward take about `room` steps each."""
        inner = [vertex for vertex in self._graph.vertices if vertex.node.args]
        leaves = [vertex for vertex in self._graph.vertices if not vertex.node.args]
        self._build(leaves, inner, room)
        self.story.labels = self._add("labels", [(self._words["on edges"],)])
        self._forward(leaves, inner, room)
        active = self._active()
        order = [vertex for vertex in reversed(self._graph.vertices) if vertex in active]
        # What building and computing have left over.
        self._backward(order, max(room, 3 * room + 3 - len(self.story.steps)))
        for one in leaves_told or self._learned[:1]:
            self._paths(one)
        self._update([v for v in self._learned if v in active and not v.node.args])

    def _add(
        self,
        phase: str,
        lines: Sequence[Line],
        vertices: Sequence[Vertex] = (),
        edges: Sequence[Edge] = (),
    ) -> int:
        """One more step; its number."""
        ways = [(edge.head.id, edge.tail.id, edge.operand) for edge in edges]
        return self._say(phase, self._words[phase], lines, self._ids(vertices), ways)

    def _say(
        self,
        phase: str,
        heading: str,
        lines: Sequence[Line],
        ids: Sequence[str],
        ways: Sequence[tuple[str, str, int]] = (),
    ) -> int:
        """One more step about nodes and edges of the picture; its number."""
        step = Step(phase, heading, tuple(lines), tuple(ids), tuple(dict.fromkeys(ways)))
        self.story.steps.append(step)
        return len(self.story.steps) - 1

    def _ids(self, vertices: Sequence[Vertex]) -> list[str]:
        """The nodes of the picture that show the vertices."""
        return [vertex.id for vertex in vertices]

    # --- the phases ---------------------------------------------------------------------------

    def _build(self, leaves: list[Vertex], inner: list[Vertex], room: int) -> None:
        names = [vertex.label("latex") for vertex in leaves if vertex.role != "constant"]
        parts = (*(rf"{name},\;" for name in names[:-1]), *names[-1:])
        step = self._add("leaves", [parts])
        first = {vertex.id: step for vertex in leaves if vertex.role != "constant"}
        for vertices in _grouped(inner, self._levels(), room):
            step = self._add("build", self._lines(vertices, self._definition, None), vertices)
            first.update((vertex.id, step) for vertex in vertices)
        # A constant comes with what uses it first.
        for edge in self._graph.edges:
            first[edge.tail.id] = min(first.get(edge.tail.id, step), first[edge.head.id])
        self.story.nodes = first

    def _forward(self, leaves: list[Vertex], inner: list[Vertex], room: int) -> None:
        known = [vertex for vertex in leaves if vertex.role != "constant"]
        if self._found is not None and known:
            step = self._add("forward", self._lines(known, self._given, self._short_value), known)
            self._set(self.story.forward, step, known, self._forward_text)
        for vertices in _grouped(inner, self._levels(), room):
            lines = self._lines(vertices, self._computed, self._short_value)
            step = self._add("forward", lines, vertices)
            self._set(self.story.forward, step, vertices, self._forward_text)

    def _backward(self, order: list[Vertex], room: int) -> None:
        for vertices in _grouped(order, self._heights(order), room):
            lines = self._lines(vertices, self._arriving, self._short_slope)
            step = self._add("backward", lines, vertices)
            self._set(self.story.backward, step, vertices, self._backward_text)

    def _paths(self, leaf: Vertex) -> None:
        paths = self._graph.paths(self._root, leaf, self._values, limit=_PATHS)
        if not paths.shown or not paths.shown[0].edges:
            # Never silently less: of a leaf that nothing depends on the derivative is 0.
            name = whole(self._root, leaf)
            self._add("sum", [(self._words["no path"],), equal(name, "0")], [leaf])
            return
        first = paths.shown[0]
        self._add(
            "path",
            [(self._words["of paths"],), *self._product(first)],
            first.vertices, first.edges,
        )  # fmt: skip
        name = whole(self._root, leaf)
        total = [] if paths.gradient is None else [self._number(paths.gradient)]
        if paths.count == 1:
            gradient = equal(name, f"g_{{{leaf.index}}}", *total)
            lines: list[Line] = [(self._words["one path"],), gradient]
        else:
            first_term, *terms = [bracketed(self._share(path)) for path in paths.shown]
            terms += [r"\cdots"] if paths.further else []
            added = (f"+ {term}" for term in terms)
            lines = [(*equal(name, first_term), *added, *(f"= {one}" for one in total))]
            if paths.further and paths.remainder is not None:
                more = self._words["further"].format(n=paths.further)
                lines.append((f"{more}{self._number(paths.remainder)}",))
        edges = [edge for path in paths.shown for edge in path.edges]
        self._add("sum", lines, [self._root, leaf], edges)

    def _update(self, learned: list[Vertex]) -> None:
        """One step of gradient descent, and what it does to the root."""
        rule = [self._rule(vertex) for vertex in learned[:_UPDATES]]
        more: list[Line] = [(r"\cdots",)] if len(learned) > _UPDATES else []
        if self._values is None or self._found is None:
            self._add("update", [*rule, *more], learned)
            return
        new = dict(self._values)
        for vertex in learned:
            slope = self._found.backward[vertex]
            new[vertex.name] = self._found.forward[vertex] - self._rate * slope
        found = self._graph.values(new)
        lines = [
            (*line, f"= {self._number(found.forward[vertex])}")
            for line, vertex in zip(rule, learned, strict=False)
        ] + more
        step = self._add("update", [(rf"\eta = {self._rate:g}",), *lines], learned)
        before, self._found = self._found, found
        self._set(self.story.forward, step, learned, self._forward_text)
        inner = [vertex for vertex in self._graph.vertices if vertex.node.args]
        old, name = self._number(before.forward[self._root]), self._called(self._root)
        now = self._number(found.forward[self._root])
        line = equal(name, rf"{now}\quad {self._words['instead']} {old}")
        step = self._add("again", [line], [self._root])
        self._set(self.story.forward, step, inner, self._forward_text)
        for told in self.story.backward.values():
            told.append((step, ""))

    def _set(
        self,
        told: dict[str, list[tuple[int, str]]],
        step: int,
        vertices: Sequence[Vertex],
        text: Any,
    ) -> None:
        for vertex in vertices:
            if shown := text(vertex):
                told.setdefault(vertex.id, []).append((step, shown))

    # --- formulas -----------------------------------------------------------------------------

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

    # --- what depends on what -----------------------------------------------------------------

    def _active(self) -> set[Vertex]:
        """The vertices on a way from the root to what is learned."""
        reached = {self._root}
        for vertex in reversed(self._graph.vertices):
            if vertex in reached:
                reached.update(edge.tail for edge in self._graph.live_links(vertex.node))
        wanted = set(self._learned)
        for vertex in self._graph.vertices:
            if any(edge.tail in wanted for edge in self._graph.live_links(vertex.node)):
                wanted.add(vertex)
        return reached & wanted

    def _levels(self) -> dict[Vertex, int]:
        """How far above the leaves each vertex is, by the longest way."""
        operands: dict[Vertex, list[Vertex]] = {}
        for edge in self._graph.edges:
            operands.setdefault(edge.head, []).append(edge.tail)
        levels: dict[Vertex, int] = {}
        for vertex in self._graph.vertices:
            below = [levels[tail] for tail in operands.get(vertex, [])]
            levels[vertex] = 1 + max(below) if below else 0
        return levels

    def _heights(self, order: Sequence[Vertex]) -> dict[Vertex, int]:
        """How far below the root each vertex is, by the longest way; `order` begins at the root."""
        heights = dict.fromkeys(order, 0)
        for vertex in order:
            for edge in self._graph.live_links(vertex.node):
                if edge.tail in heights:
                    heights[edge.tail] = max(heights[edge.tail], heights[vertex] + 1)
        return heights


def _grouped(order: Sequence[Vertex], level: Mapping[Vertex, int], room: int) -> list[list[Vertex]]:
    """The vertices in at most `room` groups, if they may be: one by one, else by levels."""
    if len(order) <= room:
        return [[vertex] for vertex in order]
    by_level: dict[int, list[Vertex]] = {}
    for vertex in order:
        by_level.setdefault(level[vertex], []).append(vertex)
    rows = [by_level[key] for key in sorted(by_level)]
    count = min(room, len(rows))
    cuts = [len(rows) * k // count for k in range(count + 1)]
    return [
        [vertex for row in rows[low:high] for vertex in row]
        for low, high in itertools.pairwise(cuts)
    ]


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
