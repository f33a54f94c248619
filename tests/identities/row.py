"""What a row of the table is, and how its variables are drawn."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property
from types import SimpleNamespace
from typing import Any

import numpy as np

import symgraph as sg
from symgraph.node import Node
from symgraph.walks import variables

__all__ = ["SHAPES", "SQUARE", "TALL", "Problem", "Row", "arrays_of", "v"]

Arrays = dict[str, Any]

#: Sizes n, p, k, q: non-square, the other way round, with single entries, all of size 1.
SHAPES = ((4, 3, 5, 2), (2, 5, 3, 4), (3, 1, 1, 2), (1, 4, 2, 1), (1, 1, 1, 1))
#: For rows with one square matrix.
SQUARE = ((3, 3, 3, 3), (4, 2, 5, 3), (2, 4, 1, 1), (1, 3, 2, 1), (1, 1, 1, 1))
#: For rows with a matrix of full column rank.
TALL = ((4, 3, 5, 2), (5, 2, 3, 4), (3, 1, 2, 1), (1, 1, 1, 1))


def v(name: str, *shape: Any, kind: str = "real") -> Node:
    """A variable."""
    return sg.input(name, shape, kind)


@dataclass(frozen=True)
class Problem:
    """What is differentiated, by what, and which equations hold."""

    expr: Node
    wrt: Any
    assume: Mapping[Any, Any] = field(default_factory=dict)
    derive: Callable[[], Any] | None = None

    @cached_property
    def derivation(self) -> Any:
        """The derivation of the row, made once for all that is asked of it."""
        if self.derive is not None:
            return self.derive()
        return sg.derive(self.expr, self.wrt, assume=self.assume)


@dataclass(frozen=True)
class Row:
    """One identity.

    `expected` is the table's own text; `names` are the names that this text introduces, which a
    printed line may use without counting their definitions. `closed` is the expected gradient in
    NumPy. `domains` are the conditions on the variables, by name.
    """

    number: int
    id: str
    f: str
    expected: str
    build: Callable[[SimpleNamespace], Problem]
    closed: Callable[[SimpleNamespace], Any]
    shapes: tuple[tuple[int, int, int, int], ...] = SHAPES
    names: tuple[str, ...] = ()
    domains: Mapping[str, str] = field(default_factory=dict)
    kind: str = "gradient"

    def problem(self, shape: tuple[int, int, int, int]) -> Problem:
        """The row at the sizes n, p, k, q."""
        return _built(self.build, shape)


@cache
def _built(build: Callable[[SimpleNamespace], Problem], shape: tuple[int, ...]) -> Problem:
    return build(SimpleNamespace(**dict(zip("npkq", shape, strict=True))))


def arrays_of(row: Row, problem: Problem, seed: int) -> Arrays:
    """Random values of the variables of a problem, of the kind that the row asks for."""
    rng = np.random.default_rng(seed)
    leaves = {leaf.params[0]: leaf for leaf in variables([problem.expr])}
    return {
        name: _drawn(row.domains.get(name, ""), tuple(leaf.shape), leaf.kind, rng)
        for name, leaf in sorted(leaves.items())
    }


def _drawn(domain: str, shape: tuple[int, ...], kind: str, rng: np.random.Generator) -> Any:
    if kind == "integer":
        return rng.integers(0, 4, shape)
    plain = rng.normal(size=shape)
    if domain == "symmetric":
        return plain + plain.T
    if domain == "positive definite":
        return plain @ plain.T + np.eye(shape[0])
    if domain == "positive":
        return np.abs(plain) + 0.2
    if domain == "signs":
        return np.where(plain > 0, 1.0, -1.0)
    if domain == "sums to one":
        positive = np.abs(plain) + 0.1
        return positive / positive.sum(axis=-1, keepdims=True)
    return np.asarray(plain)
