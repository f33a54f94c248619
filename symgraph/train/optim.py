"""Optimizers as expressions: from gradients to the new value of every parameter and state.

An optimizer computes nothing itself. `optimizer.updates({p: g})` returns nodes, which are printed,
drawn and compiled as any others; `Model.fit` compiles them into one program with the loss and its
gradients. The update rules are those of torch.optim.

The learning rate is a number, a node, or a function of the number of steps done so far. A number
becomes the state `η`, which may change without compiling again; a function is called once with the
node `step` and becomes part of the program.

    >>> import symgraph as sg
    >>> w, g = sg.parameter("w"), sg.input("g")
    >>> print(sg.optim.SGD(0.1).updates({w: g})[w])
    w - η*g
"""

from __future__ import annotations

import math
import numbers
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from decimal import Decimal
from typing import Any, ClassVar, TypeAlias

from symgraph.build.arithmetic import maximum, minimum, multiply, sqrt
from symgraph.build.coerce import as_node
from symgraph.build.contract import squared_norm
from symgraph.build.declare import state
from symgraph.errors import KindError, RangeError, ShapeError
from symgraph.node import Node, reachable
from symgraph.ops.leaves import Var
from symgraph.shapes import same_shape, shape_text
from symgraph.train.schedule import cosine_decay, exponential_decay, step_decay, warmup

__all__ = [
    "SGD",
    "Adagrad",
    "Adam",
    "AdamW",
    "Momentum",
    "Nesterov",
    "Optimizer",
    "RMSprop",
    "clip_by_global_norm",
    "clip_by_value",
    "cosine_decay",
    "exponential_decay",
    "learning_rate_state",
    "slot_state",
    "step_decay",
    "step_state",
    "warmup",
]

Rate: TypeAlias = "float | Node | Callable[[Node], Any]"
#: The new parameter and the new value of each slot.
Change: TypeAlias = tuple[Node, dict[str, Node]]


def learning_rate_state() -> Node:
    """The state that holds a learning rate given as a number."""
    return state("η")


def step_state() -> Node:
    """The state that counts the steps done so far."""
    return state("step")


@dataclass(frozen=True)
class Optimizer(ABC):
    """What all optimizers share: the learning rate and the weight decay.

    `weight_decay` adds weight_decay * p to the gradient, the gradient of weight_decay/2 * |p|^2.
    Raises RangeError for a number outside its range, KindError for what is no number.
    """

    learning_rate: Rate
    weight_decay: float = field(default=0.0, kw_only=True)

    #: Whether weight decay shrinks the parameter directly instead of joining the gradient.
    decoupled: ClassVar[bool] = False
    #: Numbers that must lie in [0, 1): averages of the past.
    fractions: ClassVar[tuple[str, ...]] = ()

    def __post_init__(self) -> None:
        for one in fields(self):
            value = getattr(self, one.name)
            if one.name == "learning_rate" and (isinstance(value, Node) or callable(value)):
                continue
            if isinstance(value, bool) and one.name != "learning_rate":
                continue
            top = 1.0 if one.name in self.fractions else math.inf
            check_number(value, f"{type(self).__name__}: {one.name}", 0.0, top)

    @abstractmethod
    def slots(self) -> dict[str, float]:
        """The states kept for each parameter, with their start values."""

    @abstractmethod
    def rule(self, p: Node, g: Node, slot: Mapping[str, Node], rate: Node, t: Node) -> Change:
        """The new parameter and slots; `t` is the number of this step, from 1."""

    def updates(self, gradients: Mapping[Node, Any]) -> dict[Node, Node]:
        """The new value of every parameter and of every state of the optimizer.

        `gradients` maps parameters to nodes of the same shape. The states are `sg.state` nodes:
        slot `m` of parameter `W` is named `m_W`.
        Raises ShapeError when a gradient has another shape than its parameter.

        >>> import symgraph as sg
        >>> w, g = sg.parameter("w"), sg.input("g")
        >>> for old, new in sg.optim.Momentum(0.1).updates({w: g}).items():
        ...     print(old, "becomes", new)
        w becomes w - η*(0.9*v_w + g)
        v_w becomes 0.9*v_w + g
        """
        steps = step_state()
        t = steps + 1
        rate = self._rate(steps)
        found: dict[Node, Node] = {}
        for p, gradient in gradients.items():
            g = _check_gradient(p, as_node(gradient, "updates"))
            start = p
            if self.weight_decay and self.decoupled:
                start = p * (1 - rate * self.weight_decay)
            elif self.weight_decay:
                g = g + multiply(self.weight_decay, p)
            slot = {name: slot_state(name, p, init) for name, init in self.slots().items()}
            found[p], changed = self.rule(start, g, slot, rate, t)
            found |= {slot[name]: new for name, new in changed.items()}
        if steps in reachable(found.values()):
            found[steps] = t
        return found

    def _rate(self, steps: Node) -> Node:
        if isinstance(self.learning_rate, Node):
            rate = self.learning_rate
        elif callable(self.learning_rate):
            rate = as_node(self.learning_rate(steps), "learning rate")
        else:
            rate = learning_rate_state()
        if rate.shape != () or rate.kind == "boolean":
            raise ShapeError(
                f"{type(self).__name__}: the learning rate is {rate.kind} of shape "
                f"{shape_text(rate.shape)}, and it must be one number."
            )
        return rate


