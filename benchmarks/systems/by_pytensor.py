"""PyTensor: parameters as shared variables, the step as one function with updates."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytensor
import pytensor.tensor as pt

from benchmarks.systems.trainer import Trainer, repeated, tables
from benchmarks.workload import Arrays, TrainStep

__all__ = ["train"]

BETA1, BETA2 = 0.9, 0.999


def train(work: TrainStep, dtype: str, target: str) -> Trainer:
    pytensor.config.floatX = dtype
    start, data = tables(work, dtype)
    p = {name: pytensor.shared(value, name) for name, value in start.items()}
    d = {name: pytensor.shared(value, name) for name, value in data.items()}
    rate = pytensor.shared(np.asarray(work.rule.rate, dtype))
    steps = pytensor.shared(np.asarray(0, dtype))
    slots = []

    def slot(like: Any) -> Any:
        slots.append(pytensor.shared(np.zeros_like(like.get_value())))
        return slots[-1]

    loss = work.pytensor(p, d)
    updates: list[Any] = []
    for value, g in zip(p.values(), pt.grad(loss, list(p.values())), strict=True):
        if work.rule.kind == "sgd":
            updates.append((value, value - rate * g))
            continue
        m, v, t = slot(value), slot(value), steps + 1
        new_m = dtype_of(BETA1, dtype) * m + dtype_of(1 - BETA1, dtype) * g
        new_v = dtype_of(BETA2, dtype) * v + dtype_of(1 - BETA2, dtype) * g * g
        mean = new_m / (1 - dtype_of(BETA1, dtype) ** t)
        square = new_v / (1 - dtype_of(BETA2, dtype) ** t)
        change = rate * mean / (pt.sqrt(square) + dtype_of(1e-8, dtype))
        updates += [(value, value - change), (m, new_m), (v, new_v)]
    step = pytensor.function([], loss, updates=[*updates, (steps, steps + 1)])
    step.trust_input = True

    def restart(values: Arrays, new_rate: float) -> None:
        for name, value in values.items():
            p[name].set_value(value)
        for one in slots:
            one.set_value(np.zeros_like(one.get_value()))
        rate.set_value(np.asarray(new_rate, dtype))
        steps.set_value(np.asarray(0, dtype))

    def now() -> Arrays:
        return {name: value.get_value() for name, value in p.items()}

    return Trainer({"call": repeated(step)}, restart, now)


def dtype_of(value: float, dtype: str) -> Any:
    """A constant that does not turn float32 into float64."""
    return np.asarray(value, dtype)
