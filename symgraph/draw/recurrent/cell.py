"""The style "cell": one step of a recurrent net as textbooks draw it.

Yellow boxes are learned layers, pink circles entrywise operations; lines merge where vectors are
joined and fork where they are copied. The cell state runs along the top like a conveyor belt.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from symgraph.draw.recurrent.cell_places import Arranged, arrange
from symgraph.draw.recurrent.moment import Cell, Element, Step, latex_at, root_of, step_of
from symgraph.draw.recurrent.time_columns import count_of
from symgraph.draw.recurrent.time_numbers import Numbers, numbers_of, sizes_of
from symgraph.draw.recurrent.unrolled import Net
from symgraph.draw.view import (
    GroupRole,
    Language,
    LegendEntry,
    Role,
    Route,
    View,
    ViewEdge,
    ViewGroup,
    ViewNode,
)
from symgraph.errors import DrawError
from symgraph.node import Node
from symgraph.notation.moments import Previous
from symgraph.notation.sequences import Moment
from symgraph.notation.tree import Formula, Name

__all__ = ["CellDrawing", "cell_legend", "cell_title", "cell_view"]

#: More elements than this are no cell that one looks at.
_MOST = 80
# A value without a name that is joined to others is written out up to this many symbols.
_SHORT = 5
_TITLE: dict[Language, str] = {"en": r"\text{{{} cell}}", "zh": r"\text{{{} 单元}}"}
_LEGEND: dict[Language, tuple[str, ...]] = {
    "en": ("learned layer", "pointwise operation", "vector", "concatenate", "copy", "peephole"),
    "zh": ("学习层", "逐元素运算", "向量", "拼接", "复制", "窥孔连接"),
}


def cell_view(
    expr: Any,
    values: Mapping[Any, Any] | None = None,
    *,
    repeat: int = 1,
    highlight: str | None = None,
    step: int | None = None,
    build: bool = False,
    which: int = 0,
    time: int | None = None,
    labels: bool = True,
    name: str = "",
    title: str = "",
    language: Language = "en",
    legend: bool = True,
    digits: int = 3,
    prefixes: bool = False,
) -> View:
    """A recurrent cell, as often in a row as `repeat` says; of a list one beside the other.

    `highlight`: a state (its name, or "belt") whose way through the cell is marked; `step`: the
    part of the cell to be marked, 1 what keeps or forgets, 2 what is new, 3 the update, 4 the
    output; its formulas stand below. With `build` the picture is a deck of these four steps, each
    of which adds its part, and nothing moves. `which` chooses among several cells, `name` is what
    stands on its box. `time` is the time of the first cell, from 1; with `values` it shows the
    numbers of that time (without `time` of the first one).
    """
    if repeat < 1:
        raise DrawError(f"draw: repeat={repeat}; write 1 or more.")
    if step is not None and step not in (1, 2, 3, 4):
        raise DrawError(f"draw: step={step!r}; a cell has the steps 1, 2, 3 and 4.")
    if time is not None and (isinstance(time, bool) or not isinstance(time, int) or time < 1):
        raise DrawError(f"draw: time={time!r}; write a whole number from 1 on.")
    nodes: list[ViewNode] = []
    edges: list[ViewEdge] = []
    groups: list[ViewGroup] = []
    notes: list[str] = []
    start = 0.0
    for number, one in enumerate(expr if isinstance(expr, list) else [expr]):
        net = step_of(one, "cell")
        if not 0 <= which < len(net.cells):
            raise DrawError(f"draw: which={which}; there are the cells 0 to {len(net.cells) - 1}.")
        cell = net.cells[which]
        root = root_of(one, "cell")
        numbers = numbers_of(root, values, Net(net), digits)
        first = 1 if time is None and values is not None else time
        _check_time(first, repeat, count_of(Net(net), cell.letter, sizes_of(root, values)))
        drawing = CellDrawing(net, cell, labels, start, f"{number}:", numbers)
        for moment in _moments(cell.letter, repeat, first):
            shown = name or cell_title(net, cell)
            text = _TITLE[language].format(shown) if shown and repeat == 1 else ""
            drawing.draw(moment, text)
        marked = drawing.marked(highlight, step)
        if step is not None:
            notes += drawing.formulas(step)
        if build:
            marked = drawing.build()
        nodes += drawing.nodes
        edges += (replace(edge, highlight=key in marked) for key, edge in drawing.edges)
        groups += drawing.groups
        start = drawing.next + 1.0
    return View(
        tuple(nodes), tuple(edges), title, "BT", legend, language,
        prefixes and values is not None, groups=tuple(groups),
        entries=cell_legend(nodes, tuple(edges), language), notes=tuple(notes),
    )  # fmt: skip


def _moments(letter: str, repeat: int, time: int | None) -> list[Moment | None]:
    """The times of copies in a row: t - 1, t and t + 1, or numbers; None is the general one."""
    if time is not None:
        return [Moment("", time + k) for k in range(repeat)]
    if repeat == 1:
        return [None]
    return [Moment(letter, k - (repeat - 1) // 2) for k in range(repeat)]


def _check_time(time: int | None, repeat: int, known: int | None) -> None:
    """Raise DrawError for a time behind the last one."""
    if time is not None and known is not None and time + repeat - 1 > known:
        raise DrawError(
            f"draw: time={time} with repeat={repeat}; there are the times 1 to {known}."
        )


def cell_title(net: Step, cell: Cell) -> str:
    """LSTM, GRU or RNN, by the gates; empty for a cell of another kind."""
    elements = net.elements([after for _, after in cell.states])
    layers = [one.sign for one in elements if one.kind == "layer"]
    operations = any(one.kind == "operation" for one in elements)
    gates = layers.count(r"\sigma")
    if len(cell.states) == 2 and gates >= 2 and r"\tanh" in layers:
        return "LSTM"
    if len(cell.states) == 1 and operations:
        known = {(r"\sigma", r"\sigma", r"\tanh"): "GRU", (r"\sigma", r"\tanh"): "MGU"}
        return known.get(tuple(sorted(layers)), "")
    return "RNN" if not operations else ""


def cell_legend(
    nodes: list[ViewNode], edges: tuple[ViewEdge, ...], language: Language
) -> tuple[LegendEntry, ...]:
    """The lines of the textbook's legend that a picture needs."""
    roles = {node.role for node in nodes}
    heads = [edge.head for edge in edges]
    tails = [edge.tail for edge in edges]
    joins = {node.id for node in nodes if node.role == "module"}
    used = {
        "gate": "gate" in roles,
        "pointwise": "pointwise" in roles,
        "vector": True,
        "join": any(head in joins for head in heads),
        "copy": len(set(tails)) < len(tails),
        "dashed": any(edge.dashed for edge in edges),
    }
    return tuple(
        LegendEntry(sample, rf"\text{{{text}}}")
        for (sample, shown), text in zip(used.items(), _LEGEND[language], strict=True)
        if shown
    )


