"""W3: a tanh network over characters, vocabulary 65, Adagrad with clipped gradients."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

import symgraph as sg
from benchmarks.train_steps.by_hand import ACTIVATIONS, SLOPES, cross_entropy
from benchmarks.workload import Arrays, Rule, TrainStep, jax_function, normal
from symgraph.node import Node

__all__ = ["CharRNN"]


@dataclass(frozen=True)
class CharRNN(TrainStep):
    """The loss is summed over time and averaged over the batch."""

    words: int = 65
    hidden: int = 100
    steps: int = 25
    activation: str = "tanh"
    rule: ClassVar[Rule] = Rule("adagrad", 0.01, clip=5.0)
    scales: ClassVar[tuple[str, ...]] = ("hidden", "steps")

    def start(self, draw: np.random.Generator) -> Arrays:
        v, h = self.words, self.hidden
        return {
            "E": normal(draw, v, h, scale=0.1), "W": normal(draw, h, h), "b": np.zeros(h),
            "V": normal(draw, h, v), "c": np.zeros(v),
        }  # fmt: skip

    def data(self, draw: np.random.Generator) -> Arrays:
        shape = (self.steps, self.batch)
        return {name: draw.integers(0, self.words, shape) for name in ("x", "y")}

    def flops(self) -> float:
        once = self.hidden * (self.hidden + self.words)
        return 6 * self.batch * self.steps * once

    def symgraph(self) -> Node:
        v, h = self.words, self.hidden
        x, y = (sg.input(name, (self.steps, self.rows), kind="integer") for name in "xy")
        E, W, b = sg.parameter("E", (v, h)), sg.parameter("W", (h, h)), sg.parameter("b", h)
        function = getattr(sg, self.activation)
        run = sg.scan(lambda s, e: function(e + s @ W + b), sg.zeros((self.rows, h)), sg.take(E, x))
        z = run.states @ sg.parameter("V", (h, v)) + sg.parameter("c", v)
        return sg.cross_entropy(z, y) * self.steps

    def numpy(self, p: Arrays, d: Arrays) -> Callable[[], tuple[Any, dict[str, Any]]]:
        steps, batch, hidden = self.steps, self.batch, self.hidden
        x, y = d["x"], d["y"].ravel()
        function, slope = ACTIVATIONS[self.activation], SLOPES[self.activation]
        s = np.zeros((steps + 1, batch, hidden), p["W"].dtype)
        da = np.empty((steps, batch, hidden), p["W"].dtype)

        def run() -> tuple[Any, dict[str, Any]]:
            a = p["E"][x]
            a += p["b"]
            for t in range(steps):
                a[t] += s[t] @ p["W"]
                s[t + 1] = function(a[t])
            states = s[1:].reshape(-1, hidden)
            z = states @ p["V"]
            z += p["c"]
            loss, dz = cross_entropy(z, y, batch)
            ds = (dz @ p["V"].T).reshape(steps, batch, hidden)
            slopes = slope(s[1:])
            back = p["W"].T
            for t in range(steps - 1, -1, -1):
                if t < steps - 1:
                    ds[t] += da[t + 1] @ back
                np.multiply(ds[t], slopes[t], out=da[t])
            flat = da.reshape(-1, hidden)
            dE = np.zeros_like(p["E"])
            np.add.at(dE, x.ravel(), flat)
            return loss, {
                "E": dE, "W": s[:-1].reshape(-1, hidden).T @ flat, "b": flat.sum(axis=0),
                "V": states.T @ dz, "c": dz.sum(axis=0),
            }  # fmt: skip

        return run

    def torch(self, p: Any, d: Any) -> Any:
        import torch

        function = getattr(torch.nn.functional, self.activation)
        entries = torch.nn.functional.embedding(d["x"], p["E"]) + p["b"]
        s = function(entries[0])
        states = [s]
        for entry in entries[1:].unbind():
            s = function(torch.addmm(entry, s, p["W"]))
            states.append(s)
        z = torch.addmm(p["c"], torch.cat(states), p["V"])
        return torch.nn.functional.cross_entropy(z, d["y"].view(-1)) * self.steps

    def jax(self, p: Any, d: Any) -> Any:
        import jax
        import jax.numpy as jnp

        function = jax_function(self.activation)

        def step(s: Any, e: Any) -> Any:
            s = function(e + s @ p["W"])
            return s, s

        start = jnp.zeros((self.batch, self.hidden), p["W"].dtype)
        _, states = jax.lax.scan(step, start, p["E"][d["x"]] + p["b"])
        scores = jax.nn.log_softmax(states @ p["V"] + p["c"])
        right = jnp.take_along_axis(scores, d["y"][..., None], axis=-1)
        return -right.sum() / self.batch
