"""The walk over a graph that follows mantissas and exponents, and what each node becomes."""

from __future__ import annotations

import operator
from collections.abc import Mapping, Sequence

import sympy

from symgraph.codegen.passes import (
    Rewritten,
    bodies,
    everything,
    rebuilt,
    rebuilt_trace,
    unchanged,
)
from symgraph.codegen.shift.exponents import (
    Atom,
    Coefficient,
    Exponents,
    Scale,
    Term,
    atom_of,
    degree,
    is_quotient,
    placed,
    plus,
    times,
)
from symgraph.codegen.shift.formulas import formula_of, has_exponential
from symgraph.codegen.shift.loops import LoopTerms, without_idle_sequences
from symgraph.codegen.shift.reading import Number, Reading, Value
from symgraph.node import Node
from symgraph.ops.einsum import Einsum, einsum_node, widen
from symgraph.ops.leaves import fill
from symgraph.ops.loop import Trace
from symgraph.ops.map import Map
from symgraph.ops.move import Pull, Push, pull, push
from symgraph.ops.reshape import Reshape, reshape_node
from symgraph.ops.rows import Lookup, Row
from symgraph.shapes import Dim, Shape

__all__ = ["shift_exponentials"]

_FOLLOWED = {Map, Einsum, Reshape, Pull, Push}


def shift_exponentials(roots: Sequence[Node]) -> Rewritten:
    """The roots with quotients and logarithms of exponentials written without these."""
    if not any(map(has_exponential, bodies(roots))):
        return unchanged(roots)
    shifting = _Shifting(roots)
    done = shifting.walk(roots)
    if not shifting.changed:
        return unchanged(roots)
    if not any(type(node) is Trace for node in done.image):
        return done
    last = without_idle_sequences(done.roots)
    image = {node: last.image.get(made, made) for node, made in done.image.items()}
    return Rewritten(last.roots, image)


