"""The lines of a recurrence read back from what is printed, time by time.

What the names stand for comes from the lines carried out in numbers (`replay`), which were held
against the gradients of the graph. Here every line is read in all three styles and its sides are
compared at every time for which it is written down.
"""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from symgraph import readback
from symgraph.abstract import smooth_instances
from symgraph.errors import NameClashError, ProofError, SymgraphError
from symgraph.explain.derivation import Derivation, Equation, Step
from symgraph.explain.recurrences import LoopNaming
from symgraph.explain.replay import Replayed
from symgraph.notation.indexed import Array, Entry
from symgraph.notation.numeric import value
from symgraph.notation.sequences import Moment, OrderedProduct, OverTime, Series, Timed, at_moment
from symgraph.notation.tree import (
    Derivative,
    Formula,
    Name,
    Plain,
    Product,
    Transpose,
    Verbatim,
    walk,
)
from symgraph.notation.write import write
from symgraph.proving.agreement import SORTS, STYLES, UNREADABLE, agree, both, message
from symgraph.proving.callables import callables
from symgraph.readback.tree import Listed, Share
from symgraph.shapes import bind_shape

__all__ = ["TimedProof"]

Line = Equation | Step
Times = dict[str, int]
NO_POINT = "no point was found at which it can be computed"
NO_TIME = "there is no time between the first and the last"
#: Lines are held at so many of their times, those at both ends among them.
MOST_TIMES = 12


class TimedProof:
    """Called with a derivation, it gives the lines that could not be verified, with reasons.

    Raises ProofError for a line that is not true.
    """

    def __init__(self, replayed: Replayed, names: LoopNaming) -> None:
        self._replayed = replayed
        self._loop = names

    def __call__(self, derivation: Derivation) -> list[tuple[Line, str]]:
        lines = list(derivation.lines())
        if not self._replayed.sound or self._replayed.values is None:
            return [(line, NO_POINT) for line in lines]
        try:
            reading = _Reading(self._replayed, self._loop, derivation)
        except NameClashError as error:
            return [(line, str(error)) for line in lines]
        found = [(line, reading.reason(line)) for line in lines]
        return [(line, reason) for line, reason in found if reason is not None]


