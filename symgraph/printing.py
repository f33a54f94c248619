"""Writing nodes as text, Unicode or LaTeX: one piece per node, joined with the fewest parentheses.

The output is linear in the number of nodes: a subexpression that has grown long is given a name
(`t1`, `t2`, ...) and defined once behind `where`. A name given with `sg.let` stops the printing.
"""

from __future__ import annotations

import itertools
import math
import sys
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

if TYPE_CHECKING:
    from symgraph.node import Node

__all__ = [
    "ADD",
    "ATOM",
    "MUL",
    "POW",
    "REL",
    "Format",
    "Piece",
    "Style",
    "describe",
    "entry_name",
    "latex_literal",
    "latex_name",
    "pretty_text",
    "unicode_name",
    "visible",
    "written",
]

Style = Literal["text", "unicode", "latex"]

# How tightly an operator binds; an operand that binds less is put in parentheses.
REL, ADD, MUL, UNARY, POW, ATOM = 20, 40, 50, 55, 60, 100

#: A shared piece longer than this, and any piece longer than four times this, gets a name.
LONG = 60

_GREEK = (
    "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi omicron pi rho "
    "sigma tau upsilon phi chi psi omega Gamma Delta Theta Lambda Xi Pi Sigma Upsilon Phi Psi "
    "Omega"
).split()
_GREEK_LETTERS = dict(zip("αβγδεζηθικλμνξοπρστυφχψωΓΔΘΛΞΠΣΥΦΨΩ", _GREEK, strict=True))
_GREEK_WORDS = {word: letter for letter, word in _GREEK_LETTERS.items()}
_SUBSCRIPTS = str.maketrans("₀₁₂₃₄₅₆₇₈₉₊₋", "0123456789+-")
# Letters and signs without ink: the fillers of Hangul, the empty cell of Braille.
_FILLERS = "\u115f\u1160\u3164\uffa0\u2800"
_LOWERED = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")
_LIFTED = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")
_ACCENTS = {"\u0302": "hat", "\u0303": "tilde", "\u0304": "bar", "\u0307": "dot"}
_LATEX_SPECIAL = {
    "\\": r"\backslash{}", "{": r"\{", "}": r"\}", "$": r"\$", "&": r"\&", "#": r"\#",
    "%": r"\%", "^": r"\hat{}", "~": r"\sim{}", "_": r"\_", "<": "{<}", ">": "{>}",
}  # fmt: skip


class Piece(NamedTuple):
    """A written expression and how tightly its outermost operator binds."""

    text: str
    precedence: int = ATOM


def _stem_and_subscript(name: str) -> tuple[str, str]:
    """What stands on the line and below it: W1, W_1, W_{1} and W₁ are all W with 1."""
    stem = name.translate(_SUBSCRIPTS)
    if "_" in stem.strip("_"):
        stem, _, sub = stem.partition("_")
        return stem, sub[1:-1] if sub[:1] == "{" and sub[-1:] == "}" else sub
    cut = len(stem.rstrip("0123456789"))
    return (stem[:cut], stem[cut:]) if 0 < cut < len(stem) else (stem, "")


def latex_name(name: str) -> str:
    r"""A variable's name in LaTeX; digits at the end are a subscript, ^(..) a superscript.

    >>> latex_name("W1"), latex_name("net^(2)"), latex_name("φ(x)"), latex_name("ŷ")
    ('W_{1}', '\\mathrm{net}^{(2)}', '\\phi(x)', '\\hat{y}')
    """
    if not any(map(_is_seen, name)):
        return "".join(rf"\mathrm{{U{{+}}{ord(char):04X}}}" for char in name)
    name, raised = _superscript(name)
    plain = name.rstrip("′")
    stem, sub = _stem_and_subscript(plain)
    core = _latex_word(stem) + "'" * (len(name) - len(plain))
    below = f"{core}_{{{_latex_word(sub)}}}" if sub else core
    return f"{below}^{{({_latex_word(raised)})}}" if raised else below


def _is_seen(char: str) -> bool:
    """Whether a character leaves ink of its own: no joiner, no accent alone, no filler."""
    blank = unicodedata.category(char) in ("Cf", "Mn", "Me", "Zs", "Cc", "Cn")
    return not blank and char not in _FILLERS


