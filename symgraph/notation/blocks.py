"""Parts of a matrix: with z = W [h, x], the derivative by h is W_hᵀ δ for W = [W_h, W_x].

A joined vector hands each of its parts a piece of its own derivative, a product with the matrix
that multiplies the joined vector. That piece is the product with a part of the matrix.
"""

from __future__ import annotations

import functools
import operator
from collections.abc import Sequence
from typing import NamedTuple

from symgraph.node import Node
from symgraph.ops import Concat, Einsum, Map, Pull, Var
from symgraph.ops.einsum import einsum_node
from symgraph.ops.move import as_slices, pull
from symgraph.ops.rows import Affine, identity_row
from symgraph.shapes import same_dim

__all__ = ["Division", "Divisions"]

#: A sum of more products is not taken apart.
_MOST_TERMS = 100


class Division(NamedTuple):
    """A matrix, its axis along which it is divided, the parts and their labels."""

    whole: Node
    axis: int
    parts: tuple[Node, ...]
    labels: tuple[str, ...]


class Divisions:
    """The matrices of an expression that are divided like the vectors that they multiply."""

    def __init__(self, order: Sequence[Node], names: dict[Node, str]) -> None:
        self._joined = [node for node in order if isinstance(node, Concat) and node.ndim <= 2]
        self._names = names
        self._found: dict[tuple[Node, int, Node], Division] = {}

    def part(self, node: Pull) -> tuple[Node, list[Division]] | None:
        """A piece of a sum of products as products with parts of matrices, which come along."""
        slices = as_slices(node) if self._joined and len(node.args) == 1 else None
        if slices is None or any(step != 1 for _, step, _ in slices):
            return None
        (source,) = node.args
        cut = [a for a, size in enumerate(source.shape) if not same_dim(slices[a][2], size)]
        if len(cut) != 1:
            return None
        (axis,) = cut
        start, _, count = slices[axis]
        for joined in self._joined:
            if joined.shape != source.shape or joined.axis != axis:
                continue
            for k, (at, arg) in enumerate(zip(joined.starts(), joined.args, strict=True)):
                if same_dim(at, start) and same_dim(arg.shape[axis], count):
                    return self._piece(source, joined, k)
        return None

    def _piece(self, source: Node, joined: Concat, k: int) -> tuple[Node, list[Division]] | None:
        terms, used = _terms(source), []
        found: list[Node] = []
        for term in terms:
            place = _factor_with(term, joined.axis) if isinstance(term, Einsum) else None
            if place is None or not isinstance(term, Einsum):
                return None
            which, axis = place
            division = self._divided(term.args[which], axis, joined)
            used.append(division)
            args = [*term.args[:which], division.parts[k], *term.args[which + 1 :]]
            found.append(einsum_node(term.ins, term.out, term.sizes(), tuple(args)))
        return functools.reduce(operator.add, found), used

    def _divided(self, whole: Node, axis: int, joined: Concat) -> Division:
        key = (whole, axis, joined)
        if key not in self._found:
            parts = []
            for start, arg in zip(joined.starts(), joined.args, strict=True):
                rows = [identity_row(one) for one in range(whole.ndim)]
                rows[axis] = Affine(start, ((axis, 1),))
                shape = list(whole.shape)
                shape[axis] = arg.shape[joined.axis]
                parts.append(pull(whole, rows, tuple(shape)))
            labels = tuple(_label(self._names.get(arg, "")) for arg in joined.args)
            if "" in labels or len(set(labels)) < len(labels):
                labels = tuple(str(i) for i in range(1, len(parts) + 1))
            self._found[key] = Division(whole, axis, tuple(parts), labels)
        return self._found[key]


def _terms(source: Node) -> list[Node]:
    """The terms of a sum of arrays of one shape."""
    found: list[Node] = []
    stack = [source]
    while stack and len(found) + len(stack) <= _MOST_TERMS:
        node = stack.pop()
        adds = isinstance(node, Map) and node.template.expr.is_Add
        if isinstance(node, Map) and adds and _plainly_added(node):
            stack.extend(reversed(node.args))
        else:
            found.append(node)
    return [*found, *stack]


def _plainly_added(node: Map) -> bool:
    same = all(arg.shape == node.shape for arg in node.args)
    return same and all(term.is_Symbol for term in node.template.expr.args)


def _factor_with(term: Einsum, axis: int) -> tuple[int, int] | None:
    """The one factor that an axis of a product comes from, a matrix with a name, and its axis."""
    index = term.out[axis]
    places = [k for k, indices in enumerate(term.ins) if index in indices]
    if len(places) != 1:
        return None
    (which,) = places
    factor, indices = term.args[which], term.ins[which]
    if not isinstance(factor, Var) or factor.ndim != 2 or len(set(indices)) < 2:
        return None
    return which, indices.index(index)


def _label(name: str) -> str:
    """h for h, h0 and h_{t-1}."""
    return name.partition("_")[0].rstrip("0123456789₀₁₂₃₄₅₆₇₈₉")
