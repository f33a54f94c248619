"""W2: the MLP 64-128-64-10 with softmax cross-entropy and Adam; W2L: 784-512-256-10."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, ClassVar

import numpy as np

import symgraph as sg
from benchmarks.train_steps.by_hand import ACTIVATIONS, SLOPES, cross_entropy
from benchmarks.workload import Arrays, TrainStep, jax_function, normal
from symgraph.node import Node

__all__ = ["MLP"]


@dataclass(frozen=True)
class MLP(TrainStep):
    inputs: int = 64
    hidden: tuple[int, ...] = (128, 64)
    classes: int = 10
    activation: str = "relu"
    scales: ClassVar[tuple[str, ...]] = ("inputs", "hidden")

    @property
    def layers(self) -> list[tuple[int, int]]:
        """The sizes of each layer's inputs and outputs."""
        return list(pairwise((self.inputs, *self.hidden, self.classes)))

    def start(self, draw: np.random.Generator) -> Arrays:
        found = {}
        for k, (rows, columns) in enumerate(self.layers, 1):
            found |= {f"W{k}": normal(draw, rows, columns), f"b{k}": np.zeros(columns)}
        return found

    def data(self, draw: np.random.Generator) -> Arrays:
        y = draw.integers(0, self.classes, self.batch)
        return {"x": normal(draw, self.batch, self.inputs, scale=1), "y": y}

    def flops(self) -> float:
        products = [2 * self.batch * a * b for a, b in self.layers]
        return 3 * sum(products) - products[0]

    def symgraph(self) -> Node:
        h = sg.input("x", (self.rows, self.inputs))
        y = sg.input("y", (self.rows,), kind="integer")
        for k, shape in enumerate(self.layers, 1):
            z = h @ sg.parameter(f"W{k}", shape) + sg.parameter(f"b{k}", shape[1])
            h = getattr(sg, self.activation)(z)
        return sg.cross_entropy(z, y)

    def numpy(self, p: Arrays, d: Arrays) -> Callable[[], tuple[Any, dict[str, Any]]]:
        function, slope = ACTIVATIONS[self.activation], SLOPES[self.activation]
        last = len(self.layers)

        def run() -> tuple[Any, dict[str, Any]]:
            values = [d["x"]]
            for k in range(1, last + 1):
                z = values[-1] @ p[f"W{k}"]
                z += p[f"b{k}"]
                values.append(function(z) if k < last else z)
            loss, dz = cross_entropy(values[-1], d["y"], self.batch)
            gradients = {}
            for k in range(last, 0, -1):
                gradients |= {f"W{k}": values[k - 1].T @ dz, f"b{k}": dz.sum(axis=0)}
                if k > 1:
                    dz = dz @ p[f"W{k}"].T
                    dz *= slope(values[k - 1])
            return loss, gradients

        return run

    def torch(self, p: Any, d: Any) -> Any:
        import torch

        h = d["x"]
        for k in range(1, len(self.layers) + 1):
            z = torch.addmm(p[f"b{k}"], h, p[f"W{k}"])
            h = getattr(torch.nn.functional, self.activation)(z)
        return torch.nn.functional.cross_entropy(z, d["y"])

    def jax(self, p: Any, d: Any) -> Any:
        import jax
        import jax.numpy as jnp

        h = d["x"]
        for k in range(1, len(self.layers) + 1):
            z = h @ p[f"W{k}"] + p[f"b{k}"]
            h = jax_function(self.activation)(z)
        return -jax.nn.log_softmax(z)[jnp.arange(self.batch), d["y"]].mean()

    def pytensor(self, p: Any, d: Any) -> Any:
        import pytensor.tensor as pt

        functions = {"relu": lambda z: pt.maximum(z, 0), "tanh": pt.tanh, "sigmoid": pt.sigmoid}
        h = d["x"]
        for k in range(1, len(self.layers) + 1):
            z = h @ p[f"W{k}"] + p[f"b{k}"]
            h = functions[self.activation](z)
        z = z - z.max(axis=1, keepdims=True)
        return (pt.log(pt.exp(z).sum(axis=1)) - z[pt.arange(self.batch), d["y"]]).mean()
