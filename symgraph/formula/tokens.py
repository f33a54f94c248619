"""Cutting the text of a formula into tokens.

Every character that the language does not use is refused here, with its place. Declared names that
are not plain words, such as φ(x) or W', are one token each.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Iterable, Iterator
from fractions import Fraction
from typing import Literal, NamedTuple

from symgraph.formula.names import IDENTIFIER, is_letter
from symgraph.formula.signatures import signatures
from symgraph.formula.source import Source, Span

__all__ = ["LONGEST", "Number", "Token", "tokens_of"]

Kind = Literal["number", "name", "sign", "raised", "lowered", "line", "end"]
Number = int | float | Fraction

#: A longer text is refused: no formula that people read is.
LONGEST = 20_000
MOST_TOKENS = 5_000
DEEPEST = 40
#: The digits that a number may have.
DIGITS = 25


class Token(NamedTuple):
    """One word, number or sign, its place, and whether a blank stands before it."""

    kind: Kind
    text: str
    span: Span
    value: Number = 0
    after_blank: bool = False


_NUMBER = re.compile(r"(?:[0-9]+(?:\.[0-9]+|\.(?![*/^T.]))?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_SIGNS = (
    ".^", ".*", "./", ".T", "**", "||", "==", "!=", "<=", ">=", "^∘", "+", "-", "*", "/", "^", "@",
    "(", ")", "[", "]", "{", "}", ",", ":", "=", "<", ">", "|", "·", "⊙", "∘", "⊗", "‖", "√", "Σ",
    "Π", "∧", "∨", "¬", "𝟙", "𝟏", "∞",
)  # fmt: skip
_TALL = ("Σ", "Π")
# Signs of one meaning have one spelling from here on.
_SAME = {
    "−": "-", "–": "-", "＋": "+", "－": "-", "×": "⊙", "∗": "*", "＊": "*", "⋅": "·", "•": "·",
    "∙": "·", "⨀": "⊙", "◦": "∘", "⨂": "⊗", "÷": "/", "∕": "/", "／": "/", "≤": "<=", "≥": ">=",
    "⩽": "<=", "⩾": ">=", "≠": "!=", "（": "(", "）": ")", "，": ",", "［": "[", "］": "]",
    "｛": "{", "｝": "}", "＝": "=", "＜": "<", "＞": ">", "∑": "Σ", "∏": "Π", "∥": "‖", "∣": "|",
    "：": ":", "ǁ": "‖",
}  # fmt: skip
_FRACTIONS = {
    "½": Fraction(1, 2), "⅓": Fraction(1, 3), "⅔": Fraction(2, 3), "¼": Fraction(1, 4),
    "¾": Fraction(3, 4), "⅕": Fraction(1, 5), "⅙": Fraction(1, 6), "⅛": Fraction(1, 8),
}  # fmt: skip
_RAISED = dict(zip("⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁺ᵀ", "0123456789-+T", strict=True))
_LOWERED = dict(zip("₀₁₂₃₄₅₆₇₈₉", "0123456789", strict=True)) | {"∞": "∞"}
_OPEN, _CLOSE = "([{", ")]}"
#: A line that ends with one of these goes on in the next one.
_GOES_ON = frozenset({*_SIGNS, "and", "or", "not"} - {")", "]", "}", ".T", "|", "||", "‖", "∞"})
#: A line that begins with one of these continues the one before; + and - may begin a formula.
_CONTINUES = frozenset("* / @ · ⊙ ∘ ⊗ ** < > <= >= == != .* ./ ∧ ∨ ) ] } ,".split())

_HINTS = {
    '"': "Text in quotes is no part of a formula.",
    "'": "For a transpose write ᵀ or .T; a name with a prime must be declared, as in "
    '--shape "W\'=d".',
    "\\": "LaTeX is not read; write letters as they are, such as φ or phi.",
    "%": "Write remainder(a, b).",
    "&": "Write `and` or ∧.",
    "!": "Write `not`, ¬ or !=.",
    "~": "Write `not` or ¬.",
    "$": "Write the formula without dollar signs.",
    ".": "A dot is only .T, .*, ./ or .^; values have no attributes.",
    "?": "Write where(condition, a, b) for a choice.",
    "∂": "Name what to differentiate by with --wrt, or in sg.derive.",
    "∇": "Name what to differentiate by with --wrt, or in sg.derive.",
    "⟨": "Write x·y.",
    "⟩": "Write x·y.",
    "⊤": "Write ᵀ or ^T behind the value.",
}


def tokens_of(source: Source, composites: Iterable[str] = ()) -> list[Token]:
    """The tokens of the text, the last of kind "end".

    `composites`: declared names that are not plain words.
    Raises FormulaError at the first character that no formula has, and for texts that are too long
    or nested too deep.
    """
    if len(source.text) > LONGEST:
        raise source.error(
            f"{len(source.text)} characters; a formula has at most {LONGEST}.",
            Span(LONGEST, LONGEST + 1),
            "Build long expressions in Python.",
        )
    special = {c for c in composites if IDENTIFIER.end(c, 0) != len(c) or c[0] in _TALL}
    words = sorted(special, key=len)[::-1]
    return _orders_first(list(_Lexer(source, words).run()))


def _orders_first(tokens: list[Token]) -> list[Token]:
    """‖x‖²_F as ‖x‖_F²: the order of a norm comes before its power."""
    for k, token in enumerate(tokens):
        if token.kind == "lowered" and k > 1 and tokens[k - 1].kind in ("raised", "number"):
            power = 1 if tokens[k - 1].kind == "raised" else 2
            if tokens[k - power - 1].text in ("‖", "||"):
                tokens.insert(k - power, tokens.pop(k))
    return tokens


class _Lexer:
    def __init__(self, source: Source, composites: list[str]) -> None:
        self.source = source
        self.text = source.text
        self.composites = composites
        self.at = 0
        self.open: list[Token] = []
        self.blank = False
        self.last: Token | None = None

    def run(self) -> Iterator[Token]:
        count = 0
        while self.at < len(self.text):
            token = self._next()
            if token is None:
                continue
            if token.kind == "line" and (
                self.open or self.last is None or self.last.text in _GOES_ON
            ):
                continue
            count += 1
            if count > MOST_TOKENS:
                raise self.source.error(
                    f"more than {MOST_TOKENS} signs and words.", token.span,
                    "Build long expressions in Python.",
                )  # fmt: skip
            self._nest(token)
            yield token
            self.last, self.blank = token, False
        if self.open:
            raise self.source.error(
                f"{self.open[-1].text!r} is never closed.", self.open[-1].span,
                "Close it, or take it away.",
            )  # fmt: skip
        end = len(self.text.rstrip())
        yield Token("end", "the end", Span(end, end + 1))

    def _nest(self, token: Token) -> None:
        if token.kind != "sign":
            return
        if token.text in _OPEN:
            self.open.append(token)
            if len(self.open) > DEEPEST:
                raise self.source.error(
                    f"more than {DEEPEST} brackets inside one another.", token.span,
                    "Name parts with let lines.",
                )  # fmt: skip
        elif token.text in _CLOSE:
            wanted = _OPEN[_CLOSE.index(token.text)]
            if not self.open or self.open.pop().text != wanted:
                raise self.source.error(
                    f"{token.text!r} closes no {wanted!r}.", token.span, "Balance the brackets."
                )

    def _next(self) -> Token | None:
        """The token at this place; None for blanks and comments."""
        char = self.text[self.at]
        if char in "\n;；":
            return self._line()
        if char in " \t\r" or unicodedata.category(char) == "Zs":
            self.blank = True
            self.at += 1
            return None
        if char == "#":
            stop = self.text.find("\n", self.at)
            self.at = len(self.text) if stop < 0 else stop
            return None
        return self._composite() or self._number() or self._scripts() or self._word_or_sign()

    def _token(self, kind: Kind, end: int, text: str = "", value: Number = 0) -> Token:
        span = Span(self.at, end)
        self.at = end
        return Token(kind, text or self.text[span.start : end], span, value, self.blank)

    def _line(self) -> Token | None:
        """The end of a statement, unless the next line continues this one."""
        following = re.compile(r"[\s]*(\*\*|<=|>=|==|!=|\.\*|\./|.)?").match(self.text, self.at + 1)
        sign = following.group(1) if following else None
        if self.text[self.at] == "\n" and sign and _SAME.get(sign, sign) in _CONTINUES:
            self.blank = True
            self.at += 1
            return None
        return self._token("line", self.at + 1, "the end of the line")

    def _composite(self) -> Token | None:
        for name in self.composites:
            end = self.at + len(name)
            joined = IDENTIFIER.end(f"{name[-1]}{self.text[end : end + 1]}", 0) == 2
            if self.text.startswith(name, self.at) and not joined:
                return self._token("name", end)
        return None

    def _number(self) -> Token | None:
        char = self.text[self.at]
        if char in _FRACTIONS:
            return self._token("number", self.at + 1, char, _FRACTIONS[char])
        match = _NUMBER.match(self.text, self.at)
        if match is None:
            return None
        word, span = match.group(), Span(self.at, match.end())
        if sum(c.isdigit() for c in word) > DIGITS:
            raise self.source.error(
                f"a number with more than {DIGITS} digits.", span, "Write it with an exponent."
            )
        value: Number = int(word) if word.isdigit() else float(word)
        if not float(value) < (2**63 if isinstance(value, int) else math.inf):
            raise self.source.error(f"the number {word} is too large.", span, "Give a smaller one.")
        self._check_behind(word, match.end())
        return self._token("number", match.end(), word, value)

    def _check_behind(self, word: str, end: int) -> None:
        """2x is a product; 0x41, 2j and 1e are spellings of numbers that other languages have."""
        name = self.text[end : IDENTIFIER.end(self.text, end)]
        if name and (word == "0" or name in ("e", "E", "j", "J")):
            raise self.source.error(
                f"{word}{name} is no number here.", Span(self.at, end + len(name)),
                f"Write decimal numbers, such as 12.5 or 1e-3; a product is {word}*{name}.",
            )  # fmt: skip

    def _scripts(self) -> Token | None:
        """A run of raised or lowered signs: ², ⁻¹, ᵀ, ₂, and _2 or _F behind a norm."""
        for kind, table in (("raised", _RAISED), ("lowered", _LOWERED)):
            end = self.at
            while end < len(self.text) and self.text[end] in table and self.text[end] != "∞":
                end += 1
            if end > self.at:
                text = "".join(table[c] for c in self.text[self.at : end])
                return self._token("raised" if kind == "raised" else "lowered", end, text)
        behind = self.text[: self.at].rstrip("²^2")
        if self.text[self.at] == "_" and behind.endswith(("‖", "||")) and self.text[self.at + 1 :]:
            return self._token("lowered", self.at + 2, self.text[self.at + 1])
        return None

    def _word_or_sign(self) -> Token:
        char = self.text[self.at]
        sign = _SAME.get(char, char)
        if sign not in _TALL or self._begins_word():
            end = IDENTIFIER.end(self.text, self.at)
            if end > self.at:
                return self._word(end)
        for known in _SIGNS:
            if sign == known or (len(known) > 1 and self.text.startswith(known, self.at)):
                if known == ".T" and IDENTIFIER.end(self.text, self.at + 1) > self.at + 2:
                    continue
                return self._token("sign", self.at + len(known if sign == char else char), known)
        raise self._foreign(char)

    def _begins_word(self) -> bool:
        """Σ₁ is a name of its own; Σ and the Σ of Σx are the sign of a sum."""
        following = self.text[self.at + 1 : self.at + 2]
        return not is_letter(following) and IDENTIFIER.end(self.text, self.at) > self.at + 1

    def _word(self, end: int) -> Token:
        word = unicodedata.normalize("NFC", self.text[self.at : end])
        if word in ("and", "or", "not"):
            return self._token("sign", end, {"and": "∧", "or": "∨", "not": "¬"}[word])
        if "__" in word:
            raise self.source.error(
                f"{word!r} is no name: it has two underscores in a row.", Span(self.at, end),
                "Names are words such as x, W1, h_t or φ.",
            )  # fmt: skip
        return self._token("name", end, word)

    def _foreign(self, char: str) -> Exception:
        if char == "_":
            if self.text.startswith("_{", self.at):
                raise self.source.error(
                    "an index in braces.", Span(self.at, self.at + 2),
                    "Write x1 or x_1. A name such as s_{t-1} must be declared, or be the value "
                    "of a line with times: let s_t = w s_{t-1}, t = 1..T.",
                )  # fmt: skip
            word = re.compile(r"\w+").match(self.text, self.at)
            end = word.end() if word else self.at + 1
            raise self.source.error(
                f"{self.text[self.at : end]!r} is no name.", Span(self.at, end),
                "Names begin with a letter, such as x, W1, h_t or φ.",
            )  # fmt: skip
        span, title = Span(self.at, self.at + 1), unicodedata.name(char, "a control character")
        shown = f"{char!r}" if char.isprintable() else ""
        if unicodedata.category(char) in ("Cc", "Cf", "Cs", "Co", "Cn"):
            problem = f"an invisible character, U+{ord(char):04X} ({title.lower()})."
            return self.source.error(problem, span, "Take it away.")
        problem = f"{shown} (U+{ord(char):04X}, {title.lower()}) is no part of a formula."
        attribute = re.compile(r"\.([A-Za-z_]\w*)").match(self.text, self.at)
        if attribute and attribute.group(1) in signatures():
            hint = f"Values have no attributes: write {attribute.group(1)}(...)."
        elif char.isalpha():
            hint = "Names are written in Latin, Greek, Chinese, Japanese or Korean letters."
        else:
            hint = _HINTS.get(char, "Take it away.")
        return self.source.error(problem, span, hint)
