"""Metrics: numbers that tell how well predictions fit, for `Model(metrics={"name": node})`.

Each is an expression of sums over samples, so that `fit` and `evaluate` give the value that all
samples at once have, whatever the sizes of the batches. `weight=` weights samples as in
`sg.weighted_mean`: a mask, or 0 for those that do not count.

    >>> import symgraph as sg
    >>> logits, label = sg.input("z", ("N", 3)), sg.input("label", "N", kind="integer")
    >>> print(sg.metrics.accuracy(logits, label))
    sum(1[argmax(z, axis=1) == label])/N
"""

from __future__ import annotations

from typing import Any, Literal, TypeAlias

from symgraph.answers import answer_calls
from symgraph.build.arithmetic import divide, multiply, sqrt, square, subtract
from symgraph.build.coerce import as_node
from symgraph.build.conditions import equal, greater, indicator, less, where
from symgraph.build.contract import mean, sum as total
from symgraph.build.elementary import exp
from symgraph.build.indexing import one_hot, pick
from symgraph.build.losses import (
    class_ids,
    cross_entropy,
    mean_absolute_error,
    mean_squared_error,
    paired,
)
from symgraph.build.reductions import argmax
from symgraph.build.shaping import expand_dims
from symgraph.build.weighted import spread_weight, weighted_mean
from symgraph.errors import KindError, ShapeError
from symgraph.node import Node
from symgraph.ops.leaves import fill
from symgraph.shapes import same_shape, shape_text

__all__ = [
    "accuracy", "f1", "mae", "mse", "perplexity", "precision", "r2", "recall", "rmse",
    "top_k_accuracy",
]  # fmt: skip

#: How the values of several classes become one.
Average: TypeAlias = Literal["macro", "micro"]


# --- classes ------------------------------------------------------------------------------------


def accuracy(scores: Any, target: Any, *, threshold: float = 0.5, weight: Any = None) -> Node:
    """The share of samples whose class is predicted right.

    Shapes: scores (..., k), logits or probabilities, whose largest entry names the class, with
    target (...) of class ids; or scores and target of one shape, for two classes: a score above
    `threshold` (0 for logits) is the class of targets above 0.5.
    Raises ShapeError and KindError for targets of another shape or kind.
    """
    return weighted_mean(indicator(_is_right(scores, target, threshold)), weight)


def _is_right(scores: Any, target: Any, threshold: float) -> Node:
    called, labels = as_node(scores, "accuracy"), as_node(target, "accuracy")
    if same_shape(called.shape, labels.shape):
        return equal(*_two_classes(called, labels, threshold))
    _check_classes(called, labels, "accuracy")
    return equal(argmax(called, -1), class_ids(labels, called, called.ndim - 1, "accuracy"))


def _check_classes(scores: Node, target: Node, where_: str) -> None:
    """Refuse one column of scores: its largest entry is the first one, whatever it holds."""
    if scores.ndim == target.ndim + 1 and scores.shape[-1] == 1:
        raise ShapeError(
            f"{where_}: the scores have shape {shape_text(scores.shape)}, which is one class, and "
            f"the target has {shape_text(target.shape)}. For two classes give both one shape: "
            "scores[..., 0]; for k classes, k scores."
        )


def _two_classes(scores: Node, target: Node, threshold: float) -> tuple[Node, Node]:
    """Which samples are called positive, and which are."""
    return indicator(greater(scores, threshold)), _as_indicator(target)


def _as_indicator(target: Node) -> Node:
    return indicator(target if target.kind == "boolean" else greater(target, 0.5))


def top_k_accuracy(scores: Any, target: Any, k: int = 5, *, weight: Any = None) -> Node:
    """The share of samples whose class has one of the k largest scores.

    Shapes: scores (..., classes), target (...) of class ids. Of equal scores that of the target
    counts as the larger one.
    Raises KindError when k is no positive integer.

    >>> import symgraph as sg
    >>> logits, label = sg.input("z", ("N", 9)), sg.input("label", "N", kind="integer")
    >>> sg.metrics.top_k_accuracy(logits, label, k=3).shape
    ()
    """
    if isinstance(k, bool) or not isinstance(k, int) or k < 1:
        raise KindError(f"top_k_accuracy: k is {k!r}, and it is an integer of 1 or more.")
    called = as_node(scores, "top_k_accuracy")
    axis = called.ndim - 1
    labels = class_ids(as_node(target, "top_k_accuracy"), called, axis, "top_k_accuracy")
    larger = greater(called, expand_dims(pick(called, labels, axis), axis))
    return weighted_mean(indicator(less(total(indicator(larger), axis), k)), weight)


def precision(
    scores: Any, target: Any, *, average: Average = "macro", threshold: float = 0.5,
    weight: Any = None,
) -> Node:  # fmt: skip
    """The share of samples of a class among those called so; 0 for a class that is never called.

    Shapes as in `accuracy`. For two classes it is that of the positive one, for several the mean
    over the classes ("macro"), or all calls counted together ("micro").
    Source: scikit-learn's precision_score with zero_division=0.

    >>> import symgraph as sg
    >>> p, y = sg.input("p", "N"), sg.input("y", "N")
    >>> data = {"p": [0.9, 0.8, 0.1], "y": [1, 0, 1]}
    >>> sg.evaluate([sg.metrics.precision(p, y), sg.metrics.recall(p, y)], data)
    [array(0.5), array(0.5)]
    """
    hits, called, _ = _counts(scores, target, average, threshold, weight, "precision")
    return mean(_share(hits, called))


