"""Start values of parameters and states, drawn by counter-based random numbers.

The same name, seed and shape give the same start values on every machine: uniform ones to the last
bit, normal and orthogonal ones up to the rounding of log, cos and matrix products.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from symgraph import random
from symgraph.errors import RangeError, ShapeError
from symgraph.ops.leaves import Var
from symgraph.shapes import shape_text

__all__ = ["fans", "start_value"]

Array: TypeAlias = NDArray[np.float64]
Size: TypeAlias = tuple[int, ...]

#: The half-width of `uniform` and the standard deviation of `normal`, as in Keras.
SPREAD = 0.05


def start_value(variable: Var, seed: int = 0) -> Array:
    """The start value of a parameter or state, as its declaration says.

    `seed` gives other random values to all variables at once; the variable's own seed, which
    follows from its name unless given, tells variables apart.
    Raises ShapeError when a size is no number, or does not fit the initializer.

    >>> import symgraph as sg
    >>> start_value(sg.parameter("b", 3, init="ones")).tolist()
    [1.0, 1.0, 1.0]
    """
    shape = _sizes(variable)
    init = variable.options.get("init", "zeros")
    if isinstance(init, (int, float)):
        return np.full(shape, float(init))
    if not isinstance(init, str):
        given: Array = np.array(init.array, dtype=np.float64)
        _check_promises(variable, given)
        return given
    draw = Draw(variable.name, shape, int(variable.options.get("seed", 0)), seed)
    return _as_promised(variable, RULES[init](draw))


def _as_promised(variable: Var, drawn: Array) -> Array:
    """Random values made positive, symmetric, or positive definite where that was declared."""
    options = variable.options
    if options.get("positive"):
        drawn = np.abs(drawn)
    if options.get("positive_definite"):
        return np.asarray(drawn @ drawn.T + 1e-3 * np.eye(len(drawn)))
    return np.asarray((drawn + drawn.T) / 2) if options.get("symmetric") else drawn


def _check_promises(variable: Var, given: Array) -> None:
    options, where = variable.options, f"{variable.role} {variable.name!r}"
    if options.get("positive") and not np.all(given > 0):
        raise RangeError(f"{where} is declared positive, and init has an entry that is not.")
    if not (options.get("symmetric") or options.get("positive_definite")):
        return
    if not np.allclose(given, given.T, rtol=1e-12, atol=0):
        raise RangeError(f"{where} is declared symmetric, and init is not: give (A + A.T) / 2.")
    if options.get("positive_definite") and np.linalg.eigvalsh(given)[0] <= 0:
        raise RangeError(f"{where} is declared positive definite, and init has an eigenvalue <= 0.")


def _sizes(variable: Var) -> Size:
    sizes = tuple(size for size in variable.shape if isinstance(size, int))
    if len(sizes) != len(variable.shape):
        raise ShapeError(
            f"{variable.role} {variable.name!r} has shape {shape_text(variable.shape)}, and what "
            "is kept between steps needs sizes that are numbers. Write them as integers."
        )
    return sizes


def fans(shape: Size) -> tuple[int, int]:
    """How many inputs one output entry has, and how many outputs one input entry.

    A matrix is (inputs, outputs), as in `x @ W`. Three and more axes are the weights of a
    convolution, (outputs, inputs, *window). A vector or scalar counts its entries on both sides.

    >>> fans((784, 10)), fans((16, 6, 5, 5))
    ((784, 10), (150, 400))
    """
    if len(shape) < 2:
        return math.prod(shape), math.prod(shape)
    if len(shape) == 2:
        return shape
    window = math.prod(shape[2:])
    return shape[1] * window, shape[0] * window


@dataclass(frozen=True)
class Draw:
    """Random numbers for one variable."""

    name: str
    shape: Size
    key: int
    seed: int

    def uniform(self, limit: float) -> Array:
        """Uniform in [-limit, limit)."""
        fractions = random.uniform(self.key, self.seed, self.shape)
        return np.multiply(2 * fractions - 1, limit, dtype=np.float64)

    def normal(self, deviation: float) -> Array:
        """Normal with mean 0."""
        numbers = random.normal(self.key, self.seed, self.shape)
        return np.multiply(numbers, deviation, dtype=np.float64)


def _glorot(draw: Draw) -> int:
    return max(sum(fans(draw.shape)), 1)


def _he(draw: Draw) -> int:
    return max(fans(draw.shape)[0], 1)


def _identity(draw: Draw) -> Array:
    if len(draw.shape) != 2:
        raise ShapeError(
            f"{draw.name!r} has shape {draw.shape}, and init='identity' is for matrices."
        )
    return np.eye(*draw.shape)


def _orthogonal(draw: Draw) -> Array:
    """Rows, or columns where there are fewer, that are orthonormal.

    All axes but the first count as one.
    Source: Saxe, McClelland, Ganguli 2014, ICLR; signs by the diagonal of R, which makes the
    result uniform (Mezzadri 2007, Notices AMS 54(5)).
    """
    if len(draw.shape) < 2:
        raise ShapeError(
            f"{draw.name!r} has shape {draw.shape}, and init='orthogonal' needs two axes or more."
        )
    rows, columns = draw.shape[0], math.prod(draw.shape[1:])
    normal = draw.normal(1.0).reshape(rows, columns)
    q, r = np.linalg.qr(normal if rows >= columns else normal.T)
    q = q * np.where(np.diagonal(r) < 0, -1.0, 1.0)
    values: Array = (q if rows >= columns else q.T).reshape(draw.shape)
    return values


# Glorot: Glorot and Bengio 2010, AISTATS, eq. 16; He: He, Zhang, Ren, Sun 2015, ICCV, eq. 10.
RULES: dict[str, Callable[[Draw], Array]] = {
    "glorot_uniform": lambda draw: draw.uniform(math.sqrt(6 / _glorot(draw))),
    "glorot_normal": lambda draw: draw.normal(math.sqrt(2 / _glorot(draw))),
    "he_uniform": lambda draw: draw.uniform(math.sqrt(6 / _he(draw))),
    "he_normal": lambda draw: draw.normal(math.sqrt(2 / _he(draw))),
    "zeros": lambda draw: np.zeros(draw.shape),
    "ones": lambda draw: np.ones(draw.shape),
    "uniform": lambda draw: draw.uniform(SPREAD),
    "normal": lambda draw: draw.normal(SPREAD),
    "orthogonal": _orthogonal,
    "identity": _identity,
}
