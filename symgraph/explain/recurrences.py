"""The names in the derivative of a recurrence: δ_t of each gate, dC_t of a cell, s_t, x_t.

The reverse sweep is that of every other graph, carried out in the graph of one moment. What it
finds differs at the ends: at the last time nothing comes from a later one, and a loss that reads
the last state acts only there. So every named derivative is read for a general time and for both
ends.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Literal, NamedTuple

from symgraph.errors import UnsupportedError
from symgraph.explain.deltas import LOWERED
from symgraph.explain.naming import PLAIN_DELTA, Naming
from symgraph.explain.node_kinds import is_net, is_nonlinear
from symgraph.facts import Fact
from symgraph.node import Node
from symgraph.notation.algebra import Algebra
from symgraph.notation.moments import Each, Point, Previous, Pulse, Total
from symgraph.notation.readtime import MomentForward, MomentReader
from symgraph.notation.sequences import Moment, Span, Timed, at_moment, gathered
from symgraph.notation.tree import Formula, Name, Number
from symgraph.notation.unstack import State
from symgraph.ops import Concat
from symgraph.ops.body import local
from symgraph.ops.leaves import fill
from symgraph.ops.let import bare, is_naming
from symgraph.ops.map import negative
from symgraph.ops.sweep import Adjoints, dependents, reverse
from symgraph.walks import topological

__all__ = ["Case", "Line", "LoopNaming"]

#: A derivative at a general time with a part of more symbols is not written with one: its names
#: cannot be chosen for it, and a chain without names grows faster than the graph.
LONGEST = 400

#: Which times a sweep is for: a general one, the first, the last, or all that can happen at once.
#: "only" is the one time of a sequence of length 1.
Case = Literal["general", "first", "last", "only", "all"]


class Line(NamedTuple):
    """The definition of a named derivative, and the times for which it holds."""

    name: Name
    formula: Formula
    span: Span | None


class LoopNaming(Naming):
    """What everything is called in the graph of one moment."""

    forward: MomentForward

    def __init__(
        self,
        forward: MomentForward,
        sources: Sequence[Node],
        sign: Literal[1, -1],
        facts: Sequence[Fact] = (),
        wished: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        self._wished = wished
        self._states = forward.moments.states
        self._later: dict[State, Node] = {}
        self._wanted: dict[Node, Name] = {}
        self._places: dict[Node, Node] = {}
        #: What reaches a constant or the step before at one time, and a state from the next step.
        self.through: dict[Node, Node] = {}
        self.from_later: dict[State, Formula] = {}
        #: The sweeps for a general time and for the ends.
        self.sweeps: dict[Case, Adjoints] = {}
        #: The facts about whole sequences.
        self.claimed = tuple(facts)
        facts = [fact for fact in facts if fact.right is None]
        facts += [Fact(left, right) for left, right in forward.moments.equal]
        super().__init__(forward.moments.root, sources, None, sign, facts, forward=forward)
        self._live = self._live_states()
        for state in self._live:
            self._later[state] = local(state.after, "later")

    # --- hooks of the names -------------------------------------------------------------------

    def _reached(self) -> set[Node]:
        """As for every graph; what a state leads to at the next time it leads to at this one."""
        found: set[Node] = set()
        carried: set[Node] = set()
        while True:
            found = dependents(self.forward.order, {*self.sources, *carried})
            more = {s.before for s in self._states if s.after in found} - carried
            if not more:
                return found
            carried |= more

    def _reader(self, algebra: Algebra, limit: int | None) -> MomentReader:
        return MomentReader(self.forward, algebra, limit=limit and LONGEST)

    def _fresh_name(self, name: str, like: Node) -> Name:
        plain = super()._fresh_name(name, like)
        letter = self.forward.clock.get(like)
        return plain if letter is None else Timed(plain.name, plain.kind, Moment(letter))

    def _is_worth_a_name(self, node: Node) -> bool:
        if isinstance(node, (Total, Point, Pulse, Previous, Concat)):
            return False
        if bare(node) in self.forward.shared:
            return False
        return super()._is_worth_a_name(node)

    # --- which derivatives get a name -----------------------------------------------------------

    def _live_states(self) -> list[State]:
        """The states that act on the root and depend on a source."""
        afters = {state.before: state.after for state in self._states}
        live: set[Node] = set()
        stack = [self.root]
        while stack:
            node = stack.pop()
            if node not in live:
                live.add(node)
                stack.extend(node.args)
                if node in afters:
                    stack.append(afters[node])
        return [
            state
            for state in self._states
            if state.before in live and {state.after, state.before} <= self._active
        ]

    def _planned_deltas(self) -> dict[Node, Name]:
        return {}

    def plan(self) -> None:
        """Names for all derivatives without which one could not be written down."""
        recursion = set(topological([state.after for state in self._states]))
        nets: list[Node] = []
        found = self._sweep("all")
        self._want_wished(found)
        for node in self.forward.order:
            if bare(node) is not node or node not in self._active or is_naming(node):
                continue
            if node not in self.forward.clock or node not in found.cotangent:
                continue
            if isinstance(node, (Previous, Total, Point)) or not node.args:
                continue
            if node not in self._wanted and self._is_net_here(node, recursion, found):
                nets.append(node)
        afters = {bare(state.after): state for state in self._live}
        cells = [
            n
            for n in afters
            if n not in self._wanted and self._branches(n) and not (n in nets and is_net(n))
        ]
        nets = [n for n in nets if n not in cells]
        for node, name in zip(nets, self._net_names(nets), strict=True):
            self._wanted[node] = name
        for node in self.forward.shared:
            if node in found.cotangent and node in self.forward.clock:
                title = f"{'d' if is_nonlinear(node) else 'δ'}{self.forward.names.get(node, '')}"
                self._wanted.setdefault(node, self._fresh_name(title, node))
        for node in cells:
            self._want_cell(node, afters[node])
        while True:
            missing = self._uncut(self._sweep("all"))
            if not missing:
                break
            for node in missing:
                if node in afters:
                    self._want_cell(node, afters[node])
                else:
                    self._wanted[node] = self._fresh_name(f"g{len(self._wanted) + 1}", node)
        for name in self._wanted.values():
            self._ranks[name.name] = -1

    def _want_wished(self, found: Adjoints) -> None:
        """The names that the user chose."""
        for text, name in self._wished.items():
            nodes = [
                node
                for node, own in self.forward.names.items()
                if own == text and bare(node) is node and node in found.cotangent
            ]
            if not nodes or nodes[0] not in self.forward.clock:
                raise UnsupportedError(f"no derivative by {text} at a general time.")
            self._wanted[nodes[0]] = self._fresh_name(name, nodes[0])

    def _want_cell(self, node: Node, state: State) -> None:
        linear = is_net(node) and not any(name.name[0] == "δ" for name in self._wanted.values())
        name = "δ" if linear else f"d{self.forward.names[state.after]}"
        self._wanted[node] = self._fresh_name(name, node)

    def _is_net_here(self, node: Node, recursion: set[Node], found: Adjoints) -> bool:
        """Whether a value is what a nonlinearity is applied to, and its derivative is long."""
        functions = [user for user in self.users.get(node, []) if is_nonlinear(user)]
        if any(user in recursion for user in functions):
            return True
        if not functions:
            return False
        ways = sum(arg in self._active for arg in node.args)
        if not is_net(node) or ways < 2:
            return False
        return self.fitted(found.cotangent[node], node).size > PLAIN_DELTA

    def _branches(self, node: Node) -> bool:
        """Whether the derivative by a value goes on to several others."""
        return sum(arg in self._active for arg in node.args) > 1

    def _net_names(self, nodes: Sequence[Node]) -> list[Name]:
        """δ, or δ with the name of the gate: δf, δi, or with the number of the layer."""
        if len(nodes) == 1:
            return [self._fresh_name("δ", nodes[0])]
        names = [self._output_name(node) or self.forward.names.get(node, "") for node in nodes]
        digits = [_trailing_digits(name) for name in names]
        stems = {name.translate(_RAISED).rstrip("0123456789") for name in names}
        if "" in names or len(set(names)) < len(names):
            names = [str(k).translate(LOWERED) for k in range(1, len(nodes) + 1)]
        elif len(stems) == 1 and "" not in digits:
            names = [one.translate(LOWERED) for one in digits]
        return [self._fresh_name(f"δ{name}", node) for node, name in zip(nodes, names, strict=True)]

    def _output_name(self, node: Node) -> str:
        """The name of what a nonlinearity makes of a value."""
        for user in self.users.get(node, []):
            if is_nonlinear(user) and user in self.forward.names:
                return self.forward.names[user]
        return ""

    def _uncut(self, found: Adjoints) -> list[Node]:
        """Values through which a derivative of another time or of one time only comes on without
        a name, to a constant or to the step before."""
        tainted: set[Node] = set(self._later.values())
        for node in topological(list(found.contribution.values())):
            if isinstance(node, Pulse) or any(arg in tainted for arg in node.args):
                tainted.add(node)
        blamed: dict[Node, None] = {}
        for (node, k), part in found.contribution.items():
            ends = isinstance(node.args[k], (Each, Previous)) or node.args[k] in self.sources
            if ends and part in tainted and bare(node) in self.forward.clock:
                blamed[bare(node)] = None
        return [node for node in blamed if node not in self._wanted]

    # --- the sweep ------------------------------------------------------------------------------

    def _sweep(self, case: Case, record: dict[Node, Node] | None = None) -> Adjoints:
        """The reverse sweep for a general time, for one of the ends, or with everything."""
        seeds: dict[Node, Node] = {self.root: fill(1, (), "real")}
        for state, place in self._later.items():
            if case in ("all", "general") or (case != "only" and state.end != case):
                seeds[state.after] = place

        def rename(node: Node, ct: Node) -> Node:
            if isinstance(node, Point) and case not in ("all", "only", node.end):
                return fill(0, node.shape, "real")
            if case != "all" and isinstance(node, (Each, Previous)):
                return self.through[node]
            name = self._wanted.get(node)
            if name is None:
                return ct
            if record is not None:
                record[node] = ct
            self.named[node] = name
            place = self._place(node, name)
            return negative(place) if self.is_minus(name) else place

        sources = {*self.sources, *(state.before for state in self._live)}
        return reverse(seeds, sources, rename)

    def is_minus(self, name: Name) -> bool:
        """As for every graph; a state is no net, and its derivative dh has no minus."""
        return self.sign == -1 and name.name.startswith("δ")

    def _place(self, node: Node, name: Name) -> Node:
        place = self._places.get(node)
        if place is None:
            place = self._places[node] = local(node, name.name)
            self.reader.call_it(place, name)
        return place

    # --- what is written ------------------------------------------------------------------------

    def sweep(self) -> tuple[Adjoints, list[Line]]:
        """The sweep with all that a time can receive, and the definitions of the names in it."""
        records: dict[Case, dict[Node, Node]] = {"all": {}}
        found = self._sweep("all", records["all"])
        self.through = {
            node: ct for node, ct in found.cotangent.items() if isinstance(node, (Each, Previous))
        }
        for state, place in self._later.items():
            self.from_later[state] = self._share_of_next(state, found)
            self.reader.call_it(place, self.from_later[state])
        cases: list[Case] = ["general", "first", "last"]
        if 1 in self.forward.moments.lengths.values():
            cases.append("only")
        for case in cases:
            self.sweeps[case] = self._sweep(case, records.setdefault(case, {}))
        lines = [line for node in records["all"] for line in self._lines(node, records)]
        return found, lines

    def _share_of_next(self, state: State, found: Adjoints) -> Formula:
        """What a state receives from the following step."""
        ct = found.cotangent.get(state.before)
        if ct is None:
            return Number(0)
        step = -1 if state.backwards else 1
        return at_moment(self.fitted(ct, state.before), state.letter, Moment(state.letter, step))

    def _lines(self, node: Node, records: dict[Case, dict[Node, Node]]) -> list[Line]:
        """The definition of one named derivative; what differs at an end stands on its own line."""
        name, letter = self._wanted[node], self.forward.clock[node]
        last, length = self.forward.last[letter], self.forward.moments.lengths[letter]
        if length == 1:
            return [self._at(node, name, records["only"], last)]
        general = self._formula_of(node, name, records["general"])
        at_first = self._formula_of(node, name, records["first"]) != general
        at_last = self._formula_of(node, name, records["last"]) != general
        lines: list[Line] = []
        if at_last:
            lines.append(self._at(node, name, records["last"], last))
        if at_first:
            lines.append(self._at(node, name, records["first"], Moment("", 1)))
        low = Moment("", 2 if at_first else 1)
        high = last.later(-1) if at_last else last
        if not (at_first and at_last and length == 2):
            upwards = at_first and not at_last
            ends = (low, high) if upwards else (high, low)
            lines.append(Line(name, general, Span(letter, *ends)))
        return lines

    def _at(self, node: Node, name: Name, record: dict[Node, Node], time: Moment) -> Line:
        letter = self.forward.clock[node]
        left = at_moment(name, letter, time)
        assert isinstance(left, Name)
        return Line(left, at_moment(self._formula_of(node, name, record), letter, time), None)

    def _formula_of(self, node: Node, name: Name, record: dict[Node, Node]) -> Formula:
        ct = record.get(node)
        formula = Number(0) if ct is None else self.fitted(ct, node)
        return self.opposite(formula) if self.is_minus(name) else formula

    def fitted(self, gradient: Node, like: Node) -> Formula:
        return gathered(super().fitted(gradient, like), self.reader.algebra.add)


_RAISED = str.maketrans("₀₁₂₃₄₅₆₇₈₉", "0123456789")


def _trailing_digits(name: str) -> str:
    plain = name.translate(_RAISED)
    return plain[len(plain.rstrip("0123456789")) :]
