"""The collector of cyclic garbage, which stands still while graphs and programs are made."""

from __future__ import annotations

import gc
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

__all__ = ["uncollected"]

_P = ParamSpec("_P")
_R = TypeVar("_R")


def uncollected(function: Callable[_P, _R]) -> Callable[_P, _R]:
    """The function, during which the collector of cycles stands still.

    A graph is very many objects that stay and hold no cycles. The collector would look at all of
    them again and again, which takes as long as making them; what is dropped meanwhile goes by its
    count of references. A collector that is off already stays off.
    """

    @wraps(function)
    def halted(*args: _P.args, **kwargs: _P.kwargs) -> _R:
        if not gc.isenabled():
            return function(*args, **kwargs)
        gc.disable()
        try:
            return function(*args, **kwargs)
        finally:
            gc.enable()

    return halted
