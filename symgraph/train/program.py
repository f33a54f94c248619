"""A program that keeps its memory: inputs in, results out, and the states updated in place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import sympy
from numpy.typing import NDArray

from symgraph.node import Node
from symgraph.ops.evaluate import evaluate_nodes
from symgraph.ops.leaves import Var
from symgraph.train.values import Values

__all__ = ["Program"]


class Program:
    """Some nodes as a function of the inputs; every run replaces the memory that has an update."""

    def __init__(
        self, outputs: Sequence[Node], updates: Mapping[Node, Node], memory: Sequence[Values]
    ) -> None:
        self.outputs = list(outputs)
        self.updates = dict(updates)
        self.arrays: dict[Node, NDArray[Any]] = {
            variable: values[name]
            for values in memory
            for name, variable in values.variables.items()
        }

    def run(
        self, feed: Mapping[Var, NDArray[Any]], dims: Mapping[sympy.Symbol, int]
    ) -> list[NDArray[Any]]:
        """The values of the outputs, before the update."""
        with np.errstate(all="ignore"):
            found = evaluate_nodes(
                [*self.outputs, *self.updates.values()], {**self.arrays, **feed}, dims
            )
        results = [np.array(found[node]) for node in self.outputs]
        new = [np.array(found[node]) for node in self.updates.values()]
        for node, value in zip(self.updates, new, strict=True):
            self.arrays[node][...] = value
        return results
