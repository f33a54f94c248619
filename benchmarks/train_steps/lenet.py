"""W5: a network like LeNet on images of 28x28 pixels, momentum."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

import symgraph as sg
from benchmarks.train_steps.by_hand import ACTIVATIONS, SLOPES, cross_entropy
from benchmarks.workload import Arrays, Rule, TrainStep, jax_function, normal
from symgraph.node import Node

__all__ = ["LeNet"]

Array = NDArray[Any]


@dataclass(frozen=True)
class LeNet(TrainStep):
    """Two convolutions, each with an activation and max pooling over 2x2, and one dense layer."""

    side: int = 28
    channels: tuple[int, int] = (6, 16)
    window: int = 5
    classes: int = 10
    activation: str = "relu"
    rule: ClassVar[Rule] = Rule("momentum", 0.05)
    scales: ClassVar[tuple[str, ...]] = ("channels",)

    @property
    def sides(self) -> tuple[int, int, int, int]:
        """Of the images after each convolution and each pooling."""
        first = self.side - self.window + 1
        second = first // 2 - self.window + 1
        return first, first // 2, second, second // 2

    @property
    def features(self) -> int:
        """What the dense layer sees."""
        return self.channels[1] * self.sides[3] ** 2

    def start(self, draw: np.random.Generator) -> Arrays:
        (a, b), k = self.channels, self.window
        return {
            "K1": normal(draw, a, 1, k, k, scale=1 / k), "b1": np.zeros(a),
            "K2": normal(draw, b, a, k, k, scale=(a * k * k) ** -0.5), "b2": np.zeros(b),
            "W": normal(draw, self.features, self.classes), "c": np.zeros(self.classes),
        }  # fmt: skip

    def data(self, draw: np.random.Generator) -> Arrays:
        x = normal(draw, self.batch, 1, self.side, self.side, scale=1)
        return {"x": x, "y": draw.integers(0, self.classes, self.batch)}

    def flops(self) -> float:
        (a, b), area = self.channels, self.window**2
        first = 2 * self.sides[0] ** 2 * a * area
        second = 2 * self.sides[2] ** 2 * b * a * area
        return self.batch * (2 * first + 3 * second + 6 * self.features * self.classes)

    def symgraph(self) -> Node:
        (a, b), k = self.channels, self.window
        function = getattr(sg, self.activation)
        h = sg.input("x", (self.rows, 1, self.side, self.side))
        y = sg.input("y", (self.rows,), kind="integer")
        for name, shape in (("1", (a, 1, k, k)), ("2", (b, a, k, k))):
            bias = sg.parameter(f"b{name}", shape[0])[:, None, None]
            h = sg.conv2d(h, sg.parameter(f"K{name}", shape)) + bias
            h = sg.max_pool2d(function(h), 2)
        W, c = sg.parameter("W", (self.features, self.classes)), sg.parameter("c", self.classes)
        return sg.cross_entropy(sg.reshape(h, (self.rows, self.features)) @ W + c, y)

    def numpy(self, p: Arrays, d: Arrays) -> Callable[[], tuple[Any, dict[str, Any]]]:
        function, slope, k = ACTIVATIONS[self.activation], SLOPES[self.activation], self.window

        def layer(x: Array, K: Array, b: Array) -> tuple[Array, Array, Array]:
            """The windows as rows, the images before pooling with the channels last, and after."""
            n, _, side, _ = x.shape
            out = side - k + 1
            windows = sliding_window_view(x, (k, k), axis=(2, 3))
            rows = windows.transpose(0, 2, 3, 1, 4, 5).reshape(n * out * out, -1)
            z = rows @ K.reshape(len(K), -1).T
            z += b
            h = function(z).reshape(n, out // 2, 2, out // 2, 2, len(K))
            return rows, h, h.max(axis=(2, 4))

        def back(rows: Array, h: Array, top: Array, dtop: Array) -> tuple[Array, Array, Array]:
            """The gradients by the convolution's result, the kernels and the bias."""
            dz = (h == top[:, :, None, :, None]) * dtop[:, :, None, :, None]
            dz *= slope(h)
            dz = dz.reshape(-1, h.shape[-1])
            return dz, dz.T @ rows, dz.sum(axis=0)

        def run() -> tuple[Any, dict[str, Any]]:
            n = self.batch
            rows1, h1, top1 = layer(d["x"], p["K1"], p["b1"])
            rows2, h2, top2 = layer(top1.transpose(0, 3, 1, 2), p["K2"], p["b2"])
            features = top2.transpose(0, 3, 1, 2).reshape(n, -1)
            z = features @ p["W"]
            z += p["c"]
            loss, dz = cross_entropy(z, d["y"], n)
            dtop = (dz @ p["W"].T).reshape(n, self.channels[1], *top2.shape[1:3])
            dz2, dK2, db2 = back(rows2, h2, top2, dtop.transpose(0, 2, 3, 1))
            side, out = self.sides[1], self.sides[2]
            drows = (dz2 @ p["K2"].reshape(len(p["K2"]), -1)).reshape(n, out, out, -1, k, k)
            dtop1 = np.zeros((n, side, side, self.channels[0]), z.dtype)
            for i in range(k):
                for j in range(k):
                    dtop1[:, i : i + out, j : j + out] += drows[..., i, j]
            _, dK1, db1 = back(rows1, h1, top1, dtop1)
            return loss, {
                "K1": dK1.reshape(p["K1"].shape), "b1": db1,
                "K2": dK2.reshape(p["K2"].shape), "b2": db2,
                "W": features.T @ dz, "c": dz.sum(axis=0),
            }  # fmt: skip

        return run

    def torch(self, p: Any, d: Any) -> Any:
        import torch

        f = torch.nn.functional
        function, h = getattr(f, self.activation), d["x"]
        for name in "12":
            h = f.max_pool2d(function(f.conv2d(h, p[f"K{name}"], p[f"b{name}"])), 2)
        return f.cross_entropy(torch.addmm(p["c"], h.flatten(1), p["W"]), d["y"])

    def jax(self, p: Any, d: Any) -> Any:
        import jax
        import jax.numpy as jnp

        function, h = jax_function(self.activation), d["x"]
        for name in "12":
            h = jax.lax.conv(h, p[f"K{name}"], (1, 1), "VALID") + p[f"b{name}"][:, None, None]
            window = (1, 1, 2, 2)
            h = jax.lax.reduce_window(function(h), -jnp.inf, jax.lax.max, window, window, "VALID")
        scores = jax.nn.log_softmax(h.reshape(self.batch, -1) @ p["W"] + p["c"])
        return -scores[jnp.arange(self.batch), d["y"]].mean()
