"""Compiled programs that keep their memory, and programs on batches of data."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from symgraph.codegen.numpy_runtime import slots
from symgraph.codegen.program import Bound, compile
from symgraph.node import Node, reachable
from symgraph.ops.leaves import Var
from symgraph.train.data import Data

__all__ = ["Dtype", "Program", "Settings", "Walk"]

Array: TypeAlias = NDArray[Any]
_Gather: TypeAlias = tuple[Var, Array, int, Array]  # argument, source, axis, target
Dtype: TypeAlias = Literal["float64", "float32"]
Target: TypeAlias = Literal["numpy", "cython"]


@dataclass(frozen=True)
class Settings:
    """How programs are compiled."""

    dtype: Dtype = "float64"
    target: Target = "numpy"
    threads: int = 1


class Program:
    """Some nodes as a function of the inputs; every run replaces the memory that has an update."""

    def __init__(
        self,
        outputs: Sequence[Node],
        updates: Mapping[Node, Node],
        memory: Mapping[Node, Array],
        inputs: Sequence[Var],
        settings: Settings,
    ) -> None:
        used = reachable([*outputs, *updates, *updates.values()])
        kept = [node for node in memory if node in used]
        self.inputs = [node for node in inputs if node in used]
        self._kept = [memory[node] for node in kept]
        self._compiled = compile(
            [*kept, *self.inputs], list(outputs), updates=updates,
            dtype=settings.dtype, target=settings.target, threads=settings.threads,
        )  # fmt: skip
        self._open = self._compiled.bind(*self._kept)

    @property
    def source(self) -> str:
        """The text of the program."""
        return self._compiled.source

    def run(self, feed: Mapping[Var, Array]) -> list[Any]:
        """The values of the outputs, before the update."""
        values: list[Any] = self._open.step(*(feed[node] for node in self.inputs))
        return values

    def bind(self, feed: Mapping[Var, Array]) -> Bound:
        """The same on arrays that stay: a run reads what they hold then."""
        return self._compiled.bind(*self._kept, *(feed[node] for node in self.inputs))

    def number(self, node: Var) -> int:
        """Which argument an input is."""
        return len(self._kept) + self.inputs.index(node)


class Walk:
    """A program on one batch of some data after another.

    The samples of a batch are gathered into arrays that stay, so that a step has nothing to set up.
    `switches` are the arrays of the inputs `training` and `key`; `keys` tells whether every step
    has a key of its own.
    """

    def __init__(
        self, program: Program, data: Data, switches: Mapping[Var, Array], keys: bool = True
    ) -> None:
        self._program = program
        self.data = data
        self._switches = switches
        self._key = next((array for node, array in switches.items() if node.name == "key"), None)
        self._keys = keys
        self._bound: dict[int, tuple[list[_Gather], Bound]] = {}

    def run(self, index: Array | None, key: int = 0) -> list[Any]:
        """The outputs on the samples of these numbers, or on all of them in their own order."""
        gathers, bound = self._on(-1 if index is None else len(index))
        if index is not None:
            for _, source, axis, target in gathers:
                source.take(index, axis, target, "clip")  # all are inside, and "raise" is slower
        if self._key is not None:
            self._key[...] = key
        values: list[Any] = bound.step()
        return values

    def native(self, size: int) -> Any:
        """The walk on batches of a size as native code; None where there is none."""
        sizes = [size, self.data.rows % size]
        kernels = [self._on(rows)[1].kernel for rows in sizes if rows]
        if kernels[0] is None:
            return None
        from symgraph.codegen.native.runtime import runtime

        used = [g for g in self._on(size)[0] if g[0] in self._program.inputs]
        gathers = [
            (self._program.number(node), np.require(source, requirements=["C", "A"]), axis)
            for node, source, axis, _ in used
        ]
        if not gathers and self.data.rows > 1:
            return None  # nothing shows how many rows a batch has
        last = kernels[1] if len(kernels) > 1 else None
        return runtime().walk(kernels[0], last, size, gathers, self._key if self._keys else None)

    def _on(self, rows: int) -> tuple[list[_Gather], Bound]:
        """The program for so many samples at a time; -1 for all of them where they are."""
        if rows not in self._bound:
            feed: dict[Var, Array] = {**self.data.arrays, **self._switches}
            gathers: list[_Gather] = []
            for node, source in self.data.arrays.items():
                axis = self.data.axes[node]
                if axis is not None and rows >= 0:
                    shape = (*source.shape[:axis], rows, *source.shape[axis + 1 :])
                    feed[node] = slots([math.prod(shape)], source.dtype)[0].reshape(shape)
                    gathers.append((node, source, axis, feed[node]))
            self._bound[rows] = gathers, self._program.bind(feed)
        return self._bound[rows]
