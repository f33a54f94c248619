"""A program that several workers run together, each on its own samples of every batch."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
import sympy
from numpy.typing import NDArray

from symgraph.codegen.numpy_runtime import slots
from symgraph.errors import UnsupportedError
from symgraph.node import Node
from symgraph.ops.leaves import Var
from symgraph.shapes import bind_shape, product
from symgraph.train.data import Data
from symgraph.train.kept import converted
from symgraph.train.parallel.communicator import Communicator, share
from symgraph.train.parallel.stages import cut
from symgraph.train.program import Program, Settings, Walk
from symgraph.train.progress import Interruption
from symgraph.train.spec import Spec

__all__ = ["AnyWalk", "JointProgram", "JointWalk", "make_program"]

Array: TypeAlias = NDArray[Any]
Dims: TypeAlias = Mapping[sympy.Symbol, int]

_KEPT = 8  # sizes of batches whose arrays are kept


class JointProgram:
    """As `Program`, computed by all workers of a communicator; all of them call it alike.

    The outputs and the updated memory are the same on every worker, to the last bit.
    """

    def __init__(
        self,
        where: str,
        batch: sympy.Symbol,
        outputs: Sequence[Node],
        updates: Mapping[Node, Node],
        memory: Mapping[Node, Array],
        inputs: Sequence[Var],
        settings: Settings,
        communicator: Communicator,
    ) -> None:
        stages = cut(where, batch, outputs, updates)
        self.communicator = communicator
        self.interruption: Interruption | None = None
        self._batch, self._dtype = batch, settings.dtype
        self._buffers, self._sizes = stages.buffers, stages.sizes
        self._stages = stages.parts
        given = [*inputs, *stages.buffers, *_variables([*stages.sizes.numbers])]
        if stages.sizes.first is not None:
            given += _variables([stages.sizes.first])
        self._programs = [
            Program(stage.outputs, stage.updates, memory, given, settings) for stage in stages.parts
        ]
        used = {node for program in self._programs for node in program.inputs}
        self.inputs = [node for node in inputs if node in used]
        self._ready: OrderedDict[tuple[int, ...], _Ready] = OrderedDict()

    @property
    def source(self) -> str:
        """The texts of the stages, one behind the other."""
        return "\n\n".join(program.source for program in self._programs)

    def walk(self, data: Data, switches: Mapping[Var, Array], keys: bool = True) -> JointWalk:
        """The program on one batch of some data after another."""
        return JointWalk(self, data, switches)

    def run_on(
        self, data: Data, switches: Mapping[Var, Array], index: Array | None = None
    ) -> list[Any]:
        """The outputs on the samples of these numbers, of which a worker reads its own."""
        rows = data.count(index)
        own = share(rows, self.communicator)
        mine = np.arange(own.start, own.stop) if index is None else index[own]
        ready = self._for(data, rows, len(mine))
        for node in self.inputs:
            target = ready.arrays[node]
            if node in switches:
                target[...] = switches[node]
            elif data.axes[node] is None:
                target[...] = converted(data.arrays[node], data.dtypes[node])
            elif len(mine):
                data.gather(node, mine, target)
        if self._sizes.first is not None:
            ready.arrays[self._sizes.first][...] = own.start
        return self._through(ready)

    def _for(self, data: Data, rows: int, mine: int) -> _Ready:
        """The memory for batches of these sizes."""
        dims = {**data.dims, self._batch: mine}
        key = (rows, *dims.values())
        if key not in self._ready:
            self._ready[key] = self._made({**dims, self._batch: rows}, dims)
            if len(self._ready) > _KEPT:
                self._ready.popitem(last=False)
        self._ready.move_to_end(key)
        return self._ready[key]

    def _made(self, all_dims: Dims, dims: Dims) -> _Ready:
        arrays = {node: _array(node, dims, self._dtype) for node in (*self.inputs, *self._buffers)}
        for node, symbol in self._sizes.numbers.items():
            arrays[node] = np.array(all_dims[symbol], _dtype(node, self._dtype))
        if self._sizes.first is not None:
            arrays[self._sizes.first] = np.zeros((), np.int64)
        return _Ready(arrays, self._programs, bool(dims[self._batch]))

    def _through(self, ready: _Ready) -> list[Any]:
        """Run the stages, and form the sums between them."""
        for stage, bound in zip(self._stages, ready.steps, strict=True):
            if stage.total is None:
                break
            total = ready.arrays[stage.total]
            others = [ready.arrays[node] for node in stage.others]
            if bound is not None:
                bound.step()
            else:
                for array in (total, *others):
                    array[...] = 0
            total[-1] = self.interruption is not None and self.interruption.heard
            self.communicator.sum_(total)
            for array in others:
                self.communicator.sum_(array)
            if self.interruption is not None and total[-1]:
                self.interruption.asked = True
        values: list[Any] = ready.steps[-1].step()
        return values


class JointWalk:
    """A program on one batch of some data after another, as `Walk`."""

    def __init__(self, program: JointProgram, data: Data, switches: Mapping[Var, Array]) -> None:
        self._program, self.data = program, data
        self._switches = dict(switches)
        self._key = next((array for node, array in switches.items() if node.name == "key"), None)

    def run(self, index: Array | None, key: int = 0) -> list[Any]:
        """The outputs on the samples of these numbers, or on all of them in their own order."""
        if self._key is not None:
            self._key[...] = key
        return self._program.run_on(self.data, self._switches, index)


AnyWalk: TypeAlias = Walk | JointWalk


def make_program(
    where: str,
    spec: Spec,
    outputs: Sequence[Node],
    updates: Mapping[Node, Node],
    memory: Mapping[Node, Array],
    settings: Settings,
    communicator: Communicator | None,
) -> Program | JointProgram:
    """A program for one process, or for the workers of a communicator.

    Raises UnsupportedError for a model that cannot be computed by several.
    """
    if communicator is None:
        return Program(outputs, updates, memory, spec.given, settings)
    if spec.batch is None:
        raise UnsupportedError(
            f"{where}: no size of the inputs counts samples, so that there is nothing to divide "
            "among workers. Leave out communicator=, or declare an input with such a size."
        )
    return JointProgram(
        where, spec.batch, outputs, updates, memory, spec.given, settings, communicator
    )


class _Ready:
    """The arrays for batches of one size, and the stages on them.

    Without samples only the last stage is there, which needs none.
    """

    def __init__(self, arrays: dict[Node, Array], programs: list[Program], has_rows: bool) -> None:
        self.arrays = arrays
        last = len(programs) - 1
        feed: Any = arrays
        self.steps: list[Any] = [
            program.bind(feed) if has_rows or k == last else None
            for k, program in enumerate(programs)
        ]


def _variables(nodes: Sequence[Node]) -> list[Var]:
    return [node for node in nodes if isinstance(node, Var)]


def _array(node: Var, dims: Dims, real: str) -> Array:
    shape = bind_shape(node.shape, dims)
    array: Array = slots([int(product(shape))], _dtype(node, real))[0].reshape(shape)
    return array


def _dtype(node: Node, real: str) -> np.dtype[Any]:
    return np.dtype({"real": real, "integer": "int64", "boolean": "bool"}[node.kind])
