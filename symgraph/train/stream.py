"""Batches that come one after another, from an iterator or made anew for every epoch."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice
from os import PathLike
from typing import Any

import numpy as np

from symgraph.answers import takes
from symgraph.errors import KindError, RangeError, UnsupportedError
from symgraph.train.data import Data
from symgraph.train.tables import columns_of

__all__ = ["Stream", "is_stream"]


def is_stream(data: Any) -> bool:
    """Whether data are batches, or make them, instead of being arrays by name or a file."""
    if isinstance(data, Mapping | str | PathLike | np.ndarray | type) or hasattr(data, "keys"):
        return False
    if hasattr(data, "__array__") or columns_of(data) is not None:  # an array, or a data frame
        return False
    if isinstance(data, list | tuple):
        return bool(data) and all(isinstance(one, Mapping) for one in data)
    return callable(data) or isinstance(data, Iterable)


class Stream:
    """Batches of arrays by name, each checked when it comes.

    `source` is iterated once an epoch, or called for what is to be iterated.
    """

    rows = 0  # how many there will be is not known

    def __init__(self, where: str, source: Any, check: Callable[[str, Any], Data]) -> None:
        self._where, self._source, self._check = where, source, check
        self._once = not callable(source) and iter(source) is source
        self._epochs = 0

    def batches(self, done: int = 0) -> Iterator[Data]:
        """The batches of one epoch, without those that are done.

        Raises KindError for a function that makes no batches, and what `check_data` raises.
        """
        if callable(self._source) and not takes(self._source, 0):
            raise KindError(
                f"{self._where}: the function given cannot be called without values, and it is to "
                "make batches. Write data=lambda: batches(...)."
            )
        source = self._source() if callable(self._source) else self._source
        if not isinstance(source, Iterable) or isinstance(source, Mapping):
            raise KindError(
                f"{self._where}: the function given makes a {type(source).__name__}, and it is to "
                "make batches, each with arrays by name. Write a generator function."
            )
        number = done
        for number, batch in enumerate(islice(source, done, None), done + 1):
            yield self._check(f"{self._where}: batch {number}", batch)
        if not number:
            raise self._empty()
        self._epochs += 1

    def _empty(self) -> Exception:
        if self._once and self._epochs:
            return UnsupportedError(
                f"{self._where}: the iterator is used up after {self._epochs} of the epochs. Give "
                "a function that makes a new one: data=lambda: batches()."
            )
        return RangeError(f"{self._where}: there are no batches. Give at least one.")
