"""Tokens into a tree, by precedence; what the grammar does not name is refused with its place.

Where textbooks disagree about a spelling (`a/b c`, `log x y`, `tanh W x`) it is refused too, with
both readings in the hint.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import replace
from itertools import accumulate

from symgraph.formula.cursor import BARS, Cursor
from symgraph.formula.functions import SPELLINGS, functions
from symgraph.formula.names import RESERVED, is_letter, key_of, nearest, parts_of
from symgraph.formula.source import Source, Span
from symgraph.formula.tokens import Token
from symgraph.formula.tree import (
    Block,
    Call,
    Comparison,
    Constant,
    Entrywise,
    Index,
    Listing,
    Literal,
    Logical,
    Negative,
    Part,
    Power,
    Product,
    Reference,
    Slice,
    Statement,
    Sum,
    Transposed,
)

__all__ = ["Parser"]

_CLOSING = {"(": ")", "[": "]", "{": "}"}
_ENTRYWISE = {"*": "*", "⊙": "⊙", "∘": "⊙", ".*": "⊙", "/": "/", "./": "/"}
_RELATIONS = ("<", "<=", ">", ">=", "==", "!=")
#: What behind Σ(x) might belong to what is summed.
_REACHED = frozenset("^ ** .^ ^∘ * .* ⊙ ∘ @ · ⊗".split())
#: log det X and log softmax z are one function each.
_OF_LOG = {"det": "logdet", "softmax": "log_softmax"}
_CONSTANTS = {"True": True, "False": False, "None": None}
_TALL = ("Σ", "Π")
#: Operands inside one another, with brackets or without.
DEEPEST = 40


class Parser(Cursor):
    """One text being read; `declared` are the keys of names that have a shape or a value."""

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
        self.depth = 0
        self.equals_relate = False

    # --- statements -------------------------------------------------------------------------

    def block(self) -> Block:
        """Named values, one a line, and the result.

        Raises FormulaError for an empty text and for a line in the midst without a name.
        """
        statements: list[Statement] = []
        while True:
            while self.now.kind == "line":
                self.at += 1
            if self.now.kind == "end":
                break
            if statements and statements[-1].name is None:
                self.fail(
                    "only the last line has no name.", statements[-1].formula.span,
                    "Give the line before it one, as in `let h = tanh(x)`, or take it away.",
                )  # fmt: skip
            statements.append(self._statement())
        if not statements:
            self.fail("there is no formula.", self.now.span, "Write one, such as sum(x**2).")
        return Block(tuple(statements))

    def claim(self) -> Part:
        """One relation, in which `=` says that both sides are equal."""
        self.equals_relate = True
        formula = self._formula()
        self._end()
        return formula

    def _statement(self) -> Statement:
        if self.now.text == "let" and self.ahead(1).kind == "name":
            self.at += 1
            if self.ahead(1).text != "=":
                self.fail("a let line is `let name = formula`.", self.ahead(1).span)
        name, span = None, self.now.span
        if self.now.kind == "name" and self.ahead(1).text == "=":
            name = self._fresh(self.now)
            self.at += 2
        formula = self._formula()
        self._end()
        if name is not None:
            self.declared.add(key_of(name))
        return Statement(name, span, formula)

    def _fresh(self, token: Token) -> str:
        if key_of(token.text) in self.declared:
            self.fail(f"{token.text!r} has a value already.", token.span, "Choose another name.")
        python = token.text in RESERVED and self._function(token.text) is None
        if python or token.text == "let":
            self.fail(f"{token.text!r} is no name here.", token.span, "Choose another one.")
        return token.text

    def _end(self) -> None:
        if self.now.kind not in ("line", "end"):
            self.unexpected()

    # --- levels -----------------------------------------------------------------------------

    def _formula(self) -> Part:
        args = [self._conjunction()]
        while self.accept("∨"):
            args.append(self._conjunction())
        return args[0] if len(args) == 1 else Logical(_over(args), "∨", tuple(args))

    def _conjunction(self) -> Part:
        args = [self._negation()]
        while self.accept("∧"):
            args.append(self._negation())
        return args[0] if len(args) == 1 else Logical(_over(args), "∧", tuple(args))

    def _negation(self) -> Part:
        nots = []
        while sign := self.accept("¬"):
            nots.append(sign)
        x = self._comparison()
        if len(nots) % 2 == 0:
            return x
        return Logical(nots[0].span.to(x.span), "¬", (x,))

    def _comparison(self) -> Part:
        first = self._sum()
        others: list[tuple[str, Part]] = []
        relations = (*_RELATIONS, "=") if self.equals_relate else _RELATIONS
        while sign := self.accept(*relations):
            others.append(("==" if sign.text == "=" else sign.text, self._sum()))
        if not others:
            return first
        return Comparison(first.span.to(others[-1][1].span), first, tuple(others))

    def _sum(self) -> Part:
        begin = self.now.span
        terms: list[tuple[str, Part]] = [(self._sign(), self._term())]
        while sign := self.accept("+", "-"):
            terms.append(("+" if sign.text == self._sign() else "-", self._term()))
        if len(terms) == 1:
            sign_, x = terms[0]
            return x if sign_ == "+" else Negative(begin.to(x.span), x)
        return Sum(begin.to(terms[-1][1].span), tuple(terms))

    def _sign(self) -> str:
        negative = False
        while token := self.accept("+", "-"):
            negative ^= token.text == "-"
        return "-" if negative else "+"

    def _term(self) -> Part:
        """Factors that are multiplied or divided entry by entry."""
        factors: list[tuple[str, Part]] = [("*", self._product())]
        while sign := self.accept(*_ENTRYWISE):
            operator = _ENTRYWISE[sign.text]
            negative = self._sign() == "-"
            x = self._product()
            if operator == "/" and isinstance(x, Product) and x.span.start == _start(x):
                self._divided(factors, x)
                continue
            if negative:
                x = Negative(x.span, x)
            factors.append((operator, x))
        if len(factors) == 1:
            return factors[0][1]
        return Entrywise(_over([x for _, x in factors]), tuple(factors))

    def _divided(self, factors: list[tuple[str, Part]], x: Product) -> None:
        """a/b c, which is (a/b) c where the blanks say so; else it is refused.

        The factors so far become the one product.
        """
        text, first = self.source.text, x.factors[0][1]
        tight = text[first.span.start - 1] in "/÷∕／" and not text[first.span.start - 2].isspace()
        of_numbers = len(factors) == 1 and isinstance(factors[0][1], Literal)
        follows = text[first.span.end]
        apart = follows.isspace() if not isinstance(first, Literal) else not is_letter(follows)
        if not apart or not (tight or (of_numbers and isinstance(first, Literal))):
            below, rest = text[first.span.start : first.span.end], text[first.span.end : x.span.end]
            self.fail(
                "a quotient with a product behind it can be read in two ways.", x.span,
                f"Write (… / {below}) {rest.strip()} or … / ({below} {rest.strip()}).",
            )  # fmt: skip
        span = factors[0][1].span.to(first.span)
        quotient = Entrywise(span, (*factors, ("/", first)))
        product = Product(span.to(x.span), (("", quotient), *x.factors[1:]))
        factors[:] = [("*", product)]

    def _product(self) -> Part:
        """Factors of a matrix product, with or without a sign between them."""
        factors: list[tuple[str, Part]] = [("", self._operand())]
        while True:
            if sign := self.accept("@", "·", "⊗"):
                negative = self._sign() == "-"
                x = self._operand()
                factors.append((sign.text, Negative(x.span, x) if negative else x))
            elif self._begins_operand():
                if self.now.kind == "number" and self.ahead(1).text != "[":
                    self.unexpected()
                factors.append(("", self._operand()))
            else:
                break
        if len(factors) == 1:
            return factors[0][1]
        return Product(_over([x for _, x in factors]), tuple(factors))

    def _begins_operand(self) -> bool:
        token = self.now
        if token.kind in ("number", "name"):
            return token.text not in RESERVED or self._is_known(token.text)
        if token.kind != "sign":
            return False
        if token.text in BARS:
            return token.text not in self.bars
        return token.text in ("(", "{", "[", "√", "Σ", "Π", "𝟙")

    def _is_known(self, word: str) -> bool:
        return self._function(word) is not None or key_of(word) in self.declared

    # --- operands ---------------------------------------------------------------------------

    def _operand(self) -> Part:
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
        if sign.text == "^" and closed and "T" not in self.declared:
            if is_turn[0].text == "T" and is_turn[0].kind == "name":
                self.at += 3 if opened else 1
                return Transposed(x.span.to(is_turn[0].span), x)
            if is_turn[0].text == "-" and is_turn[1].text == "T":
                self.at += 4 if opened else 2
                span = x.span.to(is_turn[1].span)
                return Transposed(span, Power(span, x, Literal(span, -1), "^"))
        negative = self._sign() == "-"
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
        with _Level(self):
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
                bounds[-1] = self._formula()
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
            return self._word()
        if token.kind == "sign":
            if token.text in ("(", "{"):
                return self._group()
            if token.text == "[":
                return self._listing()
            if token.text in BARS:
                return self._norm_or_abs()
            if token.text == "𝟙":
                return self._indicator()
            if token.text == "√" or token.text in _TALL:
                return self._applied(self.take())
        return self.unexpected()

    def _group(self) -> Part:
        begun = self.take()
        with _Level(self):
            items = [self._formula()]
            listed = False
            while self.accept(","):
                listed = True
                if self.now.text == ")":
                    break
                items.append(self._formula())
        closed = self.expect(_CLOSING[begun.text], begun)
        span = begun.span.to(closed.span)
        if listed:
            return Listing(span, tuple(items), False)
        return _placed(items[0], span)

    def _listing(self) -> Part:
        begun = self.take()
        items: list[Part] = []
        with _Level(self):
            while not items or self.accept(","):
                items.append(self._formula())
        return Listing(begun.span.to(self.expect("]", begun).span), tuple(items), True)

    def _norm_or_abs(self) -> Part:
        begun = self.take()
        self.bars.append(begun.text)
        x = self._formula()
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
            self.fail("𝟙 needs a condition.", begun.span, "Write 𝟙[x > 0], or ones(n) for ones.")
        with _Level(self, equals=True):
            condition = self._formula()
        closed = self.expect(_CLOSING[opened.text], opened)
        return Call(begun.span.to(closed.span), "indicator", (condition,))

    # --- words ------------------------------------------------------------------------------

    def _function(self, word: str) -> str | None:
        """The table's name of a function."""
        name = SPELLINGS.get(word, word)
        return name if name in functions() or word.rstrip("'") in self.abstract else None

    def _letters(self, k: int, token: Token) -> list[Token]:
        """Xw as X w, where both are declared and the word is not."""
        word = token.text
        is_name = token.kind == "name" and key_of(word) not in self.declared
        if not is_name or self._function(word) or word in RESERVED or self.ahead(k + 1).text == "=":
            return [token]
        letters = parts_of(word, self.spelled)
        if not letters or any(len(one.rstrip("0123456789₀₁₂₃₄₅₆₇₈₉")) > 1 for one in letters):
            return [token]
        ends = list(accumulate(map(len, letters), initial=token.span.start))
        return [
            Token("name", one, Span(begin, end), 0, token.after_blank and begin == ends[0])
            for one, begin, end in zip(letters, ends[:-1], ends[1:], strict=True)
        ]

    def _word(self) -> Part:
        token = self.take()
        word = token.text
        if key_of(word) in self.declared:
            return Reference(token.span, word)
        if self._function(word) is not None:
            return self._applied(token)
        if word == "let":
            self.fail("a let line is `let name = formula`.", token.span)
        if word in _CONSTANTS:
            return Constant(token.span, _CONSTANTS[word])
        if word in RESERVED:
            self.reserved(token)
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
        hint = nearest(token.text, [*functions(), *SPELLINGS, *self.abstract])
        if self.now.after_blank and not hint:
            return
        rest = (
            f"A product is written {token.text} (...), with a blank; a function is declared with "
            f"--function {token.text}, a name such as {token.text}(x) with its shape."
        )
        self.fail(f"unknown function {token.text!r}.", token.span, hint or rest)

    def _applied(self, token: Token) -> Part:
        """A function with its operands: in brackets, or the one that follows."""
        word, following = token.text, self.now
        brackets = following.kind == "sign" and following.text in _CLOSING
        apart = following.after_blank and (following.text == "[" or word in _TALL)
        if brackets and not apart:
            return self._called(token)
        if token.text in _TALL:
            x = self._term()
            return Call(token.span.to(x.span), SPELLINGS[word], (x,))
        if following.kind == "raised" and self.ahead(1).text == "(":
            self.fail(
                f"a power of the function {word!r} is read in two ways.", following.span,
                f"Write {word}(x)^2.",
            )  # fmt: skip
        begins = self._begins_operand() or (brackets and following.text == "[")
        if not word.isascii() and word != "√" and not begins:
            return Reference(token.span, word)  # σ² may be a variance
        if not begins or (not word.isascii() and word != "√"):
            own = word.rstrip("'") in self.abstract
            usage = f"{word}(x)" if own else functions()[SPELLINGS.get(word, word)].usage
            self.fail(
                f"{word!r} is a function and needs its operands in parentheses.", token.span,
                f"Write {usage}; a variable of this name must be declared, as in --shape {word}=.",
            )  # fmt: skip
        return self._prefix(token)

    def _prefix(self, token: Token) -> Part:
        """exp z, log det X, √2: one operand; a second factor behind it could belong to either."""
        x = self._operand()
        name = SPELLINGS.get(token.text, token.text)
        call = Call(token.span.to(x.span), name, (x,))
        if name == "log" and isinstance(x, Call) and x.function in _OF_LOG:
            call = Call(call.span, _OF_LOG[x.function], x.args, x.options)
        if self._begins_operand() or (self.now.kind == "sign" and self.now.text in ("@", "·")):
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
        closing = _CLOSING[begun.text]
        with _Level(self):
            while self.now.text != closing:
                if self.now.kind == "name" and self.ahead(1).text == "=":
                    name = self.take()
                    self.at += 1
                    options.append((name.text, self._formula()))
                elif options:
                    self.fail("an operand behind options.", self.now.span, "Write it before them.")
                else:
                    args.append(self._formula())
                if not self.accept(","):
                    break
        closed = self.expect(closing, begun)
        reaches = self.now.kind == "sign" and self.now.text in _REACHED
        if token.text in _TALL and (reaches or self.now.kind == "raised" or self._begins_operand()):
            inside = self.source.text[begun.span.start : closed.span.end]
            self.fail(
                f"how far {token.text} reaches can be read in two ways.", self.now.span,
                f"Write ({token.text}{inside}) … or {token.text} {inside} … with a blank.",
            )  # fmt: skip
        span = token.span.to(closed.span)
        return Call(span, SPELLINGS.get(token.text, token.text), tuple(args), tuple(options))


class _Level:
    """The inside of brackets: bars that are open outside do not count."""

    def __init__(self, parser: Parser, equals: bool = False) -> None:
        self.parser = parser
        self.equals = equals

    def __enter__(self) -> None:
        self.saved = self.parser.bars, self.parser.equals_relate
        self.parser.bars = []
        self.parser.equals_relate = self.equals

    def __exit__(self, *problem: object) -> None:
        self.parser.bars, self.parser.equals_relate = self.saved


def _over(parts: Sequence[Part]) -> Span:
    return parts[0].span.to(parts[-1].span)


def _start(x: Product) -> int:
    """Where the first factor begins: behind the parenthesis where the product is in parentheses."""
    return x.factors[0][1].span.start


def _placed(x: Part, span: Span) -> Part:
    """The part with the place that its parentheses have."""
    return replace(x, span=span)
