"""LaTeX as `write` writes it, turned into MathML: the same formula for a browser, without a script.

Only the commands that a written formula can contain are known; another one is shown as its text.
"""

from __future__ import annotations

import re
import unicodedata
import xml.etree.ElementTree as ET

__all__ = ["mathml"]

_NAMESPACE = "http://www.w3.org/1998/Math/MathML"
_TOKEN = re.compile(r"\\[A-Za-z]+|\\.|\d+(?:\.\d+)?|\s+|.", re.DOTALL)
#: Deeper formulas are shown as their LaTeX.
_DEEPEST = 80

_GREEK = dict(
    zip(
        "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi omicron pi rho "
        "sigma tau upsilon phi chi psi omega Gamma Delta Theta Lambda Xi Pi Sigma Upsilon Phi Psi "
        "Omega ell".split(),
        "αβγδεζηθικλμνξοπρστυφχψωΓΔΘΛΞΠΣΥΦΨΩℓ",
        strict=True,
    )
)
_LETTERS = {**_GREEK, "partial": "∂", "nabla": "∇", "infty": "∞", "backslash": "\\"}
_OPERATORS = {
    "cdot": "⋅", "odot": "⊙", "circ": "∘", "times": "×", "otimes": "⊗", "ast": "∗", "le": "≤",
    "ge": "≥", "ne": "≠", "approx": "≈", "land": "∧", "lor": "∨", "in": "∈", "dots": "…",
    "ldots": "…", "cdots": "⋯", "vdots": "⋮", "ddots": "⋱", "sim": "∼", "bullet": "•", "to": "→",
    "mid": "∣", "oplus": "⊕", "pm": "±",
}  # fmt: skip
_PREFIXES = {"lnot": "¬", "sum": "∑", "prod": "∏"}
_FENCES = {
    "(": "(", ")": ")", "[": "[", "]": "]", "|": "|", "\\{": "{", "\\}": "}", "\\lVert": "‖",
    "\\rVert": "‖", "\\|": "‖", "\\lvert": "|", "\\rvert": "|", "\\lbrace": "{", "\\rbrace": "}",
    "\\langle": "⟨", "\\rangle": "⟩", "\\lfloor": "⌊", "\\rfloor": "⌋", "\\lceil": "⌈",
    "\\rceil": "⌉", ".": "",
}  # fmt: skip
_OPENING = ("(", "[", "{", "\\{", "\\lVert", "\\lvert", "\\lbrace", "\\langle", "\\lfloor")
_NAMED = frozenset(
    "exp log sin cos tan sinh cosh tanh max min det arcsin arccos arctan lim dim ker gcd Pr".split()
)
_SPACES = {
    ",": "0.167em", ":": "0.222em", ";": "0.278em", " ": "0.25em", "quad": "1em", "qquad": "2em",
}  # fmt: skip
_ACCENTS = {"hat": "^", "tilde": "~", "bar": "¯", "dot": "˙", "vec": "→", "widehat": "^"}
_MATRICES = {"pmatrix": "()", "bmatrix": "[]", "vmatrix": "||", "matrix": "", "aligned": ""}
#: Where the letters of an alphabet begin: capitals, small letters, digits.
_ALPHABETS = {"mathbf": (0x1D400, 0x1D41A, 0x1D7CE), "mathbb": (0x1D538, 0x1D552, 0x1D7D8)}
_EARLIER = dict(zip("CHNPQRZ", "ℂℍℕℙℚℝℤ", strict=True))


def mathml(latex: str, block: bool = False) -> str:
    """A formula as a `math` element, well-formed XML; `block`: on a line of its own.

    >>> mathml("x^{2}").partition(">")[2]
    '<msup><mi>x</mi><mn>2</mn></msup></math>'
    """
    root = ET.Element("math", {"xmlns": _NAMESPACE})
    if block:
        root.set("display", "block")
    try:
        parts = _Parser(latex).row(None)
    except (IndexError, RecursionError):  # brackets without a partner, or too many of them
        parts = [_leaf("mtext", latex)]
    root.extend(parts)
    return ET.tostring(root, encoding="unicode")


def _leaf(tag: str, text: str, **attributes: str) -> ET.Element:
    element = ET.Element(tag, attributes)
    element.text = "".join(c if c.isprintable() else "\ufffd" for c in text)
    return element


