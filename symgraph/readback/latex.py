r"""The LaTeX of formulas in the common alphabet: `\frac{a}{b}` becomes a fraction of two groups.

Commands that only change the look are dropped. An unknown command is an error, so that nothing is
skipped that has a meaning.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from symgraph.readback.stream import CLOSE, FRACTION, GREEK, OPEN, ReadError, Stream, plain_stream

__all__ = ["latex_stream"]

_DEEPEST = 60
_COMMAND = re.compile(r"\\([A-Za-z]+\*?|.)", re.DOTALL)
_PRIMES = re.compile(r"\^\s*(?:\{((?:\s*\\prime\s*)+)\}|(\\prime))")

_SPACES = {",", ";", "!", ":", " ", "quad", "qquad", "thinspace", "enspace", "\n"}
_IGNORED = set(
    "left right big Big bigg Bigg bigl bigr Bigl Bigr biggl biggr Biggl Biggr displaystyle "
    "textstyle limits nolimits nonumber".split()
)
_LOOKS = set(
    "mathrm operatorname operatorname* mathit mathsf mathbf boldsymbol bm mathcal text textrm "
    "textit mathtt mathbb mbox mathnormal".split()
)
_ACCENTS = {
    "hat": "\u0302", "widehat": "\u0302", "tilde": "\u0303", "widetilde": "\u0303",
    "bar": "\u0304", "overline": "\u0304", "dot": "\u0307", "ddot": "\u0308", "vec": "\u20d7",
}  # fmt: skip
_SIGNS = {
    "cdot": "·", "times": "×", "odot": "⊙", "circ": "∘", "otimes": "⊗", "ast": "*", "le": "<=",
    "leq": "<=", "ge": ">=", "geq": ">=", "ne": "!=", "neq": "!=", "lt": "<", "gt": ">",
    "land": " and ", "wedge": " and ", "lor": " or ", "vee": " or ", "lnot": " not ",
    "neg": " not ", "dots": "...", "ldots": "...", "cdots": "...", "infty": "∞", "sum": "Σ",
    "prod": "Π", "bullet": "•", "prime": "'", "sim": "~", "backslash": "\\", "_": "_", "#": "#",
    "%": "%", "&": "&", "$": "$", "{": "{", "}": "}", "lbrace": "{", "rbrace": "}", "lbrack": "[",
    "rbrack": "]", "lVert": "||", "rVert": "||", "Vert": "||", "|": "||", "lvert": "|",
    "rvert": "|", "vert": "|", "lfloor": "floor(", "rfloor": ")", "partial": "∂", "nabla": "∇",
    "bmod": " mod ", "ell": "ℓ", "top": "⊤", "intercal": "⊤", "imath": "i", "jmath": "j",
    "mid": "|",
}  # fmt: skip
_WORDS = set(
    "exp log ln sin cos tan sinh cosh tanh max min det arcsin arccos arctan sqrt gcd arg inf sup "
    "Pr deg dim ker lim".split()
)
_VARIANTS = {"varphi": "φ", "varepsilon": "ε", "vartheta": "θ", "varsigma": "ς", "varrho": "ρ"}
_MATRICES = {"matrix", "bmatrix", "pmatrix", "smallmatrix"}


@lru_cache(maxsize=1024)
def latex_stream(written: str) -> Stream:
    r"""The characters of a formula in LaTeX.

    >>> latex_stream(r"\frac{\partial L}{\partial W_{1}} = \delta x^{\mathsf{T}}").text
    '\ue000⟦∂ L⟧⟦∂ W_⟦1⟧⟧ = δ x^⟦⊤⟧'
    """
    scanner = _Scanner(written)
    scanner.scan(len(written), 0)
    return Stream("".join(scanner.parts), tuple(scanner.places))


@lru_cache(maxsize=4096)
def _plain(char: str) -> str:
    """A single character as it stands in a stream."""
    return plain_stream(char).text


class _Scanner:
    """From left to right, groups by recursion."""

    def __init__(self, written: str) -> None:
        self.written = written
        self.at = 0
        self.parts: list[str] = []
        self.places: list[int] = []
        self._matrices = 0
        self._shares = 0

    def put(self, text: str, place: int) -> None:
        """Append characters, one an entry."""
        self.parts += text
        self.places += [place] * len(text)

    def fail(self, why: str, place: int) -> ReadError:
        return ReadError(f"LaTeX formula, character {place + 1}: {why}: {self.written!r}")

    def word(self, text: str, place: int) -> None:
        """A word or letter, parted from a word before it."""
        before = self.parts[-1] if self.parts else ""
        if before.isalnum() and text[:1].isalnum():
            self.put(" ", place)
        self.put(text, place)

    def scan(self, stop: int, depth: int) -> None:
        """Everything up to `stop`."""
        if depth > _DEEPEST:
            raise self.fail("groups are nested too deeply", self.at)
        while self.at < stop:
            self._one(depth)

    def _one(self, depth: int) -> None:
        place, char = self.at, self.written[self.at]
        primes = _PRIMES.match(self.written, place)
        if primes is not None:
            self.at = primes.end()
            self.put("'" * max(1, (primes[1] or "").count("prime")), place)
        elif char == "\\":
            command = _COMMAND.match(self.written, place)
            if command is None:
                raise self.fail("a lone backslash", place)
            self.at = command.end()
            self._command(command[1], place, depth)
        elif char == "{":
            self._braces(place, depth)
        elif char == "}":
            raise self.fail("'}' closes nothing", place)
        elif char == "&":
            self.at += 1
            self.put("," if self._matrices else "", place)
        else:
            self.at += 1
            self.put(" " if char == "~" else _plain(char), place)

    def _braces(self, place: int, depth: int) -> None:
        end = self._closing(place)
        self.at = place + 1
        content = self.written[self.at : end].strip()
        if len(content) == 1 and not content.isalnum():  # {<}: a sign that is no operator
            self.put(_plain(content), place)
        elif content:
            self.put(OPEN, place)
            self.scan(end, depth + 1)
            self.put(CLOSE, end)
        self.at = end + 1

    def _closing(self, place: int) -> int:
        """Where the group that opens at `place` closes."""
        depth, at = 0, place
        while at < len(self.written):
            char = self.written[at]
            if char == "\\":
                at += 1
            elif char == "{":
                depth += 1
            elif char == "}":
                depth -= 1
                if depth == 0:
                    return at
            at += 1
        raise self.fail("'{' is never closed", place)

    def _argument(self, depth: int) -> str:
        """The argument of a command, in the common alphabet, taken back from what was put."""
        while self.at < len(self.written) and self.written[self.at] == " ":
            self.at += 1
        if self.at >= len(self.written):
            raise self.fail("an argument is missing", self.at)
        kept = len(self.parts)
        self._one(depth + 1)
        text = "".join(self.parts[kept:])
        del self.parts[kept:]
        del self.places[kept:]
        return text[1:-1] if text.startswith(OPEN) and text.endswith(CLOSE) else text

    def _command(self, name: str, place: int, depth: int) -> None:
        if name in _SPACES:
            self.put(" ", place)
        elif name in ("left", "right") and self.written[self.at :].lstrip().startswith("."):
            self.at = self.written.index(".", self.at) + 1
            self._shares += name == "left"
        elif name == "right" and self._shares and self.written[self.at :].startswith("|"):
            self._shares -= 1
            self._share(place, depth)
        elif name in _IGNORED:
            pass
        elif name in GREEK or name in _VARIANTS:
            self.word(GREEK.get(name) or _VARIANTS[name], place)
        elif name in _SIGNS:
            self.put(_SIGNS[name], place)
        elif name in ("frac", "dfrac", "tfrac", "cfrac"):
            top, bottom = self._argument(depth), self._argument(depth)
            self.put(f"{FRACTION}{OPEN}{top}{CLOSE}{OPEN}{bottom}{CLOSE}", place)
        elif name == "sqrt":
            self.put(f"√{OPEN}{self._argument(depth)}{CLOSE}", place)
        elif name in _WORDS:
            self.word(name, place)
            if self.written[self.at : self.at + 1].isalnum():
                self.put(" ", place)
        else:
            self._decorated(name, place, depth)

    def _decorated(self, name: str, place: int, depth: int) -> None:
        """Commands with an argument that stays what it is."""
        if name in _LOOKS:
            content = self._argument(depth)
            if (name, content) == ("mathrm", "d") and self._begins_name():
                content += self._argument(depth)  # d of a name is one name: dC
            marked = {("mathbf", "1"): "𝟏", ("mathbb", "1"): "𝟙", ("mathsf", "T"): "⊤",
                      ("bm", "1"): "𝟏", ("boldsymbol", "1"): "𝟏"}.get((name, content))  # fmt: skip
            self.word(content if marked is None else marked, place)
            following = self.written[self.at : self.at + 1]
            if content[-1:].isalnum() and following.isalnum() and marked is None:
                self.put(" ", place)
        elif name in _ACCENTS:
            content = self._argument(depth)
            if not content and name == "hat":
                self.put("^", place)
                return
            self.word(unicodedata.normalize("NFD", content + _ACCENTS[name]), place)
        elif name == "underbrace":
            self.put(f"{OPEN}{self._argument(depth)}{CLOSE}", place)
            if self.written[self.at :].startswith("_"):
                self.at += 1
                self._argument(depth)
        elif name in ("begin", "end"):
            self._environment(name, place, depth)
        elif name == "\\" and self._matrices:
            self.put(";", place)
        else:
            raise self.fail(f"the command \\{name} is not known", place)

    def _begins_name(self) -> bool:
        """Whether a letter stands here, perhaps with an accent."""
        command = _COMMAND.match(self.written, self.at)
        if command is not None:
            return command[1] in _ACCENTS or command[1] in GREEK
        return self.written[self.at : self.at + 1].isalpha()

    def _environment(self, name: str, place: int, depth: int) -> None:
        kind = self._argument(depth)
        if kind not in _MATRICES:
            raise self.fail(f"the environment {kind!r} is not known", place)
        self._matrices += 1 if name == "begin" else -1
        self.put("[" if name == "begin" else "]", place)

    def _share(self, place: int, depth: int) -> None:
        r"""The end of \left. x \right|_{y}: the share of x that arrives through y."""
        self.at = self.written.index("|", self.at) + 1
        if not self.written[self.at :].startswith("_"):
            raise self.fail(r"\right| without a subscript", place)
        self.at += 1
        self.put(f" through {OPEN}{self._argument(depth)}{CLOSE}", place)
