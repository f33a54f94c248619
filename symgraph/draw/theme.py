"""The visual language: colours and sizes, and the words of the legend.

Circle = operation, rounded box = leaf (amber parameter, grey data), thick rim = root. Green labels
on edges, blue forward and red backward values. Place (edge, upper line, lower line) tells them
apart too, for colour alone does not survive a black-and-white print.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal, get_args

from symgraph.draw.view import GroupRole, Language, Role
from symgraph.errors import DrawError

__all__ = ["LEGEND", "LIGHT", "THEMES", "Paint", "Theme", "ThemeName", "theme_named"]

ThemeName = Literal["light", "lecture", "print", "dark"]


@dataclass(frozen=True, slots=True)
class Paint:
    """How one shape is painted: colours as #rrggbb or "none", the stroke in pixels."""

    fill: str = "none"
    stroke: str = "none"
    width: float = 0.0
    dash: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Theme:
    """Colours and sizes of a picture; all lengths are pixels.

    `hues` are pairs (fill, stroke) for things that belong together, `marker` is what a highlighted
    edge is underlaid with.
    """

    background: str
    ink: str
    muted: str
    edge: Paint
    dead_edge: Paint
    marker: Paint
    cross: Paint
    label: str
    forward: str
    backward: str
    nodes: Mapping[Role, Paint]
    groups: Mapping[GroupRole, Paint]
    hues: tuple[tuple[str, str], ...]

    node_size: float = 22.0
    label_size: float = 16.0
    value_size: float = 16.0
    caption_size: float = 16.0
    note_size: float = 17.0
    legend_size: float = 15.0
    title_size: float = 22.0

    circle_radius: float = 21.0
    widest_circle: float = 58.0
    node_padding: float = 9.0
    box_radius: float = 8.0
    sheet_step: float = 7.0
    cell_radius: float = 1.5
    value_gap: float = 7.0
    caption_gap: float = 5.0
    line_gap: float = 3.0
    arrow_length: float = 11.0
    arrow_width: float = 8.0
    margin: float = 18.0

    def paint(self, role: Role, hue: int | None = None, dashed: bool = False) -> Paint:
        """The paint of a node; a hue replaces its colours."""
        paint = self.nodes[role]
        if dashed:
            paint = replace(paint, dash=(5.0, 3.0))
        if hue is None:
            return paint
        fill, stroke = self.hues[hue % len(self.hues)]
        return replace(paint, fill=fill, stroke=stroke)

    def line(
        self, *, dead: bool = False, dashed: bool = False, hue: int | None = None
    ) -> Paint:  # fmt: skip
        """The paint of an edge."""
        paint = self.dead_edge if dead else self.edge
        if dashed:
            paint = replace(paint, dash=(5.0, 4.0))
        if hue is None:
            return paint
        return replace(paint, stroke=self.hues[hue % len(self.hues)][1])


_INK = "#1f2328"
_RIM = "#2b323c"

LIGHT = Theme(
    background="#ffffff",
    ink=_INK,
    muted="#59636e",
    edge=Paint(stroke="#59636e", width=1.8),
    dead_edge=Paint(stroke="#8b949e", width=1.4, dash=(5.0, 4.0)),
    marker=Paint(stroke="#ffd65c", width=9.0),
    cross=Paint(stroke="#b8400a", width=2.4),
    label="#00734f",
    forward="#0059b3",
    backward="#b8400a",
    nodes={
        "op": Paint("#ffffff", _RIM, 2.0),
        "root": Paint("#e8f1ec", _RIM, 3.6),
        "parameter": Paint("#fff0d4", "#b06f00", 2.0),
        "data": Paint("#edf0f5", "#66707f", 2.0),
        "constant": Paint(),
        "gate": Paint("#fdf4c8", "#8a7000", 2.0),
        "pointwise": Paint("#fbe3ec", "#a8456b", 2.0),
        "module": Paint("#f6f8fb", "#5a6677", 2.0),
        "input": Paint("#fbe4dd", "#b8400a", 2.0),
        "output": Paint("#dfeaf8", "#0059b3", 2.0),
        "state": Paint("#dff1e7", "#00734f", 2.0),
        "unit": Paint("#ffffff", _RIM, 2.0),
        "cell": Paint("#ffffff", "#8b949e", 1.2),
        "frozen": Paint("#dfeaf8", "#0059b3", 2.0, (6.0, 3.0)),
        "off": Paint("#f3f4f6", "#8b949e", 1.6, (5.0, 4.0)),
    },
    groups={
        "module": Paint("#f6f8fb", "#b3bcc8", 1.5),
        "time": Paint("#f6f8fb", "#b3bcc8", 1.5),
        "frame": Paint("none", "#8b949e", 1.2, (5.0, 4.0)),
        "layer": Paint(),
    },
    hues=(
        ("#dfeaf8", "#0059b3"), ("#fbe4dd", "#b8400a"), ("#dff1e7", "#00734f"),
        ("#fff0d4", "#8f5a00"), ("#efe3f7", "#7a3e9d"), ("#d9f0f2", "#00707c"),
        ("#f7e0ea", "#a8326b"), ("#ecebd8", "#656000"),
    ),
)  # fmt: skip

# The colours of the lecture decks: what is learned is red.
_LECTURE = replace(
    LIGHT,
    label="#00734f",
    nodes={**LIGHT.nodes, "parameter": Paint("#fdeceb", "#c8102e", 2.2)},
)

