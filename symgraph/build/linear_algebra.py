"""Inverse, determinant and linear systems over the last two axes."""

from __future__ import annotations

from typing import Any

from symgraph.build.coerce import as_node
from symgraph.node import Node
from symgraph.ops import linalg

__all__ = ["det", "inv", "logdet", "solve"]


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
