"""All partial derivatives of a value by their indices.

The derivative of one entry is what is left of the vector-Jacobian product for its unit cotangent.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, Literal

from symgraph.explain.naming import Naming
from symgraph.node import Node
from symgraph.notation.entries import Entries
from symgraph.notation.forward import fresh
from symgraph.notation.indexed import (
    Array,
    Entry,
    Index,
    Over,
    bound_apart,
    mapped,
    other_letter,
    unshadowed,
)
from symgraph.notation.read import Reader
from symgraph.notation.tree import (
    Formula,
    Indicator,
    Name,
    Number,
    Product,
    Relation,
    Sum,
    Transpose,
    walk,
)
from symgraph.ops.body import local
from symgraph.ops.let import bare
from symgraph.ops.sweep import reverse

__all__ = ["by_entries"]


def by_entries(naming: Naming, source: Node) -> Array:
    """All partial derivatives by their indices: those of the value first, then the source's."""
    root = naming.root
    source = bare(source)
    letter = fresh("ct", naming.forward.taken)
    seed = Name(letter, naming.forward.sort(root))
    ct = local(root, letter)
    reader = Reader(naming.forward, naming.reader.algebra, naming.reader.known, limit=None)
    reader.axes.update(naming.reader.axes)
    reader.call_like(ct, seed, root)
    found = reverse({root: ct}, {source}).cotangent.get(source)
    ours = naming.forward.letters.of(root)
    by = _apart(naming.forward.letters.of(source), ours, naming.forward.taken)
    indices = (*ours, *by)
    if found is None:
        return Array(indices, Number(0), "tensor", len(ours))
    entries = Entries(naming.reader.algebra, reader.axes, deep=True)
    formula = reader.read(found)
    body = entries.entry(formula, by) if by else entries.number(formula)
    sort: Literal["matrix", "tensor"] = "matrix" if len(indices) == 2 else "tensor"
    made = unshadowed(_at_unit(body, seed, ours, entries), {index.letter for index in indices})
    return Array(indices, as_products(made), sort, len(ours))


def as_products(x: Formula) -> Formula:
    """Σ_m V[m,k] V[m,l] as (Vᵀ V)[k,l]."""
    if isinstance(x, Over) and x.head == "sum" and len(x.indices) == 1:
        made = _product_of_two(x)
        if made is not None:
            return made
    if not any(isinstance(one, Over) for one in walk(x)):
        return x
    return mapped(x, as_products)


def _product_of_two(x: Over) -> Formula | None:
    (index,) = x.indices
    body = x.body
    if not isinstance(body, Product) or len(body.factors) != 2 or body.over:
        return None
    sides: list[tuple[Formula, Formula]] = []
    shape: list[Any] = []
    for k, factor in enumerate(body.factors):
        whole = isinstance(factor, Entry) and isinstance(factor.base, Name)
        if not isinstance(factor, Entry) or not whole or len(factor.at) != 2:
            return None
        if factor.at.count(index) != 1:
            return None
        place = factor.at.index(index)
        other = factor.at[1 - place]
        # The sum runs over the columns of the first factor and the rows of the second.
        base: Formula = factor.base if place == 1 - k else Transpose(factor.base)
        sides.append((base, other))
        shape.append(factor.shape[1 - place])
    (left, first), (right, second) = sides
    entry = Entry(Product(1, (left, right)), (first, second), tuple(shape))
    return entry if body.coefficient == 1 else Product(body.coefficient, (entry,))


def _apart(by: Sequence[Index], of: Sequence[Index], names: Collection[str]) -> tuple[Index, ...]:
    """The source's letters, all of them new ones where the value has one of them."""
    taken = {index.letter for index in of}
    clash = bool(taken & {index.letter for index in by})
    taken |= set(names)
    found: list[Index] = []
    for index in by:
        letter = other_letter(taken, None if clash else index.letter)
        taken.add(letter)
        found.append(Index(letter, index.length))
    return tuple(found)


def _equal(at: Formula, index: Index) -> Relation:
    if isinstance(at, Index) and at.letter > index.letter:
        return Relation("==", index, at)
    return Relation("==", at, index)


def _at_unit(formula: Formula, seed: Name, indices: Sequence[Index], entries: Entries) -> Formula:
    """The formula with 1 at one entry of the seed and 0 elsewhere."""
    if formula == seed:
        return Number(1)
    if isinstance(formula, Entry) and formula.base == seed:
        if len(formula.at) < len(indices):  # a row or a column with two axes
            indices = [index for index in indices if index.length != 1]
        return entries.times(
            [
                Indicator(_equal(at, index)) if at != index else Number(1)
                for at, index in zip(formula.at, indices, strict=True)
            ]
        )
    if not any(one == seed for one in walk(formula)):
        return formula
    if isinstance(formula, Over) and formula.head == "sum":
        taken = {index.letter for index in indices}
        formula = bound_apart(formula, taken)
        assert isinstance(formula, Over)
        body = _at_unit(formula.body, seed, indices, entries)
        return entries.summed(formula.indices, body)
    if isinstance(formula, Product):
        factors = [_at_unit(f, seed, indices, entries) for f in formula.factors]
        return entries.times([Number(formula.coefficient), *factors], formula.over)
    if isinstance(formula, Sum):
        return entries.algebra.add([_at_unit(t, seed, indices, entries) for t in formula.terms])
    return mapped(formula, lambda part: _at_unit(part, seed, indices, entries))
