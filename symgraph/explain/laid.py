"""How derivatives lie on the page, and their arrays as they are written."""

from __future__ import annotations

import dataclasses
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from symgraph import readback
from symgraph.explain.derivation import Equation, Step
from symgraph.notation.indexed import Array, Entry, Index
from symgraph.notation.tree import Derivative, Formula, Sort
from symgraph.proving.agreement import SORTS

__all__ = ["Lie", "defined", "in_order_of_base", "laid", "whole"]


class Lie(NamedTuple):
    """How a derivative lies on the page, and whether that is a matrix transposed.

    `either`: the variable is written as a row and its value is a column, or the other way round.
    """

    sort: Sort
    transposed: bool
    either: bool


def defined(line: Equation | Step, side: Any, names: readback.Names) -> Any:
    """The value of a definition; of one by entries the array of these."""
    right = line.right if isinstance(line, Equation) else line.after
    if not isinstance(right, Array) or not all(isinstance(i.length, int) for i in right.indices):
        return readback.meaning(side, names)
    sizes = [i.length for i in right.indices]
    letters = {i.letter: np.arange(i.length) for i in right.indices}
    found = readback.meaning(side, names, letters)
    if not isinstance(found, readback.Value):
        raise readback.Undetermined("its entries have no value")
    array = np.broadcast_to(found.array, sizes[::-1]).T
    return laid(array, Lie(right.kind, False, False))


def whole(label: Derivative) -> Derivative:
    """The derivative by an array for that by its entries at letters: dL/db of dL/db[o]."""
    by = label.by.body if isinstance(label.by, Array) else label.by
    if isinstance(by, Entry) and all(isinstance(one, Index) for one in by.at):
        return dataclasses.replace(label, by=by.base)
    return label


def in_order_of_base(by: Formula, array: NDArray[Any]) -> NDArray[Any]:
    """The derivative by a tensor with its axes in another order, in the order of the tensor."""
    if not isinstance(by, Array) or not isinstance(by.body, Entry):
        return array
    own = [index.letter for index in by.indices]
    read = [at.letter for at in by.body.at if isinstance(at, Index)]
    if len(read) != len(by.body.at) or sorted(read) != sorted(own) or array.ndim != len(own):
        return array
    return array.transpose([own.index(letter) for letter in read])


def laid(array: Any, lie: Lie) -> readback.Given:
    """A derivative as it lies on the page."""
    value = np.asarray(array)
    if lie.sort in ("column", "row") and value.ndim == 2 and 1 in value.shape:
        value = value.reshape(-1)  # it lies as it is written
    return readback.Given(value.T if lie.transposed else value, SORTS[lie.sort])
