"""The place up to which a line is read, and what is asked about the characters behind it."""

from __future__ import annotations

from collections.abc import Callable

from symgraph.readback.names import Names
from symgraph.readback.stream import CLOSE, OPEN, ReadError, Stream
from symgraph.readback.tree import Tree

__all__ = ["Cursor"]

_DEEPEST = 60


class Cursor:
    """One line, read from left to right."""

    def __init__(self, written: str, stream: Stream, names: Names) -> None:
        self._written = written
        self._places = stream.places
        self._text = stream.text
        self._names = names
        self._at = 0
        self._depth = 0
        self._bars: list[str] = []
        self._equals_compares = False

    def _fail(self, why: str, at: int | None = None) -> ReadError:
        place = self._at if at is None else at
        shown = self._places[place] if place < len(self._places) else len(self._written)
        return ReadError(f"character {shown + 1}: {why}: {self._written!r}")

    def _blanks(self) -> bool:
        start = at = self._at
        text = self._text
        while text.startswith(" ", at):
            at += 1
        self._at = at
        return at > start

    def _is(self, token: str) -> bool:
        """Whether the next characters after blanks are these."""
        if self._text.startswith(" ", self._at):
            self._blanks()
        return self._text.startswith(token, self._at)

    def _take(self, token: str) -> bool:
        if not self._is(token):
            return False
        self._at += len(token)
        return True

    def _need(self, token: str) -> None:
        if not self._take(token):
            found = self._text[self._at : self._at + 1]
            raise self._fail(
                f"{_shown(token)} is missing" + (f" before {found!r}" if found else "")
            )

    def _inside(self, parse: Callable[[], Tree], closing: str) -> Tree:
        """A formula within brackets that are open already."""
        found = self._nested(parse)
        self._need(closing)
        return found

    def _nested(self, parse: Callable[[], Tree]) -> Tree:
        bars, compares = self._bars, self._equals_compares
        self._bars, self._equals_compares = [], True
        self._deeper("brackets")
        found = parse()
        self._depth -= 1
        self._bars, self._equals_compares = bars, compares
        return found

    def _deeper(self, what: str) -> None:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise self._fail(f"{what} are nested too deeply")


def _shown(token: str) -> str:
    return {OPEN: "'{'", CLOSE: "'}'"}.get(token, repr(token))
