"""Quotients under a name: where x̂ = (x - m)/s is named, (x - m) ⊙ g/s² is written x̂ ⊙ g/s."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from symgraph.notation.parts import base_of, without
from symgraph.notation.tree import (
    Dot,
    Formula,
    Hadamard,
    Name,
    Product,
    Transpose,
)

__all__ = ["Quotient", "in_chain", "in_entries", "quotient"]


class Quotient(NamedTuple):
    """name = above/below, entry by entry."""

    name: Name
    above: Formula
    below: tuple[Formula, ...]


def quotient(name: Name, meaning: Formula) -> Quotient | None:
    """What a name stands for, when it is something other than a number that is divided."""
    if isinstance(meaning, Hadamard) and len(meaning.factors) == 1 and meaning.over:
        return Quotient(name, meaning.factors[0], meaning.over)
    lone = isinstance(meaning, Product) and len(meaning.factors) == 1 and meaning.coefficient == 1
    if lone and isinstance(meaning, Product) and meaning.over and meaning.sort != "scalar":
        return Quotient(name, meaning.factors[0], meaning.over)
    return None


def in_entries(
    above: list[Formula], below: list[Formula], known: Sequence[Quotient]
) -> tuple[list[Formula], list[Formula]]:
    """Factors and divisors of an entrywise product with named quotients put in."""
    for one in known:
        while True:
            top = without(above, [one.above])
            bottom = without(below, one.below)
            if top is None or bottom is None:
                break
            place = next(k for k, f in enumerate(above) if one.above in (f, base_of(f)[0]))
            above, below = [*top[:place], one.name, *top[place:]], bottom
    return above, below


def in_chain(
    scalars: list[Formula], core: list[Formula], over: list[Formula], known: Sequence[Quotient]
) -> tuple[list[Formula], list[Formula], list[Formula]]:
    """Numbers, chain and divisors of a product with named quotients put in."""
    for one in known:
        while (bottom := without(over, one.below)) is not None:
            for factors in (scalars, core):
                k = next((k for k, f in enumerate(factors) if _named(f, one) != f), None)
                if k is not None:
                    factors[k] = _named(factors[k], one)
                    over = bottom
                    break
            else:
                break
    return scalars, core, over


def _named(x: Formula, one: Quotient) -> Formula:
    """x times the divisors of a quotient that is a factor of it; x itself if it is none."""
    if x == one.above:
        return one.name
    if isinstance(x, Transpose) and x.x == one.above:
        return Transpose(one.name)
    if isinstance(x, Dot):
        if x.right == one.above:
            return Dot(x.left, one.name)
        return Dot(one.name, x.right) if x.left == one.above else x
    if isinstance(x, Hadamard) and one.above in x.factors:
        k = x.factors.index(one.above)
        return Hadamard((*x.factors[:k], one.name, *x.factors[k + 1 :]), x.over)
    return x
