"""Formulas over indices: X[b,c,h+i,w+j], Σ_{b,h} ..., and arrays given entry by entry.

Everything here is a number once its indices are; an `Array` binds indices to axes and so is an
array again. Indices count from 0. An entry outside its array's range is 0.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any, Literal, TypeVar

import sympy

from symgraph.notation.tree import (
    Call,
    Derivative,
    Formula,
    Indicator,
    Number,
    Product,
    Relation,
    Sort,
    Sum,
    Symbolic,
    walk,
)

__all__ = [
    "Array",
    "Entry",
    "Index",
    "Inside",
    "Over",
    "Place",
    "Places",
    "Quotient",
    "Remainder",
    "bound_apart",
    "canonical",
    "free_letters",
    "implied",
    "inside",
    "is_within",
    "letters_in",
    "mapped",
    "other_letter",
    "place",
    "reach",
    "renamed",
    "replaced",
    "stays_inside",
    "unshadowed",
    "vanishes_outside",
]

Head = Literal["sum", "max", "min", "prod", "argmax"]

#: Without e, which is a number.
_POOL = "ijklmnpqrstuvabcdfghowxyz"


@dataclass(frozen=True, slots=True)
class Index(Formula):
    """An index: a letter that runs from 0 to its length minus one."""

    letter: str
    length: Any = field(compare=False, default=None)


@dataclass(frozen=True, slots=True)
class Place(Formula):
    """steps · atoms + offset: a position on an axis, such as 2h+i-1; made by `place`."""

    steps: tuple[int, ...]
    atoms: tuple[Formula, ...]
    offset: Any

    @property
    def parts(self) -> tuple[Formula, ...]:
        return self.atoms


@dataclass(frozen=True, slots=True)
class Quotient(Formula):
    """⌊x/by⌋."""

    x: Formula
    by: int

    @property
    def parts(self) -> tuple[Formula, ...]:
        return (self.x,)


@dataclass(frozen=True, slots=True)
class Remainder(Formula):
    """x mod by."""

    x: Formula
    by: int

    @property
    def parts(self) -> tuple[Formula, ...]:
        return (self.x,)


@dataclass(frozen=True, slots=True)
class Inside(Formula):
    """1[0 <= position < length]: whether a position lies on an axis; made by `inside`."""

    position: Formula
    length: Any

    @property
    def parts(self) -> tuple[Formula, ...]:
        return (self.position,)


@dataclass(frozen=True, slots=True)
class Places(Formula):
    """(h, w): a position on each of some axes, to compare with an argmax over as many letters."""

    at: tuple[Formula, ...]
    lengths: tuple[Any, ...] = field(compare=False)

    @property
    def parts(self) -> tuple[Formula, ...]:
        return self.at


@dataclass(frozen=True, slots=True)
class Entry(Formula):
    """The entry of an array at a place; 0 outside of the array's shape."""

    base: Formula
    at: tuple[Formula, ...]
    shape: tuple[Any, ...] = field(compare=False)

    def __post_init__(self) -> None:
        # The letters between the brackets are read as one word.
        object.__setattr__(self, "size", 1 + self.base.size)

    @property
    def parts(self) -> tuple[Formula, ...]:
        return (self.base, *self.at)


@dataclass(frozen=True, slots=True)
class Over(Formula):
    """Σ, max, Π, argmax of a body over all values of some indices."""

    head: Head
    indices: tuple[Index, ...]
    body: Formula

    @property
    def parts(self) -> tuple[Formula, ...]:
        return (self.body,)


@dataclass(frozen=True, slots=True)
class Array(Formula):
    """An array by its entries: the entry at `indices` is `body`.

    `apart`: of a derivative, how many of the indices are those of what is differentiated, as sorts
    do not tell: a row has one axis or two.
    """

    indices: tuple[Index, ...]
    body: Formula
    kind: Sort
    apart: int | None = field(default=None, compare=False)

    @property
    def parts(self) -> tuple[Formula, ...]:
        return (self.body,)

    @property
    def sort(self) -> Sort:
        return self.kind


