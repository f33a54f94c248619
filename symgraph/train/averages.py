"""Averages of parameters, kept by an optimizer with `average=`, and put in their place a while."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TypeAlias

from numpy.typing import NDArray

from symgraph.errors import UnsupportedError
from symgraph.train.optimizer import AVERAGE
from symgraph.train.values import Values

__all__ = ["averages_of", "replaced"]

Arrays: TypeAlias = Mapping[str, NDArray[Any]]


def averages_of(parameters: Values, slots: Arrays, steps: int) -> dict[str, NDArray[Any]]:
    """The averages of parameters by name, and those themselves that have none, as copies.

    Raises UnsupportedError when none has one, or before the first step.
    """
    held = dict(slots)
    found = {name: held.get(f"{AVERAGE}_{name}") for name in parameters}
    if not steps or all(array is None for array in found.values()):
        raise UnsupportedError(
            "averages: there are none before the first step, or without an optimizer that keeps "
            "them. Train with sg.optim.Adam(1e-3, average=0.999), for example."
        )
    return {
        name: (parameters[name] if array is None else array).copy() for name, array in found.items()
    }


@contextmanager
def replaced(parameters: Values, arrays: Arrays) -> Iterator[None]:
    """While this is open the parameters have these values."""
    kept = parameters.flat.copy()
    try:
        for name, array in arrays.items():
            parameters[name] = array
        yield
    finally:
        parameters.flat[...] = kept
