"""Which value stopped being finite first: the graph evaluated node by node on one batch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import sympy

from symgraph.errors import NonFiniteError
from symgraph.node import Node, topological
from symgraph.ops.evaluate import evaluate_nodes
from symgraph.ops.leaves import Const, Fill, Var
from symgraph.ops.let import Let

__all__ = ["failure"]


def failure(
    where: str,
    loss: float,
    root: Node,
    updates: Mapping[Node, Node],
    values: Mapping[Node, Any],
    dims: Mapping[sympy.Symbol, int],
) -> NonFiniteError:
    """The error for a step whose loss or whose update is not finite, with the first such node.

    `values` are those of all variables before the step, where the training stands again.
    """
    roots = [root, *updates.values()]
    with np.errstate(all="ignore"):
        found = evaluate_nodes(roots, values, dims)
    if np.isfinite(loss):
        broken = [old for old, new in updates.items() if not _finite(found[new])]
        name = broken[0] if broken else "a parameter"
        what = f"the loss is {loss:.6g}, and the new value of {name} is not finite"
    else:
        what = f"the loss became {loss}"
    return NonFiniteError(
        f"{where}: {what}. {_first(roots, found)} The parameters are those before this step. "
        "Lower the learning rate, clip the gradients with clip_norm=, or keep that operation "
        "inside its range."
    )


def _first(roots: list[Node], found: Mapping[Node, Any]) -> str:
    # An infinite constant is a mask that the user chose.
    nodes = [node for node in topological(roots) if not isinstance(node, Const | Fill)]
    bad = [node for node in nodes if not _finite(found.get(node, 0.0))]
    if not bad:
        return "In float64 all values are finite: the numbers are too large for float32."
    text = f"The first value that is not finite is {_shown(bad[0], found[bad[0]])}"
    nan = next((node for node in bad if np.isnan(found[node]).any()), None)
    if nan is None or nan is bad[0]:
        return f"{text}."
    return f"{text}; the first nan is {_shown(nan, found[nan])}."


def _finite(value: Any) -> bool:
    if not isinstance(value, (float, np.ndarray, np.generic)):
        return True  # a loop, whose results are nodes of their own
    return bool(np.isfinite(value).all())


def _shown(node: Node, value: Any) -> str:
    array = np.asarray(value)
    first = tuple(int(i) for i in np.argwhere(~np.isfinite(array))[0])
    at = f" at {first}" if first else ""
    return f"{_named(node)} = {array[first]}{at}"


def _named(node: Node) -> str:
    if isinstance(node, Var):
        return repr(node.name)
    if isinstance(node, Let) and node.let_name:
        return repr(node.let_name)
    text = str(node)
    return text if len(text) <= 80 else f"{text[:77]}..."
