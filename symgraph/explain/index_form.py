"""A derivation in indexed scalars: net_j^(1) = Σ_m w_jm^(1) x_m, δ_j = f'(net_j) Σ_k δ_k w_kj.

Every equation between arrays becomes one between their entries. The formulas are those of the
derivation; only the letters are chosen here.
"""

from __future__ import annotations

import dataclasses
import itertools
import math
from collections.abc import Mapping, Sequence
from typing import Any

from symgraph.build.coerce import as_node
from symgraph.errors import ShapeError, UnsupportedError
from symgraph.explain.derivation import Equation, Step
from symgraph.node import Node
from symgraph.notation.algebra import Algebra
from symgraph.notation.entries import Entries, NoAxesError
from symgraph.notation.forward import Forward
from symgraph.notation.indexed import Array, Index, Over, mapped, replaced, unshadowed
from symgraph.notation.read import Reader
from symgraph.notation.sequences import Side
from symgraph.notation.spelling import Spelling, written_small
from symgraph.notation.tree import Derivative, Formula, Name, Number, Sum, Transpose, walk
from symgraph.printing import describe
from symgraph.shapes import bind_dim

__all__ = ["IndexForm", "check_letters", "entries", "without_turns"]

#: More products than this are not written out.
MOST_PRODUCTS = 10_000

Axes = tuple[Index, ...]


class IndexForm:
    """Equations between arrays as equations between entries; `axes` are the names' indices."""

    def __init__(self, axes: Mapping[str, Axes], tidy: Algebra, literal: Algebra) -> None:
        self._tidy = Entries(tidy, axes, deep=True)
        self._literal = Entries(literal, axes, deep=True)

    def formula(self, like: Formula, x: Formula, literal: bool = False) -> Formula:
        """x by its entries, with the indices of what it is equal to; what is joined stays whole."""
        if any(isinstance(one, Side) for one in walk(x)):
            return x
        entries = self._literal if literal else self._tidy
        try:
            indices = self._tidy.axes(like)
            if not indices:
                return unshadowed(entries.number(x), set())
            letters = {index.letter for index in indices}
            return Array(indices, unshadowed(entries.entry(x, indices), letters), like.sort)
        except NoAxesError:
            return x

    def equation(self, one: Equation, literal: bool = False) -> Equation:
        """Both sides by their entries."""
        return dataclasses.replace(one, right=self.formula(one.left, one.right, literal))

    def step(self, one: Step) -> Step:
        """The step by its entries."""
        target, before, after = (
            self.formula(one.target, side) for side in (one.target, one.before, one.after)
        )
        return dataclasses.replace(one, target=target, before=before, after=after)


def without_turns(steps: Sequence[Step]) -> list[Step]:
    """The steps without those from x^T to x, whose entries are the same.

    What leads to the derivative by x^T leads to that by x; where x acts in several ways, this one
    is through the value that x^T is a part of.
    """
    found: list[Step | None] = list(steps)
    for k, turn in enumerate(steps):
        if turn.rule != "rearrangement":
            continue
        row, label = dict(turn.words).get("head"), turn.target
        if not isinstance(row, Transpose) or not isinstance(label, Derivative):
            continue
        target = dataclasses.replace(label, by=row)
        before = [i for i, one in enumerate(found[:k]) if one is not None and one.target == target]
        for i in before:
            one = found[i]
            assert one is not None
            if i == before[-1]:
                head = dict(one.words)["head"] if len(before) == 1 else row
                through = None if turn.through is None or isinstance(head, str) else head
                one = dataclasses.replace(one, through=through, name=turn.name, value=turn.value)
            found[i] = dataclasses.replace(one, target=turn.target)
            found[k] = None
    return [one for one in found if one is not None]


def check_letters(letters: Mapping[Node, str]) -> None:
    """Raise UnsupportedError unless each node has one Latin letter for each of its axes."""
    for node, word in letters.items():
        if len(word) != node.ndim or not (word.isascii() and word.isalpha()):
            raise UnsupportedError(
                f"derive: letters={word!r} for {describe(node)}, which has {node.ndim} axes; give "
                "one Latin letter for each axis, such as 'ij' for a matrix."
            )


