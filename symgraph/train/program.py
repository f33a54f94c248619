"""Compiled programs that keep their memory, and programs on batches of data."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from symgraph.codegen.program import compile
from symgraph.node import Node, reachable
from symgraph.ops.leaves import Var
from symgraph.train.data import Data

__all__ = ["Dtype", "Program", "Walk"]

Array: TypeAlias = NDArray[Any]
_Gather: TypeAlias = tuple[Array, int, Array]  # source, axis, target
Dtype: TypeAlias = Literal["float64", "float32"]


class Program:
    """Some nodes as a function of the inputs; every run replaces the memory that has an update."""

    def __init__(
        self,
        outputs: Sequence[Node],
        updates: Mapping[Node, Node],
        memory: Mapping[Node, Array],
        inputs: Sequence[Var],
        dtype: Dtype,
    ) -> None:
        used = reachable([*outputs, *updates, *updates.values()])
        kept = [node for node in memory if node in used]
        self.inputs = [node for node in inputs if node in used]
        self._kept = [memory[node] for node in kept]
        self._compiled = compile([*kept, *self.inputs], list(outputs), updates=updates, dtype=dtype)
        self._open = self._compiled.bind(*self._kept)

    @property
    def source(self) -> str:
        """The text of the program."""
        return self._compiled.source

    def run(self, feed: Mapping[Var, Array]) -> list[Any]:
        """The values of the outputs, before the update."""
        values: list[Any] = self._open.step(*(feed[node] for node in self.inputs))
        return values

    def bind(self, feed: Mapping[Var, Array]) -> Callable[[], list[Any]]:
        """The same on arrays that stay: a run reads what they hold then."""
        bound = self._compiled.bind(*self._kept, *(feed[node] for node in self.inputs))
        step: Callable[[], list[Any]] = bound.step
        return step


class Walk:
    """A program on one batch of some data after another.

    The samples of a batch are gathered into arrays that stay, so that a step has nothing to set up.
    `switches` are the arrays of the inputs `training` and `key`.
    """

    def __init__(self, program: Program, data: Data, switches: Mapping[Var, Array]) -> None:
        self._program = program
        self.data = data
        self._switches = switches
        self._key = next((array for node, array in switches.items() if node.name == "key"), None)
        self._bound: dict[int, tuple[list[_Gather], Callable[[], list[Any]]]] = {}

    def run(self, index: Array | None, key: int = 0) -> list[Any]:
        """The outputs on the samples of these numbers, or on all of them in their own order."""
        rows = -1 if index is None else len(index)
        if rows not in self._bound:
            self._bound[rows] = self._prepare(rows)
        gathers, step = self._bound[rows]
        if index is not None:
            for source, axis, target in gathers:
                source.take(index, axis, target, "clip")  # all are inside, and "raise" is slower
        if self._key is not None:
            self._key[...] = key
        return step()

    def _prepare(self, rows: int) -> tuple[list[_Gather], Callable[[], list[Any]]]:
        feed: dict[Var, Array] = {**self.data.arrays, **self._switches}
        gathers: list[_Gather] = []
        for node, source in self.data.arrays.items():
            axis = self.data.axes[node]
            if axis is not None and rows >= 0:
                shape = (*source.shape[:axis], rows, *source.shape[axis + 1 :])
                feed[node] = np.empty(shape, source.dtype)
                gathers.append((source, axis, feed[node]))
        return gathers, self._program.bind(feed)
