"""Gradients against depth: what a stack of equal layers makes of a small change of its input."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from symgraph.answers import answer_calls
from symgraph.build.activations import relu, sigmoid
from symgraph.build.coerce import as_node
from symgraph.build.declare import input
from symgraph.build.elementary import tanh
from symgraph.codegen.program import compile
from symgraph.errors import KindError, RangeError, ShapeError
from symgraph.expanded.ranges import slope_range
from symgraph.grad import jacobian
from symgraph.node import Node
from symgraph.phenomena.pictures import curves
from symgraph.phenomena.table import Table
from symgraph.rounding import shown

__all__ = ["gradients_by_depth", "verdict"]

Array = NDArray[Any]
Layer = Callable[[Node], Any]

#: Layers of the lectures, of one unit each.
LAYERS: dict[str, Layer] = {
    "σ(v)": sigmoid,
    "tanh(v/2)": lambda v: tanh(v / 2),
    "v + tanh(v/2)": lambda v: v + tanh(v / 2),
    "ReLU(v)": relu,
}


def gradients_by_depth(
    layers: Mapping[str, Layer] | None = None,
    depths: Sequence[int] = (1, 2, 5, 10, 20, 50),
    start: Any = 0.5,
) -> Table:
    """The spectral norm of ∂v_L/∂v_0 where v_k = layer(v_{k-1}), against the depth L.

    `layers` are functions by name, from an array of the shape of `start` to one of the same shape;
    by default a logistic, a plain, a residual and a rectified unit. Where all derivatives of a
    function of one number lie in a known range, a column says what the norm is at most.
    Raises ShapeError for a layer that changes the shape, RangeError for depths below 1.
    Source: He, Zhang, Ren and Sun 2016, section 4.1, on the two kinds of chains.

    >>> import symgraph as sg
    >>> table = gradients_by_depth(depths=[5, 20])
    >>> [round(x, 6) for x in table["v + tanh(v/2)"]]
    [4.345084, 4.987528]
    """
    counted = checked_counts(depths, "gradients_by_depth: depths")
    given = LAYERS if layers is None else layers
    if not given:
        raise RangeError("gradients_by_depth: there are no layers. Give a function by its name.")
    at = np.asarray(start, dtype=float)
    columns: dict[str, list[Any]] = {"L": list(counted)}
    bounds: dict[str, list[float]] = {}
    notes: list[str] = []
    for name, layer in given.items():
        norms, steepest = _norms(name, layer, at, counted[-1])
        columns[name] = [norms[depth] for depth in counted]
        if steepest is not None:
            bounds[f"{name} at most"] = [steepest**depth for depth in counted]
        notes.append(verdict(name, norms, "layer"))
    drawing = partial(curves, names=list(given), bounds=list(bounds), upwards="norm")
    title = "‖∂v_L/∂v_0‖ after L layers"
    own = frozenset(columns)
    return Table(title, {**columns, **bounds}, tuple(notes), drawing, own)


def checked_counts(given: Sequence[int], where: str) -> tuple[int, ...]:
    """Whole numbers from 1 in ascending order. Raises KindError and RangeError for others."""
    for one in given:
        if isinstance(one, bool) or not isinstance(one, (int, np.integer)):
            raise KindError(f"{where} has {one!r}; write whole numbers from 1.")
        if one < 1:
            raise RangeError(f"{where} has {one}; write whole numbers from 1.")
    if not given:
        raise RangeError(f"{where} is empty; write whole numbers from 1.")
    return tuple(sorted({int(one) for one in given}))


def _norms(name: str, layer: Layer, start: Array, depth: int) -> tuple[list[float], float | None]:
    """The norms after 0, 1, ... layers, and the largest slope that the layer can have."""
    v = input("v", start.shape)
    y = as_node(layer(v), f"gradients_by_depth: layer {name!r}")
    if y.shape != v.shape:
        raise ShapeError(
            f"gradients_by_depth: layer {name!r} makes shape {y.shape} of {v.shape}, and layers "
            "are stacked. Keep the shape, or give a `start` of another one."
        )
    program = compile([v], [y, jacobian(y, v)])
    product = np.eye(start.size)
    norms = [1.0]
    at = start
    for _ in range(depth):
        at, slope = program(at)
        product = np.reshape(slope, (start.size, start.size)) @ product
        norms.append(float(np.linalg.norm(product, 2)))
    known = slope_range(y) if y.args == (v,) else None
    return norms, None if known is None else max(abs(known.low), abs(known.high))


def verdict(name: str, norms: Sequence[float], unit: str) -> str:
    """What the norms do at the end, in words: they vanish, explode, or stay."""
    last, before = norms[-1], norms[-2]
    if last == 0.0 or before == 0.0:
        return f"{name}: the gradient is 0."
    rate = last / before
    factor = f"by a factor of {shown(rate, 4)} a {unit} at the end"
    if abs(rate - 1) > 1e-3:
        slowly = " slowly" if abs(rate - 1) < 0.02 else ""
        does = "vanishes" if rate < 1 else "explodes"
        return f"{name}: the gradient {does}{slowly}, {factor}."
    return f"{name}: the gradient stays at {shown(last, 4)}."


answer_calls(globals(), __all__)
