"""The styles "timeline" and "rolled": a recurrent net over time, or folded into a loop.

Each time is a column, what is carried runs from column to column, and what all times share has one
colour.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import sympy

from symgraph.draw.recurrent.cell import cell_title
from symgraph.draw.recurrent.moment import Cell, latex_at, root_of, step_of
from symgraph.draw.recurrent.time_columns import Block, Column, Steps, blocks_of
from symgraph.draw.recurrent.time_numbers import Numbers, numbers_of, sizes_of
from symgraph.draw.recurrent.time_operations import operations_view
from symgraph.draw.recurrent.unrolled import Link, Net
from symgraph.draw.view import Direction, Language, LegendEntry, Role, View, ViewEdge, ViewNode
from symgraph.errors import DrawError
from symgraph.explore.uses import use_counts
from symgraph.node import Node
from symgraph.notation.moments import Previous
from symgraph.notation.sequences import Moment, Timed
from symgraph.notation.tree import Formula, Name
from symgraph.notation.write import write
from symgraph.ops.let import bare
from symgraph.printing import latex_name
from symgraph.walks import variables

__all__ = ["Detail", "rolled_view", "timeline_view"]

Detail = Literal["vectors", "ops"]

_USES: dict[Language, str] = {
    "en": "uses on the way to the loss",
    "zh": "在通往损失的路上的使用次数",
}

_ROLES: dict[Language, dict[str, str]] = {
    "en": {"input": "input", "state": "state", "output": "output", "module": "cell"},
    "zh": {"input": "输入", "state": "状态", "output": "输出", "module": "单元"},
}


def timeline_view(
    expr: Any,
    values: Mapping[Any, Any] | None = None,
    *,
    steps: int | None = None,
    most: int = 8,
    detail: Detail = "vectors",
    loss: bool = False,
    uses: bool = False,
    title: str = "",
    language: Language = "en",
    legend: bool = True,
    digits: int = 3,
    prefixes: bool = False,
    path: Any = None,
) -> View:
    """A recurrent net over time, one column a time.

    `steps`: how many times there are, where the expression leaves it open; more than `most` are
    shown as the first two, dots, and the last one. `detail`: "vectors" shows inputs, states and
    outputs, "ops" every operation with its local derivative. `loss` adds the losses and their sum,
    `uses` a line that says how often each parameter is used on the way to the loss.
    With `values` the vectors show their numbers. `path` marks, among operations, one way back
    through time, ("W", 2) from the use of W at time 2 to the last loss, ("W", 2, 3) to that of time
    3, and writes its product below.
    """
    if detail not in ("vectors", "ops"):
        raise DrawError(f"draw: detail={detail!r}; write 'vectors' or 'ops'.")
    if steps is not None and (not isinstance(steps, int) or steps < 1):
        raise DrawError(f"draw: steps={steps!r}; write a whole number from 1 on.")
    net = Net(step_of(expr, "timeline"))
    root = root_of(expr, "timeline")
    numbers = numbers_of(root, values, net, digits)
    shown: Steps = sizes_of(root, values) or steps
    notes = (_uses_note(root, shown, language),) if uses else ()
    if detail == "ops":
        view = operations_view(net, shown, most, numbers, title, language, legend, path)
        notes = (*view.notes, *notes)
        return replace(view, prefixes=prefixes and values is not None, notes=notes)
    if path is not None:
        raise DrawError("draw: path marks edges between operations; write detail='ops' too.")
    # Loops side by side in one column need twice the room.
    pitch = 2.0 if _side_by_side(net) else 1.0
    drawing = _Vectors(net, blocks_of(net, shown, most, pitch), numbers, pitch)
    drawing.draw()
    if loss:
        drawing.draw_losses()
    return View(
        tuple(drawing.nodes), tuple(drawing.edges), title, drawing.direction, legend, language,
        prefixes and values is not None, entries=_entries(drawing.nodes, language), notes=notes,
    )  # fmt: skip


def _uses_note(root: Node, steps: Steps, language: Language) -> str:
    """How often each parameter is used; open lengths have so many steps, if that is known."""

    def size(symbol: sympy.Symbol) -> sympy.Expr:
        found = steps.get(symbol) if isinstance(steps, Mapping) else steps
        return symbol if found is None else sympy.Integer(found)

    said = []
    for name, count in sorted(use_counts(root).items()):
        known = sympy.sympify(count)
        known = known.xreplace({symbol: size(symbol) for symbol in known.free_symbols})
        said.append(rf"{latex_name(name)}:\,{sympy.latex(known)}")
    return rf"\text{{{_USES[language]}}}:\quad " + r",\quad ".join(said)


def rolled_view(
    expr: Any,
    values: Mapping[Any, Any] | None = None,
    *,
    title: str = "",
    language: Language = "en",
    legend: bool = True,
) -> View:
    """A recurrent net at one general time, its states as loops; `values` are not shown."""
    net = Net(step_of(expr, "rolled"))
    letters = dict.fromkeys(cell.letter for cell in net.cells)
    blocks = [
        Block(
            letter,
            tuple(cell for cell in net.cells if cell.letter == letter),
            (Column(2.0 * k, Moment(letter)),),
        )
        for k, letter in enumerate(letters)
    ]
    drawing = _Vectors(net, blocks, Numbers(), rolled=True)
    drawing.draw()
    return View(
        tuple(drawing.nodes), tuple(drawing.edges), title, drawing.direction, legend, language,
        entries=_entries(drawing.nodes, language),
    )  # fmt: skip


def _side_by_side(net: Net) -> bool:
    depth = net.depth()
    spots = [(cell.letter, depth[cell.states[0][1]]) for cell in net.cells]
    return len(set(spots)) < len(spots)


def _entries(nodes: list[ViewNode], language: Language) -> tuple[LegendEntry, ...]:
    used = {node.role for node in nodes}
    return tuple(
        LegendEntry(role, rf"\text{{{text}}}")
        for role, text in _ROLES[language].items()
        if role in used
    )


@dataclass
class _Vectors:
    """Nodes and edges of the vectors, column by column."""

    net: Net
    blocks: list[Block]
    numbers: Numbers
    pitch: float = 1.0
    rolled: bool = False
    nodes: list[ViewNode] = field(default_factory=list)
    edges: list[ViewEdge] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.depth = self.net.depth()
        self.owner = {
            value: cell for cell in self.net.cells for pair in cell.states for value in pair
        }
        self.block_of = {cell: block for block in self.blocks for cell in block.cells}
        self.offset, self.rows = self._arranged()
        self.hues: dict[Formula | str, int] = {}

    @property
    def direction(self) -> Direction:
        """Along the columns where several states run side by side, so that these get room."""
        return "LR" if any(len(cell.states) > 1 for cell in self.net.cells) else "BT"

    def _arranged(self) -> tuple[dict[Node, float], dict[Node, float]]:
        """How far each vector stands off the middle of its column, and its row."""
        groups: dict[tuple[int, str | None], list[Node]] = {}
        for node, depth in self.depth.items():
            cell = self.owner.get(node)
            if cell is None or node is cell.states[0][1]:
                groups.setdefault((depth, self.net.letter(node)), []).append(node)
        offset: dict[Node, float] = {}
        rows: dict[Node, float] = {}
        lifted: dict[str | None, float] = {}
        for (depth, letter), nodes in sorted(groups.items(), key=lambda item: item[0][0]):
            lift = lifted.get(letter, max(lifted.values(), default=0.0) if letter is None else 0.0)
            loops = sum(node in self.owner for node in nodes)
            rare = [node for node in nodes if node in self.net.switches]
            for k, node in enumerate(rare, 1):
                # The others stand in the middle, as at the times when these do not enter.
                rows[node], offset[node] = depth + lift, -0.5 * self.pitch * k
            nodes = [node for node in nodes if node not in rare]
            for k, node in enumerate(nodes):
                # Loops side by side stand on two levels, so that what they carry goes past.
                rows[node] = depth + lift + (k if loops > 1 else 0)
                offset[node] = 0.5 * self.pitch * (k - (len(nodes) - 1) / 2)
            lifted[letter] = lift + (loops - 1 if loops > 1 else 0)
        return offset, rows

    def draw(self) -> None:
        """The columns, then what runs between vectors."""
        for block in self.blocks:
            for column in block.columns:
                self._draw_column(block, column)
            for cell in block.cells:
                if not self.rolled:
                    self._draw_start(block, cell)
        for block in self.blocks:
            for k, column in enumerate(block.columns):
                if column.moment is not None:
                    for link in self.net.links:
                        self._draw_link(block, k, link)
        for block in self.blocks:
            for cell in block.cells:
                self._draw_carried(block, cell)

    # --- nodes --------------------------------------------------------------------------------

    def _draw_column(self, block: Block, column: Column) -> None:
        last = block.columns[-1] is column and block is self.blocks[-1]
        for node in self.rows:
            letter = self.net.letter(node)
            if letter != block.letter and not (letter is None and last):
                continue
            at = (column.at + self.offset[node], self.rows[node])
            only = self.net.switches.get(node)
            if only and not self.net.step.enters(only, column.moment, block.columns[-1].moment):
                continue
            if column.moment is None:
                if node in self.owner:
                    self.nodes.append(
                        ViewNode(self._id(node, column), r"\cdots", "constant", "...", at=at)
                    )
                continue
            self.nodes.append(self._node(node, block, column, at))

    def _node(self, node: Node, block: Block, column: Column, at: tuple[float, float]) -> ViewNode:
        id = self._id(node, column)
        label = self._named(node, block.letter, column.moment)
        moment = Moment() if node in self.net.switches else column.moment
        forward, backward = self.numbers.of(self.net.title(node), moment)
        made = ViewNode(id, label, "state", label, forward, backward, form="box", at=at)
        cell = self.owner.get(node)
        if cell is not None and len(cell.states) > 1:
            title = cell_title(self.net.step, cell) or "A"
            return replace(made, label=rf"\mathrm{{{title}}}", role="module", alt=title)
        if cell is not None:
            return made
        role: Role = "input" if node in self.net.inputs else "output"
        if role == "output" and any(link.source is node for link in self.net.links):
            role = "data"
        return replace(made, role=role)

    def _id(self, node: Node, column: Column) -> str:
        cell = self.owner.get(node)
        shown = node if cell is None else cell.states[0][1]
        return f"{shown.serial}@{column.at:g}"

    def _named(self, node: Node, letter: str, moment: Moment | None) -> str:
        name = self.net.step.name(node)
        if name is None:
            name = Timed("y", "column", Moment(letter))
        return latex_at(name, letter, moment)

    def _draw_start(self, block: Block, cell: Cell) -> None:
        """What the states start from, before the first column (behind the last one)."""
        column = block.columns[-1 if cell.backwards else 0]
        at = column.at + self.pitch * (1.0 if cell.backwards else -1.0)
        for k, (before, _) in enumerate(cell.states):
            if self.net.origin(before) is not None:
                continue
            label = self._named(before, block.letter, column.moment)
            row = self.rows[cell.states[0][1]] + 0.5 * ((len(cell.states) - 1) / 2 - k)
            place = (at + self.offset[cell.states[0][1]], row)
            forward, _ = self.numbers.of_start(before)
            id = f"{before.serial}@start"
            self.nodes.append(ViewNode(id, label, "state", label, forward, form="box", at=place))
            self._draw_sources(before, id, place)

    def _draw_sources(self, before: Node, head: str, place: tuple[float, float]) -> None:
        """The data that a state starts from, where it is computed: it enters only there."""
        start = bare(before.args[0])
        leaves = variables([start]) if start.args else []
        weights = [leaf for leaf in leaves if leaf.params[2] == "parameter"]
        data = [leaf for leaf in leaves if leaf.params[2] == "input" and leaf.kind == "real"]
        label = r",\,".join(latex_name(leaf.params[0]) for leaf in weights)
        for k, leaf in enumerate(data):
            text = latex_name(leaf.params[0])
            at = (place[0] + k - (len(data) - 1) / 2, place[1] - 1.0)
            id = f"{leaf.serial}@source"
            if all(node.id != id for node in self.nodes):
                self.nodes.append(ViewNode(id, text, "input", text, form="box", at=at))
            hue = None if not label else self.hues.setdefault(label, len(self.hues))
            self.edges.append(ViewEdge(id, head, k, label or None, ink=True, hue=hue))

    # --- edges --------------------------------------------------------------------------------

    def _draw_link(self, block: Block, k: int, link: Link) -> None:
        """One vector into another at the same time."""
        if isinstance(link.source, Previous):
            return
        letter = self.net.letter(link.target)
        last = k == len(block.columns) - 1
        if letter is None:
            if not last or self.net.letter(link.source) not in (block.letter, None):
                return
        elif letter != block.letter:
            return
        column = block.columns[k]
        goal = self.blocks[-1].columns[-1] if letter is None else column
        tail, head = self._id(link.source, column), self._id(link.target, goal)
        if tail == head or any(one.tail == tail and one.head == head for one in self.edges):
            return
        ids = {node.id for node in self.nodes}
        if tail in ids and head in ids:
            step, only = self.net.step, link.only if self.rolled else None
            weight = step.at_times(link.weight, only)
            self.edges.append(self._edge(tail, head, weight, block, column))

    def _edge(
        self, tail: str, head: str, weight: Formula | None, block: Block, column: Column
    ) -> ViewEdge:
        operand = sum(edge.head == head for edge in self.edges)
        if weight is None:
            return ViewEdge(tail, head, operand)
        hue = self.hues.setdefault(weight, len(self.hues))
        label = latex_at(weight, block.letter, column.moment)
        return ViewEdge(tail, head, operand, label, ink=True, hue=hue)

    def _draw_carried(self, block: Block, cell: Cell) -> None:
        """What the states of a cell hand on from column to column."""
        columns = block.columns[::-1] if cell.backwards else block.columns
        for k, column in enumerate(columns):
            together = column.moment is None or (k > 0 and columns[k - 1].moment is None)
            for before, after in cell.states[:1] if together else cell.states:
                head = self._id(after, column)
                tail = self._tail_of(cell, before, columns, k)
                weight = self._carried_weight(before, cell)
                edge = self._edge(tail, head, weight, block, column)
                if len(cell.states) > 1:
                    shown = column if self.rolled else columns[k - 1] if k else Column(0.0, None)
                    afters = [pair[1] for pair in cell.states] if together else [after]
                    edge = replace(edge, label=self._handed_on(afters, block, shown), ink=True)
                if self.rolled:
                    edge = replace(edge, route="loop")
                if column.moment is None:
                    edge = replace(edge, arrow=False)
                self.edges.append(edge)

    def _handed_on(self, afters: list[Node], block: Block, column: Column) -> str | None:
        """The names of what runs from one cell to the next."""
        if column.moment is None:
            return None
        return r",\,".join(self._named(one, block.letter, column.moment) for one in afters)

    def _tail_of(self, cell: Cell, before: Node, columns: tuple[Column, ...], k: int) -> str:
        """Where a state comes from at the k-th step."""
        after = next(after for early, after in cell.states if early is before)
        if self.rolled:
            return self._id(after, columns[0])
        if k:
            return self._id(after, columns[k - 1])
        origin = self.net.origin(before)
        if origin is None:
            return f"{before.serial}@start"
        other = self.owner[origin]
        theirs = self.block_of[other].columns
        return self._id(origin, theirs[0] if other.backwards else theirs[-1])

    def _carried_weight(self, before: Node, cell: Cell) -> Formula | None:
        weights = [link.weight for link in self.net.links if link.source is before]
        return weights[0] if len(weights) == 1 else None

    # --- losses -------------------------------------------------------------------------------

    def draw_losses(self) -> None:
        """A loss above each column, and their sum."""
        top = max(node.at[1] for node in self.nodes if node.at) + 1.0
        for block in self.blocks:
            loss = self.net.losses.get(block.letter)
            if loss is not None:
                self._draw_losses(block, *loss, top)

    def _draw_losses(self, block: Block, inner: Node, total: Formula | None, top: float) -> None:
        sources = self.net.sources_of(inner)
        middle = (block.columns[0].at + block.columns[-1].at) / 2
        root = f"total@{block.letter}"
        symbol = total.name if isinstance(total, Name) else "L"
        each = Timed(symbol, "scalar", Moment(block.letter))
        for column in block.columns:
            if column.moment is None:
                continue
            id = f"loss@{column.at:g}"
            name = latex_at(each, block.letter, column.moment)
            self.nodes.append(ViewNode(id, r"\ell", "op", name, name, at=(column.at, top)))
            for k, source in enumerate(sources):
                if source not in self.depth:
                    label = self._named(source, block.letter, column.moment)
                    place = (column.at + 0.5, top - 1.0)
                    self.nodes.append(ViewNode(self._id(source, column), label, "data", at=place))
                self.edges.append(ViewEdge(self._id(source, column), id, k))
            self.edges.append(ViewEdge(id, root, 0, "1", route="upright"))
        sign = rf"\sum_{{{block.letter}}}"
        shown = write(Name(symbol), "latex")
        forward, _ = self.numbers.of(symbol, Moment())
        text = shown if forward is None else f"{shown} = {forward}"
        self.nodes.append(ViewNode(root, sign, "root", shown, text, at=(middle, top + 1.0)))
