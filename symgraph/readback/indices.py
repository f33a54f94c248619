"""Entries by their indices, and sums over letters that run through them.

An index letter lives on an axis of its own in front of all others, so that a formula in index form
is computed for all values of its letters at once.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from symgraph.readback.names import Given, Names, Sequence
from symgraph.readback.scope import Array, Scope, numeric, value, whole
from symgraph.readback.tree import (
    Big,
    Chain,
    Entries,
    Label,
    Letter,
    Listed,
    Number,
    Tree,
    Word,
    walk,
)
from symgraph.readback.values import (
    MeaningError,
    Open,
    Undetermined,
    Value,
    entrywise,
    laid,
    multiplied,
    number,
    settled,
)

__all__ = [
    "entries_of",
    "free_letters",
    "gathered",
    "listed_entries",
    "ranges_of",
    "unbound",
    "values_over",
]

#: A sum in index form over more terms than this is not computed.
MOST_TERMS = 4_000_000


def entries_of(tree: Entries, scope: Scope) -> Value | Open:
    """Entries of an array or of a sequence."""
    sequence = _sequence(tree.x, scope)
    if sequence is not None:
        return _of_sequence(tree, sequence, scope)
    if tree.high is not None:
        raise MeaningError("a superscript that is no power stands at something without time")
    return _picked(_addressed(tree, scope), tree, tree.low, scope)


def _addressed(tree: Entries, scope: Scope) -> Array:
    """The array behind an entry; a vector at which two indices stand has two axes.

    Raises MeaningError where the one across a vector is a number other than 0.
    """
    twice = len(tree.low) == 2 and not tree.from_one
    array = _array_behind(tree.x, scope, twice)
    entry = scope.names.values.get(tree.x.name) if isinstance(tree.x, Word) else None
    if isinstance(entry, Given) and entry.sort in ("column", "row") and len(tree.low) == 1:
        array = array.ravel()  # r[2] of a matrix with a single row
    if isinstance(tree.x, Label):
        entry = scope.names.derivatives.get((tree.x.of, tree.x.by))
    if isinstance(entry, Given) and entry.sort in ("column", "row") and twice:
        across = tree.low[1 if entry.sort == "column" else 0]
        if isinstance(across, Number) and across.value != 0:
            raise MeaningError("a second index stands at a vector")
        array = array.reshape((-1, 1) if entry.sort == "column" else (1, -1))
    return array


def _array_behind(tree: Tree, scope: Scope, twice: bool = False) -> Array:
    """The array that indices address, with the axes that it has in NumPy.

    What is computed has both axes where `twice` says that two indices stand at it. Times may stand
    in it, but no letter that runs through several values.
    """
    names = scope.names
    entry: Any = None
    if isinstance(tree, Word):
        entry = names.values.get(tree.name)
    elif isinstance(tree, Label):
        entry = names.derivatives.get((tree.of, tree.by))
    if isinstance(entry, Given):
        return np.asarray(entry.array)
    fixed = {letter: at for letter, at in scope.letters.items() if np.ndim(at) == 0}
    x = settled(value(tree, Scope(names, fixed)))
    return x.array.ravel() if x.sort in ("column", "row") and not twice else x.array


def _sequence(tree: Tree, scope: Scope) -> Sequence | None:
    entry: Any = None
    if isinstance(tree, Word):
        entry = scope.names.values.get(tree.name)
    elif isinstance(tree, Label):
        entry = scope.names.derivatives.get((tree.of, tree.by))
    return entry if isinstance(entry, Sequence) else None


def _of_sequence(tree: Entries, sequence: Sequence, scope: Scope) -> Value | Open:
    """s_t, s_i^t, s_{t,i}."""
    time, places = (tree.high, tree.low) if tree.high is not None else (tree.low[0], tree.low[1:])
    at = whole(time, scope)
    if not sequence.first <= at <= sequence.last:
        raise MeaningError(
            f"time {at} lies outside {sequence.first}, ..., {sequence.last} of a sequence"
        )
    now = Given(sequence.array[at - sequence.first], sequence.sort)
    return laid(now) if not places else _picked(np.asarray(now.array), tree, places, scope)


def _picked(array: Array, tree: Entries, places: tuple[Tree, ...], scope: Scope) -> Value:
    """Entries of an array; what lies outside of it counts 0."""
    (first, *_) = places
    if len(places) == 1 and isinstance(first, Number) and array.ndim == len(f"{first.value:g}"):
        places = tuple(Number(first.place, float(digit)) for digit in f"{first.value:g}")  # w_12
        tree = dataclasses.replace(tree, from_one=tree.from_one or array.ndim > 1)
    if array.ndim == 1 and len(places) == 2 and tree.from_one and isinstance(first, Number):
        places = (Chain(first.place, places, ("",)),)  # v_{2j} is the entry at 2 j
        tree = dataclasses.replace(tree, from_one=False)
    if len(places) == 1:
        listed = value(first, scope)
        single = array.ndim == 2 and isinstance(listed, Value) and not listed.array.ndim
        if isinstance(listed, Value) and (listed.sort in ("column", "row") or single):
            return _taken(array, listed)
    if array.ndim != len(places):
        wider = array.ndim > len(places)
        array = array.squeeze()
        if wider and array.ndim < len(places):
            array = array.reshape((1,) * (len(places) - array.ndim) + array.shape)
    if array.ndim != len(places):
        raise MeaningError(f"{len(places)} indices for an array of {array.ndim} axes")
    indices: list[Array] = []
    inside: Any = True
    for place, size in zip(places, array.shape, strict=True):
        index = settled(value(place, scope)).array - _base(tree, place, scope)
        if np.any(index != np.round(index)):
            raise MeaningError("an index is no whole number")
        inside = inside & (index >= 0) & (index < size)
        indices.append(np.clip(index, 0, max(size - 1, 0)).astype(int))
    if not array.size:
        return number(np.zeros(np.broadcast_shapes(*(one.shape for one in indices))))
    return number(np.where(inside, array[tuple(np.broadcast_arrays(*indices))], 0.0))


def _taken(array: Array, places: Value) -> Value:
    """The rows of a matrix, or entries of a vector, at listed places: E[idx]."""
    at = places.array.ravel().astype(int)
    if np.any(at != places.array.ravel()) or np.any(at < 0) or np.any(at >= len(array)):
        raise MeaningError("an index lies outside of what it addresses")
    return laid(Given.of(array[at]))


def _base(tree: Entries, place: Tree, scope: Scope) -> int:
    """Whether an index counts from 1: digits as in w_12 do, and letters with the bound 1."""
    if isinstance(place, Number):
        return int(tree.from_one or scope.names.from_one)
    return int(any(letter in scope.from_one for letter in _letters(place)))


def _letters(tree: Tree) -> set[str]:
    """All words in a tree."""
    return {one.name for one in walk(tree) if isinstance(one, Word)}


def gathered(tree: Big, scope: Scope) -> Value | Open:
    """Σ, Π, max over letters: on axes where all is in index form, step by step over time."""
    ranges = ranges_of(tree, scope)
    if _is_over_time(tree, scope) or tree.sign == "Π":
        return _stepwise(tree, ranges, scope)
    grid = values_over(tree, ranges, scope)
    if grid is None:
        return _stepwise(tree, ranges, scope)
    return number(_GATHERED[tree.sign](grid, tuple(range(len(ranges)))))


def ranges_of(tree: Big, scope: Scope) -> dict[str, Array]:
    """The values of each letter of a sum."""
    return {letter.name: _range(letter, tree, scope) for letter in tree.letters}


def values_over(tree: Big, ranges: Mapping[str, Array], scope: Scope) -> Array | None:
    """The body with an axis in front for each letter; None where it is no number."""
    inner = scope
    terms = 1
    for letter, values in zip(tree.letters, ranges.values(), strict=True):
        inner = inner.bound(letter.name, values, letter.low is not None and values[:1] == 1)
        terms *= len(values)
    for values in scope.letters.values():
        terms *= max(1, values.size)
    if terms > MOST_TERMS:
        raise Undetermined(f"a sum of {terms} terms is too large to be computed here")
    body = settled(numeric(value(tree.body, inner)))
    if body.sort != "number":
        return None
    counts = [len(values) for values in reversed(list(ranges.values()))]
    outside = inner.depth - len(counts)
    spread = np.broadcast_to(
        body.array, np.broadcast_shapes(body.array.shape, (*counts, *(1,) * outside))
    )
    k = len(counts)
    return spread.transpose(*range(k - 1, -1, -1), *range(k, spread.ndim))


def _first_largest(x: Array, axes: tuple[int, ...]) -> Array:
    """The place of the first largest entry; over several letters they are counted row by row."""
    last = np.moveaxis(x, axes, range(-len(axes), 0))
    return np.asarray(np.argmax(last.reshape(*last.shape[: -len(axes)], -1), axis=-1))


_GATHERED: dict[str, Callable[[Array, tuple[int, ...]], Array]] = {
    "Σ": lambda x, axes: np.asarray(np.sum(x, axis=axes)),
    "max": lambda x, axes: np.asarray(np.max(x, axis=axes)),
    "min": lambda x, axes: np.asarray(np.min(x, axis=axes)),
    "argmax": _first_largest,
}


def _is_over_time(tree: Big, scope: Scope) -> bool:
    """Whether a letter is the time of a sequence."""
    return any(
        _sequence(one.x, scope) is not None
        and _letters(one.high if one.high is not None else one.low[0])
        & {letter.name for letter in tree.letters}
        for one in _all_entries(tree.body)
    )


def _all_entries(tree: Tree) -> list[Entries]:
    return [one for one in walk(tree) if isinstance(one, Entries)]


_PAIRED = {"Σ": np.add, "max": np.maximum, "min": np.minimum}


def _stepwise(tree: Big, ranges: Mapping[str, Array], scope: Scope) -> Value | Open:
    letters = list(ranges)
    total: Value | Open | None = None
    for choice in np.ndindex(*(len(ranges[letter]) for letter in letters)):
        inner = scope
        for letter, k in zip(letters, choice, strict=True):
            inner = inner.bound(letter, np.asarray(ranges[letter][k]))
        one = numeric(value(tree.body, inner))
        if total is None:
            total = one
        elif tree.sign == "Π":
            total = multiplied(total, one)
        else:
            total = entrywise(_PAIRED[tree.sign], total, one)
    if total is None:
        return number(0.0 if tree.sign == "Σ" else 1.0)
    return total


def _range(letter: Letter, tree: Big, scope: Scope) -> Array:
    """The values of a letter: its bounds, the range that is given, or all places it indexes."""
    if letter.below is not None:
        return np.arange(whole(letter.below, scope))
    if letter.low is not None and letter.high is not None:
        low, high = whole(letter.low, scope), whole(letter.high, scope)
        if letter.falling and high < low:
            return np.arange(low, high - 1, -1)
        return np.arange(low, high + 1)
    if letter.name in scope.names.ranges:
        low, high = scope.names.ranges[letter.name]
        return np.arange(low, high + 1)
    return np.arange(*_extent(letter.name, [tree.body], scope))


def _extent(letter: str, trees: list[Tree], scope: Scope) -> tuple[int, int]:
    """Where a letter may run: the places of the axes at which it stands alone as an index."""
    times: list[tuple[int, int]] = []
    axes: set[tuple[int, int]] = set()
    for one in [entry for tree in trees for entry in _all_entries(tree)]:
        places = one.low
        sequence = _sequence(one.x, scope)
        if sequence is not None:
            time, places = (one.high, places) if one.high is not None else (one.low[0], places[1:])
            shape = np.shape(sequence.array)[1:]
            if letter in _letters(time):
                shift = whole(time, scope.bound(letter, np.asarray(0)))
                times.append((sequence.first - shift, sequence.last + 1 - shift))
        else:
            array = _addressed(one, scope)
            shape = array.shape if array.ndim == len(places) else array.squeeze().shape
        if len(shape) == len(places):
            axes |= {
                (0, size)
                for place, size in zip(places, shape, strict=True)
                if isinstance(place, Word) and place.name == letter
            }
    if times:
        return max(first for first, _ in times), min(stop for _, stop in times)
    if len(axes) != 1:
        shown = ", ".join(f"0..{stop - 1}" for _, stop in sorted(axes)) or "nothing"
        raise Undetermined(f"the index {letter} runs over {shown}; one range is needed")
    return axes.pop()


def free_letters(trees: list[Tree], names: Names) -> dict[str, Array]:
    """The letters of a line that stand for all their values, such as o, c, i, j in dK[o,c,i,j]."""
    scope = Scope(names, {})
    found: dict[str, Array] = {}
    for entry in _all_entries(trees[0]):
        places = (*entry.low, *(() if entry.high is None else (entry.high,)))
        for place in places:
            if isinstance(place, Word) and place.name not in names.values:
                letter = place.name
                if letter in names.ranges:
                    found[letter] = np.arange(names.ranges[letter][0], names.ranges[letter][1] + 1)
                else:
                    found[letter] = np.arange(*_extent(letter, [trees[0]], scope))
    return found


def unbound(tree: Tree, names: Names) -> set[str]:
    """The letters that stand for nothing: no name, and no sum runs through them."""
    bound: set[str] = set()
    found: set[str] = set()
    for one in walk(tree, labels=False):
        if isinstance(one, Word) and len(one.name) == 1 and one.name not in names.values:
            found.add(one.name)
        elif isinstance(one, Big):
            bound |= {letter.name for letter in one.letters}
    return found - bound


def listed_entries(tree: Listed, scope: Scope) -> Value | Open:
    """All entries of a sequence, time along the first axis."""
    first, last = tree.first, tree.last
    if not isinstance(first, Entries) or not isinstance(last, Entries) or first.x != last.x:
        raise MeaningError("a list from one value to another is no sequence")
    sequence = _sequence(first.x, scope)
    if sequence is None:
        raise MeaningError("a list of entries of something that is no sequence")
    ends = [whole(one.low[0], scope) for one in (first, last)]
    if not sequence.first <= ends[0] <= ends[1] <= sequence.last:
        raise MeaningError("a list goes beyond the times of its sequence")
    kept = sequence.array[ends[0] - sequence.first : ends[1] + 1 - sequence.first]
    return laid(Given.of(np.asarray(kept)))
