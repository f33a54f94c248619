"""Recurrences in formulas: lines that hold at all times, `let s_t = tanh(W s_{t-1}), t = 1..T`."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

from symgraph.formula.names import key_of
from symgraph.formula.source import Source, Span
from symgraph.formula.tree import Block, Part, Reference, Statement, walk

__all__ = ["Loop", "Range", "at_time", "base_of", "earlier", "looped", "ranges", "used_in"]

_DOTS = r"(?:\.\.+|…|,\s*(?:\.\.\.|…)\s*,)"
#: More steps are written with a name, whose value is small where a derivation is checked.
MOST_STEPS = 100
_RANGE = re.compile(
    rf"[,，]?[^\S\n]*(?:for\s+)?\b([A-Za-z])\s*=\s*1\s*{_DOTS}\s*([A-Za-z]\w*|[1-9][0-9]{{0,5}})"
    r"(?=[^\S\n]*(?:[;；\n#]|$))"
)


class Range(NamedTuple):
    """The times of a line, where they stand, and the line's place."""

    letter: str
    last: str
    span: Span


class Loop(NamedTuple):
    """Lines that hold at all times from 1 to the last."""

    letter: str
    last: str
    statements: tuple[Statement, ...]


def ranges(source: Source) -> tuple[Source, list[Range]]:
    """The text with blanks in the place of the ranges behind its lines, and these."""
    found = [
        Range(match.group(1), match.group(2), Span(*match.span()))
        for match in _RANGE.finditer(source.text)
    ]
    text = _RANGE.sub(lambda match: " " * len(match.group()), source.text)
    return Source(text, source.title, shown=source.text), found


def at_time(name: str, letter: str) -> str:
    """s_t."""
    return f"{name}_{letter}"


def earlier(name: str, letter: str) -> str:
    """s_{t-1}."""
    return f"{name}_{{{letter}-1}}"


def base_of(name: str, letter: str) -> str | None:
    """s of s_t; None for a name without this index."""
    return name[:-2] if name.endswith(f"_{letter}") and len(name) > 2 else None


def looped(block: Block, found: Iterable[Range], source: Source) -> list[Statement | Loop]:
    """The lines of a text in order, neighbouring ones of one recurrence together.

    Raises FormulaError for a range behind a line that gives no value to a name such as s_t, and
    for two ranges in one recurrence.
    """
    owned: dict[int, Range] = {}
    for one in found:
        before = [k for k, x in enumerate(block.statements) if x.name_span.start < one.span.start]
        name = block.statements[before[-1]].name if before else None
        if name is None or base_of(name, one.letter) is None:
            raise source.error(
                "times stand only behind a line that gives a value to a name with this index.",
                one.span, f"Write let s_{one.letter} = ..., {one.letter} = 1..{one.last}.",
            )  # fmt: skip
        if one.last.isdigit() and int(one.last) > MOST_STEPS:
            raise source.error(
                f"{one.last} steps.", one.span, f"Write a name, as in {one.letter} = 1..T."
            )
        owned[before[-1]] = one
    made: list[Statement | Loop] = []
    letters = {one.letter for one in owned.values()}
    group: list[int] = []
    for k, statement in enumerate(block.statements):
        letter = next((x for x in letters if base_of(statement.name or "", x)), None)
        if group and letter is None:
            made.append(_loop(block, group, owned, source))
            group = []
        if letter is None:
            made.append(statement)
        else:
            group.append(k)
    if group:
        raise source.error(
            "the text ends with a recurrence.", block.statements[-1].name_span,
            "Write the result on a last line, such as Σ_t E_t or ‖s_T − d‖².",
        )  # fmt: skip
    return made


def _loop(block: Block, group: list[int], owned: dict[int, Range], source: Source) -> Loop:
    statements = tuple(block.statements[k] for k in group)
    times = [owned[k] for k in group if k in owned]
    if not times:
        raise source.error(
            "it is not said at which times this line holds.", statements[-1].name_span,
            "Write the times behind it, as in , t = 1..T.",
        )  # fmt: skip
    for other in times[1:]:
        if other[:2] != times[0][:2]:
            raise source.error(
                f"another range than {times[0].letter} = 1..{times[0].last} in one recurrence.",
                other.span, "Give all its lines one range.",
            )  # fmt: skip
    return Loop(times[0].letter, times[0].last, statements)


def used_in(loop: Loop, parts: Iterable[Part]) -> set[str]:
    """The keys of declared names that a recurrence uses in other words: s_0 for s_{t-1}, x for x_t.

    `parts` are the formulas of its lines and those that sum over its times.
    """
    used: set[str] = set()
    for part in parts:
        for one in walk(part):
            if isinstance(one, Reference):
                base = base_of(one.name, loop.letter)
                used |= {key_of(base)} if base else set()
    for statement in loop.statements:
        used.add(key_of(f"{base_of(statement.name or '', loop.letter)}_0"))
    return used