_Binder = TypeVar("_Binder", Over, Array)


# --- letters ------------------------------------------------------------------------------------


def letters_in(formula: Formula) -> set[str]:
    """All letters, bound or free."""
    found: set[str] = set()
    for one in walk(formula):
        if isinstance(one, Index):
            found.add(one.letter)
        elif isinstance(one, (Over, Array)):
            found.update(index.letter for index in one.indices)
    return found


def free_letters(formula: Formula) -> set[str]:
    """The letters that no Σ, max or array binds."""
    if isinstance(formula, Index):
        return {formula.letter}
    found: set[str] = set().union(*map(free_letters, formula.parts))
    if isinstance(formula, (Over, Array)):
        found -= {index.letter for index in formula.indices}
    return found


def other_letter(taken: Iterable[str], wish: str | None = None) -> str:
    """A letter that is not taken; after z come i′, j′, ..."""
    used = set(taken)
    for letter in ([wish] if wish else []) + list(_POOL):
        if letter not in used:
            return letter
    return next(x for k in range(1, 99) for x in (c + "′" * k for c in _POOL) if x not in used)


# --- replacing ----------------------------------------------------------------------------------


def mapped(formula: Formula, change: Callable[[Formula], Formula]) -> Formula:
    """The formula with each of its parts changed."""
    found: dict[str, Any] = {}
    for one in fields(formula):
        if not one.init:
            continue
        value = getattr(formula, one.name)
        if isinstance(value, Formula):
            found[one.name] = change(value)
        elif isinstance(value, tuple) and any(isinstance(part, Formula) for part in value):
            found[one.name] = tuple(change(part) for part in value)
    return replace(formula, **found) if found else formula


def replaced(formula: Formula, by: Mapping[str, Formula]) -> Formula:
    """Free indices replaced; bound ones get other letters where they would clash."""
    if not by:
        return formula
    if isinstance(formula, Index):
        return by.get(formula.letter, formula)
    if isinstance(formula, Over):
        return _replaced_below(formula, by)
    if isinstance(formula, Array):
        return _replaced_below(formula, by)
    changed = mapped(formula, lambda part: replaced(part, by))
    return _settled(changed)


def _replaced_below(formula: _Binder, by: Mapping[str, Formula]) -> _Binder:
    bound = {index.letter for index in formula.indices}
    inner = {letter: new for letter, new in by.items() if letter not in bound}
    arriving: set[str] = set().union(*map(free_letters, inner.values())) if inner else set()
    clashing = bound & arriving
    if clashing:
        formula = renamed(formula, clashing, arriving | letters_in(formula) | set(inner))
    return replace(formula, body=replaced(formula.body, inner))


def renamed(formula: _Binder, clashing: Iterable[str], taken: Iterable[str]) -> _Binder:
    """The same with other letters for some bound indices."""
    used = set(taken)
    new: dict[str, Index] = {}
    for index in formula.indices:
        if index.letter in clashing:
            letter = other_letter(used)
            used.add(letter)
            new[index.letter] = Index(letter, index.length)
    indices = tuple(new.get(index.letter, index) for index in formula.indices)
    return replace(formula, indices=indices, body=replaced(formula.body, new))


def _settled(formula: Formula) -> Formula:
    """What an index formula comes to after something was put in."""
    if isinstance(formula, Place):
        return place(zip(formula.steps, formula.atoms, strict=True), formula.offset)
    if isinstance(formula, (Quotient, Remainder)) and isinstance(formula.x, Number):
        q, r = divmod(int(formula.x.value), formula.by)
        return Number(q if isinstance(formula, Quotient) else r)
    if isinstance(formula, Inside):
        return inside(formula.position, formula.length)
    if isinstance(formula, Call) and formula.head == "where" and formula.args[0] == Number(1):
        return formula.args[1]
    if isinstance(formula, Indicator) and isinstance(formula.condition, Relation):
        return _decided(formula.condition) or formula
    if isinstance(formula, Product) and Number(0) in formula.factors:
        return Number(0)
    if isinstance(formula, Product) and Number(1) in formula.factors:
        factors = tuple(f for f in formula.factors if f != Number(1))
        if not factors and not formula.over:
            return Number(formula.coefficient)
        lone = len(factors) == 1 and formula.coefficient == 1 and not formula.over
        return factors[0] if lone else replace(formula, factors=factors)
    return formula


