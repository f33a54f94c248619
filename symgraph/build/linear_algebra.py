"""Inverse, determinant and linear systems over the last two axes."""

from __future__ import annotations

from typing import Any

from symgraph.build.coerce import as_node
from symgraph.errors import ShapeError
from symgraph.node import Node
from symgraph.ops import linalg
from symgraph.ops.einsum import einsum_node
from symgraph.ops.reshape import reshape_node
from symgraph.printing import describe
from symgraph.shapes import shape_text

__all__ = ["det", "inv", "kron", "logdet", "solve"]


def inv(x: Any) -> Node:
    """The inverse of a square matrix, or of each in a stack; prefer `solve` to inv(a) @ b.

    Raises ShapeError when the last two sizes differ.

    >>> import symgraph as sg
    >>> print(sg.inv(sg.input("A", (2, 2))))
    inv(A)
    """
    return linalg.inv(as_node(x, "inv"))


def det(x: Any) -> Node:
    """The determinant of a square matrix, or of each in a stack.

    Raises ShapeError when the last two sizes differ.

    >>> import symgraph as sg
    >>> sg.det(sg.input("A", ("N", 3, 3))).shape
    (N,)
    """
    return linalg.det(as_node(x, "det"))


def kron(a: Any, b: Any) -> Node:
    """The Kronecker product of two matrices: the block in row i and column j is a[i, j] b.

    Shapes: a (m, n), b (p, q); result (m p, n q).
    Raises ShapeError for an operand that is no matrix.

    >>> import symgraph as sg
    >>> A, X = sg.input("A", (2, 2)), sg.input("X", (3, 3))
    >>> print(sg.derive(sg.let("L", sg.trace(sg.kron(A, X))), X).result.unicode())
    dL/dX = tr(A) I
    """
    left, right = as_node(a, "kron"), as_node(b, "kron")
    for one in (left, right):
        if one.ndim != 2:
            raise ShapeError(
                f"kron: {describe(one)} has shape {shape_text(one.shape)}, a matrix is needed. "
                "Give a vector as a column: x[:, None]."
            )
    (m, n), (p, q) = left.shape, right.shape
    blocks = einsum_node([(0, 2), (1, 3)], (0, 1, 2, 3), {}, (left, right))
    return reshape_node(blocks, (m * p, n * q))


def logdet(x: Any) -> Node:
    """log |det| of a square matrix, or of each in a stack, without overflow of the determinant.

    Raises ShapeError when the last two sizes differ.

    >>> import symgraph as sg
    >>> A = sg.input("A", (3, 3))
    >>> print(sg.grad(sg.logdet(A), A))
    inv(A).T
    """
    return linalg.logdet(as_node(x, "logdet"))


def solve(a: Any, b: Any) -> Node:
    """The y of a y = b, b a vector or a matrix of columns.

    Shapes: a (..., n, n); b (..., n) or (..., n, k), the same axes in front.
    Raises ShapeError when the sizes do not fit.

    >>> import symgraph as sg
    >>> sg.solve(sg.input("A", (3, 3)), sg.input("B", (3, 5))).shape
    (3, 5)
    """
    return linalg.solve(as_node(a, "solve"), as_node(b, "solve"))
