"""The course of a model's training over several calls: what goes on and what begins anew."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import replace
from typing import Any, TypeAlias

from numpy.typing import NDArray

from symgraph.errors import UnsupportedError
from symgraph.train.averages import averages_of, replaced
from symgraph.train.checkpoint import take_up, training_facts
from symgraph.train.engine import Engine
from symgraph.train.loop import Training
from symgraph.train.optim import Adam
from symgraph.train.optimizer import Optimizer, read_choice
from symgraph.train.parallel.communicator import Communicator
from symgraph.train.plan import Rule, check_rule

__all__ = ["Course"]

Arrays: TypeAlias = Mapping[str, NDArray[Any]]


class Course:
    """The training of a model that is under way, or was loaded, or none yet."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.training: Training | None = None
        self._loaded: tuple[Arrays, Mapping[str, Any]] | None = None
        self._is_averaged = False
        self._is_fitting = False

    # --- what may be done ---------------------------------------------------------------------

    @contextmanager
    def fitting(self) -> Iterator[None]:
        """While this is open no other training of the model may begin."""
        self._is_fitting = True
        try:
            yield
        finally:
            self._is_fitting = False

    def check_idle(self) -> None:
        """UnsupportedError inside of a `fit`."""
        if self._is_fitting:
            raise UnsupportedError(
                "fit: a callback begins another training of the model that this one is of, and "
                "both would count with one optimizer. Train another model there, or return True."
            )

    def check_own(self, where: str) -> None:
        """UnsupportedError while the parameters are their averages."""
        if self._is_averaged:
            raise UnsupportedError(
                f"{where}: the parameters are their averages inside of `with model.averaged()`, "
                "and become what they were behind it. Do this there."
            )

    # --- beginning and going on ---------------------------------------------------------------

    def training_for(
        self, rule: Rule, resume: bool, communicator: Communicator | None = None
    ) -> Training:
        """The training that goes on, or a new one; a program is compiled once for each rule."""
        self.check_own("fit")
        if not resume:
            self.check_idle()
        training = self.training
        is_same = training is not None and training.rule.same_program(rule)
        if training is not None and is_same and training.communicator is communicator:
            if not resume:
                training.restart()
            if not resume or training.rule.optimizer != rule.optimizer:
                training.set_rates(rule.optimizer)
            training.rule = rule
            return training
        fresh = self._engine.training(rule, communicator)
        if resume and is_same and training is not None:
            fresh.slots.flat[...] = training.slots.flat
            fresh.position = training.position.copy()
        elif resume and self._loaded is not None:
            take_up(fresh, *self._loaded)
        elif resume:
            raise UnsupportedError(
                "fit: there is no training with this optimizer and clipping to resume. Give those "
                "of the last fit, load a file that was saved after it, or use resume=False."
            )
        self.training = fresh
        self._loaded = None
        return fresh

    def further(
        self, optimizer: Optimizer | None, clip_norm: Any, clip_value: Any, freeze: Any
    ) -> Training:
        """The training under way, if it has this rule or none is given, or a new one."""
        last = self.training
        if optimizer is not None or last is None:
            rule = check_rule(optimizer or Adam(1e-3), clip_norm, clip_value, freeze or ())
        else:
            rule = last.rule
            given = {"clip_norm": clip_norm, "clip_value": clip_value}
            given = {name: value for name, value in given.items() if value is not None}
            if freeze is not None:
                given["frozen"] = read_choice("fit: freeze", freeze)
            rule = replace(rule, **given)
        return self.training_for(rule, last is not None and last.rule == rule)

    def begin_from(self, slots: Arrays, kept: Mapping[str, Any]) -> None:
        """Let the next training that is resumed be one from a file; none if nothing was kept."""
        self.training = None
        self._loaded = (slots, kept) if kept else None

    def remembered(self) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
        """The slots and the position of the training under way, as copies."""
        assert self.training is not None
        slots = {name: array.copy() for name, array in self.training.slots.items()}
        return slots, deepcopy(training_facts(self.training))

    def go_on_from(self, rule: Rule, slots: Arrays, facts: Mapping[str, Any]) -> None:
        """Put the training with a rule where `remembered` found it."""
        take_up(self.training_for(rule, resume=False), slots, deepcopy(facts))

    def copy_for(self, engine: Engine) -> Course:
        """The same course for an engine with the same numbers."""
        made = Course(engine)
        made._loaded = self._loaded if self.training is None else self.remembered()
        return made

    # --- what is known of it ------------------------------------------------------------------

    @property
    def rated(self) -> Training:
        """The training under way, whose learning rate is a number."""
        if self.training is None or not self.training.has_rate:
            raise UnsupportedError(
                "learning_rate: there is none to read or set before training has begun, or when "
                "it is an expression of the step. Give the optimizer a number."
            )
        return self.training

    def averages(self) -> dict[str, NDArray[Any]]:
        """The moving averages of the parameters by name."""
        steps, slots = 0, {}
        if self.training is not None:
            slots, steps = dict(self.training.slots), self.training.position.step
        elif self._loaded is not None:
            slots, steps = dict(self._loaded[0]), int(self._loaded[1]["position"]["step"])
        return averages_of(self._engine.parameters, slots, steps)

    @contextmanager
    def averaged(self) -> Iterator[None]:
        """While this is open the parameters are their averages."""
        self.check_own("averaged")
        with replaced(self._engine.parameters, self.averages()):
            self._is_averaged = True
            try:
                yield
            finally:
                self._is_averaged = False
