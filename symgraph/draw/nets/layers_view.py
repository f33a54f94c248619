"""The style "layers": a net as circles in columns, its weights on the edges."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from symgraph.draw.nets.layer_rows import heights
from symgraph.draw.nets.layered import Layered, Link, Numbers, sign_of_function
from symgraph.draw.nets.net_outputs import net_outputs, values_of_net
from symgraph.draw.nets.unit_forms import unit_of
from symgraph.draw.nets.unit_net import Unit, UnitNet
from symgraph.draw.view import Language, Role, View, ViewEdge, ViewGroup, ViewNode
from symgraph.errors import DrawError
from symgraph.node import Node
from symgraph.rounding import number_latex

__all__ = ["layers_view"]

Labels = Literal["symbolic", "numeric", "both", "none"]
Bias = Literal["inside", "unit", "none"]
Tail = tuple[int, ...]

_WORDS: dict[Language, tuple[str, str, str]] = {
    "en": ("input layer", "hidden layer", "output layer"),
    "zh": ("输入层", "隐藏层", "输出层"),
}
#: Between two layers with more edges the labels would hide the net.
_MOST_LABELS = 24


def layers_view(
    expr: Any,
    values: Mapping[Any, Any] | None = None,
    *,
    output: Any = None,
    labels: Labels | None = None,
    bias: Bias = "inside",
    split: bool = False,
    captions: bool = True,
    widest: int = 8,
    digits: int = 4,
    title: str = "",
    language: Language = "en",
    legend: bool = False,
) -> View:
    """A layered net: data at the left, each unit a circle, the weight of each edge beside it.

    The net is read from the expression; a loss on top of it is left out (`output` names the outputs
    where that is not found). With `values` the units show their values, and those that rectifiers
    or masks switch off are grey or crossed out. `bias`: "inside" writes it below its unit, "unit"
    draws a unit 1. `split` draws sum and function as two nodes. Longer layers than `widest` show
    their first two units and the last one.
    Raises DrawError for what is no layered net and for an unknown choice.
    """
    if labels not in (None, "symbolic", "numeric", "both", "none"):
        raise DrawError(f"draw: labels={labels!r}; write 'symbolic', 'numeric', 'both' or 'none'.")
    if labels in ("numeric", "both") and values is None:
        raise DrawError(f"draw: labels={labels!r} needs numbers; give values={{name: number}}.")
    if bias not in ("inside", "unit", "none"):
        raise DrawError(f"draw: bias={bias!r}; write 'inside', 'unit' or 'none'.")
    if not isinstance(widest, int) or widest < 3:
        raise DrawError(f"draw: widest={widest!r}; write a whole number from 3.")
    outputs = net_outputs(expr, "layers", output)
    net = Layered(_one_sample(outputs, widest))
    numbers = None if values is None else net.numbers(values_of_net(values, outputs, expr))
    maker = _Maker(net, numbers, labels, bias, split, digits)
    maker.draw()
    return View(
        nodes=tuple(maker.nodes),
        edges=tuple(maker.edges),
        title=title,
        direction="LR",
        language=language,
        legend=legend,
        groups=tuple(maker.groups(language, captions)),
    )


def _one_sample(outputs: Sequence[Node], widest: int) -> UnitNet:
    """The net for one sample, where the data are many rows."""
    net = UnitNet(outputs, "layers", widest)
    rows = net.rows()
    return net if rows is None else UnitNet(outputs, "layers", widest, batch=rows)


class _Maker:
    """Nodes and edges of the picture, layer by layer."""

    def __init__(
        self, net: Layered, numbers: Numbers | None, labels: Labels | None, bias: Bias,
        split: bool, digits: int,
    ) -> None:  # fmt: skip
        self.net, self.numbers = net, numbers
        self.labels, self.bias, self.split, self.digits = labels, bias, split, digits
        self.columns = net.columns()
        self.nodes: list[ViewNode] = []
        self.edges: list[ViewEdge] = []
        self.members: list[list[str]] = [[] for _ in self.columns]
        self.off = self._switched_off()
        self.hues = self._shared_weights()

    # --- what is off, what is shared -----------------------------------------------------------

    def _switched_off(self) -> dict[int, str]:
        """The units through which nothing passes: "mask" or "function"."""
        off: dict[int, str] = {}
        if self.numbers is None:
            return off
        for link in self.net.links:
            if any(self.numbers.unit(mask) == 0 for mask in link.masks):
                off[link.tail[0]] = "mask"
        for number, unit in self.net.needed.items():
            sign = sign_of_function(unit.function)
            if sign.endswith("{ReLU}") and self.numbers.unit(number) == 0:
                off.setdefault(number, "function")
        return off

    def _shared_weights(self) -> dict[Any, int]:
        """A colour for each weight that several edges have."""
        uses: dict[Any, int] = {}
        for link in self.net.links:
            if link.weight.free_symbols:
                uses[link.weight] = uses.get(link.weight, 0) + 1
        shared = [weight for weight, count in uses.items() if count > 1]
        shared.sort(key=lambda weight: self.net.weight_latex(weight, self.digits))
        return {weight: hue for hue, weight in enumerate(shared)}

    # --- drawing ------------------------------------------------------------------------------

    def draw(self) -> None:
        """All layers from the data to the outputs."""
        stacks = [self._stacked(layer, column) for layer, column in enumerate(self.columns)]
        rows = heights([len(stack) for stack in stacks], self._skips(stacks))
        for layer, stack in enumerate(stacks):
            for item, y in zip(stack, rows[layer], strict=True):
                if isinstance(item, str):
                    self._extra(item, layer, y)
                else:
                    self._unit(item, layer, y)
        for layer in range(1, len(self.columns)):
            for head in self.columns[layer]:
                self._incoming(head)

    def _stacked(self, layer: int, column: list[Tail]) -> list[Tail | str]:
        """The units of a layer from above, with the unit 1 and what is left out."""
        stacked: list[Tail | str] = []
        above = self.columns[layer + 1] if layer + 1 < len(self.columns) else []
        if self.bias == "unit" and any(self._bias(head) is not None for head in above):
            stacked.append("one")
        for tail in column:
            if self.net.is_cut_before(tail):
                stacked.append("gap")
            stacked.append(tail)
        return stacked

    def _skips(
        self, stacks: list[list[Tail | str]]
    ) -> list[tuple[tuple[int, int], tuple[int, int]]]:
        """The edges that pass by a layer."""
        found = []
        for link in self.net.links:
            first, last = self.net.layers[link.tail], self.net.layers[(link.head,)]
            if last - first > 1:
                ends = stacks[first].index(link.tail), stacks[last].index((link.head,))
                found.append(((first, ends[0]), (last, ends[1])))
        return found

    def _bias(self, head: Tail) -> Any:
        """The constant that is added at a unit; a threshold stands in the unit itself."""
        unit = self.net.net.units[head[0]]
        return None if unit.threshold is not None else self.net.biases.get(head[0])

    def _extra(self, what: str, layer: int, y: float) -> None:
        id = f"{what}-{layer}-{y}" if what == "gap" else f"one-{layer}"
        at = (self._column(layer), y)
        if what == "gap":
            node = ViewNode(id, r"\vdots", "constant", "…", at=at)
        else:
            node = ViewNode(id, "1", "data", "1", form="disc", at=at)
        self.nodes.append(node)
        self.members[layer].append(id)

    def _column(self, layer: int) -> float:
        return float(2 * layer) if self.split else float(layer)

    def _unit(self, tail: Tail, layer: int, y: float) -> None:
        unit = self.net.net.units[tail[0]]
        id = _id(tail)
        divided = self.split and unit.function is not None
        if divided:
            at = (self._column(layer) - 1.0, y)
            label = unit.sum_name or r"\Sigma"
            node = ViewNode(f"sum-{id}", label, "unit", at=at, caption=self._caption(unit, True))
            self.nodes.append(node)
            self.members[layer].append(node.id)
            self.edges.append(ViewEdge(node.id, id, 0, ink=True))
        self.nodes.append(
            ViewNode(
                id,
                self._label(tail, unit, divided),
                self._role(tail, unit, layer),
                alt=self._name(tail) or sign_of_function(unit.function),
                forward=self._value(tail),
                form="disc",
                crossed=self.off.get(tail[0]) == "mask" and len(tail) == 1,
                caption="" if divided else self._caption(unit, False),
                at=(self._column(layer), y),
            )
        )
        self.members[layer].append(id)

    def _role(self, tail: Tail, unit: Unit, layer: int) -> Role:
        if unit.is_input:
            return "data"
        if tail[0] in self.off:
            return "off"
        if unit.frozen:
            return "frozen"
        return "output" if layer == len(self.columns) - 1 else "unit"

    def _name(self, tail: Tail) -> str:
        names = [self.net.net.units[number].name for number in tail]
        if len(set(names)) == 1 and len(names) > 1:
            return f"{names[0]}^{{{len(names)}}}"
        return r"\,".join(names)

    def _label(self, tail: Tail, unit: Unit, divided: bool) -> str:
        if unit.threshold is not None:
            return self.net.weight_latex(unit.threshold, self.digits)
        if divided:
            return sign_of_function(unit.function)
        return self._name(tail) or unit.sum_name or sign_of_function(unit.function)

    def _caption(self, unit: Unit, divided: bool) -> str:
        bias = self._bias((unit.number,))
        if self.bias == "inside" and bias is not None:
            text = self.net.weight_latex(bias, self.digits)
            if self.labels == "numeric" and self.numbers is not None:
                text = number_latex(self.numbers.weight(bias), self.digits)
            return text if text.startswith("-") else f"+{text}"
        return unit.name if unit.threshold is not None and not divided else ""

    def _value(self, tail: Tail) -> str | None:
        if self.numbers is None or self.net.net.units[tail[0]].kind == "one":
            return None
        value = 1.0
        for number in tail:
            value *= self.numbers.unit(number)
        return number_latex(value, self.digits)

    # --- edges --------------------------------------------------------------------------------

    def _incoming(self, head: Tail) -> None:
        unit = self.net.net.units[head[0]]
        target = f"sum-{_id(head)}" if self.split and unit.function is not None else _id(head)
        links = [link for link in self.net.links if link.head == head[0]]
        links.sort(key=lambda link: self.columns[self.net.layers[link.tail]].index(link.tail))
        operand = 0
        bias = self._bias(head)
        if self.bias == "unit" and bias is not None:
            layer = self.net.layers[head] - 1
            self.edges.append(
                ViewEdge(f"one-{layer}", target, 0, self._weight(bias, head), ink=True)
            )
            operand = 1
        for link in links:
            self.edges.append(
                ViewEdge(
                    _id(link.tail),
                    target,
                    operand,
                    None if _is_plain(unit) else self._weight(link.weight, head),
                    self._number(link),
                    dead=link.tail[0] in self.off or head[0] in self.off,
                    hue=self.hues.get(link.weight),
                    ink=True,
                )
            )
            operand += 1

    def _weight(self, weight: Any, head: Tail) -> str | None:
        labels = self.labels or ("none" if self._is_crowded(head) else "symbolic")
        if labels == "none":
            return None
        if labels == "numeric" and self.numbers is not None:
            return number_latex(self.numbers.weight(weight), self.digits)
        return self.net.weight_latex(weight, self.digits)

    def _number(self, link: Link) -> str | None:
        if self.labels != "both" or self.numbers is None or link.weight.is_Number:
            return None
        return number_latex(self.numbers.weight(link.weight), self.digits)

    def _is_crowded(self, head: Tail) -> bool:
        layer = self.net.layers[head]
        heads = {one[0] for one in self.columns[layer]}
        return sum(link.head in heads for link in self.net.links) > _MOST_LABELS

    def groups(self, language: Language, captions: bool) -> list[ViewGroup]:
        """The layers, with their captions."""
        first, middle, last = _WORDS[language]
        inner = len(self.columns) - 2
        made: list[ViewGroup] = []
        for layer, members in enumerate(self.members):
            word = first if layer == 0 else last if layer == inner + 1 else middle
            if word == middle and inner > 1:
                word = f"{word} {layer}"
            sign = self._common_sign(layer)
            text = rf"\text{{{word}}}\;{sign}" if sign else rf"\text{{{word}}}"
            label = text if captions else ""
            made.append(ViewGroup(f"layer-{layer}", label, tuple(members), "layer"))
        return made

    def _common_sign(self, layer: int) -> str:
        units = [self.net.net.units[tail[0]] for tail in self.columns[layer]]
        if self.split or any(unit.is_input or unit.threshold is not None for unit in units):
            return ""
        signs = {sign_of_function(unit.function) for unit in units if unit.function is not None}
        named = all(unit.name or unit.sum_name for unit in units)
        return signs.pop() if len(signs) == 1 and named else ""


def _is_plain(unit: Unit) -> bool:
    """Whether a unit is a function of one other unit, nothing weighted."""
    return unit.threshold is None and unit_of(unit.form) is not None


def _id(tail: Tail) -> str:
    return "u" + "-".join(map(str, tail))
