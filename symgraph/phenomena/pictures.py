"""How tables are drawn: curves over their first column, one style for all."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from symgraph.draw.theme import LIGHT
from symgraph.phenomena.table import Table

__all__ = ["COLOURS", "curves", "panel_of", "style"]

#: The colours of values, derivatives and labels first, then further ones.
COLOURS = tuple(
    dict.fromkeys(
        (LIGHT.forward, LIGHT.backward, LIGHT.label, *(stroke for _, stroke in LIGHT.hues))
    )
)
_STROKES = ("-", "--", "-.", ":")
_MARKERS = "osd^vx+*"
#: Numbers that differ by less than this factor stand on a linear scale.
_WIDE = 30.0


def style(k: int, marked: bool = True) -> dict[str, Any]:
    """Colour, stroke and marker of the line k: no two lines differ by colour alone."""
    found: dict[str, Any] = {
        "color": COLOURS[k % len(COLOURS)], "linestyle": _STROKES[k % len(_STROKES)],
    }  # fmt: skip
    if marked:
        found |= {"marker": _MARKERS[k % len(_MARKERS)], "markersize": 4}
    return found


def panel_of(figure: Any, across: str, upwards: str, title: str = "") -> Any:
    """The one panel of a figure, with its axes named."""
    panel = figure.subplots()
    panel.set_xlabel(across)
    panel.set_ylabel(upwards)
    panel.set_axisbelow(True)
    panel.grid(True, color=LIGHT.groups["module"].stroke, linewidth=0.6)
    if title:
        panel.set_title(title, fontsize=11)
    return panel


def curves(
    table: Table, figure: Any, *, names: Sequence[str], upwards: str, log: bool = True,
    bounds: Sequence[str] = (),
) -> None:  # fmt: skip
    """Some columns over the first one; `bounds` are drawn thin, in the colour of what they bound.

    With `log` the scale is logarithmic where the values differ enough for it: there are magnitudes
    then, and a gap where a value is 0.
    """
    first, *_ = table.names
    x = table[first]
    panel = panel_of(figure, first, upwards, table.title)
    panel.xaxis.get_major_locator().set_params(integer=True)
    log = log and _is_wide([y for name in (*names, *bounds) for y in table[name]])
    for k, name in enumerate(names):
        y = np.asarray(table[name], dtype=float)
        if log:
            y = np.where((y != 0) & np.isfinite(y), np.abs(y), np.nan)
        panel.plot(x, y, label=name, **style(k, marked=len(x) <= 60))
    for name in bounds:
        owner = next((k for k, one in enumerate(names) if name.startswith(one)), 0)
        panel.plot(
            x, table[name], label=name, color=COLOURS[owner % len(COLOURS)], linewidth=0.9,
            linestyle=(0, (1, 3)),
        )  # fmt: skip
    if log:
        panel.set_yscale("log")
    panel.legend(fontsize=9)


def _is_wide(values: Sequence[float]) -> bool:
    """Whether the largest number is many times the smallest one that is not 0."""
    sizes = np.abs(np.asarray(values, dtype=float))
    sizes = sizes[(sizes > 0) & np.isfinite(sizes)]
    return bool(len(sizes)) and float(sizes.max() / sizes.min()) > _WIDE
