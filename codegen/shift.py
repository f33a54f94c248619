"""Quotients and logarithms of exponentials without exponentials that overflow.

    exp(z)/sum(exp(z))           exp(z - logsumexp(z))
    log(sum(exp(z)))             logsumexp(z)
    exp(a)/(exp(a) + exp(b))     exp(min(a - b, 0))/(1 + exp(-|a - b|))
    log(c exp(x))                log(c) + x

A pass: what is made of exponentials by products, powers and sums is followed as a mantissa times an
exponential (see `exponents`). Where as many exponentials stand above the line as below, and in
logarithms, the value is written without them; everywhere else it stays as it was written, exp(z)
beside it as well. Derivatives of such formulas are of the same kind.

Left as written: sums of exponentials and of what is none, as in exp(z) + z, states of loops over
time, and 1 + exp(x), of which `stable` knows more.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence

import sympy

from symgraph.codegen.exponents import (
    Atom,
    Coefficient,
    Exponents,
    Scale,
    Term,
    aligned,
    atom_of,
    degree,
    is_quotient,
    placed,
    plus,
    times,
)
from symgraph.codegen.formulas import Formula, divisors, formula_of, has_exponential
from symgraph.codegen.passes import (
    Rewritten,
    bodies,
    everything,
    rebuilt,
    rebuilt_trace,
    unchanged,
)
from symgraph.codegen.shift_loops import LoopTerms, without_idle_sequences
from symgraph.node import Node
from symgraph.ops.einsum import Einsum, einsum_node, widen
from symgraph.ops.leaves import Fill, fill
from symgraph.ops.loop import Trace
from symgraph.ops.map import Map, map_node, negative
from symgraph.ops.move import Pull, Push, pull, push
from symgraph.ops.reduce import Reduce
from symgraph.ops.reshape import Reshape, reshape_node
from symgraph.ops.rows import Lookup, Row
from symgraph.scalar import logical_not, slot, where
from symgraph.shapes import Dim, Shape
from symgraph.template import template

__all__ = ["shift_exponentials"]

_EXP, _LOG = template(sympy.exp(slot(0)), 1), template(sympy.log(slot(0)), 1)
_ADD, _DIVIDE = template(slot(0) + slot(1), 2), template(slot(0) / slot(1), 2)
_CHOICE = template(where(slot(0), slot(1), slot(2)), 3)
_NOT = template(logical_not(slot(0)), 1)
_DIFFERENCE = template(slot(0) - slot(1), 2)

#: More terms of a sum are joined at once.
_MOST_TERMS = 64
#: A factor of more exponentials is a number like any other.
_MOST_EXPONENTS = 32
_FOLLOWED = {Map, Einsum, Reshape, Pull, Push}
#: Mantissas of 1 and -1.
_SIGNS = (None, fill(-1, (), "real"))


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


class _Number:
    """A value as a sum of terms of its rank, joined when they are first asked for as one.

    `whole` is its node where that may be used. One that `stays` is right as it was written, and is
    followed for what is made of it. `beside_one` tells 1 + exp(x), exp(x) - 1 and 1 - exp(x), which
    are one term only together with others.
    """

    __slots__ = ("_single", "beside_one", "stays", "terms", "whole")

    def __init__(
        self,
        terms: Sequence[Term],
        whole: Node | None = None,
        stays: bool = False,
        beside_one: bool = False,
    ) -> None:
        self.terms, self.whole, self.stays = tuple(terms), whole, stays
        self.beside_one = beside_one
        self._single: list[Term | None] = []

    def single(self, exponents: Exponents, alone: bool = True) -> Term | None:
        """The value as one term; None where it cannot be joined."""
        if alone and self.beside_one:
            return None
        if not self._single:
            only = len(self.terms) == 1
            self._single.append(self.terms[0] if only else exponents.joined(self.terms))
        return self._single[0]


_Value = Node | _Number


class _Shifting:
    def __init__(self, roots: Sequence[Node]) -> None:
        self.changed = False
        self.exponents = Exponents()
        self.loops = LoopTerms(roots, self.exponents)
        self.numbers: dict[Node, _Number] = {}
        #: Sums of exponentials and of what is none: as large as these, but not followed.
        self.mixed: set[Node] = set()
        self.reading = _Reading(self)
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
        return self._kept(node, made, _Number([found], stays=True))

    def _read(self, place: Node, operand: Node, image: Mapping[Node, Node]) -> None:
        """What a loop reads step by step."""
        term = self.term_of(operand)
        found = None if term is None else self.loops.read(term, place, image)
        if found is not None:
            self._kept(place, place, _Number([found], stays=True))

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
        return self._kept(node, plain, _Number([term], stays=type(node) is not Einsum))

    def _kept(self, node: Node, plain: Node, number: _Number) -> Node:
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
        self.numbers[node] = _Number([term], whole)
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
        if isinstance(found, _Number):
            return self._kept(node, plain, found)
        if not changed or found.kind != "real":
            return plain
        return found if found.shape == node.shape else widen(found, node.shape)

    def _is_mixed(self, found: _Value, changed: bool) -> bool:
        """Whether a sum has terms that are exponentials and is not followed as one term."""
        if isinstance(found, _Number):
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


class _Reading:
    """The formula of a Map, read on operands of which some are numbers."""

    def __init__(self, shifting: _Shifting) -> None:
        self.shifting, self.rank = shifting, 0
        self.args: Sequence[Node] = ()
        self.originals: Sequence[Node] = ()
        self.numbers: Sequence[_Number | None] = ()
        self.exponents = shifting.exponents
        self._rules: dict[str, Callable[[Formula], _Value]] = {
            "plain": self._plain, "slot": self._slot, "exp": self._exp, "log": self._log,
            "multiply": self._multiply, "add": self._add, "where": self._where, "call": self._call,
            "cosh": self._cosh, "sinh": self._cosh,
        }  # fmt: skip

    def of(
        self,
        formula: Formula,
        rank: int,
        args: Sequence[Node],
        numbers: Sequence[_Number | None],
        originals: Sequence[Node],
    ) -> _Value:
        """The value of a Map of so many axes."""
        self.rank, self.args, self.numbers = rank, args, numbers
        self.originals = originals
        return self.value(formula)

    def value(self, formula: Formula) -> _Value:
        """A number where exponentials are left in the value, else its node."""
        return self._rules[formula.operation](formula)

    def plain(self, formula: Formula, value: _Value | None = None) -> Node:
        """The node of a part, as it was written if exponentials are left in it."""
        value = self.value(formula) if value is None else value
        if isinstance(value, Node):
            return value
        if value.whole is not None:
            return value.whole
        if value.stays:
            return formula.written(self.args)
        term = value.single(self.exponents)
        if term is None or not is_quotient(term.scale):
            return formula.written(self.args)
        return self.shifting.whole(term)

    def _plain(self, formula: Formula) -> _Value:
        return formula.written(self.args)

    def _slot(self, formula: Formula) -> _Value:
        number = self.numbers[formula.place]
        assert number is not None
        if self.args[formula.place].ndim == self.rank:
            return number
        terms = [term._replace(scale=aligned(term.scale, self.rank)) for term in number.terms]
        return _Number(terms, number.whole, number.stays, number.beside_one)

    def _exp(self, formula: Formula) -> _Value:
        exponent = self.plain(formula.parts[0])
        if exponent.kind != "real":
            return map_node(_EXP, (exponent,))
        peak = _peak_below(exponent)
        if peak is not None:
            return self._share(exponent, peak)
        return _Number([Term(None, {atom_of(exponent, self.rank): 1})])

    def _share(self, exponent: Node, peak: Node) -> _Value:
        """A softmax as it was written."""
        x, below = exponent._args
        scale = self.exponents.share(x, peak) if peak.params[0] == "logsumexp" else None
        if scale is None or below.ndim not in (0, x.ndim):
            return map_node(_EXP, (exponent,))
        return _Number([Term(None, aligned(scale, self.rank))], stays=True)

    def _log(self, formula: Formula) -> _Value:
        value = self.value(formula.parts[0])
        (term,) = self._terms([value])
        if term is None or not term.scale:
            return map_node(_LOG, (self.plain(formula.parts[0], value),))
        self.shifting.changed = True
        exponent = self.exponents.exponent(term.scale)
        if term.mantissa is None:
            return exponent
        return map_node(_ADD, (map_node(_LOG, (term.mantissa,)), exponent))

    def _multiply(self, formula: Formula) -> _Value:
        """A product of powers."""
        values = [self.value(part) for part in formula.parts]
        if self._divides_by_mixed(formula):
            return self._quotient(formula, values)
        terms = self._terms(values)
        known = [term for term in terms if term is not None]
        grows = self._may_grow(terms, formula.powers)
        stays = bool(known) and not grows and not any(degree(term.scale) for term in known)
        above: Node | None = None
        below: Node | None = None
        scale: Scale = {}
        masks: list[Node] = []
        mask: Node | None = None
        for part, value, term, power in zip(
            formula.parts, values, terms, formula.powers, strict=True
        ):
            if term is not None and (stays or grows or degree(term.scale)):
                scale = plus(scale, term.scale, power)
                factor = term.mantissa
                mask = term.mask if mask is None and power > 0 else mask
            else:
                factor = self.plain(part, value)
            if factor is not None and factor.kind == "boolean" and part.operation == "plain":
                masks.append(factor)
            elif factor is not None and power > 0:
                above = times(above, _raised(factor, power))
            elif factor is not None:
                below = times(below, _raised(factor, -power))
        if below is not None:
            above = map_node(_DIVIDE, (fill(1.0) if above is None else above, below))
        made = Term(above, scale, mask)
        for condition in masks:
            made = _masked(condition, made)
        if made.scale or made.mantissa is None:
            return _Number([made], stays=stays)
        self.shifting.changed |= bool(known)
        return made.mantissa

    def _divides_by_mixed(self, formula: Formula) -> bool:
        """Whether a factor below the line is as large as exponentials that are not followed."""
        mixed = self.shifting.mixed
        return bool(mixed) and any(self.originals[k] in mixed for k in divisors(formula.expr))

    def _quotient(self, formula: Formula, values: Sequence[_Value]) -> Node:
        """A product of the nodes of its factors."""
        made: Node | None = None
        order = sorted(range(len(values)), key=lambda k: formula.powers[k] < 0)
        for k in order:
            power = formula.powers[k]
            size = power if power > 0 else -power
            factor = _raised(self.plain(formula.parts[k], values[k]), size)
            if power > 0:
                made = times(made, factor)
            else:
                made = map_node(_DIVIDE, (fill(1.0) if made is None else made, factor))
        assert made is not None
        return made

    def _terms(self, values: Sequence[_Value]) -> list[Term | None]:
        """Factors as terms. Products of 1 + exp(x) and powers of exp(x) are known as they are.

        What has very many exponents is no term: each product would look at all of them again.
        """
        numbers = [value if isinstance(value, _Number) else None for value in values]
        beside = [number for number in numbers if number is not None and number.beside_one]
        others = [number for number in numbers if number is not None and not number.beside_one]
        alone = len(beside) + len(others) < 2 or _is_sigmoid(beside, others)
        terms = [None if n is None else n.single(self.exponents, alone) for n in numbers]
        return [t if t is not None and len(t.scale) <= _MOST_EXPONENTS else None for t in terms]

    def _may_grow(self, terms: Sequence[Term | None], powers: Sequence[Coefficient]) -> bool:
        """Whether a factor of as many exponentials above as below may be large all the same."""
        return any(
            not self.exponents.is_bounded(plus({}, term.scale, power))
            for term, power in zip(terms, powers, strict=True)
            if term is not None and not degree(term.scale)
        )

    def _add(self, formula: Formula) -> _Value:
        values = [self.value(part) for part in formula.parts]
        found: list[Term] = []
        for value in values:
            if isinstance(value, _Number):
                found += value.terms
        over = {degree(term.scale) for term in found}
        if over == {0}:
            return self._sum(formula, values)
        plain = [value for value in values if isinstance(value, Node)]
        if plain:
            if not all(type(value) is Fill and value.value != 0 for value in plain):
                return formula.written(self.args)
            origin = atom_of(fill(0.0), self.rank)
            ones = [None if _is_one(value) else value for value in plain]
            beside_one = len(found) == 1 and self._is_alone(found[0]) and ones[0] in _SIGNS
            found += [Term(one, {origin: 1}) for one in ones]
            return _Number(found, beside_one=beside_one)
        if len(found) > _MOST_TERMS:
            term = self.exponents.joined(found)
            return formula.written(self.args) if term is None else _Number([term])
        return _Number(found)

    def _is_alone(self, term: Term) -> bool:
        """Whether this is exp(x) or -exp(x)."""
        single = list(term.scale.values()) == [1] and not self.exponents.has_peak(term.scale)
        return single and term.mantissa in _SIGNS

    def _cosh(self, formula: Formula) -> _Value:
        """cosh(x) and sinh(x) stay, but for their logarithms and quotients."""
        x = self.plain(formula.parts[0])
        if x.kind != "real":
            return formula.applied([x])
        half, turned = fill(sympy.Rational(1, 2), (), "real"), negative(x)
        other = half if formula.operation == "cosh" else negative(half)
        terms = [(half, atom_of(x, self.rank)), (other, atom_of(turned, self.rank))]
        return _Number([Term(mantissa, {atom: 1}) for mantissa, atom in terms])

    def _sum(self, formula: Formula, values: Sequence[_Value]) -> Node:
        total: Node | None = None
        for part, value in zip(formula.parts, values, strict=True):
            term = self.plain(part, value)
            total = term if total is None else map_node(_ADD, (total, term))
        assert total is not None
        return total

    def _where(self, formula: Formula) -> _Value:
        """exp(s) where a condition holds, else 0, is the exponential of s or of minus infinity."""
        parts = formula.parts
        condition = self.plain(parts[0])
        values = [self.value(part) for part in parts[1:]]
        for value, other, body in zip(values, values[::-1], (None, _NOT), strict=True):
            term = value.single(self.exponents) if isinstance(value, _Number) else None
            if term is not None and degree(term.scale) and _is_zero(other):
                holds = condition if body is None else map_node(body, (condition,))
                return _Number([_masked(holds, term)])
        taken = [self.plain(part, value) for part, value in zip(parts[1:], values, strict=True)]
        return map_node(_CHOICE, (condition, taken[0], taken[1]))

    def _call(self, formula: Formula) -> _Value:
        return formula.applied([self.plain(part) for part in formula.parts])


def _is_sigmoid(beside: Sequence[_Number], others: Sequence[_Number]) -> bool:
    """Whether a product is one of powers of 1 + exp(x) and of exp(x)."""
    terms = [term for number in beside for term in number.terms]
    atoms = {atom for term in terms for atom in term.scale}
    if len(atoms) != 2 or any(len(number.terms) > 1 for number in others):
        return False
    terms += [number.terms[0] for number in others]
    return all(term.mantissa is None and atoms.issuperset(term.scale) for term in terms)


def _masked(condition: Node, term: Term) -> Term:
    """A term where a condition holds, else 0."""
    mantissa = fill(1.0) if term.mantissa is None else term.mantissa
    return Term(map_node(_CHOICE, (condition, mantissa, fill(0.0))), term.scale, condition)


def _is_zero(value: _Value) -> bool:
    return type(value) is Fill and bool(value.value == 0)


def _is_one(node: Node) -> bool:
    return type(node) is Fill and bool(node.value == 1)


def _raised(x: Node, power: Coefficient) -> Node:
    if power == 1:
        return x
    exponent = sympy.Rational(power.numerator, power.denominator)
    return map_node(template(slot(0) ** exponent, 1), (x,))


def _moved(atom: Atom, sources: Sequence[int | None]) -> Atom:
    """An atom of a value whose axes come from these axes of another."""
    return Atom(atom.base, tuple(-1 if k is None else atom.axes[k] for k in sources))


def _peak_below(exponent: Node) -> Node | None:
    """The largest entry of x, or the log-sum-exp, where this is x less that."""
    if type(exponent) is not Map or exponent.params[0] is not _DIFFERENCE:
        return None
    x, peak = exponent._args
    while type(peak) in (Einsum, Reshape) and len(peak._args) == 1:
        peak = peak._args[0]
    is_peak = isinstance(peak, Reduce) and peak.operation in ("max", "logsumexp")
    return peak if is_peak and peak._args[0] is x else None


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
