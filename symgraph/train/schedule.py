"""Learning rates that change with the number of steps done.

Each function here returns a function for the `learning_rate` of an optimizer: from the node that
counts the steps to the node of the rate. Any other such function does as well.

    >>> import symgraph as sg
    >>> slower = sg.optim.Adam(lambda step: 0.1 / sg.sqrt(step + 1))
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TypeAlias

from symgraph.build.arithmetic import add, cos, minimum, multiply, power
from symgraph.errors import KindError, RangeError
from symgraph.node import Node

__all__ = ["Schedule", "cosine_decay", "exponential_decay", "step_decay", "warmup"]

Schedule: TypeAlias = Callable[[Node], Node]


def cosine_decay(start: float, steps: int, end: float = 0.0) -> Schedule:
    """From `start` down to `end` along half a cosine within `steps` steps, then constant.

    end + (start - end) * (1 + cos(pi * step / steps)) / 2.
    Raises RangeError when `steps` is not positive.
    Source: Loshchilov and Hutter 2017, ICLR, eq. 5, without restarts.

    >>> import symgraph as sg
    >>> print(cosine_decay(1.0, steps=100)(sg.input("t")))
    0.5*(1 + cos(0.031415926535897934*min(t, 100)))
    """
    _check_steps(steps, "cosine_decay")

    def rate(step: Node) -> Node:
        angle = multiply(math.pi / steps, minimum(step, steps))
        wave = multiply((start - end) / 2, add(1, cos(angle)))
        return wave + end if end else wave

    return rate


def exponential_decay(start: float, steps: int, factor: float) -> Schedule:
    """Multiplied by `factor` smoothly over every `steps` steps: start * factor**(step / steps).

    Raises RangeError when `steps` is not positive.

    >>> import symgraph as sg
    >>> print(exponential_decay(0.1, steps=1000, factor=0.5)(sg.input("t")))
    0.1*0.5**(t/1000)
    """
    _check_steps(steps, "exponential_decay")
    return lambda step: multiply(start, power(factor, step / steps))


def step_decay(start: float, steps: int, factor: float) -> Schedule:
    """Multiplied by `factor` after every `steps` steps: start * factor**floor(step / steps).

    Raises RangeError when `steps` is not positive.

    >>> import symgraph as sg
    >>> print(step_decay(0.1, steps=1000, factor=0.5)(sg.input("t")))
    0.1*0.5**(t // 1000)
    """
    _check_steps(steps, "step_decay")
    return lambda step: multiply(start, power(factor, step // steps))


def warmup(rate: float | Schedule, steps: int) -> Schedule:
    """A rate that grows in equal parts over the first `steps` steps, then the rate itself.

    rate * min((step + 1) / steps, 1); a schedule given as `rate` runs from the first step on.
    Raises RangeError when `steps` is not positive.
    Source: Goyal et al. 2017, arXiv 1706.02677, sec. 2.2.

    >>> import symgraph as sg
    >>> print(warmup(0.1, steps=10)(sg.input("t")))
    0.1*min((t + 1)/10, 1)
    """
    _check_steps(steps, "warmup")

    def grown(step: Node) -> Node:
        full = rate(step) if callable(rate) else rate
        return multiply(full, minimum((step + 1) / steps, 1))

    return grown


def _check_steps(steps: int, where: str) -> None:
    if isinstance(steps, bool) or not isinstance(steps, int):
        raise KindError(f"{where}: steps is {steps!r}, and it must be an integer.")
    if steps < 1:
        raise RangeError(f"{where}: steps is {steps}, and it must be at least 1.")
