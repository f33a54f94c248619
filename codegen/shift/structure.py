"""What a Map of exponentials is made of, down to atoms: the same for all Maps that are made alike.

A structure knows the quotient of polynomials that it is, and whether it is wrong as it is written.
Both are found once, however many units of a network have it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from fractions import Fraction
from functools import cache, cached_property, lru_cache
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import sympy

from symgraph.codegen.shift.ratio import (
    BeyondError,
    Ratio,
    atom,
    exponential,
    inverse,
    number,
    power,
    product,
    total,
)
from symgraph.codegen.shift.stable_form import StableForm
from symgraph.node import Node
from symgraph.ops.leaves import Fill, var
from symgraph.ops.map import Map
from symgraph.scalar import slot
from symgraph.template import Template
from symgraph.walks import topological

__all__ = ["Entry", "Structure", "structure"]

#: What |k b| is in the exponentials that are tried, for the greatest k of them and for the least.
_TRIED = (1e-3, 0.3, 2.0, 12.0, 25.0, 40.0, 90.0, *(300 * 1.15**k for k in range(13)))
_AGREE, _TINY = 1e-9, 1e-306


class Entry(NamedTuple):
    """An operand: a structure on the atoms of these numbers, a multiple of an atom, or a number."""

    of: Structure | None
    places: tuple[int, ...]
    factor: Fraction


Entries: TypeAlias = tuple[Entry, ...]


class Structure:
    """A template on operands. `ratio` is None where it is no quotient of one exponential."""

    def __init__(self, body: Template, entries: Entries) -> None:
        self.body, self.entries = body, entries
        self.sizes: set[Fraction] = set()  # |k| of exp(k b), the least and the greatest
        self.ratio: Ratio | None = None
        #: k where it is k times its one atom, else 0.
        self.multiple = Fraction(0)
        try:
            found = self._read(body.expr)
        except BeyondError:
            found = None
        if found is not None and found.base is None:
            lone = list(found.above) == [((0, 1),)] and not found.below
            self.multiple = found.above[((0, 1),)][Fraction(0)] if lone else Fraction(0)
        if found is not None and found.base is not None:
            self.ratio = found
            inner = (entry.of.sizes for entry in entries if entry.of is not None)
            sizes = self.sizes.union(*inner)
            self.sizes = {min(sizes), max(sizes)}
        #: The operand that this is a product of with numbers and atoms: what that is, this is.
        self.passes = self._passes() if self.ratio is not None else None

    @cached_property
    def form(self) -> StableForm:
        """How it is written so that it cannot overflow."""
        assert self.ratio is not None
        return StableForm(self.ratio)

    def _passes(self) -> int | None:
        inner = [k for k, entry in enumerate(self.entries) if entry.of is not None]
        factors = sympy.Mul.make_args(self.body.expr)
        if len(inner) != 1 or self.body.expr.has(sympy.exp, sympy.cosh, sympy.sinh):
            return None
        own = [f for f in factors if f.has(slot(inner[0]))]
        return inner[0] if len(own) == 1 and own[0].is_Symbol else None

    # --- which quotient it is -----------------------------------------------------------------

    def _read(self, expr: Any) -> Ratio:
        """Part of the formula."""
        if expr.is_Symbol:
            return self._operand(self.entries[int(expr.name[1:])])
        if expr.is_number:
            return number(_exact(expr))
        if expr.is_Add or expr.is_Mul:
            first, *rest = map(self._read, expr.args)
            for one in rest:
                first = total(first, one) if expr.is_Add else product(first, one)
            return first
        if expr.is_Pow and expr.exp.is_Integer:
            return power(self._read(expr.base), int(expr.exp))
        return self._exponentials(expr)

    def _operand(self, entry: Entry) -> Ratio:
        if entry.of is not None:
            assert entry.of.ratio is not None
            return renamed(entry.of.ratio, entry.places)
        if not entry.places:
            return number(entry.factor)
        return product(number(entry.factor), atom(entry.places[0]))

    def _exponentials(self, expr: Any) -> Ratio:
        if expr.func not in (sympy.exp, sympy.cosh, sympy.sinh):
            raise BeyondError
        factor, rest = expr.args[0].as_coeff_Mul()
        if not rest.is_Symbol:
            raise BeyondError
        entry = self.entries[int(rest.name[1:])]
        k = _exact(factor) * entry.factor
        if entry.of is not None or not entry.places or not k:
            raise BeyondError
        self.sizes.add(abs(k))
        up = exponential(entry.places[0], k)
        if expr.func is sympy.exp:
            return up
        down = product(number(Fraction(1 if expr.func is sympy.cosh else -1)), inverse(up))
        return product(number(Fraction(1, 2)), total(up, down))

    # --- whether it is right as it is written -------------------------------------------------

    @cached_property
    def is_wrong(self) -> bool:
        """Whether it overflows or loses digits where the other form does not.

        Both are tried: the base takes many numbers, each other atom has one.
        """
        assert self.ratio is not None
        try:
            made = self.form.node(_stand_in)
        except BeyondError:
            return False
        numbers = np.outer([1 / float(k) for k in self.sizes], [*_TRIED, *(-t for t in _TRIED)])
        count = 1 + max(place for entry in self.entries for place in entry.places)
        atoms: list[Any] = [0.5 + math.modf(0.618 * (k + 1))[0] for k in range(count)]
        for place in range(count):
            if place == self.ratio.base:
                atoms[place] = numbers
        with np.errstate(all="ignore"):
            before = self._tried(atoms) + 0 * numbers
            places = {_stand_in(k): value for k, value in enumerate(atoms)}
            after = _evaluated(made, places) + 0 * numbers
            finite, was = np.isfinite(after), np.isfinite(before)
            agree = abs(before - after) <= _AGREE * abs(after) + _TINY
        return bool(np.any(finite & ~agree) and not np.any(was & ~finite))

    def _tried(self, atoms: Sequence[Any]) -> Any:
        """The value as it is written."""
        operands = []
        for entry in self.entries:
            if entry.of is not None:
                operands.append(entry.of._tried([atoms[place] for place in entry.places]))
            elif entry.places:
                operands.append(float(entry.factor) * atoms[entry.places[0]])
            else:
                operands.append(float(entry.factor))
        return self.body.evaluate(operands)


@cache
def _stand_in(place: int) -> Node:
    """What an atom is while a formula is tried."""
    return var(f"x{place}", (), "local", "real")


@lru_cache(maxsize=4096)
def structure(body: Template, entries: Entries) -> Structure:
    """The one structure of a template on such operands."""
    return Structure(body, entries)


def renamed(one: Ratio, places: Sequence[int]) -> Ratio:
    """The quotient on other numbers of its base and of its atoms."""
    above = {
        tuple(sorted((places[place], count) for place, count in atoms)): p
        for atoms, p in one.above.items()
    }
    return one._replace(base=None if one.base is None else places[one.base], above=above)


def _exact(number: Any) -> Fraction:
    if number.is_Rational:
        return Fraction(int(number.p), int(number.q))
    value = float(number) if number.is_real else math.nan
    if not math.isfinite(value):
        raise BeyondError
    return Fraction(value)


def _evaluated(root: Node, values: Mapping[Node, Any]) -> Any:
    """The value of a node of Maps and numbers, on those of other nodes."""
    known = dict(values)
    for node in topological([root], values):
        if type(node) is Fill:
            known[node] = float(node.value)
        else:
            assert type(node) is Map
            known[node] = node.params[0].evaluate([known[arg] for arg in node._args])
    return known[root]
