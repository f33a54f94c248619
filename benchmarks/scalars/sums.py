"""Sums and products of many alike terms: a long product, Lennard-Jones, a Gaussian mixture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from itertools import combinations, product
from operator import mul
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from benchmarks.workload import Scalars

__all__ = ["LennardJones", "Mixture", "Product"]


def total(terms: Sequence[Any], m: Any) -> Any:
    """Their sum, in one go where a system has that: SymPy takes quadratic time one by one."""
    return m.Add(*terms) if hasattr(m, "Add") else sum(terms[1:], terms[0])


@dataclass(frozen=True)
class Product(Scalars):
    """The product of all variables."""

    count: int = 1000
    scales: ClassVar[tuple[str, ...]] = ("count",)

    def point(self, draw: np.random.Generator) -> NDArray[Any]:
        return draw.uniform(0.9, 1.1, self.count)

    def formulas(self, x: Sequence[Any], m: Any) -> list[Any]:
        return [m.Mul(*x) if hasattr(m, "Mul") else reduce(mul, x)]

    def jax(self, x: Any) -> Any:
        return x.prod()


@dataclass(frozen=True)
class LennardJones(Scalars):
    """The energy of atoms in space: the sum over pairs of 4 (1/r^12 - 1/r^6)."""

    atoms: int = 50
    scales: ClassVar[tuple[str, ...]] = ("atoms",)

    def point(self, draw: np.random.Generator) -> NDArray[Any]:
        side = int(np.ceil(self.atoms ** (1 / 3)))
        grid = np.array(list(product(range(side), repeat=3)))[: self.atoms]
        return (1.1 * grid + draw.uniform(-0.1, 0.1, grid.shape)).ravel()

    def formulas(self, x: Sequence[Any], m: Any) -> list[Any]:
        terms = []
        for i, j in combinations(range(self.atoms), 2):
            gaps = [x[3 * i + k] - x[3 * j + k] for k in range(3)]
            inverse = 1 / (gaps[0] * gaps[0] + gaps[1] * gaps[1] + gaps[2] * gaps[2])
            cube = inverse * inverse * inverse
            terms.append(4 * (cube * cube - cube))
        return [total(terms, m)]

    def jax(self, x: Any) -> Any:
        i, j = np.triu_indices(self.atoms, 1)
        places = x.reshape(self.atoms, 3)
        gaps = places[i] - places[j]
        cube = (1 / (gaps * gaps).sum(axis=1)) ** 3
        return 4 * (cube * cube - cube).sum()


@dataclass(frozen=True)
class Mixture(Scalars):
    """The log-likelihood of points in the plane under a mixture of Gaussians.

    Variables: for each Gaussian its log-weight, its mean, and the triangular root of its inverse
    covariance with the logarithms of its diagonal, 6 together; then the points.
    """

    points: int = 100
    parts: int = 5
    scales: ClassVar[tuple[str, ...]] = ("points",)

    @property
    def wanted(self) -> int:
        return 6 * self.parts

    def point(self, draw: np.random.Generator) -> NDArray[Any]:
        return draw.normal(0, 0.5, 6 * self.parts + 2 * self.points)

    def formulas(self, x: Sequence[Any], m: Any) -> list[Any]:
        parts = [x[6 * k : 6 * k + 6] for k in range(self.parts)]
        diagonals = [(m.exp(p[3]), m.exp(p[5])) for p in parts]
        weight = total([m.exp(p[0]) for p in parts], m)
        terms = []
        for n in range(self.points):
            a, b = x[self.wanted + 2 * n], x[self.wanted + 2 * n + 1]
            densities = []
            for p, (first, second) in zip(parts, diagonals, strict=True):
                u = first * (a - p[1])
                v = p[4] * (a - p[1]) + second * (b - p[2])
                densities.append(m.exp(p[0] + p[3] + p[5] - 0.5 * (u * u + v * v)))
            terms.append(m.log(total(densities, m)))
        return [total(terms, m) - self.points * m.log(weight)]

    def jax(self, x: Any) -> Any:
        import jax.numpy as jnp

        p, points = x[: self.wanted].reshape(-1, 6).T, x[self.wanted :].reshape(-1, 2)
        a, b = points[:, :1] - p[1], points[:, 1:] - p[2]
        u, v = jnp.exp(p[3]) * a, p[4] * a + jnp.exp(p[5]) * b
        densities = jnp.exp(p[0] + p[3] + p[5] - 0.5 * (u * u + v * v))
        weight = jnp.log(jnp.exp(p[0]).sum())
        return jnp.log(densities.sum(axis=1)).sum() - self.points * weight
