"""The graph itself: creating nodes, differentiating them, and how the cost grows."""

from __future__ import annotations

import gc
import random
import statistics
import time

import symgraph as sg
from benchmarks.measure import Row, peak_megabytes, repeat
from symgraph.node import Node
from symgraph.walks import dag_size, variables

__all__ = ["creation", "scalar_dag"]


def creation() -> list[Row]:
    """Microseconds for one new node, and for finding one that exists.

    The collector is off as in `timeit`; what it adds in a young process, where each full collection
    walks all of SymPy, has a row of its own.
    """
    x, y = sg.input("x"), sg.input("y")
    fresh = [sg.input(f"v{i}") for i in range(20_000)]

    def make() -> float:
        kept: list[Node] = []
        start = time.perf_counter()
        for v in fresh:
            kept.append(v * y)
        return time.perf_counter() - start

    def find() -> None:
        for _ in range(20_000):
            _ = x * y

    def create() -> float:
        return statistics.median(make() for _ in range(9)) / 20_000 * 1e6

    keep = x * y
    collected = create()
    gc.disable()
    rows = [
        Row("create a node (x*y)", create(), "µs", 2.0),
        Row("the same with the garbage collector on", collected, "µs"),
        Row("find an existing node", repeat(find) / 20_000 * 1e6, "µs", 2.0),
    ]
    gc.enable()
    del keep
    return rows


def random_dag(nodes: int) -> tuple[Node, list[Node]]:
    """A scalar graph of sums, products, differences, tanh, sin and constant factors."""
    draw = random.Random(0)
    inputs = [sg.input(f"x{i}") for i in range(50)]
    values: list[Node] = list(inputs)
    for i in range(nodes):
        a, b = values[-1], draw.choice(values[-200:])
        kind = i % 6
        if kind == 0:
            made = a + b
        elif kind == 1:
            made = a * b
        elif kind == 2:
            made = sg.tanh(a)
        elif kind == 3:
            made = a - b
        elif kind == 4:
            made = sg.sin(a)
        else:
            made = a * 0.5
        values.append(made)
    return values[-1], inputs


def scalar_dag() -> list[Row]:
    """Seconds to build and to differentiate scalar graphs of 1k, 10k and 100k nodes."""
    rows: list[Row] = []
    for nodes in (1_000, 10_000, 100_000):
        start = time.perf_counter()
        root, inputs = random_dag(nodes)
        built = time.perf_counter()
        present = [x for x in variables([root]) if x in inputs]
        asked = time.perf_counter()
        gradients = sg.grad(root, present)
        done = time.perf_counter()
        last = nodes == 100_000
        size = dag_size(root, *gradients)[0]
        rows.append(Row(f"build {nodes} scalar nodes", built - start, "s", 1.0 if last else None))
        rows.append(
            Row(f"gradient of {nodes} scalar nodes", done - asked, "s", 2.0 if last else None)
        )
        rows.append(
            Row("the same per node", (done - asked) / nodes * 1e6, "µs", note=f"{size} nodes")
        )
    rows.append(Row("peak memory with 100000 nodes", peak_megabytes(), "MB", 500.0))
    return rows
