"""Random values for the variables of an expression: of their shapes and kinds, off the kinks."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import sympy
from numpy.typing import NDArray

from symgraph.dual import Dual, DualRun, TooNear
from symgraph.errors import NonFiniteError, SymgraphError
from symgraph.facts import Fact, facts_about, is_positive, is_symmetric
from symgraph.fulfil import fulfil
from symgraph.node import Node
from symgraph.ops import Pull, Push, Var
from symgraph.ops.let import bare
from symgraph.ops.rows import Lookup
from symgraph.shapes import Dim, bind_dim, bind_shape, dim_symbols
from symgraph.walks import topological, variables

__all__ = ["Sample", "draw"]

Array = NDArray[Any]

#: Closer to a kink than this a difference quotient may straddle it.
CLEARANCE = 1e-3
ATTEMPTS = 16


class Sample(NamedTuple):
    """Values by variable, sizes by symbol, and how far the nearest kink is."""

    values: dict[Node, Array]
    dims: dict[sympy.Symbol, int]
    nearest_kink: float


def draw(
    roots: Sequence[Node],
    seed: int = 0,
    given: Mapping[Node, Array] | None = None,
    dims: Mapping[sympy.Symbol, int] | None = None,
    facts: Iterable[Fact] = (),
) -> Sample:
    """Random values for all variables that are not given.

    Sizes without a number become 3, 4, 5, ..., all different, so that axes cannot be confused.
    Real values are normal at first, and positive when the expression asks for it. They keep what
    was declared of the variables, and `facts` beside those in force.
    Raises NonFiniteError when no draw gives a finite value.
    """
    claimed = [*facts, *facts_about(roots)]
    sizes = _sizes(roots, dims or {})
    free = [v for v in variables(roots) if v not in (given or {})]
    limits = _limits(roots)
    generator = np.random.default_rng(seed)
    best: Sample | None = None
    reason = "values are not finite"
    for attempt in range(ATTEMPTS if free else 1):
        values = dict(given or {})
        for one in free:
            later = attempt >= ATTEMPTS // 2
            values[one] = _drawn(one, sizes, limits.get(one), generator, later, claimed)
        try:
            fulfil(values, claimed, free, sizes)
            distance = _clearance(roots, values, sizes, best.nearest_kink if best else -math.inf)
        except TooNear:
            continue
        except (SymgraphError, ArithmeticError, np.linalg.LinAlgError) as error:
            reason = str(error)
            continue
        if distance is not None:
            best = Sample(values, sizes, distance)
        if best is not None and best.nearest_kink > CLEARANCE:
            break
    if best is None:
        raise NonFiniteError(
            f"check: no finite value of {roots[0]} was found in {ATTEMPTS} draws ({reason}). "
            "Give values= at which it is defined."
        )
    return best


def _sizes(roots: Sequence[Node], dims: Mapping[sympy.Symbol, int]) -> dict[sympy.Symbol, int]:
    found = dict(dims)
    shapes = [node.shape for node in topological(roots)]
    symbols = set().union(*map(dim_symbols, shapes))
    taken = {*found.values(), *(size for shape in shapes for size in shape)}
    following = 3
    for symbol in sorted(symbols - set(found), key=str):
        while following in taken:
            following += 1
        found[symbol] = following
        taken.add(following)
    return found


def _limits(roots: Sequence[Node]) -> dict[Node, Dim]:
    """For integer variables that address an axis: its size."""
    found: dict[Node, Dim] = {}
    for node in topological(roots):
        if not isinstance(node, (Pull, Push)):
            continue
        sizes = node.args[0].shape if isinstance(node, Pull) else node.shape
        for row, size in zip(node.rows, sizes, strict=True):
            if isinstance(row, Lookup):
                found[bare(node.args[row.operand])] = size
    return found


def _drawn(
    variable: Node,
    sizes: Mapping[sympy.Symbol, int],
    limit: Dim | None,
    generator: np.random.Generator,
    positive: bool,
    facts: Sequence[Fact],
) -> Array:
    assert isinstance(variable, Var)
    shape = bind_shape(variable.shape, sizes)
    if variable.kind == "boolean":
        return generator.random(shape) < 0.5
    if variable.kind == "integer":
        return generator.integers(0, 4 if limit is None else bind_dim(limit, sizes), shape)
    if positive or is_positive(variable, facts):
        drawn = np.asarray(generator.uniform(0.2, 0.9, shape))
    else:
        drawn = np.asarray(generator.normal(size=shape))
    if variable.options.get("positive_definite"):
        return np.asarray(drawn @ drawn.T + 0.5 * np.eye(len(drawn)))
    return np.asarray((drawn + drawn.T) / 2) if is_symmetric(variable, facts) else drawn


def _clearance(
    roots: Sequence[Node],
    values: Mapping[Node, Array],
    sizes: Mapping[sympy.Symbol, int],
    least: float,
) -> float | None:
    """The distance to the nearest kink; None where a value is not finite.

    Raises TooNear when the distance is `least` or below.
    """
    still = {node: Dual(array, np.zeros(np.shape(array))) for node, array in values.items()}
    run = DualRun(roots, still, sizes, least)
    finite = all(np.all(np.isfinite(np.asarray(run[root].value, dtype=float))) for root in roots)
    return run.nearest_kink if finite else None
