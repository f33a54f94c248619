"""Values that have a time: s_t, s_{t-1}, sums over t, lists of entries.

A recurrence is printed for one general moment t. A name with a time stands for one entry of a
sequence; `Series` holds the entries behind such a name.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from symgraph.notation.decimals import times
from symgraph.notation.tree import Formula, Name, Number, Product, Sort, Sum

__all__ = [
    "Entries",
    "Moment",
    "OrderedProduct",
    "OverTime",
    "Series",
    "Side",
    "Span",
    "Timed",
    "all_times",
    "at_moment",
    "gathered",
    "mentions",
    "over_time",
    "replaced",
    "stem_of",
]


class Moment(NamedTuple):
    """A time: a letter (t, or T for the last one) plus a number; without a letter the number."""

    letter: str = ""
    offset: int = 0

    def later(self, steps: int) -> Moment:
        """This many steps on."""
        return Moment(self.letter, self.offset + steps)


_NUMBERED = re.compile(r"(.*?)_?\{?([0-9]+)\}?")
_LOWERED = str.maketrans("₀₁₂₃₄₅₆₇₈₉", "0123456789")
#: Without a letter, at time 0.
NOW = Moment()


class Span(NamedTuple):
    """The times for which an equation holds, in the order in which it is carried out."""

    letter: str
    first: Moment
    last: Moment


class Series(NamedTuple):
    """The entries of a sequence by their times."""

    entries: dict[int, Any]

    def at(self, time: int) -> Any:
        """The entry of a time, None where there is none."""
        return self.entries.get(time)


@dataclass(frozen=True, slots=True)
class Timed(Name):
    """The entry of a sequence at a time."""

    at: Moment = NOW


@dataclass(frozen=True, slots=True)
class OverTime(Formula):
    """The sum of a formula over all times of a letter."""

    letter: str
    x: Formula

    @property
    def parts(self) -> tuple[Formula, ...]:
        return (self.x,)

    @property
    def sort(self) -> Sort:
        return self.x.sort


@dataclass(frozen=True, slots=True)
class OrderedProduct(Formula):
    """The matrix product of a formula at the times from `start` to `stop`, in this order."""

    letter: str
    x: Formula
    start: Moment
    stop: Moment

    @property
    def parts(self) -> tuple[Formula, ...]:
        return (self.x,)

    @property
    def sort(self) -> Sort:
        return self.x.sort


@dataclass(frozen=True, slots=True)
class Entries(Formula):
    """(x_1, ..., x_T): a sequence by its first and its last entry."""

    first: Timed
    last: Timed

    @property
    def parts(self) -> tuple[Formula, ...]:
        return (self.first, self.last)

    @property
    def sort(self) -> Sort:
        return "tensor"


@dataclass(frozen=True, slots=True)
class Side(Formula):
    """[a, b]: vectors joined into one, matrices side by side; [A; B]: matrices on one another."""

    items: tuple[Formula, ...]
    kind: Sort
    stacked: bool = False

    @property
    def parts(self) -> tuple[Formula, ...]:
        return self.items

    @property
    def sort(self) -> Sort:
        return self.kind


def stem_of(names: Sequence[str]) -> str:
    """What the entries of a sequence are called without their times, "" if that is not regular.

    >>> stem_of(["x1", "x2", "x3"]), stem_of(["s_1", "s_2"]), stem_of(["x0", "x1"])
    ('x', 's', '')
    """
    plain = [name.translate(_LOWERED) for name in names]
    if len(set(plain)) == 1:
        return plain[0]
    found = [_NUMBERED.fullmatch(name) for name in plain]
    stems = {match[1] if match and int(match[2]) == t else "" for t, match in enumerate(found, 1)}
    return stems.pop() if len(stems) == 1 else ""


def all_times(letter: str) -> str:
    """Under what the range of a letter is found among values, also while the letter has one."""
    return f"Σ_{letter}"


def replaced(formula: Formula, rule: Callable[[Formula], Formula | None]) -> Formula:
    """The formula with the parts exchanged for which the rule gives others."""
    given = rule(formula)
    if given is not None:
        return given
    changed: dict[str, Any] = {}
    for one in dataclasses.fields(formula):
        if not one.init:
            continue
        old = getattr(formula, one.name)
        if isinstance(old, Formula):
            new: Any = replaced(old, rule)
            same = new is old
        elif isinstance(old, tuple) and old and isinstance(old[0], Formula):
            new = tuple(replaced(part, rule) for part in old)
            same = all(a is b for a, b in zip(new, old, strict=True))
        else:
            continue
        if not same:
            changed[one.name] = new
    return dataclasses.replace(formula, **changed) if changed else formula


def at_moment(formula: Formula, letter: str, moment: Moment) -> Formula:
    """The formula for another time: s_{t-1} with T for t is s_{T-1}."""

    def rule(one: Formula) -> Formula | None:
        if isinstance(one, OverTime) and one.letter == letter:
            return one
        if isinstance(one, Timed) and one.at.letter == letter:
            return Timed(one.name, one.kind, moment.later(one.at.offset))
        return None

    return replaced(formula, rule)


def mentions(formula: Formula, letter: str) -> bool:
    """Whether a formula is one of a general time: whether the letter is free in it."""
    if isinstance(formula, OverTime) and formula.letter == letter:
        return False
    if isinstance(formula, Timed) and formula.at.letter == letter:
        return True
    return any(mentions(part, letter) for part in formula.parts)


def gathered(formula: Formula, add: Callable[[Sequence[Formula]], Formula]) -> Formula:
    """Sums over the same times as one; numbers stand before the sum."""
    terms = formula.terms if isinstance(formula, Sum) else (formula,)
    sums: dict[str, list[Formula]] = {}
    order: list[str | Formula] = []
    for term in terms:
        number, inner = _taken_apart(term)
        if not isinstance(inner, OverTime):
            order.append(term)
            continue
        if inner.letter not in sums:
            order.append(inner.letter)
        sums.setdefault(inner.letter, []).append(_times(number, inner.x))
    if not sums:
        return formula
    found = [over_time(one, add(sums[one])) if isinstance(one, str) else one for one in order]
    return found[0] if len(found) == 1 else add(found)


def over_time(letter: str, x: Formula) -> Formula:
    """The sum of x over all times, its number in front; a denominator stays beside others."""
    if isinstance(x, Product) and x.over and getattr(x.coefficient, "denominator", 1) != 1:
        return OverTime(letter, x)
    number, inner = _taken_apart(x)
    return _times(number, OverTime(letter, inner))


def _taken_apart(x: Formula) -> tuple[Any, Formula]:
    """The number in front, and the rest."""
    if not isinstance(x, Product) or x.coefficient == 1 or not x.factors:
        return 1, x
    alone = len(x.factors) == 1 and not x.over
    return x.coefficient, x.factors[0] if alone else Product(1, x.factors, x.over)


def _times(number: Any, x: Formula) -> Formula:
    if number == 1:
        return x
    if isinstance(x, Number):
        return Number(times(number, x.value))
    if isinstance(x, Product):
        return Product(times(number, x.coefficient), x.factors, x.over)
    return Product(number, (x,))
