"""Small samples that the lectures train their systems on; for others samples at random."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from symgraph.facts import as_facts
from symgraph.sample import draw

if TYPE_CHECKING:
    from symgraph.train.spec import Spec

__all__ = ["ORDERS", "drawn", "of_lecture"]

Array = NDArray[Any]

#: Samples that are drawn where their number is open.
DRAWN = 32
CORNERS = np.array([*product((0.0, 1.0), repeat=2)])


def _and() -> Mapping[str, Any]:
    """AND of two inputs, answered by 1 or -1."""
    return {"x": CORNERS, "y": [-1.0, -1.0, -1.0, 1.0]}


def _bipolar_and() -> Mapping[str, Any]:
    """AND of two inputs, with -1 for no in these too."""
    return {"x": 2 * CORNERS - 1, "y": [-1.0, -1.0, -1.0, 1.0]}


def _two_cars() -> Mapping[str, Any]:
    """Two cars on a grid of places: +1 where they are at least 1 apart."""
    x = np.array([*product(np.arange(7) / 2, repeat=2)])
    return {"x": x, "y": np.where(abs(x[:, 0] - x[:, 1]) >= 1, 1.0, -1.0)}


def _cubic() -> Mapping[str, Any]:
    """The cubic that the six rectified units come near to."""
    x = np.linspace(-1.5, 1.5, 61)
    return {"x": x, "y": x**3 + x**2 - x - 1}


def _square() -> Mapping[str, Any]:
    """The square of the numbers from -2 to 3."""
    x = np.arange(-2.0, 4.0)
    return {"x": x, "y": x**2}


def _hello() -> Mapping[str, Any]:
    """The letters h, e, l, l as 0, 1, 2, 2, and those after them."""
    return {"x": np.array([0, 1, 2, 2]), "y": np.array([1, 2, 2, 3])}


def _worked_example() -> Mapping[str, Any]:
    return {"A": 0.35, "B": 0.9, "t": 0.5}


#: How a system takes its samples, where it is told: one after the other, round and round.
ORDERS: dict[str, dict[str, Any]] = {"perceptron": {"batch_size": 1, "shuffle": False}}

_SAMPLES: dict[str, Callable[[], Mapping[str, Any]]] = {
    "perceptron": _and,
    "hebb": _bipolar_and,
    "cd1": lambda: {"v": np.array([[1.0, 0.0, 1.0], [0.0, 1.0, 0.0]])},
    "xor-mlp": lambda: {"x": CORNERS, "d": [0.0, 1.0, 1.0, 0.0]},
    "two-cars-trained": _two_cars,
    "universal-fit": _cubic,
    "hypothesis": _square,
    "hello": _hello,
    "worked-example": _worked_example,
    "worked-example-update": _worked_example,
    "hinge": lambda: {"φ(x)": [2.0, -1.0], "y": 1.0},
    "squared": lambda: {"φ(x)": [2.0, -1.0], "y": 1.0},
    "two-layer": lambda: {"φ(x)": [1.0, 2.0], "y": 1.0},
}


def of_lecture(name: str, spec: Spec) -> dict[str, Array] | None:
    """The samples of a lecture for a system; None where there are none, or of other sizes."""
    made = _SAMPLES.get(name)
    found = {key: np.asarray(value) for key, value in made().items()} if made else {}
    fits = [
        key in found
        and found[key].ndim == len(leaf.shape)
        and all(
            not isinstance(size, int) or size == length
            for size, length in zip(leaf.shape, found[key].shape, strict=True)
        )
        for key, leaf in spec.inputs.items()
    ]
    return found if found and all(fits) else None


def drawn(spec: Spec, facts: Iterable[Any]) -> dict[str, Array]:
    """Numbers at random for the inputs of a model, the same every time, as `facts` want them."""
    dims = {} if spec.batch is None else {spec.batch: DRAWN}
    sample = draw([spec.loss], 0, dims=dims, facts=as_facts(list(facts)))
    return {key: np.asarray(sample.values[leaf]) for key, leaf in spec.inputs.items()}
