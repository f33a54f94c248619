"""The table of forward values f and backward values g, in the order of evaluation."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from symgraph.answers import answering
from symgraph.columns import aligned
from symgraph.printing import Style
from symgraph.rounding import shown

__all__ = ["Row", "Table"]

Array = NDArray[Any]

#: The most entries of an array that stand in one cell.
ENTRIES = 9


@dataclass(frozen=True)
class Row:
    """One line: a vertex with its formula, the labels of its edges, and its two values.

    `number` counts in the order of evaluation from 1; `index` is the one of f and g, 0 at the root.
    `gradient` says by which labels g comes from the g of the users.
    """

    number: int
    index: int
    formula: str
    latex: str
    forward: Array
    backward: Array | None
    gradient: str = ""
    gradient_latex: str = ""


@answering
@dataclass(frozen=True)
class Table:
    """Forward and backward value of every vertex, in the order of evaluation.

    `symbolic` adds the column that says how each g comes about.
    """

    rows: tuple[Row, ...]
    digits: int
    symbolic: bool = False

    def __str__(self) -> str:
        lines = [self._heads(), *(self._cells(row) for row in self.rows)]
        return "\n".join(aligned(lines, left=(1, 4)))

    def _heads(self) -> list[str]:
        return ["i", "value", "f", "g", *(["g by labels"] if self.symbolic else [])]

    def _cells(self, row: Row, style: Style = "unicode") -> list[str]:
        f, g = (
            "" if x is None else shown(x, self.digits, style, ENTRIES)
            for x in (row.forward, row.backward)
        )
        formula, gradient = row.formula, row.gradient
        if style == "latex":
            formula, gradient = f"${row.latex}$", f"${row.gradient_latex}$" if gradient else ""
            f, g = (f"${text}$" if text else "" for text in (f, g))
        return [str(row.index), formula, f, g, *([gradient] if self.symbolic else [])]

    def markdown(self) -> str:
        """A table of Markdown."""
        heads = self._heads()
        lines = [heads, ["--:", ":--", "--:", "--:", ":--"][: len(heads)]]
        lines += [[cell.replace("|", r"\|") for cell in self._cells(row)] for row in self.rows]
        return "\n".join(f"| {' | '.join(line)} |" for line in lines)

    def latex(self) -> str:
        """A tabular environment; needs amsmath."""
        heads = ["$i$", "value", "$f_i$", "$g_i$", *(["$g_i$ by labels"] if self.symbolic else [])]
        lines = [heads, *(self._cells(row, "latex") for row in self.rows)]
        body = " \\\\\n".join("  " + " & ".join(line) for line in lines)
        return f"\\begin{{tabular}}{{{'rlrrl'[: len(heads)]}}}\n{body}\n\\end{{tabular}}"

    def csv(self) -> str:
        """Comma-separated values with a line of heads; numbers with all their digits."""
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow([*self._heads()[:4], "g by labels"][: 4 + self.symbolic])
        for row in self.rows:
            cells = [row.index, row.formula, _exact(row.forward), _exact(row.backward)]
            writer.writerow([*cells, *([row.gradient] if self.symbolic else [])])
        return out.getvalue()

    def to_dicts(self) -> list[dict[str, Any]]:
        """The rows as plain data for JSON, unrounded."""
        return [
            {
                "i": row.index, "value": row.formula, "latex": row.latex,
                "f": _plain(row.forward), "g": _plain(row.backward), "labels": row.gradient or None,
            }
            for row in self.rows
        ]  # fmt: skip

    def _repr_markdown_(self) -> str:
        return self.markdown()


def _plain(value: Array | None) -> Any:
    return None if value is None else np.asarray(value).tolist()


def _exact(value: Array | None) -> str:
    return "" if value is None else repr(_plain(value))
