"""The style "bipartite": machines given by an energy, two rows of units and what joins them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from symgraph.build.coerce import as_node
from symgraph.draw.nets.net_outputs import loss_of
from symgraph.draw.nets.unit_net import Unit, UnitNet
from symgraph.draw.view import Language, View, ViewEdge, ViewGroup, ViewNode
from symgraph.draw.writers.texmath import plain
from symgraph.errors import DrawError
from symgraph.evaluate import bind_values
from symgraph.node import Node
from symgraph.printing import latex_name
from symgraph.rounding import number_latex
from symgraph.shapes import bind_dim

__all__ = ["bipartite_view"]

Pair = tuple[int, int]

_WORDS: dict[Language, tuple[str, str]] = {
    "en": ("visible units", "hidden units"),
    "zh": ("可见层", "隐藏层"),
}
# How far off its unit a bias stands, in rows.
_BIAS = 0.25
#: More edges than this between two rows are not labelled unless asked.
_MOST_LABELS = 20


def bipartite_view(
    expr: Any,
    values: Mapping[Any, Any] | None = None,
    *,
    labels: bool | None = None,
    biases: bool = False,
    widest: int = 8,
    digits: int = 4,
    title: str = "",
    language: Language = "en",
    legend: bool = False,
) -> View:
    """A restricted Boltzmann machine from its energy, or a belief net from those of its layers.

    The units are what the energy multiplies in pairs; an edge carries the weight of its pair, which
    the energy has with a minus. Of several energies each shares a row of units with the next; the
    last one stays undirected, in those before it the upper row makes the lower one. With `values`
    the units show theirs. `biases` adds what the energy multiplies one unit with, beside the units
    of the lowest and the highest row, below those of rows between.
    Raises DrawError for what is no energy of pairs, and where units of one row are joined.
    """
    given = getattr(expr, "stages", loss_of(expr))
    energies = list(given) if isinstance(given, (list, tuple)) else [given]
    machine = _Machine([as_node(one, "draw") for one in energies], widest)
    return machine.view(values, labels, biases, digits, title, language, legend)


class _Machine:
    """Rows of units from below, and the weight of each pair of them."""

    def __init__(self, energies: Sequence[Node], widest: int) -> None:
        self.net = UnitNet(energies, "bipartite", widest)
        self.rows: list[Node] = []
        self.pairs: list[tuple[Pair, Any, int]] = []
        self.biases: dict[int, Any] = {}
        for number, energy in enumerate(energies):
            if energy.shape:
                raise DrawError(
                    "draw: the style 'bipartite' reads an energy, which is one number; this "
                    f"expression has shape {energy.shape}. Sum it, or use style='layers'."
                )
            self._read(number, self.net.forms(energy)[()])
        if not self.pairs:
            raise DrawError(
                "draw: the style 'bipartite' shows units that an energy multiplies in pairs, and "
                "this expression multiplies none. Use style='layers' or style='graph'."
            )

    def _read(self, number: int, form: Mapping[tuple[int, ...], Any]) -> None:
        for units, weight in form.items():
            if len(units) == 1:
                self.biases[units[0]] = self.biases.get(units[0], 0) - weight
            if len(units) < 2:
                continue
            parts = [self.net.units[one] for one in units]
            if len(units) > 2 or any(unit.kind != "input" for unit in parts):
                names = [plain(unit.name) if unit.name else "a function" for unit in parts]
                raise DrawError(
                    "draw: the style 'bipartite' shows energies of pairs of units, and here "
                    f"{' and '.join(names)} are multiplied. Use style='layers' or style='graph'."
                )
            first, second = parts
            if first.node is second.node:
                raise DrawError(
                    f"draw: {plain(first.name)} and {plain(second.name)} of one row are joined, so "
                    "the machine is not restricted. Use style='graph'."
                )
            for unit in sorted(parts, key=lambda unit: unit.number):
                if unit.node not in self.rows:
                    self.rows.append(unit.node)
            lower, upper = sorted(parts, key=lambda unit: self.rows.index(unit.node))
            self.pairs.append(((lower.number, upper.number), -weight, number))

    def view(
        self,
        values: Mapping[Any, Any] | None,
        labels: bool | None,
        biases: bool,
        digits: int,
        title: str,
        language: Language,
        legend: bool,
    ) -> View:
        """The finished view."""
        read = None if values is None else _Values(self, values, digits)
        nodes: list[ViewNode] = []
        groups: list[ViewGroup] = []
        visible, hidden = _WORDS[language]
        for row, node in enumerate(self.rows):
            members = self._row(node, float(row), read)
            nodes += members
            word = hidden if row else visible
            name = latex_name(getattr(node, "name", ""))
            label = rf"\text{{{word}}}\;{name}" if name else rf"\text{{{word}}}"
            groups.append(ViewGroup(f"row-{row}", label, tuple(one.id for one in members)))
        edges = self._edges(labels, digits)
        if biases:
            nodes, extra = self._with_biases(nodes, digits)
            edges += extra
        return View(
            tuple(nodes), tuple(edges), title, "BT", legend, language, groups=tuple(groups)
        )  # fmt: skip

    def _row(self, node: Node, height: float, read: _Values | None) -> list[ViewNode]:
        units = [unit for unit in self.net.units if unit.node is node]
        used = {number for ends, _, _ in self.pairs for number in ends}
        shown: list[Unit | None] = []
        for unit in sorted(units, key=lambda unit: unit.number):
            if unit.number not in used:
                continue
            if shown and self._is_cut_before(unit):
                shown.append(None)
            shown.append(unit)
        middle = (len(shown) - 1) / 2
        role = "state" if height else "data"
        return [
            ViewNode(f"gap-{height:g}", r"\cdots", "constant", at=(place - middle, height))
            if unit is None
            else ViewNode(
                f"u{unit.number}",
                unit.name,
                "state" if role == "state" else "data",
                forward=None if read is None else read.unit(unit),
                form="disc",
                at=(place - middle, height),
            )
            for place, unit in enumerate(shown)
        ]

    def _is_cut_before(self, unit: Unit) -> bool:
        axes = self.net.axes(unit.node)
        return any(
            len(axis) == 3 and i == axis[2] and i != 2
            for i, axis in zip(unit.place, axes, strict=True)
        )

    def _edges(self, labels: bool | None, digits: int) -> list[ViewEdge]:
        last = max(number for _, _, number in self.pairs)
        crowded = max(
            sum(number == one for _, _, one in self.pairs) for _, _, number in self.pairs
        )  # fmt: skip
        shown = crowded <= _MOST_LABELS if labels is None else labels
        uses: dict[str, int] = {}
        found: list[ViewEdge] = []
        for (lower, upper), weight, number in self.pairs:
            text = self._weight(weight, digits) if shown else None
            tail, head = (upper, lower) if number < last else (lower, upper)
            operand = uses[f"u{head}"] = uses.get(f"u{head}", -1) + 1
            found.append(
                ViewEdge(f"u{tail}", f"u{head}", operand, text, arrow=number < last, ink=True)
            )
        return found

    def _with_biases(
        self, nodes: list[ViewNode], digits: int
    ) -> tuple[list[ViewNode], list[ViewEdge]]:
        """A small box above each unit of the highest row and below each of the lowest one."""
        top = float(len(self.rows) - 1)
        found: list[ViewNode] = []
        edges: list[ViewEdge] = []
        for node in nodes:
            bias = self.biases.get(int(node.id[1:])) if node.id[0] == "u" else None
            if bias is None or node.at is None:
                found.append(node)
                continue
            label, (column, row) = self._weight(bias, digits), node.at
            if row not in (0.0, top):
                found.append(replace(node, caption=label))
                continue
            at = (column, row - _BIAS if row == 0.0 else row + _BIAS)
            chip = ViewNode(f"b{node.id}", label, "parameter", label, dashed=True, at=at)
            found += [node, chip]
            edges.append(ViewEdge(chip.id, node.id, len(nodes), arrow=False))
        return found, edges

    def _weight(self, weight: Any, digits: int) -> str:
        if weight.is_Number:
            return number_latex(float(weight), digits)
        (symbol,) = weight.free_symbols if len(weight.free_symbols) == 1 else (None,)
        sign = "" if weight == symbol else "-"
        if symbol is None or weight not in (symbol, -symbol):
            return r"w"
        var, place = self.net.weights[symbol]
        return sign + self.net.entry_latex(var.name, place, lowered=True)


class _Values:
    """The values of the units where they are given."""

    def __init__(self, machine: _Machine, values: Mapping[Any, Any], digits: int) -> None:
        self.known, self.dims = bind_values(machine.net.outputs, values)
        self.digits = digits

    def unit(self, unit: Unit) -> str | None:
        """The value of a unit, None where it is not given."""
        array = self.known.get(unit.node)
        if array is None:
            return None
        at = tuple(bind_dim(i, self.dims) for i in unit.place)
        return number_latex(float(array[at]), self.digits)
