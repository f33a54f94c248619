"""The nodes of one training step, with small parameters joined into one vector.

A step changes every parameter by the same few operations. Done for each small parameter by itself,
these cost more in calls than in work; done for one vector, of which the parameters are views, they
are called once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from symgraph.build.declare import parameter
from symgraph.errors import NameClashError
from symgraph.grad import grad
from symgraph.node import Node, substitute
from symgraph.ops.concat import concat_node
from symgraph.ops.leaves import Var
from symgraph.ops.let import let_node
from symgraph.ops.move import pull
from symgraph.ops.reshape import reshape_node
from symgraph.ops.rows import Affine
from symgraph.shapes import product
from symgraph.train.lookups import tables
from symgraph.train.optimizer import slot_state
from symgraph.train.plan import Rule
from symgraph.train.spec import Spec
from symgraph.train.values import Values
from symgraph.walks import check_names, variables

__all__ = ["Joint", "Step", "members_of", "step_of"]

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
class Joint:
    """Parameters that are views of one vector, `node`, and lie in memory from `start` on.

    They follow each other there and belong to one group. Each of `vectors` holds one slot of all.
    """

    node: Node
    members: list[Var]
    start: int
    kinds: dict[str, float]

    @property
    def vectors(self) -> list[Node]:
        return [slot_state(name, self.node, init) for name, init in self.kinds.items()]

    @property
    def slots(self) -> list[Node]:
        """The slots of the members, in the order of memory."""
        return [
            slot_state(name, p, init) for name, init in self.kinds.items() for p in self.members
        ]

    def views(self) -> dict[Node, Node]:
        """Each member as a piece of the vector, under its name."""
        found: dict[Node, Node] = {}
        start = 0
        for p in self.members:
            piece = pull(self.node, [Affine(start, ((0, 1),))], (_size(p),))
            found[p] = let_node(p.name, reshape_node(piece, p.shape))
            start += _size(p)
        return found


@dataclass(frozen=True)
class Step:
    """What a step measures, and the new value of all that it changes.

    `slots` are the states of the optimizer under their own names, those of the members of each of
    `joints` first, in order.
    """

    outputs: list[Node]
    updates: dict[Node, Node]
    slots: list[Var]
    joints: list[Joint]

    def memory(self, model: Sequence[Values], slots: Values) -> dict[Node, NDArray[Any]]:
        """The array of every variable that stays between steps.

        `model` are parameters and states; the members lie at the beginning of the parameters.
        """
        parts = [values.by_variable() for values in (*model, slots)]
        arrays = {node: array for part in parts for node, array in part.items()}
        place = 0
        for joint in self.joints:
            size = _size(joint.node)
            arrays[joint.node] = model[0].flat[joint.start : joint.start + size]
            for vector in joint.vectors:
                arrays[vector] = slots.flat[place : place + size]
                place += size
        return arrays


def step_of(spec: Spec, rule: Rule, members: list[Var]) -> Step:
    """The step that a rule makes.

    Raises GradientError when there is nothing to train, NameClashError when a name of the optimizer
    is taken.
    """
    trained, own = rule.trained(spec), rule.own_updates(spec)
    joints = _joints(spec, rule, members, trained)
    views = {p: view for joint in joints for p, view in joint.views().items()}
    measured = spec.measuring.outputs
    roots = substitute([*measured.values(), *own.values()], views)
    outputs, news = roots[: len(measured)], roots[len(measured) :]
    changes = _changes(rule, outputs[0], joints, views, [p for p in trained if p not in views])
    taken = [node for node in changes if node in spec.states.values()]
    if taken:
        raise NameClashError(
            f"fit: state {taken[0]} belongs to the model and to the optimizer. Rename yours."
        )
    updates = {**dict(zip(own, news, strict=True)), **changes}
    slots = [slot for joint in joints for slot in joint.slots]
    known = {*spec.states.values(), *(vector for joint in joints for vector in joint.vectors)}
    slots += [node for node in _states([*updates, *updates.values()]) if node not in known]
    check_names([*roots, *views, *slots])
    named = [node for node in slots if isinstance(node, Var)]
    return Step(outputs, updates, named, joints)


def _changes(
    rule: Rule,
    loss: Node,
    joints: Sequence[Joint],
    views: Mapping[Node, Node],
    others: Sequence[Var],
) -> dict[Node, Node]:
    """The new value of every vector, every other parameter, and their slots."""
    gradients = grad(loss, [*views.values(), *others])
    of_members = dict(zip(views, gradients, strict=False))
    by_variable: dict[Node, Node] = dict(zip(others, gradients[len(views) :], strict=True))
    for joint in joints:
        pieces = [reshape_node(of_members[p], (_size(p),)) for p in joint.members]
        by_variable[joint.node] = concat_node(pieces, 0)
    return rule.of_gradients(by_variable, {joint.node: joint.members[0] for joint in joints})


def _joints(spec: Spec, rule: Rule, members: Sequence[Var], trained: Sequence[Var]) -> list[Joint]:
    """The members that are trained, in runs of neighbours of one group, of two or more each."""
    runs: list[tuple[int, int, list[Var]]] = []  # the group, where the run begins, its members
    place, before = 0, -1
    for p in members:
        group = rule.optimizer.group_of(p) if p in trained else -1
        if group >= 0 and group == before:
            runs[-1][2].append(p)
        elif group >= 0:
            runs.append((group, place, [p]))
        place, before = place + _size(p), group
    found: list[Joint] = []
    taken = {*spec.inputs, *spec.parameters, *spec.states, *spec.switches}
    for group, start, run in runs:
        optimizer = rule.optimizer.of_group(group)
        if len(run) > 1 and optimizer is not None:
            name = "parameters"
            while name in taken:
                name += "_"
            taken.add(name)
            node = parameter(name, sum(map(_size, run)))
            found.append(Joint(node, run, start, optimizer.kept()))
    return found


def _states(nodes: Sequence[Node]) -> list[Node]:
    return [node for node in variables(nodes) if isinstance(node, Var) and node.role == "state"]
