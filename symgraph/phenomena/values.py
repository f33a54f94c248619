"""Values by name, of which an expression may need only some."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from numpy.typing import NDArray

from symgraph.evaluate import evaluate
from symgraph.node import Node
from symgraph.ops import Var
from symgraph.ops.leaves import var
from symgraph.ops.sweep import batched_roots
from symgraph.walks import variables

__all__ = ["evaluated", "evaluated_over", "name_of"]


def name_of(key: Any) -> str:
    """The name under which a value is given."""
    return str(key.params[0]) if isinstance(key, Var) else str(key)


def evaluated(nodes: Sequence[Node], values: Mapping[Any, Any]) -> list[NDArray[Any]]:
    """The values of nodes; what is given for other variables is left aside."""
    used = {leaf.name for leaf in variables(nodes)}
    return evaluate(list(nodes), {k: v for k, v in values.items() if name_of(k) in used})


def evaluated_over(
    nodes: Sequence[Node], columns: Mapping[Var, NDArray[Any]], values: Mapping[Any, Any]
) -> list[NDArray[Any]]:
    """The values of nodes at many values of some variables at once, each (count, *shape).

    `columns`: the values of these variables, (count, *shape) each.
    """
    count = len(next(iter(columns.values())))
    wide: dict[Node, Node] = {
        leaf: var(leaf.name, (count, *leaf.shape), leaf.role, leaf.kind) for leaf in columns
    }
    named = {leaf.name: column for leaf, column in columns.items()}
    others = {key: value for key, value in values.items() if name_of(key) not in named}
    return evaluated(batched_roots(nodes, wide, count), {**others, **named})
