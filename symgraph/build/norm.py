"""Normalisation: of the features of one case, or of one feature over the cases of a batch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, overload

from symgraph.build.arithmetic import add, divide, multiply, sqrt, square, subtract
from symgraph.build.coerce import as_node
from symgraph.build.conditions import where
from symgraph.build.contract import mean
from symgraph.build.noise import switch
from symgraph.build.updates import with_updates
from symgraph.build.weighted import weighted_mean
from symgraph.errors import KindError, ShapeError
from symgraph.node import Node
from symgraph.ops.leaves import Var
from symgraph.ops.reshape import reshape_node
from symgraph.shapes import Shape, normalize_axes, same_shape, shape_text

__all__ = ["batch_norm", "layer_norm"]

Axis = int | Sequence[int]


def layer_norm(
    x: Any, gamma: Any = None, beta: Any = None, axis: Axis = -1, epsilon: float = 1e-5
) -> Node:
    """(x - mean) / sqrt(variance + epsilon) * gamma + beta, each case by itself.

    Mean and variance (with 1/m) run over `axis`: the features. gamma and beta have the sizes of
    these axes; without them they are 1 and 0.
    Raises ShapeError when gamma or beta has another shape.
    Source: Ba, Kiros and Hinton 2016, arXiv 1607.06450.

    >>> import symgraph as sg
    >>> x = sg.input("x", ("N", 4))
    >>> sg.layer_norm(x, sg.parameter("gamma", 4, init=1.0), sg.parameter("beta", 4)).shape
    (N, 4)
    """
    node = as_node(x, "layer_norm")
    axes = normalize_axes(axis, node.ndim, "layer_norm")
    middle = mean(node, axes, keepdims=True)
    spread = mean(square(subtract(node, middle)), axes, keepdims=True)
    normal = _normalised(node, middle, spread, epsilon, "layer_norm")
    return _scaled(normal, gamma, beta, axes, "layer_norm")


@overload
def batch_norm(
    x: Any,
    gamma: Any = ...,
    beta: Any = ...,
    axis: Axis = ...,
    epsilon: float = ...,
    *,
    weight: Any = ...,
) -> Node: ...
@overload
def batch_norm(
    x: Any,
    gamma: Any = ...,
    beta: Any = ...,
    axis: Axis = ...,
    epsilon: float = ...,
    *,
    running: tuple[Node, Node],
    momentum: float = ...,
    training: Any = ...,
    weight: Any = ...,
) -> tuple[Node, dict[Node, Node]]: ...
def batch_norm(
    x: Any,
    gamma: Any = None,
    beta: Any = None,
    axis: Axis = 0,
    epsilon: float = 1e-5,
    *,
    running: tuple[Node, Node] | None = None,
    momentum: float = 0.9,
    training: Any = None,
    weight: Any = None,
) -> Node | tuple[Node, dict[Node, Node]]:
    """(x - mean) / sqrt(variance + epsilon) * gamma + beta, each feature over the batch.

    Mean and variance (with 1/m, also in the running variance) run over `axis`: the batch, for
    images in layout NCHW (0, 2, 3). gamma and beta have the sizes of the other axes. `weight` is
    that of `sg.weighted_mean`: 0 leaves a sample, or what pads a sequence, out of both.

    With `running`, two `sg.state` nodes of these sizes (mean and variance), the result is the
    value and the updates of the states, `{state: new value}`: in training the batch counts and
    each state becomes momentum * state + (1 - momentum) * statistic; in prediction the states
    count and stay. A model that uses the value makes these updates by itself. `training` is a
    bool, a boolean node, or by default the switch `sg.training()`, which dropout follows too.
    Without `running` the batch always counts.
    Raises ShapeError when gamma, beta or a state has another shape.
    Source: Ioffe and Szegedy 2015, ICML.

    >>> import symgraph as sg
    >>> x, gamma, beta = sg.input("x", ("N", 3)), sg.parameter("g", 3), sg.parameter("b", 3)
    >>> seen = sg.state("mean", 3), sg.state("variance", 3, init="ones")
    >>> y, updates = sg.batch_norm(x, gamma, beta, running=seen)
    >>> y.shape, list(updates) == list(seen)
    ((N, 3), True)
    """
    node = as_node(x, "batch_norm")
    batch = normalize_axes(axis, node.ndim, "batch_norm")
    features = tuple(a for a in range(node.ndim) if a not in batch)
    middle = weighted_mean(node, weight, batch, keepdims=True)
    spread = weighted_mean(square(subtract(node, middle)), weight, batch, keepdims=True)
    if running is None:
        normal = _normalised(node, middle, spread, epsilon, "batch_norm")
        return _scaled(normal, gamma, beta, features, "batch_norm")
    mode = switch(training, "batch_norm")
    statistics = (middle, spread)
    used: list[Node] = []
    updates: dict[Node, Node] = {}
    for state, statistic in zip(_checked(running), statistics, strict=True):
        kept = _along(state, node, features, "batch_norm: running")
        used.append(statistic if mode is True else kept)
        if mode is False:
            continue
        flat = reshape_node(statistic, state.shape)
        moved = add(multiply(momentum, state), multiply(1 - momentum, flat))
        updates[state] = moved
        if isinstance(mode, Node):
            used[-1] = where(mode, statistic, kept)
            updates[state] = where(mode, moved, state)
    normal = _normalised(node, used[0], used[1], epsilon, "batch_norm")
    value = _scaled(normal, gamma, beta, features, "batch_norm")
    return with_updates(value, updates), updates


def _checked(running: Any) -> tuple[Node, Node]:
    good = isinstance(running, (tuple, list)) and len(running) == 2
    if not good or not all(isinstance(one, Var) and one.role == "state" for one in running):
        raise KindError(
            "batch_norm: running must be two state nodes, the mean and the variance; declare "
            "them with sg.state(name, shape)."
        )
    first, second = running
    return first, second


def _normalised(x: Node, middle: Node, spread: Node, epsilon: float, title: str) -> Node:
    if isinstance(epsilon, bool) or not isinstance(epsilon, (int, float)) or epsilon < 0:
        raise KindError(f"{title}: epsilon must be a number of 0 or more, not {epsilon!r}.")
    return divide(subtract(x, middle), sqrt(add(spread, epsilon)))


def _scaled(x: Node, gamma: Any, beta: Any, axes: Sequence[int], title: str) -> Node:
    if gamma is not None:
        x = multiply(x, _along(as_node(gamma, title), x, axes, f"{title}: gamma"))
    if beta is not None:
        x = add(x, _along(as_node(beta, title), x, axes, f"{title}: beta"))
    return x


def _along(value: Node, x: Node, axes: Sequence[int], title: str) -> Node:
    """A value with the sizes of some axes of x, shaped so that it broadcasts along them."""
    want: Shape = tuple(x.shape[a] for a in axes)
    if not same_shape(value.shape, want):
        raise ShapeError(
            f"{title} has shape {shape_text(value.shape)}, x has {shape_text(x.shape)}, so it "
            f"needs {shape_text(want)}, the sizes of axes {tuple(axes)}. Give it that shape."
        )
    if tuple(axes) == tuple(range(x.ndim - len(axes), x.ndim)):
        return value  # broadcasts as it is
    return reshape_node(value, tuple(x.shape[a] if a in axes else 1 for a in range(x.ndim)))
