"""Reading the graph of one moment: names with a time, joined vectors, sums over time."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from symgraph.errors import UnsupportedError
from symgraph.node import Node
from symgraph.notation.forward import Forward, fresh
from symgraph.notation.indexed import Array
from symgraph.notation.letters import Letters
from symgraph.notation.moments import Each, End, Point, Previous, Pulse, Total
from symgraph.notation.orientation import Layout, orientations
from symgraph.notation.read import Reader
from symgraph.notation.sequences import Moment, Side, Timed, at_moment, mentions, over_time
from symgraph.notation.slices import Cut, cut_of, shared_vectors
from symgraph.notation.tree import Call, Formula, Name, Number, OneHot, Product, Sum, Transpose
from symgraph.notation.unstack import Entry, Moments
from symgraph.ops import Concat, Pull, Push, Var
from symgraph.ops.let import bare
from symgraph.ops.rows import Lookup, identity_row
from symgraph.printing import unicode_name
from symgraph.scalar import functions
from symgraph.shapes import Dim, same_dim

__all__ = ["MomentForward", "MomentReader"]

_TILDE = "\u0303"
_FUNCTIONS = frozenset({"sum", "prod", "max", "min", "mean", "diag", "tr", "det", *functions})


class Blocks(NamedTuple):
    """The parts of a parameter: their names, and how many columns (rows) each has."""

    names: tuple[Name, ...]
    sizes: tuple[Dim, ...]


class MomentForward(Forward):
    """The names of one moment: which values have a time; `clock` has its letter.

    `last` is the last time of each letter. `blocks` has the names of the parts of a matrix that
    multiply the parts of a joined vector, or make the parts of what several gates share.
    """

    def __init__(
        self, moments: Moments, last: Mapping[str, Moment], layout: Layout | None = None
    ) -> None:
        self.moments = moments
        self.last = last
        self._starts: dict[Node, Timed] = {}
        afters = [state.after for state in moments.states]
        super().__init__([*afters, moments.root], layout, in_parts=False)
        alike = [(state.before, state.after) for state in moments.states]
        self.sorts = orientations(self.order, layout, alike, moments.products)
        self.clock = _letters(self.order, moments)
        self.taken |= {*moments.lengths, *(one.letter for one in last.values())}
        self.blocks: dict[tuple[str, bool, Node], Blocks] = {}
        self._name_states()
        self._name_entries()
        self._name_others()
        #: The vectors that several gates share.
        self.shared = shared_vectors(self.order, self.names)
        self._starts = self._named_starts()
        # Times and states have letters, too, which no index may have.
        times = {*self.clock.values(), *last, *self.names.values()}
        self.letters = Letters(self.order, self.taken | times)

    def _named_starts(self) -> dict[Node, Timed]:
        """A start value that is called s0 is s_0."""
        found: dict[Node, Timed] = {}
        for state in self.moments.states:
            start, name = bare(state.before.args[0]), self.names[state.before]
            written = unicode_name(self.names.get(start, "")).replace("_", "")
            if not state.backwards and written == f"{unicode_name(name).replace('_', '')}₀":
                first = Timed(name, self.sort(start), Moment("", 0))
                found |= dict.fromkeys((start, state.before.args[0]), first)
        return found

    def _name_states(self) -> None:
        """A state is called alike at all times; what a mask may hold back gets a tilde."""
        for state in self.moments.states:
            name = self._timeless(self.names[state.after])
            plain = name.rstrip("′")
            for node in [n for n, text in self.names.items() if self._timeless(text) == name]:
                self.names[node] = name
            if plain != name:
                for node in [n for n, text in self.names.items() if text == plain]:
                    self.names[node] = plain + _TILDE
                for node in [n for n, text in self.names.items() if text == name]:
                    self.names[node] = plain
                name = plain
            self.names[state.before] = name
            if name in _FUNCTIONS:  # a running sum is no function
                letter = fresh(name[0], {*self.names.values(), *self.moments.lengths})
                for node in [n for n, text in self.names.items() if text == name]:
                    self.names[node] = letter

    def _name_others(self) -> None:
        """Values at a time are called without it, too, where nothing else is called so."""
        for node, text in list(self.names.items()):
            stem = self._timeless(text)
            if node in self.clock and stem not in {*self.names.values(), *self.taken}:
                self.taken.add(stem)
                for alike in [n for n, other in self.names.items() if other == text]:
                    self.names[alike] = stem

    def _timeless(self, name: str) -> str:
        """The name without the time that the user wrote into it: x of x_t, h of h_prev."""
        for ending in ("_prev", "_t", *(f"_{letter}" for letter in self.last)):
            if len(name) > len(ending):
                name = name.removesuffix(ending)
        return name

    def _name_entries(self) -> None:
        """Entries of X are called x where nothing else is."""
        for place, entry in self.moments.entries.items():
            others = {text for node, text in self.names.items() if node is not place}
            name = self._timeless(self.names[place])
            if name in others:
                name = self.names[place]
            small = name.lower()
            plain = len(name) == 1 and name.isascii() and small not in others | self.taken
            if plain and entry.stacked.ndim > 1 and place.ndim < 2:
                name = small
            elif name in others:
                name = fresh(name + "′", others)
            self.taken.add(name)
            self.names[place] = name

    def sequence_name(self, variable: Var, like: Entry) -> str:
        """What the entries of a variable are called."""
        for place, entry in self.moments.entries.items():
            if entry.stacked is variable and entry.axis == like.axis:
                return self.names[place]
        return variable.name

    def name(self, node: Node) -> Name | None:
        if node in self._starts:
            return self._starts[node]
        text = self.names.get(node)
        if text is None:
            return None
        letter = self.clock.get(node)
        if letter is None:
            return Name(text, self.sort(node))
        step = 0
        if isinstance(node, Previous):
            step = 1 if node.end == "last" else -1
        return Timed(text, self.sort(node), Moment(letter, step))

    def moment(self, letter: str, end: End) -> Moment:
        """The first or last time of a letter."""
        return self.last[letter] if end == "last" else Moment("", 1)


def _letters(order: Sequence[Node], moments: Moments) -> dict[Node, str]:
    """The letter of every value that has a time."""
    found = {place: entry.letter for place, entry in moments.entries.items()}
    for node in order:
        if isinstance(node, Each):
            found[node] = str(node.params[2])
        elif isinstance(node, (Previous, Pulse)):
            found[node] = str(node.params[0])
        elif not isinstance(node, (Total, Point)):
            letter = next((found[arg] for arg in node.args if arg in found), None)
            if letter is not None:
                found[node] = letter
    return found


class MomentReader(Reader):
    """A reader that knows times, joined vectors and their parts."""

    forward: MomentForward

    def _cut(self, node: Node, formula: Formula) -> Formula:
        """Within a time nothing is cut off: what is too long is written without a general time."""
        if node.is_loop:
            return super()._cut(node, formula)
        raise UnsupportedError(f"a formula of {formula.size} symbols, without a name in it.")

    def _formula(self, node: Node) -> Formula:
        rule = _RULES.get(type(node))
        if rule is not None:
            found = rule(self, node, [self._known[arg] for arg in node.args])
            if found is not None:
                return found
        return super()._formula(node)

    def _same(self, node: Node, xs: Sequence[Formula]) -> Formula | None:
        return xs[0]

    def _total(self, node: Node, xs: Sequence[Formula]) -> Formula | None:
        letter = str(node.params[0])
        if mentions(xs[0], letter):
            if isinstance(xs[0], Array):  # its letters stand before the sum
                return dataclasses.replace(xs[0], body=over_time(letter, xs[0].body))
            return over_time(letter, xs[0])
        last = self.forward.last[letter]
        return self.algebra.product([_count(last), xs[0]])

    def _point(self, node: Node, xs: Sequence[Formula]) -> Formula | None:
        assert isinstance(node, Point)
        letter = str(node.params[0])
        return at_moment(xs[0], letter, self.forward.moment(letter, node.end))

    def _concat(self, node: Node, xs: Sequence[Formula]) -> Formula | None:
        """[h, x]."""
        assert isinstance(node, Concat)
        if any(isinstance(x, Array) for x in xs):
            return None
        if node.ndim == 1:
            sort, own = self.forward.sort(node), node in self.forward
            if not own and any(x.sort == "row" for x in xs):
                sort = "row"
            down = sort == "column" and not own
            return Side(tuple(self.algebra.turned(x, sort) for x in xs), sort, stacked=down)
        if node.ndim == 2 and all(x.sort in ("matrix", "row", "column") for x in xs):
            down = node.axis == 0
            return Side(tuple(xs), "matrix", stacked=True) if down else self.algebra.beside(xs)
        return None

    def _pull(self, node: Node, xs: Sequence[Formula]) -> Formula | None:
        """One part of a vector that a matrix of blocks was multiplied by."""
        assert isinstance(node, Pull)
        picked = self._picked(node, xs)
        if picked is not None:
            return picked
        cut = cut_of(node)
        if cut is None:
            return None
        joined = self._joined(node.args[0].shape, *cut)
        part = None if joined is None else self._part(xs[0], *joined)
        return self._gate(bare(node.args[0]), cut) if part is None else part

    def _gate(self, source: Node, cut: Cut) -> Formula | None:
        """A part of what several gates share: of W h + b the part W_f h + b_f."""
        shared = self.forward.shared.get(source)
        place = None if shared is None else shared.place(cut.start)
        if place is None:
            return None
        known, self._by_formula = self._by_formula, {}  # the vector itself, not its name
        try:
            whole = self.meaning(source)
        finally:
            self._by_formula = known
        return self._rows(whole, source, place)

    def _rows(self, x: Formula, source: Node, k: int) -> Formula | None:
        """Some entries of a vector; None where they cannot be written without the others."""
        if x.sort == "scalar":
            return x
        if isinstance(x, Sum):
            terms = [self._rows(term, source, k) for term in x.terms]
            kept = [term for term in terms if term is not None]
            return self.algebra.add(kept) if len(kept) == len(terms) else None
        if isinstance(x, Call) and x.head in functions and len(x.args) == 1:
            inner = self._rows(x.args[0], source, k)
            return None if inner is None else dataclasses.replace(x, args=(inner,))
        if isinstance(x, Name):
            known = not isinstance(x, Timed) and x.name in self._variables()
            return self._rows_of(x, x.sort == "row", source, k) if known else None
        if not isinstance(x, Product) or x.over or not x.factors:
            return None
        place = -1 if x.sort == "row" else 0
        factor, turned = x.factors[place], False
        if isinstance(factor, Transpose):
            factor, turned = factor.x, True
        if not isinstance(factor, Name) or factor.name not in self._variables():
            return None
        part: Formula = self._rows_of(factor, (x.sort == "row") != turned, source, k)
        part = Transpose(part) if turned else part
        rest = x.factors[:-1] if place else x.factors[1:]
        return Product(x.coefficient, (*rest, part) if place else (part, *rest))

    def _variables(self) -> set[str]:
        return {name for node, name in self.forward.names.items() if isinstance(node, Var)}

    def _rows_of(self, whole: Name, across: bool, source: Node, k: int) -> Name:
        """The part of a parameter that makes a part of a vector: W = [W_f; W_i]."""
        key = (whole.name, across, source)
        if key not in self.forward.blocks:
            shared = self.forward.shared[source]
            names = self._called_after(whole, shared.labels)
            self.forward.blocks[key] = Blocks(names, shared.sizes)
        return self.forward.blocks[key].names[k]

    def _called_after(self, whole: Name, labels: Sequence[str]) -> tuple[Name, ...]:
        """The names of the parts of a parameter."""
        names = []
        stem, between, below = whole.name.partition("_")
        if not between or below == "".join(labels):  # W_zr = [W_z; W_r]
            stem, below = f"{stem}_", ""
        for label in labels:
            text = fresh(stem + between * bool(below) + below + label, self.forward.taken)
            self.forward.taken.add(text)
            names.append(Name(text, whole.kind))
        return tuple(names)

    def _picked(self, node: Pull, xs: Sequence[Formula]) -> Formula | None:
        """The entry or the row of a class: z·onehot(y), Eᵀ onehot(y)."""
        source, (row, *others) = node.args[0], node.rows
        if not isinstance(row, Lookup) or row.axes or node.args[row.operand].ndim:
            return None
        hot = OneHot(xs[row.operand], source.shape[0], "column")
        if source.ndim == 1:
            turned = self.algebra.turned(hot, self.forward.sort(source))
            return self.algebra.dot(xs[0], turned)
        if source.ndim != 2 or others != [identity_row(0)]:
            return None
        entries = self.algebra.product([self.algebra.transpose(xs[0]), hot])
        return self.algebra.turned(entries, self.forward.sort(node))

    def _push(self, node: Node, xs: Sequence[Formula]) -> Formula | None:
        """A row sent to the place of one class: onehot(y) xᵀ."""
        assert isinstance(node, Push)
        row, *others = node.rows
        if not isinstance(row, Lookup) or row.axes or others != [identity_row(0)]:
            return None
        hot = OneHot(xs[row.operand], node.shape[0], "column")
        return self.algebra.product([hot, self.algebra.turned(xs[0], "row")])

    def _joined(
        self, shape: tuple[Dim, ...], axis: int, start: Dim, count: Dim
    ) -> tuple[Concat, int] | None:
        """The user's own joined vector of this shape, and which part of it is read."""
        for node in self.forward.order:
            if isinstance(node, Concat) and node.shape == shape and node.axis == axis:
                for k, (at, part) in enumerate(zip(node.starts(), node.args, strict=True)):
                    if same_dim(at, start) and same_dim(part.shape[axis], count):
                        return node, k
        return None

    def _part(self, x: Formula, joined: Concat, k: int) -> Formula | None:
        if isinstance(x, Sum):
            parts = [self._part(term, joined, k) for term in x.terms]
            kept = [part for part in parts if part is not None]
            return self.algebra.add(kept) if len(kept) == len(parts) else None
        if isinstance(x, Side):
            return x.items[k] if len(x.items) == len(joined.args) else None
        if isinstance(x, Product) and x.over:
            above = Product(x.coefficient, x.factors)
            divided = all(one.sort == "scalar" for one in x.over)
            part = self._part(above, joined, k) if divided and x.factors else None
            return None if part is None else self.algebra.product([part], x.over)
        if isinstance(x, Product) and len(x.factors) == 1:
            inner = self._part(x.factors[0], joined, k)
            return None if inner is None else self.algebra.scale(x.coefficient, inner)
        if not isinstance(x, Product) or not x.factors:
            return None
        vectors = [k for k, factor in enumerate(x.factors) if factor.sort != "scalar"]
        if len(vectors) == 1:  # a matrix of one row, times numbers
            (place,) = vectors
        else:
            place = 0 if x.sort == "column" else -1  # W^T δ; else δ W^T
        factor, turned = x.factors[place], isinstance(x.factors[place], Transpose)
        factor = factor.x if isinstance(factor, Transpose) else factor
        if not isinstance(factor, Name):
            return None
        across = factor.sort == "row" if len(vectors) == 1 else (x.sort == "column") == turned
        block: Formula = self._block(factor, across, joined, k)
        block = Transpose(block) if turned else block
        place %= len(x.factors)
        return Product(x.coefficient, (*x.factors[:place], block, *x.factors[place + 1 :]))

    def _block(self, matrix: Name, across: bool, joined: Concat, k: int) -> Name:
        """The columns (rows) of a matrix that multiply one part: W_f = [W_fh, W_fx]."""
        key = (matrix.name, across, joined)
        if key not in self.forward.blocks:
            labels = [self._label(arg, i) for i, arg in enumerate(joined.args)]
            if len(set(labels)) < len(labels):
                labels = [str(i) for i in range(1, len(labels) + 1)]
            names = self._called_after(matrix, labels)
            sizes = tuple(arg.shape[joined.axis] for arg in joined.args)
            self.forward.blocks[key] = Blocks(names, sizes)
        return self.forward.blocks[key].names[k]

    def _label(self, part: Node, place: int) -> str:
        """The name of a part of a joined vector, or of the state or sequence in it."""
        own = self.forward.names.get(part) or self.forward.names.get(bare(part))
        if own:
            return own
        stack = [bare(part)]
        while stack:
            node = stack.pop()
            text = self.forward.names.get(node)
            if isinstance(node, Previous) or node in self.forward.moments.entries:
                return str(text)
            stack.extend(reversed([bare(arg) for arg in node.args]))
        return str(place + 1)


def _count(last: Moment) -> Formula:
    if not last.letter:
        return Number(last.offset)
    name = Name(last.letter)
    return name if not last.offset else Sum((name, Number(last.offset)))


_Rule = Callable[[MomentReader, Node, Sequence[Formula]], Formula | None]
_RULES: dict[type[Node], _Rule] = {
    Each: MomentReader._same,
    Pulse: MomentReader._same,
    Total: MomentReader._total,
    Point: MomentReader._point,
    Concat: MomentReader._concat,
    Pull: MomentReader._pull,
    Push: MomentReader._push,
}
