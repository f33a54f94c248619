"""Losses: what training minimises. Means over the batch, in nats where they are entropies.

`weight=` gives samples or entries a weight, as in `sg.weighted_mean`: one of 0 or false leaves
its entry out, as if it were not in the batch. A mask of padded sequences is such a weight.
"""

from __future__ import annotations

from typing import Any

from symgraph import special
from symgraph.build.activations import relu
from symgraph.build.arithmetic import abs as absolute, divide, multiply, square, subtract
from symgraph.build.coerce import as_node
from symgraph.build.conditions import less_equal, where
from symgraph.build.contract import sum as total
from symgraph.build.indexing import pick
from symgraph.build.pointwise import apply
from symgraph.build.reductions import logsumexp
from symgraph.build.special import xlogy
from symgraph.build.weighted import weighted_mean
from symgraph.errors import KindError, ShapeError
from symgraph.node import Node
from symgraph.scalar import slot
from symgraph.shapes import normalize_axis, same_shape, shape_text

__all__ = [
    "absolute_error",
    "binary_cross_entropy_with_logits",
    "cross_entropy",
    "hinge",
    "hinge_loss",
    "huber",
    "huber_loss",
    "kl_divergence",
    "mean_absolute_error",
    "mean_squared_error",
    "squared_error",
]


def paired(first: Any, second: Any, where_: str) -> tuple[Node, Node]:
    """Two values of one shape: broadcasting (N, 1) against (N,) would train on all N*N pairs."""
    left, right = as_node(first, where_), as_node(second, where_)
    if not same_shape(left.shape, right.shape):
        raise ShapeError(
            f"{where_}: the prediction has shape {shape_text(left.shape)}, the target "
            f"{shape_text(right.shape)}. Give both one shape, for example with sg.reshape."
        )
    return left, right


def squared_error(prediction: Any, target: Any) -> Node:
    """(prediction - target)**2, entry by entry.

    >>> import symgraph as sg
    >>> print(sg.squared_error(sg.input("p", 3), sg.input("t", 3)))
    (p - t)**2
    """
    return square(subtract(*paired(prediction, target, "squared_error")))


def mean_squared_error(prediction: Any, target: Any, *, weight: Any = None) -> Node:
    """The mean of the squared errors of all entries.

    Raises ShapeError when the two shapes differ, as all losses here do.

    >>> import symgraph as sg
    >>> print(sg.mean_squared_error(sg.input("p", 3), sg.input("t", 3)))
    sum((p - t)**2)/3
    """
    return weighted_mean(
        square(subtract(*paired(prediction, target, "mean_squared_error"))), weight
    )


def absolute_error(prediction: Any, target: Any) -> Node:
    """|prediction - target|, entry by entry; its derivative at 0 is 0.

    >>> import symgraph as sg
    >>> print(sg.absolute_error(sg.input("p", 3), sg.input("t", 3)))
    abs(p - t)
    """
    return absolute(subtract(*paired(prediction, target, "absolute_error")))


def mean_absolute_error(prediction: Any, target: Any, *, weight: Any = None) -> Node:
    """The mean of the absolute errors of all entries.

    >>> import symgraph as sg
    >>> sg.mean_absolute_error(sg.input("p", ("N", 2)), sg.input("t", ("N", 2))).shape
    ()
    """
    return weighted_mean(
        absolute(subtract(*paired(prediction, target, "mean_absolute_error"))), weight
    )


def huber(prediction: Any, target: Any, delta: float = 1.0) -> Node:
    """Half the squared error up to delta and linear beyond, entry by entry.

    Source: Huber, Robust estimation of a location parameter, 1964.

    >>> import symgraph as sg
    >>> sg.huber(sg.input("p", 3), sg.input("t", 3)).shape
    (3,)
    """
    if isinstance(delta, bool) or not isinstance(delta, (int, float)) or not delta > 0:
        raise KindError(f"huber: delta={delta!r} must be a number above 0.")
    error = subtract(*paired(prediction, target, "huber"))
    size = absolute(error)
    beyond = multiply(delta, subtract(size, delta / 2))
    return where(less_equal(size, delta), divide(square(error), 2), beyond)


def huber_loss(prediction: Any, target: Any, delta: float = 1.0, *, weight: Any = None) -> Node:
    """The mean of `huber` over all entries.

    >>> import symgraph as sg
    >>> sg.huber_loss(sg.input("p", "N"), sg.input("t", "N"), delta=0.5).shape
    ()
    """
    return weighted_mean(huber(prediction, target, delta), weight)


