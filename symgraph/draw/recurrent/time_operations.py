"""A recurrent net over time with every sum and every function, and local derivatives on the edges.

Parameters stand in each column as chips, one colour each, for every time uses them anew: what
leads from a chip is one term of the gradient's sum over time.
"""

from __future__ import annotations

from collections.abc import Container, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from symgraph.draw.recurrent.cell import CellDrawing, cell_legend
from symgraph.draw.recurrent.moment import Cell, Element, Term, latex_at
from symgraph.draw.recurrent.time_columns import Block, Column, Steps, blocks_of
from symgraph.draw.recurrent.time_numbers import Numbers
from symgraph.draw.recurrent.time_paths import Chip, path_of, product, way_back
from symgraph.draw.recurrent.unrolled import Net
from symgraph.draw.view import Language, View, ViewEdge, ViewGroup, ViewNode
from symgraph.errors import DrawError
from symgraph.node import Node
from symgraph.notation.moments import Point, Previous
from symgraph.notation.sequences import Moment, Timed
from symgraph.notation.tree import Formula, Name, Number
from symgraph.notation.write import write
from symgraph.ops import Fill
from symgraph.ops.let import bare

__all__ = ["operations_view"]

_TIME: dict[Language, str] = {"en": "{} = {}", "zh": r"\text{{时刻 }}{} = {}"}


class _Spot(NamedTuple):
    """Where the parts of a layer stand, off the left end of their column."""

    across: float
    chips: tuple[float, ...]
    net: float
    function: float


def operations_view(
    net: Net,
    steps: Steps,
    most: int,
    numbers: Numbers,
    title: str,
    language: Language,
    legend: bool,
    path: Any = None,
) -> View:
    """The view of the style "timeline" with detail="ops".

    A cell with gates stands in every column as textbooks draw it. Raises DrawError for several.
    """
    if any(
        net.step.element(after).kind != "layer" or len(cell.states) > 1
        for cell in net.cells
        for _, after in cell.states
    ):
        if path is not None:
            raise DrawError(
                "draw: path over time is for nets whose states are layers. Mark the way of a state "
                "through a cell with style='cell', highlight='belt'."
            )
        return _gated_view(net, blocks_of(net, steps, most), numbers, title, language, legend)
    drawing = _Operations(net, numbers, language)
    drawing.draw(blocks_of(net, steps, most, drawing.width + 1.0))
    edges, notes = drawing.with_path(path)
    return View(
        tuple(drawing.nodes), edges, title, "BT", legend, language,
        groups=tuple(drawing.groups), notes=notes,
    )  # fmt: skip


def _gated_view(
    net: Net, blocks: list[Block], numbers: Numbers, title: str, language: Language, legend: bool
) -> View:
    """The cell in every column, its operations inside."""
    if len(net.cells) > 1:
        raise DrawError(
            "draw: detail='ops' shows one cell with gates over time, and here are "
            f"{len(net.cells)}. Draw one of them with style='cell', which=0, repeat=3."
        )
    (cell,) = net.cells
    drawing = CellDrawing(net.step, cell, labels=True, numbers=numbers)
    columns = blocks[0].columns[::-1] if cell.backwards else blocks[0].columns
    for column in columns:
        if column.moment is None:
            drawing.skip()
            continue
        shown = write(_time(column.moment), "latex")
        drawing.draw(column.moment, _TIME[language].format(cell.letter, shown), "time")
    edges = tuple(edge for _, edge in drawing.edges)
    return View(
        tuple(drawing.nodes), edges, title, "BT", legend, language,
        groups=tuple(drawing.groups), entries=cell_legend(drawing.nodes, edges, language),
    )  # fmt: skip


