"""How the time of deriving and compiling grows with the depth of a net."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Mapping
from typing import Any

import symgraph as sg
from benchmarks.guards import TARGET
from benchmarks.measure import Row, pin
from symgraph.codegen.job import Job
from symgraph.codegen.native.emit import emit_native
from symgraph.codegen.native.scalar_program import emit_scalars
from symgraph.garbage import uncollected
from symgraph.node import Node
from symgraph.walks import dag_size, variables

__all__ = ["growth_with_depth", "tanh_net"]

_DEPTHS = (8, 16, 32, 64)
_ROUNDS = 7

Net = tuple[Node, list[Node]]


def tanh_net(depth: int, width: int = 8) -> Net:
    """The sum of the last layer of a net of scalars, each weight a variable; and the weights."""
    h: list[Node] = [sg.input(f"x{k}") for k in range(width)]
    weights = []
    for layer in range(depth):
        rows = [[sg.parameter(f"w{layer}_{i}_{j}") for j in range(width)] for i in range(width)]
        weights += [w for row in rows for w in row]
        h = [sg.tanh(_dot(row, h)) for row in rows]
    return _dot([sg.const(1.0)] * width, h), weights


def _dot(row: list[Node], h: list[Node]) -> Node:
    total = row[0] * h[0]
    for w, x in zip(row[1:], h[1:], strict=True):
        total = total + w * x
    return total


def dense_net(depth: int, width: int = 32) -> Net:
    """The mean square of the last layer of a tanh net of arrays; and its parameters."""
    h: Node = sg.input("x", ("N", width))
    parameters: list[Node] = []
    for layer in range(depth):
        w, b = sg.parameter(f"W{layer}", (width, width)), sg.parameter(f"b{layer}", width)
        parameters += [w, b]
        h = sg.tanh(h @ w + b)
    return sg.mean(h**2), parameters


def growth_with_depth() -> list[Row]:
    """Nets whose depth doubles up to 64 layers; Python's part of compiling, in CPU seconds.

    The nets of scalars are compiled with their gradients, those of arrays with Adam.
    """
    pin()
    scalars = _rows("a tanh net of scalars", tanh_net, lambda g: {}, 5)
    return scalars + _rows("a dense net with Adam", dense_net, sg.optim.Adam(1e-3).updates)


def _rows(
    title: str,
    make: Callable[[int], Net],
    updating: Callable[[Mapping[Any, Node]], Mapping[Any, Any]],
    emission: float | None = None,
) -> list[Row]:
    """The least of all rounds, by depth and against half the depth: others only add to it."""
    found: dict[int, list[dict[str, float]]] = {depth: [] for depth in _DEPTHS}
    nodes: dict[int, int] = {}
    for _ in range(_ROUNDS):
        for depth in _DEPTHS:
            times, nodes[depth] = _timed(*make(depth), updating)
            found[depth].append(times)
    rows: list[Row] = []
    for stage in ("derive", "compile"):
        before: float | None = None
        for depth in _DEPTHS:
            seconds = min(times[stage] for times in found[depth])
            name = f"{stage} {title}, {depth} layers"
            rows.append(Row(name, seconds, "s", None, f"{nodes[depth]} nodes"))
            if before is not None:
                rows.append(Row("the same by half the depth", seconds / before, "x", 2.3))
            before = seconds
    for stage, bound in (("derive", 15), ("emit", emission)):
        least = min(times[stage] for times in found[_DEPTHS[-1]])
        rows.append(Row(f"{stage} {title}, by node", least / nodes[_DEPTHS[-1]] * 1e6, "µs", bound))
    return rows


def _timed(
    loss: Node, parameters: list[Node], updating: Callable[..., Any]
) -> tuple[dict[str, float], int]:
    """CPU seconds of each stage, and the nodes of the whole."""
    gc.collect()  # of the round before
    begun = time.process_time()
    gradients = sg.grad(loss, parameters)
    derived = time.process_time()
    updates = updating(dict(zip(parameters, gradients, strict=True)))
    outputs = [loss] if updates else [loss, *gradients]
    everything: Any = variables([*outputs, *updates, *updates.values()])
    nodes = dag_size(*outputs, *updates.values())[0]
    ready = time.process_time()
    program = sg.compile(everything, outputs, updates=updates, target=TARGET)
    compiled = time.process_time()
    times = {"derive": derived - begun, "compile": compiled - ready}
    return times | {"emit": _emission(program._recipe.job(loops=True))}, nodes


@uncollected
def _emission(job: Job) -> float:
    begun = time.process_time()
    assert emit_scalars(job) or emit_native(job)
    return time.process_time() - begun
