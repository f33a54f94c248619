"""A product taken apart, and the pieces that products and sums share."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from symgraph.notation.decimals import plain
from symgraph.notation.tree import (
    Call,
    Formula,
    Hadamard,
    Indicator,
    Inverse,
    MatrixPower,
    Norm,
    Number,
    Ones,
    Power,
    Product,
    Real,
    Sort,
    Sum,
    Symbolic,
    Transpose,
    joined,
)

__all__ = [
    "Parts",
    "as_sigmoid",
    "as_softmax",
    "as_tanh",
    "base_of",
    "count",
    "is_call",
    "is_chain",
    "is_column_of_ones",
    "is_negative",
    "is_pair_of_vectors",
    "is_row_of_ones",
    "is_turned_call",
    "joint",
    "loosened",
    "may_turn",
    "raised",
    "reduced",
    "shared_divisors",
    "sort_of",
    "split",
    "split_number",
    "without",
]


@dataclass
class Parts:
    """A product taken apart: number, number-valued factors above and below, and the rest."""

    coefficient: Real
    scalars: list[Formula]
    over: list[Formula]
    core: list[Formula]


def split(x: Formula) -> Parts:
    """x as a number, factors that are numbers, divisors, and the chain of all others."""
    if isinstance(x, Number):
        return Parts(x.value, [], [], [])
    if isinstance(x, Product):
        scalars = [f for f in x.factors if f.sort == "scalar"]
        core = [g for f in x.factors if f.sort != "scalar" for g in _opened_power(f)]
        return Parts(x.coefficient, scalars, list(x.over), core)
    if isinstance(x, Hadamard) and x.factors and x.factors[0].sort == "scalar":
        inner = split(x.factors[0])
        inner.core = [Hadamard(x.factors[1:], x.over)]
        return inner
    if x.sort == "scalar":
        return Parts(1, [x], [], [])
    return Parts(1, [], [], _opened_power(x))


def split_number(x: Formula) -> Parts:
    """The same with a number xᵀ A y in one piece: its factors are no factors of a longer chain."""
    parts = split(x)
    if x.sort == "scalar" and parts.core:
        parts.scalars.append(Product(1, tuple(parts.core)))
        parts.core = []
    return parts


def _opened_power(x: Formula) -> list[Formula]:
    """X³ as X X X, so that factors can be compared and taken out."""
    inner = x.x if isinstance(x, Transpose) else x
    if not isinstance(inner, MatrixPower):
        return [x]
    base = inner.base if inner.exponent > 0 else Inverse(inner.base)
    return [Transpose(base) if isinstance(x, Transpose) else base] * abs(inner.exponent)


def loosened(x: Formula) -> Formula:
    """x without the ones that only repeat it: what 1 x stands for in an entrywise operation."""
    if isinstance(x, Ones):
        return Number(1)
    if not isinstance(x, Product):
        return x
    parts = split(x)
    core = parts.core
    if core and is_row_of_ones(core[-1]) and sort_of(core[:-1]) in ("column", "scalar"):
        core.pop()
    if core and is_column_of_ones(core[0]) and sort_of(core[1:]) in ("row", "scalar"):
        core.pop(0)
    kept = (*parts.scalars, *core)
    if len(kept) == len(x.factors):
        return x
    if not kept and not parts.over:
        return Number(x.coefficient)
    bare = x.coefficient == 1 and len(kept) == 1 and not parts.over
    return kept[0] if bare else Product(x.coefficient, kept, tuple(parts.over))


def is_row_of_ones(x: Formula) -> bool:
    return isinstance(x, Ones) and x.kind == "row"


def is_column_of_ones(x: Formula) -> bool:
    return isinstance(x, Ones) and x.kind == "column"


def sort_of(core: Sequence[Formula]) -> Sort:
    return Product(1, tuple(core)).sort


# --- pieces of products and sums ----------------------------------------------------------------


def base_of(factor: Formula) -> tuple[Formula, int | Fraction]:
    """A power taken apart; roots only of norms, which have no sign to lose."""
    if isinstance(factor, Power) and isinstance(factor.exponent, Number):
        n = factor.exponent.value
        if isinstance(n, int) or (isinstance(n, Fraction) and isinstance(factor.base, Norm)):
            return factor.base, n
    return factor, 1


def reduced(
    above: Sequence[Formula], below: Sequence[Formula]
) -> tuple[list[Formula], list[Formula]]:
    """Equal factors as one power; what stands above and below cancels."""
    exponents: dict[Formula, int | Fraction] = {}
    for sign, factors in ((1, above), (-1, below)):
        for factor in factors:
            base, n = base_of(factor)
            if isinstance(base, Indicator) and sign == 1:
                exponents[base] = 1  # 1[.]² = 1[.]
            else:
                exponents[base] = exponents.get(base, 0) + sign * n
    tops = [raised(base, n) for base, n in exponents.items() if n > 0]
    return tops, [raised(base, -n) for base, n in exponents.items() if n < 0]


def as_sigmoid(above: list[Formula], below: list[Formula]) -> tuple[list[Formula], list[Formula]]:
    for bottom in below:
        for top in above:
            if not is_call(top, "exp") or not isinstance(bottom, Sum):
                continue
            if bottom.terms in ((Number(1), top), (top, Number(1))):
                made = Call("sigmoid", top.parts, top.sort)
                return (
                    [made if f is top else f for f in above],
                    [f for f in below if f is not bottom],
                )
    return above, below


def as_tanh(above: list[Formula], below: list[Formula]) -> tuple[list[Formula], list[Formula]]:
    """sinh(x)/cosh(x) as tanh(x), sign(x)/|x| as 1/x."""
    for top in above:
        for bottom in below:
            if not isinstance(top, Call) or not isinstance(bottom, Call) or top.args != bottom.args:
                continue
            left = [f for f in above if f is not top]
            under = [f for f in below if f is not bottom]
            if (top.head, bottom.head) == ("sinh", "cosh"):
                return [*left, Call("tanh", top.args, top.kind)], under
            if (top.head, bottom.head) == ("sign", "abs"):
                return left, [*under, *top.args]
    return above, below


def outer_product(factors: Sequence[Formula]) -> list[Formula]:
    """A column and a row multiplied entry by entry: x ⊙ yᵀ is x yᵀ."""
    sides: list[Formula] = []
    for sort in ("column", "row"):
        alike = [f for f in factors if f.sort == sort]
        if not alike:
            return []
        sides.append(alike[0] if len(alike) == 1 else Hadamard(tuple(alike)))
    whole = all(f.sort in ("column", "row") for f in factors)
    return [g for side in sides for g in split(side).core] if whole else []


def as_softmax(core: list[Formula], over: list[Formula]) -> tuple[list[Formula], list[Formula]]:
    if len(core) != 1 or not is_call(core[0], "exp"):
        return core, over
    for bottom in over:
        if is_call(bottom, "sum") and bottom.parts == (core[0],):
            made = Call("softmax", core[0].parts, core[0].sort)
            return [made], [f for f in over if f is not bottom]
    return core, over


def is_call(x: Formula, head: str) -> bool:
    return isinstance(x, Call) and x.head == head


def raised(base: Formula, n: int | Fraction) -> Formula:
    return base if n == 1 else Power(base, Number(plain(n)))


def is_turned_call(x: Call) -> bool:
    """exp(xᵀ) and the like: a function of each entry, of something transposed."""
    if x.axis is not None or len(x.args) != 1 or x.args[0].sort != x.kind:
        return False
    return isinstance(x.args[0], Transpose) and x.head not in ("kron", "cumsum", "softmax")


def is_chain(x: Formula) -> bool:
    return isinstance(x, Product) and len(x.factors) > 1


def joint(factors: Sequence[Formula]) -> Sort:
    return joined(tuple(f.sort for f in factors))


def count(length: Any) -> Formula:
    return Number(length) if isinstance(length, int) else Symbolic(length)


def may_turn(x: Formula) -> bool:
    """Whether -(a - b) is better written b - a; -(1 - y) stays."""
    return isinstance(x, Sum) and not isinstance(x.terms[0], Number)


def is_negative(term: Formula) -> bool:
    if isinstance(term, Number):
        return term.value < 0
    return isinstance(term, Product) and term.coefficient < 0


def is_pair_of_vectors(x: Hadamard) -> bool:
    return (
        len(x.factors) == 2 and not x.over and all(f.sort in ("column", "row") for f in x.factors)
    )


def without(factors: Sequence[Formula], wanted: Iterable[Formula]) -> list[Formula] | None:
    """The factors less those that are wanted; a power is lowered. None if one is missing."""
    left = list(factors)
    for base, n in map(base_of, wanted):
        for k, factor in enumerate(left):
            own, m = base_of(factor)
            if own == base and m >= n:
                left[k : k + 1] = [] if m == n else [raised(base, m - n)]
                break
        else:
            return None
    return left


def shared_divisors(below: Sequence[Sequence[Formula]]) -> list[Formula]:
    """The divisors that all terms of a sum have, if one of the terms has no other."""
    powers = [dict(map(base_of, divisors)) for divisors in below]
    shared = [
        raised(base, min(one[base] for one in powers))
        for base in powers[0]
        if all(base in one for one in powers)
    ]
    return shared if any(list(divisors) == shared for divisors in below) else []
