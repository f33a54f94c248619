"""What all estimators share: their settings, one call of fit, and the arrays that it leaves."""

from __future__ import annotations

import math
import numbers
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator
from sklearn.utils import check_random_state
from sklearn.utils.validation import _check_sample_weight, check_is_fitted, validate_data

from symgraph.dtypes import real_dtype
from symgraph.errors import KindError, RangeError, UnknownNameError
from symgraph.nn.layers import Activation
from symgraph.sklearn.nets import Net, model_of
from symgraph.train import optim
from symgraph.train.callbacks import EarlyStopping
from symgraph.train.initialise import start_value
from symgraph.train.model import Model
from symgraph.train.names import unknown_name
from symgraph.train.plan import check_batch_size, check_rule

__all__ = ["Estimator"]

Array: TypeAlias = NDArray[Any]

_OPTIMIZERS: dict[str, type[optim.Optimizer]] = {
    "adagrad": optim.Adagrad, "adam": optim.Adam, "adamw": optim.AdamW,
    "momentum": optim.Momentum, "nesterov": optim.Nesterov, "rmsprop": optim.RMSprop,
    "sgd": optim.SGD,
}  # fmt: skip
_MOST_AT_ONCE = 200  # samples in a batch, where nothing else is said; as in scikit-learn


