"""Writing formulas in three styles: text (ASCII operators), Unicode, LaTeX.

Text writes products by a space, entrywise products by `*`, transposes by `^T`; Unicode and LaTeX
use ᵀ and ⊙. Names keep the user's spelling in text; in Unicode W1 becomes W₁ and phi φ.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from fractions import Fraction
from functools import singledispatch
from typing import Any

import sympy

from symgraph.abstract import spelled
from symgraph.notation.indexed import (
    Array,
    Entry,
    Index,
    Inside,
    Over,
    Place,
    Places,
    Quotient,
    Remainder,
    implied,
)
from symgraph.notation.sequences import Entries, Moment, OrderedProduct, OverTime, Side, Span, Timed
from symgraph.notation.spelling import INDICATORS, PRODUCTS, Spelling
from symgraph.notation.tree import (
    Apply,
    Call,
    Derivative,
    Dot,
    Formula,
    Hadamard,
    Identity,
    Indicator,
    Inverse,
    Logical,
    MatrixPower,
    Name,
    Norm,
    Number,
    OneHot,
    Ones,
    Plain,
    Power,
    Product,
    Ranged,
    Real,
    Relation,
    SecondDerivative,
    Sum,
    Symbolic,
    Transpose,
    Verbatim,
)
from symgraph.printing import ATOM, Format, Piece, Style, entry_name, latex_literal, unicode_name

__all__ = ["moment_text", "span_text", "write"]

# How tightly things bind; the names of `symgraph.printing` stop at products.
_OR, _AND, _REL, _SUM, _HADAMARD, _PRODUCT, _POWER = 10, 15, 20, 40, 45, 50, 60

_EXPONENTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_UNICODE_HALVES = {
    Fraction(1, 2): "½", Fraction(1, 3): "⅓", Fraction(2, 3): "⅔", Fraction(1, 4): "¼",
    Fraction(3, 4): "¾",
}  # fmt: skip
_SIGNS = {
    "<": ("<", "<", "<"), "<=": ("<=", "≤", r"\le"), ">": (">", ">", ">"),
    ">=": (">=", "≥", r"\ge"), "==": ("=", "=", "="), "!=": ("!=", "≠", r"\ne"),
}  # fmt: skip
_RISING = {"<": "<", "<=": "<=", ">": "<", ">=": "<="}
_HEADS: dict[str, tuple[str, str, str]] = {
    "sigmoid": ("sigmoid", "σ", r"\sigma"),
    "sum": ("sum", "Σ", r"\sum"),
    "prod": ("prod", "Π", r"\prod"),
    "diag": ("diag", "diag", r"\operatorname{diag}"),
    "trace": ("tr", "tr", r"\operatorname{tr}"),
    "logdet": ("log det", "log det", r"\log\det"),
}
_LATEX_FUNCTIONS = frozenset(
    "exp log sin cos tan sinh cosh tanh max min det arcsin arccos arctan".split()
)
_USUAL = Spelling()
_THIN = "\\,"
#: δf, the derivative by the net input of gate f, and dC, the derivative by a carried value.
_OF_GATE = re.compile(r"δ[^\W\d_₀-₉]")
_DIFFERENTIAL = re.compile(r"d[^\W\d_₀-₉][\u0300-\u036f]*[0-9₀-₉]*")
_SPELLING = {"asin": "arcsin", "acos": "arccos", "atan": "arctan"}


class _Pen:
    """One style of writing."""

    def __init__(self, style: Style, spelling: Spelling) -> None:
        self.style: Style = style
        self.format = Format(style)
        self.spelling = spelling
        self.times = f" {self.pick(*PRODUCTS[spelling.product])} "
        self.bracket = self.pick(*INDICATORS[spelling.indicator])
        self._opening = self.bracket.partition("{}")[0].replace("{{", "{")

    def pick(self, text: str, unicode: str, latex: str) -> str:
        return self.format.pick(text, unicode, latex)

    def name(self, name: str) -> Piece:
        """A name, prettily unless another one looks the same then."""
        if name in self.spelling.literal:
            return Piece(latex_literal(name)) if self.style == "latex" else self.format.name(name)
        return self.format.name(unicode_name(name) if self.style == "unicode" else name)

    @property
    def minus(self) -> str:
        return self.pick("-", "−", "-")

    def wrap(self, piece: Piece, precedence: int) -> str:
        """The text, in parentheses when it binds less tightly than asked."""
        return piece.text if piece.precedence >= precedence else self.parens(piece.text)

    def join(self, parts: Sequence[str], chain: bool = False) -> str:
        """Factors beside each other; equal numbers and digits get a dot between them."""
        text = parts[0]
        for before, after in itertools.pairwise(parts):
            wide = self.style == "latex" and ("\\mathrm" in before or "\\mathrm" in after)
            dotted = not chain and before == after
            bracket = after.startswith(self._opening)
            dotted = dotted or (after[0] in "0123456789" and not bracket)
            gap = r" \, " if wide else " "
            text += (self.pick("*", "·", r" \cdot ") if dotted else gap) + after
        return text

    def parens(self, text: str) -> str:
        """The text in parentheses, tall ones in LaTeX only where something is tall."""
        tall = any(word in text for word in (r"\frac", r"\sum", r"\prod", r"\left"))
        return self.format.parens(text) if tall else f"({text})"

    def number(self, value: Real) -> Piece:
        if isinstance(value, Fraction):
            if self.style == "unicode" and value in _UNICODE_HALVES:
                return Piece(_UNICODE_HALVES[value])
            return self.ratio(self.number(value.numerator), self.number(value.denominator))
        piece = self.format.number(value)
        if value < 0:
            return Piece(piece.text.replace("-", self.minus, 1), _PRODUCT - 1)
        return piece

    def ratio(self, top: Piece, bottom: Piece) -> Piece:
        if self.style == "latex":
            return Piece(rf"\frac{{{top.text}}}{{{bottom.text}}}", _PRODUCT)
        text = f"{self.wrap(top, _PRODUCT)}/{self.wrap(bottom, _POWER)}"
        return Piece(text, _PRODUCT)


def write(
    formula: Formula,
    style: Style = "text",
    as_factor: bool = False,
    spelling: Spelling = _USUAL,
) -> str:
    """The formula as text, Unicode or LaTeX.

    `as_factor`: in parentheses where it needs them in a product. `spelling`: the author's choices.

    >>> from symgraph.notation.tree import Name, Product
    >>> residual = Product(2, (Name("residual"), Name("phi", "column")))
    >>> write(residual), write(residual, "unicode"), write(residual, "latex")
    ('2 residual phi', '2 residual φ', '2 \\\\, \\\\mathrm{residual} \\\\, \\\\phi')
    """
    pen = _Pen(style, spelling)
    piece = _piece(formula, pen)
    return pen.wrap(piece, _PRODUCT + 1) if as_factor else piece.text


@singledispatch
def _piece(formula: Formula, pen: _Pen) -> Piece:
    raise TypeError(f"{type(formula).__name__} has no written form")


@_piece.register
def _(formula: Number, pen: _Pen) -> Piece:
    return pen.number(formula.value)


@_piece.register
def _(formula: Symbolic, pen: _Pen) -> Piece:
    expr = formula.expr
    if pen.style == "latex":
        text = str(sympy.latex(expr))
    else:
        text = str(sympy.sstr(expr)) if pen.style == "text" else _unicode_expr(expr)
    return Piece(text, ATOM if expr.is_Atom else _SUM)


def _unicode_expr(expr: object) -> str:
    text = str(expr)
    return {"pi": "π", "E": "e"}.get(text, text)


@_piece.register
def _(formula: Name, pen: _Pen) -> Piece:
    if formula.name == "•" and pen.style == "latex":
        return Piece(r"\bullet")
    return pen.name(formula.name)


@_piece.register
def _(formula: Timed, pen: _Pen) -> Piece:
    name, time = pen.name(formula.name).text, moment_text(formula.at, pen.style)
    if pen.style != "latex":
        short = not formula.at.letter or not formula.at.offset
        return Piece(f"{name}_{time if short else '{' + time + '}'}")
    plain = formula.name not in pen.spelling.literal
    if plain and _OF_GATE.match(formula.name):
        return Piece(rf"\delta^{{{pen.name(formula.name[1:]).text.strip()}}}_{{{time}}}", _POWER)
    if plain and _DIFFERENTIAL.fullmatch(formula.name):
        name = r"\mathrm{d}" + pen.name(formula.name[1:]).text
    if name.endswith("}") and "_{" in name:  # h_{1}: the layer and the time stand side by side
        return Piece(f"{name[:-1]},{time}}}")
    return Piece(f"{name}_{{{time}}}")


def moment_text(moment: Moment, style: Style) -> str:
    """A time: t, t−1, T, 3."""
    if not moment.letter:
        return str(moment.offset)
    if not moment.offset:
        return moment.letter
    minus = "−" if style == "unicode" else "-"
    return f"{moment.letter}{minus if moment.offset < 0 else '+'}{abs(moment.offset)}"


def span_text(span: Span, style: Style) -> str:
    """The times of an equation, as they stand behind it."""
    first, last = (moment_text(one, style) for one in (span.first, span.last))
    if style == "latex":
        times = first if first == last else rf"{first}, \dots, {last}"
        return rf", \quad {span.letter} = {times}"
    dots = "…" if style == "unicode" else "..."
    return f",  {span.letter} = " + (first if first == last else f"{first}, {dots}, {last}")


@_piece.register
def _(formula: OverTime, pen: _Pen) -> Piece:
    head = pen.pick(
        f"sum_{formula.letter} ", f"Σ_{formula.letter} ", rf"\sum_{{{formula.letter}}} "
    )
    return Piece(head + pen.wrap(_piece(formula.x, pen), _SUM + 1), _HADAMARD)


@_piece.register
def _(formula: OrderedProduct, pen: _Pen) -> Piece:
    ends = [moment_text(time, pen.style) for time in (formula.start, formula.stop)]
    dots = pen.pick(",...,", ",…,", r",\dots,")
    head = pen.pick("prod_{{{}}} ", "Π_{{{}}} ", r"\prod_{{{}}} ")
    inner = pen.wrap(_piece(formula.x, pen), _PRODUCT)
    return Piece(head.format(f"{formula.letter}={ends[0]}{dots}{ends[1]}") + inner, _HADAMARD)


@_piece.register
def _(formula: Entries, pen: _Pen) -> Piece:
    dots = pen.pick("...", "…", r"\dots")
    return Piece(f"({_piece(formula.first, pen).text}, {dots}, {_piece(formula.last, pen).text})")


@_piece.register
def _(formula: Side, pen: _Pen) -> Piece:
    numbers = formula.kind == "column" and all(x.sort == "scalar" for x in formula.items)
    inner = ("; " if formula.stacked or numbers else ", ").join(
        _piece(x, pen).text for x in formula.items
    )
    return Piece(rf"\left[{inner}\right]" if pen.style == "latex" else f"[{inner}]")


@_piece.register
def _(formula: Ones, pen: _Pen) -> Piece:
    if formula.kind == "column":
        return Piece(pen.pick("ones", "𝟏", r"\mathbf{1}"))
    return Piece(pen.pick("ones^T", "𝟏ᵀ", r"\mathbf{1}^{\mathsf{T}}"), _POWER)


@_piece.register
def _(formula: Identity, pen: _Pen) -> Piece:
    return Piece("I")


@_piece.register
def _(formula: Sum, pen: _Pen) -> Piece:
    text = pen.wrap(_piece(formula.terms[0], pen), _SUM)
    for term in formula.terms[1:]:
        sign, shown = "+", term
        if isinstance(term, Product) and term.coefficient < 0:
            sign, shown = pen.minus, _positive(term)
        elif isinstance(term, Number) and term.value < 0:
            sign, shown = pen.minus, Number(-term.value)
        text += f" {sign} {pen.wrap(_piece(shown, pen), _SUM + 1)}"
    return Piece(text, _SUM)


def _positive(term: Product) -> Formula:
    if term.coefficient == -1 and len(term.factors) == 1 and not term.over:
        return term.factors[0]
    return Product(-term.coefficient, term.factors, term.over)


@_piece.register
def _(formula: Product, pen: _Pen) -> Piece:
    if formula.coefficient < 0:
        inner = _piece(_positive(formula), pen)
        # -(a ⊙ b) needs no parentheses, -(a + b) does.
        return Piece(pen.minus + pen.wrap(inner, _HADAMARD), min(inner.precedence, _PRODUCT) - 1)
    top, bottom, front = _numerator(formula, pen)
    texts = _factors(top, pen, leading=bool(front))
    if front:
        texts.insert(0, front)
    lone = len(texts) == 1 and not front and len(top) == 1
    last_is_entrywise = top and (
        isinstance(top[-1], Over) or (isinstance(top[-1], Hadamard) and top[-1].sort != "scalar")
    )
    bind = _HADAMARD if last_is_entrywise and not bottom else _PRODUCT
    if not texts:
        upper = pen.number(1)
    elif lone:
        upper = _piece(top[0], pen)
    else:
        upper = Piece(pen.join(texts, chain=any(f.sort != "scalar" for f in top)), bind)
    return pen.ratio(upper, _denominator(bottom, pen)) if bottom else upper


def _numerator(formula: Product, pen: _Pen) -> tuple[list[Formula], list[Formula], str]:
    """Factors above and below the bar, and the number in front."""
    c, top, bottom = formula.coefficient, list(formula.factors), list(formula.over)
    if not isinstance(c, Fraction):
        return top, bottom, "" if c == 1 and (top or bottom) else pen.number(c).text
    if not bottom and pen.style == "unicode" and c in _UNICODE_HALVES:
        return top, bottom, _UNICODE_HALVES[c]
    if not bottom and pen.style == "latex":
        return top, bottom, pen.number(c).text
    front = "" if c.numerator == 1 else pen.number(c.numerator).text
    return top, [Number(c.denominator), *bottom], front


def _factors(factors: Sequence[Formula], pen: _Pen, leading: bool) -> list[str]:
    """Each factor with the parentheses that it needs beside the others."""
    texts: list[str] = []
    for k, factor in enumerate(factors):
        piece = _piece(factor, pen)
        is_last = k == len(factors) - 1
        numbers_before = all(f.sort == "scalar" for f in factors[:k])
        free = isinstance(factor, Hadamard) and is_last and numbers_before and not factor.over
        free = free or (isinstance(factor, Over) and factor.head == "sum" and is_last)
        free = free or (isinstance(factor, (OverTime, OrderedProduct)) and is_last)
        alone = len(factors) == 1 and not leading
        texts.append(pen.wrap(piece, _HADAMARD if free else _PRODUCT + (not alone)))
    return texts


def _denominator(factors: Sequence[Formula], pen: _Pen) -> Piece:
    if len(factors) == 1:
        return _piece(factors[0], pen)
    texts = [pen.wrap(_piece(f, pen), _PRODUCT + 1) for f in factors]
    return Piece(pen.join(texts), _PRODUCT)


@_piece.register
def _(formula: Hadamard, pen: _Pen) -> Piece:
    times = pen.times
    above = [_piece(f, pen) for f in formula.factors]
    if len(above) > 1:
        parts = [
            p.text if _is_written_twice(f) else pen.wrap(p, _HADAMARD + 1)
            for f, p in zip(formula.factors, above, strict=True)
        ]
        top = Piece(times.join(parts), _HADAMARD)
    else:
        top = above[0] if above else pen.number(1)
    if not formula.over:
        return top
    below = [_piece(f, pen) for f in formula.over]
    if len(below) > 1:
        bottom = Piece(times.join(pen.wrap(p, _HADAMARD + 1) for p in below), _HADAMARD)
    else:
        bottom = below[0]
    return pen.ratio(top, bottom)


def _is_written_twice(x: Formula) -> bool:
    """Whether the entrywise square of a matrix is written H ⊙ H."""
    is_square = isinstance(x, Power) and x.exponent == Number(2) and isinstance(x.base, Name)
    return is_square and x.sort in ("matrix", "tensor")


@_piece.register
def _(formula: Power, pen: _Pen) -> Piece:
    base, exponent = formula.base, formula.exponent
    inside = _piece(base, pen)
    if isinstance(base, Norm) and isinstance(exponent, Number):
        return _norm(base, Fraction(exponent.value) * 2, pen)
    if exponent == Number(Fraction(1, 2)):
        if pen.style == "latex":
            return Piece(rf"\sqrt{{{inside.text}}}")
        return Piece(f"{pen.pick('sqrt', '√', '')}({inside.text})")
    if base.sort in ("matrix", "tensor"):  # X² would be the product X X
        if exponent == Number(2) and isinstance(base, Name):
            return _piece(Hadamard((base, base)), pen)
        raised = pen.pick(".^{}", "^∘{}", r"^{{\circ {}}}")
        return Piece(pen.wrap(inside, ATOM) + raised.format(_raised(exponent, pen)), _POWER)
    if pen.style == "latex":
        return Piece(f"{pen.wrap(inside, ATOM)}^{{{_piece(exponent, pen).text}}}", _POWER)
    if pen.style == "unicode" and isinstance(exponent, Number) and isinstance(exponent.value, int):
        digits = str(exponent.value).translate(_EXPONENTS)
        return Piece(pen.wrap(inside, ATOM) + digits, _POWER)
    return Piece(f"{pen.wrap(inside, ATOM)}^{_raised(exponent, pen)}", _POWER)


def _raised(exponent: Formula, pen: _Pen) -> str:
    return pen.wrap(_piece(exponent, pen), ATOM)


@_piece.register
def _(formula: Transpose, pen: _Pen) -> Piece:
    if isinstance(formula.x, Inverse):
        x = pen.wrap(_piece(formula.x.x, pen), ATOM)
        return Piece(x + pen.pick("^-T", "⁻ᵀ", r"^{-\mathsf{T}}"), _POWER)
    x = pen.wrap(_piece(formula.x, pen), ATOM)
    return Piece(x + pen.pick("^T", "ᵀ", r"^{\mathsf{T}}"), _POWER)


@_piece.register
def _(formula: Inverse, pen: _Pen) -> Piece:
    x = pen.wrap(_piece(formula.x, pen), ATOM)
    return Piece(x + pen.pick("^-1", "⁻¹", "^{-1}"), _POWER)


@_piece.register
def _(formula: MatrixPower, pen: _Pen) -> Piece:
    digits = str(formula.exponent)
    raised = pen.pick(f"^{digits}", digits.translate(_EXPONENTS), f"^{{{digits}}}")
    return Piece(pen.wrap(_piece(formula.base, pen), ATOM) + raised, _POWER)


@_piece.register
def _(formula: Dot, pen: _Pen) -> Piece:
    left, right = (pen.wrap(_piece(x, pen), _POWER) for x in (formula.left, formula.right))
    return Piece(left + pen.pick("·", "·", r" \cdot ") + right, _PRODUCT - 1)


@_piece.register
def _(formula: Norm, pen: _Pen) -> Piece:
    return _norm(formula, Fraction(2), pen)


def _norm(formula: Norm, power: Fraction, pen: _Pen) -> Piece:
    """‖x‖ to a power."""
    inside = _piece(formula.x, pen).text
    bars = Piece(pen.pick("||{}||", "‖{}‖", r"\lVert {} \rVert").format(inside))
    if power == 1:
        return bars
    exponent = pen.number(int(power) if power.denominator == 1 else power)
    if pen.style == "latex":
        return Piece(f"{bars.text}^{{{exponent.text}}}", _POWER)
    if pen.style == "unicode" and power.denominator == 1:
        return Piece(bars.text + str(power.numerator).translate(_EXPONENTS), _POWER)
    return Piece(f"{bars.text}^{pen.wrap(exponent, ATOM)}", _POWER)


@_piece.register
def _(formula: Call, pen: _Pen) -> Piece:
    if formula.head == "kron" and pen.style != "text":
        sides = [pen.wrap(_piece(arg, pen), _POWER) for arg in formula.args]
        return Piece(pen.pick("", " ⊗ ", r" \otimes ").join(sides), _HADAMARD)
    inner = [_piece(arg, pen).text for arg in formula.args]
    if formula.head == "abs":
        return Piece(pen.pick("|{}|", "|{}|", r"\left|{}\right|").format(inner[0]))
    if formula.axis == 0 or (formula.axis == 1 and formula.head not in ("softmax", "log_softmax")):
        axis = r"\text{axis}" if pen.style == "latex" else "axis"
        inner.append(f"{axis}={formula.axis}")
    name = _SPELLING.get(formula.head, formula.head)
    if name in _HEADS:
        head = pen.pick(*_HEADS[name])
    elif name in _LATEX_FUNCTIONS:
        head = pen.pick(name, name, f"\\{name}")
    else:
        head = pen.pick(name, name, rf"\operatorname{{{name}}}".replace("_", r"\_"))
    if name == "diag" and isinstance(formula.args[0], Apply):
        return Piece(head + pen.pick("[{}]", "[{}]", r"\left[{}\right]").format(inner[0]))
    return Piece(head + pen.parens(", ".join(inner)))


@_piece.register
def _(formula: Apply, pen: _Pen) -> Piece:
    inner = ", ".join(_piece(arg, pen).text for arg in formula.args)
    return Piece(spelled(formula.function, formula.orders, pen.style) + pen.parens(inner))


@_piece.register
def _(formula: OneHot, pen: _Pen) -> Piece:
    head = pen.pick("onehot", "onehot", r"\operatorname{onehot}")
    return Piece(head + pen.parens(_piece(formula.ids, pen).text))


@_piece.register
def _(formula: Relation, pen: _Pen) -> Piece:
    left, right = (pen.wrap(_piece(x, pen), _REL + 1) for x in (formula.left, formula.right))
    return Piece(f"{left} {pen.pick(*_SIGNS[formula.operator])} {right}", _REL)


def _chained(
    formula: Logical,
) -> tuple[Formula, Formula, Formula, tuple[str, str]] | None:
    """The bounds around what lies between two: 0 < N < 11 for N > 0 and N < 11."""
    if formula.operator != "and" or len(formula.args) != 2:
        return None
    bounds: list[tuple[Formula, Formula, str]] = []
    for one in formula.args:
        if not isinstance(one, Relation) or one.operator not in _RISING:
            return None
        rises = one.operator[0] == "<"
        low, high = (one.left, one.right) if rises else (one.right, one.left)
        bounds.append((low, high, _RISING[one.operator]))
    for (low, middle, first), (other, high, second) in (bounds, bounds[::-1]):
        if middle == other:
            return low, middle, high, (first, second)
    return None


@_piece.register
def _(formula: Logical, pen: _Pen) -> Piece:
    if formula.operator == "not":
        inside = pen.wrap(_piece(formula.args[0], pen), ATOM)
        return Piece(pen.pick("not ", "¬", r"\lnot ") + inside, _AND)
    chain = _chained(formula)
    if chain is not None:
        low, middle, high = (pen.wrap(_piece(x, pen), _REL + 1) for x in chain[:3])
        signs = [pen.pick(*_SIGNS[sign]) for sign in chain[3]]
        return Piece(f"{low} {signs[0]} {middle} {signs[1]} {high}", _REL)
    binds = _AND if formula.operator == "and" else _OR
    word = (
        pen.pick(" and ", " ∧ ", r" \land ")
        if formula.operator == "and"
        else pen.pick(" or ", " ∨ ", r" \lor ")
    )
    return Piece(word.join(pen.wrap(_piece(a, pen), binds + 1) for a in formula.args), binds)


@_piece.register
def _(formula: Indicator, pen: _Pen) -> Piece:
    inside = _piece(formula.condition, pen).text
    return Piece(pen.bracket.format(inside))


def _differential(formula: Formula, pen: _Pen) -> str:
    """What stands behind a d; d(Xᵀ) is not (dX)ᵀ."""
    is_norm = isinstance(formula, Power) and isinstance(formula.base, Norm)
    raised = isinstance(formula, (Power, Transpose, Inverse)) and not is_norm
    return pen.wrap(_piece(formula, pen), ATOM if raised else _POWER)


@_piece.register
def _(formula: Derivative, pen: _Pen) -> Piece:
    top, bottom = _differential(formula.of, pen), _differential(formula.by, pen)
    if pen.style == "latex":
        sign = r"\mathrm{d} " if pen.spelling.derivative == "d" else r"\partial "
        return Piece(rf"\frac{{{sign}{top}}}{{{sign}{bottom}}}", _POWER)
    sign = pen.spelling.derivative or "d"
    return Piece(f"{sign}{top}/{sign}{bottom}", _PRODUCT - 1)


@_piece.register
def _(formula: SecondDerivative, pen: _Pen) -> Piece:
    """d²L/dw² of a number by one number; ᵀ on the second vector, which counts the columns."""
    of, by, then = (pen.wrap(_piece(part, pen), _POWER) for part in formula.parts)
    sign = pen.spelling.derivative or pen.pick("d", "d", "∂")
    d = {"d": r"\mathrm{d} ", "∂": r"\partial "}[sign] if pen.style == "latex" else sign
    square = pen.pick("^2 ", "²", "^{2} ")
    if formula.by == formula.then and formula.by.sort == "scalar":
        bottom = d + by + square.strip()
    else:
        turned = pen.pick("^T", "ᵀ", r"^{\mathsf{T}}") if formula.then.sort == "column" else ""
        bottom = f"{d}{by}{pen.pick(' ', ' ', f' {_THIN} ')}{d}{then}{turned}"
    if pen.style == "latex":
        return Piece(rf"\frac{{{d.strip()}{square}{of}}}{{{bottom}}}")
    bottom = bottom if " " not in bottom else f"({bottom})"
    return Piece(f"{d}{square}{of}/{bottom}", _PRODUCT - 1)


@_piece.register
def _(formula: Ranged, pen: _Pen) -> Piece:
    inside = _piece(formula.x, pen)
    if pen.style != "latex":  # a product within a product of its kind needs no parentheses
        joins = isinstance(formula.x, (Product, Hadamard))
        return Piece(inside.text, inside.precedence + 1) if joins else inside
    # What needs parentheses beside its neighbours has them above the brace, too.
    text = inside.text if isinstance(formula.x, Product) else pen.wrap(inside, _HADAMARD)
    return Piece(rf"\underbrace{{{text}}}_{{\in {formula.range}}}")


@_piece.register
def _(formula: Verbatim, pen: _Pen) -> Piece:
    return Piece(formula.node._written(pen.style), 0)


@_piece.register
def _(formula: Plain, pen: _Pen) -> Piece:
    return formula.node.form(pen.format, [_piece(arg, pen) for arg in formula.args])


# --- indices ------------------------------------------------------------------------------------


@_piece.register
def _(formula: Index, pen: _Pen) -> Piece:
    return Piece(formula.letter)


@_piece.register
def _(formula: Place, pen: _Pen) -> Piece:
    """A position without blanks: 2h+i-1."""
    text = ""
    for step, atom in zip(formula.steps, formula.atoms, strict=True):
        sign = pen.minus if step < 0 else "+" * bool(text)
        size = "" if abs(step) == 1 else str(abs(step))
        times = pen.pick("*", "", "") if size and not isinstance(atom, Index) else ""
        text += sign + size + times + pen.wrap(_piece(atom, pen), _POWER)
    if formula.offset != 0:
        rest = _piece(_offset(abs(formula.offset)), pen)
        negative = _is_below_zero(formula.offset)
        if not isinstance(formula.offset, int) and not negative:
            rest = _piece(_offset(formula.offset), pen)
        text += (pen.minus if negative else "+") + pen.wrap(rest, _POWER).replace(" ", "")
    return Piece(text, _SUM)


def _is_below_zero(offset: Any) -> bool:
    number = sympy.sympify(offset)
    return bool(number.is_negative or number.could_extract_minus_sign())


def _offset(size: Any) -> Formula:
    if isinstance(size, int):
        return Number(size)
    return Symbolic(-size.args[0] if isinstance(size, sympy.Abs) else size)


@_piece.register
def _(formula: Inside, pen: _Pen) -> Piece:
    size = Number(formula.length) if isinstance(formula.length, int) else Symbolic(formula.length)
    sign = pen.pick("<=", "≤", r"\le")
    position = _piece(formula.position, pen).text
    end = pen.wrap(_piece(size, pen), _REL + 1)
    inside = f"0 {sign} {position} < {end}"
    return Piece(pen.bracket.format(inside))


@_piece.register
def _(formula: Quotient, pen: _Pen) -> Piece:
    inside = pen.wrap(_piece(formula.x, pen), _POWER)
    quotient = f"{inside}/{formula.by}"
    shown = pen.pick("floor({})", "⌊{}⌋", r"\lfloor {} \rfloor")
    return Piece(shown.format(quotient))


@_piece.register
def _(formula: Remainder, pen: _Pen) -> Piece:
    inside = pen.wrap(_piece(formula.x, pen), _POWER)
    shown = pen.pick("{} mod {}", "{} mod {}", r"{} \bmod {}")
    return Piece(shown.format(inside, formula.by), _SUM)


@_piece.register
def _(formula: Places, pen: _Pen) -> Piece:
    return Piece(pen.parens(", ".join(_piece(at, pen).text for at in formula.at)))


@_piece.register
def _(formula: Entry, pen: _Pen) -> Piece:
    if pen.spelling.subscripts and isinstance(formula.base, Name):
        return _subscripted(formula.base, formula.at, pen)
    base = pen.wrap(_piece(formula.base, pen), ATOM)
    places = ",".join(_piece(at, pen).text for at in formula.at)
    if pen.style != "latex":
        return Piece(f"{base}[{places}]")
    # A second subscript needs braces around the first.
    return Piece(rf"{{{base}}}_{{{places}}}" if "_" in base else rf"{base}_{{{places}}}")


def _subscripted(base: Name, at: Sequence[Formula], pen: _Pen) -> Piece:
    """w_ij^(1); indices that are numbers count from 1, as mathematics does."""
    counted = [Number(int(p.value) + 1) if isinstance(p, Number) else p for p in at]
    texts = [_piece(place, pen).text for place in counted]
    single = all(len(text) == 1 for text in texts)
    places = ("" if single else ",").join(texts)
    name = entry_name(base.name, places, pen.style, base.name in pen.spelling.lowered)
    return Piece(name, _POWER if "^" in name else ATOM)


_OVER: dict[str, tuple[str, str, str]] = {
    "sum": ("sum", "Σ", r"\sum"),
    "prod": ("prod", "Π", r"\prod"),
    "max": ("max", "max", r"\max"),
    "min": ("min", "min", r"\min"),
    "argmax": ("argmax", "argmax", r"\operatorname{argmax}"),
}


@_piece.register
def _(formula: Over, pen: _Pen) -> Piece:
    ranges = ",".join(_range(index, formula.body, pen) for index in formula.indices)
    body = pen.wrap(_piece(formula.body, pen), _HADAMARD)
    if not (pen.style == "text" and len(formula.indices) == 1 and ranges.isalpha()):
        ranges = f"{{{ranges}}}"
    if pen.style == "unicode" and len(ranges) == 3:
        ranges = ranges[1:-1]
    return Piece(f"{pen.pick(*_OVER[formula.head])}_{ranges} {body}", _HADAMARD)


def _range(index: Index, body: Formula, pen: _Pen) -> str:
    """The letter, with its bound where no array's axis tells it."""
    if index.length is None or implied(index, body):
        return index.letter
    size = index.length
    end = pen.wrap(_piece(Number(size) if isinstance(size, int) else Symbolic(size), pen), _POWER)
    return f"{index.letter}<{end}"


@_piece.register
def _(formula: Array, pen: _Pen) -> Piece:
    return _piece(formula.body, pen)
