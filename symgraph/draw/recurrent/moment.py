"""One step of a recurrent net as boxes and wires: what a picture of it is made of.

The graph of one general time is read: what multiplies parameters and goes through a function is a
*layer*, what is computed entry by entry an *operation*, joined vectors a *join*. Nothing here knows
where anything stands.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, NamedTuple

import numpy as np
import sympy

from symgraph.build.arithmetic import add
from symgraph.build.contract import sum as sum_of
from symgraph.build.loop_making import ScanResult
from symgraph.errors import DrawError, UnsupportedError
from symgraph.evaluate import evaluate_above
from symgraph.explain.loops import last_times, names_of
from symgraph.explain.unrolled import rolled_up
from symgraph.node import Node
from symgraph.node_signs import sign_of
from symgraph.notation.algebra import Algebra
from symgraph.notation.jacobian import BULLET, jacobian
from symgraph.notation.moments import Each, Previous
from symgraph.notation.readtime import MomentForward, MomentReader
from symgraph.notation.sequences import Moment, at_moment
from symgraph.notation.slices import cut_of
from symgraph.notation.tree import Formula, Name, Number, Transpose
from symgraph.notation.unstack import Moments, unstack
from symgraph.notation.write import write
from symgraph.ops import Concat, Const, Einsum, Fill, Map, Pull, Reduce, Reshape, Scan, Var
from symgraph.ops.body import local
from symgraph.ops.leaves import fill
from symgraph.ops.let import bare
from symgraph.ops.loop import final
from symgraph.ops.rows import Lookup
from symgraph.scalar import slot
from symgraph.shapes import Dim
from symgraph.walks import depth_first, topological, variables

__all__ = ["Cell", "Element", "Kind", "Step", "Term", "latex_at", "root_of", "step_of"]

#: A copy is a state that becomes another state, or the same as another one.
Kind = Literal["input", "before", "constant", "layer", "operation", "join", "copy"]

_LETTERS = "tkij"
_SIGNS = {
    "·": r"\times", "−": "-", "( )²": r"(\,\cdot\,)^2", "√": r"\sqrt{\,\cdot\,}", "σ": r"\sigma",
    "+": "+", "/": "/", "tanh": r"\tanh", "exp": r"\exp", "log": r"\log", "max": r"\max",
    "Σ": r"\sum", "repeat": r"\mathbf{1}", "ᵀ": r"^{\mathsf{T}}", "[ ]": r"[\,\cdot\,]",
    "relu": r"\mathrm{ReLU}",
}  # fmt: skip


class Term(NamedTuple):
    """What comes into an element: the value and its label.

    `weight` labels a layer's parameter; otherwise the label is the local derivative. What enters at
    some times only is multiplied by `only`, an entry of a known sequence of zeros and ones.
    """

    source: Node
    label: Formula | None
    weight: bool = False
    only: Node | None = None


@dataclass(frozen=True)
class Element:
    """A box or a circle: what it shows, what comes in, and the parameters inside.

    `biases` are parameters that nothing multiplies. `net` is what a layer applies its function to.
    """

    node: Node
    kind: Kind
    sign: str
    terms: tuple[Term, ...] = ()
    parameters: tuple[Node, ...] = ()
    biases: tuple[Node, ...] = ()
    net: Node | None = None


class Cell(NamedTuple):
    """The states that need each other: a pair of its earlier and its next value for each."""

    states: tuple[tuple[Node, Node], ...]
    letter: str
    backwards: bool


def latex_at(formula: Formula, letter: str, moment: Moment | None) -> str:
    """The formula at a time, or at the general one."""
    return write(formula if moment is None else at_moment(formula, letter, moment), "latex")


def root_of(expr: Any, style: str) -> Node:
    """The expression itself: of a net its loss, of what a loop computed its last state.

    Raises DrawError for anything else.
    """
    root = expr.loss if hasattr(expr, "_fields") and hasattr(expr, "loss") else expr
    if isinstance(root, ScanResult):
        root = _all_of(root)
    if not isinstance(root, Node):
        raise DrawError(
            f"draw: the style {style!r} needs an expression with a loop, not {type(root).__name__}."
        )
    return root


def step_of(expr: Any, style: str) -> Step:
    """The step behind an expression with loops, or with a loop written out.

    Raises DrawError where there is no recurrence.
    """
    root = root_of(expr, style)
    found = root
    if not any(isinstance(node, Scan) for node in topological([root])):
        sources = [node for node in variables([root]) if node.kind == "real"]
        rolled = rolled_up(root, sources)
        if rolled is None:
            raise DrawError(
                f"draw: the style {style!r} shows a recurrence, and there is none here. "
                "Write the steps with sg.scan or sg.recurrence (or write out four steps or more)."
            )
        found = rolled[0]
    taken = names_of(topological([found]))
    letters = [letter for letter in _LETTERS if letter not in taken]
    return Step(_moments(found, letters, style), taken)


def _all_of(run: ScanResult) -> Node:
    """One value that depends on the last state and on all outputs of a loop."""
    found = final(run.loop, 0)
    outputs = [run.outputs] if isinstance(run.outputs, Node) else run.outputs or ()
    for one in outputs.values() if isinstance(outputs, dict) else outputs:
        if isinstance(one, Node) and one.kind == "real":
            found = add(found, sum_of(one))
    return found


def _whole(loop: Scan) -> Node:
    return final(loop, 0)


def _moments(root: Node, letters: Sequence[str], style: str) -> Moments:
    """The graph of one time; of the loops alone where the rest mixes times."""
    try:
        return unstack(root, _parameters(root), letters)
    except UnsupportedError as error:
        for node in topological([root]):
            if isinstance(node, Scan):
                whole = _whole(node)
                return unstack(whole, _parameters(whole), letters)
        raise DrawError(f"draw: the style {style!r} cannot take times apart: {error}") from error


def _parameters(root: Node) -> list[Node]:
    return [one for one in variables([root]) if isinstance(one, Var) and one.role == "parameter"]


class Step:
    """The elements of one general time."""

    def __init__(self, moments: Moments, taken: set[str]) -> None:
        self.moments = moments
        self.forward = MomentForward(moments, last_times(moments, taken))
        ranks = {BULLET: -1} | self.forward.ranks()
        self._call_sequences_by_their_names()
        self.reader = MomentReader(self.forward, Algebra(tidy=True, ranks=ranks), limit=None)
        self._timed: dict[Node, bool] = {}
        self._learned: set[Node] = set()
        for node in self.forward.order:
            own = node in moments.entries or isinstance(node, Previous)
            inner = not isinstance(node, Each)
            self._timed[node] = own or (
                inner and any(self._timed.get(arg, False) for arg in node.args)
            )
            is_parameter = isinstance(node, Var) and node.role == "parameter"
            if is_parameter or any(arg in self._learned for arg in node.args):
                self._learned.add(node)
        self._elements: dict[Node, Element] = {}
        self._behind: set[Node] = set()
        self._switched: set[Node] = set()
        afters = [state.after for state in moments.states]
        made = [bare(after) for after in afters]
        self._copies = {
            after
            for k, after in enumerate(afters)
            if isinstance(made[k], Previous) or made[k] in made[:k]
        }

    def _call_sequences_by_their_names(self) -> None:
        """Entries of a variable have its own name, not that of a step's argument."""
        names = self.forward.names
        for place, entry in self.moments.entries.items():
            own = entry.stacked.name if isinstance(entry.stacked, Var) else ""
            others = {text for node, text in names.items() if node is not place}
            # Entries of a matrix X are x.
            if own and own not in others and not (len(own) == 1 and own.isupper()):
                names[place] = own

    @cached_property
    def cells(self) -> tuple[Cell, ...]:
        """The states in groups that need each other, those first that others are made of."""
        states = list(self.moments.states)
        below = [self._states_below(state.after) for state in states]
        reach = [
            {j for j, other in enumerate(states) if {other.before, bare(other.after)} & found}
            for found in below
        ]
        for k in range(len(states)):
            for found in reach:
                if k in found:
                    found |= reach[k]
        cells: list[Cell] = []
        seen: set[int] = set()
        for i, state in enumerate(states):
            if i in seen:
                continue
            group = [j for j in range(len(states)) if j == i or (j in reach[i] and i in reach[j])]
            seen.update(group)
            pairs = tuple((states[j].before, self.own(states[j].after)) for j in group)
            cells.append(Cell(pairs, state.letter, state.backwards))
        return tuple(cells)

    def _states_below(self, node: Node) -> set[Node]:
        """The values of states that a value is made of, those behind them left out."""
        afters = {bare(state.after) for state in self.moments.states}
        if isinstance(bare(node), Previous):
            return {bare(node)}
        found: set[Node] = set()
        seen: set[Node] = set()
        stack = [bare(arg) for arg in bare(node).args]
        while stack:
            one = stack.pop()
            if one in seen:
                continue
            seen.add(one)
            if isinstance(one, Previous) or one in afters:
                found.add(one)
            else:
                stack += [bare(arg) for arg in one.args]
        return found

    # --- names --------------------------------------------------------------------------------

    def name(self, node: Node) -> Formula | None:
        """What a value is called, with its time."""
        for one in (node, *(let for let in self.forward.order if bare(let) is node)):
            found = self.forward.name(one)
            if found is not None:
                return found
        return None

    def is_timed(self, node: Node) -> bool:
        """Whether a value depends on what the loops compute or read."""
        return self._timed.get(node, False)

    def length(self, letter: str) -> Dim:
        """How many times there are."""
        return self.moments.lengths[letter]

    # --- elements -----------------------------------------------------------------------------

    def own(self, node: Node) -> Node:
        """The value itself without its names; of a state that is a copy its own name."""
        return node if node in self._copies else bare(node)

    def element(self, node: Node) -> Element:
        """What computes a value of one time."""
        node = self.own(node)
        if node not in self._elements:
            self._elements[node] = self._made(node)
        return self._elements[node]

    def elements(self, roots: Sequence[Node]) -> list[Element]:
        """All elements that values are made of, operands first; earlier values are ends."""

        def below(node: Node) -> list[Node]:
            return [self.own(term.source) for term in self.element(node).terms]

        return [self.element(node) for node in depth_first(map(self.own, roots), below)]

    def _made(self, node: Node) -> Element:
        if node in self.moments.entries or node in self._switched:
            return Element(node, "input", "")
        if node in self._copies:
            return Element(node, "copy", "", (Term(bare(node), None),))
        if isinstance(node, Previous):
            return Element(node, "before", "")
        if not self.is_timed(node):
            return Element(node, "constant", "")
        if isinstance(node, Concat):
            return Element(node, "join", "", tuple(Term(bare(arg), None) for arg in node.args))
        inner = _softmax_of(node)
        sign = r"\mathrm{softmax}"
        if inner is None and isinstance(node, Map):
            timed = [k for k, arg in enumerate(node.args) if self.is_timed(arg)]
            inner = node.args[timed[0]] if len(timed) == 1 and self._only_numbers(node) else None
            sign = self._sign(node)
        if inner is not None and not (self.name(bare(inner)) and self.name(node) is None):
            # What has a name of its own below a function without one is a layer itself.
            layer = self._layer(node, sign, inner)
            if layer is not None:
                return layer
        own = self._layer(node, "", node)
        if own is not None:
            return own
        if inner is not None and sign == r"\mathrm{softmax}":
            return Element(node, "operation", sign, (Term(bare(inner), None),))
        if isinstance(node, Pull) and isinstance(node.rows[0], Lookup):
            table = [bare(arg) for arg in node.args if self._is_parameter(arg)]
            label = self.weight(table[0]) if len(table) == 1 else None
            terms = tuple(
                Term(bare(arg), label, label is not None) for arg in node.args if self.is_timed(arg)
            )
            # Where the table is of this time too, as scores are, one of its entries is picked.
            kind: Kind = "layer" if table else "operation"
            return Element(node, kind, r"[\,\cdot\,]", terms, tuple(table))
        terms = tuple(
            Term(bare(arg), self.slope(node, k))
            for k, arg in enumerate(node.args)
            if self.is_timed(arg)
        )
        return Element(node, "operation", self._sign(node), terms)

    def _only_numbers(self, node: Node) -> bool:
        """Whether all that is the same at every time is a number."""
        return not any(self._is_parameter(arg) for arg in node.args if not self.is_timed(arg))

    def _is_parameter(self, node: Node) -> bool:
        return not self.is_timed(node) and not isinstance(bare(node), (Fill, Const))

    def _sign(self, node: Node) -> str:
        """The sign of an operation, with the number it works with: 1 -."""
        sign = sign_of(node)
        shown = _SIGNS.get(sign, rf"\mathrm{{{sign}}}".replace("_", r"\_"))
        numbers = [k for k, arg in enumerate(node.args) if isinstance(bare(arg), Fill)]
        if len(node.args) == 2 and len(numbers) == 1 and sign in ("·", "−", "+", "/"):
            number = write(self.reader.read(node.args[numbers[0]]), "latex")
            return f"{number}{shown}" if numbers[0] == 0 else f"{shown}{number}"
        if sign == "max" and len(numbers) == 1:
            return r"\mathrm{ReLU}"
        return shown

    def _layer(self, node: Node, sign: str, inner: Node) -> Element | None:
        """The layer that applies a function to a sum of weighted values, None if it is none."""
        terms: list[Term] = []
        parameters: list[Node] = []
        biases: list[Node] = []
        for weights, vector in self._sum_of(inner):
            if vector is None:
                biases += weights
                continue
            switched = self._term_at_times(weights, vector)
            if switched is not None:
                terms.append(switched[0])
                parameters.append(switched[1])
                continue
            label = self.reader.algebra.product([self.weight(one) for one in weights])
            terms.append(Term(vector, label if weights else Number(1), bool(weights)))
            parameters += [bare(one) for one in weights]
        if not parameters:
            return None
        if not sign:
            alone = len(terms) + len(biases) == 1
            sign = write(terms[0].label, "latex") if alone and terms[0].label else "+"
        biases = [bare(one) for one in biases if self._is_parameter(one)]
        net = bare(inner)
        return Element(node, "layer", sign, tuple(terms), tuple(parameters), tuple(biases), net)

    def _term_at_times(self, weights: list[Node], vector: Node) -> tuple[Term, Node] | None:
        """Of m_t (I v) with known m_t: the value v, the parameter I, and when they enter."""
        if len(weights) != 1 or self._known(vector) is None:
            return None
        args = [bare(arg) for arg in bare(weights[0]).args]
        data = [arg for arg in args if isinstance(arg, Var) and arg.role == "input"]
        others = [arg for arg in args if arg not in data]
        if len(data) != 1 or len(others) != 1 or not self._is_parameter(others[0]):
            return None
        self._switched.add(data[0])
        return Term(data[0], self.weight(others[0]), True, vector), others[0]

    def _known(self, place: Node) -> Node | None:
        """The sequence that a number at a time belongs to, where it has no variables."""
        entry = self.moments.entries.get(place)
        if entry is None or place.shape or variables([entry.stacked]):
            return None
        length = self.length(entry.letter)
        return entry.stacked if isinstance(length, (int, sympy.Symbol)) else None

    def enters(self, place: Node, moment: Moment | None, last: Moment | None) -> bool:
        """Whether what a known sequence multiplies enters at a time; at the general one it does."""
        stacked, letter = self._known(place), self.moments.entries[place].letter
        if stacked is None or moment is None or moment.letter == letter:
            return moment is not None
        length = self.length(letter)
        open_end = last is None or bool(last.letter)
        count = max(moment.offset + 1, 4) if open_end or last is None else last.offset
        sizes = {} if isinstance(length, int) else {length: count}
        found = np.asarray(evaluate_above([stacked], {}, sizes)[stacked])
        return bool(found[-1 if moment.letter else moment.offset - 1])

    def at_times(self, label: Formula | None, only: Node | None) -> Formula | None:
        """The label of what enters at some times only, at the general one."""
        switch = None if only is None else self.name(only)
        if label is None or switch is None:
            return label
        return self.reader.algebra.product([switch, label])

    def _sum_of(self, node: Node) -> Iterator[tuple[list[Node], Node | None]]:
        """The terms of a sum: the weights, and the value that they multiply, if any."""
        stack = [bare(node)]
        while stack:
            one = stack.pop()
            if not self.is_timed(one):
                yield [one], None
                continue
            if isinstance(one, Map) and one.template.expr == slot(0) + slot(1):
                stack += [bare(arg) for arg in reversed(one.args)]
                continue
            if isinstance(one, Pull) and cut_of(one) is not None:
                # A part of what several gates share: its weight is a part of theirs.
                stack.append(bare(one.args[0]))
                continue
            weights: list[Node] = []
            product = self._weighted(one)
            while product is not None:
                weights += product[0]
                one = product[1]
                product = self._weighted(one)
            yield weights, one

    def _weighted(self, node: Node) -> tuple[list[Node], Node] | None:
        """The parameters and the value of a product of the two."""
        product = isinstance(node, Map) and node.template.expr == slot(0) * slot(1)
        if not product and not (isinstance(node, Einsum) and len(node.args) > 1):
            return None
        timed = [bare(arg) for arg in node.args if self.is_timed(arg)]
        weights = [arg for arg in node.args if not self.is_timed(arg)]
        if len(timed) != 1 or not any(self._is_parameter(arg) for arg in weights):
            return None
        if node not in self.forward.clock and not any(arg in self._learned for arg in weights):
            return None  # behind the loops data are no weights
        place = [bare(arg) for arg in node.args].index(timed[0])
        self._behind.update(bare(arg) for arg in node.args[place + 1 :])
        return weights, timed[0]

    def weight(self, node: Node) -> Formula:
        """What a parameter is called at a layer: of h Vᵀ it is V, as of V h."""
        formula = self.reader.read(node)
        turned = isinstance(formula, Transpose) and bare(node) in self._behind
        return formula.x if turned and isinstance(formula, Transpose) else formula

    # --- local derivatives --------------------------------------------------------------------

    def slope(self, node: Node, k: int) -> Formula | None:
        """The local derivative of a value by operand k, as a factor; None where it is none."""
        sort = self.forward.sort(node)
        bullet = Name(BULLET, sort)
        if node.shape:
            arriving = local(node, BULLET)
            self.reader.call_it(arriving, bullet)
        else:
            arriving = fill(1, (), "real")
        pulled = node.vjp(arriving, k)
        if pulled is None:
            return None
        formula = self.reader.read(pulled)
        return jacobian(formula, self.reader.algebra) if node.shape else formula

    def slope_of_layer(self, element: Element) -> Formula | None:
        """The derivative of a layer's function at what it is applied to."""
        node, net = element.node, element.net
        if net is None or net is node:
            return None
        for k, arg in enumerate(node.args):
            if bare(arg) is net:
                return self.slope(node, k)
        return None


def _softmax_of(node: Node) -> Node | None:
    """z of exp(z - logsumexp(z))."""
    if not isinstance(node, Map) or sign_of(node) != "exp":
        return None
    node = bare(node.args[0])
    if not isinstance(node, Map) or node.template.expr != slot(0) - slot(1):
        return None
    at = bare(node.args[1])
    while isinstance(at, (Reshape, Einsum)) and len(at.args) == 1:
        at = bare(at.args[0])
    if isinstance(at, Reduce) and at.operation == "logsumexp":
        return bare(node.args[0])
    return None
