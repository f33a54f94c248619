"""What was measured: columns by name, what they show in words, and a plot of them."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from symgraph.columns import aligned
from symgraph.errors import UnknownNameError
from symgraph.figures import new_figure, save_figure
from symgraph.rounding import checked_digits, shown

__all__ = ["Drawing", "Table"]

#: Draws a table on an empty figure.
Drawing = Callable[["Table", Any], None]

#: More rows than this are printed as the first and the last ones.
ROWS = 24


@dataclass(frozen=True)
class Table:
    """A table: `table["loss"]` is a column, `table.rows` are dictionaries, `str` aligns it.

    `notes` say in words what was found; `plot` draws it.

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

    def text(self, digits: int = 6, limit: int | None = ROWS) -> str:
        """The title, the columns, the notes. Of more than `limit` rows the first and last ones."""
        checked_digits(digits, "table")
        cells = [[_cell(x, digits) for x in row.values()] for row in self.rows]
        if limit is not None and len(cells) > limit:
            gap = ["⋮"] * len(self.columns)
            cells = [*cells[: limit // 2], gap, *cells[-(limit - limit // 2) :]]
        left = [k for k, name in enumerate(self.columns) if _is_text(self.columns[name])]
        return "\n".join([self.title, *aligned([self.names, *cells], left), *self.notes])

    def __str__(self) -> str:
        return self.text()

    def plot(self, path: str | Path | None = None) -> Any:
        """A matplotlib Figure; with `path` it is saved as .svg, .pdf or .png.

        Raises UnsupportedError where matplotlib is not installed, DrawError for another suffix.
        """
        figure = new_figure("phenomena: a plot", (6.4, 4.2), fitted=True)
        if self.drawing is not None:
            self.drawing(self, figure)
        if path is not None:
            save_figure(figure, path)
        return figure


def _is_text(column: Sequence[Any]) -> bool:
    return any(isinstance(x, str) for x in column)


def _cell(x: Any, digits: int) -> str:
    if isinstance(x, float):
        return shown(x, digits) if math.isfinite(x) else str(x)
    return str(x)


def _plain(x: Any) -> Any:
    return x if isinstance(x, (str, int, float, bool)) or x is None else str(x)
