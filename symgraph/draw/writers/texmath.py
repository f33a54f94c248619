r"""Reading the LaTeX of labels, to write it safely into a TeX file, or plainly for the ear.

A label may hold what a user typed. It is taken apart here, and only what is known is written again:
no command, brace or special sign of the text itself ever reaches the file.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from symgraph.draw.typesetting.typeset import clean

__all__ = ["ONE", "UNICODE", "has_cjk", "plain", "plain_text", "tex", "tex_text"]

#: Macros that the preamble of a document must define: an indicator's 1, and a letter of Unicode
#: with what stands for it where the engine knows no Unicode.
ONE, UNICODE = r"\sgOne", r"\sgUnicode"

# A label is short; deeper nesting is a trick.
_DEEPEST = 40

_GREEK = dict(
    zip(
        "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi pi rho sigma tau "
        "upsilon phi chi psi omega Gamma Delta Theta Lambda Xi Pi Sigma Upsilon Phi Psi Omega "
        "varepsilon vartheta varphi varrho varsigma".split(),
        "αβγδεζηθικλμνξπρστυφχψωΓΔΘΛΞΠΣΥΦΨΩεϑφϱς",
        strict=True,
    )
)
_SIGNS = _GREEK | {
    "cdot": "·", "times": "×", "odot": "⊙", "circ": "∘", "otimes": "⊗", "oplus": "⊕", "ast": "∗",
    "star": "⋆", "bullet": "•", "pm": "±", "mp": "∓", "div": "÷", "partial": "∂", "nabla": "∇",
    "sum": "∑", "prod": "∏", "int": "∫", "infty": "∞", "le": "≤", "leq": "≤", "ge": "≥",
    "geq": "≥", "ne": "≠", "neq": "≠", "approx": "≈", "equiv": "≡", "sim": "∼", "propto": "∝",
    "ll": "≪", "gg": "≫", "in": "∈", "notin": "∉", "subset": "⊂", "cup": "∪", "cap": "∩",
    "land": "∧", "lor": "∨", "lnot": "¬", "neg": "¬", "forall": "∀", "exists": "∃", "to": "→",
    "rightarrow": "→", "leftarrow": "←", "gets": "←", "mapsto": "↦", "Rightarrow": "⇒",
    "Leftrightarrow": "⇔", "uparrow": "↑", "downarrow": "↓", "top": "⊤", "bot": "⊥",
    "dots": "…", "ldots": "…", "cdots": "⋯", "vdots": "⋮", "ddots": "⋱", "prime": "′",
    "dagger": "†", "ell": "ℓ", "hbar": "ℏ", "Re": "ℜ", "Im": "ℑ", "emptyset": "∅",
    "langle": "⟨", "rangle": "⟩", "lfloor": "⌊", "rfloor": "⌋", "lceil": "⌈", "rceil": "⌉",
    "lvert": "|", "rvert": "|", "vert": "|", "lVert": "‖", "rVert": "‖", "Vert": "‖",
    "lbrace": "{", "rbrace": "}", "backslash": "\\", "mid": "|", "colon": ":", "triangle": "△",
}  # fmt: skip
_OPERATORS = frozenset(
    "exp log ln sin cos tan cot sec csc arcsin arccos arctan sinh cosh tanh max min sup inf lim "
    "det dim ker arg gcd Pr bmod".split()
)
_SPACES = {",": " ", ";": " ", ":": " ", " ": " ", "!": "", "quad": "  ", "qquad": "  "}
_ESCAPED = frozenset("{}$&#%_|")
_LETTERS = frozenset(
    "text mathrm mathbf mathsf mathit mathtt mathcal mathbb mathfrak operatorname boldsymbol "
    "textrm textbf textit textsf texttt mbox".split()
)
_ACCENTS = {
    "hat": "\u0302", "tilde": "\u0303", "bar": "\u0304", "dot": "\u0307", "ddot": "\u0308",
    "vec": "\u20d7", "widehat": "\u0302", "widetilde": "\u0303", "overline": "\u0305",
    "underline": "\u0332", "underbrace": "", "overbrace": "",
}  # fmt: skip
_PAIRS = frozenset("frac dfrac tfrac binom overset underset stackrel".split())
_FENCES = frozenset(
    "langle rangle lfloor rfloor lceil rceil lvert rvert vert lVert rVert Vert lbrace rbrace { } | "
    "backslash".split()
)
_SIZES = re.compile(r"[bB]igg?[lrm]?")
_TABLES = frozenset(
    "matrix pmatrix bmatrix vmatrix Vmatrix Bmatrix cases aligned smallmatrix gathered".split()
)
_TOKEN = re.compile(r"\\(?:[A-Za-z]+|.)|.", re.DOTALL)
_TEXT_ESCAPES = {
    "\\": r"\textbackslash{}", "^": r"\textasciicircum{}", "~": r"\textasciitilde{}",
    "<": r"\ensuremath{<}", ">": r"\ensuremath{>}", "|": r"\ensuremath{|}", '"': "''",
} | {char: "\\" + char for char in "{}$&#%_"}  # fmt: skip
_TEXT_ACCENTS = {
    "\u0300": "`", "\u0301": "'", "\u0302": "^", "\u0303": "~", "\u0304": "=", "\u0307": ".",
    "\u0308": '"', "\u0327": "c ", "\u030c": "v ",
}  # fmt: skip
_BY_CHARACTER = {char: f"\\{name}" for name, char in reversed(_SIGNS.items())} | {
    "−": "-", "′": "'", "ᵀ": r"^{\mathsf{T}}", "𝟙": ONE, "∣": "|",
}  # fmt: skip
_LOWERED = str.maketrans("0123456789+-=()", "₀₁₂₃₄₅₆₇₈₉₊₋₌₍₎")
_LIFTED = str.maketrans("0123456789+-=()T", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁼⁽⁾ᵀ")


@dataclass(frozen=True, slots=True)
class _Part:
    """A piece of a formula: as TeX, as text, and whether that text binds like one letter."""

    tex: str
    plain: str
    single: bool = True


def tex(latex: str) -> str:
    r"""The formula for math mode, made of known commands only; else its letters as text.

    >>> tex(r"\frac{a}{b}_1"), tex(r"\input{x}")
    ('\\frac{a}{b}_{1}', '\\text{\\textbackslash{}input\\{x\\}}')
    """
    latex = clean(latex)
    try:
        return _Reader(latex).formula().tex
    except ValueError:
        return rf"\text{{{tex_text(latex)}}}"


def plain(latex: str) -> str:
    r"""The formula on one line of Unicode.

    >>> plain(r"\frac{\partial L}{\partial w_1} = \sigma(x)^2"), plain(r"\mathrm{loss}")
    ('∂ L/∂ w₁ = σ(x)²', 'loss')
    """
    latex = clean(latex)
    try:
        found = _Reader(latex).formula().plain
    except ValueError:
        found = latex
    return " ".join(found.split())


def plain_text(text: str) -> str:
    """A title as words, whether it was given as words or as LaTeX."""
    return plain(text.replace("$", "")) if any(char in "\\${}" for char in text) else clean(text)


def tex_text(text: str) -> str:
    r"""Any text for text mode, every character of it as itself.

    >>> tex_text("50% of a_b é")
    "50\\% of a\\_b \\'{e}"
    """
    return "".join(map(_text_character, clean(unicodedata.normalize("NFC", text))))


def has_cjk(text: str) -> bool:
    """Whether there are characters that only a Chinese font has."""
    return any(unicodedata.east_asian_width(char) in "WF" for char in text)


def _text_character(char: str) -> str:
    if char in _TEXT_ESCAPES:
        return _TEXT_ESCAPES[char]
    if char.isascii() or has_cjk(char):
        return char
    if char in _BY_CHARACTER:
        return rf"\ensuremath{{{_BY_CHARACTER[char].strip()}}}"
    parts = unicodedata.normalize("NFD", char)
    base, accent = parts[0], parts[1:]
    if base.isascii() and base.isalpha() and accent in _TEXT_ACCENTS:
        return rf"\{_TEXT_ACCENTS[accent]}{{{base}}}"
    same = unicodedata.normalize("NFKC", char)
    if same != char and same.isascii():
        return "".join(map(_text_character, same))
    if unicodedata.category(char) in ("So", "Mn", "Me", "Cf") or char == "\ufffd":
        return "?"
    return rf"{UNICODE}{{?}}{{{char}}}"


class _Reader:
    """Takes a formula apart; ValueError for all that is not known."""

    def __init__(self, latex: str) -> None:
        self._tokens: list[str] = _TOKEN.findall(latex)
        self._at = 0
        self._depth = 0

    def formula(self) -> _Part:
        found = self._row(())
        if self._at < len(self._tokens):
            raise ValueError("a brace too many")
        return found

    def _next(self) -> str:
        if self._at >= len(self._tokens):
            raise ValueError("something is missing at the end")
        self._at += 1
        return self._tokens[self._at - 1]

    def _peek(self) -> str:
        return self._tokens[self._at] if self._at < len(self._tokens) else ""

    def _row(self, ends: tuple[str, ...]) -> _Part:
        """Everything up to one of `ends`, which is left to be read."""
        parts: list[_Part] = []
        while self._peek() and self._peek() not in ends:
            parts.append(self._scripted())
        return _joined(parts)

    def _scripted(self) -> _Part:
        """One piece with what stands below and above it."""
        base = _Part("{}", "") if self._peek() in ("^", "_") else self._piece()
        found: dict[str, _Part] = {}
        primes = 0
        while self._peek() in ("^", "_", "'"):
            sign = self._next()
            if sign == "'":
                primes += 1
                continue
            if sign in found:
                raise ValueError("two of them at one place")
            self._skip_blanks()
            found[sign] = self._piece()
        if not found and not primes:
            return base
        return _with_scripts(base, found.get("_"), found.get("^"), primes)

    def _skip_blanks(self) -> None:
        while self._peek() in (" ", "~"):
            self._at += 1

    def _piece(self) -> _Part:
        """A letter, a group in braces, or a command with what it is applied to."""
        self._depth += 1
        if self._depth > _DEEPEST:
            raise ValueError("too deep")
        found = self._inner_piece(self._next())
        self._depth -= 1
        return found

    def _inner_piece(self, token: str) -> _Part:
        if token == "{":
            inner = self._row(("}",))
            self._expect("}")
            return _Part(f"{{{inner.tex}}}", inner.plain, inner.single)
        if token in ("}", "&", "^", "_", r"\\"):
            raise ValueError("out of place")
        if token in (" ", "~"):
            return _Part(" ", " ")
        if len(token) == 1:
            return _character(token)
        return self._command(token[1:])

    def _expect(self, token: str) -> None:
        if self._next() != token:
            raise ValueError(f"{token} is missing")

    def _command(self, name: str) -> _Part:
        if name in _SIGNS:
            return _Part(f"\\{name} ", _SIGNS[name])
        if name in _OPERATORS:
            return _Part(f"\\{name} ", f" {name} ")
        if name in _SPACES:
            return _Part(f"\\{name} " if name != " " else "\\ ", _SPACES[name])
        if name in _ESCAPED:
            return _Part(f"\\{name}", "‖" if name == "|" else name)
        readers: dict[str, Callable[[], _Part]] = {
            "left": self._fence, "sqrt": self._root, "begin": self._table, "middle": self._fencing,
        }  # fmt: skip
        if name in readers:
            return readers[name]()
        if name in _LETTERS:
            return self._letters(name)
        if name in _ACCENTS:
            return self._accent(name)
        if name in _PAIRS:
            return self._pair(name)
        if _SIZES.fullmatch(name):
            return self._fencing()
        raise ValueError(f"{name} is not known")

    def _argument(self) -> _Part:
        """What a command is applied to."""
        self._skip_blanks()
        found = self._piece()
        return found if found.tex.startswith("{") else _Part(f"{{{found.tex}}}", found.plain)

    def _accent(self, name: str) -> _Part:
        inner = self._argument()
        return _Part(f"\\{name}{inner.tex}", inner.plain + _ACCENTS[name], inner.single)

    def _pair(self, name: str) -> _Part:
        first, second = self._argument(), self._argument()
        written = f"\\{name}{first.tex}{second.tex}"
        if name == "binom":
            return _Part(written, f"C({first.plain}, {second.plain})")
        if "frac" not in name:
            return _Part(written, f"{second.plain}")
        return _Part(written, f"{_bound(first)}/{_bound(second)}", single=False)

    def _root(self) -> _Part:
        degree = ""
        if self._peek() == "[":
            self._next()
            degree = self._row(("]",)).tex
            self._expect("]")
        inner = self._argument()
        option = f"[{{{degree}}}]" if degree else ""
        return _Part(rf"\sqrt{option}{inner.tex}", f"√{_bound(inner)}")

    def _letters(self, name: str) -> _Part:
        """Letters in one face; braces inside are taken as they stand."""
        self._skip_blanks()
        first = self._next()
        text = first
        if first == "{":
            text = "".join(self._until_closed())
        elif len(first) > 1:
            raise ValueError("no text")
        if name == "mathbb" and text == "1":
            return _Part(f"{ONE} ", "𝟙")
        if name in ("text", "mbox") or name.startswith("text"):
            face = "text" if name == "mbox" else name
            return _Part(rf"\{face}{{{tex_text(text)}}}", text)
        inner = _Reader(re.sub(r"[\\{}^_&$#%~]", lambda found: _MATH_ESCAPES[found[0]], text))
        return _Part(rf"\{name}{{{inner.formula().tex}}}", text)

    def _until_closed(self) -> Iterator[str]:
        """The characters up to the brace that closes, escaped ones as they are meant."""
        depth = 1
        while True:
            token = self._next()
            depth += {"{": 1, "}": -1}.get(token, 0)
            if not depth:
                return
            if token in ("{", "}"):
                continue
            if len(token) > 1 and token[1] not in _ESCAPED | {" ", ",", ";", ":", "!", "\\"}:
                known = _SIGNS.get(token[1:])
                if known is None and token != r"\textbackslash":
                    raise ValueError("a command within text")
                yield known or "\\"
                continue
            yield _SPACES.get(token[1], token[1]) if len(token) > 1 else token

    def _delimiter(self) -> tuple[str, str]:
        self._skip_blanks()
        token = self._next()
        if token in ("(", ")", "[", "]", "|", "/"):
            return token, token
        if token == ".":
            return ".", ""
        if token in ("<", ">"):
            name = {"<": "langle", ">": "rangle"}[token]
            return f"\\{name} ", _SIGNS[name]
        if token[:1] == "\\" and token[1:] in _FENCES:
            name = token[1:]
            plain = _SIGNS.get(name, "‖" if name == "|" else name)
            return f"{token} " if name.isalpha() else token, plain
        raise ValueError("no bracket")

    def _fence(self) -> _Part:
        left, opened = self._delimiter()
        inner = self._row((r"\right",))
        self._expect(r"\right")
        right, closed = self._delimiter()
        return _Part(rf"\left{left}{inner.tex}\right{right}", f"{opened}{inner.plain}{closed}")

    def _fencing(self) -> _Part:
        """A bracket whose size was chosen by hand; it is written in its natural one."""
        sign, read = self._delimiter()
        return _Part("" if sign == "." else sign, read)

    def _table(self) -> _Part:
        name = self._name_of_table()
        rows: list[list[_Part]] = [[]]
        while True:
            rows[-1].append(self._row(("&", r"\\", r"\end")))
            token = self._next()
            if token == r"\\":
                rows.append([])
            elif token == r"\end":
                break
            elif token != "&":
                raise ValueError("a table has no end")
        if self._name_of_table() != name:
            raise ValueError("another table ends")
        written = r" \\ ".join(" & ".join(cell.tex for cell in row) for row in rows)
        read = "; ".join(", ".join(cell.plain for cell in row) for row in rows)
        return _Part(rf"\begin{{{name}}} {written} \end{{{name}}}", f"[{read.strip()}]")

    def _name_of_table(self) -> str:
        self._expect("{")
        name = ""
        while self._peek() != "}":
            name += self._next()
        self._expect("}")
        if name not in _TABLES:
            raise ValueError("no such table")
        return name


_MATH_ESCAPES = {char: f"\\{char}" for char in "{}_&$#%"} | {
    "\\": r"\backslash ", "^": r"\text{^}", "~": r"\sim ",
}  # fmt: skip


def _character(char: str) -> _Part:
    """One character of a formula."""
    if char in "$#%":
        return _Part(f"\\{char}", char)
    if char.isascii():
        return _Part(char, "−" if char == "-" else char)
    if char in _BY_CHARACTER:
        written = _BY_CHARACTER[char]
        return _Part(f"{written} " if written[0] == "\\" else f"{{}}{written}", char)
    return _Part(rf"\text{{{_text_character(char)}}}", char)


def _joined(parts: list[_Part]) -> _Part:
    if len(parts) == 1:
        return parts[0]
    read = "".join(part.plain for part in parts)
    written = "".join(part.tex for part in parts)
    # A name of one word needs no brackets below a fraction bar.
    return _Part(written, read, single=read.isalnum())


def _bound(part: _Part) -> str:
    text = part.plain.strip()
    simple = part.single or not any(sign in text.strip("−") for sign in "+−=·×/<>≤≥")
    return text if simple else f"({text})"


def _with_scripts(base: _Part, below: _Part | None, above: _Part | None, primes: int) -> _Part:
    written, read = base.tex.rstrip(), base.plain.rstrip() if base.plain.strip() else base.plain
    written = written or "{}"
    read += "′" * primes
    if below is not None:
        written += f"_{{{below.tex.strip()}}}"
        read += _script(below.plain, "_", _LOWERED)
    raised = r"\prime" * primes + (f" {above.tex.strip()}" if above is not None else "")
    if raised:
        written += f"^{{{raised.strip()}}}"
    if above is not None:
        read += _script(above.plain, "^", _LIFTED)
    return _Part(written, read)


def _script(text: str, sign: str, table: dict[int, int]) -> str:
    text = text.strip().replace("−", "-")
    if all(ord(char) in table for char in text):
        return text.translate(table)
    return f"{sign}{text}" if len(text) == 1 else f"{sign}({text})"
