"""Every line of a derivation read back from what is printed and held against the graph.

The sides of a line are read in all three styles and computed at random points from the values that
the graph gives to the names in them. Sides that differ are a mistake of symgraph: ProofError. A
line that cannot be read back, or has no value, is told to be unverified, with the reason.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from symgraph import readback
from symgraph.errors import NameClashError, ProofError, SymgraphError
from symgraph.explain.derivation import Derivation, Equation, Step
from symgraph.explain.laid import Lie, defined, in_order_of_base, laid, whole
from symgraph.explain.naming import Naming
from symgraph.explain.points import Point, points
from symgraph.node import Node
from symgraph.notation.indexed import Array, Entry, Index
from symgraph.notation.tree import (
    Derivative,
    Formula,
    Name,
    Plain,
    SecondDerivative,
    Sort,
    Verbatim,
    flipped,
    walk,
)
from symgraph.notation.write import write
from symgraph.ops.sweep import Adjoints
from symgraph.printing import Style
from symgraph.proving.agreement import SORTS, STYLES, UNREADABLE, agree, both, entries_of, message
from symgraph.proving.callables import callables
from symgraph.readback.tree import Entries, Share

__all__ = ["Proof"]

Line = Equation | Step
Derivatives = dict[tuple[str, str], Any]
#: Of a letter that stands for all places of an axis so many are tried.
MOST_PLACES = 4

#: Only so much of a derivation is read back.
MOST_LETTERS = 40_000
TOO_LONG = "the derivation is too long to be read back as a whole"


class _Written(NamedTuple):
    """A derivative as it is written in each style, how it lies, and its node."""

    keys: list[tuple[str, str]]
    lie: Lie
    node: Node


class _Station(NamedTuple):
    """What names and derivatives stand for at one point.

    `others`: what derivatives may stand for where their names are not clear.
    """

    point: Point
    values: dict[str, Any]
    derivatives: Derivatives
    others: list[Derivatives]


@dataclass
class Proof:
    """What the names of one derivation stand for at random points.

    Called with a derivation, it gives the lines that could not be verified, with reasons.
    Raises ProofError for a line that is not true.
    """

    naming: Naming
    found: Adjoints
    gradients: Sequence[Node]
    _points: list[Point] = field(default_factory=list)
    _failure: str = ""

    def __call__(self, derivation: Derivation) -> list[tuple[Line, str]]:
        lines = list(derivation.lines())
        if not self._points and not self._failure:
            wanted = [line.value for line in lines if line.value is not None]
            try:
                self._points = list(points(self.naming, self.found, self.gradients, wanted))
            except SymgraphError as error:
                self._failure = f"no point was found at which it can be computed ({error})"
        if self._failure:
            return [(line, self._failure) for line in lines]
        try:
            return _Reading(self.naming, self.found, self._points, derivation).unverified()
        except NameClashError as error:
            return [(line, str(error)) for line in lines]


class _Reading:
    """One derivation as it is printed, against its points."""

    def __init__(
        self, naming: Naming, found: Adjoints, at: Sequence[Point], derivation: Derivation
    ) -> None:
        self._naming = naming
        self._found = found
        self._points = at
        self._lines = list(derivation.lines())
        self._spelling = derivation.spelling
        self._named = _named_nodes(naming)
        formulas = list(derivation.formulas())
        self._cut = [
            one.left.name
            for one in (*derivation.given, *derivation.names)
            if isinstance(one.left, Name) and one.left.name not in self._named
        ]
        self._labels = self._written_labels(formulas)
        self._lenient = any(1 in node.shape for node in naming.forward.order)
        self._stations = [self._station(point, formulas) for point in at]
        known = self._with_entries(dict.fromkeys(self._cut, 0.0)) | self._stations[0].values
        names = self._names = readback.Names(
            known, self._stations[0].derivatives, from_one=self._spelling.subscripts
        )
        self._stations = [
            station._replace(
                derivatives=names.keyed(station.derivatives),
                others=[names.keyed(one) for one in station.others],
            )
            for station in self._stations
        ]

    # --- what names and derivatives stand for -------------------------------------------------

    def _station(self, point: Point, formulas: Sequence[Formula]) -> _Station:
        sizes = {str(symbol): readback.Given.of(n) for symbol, n in point.dims.items()}
        return _Station(
            point,
            {**sizes, **callables(formulas, point.seed), **self._given(point)},
            self._results(point) | self._given_labels(point),
            self._other_readings(point),
        )

    def _given(self, point: Point) -> dict[str, Any]:
        """The arrays behind the names."""
        found = {
            name.name: readback.Given(np.asarray(point.values[node]), SORTS[name.sort])
            for name, node in self._named.values()
            if node in point.values and not node.is_loop
        } | {
            name.name: readback.Given(np.asarray(point.values[place]), SORTS[name.sort])
            for name, place, _ in self._naming.places
        }
        return self._with_entries(found)

    def _with_entries(self, values: dict[str, Any]) -> dict[str, Any]:
        """In indexed scalars arrays also by the names that their entries have."""
        if not self._spelling.subscripts:
            return values
        return {entries_of(name, self._spelling.lowered): x for name, x in values.items()} | values

    def _written_labels(self, formulas: Sequence[Formula]) -> list[_Written]:
        """Each derivative that has a value, as it is written in each style."""
        used = [whole(one) for f in formulas for one in walk(f) if isinstance(one, Derivative)]
        found: list[_Written] = []
        for one in dict.fromkeys(used):
            nodes = self._naming.labels.get(one.by, [])
            values = [self._found.cotangent[n] for n in nodes if n in self._found.cotangent]
            if values:
                found.append(_Written(self._keys(one), self._lies(one), values[0]))
        return found

    def _lies(self, label: Derivative) -> Lie:
        """Like its variable, or the other way round in numerator layout."""
        nodes = self._naming.labels.get(label.by)
        sort = self._naming.forward.sort(nodes[0]) if nodes else label.by.sort
        lies = flipped(sort) if label.turned else sort
        return Lie(lies, label.turned and sort == "matrix", sort != label.by.sort)

    def _keys(self, label: Derivative) -> list[tuple[str, str]]:
        parts, spelling = (label.of, label.by), self._spelling
        written = [[write(f, style, spelling=spelling) for f in parts] for style in STYLES]
        keys = dict.fromkeys((of, variable) for of, variable in written)
        if spelling.subscripts and isinstance(label.by, Name):
            name = entries_of(label.by.name, spelling.lowered)
            whole = [of for of, _ in keys]
            if isinstance(label.of, Name):
                whole.append(entries_of(label.of.name, spelling.lowered))
            keys |= {(of, name): None for of in whole}
        return list(keys)

    def _results(self, point: Point) -> Derivatives:
        """The derivatives that are wanted; on the way to a Jacobian nothing else has a value."""
        found: Derivatives = {}
        for line in self._lines:
            if line.value is not None and isinstance(line.stated, Derivative):
                value = self._laid_alone(point.values[line.value], line.stated)
                if isinstance(line, Equation):
                    found |= dict.fromkeys(self._keys(line.stated), value)
        return found

    def _given_labels(self, point: Point, turned: bool = False) -> Derivatives:
        """The derivatives with values.

        `turned` are vectors that lie as their formula says and not as their value does.
        """
        found: Derivatives = {}
        for keys, lie, node in self._labels:
            sort = flipped(lie.sort) if turned and lie.either else lie.sort
            found |= dict.fromkeys(keys, laid(point.values[node], lie._replace(sort=sort)))
        return found

    def _other_readings(self, point: Point) -> list[Derivatives]:
        """What the derivatives may stand for where it is not clear how they lie."""
        unclear = any(lie.either for _, lie, _ in self._labels)
        return [self._given_labels(point, turned=True)] if unclear else []

    # --- lines --------------------------------------------------------------------------------

    def unverified(self) -> list[tuple[Line, str]]:
        """The lines that nothing can be said of."""
        found: list[tuple[Line, str]] = []
        letters = 0
        for line in self._lines:
            letters += len(line.written("text"))
            reason = TOO_LONG if letters > MOST_LETTERS else self._reason(line)
            if reason is not None:
                found.append((line, reason))
        return found

    def _reason(self, line: Line) -> str | None:
        """Why a line cannot be verified, None when it holds."""
        if any(isinstance(one, (Plain, Verbatim)) for one in _walked(line)):
            return UNREADABLE
        statements: list[tuple[str, readback.Statement]] = []
        for style in STYLES:
            written = self._written(line, style)
            if any(written == other for other, _ in statements):
                continue
            try:
                statement = readback.read(written, style, self._names)
            except readback.ReadError:
                if self._last_side_is_read(line, style):
                    continue
                return UNREADABLE
            if all(statement != other for _, other in statements):
                statements.append((written, statement))
        reasons = [self._failing(line, *one) for one in statements]
        return next((reason for reason in reasons if reason is not None), None)

    def _written(self, line: Line, style: Style) -> str:
        """What is read; a second derivative is no formula, and its name is left out."""
        if isinstance(line.stated, SecondDerivative) and isinstance(line, Equation):
            return write(line.sides[1], style, spelling=self._spelling)
        return line.written(style)

    def _failing(self, line: Line, written: str, statement: readback.Statement) -> str | None:
        """Why a line has no value at any point. Raises ProofError where it is not true."""
        reason: str | None = None
        held = False
        for station in self._stations:
            try:
                self._hold(line, statement, station, station.derivatives)
                held = True
            except readback.Undetermined as error:
                reason = str(error)
                held |= self._last_side_holds(line, statement, station)
            except readback.MeaningError as error:
                if self._holds_otherwise(line, statement, station):
                    held = True
                elif station.point.is_steady():
                    raise ProofError(message(written, str(error)), line) from error
        return None if held else reason or "its value is not finite"

    def _last_side_is_read(self, line: Line, style: Style) -> bool:
        """Whether at least the last side of a line by entries can be read, and holds."""
        if not self._spelling.subscripts:
            return False
        try:
            written = write(line.sides[-1], style, spelling=self._spelling)
            statement = readback.read(written, style, self._names)
        except readback.ReadError:
            return False
        return any(self._last_side_holds(line, statement, one) for one in self._stations)

    def _last_side_holds(
        self, line: Line, statement: readback.Statement, station: _Station
    ) -> bool:
        """Whether the last side has the value of its line, by its entries.

        dE/d(y_i − d_i) is no name with indices, so that nothing can be looked up for it.
        """
        label = next((one for one in walk(line.stated) if isinstance(one, Derivative)), None)
        nodes = [] if label is None else self._naming.entries.get(label.by, [])
        found = [self._found.cotangent[n] for n in nodes if n in self._found.cotangent]
        value = line.value if _is_share(line) else found[0] if len(found) == 1 else None
        if not self._spelling.subscripts or value is None:
            return False
        indices = line.stated.indices if isinstance(line.stated, Array) else ()
        array = np.asarray(station.point.values[value])
        array = array if array.ndim == len(indices) else array.squeeze()
        if array.ndim != len(indices):
            return False
        letters = {one.letter: np.arange(n) for one, n in zip(indices, array.shape, strict=True)}
        names = self._names.with_values(station.values, station.derivatives, {})
        try:
            shown = readback.meaning(statement.sides[-1], names, letters)
        except readback.MeaningError:
            return False
        reference = readback.Value("number", array.T)
        return agree(reference, shown, statement.sides[-1], self._lenient)

    def _holds_otherwise(
        self, line: Line, statement: readback.Statement, station: _Station
    ) -> bool:
        """Whether a line holds when unclear derivatives are read in another way.

        Or when zeros have no sign: -n is -0 for a real n, and 0 for the whole number that it is.
        """
        unsigned = station._replace(values={**station.values, "arctan2": _angle})
        ways = [(station, one) for one in station.others] + [(unsigned, station.derivatives)]
        for there, derivatives in ways:
            try:
                self._hold(line, statement, there, derivatives)
            except readback.MeaningError:
                continue
            return True
        return False

    def _own(self, line: Line, point: Point, derivatives: Derivatives) -> Derivatives:
        """The derivatives, with the one that this line is about as the line means it."""
        if line.value is None:
            return derivatives
        labels = [one for one in walk(line.stated) if isinstance(one, Derivative)]
        if not labels:
            return derivatives
        label, array = whole(labels[0]), np.asarray(point.values[line.value])
        array = in_order_of_base(labels[0].by, array)
        if label != labels[0] and label.by.sort in ("column", "row"):
            array = array.reshape(-1)
        value = self._laid_alone(array, label)
        return derivatives | self._names.keyed(dict.fromkeys(self._keys(label), value))

    def _named_places(self, line: Line, station: _Station) -> dict[str, NDArray[Any]]:
        """The letters of an entry of a second derivative, with all their values."""
        if not isinstance(line.stated, SecondDerivative) or line.value is None:
            return {}
        entries = [one for one in walk(line.sides[0]) if isinstance(one, Entry)]
        letters = [at.letter for one in entries for at in one.at if isinstance(at, Index)]
        sizes = np.shape(station.point.values[line.value])
        if len(letters) != len(sizes):
            return {}
        return {one: np.arange(size) for one, size in zip(letters, sizes, strict=True)}

    def _curvature(
        self, line: Line, station: _Station, letters: Sequence[str]
    ) -> readback.Value | readback.Open:
        """A second derivative: whole, or with its axes as letters have them, the last first."""
        assert line.value is not None
        array = np.asarray(station.point.values[line.value])
        if letters:
            return readback.Value("number", array.T)
        return readback.laid(self._laid_alone(array, line.stated.sort))

    def _laid_alone(self, array: Any, label: Derivative | Sort) -> readback.Given:
        """A derivative as the line that states it means it; a Jacobian is a matrix."""
        value = np.asarray(array)
        nodes = [] if isinstance(label, str) else self._naming.labels.get(label.by, [])
        axes = max((node.ndim for node in nodes), default=1)  # a row may have two
        if value.ndim > axes and (isinstance(label, str) or label.by.sort in ("column", "row")):
            return readback.Given(value, "matrix" if value.ndim == 2 else "tensor")
        if isinstance(label, str):
            return laid(value, Lie(label, False, False))
        lie = self._lies(label)
        if value.ndim == 1 and lie.sort == "scalar":  # of a vector by a number
            lie = lie._replace(sort=label.sort)
        return laid(value, lie)

    def _define(
        self, line: Line, statement: readback.Statement, names: readback.Names, station: _Station
    ) -> None:
        """A name that stands for nothing but its own definition gets the value of that."""
        left = line.left if isinstance(line, Equation) else line.name
        values = station.values
        if isinstance(left, Name) and left.name in self._cut and left.name not in values:
            values |= self._with_entries({left.name: defined(line, statement.sides[-1], names)})
        target = line.stated
        if line.value is None and isinstance(target, Derivative) and not _is_share(line):
            keys = self._keys(whole(target))
            kept = names.with_values(values, station.derivatives, {})
            if not any(kept.stands_for(*key) for key in keys):
                found = readback.meaning(statement.sides[-1], names)
                station.derivatives.update(names.keyed(dict.fromkeys(keys, found)))

    def _hold(
        self,
        line: Line,
        statement: readback.Statement,
        station: _Station,
        derivatives: Derivatives,
    ) -> None:
        """Compare all sides, for all values of free letters.

        Raises MeaningError where they differ.
        """
        own = self._own(line, station.point, derivatives)
        names = self._names.with_values(station.values, own, {})
        self._define(line, statement, names, station)
        names = names.with_values(station.values, own, {})
        for letters in _choices(statement, names, self._named_places(line, station), self._lenient):
            first, *others = statement.sides
            if isinstance(line.stated, SecondDerivative) and line.value is not None:
                reference, others = self._curvature(line, station, list(letters)), [first]
            else:
                first = first.x if isinstance(first, Share) else first
                reference = readback.meaning(first, names, letters)
            for side in others:
                shown = readback.meaning(side, names, letters)
                defines = isinstance(line, Equation) and isinstance(line.left, Name)
                if agree(reference, shown, side, self._lenient):
                    continue
                if defines and agree(reference, shown, side, lenient=True):
                    raise readback.Undetermined("a row stands where a column is meant")
                raise readback.MeaningError(both(reference, shown))


def _angle(y: NDArray[Any], x: NDArray[Any]) -> NDArray[Any]:
    return np.asarray(np.arctan2(y + 0.0, x + 0.0))


def _is_share(line: Line) -> bool:
    return isinstance(line, Step) and line.through is not None


def _named_nodes(naming: Naming) -> dict[str, tuple[Name, Node]]:
    """The user's own names and those of long values."""
    found: dict[str, tuple[Name, Node]] = {}
    for node in naming.forward.names:
        name = naming.forward.name(node)
        if name is not None:
            found.setdefault(name.name, (name, node))
    found |= {name.name: (name, node) for name, node in naming.auxiliary}
    found[naming.root_name.name] = (naming.root_name, naming.root)
    places = {name.name: (name, place) for name, place, _ in naming.places}
    return found | places


