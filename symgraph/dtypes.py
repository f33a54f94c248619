"""The types of real numbers that programs compute in, as users name them."""

from __future__ import annotations

from typing import Any, Literal, TypeAlias

import numpy as np

from symgraph.errors import KindError

__all__ = ["Dtype", "real_dtype"]

Dtype: TypeAlias = Literal["float64", "float32"]


def real_dtype(where: str, dtype: Any) -> Dtype:
    """ "float64" or "float32" for what names one of them.

    That is what `np.dtype` takes for one, and the types of libraries that have their own, such as
    torch.float32. Raises KindError for all else, and for None, which NumPy takes for float64.

    >>> [real_dtype("here", given) for given in ("float32", np.float32, np.dtype("f4"), float)]
    ['float32', 'float32', 'float32', 'float64']
    """
    try:
        known = None if dtype is None else np.dtype(dtype)
    except (TypeError, ValueError):
        known = _name_elsewhere(dtype)
    if known == np.float64:
        return "float64"
    if known == np.float32:
        return "float32"
    raise KindError(f"{where}: dtype is {dtype!r}, and it is 'float64' or 'float32'.")


def _name_elsewhere(dtype: Any) -> np.dtype[Any] | None:
    """The dtype of the name of torch.float32 and its like, of which NumPy knows nothing."""
    if type(dtype).__name__.lower() != "dtype":
        return None
    name = str(dtype).rpartition(".")[2]
    return np.dtype(name) if name in ("float64", "float32") else None
