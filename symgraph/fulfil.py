"""Values changed so that facts about them hold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import sympy
from numpy.typing import NDArray

from symgraph.errors import NonFiniteError
from symgraph.evaluate import evaluate_above
from symgraph.facts import Fact, is_symmetric
from symgraph.node import Node
from symgraph.ops import Einsum, Var
from symgraph.ops.let import bare
from symgraph.walks import variables

__all__ = ["fulfil"]

Array = NDArray[Any]

#: Newton steps, the width of its difference quotients, and how well an equation must hold.
STEPS = 30
WIDTH = 1e-6
ACCURACY = 1e-12


def fulfil(
    values: dict[Node, Array],
    facts: Sequence[Fact],
    free: Sequence[Node],
    dims: Mapping[sympy.Symbol, int],
) -> None:
    """Change the values of the free variables until the facts hold.

    What is summed up to a number becomes positive, as probabilities are; other equations are
    solved by Newton's method with the smallest change (Ben-Israel 1966).
    Raises NonFiniteError where a condition does not hold, or no values were found.
    """
    for fact in facts:
        _share_out(fact, values, free, dims)
    equations = [fact for fact in facts if fact.right is not None]
    if equations:
        _solve(equations, values, free, dims)
    for fact in facts:
        if fact.right is None and not np.all(_value(fact.left, values, dims)):
            raise NonFiniteError(f"{fact} does not hold at the values drawn")


def _value(node: Node, values: Mapping[Node, Array], dims: Mapping[sympy.Symbol, int]) -> Array:
    return np.asarray(evaluate_above([node], values, dims)[node])


def _share_out(
    fact: Fact, values: dict[Node, Array], free: Sequence[Node], dims: Mapping[sympy.Symbol, int]
) -> None:
    """A sum of the entries of one variable brought to the number that it is to be."""
    total = bare(fact.left)
    if fact.right is None or not isinstance(total, Einsum) or len(total.args) != 1:
        return
    (source,), (indices,) = total.args, total.ins
    if source not in free or variables([fact.right]) or len(set(indices)) < len(indices):
        return
    axes = tuple(k for k, i in enumerate(indices) if i not in total.out)
    wanted = _value(fact.right, values, dims)
    if not axes or np.any(wanted <= 0) or (wanted.ndim and wanted.ndim != source.ndim - len(axes)):
        return
    parts = np.abs(values[source]) + 0.1
    parts /= np.sum(parts, axis=axes, keepdims=True)
    values[source] = parts * (np.expand_dims(wanted, axes) if wanted.ndim else wanted)


def _solve(
    equations: Sequence[Fact],
    values: dict[Node, Array],
    free: Sequence[Node],
    dims: Mapping[sympy.Symbol, int],
) -> None:
    sides = [side for fact in equations for side in (fact.left, fact.right) if side is not None]
    moved = [v for v in variables(sides) if v in free and v.kind == "real"]

    def residual() -> Array:
        found = evaluate_above(sides, values, dims)
        gaps = [
            np.subtract(found[f.left], found[f.right]).ravel()
            for f in equations
            if f.right is not None
        ]
        return np.concatenate(gaps).astype(float)

    def move(change: Array) -> None:
        at = 0
        for v in moved:
            part = change[at : at + values[v].size].reshape(values[v].shape)
            at += values[v].size
            values[v] = values[v] + ((part + part.T) / 2 if is_symmetric(v, equations) else part)

    size = sum(values[v].size for v in moved)
    for _ in range(STEPS):
        gap = residual()
        if np.max(np.abs(gap), initial=0.0) <= ACCURACY:
            return
        slopes = np.empty((gap.size, size))
        for k in range(size):
            unit = np.zeros(size)
            unit[k] = WIDTH
            move(unit)
            slopes[:, k] = (residual() - gap) / WIDTH
            move(-unit)
        move(-np.linalg.pinv(slopes) @ gap)
    names = ", ".join(v.name for v in moved if isinstance(v, Var))
    raise NonFiniteError(
        f"no values of {names or 'free variables'} were found at which "
        f"{' and '.join(map(str, equations))}"
    )
