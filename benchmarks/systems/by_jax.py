"""JAX: the whole step in one jit, called from Python or run by `fori_loop` inside."""

from __future__ import annotations

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from benchmarks.systems.trainer import Evaluator, Trainer, tables
from benchmarks.workload import Arrays, Scalars, TrainStep

__all__ = ["evaluate", "train"]

BETA1, BETA2, MOMENTUM = 0.9, 0.999, 0.9


def _updated(kind: str, p: Any, g: Any, m: Any, v: Any, rate: Any, t: Any) -> tuple[Any, Any, Any]:
    """The new parameter and slots."""
    if kind == "sgd":
        return p - rate * g, m, v
    if kind == "momentum":
        m = MOMENTUM * m + g
        return p - rate * m, m, v
    if kind == "adagrad":
        v = v + g * g
        return p - rate * g / (jnp.sqrt(v) + 1e-10), m, v
    m = BETA1 * m + (1 - BETA1) * g
    v = BETA2 * v + (1 - BETA2) * g * g
    mean, square = m / (1 - BETA1**t), v / (1 - BETA2**t)
    return p - rate * mean / (jnp.sqrt(square) + 1e-8), m, v


#: Which of the two slots a rule keeps.
SLOTS = {"sgd": (), "momentum": ("m",), "adagrad": ("v",), "adam": ("m", "v")}


def train(work: TrainStep, dtype: str, target: str) -> Trainer:
    jax.config.update("jax_enable_x64", dtype == "float64")
    start, data = tables(work, dtype)
    d = {k: jnp.asarray(v, None if v.dtype.kind == "f" else jnp.int32) for k, v in data.items()}
    rule, kept = work.rule, SLOTS[work.rule.kind]

    def step(state: Any, d: Any) -> Any:
        loss, gradients = jax.value_and_grad(work.jax)(state["p"], d)
        t, rate = state["t"] + 1, state["rate"]
        new: dict[str, Any] = {"t": t, "rate": rate, "p": {}, "m": {}, "v": {}}
        for name, g in gradients.items():
            if rule.clip is not None:
                g = jnp.clip(g, -rule.clip, rule.clip)
            slots = (state[s][name] if s in kept else 0.0 for s in "mv")
            changed = _updated(rule.kind, state["p"][name], g, *slots, rate, t)
            for part, value in zip("pmv", changed, strict=True):
                if part == "p" or part in kept:
                    new[part][name] = value
        return new, loss

    one = jax.jit(step, donate_argnums=0)

    @partial(jax.jit, donate_argnums=0)
    def whole(state: Any, d: Any, count: Any) -> Any:
        zero = jnp.zeros((), dtype)
        return jax.lax.fori_loop(0, count, lambda _, s: step(s[0], d), (state, zero))

    state: dict[str, Any] = {}

    def restart(values: Arrays, rate: float) -> None:
        state["p"] = {k: jnp.array(v) for k, v in values.items()}
        for slot in "mv":
            state[slot] = {k: jnp.zeros_like(v) for k, v in values.items() if slot in kept}
        state["t"], state["rate"] = jnp.zeros((), dtype), jnp.asarray(rate, dtype)

    def call(count: int) -> Any:
        now = dict(state)
        for _ in range(count):
            now, loss = one(now, d)
        state.update(now)
        return loss.block_until_ready()

    def loop(count: int) -> Any:
        now, loss = whole(dict(state), d, count)
        state.update(now)
        return loss.block_until_ready()

    restart(start, rule.rate)
    modes = {"call": call, "loop": loop}
    return Trainer(modes, restart, lambda: {k: jax.device_get(v) for k, v in state["p"].items()})


def evaluate(work: Scalars, dtype: str, target: str) -> Evaluator:
    """Vectorised, in reverse mode: there are fewer formulas than variables."""
    jax.config.update("jax_enable_x64", True)
    x = jnp.asarray(work.point(np.random.default_rng(0)))

    def both(x: Any) -> Any:
        value, back = jax.vjp(work.jax, x)
        rows = jax.vmap(back)(jnp.eye(value.size).reshape(value.size, *value.shape))[0]
        return value, rows[:, : work.wanted]

    run = jax.jit(both)

    def call(count: int) -> Any:
        for _ in range(count):
            found = run(x)
        return jax.block_until_ready(found)

    return Evaluator({"call": call}, lambda: np.concatenate([np.ravel(part) for part in run(x)]))
