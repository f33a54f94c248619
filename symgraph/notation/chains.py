"""Matrix products: neighbours that cancel, powers, and factors that leave a sum over one axis."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Any

from symgraph.notation.collect import collected, opened
from symgraph.notation.parts import count, split
from symgraph.notation.tree import (
    Formula,
    Hadamard,
    Identity,
    Inverse,
    MatrixPower,
    Name,
    Ones,
    Sort,
    Sum,
    Transpose,
)

if TYPE_CHECKING:
    from symgraph.notation.algebra import Algebra

__all__ = ["shortened", "summed_through", "total_of_terms", "with_powers"]


def shortened(core: Sequence[Formula], algebra: Algebra) -> list[Formula]:
    """A chain without X⁻¹ X and without identities, as long as something else stays."""
    kept = [one for one in core if not isinstance(one, Identity)] or list(core[:1])
    k = 0
    while k < len(kept):
        factor = kept[k]
        turned = factor.x if isinstance(factor, Transpose) else factor
        twin = split(algebra.inverse(factor)).core if isinstance(turned, Inverse) else []
        for start, stop in ((k + 1, k + 1 + len(twin)), (k - len(twin), k)):
            if twin and start >= 0 and kept[start:stop] == twin and len(twin) + 1 < len(kept):
                del kept[min(start, k) : max(stop, k + 1)]
                k = -1
                break
        k += 1
    return kept


def with_powers(core: Sequence[Formula]) -> list[Formula]:
    """A chain with X X X written as X³, where that is shorter."""
    factors: list[Formula] = []
    for factor, run in groupby(core):
        same = list(run)
        power = _power(factor, len(same)) if len(same) > 1 and factor.sort == "matrix" else None
        factors += same if power is None else [power]
    return factors


def _power(factor: Formula, n: int) -> Formula | None:
    if isinstance(factor, Transpose):
        inner = factor.x
        base = inner.x if isinstance(inner, Inverse) else inner
        short = n == 2 and isinstance(base, Name)  # Xᵀ Xᵀ is no longer than (X²)ᵀ
        power = None if short else _power(inner, n)
        return None if power is None else Transpose(power)
    if isinstance(factor, Inverse):
        return MatrixPower(factor.x, -n)
    return MatrixPower(factor, n)


def summed_through(core: Sequence[Formula], algebra: Algebra) -> list[Formula] | None:
    """A chain in which 𝟏ᵀ (r ⊙ A) is r ⊙ 𝟏ᵀ A, and terms of a sum that cancel are left out.

    r is a row, or a number; the same with a column before 𝟏.
    """
    for k in range(len(core) - 1):
        first, second = core[k], core[k + 1]
        made: Formula | None = None
        if isinstance(first, Ones) and first.kind == "row":
            made = _summed(second, first, "row", algebra)
        elif isinstance(second, Ones) and second.kind == "column":
            made = _summed(first, second, "column", algebra)
        if made is not None:
            return [*core[:k], made, *core[k + 2 :]]
    return None


def total_of_terms(x: Sum, length: Any, algebra: Algebra) -> Formula | None:
    """The sum of a vector's entries where terms of it cancel: Σ(x - Σ(x)/n) is 0."""
    if x.sort not in ("column", "row"):
        return None
    n = count(length)
    totals = [algebra.product([t, n]) if t.sort == "scalar" else algebra.total(t) for t in x.terms]
    return _fewer(totals, x, algebra)


def _fewer(sums: list[Formula], x: Sum, algebra: Algebra) -> Formula | None:
    """The sum of the terms' sums, if some of them cancel."""
    kept = collected([part for one in sums for part in opened(one, algebra)], algebra)
    return algebra.add(kept) if len(kept) < len(x.terms) else None


def _summed(x: Formula, ones: Ones, free: Sort, algebra: Algebra) -> Formula | None:
    """The sum of a matrix over the other axis, with what does not change along it in front."""
    if x.sort != "matrix":
        return None
    if isinstance(x, Hadamard):
        outer = [f for f in x.factors if f.sort == free]
        below = [f for f in x.over if f.sort == free]
        inner = [f for f in x.factors if f.sort != free]
        under = [f for f in x.over if f.sort != free]
        if not (outer or below) or not any(f.sort == "matrix" for f in (*inner, *under)):
            return None
        rest = algebra.multiplied(inner, under)
        return algebra.multiplied([_total(rest, ones, algebra), *outer], below)
    if isinstance(x, Sum) and all(term.sort in ("matrix", free, "scalar") for term in x.terms):
        return _fewer([_total(term, ones, algebra) for term in x.terms], x, algebra)
    return None


def _total(x: Formula, ones: Ones, algebra: Algebra) -> Formula:
    if x.sort == "matrix":
        return algebra.product([ones, x] if ones.kind == "row" else [x, ones])
    return algebra.product([x, count(ones.length)])
