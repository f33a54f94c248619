"""Reshape: the same entries under another shape."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import sympy

from symgraph.errors import ShapeError
from symgraph.node import Node, intern
from symgraph.ops.einsum import Einsum, folded_einsum
from symgraph.ops.leaves import Fill, fill
from symgraph.printing import ATOM, Format, Piece
from symgraph.shapes import Dim, Shape, bind_shape, product, same_dim, shape_text

__all__ = ["Reshape", "reshape_node"]


class Reshape(Node):
    """The same entries in row-major order under another shape: `params` = (shape,)."""

    __slots__ = ()

    def evaluate(self, dims: Mapping[sympy.Symbol, int], *xs: Any) -> Any:
        return np.reshape(xs[0], bind_shape(self.shape, dims))

    def entry(self, index: Sequence[Any], read: Callable[[int, Sequence[Any]], Any]) -> Any:
        flat: Any = sympy.S.Zero
        for i, size in zip(index, self.shape, strict=True):
            flat = flat * size + i
        source: list[Any] = []
        for size in reversed(self.args[0].shape):
            source.insert(0, sympy.Mod(flat, size))
            flat = sympy.floor(flat / sympy.sympify(size)) if size != 0 else flat
        return read(0, tuple(source))

    def vjp(self, ct: Node, k: int) -> Node | None:
        return _folded_reshape(ct, self.args[0].shape) if self.args[0].kind == "real" else None

    def jvp(self, tangents: Sequence[Node | None]) -> Node | None:
        return None if tangents[0] is None else reshape_node(tangents[0], self.shape)

    def batch(self, args: Sequence[Node], flags: Sequence[bool], size: Dim) -> Node:
        return reshape_node(args[0], (size, *self.shape))

    def form(self, fmt: Format, xs: Sequence[Piece]) -> Piece:
        places = self._new_axes()
        if places is not None:
            inner = ", ".join("None" if new else ":" for new in places)
            x = fmt.wrap(xs[0], ATOM)
            return Piece(rf"{x}_{{{inner}}}" if fmt.style == "latex" else f"{x}[{inner}]")
        return fmt.call("reshape", [*xs, Piece(shape_text(self.shape))])

    def _new_axes(self) -> list[bool] | None:
        """Which axes of the result are new, when all others are those of the operand."""
        source = list(self.args[0].shape)
        new: list[bool] = []
        for size in self.shape:
            kept = bool(source) and source[0] == size
            if not kept and size != 1:
                return None
            new.append(not kept)
            source = source[1:] if kept else source
        return None if source else new

    @classmethod
    def rebuild(cls, params: tuple[Any, ...], args: tuple[Node, ...]) -> Node:
        return reshape_node(args[0], params[0])


def reshape_node(x: Node, shape: Shape) -> Node:
    """x under another shape of as many entries.

    Raises ShapeError when the numbers of entries differ.
    """
    if x.shape == shape:
        return x
    if not same_dim(product(x.shape), product(shape)):
        raise ShapeError(
            f"reshape: {shape_text(x.shape)} has {product(x.shape)} entries, {shape_text(shape)} "
            f"has {product(shape)}. Choose a shape with as many entries."
        )
    if isinstance(x, Fill):
        return fill(x.value, shape, x.kind)
    if isinstance(x, Reshape):
        return reshape_node(x.args[0], shape)
    return intern(Reshape, (x,), (shape,), shape, x.kind)


def _folded_reshape(x: Node, shape: Shape) -> Node:
    """x under another shape; a sum that kept its axes as 1 loses them inside the sum."""
    kept = [axis for axis, size in enumerate(x.shape) if size != 1]
    if isinstance(x, Einsum) and shape == tuple(x.shape[axis] for axis in kept):
        return folded_einsum([tuple(range(x.ndim))], tuple(kept), {}, (x,))
    return reshape_node(x, shape)