class _Shifting:
    def __init__(self, roots: Sequence[Node]) -> None:
        self.changed = False
        self.exponents = Exponents()
        self.loops = LoopTerms(roots, self.exponents)
        self.numbers: dict[Node, Number] = {}
        #: Sums of exponentials and of what is none: as large as these, but not followed.
        self.mixed: set[Node] = set()
        self.reading = Reading(self)
        #: Where atoms that were read out of others come from.
        self.sources: dict[Node, tuple[Atom, Sequence[Row], tuple[Node, ...]]] = {}

    def walk(self, roots: Sequence[Node]) -> Rewritten:
        """The roots as they become, operands first."""
        image: dict[Node, Node] = {}
        for node in everything(roots):
            args = tuple([image[arg] for arg in node._args])
            args = node._args if all(map(operator.is_, args, node._args)) else args
            if node.is_loop:
                image[node] = self.loops.rebuilt(node, args, image)
            elif type(node) is Trace:
                image[node] = self._trace(node, args, image)
            elif type(node) in _FOLLOWED:
                image[node] = self.visit(node, args)
            else:
                image[node] = rebuilt(node, args)
                operand = self.loops.operands.get(node)
                if operand is not None:
                    self._read(node, operand, image)
        return Rewritten([image[root] for root in roots], image)

    def _trace(self, node: Trace, args: tuple[Node, ...], image: Mapping[Node, Node]) -> Node:
        """What a loop records of a value."""
        made = rebuilt_trace(node, args, image)
        term = self.term_of(node.inner)
        if term is None:
            return made
        found = self.loops.recorded(term, node, args[0])
        return self._kept(node, made, Number([found], stays=True))

    def _read(self, place: Node, operand: Node, image: Mapping[Node, Node]) -> None:
        """What a loop reads step by step."""
        term = self.term_of(operand)
        found = None if term is None else self.loops.read(term, place, image)
        if found is not None:
            self._kept(place, place, Number([found], stays=True))

    def visit(self, node: Node, args: tuple[Node, ...]) -> Node:
        known = self.numbers
        if type(node) is Map:
            if has_exponential(node.params[0]) or any(arg in known for arg in node._args):
                return self._map(node, args)
            return rebuilt(node, args)
        if not self.mixed.isdisjoint(node._args):
            self.mixed.add(node)
        if node.kind != "real" or not any(arg in known for arg in node._args):
            return rebuilt(node, args)
        rule = {Einsum: self._einsum, Reshape: self._reshape, Pull: self._pull, Push: self._push}
        term = rule[type(node)](node, args)
        plain = rebuilt(node, args)
        if term is None:
            return plain
        return self._kept(node, plain, Number([term], stays=type(node) is not Einsum))

    def _kept(self, node: Node, plain: Node, number: Number) -> Node:
        """What a node becomes: itself, unless as many exponentials stand above as below."""
        self.numbers[node] = number
        if number.stays:
            if not any(degree(term.scale) for term in number.terms):
                number.whole = plain
            return plain
        if len(number.terms) > 1 and any(degree(term.scale) for term in number.terms):
            return plain
        term = number.single(self.exponents)
        if term is None or not is_quotient(term.scale):
            return plain
        whole = self.whole(term, node.shape)
        self.numbers[node] = Number([term], whole)
        return whole

    def whole(self, term: Term, shape: Shape | None = None) -> Node:
        """The node of a term."""
        self.changed = True
        made = times(term.mantissa, self.exponents.exponential(term.scale, term.mask)) or fill(1.0)
        return made if shape is None or made.shape == shape else widen(made, shape)

    def term_of(self, arg: Node) -> Term | None:
        """An operand as a term, if it is more than a plain value."""
        number = self.numbers.get(arg)
        return None if number is None else number.single(self.exponents)

    # --- formulas -----------------------------------------------------------------------------

    def _map(self, node: Node, args: tuple[Node, ...]) -> Node:
        numbers = tuple([self.numbers.get(arg) for arg in node._args])
        formula = formula_of(node.params[0], tuple([n is not None for n in numbers]))
        plain = rebuilt(node, args)
        if node.kind != "real" or formula.operation == "plain":
            return plain
        before, self.changed = self.changed, False
        found = self.reading.of(formula, node.ndim, args, numbers, node._args)
        changed, self.changed = self.changed, self.changed or before
        if formula.operation == "add" and self._is_mixed(found, changed):
            self.mixed.add(node)
        if isinstance(found, Number):
            return self._kept(node, plain, found)
        if not changed or found.kind != "real":
            return plain
        return found if found.shape == node.shape else widen(found, node.shape)

    def _is_mixed(self, found: Value, changed: bool) -> bool:
        """Whether a sum has terms that are exponentials and is not followed as one term."""
        if isinstance(found, Number):
            return not found.beside_one and found.single(self.exponents) is None
        return not changed

    # --- sums over axes, and moves --------------------------------------------------------------

    def _einsum(self, node: Node, args: tuple[Node, ...]) -> Term | None:
        assert isinstance(node, Einsum)
        out, ins = node.out, list(node.ins)
        if len(set(out)) < len(out):
            return None
        operands: list[Node | None] = list(args)
        scale: Scale = {}
        taken = False
        for k, arg in enumerate(node._args):
            term = self.term_of(arg)
            if term is None or not degree(term.scale):
                continue
            taken = True
            if len(set(ins[k])) < len(ins[k]):
                return None
            lost = [axis for axis, i in enumerate(ins[k]) if i not in out]
            apart = self.exponents.without_axes(term, lost)
            if apart is None:
                return None
            place = {i: axis for axis, i in enumerate(ins[k])}
            moved = {_moved(atom, [place.get(i) for i in out]): n for atom, n in apart[0].items()}
            scale = plus(scale, moved)
            if (
                len(args) == 1
                and term.mantissa is None
                and self.exponents.is_log_sum(apart[1], lost)
            ):
                return Term(None, scale)
            inside = times(term.mantissa, self.exponents.exponential(apart[1], term.mask))
            operands[k] = None if inside is None else widen(inside, arg.shape)
        return Term(self._sum_of(node, operands), scale) if taken else None

    def _sum_of(self, node: Einsum, operands: Sequence[Node | None]) -> Node | None:
        """The sum of products, where operands of ones may be missing."""
        ins, out, sizes = node.ins, node.out, node.sizes()
        kept = [k for k, operand in enumerate(operands) if operand is not None]
        seen = {i for k in kept for i in ins[k]}
        if not kept and all(set(part) <= set(out) for part in ins):
            return None
        for k, operand in enumerate(operands):
            if operand is None and not seen.issuperset(ins[k]):
                kept.append(k)
        factors = [operands[k] or fill(1.0, node.args[k].shape) for k in sorted(kept)]
        return einsum_node([ins[k] for k in sorted(kept)], out, sizes, tuple(factors))

    def _reshape(self, node: Node, args: tuple[Node, ...]) -> Term | None:
        term = self.term_of(node._args[0])
        if term is None:
            return None
        old, new = node._args[0].shape, node.shape
        axes = [axis for axis, size in enumerate(old) if size != 1]
        scale: dict[Atom, Coefficient] = {}
        if [old[axis] for axis in axes] == [size for size in new if size != 1]:
            rest = iter(axes)
            sources = [None if size == 1 else next(rest) for size in new]
            scale = {_moved(atom, sources): k for atom, k in term.scale.items()}
        else:
            for atom, k in term.scale.items():
                moved = reshape_node(widen(placed(atom), old), new)
                scale[atom_of(moved)] = k
        mantissa = term.mantissa
        if mantissa is not None:
            mantissa = reshape_node(widen(mantissa, old), new)
        return Term(mantissa, scale)

    def _pull(self, node: Node, args: tuple[Node, ...]) -> Term | None:
        term = self.term_of(node._args[0])
        assert isinstance(node, Pull)
        source = node._args[0].shape
        if term is None or not _is_inside(node.rows, source, node.shape):
            return None
        scale: dict[Atom, Coefficient] = {}
        for atom, k in term.scale.items():
            read = pull(widen(placed(atom), source), node.rows, node.shape, args[1:])
            self.sources[read] = (atom, node.rows, args[1:])
            scale[atom_of(read)] = k
        mantissa = term.mantissa
        if mantissa is not None:
            mantissa = pull(widen(mantissa, source), node.rows, node.shape, args[1:])
        return Term(mantissa, scale)

    def _push(self, node: Node, args: tuple[Node, ...]) -> Term | None:
        """What was read out of larger exponents goes back to them."""
        term = self.term_of(node._args[0])
        assert isinstance(node, Push)
        if term is None or not term.scale:
            return None
        scale: dict[Atom, Coefficient] = {}
        for atom, k in term.scale.items():
            source = self.sources.get(atom.base)
            if source is None or source[1:] != (node.rows, args[1:]):
                return None
            scale[source[0]] = k
        mantissa = term.mantissa or fill(1.0)
        return Term(push(widen(mantissa, args[0].shape), node.rows, node.shape, args[1:]), scale)


def _moved(atom: Atom, sources: Sequence[int | None]) -> Atom:
    """An atom of a value whose axes come from these axes of another."""
    return Atom(atom.base, tuple(-1 if k is None else atom.axes[k] for k in sources))


def _is_inside(rows: Sequence[Row], source: Shape, small: Shape) -> bool:
    """Whether everything that is read is certainly inside of the source."""
    for row, size in zip(rows, source, strict=True):
        if isinstance(row, Lookup) or row.checked:
            continue
        low = row.offset + sum(step * (small[axis] - 1) for axis, step in row.steps if step < 0)
        high = row.offset + sum(step * (small[axis] - 1) for axis, step in row.steps if step > 0)
        if not (_is_positive(low + 1) and _is_positive(size - high)):
            return False
    return True


def _is_positive(size: Dim) -> bool:
    return bool(size > 0) if isinstance(size, int) else bool(sympy.sympify(size).is_positive)
