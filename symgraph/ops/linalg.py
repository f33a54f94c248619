"""Opaque linear algebra on the last two axes: inverse, determinant, log |determinant|, solve."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import sympy

from symgraph.errors import ShapeError
from symgraph.node import Node, intern
from symgraph.ops.einsum import Indices, folded_einsum, widen
from symgraph.ops.map import add_up, folded_map, negative
from symgraph.printing import ATOM, POW, Format, Piece
from symgraph.scalar import slot
from symgraph.shapes import Dim, same_dim, shape_text
from symgraph.template import template

__all__ = ["Det", "Inv", "LogDet", "Solve", "det", "inv", "logdet", "solve"]

_TIMES = template(slot(0) * slot(1), 2)


def _product(left: Node, right: Node, rule: str) -> Node:
    """A product over the last axes by a rule such as "ij,kj->ik", batched over the leading ones."""
    words, result = rule.split("->")
    first, second = words.split(",")
    lead: Indices = tuple(range(100, 100 + left.ndim - len(first)))
    number = {letter: k for k, letter in enumerate("ijk")}
    ins = [(*lead, *(number[c] for c in word)) for word in (first, second)]
    return folded_einsum(ins, (*lead, *(number[c] for c in result)), {}, (left, right))


def _transposed(x: Node) -> Node:
    axes = tuple(range(x.ndim))
    return folded_einsum([axes], (*axes[:-2], axes[-1], axes[-2]), {}, (x,))


def _square(x: Node, where: str) -> None:
    if x.ndim < 2 or not same_dim(x.shape[-1], x.shape[-2]):
        raise ShapeError(
            f"{where}: the operand has shape {shape_text(x.shape)}, its last two sizes must be "
            "equal. Give a square matrix or a stack of them."
        )


def _matrix(index: Sequence[Any], n: int, read: Callable[[int, Sequence[Any]], Any]) -> Any:
    return sympy.Matrix(n, n, lambda i, j: read(0, (*index, int(i), int(j))))


class Inv(Node):
    """The inverse of square matrices (..., n, n)."""

    __slots__ = ()

    def evaluate(self, dims: Mapping[sympy.Symbol, int], *xs: Any) -> Any:
        return np.linalg.inv(xs[0])

    def entry(self, index: Sequence[Any], read: Callable[[int, Sequence[Any]], Any]) -> Any:
        matrix = _matrix(index[:-2], int(self.shape[-1]), read)
        return (matrix.adjugate() / matrix.det())[int(index[-2]), int(index[-1])]

    def vjp(self, ct: Node, k: int) -> Node | None:
        inner = _product(self, ct, "ji,jk->ik")
        return negative(_product(inner, self, "ij,kj->ik"))

    def jvp(self, tangents: Sequence[Node | None]) -> Node | None:
        if tangents[0] is None:
            return None
        return negative(_product(_product(self, tangents[0], "ij,jk->ik"), self, "ij,jk->ik"))

    def batch(self, args: Sequence[Node], flags: Sequence[bool], size: Dim) -> Node:
        return inv(args[0])

    def form(self, fmt: Format, xs: Sequence[Piece]) -> Piece:
        if fmt.style == "text":
            return fmt.call("inv", xs)
        return Piece(fmt.wrap(xs[0], ATOM) + fmt.pick("", "⁻¹", "^{-1}"), POW)

    @classmethod
    def rebuild(cls, params: tuple[Any, ...], args: tuple[Node, ...]) -> Node:
        return inv(args[0])


def inv(x: Node) -> Node:
    """The inverse of the last two axes. Raises ShapeError when they are not square."""
    _square(x, "inv")
    return intern(Inv, (x,), (), x.shape, "real")


class Det(Node):
    """The determinant of square matrices (..., n, n)."""

    __slots__ = ()

    def evaluate(self, dims: Mapping[sympy.Symbol, int], *xs: Any) -> Any:
        return np.linalg.det(xs[0])

    def entry(self, index: Sequence[Any], read: Callable[[int, Sequence[Any]], Any]) -> Any:
        return _matrix(index, int(self.args[0].shape[-1]), read).det()

    def vjp(self, ct: Node, k: int) -> Node | None:
        weight = folded_map(_TIMES, (ct, self))
        return _weighted_inverse(weight, self.args[0])

    def jvp(self, tangents: Sequence[Node | None]) -> Node | None:
        if tangents[0] is None:
            return None
        return folded_map(_TIMES, (self, _trace_of_solve(self.args[0], tangents[0])))

    def batch(self, args: Sequence[Node], flags: Sequence[bool], size: Dim) -> Node:
        return det(args[0])

    def form(self, fmt: Format, xs: Sequence[Piece]) -> Piece:
        return fmt.call(fmt.pick("det", "det", r"\det"), xs)

    @classmethod
    def rebuild(cls, params: tuple[Any, ...], args: tuple[Node, ...]) -> Node:
        return det(args[0])


def _weighted_inverse(weight: Node, x: Node) -> Node:
    """weight times the transposed inverse of x."""
    lead: Indices = tuple(range(2, x.ndim))
    return folded_einsum([lead, (*lead, 1, 0)], (*lead, 0, 1), {}, (weight, inv(x)))


def _trace_of_solve(x: Node, tangent: Node) -> Node:
    lead: Indices = tuple(range(2, x.ndim))
    return folded_einsum([(*lead, 1, 0), (*lead, 0, 1)], lead, {}, (inv(x), tangent))


def det(x: Node) -> Node:
    """The determinant of the last two axes. Raises ShapeError when they are not square."""
    _square(x, "det")
    return intern(Det, (x,), (), x.shape[:-2], "real")


class LogDet(Node):
    """log |det| of square matrices (..., n, n)."""

    __slots__ = ()

    def evaluate(self, dims: Mapping[sympy.Symbol, int], *xs: Any) -> Any:
        return np.linalg.slogdet(xs[0])[1]

    def entry(self, index: Sequence[Any], read: Callable[[int, Sequence[Any]], Any]) -> Any:
        return sympy.log(sympy.Abs(_matrix(index, int(self.args[0].shape[-1]), read).det()))

    def vjp(self, ct: Node, k: int) -> Node | None:
        return _weighted_inverse(ct, self.args[0])

    def jvp(self, tangents: Sequence[Node | None]) -> Node | None:
        return None if tangents[0] is None else _trace_of_solve(self.args[0], tangents[0])

    def batch(self, args: Sequence[Node], flags: Sequence[bool], size: Dim) -> Node:
        return logdet(args[0])

    def form(self, fmt: Format, xs: Sequence[Piece]) -> Piece:
        return fmt.call(fmt.pick("logdet", "log det", r"\log\det"), xs)

    @classmethod
    def rebuild(cls, params: tuple[Any, ...], args: tuple[Node, ...]) -> Node:
        return logdet(args[0])


def logdet(x: Node) -> Node:
    """log |det| of the last two axes. Raises ShapeError when they are not square."""
    _square(x, "logdet")
    return intern(LogDet, (x,), (), x.shape[:-2], "real")


class Solve(Node):
    """The solution y of a y = b: operands a (..., n, n) and b (..., n, k) or (..., n)."""

    __slots__ = ()

    @property
    def _rule(self) -> tuple[str, str]:
        return ("ij,j->i", "i,j->ij") if self.is_vector else ("ij,jk->ik", "ik,jk->ij")

    @property
    def is_vector(self) -> bool:
        """Whether b is a vector (a stack of vectors) and not a matrix."""
        return self.args[1].ndim == self.args[0].ndim - 1

    def evaluate(self, dims: Mapping[sympy.Symbol, int], *xs: Any) -> Any:
        if self.is_vector:
            return np.linalg.solve(xs[0], np.asarray(xs[1])[..., None])[..., 0]
        return np.linalg.solve(xs[0], xs[1])

    def entry(self, index: Sequence[Any], read: Callable[[int, Sequence[Any]], Any]) -> Any:
        lead = index[: self.args[0].ndim - 2]
        n = int(self.args[0].shape[-1])
        matrix = _matrix(lead, n, read)
        tail = index[len(lead) + 1 :]
        column = sympy.Matrix(n, 1, lambda i, _: read(1, (*lead, int(i), *tail)))
        return (matrix.adjugate() * column / matrix.det())[int(index[len(lead)]), 0]

    def vjp(self, ct: Node, k: int) -> Node | None:
        back = solve(_transposed(self.args[0]), ct)
        return back if k == 1 else negative(_product(back, self, self._rule[1]))

    def jvp(self, tangents: Sequence[Node | None]) -> Node | None:
        a, b = tangents
        parts = [] if b is None else [b]
        if a is not None:
            parts.append(negative(_product(a, self, self._rule[0])))
        right = add_up(parts)
        return None if right is None else solve(self.args[0], right)

    def batch(self, args: Sequence[Node], flags: Sequence[bool], size: Dim) -> Node:
        wide = [
            arg if flag else widen(arg, (size, *arg.shape))
            for arg, flag in zip(args, flags, strict=True)
        ]
        return solve(wide[0], wide[1])

    def form(self, fmt: Format, xs: Sequence[Piece]) -> Piece:
        if fmt.style == "text":
            return fmt.call("solve", xs)
        inverse = Piece(fmt.wrap(xs[0], ATOM) + fmt.pick("", "⁻¹", "^{-1}"), POW)
        return fmt.matmul(inverse, xs[1])

    @classmethod
    def rebuild(cls, params: tuple[Any, ...], args: tuple[Node, ...]) -> Node:
        return solve(args[0], args[1])


def solve(a: Node, b: Node) -> Node:
    """The solution of a y = b. Raises ShapeError when the sizes do not fit."""
    _square(a, "solve")
    fits = b.ndim in (a.ndim - 1, a.ndim) and all(
        map(same_dim, b.shape[: a.ndim - 1], a.shape[: a.ndim - 1])
    )
    if not fits:
        raise ShapeError(
            f"solve: a has shape {shape_text(a.shape)}, b has shape {shape_text(b.shape)}. "
            f"Give b with shape {shape_text(a.shape[:-1])}, or that and one more axis behind."
        )
    return intern(Solve, (a, b), (), b.shape, "real")
