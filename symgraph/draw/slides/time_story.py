"""What a deck tells of a recurrent net: forward from left to right, backward from right to left.

The net is written out in time. What stands in the picture has a name at a time, as h_2; the values
between two of these are left to the formulas, and derivatives are handed on through them.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any

import numpy as np

from symgraph.draw.graphs.times import written_out
from symgraph.draw.recurrent.moment import latex_at, root_of, step_of
from symgraph.draw.recurrent.timeline import timeline_view
from symgraph.draw.recurrent.unrolled import Net
from symgraph.draw.slides.story import Story, Teller, learned_of, listed
from symgraph.draw.slides.time_picture import TimePicture, called, name_of
from symgraph.draw.slides.wording import Line, bracketed, equal, whole
from symgraph.draw.view import Language, View
from symgraph.draw.writers.texmath import plain
from symgraph.errors import DrawError
from symgraph.evaluate import bind_values, by_name, evaluate_above
from symgraph.expanded.products import Path
from symgraph.graph import Graph, graph
from symgraph.node import Node
from symgraph.notation.algebra import Algebra
from symgraph.notation.moments import Previous
from symgraph.notation.readtime import MomentReader
from symgraph.notation.sequences import Moment
from symgraph.notation.tree import Derivative
from symgraph.notation.write import write
from symgraph.ops import Pull
from symgraph.ops.leaves import fill
from symgraph.ops.let import bare
from symgraph.ops.sweep import total
from symgraph.shapes import dim_symbols
from symgraph.vertices import Vertex

__all__ = ["time_story"]

#: Times of a net whose number is open, and the most that a slide can show.
_TIMES, _MOST = 3, 8
#: Paths among which the one through most times is looked for.
_PATHS = 200

_WORDS: dict[Language, dict[str, str]] = {
    "en": {
        "build": "The net over time", "forward": "Forward", "backward": "Backward in time",
        "path": "One path through time", "sum": "Sum over the times", "at": "t = {}",
        "of paths": r"\text{product of the derivatives on the path}",
        "same": r"\text{the same parameters at every time}",
        "through": r"\text{through }{names}",
    },
    "zh": {
        "build": "按时间展开", "forward": "前向计算", "backward": "沿时间反向传播",
        "path": "穿过时间的一条路径", "sum": "对所有时刻求和", "at": "t = {}",
        "of paths": r"\text{路径上各导数的乘积}",
        "same": r"\text{每个时刻使用相同的参数}",
        "through": r"\text{经过 }{names}",
    },
}  # fmt: skip


def time_story(
    expr: Any,
    values: Mapping[Any, Any] | None,
    *,
    steps: int | None = None,
    wrt: Any = None,
    leaf: Any = None,
    rate: float = 0.1,
    language: Language = "en",
    digits: int = 3,
    brief: bool = False,
) -> tuple[View, Story]:
    """The picture of a recurrent net over time, and what to tell of it.

    `steps`: how many times, where the expression and the values leave it open (default 3);
    `brief`: cells as boxes, not every operation in them.
    Raises DrawError for an expression without a loop, and for more times than a slide can show.
    """
    root = root_of(expr, "timeline")
    net = Net(step_of(expr, "timeline"))
    length: Any = True if values is not None else _lengths(net, steps or _TIMES)
    (plain_root,), times = written_out([root], length, values)
    count = max(map(len, times), default=0)
    if count > _MOST:
        raise DrawError(
            f"slides: {count} times are more than a slide can show ({_MOST}). "
            f"Write steps={_TIMES}, or give shorter sequences."
        )
    view = _view(expr, values, count, language, digits, brief)
    whole_graph = graph(plain_root)
    picture = TimePicture(view, whole_graph, times, _definitions(net, count))
    teller = _TimeTeller(
        whole_graph, values, learned_of(whole_graph, _names(wrt)), rate, language, digits, picture
    )
    teller.tell_time([whole_graph.vertex(_names(one)) for one in listed(leaf)])
    return view, teller.story


def _lengths(net: Net, steps: int) -> Any:
    """How many times each loop has whose length is open; None where none is."""
    symbols = dim_symbols(
        [size for size in net.step.moments.lengths.values() if not isinstance(size, int)]
    )
    return {str(symbol): steps for symbol in symbols} or None


def _definitions(net: Net, count: int) -> dict[str, str]:
    """What each value with a name is at each time, by its name."""
    forward = net.step.forward
    reader = MomentReader(forward, Algebra(tidy=False), limit=None)
    found: dict[str, str] = {}
    for node in forward.order:
        name, letter = forward.name(node), forward.clock.get(node)
        if name is None or letter is None or isinstance(node, Previous) or not bare(node).args:
            continue
        meaning = reader.meaning(node)
        for k in range(1, count + 1):
            moment = Moment("", k)
            called = plain(latex_at(name, letter, moment))
            found.setdefault(called, latex_at(meaning, letter, moment))
    return found


def _names(what: Any) -> Any:
    """Nodes by their names: variables of the net written out are others."""
    if isinstance(what, (list, tuple)):
        return [_names(one) for one in what]
    name = getattr(what, "name", None)
    return what if name is None else name


def _view(
    expr: Any,
    values: Mapping[Any, Any] | None,
    steps: int,
    language: Language,
    digits: int,
    brief: bool,
) -> View:
    """Every operation where states are layers, else the vectors."""
    options: dict[str, Any] = {"steps": steps, "most": max(steps, 3), "language": language}
    options |= {"loss": True, "digits": digits}
    if not brief:
        with suppress(DrawError):
            return timeline_view(expr, values, detail="ops", **options)
    return timeline_view(expr, values, **options)


class _TimeTeller(Teller):
    """Tells time by time; the steps point at nodes and edges of the picture."""

    def __init__(
        self,
        shown: Graph,
        values: Mapping[Any, Any] | None,
        learned: list[Vertex],
        rate: float,
        language: Language,
        digits: int,
        picture: TimePicture,
    ) -> None:
        known = None if values is None else by_name(values)
        super().__init__(shown, known, learned, rate, language, digits)
        self._words = self._words | _WORDS[language]
        self._picture = picture
        self._handed = self._derivatives()

    def tell_time(self, leaves_told: Sequence[Vertex]) -> None:
        """All of it."""
        self._unroll()
        if any(edge.label and not edge.ink for edge in self._picture.view.edges):
            self.story.labels = self._add("labels", [(self._words["on edges"],)])
        active = self._active()
        order = [v for v in self._picture.ids if v.node.args and not isinstance(v.node, Pull)]
        order = self._ordered({*order, self._root})
        self._evaluate(order)
        self._hand_back([vertex for vertex in reversed(order) if vertex in active])
        for leaf in leaves_told or [self._most_told()]:
            self._through_time(leaf)
        self._update([v for v in self._learned if v in active and not v.node.args])

    def _ordered(self, vertices: set[Vertex]) -> list[Vertex]:
        """Time by time where that is an order of evaluation, else as the graph has them."""
        late = len(self._picture.columns)

        def time(vertex: Vertex) -> tuple[int, int]:
            column = self._picture.column_of(vertex)
            return (late if column is None else column, vertex.number)

        by_time = sorted(vertices, key=time)
        place = {vertex: k for k, vertex in enumerate(by_time)}
        is_order = all(
            place.get(source, late * late) > place[vertex]
            for vertex in by_time
            for source, _ in self._handed.get(vertex, ())
            if source is not vertex
        )
        return by_time if is_order else sorted(vertices, key=lambda vertex: vertex.number)

    # --- phases ---------------------------------------------------------------------------------

    def _unroll(self) -> None:
        """One column after the other."""
        picture = self._picture
        for column in range(1 + max(picture.columns.values())):
            ids = [id for id, one in picture.columns.items() if one == column]
            line: Line = (self._words["same"],) if column else (self._names_of(ids),)
            step = self._say("build", self._timed("build", column), [line], ids)
            self.story.nodes.update(dict.fromkeys(ids, step))
            self.story.groups.update(
                {
                    k: step
                    for k, group in enumerate(picture.view.groups)
                    if group.members and group.members[0] in ids
                }
            )

    def _names_of(self, ids: Sequence[str]) -> str:
        leaves = {
            vertex: vertex.label("latex")
            for id in ids
            if (vertex := self._picture.vertex_of.get(id)) is not None
            and (not vertex.node.args or isinstance(vertex.node, Pull))
        }
        return r",\; ".join(leaves.values())

    def _evaluate(self, order: Sequence[Vertex]) -> None:
        """Forward, in the order of evaluation."""
        leaves = [
            vertex for vertex in self._picture.ids
            if vertex not in order and vertex.role != "parameter"
        ]  # fmt: skip
        if self._found is not None and leaves:
            step = self._add("leaves", self._lines(leaves, self._given, self._short_value), leaves)
            self._set(self.story.forward, step, leaves, self._forward_text)
        for column, vertices in self._by_time(order):
            lines = [self._computed(vertex) for vertex in vertices]
            if vertices == [self._root] and (losses := self._picture.all_losses()):
                value = self._value(self._root)
                called = equal(self._called(self._root), losses[0])
                rest = (f"+ {one}" for one in losses[1:])
                lines = [(*called, *rest, *([f"= {value}"] if value else []))]
            lines += self._stacked(column)
            heading = self._timed("forward", column)
            step = self._say("forward", heading, lines, self._ids(vertices))
            self._set(self.story.forward, step, vertices, self._forward_text)
        # What is stacked over all times stands in the picture time by time.
        for node in self._picture.view.nodes:
            if node.forward and self._picture.is_stacked(node):
                self.story.forward[node.id] = [(step, node.forward)]
            if node.backward and self._picture.is_stacked(node):
                self.story.backward[node.id] = [(step + 1, node.backward)]

    def _stacked(self, column: int | None) -> list[Line]:
        """The definitions of what the graph computes for all times at once."""
        nodes = [
            node for node in self._picture.view.nodes
            if self._picture.columns[node.id] == column and self._picture.is_stacked(node)
        ]  # fmt: skip
        return [
            equal(name_of(node), self._picture.written[called(node)])
            for node in nodes if called(node) in self._picture.written
        ]  # fmt: skip

    def _hand_back(self, order: Sequence[Vertex]) -> None:
        """Backward, against the order of evaluation."""
        times = [(column, vertices) for column, vertices in self._by_time(order)]
        if len(times) > 1 and times[0] == (None, [self._root]):
            # The root has no time of its own.
            times[:2] = [(times[1][0], [self._root, *times[1][1]])]
        for column, vertices in times:
            lines = [self._arriving(vertex) for vertex in vertices]
            step = self._say(
                "backward", self._timed("backward", column), lines, self._ids(vertices)
            )
            self._set(self.story.backward, step, vertices, self._backward_text)

    def _through_time(self, leaf: Vertex) -> None:
        """The path through most times, then the sum over all times."""
        paths = self._graph.paths(self._root, leaf, self._values, limit=_PATHS)
        name = whole(self._root, leaf)
        if not paths.shown or not paths.shown[0].edges:
            self._add("sum", [(self._words["no path"],), equal(name, "0")], [leaf])
            return
        longest = max(paths.shown, key=lambda path: len(path.edges))
        stops = self._stops(longest)
        ways = [way for pair in itertools.pairwise(stops) for way in self._picture.between(*pair)]
        product = r" \cdot ".join(
            write(Derivative(head.reference, tail.reference), "latex")
            for head, tail in itertools.pairwise(stops)
        )
        lines: list[Line] = [(self._words["of paths"],), self._factored(product, longest)]
        on_way = {id for way in ways for id in way[:2]}
        # Of a parameter only the chip on the way.
        ids = [id for vertex in stops for id in self._picture.ids.get(vertex, ()) if id in on_way]
        self._say("path", self._words["path"], lines, ids or self._ids(stops), ways)
        parts = self._terms(leaf)
        texts = [text for _, text, _ in parts]
        sums: Line = (*equal(name, texts[0]), *(f"+ {text}" for text in texts[1:]))
        numbers = self._shares(parts)
        gradient = [] if paths.gradient is None else [self._number(paths.gradient)]
        sums = (*sums, *numbers, *(f"= {one}" for one in gradient))
        heads = [head for head, _, _ in parts]
        ways = [way for head in heads for way in self._picture.between(head, leaf)]
        self._say("sum", self._words["sum"], [sums], self._ids([*heads, leaf]), ways)

    def _most_told(self) -> Vertex:
        """The parameter that most states are multiplied by: the recurrent one."""
        states = {v.node for v in self._picture.ids if v.node.args and not isinstance(v.node, Pull)}

        def uses(vertex: Vertex) -> int:
            stack, found = [node for _, node in self._handed[vertex]], set()
            while stack:
                node = stack.pop()
                if node not in found:
                    found.add(node)
                    stack += () if node in states else node.args
            return len(states & found)

        return max(self._learned, key=uses)

    def _stops(self, path: Path) -> list[Vertex]:
        """The vertices of a path that stand in the picture."""
        shown = {*self._picture.ids, self._root, path.edges[-1].tail}
        return [vertex for vertex in path.vertices if vertex in shown]

    def _factored(self, product: str, path: Path) -> Line:
        first, *others = product.split(r" \cdot ")
        number = [] if path.value is None else [f"= {self._number(path.value)}"]
        return (first, *(rf"\cdot {other}" for other in others), *number)

    # --- derivatives handed on ------------------------------------------------------------------

    def _derivatives(self) -> dict[Vertex, list[tuple[Vertex, Node]]]:
        """For each vertex what arrives from each vertex of the picture above it."""
        shown = {vertex for vertex in self._picture.ids if not isinstance(vertex.node, Pull)}
        arriving: dict[Vertex, list[tuple[Vertex, Node]]] = {
            self._root: [(self._root, fill(1, (), "real"))]
        }
        found: dict[Vertex, list[tuple[Vertex, Node]]] = {}
        for vertex in reversed(self._graph.vertices):
            parts: dict[Vertex, list[Node]] = {}
            for edge in self._graph.users(vertex):
                for source, node in arriving.get(edge.head, []):
                    handed = self._graph.labels.passed_on(edge, node)
                    if handed is not None:
                        parts.setdefault(source, []).append(handed)
            found[vertex] = [(source, total(nodes)) for source, nodes in parts.items()]
            if vertex is self._root:
                continue
            if vertex in shown and found[vertex] and vertex.node.args:
                called = Derivative(self._root.reference, vertex.reference)
                place = self._graph.labels.arriving(vertex, called)
                arriving[vertex] = [(vertex, place)]
            elif found[vertex]:
                arriving[vertex] = found[vertex]
        return found

    def _terms(self, vertex: Vertex) -> list[tuple[Vertex, str, Node]]:
        """What arrives at a vertex, a term a source; by the chain rule where indices would run."""
        terms = []
        for source, node in self._handed[vertex]:
            formula = self._graph.labels.read(node, vertex.node)
            text = bracketed(write(formula, "latex"))
            losses = self._picture.losses(vertex) if source is self._root else []
            if losses:
                by = vertex.label("latex")
                text = " + ".join(rf"\frac{{\partial {one}}}{{\partial {by}}}" for one in losses)
            elif "[" in write(formula, "text"):
                links = [(source, vertex)]
                links = links if source is self._root else [(self._root, source), *links]
                text = r"\,".join(whole(head, tail) for head, tail in links)
            terms.append((source, text, node))
        return terms

    def _shares(self, parts: Sequence[tuple[Vertex, str, Node]]) -> list[str]:
        """The terms as numbers, where these are short."""
        if self._found is None or self._values is None or len(parts) < 2:
            return []
        known, dims = bind_values(self._graph.roots, self._values)
        given: dict[Node, Any] = dict(known)
        for source, _, _ in parts:
            if source is not self._root:
                given[self._graph.labels.arriving(source)] = self._found.backward[source]
        nodes = [node for _, _, node in parts]
        found = evaluate_above(nodes, given, dims)
        arrays = [np.asarray(found[node]) for node in nodes]
        if arrays[0].ndim > 1 or arrays[0].size > 4:
            return []
        first, *others = (self._number(array) for array in arrays)
        return [f"= {first}", *(f"+ {bracketed(one)}" for one in others)]

    def _definition(self, vertex: Vertex) -> Line:
        """As the step says it for every time, at the time of the vertex."""
        name = self._called(vertex)
        written = self._picture.written.get(plain(name))
        return super()._definition(vertex) if written is None else equal(name, written)

    def _arriving(self, vertex: Vertex) -> Line:
        name = whole(self._root, vertex)
        if vertex is self._root:
            return equal(name, "1")
        first, *others = (text for _, text, _ in self._terms(vertex))
        slope = self._slope(vertex)
        return (
            name,
            f"= {first}",
            *(f"+ {one}" for one in others),
            *([f"= {slope}"] * bool(slope)),
        )

    def _backward_text(self, vertex: Vertex) -> str:
        if self._found is not None:
            return self._slope(vertex, line=True)
        return "1" if vertex is self._root else whole(self._root, vertex)

    def _rule(self, vertex: Vertex) -> Line:
        name = vertex.label("latex")
        return equal(f"{{{name}}}^{{+}}", rf"{name} - \eta\, {whole(self._root, vertex)}")

    # --- in the picture -------------------------------------------------------------------------

    def _by_time(self, order: Sequence[Vertex]) -> Iterator[tuple[int | None, list[Vertex]]]:
        """Neighbours of one time together."""
        for column, vertices in itertools.groupby(order, self._picture.column_of):
            yield column, list(vertices)

    def _timed(self, phase: str, column: int | None) -> str:
        words = self._words[phase]
        if column is None:
            return words
        colon = "：" if self._language == "zh" else ": "
        return f"{words}{colon}{self._words['at'].format(column + 1)}"

    def _ids(self, vertices: Sequence[Vertex]) -> list[str]:
        return [id for vertex in vertices for id in self._picture.ids.get(vertex, ())]

    def _set(
        self,
        told: dict[str, list[tuple[int, str]]],
        step: int,
        vertices: Sequence[Vertex],
        text: Any,
    ) -> None:
        """Beside the nodes of the picture; in a chip of a parameter stands no value."""
        for vertex in vertices:
            if vertex.role != "parameter" and (shown := text(vertex)):
                for id in self._picture.ids.get(vertex, ()):
                    if self._picture.told_of[id] is vertex:
                        told.setdefault(id, []).append((step, shown))