def _inside(tag: str, *parts: ET.Element) -> ET.Element:
    element = ET.Element(tag)
    element.extend(parts)
    return element


def _one(parts: list[ET.Element]) -> ET.Element:
    """Several elements as one."""
    return parts[0] if len(parts) == 1 else _inside("mrow", *parts)


def _letter(char: str, alphabet: str) -> str:
    capital, small, digit = _ALPHABETS[alphabet]
    if alphabet == "mathbb" and char in _EARLIER:
        return _EARLIER[char]
    if not char.isascii() or not char.isalnum():
        return char
    if char.isdigit():
        return chr(digit + int(char))
    return chr(capital + ord(char) - ord("A") if char.isupper() else small + ord(char) - ord("a"))


class _Parser:
    """One pass over the tokens, from left to right."""

    def __init__(self, latex: str) -> None:
        self._tokens = _TOKEN.findall(latex)
        self._at = 0
        self._depth = 0

    # --- tokens -------------------------------------------------------------------------------

    def _peek(self) -> str | None:
        while self._at < len(self._tokens) and self._tokens[self._at].isspace():
            self._at += 1
        return self._tokens[self._at] if self._at < len(self._tokens) else None

    def _take(self) -> str:
        token = self._peek()
        if token is None:
            raise IndexError("the formula ends too early")
        self._at += 1
        return token

    def _raw_group(self) -> str:
        """The characters of a group as they are, escapes resolved."""
        self._take()
        text, depth = "", 1
        while True:
            token = self._tokens[self._at]
            self._at += 1
            depth += (token == "{") - (token == "}")
            if not depth:
                return text
            if token in ("{", "}", "\\mathrm", "\\text"):
                continue
            name = token[1:] if token.startswith("\\") else token
            known = _LETTERS.get(name) or _OPERATORS.get(name) or {"hat": "^"}.get(name)
            text += known or (name if len(name) == 1 else token)

    # --- grammar ------------------------------------------------------------------------------

    def row(self, end: str | None) -> list[ET.Element]:
        """Elements up to a token, which is taken too."""
        self._depth += 1
        if self._depth > _DEEPEST:
            raise RecursionError("the formula is nested too deeply")
        parts: list[ET.Element] = []
        while (token := self._peek()) is not None and token != end:
            if parts and _is_function(token) and parts[-1].tag not in ("mo", "mspace"):
                parts.append(ET.Element("mspace", {"width": _SPACES[","]}))
            parts.append(self._scripted(self._atom(parts)))
        if end is not None:
            self._take()
        self._depth -= 1
        return parts

    def _group(self) -> ET.Element:
        """A group in braces, or a single token, as one element."""
        if self._peek() == "{":
            self._take()
            return _one(self.row("}"))
        return self._atom([])

    def _scripted(self, base: ET.Element) -> ET.Element:
        """The base with what follows below and above it."""
        below: ET.Element | None = None
        above: list[ET.Element] = []
        while (token := self._peek()) in ("_", "^", "'"):
            self._take()
            if token == "_":
                below = self._group()
            else:
                above.append(_leaf("mo", "′") if token == "'" else self._group())
        is_large = base.tag == "mo" and base.text in ("∑", "∏")
        names = ("munder", "mover", "munderover") if is_large else ("msub", "msup", "msubsup")
        if base.tag == "munder" and below is not None:  # a brace
            names = ("munder", "mover", "munderover")
        if below is not None and above:
            return _inside(names[2], base, below, _one(above))
        if below is not None:
            return _inside(names[0], base, below)
        return _inside(names[1], base, _one(above)) if above else base

    def _atom(self, before: list[ET.Element]) -> ET.Element:
        token = self._take()
        if token == "{":
            return _one(self.row("}"))
        if token.startswith("\\"):
            return self._command(token[1:], before)
        if token[0].isdigit():
            return _leaf("mn", token)
        if token in "()[]|":
            return _leaf("mo", token, stretchy="false")
        if token.isalpha():
            return _leaf("mi", token)
        if token in "-+":
            return _sign(token, before)
        return _leaf("mo", token) if unicodedata.category(token)[0] in "PS" else _leaf("mi", token)

    def _command(self, name: str, before: list[ET.Element]) -> ET.Element:
        if name in _LETTERS:
            return _leaf("mi", _LETTERS[name], **_upright(name))
        if name in _OPERATORS:
            return _leaf("mo", _OPERATORS[name])
        if name in _PREFIXES:
            return _leaf("mo", _PREFIXES[name])
        if name in _SPACES:
            return ET.Element("mspace", {"width": _SPACES[name]})
        if name in _NAMED:
            return _leaf("mi", name)
        if f"\\{name}" in _FENCES:
            return _leaf("mo", _FENCES[f"\\{name}"], stretchy="false")
        build = getattr(self, f"_{name}", None) if name in _BUILT else None
        if build is not None:
            element: ET.Element = build()
            return element
        if name in _ACCENTS:
            mark = _leaf("mo", _ACCENTS[name])
            return _accented(self._group(), mark)
        if name in _ALPHABETS:
            return self._styled(name)
        if name in ("mathrm", "operatorname", "mathsf", "mathit", "mathtt"):
            return _word(self._raw_group())
        if name == "text":
            return _leaf("mtext", self._raw_group())
        if len(name) == 1:
            return _leaf("mi", name, mathvariant="normal")
        return _leaf("mtext", f"\\{name}")

    def _styled(self, alphabet: str) -> ET.Element:
        text = "".join(_letter(char, alphabet) for char in self._raw_group())
        return _leaf("mn" if text.isdigit() else "mi", text)

    # --- commands with arguments ----------------------------------------------------------------

    def _frac(self) -> ET.Element:
        above = self._group()
        return _inside("mfrac", above, self._group())

    def _sqrt(self) -> ET.Element:
        return _inside("msqrt", self._group())

    def _underbrace(self) -> ET.Element:
        return _inside("munder", self._group(), _leaf("mo", "⏟", stretchy="true"))

    def _mathbin(self) -> ET.Element:
        return _leaf("mo", self._raw_group())

    def _bmod(self) -> ET.Element:
        return _leaf("mo", "mod")

    def _left(self) -> ET.Element:
        opening = self._take()
        parts = self.row("\\right")
        closing = self._take()
        fences = [_fence(opening, "prefix"), *parts, _fence(closing, "postfix")]
        return _inside("mrow", *(part for part in fences if part is not None))

    def _begin(self) -> ET.Element:
        """A matrix: rows of cells."""
        kind = self._raw_group()
        table, row, cell = ET.Element("mtable"), ET.Element("mtr"), ET.Element("mtd")
        while (token := self._peek()) != "\\end":
            if token in ("&", "\\\\"):
                self._take()
                row.append(cell)
                cell = ET.Element("mtd")
                if token == "\\\\":
                    table.append(row)
                    row = ET.Element("mtr")
                continue
            cell.append(self._scripted(self._atom(list(cell))))
        self._take()
        self._raw_group()
        row.append(cell)
        table.append(row)
        fences = _MATRICES.get(kind, "")
        if not fences:
            return table
        return _inside("mrow", _leaf("mo", fences[0]), table, _leaf("mo", fences[1]))


