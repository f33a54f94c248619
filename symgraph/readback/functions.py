"""Functions that a formula may call by name, over arrays: their textbook meaning in NumPy."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import mpmath
import numpy as np
from numpy.typing import NDArray

__all__ = ["ENTRYWISE", "FUNCTIONS", "REDUCTIONS"]

Array = NDArray[Any]


def _sigmoid(x: Array) -> Array:
    return np.asarray(np.exp(-np.logaddexp(0, -x)))


def _each(function: Callable[[float], float]) -> Callable[[Array], Array]:
    return np.vectorize(function, otypes=[float])


def _normal(x: Array) -> Array:
    return np.asarray(np.exp(-(x**2) / 2) / math.sqrt(2 * math.pi))


def _normal_below(x: Array) -> Array:
    return np.asarray(_each(math.erfc)(-x / math.sqrt(2)) / 2)


def _sign(x: Array, at_zero: Array | float = 0.0) -> Array:
    return np.where(x == 0, at_zero, np.sign(x))


def _zeta(s: float, x: float) -> float:
    return float(mpmath.zeta(s, x)) if s > 1 and x > 0 else math.nan


#: Functions of each entry.
ENTRYWISE: dict[str, Callable[..., Array]] = {
    "exp": np.exp, "log": np.log, "sqrt": np.sqrt, "sin": np.sin, "cos": np.cos, "tan": np.tan,
    "sinh": np.sinh, "cosh": np.cosh, "tanh": np.tanh, "arcsin": np.arcsin, "arccos": np.arccos,
    "arctan": np.arctan, "arcsinh": np.arcsinh, "arccosh": np.arccosh, "arctanh": np.arctanh,
    "abs": np.abs, "sign": _sign, "floor": np.floor, "ceil": np.ceil, "log1p": np.log1p,
    "expm1": np.expm1, "sigmoid": _sigmoid, "log_sigmoid": lambda x: -np.logaddexp(0, -x),
    "softplus": lambda x: np.logaddexp(0, x), "relu": lambda x: np.where(x > 0, x, 0.0),
    "softsign": lambda x: x / (1 + np.abs(x)), "silu": lambda x: x * _sigmoid(x),
    "erf": _each(math.erf), "erfc": _each(math.erfc), "gamma": _each(math.gamma),
    "lgamma": _each(math.lgamma), "loggamma": _each(math.lgamma),
    "digamma": _each(mpmath.digamma), "trigamma": _each(lambda x: mpmath.psi(1, x)),
    "zeta": np.vectorize(_zeta, otypes=[float]), "normal_pdf": _normal,
    "normal_cdf": _normal_below,
    "gelu": lambda x: x * _normal_below(x), "stop_gradient": lambda x: x,
    "where": np.where, "remainder": np.mod, "logaddexp": np.logaddexp, "arctan2": np.arctan2,
}  # fmt: skip

#: Functions of many entries, along an axis or over all.
REDUCTIONS: dict[str, Callable[..., Array]] = {
    "sum": np.sum, "prod": np.prod, "mean": np.mean, "max": np.max, "min": np.min, "var": np.var,
    "std": np.std, "argmax": np.argmax, "argmin": np.argmin, "logsumexp": np.logaddexp.reduce,
}  # fmt: skip

_OTHERS = "softmax log_softmax tr det logdet diag kron vec inv onehot norm transpose cumsum".split()
_SPELLINGS = {
    "σ": "sigmoid", "sigm": "sigmoid", "logistic": "sigmoid", "Σ": "sum", "Π": "prod", "ln": "log",
    "trace": "tr", "asin": "arcsin", "acos": "arccos", "atan": "arctan", "asinh": "arcsinh",
    "acosh": "arccosh", "atanh": "arctanh", "atan2": "arctan2", "sgn": "sign", "maximum": "max",
    "minimum": "min",
    "ReLU": "relu", "step": "step", "Γ": "gamma", "ψ": "digamma", "ζ": "zeta",
    "ceiling": "ceil", "Diag": "diag",
    "lse": "logsumexp", "average": "mean", "Tr": "tr", "avg": "mean",
}  # fmt: skip
#: By each spelling the name of the function.
FUNCTIONS: dict[str, str] = {
    **{name: name for name in (*ENTRYWISE, *REDUCTIONS, *_OTHERS)}, **_SPELLINGS
}  # fmt: skip
ENTRYWISE["step"] = lambda x: np.where(x > 0, 1.0, 0.0)
