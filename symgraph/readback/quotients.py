"""Derivatives as they are written: dL/dW, ∂L/∂W, and fractions of these."""

from __future__ import annotations

from abc import ABC, abstractmethod

from symgraph.readback.cursor import Cursor
from symgraph.readback.stream import CLOSE, FRACTION, OPEN, ReadError
from symgraph.readback.tree import Entries, Label, Tree, Word

__all__ = ["Quotients"]


class Quotients(Cursor, ABC):
    """A line whose quotients of differentials are read; how operands are read is left open."""

    @abstractmethod
    def _primary(self) -> Tree:
        """An operand without what stands behind it."""

    @abstractmethod
    def _bracketed(self) -> Tree:
        """What stands in brackets."""

    @abstractmethod
    def _between_bars(self) -> Tree:
        """What stands between bars."""

    @abstractmethod
    def _behind(self, x: Tree) -> Tree:
        """An operand with what is written behind it."""

    def _derivative(self) -> Tree | None:
        """dL/dW, ∂L/∂W, or a fraction of these, if that is what stands here."""
        start = self._at
        kept = (self._depth, self._bars, self._equals_compares)
        try:
            return self._differential_quotient(start)
        except ReadError:
            self._at = start
            self._depth, self._bars, self._equals_compares = kept
            return None

    def _differential_quotient(self, start: int) -> Tree:
        fraction = self._text[start] == FRACTION
        if fraction:
            self._at += 1
            self._need(OPEN)
        of, entry = self._differential(fraction)
        self._need(CLOSE if fraction else "/")
        if fraction:
            self._need(OPEN)
        self._differential_sign(fraction)
        by_start = self._at
        variable = self._operand()
        short = self._at
        known = (of, self._piece(by_start, short)) in self._names.derivatives
        if isinstance(variable, Entries):  # w_kj^(2), an entry of w^(2)
            key = (of, variable.x.name if isinstance(variable.x, Word) else "")
            if key in self._names.derivatives:
                if fraction:
                    self._need(CLOSE)
                low = (*entry, *variable.low)
                return Entries(start, Label(start, *key, variable.x), low, None, True)
        whole = self._behind(variable)
        long = self._piece(by_start, self._at)
        is_entry = isinstance(whole, Entries) and whole.x == variable
        if (of, long) in self._names.derivatives or not (known or is_entry):
            label: Tree = Label(start, of, long, whole)
        else:
            label = Label(start, of, self._piece(by_start, short), variable)
            self._at = short
            label = self._behind(label)
        if entry:
            low = label.low if isinstance(label, Entries) else ()
            inner = label.x if isinstance(label, Entries) else label
            label = Entries(start, inner, (*entry, *low))
        if fraction:
            self._need(CLOSE)
        return label

    def _differential(self, fraction: bool) -> tuple[str, tuple[Tree, ...]]:
        """What is differentiated, and the indices of the entry that is meant."""
        self._differential_sign(fraction)
        start = self._at
        operand = self._operand()
        end = self._at
        known = {of for of, _ in self._names.derivatives}
        entry = operand.x if isinstance(operand, Entries) else None
        if isinstance(entry, Word) and entry.name in known:  # net_i^(2), an entry of net^(2)
            assert isinstance(operand, Entries)
            return entry.name, operand.low
        whole = self._behind(operand)
        long = self._piece(start, self._at)
        if isinstance(whole, Entries) and whole.x == operand:
            if long in known:  # dnet_{t+1}/dnet_t
                return long, ()
            return self._piece(start, end), whole.low
        return long, ()

    def _differential_sign(self, fraction: bool) -> None:
        if self._text[self._at : self._at + 1] not in ("d", "∂"):
            raise self._fail("no derivative")
        self._at += 1
        if fraction or self._text[self._at - 1] == "∂":
            self._blanks()

    def _operand(self) -> Tree:
        """A name or something in brackets."""
        char = self._text[self._at : self._at + 1]
        if char and char in "(" + OPEN:
            return self._bracketed()
        if char == "|":
            return self._between_bars()
        return self._primary()

    def _piece(self, start: int, end: int) -> str:
        return self._names.key(self._text[start:end])
