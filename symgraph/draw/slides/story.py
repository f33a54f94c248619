"""What a deck tells, step by step, in LaTeX: build, derive, forward, backward, paths, update."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from symgraph.draw.slides.wording import Line, Wording, bracketed, equal, whole
from symgraph.draw.view import Language
from symgraph.errors import DrawError
from symgraph.evaluate import by_name
from symgraph.graph import Graph
from symgraph.ops import Var
from symgraph.vertices import Edge, Vertex

__all__ = ["Step", "Story", "Teller", "learned_of", "listed", "story"]

#: Parameters whose update is written out.
_UPDATES = 8
#: Paths that are told one by one.
_PATHS = 4
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


class Teller(Wording):
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
        super().__init__(graph, values, rate, digits)
        self.story = Story()
        self._values = None if values is None else by_name(values)
        self._learned = learned
        self._words = _WORDS[language]
        self._language = language

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
