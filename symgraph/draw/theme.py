"""The visual language: colours, sizes and the words of the legend.

Circle = operation, rounded box = leaf (amber parameter, grey data), thick rim = root. Green labels
on edges, blue forward and red backward values: on white their contrast is 5.9, 6.8 and 5.6 to 1.
Place (edge, upper line, lower line) tells them apart too, for colour alone does not survive a
black-and-white print.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from symgraph.draw.view import Language, Role

__all__ = ["LEGEND", "LIGHT", "Paint", "Theme"]


@dataclass(frozen=True, slots=True)
class Paint:
    """How one shape is painted: colours as #rrggbb or "none", the stroke in pixels."""

    fill: str = "none"
    stroke: str = "none"
    width: float = 0.0
    dash: tuple[float, ...] = ()


_INK = "#1f2328"
_RIM = "#2b323c"


def _node_paints() -> dict[Role, Paint]:
    return {
        "op": Paint("#ffffff", _RIM, 2.0),
        "root": Paint("#e8f1ec", _RIM, 3.6),
        "parameter": Paint("#fff0d4", "#b06f00", 2.0),
        "data": Paint("#edf0f5", "#66707f", 2.0),
        "constant": Paint(),
        "gate": Paint("#fdf4c8", "#8a7000", 2.0),
        "module": Paint("#f6f8fb", "#5a6677", 2.0),
    }


@dataclass(frozen=True, slots=True)
class Theme:
    """Colours and sizes of a picture; all lengths are pixels."""

    background: str = "#ffffff"
    ink: str = _INK
    muted: str = "#59636e"
    edge: Paint = Paint(stroke="#59636e", width=1.8)
    dead_edge: Paint = Paint(stroke="#8b949e", width=1.4, dash=(5.0, 4.0))
    label: str = "#00734f"
    forward: str = "#0059b3"
    backward: str = "#b8400a"
    nodes: dict[Role, Paint] = field(default_factory=_node_paints)

    node_size: float = 22.0
    label_size: float = 16.0
    value_size: float = 16.0
    legend_size: float = 15.0
    title_size: float = 22.0

    circle_radius: float = 21.0
    widest_circle: float = 58.0
    node_padding: float = 9.0
    box_radius: float = 8.0
    value_gap: float = 7.0
    label_gap: float = 6.0
    line_gap: float = 3.0
    arrow_length: float = 11.0
    arrow_width: float = 8.0
    margin: float = 18.0


LIGHT = Theme()

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