class _Reading:
    """One derivation as it is printed, with the values of its names and derivatives."""

    def __init__(self, replayed: Replayed, loop: LoopNaming, derivation: Derivation) -> None:
        assert replayed.values is not None
        self._numbers = replayed.values
        self._labels = loop.labels
        self._dims = replayed.dims
        self._spelling = derivation.spelling
        self._ranges = {
            letter: one for letter, one in self._numbers.items() if isinstance(one, range)
        }
        self._last = {
            one.letter: len(self._ranges[letter])
            for letter, one in loop.forward.last.items()
            if one.letter and letter in self._ranges
        }
        self._names = readback.Names(
            {
                **_sizes(replayed),
                **callables(list(derivation.formulas()), seed=0),
                **_entries(derivation, replayed),
            },
            {},
            {letter: (times.start, times.stop - 1) for letter, times in self._ranges.items()},
        )
        self._values: dict[Formula, readback.Given] = {}
        self._keyed: dict[Formula, list[tuple[str, str]]] = {}
        self._results(derivation.results, replayed)
        self._named(loop)
        for line in derivation.lines():
            self._define(line)
        self._add_shares(derivation.steps)

    # --- derivatives --------------------------------------------------------------------------

    def _results(self, results: Sequence[Equation], replayed: Replayed) -> None:
        """The derivatives that are asked for, from the graph."""
        for line, each in zip(results, replayed.gradients, strict=True):
            label = line.left
            assert isinstance(label, Derivative)
            if line.span is None:
                self._know(label, {}, each)
                continue
            for time, array in enumerate(each, 1):
                self._know(label, {line.span.letter: time}, array)

    def _know(self, label: Derivative, times: Times, array: Any) -> None:
        """The derivative has this value, which lies like its variable; what is known stays."""
        plain = dataclasses.replace(label, turned=False)
        self._values.setdefault(self._at(plain, times), _given(array, SORTS[plain.sort]))

    def _known(self, label: Derivative, times: Times) -> readback.Given | None:
        """The value of a derivative as it lies on the page."""
        found = self._values.get(self._at(dataclasses.replace(label, turned=False), times))
        if found is None or not label.turned:
            return found
        array = found.array.T if found.sort == "matrix" else found.array
        return readback.Given(array, SORTS[label.sort])

    def _named(self, loop: LoopNaming) -> None:
        """The derivatives with short names, δ_t = dE/dnet_t."""
        for node, name in loop.named.items():
            series = self._numbers.get(name.name)
            letter = loop.forward.clock.get(node)
            label = loop.derivative_by(node)
            if not isinstance(series, Series) or letter is None:
                continue
            for time, array in series.entries.items():
                signed = -np.asarray(array) if loop.is_minus(name) else array
                self._know(label, {letter: time}, signed)

    def _define(self, line: Line) -> None:
        """A derivative that nothing else gives a value is what its own line says, in numbers."""
        label = _label_of(line)
        if label is None or (isinstance(line, Step) and line.through is not None):
            return
        for times in self._times(line, ends=True):
            if self._known(label, times) is None:
                found = self._computed(line, times)
                if found is not None:
                    self._know(label, times, found)

    def _add_shares(self, steps: Sequence[Step]) -> None:
        """A derivative that no line has as a whole, such as that by s_0, is the sum of its shares.

        What comes from a later time has two lines: one of that time and one of this.
        """
        sums: dict[Formula, tuple[Derivative, Any]] = {}
        for step in steps:
            label = _label_of(step)
            if step.through is None or label is None or step.rule == "loop":
                continue
            for times in self._times(step, ends=True):
                found = self._computed(step, times)
                if self._known(label, times) is None and found is not None:
                    here = self._at(label, times)
                    assert isinstance(here, Derivative)
                    sums[here] = (here, sums[here][1] + found if here in sums else found)
        for label, total in sums.values():
            self._know(label, {}, total)

    def _computed(self, line: Line, times: Times) -> NDArray[Any] | None:
        """The value that a line gives to its derivative, lying like the variable."""
        right = line.after if isinstance(line, Step) else line.right
        names = {**self._numbers, **times}
        try:
            with smooth_instances(seed=0):
                found = np.asarray(value(right, names, self._dims))
        except (SymgraphError, ValueError, TypeError):
            return None
        target, label = line.stated, _label_of(line)
        turned = label is not None and label.turned
        if isinstance(target, Product):
            found = found / float(target.coefficient)
            (target,) = target.factors
        if label is not None and found.ndim == 0 and self._labels.get(label.by):  # dL/dX = 1
            (node, *_) = self._labels[label.by]
            return np.broadcast_to(found, bind_shape(node.shape, self._dims))
        return found.T if turned != isinstance(target, Transpose) else found

    def _at(self, formula: Formula, times: Times) -> Formula:
        """The formula with numbers for its times."""
        for letter, number in {**self._last, **times}.items():
            formula = at_moment(formula, letter, Moment("", number))
        return formula

    def _derivatives(self, line: Line, times: Times) -> dict[tuple[str, str], Any]:
        """What the derivatives in a line stand for at one time."""
        found: dict[tuple[str, str], Any] = {}
        for label in _labels(line):
            known = self._known(label, times)
            if known is not None:
                found |= dict.fromkeys(self._keys(label), known)
        return found

    def _keys(self, label: Derivative) -> list[tuple[str, str]]:
        if label not in self._keyed:
            written = {
                (
                    write(label.of, style, spelling=self._spelling),
                    write(label.by, style, spelling=self._spelling),
                ): None
                for style in STYLES
            }
            self._keyed[label] = list(self._names.keyed(written))
        return self._keyed[label]

    # --- times --------------------------------------------------------------------------------

    def _times(
        self, line: Line, span: tuple[str, Sequence[int]] | None = None, ends: bool = False
    ) -> list[Times]:
        """The times for which a line is written down, each letter with its number.

        An equation holds at all times unless it says for which (`span`); a step is one of a general
        time, which is neither the first nor the last, unless these are asked for (`ends`).
        """
        if span is None and isinstance(line, Equation) and line.span is not None:
            first, last = (self._number(one) for one in (line.span.first, line.span.last))
            span = (line.span.letter, range(min(first, last), max(first, last) + 1))
        every = {**self._ranges, **({} if span is None else dict([span]))}
        letters = sorted(set().union(*map(_free_times, _formulas(line))) & set(every))
        middle = isinstance(line, Step) and not ends
        ranges = [
            every[letter][1:-1] if middle and len(every[letter]) > 2 else every[letter]
            for letter in letters
        ]
        return [dict(zip(letters, choice, strict=True)) for choice in itertools.product(*ranges)]

    def _number(self, time: Moment) -> int:
        return (int(self._numbers[time.letter]) if time.letter else 0) + time.offset

    # --- lines --------------------------------------------------------------------------------

    def reason(self, line: Line) -> str | None:
        """Why a line cannot be verified, None when it holds."""
        if any(isinstance(one, (Plain, Verbatim)) for f in _formulas(line) for one in walk(f)):
            return UNREADABLE
        if not self._times(line):
            return NO_TIME
        keys = {key for label in _labels(line) for key in self._keys(label)}
        names = self._names.with_values(
            self._names.values, dict.fromkeys(keys, 0.0), self._names.ranges
        )
        statements: dict[readback.Statement, str] = {}
        for style in STYLES:
            written = line.written(style)
            try:
                statements.setdefault(readback.read(written, style, names), written)
            except readback.ReadError:
                return UNREADABLE
        reasons = [self._failing(line, *one) for one in statements.items()]
        return next((reason for reason in reasons if reason is not None), None)

    def _failing(self, line: Line, statement: readback.Statement, written: str) -> str | None:
        """Why a line has no value. Raises ProofError where it is not true at one of its times."""
        wrong: list[readback.MeaningError] = []
        every: list[Times] = []
        try:
            every = _thinned(self._written_times(line, statement))
            for times in every:
                try:
                    self._hold(line, statement, times)
                except readback.Undetermined as error:
                    return str(error)
                except readback.MeaningError as error:
                    wrong.append(error)
        except readback.MeaningError as error:
            wrong = [error]
        if not wrong or (len(wrong) < len(every) and self._is_of_an_end(line, every)):
            return None
        raise ProofError(message(written, str(wrong[0])), line) from wrong[0]

    def _is_of_an_end(self, line: Line, times: Sequence[Times]) -> bool:
        """Whether a step is one of the first or of the last of only two times."""
        letters = times[0]
        return isinstance(line, Step) and any(len(self._ranges[one]) == 2 for one in letters)

    def _written_times(self, line: Line, statement: readback.Statement) -> list[Times]:
        """The times that are printed behind a line. Raises MeaningError where others are meant."""
        meant = self._times(line)
        if statement.span is None:
            if isinstance(line, Equation) and line.span is not None:
                raise readback.MeaningError("the times for which it holds are missing")
            return meant
        letter = statement.span.letter
        times = sorted(map(int, readback.steps_of(statement.span.values, self._names)))
        if times != sorted({one[letter] for one in meant if letter in one}):
            raise readback.MeaningError(f"it does not hold for just these {letter}")
        return self._times(line, (letter, times))

    def _hold(self, line: Line, statement: readback.Statement, times: Times) -> None:
        """Compare all sides at one time. Raises MeaningError where they differ."""
        known = self._derivatives(line, times)
        label = _label_of(line)
        if isinstance(line, Step) and line.through is not None and label is not None:
            share = self._computed(line, times)
            if share is not None:  # a part of the derivative, called like the whole
                turned = share.T if label.turned else share
                own = _given(turned, SORTS[label.sort])
                known |= dict.fromkeys(self._keys(label), own)
        names = self._names.with_values(self._names.values, known, self._names.ranges)
        letters: dict[str, Any] = dict(times)
        if any(isinstance(one, Array) for side in _formulas(line) for one in walk(side)):
            places = readback.free_letters(list(statement.sides), names)
            letters |= {letter: at for letter, at in places.items() if letter not in times}
        first, *others = statement.sides
        first = first.x if isinstance(first, Share) else first
        reference = readback.meaning(first, names, letters)
        for side in others:
            shown = readback.meaning(side, names, letters)
            # An array of all times lies as it likes.
            if not agree(reference, shown, side, lenient=isinstance(side, Listed)):
                raise readback.MeaningError(both(reference, shown))


