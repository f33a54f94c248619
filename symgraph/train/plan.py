"""How to train: the rule that turns gradients into updates, and how the data are walked."""

from __future__ import annotations

import math
import numbers
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from symgraph import random
from symgraph.errors import GradientError, KindError, RangeError
from symgraph.grad import grad
from symgraph.node import Node
from symgraph.ops.leaves import Var
from symgraph.train.clipping import clip_by_global_norm, clip_by_value
from symgraph.train.optimizer import Chosen, Optimizer, chosen_names, read_choice
from symgraph.train.spec import Spec
from symgraph.walks import check_names

__all__ = [
    "Pace", "Plan", "Rule", "check_batch_size", "check_flags", "check_key", "check_plan",
    "check_rule", "check_trainable", "read_pace",
]  # fmt: skip

Array: TypeAlias = NDArray[Any]
#: The numbers below a count in the random order that a seed and a stream give.
Permutation: TypeAlias = Callable[[int, int, int], Array]

BLOCK = 1 << 12  # sample numbers that are shuffled at once
WORD = 0xFFFFFFFF


@dataclass(frozen=True)
class Rule:
    """How gradients become updates."""

    optimizer: Optimizer
    clip_norm: float | None = None
    clip_value: float | None = None
    frozen: Chosen = ()

    def trained(self, spec: Spec) -> list[Var]:
        """The parameters that a gradient changes.

        Raises GradientError when no parameter changes at all, UnknownNameError when a group or the
        frozen parameters name one that there is not.
        """
        known = spec.parameters.values()
        self.optimizer.check_groups(known)
        frozen = chosen_names("fit: freeze", self.frozen, known)
        groups = {p: self.optimizer.group_of(p) for p in check_trainable(spec)}
        moved = [
            p for p, k in groups.items() if p.name not in frozen and self.optimizer.of_group(k)
        ]
        if not moved and all(p.name in frozen for p in spec.ruled):
            raise GradientError(
                "fit: every parameter that may change is frozen. Leave one out of freeze and of "
                "the groups with None."
            )
        return moved

    def own_updates(self, spec: Spec) -> dict[Node, Node]:
        """The new values that the model itself has expressions for, but for what is frozen."""
        frozen = chosen_names("fit: freeze", self.frozen, spec.parameters.values())
        still = {p for p in spec.ruled if p.name in frozen}
        return {old: new for old, new in spec.updates.items() if old not in still}

    def updates(self, spec: Spec) -> dict[Node, Node]:
        """The new value of every parameter, state and slot.

        Raises GradientError when there is nothing to train, NameClashError when a name of the
        optimizer is taken.
        """
        trained = self.trained(spec)
        gradients = dict(zip(trained, grad(spec.loss, [*trained]), strict=True))
        joint = {**self.own_updates(spec), **self.of_gradients(gradients)}
        check_names([spec.loss, *joint, *joint.values()])
        return joint

    def of_gradients(
        self, gradients: Mapping[Node, Node], members: Mapping[Node, Var] | None = None
    ) -> dict[Node, Node]:
        """The new value of every parameter and slot; see `Optimizer.updates` for the members."""
        if self.clip_value is not None:
            gradients = clip_by_value(gradients, self.clip_value)
        if self.clip_norm is not None:
            gradients = clip_by_global_norm(gradients, self.clip_norm)
        return self.optimizer.updates(gradients, members)

    def same_program(self, other: Rule) -> bool:
        """Whether both make the same program: a rate that is a number is not part of it."""
        return self._without_rates() == other._without_rates()

    def _without_rates(self) -> Rule:
        return replace(self, optimizer=self.optimizer.without_rates())


def check_trainable(spec: Spec) -> list[Var]:
    """The parameters to train; GradientError when there are none and no update changes any."""
    if not spec.trainable and not spec.ruled:
        raise GradientError(
            "fit: the loss depends on no parameter that may change. Declare one with "
            "sg.parameter, or leave out trainable=False."
        )
    return spec.trainable


