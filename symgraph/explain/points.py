"""Random points for a derivation: the value of everything that its lines give a name.

A point is an assignment of sizes and of arrays that keep what was declared of the variables. Sizes
with names are all different at one point, and some of them 1 at another.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import sympy

from symgraph.abstract import smooth_instances
from symgraph.errors import SymgraphError
from symgraph.evaluate import evaluate_above
from symgraph.explain.naming import Naming
from symgraph.node import Node
from symgraph.ops import Var
from symgraph.ops.sweep import Adjoints
from symgraph.sample import Sample, draw
from symgraph.shapes import dim_symbols
from symgraph.walks import topological

__all__ = ["Point", "points"]

#: Larger expressions are not evaluated.
MOST_NODES = 5000
#: At a smooth point a change of this relative size changes no value by more than the second.
NUDGE, STEADY = 1e-10, 1e-5


@dataclass(frozen=True)
class Point:
    """Values by node, with the stand-ins of named derivatives, and sizes by symbol."""

    values: Mapping[Node, Any]
    sample: Sample
    roots: Sequence[Node]
    seed: int

    @property
    def dims(self) -> Mapping[sympy.Symbol, int]:
        """Sizes by symbol."""
        return self.sample.dims

    def is_steady(self) -> bool:
        """Whether the values hardly change when the variables hardly do: else digits are noise."""
        generator = np.random.default_rng(1)
        nudged = {
            variable: array * (1 + NUDGE * generator.standard_normal(np.shape(array)))
            if np.asarray(array).dtype.kind == "f"
            else array
            for variable, array in self.sample.values.items()
        }
        try:
            with smooth_instances(self.seed):
                moved = evaluate_above(self.roots, nudged, self.dims)
        except (SymgraphError, ArithmeticError, np.linalg.LinAlgError):
            return False
        return all(_is_near(moved[root], self.values[root]) for root in self.roots)


def _is_near(moved: Any, before: Any) -> bool:
    size = np.max(np.abs(before), initial=0)
    return bool(np.all(np.abs(np.asarray(moved) - before) <= STEADY * (size + 1e-9)))


def points(
    naming: Naming, found: Adjoints, gradients: Sequence[Node], wanted: Sequence[Node]
) -> Iterator[Point]:
    """Up to two points at which the root and its gradients are finite.

    Raises SymgraphError when there is none.
    """
    if len(naming.forward.order) > MOST_NODES:
        raise SymgraphError(f"the expression has more than {MOST_NODES} nodes")
    roots = [naming.root, *gradients]
    leaves = [node for node in naming.forward.order if isinstance(node, Var)]
    symbols = sorted(set().union(*(dim_symbols(n.shape) for n in topological(roots))), key=str)
    reason: SymgraphError | None = None
    count = 0
    for seed, dims in _assignments(symbols):
        try:
            with smooth_instances(seed):
                sample = draw([*roots, *leaves], seed=seed, dims=dims, facts=naming.facts)
                values = _values(naming, found, roots, wanted, sample)
        except SymgraphError as error:
            reason = error
            continue
        except (ArithmeticError, ValueError, np.linalg.LinAlgError):
            continue
        count += 1
        yield Point(values, sample, roots, seed)
        if count == 2:
            return
    if count == 0:
        raise reason or SymgraphError("no finite values were found")


def _assignments(symbols: Sequence[sympy.Symbol]) -> Iterator[tuple[int, dict[sympy.Symbol, int]]]:
    """Sizes for one point after the other: all different, then with some of them 1."""
    yield 7, {}
    if symbols:
        yield 11, {s: 1 if k % 2 == 0 else k + 2 for k, s in enumerate(symbols)}
        yield 12, {s: 1 if k % 2 else k + 2 for k, s in enumerate(symbols)}
    yield 13, {s: 2 * len(symbols) + 2 - k for k, s in enumerate(symbols)}


def _values(
    naming: Naming,
    found: Adjoints,
    roots: Sequence[Node],
    wanted: Sequence[Node],
    sample: Sample,
) -> dict[Node, Any]:
    """The values of all nodes that have a name or stand in a step.

    A derivative that got a name is a variable in the sweep after it: its value is put in.
    """
    values = evaluate_above(
        [*roots, *naming.forward.order, *naming.forward.names], sample.values, sample.dims
    )
    for _, place, ct in naming.places:
        values = evaluate_above([ct], values, sample.dims)
        values[place] = naming.sign * np.asarray(values[ct])
    written = [node for nodes in naming.labels.values() for node in nodes]
    labelled = [found.cotangent[node] for node in written if node in found.cotangent]
    return evaluate_above([*labelled, *wanted], values, sample.dims)
