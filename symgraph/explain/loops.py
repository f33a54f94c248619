"""Deriving through loops, as one step of the recurrence and its δ recursion."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Literal

import sympy

from symgraph.errors import UnsupportedError
from symgraph.explain.derivation import Derivation, Equation, Step
from symgraph.explain.naming import MOST_EDGES
from symgraph.explain.recurrences import Case, LoopNaming
from symgraph.explain.replay import replayed
from symgraph.explain.rules import Language
from symgraph.explain.steps import Steps
from symgraph.explain.through_time import jacobian_lines
from symgraph.explain.timed_proof import TimedProof
from symgraph.explain.unrolled import rolled_up
from symgraph.facts import Fact
from symgraph.node import Node
from symgraph.notation.algebra import Algebra
from symgraph.notation.forward import Forward
from symgraph.notation.indexed import Array as ByEntries
from symgraph.notation.moments import Each, End, Point
from symgraph.notation.orientation import Layout
from symgraph.notation.read import Reader
from symgraph.notation.readtime import MomentForward
from symgraph.notation.sequences import (
    Entries,
    Moment,
    Side,
    Span,
    Timed,
    at_moment,
    mentions,
    stem_of,
)
from symgraph.notation.tree import Derivative, Formula, Name, Number, Symbolic, walk
from symgraph.notation.unstack import Entry, Moments, State, listed, shifted, unstack
from symgraph.notation.write import write
from symgraph.ops import Fill, Let, Scan, Var
from symgraph.ops.let import bare, is_naming
from symgraph.shapes import Dim
from symgraph.walks import topological

__all__ = ["Recurrence", "last_times", "names_of", "recurrence"]

_LETTERS = "tkijlnm"


def recurrence(
    root: Node,
    sources: Sequence[Node],
    gradients: Sequence[Node],
    layout: Layout | None,
    sign: Literal[1, -1],
    facts: Sequence[Fact],
    through_time: bool = False,
    called: Mapping[str, str] = MappingProxyType({}),
) -> Recurrence | None:
    """The derivation of an expression with loops; None where it has no form with one general time.

    `called`: names for the derivatives by values within the loops.
    Formulas are held against the gradients at random values; where one fails there is no result.
    """
    order, looped = topological([root]), root
    if not any(isinstance(node, Scan) for node in order):
        rolled = None if facts else rolled_up(root, sources)
        if rolled is None:
            return None
        looped, sources = rolled
    taken = names_of(order)
    letters = [letter for letter in _LETTERS if letter not in taken]
    try:
        equal = [(fact.left, fact.right) for fact in facts if fact.right is not None]
        moments = unstack(looped, sources, letters, equal)
        lengths = set(moments.lengths.values())
        if 1 in lengths and len(lengths) > 1:  # no time is the general one of both
            raise UnsupportedError("a loop of a single time beside a longer one.")
        if len({bare(state.after) for state in moments.states}) < len(moments.states):
            raise UnsupportedError("two states with one next value: a derivative has no one name.")
        own = [_source(one, moments) for one in sources]
        forward = MomentForward(moments, last_times(moments, taken), layout)
        naming = LoopNaming(forward, own, sign, facts, called)
        made = Recurrence(naming, root, gradients, through_time)
    except UnsupportedError:
        return None
    return made if made.is_sound else None


def names_of(order: Sequence[Node]) -> set[str]:
    """All names in a graph and in the bodies of its loops."""
    found: set[str] = set()
    stack = [list(order)]
    while stack:
        for node in stack.pop():
            if isinstance(node, Var):
                found.add(node.name)
            elif isinstance(node, Let) and node.let_name:
                found.add(node.let_name)
            elif isinstance(node, Scan):
                stack.append(topological(node.body.nexts))
    return found


def _source(one: Node, moments: Moments) -> Node:
    """What stands for a value in the graph of one moment."""
    places = [place for place, entry in moments.entries.items() if entry.stacked is bare(one)]
    made = moments.settled.get(one) or moments.settled.get(bare(one))
    if len(places) + (made is not None) != 1:
        raise UnsupportedError("the derivative by a value that is used both whole and by time.")
    return places[0] if places else bare(made) if made is not None else one


def last_times(moments: Moments, taken: set[str]) -> dict[str, Moment]:
    """The last time of each letter: T, the name of a length, or a number."""
    found: dict[str, Moment] = {}
    used = set(taken)
    for letter, length in moments.lengths.items():
        own = length.name if isinstance(length, sympy.Symbol) else letter.upper()
        if own in used or (own == "I" and isinstance(length, int)):  # I is the identity
            if not isinstance(length, int):
                raise UnsupportedError(f"the length {length} has the name of a variable.")
            found[letter] = Moment("", length)
            continue
        used.add(own)
        found[letter] = Moment(own)
    return found


class Recurrence:
    """One derivation in the making.

    `is_sound`: whether nothing speaks against its lines, carried out in numbers.
    """

    def __init__(
        self,
        naming: LoopNaming,
        root: Node,
        gradients: Sequence[Node],
        through_time: bool = False,
    ) -> None:
        self._names = naming
        self._moments = naming.forward.moments
        naming.plan()
        self._found, lines = naming.sweep()
        self._results: list[Equation] = []
        for source in naming.sources:
            ct = self._found.cotangent.get(source)
            formula = Number(0) if ct is None else naming.fitted(ct, source)
            left = naming.derivative_by(source)
            self._results.append(Equation(left, formula, self._all_times(source)))
        self._defined = [Equation(line.name, line.formula, line.span) for line in lines]
        self._lines = list(self._given())
        entries = self._moments.entries
        stacked = {place: entries[place] for place in entries if place in naming.sources}
        further = [*jacobian_lines(naming, lines), *self._shares()] if through_time else []
        self._replayed = replayed(
            root,
            naming,
            [*self._lines, *self._defined, *further],
            self._results,
            gradients,
            stacked,
        )
        self._defined += further

    def _shares(self) -> Iterator[Equation]:
        """What each time gives to the derivative by a value that is the same at every time."""
        names = self._names
        for node, ct in names.through.items():
            source = bare(node)
            name = names.forward.name(source)
            if source not in names.sources or not isinstance(node, Each) or name is None:
                continue
            letter = str(node.params[2])
            left = Derivative(names.root_name, Timed(name.name, name.kind, Moment(letter)))
            span = Span(letter, Moment("", 1), names.forward.last[letter])
            yield Equation(left, names.fitted(ct, source), span)

    @property
    def is_sound(self) -> bool:
        """Whether no line failed."""
        return self._replayed.sound is not False

    def derivation(self, lang: Language) -> Derivation:
        """The lines and steps."""
        names = self._names
        small = len(self._found.contribution) <= MOST_EDGES
        return Derivation(
            root=names.root_name,
            wrt=tuple(names.reference(source) for source in names.sources),
            given=tuple(self._lines),
            assumed=tuple(names.assumed),
            steps=tuple(self._steps(self._results) if small else []),
            names=tuple(self._defined),
            results=tuple(self._results),
            lang=lang,
            proof=TimedProof(self._replayed, names),
        )

    def _steps(self, results: Sequence[Equation]) -> list[Step]:
        """The steps to the loops, those at their ends, those at a general time, the sums."""
        names = self._names
        if "only" in names.sweeps:
            steps = self._steps_of("only")
        else:
            steps = self._steps_of("general")
            place = next((k for k, one in enumerate(steps) if self._is_timed(one.target)), None)
            if place is not None:
                points = {self._names.derivative_by(point) for point in self._read_off()}
                here, rest = _leading_to(points, steps[place:])
                ends = [*self._at_end("last", steps), *self._at_end("first", steps)]
                steps = [*steps[:place], *here, *ends, *self._general(rest)]
        shared = {bare(node) for node in names.through if isinstance(node, Each)}
        steps += [
            Steps(names).over_time(source, one.right)
            for source, one in zip(names.sources, results, strict=True)
            if source in shared
        ]
        return _told_once(steps)

    def _general(self, steps: list[Step]) -> list[Step]:
        """Without those that hold at neither end, where there is no time between these."""
        if 2 not in self._moments.lengths.values():
            return steps
        held = {*self._steps_of("last"), *self._steps_of("first")}
        return [step for step in steps if step in held or not self._is_timed(step.target)]

    def _steps_of(self, case: Case) -> list[Step]:
        """One step an edge of the sweep for a general time or for one of the ends."""
        names, found = self._names, self._names.sweeps[case]
        further: dict[Node, list[Step]] = {}
        for state, share in self._from_later(case):
            ahead = Moment(state.letter, -1 if state.backwards else 1)
            through = at_moment(names.reference(state.after), state.letter, ahead)
            tail = bare(state.after)
            further[tail] = [Steps(names).from_later(tail, through, share)]
        reached = {bare(node.args[k]) for node, k in found.contribution if not is_naming(node)}
        alone = sum(tail not in reached for tail in further)
        every = Steps(names, further, self._partial(case)).of(found)
        steps = [self._whole(step) for step in every]
        parts = {names.derivative_by(node) for node in names.forward.shared}
        steps = [step for step in steps if step.rule != "selection" or step.target not in parts]
        first, rest = steps[:alone], steps[alone:]
        place = next((k for k, one in enumerate(rest) if self._is_timed(one.target)), len(rest))
        return [*rest[:place], *first, *rest[place:]]

    def _from_later(self, case: Case) -> Iterator[tuple[State, Formula]]:
        """The states that receive something from another time, and what."""
        for state, share in self._names.from_later.items():
            if case not in ("only", state.end):
                yield state, share

    def _whole(self, step: Step) -> Step:
        """The step without what has a form only entry by entry where the outcome has none."""
        plain = isinstance(step.before, ByEntries) and not isinstance(step.after, ByEntries)
        return dataclasses.replace(step, before=step.after) if plain else step

    def _partial(self, case: Case) -> list[Node]:
        """The values of which another time has the rest, or another use of the same time.

        States also reach the root at their own time; a start has none.
        """
        edges = self._names.sweeps["general"].contribution
        ahead = {bare(node.args[k]) for node, k in edges if not is_naming(node)}
        ends = {
            (bare(node.args[0]), node.end)
            for node, _ in self._found.contribution
            if isinstance(node, Point)
        }
        states = [
            bare(one.before)
            for one in self._moments.states
            if case in ("general", one.end)
            and (bare(one.after) in ahead or (bare(one.after), _other(one.end)) in ends)
        ]
        return [*states, *self._read_off()]

    def _read_off(self) -> Iterator[Point]:
        """The ends s_T of a recurrence that act on the root beside another use of that time."""
        sweeps = self._names.sweeps
        for point in dict.fromkeys(node for node, _ in self._found.contribution):
            if not isinstance(point, Point):
                continue
            case: Case = "only" if "only" in sweeps else point.end
            state = bare(point.args[0])
            edges = [(n, k) for n, k in sweeps[case].contribution if not is_naming(n)]
            ways = sum(bare(node.args[k]) is state for node, k in edges)
            if ways + sum(bare(one.after) is state for one, _ in self._from_later(case)) > 1:
                yield point

    def _is_timed(self, formula: Formula) -> bool:
        return any(mentions(formula, letter) for letter in self._moments.lengths)

    def _at_end(self, case: Case, general: Sequence[Step]) -> list[Step]:
        """The steps that are others at one of the ends, written for that time."""
        known = set(general)
        return [
            self._step_at(step, case)
            for step in self._steps_of(case)
            if step not in known and self._is_timed(step.target)
        ]

    def _step_at(self, step: Step, case: Case) -> Step:
        forward = self._names.forward

        def moved(formula: Formula) -> Formula:
            for letter in self._moments.lengths:
                end = forward.last[letter] if case == "last" else Moment("", 1)
                formula = at_moment(formula, letter, end)
            return formula

        name = None if step.name is None else moved(step.name)
        target, before, after = map(moved, (step.target, step.before, step.after))
        return dataclasses.replace(
            step,
            target=target,
            before=after if before == target else before,
            after=after,
            name=name if isinstance(name, Name) else None,
            through=None if step.through is None else moved(step.through),
            words=tuple((k, w if isinstance(w, str) else moved(w)) for k, w in step.words),
        )

    def _all_times(self, node: Node, backwards: bool = False) -> Span | None:
        letter = self._names.forward.clock.get(node)
        if letter is None:
            return None
        ends = Moment("", 1), self._names.forward.last[letter]
        return Span(letter, *(reversed(ends) if backwards else ends))

    # --- what is given ----------------------------------------------------------------------

    def _given(self) -> Iterator[Equation]:
        yield from self._lengths()
        yield from self._sequences()
        yield from self._blocks()
        yield from self._starts()
        yield from self._definitions()

    def _lengths(self) -> Iterator[Equation]:
        """T = 3, unless the length has this name."""
        for letter, length in self._moments.lengths.items():
            last = self._names.forward.last[letter]
            if last.letter and length != sympy.Symbol(last.letter) and str(length) != last.letter:
                yield Equation(Name(last.letter), _size(length))

    def _sequences(self) -> Iterator[Equation]:
        """X = (x_1, ..., x_T), unless the sequence has the name of its entries."""
        forward = self._names.forward
        for place in forward.order:
            if place not in self._moments.entries:
                continue
            entry, one = self._moments.entries[place], forward.name(place)
            assert isinstance(one, Timed)
            moved = self._shifted(entry, one)
            if moved is not None:
                yield from moved
                continue
            parts = [part.name for part in listed(entry.stacked)]
            if parts and stem_of(parts) == one.name:
                continue
            whole = Reader(Forward([entry.stacked]), Algebra(tidy=False)).read(entry.stacked)
            if isinstance(whole, Name) and whole.name == one.name:
                continue
            last = forward.last[entry.letter]
            first, final = (Timed(one.name, one.kind, time) for time in (Moment("", 1), last))
            if parts:
                yield Equation(first, Name(parts[0], one.kind))
                yield Equation(final, Name(parts[-1], one.kind))
                continue
            if isinstance(whole, ByEntries):
                raise UnsupportedError("a recurrence over a part of an array.")
            entries = Entries(first, final)
            named = isinstance(whole, Name)
            yield Equation(whole, entries) if named else Equation(entries, whole)

    def _shifted(self, entry: Entry, one: Timed) -> list[Equation] | None:
        """x_t = y_{t-1} with y_0 = 0, for a sequence that another one is moved by some steps."""
        found = shifted(entry)
        if found is None:
            return None
        variable, steps = found
        name = self._names.forward.sequence_name(variable, entry)
        last = self._names.forward.last[entry.letter]
        edge = Moment("", 0) if steps > 0 else last.later(1)
        lines = [Equation(one, Timed(name, one.kind, one.at.later(-steps)))]
        for k in range(abs(steps)):
            time = edge.later(-k if steps > 0 else k)
            lines.append(Equation(Timed(name, one.kind, time), Number(0)))
        return lines

    def _blocks(self) -> Iterator[Equation]:
        """W = [W_h, W_x]."""
        forward = self._names.forward
        places = [forward.names[node] for node in forward.order if isinstance(node, Var)]
        blocks = sorted(forward.blocks.items(), key=lambda item: places.index(item[0][0]))
        for (name, across, _), block in blocks:
            kind = block.names[0].kind
            yield Equation(Name(name, kind), Side(block.names, kind, stacked=not across))

    def _starts(self) -> Iterator[Equation]:
        """s_0, where it has another name."""
        names = self._names
        for state in self._moments.states:
            time = names.forward.last[state.letter].later(1) if state.backwards else Moment("", 0)
            one = names.forward.name(state.before)
            assert one is not None
            left = at_moment(one, state.letter, time.later(-1 if state.backwards else 1))
            start = state.before.args[0]
            right: Formula = names.literal.read(start)
            if isinstance(start, Fill):
                right = Number(start.value) if isinstance(start.value, (int, float)) else right
            if left != right:
                yield Equation(left, right)

    def _definitions(self) -> Iterator[Equation]:
        """The named values in the order of evaluation; the last state of a loop tells its times."""
        names = self._names
        named = {node: name for name, node in names.auxiliary}
        order = names.forward.order
        afters = sorted(self._moments.states, key=lambda state: order.index(state.after))
        closing = {state.before.params[2]: state for state in afters}  # the last of each loop
        spans = {
            state.after: self._all_times(state.after, state.backwards) for state in closing.values()
        }
        lets = set(names.forward.lets)
        for node in names.forward.order:
            name = names.forward.name(node) if node in lets else named.get(node)
            if name is not None:
                yield Equation(name, names.literal.meaning(node), spans.get(node))
        if names.forward.name(names.root) is None:
            yield Equation(names.root_name, names.literal.meaning(names.root))


def _other(end: End) -> End:
    return "first" if end == "last" else "last"


def _leading_to(
    targets: Collection[Formula], steps: Sequence[Step]
) -> tuple[list[Step], list[Step]]:
    """The steps that find some derivatives and what these need, and all others."""
    needed: set[Formula] = set(targets)
    here: list[Step] = []
    for step in reversed(steps):
        if step.target in needed:
            here.insert(0, step)
            needed |= {one for one in walk(step.before) if isinstance(one, Derivative)}
    return here, [step for step in steps if step not in here]


def _told_once(steps: Sequence[Step]) -> list[Step]:
    """The steps without those from s_T to s_T that only say again what is known."""
    told: set[tuple[str, str]] = set()
    kept: list[Step] = []
    for step in steps:
        line = write(step.target, "text"), write(step.after, "text")
        if step.rule not in ("loop", "end of the recurrence") or line not in told:
            kept.append(step)
        if step.through is None:
            told.add(line)
    return kept


def _size(length: Dim) -> Formula:
    return Number(length) if isinstance(length, int) else Symbolic(length)
