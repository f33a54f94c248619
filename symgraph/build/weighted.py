"""Means in which samples count more or less, or not at all."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from symgraph.build.arithmetic import divide, multiply
from symgraph.build.coerce import as_node
from symgraph.build.conditions import indicator, not_equal, where
from symgraph.build.contract import mean, sum as total
from symgraph.errors import ShapeError
from symgraph.node import Node
from symgraph.ops.einsum import einsum_node
from symgraph.shapes import same_dim, shape_text

__all__ = ["weighted_mean"]

Axis = int | Sequence[int] | None


def weighted_mean(
    values: Any, weight: Any = None, axis: Axis = None, keepdims: bool = False
) -> Node:
    """sum(weight * values) / sum(weight) over all or some axes; without a weight the plain mean.

    Shapes: values (N, ...); weight has the first axes of values, such as (N,) for one weight a
    sample, and holds for all entries behind them; result () or the axes that are left. A weight may
    be boolean: a mask. An entry of weight 0 counts as if it were not there, in the value and in its
    gradient; where all are 0 the mean is 0. With equal weights this is the plain mean. Keras
    divides by the number of samples instead, torch by the sum of the weights as here.
    Raises ShapeError for a weight of another shape.

    >>> import symgraph as sg
    >>> error, w = sg.input("error", ("N", 3)), sg.input("w", "N")
    >>> print(sg.weighted_mean(error[:, 0], w))
    sum(w*error[:, 0])/where(sum(w) != 0, sum(w), 1)
    >>> sg.evaluate(sg.weighted_mean(error, w), {"error": [[1, 1, 1], [3, 3, 3]], "w": [3, 1]})
    array(1.5)
    >>> states, mask = sg.input("h", ("T", "N", 8)), sg.input("mask", ("T", "N"), kind="boolean")
    >>> sg.weighted_mean(states, mask, axis=0).shape
    (N, 8)
    """
    node = as_node(values, "weighted_mean")
    if weight is None:
        return mean(node, axis, keepdims)
    weights = spread_weight(node, as_node(weight, "weighted_mean: weight"))
    count = total(weights, axis, keepdims)
    return divide(
        total(multiply(weights, node), axis, keepdims), where(not_equal(count, 0), count, 1)
    )


def spread_weight(values: Node, weight: Node) -> Node:
    """A weight for every entry of some values; ShapeError for a weight of another shape."""
    leading = values.shape[: weight.ndim]
    if weight.ndim > values.ndim or not all(map(same_dim, weight.shape, leading)):
        raise ShapeError(
            f"weight has shape {shape_text(weight.shape)}, and the values that it weights "
            f"{shape_text(values.shape)}. Give one weight for each sample, of shape "
            f"{shape_text(values.shape[:1])}, or one for each value."
        )
    if weight.kind == "boolean":
        weight = indicator(weight)
    if weight.ndim == values.ndim:
        return weight
    axes = tuple(range(values.ndim))
    sizes = {axis: values.shape[axis] for axis in axes[weight.ndim :]}
    return einsum_node([axes[: weight.ndim]], axes, sizes, (weight,))
