"""The Jacobians of one step of a recurrence, and of a chain of layers, as numbers.

The Jacobian of a loop's step is one small graph over the body, evaluated at every step of one run:
no product over time is ever built as a graph.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import sympy
from numpy.typing import NDArray

from symgraph.errors import RangeError, UnknownNameError
from symgraph.evaluate import bind_values, evaluate_above
from symgraph.grad import jacobian
from symgraph.node import Node
from symgraph.ops import Let, Scan, Var
from symgraph.ops.body import Renaming, local
from symgraph.ops.leaves import fill
from symgraph.ops.let import bare
from symgraph.ops.sweep import reverse
from symgraph.shapes import bind_shape
from symgraph.walks import reachable, topological

__all__ = ["Steps", "inside_of", "layers_of", "steps_of", "whole_of"]

Array = NDArray[Any]

#: The most numbers that the Jacobians of all steps may have together.
MOST_NUMBERS = 10**8
#: The most entries of a result of which every one is derived.
MOST_ROWS = 2000


class Steps(NamedTuple):
    """A recurrence s_t = F(s_{t-1}) in which v_t is observed and u_t is what acts.

    Stacked by step: `inner` ∂s_t/∂s_{t-1}, `out` ∂v_t/∂s_{t-1}, `into` ∂s_t/∂u_t, `at_once`
    ∂v_t/∂u_t. `start` is ∂s_0/∂u_0 where u is a state, so that it has a value before the steps.
    """

    inner: Array
    out: Array
    into: Array
    at_once: Array
    start: Array | None


def steps_of(
    scan: Scan,
    roots: Sequence[Node],
    values: Mapping[Any, Any],
    observed: Sequence[str],
    acting: Sequence[str],
    direct: bool,
) -> Steps:
    """The Jacobians of every step of one run.

    `observed` and `acting` name states, values that the step names, and for `acting` sequences. A
    state acts as it enters the next step, the others held fixed there; with `direct` everywhere.
    Raises UnknownNameError for a name that the step does not have, RangeError for Jacobians too
    large to be computed.
    """
    body = scan.body
    real = {str(s.params[0]): s for s in body.states if s.kind == "real"}
    states = [s for name, s in real.items() if not direct or name in observed]
    nexts = [bare(body.next_of(s)) for s in states]
    inside = inside_of(scan)
    seen = [_named(name, inside, "observed") for name in observed]
    sequences = _sequences(scan)
    acts = [_named(name, {**inside, **sequences, **real}, "acting") for name in acting]
    known, dims = bind_values(roots, values)
    run = evaluate_above([scan], known, dims)[scan]
    table = _Blocks(run, dims, dict(zip(states, nexts, strict=True)))
    table.check(states, scan)
    inner = table.joint(nexts, states, entering=False)
    places = [real[name] for name in acting if name in real]
    start = None
    if len(places) == len(acting) and set(places) <= set(states):
        start = np.concatenate([table.selector(states, place) for place in places], axis=1)
    out = table.joint(seen, states, entering=False)
    into, at_once = table.joint(nexts, acts), table.joint(seen, acts)
    if scan.backwards:
        inner, out, into, at_once = inner[::-1], out[::-1], into[::-1], at_once[::-1]
    return Steps(inner, out, into, at_once, start)


def inside_of(scan: Scan) -> dict[str, Node]:
    """The values of a step by name: states after the step, and what the user named in it."""
    body = scan.body
    found: dict[str, Node] = {}
    for node in topological(body.nexts):
        if isinstance(node, Let) and node.let_name and not node.stops:
            found[node.let_name] = bare(node)
    for state, following in zip(body.states, body.nexts, strict=True):
        found[str(state.params[0])] = bare(following)
    return found


def _sequences(scan: Scan) -> dict[str, Node]:
    """The entries of sequences, by their names in the step and by those of the sequences."""
    operand_of = scan.operand_of()
    found: dict[str, Node] = {}
    for place in scan.body.sequences:
        operand = operand_of[place]
        if isinstance(operand, Var):
            found[operand.name] = place
        elif isinstance(operand, Let) and operand.let_name:
            found[operand.let_name] = place
    return {**found, **{str(place.params[0]): place for place in scan.body.sequences}}


def _named(name: str, known: Mapping[str, Node], role: str) -> Node:
    if name not in known:
        raise UnknownNameError(
            f"influence: the step has no value called {name!r} to be {role}; its names are "
            f"{', '.join(known)}. Name a value in the step with sg.let."
        )
    return known[name]


class _Blocks:
    """Jacobians between nodes of the body, at every step of a run."""

    def __init__(
        self, run: Any, dims: Mapping[sympy.Symbol, int], next_of: Mapping[Node, Node]
    ) -> None:
        self._run, self._dims, self._next_of = run, dims, next_of

    def check(self, states: Sequence[Node], scan: Scan) -> None:
        size = sum(self._size(state) for state in states)
        steps = len(self._run.trace(states[0])) if states else 0
        if size * size * steps > MOST_NUMBERS:
            raise RangeError(
                f"influence: {steps} Jacobians of {size} x {size} numbers are too many to compute. "
                "Give values for fewer samples, or for fewer steps."
            )

    def _size(self, node: Node) -> int:
        return int(np.prod(bind_shape(node.shape, self._dims), initial=1))

    def joint(self, of: Sequence[Node], by: Sequence[Node], entering: bool = True) -> Array:
        """One matrix a step: the rows of all `of`, the columns of all `by`.

        With `entering` a state in `by` is the one that the step hands on to the next, otherwise the
        one that it started from.
        """

        def block(v: Node, u: Node) -> Array:
            if entering and u in self._next_of:
                return self._handed_on(v, u)
            return self._block(v, u)

        rows = [np.concatenate([block(v, u) for u in by], axis=2) for v in of]
        return np.concatenate(rows, axis=1)

    def _handed_on(self, of: Node, state: Node) -> Array:
        shape = (len(self._run.trace(state)), self._size(of), self._size(state))
        return np.broadcast_to(np.eye(shape[2]) if of is self._next_of[state] else 0.0, shape)

    def _block(self, of: Node, by: Node) -> Array:
        rows, columns = self._size(of), self._size(by)
        if of is by:
            steps = len(self._run.trace(by))
            return np.broadcast_to(np.eye(rows), (steps, rows, rows))
        if by not in reachable([of]):
            return np.zeros((len(self._run.trace(by)), rows, columns))
        return np.asarray(self._run.trace(jacobian(of, by))).reshape(-1, rows, columns)

    def selector(self, states: Sequence[Node], chosen: Node) -> Array:
        """The derivative of the joint state by one of the states."""
        ends = np.cumsum([0, *(self._size(state) for state in states)])
        k = list(states).index(chosen)
        return np.asarray(np.eye(int(ends[-1]))[:, ends[k] : ends[k + 1]])


class Layers(NamedTuple):
    """For values v_0, v_1, ..., v_L: each ∂v_k/∂v_{k-1}, and each ∂v_L/∂v_k with all its ways."""

    local: list[Array]
    whole: list[Array]


def layers_of(nodes: Sequence[Node], roots: Sequence[Node], values: Mapping[Any, Any]) -> Layers:
    """The Jacobians between neighbours of a chain, and those of the last value by every one.

    `roots`: the expressions whose variables may have values.
    """
    chain = [bare(node) for node in nodes]
    known, dims = bind_values([*roots, *nodes], values)
    found = evaluate_above(chain, known, dims)
    sizes = [int(np.prod(bind_shape(node.shape, dims), initial=1)) for node in chain]
    if max(sizes) ** 2 * len(sizes) > MOST_NUMBERS:
        raise RangeError(
            f"influence: Jacobians of up to {max(sizes)} x {max(sizes)} numbers for {len(sizes)} "
            "values are too many to compute. Give values for fewer samples."
        )
    steps: list[Array] = []
    for k, (before, after) in enumerate(itertools.pairwise(chain), 1):
        place = local(before, "before")
        step = Renaming({before: place})(after)
        if place not in reachable([step]):
            raise UnknownNameError(
                f"influence: value {k} of the chain does not depend on value {k - 1}. "
                "Give the values in the order of computation."
            )
        slope = jacobian(step, place)
        number = evaluate_above([slope], {**found, place: found[before]}, dims)[slope]
        steps.append(np.asarray(number).reshape(sizes[k], sizes[k - 1]))
    return Layers(steps, _whole(chain, sizes, found, dims))


def whole_of(
    nodes: Sequence[Node], roots: Sequence[Node], values: Mapping[Any, Any]
) -> list[tuple[Array, tuple[int, ...]]]:
    """The derivative of the last value by each of several, and the shape of each.

    Raises RangeError for derivatives that are too large to be computed.
    """
    chain = [bare(node) for node in nodes]
    known, dims = bind_values([*roots, *nodes], values)
    shapes = [bind_shape(node.shape, dims) for node in chain]
    sizes = [int(np.prod(shape, initial=1)) for shape in shapes]
    if sizes[-1] > MOST_ROWS or sizes[-1] * sum(sizes) > MOST_NUMBERS:
        raise RangeError(
            f"influence: {sizes[-1]} derivatives of {sum(sizes)} numbers are too many to compute. "
            "Name a smaller result, such as a loss, or give values for fewer samples."
        )
    found = evaluate_above(chain, known, dims)
    return list(zip(_whole(chain, sizes, found, dims), shapes, strict=True))


def _whole(
    chain: Sequence[Node],
    sizes: Sequence[int],
    found: Mapping[Node, Any],
    dims: Mapping[sympy.Symbol, int],
) -> list[Array]:
    """The last value by each value of the chain: one reverse sweep, evaluated once a row."""
    last = chain[-1]
    ct = local(last, "ct")
    swept = reverse({last: ct}, set(chain)).cotangent
    cotangents = [swept.get(node, fill(0, node.shape, "real")) for node in chain]
    whole = [np.empty((sizes[-1], size)) for size in sizes]
    for row in range(sizes[-1]):
        unit = np.zeros(sizes[-1])
        unit[row] = 1.0
        known = {**found, ct: unit.reshape(bind_shape(last.shape, dims))}
        values = evaluate_above(cotangents, known, dims)
        for matrix, node in zip(whole, cotangents, strict=True):
            matrix[row] = np.reshape(values[node], -1)
    return whole