@dataclass(frozen=True)
class Plan:
    """How the data are walked."""

    epochs: int
    batch_size: int | None
    shuffle: bool
    seed: int

    def order(self, rows: int, epoch: int, permutation: Permutation | None = None) -> Array:
        """The order of the samples in an epoch, from 0.

        `permutation` gives the same numbers as `random.permutation`, and sooner.
        """
        if not self.shuffle or self.size(rows) >= rows:
            return np.arange(rows)
        if permutation is not None:
            return permutation(rows, self.seed, epoch)
        block = max(BLOCK // rows, 1)
        orders = _permutations(rows, self.seed, epoch // block * block, block)
        order: Array = orders[epoch % block]
        return order

    def size(self, rows: int) -> int:
        """The number of samples in a batch."""
        return rows if self.batch_size is None else self.batch_size

    def batches(self, rows: int) -> int:
        """The number of batches in an epoch."""
        return math.ceil(rows / self.size(rows))


@dataclass(frozen=True)
class Pace:
    """After how many epochs, or how many steps, something is due."""

    epochs: int | None = None
    steps: int | None = None

    def left(self, step: int) -> int | None:
        """The steps from so many on until it is due, if steps are what counts."""
        return None if self.steps is None else self.steps - step % self.steps

    def is_due(self, epoch: int, step: int) -> bool:
        """Whether it is due behind so many epochs and steps."""
        return epoch % self.epochs == 0 if self.epochs else step % (self.steps or 1) == 0


def read_pace(every: Any) -> Pace:
    """What a user writes: a number of epochs, or text such as "500 steps".

    Raises KindError for anything else, RangeError for a number below 1.
    """
    count, unit = every, "epochs"
    if isinstance(every, str):
        number, _, unit = every.strip().partition(" ")
        count = int(number) if number.isdecimal() else None
    is_whole = isinstance(count, numbers.Integral) and not isinstance(count, bool)
    if not is_whole or unit not in ("epoch", "epochs", "step", "steps"):
        raise KindError(
            f"fit: every is {every!r}, and it is a number of epochs, or text such as '500 steps'."
        )
    if count < 1:
        raise RangeError(f"fit: every is {every!r}, and it must be 1 or more.")
    return Pace(int(count)) if unit.startswith("epoch") else Pace(steps=int(count))


@lru_cache(maxsize=1)
def _permutations(rows: int, seed: int, first: int, count: int) -> Array:
    """`random.permutation(rows, seed, epoch)` for some epochs at once, one a row.

    Each has a fixed cost of many small operations, which few samples would not be worth.
    """
    if count == 1:
        return random.permutation(rows, seed, first)[None]
    streams = np.arange(first, first + count)
    low, high = seed & WORD, seed >> 32
    k0, k1 = random.threefry2x32((low, high), (streams & WORD, streams >> 32))
    w0, w1 = random.threefry2x32((k0[:, None], k1[:, None]), (np.arange(rows), 0))
    words = w0.astype(np.uint64) << np.uint64(32) | w1
    orders: Array = np.argsort(words, axis=1, kind="stable")
    return orders


def check_rule(
    optimizer: Optimizer, clip_norm: float | None, clip_value: float | None, freeze: Any = ()
) -> Rule:
    if not isinstance(optimizer, Optimizer):
        raise KindError(
            f"fit: optimizer is {optimizer!r}, and it is one of sg.optim, such as "
            "sg.optim.Adam(1e-3)."
        )
    return Rule(optimizer, clip_norm, clip_value, read_choice("fit: freeze", freeze))


def check_plan(epochs: Any, batch_size: Any, shuffle: Any, seed: Any) -> Plan:
    for name, value in (("epochs", epochs), ("seed", seed)):
        if isinstance(value, bool) or not isinstance(value, numbers.Integral):
            raise KindError(f"fit: {name} is {value!r}, and it must be an integer.")
        if not 0 <= int(value) < 2**63:
            raise RangeError(f"fit: {name} is {value}, and it must be 0 or more.")
    check_flags("fit", shuffle=shuffle)
    check_batch_size("fit", batch_size)
    return Plan(
        int(epochs), None if batch_size is None else int(batch_size), bool(shuffle), int(seed)
    )


def check_flags(where: str, **flags: Any) -> None:
    """Raise KindError for what is neither True nor False."""
    for name, value in flags.items():
        if not isinstance(value, bool | np.bool_):
            raise KindError(f"{where}: {name} is {value!r}, and it must be True or False.")


def check_key(where: str, key: Any, name: str = "key") -> None:
    """Raise KindError for a key that is no integer, RangeError outside [0, 2**63)."""
    if isinstance(key, bool) or not isinstance(key, numbers.Integral):
        raise KindError(f"{where}: {name} is {key!r}, and it must be an integer.")
    if not 0 <= int(key) < 2**63:
        raise RangeError(f"{where}: {name} is {key}, and it must be 0 or more and below 2**63.")


def check_batch_size(where: str, size: Any) -> None:
    if size is None:
        return
    if isinstance(size, bool) or not isinstance(size, numbers.Integral):
        raise KindError(f"{where}: batch_size is {size!r}, and it is an integer or None.")
    if size < 1:
        raise RangeError(f"{where}: batch_size is {size}, and it must be 1 or more, or None.")
