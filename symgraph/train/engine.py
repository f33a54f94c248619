"""What a model computes with: its arrays, its compiled programs, and the data that they take."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from symgraph.errors import UnsupportedError
from symgraph.node import Node
from symgraph.ops.leaves import Var
from symgraph.shapes import shape_text
from symgraph.train.data import Data, Own, check_data
from symgraph.train.initialise import start_value
from symgraph.train.joint import members_of
from symgraph.train.lookups import find_lookups
from symgraph.train.loop import Training
from symgraph.train.parallel.communicator import Communicator
from symgraph.train.parallel.program import JointProgram
from symgraph.train.plan import Plan, Rule
from symgraph.train.position import Position
from symgraph.train.program import Program, Settings, Walk
from symgraph.train.spec import Spec, needed
from symgraph.train.stream import Stream, is_stream
from symgraph.train.sweep import Sweep
from symgraph.train.values import Values

__all__ = ["Engine"]

Array: TypeAlias = NDArray[Any]


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
        if batch_size is None and all(
            self.spec.batch in o.shape for o in self.spec.outputs.values()
        ):
            batch_size = checked.affordable
        plan = Plan(1, batch_size, False, 0)
        walk = Walk(program, checked, self.spec.switch_arrays(training))
        order = plan.order(checked.rows, 0)
        parts = checked.batches(order, plan.size(checked.rows))
        return self._joined([walk.run(index, key) for index in parts])

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
