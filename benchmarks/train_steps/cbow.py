"""W6: word vectors from their context (CBOW), by negative sampling; W6s: by the full softmax."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

import symgraph as sg
from benchmarks.train_steps.by_hand import cross_entropy, sigmoid
from benchmarks.workload import Arrays, Rule, TrainStep, normal
from symgraph.node import Node

__all__ = ["CBOW", "CBOWSoftmax"]


@dataclass(frozen=True)
class CBOW(TrainStep):
    """A target word and some that are not it: the loss is softplus(-score) and softplus(score)."""

    words: int = 5000
    features: int = 64
    context: int = 4
    negatives: int = 5
    rule: ClassVar[Rule] = Rule("sgd", 0.5)
    scales: ClassVar[tuple[str, ...]] = ("words", "features")
    #: The gradients of torch's embeddings hold the rows that were looked up.
    sparse: ClassVar[bool] = True

    def start(self, draw: np.random.Generator) -> Arrays:
        shape = (self.words, self.features)
        return {name: normal(draw, *shape, scale=0.3) for name in ("V", "U")}

    def data(self, draw: np.random.Generator) -> Arrays:
        """Context words, and scored words of which the first is the target."""
        widths = {"x": self.context, "y": 1 + self.negatives}
        return {k: draw.integers(0, self.words, (self.batch, n)) for k, n in widths.items()}

    def flops(self) -> float:
        return 0

    @property
    def signs(self) -> list[int]:
        """-1 for the target, whose score must grow."""
        return [-1] + [1] * self.negatives

    def symgraph(self) -> Node:
        x = sg.input("x", (self.rows, self.context), kind="integer")
        y = sg.input("y", (self.rows, 1 + self.negatives), kind="integer")
        V, U = (sg.parameter(name, (self.words, self.features)) for name in "VU")
        h = sg.mean(sg.take(V, x), axis=1)
        scores = sg.einsum("nd,nkd->nk", h, sg.take(U, y))
        return sg.mean(sg.sum(sg.softplus(scores * sg.const(self.signs)), axis=1))

    def numpy(self, p: Arrays, d: Arrays) -> Callable[[], tuple[Any, dict[str, Any]]]:
        x, y = d["x"], d["y"]
        signs = np.array(self.signs, p["V"].dtype)

        def run() -> tuple[Any, dict[str, Any]]:
            h = p["V"][x].mean(axis=1)
            rows = p["U"][y]
            a = (rows @ h[:, :, None])[:, :, 0] * signs
            loss = np.logaddexp(0, a).sum() / self.batch
            da = sigmoid(a)
            da *= signs / self.batch
            dh = (da[:, None, :] @ rows)[:, 0]
            dh /= self.context
            spread = np.broadcast_to(dh[:, None], (*x.shape, self.features))
            return loss, {"V": (x, spread), "U": (y, da[:, :, None] * h[:, None])}

        return run

    def torch(self, p: Any, d: Any) -> Any:
        import torch

        f = torch.nn.functional
        h = f.embedding_bag(d["x"], p["V"], mode="mean", sparse=True)
        rows = f.embedding(d["y"], p["U"], sparse=True)
        scores = torch.bmm(rows, h[:, :, None])[:, :, 0]
        return f.softplus(scores * scores.new_tensor(self.signs)).sum() / self.batch

    def jax(self, p: Any, d: Any) -> Any:
        import jax
        import jax.numpy as jnp

        h = p["V"][d["x"]].mean(axis=1)
        scores = jnp.einsum("nd,nkd->nk", h, p["U"][d["y"]])
        signs = jnp.array(self.signs, scores.dtype)
        return jax.nn.softplus(scores * signs).sum() / self.batch


@dataclass(frozen=True)
class CBOWSoftmax(TrainStep):
    """The same with the score of every word."""

    words: int = 1000
    features: int = 50
    context: int = 4
    rule: ClassVar[Rule] = Rule("sgd", 0.5)
    scales: ClassVar[tuple[str, ...]] = ("words", "features")

    def start(self, draw: np.random.Generator) -> Arrays:
        shapes = {"V": (self.words, self.features), "U": (self.features, self.words)}
        return {name: normal(draw, *shape, scale=0.3) for name, shape in shapes.items()}

    def data(self, draw: np.random.Generator) -> Arrays:
        x = draw.integers(0, self.words, (self.batch, self.context))
        return {"x": x, "y": draw.integers(0, self.words, self.batch)}

    def flops(self) -> float:
        return 6 * self.batch * self.features * self.words

    def symgraph(self) -> Node:
        x = sg.input("x", (self.rows, self.context), kind="integer")
        y = sg.input("y", (self.rows,), kind="integer")
        V = sg.parameter("V", (self.words, self.features))
        U = sg.parameter("U", (self.features, self.words))
        return sg.cross_entropy(sg.mean(sg.take(V, x), axis=1) @ U, y)

    def numpy(self, p: Arrays, d: Arrays) -> Callable[[], tuple[Any, dict[str, Any]]]:
        x, y = d["x"], d["y"]

        def run() -> tuple[Any, dict[str, Any]]:
            h = p["V"][x].mean(axis=1)
            loss, dz = cross_entropy(h @ p["U"], y, self.batch)
            dh = dz @ p["U"].T
            dh /= self.context
            spread = np.broadcast_to(dh[:, None], (*x.shape, self.features))
            return loss, {"V": (x, spread), "U": h.T @ dz}

        return run

    def torch(self, p: Any, d: Any) -> Any:
        import torch

        f = torch.nn.functional
        h = f.embedding_bag(d["x"], p["V"], mode="mean")
        return f.cross_entropy(h @ p["U"], d["y"])

    def jax(self, p: Any, d: Any) -> Any:
        import jax
        import jax.numpy as jnp

        h = p["V"][d["x"]].mean(axis=1)
        scores = jax.nn.log_softmax(h @ p["U"])
        return -scores[jnp.arange(self.batch), d["y"]].mean()