def hinge(margin: Any) -> Node:
    """max(1 - margin, 0), entry by entry; its derivative at margin 1 is 0.

    >>> import symgraph as sg
    >>> margin = sg.input("margin")
    >>> print(sg.hinge(margin), sg.grad(sg.hinge(margin), margin))
    relu(1 - margin) -1[1 - margin > 0]
    """
    return relu(subtract(1, margin))


def hinge_loss(scores: Any, target: Any, *, weight: Any = None) -> Node:
    """The mean of max(1 - target * score, 0); targets are -1 or 1.

    Source: Cortes and Vapnik, Support-vector networks, 1995.

    >>> import symgraph as sg
    >>> sg.hinge_loss(sg.input("scores", "N"), sg.input("y", "N")).shape
    ()
    """
    score, label = paired(scores, target, "hinge_loss")
    return weighted_mean(hinge(multiply(label, score)), weight)


def cross_entropy(logits: Any, target: Any, axis: int = -1, *, weight: Any = None) -> Node:
    """The mean cross-entropy of softmax(logits) against classes: logsumexp(z) - z[y].

    Shapes: logits (..., k), the classes along `axis`; target without that axis, integers in
    [0, k), or with it, probabilities that sum to 1 (one-hot vectors, smoothed labels); result ().
    The gradient by the logits is (softmax(z) - p)/N, p the probabilities.
    Raises ShapeError for a target of another shape, KindError for class ids that are no integers,
    RangeError for one outside (a constant one now, one from data when it is used).
    Source: Bishop 2006, sec. 4.3.4 (its gradient is eq. 4.109).

    >>> import symgraph as sg
    >>> z, y = sg.input("z", ("N", 3)), sg.input("y", "N", kind="integer")
    >>> print(sg.cross_entropy(z, y))
    sum(logsumexp(z, axis=1) - pick(z, y))/N
    """
    scores, labels = as_node(logits, "cross_entropy"), as_node(target, "cross_entropy")
    number = normalize_axis(axis, scores.ndim, "cross_entropy")
    if same_shape(labels.shape, scores.shape):
        chosen = total(multiply(labels, scores), number)
    else:
        chosen = pick(scores, class_ids(labels, scores, number, "cross_entropy"), number)
    return weighted_mean(subtract(logsumexp(scores, number), chosen), weight)


def class_ids(labels: Node, scores: Node, axis: int, where_: str) -> Node:
    """Labels checked to be class ids for scores of the classes along an axis."""
    batch = (*scores.shape[:axis], *scores.shape[axis + 1 :])
    if not same_shape(labels.shape, batch):
        raise ShapeError(
            f"{where_}: the scores have shape {shape_text(scores.shape)}, the target "
            f"{shape_text(labels.shape)}. Give class ids of shape {shape_text(batch)}, or targets "
            f"of shape {shape_text(scores.shape)}."
        )
    if labels.kind != "integer":
        raise KindError(
            f"{where_}: class ids of shape {shape_text(labels.shape)} are {labels.kind}. "
            'Declare them with kind="integer".'
        )
    return labels


def binary_cross_entropy_with_logits(logits: Any, target: Any, *, weight: Any = None) -> Node:
    """The mean cross-entropy of sigmoid(logits) against 0 or 1: softplus(z) - t z.

    Targets may be probabilities. The gradient by the logits is (sigmoid(z) - t)/N.
    Source: Bishop 2006, sec. 4.3.2 (its gradient is eq. 4.91).

    >>> import symgraph as sg
    >>> z, t = sg.input("z", "N"), sg.input("t", "N")
    >>> print(sg.binary_cross_entropy_with_logits(z, t))
    sum(softplus(z) - t*z)/N
    """
    scores, labels = paired(logits, target, "binary_cross_entropy_with_logits")
    return weighted_mean(apply(special.logistic_loss(slot(0), slot(1)), scores, labels), weight)


def kl_divergence(p: Any, q: Any, axis: int = -1, *, weight: Any = None) -> Node:
    """The mean over the batch of sum(p log(p/q)) along an axis; 0 log 0 is 0.

    Source: Kullback and Leibler, On information and sufficiency, 1951.

    >>> import symgraph as sg
    >>> sg.kl_divergence(sg.input("p", ("N", 4)), sg.input("q", ("N", 4))).shape
    ()
    """
    first, second = paired(p, q, "kl_divergence")
    number = normalize_axis(axis, first.ndim, "kl_divergence")
    return weighted_mean(total(subtract(xlogy(first, first), xlogy(first, second)), number), weight)
