"""The functions that a formula may apply to what it has computed, by their names."""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce

import numpy as np

from symgraph.readback.functions import ENTRYWISE, REDUCTIONS
from symgraph.readback.names import Given
from symgraph.readback.scope import Array
from symgraph.readback.values import (
    MeaningError,
    Open,
    Undetermined,
    Value,
    entrywise,
    kron,
    laid,
    number,
    settled,
    transposed,
)

__all__ = ["applied"]


def applied(name: str, args: list[Value | Open], axis: int | None) -> Value | Open:
    """The value of a function; `axis` is the one along which it works.

    Raises Undetermined for a function that is not known.
    """
    if name in ("max", "min") and len(args) > 1:
        pair = np.maximum if name == "max" else np.minimum
        return reduce(lambda a, b: entrywise(pair, a, b), args)
    if name in ENTRYWISE:
        return _called(name, ENTRYWISE[name], args)
    if len(args) == 1 and (name in REDUCTIONS or name in ("softmax", "log_softmax", "cumsum")):
        return _along(name, settled(args[0]), axis)
    if name == "kron" and len(args) == 2:
        return kron(*args)
    if name == "onehot":
        return _onehot(args)
    if name == "diag" and len(args) == 1 and isinstance(args[0], Open):
        return _open_diag(args[0])
    if len(args) == 1 and name in _OF_MATRICES:
        return _OF_MATRICES[name](settled(args[0]))
    raise Undetermined(f"{name} of {len(args)} arguments is not known")


def _called(name: str, function: Callable[..., Array], args: list[Value | Open]) -> Value | Open:
    try:
        return entrywise(function, *args)
    except TypeError as error:
        raise MeaningError(f"{name} does not take {len(args)} arguments") from error


def _along(name: str, x: Value, axis: int | None) -> Value:
    """A sum, mean, softmax, ... over all entries, or along an axis."""
    if name in ("softmax", "log_softmax", "cumsum"):
        if axis is None:
            axis = 1 if x.sort in ("matrix", "row") else 0
        return Value(x.sort, _KEEPING[name](np.atleast_1d(x.array), axis).reshape(x.array.shape))
    if axis is None:
        return number(REDUCTIONS[name](x.array.ravel(), axis=0))
    found = np.asarray(REDUCTIONS[name](x.array, axis=axis), dtype=float)
    if x.sort in ("matrix", "row", "column") and x.array.ndim == 2:
        turned = axis in (0, -2)
        return Value("row", found[None, :]) if turned else Value("column", found[:, None])
    if x.sort == "tensor":
        return laid(Given.of(found))
    raise MeaningError(f"{name} along an axis of something that is no matrix")


def _softmax(x: Array, axis: int) -> Array:
    raised = np.exp(x - np.max(x, axis=axis, keepdims=True))
    return np.asarray(raised / np.sum(raised, axis=axis, keepdims=True))


_KEEPING: dict[str, Callable[[Array, int], Array]] = {
    "softmax": _softmax,
    "log_softmax": lambda x, axis: np.log(_softmax(x, axis)),
    "cumsum": lambda x, axis: np.cumsum(x, axis=axis),
}


def _onehot(args: list[Value | Open]) -> Value | Open:
    """Zeros with a single 1: of one id a column, of several a row each; the width is open."""
    ids = settled(args[0]).array.astype(int).ravel()
    width = int(settled(args[1]).array) if len(args) > 1 else None
    if settled(args[0]).sort == "number":
        return Open("column", width, 1, lambda r, c: np.eye(r)[:, ids]).sized(None, None)
    return Open("matrix", len(ids), width, lambda r, c: np.eye(c)[ids]).sized(None, None)


def _square(x: Value) -> Array:
    if x.sort == "number":
        return x.array.reshape(1, 1)
    if x.array.ndim != 2 or x.array.shape[0] != x.array.shape[1]:
        raise MeaningError(f"a square matrix is needed, not one of shape {x.array.shape}")
    return x.array


def _open_diag(x: Open) -> Open:
    """diag(𝟏), whose size is not known yet."""
    if x.sort not in ("column", "row"):
        raise Undetermined("the size of the matrix of which this is the diagonal is not known")

    def make(rows: int, columns: int) -> Array:
        entries = x.make(rows, 1) if x.sort == "column" else x.make(1, rows)
        return np.diag(entries.ravel())

    return Open("matrix", None, None, make, square=True)


def _diag(x: Value) -> Value:
    if x.sort in ("column", "row"):
        return Value("matrix", np.diag(x.array.ravel()))
    if x.sort == "number":
        return x
    return Value("column", np.diag(_square(x))[:, None])


_OF_MATRICES: dict[str, Callable[[Value], Value | Open]] = {
    "tr": lambda x: number(np.trace(_square(x))),
    "det": lambda x: number(np.linalg.det(_square(x))),
    "logdet": lambda x: number(np.linalg.slogdet(_square(x))[1]),
    "inv": lambda x: Value(x.sort, np.linalg.inv(_square(x)).reshape(x.array.shape)),
    "diag": _diag,
    "vec": lambda x: Value("column", x.array.T.reshape(-1, 1)),
    "norm": lambda x: number(np.sqrt(np.sum(x.array**2))),
    "transpose": transposed,
}