def _decided(relation: Relation) -> Number | None:
    """What 1[0 = 1] comes to."""
    left, right = relation.left, relation.right
    if relation.operator != "==" or not isinstance(left, Number) or not isinstance(right, Number):
        return None
    return Number(int(left.value == right.value))


# --- positions ----------------------------------------------------------------------------------


def place(terms: Iterable[tuple[int, Formula]], offset: Any = 0) -> Formula:
    """The sum of steps times positions and an offset, as short as can be."""
    steps: dict[Formula, int] = {}
    total = sympy.sympify(offset)
    for step, atom in terms:
        if isinstance(atom, Number):
            total += step * sympy.sympify(atom.value)
        elif isinstance(atom, Symbolic):
            total += step * atom.expr
        elif isinstance(atom, Place):
            total += step * atom.offset
            for inner, part in zip(atom.steps, atom.atoms, strict=True):
                steps[part] = steps.get(part, 0) + step * inner
        else:
            steps[atom] = steps.get(atom, 0) + step
    rejoined = _rejoined(steps)
    if rejoined is not None:
        return place([(step, atom) for atom, step in rejoined.items()], total)
    kept = {atom: step for atom, step in steps.items() if step}
    if not kept:
        return Number(int(total)) if total.is_Integer else Symbolic(total)
    if total == 0 and list(kept.values()) == [1]:
        return next(iter(kept))
    plain = int(total) if total.is_Integer else total
    return Place(tuple(kept.values()), tuple(kept), plain)


def _rejoined(steps: Mapping[Formula, int]) -> dict[Formula, int] | None:
    """m ⌊x/m⌋ + x mod m as x."""
    for atom, step in steps.items():
        if isinstance(atom, Remainder):
            whole = Quotient(atom.x, atom.by)
            if step and steps.get(whole) == step * atom.by:
                rest = {one: k for one, k in steps.items() if one not in (atom, whole)}
                rest[atom.x] = rest.get(atom.x, 0) + step
                return rest
    return None


def reach(position: Formula) -> tuple[Any, Any] | None:
    """The smallest and the largest value of a position; None where nobody knows."""
    if isinstance(position, Number):
        return position.value, position.value
    if isinstance(position, Symbolic):
        return position.expr, position.expr
    if isinstance(position, Index):
        return (0, position.length - 1) if position.length is not None else None
    if isinstance(position, Remainder):
        return 0, position.by - 1
    if isinstance(position, Quotient):
        inner = reach(position.x)
        if inner is None:
            return None
        first, last = (sympy.floor(sympy.sympify(end) / position.by) for end in inner)
        return first, last
    if isinstance(position, Place):
        low, high = sympy.sympify(position.offset), sympy.sympify(position.offset)
        for step, atom in zip(position.steps, position.atoms, strict=True):
            ends = reach(atom)
            if ends is None:
                return None
            first, last = ends
            low += step * (first if step > 0 else last)
            high += step * (last if step > 0 else first)
        return low, high
    return None


def is_within(position: Formula, length: Any) -> bool:
    """Whether a position surely lies on an axis of this length."""
    if isinstance(position, Entry):  # an id in the data
        return True
    ends = reach(position)
    if ends is None:
        return False
    low, high = ends
    room = sympy.expand(sympy.sympify(length) - 1 - high)
    return bool(sympy.sympify(low).is_nonnegative and room.is_nonnegative)


