"""What a page begins with: a value for every variable, and data to train on, both checked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from symgraph import sample
from symgraph.errors import NonFiniteError, RangeError, ShapeError, UnknownNameError
from symgraph.evaluate import bind_sizes, bind_values
from symgraph.facts import Fact, facts_about
from symgraph.node import Node
from symgraph.ops.leaves import Var
from symgraph.shapes import shape_text
from symgraph.walks import variables

__all__ = ["Start", "start_of"]

Array = NDArray[Any]

#: More numbers than this make a page that no browser likes to open.
LARGEST = 2_000_000


class Start(NamedTuple):
    """Values by name, and data by name, None without any.

    With `samples` the arrays have an axis in front that counts samples, one a step; else all are
    used at once.
    """

    values: dict[str, Array]
    data: dict[str, Array] | None
    samples: bool


def start_of(root: Node, values: Mapping[Any, Any] | None, data: Mapping[Any, Any] | None) -> Start:
    """Every variable with a value: one that is given, from the data, declared, or drawn at random.

    Raises UnknownNameError for names that do not occur, ShapeError for arrays that do not fit,
    NonFiniteError for NaN and infinities, RangeError for more data than fit into a page.
    """
    known, _ = bind_values([root], dict(values or {}))
    _check_variables(known)
    arrays = None if data is None else _arrays(root, data)
    samples = arrays is not None and _counts_samples(arrays)
    if arrays is not None:
        seen = {var.name: array[0] if samples else array for var, array in arrays.items()}
        known |= bind_values([root], seen)[0]
    for var, array in known.items():
        _check_finite(str(var), array)
    for var in variables([root]):
        if var not in known and (declared := _declared(var)) is not None:
            known[var] = declared
    found = _drawn(root, known)
    by_name = None if arrays is None else {var.name: array for var, array in arrays.items()}
    return Start(found, by_name, samples)


def _arrays(root: Node, data: Mapping[Any, Any]) -> dict[Var, Array]:
    """The data by variable, as arrays of numbers."""
    named = {var.name: var for var in variables([root]) if isinstance(var, Var)}
    found: dict[Var, Array] = {}
    for key, value in data.items():
        name = str(getattr(key, "name", key))
        if name not in named:
            known = ", ".join(map(repr, named)) or "none"
            raise UnknownNameError(
                f"explore: the data name {name!r}, and the variables are {known}. "
                "Give an array for some of these."
            )
        found[named[name]] = np.asarray(value)
        _check_finite(name, found[named[name]])
    if (size := sum(array.size for array in found.values())) > LARGEST:
        raise RangeError(
            f"explore: the data are {size} numbers, more than fit into a page ({LARGEST}). "
            "Take some of the samples."
        )
    return found


def _counts_samples(arrays: Mapping[Var, Array]) -> bool:
    """Whether every array has one axis more than its variable, of one length for all."""
    more = {var: array.ndim - len(var.shape) for var, array in arrays.items()}
    if not any(more.values()):
        return False
    for var, array in arrays.items():
        if more[var] != 1:
            raise ShapeError(
                f"explore: the data of {var.name!r} have shape {array.shape}, and the variable "
                f"has {shape_text(var.shape)}. Give one sample more axis for all, or for none."
            )
    lengths = {len(array) for array in arrays.values()}
    if len(lengths) > 1 or 0 in lengths:
        told = ", ".join(f"{var.name!r} {len(array)}" for var, array in arrays.items())
        raise ShapeError(f"explore: the data differ in their number of samples: {told}.")
    return True


def _check_variables(known: Mapping[Node, Array]) -> None:
    for node in known:
        if not isinstance(node, Var):
            raise UnknownNameError(
                f"explore: {node} is computed, and values were given for it. "
                "Give values of the variables that it is made of."
            )


def _check_finite(name: str, array: Array) -> None:
    if array.dtype.kind not in "biuf" or not np.all(np.isfinite(array)):
        raise NonFiniteError(f"explore: {name!r} holds something else than finite numbers.")


def _declared(var: Node) -> Array | None:
    """The start value of a parameter that was declared as a number or an array."""
    init = var.options.get("init") if isinstance(var, Var) else None
    if isinstance(init, (int, float)) and not isinstance(init, bool):
        sizes = [size for size in var.shape if isinstance(size, int)]
        return np.full(sizes, float(init)) if len(sizes) == len(var.shape) else None
    array = getattr(init, "array", None)
    return None if array is None else np.array(array, dtype=float)


def _drawn(root: Node, known: Mapping[Node, Array]) -> dict[str, Array]:
    """Values for all variables; what is drawn has two decimals, where nothing is promised of it."""
    dims = bind_sizes({node: array.shape for node, array in known.items()})
    drawn = sample.draw([root], given=known, dims=dims).values
    promised: list[Fact] = list(facts_about([root]))
    if not promised:
        rounded = {
            var: array if var in known or var.kind != "real" else np.round(array, 2)
            for var, array in drawn.items()
        }
        drawn = sample.draw([root], given=rounded, dims=dims).values
    return {var.name: array for var, array in drawn.items() if isinstance(var, Var)}
