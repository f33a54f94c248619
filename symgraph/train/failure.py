"""Which value stopped being finite first: the graph evaluated node by node on one batch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import sympy
from numpy.typing import NDArray

from symgraph.errors import NonFiniteError
from symgraph.node import Node
from symgraph.ops.evaluate import evaluate_nodes
from symgraph.ops.leaves import Const, Fill, Var
from symgraph.ops.let import Let
from symgraph.walks import topological

__all__ = ["failure"]


def failure(
    where: str,
    loss: float,
    root: Node,
    updates: Mapping[Node, Node],
    values: Mapping[Node, Any],
    dims: Mapping[sympy.Symbol, int],
    samples: Mapping[sympy.Symbol, NDArray[Any]],
) -> NonFiniteError:
    """The error for a step whose loss or whose update is not finite, with the first such node.

    `values` are those of all variables before the step, where the training stands again; `samples`
    tells which samples of the data the batch held, by the size that counts them.
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
        f"{where}: {what}. {_first(roots, found, samples)} The parameters are those before this "
        "step. Lower the learning rate, clip the gradients with clip_norm=, or keep that operation "
        "inside its range."
    )


def _first(
    roots: list[Node], found: Mapping[Node, Any], samples: Mapping[sympy.Symbol, NDArray[Any]]
) -> str:
    # An infinite constant is a mask that the user chose.
    nodes = [node for node in topological(roots) if not isinstance(node, Const | Fill)]
    bad = [node for node in nodes if not _finite(found.get(node, 0.0))]
    if not bad:
        return "In float64 all values are finite: the numbers are too large for float32."
    text = f"The first value that is not finite is {_shown(bad[0], found[bad[0]])}"
    nan = next((node for node in bad if np.isnan(found[node]).any()), None)
    if nan is not None and nan is not bad[0]:
        text += f"; the first nan is {_shown(nan, found[nan])}"
    return f"{text}.{_sample(bad[0], found[bad[0]], samples)}"


def _finite(value: Any) -> bool:
    if not isinstance(value, (float, np.ndarray, np.generic)):
        return True  # a loop, whose results are nodes of their own
    return bool(np.isfinite(value).all())


def _shown(node: Node, value: Any) -> str:
    first = _place(value)
    at = f" at {first}" if first else ""
    return f"{_named(node)} = {np.asarray(value)[first]}{at}"


def _sample(node: Node, value: Any, samples: Mapping[sympy.Symbol, NDArray[Any]]) -> str:
    """Which sample of the data the first entry belongs to, where its axes tell."""
    for size, i in zip(node.shape, _place(value), strict=True):
        if size in samples:
            return f" This is sample {samples[size][i]} of the data, counted from 0."
    return ""


def _place(value: Any) -> tuple[int, ...]:
    return tuple(int(i) for i in np.argwhere(~np.isfinite(value))[0])


def _named(node: Node) -> str:
    if isinstance(node, Var):
        return repr(node.name)
    if isinstance(node, Let) and node.let_name:
        return repr(node.let_name)
    text = str(node)
    return text if len(text) <= 80 else f"{text[:77]}..."
