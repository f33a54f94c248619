"""What all optimizers share: rates, decay, clipping, groups of parameters, averages of them.

>>> import symgraph as sg
>>> W, b, g = sg.parameter("W"), sg.parameter("b"), sg.input("g")
>>> rule = sg.optim.SGD(0.1, weight_decay=0.5, groups={"b*": {"weight_decay": 0.0}})
>>> for old, new in rule.updates({W: g, b: g}).items():
...     print(old, "becomes", new)
W becomes W - η*(g + 0.5*W)
b becomes b - η_1*g
"""

from __future__ import annotations

import math
import numbers
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from decimal import Decimal
from fnmatch import fnmatchcase
from typing import Any, ClassVar, Self, TypeAlias

from symgraph.answers import answer_calls
from symgraph.build.arithmetic import multiply
from symgraph.build.coerce import as_node
from symgraph.build.conditions import where
from symgraph.build.declare import state
from symgraph.errors import KindError, NameClashError, ShapeError, UnknownNameError
from symgraph.node import Node
from symgraph.ops.leaves import Var
from symgraph.shapes import same_shape, shape_text
from symgraph.train.clipping import clip_by_global_norm, clip_by_value
from symgraph.train.keywords import check_options, unknown_setting
from symgraph.train.limits import check_limit, check_number
from symgraph.train.names import unknown_name
from symgraph.walks import reachable

__all__ = [
    "AVERAGE", "Change", "Chosen", "Group", "Optimizer", "Rate", "chosen_names", "complement",
    "learning_rate_state", "read_choice", "slot_state", "step_state",
]  # fmt: skip

Rate: TypeAlias = "float | Node | Callable[[Node], Any]"
#: The new parameter and the new value of each slot.
Change: TypeAlias = tuple[Node, dict[str, Node]]
#: Parameters by name, by a pattern of names such as "b_*", or themselves.
Chosen: TypeAlias = tuple["str | Node", ...]

AVERAGE = "average"  # the slot of the average of a parameter


def learning_rate_state(group: int = 0) -> Node:
    """The state that holds a learning rate given as a number; group 0 is all other parameters."""
    return state(f"η_{group}" if group else "η")


def step_state() -> Node:
    """The state that counts the steps done so far."""
    return state("step")


def slot_state(name: str, p: Node, init: float) -> Node:
    """The state in which an optimizer keeps a slot of a parameter."""
    start: Any = init if init else "zeros"
    return state(f"{name}_{p.params[0]}", p.shape, init=start)


def complement(fraction: float) -> float:
    """1 - fraction, exact for the decimal that the user wrote: 0.001 for 0.999."""
    return float(1 - Decimal(repr(float(fraction))))


@dataclass(frozen=True)
class Group:
    """Some parameters and what changes them; nothing does when the optimizer is None."""

    chosen: Chosen
    optimizer: Optimizer | None


