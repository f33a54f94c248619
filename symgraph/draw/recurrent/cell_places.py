"""Where the parts of a recurrent cell stand: the conveyor belt on top, layers on a bus below.

A state whose way to its next value avoids all layers runs along the top line. Below it stand the
operations that feed it, and under these the layers, in the order in which they are needed. What
comes from inputs alone hangs below. The depth of recursion is that of one step of a drawn cell.
"""

from __future__ import annotations

import math
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from symgraph.draw.geometry import Point
from symgraph.draw.recurrent.moment import Cell, Element, Step
from symgraph.node import Node
from symgraph.notation.moments import Previous

__all__ = ["Arranged", "arrange", "vectors_of"]

_LAYERS, _BUS, _INPUTS = 1.0, 0.0, -1.0


@dataclass
class Arranged:
    """Places of elements on a grid, from column 0, where the earlier states stand, to `last`.

    `base` are the values that several layers share, joined at `base_at`; `fed` are the layers that
    the join feeds, with what each sees beside it. `belt` are the operations of the top line, `out`
    those of the way from there to another state. `ends` are the places of the states, from and to.
    """

    at: dict[Node, Point] = field(default_factory=dict)
    last: float = 0.0
    base: tuple[Node, ...] = ()
    base_at: Point = (1.0, _BUS)
    fed: dict[Node, tuple[Node, ...]] = field(default_factory=dict)
    belt: list[Node] = field(default_factory=list)
    out: list[Node] = field(default_factory=list)
    ends: dict[Node, Point] = field(default_factory=dict)


def arrange(step: Step, cell: Cell) -> Arranged:
    """Places for all elements of a cell."""
    found = step.elements([after for _, after in cell.states])
    elements = [element for element in found if element.kind != "copy"]
    for before, after in cell.states:
        belt = _way(step, {before}, after)
        if belt:
            return _WithBelt(step, cell, elements, before, belt).run()
    return _in_columns(step, cell, elements)


def vectors_of(step: Step, layer: Element) -> list[Node]:
    """What a layer sees, the parts of joined vectors one by one."""
    found: list[Node] = []
    for term in layer.terms:
        source = step.element(term.source)
        parts = [one.source for one in source.terms] if source.kind == "join" else [term.source]
        found += [one for one in parts if one not in found]
    return found


def _way(step: Step, starts: set[Node], end: Node) -> list[Node]:
    """The operations of the shortest way to a value, itself included, that avoids layers."""
    if step.element(end).kind != "operation":
        return []
    behind: dict[Node, Node] = {end: end}
    waiting = deque([end])
    while waiting:
        node = waiting.popleft()
        for term in step.element(node).terms:
            if term.source in starts:
                found = [node]
                while found[-1] is not end:
                    found.append(behind[found[-1]])
                return found
            if term.source not in behind and step.element(term.source).kind == "operation":
                behind[term.source] = node
                waiting.append(term.source)
    return []


def _given(elements: Sequence[Element]) -> set[Node]:
    """The values that come from inputs alone."""
    found: set[Node] = set()
    for element in elements:
        inner = not isinstance(element.node, Previous)
        if inner and all(term.source in found for term in element.terms):
            found.add(element.node)
    return found


def _hang(step: Step, done: Arranged, node: Node, at: Point) -> None:
    """A value from inputs alone, and below it what it is made of."""
    if node in done.at:
        return
    done.at[node] = at
    for k, term in enumerate(step.element(node).terms):
        _hang(step, done, term.source, (at[0] + k, at[1] - 1.0))


