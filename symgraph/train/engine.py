"""What a model computes with: its arrays, its compiled programs, and the data that they take."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from sympy import Symbol

from symgraph.errors import UnsupportedError
from symgraph.node import Node
from symgraph.ops.leaves import Var
from symgraph.shapes import Shape, bind_dim, dim_symbols, product, shape_text
from symgraph.train.data import Data, Own, check_data
from symgraph.train.initialise import start_value
from symgraph.train.joint import members_of
from symgraph.train.lookups import find_lookups
from symgraph.train.loop import Training
from symgraph.train.parallel.apart import are_apart
from symgraph.train.parallel.communicator import Communicator
from symgraph.train.parallel.program import JointProgram
from symgraph.train.plan import Plan, Rule
from symgraph.train.position import Position
from symgraph.train.program import Program, Settings, Walk
from symgraph.train.spec import Spec, needed
from symgraph.train.stream import Stream, is_stream
from symgraph.train.sweep import Sweep
from symgraph.train.values import Values
from symgraph.walks import reachable

__all__ = ["Engine"]

Array: TypeAlias = NDArray[Any]

_NEAR = 1 << 20  # bytes of the widest value that a prediction has at once
_FEW = 256  # samples that are always computed at once


class Engine:
    """The values of a model and its programs, each compiled when it is first used."""

    def __init__(self, spec: Spec, settings: Settings, seed: int) -> None:
        self.spec = spec
        self.settings = settings
        self._members = members_of(spec)
        self.parameters = self._start("parameter", spec.parameters, seed, self._members)
        self.states = self._start("state", spec.states, seed)
        self._loss_lookups = find_lookups([*spec.measured.values(), *spec.updates.values()])
        self._output_lookups = find_lookups([*spec.outputs.values()])
        self._programs: dict[str, Program] = {}
        self._joint: JointProgram | None = None  # to measure with others
        #: The shapes behind the outputs, in training and outside; none if samples are not apart.
        self._apart: dict[bool, list[Shape]] = {}

    def _start(
        self, what: str, variables: Mapping[str, Var], seed: int, first: Sequence[Var] = ()
    ) -> Values:
        start = {name: start_value(variable, seed) for name, variable in variables.items()}
        return Values(what, list(variables.values()), start, self.settings.dtype, first)

    def copy(self) -> Engine:
        """Another one with the same numbers."""
        made = Engine(self.spec, self.settings, 0)
        for mine, theirs in ((made.parameters, self.parameters), (made.states, self.states)):
            mine.flat[...] = theirs.flat
        return made

    def training(self, rule: Rule, communicator: Communicator | None = None) -> Training:
        """A training that begins, from the parameters as they are."""
        memory = [self.parameters, self.states]
        return Training(self.spec, memory, rule, self._members, self.settings, communicator)

    def take(
        self, where: str, data: Any, check_finite: bool, own: Own | None = None
    ) -> Data | Stream:
        """Data for the loss, the metrics and the updates, or batches of them.

        `own` tells which of so many samples are looked at here, by default all of them.
        """
        if is_stream(data):
            return Stream(where, data, partial(self.check, check_finite=check_finite))
        return self.check(where, data, check_finite, own)

    def check(self, where: str, data: Any, check_finite: bool, own: Own | None = None) -> Data:
        """Data for the loss, the metrics and the updates."""
        spec = self.spec
        inputs = needed([*spec.measured.values(), *spec.updates.values()], spec.inputs)
        checked = check_data(
            where, data, inputs, spec.inputs, spec.batch,
            dtype=self.settings.dtype, lookups=self._loss_lookups, check_finite=check_finite,
            own=own or slice,
        )  # fmt: skip
        # views of the parameters would change under the steps
        memory = [values.flat for values in (self.parameters, self.states)]
        views = {
            node: array.copy()
            for node, array in checked.arrays.items()
            if any(np.may_share_memory(array, flat) for flat in memory)
        }
        return replace(checked, arrays=checked.arrays | views) if views else checked

    def measure(
        self,
        data: Data | Stream,
        batch_size: int | None,
        key: int = 0,
        training: bool = False,
        communicator: Communicator | None = None,
    ) -> dict[str, float]:
        """The loss and the metrics."""
        measuring = self.spec.measuring
        program = self._measuring_program(communicator)
        place = Position()
        if isinstance(data, Stream):
            switches = self.spec.switch_arrays(training, key)
            for batch in data.batches():
                values = [float(value) for value in program.run_on(batch, switches)]
                place.add(measuring.outputs, values, batch.rows)
            return place.close_epoch(measuring)
        if communicator is None:
            batch_size = batch_size or data.affordable
        plan = Plan(1, batch_size, False, 0)
        walk = program.walk(data, self.spec.switch_arrays(training, key), keys=False)
        sweep = Sweep.of(walk, plan.size(data.rows), measuring)
        if sweep is not None:
            return sweep.measure()
        for index in data.batches(plan.order(data.rows, 0), plan.size(data.rows)):
            values = [float(value) for value in walk.run(index, key)]
            place.add(measuring.outputs, values, data.count(index))
        return place.close_epoch(measuring)

    def predict(
        self, data: Any, batch_size: int | None, key: int, training: bool, check_finite: bool
    ) -> dict[str, Array]:
        """The outputs by name."""
        check = partial(self._check_outputs, check_finite=check_finite)
        program = self._program("outputs", [*self.spec.outputs.values()])
        if is_stream(data):
            switches = self.spec.switch_arrays(training, key)
            batches = Stream("predict", data, check).batches()
            return self._joined([program.run({**one.arrays, **switches}) for one in batches])
        checked = check("predict", data)
        size = batch_size or self._piece(checked, training) or checked.rows
        switches = self.spec.switch_arrays(training, key)
        is_first = not any(checked.axes.values())
        if checked.is_plain and is_first and _FEW <= size < checked.rows:
            starts = range(0, checked.rows, size)
            runs = (checked.part(start, start + size) for start in starts)
            return self._joined([program.run_on(one, switches) for one in runs])
        walk = Walk(program, checked, switches)
        parts = checked.batches(np.arange(checked.rows), size)
        return self._joined([walk.run(index, key) for index in parts])

    def inference(self) -> tuple[list[Var], dict[str, Node], dict[str, Array]]:
        """What the outputs are computed from outside of training, the outputs, and the arrays."""
        return self.spec.inference({**self.parameters, **self.states})

    def _piece(self, data: Data, training: bool) -> int | None:
        """How many samples to compute at once: what stays near the processor; None for all."""
        batch = self.spec.batch
        if batch is None or data.rows <= _FEW:
            return None
        if not all(batch in output.shape for output in self.spec.outputs.values()):
            return None
        if training not in self._apart:
            outputs = [*self.spec.outputs.values()]
            if not training:
                outputs = self.spec.without_training(outputs)
            nodes = [node.shape for node in reachable(outputs)]
            self._apart[training] = nodes if are_apart(batch, outputs) else []
        shapes = self._apart[training]
        one = {**data.dims, batch: 1}
        widest = max((_entries(shape, one) for shape in shapes if batch in shape), default=0)
        if not widest:
            return None
        rows = _NEAR // (widest * np.dtype(self.settings.dtype).itemsize)
        rows = max(rows, _FEW) * self.settings.threads
        return rows if 2 * rows <= data.rows else None

    def _check_outputs(self, where: str, data: Any, check_finite: bool) -> Data:
        spec = self.spec
        return check_data(
            where, data, needed(spec.outputs.values(), spec.inputs), spec.inputs, spec.batch,
            dtype=self.settings.dtype, lookups=self._output_lookups, check_finite=check_finite,
        )  # fmt: skip

    def _joined(self, parts: list[list[Any]]) -> dict[str, Array]:
        """The outputs by name, from those of all batches."""
        if len(parts) == 1:
            return dict(zip(self.spec.outputs, parts[0], strict=True))
        return {
            name: np.concatenate(pieces, axis=self._sample_axis(name))
            for name, pieces in zip(self.spec.outputs, zip(*parts, strict=True), strict=True)
        }

    def _sample_axis(self, name: str) -> int:
        shape = self.spec.outputs[name].shape
        if self.spec.batch not in shape:
            raise UnsupportedError(
                f"predict: output {name!r} has shape {shape_text(shape)} and no axis of size "
                f"{self.spec.batch}, so it cannot be computed in parts. Leave out batch_size."
            )
        return shape.index(self.spec.batch)

    def _program(self, what: str, nodes: list[Node]) -> Program:
        if what not in self._programs:
            self._programs[what] = Program(
                nodes, {}, self._memory(), self.spec.given, self.settings
            )
        return self._programs[what]

    def _measuring_program(self, communicator: Communicator | None) -> Program | JointProgram:
        nodes = [*self.spec.measuring.outputs.values()]
        if communicator is None:
            return self._program("loss", nodes)
        if self._joint is None or self._joint.communicator is not communicator:
            self._joint = JointProgram(
                "fit: validation", self.spec.batch, nodes, {}, self._memory(), self.spec.given,
                self.settings, communicator,
            )  # fmt: skip
        return self._joint

    def _memory(self) -> dict[Node, Array]:
        return {**self.parameters.by_variable(), **self.states.by_variable()}


def _entries(shape: Shape, dims: Mapping[Symbol, int]) -> int:
    """The entries of a value, where all its sizes are known; otherwise 0."""
    if not dim_symbols(shape) <= dims.keys():
        return 0
    return int(product([bind_dim(size, dims) for size in shape]))
