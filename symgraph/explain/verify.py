"""Formulas held against the gradients that they were read from, at random values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from symgraph.errors import SymgraphError
from symgraph.evaluate import evaluate_above
from symgraph.explain.derivation import Equation
from symgraph.node import Node
from symgraph.notation.numeric import value
from symgraph.notation.read import Forward
from symgraph.notation.tree import Call, Formula, Name, Number, Ones, Product
from symgraph.sample import draw

__all__ = ["verified"]

Array = NDArray[Any]

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
    assumed: Sequence[Equation],
) -> list[bool] | None:
    """For each formula whether it has the value of its node; None where nothing can be said.

    `definitions` are the names in the formulas, each in terms of those before it.
    """
    if len(forward.order) > MOST_NODES:
        return None
    nodes = [node for _, node in pairs]
    try:
        sample = draw([root, *nodes], seed=7)
        values = _fulfilling(sample.values, assumed)
        if values is None:
            return None
        found = evaluate_above([root, *nodes], values, sample.dims)
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


def _fulfilling(values: dict[Node, Array], assumed: Sequence[Equation]) -> dict[Node, Array] | None:
    """Values at which the assumed equations hold: Σt = c and T 1 = c 1 are brought about."""
    changed = dict(values)
    for one in assumed:
        name, axis = _summed(one.left)
        target = next((n for n in changed if name is not None and n.params[0] == name), None)
        number = _constant(one.right)
        if target is None or number is None:
            return None
        positive = np.abs(changed[target]) + 0.1
        changed[target] = number * positive / np.sum(positive, axis=axis, keepdims=True)
    return changed


def _summed(formula: Formula) -> tuple[str | None, int | None]:
    """The variable whose entries are summed up, and along which axis."""
    if isinstance(formula, Call) and formula.head == "sum" and isinstance(formula.args[0], Name):
        return formula.args[0].name, None
    if isinstance(formula, Product) and len(formula.factors) == 2 and formula.coefficient == 1:
        first, second = formula.factors
        if isinstance(first, Name) and isinstance(second, Ones):
            return first.name, 1
        if isinstance(first, Ones) and isinstance(second, Name):
            return second.name, 0
    return None, None


def _constant(formula: Formula) -> float | None:
    if isinstance(formula, Number):
        return float(formula.value)
    if isinstance(formula, Ones):
        return 1.0
    if isinstance(formula, Product) and all(isinstance(f, Ones) for f in formula.factors):
        return float(formula.coefficient)
    return None
