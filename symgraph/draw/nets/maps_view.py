"""The style "maps": feature maps as stacks of sheets, one layer after the other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from symgraph.draw.nets.layer_rows import heights
from symgraph.draw.nets.net_outputs import net_outputs
from symgraph.draw.nets.stage_values import stage_values
from symgraph.draw.nets.stages import Stage, Stages, shape_latex
from symgraph.draw.view import Language, Role, View, ViewEdge, ViewNode
from symgraph.errors import DrawError
from symgraph.shapes import Shape

__all__ = ["depths", "heights_of", "maps_view"]

_MOST_SHEETS = 4
_SMALLEST, _LARGEST = 34.0, 110.0
_WORDS: dict[Language, dict[str, str]] = {
    "en": {"conv": "conv", "max": "max pooling", "mean": "mean pooling", "affine": "full"},
    "zh": {"conv": "卷积", "max": "最大池化", "mean": "平均池化", "affine": "全连接"},
}


def maps_view(
    expr: Any,
    values: Mapping[Any, Any] | None = None,
    *,
    output: Any = None,
    title: str = "",
    language: Language = "en",
    legend: bool = False,
    digits: int = 3,
) -> View:
    """A convolutional net: each layer's result as a stack of sheets with its sizes below.

    The operation between two stands on the edge. The net is read from the expression, a loss on top
    of it left out (`output` names where to end). With `values` numbers and short vectors stand
    beside their layers.
    Raises DrawError where there is no convolution and no pooling.
    """
    stages = Stages(net_outputs(expr, "maps", output), language)
    if not any(stage.windows for stage in stages.stages):
        raise DrawError(
            "draw: the style 'maps' shows convolutions and pooling, and this expression has none. "
            "Use style='layers' or style='blocks'."
        )
    rows = heights_of(stages)
    columns = depths(stages)
    numbers = stage_values(stages, values, expr, digits)
    largest = max(max(_plane(stages.shape(stage)), default=1) for stage in stages.stages)
    nodes = tuple(
        replace(
            _node(stage, stages.shape(stage), largest, (float(columns[k]), rows[k])),
            forward=numbers.get(stage.number),
        )
        for k, stage in enumerate(stages.stages)
    )
    edges = tuple(
        ViewEdge(f"s{tail}", f"s{stage.number}", k, _operation(stage, language), ink=True)
        for stage in stages.stages
        for k, tail in enumerate(stage.tails)
    )
    return View(nodes, edges, title, "LR", legend, language)


def depths(stages: Stages) -> list[int]:
    """The column of each layer: just before it is first taken, and behind all that it takes."""
    found: list[int] = []
    users: list[list[int]] = [[] for _ in stages.stages]
    for stage in stages.stages:
        found.append(1 + max((found[tail] for tail in stage.tails), default=-1))
        for tail in stage.tails:
            users[tail].append(stage.number)
    for stage in reversed(stages.stages):
        if users[stage.number]:
            found[stage.number] = min(found[user] for user in users[stage.number]) - 1
    return found


def heights_of(stages: Stages) -> list[float]:
    """The row of each layer: those of one column one above the other, out of the way of edges."""
    columns = depths(stages)
    places: list[tuple[int, int]] = []
    counts = [0] * (1 + max(columns))
    for column in columns:
        places.append((column, counts[column]))
        counts[column] += 1
    skips = [
        (places[tail], places[stage.number])
        for stage in stages.stages
        for tail in stage.tails
        if columns[stage.number] - columns[tail] > 1 and stage.kind != "add"
    ]
    rows = heights(counts, skips)
    return [rows[column][place] for column, place in places]


def _plane(shape: Shape) -> tuple[int, ...]:
    """The sizes of one sheet; a symbolic one counts as large."""
    sizes = shape[-2:] if len(shape) > 2 else shape
    return tuple(size if isinstance(size, int) else 32 for size in sizes)


def _pixels(size: int, largest: int) -> float:
    return _SMALLEST + (_LARGEST - _SMALLEST) * min(1.0, size / largest)


def _node(stage: Stage, shape: Shape, largest: int, at: tuple[float, float]) -> ViewNode:
    plane = _plane(shape)
    caption = shape_latex(shape)
    if stage.name and stage.kind != "input":
        caption = rf"{stage.name}:\;{caption}"
    sheets = 1
    if len(shape) > 2 and isinstance(shape[-3], int):
        sheets = min(_MOST_SHEETS, shape[-3])
    id = f"s{stage.number}"
    if stage.kind in ("add", "other", "function", "part") and not len(plane) > 1:
        return ViewNode(id, stage.sign, "op", caption=caption, at=at)
    width = _pixels(plane[-1], largest) if len(plane) > 1 else 18.0
    height = _pixels(plane[0] if len(plane) > 1 else min(plane, default=1), largest)
    label = stage.name if stage.kind == "input" else ""
    return ViewNode(
        id, label, _role(stage), alt=stage.name or stage.sign, form="box", size=(width, height),
        caption=caption, at=at, sheets=sheets,
    )  # fmt: skip


def _role(stage: Stage) -> Role:
    roles: dict[str, Role] = {
        "input": "data", "conv": "gate", "pool": "pointwise", "affine": "output",
    }  # fmt: skip
    return roles.get(stage.kind, "unit")


def _operation(stage: Stage, language: Language) -> str | None:
    """What happens on the way to a layer."""
    words = _WORDS[language]
    if stage.windows is not None:
        word = words[stage.windows.kind]
        size = r" \times ".join(map(str, stage.windows.size))
        text = rf"\text{{{word}}}\;{size}"
    elif stage.kind == "affine":
        text = rf"\text{{{words['affine']}}}"
    elif stage.weights:
        text = stage.sign
    else:
        return None
    return rf"{text},\;{stage.function}" if stage.function else text