@dataclass(frozen=True)
class Optimizer(ABC):
    """What all optimizers share.

    `weight_decay` adds weight_decay * p to the gradient, the gradient of weight_decay/2 * |p|^2.
    `clip_value` cuts the entries of the gradients, and then `clip_norm` their joint norm.
    `average` is the decay of an exponential moving average that is kept of every parameter,
    average * old + (1 - average) * new from the second step on; see `Model.averages`. As
    torch.optim.swa_utils.AveragedModel with get_ema_multi_avg_fn.

    `groups` maps parameters to what is different for them: names, patterns such as "b_*", nodes or
    tuples of these to a dictionary of options, to another optimizer, or to None, which freezes
    them. A group has a learning rate and a norm of its own; all else it takes from here.

    Raises RangeError for a number outside its range, KindError for what is no number or group,
    UnknownNameError for an option that there is not.
    """

    learning_rate: Rate
    weight_decay: float = field(default=0.0, kw_only=True)
    clip_norm: float | None = field(default=None, kw_only=True)
    clip_value: float | None = field(default=None, kw_only=True)
    average: float | None = field(default=None, kw_only=True)
    groups: Any = field(default=(), kw_only=True)

    #: Whether weight decay shrinks the parameter directly instead of joining the gradient.
    decoupled: ClassVar[bool] = False
    #: Numbers that must lie in [0, 1): averages of the past.
    fractions: ClassVar[tuple[str, ...]] = ()

    def __new__(cls, *args: Any, **options: Any) -> Self:
        if lacking := sorted(cls.__abstractmethods__):
            raise KindError(
                f"{cls.__name__}: it has no {' and no '.join(lacking)}. Define what is missing in "
                "a class of your own, or write sg.optim.Adam(0.001)."
            )
        if args or options:  # a copy is made without, and filled afterwards
            check_options(cls, args, options)
        return super().__new__(cls)

    def __post_init__(self) -> None:
        for one in fields(self):
            value = getattr(self, one.name)
            where_given = f"{type(self).__name__}: {one.name}"
            if one.name == "learning_rate" and (isinstance(value, Node) or callable(value)):
                continue
            if one.name == "groups" or (value is None and one.default is None):
                continue
            if isinstance(one.default, bool):
                if not isinstance(value, bool):
                    raise KindError(f"{where_given} is {value!r}, and it must be True or False.")
                continue
            top = 1.0 if one.name in (*self.fractions, "average") else math.inf
            check_number(value, where_given, 0.0, top)
            if one.name.startswith("clip_"):
                check_limit(value, where_given)
        object.__setattr__(self, "groups", self._read_groups(self.groups))

    @abstractmethod
    def slots(self) -> dict[str, float]:
        """The states kept for each parameter, with their start values."""

    @abstractmethod
    def rule(self, p: Node, g: Node, slot: Mapping[str, Node], rate: Node, t: Node) -> Change:
        """The new parameter and slots; `t` is the number of this step, from 1."""

    def updates(
        self, gradients: Mapping[Node, Any], members: Mapping[Node, Var] | None = None
    ) -> dict[Node, Node]:
        """The new value of every parameter and of every state of the optimizer.

        `gradients` maps parameters to nodes of the same shape. The states are `sg.state` nodes:
        slot `m` of parameter `W` is named `m_W`. A variable that several parameters of one group
        are joined in is in `members`, with one of them.
        Raises ShapeError when a gradient has another shape than its parameter.

        >>> import symgraph as sg
        >>> w, g = sg.parameter("w"), sg.input("g")
        >>> for old, new in sg.optim.Momentum(0.1).updates({w: g}).items():
        ...     print(old, "becomes", new)
        w becomes w - η*(0.9*v_w + g)
        v_w becomes 0.9*v_w + g
        """
        steps, known = step_state(), members or {}
        parts: dict[int, dict[Node, Node]] = {}
        for p, gradient in gradients.items():
            g = _check_gradient(p, as_node(gradient, "updates"))
            parts.setdefault(self.group_of(known.get(p, p)), {})[p] = g
        found: dict[Node, Node] = {}
        for number, part in sorted(parts.items()):
            optimizer = self.of_group(number)
            if optimizer is not None:
                found |= optimizer._changes(part, steps, number)
        if steps in reachable(found.values()):
            found[steps] = steps + 1
        return found

    def _changes(self, gradients: dict[Node, Node], steps: Node, group: int) -> dict[Node, Node]:
        """The updates of the parameters of one group."""
        rate = self._rate(steps, group)
        if self.clip_value is not None:
            gradients = clip_by_value(gradients, self.clip_value)
        if self.clip_norm is not None:
            gradients = clip_by_global_norm(gradients, self.clip_norm)
        found: dict[Node, Node] = {}
        for p, g in gradients.items():
            start = p
            if self.weight_decay and self.decoupled:
                start = p * (1 - rate * self.weight_decay)
            elif self.weight_decay:
                g = g + multiply(self.weight_decay, p)
            slot = {name: slot_state(name, p, init) for name, init in self.slots().items()}
            found[p], changed = self.rule(start, g, slot, rate, steps + 1)
            found |= {slot[name]: new for name, new in changed.items()}
            if self.average is not None:
                found |= _averaged(p, found[p], self.average, steps)
        return found

    def kept(self) -> dict[str, float]:
        """All states kept for each parameter, with their start values."""
        return self.slots() | ({} if self.average is None else {AVERAGE: 0.0})

    def _rate(self, steps: Node, group: int) -> Node:
        if isinstance(self.learning_rate, Node):
            rate = self.learning_rate
        elif callable(self.learning_rate):
            rate = as_node(self.learning_rate(steps), "learning rate")
        else:
            rate = learning_rate_state(group)
        if rate.shape != () or rate.kind == "boolean":
            raise ShapeError(
                f"{type(self).__name__}: the learning rate is {rate.kind} of shape "
                f"{shape_text(rate.shape)}, and it must be one number."
            )
        return rate

    # --- groups -------------------------------------------------------------------------------

    def _read_groups(self, groups: Any) -> tuple[Group, ...]:
        if isinstance(groups, tuple) and all(isinstance(one, Group) for one in groups):
            return groups
        if not isinstance(groups, Mapping):
            raise KindError(
                f"{type(self).__name__}: groups is {groups!r}, and it maps parameters to options. "
                'Write groups={"b_*": {"weight_decay": 0.0}}.'
            )
        where_given = f"{type(self).__name__}: groups"
        return tuple(
            Group(read_choice(where_given, chosen), self._changed(where_given, chosen, given))
            for chosen, given in groups.items()
        )

    def _changed(self, where_given: str, chosen: Any, given: Any) -> Optimizer | None:
        """What a group is given, as an optimizer."""
        if isinstance(given, Mapping):
            known = [one.name for one in fields(self) if one.name != "groups"]
            for name in given:
                if name not in known:
                    what = f"an option of {type(self).__name__}"
                    raise unknown_setting(where_given, what, name, known)
            return replace(self, groups=(), **given)
        if given is not None and not isinstance(given, Optimizer):
            raise KindError(
                f"{where_given} has {given!r} for {chosen!r}, and it is a dictionary of options, "
                "an optimizer, or None to freeze."
            )
        if given is not None and given.groups:
            raise KindError(
                f"{where_given}: the optimizer for {chosen!r} has groups itself. Give them all to "
                "the outer one."
            )
        return given

    def group_of(self, p: Node) -> int:
        """The number of the group that a parameter belongs to, from 1; 0 when it is in none.

        Raises NameClashError when it belongs to two.
        """
        found = [number for number, one in enumerate(self.groups, 1) if _has(one.chosen, p)]
        if len(found) > 1:
            first, second = (self.groups[number - 1].chosen for number in found[:2])
            raise NameClashError(
                f"{type(self).__name__}: parameter {p} belongs to the groups {_text(first)} and "
                f"{_text(second)}. Let only one of them choose it."
            )
        return found[0] if found else 0

    def of_group(self, number: int) -> Optimizer | None:
        """What changes the parameters of a group; None when nothing does."""
        return self.groups[number - 1].optimizer if number else self

    def check_groups(self, parameters: Iterable[Var]) -> None:
        """Raise UnknownNameError for a group that chooses what is no parameter."""
        known = list(parameters)
        for one in self.groups:
            chosen_names(f"{type(self).__name__}: groups", one.chosen, known)

    @property
    def rates(self) -> dict[str, float]:
        """The learning rates that are numbers, by the state that holds each."""
        all_of = enumerate([self, *(one.optimizer for one in self.groups)])
        return {
            str(learning_rate_state(number).params[0]): float(one.learning_rate)
            for number, one in all_of
            if one is not None and isinstance(one.learning_rate, numbers.Real)
        }

    def without_rates(self) -> Self:
        """The same with 0 for the learning rates that are numbers: what makes its program."""
        groups = tuple(
            replace(one, optimizer=one.optimizer and one.optimizer.without_rates())
            for one in self.groups
        )
        is_number = isinstance(self.learning_rate, numbers.Real)
        return replace(self, learning_rate=0.0 if is_number else self.learning_rate, groups=groups)


