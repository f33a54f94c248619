"""torch, eager: autograd and the fused optimizers of torch.optim."""

from __future__ import annotations

from typing import Any

import torch

from benchmarks.systems.trainer import Trainer, repeated, tables
from benchmarks.workload import Arrays, Rule, TrainStep

__all__ = ["train"]


def _optimizer(rule: Rule, parameters: list[Any], sparse: bool) -> Any:
    fused = {"fused": not sparse}
    if rule.kind == "adam":
        return torch.optim.Adam(parameters, rule.rate, **fused)
    if rule.kind == "adagrad":
        return torch.optim.Adagrad(parameters, rule.rate, **fused)
    momentum = 0.9 if rule.kind == "momentum" else 0.0
    return torch.optim.SGD(parameters, rule.rate, momentum=momentum, **fused)


def train(work: TrainStep, dtype: str, target: str) -> Trainer:
    torch.set_num_threads(1)
    start, data = tables(work, dtype)
    p = {name: torch.tensor(value, requires_grad=True) for name, value in start.items()}
    d = {name: torch.tensor(value) for name, value in data.items()}
    parameters = list(p.values())
    rule = work.rule
    optimizer = _optimizer(rule, parameters, getattr(work, "sparse", False))

    def step() -> Any:
        optimizer.zero_grad(set_to_none=True)
        loss = work.torch(p, d)
        loss.backward()
        if rule.clip is not None:
            torch.nn.utils.clip_grad_value_(parameters, rule.clip)
        optimizer.step()
        return loss

    def restart(values: Arrays, rate: float) -> None:
        with torch.no_grad():
            for name, value in values.items():
                p[name].copy_(torch.tensor(value))
            for state in optimizer.state.values():
                for slot in state.values():
                    if isinstance(slot, torch.Tensor):
                        slot.zero_()
        for group in optimizer.param_groups:
            group["lr"] = rate

    def now() -> Arrays:
        return {name: value.detach().numpy().copy() for name, value in p.items()}

    return Trainer({"call": repeated(step)}, restart, now)
