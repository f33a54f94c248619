"""Words of a formula: names, functions with their operands, and what is neither."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Collection, Sequence
from itertools import accumulate

from symgraph.formula.binding import bound
from symgraph.formula.cursor import Cursor
from symgraph.formula.names import RESERVED, key_of, nearest, parts_of
from symgraph.formula.signatures import SPELLINGS, signatures
from symgraph.formula.source import Source, Span
from symgraph.formula.tokens import Token
from symgraph.formula.tree import Call, Constant, Ones, Part, Reference, Sum, SumOver

__all__ = ["CLOSING", "TALL", "Level", "Words"]

CLOSING = {"(": ")", "[": "]", "{": "}"}
TALL = ("Σ", "Π")
#: What behind Σ(x) might belong to what is summed.
_REACHED = frozenset("^ ** .^ ^∘ * .* ⊙ ∘ @ · ⊗".split())
#: log det X and log softmax z are one function each.
_OF_LOG = {"det": "logdet", "softmax": "log_softmax"}
_CONSTANTS = {"True": True, "False": False, "None": None}


class Words(Cursor, ABC):
    """A text with the names and functions that it may use."""

    def __init__(
        self, source: Source, tokens: Sequence[Token], declared: Collection[str],
        abstract: Collection[str] = (), spelled: Collection[str] = (),
    ) -> None:  # fmt: skip
        super().__init__(source, tokens)
        self.declared = set(declared)
        self.abstract = frozenset(abstract)
        self.spelled = frozenset(spelled)
        self.tokens = [part for k, token in enumerate(tokens) for part in self._letters(k, token)]
        self.bars: list[str] = []
        #: The letters of times, over which sums run.
        self.letters: frozenset[str] = frozenset()
        self.equals_relate = False

    @abstractmethod
    def formula(self) -> Part:
        """Everything up to a bracket, a comma or the end."""

    @abstractmethod
    def term(self) -> Part:
        """Factors up to the next + or -."""

    @abstractmethod
    def operand(self) -> Part:
        """One factor with its powers and indices."""

    @abstractmethod
    def begins_operand(self) -> bool:
        """Whether a factor begins with the token that is read next."""

    def function(self, word: str) -> str | None:
        """The table's name of a function."""
        name = SPELLINGS.get(word, word)
        return name if name in signatures() or word.rstrip("'") in self.abstract else None

    def _letters(self, k: int, token: Token) -> list[Token]:
        """Xw as X w, where both are declared and the word is not."""
        word = token.text
        is_name = token.kind == "name" and key_of(word) not in self.declared
        if not is_name or self.function(word) or word in RESERVED or self.ahead(k + 1).text == "=":
            return [token]
        letters = parts_of(word, self.spelled)
        if not letters or any(len(one.rstrip("0123456789₀₁₂₃₄₅₆₇₈₉")) > 1 for one in letters):
            return [token]
        ends = list(accumulate(map(len, letters), initial=token.span.start))
        return [
            Token("name", one, Span(begin, end), 0, token.after_blank and begin == ends[0])
            for one, begin, end in zip(letters, ends[:-1], ends[1:], strict=True)
        ]

    def word(self) -> Part:
        token = self.take()
        word = token.text
        if key_of(word) in self.declared:
            return Reference(token.span, word)
        if self.function(word) is not None:
            return self.applied(token)
        if word == "let":
            self.fail("a let line is `let name = formula`.", token.span)
        if word in _CONSTANTS:
            return Constant(token.span, _CONSTANTS[word])
        if word in RESERVED:
            self.reserved(token)
        if re.fullmatch(r"(?:Σ|∑|sum)_[A-Za-z]", word) and word[-1] in self.letters:
            x = self.term()
            return SumOver(token.span.to(x.span), word[-1], x)
        if word[0] in "ΣΠ∑∏":
            self.fail(
                f"{word!r}: a sum has no index here.", token.span,
                "Σ x is the sum of all entries, sum(x, axis=0) one along an axis.",
            )  # fmt: skip
        if re.fullmatch(r"(sum|prod)_[a-z]", word):
            self.fail(
                f"{word!r}: a sum has no index here.", token.span,
                "sum(x) runs over all entries, sum(x, axis=0) along an axis.",
            )  # fmt: skip
        if split := parts_of(word, self.spelled):
            self.fail(
                f"{word!r} is one name, and it has no shape.", token.span,
                f"Write {' '.join(split)} for the product.",
            )  # fmt: skip
        if word.lower() in ("nan", "inf", "infinity"):
            self.fail(f"{word!r} is no number here.", token.span, "Write a finite number.")
        if self.now.text == "(" and self.now.kind == "sign":
            self._check_product(token)
        return Reference(token.span, word)

    def _check_product(self, token: Token) -> None:
        """A name before a parenthesis: y (1 - p) with a blank is a product, y(x) calls nothing."""
        hint = nearest(token.text, [*signatures(), *SPELLINGS, *self.abstract])
        if self.now.after_blank and not hint:
            return
        rest = (
            f"A product is written {token.text} (...), with a blank; a function is declared with "
            f"--function {token.text}, a name such as {token.text}(x) with its shape."
        )
        self.fail(f"unknown function {token.text!r}.", token.span, hint or rest)

    def applied(self, token: Token) -> Part:
        """A function with its operands: in brackets, or the one that follows."""
        word, following = token.text, self.now
        brackets = following.kind == "sign" and following.text in CLOSING
        apart = following.after_blank and (following.text == "[" or word in TALL)
        if word == "ones" and (not brackets or following.after_blank):
            return Ones(token.span)
        if brackets and not apart:
            return self._called(token)
        if token.text in TALL:
            x = self.term()
            return Call(token.span.to(x.span), SPELLINGS[word], (x,))
        if following.kind == "raised" and self.ahead(1).text == "(":
            self.fail(
                f"a power of the function {word!r} is read in two ways.", following.span,
                f"Write {word}(x)^2.",
            )  # fmt: skip
        begins = self.begins_operand() or (brackets and following.text == "[")
        if not word.isascii() and word != "√" and not begins:
            return Reference(token.span, word)  # σ² may be a variance
        if not begins or (not word.isascii() and word != "√"):
            own = word.rstrip("'") in self.abstract
            usage = f"{word}(x)" if own else signatures()[SPELLINGS.get(word, word)].usage
            self.fail(
                f"{word!r} is a function and needs its operands in parentheses.", token.span,
                f"Write {usage}; a variable of this name must be declared, as in --shape {word}=.",
            )  # fmt: skip
        return self._prefix(token)

    def _prefix(self, token: Token) -> Part:
        """exp z, log det X, √2: one operand; a second factor behind it could belong to either."""
        x = self.operand()
        name = SPELLINGS.get(token.text, token.text)
        call = self._checked(Call(token.span.to(x.span), name, (x,)))
        if name == "log" and isinstance(x, Call) and x.function in _OF_LOG:
            call = Call(call.span, _OF_LOG[x.function], x.args, x.options)
        if self.begins_operand() or (self.now.kind == "sign" and self.now.text in ("@", "·")):
            told = self.source.text[x.span.start : x.span.end]
            self.fail(
                f"what {token.text!r} applies to can be read in two ways.", call.span,
                f"Write {token.text}({told}) … or {token.text}({told} …).",
            )  # fmt: skip
        return call

    def _called(self, token: Token) -> Part:
        begun = self.take()
        args: list[Part] = []
        options: list[tuple[str, Part]] = []
        closing = CLOSING[begun.text]
        with Level(self):
            while self.now.text != closing:
                if self.now.kind == "name" and self.ahead(1).text == "=":
                    name = self.take()
                    self.at += 1
                    options.append((name.text, self.formula()))
                elif options:
                    self.fail("an operand behind options.", self.now.span, "Write it before them.")
                else:
                    args.append(self.formula())
                if not self.accept(","):
                    break
        closed = self.expect(closing, begun)
        reaches = self.now.kind in ("sign", "raised") and self.now.text in _REACHED
        several = len(args) == 1 and isinstance(args[0], Sum) and self.begins_operand()
        if token.text in TALL and (reaches or self.now.kind == "raised" or several):
            inside = self.source.text[begun.span.start : closed.span.end]
            self.fail(
                f"how far {token.text} reaches can be read in two ways.", self.now.span,
                f"Write ({token.text}{inside}) … or {token.text} {inside} … with a blank.",
            )  # fmt: skip
        span = token.span.to(closed.span)
        function = SPELLINGS.get(token.text, token.text)
        return self._checked(Call(span, function, tuple(args), tuple(options)))

    def _checked(self, call: Call) -> Call:
        """A call whose operands and options are those of the function."""
        name = call.function
        of_many = name in ("max", "min") and len(call.args) > 1 and not call.options
        if name in signatures() and name not in self.abstract and not of_many:
            bound(signatures()[name], call, self.source)
        return call


class Level:
    """The inside of brackets: bars that are open outside do not count."""

    def __init__(self, parser: Words, equals: bool = False) -> None:
        self.parser = parser
        self.equals = equals

    def __enter__(self) -> None:
        self.saved = self.parser.bars, self.parser.equals_relate
        self.parser.bars = []
        self.parser.equals_relate = self.equals

    def __exit__(self, *problem: object) -> None:
        self.parser.bars, self.parser.equals_relate = self.saved
