"""The legend: a sample and a word for everything that a picture uses."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import get_args

from symgraph.draw.geometry import Disc, Rect, straight
from symgraph.draw.scene import Drawn, Glyphs, Item, Layer, Path
from symgraph.draw.theme import LEGEND, Paint, Theme
from symgraph.draw.typesetting.ink import Box
from symgraph.draw.typesetting.typeset import Typesetter
from symgraph.draw.view import LegendEntry, Role, View
from symgraph.errors import DrawError

__all__ = ["legend_items"]

_SWATCH = 11.0
_VALUE = re.compile(r"[-+]?\.?\d|\(|\[|\\begin|f_\{?\d")
_SAMPLE = 34.0
_GAP = 26.0
_LEAST_WIDTH = 360.0


def legend_items(
    view: View, used: set[Layer], room: Rect, typesetter: Typesetter, theme: Theme
) -> list[Item]:
    """The lines of the legend below a picture that takes `room`; only what the picture uses."""
    if all(edge.ink for edge in view.edges if edge.label):
        used = used - {"label"}  # what stands on edges is no derivative
    if not any(_is_value(node.forward) for node in view.nodes if node.forward):
        used = used - {"forward"}  # what stands beside nodes are names
    texts = zip(("forward", "backward", "label"), LEGEND[view.language], strict=True)
    entries = [*view.entries, *(LegendEntry(name, text) for name, text in texts if name in used)]
    boxes = [typesetter.measure(entry.text, theme.legend_size) for entry in entries]
    widest = max(room.width, _LEAST_WIDTH)
    x, y = room.left, room.bottom + 26.0
    row_height = max((box.tall for box in boxes), default=0.0) + 8.0
    items: list[Item] = []
    for entry, box in zip(entries, boxes, strict=True):
        sample = _SWATCH if entry.sample in ("forward", "backward", "label") else _SAMPLE
        width = sample + 8.0 + box.width
        if x > room.left and x + width > room.left + widest:
            x, y = room.left, y + row_height
        items += _line(f"legend-{entry.sample}", entry, box, (x, y, sample), theme)
        x += width + _GAP
    return items


def _is_value(text: str) -> bool:
    """Whether what stands beside a node is f_i or its value, not just a name."""
    return "=" in text or _VALUE.match(text) is not None


def _line(
    owner: str, entry: LegendEntry, box: Box, spot: tuple[float, float, float], theme: Theme
) -> Iterator[Item]:
    x, y, sample = spot
    for number, (drawn, paint) in enumerate(_sample(entry.sample, spot, theme)):
        yield Item(f"{owner}-sample{number or ''}", owner, "legend", "sample", drawn, paint)
    colours = {"forward": theme.forward, "backward": theme.backward, "label": theme.label}
    ink = Paint(colours.get(entry.sample, theme.ink))
    # Letters stand on one line, whatever hangs below it.
    glyphs = Glyphs(box, x + sample + 8.0, y + 0.33 * theme.legend_size)
    yield Item(f"{owner}-text", owner, "legend", "text", glyphs, ink, "", entry.text)


def _sample(
    name: str, spot: tuple[float, float, float], theme: Theme
) -> Iterator[tuple[Drawn, Paint]]:
    x, y, width = spot
    if name in ("forward", "backward", "label"):
        colour = {"forward": theme.forward, "backward": theme.backward, "label": theme.label}[name]
        yield Rect(x, y - _SWATCH / 2, x + _SWATCH, y + _SWATCH / 2, 2.5), Paint(colour)
    elif name in ("op", "root", "pointwise", "unit", "off"):
        yield Disc(x + width / 2, y, 8.0), theme.nodes[_role(name)]
    elif name in get_args(Role):
        yield Rect(x + 4.0, y - 8.0, x + width - 4.0, y + 8.0, 3.0), theme.nodes[_role(name)]
    elif name == "bullet":
        yield Disc(x + width / 2, y, 3.5), Paint(theme.label)
    elif name == "chip":
        yield (
            Rect(x + 6.0, y - 7.0, x + width - 6.0, y + 7.0, 3.0),
            theme.paint("parameter", 0, True),
        )
    elif name.startswith("hue") and name[3:].isdecimal():
        yield (
            Rect(x + 4.0, y - 8.0, x + width - 4.0, y + 8.0, 3.0),
            theme.paint("data", int(name[3:])),
        )
    elif name in _LINES:
        yield from _LINES[name](x, y, width, theme)
    else:
        raise DrawError(f"legend: there is no sample {name!r}.")


def _role(name: str) -> Role:
    return next(role for role in get_args(Role) if role == name)


def _arrow(x: float, y: float, theme: Theme, *, start: tuple[float, float]) -> tuple[Drawn, Paint]:
    """A line from `start` to an arrowhead at (x, y) that points right."""
    length, half = theme.arrow_length - 2.0, theme.arrow_width / 2 - 0.5
    head = ((x, y), (x - length, y - half), (x - length, y + half))
    return Path(straight(start, (x - length, y)), head), theme.edge


def _vector(x: float, y: float, width: float, theme: Theme) -> Iterator[tuple[Drawn, Paint]]:
    yield _arrow(x + width, y, theme, start=(x, y))


def _join(x: float, y: float, width: float, theme: Theme) -> Iterator[tuple[Drawn, Paint]]:
    yield Path(straight((x, y + 8.0), (x + width / 2, y))), theme.edge
    yield Path(straight((x, y - 8.0), (x + width / 2, y))), theme.edge
    yield _arrow(x + width, y, theme, start=(x + width / 2, y))


def _copy(x: float, y: float, width: float, theme: Theme) -> Iterator[tuple[Drawn, Paint]]:
    yield Path(straight((x, y), (x + width / 2, y))), theme.edge
    for dy in (-6.0, 6.0):
        yield Path(straight((x + width / 2, y), (x + width * 0.75, y + dy))), theme.edge
        yield _arrow(x + width, y + dy, theme, start=(x + width * 0.75, y + dy))


def _undirected(x: float, y: float, width: float, theme: Theme) -> Iterator[tuple[Drawn, Paint]]:
    yield Path(straight((x, y), (x + width, y))), theme.edge


def _dashed(x: float, y: float, width: float, theme: Theme) -> Iterator[tuple[Drawn, Paint]]:
    length = theme.arrow_length - 2.0
    yield Path(straight((x, y), (x + width - length, y))), theme.line(dashed=True)
    yield _arrow(x + width, y, theme, start=(x + width - length, y))


def _highlight(x: float, y: float, width: float, theme: Theme) -> Iterator[tuple[Drawn, Paint]]:
    yield Path(straight((x, y), (x + width, y))), theme.marker
    yield _arrow(x + width, y, theme, start=(x, y))


def _dead(x: float, y: float, width: float, theme: Theme) -> Iterator[tuple[Drawn, Paint]]:
    yield Path(straight((x, y), (x + width, y))), theme.dead_edge


_LINES = {
    "vector": _vector,
    "join": _join,
    "copy": _copy,
    "dashed": _dashed,
    "undirected": _undirected,
    "highlight": _highlight,
    "dead": _dead,
}
