"""The lines of a recurrence carried out in numbers, time by time, and held against the gradients.

Only the variables are given; everything else is computed from the lines as they are printed: first
what is given, forwards in time, then the derivatives with names, backwards.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np
import sympy
from numpy.typing import NDArray

from symgraph.errors import SymgraphError, UnknownNameError
from symgraph.evaluate import evaluate_above
from symgraph.explain.derivation import Equation
from symgraph.explain.recurrences import LoopNaming
from symgraph.node import Node
from symgraph.notation.numeric import value
from symgraph.notation.sequences import (
    Entries,
    Moment,
    OrderedProduct,
    Series,
    Side,
    Timed,
    all_times,
)
from symgraph.notation.tree import Derivative, Formula, Name, Sort, walk
from symgraph.notation.unstack import Entry, State, shifted
from symgraph.ops import Var
from symgraph.ops.let import bare
from symgraph.sample import Sample, draw
from symgraph.shapes import bind_dim

__all__ = ["Replayed", "carried_out", "replayed"]

Array = NDArray[Any]
TOLERANCE = 1e-7
#: With more lines at more times they are not carried out.
MOST_VALUES = 20_000


class Replayed(NamedTuple):
    """What came of the lines: whether they hold (None where that cannot be said), the values of all
    names, the sizes; the gradients of the graph (for an entry of a sequence one after the other),
    the sequences whose entries have another name, times along the first axis."""

    sound: bool | None
    values: dict[str, Any] | None
    dims: Mapping[sympy.Symbol, int]
    gradients: Sequence[Array] = ()
    whole: Mapping[str, Array] = MappingProxyType({})


def replayed(
    root: Node,
    names: LoopNaming,
    lines: Sequence[Equation],
    results: Sequence[Equation],
    gradients: Sequence[Node],
    entries: Mapping[Node, Entry],
) -> Replayed:
    """All lines carried out; whether they hold and the results are the gradients."""
    moments = names.forward.moments
    starts = {state.before: _start(state) for state in moments.states}
    outside = [*(entry.stacked for entry in moments.entries.values()), *starts.values()]
    try:
        sample = draw([root, *gradients, *outside], seed=7, facts=list(names.claimed))
        found = evaluate_above([root, *gradients, *outside], sample.values, sample.dims)
    except (SymgraphError, ArithmeticError, np.linalg.LinAlgError):
        return Replayed(None, None, {})
    dims = sample.dims
    ends = {letter: bind_dim(length, dims) for letter, length in moments.lengths.items()}
    if max(ends.values()) * len(lines) > MOST_VALUES:
        return Replayed(None, None, {})
    before = {state: found[starts[state]] for state in starts}
    known = _given(names, sample, ends, found, before)
    shapes = {
        name.name: tuple(bind_dim(size, dims) for size in node.shape)
        for node, name in names.named.items()
    }
    made = carried_out([one for one in lines if _defines(one)], known, dims, shapes)
    if (
        made is None
        or not all(_holds(one, made, dims) for one in lines if not _defines(one))
        or not _agree(made.get(names.root_name.name), found[root], "scalar")
    ):
        return Replayed(False, None, {})
    exacts: list[Array] = []
    for source, one, gradient in zip(names.sources, results, gradients, strict=True):
        entry = entries.get(source)
        exact = np.asarray(found[gradient])
        exacts.append(exact if entry is None else np.moveaxis(exact, entry.axis, 0))
        if not _has_values(one.right, exacts[-1], entry, made, dims):
            return Replayed(False, None, {})
    return Replayed(True, made, dims, exacts, _whole(moments.entries.values(), found))


def _given(
    names: LoopNaming,
    sample: Sample,
    ends: Mapping[str, int],
    found: Mapping[Node, Any],
    before: Mapping[Node, Any],
) -> dict[str, Any]:
    """What the lines start from, by name: variables, times, sequences, the states before a loop.

    `ends`: the last time of each letter; `found` the values of nodes, `before` those of states.
    """
    moments = names.forward.moments
    known: dict[str, Any] = {
        node.name: array for node, array in sample.values.items() if isinstance(node, Var)
    }
    for letter, end in ends.items():
        known[letter] = range(1, end + 1)
        last = names.forward.last[letter].letter
        if last:
            known[last] = end
    for place, entry in moments.entries.items():
        known[names.forward.names[place]] = _series(found[entry.stacked], entry)
    for entry in moments.entries.values():
        moved = shifted(entry)
        if moved is not None:
            name = names.forward.sequence_name(moved[0], entry)
            known[name] = _series(sample.values[moved[0]], entry)
    for state in moments.states:
        time = ends[state.letter] + 1 if state.backwards else 0
        known[names.forward.names[state.before]] = Series({time: before[state.before]})
    return known | _blocks(names, known, sample.dims)


def _series(values: Any, entry: Entry) -> Series:
    """The entries of a sequence by their times."""
    return Series(dict(enumerate(np.moveaxis(np.asarray(values), entry.axis, 0), 1)))


def _has_values(
    formula: Formula,
    exact: Array,
    entry: Entry | None,
    names: Mapping[str, Any],
    dims: Mapping[sympy.Symbol, int],
) -> bool:
    """Whether a result has its exact value; that by an entry of a sequence at every time."""
    if entry is None:
        return _has_value(formula, exact, names, dims)
    return all(
        _has_value(formula, x, {**names, entry.letter: time}, dims)
        for time, x in enumerate(exact, 1)
    )


def carried_out(
    lines: Sequence[Equation],
    known: Mapping[str, Any],
    dims: Mapping[sympy.Symbol, int],
    shapes: Mapping[str, tuple[int, ...]] = MappingProxyType({}),
) -> dict[str, Any] | None:
    """The values of all names by the lines; None where a line does not hold or has no value.

    `known`: arrays by name, `Series` for sequences, the range of times for a letter such as t, a
    number for the last time T; `shapes`: of values whose line may be a mere 0. What is known and
    has a line is held against the line.
    """
    ranges = {all_times(name): one for name, one in known.items() if isinstance(one, range)}
    replay = _Replay({**known, **ranges}, dims, shapes)
    return replay.known if replay.run(lines) else None


def _defines(line: Equation) -> bool:
    """Whether a line gives the value of its left side."""
    left = line.left
    return isinstance(left, Entries) or (
        isinstance(left, Name) and not any(isinstance(f, OrderedProduct) for f in walk(line.right))
    )


def _holds(line: Equation, names: Mapping[str, Any], dims: Mapping[sympy.Symbol, int]) -> bool:
    """Whether both sides of a line have the same value at all its times; a derivative has none."""
    if isinstance(line.left, Derivative) or line.span is None:
        return isinstance(line.left, Derivative)
    first, last = (
        (names[time.letter] if time.letter else 0) + time.offset
        for time in (line.span.first, line.span.last)
    )
    for time in range(min(first, last), max(first, last) + 1):
        now = {**names, line.span.letter: time}
        try:
            left, right = (value(side, now, dims) for side in (line.left, line.right))
        except (SymgraphError, ValueError, TypeError):
            return False
        if not _agree(right, left, line.left.sort):
            return False
    return True


def _start(state: State) -> Node:
    """What a state starts from, in the graph with whole sequences."""
    _, _, scan, k = state.before.params
    start: Node = scan.args[k]
    return start


def _whole(entries: Iterable[Entry], found: Mapping[Node, Any]) -> dict[str, Array]:
    """The given sequences by their own names, times along the first axis."""
    return {
        bare(one.stacked).name: np.moveaxis(np.asarray(found[one.stacked]), one.axis, 0)
        for one in entries
        if isinstance(bare(one.stacked), Var)
    }


def _blocks(
    names: LoopNaming, known: Mapping[str, Any], dims: Mapping[sympy.Symbol, int]
) -> dict[str, Array]:
    """The parts of the matrices that multiply joined vectors."""
    found: dict[str, Array] = {}
    for (matrix, across, _), block in names.forward.blocks.items():
        at = 0
        for name, size in zip(block.names, block.sizes, strict=True):
            stop = at + bind_dim(size, dims)
            whole = np.asarray(known[matrix])
            found[name.name] = whole[..., at:stop] if across else whole[at:stop]
            at = stop
    return found


class _Replay:
    """Values of names, and of sequences by time; what is known already is held against the line."""

    def __init__(
        self,
        known: dict[str, Any],
        dims: Mapping[sympy.Symbol, int],
        shapes: Mapping[str, tuple[int, ...]],
    ) -> None:
        self.known = known
        self._shapes = shapes
        self._dims = dims
        self._sound = True

    def run(self, lines: Sequence[Equation]) -> bool:
        """Carry out the lines for all times, upwards and downwards until nothing is left."""
        pending = [task for line in lines for task in self._tasks(line)]
        downwards = False
        while pending and self._sound:
            pending.sort(key=lambda task: -task[1] if downwards else task[1])
            left = [task for task in pending if not self._carried_out(*task)]
            if len(left) == len(pending) and downwards:
                return False
            pending, downwards = left, not downwards
        return self._sound

    def _tasks(self, line: Equation) -> list[tuple[Equation, int]]:
        """The line for each time for which it holds; 0 where it has none."""
        left = line.left
        lists = isinstance(left, Entries) or isinstance(line.right, Entries)
        if lists or (isinstance(line.right, Side) and not isinstance(left, Timed)):
            parts = line.right.items if isinstance(line.right, Side) else ()
            if lists or all(isinstance(one, Name) and one.name in self.known for one in parts):
                return []  # their values are given
        letter = left.at.letter if isinstance(left, Timed) else ""
        times = self.known.get(letter)
        if not isinstance(times, range):
            return [(line, 0)]
        if line.span is not None:
            ends = [self._number(time) for time in (line.span.first, line.span.last)]
            times = range(min(ends), max(ends) + 1)
        return [(line, time) for time in times]

    def _number(self, time: Moment) -> int:
        return int(self.known[time.letter]) + time.offset if time.letter else time.offset

    def _carried_out(self, line: Equation, time: int) -> bool:
        """Whether the value of a line's left side is known now."""
        left = line.left
        assert isinstance(left, Name)
        names = self.known
        if isinstance(left, Timed) and isinstance(self.known.get(left.at.letter), range):
            names = {**self.known, left.at.letter: time}
        try:
            found = value(line.right, names, self._dims)
        except UnknownNameError:
            return False
        except (SymgraphError, ValueError, TypeError):
            self._sound = False
            return True
        self._store(left, time, found)
        return True

    def _store(self, left: Name, time: int, found: Array) -> None:
        shape = self._shapes.get(left.name, ())
        if found.ndim == 0 and shape:
            found = np.full(shape, found)
        if not isinstance(left, Timed):
            if left.name in self.known:
                self._sound &= _agree(found, self.known[left.name], left.sort)
            else:
                self.known[left.name] = found
            return
        general = isinstance(self.known.get(left.at.letter), range)
        at = time + left.at.offset if general else self._number(left.at)
        entries = self.known.setdefault(left.name, Series({})).entries
        if at in entries:
            self._sound &= _agree(found, entries[at], left.sort)
        else:
            entries[at] = found


def _has_value(
    formula: Formula, wanted: Array, names: Mapping[str, Any], dims: Mapping[sympy.Symbol, int]
) -> bool:
    try:
        found = value(formula, names, dims)
    except (SymgraphError, ValueError, TypeError):
        return False
    return _agree(found, wanted, formula.sort)


def _agree(found: Any, wanted: Any, sort: Sort) -> bool:
    if found is None or isinstance(wanted, (Series, range)):  # one name of two meanings
        return False
    exact = np.asarray(wanted, dtype=float)
    if exact.ndim == 1:
        exact = exact[None, :] if sort == "row" else exact[:, None]
    try:
        shown = np.broadcast_to(np.asarray(found, dtype=float), exact.shape)
    except ValueError:
        return False
    return bool(np.all(np.abs(shown - exact) <= TOLERANCE * (1 + np.max(np.abs(exact), initial=0))))
