"""A net of units in layers: which unit feeds which, with what weight, and where it stands."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import sympy

from symgraph.draw.nets.unit_forms import CONSTANT
from symgraph.draw.nets.unit_net import Place, Unit, UnitNet
from symgraph.draw.writers.texmath import plain
from symgraph.errors import DrawError
from symgraph.evaluate import bind_values, evaluate_above
from symgraph.node import Node
from symgraph.rounding import number_latex
from symgraph.scalar import Pointwise
from symgraph.shapes import bind_dim

__all__ = ["Layered", "Link", "sign_of_function"]


@dataclass(frozen=True, slots=True)
class Link:
    """An edge: the tail is a unit, or a product of inputs; `masks` switch it on and off."""

    tail: tuple[int, ...]
    head: int
    weight: Any
    masks: tuple[int, ...] = ()


class Layered:
    """The units that the outputs need, in layers, and the links between them."""

    def __init__(self, net: UnitNet) -> None:
        self.net = net
        self.outputs = net.output_units()
        self.needed: dict[int, Unit] = {}
        self.links: list[Link] = []
        #: The constant of the sum of each unit, where it has one.
        self.biases: dict[int, Any] = {}
        self._collect()
        if not self.links:
            raise DrawError(
                f"draw: the style {net.style!r} shows weighted sums of data, and this expression "
                "has none. Use style='graph'."
            )
        self.layers = self._layered()

    # --- structure ----------------------------------------------------------------------------

    def _collect(self) -> None:
        waiting = [unit.number for unit in self.outputs]
        masks = self._masks()
        while waiting:
            number = waiting.pop()
            if number in self.needed:
                continue
            unit = self.needed[number] = self.net.units[number]
            for units, weight in unit.form.items():
                if units == CONSTANT:
                    self.biases[number] = weight
                    continue
                shut = tuple(one for one in units if one in masks)
                tail = tuple(one for one in units if one not in masks) or units
                self._check_product(unit, tail)
                shut = shut if tail != units else ()
                scaled = _without_number(weight) if shut else weight
                self.links.append(Link(tail, number, scaled, shut))
                if len(tail) == 1:
                    waiting.append(tail[0])

    def _check_product(self, unit: Unit, tail: tuple[int, ...]) -> None:
        if len(tail) > 1 and not all(self.net.units[one].is_input for one in tail):
            units = [self.net.units[one] for one in tail]
            names = [plain(unit.name) if unit.name else "a unit" for unit in units]
            raise DrawError(
                f"draw: the style {self.net.style!r} shows weighted sums of units, and here "
                f"{' and '.join(dict.fromkeys(names))} are multiplied. Use style='graph', or "
                "style='cell' for a gate."
            )

    def _masks(self) -> set[int]:
        """Data that only ever multiplies units: it switches them on and off."""
        alone: set[int] = set()
        beside: set[int] = set()
        for unit in self.net.units:
            for units in unit.form:
                inputs = [one for one in units if self.net.units[one].is_input]
                if len(inputs) < len(units):
                    beside.update(inputs)
                else:
                    alone.update(inputs)
        return beside - alone

    def _layered(self) -> dict[tuple[int, ...], int]:
        """The layer of each unit and of each product of inputs; data is layer 0."""
        layers: dict[tuple[int, ...], int] = {}
        incoming: dict[int, list[Link]] = {}
        for link in self.links:
            incoming.setdefault(link.head, []).append(link)
        for number in sorted(self.needed, key=self._depth_order(incoming).__getitem__):
            unit = self.needed[number]
            for link in incoming.get(number, ()):
                if len(link.tail) > 1:
                    layers[link.tail] = 0
            if unit.is_input:
                layers[(number,)] = 0
            else:
                below = [layers[link.tail] for link in incoming.get(number, ())]
                layers[(number,)] = 1 + max(below, default=0)
        last = max(layers.values())
        return layers | {(unit.number,): last for unit in self.outputs}

    def _depth_order(self, incoming: Mapping[int, Sequence[Link]]) -> dict[int, int]:
        """A rank of each unit after those of all units that feed it."""
        ranks: dict[int, int] = {}
        stack = [unit.number for unit in self.outputs]
        while stack:
            number = stack[-1]
            missing = [
                link.tail[0]
                for link in incoming.get(number, ())
                if len(link.tail) == 1 and link.tail[0] not in ranks
            ]
            if number in ranks or not missing:
                ranks.setdefault(number, len(ranks))
                stack.pop()
            else:
                stack += missing
        return ranks

    def columns(self) -> list[list[tuple[int, ...]]]:
        """The units of each layer in the order of their places."""
        columns: list[list[tuple[int, ...]]] = [[] for _ in range(1 + max(self.layers.values()))]
        for tail, layer in self.layers.items():
            columns[layer].append(tail)
        return [sorted(column, key=self._order) for column in columns]

    def _order(self, tail: tuple[int, ...]) -> tuple[Any, ...]:
        """The constant first, then units as they were read, their powers behind them."""
        kind = self.net.units[tail[0]].kind
        return (kind != "one", len(tail), tail)

    def is_cut_before(self, tail: tuple[int, ...]) -> bool:
        """Whether units are left out before this one, the last of a long axis."""
        if len(tail) != 1:
            return False
        unit = self.net.units[tail[0]]
        for i, positions in zip(unit.place, self.net.axes(unit.node), strict=True):
            if len(positions) == 3 and positions[:2] == (0, 1) and i == positions[2]:
                return bool(i != 2)
        return False

    # --- texts and numbers --------------------------------------------------------------------

    def weight_latex(self, weight: Any, digits: int) -> str:
        """A weight by its name or as a number."""
        if weight.is_Number:
            return number_latex(float(weight), digits)
        names = {
            symbol: self.net.entry_latex(var.name, place, lowered=True)
            for symbol, (var, place) in self.net.weights.items()
            if symbol in weight.free_symbols
        }
        return str(sympy.latex(weight, symbol_names=names))

    def numbers(self, values: Mapping[Any, Any]) -> Numbers:
        """The values of weights and units."""
        return Numbers(self, values)


class Numbers:
    """What the weights and units of a net are for given values."""

    def __init__(self, net: Layered, values: Mapping[Any, Any]) -> None:
        units = net.net.units
        masks = (units[number] for link in net.links for number in link.masks)
        shown = (unit.node for unit in (*net.needed.values(), *masks))
        roots = list(dict.fromkeys([net.net.outputs[0], *shown]))
        top = [*net.net.outputs, *roots]
        known, self._dims = bind_values(top, values)
        wanted = [var for var, _ in net.net.weights.values()]
        self._found = evaluate_above([*roots, *wanted], known, self._dims)
        self._net = net

    def unit(self, number: int) -> float:
        """The value of a unit."""
        unit = self._net.net.units[number]
        return self._at(unit.node, unit.place)

    def weight(self, weight: Any) -> float:
        """The value of a weight."""
        read = {s: self._at(*self._net.net.weights[s]) for s in weight.free_symbols}
        return float(weight.xreplace({s: sympy.Float(value) for s, value in read.items()}))

    def _at(self, node: Node, place: Place) -> float:
        at = tuple(bind_dim(i, self._dims) for i in place)
        return float(np.asarray(self._found[node])[at])


def _without_number(weight: Any) -> Any:
    """A weight without the factor by which dropout makes up for the units that are off."""
    return weight.as_coeff_Mul()[1] if weight.free_symbols else weight


_SIGNS = {"relu": r"\mathrm{ReLU}", "leaky_relu": r"\mathrm{LReLU}", "elu": r"\mathrm{ELU}"}


def sign_of_function(function: Any) -> str:
    """A function of one number as a sign: σ, tanh, ReLU."""
    if function is None:
        return r"\Sigma"
    if function.is_Pow and function.exp == sympy.Rational(1, 2):
        return r"\sqrt{\,\cdot\,}"
    if function.is_Pow:
        return rf"(\,\cdot\,)^{{{sympy.latex(function.exp)}}}"
    if not isinstance(function, Pointwise):
        return rf"\mathrm{{{type(function).__name__}}}"
    if function.title in ("maximum", "max") and 0 in function.args:
        return _SIGNS["relu"]
    return _SIGNS.get(function.title, function.latex_title)
