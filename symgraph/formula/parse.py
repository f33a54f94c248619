"""Tokens into a tree, by precedence; what the grammar does not name is refused with its place.

Where textbooks disagree about a spelling (`a/b c`, `log x y`, `tanh W x`) it is refused too, with
both readings in the hint.
"""

from __future__ import annotations

from collections.abc import Sequence

from symgraph.formula.names import RESERVED, is_letter, key_of
from symgraph.formula.operands import Operands
from symgraph.formula.source import Span
from symgraph.formula.tokens import Token
from symgraph.formula.tree import (
    Block,
    Comparison,
    Entrywise,
    Literal,
    Logical,
    Negative,
    Part,
    Product,
    Statement,
    Sum,
)

__all__ = ["Parser"]

_ENTRYWISE = {"*": "*", "⊙": "⊙", "∘": "⊙", ".*": "⊙", "/": "/", "./": "/"}
_RELATIONS = ("<", "<=", ">", ">=", "==", "!=")


class Parser(Operands):
    """One text being read; `declared` are the keys of names that have a shape or a value."""

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
        formula = self.formula()
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
        formula = self.formula()
        self._end()
        if name is not None:
            self.declared.add(key_of(name))
        return Statement(name, span, formula)

    def _fresh(self, token: Token) -> str:
        if key_of(token.text) in self.declared:
            self.fail(f"{token.text!r} has a value already.", token.span, "Choose another name.")
        python = token.text in RESERVED and self.function(token.text) is None
        if python or token.text == "let":
            self.fail(f"{token.text!r} is no name here.", token.span, "Choose another one.")
        return token.text

    def _end(self) -> None:
        if self.now.kind not in ("line", "end"):
            self.unexpected()

    # --- levels -----------------------------------------------------------------------------

    def formula(self) -> Part:
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
        terms: list[tuple[str, Part]] = [(self.sign(), self.term())]
        while sign := self.accept("+", "-"):
            terms.append(("+" if sign.text == self.sign() else "-", self.term()))
        if len(terms) == 1:
            sign_, x = terms[0]
            return x if sign_ == "+" else Negative(begin.to(x.span), x)
        return Sum(begin.to(terms[-1][1].span), tuple(terms))

    def term(self) -> Part:
        """Factors that are multiplied or divided entry by entry."""
        factors: list[tuple[str, Part]] = [("*", self._product())]
        while sign := self.accept(*_ENTRYWISE):
            operator = _ENTRYWISE[sign.text]
            negative = self.sign() == "-"
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
        factors: list[tuple[str, Part]] = [("", self.operand())]
        while True:
            if sign := self.accept("@", "·", "⊗"):
                negative = self.sign() == "-"
                x = self.operand()
                factors.append((sign.text, Negative(x.span, x) if negative else x))
            elif self.begins_operand():
                if self.now.kind == "number" and self.ahead(1).text != "[":
                    self.unexpected()
                factors.append(("", self.operand()))
            else:
                break
        if len(factors) == 1:
            return factors[0][1]
        return Product(_over([x for _, x in factors]), tuple(factors))


def _over(parts: Sequence[Part]) -> Span:
    return parts[0].span.to(parts[-1].span)


def _start(x: Product) -> int:
    """Where the first factor begins: behind the parenthesis where the product is in parentheses."""
    return x.factors[0][1].span.start
