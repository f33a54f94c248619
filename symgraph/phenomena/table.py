"""What was measured: columns by name, what they show in words, and a plot of them."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Literal

from symgraph.answers import answering
from symgraph.columns import aligned
from symgraph.draw.plots import chinese_family
from symgraph.errors import UnknownNameError
from symgraph.figures import new_figure, save_figure
from symgraph.phenomena.chinese import in_chinese
from symgraph.rounding import checked_digits, shown

__all__ = ["Drawing", "Table"]

#: Draws a table on an empty figure.
Drawing = Callable[["Table", Any], None]

#: More rows than this are printed as the first and the last ones.
ROWS = 24


@answering
@dataclass(frozen=True)
class Table:
    """A table: `table["loss"]` is a column, `table.rows` are dictionaries, `str` aligns it.

    `notes` say in words what was found; `plot` draws it. Text and plot are in English or Chinese
    (`lang="zh"`): title, names of columns, notes and labels; the columns that `own` names are the
    user's and stay as they are.

    >>> table = Table("Squares", {"n": [1, 2, 3], "n²": [1, 4, 9]}, ("They grow.",))
    >>> print(table)
    Squares
    n  n²
    1   1
    2   4
    3   9
    They grow.
    >>> table["n²"], table.rows[1]
    ([1, 4, 9], {'n': 2, 'n²': 4})
    """

    title: str
    columns: Mapping[str, Sequence[Any]]
    notes: tuple[str, ...] = ()
    drawing: Drawing | None = None
    own: frozenset[str] = frozenset()

    def __getitem__(self, name: str) -> list[Any]:
        if name not in self.columns:
            near = get_close_matches(str(name), self.columns, 1)
            hint = f"Did you mean {near[0]!r}?" if near else f"There are {', '.join(self.columns)}."
            raise UnknownNameError(f"table: there is no column {name!r}. {hint}")
        return list(self.columns[name])

    def __len__(self) -> int:
        return len(next(iter(self.columns.values()), ()))

    @property
    def names(self) -> list[str]:
        """The names of the columns."""
        return list(self.columns)

    @property
    def rows(self) -> list[dict[str, Any]]:
        """One dictionary a row."""
        lines = zip(*self.columns.values(), strict=True)
        return [dict(zip(self.columns, line, strict=True)) for line in lines]

    def to_dict(self) -> dict[str, Any]:
        """The same as plain data for JSON; sizes without a number are text."""
        columns = {name: [_plain(x) for x in column] for name, column in self.columns.items()}
        return {"title": self.title, "columns": columns, "notes": list(self.notes)}

    def text(
        self, digits: int = 6, limit: int | None = ROWS, lang: Literal["en", "zh"] = "en"
    ) -> str:
        """The title, the columns, the notes. Of more than `limit` rows the first and last ones."""
        said = self._said(lang)
        checked_digits(digits, "table")
        cells = [[_cell(x, digits) for x in row.values()] for row in self.rows]
        if limit is not None and len(cells) > limit:
            gap = ["⋮"] * len(self.columns)
            cells = [*cells[: limit // 2], gap, *cells[-(limit - limit // 2) :]]
        left = [k for k, name in enumerate(self.columns) if _is_text(self.columns[name])]
        heads = [name if name in self.own else said(name) for name in self.columns]
        notes = [said(note) for note in self.notes]
        return "\n".join([said(self.title), *aligned([heads, *cells], left), *notes])

    def __str__(self) -> str:
        return self.text()

    def plot(self, path: str | Path | None = None, lang: Literal["en", "zh"] = "en") -> Any:
        """A matplotlib Figure; with `path` it is saved as .svg, .pdf or .png.

        Raises UnsupportedError where matplotlib is not installed, DrawError for another suffix.
        """
        said = self._said(lang)
        figure = new_figure("phenomena: a plot", (6.4, 4.2), fitted=True)
        if self.drawing is not None:
            self.drawing(self, figure)
        if lang == "zh":
            self._translate(figure, said)
        if path is not None:
            save_figure(figure, path)
        return figure

    def _said(self, lang: str) -> Callable[[str], str]:
        if lang not in ("en", "zh"):
            raise UnknownNameError(f"table: lang={lang!r} is not offered; write en or zh.")
        return in_chinese if lang == "zh" else str

    def _translate(self, figure: Any, said: Callable[[str], str]) -> None:
        """Say in another language what stands in a figure, but for names of the user's."""
        from matplotlib.text import Text

        family = chinese_family()
        ticks = {
            id(tick)
            for panel in figure.axes
            for axis in (panel.xaxis, panel.yaxis)
            for tick in axis.get_ticklabels()
        }
        for text in figure.findobj(Text):
            if id(text) not in ticks and text.get_text() not in self.own:
                text.set_text(said(text.get_text()))
            text.set_fontfamily(family)


def _is_text(column: Sequence[Any]) -> bool:
    return any(isinstance(x, str) for x in column)


def _cell(x: Any, digits: int) -> str:
    if isinstance(x, float):
        return shown(x, digits) if math.isfinite(x) else str(x)
    return str(x)


def _plain(x: Any) -> Any:
    return x if isinstance(x, (str, int, float, bool)) or x is None else str(x)
