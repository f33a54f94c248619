"""Every system of the lectures, ready to derive, draw, compile and train."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable
from difflib import get_close_matches
from typing import Any

from symgraph.errors import UnknownNameError

__all__ = ["builder", "names", "title"]

#: The systems by name: module and function below `symgraph.zoo`.
_SYSTEMS = {
    "hinge": "losses:hinge",
    "squared": "losses:squared",
    "two-layer": "losses:two_layer",
    "dense": "networks:dense",
    "digits": "networks:digits_cnn",
}


def names() -> list[str]:
    """The names of all systems.

    >>> "hinge" in names()
    True
    """
    return list(_SYSTEMS)


def builder(name: str) -> Callable[..., Any]:
    """The function that builds a system.

    Raises UnknownNameError for a name that is none, with the nearest one.
    """
    if name not in _SYSTEMS:
        near = get_close_matches(name, _SYSTEMS, 1)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        raise UnknownNameError(
            f"zoo: there is no system {name!r}, only {', '.join(_SYSTEMS)}.{hint}"
        )
    module, _, function = _SYSTEMS[name].partition(":")
    made: Callable[..., Any] = getattr(importlib.import_module(f"symgraph.zoo.{module}"), function)
    return made


def title(name: str) -> str:
    """What a system is, in one line."""
    return (inspect.getdoc(builder(name)) or "").partition("\n")[0]
