"""Cells below one another, in columns of equal width."""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Sequence

__all__ = ["aligned"]


def aligned(lines: Sequence[Sequence[str]], left: Collection[int] = ()) -> list[str]:
    """The lines with cells of equal width: in the columns `left` to the left, else to the right.

    A Chinese character is as wide as two letters.

    >>> aligned([["t", "变量"], ["10", "x"]], left=[1])
    [' t  变量', '10  x']
    """
    wide = [max(map(_width, column)) for column in zip(*lines, strict=True)]
    return ["  ".join(_padded(cell, wide[k], k in left) for k, cell in enumerate(line)).rstrip()
            for line in lines]  # fmt: skip


def _padded(cell: str, width: int, left: bool) -> str:
    gap = " " * (width - _width(cell))
    return cell + gap if left else gap + cell


def _width(text: str) -> int:
    """How many columns of a terminal the text takes."""
    return sum(
        0 if unicodedata.combining(char) else 1 + (unicodedata.east_asian_width(char) in "WF")
        for char in text
    )
