"""Reduce: maximum, its position, log-sum-exp and product over axes (a sum is an Einsum)."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

import numpy as np
import sympy

from symgraph.errors import ShapeError
from symgraph.node import Kind, Node, intern
from symgraph.ops.einsum import folded_einsum
from symgraph.ops.leaves import iota
from symgraph.ops.loop import running_products
from symgraph.ops.map import folded_map
from symgraph.ops.reshape import reshape_node
from symgraph.printing import Format, Piece
from symgraph.scalar import equal, slot, where
from symgraph.shapes import Dim, Shape, product, shape_text
from symgraph.template import template

__all__ = ["Reduce", "check_entries", "reduce_node"]

Operation = Literal["max", "argmax", "logsumexp", "prod"]

_CHOOSE = template(where(equal(slot(0), slot(1)), slot(2), 0), 3)
_SOFT = template(slot(0) * sympy.exp(slot(1) - slot(2)), 3)
_TIMES = template(slot(0) * slot(1), 2)


class Reduce(Node):
    """`params` = (operation, sorted axes).

    `argmax` counts positions in row-major order over the reduced axes; ties go to the first.
    """

    __slots__ = ()

    @property
    def operation(self) -> Operation:
        """max, argmax, logsumexp or prod."""
        operation: Operation = self.params[0]
        return operation

    @property
    def axes(self) -> tuple[int, ...]:
        """The axes that disappear."""
        axes: tuple[int, ...] = self.params[1]
        return axes

    def evaluate(self, dims: Mapping[sympy.Symbol, int], *xs: Any) -> Any:
        x = np.asarray(xs[0])
        if self.operation == "prod":
            return np.prod(x, axis=self.axes)
        check_entries(self, x.shape)
        if self.operation == "max":
            return np.max(x, axis=self.axes)
        flat = self._last(x)
        winner = np.argmax(flat, axis=-1)
        return winner if self.operation == "argmax" else _log_sum_exp(flat, winner)

    def _last(self, x: Any) -> Any:
        """The reduced axes as one, behind the others."""
        kept = [a for a in range(x.ndim) if a not in self.axes]
        count = math.prod(x.shape[a] for a in self.axes)
        return np.transpose(x, [*kept, *self.axes]).reshape(*(x.shape[a] for a in kept), count)

    def entry(self, index: Sequence[Any], read: Callable[[int, Sequence[Any]], Any]) -> Any:
        sizes = [int(self.args[0].shape[axis]) for axis in self.axes]
        values: list[Any] = []
        for place in itertools.product(*(range(n) for n in sizes)):
            at = list(index)
            for axis, i in zip(self.axes, place, strict=True):
                at.insert(axis, i)
            values.append(read(0, tuple(at)))
        if self.operation == "prod":
            return sympy.Mul(*values)
        if self.operation == "max":
            return sympy.Max(*values)
        if self.operation == "logsumexp":
            return sympy.log(sympy.Add(*map(sympy.exp, values)))
        cases = [
            (k, sympy.And(*(v >= w for w in values), *(v > w for w in values[:k])))
            for k, v in enumerate(values)
        ]
        return sympy.Piecewise(*cases[:-1], (len(values) - 1, True))

    def vjp(self, ct: Node, k: int) -> Node | None:
        x = self.args[0]
        if self.operation == "argmax" or x.kind != "real":
            return None
        return self._weighted(self._spread(ct))

    def jvp(self, tangents: Sequence[Node | None]) -> Node | None:
        if tangents[0] is None or self.operation == "argmax":
            return None
        indices = tuple(range(self.args[0].ndim))
        kept = tuple(i for i in indices if i not in self.axes)
        return folded_einsum([indices], kept, {}, (self._weighted(tangents[0]),))

    def _weighted(self, ct: Node) -> Node:
        """ct (of the operand's shape) times the local partial derivative."""
        x = self.args[0]
        if self.operation == "max":
            winner = self._spread(reduce_node("argmax", x, self.axes))
            return folded_map(_CHOOSE, (self._own_position(), winner, ct))
        if self.operation == "logsumexp":
            return folded_map(_SOFT, (ct, x, self._spread(self)))
        return folded_map(_TIMES, (ct, self._others()))

    def _spread(self, y: Node) -> Node:
        """A value of the result's shape repeated along the reduced axes."""
        shape = self.args[0].shape
        kept = tuple(i for i in range(len(shape)) if i not in self.axes)
        return folded_einsum([kept], tuple(range(len(shape))), dict(enumerate(shape)), (y,))

    def _own_position(self) -> Node:
        """Row-major position over the reduced axes, broadcastable to the operand."""
        shape = self.args[0].shape
        sizes = [shape[axis] for axis in self.axes]
        place = reshape_node(iota(product(sizes)), tuple(sizes))
        spread = tuple(size if a in self.axes else 1 for a, size in enumerate(shape))
        return reshape_node(place, spread)

    def _others(self) -> Node:
        """For each entry the product of all other entries, exact also where some are zero."""
        x = self.args[0]
        kept = [a for a in range(x.ndim) if a not in self.axes]
        order = (*self.axes, *kept)
        sizes: dict[int, Dim] = {}
        moved = folded_einsum([tuple(range(x.ndim))], order, sizes, (x,))
        rest = tuple(x.shape[a] for a in kept)
        flat = reshape_node(moved, (product(x.shape[a] for a in self.axes), *rest))
        before, after = running_products(flat)
        others = folded_map(_TIMES, (before, after))
        unflat = reshape_node(others, tuple(x.shape[a] for a in order))
        return folded_einsum([order], tuple(range(x.ndim)), sizes, (unflat,))

    def batch(self, args: Sequence[Node], flags: Sequence[bool], size: Dim) -> Node:
        return reduce_node(self.operation, args[0], tuple(axis + 1 for axis in self.axes))

    def form(self, fmt: Format, xs: Sequence[Piece]) -> Piece:
        head = {"max": "max", "argmax": "argmax", "logsumexp": "logsumexp"}.get(
            self.operation, fmt.pick("prod", "Π", r"\prod")
        )
        if fmt.style == "latex" and self.operation == "max":
            head = r"\max"
        if len(self.axes) == self.args[0].ndim:
            return fmt.call(head, xs)
        axis = self.axes[0] if len(self.axes) == 1 else self.axes
        return fmt.call(head, [*xs, Piece(f"axis={axis}")])

    @classmethod
    def rebuild(cls, params: tuple[Any, ...], args: tuple[Node, ...]) -> Node:
        return reduce_node(params[0], args[0], params[1])


def _log_sum_exp(x: Any, winner: Any) -> Any:
    """log(sum(exp(x))) along the last axis, from the position of each largest entry.

    The largest term counts as 1 inside log1p and not in the sum, where it would swallow the digits
    of the others: logsumexp([0, -40]) is exp(-40), not 0.
    """
    place = np.expand_dims(winner, -1)
    x = x if x.dtype.kind == "f" else x.astype(np.float64)
    peak = np.take_along_axis(x, place, axis=-1)
    with np.errstate(over="ignore", invalid="ignore"):
        others = np.exp(x - np.where(np.isfinite(peak), peak, 0.0))
        np.put_along_axis(others, place, 0.0, axis=-1)
        return peak[..., 0] + np.log1p(np.sum(others, axis=-1))


def check_entries(node: Reduce, shape: Sequence[int]) -> None:
    """Raise ShapeError where an operand of this shape has no entry that could be the largest."""
    if node.operation != "prod" and any(shape[axis] == 0 for axis in node.axes):
        raise ShapeError(
            f"{node.operation}: axes {node.axes} of a value of shape {tuple(shape)} hold no "
            "entries, so there is no winner. Give at least one."
        )


def reduce_node(operation: Operation, x: Node, axes: tuple[int, ...]) -> Node:
    """One of the reductions over sorted axes.

    Raises ShapeError when a maximum is asked of an axis known to be empty.
    """
    shape: Shape = tuple(size for a, size in enumerate(x.shape) if a not in axes)
    if operation != "prod" and any(x.shape[a] == 0 for a in axes):
        raise ShapeError(
            f"{operation}: axes {axes} of a value of shape {shape_text(x.shape)} hold no entries, "
            "so there is no winner. Give at least one."
        )
    kind: Kind = x.kind
    if operation == "argmax":
        kind = "integer"
    elif operation == "logsumexp":
        kind = "real"
    elif x.kind == "boolean" and operation == "prod":
        kind = "integer"
    return intern(Reduce, (x,), (operation, axes), shape, kind)
