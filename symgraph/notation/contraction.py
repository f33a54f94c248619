"""Sums of products over indices, written as matrix products where they are such.

A product in which every index stands twice (in two operands, or in one and in the result) is a
chain of matrices, transposed or not, with vectors at its ends. An index that stands three times
multiplies entry by entry; one that stands once is summed by a vector of ones.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from symgraph.notation.algebra import Algebra
from symgraph.notation.parts import loosened
from symgraph.notation.tree import Call, Formula, Name, Number, Ones, Symbolic
from symgraph.shapes import Dim

__all__ = ["contraction"]

Indices = tuple[int, ...]


class _Operand(NamedTuple):
    formula: Formula
    indices: Indices


def contraction(
    xs: Sequence[Formula],
    ins: Sequence[Indices],
    out: Indices,
    sizes: Mapping[int, Dim],
    algebra: Algebra,
) -> Formula | None:
    """The sum of products as a formula; None where matrix notation has no word for it."""
    is_thin = len(out) <= 2 and any(sizes[i] == 1 for indices in (*ins, out) for i in indices)
    if is_thin and not _is_thin_layer(xs, ins, out, sizes):
        return _without_single_entries(xs, ins, out, sizes, algebra)
    if len(out) > 2 or len(set(out)) != len(out) or any(len(i) > 2 for i in ins):
        return _of_tensors(xs, ins, out, algebra)
    numbers: list[Formula] = []
    operands: list[_Operand] = []
    for x, indices in zip(xs, ins, strict=True):
        if x.sort == "scalar":
            numbers.append(x)
        else:
            operands.append(_Operand(x, indices))
    present = {i for operand in operands for i in operand.indices}
    gone = {i for indices in ins for i in indices} - present - set(out)
    numbers += [_size(sizes[i]) for i in sorted(gone)]
    if not operands and not out:
        return algebra.product(numbers)
    simpler = _without_repeats(operands, out, algebra)
    if simpler is None:
        return None
    merged = _merged(simpler, out, algebra)
    if merged is None:
        return None
    chained = _Chains(merged, out, sizes, algebra).formula()
    return None if chained is None else algebra.product([*numbers, chained])


def _is_thin_layer(
    xs: Sequence[Formula], ins: Sequence[Indices], out: Indices, sizes: Mapping[int, Dim]
) -> bool:
    """Whether a vector of NumPy meets a matrix that happens to have a single row.

    The matrix then stays one: W l, and not the inner product of its row with l.
    """
    if len(ins) != 2 or any(x.sort == "scalar" or not isinstance(x, Name) for x in xs):
        return False
    (short, _), (long, matrix) = sorted(zip(ins, xs, strict=True), key=lambda one: len(one[0]))
    ranks = len(short), len(long), len(out)
    if ranks == (1, 1, 2):
        return sizes[out[0]] == 1 and sizes[out[1]] != 1
    return ranks == (1, 2, 1) and short[0] in long and matrix.sort == "row"


def _without_single_entries(
    xs: Sequence[Formula],
    ins: Sequence[Indices],
    out: Indices,
    sizes: Mapping[int, Dim],
    algebra: Algebra,
) -> Formula | None:
    """Axes of size 1 left out: they make columns and rows of vectors."""
    thin_xs: list[Formula] = []
    thin_ins: list[Indices] = []
    for x, indices in zip(xs, ins, strict=True):
        kept = tuple(i for i in indices if sizes[i] != 1)
        x = x if kept else loosened(x)
        fits = x.sort in (("scalar", "column", "row") if kept else ("scalar",))
        if len(kept) < len(indices) and not fits:
            return None
        thin_xs.append(x)
        thin_ins.append(kept)
    kept_out = tuple(i for i in out if sizes[i] != 1)
    inner = contraction(thin_xs, thin_ins, kept_out, sizes, algebra)
    if inner is None or len(kept_out) == len(out) or not kept_out:
        return inner
    return algebra.turned(inner, "column" if kept_out[0] == out[0] else "row")


def _of_tensors(
    xs: Sequence[Formula], ins: Sequence[Indices], out: Indices, algebra: Algebra
) -> Formula | None:
    """What needs no index even for tensors: the sum of all entries, the entrywise product."""
    alike = all(indices == ins[0] for indices in ins) and len(set(ins[0])) == len(ins[0])
    if alike and out == ins[0] and len(xs) > 1:
        return algebra.entrywise(xs)
    if alike and out == ():
        return algebra.total(algebra.entrywise(xs) if len(xs) > 1 else xs[0])
    return None


def _size(size: Dim) -> Formula:
    return Number(size) if isinstance(size, int) else Symbolic(size)


def _without_repeats(
    operands: Sequence[_Operand], out: Indices, algebra: Algebra
) -> list[_Operand] | None:
    """A matrix with one index twice is its diagonal, or its trace when nothing else has it."""
    result: list[_Operand] = []
    for operand in operands:
        if len(set(operand.indices)) == len(operand.indices):
            result.append(operand)
            continue
        i = operand.indices[0]
        others = [o for o in operands if o is not operand and i in o.indices]
        if i in out or others:
            result.append(_Operand(algebra.diagonal(operand.formula), (i,)))
        else:
            result.append(_Operand(Call("trace", (operand.formula,), "scalar"), ()))
    return result


def _merged(operands: Sequence[_Operand], out: Indices, algebra: Algebra) -> list[_Operand] | None:
    """Entrywise products done, so that every index stands at most twice."""
    kept = list(operands)
    while True:
        uses = Counter(i for operand in kept for i in operand.indices)
        uses.update(out)
        crowded = [i for i, n in uses.items() if n > 2]
        pair = _entrywise_pair(kept, crowded, out)
        if pair is None:
            return None if crowded else kept
        a, b = kept[pair[0]], kept[pair[1]]
        joined = _Operand(_together(a, b, algebra), max(a.indices, b.indices, key=len))
        kept[pair[0]] = joined
        del kept[pair[1]]


def _entrywise_pair(
    kept: Sequence[_Operand], crowded: Sequence[int], out: Indices
) -> tuple[int, int] | None:
    """Two operands to be multiplied entry by entry: the same indices, or one within the other."""
    for k, a in enumerate(kept):
        for m in range(k + 1, len(kept)):
            b = kept[m]
            same = set(a.indices) == set(b.indices)
            if same and (
                (len(a.indices) == 2 and not _is_trace(a, b, out)) or a.indices[0] in crowded
            ):
                return k, m
    for i in crowded:
        having = [k for k, operand in enumerate(kept) if i in operand.indices]
        small = [k for k in having if len(kept[k].indices) == 1]
        if small and len(having) > 1:
            other = next(k for k in having if k != small[0])
            return min(small[0], other), max(small[0], other)
    return None


def _is_trace(a: _Operand, b: _Operand, out: Indices) -> bool:
    """Whether a sum over both indices of two matrices is better written as a trace."""
    return not out and a.indices == b.indices[::-1]


def _together(a: _Operand, b: _Operand, algebra: Algebra) -> Formula:
    large = max(a.indices, b.indices, key=len)
    return algebra.entrywise([_facing(a, large, algebra), _facing(b, large, algebra)])


def _facing(operand: _Operand, large: Indices, algebra: Algebra) -> Formula:
    """The operand laid along the axes of a matrix or vector with the indices `large`."""
    x = operand.formula
    if len(large) == 1:
        return algebra.turned(x, "column")
    if len(operand.indices) == 2:
        return x if operand.indices == large else algebra.transpose(x)
    return algebra.turned(x, "column" if operand.indices[0] == large[0] else "row")


class _Chains:
    """Operands linked by shared indices, read from one end to the other."""

    def __init__(
        self,
        operands: Sequence[_Operand],
        out: Indices,
        sizes: Mapping[int, Dim],
        algebra: Algebra,
    ) -> None:
        self._out = out
        self._sizes = sizes
        self._algebra = algebra
        self._numbers: list[Formula] = [o.formula for o in operands if not o.indices]
        self._left = [o for o in operands if o.indices]

    def formula(self) -> Formula | None:
        algebra, out = self._algebra, self._out
        main: Formula | None = None
        if len(out) == 2:
            main = self._matrix(*out)
        elif len(out) == 1:
            main = self._vector(out[0])
        while self._left:
            self._numbers.append(self._number())
        if main is None:
            return algebra.product(self._numbers)
        return algebra.product([*self._numbers, main])

    def _take(self, index: int) -> _Operand | None:
        for operand in self._left:
            if index in operand.indices:
                self._left.remove(operand)
                return operand
        return None

    def _walk(self, start: int, stop: int | None) -> tuple[list[Formula], int | None]:
        """The matrices and the last vector on the way from an index; and where the way ends.

        Ends at the index `stop`, or at a vector (None). An index that nothing else has is summed.
        """
        factors: list[Formula] = []
        at = start
        while True:
            operand = self._take(at)
            if operand is None:
                if at == start and not factors:
                    return [Ones("column", self._sizes[at])], None
                if at == stop:
                    return factors, stop
                return [*factors, Ones("column", self._sizes[at])], None
            if len(operand.indices) == 1:
                return [*factors, operand.formula], None
            first, second = operand.indices
            factors.append(
                operand.formula if first == at else self._algebra.transpose(operand.formula)
            )
            at = second if first == at else first
            if at == stop:
                return factors, stop

    def _matrix(self, i: int, j: int) -> Formula:
        algebra = self._algebra
        factors, end = self._walk(i, j)
        if end == j:
            return algebra.product(factors)
        other, _ = self._walk(j, None)
        column = [*factors[:-1], algebra.turned(factors[-1], "column")]
        row = [algebra.turned(other[-1], "row")]
        row += [algebra.transpose(f) for f in reversed(other[:-1])]
        return algebra.product([*column, *row])

    def _vector(self, i: int) -> Formula:
        algebra = self._algebra
        factors, _ = self._walk(i, None)
        last = factors[-1]
        if isinstance(last, Ones) and len(factors) > 1:
            turned = algebra.product([algebra.transpose(f) for f in reversed(factors)])
            straight = algebra.product(factors)
            return turned if turned.size < straight.size else straight
        if last.sort == "row":
            return algebra.product([last, *(algebra.transpose(f) for f in reversed(factors[:-1]))])
        return algebra.product(factors)

    def _number(self) -> Formula:
        """One closed piece: vector to vector, or a cycle of matrices."""
        algebra = self._algebra
        ends = [o for o in self._left if len(o.indices) == 1]
        if not ends:
            return self._cycle_or_total()
        start = ends[0]
        self._left.remove(start)
        factors, _ = self._walk(start.indices[0], None)
        if len(factors) == 1:
            return algebra.dot(start.formula, factors[0])
        row = algebra.turned(start.formula, "row")
        last = algebra.turned(factors[-1], "column")
        return algebra.product([row, *factors[:-1], last])

    def _cycle_or_total(self) -> Formula:
        algebra = self._algebra
        uses = Counter(i for operand in self._left for i in operand.indices)
        loose = [i for i, n in uses.items() if n == 1]
        if not loose:
            first = self._left.pop(0)
            start, at = first.indices
            factors, _ = self._walk(at, start)
            return Call("trace", (algebra.product([first.formula, *factors]),), "scalar")
        factors, _ = self._walk(loose[0], None)
        return algebra.total(algebra.product(factors[:-1]))
