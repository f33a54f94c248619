"""Names in formulas: which spellings mean one name, and how shapes are declared in text."""

from __future__ import annotations

import builtins
import keyword
import re
import unicodedata
from collections.abc import Collection, Iterable
from difflib import get_close_matches

from symgraph.errors import FormulaError
from symgraph.formula.source import shortened
from symgraph.printing import unicode_name

__all__ = [
    "IDENTIFIER",
    "RESERVED",
    "is_letter",
    "key_of",
    "nearest",
    "parts_of",
    "read_shape",
    "split_item",
]

# Symbol forms of Greek letters that look like the letters and are typed for them, and the sign that
# is printed for a minus.
_GREEK_FORMS = str.maketrans("ϕϵϑϱϖµ−", "φεθρπμ-")
_SCRIPTS = ("LATIN ", "GREEK ", "CJK ", "HIRAGANA ", "KATAKANA", "HANGUL ")
_SUBSCRIPTS = "₀₁₂₃₄₅₆₇₈₉"
_RAISED = str.maketrans(_SUBSCRIPTS, "0123456789")

#: A longer word is not searched for names without blanks between them.
LONGEST_SPLIT = 30

#: Words of Python. They are no names here unless declared, so that no formula looks like a program.
#: `lambda` is a Greek letter.
RESERVED = frozenset(
    {*keyword.kwlist, *dir(builtins), "exit", "quit", "help", "copyright", "credits", "license"}
) - {"lambda"}


def is_letter(char: str) -> bool:
    """Whether a name may begin with the character: Latin, Greek, Chinese, Japanese, Korean."""
    if len(char) != 1 or char.isascii():
        return char.isalpha()
    name = unicodedata.name(char, "")
    return char.isalpha() and name.startswith(_SCRIPTS) and not _is_raised(name)


def _is_raised(name: str) -> bool:
    """ⁿ and ᵢ are indices at names, not letters; ｗ is a letter of another width."""
    return "SUPERSCRIPT" in name or "SUBSCRIPT" in name or "MODIFIER" in name


class _Identifier:
    """Where a name ends that begins at some place."""

    def end(self, text: str, start: int) -> int:
        """The place after the name, or `start` where none begins."""
        if start >= len(text) or not is_letter(text[start]):
            return start
        end = start + 1
        while end < len(text) and self._goes_on(text, end):
            end += 1
        return end

    def _goes_on(self, text: str, at: int) -> bool:
        char = text[at]
        if is_letter(char) or char in _SUBSCRIPTS or (char.isascii() and char.isdigit()):
            return True
        if char == "_":
            following = text[at + 1 : at + 2]
            return (
                bool(following)
                and (is_letter(following) or following.isascii())
                and (following.isalnum() or following == "_")
            )
        return "\u0300" <= char <= "\u036f" or "LATIN SUBSCRIPT" in unicodedata.name(char, "")


IDENTIFIER = _Identifier()


def key_of(name: str) -> str:
    """The same text for the spellings of one name: W1, W_1 and W₁; phi, φ and ϕ.

    >>> key_of("W1") == key_of("W₁"), key_of("phi") == key_of("φ"), key_of("x") == key_of("X")
    (True, True, False)
    """
    plain = unicodedata.normalize("NFC", name).translate(_GREEK_FORMS)
    return unicode_name("".join(plain.split()))


def nearest(word: str, known: Iterable[str]) -> str:
    """The question whether something similar was meant, or nothing."""
    names = list(dict.fromkeys(known))
    close = get_close_matches(word, names, 1, 0.6)
    lowered = {name.lower(): name for name in names}
    found = close or get_close_matches(word.lower(), lowered, 1, 0.75)
    return f"Did you mean {lowered.get(found[0], found[0])}?" if found else ""


def parts_of(word: str, names: Collection[str]) -> list[str]:
    """The names that stand in a word without blanks between them; none for a name itself.

    >>> parts_of("W1x", {"W1", "x"}), parts_of("Wy", {"W", "x"})
    (['W1', 'x'], [])
    """
    if len(word) > LONGEST_SPLIT or word in names:
        return []
    plain, known = word.translate(_RAISED), {name.translate(_RAISED) for name in names}
    ways: dict[int, list[str]] = {0: []}
    for end in range(1, len(word) + 1):
        for start in range(end):
            if start in ways and plain[start:end] in known:
                ways.setdefault(end, [*ways[start], word[start:end]])
    return ways.get(len(word), [])


def split_item(item: str) -> tuple[str, str]:
    """Name and shape of `W=d`, `φ(x)=d`, `X=N,p`, `y`; the shape is empty where none is written."""
    name, equals, sizes = item.rpartition("=")
    return (name.strip(), sizes.strip()) if equals else (item.strip(), "")


def read_shape(text: str, where: str) -> tuple[int | str, ...]:
    """A shape from text: `d`, `N,p`, `(3, 2)`, `3×2`; nothing, `()` and `1` of no axes are scalars.

    Raises FormulaError for what is no size.

    >>> read_shape("N, 3", "X"), read_shape("()", "y")
    (('N', 3), ())
    """
    inner = text.strip()
    if inner[:1] + inner[-1:] in ("()", "[]"):
        inner = inner[1:-1]
    sizes = [one for one in re.split(r"[,×，]", inner) if one.strip()]
    return tuple(_size(one.strip(), where) for one in sizes)


def _size(word: str, where: str) -> int | str:
    if word.isascii() and word.isdigit() and len(word) <= 9:
        return int(word)
    if IDENTIFIER.end(word, 0) == len(word) and word not in RESERVED and word.isidentifier():
        return word
    raise FormulaError(
        f"shape of {where}: {shortened(word)!r} is no size. Write numbers or names separated by "
        "commas, such as W=d or X=N,3."
    )