_BUILT = frozenset("frac sqrt underbrace mathbin bmod left begin".split())


def _is_function(token: str) -> bool:
    return token == "\\operatorname" or token[1:] in _NAMED


def _word(text: str) -> ET.Element:
    """An upright name; MathML slants single letters only."""
    return _leaf("mi", text, **({"mathvariant": "normal"} if len(text) == 1 else {}))


def _upright(name: str) -> dict[str, str]:
    return {"mathvariant": "normal"} if name[0].isupper() or name == "backslash" else {}


def _sign(token: str, before: list[ET.Element]) -> ET.Element:
    """A plus or minus, and whether it is a sign."""
    element = _leaf("mo", "−" if token == "-" else token)
    closing = before and before[-1].tag == "mo" and before[-1].text in (")", "]", "|", "‖", "}")
    if not before or (before[-1].tag == "mo" and not closing):
        element.set("form", "prefix")
    return element


def _fence(token: str, form: str) -> ET.Element | None:
    shown = _FENCES.get(token, token)
    return _leaf("mo", shown, fence="true", form=form, stretchy="true") if shown else None


def _accented(base: ET.Element, mark: ET.Element) -> ET.Element:
    if not len(base) and not base.text:  # \hat{} alone is the character ^
        return _leaf("mo", str(mark.text))
    element = _inside("mover", base, mark)
    element.set("accent", "true")
    return element