# Where an edge starts and ends; the join of the bus and the state at the end are words.
_Key = tuple[Node | str, Node | str]


class CellDrawing:
    """Nodes and edges of the copies of a cell, one beside the other."""

    def __init__(
        self,
        net: Step,
        cell: Cell,
        labels: bool,
        start: float = 0.0,
        prefix: str = "",
        numbers: Numbers | None = None,
    ) -> None:
        self.next = start
        self.copies = 0
        self.prefix = prefix
        self.numbers = numbers or Numbers()
        self.net = net
        self.cell = cell
        self.labels = labels
        found = net.elements([after for _, after in cell.states])
        self.elements = [element for element in found if element.kind != "copy"]
        if len(self.elements) > _MOST:
            raise DrawError(f"draw: a cell of {len(self.elements)} parts is too large to show.")
        self.places: Arranged = arrange(net, cell)
        self.nodes: list[ViewNode] = []
        self.edges: list[tuple[_Key, ViewEdge]] = []
        self.groups: list[ViewGroup] = []
        self.shift = 0.0
        self.moment: Moment | None = None
        self.ids: dict[Node, str] = {}
        self.made: dict[str, Node] = {}

    def draw(self, moment: Moment | None, title: str, role: GroupRole = "module") -> None:
        """One more copy; its earlier states are the later ones of the copy before."""
        copy, self.copies = self.copies, self.copies + 1
        self.shift, self.next = self.next, self.next + self.places.last
        copied = f"{self.prefix}{copy}"
        self.moment = moment
        base = f"{copied}:base"
        before = {after: self.ids.get(after, "") for after in self.places.ends}
        self.ids = {one.node: f"{copied}:{k}" for k, one in enumerate(self.elements)}
        ends = {after: f"{copied}:end{k}" for k, after in enumerate(self.places.ends)}
        if copy:
            for (early, _), after in zip(self.cell.states, self.places.ends, strict=True):
                self.ids[early] = before[after]
        inside = self._draw_nodes(copy, base)
        for element in self.elements:
            self.edges += self._edges_into(element, base)
        self.edges += self._edges_of_base(base)
        for k, (after, place) in enumerate(self.places.ends.items()):
            self._draw_end(ends[after], after, place, k)
        self.made |= {id: node for node, id in (*self.ids.items(), *ends.items())}
        self.ids |= ends
        if inside:
            self.groups.append(ViewGroup(f"{copied}:cell", title, tuple(inside), role))

    def skip(self) -> None:
        """Dots for copies that are left out."""
        self.shift, self.next = self.next, self.next + 1.0
        for k, (after, (_, row)) in enumerate(self.places.ends.items()):
            id = f"{self.prefix}{self.copies}:gap{k}"
            self.nodes.append(ViewNode(id, r"\cdots", "constant", "...", at=(self.next, row)))
            edge = ViewEdge(self.ids[after], id, 0, arrow=False)
            self.edges.append(((after, "gap"), edge))
            self.ids[after] = id
        self.copies += 1

    def _draw_nodes(self, copy: int, base: str) -> list[str]:
        inside: list[str] = []
        for element in self.elements:
            if element.node in self.places.at and not (copy and element.kind == "before"):
                node = self._node(element)
                self.nodes.append(node)
                if node.role in ("gate", "pointwise", "module"):
                    inside.append(node.id)
        if self.places.base:
            label = self._joined(self.places.base)
            at = self._at(self.places.base_at)
            self.nodes.append(ViewNode(base, label, "module", label, form="pill", at=at))
            inside.append(base)
        return inside

    def _at(self, place: tuple[float, float]) -> tuple[float, float]:
        return (place[0] + self.shift, place[1])

    def _latex(self, formula: Formula) -> str:
        return latex_at(formula, self.cell.letter, self.moment)

    def _named(self, node: Node) -> str:
        name = self.net.name(node)
        if name is None and self.net.element(node).kind == "operation":
            meaning = self.net.reader.meaning(node)
            name = meaning if meaning.size <= _SHORT else None
        return r"\cdot" if name is None else self._latex(name)

    def _joined(self, parts: tuple[Node, ...]) -> str:
        return "[" + r",\,".join(self._named(one) for one in parts) + "]"

    def _node(self, element: Element) -> ViewNode:
        node = element.node
        at = self._at(self.places.at[node])
        value, backward = self._numbers(node)
        made = ViewNode(
            self.ids[node], self._named(node), "data", self._named(node), value, backward, at=at
        )
        if element.kind == "before":
            return replace(made, role="state")
        if element.kind == "input":
            return replace(made, role="input")
        if element.kind == "join":
            label = self._joined(tuple(term.source for term in element.terms))
            return replace(
                made, label=label, role="module", alt=label, form="pill", forward=None,
                backward=None,
            )  # fmt: skip
        name = self.net.name(node)
        is_state = any(node is after for _, after in self.cell.states)
        forward = None if name is None or is_state else self._latex(name)
        if forward is None:
            backward = None
        elif value is not None:
            forward = f"{forward} = {value}"
        role: Role = "gate" if element.kind == "layer" else "pointwise"
        alt = f"{element.sign} {forward or ''}".strip()
        return replace(
            made, label=element.sign, role=role, alt=alt, forward=forward, backward=backward
        )

    def _numbers(self, node: Node) -> tuple[str | None, str | None]:
        """The forward and backward value at this time; an earlier state has that of the other."""
        if self.moment is None or self.moment.letter:
            return None, None
        if isinstance(node, Previous):
            if self.moment.offset == 1:
                return self.numbers.of_start(node)
            return self.numbers.of(self._title(node), Moment("", self.moment.offset - 1))
        return self.numbers.of(self._title(node), self.moment)

    def _title(self, node: Node) -> str:
        name = self.net.name(node)
        return name.name if isinstance(name, Name) else ""

    def _draw_end(self, id: str, after: Node, place: tuple[float, float], k: int) -> None:
        label = self._named(after)
        forward, backward = self._numbers(after)
        self.nodes.append(
            ViewNode(id, label, "state", label, forward, backward, at=self._at(place))
        )
        element = self.net.element(after)
        is_copy = element.kind == "copy"
        made = element.terms[0].source if is_copy else after
        level = self.places.at[made][1] == place[1]
        # Two states that change places would run on top of one another round corners.
        route: Route = "straight" if level or is_copy else "upright"
        self.edges.append(((made, "end"), ViewEdge(self.ids[made], id, 0, route=route)))

    def _edges_into(self, element: Element, base: str) -> Iterator[tuple[_Key, ViewEdge]]:
        """The wires of an element; a layer on the bus is fed by the join."""
        places, node = self.places, element.node
        if node not in places.at:
            return
        head = self.ids[node]
        if node in places.fed:
            weights = [term.label for term in element.terms if term.weight and term.label]
            label = r",\,".join(self._latex(one) for one in weights) if self.labels else None
            yield ("base", node), ViewEdge(base, head, 0, label, ink=True, route="sideways")
            for k, extra in enumerate(places.fed[node], 1):
                # Off the belt at a right angle: a state from before past what keeps it.
                early = isinstance(extra, Previous)
                way: Route = "tap" if early else self._route(extra, node)
                yield (extra, node), ViewEdge(self.ids[extra], head, k, dashed=True, route=way)
            return
        for k, term in enumerate(element.terms):
            formula = self.net.at_times(term.label, term.only)
            text = None if formula is None or not self.labels else self._latex(formula)
            text = None if text == element.sign else text  # said in the box already
            route = self._route(term.source, node)
            yield (
                (term.source, node),
                ViewEdge(self.ids[term.source], head, k, text, ink=term.weight, route=route),
            )

    def _edges_of_base(self, base: str) -> Iterator[tuple[_Key, ViewEdge]]:
        """The wires into the join of the bus."""
        x, y = self.places.base_at
        for k, one in enumerate(self.places.base):
            at = self.places.at[one]
            route: Route = "straight" if x == at[0] or y == at[1] else "upright"
            yield (one, "base"), ViewEdge(self.ids[one], base, k, route=route)

    def _route(self, tail: Node, head: Node) -> Route:
        """Round one corner: down from the top line, up from a layer, else straight."""
        (x0, y0), (x1, y1) = self.places.at[tail], self.places.at[head]
        if x0 == x1 or y0 == y1:
            return "straight"
        on_top = tail in self.places.belt or self.net.element(tail).kind == "before"
        if on_top and y1 < y0:
            return "sideways"
        if self.net.element(head).kind == "layer" or self.net.element(head).kind == "join":
            return "sideways"
        return "upright"

    def marked(self, highlight: str | None, step: int | None) -> set[_Key]:
        """The edges that are pointed at.

        Raises DrawError where no state has the name to be highlighted or a way without layers.
        """
        found: set[_Key] = set()
        if highlight is not None:
            found |= self._way_of(highlight)
        if step is not None:
            found |= self._stage(step)
        return found

    def _way_of(self, name: str) -> set[_Key]:
        belt = self.places.belt
        for before, after in self.cell.states:
            formula = self.net.name(after)
            own = formula.name if isinstance(formula, Name) else ""
            if belt and after is belt[-1] and name in ("belt", own):
                return {*itertools.pairwise([before, *belt]), (after, "end")}
        raise DrawError(
            f"draw: highlight={name!r}; the cell has no state of this name that runs on top. "
            "Write highlight='belt' for the one that does."
        )

    def _stage(self, step: int) -> set[_Key]:
        """The edges of one step in reading order: keep, new values, update, output."""
        belt = self.places.belt
        if not belt:
            raise DrawError("draw: the cell has no state that runs on top, so it has no steps.")
        if step == 3:
            sides = {(side, node) for node in belt for side in self._into(node)}
            return self._way_of("belt") | sides
        nodes = set(self._stage_nodes(step))
        found: set[_Key] = {(side, node) for node in nodes for side in self._into(node)}
        found |= {("base", node) for node in nodes if node in self.places.fed}
        if step == 4:
            found |= {(after, "end") for after in self.places.ends if after in nodes}
        return found

    def formulas(self, step: int) -> list[str]:
        """What is computed in one step, as the textbook writes it below the picture."""
        found = []
        reader = self.net.reader
        for node in self._stage_nodes(step):
            name = self.net.name(node)
            if name is not None:
                found.append(f"{self._latex(name)} = {self._latex(reader.meaning(node))}")
        return found

    def build(self) -> set[_Key]:
        """Let every part appear in its step; the edges of each are pointed at there."""
        stages: dict[Node, int] = {}
        for step in (1, 2, 3, 4):
            for node in self._stage_nodes(step):
                stages.setdefault(node, step - 1)
        first = {id: stages.get(node, 0) for id, node in self.made.items()}
        self.nodes = [replace(one, first=first.get(one.id, 0)) for one in self.nodes]
        found: set[_Key] = set()
        for k, (key, edge) in enumerate(self.edges):
            when = max(first.get(edge.tail, 0), first.get(edge.head, 0))
            self.edges[k] = (key, replace(edge, first=when))
            found.add(key)
        return found

    def _stage_nodes(self, step: int) -> list[Node]:
        """The elements that a step computes, in the order of evaluation."""
        belt, out = self.places.belt, self.places.out
        kept = self._behind(belt[:1])
        new = self._behind(belt[1:]) - kept
        last = {*out, *self._behind(out)} - kept - new
        chosen = {1: kept, 2: new, 3: set(belt), 4: last}[step]
        return [one.node for one in self.elements if one.node in chosen]

    def _into(self, node: Node) -> list[Node]:
        return [term.source for term in self.net.element(node).terms]

    def _behind(self, heads: list[Node]) -> set[Node]:
        """What feeds some operations from aside: not the top line, and no states."""
        stop = {*self.places.belt, *heads, *(before for before, _ in self.cell.states)}
        found: set[Node] = set()
        stack = [one for head in heads for one in self._into(head)]
        while stack:
            node = stack.pop()
            if node in stop or node in found or self.net.element(node).kind == "input":
                continue
            found.add(node)
            if node not in self.places.fed:
                stack += self._into(node)
        return found