def _thinned(times: list[Times]) -> list[Times]:
    if len(times) <= MOST_TIMES:
        return times
    return [times[int(k)] for k in np.linspace(0, len(times) - 1, MOST_TIMES)]


def _formulas(line: Line) -> list[Formula]:
    if isinstance(line, Equation):
        return [line.left, line.right]
    named = [] if line.name is None else [line.name]
    return [*named, line.target, line.before, line.after]


def _labels(line: Line) -> set[Derivative]:
    """The derivatives that are written in a line."""
    every = (one for side in _formulas(line) for one in walk(side))
    return {_whole(one) for one in every if isinstance(one, Derivative)}


def _whole(label: Derivative) -> Derivative:
    """The derivative by an array for that by one of its entries."""
    by = label.by
    return dataclasses.replace(label, by=by.base) if isinstance(by, Entry) else label


def _label_of(line: Line) -> Derivative | None:
    """The derivative that a line is about; it may be transposed, and -1 may stand before it."""
    stated = line.stated
    if isinstance(stated, Product) and len(stated.factors) == 1:
        (stated,) = stated.factors
    if isinstance(stated, Transpose):
        stated = stated.x
    return stated if isinstance(stated, Derivative) else None


def _free_times(formula: Formula) -> set[str]:
    """The letters of times that no sum runs through."""
    if isinstance(formula, (OverTime, OrderedProduct)):
        inside = _free_times(formula.x) - {formula.letter}
        ends = (formula.start, formula.stop) if isinstance(formula, OrderedProduct) else ()
        return inside | {one.letter for one in ends if one.letter}
    if isinstance(formula, Timed):
        return {formula.at.letter} if formula.at.letter else set()
    return set().union(*map(_free_times, formula.parts))