def complement(fraction: float) -> float:
    """1 - fraction, exact for the decimal that the user wrote: 0.001 for 0.999."""
    return float(1 - Decimal(repr(float(fraction))))


def check_number(value: Any, where: str, low: float, top: float) -> None:
    """Raise KindError for what is no number, RangeError for one outside [low, top)."""
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        raise KindError(f"{where} is {value!r}, and it must be a number.")
    if not (low <= float(value) < top):
        raise RangeError(
            f"{where} is {value!r}, and it must lie in [{low:g}, {top:g})."
            if top < math.inf
            else f"{where} is {value!r}, and it must be at least {low:g} and finite."
        )


def _check_gradient(p: Any, g: Node) -> Node:
    if not isinstance(p, Var):
        raise KindError(f"updates: {p} is no variable; map parameters to their gradients.")
    if not same_shape(p.shape, g.shape):
        raise ShapeError(
            f"updates: parameter {p.name!r} has shape {shape_text(p.shape)}, its gradient "
            f"{shape_text(g.shape)}. Give a gradient of the parameter's shape."
        )
    return g


def slot_state(name: str, p: Node, init: float) -> Node:
    """The state in which an optimizer keeps a slot of a parameter."""
    start: Any = init if init else "zeros"
    return state(f"{name}_{p.params[0]}", p.shape, init=start)


class SGD(Optimizer):
    """Gradient descent: p - rate * g.

    Source: Robbins and Monro 1951, Ann. Math. Statist. 22(3); as torch.optim.SGD.

    >>> SGD(0.1).slots()
    {}
    """

    def slots(self) -> dict[str, float]:
        return {}

    def rule(self, p: Node, g: Node, slot: Mapping[str, Node], rate: Node, t: Node) -> Change:
        return p - rate * g, {}


@dataclass(frozen=True)
class Momentum(Optimizer):
    """Gradient descent with momentum: v = momentum * v + g, p - rate * v.

    Source: Polyak 1964, USSR Comput. Math. Math. Phys. 4(5); as torch.optim.SGD(momentum=).

    >>> Momentum(0.1, momentum=0.8).slots()
    {'v': 0.0}
    """

    momentum: float = 0.9
    fractions: ClassVar[tuple[str, ...]] = ("momentum",)

    def slots(self) -> dict[str, float]:
        return {"v": 0.0}

    def rule(self, p: Node, g: Node, slot: Mapping[str, Node], rate: Node, t: Node) -> Change:
        velocity = multiply(self.momentum, slot["v"]) + g
        return p - rate * velocity, {"v": velocity}


@dataclass(frozen=True)
class Nesterov(Optimizer):
    """Momentum that looks ahead: v = momentum * v + g, p - rate * (g + momentum * v).

    p is the point that lies ahead, where the gradient is taken. In the older form
    u = momentum * u - rate * g(x + momentum * u), x = x + u the two agree through
    u = -rate * v and p = x + momentum * u.
    Source: Sutskever, Martens, Dahl, Hinton 2013, ICML, eq. 3 and 4; the form of
    torch.optim.SGD(nesterov=True).

    >>> Nesterov(0.1).momentum
    0.9
    """

    momentum: float = 0.9
    fractions: ClassVar[tuple[str, ...]] = ("momentum",)

    def slots(self) -> dict[str, float]:
        return {"v": 0.0}

    def rule(self, p: Node, g: Node, slot: Mapping[str, Node], rate: Node, t: Node) -> Change:
        velocity = multiply(self.momentum, slot["v"]) + g
        return p - rate * (g + multiply(self.momentum, velocity)), {"v": velocity}


