"""Gradients cut before they are used: entry by entry, or all by one factor."""

from __future__ import annotations

from collections.abc import Mapping

from symgraph.answers import answer_calls
from symgraph.build.arithmetic import maximum, minimum, sqrt
from symgraph.build.contract import squared_norm
from symgraph.node import Node
from symgraph.train.limits import check_limit

__all__ = ["clip_by_global_norm", "clip_by_value"]


def clip_by_value(gradients: Mapping[Node, Node], limit: float) -> dict[Node, Node]:
    """Every entry of every gradient cut to [-limit, limit].

    Raises RangeError for a limit that is not positive.

    >>> import symgraph as sg
    >>> w, g = sg.parameter("w"), sg.input("g")
    >>> print(clip_by_value({w: g}, 5.0)[w])
    max(min(g, 5), -5)
    """
    check_limit(limit, "clip_value")
    return {p: maximum(minimum(g, limit), -limit) for p, g in gradients.items()}


def clip_by_global_norm(gradients: Mapping[Node, Node], limit: float) -> dict[Node, Node]:
    """All gradients scaled by one factor, so that their joint norm is at most `limit`.

    The factor is limit / max(norm, limit), where norm**2 is the sum of the squares of all entries.
    Raises RangeError for a limit that is not positive.
    Source: Pascanu, Mikolov, Bengio 2013, ICML, algorithm 1.

    >>> import symgraph as sg
    >>> w, g = sg.parameter("w"), sg.input("g")
    >>> print(clip_by_global_norm({w: g}, 1.0)[w])
    g*(1/max(sqrt(g**2), 1))
    """
    check_limit(limit, "clip_norm")
    if not gradients:
        return {}
    squares = [squared_norm(g) for g in gradients.values()]
    total = squares[0]
    for square in squares[1:]:
        total = total + square
    factor = limit / maximum(sqrt(total), limit)
    return {p: g * factor for p, g in gradients.items()}


answer_calls(globals(), __all__)
