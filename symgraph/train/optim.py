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

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from symgraph.answers import answer_calls, answering
from symgraph.build.arithmetic import maximum, multiply, sqrt
from symgraph.build.conditions import where
from symgraph.errors import RangeError
from symgraph.node import Node
from symgraph.train.clipping import clip_by_global_norm, clip_by_value
from symgraph.train.optimizer import (
    Change,
    Optimizer,
    Rate,
    complement,
    learning_rate_state,
    slot_state,
    step_state,
)
from symgraph.train.schedule import (
    cosine_decay,
    cosine_restarts,
    exponential_decay,
    one_cycle,
    piecewise,
    polynomial_decay,
    step_decay,
    warmup,
)

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
    "cosine_restarts",
    "exponential_decay",
    "learning_rate_state",
    "one_cycle",
    "piecewise",
    "polynomial_decay",
    "slot_state",
    "step_decay",
    "step_state",
    "warmup",
]


@answering
@dataclass(frozen=True)
class SGD(Optimizer):
    """Gradient descent: p - rate * g; with momentum v = momentum * v + (1 - dampening) * g,
    p - rate * v; with `nesterov` p - rate * (g + momentum * v).

    The first step has no dampening: v = g.
    Source: Robbins and Monro 1951, Ann. Math. Statist. 22(3); as torch.optim.SGD.
    Raises RangeError for `nesterov` without momentum or with dampening.

    >>> SGD(0.1).slots(), SGD(0.1, momentum=0.9).slots()
    ({}, {'v': 0.0})
    """

    momentum: float = 0.0
    dampening: float = field(default=0.0, kw_only=True)
    nesterov: bool = field(default=False, kw_only=True)
    fractions: ClassVar[tuple[str, ...]] = ("momentum",)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.nesterov and (not self.momentum or self.dampening):
            raise RangeError(
                f"{type(self).__name__}: nesterov needs a momentum above 0 and no dampening, and "
                f"they are {self.momentum:g} and {self.dampening:g}."
            )

    def slots(self) -> dict[str, float]:
        return {"v": 0.0} if self.momentum else {}

    def rule(self, p: Node, g: Node, slot: Mapping[str, Node], rate: Node, t: Node) -> Change:
        if not self.momentum:
            return p - rate * g, {}
        new = where(t > 1, complement(self.dampening), 1) * g if self.dampening else g
        velocity = multiply(self.momentum, slot["v"]) + new
        ahead = g + multiply(self.momentum, velocity) if self.nesterov else velocity
        return p - rate * ahead, {"v": velocity}


@answering
@dataclass(frozen=True)
class Momentum(SGD):
    """Gradient descent with momentum: v = momentum * v + g, p - rate * v.

    Source: Polyak 1964, USSR Comput. Math. Math. Phys. 4(5); as torch.optim.SGD(momentum=).

    >>> Momentum(0.1, momentum=0.8).slots()
    {'v': 0.0}
    """

    momentum: float = 0.9


@answering
@dataclass(frozen=True)
class Nesterov(SGD):
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
    nesterov: bool = field(default=True, kw_only=True)


@answering
@dataclass(frozen=True)
class Adagrad(Optimizer):
    """Steps divided by the root of all squares so far:
    s = s + g**2, p - rate / (1 + (t - 1) * rate_decay) * g / (sqrt(s) + eps).

    `initial` is the value that s starts from.
    Source: Duchi, Hazan, Singer 2011, JMLR 12; as torch.optim.Adagrad, whose lr_decay is
    rate_decay.

    >>> Adagrad(0.1, initial=0.1).slots()
    {'s': 0.1}
    """

    learning_rate: Rate = 0.01
    eps: float = 1e-10
    initial: float = 0.0
    rate_decay: float = field(default=0.0, kw_only=True)

    def slots(self) -> dict[str, float]:
        return {"s": self.initial}

    def rule(self, p: Node, g: Node, slot: Mapping[str, Node], rate: Node, t: Node) -> Change:
        squares = slot["s"] + g**2
        if self.rate_decay:
            rate = rate / (1 + multiply(self.rate_decay, t - 1))
        return p - rate * g / (sqrt(squares) + self.eps), {"s": squares}


