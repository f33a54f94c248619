"""Random nodes from a key, the switch between training and prediction, dropout, noisy ReLU."""

from __future__ import annotations

from typing import Any

from symgraph.build.activations import relu, sigmoid
from symgraph.build.arithmetic import add, divide, multiply, sqrt
from symgraph.build.coerce import as_node, check_kind
from symgraph.build.conditions import greater_equal, indicator, where
from symgraph.build.declare import input as declare_input, stop_gradient
from symgraph.errors import KindError, RangeError, ShapeError
from symgraph.node import Node
from symgraph.ops.digest import digest
from symgraph.ops.leaves import random
from symgraph.shapes import ShapeLike, as_shape, broadcast, same_shape, shape_text

__all__ = ["bits", "dropout", "key", "noisy_relu", "normal", "training", "uniform"]


def key() -> Node:
    """The random key of a graph: an integer input called "key".

    All random nodes without a key of their own use it. Training gives it a new value every step.

    >>> import symgraph as sg
    >>> print(sg.key(), sg.key().kind)
    key integer
    """
    return declare_input("key", (), kind="integer")


def training() -> Node:
    """The one switch between training and prediction: a boolean input called "training".

    Dropout and batch normalisation follow it, and `sg.where(sg.training(), a, b)` lets anything
    else follow: one graph serves both, and compiling with a constant for it leaves one branch.

    >>> import symgraph as sg
    >>> print(sg.where(sg.training(), sg.input("x"), 0))
    where(training, x, 0)
    """
    return declare_input("training", (), kind="boolean")


def switch(value: Any, where_: str) -> Node | bool:
    """What a `training=` argument stands for: a bool, or a boolean node (default: the switch).

    Raises KindError for anything else.
    """
    if isinstance(value, bool):
        return value
    node = training() if value is None else as_node(value, where_)
    if node.shape != ():
        raise ShapeError(
            f"{where_}: training has shape {shape_text(node.shape)}, it is one switch for all. "
            "Give a boolean scalar."
        )
    return check_kind(node, ("boolean",), f"{where_}: training")


def bits(key: Any, shape: ShapeLike = (), stream: int = 0) -> Node:
    """Random integers 0 .. 2**32 - 1 from an integer key; different streams are independent.

    The same key, stream and shape give the same bits in every target (see `symgraph.random`).

    >>> import symgraph as sg
    >>> print(sg.bits(sg.key(), ("N", 2)))
    bits(key, 0)
    """
    return _drawn("bits", key, shape, stream)


def uniform(key: Any, shape: ShapeLike = (), stream: int = 0) -> Node:
    """Random reals in [0, 1) from an integer key, as `bits`.

    >>> import symgraph as sg
    >>> noise = sg.uniform(7, (2,))
    >>> from symgraph.ops.evaluate import evaluate_nodes
    >>> bool((evaluate_nodes([noise], {}, {})[noise] == sg.random.uniform(7, 0, (2,))).all())
    True
    """
    return _drawn("uniform", key, shape, stream)


def normal(key: Any, shape: ShapeLike = (), stream: int = 0) -> Node:
    """Random reals of the standard normal distribution from an integer key, as `bits`.

    >>> import symgraph as sg
    >>> sg.normal(sg.key(), ("N", 3), stream=1).shape
    (N, 3)
    """
    return _drawn("normal", key, shape, stream)


def _drawn(distribution: Any, key: Any, shape: ShapeLike, stream: Any) -> Node:
    if isinstance(stream, bool) or not isinstance(stream, int) or not 0 <= stream < 2**64:
        raise KindError(
            f"{distribution}: stream {stream!r} must be a whole number from 0 to 2**64 - 1."
        )
    return random(distribution, as_node(key, distribution), stream, as_shape(shape, distribution))


def dropout(
    x: Any,
    rate: float,
    key: Any = None,
    mask: Any = None,
    training: Any = None,
    stream: int | None = None,
) -> Node:
    """x with entries set to 0 at random and the others divided by 1 - rate ("inverted dropout").

    An entry is dropped with probability `rate`, 0 <= rate < 1; the mean stays what it was. In
    prediction x passes unchanged: `training` is a bool, a boolean node, or by default the switch
    `sg.training()`. The random mask belongs to `key` (default `sg.key()`) and `stream`; by default
    the stream follows from how x is computed, so that two layers differ and a graph built again is
    the same. `mask` gives the mask itself instead: 1 or true keeps an entry, 0 drops it.
    Raises RangeError for a rate outside [0, 1), ShapeError for a mask of another shape.
    Source: Srivastava et al. 2014, JMLR 15.

    >>> import symgraph as sg
    >>> h = sg.input("h", ("N", 4))
    >>> print(sg.dropout(h, 0.5, mask=sg.input("m", ("N", 4)), training=True))
    h*m/0.5
    """
    node = as_node(x, "dropout")
    if isinstance(rate, bool) or not isinstance(rate, (int, float)):
        raise KindError(f"dropout: rate must be a plain number, not {rate!r}.")
    if not 0 <= rate < 1:
        raise RangeError(f"dropout: rate {rate} is not in [0, 1). Give the share to drop.")
    mode = switch(training, "dropout")
    if mode is False or rate == 0:
        return node
    kept = _kept(node, rate, key, stream) if mask is None else _given(node, mask)
    dropped = divide(multiply(node, kept), 1 - rate)
    return dropped if mode is True else where(mode, dropped, node)


def _key(given: Any) -> Any:
    return key() if given is None else given


def _kept(x: Node, rate: float, given: Any, stream: int | None) -> Node:
    chosen = _stream_of(x) if stream is None else stream
    drawn = _drawn("uniform", _key(given), x.shape, chosen)
    return indicator(greater_equal(drawn, rate))


def _given(x: Node, mask: Any) -> Node:
    node = as_node(mask, "dropout: mask")
    if not same_shape(broadcast([x.shape, node.shape], "dropout: mask"), x.shape):
        raise ShapeError(
            f"dropout: mask has shape {shape_text(node.shape)}, x has {shape_text(x.shape)}. "
            "Give one entry for each of x."
        )
    return indicator(node) if node.kind == "boolean" else node


def noisy_relu(
    x: Any, noise: Any = None, key: Any = None, stream: int | None = None, through: bool = True
) -> Node:
    """max(0, x + sqrt(sigmoid(x)) * noise), with standard normal noise of the shape of x.

    `noise` is drawn from `key` and `stream` as in `dropout`, or given. With `through` the gradient
    flows through the standard deviation too; without, the whole noise term counts as constant.
    Source: Nair and Hinton 2010, ICML; the variance is the logistic function of x.

    >>> import symgraph as sg
    >>> print(sg.noisy_relu(sg.input("x"), noise=sg.input("e")))
    relu(x + sqrt(sigmoid(x))*e)
    """
    node = as_node(x, "noisy_relu")
    if noise is None:
        chosen = _stream_of(node) if stream is None else stream
        drawn = _drawn("normal", _key(key), node.shape, chosen)
    else:
        drawn = as_node(noise, "noisy_relu: noise")
    term = multiply(sqrt(sigmoid(node)), drawn)
    return relu(add(node, term if through else stop_gradient(term)))


# --- streams ------------------------------------------------------------------------------------


def _stream_of(x: Node) -> int:
    """A stream number that depends on the formula of x alone, not on when it was built."""
    return int.from_bytes(digest(x)[:4], "little")