def entries(expr: Any, sizes: Mapping[Any, int] | None = None) -> list[Equation]:
    """The equations of a value, one for each of its entries, with all sums written out.

    `sizes` gives numbers for the names of sizes. Indices count from 1, and the number of a layer
    or a time stands above: w_12^(1), s_1^t.
    Raises ShapeError for a size without a number, UnsupportedError for more than 10000 products.

    >>> import symgraph as sg
    >>> U, x = sg.parameter("U", (2, 2)), sg.input("x", 2)
    >>> for equation in sg.entries(sg.let("net", U @ x)):
    ...     print(equation)
    net_1 = u_11 x_1 + u_12 x_2
    net_2 = u_21 x_1 + u_22 x_2
    """
    root = as_node(expr, "entries")
    forward = Forward([root])
    algebra = Algebra(tidy=False)
    reader = Reader(forward, algebra, limit=None)
    name = forward.name(root) or Name("y", forward.sort(root))
    reader.axes[name.name] = forward.letters.of(root)
    form = IndexForm(reader.axes, algebra, algebra)
    whole = form.formula(name, reader.meaning(root), literal=True)
    names = {one.name: one for one in walk(whole) if isinstance(one, Name)} | {name.name: name}
    matrices = [one.name for one in names.values() if one.kind == "matrix"]
    spelling = Spelling(subscripts=True, lowered=written_small(matrices, names))
    dims = {str(key): int(n) for key, n in (sizes or {}).items()}
    if not isinstance(whole, Array):
        return [Equation(name, _opened(whole, dims, algebra), spelling=spelling)]
    counts = [_length(index, dims) for index in whole.indices]
    _check_count(math.prod(counts) * _products(whole.body, dims))
    lines: list[Equation] = []
    left = Entries(algebra, reader.axes).entry(name, whole.indices)
    for place in itertools.product(*(range(n) for n in counts)):
        at: dict[str, Formula] = {
            index.letter: Number(k) for index, k in zip(whole.indices, place, strict=True)
        }
        body = _opened(replaced(whole.body, at), dims, algebra)
        lines.append(Equation(replaced(left, at), body, spelling=spelling))
    return lines


def _length(index: Index, dims: Mapping[str, int]) -> int:
    if isinstance(index.length, int):
        return index.length
    known = {s: dims[str(s)] for s in index.length.free_symbols if str(s) in dims}
    if len(known) < len(index.length.free_symbols):
        raise ShapeError(
            f"entries: the size {index.length} has no number; give one, such as "
            f"sizes={{'{index.length}': 3}}."
        )
    return bind_dim(index.length, known)


def _products(formula: Formula, dims: Mapping[str, int]) -> int:
    """How many products the sums of a formula have."""
    below = sum(_products(part, dims) for part in formula.parts) or 1
    if isinstance(formula, Over):
        return below * math.prod(_length(index, dims) for index in formula.indices)
    return below


def _check_count(products: int) -> None:
    if products > MOST_PRODUCTS:
        raise UnsupportedError(
            f"entries: {products} products would be written out, at most {MOST_PRODUCTS} are. "
            "Choose smaller sizes, or keep the sums: derive(..., form='index')."
        )


def _opened(formula: Formula, dims: Mapping[str, int], algebra: Algebra) -> Formula:
    """The formula with every sum over an index written out."""
    if isinstance(formula, Over) and formula.head == "sum":
        terms = [
            _opened(replaced(formula.body, at), dims, algebra)
            for at in _all_places(formula.indices, dims)
        ]
        return algebra.add(terms)
    if isinstance(formula, Sum):
        return algebra.add([_opened(term, dims, algebra) for term in formula.terms])
    if not any(isinstance(one, Over) for one in walk(formula)):
        return formula
    return mapped(formula, lambda part: _opened(part, dims, algebra))


def _all_places(indices: Sequence[Index], dims: Mapping[str, int]) -> list[dict[str, Formula]]:
    ranges = (range(_length(index, dims)) for index in indices)
    letters = [index.letter for index in indices]
    return [
        {letter: Number(k) for letter, k in zip(letters, place, strict=True)}
        for place in itertools.product(*ranges)
    ]
