"""Sums of products of two in C: calls of the table's matrix product, or loops for small ones.

A product is (lead, m, k) times (lead, k, n). Where the indices of one part are one axis under
strides in both arrays that have them, the part is an axis of the matrix product; what is left over
is looped around it.
"""

from __future__ import annotations

import itertools
import math
import operator
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace

from symgraph.codegen.contraction import Grouping, grouping, size_of, typical
from symgraph.codegen.native.beginnings import zeros_first
from symgraph.codegen.native.sums import along
from symgraph.codegen.native.writer import INDEPENDENT, CWriter, Turned
from symgraph.codegen.plan import node_storage
from symgraph.codegen.reach import positive
from symgraph.codegen.strided import Value, entry, merged
from symgraph.node import Node
from symgraph.ops.einsum import Einsum, Indices
from symgraph.shapes import Dim, product

__all__ = ["emit_product"]

#: Products of at most so many multiplications are written as loops.
_SMALL = 64

#: Sums of at most so many products are written out.
_TERMS = 8

#: Matrices of so many bytes stay in the L1 cache, or are so large that no cache helps.
_CACHED, _FAR = 20_000, 8 << 20


def emit_product(w: CWriter, node: Node, note: str) -> None:
    """A sum of products of two operands."""
    assert isinstance(node, Einsum)
    values = [w.value(arg) for arg in node._args]
    storage = node_storage(node, [value.storage for value in values])
    groups = grouping(node.ins[0], node.ins[1], node.out)
    sizes = node.sizes()
    literal = all(isinstance(size, int) for size in sizes.values())
    alone = not groups.m and not groups.n  # a dot product for every lead index
    small = literal and size_of(tuple(sizes), sizes) <= _SMALL
    if storage != "real" or small or (alone and groups.lead):
        _by_loops(w, node, values, note)
        return
    told = w.destination.get(node)
    fits = told is not None and told.storage == storage and groups.out == node.out
    out = told if fits and told is not None else _ordered(w, node, groups)
    if node in w.order:
        out = w.result(node, "real")
    left, right = (_real(w, value) for value in values)
    ins = node.ins
    if groups.swapped:
        left, right, ins = right, left, (node.ins[1], node.ins[0])
    _Product(w, node, groups, (left, right, out), (ins[0], ins[1], node.out)).emit(note)
    w.env[node] = out


def _ordered(w: CWriter, node: Einsum, groups: Grouping) -> Value:
    """Memory in which the indices lie in the order of the groups."""
    return w.room(node.shape, "real", [node.out.index(i) for i in groups.out])


def _real(w: CWriter, value: Value) -> Value:
    """The operand as reals in memory."""
    if value.strides is not None and value.storage == "real":
        return value
    if value.strides is None:
        one = w.copied(replace(value, shape=()), "real")
        return replace(one, shape=value.shape, strides=(0,) * len(value.shape))
    return w.copied(value, "real")


def _by_loops(w: CWriter, node: Einsum, values: Sequence[Value], note: str) -> None:
    """Every entry of the result as one sum."""
    storage = node_storage(node, [value.storage for value in values])
    out = w.result(node, storage)
    sizes = node.sizes()
    summed = tuple(dict.fromkeys(i for ins in node.ins for i in ins if i not in node.out))
    pairs = list(zip(values, node.ins, strict=True))
    outer = [out.strides or (), *(along(value, ins, node.out) for value, ins in pairs)]
    inner = [along(value, ins, summed) for value, ins in pairs]
    reduced = [sizes[i] for i in summed]
    places = _few_places(reduced, inner)
    mark = INDEPENDENT if places is not None else ""
    total = w.name("v")
    with w.unit(), w.nest(node.shape, outer, False, mark) as (there, *before):
        if places is not None:
            terms = [_factors(values, before, map(str, place)) for place in places]
            text = " + ".join(terms) or "0"
            w.say(f"{entry(out, there)} = {text};", note)
        else:
            w.say(f"{w.local(storage)} {total} = 0;", note)
            with w.nest(reduced, inner, mark=f"SG_SUM({total})") as reads:
                w.say(f"{total} += {_factors(values, before, reads)};")
            w.say(f"{entry(out, there)} = {total};")
    w.env[node] = out


def _factors(values: Sequence[Value], before: Iterable[str], behind: Iterable[str]) -> str:
    """One product, the position of each factor in two parts."""
    texts = [
        entry(value, " + ".join(part for part in parts if part not in ("", "0")))
        for value, *parts in zip(values, before, behind, strict=True)
    ]
    return " * ".join(texts)


