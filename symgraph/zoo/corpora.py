"""Texts to train on that every Python ships: the language reference in `pydoc_data.topics`.

It is English prose with code in between, about 450 000 characters, and another text in every
version of Python: `Text.sha256` says which one a result belongs to. Nothing is downloaded.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from symgraph.errors import RangeError, UnsupportedError

__all__ = [
    "WORD_PAIRS", "Numbers", "Paragraph", "Tagged", "Text", "chapters", "columns", "entities",
    "paragraphs", "reference_text", "tagged", "tagged_paragraphs", "words",
]  # fmt: skip

Ids = NDArray[np.int64]

#: Words that mean what is alike, from the field the reference is about; none was chosen by what a
#: model makes of them. They tell whether word vectors are near where meanings are.
WORD_PAIRS: tuple[tuple[str, str], ...] = (
    ("global", "local"), ("left", "right"), ("true", "false"), ("first", "last"),
    ("try", "except"), ("int", "float"), ("list", "tuple"), ("lists", "tuples"),
    ("mutable", "immutable"), ("positional", "keyword"), ("if", "else"), ("for", "while"),
    ("break", "continue"), ("async", "await"), ("key", "value"), ("keys", "values"),
    ("class", "function"), ("classes", "functions"), ("object", "instance"),
    ("objects", "instances"), ("method", "function"), ("bytes", "str"), ("must", "should"),
    ("before", "after"), ("start", "end"), ("variable", "name"), ("variables", "names"),
    ("parameter", "argument"), ("parameters", "arguments"), ("and", "or"), ("raised", "caught"),
    ("positive", "negative"), ("sequence", "mapping"), ("expression", "statement"),
    ("two", "three"), ("iterator", "generator"), ("leading", "trailing"), ("__get__", "__set__"),
    ("__getattr__", "__setattr__"), ("globals", "locals"),
)  # fmt: skip


class Text(NamedTuple):
    """A text with the SHA-256 of its UTF-8 form."""

    characters: str
    sha256: str


class Paragraph(NamedTuple):
    """A paragraph and the topics of the reference it stands in."""

    text: str
    topics: tuple[str, ...]


class Tagged(NamedTuple):
    """Words and signs with a tag for each: B-TYPE begins an entity, I-TYPE goes on, O is none."""

    tokens: tuple[str, ...]
    tags: tuple[str, ...]


def _topics() -> dict[str, str]:
    try:
        from pydoc_data.topics import topics
    except ImportError as error:
        raise UnsupportedError(
            "corpora: this Python comes without the module pydoc_data, whose text is trained on. "
            "Install the whole standard library (Debian: apt install python3, not -minimal)."
        ) from error
    given: Mapping[str, str] = topics
    return {name: given[name] for name in sorted(given)}


@cache
def reference_text() -> Text:
    """All topics of the language reference in the order of their names, a line break between.

    Raises UnsupportedError where this Python has no `pydoc_data`.

    >>> text = reference_text()
    >>> len(text.characters) > 400_000, len(text.sha256)
    (True, 64)
    """
    text = "\n".join(_topics().values())
    return Text(text, hashlib.sha256(text.encode()).hexdigest())


@cache
def paragraphs() -> tuple[Paragraph, ...]:
    """The paragraphs of the reference, each once: several topics share some of them.

    They are what empty lines are between, in the order in which they come first.

    >>> shared = [one for one in paragraphs() if len(one.topics) > 1]
    >>> len(paragraphs()) > 1000 and len(shared) > 100
    True
    """
    where: dict[str, list[str]] = {}
    for topic, text in _topics().items():
        for part in re.split(r"\n\s*\n", text):
            if stripped := part.strip():
                where.setdefault(stripped, []).append(topic)
    return tuple(Paragraph(text, tuple(dict.fromkeys(found))) for text, found in where.items())


def chapters(count: int = 8, least: int = 5) -> dict[str, list[list[str]]]:
    """The words of paragraphs by their topic, of the topics with the most of them.

    Only paragraphs that stand in one topic alone and have `least` words or more.

    >>> {name: len(parts) > 50 for name, parts in chapters(2).items()}
    {'compound': True, 'types': True}
    """
    found: dict[str, list[list[str]]] = {}
    for text, topics in paragraphs():
        if len(topics) == 1 and len(said := words(text)) >= least:
            found.setdefault(topics[0], []).append(said)
    largest = sorted(found, key=lambda topic: (-len(found[topic]), topic))[:count]
    return {topic: found[topic] for topic in largest}


# What is marked in the reference: "len()", "TypeError", "async for", **PEP 484**; else words and
# signs, of which those in quotes stand without them.
_MARKED = re.compile(
    r"""\*\*(?P<pep>PEP\ \d+)\*\*
    | "(?P<call>[A-Za-z_][\w.]*)\(\)"
    | "(?P<name>[A-Za-z_][\w.]*(?:\ [A-Za-z_][\w.]*)?)"
    | "(?P<other>[^"\s](?:[^"]{0,58}[^"\s])?)"
    | (?P<plain>\w+|[^\w\s])""",
    re.VERBOSE,
)


def tagged(text: str) -> Tagged:
    """A text without its marks, and what they said of it, as the names of Python's things.

    PEP are numbered proposals, CALL what is called with (), ERROR exceptions and warnings, NAME any
    other name or keyword; quotes, asterisks and () are taken away.

    >>> print(*tagged('"len()" or "async for" raise "TypeError", see **PEP 484**.'), sep="\\n")
    ('len', 'or', 'async', 'for', 'raise', 'TypeError', ',', 'see', 'PEP', '484', '.')
    ('B-CALL', 'O', 'B-NAME', 'I-NAME', 'O', 'B-ERROR', 'O', 'O', 'B-PEP', 'I-PEP', 'O')
    """
    tokens: list[str] = []
    tags: list[str] = []
    for match in _MARKED.finditer(" ".join(text.split())):
        kind, said = str(match.lastgroup).upper(), match[str(match.lastgroup)]
        parts = re.findall(r"\w+|[^\w\s]", said) if kind == "OTHER" else said.split()
        if kind == "NAME" and re.search(r"(Error|Exception|Warning|Interrupt|Exit)$", said):
            kind = "ERROR"
        is_none = kind in ("OTHER", "PLAIN")
        tokens += parts
        tags += ["O" if is_none else f"{'I' if k else 'B'}-{kind}" for k in range(len(parts))]
    return Tagged(tuple(tokens), tuple(tags))


def tagged_paragraphs(longest: int = 60) -> list[Tagged]:
    """The prose of the reference with its names tagged, in pieces of up to so many tokens.

    Prose are paragraphs of eight tokens or more with something named, and without a line of a
    program or of the grammar; in programs nothing is marked.
    """
    pieces = []
    for text, _ in paragraphs():
        tokens, tags = tagged(text)
        if len(tokens) < 8 or ">>>" in text or "::=" in text or set(tags) == {"O"}:
            continue
        begin = 0
        while begin < len(tokens):
            end = min(begin + longest, len(tokens))
            stops = [k + 1 for k in range(begin, end) if tokens[k] in ".;:"]
            if end < len(tokens) and stops:
                end = stops[-1]
            pieces.append(Tagged(tokens[begin:end], tags[begin:end]))
            begin = end
    return pieces


def entities(tags: Sequence[str]) -> set[tuple[int, int, str]]:
    """Where entities begin and end, and of which type they are; an I- without a begin is one too.

    >>> sorted(entities(["B-PEP", "I-PEP", "O", "B-CALL", "B-CALL", "I-NAME"]))
    [(0, 2, 'PEP'), (3, 4, 'CALL'), (4, 5, 'CALL'), (5, 6, 'NAME')]
    """
    found: set[tuple[int, int, str]] = set()
    begin, kind = 0, ""
    for k, tag in enumerate([*tags, "O"]):
        if kind and tag != f"I-{kind}":
            found.add((begin, k, kind))
            kind = ""
        if tag != "O" and not kind:
            begin, kind = k, tag[2:]
    return found


def words(text: str) -> list[str]:
    """The words of a text in small letters; names such as __init__ are words, digits are not.

    >>> words("The method __init__() of a class, 3.11")
    ['the', 'method', '__init__', 'of', 'a', 'class']
    """
    return re.findall(r"[a-z_]+", text.lower())


def columns(ids: Ids, streams: int) -> dict[str, Ids]:
    """A text in columns that are read side by side, time by time, and what comes next.

    Shapes: ids (count,), of the result both (times, streams), where the last few symbols are left
    out so that all columns are of one length. Raises RangeError for a text that is too short.

    >>> columns(np.arange(7), 2)["next"].tolist()
    [[1, 4], [2, 5], [3, 6]]
    """
    length = (len(ids) - 1) // streams
    if length < 1:
        raise RangeError(
            f"columns: {len(ids)} symbols are too few for {streams} columns. "
            f"Give {streams + 1} symbols or more."
        )
    read, following = (ids[k : k + streams * length].reshape(streams, length).T for k in (0, 1))
    return {"ids": read, "next": following}


class Numbers:
    """A number for each symbol of a training text, 0 for what is not in it.

    `at_least`: symbols that are rarer get no number. They are numbered by how often they occur,
    the most frequent first, those that occur as often in their alphabetical order.

    >>> numbers = Numbers("abracadabra", at_least=2)
    >>> numbers.symbols, numbers.of("bazar").tolist(), len(numbers)
    (('', 'a', 'b', 'r'), [2, 1, 0, 1, 3], 4)
    """

    def __init__(self, symbols: Iterable[str], at_least: int = 1) -> None:
        counts = Counter(symbols)
        kept = sorted((-count, one) for one, count in counts.items() if count >= at_least)
        self.symbols: tuple[str, ...] = ("", *(one for _, one in kept))
        self._number = {one: i for i, one in enumerate(self.symbols)}

    def __len__(self) -> int:
        return len(self.symbols)

    def of(self, symbols: Iterable[str]) -> Ids:
        """Their numbers."""
        return np.array([self._number.get(one, 0) for one in symbols], dtype=np.int64)

    def text(self, ids: Sequence[int] | Ids, unknown: str = "�") -> str:
        """The symbols of some numbers, one after the other."""
        return "".join(self.symbols[i] or unknown for i in ids)
