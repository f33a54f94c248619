"""What a tree says in numbers: arrays for its names put in, letters of indices run through.

An index letter lives on an axis of its own in front of all others, so that a formula in index form
is computed for all values of its letters at once.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import reduce
from typing import Any

import numpy as np
from numpy.typing import NDArray

from symgraph.readback.functions import ENTRYWISE, REDUCTIONS
from symgraph.readback.names import Given, Names, Sequence
from symgraph.readback.tree import (
    Absolute,
    Apply,
    Big,
    Blocks,
    Chain,
    Constant,
    Entries,
    Label,
    Letter,
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
    laid,
    multiplied,
    number,
    settled,
    transposed,
)

__all__ = ["free_letters", "meaning", "steps_of", "unbound"]

Array = NDArray[Any]
#: A sum in index form over more terms than this is not computed.
MOST_TERMS = 4_000_000

_COMPARE = {
    "<": np.less, "<=": np.less_equal, ">": np.greater, ">=": np.greater_equal, "=": np.equal,
    "!=": np.not_equal,
}  # fmt: skip


@dataclass(frozen=True)
class _Scope:
    """Names, and the letters that stand for numbers here: each on an axis of its own."""

    names: Names
    letters: Mapping[str, Array]
    #: Letters that count from 1, as an explicit lower bound says.
    from_one: frozenset[str] = frozenset()

    def bound(self, letter: str, values: Array, from_one: bool = False) -> _Scope:
        """With one more letter; an array of values gets an axis in front."""
        depth = sum(np.ndim(one) > 0 for one in self.letters.values())
        laid_out = values if values.ndim == 0 else values.reshape((-1,) + (1,) * depth)
        counted = self.from_one | {letter} if from_one else self.from_one - {letter}
        return _Scope(self.names, {**self.letters, letter: laid_out}, counted)

    @property
    def depth(self) -> int:
        """The number of axes that letters have."""
        return max((np.ndim(one) for one in self.letters.values()), default=0)


def meaning(tree: Tree, names: Names, letters: Mapping[str, Any] | None = None) -> Value | Open:
    """The value of a formula.

    `letters` gives index letters that are free in it: numbers, or arrays of numbers, for all
    combinations of which the value is computed (axes in the order of the letters, last first).
    Raises MeaningError where the formula says nothing: shapes that do not fit, unknown names.
    """
    scope = _Scope(names, {})
    for letter, values in (letters or {}).items():
        scope = scope.bound(letter, np.asarray(values))
    with np.errstate(all="ignore"):
        return _value(tree, scope)


def _value(tree: Tree, scope: _Scope) -> Value | Open:
    try:
        return _RULES[type(tree)](tree, scope)
    except np.linalg.LinAlgError as error:
        raise MeaningError(f"a matrix has no inverse: {error}") from error


# --- names, constants ---------------------------------------------------------------------------


def _number(tree: Number, scope: _Scope) -> Value | Open:
    return number(tree.value)


def _word(tree: Word, scope: _Scope) -> Value | Open:
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


def _label(tree: Label, scope: _Scope) -> Value | Open:
    entry = scope.names.derivatives.get((tree.of, tree.by))
    if isinstance(entry, (Value, Open)):
        return entry
    if not isinstance(entry, Given):
        raise Undetermined(f"the derivative of {tree.of} by {tree.by} has no value")
    return laid(entry)


def _share(tree: Share, scope: _Scope) -> Value | Open:
    raise Undetermined("a share of a derivative has no value of its own")


def _constant(tree: Constant, scope: _Scope) -> Value | Open:
    if tree.kind in ("pi", "infinity"):
        return number(np.pi if tree.kind == "pi" else np.inf)
    if tree.kind == "e":
        return number(scope.letters.get("e", np.e))
    size = None if tree.size is None else _whole(tree.size, scope)
    if tree.kind == "identity":
        return constant("matrix", size, size, square=True)
    return constant("column", size, 1)


def _whole(tree: Tree, scope: _Scope) -> int:
    found = settled(_value(tree, scope)).array
    if found.ndim or found != np.round(found):
        raise MeaningError("a size or bound is no whole number")
    return int(found)


# --- operators ----------------------------------------------------------------------------------


def _terms(tree: Terms, scope: _Scope) -> Value | Open:
    total: Value | Open | None = None
    for sign, term in tree.terms:
        one = _value(term, scope)
        if total is None:
            total = one if sign > 0 else entrywise(np.negative, _numeric(one))
        else:
            total = entrywise(np.add if sign > 0 else np.subtract, _numeric(total), _numeric(one))
    assert total is not None
    return total


def _numeric(x: Value | Open) -> Value | Open:
    """A truth value as 0 or 1."""
    if isinstance(x, Value) and x.array.dtype.kind == "b":
        return Value(x.sort, x.array.astype(float))
    return x


def _chain(tree: Chain, scope: _Scope) -> Value | Open:
    first, *others = [_numeric(_value(part, scope)) for part in tree.parts]
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


def _kron(a: Value | Open, b: Value | Open) -> Value | Open:
    left, right = settled(a), settled(b)
    sort = left.sort if left.sort == right.sort else "matrix"
    if left.sort == "number" or right.sort == "number":
        return multiplied(left, right)
    return Value(sort, np.kron(left.array, right.array))


_JOIN: dict[str, Callable[[Value | Open, Value | Open], Value | Open]] = {
    "": multiplied, "⊙": _times, "·": _dot, "⊗": _kron
}  # fmt: skip


def _over(tree: Over, scope: _Scope) -> Value | Open:
    above, below = _value(tree.above, scope), _value(tree.below, scope)
    return entrywise(np.divide, _numeric(above), _numeric(below))


def _power(tree: Power, scope: _Scope) -> Value | Open:
    base, exponent = _numeric(_value(tree.base, scope)), settled(_value(tree.exponent, scope))
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


def _turned(tree: Turned, scope: _Scope) -> Value | Open:
    return transposed(_numeric(_value(tree.x, scope)))


def _norm(tree: Norm, scope: _Scope) -> Value | Open:
    x = settled(_numeric(_value(tree.x, scope)))
    if x.sort == "number":
        return Value("number", np.abs(x.array))
    if tree.order in ("1", "∞", "2") and x.sort in ("matrix", "tensor"):
        raise MeaningError(f"the norm {tree.order} of a matrix; vectors have it")
    entries = np.abs(x.array).ravel()
    if tree.order == "1":
        return number(np.sum(entries))
    return number(np.max(entries) if tree.order == "∞" else np.sqrt(np.sum(entries**2)))


def _absolute(tree: Absolute, scope: _Scope) -> Value | Open:
    return entrywise(np.abs, _numeric(_value(tree.x, scope)))


# --- conditions ---------------------------------------------------------------------------------


def _relation(tree: Relation, scope: _Scope) -> Value | Open:
    if any(isinstance(part, Places) for part in tree.parts):
        return _is_winner(tree, scope)
    values = [_value(part, scope) for part in _from_zero(tree, scope)]
    found: Value | Open | None = None
    for sign, left, right in zip(tree.signs, values, values[1:], strict=False):
        one = entrywise(_COMPARE[sign], left, right)
        found = one if found is None else entrywise(np.logical_and, found, one)
    assert found is not None
    return found


def _from_zero(tree: Relation, scope: _Scope) -> tuple[Tree, ...]:
    """The parts of i = 1 with the place counted from 0, as the values of letters are."""
    letter, place = (*tree.parts, None)[:2]
    if not scope.names.from_one or tree.signs != ("=",) or not isinstance(place, Number):
        return tree.parts
    if not isinstance(letter, Word) or letter.name not in scope.letters:
        return tree.parts
    return letter, Number(place.place, place.value - 1)


def _is_winner(tree: Relation, scope: _Scope) -> Value | Open:
    """(i, j) = argmax_{k,l} x: whether a place is that of the first largest entry."""
    places, big = sorted(tree.parts[:2], key=lambda part: not isinstance(part, Places))
    refused = MeaningError("(i, j) is compared only with an argmax over as many letters")
    if not isinstance(big, Big) or not isinstance(places, Places):
        raise refused
    if big.sign != "argmax" or tree.signs != ("=",) or len(big.letters) != len(places.parts):
        raise refused
    grid = _grid(big, _ranges(big, scope), scope)
    if grid is None:
        raise Undetermined("argmax over several letters is known only of numbers")
    counts = grid.shape[: len(big.letters)]
    flat = np.argmax(grid.reshape(-1, *grid.shape[len(counts) :]), axis=0)
    given = [settled(_numeric(_value(part, scope))).array for part in places.parts]
    hits = [i == k for i, k in zip(given, np.unravel_index(flat, counts), strict=True)]
    return number(np.logical_and.reduce(np.broadcast_arrays(*hits)) * 1.0)


def _logic(tree: Logic, scope: _Scope) -> Value | Open:
    values = [_value(part, scope) for part in tree.parts]
    if tree.operator == "not":
        return entrywise(np.logical_not, values[0])
    join = np.logical_and if tree.operator == "and" else np.logical_or
    return reduce(lambda a, b: entrywise(join, a, b), values)


def _truth(tree: Truth, scope: _Scope) -> Value | Open:
    return entrywise(lambda x: np.asarray(x, dtype=bool) * 1.0, _value(tree.condition, scope))


# --- functions ----------------------------------------------------------------------------------


def _apply(tree: Apply, scope: _Scope) -> Value | Open:
    args = [_numeric(_value(arg, scope)) for arg in tree.args]
    name, own = tree.function, scope.names.values.get(tree.function)
    if callable(own):
        return entrywise(own, *args)
    if name in ("max", "min") and len(args) > 1:
        pair = np.maximum if name == "max" else np.minimum
        return reduce(lambda a, b: entrywise(pair, a, b), args)
    if name in ENTRYWISE:
        return _called(name, ENTRYWISE[name], args)
    if len(args) == 1 and (name in REDUCTIONS or name in ("softmax", "log_softmax", "cumsum")):
        return _along(name, settled(args[0]), tree.axis)
    if name == "kron" and len(args) == 2:
        return _kron(*args)
    if name == "onehot":
        return _onehot(args)
    if name == "diag" and len(args) == 1 and isinstance(args[0], Open):
        return _open_diag(args[0])
    if len(args) == 1 and name in _OF_MATRICES:
        return _OF_MATRICES[name](settled(args[0]))
    raise Undetermined(f"{name} of {len(args)} arguments is not known")


def _called(name: str, function: Callable[..., Array], args: list[Value | Open]) -> Value | Open:
    try:
        return entrywise(function, *args)
    except TypeError as error:
        raise MeaningError(f"{name} does not take {len(args)} arguments") from error


def _along(name: str, x: Value, axis: int | None) -> Value:
    """A sum, mean, softmax, ... over all entries, or along an axis."""
    if name in ("softmax", "log_softmax", "cumsum"):
        if axis is None:
            axis = 1 if x.sort in ("matrix", "row") else 0
        return Value(x.sort, _KEEPING[name](np.atleast_1d(x.array), axis).reshape(x.array.shape))
    if axis is None:
        return number(REDUCTIONS[name](x.array.ravel(), axis=0))
    found = np.asarray(REDUCTIONS[name](x.array, axis=axis), dtype=float)
    if x.sort in ("matrix", "row", "column") and x.array.ndim == 2:
        turned = axis in (0, -2)
        return Value("row", found[None, :]) if turned else Value("column", found[:, None])
    if x.sort == "tensor":
        return laid(Given.of(found))
    raise MeaningError(f"{name} along an axis of something that is no matrix")


def _softmax(x: Array, axis: int) -> Array:
    raised = np.exp(x - np.max(x, axis=axis, keepdims=True))
    return np.asarray(raised / np.sum(raised, axis=axis, keepdims=True))


_KEEPING: dict[str, Callable[[Array, int], Array]] = {
    "softmax": _softmax,
    "log_softmax": lambda x, axis: np.log(_softmax(x, axis)),
    "cumsum": lambda x, axis: np.cumsum(x, axis=axis),
}


def _onehot(args: list[Value | Open]) -> Value | Open:
    """Zeros with a single 1: of one id a column, of several a row each; the width is open."""
    ids = settled(args[0]).array.astype(int).ravel()
    width = int(settled(args[1]).array) if len(args) > 1 else None
    if settled(args[0]).sort == "number":
        return Open("column", width, 1, lambda r, c: np.eye(r)[:, ids]).sized(None, None)
    return Open("matrix", len(ids), width, lambda r, c: np.eye(c)[ids]).sized(None, None)


def _square(x: Value) -> Array:
    if x.sort == "number":
        return x.array.reshape(1, 1)
    if x.array.ndim != 2 or x.array.shape[0] != x.array.shape[1]:
        raise MeaningError(f"a square matrix is needed, not one of shape {x.array.shape}")
    return x.array


def _open_diag(x: Open) -> Open:
    """diag(𝟏), whose size is not known yet."""
    if x.sort not in ("column", "row"):
        raise Undetermined("the size of the matrix of which this is the diagonal is not known")

    def make(rows: int, columns: int) -> Array:
        entries = x.make(rows, 1) if x.sort == "column" else x.make(1, rows)
        return np.diag(entries.ravel())

    return Open("matrix", None, None, make, square=True)


def _diag(x: Value) -> Value:
    if x.sort in ("column", "row"):
        return Value("matrix", np.diag(x.array.ravel()))
    if x.sort == "number":
        return x
    return Value("column", np.diag(_square(x))[:, None])


_OF_MATRICES: dict[str, Callable[[Value], Value | Open]] = {
    "tr": lambda x: number(np.trace(_square(x))),
    "det": lambda x: number(np.linalg.det(_square(x))),
    "logdet": lambda x: number(np.linalg.slogdet(_square(x))[1]),
    "inv": lambda x: Value(x.sort, np.linalg.inv(_square(x)).reshape(x.array.shape)),
    "diag": _diag,
    "vec": lambda x: Value("column", x.array.T.reshape(-1, 1)),
    "norm": lambda x: number(np.sqrt(np.sum(x.array**2))),
    "transpose": transposed,
}


def _blocks(tree: Blocks, scope: _Scope) -> Value | Open:
    rows = [[settled(_numeric(_value(x, scope))) for x in row] for row in tree.rows]
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


def _listed(tree: Listed, scope: _Scope) -> Value | Open:
    """All entries of a sequence, time along the first axis."""
    first, last = tree.first, tree.last
    if not isinstance(first, Entries) or not isinstance(last, Entries) or first.x != last.x:
        raise MeaningError("a list from one value to another is no sequence")
    sequence = _sequence(first.x, scope)
    if sequence is None:
        raise MeaningError("a list of entries of something that is no sequence")
    ends = [_whole(one.low[0], scope) for one in (first, last)]
    if not sequence.first <= ends[0] <= ends[1] <= sequence.last:
        raise MeaningError("a list goes beyond the times of its sequence")
    kept = sequence.array[ends[0] - sequence.first : ends[1] + 1 - sequence.first]
    return laid(Given.of(np.asarray(kept)))


# --- indices ------------------------------------------------------------------------------------


def _entries(tree: Entries, scope: _Scope) -> Value | Open:
    sequence = _sequence(tree.x, scope)
    if sequence is not None:
        return _of_sequence(tree, sequence, scope)
    if tree.high is not None:
        raise MeaningError("a superscript that is no power stands at something without time")
    return _picked(_addressed(tree, scope), tree, tree.low, scope)


def _addressed(tree: Entries, scope: _Scope) -> Array:
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


def _array_behind(tree: Tree, scope: _Scope, twice: bool = False) -> Array:
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
    x = settled(_value(tree, _Scope(names, fixed)))
    return x.array.ravel() if x.sort in ("column", "row") and not twice else x.array


def _sequence(tree: Tree, scope: _Scope) -> Sequence | None:
    entry: Any = None
    if isinstance(tree, Word):
        entry = scope.names.values.get(tree.name)
    elif isinstance(tree, Label):
        entry = scope.names.derivatives.get((tree.of, tree.by))
    return entry if isinstance(entry, Sequence) else None


def _of_sequence(tree: Entries, sequence: Sequence, scope: _Scope) -> Value | Open:
    """s_t, s_i^t, s_{t,i}."""
    time, places = (tree.high, tree.low) if tree.high is not None else (tree.low[0], tree.low[1:])
    at = _whole(time, scope)
    if not sequence.first <= at <= sequence.last:
        raise MeaningError(
            f"time {at} lies outside {sequence.first}, ..., {sequence.last} of a sequence"
        )
    now = Given(sequence.array[at - sequence.first], sequence.sort)
    return laid(now) if not places else _picked(np.asarray(now.array), tree, places, scope)


def _picked(array: Array, tree: Entries, places: tuple[Tree, ...], scope: _Scope) -> Value:
    """Entries of an array; what lies outside of it counts 0."""
    (first, *_) = places
    if len(places) == 1 and isinstance(first, Number) and array.ndim == len(f"{first.value:g}"):
        places = tuple(Number(first.place, float(digit)) for digit in f"{first.value:g}")  # w_12
        tree = dataclasses.replace(tree, from_one=tree.from_one or array.ndim > 1)
    if array.ndim == 1 and len(places) == 2 and tree.from_one and isinstance(first, Number):
        places = (Chain(first.place, places, ("",)),)  # v_{2j} is the entry at 2 j
        tree = dataclasses.replace(tree, from_one=False)
    if len(places) == 1:
        listed = _value(first, scope)
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
        index = settled(_value(place, scope)).array - _base(tree, place, scope)
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


def _base(tree: Entries, place: Tree, scope: _Scope) -> int:
    """Whether an index counts from 1: digits as in w_12 do, and letters with the bound 1."""
    if isinstance(place, Number):
        return int(tree.from_one or scope.names.from_one)
    return int(any(letter in scope.from_one for letter in _letters(place)))


def _letters(tree: Tree) -> set[str]:
    """All words of one letter in a tree."""
    found: set[str] = set()
    stack: list[Any] = [tree]
    while stack:
        one = stack.pop()
        if isinstance(one, Word):
            found.add(one.name)
        elif isinstance(one, Tree):
            stack += [getattr(one, slot) for slot in one.__slots__ if slot != "place"]
        elif isinstance(one, tuple):
            stack += one
    return found


def _big(tree: Big, scope: _Scope) -> Value | Open:
    """Σ, Π, max over letters: on axes where all is in index form, step by step over time."""
    ranges = _ranges(tree, scope)
    if _is_over_time(tree, scope) or tree.sign == "Π":
        return _stepwise(tree, ranges, scope)
    grid = _grid(tree, ranges, scope)
    if grid is None:
        return _stepwise(tree, ranges, scope)
    return number(_GATHERED[tree.sign](grid, tuple(range(len(ranges)))))


def _ranges(tree: Big, scope: _Scope) -> dict[str, Array]:
    return {letter.name: _range(letter, tree, scope) for letter in tree.letters}


def _grid(tree: Big, ranges: Mapping[str, Array], scope: _Scope) -> Array | None:
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
    body = settled(_numeric(_value(tree.body, inner)))
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


def _is_over_time(tree: Big, scope: _Scope) -> bool:
    """Whether a letter is the time of a sequence."""
    return any(
        _sequence(one.x, scope) is not None
        and _letters(one.high if one.high is not None else one.low[0])
        & {letter.name for letter in tree.letters}
        for one in _all_entries(tree.body)
    )


def _all_entries(tree: Tree) -> list[Entries]:
    found: list[Entries] = []
    stack: list[Any] = [tree]
    while stack:
        one = stack.pop()
        if isinstance(one, Entries):
            found.append(one)
        if isinstance(one, Tree):
            stack += [getattr(one, slot) for slot in one.__slots__]
        elif isinstance(one, tuple):
            stack += one
    return found


_PAIRED = {"Σ": np.add, "max": np.maximum, "min": np.minimum}


def _stepwise(tree: Big, ranges: Mapping[str, Array], scope: _Scope) -> Value | Open:
    letters = list(ranges)
    total: Value | Open | None = None
    for choice in np.ndindex(*(len(ranges[letter]) for letter in letters)):
        inner = scope
        for letter, k in zip(letters, choice, strict=True):
            inner = inner.bound(letter, np.asarray(ranges[letter][k]))
        one = _numeric(_value(tree.body, inner))
        if total is None:
            total = one
        elif tree.sign == "Π":
            total = multiplied(total, one)
        else:
            total = entrywise(_PAIRED[tree.sign], total, one)
    if total is None:
        return number(0.0 if tree.sign == "Σ" else 1.0)
    return total


def _range(letter: Letter, tree: Big, scope: _Scope) -> Array:
    """The values of a letter: its bounds, the range that is given, or all places it indexes."""
    if letter.below is not None:
        return np.arange(_whole(letter.below, scope))
    if letter.low is not None and letter.high is not None:
        low, high = _whole(letter.low, scope), _whole(letter.high, scope)
        if letter.falling and high < low:
            return np.arange(low, high - 1, -1)
        return np.arange(low, high + 1)
    if letter.name in scope.names.ranges:
        low, high = scope.names.ranges[letter.name]
        return np.arange(low, high + 1)
    return np.arange(*_extent(letter.name, [tree.body], scope))


def _extent(letter: str, trees: list[Tree], scope: _Scope) -> tuple[int, int]:
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
                shift = _whole(time, scope.bound(letter, np.asarray(0)))
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
    scope = _Scope(names, {})
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
    stack: list[Any] = [tree]
    while stack:
        one = stack.pop()
        if isinstance(one, Word) and len(one.name) == 1 and one.name not in names.values:
            found.add(one.name)
        elif isinstance(one, Big):
            bound |= {letter.name for letter in one.letters}
            stack.append(one.body)
        elif isinstance(one, Tree):
            stack += [getattr(one, slot) for slot in one.__slots__ if slot != "variable"]
        elif isinstance(one, tuple):
            stack += one
    return found - bound


def steps_of(values: tuple[Tree, ...], names: Names) -> Array:
    """All values from the first to the last of a span such as T-1, ..., 1."""
    scope = _Scope(names, {})
    first, last = _whole(values[0], scope), _whole(values[-1], scope)
    second = _whole(values[1], scope) if len(values) > 2 else first + (1 if last >= first else -1)
    step = second - first
    if step == 0:
        raise MeaningError("a span whose values do not change")
    return np.arange(first, last + (1 if step > 0 else -1), step)


_RULES: dict[type[Tree], Callable[..., Value | Open]] = {
    Number: _number, Word: _word, Label: _label, Share: _share, Constant: _constant, Terms: _terms,
    Chain: _chain, Over: _over, Power: _power, Turned: _turned, Norm: _norm, Absolute: _absolute,
    Relation: _relation, Logic: _logic, Truth: _truth, Apply: _apply, Blocks: _blocks,
    Entries: _entries, Big: _big, Listed: _listed,
}  # fmt: skip
