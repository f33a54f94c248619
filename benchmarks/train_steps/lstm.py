"""W4: an LSTM 64 to 128 over 50 steps, its last state classified, Adam."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

import symgraph as sg
from benchmarks.train_steps.by_hand import cross_entropy, sigmoid
from benchmarks.workload import Arrays, TrainStep, normal
from symgraph.node import Node

__all__ = ["LSTM", "Sequences"]


@dataclass(frozen=True)
class Sequences(TrainStep):
    """Sequences whose last state is classified; the gates stand below one another as in torch."""

    inputs: int = 64
    hidden: int = 128
    steps: int = 50
    classes: int = 10
    scales: ClassVar[tuple[str, ...]] = ("inputs", "hidden", "steps")
    gates: ClassVar[int] = 4

    def start(self, draw: np.random.Generator) -> Arrays:
        h, rows, size = self.hidden, self.gates * self.hidden, self.hidden**-0.5
        return {
            "W": normal(draw, rows, self.inputs, scale=size),
            "U": normal(draw, rows, h, scale=size),
            "b": normal(draw, rows, scale=0.1),
            "V": normal(draw, h, self.classes), "c": np.zeros(self.classes),
        }  # fmt: skip

    def data(self, draw: np.random.Generator) -> Arrays:
        x = normal(draw, self.steps, self.batch, self.inputs, scale=1)
        return {"x": x, "y": draw.integers(0, self.classes, self.batch)}

    def flops(self) -> float:
        each = self.batch * self.gates * self.hidden
        once = 4 * each * self.inputs + 6 * each * self.hidden
        return self.steps * once + 6 * self.batch * self.hidden * self.classes

    def variables(self) -> dict[str, Node]:
        """symgraph's inputs and parameters by name."""
        rows, h = self.gates * self.hidden, self.hidden
        shapes = {"W": (rows, self.inputs), "U": (rows, h), "V": (h, self.classes)}
        sizes = {"b": rows, "c": self.classes}
        found = {name: sg.parameter(name, shape) for name, shape in (shapes | sizes).items()}
        found["x"] = sg.input("x", (self.steps, self.rows, self.inputs))
        found["y"] = sg.input("y", (self.rows,), kind="integer")
        return found


@dataclass(frozen=True)
class LSTM(Sequences):
    def symgraph(self) -> Node:
        v, n = self.variables(), self.hidden

        def step(h: Node, c: Node, x: Node) -> dict[str, Node]:
            z = x @ v["W"].T + h @ v["U"].T + v["b"]
            i, f, o = (sg.sigmoid(z[:, k * n : (k + 1) * n]) for k in (0, 1, 3))
            c = f * c + i * sg.tanh(z[:, 2 * n : 3 * n])
            return {"h": o * sg.tanh(c), "c": c}

        zero = sg.zeros((self.rows, n))
        run = sg.scan(step, {"h": zero, "c": zero}, {"x": v["x"]})
        return sg.cross_entropy(run.final["h"] @ v["V"] + v["c"], v["y"])

    def numpy(self, p: Arrays, d: Arrays) -> Callable[[], tuple[Any, dict[str, Any]]]:
        steps, batch, n = self.steps, self.batch, self.hidden
        kind = p["W"].dtype
        h, c = np.zeros((2, steps + 1, batch, n), kind)
        tanhs = np.empty((steps, batch, n), kind)
        da = np.empty((steps, batch, 4 * n), kind)
        i, f, g, o = (slice(k * n, (k + 1) * n) for k in range(4))
        x = d["x"].reshape(-1, self.inputs)

        def run() -> tuple[Any, dict[str, Any]]:
            a = (x @ p["W"].T).reshape(steps, batch, 4 * n)
            a += p["b"]
            Ut = np.ascontiguousarray(p["U"].T)
            for t in range(steps):
                z = a[t]
                z += h[t] @ Ut
                z[:, : 2 * n] = sigmoid(z[:, : 2 * n])
                np.tanh(z[:, g], out=z[:, g])
                z[:, o] = sigmoid(z[:, o])
                np.multiply(z[:, f], c[t], out=c[t + 1])
                c[t + 1] += z[:, i] * z[:, g]
                np.tanh(c[t + 1], out=tanhs[t])
                np.multiply(z[:, o], tanhs[t], out=h[t + 1])
            scores = h[steps] @ p["V"]
            scores += p["c"]
            loss, dz = cross_entropy(scores, d["y"], batch)
            dh, dc = dz @ p["V"].T, np.zeros((batch, n), kind)
            for t in range(steps - 1, -1, -1):
                z, back = a[t], da[t]
                dc += dh * z[:, o] * (1 - tanhs[t] ** 2)
                np.multiply(dc, z[:, g], out=back[:, i])
                np.multiply(dc, c[t], out=back[:, f])
                np.multiply(dc, z[:, i], out=back[:, g])
                np.multiply(dh, tanhs[t], out=back[:, o])
                back[:, g] *= 1 - z[:, g] ** 2
                back[:, : 2 * n] *= z[:, : 2 * n] * (1 - z[:, : 2 * n])
                back[:, o] *= z[:, o] * (1 - z[:, o])
                dc *= z[:, f]
                dh = back @ p["U"]
            flat = da.reshape(-1, 4 * n)
            return loss, {
                "W": flat.T @ x, "U": flat.T @ h[:-1].reshape(-1, n), "b": flat.sum(axis=0),
                "V": h[steps].T @ dz, "c": dz.sum(axis=0),
            }  # fmt: skip

        return run

    def torch(self, p: Any, d: Any) -> Any:
        import torch

        # The function under nn.LSTM; its second bias stays at zero.
        zero = torch.zeros(1, self.batch, self.hidden, dtype=p["W"].dtype)
        weights = [p["W"], p["U"], p["b"], torch.zeros_like(p["b"])]
        options = (True, 1, 0.0, True, False, False)
        _, h, _ = torch._VF.lstm(d["x"], (zero, zero), weights, *options)
        z = torch.addmm(p["c"], h[0], p["V"])
        return torch.nn.functional.cross_entropy(z, d["y"])

    def jax(self, p: Any, d: Any) -> Any:
        import jax
        import jax.numpy as jnp

        def step(state: Any, a: Any) -> Any:
            h, c = state
            i, f, g, o = jnp.split(a + h @ p["U"].T, 4, axis=1)
            c = jax.nn.sigmoid(f) * c + jax.nn.sigmoid(i) * jnp.tanh(g)
            return (jax.nn.sigmoid(o) * jnp.tanh(c), c), None

        zero = jnp.zeros((self.batch, self.hidden), p["W"].dtype)
        (h, _), _ = jax.lax.scan(step, (zero, zero), d["x"] @ p["W"].T + p["b"])
        scores = jax.nn.log_softmax(h @ p["V"] + p["c"])
        return -scores[jnp.arange(self.batch), d["y"]].mean()