class _WithBelt:
    """A cell with a top line."""

    def __init__(
        self, step: Step, cell: Cell, elements: Sequence[Element], top: Node, belt: list[Node]
    ) -> None:
        self.step = step
        self.cell = cell
        self.elements = elements
        self.state = top
        self.given = _given(elements)
        self.done = Arranged(belt=belt)
        self._find_base()
        depth = max((self._depth(side) for node in belt for side in self._sides(node)), default=0)
        self.top = _LAYERS + 1.0 + max(2, depth)
        self.column = 2.0 if self.done.base else 1.0

    def run(self) -> Arranged:
        """What taps the top line first, then the top line in its order, then what leads off it."""
        done = self.done
        column = done.base_at[0]
        for one in done.base:
            if one in self.given:
                _hang(self.step, done, one, (column, _INPUTS))
                column -= 1.0
        for node in self._taps():
            self._place(node, self.top - 2.0)
        for node in done.belt:
            for side in self._sides(node):
                self._place(side, self.top - 1.0)
            column = max((done.at[side][0] for side in self._sides(node)), default=-1.0)
            taken = {x for x, y in done.at.values() if y == self.top}
            if column < 0 or any(column <= x for x in taken):
                column = self._next()
            done.at[node] = (column, self.top)
        self._place_outputs()
        done.last = float(math.ceil(self._next()))
        self._place_ends()
        return done

    def _next(self) -> float:
        self.column += 1.0
        return self.column - 1.0

    def _find_base(self) -> None:
        """The values that most layers see, and which layers see them."""
        seen: dict[Node, list[Node]] = {}
        for element in self.elements:
            if element.kind == "layer" and element.node not in self.given:
                seen[element.node] = vectors_of(self.step, element)
        ends = {
            layer: [one for one in found if one in self.given or isinstance(one, Previous)]
            for layer, found in seen.items()
        }
        sets = [frozenset(found) for found in ends.values()]
        choices = {a & b for a in sets for b in sets if len(a & b) > 1}
        if not choices:
            return
        order = [one for found in ends.values() for one in found]

        def worth(choice: frozenset[Node]) -> tuple[int, int, int]:
            return (sum(choice <= one for one in sets), len(choice), -min(map(order.index, choice)))

        best = max(choices, key=worth)
        first = next(found for found in ends.values() if best <= set(found))
        self.done.base = tuple(one for one in first if one in best)
        self.done.fed = {
            layer: tuple(one for one in found if one not in best)
            for layer, found in seen.items()
            if best <= set(found)
        }

    def _sides(self, node: Node) -> list[Node]:
        """The operands of an operation that are not on the top line."""
        line = {self.state, *self.done.belt}
        return list(
            dict.fromkeys(
                term.source for term in self.step.element(node).terms if term.source not in line
            )
        )

    def _depth(self, node: Node) -> int:
        """How many operations stand above one another up to a value."""
        if self.step.element(node).kind != "operation" or isinstance(node, Previous):
            return 0
        return 1 + max((self._depth(side) for side in self._sides(node)), default=0)

    def _taps(self) -> Iterator[Node]:
        """Operations on the state of the top line that layers need: they stand before the rest."""
        for element in self.elements:
            tapping = any(term.source is self.state for term in element.terms)
            if element.kind == "operation" and tapping and element.node not in self.done.belt:
                yield element.node

    def _place(self, node: Node, row: float) -> None:
        """A value and what it needs; operations above their last operand, layers side by side."""
        done = self.done
        element = self.step.element(node)
        if node in done.at or element.kind == "before" or node in done.belt:
            return
        if element.kind == "input":
            _hang(self.step, done, node, (self._next(), _INPUTS))
        elif element.kind == "operation":
            self._place_operation(element, row)
        elif element.kind == "layer":
            self._place_layer(element)
        else:
            self._place_join(element)

    def _place_operation(self, element: Element, row: float) -> None:
        done = self.done
        column = -1.0
        tapping = any(term.source is self.state for term in element.terms)
        for side in self._sides(element.node):
            if side not in done.at:
                self._place(side, row - 1.0)
                if side in done.at and not tapping:
                    column = done.at[side][0]
        if column < 0:
            column = self._next()
        done.at[element.node] = (column, self._free_row(element, column, row))

    def _free_row(self, element: Element, column: float, row: float) -> float:
        """A row for an operation to which its operands come sideways and meet nothing."""
        done = self.done
        for choice in (row, row - 1.0, row - 0.5, row - 1.5, row + 0.5):
            if choice <= _LAYERS:
                continue
            blocked = (column, choice) in done.at.values()
            for side in self._sides(element.node):
                if side in done.at and done.at[side][0] != column:
                    x, y = done.at[side]
                    blocked = blocked or any(
                        (one == x and y < other <= choice)
                        or (other == choice and min(x, column) < one < max(x, column))
                        for one, other in done.at.values()
                    )
            if not blocked:
                return choice
        return row

    def _place_layer(self, element: Element) -> None:
        done = self.done
        if element.node not in done.fed:
            for term in element.terms:
                self._place(term.source, self.top - 2.0)
        done.at[element.node] = (self._next(), _LAYERS)

    def _place_join(self, element: Element) -> None:
        """A join that only some layers see: below what is computed for it."""
        done = self.done
        if self._is_base(element):
            return
        for term in element.terms:
            self._place(term.source, self.top - 2.0)
        above = [done.at[t.source] for t in element.terms if t.source in done.at]
        columns = [x for x, y in above if y > _BUS]
        spot = (max(columns) if columns else self._next(), _INPUTS)
        done.at[element.node] = spot if spot not in done.at.values() else (self._next(), _INPUTS)

    def _is_base(self, element: Element) -> bool:
        return set(self.done.base) <= {term.source for term in element.terms}

    def _place_outputs(self) -> None:
        """The other states: the operations of the way from the top line one below another."""
        done = self.done
        for _, after in self.cell.states:
            if after in done.at or self.step.element(after).kind == "copy":
                continue
            way = _way(self.step, {self.state, *done.belt}, after)
            way = [node for node in way if node not in done.at]
            if not way:
                self._place(after, self.top - 2.0)
                continue
            known = set(way)
            self.column += 0.6  # room for the name of a layer beside the last one
            for node in way:
                for side in self._sides(node):
                    if side not in known:
                        self._place(side, self.top - 2.0)
            column = self._next()
            for k, node in enumerate(way, 1):
                done.at[node] = (column, self.top - (self.top - _LAYERS) * k / len(way))
            done.out += way

    def _place_ends(self) -> None:
        done = self.done
        rows = self._rows()
        for before, after in self.cell.states:
            done.at[before] = (0.0, rows[before])
            done.ends[after] = (done.last, rows[before])
        for element in self.elements:
            if element.node not in done.at and not self._is_base(element):
                _hang(self.step, done, element.node, (done.base_at[0], _INPUTS - 1.0))

    def _rows(self) -> dict[Node, float]:
        """The top line for its state, the bus and what is below it for the others."""
        rows: dict[Node, float] = {self.state: self.top}
        for before, _ in self.cell.states:
            if before not in rows:
                rows[before] = _BUS - (len(rows) - 1) * 2.0
        return rows


