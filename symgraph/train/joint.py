"""The nodes of one training step, with small parameters joined into one vector.

A step changes every parameter by the same few operations. Done for each small parameter by itself,
these cost more in calls than in work; done for one vector, of which the parameters are views, they
are called once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from symgraph.build.declare import parameter
from symgraph.errors import NameClashError
from symgraph.grad import grad
from symgraph.node import Node, check_names, substitute, variables
from symgraph.ops.leaves import Var
from symgraph.ops.let import let_node
from symgraph.ops.move import Affine, concat_node, pull, reshape_node
from symgraph.shapes import product
from symgraph.train.lookups import tables
from symgraph.train.optim import slot_state
from symgraph.train.plan import Rule, check_trainable
from symgraph.train.spec import Spec
from symgraph.train.values import Values

__all__ = ["Step", "members_of", "step_of"]

#: Entries of a parameter above which its operations cost more than calling them.
SMALL = 1 << 14


def members_of(spec: Spec) -> list[Var]:
    """The parameters to be joined: small ones that no lookup reads.

    A step changes few rows of what is looked up in, which a vector of all would hide.
    """
    apart = tables([*spec.measured.values(), *spec.updates.values()])
    small = [p for p in spec.trainable if p not in apart and _size(p) <= SMALL]
    return small if len(small) > 1 else []


def _size(node: Node) -> int:
    return int(product(node.shape))


@dataclass(frozen=True)
class Step:
    """What a step measures, and the new value of all that it changes.

    `slots` are the states of the optimizer under their own names. The `members` are views of
    `joint`, and each of `vectors` holds one slot of all members: the first of `slots`, in order.
    """

    outputs: list[Node]
    updates: dict[Node, Node]
    slots: list[Var]
    members: list[Var]
    joint: Node | None
    vectors: list[Node]

    def memory(self, model: Sequence[Values], slots: Values) -> dict[Node, NDArray[Any]]:
        """The array of every variable that stays between steps.

        `model` are parameters and states; the members lie at the beginning of the parameters.
        """
        parts = [values.by_variable() for values in (*model, slots)]
        arrays = {node: array for part in parts for node, array in part.items()}
        if self.joint is not None:
            size = _size(self.joint)
            arrays[self.joint] = model[0].flat[:size]
            for i, vector in enumerate(self.vectors):
                arrays[vector] = slots.flat[i * size : (i + 1) * size]
        return arrays


def step_of(spec: Spec, rule: Rule, members: list[Var]) -> Step:
    """The step that a rule makes.

    Raises GradientError when there is nothing to train, NameClashError when a name of the optimizer
    is taken.
    """
    others = [p for p in check_trainable(spec) if p not in members]
    joint = _joint(spec, members) if members else None
    views = _views(joint, members) if joint is not None else {}
    measured = spec.measuring.outputs
    roots = substitute([*measured.values(), *spec.updates.values()], views)
    outputs, news = roots[: len(measured)], roots[len(measured) :]
    gradients = grad(outputs[0], [*views.values(), *others])
    by_variable: dict[Node, Node] = dict(zip(others, gradients[len(views) :], strict=True))
    if joint is not None:
        pieces = [reshape_node(g, (_size(g),)) for g in gradients[: len(views)]]
        by_variable[joint] = concat_node(pieces, 0)
    changes = rule.of_gradients(by_variable)
    taken = [node for node in changes if node in spec.states.values()]
    if taken:
        raise NameClashError(
            f"fit: state {taken[0]} belongs to the model and to the optimizer. Rename yours."
        )
    updates = {**dict(zip(spec.updates, news, strict=True)), **changes}
    kinds = rule.optimizer.slots().items() if joint is not None else ()
    vectors = [slot_state(name, joint, init) for name, init in kinds if joint is not None]
    slots = [slot_state(name, p, init) for name, init in kinds for p in members]
    known = {*spec.states.values(), *vectors}
    slots += [node for node in _states([*updates, *updates.values()]) if node not in known]
    check_names([*roots, *members, *slots])
    named = [node for node in slots if isinstance(node, Var)]
    return Step(outputs, updates, named, members, joint, vectors)


def _joint(spec: Spec, members: Sequence[Var]) -> Node:
    taken = {*spec.inputs, *spec.parameters, *spec.states, *spec.switches}
    name = "parameters"
    while name in taken:
        name += "_"
    return parameter(name, sum(map(_size, members)))


def _views(joint: Node, members: Sequence[Var]) -> dict[Node, Node]:
    """Each member as a piece of the vector, under its name."""
    views: dict[Node, Node] = {}
    start = 0
    for p in members:
        piece = pull(joint, [Affine(start, ((0, 1),))], (_size(p),))
        views[p] = let_node(p.name, reshape_node(piece, p.shape))
        start += _size(p)
    return views


def _states(nodes: Sequence[Node]) -> list[Node]:
    return [node for node in variables(nodes) if isinstance(node, Var) and node.role == "state"]
