"""Names as they may be spelled: W1, W₁, W_1 and W_{1} are one name; φ, phi and \\phi another."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from symgraph.errors import NameClashError
from symgraph.readback.latex import latex_stream
from symgraph.readback.stream import CLOSE, GREEK, OPEN, ReadError, plain_stream

__all__ = ["Entry", "Found", "Given", "Names", "Sequence", "Sort", "normal"]

Sort = Literal["number", "column", "row", "matrix", "tensor"]
_WORD_OF = {letter: word for word, letter in GREEK.items()}
#: A name is not followed by what would make it a longer one.
_END = r"(?![^\W_]|[\u0300-\u036f'])"
_LETTER = re.compile(r"[^\W\d_]")
_BRACES = re.compile(r"([_^])\{([^{}]*)\}")
_GOES_ON = re.compile(r"[^\W_]|[\u0300-\u036f']")
_REGULAR = re.compile(
    r"(?P<low>(?P<stem>[^\W\d_](?:[^\W_]|[\u0300-\u036f])*)"
    rf"(?:_[{OPEN}{{][^{OPEN}{CLOSE}{{}}]*[{CLOSE}}}]|_\w+)?)(?P<primes>'*)"
)
_UNIFIED = str.maketrans("{}", OPEN + CLOSE, " ")


@dataclass(frozen=True)
class Given:
    """The value of a name: an array as NumPy has it, and how a vector lies."""

    array: NDArray[Any]
    sort: Sort

    @staticmethod
    def of(array: Any, sort: Sort | None = None) -> Given:
        """By default a vector is a column, and a scalar a number."""
        value = np.asarray(array)
        usual: tuple[Sort, ...] = ("number", "column", "matrix")
        return Given(value, sort or (usual[value.ndim] if value.ndim < 3 else "tensor"))


@dataclass(frozen=True)
class Sequence:
    """Values over time: `array[k]` is the value at time `first + k`, each of the sort `sort`."""

    array: NDArray[Any]
    sort: Sort
    first: int = 1

    @property
    def last(self) -> int:
        """The last time that has a value."""
        return self.first + len(self.array) - 1


Entry = Given | Sequence | Callable[..., Any]


class Found(NamedTuple):
    """A name at a place of a formula; `between` is an index before its superscript: w_kj^(2)."""

    name: str
    entry: Entry | None
    end: int
    between: tuple[int, int] | None


class Names:
    """What the names in a formula stand for.

    `values`: by the user's spelling an array (or Given), a Sequence, or a callable of arrays.
    `derivatives`: by (value, by what), both as they are written in the formula. `ranges`: first and
    last value of an index letter. `from_one`: digits as indices count from 1 even where they might
    count from 0, as in z_1. Raises NameClashError for two names that cannot be told apart.
    """

    def __init__(
        self,
        values: Mapping[str, Any],
        derivatives: Mapping[tuple[str, str], Any] | None = None,
        ranges: Mapping[str, tuple[int, int]] | None = None,
        from_one: bool = False,
    ) -> None:
        self.from_one = from_one
        self.values: dict[str, Entry] = {name: _entry(one) for name, one in values.items()}
        self.ranges = dict(ranges or {})
        self._regular: dict[str, str] = {}
        self._exact: dict[str, str] = {}
        self._known: dict[str, str | None] = {}
        self._by_group: list[str] = []
        self._indexed: set[int] = set()
        self._pattern = self._sort_out()
        self.derivatives = self.keyed(derivatives or {})
        #: What strange names such as <b> begin with, which an operator might begin with, too.
        self.strange = {text[0] for text in map(_canonical, self.values) if not _LETTER.match(text)}

    def with_values(
        self,
        values: dict[str, Any],
        derivatives: dict[tuple[str, str], Any],
        ranges: dict[str, tuple[int, int]],
    ) -> Names:
        """The same names with other values; their spelling is not looked at again.

        Values must be entries, the derivatives must have keys of `keyed`; neither is copied.
        """
        other = object.__new__(Names)
        other.__dict__.update(self.__dict__)
        other.values = values
        other.derivatives = derivatives
        other.ranges = ranges
        return other

    def at(self, text: str, place: int) -> Found | None:
        """The longest name that stands here."""
        found = self._regular_at(text, place)
        match = self._pattern.match(text, place)
        if match is None or match.lastgroup is None or (found and found.end >= match.end()):
            return found
        number = int(match.lastgroup[1:])
        name = self._by_group[number]
        span = match.span(f"i{number}") if number in self._indexed else (-1, -1)
        return Found(name, self.values.get(name), match.end(), None if span[0] < 0 else span)

    def named(self, spelled: str) -> str | None:
        """The name that is spelled like this as a whole."""
        found = self.at(spelled, 0)
        return found.name if found is not None and found.end == len(spelled) else None

    def key(self, stream: str) -> str:
        """A piece of a formula, the same for all spellings of a name."""
        piece = normal(stream)
        return self.named(piece) or piece

    def stands_for(self, of: str, by: str) -> bool:
        """Whether a derivative has a value."""
        return (self.key(_piece(of)), self.key(_piece(by))) in self.derivatives

    def keyed(self, derivatives: Mapping[tuple[str, str], Any]) -> dict[tuple[str, str], Any]:
        """Derivatives by keys that are the same for all spellings of a name."""
        return {
            (self.key(_piece(of)), self.key(_piece(by))): _entry(one)
            for (of, by), one in derivatives.items()
        }

    def _regular_at(self, text: str, place: int) -> Found | None:
        """A name of letters, digits and a subscript: looked up, however many names there are."""
        candidate = _REGULAR.match(text, place)
        if candidate is None:
            return None
        for group in ("primes", "low", "stem"):
            end = candidate.end(group)
            if end < 0 or _GOES_ON.match(text, end):
                continue
            name = self._looked_up(text[place:end])
            if name is not None:
                return Found(name, self.values.get(name), end, None)
        return None

    def _looked_up(self, spelled: str) -> str | None:
        if spelled not in self._known:
            self._known[spelled] = self._exact.get(spelled) or self._regular.get(_key(spelled))
        return self._known[spelled]

    def _sort_out(self) -> re.Pattern[str]:
        """Names by their keys; a pattern for those that are not only letters and a subscript."""
        keys: dict[str, list[str]] = {}
        for name in self.values:
            keys.setdefault(_key(name), []).append(name)
        patterns: list[tuple[int, str, str]] = []
        for key, names in keys.items():
            texts = {name: _canonical(name) for name in names}
            if len(set(texts.values())) < len(names):
                raise NameClashError(
                    f"the names {', '.join(map(repr, names))} cannot be told apart in a formula; "
                    "rename one of them."
                )
            for name, text in texts.items():
                if not _REGULAR.fullmatch(text) or _has_greek_inside(text):
                    spelled = _spellings(name) if len(names) == 1 else _literally(name)
                    patterns.append((len(key), name, spelled))
                elif len(names) == 1:
                    self._regular[key] = name
                else:
                    self._exact[text] = name
        patterns.sort(key=lambda one: (-one[0], one[1]))
        self._by_group = [name for _, name, _ in patterns]
        self._indexed = {k for k, one in enumerate(patterns) if "(?P<index>" in one[2]}
        body = "|".join(
            f"(?P<n{k}>{spelled.replace('(?P<index>', f'(?P<i{k}>')}){_END}"
            for k, (_, _, spelled) in enumerate(patterns)
        )
        return re.compile(body or r"(?!)")


def _canonical(name: str) -> str:
    """A name in the common alphabet, braces behind _ and ^ as groups."""
    return _BRACES.sub(rf"\1{OPEN}\2{CLOSE}", plain_stream(name).text)


def _has_greek_inside(text: str) -> bool:
    """Whether LaTeX puts a blank into the name, as in \\Delta w and w_{\\alpha A}."""
    parts = [part.rstrip("'0123456789") for part in text.split("_")]
    return any(len(one) > 1 and any(char in _WORD_OF for char in one) for one in parts)


def normal(stream: str) -> str:
    """A piece of a formula without blanks and without brackets around the whole."""
    text = stream.translate(_UNIFIED)
    while len(text) > 1 and text[0] in f"({OPEN}" and _closes(text) == len(text) - 1:
        text = text[1:-1]
    return text


def _closes(text: str) -> int:
    """Where the bracket that opens first closes."""
    depth = 0
    for place, char in enumerate(text):
        depth += (char in f"({OPEN}") - (char in f"){CLOSE}")
        if depth == 0:
            return place
    return -1


@functools.lru_cache(maxsize=4096)
def _piece(written: str) -> str:
    """A piece that nobody can read stays as it is: no formula has it."""
    try:
        return normal((latex_stream if "\\" in written else plain_stream)(written).text)
    except ReadError:
        return written


def _entry(one: Any) -> Entry:
    if isinstance(one, (int, float, list, tuple, np.ndarray, np.generic)):
        return Given.of(one)
    return one  # type: ignore[no-any-return]


class _Parts(NamedTuple):
    """stem, subscript, superscript in parentheses, primes."""

    stem: str
    low: str
    high: str
    primes: str


def _parts(name: str) -> _Parts:
    text = _canonical(name)
    bare = text.replace(OPEN, "").replace(CLOSE, "").rstrip("'")
    primes = text.replace(CLOSE, "")[len(text.replace(CLOSE, "").rstrip("'")) :]
    raised = re.search(r"\^\(?([^()^]*)\)?$", bare)
    high = raised[1] if raised and raised.start() > 0 else ""
    bare = bare[: raised.start()] if high and raised else bare
    stem, low = bare, ""
    if "_" in bare.strip("_"):
        cut = bare.index("_", 1)
        stem, low = bare[:cut], bare[cut + 1 :]
    else:
        cut = len(bare.rstrip("0123456789"))
        if 0 < cut < len(bare):
            stem, low = bare[:cut], bare[cut:]
    return _Parts(stem, low, high, primes)


def _key(name: str) -> str:
    """Two names with one key have spellings in common."""
    stem, low, high, primes = _parts(name)
    stem, low = (GREEK.get(word, word) for word in (stem, low))
    return f"{stem}_{low}^{high}{primes}" if high else f"{stem}_{low}{primes}"


def _literally(name: str) -> str:
    return re.escape(plain_stream(name).text)


def _word(word: str) -> str:
    """A word with each Greek letter also by its name, and a blank behind it if LaTeX needs one."""
    letter = GREEK.get(word, word)
    if letter in _WORD_OF:
        return f"(?:{letter}|{_WORD_OF[letter]})"
    pieces = []
    for k, char in enumerate(word):
        if char in _WORD_OF:
            pieces.append(f"{char} ?" if k + 1 < len(word) else f" ?{char}")
        else:
            pieces.append(r"\s+" if char == " " else re.escape(char))
    return "".join(pieces)


def _spellings(name: str) -> str:
    """A regular expression for all ways to write a name."""
    if name.startswith("∂"):  # a partial derivative of a function goes by this name
        return _literally(name).replace(CLOSE, CLOSE + " ?")
    stem, low, high, primes = _parts(name)
    first = _word(stem)
    below = ""
    if low:
        inner = _word(low)
        bracketed = rf"_(?:[{OPEN}{{]\s*{inner}\s*[{CLOSE}}}]|{inner})"
        below = rf"(?:{bracketed}| ?{inner})" if low.isdecimal() else bracketed
    above = ""
    if high:
        word = _word(high)
        inner = rf"(?:\(\s*{word}\s*\)|\s*{word}\s*)"
        braced = rf"{OPEN}[^{OPEN}{CLOSE}]*{CLOSE}|\{{[^{{}}]*\}}"
        index = "" if low else rf"(?:_(?P<index>{braced}|[A-Za-z0-9]+))?"
        alone = rf"\(\s*{word}\s*\)|{word}"
        above = rf"{index}\^(?:[{OPEN}{{]{inner}[{CLOSE}}}]|{alone})"
    return first + below + above + re.escape(primes)
