"""Compiled programs that keep their memory, and programs on batches of data."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from symgraph.codegen.bound import Bound
from symgraph.codegen.numpy_runtime import slots
from symgraph.codegen.program import compile
from symgraph.dtypes import Dtype
from symgraph.node import Node
from symgraph.ops.leaves import Var
from symgraph.train.data import Data
from symgraph.train.kept import BLOCK, converted
from symgraph.train.plan import Permutation
from symgraph.walks import reachable

__all__ = ["Native", "Program", "Settings", "Walk", "native_permutation"]

Array: TypeAlias = NDArray[Any]
_Gather: TypeAlias = tuple[Var, Array]  # argument, and the array that it reads
Target: TypeAlias = Literal["numpy", "cython"]


@dataclass(frozen=True)
class Settings:
    """How programs are compiled."""

    dtype: Dtype = "float64"
    target: Target = "numpy"
    threads: int = 1


def native_permutation() -> Permutation | None:
    """`random.permutation` in C; None where nothing can be compiled."""
    from symgraph.codegen.native.runtime import runtime
    from symgraph.codegen.native.toolchain import ToolchainError

    try:
        found: Permutation = runtime().permutation
    except ToolchainError:
        return None
    return found


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

    def run_on(self, data: Data, switches: Mapping[Var, Array]) -> list[Any]:
        """The values of the outputs on all samples of some data, before the update."""
        return self.run({**data.arrays, **switches})

    def walk(self, data: Data, switches: Mapping[Var, Array], keys: bool = True) -> Walk:
        """The program on one batch of some data after another."""
        return Walk(self, data, switches, keys)

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
            for node, target in gathers:
                self.data.gather(node, index, target)
        if self._key is not None:
            self._key[...] = key
        values: list[Any] = bound.step()
        return values

    def native(self, size: int) -> Native | None:
        """The walk on batches of a size as native code; None where there is none."""
        sizes = [size, self.data.rows % size]
        kernels = [self._on(rows)[1].kernel for rows in sizes if rows]
        if kernels[0] is None:
            return None
        from symgraph.codegen.native.runtime import runtime

        used = [node for node, _ in self._on(size)[0] if node in self._program.inputs]
        if not used and self.data.rows > 1:
            return None  # nothing shows how many rows a batch has
        parts = None if self.data.is_plain else self._buffers(used, size)
        gathers = [
            (self._program.number(node), self._source(node, parts), self.data.axes[node])
            for node in used
        ]
        last = kernels[1] if len(kernels) > 1 else None
        key = self._key if self._keys else None
        return Native(runtime().walk(kernels[0], last, size, gathers, key), self.data, parts)

    def _source(self, node: Var, parts: dict[Var, Array] | None) -> Array:
        array = self.data.arrays[node] if parts is None else parts[node]
        return np.asarray(array)

    def _buffers(self, nodes: list[Var], size: int) -> dict[Var, Array]:
        """Memory for some batches at a time, of samples that cannot be read where they are."""
        data = self.data
        entries = {node: data.arrays[node].size // data.rows for node in nodes}
        most = max(count * data.dtypes[node].itemsize for node, count in entries.items())
        rows = min(max(BLOCK // (most * size), 1) * size, data.rows)
        return {
            node: np.empty(_with(data.arrays[node].shape, data.axes[node], rows), data.dtypes[node])
            for node in nodes
        }

    def _on(self, rows: int) -> tuple[list[_Gather], Bound]:
        """The program for so many samples at a time; -1 for all of them where they are."""
        if rows not in self._bound:
            data = self.data.take(None) if rows < 0 else self.data
            feed: dict[Var, Array] = {**data.arrays, **self._switches}
            gathers: list[_Gather] = []
            for node, source in data.arrays.items():
                axis = data.axes[node]
                if axis is None:
                    feed[node] = converted(source, data.dtypes[node])
                elif rows >= 0:
                    shape = _with(source.shape, axis, rows)
                    dtype = data.dtypes[node]
                    feed[node] = slots([math.prod(shape)], dtype)[0].reshape(shape)
                    gathers.append((node, feed[node]))
            self._bound[rows] = gathers, self._program.bind(feed)
        return self._bound[rows]


def _with(shape: tuple[int, ...], axis: int | None, rows: int) -> tuple[int, ...]:
    """A shape with so many rows along an axis."""
    return tuple(rows if a == axis else n for a, n in enumerate(shape))


class Native:
    """A native walk on data, all at once or, where they stay in a file, some batches at a time."""

    def __init__(self, inner: Any, data: Data, parts: dict[Var, Array] | None) -> None:
        self._inner = inner
        self._data = data
        self._parts = parts

    @property
    def is_whole(self) -> bool:
        """Whether all samples can be had in any order, in whole epochs."""
        return self._parts is None

    @property
    def done(self) -> tuple[int, int]:
        """Whole epochs, and batches behind them, that the last call has done."""
        done: tuple[int, int] = self._inner.done
        return done

    def run(self, order: Array, sums: Array, seed: int, step: int, seconds: float) -> int:
        """Run batches in this order, all or some; where one was refused, -1 for one not finite."""
        if self._parts is not None:
            count = min(len(order), max(self._rows_at_a_time, 1))
            for node, part in self._parts.items():
                axis = self._data.axes[node] or 0
                self._data.gather(
                    node, order[:count], part[(slice(None),) * axis + (slice(count),)]
                )
            order = np.arange(count)
        site: int = self._inner.run(order, sums, seed, step, seconds)[1]
        return site

    @property
    def _rows_at_a_time(self) -> int:
        assert self._parts is not None
        rows = [int(part.shape[self._data.axes[node] or 0]) for node, part in self._parts.items()]
        return min(rows)

    def epochs(self, *given: Any) -> int:
        """Run whole epochs; where a batch was refused, as `run`."""
        site: int = self._inner.epochs(*given)[2]
        return site
