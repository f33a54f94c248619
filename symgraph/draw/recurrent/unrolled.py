"""The vectors of a recurrent net and what leads from one to the other, at one general time.

Vectors are inputs, states and the layers outside of the cells; gates and what is computed entry by
entry lie on the way between them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property

from symgraph.draw.recurrent.moment import Cell, Step
from symgraph.node import Node
from symgraph.notation.moments import Point, Previous, Total
from symgraph.notation.tree import Formula, Name
from symgraph.ops.let import bare

__all__ = ["Link", "Net"]


@dataclass(frozen=True)
class Link:
    """One vector feeds another: the layer that takes it in and the weight there, if it is one.

    `only`: the entry of a known sequence that says at which times.
    """

    source: Node
    target: Node
    weight: Formula | None
    only: Node | None = None


@dataclass
class Net:
    """The vectors of a step: `inputs`, the cells, the layers around them, and the losses.

    `ends` are values of the whole sequence that are made of the last state, by the state.
    """

    step: Step
    links: list[Link] = field(default_factory=list)

    def __post_init__(self) -> None:
        for target in (*self.layers, *self._afters):
            self.links += self._links_into(target)
        #: What enters at some times only, by the entry that says when.
        self.switches = {one.source: one.only for one in self.links if one.only is not None}

    @property
    def cells(self) -> tuple[Cell, ...]:
        """The groups of states."""
        return self.step.cells

    @cached_property
    def _afters(self) -> list[Node]:
        return [after for cell in self.cells for _, after in cell.states]

    @cached_property
    def losses(self) -> dict[str, tuple[Node, Formula | None]]:
        """What is summed over each time, and what the sum is called."""
        found: dict[str, tuple[Node, Formula | None]] = {}
        for node in self.step.forward.order:
            if isinstance(node, Total) and str(node.params[0]) not in found and not node.shape:
                name = self.step.name(node)
                found[str(node.params[0])] = (bare(node.args[0]), name)
        return found

    @cached_property
    def layers(self) -> list[Node]:
        """The layers outside of the cells: before them from inputs alone, behind them outputs."""
        inside = self._inside
        return [
            element.node
            for element in self.step.elements([*self._afters, bare(self.step.moments.root)])
            if element.kind == "layer" and element.node not in inside
        ]

    def letter(self, node: Node) -> str | None:
        """The letter of the times of a value, None for one that has no time."""
        if isinstance(node, Previous):
            return str(node.params[0])
        if node in self.switches:
            return self.letter(self.switches[node])
        return self.step.forward.clock.get(node)

    @cached_property
    def _inside(self) -> set[Node]:
        """What depends on an earlier state of a cell and leads to a state of it."""
        found: set[Node] = set()
        for cell in self.cells:
            befores = {before for before, _ in cell.states}
            leading: set[Node] = set()
            for element in self.step.elements([after for _, after in cell.states]):
                sources = {term.source for term in element.terms}
                if sources & (befores | leading):
                    leading.add(element.node)
            found |= leading
        return found

    @cached_property
    def inputs(self) -> list[Node]:
        """The entries of sequences that layers and states are made of; targets are not."""
        return list(
            dict.fromkeys(link.source for link in self.links if self._is_input(link.source))
        )

    def _is_input(self, node: Node) -> bool:
        return self.step.element(node).kind == "input"

    @cached_property
    def vectors(self) -> set[Node]:
        """All that is shown as a vector."""
        return {*self._afters, *self.layers}

    def _links_into(self, target: Node) -> Iterator[Link]:
        """The vectors that a vector is made of, each once."""
        found: dict[Node, list[Formula | None]] = {}
        switches: dict[Node, Node] = {}
        stack: list[tuple[Node, Formula | None]] = [(target, None)]
        seen: set[tuple[Node, Formula | None]] = set()
        while stack:
            node, weight = stack.pop()
            for term in reversed(self.step.element(node).terms):
                own = term.label if term.weight else weight
                source = term.source
                if term.only is not None:
                    switches[source] = term.only
                if isinstance(source, Point):
                    source = self.step.own(source.args[0])
                kind = self.step.element(source).kind
                if kind in ("input", "before") or source in self.vectors:
                    found.setdefault(source, []).append(own)
                elif (source, own) not in seen and not isinstance(source, Total):
                    seen.add((source, own))
                    stack.append((source, own))
        for source, weights in found.items():
            single = weights[0] if all(one == weights[0] for one in weights) else None
            yield Link(source, target, single, switches.get(source))

    def sources_of(self, node: Node) -> list[Node]:
        """The vectors that a value is made of."""
        return [link.source for link in self._links_into(node)]

    def depth(self) -> dict[Node, int]:
        """How many vectors stand below one another at one time."""
        found = dict.fromkeys(self.inputs, 0)
        cell_of = {after: cell for cell in self.cells for _, after in cell.states}
        waiting = [*self.layers, *self._afters]
        for _ in range(len(waiting)):
            for target in waiting:
                below = [
                    found.get(link.source, 0)
                    for link in self.links
                    if link.target is target
                    and not isinstance(link.source, Previous)
                    and (target not in cell_of or cell_of.get(link.source) != cell_of[target])
                ]
                found[target] = 1 + max(below, default=0)
        for cell in self.cells:
            level = max(found[after] for _, after in cell.states)
            found |= {after: level for _, after in cell.states}
        return found

    def origin(self, before: Node) -> Node | None:
        """The state of another loop whose last value a state starts from."""
        start = bare(before.args[0])
        inner = bare(start.args[0]) if isinstance(start, Point) else None
        return inner if inner in self._afters else None

    def title(self, node: Node) -> str:
        """The plain name of a value."""
        name = self.step.name(node)
        return name.name if isinstance(name, Name) else ""