def _superscript(name: str) -> tuple[str, str]:
    """The name without its superscript in parentheses, and what stands in these: W^(1)."""
    base, sign, rest = name.partition("^(")
    if base and sign and rest.endswith(")") and "(" not in rest and len(rest) > 1:
        return base, rest[:-1]
    return name, ""


def entry_name(name: str, places: str, style: Style, lowered: bool = False) -> str:
    """An entry of a named array: indices below, the number of the layer or the time above.

    `lowered`: in lower case, as w_ij is of W.

    >>> entry_name("W1", "jm", "text", True), entry_name("s_{t-1}", "i", "latex")
    ('w_jm^(1)', 's_{i}^{t-1}')
    """
    base, raised = _superscript(name)
    plain = base.rstrip("′")
    stem, sub = _stem_and_subscript(plain)
    sub = sub.strip("{}")
    if raised and sub:
        places, sub = f"{sub},{places}", ""
    above = f"({raised or sub})" if raised or sub.isdecimal() else sub
    stem = stem.lower() if lowered else stem
    primes = len(base) - len(plain)
    if style == "latex":
        core = _latex_word(stem) + "'" * primes
        return f"{core}_{{{places}}}" + (f"^{{{above}}}" if above else "")
    core = (_GREEK_WORDS.get(stem, stem) if style == "unicode" else stem) + "′" * primes
    below = places if places.isalnum() else f"{{{places}}}"
    lifted = above if above.isalnum() or above[:1] == "(" else f"{{{above}}}"
    return f"{core}_{below}" + (f"^{lifted}" if above else "")


def latex_literal(name: str) -> str:
    r"""A name in upright LaTeX as it is spelled, without subscripts.

    >>> latex_literal("W1"), latex_literal("W_1")
    ('\\mathrm{W1}', '\\mathrm{W\\_1}')
    """
    return rf"\mathrm{{{_latex_letters(name)}}}"


def unicode_name(name: str) -> str:
    """A variable's name in Unicode; digits at the end go below the line, Greek words are letters.

    >>> unicode_name("W1"), unicode_name("phi"), unicode_name("h_t"), unicode_name("W^(2)")
    ('W₁', 'φ', 'h_t', 'W⁽²⁾')
    """
    name, raised = _superscript(name)
    stem, sub = _stem_and_subscript(name)
    core = _GREEK_WORDS.get(stem, stem)
    if sub:
        shown = f"{{{sub.replace('-', '−')}}}" if f"_{{{sub}}}" in name else sub
        core += sub.translate(_LOWERED) if sub.isdecimal() else f"_{shown}"
    if not raised:
        return core
    return core + (f"⁽{raised.translate(_LIFTED)}⁾" if raised.isdecimal() else f"^({raised})")


def _latex_word(word: str) -> str:
    if word in _GREEK:
        return f"\\{word}"
    if word.isalpha() and word.isascii() and len(word) > 1:
        return rf"\mathrm{{{word}}}"
    return _latex_letters(word)


def _latex_letters(word: str) -> str:
    """One letter after the other; nothing in it is a command of the user's."""
    parts: list[str] = []
    for char in unicodedata.normalize("NFC", word):
        plain = unicodedata.normalize("NFD", char)
        base, accent = plain[0], plain[1:]
        if unicodedata.east_asian_width(char) in "WF":  # math fonts have no Chinese
            before = parts.pop()[:-1] if parts and parts[-1].startswith(r"\text") else r"\text{"
            parts.append(f"{before}{char}}}")
        elif char in _GREEK_LETTERS:
            parts.append(f"\\{_GREEK_LETTERS[char]} ")
        elif char in _ACCENTS and parts:
            parts.append(rf"\{_ACCENTS[char]}{{{parts.pop().strip()}}}")
        elif accent in _ACCENTS:
            parts.append(rf"\{_ACCENTS[accent]}{{{base}}}")
        elif char == "′":
            parts.append("'")
        elif char.isprintable():
            parts.append(_LATEX_SPECIAL.get(char, char))
    return "".join(parts).replace(" (", "(").replace(" )", ")").strip()


