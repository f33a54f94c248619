"""One letter for each axis of an expression, the same wherever that axis goes.

Axes that are the same are found through the operations: the two ends of a sum of products, the
operands of an entrywise operation. A window keeps the letter of the axis that it slides along.
Letters come from the size (N is n), from the role (b, c, h, w and o, i, j in a convolution), else
from i on; the names of the expression are not used.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

import sympy

from symgraph.node import Node
from symgraph.notation.indexed import Index, other_letter
from symgraph.ops import Concat, Einsum, Fill, Let, Map, Pull, Reduce, Reshape
from symgraph.ops.rows import Affine, Lookup
from symgraph.shapes import same_dim

__all__ = ["Letters"]

_Axis = tuple[Node, int]
_PLACES = {1: "l", 2: "hw", 3: "dhw"}
_WINDOW = {1: "i", 2: "ij", 3: "ijk"}
_FRONT = {0: "", 1: "c", 2: "bc"}


class Letters:
    """The letters of every axis of some nodes; `wishes` gives those of some nodes."""

    def __init__(
        self,
        order: Sequence[Node],
        names: Collection[str],
        wishes: Mapping[Node, str] | None = None,
    ) -> None:
        self._parent: dict[_Axis, _Axis] = {}
        self._hints: dict[_Axis, str] = {}
        self._letter: dict[_Axis, str] = {}
        self._taken = {name for name in (*names, *_sizes_as_numbers(order)) if len(name) == 1}
        self._wishes = wishes or {}
        for node in order:
            if node.ndim or any(arg.ndim for arg in node.args):
                self._link(node)
        for node, letters in self._wishes.items():
            for axis, letter in zip(range(node.ndim), letters, strict=False):
                self._letter[self._find((node, axis))] = letter
        for choose in (_initial_of, self._hinted, _anything):
            for node in [*(n for n in order if not n.args or isinstance(n, Let)), *order]:
                self._settle(node, choose)

    def of(self, node: Node) -> tuple[Index, ...]:
        """The indices of a node of the expression, each a letter of its own."""
        found: list[Index] = []
        for axis, size in enumerate(node.shape):
            wish = self._letter.get(self._find((node, axis)))
            if wish is None:
                wish = other_letter({*self._taken, *(i.letter for i in found)})
            taken = {i.letter for i in found}
            letter = wish if wish not in taken else other_letter(taken | self._taken)
            found.append(Index(letter, size))
        return tuple(found)

    # --- which axes are one -------------------------------------------------------------------

    def _find(self, axis: _Axis) -> _Axis:
        root = axis
        while (above := self._parent.setdefault(root, root)) != root:
            root = above
        while axis != root:
            axis, self._parent[axis] = self._parent[axis], root
        return root

    def _join(self, a: _Axis, b: _Axis) -> None:
        first, second = self._find(a), self._find(b)
        if first != second:
            self._parent[second] = first
            hint = self._hints.pop(second, None)
            if hint is not None:
                self._hints.setdefault(first, hint)

    def _hint(self, axis: _Axis, letter: str) -> None:
        self._hints.setdefault(self._find(axis), letter)

    def _link(self, node: Node) -> None:
        if isinstance(node, Einsum):
            first: dict[int, _Axis] = {}
            for arg, indices in zip((*node.args, node), (*node.ins, node.out), strict=True):
                for axis, i in enumerate(indices):
                    self._join(first.setdefault(i, (arg, axis)), (arg, axis))
            self._hint_filters(node)
        elif isinstance(node, (Map, Let)):
            for arg in node.args:
                self._link_aligned(node, arg)
        elif isinstance(node, Concat):
            for arg in node.args:
                for axis in range(node.ndim):
                    if axis != node.axis:
                        self._join((node, axis), (arg, axis))
        elif isinstance(node, Reduce):
            kept = [axis for axis in range(node.args[0].ndim) if axis not in node.axes]
            for axis, source in enumerate(kept):
                self._join((node.args[0], source), (node, axis))
        elif isinstance(node, Pull):
            self._link_pull(node)
        elif isinstance(node, Reshape):
            self._link_reshape(node)

    def _link_aligned(self, node: Node, arg: Node) -> None:
        shift = node.ndim - arg.ndim
        for axis, size in enumerate(arg.shape):
            if same_dim(size, node.shape[axis + shift]):
                self._join((arg, axis), (node, axis + shift))

    def _link_reshape(self, node: Node) -> None:
        """Axes in front that stay."""
        source = node.args[0]
        for axis, (before, after) in enumerate(zip(source.shape, node.shape, strict=False)):
            if not same_dim(before, after):
                break
            self._join((source, axis), (node, axis))

    def _link_pull(self, node: Pull) -> None:
        source = node.args[0]
        sliding = [row for row in node.rows if isinstance(row, Affine) and len(row.steps) == 2]
        rank = len(sliding)
        self._hint_window(node, rank)
        for axis, row in enumerate(node.rows):
            if isinstance(row, Lookup):
                ids = node.args[row.operand]
                for place, kept in enumerate(row.axes):
                    self._join((ids, place), (node, kept))
                self._hint((source, axis), "v")
            elif row.steps:
                self._join((source, axis), (node, row.steps[0][0]))

    def _hint_window(self, node: Pull, rank: int) -> None:
        source = node.args[0]
        front = source.ndim - rank
        if rank not in _PLACES or front not in _FRONT:
            return
        for axis, letter in enumerate(_FRONT[front] + _PLACES[rank]):
            self._hint((source, axis), letter)
        for k, letter in enumerate(_WINDOW[rank]):
            self._hint((node, node.ndim - rank + k), letter)

    def _hint_filters(self, node: Einsum) -> None:
        """The output channels of a convolution: only the kernel has them."""
        windows = [arg for arg in node.args if isinstance(arg, Pull) and _slides(arg)]
        if len(windows) != 1 or len(node.args) != 2:
            return
        k = node.args.index(windows[0])
        kernel, places = node.ins[1 - k], node.ins[k]
        new = [axis for axis, i in enumerate(kernel) if i in node.out and i not in places]
        if len(new) == 1:
            self._hint((node.args[1 - k], new[0]), "o")

    # --- letters ------------------------------------------------------------------------------

    def _settle(self, node: Node, choose: Callable[[_Axis, Any], str | None]) -> None:
        used = {*self._taken, *self._letter.values()}
        for axis, size in enumerate(node.shape):
            root = self._find((node, axis))
            wish = None if root in self._letter else choose(root, size)
            if wish is not None and (wish not in used or choose is _anything):
                free = used if len(used) < len(_ALL) else self._taken
                self._letter[root] = other_letter(free, wish or None)
                used.add(self._letter[root])

    def _hinted(self, root: _Axis, size: Any) -> str | None:
        del size
        return self._hints.get(root)


_ALL = "abcdfghijklmnopqrstuvwxyz"  # e is a number


def _sizes_as_numbers(order: Sequence[Node]) -> set[str]:
    """The sizes that are written as numbers: m in Σ_i x_i/m."""
    fills = [node for node in order if isinstance(node, Fill)]
    return {str(s) for node in fills for s in sympy.sympify(node.params[0]).free_symbols}


def _initial_of(root: _Axis, size: Any) -> str | None:
    """The size's own letter: n for N."""
    del root
    if not isinstance(size, sympy.Symbol):
        return None
    letter = size.name[0].lower()
    return letter if letter in _ALL else None


def _anything(root: _Axis, size: Any) -> str | None:
    del root, size
    return ""


def _slides(node: Pull) -> bool:
    return any(isinstance(row, Affine) and len(row.steps) == 2 for row in node.rows)
