"""Writing formulas in three styles: text (ASCII operators), Unicode, LaTeX.

Text writes products by a space, entrywise products by `*`, transposes by `^T`; Unicode and LaTeX
use ᵀ and ⊙. Names keep the user's spelling in text; in Unicode W1 becomes W₁ and phi φ.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import sympy

import symgraph.notation.write_index
import symgraph.notation.write_time  # noqa: F401 - both register how their formulas are written
from symgraph.abstract import spelled
from symgraph.notation.indexed import Index, Over
from symgraph.notation.pen import (
    AND,
    EXPONENTS,
    HADAMARD,
    OR,
    POWER,
    PRODUCT,
    REL,
    SUM,
    UNICODE_HALVES,
    Pen,
    piece_of,
)
from symgraph.notation.sequences import OrderedProduct, OverTime
from symgraph.notation.spelling import Spelling
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
    Relation,
    SecondDerivative,
    Sum,
    Symbolic,
    Transpose,
    Verbatim,
)
from symgraph.printing import ATOM, Piece, Style

__all__ = ["write"]

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
    "gamma": ("gamma", "Γ", r"\Gamma"),
    "loggamma": ("loggamma", "log Γ", r"\log\Gamma"),
    "digamma": ("digamma", "ψ", r"\psi"),
    "zeta": ("zeta", "ζ", r"\zeta"),
}
_LATEX_FUNCTIONS = frozenset(
    "exp log sin cos tan sinh cosh tanh max min det arcsin arccos arctan".split()
)
_USUAL = Spelling()
_THIN = "\\,"
_SPELLING = {"asin": "arcsin", "acos": "arccos", "atan": "arctan"}


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
    pen = Pen(style, spelling)
    piece = piece_of(formula, pen)
    return pen.wrap(piece, PRODUCT + 1) if as_factor else piece.text


@piece_of.register
def _(formula: Number, pen: Pen) -> Piece:
    return pen.number(formula.value)


@piece_of.register
def _(formula: Symbolic, pen: Pen) -> Piece:
    expr = formula.expr
    if pen.style == "latex":
        text = str(sympy.latex(expr))
    else:
        text = str(sympy.sstr(expr)) if pen.style == "text" else _unicode_expr(expr)
    return Piece(text, ATOM if expr.is_Atom else SUM)


def _unicode_expr(expr: object) -> str:
    text = str(expr)
    return {"pi": "π", "E": "e"}.get(text, text)


@piece_of.register
def _(formula: Name, pen: Pen) -> Piece:
    if formula.name == "•" and pen.style == "latex":
        return Piece(r"\bullet")
    return pen.name(formula.name)


@piece_of.register
def _(formula: Ones, pen: Pen) -> Piece:
    if formula.kind == "column":
        return Piece(pen.pick("ones", "𝟏", r"\mathbf{1}"))
    return Piece(pen.pick("ones^T", "𝟏ᵀ", r"\mathbf{1}^{\mathsf{T}}"), POWER)


@piece_of.register
def _(formula: Identity, pen: Pen) -> Piece:
    if pen.spelling.identity:
        return Piece("I")
    return piece_of(Call("diag", (Ones("column", formula.length),), "matrix"), pen)


@piece_of.register
def _(formula: Sum, pen: Pen) -> Piece:
    text = pen.wrap(piece_of(formula.terms[0], pen), SUM)
    for term in formula.terms[1:]:
        sign, shown = "+", term
        if isinstance(term, Product) and term.coefficient < 0:
            sign, shown = pen.minus, _positive(term)
        elif isinstance(term, Number) and term.value < 0:
            sign, shown = pen.minus, Number(-term.value)
        text += f" {sign} {pen.wrap(piece_of(shown, pen), SUM + 1)}"
    return Piece(text, SUM)


def _positive(term: Product) -> Formula:
    if term.coefficient == -1 and len(term.factors) == 1 and not term.over:
        return term.factors[0]
    return Product(-term.coefficient, term.factors, term.over)


@piece_of.register
def _(formula: Product, pen: Pen) -> Piece:
    if formula.coefficient < 0:
        inner = piece_of(_positive(formula), pen)
        # -(a ⊙ b) needs no parentheses, -(a + b) does.
        return Piece(pen.minus + pen.wrap(inner, HADAMARD), min(inner.precedence, PRODUCT) - 1)
    top, bottom, front = _numerator(formula, pen)
    texts = _factors(top, pen, leading=bool(front))
    if front:
        texts.insert(0, front)
    lone = len(texts) == 1 and not front and len(top) == 1
    last_is_entrywise = top and (
        isinstance(top[-1], Over) or (isinstance(top[-1], Hadamard) and top[-1].sort != "scalar")
    )
    bind = HADAMARD if last_is_entrywise and not bottom else PRODUCT
    if not texts:
        upper = pen.number(1)
    elif lone:
        upper = piece_of(top[0], pen)
    else:
        upper = Piece(pen.join(texts, chain=any(f.sort != "scalar" for f in top)), bind)
    return pen.ratio(upper, _denominator(bottom, pen)) if bottom else upper


def _numerator(formula: Product, pen: Pen) -> tuple[list[Formula], list[Formula], str]:
    """Factors above and below the bar, and the number in front."""
    c, top, bottom = formula.coefficient, list(formula.factors), list(formula.over)
    if not isinstance(c, Fraction):
        return top, bottom, "" if c == 1 and (top or bottom) else pen.number(c).text
    if not bottom and pen.style == "unicode" and c in UNICODE_HALVES:
        return top, bottom, UNICODE_HALVES[c]
    if not bottom and pen.style == "latex":
        return top, bottom, pen.number(c).text
    front = "" if c.numerator == 1 else pen.number(c.numerator).text
    return top, [Number(c.denominator), *bottom], front


def _factors(factors: Sequence[Formula], pen: Pen, leading: bool) -> list[str]:
    """Each factor with the parentheses that it needs beside the others."""
    texts: list[str] = []
    for k, factor in enumerate(factors):
        piece = piece_of(factor, pen)
        is_last = k == len(factors) - 1
        numbers_before = all(f.sort == "scalar" for f in factors[:k])
        free = isinstance(factor, Hadamard) and is_last and numbers_before and not factor.over
        free = free or (isinstance(factor, Over) and factor.head == "sum" and is_last)
        free = free or (isinstance(factor, (OverTime, OrderedProduct)) and is_last)
        alone = len(factors) == 1 and not leading
        texts.append(pen.wrap(piece, HADAMARD if free else PRODUCT + (not alone)))
    return texts


def _denominator(factors: Sequence[Formula], pen: Pen) -> Piece:
    if len(factors) == 1:
        return _number_under_root(factors[0], pen) or piece_of(factors[0], pen)
    texts = [pen.wrap(piece_of(f, pen), PRODUCT + 1) for f in factors]
    return Piece(pen.join(texts), PRODUCT)


def _number_under_root(x: Formula, pen: Pen) -> Piece | None:
    """√2 alone below a bar; before another factor it would not say where the root ends."""
    if not isinstance(x, Power) or x.exponent != Number(Fraction(1, 2)):
        return None
    if pen.style != "unicode" or not isinstance(x.base, Number):
        return None
    text = pen.number(x.base.value).text
    return Piece(f"√{text}") if text.isdecimal() else None


@piece_of.register
def _(formula: Hadamard, pen: Pen) -> Piece:
    times = pen.times
    above = [piece_of(f, pen) for f in formula.factors]
    if len(above) > 1:
        parts = [
            p.text if _is_written_twice(f) else pen.wrap(p, HADAMARD + 1)
            for f, p in zip(formula.factors, above, strict=True)
        ]
        top = Piece(times.join(parts), HADAMARD)
    else:
        top = above[0] if above else pen.number(1)
    if not formula.over:
        return top
    below = [piece_of(f, pen) for f in formula.over]
    if len(below) > 1:
        bottom = Piece(times.join(pen.wrap(p, HADAMARD + 1) for p in below), HADAMARD)
    else:
        bottom = below[0]
    return pen.ratio(top, bottom)


def _is_written_twice(x: Formula) -> bool:
    """Whether the entrywise square of a matrix is written H ⊙ H."""
    is_square = isinstance(x, Power) and x.exponent == Number(2) and isinstance(x.base, Name)
    return is_square and x.sort in ("matrix", "tensor")


@piece_of.register
def _(formula: Power, pen: Pen) -> Piece:
    base, exponent = formula.base, formula.exponent
    inside = piece_of(base, pen)
    if isinstance(base, Norm) and isinstance(exponent, Number):
        return _norm(base, Fraction(exponent.value) * 2, pen)
    if exponent == Number(Fraction(1, 2)):
        if pen.style == "latex":
            return Piece(rf"\sqrt{{{inside.text}}}")
        return Piece(f"{pen.pick('sqrt', '√', '')}({inside.text})")
    if base.sort in ("matrix", "tensor"):  # X² would be the product X X
        if exponent == Number(2) and isinstance(base, Name):
            return piece_of(Hadamard((base, base)), pen)
        raised = pen.pick(".^{}", "^∘{}", r"^{{\circ {}}}")
        return Piece(pen.wrap(inside, ATOM) + raised.format(_raised(exponent, pen)), POWER)
    if pen.style == "latex":
        return Piece(f"{pen.wrap(inside, ATOM)}^{{{piece_of(exponent, pen).text}}}", POWER)
    if pen.style == "unicode" and isinstance(exponent, Number) and isinstance(exponent.value, int):
        digits = str(exponent.value).translate(EXPONENTS)
        return Piece(pen.wrap(inside, ATOM) + digits, POWER)
    return Piece(f"{pen.wrap(inside, ATOM)}^{_raised(exponent, pen)}", POWER)


def _raised(exponent: Formula, pen: Pen) -> str:
    return pen.wrap(piece_of(exponent, pen), ATOM)


@piece_of.register
def _(formula: Transpose, pen: Pen) -> Piece:
    if isinstance(formula.x, Inverse):
        x = pen.wrap(piece_of(formula.x.x, pen), ATOM)
        return Piece(x + pen.pick("^-T", "⁻ᵀ", r"^{-\mathsf{T}}"), POWER)
    x = pen.wrap(piece_of(formula.x, pen), ATOM)
    return Piece(x + pen.pick("^T", "ᵀ", r"^{\mathsf{T}}"), POWER)


@piece_of.register
def _(formula: Inverse, pen: Pen) -> Piece:
    x = pen.wrap(piece_of(formula.x, pen), ATOM)
    return Piece(x + pen.pick("^-1", "⁻¹", "^{-1}"), POWER)


@piece_of.register
def _(formula: MatrixPower, pen: Pen) -> Piece:
    digits = str(formula.exponent)
    raised = pen.pick(f"^{digits}", digits.translate(EXPONENTS), f"^{{{digits}}}")
    return Piece(pen.wrap(piece_of(formula.base, pen), ATOM) + raised, POWER)


@piece_of.register
def _(formula: Dot, pen: Pen) -> Piece:
    left, right = (pen.wrap(piece_of(x, pen), POWER) for x in (formula.left, formula.right))
    return Piece(left + pen.pick("·", "·", r" \cdot ") + right, PRODUCT - 1)


@piece_of.register
def _(formula: Norm, pen: Pen) -> Piece:
    return _norm(formula, Fraction(2), pen)


def _norm(formula: Norm, power: Fraction, pen: Pen) -> Piece:
    """‖x‖ to a power."""
    inside = piece_of(formula.x, pen).text
    bars = Piece(pen.pick("||{}||", "‖{}‖", r"\lVert {} \rVert").format(inside))
    if power == 1:
        return bars
    exponent = pen.number(int(power) if power.denominator == 1 else power)
    if pen.style == "latex":
        return Piece(f"{bars.text}^{{{exponent.text}}}", POWER)
    if pen.style == "unicode" and power.denominator == 1:
        return Piece(bars.text + str(power.numerator).translate(EXPONENTS), POWER)
    return Piece(f"{bars.text}^{pen.wrap(exponent, ATOM)}", POWER)


@piece_of.register
def _(formula: Call, pen: Pen) -> Piece:
    if formula.head == "kron" and pen.style != "text":
        sides = [pen.wrap(piece_of(arg, pen), POWER) for arg in formula.args]
        return Piece(pen.pick("", " ⊗ ", r" \otimes ").join(sides), HADAMARD)
    inner = [piece_of(arg, pen).text for arg in formula.args]
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


@piece_of.register
def _(formula: Apply, pen: Pen) -> Piece:
    inner = ", ".join(piece_of(arg, pen).text for arg in formula.args)
    return Piece(spelled(formula.function, formula.orders, pen.style) + pen.parens(inner))


@piece_of.register
def _(formula: OneHot, pen: Pen) -> Piece:
    head = pen.pick("onehot", "onehot", r"\operatorname{onehot}")
    return Piece(head + pen.parens(piece_of(formula.ids, pen).text))


@piece_of.register
def _(formula: Relation, pen: Pen) -> Piece:
    sides = _counted(formula) if pen.spelling.subscripts else (formula.left, formula.right)
    left, right = (pen.wrap(piece_of(x, pen), REL + 1) for x in sides)
    return Piece(f"{left} {pen.pick(*_SIGNS[formula.operator])} {right}", REL)


def _counted(formula: Relation) -> tuple[Formula, Formula]:
    """The sides of i = 1, where the number is a place and counts from 1 as all indices do."""
    number, letter = formula.left, formula.right
    if isinstance(number, Index):
        number, letter = letter, number
    if formula.operator == "==" and isinstance(number, Number) and isinstance(letter, Index):
        return letter, Number(int(number.value) + 1)
    return formula.left, formula.right


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


@piece_of.register
def _(formula: Logical, pen: Pen) -> Piece:
    if formula.operator == "not":
        inside = pen.wrap(piece_of(formula.args[0], pen), ATOM)
        return Piece(pen.pick("not ", "¬", r"\lnot ") + inside, AND)
    chain = _chained(formula)
    if chain is not None:
        low, middle, high = (pen.wrap(piece_of(x, pen), REL + 1) for x in chain[:3])
        signs = [pen.pick(*_SIGNS[sign]) for sign in chain[3]]
        return Piece(f"{low} {signs[0]} {middle} {signs[1]} {high}", REL)
    binds = AND if formula.operator == "and" else OR
    word = (
        pen.pick(" and ", " ∧ ", r" \land ")
        if formula.operator == "and"
        else pen.pick(" or ", " ∨ ", r" \lor ")
    )
    return Piece(word.join(pen.wrap(piece_of(a, pen), binds + 1) for a in formula.args), binds)


@piece_of.register
def _(formula: Indicator, pen: Pen) -> Piece:
    inside = piece_of(formula.condition, pen).text
    return Piece(pen.bracket.format(inside))


def _differential(formula: Formula, pen: Pen) -> str:
    """What stands behind a d; d(Xᵀ) is not (dX)ᵀ."""
    is_norm = isinstance(formula, Power) and isinstance(formula.base, Norm)
    raised = isinstance(formula, (Power, Transpose, Inverse)) and not is_norm
    return pen.wrap(piece_of(formula, pen), ATOM if raised else POWER)


@piece_of.register
def _(formula: Derivative, pen: Pen) -> Piece:
    top, bottom = _differential(formula.of, pen), _differential(formula.by, pen)
    if pen.style == "latex":
        sign = r"\mathrm{d} " if pen.spelling.derivative == "d" else r"\partial "
        return Piece(rf"\frac{{{sign}{top}}}{{{sign}{bottom}}}", POWER)
    sign = pen.spelling.derivative or "d"
    return Piece(f"{sign}{top}/{sign}{bottom}", PRODUCT - 1)


@piece_of.register
def _(formula: SecondDerivative, pen: Pen) -> Piece:
    """d²L/dw² of a number by one number; ᵀ on the second vector, which counts the columns."""
    of, by, then = (pen.wrap(piece_of(part, pen), POWER) for part in formula.parts)
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
    return Piece(f"{d}{square}{of}/{bottom}", PRODUCT - 1)


@piece_of.register
def _(formula: Ranged, pen: Pen) -> Piece:
    inside = piece_of(formula.x, pen)
    if pen.style != "latex":  # a product within a product of its kind needs no parentheses
        joins = isinstance(formula.x, (Product, Hadamard))
        return Piece(inside.text, inside.precedence + 1) if joins else inside
    # What needs parentheses beside its neighbours has them above the brace, too.
    text = inside.text if isinstance(formula.x, Product) else pen.wrap(inside, HADAMARD)
    return Piece(rf"\underbrace{{{text}}}_{{\in {formula.range}}}")


@piece_of.register
def _(formula: Verbatim, pen: Pen) -> Piece:
    return Piece(formula.node._written(pen.style), 0)


@piece_of.register
def _(formula: Plain, pen: Pen) -> Piece:
    return formula.node.form(pen.format, [piece_of(arg, pen) for arg in formula.args])