def _walked(line: Line) -> Iterator[Formula]:
    sides = line.sides if isinstance(line, Equation) else (line.target, line.before, line.after)
    for side in sides:
        yield from walk(side)


def _choices(
    statement: readback.Statement,
    names: readback.Names,
    places: dict[str, NDArray[Any]],
    lenient: bool,
) -> Iterator[dict[str, Any]]:
    """What the free letters of a line stand for, one choice after the other."""
    letters = dict(places)
    if lenient:  # an axis of one entry may have lost its index on the left
        loose = set().union(*(readback.unbound(side, names) for side in statement.sides))
        letters |= {letter: np.asarray(0) for letter in loose - set(letters)}
    sides = [side.x if isinstance(side, Share) else side for side in statement.sides]
    if any(isinstance(side, Entries) for side in sides):
        free = readback.free_letters(sides, names)
        span = statement.span
        letters |= {
            letter: _thinned(values)
            for letter, values in free.items()
            if span is None or letter != span.letter
        }
    if statement.span is None:
        yield dict(letters)
        return
    for value in readback.steps_of(statement.span.values, names):
        yield {**letters, statement.span.letter: value}


def _thinned(values: NDArray[Any]) -> NDArray[Any]:
    if len(values) <= MOST_PLACES:
        return values
    places = np.linspace(0, len(values) - 1, MOST_PLACES).astype(int)
    return np.asarray(values[places])