@dataclass(frozen=True)
class Adagrad(Optimizer):
    """Steps divided by the root of all squares so far:
    s = s + g**2, p - rate * g / (sqrt(s) + eps).

    `initial` is the value that s starts from.
    Source: Duchi, Hazan, Singer 2011, JMLR 12; as torch.optim.Adagrad.

    >>> Adagrad(0.1, initial=0.1).slots()
    {'s': 0.1}
    """

    learning_rate: Rate = 0.01
    eps: float = 1e-10
    initial: float = 0.0

    def slots(self) -> dict[str, float]:
        return {"s": self.initial}

    def rule(self, p: Node, g: Node, slot: Mapping[str, Node], rate: Node, t: Node) -> Change:
        squares = slot["s"] + g**2
        return p - rate * g / (sqrt(squares) + self.eps), {"s": squares}


@dataclass(frozen=True)
class RMSprop(Optimizer):
    """Steps divided by a running root mean square:
    s = rho * s + (1 - rho) * g**2, p - rate * g / (sqrt(s) + eps).

    Source: Tieleman and Hinton 2012, Neural Networks for Machine Learning, lecture 6.5; as
    torch.optim.RMSprop, whose alpha is rho.

    >>> RMSprop(0.01, rho=0.9).slots()
    {'s': 0.0}
    """

    learning_rate: Rate = 0.01
    rho: float = 0.99
    eps: float = 1e-8
    fractions: ClassVar[tuple[str, ...]] = ("rho",)

    def slots(self) -> dict[str, float]:
        return {"s": 0.0}

    def rule(self, p: Node, g: Node, slot: Mapping[str, Node], rate: Node, t: Node) -> Change:
        squares = multiply(self.rho, slot["s"]) + multiply(complement(self.rho), g**2)
        return p - rate * g / (sqrt(squares) + self.eps), {"s": squares}


@dataclass(frozen=True)
class Adam(Optimizer):
    """Running mean and mean square of the gradient, both corrected for their start at zero:
    m = beta1 * m + (1 - beta1) * g, v = beta2 * v + (1 - beta2) * g**2,
    p - rate * (m / (1 - beta1**t)) / (sqrt(v / (1 - beta2**t)) + eps).

    With `eps_inside_sqrt` the divisor is sqrt(v / (1 - beta2**t) + eps): the same away from zero,
    but at gradients below sqrt(eps) the steps are much smaller.
    Source: Kingma and Ba 2015, ICLR, algorithm 1; as torch.optim.Adam.

    >>> Adam(1e-3).slots()
    {'m': 0.0, 'v': 0.0}
    """

    learning_rate: Rate = 1e-3
    beta1: float = 0.9
    beta2: float = 0.999
    eps: float = 1e-8
    eps_inside_sqrt: bool = field(default=False, kw_only=True)
    fractions: ClassVar[tuple[str, ...]] = ("beta1", "beta2")

    def slots(self) -> dict[str, float]:
        return {"m": 0.0, "v": 0.0}

    def rule(self, p: Node, g: Node, slot: Mapping[str, Node], rate: Node, t: Node) -> Change:
        m = multiply(self.beta1, slot["m"]) + multiply(complement(self.beta1), g)
        v = multiply(self.beta2, slot["v"]) + multiply(complement(self.beta2), g**2)
        mean = m / (1 - self.beta1**t)
        square = v / (1 - self.beta2**t)
        divisor = sqrt(square + self.eps) if self.eps_inside_sqrt else sqrt(square) + self.eps
        return p - rate * mean / divisor, {"m": m, "v": v}


@dataclass(frozen=True)
class AdamW(Adam):
    """Adam with decoupled weight decay: as Adam, from (1 - rate * weight_decay) * p instead of p.

    Source: Loshchilov and Hutter 2019, ICLR, algorithm 2; as torch.optim.AdamW.

    >>> AdamW(1e-3).weight_decay
    0.01
    """

    weight_decay: float = field(default=0.01, kw_only=True)
    decoupled: ClassVar[bool] = True


def clip_by_value(gradients: Mapping[Node, Node], limit: float) -> dict[Node, Node]:
    """Every entry of every gradient cut to [-limit, limit].

    Raises RangeError for a limit that is not positive.

    >>> import symgraph as sg
    >>> w, g = sg.parameter("w"), sg.input("g")
    >>> print(clip_by_value({w: g}, 5.0)[w])
    max(min(g, 5), -5)
    """
    _check_limit(limit, "clip_value")
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
    _check_limit(limit, "clip_norm")
    if not gradients:
        return {}
    squares = [squared_norm(g) for g in gradients.values()]
    total = squares[0]
    for square in squares[1:]:
        total = total + square
    factor = limit / maximum(sqrt(total), limit)
    return {p: g * factor for p, g in gradients.items()}


def _check_limit(limit: Any, name: str) -> None:
    check_number(limit, name, 0.0, math.inf)
    if limit == 0:
        raise RangeError(f"{name} is 0, and no gradient would be left; give a positive limit.")
