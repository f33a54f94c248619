"""W1: the sigmoid MLP 2-4-1 of the XOR problem, SGD."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

import symgraph as sg
from benchmarks.train_steps.by_hand import sigmoid
from benchmarks.workload import Arrays, Rule, TrainStep, normal
from symgraph.node import Node

__all__ = ["Xor"]


@dataclass(frozen=True)
class Xor(TrainStep):
    batch: int = 1
    free: bool = False
    hidden: int = 4
    rule: ClassVar[Rule] = Rule("sgd", 0.5)
    scales: ClassVar[tuple[str, ...]] = ("hidden",)

    def start(self, draw: np.random.Generator) -> Arrays:
        h = self.hidden
        return {
            "W1": normal(draw, 2, h), "b1": normal(draw, h),
            "w2": normal(draw, h), "b2": normal(draw, 1)[0],
        }  # fmt: skip

    def data(self, draw: np.random.Generator) -> Arrays:
        x = np.array([[0.0, 1], [1, 0], [1, 1], [0, 0]])
        rows = np.arange(self.batch) % 4
        return {"x": x[rows], "y": np.array([1.0, 1, 0, 0])[rows]}

    def flops(self) -> float:
        return 0

    def symgraph(self) -> Node:
        x, y = sg.input("x", (self.rows, 2)), sg.input("y", (self.rows,))
        w1, b1 = sg.parameter("W1", (2, self.hidden)), sg.parameter("b1", self.hidden)
        w2, b2 = sg.parameter("w2", self.hidden), sg.parameter("b2")
        out = sg.sigmoid(sg.sigmoid(x @ w1 + b1) @ w2 + b2)
        return sg.mean((out - y) ** 2)

    def numpy(self, p: Arrays, d: Arrays) -> Callable[[], tuple[Any, dict[str, Any]]]:
        x, y, xt = d["x"], d["y"], d["x"].T

        def run() -> tuple[Any, dict[str, Any]]:
            h = sigmoid(x @ p["W1"] + p["b1"])
            out = sigmoid(h @ p["w2"] + p["b2"])
            gap = out - y
            dz = gap * out * (1 - out)
            dz *= 2 / len(y)
            dh = np.outer(dz, p["w2"])
            dh *= h * (1 - h)
            gradients = {"W1": xt @ dh, "b1": dh.sum(axis=0), "w2": dz @ h, "b2": dz.sum()}
            return gap @ gap / len(y), gradients

        return run

    def torch(self, p: Any, d: Any) -> Any:
        import torch

        h = torch.sigmoid(torch.addmm(p["b1"], d["x"], p["W1"]))
        out = torch.sigmoid(h @ p["w2"] + p["b2"])
        return torch.nn.functional.mse_loss(out, d["y"])

    def jax(self, p: Any, d: Any) -> Any:
        import jax

        h = jax.nn.sigmoid(d["x"] @ p["W1"] + p["b1"])
        out = jax.nn.sigmoid(h @ p["w2"] + p["b2"])
        return ((out - d["y"]) ** 2).mean()

    def pytensor(self, p: Any, d: Any) -> Any:
        import pytensor.tensor as pt

        h = pt.sigmoid(d["x"] @ p["W1"] + p["b1"])
        out = pt.sigmoid(h @ p["w2"] + p["b2"])
        return ((out - d["y"]) ** 2).mean()

    def casadi(self, p: Any, d: Any) -> Any:
        import casadi as ca

        def sigmoid(z: Any) -> Any:
            return 1 / (1 + ca.exp(-z))

        ones = np.ones((self.batch, 1))
        h = sigmoid(d["x"] @ p["W1"] + ones @ p["b1"].T)
        out = sigmoid(h @ p["w2"] + p["b2"])
        return ca.sumsqr(out - d["y"]) / self.batch
