"""Sums: equal terms added up, terms in the user's order, what all terms share in front."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from symgraph.notation.cancel import cancelled
from symgraph.notation.decimals import plus, ratio
from symgraph.notation.parts import (
    Parts,
    is_negative,
    joint,
    shared_divisors,
    split,
    without,
)
from symgraph.notation.tree import (
    Call,
    Formula,
    Hadamard,
    Name,
    Number,
    Power,
    Product,
    Real,
    Sum,
    Transpose,
    rewritten,
    walk,
)

if TYPE_CHECKING:
    from symgraph.notation.algebra import Algebra

__all__ = [
    "collected",
    "common_out",
    "falling",
    "in_order",
    "mirrored_sigmoids",
    "opened",
    "opposite_sigmoid",
]


def opened(term: Formula, algebra: Algebra) -> list[Formula]:
    """The terms of a sum inside a sum; a - (b + c) is opened in tidy work only."""
    if isinstance(term, Sum):
        return list(term.terms)
    lone = isinstance(term, Product) and len(term.factors) == 1 and not term.over
    if algebra.tidy and lone and isinstance(term, Product) and term.coefficient == -1:
        (only,) = term.factors
        if isinstance(only, Sum):
            return [algebra.scale(-1, inner) for inner in only.terms]
    return [term]


def collected(terms: Sequence[Formula], algebra: Algebra) -> list[Formula]:
    """Equal terms added up, in order of first appearance."""
    amount: dict[Formula, Real] = {}
    for term in terms:
        if isinstance(term, Number):
            key: Formula = Number(1)
            value = term.value
        elif isinstance(term, Product):
            key = algebra.build(replace(split(term), coefficient=1))
            value = term.coefficient
        else:
            key, value = term, 1
        amount[key] = plus(amount.get(key, 0), value)
    return [algebra.scale(value, key) for key, value in amount.items() if value != 0]


def _begins_transposed(x: Formula) -> bool:
    if isinstance(x, Product):
        return bool(x.factors) and isinstance(x.factors[0], Transpose)
    return isinstance(x, Transpose)


def opposite_sigmoid(terms: list[Formula], algebra: Algebra) -> Formula | None:
    """1 - σ(-x) is σ(x)."""
    if len(terms) != 2 or terms[0] != Number(1):
        return None
    second = algebra.scale(-1, terms[1])
    if not isinstance(second, Call) or second.head != "sigmoid":
        return None
    (x,) = second.args
    return Call("sigmoid", (algebra.scale(-1, x),), second.kind) if is_negative(x) else None


def mirrored_sigmoids(terms: list[Formula], algebra: Algebra) -> Formula | None:
    """A sum with σ(x) and σ(-x) in it, where it is shorter with 1 - σ(x) for the second."""
    parts = [part for term in terms for part in walk(term)]
    calls = dict.fromkeys(f for f in parts if isinstance(f, Call) and f.head == "sigmoid")
    whole = Sum(tuple(terms))
    for one in calls:
        twin = Call("sigmoid", (algebra.scale(-1, one.args[0]),), one.kind)
        if twin == one or twin not in calls or is_negative(one.args[0]):
            continue
        opposite = Sum((Number(1), algebra.scale(-1, one)))
        made = cancelled(_with(whole, twin, opposite), algebra)
        if made.size < whole.size and made.sort == whole.sort:
            return made
    return None


def _with(whole: Formula, old: Formula, new: Formula) -> Formula:
    return rewritten(whole, lambda one: new if one == old else None)


def in_order(terms: list[Formula], algebra: Algebra) -> list[Formula]:
    """Terms of one kind, which come from several paths, in the order of the user's formula."""
    if any(isinstance(t, Number) or is_negative(t) for t in terms):
        return terms
    seen = {t: [algebra.place(n.name) for n in walk(t) if isinstance(n, Name)] for t in terms}
    return sorted(terms, key=lambda t: (sorted(seen[t]), _begins_transposed(t), seen[t]))


def falling(terms: list[Formula]) -> list[Formula]:
    """A polynomial in one name from its highest power to its number: 4 x + 3, as one writes it."""
    if any(map(is_negative, terms)) or not any(isinstance(t, Number) for t in terms):
        return terms
    degrees: list[Real] = []
    names: set[Formula] = set()
    for term in terms:
        factors = split(term).scalars + split(term).core
        for f in factors:
            names.add(f.base if isinstance(f, Power) else f)
        power = factors[0].exponent if factors and isinstance(factors[0], Power) else None
        degrees.append(power.value if isinstance(power, Number) else len(factors))
        if len(factors) > 1 or (power is not None and not isinstance(power, Number)):
            return terms
    if len(names) != 1 or not isinstance(next(iter(names)), Name):
        return terms
    return [terms[k] for k in sorted(range(len(terms)), key=lambda k: -degrees[k])]