class Estimator(BaseEstimator):
    """Settings, and the numbers that training leaves: arrays and plain data, so that it pickles.

    The compiled program belongs to the thread, not to the estimator: estimators of equal sizes and
    settings share one, and a copy in another process compiles its own.
    """

    #: Settings that not every estimator has.
    hidden: Sequence[int]
    activation: Activation
    build: Any = None
    alpha: float = 0.0
    early_stopping: bool = False
    validation_fraction: float = 0.1
    patience: int = 10
    #: Settings that all have.
    optimizer: Any
    learning_rate: float
    epochs: int
    batch_size: Any
    warm_start: bool
    random_state: Any
    dtype: Any
    target: Any

    # --- what the settings mean ---------------------------------------------------------------

    def _net(self, task: str, outputs: int) -> Net:
        where = type(self).__name__
        hidden = (self.hidden,) if isinstance(self.hidden, numbers.Integral) else self.hidden
        if not isinstance(hidden, Sequence | np.ndarray) or isinstance(hidden, str):
            raise KindError(f"{where}: hidden is {hidden!r}, and it lists sizes, such as (32, 16).")
        for units in hidden:
            if isinstance(units, bool) or not isinstance(units, numbers.Integral) or units < 1:
                raise RangeError(
                    f"{where}: hidden is {hidden!r}, and every layer has at least one unit. "
                    "Give whole numbers from 1, such as (32, 16)."
                )
        sizes = tuple(int(units) for units in hidden)
        self._check_number("alpha", self.alpha)
        if self.build is not None and not callable(self.build):
            raise KindError(
                f"{where}: build is {self.build!r}, and it is a function of a node (N, features) "
                "and the number of outputs, or None."
            )
        return Net(
            task, int(self.n_features_in_), outputs, sizes, self.activation,
            float(self.alpha), self.build, real_dtype(where, self.dtype), self.target,
        )  # fmt: skip

    def _check_number(self, name: str, value: Any) -> None:
        if isinstance(value, bool) or not isinstance(value, numbers.Real):
            raise KindError(f"{type(self).__name__}: {name} is {value!r}, and it is a number.")
        if not 0 <= float(value) < math.inf:
            raise RangeError(f"{type(self).__name__}: {name} is {value}, and it must be 0 or more.")

    def _optimizer(self) -> optim.Optimizer:
        chosen = self.optimizer
        if isinstance(chosen, optim.Optimizer):
            return chosen
        if not isinstance(chosen, str):
            raise KindError(
                f"{type(self).__name__}: optimizer is {chosen!r}, and it is a name such as 'adam' "
                "or an optimizer such as sg.optim.Adam(0.001)."
            )
        if chosen not in _OPTIMIZERS:
            raise unknown_name(type(self).__name__, "an optimizer", chosen, _OPTIMIZERS)
        return _OPTIMIZERS[chosen](self.learning_rate)

    def _batch(self, rows: int) -> int | None:
        if isinstance(self.batch_size, str):
            if self.batch_size != "auto":
                raise KindError(
                    f"{type(self).__name__}: batch_size is {self.batch_size!r}, and it is 'auto', "
                    "None for all samples, or a number."
                )
            return min(_MOST_AT_ONCE, rows)
        check_batch_size(type(self).__name__, self.batch_size)
        return None if self.batch_size is None else int(self.batch_size)

    # --- training -----------------------------------------------------------------------------

    def _weights(self, X: Array, sample_weight: Any) -> Array:
        """A weight for each sample; all ones where none are given."""
        weight: Array = _check_sample_weight(
            sample_weight, X, dtype=np.float64, ensure_non_negative=True
        )
        if sample_weight is not None and not weight.any():
            raise RangeError(
                f"{type(self).__name__}: all entries of sample_weight are 0, so that nothing is "
                "left to learn from. Give at least one sample a weight."
            )
        return weight

    def _train(self, net: Net, data: Mapping[str, Any], rows: int) -> None:
        """Fit the parameters, from new start values unless `warm_start` finds old ones."""
        seed = self._seed()
        goes_on = bool(self.warm_start) and hasattr(self, "parameters_")
        model = self._model(net) if goes_on else self._fresh(net, seed)
        callbacks: list[Any] = []
        validation = None
        if self.early_stopping:
            callbacks = [EarlyStopping("val_loss", patience=self.patience, restore_best=True)]
            validation = self.validation_fraction
        history = model.fit(
            data, optimizer=self._optimizer(), epochs=self.epochs, batch_size=self._batch(rows),
            validation=validation, seed=seed, callbacks=callbacks, progress=False,
        )  # fmt: skip
        self._keep(model)
        self._seed_kept = seed
        self.loss_curve_ = list(history["loss"]) if history.epochs else []
        self.n_iter_ = len(self.loss_curve_)
        self._memory: Any = None

    def _train_further(self, net: Net, data: Mapping[str, Any], rows: int) -> None:
        """One epoch on further data, the optimizer going on where it was left."""
        first = not hasattr(self, "parameters_")
        if first:
            self._seed_kept = self._seed()
            self.loss_curve_ = []
        model = self._fresh(net, self._seed_kept) if first else self._model(net)
        optimizer = self._optimizer()
        rule = check_rule(optimizer, None, None)
        memory = getattr(self, "_memory", None)
        if memory is None:
            model._course.training_for(rule, False)
        else:
            model._course.go_on_from(rule, *memory)
        measured = model.partial_fit(
            data, optimizer=optimizer, batch_size=self._batch(rows), shuffle=True,
            seed=self._seed_kept,
        )  # fmt: skip
        self._keep(model)
        self._memory = model._course.remembered()
        self.loss_curve_ = [*self.loss_curve_, measured["loss"]]
        self.n_iter_ = len(self.loss_curve_)

    def _seed(self) -> int:
        return int(check_random_state(self.random_state).randint(2**31 - 1))

    def _fresh(self, net: Net, seed: int) -> Model:
        """The model of a net at its start."""
        model = model_of(net)
        for values in (model.parameters, model.states):
            for name, variable in values.variables.items():
                values[name] = start_value(variable, seed)
        return model

    def _model(self, net: Net) -> Model:
        """The model of a net, with the numbers of this estimator."""
        return self._filled(model_of(net))

    def _filled(self, model: Model) -> Model:
        for values, kept in ((model.parameters, self.parameters_), (model.states, self.states_)):
            for name in values:
                if name not in kept:
                    raise UnknownNameError(
                        f"{type(self).__name__}: there is no {name!r} among the numbers that were "
                        "fitted; a setting of the network has changed since. Fit it again."
                    )
                values[name] = kept[name]
        return model

    def _keep(self, model: Model) -> None:
        self.parameters_ = {name: array.copy() for name, array in model.parameters.items()}
        self.states_ = {name: array.copy() for name, array in model.states.items()}

    def to_model(self) -> Model:
        """A `sg.Model` of its own with what was learned: to export, save, draw or train further."""
        check_is_fitted(self)
        return self._filled(self._own_net().model())

    def _own_net(self) -> Net:
        raise NotImplementedError

    # --- using --------------------------------------------------------------------------------

    def _rows(self, X: Any) -> Array:
        """Data like those of fit."""
        check_is_fitted(self)
        found: Array = validate_data(self, X, dtype=[np.float64, np.float32], reset=False)
        return found

    def _computed(self, net: Net, output: str, data: Mapping[str, Any]) -> Array:
        values: Array = self._model(net).predict(data)[output]
        return values