# Paper: no colour at all; place, dashes and line widths carry the meaning.
_PRINT = replace(
    LIGHT,
    ink="#000000",
    muted="#4a4a4a",
    edge=Paint(stroke="#3c3c3c", width=1.8),
    dead_edge=Paint(stroke="#8a8a8a", width=1.4, dash=(5.0, 4.0)),
    marker=Paint(stroke="#c8c8c8", width=9.0),
    cross=Paint(stroke="#000000", width=2.4),
    label="#000000",
    forward="#2e2e2e",
    backward="#5a5a5a",
    nodes={
        "op": Paint("#ffffff", "#000000", 1.8),
        "root": Paint("#ffffff", "#000000", 3.8),
        "parameter": Paint("#d9d9d9", "#000000", 2.0),
        "data": Paint("#ffffff", "#5a5a5a", 1.6),
        "constant": Paint(),
        "gate": Paint("#d9d9d9", "#000000", 2.0),
        "pointwise": Paint("#ffffff", "#000000", 1.8),
        "module": Paint("#f2f2f2", "#000000", 2.0),
        "input": Paint("#ffffff", "#000000", 1.8),
        "output": Paint("#d9d9d9", "#000000", 1.8),
        "state": Paint("#f0f0f0", "#000000", 3.0),
        "unit": Paint("#ffffff", "#000000", 1.8),
        "cell": Paint("#ffffff", "#777777", 1.2),
        "frozen": Paint("#f0f0f0", "#000000", 1.8, (6.0, 3.0)),
        "off": Paint("#ffffff", "#8a8a8a", 1.4, (5.0, 4.0)),
    },
    groups={
        "module": Paint("#f7f7f7", "#9a9a9a", 1.2),
        "time": Paint("#f7f7f7", "#9a9a9a", 1.2),
        "frame": Paint("none", "#777777", 1.2, (5.0, 4.0)),
        "layer": Paint(),
    },
    hues=(
        ("#ffffff", "#000000"), ("#d2d2d2", "#000000"), ("#f0f0f0", "#606060"),
        ("#e2e2e2", "#404040"), ("#c6c6c6", "#000000"),
    ),
)  # fmt: skip

_DARK = replace(
    LIGHT,
    background="#14181f",
    ink="#e9edf2",
    muted="#a3adb9",
    edge=Paint(stroke="#a3adb9", width=1.8),
    dead_edge=Paint(stroke="#6b7683", width=1.4, dash=(5.0, 4.0)),
    marker=Paint(stroke="#7a5f00", width=9.0),
    cross=Paint(stroke="#ff9466", width=2.4),
    label="#4fd1a1",
    forward="#79b8ff",
    backward="#ff9466",
    nodes={
        "op": Paint("#1d232c", "#cfd6df", 2.0),
        "root": Paint("#1f3a31", "#e9edf2", 3.6),
        "parameter": Paint("#4a3510", "#f0b04a", 2.0),
        "data": Paint("#2a313c", "#98a4b3", 2.0),
        "constant": Paint(),
        "gate": Paint("#45400f", "#e0cf5a", 2.0),
        "pointwise": Paint("#4a2234", "#f08cb4", 2.0),
        "module": Paint("#222934", "#98a4b3", 2.0),
        "input": Paint("#4a2518", "#ff9466", 2.0),
        "output": Paint("#14304f", "#79b8ff", 2.0),
        "state": Paint("#143a2d", "#4fd1a1", 2.0),
        "unit": Paint("#1d232c", "#cfd6df", 2.0),
        "cell": Paint("#1d232c", "#7d8895", 1.2),
        "frozen": Paint("#14304f", "#79b8ff", 2.0, (6.0, 3.0)),
        "off": Paint("#20262f", "#6b7683", 1.6, (5.0, 4.0)),
    },
    groups={
        "module": Paint("#1a2029", "#4a5563", 1.5),
        "time": Paint("#1a2029", "#4a5563", 1.5),
        "frame": Paint("none", "#7d8895", 1.2, (5.0, 4.0)),
        "layer": Paint(),
    },
    hues=(
        ("#14304f", "#79b8ff"), ("#4a2518", "#ff9466"), ("#143a2d", "#4fd1a1"),
        ("#4a3510", "#f0b04a"), ("#3a2350", "#cf9bf0"), ("#0e3a40", "#5cd0dc"),
        ("#4a2038", "#f08cb4"), ("#3a380f", "#d6d060"),
    ),
)  # fmt: skip

THEMES: dict[ThemeName, Theme] = {
    "light": LIGHT,
    "lecture": _LECTURE,
    "print": _PRINT,
    "dark": _DARK,
}


def theme_named(name: ThemeName) -> Theme:
    """A theme by its name. Raises DrawError for a name that there is not.

    >>> theme_named("dark").background
    '#14181f'
    """
    theme = THEMES.get(name)
    if theme is None:
        known = ", ".join(repr(one) for one in get_args(ThemeName))
        raise DrawError(f"theme is {name!r}; write one of {known}.")
    return theme


# (forward value, backward value, edge label), LaTeX.
LEGEND: dict[Language, tuple[str, str, str]] = {
    "en": (
        r"f_i\;\text{forward value}",
        r"g_i = \partial\,\text{root}/\partial f_i",
        r"\partial\,\text{parent}/\partial\,\text{child}",
    ),
    "zh": (
        r"f_i\;\text{前向值}",
        r"g_i\;\text{后向值}",
        r"\text{边上局部偏导数}",
    ),
}
