"""Formulas held against the gradients that they were read from, at random values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from symgraph.abstract import smooth_instances
from symgraph.errors import SymgraphError
from symgraph.evaluate import evaluate_above
from symgraph.facts import Fact
from symgraph.node import Node
from symgraph.notation.numeric import value
from symgraph.notation.read import Forward
from symgraph.notation.tree import Formula, Name
from symgraph.sample import draw

__all__ = ["verified"]

#: Larger expressions are not evaluated.
MOST_NODES = 5000
TOLERANCE = 1e-7


def verified(
    root: Node,
    root_name: Name,
    forward: Forward,
    auxiliary: Sequence[tuple[Name, Node]],
    definitions: Sequence[tuple[Name, Formula]],
    pairs: Sequence[tuple[Formula, Node]],
    facts: Sequence[Fact] = (),
) -> list[bool] | None:
    """For each formula whether it has the value of its node; None where nothing can be said.

    `definitions` are the names in the formulas, each in terms of those before it.
    """
    if len(forward.order) > MOST_NODES:
        return None
    with smooth_instances():
        return _verified(root, root_name, forward, auxiliary, definitions, pairs, facts)


def _verified(
    root: Node,
    root_name: Name,
    forward: Forward,
    auxiliary: Sequence[tuple[Name, Node]],
    definitions: Sequence[tuple[Name, Formula]],
    pairs: Sequence[tuple[Formula, Node]],
    facts: Sequence[Fact],
) -> list[bool] | None:
    nodes = [node for _, node in pairs]
    try:
        sample = draw([root, *nodes], seed=7, facts=facts)
        found = evaluate_above([root, *nodes], sample.values, sample.dims)
        names: dict[str, Any] = {
            name: found[node] for node, name in forward.names.items() if node in found
        }
        names |= {name.name: found[node] for name, node in auxiliary if node in found}
        names[root_name.name] = found[root]
    except (SymgraphError, ArithmeticError, np.linalg.LinAlgError):
        return None
    for name, formula in definitions:
        try:
            names[name.name] = value(formula, names, sample.dims)
        except (SymgraphError, ValueError):
            continue  # formulas with this name then have no value either
    return [_agree(formula, found[node], names, sample.dims) for formula, node in pairs]


def _agree(formula: Formula, computed: Any, names: Mapping[str, Any], dims: Any) -> bool:
    """Whether a formula has a value, and this one; a product of the wrong shapes has none."""
    try:
        written = value(formula, names, dims)
    except (SymgraphError, ValueError):
        return False
    exact = np.asarray(computed, dtype=float)
    if exact.ndim == 1 and written.ndim == 2:
        exact = exact[:, None] if formula.sort == "column" else exact[None, :]
    try:
        shown = np.broadcast_to(written, exact.shape)
    except ValueError:
        return False
    return bool(np.all(np.abs(shown - exact) <= TOLERANCE * (1 + np.max(np.abs(exact), initial=0))))
