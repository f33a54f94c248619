"""The style "modes": what comes in and what goes out of a recurrent net, and when.

Rectangles are vectors, arrows functions; inputs are red, outputs blue, states green.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from symgraph.draw.recurrent.moment import step_of
from symgraph.draw.recurrent.time_columns import blocks_of
from symgraph.draw.recurrent.unrolled import Net
from symgraph.draw.view import (
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
from symgraph.ops.let import bare
from symgraph.walks import variables

__all__ = ["MODES", "Mode", "mode_of", "modes_view"]


@dataclass(frozen=True)
class Mode:
    """At which of the times something comes in and goes out; there is a state at every time."""

    inputs: tuple[bool, ...]
    outputs: tuple[bool, ...]

    def __post_init__(self) -> None:
        """Raises DrawError for masks of unequal length, and for none at all."""
        if len(self.inputs) != len(self.outputs) or not self.inputs:
            raise DrawError(
                f"draw: a mode has {len(self.inputs)} times for inputs and {len(self.outputs)} "
                "for outputs; give both the same number, 1 or more."
            )


def _mode(inputs: str, outputs: str) -> Mode:
    return Mode(tuple(one == "1" for one in inputs), tuple(one == "1" for one in outputs))


MODES: dict[str, Mode] = {
    "1-1": _mode("1", "1"),
    "1-n": _mode("100", "111"),
    "n-1": _mode("111", "001"),
    "n-n delayed": _mode("11100", "00111"),
    "n-n": _mode("111", "111"),
}
_TEXTS: dict[Language, dict[str, tuple[str, str]]] = {
    "en": {
        "1-1": ("one to one", "plain network"),
        "1-n": ("one to many", "describing an image"),
        "n-1": ("many to one", "sentiment of a text"),
        "n-n delayed": ("many to many", "translation, dialogue"),
        "n-n": ("many to many, in step", "prices, labels of frames"),
    },
    "zh": {
        "1-1": ("一对一", "普通网络"),
        "1-n": ("一对多", "图像描述"),
        "n-1": ("多对一", "文本分类、情感分析"),
        "n-n delayed": ("多对多（延迟）", "机器翻译、对话"),
        "n-n": ("多对多（同步）", "股价预测、逐帧标注"),
    },
}
_ROLES: dict[Language, tuple[str, str, str]] = {
    "en": ("input", "state", "output"),
    "zh": ("输入", "状态", "输出"),
}
_SIZE = (44.0, 34.0)


def modes_view(
    expr: Any = None,
    values: Mapping[Any, Any] | None = None,
    *,
    steps: int = 3,
    labels: bool = False,
    captions: bool = True,
    title: str = "",
    language: Language = "en",
    legend: bool = True,
) -> View:
    """One mode, or several in a row; all five for None.

    `expr`: an expression with loops of `steps` times, a name of `MODES`, a `Mode`, or a list of
    these. `labels` writes x_1, h_1, y_1 into the vectors, `captions` a title and a use below.
    Raises DrawError for anything else; `values` have no place here.
    """
    given = list(MODES) if expr is None else expr if isinstance(expr, list) else [expr]
    nodes: list[ViewNode] = []
    edges: list[ViewEdge] = []
    groups: list[ViewGroup] = []
    start = 0.0
    for k, one in enumerate(given):
        mode = _resolved(one, steps)
        made = list(_nodes(mode, f"m{k}", start, labels))
        edges += _edges(mode, f"m{k}")
        name = next((name for name, known in MODES.items() if known == mode), "")
        if captions and name:
            heading, use = (rf"\text{{{text}}}" for text in _TEXTS[language][name])
            middle = start + (len(mode.inputs) - 1) / 2
            made.append(ViewNode(f"m{k}:use", use, "constant", use, at=(middle, -1.0)))
            groups.append(ViewGroup(f"m{k}:box", heading, tuple(node.id for node in made), "frame"))
        nodes += made
        start += len(mode.inputs) + 1.0
    used = {node.role for node in nodes}
    roles: tuple[Role, ...] = ("input", "state", "output")
    entries = tuple(
        LegendEntry(role, rf"\text{{{text}}}")
        for role, text in zip(roles, _ROLES[language], strict=True)
        if role in used
    )
    return View(
        tuple(nodes), tuple(edges), title, "BT", legend, language,
        groups=tuple(groups), entries=entries,
    )  # fmt: skip


def _resolved(given: Any, steps: int) -> Mode:
    if isinstance(given, Mode):
        return given
    if isinstance(given, str):
        if given not in MODES:
            known = ", ".join(map(repr, MODES))
            raise DrawError(f"draw: there is no mode {given!r}; write one of {known}.")
        return MODES[given]
    return mode_of(given, steps)


def mode_of(expr: Any, steps: int = 3) -> Mode:
    """When an expression with loops reads inputs and gives outputs."""
    net = Net(step_of(expr, "modes"))
    inputs: list[bool] = []
    outputs: list[bool] = []
    blocks = blocks_of(net, steps, max(steps, 3))
    for block in blocks:
        reads = any(net.letter(node) == block.letter for node in net.inputs)
        starts = [before for cell in block.cells for before, _ in cell.states]
        count = sum(column.moment is not None for column in block.columns)
        inputs += [reads or (k == 0 and any(map(_has_data, starts))) for k in range(count)]
        states = {after for cell in block.cells for _, after in cell.states}
        always = block.letter in net.losses or any(
            net.letter(one) == block.letter
            for one in net.layers
            if any(link.source in states for link in net.links if link.target is one)
        )
        last = block is blocks[-1]
        outputs += [always or (last and k == count - 1) for k in range(count)]
    return Mode(tuple(inputs), tuple(outputs))


def _has_data(before: Node) -> bool:
    """Whether a state starts from something computed of data, and not from a given state."""
    start = bare(before.args[0])
    below = variables([start])
    return bool(start.args) and any(getattr(one, "role", "") == "input" for one in below)


def _nodes(mode: Mode, id: str, start: float, labels: bool) -> Iterator[ViewNode]:
    rows: tuple[tuple[Role, str, Sequence[bool], float], ...] = (
        ("input", "x", mode.inputs, 0.0),
        ("state", "h", (True,) * len(mode.inputs), 1.0),
        ("output", "y", mode.outputs, 2.0),
    )
    for role, letter, mask, row in rows:
        for k, there in enumerate(mask):
            if there:
                name = f"{letter}_{{{k + 1}}}"
                label = name if labels else r"\,"
                at = (start + k, row)
                yield ViewNode(f"{id}:{letter}{k}", label, role, name, size=_SIZE, at=at)


def _edges(mode: Mode, id: str) -> Iterator[ViewEdge]:
    for k, (reads, gives) in enumerate(zip(mode.inputs, mode.outputs, strict=True)):
        if reads:
            yield ViewEdge(f"{id}:x{k}", f"{id}:h{k}", 0)
        if k:
            yield ViewEdge(f"{id}:h{k - 1}", f"{id}:h{k}", 1)
        if gives:
            yield ViewEdge(f"{id}:h{k}", f"{id}:y{k}", 0)
