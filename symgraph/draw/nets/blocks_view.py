"""The style "blocks": each layer of a net one box; stacks that are trained in stages."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from symgraph.draw.nets.maps_view import depths, heights_of
from symgraph.draw.nets.net_outputs import loss_of, net_outputs
from symgraph.draw.nets.stage_values import stage_values
from symgraph.draw.nets.stages import Stage, Stages, shape_latex
from symgraph.draw.view import (
    Direction,
    Language,
    LegendEntry,
    Role,
    View,
    ViewEdge,
    ViewGroup,
    ViewNode,
)
from symgraph.errors import DrawError
from symgraph.node import Node

__all__ = ["blocks_view"]

#: More layers than this beside each other are no row of layers.
_MOST_ROWS = 2
# By which part a box is narrower on one side where a layer makes fewer numbers than it takes.
_TAPER = 0.4
#: Of a part so many parameters are listed.
_MOST_WEIGHTS = 4
_WORDS: dict[Language, tuple[str, str, str, str]] = {
    "en": ("output layer", "autoencoder", "trained here", "frozen copy"),
    "zh": ("输出层", "自编码器", "本阶段训练", "冻结的副本"),
}


def blocks_view(
    expr: Any,
    values: Mapping[Any, Any] | None = None,
    *,
    output: Any = None,
    direction: Direction = "LR",
    sizes: bool = True,
    title: str = "",
    language: Language = "en",
    legend: bool | None = None,
    digits: int = 3,
) -> View:
    """A net as boxes: data, weighted sums with their function, convolutions, pooling, sums.

    An edge past a layer is a shortcut and carries its derivative I. A list of losses that are
    trained one after the other is a stack: what a stage takes over behind `stop_gradient` is a
    frozen copy, and a blue arrow leads to it from where it was trained. With `sizes` the shape of
    every result stands below it; with `values` numbers and short vectors stand beside their layers,
    in a net of one stage.
    Raises DrawError for an expression without a layer.
    """
    stack = getattr(expr, "stages", loss_of(expr))
    if isinstance(stack, (list, tuple)) and len(stack) > 1:
        return _Stack(stack, sizes, language).view(title, legend is not False)
    only = stack[0] if isinstance(stack, (list, tuple)) and stack else expr
    stages = Stages(net_outputs(only, "blocks", output), language)
    columns, rows = depths(stages), heights_of(stages)
    numbers = stage_values(stages, values, only, digits)
    tails = [(tail, stage.number) for stage in stages.stages for tail in stage.tails]
    rows_of_layers = max(Counter(columns).values()) <= _MOST_ROWS and len(set(tails)) == len(tails)
    past = any(
        columns[head] - columns[tail] > 1 and stages.stages[head].kind != "add"
        for tail, head in tails
    )
    if past or not rows_of_layers:
        # A formula rather than a row of layers: it stands as every graph does.
        made = _formula(stages, sizes, direction, title, language, bool(legend))
        return _with_numbers(made, numbers)
    tapers = _tapers(stages)
    # Where the flow goes up, what a layer hands on stands beside the edge and not below the box.
    upright = direction == "BT"
    used = {tail for stage in stages.stages for tail in stage.tails}
    nodes = tuple(
        _node(
            stage,
            stages,
            sizes and not upright,
            _turned(columns[k], rows[k], direction),
            named=upright and k not in used,
            taper=tapers.get(k, 0.0),
        )
        for k, stage in enumerate(stages.stages)
    )
    edges = tuple(
        _edge(stages, tail, stage, k, columns[stage.number] - columns[tail] > 1, upright and sizes)
        for stage in stages.stages
        for k, tail in enumerate(stage.tails)
    )
    return _with_numbers(View(nodes, edges, title, direction, bool(legend), language), numbers)


def _with_numbers(view: View, numbers: Mapping[int, str]) -> View:
    """The same boxes with what each layer hands on beside it."""
    nodes = (replace(node, forward=numbers.get(int(node.id[1:]))) for node in view.nodes)
    return replace(view, nodes=tuple(nodes))


def _formula(
    stages: Stages, sizes: bool, direction: Direction, title: str, language: Language, legend: bool
) -> View:
    """The same boxes, placed by an engine that knows no rows of layers."""
    upright = direction == "BT"
    used = {tail for stage in stages.stages for tail in stage.tails}
    nodes = tuple(
        _node(stage, stages, sizes and not upright, None, named=upright and k not in used)
        for k, stage in enumerate(stages.stages)
    )
    edges = tuple(
        _edge(stages, tail, stage, k, passes=False, sizes=upright and sizes)
        for stage in stages.stages
        for k, tail in enumerate(stage.tails)
    )
    return View(nodes, edges, title, direction, legend, language)


def _tapers(stages: Stages) -> dict[int, float]:
    """Which layers narrow and which widen, where a net ends as wide as it begins."""
    sizes: list[tuple[int, int, int]] = []
    for stage in stages.stages:
        if stage.kind == "affine" and len(stage.tails) == 1:
            taken = stages.shape(stages.stages[stage.tails[0]])[-1:]
            made = stages.shape(stage)[-1:]
            if all(isinstance(size, int) for size in (*taken, *made)) and taken and made:
                sizes.append((stage.number, int(taken[0]), int(made[0])))
    if len(sizes) < 2 or sizes[0][1] != sizes[-1][2]:
        return {}
    if min(made for _, _, made in sizes) >= sizes[0][1]:
        return {}
    return {k: _TAPER * ((a > b) - (a < b)) for k, a, b in sizes}


def _turned(column: int, row: float, direction: Direction) -> tuple[float, float]:
    return (float(column), row) if direction == "LR" else (row, float(column))


def _edge(
    stages: Stages, tail: int, stage: Stage, operand: int, passes: bool, sizes: bool
) -> ViewEdge:
    """An edge; past a layer into a sum it hands the derivative on as it is."""
    ends = f"s{tail}", f"s{stage.number}"
    if passes and stage.kind == "add":
        return ViewEdge(*ends, operand, "I" if stage.shape else "1", route="arc")
    label = _result(stages.stages[tail], stages) if sizes else None
    return ViewEdge(*ends, operand, label, ink=True)


def _node(
    stage: Stage,
    stages: Stages,
    sizes: bool,
    at: tuple[float, float] | None,
    named: bool,
    taper: float = 0.0,
) -> ViewNode:
    label = _label(stage)
    if named and stage.name:
        # Nothing leads on from here, where the sizes would stand.
        known = stage.kind == "affine" and stages.shape(stage)
        line = shape_latex(stages.shape(stage)) if known else ""
        label = _over(rf"{stage.name} = {label}", line)
    return ViewNode(
        f"s{stage.number}", label, _role(stage), alt=stage.name or label,
        form="disc" if stage.kind == "add" and stage.sign == "+" else "box",
        caption=_result(stage, stages) if sizes else "", at=at, taper=taper,
    )  # fmt: skip


def _result(stage: Stage, stages: Stages) -> str:
    """The name and the sizes of what a layer hands on."""
    parts = [] if stage.kind == "input" or not stage.name else [stage.name]
    if stage.kind != "add" and stages.shape(stage):
        parts.append(shape_latex(stages.shape(stage)))
    return r":\;".join(parts)


def _role(stage: Stage) -> Role:
    if stage.frozen and stage.kind != "input":
        return "frozen"
    learned: Role = "gate" if stage.weights else "module"
    roles: dict[str, Role] = {
        "input": "data", "affine": "gate", "conv": "gate", "pool": "pointwise", "add": "pointwise",
        "part": learned, "other": learned,
    }  # fmt: skip
    return roles.get(stage.kind, "module")


def _label(stage: Stage) -> str:
    """What a layer does: its function of weights times what arrives, or its own name."""
    if stage.kind == "part":
        return _with_weights(stage)
    if stage.kind not in ("affine", "conv"):
        return stage.sign
    weight, *bias = stage.weights
    times = r" \star \cdot" if stage.kind == "conv" else r"\,\cdot"
    inner = "".join((weight, times, *(rf"{{}} + {one}" for one in bias)))
    return rf"{stage.function}({inner})" if stage.function else inner


def _with_weights(stage: Stage) -> str:
    """The name of a part with its parameters in small print below it."""
    if not stage.weights:
        return stage.sign
    more = (r"\dots",) if len(stage.weights) > _MOST_WEIGHTS else ()
    return _over(stage.sign, r",\;".join((*stage.weights[:_MOST_WEIGHTS], *more)))


def _over(label: str, line: str) -> str:
    """A label with a line in small print below it, if there is one."""
    return rf"\begin{{matrix}} {label} \\ {{}}_{{{line}}} \end{{matrix}}" if line else label


class _Stack:
    """Stages of training, one above the other; the first one at the bottom."""

    def __init__(self, losses: Any, sizes: bool, language: Language) -> None:
        self.words = _WORDS[language]
        self.language: Language = language
        self.sizes = sizes
        self.nodes: list[ViewNode] = []
        self.edges: list[ViewEdge] = []
        self.groups: list[ViewGroup] = []
        #: Where a value was last trained or copied.
        self.latest: dict[Node, str] = {}
        for row, loss in enumerate(losses):
            self._stage(row, Stages(net_outputs(loss, "blocks"), language))

    def _stage(self, row: int, stages: Stages) -> None:
        """One stage: boxes are what is computed, the weights stand on the edges."""
        columns = depths(stages)
        ids = [f"s{row}-{k}" for k in range(len(columns))]
        for k, stage in enumerate(stages.stages):
            at = (float(columns[k]), float(row))
            self.nodes.append(
                ViewNode(
                    ids[k],
                    self._value(stage, stages),
                    _role(stage),
                    stage.name or stage.sign,
                    form="box",
                    at=at,
                )
            )
            weights = r",\,".join(stage.weights) or None
            for operand, tail in enumerate(stage.tails):
                self.edges.append(ViewEdge(ids[tail], ids[k], operand, weights, ink=True))
            if stage.frozen and stage.kind != "input" and stage.node in self.latest:
                source = self.latest[stage.node]
                self.edges.append(ViewEdge(source, ids[k], len(stage.tails), dashed=True, hue=0))
            self.latest[stage.node] = ids[k]
        self.groups.append(ViewGroup(f"stage-{row}", self._title(row, stages), tuple(ids)))

    def _value(self, stage: Stage, stages: Stages) -> str:
        name = stage.name or stage.function or stage.sign
        shape = r" \times ".join(map(str, stages.shape(stage)))
        # A vector of one entry is a number.
        power = "" if shape in ("", "1") else f"^{{{shape}}}"
        return rf"{name}\in\mathbb{{R}}{power}" if self.sizes else name

    def _title(self, row: int, stages: Stages) -> str:
        """What a stage is: an autoencoder ends in what its first trained layer takes."""
        trained = [stage for stage in stages.stages if not stage.frozen and stage.tails]
        if len(trained) > 1:
            taken = stages.stages[trained[0].tails[0]]
            if stages.shape(trained[-1]) == stages.shape(taken):
                return rf"\text{{{self.words[1]} {row + 1}}}"
        return rf"\text{{{self.words[0]}}}"

    def view(self, title: str, legend: bool) -> View:
        """The finished view."""
        if not self.edges:
            raise DrawError("draw: the stages have no layers. Use style='graph'.")
        entries = []
        if any(node.role == "frozen" for node in self.nodes):
            entries = [
                LegendEntry("gate", rf"\text{{{self.words[2]}}}"),
                LegendEntry("frozen", rf"\text{{{self.words[3]}}}"),
            ]
        return View(
            tuple(self.nodes), tuple(self.edges), title, "LR", legend, self.language,
            groups=tuple(self.groups), entries=tuple(entries),
        )  # fmt: skip