@dataclass
class _Operations:
    net: Net
    numbers: Numbers
    language: Language
    nodes: list[ViewNode] = field(default_factory=list)
    edges: list[ViewEdge] = field(default_factory=list)
    groups: list[ViewGroup] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.hues: dict[Node, int] = {}
        self.chips: list[Chip] = []
        self.entrywise: set[int] = set()
        #: What nodes are called, by their ids.
        self.called: dict[str, str] = {}
        #: The losses by their times.
        self.ends: dict[str, str] = {}
        self.blocks: list[Block] = []
        self.spots, self.width = self._arranged()
        self.top = max(spot.function for spot in self.spots.values()) + 1.0
        self.after = {after: cell for cell in self.net.cells for _, after in cell.states}

    def _arranged(self) -> tuple[dict[Node, _Spot], float]:
        """The layers of one depth beside each other, each with its chips to the left."""
        depth = self.net.depth()
        vectors = [
            *self.net.layers,
            *(after for cell in self.net.cells for _, after in cell.states),
        ]
        spots: dict[Node, _Spot] = {}
        used: dict[tuple[int, str | None], float] = {}
        for vector in sorted(vectors, key=lambda one: depth[one]):
            element = self.net.step.element(vector)
            chips = len(self._parameters(element))
            key = (depth[vector], self.net.letter(vector))
            start = used.get(key, 0.0)
            row = 2.0 * depth[vector] - 1.0
            places = tuple(start + k for k in range(chips))
            spots[vector] = _Spot(start + chips, places, row, row + 1.0)
            used[key] = start + chips + 1.0
        # Layers stand above each other, whatever number of chips they have.
        width = max(used.values())
        alone = {key for key in used if sum(depth[v] == key[0] for v in spots) == 1}
        for vector, spot in spots.items():
            if (depth[vector], self.net.letter(vector)) in alone:
                shift = width - 1.0 - spot.across
                moved = tuple(x + shift for x in spot.chips)
                spots[vector] = spot._replace(across=width - 1.0, chips=moved)
        return spots, width

    def _parameters(self, element: Element) -> list[Node]:
        return list(dict.fromkeys((*element.parameters, *element.biases)))

    def draw(self, blocks: list[Block]) -> None:
        """The columns one after the other, then the losses."""
        self.blocks = blocks
        for block in blocks:
            for k, column in enumerate(block.columns):
                self._draw_column(block, k, column)
        for block in blocks:
            self._draw_losses(block)
        if not self.net.losses:
            self._draw_last_loss()

    def with_path(self, path: Any) -> tuple[tuple[ViewEdge, ...], tuple[str, ...]]:
        """The edges, those of a way back through time marked, and its product."""
        if path is None:
            return tuple(self.edges), ()
        if not self.ends:
            ((_, after), *_) = self.blocks[-1].cells[-1].states
            self.ends[""] = self._id(after, self.blocks[-1].columns[-1])
        chip, way = way_back(self.edges, self.chips, path_of(path), self.ends)
        edges = tuple(replace(edge, highlight=k in way) for k, edge in enumerate(self.edges))
        found = product(edges, way, chip, self.entrywise, self.called)
        if found is None:
            return edges, ()
        start = rf"{chip.label}\;({chip.letter} = {chip.time})"
        end = self.called.get(edges[way[-1]].head, r"\cdot")
        return edges, (rf"{start} \to {end}:\quad {found}",)

    # --- one column -----------------------------------------------------------------------------

    def _draw_column(self, block: Block, k: int, column: Column) -> None:
        first = len(self.nodes)
        is_last = block is self.blocks[-1] and k == len(block.columns) - 1
        if column.moment is None:
            for cell in block.cells:
                ((_, after),) = cell.states
                spot = self.spots[after]
                at = (column.at + spot.across, spot.function)
                self.nodes.append(ViewNode(self._id(after, column), r"\cdots", "constant", at=at))
                self._edge_of_time(block, cell, k, self._id(after, column))
                self.edges[-1] = replace(self.edges[-1], alt=r"\cdots")
            return
        inputs = [one for one in self.net.inputs if self._fits(one, block)]
        inputs.sort(key=lambda one: one in self.net.switches)
        for place, node in enumerate(inputs):
            if not self._enters(self.net.switches.get(node), block, column):
                continue
            x = column.at + self.width - 1.0 + place
            label, (forward, _) = self._named(node, block, column), self._values(node, column)
            id = self._id(node, column)
            self.nodes.append(ViewNode(id, label, "data", label, forward, at=(x, 0.0)))
        for vector in self.spots:
            letter = self.net.letter(vector)
            if letter == block.letter or (letter is None and is_last):
                self._draw_layer(block, k, column, vector)
        title = _TIME[self.language].format(block.letter, write(_time(column.moment), "latex"))
        made = [node.id for node in self.nodes[first:]]
        members = tuple(id for id in made if not id.endswith("@start"))
        self.groups.append(ViewGroup(f"time@{column.at:g}", title, members, "time"))

    def _fits(self, node: Node, block: Block) -> bool:
        return self.net.letter(node) == block.letter

    def _id(self, node: Node, column: Column) -> str:
        return f"{node.serial}@{column.at:g}"

    def _named(self, node: Node, block: Block, column: Column) -> str:
        name = self.net.step.name(node)
        return "" if name is None else self._latex(name, block, column)

    def _latex(self, formula: Formula, block: Block, column: Column) -> str:
        return latex_at(formula, block.letter, column.moment)

    def _values(self, node: Node, column: Column) -> tuple[str | None, str | None]:
        moment = Moment() if node in self.net.switches else column.moment
        return self.numbers.of(self.net.title(node), moment)

    def _enters(self, only: Node | None, block: Block, column: Column) -> bool:
        """Whether what enters at some times only does at this one."""
        last = block.columns[-1].moment
        return only is None or self.net.step.enters(only, column.moment, last)

    def _draw_layer(self, block: Block, k: int, column: Column, vector: Node) -> None:
        """The sum, the function, the chips, and what comes in."""
        element, spot = self.net.step.element(vector), self.spots[vector]
        inner = element.net if element.net is not None else vector
        has_function = inner is not vector
        absent = [term for term in element.terms if self._is_absent(term, block, k)]
        sum_id = self._id(inner, column) if has_function else self._id(vector, column)
        x = column.at + spot.across
        many = len(element.terms) - len(absent) + len(element.biases) > 1
        sign = "+" if many else r"\cdot"
        row = spot.net if has_function else spot.function
        self.nodes.append(self._circle(inner, sum_id, sign, (x, row), block, column))
        if has_function:
            id = self._id(vector, column)
            self.nodes.append(
                self._circle(vector, id, element.sign, (x, spot.function), block, column)
            )
            label, (value, dead) = self._slope(element, block, column), (None, False)
            if "softmax" not in element.sign:
                self.entrywise.add(len(self.edges))
                value, dead = self.numbers.slope(self.net.title(vector), column.moment)
            self.edges.append(ViewEdge(sum_id, id, 0, label, value, dead))
        self._draw_terms(block, k, column, element, sum_id, absent)
        weighted = [term for term in element.terms if term.weight]
        pairs = zip(element.parameters, weighted, strict=False)
        without = {parameter for parameter, term in pairs if term in absent}
        self._draw_chips(block, column, element, spot, sum_id, row, without)

    def _slope(self, element: Element, block: Block, column: Column) -> str | None:
        """The derivative of a layer by the sum that it is a function of."""
        name = self.net.step.name(element.node)
        if "softmax" in element.sign and name is not None:
            p = self._latex(name, block, column)
            is_row = getattr(name, "sort", "") == "row"
            turned = rf"{{{p}}}^{{\mathsf{{T}}}}"
            outer = f"{turned} {p}" if is_row else f"{p}\\, {turned}"
            return rf"\operatorname{{diag}}({p}) - {outer}"
        slope = self.net.step.slope_of_layer(element)
        return None if slope is None else self._latex(slope, block, column)

    def _is_absent(self, term: Term, block: Block, k: int) -> bool:
        """Whether a term gives nothing: what enters at other times, the weighted start at zero."""
        if not self._enters(term.only, block, block.columns[k]):
            return True
        if not isinstance(term.source, Previous):
            return False
        cell = next(c for c in block.cells if c.states[0][0] is term.source)
        is_first = k == (len(block.columns) - 1 if cell.backwards else 0)
        start = bare(term.source.args[0])
        return is_first and isinstance(start, Fill) and start.value == 0

    def _circle(
        self,
        node: Node,
        id: str,
        sign: str,
        at: tuple[float, float],
        block: Block,
        column: Column,
    ) -> ViewNode:
        name = self._named(node, block, column) or None
        forward, backward = self._values(node, column)
        if name is not None:
            self.called[id] = name
        shown = name if forward is None or name is None else f"{name} = {forward}"
        return ViewNode(id, sign, "op", f"{sign} {name or ''}".strip(), shown, backward, at=at)

    def _draw_terms(
        self,
        block: Block,
        k: int,
        column: Column,
        element: Element,
        head: str,
        absent: Sequence[Term],
    ) -> None:
        """What the sum is made of: weighted values of this time and the one before."""
        for number, term in enumerate(element.terms):
            if term in absent:
                continue
            label = None if term.label is None else self._latex(term.label, block, column)
            sources = self._vectors_of(term.source)
            for source in sources:
                if isinstance(source, Previous):
                    cell = next(c for c in block.cells if c.states[0][0] is source)
                    self._edge_of_time(block, cell, k, head, label, number)
                else:
                    self.edges.append(ViewEdge(self._id(source, column), head, number, label))
                if len(sources) > 1:
                    # The weight of what is joined is no derivative by one part of it.
                    self.edges[-1] = replace(self.edges[-1], ink=True)

    def _vectors_of(self, node: Node) -> list[Node]:
        """The value itself, or the parts of joined ones."""
        node = bare(node.args[0]) if isinstance(node, Point) else node
        element = self.net.step.element(node)
        if element.kind in ("join", "operation"):
            return [part for term in element.terms for part in self._vectors_of(term.source)]
        return [node]

    def _edge_of_time(
        self, block: Block, cell: Cell, k: int, head: str, label: str | None = None, number: int = 0
    ) -> None:
        """From a state of the column before, or from where the loop starts."""
        ((before, after),) = cell.states
        step = 1 if cell.backwards else -1
        if 0 <= k + step < len(block.columns):
            tail = self._id(after, block.columns[k + step])
        else:
            tail = self._start(block, cell, before, after)
        self.edges.append(ViewEdge(tail, head, number, label))

    def _start(self, block: Block, cell: Cell, before: Node, after: Node) -> str:
        origin = self.net.origin(before)
        if origin is not None:
            other = next(
                one for one in self.blocks if one.cells and self.after[origin] in one.cells
            )
            return self._id(origin, other.columns[0 if self.after[origin].backwards else -1])
        id = f"{before.serial}@start"
        column = block.columns[-1 if cell.backwards else 0]
        spot = self.spots[after]
        side = self.width if cell.backwards else -1.0 - spot.across
        at = (column.at + spot.across + side, spot.function)
        label = self._named(before, block, column)
        forward, _ = self.numbers.of_start(before)
        self.nodes.append(ViewNode(id, label, "data", label, forward, at=at))
        return id

    def _draw_chips(
        self,
        block: Block,
        column: Column,
        element: Element,
        spot: _Spot,
        head: str,
        row: float,
        without: Container[Node],
    ) -> None:
        """The parameters of a layer, and on their edges what they are multiplied by."""
        beside = dict(zip(element.parameters, self._partners(element), strict=False))
        for place, parameter in zip(spot.chips, self._parameters(element), strict=True):
            if parameter in without:
                continue
            hue = self.hues.setdefault(parameter, len(self.hues))
            name = write(self.net.step.weight(parameter), "latex")
            id = f"{self._id(parameter, column)}:{head}"
            at = (column.at + place, row - 1.0)
            self.nodes.append(ViewNode(id, name, "parameter", name, hue=hue, at=at))
            partner = Number(1) if parameter in element.biases else beside.get(parameter)
            label = None if partner is None else self._latex(partner, block, column)
            self.edges.append(ViewEdge(id, head, len(self.edges), label, dashed=True, hue=hue))
            assert column.moment is not None
            sort = getattr(self.net.step.name(element.node), "sort", "")
            time = write(_time(column.moment), "latex")
            plain = getattr(bare(parameter), "name", name)
            rank = 0 if sort == "scalar" else parameter.ndim
            self.chips.append(Chip(id, plain, name, block.letter, time, rank, sort == "row"))

    def _partners(self, element: Element) -> list[Formula | None]:
        """What each parameter multiplies."""
        step = self.net.step
        found: list[Formula | None] = []
        for term in element.terms:
            if term.weight:
                source = term.source
                source = bare(source.args[0]) if isinstance(source, Point) else source
                found.append(step.name(source) or step.reader.read(source))
        return found

    # --- losses ---------------------------------------------------------------------------------

    def _draw_losses(self, block: Block) -> None:
        loss = self.net.losses.get(block.letter)
        if loss is None:
            return
        inner, total = loss
        symbol = total.name if isinstance(total, Name) else "L"
        each = Timed(symbol, "scalar", Moment(block.letter))
        root = f"total@{block.letter}"
        for column in block.columns:
            if column.moment is None:
                continue
            id = f"loss@{column.at:g}"
            x = column.at + self.width - 1.0
            shown = self._latex(each, block, column)
            self.nodes.append(ViewNode(id, r"\ell", "op", shown, shown, at=(x, self.top)))
            self.ends[write(_time(column.moment), "latex")] = id
            self.called[id] = shown
            self._into_loss(inner, id, shown, block, column)
            self.edges.append(ViewEdge(id, root, 0, "1", route="upright"))
            self._join_group(column, id)
        middle = (block.columns[0].at + block.columns[-1].at) / 2 + self.width - 1.0
        name = write(Name(symbol), "latex")
        forward, _ = self.numbers.of(symbol, Moment())
        text = name if forward is None else f"{name} = {forward}"
        sign = rf"\sum_{{{block.letter}}}"
        self.nodes.append(
            ViewNode(root, sign, "root", name, text, "1", at=(middle, self.top + 1.0))
        )

    def _into_loss(self, inner: Node, id: str, shown: str, block: Block, column: Column) -> None:
        """The derivatives of a loss by the vectors it is made of; targets have none."""
        for k, source in enumerate(self.net.sources_of(inner)):
            name = self._named(source, block, column)
            tail = self._id(source, column)
            if source in self.spots:
                label = rf"\frac{{\partial {shown}}}{{\partial {name}}}" if name else None
                self.edges.append(ViewEdge(tail, id, k, label))
                continue
            if all(node.id != tail for node in self.nodes):
                at = (column.at + self.width, self.top - 1.0)
                self.nodes.append(ViewNode(tail, name, "data", name, at=at))
                self._join_group(column, tail)
            self.edges.append(ViewEdge(tail, id, k))

    def _join_group(self, column: Column, id: str) -> None:
        for k, group in enumerate(self.groups):
            if group.id == f"time@{column.at:g}":
                members = (*group.members, id)
                self.groups[k] = ViewGroup(group.id, group.label, members, group.role)

    def _draw_last_loss(self) -> None:
        """A loss of the last state alone."""
        block = self.blocks[-1]
        column = block.columns[-1]
        root = self.net.step.moments.root
        name = self.net.step.name(root)
        sources = [one for one in self.net.sources_of(bare(root)) if one in self.spots]
        if not sources or bare(root) in self.spots or isinstance(bare(root), Point):
            return
        shown = "L" if name is None else write(name, "latex")
        x = column.at + self.spots[sources[0]].across
        forward, _ = self.numbers.of(self.net.title(root), Moment())
        text = shown if forward is None else f"{shown} = {forward}"
        self.ends[""], self.called["loss"] = "loss", shown
        self.nodes.append(ViewNode("loss", r"\ell", "root", shown, text, "1", at=(x, self.top)))
        for k, source in enumerate(sources):
            at_end = self._named(source, block, column)
            label = rf"\frac{{\partial {shown}}}{{\partial {at_end}}}" if at_end else None
            self.edges.append(ViewEdge(self._id(source, column), "loss", k, label))


def _time(moment: Moment) -> Formula:
    return Name(moment.letter) if moment.letter else Name(str(moment.offset))
