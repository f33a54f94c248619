"""Concat: operands one behind the other."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import sympy

from symgraph.errors import ShapeError
from symgraph.node import Node, intern, promote
from symgraph.ops.einsum import widen
from symgraph.ops.leaves import Fill, fill
from symgraph.ops.move import pull
from symgraph.ops.rows import Affine, Row, identity_row
from symgraph.printing import Format, Piece
from symgraph.shapes import Dim, product, same_dim, shape_text

__all__ = ["Concat", "concat_node"]


class Concat(Node):
    """Operands one behind the other along an axis: `params` = (axis,)."""

    __slots__ = ()

    @property
    def axis(self) -> int:
        """The axis along which the operands are joined."""
        axis: int = self.params[0]
        return axis

    def starts(self) -> list[Dim]:
        """Where each operand begins along the axis."""
        starts: list[Dim] = [0]
        for arg in self.args[:-1]:
            starts.append(starts[-1] + arg.shape[self.axis])
        return starts

    def evaluate(self, dims: Mapping[sympy.Symbol, int], *xs: Any) -> Any:
        return np.concatenate([np.asarray(x) for x in xs], axis=self.axis)

    def entry(self, index: Sequence[Any], read: Callable[[int, Sequence[Any]], Any]) -> Any:
        at = index[self.axis]
        cases: list[tuple[Any, Any]] = []
        for k, (start, arg) in enumerate(zip(self.starts(), self.args, strict=True)):
            inside = sympy.sympify(at) < start + arg.shape[self.axis]
            if inside == False:  # noqa: E712 - SymPy's false
                continue
            local = (*index[: self.axis], at - start, *index[self.axis + 1 :])
            if inside == True and not cases:  # noqa: E712 - SymPy's true
                return read(k, local)
            cases.append((read(k, local), inside))
        return sympy.Piecewise(*cases)

    def vjp(self, ct: Node, k: int) -> Node | None:
        if self.args[k].kind != "real":
            return None
        rows: list[Row] = [identity_row(a) for a in range(self.ndim)]
        rows[self.axis] = Affine(self.starts()[k], ((self.axis, 1),))
        if isinstance(ct, Fill):
            return fill(ct.value, self.args[k].shape, "real")
        return pull(ct, rows, self.args[k].shape)

    def jvp(self, tangents: Sequence[Node | None]) -> Node | None:
        if all(tangent is None for tangent in tangents):
            return None
        parts = [
            fill(0, arg.shape, "real") if tangent is None else tangent
            for arg, tangent in zip(self.args, tangents, strict=True)
        ]
        return concat_node(parts, self.axis)

    def batch(self, args: Sequence[Node], flags: Sequence[bool], size: Dim) -> Node:
        wide = [
            arg if flag else widen(arg, (size, *arg.shape))
            for arg, flag in zip(args, flags, strict=True)
        ]
        return concat_node(wide, self.axis + 1)

    def form(self, fmt: Format, xs: Sequence[Piece]) -> Piece:
        inner = ", ".join(x.text for x in xs)
        if self.axis == 0 and self.ndim == 1:
            return Piece(rf"\left[{inner}\right]" if fmt.style == "latex" else f"[{inner}]")
        return fmt.call("concat", [Piece(f"[{inner}]"), Piece(f"axis={self.axis}")])

    @classmethod
    def rebuild(cls, params: tuple[Any, ...], args: tuple[Node, ...]) -> Node:
        return concat_node(args, params[0])


def concat_node(parts: Sequence[Node], axis: int) -> Node:
    """The operands joined along an axis.

    Raises ShapeError when the other sizes differ.
    """
    first = parts[0]
    total: Dim = 0
    for part in parts:
        fits = len(part.shape) == len(first.shape) and all(
            a == axis or same_dim(p, q)
            for a, (p, q) in enumerate(zip(part.shape, first.shape, strict=False))
        )
        if not fits:
            raise ShapeError(
                f"concat: shapes {shape_text(first.shape)} and {shape_text(part.shape)} differ "
                f"outside axis {axis}. Give operands that agree on all other axes."
            )
        total = total + part.shape[axis]
    if len(parts) == 1:
        return first
    size = product([total])
    shape = (*first.shape[:axis], size, *first.shape[axis + 1 :])
    return intern(Concat, tuple(parts), (axis,), shape, promote(*(p.kind for p in parts)))
