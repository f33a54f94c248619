"""Arrays of other libraries as NumPy arrays, without a copy where that goes."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["NO_ARRAY", "from_outside", "is_masked", "said_of"]

#: What is raised for values that are no arrays, or lie on another device.
NO_ARRAY = (TypeError, ValueError, RuntimeError, BufferError)


def from_outside(value: Any) -> NDArray[Any]:
    """Numbers, lists, buffers and arrays of any library on this machine's memory as an array.

    What has the protocol DLPack alone is taken by it. Raises one of NO_ARRAY.

    >>> import array
    >>> from_outside(array.array("d", [1.0, 2.0]))
    array([1., 2.])
    """
    if isinstance(value, np.ndarray):
        return value
    if hasattr(value, "__dlpack__") and not hasattr(value, "__array__"):
        return np.from_dlpack(value)
    return np.asarray(value)


def is_masked(value: Any) -> bool:
    """Whether a value is a masked array; `numpy.ma` is not imported to find that out.

    >>> is_masked(np.ma.array([1.0, 2.0])), is_masked(np.zeros(2))
    (True, False)
    """
    masked = sys.modules.get("numpy.ma")
    return masked is not None and isinstance(value, masked.MaskedArray)


def said_of(error: Exception) -> str:
    """What another library says of a value, as a sentence that ends what to do."""
    text = str(error).rstrip(". ") or type(error).__name__
    return f"{text}." if "Use" in text else f"{text}. Give what np.asarray makes numbers of."
