"""One-hot vectors in products: x ⊙ onehot(k) is x[k] onehot(k), and x · onehot(k) is x[k]."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from symgraph.notation.indexed import Entry
from symgraph.notation.parts import split
from symgraph.notation.sequences import Timed
from symgraph.notation.tree import Formula, Name, Number, OneHot, Sum, Transpose

if TYPE_CHECKING:
    from symgraph.notation.algebra import Algebra

__all__ = ["by_place", "dot_of_terms", "entry_of", "is_hot", "picked_out", "total_of_terms"]

_VECTORS = ("column", "row")


def is_hot(x: Formula) -> bool:
    """Whether x is one vector of zeros with a single 1."""
    inner = x.x if isinstance(x, Transpose) else x
    return isinstance(inner, OneHot) and inner.sort in _VECTORS


def entry_of(x: Formula, hot: Formula) -> Formula | None:
    """x · onehot(k) as x[k], where x is a name."""
    vector = x.x if isinstance(x, Transpose) else x
    one = hot.x if isinstance(hot, Transpose) else hot
    if not isinstance(one, OneHot) or not is_hot(one):
        return None
    if not isinstance(vector, Name) or isinstance(vector, Timed) or vector.sort not in _VECTORS:
        return None
    return Entry(vector, (one.ids,), (one.length,))


def picked_out(
    above: Sequence[Formula], below: Sequence[Formula], algebra: Algebra
) -> tuple[list[Formula], list[Formula], list[Formula], list[Formula]]:
    """Numbers above and below, and the rest: named vectors beside a one-hot vector become numbers.

    The numbers are the entries that the one-hot vector leaves.
    """
    hot = next((f for f in above if is_hot(f)), None)
    if hot is None:
        several = next((f for f in above if _is_sum_of_hots(f)), None)
        named = [f for f in above if _is_named_vector(f)]
        if several is None or not named or below:
            return [], [], list(above), list(below)
        assert isinstance(several, Sum)
        terms = [algebra.multiplied([term, *named]) for term in several.terms]
        rest = [f for f in above if f not in named and f is not several]
        return [], [], [*rest, algebra.add(terms)], []
    (tops, high), (bottoms, low) = (
        (
            [algebra.dot(f, hot) for f in factors if _is_named_vector(f)],
            [f for f in factors if not _is_named_vector(f)],
        )
        for factors in (above, below)
    )
    return tops, bottoms, high, low


def dot_of_terms(x: Formula, y: Formula, algebra: Algebra) -> Formula | None:
    """(a onehot(0) + b onehot(2)) · y as a y[0] + b y[2], where y is a name."""
    if not _is_sum_of_hots(x) or not _is_named_vector(y):
        return None
    assert isinstance(x, Sum)
    return algebra.add([algebra.dot(term, y) for term in x.terms])


def total_of_terms(x: Formula, algebra: Algebra) -> Formula | None:
    """Σ(a onehot(0) + b onehot(2)) as a + b."""
    if not _is_sum_of_hots(x):
        return None
    assert isinstance(x, Sum)
    return algebra.add([algebra.total(term) for term in x.terms])


def by_place(terms: list[Formula]) -> list[Formula]:
    """Multiples of onehot(0), onehot(2), ... in the order of their places."""
    places: list[Any] = []
    for term in terms:
        core = split(term).core
        hot = core[-1] if core and is_hot(core[-1]) else None
        one = hot.x if isinstance(hot, Transpose) else hot
        if not isinstance(one, OneHot) or not isinstance(one.ids, Number):
            return terms
        places.append(one.ids.value)
    return [terms[k] for k in sorted(range(len(terms)), key=lambda k: places[k])]


def _is_sum_of_hots(x: Formula) -> bool:
    return isinstance(x, Sum) and all(
        len(core) == 1 and is_hot(core[0]) for core in (split(term).core for term in x.terms)
    )


def _is_named_vector(x: Formula) -> bool:
    inner = x.x if isinstance(x, Transpose) else x
    return isinstance(inner, Name) and inner.sort in _VECTORS