@answering
@dataclass(frozen=True)
class RMSprop(Optimizer):
    """Steps divided by a running root mean square:
    s = rho * s + (1 - rho) * g**2, p - rate * g / (sqrt(s) + eps).

    With `centered` the divisor is the running standard deviation: s - mean**2 stands for s, where
    mean = rho * mean + (1 - rho) * g. With `momentum` the quotient is summed up before it is used:
    v = momentum * v + g / (sqrt(s) + eps), p - rate * v.
    Source: Tieleman and Hinton 2012, Neural Networks for Machine Learning, lecture 6.5; Graves
    2013, arXiv 1308.0850, eq. 38 to 45, for the centered one; as torch.optim.RMSprop, whose alpha
    is rho.

    >>> RMSprop(0.01, rho=0.9).slots()
    {'s': 0.0}
    """

    learning_rate: Rate = 0.01
    rho: float = 0.99
    eps: float = 1e-8
    momentum: float = field(default=0.0, kw_only=True)
    centered: bool = field(default=False, kw_only=True)
    fractions: ClassVar[tuple[str, ...]] = ("rho", "momentum")

    def slots(self) -> dict[str, float]:
        names = ["s", *(["mean"] if self.centered else []), *(["v"] if self.momentum else [])]
        return dict.fromkeys(names, 0.0)

    def rule(self, p: Node, g: Node, slot: Mapping[str, Node], rate: Node, t: Node) -> Change:
        squares = multiply(self.rho, slot["s"]) + multiply(complement(self.rho), g**2)
        changed, spread = {"s": squares}, squares
        if self.centered:
            mean = multiply(self.rho, slot["mean"]) + multiply(complement(self.rho), g)
            # rounding may leave a little less than 0
            changed["mean"], spread = mean, maximum(squares - mean**2, 0)
        if not self.momentum:
            return p - rate * g / (sqrt(spread) + self.eps), changed
        velocity = multiply(self.momentum, slot["v"]) + g / (sqrt(spread) + self.eps)
        return p - rate * velocity, changed | {"v": velocity}


@answering
@dataclass(frozen=True)
class Adam(Optimizer):
    """Running mean and mean square of the gradient, both corrected for their start at zero:
    m = beta1 * m + (1 - beta1) * g, v = beta2 * v + (1 - beta2) * g**2,
    p - rate * (m / (1 - beta1**t)) / (sqrt(v / (1 - beta2**t)) + eps).

    With `eps_inside_sqrt` the divisor is sqrt(v / (1 - beta2**t) + eps): the same away from zero,
    but at gradients below sqrt(eps) the steps are much smaller. With `amsgrad` the largest v so far
    stands for v in the divisor.
    Source: Kingma and Ba 2015, ICLR, algorithm 1; Reddi, Kale, Kumar 2018, ICLR, algorithm 2, for
    amsgrad; as torch.optim.Adam.

    >>> Adam(1e-3).slots()
    {'m': 0.0, 'v': 0.0}
    """

    learning_rate: Rate = 1e-3
    beta1: float = 0.9
    beta2: float = 0.999
    eps: float = 1e-8
    eps_inside_sqrt: bool = field(default=False, kw_only=True)
    amsgrad: bool = field(default=False, kw_only=True)
    fractions: ClassVar[tuple[str, ...]] = ("beta1", "beta2")

    def slots(self) -> dict[str, float]:
        return dict.fromkeys(["m", "v", "largest"] if self.amsgrad else ["m", "v"], 0.0)

    def rule(self, p: Node, g: Node, slot: Mapping[str, Node], rate: Node, t: Node) -> Change:
        m = multiply(self.beta1, slot["m"]) + multiply(complement(self.beta1), g)
        v = multiply(self.beta2, slot["v"]) + multiply(complement(self.beta2), g**2)
        changed, used = {"m": m, "v": v}, v
        if self.amsgrad:
            changed["largest"] = used = maximum(slot["largest"], v)
        # Both sides of the fraction times the root of 1 - beta2**t, which spares an operation on
        # every entry: the order that the authors give at the end of their section 2.
        missing = 1 - self.beta2**t
        root = sqrt(missing)
        if self.eps_inside_sqrt:
            divisor = sqrt(used + self.eps * missing)
        else:
            divisor = sqrt(used) + self.eps * root
        return p - rate * root / (1 - self.beta1**t) * (m / divisor), changed


@answering
@dataclass(frozen=True)
class AdamW(Adam):
    """Adam with decoupled weight decay: as Adam, from (1 - rate * weight_decay) * p instead of p.

    Source: Loshchilov and Hutter 2019, ICLR, algorithm 2; as torch.optim.AdamW.

    >>> AdamW(1e-3).weight_decay
    0.01
    """

    weight_decay: float = field(default=0.01, kw_only=True)
    decoupled: ClassVar[bool] = True


answer_calls(globals(), __all__)