def stays_inside(entry: Entry) -> bool:
    """Whether no index leads out of the array."""
    return all(
        length is None or is_within(at, length) or not free_letters(at)
        for at, length in zip(entry.at, entry.shape, strict=True)
    )


def inside(position: Formula, length: Any) -> Formula:
    """1[0 <= position < length]; 1 where that always holds."""
    return Number(1) if is_within(position, length) else Inside(position, length)


def vanishes_outside(body: Formula, index: Index) -> bool:
    """Whether the body is 0 for every value of an index outside of 0 to length - 1."""
    if isinstance(body, Entry):
        return any(
            at == index and _same(length, index.length)
            for at, length in zip(body.at, body.shape, strict=True)
        )
    if isinstance(body, Derivative):
        return vanishes_outside(body.by, index)
    if isinstance(body, Inside):
        return body.position == index and _same(body.length, index.length)
    if isinstance(body, Indicator):  # an argmax lies on its axes
        return _is_place_of_winner(body.condition, index)
    if isinstance(body, Product):
        return any(vanishes_outside(factor, index) for factor in body.factors)
    if isinstance(body, Sum):
        return all(vanishes_outside(term, index) for term in body.terms)
    if isinstance(body, Over):
        return body.head == "sum" and vanishes_outside(body.body, index)
    return False


def _is_place_of_winner(condition: Formula, index: Index) -> bool:
    """Whether an index is compared with an argmax over an axis as long as its own."""
    if not isinstance(condition, Relation) or condition.operator != "==":
        return False
    place, winner = condition.left, condition.right
    if not isinstance(winner, Over) or winner.head != "argmax":
        return False
    at = place.at if isinstance(place, Places) else (place,)
    return any(
        one == index and _same(own.length, index.length)
        for one, own in zip(at, winner.indices, strict=True)
    )


def _same(left: Any, right: Any) -> bool:
    if left is None or right is None:
        return False
    return bool(left == right or sympy.expand(left - right) == 0)


def implied(index: Index, body: Formula) -> bool:
    """Whether the range of an index is that of an axis which it addresses alone."""
    return any(
        isinstance(one, Entry)
        and any(
            at == index and _same(length, index.length)
            for at, length in zip(one.at, one.shape, strict=True)
        )
        for one in walk(body)
    )


def bound_apart(formula: Formula, taken: Iterable[str]) -> Formula:
    """The formula with its bound indices away from the letters that are taken."""
    used = set(taken)
    if isinstance(formula, Over):
        clashing = {index.letter for index in formula.indices} & used
        if clashing:
            formula = renamed(formula, clashing, used | letters_in(formula))
    return formula


def unshadowed(formula: Formula, taken: set[str]) -> Formula:
    """The formula with no letter bound again that is taken already."""
    if isinstance(formula, Over):
        loose = bound_apart(formula, taken)
        assert isinstance(loose, Over)
        inner = taken | {index.letter for index in loose.indices}
        return replace(loose, body=unshadowed(loose.body, inner))
    if not any(isinstance(one, Over) for one in walk(formula)):
        return formula
    return mapped(formula, lambda part: unshadowed(part, taken))


def canonical(formula: Formula, indices: Sequence[Index]) -> Formula:
    """The same for formulas that differ in letters only; `indices` are the free ones."""
    names = {index.letter: Index(f"#{k}", index.length) for k, index in enumerate(indices)}
    return _numbered(replaced(formula, names), 0)


def _numbered(formula: Formula, depth: int) -> Formula:
    if isinstance(formula, (Over, Array)):
        new = tuple(Index(f"#{depth}.{k}", index.length) for k, index in enumerate(formula.indices))
        names = {a.letter: b for a, b in zip(formula.indices, new, strict=True)}
        body = _numbered(replaced(formula.body, names), depth + 1)
        return replace(formula, indices=new, body=body)
    return mapped(formula, lambda part: _numbered(part, depth))
