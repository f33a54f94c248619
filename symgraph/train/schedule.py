"""Learning rates that change with the number of steps done.

Each function here returns a function for the `learning_rate` of an optimizer: from the node that
counts the steps to the node of the rate. Any other such function does as well.

    >>> import symgraph as sg
    >>> slower = sg.optim.Adam(lambda step: 0.1 / sg.sqrt(step + 1))

Those here are values: equal where their settings are equal, so that an optimizer with one is too.

    >>> sg.optim.cosine_decay(0.1, steps=50) == sg.optim.cosine_decay(0.1, steps=50)
    True
    >>> sg.optim.Adam(sg.optim.warmup(0.1, 5)).learning_rate
    warmup(0.1, 5)
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Never, Protocol

from symgraph.answers import answer_calls
from symgraph.build.arithmetic import add, floor, maximum, minimum, multiply, power
from symgraph.build.coerce import as_node
from symgraph.build.conditions import where
from symgraph.build.elementary import cos, log
from symgraph.errors import KindError, RangeError
from symgraph.node import Node
from symgraph.train.limits import check_number

__all__ = [
    "Schedule", "cosine_decay", "cosine_restarts", "exponential_decay", "one_cycle", "piecewise",
    "polynomial_decay", "step_decay", "warmup",
]  # fmt: skip


class Schedule(Protocol):
    """What gives the learning rate for the node that counts the steps done: any such function."""

    def __init__(self, *given: Never, **options: Never) -> None:
        raise KindError(
            "Schedule: it is the type of all schedules, and none itself. Write one of "
            f"sg.optim.{', '.join(__all__[1:])}, or a function of the step."
        )

    def __call__(self, step: Node, /) -> Node: ...


@dataclass(frozen=True, repr=False)
class _Settled:
    """A schedule as a value: with the same settings it is equal, it prints, and it pickles."""

    rule: Callable[..., Node]
    settings: tuple[Any, ...]

    def __call__(self, step: Node, /) -> Node:
        return self.rule(step, *self.settings)

    def __repr__(self) -> str:
        return f"{self.rule.__name__.lstrip('_')}({', '.join(map(repr, self.settings))})"


def cosine_decay(start: float, steps: int, end: float = 0.0) -> Schedule:
    """From `start` down to `end` along half a cosine within `steps` steps, then constant.

    end + (start - end) * (1 + cos(pi * step / steps)) / 2.
    Raises RangeError when `steps` is not positive, KindError for what is no number.
    Source: Loshchilov and Hutter 2017, ICLR, eq. 5, without restarts; up to `steps` as
    torch.optim.lr_scheduler.CosineAnnealingLR(T_max=steps, eta_min=end).

    >>> import symgraph as sg
    >>> print(cosine_decay(1.0, steps=100)(sg.input("t")))
    0.5*(1 + cos(0.031415926535897934*min(t, 100)))
    """
    _check_steps(steps, "cosine_decay")
    _check_numbers("cosine_decay", start=start, end=end)
    return _Settled(_cosine_decay, (start, steps, end))


def _cosine_decay(step: Node, start: float, steps: int, end: float) -> Node:
    return _half_cosine(start, end, multiply(math.pi / steps, minimum(step, steps)))


def cosine_restarts(start: float, steps: int, factor: int = 1, end: float = 0.0) -> Schedule:
    """From `start` down to `end` along half a cosine, again and again.

    The first fall takes `steps` steps, each further one `factor` times as many as the one before.
    Raises RangeError when `steps` or `factor` is not positive, KindError when one is no integer.
    Source: Loshchilov and Hutter 2017, ICLR, eq. 5; as
    torch.optim.lr_scheduler.CosineAnnealingWarmRestarts(T_0=steps, T_mult=factor, eta_min=end).

    >>> import symgraph as sg
    >>> print(cosine_restarts(1.0, steps=10)(sg.input("t")))
    0.5*(1 + cos(0.3141592653589793*(t - 10*(t // 10))))
    """
    _check_steps(steps, "cosine_restarts")
    _check_steps(factor, "cosine_restarts", "factor")
    _check_numbers("cosine_restarts", start=start, end=end)
    return _Settled(_cosine_restarts, (start, steps, factor, end))


def _cosine_restarts(step: Node, start: float, steps: int, factor: int, end: float) -> Node:
    if factor == 1:
        since = step - steps * (step // steps)
        return _half_cosine(start, end, multiply(math.pi / steps, since))
    # falls before this one; half a step keeps the logarithm away from whole numbers
    falls = floor(log(((step + 0.5) * (factor - 1) + steps) / steps) / math.log(factor))
    length = multiply(steps, power(factor, falls))
    since = step - (length - steps) / (factor - 1)
    return _half_cosine(start, end, multiply(math.pi, since / length))


def _half_cosine(start: float, end: float, angle: Node) -> Node:
    """From start to end while the angle grows from 0 to pi."""
    wave = multiply((start - end) / 2, add(1, cos(angle)))
    return wave + end if end else wave


def one_cycle(
    top: float, steps: int, rise: float = 0.3, first: float = 25.0, last: float = 1e4
) -> Schedule:
    """Up to `top` and down again along two half cosines within `steps` steps, then constant.

    From top / first over the part `rise` of the steps, then down to top / first / last.
    Raises RangeError for fewer than 2 steps, a part outside (0, 1), and divisors that are not
    positive.
    Source: Smith and Topin 2018, arXiv 1708.07120; as torch.optim.lr_scheduler.OneCycleLR(max_lr,
    total_steps, pct_start, div_factor, final_div_factor).

    >>> import symgraph as sg
    >>> rate = one_cycle(0.1, steps=100)
    >>> [round(float(sg.evaluate(rate(sg.const(t)), {})), 6) for t in (0, 29, 99)]
    [0.004, 0.1, 0.0]
    """
    _check_steps(steps, "one_cycle")
    check_number(top, "one_cycle: top", 0.0, math.inf)
    check_number(rise, "one_cycle: rise", 0.0, 1.0)
    for name, divisor in (("first", first), ("last", last)):
        check_number(divisor, f"one_cycle: {name}", 0.0, math.inf)
        if divisor == 0:
            raise RangeError(f"one_cycle: {name} is 0, and rates are divided by it.")
    if rise * steps <= 1:
        raise RangeError(
            f"one_cycle: rise is {rise} of {steps} steps, which leaves none to rise in. "
            "Give more of either."
        )
    return _Settled(_one_cycle, (top, steps, rise, first, last))


def _one_cycle(step: Node, top: float, steps: int, rise: float, first: float, last: float) -> Node:
    turn, low, end = rise * steps - 1, top / first, top / first / last
    up = _half_cosine(low, top, multiply(math.pi / turn, step))
    fall = multiply(math.pi / (steps - 1 - turn), minimum(step, steps - 1) - turn)
    return where(step <= turn, up, _half_cosine(top, end, fall))


def polynomial_decay(start: float, steps: int, end: float = 0.0, exponent: float = 1.0) -> Schedule:
    """From `start` down to `end` within `steps` steps, in equal parts by default, then constant.

    end + (start - end) * (1 - step / steps)**exponent.
    Raises RangeError when `steps` or `exponent` is not positive. As
    torch.optim.lr_scheduler.PolynomialLR(total_iters=steps, power=exponent).

    >>> import symgraph as sg
    >>> print(polynomial_decay(0.1, steps=10)(sg.input("t")))
    0.1*(1 - min(t, 10)/10)
    """
    _check_steps(steps, "polynomial_decay")
    _check_numbers("polynomial_decay", start=start, end=end)
    check_number(exponent, "polynomial_decay: exponent", 0.0, math.inf)
    return _Settled(_polynomial_decay, (start, steps, end, exponent))


def _polynomial_decay(step: Node, start: float, steps: int, end: float, exponent: float) -> Node:
    left = 1 - minimum(step, steps) / steps
    wave = multiply(start - end, left if exponent == 1 else power(left, exponent))
    return wave + end if end else wave


def piecewise(rates: Sequence[float | Schedule], starts: Sequence[int]) -> Schedule:
    """One rate after the other: the second from step starts[0] on, the third from starts[1] on.

    Each is a number or a schedule, for which the steps are counted from where it begins.
    Raises RangeError unless there is one start fewer than rates, and each is later than the one
    before; KindError for a start that is no integer. As torch.optim.lr_scheduler.MultiStepLR and
    SequentialLR.

    >>> import symgraph as sg
    >>> rate = piecewise([warmup(0.1, 2), 0.1, 0.01], starts=[2, 5])
    >>> [round(float(sg.evaluate(rate(sg.const(t)), {})), 6) for t in (0, 1, 4, 5)]
    [0.05, 0.1, 0.1, 0.01]
    """
    for name, listed in (("rates", rates), ("starts", starts)):
        if not isinstance(listed, Sequence) or isinstance(listed, str):
            raise KindError(
                f"piecewise: {name} is {listed!r}, and it is a list. Write "
                "piecewise([0.1, 0.01], starts=[1000])."
            )
    for rate in rates:
        _check_numbers("piecewise", rate=rate)
    begins = list(starts)
    for one in begins:
        _check_steps(one, "piecewise", "a start")
    if len(begins) != len(rates) - 1 or sorted(set(begins)) != begins:
        raise RangeError(
            f"piecewise: there are {len(rates)} rates and the starts {begins}; give the step at "
            "which each but the first begins, in order."
        )
    return _Settled(_piecewise, (tuple(rates), tuple(begins)))


def _piecewise(step: Node, rates: Sequence[float | Schedule], begins: Sequence[int]) -> Node:
    found = _value(rates[0], step)
    for begin, one in zip(begins, rates[1:], strict=True):
        # the branch that is not taken must be finite as well
        found = where(step < begin, found, _value(one, maximum(step - begin, 0)))
    return found


def _value(rate: float | Schedule, step: Node) -> Node:
    return as_node(rate(step) if callable(rate) else rate, "learning rate")


def exponential_decay(start: float, steps: int, factor: float) -> Schedule:
    """Multiplied by `factor` smoothly over every `steps` steps: start * factor**(step / steps).

    Raises RangeError when `steps` is not positive, KindError for what is no number. With
    one step as torch.optim.lr_scheduler.ExponentialLR(gamma=factor).

    >>> import symgraph as sg
    >>> print(exponential_decay(0.1, steps=1000, factor=0.5)(sg.input("t")))
    0.1*0.5**(t/1000)
    """
    _check_steps(steps, "exponential_decay")
    _check_numbers("exponential_decay", start=start, factor=factor)
    return _Settled(_exponential_decay, (start, steps, factor))


def _exponential_decay(step: Node, start: float, steps: int, factor: float) -> Node:
    return multiply(start, power(factor, step / steps))


def step_decay(start: float, steps: int, factor: float) -> Schedule:
    """Multiplied by `factor` after every `steps` steps: start * factor**floor(step / steps).

    Raises RangeError when `steps` is not positive, KindError for what is no number. As
    torch.optim.lr_scheduler.StepLR(step_size=steps, gamma=factor).

    >>> import symgraph as sg
    >>> print(step_decay(0.1, steps=1000, factor=0.5)(sg.input("t")))
    0.1*0.5**(t // 1000)
    """
    _check_steps(steps, "step_decay")
    _check_numbers("step_decay", start=start, factor=factor)
    return _Settled(_step_decay, (start, steps, factor))


def _step_decay(step: Node, start: float, steps: int, factor: float) -> Node:
    return multiply(start, power(factor, step // steps))


def warmup(rate: float | Schedule, steps: int) -> Schedule:
    """A rate that grows in equal parts over the first `steps` steps, then the rate itself.

    rate * min((step + 1) / steps, 1); a schedule given as `rate` runs from the first step on.
    Raises RangeError when `steps` is not positive, KindError for what is no number.
    Source: Goyal et al. 2017, arXiv 1706.02677, sec. 2.2.

    >>> import symgraph as sg
    >>> print(warmup(0.1, steps=10)(sg.input("t")))
    0.1*min((t + 1)/10, 1)
    """
    _check_steps(steps, "warmup")
    _check_numbers("warmup", rate=rate)
    return _Settled(_warmup, (rate, steps))


def _warmup(step: Node, rate: float | Schedule, steps: int) -> Node:
    full = rate(step) if callable(rate) else rate
    return multiply(full, minimum((step + 1) / steps, 1))


def _check_numbers(where_given: str, **given: Any) -> None:
    """Raise for what is neither a number from 0 on, nor a node, nor a schedule."""
    for name, value in given.items():
        if not isinstance(value, Node) and not (name == "rate" and callable(value)):
            check_number(value, f"{where_given}: {name}", 0.0, math.inf)


def _check_steps(steps: Any, where_given: str, name: str = "steps") -> None:
    if isinstance(steps, bool) or not isinstance(steps, int):
        raise KindError(f"{where_given}: {name} is {steps!r}, and it must be an integer.")
    if steps < 1:
        raise RangeError(f"{where_given}: {name} is {steps}, and it must be at least 1.")


answer_calls(globals(), __all__)