def _in_columns(step: Step, cell: Cell, elements: Sequence[Element]) -> Arranged:
    """A cell without a top line: from left to right, what comes from inputs below."""
    done = Arranged(base_at=(0.0, 0.0))
    given = _given(elements)
    rows = {before: _LAYERS + 2.0 * k for k, (before, _) in enumerate(cell.states)}
    done.at.update({before: (0.0, row) for before, row in rows.items()})
    depth: dict[Node, int] = {}
    filled: Counter[int] = Counter()
    for element in elements:
        if element.node in given or element.kind == "before":
            continue
        depth[element.node] = 1 + max((depth.get(one, 0) for one in _sources(element)), default=0)
        column = depth[element.node]
        done.at[element.node] = (float(column), _LAYERS + 1.5 * filled[column])
        filled[column] += 1
    for element in elements:
        if element.node not in given and element.kind != "before":
            hung = [one for one in _sources(element) if one in given]
            for k, one in enumerate(hung):
                _hang(step, done, one, (done.at[element.node][0] + 0.6 * k, _BUS))
    done.last = float(max(depth.values(), default=0) + 1)
    for before, after in cell.states:
        done.ends[after] = (done.last, rows[before])
    return done


def _sources(element: Element) -> Iterable[Node]:
    return (term.source for term in element.terms)
