"""NumPy by hand: gradients written out, optimizers in place, one array a parameter."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.systems.trainer import Evaluator, Trainer, repeated, tables
from benchmarks.workload import Arrays, Scalars, TrainStep

__all__ = ["evaluate", "train"]

BETA1, BETA2, MOMENTUM = 0.9, 0.999, 0.9


class _Optimizer:
    """The rules of torch.optim; the gradient of a table may be its rows: (numbers, values)."""

    def __init__(self, p: Arrays, work: TrainStep) -> None:
        self.p, self.rate, self.clip, self.count = p, 0.0, work.rule.clip, 0
        self.first = {k: np.zeros_like(v) for k, v in p.items()}
        self.second = {k: np.zeros_like(v) for k, v in p.items()}
        self.scratch = {k: np.empty_like(v) for k, v in p.items()}
        self.rule: Callable[[str, Any], None] = getattr(self, work.rule.kind)

    def update(self, gradients: dict[str, Any]) -> None:
        self.count += 1
        for name, g in gradients.items():
            if self.clip is not None:
                np.minimum(g, self.clip, out=g)
                np.maximum(g, -self.clip, out=g)
            self.rule(name, g)

    def sgd(self, name: str, g: Any) -> None:
        if isinstance(g, tuple):
            rows, values = g
            np.subtract.at(self.p[name], rows, self.rate * values)
        else:
            self.p[name] -= self.rate * g

    def momentum(self, name: str, g: Any) -> None:
        v = self.first[name]
        v *= MOMENTUM
        v += g
        self.p[name] -= np.multiply(v, self.rate, out=self.scratch[name])

    def adagrad(self, name: str, g: Any) -> None:
        s, scratch = self.second[name], self.scratch[name]
        s += np.multiply(g, g, out=scratch)
        np.sqrt(s, out=scratch)
        scratch += 1e-10
        np.divide(g, scratch, out=scratch)
        scratch *= self.rate
        self.p[name] -= scratch

    def adam(self, name: str, g: Any) -> None:
        m, v, scratch = self.first[name], self.second[name], self.scratch[name]
        m *= BETA1
        m += np.multiply(g, 1 - BETA1, out=scratch)
        np.multiply(g, g, out=scratch)
        scratch *= 1 - BETA2
        v *= BETA2
        v += scratch
        np.sqrt(v, out=scratch)
        scratch *= (1 - BETA2**self.count) ** -0.5
        scratch += 1e-8
        np.divide(m, scratch, out=scratch)
        scratch *= self.rate / (1 - BETA1**self.count)
        self.p[name] -= scratch


def train(work: TrainStep, dtype: str, target: str) -> Trainer:
    start, data = tables(work, dtype)
    p = {name: value.copy() for name, value in start.items()}
    gradients = work.numpy(p, data)
    optimizer = _Optimizer(p, work)

    def step() -> Any:
        loss, found = gradients()
        optimizer.update(found)
        return loss

    def restart(values: Arrays, rate: float) -> None:
        optimizer.rate, optimizer.count = rate, 0
        for name, value in values.items():
            p[name][...] = value
            optimizer.first[name][...] = optimizer.second[name][...] = 0

    return Trainer({"call": repeated(step)}, restart, lambda: p)


def evaluate(work: Scalars, dtype: str, target: str) -> Evaluator:
    """By complex steps, exact to the last digits: the truth that others are held against."""
    point, step = work.point(np.random.default_rng(0)), 1e-30
    moved = point[:, None] + 1j * step * np.eye(len(point), work.wanted)

    def results() -> Any:
        found = [np.broadcast_to(f, work.wanted) for f in work.formulas(list(moved), np)]
        return np.concatenate([[f.real[0] for f in found], *(f.imag / step for f in found)])

    return Evaluator({}, results)