def recall(
    scores: Any, target: Any, *, average: Average = "macro", threshold: float = 0.5,
    weight: Any = None,
) -> Node:  # fmt: skip
    """The share of samples of a class that are called so; 0 for a class without samples.

    Shapes and `average` as in `precision`.
    Source: scikit-learn's recall_score with zero_division=0.
    """
    hits, _, there = _counts(scores, target, average, threshold, weight, "recall")
    return mean(_share(hits, there))


def f1(
    scores: Any, target: Any, *, average: Average = "macro", threshold: float = 0.5,
    weight: Any = None,
) -> Node:  # fmt: skip
    """The harmonic mean of precision and recall: 2 hits / (called + there).

    Shapes and `average` as in `precision`.
    Source: scikit-learn's f1_score with zero_division=0.

    >>> import symgraph as sg
    >>> p, y = sg.input("p", "N"), sg.input("y", "N")
    >>> sg.evaluate(sg.metrics.f1(p, y), {"p": [0.9, 0.8, 0.1], "y": [1, 0, 1]})
    array(0.5)
    """
    hits, called, there = _counts(scores, target, average, threshold, weight, "f1")
    return mean(_share(multiply(2, hits), called + there))


def _counts(
    scores: Any, target: Any, average: str, threshold: float, weight: Any, where_: str
) -> tuple[Node, Node, Node]:
    """How many samples of each class are called so and are so, are called so, are so."""
    if average not in ("macro", "micro"):
        raise KindError(f"{where_}: average is {average!r}, and it is 'macro' or 'micro'.")
    given, labels = as_node(scores, where_), as_node(target, where_)
    if same_shape(given.shape, labels.shape):
        called, there = _two_classes(given, labels, threshold)
        kept: tuple[int, ...] = ()
    else:
        _check_classes(given, labels, where_)
        axis = given.ndim - 1
        ids = class_ids(labels, given, axis, where_)
        classes = given.shape[axis]
        called, there = (
            indicator(equal(one_hot(one, classes), 1)) for one in (argmax(given, -1), ids)
        )
        kept = (axis,) if average == "macro" else ()
    counted = [multiply(called, there), called, there]
    if weight is not None:
        weights = spread_weight(called, as_node(weight, f"{where_}: weight"))
        counted = [multiply(weights, one) for one in counted]
    summed = tuple(a for a in range(called.ndim) if a not in kept)
    hits, all_called, all_there = (total(one, summed) for one in counted)
    return hits, all_called, all_there


def _share(part: Node, whole: Node) -> Node:
    return divide(part, where(greater(whole, 0), whole, 1))


# --- numbers ------------------------------------------------------------------------------------


def mse(prediction: Any, target: Any, *, weight: Any = None) -> Node:
    """The mean squared error; shapes of both are the same.

    >>> import symgraph as sg
    >>> sg.metrics.mse(sg.input("p", "N"), sg.input("y", "N")).shape
    ()
    """
    return mean_squared_error(prediction, target, weight=weight)


def mae(prediction: Any, target: Any, *, weight: Any = None) -> Node:
    """The mean absolute error."""
    return mean_absolute_error(prediction, target, weight=weight)


def rmse(prediction: Any, target: Any, *, weight: Any = None) -> Node:
    """The root of the mean squared error."""
    return sqrt(mean_squared_error(prediction, target, weight=weight))


def r2(prediction: Any, target: Any, *, near: float = 0.0, weight: Any = None) -> Node:
    """1 - sum((y - p)**2) / sum((y - mean y)**2), over all entries; 0 where all y are equal.

    It is computed from the sums of y - near and its square. For targets that lie far from 0, much
    farther than they spread, give a number among them as `near`: its digits are then not lost.
    Source: scikit-learn's r2_score with multioutput="uniform_average" for one output.

    >>> import symgraph as sg
    >>> p, y = sg.input("p", "N"), sg.input("y", "N")
    >>> sg.evaluate(sg.metrics.r2(p, y), {"p": [1.0, 2.0, 4.0], "y": [1.0, 2.0, 3.0]})
    array(0.5)
    """
    guess, given = paired(prediction, target, "r2")
    missed, offset = square(subtract(given, guess)), subtract(given, near)
    weights = fill(1, given.shape)
    if weight is not None:
        weights = spread_weight(given, as_node(weight, "r2: weight"))
    count = total(weights)
    first = total(multiply(weights, offset))
    spread = total(multiply(weights, square(offset))) - divide(square(first), count)
    rest = total(multiply(weights, missed))
    return where(greater(spread, 0), 1 - divide(rest, where(greater(spread, 0), spread, 1)), 0)


def perplexity(logits: Any, target: Any, *, axis: int = -1, weight: Any = None) -> Node:
    """exp of the mean cross-entropy of `sg.cross_entropy`: the number of equally likely choices.

    Shapes as in `sg.cross_entropy`; `weight` is the mask of padded sequences.

    >>> import symgraph as sg
    >>> z, y = sg.input("z", ("N", 4)), sg.input("y", "N", kind="integer")
    >>> float(sg.evaluate(sg.metrics.perplexity(z, y), {"z": [[0.0] * 4], "y": [3]}).round(12))
    4.0
    """
    return exp(cross_entropy(logits, target, axis, weight=weight))


answer_calls(globals(), __all__)