class Format:
    """One style of writing: how names, numbers, operators and calls look."""

    __slots__ = ("style",)

    def __init__(self, style: Style) -> None:
        self.style: Style = style

    def pick(self, text: str, unicode: str, latex: str) -> str:
        """The spelling for this style."""
        return {"text": text, "unicode": unicode, "latex": latex}[self.style]

    def name(self, name: str) -> Piece:
        """A variable's or a named value's name."""
        if self.style == "latex":
            return Piece(latex_name(name), POW if _superscript(name)[1] else ATOM)
        shown = "".join(
            char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in name
        )
        return Piece(shown)

    def number(self, value: Any) -> Piece:
        """A number; negative ones and fractions bind as products do."""
        if isinstance(value, Fraction):
            over = self.pick("{}/{}", "{}/{}", r"\frac{{{}}}{{{}}}")
            return Piece(over.format(value.numerator, value.denominator), MUL)
        if isinstance(value, bool):
            return self.name(str(value))
        if isinstance(value, float) and not math.isfinite(value):
            return self._not_finite(value)
        text = repr(value) if isinstance(value, float) else str(value)
        if isinstance(value, float) and value.is_integer() and abs(value) < 1e16:
            text = str(int(value))
        if "e" in text and self.style == "latex":
            mantissa, _, exponent = text.partition("e")
            return Piece(rf"{mantissa} \cdot 10^{{{int(exponent)}}}", MUL)
        return Piece(text, UNARY if text.startswith("-") else ATOM)

    def _not_finite(self, value: float) -> Piece:
        if math.isnan(value):
            return self.name("nan")
        infinite = Piece(self.pick("inf", "∞", r"\infty"))
        return self.minus(infinite) if value < 0 else infinite

    def wrap(self, piece: Piece, precedence: int) -> str:
        """The piece's text, in parentheses when it binds less tightly than asked."""
        if piece.precedence >= precedence:
            return piece.text
        return self.parens(piece.text)

    def wrap_right(self, piece: Piece, precedence: int) -> str:
        """As `wrap`, behind an operator: a sign never follows another one."""
        is_negative = piece.text.startswith("-")
        return self.parens(piece.text) if is_negative else self.wrap(piece, precedence)

    def parens(self, text: str) -> str:
        """The text in parentheses."""
        return rf"\left({text}\right)" if self.style == "latex" else f"({text})"

    def infix(self, operator: str, left: Piece, right: Piece, precedence: int) -> Piece:
        """A left-associative binary operator."""
        wrap = self.wrap_right if precedence >= ADD else self.wrap
        text = f"{self.wrap(left, precedence)}{operator}{wrap(right, precedence + 1)}"
        return Piece(text, precedence)

    def call(self, name: str, xs: Iterable[Piece]) -> Piece:
        """A function call."""
        inner = _listed(xs)
        if self.style != "latex":
            return Piece(f"{name}({inner})")
        head = name if name.startswith("\\") else rf"\operatorname{{{name}}}".replace("_", r"\_")
        return Piece(rf"{head}\left({inner}\right)")

    def power(self, base: Piece, exponent: Piece) -> Piece:
        """base to the exponent."""
        if self.style == "latex":
            return Piece(f"{self.wrap(base, ATOM)}^{{{exponent.text}}}", POW)
        digits = exponent.text
        if self.style == "unicode" and digits.isdigit():
            raised = digits.translate(str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹"))
            return Piece(f"{self.wrap(base, ATOM)}{raised}", POW)
        return Piece(f"{self.wrap(base, ATOM)}**{self.wrap(exponent, ATOM)}", POW)

    def fraction(self, top: Piece, bottom: Piece) -> Piece:
        """A quotient."""
        if self.style == "latex":
            return Piece(
                rf"\frac{{{top.text}}}{{{bottom.text}}}", POW
            )  # its line holds it together
        return self.infix("/", top, bottom, MUL)

    def times(self, left: Piece, right: Piece) -> Piece:
        """An elementwise product."""
        return self.infix(self.pick("*", "·", r" \cdot "), left, right, MUL)

    def matmul(self, left: Piece, right: Piece) -> Piece:
        """A matrix product."""
        return self.infix(self.pick(" @ ", " ", " "), left, right, MUL)

    def transposed(self, x: Piece) -> Piece:
        """x with its axes exchanged."""
        if self.style == "text":
            return Piece(f"{self.wrap(x, ATOM)}.T")
        return Piece(self.wrap(x, ATOM) + self.pick("", "ᵀ", r"^{\mathsf{T}}"), POW)

    def bracket(self, condition: Piece) -> Piece:
        """The Iverson bracket 1[condition]."""
        return Piece(self.pick("1[{}]", "1[{}]", r"\mathbf{{1}}[{}]").format(condition.text))

    def minus(self, x: Piece) -> Piece:
        """The negative."""
        return Piece(f"-{self.wrap_right(x, MUL)}", UNARY)


def visible(roots: Sequence[Node], limit: int = sys.maxsize) -> list[Node]:
    """What the written form of the roots consists of, operands before users.

    It ends at named values, which appear by their names. The search ends beyond `limit` nodes.
    """
    started = set(roots)
    order: dict[Node, None] = {}
    stack = [*roots][::-1]
    while stack and len(started) <= limit:
        node = stack[-1]
        if node in order:
            stack.pop()
            continue
        waiting = [
            one
            for one in node.args
            if one not in order and (one in started or _name_of(one) is None)
        ]
        if waiting:
            started.update(waiting)
            stack += waiting[::-1]
        else:
            order[node] = None
            stack.pop()
    return list(order) if len(started) <= limit else [*started]


def written(roots: Sequence[Node], style: Style) -> Piece:
    """The written form of some nodes, separated by commas; linear in the number of nodes."""
    fmt = Format(style)
    order = visible(roots)
    names = _fresh_names(order)
    uses: dict[Node, int] = {}
    for node in order:
        for operand in node.args:
            uses[operand] = uses.get(operand, 0) + 1
    pieces: dict[Node, Piece] = {}
    shared: list[str] = []
    for node in order:
        piece = node.form(fmt, [_as_operand(fmt, a, pieces) for a in node.args])
        limit = LONG if uses.get(node, 0) > 1 else 4 * LONG
        if node.args and uses.get(node, 0) and len(piece.text) > limit:
            name = fmt.name(next(names))
            shared.append(f"{name.text} = {piece.text}")
            piece = name
        pieces[node] = piece
    result = pieces[roots[0]] if len(roots) == 1 else Piece(_listed(pieces[r] for r in roots), 0)
    if not shared:
        return result
    if style == "latex":
        definitions = r",\; ".join(shared)
        return Piece(rf"{result.text} \quad\text{{where}}\quad {definitions}", 0)
    return Piece(f"{result.text} where {', '.join(shared)}", 0)


def _fresh_names(order: Sequence[Node]) -> Iterator[str]:
    """t1, t2, ... without the names that the nodes have."""
    taken = {getattr(node, "name", None) for node in order}
    taken |= {_name_of(operand) for node in order for operand in node.args}
    return (name for i in itertools.count(1) if (name := f"t{i}") not in taken)


def _name_of(node: Node) -> str | None:
    """The name that `sg.let` gave."""
    name: str | None = getattr(node, "let_name", None)
    return name


def _listed(pieces: Iterable[Piece]) -> str:
    return ", ".join(piece.text for piece in pieces)


def _as_operand(fmt: Format, node: Node, pieces: dict[Node, Piece]) -> Piece:
    """A named value appears by its name where it is used, by its formula where it is the root."""
    name = _name_of(node)
    return fmt.name(name) if name is not None else pieces[node]


def pretty_text(text: str) -> Any:
    """A text as SymPy's pretty printer wants it."""
    from sympy.printing.pretty.stringpict import prettyForm

    return prettyForm(text)


def describe(node: object) -> str:
    """A node in an error message: its name in quotes, or its formula cut to 60 characters."""
    name = getattr(node, "name", None) or getattr(node, "let_name", None)
    if isinstance(name, str):
        return repr(name)
    text = str(node)
    return text if len(text) <= 60 else f"{text[:57]}..."