def common_out(terms: list[Formula], algebra: Algebra) -> Formula:
    """A sum with what all terms share in front of it: 2a - 2b is 2 (a - b)."""
    terms = _grouped(terms, algebra)
    parts = [split(term) for term in terms]
    under = [f for f in parts[0].over if all(f in p.over for p in parts)]
    if under and any(len(p.over) == len(under) for p in parts):
        return _over_common(parts, under, algebra)
    c = max(parts[0].coefficient, -parts[0].coefficient)
    over = parts[0].over
    shared = [f for f in parts[0].scalars if all(f in p.scalars for p in parts)]
    if any(len(p.scalars) + len(p.core) <= len(shared) for p in parts):
        shared = []
    alike = all(p.coefficient in (c, -c) for p in parts)
    lone = all(len(p.scalars) + len(p.core) <= 1 for p in parts)
    if any(p.over != over for p in parts) or not alike or not (over or shared or lone):
        return _common_factor(terms, algebra)
    if c == 1 and not over and not shared:
        return _common_factor(terms, algebra)
    for p in parts:
        p.coefficient, p.over = ratio(p.coefficient, c), []
        p.scalars = [f for f in p.scalars if f not in shared]
    inner = algebra.add([algebra.build(p) for p in parts], keep_order=True)
    return algebra.product([Number(c), *shared, inner], over)


def _left(divisors: Sequence[Formula], under: Sequence[Formula]) -> list[Formula]:
    """The divisors less those that are shared, which are among them."""
    rest = without(divisors, under)
    assert rest is not None
    return rest


def _over_common(parts: list[Parts], under: list[Formula], algebra: Algebra) -> Formula:
    """A sum over the divisors that all terms share."""
    for p in parts:
        p.over = _left(p.over, under)
    inner = algebra.add([algebra.build(p) for p in parts], keep_order=True)
    return algebra.product([inner], under)


def _common_factor(terms: list[Formula], algebra: Algebra) -> Formula:
    """A sum with the factor that all terms share: A x + B x is (A + B) x."""
    cores = [split(term).core for term in terms]
    if all(len(core) > 1 for core in cores):
        for end in (-1, 0):
            if all(core[end] == cores[0][end] for core in cores):
                return _without_end(terms, end, algebra)
    return _without_common(terms, algebra) or Sum(tuple(terms))


def _grouped(terms: list[Formula], algebra: Algebra) -> list[Formula]:
    """A x + B x + y as (A + B) x + y: terms that differ in their first or last matrix only."""
    if len(terms) < 3:
        return terms
    for end in (0, -1):
        alike: dict[Formula, list[Formula]] = {}
        for term in terms:
            p = split(term)
            if len(p.core) > 1 and p.core[end].sort == "matrix":
                p.core = p.core[1:] if end == 0 else p.core[:-1]
                alike.setdefault(algebra.build(p), []).append(term)
        for same in alike.values():
            if 1 < len(same) < len(terms):
                whole = algebra.add(same, keep_order=True)
                place = terms.index(same[0])
                return [
                    whole if k == place else t
                    for k, t in enumerate(terms)
                    if k == place or t not in same
                ]
    return terms


def _without_end(terms: list[Formula], end: int, algebra: Algebra) -> Formula:
    """Chains with their common first (0) or last (-1) factor outside."""
    parts = [split(term) for term in terms]
    shared = parts[0].core[end]
    for p in parts:
        p.core = p.core[:-1] if end else p.core[1:]
    rest = algebra.add([algebra.build(p) for p in parts])
    return algebra.product([rest, shared] if end else [shared, rest])


def _without_common(terms: list[Formula], algebra: Algebra) -> Formula | None:
    """A ⊙ S - B ⊙ S as (A - B) ⊙ S, A/s - B/s as (A - B)/s."""
    parts = [split(term) for term in terms]
    if any(not p.core for p in parts):
        return None
    above, below = zip(*(_entrywise(p.core, algebra) for p in parts), strict=True)
    common = [f for f in above[0] if all(f in other for other in above)]
    if any(len(factors) <= len(common) for factors in above):
        common = []
    under = shared_divisors(below)
    if not common and not under:
        return None
    rests: list[Formula] = []
    for p, factors, divisors in zip(parts, above, below, strict=True):
        number = algebra.build(Parts(p.coefficient, p.scalars, p.over, []))
        kept = [f for f in factors if f not in common]
        rest = algebra.multiplied(kept, _left(divisors, under))
        rests.append(algebra.multiplied([number, rest]))
    whole = algebra.multiplied([*common, algebra.add(rests, keep_order=True)], under)
    return whole if whole.sort == joint(terms) else None


def _entrywise(core: list[Formula], algebra: Algebra) -> tuple[list[Formula], list[Formula]]:
    """What is multiplied and divided entry by entry in a term."""
    if len(core) == 1 and isinstance(core[0], Hadamard):
        return list(core[0].factors), list(core[0].over)
    return [algebra.build(Parts(1, [], [], core))], []