def _sizes(replayed: Replayed) -> dict[str, Any]:
    return {str(symbol): readback.Given.of(n) for symbol, n in replayed.dims.items()}


def _entries(derivation: Derivation, replayed: Replayed) -> dict[str, Any]:
    """The values of all names, sequences as such."""
    assert replayed.values is not None
    sorts = {
        one.name: SORTS[one.sort]
        for formula in derivation.formulas()
        for one in walk(formula)
        if isinstance(one, Name)
    }
    found: dict[str, Any] = {}
    for name, one in replayed.values.items():
        if isinstance(one, Series):
            found[name] = _sequence(one, sorts.get(name, "tensor"))
        elif not isinstance(one, range):
            found[name] = _given(replayed.whole.get(name, one), sorts.get(name))
    return found


def _sequence(series: Series, sort: readback.Sort) -> readback.Sequence:
    """All times from the first to the last."""
    times = sorted(series.entries)
    arrays = [np.asarray(_given(series.entries[time], sort).array) for time in times]
    shape = max((one.shape for one in arrays), key=lambda one: (len(one), one), default=())
    whole = [np.broadcast_to(one, shape) for one in arrays]  # a start may be a mere 0
    return readback.Sequence(np.array(whole), sort, times[0] if times else 1)


def _given(array: Any, sort: readback.Sort | None) -> readback.Given:
    """An array with the axes that its sort has."""
    found = np.asarray(array)
    if sort == "number":
        found = found.reshape(())
    elif sort in ("column", "row"):
        found = found.reshape(-1)
    return readback.Given(found, sort) if sort else readback.Given.of(found)
