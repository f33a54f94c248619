"""History: what training measured after every epoch, as data, a table, a file or a figure."""

from __future__ import annotations

import csv
import html
import io
import json
import math
from collections.abc import ItemsView, Iterator, KeysView, Mapping, ValuesView
from pathlib import Path
from typing import Any

from symgraph.answers import answering
from symgraph.errors import UnsupportedError
from symgraph.figures import new_figure
from symgraph.files import path_of, writing
from symgraph.train.names import unknown_name

__all__ = ["History"]

SHOWN = 12  # rows of a longer table that its text shows


@answering
class History(Mapping[str, list[float]]):
    """The loss and the metrics of every epoch: `history["loss"]` is a list of one number an epoch.

    `epochs` are the numbers of the epochs, from 1; `stopped` says why training ended before its
    time ("interrupted", "by a callback"), and is empty otherwise. Values measured on validation
    data have names that begin with `val_`.

    >>> history = History()
    >>> history.record(1, {"loss": 0.5, "val_loss": 0.75})
    >>> history.record(2, {"loss": 0.25, "val_loss": 0.5})
    >>> history["loss"], history.epochs
    ([0.5, 0.25], [1, 2])
    >>> print(history)
    epoch  loss  val_loss
        1   0.5      0.75
        2  0.25       0.5
    """

    def __init__(self) -> None:
        self.epochs: list[int] = []
        self.stopped = ""
        self._columns: dict[str, list[float]] = {}

    def record(self, epoch: int, values: Mapping[str, float]) -> None:
        """Append what an epoch measured; what it lacks, or what earlier ones lack, is NaN."""
        for name in values:
            self._columns.setdefault(name, [math.nan] * len(self.epochs))
        self.epochs.append(epoch)
        for name, column in self._columns.items():
            column.append(float(values.get(name, math.nan)))

    def __getitem__(self, name: str) -> list[float]:
        if name not in self._columns:
            raise unknown_name("history", "a measured value", name, self._columns)
        return self._columns[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._columns)

    # those of Mapping would show themselves by the whole table

    def keys(self) -> KeysView[str]:
        """The names of what was measured."""
        return self._columns.keys()

    def values(self) -> ValuesView[list[float]]:
        """The numbers of all epochs, for one name after another."""
        return self._columns.values()

    def items(self) -> ItemsView[str, list[float]]:
        """The names with their numbers."""
        return self._columns.items()

    def __len__(self) -> int:
        return len(self._columns)

    def __contains__(self, name: object) -> bool:
        return name in self._columns

    def to_dict(self) -> dict[str, list[Any]]:
        """The columns by name, the numbers of the epochs first, as lists of plain numbers.

        >>> history = History()
        >>> history.record(1, {"loss": 0.5})
        >>> history.to_dict()
        {'epoch': [1], 'loss': [0.5]}
        """
        return {"epoch": list(self.epochs), **{name: list(v) for name, v in self._columns.items()}}

    def rows(self) -> list[dict[str, float]]:
        """One dictionary an epoch."""
        columns = self.to_dict()
        return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]

    def save(self, path: str | Path) -> None:
        """Write a table: `.csv` with a line of names first, `.jsonl` with one object a line.

        Numbers are written so that they read back equal.
        Raises UnsupportedError for another suffix.
        """
        target = path_of("history.save", path)
        if target.suffix == ".csv":
            text = self._csv()
        elif target.suffix == ".jsonl":
            text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in self.rows())
        else:
            raise UnsupportedError(
                f"history.save: {target.name!r} ends in {target.suffix!r}, and a history is "
                "written as .csv or .jsonl. Choose one of these."
            )
        with writing("history.save", target):
            target.write_text(text, encoding="utf-8", newline="")

    def _csv(self) -> str:
        buffer = io.StringIO()
        writer = csv.writer(buffer, lineterminator="\n")
        columns = self.to_dict()
        writer.writerow(columns)
        writer.writerows(zip(*columns.values(), strict=True))
        return buffer.getvalue()

    def plot(self, *names: str, log: bool = False, title: str | None = None) -> Any:
        """A matplotlib figure of the values over the epochs; all of them unless some are named.

        What was measured on validation data is dashed, in the colour of the same value in
        training. With `log` the values stand on a logarithmic scale. `title` is the names of the
        values unless given.

        Raises UnknownNameError for a name that was not measured, UnsupportedError without
        matplotlib.
        """
        shown = names or tuple(self._columns)
        lines = {name: self[name] for name in shown}
        plain = list(dict.fromkeys(name.removeprefix("val_") for name in shown))
        figure = new_figure("history.plot", fitted=True)
        axes = figure.add_subplot()
        for name, values in lines.items():
            axes.plot(
                self.epochs, values, label=name, color=f"C{plain.index(name.removeprefix('val_'))}",
                linestyle="--" if name.startswith("val_") else "-",
                marker="." if len(values) < 50 else "",
            )  # fmt: skip
        axes.set_title(", ".join(plain) if title is None else title)
        axes.set_xlabel("epoch")
        axes.set_ylabel(plain[0] if len(plain) == 1 else "value")
        axes.xaxis.get_major_locator().set_params(integer=True)
        axes.grid(alpha=0.3)
        if log:
            axes.set_yscale("log")
        if lines:
            axes.legend()
        return figure

    def __repr__(self) -> str:
        cells, hidden = self._cells()
        widths = [max(map(len, column)) for column in cells]
        lines = [
            "  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True))
            for row in zip(*cells, strict=True)
        ]
        if hidden:
            lines.insert(1 + SHOWN // 2, f"... {hidden} more ...")
        if self.stopped:
            lines.append(f"stopped: {self.stopped}")
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        """The table for a notebook."""
        cells, hidden = self._cells()
        head, *body = [
            [html.escape(cell) for cell in row] for row in zip(*cells, strict=True)
        ] or [[]]  # fmt: skip
        rows = [f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in body]
        if hidden:
            more = f'<tr><td colspan="{len(head)}">… {hidden} more …</td></tr>'
            rows.insert(SHOWN // 2, more)
        foot = f"<p>stopped: {html.escape(self.stopped)}</p>" if self.stopped else ""
        names = "".join(f"<th>{cell}</th>" for cell in head)
        return f"<table><thead><tr>{names}</tr></thead><tbody>{''.join(rows)}</tbody></table>{foot}"

    def _cells(self) -> tuple[list[list[str]], int]:
        """The columns as text, their names first, and how many rows in the middle are left out."""
        columns = self.to_dict()
        count = len(self.epochs)
        hidden = max(0, count - SHOWN)
        kept = [*range(SHOWN // 2), *range(count - SHOWN // 2, count)] if hidden else range(count)
        cells = [[name, *(f"{column[i]:.6g}" for i in kept)] for name, column in columns.items()]
        return cells, hidden
