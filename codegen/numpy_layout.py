"""How lines of NumPy source are laid out, and parted into functions of bounded length."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Sequence

from symgraph.codegen.numpy_writer import Line

__all__ = ["chunks", "height", "indented", "laid_out", "linked", "wrapped"]


_WIDTH = 100


def wrapped(head: str, items: Sequence[str], tail: str, depth: int) -> list[str]:
    """A list in brackets, over several lines when it is too long for one."""
    whole = f"{head}{', '.join(items)}{tail}"
    if len(whole) <= _WIDTH - 4 * depth:
        return [whole]
    return [head, *rows(items, depth), tail]


def rows(items: Sequence[str], depth: int) -> list[str]:
    """The items on as many lines as they need, one level further in."""
    width = _WIDTH - 4 * depth - 4
    return [f"    {row}" for row in textwrap.wrap(", ".join(items), width, break_long_words=False)]


def indented(lines: Sequence[str], depth: int) -> str:
    """Plain lines as text."""
    return "".join(f"{'    ' * depth}{line}\n" for line in lines)


def laid_out(lines: Sequence[Line], depth: int) -> str:
    """Lines with their notes, and those inside of loops further in, as text."""
    out: list[str] = []
    stack = [(line, depth) for line in reversed(lines)]
    while stack:
        line, level = stack.pop()
        texts = _loop_head(line.text, level) if line.inner else [line.text]
        texts = ["    " * level + text for text in texts]
        out += [*texts[:-1], f"{texts[-1]}  # {line.note}" if line.note else texts[-1]]
        inner = line.inner or (
            [Line("pass")] if line.text.startswith("for ") and line.text.endswith(":") else []
        )
        stack.extend((one, level + 1) for one in reversed(inner))
    return "\n".join(out) + "\n"


def _loop_head(text: str, depth: int) -> list[str]:
    """`for names in zip(lists):`, over several lines when it is too long for one."""
    if len(text) <= _WIDTH - 4 * depth or " in zip(" not in text:
        return [text]
    names, lists = text.removeprefix("for ").removesuffix("):").split(" in zip(")
    tail = wrapped(") in zip(", lists.split(", "), "):", depth)
    return ["for (", *rows(names.split(", "), depth), *tail]


def height(line: Line) -> int:
    """How many lines it takes, with those inside of it."""
    return 1 + sum(height(one) for one in line.inner)


def chunks(lines: Sequence[Line], limit: int) -> list[list[Line]]:
    """Neighbouring lines in parts of about `limit`; a loop stays whole."""
    parts: list[list[Line]] = [[]]
    high = 0
    for line in lines:
        if high >= limit:
            parts.append([])
            high = 0
        parts[-1].append(line)
        high += height(line)
    return parts


_WORD = re.compile(r"[A-Za-z_]\w*")
_ASSIGNED = re.compile(r"([a-z]\w*(?:, [a-z]\w*)*) = ")


def linked(parts: list[list[Line]], returned: Sequence[str]) -> tuple[list[list[Line]], int]:
    """The parts with numbers that cross from one to another kept in a list."""
    home: dict[str, int] = {}
    reads: list[list[str]] = []
    for k, part in enumerate(parts):
        words: dict[str, None] = {}
        stack = list(reversed(part))
        while stack:
            line = stack.pop()
            stack.extend(reversed(line.inner))
            assigned = _ASSIGNED.match(line.text)
            for word in _WORD.findall(line.text):
                words[word] = None
            if assigned:
                for word in assigned[1].split(", "):
                    home.setdefault(word, k)
        reads.append(list(words))
    for text in returned:
        reads[-1] += _WORD.findall(text)
    place: dict[str, int] = {}
    wanted: list[list[str]] = []
    for k, words_read in enumerate(reads):
        outside = [w for w in dict.fromkeys(words_read) if home.get(w, k) < k]
        wanted.append(outside)
        for word in outside:
            place.setdefault(word, len(place))
    tails: list[list[Line]] = [[] for _ in parts]
    for word, number in place.items():
        tails[home[word]].append(Line(f"carry[{number}] = {word}"))
    texts: list[list[Line]] = []
    for k, part in enumerate(parts):
        heads = [Line(f"{word} = carry[{place[word]}]") for word in wanted[k]]
        texts.append([*heads, *part, *tails[k]])
    return texts, len(place)
