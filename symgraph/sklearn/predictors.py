"""Classifier and regressor."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.base import ClassifierMixin, RegressorMixin
from sklearn.utils.multiclass import check_classification_targets, type_of_target
from sklearn.utils.validation import column_or_1d, validate_data

from symgraph.errors import KindError, RangeError, ShapeError
from symgraph.sklearn.estimator import Array, Estimator
from symgraph.sklearn.nets import Net

__all__ = ["Classifier", "Regressor"]


class Predictor(Estimator):
    """The settings of a network that predicts."""

    def __init__(
        self,
        hidden: Any = (32,),
        activation: Any = "relu",
        *,
        build: Any = None,
        optimizer: Any = "adam",
        learning_rate: float = 0.01,
        epochs: int = 100,
        batch_size: Any = "auto",
        alpha: float = 0.0,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        patience: int = 10,
        warm_start: bool = False,
        random_state: Any = None,
        dtype: Any = "float64",
        target: Any = "numpy",
    ) -> None:
        self.hidden = hidden
        self.activation = activation
        self.build = build
        self.optimizer = optimizer
        self.learning_rate = learning_rate
        self.epochs = epochs
        self.batch_size = batch_size
        self.alpha = alpha
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.patience = patience
        self.warm_start = warm_start
        self.random_state = random_state
        self.dtype = dtype
        self.target = target


class Classifier(ClassifierMixin, Predictor):
    """A network for classes, or for several labels a sample.

    `hidden` lists the sizes of the hidden layers, `activation` names their function (or is one).
    `build`, a function of the node x of shape (N, features) and the number of scores, returns the
    scores (N, scores) of any network instead. `optimizer` is a name, with `learning_rate`, or an
    object of `sg.optim`. `batch_size` "auto" is 200, or all samples where there are fewer; None is
    all. `alpha`/2 times the sum of the squares of all weight matrices is added to the loss, a mean
    over samples. `early_stopping` holds out `validation_fraction` of the samples and ends after
    `patience` epochs without a better loss on them, with the best parameters. With `warm_start`
    the next fit goes on from the parameters of the last one.

    y holds one class a sample, numbers or text, for a softmax; or rows of 0 and 1, a column for
    each label, for a sigmoid each. Afterwards `classes_`, `parameters_` (arrays by name),
    `loss_curve_` and `n_iter_` tell what was learned.

    >>> from symgraph.sklearn import Classifier
    >>> X, y = [[0.0], [1.0], [4.0], [5.0]], ["low", "low", "high", "high"]
    >>> Classifier(hidden=(4,), random_state=0).fit(X, y).predict([[0.5], [4.5]]).tolist()
    ['low', 'high']
    """

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        tags.target_tags.multi_output = True
        return tags

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Classifier:
        """Train on rows X (N, features) with classes y (N,) or labels y (N, labels)."""
        X, y = validate_data(self, X, y, multi_output=True, dtype=[np.float64, np.float32])
        self._learn_classes(y)
        data = self._data(X, y, sample_weight)
        self._train(self._own_net(), data, len(X))
        return self

    def partial_fit(
        self, X: Any, y: Any, classes: Any = None, sample_weight: Any = None
    ) -> Classifier:
        """One epoch on further samples; the first call names all classes, unless y has them."""
        first = not hasattr(self, "parameters_")
        X, y = validate_data(
            self, X, y, multi_output=True, dtype=[np.float64, np.float32], reset=first
        )
        if first:
            self._learn_classes(y, classes)
        elif classes is not None and not np.array_equal(np.unique(classes), self.classes_):
            raise RangeError(
                f"partial_fit: classes are {np.unique(classes).tolist()}, and those of the first "
                f"call were {self.classes_.tolist()}. Give the same ones, or none."
            )
        self._train_further(self._own_net(), self._data(X, y, sample_weight), len(X))
        return self

    def _learn_classes(self, y: Array, classes: Any = None) -> None:
        check_classification_targets(y)
        kind = type_of_target(y)
        if kind == "multiclass-multioutput":
            raise KindError(
                "Classifier: y has several columns of classes. Give one column, or columns of 0 "
                "and 1; sklearn.multioutput.MultiOutputClassifier fits one network a column."
            )
        self._is_labels = kind == "multilabel-indicator"
        if self._is_labels:
            self.classes_ = np.arange(y.shape[1])
        else:
            given = column_or_1d(y, warn=True) if classes is None else np.asarray(classes)
            self.classes_ = np.unique(given)
        self.n_outputs_ = len(self.classes_)

    def _own_net(self) -> Net:
        return self._net("labels" if self._is_labels else "classes", self.n_outputs_)

    def _data(self, X: Array, y: Array, sample_weight: Any) -> dict[str, Array]:
        weight = self._weights(X, sample_weight)
        if self._is_labels:
            if y.ndim != 2 or y.shape[1] != self.n_outputs_:
                raise ShapeError(
                    f"Classifier: y has shape {y.shape}, and it was fitted to {self.n_outputs_} "
                    "labels. Give a column for each."
                )
            return {"x": X, "y": np.asarray(y, np.float64), "weight": weight}
        y = column_or_1d(y)
        found = np.searchsorted(self.classes_, y).clip(0, len(self.classes_) - 1)
        unknown = self.classes_[found] != y
        if unknown.any():
            raise RangeError(
                f"Classifier: y holds {y[unknown].tolist()[0]!r}, which is none of the classes "
                f"{self.classes_.tolist()}. Name all classes in the first call of partial_fit."
            )
        return {"x": X, "y": found.astype(np.int64), "weight": weight}

    def predict_proba(self, X: Any) -> Array:
        """The probability of each class, or of each label: (N, classes)."""
        rows = self._rows(X)
        return self._computed(self._own_net(), "probability", {"x": rows})

    def predict_log_proba(self, X: Any) -> Array:
        """The logarithm of `predict_proba`, finite also where that rounds to 0: (N, classes)."""
        rows = self._rows(X)
        scores = self._computed(self._own_net(), "score", {"x": rows})
        if self._is_labels:
            return np.asarray(-np.logaddexp(0, -scores))
        return np.asarray(scores - np.logaddexp.reduce(scores, axis=1, keepdims=True))

    def decision_function(self, X: Any) -> Array:
        """The scores before softmax or sigmoid; of two classes, how much the second leads."""
        rows = self._rows(X)
        scores = self._computed(self._own_net(), "score", {"x": rows})
        if not self._is_labels and self.n_outputs_ == 2:
            return np.asarray(scores[:, 1] - scores[:, 0])
        return scores

    def predict(self, X: Any) -> Array:
        """The class of each sample, or a row of 0 and 1."""
        rows = self._rows(X)
        scores = self._computed(self._own_net(), "score", {"x": rows})
        if self._is_labels:
            return (scores > 0).astype(np.int64)
        return np.asarray(self.classes_[scores.argmax(1)])


class Regressor(RegressorMixin, Predictor):
    """A network for numbers, one or several a sample, by half the mean squared error.

    The settings are those of `Classifier`. Numbers far from 1 are learned better behind
    sklearn.compose.TransformedTargetRegressor.

    >>> import numpy as np
    >>> from symgraph.sklearn import Regressor
    >>> X = np.linspace(-1, 1, 50)[:, None]
    >>> net = Regressor(hidden=(16,), activation="tanh", epochs=500, random_state=0)
    >>> net.fit(X, np.sin(3 * X[:, 0])).score(X, np.sin(3 * X[:, 0])) > 0.98
    True
    """

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Regressor:
        """Train on rows X (N, features) with y (N,) or (N, outputs)."""
        X, data = self._data(X, y, sample_weight, reset=True)
        self._train(self._own_net(), data, len(X))
        return self

    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None) -> Regressor:
        """One epoch on further samples."""
        first = not hasattr(self, "parameters_")
        X, data = self._data(X, y, sample_weight, reset=first)
        self._train_further(self._own_net(), data, len(X))
        return self

    def _data(
        self, X: Any, y: Any, sample_weight: Any, reset: bool
    ) -> tuple[Array, dict[str, Array]]:
        X, y = validate_data(
            self, X, y, multi_output=True, y_numeric=True, dtype=[np.float64, np.float32],
            reset=reset,
        )  # fmt: skip
        columns = y.reshape(len(y), -1)
        if reset:
            self._is_flat = y.ndim == 1
            self.n_outputs_ = columns.shape[1]
        elif columns.shape[1] != self.n_outputs_:
            raise ShapeError(
                f"Regressor: y has shape {y.shape}, and it was fitted to {self.n_outputs_} outputs "
                "a sample. Give as many."
            )
        weight = self._weights(X, sample_weight)
        return X, {"x": X, "y": columns, "weight": weight}

    def _own_net(self) -> Net:
        return self._net("values", self.n_outputs_)

    def predict(self, X: Any) -> Array:
        """The numbers of each sample, in the shape of y."""
        values = self._computed_rows(X)
        return values[:, 0] if self._is_flat else values

    def _computed_rows(self, X: Any) -> Array:
        rows = self._rows(X)
        return self._computed(self._own_net(), "value", {"x": rows})
