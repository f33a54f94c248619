"""Layers: the usual pieces of a net with their parameters declared, as plain expressions.

Each function takes values and a name, and returns a value under that name. Its parameters carry the
name too: `W_name`, `b_name`. Nothing else is behind a layer: it prints, is derived, drawn and
compiled as the formula it stands for, and the same name makes the same parameters, so that a layer
built twice is shared.

    >>> import symgraph as sg
    >>> x = sg.input("x", ("N", 4))
    >>> h = sg.nn.dense(x, 8, "h", "tanh")
    >>> print(h.args[0], h.shape)
    tanh(x @ W_h + b_h) (N, 8)
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from symgraph.answers import answer_calls
from symgraph.build import activations, elementary, reductions, special
from symgraph.build.coerce import as_node, check_name
from symgraph.build.contract import matmul
from symgraph.build.conv import Padding, PerAxis, conv2d as convolve
from symgraph.build.declare import Initializer, let, parameter, state
from symgraph.build.indexing import take
from symgraph.build.loop_making import ScanResult
from symgraph.build.loops import scan
from symgraph.build.making import zeros
from symgraph.build.norm import batch_norm as normalise, layer_norm as normalise_features
from symgraph.build.shaping import reshape, split
from symgraph.errors import KindError, RangeError, ShapeError
from symgraph.nn.described import describe_layer
from symgraph.node import Node
from symgraph.shapes import normalize_axis, product, shape_text
from symgraph.train.names import unknown_name

__all__ = [
    "batch_norm", "conv2d", "dense", "embedding", "flatten", "gru", "layer_norm", "lstm", "rnn",
]  # fmt: skip

#: A function of one value, or the name of one.
Activation: TypeAlias = "str | Callable[[Node], Node] | None"

_ACTIVATIONS: dict[str, Callable[..., Node]] = {
    "elu": activations.elu, "exp": elementary.exp, "gelu": special.gelu,
    "leaky_relu": activations.leaky_relu, "relu": activations.relu, "selu": special.selu,
    "sigmoid": activations.sigmoid, "silu": special.silu, "softmax": reductions.softmax,
    "softplus": activations.softplus, "tanh": elementary.tanh,
}  # fmt: skip


def dense(
    x: Any,
    units: int,
    name: str,
    activation: Activation = None,
    *,
    bias: bool = True,
    init: Initializer | None = None,
    trainable: bool = True,
) -> Node:
    """activation(x W + b), with W_name and b_name.

    Shapes: x (..., n), W (n, units), b (units,), result (..., units). `activation` is a function or
    the name of one, such as "relu"; `init` starts W, by default Glorot's uniform rule.
    Raises ShapeError when the last size of x is no number, RangeError for no units and
    UnknownNameError for an unknown activation.

    >>> import symgraph as sg
    >>> print(sg.nn.dense(sg.input("x", ("N", 2)), 3, "out", bias=False).args[0])
    x @ W_out
    """
    where = _place("dense", name)
    node = as_node(x, where)
    W = parameter(
        f"W_{name}", (_last(node, where), _count(units, where)), init=init, trainable=trainable
    )
    z = matmul(node, W)
    if bias:
        z = z + parameter(f"b_{name}", units, trainable=trainable)
    value = let(name, _activated(z, activation, where))
    return describe_layer(value, name, f"dense{_then(activation)}")


def conv2d(
    x: Any,
    filters: int,
    size: int | tuple[int, int],
    name: str,
    activation: Activation = None,
    *,
    stride: PerAxis = 1,
    padding: Padding = "valid",
    bias: bool = True,
    init: Initializer | None = None,
    trainable: bool = True,
) -> Node:
    """activation(images convolved with filters, plus b), with W_name and b_name.

    Shapes: x (N, C, H, W), W (filters, C, rows, columns), b (filters,), result (N, filters, P, Q);
    `size` is that of the window, `stride` and `padding` as in `sg.conv2d`.
    Raises as `dense`.

    >>> import symgraph as sg
    >>> sg.nn.conv2d(sg.input("x", ("N", 1, 8, 8)), 6, 3, "c", "relu", padding="same").shape
    (N, 6, 8, 8)
    """
    where = _place("conv2d", name)
    node = as_node(x, where)
    if node.ndim != 4:
        raise ShapeError(
            f"{where}: x has shape {shape_text(node.shape)}, and images have (N, C, H, W). "
            "Reshape x, with one channel for grey images."
        )
    window = (size, size) if isinstance(size, int) else tuple(size)
    shape = (_count(filters, where), _known(node, 1, where), *window)
    W = parameter(f"W_{name}", shape, init=init, trainable=trainable)
    z = convolve(node, W, stride, padding)
    if bias:
        z = z + reshape(parameter(f"b_{name}", filters, trainable=trainable), (filters, 1, 1))
    value = let(name, _activated(z, activation, where))
    return describe_layer(value, name, f"conv2d {'x'.join(map(str, window))}{_then(activation)}")


def flatten(x: Any, keep: int = 1) -> Node:
    """All axes behind the first ones as one: (N, C, H, W) becomes (N, C*H*W).

    >>> import symgraph as sg
    >>> sg.nn.flatten(sg.input("x", ("N", 3, 4))).shape
    (N, 12)
    """
    node = as_node(x, "flatten")
    return reshape(node, (*node.shape[:keep], product(node.shape[keep:])))


def embedding(ids: Any, count: int, size: int, name: str, *, trainable: bool = True) -> Node:
    """The rows of a table that integers name, with the table E_name of shape (count, size).

    Shapes: ids (...), result (..., size). Ids outside of 0 .. count - 1 raise RangeError when data
    are given.

    >>> import symgraph as sg
    >>> words = sg.input("words", ("T", "N"), kind="integer")
    >>> sg.nn.embedding(words, 1000, 16, "words").shape
    (T, N, 16)
    """
    where = _place("embedding", name)
    sizes = (_count(count, where), _count(size, where))
    table = parameter(f"E_{name}", sizes, init="uniform", trainable=trainable)
    return describe_layer(let(f"e_{name}", take(table, as_node(ids, where))), name, "embedding")


# --- normalisation ------------------------------------------------------------------------------


def batch_norm(
    x: Any,
    name: str,
    *,
    axis: int | None = None,
    momentum: float = 0.9,
    epsilon: float = 1e-5,
    weight: Any = None,
) -> Node:
    """Each feature normalised over the batch, then scaled and shifted: `sg.batch_norm`.

    The parameters are gamma_name and beta_name, the states mean_name and variance_name. A model
    that uses the value updates the states in every training step and reads them in `evaluate` and
    `predict`. `axis` is that of the features: the channels of images (N, C, H, W), else the last.
    What `weight`, or a mask, says 0 to has no part in the statistics.

    >>> import symgraph as sg
    >>> x = sg.input("x", ("N", 3))
    >>> model = sg.Model(sg.sum(sg.nn.batch_norm(x, "bn")), [x])
    >>> _ = model.step({"x": [[10.0, 20.0, 30.0]]})
    >>> model.states["mean_bn"].round(6).tolist()
    [1.0, 2.0, 3.0]
    """
    where = _place("batch_norm", name)
    node = as_node(x, where)
    features = (1 if node.ndim == 4 else -1) if axis is None else axis
    place = normalize_axis(features, node.ndim, where)
    size = _known(node, place, where)
    value, _ = normalise(
        node, parameter(f"gamma_{name}", size, init=1.0), parameter(f"beta_{name}", size),
        tuple(a for a in range(node.ndim) if a != place), epsilon,
        running=(state(f"mean_{name}", size), state(f"variance_{name}", size, init="ones")),
        momentum=momentum, weight=weight,
    )  # fmt: skip
    return describe_layer(let(name, value), name, "batch_norm")


def layer_norm(x: Any, name: str, *, epsilon: float = 1e-5) -> Node:
    """Each case normalised over its features, the last axis: `sg.layer_norm`, with gamma and beta.

    >>> import symgraph as sg
    >>> sg.nn.layer_norm(sg.input("x", ("N", 3)), "ln").shape
    (N, 3)
    """
    where = _place("layer_norm", name)
    node = as_node(x, where)
    size = _last(node, where)
    gamma, beta = parameter(f"gamma_{name}", size, init=1.0), parameter(f"beta_{name}", size)
    value = let(name, normalise_features(node, gamma, beta, -1, epsilon))
    return describe_layer(value, name, "layer_norm")


# --- recurrent layers ---------------------------------------------------------------------------


def rnn(
    x: Any, units: int, name: str, *, mask: Any = None, reverse: bool = False,
    activation: Activation = "tanh",
) -> ScanResult:  # fmt: skip
    """h_t = activation(x_t W + h_{t-1} U + b) from h_0 = 0, with W_name, U_name, b_name.

    Shapes: x (T, N, n), W (n, units), U (units, units); of the result, `states` is (T, N, units),
    all h_t, and `final` (N, units), the last one. `mask` (T, N) keeps the state where it is 0, as
    `sg.data.pad` makes it: `final` is then the state at the end of each sequence.

    >>> import symgraph as sg
    >>> x = sg.input("x", ("T", "N", 3))
    >>> loop = sg.nn.rnn(x, 5, "h")
    >>> loop.states.shape, loop.final.shape
    ((T, N, 5), (N, 5))
    """
    where = _place("rnn", name)
    node, W, U, b = _recurrent(x, units, 1, name, where)
    start = zeros((node.shape[1], units))
    loop = scan(
        lambda h, now: let(name, _activated(now @ W + h @ U + b, activation, where)),
        start, node, mask=mask, reverse=reverse,
    )  # fmt: skip
    describe_layer(loop.loop, name, f"rnn{_then(activation)}", loop.states.shape)
    return loop


def lstm(x: Any, units: int, name: str, *, mask: Any = None, reverse: bool = False) -> ScanResult:
    """An LSTM: c_t = f c_{t-1} + i g, h_t = o tanh(c_t), from zeros.

    i, f, g, o are the four parts of x_t W + h_{t-1} U + b in this order, as in torch; g passes
    through tanh, the others through sigmoid. Shapes: x (T, N, n), W_name (n, 4 units), U_name
    (units, 4 units), b_name (4 units,); `states["h"]` (T, N, units), `final["h"]` (N, units), and
    likewise "c". `mask` as in `rnn`.
    Source: Hochreiter and Schmidhuber 1997, with the forget gate of Gers et al. 2000.

    >>> import symgraph as sg
    >>> sg.nn.lstm(sg.input("x", ("T", "N", 3)), 5, "l").final["h"].shape
    (N, 5)
    """
    node, W, U, b = _recurrent(x, units, 4, name, _place("lstm", name))

    def step(h: Node, c: Node, now: Node) -> dict[str, Node]:
        i, f, g, o = split(now @ W + h @ U + b, 4, axis=-1)
        cell = activations.sigmoid(f) * c + activations.sigmoid(i) * elementary.tanh(g)
        cell = let(f"c_{name}", cell)
        return {"h": let(name, activations.sigmoid(o) * elementary.tanh(cell)), "c": cell}

    start = zeros((node.shape[1], units))
    loop = scan(
        lambda h, c, x: step(h, c, x), {"h": start, "c": start}, {"x": node},
        mask=mask, reverse=reverse,
    )  # fmt: skip
    describe_layer(loop.loop, name, "lstm", loop.states["h"].shape)
    return loop


def gru(x: Any, units: int, name: str, *, mask: Any = None, reverse: bool = False) -> ScanResult:
    """A GRU: h_t = (1 - z) n + z h_{t-1}, from zeros.

    r = sigmoid, z = sigmoid and n = tanh of the three parts of x_t W + b in this order, to which
    those of h_{t-1} U + d are added, for n after they are multiplied by r, as in torch. Shapes:
    x (T, N, n), W_name (n, 3 units), U_name (units, 3 units), b_name and d_name (3 units,);
    `states` (T, N, units) and `final` (N, units). `mask` as in `rnn`.
    Source: Cho et al. 2014, EMNLP, with the reset gate behind the product.

    >>> import symgraph as sg
    >>> sg.nn.gru(sg.input("x", ("T", "N", 3)), 5, "g").final.shape
    (N, 5)
    """
    node, W, U, b = _recurrent(x, units, 3, name, _place("gru", name))
    d = parameter(f"d_{name}", 3 * units)

    def step(h: Node, now: Node) -> Node:
        seen, before = split(now @ W + b, 3, axis=-1), split(h @ U + d, 3, axis=-1)
        r, z = (activations.sigmoid(seen[k] + before[k]) for k in (0, 1))
        n = elementary.tanh(seen[2] + r * before[2])
        return let(name, (1 - z) * n + z * h)

    loop = scan(step, zeros((node.shape[1], units)), node, mask=mask, reverse=reverse)
    describe_layer(loop.loop, name, "gru", loop.states.shape)
    return loop


def _recurrent(
    x: Any, units: int, parts: int, name: str, where: str
) -> tuple[Node, Node, Node, Node]:
    """The sequence and the parameters of a loop of `parts` gates."""
    node = as_node(x, where)
    if node.ndim != 3:
        raise ShapeError(
            f"{where}: x has shape {shape_text(node.shape)}, and sequences have (T, N, n): times, "
            "samples, entries. Move the axes with sg.moveaxis or sg.expand_dims."
        )
    wide = parts * _count(units, where)
    W = parameter(f"W_{name}", (_last(node, where), wide))
    return (
        node,
        W,
        parameter(f"U_{name}", (units, wide), init="orthogonal"),
        parameter(f"b_{name}", wide),
    )


# --- inside -------------------------------------------------------------------------------------


def _place(layer: str, name: Any) -> str:
    return f"{layer} {check_name(name, layer)!r}"


def _count(value: Any, where: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise KindError(f"{where}: the size is {value!r}, and it must be an integer.")
    if value < 1:
        raise RangeError(f"{where}: the size is {value}, and it must be 1 or more.")
    return value


def _last(x: Node, where: str) -> int:
    if x.ndim == 0:
        raise ShapeError(f"{where}: x is one number, and its last axis holds the features.")
    return _known(x, x.ndim - 1, where)


def _known(x: Node, axis: int, where: str) -> int:
    size = x.shape[axis]
    if not isinstance(size, int):
        raise ShapeError(
            f"{where}: x has shape {shape_text(x.shape)}, and parameters need a number in the "
            f"place of {size}. Declare that size as a number."
        )
    return size


def _then(activation: Activation) -> str:
    """An activation as it stands behind the name of a layer."""
    if activation is None:
        return ""
    return f", {activation if isinstance(activation, str) else activation.__name__}"


def _activated(z: Node, activation: Activation, where: str) -> Node:
    if activation is None:
        return z
    if isinstance(activation, str):
        if activation not in _ACTIVATIONS:
            raise unknown_name(where, "an activation", activation, _ACTIVATIONS)
        return _ACTIVATIONS[activation](z)
    if not callable(activation):
        raise KindError(f"{where}: activation is {activation!r}, and it is a function or its name.")
    return as_node(activation(z), f"{where}: activation")


answer_calls(globals(), __all__)
