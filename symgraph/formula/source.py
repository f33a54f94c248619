"""The text of a formula and the places in it that messages point to."""

from __future__ import annotations

import unicodedata
from typing import NamedTuple

from symgraph.errors import FormulaError

__all__ = ["Source", "Span", "shortened"]

#: How much of a long line a message shows on either side of the place.
AROUND = 50
LONGEST_PART = 300


class Span(NamedTuple):
    """A part of the text: from `start` up to `end`."""

    start: int
    end: int

    def to(self, other: Span) -> Span:
        """From the start of this part to the end of the other."""
        return Span(self.start, other.end)


class Source:
    """A text with a title ("formula", the name of a file) and what of it messages show."""

    def __init__(self, text: str, title: str = "formula", shown: str | None = None) -> None:
        self.text = text
        self.shown = text if shown is None else shown
        self.title = title

    def error(self, problem: str, span: Span, hint: str = "") -> FormulaError:
        """The error at a place: what is wrong, where, what to write, the line with a mark."""
        line, column = self.position(span.start)
        facts = " ".join(shortened(part) for part in (problem, hint) if part)
        told = f"{self.title}, line {line}, column {column}: {facts}"
        return FormulaError(f"{told}\n{self.marked(span)}", line, column)

    def position(self, start: int) -> tuple[int, int]:
        """Line and column, counted from 1."""
        before = self.text[:start]
        return before.count("\n") + 1, start - (before.rfind("\n") + 1) + 1

    def marked(self, span: Span) -> str:
        """The line of the place, and ^ below it."""
        text = self.shown
        begin = text.rfind("\n", 0, span.start) + 1
        stop = text.find("\n", span.start)
        stop = len(text) if stop < 0 else stop
        low, high = max(begin, span.start - AROUND), min(stop, span.start + AROUND)
        head, end = "…" if low > begin else "", min(max(span.end, span.start + 1), high)
        shown = head + _visible(text[low:high]) + ("…" if high < stop else "")
        indent = _width(head + text[low : span.start])
        mark = "^" * max(1, _width(text[span.start : end]))
        return f"    {shown}\n    {' ' * indent}{mark}"


def shortened(text: str) -> str:
    """A text that a message can hold."""
    return text if len(text) <= LONGEST_PART else f"{text[:60]}…{text[-100:]}"


def _visible(text: str) -> str:
    """Without characters that would disturb the line or the terminal."""
    return "".join(c if c.isprintable() else "�" if c != "\t" else " " for c in text)


def _width(text: str) -> int:
    """How many columns of a terminal the text takes."""
    return sum(0 if unicodedata.combining(c) else _columns(c) for c in text)


def _columns(char: str) -> int:
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1
