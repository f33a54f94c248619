"""Nodes of quotients of polynomials in one exponential, which neither overflow nor lose digits.

With u = exp(b) and e = exp(-|b|), every quotient is one in e on either side of 0. Where it is made
of powers of u over powers of 1 + u, it is written in σ(b), σ(-b) and tanh(b/2), as readers know it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from functools import partial, reduce

from symgraph.codegen.basic import basic
from symgraph.codegen.shift.ratio import (
    BeyondError,
    Factor,
    Polynomial,
    Ratio,
    lattice,
    without_root,
)
from symgraph.node import Node
from symgraph.ops.leaves import fill
from symgraph.ops.map import map_node
from symgraph.scalar import dsigmoid, sigmoid, slot
from symgraph.template import template

__all__ = ["StableForm"]

_SIGMOID, _SLOPE = template(sigmoid(slot(0)), 1), template(dsigmoid(slot(0)), 1)
_ZERO = Fraction(0)
_MOST_STEPS = 24  # of a polynomial


class StableForm:
    """How a quotient is written, whatever its base and its atoms are.

    Raises BeyondError where exponents have no common step that is worth it, as 1 and 0.7.
    """

    def __init__(self, one: Ratio) -> None:
        assert one.base is not None
        self._base = one.base
        self._parts = [(atoms, _part(p, one.below)) for atoms, p in one.above.items()]

    def node(self, node_of: Callable[[int], Node]) -> Node:
        """The node, on those of the base and of the atoms by their numbers."""
        base = node_of(self._base)
        made: Node | None = None
        for atoms, part in self._parts:
            term = part(base)
            for place, count in atoms:
                for _ in range(abs(count)):
                    term = basic("multiply" if count > 0 else "divide", term, node_of(place))
            made = term if made is None else basic("add", made, term)
        return _known(base, _ZERO) if made is None else made


def _part(p: Polynomial, below: Mapping[Factor, int]) -> Callable[[Node], Node]:
    """One polynomial over the line."""
    if not below:
        return lambda base: _sum(base, p)
    low = min(p)
    exponents = [e for factor in below for e, _ in factor]
    step = lattice([e - low for e in p] + exponents)
    if _span(p, below) <= _MOST_STEPS * step:
        return _quotient(p, below, step)
    step = lattice(exponents)  # that of the others is too fine
    if _span({}, below) > _MOST_STEPS * step:
        raise BeyondError
    groups: dict[Fraction, Polynomial] = {}
    for e, c in p.items():
        groups.setdefault(e % step, {})[e] = c
    if any(_span(group, {}) > _MOST_STEPS * step for group in groups.values()):
        raise BeyondError
    parts = [_quotient(group, below, step) for group in groups.values()]
    return lambda base: reduce(partial(basic, "add"), [part(base) for part in parts])


def _span(p: Polynomial, below: Mapping[Factor, int]) -> Fraction:
    """The largest difference of exponents."""
    own = max(p) - min(p) if p else _ZERO
    return max([own, *(factor[-1][0] for factor in below)])


def _quotient(p: Polynomial, below: Mapping[Factor, int], step: Fraction) -> Callable[[Node], Node]:
    """In whole powers of u = exp(step · b), but for the lowest."""
    low = min(p)
    top = [p.get(low + step * k, _ZERO) for k in range(int((max(p) - low) / step) + 1)]
    bottoms = [
        [dict(factor).get(step * k, _ZERO) for k in range(int(factor[-1][0] / step) + 1)]
        for factor, count in below.items()
        for _ in range(count)
    ]
    found = _Quotient(step, low / step, top, bottoms)
    return found.sigmoids if found.is_of_sigmoids else found.decays


def _sum(base: Node, p: Polynomial) -> Node:
    """Exponentials as they are."""
    made: Node | None = None
    for exponent, c in p.items():
        if exponent:
            term = _times(c, basic("exp", _times(exponent, base)))
        else:
            term = fill(float(c)) if len(p) > 1 else _known(base, c)
        made = term if made is None else basic("add", made, term)
    assert made is not None
    return made


class _Quotient:
    """u**low times a polynomial over others, each by its coefficients, constant first."""

    def __init__(
        self, step: Fraction, low: Fraction, top: list[Fraction], bottoms: Sequence[list[Fraction]]
    ) -> None:
        self.step, self.low = step, low
        self.plus = self.minus = 0  # powers of 1 + u and of u - 1 below, less those above
        self.others: list[list[Fraction]] = []
        for bottom in bottoms:
            rest, self.minus = _split(bottom, 1, self.minus, 1)
            rest, self.plus = _split(rest, -1, self.plus, 1)
            if len(rest) > 1:
                self.others.append(rest)
            else:
                top = [c / rest[0] for c in top]
        top, self.minus = _split(top, 1, self.minus, -1)
        self.top, self.plus = _split(top, -1, self.plus, -1)
        #: Powers of tanh(b/2) = (u - 1)/(1 + u), and how many of 1 + u are left below.
        self.waves, self.rest = -self.minus, self.plus + self.minus

    @property
    def is_of_sigmoids(self) -> bool:
        """Whether it is made of tanh(b/2), σ(b) = u/(1 + u) and σ(-b) = 1/(1 + u)."""
        whole = not self.others and self.low.denominator == 1 and self.low >= 0
        return whole and self.waves >= 0 and self.low + len(self.top) - 1 <= self.rest

    def sigmoids(self, base: Node) -> Node:
        """The quotient in these."""
        if not self.rest and not self.waves:
            return _known(base, self.top[0])
        b = _times(self.step, base)
        made: Node | None = None
        for k, c in enumerate(self.top):
            if c:
                up = int(self.low) + k
                term = _times(c, _powers(b, up, self.rest - up))
                made = term if made is None else basic("add", made, term)
        assert made is not None
        wave = basic("tanh", _times(self.step / 2, base))
        for _ in range(self.waves):
            made = wave if made is fill(1.0) else basic("multiply", made, wave)
        return made

    def decays(self, base: Node) -> Node:
        """The quotient in e = exp(-|b|), on either side of 0."""
        b = _times(self.step, base)
        size, is_below = basic("abs", b), basic("less", b, fill(0.0))
        e = basic("exp", basic("negative", size))

        def either(left: Node, right: Node) -> Node:
            return left if left is right else basic("where", is_below, left, right)

        degrees = self.plus + self.minus + sum(len(other) - 1 for other in self.others)
        turned = degrees - (len(self.top) - 1) - self.low
        grown = [basic("exp", _times(-k, size)) if k else fill(1.0) for k in (self.low, turned)]
        made = either(_polynomial(self.top, e), _polynomial(self.top[::-1], e))
        made = basic("multiply", either(*grown), made)
        small = basic("expm1", basic("negative", size))
        for factor, count in ((small, -self.minus), (basic("add", fill(1.0), e), -self.plus)):
            for _ in range(abs(count)):
                made = basic("multiply" if count > 0 else "divide", made, factor)
        for other in self.others:
            below = either(_polynomial(other, e), _polynomial(other[::-1], e))
            made = basic("divide", made, below)
        return either(made, basic("negative", made)) if self.minus % 2 else made


def _split(top: list[Fraction], root: int, count: int, sign: int) -> tuple[list[Fraction], int]:
    """A polynomial without its factors (u - root), which are counted."""
    while len(top) > 1 and (rest := without_root(top, root)) is not None:
        top, count = rest, count + sign
    return top, count


def _powers(b: Node, up: int, down: int) -> Node | None:
    """σ(b)**up σ(-b)**down; None for 1."""
    both, minus = min(up, down), basic("negative", b)
    made: Node | None = None
    for body, of, count in (
        (_SLOPE, b, both), (_SIGMOID, b, up - both), (_SIGMOID, minus, down - both)
    ):  # fmt: skip
        for _ in range(count):
            factor = map_node(body, (of,))
            made = factor if made is None else basic("multiply", made, factor)
    return made


def _polynomial(coefficients: Sequence[Fraction], e: Node) -> Node:
    """In Horner's form, constant first."""
    made: Node = fill(float(coefficients[-1]))
    for c in reversed(coefficients[:-1]):
        made = basic("multiply", made, e)
        made = basic("add", fill(float(c)), made) if c else made
    return made


def _known(base: Node, value: Fraction) -> Node:
    """A number; not one, where b is none."""
    return basic("where", basic("equal", base, base), fill(float(value)), base)


def _times(c: Fraction, node: Node | None) -> Node:
    """A number times a node; None stands for 1."""
    if node is None:
        return fill(float(c))
    if c == -1:
        return basic("negative", node)
    return node if c == 1 else basic("multiply", fill(float(c)), node)
