"""What a workload is: sizes, data, one expression for symgraph and one small function a peer."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, ClassVar, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from symgraph.node import Node

__all__ = ["Arrays", "Rule", "Scalars", "TrainStep", "jax_function", "normal"]

Arrays: TypeAlias = dict[str, NDArray[Any]]


@dataclass(frozen=True)
class Rule:
    """The optimizer of a train step, in words that every system knows."""

    kind: Literal["sgd", "momentum", "adam", "adagrad"]
    rate: float
    clip: float | None = None


@dataclass(frozen=True)
class TrainStep(ABC):
    """A network and its optimizer; the fields of a workload are its sizes.

    Every system computes the loss, its gradients and the new parameters from arrays of these names.
    A system whose function a workload lacks takes no part.
    """

    batch: int = 32
    #: Whether symgraph's program is made for any batch size, or for this one as JAX's is.
    free: bool = True

    rule: ClassVar[Rule] = Rule("adam", 1e-3)
    #: The fields that `--scale` multiplies.
    scales: ClassVar[tuple[str, ...]] = ()

    @abstractmethod
    def start(self, draw: np.random.Generator) -> Arrays:
        """The parameters before the first step."""

    @abstractmethod
    def data(self, draw: np.random.Generator) -> Arrays:
        """The inputs of a step: real numbers, or int64."""

    @abstractmethod
    def symgraph(self) -> Node:
        """The loss."""

    @abstractmethod
    def numpy(self, p: Arrays, d: Arrays) -> Callable[[], tuple[Any, dict[str, Any]]]:
        """By hand: a function that gives the loss and the gradients."""

    @abstractmethod
    def flops(self) -> float:
        """Additions and multiplications of the matrix products of a step, or 0."""

    @property
    def rows(self) -> Any:
        """The batch size as symgraph's shapes have it."""
        return "N" if self.free else self.batch

    def scaled(self, factor: float) -> Any:
        """The same with the sizes in `scales` multiplied."""
        changed = {name: _times(getattr(self, name), factor) for name in self.scales}
        return replace(self, **changed)


def _times(size: Any, factor: float) -> Any:
    if isinstance(size, tuple):
        return tuple(_times(one, factor) for one in size)
    return max(1, round(size * factor))


@dataclass(frozen=True)
class Scalars(ABC):
    """Formulas in scalar variables, whose values and Jacobian are wanted, in float64.

    `formulas` is written in the functions of a namespace, which SymPy, CasADi and NumPy have; an
    array language gets a function of the whole vector, `jax`.
    """

    scales: ClassVar[tuple[str, ...]] = ()

    @abstractmethod
    def point(self, draw: np.random.Generator) -> NDArray[Any]:
        """Where they are evaluated: as many numbers as there are variables."""

    @abstractmethod
    def formulas(self, x: Sequence[Any], m: Any) -> list[Any]:
        """The formulas; `m` has sin, cos, sqrt, exp and log."""

    @property
    def wanted(self) -> int:
        """By how many of the variables, the first ones, they are differentiated."""
        return len(self.point(np.random.default_rng(0)))

    scaled = TrainStep.scaled


def normal(draw: np.random.Generator, *shape: int, scale: float | None = None) -> NDArray[Any]:
    """Normal numbers that float32 holds exactly, by default of size 1/sqrt(rows)."""
    size = shape[0] ** -0.5 if scale is None else scale
    return (draw.standard_normal(shape) * size).astype(np.float32).astype(np.float64)


def jax_function(name: str) -> Callable[[Any], Any]:
    """JAX's activation of a name, gelu in its exact form as elsewhere."""
    import jax

    found: Callable[[Any], Any] = getattr(jax.nn, name)
    return partial(found, approximate=False) if name == "gelu" else found
