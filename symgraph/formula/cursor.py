"""Going through the tokens of a formula, and saying what cannot stand at a place."""

from __future__ import annotations

import keyword
from collections.abc import Sequence
from typing import NoReturn

from symgraph.formula.names import RESERVED
from symgraph.formula.source import Source, Span
from symgraph.formula.tokens import Token

__all__ = ["BARS", "Cursor"]

BARS = ("|", "||", "‖")


class Cursor:
    """The tokens of a text and the one that is read next."""

    def __init__(self, source: Source, tokens: Sequence[Token]) -> None:
        self.source = source
        self.tokens = tokens
        self.at = 0

    @property
    def now(self) -> Token:
        """The token that is read next."""
        return self.tokens[self.at]

    def ahead(self, by: int) -> Token:
        """The token some places further on."""
        return self.tokens[min(self.at + by, len(self.tokens) - 1)]

    def take(self) -> Token:
        """This token; the next one becomes current."""
        token = self.now
        self.at += token.kind != "end"
        return token

    def accept(self, *texts: str) -> Token | None:
        """This token if it is one of these signs."""
        return self.take() if self.now.kind == "sign" and self.now.text in texts else None

    def expect(self, text: str, begun: Token) -> Token:
        """This sign, which closes what `begun` has opened."""
        token = self.accept(text)
        if token is None:
            if begun.text in BARS:
                self.fail(
                    f"{begun.text!r} is not closed.", begun.span,
                    "Write abs(x) or norm(x) where bars are hard to read.",
                )  # fmt: skip
            self.unexpected()
        return token

    def fail(self, problem: str, span: Span, hint: str = "") -> NoReturn:
        """Refuse the text."""
        raise self.source.error(problem, span, hint)

    def unexpected(self) -> NoReturn:
        """Refuse the token that is read next."""
        token = self.now
        before = self.tokens[self.at - 1].text if self.at else ""
        if token.kind in ("line", "end"):
            after = f" after {before!r}" if self.at else ""
            self.fail(f"a value is missing{after}.", token.span, "Complete the formula.")
        if token.kind == "name" and token.text in RESERVED:
            self.reserved(token)
        hints = {
            "=": "Write == to compare; a name gets its value on a line of its own.",
            ":": "A colon stands only inside of an index, as in x[1:3].",
            "number": "Write * before a number.",
        }
        hint = hints.get(
            token.text, hints.get(token.kind, "Take it away, or complete the formula.")
        )
        self.fail(f"{token.text!r} cannot stand here.", token.span, hint)

    def reserved(self, token: Token) -> NoReturn:
        """Refuse a word of Python."""
        word = token.text
        hints = {
            "if": "Write where(condition, a, b).", "else": "Write where(condition, a, b).",
            "for": "Write sums as sum(x) or Σ x.", "is": "Write ==.",
        }  # fmt: skip
        rest = "A formula is made of values; its functions are those of symgraph."
        if not keyword.iskeyword(word):
            rest = f"{rest} A variable of this name is declared with a shape: --shape {word}=."
        hint = hints.get(word, rest)
        self.fail(f"{word!r} is a word of Python, which formulas do not use.", token.span, hint)
