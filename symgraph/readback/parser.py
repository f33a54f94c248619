"""From characters to a tree: one recursive descent by precedence for all three styles.

    or < and < not < relation < sum < entrywise product < dot < product and quotient < power

A product without a sign goes from left to right. What follows Σ_t in its term belongs to the sum.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Literal

from symgraph.readback.functions import FUNCTIONS
from symgraph.readback.latex import latex_stream
from symgraph.readback.names import Names, Sequence
from symgraph.readback.quotients import Quotients
from symgraph.readback.stream import CLOSE, FRACTION, OPEN, plain_stream
from symgraph.readback.tree import (
    Absolute,
    Apply,
    Big,
    Blocks,
    Chain,
    Constant,
    Entries,
    Label,
    Letter,
    Listed,
    Logic,
    Norm,
    Number,
    Over,
    Places,
    Power,
    Relation,
    Share,
    Terms,
    Tree,
    Truth,
    Turned,
    Word,
)

__all__ = ["Span", "Statement", "read"]

Style = Literal["text", "unicode", "latex"]

_NUMBER = re.compile(r"(?:[0-9]+(?:\.[0-9]+)?|\.[0-9]+)(?:[eE][+-]?[0-9]+(?![A-Za-z]))?")
_WORD = re.compile(r"[^\W\d_](?:[\u0300-\u036f]|[A-Za-z0-9])*(?:_[A-Za-z]\w*)?")
_RELATION = re.compile(r"<=|>=|!=|==|=|<|>")
_JOINED = re.compile(r"(?:and|or)(?=[ (])")
_REMAINDER = re.compile(r"mod(?=[ (])")
_STOP = re.compile(r"(?:and|or|not|through|mod)\b|\.\.\.")
_OR, _AND, _NOT, _COMPARED, _SUM, _TERM, _DOT, _PRODUCT, _FACTOR = range(1, 10)
_OPERATORS = {
    "+": (_SUM, "+"), "-": (_SUM, "-"), "*": (_TERM, "⊙"), "⊙": (_TERM, "⊙"), "∘": (_TERM, "⊙"),
    "×": (_TERM, "⊙"), "⊗": (_TERM, "⊗"), "·": (_DOT, "·"), "/": (_PRODUCT, "/"),
}  # fmt: skip
_ONE_OF = re.compile(r"\.\^|\^⟦?∘")
_CLOSING = {"(": ")", "[": "]", "{": "}", OPEN: CLOSE}
_LOGARITHM = re.compile(r" *(det|Γ)(?![^\W_])")
_LOGARITHMS = {"det": "logdet", "Γ": "loggamma"}
_LAYERED = re.compile(rf"([^\W\d_][\u0300-\u036f]*)_{OPEN}([A-Za-z0-9]+),")
_THREE_BARS = re.compile(r"\|\|\|(?!\|)")
_INNER = f"[^{OPEN}{CLOSE}]"
_OF_GATE = re.compile(rf"δ\^{OPEN}([^\W\d_](?:{_INNER}|{OPEN}{_INNER}*{CLOSE})*){CLOSE}")
_LETTER = re.compile(r"[^\W\d_]")


@dataclass(frozen=True)
class Span:
    """The values that a letter runs through, as it is written: t = T-1, ..., 1."""

    letter: str
    values: tuple[Tree, ...]


@dataclass(frozen=True)
class Statement:
    """A line: sides that are equal, for all values of a letter where one is given."""

    sides: tuple[Tree, ...]
    span: Span | None


def read(written: str, style: Style, names: Names) -> Statement:
    """The line as a statement.

    Raises ReadError with the place where the line cannot be read.
    """
    stream = latex_stream(written) if style == "latex" else plain_stream(written)
    return _Parser(written, stream, names).statement()


class _Parser(Quotients):
    """One line."""

    # --- lines --------------------------------------------------------------------------------

    def statement(self) -> Statement:
        """side = side = side,  t = 1, ..., T."""
        sides = [self._side()]
        while self._take("="):
            sides.append(self._side())
        span = self._span() if self._take(",") else None
        self._blanks()
        if self._at < len(self._text):
            raise self._fail(f"{self._text[self._at]!r} is not expected here")
        return Statement(tuple(sides), span)

    def _side(self) -> Tree:
        start = self._at
        side = self._any()
        if self._take("through"):
            side = Share(start, side, self._any())
        return side

    def _span(self) -> Span:
        self._blanks()
        word = _WORD.match(self._text, self._at)
        if word is None:
            raise self._fail("a letter and its values are missing")
        self._at = word.end()
        self._need("=")
        values: list[Tree] = []
        while True:
            if not self._take("..."):
                values.append(self._number())
            if not self._take(","):
                return Span(word[0], tuple(values))

    # --- by precedence ------------------------------------------------------------------------

    def _any(self) -> Tree:
        """A formula or a condition."""
        return self._expression(_OR)

    def _number(self) -> Tree:
        """A formula that is no condition."""
        return self._expression(_SUM)

    def _expression(self, least: int) -> Tree:
        """Operands joined by operators that bind at least so tightly."""
        start = self._at
        if least <= _NOT and (self._is("not ") or self._is("not(")):
            self._at += 3
            left: Tree = Logic(start, "not", (self._expression(_NOT),))
        elif (self._is("-") or self._is("+")) and least > _SUM:
            return self._signed(least)
        else:
            left = Terms(start, ()) if self._is("-") or self._is("+") else self._factor()
        while True:
            level, sign = self._operator()
            if level == 0 or level < least:
                return left
            left = self._joined(start, left, level, sign)

    def _operator(self) -> tuple[int, str]:
        """How tightly the next operator binds, and what it is; 0 where there is none."""
        self._blanks()
        at, text = self._at, self._text
        char = text[at : at + 1]
        if char in self._names.strange and self._names.at(text, at):
            return _PRODUCT, ""
        if char in _OPERATORS and not text.startswith("**", at):
            return _OPERATORS[char]
        relation = _RELATION.match(text, at)
        if relation is not None:
            hidden = relation[0] == "=" and not self._equals_compares
            return (0, "") if hidden else (_COMPARED, relation[0])
        if _REMAINDER.match(text, at):
            return _PRODUCT, "mod"
        word = _JOINED.match(text, at)
        if word is not None:
            return (_OR if word[0] == "or" else _AND), word[0]
        return (_PRODUCT, "") if self._starts_factor() else (0, "")

    def _joined(self, start: int, left: Tree, level: int, sign: str) -> Tree:
        """All operands that operators of one level join."""
        if level == _SUM:
            return self._terms(start, left)
        parts: list[Tree] = [left]
        signs: list[str] = []
        found = (level, sign)
        while found[0] == level:
            self._at += len(found[1])
            if level == _PRODUCT and found[1] == "/":
                below = self._signed(_FACTOR)
                parts, signs = [Over(start, _chain(start, parts), below)], []
            elif found[1] == "mod":
                args = (_chain(start, parts), self._signed(_FACTOR))
                parts, signs = [Apply(start, "remainder", args)], []
            else:
                signs.append("=" if found[1] == "==" else found[1])
                parts.append(self._factor() if level == _PRODUCT else self._expression(level + 1))
            found = self._operator()
        if level == _COMPARED:
            return Relation(start, tuple(parts), tuple(signs))
        if level in (_OR, _AND):
            return Logic(start, "or" if level == _OR else "and", tuple(parts))
        if len(set(signs)) > 1:
            raise self._fail("⊗ and an entrywise product stand side by side; use brackets", start)
        return _chain(start, parts, signs[0] if signs else "")

    def _terms(self, start: int, left: Tree) -> Tree:
        terms = [] if isinstance(left, Terms) and not left.terms else [(1, left)]
        while self._is("+") or self._is("-"):
            terms.append((self._sign(), self._expression(_SUM + 1)))
        return terms[0][1] if len(terms) == 1 and terms[0][0] > 0 else Terms(start, tuple(terms))

    def _sign(self) -> int:
        sign = 1
        while True:
            if self._take("-"):
                sign = -sign
            elif not self._take("+"):
                return sign

    def _signed(self, least: int) -> Tree:
        """An operand that may have a sign of its own."""
        start, sign = self._at, self._sign()
        found = self._factor() if least >= _FACTOR else self._expression(least)
        return found if sign > 0 else Terms(start, ((-1, found),))

    def _starts_factor(self) -> bool:
        self._blanks()
        char = self._text[self._at : self._at + 1]
        if (
            not char
            or char in ")]},;<>=!+-*/·⊙∘×⊗:^_'" + CLOSE
            or _STOP.match(self._text, self._at)
        ):
            return False
        bar = "||" if self._text.startswith("||", self._at) else "|"
        return char != "|" or not self._bars or self._bars[-1] != bar

    # --- powers, transposes, indices ------------------------------------------------------------

    def _factor(self) -> Tree:
        self._blanks()
        return self._behind(self._primary())

    def _behind(self, x: Tree) -> Tree:
        """What is written behind an operand without a blank: a power, indices."""
        while self._at < len(self._text):
            start = self._at
            char = self._text[start]
            indexed = isinstance(x, (Word, Label, Entries)) or self._text[start - 1] in ")]" + CLOSE
            if char == "[" and indexed:
                self._at += 1
                x = Entries(start, x, self._listed("]"))
            elif char == "_" and indexed:
                x = self._lowered(x)
            elif char == "," and isinstance(x, Word) and self._is_sequence(x):
                layered = re.compile(r",([A-Za-z](?:[+-]\d+)?)(?![^\W])").match(self._text, start)
                if layered is None:
                    return x
                self._at = start + 1
                x = Entries(start, x, (self._number(),))
            elif _ONE_OF.match(self._text, start):
                x = self._raised(x, entrywise=True)
            elif char == "^":
                x = self._raised(x, entrywise=False)
            elif self._text.startswith("**", start):
                self._at += 2
                x = Power(start, x, self._signed(_FACTOR))
            else:
                return x
        return x

    def _is_sequence(self, x: Tree) -> bool:
        return isinstance(x, Word) and isinstance(self._names.values.get(x.name), Sequence)

    def _listed(self, closing: str) -> tuple[Tree, ...]:
        """Formulas with commas between them, up to a closing bracket."""
        found = [self._nested(self._any)]
        while self._take(","):
            found.append(self._nested(self._any))
        self._need(closing)
        return tuple(found)

    def _lowered(self, x: Tree) -> Tree:
        start = self._at
        self._at += 1
        low = self._indices()
        from_one = len(low) > 1 and "," not in self._text[start : self._at]
        if isinstance(x, Entries):
            return Entries(start, x.x, (*x.low, *low), x.high, from_one)
        return Entries(start, x, low, None, from_one)

    def _indices(self) -> tuple[Tree, ...]:
        """kj, {t-1}, {b,o,h}: letters beside each other are one index each."""
        start = self._at
        bracketed = self._text[start : start + 1] in (OPEN, "{")
        closing = _CLOSING[self._text[start]] if bracketed else ""
        run = re.compile(r"[A-Za-z0-9]+").match(self._text, start + bracketed)
        if run is not None and (not bracketed or self._text.startswith(closing, run.end())):
            self._at = run.end() + bracketed
            whole = self._names.named(run[0]) if len(run[0]) > 1 else None
            if whole is not None:  # the rows idx of E
                return (Word(start, whole),)
            pieces = re.findall(r"\d+|[A-Za-z]", run[0])
            return tuple(self._index(piece, start) for piece in pieces)
        if not bracketed:
            raise self._fail("an index is missing")
        self._at += 1
        return self._listed(closing)

    def _index(self, piece: str, place: int) -> Tree:
        return Number(place, float(piece)) if piece.isdecimal() else Word(place, piece)

    def _raised(self, x: Tree, entrywise: bool) -> Tree:
        start = self._at
        if self._text.startswith(".", self._at):
            self._at += 1
        self._at += 1
        self._blanks()
        closing = self._text[self._at : self._at + 1] == OPEN
        self._at += closing
        entrywise = self._take("∘") or entrywise
        self._blanks()
        turned = re.compile(r"(-?)[T⊤](?![^\W])").match(self._text, self._at)
        if turned is not None and not (turned[0] == "T" and self._is_whole_time(x)):
            self._at = turned.end()
            inverse = Power(start, x, Number(start, -1.0)) if turned[1] else x
            found: Tree = Turned(start, inverse)
        elif closing:
            found = self._power(x, self._nested(self._number), entrywise, start)
        else:
            found = self._power(x, self._signed_exponent(), entrywise, start)
        if closing:
            self._need(CLOSE)
        return found

    def _is_time(self, x: Tree) -> bool:
        """Whether a superscript of x is a time: of a whole sequence it is."""
        return self._is_sequence(x.x if isinstance(x, Entries) else x)

    def _is_whole_time(self, x: Tree) -> bool:
        """Whether ^T is the last time: of a sequence without another index."""
        return self._is_sequence(x) and "T" in self._names.values

    def _signed_exponent(self) -> Tree:
        """A single operand, as x^2 y is a product; perhaps with a sign."""
        start, sign = self._at, self._sign()
        found = self._primary()
        return found if sign > 0 else Terms(start, ((-1, found),))

    def _power(self, x: Tree, exponent: Tree, entrywise: bool, start: int) -> Tree:
        if self._is_time(x) and not isinstance(exponent, Number):
            low = x.low if isinstance(x, Entries) else ()
            return Entries(start, x.x if isinstance(x, Entries) else x, low, exponent, True)
        return Power(start, x, exponent, entrywise)

    # --- operands -----------------------------------------------------------------------------

    def _primary(self) -> Tree:
        start = self._at
        if start >= len(self._text):
            raise self._fail("the formula ends where an operand is expected")
        char = self._text[start]
        if char in self._names.strange and self._names.at(self._text, start):
            return self._named()
        derivative = self._derivative() if char in "d∂" + FRACTION else None
        if derivative is not None:
            return derivative
        if char == FRACTION:
            self._at += 1
            above, below = self._group(), self._group()
            return Over(start, above, below)
        if char in "([{" + OPEN:
            return self._bracketed()
        if char == "|":
            return self._between_bars()
        if char == "𝟙" or self._text.startswith(("1[", "1{"), start):
            return self._truth()
        number = _NUMBER.match(self._text, start)
        if number is not None:
            self._at = number.end()
            return Number(start, float(number[0]))
        if char == "√":
            self._at += 1
            return Apply(start, "sqrt", (self._factor(),))
        return self._named()

    def _group(self) -> Tree:
        self._need(OPEN)
        return self._inside(self._any, CLOSE)

    def _bracketed(self) -> Tree:
        """(formula), (i, j) for positions, (x_1, ..., x_T), or [a, b; c, d] for blocks."""
        start, closing = self._at, _CLOSING[self._text[self._at]]
        square, listed = self._text[start] == "[", self._text[start] == "("
        self._at += 1
        rows = [[self._nested(self._any)]]
        while square and (self._is(",") or self._is(";")):
            if self._take(";"):
                rows.append([])
            else:
                self._take(",")
            rows[-1].append(self._nested(self._any))
        while listed and self._take(","):
            if self._take("..."):
                self._need(",")
                last = self._nested(self._any)
                self._need(closing)
                return Listed(start, rows[0][0], last)
            rows[-1].append(self._nested(self._any))
        self._need(closing)
        if listed and len(rows[0]) > 1:
            return Places(start, tuple(rows[0]))
        if len(rows) == 1 and len(rows[0]) == 1:
            return rows[0][0]
        return Blocks(start, tuple(map(tuple, rows)))

    def _between_bars(self) -> Tree:
        start = self._at
        double = self._text.startswith("||", start) and not _THREE_BARS.match(self._text, start)
        bar = "||" if double else "|"
        self._at += len(bar)
        bars, self._bars = self._bars, [*self._bars, bar]
        compares, self._equals_compares = self._equals_compares, True
        inner = self._any()
        self._need(bar)
        self._bars, self._equals_compares = bars, compares
        if bar == "|":
            return Absolute(start, inner)
        order = re.compile(rf"_{OPEN}?([12F∞]){CLOSE}?").match(self._text, self._at)
        if order is None:
            return Norm(start, inner)
        self._at = order.end()
        return Norm(start, inner, order[1])

    def _truth(self) -> Tree:
        start = self._at
        self._at += 1
        if self._text.startswith("_" + OPEN, self._at):
            self._at += 1
        opening = self._text[self._at : self._at + 1]
        if opening not in _CLOSING or not opening:
            return self._behind_ones(start)
        self._at += 1
        return Truth(start, self._inside(self._any, _CLOSING[opening]))

    def _named(self) -> Tree:
        """A name, a function, or one of the constants."""
        start = self._at
        word = _WORD.match(self._text, start)
        composed = self._of_gate(start) or self._layered(start)
        if composed is not None:
            return composed
        found = self._names.at(self._text, start)
        if found is not None and not (
            self._is_call(start, found.end) and not callable(found.entry)
        ):
            self._at = found.end
            if callable(found.entry):
                return self._call(found.name, start)
            name = Word(start, found.name)
            return name if found.between is None else self._between(name, found.between)
        if self._text[start] == "𝟏":
            opening = self._text[start + 1 : start + 2]
            self._at += opening not in ("[", "{", "(")
            return self._behind_ones(start) if self._at > start else self._truth()
        if self._text[start] == "∞":
            self._at += 1
            return Constant(start, "infinity")
        if word is None:
            raise self._fail(f"{self._text[start]!r} is not expected here")
        return self._of_word(word)

    def _of_gate(self, start: int) -> Tree | None:
        """The sequence δf, as LaTeX writes it: δ^{f}_{t}."""
        match = _OF_GATE.match(self._text, start)
        name = match and self._names.named("δ" + match[1].replace(" ", ""))
        if match is None or name is None or not self._is_sequence(Word(start, name)):
            return None
        self._at = match.end()
        return Word(start, name)

    def _layered(self, start: int) -> Tree | None:
        """The sequence h1 at a time, as LaTeX writes it: h_{1,t}."""
        match = _LAYERED.match(self._text, start)
        name = match and self._names.named(f"{match[1]}_{match[2]}")
        if match is None or name is None or not self._is_sequence(Word(start, name)):
            return None
        self._at = match.end()
        return Entries(start, Word(start, name), self._listed(CLOSE))

    def _is_call(self, start: int, end: int) -> bool:
        """Whether a name is written as a function that everybody knows: σ(x), not σ (x)."""
        return self._text[start:end] in FUNCTIONS and self._text[end : end + 1] == "("

    def _between(self, name: Tree, index: tuple[int, int]) -> Tree:
        """The entries of w^(2) written between its parts: w_kj^(2)."""
        end, self._at = self._at, index[0]
        low = self._indices()
        self._at = end
        return Entries(name.place, name, low, None, True)

    def _behind_ones(self, start: int) -> Tree:
        return Constant(start, "ones", self._size())

    def _size(self) -> Tree | None:
        """n in I_n."""
        if not self._text.startswith("_", self._at):
            return None
        self._at += 1
        low = self._indices()
        if len(low) != 1:
            raise self._fail("one size is expected")
        return low[0]

    def _of_word(self, word: re.Match[str]) -> Tree:
        start, text = word.start(), word[0]
        head = text.split("_")[0]
        if head in _BIG and self._text.startswith("_", start + len(head)):
            self._at = start + len(head)
            return self._big(_BIG[head], start)
        self._at = word.end()
        if text in FUNCTIONS:
            return self._call(FUNCTIONS[text], start)
        if text == "I":
            opening = self._text[self._at : self._at + 1]
            if opening in ("(", "["):
                self._at += 1
                return Truth(start, self._inside(self._any, _CLOSING[opening]))
            return Constant(start, "identity", self._size())
        for kind, spelled in _CONSTANTS.items():
            if text in spelled:
                return self._behind_ones(start) if kind == "ones" else Constant(start, kind)
        if len(text) == 1:
            return Word(start, text)
        if len(head) == 1:
            self._at = start + 1
            return Word(start, head)
        raise self._fail(f"nothing is called {text!r}", start)

    # --- functions ----------------------------------------------------------------------------

    def _call(self, function: str, start: int) -> Tree:
        """f(x, y, axis=0), f[x], f x, f² x."""
        inner = _LOGARITHM.match(self._text, self._at) if function == "log" else None
        if inner is not None:
            function, self._at = _LOGARITHMS[inner[1]], inner.end()
        gap = self._blanks()
        opening = self._text[self._at : self._at + 1]
        if opening in ("(", "[") or (opening == OPEN and not gap):
            self._at += 1
            return self._arguments(function, start, _CLOSING[opening])
        if opening in ("", ",", ")", "^", "_"):
            raise self._fail(f"the argument of {function} is missing")
        return Apply(start, function, (self._factor(),))

    def _arguments(self, function: str, start: int, closing: str) -> Tree:
        args: list[Tree] = []
        axis: int | None = None
        while True:
            self._blanks()
            named = re.compile(r"axis ?= ?(-?\d+)").match(self._text, self._at)
            if named is not None:
                self._at = named.end()
                axis = int(named[1])
            else:
                args.append(self._nested(self._any))
            if not self._take(","):
                self._need(closing)
                return Apply(start, function, tuple(args), axis)

    def _big(self, sign: str, start: int) -> Tree:
        r"""Σ_t, Σ_{b,h,w}, Σ_{i<3}, Σ_{t=1}^T, Π_{j=t,...,k}."""
        self._at += 1
        closing = _CLOSING.get(self._text[self._at : self._at + 1])
        self._at += closing is not None
        letters = [self._letter()]
        while closing is not None and self._take(","):
            letters.append(self._letter())
        if closing is not None:
            self._need(closing)
        if letters[0].low is not None and letters[0].high is None:
            if len(letters) > 1 or not self._text.startswith("^", self._at):
                raise self._fail("the upper bound is missing")
            self._at += 1
            grouped = self._text.startswith(OPEN, self._at)
            high = self._group() if grouped else self._primary()
            letters = [replace(letters[0], high=high)]
        self._blanks()
        return Big(start, sign, tuple(letters), self._nested_term())

    def _letter(self) -> Letter:
        """A letter with its bounds: i, i<3, t=1, j=t,...,k."""
        self._blanks()
        letter = _LETTER.match(self._text, self._at)
        if letter is None:
            raise self._fail("the letter of a sum is missing")
        self._at = letter.end()
        if self._take("<"):
            return Letter(letter[0], below=self._nested(self._number))
        if not self._take("="):
            return Letter(letter[0])
        values = [self._nested(self._number)]
        while self._take(","):
            if not self._take("..."):
                values.append(self._nested(self._number))
        high = values[-1] if len(values) > 1 else None
        return Letter(letter[0], low=values[0], high=high, falling=high is not None)

    def _nested_term(self) -> Tree:
        self._deeper("sums")
        body = self._signed(_TERM)
        self._depth -= 1
        return body


_CONSTANTS: dict[Literal["ones", "pi", "e", "infinity"], tuple[str, ...]] = {
    "ones": ("ones",), "pi": ("pi", "π"), "e": ("e", "E"), "infinity": ("inf", "∞"),
}  # fmt: skip


_BIG = {
    "sum": "Σ", "Σ": "Σ", "prod": "Π", "Π": "Π", "max": "max", "min": "min", "argmax": "argmax"
}  # fmt: skip


def _chain(start: int, parts: list[Tree], sign: str = "") -> Tree:
    return parts[0] if len(parts) == 1 else Chain(start, tuple(parts), (sign,) * (len(parts) - 1))
