"""The local derivative as a factor: of a map • ⊙ f, Wᵀ • or • xᵀ what multiplies, f, W or xᵀ.

A map of the derivative by an array that arrives, written •, is the transpose of the Jacobian of
the value by its operand. What is read off here is the Jacobian in its short form: f stands for
diag(f), W for itself, xᵀ for the derivative of every entry of W x by its row of W, and 1 for what
is only copied, moved or repeated. Where several such maps follow each other, diag is written.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from symgraph.notation.algebra import Algebra
from symgraph.notation.indexed import Array, Entry, Index, Inside, Over
from symgraph.notation.tree import (
    Call,
    Dot,
    Formula,
    Hadamard,
    Identity,
    Indicator,
    Name,
    Number,
    Ones,
    Product,
    Sum,
    Transpose,
    rewritten,
    walk,
)

__all__ = ["BULLET", "jacobian"]

BULLET = "•"


def jacobian(formula: Formula, algebra: Algebra) -> Formula | None:
    """The Jacobian of which a formula in • is the transposed map; None for no short form.

    >>> from symgraph.notation.write import write
    >>> dot, W, f = Name("•", "column"), Name("W", "matrix"), Name("f", "column")
    >>> algebra = Algebra(tidy=True)
    >>> write(jacobian(Product(1, (Transpose(W), dot)), algebra), "unicode")
    'W'
    >>> write(jacobian(Product(1, (Transpose(W), Hadamard((dot, f)))), algebra), "unicode")
    'diag(f) W'
    """
    bullets = {one for one in walk(formula) if isinstance(one, Name) and one.name == BULLET}
    if len(bullets) != 1:
        return None
    (bullet,) = bullets
    if isinstance(formula, Array):
        return _of_entries(formula, algebra)
    if bullet.sort == "scalar":
        return _with_one(formula, bullet, algebra)
    reader = _Reader(algebra, bullet)
    found = reader.read(formula)
    return None if found is None else reader.label(found)


def _has_bullet(formula: Formula) -> bool:
    return any(isinstance(one, Name) and one.name == BULLET for one in walk(formula))


def _with_one(formula: Formula, bullet: Name, algebra: Algebra) -> Formula | None:
    """What is arrived at with 1 for •: of a value of one entry the map is the derivative."""
    if formula == bullet:
        return Number(1)
    if isinstance(formula, Transpose):
        inner = _with_one(formula.x, bullet, algebra)
        return None if inner is None else algebra.transpose(inner)
    if isinstance(formula, Sum):
        terms = [_with_one(term, bullet, algebra) for term in formula.terms]
        known = [term for term in terms if term is not None]
        return algebra.add(known) if len(known) == len(terms) else None
    if isinstance(formula, (Product, Hadamard)) and not any(map(_has_bullet, formula.over)):
        found = [
            _with_one(one, bullet, algebra) if _has_bullet(one) else one
            for one in formula.factors
        ]  # fmt: skip
        factors = [one for one in found if one is not None]
        if len(factors) < len(found) or sum(map(_has_bullet, formula.factors)) != 1:
            return None
        if isinstance(formula, Hadamard):
            return algebra.entrywise(factors, formula.over)
        return algebra.scale(formula.coefficient, algebra.product(factors, formula.over))
    return None


# --- over indices -------------------------------------------------------------------------------


def _of_entries(formula: Array, algebra: Algebra) -> Formula | None:
    """What multiplies the entry of •, whatever is summed over."""
    found = _beside_entry(formula.body, algebra)
    if found is None:
        return None
    entries = [one for one in walk(found) if isinstance(one, Entry)]
    if isinstance(found, Entry) and _is_whole(found):
        return found.base
    same = all(one.at == formula.indices and isinstance(one.base, Name) for one in entries)
    indices = [one for one in walk(found) if isinstance(one, Index)]
    if entries and same and len(indices) == len(entries) * len(formula.indices):
        return rewritten(found, lambda one: one.base if isinstance(one, Entry) else None)
    return found


def _is_whole(entry: Entry) -> bool:
    """Whether an entry stands at a letter of its own along every axis."""
    plain = [at for at in entry.at if isinstance(at, Index)]
    return isinstance(entry.base, Name) and len(set(plain)) == len(entry.at)


def _beside_entry(body: Formula, algebra: Algebra) -> Formula | None:
    if isinstance(body, Entry) and isinstance(body.base, Name) and body.base.name == BULLET:
        return Number(1)
    if isinstance(body, Over) and body.head == "sum":
        return _beside_entry(body.body, algebra)
    if not isinstance(body, Product) or any(map(_has_bullet, body.over)):
        return None
    with_it = [one for one in body.factors if _has_bullet(one)]
    if len(with_it) != 1:
        return None
    inner = _beside_entry(with_it[0], algebra)
    if inner is None:
        return None
    kept = [one for one in body.factors if one is not with_it[0] and not _is_range(one)]
    return algebra.scale(body.coefficient, algebra.product([inner, *kept], body.over))


def _is_range(factor: Formula) -> bool:
    """Whether it only tells which entries there are."""
    if isinstance(factor, Inside):
        return True
    return isinstance(factor, Indicator) and not any(isinstance(x, Name) for x in walk(factor))


# --- over whole arrays --------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Map:
    """number · diag(entries) · chain, the transpose of which acts on •.

    `turned`: the map has the transpose of • as its argument. `right`: what • is multiplied by from
    the right. `closed`: nothing that follows could be written.
    """

    number: Formula
    entries: Formula | None = None
    chain: tuple[Formula, ...] = ()
    right: Formula | None = None
    turned: bool = False
    closed: bool = False


class _Reader:
    """Reads maps from the inside, where • stands, to the outside."""

    def __init__(self, algebra: Algebra, bullet: Name) -> None:
        self._algebra = algebra
        self._bullet = bullet

    @property
    def _is_vector(self) -> bool:
        return self._bullet.sort == "column"

    def read(self, formula: Formula) -> _Map | None:
        if formula == self._bullet:
            return _Map(Number(1))
        if isinstance(formula, Transpose):
            inner = self.read(formula.x)
            return None if inner is None else replace(inner, turned=not inner.turned)
        if isinstance(formula, Dot):
            return self._dot(formula)
        if isinstance(formula, Call) and formula.head == "sum":
            inner = self.read(formula.args[0])
            return None if inner is None else replace(inner, closed=True)
        if isinstance(formula, Sum):
            return self._sum(formula)
        if isinstance(formula, Hadamard):
            return self._entrywise(formula)
        return self._product(formula) if isinstance(formula, Product) else None

    def label(self, found: _Map) -> Formula:
        """The map as it is written alone."""
        algebra = self._algebra
        if found.chain:
            return self._matrix(found)
        parts = [one for one in (found.entries, found.right) if one is not None]
        return algebra.product([found.number, *parts])

    def _matrix(self, found: _Map) -> Formula:
        """The map as a matrix."""
        algebra = self._algebra
        if found.entries is None and not found.chain:
            return algebra.product([found.number, Identity(None)])
        diagonal = [] if found.entries is None else [algebra.diagonal_matrix(found.entries)]
        return algebra.product([found.number, *diagonal, *found.chain])

    # --- what follows -----------------------------------------------------------------------------

    def _times(self, found: _Map, number: Formula) -> _Map:
        return replace(found, number=self._algebra.product([found.number, number]))

    def _dot(self, formula: Dot) -> _Map | None:
        """•·a has the column a as its Jacobian."""
        inside = [one for one in (formula.left, formula.right) if _has_bullet(one)]
        if len(inside) != 1:
            return None
        other = formula.right if inside[0] is formula.left else formula.left
        inner = self.read(inside[0])
        if inner is None or inner.closed or inner.right is not None:
            return None
        if inner.chain:
            return replace(inner, chain=(*inner.chain, other))
        if inner.entries is not None:
            other = self._algebra.entrywise([inner.entries, other])
        return replace(inner, entries=None, chain=(other,))

    def _entrywise(self, formula: Hadamard) -> _Map | None:
        with_it = [one for one in formula.factors if _has_bullet(one)]
        if len(with_it) != 1 or any(map(_has_bullet, formula.over)):
            return None
        rest = [one for one in formula.factors if one is not with_it[0]]
        if isinstance(with_it[0], Sum):
            terms = [self._algebra.entrywise([x, *rest], formula.over) for x in with_it[0].terms]
            return self._sum(Sum(tuple(terms)))
        inner = self.read(with_it[0])
        if inner is None or inner.closed or inner.right is not None:
            return None
        other = self._algebra.entrywise(rest or [Number(1)], formula.over)
        if other.sort == "scalar":
            return self._times(inner, other)
        if inner.turned:
            other = self._algebra.transpose(other)
        if inner.chain:
            if other.sort != "column" or not self._is_vector:
                return None
            diagonal = self._algebra.diagonal_matrix(other)
            return replace(inner, chain=(*inner.chain, diagonal))
        if inner.entries is not None:
            other = self._algebra.entrywise([inner.entries, other])
        # A vector that is repeated along an axis stays no vector.
        return replace(inner, entries=other, closed=other.sort != self._bullet.sort)

    def _product(self, formula: Product) -> _Map | None:
        places = [k for k, one in enumerate(formula.factors) if _has_bullet(one)]
        if len(places) != 1 or any(map(_has_bullet, formula.over)):
            return None
        (at,) = places
        inner = self.read(formula.factors[at])
        if inner is None:
            return None
        scalars = [one for k, one in enumerate(formula.factors) if k != at and one.sort == "scalar"]
        number = self._algebra.product(scalars, formula.over)
        inner = self._times(inner, self._algebra.scale(formula.coefficient, number))
        left = [one for one in formula.factors[:at] if one.sort != "scalar"]
        right = [one for one in formula.factors[at + 1 :] if one.sort != "scalar"]
        if formula.factors[at].sort == "scalar":
            return self._spread(inner, [*left, *right])
        steps = [(one, True) for one in reversed(left)] + [(one, False) for one in right]
        for one, from_left in steps:
            found = self._multiplied(inner, one, from_left=from_left)
            if found is None:
                return None
            inner = found
        return inner

    def _spread(self, inner: _Map, vectors: Sequence[Formula]) -> _Map | None:
        """A number times a vector."""
        if not vectors:
            return inner
        if inner.closed or len(vectors) > 1 or vectors[0].sort not in ("column", "row"):
            return None
        (vector,) = vectors
        row = vector if vector.sort == "row" else self._algebra.transpose(vector)
        return replace(inner, chain=(*inner.chain, row))

    def _multiplied(self, inner: _Map, by: Formula, *, from_left: bool) -> _Map | None:
        if inner.closed:
            return None
        if isinstance(by, Ones) and by.kind == ("row" if from_left else "column"):
            # Entries are added up that were copies of one.
            return replace(inner, closed=True)
        other = self._algebra.transpose(by)
        if inner.turned:
            from_left, by, other = not from_left, other, by
        if from_left:
            if inner.right is not None or (inner.entries is not None and not self._is_vector):
                return None
            return replace(inner, chain=(*inner.chain, other))
        if inner.chain or (inner.entries is not None and not self._is_vector):
            return None
        before = [] if inner.right is None else [inner.right]
        made = self._algebra.product([*before, by])
        return replace(inner, right=made, closed=self._is_vector)

    def _sum(self, formula: Sum) -> _Map | None:
        found: list[_Map] = []
        for term in formula.terms:
            one = self.read(term) if _has_bullet(term) else None
            if one is None or one.closed or one.turned or one.right is not None:
                return None
            found.append(one)
        if not any(one.chain for one in found):
            parts = [self.label(one) for one in found]
            made = self._algebra.add(parts)
            return _Map(made) if made.sort == "scalar" else _Map(Number(1), made)
        if not self._is_vector:
            return None
        return _Map(Number(1), None, (self._algebra.add([self._matrix(one) for one in found]),))
