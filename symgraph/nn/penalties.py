"""Penalties on parameters, as expressions to add to a loss.

>>> import symgraph as sg
>>> w, x = sg.parameter("w", 2), sg.input("x", ("N", 2))
>>> print(sg.mean((x @ w) ** 2) + sg.nn.l1(w, 0.1))
sum((x @ w)**2)/N + 0.1*sum(abs(w))
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from symgraph.answers import answer_calls
from symgraph.build import arithmetic, contract
from symgraph.build.coerce import as_node
from symgraph.errors import KindError
from symgraph.node import Node
from symgraph.train.limits import check_number

__all__ = ["l1", "l2"]


def l1(parameters: Any, strength: float) -> Node:
    """strength * the sum of all absolute values, which pulls entries to zero.

    `parameters` is one value or a list of several. The derivative at 0 is 0.
    Raises RangeError for a strength below 0, KindError for no parameters at all.
    Source: Tibshirani 1996, J. R. Stat. Soc. B 58(1); as keras.regularizers.L1.

    >>> import symgraph as sg
    >>> print(l1(sg.parameter("W", (2, 3)), 0.01))
    0.01*sum(abs(W))
    """
    return _penalty("l1", parameters, strength, lambda p: contract.sum(arithmetic.abs(p)))


def l2(parameters: Any, strength: float) -> Node:
    """strength * the sum of all squares, which keeps entries small.

    `parameters` is one value or a list of several. Its gradient is 2 * strength * p, that of
    `weight_decay` 2 * strength in an optimizer.
    Raises RangeError for a strength below 0, KindError for no parameters at all.
    Source: Hoerl and Kennard 1970, Technometrics 12(1); as keras.regularizers.L2.

    >>> import symgraph as sg
    >>> print(l2([sg.parameter("W"), sg.parameter("V")], 0.5))
    0.5*(W**2 + V**2)
    """
    return _penalty("l2", parameters, strength, contract.squared_norm)


def _penalty(where: str, parameters: Any, strength: float, size: Callable[[Node], Node]) -> Node:
    check_number(strength, f"{where}: strength", 0.0, math.inf)
    given = parameters if isinstance(parameters, list | tuple) else [parameters]
    if not given:
        raise KindError(f"{where}: there are no parameters. Give one, or a list of some.")
    first, *others = [size(as_node(p, where)) for p in given]
    for other in others:
        first = first + other
    return arithmetic.multiply(strength, first)


answer_calls(globals(), __all__)
