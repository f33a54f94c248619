"""Operands of a formula: brackets, norms, indicators, and the powers and indices behind them."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import replace

from symgraph.formula.cursor import BARS
from symgraph.formula.names import RESERVED, key_of
from symgraph.formula.source import Source, Span
from symgraph.formula.tokens import Token
from symgraph.formula.tree import (
    Call,
    Index,
    Listing,
    Literal,
    Negative,
    Ones,
    Part,
    Power,
    Reference,
    Slice,
    Transposed,
)
from symgraph.formula.words import CLOSING, TALL, Level, Words

__all__ = ["Operands"]

#: Operands inside one another, with brackets or without.
DEEPEST = 40


class Operands(Words):
    """A text whose operands are read, each with what stands behind it."""

    def __init__(
        self, source: Source, tokens: Sequence[Token], declared: Collection[str],
        abstract: Collection[str] = (), spelled: Collection[str] = (),
    ) -> None:  # fmt: skip
        super().__init__(source, tokens, declared, abstract, spelled)
        self.depth = 0
        #: Whether T behind ^ is no number that has this name.
        self.turns = True

    def sign(self) -> str:
        negative = False
        while token := self.accept("+", "-"):
            negative ^= token.text == "-"
        return "-" if negative else "+"

    def begins_operand(self) -> bool:
        token = self.now
        if token.kind in ("number", "name"):
            return token.text not in RESERVED or self._is_known(token.text)
        if token.kind != "sign":
            return False
        if token.text in BARS:
            return token.text not in self.bars
        return token.text in ("(", "{", "[", "√", "Σ", "Π", "𝟙", "𝟏")

    def _is_known(self, word: str) -> bool:
        return self.function(word) is not None or key_of(word) in self.declared

    def operand(self) -> Part:
        self.depth += 1
        if self.depth > DEEPEST:
            self.fail(
                "too many parts inside one another.", self.now.span, "Name parts in let lines."
            )
        x = self._primary()
        self.depth -= 1
        while True:
            token = self.now
            if token.text == ".T" and token.kind == "sign":
                x = Transposed(x.span.to(self.take().span), x)
            elif token.kind == "raised":
                x = self._raised(x, self.take())
            elif token.kind == "sign" and token.text in ("^", "**", ".^", "^∘"):
                x = self._power(x, self.take())
            elif token.kind == "sign" and token.text == "[" and not token.after_blank:
                x = self._index(x)
            else:
                return x

    def _raised(self, x: Part, token: Token) -> Part:
        span, text = x.span.to(token.span), token.text
        inverse = Power(span, x, Literal(token.span, -1), "^")
        if text in ("T", "-T"):
            return Transposed(span, x if text == "T" else inverse)
        if re.fullmatch(r"[+-]?[0-9]{1,9}", text) is None:
            self.fail(f"{text!r} is no exponent.", token.span, "Write a number, -1, T or -T.")
        self._check_base(x)
        return Power(span, x, Literal(token.span, int(text)), "^")

    def _check_base(self, x: Part) -> None:
        """The e of e^x is Euler's number to some readers and a variable to others."""
        if isinstance(x, Reference) and x.name == "e" and "e" not in self.declared:
            self.fail(
                "a power of e can be read in two ways.", x.span,
                "Write exp(...), or declare the variable, as in --shape e=.",
            )  # fmt: skip

    def _power(self, x: Part, sign: Token) -> Part:
        opened = self.now.text == "{" and self.now.kind == "sign"
        is_turn = self.ahead(1 if opened else 0), self.ahead(2 if opened else 1)
        closed = not opened or self.ahead(2).text == "}" or self.ahead(3).text == "}"
        if sign.text == "^" and closed and self.turns:
            if is_turn[0].text == "T" and is_turn[0].kind == "name":
                self.at += 3 if opened else 1
                return Transposed(x.span.to(is_turn[0].span), x)
            if is_turn[0].text == "-" and is_turn[1].text == "T":
                self.at += 4 if opened else 2
                span = x.span.to(is_turn[1].span)
                return Transposed(span, Power(span, x, Literal(span, -1), "^"))
        negative = self.sign() == "-"
        if self.now.text == "[":
            self.unexpected()
        if opened and self.ahead(1).text == "(":
            self.fail(
                "an exponent in braces and parentheses is the number of a layer.", self.now.span,
                "Write W2, or x^2 for a power; a name such as W^(2) must be declared.",
            )  # fmt: skip
        self._check_base(x)
        exponent = self._primary()
        if self.now.kind == "sign" and self.now.text in ("^", "**", ".^", "^∘"):
            self.fail(
                "a power of a power can be read in two ways.", self.now.span,
                "Write x^(a^b) or (x^a)^b.",
            )  # fmt: skip
        if negative:
            exponent = Negative(exponent.span, exponent)
        kind = "^" if sign.text == "^" else "**" if sign.text == "**" else ".^"
        return Power(x.span.to(exponent.span), x, exponent, kind)

    def _index(self, x: Part) -> Part:
        begun = self.take()
        if isinstance(x, Literal):
            self.fail("a number has no entries.", begun.span, "An indicator is written 1[x > 0].")
        items: list[Part] = []
        with Level(self):
            while not items or self.accept(","):
                items.append(self._index_item())
        return Index(x.span.to(self.expect("]", begun).span), x, tuple(items))

    def _index_item(self) -> Part:
        begin = self.now.span
        bounds: list[Part | None] = [None]
        while True:
            if self.accept(":"):
                bounds.append(None)
            elif self.now.text in (",", "]") or len(bounds) > 3 or bounds[-1] is not None:
                break
            else:
                bounds[-1] = self.formula()
        if len(bounds) == 1 and bounds[0] is not None:
            return bounds[0]
        if len(bounds) in (1, 4):
            self.unexpected()
        start, stop, step = (*bounds, None)[:3]
        return Slice(begin, (start, stop, step))

    def _primary(self) -> Part:
        token = self.now
        if token.kind == "number":
            brace = self.ahead(1).text == "{" and not self.ahead(1).after_blank
            if self.ahead(1).text == "[" or (brace and token.text == "1"):
                return self._indicator()
            return Literal(self.take().span, token.value)
        if token.kind == "name":
            return self.word()
        if token.kind == "sign":
            if token.text in ("(", "{"):
                return self._group()
            if token.text == "[":
                return self._listing()
            if token.text in BARS:
                return self._norm_or_abs()
            if token.text in ("𝟙", "𝟏"):
                follows = self.ahead(1)
                opened = follows.kind == "sign" and follows.text in CLOSING
                if opened and not (follows.after_blank and token.text == "𝟏"):
                    return self._indicator()
                return Ones(self.take().span)
            if token.text == "√" or token.text in TALL:
                return self.applied(self.take())
        return self.unexpected()

    def _group(self) -> Part:
        begun = self.take()
        with Level(self):
            items = [self.formula()]
            listed = False
            while self.accept(","):
                listed = True
                if self.now.text == ")":
                    break
                items.append(self.formula())
        closed = self.expect(CLOSING[begun.text], begun)
        span = begun.span.to(closed.span)
        if listed:
            return Listing(span, tuple(items), False)
        return _placed(items[0], span)

    def _listing(self) -> Part:
        begun = self.take()
        items: list[Part] = []
        with Level(self):
            while not items or self.accept(","):
                items.append(self.formula())
        return Listing(begun.span.to(self.expect("]", begun).span), tuple(items), True)

    def _norm_or_abs(self) -> Part:
        begun = self.take()
        self.bars.append(begun.text)
        x = self.formula()
        self.bars.pop()
        closed = self.expect(begun.text, begun)
        span = begun.span.to(closed.span)
        if begun.text == "|":
            return Call(span, "abs", (x,))
        if self.now.kind != "lowered":
            return Call(span, "bars", (x,))
        order = self.take()
        if order.text not in ("1", "2", "∞", "F"):
            self.fail(f"there is no norm {order.text!r}.", order.span, "Write 1, 2, ∞ or F.")
        if order.text == "F":
            return Call(span, "bars", (x,))
        value = float("inf") if order.text == "∞" else int(order.text)
        return Call(span.to(order.span), "bars", (x,), (("ord", Literal(order.span, value)),))

    def _indicator(self) -> Part:
        begun = self.take()
        if begun.kind == "number" and begun.value != 1:
            self.fail("a number has no entries.", self.now.span, "An indicator is 1[x > 0].")
        opened = self.accept("[", "{", "(")
        if opened is None:
            self.unexpected()
        with Level(self, equals=True):
            condition = self.formula()
        closed = self.expect(CLOSING[opened.text], opened)
        return Call(begun.span.to(closed.span), "indicator", (condition,))


def _placed(x: Part, span: Span) -> Part:
    """The part with the place that its parentheses have."""
    return replace(x, span=span)
