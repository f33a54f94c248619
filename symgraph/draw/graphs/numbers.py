"""Values as LaTeX that fits beside a vertex or on an edge."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from symgraph.rounding import number_latex

__all__ = ["ROOM", "fits", "value_latex"]

#: A vector of so many entries is written out, and a matrix of so many rows and columns.
LONGEST_VECTOR = 4
WIDEST_MATRIX = 3
#: A Jacobian of so many entries is written on an edge.
ROOM = 9


def fits(shape: tuple[int, ...]) -> bool:
    """Whether an array of this shape is written out."""
    if len(shape) == 1:
        return 0 < shape[0] <= LONGEST_VECTOR
    return len(shape) == 0 or (len(shape) == 2 and all(0 < n <= WIDEST_MATRIX for n in shape))


def value_latex(value: NDArray[Any] | None, digits: int) -> str:
    """A number, a short vector in parentheses, a small matrix; of more its norm.

    >>> value_latex(np.array([1.0, -0.25]), 4), value_latex(np.ones((2, 8)), 4)
    ('(1,\\\\; -0.25)', '\\\\lVert\\\\cdot\\\\rVert = 4')
    """
    if value is None:
        return ""
    array = np.asarray(value, dtype=float)
    if not fits(array.shape):
        return rf"\lVert\cdot\rVert = {number_latex(np.linalg.norm(array), digits)}"
    if array.ndim == 0:
        return number_latex(array.item(), digits)
    if array.ndim == 1:
        return "(" + r",\; ".join(number_latex(x, digits) for x in array.tolist()) + ")"
    rows = [" & ".join(number_latex(x, digits) for x in row) for row in array.tolist()]
    return r"\begin{pmatrix} " + r" \\ ".join(rows) + r" \end{pmatrix}"
