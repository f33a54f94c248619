"""Declaring variables and giving names to values."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from typing import Any, Literal

import numpy as np

from symgraph.build.coerce import as_node, check_name
from symgraph.errors import KindError, ShapeError
from symgraph.node import Kind, Node
from symgraph.ops.leaves import LiteralArray, var
from symgraph.ops.let import let_node
from symgraph.shapes import Shape, ShapeLike, as_shape, same_dim, shape_text

__all__ = ["const", "input", "let", "parameter", "state", "stop_gradient"]

Initializer = Literal[
    "glorot_uniform", "glorot_normal", "he_uniform", "he_normal", "zeros", "ones", "uniform",
    "normal", "orthogonal", "identity",
]  # fmt: skip
_INITIALIZERS = (
    "glorot_uniform glorot_normal he_uniform he_normal zeros ones uniform normal orthogonal "
    "identity"
).split()


def _kind(kind: str, where: str) -> Kind:
    if kind not in ("real", "integer", "boolean"):
        raise KindError(f"{where}: kind {kind!r} is not one of 'real', 'integer', 'boolean'.")
    return kind  # type: ignore[return-value]  # narrowed by the test above


def _properties(sizes: Shape, kind: Kind, where: str, **declared: bool) -> dict[str, Any]:
    """What was declared of a variable's values: `symmetric`, `positive_definite`, `positive`."""
    options = {name: True for name, is_so in declared.items() if is_so}
    if options and kind != "real":
        raise KindError(f"{where}: it is {kind} and {', '.join(options)}; only reals can be that.")
    square = len(sizes) == 2 and same_dim(*sizes)
    of_matrices = [name for name in options if name != "positive"]
    if of_matrices and not square:
        raise ShapeError(
            f"{where}: it is {' and '.join(of_matrices)} and has shape {shape_text(sizes)}. "
            "Only a square matrix can be that: give two equal sizes."
        )
    return options


def input(
    name: str,
    shape: ShapeLike = (),
    kind: str = "real",
    *,
    symmetric: bool = False,
    positive_definite: bool = False,
    positive: bool = False,
) -> Node:
    """A variable for data.

    `shape`: a tuple of sizes; a text such as "N" is a size that the data fixes later.
    `kind`: "real", "integer" (class labels, indices) or "boolean".
    `symmetric`, `positive_definite` (which implies symmetric), `positive` (every entry): promises
    that derivations use; see `sg.assume` for others. The derivative by a symmetric matrix moves
    X_ij and X_ji together.
    Raises KindError or ShapeError for a name, kind or shape that is none.

    >>> import symgraph as sg
    >>> sg.input("x", shape=("N", 2)).shape
    (N, 2)
    """
    where = f"input {name!r}"
    sizes, chosen = as_shape(shape, where), _kind(kind, where)
    options = _properties(
        sizes, chosen, where,
        symmetric=symmetric, positive_definite=positive_definite, positive=positive,
    )  # fmt: skip
    return var(check_name(name, "input"), sizes, "input", chosen, options)


def parameter(
    name: str,
    shape: ShapeLike = (),
    *,
    init: Initializer | float | Sequence[Any] | np.ndarray[Any, Any] | None = None,
    seed: int | None = None,
    trainable: bool = True,
    symmetric: bool = False,
    positive_definite: bool = False,
    positive: bool = False,
) -> Node:
    """A variable that training changes; its sizes are numbers.

    `init`: the name of an initializer, a number, or an array of start values. By default vectors
    and scalars start at zero (biases), everything else by Glorot's uniform rule (Glorot and
    Bengio 2010, eq. 16). `seed` (default: derived from the name) makes the start values
    reproducible. `trainable=False` freezes it. `symmetric`, `positive_definite`, `positive`: as
    for `input`; a symmetric parameter starts symmetric and its gradient is, so that it stays so.
    Raises ShapeError for an array of another shape, KindError for an unknown initializer.

    >>> import symgraph as sg
    >>> sg.parameter("W", shape=(2, 8)).shape
    (2, 8)
    """
    where = f"parameter {name!r}"
    sizes = as_shape(shape, where)
    if init is None and positive_definite:
        init = "identity"
    options: dict[str, Any] = {
        "init": _initializer(init, sizes, where),
        "seed": zlib.crc32(name.encode(errors="surrogatepass")) if seed is None else seed,
        "trainable": bool(trainable),
    } | _properties(
        sizes, "real", where,
        symmetric=symmetric, positive_definite=positive_definite, positive=positive,
    )  # fmt: skip
    if not isinstance(options["seed"], int) or options["seed"] < 0:
        raise KindError(f"{where}: seed {seed!r} must be a non-negative integer.")
    return var(check_name(name, "parameter"), sizes, "parameter", "real", options)


def _initializer(init: Any, shape: tuple[Any, ...], where: str) -> Any:
    if init is None:
        return "zeros" if len(shape) < 2 else "glorot_uniform"
    if isinstance(init, str):
        if init not in _INITIALIZERS:
            raise KindError(f"{where}: init {init!r} is not one of {', '.join(_INITIALIZERS)}.")
        return init
    array = np.asarray(init)
    if array.dtype.kind not in "biuf":
        raise KindError(f"{where}: init must be a name, a number or a real array, not {init!r}.")
    if array.ndim == 0:
        return float(array)
    if tuple(array.shape) != tuple(shape):
        raise ShapeError(
            f"{where}: init has shape {array.shape}, the parameter {shape_text(shape)}. "
            "Give start values of the parameter's shape."
        )
    return LiteralArray(array.astype(np.float64))


def state(name: str, shape: ShapeLike = (), *, init: Any = "zeros") -> Node:
    """A variable without gradient that training updates by an expression, such as a running mean.

    >>> import symgraph as sg
    >>> sg.state("mean", shape=3).shape
    (3,)
    """
    where = f"state {name!r}"
    sizes = as_shape(shape, where)
    options = {
        "init": _initializer(init, sizes, where),
        "seed": zlib.crc32(name.encode(errors="surrogatepass")),
    }
    return var(check_name(name, "state"), sizes, "state", "real", options)


def const(value: Any) -> Node:
    """A constant from a number or an array.

    >>> import symgraph as sg
    >>> sg.const([[1, 2], [3, 4]]).shape
    (2, 2)
    """
    return as_node(value, "const")


def let(name: str, value: Any) -> Node:
    """The value under a name that survives derivation: printing and drawing stop at it.

    >>> import symgraph as sg
    >>> x = sg.input("x")
    >>> h = sg.let("h", sg.tanh(x))
    >>> print(h * h)
    h*h
    """
    return let_node(check_name(name, "let"), as_node(value, f"let {name!r}"))


def stop_gradient(value: Any) -> Node:
    """The same value, through which no gradient passes.

    >>> import symgraph as sg
    >>> x = sg.input("x")
    >>> print(sg.grad(x * sg.stop_gradient(x), x))
    stop_gradient(x)
    """
    return let_node("", as_node(value, "stop_gradient"), stops=True)
