"""W4g: the same task as W4 with a GRU, in torch's form: the reset gate is applied to U h + b'."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

import symgraph as sg
from benchmarks.train_steps.by_hand import cross_entropy, sigmoid
from benchmarks.train_steps.lstm import Sequences
from benchmarks.workload import Arrays, normal
from symgraph.node import Node

__all__ = ["GRU"]


@dataclass(frozen=True)
class GRU(Sequences):
    gates: ClassVar[int] = 3

    def start(self, draw: np.random.Generator) -> Arrays:
        return super().start(draw) | {"e": normal(draw, 3 * self.hidden, scale=0.1)}

    def symgraph(self) -> Node:
        v, n = self.variables(), self.hidden
        e = sg.parameter("e", 3 * n)

        def step(h: Node, x: Node) -> Node:
            a, s = x @ v["W"].T + v["b"], h @ v["U"].T + e
            r, z = (sg.sigmoid((a + s)[:, k * n : (k + 1) * n]) for k in (0, 1))
            g = sg.tanh(a[:, 2 * n :] + r * s[:, 2 * n :])
            return (1 - z) * g + z * h

        h = sg.scan(step, sg.zeros((self.rows, n)), v["x"]).final
        return sg.cross_entropy(h @ v["V"] + v["c"], v["y"])

    def numpy(self, p: Arrays, d: Arrays) -> Callable[[], tuple[Any, dict[str, Any]]]:
        steps, batch, n = self.steps, self.batch, self.hidden
        kind = p["W"].dtype
        h = np.zeros((steps + 1, batch, n), kind)
        new = np.empty((steps, batch, n), kind)
        da, ds = np.empty((2, steps, batch, 3 * n), kind)
        rz, r, z, g = slice(0, 2 * n), slice(0, n), slice(n, 2 * n), slice(2 * n, 3 * n)
        x = d["x"].reshape(-1, self.inputs)

        def run() -> tuple[Any, dict[str, Any]]:
            a = (x @ p["W"].T).reshape(steps, batch, 3 * n)
            a += p["b"]
            s = np.empty((steps, batch, 3 * n), kind)
            Ut = np.ascontiguousarray(p["U"].T)
            for t in range(steps):
                np.matmul(h[t], Ut, out=s[t])
                s[t] += p["e"]
                a[t][:, rz] = sigmoid(a[t][:, rz] + s[t][:, rz])
                np.tanh(a[t][:, g] + a[t][:, r] * s[t][:, g], out=new[t])
                np.subtract(h[t], new[t], out=h[t + 1])
                h[t + 1] *= a[t][:, z]
                h[t + 1] += new[t]
            scores = h[steps] @ p["V"]
            scores += p["c"]
            loss, dz = cross_entropy(scores, d["y"], batch)
            dh = dz @ p["V"].T
            for t in range(steps - 1, -1, -1):
                gates, back = a[t], da[t]
                keep = gates[:, z]
                dg = dh * (1 - keep) * (1 - new[t] ** 2)
                back[:, g] = dg
                np.multiply(dg, s[t][:, g], out=back[:, r])
                np.multiply(dh, h[t] - new[t], out=back[:, z])
                back[:, rz] *= gates[:, rz] * (1 - gates[:, rz])
                ds[t] = back
                ds[t][:, g] *= gates[:, r]
                dh = dh * keep
                dh += ds[t] @ p["U"]
            flat, inner = da.reshape(-1, 3 * n), ds.reshape(-1, 3 * n)
            return loss, {
                "W": flat.T @ x, "U": inner.T @ h[:-1].reshape(-1, n), "b": flat.sum(axis=0),
                "e": inner.sum(axis=0), "V": h[steps].T @ dz, "c": dz.sum(axis=0),
            }  # fmt: skip

        return run

    def torch(self, p: Any, d: Any) -> Any:
        import torch

        # The function under nn.GRU.
        zero = torch.zeros(1, self.batch, self.hidden, dtype=p["W"].dtype)
        weights = [p["W"], p["U"], p["b"], p["e"]]
        _, h = torch._VF.gru(d["x"], zero, weights, True, 1, 0.0, True, False, False)
        z = torch.addmm(p["c"], h[0], p["V"])
        return torch.nn.functional.cross_entropy(z, d["y"])

    def jax(self, p: Any, d: Any) -> Any:
        import jax
        import jax.numpy as jnp

        def step(h: Any, a: Any) -> Any:
            a_r, a_z, a_g = jnp.split(a, 3, axis=1)
            s_r, s_z, s_g = jnp.split(h @ p["U"].T + p["e"], 3, axis=1)
            r, z = jax.nn.sigmoid(a_r + s_r), jax.nn.sigmoid(a_z + s_z)
            return (1 - z) * jnp.tanh(a_g + r * s_g) + z * h, None

        zero = jnp.zeros((self.batch, self.hidden), p["W"].dtype)
        h, _ = jax.lax.scan(step, zero, d["x"] @ p["W"].T + p["b"])
        scores = jax.nn.log_softmax(h @ p["V"] + p["c"])
        return -scores[jnp.arange(self.batch), d["y"]].mean()
