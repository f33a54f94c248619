"""What a tree says in numbers: arrays for its names put in, letters of indices run through."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import reduce
from typing import Any

import numpy as np

from symgraph.readback.applied import applied
from symgraph.readback.indices import entries_of, gathered, listed_entries, ranges_of, values_over
from symgraph.readback.names import Given, Names, Sequence
from symgraph.readback.scope import Array, Scope, numeric, rules, value, whole
from symgraph.readback.tree import (
    Absolute,
    Apply,
    Big,
    Blocks,
    Chain,
    Constant,
    Entries,
    Label,
    Listed,
    Logic,
    Norm,
    Number,
    Over,
    Places,
    Power,
    Relation,
    Share,
    Terms,
    Tree,
    Truth,
    Turned,
    Word,
)
from symgraph.readback.values import (
    MeaningError,
    Open,
    Undetermined,
    Value,
    constant,
    entrywise,
    kron,
    laid,
    multiplied,
    number,
    settled,
    transposed,
)

__all__ = ["meaning", "steps_of"]

_COMPARE = {
    "<": np.less, "<=": np.less_equal, ">": np.greater, ">=": np.greater_equal, "=": np.equal,
    "!=": np.not_equal,
}  # fmt: skip


def meaning(tree: Tree, names: Names, letters: Mapping[str, Any] | None = None) -> Value | Open:
    """The value of a formula.

    `letters` gives index letters that are free in it: numbers, or arrays of numbers, for all
    combinations of which the value is computed (axes in the order of the letters, last first).
    Raises MeaningError where the formula says nothing: shapes that do not fit, unknown names.
    """
    scope = Scope(names, {})
    for letter, values in (letters or {}).items():
        scope = scope.bound(letter, np.asarray(values))
    with np.errstate(all="ignore"):
        return value(tree, scope)


# --- names, constants ---------------------------------------------------------------------------


def _number(tree: Number, scope: Scope) -> Value | Open:
    return number(tree.value)


def _word(tree: Word, scope: Scope) -> Value | Open:
    if tree.name in scope.letters:
        return number(scope.letters[tree.name])
    entry = scope.names.values.get(tree.name)
    if isinstance(entry, Given):
        return laid(entry)
    if isinstance(entry, (Value, Open)):
        return entry
    if isinstance(entry, Sequence):
        raise MeaningError(f"{tree.name!r} is a sequence; it needs a time")
    raise Undetermined(f"{tree.name!r} has no value")


def _label(tree: Label, scope: Scope) -> Value | Open:
    entry = scope.names.derivatives.get((tree.of, tree.by))
    if isinstance(entry, (Value, Open)):
        return entry
    if not isinstance(entry, Given):
        raise Undetermined(f"the derivative of {tree.of} by {tree.by} has no value")
    return laid(entry)


def _share(tree: Share, scope: Scope) -> Value | Open:
    raise Undetermined("a share of a derivative has no value of its own")


def _constant(tree: Constant, scope: Scope) -> Value | Open:
    if tree.kind in ("pi", "infinity"):
        return number(np.pi if tree.kind == "pi" else np.inf)
    if tree.kind == "e":
        return number(scope.letters.get("e", np.e))
    size = None if tree.size is None else whole(tree.size, scope)
    if tree.kind == "identity":
        return constant("matrix", size, size, square=True)
    return constant("column", size, 1)


# --- operators ----------------------------------------------------------------------------------


def _terms(tree: Terms, scope: Scope) -> Value | Open:
    total: Value | Open | None = None
    for sign, term in tree.terms:
        one = value(term, scope)
        if total is None:
            total = one if sign > 0 else entrywise(np.negative, numeric(one))
        else:
            total = entrywise(np.add if sign > 0 else np.subtract, numeric(total), numeric(one))
    assert total is not None
    return total


def _chain(tree: Chain, scope: Scope) -> Value | Open:
    first, *others = [numeric(value(part, scope)) for part in tree.parts]
    found = first
    for sign, other in zip(tree.signs, others, strict=True):
        found = _JOIN[sign](found, other)
    return found


def _dot(a: Value | Open, b: Value | Open) -> Value | Open:
    """u·v for vectors however they lie, else the product; of single entries their product."""
    if all(isinstance(x, Value) and x.sort != "tensor" and x.array.size == 1 for x in (a, b)):
        return number(settled(a).array.reshape(()) * settled(b).array.reshape(()))
    if a.sort in ("column", "row") and b.sort in ("column", "row"):
        a = transposed(a) if a.sort == "column" else a
        b = transposed(b) if b.sort == "row" else b
    return multiplied(a, b)


def _times(a: Value | Open, b: Value | Open) -> Value | Open:
    return entrywise(np.multiply, a, b)


_JOIN: dict[str, Callable[[Value | Open, Value | Open], Value | Open]] = {
    "": multiplied, "⊙": _times, "·": _dot, "⊗": kron
}  # fmt: skip


def _over(tree: Over, scope: Scope) -> Value | Open:
    above, below = value(tree.above, scope), value(tree.below, scope)
    return entrywise(np.divide, numeric(above), numeric(below))


def _power(tree: Power, scope: Scope) -> Value | Open:
    base, exponent = numeric(value(tree.base, scope)), settled(value(tree.exponent, scope))
    if base.sort != "matrix" or tree.entrywise:
        return entrywise(np.power, base, exponent)
    if isinstance(base, Open) and base.square:
        return Open(
            base.sort, base.rows, base.columns,
            lambda r, c: _matrix_power(base.make(r, c), exponent), square=True,
        )  # fmt: skip
    return Value("matrix", _matrix_power(settled(base).array, exponent))


def _matrix_power(x: Array, exponent: Value) -> Array:
    n = exponent.array
    if n.ndim or n != np.round(n) or abs(n) > 64:
        raise MeaningError("a matrix to a power that is no whole number")
    if x.shape[0] != x.shape[1]:
        raise MeaningError(f"the power of a matrix of shape {x.shape}, which is not square")
    return np.asarray(np.linalg.matrix_power(x, int(n)))


def _turned(tree: Turned, scope: Scope) -> Value | Open:
    return transposed(numeric(value(tree.x, scope)))


def _norm(tree: Norm, scope: Scope) -> Value | Open:
    x = settled(numeric(value(tree.x, scope)))
    if x.sort == "number":
        return Value("number", np.abs(x.array))
    if tree.order in ("1", "∞", "2") and x.sort in ("matrix", "tensor"):
        raise MeaningError(f"the norm {tree.order} of a matrix; vectors have it")
    entries = np.abs(x.array).ravel()
    if tree.order == "1":
        return number(np.sum(entries))
    return number(np.max(entries) if tree.order == "∞" else np.sqrt(np.sum(entries**2)))


def _absolute(tree: Absolute, scope: Scope) -> Value | Open:
    return entrywise(np.abs, numeric(value(tree.x, scope)))


# --- conditions ---------------------------------------------------------------------------------


def _relation(tree: Relation, scope: Scope) -> Value | Open:
    if any(isinstance(part, Places) for part in tree.parts):
        return _is_winner(tree, scope)
    values = [value(part, scope) for part in _from_zero(tree, scope)]
    found: Value | Open | None = None
    for sign, left, right in zip(tree.signs, values, values[1:], strict=False):
        one = entrywise(_COMPARE[sign], left, right)
        found = one if found is None else entrywise(np.logical_and, found, one)
    assert found is not None
    return found


def _from_zero(tree: Relation, scope: Scope) -> tuple[Tree, ...]:
    """The parts of i = 1 with the place counted from 0, as the values of letters are."""
    letter, place = (*tree.parts, None)[:2]
    if not scope.names.from_one or tree.signs != ("=",) or not isinstance(place, Number):
        return tree.parts
    if not isinstance(letter, Word) or letter.name not in scope.letters:
        return tree.parts
    return letter, Number(place.place, place.value - 1)


def _is_winner(tree: Relation, scope: Scope) -> Value | Open:
    """(i, j) = argmax_{k,l} x: whether a place is that of the first largest entry."""
    places, big = sorted(tree.parts[:2], key=lambda part: not isinstance(part, Places))
    refused = MeaningError("(i, j) is compared only with an argmax over as many letters")
    if not isinstance(big, Big) or not isinstance(places, Places):
        raise refused
    if big.sign != "argmax" or tree.signs != ("=",) or len(big.letters) != len(places.parts):
        raise refused
    grid = values_over(big, ranges_of(big, scope), scope)
    if grid is None:
        raise Undetermined("argmax over several letters is known only of numbers")
    counts = grid.shape[: len(big.letters)]
    flat = np.argmax(grid.reshape(-1, *grid.shape[len(counts) :]), axis=0)
    given = [settled(numeric(value(part, scope))).array for part in places.parts]
    hits = [i == k for i, k in zip(given, np.unravel_index(flat, counts), strict=True)]
    return number(np.logical_and.reduce(np.broadcast_arrays(*hits)) * 1.0)


def _logic(tree: Logic, scope: Scope) -> Value | Open:
    values = [value(part, scope) for part in tree.parts]
    if tree.operator == "not":
        return entrywise(np.logical_not, values[0])
    join = np.logical_and if tree.operator == "and" else np.logical_or
    return reduce(lambda a, b: entrywise(join, a, b), values)


def _truth(tree: Truth, scope: Scope) -> Value | Open:
    return entrywise(lambda x: np.asarray(x, dtype=bool) * 1.0, value(tree.condition, scope))


# --- functions ----------------------------------------------------------------------------------


def _apply(tree: Apply, scope: Scope) -> Value | Open:
    args = [numeric(value(arg, scope)) for arg in tree.args]
    name, own = tree.function, scope.names.values.get(tree.function)
    if callable(own):
        return entrywise(own, *args)
    return applied(name, args, tree.axis)


def _blocks(tree: Blocks, scope: Scope) -> Value | Open:
    rows = [[settled(numeric(value(x, scope))) for x in row] for row in tree.rows]
    arrays = [[np.atleast_2d(x.array) for x in row] for row in rows]
    sorts = {x.sort for x in rows[0]}
    joined = len(rows) == 1 and "column" in sorts and sorts <= {"column", "number"}
    if joined:
        arrays = [[one] for one in arrays[0]]  # [h, x] joins two vectors into one
    try:
        found = np.block(arrays)
    except ValueError as error:
        raise MeaningError(f"blocks that do not fit together: {error}") from error
    if found.shape[1] == 1 and (joined or len(rows) > 1):
        return Value("column", found)
    return Value("row" if found.shape[0] == 1 else "matrix", found)


def steps_of(values: tuple[Tree, ...], names: Names) -> Array:
    """All values from the first to the last of a span such as T-1, ..., 1."""
    scope = Scope(names, {})
    first, last = whole(values[0], scope), whole(values[-1], scope)
    second = whole(values[1], scope) if len(values) > 2 else first + (1 if last >= first else -1)
    step = second - first
    if step == 0:
        raise MeaningError("a span whose values do not change")
    return np.arange(first, last + (1 if step > 0 else -1), step)


rules.update({
    Number: _number, Word: _word, Label: _label, Share: _share, Constant: _constant, Terms: _terms,
    Chain: _chain, Over: _over, Power: _power, Turned: _turned, Norm: _norm, Absolute: _absolute,
    Relation: _relation, Logic: _logic, Truth: _truth, Apply: _apply, Blocks: _blocks,
    Entries: entries_of, Big: gathered, Listed: listed_entries,
})  # fmt: skip
