"""Autoencoder and restricted Boltzmann machine."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.base import ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.utils.validation import check_array, check_is_fitted, validate_data

from symgraph.errors import RangeError, ShapeError
from symgraph.sklearn.estimator import Array, Estimator
from symgraph.sklearn.nets import Net

__all__ = ["RBM", "Autoencoder"]


class Transformer(ClassNamePrefixFeaturesOutMixin, TransformerMixin, Estimator):
    """A network that learns another form of the rows that it is given."""

    def transform(self, X: Any) -> Array:
        """The code of each row: (N, units of the code)."""
        rows = self._rows(X)
        return self._computed(self._own_net(), "code", {"x": rows})

    @property
    def _n_features_out(self) -> int:
        return self._own_net().hidden[-1]


class Autoencoder(Transformer):
    """A network that restores its input from a code of fewer numbers.

    `hidden` are the sizes from the input to the code, the last of which is the size of the code;
    the way back has them in the opposite order. The other settings are those of `Classifier`.

    >>> import numpy as np
    >>> from symgraph.sklearn import Autoencoder
    >>> X = np.outer(np.linspace(-1, 1, 40), [1.0, 2.0, -1.0])
    >>> net = Autoencoder(hidden=(1,), activation=None, epochs=500, random_state=0).fit(X)
    >>> net.transform(X).shape, bool(abs(net.inverse_transform(net.transform(X)) - X).max() < 0.05)
    ((40, 1), True)
    """

    def __init__(
        self,
        hidden: Any = (32, 8),
        activation: Any = "tanh",
        *,
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

    def fit(self, X: Any, y: Any = None, sample_weight: Any = None) -> Autoencoder:
        """Train on rows X (N, features); y is not used."""
        X = validate_data(self, X, dtype=[np.float64, np.float32])
        data = {"x": X, "weight": self._weights(X, sample_weight)}
        self._train(self._own_net(), data, len(X))
        return self

    def partial_fit(self, X: Any, y: Any = None, sample_weight: Any = None) -> Autoencoder:
        """One epoch on further rows."""
        first = not hasattr(self, "parameters_")
        X = validate_data(self, X, dtype=[np.float64, np.float32], reset=first)
        data = {"x": X, "weight": self._weights(X, sample_weight)}
        self._train_further(self._own_net(), data, len(X))
        return self

    def inverse_transform(self, X: Any) -> Array:
        """Rows restored from their codes X (N, units of the code): (N, features)."""
        check_is_fitted(self)
        code = check_array(X, dtype=[np.float64, np.float32])
        net = self._own_net("decode")
        if code.shape[1] != net.hidden[-1]:
            raise ShapeError(
                f"Autoencoder: the codes have shape {code.shape}, and a code is {net.hidden[-1]} "
                "numbers. Give what transform returned."
            )
        return self._computed(net, "restored", {"code": code})

    def _own_net(self, task: str = "code") -> Net:
        net = self._net(task, int(self.n_features_in_))
        if not net.hidden:
            raise RangeError("Autoencoder: hidden is empty, and its last entry sizes the code.")
        return net


class RBM(Transformer):
    """A restricted Boltzmann machine of binary units, trained by CD-1.

    Rows hold probabilities or bits, from 0 to 1. One step of Gibbs sampling from the data gives
    the negative phase, with random numbers that follow from `random_state` alone. `transform`
    gives the probabilities of the hidden units. `parameters_` are W (features, units) and the
    biases b of the rows, c of the units. Source: Hinton 2002.

    >>> import numpy as np
    >>> from symgraph.sklearn import RBM
    >>> X = np.repeat([[1.0, 1.0, 0.0, 0.0], [0.0, 0.0, 1.0, 1.0]], 50, axis=0)
    >>> code = RBM(2, learning_rate=0.5, epochs=200, random_state=0).fit_transform(X)
    >>> code.shape, bool(abs(code[0] - code[-1]).max() > 0.5)
    ((100, 2), True)
    """

    def __init__(
        self,
        n_components: int = 32,
        *,
        optimizer: Any = "sgd",
        learning_rate: float = 0.1,
        epochs: int = 20,
        batch_size: Any = 10,
        warm_start: bool = False,
        random_state: Any = None,
        dtype: Any = "float64",
        target: Any = "numpy",
    ) -> None:
        self.n_components = n_components
        self.optimizer = optimizer
        self.learning_rate = learning_rate
        self.epochs = epochs
        self.batch_size = batch_size
        self.warm_start = warm_start
        self.random_state = random_state
        self.dtype = dtype
        self.target = target

    activation = None

    @property
    def hidden(self) -> Any:  # type: ignore[override]
        """The one hidden layer."""
        return (self.n_components,)

    def fit(self, X: Any, y: Any = None) -> RBM:
        """Train on rows X (N, features); y is not used."""
        X = validate_data(self, X, dtype=[np.float64, np.float32])
        self._train(self._own_net(), {"x": X}, len(X))
        return self

    def partial_fit(self, X: Any, y: Any = None) -> RBM:
        """One epoch on further rows."""
        first = not hasattr(self, "parameters_")
        X = validate_data(self, X, dtype=[np.float64, np.float32], reset=first)
        self._train_further(self._own_net(), {"x": X}, len(X))
        return self

    def free_energy(self, X: Any) -> Array:
        """-log of what a row's probability is proportional to: (N,)."""
        rows = self._rows(X)
        return self._computed(self._own_net(), "energy", {"x": rows})

    def _own_net(self) -> Net:
        return self._net("rbm", int(self.n_features_in_))
