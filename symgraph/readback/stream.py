"""One alphabet for three ways of writing: characters that mean the same become the same.

Raised and lowered characters become groups, `x²` is `x^⟦2⟧` and `W₁` is `W_⟦1⟧`, as the braces of
LaTeX do. Every character remembers its place in what was written.
"""

from __future__ import annotations

import functools
import re
import unicodedata
from typing import NamedTuple

from symgraph.errors import SymgraphError

__all__ = ["CLOSE", "FRACTION", "GREEK", "OPEN", "ReadError", "Stream", "plain_stream"]

OPEN, CLOSE = "⟦", "⟧"
#: Stands before the two groups of a fraction.
FRACTION = "\ue000"

_LETTERS = (
    "α alpha β beta γ gamma δ delta ε epsilon ζ zeta η eta θ theta ι iota κ kappa λ lambda μ mu "
    "ν nu ξ xi ο omicron π pi ρ rho σ sigma τ tau υ upsilon φ phi χ chi ψ psi ω omega Γ Gamma "
    "Δ Delta Θ Theta Λ Lambda Ξ Xi Π Pi Σ Sigma Υ Upsilon Φ Phi Ψ Psi Ω Omega"
).split()
#: Greek letters by their English names.
GREEK = dict(zip(_LETTERS[1::2], _LETTERS[::2], strict=True))

_SAME = {
    "−": "-", "–": "-", "’": "'", "′": "'", "″": "''", "∗": "*", "⋅": "·", "≤": "<=", "≥": ">=",
    "≠": "!=", "∧": " and ", "∨": " or ", "¬": " not ", "‖": "||", "∥": "||", "…": "...",
    "∑": "Σ", "∏": "Π", "ϕ": "φ", "ϵ": "ε", "ϑ": "θ", "µ": "μ", "\N{NO-BREAK SPACE}": " ",
    "½": "(1/2)", "⅓": "(1/3)", "⅔": "(2/3)", "¼": "(1/4)", "¾": "(3/4)", "⌊": "floor(", "⌋": ")",
}  # fmt: skip
_LOW = dict(
    zip("₀₁₂₃₄₅₆₇₈₉₊₋₌₍₎ₐₑₕᵢⱼₖₗₘₙₒₚᵣₛₜᵤᵥₓ", "0123456789+-=()aehijklmnoprstuvx", strict=True)
)
_HIGH = dict(zip("⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁼⁽⁾ⁱⁿᵗᵏʲ", "0123456789+-=()intkj", strict=True))
_RUNS = re.compile(
    f"(?P<low>[{''.join(_LOW)}]+(?:,[{''.join(_LOW)}]+)*)|(?P<turned>⁻?ᵀ)"
    f"|(?P<high>[{''.join(_HIGH)}]+)"
)


class ReadError(SymgraphError, ValueError):
    """A formula that cannot be read; the message says where."""


class Stream(NamedTuple):
    """Characters and the place in the written formula that each comes from."""

    text: str
    places: tuple[int, ...]


@functools.lru_cache(maxsize=1024)  # derivations by several variables share most of their lines
def plain_stream(written: str) -> Stream:
    """The characters of a formula in text or Unicode.

    >>> plain_stream("W₁ᵀ x²").text
    'W_⟦1⟧^⟦⊤⟧ x^⟦2⟧'
    """
    parts: list[str] = []
    places: list[int] = []

    def put(text: str, place: int) -> None:
        parts.append(text)
        places.extend([place] * len(text))

    def put_plain(start: int, end: int) -> None:
        text = written[start:end]
        if text.isascii():
            parts.append(text)
            places.extend(range(start, end))
            return
        for place, char in enumerate(text, start):
            put(_SAME.get(char) or unicodedata.normalize("NFD", char), place)

    end = 0
    for run in _RUNS.finditer(written):
        put_plain(end, run.start())
        put(_grouped(run), run.start())
        end = run.end()
    put_plain(end, len(written))
    return Stream("".join(parts), tuple(places))


def _grouped(run: re.Match[str]) -> str:
    if run["low"]:
        return f"_{OPEN}{''.join(_LOW.get(c, c) for c in run['low'])}{CLOSE}"
    if run["turned"]:
        return f"^{OPEN}{'-' * (len(run['turned']) - 1)}⊤{CLOSE}"
    return f"^{OPEN}{''.join(_HIGH[c] for c in run['high'])}{CLOSE}"
