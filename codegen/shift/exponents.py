"""Values as a mantissa times an exponential: mantissa · exp(k₁ s₁ + k₂ s₂ + ...).

The sᵢ are nodes, so that values are multiplied, divided, added and summed without an exponential
that may overflow: a sum over entries takes out the exponential of their log-sum-exp, a sum of terms
that of the largest exponent. What is left of an exponential in the end is that of a difference.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any, NamedTuple, TypeAlias

import sympy

from symgraph.node import Node
from symgraph.ops.einsum import einsum_node
from symgraph.ops.leaves import Fill, fill
from symgraph.ops.map import map_node, negative, scaled
from symgraph.ops.reduce import Reduce, reduce_node
from symgraph.scalar import absolute, expm1, greater_equal, maximum, minimum, slot, where
from symgraph.template import template

__all__ = [
    "Atom",
    "Coefficient",
    "Exponents",
    "Scale",
    "Term",
    "aligned",
    "atom_of",
    "degree",
    "plus",
    "times",
]

_ADD, _SUBTRACT = template(slot(0) + slot(1), 2), template(slot(0) - slot(1), 2)
_MULTIPLY, _EXP = template(slot(0) * slot(1), 2), template(sympy.exp(slot(0)), 1)
_LARGER, _BELOW = template(maximum(slot(0), slot(1)), 2), template(minimum(slot(0), 0), 1)
_BESIDE_ONE = template(1 + sympy.exp(-absolute(slot(0))), 1)
_SMALL = expm1(-absolute(slot(0)))
_CHOICE = template(where(slot(0), slot(1), slot(2)), 3)
#: What no exponent is as small as, in float32 neither: the largest of none.
_LOWEST = fill(-1e30)
_NOTHING = fill(float("-inf"))
_BESIDE = template(where(greater_equal(slot(0), 0), -_SMALL, _SMALL), 1)


class Atom(NamedTuple):
    """A node in an exponent: for each axis of the value the axis of the node, or -1."""

    base: Node
    axes: tuple[int, ...]


#: Whole numbers are plain ones: sums of fractions take their time.
Coefficient: TypeAlias = int | Fraction
#: Exponents: atoms with their coefficients.
Scale: TypeAlias = Mapping[Atom, Coefficient]


class Term(NamedTuple):
    """mantissa · exp(scale); without a mantissa it is 1.

    Where there is a mask and it does not hold, the mantissa is 0, and the exponents mean nothing.
    """

    mantissa: Node | None
    scale: Scale
    mask: Node | None = None


def atom_of(node: Node, rank: int = 0) -> Atom:
    """A node in the exponent of a value of at least so many axes."""
    own = tuple(-1 if size == 1 else axis for axis, size in enumerate(node.shape))
    return Atom(node, (-1,) * (rank - node.ndim) + own)


def aligned(scale: Scale, rank: int) -> Scale:
    """The exponents of a value that is broadcast to more axes."""
    return {Atom(a.base, (-1,) * (rank - len(a.axes)) + a.axes): k for a, k in scale.items()}


def degree(scale: Scale) -> Coefficient:
    """How often exponentials stand above the line, less how often below."""
    return sum(scale.values())


def is_quotient(scale: Scale) -> bool:
    """Whether exponentials stand above and below the line, or none at all."""
    return not scale or (any(k > 0 for k in scale.values()) and any(k < 0 for k in scale.values()))


def plus(first: Scale, second: Scale, factor: Coefficient = 1) -> Scale:
    """The exponents of a product, or with the factor -1 of a quotient."""
    found = dict(first)
    for atom, k in second.items():
        found[atom] = found.get(atom, 0) + factor * k
    return {atom: k for atom, k in found.items() if k}


def times(*factors: Node | None) -> Node | None:
    """The product of mantissas."""
    made: Node | None = None
    for factor in factors:
        if factor is not None:
            made = factor if made is None else map_node(_MULTIPLY, (made, factor))
    return made


class Exponents:
    """Makes the nodes of exponents, and knows which are the largest of which."""

    def __init__(self) -> None:
        #: By the node of a maximum or log-sum-exp, its place in a value and what it is made of.
        self._parts: dict[Node, tuple[tuple[int, ...], tuple[Atom, ...]]] = {}
        self._peaks: dict[frozenset[Atom], Atom] = {}
        self._sums: dict[tuple[Atom, tuple[int, ...]], Atom] = {}  # by what was summed, over what

    # --- sums ---------------------------------------------------------------------------------

    def without_axes(self, term: Term, axes: Sequence[int]) -> tuple[Scale, Scale] | None:
        """Exponents that stay the same along axes, and what is left of them inside of a sum.

        None where what changes stands below the line.
        """
        scale = term.scale
        varying = {a: k for a, k in scale.items() if any(a.axes[axis] >= 0 for axis in axes)}
        rest = {a: k for a, k in scale.items() if a not in varying}
        over = degree(varying)
        if over < 0:
            return None
        if not over and self.is_bounded(varying):
            return rest, varying
        (atom, k), *others = varying.items()
        if others:
            atom, k = atom_of(self.exponent(varying), len(atom.axes)), 1
        lost = tuple(sorted(atom.axes[axis] for axis in axes if atom.axes[axis] >= 0))
        known = self._sums.get((atom, tuple(axis for axis in axes if atom.axes[axis] >= 0)))
        if term.mask is None and known is not None:
            peak = known
        elif term.mask is None:
            peak = self._above(reduce_node("logsumexp", atom.base, lost), atom, lost)
        else:
            limited = map_node(_CHOICE, (term.mask, placed(atom), _LOWEST))
            if limited.ndim < len(atom.axes):
                return None
            largest = reduce_node("max", limited, tuple(axes))
            order = [axis for axis in range(limited.ndim) if axis not in axes]
            place = {axis: i for i, axis in enumerate(order) if limited.shape[axis] != 1}
            peak = Atom(largest, tuple(place.get(axis, -1) for axis in range(limited.ndim)))
        return plus(rest, {peak: k}), {atom: k, peak: -k}

    def share(self, x: Node, total: Node) -> Scale:
        """The exponents of a softmax."""
        atom = atom_of(x)
        return {atom: 1, self._above(total, atom, total.params[1]): -1}

    def is_log_sum(self, inside: Scale, axes: Sequence[int]) -> bool:
        """Whether exponentials add up to 1 along axes."""
        if sorted(inside.values()) != [-1, 1]:
            return False
        atom = next(atom for atom, k in inside.items() if k > 0)
        return all(atom.axes[axis] >= 0 for axis in axes)

    def _above(self, total: Node, atom: Atom, lost: Sequence[int]) -> Atom:
        """The exponent that was taken over axes of another."""
        kept = [axis for axis in range(atom.base.ndim) if axis not in lost]
        place = {axis: i for i, axis in enumerate(kept) if atom.base.shape[axis] != 1}
        peak = Atom(total, tuple(place.get(axis, -1) for axis in atom.axes))
        self.note(peak, [atom])
        return peak

    def joined(self, terms: Sequence[Term]) -> Term | None:
        """The sum of terms of one degree as one term; None where their degrees differ."""
        merged = _merged(terms)
        if len({degree(term.scale) for term in merged}) > 1:
            merged = [self._turned(term) for term in merged]
            if len({degree(term.scale) for term in merged}) > 1:
                return None
        for one in merged:
            if all(self.is_bounded(plus(term.scale, one.scale, -1)) for term in merged):
                return self._sum(merged, one.scale)
        common = _common([term.scale for term in merged])
        rank = max(len(atom.axes) for term in merged for atom in term.scale)
        atoms = [self._as_atom(plus(term.scale, common, -1), rank) for term in merged]
        masks = [term.mask for term in merged]
        is_masked = any(mask is not None for mask in masks)
        peak = self._limited_peak(atoms, masks) if is_masked else self._peak(atoms)
        outside = plus(common, {peak: 1})
        if len(atoms) == 2 and not is_masked:
            pair = _pair(merged[0].mantissa, merged[1].mantissa, _apart(*atoms))
            if pair is not None:
                return Term(pair, outside)
        inside = [
            Term(term.mantissa, plus(common, {atom: 1}), term.mask)
            for term, atom in zip(merged, atoms, strict=True)
        ]
        return self._sum(inside, outside)

    def _turned(self, term: Term) -> Term:
        """1/exp(x) as exp(-x)."""
        if list(term.scale.values()) != [-1]:
            return term
        ((base, axes),) = term.scale
        return (
            term
            if base in self._parts
            else Term(term.mantissa, {Atom(negative(base), axes): 1}, term.mask)
        )

    def _sum(self, terms: Sequence[Term], scale: Scale) -> Term:
        """The sum of terms with an exponential taken out."""
        total: Node | None = None
        for mantissa, own, mask in terms:
            part = times(mantissa, self.exponential(plus(own, scale, -1), mask)) or fill(1.0)
            total = part if total is None else map_node(_ADD, (total, part))
        return Term(total, scale, _joint_mask(terms))

    def _as_atom(self, scale: Scale, rank: int) -> Atom:
        if list(scale.values()) == [1]:
            return next(iter(scale))
        return atom_of(self.exponent(scale), rank)

    def _peak(self, atoms: Sequence[Atom]) -> Atom:
        """The largest of exponents, entry by entry."""
        key = frozenset(atoms)
        found = self._peaks.get(key)
        if found is None:
            made = placed(atoms[0])
            for atom in atoms[1:]:
                made = map_node(_LARGER, (made, placed(atom)))
            found = self._peaks[key] = atom_of(made, len(atoms[0].axes))
            self._parts[made] = found.axes, tuple(atoms)
        return found

    def _limited_peak(self, atoms: Sequence[Atom], masks: Sequence[Node | None]) -> Atom:
        """The largest of exponents, entry by entry, of those whose masks hold."""
        made: Node | None = None
        for atom, mask in zip(atoms, masks, strict=True):
            node = placed(atom)
            node = node if mask is None else map_node(_CHOICE, (mask, node, _LOWEST))
            made = node if made is None else map_node(_LARGER, (made, node))
        assert made is not None
        return atom_of(made, len(atoms[0].axes))

    def is_bounded(self, scale: Scale, depth: int = 4) -> bool:
        """Whether the exponential is known not to be above 1."""
        if not scale or not depth:
            return not scale
        for peak, k in scale.items():
            for atom in self.parts_of(peak) if k < 0 else ():
                share = min(-k, scale.get(atom, 0))
                if share > 0:
                    return self.is_bounded(plus(scale, {atom: -share, peak: share}), depth - 1)
        return False

    def has_peak(self, scale: Scale) -> bool:
        """Whether the largest, or the log-sum-exp, of others is among the exponents."""
        return any(atom.base in self._parts for atom in scale)

    def note(self, peak: Atom, parts: Sequence[Atom]) -> None:
        """What an exponent is the largest, or the log-sum-exp, of."""
        if parts:
            self._parts[peak.base] = peak.axes, tuple(parts)
        if len(parts) == 1:
            over = zip(parts[0].axes, peak.axes, strict=True)
            lost = tuple(k for k, (own, left) in enumerate(over) if own >= 0 > left)
            self._sums[parts[0], lost] = peak

    def noted(self, base: Node) -> tuple[Atom, tuple[Atom, ...]] | None:
        """What was noted of the node of an exponent."""
        found = self._parts.get(base)
        return None if found is None else (Atom(base, found[0]), found[1])

    def parts_of(self, peak: Atom) -> tuple[Atom, ...]:
        """What an exponent is the largest, or the log-sum-exp, of."""
        axes, parts = self._parts.get(peak.base, ((), ()))
        if peak.axes == axes:
            return parts
        more = len(peak.axes) - len(axes)
        if not parts or peak.axes != (-1,) * more + axes:
            return ()
        return tuple(Atom(part.base, (-1,) * more + part.axes) for part in parts)

    # --- nodes --------------------------------------------------------------------------------

    def exponential(self, scale: Scale, mask: Node | None = None) -> Node | None:
        """exp(scale), as a product of exponentials that other values have as well; None for 1.

        It is 0 where a mask does not hold.
        """
        pairs, rest = self._pairs(scale)
        parts = pairs if not rest else {self.exponent(scale): 1}
        made: Node | None = None
        for part, count in parts.items():
            limited = part if mask is None else map_node(_CHOICE, (mask, part, _NOTHING))
            power = map_node(_EXP, (limited,))
            made = times(made, power if count == 1 else map_node(_power(count), (power,)))
        return made

    def exponent(self, scale: Scale) -> Node:
        """The exponents as a number."""
        pairs, rest = self._pairs(scale)
        total: Node | None = None
        for part, count in pairs.items():
            part = scaled(count, part)
            total = part if total is None else map_node(_ADD, (total, part))
        above = [atom for atom, k in rest.items() if k > 0]
        for atom in [*above, *(atom for atom in rest if atom not in above)]:
            total = _increased(total, placed(atom), rest[atom])
        return fill(0.0) if total is None else total

    def _pairs(self, scale: Scale) -> tuple[dict[Node, int], Scale]:
        """Differences of what belongs together, how often each stands, and what is left."""
        found: dict[Node, int] = {}
        rest: dict[Atom, Any] = dict(scale)
        for atom in scale:
            for peak in scale:
                count = int(min(abs(rest[atom]), abs(rest[peak])))
                if count and rest[atom] * rest[peak] < 0 and atom in self.parts_of(peak):
                    sign = 1 if rest[atom] > 0 else -1
                    part = self._difference(*((atom, peak) if sign > 0 else (peak, atom)))
                    found[part] = count
                    rest[atom] -= sign * count
                    rest[peak] += sign * count
        return found, {atom: k for atom, k in rest.items() if k}

    def _difference(self, first: Atom, second: Atom) -> Node:
        """first - second; of two numbers and the larger it is made of their difference."""
        for one, peak, upwards in ((first, second, True), (second, first, False)):
            pair = self.parts_of(peak)
            if len(pair) == 2 and one in pair:
                apart = _apart(*pair)
                least = map_node(_BELOW, (apart if one == pair[0] else negative(apart),))
                return least if upwards else negative(least)
        return _apart(first, second)


def _pair(first: Node | None, second: Node | None, apart: Node) -> Node | None:
    """The sum or difference of two exponentials over the larger; None where it is none of them.

    Both keep their digits: the difference where the exponents are near each other, the sum in
    its logarithm.
    """
    one, other = (1 if part is None else _number(part) for part in (first, second))
    if one is None or other is None or abs(one) != abs(other):
        return None
    pair = map_node(_BESIDE_ONE if one == other else _BESIDE, (apart,))
    return pair if one == 1 else scaled(one, pair)


def _number(node: Node) -> Any:
    return sympy.sympify(node.value) if type(node) is Fill else None


def _joint_mask(terms: Sequence[Term]) -> Node | None:
    """The mask of a sum, if its terms have one and the same."""
    mask = terms[0].mask
    return mask if all(term.mask is mask for term in terms) else None


def _merged(terms: Sequence[Term]) -> list[Term]:
    """Terms of one scale added up."""
    found: dict[frozenset[tuple[Atom, Coefficient]], Term] = {}
    for term in terms:
        key = frozenset(term.scale.items())
        if key in found:
            parts = [fill(1.0) if t.mantissa is None else t.mantissa for t in (found[key], term)]
            mask = _joint_mask([found[key], term])
            term = Term(map_node(_ADD, (parts[0], parts[1])), term.scale, mask)
        found[key] = term
    return list(found.values())


def _common(scales: Sequence[Scale]) -> Scale:
    """What exponents have in common, so that no other one stands below the line."""
    atoms = {atom: None for scale in scales for atom in scale}
    least = {atom: min(scale.get(atom, 0) for scale in scales) for atom in atoms}
    return {atom: k for atom, k in least.items() if k}


def _power(count: int) -> Any:
    return template(slot(0) ** count, 1)


def _apart(first: Atom, second: Atom) -> Node:
    return map_node(_SUBTRACT, (placed(first), placed(second)))


def _increased(total: Node | None, node: Node, k: Any) -> Node:
    """A sum with a multiple of a node added."""
    if total is None:
        return scaled(sympy.Rational(k.numerator, k.denominator), node)
    size = abs(k)
    part = scaled(sympy.Rational(size.numerator, size.denominator), node)
    return map_node(_ADD if k > 0 else _SUBTRACT, (total, part))


def placed(atom: Atom) -> Node:
    """The node of an atom, with axes of one entry where the value has others."""
    base, axes = atom
    own = atom_of(base).axes
    more = len(axes) - base.ndim
    if not base.shape or axes == own:
        return base
    if type(base) is not Reduce and axes == (-1,) * more + own:
        return base  # as NumPy broadcasts it
    fresh = base.ndim
    out = tuple(axis if axis >= 0 else fresh + i for i, axis in enumerate(axes))
    return einsum_node([tuple(range(fresh))], out, {i: 1 for i in out if i >= fresh}, (base,))
