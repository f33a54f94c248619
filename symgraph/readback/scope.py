"""What names and letters stand for in a formula, and how the value of a part is asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from symgraph.readback.names import Names
from symgraph.readback.tree import Tree
from symgraph.readback.values import MeaningError, Open, Value, settled

__all__ = ["Array", "Scope", "numeric", "rules", "value", "whole"]

Array = NDArray[Any]


@dataclass(frozen=True)
class Scope:
    """Names, and the letters that stand for numbers here: each on an axis of its own."""

    names: Names
    letters: Mapping[str, Array]
    #: Letters that count from 1, as an explicit lower bound says.
    from_one: frozenset[str] = frozenset()

    def bound(self, letter: str, values: Array, from_one: bool = False) -> Scope:
        """With one more letter; an array of values gets an axis in front."""
        depth = sum(np.ndim(one) > 0 for one in self.letters.values())
        laid_out = values if values.ndim == 0 else values.reshape((-1,) + (1,) * depth)
        counted = self.from_one | {letter} if from_one else self.from_one - {letter}
        return Scope(self.names, {**self.letters, letter: laid_out}, counted)

    @property
    def depth(self) -> int:
        """The number of axes that letters have."""
        return max((np.ndim(one) for one in self.letters.values()), default=0)


#: The value of each kind of formula in a scope; filled by the module that knows them all.
rules: dict[type[Tree], Callable[[Any, Scope], Value | Open]] = {}


def value(tree: Tree, scope: Scope) -> Value | Open:
    """The value of a formula."""
    try:
        return rules[type(tree)](tree, scope)
    except np.linalg.LinAlgError as error:
        raise MeaningError(f"a matrix has no inverse: {error}") from error


def whole(tree: Tree, scope: Scope) -> int:
    """The value of a size or bound."""
    found = settled(value(tree, scope)).array
    if found.ndim or found != np.round(found):
        raise MeaningError("a size or bound is no whole number")
    return int(found)


def numeric(x: Value | Open) -> Value | Open:
    """A truth value as 0 or 1."""
    if isinstance(x, Value) and x.array.dtype.kind == "b":
        return Value(x.sort, x.array.astype(float))
    return x
