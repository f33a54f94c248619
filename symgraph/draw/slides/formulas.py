"""The formulas of a step as rows: broken where they are long, in columns where they are many."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from symgraph.draw.slides.story import Step
from symgraph.draw.slides.wording import Line
from symgraph.draw.typesetting.ink import Box
from symgraph.draw.typesetting.typeset import clean, default_typesetter

__all__ = ["GAP", "Row", "block_of", "columns_of", "stacked", "tall", "wide", "words"]

#: The size of formulas beside the picture; what is too wide is set smaller, but not below the part.
_SIZE, _SMALLEST = 30.0, 0.75
# A row is that much narrower than its parts at the most: what is much too wide is not set at all.
_NEARLY = 0.8
_LINE_GAP = 18.0
# What continues a formula in a further row stands further right.
_SIGNS = ("=", "+", r"\cdot")
#: Between the picture and the formulas, and between columns of these.
GAP = 40.0


@dataclass(frozen=True, slots=True)
class Row:
    """A formula set, and what it says."""

    box: Box
    source: str


def block_of(step: Step, width: float) -> list[Row]:
    """The rows of a step, each at most so wide."""
    return [row for line in step.lines for row in _rows(line, width)]


def _rows(line: Line, width: float) -> Iterator[Row]:
    """A formula in as many rows as it needs, broken before an equals sign or within a product.

    The parts are measured one by one: together they would be set again and again.
    """
    row: list[str] = []
    used = 0.0
    for group in _groups(line, width):
        room = sum(map(_room_of, group))
        if row and used + room > width:
            yield _fitted(" ".join(row), width, used)
            row, used = ([r"\quad"], _SIZE) if group[0].startswith(_SIGNS) else ([], 0.0)
        row += group
        used += room
    if row:
        yield _fitted(" ".join(row), width, used)


def _groups(line: Line, width: float) -> Iterator[list[str]]:
    """What stays together: from one equals sign to the next, where that fits into a row."""
    starts = [k for k, part in enumerate(line) if not k or part.startswith("=")]
    for start, end in itertools.pairwise([*starts, len(line)]):
        whole = list(line[start:end])
        if _SIZE + sum(map(_room_of, whole)) <= width:
            yield whole
        else:
            yield from ([part] for part in whole)


def _room_of(part: str) -> float:
    """The width of a part, with the gap that a sign at its beginning gets."""
    return _measured(part).box.width + 0.4 * _SIZE


def _fitted(latex: str, width: float, parts: float) -> Row:
    """A row that is at most so wide, set smaller if need be; `parts`: how wide its parts are."""
    if _NEARLY * parts * _SMALLEST <= width:
        made = _measured(latex)
        if made.box.width <= width:
            return made
        factor = max(_SMALLEST, width / made.box.width)
        smaller = Row(made.box.scaled(factor), made.source)
        if smaller.box.width <= width + 1.0:
            return smaller
    head, sign, _ = latex.partition("= ")
    return (
        _measured(f"{head} = \\cdots")
        if sign and len(head) < len(latex) / 2
        else _measured(r"\cdots")
    )


def _measured(latex: str) -> Row:
    return Row(default_typesetter().measure(latex, _SIZE), clean(latex))


def stacked(block: Sequence[Row], y: float) -> Iterator[tuple[Row, float]]:
    """Each formula with the height of its baseline."""
    for formula in block:
        yield formula, y + formula.box.height
        y += formula.box.tall + _LINE_GAP


def tall(block: Sequence[Row]) -> float:
    """The height of rows below each other."""
    return sum(formula.box.tall + _LINE_GAP for formula in block)


def wide(block: Sequence[Row]) -> float:
    """The width of the widest row."""
    return max((formula.box.width for formula in block), default=0.0)


def columns_of(block: list[Row], width: float) -> list[list[Row]]:
    """Many rows in as many columns as fit, read column by column."""
    for count in (3, 2):
        if len(block) > 2 * (count - 1) + 1:
            rows = -(-len(block) // count)
            columns = [block[k : k + rows] for k in range(0, len(block), rows)]
            if sum(map(wide, columns)) + GAP * (len(columns) - 1) <= width:
                return columns
    return [block]


def words(text: str, width: float, size: float) -> Box:
    """Words in one line that is at most so wide."""
    latex = rf"\text{{{text}}}"
    box = default_typesetter().measure(latex, size)
    if box.width <= width:
        return box
    return default_typesetter().measure(latex, 0.98 * size * width / box.width)