def _averaged(p: Node, new: Node, decay: float, steps: Node) -> dict[Node, Node]:
    """The average of a parameter, which begins with its value after the first step."""
    kept = slot_state(AVERAGE, p, 0.0)
    later = steps > 0
    return {kept: where(later, decay, 0) * kept + where(later, complement(decay), 1) * new}


def _check_gradient(p: Any, g: Node) -> Node:
    if not isinstance(p, Var):
        raise KindError(f"updates: {p} is no variable; map parameters to their gradients.")
    if not same_shape(p.shape, g.shape):
        raise ShapeError(
            f"updates: parameter {p.name!r} has shape {shape_text(p.shape)}, its gradient "
            f"{shape_text(g.shape)}. Give a gradient of the parameter's shape."
        )
    return g


# --- choosing parameters --------------------------------------------------------------------------


def read_choice(where_given: str, chosen: Any) -> Chosen:
    """What a user writes to choose parameters; KindError for anything else."""
    parts = tuple(chosen) if isinstance(chosen, tuple | list) else (chosen,)
    for one in parts:
        if not isinstance(one, str) and not (isinstance(one, Var) and one.role == "parameter"):
            raise KindError(
                f"{where_given}: {one!r} chooses no parameters. Give a name, a pattern such as "
                '"b_*", a parameter, or a tuple of these.'
            )
    return parts


def chosen_names(where_given: str, chosen: Chosen, parameters: Iterable[Var]) -> list[str]:
    """The names of the parameters chosen; UnknownNameError when a part of it chooses none."""
    known = list(parameters)
    found: dict[str, None] = {}
    for one in chosen:
        names = [p.name for p in known if _has((one,), p)]
        if not names and isinstance(one, str) and any(mark in one for mark in "*?["):
            raise UnknownNameError(
                f"{where_given}: no parameter has a name like {one!r}. There are: "
                f"{', '.join(repr(p.name) for p in known)}."
            )
        if not names:
            name = one if isinstance(one, str) else one.params[0]
            raise unknown_name(where_given, "a parameter here", name, [p.name for p in known])
        found |= dict.fromkeys(names)
    return [*found]


def _has(chosen: Chosen, p: Node) -> bool:
    name = str(p.params[0])
    return any(
        one == name or fnmatchcase(name, one) if isinstance(one, str) else one is p
        for one in chosen
    )


def _text(chosen: Chosen) -> str:
    return " and ".join(repr(one if isinstance(one, str) else one.params[0]) for one in chosen)


answer_calls(globals(), __all__)