def _few_places(
    shape: Sequence[Dim], arrays: Sequence[Sequence[Dim]]
) -> list[tuple[int, ...]] | None:
    """The positions in each array of all entries, if these are few known ones."""
    sizes = [size for size in shape if isinstance(size, int)]
    strides = [[stride for stride in array if isinstance(stride, int)] for array in arrays]
    known = len(sizes) == len(shape) and all(len(array) == len(shape) for array in strides)
    if not known or math.prod(sizes) > _TERMS:
        return None
    return [
        tuple(sum(map(operator.mul, index, array)) for array in strides)
        for index in itertools.product(*map(range, sizes))
    ]


_Axis = tuple[Dim, tuple[Dim, ...]]  # a size, and the strides in A, B and C


def _symbols(size: Dim) -> tuple[Dim, ...]:
    """The size, where it is symbolic."""
    return () if isinstance(size, int) else (size,)


def _by_columns(n: _Axis, k: _Axis) -> bool:
    """Whether the right operand lies by columns, while the others have unit strides."""
    return k[1][:2] == (1, 1) and n[1][1] != 1 and n[1][2] == 1


class _Product:
    def __init__(
        self,
        w: CWriter,
        node: Einsum,
        groups: Grouping,
        values: tuple[Value, Value, Value],
        indices: tuple[Indices, Indices, Indices],
    ) -> None:
        self.w, self.node, self.sizes, self.groups = w, node, node.sizes(), groups
        self.values, self.indices = values, indices
        self.loops: list[tuple[Dim, tuple[Dim, ...]]] = []  # sizes and strides in A, B, C
        self.summed = False  # whether a loop runs over summed indices
        self._leave_out_zeros()

    def emit(self, note: str) -> None:
        """The call, with loops around it."""
        w, groups = self.w, self.groups
        m = self._axis(groups.m, (0, 2))
        n = self._axis(groups.n, (1, 2))
        outer = len(self.loops)
        k = self._axis(groups.k, (0, 1))
        self.summed = len(self.loops) > outer
        for index in groups.lead:
            self.loops.append((self.sizes[index], self._strides(index)))
        left, right, out = self.values
        if self.summed:
            w.fill(out, 0)
        elif self.node in w.blank:
            with w.unit(), w.inside(f"if ({w.time} == {w.first})"):
                w.put(out, 0)
        shape = [size for size, _ in self.loops]
        arrays = [tuple(strides[place] for _, strides in self.loops) for place in range(3)]
        with w.unit(), self._where_needed(), w.indices(shape, independent=False) as names:
            at = [w.position(list(zip(names, array, strict=True))) for array in arrays]
            pointers = [
                w.pointer(w.view(value, (), (), place))
                for value, place in zip((left, right, out), at, strict=True)
            ]
            self._calls(m, n, k, pointers, note)

    def _calls(self, m: _Axis, n: _Axis, k: _Axis, pointers: Sequence[str], note: str) -> None:
        """The product, where it is of one row in a form of its own."""
        w, right = self.w, self.values[1]
        tail, turned = w.tails.get(right.text), self._turned(n, k)
        few = tail is not None and not self.loops and n[1][1:] == (1, 1)
        if turned is not None:
            with w.choice(turned.needless) as otherwise:
                self._call((1, m[1]), n, k, pointers, note)
                otherwise()
                self._by_rows(m, n, k, pointers, turned.rows, note)
        elif tail is None or not few or m[0] not in (1, *_symbols(m[0])):
            self._call(m, n, k, pointers, note)
        elif m[0] == 1:
            self._in_two(m, n, k, pointers, tail, note)
        else:
            with w.choice(f"{w.size(m[0])} == 1") as otherwise:
                self._in_two((1, m[1]), n, k, pointers, tail, note)
                otherwise()
                self._call(m, n, k, pointers, note)

    def _leave_out_zeros(self) -> None:
        """A sum over the steps of a loop goes without the first, where one factor is zeros."""
        w, factors = self.w, zip(self.node.args, self.node.ins, strict=True)
        for arg, ins in factors if w.threads == 1 else ():
            loop = zeros_first(arg)
            if loop is None or ins[0] not in self.groups.k:
                continue
            left, right, out = self.values
            length, steps = self.sizes[ins[0]], self._strides(ins[0])
            self.sizes[ins[0]] = positive(length - 1)
            if not loop.backwards:
                left, right = (
                    w.view(value, value.shape, value.strides or (), w.size(step) if step else "")
                    for value, step in zip((left, right), steps, strict=False)
                )
                self.values = left, right, out
            return

    def _where_needed(self) -> AbstractContextManager[None]:
        """A loop over time leaves the product out of its last step, where that has no use for it,
        and of its first one, where it is zeros."""
        w = self.w
        conditions = [w.goes_on] if self.node in w.idle else []
        if self.node in w.blank:
            conditions.append(f"{w.time} != {w.first}")
        return w.inside(f"if ({' && '.join(conditions)})") if conditions else nullcontext()

    def _turned(self, n: _Axis, k: _Axis) -> Turned | None:
        """The rows of the right operand, where it is a matrix that lies by columns in a loop."""
        is_one = _by_columns(n, k) and not self.loops
        return self.w.turned.get(self.w.pointer(self.values[1])) if is_one else None

    def _by_rows(
        self, m: _Axis, n: _Axis, k: _Axis, pointers: Sequence[str], rows: Value, note: str
    ) -> None:
        """The product by a copy of the right operand."""
        assert rows.strides is not None
        step, unit = rows.strides
        given = [pointers[0], self.w.pointer(rows), pointers[2]]
        by_rows = (n[0], (n[1][0], unit, n[1][2])), (k[0], (k[1][0], step, k[1][2]))
        self._call(m, *by_rows, given, note)

    def _in_two(
        self, m: _Axis, n: _Axis, k: _Axis, pointers: Sequence[str], tail: Value, note: str
    ) -> None:
        """One row by the last few columns and, while that waits, by whole vectors of the others."""
        assert isinstance(n[0], int)
        assert isinstance(tail.shape[0], int)
        assert tail.strides is not None
        whole = n[0] - tail.shape[0]
        left = tail.shape[0], (n[1][0], tail.strides[0], n[1][2])
        behind = [pointers[0], self.w.pointer(tail), f"{pointers[2]} + {whole}"]
        self._call(m, left, (k[0], (k[1][0], 1, k[1][2])), behind, note)
        self._call(m, (whole, n[1]), k, pointers, note)

    def _call(self, m: _Axis, n: _Axis, k: _Axis, pointers: Sequence[str], note: str) -> None:
        w, pointers = self.w, list(pointers)
        shape_text = ", ".join(w.size(size) for size, _ in (m, n, k))
        steps = [[w.size(stride) for stride in axis[1]] for axis in (n, k)]
        if self._alternates(m, n, k):
            by_rows = n[1][1] == 1
            self._alternate(m[0], k if by_rows else n, int(not by_rows), pointers, steps[by_rows])
        along_n, along_k = steps
        w.say(
            f"f->lib->gemm_{w.suffix}({shape_text}, "
            f"{pointers[0]}, {w.size(m[1][0])}, {along_k[0]}, "
            f"{pointers[1]}, {along_k[1]}, {along_n[1]}, "
            f"{pointers[2]}, {w.size(m[1][2])}, {along_n[2]}, {int(self.summed)});",
            note,
        )

    def _alternates(self, m: _Axis, n: _Axis, k: _Axis) -> bool:
        """Whether one row is multiplied in every step by a matrix that the L1 cache cannot hold."""
        height, rows, columns = m[0], k[0], n[0]
        still = self.w.threads == 1 and self.values[1].text in self.w.still
        one = height == 1 and _by_columns(n, k)
        if not still or self.loops or not (n[1][1] == 1 or one):
            return False
        if not isinstance(rows, int) or not isinstance(columns, int):
            return False
        width = 4 if self.w.real == "float" else 8
        return _CACHED < rows * columns * width < _FAR and height in (1, *_symbols(height))

    def _alternate(
        self, height: Dim, axis: _Axis, first: int, pointers: list[str], steps: list[str]
    ) -> None:
        """Every other step reads the matrix backwards: the cache still has what was read last.

        The axis is that along which it is read, of the operand `first` and the next one.
        """
        w, turn = self.w, self.w.name("r")
        size, strides = axis
        assert isinstance(size, int)
        odd = f"{w.time} & 1"
        w.say(f"const i64 {turn} = {odd if height == 1 else f'{w.size(height)} == 1 ? {odd} : 0'};")
        for place in (first, first + 1):
            pointers[place] += f" + {w.term(turn, product([size - 1, strides[place]]))}"
            steps[place] += f" - {w.term(turn, product([2, strides[place]]))}"

    def _strides(self, index: int) -> tuple[Dim, ...]:
        pairs = zip(self.values, self.indices, strict=True)
        return tuple(along(value, own, (index,))[0] for value, own in pairs)

    def _axis(self, group: Indices, used: tuple[int, int]) -> _Axis:
        """The indices of a group as one axis; those that do not fit become loops."""
        strides = {index: self._strides(index) for index in group}
        order = sorted(group, key=lambda i: [-typical(strides[i][place]) for place in used[::-1]])
        arrays = [[strides[i][place] for i in order] for place in range(3)]
        sizes, columns = merged([self.sizes[i] for i in order], arrays)
        if not sizes:
            return 1, (1, 1, 1)
        axes = [(size, tuple(column[k] for column in columns)) for k, size in enumerate(sizes)]
        axes.sort(key=lambda axis: typical(axis[0]))
        self.loops += axes[:-1]
        return axes[-1]
